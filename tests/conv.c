/* conv.c - tests of convolutions and upsampling: kernels and operations against PyTorch's values
   (tests/golden_conv.py), against each other, and their gradients by central differences. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static test_golden gold;

/* The array of a case, e.g. "conv2d_3" and "x"; as a parameter of the context. */
static const test_array *part(const char *name, const char *what)
{
    return golden_getf(&gold, "%s_%s", name, what);
}

static dl_tensor *leaf(dl_ctx *dl, const test_array *a)
{
    dl_shape s = dl_shape0();
    s.rank = a->rank;
    for (int d = 0; d < a->rank; d++) s.dim[d] = a->dim[d];
    dl_tensor *t = dl_param(dl, s, dl_init_zeros());
    dl_copy_in(t, a->data);
    return t;
}

/* Number i of a case's sizes. */
static int size_of(const char *name, int i)
{
    return (int)part(name, "size")->value[i];
}

/* Does a kernel's output agree, with `start` in it before? */
static void check_added(const char *name, const char *what, const dl_real *got, dl_real start)
{
    const test_array *a = part(name, what);
    dl_real *want = (dl_real *)malloc((size_t)(a->size + 1) * sizeof *want);
    for (dl_int i = 0; i < a->size; i++) want[i] = a->data[i] + start;
    CHECK(test_check_array(got, want, a->size, TEST_TOL, __FILE__, __LINE__, what), "%s_%s", name,
          what);
    free(want);
}

static dl_real *filled(dl_int n, dl_real value)
{
    dl_real *a = (dl_real *)malloc((size_t)(n + 1) * sizeof *a);
    for (dl_int i = 0; i < n; i++) a[i] = value;
    return a;
}

/* The readable kernels on a case. */
static void check_kernel(const char *name, const dlk_conv2d_size *s, bool bias, bool transposed)
{
    const test_array *x = part(name, "x"), *w = part(name, "w"), *y = part(name, "y");
    const test_array *dy = part(name, "dy");
    const dl_real *b = bias ? part(name, "b")->data : NULL;
    dl_real *out = filled(y->size, 7), *dx = filled(x->size, 0.5), *dw = filled(w->size, 0.5);
    dl_real *db = filled(s->M, 0.5);
    CHECK(s->N * s->M * s->OH * s->OW == y->size, "%s: output %ldx%ld", name, (long)s->OH,
          (long)s->OW);
    if (transposed) {
        dlk_conv_transpose2d_forward(out, x->data, w->data, b, s);
        dlk_conv_transpose2d_backward(dx, dw, db, dy->data, x->data, w->data, s);
        dlk_conv_transpose2d_backward(NULL, NULL, NULL, dy->data, x->data, w->data, s);
    } else {
        dlk_conv2d_forward(out, x->data, w->data, b, s);
        dlk_conv2d_backward(dx, dw, db, dy->data, x->data, w->data, s);
        dlk_conv2d_backward(NULL, NULL, NULL, dy->data, x->data, w->data, s);
    }
    check_added(name, "y", out, 0);
    check_added(name, "dx", dx, 0.5);
    check_added(name, "dw", dw, 0.5);
    if (bias) check_added(name, "db", db, 0.5);
    free(out); free(dx); free(dw); free(db);
}

typedef dl_tensor *(*conv_fn)(dl_tensor *, dl_tensor *, dl_tensor *, const dl_conv *);

