/* worker.h - what the C programs of make bench share. Each prints a line about itself, then reads
   one command a line and answers with one number a line, so that dl.h and the others can take
   turns on the same machine. A command it cannot carry out is answered with nan. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L                          /* clock_gettime under -std=c99 */
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds; with BENCH_CPU set, CPU time: all that can be compared on a busy machine. */
static double now(void)
{
    struct timespec t;
    clock_gettime(getenv("BENCH_CPU") ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median time of one call: of as many as fit into a fifth of a second, at least 5, after some
   that let caches, threads and frequencies settle. */
static inline double median_seconds(void (*call)(void *), void *argument)
{
    enum { MOST = 100000 };
    static double seconds[MOST];
    double start = now(), before;
    int n = 0;
    do call(argument);
    while (now() - start < 0.05);
    for (start = before = now(); n < MOST && (n < 5 || before - start < 0.2); n++) {
        double after;
        call(argument);
        after = now();
        seconds[n] = after - before;
        before = after;
    }
    qsort(seconds, (size_t)n, sizeof *seconds, ascending);
    return seconds[n / 2];
}

/* Answers commands until standard input ends. */
static inline int answer_all(const char *about, double (*answer)(const char *line))
{
    char line[128];
    printf("%s\n", about);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        printf("%.9g\n", answer(line));
        fflush(stdout);
    }
    return 0;
}

/* The arguments of "product": C = A B (nn), A B^T (nt) or A^T B (tn), C m x n, with k products an
   element, and as many threads. False if the line says something else. */
typedef struct matmul { char kind[3]; int m, n, k, threads; float *a, *b, *c; } matmul;
static inline int matmul_of(matmul *p, const char *line)
{
    static float *memory;                                /* the largest has 3 x 2^21 elements */
    if (sscanf(line, "product %2s %d %d %d %d", p->kind, &p->m, &p->n, &p->k, &p->threads) != 5)
        return 0;
    if (p->m < 1 || p->n < 1 || p->k < 1 || p->threads < 1 || (double)p->m * p->k > 1 << 21 ||
        (double)p->k * p->n > 1 << 21 || (double)p->m * p->n > 1 << 21)
        return 0;
    if (!memory && !(memory = (float *)malloc(sizeof(float) * 3 << 21))) return 0;
    for (int i = 0; i < 3 << 21; i++) memory[i] = 1.0f;
    p->a = memory;
    p->b = memory + (1 << 21);
    p->c = memory + (2 << 21);
    return 1;
}
