/* pool.c - tests of max-pooling, average-pooling and global average: kernels and operations
   against PyTorch's values (tests/golden_conv.py), ties, NaN, gradients, errors. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static test_golden gold;

static const test_array *part(const char *kind, int k, const char *what)
{
    return golden_getf(&gold, "%s_%d_%s", kind, k, what);
}

static dl_tensor *image(dl_ctx *dl, const test_array *a)
{
    dl_tensor *t = dl_param(dl, dl_shape4(a->dim[0], a->dim[1], a->dim[2], a->dim[3]),
                            dl_init_zeros());
    dl_copy_in(t, a->data);
    return t;
}

/* One case by the operation, and by the kernel, which must add to dx. */
static void check_case(const char *kind, int k, bool max, bool count_padding, bool same)
{
    dl_ctx *dl = dl_new(1);
    const test_array *size = part(kind, k, "size"), *want = part(kind, k, "y");
    const test_array *dx = part(kind, k, "dx"), *dy = part(kind, k, "dy");
    dl_pool o = dl_pool_default(2);
    dlk_pool2d_size s;
    dl_tensor *x = image(dl, part(kind, k, "x")), *y;
    for (int i = 0; i < 2; i++) {
        o.kernel[i] = (int)size->value[4 + i];
        o.stride[i] = (int)size->value[6 + i];
        if (!same) o.before[i] = o.after[i] = (int)size->value[8 + i];
    }
    o.count_padding = count_padding;
    o.same = same;
    y = max ? dl_max_pool2d(x, &o) : dl_avg_pool2d(x, &o);
    if (!CHECK(y != NULL, "%s %d: %s", kind, k, dl_error_text(dl))) return;
    CHECK(y->shape.rank == 4 && y->shape.dim[2] == want->dim[2] && y->shape.dim[3] == want->dim[3],
          "%s %d: %ldx%ld", kind, k, (long)y->shape.dim[2], (long)y->shape.dim[3]);
    CHECK(dl_backward_from(y, dy->data), "%s", dl_error_text(dl));
    CHECK_ARRAY(y->data, want->data, want->size);
    CHECK_ARRAY(x->grad, dx->data, dx->size);
    s.planes = x->shape.dim[0] * x->shape.dim[1];
    s.H = x->shape.dim[2]; s.W = x->shape.dim[3];
    s.OH = want->dim[2]; s.OW = want->dim[3];
    s.KH = o.kernel[0]; s.KW = o.kernel[1];
    s.stride_h = o.stride[0]; s.stride_w = o.stride[1];
    s.top = o.before[0]; s.left = o.before[1];
    if (!same) {
        dl_real *out = (dl_real *)calloc((size_t)want->size, sizeof *out);
        dl_real *g = (dl_real *)calloc((size_t)dx->size, sizeof *g);
        int32_t *at = (int32_t *)calloc((size_t)want->size, sizeof *at);
        for (dl_int i = 0; i < dx->size; i++) g[i] = 2;
        if (max) {
            dlk_max_pool2d_forward(out, at, x->data, &s);
            dlk_max_pool2d_backward(g, dy->data, at, &s);
        } else {
            dlk_avg_pool2d_forward(out, x->data, &s, count_padding);
            dlk_avg_pool2d_backward(g, dy->data, &s, count_padding);
        }
        for (dl_int i = 0; i < dx->size; i++) g[i] -= 2;
        CHECK_ARRAY(out, want->data, want->size);
        CHECK_ARRAY(g, dx->data, dx->size);
        free(out); free(g); free(at);
    }
    dl_free(dl);
}

static void max_pool(void) { for (int k = 0; k < 6; k++) check_case("max", k, true, true, false); }
static void avg_pool(void) { for (int k = 0; k < 6; k++) check_case("avg", k, false, true, false); }
static void avg_pool_inside(void)
{
    for (int k = 0; k < 6; k++) check_case("avgx", k, false, false, false);
}
static void same(void)
{
    for (int k = 0; k < 3; k++) {
        check_case("samemax", k, true, true, true);
        check_case("sameavg", k, false, false, true);
    }
}

static void global_average(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = image(dl, part("global", 0, "x"));
    dl_tensor *y = dl_global_avg_pool2d(x);
    CHECK(y && dl_shape_equal(y->shape, dl_shape2(2, 3)), "%s", dl_error_text(dl));
    CHECK(dl_backward_from(y, part("global", 0, "dy")->data), "%s", dl_error_text(dl));
    CHECK_ARRAY(y->data, part("global", 0, "y")->data, 6);
    CHECK_ARRAY(x->grad, part("global", 0, "dx")->data, x->size);
    dl_free(dl);
}

