/* build.h - from a learner's file to a verdict: compiles it, the judge of its exercise and what
   they need, and runs the judge. Used by learn.c, grade.c and tests/graders/try.c, from the
   directory that holds dl.h. All that it makes is in build/learn/.                            */
#ifndef BUILD_H_INCLUDED
#define BUILD_H_INCLUDED
#include "os.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>

#define BUILD    "build/learn"
#define SHIPPED  "examples/exercises"        /* the exercises as they were given                  */
#define GRADERS  "tests/graders"
#define ANSWERS  "tests/graders/solutions"   /* may be missing                                    */

static bool chinese;
#define T(english, chinese_) (chinese ? (chinese_) : (english))

/* ---- text ---- */

/* As printf, for a moment: into one of 32 buffers in turn. What is kept must be copied. */
static inline char *format(const char *f, ...) {
    static char buffer[32][OS_PATH];
    static int turn;
    va_list v;
    va_start(v, f);
    turn = (turn + 1) % 32;
    vsnprintf(buffer[turn], OS_PATH, f, v);
    va_end(v);
    return buffer[turn];
}
/* A file's bytes and a 0, to be freed; NULL when there is none. */
static inline char *text_read(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return NULL;
    char *text = malloc(1 << 20);
    const size_t n = text ? fread(text, 1, (1 << 20) - 1, f) : 0;
    fclose(f);
    if (text) text[n] = 0;
    if (size) *size = n;
    return text;
}
static inline bool text_write(const char *path, const char *text, size_t n) {
    FILE *f = fopen(path, "wb");
    if (f == NULL) return false;
    const bool ok = fwrite(text, 1, n, f) == n;
    return fclose(f) == 0 && ok;
}
static inline bool text_copy(const char *to, const char *from) {
    size_t n;
    char *text = text_read(from, &n);
    const bool ok = text && text_write(to, text, n);
    free(text);
    return ok;
}

static inline bool is_utf8(const unsigned char *s) {
    while (*s) {
        int more = *s < 0x80 ? 0 : *s >> 5 == 6 ? 1 : *s >> 4 == 14 ? 2 : *s >> 3 == 30 ? 3 : -1;
        for (s++; more > 0; more--) if ((*s++ & 0xc0) != 0x80) return false;
        if (more < 0) return false;
    }
    return true;
}
/* Editors save in many ways: without BOM, with LF, and as ASCII if it is neither that nor UTF-8
   (GBK, whose second byte may be a backslash). In place; returns the start. */
static inline char *text_plain(char *text) {
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    const bool utf8 = is_utf8((unsigned char *)text);
    char *to = text;
    for (char *from = text; *from; from++) {
        if (*from == '\r') {
            if (from[1] != '\n') *to++ = '\n';
        } else if (!utf8 && (unsigned char)*from >= 0x80) {
            *to++ = '.';
            if ((unsigned char)from[1] >= 0x40) { *to++ = '.'; from++; }
        } else *to++ = *from;
    }
    *to = 0;
    return text;
}

/* The lines between the two marks: where they begin and end; false when a mark is missing. */
static inline bool text_marked(char *text, char **from, char **to) {
    char *a = strstr(text, "/* >>>"), *b = a ? strstr(a, "/* <<<") : NULL;
    if (b == NULL || (a = strstr(a, "*/")) == NULL || (a = strchr(a, '\n')) == NULL || a > b)
        return false;
    while (b > a && b[-1] != '\n') b--;
    *from = a + 1;
    *to = b;
    return b > a;
}
static inline bool text_alike(const char *a, const char *a_end, const char *b, const char *b_end) {
    for (;; a++, b++) {                                                  /* but for white space */
        while (a < a_end && strchr(" \t\n", *a)) a++;
        while (b < b_end && strchr(" \t\n", *b)) b++;
        if (a == a_end || b == b_end) return a == a_end && b == b_end;
        if (*a != *b) return false;
    }
}

/* A text of a description: what stands between the line "@en 1" (say) and the next that begins with
   an @ or ends the comment. NULL when there is none; to be freed. */
static inline char *text_of(const char *exercise, const char *tag) {
    char *all = text_read(format(GRADERS "/%s.c", exercise), NULL), *found = NULL;
    if (all == NULL) return NULL;
    char *a = strstr(text_plain(all), format("\n@%s\n", tag));
    if (a) {
        a = strchr(a + 1, '\n') + 1;
        char *end = strstr(a, "\n@"), *stop = strstr(a, "*/");
        if (end == NULL || (stop && stop < end)) end = stop;
        if (end) {
            *end = 0;
            while (end > a && strchr(" \n", end[-1])) *--end = 0;
            found = malloc(strlen(a) + 1);
            if (found) strcpy(found, a);
        }
    }
    free(all);
    return found;
}
/* Does the description have a line that begins with this? What follows, or "". */
static inline bool text_has(const char *exercise, const char *tag, char *value, size_t size) {
    char *all = text_read(format(GRADERS "/%s.c", exercise), NULL);
    char *a = all ? strstr(all, format("\n@%s", tag)) : NULL;
    if (a && value) {
        a += strlen(tag) + 2;
        a += strspn(a, " ");
        snprintf(value, size, "%.*s", (int)strcspn(a, "\r\n"), a);
    }
    free(all);
    return a != NULL;
}

