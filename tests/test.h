/* test.h - the harness that all tests of dl.h share. A test program looks like this:

       #define DL_IMPLEMENTATION
       #include "../dl.h"
       #include "test.h"

       static void relu_of_nan(void) { ...; CHECK(y[0] != y[0], "relu(NaN) = %g", (double)y[0]); }
       int main(void) { TEST(relu_of_nan); return test_end(); }

   It prints what failed, then as its last line "N passed, N failed" (tests, that is functions given
   to TEST), and returns 1 when one failed. A test that checked nothing has failed, too. CHECK and
   the others return whether they passed, for "if (!CHECK(...)) return;". What a machine cannot
   test is named by SKIP and counted in a line "N skipped" before the last. Run from the directory
   above tests/ or from tests/, so that golden files are found. */
#ifndef DL_TEST_H
#define DL_TEST_H

#include "../dl.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tolerance of array comparisons: |a - b| <= TEST_TOL |b| + TEST_TOL max |b|. */
#define TEST_TOL (sizeof(dl_real) == sizeof(double) ? 1e-9 : 1e-5)

static int test_passed, test_failed;       /* tests so far                    */
static int test_skipped;                   /* calls of SKIP so far            */
static int test_checks, test_check_fails;  /* checks in the test that runs now */
static const char *test_name = "";

/* True when cond is; else prints where, what and the printf-like message. */
#define CHECK(cond, ...) test_check((cond) ? true : false, __FILE__, __LINE__, #cond, __VA_ARGS__)
/* |a - b| <= atol + rtol |b|; NaN is close to NaN, an infinity to itself. */
#define CHECK_CLOSE(a, b, rtol, atol) \
    test_check_close((double)(a), (double)(b), rtol, atol, __FILE__, __LINE__, #a)
/* n elements of got and want (both dl_real *) agree by TEST_TOL; or by a tolerance of your own. */
#define CHECK_ARRAY(got, want, n) test_check_array(got, want, n, TEST_TOL, __FILE__, __LINE__, #got)
#define CHECK_ARRAY_TOL(got, want, n, tol) \
    test_check_array(got, want, n, tol, __FILE__, __LINE__, #got)
/* The context has this error and its text contains part; the error is then forgotten. */
#define CHECK_ERROR(dl, code, part) test_check_error(dl, code, part, __FILE__, __LINE__, #code)
/* Something that cannot be tested here: printf-like, what and why. */
#define SKIP(...) (test_skipped++, test_checks++, printf("SKIP %s: ", test_name), \
                   printf(__VA_ARGS__), printf("\n"))
/* Run a test: a function without arguments. */
#define TEST(function) test_run(function, #function)

#ifdef __GNUC__
__attribute__((format(printf, 5, 6)))
#endif
static inline bool test_check(bool ok, const char *file, int line, const char *what,
                              const char *format, ...)
{
    test_checks++;
    if (ok) return true;
    if (++test_check_fails <= 10) { /* the first ten tell enough */
        va_list args;
        printf("%s:%d: %s: %s\n    ", file, line, test_name, what);
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        printf("\n");
    }
    return false;
}

static inline bool test_close(double a, double b, double tolerance)
{
    return a == b || (a != a && b != b) || fabs(a - b) <= tolerance;
}

static inline bool test_check_close(double a, double b, double rtol, double atol,
                                    const char *file, int line, const char *what)
{
    const double allowed = fabs(b) < (double)INFINITY ? atol + rtol * fabs(b) : 0;
    return test_check(test_close(a, b, allowed), file,
                      line, what, "is %.17g, should be %.17g (off by %g)", a, b, fabs(a - b));
}

static inline bool test_check_array(const dl_real *got, const dl_real *want, dl_int n, double tol,
                                    const char *file, int line, const char *what)
{
    double largest = 0, worst_excess = -1;
    dl_int i, worst = -1, bad = 0;
    for (i = 0; i < n; i++) {
        const double size = fabs((double)want[i]);
        if (size < (double)INFINITY && size > largest) largest = size;
    }
    for (i = 0; i < n; i++) {
        const double a = (double)got[i], b = (double)want[i];
        const double allowed = fabs(b) < (double)INFINITY ? tol * fabs(b) + tol * largest : 0;
        const double excess = fabs(a - b) < (double)INFINITY ? fabs(a - b) : (double)INFINITY;
        if (test_close(a, b, allowed)) continue;
        bad++;
        if (excess > worst_excess) { worst_excess = excess; worst = i; }
    }
    if (worst < 0) return test_check(true, file, line, what, "%s", "");
    return test_check(false, file, line, what, "%ld of %ld elements differ; worst [%ld]: is %.9g, "
                      "should be %.9g (off by %g, largest %g)", (long)bad, (long)n, (long)worst,
                      (double)got[worst], (double)want[worst], worst_excess, largest);
}

static inline void test_run(void (*function)(void), const char *name)
{
    test_name = name;
    test_checks = test_check_fails = 0;
    function();
    CHECK(test_checks > 0, "the test checked nothing");
    if (test_check_fails == 0) test_passed++;
    else { test_failed++; printf("FAIL %s: %d of %d\n", name, test_check_fails, test_checks); }
    fflush(stdout);
}

/* Print the last line; what main returns. */
static inline int test_end(void)
{
    if (test_skipped > 0) printf("%d skipped\n", test_skipped);
    printf("%d passed, %d failed\n", test_passed, test_failed);
    return test_failed > 0 || test_passed == 0;
}

/* Fill x[0..n-1] with numbers between lo and hi that depend on seed only and look random. They are
   multiples of 2^-20 (hi - lo), so short sums of them are exact in float as well. */
static inline void test_fill(dl_real *x, dl_int n, unsigned seed, double lo, double hi)
{
    for (dl_int i = 0; i < n; i++) {
        uint32_t h = (uint32_t)i * 2654435761u + seed * 40503u + 12345u;
        h = (h ^ (h >> 15)) * 2246822519u;
        h = (h ^ (h >> 13)) * 3266489917u;
        h ^= h >> 16;
        x[i] = (dl_real)(lo + (hi - lo) * ((double)(h >> 12) / 1048576.0));
    }
}

/* Errors of a context: test_quiet(dl) stops them from being printed, CHECK_ERROR looks at them. */
static inline void test_on_error(dl_code code, const char *text, void *user)
{
    (void)code; (void)text; (void)user;
}

static inline void test_quiet(dl_ctx *dl)
{
    dl_set_error_callback(dl, test_on_error, NULL);
}

static inline dl_ctx *test_quiet_new(uint64_t seed)
{
    dl_ctx *dl = dl_new(seed);
    test_quiet(dl);
    return dl;
}

static inline bool test_check_error(dl_ctx *dl, dl_code code, const char *part, const char *file,
                                    int line, const char *what)
{
    const bool ok = dl_error(dl) == code && strstr(dl_error_text(dl), part) != NULL;
    test_check(ok, file, line, what, "error is \"%s\" (%s), should contain \"%s\"",
               dl_error_text(dl), dl_code_text(dl_error(dl)), part);
    dl_clear_error(dl);
    return ok;
}

/* The directory for files of this run: tests/run.sh gives each test one of its own. */
static inline const char *test_dir(void)
{
    const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : getenv("TEMP");
    return dir ? dir : "/tmp";
}

/* The bytes of a file of at most 1 MB, for free; NULL when it can't be opened. */
static inline uint8_t *test_slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    *size = 0;
    if (!f) return NULL;
    uint8_t *p = (uint8_t *)malloc(1 << 20);
    *size = fread(p, 1, 1 << 20, f);
    fclose(f);
    return p;
}

