/* losses.c - tests of >>losses: against PyTorch, against central differences, and their errors. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include "opcase.h"

static const int32_t labels[] = { 2, 0, 4, 4, 1, 3 }, zeros[] = { 0, 0, 0 }, big[] = { 1, 2 };

#define PAIR(X, tag) \
    X(mse_##tag, dl_mse(x[0], t)) X(mse_##tag##_sum, dl_mse_sum(x[0], t)) \
    X(mae_##tag, dl_mae(x[0], t)) X(mae_##tag##_sum, dl_mae_sum(x[0], t)) \
    X(huber_##tag, dl_huber(x[0], t, 0.75)) X(huber_##tag##_sum, dl_huber_sum(x[0], t, 0.75)) \
    X(bce_##tag, dl_bce(x[0], t)) X(bce_##tag##_sum, dl_bce_sum(x[0], t))
#define CLASSES(X, tag, label) \
    X(cross_entropy_##tag, dl_cross_entropy(x[0], label)) \
    X(cross_entropy_##tag##_sum, dl_cross_entropy_sum(x[0], label)) \
    X(soft_cross_entropy_##tag, dl_soft_cross_entropy(x[0], t)) \
    X(soft_cross_entropy_##tag##_sum, dl_soft_cross_entropy_sum(x[0], t))
#define CASES(X) \
    PAIR(X, 3x4) PAIR(X, 1x1) PAIR(X, scalar) PAIR(X, 2x2x3) \
    CLASSES(X, 5, labels) CLASSES(X, 1x5, labels) CLASSES(X, 3x5, labels) \
    CLASSES(X, 2x3x5, labels) CLASSES(X, 3x1, zeros) \
    X(cross_entropy_big, dl_cross_entropy(x[0], big)) X(bce_big, dl_bce(x[0], t))
CASES(OP_FUNCTION)
static const op_case cases[] = { CASES(OP_ROW) };

static void cases_golden(void) { op_golden("ops_losses", cases, OP_COUNT(cases)); }
static void cases_gradcheck(void) { op_gradcheck("ops_losses", cases, OP_COUNT(cases)); }

/* One-hot targets are labels written differently. */
static void one_hot_is_labels(void)
{
    dl_ctx *dl = dl_new(4);
    dl_tensor *w = dl_param(dl, dl_shape2(3, 5), dl_init_normal(0, 3)), *a, *b;
    dl_real grad[15];
    a = dl_cross_entropy(w, labels);
    dl_backward(a);
    memcpy(grad, w->grad, sizeof grad);
    memset(w->grad, 0, sizeof grad);
    b = dl_soft_cross_entropy(w, dl_one_hot(dl, labels, 3, 5));
    dl_backward(b);
    CHECK_CLOSE(dl_item(b), dl_item(a), 1e-6, 0);
    CHECK_ARRAY(w->grad, grad, 15);
    dl_free(dl);
}

/* Labels are copied: the loader may reuse its array before the backward. */
static void labels_are_copied(void)
{
    int32_t l[] = { 1, 1 };
    const dl_real logits[] = { 0, 0, 0, 0 }, want[] = { 0.25f, -0.25f, 0.25f, -0.25f };
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_from(dl, dl_shape2(2, 2), logits), *loss;
    dl_set_requires_grad(x, true);
    loss = dl_cross_entropy(x, l);
    l[0] = l[1] = 0;
    CHECK(dl_backward(loss), "backward");
    CHECK_CLOSE(dl_item(loss), 0.69314718055994531, 1e-6, 0);
    CHECK_ARRAY(x->grad, want, 4);
    dl_free(dl);
}

/* Infinite logits: a hopeless class is no harm, and NaN is not hidden. */
static void special_logits(void)
{
    const dl_real inf = (dl_real)INFINITY;
    dl_real v[] = { 0, 0, 0 };
    const int32_t l[] = { 0 };
    dl_ctx *dl = dl_new(1);
    dl_tensor *x;
    v[2] = -inf;
    x = dl_from(dl, dl_shape2(1, 3), v);
    CHECK_CLOSE(dl_item(dl_cross_entropy(x, l)), 0.69314718055994531, 1e-6, 0);
    CHECK_CLOSE(dl_item(dl_soft_cross_entropy(x, dl_one_hot(dl, l, 1, 3))), 0.69314718, 1e-6, 0);
    v[2] = (dl_real)NAN;
    x = dl_from(dl, dl_shape2(1, 3), v);
    CHECK(isnan(dl_item(dl_cross_entropy(x, l))), "NaN in a row");
    CHECK(isnan(dl_item(dl_mse(x, dl_zeros(dl, dl_shape2(1, 3))))), "NaN in mse");
    CHECK(isnan(dl_item(dl_mse(dl_zeros(dl, dl_shape1(0)), dl_zeros(dl, dl_shape1(0))))), "empty");
    dl_free(dl);
}