/* ---- variants: one exercise with other values ---- */

/* A description may have a table "@variants": names, and a row of values for each variant. In front
   of the -> stands what an exercise sets, behind it what comes of it:

       a -> y
       1 -> (0.5, -0.75, 0)
       2 -> (0.3333, -0.4286, 0)

   The first row is the exercise as it is given. In the others, "a = 1" of its text becomes "a = 2",
   and so on; in hints and solutions $a is the value. */
enum { MOST_VARIANTS = 12, MOST_COLUMNS = 8 };
typedef struct variants {
    int  rows, columns;                              /* rows: without the names */
    char name[MOST_COLUMNS][24], value[MOST_VARIANTS][MOST_COLUMNS][80];
    bool set[MOST_COLUMNS];                          /* it stands in front of the ->              */
} variants;
static int variant;                                  /* the row that is given and judged          */

/* False when the exercise has none, and is the same for everybody. */
static inline bool variants_read(variants *v, const char *exercise) {
    char *text = text_of(exercise, "variants");
    memset(v, 0, sizeof *v);
    v->rows = -1;
    for (char *c = text; c && *c && v->rows < MOST_VARIANTS; c += *c == '\n', v->rows++) {
        bool set = true;
        for (int k = 0; k < MOST_COLUMNS && *c && *c != '\n'; k++) {
            char *end = c, cell[80];
            while (*end && *end != '\n' && *end != '|' && strncmp(end, "->", 2) != 0) end++;
            const char *last = end;
            c += strspn(c, " ");
            while (last > c && last[-1] == ' ') last--;
            snprintf(cell, sizeof cell, "%.*s", (int)(last - c), c);
            if (v->rows >= 0) strcpy(v->value[v->rows][k], cell);
            else {
                snprintf(v->name[k], sizeof v->name[k], "%.23s", cell);
                v->set[k] = set;
                v->columns = k + 1;
            }
            set = set && *end != '-';
            c = end + (*end == '|' ? 1 : *end == '-' ? 2 : 0);
        }
    }
    free(text);
    return v->rows > 1;
}

