/* grade.c - a class graded by one command.

       make grade DIR=submissions CSV=grades.csv

   DIR holds a folder or a .zip for each student, "number_name", with files NN_name.c in it, at any
   depth up to three. Further words: EX=01_dense_forward,02_softmax (the set; else whatever anybody
   handed in), SEED=7 (hidden until then; else drawn at random and noted), COURSE=word (that of the
   handout: values by student number), DEADLINE=2026-12-01 (files changed later are marked, and
   nothing is taken off), OUT=build/grade, LANG=zh.

   In OUT: seed, reports/NUMBER_NAME.md for each student, similar.md, and results/, by which a run
   that was stopped goes on where it was. A result is used again while the file, the seed, and how
   the exercise is judged are the same.

   Points of a check: those of a line "Points: hand 3, shapes 3" in the head of the exercise as it
   was given, or those below. An exercise is worth 100, in proportion; what is right for another
   student's values is worth 0.

   What protects you from what you run, as far as the system has it: limits of time, memory and file
   size; a directory of its own; another user, if you are root; no network, no second process, and
   no other files of yours to be read or written (Linux with namespaces and landlock). What does
   not: faults of the system's kernel or of the compiler. On other systems a student's program can
   read and write what you can. So grade on a machine that holds nothing else.                       */
#include "build.h"

enum { MOST_STUDENTS = 1000, MOST_SET = 100 };
static const char *out = "build/grade", *deadline = "", *course = "";
static uint64_t seed;

/* ---- points ---- */

static int points_of(const char *exercise, const char *what) {
    static const struct { const char *what; int points; } usual[] = {
        {"hand", 3}, {"shapes", 3}, {"gradient", 2}, {"adds", 1}, {"null", 1}, {"nan", 1},
        {"rows", 1}, {"time", 1}, {"float", 1}};
    char *head_text = text_read(format(SHIPPED "/%s.c", exercise), NULL);
    char *line = head_text ? strstr(head_text, "Points:") : NULL, *at = NULL;
    int points = 0;
    if (line) line[strcspn(line, "\n")] = 0;
    if (line) at = strstr(line, what);
    if (at) points = atoi(at + strlen(what));
    for (size_t i = 0; !line && i < sizeof usual / sizeof *usual; i++)
        if (strcmp(usual[i].what, what) == 0) points = usual[i].points;
    free(head_text);
    return points;
}

/* ---- a submission ---- */

/* Who hands in all of the handout also hands in the exercises as given, and the graders. */
static bool is_ours(const char *path, const char *name) {
    static const char *const dir[] = {SHIPPED, GRADERS, ANSWERS};
    bool ours = false;
    for (int i = 0; i < 3; i++) {
        const char *end = format("/%s/%s", dir[i], name);
        const size_t n = strlen(path), m = strlen(end);
        ours = ours || (n >= m && strcmp(path + n - m, end) == 0);
    }
    return ours;
}
/* A student's file of this name, below dir; links are not followed. */
static bool find_file(char *path, const char *dir, const char *name, int depth) {
    snprintf(path, OS_PATH, "%.700s/%s", dir, name);
    if (os_kind(path) == 'f' && !is_ours(path, name)) return true;
    os_names n = depth > 0 ? os_list(dir) : (os_names){NULL, 0};
    bool found = false;
    for (int i = 0; i < n.count && !found; i++) {
        char below[OS_PATH];
        snprintf(below, sizeof below, "%.700s/%s", dir, n.name[i]);
        if (os_kind(below) == 'd') found = find_file(path, below, name, depth - 1);
    }
    free(n.name);
    return found;
}

