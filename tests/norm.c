/* norm.c - tests of batch, layer and group normalization: kernels and operations against PyTorch's
   values (tests/golden_conv.py), running statistics, modes, gradients, errors. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static test_golden gold;

static const test_array *part(const char *kind, int k, const char *what)
{
    return golden_getf(&gold, "%s_%d_%s", kind, k, what);
}

static dl_shape shape_of(const test_array *a)
{
    dl_shape s = dl_shape0();
    s.rank = a->rank;
    for (int d = 0; d < a->rank; d++) s.dim[d] = a->dim[d];
    return s;
}

static dl_tensor *leaf(dl_ctx *dl, const test_array *a)
{
    dl_tensor *t = dl_param(dl, shape_of(a), dl_init_zeros());
    dl_copy_in(t, a->data);
    return t;
}

static dl_tensor *state(dl_ctx *dl, const test_array *a)
{
    dl_tensor *t = dl_state(dl, shape_of(a));
    dl_copy_in(t, a->data);
    return t;
}

/* Output and gradients of a case. */
static void check_case(const char *kind, int k, dl_tensor *y, dl_tensor *x, dl_tensor *w,
                       dl_tensor *b)
{
    const test_array *want = part(kind, k, "y");
    if (!CHECK(y != NULL, "%s_%d failed", kind, k)) return;
    CHECK(dl_shape_equal(y->shape, x->shape), "%s_%d: shape", kind, k);
    CHECK(dl_backward_from(y, part(kind, k, "dy")->data), "%s", dl_error_text(y->ctx));
    CHECK_ARRAY(y->data, want->data, want->size);
    CHECK_ARRAY(x->grad, part(kind, k, "dx")->data, x->size);
    if (w == DL_NONE) return;
    CHECK_ARRAY(w->grad, part(kind, k, "dw")->data, w->size);
    CHECK_ARRAY(b->grad, part(kind, k, "db")->data, b->size);
}

static void batch_norm(void)
{
    for (int k = 0; k < 4; k++) {
        dl_ctx *dl = dl_new(1);
        const double *o = part("batch", k, "momentum_eps")->value;
        dl_tensor *x = leaf(dl, part("batch", k, "x")), *w = leaf(dl, part("batch", k, "w"));
        dl_tensor *b = leaf(dl, part("batch", k, "b"));
        dl_tensor *rm = state(dl, part("batch", k, "rm")), *rv = state(dl, part("batch", k, "rv"));
        check_case("batch", k, dl_batch_norm(x, w, b, rm, rv, o[0], o[1]), x, w, b);
        CHECK_ARRAY(rm->data, part("batch", k, "rm1")->data, rm->size);
        CHECK_ARRAY(rv->data, part("batch", k, "rv1")->data, rv->size);
        dl_free(dl);
    }
}

static void inference(void)
{
    for (int k = 0; k < 4; k++) {
        dl_ctx *dl = dl_new(1);
        const double *o = part("batch", k, "momentum_eps")->value;
        dl_tensor *x = leaf(dl, part("inf", k, "x")), *w = leaf(dl, part("inf", k, "w"));
        dl_tensor *b = leaf(dl, part("inf", k, "b")), *y;
        dl_tensor *rm = state(dl, part("batch", k, "rm1"));
        dl_tensor *rv = state(dl, part("batch", k, "rv1"));
        dl_set_training(dl, false);
        y = dl_batch_norm(x, w, b, rm, rv, o[0], o[1]);
        dl_set_training(dl, true);                 /* a training step between forward and backward */
        dl_batch_norm(x, w, b, rm, rv, o[0], o[1]);
        check_case("inf", k, y, x, w, b);
        dl_free(dl);
    }
}