/* The operation on a case. */
static void check_op(const char *name, conv_fn f, const dl_conv *o, bool bias)
{
    dl_ctx *dl = dl_new(1);
    const test_array *y = part(name, "y");
    dl_tensor *x = leaf(dl, part(name, "x")), *w = leaf(dl, part(name, "w"));
    dl_tensor *b = bias ? leaf(dl, part(name, "b")) : DL_NONE;
    dl_tensor *out = f(x, w, b, o);
    if (CHECK(out != NULL, "%s: %s", name, dl_error_text(dl)) &&
        CHECK(out->size == y->size && out->shape.rank == y->rank, "%s: shape", name)) {
        for (int d = 0; d < y->rank; d++)
            CHECK(out->shape.dim[d] == y->dim[d], "%s: dimension %d is %ld", name, d,
                  (long)out->shape.dim[d]);
        CHECK(dl_backward_from(out, part(name, "dy")->data), "%s: %s", name, dl_error_text(dl));
        check_added(name, "y", out->data, 0);
        check_added(name, "dx", x->grad, 0);
        check_added(name, "dw", w->grad, 0);
        if (bias) check_added(name, "db", b->grad, 0);
    }
    dl_tape_clear(dl);                                  /* frozen weights, wanted input */
    for (int k = 0; k < 3; k++) {
        dl_freeze(&x, 1);
        dl_freeze(&w, 1);
        if (bias) dl_freeze(&b, 1);
        if (k == 2 && !bias) break;
        dl_set_requires_grad(k == 0 ? x : k == 1 ? w : b, true);
        for (dl_int i = 0; i < x->size; i++) x->grad[i] = 0;
        for (dl_int i = 0; i < w->size; i++) w->grad[i] = 0;
        for (dl_int i = 0; bias && i < b->size; i++) b->grad[i] = 0;
        out = f(x, w, b, o);
        CHECK(dl_backward_from(out, part(name, "dy")->data), "%s: %s", name, dl_error_text(dl));
        check_added(name, k == 0 ? "dx" : k == 1 ? "dw" : "db",
                    k == 0 ? x->grad : k == 1 ? w->grad : b->grad, 0);
    }
    dl_free(dl);
}

static int cases(const char *name)
{
    int n = 0;
    for (;; n++) {
        char want[64];
        int i = 0;
        snprintf(want, sizeof want, "%s_%d_size", name, n);
        while (i < gold.count && strcmp(gold.array[i].name, want)) i++;
        if (i == gold.count) return n;
    }
}

static void conv2d(void)
{
    gold = golden_open("conv_conv2d");
    CHECK(cases("conv2d") == 11, "%d cases", cases("conv2d"));
    for (int k = 0; k < cases("conv2d"); k++) {
        char n[32];
        dl_conv o = dl_conv_default();
        dlk_conv2d_size s;
        snprintf(n, sizeof n, "conv2d_%d", k);
        s.N = size_of(n, 0); s.C = size_of(n, 1); s.H = size_of(n, 2); s.W = size_of(n, 3);
        s.M = size_of(n, 4); s.KH = size_of(n, 5); s.KW = size_of(n, 6);
        s.stride_h = size_of(n, 7); s.stride_w = size_of(n, 8);
        s.top = size_of(n, 9); s.left = size_of(n, 10);
        s.dilation_h = size_of(n, 11); s.dilation_w = size_of(n, 12);
        s.groups = size_of(n, 13);
        s.OH = (s.H + 2 * s.top - (s.KH - 1) * s.dilation_h - 1) / s.stride_h + 1;
        s.OW = (s.W + 2 * s.left - (s.KW - 1) * s.dilation_w - 1) / s.stride_w + 1;
        check_kernel(n, &s, size_of(n, 14) != 0, false);
        for (int i = 0; i < 2; i++) {
            o.stride[i] = size_of(n, 7 + i);
            o.before[i] = o.after[i] = size_of(n, 9 + i);
            o.dilation[i] = size_of(n, 11 + i);
        }
        o.groups = size_of(n, 13);
        check_op(n, dl_conv2d, &o, size_of(n, 14) != 0);
    }
    check_op("conv2d_1", dl_conv2d, NULL, true);        /* NULL: the defaults */
    golden_close(&gold);
}

