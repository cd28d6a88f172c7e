/* try.c - tests the descriptions of the exercises. Of each exercise: what was given, an empty file,
   one that does not compile, an endless loop, a crash and at least three wrong variants fail, each
   with the diagnosis expected; the solution passes, with every compiler there is; the head, hints
   and texts are there in both languages. Run by tests/exercises.sh.

       try              all, on all cores        try NN_name ...   these
       KEEP=1 try ...   shows what the learner would read                                       */
#include "../../examples/exercises/build.h"

static int passed, failed;
static const char *name;

static void expect(bool ok, const char *f, ...) {
    va_list v;
    if (ok) { passed++; return; }
    failed++;
    printf("FAILED %s: ", name);
    va_start(v, f);
    vprintf(f, v);
    va_end(v);
    printf("\n");
}

/* Judge a text; it should fail with this diagnosis, or pass (NULL). */
static void try_text(const char *text, const char *what, const char *diagnosis, bool full) {
    char dir[OS_PATH], file[OS_PATH];
    const check_options o = {1, false, !full};
    os_temp(dir, sizeof dir);
    snprintf(file, sizeof file, "%.900s/%s.c", dir, name);
    if (text) text_write(file, text, strlen(text));
    const bool ok = check(file, name, dir, &o);
    char *verdicts = text_read(format("%s/verdicts", dir), NULL);
    char *report = text_read(format("%s/report", dir), NULL), found[64] = "passed";
    char *at = verdicts ? strstr(verdicts, " failed ") : NULL;
    if (at) sscanf(at + 8, "%63s", found);
    expect(ok == (diagnosis == NULL) && (ok || strcmp(found, diagnosis) == 0),
           "%s: %s, and %s was expected%s", what, found, diagnosis ? diagnosis : "passed",
           report ? report : "");
    if (getenv("KEEP")) printf("---- %s: %s%s\n", what, found, report ? report : "");
    free(verdicts);
    free(report);
    os_remove(dir);
}

/* The exercise with other lines between the marks. To be freed. */
static char *with_lines(const char *lines) {
    char *text = text_read(format(SHIPPED "/%s.c", name), NULL), *a, *b;
    char *made = malloc(1 << 20);
    if (text == NULL || made == NULL || !text_marked(text, &a, &b)) return NULL;
    snprintf(made, 1 << 20, "%.*s%s%s", (int)(a - text), text, lines, b);
    free(text);
    return made;
}
/* The text with a statement at the start of a function. */
static char *with_statement(const char *text, const char *function, const char *statement) {
    char *made = malloc(1 << 20);
    const char *at = text;
    while (made && (at = strstr(at, format("%s(", function))) != NULL) {
        const char *c = strchr(at, ')'), *brace = c ? c + 1 + strspn(c + 1, " \n") : NULL;
        if (brace && *brace == '{') {
            snprintf(made, 1 << 20, "%.*s %s %s", (int)(brace + 1 - text), text, statement,
                     brace + 1);
            return made;
        }
        at++;
    }
    free(made);
    return NULL;
}

/* Does the solution train MNIST (200 images of it), where the exercise says so? */
static void try_training(void) {
    char dir[OS_PATH], file[OS_PATH], words[OS_PATH];
    const check_options o = {1, false, true};
    char *solution = answer(name, 0, NULL, 0), *text = solution ? with_lines(solution) : NULL;
    os_temp(dir, sizeof dir);
    snprintf(file, sizeof file, "%.900s/%s.c", dir, name);
    snprintf(words, sizeof words, "%.900s/words", dir);
    if (text) {
        text_write(file, text, strlen(text));
        const bool ok = check(file, name, dir, &o) && train(name, dir, 200, words);
        char *said = text_read(words, NULL);
        expect(ok && said && strstr(said, "test accuracy"), "does not train: %.2000s",
               said ? said : "");
        free(said);
    }
    free(text);
    free(solution);
    os_remove(dir);
}

