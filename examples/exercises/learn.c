/* learn.c - the exercises: watches the file you work on, compiles it at each save, and says what is
   wrong or goes on to the next.

       make learn                     go on where you were
       make learn EX=09_conv          this one        make learn LIST=1    all, with what is done
       make learn HINT=1              the next hint   make learn RESET=1 EX=09  as it was given
       make learn LANG=zh             中文            make learn ONCE=1    judge once, don't watch
       make learn NUMBER=2026001      your number, once, in a course that gives each student values

   Without make: cc -O1 examples/exercises/learn.c -o learn, and ./learn with the same words;
   Windows: learn.bat. Your files are in my/, and so is what you have done (my/progress); a file
   that is reset is kept in my/backup/. The exercises are in examples/exercises/, as given. */
#include "build.h"

static os_names all;
static uint64_t seed = 1;                /* of the random numbers that are tried */
static char course[80], number[80];      /* what the values of variants depend on; "" without */
enum { NONE = -1 };

/* ---- what has been done: lines "passed NAME" and "hint NAME NUMBER" ---- */

static bool remembers(const char *line) {
    char *text = text_read("my/progress", NULL);
    bool found = false;
    for (char *c = text; c && *c && !found; c += strcspn(c, "\n"), c += *c == '\n')
        found = strncmp(c, line, strlen(line)) == 0 && strchr("\r\n", c[strlen(line)]);
    free(text);
    return found;
}
static void remember(const char *line) {
    if (remembers(line)) return;
    FILE *f = fopen("my/progress", "ab");
    if (f) { fprintf(f, "%s\n", line); fclose(f); }
}
static bool is_passed(int e) { return remembers(format("passed %s", all.name[e])); }

static const char *mine(int e) { return format("my/%s.c", all.name[e]); }

/* Give the learner a copy, if there is none. */
static void hand_out(int e) {
    variant = variant_of(all.name[e], course, number);
    if (os_time(mine(e)) > 0) return;
    char *text = given(all.name[e]);
    if (text == NULL || !text_write(mine(e), text, strlen(text))) {
        fprintf(stderr, "%s: cannot be written\n", mine(e));
        exit(1);
    }
    free(text);
}

/* The first line of a file. */
static void line_of(char *line, size_t size, const char *path) {
    char *text = text_read(path, NULL);
    snprintf(line, size, "%.*s", text ? (int)strcspn(text, " \r\n") : 0, text ? text : "");
    free(text);
}

/* ---- commands ---- */

static const char *translated(const char *word) {
    static const char *const words[][2] = {
        {"fill in", "填空"}, {"derive", "推导"}, {"debug", "找错"}, {"measure", "测量"},
        {"open", "开放"}, {"required", "必做"}, {"harder", "较难"}, {"", ""}};
    for (int i = 0; chinese && words[i][0][0]; i++)
        if (strcmp(words[i][0], word) == 0) return words[i][1];
    return word;
}

/* By chapter; in it the required ones from easy to hard, those of the fast track first, then the
   harder, then the open. */
static void sort(void) {
    int *rank = calloc((size_t)all.count, sizeof *rank);
    if (rank == NULL) exit(3);
    for (int e = 0; e < all.count; e++) {
        head h;
        char name[sizeof all.name[0]];
        memcpy(name, all.name[e], sizeof name);
        const bool known = head_read(&h, name);
        const int place = strcmp(h.place, "required") == 0 ? 0 : strcmp(h.place, "harder") ? 2 : 1;
        const int r = atoi(name) * 10000 + place * 1000 +
                      (known ? h.level * 200 + (h.fast ? 0 : 100) + h.minutes : 0);
        int at = e;
        for (; at > 0 && rank[at - 1] > r; at--) {
            rank[at] = rank[at - 1];
            memcpy(all.name[at], all.name[at - 1], sizeof name);
        }
        rank[at] = r;
        memcpy(all.name[at], name, sizeof name);
    }
    free(rank);
}

