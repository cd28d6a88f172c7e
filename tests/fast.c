/* fast.c - tests of the fast room: every fast function against its readable kernel, on every
   instruction set this CPU has, on memory that ends where an unreadable page begins.
       build/tests/fast-float full     functions of one variable: every float there is (minutes) */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE                                /* MAP_ANONYMOUS under -std=c99 */
#endif
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

#if !DLI_FAST
static void no_fast_room(void) { CHECK(!DLI_FAST, "%s", "in double the kernels run"); }
int main(void)
{
    TEST(no_fast_room);
    return test_end();
}
#else

/* ---- memory with unreadable pages around it: the first float past the end is a crash ---- */

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#define PAGE 16384
static struct { char *base; size_t size; } block[512];
static int blocks;
static void *bytes_before_guard(size_t bytes)
{
    size_t room = (bytes + PAGE - 1) / PAGE * PAGE;
    char *p = (char *)mmap(NULL, room + 2 * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == (char *)MAP_FAILED || blocks == 512) test_die("no memory", "mmap");
    mprotect(p, PAGE, PROT_NONE);
    mprotect(p + PAGE + room, PAGE, PROT_NONE);
    block[blocks].base = p;
    block[blocks++].size = room + 2 * PAGE;
    return p + PAGE + room - bytes;
}
static void free_all(void)
{
    while (blocks > 0) { blocks--; munmap(block[blocks].base, block[blocks].size); }
}
#else
static void *block[512];
static int blocks;
static void *bytes_before_guard(size_t bytes) { return block[blocks++] = malloc(bytes + 1); }
static void free_all(void) { while (blocks > 0) free(block[--blocks]); }
#endif

static uint32_t state = 1;
static uint32_t chance(uint32_t n) { return dli_hash32(state++, 5, 7) % n; }      /* 0 .. n - 1 */

static float *room(dl_int n) { return (float *)bytes_before_guard((size_t)n * sizeof(float)); }
static float *numbers(dl_int n)
{
    float *p = room(n);
    test_fill(p, n, chance(1000000), -1, 1);
    return p;
}
static float *copy(const float *x, dl_int n)
{
    float *p = room(n);
    memcpy(p, x, (size_t)n * sizeof *p);
    return p;
}
static float *zeros(dl_int n)
{
    float *p = room(n);
    memset(p, 0, (size_t)n * sizeof *p);
    return p;
}
static void *work_of(size_t bytes)                          /* aligned, and full of NaN */
{
    size_t whole = (bytes + 63) / 64 * 64;
    return memset(bytes_before_guard(whole), 0xFF, whole);
}
static bool equal(const float *a, const float *b, dl_int n)
{
    return memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

static const dli_fast *f;                                   /* the set under test */
static dl_ctx *own;                                         /* and a context that runs it */
static const int threads[4] = { 1, 2, 3, 5 };
static const dl_int sizes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 31, 32, 33,
                                47, 48, 64, 65, 97, 128, 193, 257, 515, 1030 };
static dl_int a_size(uint32_t most) { return sizes[chance(most)]; }

/* ---- functions of one variable: errors in ulps against double, over all floats in strides ---- */