/* Which row a student has: 0 without a course or a number, else one of the others. */
static inline uint64_t text_hash(uint64_t h, const char *text) {
    for (; text && *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}
static inline int variant_of(const char *exercise, const char *course, const char *number) {
    variants v;
    if (*course == 0 || *number == 0 || !variants_read(&v, exercise)) return 0;
    uint64_t h = text_hash(14695981039346656037u, format("%s/%s/%s", course, exercise, number));
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    return 1 + (int)((h ^ (h >> 33)) % (uint64_t)(v.rows - 1));
}

static inline bool is_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The values of the variant in a text of the exercise. Frees the text; to be freed. */
static inline char *variant_fill(char *text, const char *exercise) {
    variants v;
    if (text == NULL || !variants_read(&v, exercise)) return text;
    char *to = malloc(1 << 20), *out = to, set[2][MOST_COLUMNS][120];
    if (to == NULL) exit(3);
    for (int k = 0; k < v.columns; k++) {
        sprintf(set[0][k], "%s = %s", v.name[k], v.value[0][k]);
        sprintf(set[1][k], "%s = %s", v.name[k], v.value[variant][k]);
    }
    for (const char *c = text; *c && out - to < (1 << 20) - 200;) {
        const char *value = NULL;
        size_t used = 1;
        for (int k = 0; k < v.columns && !value; k++) {
            const size_t n = strlen(v.name[k]), m = strlen(set[0][k]);
            if (*c == '$' && strncmp(c + 1, v.name[k], n) == 0 && !is_name(c[1 + n])) {
                value = v.value[variant][k];
                used = 1 + n;
            } else if (strncmp(c, set[0][k], m) == 0 && !is_name(c[m]) &&
                       (c == text || !is_name(c[-1]))) {
                value = set[1][k];
                used = m;
            }
        }
        if (value) out += sprintf(out, "%s", value);
        else *out++ = *c;
        c += used;
    }
    *out = 0;
    free(text);
    return to;
}

/* The exercise as it is given; to be freed. */
static inline char *given(const char *exercise) {
    return variant_fill(text_read(format(SHIPPED "/%s.c", exercise), NULL), exercise);
}

/* The solution, or the n-th wrong variant, of tests/graders/solutions/: the lines behind
   "//@ solution" or "//@ wrong NAME"; to be freed. name gets NAME. */
static inline char *answer(const char *exercise, int wrong, char *name, size_t size) {
    char *all = text_read(format(ANSWERS "/%s.c", exercise), NULL), *found = NULL;
    char *a = all ? text_plain(all) : NULL;
    for (int n = 0; a && (a = strstr(a, "//@ ")) != NULL; ) {
        const bool is_wrong = strncmp(a, "//@ wrong ", 10) == 0;
        char *body = strchr(a, '\n');
        if (body == NULL) break;
        if (is_wrong ? ++n == wrong : wrong == 0) {
            if (name) snprintf(name, size, "%.*s", (int)(body - a - 10), a + 10);
            char *end = strstr(body, "\n//@ ");
            if (end) end[1] = 0;
            found = malloc(strlen(body));
            if (found) strcpy(found, body + 1);
            break;
        }
        a = body;
    }
    free(all);
    return variant_fill(found, exercise);
}

/* ---- what an exercise's first line says ---- */

/* "01_dense_forward: fill in, 5 minutes, level 1, required, fast track" */
typedef struct head {
    char kind[16], place[16];    /* fill in, derive, debug, measure, open; required, harder, open */
    int  minutes, level;
    bool fast;
} head;
static inline bool head_read(head *h, const char *exercise) {
    char *text = text_read(format(SHIPPED "/%s.c", exercise), NULL), line[200] = "";
    if (text) snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\r\n"), text);
    free(text);
    memset(h, 0, sizeof *h);
    h->fast = strstr(line, "fast track") != NULL;
    const char *a = strchr(line, ':');
    return a && strncmp(line + 3, exercise, strlen(exercise)) == 0 &&
           sscanf(a + 1, " %15[a-z ], %d minutes, level %d, %15[a-z]", h->kind, &h->minutes,
                  &h->level, h->place) == 4;
}

/* The exercises there are: NN_name. */
static inline os_names exercises(void) {
    os_names all = os_list(SHIPPED), some = {NULL, 0};
    for (int i = 0; i < all.count; i++) {
        char *n = all.name[i];
        const size_t k = strlen(n);
        if (n[0] < '0' || n[0] > '9' || n[1] < '0' || n[1] > '9' || n[2] != '_') continue;
        if (k < 5 || strcmp(n + k - 2, ".c") != 0) continue;
        n[k - 2] = 0;
        os_names_add(&some, n);
    }
    free(all.name);
    return some;
}

/* ---- the compiler ---- */

static struct {
    char cc[200];
    bool sanitizer;
} tools;

/* Words of a command line, NULL at the end; pieces with spaces in them stay whole. */
static inline os_program command(const char *out, ...) {
    os_program p;
    memset(&p, 0, sizeof p);
    p.out = out;
    va_list v;
    va_start(v, out);
    for (int n = 0; n < OS_WORDS - 1; n++)
        if ((p.word[n] = va_arg(v, const char *)) == NULL) break;
    va_end(v);
    return p;
}
static inline bool works(const os_program *p) {
    const os_job j = os_run(p);
    return j.end == OS_EXITED && j.code == 0;
}

/* Find a compiler (CC, or the usual names) and whether it has sanitizers; once for each CC. */
static inline bool tools_find(void) {
    static const char *const usual[] = {"cc", "gcc", "clang", "tcc"};
    const char *wish = getenv("CC");
    char path[OS_PATH];
    os_mkdir("build");
    os_mkdir(BUILD);
    snprintf(path, sizeof path, BUILD "/tools-%s", wish && *wish ? wish : "any");
    for (char *c = path + strlen(BUILD) + 1; *c; c++) if (strchr("/\\ :", *c)) *c = '-';
    char *known = text_read(path, NULL);
    int san = 0;
    const bool found = known && sscanf(known, "%199[^\n]\n%d", tools.cc, &san) == 2;
    free(known);
    tools.sanitizer = san != 0;
    if (found) return true;
    const char *source = BUILD "/hello.c", *program = BUILD "/hello.exe", *log = BUILD "/hello.log";
    const char *text = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";
    text_write(source, text, strlen(text));
    for (int i = -1; i < 4; i++) {
        if (i < 0 && !(wish && *wish)) continue;
        snprintf(tools.cc, sizeof tools.cc, "%s", i < 0 ? wish : usual[i]);
        os_program p = command(log, tools.cc, source, "-o", program, NULL);
        os_program run = command(log, program, NULL);
        if (!works(&p) || !works(&run)) continue;
        p = command(log, tools.cc, "-fsanitize=address,undefined", source, "-o", program, NULL);
        tools.sanitizer = works(&p) && works(&run);
        const char *is = format("%s\n%d\n", tools.cc, tools.sanitizer);
        text_write(path, is, strlen(is));
        return true;
    }
    return false;
}

/* Is the file older than one of these? */
static inline bool stale(const char *made, ...) {
    const double t = os_time(made);
    bool old = t == 0;
    va_list v;
    va_start(v, made);
    for (const char *from; (from = va_arg(v, const char *)) != NULL;) old = old ||
        os_time(from) > t;
    va_end(v);
    return old;
}
/* Run a compiler of ours; what it says is a fault of ours. The result appears at once and whole,
   for several may be at work. */
static inline bool make(const char *result, os_program p, const char *temporary) {
    const char *log = p.out = format("%s.log", temporary);
    if (!works(&p)) {
        char *said = text_read(log, NULL);
        fprintf(stderr, "%s: %s\n%.4000s\n", tools.cc, result, said ? said : "");
        free(said);
        return false;
    }
    remove(log);
#ifdef _WIN32
    remove(result);
#endif
    return rename(temporary, result) == 0;
}
#define OURS "-I.", "-I" SHIPPED, "-w"

static inline const char *unfinished(const char *result) {
    return format("%s-%.0f", result, os_seconds() * 1e6);
}

/* dl.h as the judges use it (double, not optimized: three seconds), and as the learner's kernels
   train with it (float: half a minute, so it is begun early). */
static inline const char *library_file(bool is_float) {
    const char *name = tools.cc;
    for (const char *c = name; *c; c++) if (strchr("/\\:", *c)) name = c + 1;
    return format(BUILD "/dl-%s-%s.o", is_float ? "float" : "double", name);
}
static inline os_program library_command(bool is_float, const char *part) {
    const char *source = BUILD "/dl.c", *text = "#define DL_IMPLEMENTATION\n#include \"dl.h\"\n";
    if (os_time(source) == 0) text_write(source, text, strlen(text));
    return command(format("%s.log", part), tools.cc, OURS, is_float ? "-O2" : "-O0",
                   is_float ? "-DDL_REAL=float" : "-DDL_REAL=double", "-c", source, "-o", part,
                       NULL);
}
static os_job library_job;               /* of the float library, in the background */
static char library_part[OS_PATH];
static inline void library_begin(void) {
    if (library_part[0] || !stale(library_file(true), "dl.h", NULL)) return;
    strcpy(library_part, unfinished(library_file(true)));
    const os_program p = library_command(true, library_part);
    os_start(&library_job, &p);
}
static inline bool library(bool is_float) {
    if (!stale(library_file(is_float), "dl.h", NULL)) return true;
    if (is_float && library_part[0]) {
        os_wait(&library_job);
#ifdef _WIN32
        remove(library_file(true));
#endif
        const bool ok = library_job.end == OS_EXITED && library_job.code == 0 &&
                        rename(library_part, library_file(true)) == 0;
        remove(format("%s.log", library_part));
        library_part[0] = 0;
        if (ok) return true;
    }
    const char *part = unfinished(library_file(is_float));
    return make(library_file(is_float), library_command(is_float, part), part);
}

/* The judge of an exercise, build/learn/judge-NN_name. */
#define JUDGE_FILES SHIPPED "/judge.c", SHIPPED "/diagnose.h", SHIPPED "/grader.h", \
                    SHIPPED "/os.h", "dl.h"
static inline const char *judge_file(const char *exercise) {
    return format(BUILD "/judge-%s.exe", exercise);
}
static inline bool judge_ready(const char *exercise) {
    const char *object = BUILD "/judge.o", *result = judge_file(exercise), *part;
    const char *source = format(GRADERS "/%s.c", exercise);
    if (!stale(result, source, JUDGE_FILES, NULL)) return true;
    part = unfinished(object);
    if (!library(false) ||
        (stale(object, JUDGE_FILES, NULL) &&
         !make(object, command(NULL, tools.cc, OURS, "-O1", "-DDL_REAL=double", "-c",
                               SHIPPED "/judge.c", "-o", part, NULL), part)))
        return false;
    part = unfinished(result);
    return make(result, command(NULL, tools.cc, OURS, "-O1", "-DDL_REAL=double", source, object,
                                library_file(false), "-o", part, "-lm", NULL), part);
}

/* ---- a learner's file ---- */

typedef struct check_options {
    uint64_t seed;
    bool     all;                /* every check, not up to the first that fails; in a jail        */
    bool     quick;              /* no sanitizer, and double alone                                */
} check_options;

/* Compile the child into dir: by which name, and how. */
typedef enum child_kind { CHILD_DOUBLE, CHILD_FLOAT, CHILD_TRAIN } child_kind;
static inline os_program child_command(const char *dir, const char *exercise, child_kind kind,
                                       bool sanitized, char paths[5][OS_PATH]) {
    static const char *const names[] = {"double", "float", "train"};
    snprintf(paths[0], OS_PATH, "%.900s/all-%s.c", dir, names[kind]);
    snprintf(paths[1], OS_PATH, "%.900s/child-%s", dir, names[kind]);
    snprintf(paths[2], OS_PATH, "%.900s/compiler-%s", dir, names[kind]);
    snprintf(paths[3], OS_PATH, "-I%.900s", dir);
    const char *all = format("#include \"exercise.c\"\n#undef main\n"
                             "#undef CHILD\n#define CHILD\n#undef TRAIN\n"
                             "%s#include \"" GRADERS "/%s.c\"\n"
                             "%s",
                                 kind == CHILD_TRAIN ? "#define TRAIN\n" : "#include \"child.c\"\n",
                             exercise, kind == CHILD_TRAIN ? "#include \"train.c\"\n" : "");
    text_write(paths[0], all, strlen(all));
    os_program p = command(paths[2], tools.cc, "-I.", "-I" SHIPPED, paths[3], "-DCHILD", "-Wall",
                           "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function",
                           kind ? "-DDL_REAL=float" : "-DDL_REAL=double",
                           kind == CHILD_TRAIN ? "-O2" : "-O1", "-o", paths[1], paths[0], NULL);
    int n = 0;
    while (p.word[n]) n++;
    if (strstr(tools.cc, "tcc") == NULL) p.word[n++] = "-Werror=implicit-function-declaration";
    if (kind == CHILD_TRAIN || text_has(exercise, "library", NULL, 0)) {
        strcpy(paths[4], library_file(kind != CHILD_DOUBLE));
        p.word[n++] = paths[4];
    }
    if (sanitized) {
        p.word[n++] = "-g1";                     /* lines are all that is wanted of it */
        p.word[n++] = "-fsanitize=address,undefined";
        p.word[n++] = "-fno-sanitize-recover=all";
        p.word[n++] = "-DSANITIZED";
    }
    p.word[n++] = "-lm";
    p.word[n] = NULL;
    p.cpu = 60;
    p.memory = 2048;
    return p;
}

/* How many { more than }, outside of comments, strings and characters. */
static inline int braces_open(const char *c) {
    int open = 0;
    for (; *c; c++) {
        if (c[0] == '/' && c[1] == '/') c += strcspn(c, "\n");
        else if (c[0] == '/' && c[1] == '*') {
            if ((c = strstr(c + 2, "*/")) == NULL) break;
            c++;
        } else if (*c == '"' || *c == '\'') {
            const char quote = *c++;
            while (*c && *c != quote && *c != '\n') c += 1 + (*c == '\\' && c[1]);
        } else open += (*c == '{') - (*c == '}');
        if (*c == 0) break;
    }
    return open;
}

/* 1 / N or 1 / 2 between the marks, which is a division of whole numbers: where, or NULL. */
static inline const char *whole_division(const char *from, const char *to) {
    for (const char *c = from; c < to; c++) {
        if (*c < '0' || *c > '9') continue;
        const char *before = c, *d = c;
        while (before > from && strchr(" \t\n", before[-1])) before--;
        while (*d >= '0' && *d <= '9') d++;
        const char *end = d + strspn(d, " ");
        const bool alone = c == from || !(isalnum((unsigned char)c[-1]) ||
                                         strchr("._", c[-1]) || strchr("*/)", before[-1]));
        if (alone && *end == '/') {
            end += 1 + strspn(end + 1, " ");
            const char *last = end;
            while (isdigit((unsigned char)*last)) last++;
            if (last == end && *end >= 'A' && *end <= 'Z') last++;
            if (last > end && !isalnum((unsigned char)*last) && !strchr("._", *last)) return c;
        }
        c = d - 1;
    }
    return NULL;
}

/* dx[...] = between the marks, where the description has +dx: where, or NULL. */
static inline const char *set_not_added(const char *exercise, const char *from, const char *to) {
    char *all = text_read(format(GRADERS "/%s.c", exercise), NULL), name[20];
    const char *found = NULL;
    for (const char *a = all; a && !found && (a = strchr(a, '+')) != NULL; a++) {
        if (sscanf(a, "+%15[a-zA-Z0-9_]", name) != 1) continue;
        const size_t n = strlen(name);
        name[n] = '[';
        name[n + 1] = 0;
        if (strncmp(a + 1, name, n + 1) != 0) continue;
        for (const char *c = from; c < to && !found; c++) {
            if (strncmp(c, name, n + 1) != 0 || isalnum((unsigned char)c[-1]) || c[-1] == '_')
                continue;
            const char *d = c + n;
            for (int depth = 0; d < to; d++)
                if ((depth += (*d == '[') - (*d == ']')) == 0) break;
            d += 1 + strspn(d + 1, " \t");
            if (d >= to || *d != '=' || d[1] == '=') continue;
            const char *again = strstr(d, name), *end = strchr(d, ';');
            if (again == NULL || again > end) found = c;      /* and not dx[i] = dx[i] + ... */
        }
    }
    free(all);
    return found;
}

/* What a compiler's words mean, where they do not help a beginner. */
static const struct { const char *word, *en, *zh; } compiler_words[] = {
    {"comma", "C has no x[i,k]: write x[i * D + k], with the length of a row.",
              "C 里没有 x[i,k]：写 x[i * D + k]，D 是一行的长度。"},
    {"binary ^", "^ is no power in C: use pow(a, b), or multiply.",
                 "C 的 ^ 不是乘方：用 pow(a, b)，或者自己连乘。"},
    {"to binary expression", "An operator does not go with its operands (^ is no power: use pow).",
                             "运算符与两边的类型不合（^ 不是乘方，乘方用 pow）。"},
    {"statement with no effect", "= sets a variable, == compares.", "赋值用 = ，== 是比较。"},
    {"result unused", "= sets a variable, == compares.", "赋值用 = ，== 是比较。"},
    {"assignment used as truth value", "= sets a variable, == compares.", "比较用 == ，= 是赋值。"},
    {"result of an assignment as a condition", "= sets a variable, == compares.",
                                               "比较用 == ，= 是赋值。"},
    {"uninitialized", "A variable is read before it has a value: a sum begins with = 0.",
                      "变量还没有值就读了：求和要先写 = 0。"},
    {"exponentiation", "^ is no power in C: use pow(a, b), or multiply.",
                       "C 的 ^ 不是乘方：用 pow(a, b)，或者自己连乘。"},
};

/* The compiler's words about the learner's lines; in the report. */
static inline const char *report_compiler(FILE *report, const char *path, bool failed,
                                          const char *exercise, const char *file,
                                          const char *text) {
    char *said = text_read(path, NULL), *line = said;
    const char *diagnosis = "compile";
    if (said == NULL || *said == 0) { free(said); return diagnosis; }
    const int open = failed ? braces_open(text) : 0;
    if (open != 0) {                  /* the compiler would speak of a file that is not theirs */
        fprintf(report, T("\n  The braces of %s do not match: there are more %s than %s, by %d. "
                          "Look at where each { ends.\n",
                          "\n  %s 的花括号不配对：%s 比 %s 多 %d 个。看看每个 { 在哪里结束。\n"),
                file, open > 0 ? "{" : "}", open > 0 ? "}" : "{", abs(open));
        free(said);
        return "braces";
    }
    char *gone = strstr(said, "implicit declaration of function");
    if (gone == NULL) gone = strstr(said, "undefined reference to");
    char function[64] = "";
    if (gone) sscanf(gone + strcspn(gone, "'\"`\xe2"), "%*[^a-zA-Z_]%63[a-zA-Z0-9_]", function);
    const bool of_ours = strncmp(function, "dl_", 3) == 0 || strncmp(function, "dlk_", 4) == 0;
    if (failed && gone && (of_ours || !strstr(text, format("%s(", function)))) {
        if (of_ours) {
            diagnosis = "library";
            fprintf(report, T("\n  %s is dl.h's, and not linked here: write it yourself.\n",
                              "\n  %s 是 dl.h 的函数，这里没有连接它：请自己写。\n"), function);
        } else {
            diagnosis = "missing";
            fprintf(report,
                    T("\n  The function %s is not in your file. (make learn EX=%s RESET=1 gives "
                              "the file as it was; yours is kept.)\n",
                                  "\n  你的文件里没有函数 %s 。"
                              "（make learn EX=%s RESET=1 恢复原来的文件，你写的会备份。）\n"),
                    function, exercise);
        }
        free(said);
        return diagnosis;
    }
    if (failed) fprintf(report, T("\n  It does not compile:\n", "\n  编译不通过：\n"));
    else fprintf(report, T("\n  The compiler warns:\n", "\n  编译器警告：\n"));
    /* A fault of theirs may draw complaints about files of ours after it: those say nothing. */
    const bool theirs = strstr(said, format("%s:", file)) != NULL;
    bool shown = true;
    for (int n = 0; *line && n < (failed ? 20 : 8);) {
        const size_t k = strcspn(line, "\n");
        if (*line != ' ') shown = !theirs || strncmp(line, file, strlen(file)) == 0;
        if (shown && strncmp(line, "In file included from", 21) != 0) {
            fprintf(report, "    %.*s\n", (int)(k < 160 ? k : 160), line);
            n++;
        }
        line += k + (line[k] != 0);
    }
    for (size_t w = 0; w < sizeof compiler_words / sizeof *compiler_words; w++)
        if (strstr(said, compiler_words[w].word)) {
            fprintf(report, "    -> %s\n", T(compiler_words[w].en, compiler_words[w].zh));
            break;
        }
    free(said);
    return diagnosis;
}

/* The judge gets all rows as "a=2|>y=(0.3333, -0.4286, 0)|", and the number of the one to go by. */
static inline void variant_words(os_program *p, const char *exercise) {
    static char number[8], row[MOST_VARIANTS][700];
    variants v;
    int n = 0;
    if (!variants_read(&v, exercise)) return;
    while (p->word[n]) n++;
    snprintf(number, sizeof number, "%d", variant);
    p->word[n++] = number;
    for (int r = 0; r < v.rows; r++) {
        size_t at = 0;
        for (int k = 0; k < v.columns; k++)
            at += (size_t)snprintf(row[r] + at, sizeof row[r] - at, "%s%s=%s|",
                                   v.set[k] || (k > 0 && !v.set[k - 1]) ? "" : ">", v.name[k],
                                   v.value[r][k]);
        p->word[n++] = row[r];
    }
}

/* The line of the head that states a student's values: from "Values" to its end; "" if none. */
static inline const char *values_line(const char *text) {
    const char *a = strstr(text, "Values 数值:");
    return a ? format("%.*s", (int)strcspn(a, "\r\n"), a) : "";
}

static inline void verdict_add(const char *dir, const char *line) {
    FILE *f = fopen(format("%s/verdicts", dir), "ab");
    if (f == NULL) exit(3);
    fprintf(f, "%s\n", line);
    fclose(f);
}

/* The line of an #include that is neither of the C library nor of exercise.h, or NULL. */
static inline char *includes_more(char *text) {
    static const char *const allowed[] = {"\"exercise.h\"", "<math.h>", "<stdbool.h>", "<stdio.h>",
        "<stdlib.h>", "<string.h>", "<float.h>", "<limits.h>", "<stdint.h>", "<stddef.h>"};
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, " \t\n");
        char *c = line + (*line == '#');
        c += strspn(c, " \t");
        if (*line != '#' || strncmp(c, "include", 7) != 0) continue;
        c += 7 + strspn(c + 7, " \t");
        bool fine = false;
        for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
            fine = fine || strncmp(c, allowed[k], strlen(allowed[k])) == 0;
        if (!fine) return line;
    }
    return NULL;
}