static void conv2d_same(void)
{
    gold = golden_open("conv_conv2d");
    CHECK(cases("same") == 6, "%d cases", cases("same"));
    for (int k = 0; k < cases("same"); k++) {
        char n[32];
        dl_conv o = dl_conv_default();
        snprintf(n, sizeof n, "same_%d", k);
        o.same = true;
        for (int i = 0; i < 2; i++) {
            o.stride[i] = size_of(n, 7 + i);
            o.dilation[i] = size_of(n, 9 + i);
        }
        check_op(n, dl_conv2d, &o, false);
    }
    golden_close(&gold);
}

static void conv1d(void)
{
    gold = golden_open("conv_conv2d");
    CHECK(cases("conv1d") == 3, "%d cases", cases("conv1d"));
    for (int k = 0; k < cases("conv1d"); k++) {
        char n[32];
        dl_conv o = dl_conv_default();
        snprintf(n, sizeof n, "conv1d_%d", k);
        o.stride[0] = size_of(n, 5);
        o.before[0] = o.after[0] = size_of(n, 6);
        o.dilation[0] = size_of(n, 7);
        o.groups = size_of(n, 8);
        check_op(n, dl_conv1d, &o, size_of(n, 9) != 0);
    }
    golden_close(&gold);
}

/* "same" along one axis is "same" along the second of two. */
static void conv1d_same(void)
{
    static const int all[][4] = {{9, 3, 1, 1}, {10, 4, 3, 1}, {11, 2, 2, 3}, {3, 5, 1, 1}};
    dl_ctx *dl = dl_new(3);
    for (int k = 0; k < 4; k++) {
        const int L = all[k][0], K = all[k][1];
        dl_tensor *x = dl_randn(dl, dl_shape3(2, 3, L)), *w = dl_randn(dl, dl_shape3(4, 3, K));
        dl_conv o = dl_conv_default(), p = o;
        dl_tensor *y, *z;
        o.same = p.same = true;
        o.stride[0] = p.stride[1] = all[k][2];
        o.dilation[0] = p.dilation[1] = all[k][3];
        y = dl_conv1d(x, w, DL_NONE, &o);
        z = dl_conv2d(dl_reshape(x, dl_shape4(2, 3, 1, L)), dl_reshape(w, dl_shape4(4, 3, 1, K)),
                      DL_NONE, &p);
        if (!CHECK(y && z && y->shape.rank == 3 && y->size == z->size, "%s", dl_error_text(dl)))
            break;
        CHECK(y->shape.dim[2] == (L + all[k][2] - 1) / all[k][2], "ceil(input / stride)");
        CHECK_ARRAY(y->data, z->data, z->size);
    }
    dl_free(dl);
}

static void transposed(void)
{
    gold = golden_open("conv_transpose");
    CHECK(cases("trans") == 5, "%d cases", cases("trans"));
    for (int k = 0; k < cases("trans"); k++) {
        char n[32];
        dl_conv o = dl_conv_default();
        dlk_conv2d_size s;
        snprintf(n, sizeof n, "trans_%d", k);
        s.N = size_of(n, 0); s.C = size_of(n, 1); s.H = size_of(n, 2); s.W = size_of(n, 3);
        s.M = size_of(n, 4); s.KH = size_of(n, 5); s.KW = size_of(n, 6);
        s.stride_h = size_of(n, 7); s.stride_w = size_of(n, 8);
        s.top = size_of(n, 9); s.left = size_of(n, 10);
        s.dilation_h = size_of(n, 11); s.dilation_w = size_of(n, 12);
        s.OH = (s.H - 1) * s.stride_h - 2 * s.top + (s.KH - 1) * s.dilation_h + 1 + size_of(n, 13);
        s.OW = (s.W - 1) * s.stride_w - 2 * s.left + (s.KW - 1) * s.dilation_w + 1 + size_of(n, 14);
        s.groups = size_of(n, 15);
        check_kernel(n, &s, size_of(n, 16) != 0, true);
        for (int i = 0; i < 2; i++) {
            o.stride[i] = size_of(n, 7 + i);
            o.before[i] = o.after[i] = size_of(n, 9 + i);
            o.dilation[i] = size_of(n, 11 + i);
            o.output_padding[i] = size_of(n, 13 + i);
        }
        o.groups = size_of(n, 15);
        check_op(n, dl_conv_transpose2d, &o, size_of(n, 16) != 0);
    }
    CHECK(cases("tsame") == 3, "%d cases", cases("tsame"));
    for (int k = 0; k < cases("tsame"); k++) {
        char n[32];
        dl_conv o = dl_conv_default();
        snprintf(n, sizeof n, "tsame_%d", k);
        o.same = true;
        for (int i = 0; i < 2; i++) o.stride[i] = size_of(n, 7 + i);
        check_op(n, dl_conv_transpose2d, &o, false);
    }
    golden_close(&gold);
}

