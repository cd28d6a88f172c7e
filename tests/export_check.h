/* export_check.h - what tests/export.c writes is checked by: each net predicts its stored inputs,
   with the scratch memory full of NaN before and a wall behind; one with steps gives the same step
   by step. Plain C99 and C++11, for compilers and machines that do not get to see dl.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WALL 123.5f                          /* stands behind out and work */
static int nets, nets_wrong;

/* |got - want| <= 1e-5 |want| + 1e-5 max |want| */
static void compare(const char *name, const char *what, const float *got, const float *want, int n)
{
    float most = 0.0f;
    for (int i = 0; i < n; i++) if (fabsf(want[i]) > most) most = fabsf(want[i]);
    for (int i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-5f * fabsf(want[i]) + 1e-5f * most)) {
            printf("FAILED: %s, %s: [%d] is %.9g, not %.9g\n", name, what, i, (double)got[i],
                   (double)want[i]);
            nets_wrong++;
            return;
        }
}

static float *room(int n)
{
    float *p = (float *)malloc((size_t)(n + 1) * sizeof *p);
    if (!p) exit(2);
    for (int i = 0; i < n; i++) p[i] = NAN;
    p[n] = WALL;
    return p;
}

static void walls(const char *name, float *out, int outs, float *work, int works)
{
    if (out[outs] == WALL && work[works] == WALL) return;
    printf("FAILED: %s: it writes behind out or work\n", name);
    nets_wrong++;
}

static void check(const char *name, int tests, int ins, int outs, int works, const float *in,
                  const float *want, void (*predict)(const float *, float *, float *),
                  int (*selftest)(float *, float *, float *))
{
    float *out = room(outs), *work = room(works), *own = room(ins);
    nets++;
    for (int t = 0; t < tests; t++) {
        predict(in + t * ins, out, work);
        compare(name, "predict", out, want + t * outs, outs);
    }
    if (selftest(own, out, work) != 0) {
        printf("FAILED: %s: its own selftest\n", name);
        nets_wrong++;
    }
    walls(name, out, outs, work, works);
    free(own);
    free(work);
    free(out);
}

/* T steps; each gives a step of the output, or the last one the output. */
static void check_steps(const char *name, int T, int ins, int outs, int works, int states, int all,
                        const float *in, const float *want, void (*reset)(float *),
                        void (*step)(const float *, float *, float *, float *))
{
    float *out = room(outs), *work = room(works), *state = room(states);
    for (int again = 0; again < 2; again++) {
        reset(state);
        for (int t = 0; t < T; t++) {
            step(in + t * ins, out, state, work);
            if (outs * T == all) compare(name, "step", out, want + t * outs, outs);
        }
        if (outs == all) compare(name, "last step", out, want, outs);
    }
    walls(name, out, outs, work, works);
    walls(name, state, states, work, works);
    free(state);
    free(work);
    free(out);
}