/* Without weight and bias; when the running statistics stay as they are. */
static void plain(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = leaf(dl, part("plain", 0, "x")), *y, *z;
    dl_tensor *rm = dl_state(dl, dl_shape1(2)), *rv = dl_state(dl, dl_shape1(2));
    check_case("plain", 0, dl_batch_norm(x, DL_NONE, DL_NONE, DL_NONE, DL_NONE, 0.1, 1e-5), x,
               DL_NONE, DL_NONE);
    dl_set_no_grad(dl, true);
    y = dl_batch_norm(x, DL_NONE, DL_NONE, rm, rv, 0.1, 1e-5);
    CHECK_ARRAY(y->data, part("plain", 0, "y")->data, y->size);
    dl_set_no_grad(dl, false);
    dl_set_training(dl, false);
    z = dl_batch_norm(x, DL_NONE, DL_NONE, DL_NONE, DL_NONE, 0.1, 1e-5);
    CHECK_ARRAY(z->data, part("plain", 0, "y")->data, z->size);
    dl_set_training(dl, true);
    CHECK(rm->data[0] == 0 && rv->data[1] == 0, "no_grad must leave the running statistics alone");
    z = dl_batch_norm(dl_ones(dl, dl_shape2(1, 2)), DL_NONE, DL_NONE, rm, rv, 0.1, 1e-5);
    CHECK(z && z->data[0] == 0 && z->data[1] == 0, "one value a channel: it is its own mean");
    CHECK(rm->data[0] == 0 && rv->data[1] == 0, "one value has no variance to learn from");
    dl_free(dl);
}

/* Without weight and bias a norm is the one with ones and zeros, forward and backward. */
static void without_weight(void)
{
    dl_ctx *dl = dl_new(1);
    dl_real dy[40];
    test_fill(dy, 40, 9, -1, 1);
    for (int way = 0; way < 6; way++) {
        const dl_shape shape = dl_shape1(way % 3 == 0 ? 5 : 4);
        dl_tensor *x[2], *y[2];
        dl_set_reference(dl, way >= 3);
        for (int k = 0; k < 2; k++) {
            dl_tensor *w = k ? dl_ones(dl, shape) : DL_NONE, *b = k ? dl_zeros(dl, shape) : DL_NONE;
            x[k] = dl_param(dl, dl_shape3(2, 4, 5), dl_init_zeros());
            test_fill(x[k]->data, 40, 3, -2, 2);
            y[k] = way % 3 == 0 ? dl_layer_norm(x[k], 1, w, b, 1e-5)
                 : way % 3 == 1 ? dl_group_norm(x[k], 2, w, b, 1e-5)
                                : dl_batch_norm(x[k], w, b, DL_NONE, DL_NONE, 0.1, 1e-5);
            CHECK(dl_backward_from(y[k], dy), "%s", dl_error_text(dl));
        }
        CHECK_ARRAY(y[0]->data, y[1]->data, 40);
        CHECK_ARRAY(x[0]->grad, x[1]->grad, 40);
    }
    dl_free(dl);
}

static void layer_norm(void)
{
    for (int k = 0; k < 4; k++) {
        dl_ctx *dl = dl_new(1);
        const double eps = part("layer", k, "eps")->value[0];
        dl_tensor *x = leaf(dl, part("layer", k, "x")), *w = leaf(dl, part("layer", k, "w"));
        dl_tensor *b = leaf(dl, part("layer", k, "b"));
        const dl_int D = w->size, N = x->size / D;
        dl_real y[64], stats[2][16];
        check_case("layer", k,
                   dl_layer_norm(x, (int)part("layer", k, "axes")->value[0], w, b, eps), x, w, b);
        dlk_layer_norm_forward(y, stats[0], stats[1], x->data, w->data, b->data, N, D, eps);
        CHECK_ARRAY(y, part("layer", k, "y")->data, x->size);
        dlk_layer_norm_backward(x->grad, w->grad, b->grad, part("layer", k, "dy")->data, x->data,
                                stats[0], stats[1], w->data, N, D, eps);
        for (dl_int i = 0; i < x->size; i++) x->grad[i] /= 2;     /* it added to the first one */
        for (dl_int i = 0; i < D; i++) w->grad[i] /= 2;
        for (dl_int i = 0; i < D; i++) b->grad[i] /= 2;
        CHECK_ARRAY(x->grad, part("layer", k, "dx")->data, x->size);
        CHECK_ARRAY(w->grad, part("layer", k, "dw")->data, D);
        CHECK_ARRAY(b->grad, part("layer", k, "db")->data, D);
        dl_free(dl);
    }
}