/* Compile and judge the file of an exercise. dir is empty at first (os_temp); afterwards it holds
   "report", the words for the learner, and "verdicts", a line for each check. True: all passed. */
static inline bool check(const char *file, const char *exercise, const char *dir,
                         const check_options *o) {
    char paths[2][5][OS_PATH];
    const bool sanitized = tools.sanitizer && !o->quick;
    FILE *report = fopen(format("%s/report", dir), "wb");
    char *text = text_read(file, NULL), *stub = given(exercise);
    if (report == NULL || stub == NULL || !judge_ready(exercise)) exit(3);
    if (text_has(exercise, "library", NULL, 0) && !(library(false) && (o->quick || library(true))))
        exit(3);
    char *plain = text ? text_plain(text) : NULL, *a, *a_end, *b, *b_end;
    bool passed = false;
    if (plain == NULL) {
        verdict_add(dir, "file failed missing");
        fprintf(report, T("\n  There is no file %s.\n", "\n  没有文件 %s 。\n"), file);
    } else if (text_marked(plain, &a, &a_end) && text_marked(stub, &b, &b_end) &&
               text_alike(a, a_end, b, b_end)) {
        verdict_add(dir, "stub failed stub");
        fprintf(report, T("\n  Nothing is written yet in %s between the marks >>> and <<< .\n",
                          "\n  %s 里，两个标记 >>> 与 <<< 之间还没有改动。\n"), file);
    } else if (o->all && (a = includes_more(plain)) != NULL) {
        verdict_add(dir, "compile failed include");
        fprintf(report, T("\n  This has no place in an exercise: %.*s\n",
                          "\n  练习里不许有：%.*s\n"), (int)strcspn(a, "\n"), a);
    } else {
        FILE *f = fopen(format("%s/exercise.c", dir), "wb");
        if (f == NULL) exit(3);
        fprintf(f, "#define main learners_main\n#line 1 \"%s\"\n%s\n", file, plain);
        fclose(f);
#ifdef _WIN32
        _putenv(sanitized ? "SANITIZED=1" : "SANITIZED=0");
#else
        setenv("SANITIZED", sanitized ? "1" : "0", 1);
        setenv("ASAN_OPTIONS", o->all ? "exitcode=66:detect_leaks=0:hard_rss_limit_mb=1000"
                                      : "exitcode=66:hard_rss_limit_mb=1000", 1);
        if (o->all) setenv("TMPDIR", dir, 1);
        setenv("UBSAN_OPTIONS", "exitcode=66:print_stacktrace=0", 1);
#endif
        os_program two[2];
        os_job job[2];
        for (int k = 0; k < (o->quick ? 1 : 2); k++) {              /* both at once */
            two[k] = child_command(dir, exercise, k == 0 ? CHILD_DOUBLE : CHILD_FLOAT,
                                   k == 0 && sanitized, paths[k]);
            if (o->all) {                /* so that no #include reads what is not for students */
                two[k].home = dir;
                two[k].look[0] = SHIPPED;
                two[k].look[1] = "dl.h";
                two[k].look[2] = format(GRADERS "/%s.c", exercise);
                two[k].look[3] = library_file(k == 1);
            }
            os_start(&job[k], &two[k]);
        }
        for (int k = 0; k < (o->quick ? 1 : 2); k++) os_wait(&job[k]);
        passed = job[0].end == OS_EXITED && job[0].code == 0;
        const char *wrong = report_compiler(report, paths[0][2], !passed, exercise, file,
                                            plain);
        if (!passed) verdict_add(dir, format("compile failed %s", wrong));
        const char *seed = format("%llu", (unsigned long long)o->seed);
        const bool compiled = passed;
        for (int k = 0; k < (o->quick ? 1 : 2) && compiled && (passed || o->all); k++) {
            const char *said = format("%s/said", dir);
            os_program p = command(said, judge_file(exercise), dir, k ? "float" : "double",
                                   T("en", "zh"), seed,
                                   o->all ? "all" : o->quick ? "quick" : "first",
                                   format("%s/verdicts", dir), NULL);
            variant_words(&p, exercise);
            const os_job j = os_run(&p);
            char *words = text_read(said, NULL);
            if (words && passed) fputs(words, report);       /* float seldom adds anything */
            free(words);
            if (j.end != OS_EXITED || j.code > 1) {
                verdict_add(dir, "judge failed judge");
                fprintf(report, "\n  judge: %d\n", j.code);
            }
            passed = passed && j.end == OS_EXITED && j.code == 0;
        }
        const char *values = values_line(stub);
        if (!passed && variant > 0 && strstr(plain, values) == NULL)
            fprintf(report, T("    And: the head of %s states other values than yours. Yours: %s\n",
                              "    另外：%s 开头写的不是你的数值。你的是：%s\n"), file, values);
        const bool look = compiled && !passed && text_marked(plain, &a, &a_end);
        const char *whole = look ? whole_division(a, a_end) : NULL;
        const char *set = look ? set_not_added(exercise, a, a_end) : NULL;
        if (set)
            fprintf(report, T("    And: \"%.*s\" overwrites what is there; here it is added: +=\n",
                              "    另外：“%.*s” 会盖掉原来的数；这里要累加：用 +=\n"),
                    (int)strcspn(set, "=") + 1, set);
        if (whole)
            fprintf(report, T("    And: \"%.*s\" divides whole numbers, which drops the fraction: "
                              "write 1.0 / ...\n",
                              "    另外：“%.*s” 是整数除以整数，会舍去小数：写成 1.0 / ...\n"),
                    (int)strcspn(whole, ";,)\n"), whole);
    }
    fclose(report);
    free(text);
    free(stub);
    return passed;
}