static void try_texts(void) {
    head h;
    char *text = text_read(format(SHIPPED "/%s.c", name), NULL);
    expect(head_read(&h, name), "the first line is not \"NN_name: kind, 5 minutes, level 1, "
                                "required|harder|open\"");
    expect(strcmp(h.kind, "fill in") == 0 || strcmp(h.kind, "derive") == 0 ||
           strcmp(h.kind, "debug") == 0 || strcmp(h.kind, "measure") == 0 ||
           strcmp(h.kind, "open") == 0, "what kind is \"%s\"?", h.kind);
    expect(strstr(text, "Goal:") && strstr(text, "目标："), "no goal in one of the languages");
    expect(strcmp(h.kind, "measure") == 0 || (strstr(text, "Shapes") && strstr(text, "形状")),
           "no shapes in one of the languages");
    expect(is_utf8((unsigned char *)text), "not UTF-8");
    free(text);
    static const char *const tags[] = {"1", "2", "3", "after"};
    for (int i = 0; i < 8; i++) {
        const char *tag = format("%s %s", i % 2 ? "zh" : "en", tags[i / 2]);
        char *t = text_of(name, tag);
        bool han = false;
        for (char *c = t; c && *c; c++) han = han || (unsigned char)*c >= 0xe3;
        expect(t && *t && han == (i % 2 == 1), "@%s is missing, or in the other language", tag);
        free(t);
    }
}

static void try_exercise(void) {
    char function[64] = "", wrong[64] = "", *text = text_read(format(GRADERS "/%s.c", name), NULL);
    char *solution = answer(name, 0, NULL, 0), *whole, *bad, *entry_at;
    expect(text != NULL, "no " GRADERS "/%s.c", name);
    expect(solution != NULL, "no solution in " ANSWERS "/%s.c", name);
    if (text == NULL || solution == NULL) return;
    entry_at = strstr(text, "entries[MOST_ENTRIES]");
    if (entry_at && (entry_at = strchr(entry_at,
                                       '"')) != NULL) sscanf(entry_at, "\"%63[^\"]", function);
    free(text);
    try_texts();

    text = text_read(format(SHIPPED "/%s.c", name), NULL);
    whole = with_lines(solution);
    expect(whole != NULL, "no marks >>> and <<< in comments of their own");
    if (whole == NULL) return;
    try_text(text, "as given", "stub", false);
    try_text("", "an empty file", "missing", false);
    bad = with_statement(whole, function, "int 3x = ;");
    expect(bad != NULL, "no definition of %s( ... ) {", function);
    if (bad == NULL) return;
    try_text(bad, "a file that does not compile", "compile", false);
    free(bad);
    bad = with_statement(whole, function, "{");
    if (bad) try_text(bad, "a brace too many", "braces", false);
    free(bad);
    bad = with_statement(whole, function, "for (volatile int forever = 1; forever; ) {}");
    if (bad) try_text(bad, "an endless loop", "slow", false);
    free(bad);
    bad = with_statement(whole, function, "volatile int *volatile nowhere = 0; *nowhere = 1;");
    if (bad) try_text(bad, "a crash", "crash", false);
    free(bad);
    int n = 0;
    for (char *lines; (lines = answer(name, n + 1, wrong, sizeof wrong)) != NULL; n++) {
        const bool full = strcmp(wrong, "out-of-bounds") == 0 || strcmp(wrong, "leak") == 0;
        bad = with_lines(lines);
        if (full && !tools.sanitizer) printf("SKIP %s, wrong %s: no sanitizer\n", name, wrong);
        else {
            char what[32];
            snprintf(what, sizeof what, "wrong %d", n + 1);
            try_text(bad, what, wrong, full);
        }
        free(bad);
        free(lines);
    }
    expect(n >= 3, "%d wrong variants, and at least 3 were expected", n);
    try_text(whole, "the solution", NULL, true);
    const char *other = strstr(tools.cc, "clang") ? "gcc" : "clang";
    const os_program p = command(BUILD "/hello.log", other, "--version", NULL);
    if (works(&p)) {
        char before[200];
        snprintf(before, sizeof before, "%s", tools.cc);
        strcpy(tools.cc, other);
        try_text(whole, "the solution with the other compiler", NULL, false);
        strcpy(tools.cc, before);
    } else printf("SKIP %s with %s: it is not there\n", name, other);
    free(whole);
    free(text);
    free(solution);
}

