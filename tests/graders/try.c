/* try.c - tests the descriptions of the exercises. Of each exercise: what was given, an empty file,
   one that does not compile, an endless loop, a crash and at least three wrong variants fail, each
   with the diagnosis expected; the solution passes, with every compiler there is, in every variant,
   and in none but its own; the head, hints and texts are there in both languages, and need no later
   chapter. Then a class, the handout, and the runner on Windows. Run by tests/exercises.sh.

       try              all, on all cores        try NN_name ...   these
       KEEP=1 try ...   shows what the learner would read
       try class        the class, and the same for: handout, time, windows                      */
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
    expect(!report || !strstr(report, "grader.h:"), "%s: speaks of our files:%s", what,
           report ? report : "");
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
    char *text = given(name), *a, *b, *made = malloc(1 << 20);
    if (text == NULL || made == NULL || !text_marked(text, &a, &b)) return NULL;
    snprintf(made, 1 << 20, "%.*s%s%s", (int)(a - text), text, lines, b);
    free(text);
    return made;
}
/* Past white space and comments. */
static const char *skip_space(const char *c) {
    for (;;) {
        c += strspn(c, " \t\n");
        const char *end = strncmp(c, "//", 2) == 0 ? c + strcspn(c, "\n")
                        : strncmp(c, "/*", 2) == 0 ? strstr(c, "*/") : NULL;
        if (end == NULL) return c;
        c = end + (*end == '*' ? 2 : 0);
    }
}
/* The text with a statement at the start of a function. */
static char *with_statement(const char *text, const char *function, const char *statement) {
    char *made = malloc(1 << 20);
    const char *at = text;
    while (made && (at = strstr(at, format("%s(", function))) != NULL) {
        const char *c = strchr(at, '(');
        int depth = 0;
        do depth += (*c == '(') - (*c == ')'); while (*c++ && depth > 0);
        c = skip_space(c);
        if (*c == '{') {
            snprintf(made, 1 << 20, "%.*s %s %s", (int)(c + 1 - text), text, statement, c + 1);
            return made;
        }
        at++;
    }
    free(made);
    return NULL;
}

/* How many lines of the solution are the learner's to write: not those that were given between the
   marks, nor lines of braces and comments alone. */
static int lines_to_write(const char *solution) {
    char *text = given(name), *a = NULL, *b = NULL;
    int n = 0;
    if (text == NULL || !text_marked(text, &a, &b)) return 0;
    *b = 0;
    for (const char *c = solution; *c; c += strcspn(c, "\n"), c += *c == '\n') {
        const char *begin = c + strspn(c, " \t{}");
        const char *line = format("%.*s\n", (int)strcspn(c, "\n"), c);
        const bool counts = *begin && *begin != '\n' && strncmp(begin, "//", 2) != 0 &&
                            strncmp(begin, "/*", 2) != 0;
        n += counts && strstr(a, line) == NULL;
    }
    free(text);
    return n;
}

/* A right answer may be slow, but not a thousand times slower than the reference. */
static void try_time(void) {
    name = "01_dense_forward";
    char *solution = answer(name, 0, NULL, 0), *whole = solution ? with_lines(solution) : NULL;
    for (int times = 5; whole && times <= 1000; times += 995) {
        char *text = with_statement(whole, "dense_forward",
            format("static int again; if (again == 0) { for (again = 1; again < %d; again++) "
                   "dense_forward(y, x, w, b, N, D, M); again = 0; }", times));
        for (int full = 0; full < 2; full++)
            try_text(text, times > 5 ? "1000 times the work" : "5 times the work",
                     times > 5 ? "slow" : NULL, full);
        free(text);
    }
    expect(whole != NULL, "no solution");
    free(whole);
    free(solution);
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
        const char *question = i % 2 ? "\n想一想" : "\nTo think about";
        expect(i < 6 || (t && strstr(t, question)), "@%s asks nothing", tag);
        free(t);
    }
}

/* ---- nothing from later chapters ---- */