static void group_norm(void)
{
    for (int k = 0; k < 4; k++) {
        dl_ctx *dl = dl_new(1);
        dl_tensor *x = leaf(dl, part("group", k, "x")), *w = leaf(dl, part("group", k, "w"));
        dl_tensor *b = leaf(dl, part("group", k, "b"));
        check_case("group", k, dl_group_norm(x, (int)part("group", k, "groups")->value[0], w, b,
                                             part("group", k, "eps")->value[0]), x, w, b);
        dl_free(dl);
    }
}

/* A large mean must not cost the variance its digits; an even input has output b, not NaN. */
static void hard_numbers(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_real big = 4096, v[] = {big + 1, big + 2, big + 3, big + 4};
    const double r = 1 / sqrt(1.25 + 1e-5);
    const dl_real want[] = {(dl_real)(-1.5 * r), (dl_real)(-0.5 * r), (dl_real)(0.5 * r),
                            (dl_real)(1.5 * r)};
    dl_tensor *y = dl_layer_norm(dl_from(dl, dl_shape2(1, 4), v), 1, DL_NONE, DL_NONE, 1e-5);
    CHECK_ARRAY(y->data, want, 4);
    y = dl_batch_norm(dl_from(dl, dl_shape2(4, 1), v), DL_NONE, DL_NONE, DL_NONE, DL_NONE, 0.1,
                      1e-5);
    CHECK_ARRAY(y->data, want, 4);
    y = dl_layer_norm(dl_ones(dl, dl_shape2(2, 4)), 1, DL_NONE, dl_full(dl, dl_shape1(4), 7), 1e-5);
    for (int i = 0; i < 8; i++) CHECK(y->data[i] == 7, "%g", (double)y->data[i]);
    dl_free(dl);
}

/* Rows whose digits lie far behind the mean, or whose sum is no number any more: values and
   gradients must be those of the differences alone. */
enum { LAYER, GROUP_IMAGE, GROUP_NO_WEIGHT, GROUP_ROW, BATCH_COLUMN, BATCH_IMAGE, KINDS };
typedef struct shifted { dl_tensor *x, *w, *b, *y; } shifted;

static shifted normalized(dl_ctx *dl, int kind, double mean, double step, int n, const dl_real *dy)
{
    const dl_int rows = 3;                             /* the same n numbers three times */
    const dl_shape shape = kind == BATCH_COLUMN ? dl_shape2(n, rows)
                         : kind == BATCH_IMAGE ? dl_shape3(1, rows, n)
                         : kind == LAYER || kind == GROUP_ROW ? dl_shape2(rows, n)
                         : dl_shape3(rows, 1, n);
    const dl_int C = kind == LAYER ? n : shape.dim[1];
    shifted s;
    s.x = dl_param(dl, shape, dl_init_zeros());
    s.w = dl_param(dl, dl_shape1(C), dl_init_constant(1.5));
    s.b = dl_param(dl, dl_shape1(C), dl_init_zeros());
    for (dl_int i = 0; i < s.x->size; i++)
        s.x->data[i] = (dl_real)(mean + step * (double)((kind == BATCH_COLUMN ? i / rows
                                                                              : i % n) % 4));
    if (kind == LAYER) s.y = dl_layer_norm(s.x, 1, s.w, s.b, 1e-5);
    else if (kind == BATCH_COLUMN || kind == BATCH_IMAGE)
        s.y = dl_batch_norm(s.x, s.w, s.b, DL_NONE, DL_NONE, 0.1, 1e-5);
    else s.y = dl_group_norm(s.x, 1, kind == GROUP_NO_WEIGHT ? DL_NONE : s.w, s.b, 1e-5);
    CHECK(dl_backward_from(s.y, dy), "%s", dl_error_text(dl));
    return s;
}