static double true_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double true_gelu(double x) { return 0.5 * x * erfc(-x * 0.70710678118654752440); }
static double true_gelu_tanh(double x)
{
    return x / (1 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
}
static double true_relu(double x) { return x < 0 ? 0 : x; }
static double true_leaky(double x) { return x > 0 ? x : 0.25 * x; }
static double true_elu(double x) { return x > 0 ? x : 0.25 * expm1(x); }
static double true_silu(double x) { return x * true_sigmoid(x); }
static double true_softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

/* The error of got in units of the last place of want, or of scale if that is larger. */
static double ulps(float got, double want, double scale)
{
    double size = fabs(want) > scale ? fabs(want) : scale;
    int e;
    if (size < 1.1754943508222875e-38) size = 1.1754943508222875e-38;
    frexp(size, &e);
    return fabs((double)got - want) / ldexp(1.0, e - 24);
}

static uint32_t stride = 65521;                             /* of the bits of x; 1: every float */

static void function(const char *name,
                     void (*fast)(float *, const float *, dl_int, float, float),
                     double (*truth)(double), double bound, double scale)
{
    enum { N = 4099 };
    float *x = room(N), *y = room(N), worst_at = 0;
    uint64_t u = 0;
    double worst = 0;
    while (u < UINT64_C(1) << 32) {
        dl_int n = 0, i;
        for (; n < N && u < UINT64_C(1) << 32; u += stride)
            x[n++] = dli_float_of_bits((uint32_t)u);
        fast(y, x, n, 0.25f, 0);
        for (i = 0; i < n; i++) {
            const double v = (double)x[i], want = truth(v);
            double e;
            if (v != v) { CHECK(y[i] != y[i], "%s %s(NaN) = %g", f->name, name, (double)y[i]); }
            if (v != v || want != want) continue;           /* inf - inf in the true formula */
            if (fabs(want) > 3.4028235677973366e38) {
                CHECK(fabs((double)y[i]) >= (double)INFINITY && (y[i] > 0) == (want > 0),
                      "%s %s(%g) = %g, not infinite", f->name, name, v, (double)y[i]);
                continue;
            }
            e = ulps(y[i], want, scale * fabs(v));
            if (!(e <= worst)) { worst = e; worst_at = x[i]; }
        }
    }
    CHECK(worst <= bound, "%s %s: %.2f ulp at %.9g", f->name, name, worst, (double)worst_at);
    free_all();
}

static void functions(void)
{
    function("exp", f->exp_forward, exp, 1.1, 0);
    function("tanh", f->tanh_forward, tanh, 2.6, 0);
    function("sigmoid", f->sigmoid_forward, true_sigmoid, 2.6, 0);
    function("gelu", f->gelu_forward, true_gelu, 3.5, 1);
    function("gelu_tanh", f->gelu_tanh_forward, true_gelu_tanh, 2.2, 1);
    function("relu", f->relu_forward, true_relu, 0, 0);
    function("leaky_relu", f->leaky_relu_forward, true_leaky, 0.5, 0);
    function("elu", f->elu_forward, true_elu, 2.6, 0);
    function("silu", f->silu_forward, true_silu, 3.5, 1);
    function("softplus", f->softplus_forward, true_softplus, 2.6, 0);
}

/* At the edges of the numbers, by golden/limits.txt; far to the left GELU and SiLU lose relative
   digits, like every formula in float, and what y rounds away the slopes of sigmoid, tanh miss. */
#define ROW(A, name, value, gradient, formula, what) \
    { #name, offsetof(dli_fast, name##_forward), offsetof(dli_fast, name##_backward) },
static const struct { const char *name; size_t forward, backward; } twins[] = {
    DLK_UNARY_VECTOR(ROW, 0)
};
#undef ROW
typedef void (*twin_forward)(float *, const float *, dl_int, float, float);
typedef void (*twin_backward)(float *, const float *, const float *, const float *, dl_int, float,
                              float, int);

/* Errors of a few ulps, also in the exponent that made a small value. */
static double tail(double v) { return v == 0 ? 0 : 1.2e-7 * fabs(v) * (5 + fabs(log(fabs(v)))); }

static void limits(void)
{
    test_golden g = golden_open("limits");
    const test_array *x = golden_get(&g, "x");
    const dl_int n = x->size;
    for (size_t t = 0; t < sizeof twins / sizeof twins[0]; t++) {
        const char *name = twins[t].name;
        twin_forward forward;
        twin_backward backward;
        memcpy(&forward, (const char *)f + twins[t].forward, sizeof forward);
        memcpy(&backward, (const char *)f + twins[t].backward, sizeof backward);
        for (int k = 0; k < (int)golden_getf(&g, "%s_cases", name)->value[0]; k++) {
            const double *pq = golden_getf(&g, "%s_%d_pq", name, k)->value;
            const float *want = golden_getf(&g, "%s_%d_y", name, k)->data;
            const float *slope = golden_getf(&g, "%s_%d_dx", name, k)->data;
            float *y = room(n), *dx = room(n), *one = room(n);
            for (dl_int i = 0; i < n; i++) one[i] = 1;
            forward(y, x->data, n, (float)pq[0], (float)pq[1]);
            backward(dx, one, y, x->data, n, (float)pq[0], (float)pq[1], 0);
            for (dl_int i = 0; i < n; i++) {
                const double v = x->value[i], a = (double)want[i], b = (double)slope[i];
                const double far = fabs(v) < 1e3 ? fabs(v) : 0;
                CHECK(test_close((double)y[i], a, tail(a) + 2e-38 * far + 3e-45),
                      "%s %s(%g; %g) = %.9g, should be %.9g", f->name, name, v, pq[0],
                      (double)y[i], a);
                CHECK(v != v || test_close((double)dx[i], b, 6e-7 * fabs(b) + 2e-7),
                      "%s %s'(%g; %g) = %.9g, should be %.9g", f->name, name, v, pq[0],
                      (double)dx[i], b);
                if (strcmp(name, "elu") == 0 && v < 0)
                    CHECK(test_close((double)dx[i], b, tail(b) + 3e-45), "%s elu'(%g) = %.9g, "
                          "should be %.9g", f->name, v, (double)dx[i], b);
                if (v == 0 && a == 0 && strcmp(name, "square") && strcmp(name, "abs"))
                    CHECK(!signbit(y[i]) == !signbit(strcmp(name, "neg") == 0 ? -v : v),
                          "%s %s(%g) = %g", f->name, name, v, (double)y[i]);
            }
        }
    }
    golden_close(&g);
    free_all();
}

/* ---- arrays: the kernel's result and the fast one, by name ---- */

static void same(const char *what, const float *got, const float *want, dl_int n, double tol)
{
    if (!CHECK_ARRAY_TOL(got, want, n, tol)) printf("    (%s %s, n %ld)\n", f->name, what, (long)n);
}

static void unary(const char *what, dlk_unary_forward_fn kernel, dlk_unary_backward_fn back,
                  const float *dy, const float *x, dl_int n, twin_forward fast,
                  twin_backward fast_back)
{
    float *y = room(n), *in_place = copy(x, n);
    kernel(y, x, n, 0.25, 0.5);
    fast(in_place, in_place, n, 0.25f, 0.5f);
    same(what, in_place, y, n, 1e-6);
    for (int add = 0; add < 2; add++) {
        float *want = numbers(n), *got = copy(want, n);
        if (!add) memset(want, 0, (size_t)n * sizeof *want);
        back(want, dy, y, x, n, 0.25, 0.5);
        fast_back(got, dy, y, x, n, 0.25f, 0.5f, add);
        same(what, got, want, n, n < 8 ? 2e-5 : 2e-6);      /* few may all nearly cancel */
    }
}

static void arrays(void)
{
    for (int trial = 0; trial < 90; trial++) {
        const dl_int n = trial < 70 ? trial + 1 : 100 + (dl_int)chance(600);
        float *x = numbers(n), *y = numbers(n), *g = numbers(n), *want = room(n), *got = room(n);
        unsigned char *bytes = (unsigned char *)bytes_before_guard((size_t)n);
        double sum = 0, size = 0;
        float top = x[0];
        for (dl_int i = 0; i < n; i++) {
            bytes[i] = (unsigned char)chance(256);
            sum += (double)x[i];
            size += fabs((double)x[i]);
            if (x[i] > top) top = x[i];
        }
        CHECK(fabs((double)f->vsum(x, n) - sum) <= 1e-6 * size, "%s vsum", f->name);
        CHECK(f->vmax(x, n) == top, "%s vmax", f->name);
        for (dl_int i = 0; i < n; i++) want[i] = x[i] + y[i];
        f->add(got, x, y, n);
        same("add", got, want, n, 0);
        for (dl_int i = 0; i < n; i++) want[i] = x[i] * y[i];
        f->mul(got, x, y, n);
        same("mul", got, want, n, 0);
        for (dl_int i = 0; i < n; i++) want[i] = g[i] + x[i] * y[i];
        memcpy(got, g, (size_t)n * sizeof *got);
        f->mul_add(got, x, y, got, n);
        same("mul_add", got, want, n, n < 8 ? 1e-5 : 2e-7);
        for (dl_int i = 0; i < n; i++) want[i] = y[i] + 0.3f * x[i];
        memcpy(got, y, (size_t)n * sizeof *got);
        f->axpy(got, 0.3f, x, n);
        same("axpy", got, want, n, n < 8 ? 1e-5 : 2e-7);
        for (dl_int i = 0; i < n; i++) want[i] = (float)bytes[i] / 255.0f;
        f->bytes(got, bytes, n, 1.0f / 255.0f);
        same("bytes", got, want, n, 2e-7);
        if (n > 3) { x[1] = 0; x[2] = -0.0f; }
        for (dl_int i = 0; i < n; i++) x[i] *= 4;
#define ROW(A, name, value, gradient, formula, what) \
        unary(#name, dlk_##name##_forward, dlk_##name##_backward, g, x, n, f->name##_forward, \
              f->name##_backward);
        DLK_UNARY_VECTOR(ROW, 0)
#undef ROW
        for (int add = 0; add < 2; add++) {
            const uint64_t key = UINT64_C(0x123456789ABCDEF0) + chance(1000);
            memcpy(want, y, (size_t)n * sizeof *want);
            memcpy(got, y, (size_t)n * sizeof *got);
            if (add) dlk_dropout_backward(want, x, n, 0.25, key);
            else dlk_dropout_forward(want, x, n, 0.25, key);
            f->dropout(got, x, n, 0, (uint32_t)key, (uint32_t)(key >> 32), 1 << 22, 4.0f / 3, add);
            same("dropout", got, want, n, 2e-7);
        }
        free_all();
    }
}

/* NaN and infinities are not swallowed: a net that diverges must show it. */
static void not_finite(void)
{
    const float x[4] = { NAN, 1, -1, INFINITY }, mask[3] = { 1, 2, -INFINITY };
    const float certain[3] = { 1, INFINITY, -INFINITY };
    const int32_t label = 1;
    float y[4], a[4] = { 1, NAN, 2, INFINITY }, b[4] = { 1, 2, 3, 4 }, c[4] = { 9, 9, 9, 9 };
    dli_product p = dli_product_of(2, 2, 2, a, b, c, 0, 0);
    f->relu_forward(y, x, 4, 0, 0);
    CHECK(y[0] != y[0] && y[1] == 1 && y[2] == 0 && y[3] > 1e38f, "%s relu", f->name);
    dli_softmax_loss(f, y, x, NULL, 1, 3);
    CHECK(y[0] != y[0] && y[1] != y[1], "%s softmax of NaN", f->name);
    dli_softmax_loss(f, y, mask, NULL, 1, 3);
    CHECK(y[2] == 0 && fabs((double)y[0] - 0.26894142) < 1e-6, "%s softmax of -inf", f->name);
    CHECK(dli_softmax_loss(f, y, certain, &label, 1, 3) == 0 && y[0] == 0 && y[1] == 1 && y[2] == 0,
          "%s softmax of inf", f->name);
    dli_fast_log_softmax_forward(own, y, certain, 1, 3);
    CHECK(y[0] < -1e38f && y[1] == 0 && y[2] < -1e38f, "%s log softmax of inf", f->name);
    dli_gemm(f, &p, 1, work_of(dli_gemm_work_bytes(1)));
    CHECK(c[0] != c[0] && c[1] != c[1] && c[2] > 1e38f, "%s NaN through a product", f->name);
    p.k = 0;
    p.bias = b;
    dli_gemm(f, &p, 1, work_of(dli_gemm_work_bytes(1)));
    CHECK(c[0] == 1 && c[3] == 2, "%s k = 0", f->name);
    free_all();
}

static void rows_and_columns(void)
{
    for (int trial = 0; trial < 60; trial++) {
        const dl_int R = 1 + (dl_int)chance(20), C = a_size(trial % 3 ? 20 : 27), n = R * C;
        float *x = numbers(n), *got = room(n), *want = room(n), *sum = numbers(C), *sum2, loss;
        float *bias = numbers(C);
        int32_t *label = (int32_t *)bytes_before_guard((size_t)R * sizeof *label);
        double fast_loss;
        for (dl_int i = 0; i < R; i++) label[i] = (int32_t)chance((uint32_t)C);
        for (dl_int i = 0; i < n; i++) x[i] *= 20;
        fast_loss = dli_softmax_loss(f, got, x, label, R, C);
        dlk_cross_entropy_forward(&loss, want, x, label, R, C, 1);
        same("softmax", got, want, n, 4e-6);
        CHECK_CLOSE(fast_loss, loss, 2e-6, 1e-5);
        dli_fast_log_softmax_forward(own, got, x, R, C);
        dlk_log_softmax_forward(want, x, R, C);
        same("log_softmax", got, want, n, 1e-6);
        sum2 = copy(sum, C);
        for (dl_int i = 0; i < n; i++) sum2[i % C] += x[i];
        dli_bias_sums(f, sum, x, R, C);
        same("sums of columns", sum, sum2, C, 2e-6);
        for (int k = 0; k < 4; k++) {
            const dl_int ld = k & 1 ? C : 0;
            memcpy(got, x, (size_t)n * sizeof *got);
            f->rows(got, C, k & 1 ? copy(x, n) : bias, ld, R, C, k & 2);
            for (dl_int i = 0; i < n; i++)
                want[i] = (k & 1 ? x[i] : bias[i % C]) + (k & 2 ? x[i] : 0);
            CHECK(equal(got, want, n), "%s rows %ld x %ld", f->name, (long)R, (long)C);
        }
        f->transpose(got, R, x, C, R, C);
        for (dl_int i = 0; i < n; i++) want[i % C * R + i / C] = x[i];
        CHECK(equal(got, want, n), "%s transpose %ld x %ld", f->name, (long)R, (long)C);
        free_all();
    }
}

/* One step of every optimizer, from the same weights and moments. */
static void optimizers(void)
{
    for (int trial = 0; trial < 60; trial++) {
        const dl_int n = trial < 40 ? trial + 1 : 40 + (dl_int)chance(700);
        float *g = numbers(n), *w0 = numbers(n), *m0 = numbers(n), *v0 = numbers(n);
        for (dl_int i = 0; i < n; i++) v0[i] = (float)fabs((double)v0[i]);
        if (n > 5) { g[4] = 0; v0[4] = 1e-30f; m0[4] = -1e-30f; }
        for (int k = 0; k < 8; k++) {
            float *w = copy(w0, n), *m = copy(m0, n), *v = copy(v0, n);
            float *fw = copy(w0, n), *fm = copy(m0, n), *fv = copy(v0, n);
            switch (k) {
            case 0: case 1:
                dlk_momentum_step(w, g, m, n, 0.5, 0.02, 0.9, k == 1);
                f->momentum(fw, g, fm, n, 0.5f, 0.02f, 0.9f, k);
                break;
            case 2: case 3:
                dlk_rmsprop_step(w, g, v, n, 0.01, 0.9, k == 2 ? 1e-7 : 0, k == 2 ? 0 : 1e-8);
                f->rmsprop(fw, g, fv, n, 0.01f, 0.9f, 0.1f, k == 2 ? 1e-7f : 0,
                           k == 2 ? 0 : 1e-8f);
                break;
            case 4: case 5:
                dlk_adagrad_step(w, g, v, n, 0.01, k == 4 ? 1e-7 : 0, k == 4 ? 0 : 1e-10);
                f->rmsprop(fw, g, fv, n, 0.01f, 1, 1, k == 4 ? 1e-7f : 0, k == 4 ? 0 : 1e-10f);
                break;
            case 6:
                for (dl_int i = 0; i < n; i++) m[i] = fm[i] = (float)fabs((double)m[i]);
                dlk_adadelta_step(w, g, v, m, n, 1.0, 0.95, 1e-7);
                f->adadelta(fw, g, fv, fm, n, 1.0f, 0.95f, 0.05f, 1e-7f);
                break;
            default:
                dlk_adam_step(w, g, m, v, n, 0.01, 0.9, 0.999, 1e-8, 3, false);
                {
                    const double c1 = 1 - pow(0.9, 3), c2 = sqrt(1 - pow(0.999, 3));
                    f->adam(fw, g, fm, fv, n, 0.9f, 0.1f, 0.999f, 0.001f, (float)(0.01 * c2 / c1),
                            (float)(1e-8 * c2));
                }
            }
            same("optimizer: weights", fw, w, n, n < 8 ? 1e-4 : 2e-6);   /* few may cancel */
            same("optimizer: first moment", fm, m, n, 2e-6);
            same("optimizer: second moment", fv, v, n, 2e-6);
        }
        free_all();
    }
}

/* ---- matrix products: every orientation, with and without bias, on any number of threads ---- */

static void products(void)
{
    /* large ones, A B^T: K is cut, or C^T computed, or neither, on any number of threads alike */
    static const dl_int large[4][3] = { { 512, 10, 784 }, { 300, 600, 1000 }, { 1000, 10, 900 },
                                        { 600, 200, 2000 } };
    for (int trial = 0; trial < 124; trial++) {
        const uint32_t most = trial % 12 == 0 ? 29 : 24;
        const dl_int *size = trial < 120 ? NULL : large[trial - 120];
        const dl_int M = size ? size[0] : trial % 6 == 1 ? 1 + (dl_int)chance(2) : a_size(most);
        const dl_int N = size ? size[1] : a_size(most), K = size ? size[2] : a_size(most);
        const dl_int ld = N + (dl_int)chance(2) * 3, n = (M - 1) * ld + N;
        const int ta = (int)chance(2) && !size, tb = (int)chance(2) || size;
        const int add = (int)chance(2), pack = chance(4) == 0 && !size;
        float *a = numbers(M * K), *b = numbers(K * N), *c0 = numbers(n), *first = NULL;
        float *bias = chance(2) ? numbers(N) : NULL;
        float *packed = room(dli_round_up(N, f->nr) * K), *at = room(M * K), *bt = room(K * N);
        float *want = room(M * N), *got = room(M * N);
        for (dl_int i = 0; i < M * K; i++) at[i] = ta ? a[i % K * M + i / K] : a[i];
        for (dl_int i = 0; i < K * N; i++) bt[i] = tb ? b[i % N * K + i / N] : b[i];
        dlk_matmul_forward(want, at, bt, M, K, N);
        for (dl_int i = 0; i < M * N; i++)
            want[i] += (add ? c0[i / N * ld + i % N] : 0) + (bias ? bias[i % N] : 0);
        for (int t = 0; t < 4; t++) {
            float *c = copy(c0, n);
            dli_product p = dli_product_of(M, N, K, a, b, c, ta, tb);
            p.crs = ld;
            p.add = add;
            p.bias = bias;
            if (pack) {
                f->pack(packed, b, p.bcs, p.brs, N, K, f->nr);
                p.packed_b = packed;
                p.b = NULL;
            }
            dli_gemm(f, &p, threads[t], work_of(dli_gemm_work_bytes(threads[t])));
            if (t == 0) first = c;
            else CHECK(equal(c, first, n), "%s %ldx%ldx%ld: %d threads give another result",
                       f->name, (long)M, (long)N, (long)K, threads[t]);
        }
        for (dl_int i = 0; i < n; i++) {
            if (i % ld < N) got[i / ld * N + i % ld] = first[i];
            else CHECK(first[i] == c0[i], "%s writes between the rows of C", f->name);
        }
        same("product", got, want, M * N, 4e-6 * sqrt((double)K) < 1e-5 ? 1e-5 : 2e-5);
        free_all();
    }
}

/* ---- convolution and pooling ---- */

/* y = the end of a convolution whose sums are in y; g: the gradient of the sums from that of y. */
static void end_of(dli_conv_end end, float *y, float *pooled, float *g, const float *dy,
                   const dlk_conv2d_size *s)
{
    dl_int n = s->N * s->M * s->OH * s->OW, i;
    dlk_pool2d_size p;
    int32_t *at = (int32_t *)bytes_before_guard((size_t)n * sizeof *at);
    if (end == DLI_END_RELU_POOL) {
        memset(&p, 0, sizeof p);
        p.planes = s->N * s->M; p.H = s->OH; p.W = s->OW; p.OH = p.H / 2; p.OW = p.W / 2;
        p.KH = p.KW = p.stride_h = p.stride_w = 2;
        for (i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
        dlk_max_pool2d_forward(pooled, at, y, &p);
        memset(g, 0, (size_t)n * sizeof *g);
        dlk_max_pool2d_backward(g, dy, at, &p);
    } else
        memcpy(g, dy, (size_t)n * sizeof *g);
    for (i = 0; i < n && end != DLI_END_LINEAR; i++) {
        if (!(y[i] > 0)) g[i] = 0;
        y[i] = y[i] < 0 ? 0 : y[i];
    }
}

static void convolve(const dlk_conv2d_size *s, dli_conv_end end, const dli_conv_arrays *a, int n)
{
    dli_conv_job j = dli_conv_job_of(f, s, end, a, n);
    j.work = (float *)work_of(dli_bytes_of(j.total));
    dli_conv_job_run(&j, n);
}

static void convolutions(void)
{
    int wino = 0;
    for (int trial = 0; trial < 60; trial++) {
        const int add = (int)chance(2), big = trial % 10 == 0;
        dli_conv_end end = (dli_conv_end)chance(3);
        float *x, *w, *b, *dy, *g, *dx0, *y0, *pooled, *want[4];
        float *kept[4] = { NULL, NULL, NULL, NULL };
        dl_int n[4], sums;
        int add_y;
        dlk_conv2d_size s;
        memset(&s, 0, sizeof s);
        s.N = 1 + chance(10); s.C = 1 + chance(8); s.M = 1 + chance(36);
        s.KH = 1 + chance(big ? 9 : 5); s.KW = 1 + chance(big ? 9 : 5);
        if (trial % 3 == 1) {                               /* by Winograd's way */
            s.N = 3 + chance(4); s.C = 8 + chance(28); s.M = 8 + chance(28); s.KH = s.KW = 3;
        }
        s.top = trial % 3 ? (dl_int)chance((uint32_t)s.KH) : 0;
        s.left = trial % 3 ? (dl_int)chance((uint32_t)s.KW) : 0;
        s.H = s.KH + chance(trial % 3 == 1 ? 14 : 9); s.W = s.KW + chance(trial % 4 ? 20 : 80);
        if (trial % 3 == 1) { s.H += 4; s.W += 6; }         /* enough tiles for 32 columns at once */
        if (trial == 7) {                                   /* K beyond one block */
            s.N = 1; s.C = 70; s.M = 9; s.KH = s.KW = 3; s.H = s.W = 5; s.top = s.left = 1;
        }
        if (trial == 4) {                                   /* Winograd's with the most padding */
            s.N = 5; s.C = 9; s.M = 10; s.H = 11; s.W = 13; s.top = s.left = 2;
            end = DLI_END_LINEAR;
        }
        s.OH = s.H + 2 * s.top - s.KH + 1; s.OW = s.W + 2 * s.left - s.KW + 1;
        s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = s.groups = 1;
        if (end == DLI_END_RELU_POOL && (s.OH < 2 || s.OW < 2)) end = DLI_END_RELU;
        CHECK(dli_conv_is_plain(&s), "%s", "a convolution that the fast room knows");
        wino += dli_conv_of(f, &s, end).wino;
        sums = s.N * s.M * s.OH * s.OW;
        n[0] = end == DLI_END_RELU_POOL ? s.N * s.M * (s.OH / 2) * (s.OW / 2) : sums;
        n[1] = s.N * s.C * s.H * s.W;
        n[2] = s.M * s.C * s.KH * s.KW;
        n[3] = s.M;
        x = numbers(n[1]); w = numbers(n[2]); b = numbers(n[3]); dy = numbers(n[0]);
        dx0 = numbers(n[1]);
        want[0] = room(sums);
        pooled = room(n[0]);
        g = room(sums);
        dlk_conv2d_forward(want[0], x, w, b, &s);
        y0 = numbers(sums);
        add_y = add && end == DLI_END_LINEAR;
        for (dl_int i = 0; add_y && i < sums; i++) want[0][i] += y0[i];
        want[1] = add ? copy(dx0, n[1]) : zeros(n[1]);
        want[2] = zeros(n[2]);
        want[3] = zeros(n[3]);
        for (int t = 0; t < 4; t++) {
            int32_t *arg = (int32_t *)bytes_before_guard((size_t)n[0] * sizeof *arg);
            float *got[4];
            got[0] = add_y ? copy(y0, sums) : room(n[0]);
            got[1] = copy(dx0, n[1]);
            got[2] = zeros(n[2]);
            got[3] = zeros(n[3]);
            const dli_conv_arrays there = { x, w, b, got[0], arg, NULL, NULL, NULL, NULL,
                                            add_y != 0 };
            dli_conv_arrays back = { x, w, NULL, got[0], arg, dy, got[1], got[2], got[3],
                                     add != 0 };
            convolve(&s, end, &there, threads[t]);
            convolve(&s, end, &back, threads[t]);
            if (end == DLI_END_RELU_POOL) {                 /* not asked which won */
                const dli_conv_arrays only = { x, w, b, room(n[0]), NULL, NULL, NULL, NULL, NULL,
                                               false };
                convolve(&s, end, &only, threads[t]);
                CHECK(equal(only.y, got[0], n[0]), "%s convolution and pooling alone", f->name);
            }
            if (t == 0) memcpy(kept, got, sizeof kept);
            for (int i = 0; i < 4; i++)
                CHECK(equal(got[i], kept[i], n[i]), "%s convolution, output %d, %d threads",
                      f->name, i, threads[t]);
            back.dx = back.db = NULL;
            back.dw = zeros(n[2]);                          /* the weights alone */
            convolve(&s, end, &back, threads[t]);
            CHECK(equal(back.dw, kept[2], n[2]), "%s convolution without dx", f->name);
        }
        end_of(end, want[0], pooled, g, dy, &s);
        dlk_conv2d_backward(want[1], want[2], want[3], g, x, w, &s);
        if (end == DLI_END_RELU_POOL) want[0] = pooled;
        for (int i = 0; i < 4; i++) same("convolution", kept[i], want[i], n[i], 2e-5);
        free_all();
    }
    CHECK(wino >= 5, "%s: Winograd's way was gone %d times", f->name, wino);
}

/* Sizes without end: what the guard asks for is never less than a part of what is touched, counted
   in double, or it is more than there can be. (That nothing is touched behind it, convolutions()
   shows: there an unreadable page begins.) */
static dl_int extreme(void)
{
    const dl_int most = (dl_int)1 << (4 * sizeof(dl_int) - 2);    /* squares fit, cubes not */
    if (chance(2)) return 1 + chance(40);
    return chance(2) ? most + chance(9) : 1 + most / (1 + chance(5000));
}
static double conv_bytes(const dlk_conv2d_size *s, const dli_conv_arrays *a, int n)
{
    return (double)dli_bytes_of(dli_conv_job_of(f, s, DLI_END_LINEAR, a, n).total);
}

static void work_sizes(void)
{
    int refused = 0;
    dlk_conv2d_size s;
    dli_conv_arrays there, back;
    memset(&s, 0, sizeof s);
    memset(&there, 0, sizeof there);
    memset(&back, 0, sizeof back);
    there.y = (float *)&s;                               /* only asked whether it is there */
    back.dy = (float *)&s;
    s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = s.groups = 1;
    for (int trial = 0; trial < 20000; trial++) {
        s.N = 1 + chance(9); s.C = extreme(); s.H = extreme(); s.W = extreme();
        s.M = extreme(); s.KH = extreme(); s.KW = extreme();
        s.top = chance(2) ? s.KH - 1 : 0;
        s.left = chance(2) ? s.KW - 1 : 0;
        s.OH = s.H + 2 * s.top - s.KH + 1;
        s.OW = s.W + 2 * s.left - s.KW + 1;
        if (s.OH < 1 || s.OW < 1 || dl_shape_size(dl_shape4(s.N, s.C, s.H, s.W)) < 0 ||
            dl_shape_size(dl_shape4(s.M, s.C, s.KH, s.KW)) < 0 ||
            dl_shape_size(dl_shape4(s.N, s.M, s.OH, s.OW)) < 0)
            continue;                                    /* there are no such tensors */
        const double hp = (double)(s.H + 2 * s.top), wp = (double)(s.W + 2 * s.left);
        const double k = (double)s.C * (double)(s.KH * s.KW), p = (double)s.OH * (double)s.OW;
        back.dx = chance(2) ? (float *)&s : NULL;
        back.dw = back.dx ? NULL : (float *)&s;
        const double all = conv_bytes(&s, &there, 3), grads = conv_bytes(&s, &back, 3);
        const double col = (double)dli_bytes_of(dli_col_size(&s));
        const double image = 3 * 4 * (double)s.C * hp * wp, none = (double)SIZE_MAX;
        CHECK(all >= none || all >= image + 4 * (double)s.M * k, "forward asks for %g", all);
        CHECK(grads >= none || grads >= image + 3 * 4 * (double)s.M * p + (back.dx ? 4 * k : 0),
              "backward asks for %g", grads);
        CHECK(col >= none || col >= 4 * (k + (double)s.M) * p, "im2col asks for %g", col);
        refused += all >= none;
    }
    CHECK(refused > 10, "%d sizes refused", refused);

    /* Forward alone takes what forward needs: weights by Winograd's way are 17 MB. */
    s.N = 32;
    s.C = s.M = 512;
    s.H = s.W = s.OH = s.OW = 14;
    s.KH = s.KW = 3;
    s.top = s.left = 1;
    CHECK(conv_bytes(&s, &there, 2) < 32000000, "%g bytes", conv_bytes(&s, &there, 2));
}

static void pooling(void)
{
    for (int trial = 0; trial < 60; trial++) {
        dlk_pool2d_size s;
        dl_int in, out;
        float *x, *y, *dy, *dx, *want, *dwant;
        int32_t *at, *which;
        memset(&s, 0, sizeof s);
        s.planes = 1 + chance(6); s.H = 2 + chance(20); s.W = 2 + chance(70);
        s.OH = s.H / 2; s.OW = s.W / 2; s.KH = s.KW = s.stride_h = s.stride_w = 2;
        in = s.planes * s.H * s.W;
        out = s.planes * s.OH * s.OW;
        x = numbers(in); y = room(out); want = room(out); dy = numbers(out); dx = numbers(in);
        dwant = zeros(in);
        which = (int32_t *)bytes_before_guard((size_t)out * sizeof *at);
        at = (int32_t *)bytes_before_guard((size_t)out * sizeof *at);
        for (dl_int i = 0; i < in; i++)                     /* ties, and some NaN */
            if (chance(3) == 0) x[i] = chance(40) ? 0.5f : NAN;
        dlk_max_pool2d_forward(want, at, x, &s);
        dlk_max_pool2d_backward(dwant, dy, at, &s);
        for (dl_int p = 0; p < s.planes; p++)
            f->pool2(y + p * s.OH * s.OW, which + p * s.OH * s.OW, y + out, x + p * s.H * s.W,
                     x + in, s.W, s.OH, s.OW, 0, 0);
        f->unpool2(dx, s.H * s.W, s.W, dx + in, dy, which, s.planes, s.H, s.W);
        same("pool2", y, want, out, 0);
        same("unpool2", dx, dwant, in, 0);
        free_all();
    }
}

/* ---- recurrent layers: tests/rnn.c compares with the kernels; here sets, threads, guards ---- */

static void recurrent(void)
{
    for (int trial = 0; trial < 32; trial++) {
        const dl_int N = 1 + chance(21), T = 1 + chance(6), D = 1 + chance(40), H = 1 + chance(45);
        const dl_recurrent_kind kind = (dl_recurrent_kind)(trial % 4);
        const dl_int G = kind == DL_LSTM ? 4 : kind == DL_GRU ? 3 : 1;
        dl_int total = N * T * (H + D) + 4 * N * H + G * H * (D + H + 2);
        float *first = NULL;
        int32_t *length = (int32_t *)bytes_before_guard((size_t)N * sizeof *length);
        dlk_recurrent_size s;
        dlk_recurrent_arrays r;
        dlk_recurrent_grads d;
        double saved, work;
        s.N = N; s.T = T; s.D = D; s.H = H;
        for (dl_int i = 0; i < N; i++) length[i] = (int32_t)(1 + chance((uint32_t)T));
        s.length = chance(2) ? length : NULL;
        s.reverse = chance(2) == 1;
        r.x = numbers(N * T * D); r.h0 = numbers(N * H); r.c0 = numbers(N * H);
        r.w_ih = numbers(G * H * D); r.w_hh = numbers(G * H * H);
        r.b_ih = chance(3) ? numbers(G * H) : NULL; r.b_hh = chance(3) ? numbers(G * H) : NULL;
        d.dy = numbers(N * T * H); d.dhn = numbers(N * H); d.dcn = numbers(N * H);
        dli_recurrent_floats(f, kind, &s, &saved, &work);
        for (int t = 0; t < 4; t++) {
            float *out = zeros(total);
            r.saved = room((dl_int)saved);
            r.y = out;
            r.hn = r.y + N * T * H;
            r.cn = r.hn + N * H;
            d.dh0 = r.cn + N * H;
            d.dc0 = d.dh0 + N * H;
            d.dx = d.dc0 + N * H;
            d.dw_ih = d.dx + N * T * D;
            d.dw_hh = d.dw_ih + G * H * D;
            d.db_ih = d.dw_hh + G * H * H;
            d.db_hh = d.db_ih + G * H;
            if (kind != DL_LSTM) {
                r.cn = NULL;
                d.dc0 = NULL;
            }
            r.work = room((dl_int)work);
            const dli_recurrent p = dli_recurrent_of(f, kind, &r, &s);
            dli_recurrent_forward(&p, threads[t]);
            dli_recurrent_backward(&p, &d, threads[t]);
            if (t == 0) first = out;
            CHECK(equal(out, first, total), "%s kind %d, %d threads", f->name, (int)kind,
                  threads[t]);
            for (dl_int i = 0; i < total; i++)
                if (!(fabs((double)out[i]) < 1e6)) {
                    CHECK(false, "%s kind %d: element %ld of %ld is %g", f->name, (int)kind,
                          (long)i, (long)total, (double)out[i]);
                    break;
                }
        }
        free_all();
    }
}

/* ---- softmax and products backward, attention: row by row ---- */

static void rows_backward(void)
{
    for (int trial = 0; trial < 80; trial++) {
        const dl_int R = 1 + chance(7), S = a_size(28), n = R * S;
        float *x = numbers(n), *dy = numbers(n), *t = numbers(n), *y = room(n), *z = room(n);
        float *got = numbers(n), *want = copy(got, n), one = 0, two = 0;
        dlk_softmax_forward(y, x, R, S);
        dlk_softmax_backward(want, dy, y, R, S);
        dli_fast_softmax_backward(own, got, dy, y, R, S);
        same("softmax backward", got, want, n, 5e-6);
        dlk_log_softmax_forward(y, x, R, S);
        dlk_log_softmax_backward(want, dy, y, R, S);
        dli_fast_log_softmax_backward(own, got, dy, y, R, S);
        same("log softmax backward", got, want, n, 5e-6);
        if (trial % 4 == 3) { x[0] = -INFINITY; t[0] = 0; }
        dlk_soft_cross_entropy_forward(&one, y, x, t, R, S, 1);
        dli_fast_soft_cross_entropy_forward(own, &two, z, x, t, R, S, 1);
        CHECK(fabs((double)(one - two)) <= 1e-5 * (double)n, "%s soft loss %g, should be %g",
              f->name, (double)two, (double)one);
        same("soft loss", z, y, n, 5e-6);
        for (dl_int i = 0; i < n; i++) if (chance(4) == 0) t[i] = -INFINITY;
        memcpy(y, x, (size_t)n * sizeof *y);
        memcpy(z, x, (size_t)n * sizeof *z);
        dlk_attention_softmax(y, trial % 3 ? t : NULL, R, S, 0.3, trial % 2 == 1);
        dli_fast_attention_softmax(own, z, trial % 3 ? t : NULL, R, S, 0.3, trial % 2 == 1);
        same("attention", z, y, n, 5e-6);
        for (int way = 0; way < 4; way++) {                 /* steps 0 or 1 of either factor */
            const dl_int sa = way & 1, sb = way / 2;
            float *da = copy(dy, n), *da2 = copy(dy, n);
            dli_half_mul_back(f, da, sa, got, want, sb, n);
            dlk_mul_backward(da2, NULL, got, x, want, n, sa, sb);
            same("product backward", da, da2, sa ? n : 1, sa ? 1e-6 : 1e-4 * (double)n);
        }
        free_all();
    }
}

/* ---- normalization against the kernels ---- */

/* The four functions on all of out: y, mean, var, dx, dw, db. batch: 0, 1 batch norms with running
   and own statistics, 2 group norm. threads 0: the kernels. */
static void normalize(float *out, const float *in, dl_int N, dl_int C, dl_int S, dl_int groups,
                      int batch, bool weights, int n_threads)
{
    const dl_int n = N * C * S, stats = batch == 2 ? N * groups : C;
    const float *x = in, *dy = x + n, *w = weights ? dy + n : NULL, *b = weights ? w + C : NULL;
    float *y = out, *dx = y + n, *mean = dx + n, *var = mean + stats, *dw = var + stats;
    float *db = dw + C;
    const double eps = 1e-3;
    if (batch == 2 && n_threads) {
        dli_group_forward(f, y, mean, var, x, w, b, N, C, S, groups, eps, n_threads);
        float *work = room(dli_group_chunks(N, S, groups) * 2 * C);
        dli_group_backward(f, dx, dw, db, dy, x, mean, var, w, N, C, S, groups, eps, work,
                           n_threads);
    } else if (batch == 2) {
        dlk_group_norm_forward(y, mean, var, x, w, b, N, C, S, groups, eps);
        dlk_group_norm_backward(dx, dw, db, dy, x, mean, var, w, N, C, S, groups, eps);
    } else if (n_threads) {
        dli_batch_forward(f, y, mean, var, batch, x, w, b, N, C, S, eps, n_threads);
        dli_batch_backward(f, dx, dw, db, dy, x, mean, var, w, N, C, S, eps, batch == 1,
                           n_threads);
    } else {
        if (batch) dlk_batch_stats(mean, var, x, N, C, S);
        dlk_batch_norm_forward(y, x, mean, var, w, b, N, C, S, eps, batch == 1);
        dlk_batch_norm_backward(dx, dw, db, dy, x, mean, var, w, N, C, S, eps, batch == 1);
    }
}

static void normalizations(void)
{
    for (int trial = 0; trial < 90; trial++) {
        const dl_int N = 1 + chance(trial % 9 == 0 ? 150 : 9);
        const dl_int S = chance(2) ? 1 : a_size(trial % 5 == 0 ? 28 : 20);
        const dl_int groups = S == 1 && chance(2) ? 1 : 1 + chance(3), Cg = a_size(S == 1 ? 27 : 9);
        const dl_int C = groups * Cg, n = N * C * S;
        const int batch = trial % 3;
        const dl_int stats = batch == 2 ? N * groups : C, total = 2 * n + 2 * stats + 2 * C;
        const bool weights = chance(3) > 0;
        float *in = numbers(2 * n + 2 * C), *start = numbers(total), *want, *first = NULL;
        for (dl_int i = 0; i < n; i++) in[i] += trial % 7 == 3 ? 1e5f : 3;    /* far from 0 */
        for (dl_int i = 0; i < n / 3 && trial % 4 == 2; i++) in[i] += 300;     /* and uneven */
        for (dl_int i = 0; i < stats; i++) start[2 * n + stats + i] += 1.5f;      /* variances */
        if (trial % 10 == 9) in[chance((uint32_t)n)] = chance(2) ? NAN : INFINITY;
        want = copy(start, total);
        normalize(want, in, N, C, S, groups, batch, weights, 0);
        for (int t = 0; t < 4; t++) {
            float *got = copy(start, total);
            normalize(got, in, N, C, S, groups, batch, weights, threads[t]);
            if (t == 0) first = got;
            CHECK(equal(got, first, total), "%s norm %d: %d threads", f->name, batch, threads[t]);
        }
        same("y of a norm", first, want, n, 1e-5);
        same("dx of a norm", first + n, want + n, n, 2e-5);
        same("mean of a norm", first + 2 * n, want + 2 * n, stats, 1e-6);
        same("variance of a norm", first + 2 * n + stats, want + 2 * n + stats, stats, 1e-5);
        same("dw, db of a norm", first + 2 * n + 2 * stats, want + 2 * n + 2 * stats, 2 * C, 2e-5);
        free_all();
    }
}

/* ---- one thread or all: the choice on machines made up here, with a clock of their own ---- */

/* Seconds: 1 ns a unit and thread, two threads wake in 5 us. While it is busy, one job in `late`
   waits 12 times as long for its second thread. */
static double job_seconds(double units, int way, int late)
{
    const double alone = units * 1e-9, both = alone / 2 + 5e-6;
    const double chance_of = 1 + 0.05 * (double)chance(3);                  /* 0 to 10 % noise */
    return chance_of * (way == 0 ? alone : late && chance((uint32_t)late) == 0 ? 12 * alone : both);
}
static double all_way, spent, alone_spent;         /* jobs on two threads; seconds; with only one */
static void jobs(dl_ctx *c, dli_job_kind kind, int n, double least, double most, int late)
{
    all_way = spent = alone_spent = 0;
    for (int i = 0; i < n; i++) {
        const double units = least + (most - least) * (double)chance(10000) / 10000;
        dli_pace *p = dli_pace_of(c, kind, units);
        const int way = p ? dli_pace_way(p) : 0;
        const double seconds = job_seconds(units, way, late);
        if (p) dli_pace_learn(p, way, (float)(seconds / units));
        all_way += way;
        spent += seconds;
        alone_spent += job_seconds(units, 0, 0);
    }
}
static void one_or_all(void)
{
    dl_ctx *c = dl_new(1);
    dl_set_threads(c, 2);
    c->threads = 2;                                /* also where there is no OpenMP */
    jobs(c, DLI_JOB_CONV, 20000, 131072, 1e6, 0);     /* 200 sizes and more: nearly always two */
    CHECK(all_way > 0.99 * 20000, "many sizes: %g of 20000 jobs on two threads", all_way);
    jobs(c, DLI_JOB_PRODUCT, 1000, 1e5, 1e7, 0);   /* 1000 sizes once each */
    CHECK(all_way > 0.95 * 1000, "sizes once each: %g of 1000 jobs on two threads", all_way);
    jobs(c, DLI_JOB_relu_forward, 1000, 1, 32767, 0);
    CHECK(all_way == 0, "tiny jobs: %g on two threads", all_way);
    jobs(c, DLI_JOB_DROPOUT, 1, 1e30, 1e30, 0);    /* the last octave is open */

    /* One late job in 20 is worth two threads, one in 5 is not, nor one in 1. */
    jobs(c, DLI_JOB_CONV, 20000, 131072, 1e6, 20);
    CHECK(spent < 1.2 * alone_spent / 2 + 20000 / 20.0 * 12 * 5.5e-4, "seldom late: %g s, alone %g",
          spent, alone_spent);
    for (int late = 1; late <= 16; late *= 2) {
        jobs(c, DLI_JOB_CONV, 20000, 131072, 1e6, late);
        CHECK(spent < 1.06 * alone_spent, "one of %d late: %g s, alone %g", late, spent,
              alone_spent);
        jobs(c, DLI_JOB_CONV, 5000, 131072, 1e6, 0);  /* quiet again: 512 jobs a size */
        jobs(c, DLI_JOB_CONV, 2500, 131072, 1e6, 0);
        CHECK(all_way > 0.95 * 2500, "after one of %d was late: %g of 2500 jobs", late, all_way);
    }
    jobs(c, DLI_JOB_gelu_forward, 20000, 131072, 1e6, 1);     /* busy from the first job on */
    CHECK(spent < 1.06 * alone_spent, "always busy: %g s, alone %g", spent, alone_spent);

    /* Two sorts of job take turns, one of them three times as slow a unit: still two threads. */
    all_way = 0;
    for (int i = 0; i < 10000; i++) {
        dli_pace *p = dli_pace_of(c, DLI_JOB_RECUR, 1e6);
        const int way = dli_pace_way(p);
        dli_pace_learn(p, way, (float)((i % 2 ? 3 : 1) * job_seconds(1e6, way, 0) / 1e6));
        all_way += way;
    }
    CHECK(all_way > 0.98 * 10000, "two sorts: %g of 10000 jobs on two threads", all_way);
    dl_free(c);
}

int main(int argc, char **argv)
{
    const dli_fast *set[3];
    int sets = 0;
    if (argc > 1 && strcmp(argv[1], "full") == 0) stride = 1;
    set[sets++] = &dli_fast_base;
#if DLI_X86
    if (dli_fast_pick() != &dli_fast_base) set[sets++] = &dli_fast_avx2;
    if (dli_fast_pick() == &dli_fast_avx512) set[sets++] = &dli_fast_avx512;
#endif
    TEST(one_or_all);
    own = dl_new(1);
    for (int i = 0; i < sets; i++) {
        f = own->fast = set[i];
        TEST(functions);
        TEST(limits);
        TEST(arrays);
        TEST(not_finite);
        TEST(rows_and_columns);
        TEST(optimizers);
        TEST(products);
        TEST(convolutions);
        TEST(work_sizes);
        TEST(pooling);
        TEST(recurrent);
        TEST(normalizations);
        TEST(rows_backward);
    }
    dl_free(own);
    return test_end();
}
#endif