/* Unpack DIR/name.zip, once, with what the system has. */
static bool unpack(const char *zip, const char *into) {
    static const char *const python =                      /* keeps the times of the files */
        "import os, sys, time, zipfile\n"
        "for f in (z := zipfile.ZipFile(sys.argv[1])).infolist():\n"
        "    os.utime(z.extract(f, sys.argv[2]), (time.mktime(f.date_time + (0, 0, -1)),) * 2)";
    const char *log = format("%s/unpack.log", out);
    const char *done = format("%s.done", into);
    if (os_time(done) > 0) return true;
    os_mkdir(into);
    os_program p[4] = {command(log, "unzip", "-qo", zip, "-d", into, NULL),
                       command(log, "bsdtar", "-xf", zip, "-C", into, NULL),
                       command(log, "python3", "-c", python, zip, into, NULL),
                       command(log, "tar", "-xf", zip, "-C", into, NULL)};
    for (int i = 0; i < 4; i++) {
        p[i].cpu = 20;                                     /* and no file above 64 MB */
        p[i].wall = 60;                                    /* a zip that asks for a password */
        const os_job j = os_run(&p[i]);
        if (j.end == OS_EXITED && j.code <= (i == 0))                   /* unzip: 1 is a warning */
            return text_write(done, "", 0);
    }
    fprintf(stderr, T("%s: cannot be unpacked: none of unzip, bsdtar, python3 and a tar that knows "
                      "zip could, or it is broken\n",
                      "%s：解不开：unzip、bsdtar、python3、认得 zip 的 tar 都没有成功，"
                      "也可能文件坏了\n"), zip);
    return false;
}

/* ---- one result ---- */

/* The row of values of a student, "number_name". */
static int variant_for(const char *exercise, const char *student) {
    char number[256];
    snprintf(number, sizeof number, "%.*s", (int)strcspn(student, "_"), student);
    return variant_of(exercise, course, number);
}
/* What a result depends on. */
static uint64_t key_of(const char *text, const char *exercise, const char *student) {
    static const char *const judges[] = {"judge.c", "diagnose.h", "grader.h", "child.c"};
    uint64_t h = text_hash(14695981039346656037u ^ seed, text);
    char *read[6];
    for (int i = 0; i < 4; i++) read[i] = text_read(format(SHIPPED "/%s", judges[i]), NULL);
    read[4] = text_read(format(GRADERS "/%s.c", exercise), NULL);
    read[5] = text_read(format(SHIPPED "/%s.c", exercise), NULL);
    for (int i = 0; i < 6; i++) {
        h = text_hash(h, read[i]);
        free(read[i]);
    }
    return text_hash(h, format("%s %d", T("en", "zh"), variant_for(exercise, student)));
}
static const char *result_path(const char *student, const char *exercise) {
    return format("%s/results/%.200s/%s", out, student, exercise);
}

/* A result: "KEY EARNED OF", the verdicts, a line "report", and the words for the student. */
typedef struct result { unsigned long long key; int earned, of; char *text; } result;
static bool result_read(result *r, const char *student, const char *exercise) {
    r->text = text_read(result_path(student, exercise), NULL);
    return r->text && sscanf(r->text, "%llu %d %d", &r->key, &r->earned, &r->of) == 3;
}
/* The same, if it is of this file as it is now; the text is to be freed. */
static bool result_of(result *r, const char *student, const char *exercise, const char *file) {
    char *text = text_read(file, NULL);
    const bool there = result_read(r, student, exercise) &&
                       r->key == key_of(text, exercise, student);
    free(text);
    if (!there) free(r->text);
    return there;
}

/* Was the file changed after the deadline? Asked when marks are written: another counts at once. */
static bool is_late(const char *file) {
    int y, m, d;
    struct tm end;
    if (sscanf(deadline, "%d-%d-%d", &y, &m, &d) != 3) return false;
    memset(&end, 0, sizeof end);
    end.tm_year = y - 1900;
    end.tm_mon = m - 1;
    end.tm_mday = d + 1;                                    /* the end of that day */
    end.tm_isdst = -1;
    return os_time(file) > (double)mktime(&end);
}