/* One line an exercise. */
static void list(void) {
    int passed = 0, minutes = 0;
    for (int e = 0; e < all.count; e++) {
        head h;
        if (!head_read(&h, all.name[e])) continue;
        const bool p = is_passed(e);
        passed += p;
        minutes += p ? 0 : h.minutes;
        if (e == 0 || strncmp(all.name[e], all.name[e - 1], 2) != 0) printf("\n");
        printf(T("  [%c] %-28s %s, %d %s, %s%s\n",
                 "  [%c] %-28s %s，%d %s，%s%s\n"), p ? 'x' : ' ', all.name[e], translated(h.kind),
               h.minutes, T("minutes", "分钟"), translated(h.place),
               h.fast ? T(", fast track", "，快车道") : "");
    }
    printf(T("\n  %d of %d passed; the rest takes about %d minutes.\n",
             "\n  通过 %d 个，共 %d 个；剩下的大约要 %d 分钟。\n"), passed, all.count, minutes);
}

/* A sheet a chapter, to be printed: DIR/NN.md, the exercises as they are given. */
static bool sheets(const char *dir) {
    FILE *f = NULL;
    os_mkdir(dir);
    for (int e = 0; e < all.count; e++) {
        if (e == 0 || strncmp(all.name[e], all.name[e - 1], 2) != 0) {
            if (f) fclose(f);
            f = fopen(format("%s/%.2s.md", dir, all.name[e]), "wb");
            if (f == NULL) return false;
            fprintf(f, "# Chapter %.2s: exercises   第 %.2s 章：练习\n", all.name[e], all.name[e]);
        }
        variants v;
        char *text = text_read(format(SHIPPED "/%s.c", all.name[e]), NULL);
        fprintf(f, "\n## %s\n\n```c\n%s```\n", all.name[e], text ? text : "");
        if (variants_read(&v, all.name[e]))
            fprintf(f, "\nWith a student's number the values are others: `make learn` writes "
                       "yours into your file.   有学号时数值不同：`make learn` 会把你的数值写进你的文件。\n");
        free(text);
    }
    return f && fclose(f) == 0;
}

static void hint(int e) {
    int n = 1;
    while (n < 3 && remembers(format("hint %s %d", all.name[e], n))) n++;
    variant = variant_of(all.name[e], course, number);
    char *text = variant_fill(text_of(all.name[e], format(T("en %d", "zh %d"), n)), all.name[e]);
    printf(T("\n  %s, hint %d of 3:\n", "\n  %s 的提示 %d（共 3 条）：\n"), all.name[e], n);
    printf("%s\n", text ? text : T("(there is none)", "（没有）"));
    free(text);
    remember(format("hint %s %d", all.name[e], n));
}

/* The file as it was given; the learner's is kept. */
static void reset(int e) {
    char stamp[32];
    const time_t now = time(NULL);
    os_mkdir("my/backup");
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime(&now));
    const char *kept = format("my/backup/%s-%s.c", all.name[e], stamp);
    for (int n = 2; os_time(kept) > 0; n++)
        kept = format("my/backup/%s-%s-%d.c", all.name[e], stamp, n);
    const bool had = os_time(mine(e)) > 0;
    if (had && !text_copy(kept, mine(e))) {
        fprintf(stderr, "%s: cannot be written, so nothing was reset\n", kept);
        exit(1);
    }
    remove(mine(e));
    hand_out(e);
    printf(T("  %s is as it was given", "  %s 已恢复原样"), mine(e));
    if (had) printf(T("; yours is kept as %s\n", "；你写的备份在 %s\n"), kept);
    else printf(T(" (you had none before)\n", "（之前还没有这个文件）\n"));
}