static void check_shift(dl_ctx *dl, double mean, double step, int n)
{
    const double tol = sizeof(dl_real) == sizeof(double) ? 1e-9 : 2e-5;
    dl_real *dy = (dl_real *)calloc((size_t)n * 3, sizeof(dl_real));
    test_fill(dy, 3 * n, 5, -1, 1);
    for (int kind = 0; kind < KINDS; kind++) {
        const dl_mark mark = dl_tape_mark(dl);
        const shifted near = normalized(dl, kind, 0, step, n, dy);
        const shifted far = normalized(dl, kind, mean, step, n, dy);
        bool ok = CHECK_ARRAY_TOL(far.y->data, near.y->data, 3 * n, step == 0 ? 0 : tol);
        ok = CHECK_ARRAY_TOL(far.x->grad, near.x->grad, 3 * n, tol) && ok;
        if (kind != GROUP_NO_WEIGHT)
            ok = CHECK_ARRAY_TOL(far.w->grad, near.w->grad, near.w->size, tol) && ok;
        ok = CHECK_ARRAY_TOL(far.b->grad, near.b->grad, near.b->size, tol) && ok;
        if (!ok) printf("    (kind %d, mean %g, step %g, n %d)\n", kind, mean, step, n);
        dl_tape_release(dl, mark);
        dl_tensor_free(near.x); dl_tensor_free(near.w); dl_tensor_free(near.b);
        dl_tensor_free(far.x); dl_tensor_free(far.w); dl_tensor_free(far.b);
    }
    free(dy);
}

static void far_means(void)
{
    for (int reference = 0; reference < 2; reference++) {
        dl_ctx *dl = dl_new(1);
        const double big = sizeof(dl_real) == sizeof(double) ? 1.5e308 : 3e38;
        const int sizes[] = { 3, 21, 64, 257, 768, 1024, 3000 };
        dl_set_reference(dl, reference == 1);
        for (int k = 0; k < 7; k++) {
            const int n = sizes[k];
            check_shift(dl, 10000.1, 0, n);
            check_shift(dl, 3333.3, 0, n);
            check_shift(dl, 1000.1, 0, n);
            check_shift(dl, 1000000.1, 0, n);
            check_shift(dl, 1e12 / 3, 0, n);
            check_shift(dl, big, 0, n);
            check_shift(dl, -big, 0, n);
            check_shift(dl, 1048576, 1, n);
            check_shift(dl, -8388608, 1, n);            /* the last digit of a float */
            check_shift(dl, 1048576, 0.125, n);
            if (sizeof(dl_real) < sizeof(double)) continue;
            check_shift(dl, 4398046511104.0, 0.0009765625, n);
            check_shift(dl, 4503599627370496.0, 1, n);  /* the last digit of a double */
        }
        dl_free(dl);
    }
}