/* A class of made-up students, good, wrong and hostile: do the grades come out as they should? */
static void try_class(void) {
    static const struct { const char *who, *statement, *line; int points; } student[] = {
        {"1_right", "", "", 100},
        {"2_endless", "for (volatile int forever = 1; forever; ) {}", "", 0},
        {"3_crash", "volatile int *volatile nowhere = 0; *nowhere = 1;", "", 0},
        {"4_says_pass", "puts(\"PASS hand ok 100\"); exit(0);", "", 0},
        {"5_forks", "for (int n = 0; n < 1000; n++) if (fork() == 0) for (;;) {}",
         "int fork(void);", 100},
        {"6_kills", "for (int n = 1; n < 5; n++) kill(getppid() + n, 9);",
         "int kill(int, int); int getppid(void);", 100},
        {"7_writes", "FILE *f = fopen(\"" BUILD "/written\", \"w\"); if (f) exit(1);"
                     "f = fopen(\"../verdicts\", \"a\"); if (f) exit(1);", "", 100},
        {"8_reads", "FILE *f = fopen(DL_PATH, \"r\"); if (f) exit(1);", "", 100},
        {"9_includes", "", "#include \"" ANSWERS "/01_dense_forward.c\"", 0},
        {"10_bom", "", "\xef\xbb\xbf", 100},
        {"11_own_main", "", "", 100},
        {"12_stub", NULL, "", 0},
    };
    const char *sub = BUILD "/submissions", *log = BUILD "/grade.log", *grade = BUILD "/try-grade";
    char *lines, here[OS_PATH] = "";
    name = "01_dense_forward";
    lines = answer(name, 0, NULL, 0);
    char *whole = lines ? with_lines(lines) : NULL;
    os_mkdir(sub);
    if (getcwd(here, sizeof here) == NULL || whole == NULL) { expect(false,
                                                                     "no solution"); return; }
    for (size_t i = 0; i < sizeof student / sizeof *student; i++) {
        const char *dir = format("%s/%s", sub, student[i].who);
        os_remove(format(BUILD "/graded/results/%s", student[i].who));
        if (i >= 6 && i <= 7 && !os_can_stay_in())
            printf("SKIP class: %s: this system has no landlock\n", student[i].who);
        char *text = student[i].statement ? with_statement(whole, "dense_forward",
                                                           student[i].statement)
                                          : text_read(format(SHIPPED "/%s.c", name), NULL);
        char *all = malloc(1 << 20);
        if (text == NULL || all == NULL) exit(3);
        const bool bom = student[i].line[0] == '\xef';
        snprintf(all, 1 << 20, "%s%s#define DL_PATH \"%s/" ANSWERS "/%s.c\"\n%s%s", student[i].line,
                 bom || !student[i].line[0] ? "" : "\n", here, name, text,
                 strcmp(student[i].who, "11_own_main") ? "" : "\nint main(void) { return 0; }\n");
        os_mkdir(dir);
        text_write(format("%s/%s.c", dir, name), all, strlen(all));
        free(all);
        free(text);
    }
    os_program p = command(log, tools.cc, "-O1", "-w", SHIPPED "/grade.c", "-o", grade, NULL);
    expect(works(&p), "grade.c does not compile");
    for (int again = 0; again < 2; again++) {
        p = command(log, grade, format("DIR=%s", sub), "CSV=" BUILD "/grades.csv", "SEED=5",
                    "LANG=en",
                    "EX=01_dense_forward", "OUT=" BUILD "/graded", NULL);
        expect(works(&p), "make grade fails");
        char *said = text_read(log, NULL), *csv = text_read(BUILD "/grades.csv", NULL);
        if (again) expect(said && strstr(said, " 0 files judged"), "what is known is judged again");
        for (size_t i = 0; csv && i < sizeof student / sizeof *student; i++) {
            if (i >= 6 && i <= 7 && !os_can_stay_in()) continue;
            char *who = strdup(student[i].who), *at;
            who[strcspn(who, "_")] = 0;
            at = strstr(csv, format("\n\"%s\",", who));
            const char *points = format("\",%d,", student[i].points);
            expect(at && strstr(at, points) && strstr(at, points) < at + strcspn(at + 1, "\n"),
                   "class: %s should have %d points: %.60s", student[i].who, student[i].points,
                   at ? at + 1 : "");
            free(who);
        }
        free(said);
        free(csv);
    }
    expect(os_kind(BUILD "/written") == 0, "a student wrote into " BUILD);
    free(whole);
    free(lines);
}