/* Judge one file; in a process of its own. */
static void judge_one(const char *student, const char *exercise, const char *file) {
    char dir[OS_PATH];
    const check_options o = {seed, true, false};
    char *text = text_read(file, NULL);
    const uint64_t key = key_of(text, exercise, student);
    free(text);
    variant = variant_for(exercise, student);
    os_temp(dir, sizeof dir);
    check(file, exercise, dir, &o);
    char *verdicts = text_read(format("%s/verdicts", dir), NULL);
    char *report = text_read(format("%s/report", dir), NULL), *line = verdicts;
    int earned = 0, of = 0;
    for (char what[32], how[32]; line && sscanf(line, "%31s %31s", what, how) == 2;) {
        const int p = points_of(exercise, what);
        of += p;
        if (strcmp(how, "ok") == 0) earned += p;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (verdicts && strstr(verdicts, " failed other-variant")) earned = 0;
    const char *path = result_path(student, exercise);
    char *all = malloc(1 << 16);
    if (all == NULL) exit(3);
    snprintf(all, 1 << 16, "%llu %d %d\n%.4000s\nreport\n%.40000s", (unsigned long long)key, earned,
             of > 0 ? of : 1, verdicts ? verdicts : "", report ? report : "");
    text_write(format("%s.part", path), all, strlen(all));
#ifdef _WIN32
    remove(path);
#endif
    rename(format("%s.part", path), path);                 /* whole, or not there */
    free(all);
    free(verdicts);
    free(report);
    os_remove(dir);
}

/* ---- three questions about a student's own lines ---- */

/* Is mark in the line? What is within [ ] (the product in x[i * D + k]) is not meant by another. */
static bool has_mark(const char *line, const char *mark) {
    int depth = 0;
    for (const char *c = line; *c; c++) {
        depth += (*c == '[') - (*c == ']');
        if (depth == (mark[0] == '[') && strncmp(c, mark, strlen(mark)) == 0) return true;
    }
    return false;
}
static void questions(FILE *f, const char *student, char *plain) {
    static const struct { const char *mark, *en, *zh; } ask[] = {
        {"+=", "Why += here and not = ? Give an input for which it matters.",
         "这里为什么用 += 而不用 = ？举一个会出差别的输入。"},
        {"for (", "How often does this loop run, and what goes wrong with one round less?",
         "这个循环走几圈？少走一圈会错在哪里？"},
        {"[", "Which element of the array is this in the second round? Draw it.",
         "走到第二圈时，这是数组的哪个元素？画出来。"},
        {" / ", "Can the divisor be 0? What happens then?", "除数会不会是 0？那时会怎样？"},
        {"exp(", "For which values does this overflow, and how do you know?",
         "什么样的值会让它溢出？你怎么知道？"},
        {" * ", "Where in the formula is this product?", "这个乘积在公式的哪里？"},
        {" < ", "What would <= change?", "改成 <= 会怎样？"},
        {" ? ", "When is the condition false? Give an example.",
         "这个条件什么时候不成立？举个例子。"},
        {" = ", "What does this variable hold, in words?", "用话说：这个变量里是什么？"},
    };
    char *from, *to;
    if (!text_marked(plain, &from, &to)) return;
    const size_t asks = sizeof ask / sizeof *ask, first = (size_t)(text_hash(seed, student) % asks);
    const char *used[3] = {NULL, NULL, NULL};
    int asked = 0;
    for (size_t a = 0; a < asks && asked < 3; a++) {
        const size_t q = (first + a) % asks;
        for (char *line = from; line < to; line += strcspn(line, "\n") + 1) {
            const size_t n = strcspn(line, "\n");
            char copy[200];
            snprintf(copy, sizeof copy, "%.*s", (int)(n < 150 ? n : 150), line);
            if (!has_mark(copy, ask[q].mark) || line == used[0] || line == used[1]) continue;
            used[asked++] = line;
            char *c = copy + strspn(copy, " \t");
            for (char *t = c; *t; t++) if (*t == '`') *t = '\'';
            fprintf(f, "%d. `%s`  \n   %s\n", asked, c, T(ask[q].en, ask[q].zh));
            break;
        }
    }
}

/* ---- similarity ---- */

/* Hashes of all runs of five words (names, numbers, signs) between the marks. */
typedef struct prints { uint64_t *hash; char *common; int count; } prints;
static prints prints_of(char *plain) {
    prints p = {NULL, NULL, 0};
    char *c, *to;
    uint64_t word[5] = {0};
    int words = 0;
    if (plain == NULL || !text_marked(plain, &c, &to)) return p;
    p.hash = malloc((size_t)(to - c + 1) * sizeof *p.hash);
    while (p.hash && c < to) {
        if (strchr(" \t\n", *c)) { c++; continue; }
        if (strncmp(c, "//", 2) == 0) { c += strcspn(c, "\n"); continue; }
        if (strncmp(c, "/*", 2) == 0) { char *e = strstr(c, "*/"); c = e ? e + 2 : to; continue; }
        size_t n = strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
        if (n == 0) n = 1;
        uint64_t h = 14695981039346656037u;
        for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)c[i]) * 1099511628211u;
        memmove(word, word + 1, 4 * sizeof *word);
        word[4] = h;
        c += n;
        if (++words < 5) continue;
        h = 0;
        for (int i = 0; i < 5; i++) h = h * 31 + word[i];
        bool known = false;
        for (int i = 0; i < p.count; i++) known = known || p.hash[i] == h;
        if (!known) p.hash[p.count++] = h;
    }
    return p;
}
static bool prints_has(const prints *p, uint64_t h) {
    for (int i = 0; i < p->count; i++) if (p->hash[i] == h) return true;
    return false;
}

