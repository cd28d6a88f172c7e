/* rng.c - tests of >>rng: the numbers themselves (golden_ops.py computes them from the paper's
   formulas), and that they look random. All tests have fixed seeds, so none fails by chance. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static uint64_t whole(const test_array *a, dl_int i)
{
    const double *v = a->value + 4 * i;
    return (uint64_t)v[0] << 48 | (uint64_t)v[1] << 32 | (uint64_t)v[2] << 16 | (uint64_t)v[3];
}

static void known_numbers(void)
{
    const uint64_t seeds[][2] = { { 0, 0 }, { 42, 0 }, { 42, 1 }, { UINT64_MAX, UINT64_MAX } };
    test_golden g = golden_open("ops_rng");
    const test_array *key0 = golden_get(&g, "key0");
    dl_rng r = { 0, 0 };
    for (int i = 0; i < 4; i++) CHECK(dl_rng_u64(&r) == whole(key0, i), "key 0, number %d", i);
    CHECK(whole(key0, 0) == UINT64_C(0xE220A8397B1DCDAF), "what the paper's authors give");
    for (int k = 0; k < 4; k++) {
        char name[32];
        const test_array *a, *u, *n;
        snprintf(name, sizeof name, "s%d_%d", (int)(seeds[k][0] % 1000), (int)(seeds[k][1] % 1000));
        a = golden_get(&g, name);
        u = golden_getf(&g, "%s_uniform", name);
        n = golden_getf(&g, "%s_normal", name);
        r = dl_rng_new(seeds[k][0], seeds[k][1]);
        for (int i = 0; i < 8; i++) CHECK(dl_rng_u64(&r) == whole(a, i), "%s [%d]", name, i);
        r.counter = 0;
        for (int i = 0; i < 8; i++) CHECK(dl_rng_uniform(&r) == u->value[i], "%s [%d]", name, i);
        r.counter = 0;
        for (int i = 0; i < 4; i++) CHECK_CLOSE(dl_rng_normal(&r), n->value[i], 1e-13, 1e-13);
        r.counter = 5;
        CHECK(dl_rng_u64(&r) == whole(a, 5) && r.counter == 6, "%s: number 5 at once", name);
    }
    golden_close(&g);
}

/* A context draws from stream 0 of its seed. */
static void context_stream(void)
{
    dl_ctx *dl = dl_new(42);
    dl_rng r = dl_rng_new(42, 0);
    CHECK(dl_rng_u64(dl_ctx_rng(dl)) == dl_rng_u64(&r), "the first number");
    CHECK(dl_item(dl_rand(dl, dl_shape0())) == (double)(dl_real)dl_rng_uniform(&r), "dl_rand");
    dl_free(dl);
}

/* Draws so close to the upper bound that a float would round them to it. */
static void below_the_bound(void)
{
    static const uint64_t near_one[] = { 9381707, 13490188, 39920763 };
    dl_ctx *dl = dl_new(1);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 4; k++) {
            const double hi = k == 0 ? 1 : k == 1 ? 0.5 : k == 2 ? -1 : 3e30;
            const double lo = k == 2 ? -3 : k == 3 ? -3e30 : 0;
            dl_rng *r = dl_ctx_rng(dl), copy;
            r->counter = near_one[i];
            copy = *r;
            CHECK((float)dl_rng_uniform(&copy) == 1.0f, "this draw is near 1");
            const double x = k == 0 ? dl_item(dl_rand(dl, dl_shape0()))
                                    : (double)dl_param(dl, dl_shape0(),
                                                       dl_init_uniform(lo, hi))->data[0];
            CHECK(x < hi && x > lo + (hi - lo) * 0.999, "%.17g in [%g,%g)", x, lo, hi);
        }
    dl_free(dl);
}

static void uniform_is_uniform(void)
{
    enum { N = 100000, BINS = 100 };
    int count[BINS] = { 0 };
    double sum = 0, squares = 0, chi2 = 0, low = 1, high = 0;
    dl_rng r = dl_rng_new(1, 2);
    for (int i = 0; i < N; i++) {
        double u = dl_rng_uniform(&r);
        if (!(u >= 0 && u < 1)) { CHECK(false, "%g is outside", u); return; }
        count[(int)(u * BINS)]++;
        sum += u;
        squares += u * u;
        low = fmin(low, u);
        high = fmax(high, u);
    }
    for (int b = 0; b < BINS; b++) {
        double d = count[b] - (double)N / BINS;
        chi2 += d * d * BINS / N;
    }
    /* 99 degrees of freedom: mean 99, standard deviation 14 */
    CHECK(chi2 > 99 - 45 && chi2 < 99 + 60, "chi-square %g", chi2);
    CHECK_CLOSE(sum / N, 0.5, 0, 4 * 0.2887 / sqrt((double)N));
    CHECK_CLOSE(squares / N, 1.0 / 3, 0, 4 * 0.2981 / sqrt((double)N));
    CHECK(low < 1e-4 && high > 1 - 1e-4, "range %g .. %g", low, high);
}

