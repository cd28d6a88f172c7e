/* child.c - the learner's function at work. The learner's file, this file and the description of
   the exercise are compiled as one (build.h writes the three #include lines). It reads calls from a
   file, makes them, and writes what is in the arrays afterwards, and how long it took. It knows no
   right answers: the judge does, in another process. */
#include "grader.h"
#include <time.h>

/* Without the sanitizer, GUARD numbers on both sides of every array tell when they were written to;
   who reads them gets NaN. */
#ifdef SANITIZED
enum { GUARD = 0 };
#else
enum { GUARD = 16 };
#endif
static const unsigned char guard_byte = 0xFF;

const char *variant_row = "";

static void child_read(void *to, size_t size, FILE *f) {
    if (fread(to, 1, size, f) != size) exit(3);
}

/* The array as the function gets it: the numbers alone in a block of their own. */
static void child_put(arg *g) {
    const size_t each = g->below ? sizeof(int32_t) : sizeof(dl_real), guard = GUARD * each;
    const size_t size = (size_t)g->n * each + 2 * guard;
    unsigned char *block = (unsigned char *)malloc(size > 0 ? size : 1);
    if (block == NULL) exit(3);
    memset(block, guard_byte, size);
    g->data = block + guard;
    for (dl_int i = 0; i < g->n; i++)
        if (g->below) ((int32_t *)g->data)[i] = (int32_t)g->value[i];
        else ((dl_real *)g->data)[i] = (dl_real)g->value[i];
}
/* Back into value; true when the guards are as they were. */
static bool child_take(arg *g) {
    const size_t each = g->below ? sizeof(int32_t) : sizeof(dl_real), guard = GUARD * each;
    const unsigned char *before = (unsigned char *)g->data - guard;
    const unsigned char *behind = (unsigned char *)g->data + (size_t)g->n * each;
    bool whole = true;
    for (size_t k = 0; k < guard; k++)
        whole = whole && before[k] == guard_byte && behind[k] == guard_byte;
    for (dl_int i = 0; i < g->n; i++)
        if (g->below) g->value[i] = (double)((int32_t *)g->data)[i];
        else g->value[i] = (double)((dl_real *)g->data)[i];
    free((unsigned char *)g->data - guard);
    return whole;
}

int main(int argc, char **argv) {
    FILE *in = argc == 4 ? fopen(argv[1], "rb") : NULL;
    FILE *out = argc == 4 ? fopen(argv[2], "wb") : NULL;
    int32_t which, times;
    if (argc == 4) variant_row = argv[3];
    if (in == NULL || out == NULL) return 3;
    setvbuf(stdout, NULL, _IOLBF, 4096);           /* what was printed before a crash is not lost */
    while (fread(&which, sizeof which, 1, in) == 1) {
        args a;
        args_read(&a, entries[which].list);
        child_read(&times, sizeof times, in);
        child_read(a.size, sizeof a.size, in);
        args_measure(&a);
        for (int i = 0; i < a.count; i++) {
            arg *g = &a.a[i];
            unsigned char null;
            g->value = (double *)malloc((size_t)g->n * sizeof(double) + 1);
            child_read(&null, 1, in);
            child_read(g->value, (size_t)g->n * sizeof(double), in);
            g->null = null != 0;
            if (g->rank > 0 && !g->null) child_put(g);
        }
        const clock_t before = clock();
        while (times-- > 0) entries[which].call(&a);
        const double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
        for (int i = 0; i < a.count; i++) {
            arg *g = &a.a[i];
            const bool whole = g->rank == 0 || g->null || child_take(g);
            fputc(whole ? 1 : 2, out);
            fwrite(g->value, sizeof(double), (size_t)g->n, out);
            free(g->value);
        }
        fwrite(&seconds, sizeof seconds, 1, out);
        fflush(out);
    }
    fclose(in);
    return fclose(out) != 0;
}