/* A bias is added to every place: its gradient is a sum of a million equal terms, which floats
   would get wrong in the third digit. */
static void long_bias_sums(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_ones(dl, dl_shape4(1, 1, 1000, 1000));
    dl_tensor *w = dl_param(dl, dl_shape4(1, 1, 1, 1), dl_init_constant(1));
    dl_tensor *b = dl_param(dl, dl_shape1(1), dl_init_zeros());
    dl_conv strided = dl_conv_default();
    strided.stride[0] = strided.stride[1] = 2;
    for (int k = 0; k < 6; k++) {
        dl_set_reference(dl, k / 3 == 1);
        dl_tensor *y = k % 3 == 2 ? dl_conv_transpose2d(x, w, b, NULL)
                                  : dl_conv2d(x, w, b, k % 3 ? &strided : NULL);
        memset(b->grad, 0, sizeof *b->grad);
        dl_backward(dl_mul_scalar(dl_sum(y), 0.1));
        CHECK(fabs((double)b->grad[0] / (0.1 * (double)y->size) - 1) < 1e-6,
              "way %d: the gradient of a bias is %.9g", k, (double)b->grad[0]);
    }
    dl_free(dl);
}

static void upsampling(void)
{
    dl_ctx *dl = dl_new(1);
    gold = golden_open("conv_transpose");
    CHECK(cases("up") == 2, "%d cases", cases("up"));
    for (int k = 0; k < cases("up"); k++) {
        char n[32];
        snprintf(n, sizeof n, "up_%d", k);
        dl_tensor *x = leaf(dl, part(n, "x"));
        dl_tensor *y = dl_upsample_nearest2d(x, size_of(n, 4), size_of(n, 5));
        CHECK(dl_backward_from(y, part(n, "dy")->data), "%s", dl_error_text(dl));
        check_added(n, "y", y->data, 0);
        check_added(n, "dx", x->grad, 0);
    }
    dl_free(dl);
    golden_close(&gold);
}

