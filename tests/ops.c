/* ops.c - tests of >>ops: every operation against PyTorch and against central differences. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include "opcase.h"

/* The axes as arguments; what comes behind the rank is not read. */
static dl_tensor *permute(dl_tensor *x, int a, int b, int c, int d, int e, int f)
{
    int order[6];
    order[0] = a; order[1] = b; order[2] = c; order[3] = d; order[4] = e; order[5] = f;
    return dl_permute(x, order);
}

static dl_tensor *concat3(dl_tensor *a, dl_tensor *b, dl_tensor *c, int axis, bool stack)
{
    dl_tensor *x[3];
    x[0] = a; x[1] = b; x[2] = c;
    return stack ? dl_stack(x, 3, axis) : dl_concat(x, 3, axis);
}

static const int32_t rows_1[] = { 3, 0, 3 }, rows_2[] = { 1, 1, 2, 1, 0 }, rows_3[] = { 1, 0 };

static dl_tensor *both(dl_tensor *x)
{
    return dl_mul(dl_reshape(x, dl_shape2(3, 2)),
                  dl_slice(dl_reshape(x, dl_shape1(6)), 0, 2, 4));
}

static dl_tensor *diamond(dl_tensor *x)
{
    return dl_sum_axis(dl_add(dl_mul(dl_tanh(x), dl_sigmoid(x)), x), 0, false);
}

static dl_tensor *mlp(dl_tensor **x)
{
    return dl_mean(dl_linear(dl_tanh(dl_linear(x[0], x[1], x[2])), x[3], DL_NONE));
}

static dl_tensor *attention(dl_tensor *q, dl_tensor *k, dl_tensor *v)
{
    dl_tensor *scores = dl_matmul(q, dl_transpose(k, -2, -1));
    return dl_matmul(dl_softmax(dl_div_scalar(scores, 2)), v);
}

static dl_tensor *stack_same(dl_tensor *x)
{
    dl_tensor *twice[2];
    twice[0] = twice[1] = x;
    return dl_stack(twice, 2, 1);
}