/* A word of a page's last part, "| English | Chinese | meaning |", and its chapter. */
typedef struct word { char text[80]; int chapter, zh; } word;
enum { MOST_WORDS = 1000, CHAPTERS = 19 };
static word words[MOST_WORDS];
static int  word_count;
static char *page[2][CHAPTERS];                    /* in English, in Chinese; small letters */

static void lower(char *text) {
    for (; text && *text; text++) *text = (char)tolower((unsigned char)*text);
}
/* Does the word stand in the text? Latin ones whole, also with an s. */
static bool stands_in(const char *text, const char *what) {
    const size_t n = strlen(what);
    for (const char *c = text; (c = strstr(c, what)) != NULL; c++) {
        if ((unsigned char)*what >= 0x80) return true;
        if ((c == text || !is_name(c[-1])) && !is_name(c[n + (c[n] == 's')])) return true;
    }
    return false;
}
/* "gradient check, gradient checking" or “逆误差传播（bp）”: its words. */
static void words_add(const char *cell, const char *end, int chapter, int zh) {
    static const char *const cut[] = {", ", "(", ")", "、", "（", "）", "，", "/", " |", "|"};
    while (cell < end) {
        const char *stop = end;
        size_t n = 1;
        for (size_t k = 0; k < sizeof cut / sizeof *cut; k++) {
            const char *at = strstr(cell, cut[k]);
            if (at && at < stop) { stop = at; n = strlen(cut[k]); }
        }
        cell += strspn(cell, " ");
        if (stop > cell && word_count < MOST_WORDS) {
            word *w = &words[word_count++];
            snprintf(w->text, sizeof w->text, "%.*s", (int)(stop - cell), cell);
            w->chapter = chapter;
            w->zh = zh;
        }
        cell = stop + n;
    }
}
static void words_read(void) {
    os_names en = os_list("docs/en");
    for (int i = 0; i < 2 * en.count; i++) {
        const char *file = en.name[i / 2];
        const int c = isdigit((unsigned char)file[0]) ? atoi(file) : CHAPTERS;
        if (c >= CHAPTERS) continue;
        const char *path = format("docs/%s/%s", i % 2 ? "zh" : "en", file);
        char *text = page[i % 2][c] = text_read(path, NULL);
        lower(text);
        char *line = text && i % 2 == 0 ? strstr(text, "<a id=\"words\">") : NULL;
        for (; line && (line = strstr(line, "\n| ")) != NULL; line++) {
            const char *a = line + 3, *b = strstr(a, " | "), *d = b ? strstr(b + 3, " | ") : NULL;
            if (d == NULL || strncmp(a, "english", 7) == 0) continue;
            words_add(a, b, c, 0);
            words_add(b + 3, d, c, 1);
        }
    }
    free(en.name);
}

/* A word of a later chapter's list may stand in an exercise and its hints only if a page up to its
   own chapter has it; so may names of dl.h. */
static void try_later(void) {
    const int chapter = atoi(name);
    char *stub = text_read(format(SHIPPED "/%s.c", name), NULL);
    char *description = text_read(format(GRADERS "/%s.c", name), NULL);
    char *end = description ? strstr(description, "\n@en after") : NULL;
    if (word_count == 0) words_read();
    expect(word_count > 200 && page[1][CHAPTERS - 1], "docs/: %d words, or no page", word_count);
    if (end) *end = 0;
    lower(stub);
    lower(description);
    for (int i = 0; i < word_count && stub && description; i++) {
        const word *w = &words[i];
        const bool used = stands_in(stub, w->text) || stands_in(description, w->text);
        bool known = w->chapter <= chapter || !used;
        for (int c = 0; c <= chapter && !known; c++)
            known = page[w->zh][c] && stands_in(page[w->zh][c], w->text);
        if (!known) expect(false, "%s is a word of chapter %02d", w->text, w->chapter);
    }
    for (const char *c = stub; c && (c = strstr(c, "dl")) != NULL; c += 2) {
        char function[60] = "";
        if ((c > stub && is_name(c[-1])) || sscanf(c, "%59[a-z0-9_]", function) != 1) continue;
        bool known = strchr(function, '_') == NULL || strcmp(function, "dl_real") == 0 ||
                     strcmp(function, "dl_int") == 0;
        for (int k = 0; k <= chapter && !known; k++)
            known = page[0][k] && stands_in(page[0][k], function);
        if (!known) expect(false, "%s: no page up to chapter %02d has it", function, chapter);
    }
    free(stub);
    free(description);
}