/* After a pass: the learner's code at work, why it is so, a solution of ours, a question. */
static void celebrate(int e, const char *dir) {
    char *text = variant_fill(text_of(all.name[e], T("en after", "zh after")), all.name[e]);
    char *solution = answer(all.name[e], 0, NULL, 0);
    char *question = text ? strstr(text, T("\nTo think about", "\n想一想")) : NULL;
    remember(format("passed %s", all.name[e]));            /* before what may be stopped */
    printf(T("\n  %s: passed.\n", "\n  %s：通过。\n"), all.name[e]);
    if (text_has(all.name[e], "train ", NULL, 0) && stale(library_file(true), "dl.h", NULL))
        printf(T("  dl.h is compiled for training, once: half a minute ...\n",
                 "  为训练编译 dl.h，只需一次：半分钟……\n"));
    fflush(stdout);
    if (!train(all.name[e], dir, 2000, NULL))
        printf(T("\n  (MNIST could not be trained here.)\n", "\n  （这里无法训练 MNIST。）\n"));
    if (question) *question++ = 0;
    if (text) printf("\n%s\n", text);
    if (solution) printf(T("\n  A solution of ours:\n\n%s", "\n  我们的一种写法：\n\n%s"), solution);
    else printf(T("\n  (A solution of ours is not in this package: ask your teacher for it.)\n",
                  "\n  （这个包里没有我们的写法：可以向老师要。）\n"));
    if (question) printf("\n%s\n", question);
    free(text);
    free(solution);
}

/* Judge the learner's file; what is wrong is printed. */
static bool once(int e) {
    char dir[OS_PATH], file[OS_PATH];
    const check_options o = {seed, false, false};
    os_temp(dir, sizeof dir);
    snprintf(file, sizeof file, "%s", mine(e));
    const bool passed = check(file, all.name[e], dir, &o);
    char *report = text_read(format("%s/report", dir), NULL);
    if (report) fputs(report, stdout);
    free(report);
    if (passed) celebrate(e, dir);
    os_remove(dir);
    fflush(stdout);
    return passed;
}

/* The next that is not passed, from e on, then from the start; NONE when all are. */
static int next(int e) {
    for (int n = 0; n < all.count; n++)
        if (!is_passed((e + n) % all.count)) return (e + n) % all.count;
    return NONE;
}

/* Wait for a save (true) or for a word typed: h, n, q. */
static bool wait_for_save(int *e, double *seen) {
    char word[80];
    const double shipped = os_time(format(SHIPPED "/%s.c", all.name[*e]));
    for (;;) {
        if (os_time(mine(*e)) != *seen) { os_sleep(30); return true; }
        if (os_time(format(SHIPPED "/%s.c", all.name[*e])) != shipped) {
            printf(T("  You saved the exercise as given; your copy is %s\n",
                     "  你改的是原文件；要改的是你自己的 %s\n"), mine(*e));
            return true;
        }
        if (!os_line(word, sizeof word, 150)) {
            if (feof(stdin)) exit(0);                       /* or every later look is in vain */
            continue;
        }
        if (word[0] == 'q') exit(0);
        if (word[0] == 'h') hint(*e);
        if (word[0] == 'l') list();
        if (word[0] == 'n' && all.count > 1) {
            *e = (*e + 1) % all.count;
            hand_out(*e);
            return true;
        }
    }
}

static void watch(int e) {
    library_begin();
    while (e != NONE) {
        hand_out(e);
        printf(T("\n  --- %s: write in %s, and save.   h Enter: hint, n: next, l: list, q: quit\n",
                 "\n  --- %s：在 %s 里写，然后保存。  h 回车：提示，n：下一个，l：一览，q：退出\n"),
               all.name[e], mine(e));
        double seen = os_time(mine(e));
        if (once(e)) { e = next(e); continue; }
        const int before = e;
        wait_for_save(&e, &seen);
        if (e == before && os_terminal()) printf("\n\n");
    }
    printf(T("\n  All exercises are passed.\n", "\n  全部练习都通过了。\n"));
}

/* EX=09_conv names the first exercise that begins so (or, without a number, contains it). */
static int find(const char *name) {
    for (int e = 0; e < all.count; e++) if (strncmp(all.name[e], name, strlen(name)) == 0) return e;
    for (int e = 0; e < all.count; e++) if (strstr(all.name[e], name)) return e;
    return NONE;
}