/* Pairs of students who share most of what neither the exercise, nor our solution, nor a third of
   the class has as well. */
static void similar(FILE *f, const char *exercise, os_names students, char files[][OS_PATH]) {
    prints *p = calloc((size_t)students.count, sizeof *p), known[2];
    char *solution = answer(exercise, 0, NULL, 0);
    char *stub = text_read(format(SHIPPED "/%s.c", exercise), NULL);
    const size_t size = (solution ? strlen(solution) : 0) + 40;
    char *ours = malloc(size);
    if (p == NULL || ours == NULL) exit(3);
    snprintf(ours, size, "/* >>> */\n%s/* <<< */", solution ? solution : "\n");
    known[0] = prints_of(stub);
    known[1] = prints_of(ours);
    for (int s = 0; s < students.count; s++) {
        char *text = files[s][0] ? text_read(files[s], NULL) : NULL;
        p[s] = prints_of(text ? text_plain(text) : NULL);
        free(text);
    }
    for (int s = 0; s < students.count; s++) {
        p[s].common = calloc((size_t)p[s].count + 1, 1);
        for (int i = 0; p[s].common && i < p[s].count; i++) {
            int have = 0;
            for (int t = 0; t < students.count; t++) have += prints_has(&p[t], p[s].hash[i]);
            p[s].common[i] = prints_has(&known[0], p[s].hash[i]) ||
                             prints_has(&known[1], p[s].hash[i]) ||
                             (have > 3 && 3 * have > students.count);
        }
    }
    for (int s = 0; s < students.count; s++)
        for (int t = s + 1; t < students.count; t++) {
            int both = 0, either = 0;
            for (int i = 0; i < p[s].count; i++) {
                either += !p[s].common[i];
                both += !p[s].common[i] && prints_has(&p[t], p[s].hash[i]);
            }
            for (int i = 0; i < p[t].count; i++)
                either += !p[t].common[i] && !prints_has(&p[s], p[t].hash[i]);
            if (both >= 12 && 10 * both >= 6 * either)
                fprintf(f, "| %s | %s | %s | %d%% | %d |\n", exercise, students.name[s],
                        students.name[t], 100 * both / either, both);
        }
    for (int s = 0; s < students.count; s++) free(p[s].common);
    for (int s = 0; s < students.count; s++) free(p[s].hash);
    free(known[0].hash);
    free(known[1].hash);
    free(p);
    free(ours);
    free(stub);
    free(solution);
}

/* ---- the class ---- */

static void report_student(const char *student, const char *const *set, int n,
                           char files[][OS_PATH]) {
    FILE *f = fopen(format("%s/reports/%.200s.md", out, student), "wb");
    if (f == NULL) return;
    fprintf(f, "# %s\n\n| %s | %s | %s |\n|:--|--:|:--|\n", student, T("exercise", "练习"),
            T("points", "得分"), T("checks", "检查"));
    for (int e = 0; e < n; e++) {
        result r;
        if (files[e][0] == 0) {
            fprintf(f, "| %s | 0 | %s |\n", set[e], T("not handed in", "没有交"));
            continue;
        }
        if (!result_of(&r, student, set[e], files[e])) continue;
        fprintf(f, "| %s | %d |", set[e], 100 * r.earned / r.of);
        char *line = strchr(r.text, '\n');
        for (char what[32], how[32], why[64]; line; line = strchr(line + 1, '\n')) {
            const int words = sscanf(line, "\n%31s %31s %63s", what, how, why);
            if (words < 2 || line[1] == '\n' || strncmp(line, "\nreport", 7) == 0) break;
            fprintf(f, strcmp(how, "ok") == 0 ? " %s" : words == 3 ? " ~~%s~~ (%s)" : " ~~%s~~",
                    what,
                    why);
        }
        fprintf(f, "%s |\n", is_late(files[e]) ? T(", late", "，迟交") : "");
        free(r.text);
    }
    fprintf(f,
            T("\nTo see it: `make learn EX=NAME ONCE=1 SEED=%llu` with your file in my/.\n",
                 "\n自己重做：文件放在 my/ 里，运行 `make learn EX=练习名 ONCE=1 SEED=%llu` 。\n"),
            (unsigned long long)seed);
    for (int e = 0; e < n; e++) {
        result r;
        if (files[e][0] == 0 || !result_of(&r, student, set[e], files[e])) continue;
        char *words = strstr(r.text, "\nreport\n");
        char *text = text_read(files[e], NULL);
        fprintf(f, "\n## %s\n\n", set[e]);
        if (words && strspn(words + 8, " \n") < strlen(words + 8))
            fprintf(f, "```text%s```\n\n", words + 7);
        if (text) questions(f, format("%s%s", student, set[e]), text_plain(text));
        free(text);
        free(r.text);
    }
    fclose(f);
}