/* 1024 columns of 1e6 + (0, 1, 2, 3); one feature and one value a channel: no gradient at all. */
static void known_rows(void)
{
    for (int reference = 0; reference < 2; reference++) {
        const double want[4] = { -1.3416354, -0.4472118, 0.4472118, 1.3416354 };
        const dl_real dy[6] = { (dl_real)0.7, (dl_real)-0.3, (dl_real)1.1, 3, -2, (dl_real)0.1 };
        dl_ctx *dl = dl_new(1);
        dl_tensor *x, *y, *w;
        dl_set_reference(dl, reference == 1);
        x = dl_zeros(dl, dl_shape2(2, 1024));
        for (dl_int i = 0; i < 2048; i++) x->data[i] = (dl_real)(1000000 + i % 4);
        y = dl_layer_norm(x, 1, DL_NONE, DL_NONE, 1e-5);
        for (dl_int i = 0; i < 2048; i++) CHECK_CLOSE(y->data[i], want[i % 4], 1e-6, 0);
        w = dl_param(dl, dl_shape1(1), dl_init_constant(1.7));
        x = dl_param(dl, dl_shape2(6, 1), dl_init_normal(0, 1));
        CHECK(dl_backward_from(dl_layer_norm(x, 1, w, DL_NONE, 1e-5), dy), "%s", dl_error_text(dl));
        for (int i = 0; i < 6; i++)
            CHECK(x->grad[i] == 0, "one feature: dx %g", (double)x->grad[i]);
        x = dl_param(dl, dl_shape2(1, 1), dl_init_normal(0, 1));
        y = dl_batch_norm(x, w, DL_NONE, DL_NONE, DL_NONE, 0.1, 1e-5);
        CHECK(dl_backward_from(y, dy), "%s", dl_error_text(dl));
        CHECK(x->grad[0] == 0, "one value: dx %g", (double)x->grad[0]);
        dl_free(dl);
    }
}

/* A mean beside a wide range: rows whose squares are no floats. */
static void wide_rows(void)
{
    for (int reference = 0; reference < 2; reference++) {
        const dl_real v[4] = { (dl_real)1e25, (dl_real)-1e25, (dl_real)1e25, (dl_real)-1e25 };
        dl_ctx *dl = dl_new(1);
        dl_tensor *y;
        dl_set_reference(dl, reference == 1);
        y = dl_layer_norm(dl_from(dl, dl_shape2(1, 4), v), 1, DL_NONE, DL_NONE, 1e-5);
        for (int i = 0; i < 4; i++) CHECK_CLOSE(y->data[i], i % 2 ? -1 : 1, 1e-6, 0);
        dl_free(dl);
    }
}

static dl_tensor *check_p[7];
static dl_tensor *check_loss(dl_ctx *dl, void *user)
{
    dl_tensor *const *p = check_p, *h;
    (void)user;
    h = dl_batch_norm(p[0], p[1], p[2], DL_NONE, DL_NONE, 0.1, 1e-3);
    h = dl_tanh(dl_group_norm(h, 2, p[3], p[4], 1e-3));
    h = dl_layer_norm(h, 2, p[5], p[6], 1e-3);
    (void)dl;
    return dl_sum(dl_square(dl_sigmoid(h)));
}

static void gradients(void)
{
    dl_ctx *dl = dl_new(9);
    dl_gradcheck_report r;
    check_p[0] = dl_param(dl, dl_shape4(3, 4, 2, 3), dl_init_normal(0, 1));
    for (int i = 1; i < 5; i++) check_p[i] = dl_param(dl, dl_shape1(4), dl_init_normal(1, 0.5));
    for (int i = 5; i < 7; i++) check_p[i] = dl_param(dl, dl_shape2(2, 3), dl_init_normal(1, 0.5));
    r = dl_gradcheck(dl, check_loss, NULL, check_p, 7);
    CHECK(r.ok, "%d of %d elements, worst: parameter %d [%ld], %.9g by backward, %.9g by "
          "differences", (int)r.failed, (int)r.checked, r.worst_param, (long)r.worst_index,
          r.analytic, r.numeric);
    dl_free(dl);
}