/* A row that does not count has no part in the loss and no gradient, whatever its logits are. */
static void ignored_rows(void)
{
    static const double odd[] = { NAN, INFINITY, -INFINITY };
    const int32_t label[] = { 1, -100, 0 };
    dl_ctx *dl = dl_new(1);
    for (int k = 0; k < 6; k++) {
        dl_set_reference(dl, k >= 3);
        dl_tensor *x = dl_rand(dl, dl_shape2(3, 4));
        for (int c = 4; c < 8; c++) x->data[c] = (dl_real)odd[k % 3];
        dl_set_requires_grad(x, true);
        dl_tensor *loss = dl_cross_entropy_with(x, label, NULL);
        CHECK(isfinite(dl_item(loss)) && dl_backward(loss), "%g", odd[k % 3]);
        for (int i = 0; i < 12; i++)
            CHECK((x->grad[i] == 0) == (i / 4 == 1), "%g: gradient %d is %g", odd[k % 3], i,
                  (double)x->grad[i]);
    }
    dl_free(dl);
}

static dl_tensor *any(dl_tensor *z, dl_tensor *target, const void *user)
{
    (void)user;
    return dl_mse(z, target);
}

/* The library's losses by Keras' names; the user's once they are registered. */
static void names(void)
{
    const struct { const dl_loss *loss; const char *name; } all[] = {
        { DL_MSE, "mean_squared_error" }, { DL_MAE, "mean_absolute_error" }, { DL_HUBER, "huber" },
        { DL_BINARY_CROSSENTROPY, "binary_crossentropy" },
        { DL_CATEGORICAL_CROSSENTROPY, "categorical_crossentropy" },
        { DL_SPARSE_CATEGORICAL_CROSSENTROPY, "sparse_categorical_crossentropy" } };
    static const dl_loss own = { "own", any, NULL, NULL, DL_LINEAR, NULL };
    static const dl_loss again = { "own", any, NULL, NULL, DL_LINEAR, NULL };
    static const dl_loss huber = { "huber", any, NULL, NULL, DL_LINEAR, NULL };
    dl_ctx *dl = dl_new(1), *other = dl_new(1);
    test_quiet(dl);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        CHECK(all[i].loss && strcmp(all[i].loss->name, all[i].name) == 0 &&
              dl_find_loss(dl, all[i].name) == all[i].loss, "%s", all[i].name);
    CHECK(!dl_find_loss(dl, "own") && !dl_find_loss(NULL, NULL), "none");
    CHECK(dl_register_loss(dl, &own) && dl_register_loss(dl, &own), "%s", dl_error_text(dl));
    CHECK(dl_find_loss(dl, "own") == &own && !dl_find_loss(other, "own") &&
          !dl_find_loss(NULL, "own"), "known where it was registered");
    CHECK(!dl_register_loss(dl, &again), "twice");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_register: there is another 'own' already");
    CHECK(!dl_register_loss(dl, &huber), "the library's");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_register: there is another 'huber' already");
    CHECK(!dl_register_loss(dl, NULL) && !dl_register_loss(NULL, &own), "NULL");
    dl_free(dl);
    dl_free(other);
}

static void errors(void)
{
    const int32_t high[] = { 0, 3, 1 }, low[] = { 0, 0, -1 };
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_zeros(dl, dl_shape2(3, 3)), *t = dl_zeros(dl, dl_shape2(3, 1));
    dl_tensor *p = dl_param(dl, dl_shape2(3, 3), dl_init_zeros());
    test_quiet(dl);
    CHECK(!dl_mse(x, t), "shapes");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_mse: predictions [3,3] and targets [3,1] differ in shape");
    CHECK(!dl_huber_sum(x, t, 1), "shapes");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_huber_sum: predictions [3,3] and targets [3,1] differ");
    CHECK(!dl_soft_cross_entropy(x, t), "shapes");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_soft_cross_entropy: predictions [3,3] and targets [3,1]");
    CHECK(!dl_bce(x, p), "gradient");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_bce: the targets require a gradient, which losses do not "
                "compute; use dl_detach on them");
    CHECK(dl_bce(x, dl_detach(p)) != NULL, "detached");
    CHECK(!dl_cross_entropy(x, high), "label");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_cross_entropy: label 3 at position 1 is not in 0..2");
    CHECK(!dl_cross_entropy_sum(x, low), "label");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_cross_entropy_sum: label -1 at position 2 is not in 0..2");
    CHECK(!dl_cross_entropy(x, NULL), "label");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_cross_entropy: the labels are NULL");
    dl_free(dl);
}

int main(void)
{
    TEST(cases_golden);
    if (sizeof(dl_real) == sizeof(double)) TEST(cases_gradcheck);
    TEST(one_hot_is_labels);
    TEST(labels_are_copied);
    TEST(special_logits);
    TEST(ignored_rows);
    TEST(names);
    TEST(errors);
    return test_end();
}