/* ---- variants ---- */

/* The solution passes in each row, and what is right for one row fails in the next. */
static void try_variants(void) {
    variants v;
    if (!variants_read(&v, name)) return;
    char *stub = text_read(format(SHIPPED "/%s.c", name), NULL), what[40];
    expect(*values_line(stub) != 0, "no line \"Values\" in its head");
    for (int k = 0; k < v.columns; k++)
        expect(!v.set[k] || strstr(stub, format("%s = %s", v.name[k], v.value[0][k])),
               "its head does not state %s = %s", v.name[k], v.value[0][k]);
    free(stub);
    for (int r = 1; r < v.rows; r++) {
        char *text[2];
        for (int k = 0; k < 2; k++) {                        /* the row's own, and the next one's */
            variant = k == 0 ? r : r % (v.rows - 1) + 1;
            char *lines = answer(name, 0, NULL, 0);
            text[k] = with_lines(lines);
            free(lines);
        }
        for (int k = 0; k < 2; k++) {
            variant = r;
            snprintf(what, sizeof what, k ? "variant %d, a neighbour's" : "variant %d", r);
            try_text(text[k], what, k ? "other-variant" : NULL, false);
            free(text[k]);
        }
    }
    variant = 0;
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
    const int lines = lines_to_write(solution);
    expect(lines >= 1 && lines <= 15, "%d lines to write, and 15 are the limit", lines);
    try_texts();
    try_later();
    try_variants();

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
    bad = with_statement(whole, function, "{ double q = 0 for (q < 3) q += 1 }");
    if (bad) try_text(bad, "a block without semicolons", "compile", false);
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
static const struct { const char *who, *statement, *line; int points; } student[] = {
    {"1_right", "", "", 100},
    {"2_endless", "for (volatile int forever = 1; forever; ) {}", "", 0},
    {"3_crash", "volatile int *volatile nowhere = 0; *nowhere = 1;", "", 0},
    {"4_says_pass", "puts(\"PASS hand ok 100\"); exit(0);", "", 0},
    {"5_forks", "for (int n = 0; n < 1000; n++) if (fork() == 0) for (;;) {}", "int fork(void);",
     88},                                                  /* right, but far too slow */
    {"6_kills", "for (int n = 1; n < 5; n++) kill(getppid() + n, 9);",
     "int kill(int, int); int getppid(void);", 100},
    {"7_writes", "FILE *f = fopen(\"" BUILD "/written\", \"w\"); if (f) exit(1);"
                 "f = fopen(\"../verdicts\", \"a\"); if (f) exit(1);"
                 "if (remove(\"../printed\") == 0) exit(1);"
                 "f = fopen(\"verdicts\", \"w\");"
                 "if (f) { fputs(\"hand failed x\", f); fclose(f); }", "", 88},     /* nor quick */
    {"8_reads", "FILE *f = fopen(DL_PATH, \"r\"); if (f) exit(1);", "", 100},
    {"9_includes", "", "#include \"" ANSWERS "/01_dense_forward.c\"", 0},
    {"10_bom", "", "\xef\xbb\xbf", 100},
    {"11_own_main", "", "", 100},
    {"12_stub", NULL, "", 0},
    {"13_gbk", "", "/* \xd6\xd0\xb9\xfa\xd1\x5c */", 100},
    {"14_crlf", "", "", 100},
    {"15_all_of_the_handout", "", "", 100},
    {"16_zip", "", "", 100},
};
enum { STUDENTS = sizeof student / sizeof *student };
#define SUBMITTED BUILD "/submissions"

static bool is_who(size_t i, const char *who) { return strcmp(student[i].who, who) == 0; }
static bool cannot_judge(size_t i) {
    return (is_who(i, "7_writes") || is_who(i, "8_reads")) && !os_can_stay_in();
}

/* What the i-th student wrote. To be freed. */
static char *submission(size_t i, const char *whole, const char *here) {
    char *text = student[i].statement ? with_statement(whole, "dense_forward", student[i].statement)
                                      : given(name);
    char *all = malloc(1 << 20);
    if (text == NULL || all == NULL) exit(3);
    const bool bom = student[i].line[0] == '\xef';
    snprintf(all, 1 << 20, "%s%s#define DL_PATH \"%s/" ANSWERS "/%s.c\"\n%s%s", student[i].line,
             bom || !student[i].line[0] ? "" : "\n", here, name, text,
             is_who(i, "11_own_main") ? "\nint main(void) { return 0; }\n" : "");
    free(text);
    if (is_who(i, "14_crlf")) {
        char *crlf = malloc(1 << 21), *to = crlf;
        for (const char *c = all; crlf && *c; *to++ = *c++) if (*c == '\n') *to++ = '\r';
        *to = 0;
        free(all);
        return crlf;
    }
    return all;
}
static void hand_in(size_t i, const char *text) {
    const char *dir = format(SUBMITTED "/%s", student[i].who), *to = dir;
    os_mkdir(dir);
    if (is_who(i, "15_all_of_the_handout")) {              /* with the exercise as it was given */
        os_mkdir(format("%s/examples", dir));
        os_mkdir(format("%s/" SHIPPED, dir));
        os_mkdir(format("%s/my", dir));
        text_copy(format("%s/" SHIPPED "/%s.c", dir, name), format(SHIPPED "/%s.c", name));
        to = format("%s/my", dir);
    }
    text_write(format("%s/%s.c", to, name), text, strlen(text));
    if (!is_who(i, "16_zip")) return;
    const os_program p = command(BUILD "/zip.log", "python3", "-m", "zipfile", "-c",
                                 format("%s.zip", dir), format("%s/%s.c", dir, name), NULL);
    if (works(&p)) os_remove(dir);
    else printf("SKIP class: a zip: no python3 makes one\n");
}

/* The number that a student has in the column of an exercise; -1: none. */
static int points_in(const char *csv, const char *who, int column) {
    const char *at = strstr(csv, format("\n\"%.*s\",", (int)strcspn(who, "_"), who));
    const char *end = at ? at + 1 + strcspn(at + 1, "\n") : NULL;
    for (int i = 0; at && i < 2 + column; i++) at = strchr(at + 1, ',');
    return at && at < end && isdigit((unsigned char)at[1]) ? atoi(at + 1) : -1;
}

static void try_class(void) {
    const char *log = BUILD "/grade.log", *grade = BUILD "/try-grade";
    char *lines, here[OS_PATH] = "";
    name = "01_dense_forward";
    lines = answer(name, 0, NULL, 0);
    char *whole = lines ? with_lines(lines) : NULL;
    os_mkdir(SUBMITTED);
    if (getcwd(here, sizeof here) == NULL || whole == NULL) {
        expect(false, "no solution");
        return;
    }
    for (size_t i = 0; i < STUDENTS; i++) {
        os_remove(format(BUILD "/graded/results/%s", student[i].who));
        if (cannot_judge(i))
            printf("SKIP class: %s: this system has no landlock\n", student[i].who);
        char *text = submission(i, whole, here);
        hand_in(i, text);
        free(text);
    }
    os_program p = command(log, tools.cc, "-O1", "-w", SHIPPED "/grade.c", "-o", grade, NULL);
    expect(works(&p), "grade.c does not compile");
    for (int again = 0; again < 3; again++) {               /* at last: all of it was late */
        p = command(log, grade, "DIR=" SUBMITTED, "CSV=" BUILD "/grades.csv", "SEED=5", "LANG=en",
                    "EX=01_dense_forward", "OUT=" BUILD "/graded",
                    again == 2 ? "DEADLINE=2020-02-02" : "DEADLINE=2999-12-31", NULL);
        expect(works(&p), "make grade fails");
        char *said = text_read(log, NULL), *csv = text_read(BUILD "/grades.csv", NULL);
        if (again) expect(said && strstr(said, " 0 files judged"), "what is known is judged again");
        for (size_t i = 0; csv && i < STUDENTS; i++) {
            if (cannot_judge(i)) continue;
            const int points = points_in(csv, student[i].who, 0);
            expect(points == student[i].points, "class: %s should have %d points, not %d",
                   student[i].who, student[i].points, points);
        }
        expect(csv && (strstr(csv, "01_dense_forward: late") != NULL) == (again == 2),
               "late is not told, or always");
        free(said);
        free(csv);
    }
    expect(os_kind(BUILD "/written") == 0, "a student wrote into " BUILD);
    free(whole);
    free(lines);
}

/* Values by student number: one's own, a neighbour's, those of the exercise as it is given. */
static void try_numbers(void) {
    static const char *const who[] = {"2026001_own", "2026002_neighbour", "2026003_without"};
    const char *log = BUILD "/grade.log", *grade = BUILD "/try-grade", *sub = BUILD "/numbers";
    name = "01_softsign";
    os_mkdir(sub);
    for (int i = 0; i < 3; i++) {
        const int own = variant_of(name, "test", format("%.7s", who[i]));
        variant = i == 0 ? own : i == 1 ? own % 5 + 1 : 0;
        char *lines = answer(name, 0, NULL, 0), *text = with_lines(lines);
        expect(own >= 1 && own <= 5, "%s: row %d", who[i], own);
        os_mkdir(format("%s/%s", sub, who[i]));
        os_remove(format(BUILD "/numbered/results/%s", who[i]));
        if (text) text_write(format("%s/%s/%s.c", sub, who[i], name), text, strlen(text));
        free(lines);
        free(text);
    }
    variant = 0;
    os_program p = command(log, grade, format("DIR=%s", sub), "CSV=" BUILD "/numbers.csv", "SEED=5",
                           "LANG=en", "COURSE=test", "OUT=" BUILD "/numbered", NULL);
    expect(works(&p), "make grade COURSE=test fails");
    char *csv = text_read(BUILD "/numbers.csv", NULL);
    char *report = text_read(BUILD "/numbered/reports/2026003_without.md", NULL);
    if (csv == NULL) return;
    int points[3];
    for (int i = 0; i < 3; i++) points[i] = points_in(csv, who[i], 0);
    expect(points[0] == 100, "one's own values: %d points", points[0]);
    expect(points[1] == 0 && strstr(csv, "01_softsign: other-variant"), "a neighbour's values: %d points",
           points[1]);
    expect(points[2] < 50 && report && strstr(report, "no-variant"),
           "values of the exercise as given: %d points", points[2]);
    free(csv);
    free(report);
    p = command(log, grade, format("DIR=%s", sub), "CSV=" BUILD "/numbers.csv", "SEED=5", "LANG=en",
                "OUT=" BUILD "/numbered", NULL);
    char *said = works(&p) ? text_read(log, NULL) : NULL;
    expect(said && strstr(said, "is COURSE= missing"), "nobody asks for a COURSE= left out");
    free(said);
}

/* ---- the handout ---- */

/* Links of a page that lead nowhere; ROOT/DIR/FILE. */
static void try_links(const char *root, const char *dir, const char *file) {
    char *text = text_read(format("%s/%s%s", root, dir, file), NULL);
    for (char *c = text; c && (c = strstr(c, "](")) != NULL; c += 2) {
        char target[200];
        snprintf(target, sizeof target, "%.*s", (int)strcspn(c + 2, ")#\n"), c + 2);
        if (*target == 0 || strstr(target, "://") || strchr(target, ' ')) continue;
        expect(os_kind(format("%s/%s%s", root, dir, target)) != 0,
               "%s%s: the link to %s is dead", dir, file, target);
    }
    free(text);
}
static void try_handout(void) {
    static const char *const dirs[] = {"", "docs/", "docs/en/", "docs/zh/"};
    const char *log = BUILD "/handout.log", *root = BUILD "/b/handout/dl.h-exercises";
    name = "handout";
    os_program p = command(log, "make", "B=" BUILD "/b", "COURSE=test", "handout", NULL);
    if (!works(&p)) {
        expect(false, "make handout fails: see %s", log);
        return;
    }
    expect(os_kind(format("%s/" ANSWERS, root)) == 0, "the solutions are in it");
    expect(os_kind(format("%s/sheets/18.md", root)) == 'f', "no sheet of chapter 18");
    for (size_t d = 0; d < sizeof dirs / sizeof *dirs; d++) {
        os_names files = os_list(format("%s/%s", root, dirs[d]));
        for (int i = 0; i < files.count; i++)
            if (strstr(files.name[i], ".md")) try_links(root, dirs[d], files.name[i]);
        free(files.name);
    }
    /* A student who has not said a number, and one who has. */
    char *lines, *text;
    const char *run = "cd \"$0\" && make learn ONCE=1 EX=01_softsign \"$@\"";
    p = command(log, "sh", "-c", run, root, "LANG=en", NULL);
    char *said = works(&p) ? text_read(log, NULL) : NULL;
    expect(said && strstr(said, "NUMBER=2026001"), "nobody is asked for a number: %s",
           said ? said : "");
    free(said);
    name = "01_softsign";
    variant = variant_of(name, "test", "2026001");
    lines = answer(name, 0, NULL, 0);
    text = with_lines(lines);
    os_mkdir(format("%s/my", root));
    if (text) text_write(format("%s/my/%s.c", root, name), text, strlen(text));
    variant = 0;
    p = command(log, "sh", "-c", run, root, "NUMBER=2026001", "LANG=zh", NULL);
    said = works(&p) ? text_read(log, NULL) : NULL;
    expect(said && strstr(said, "通过。") && strstr(said, "可以向老师要"), "in the handout: %s",
           said ? said : "");
    free(said);
    free(lines);
    free(text);
}

/* ---- Windows ---- */

/* learn.exe, made by MinGW, under wine. Its compiler is a program that asks this one to compile: it
   writes its words into a file cc-N.ask, and waits for cc-N.done. */
static const char *const asks[] = {
    "#include <windows.h>\n#include <stdio.h>\n",
    "int main(int argc, char **argv) {\n",
    "    char ask[40], part[40], done[40], text[4096];\n    int code = 1;\n",
    "    sprintf(ask, \"cc-%lu.ask\", GetCurrentProcessId());\n",
    "    sprintf(part, \"cc-%lu.new\", GetCurrentProcessId());\n",
    "    sprintf(done, \"cc-%lu.done\", GetCurrentProcessId());\n",
    "    FILE *f = fopen(part, \"wb\");\n",
    "    for (int i = 1; i < argc; i++) fprintf(f, \"%s\\n\", argv[i]);\n    fclose(f);\n",
    "    rename(part, ask);\n    while ((f = fopen(done, \"rb\")) == NULL) Sleep(10);\n",
    "    fscanf(f, \"%d\\n\", &code);\n",
    "    while (fgets(text, sizeof text, f)) fputs(text, stdout);\n    fclose(f);\n",
    "    remove(done);\n    return code;\n}\n"};
#define WINE BUILD "/wine-用户"            /* a path that is not ASCII, as many have it */

/* Compile what is asked for. */
static void answer_asks(void) {
    os_names n = os_list(WINE);
    for (int i = 0; i < n.count; i++) {
        char *dot = strstr(n.name[i], ".ask"), *asked_word[OS_WORDS] = {NULL};
        if (strncmp(n.name[i], "cc-", 3) != 0 || dot == NULL) continue;
        const char *asked = format(WINE "/%s", n.name[i]), *log = WINE "/cc.log";
        const char *compile = "cd " WINE " && exec x86_64-w64-mingw32-gcc \"$@\"";
        char *text = text_read(asked, NULL);
        os_program p = command(log, "sh", "-c", compile, "cc", NULL);
        int k = 4;
        for (char *c = text; c && *c && k < OS_WORDS - 1; k++) {
            asked_word[k] = c;
            c += strcspn(c, "\n");
            if (*c) *c++ = 0;
            p.word[k] = asked_word[k];
        }
        p.word[k] = NULL;
        const int code = !works(&p);
        char *said = text_read(log, NULL), *all = malloc(1 << 20);
        if (all == NULL) exit(3);
        snprintf(all, 1 << 20, "%d\n%s", code, said ? said : "");
        *dot = 0;
        remove(asked);
        text_write(format(WINE "/%s.part", n.name[i]), all, strlen(all));
        rename(format(WINE "/%s.part", n.name[i]), format(WINE "/%s.done", n.name[i]));
        free(text);
        free(said);
        free(all);
    }
    free(n.name);
}
/* What learn.exe says to these words. To be freed. */
static char *wine_learn(const char *a, const char *b, const char *c) {
    const char *run = "cd " WINE " && exec wine learn.exe \"$@\"";
    os_program p = command(WINE "/said", "sh", "-c", run, "learn", a, b, c, NULL);
    os_job job;
    p.wall = 60;
    os_start(&job, &p);
    while (!os_done(&job)) {
        answer_asks();
        os_sleep(20);
    }
    return text_read(WINE "/said", NULL);
}
static void try_windows(void) {
    static const char *const linked[] = {"dl.h", "examples", "tests", "data"};
    const char *gcc = "x86_64-w64-mingw32-gcc", *log = BUILD "/wine.log";
    os_program p = command(log, gcc, "--version", NULL);
    os_program q = command(log, "wine", "--version", NULL);
    name = "windows";
    if (!works(&p) || !works(&q)) {
        printf("SKIP learn.exe: no %s, or no wine\n", gcc);
        return;
    }
    char *shim = malloc(4096), here[OS_PATH] = "";
    if (shim == NULL || getcwd(here, sizeof here) == NULL) exit(3);
    shim[0] = 0;
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) strcat(shim, asks[i]);
    os_remove(WINE);                                            /* what an earlier run asked */
    os_mkdir(WINE);
    os_mkdir(WINE "/my");
    text_write(WINE "/shim.c", shim, strlen(shim));
    for (size_t i = 0; i < 4; i++)
        if (symlink(format("%s/%s", here, linked[i]), format(WINE "/%s", linked[i])) != 0 &&
            errno != EEXIST) perror(linked[i]);
    p = command(log, gcc, "-O1", "-Wall", "-Wextra", SHIPPED "/learn.c", "-o",
                WINE "/learn.exe", NULL);
    q = command(log, gcc, WINE "/shim.c", "-o", WINE "/gcc.exe", NULL);
    expect(works(&p), "learn.c does not compile with MinGW: %s", log);
    expect(works(&q), "the shim does not compile with MinGW: %s", log);
    putenv("WINEDEBUG=-all");
    putenv("CC=gcc");
    putenv("LC_ALL=C.UTF-8");                               /* or wine does not see that path */
    char *said = wine_learn("LIST=1", "LANG=zh", NULL);
    expect(said && strstr(said, "18_rms_norm") && strstr(said, "分钟"), "LIST=1: %.300s",
           said ? said : "");
    free(said);
    name = "01_softsign";
    for (int wrong = 0; wrong < 2; wrong++) {
        char *lines = answer(name, wrong, NULL, 0), *text = with_lines(lines);
        if (text) text_write(WINE "/my/01_softsign.c", text, strlen(text));
        said = wine_learn("EX=01_softsign", "LANG=en", "ONCE=1");
        expect(said && strstr(said, wrong ? "|x| is missing" : ": passed."), "under wine: %.2000s",
               said ? said : "");
        free(said);
        free(lines);
        free(text);
    }
    free(shim);
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
        {"dx[i] = dx[i] + d; dw[k] += d; y = dx[i]; mydx[i] = d; if (db[j] == 1) {}", 0, false,
         false},
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
            if (strcmp(name, "class") == 0) { try_class(); try_numbers(); continue; }
            if (strcmp(name, "time") == 0) { try_time(); continue; }
            if (strcmp(name, "handout") == 0) { try_handout(); continue; }
            if (strcmp(name, "windows") == 0) { try_windows(); continue; }
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
        try_time();
        try_class();
        try_numbers();
        try_handout();
        try_windows();
        for (int e = 0; e < all.count; e++) {
            name = all.name[e];
            if (text_has(name, "train ", NULL, 0)) try_training();
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