static void errors(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x, *w3, *rm, *rv;
    test_quiet(dl);
    x = dl_ones(dl, dl_shape4(2, 4, 3, 3));
    w3 = dl_ones(dl, dl_shape1(3));
    rm = dl_state(dl, dl_shape1(4));
    rv = dl_state(dl, dl_shape1(4));
#define REFUSED(call, code, text)                                   \
    do {                                                            \
        CHECK((call) == NULL, "should be refused: %s", text);       \
        CHECK_ERROR(dl, code, text);                                \
    } while (0)
    REFUSED(dl_batch_norm(x, w3, DL_NONE, rm, rv, 0.1, 1e-5), DL_ERR_SHAPE,
            "dl_batch_norm: the weight is [3] and should be [4]");
    REFUSED(dl_batch_norm(x, DL_NONE, DL_NONE, rm, w3, 0.1, 1e-5), DL_ERR_SHAPE,
            "dl_batch_norm: the running variance is [3] and should be [4]");
    REFUSED(dl_batch_norm(x, DL_NONE, DL_NONE, rm, DL_NONE, 0.1, 1e-5), DL_ERR_ARGUMENT,
            "dl_batch_norm: running mean and variance must both be given");
    REFUSED(dl_batch_norm(x, DL_NONE, DL_NONE, rm, rv, 1.5, 1e-5), DL_ERR_ARGUMENT,
            "momentum 1.5 must be in [0, 1]");
    REFUSED(dl_batch_norm(x, DL_NONE, DL_NONE, rm, rv, 0.1, -1), DL_ERR_ARGUMENT,
            "dl_batch_norm: eps -1 must be 0 or more");
    REFUSED(dl_batch_norm(w3, DL_NONE, DL_NONE, rm, rv, 0.1, 1e-5), DL_ERR_SHAPE,
            "dl_batch_norm: input [3] must be of rank 2 or more and not empty");
    REFUSED(dl_batch_norm(dl_ones(dl, dl_shape2(0, 4)), DL_NONE, DL_NONE, rm, rv, 0.1, 1e-5),
            DL_ERR_SHAPE, "dl_batch_norm: input [0,4] must be of rank 2 or more and not empty");
    REFUSED(dl_layer_norm(x, 5, DL_NONE, DL_NONE, 1e-5), DL_ERR_ARGUMENT,
            "dl_layer_norm: the last 5 axes of input [2,4,3,3]");
    REFUSED(dl_layer_norm(x, 2, w3, DL_NONE, 1e-5), DL_ERR_SHAPE,
            "dl_layer_norm: the weight is [3] and should be [3,3]");
    REFUSED(dl_group_norm(x, 3, DL_NONE, DL_NONE, 1e-5), DL_ERR_ARGUMENT,
            "dl_group_norm: 3 groups do not divide the 4 channels of input [2,4,3,3]");
    REFUSED(dl_group_norm(x, 2, DL_NONE, w3, 1e-5), DL_ERR_SHAPE,
            "dl_group_norm: the bias is [3] and should be [4]");
    CHECK(dl_batch_norm(NULL, DL_NONE, DL_NONE, rm, rv, 0.1, 1e-5) == NULL &&
          dl_batch_norm(x, NULL, DL_NONE, rm, rv, 0.1, 1e-5) == NULL &&
          dl_batch_norm(x, DL_NONE, DL_NONE, NULL, rv, 0.1, 1e-5) == NULL &&
          dl_layer_norm(NULL, 1, DL_NONE, DL_NONE, 1e-5) == NULL &&
          dl_group_norm(NULL, 2, DL_NONE, DL_NONE, 1e-5) == NULL &&
          dl_group_norm(x, 2, NULL, DL_NONE, 1e-5) == NULL && dl_error(dl) == DL_OK,
          "NULL yields NULL without a new error: %s", dl_error_text(dl));
    dl_free(dl);
}

int main(void)
{
    gold = golden_open("conv_norm");
    TEST(batch_norm);
    TEST(inference);
    TEST(plain);
    TEST(without_weight);
    TEST(layer_norm);
    TEST(group_norm);
    TEST(hard_numbers);
    TEST(far_means);
    TEST(known_rows);
    TEST(wide_rows);
    TEST(gradients);
    TEST(errors);
    golden_close(&gold);
    return test_end();
}
