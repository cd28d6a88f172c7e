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
            "dl_batch_norm: weight [3] must be [4] for input [2,4,3,3]");
    REFUSED(dl_batch_norm(x, DL_NONE, DL_NONE, rm, w3, 0.1, 1e-5), DL_ERR_SHAPE,
            "dl_batch_norm: running variance [3] must be [4] for input [2,4,3,3]");
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
            "dl_layer_norm: weight [3] must be [3,3] for input [2,4,3,3]");
    REFUSED(dl_group_norm(x, 3, DL_NONE, DL_NONE, 1e-5), DL_ERR_ARGUMENT,
            "dl_group_norm: 3 groups do not divide the 4 channels of input [2,4,3,3]");
    REFUSED(dl_group_norm(x, 2, DL_NONE, w3, 1e-5), DL_ERR_SHAPE,
            "dl_group_norm: bias [3] must be [4] for input [2,4,3,3]");
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
    TEST(layer_norm);
    TEST(group_norm);
    TEST(hard_numbers);
    TEST(gradients);
    TEST(errors);
    golden_close(&gold);
    return test_end();
}