/* What is looked for in the learner's lines. */
static void try_lines(void) {
    static const struct { const char *text; int open; bool whole, set; } line[] = {
        {"{ x = '}'; \"{\"; /* { */ // {\n }", 0, false, false},
        {"if (x) { y = '\\''; { }", 1, false, false},
        {"} // {\n", -1, false, false},
        {"y = s * (1 / N);", 0, true, false},
        {"y = pow(a, 1/2);", 0, true, false},
        {"y = 1.0 / N + s * 1 / N + 1 / n2 + 1 / (dl_real)N + a[1] / N;", 0, false, false},
        {"dx[i * D + k] = d * w[k];", 0, false, true},
        {"db[at[j]]  = d;", 0, false, true},
        {"dx[i] = dx[i] + d; dw[k] += d; y = dx[i]; mydx[i] = d; if (db[j] == 1) {}", 0, false, false},
    };
    name = "04_dense_backward";
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        char text[200] = "\n";
        strcat(text, line[i].text);
        const char *from = text + 1, *to = text + strlen(text);
        expect(braces_open(from) == line[i].open, "braces of %s: %d", from, braces_open(from));
        expect((whole_division(from, to) != NULL) == line[i].whole, "1 / N in %s", from);
        expect((set_not_added(name, from, to) != NULL) == line[i].set, "= for += in %s", from);
    }
}

int main(int argc, char **argv) {
    if (!tools_find()) {
        printf("SKIP the exercises: no compiler\n1 passed, 0 failed\n");
        return 0;
    }
    os_names all = exercises();
    if (argc > 1) {
        for (int i = 1; i < argc; i++) {
            name = argv[i];
            try_exercise();
            if (text_has(name, "train ", NULL, 0) && !getenv("NO_TRAIN")) try_training();
        }
    } else {                                     /* a process for each exercise, as many as cores */
        os_job job[256];
        bool running[256] = {false};
        int started = 0, ended = 0, busy = 0;
        try_lines();
        name = "library";
        putenv("NO_TRAIN=1");
        library_begin();
        expect(library(false), "dl.h does not compile");
        if (all.count > 0) judge_ready(all.name[0]);
        while (ended < all.count) {
            for (int i = 0; i < started; i++) {
                if (!running[i] || !os_done(&job[i])) continue;
                running[i] = false;
                busy--;
                ended++;
                char *said = text_read(format(BUILD "/try-%s", all.name[i]), NULL), *last = said;
                int p = 0, f = 1;
                for (char *c = said; c && (c = strchr(c, '\n')) != NULL; c++)
                    if (c[1]) last = c + 1;
                if (last == NULL || sscanf(last, "%d passed, %d failed", &p, &f) != 2) f = 1;
                if (last && last > said) printf("%.*s", (int)(last - said), said);
                if (f > 0) printf("%s: %d failed\n", all.name[i], f);
                passed += p;
                failed += f;
                free(said);
                fflush(stdout);
            }
            while (busy < os_cores() && started < all.count && started < 256) {
                os_program p = command(format(BUILD "/try-%s", all.name[started]), argv[0],
                                       all.name[started], NULL);
                os_start(&job[started], &p);           /* NO_TRAIN: we do that, at the end */
                running[started++] = true;
                busy++;
            }
            os_sleep(5);
        }
        try_class();
        for (int e = 0; e < all.count; e++) {
            name = all.name[e];
            if (text_has(name, "train ", NULL, 0)) try_training();
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