static void normal_is_normal(void)
{
    enum { N = 200000 };
    /* how many are above 0, 1, 2, 3 and 4: N times 1 - Phi */
    const double tail[] = { 0.5, 0.15865525, 0.02275013, 0.00134990, 0.00003167 };
    double m[5] = { 0 }, above[5] = { 0 };
    const double want[] = { 1, 0, 1, 0, 3 }, variance[] = { 0, 1, 2, 15, 96 };
    dl_rng r = dl_rng_new(3, 4);
    for (int i = 0; i < N; i++) {
        double x = dl_rng_normal(&r), power = 1;
        for (int k = 0; k < 5; k++, power *= x) {
            m[k] += power / N;
            above[k] += x > k;
        }
    }
    for (int k = 1; k < 5; k++) CHECK_CLOSE(m[k], want[k], 0, 4 * sqrt(variance[k] / N));
    for (int k = 0; k < 5; k++) CHECK_CLOSE(above[k], N * tail[k], 0, 4 * sqrt(N * tail[k]));
}

/* With n = 3 2^61, u % n would give the numbers below 2^62 twice as often as the others. */
static void int_is_unbiased(void)
{
    enum { N = 70000 };
    int count[7] = { 0 }, low = 0;
    double chi2 = 0;
    dl_rng r = dl_rng_new(5, 6);
    const dl_int big = (dl_int)3 << (8 * sizeof(dl_int) - 3);
    for (int i = 0; i < N; i++) {
        dl_int k = dl_rng_int(&r, 7);
        if (k < 0 || k > 6) { CHECK(false, "%d is outside", (int)k); return; }
        count[k]++;
    }
    for (int k = 0; k < 7; k++) chi2 += (count[k] - N / 7) * (double)(count[k] - N / 7) / (N / 7);
    CHECK(chi2 < 6 + 5 * 3.5 && chi2 > 0.3, "chi-square %g", chi2);
    for (int i = 0; i < 10000; i++) low += dl_rng_int(&r, big) < big / 3 * 2;
    CHECK(low > 6667 - 200 && low < 6667 + 200, "%d of 10000 are in the lower two thirds", low);
    CHECK(dl_rng_int(&r, 1) == 0 && dl_rng_int(&r, 0) == 0 && dl_rng_int(&r, -5) == 0, "few");
}

static void permutation_is_one(void)
{
    int32_t p[100], q[100], first[3] = { 0 };
    int fixed = 0;
    dl_rng r = dl_rng_new(7, 8);
    for (int i = 0; i < 50; i++) {
        bool seen[100] = { false };
        dl_rng_permutation(&r, p, 100);
        for (int k = 0; k < 100; k++) {
            CHECK(p[k] >= 0 && p[k] < 100 && !seen[p[k]], "%d at %d", p[k], k);
            if (p[k] >= 0 && p[k] < 100) seen[p[k]] = true;
            fixed += p[k] == k;
        }
        if (i) CHECK(memcmp(p, q, sizeof p) != 0, "the same order twice");
        memcpy(q, p, sizeof p);
    }
    CHECK(fixed > 20 && fixed < 85, "%d fixed points in 50 orders; 50 are expected", fixed);
    for (int i = 0; i < 6000; i++) {               /* all 6 orders of 3, by the place of the 0 */
        dl_rng_permutation(&r, p, 3);
        first[p[0] == 0 ? 0 : p[1] == 0 ? 1 : 2]++;
    }
    for (int i = 0; i < 3; i++) CHECK(abs(first[i] - 2000) < 160, "place %d: %d", i, first[i]);
    p[0] = 77;
    dl_rng_permutation(&r, p, 0);
    CHECK(p[0] == 77, "of nothing");
    dl_rng_permutation(&r, p, 1);
    CHECK(p[0] == 0, "of one");
}

/* Neighbouring seeds and streams have nothing in common. */
static void streams_differ(void)
{
    double sum = 0;
    int flips = 0, same = 0;
    for (uint64_t s = 0; s < 100; s++)
        for (uint64_t t = 0; t < 100; t++) {
            dl_rng a = dl_rng_new(s, t), b = dl_rng_new(s, t + 1), c = dl_rng_new(s + 1, t);
            dl_rng d = dl_rng_new(t, s);
            uint64_t u = dl_rng_u64(&a), bits = u ^ dl_rng_u64(&b);
            same += s != t && u == dl_rng_u64(&d);
            same += u == dl_rng_u64(&c) || bits == 0;
            for (; bits; bits &= bits - 1) flips++;
            sum += (double)(u >> 11) / 9007199254740992.0;
        }
    CHECK(same == 0, "%d pairs of streams begin alike", same);
    CHECK_CLOSE(flips / 10000.0, 32, 0, 4 * 4 / 100.0);
    CHECK_CLOSE(sum / 10000, 0.5, 0, 4 * 0.2887 / 100);
}

static void no_stream(void)
{
    int32_t order = 5;
    dl_rng r = dl_rng_new(1, 1);
    CHECK(dl_ctx_rng(NULL) == NULL, "of no context");
    CHECK(dl_rng_u64(NULL) == 0 && dl_rng_int(NULL, 9) == 0, "integers");
    CHECK(isnan(dl_rng_uniform(NULL)) && isnan(dl_rng_normal(NULL)), "numbers");
    dl_rng_permutation(NULL, &order, 1);
    dl_rng_permutation(&r, NULL, 1);
    CHECK(order == 5 && r.counter == 0, "permutation");
}

int main(void)
{
    TEST(known_numbers);
    TEST(context_stream);
    TEST(below_the_bound);
    TEST(uniform_is_uniform);
    TEST(normal_is_normal);
    TEST(int_is_unbiased);
    TEST(permutation_is_one);
    TEST(streams_differ);
    TEST(no_stream);
    return test_end();
}
