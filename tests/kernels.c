/* kernels.c - every kernel of dl.h (floor 1) against PyTorch's values, against central differences,
   and at the edges: nothing, one element, NaN, infinity.

       cc -std=c99 -DDL_REAL=double tests/kernels.c -o build/kernels -lm && build/kernels  */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <float.h>

static dl_real *room(dl_int n) /* exactly n zeros, so that -fsanitize=address sees one more */
{
    dl_real *x = (dl_real *)calloc(n > 0 ? (size_t)n : 1, sizeof(dl_real));
    if (!x) test_die("memory", "");
    return x;
}

static dl_real *filled(dl_int n, double c)
{
    dl_real *x = room(n);
    for (dl_int i = 0; i < n; i++) x[i] = (dl_real)c;
    return x;
}

static dl_real *random_array(dl_int n, unsigned seed, double lo, double hi)
{
    dl_real *x = room(n);
    test_fill(x, n, seed, lo, hi);
    return x;
}

static dl_real *copy_of(const dl_real *from, dl_int n)
{
    dl_real *x = room(n);
    if (n > 0) memcpy(x, from, (size_t)n * sizeof(dl_real));
    return x;
}

static double dot(const dl_real *a, const dl_real *b, dl_int n)
{
    double sum = 0;
    for (dl_int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Gradients are started with START instead of 0: a backward that overwrites is found out. */
#define START 0.5
static void check_added(const dl_real *got, const dl_real *want, dl_int n, const char *what)
{
    dl_real *sum = copy_of(want, n);
    for (dl_int i = 0; i < n; i++) sum[i] += (dl_real)START;
    if (!CHECK_ARRAY(got, sum, n)) printf("    in %s\n", what);
    free(sum);
}

/* Central differences. loss(arg) computes a number from the n elements of p; dp, started with
   START, is what the backward says about it. In double only. */
static void check_gradient(dl_real *p, const dl_real *dp, dl_int n, double (*loss)(void *),
                           void *arg, const char *what)
{
    const double h = 1e-5;
    double largest = 0;
    for (dl_int i = 0; i < n; i++) {
        const dl_real old = p[i];
        double up, down, analytic = (double)dp[i] - START, numeric, size, error;
        p[i] = (dl_real)((double)old + h);
        up = loss(arg);
        p[i] = (dl_real)((double)old - h);
        down = loss(arg);
        p[i] = old;
        numeric = (up - down) / (2 * h);
        size = fmax(fabs(analytic), fabs(numeric));
        error = fmax(0, fabs(analytic - numeric) - 1e-9);
        CHECK(error <= 1e-6 * size, "%s[%ld]: backward says %.12g, differences %.12g", what,
              (long)i, analytic, numeric);
        largest = fmax(largest, size);
    }
    CHECK(largest > 1e-3, "%s: all gradients are 0, nothing was checked", what);
}

/* -------------------------------------------------------------------------------- linear ---- */

static void linear_golden(void)
{
    test_golden g = golden_open("linear");
    const int cases = (int)golden_get(&g, "cases")->value[0];
    for (int k = 0; k < cases; k++) {
        const test_array *x = golden_getf(&g, "%d_x", k), *w = golden_getf(&g, "%d_w", k);
        const dl_real *b = golden_getf(&g, "%d_b", k)->data;
        const dl_real *dy = golden_getf(&g, "%d_dy", k)->data;
        const dl_int N = x->dim[0], D = x->dim[1], M = w->dim[0];
        dl_real *y = filled(N * M, 7);
        dlk_linear_forward(y, x->data, w->data, b, N, D, M);
        CHECK_ARRAY(y, golden_getf(&g, "%d_y", k)->data, N * M);
        dlk_linear_forward(y, x->data, w->data, NULL, N, D, M);
        CHECK_ARRAY(y, golden_getf(&g, "%d_y0", k)->data, N * M);
        for (int wanted = 0; wanted < 8; wanted++) { /* each of the three may be NULL */
            dl_real *dx = filled(N * D, START), *dw = filled(M * D, START), *db = filled(M, START);
            dlk_linear_backward(wanted & 1 ? dx : NULL, wanted & 2 ? dw : NULL,
                                wanted & 4 ? db : NULL, dy, x->data, w->data, N, D, M);
            if (wanted & 1) check_added(dx, golden_getf(&g, "%d_dx", k)->data, N * D, "dx");
            if (wanted & 2) check_added(dw, golden_getf(&g, "%d_dw", k)->data, M * D, "dw");
            if (wanted & 4) check_added(db, golden_getf(&g, "%d_db", k)->data, M, "db");
            free(dx); free(dw); free(db);
        }
        free(y);
    }
    golden_close(&g);
}

static void linear_edges(void)
{
    dl_real y[4] = { 7, 7, 7, 7 }, x[1] = { 1 }, b[2] = { 3, 4 };
    const dl_real bias_only[4] = { 3, 4, 3, 4 }, nan_x[2] = { (dl_real)NAN, 0 }, w[2] = { 0, 1 };
    dlk_linear_forward(y, x, x, b, 0, 1, 2);
    CHECK(y[0] == 7, "N = 0 writes nothing");
    dlk_linear_forward(y, x, x, b, 2, 0, 2);
    CHECK_ARRAY(y, bias_only, 4);
    dlk_linear_forward(y, x, x, b, 2, 1, 0);
    CHECK_ARRAY(y, bias_only, 4);
    dlk_linear_forward(y, nan_x, w, NULL, 1, 2, 1);
    CHECK(y[0] != y[0], "NaN * 0 is NaN, not %g", (double)y[0]);
    dlk_matmul_forward(y, x, x, 2, 0, 2);
    CHECK(y[0] == 0 && y[3] == 0, "a sum of no terms is 0");
    dlk_matmul_forward(y, w, nan_x, 1, 2, 1);
    CHECK(y[0] != y[0], "0 * NaN is NaN, not %g", (double)y[0]);
}

typedef struct product { dl_real *y, *x, *w, *b, *dy; dl_int N, D, M; bool linear; } product;
static double product_loss(void *arg)
{
    product *p = (product *)arg;
    if (p->linear) dlk_linear_forward(p->y, p->x, p->w, p->b, p->N, p->D, p->M);
    else           dlk_matmul_forward(p->y, p->x, p->w, p->N, p->D, p->M);
    return dot(p->y, p->dy, p->N * p->M);
}

static void product_gradients(void)
{
    const dl_int sizes[4][3] = { { 1, 1, 1 }, { 3, 5, 2 }, { 1, 9, 4 }, { 6, 2, 7 } };
    for (int k = 0; k < 8; k++) {
        const dl_int N = sizes[k / 2][0], D = sizes[k / 2][1], M = sizes[k / 2][2];
        dl_real *dx = filled(N * D, START), *dw = filled(D * M, START), *db = filled(M, START);
        product p;
        p.N = N; p.D = D; p.M = M; p.linear = k % 2 == 0;
        p.y = room(N * M);
        p.x = random_array(N * D, 1, -1, 1);
        p.w = random_array(D * M, 2, -1, 1);
        p.b = random_array(M, 3, -1, 1);
        p.dy = random_array(N * M, 4, 0.25, 2);
        if (p.linear) dlk_linear_backward(dx, dw, db, p.dy, p.x, p.w, N, D, M);
        else          dlk_matmul_backward(dx, dw, p.dy, p.x, p.w, N, D, M);
        check_gradient(p.x, dx, N * D, product_loss, &p, p.linear ? "linear dx" : "matmul da");
        check_gradient(p.w, dw, D * M, product_loss, &p, p.linear ? "linear dw" : "matmul db");
        if (p.linear) check_gradient(p.b, db, M, product_loss, &p, "linear db");
        free(dx); free(dw); free(db);
        free(p.y); free(p.x); free(p.w); free(p.b); free(p.dy);
    }
}

static void matmul_golden(void)
{
    test_golden g = golden_open("matmul");
    const int cases = (int)golden_get(&g, "cases")->value[0];
    for (int k = 0; k < cases; k++) {
        const test_array *a = golden_getf(&g, "%d_a", k), *b = golden_getf(&g, "%d_b", k);
        const dl_real *dy = golden_getf(&g, "%d_dy", k)->data;
        const dl_int N = a->dim[0], K = a->dim[1], M = b->dim[1];
        dl_real *y = filled(N * M, 7), *da = filled(N * K, START), *db = filled(K * M, START);
        dlk_matmul_forward(y, a->data, b->data, N, K, M);
        CHECK_ARRAY(y, golden_getf(&g, "%d_y", k)->data, N * M);
        dlk_matmul_backward(NULL, NULL, dy, a->data, b->data, N, K, M);
        dlk_matmul_backward(da, NULL, dy, a->data, b->data, N, K, M);
        dlk_matmul_backward(NULL, db, dy, a->data, b->data, N, K, M);
        check_added(da, golden_getf(&g, "%d_da", k)->data, N * K, "da");
        check_added(db, golden_getf(&g, "%d_db", k)->data, K * M, "db");
        free(y); free(da); free(db);
    }
    golden_close(&g);
}

/* ---------------------------------------------------------------------------- arithmetic ---- */

typedef void (*binary_forward_fn)(dl_real *, const dl_real *, const dl_real *, dl_int, dl_int,
                                  dl_int);
typedef void (*binary_backward_fn)(dl_real *, dl_real *, const dl_real *, const dl_real *,
                                   const dl_real *, dl_int, dl_int, dl_int);
#define ROW(A, name, value, to_a, to_b, formula, what) \
    { #name, dlk_##name##_forward, dlk_##name##_backward },
static const struct {
    const char *name;
    binary_forward_fn  forward;
    binary_backward_fn backward;
} binary[] = { DLK_BINARY(ROW, 0) };
#undef ROW
enum { BINARY = sizeof binary / sizeof binary[0] };

/* Where row r (all axes but the last) of the result y starts in a, and a's step along the row. */
static dl_int row_start(const test_array *a, const test_array *y, dl_int r, dl_int *step)
{
    dl_int at = 0, stride = 1, axis, back;
    *step = 0;
    for (back = 1; back <= y->rank; back++) {
        const dl_int have = back <= a->rank ? a->dim[a->rank - back] : 1;
        axis = y->rank - back;
        if (back == 1) *step = have > 1 ? 1 : 0;
        else {
            if (have > 1) at += r % y->dim[axis] * stride;
            r /= y->dim[axis];
        }
        stride *= have;
    }
    return at;
}

static void arithmetic_golden(void)
{
    test_golden g = golden_open("arithmetic");
    const int cases = (int)golden_get(&g, "cases")->value[0];
    for (int op = 0; op < BINARY; op++)
        for (int k = 0; k < cases; k++) {
            const test_array *a = golden_getf(&g, "%d_a", k), *b = golden_getf(&g, "%d_b", k);
            const test_array *dy = golden_getf(&g, "%d_dy", k);
            const dl_int n = dy->rank > 0 ? dy->dim[dy->rank - 1] : 1;
            dl_real *y = filled(dy->size, 7);
            dl_real *da = filled(a->size, START), *db = filled(b->size, START);
            for (dl_int r = 0; r < dy->size / n; r++) {
                dl_int sa, sb;
                const dl_int ia = row_start(a, dy, r, &sa), ib = row_start(b, dy, r, &sb);
                const dl_real *ra = a->data + ia, *rb = b->data + ib, *rdy = dy->data + r * n;
                binary[op].forward(y + r * n, ra, rb, n, sa, sb);
                binary[op].backward(da + ia, NULL, rdy, ra, rb, n, sa, sb);
                binary[op].backward(NULL, db + ib, rdy, ra, rb, n, sa, sb);
                binary[op].backward(NULL, NULL, rdy, ra, rb, n, sa, sb);
            }
            if (!CHECK_ARRAY(y, golden_getf(&g, "%s_%d_y", binary[op].name, k)->data, dy->size))
                printf("    in %s %d\n", binary[op].name, k);
            check_added(da, golden_getf(&g, "%s_%d_da", binary[op].name, k)->data, a->size,
                        binary[op].name);
            check_added(db, golden_getf(&g, "%s_%d_db", binary[op].name, k)->data, b->size,
                        binary[op].name);
            free(y); free(da); free(db);
        }
    golden_close(&g);
}

static void arithmetic_special(void)
{
    test_golden g = golden_open("arithmetic");
    const test_array *a = golden_get(&g, "special_a"), *b = golden_get(&g, "special_b");
    const dl_int n = a->size;
    for (int op = 0; op < BINARY; op++) {
        dl_real *y = room(n), *da = room(n), *db = room(n), *dy = filled(n, 1);
        binary[op].forward(y, a->data, b->data, n, 1, 1);
        binary[op].backward(da, db, dy, a->data, b->data, n, 1, 1);
        for (dl_int i = 0; i < n; i++) {
            const char *name = binary[op].name;
            const double want[3] = { golden_getf(&g, "%s_special_y", name)->value[i],
                                     golden_getf(&g, "%s_special_da", name)->value[i],
                                     golden_getf(&g, "%s_special_db", name)->value[i] };
            const double got[3] = { (double)y[i], (double)da[i], (double)db[i] };
            for (int k = 0; k < 3; k++)
                CHECK(test_close(got[k], want[k], 0), "%s %s of (%g, %g): %g, PyTorch has %g",
                      name, k == 0 ? "y" : k == 1 ? "da" : "db", a->value[i], b->value[i], got[k],
                      want[k]);
        }
        free(y); free(da); free(db); free(dy);
    }
    golden_close(&g);
}

typedef struct arithmetic { int op; dl_real *y, *a, *b, *dy; dl_int n, sa, sb; } arithmetic;
static double arithmetic_loss(void *arg)
{
    arithmetic *p = (arithmetic *)arg;
    binary[p->op].forward(p->y, p->a, p->b, p->n, p->sa, p->sb);
    return dot(p->y, p->dy, p->n);
}

static void arithmetic_gradients(void)
{
    arithmetic p;
    p.n = 11;
    p.y = room(p.n);
    p.a = random_array(p.n, 5, 0.5, 2);
    p.b = random_array(p.n, 6, 0.5, 2);
    p.dy = random_array(p.n, 7, 0.25, 2);
    for (dl_int i = 0; i < p.n; i++)
        for (dl_int j = 0; j < p.n; j++)
            CHECK(fabs((double)p.a[i] - (double)p.b[j]) > 1e-4, "a and b are off the kink");
    for (p.op = 0; p.op < BINARY; p.op++)
        for (p.sa = 0; p.sa < 2; p.sa++)
            for (p.sb = 0; p.sb < 2; p.sb++) {
                dl_real *da = filled(p.n, START), *db = filled(p.n, START);
                const bool one_side = p.op >= 4; /* a maximum may use only one of the two */
                binary[p.op].backward(da, db, p.dy, p.a, p.b, p.n, p.sa, p.sb);
                if (!one_side || (double)da[0] > START)
                    check_gradient(p.a, da, p.sa ? p.n : 1, arithmetic_loss, &p, binary[p.op].name);
                if (!one_side || (double)db[0] > START)
                    check_gradient(p.b, db, p.sb ? p.n : 1, arithmetic_loss, &p, binary[p.op].name);
                free(da); free(db);
            }
    free(p.y); free(p.a); free(p.b); free(p.dy);
}

/* Gradients of what is repeated are long sums: they keep their digits. By the kernels, and by what
   the operations run. */
static void long_sums(void)
{
    const dl_int n = 300000;
    const dl_real tenth = (dl_real)0.1, ten = 10;
    const double want = (double)tenth * (double)n;
    dl_real *g = filled(n, 0.1), *x = filled(n, 10), a = 0, b[2] = { 0, 0 };
    dl_ctx *dl = dl_new(1);
    dl_tensor *p = dl_param(dl, dl_shape1(1), dl_init_zeros()), *in = dl_from(dl, dl_shape2(n, 1), x);
    dl_tensor *w = dl_param(dl, dl_shape2(1, 1), dl_init_zeros());
    for (int op = 0; op < 2; op++) {
        a = 0;
        binary[op].backward(&a, NULL, g, &tenth, x, n, 0, 1);
        CHECK_CLOSE(a, want, TEST_TOL / 10, 0);
    }
    a = 0;
    dlk_mul_backward(&a, NULL, g, &ten, x, n, 0, 1);
    CHECK_CLOSE(a, 10 * want, TEST_TOL / 10, 0);
    dlk_linear_backward(NULL, NULL, b, g, NULL, NULL, n / 2, 0, 2);
    CHECK_CLOSE(b[0], want / 2, TEST_TOL / 10, 0);
    CHECK(dl_backward_from(dl_linear(in, w, p), g), "%s", dl_error_text(dl));
    CHECK_CLOSE(p->grad[0], want, TEST_TOL / 10, 0);
    CHECK(dl_backward_from(dl_add(dl_reshape(in, dl_shape1(n)), p), g), "%s", dl_error_text(dl));
    CHECK_CLOSE(p->grad[0], 2 * want, TEST_TOL / 10, 0);
    dl_free(dl);
    free(g); free(x);
}

/* --------------------------------------------------------------------------------- unary ---- */

#define ROW(A, name, value, gradient, formula, what) \
    { #name, dlk_##name##_forward, dlk_##name##_backward },
static const struct {
    const char *name;
    dlk_unary_forward_fn  forward;
    dlk_unary_backward_fn backward;
} unary[] = { DLK_UNARY(ROW, 0) };
#undef ROW
enum { UNARY = sizeof unary / sizeof unary[0] };

static void unary_golden(void)
{
    test_golden g = golden_open("unary");
    for (int f = 0; f < UNARY; f++) {
        const char *name = unary[f].name;
        const int cases = (int)golden_getf(&g, "%s_cases", name)->value[0];
        for (int k = 0; k < cases; k++) {
            const test_array *x = golden_getf(&g, "%s_%d_x", name, k);
            const dl_real *dy = golden_getf(&g, "%s_%d_dy", name, k)->data;
            const dl_real *want = golden_getf(&g, "%s_%d_y", name, k)->data;
            const double *pq = golden_getf(&g, "%s_%d_pq", name, k)->value;
            dl_real *y = filled(x->size, 7), *in_place = copy_of(x->data, x->size);
            dl_real *dx = filled(x->size, START);
            unary[f].forward(y, x->data, x->size, pq[0], pq[1]);
            if (!CHECK_ARRAY(y, want, x->size)) printf("    in %s %d\n", name, k);
            unary[f].forward(in_place, in_place, x->size, pq[0], pq[1]);
            CHECK(memcmp(y, in_place, (size_t)x->size * sizeof(dl_real)) == 0, "%s in place", name);
            unary[f].backward(dx, dy, y, x->data, x->size, pq[0], pq[1]);
            check_added(dx, golden_getf(&g, "%s_%d_dx", name, k)->data, x->size, name);
            free(y); free(in_place); free(dx);
        }
    }
    golden_close(&g);
}

/* Where we differ from PyTorch on purpose: the square root of -infinity by pow (C says infinity,
   PyTorch takes sqrt for p = .5), ELU's slope at NaN (we say NaN, PyTorch 1), and the limits at
   infinity, which PyTorch's formulas of GELU and SiLU miss (NaN; see unary_limits). */
static bool differs(const char *name, double x, double p)
{
    const bool far = fabs(x) == (double)INFINITY;
    return (strcmp(name, "pow") == 0 && p == 0.5 && x == -(double)INFINITY) ||
           (strcmp(name, "elu") == 0 && x != x) ||
           (far && (strncmp(name, "gelu", 4) == 0 || strcmp(name, "silu") == 0));
}

static void unary_special(void)
{
    test_golden g = golden_open("unary");
    for (int f = 0; f < UNARY; f++) {
        const char *name = unary[f].name;
        const int cases = (int)golden_getf(&g, "%s_cases", name)->value[0];
        for (int k = 0; k < cases; k++) {
            const test_array *x = golden_getf(&g, "%s_%d_sx", name, k);
            const double *pq = golden_getf(&g, "%s_%d_pq", name, k)->value;
            const double *want_y = golden_getf(&g, "%s_%d_sy", name, k)->value;
            const double *want_dx = golden_getf(&g, "%s_%d_sdx", name, k)->value;
            dl_real *y = room(x->size), *dx = room(x->size), *dy = filled(x->size, 1);
            unary[f].forward(y, x->data, x->size, pq[0], pq[1]);
            unary[f].backward(dx, dy, y, x->data, x->size, pq[0], pq[1]);
            for (dl_int i = 0; i < x->size; i++) {
                if (differs(name, x->value[i], pq[0])) continue;
                CHECK(test_close((double)y[i], want_y[i], TEST_TOL * fabs(want_y[i]) + 1e-30),
                      "%s(%g; %g, %g) = %.9g, PyTorch has %.9g", name, x->value[i], pq[0], pq[1],
                      (double)y[i], want_y[i]);
                CHECK(test_close((double)dx[i], want_dx[i], TEST_TOL * fabs(want_dx[i]) + 1e-30),
                      "%s'(%g; %g, %g) = %.9g, PyTorch has %.9g", name, x->value[i], pq[0], pq[1],
                      (double)dx[i], want_dx[i]);
            }
            free(y); free(dx); free(dy);
        }
    }
    golden_close(&g);
}

/* What may be wrong in a value of this size: eps, or an error of eps in its exponent. */
static double rounding(double value)
{
    const bool wide = sizeof(dl_real) == sizeof(double);
    const double eps = wide ? 2.3e-16 : 1.2e-7, v = fabs(value);
    const double least = !wide ? 1.5e-45 : FLT_EVAL_METHOD == 0 ? 5e-324
                       : 1e-290;       /* an erfc on x87 that does not round its result */
    return v > 0 ? eps * v * (8 + 2 * fabs(log(v))) + 4 * least : 4 * least;
}

/* Every function of golden/limits.txt (all but log, sqrt, pow and p / x) at the edges of
   the numbers. What is computed from a rounded y, the slopes of sigmoid and tanh, is as exact as 1
   - y is: PyTorch has the same. */
static void unary_limits(void)
{
    test_golden g = golden_open("limits");
    const double eps = sizeof(dl_real) == sizeof(double) ? 2.3e-16 : 1.2e-7;
    for (int f = 0; f < UNARY; f++) {
        const char *name = unary[f].name;
        const bool from_y = strcmp(name, "sigmoid") == 0 || strcmp(name, "tanh") == 0;
        const double odd = strcmp(name, "neg") == 0 || strcmp(name, "over") == 0 ? -1 :
                           strcmp(name, "abs") == 0 || strcmp(name, "square") == 0 ? 0 : 1;
        if (strcmp(name, "reciprocal") == 0 || strcmp(name, "log") == 0 ||
            strcmp(name, "sqrt") == 0 || strcmp(name, "pow") == 0) continue;
        for (int k = 0; k < (int)golden_getf(&g, "%s_cases", name)->value[0]; k++)
            for (int more = 0; more < (sizeof(dl_real) == sizeof(double) ? 2 : 1); more++) {
                const test_array *x = golden_get(&g, more ? "xd" : "x");
                const double *pq = golden_getf(&g, "%s_%d_pq", name, k)->value;
                const dl_real *v = golden_getf(&g, more ? "%s_%d_yd" : "%s_%d_y", name, k)->data;
                const dl_real *d = golden_getf(&g, more ? "%s_%d_dxd" : "%s_%d_dx", name, k)->data;
                dl_real *y = room(x->size), *dx = room(x->size), *dy = filled(x->size, 1);
                unary[f].forward(y, x->data, x->size, pq[0], pq[1]);
                unary[f].backward(dx, dy, y, x->data, x->size, pq[0], pq[1]);
                for (dl_int i = 0; i < x->size; i++) {
                    const double want = (double)v[i], slope = (double)d[i];
                    const bool nan = x->value[i] != x->value[i];
                    CHECK(test_close((double)y[i], want, rounding(want)),
                          "%s(%g; %g) = %.9g, should be %.9g", name, x->value[i], pq[0],
                          (double)y[i], want);
                    CHECK(nan || test_close((double)dx[i], slope, rounding(slope) +
                                            (from_y ? 2 * eps : 0)),
                          "%s'(%g; %g) = %.9g, should be %.9g", name, x->value[i], pq[0],
                          (double)dx[i], slope);
                    if (x->value[i] != 0 || v[i] != 0 || !odd) continue;
                    CHECK(!signbit((double)y[i]) == !signbit(x->value[i] * odd),
                          "%s keeps the sign of 0: %g of %g", name, (double)y[i], x->value[i]);
                }
                free(y); free(dx); free(dy);
            }
    }
    golden_close(&g);
}

typedef struct elementwise { int f; dl_real *y, *x, *dy; dl_int n; double p, q; } elementwise;
static double elementwise_loss(void *arg)
{
    elementwise *e = (elementwise *)arg;
    unary[e->f].forward(e->y, e->x, e->n, e->p, e->q);
    return dot(e->y, e->dy, e->n);
}

static void unary_gradients(void)
{
    elementwise e;
    e.n = 40;
    for (e.f = 0; e.f < UNARY; e.f++) {
        const char *name = unary[e.f].name;
        const bool positive = strcmp(name, "log") == 0 || strcmp(name, "sqrt") == 0 ||
                              strcmp(name, "pow") == 0 || strcmp(name, "reciprocal") == 0;
        const bool clamp = strcmp(name, "clamp") == 0;
        dl_real *dx = filled(e.n, START);
        e.p = clamp ? -0.5 : 1.5;
        e.q = clamp ? 1.25 : -0.25;
        e.y = room(e.n);
        e.x = random_array(e.n, 8, positive ? 0.25 : -3, 3);
        e.dy = random_array(e.n, 9, 0.25, 2);
        for (dl_int i = 0; i < e.n; i++) { /* off the kinks */
            if (fabs((double)e.x[i]) < 0.01) e.x[i] += (dl_real)0.03;
            if (clamp && fabs((double)e.x[i] + 0.5) < 0.01) e.x[i] += (dl_real)0.03;
            if (clamp && fabs((double)e.x[i] - 1.25) < 0.01) e.x[i] += (dl_real)0.03;
        }
        unary[e.f].forward(e.y, e.x, e.n, e.p, e.q);
        unary[e.f].backward(dx, e.dy, e.y, e.x, e.n, e.p, e.q);
        check_gradient(e.x, dx, e.n, elementwise_loss, &e, name);
        free(dx); free(e.y); free(e.x); free(e.dy);
    }
}

/* Nothing to do must do nothing, and one element only that one. */
static void unary_sizes(void)
{
    for (int f = 0; f < UNARY; f++)
        for (dl_int n = 0; n <= 3; n++) {
            dl_real x[4] = { 1, 1, 1, 1 }, y[4] = { 7, 7, 7, 7 }, dx[4] = { 7, 7, 7, 7 };
            unary[f].forward(y, x, n, 2, 3);
            unary[f].backward(dx, x, y, x, n, 2, 3);
            for (dl_int i = n; i < 4; i++)
                CHECK(y[i] == 7 && dx[i] == 7, "%s of %ld wrote at %ld", unary[f].name, (long)n,
                      (long)i);
            for (dl_int i = 0; i < n; i++)
                CHECK(y[i] != 7, "%s of %ld did not write at %ld", unary[f].name, (long)n, (long)i);
        }
}

/* ------------------------------------------------------------------------------- softmax ---- */

static void softmax_golden(void)
{
    test_golden g = golden_open("softmax");
    const int cases = (int)golden_get(&g, "cases")->value[0];
    for (int k = 0; k < cases; k++) {
        const test_array *x = golden_getf(&g, "%d_x", k);
        const dl_real *dy = golden_getf(&g, "%d_dy", k)->data;
        const dl_int N = x->dim[0], C = x->dim[1], n = x->size;
        dl_real *y = filled(n, 7), *dx = filled(n, START), *in_place = copy_of(x->data, n);
        dlk_softmax_forward(y, x->data, N, C);
        CHECK_ARRAY(y, golden_getf(&g, "%d_y", k)->data, n);
        dlk_softmax_forward(in_place, in_place, N, C);
        CHECK(memcmp(y, in_place, (size_t)n * sizeof(dl_real)) == 0, "softmax in place");
        for (dl_int i = 0; i < N; i++) {
            double sum = 0;
            for (dl_int c = 0; c < C; c++) sum += (double)y[i * C + c];
            CHECK_CLOSE(sum, 1, TEST_TOL, 0);
        }
        dlk_softmax_backward(dx, dy, y, N, C);
        check_added(dx, golden_getf(&g, "%d_dx", k)->data, n, "softmax");
        free(dx);
        dx = filled(n, START);
        dlk_log_softmax_forward(y, x->data, N, C);
        CHECK_ARRAY(y, golden_getf(&g, "%d_ly", k)->data, n);
        dlk_log_softmax_backward(dx, dy, y, N, C);
        check_added(dx, golden_getf(&g, "%d_ldx", k)->data, n, "log_softmax");
        free(y); free(dx); free(in_place);
    }
    golden_close(&g);
}

static void softmax_edges(void)
{
    const dl_real inf = (dl_real)INFINITY, nan = (dl_real)NAN;
    const dl_real masked[3] = { -inf, 1, 1 }, half[3] = { 0, (dl_real)0.5, (dl_real)0.5 };
    const dl_real spoiled[8] = { nan, 1, 2, nan, -inf, -inf, 0, inf };
    dl_real y[8] = { 7, 7, 7, 7, 7, 7, 7, 7 };
    dlk_softmax_forward(y, spoiled, 0, 2);
    dlk_softmax_forward(y, spoiled, 2, 0);
    dlk_log_softmax_forward(y, spoiled, 0, 2);
    dlk_log_softmax_forward(y, spoiled, 2, 0);
    CHECK(y[0] == 7, "no rows or no columns: nothing is written");
    dlk_softmax_forward(y, masked, 1, 3);
    CHECK_ARRAY(y, half, 3);
    dlk_log_softmax_forward(y, masked, 1, 3);
    CHECK(y[0] == -inf, "log softmax of -inf is %g", (double)y[0]);
    CHECK_CLOSE(y[1], -0.69314718055994531, TEST_TOL, 0);
    dlk_softmax_forward(y, spoiled, 4, 2);
    for (int i = 0; i < 6; i++) CHECK(y[i] != y[i], "[%d] is %g", i, (double)y[i]);
    CHECK(y[6] == 0 && y[7] == 1, "+infinity takes all: %g %g", (double)y[6], (double)y[7]);
    dlk_log_softmax_forward(y, spoiled, 4, 2);
    for (int i = 0; i < 6; i++) CHECK(y[i] != y[i], "log [%d] is %g", i, (double)y[i]);
    CHECK(y[6] == -inf && y[7] == 0, "log: %g %g", (double)y[6], (double)y[7]);
}

typedef struct rows { dl_real *y, *x, *dy; dl_int N, C; bool log; } rows;
static double rows_loss(void *arg)
{
    rows *r = (rows *)arg;
    if (r->log) dlk_log_softmax_forward(r->y, r->x, r->N, r->C);
    else        dlk_softmax_forward(r->y, r->x, r->N, r->C);
    return dot(r->y, r->dy, r->N * r->C);
}

static void softmax_gradients(void)
{
    const dl_int sizes[4][2] = { { 1, 2 }, { 3, 5 }, { 4, 3 }, { 2, 17 } };
    for (int k = 0; k < 8; k++) {
        rows r;
        dl_real *dx;
        r.N = sizes[k / 2][0]; r.C = sizes[k / 2][1]; r.log = k % 2 == 1;
        r.y = room(r.N * r.C);
        r.x = random_array(r.N * r.C, 10, -2, 2);
        r.dy = random_array(r.N * r.C, 11, -2, 2);
        dx = filled(r.N * r.C, START);
        rows_loss(&r);
        if (r.log) dlk_log_softmax_backward(dx, r.dy, r.y, r.N, r.C);
        else       dlk_softmax_backward(dx, r.dy, r.y, r.N, r.C);
        check_gradient(r.x, dx, r.N * r.C, rows_loss, &r, r.log ? "log_softmax" : "softmax");
        free(r.y); free(r.x); free(r.dy); free(dx);
    }
}

/* ------------------------------------------------------------------------------- dropout ---- */

static void dropout(void)
{
    const double ps[5] = { 0, 0.1, 0.25, 0.5, 0.9 };
    const dl_int n = 100000;
    dl_real *x = filled(n, 3), *y = room(n), *other = room(n), *dx = room(n);
    for (int k = 0; k < 5; k++) {
        const double p = ps[k], sigma = sqrt((double)n * p * (1 - p));
        const dl_real scale = (dl_real)(1 / (1 - p));
        volatile dl_real scaled = 3 * scale;           /* rounded, also where x87 computes */
        dl_int kept = 0, wrong = 0, same = 0, pairs = 0;
        dlk_dropout_forward(y, x, n, p, 42);
        dlk_dropout_forward(other, x, n, p, 43);
        for (dl_int i = 0; i < n; i++) {
            dx[i] = (dl_real)START;
            kept += y[i] != 0;
            wrong += y[i] != 0 && y[i] != scaled;
            same += (y[i] != 0) == (other[i] != 0);
            pairs += i > 0 && y[i] != 0 && y[i - 1] != 0;
        }
        CHECK(fabs((double)kept - (double)n * (1 - p)) <= 5 * sigma, "p %g: %ld of %ld kept", p,
              (long)kept, (long)n);
        CHECK(wrong == 0, "p %g: %ld kept elements are not x / (1 - p)", p, (long)wrong);
        CHECK(fabs((double)pairs - (double)n * (1 - p) * (1 - p)) <= 10 * sigma + 1,
              "p %g: neighbours are not independent: %ld pairs", p, (long)pairs);
        if (p > 0) CHECK(same < n - n / 20, "p %g: two keys, one mask", p);
        dlk_dropout_backward(dx, x, n, p, 42);
        wrong = 0;
        for (dl_int i = 0; i < n; i++) /* nearly: a compiler may fuse += and * into one rounding */
            wrong += fabs((double)dx[i] - START - (double)y[i]) > 1e-6 * (double)y[i] + 1e-12;
        CHECK(wrong == 0, "p %g: backward and forward disagree on %ld elements", p, (long)wrong);
    }
    y[0] = 7;
    dlk_dropout_forward(y, x, 0, 0.5, 42);
    CHECK(y[0] == 7, "n = 0 writes nothing");
    dlk_dropout_forward(other, x, n, 0.5, 42);
    dlk_dropout_forward(x, x, n, 0.5, 42);
    CHECK(memcmp(x, other, (size_t)n * sizeof(dl_real)) == 0, "in place");
    free(x); free(y); free(other); free(dx);
}

/* -------------------------------------------------------------------------------- losses ---- */

/* One shape for all elementwise losses; delta is Huber's. */
enum { MSE, MAE, HUBER, HUBER5, BCE, LOSSES };
static const char *const loss_name[LOSSES] = { "mse", "mae", "huber", "huber5", "bce" };

static double loss_forward(int kind, const dl_real *x, const dl_real *t, dl_int n, double scale)
{
    dl_real loss = 7;
    if (kind == MSE) dlk_mse_forward(&loss, x, t, n, scale);
    else if (kind == MAE) dlk_mae_forward(&loss, x, t, n, scale);
    else if (kind == BCE) dlk_bce_forward(&loss, x, t, n, scale);
    else dlk_huber_forward(&loss, x, t, n, kind == HUBER ? 1 : 0.5, scale);
    return (double)loss;
}

static void loss_backward(int kind, dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                          dl_int n, double scale)
{
    if (kind == MSE) dlk_mse_backward(dx, dloss, x, t, n, scale);
    else if (kind == MAE) dlk_mae_backward(dx, dloss, x, t, n, scale);
    else if (kind == BCE) dlk_bce_backward(dx, dloss, x, t, n, scale);
    else dlk_huber_backward(dx, dloss, x, t, n, kind == HUBER ? 1 : 0.5, scale);
}

static void loss_golden(void)
{
    test_golden g = golden_open("losses");
    const int cases = (int)golden_get(&g, "cases")->value[0];
    for (int kind = 0; kind < LOSSES; kind++)
        for (int k = 0; k < cases; k++)
            for (int mean = 0; mean < 2; mean++) {
                const char *how = mean ? "mean" : "sum", *name = loss_name[kind];
                const test_array *x = golden_getf(&g, "%d_x", k);
                const dl_real *t = golden_getf(&g, kind == BCE ? "%d_p" : "%d_t", k)->data;
                const double scale = mean ? 1 / (double)x->size : 1;
                dl_real *dx = filled(x->size, START);
                CHECK_CLOSE(loss_forward(kind, x->data, t, x->size, scale),
                            golden_getf(&g, "%s_%d_%s", name, k, how)->value[0], TEST_TOL, 0);
                /* half now, half in a second call: linear in dloss, and added */
                loss_backward(kind, dx, (dl_real)0.5, x->data, t, x->size, scale);
                loss_backward(kind, dx, (dl_real)0.5, x->data, t, x->size, scale);
                check_added(dx, golden_getf(&g, "%s_%d_d%s", name, k, how)->data, x->size, name);
                free(dx);
            }
    golden_close(&g);
}

/* Every loss of one element at the edges of the numbers, by golden/limits.txt. */
static void loss_limits(void)
{
    test_golden g = golden_open("limits");
    const test_array *targets = golden_get(&g, "t");
    const bool wide = sizeof(dl_real) == sizeof(double);
    for (int kind = 0; kind < LOSSES; kind++)
        for (int k = 0; k < targets->size && kind != HUBER5; k++)
            for (int more = 0; more < (wide ? 2 : 1); more++) {
                const char *name = loss_name[kind];
                const test_array *x = golden_get(&g, more ? "xd" : "x");
                const dl_real *v = golden_getf(&g, more ? "%s_%d_yd" : "%s_%d_y", name, k)->data;
                const dl_real *d = golden_getf(&g, more ? "%s_%d_dxd" : "%s_%d_dx", name, k)->data;
                for (dl_int i = 0; i < x->size; i++) {
                    const double y = loss_forward(kind, x->data + i, targets->data + k, 1, 1);
                    dl_real dx = 0;
                    loss_backward(kind, &dx, 1, x->data + i, targets->data + k, 1, 1);
                    CHECK(test_close(y, (double)v[i], rounding((double)v[i])),
                          "%s(%g, %g) = %.9g, should be %.9g", name, x->value[i],
                          targets->value[k], y, (double)v[i]);
                    CHECK(x->value[i] != x->value[i] ||
                          test_close((double)dx, (double)d[i], rounding((double)d[i])),
                          "%s'(%g, %g) = %.9g, should be %.9g", name, x->value[i],
                          targets->value[k], (double)dx, (double)d[i]);
                }
            }
    golden_close(&g);
}

static void loss_edges(void)
{
    const dl_real inf = (dl_real)INFINITY, nan = (dl_real)NAN;
    dl_real x[1] = { 0 }, t[1] = { 0 }, dx[1] = { 7 };
    for (int kind = 0; kind < LOSSES; kind++) {
        CHECK(loss_forward(kind, x, t, 0, 1) == 0, "%s of nothing is 0", loss_name[kind]);
        dx[0] = 7;
        loss_backward(kind, dx, 1, x, t, 0, 1);
        CHECK(dx[0] == 7, "%s of nothing has no gradient", loss_name[kind]);
        x[0] = nan;
        CHECK(loss_forward(kind, x, t, 1, 1) != loss_forward(kind, x, t, 1, 1), "%s of NaN",
              loss_name[kind]);
        x[0] = inf;
        CHECK(loss_forward(kind, x, t, 1, 1) == (double)inf, "%s of inf", loss_name[kind]);
        x[0] = 0;
    }
    x[0] = 1000;
    t[0] = 1;
    CHECK_CLOSE(loss_forward(BCE, x, t, 1, 1), 0, 0, 1e-300);
    t[0] = 0;
    CHECK_CLOSE(loss_forward(BCE, x, t, 1, 1), 1000, TEST_TOL, 0);
    x[0] = -1000;
    t[0] = 1;
    CHECK_CLOSE(loss_forward(BCE, x, t, 1, 1), 1000, TEST_TOL, 0);
    dx[0] = 0;
    dlk_bce_backward(dx, 1, x, t, 1, 1);
    CHECK_CLOSE(dx[0], -1, TEST_TOL, 0);
}

typedef struct pair { int kind; dl_real *x, *t, *p; int32_t *label; dl_int N, C; } pair;
static double pair_loss(void *arg)
{
    pair *p = (pair *)arg;
    return loss_forward(p->kind, p->x, p->t, p->N, 0.25);
}

static double entropy_loss(void *arg)
{
    pair *p = (pair *)arg;
    dl_real loss = 7;
    if (p->label) dlk_cross_entropy_forward(&loss, p->p, p->x, p->label, p->N, p->C, 0.25);
    else          dlk_soft_cross_entropy_forward(&loss, p->p, p->x, p->t, p->N, p->C, 0.25);
    return (double)loss;
}

static void loss_gradients(void)
{
    int32_t label[6] = { 2, 0, 4, 1, 1, 3 };
    pair p;
    p.N = 30;
    p.x = random_array(30, 12, -2, 2);
    p.p = room(30);
    for (p.kind = 0; p.kind < LOSSES; p.kind++) {
        dl_real *dx = filled(p.N, START);
        p.t = random_array(p.N, 13, p.kind == BCE ? 0 : -2, p.kind == BCE ? 1 : 2);
        for (dl_int i = 0; i < p.N; i++) { /* off the kinks of |d| and of Huber */
            const double d = fabs((double)p.x[i] - (double)p.t[i]);
            if (d < 0.01 || fabs(d - 0.5) < 0.01 || fabs(d - 1) < 0.01) p.t[i] += (dl_real)0.03;
        }
        loss_backward(p.kind, dx, 1, p.x, p.t, p.N, 0.25);
        check_gradient(p.x, dx, p.N, pair_loss, &p, loss_name[p.kind]);
        free(dx); free(p.t);
    }
    p.N = 6;
    p.C = 5;
    p.t = random_array(30, 14, 0, 1);
    for (int soft = 0; soft < 2; soft++) {
        dl_real *dx = filled(30, START);
        p.label = soft ? NULL : label;
        entropy_loss(&p);
        if (soft) dlk_soft_cross_entropy_backward(dx, 1, p.p, p.t, p.N, p.C, 0.25);
        else      dlk_cross_entropy_backward(dx, 1, p.p, label, p.N, p.C, 0.25);
        check_gradient(p.x, dx, 30, entropy_loss, &p, soft ? "soft cross-entropy" :
                       "cross-entropy");
        free(dx);
    }
    free(p.x); free(p.t); free(p.p);
}

static void cross_entropy_golden(void)
{
    test_golden g = golden_open("losses");
    const int cases = (int)golden_get(&g, "ce_cases")->value[0];
    for (int k = 0; k < cases; k++)
        for (int mean = 0; mean < 2; mean++)
            for (int soft = 0; soft < 2; soft++) {
                const char *how = mean ? "mean" : "sum", *name = soft ? "soft" : "ce";
                const test_array *x = golden_getf(&g, "ce%d_x", k);
                const test_array *l = golden_getf(&g, "ce%d_label", k);
                const dl_real *t = golden_getf(&g, "ce%d_soft", k)->data;
                const dl_int N = x->dim[0], C = x->dim[1];
                const double scale = mean ? 1 / (double)N : 1;
                dl_real *p = copy_of(x->data, x->size), *dx = filled(x->size, START), loss = 7;
                dl_real *y = room(x->size);
                int32_t label[16];
                for (dl_int i = 0; i < N; i++) label[i] = (int32_t)l->value[i];
                /* p is x here, which the declaration allows */
                if (soft) dlk_soft_cross_entropy_forward(&loss, p, p, t, N, C, scale);
                else      dlk_cross_entropy_forward(&loss, p, p, label, N, C, scale);
                CHECK_CLOSE(loss, golden_getf(&g, "%s%d_%s", name, k, how)->value[0], TEST_TOL,
                            TEST_TOL);
                dlk_softmax_forward(y, x->data, N, C);
                CHECK_ARRAY(p, y, x->size);
                for (int half = 0; half < 2; half++) {
                    const dl_real d = (dl_real)0.5;
                    if (soft) dlk_soft_cross_entropy_backward(dx, d, p, t, N, C, scale);
                    else      dlk_cross_entropy_backward(dx, d, p, label, N, C, scale);
                }
                check_added(dx, golden_getf(&g, "%s%d_d%s", name, k, how)->data, x->size, name);
                free(p); free(dx); free(y);
            }
    golden_close(&g);
}

static void cross_entropy_edges(void)
{
    const dl_real inf = (dl_real)INFINITY, nan = (dl_real)NAN;
    const dl_real far[2] = { 0, 1000 }, masked[3] = { -inf, 1, 1 }, hot[3] = { 0, 0, 1 };
    const dl_real spoiled[2] = { nan, 0 }, first[2] = { 1, 0 }, certain[3] = { 0, 1, inf };
    const int32_t zero = 0, two = 2;
    dl_real loss = 7, p[3];
    dlk_cross_entropy_forward(&loss, p, far, &zero, 1, 2, 1);
    CHECK_CLOSE(loss, 1000, TEST_TOL, 0); /* the log of a probability would be -inf */
    dlk_soft_cross_entropy_forward(&loss, p, far, first, 1, 2, 1);
    CHECK_CLOSE(loss, 1000, TEST_TOL, 0);
    dlk_cross_entropy_forward(&loss, p, masked, &two, 1, 3, 1);
    CHECK_CLOSE(loss, 0.69314718055994531, TEST_TOL, 0);
    dlk_soft_cross_entropy_forward(&loss, p, masked, hot, 1, 3, 1);
    CHECK_CLOSE(loss, 0.69314718055994531, TEST_TOL, 0);
    CHECK(p[0] == 0, "a masked class has probability %g", (double)p[0]);
    dlk_cross_entropy_forward(&loss, p, masked, &zero, 1, 3, 1);
    CHECK(loss == inf, "a label that was masked out costs %g", (double)loss);
    dlk_cross_entropy_forward(&loss, p, spoiled, &zero, 1, 2, 1);
    CHECK(loss != loss && p[1] != p[1], "NaN goes through: %g", (double)loss);
    dlk_soft_cross_entropy_forward(&loss, p, spoiled, first, 1, 2, 1);
    CHECK(loss != loss && p[1] != p[1], "NaN goes through: %g", (double)loss);
    dlk_cross_entropy_forward(&loss, p, certain, &two, 1, 3, 1);
    CHECK(loss == 0 && p[2] == 1 && p[0] == 0, "certain and right: %g", (double)loss);
    dlk_cross_entropy_forward(&loss, p, certain, &zero, 1, 3, 1);
    CHECK(loss == inf, "certain and wrong: %g", (double)loss);
    dlk_soft_cross_entropy_forward(&loss, p, certain, hot, 1, 3, 1);
    CHECK(loss == 0 && p[2] == 1 && p[0] == 0, "certain and right: %g", (double)loss);
    dlk_cross_entropy_forward(&loss, p, spoiled, &zero, 0, 2, 1);
    CHECK(loss == 0, "no rows cost nothing: %g", (double)loss);
}

/* ---------------------------------------------------------------------------- optimizers ---- */

static const char *const frames[2] = { "torch", "keras" };
static const char *const kinds[8] = { "sgd", "momentum", "nesterov", "adagrad", "adadelta",
                                      "rmsprop", "adam", "adamw" };
static const char *const variants[5] = { "plain", "lr", "l2", "l1", "wd" };

/* o: mu, rho, beta1, beta2, eps, start, weight decay, l1, l2, as in golden/optimizers.txt */
static void step(int kind, bool keras, dl_real *w, const dl_real *g, dl_real *s, dl_real *u,
                 dl_int n, double lr, const double *o, int64_t t)
{
    const double in = keras ? o[4] : 0, out = keras ? 0 : o[4];
    switch (kind) {
    case 0: dlk_sgd_step(w, g, n, lr); break;
    case 1:
    case 2: dlk_momentum_step(w, g, s, n, keras ? lr : 1, keras ? 1 : lr, o[0], kind == 2); break;
    case 3: dlk_adagrad_step(w, g, s, n, lr, in, out); break;
    case 4: dlk_adadelta_step(w, g, s, u, n, lr, o[1], o[4]); break;
    case 5: dlk_rmsprop_step(w, g, s, n, lr, o[1], in, out); break;
    default: dlk_adam_step(w, g, s, u, n, lr, o[2], o[3], o[4], t, keras);
    }
}

static void optimizer_golden(void)
{
    test_golden file = golden_open("optimizers");
    const test_array *w0 = golden_get(&file, "w0"), *g = golden_get(&file, "g");
    const dl_int n = w0->size, steps = g->dim[0];
    for (int frame = 0; frame < 2; frame++)
        for (int kind = 0; kind < 8; kind++)
            for (int v = 0; v < 5; v++) {
                char name[64];
                const double *o, *lr;
                const dl_real *want;
                dl_real *w = copy_of(w0->data, n), *s, *u = room(n);
                bool ok = true;
                snprintf(name, sizeof name, "%s_%s_%s", frames[frame], kinds[kind], variants[v]);
                o = golden_getf(&file, "%s_opts", name)->value;
                lr = golden_getf(&file, "%s_lr", name)->value;
                want = golden_getf(&file, "%s_w", name)->data;
                s = filled(n, o[5]);
                for (dl_int t = 0; t < steps && ok; t++) {
                    dl_real *gt = copy_of(g->data + t * n, n);
                    const bool apart = frame == 1 || kind == 7;  /* decays the weights themselves */
                    dlk_decay_grad(gt, w, n, 1, o[7], o[8] + (apart ? 0 : o[6] / 2));
                    dlk_affine_forward(w, w, n, 1 - (apart ? lr[t] * o[6] : 0), 0);
                    step(kind, frame == 1, w, gt, s, u, n, lr[t], o, (int64_t)t + 1);
                    ok = CHECK_ARRAY(w, want + t * n, n);
                    if (!ok) printf("    in %s, step %ld\n", name, (long)t + 1);
                    free(gt);
                }
                free(w); free(s); free(u);
            }
    golden_close(&file);
}

static void optimizer_edges(void)
{
    const double o[9] = { 0.9, 0.9, 0.9, 0.999, 1e-8, 0, 0.01, 0, 0 };
    const double least = sizeof(dl_real) == sizeof(double) ? 1e-300 : 1e-34;
    for (int kind = 0; kind < 8; kind++)
        for (int keras = 0; keras < 2; keras++) {
            dl_real w[2] = { 1, 2 }, g[2] = { (dl_real)NAN, 1 }, s[2] = { 0, 0 }, u[2] = { 0, 0 };
            step(kind, keras == 1, w, g, s, u, 0, 0.1, o, 1);
            CHECK(w[0] == 1 && s[0] == 0 && u[0] == 0, "%s of nothing", kinds[kind]);
            step(kind, keras == 1, w, g, s, u, 1, 0.1, o, 1);
            CHECK(w[0] != w[0] && w[1] == 2 && s[1] == 0, "%s: NaN goes into its weight only",
                  kinds[kind]);
            w[1] = 2;
            step(kind, keras == 1, w + 1, g + 1, s + 1, u + 1, 1, 0.1, o, 1);
            CHECK(w[1] < 2, "%s goes downhill: 2 becomes %g", kinds[kind], (double)w[1]);
            /* without a gradient moments decay to 0, not to denormals, and w comes to rest */
            g[1] = 0;
            for (int t = 2; t < 80000; t++)
                step(kind, keras == 1, w + 1, g + 1, s + 1, u + 1, 1, 1e-3, o, t);
            CHECK(s[1] == 0 || (double)s[1] > 1e-3, "%s: moment %g", kinds[kind], (double)s[1]);
            CHECK(u[1] == 0 || (double)u[1] > least, "%s: second moment %g", kinds[kind],
                  (double)u[1]);
            CHECK(w[1] == w[1], "%s: %g", kinds[kind], (double)w[1]);
        }
}

static void decay(void)
{
    const dl_real w[4] = { 2, -3, 0, (dl_real)NAN }, want[3] = { (dl_real)3.5, (dl_real)-0.5, 5 };
    dl_real g[4] = { 4, 8, 10, 0 };
    dlk_decay_grad(g, w, 4, 0.5, 0.5, 0.25); /* 2 + 1 + .5; 4 - 1.5 - .5; 5 */
    CHECK_CLOSE(g[0], want[0], TEST_TOL, 0);
    CHECK_CLOSE(g[1], 4 - 1.5 - 0.5, TEST_TOL, 0);
    CHECK_CLOSE(g[2], want[2], TEST_TOL, 0);
    CHECK(g[3] != g[3], "NaN goes through");
    g[0] = 7;
    dlk_decay_grad(g, w, 0, 0.5, 0.5, 0.5);
    CHECK(g[0] == 7, "n = 0");
}

static void clip_golden(void)
{
    test_golden f = golden_open("schedules");
    const int cases = (int)golden_get(&f, "clip_cases")->value[0];
    for (int k = 0; k < cases; k++) {
        const test_array *g0 = golden_getf(&f, "clip%d_g0", k);
        const test_array *g1 = golden_getf(&f, "clip%d_g1", k);
        const double max = golden_getf(&f, "clip%d_max", k)->value[0];
        const double norm = sqrt(dot(g0->data, g0->data, g0->size) +
                                 dot(g1->data, g1->data, g1->size));
        dl_real *c0 = copy_of(g0->data, g0->size), *c1 = copy_of(g1->data, g1->size);
        CHECK_CLOSE(norm, golden_getf(&f, "clip%d_norm", k)->value[0], TEST_TOL, 0);
        dlk_decay_grad(c0, c0, g0->size, fmin(1, max / norm), 0, 0);
        dlk_decay_grad(c1, c1, g1->size, fmin(1, max / norm), 0, 0);
        CHECK_ARRAY(c0, golden_getf(&f, "clip%d_c0", k)->data, g0->size);
        CHECK_ARRAY(c1, golden_getf(&f, "clip%d_c1", k)->data, g1->size);
        free(c0); free(c1);
    }
    golden_close(&f);
}

int main(void)
{
    TEST(linear_golden);
    TEST(linear_edges);
    TEST(matmul_golden);
    TEST(arithmetic_golden);
    TEST(arithmetic_special);
    TEST(long_sums);
    TEST(unary_golden);
    TEST(unary_special);
    TEST(unary_limits);
    TEST(unary_sizes);
    TEST(softmax_golden);
    TEST(softmax_edges);
    TEST(dropout);
    TEST(loss_golden);
    TEST(loss_edges);
    TEST(loss_limits);
    TEST(cross_entropy_golden);
    TEST(cross_entropy_edges);
    TEST(optimizer_golden);
    TEST(optimizer_edges);
    TEST(decay);
    TEST(clip_golden);
    if (sizeof(dl_real) == sizeof(double)) { /* a float has too few digits for differences */
        TEST(product_gradients);
        TEST(arithmetic_gradients);
        TEST(unary_gradients);
        TEST(softmax_gradients);
        TEST(loss_gradients);
    }
    return test_end();
}