/* SEEDS.md: X = 1..9, K = [[1,0],[0,-1]]: -4 everywhere; a true convolution gives +4. */
static void worked_example(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_real X[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, K[] = {1, 0, 0, -1}, flipped[] = {-1, 0, 0, 1};
    dl_tensor *x = dl_from(dl, dl_shape4(1, 1, 3, 3), X);
    dl_tensor *y = dl_conv2d(x, dl_from(dl, dl_shape4(1, 1, 2, 2), K), DL_NONE, NULL);
    dl_tensor *z = dl_conv2d(x, dl_from(dl, dl_shape4(1, 1, 2, 2), flipped), DL_NONE, NULL);
    CHECK(y && dl_shape_equal(y->shape, dl_shape4(1, 1, 2, 2)), "%s", dl_error_text(dl));
    for (int i = 0; y && z && i < 4; i++) {
        CHECK(y->data[i] == -4, "%g", (double)y->data[i]);
        CHECK(z->data[i] == 4, "%g", (double)z->data[i]);
    }
    dl_free(dl);
}

/* The operation (im2col and a matrix product) against the readable kernel, at many odd sizes. */
static void op_is_kernel(void)
{
    dl_ctx *dl = dl_new(3);
    dl_rng r = dl_rng_new(5, 0);
    int made = 0;
    dl_set_threads(dl, 2);
    for (int k = 0; k < 240; k++) {
        dl_conv o = dl_conv_default();
        dlk_conv2d_size s;
        bool transposed = k % 2 == 1;
        o.groups = 1 + (int)dl_rng_int(&r, 2);
        s.N = 1 + dl_rng_int(&r, 3);
        s.C = o.groups * (1 + dl_rng_int(&r, 3));
        s.M = o.groups * (1 + dl_rng_int(&r, 3));
        s.H = 1 + dl_rng_int(&r, 9); s.W = 1 + dl_rng_int(&r, 9);
        s.KH = 1 + dl_rng_int(&r, 4); s.KW = 1 + dl_rng_int(&r, 4);
        s.groups = o.groups;
        for (int i = 0; i < 2; i++) {
            o.stride[i] = 1 + (int)dl_rng_int(&r, 3);
            o.dilation[i] = 1 + (int)dl_rng_int(&r, 3);
            o.before[i] = (int)dl_rng_int(&r, 4);
            o.after[i] = (int)dl_rng_int(&r, 4);
        }
        if (k >= 200) {                     /* what the fast room does: larger, stride 1 */
            s.groups = o.groups = 1;
            s.N = 1 + dl_rng_int(&r, 12);
            s.C = 1 + dl_rng_int(&r, 9); s.M = 1 + dl_rng_int(&r, 40);
            s.H = 5 + dl_rng_int(&r, 15); s.W = 5 + dl_rng_int(&r, 30);
            for (int i = 0; i < 2; i++) {
                o.stride[i] = o.dilation[i] = 1;
                o.before[i] = (int)dl_rng_int(&r, i ? s.KW : s.KH);
                o.after[i] = o.before[i];
            }
        }
        s.stride_h = o.stride[0]; s.stride_w = o.stride[1];
        s.dilation_h = o.dilation[0]; s.dilation_w = o.dilation[1];
        s.top = o.before[0]; s.left = o.before[1];
        {
            dl_int span_h = (s.KH - 1) * s.dilation_h + 1, span_w = (s.KW - 1) * s.dilation_w + 1;
            dl_int h = s.H + s.top + o.after[0] - span_h, w = s.W + s.left + o.after[1] - span_w;
            s.OH = h < 0 ? 0 : h / s.stride_h + 1;
            s.OW = w < 0 ? 0 : w / s.stride_w + 1;
            if (transposed) {
                s.OH = (s.H - 1) * s.stride_h + span_h - s.top - o.after[0];
                s.OW = (s.W - 1) * s.stride_w + span_w - s.left - o.after[1];
            }
        }
        if (s.OH < 1 || s.OW < 1) continue;
        made++;
        dl_tensor *x = dl_param(dl, dl_shape4(s.N, s.C, s.H, s.W), dl_init_normal(0, 1));
        dl_tensor *w = dl_param(dl, transposed ? dl_shape4(s.C, s.M / s.groups, s.KH, s.KW)
                                               : dl_shape4(s.M, s.C / s.groups, s.KH, s.KW),
                                dl_init_normal(0, 1));
        dl_tensor *b = dl_param(dl, dl_shape1(s.M), dl_init_normal(0, 1));
        dl_tensor *y = (transposed ? dl_conv_transpose2d : dl_conv2d)(x, w, b, &o);
        if (!CHECK(y != NULL, "%s", dl_error_text(dl))) break;
        dl_real *want = filled(y->size, 0), *dx = filled(x->size, 0), *dw = filled(w->size, 0);
        dl_real *db = filled(b->size, 0), *dy = filled(y->size, 0);
        test_fill(dy, y->size, (unsigned)k, -1, 1);
        CHECK(dl_backward_from(y, dy), "%s", dl_error_text(dl));
        (transposed ? dlk_conv_transpose2d_forward : dlk_conv2d_forward)
            (want, x->data, w->data, b->data, &s);
        (transposed ? dlk_conv_transpose2d_backward : dlk_conv2d_backward)
            (dx, dw, db, dy, x->data, w->data, &s);
        CHECK_ARRAY(y->data, want, y->size);
        CHECK_ARRAY(x->grad, dx, x->size);
        CHECK_ARRAY(w->grad, dw, w->size);
        CHECK_ARRAY(b->grad, db, b->size);
        dl_tape_clear(dl);                  /* a second use of x adds to its gradient */
        dl_freeze(&w, 1);
        for (dl_int i = 0; i < x->size; i++) { x->grad[i] = 0; dx[i] *= 2; }
        for (dl_int i = 0; i < b->size; i++) { b->grad[i] = 0; db[i] *= 2; }
        y = dl_mul_scalar(x, 1);
        y = dl_add((transposed ? dl_conv_transpose2d : dl_conv2d)(y, w, b, &o),
                   (transposed ? dl_conv_transpose2d : dl_conv2d)(y, w, b, &o));
        CHECK(dl_backward_from(y, dy), "%s", dl_error_text(dl));
        CHECK_ARRAY(x->grad, dx, x->size);
        CHECK_ARRAY(b->grad, db, b->size);
        free(want); free(dx); free(dw); free(db); free(dy);
        dl_tape_clear(dl);
        dl_tensor_free(x); dl_tensor_free(w); dl_tensor_free(b);
    }
    CHECK(made > 100, "only %d sizes fitted", made);
    dl_free(dl);
}

/* Central differences through a convolution, a transposed one and upsampling. */
static dl_conv check_options;
static dl_tensor *check_x, *check_w, *check_v, *check_b;
static dl_tensor *check_loss(dl_ctx *dl, void *user)
{
    dl_conv o = check_options;
    (void)dl; (void)user;
    dl_tensor *h = dl_tanh(dl_conv2d(check_x, check_w, check_b, &o));
    o.output_padding[0] = 1;
    o.after[1] = 0;
    h = dl_upsample_nearest2d(dl_conv_transpose2d(h, check_v, DL_NONE, &o), 2, 1);
    return dl_sum(dl_square(h));
}

static void gradients(void)
{
    dl_ctx *dl = dl_new(9);
    dl_tensor *p[4];
    check_options = dl_conv_default();
    check_options.stride[0] = 2;
    check_options.before[0] = 1;
    check_options.after[1] = 2;
    check_options.dilation[1] = 2;
    check_options.groups = 2;
    p[0] = check_x = dl_param(dl, dl_shape4(2, 2, 5, 4), dl_init_normal(0, 0.5));
    p[1] = check_w = dl_param(dl, dl_shape4(4, 1, 3, 2), dl_init_normal(0, 0.5));
    p[2] = check_b = dl_param(dl, dl_shape1(4), dl_init_normal(0, 0.5));
    p[3] = check_v = dl_param(dl, dl_shape4(4, 1, 2, 3), dl_init_normal(0, 0.5));
    dl_gradcheck_report r = dl_gradcheck(dl, check_loss, NULL, p, 4);
    CHECK(r.ok, "%d of %d elements, worst: parameter %d [%ld], %.9g by backward, %.9g by "
          "differences", (int)r.failed, (int)r.checked, r.worst_param, (long)r.worst_index,
          r.analytic, r.numeric);
    CHECK(r.checked == 80 + 24 + 4 + 24, "%d elements", (int)r.checked);
    dl_free(dl);
}

static void errors(void)
{
    dl_ctx *dl = dl_new(1), *other = dl_new(1);
    dl_conv o = dl_conv_default();
    dl_tensor *x, *w, *k5, *y;
    test_quiet(dl);
    x = dl_ones(dl, dl_shape4(1, 2, 3, 3));
    w = dl_ones(dl, dl_shape4(4, 2, 2, 2));
    k5 = dl_ones(dl, dl_shape4(4, 2, 5, 5));
#define REFUSED(call, code, text)                                   \
    do {                                                            \
        CHECK((call) == NULL, "should be refused: %s", text);       \
        CHECK_ERROR(dl, code, text);                                \
    } while (0)
    REFUSED(dl_conv2d(x, k5, DL_NONE, NULL), DL_ERR_SHAPE,
            "dl_conv2d: kernel 5x5 does not fit input 3x3 without padding");
    o.before[0] = 1;
    REFUSED(dl_conv2d(x, k5, DL_NONE, &o), DL_ERR_SHAPE,
            "dl_conv2d: kernel 5x5 does not fit input 3x3 with padding 1+0, 0+0");
    o = dl_conv_default();
    o.dilation[0] = 3;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_SHAPE,
            "dl_conv2d: kernel 2x2 with dilation 3x1 does not fit input 3x3 without padding");
    o = dl_conv_default();
    REFUSED(dl_conv2d(dl_ones(dl, dl_shape4(1, 3, 3, 3)), w, DL_NONE, &o), DL_ERR_SHAPE,
            "dl_conv2d: input [1,3,3,3] has 3 channels, weight [4,2,2,2] in 1 group takes 2");
    REFUSED(dl_conv2d(dl_ones(dl, dl_shape2(3, 3)), w, DL_NONE, &o), DL_ERR_SHAPE,
            "dl_conv2d: input [3,3] and weight [4,2,2,2] must be [N,C,H,W] and [M,C/groups,KH,KW]");
    REFUSED(dl_conv2d(x, w, dl_ones(dl, dl_shape1(3)), &o), DL_ERR_SHAPE,
            "dl_conv2d: the bias (one for each output channel) is [3] and should be [4]");
    o.groups = 3;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_ARGUMENT,
            "dl_conv2d: 3 groups do not divide the channels of input [1,2,3,3] and the weight "
            "[4,2,2,2]");
    o.groups = 0;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_ARGUMENT, "dl_conv2d: 0 groups");
    REFUSED(dl_conv2d(dl_ones(dl, dl_shape4(1, 0, 5, 5)), dl_ones(dl, dl_shape4(4, 0, 2, 2)),
                      DL_NONE, NULL), DL_ERR_SHAPE,
            "dl_conv2d: input [1,0,5,5] and weight [4,0,2,2] must have channels, at least one");
    o = dl_conv_default();
    o.output_padding[1] = 1;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_ARGUMENT,
            "dl_conv2d: an option that is not used: output_padding is for transposed");
    o.same = true;
    REFUSED(dl_conv_transpose2d(x, dl_ones(dl, dl_shape4(2, 4, 2, 2)), DL_NONE, &o),
            DL_ERR_ARGUMENT, "with same, output_padding must be 0");
    o = dl_conv_default();
    o.same = true;
    o.before[0] = 1;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_ARGUMENT, "with same, before and after must be 0");
    o = dl_conv_default();
    o.stride[1] = 2;
    REFUSED(dl_conv1d(dl_ones(dl, dl_shape3(1, 2, 4)), dl_ones(dl, dl_shape3(1, 2, 3)), DL_NONE,
                      &o), DL_ERR_ARGUMENT, "in one dimension only the first number counts");
    o = dl_conv_default();
    o.stride[1] = 0;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_ARGUMENT,
            "dl_conv2d: kernel 2, stride 0, dilation 1: each must be 1 or more");
    o = dl_conv_default();
    o.after[1] = -1;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_ARGUMENT,
            "dl_conv2d: padding 0 before and -1 after: neither may be negative");
    o.after[1] = INT32_MAX;
    REFUSED(dl_conv2d(x, w, DL_NONE, &o), DL_ERR_SHAPE, "with padding 0+0, 0+2147483647");
    REFUSED(dl_conv1d(dl_ones(dl, dl_shape3(1, 2, 4)), dl_ones(dl, dl_shape3(1, 2, 5)), DL_NONE,
                      NULL), DL_ERR_SHAPE,
            "dl_conv1d: kernel 5 does not fit input 4 without padding");
    REFUSED(dl_conv1d(x, w, DL_NONE, NULL), DL_ERR_SHAPE, "must be [N,C,L] and [M,C/groups,K]");
    o = dl_conv_default();
    o.before[0] = o.after[0] = 3;
    REFUSED(dl_conv_transpose2d(x, dl_ones(dl, dl_shape4(2, 4, 2, 2)), DL_NONE, &o), DL_ERR_SHAPE,
            "dl_conv_transpose2d: kernel 2x2 on input 3x3 with padding 3+3, 0+0 leaves no output");
    o = dl_conv_default();
    o.output_padding[0] = 1;
    REFUSED(dl_conv_transpose2d(x, dl_ones(dl, dl_shape4(2, 4, 2, 2)), DL_NONE, &o),
            DL_ERR_ARGUMENT, "dl_conv_transpose2d: output padding 1 must be 0 or more and below "
            "the stride 1 or the dilation 1");
    REFUSED(dl_conv_transpose2d(x, w, DL_NONE, NULL), DL_ERR_SHAPE,
            "dl_conv_transpose2d: input [1,2,3,3] has 2 channels, weight [4,2,2,2] in 1 group "
            "takes 4");
    REFUSED(dl_upsample_nearest2d(x, 0, 2), DL_ERR_ARGUMENT,
            "dl_upsample_nearest2d: factors 0 and 2 must be 1 or more");
    REFUSED(dl_upsample_nearest2d(dl_ones(dl, dl_shape1(3)), 2, 2), DL_ERR_SHAPE,
            "dl_upsample_nearest2d: input [3] must be [N,C,H,W]");
    REFUSED(dl_conv2d(x, dl_ones(other, dl_shape4(4, 2, 2, 2)), DL_NONE, NULL), DL_ERR_ARGUMENT,
            "dl_conv2d: operands belong to different contexts");
    CHECK(dl_conv2d(NULL, w, DL_NONE, NULL) == NULL && dl_conv2d(x, NULL, DL_NONE, NULL) == NULL &&
          dl_conv2d(x, w, NULL, NULL) == NULL && dl_conv1d(NULL, w, DL_NONE, NULL) == NULL &&
          dl_conv_transpose2d(NULL, w, DL_NONE, NULL) == NULL &&
          dl_upsample_nearest2d(NULL, 2, 2) == NULL && dl_error(dl) == DL_OK,
          "NULL yields NULL without a new error: %s", dl_error_text(dl));
    o = dl_conv_default();
    o.stride[0] = o.stride[1] = INT32_MAX;
    o.before[0] = o.before[1] = 1;
    y = dl_conv2d(x, w, DL_NONE, &o);
    CHECK(y && y->size == 4 && y->data[0] == 2, "a stride beyond the image: %s", dl_error_text(dl));
    CHECK(dl_conv2d(dl_ones(dl, dl_shape4(0, 2, 3, 3)), w, DL_NONE, NULL) != NULL,
          "a batch of none: %s", dl_error_text(dl));
    dl_free(dl);
    dl_free(other);
}

int main(void)
{
    TEST(conv2d);
    TEST(conv2d_same);
    TEST(conv1d);
    TEST(conv1d_same);
    TEST(transposed);
    TEST(long_bias_sums);
    TEST(upsampling);
    TEST(worked_example);
    TEST(op_is_kernel);
    TEST(gradients);
    TEST(errors);
    return test_end();
}