/* Does a file state other values than the exercise as it is given? */
static bool with_values(const char *const *set, int n, char files[][MOST_STUDENTS][OS_PATH],
                        int students) {
    bool found = false;
    for (int e = 0; e < n; e++) {
        char *stub = given(set[e]), values[OS_PATH];
        snprintf(values, sizeof values, "%s", stub ? values_line(stub) : "");
        for (int s = 0; s < students && *values && !found; s++) {
            char *text = files[e][s][0] ? text_read(files[e][s], NULL) : NULL;
            found = text && *values_line(text) && strstr(text, values) == NULL;
            free(text);
        }
        free(stub);
    }
    return found;
}

static void csv_text(FILE *f, const char *text) {            /* never a formula for Excel */
    fprintf(f, strchr("=+-@\t", *text) && *text ? "\"'" : "\"");
    for (; *text; text++) fprintf(f, *text == '"' ? "\"\"" : "%c", *text);
    fprintf(f, "\"");
}

int main(int argc, char **argv) {
    const char *from = "", *csv = "grades.csv", *lang = "", *only = "", *seed_text = "",
        *one = NULL;
    for (int i = 1; i < argc; i++) {
        static const char *const words[] = {"DIR=", "CSV=", "LANG=", "EX=", "SEED=", "OUT=",
                                            "DEADLINE=", "COURSE=", "ONE="};
        const char **const to[] = {&from, &csv, &lang, &only, &seed_text, &out, &deadline, &course,
                                   &one};
        bool known = false;
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (strncmp(argv[i], words[k], strlen(words[k])) == 0) {
                *to[k] = argv[i] + strlen(words[k]);
                known = true;
            }
        if (!known) { fprintf(stderr, "grade: what is %s?\n", argv[i]); return 2; }
    }
    static char course_word[80];                            /* as learn.c reads it */
    snprintf(course_word, sizeof course_word, "%.*s", (int)strcspn(course, " \r\n"), course);
    course = course_word;
    os_console();
    chinese = *lang ? strncmp(lang, "zh", 2) == 0 : os_chinese();
    if (os_time("dl.h") == 0 || os_kind(from) != 'd' || !tools_find()) {
        fprintf(stderr, T("grade: make grade DIR=submissions CSV=grades.csv, beside dl.h\n",
                          "grade：make grade DIR=submissions CSV=grades.csv，在 dl.h 旁边运行\n"));
        return 2;
    }
    seed = strtoull(seed_text, NULL, 10);
    if (!one && !os_can_stay_in())
        fprintf(stderr, T("grade: this system does not keep a student's program from your files\n",
                          "grade：这个系统挡不住学生的程序读写你的文件\n"));
    if (!one && !os_can_be_alone())
        fprintf(stderr, T("grade: this system does not keep a student's program from the network\n",
                          "grade：这个系统挡不住学生的程序联网\n"));
    if (one) {                                            /* STUDENT/EXERCISE/FILE, for ourselves */
        char student[256], exercise[64], file[OS_PATH];
        if (sscanf(one, "%255[^/]/%63[^/]/%1023[^\n]", student, exercise, file) != 3) return 2;
        judge_one(student, exercise, file);
        return 0;
    }
    os_mkdir(BUILD);
    os_mkdir(out);
    os_mkdir(format("%s/results", out));
    os_mkdir(format("%s/reports", out));
    os_mkdir(format("%s/unpacked", out));
    char *known = text_read(format("%s/seed", out), NULL);
    if (*seed_text == 0) seed = known ? strtoull(known, NULL, 10)
                                      : (uint64_t)(os_seconds() * 1e9) ^ (uint64_t)time(NULL) << 20;
    const char *as_text = format("%llu\n", (unsigned long long)seed);
    if (!text_write(format("%s/seed", out), as_text, strlen(as_text))) {
        fprintf(stderr, T("grade: %s/seed: cannot be written\n", "grade：写不了 %s/seed\n"), out);
        return 1;
    }
    free(known);

    /* Who handed in what. */
    os_names entries = os_list(from), students = {NULL, 0}, all = exercises();
    static char where[MOST_STUDENTS][OS_PATH];
    static bool broken[MOST_STUDENTS];
    for (int i = 0; i < entries.count && students.count < MOST_STUDENTS; i++) {
        char *path = format("%s/%s", from, entries.name[i]), name[256];
        snprintf(name, sizeof name, "%s", entries.name[i]);
        const size_t n = strlen(name);
        const bool zip = os_kind(path) == 'f' && n > 4 && (strcmp(name + n - 4, ".zip") == 0 ||
                                                       strcmp(name + n - 4, ".ZIP") == 0);
        if (zip) name[n - 4] = 0;
        if (!zip && os_kind(path) != 'd') {
            fprintf(stderr, T("grade: %s is neither a folder nor a .zip, and left out\n",
                              "grade：%s 既不是文件夹也不是 .zip，跳过\n"), path);
            continue;
        }
        const char *dir = path;                /* a zip handed in again: a directory of its own */
        if (zip) dir = format("%s/unpacked/%.200s-%.0f", out, name, os_time(path));
        broken[students.count] = zip && !unpack(path, dir);
        snprintf(where[students.count], OS_PATH, "%s", dir);
        os_names_add(&students, name);
        os_mkdir(format("%s/results/%.200s", out, name));
    }
    const char *set[MOST_SET];
    int n = 0;
    static char files[MOST_SET][MOST_STUDENTS][OS_PATH];
    for (int e = 0; e < all.count && n < MOST_SET; e++) {
        bool wanted = false;
        char name[OS_PATH];                                /* find_file() uses many of format's */
        snprintf(name, sizeof name, "%s.c", all.name[e]);
        for (int s = 0; s < students.count; s++) {
            files[n][s][0] = 0;
            if (find_file(files[n][s], where[s], name, 3)) wanted = true;
            else files[n][s][0] = 0;
        }
        if (*only) wanted = strstr(format(",%s,", only), format(",%s,", all.name[e])) != NULL;
        if (wanted) set[n++] = all.name[e];
    }
    if (n == 0) {
        fprintf(stderr, T("grade: there is no file of an exercise (EX= takes whole names)\n",
                          "grade：没有找到任何练习的文件（EX= 要写完整的题名）\n"));
        return 2;
    }
    library(false);
    for (int e = 0; e < n; e++) if (!judge_ready(set[e])) return 3;
    if (*course == 0 && with_values(set, n, files, students.count))
        fprintf(stderr, T("grade: some files state values by student number: is COURSE= missing?\n",
                          "grade：有的文件写着按学号分的数值：是不是漏了 COURSE= ？\n"));

    /* All files, as many at once as there are cores. */
    enum { MOST_JOBS = 64 };
    os_job job[MOST_JOBS];
    bool running[MOST_JOBS] = {false};
    const int cores = os_cores() < MOST_JOBS ? os_cores() : MOST_JOBS;
    const double start = os_seconds();
    int judged = 0, kept = 0, busy = 0, lost = 0;
    for (int k = 0; k < n * students.count || busy > 0;) {
        int slot = -1;
        for (int i = 0; i < cores; i++) {
            if (running[i] && os_done(&job[i])) { running[i] = false; busy--; }
            if (!running[i]) slot = i;
        }
        if (slot < 0 || k == n * students.count) { os_sleep(5); continue; }
        const int s = k / n, e = k % n;
        k++;
        result r;
        if (files[e][s][0] == 0) continue;
        if (result_of(&r, students.name[s], set[e], files[e][s])) {
            free(r.text);
            kept++;
            continue;
        }
        os_program p = command(format("%s/worker-%d.log", out, slot), argv[0], format("DIR=%s",
                                                                                      from),
                               format("OUT=%s", out), format("LANG=%s", T("en", "zh")),
                               format("SEED=%llu", (unsigned long long)seed),
                               format("COURSE=%s", course),
                               format("ONE=%.200s/%s/%.600s", students.name[s], set[e],
                                      files[e][s]),
                               NULL);
        p.wall = 300;
        os_start(&job[slot], &p);
        running[slot] = true;
        busy++;
        judged++;
        if (os_terminal()) { printf("\r  %d / %d ", k, n * students.count); fflush(stdout); }
    }

    FILE *f = fopen(csv, "wb");
    if (f == NULL) { fprintf(stderr, "grade: %s: cannot be written\n", csv); return 1; }
    fprintf(f, "\xef\xbb\xbf%s,%s", T("number", "学号"), T("name", "姓名"));
    for (int e = 0; e < n; e++) fprintf(f, ",%s", set[e]);
    fprintf(f, ",%s,%s\r\n", T("mean", "平均"), T("remarks", "备注"));
    for (int s = 0; s < students.count; s++) {
        char number[256], mine[MOST_SET][OS_PATH], remarks[4000] = "";
        snprintf(number, sizeof number, "%.*s", (int)strcspn(students.name[s], "_"),
                 students.name[s]);
        const char *rest = strchr(students.name[s], '_');
        csv_text(f, number);
        fprintf(f, ",");
        csv_text(f, rest ? rest + 1 : "");
        if (broken[s]) strcpy(remarks, T("zip cannot be opened", "zip 解不开"));
        double sum = 0;
        for (int e = 0; e < n; e++) {
            result r;
            const size_t at = strlen(remarks);
            strcpy(mine[e], files[e][s]);
            if (files[e][s][0] && result_of(&r, students.name[s], set[e], files[e][s])) {
                const int points = 100 * r.earned / r.of;
                fprintf(f, ",%d", points);
                sum += points;
                char *alone = strstr(r.text, "\ncompile failed"), *why = strstr(r.text, " failed ");
                char word[64] = "";
                if (why && r.earned == 0) sscanf(why + 8, "%63s", word);
                if (alone || (word[0] && r.earned == 0))
                    snprintf(remarks + at, sizeof remarks - at, "%s%s: %s", at ? "; " : "",
                             set[e], word);
                if (is_late(mine[e]))
                    snprintf(remarks + strlen(remarks), sizeof remarks - strlen(remarks), "%s%s: %s",
                             *remarks ? "; " : "", set[e], T("late", "迟交"));
                free(r.text);
            } else {
                fprintf(f, ",");
                if (files[e][s][0] == 0) continue;
                snprintf(remarks + at, sizeof remarks - at, "%s%s: %s", at ? "; " : "", set[e],
                         T("not judged", "没有评成"));
                lost++;
            }
        }
        fprintf(f, ",%.1f,", n > 0 ? sum / n : 0);
        csv_text(f, remarks);
        fprintf(f, "\r\n");
        report_student(students.name[s], set, n, mine);
    }
    fclose(f);
    f = fopen(format("%s/similar.md", out), "wb");
    if (f) {
        fprintf(f,
                T("# Alike\n\nEvidence to ask about, never a mark: what two have in common that is "
                     "neither given, nor in our\nsolution, nor in every third file.\n\n"
                     "| exercise | | | "
                     "shared | pieces |\n|:--|:--|:--|--:|--:|\n",
                     "# 相似\n\n只是提问的线索，不能据此打分：两人共有、"
                     "而原题、参考解答和三分之一的同学都没有的片段。\n\n"
                     "| 练习 | | | 共有 | 片段 |\n|:--|:--|:--|--:|--:|\n"));
        for (int e = 0; e < n; e++) similar(f, set[e], students, files[e]);
        fclose(f);
    }
    printf(T("\r  %d students, %d exercises: %d files judged, %d as before, %.0f seconds\n",
             "\r  %d 名学生，%d 个练习：评了 %d 份，%d 份没有变，用时 %.0f 秒\n"), students.count,
                 n,
           judged, kept, os_seconds() - start);
    printf(T("  %s, %s/reports/, %s/similar.md, %s/seed (publish it afterwards)\n",
             "  %s，%s/reports/，%s/similar.md，%s/seed（事后公布）\n"), csv, out, out, out);
    if (lost > 0)
        fprintf(stderr, T("grade: %d files could not be judged (%s/worker-*.log); run it again\n",
                          "grade：有 %d 份没有评成（见 %s/worker-*.log）；请再运行一次\n"), lost, out);
    return lost > 0;
}