/* name in golden_ops.py, the same formula with dl.h's functions */
#define ROWS(X, tag) \
    X(softmax_##tag, dl_softmax(x[0])) X(log_softmax_##tag, dl_log_softmax(x[0]))
#define LINEAR(X, tag) X(linear_##tag, dl_linear(x[0], x[1], x[2])) \
    X(linear_nobias_##tag, dl_linear(x[0], x[1], DL_NONE))
#define MATMUL(X, i) X(matmul_##i, dl_matmul(x[0], x[1]))
#define PERMUTE(X, tag, a, b, c, d, e, f) X(permute_##tag, permute(x[0], a, b, c, d, e, f))
#define REDUCE(X, tag, axis, keep) X(sum_##tag, dl_sum_axis(x[0], axis, keep)) \
    X(mean_##tag, dl_mean_axis(x[0], axis, keep)) X(max_##tag, dl_max_axis(x[0], axis, keep))
#define CASES(X) \
    X(neg, dl_neg(x[0])) X(exp, dl_exp(x[0])) X(log, dl_log(x[0])) X(sqrt, dl_sqrt(x[0])) \
    X(square, dl_square(x[0])) X(pow, dl_pow(x[0], 1.75)) X(cube, dl_pow(x[0], 3)) \
    X(abs, dl_abs(x[0])) X(clamp, dl_clamp(x[0], -0.6, 0.8)) X(sigmoid, dl_sigmoid(x[0])) \
    X(tanh, dl_tanh(x[0])) X(relu, dl_relu(x[0])) X(leaky_relu, dl_leaky_relu(x[0], 0.1)) \
    X(elu, dl_elu(x[0], 1.5)) X(gelu, dl_gelu(x[0])) X(gelu_tanh, dl_gelu_tanh(x[0])) \
    X(silu, dl_silu(x[0])) X(softplus, dl_softplus(x[0])) \
    X(add_scalar, dl_add_scalar(x[0], 1.5)) X(sub_scalar, dl_sub_scalar(x[0], 1.5)) \
    X(mul_scalar, dl_mul_scalar(x[0], -2.5)) X(div_scalar, dl_div_scalar(x[0], 3)) \
    X(scalar_sub, dl_scalar_sub(2, x[0])) X(scalar_div, dl_scalar_div(-2, x[0])) \
    X(relu_scalar, dl_relu(x[0])) X(exp_empty, dl_exp(x[0])) \
    ROWS(X, scalar) ROWS(X, 5) ROWS(X, 1x4) ROWS(X, 4x1) ROWS(X, 3x5) ROWS(X, 2x2x3) \
    ROWS(X, 3x0) \
    LINEAR(X, 4) LINEAR(X, 1x4) LINEAR(X, 3x4) LINEAR(X, 2x3x4) LINEAR(X, 0x4) \
    X(linear_1, dl_linear(x[0], x[1], x[2])) \
    X(linear_from_nothing, dl_linear(x[0], x[1], x[2])) \
    MATMUL(X, 0) MATMUL(X, 1) MATMUL(X, 2) MATMUL(X, 3) MATMUL(X, 4) MATMUL(X, 5) \
    MATMUL(X, 6) MATMUL(X, 7) MATMUL(X, 8) MATMUL(X, 9) MATMUL(X, 10) MATMUL(X, 11) \
    MATMUL(X, 12) MATMUL(X, 13) MATMUL(X, 14) MATMUL(X, 15) \
    PERMUTE(X, 012, 0, 1, 2, 9, 9, 9) PERMUTE(X, 021, 0, 2, 1, 9, 9, 9) \
    PERMUTE(X, 102, 1, 0, 2, 9, 9, 9) PERMUTE(X, 120, 1, 2, 0, 9, 9, 9) \
    PERMUTE(X, 201, 2, 0, 1, 9, 9, 9) PERMUTE(X, 210, 2, 1, 0, 9, 9, 9) \
    PERMUTE(X, 43210, 4, 3, 2, 1, 0, 9) PERMUTE(X, 10423, 1, 0, 4, 2, 3, 9) \
    PERMUTE(X, 34012, 3, 4, 0, 1, 2, 9) PERMUTE(X, 02143, 0, 2, 1, 4, 3, 9) \
    PERMUTE(X, 543210, 5, 4, 3, 2, 1, 0) PERMUTE(X, negative, -1, 0, -2, 9, 9, 9) \
    PERMUTE(X, 0, 0, 9, 9, 9, 9, 9) PERMUTE(X, scalar, 9, 9, 9, 9, 9, 9) \
    PERMUTE(X, empty, 2, 0, 1, 9, 9, 9) \
    X(transpose, dl_transpose(x[0], 0, 1)) X(transpose_ends, dl_transpose(x[0], 0, -1)) \
    X(transpose_same, dl_transpose(x[0], 1, 1)) \
    X(slice_0, dl_slice(x[0], 0, 1, 3)) X(slice_1, dl_slice(x[0], 1, 0, 1)) \
    X(slice_2, dl_slice(x[0], -1, 1, 3)) X(slice_negative, dl_slice(x[0], 2, -3, -1)) \
    X(slice_all, dl_slice(x[0], 1, 0, 3)) X(slice_none, dl_slice(x[0], 1, 1, 1)) \
    X(slice_vector, dl_slice(x[0], 0, 2, 5)) \
    X(slice_twice, dl_mul(dl_slice(x[0], 0, 0, 3), dl_slice(x[0], 0, 1, 4))) \
    X(concat_0, dl_concat(x, 3, 0)) X(concat_1, dl_concat(x, 3, 1)) \
    X(concat_2, dl_concat(x, 3, 2)) X(concat_last, dl_concat(x, 2, -1)) \
    X(concat_empty, dl_concat(x, 3, 1)) X(concat_one, dl_concat(x, 1, 0)) \
    X(concat_again, concat3(x[0], x[1], x[0], 0, false)) \
    X(stack_0, dl_stack(x, 3, 0)) X(stack_1, dl_stack(x, 2, 1)) X(stack_last, dl_stack(x, 2, -1)) \
    X(stack_scalars, concat3(x[0], x[1], x[2], 0, true)) X(stack_again, stack_same(x[0])) \
    X(gather_1, dl_gather_rows(x[0], rows_1, 3)) X(gather_2, dl_gather_rows(x[0], rows_2, 5)) \
    X(gather_3, dl_gather_rows(x[0], rows_3, 2)) X(gather_none, dl_gather_rows(x[0], rows_1, 0)) \
    X(sum, dl_sum(x[0])) X(mean, dl_mean(x[0])) X(max, dl_max(x[0])) \
    X(sum_scalar, dl_sum(x[0])) X(sum_empty, dl_sum(x[0])) \
    REDUCE(X, 0, 0, false) REDUCE(X, 1, 1, false) REDUCE(X, 2, 2, false) \
    REDUCE(X, 0_keep, 0, true) REDUCE(X, 1_keep, 1, true) REDUCE(X, 2_keep, 2, true) \
    REDUCE(X, 2_negative, -1, false) REDUCE(X, 2_keep_negative, -1, true) \
    REDUCE(X, 0_negative, -3, false) REDUCE(X, 0_keep_negative, -3, true) \
    X(sum_vector, dl_sum_axis(x[0], 0, false)) X(sum_over_none, dl_sum_axis(x[0], 1, false)) \
    X(max_beside_none, dl_max_axis(x[0], 0, false)) \
    X(reshape, dl_reshape(x[0], dl_shape2(4, 6))) \
    X(reshape_open, dl_reshape(x[0], dl_shape2(-1, 2))) \
    X(reshape_rank6, dl_reshape(x[0], dl_shape6(2, 1, 3, 1, 2, 2))) \
    X(reshape_scalar, dl_reshape(x[0], dl_shape0())) \
    X(reshape_twice, dl_reshape(dl_reshape(x[0], dl_shape2(6, 4)), dl_shape1(24))) \
    X(reshape_both, both(x[0])) X(flatten, dl_flatten(x[0])) X(flatten_empty, dl_flatten(x[0])) \
    X(square_by_mul, dl_mul(x[0], x[0])) X(double_by_add, dl_add(x[0], x[0])) \
    X(ratio_of_itself, dl_div(x[0], dl_add_scalar(dl_mul(x[0], x[0]), 1))) \
    X(linear_itself, dl_linear(x[0], x[0], DL_NONE)) \
    X(linear_own_bias, dl_linear(dl_reshape(x[0], dl_shape2(1, 3)), x[1], x[0])) \
    X(matmul_itself, dl_matmul(x[0], x[0])) \
    X(linear_twice, dl_linear(dl_linear(x[0], x[1], DL_NONE), x[1], DL_NONE)) \
    X(diamond, diamond(x[0])) X(mlp, mlp(x)) X(attention, attention(x[0], x[1], x[2]))
CASES(OP_FUNCTION)
static const op_case cases[] = { CASES(OP_ROW) };

static void cases_golden(void) { op_golden("ops_cases", cases, OP_COUNT(cases)); }
static void cases_gradcheck(void) { op_gradcheck("ops_cases", cases, OP_COUNT(cases)); }

/* ---- broadcasting ---- */

typedef dl_tensor *(*binary)(dl_tensor *a, dl_tensor *b);
static const struct { const char *name; binary f; } binaries[] = {
    { "add", dl_add }, { "sub", dl_sub }, { "mul", dl_mul }, { "div", dl_div },
    { "maximum", dl_maximum }, { "minimum", dl_minimum }
};

static void broadcast_golden(void)
{
    test_golden g = golden_open("ops_broadcast");
    dl_ctx *dl = dl_new(1);
    int k, i;
    for (k = 0; k < 39; k++)
        for (i = 0; i < 6; i++, dl_tape_clear(dl)) {
            const char *name = binaries[i].name;
            dl_tensor *a = op_leaf(dl, golden_getf(&g, "%d_a", k));
            dl_tensor *b = op_leaf(dl, golden_getf(&g, "%d_b", k));
            dl_tensor *y = binaries[i].f(a, b);
            if (!op_check_tensor(name, "y", y, y ? y->data : NULL,
                                 golden_getf(&g, "%d_%s_y", k, name)))
                continue;
            CHECK(dl_backward_from(y, golden_getf(&g, "%d_dy", k)->data), "%d %s", k, name);
            op_check_tensor(name, "da", a, a->grad, golden_getf(&g, "%d_%s_da", k, name));
            op_check_tensor(name, "db", b, b->grad, golden_getf(&g, "%d_%s_db", k, name));
        }
    CHECK(g.count == 39 * (3 + 6 * 3), "%d arrays: 39 pairs are expected", g.count);
    dl_free(dl);
    golden_close(&g);
}

/* Only one of the operands wants a gradient: the other one must get none. */
static void one_operand_without_gradient(void)
{
    dl_ctx *dl = dl_new(1);
    int i, k;
    for (i = 0; i < 6; i++)
        for (k = 0; k < 2; k++, dl_tape_clear(dl)) {
            dl_tensor *x[2], *y;
            x[0] = dl_rand(dl, dl_shape2(2, 3));
            x[1] = dl_rand(dl, dl_shape1(3));
            dl_set_requires_grad(x[k], true);
            y = binaries[i].f(x[0], x[1]);
            CHECK(dl_backward(dl_sum(y)), "%s", binaries[i].name);
            CHECK(x[k]->grad && !x[1 - k]->grad, "%s, operand %d", binaries[i].name, k);
        }
    dl_free(dl);
}

/* Equal elements share the gradient of maximum and minimum. */
static void ties_of_maximum(void)
{
    const dl_real p[] = { 1, 2, 3 }, q[] = { 1, 3, 2 }, one[] = { 1, 1, 1 };
    const dl_real max_a[] = { 0.5f, 0, 1 }, max_b[] = { 0.5f, 1, 0 };
    dl_ctx *dl = dl_new(1);
    int k;
    for (k = 0; k < 2; k++) {
        dl_tensor *a = dl_from(dl, dl_shape1(3), p), *b = dl_from(dl, dl_shape1(3), q);
        dl_set_requires_grad(a, true);
        dl_set_requires_grad(b, true);
        CHECK(dl_backward_from(k ? dl_minimum(a, b) : dl_maximum(a, b), one), "backward");
        CHECK_ARRAY(a->grad, k ? max_b : max_a, 3);
        CHECK_ARRAY(b->grad, k ? max_a : max_b, 3);
    }
    dl_free(dl);
}

/* ---- argmax and max: ties and NaN ---- */

static void argmax_ties_and_nan(void)
{
    const dl_real n = (dl_real)NAN, inf = (dl_real)INFINITY;
    dl_real v[12];
    const int32_t along_0[] = { 1, 0, 0, 2 }, along_1[] = { 1, 0, 3 };
    int32_t got[4];
    dl_ctx *dl = dl_new(1);
    dl_tensor *x, *y;
    v[0] = 1;    v[1] = 5;    v[2] = 5;     v[3] = 0;     /* a tie in the row: the first one */
    v[4] = n;    v[5] = 7;    v[6] = n;     v[7] = inf;   /* the first NaN wins, over inf, too */
    v[8] = -inf; v[9] = -inf; v[10] = -inf; v[11] = n;
    v[5] = 5;                                             /* a tie in the column */
    x = dl_from(dl, dl_shape2(3, 4), v);
    CHECK(dl_argmax_axis(got, x, 1), "axis 1");
    CHECK(memcmp(got, along_1, sizeof along_1) == 0, "%d %d %d", got[0], got[1], got[2]);
    x->data[6] = 1;
    CHECK(dl_argmax_axis(got, x, -2), "axis 0");
    CHECK(memcmp(got, along_0, sizeof along_0) == 0, "%d %d %d %d", got[0], got[1], got[2], got[3]);
    CHECK(dl_argmax(x) == 4, "the first NaN is number 4, not %d", (int)dl_argmax(x));
    CHECK(isnan((double)dl_item(dl_max(x))), "max of NaN");
    dl_set_requires_grad(x, true);
    y = dl_max_axis(x, 1, false);
    CHECK(y && y->data[0] == 5 && isnan((double)y->data[1]), "max along rows");
    CHECK(dl_backward(dl_sum(y)), "backward");
    for (int i = 0; i < 12; i++)
        CHECK(x->grad[i] == (i == 1 || i == 4 || i == 11 ? 1 : 0), "gradient %d", i);
    for (int i = 0; i < 12; i++) v[i] = -inf;
    CHECK(dl_argmax(dl_from(dl, dl_shape1(12), v)) == 0, "all -inf: the first one");
    dl_free(dl);
}

/* ---- what the golden values can't say ---- */

/* [0,3] has no row to choose from along axis 0, but along axis 1 there is nothing to choose for. */
static void empty_tensors(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_zeros(dl, dl_shape2(0, 3)), *y;
    int32_t out[1] = { 77 };
    test_quiet(dl);
    CHECK((y = dl_max_axis(x, 1, false)) != NULL && y->size == 0, "max over rows that are not");
    CHECK(dl_argmax_axis(out, x, 1) && out[0] == 77, "argmax over rows that are not");
    CHECK(isnan(dl_item(dl_mean(x))), "the mean of nothing");
    CHECK(dl_item(dl_sum(x)) == 0, "the sum of nothing");
    CHECK((y = dl_mean_axis(x, 0, true)) != NULL && isnan((double)y->data[2]), "mean of no rows");
    CHECK(!dl_max(x), "max");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_max: [0,3] has no elements (or too many) to choose from");
    CHECK(!dl_max_axis(x, 0, false), "max_axis");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_max_axis: [0,3] has no elements");
    CHECK(dl_argmax(x) == -1, "argmax");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_argmax: the tensor is empty");
    CHECK(!dl_argmax_axis(out, x, 0) && out[0] == 77, "argmax_axis");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_argmax_axis: [0,3] has no elements");
    dl_free(dl);
}

/* Axes of length 0 in any place, there and back: nothing is touched (see the sanitizers). */
static void empty_axes(void)
{
    dl_ctx *dl = dl_new(1);
    for (int k = 0; k < 3; k++)
        for (int a = 0; a < 3; a++) {
            dl_shape shape = dl_shape3(2, 3, 4);
            shape.dim[k] = 0;
            dl_tensor *x = dl_param(dl, shape, dl_init_zeros());
            dl_tensor *y = dl_transpose(x, a, (a + 1) % 3), *after = dl_full(dl, dl_shape1(12), 7);
            CHECK(y && y->size == 0 && dl_backward(dl_sum(y)), "%s", dl_error_text(dl));
            CHECK(after && after->data[0] == 7 && after->data[11] == 7, "axis %d, %d", k, a);
            dl_tape_clear(dl);
        }
    dl_free(dl);
}

/* Rows of no elements are not copied one by one, however many there are. */
static void empty_rows(void)
{
    const dl_int many = PTRDIFF_MAX / 256;
    dl_ctx *dl = dl_new(1);
    dl_tensor *x[2] = { dl_zeros(dl, dl_shape2(many, 0)), dl_zeros(dl, dl_shape2(many, 0)) };
    dl_tensor *a = dl_zeros(dl, dl_shape3(many, 0, 3)), *b = dl_zeros(dl, dl_shape2(3, 0)), *y;
    dl_set_requires_grad(x[1], true);
    dl_set_requires_grad(b, true);
    CHECK((y = dl_concat(x, 2, 1)) != NULL && dl_backward(dl_sum(y)), "concat");
    CHECK((y = dl_stack(x, 2, 1)) != NULL && dl_backward(dl_sum(y)), "stack");
    CHECK((y = dl_matmul(a, b)) != NULL && dl_backward(dl_sum(y)), "matmul");
    CHECK(dl_positional_encoding(dl, many, 0) != NULL, "positional_encoding");
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

/* Copies of indexes and data: changing the caller's arrays afterwards changes nothing. */
static void callers_arrays_are_copied(void)
{
    int32_t rows[] = { 1, 1 };
    dl_real v[] = { 1, 2, 3, 4 };
    const dl_real dy[] = { 1, 10, 100, 1000 }, want[] = { 0, 0, 101, 1010 };
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_from(dl, dl_shape2(2, 2), v), *y;
    dl_set_requires_grad(x, true);
    y = dl_gather_rows(x, rows, 2);
    rows[0] = rows[1] = 0;
    v[2] = v[3] = 0;
    CHECK(dl_backward_from(y, dy), "backward");
    CHECK(y->data[0] == 3 && y->data[3] == 4, "rows");
    CHECK_ARRAY(x->grad, want, 4);
    dl_free(dl);
}

/* Dropout: the share that is dropped, the scale of the rest, the gradient's mask, and the modes. */
static void dropout(void)
{
    enum { N = 20000 };
    dl_ctx *dl = dl_new(3);
    dl_tensor *x = dl_ones(dl, dl_shape1(N)), *y, *z;
    dl_int i, dropped = 0, wrong = 0, same = 0;
    dl_set_requires_grad(x, true);
    y = dl_dropout(x, 0.3);
    z = dl_dropout(x, 0.3);
    CHECK(dl_backward(dl_sum(y)), "backward");
    for (i = 0; i < N; i++) {
        dropped += y->data[i] == 0;
        same += (y->data[i] == 0) == (z->data[i] == 0);
        wrong += y->data[i] != 0 && fabs((double)y->data[i] - 1 / 0.7) > 1e-6;
        wrong += x->grad[i] != y->data[i];
    }
    /* standard deviations: sqrt(.3 .7 N) = 65 and sqrt(.58 .42 N) = 70 */
    CHECK(dropped > 6000 - 325 && dropped < 6000 + 325, "%d dropped", (int)dropped);
    CHECK(same > 11600 - 350 && same < 11600 + 350, "two masks agree in %d", (int)same);
    CHECK(wrong == 0, "%d wrong", (int)wrong);
    CHECK(dl_dropout(x, 0) == x, "p = 0 is x itself");
    CHECK(dl_set_training(dl, false), "training is on at first");
    CHECK(dl_dropout(x, 0.3) == x, "evaluation gives x itself");
    dl_free(dl);
}

static dl_tensor *dropout_loss(dl_ctx *dl, void *user)
{
    (void)dl;
    return dl_sum(dl_square(dl_dropout(*(dl_tensor **)user, 0.4)));
}

static void dropout_gradcheck(void)
{
    dl_ctx *dl = dl_new(5);
    dl_tensor *w = dl_param(dl, dl_shape2(3, 5), dl_init_uniform(1, 2));
    dl_gradcheck_report r = dl_gradcheck(dl, dropout_loss, &w, &w, 1);
    CHECK(r.ok && r.checked == 15, "analytic %g, numeric %g", r.analytic, r.numeric);
    dl_free(dl);
}

/* a / c is a division, not a multiplication by the rounded 1 / c. */
static void division_is_exact(void)
{
    dl_ctx *dl = dl_new(1);
    int c;
    for (c = 1; c <= 200; c++, dl_tape_clear(dl))
        CHECK(dl_item(dl_div_scalar(dl_full(dl, dl_shape0(), c), c)) == 1, "%d / %d", c, c);
    CHECK(isnan(dl_item(dl_div_scalar(dl_zeros(dl, dl_shape0()), 0))), "0 / 0");
    CHECK(dl_item(dl_div_scalar(dl_zeros(dl, dl_shape0()), 1e-320)) == 0, "0 / tiny");
    dl_free(dl);
}

/* A minimum is the maximum of the negative: values, gradients (with equal elements) and NaN. */
static void minima(void)
{
    dl_ctx *dl = dl_new(1);
    dl_real v[24];
    test_quiet(dl);
    for (int i = 0; i < 24; i++) v[i] = (dl_real)(i * 7 % 11 - 5);      /* equal ones among them */
    for (int axis = -3; axis <= 3; axis++) {                            /* 3: over all */
        dl_tensor *a = dl_from(dl, dl_shape3(2, 3, 4), v), *b = dl_from(dl, a->shape, v), *low;
        dl_tensor *high = NULL;
        dl_set_requires_grad(a, true);
        dl_set_requires_grad(b, true);
        low = axis == 3 ? dl_min(a) : dl_min_axis(a, axis, axis & 1);
        high = axis == 3 ? dl_max(dl_neg(b)) : dl_max_axis(dl_neg(b), axis, axis & 1);
        if (!CHECK(low && high && dl_shape_equal(low->shape, high->shape), "axis %d", axis)) break;
        for (dl_int i = 0; i < low->size; i++)
            CHECK(low->data[i] == -high->data[i], "axis %d, [%d]", axis, (int)i);
        CHECK(dl_backward(dl_sum(dl_square(low))) && dl_backward(dl_sum(dl_square(high))), "%s",
              dl_error_text(dl));
        CHECK_ARRAY(a->grad, b->grad, 24);
    }
    v[3] = NAN;
    CHECK(isnan(dl_item(dl_min(dl_from(dl, dl_shape1(24), v)))), "min of NaN");
    CHECK(!dl_min(dl_zeros(dl, dl_shape1(0))), "min of nothing");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_min: [0] has no elements");
    CHECK(!dl_min_axis(dl_zeros(dl, dl_shape1(2)), 1, true), "axis");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_min_axis: axis 1 of a tensor of rank 1");
    dl_free(dl);
}

static void slice_to_the_end(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_zeros(dl, dl_shape2(3, 5)), *y;
    for (dl_int i = 0; i < 15; i++) x->data[i] = (dl_real)i;
    y = dl_slice(x, 1, -2, DL_END);
    CHECK(y && y->shape.dim[1] == 2 && y->data[5] == 14, "the last two");
    CHECK(dl_shape_equal(dl_slice(x, 0, 0, DL_END)->shape, x->shape), "all");
    CHECK(dl_slice(x, 0, 3, DL_END)->size == 0, "none");
    test_quiet(dl);
    CHECK(!dl_slice(x, 0, 4, DL_END), "behind the end");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_slice: 4 to 3 is outside axis 0, which has 3 elements");
    dl_free(dl);
}

/* Sums are made in double: no digits are lost, and a sum may overflow where the mean does not. */
static void sums_keep_their_digits(void)
{
    const double large = sizeof(dl_real) == sizeof(double) ? 1e308 : 3e38;
    const double tol = sizeof(dl_real) == sizeof(double) ? 1e-13 : 0;
    for (int reference = 0; reference < 2; reference++) {
        dl_ctx *dl = dl_new(1);
        dl_tensor *x = dl_full(dl, dl_shape2(100, 768), 10000.1), *y;
        const dl_real v = x->data[0];
        dl_set_reference(dl, reference == 1);
        CHECK_CLOSE(dl_item(dl_mean(x)), v, tol, 0);
        y = dl_mean_axis(x, 1, false);
        CHECK_CLOSE(y->data[0], v, tol, 0);
        CHECK_CLOSE(y->data[99], v, tol, 0);
        y = dl_mean_axis(x, 0, false);
        CHECK_CLOSE(y->data[767], v, tol, 0);
        x = dl_full(dl, dl_shape2(5, 4), large);
        CHECK_CLOSE(dl_item(dl_mean(x)), large, 1e-6, 0);
        CHECK_CLOSE(dl_mean_axis(x, 0, false)->data[3], large, 1e-6, 0);
        CHECK(isinf(dl_item(dl_sum(x))) && isnan(dl_item(dl_sum(dl_log(dl_neg(x))))), "inf, NaN");
        dl_free(dl);
    }
}

/* The gradient of each pixel is the number of its copies, for any N and C. */
static void upsampling_backward(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_param(dl, dl_shape4(3, 2, 4, 5), dl_init_zeros());
    CHECK(dl_backward(dl_sum(dl_upsample_nearest2d(x, 2, 3))), "%s", dl_error_text(dl));
    for (dl_int i = 0; i < x->size; i++) CHECK(x->grad[i] == 6, "[%d]", (int)i);
    dl_free(dl);
}

/* Nothing in, nothing out: the sanitizers see that no pointer is used for it. */
static void empty_batches(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *w = dl_param(dl, dl_shape2(4, 3), dl_init_constant(1)), *in[2], *y[12];
    dl_tensor *k = dl_param(dl, dl_shape4(2, 1, 3, 3), dl_init_constant(1));
    dl_tensor *x = dl_zeros(dl, dl_shape2(0, 3)), *q = dl_zeros(dl, dl_shape3(0, 4, 3));
    dl_tensor *image = dl_zeros(dl, dl_shape4(0, 1, 5, 5));
    int n = 0;
    dl_set_requires_grad(x, true);
    dl_set_requires_grad(q, true);
    dl_set_requires_grad(image, true);
    in[0] = in[1] = x;
    y[n++] = dl_linear(x, w, DL_NONE);
    y[n++] = dl_matmul(x, dl_transpose(w, 0, 1));
    y[n++] = dl_attention(q, q, q, DL_NONE, NULL, true);
    y[n++] = dl_softmax(dl_add(x, dl_zeros(dl, dl_shape1(3))));
    y[n++] = dl_concat(in, 2, 0);
    y[n++] = dl_stack(in, 2, 1);
    y[n++] = dl_slice(x, 1, 1, DL_END);
    y[n++] = dl_dropout(dl_relu(x), .5);
    y[n++] = dl_sum_axis(x, 1, true);
    y[n++] = dl_max_pool2d(dl_conv2d(image, k, DL_NONE, NULL), NULL);
    y[n++] = dl_upsample_nearest2d(image, 2, 2);
    for (int i = 0; i < n; i++) {
        CHECK(y[i] && y[i]->size == 0, "%d: %s", i, dl_error_text(dl));
        CHECK(dl_backward(dl_sum(y[i])), "%d: %s", i, dl_error_text(dl));
    }
    CHECK(dl_item(dl_sum(x)) == 0 && isnan(dl_item(dl_mean(x))), "the sum and mean of nothing");
    for (dl_int i = 0; i < w->size; i++) CHECK(w->grad[i] == 0, "[%d]", (int)i);
    test_quiet(dl);
    CHECK(!dl_attention(q, q, q, dl_zeros(dl, dl_shape2(9, 9)), NULL, true), "mask");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_attention: mask [9,9] does not fit");
    CHECK(!dl_conv2d(dl_zeros(dl, dl_shape4(1, 0, 5, 5)), k, DL_NONE, NULL), "no channels");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "input [1,0,5,5]");
    dl_free(dl);
}

int main(void)
{
    TEST(slice_to_the_end);
    TEST(sums_keep_their_digits);
    TEST(upsampling_backward);
    TEST(empty_batches);
    TEST(minima);
    TEST(cases_golden);
    if (sizeof(dl_real) == sizeof(double)) TEST(cases_gradcheck);
    TEST(broadcast_golden);
    TEST(one_operand_without_gradient);
    TEST(ties_of_maximum);
    TEST(argmax_ties_and_nan);
    TEST(empty_tensors);
    TEST(empty_axes);
    TEST(empty_rows);
    TEST(callers_arrays_are_copied);
    TEST(dropout);
    TEST(dropout_gradcheck);
    TEST(division_is_exact);
    return test_end();
}