int main(int argc, char **argv) {
    const char *ex = "", *lang = "", *sheet = "", *set_number = "";
    bool hints = false, resets = false, lists = false, one = !os_terminal();
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        const size_t n = value ? (size_t)(value - argv[i]) : strlen(argv[i]);
        const bool on = value == NULL || strcmp(value, "=0") != 0;
        if (n == 2 && strncmp(argv[i], "EX", n) == 0 && value) ex = value + 1;
        else if (n == 4 && strncmp(argv[i], "LANG", n) == 0 && value) lang = value + 1;
        else if (n == 6 && strncmp(argv[i], "SHEETS", n) == 0 && value) sheet = value + 1;
        else if (n == 6 && strncmp(argv[i], "NUMBER", n) == 0 && value) set_number = value + 1;
        else if (n == 4 && strncmp(argv[i], "SEED", n) == 0 && value)
            seed = strtoull(value + 1, NULL, 10);
        else if (n == 4 && strncmp(argv[i], "HINT", n) == 0) hints = on;
        else if (n == 4 && strncmp(argv[i], "LIST", n) == 0) lists = on;
        else if (n == 4 && strncmp(argv[i], "ONCE", n) == 0) one = on;
        else if (n == 5 && strncmp(argv[i], "RESET", n) == 0) resets = on;
        else {
            fprintf(stderr, "learn: what is %s? EX=NAME LIST=1 HINT=1 RESET=1 ONCE=1 LANG=zh\n",
                    argv[i]);
            return 2;
        }
    }
    os_console();
    chinese = *lang ? strncmp(lang, "zh", 2) == 0 : os_chinese();
    if (os_time("dl.h") == 0) {
        fprintf(stderr, T("learn: run it in the directory that holds dl.h\n",
                          "learn：请在 dl.h 所在的目录里运行\n"));
        return 2;
    }
    all = exercises();
    if (all.count == 0) return 2;
    sort();
    if (*sheet) return !sheets(sheet);
    os_mkdir("my");
    if (*set_number) text_write("my/number", set_number, strlen(set_number));
    line_of(course, sizeof course, SHIPPED "/course");
    line_of(number, sizeof number, "my/number");
    int e = *ex ? find(ex) : next(0);
    if (*ex && e == NONE) {
        fprintf(stderr, T("learn: there is no exercise %s (LIST=1 lists them)\n",
                          "learn：没有练习 %s（LIST=1 列出全部）\n"), ex);
        return 2;
    }
    if (lists) { list(); return 0; }
    if (*course && !*number) {
        fprintf(stderr, T("learn: in this course some values depend on your student number. Once:\n"
                          "       make learn NUMBER=2026001 (yours)\n",
                          "learn：这门课里有些数值因学号而异。请先写一次（换成你的学号）：\n"
                          "       make learn NUMBER=2026001\n"));
        return 2;
    }
    if (resets && !*ex) {
        fprintf(stderr, T("learn: which one is to be reset? RESET=1 EX=NAME\n",
                          "learn：要恢复哪一题？请写 RESET=1 EX=题名\n"));
        return 2;
    }
    if (e == NONE) {
        printf(T("  All exercises are passed.\n", "  全部练习都通过了。\n"));
        return 0;
    }
    if (hints) { hint(e); return 0; }
    if (resets) { reset(e); return 0; }
    if (!tools_find()) {
        fprintf(stderr, T("learn: no C compiler was found (gcc, clang or tcc); docs/en/C_setup.md "
                          "tells how to get one\n",
                              "learn：没有找到 C 编译器（gcc、clang 或 tcc）；"
                          "怎样安装见 docs/zh/C_setup.md\n"));
        return 2;
    }
    if (stale(library_file(false), "dl.h", NULL))
        printf(T("  dl.h is compiled, once: a few seconds ...\n",
                 "  编译 dl.h，只需一次：几秒钟……\n"));
    fflush(stdout);
    if (!one) { watch(e); return 0; }
    hand_out(e);
    return once(e) ? 0 : 1;
}