/* Golden values: tests/golden/NAME.txt, written by golden.py. A file is a list of arrays: a line
   "name rank dim dim ...", then the numbers in row-major order. Lines that begin with # are
   comments. Inputs are numbers that a float holds exactly. */
typedef struct test_array {
    char    name[64];
    int     rank;
    dl_int  dim[6], size;
    double  *value;            /* the numbers as they are in the file    */
    dl_real *data;             /* the same as dl_real                    */
} test_array;
typedef struct test_golden { const char *file; test_array *array; int count; } test_golden;

static inline void test_die(const char *what, const char *name)
{
    printf("%s: %s\n%d passed, %d failed\n", what, name, test_passed, test_failed + 1);
    exit(1);
}

/* Read golden/<name>.txt. A program that can't read it ends: nothing is left to test. */
static inline test_golden golden_open(const char *name)
{
    test_golden g = { name, NULL, 0 };
    char path[256], word[64];
    FILE *f;
    snprintf(path, sizeof path, "tests/golden/%s.txt", name);
    if ((f = fopen(path, "r")) == NULL) {
        snprintf(path, sizeof path, "golden/%s.txt", name);
        if ((f = fopen(path, "r")) == NULL) test_die("no golden file", name);
    }
    while (fscanf(f, "%63s", word) == 1) {
        test_array a;
        if (word[0] == '#') {
            int c;
            while ((c = fgetc(f)) != '\n' && c != EOF) {}
            continue;
        }
        memset(&a, 0, sizeof a);
        strcpy(a.name, word);
        if (fscanf(f, "%d", &a.rank) != 1 || a.rank < 0 || a.rank > 6) test_die("bad rank", word);
        a.size = 1;
        for (int i = 0; i < a.rank; i++) {
            long d;
            if (fscanf(f, "%ld", &d) != 1 || d < 0) test_die("bad dimension", word);
            a.dim[i] = d;
            a.size *= d;
        }
        a.value = (double *)calloc((size_t)a.size + 1, sizeof(double));
        a.data = (dl_real *)calloc((size_t)a.size + 1, sizeof(dl_real));
        for (dl_int i = 0; i < a.size; i++) {
            if (fscanf(f, "%63s", word) != 1) test_die("array too short", a.name);
            a.value[i] = strtod(word, NULL); /* knows inf and nan */
            a.data[i] = (dl_real)a.value[i];
        }
        g.array = (test_array *)realloc(g.array, (size_t)(g.count + 1) * sizeof(test_array));
        g.array[g.count++] = a;
    }
    fclose(f);
    return g;
}

/* The array with this name; a name that is not there ends the program. */
static inline const test_array *golden_get(const test_golden *g, const char *name)
{
    for (int i = 0; i < g->count; i++)
        if (strcmp(g->array[i].name, name) == 0) return &g->array[i];
    test_die("no such golden array", name);
    return NULL;
}

/* The same for a name put together as by printf: golden_getf(&g, "%s_y", op). */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static inline const test_array *golden_getf(const test_golden *g, const char *format, ...)
{
    char name[64];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    return golden_get(g, name);
}

static inline void golden_close(test_golden *g)
{
    for (int i = 0; i < g->count; i++) { free(g->array[i].value); free(g->array[i].data); }
    free(g->array);
    g->array = NULL;
    g->count = 0;
}

#endif /* DL_TEST_H */