/* Of equal maxima the first (row by row) gets the gradient; a NaN is a maximum; windows of nothing
   but -infinity still have one, and it is inside the image. */
static void ties_and_nan(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_real v[] = {3, 3, 1, NAN,
                         3, 3, 2, 5,
                         -INFINITY, -INFINITY, 0, 0,
                         -INFINITY, -INFINITY, 0, 0};
    const dl_real first[] = {1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0};
    const dl_real dy[] = {1, 1, 1, 1};
    dl_pool o = dl_pool_default(2);
    dl_tensor *x = dl_param(dl, dl_shape4(1, 1, 4, 4), dl_init_zeros()), *y;
    dl_copy_in(x, v);
    y = dl_max_pool2d(x, &o);
    CHECK(dl_backward_from(y, dy), "%s", dl_error_text(dl));
    CHECK(y->data[0] == 3 && isnan(y->data[1]) && y->data[2] == -INFINITY && y->data[3] == 0,
          "%g %g %g %g", (double)y->data[0], (double)y->data[1], (double)y->data[2],
          (double)y->data[3]);
    CHECK_ARRAY(x->grad, first, 16);
    dl_tape_clear(dl);
    o.before[0] = o.before[1] = 1;            /* negative inputs at the border: padding is no 0 */
    for (int i = 0; i < 16; i++) x->data[i] = (dl_real)(-1 - i);
    y = dl_max_pool2d(x, &o);
    CHECK(y->data[0] == -1, "%g", (double)y->data[0]);
    dl_free(dl);
}

/* Windows of 2x2 (the fast room) against the readable kernel, x used once and twice. */
static void op_is_kernel(void)
{
    dl_ctx *dl = dl_new(7);
    const dl_pool o = dl_pool_default(2);
    const dl_int sizes[][4] = {{1, 1, 2, 2}, {2, 3, 26, 26}, {3, 2, 5, 67}, {1, 4, 33, 35}};
    for (int k = 0; k < 4; k++) {
        const dl_int *d = sizes[k];
        dlk_pool2d_size s = {d[0] * d[1], d[2], d[3], d[2] / 2, d[3] / 2, 2, 2, 2, 2, 0, 0};
        dl_tensor *x = dl_param(dl, dl_shape4(d[0], d[1], d[2], d[3]), dl_init_normal(0, 1)), *y;
        dl_int n = s.planes * s.OH * s.OW;
        dl_real *out = (dl_real *)calloc((size_t)n, sizeof *out), *dy = (dl_real *)calloc(
            (size_t)n, sizeof *dy), *dx = (dl_real *)calloc((size_t)x->size, sizeof *dx);
        int32_t *at = (int32_t *)calloc((size_t)n, sizeof *at);
        for (dl_int i = 0; i < x->size; i += 3) x->data[i] = 1;     /* ties */
        test_fill(dy, n, (unsigned)k, -1, 1);
        dlk_max_pool2d_forward(out, at, x->data, &s);
        dlk_max_pool2d_backward(dx, dy, at, &s);
        for (int times = 1; times <= 2; times++) {
            for (dl_int i = 0; i < x->size; i++) x->grad[i] = 0;
            dl_tensor *in = dl_mul_scalar(x, 1);
            y = dl_max_pool2d(in, &o);
            if (times == 2) y = dl_add(y, dl_max_pool2d(in, &o));
            CHECK(dl_backward_from(y, dy), "%s", dl_error_text(dl));
            CHECK_ARRAY(y->data, out, n);
            CHECK_ARRAY(x->grad, dx, x->size);
            for (dl_int i = 0; i < n; i++) out[i] *= 2;
            for (dl_int i = 0; i < x->size; i++) dx[i] *= 2;
        }
        free(out); free(dy); free(dx); free(at);
    }
    dl_free(dl);
}

static dl_tensor *check_x;
static dl_tensor *check_loss(dl_ctx *dl, void *user)
{
    dl_pool o = dl_pool_default(3);
    dl_tensor *a, *b, *c;
    (void)dl; (void)user;
    o.stride[0] = 2;
    o.stride[1] = 1;
    o.before[0] = o.after[1] = 1;
    a = dl_max_pool2d(check_x, &o);
    b = dl_avg_pool2d(check_x, &o);
    o.count_padding = false;
    c = dl_mul(dl_avg_pool2d(check_x, &o), dl_add(a, b));
    return dl_add(dl_sum(dl_square(c)), dl_sum(dl_square(dl_global_avg_pool2d(check_x))));
}