/* ---- the learner's kernel trains MNIST ---- */

/* The first n images of one of its files (labels: 1 byte each) into dir. */
static inline bool mnist_part(const char *dir, const char *file, int n, int head_bytes, int each) {
    char *bytes = malloc((size_t)head_bytes + (size_t)n * (size_t)each);
    FILE *f = fopen(format("data/mnist/%s", file), "rb");
    const size_t size = (size_t)head_bytes + (size_t)n * (size_t)each;
    bool ok = f && bytes && fread(bytes, 1, size, f) == size;
    if (ok) {
        for (int i = 0; i < 4; i++) bytes[4 + i] = (char)(n >> (24 - 8 * i));   /* the count */
        ok = text_write(format("%s/%s", dir, file), bytes, size);
    }
    if (f) fclose(f);
    free(bytes);
    return ok;
}

/* After check() passed, in its directory, if the exercise has a @train. The program's words go to a
   file, or are printed (NULL). */
static inline bool train(const char *exercise, const char *dir, int images, const char *words) {
    char net[32], paths[5][OS_PATH], box[OS_PATH];
    if (!text_has(exercise, "train ", net, sizeof net)) return true;
    if (!mnist_part(dir, "train-images-idx3-ubyte", images, 16, 784) ||
        !mnist_part(dir, "train-labels-idx1-ubyte", images, 8, 1) ||
        !mnist_part(dir, "t10k-images-idx3-ubyte", images / 2, 16, 784) ||
        !mnist_part(dir, "t10k-labels-idx1-ubyte", images / 2, 8, 1) || !library(true))
        return false;
    os_program compile = child_command(dir, exercise, CHILD_TRAIN, false, paths);
    if (!works(&compile)) return false;
    os_program p = command(words, paths[1], T("en", "zh"), net, dir, NULL);
    p.cpu = 60;
    p.wall = 120;
    p.memory = 2048;
    os_box(box, dir);
    p.jail = box;
    const os_job j = os_run(&p);
    if (j.end == OS_SLOW)
        printf(T("  It did not end within a minute: much slower than three plain loops.\n",
                 "  一分钟还没有完：比普通的三重循环慢得多。\n"));
    return j.end == OS_EXITED && j.code == 0;
}

#endif /* BUILD_H_INCLUDED */