static void gradients(void)
{
    dl_ctx *dl = dl_new(9);
    dl_gradcheck_report r;
    check_x = dl_param(dl, dl_shape4(2, 2, 5, 4), dl_init_zeros());
    for (int i = 0; i < 80; i++)              /* far enough apart for max: 37 has no factor 2, 5 */
        check_x->data[i] = (dl_real)((i * 37 % 80 - 40) / 40.0);
    r = dl_gradcheck(dl, check_loss, NULL, &check_x, 1);
    CHECK(r.ok, "%d of %d elements, worst: [%ld], %.9g by backward, %.9g by differences",
          (int)r.failed, (int)r.checked, (long)r.worst_index, r.analytic, r.numeric);
    dl_free(dl);
}

static void errors(void)
{
    dl_ctx *dl = dl_new(1);
    dl_pool o = dl_pool_default(5);
    dl_tensor *x;
    test_quiet(dl);
    x = dl_ones(dl, dl_shape4(1, 2, 3, 4));
#define REFUSED(call, code, text)                                   \
    do {                                                            \
        CHECK((call) == NULL, "should be refused: %s", text);       \
        CHECK_ERROR(dl, code, text);                                \
    } while (0)
    REFUSED(dl_max_pool2d(x, &o), DL_ERR_SHAPE,
            "dl_max_pool2d: kernel 5x5 does not fit input 3x4 without padding");
    o = dl_pool_default(2);
    o.after[1] = 2;
    REFUSED(dl_avg_pool2d(x, &o), DL_ERR_ARGUMENT,
            "dl_avg_pool2d: padding 0+2 must be smaller than the kernel 2x2");
    o = dl_pool_default(0);
    REFUSED(dl_max_pool2d(x, &o), DL_ERR_ARGUMENT,
            "dl_max_pool2d: kernel 0, stride 0, dilation 1: each must be 1 or more");
    o = dl_pool_default(2);
    o.same = true;
    o.after[1] = 1;
    REFUSED(dl_avg_pool2d(x, &o), DL_ERR_ARGUMENT,
            "dl_avg_pool2d: an option that is not used: with same, before and after must be 0");
    o = dl_pool_default(2);
    o.count_padding = false;
    REFUSED(dl_max_pool2d(x, &o), DL_ERR_ARGUMENT,
            "dl_max_pool2d: an option that is not used: count_padding false is for averages");
    o = dl_pool_default(2);
    REFUSED(dl_max_pool2d(dl_ones(dl, dl_shape2(3, 4)), &o), DL_ERR_SHAPE,
            "dl_max_pool2d: input [3,4] must be [N,C,H,W]");
    REFUSED(dl_global_avg_pool2d(dl_ones(dl, dl_shape2(3, 4))), DL_ERR_SHAPE,
            "dl_global_avg_pool2d: input [3,4] must be [N,C,H,W]");
    CHECK(dl_shape_equal(dl_max_pool2d(x, NULL)->shape, dl_max_pool2d(x, &o)->shape), "NULL: 2 x 2");
    CHECK(dl_max_pool2d(NULL, &o) == NULL && dl_avg_pool2d(NULL, &o) == NULL &&
          dl_global_avg_pool2d(NULL) == NULL &&
          dl_error(dl) == DL_OK, "NULL yields NULL without a new error: %s", dl_error_text(dl));
    dl_free(dl);
}

/* The maximum of a window with a NaN is NaN, wherever it is; and it gets the gradient. */
static void nan_is_the_maximum(void)
{
    dl_ctx *dl = dl_new(1);
    for (int way = 0; way < 4; way++)
        for (int at = 0; at < (way < 2 ? 4 : 9); at++) {
            const int K = way < 2 ? 2 : 3;
            const dl_pool o = dl_pool_default(K);
            dl_tensor *x = dl_param(dl, dl_shape4(1, 1, K, K), dl_init_constant(1));
            dl_set_reference(dl, way % 2 == 1);
            x->data[at] = (dl_real)NAN;
            dl_tensor *y = dl_max_pool2d(x, &o);
            CHECK(isnan(dl_item(dl_sum(y))) && dl_backward(dl_sum(y)), "NaN at %d", at);
            CHECK(x->grad[at] == 1, "the gradient at %d: %g", at, (double)x->grad[at]);
            dl_tape_clear(dl);
        }
    dl_free(dl);
}

int main(void)
{
    gold = golden_open("conv_pool");
    TEST(max_pool);
    TEST(avg_pool);
    TEST(avg_pool_inside);
    TEST(nan_is_the_maximum);
    TEST(same);
    TEST(global_average);
    TEST(ties_and_nan);
    TEST(op_is_kernel);
    TEST(gradients);
    TEST(errors);
    golden_close(&gold);
    return test_end();
}
