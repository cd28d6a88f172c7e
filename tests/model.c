/* model.c - the model room: what dl_model_fit learns, reports, leaves alone and refuses; the same
   results for one seed; no allocation after the first epoch; every allocation may fail.

       cc -std=c99 -I. tests/model.c -o build/model -lm && build/model  */
#if !defined(_WIN32) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* dup, fileno: standard output is looked at */
#endif
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <unistd.h>

/* --------------------------------------------------------------- contexts, data sets, nets ---- */

static dl_ctx *quiet_context(uint64_t seed)
{
    dl_ctx *dl = dl_new(seed);
    test_quiet(dl);
    return dl;
}

static dl_fit quiet_fit(int epochs, int batch_size)
{
    dl_fit o = dl_fit_default();
    o.epochs = epochs;
    o.batch_size = batch_size;
    o.verbose = 0;
    return o;
}

/* n points of `classes` clouds around a circle, in D dimensions (the first two tell the class). */
#define MOST 512
static dl_real cloud_x[MOST * 16];
static int32_t cloud_label[MOST];
static dl_real cloud_y[MOST * 16];
static void make_clouds(dl_int n, dl_int D, int classes)
{
    test_fill(cloud_x, n * D, 11, -0.5, 0.5);
    for (dl_int i = 0; i < n; i++) {
        const int c = (int)(i * 7 % classes);
        cloud_label[i] = c;
        cloud_x[i * D] += (dl_real)cos(6.283185307 * c / classes);
        cloud_x[i * D + 1] += (dl_real)sin(6.283185307 * c / classes);
        for (int k = 0; k < classes; k++) cloud_y[i * classes + k] = k == c;
    }
}
static dl_data *clouds(dl_ctx *dl, dl_int n, dl_int D, int classes)
{
    make_clouds(n, D, classes);
    return dl_data_from_arrays(dl, cloud_x, n, dl_shape1(D), cloud_label, classes);
}
static dl_data *clouds_with_targets(dl_ctx *dl, dl_int n, dl_int D, int classes)
{
    make_clouds(n, D, classes);
    return dl_data_from_targets(dl, cloud_x, n, dl_shape1(D), cloud_y, dl_shape1(classes));
}

static dl_data *xor_data(dl_ctx *dl)
{
    static const dl_real x[8] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    static const int32_t y[4] = { 0, 1, 1, 0 };
    return dl_data_from_arrays(dl, x, 4, dl_shape1(2), y, 2);
}

/* y = sin(3 x) at n points in [-1, 1]. */
static dl_data *sine(dl_ctx *dl, dl_int n)
{
    for (dl_int i = 0; i < n; i++) {
        const double x = -1 + 2 * (double)i / (double)(n - 1);
        cloud_x[i] = (dl_real)x;
        cloud_y[i] = (dl_real)sin(3 * x);
    }
    return dl_data_from_targets(dl, cloud_x, n, dl_shape1(1), cloud_y, dl_shape1(1));
}

/* in - hidden (f) - dropout, if any - out (last) */
static dl_model *net(dl_ctx *dl, dl_int in, int hidden, dl_activation f, double dropout, int out,
                     dl_activation last)
{
    dl_model *m = dl_model_new(dl, dl_shape1(in));
    dl_model_add_dense(m, hidden, f);
    if (dropout > 0) dl_model_add_dropout(m, dropout);
    dl_model_add_dense(m, out, last);
    return m;
}

/* One weight w, no bias: y = w x, from w = 0. */
static dl_model *line(dl_ctx *dl, const dl_loss *loss, dl_optim optim)
{
    dl_model *m = dl_model_new(dl, dl_shape1(1));
    dl_dense d = dl_dense_default(1, DL_LINEAR);
    d.bias = false;
    d.weight_init = dl_init_zeros();
    dl_model_add_dense_with(m, &d);
    dl_model_compile(m, loss, optim);
    return m;
}

/* One sample x = 1 with this target. */
static dl_data *one_target(dl_ctx *dl, double target)
{
    const dl_real one = 1, y = (dl_real)target;
    return dl_data_from_targets(dl, &one, 1, dl_shape1(1), &y, dl_shape1(1));
}

/* All parameters of a model in one array; *n is how many. Free it. */
static dl_real *weights(const dl_model *m, size_t *n)
{
    dl_real *all = (dl_real *)calloc((size_t)dl_model_param_count(m) + 1, sizeof *all);
    *n = 0;
    for (int i = 0; i < dl_model_tensor_count(m); i++) {
        const dl_tensor *t = dl_model_param(m, i);
        memcpy(all + *n, t->data, (size_t)t->size * sizeof *all);
        *n += (size_t)t->size;
    }
    return all;
}

static bool same_weights(const dl_model *a, const dl_model *b)
{
    size_t n, k;
    dl_real *x = weights(a, &n), *y = weights(b, &k);
    const bool same = n == k && n > 0 && memcmp(x, y, n * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

static int epochs_done(const dl_model *m)
{
    int n = -1;
    dl_model_history(m, &n);
    return n;
}

/* ------------------------------------------------------------------------------- compiling ---- */

static void compile_errors(void)
{
    const struct {
        dl_activation last;
        const dl_loss *loss;
        double lr;
        const char *text;  /* NULL: compiles */
    } all[] = {
        { DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 0.1, NULL },
        { DL_LINEAR, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 0.1, NULL },
        { DL_SOFTMAX, DL_CATEGORICAL_CROSSENTROPY, 0.1, NULL },
        { DL_SIGMOID, DL_BINARY_CROSSENTROPY, 0.1, NULL },
        { DL_LINEAR, DL_BINARY_CROSSENTROPY, 0.1, NULL },
        { DL_SOFTMAX, DL_MSE, 0.1, NULL },
        { DL_RELU, DL_HUBER, 0.1, NULL },
        { DL_RELU, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 0.1, "dl_model_compile: "
          "sparse_categorical_crossentropy needs a last layer with softmax (or linear, for "
          "logits), but dense_2 has relu" },
        { DL_SIGMOID, DL_CATEGORICAL_CROSSENTROPY, 0.1, "categorical_crossentropy needs a last "
          "layer with softmax (or linear, for logits), but dense_2 has sigmoid" },
        { DL_SOFTMAX, DL_BINARY_CROSSENTROPY, 0.1, "binary_crossentropy needs a last layer with "
          "sigmoid (or linear, for logits), but dense_2 has softmax" },
        { DL_LINEAR, NULL, 0.1, "dl_model_compile: the loss is NULL, or has neither" },
        { DL_LINEAR, DL_MSE, -1, "lr of Adam is -1, outside" } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = net(dl, 2, 3, DL_RELU, 0, 2, all[i].last);
        const bool ok = dl_model_compile(m, all[i].loss, dl_adam(all[i].lr));
        CHECK(ok == (all[i].text == NULL), "%s with %s", all[i].loss ? all[i].loss->name : "NULL",
              dl_activation_name(all[i].last));
        CHECK((dl_model_optimizer(m) != NULL) == ok, "and an optimizer");
        if (ok) CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
        else CHECK_ERROR(dl, DL_ERR_ARGUMENT, all[i].text);
        dl_free(dl);
    }
}

/* A softmax or sigmoid before the last layer: its probabilities would be taken for logits. */
static void early_probabilities(void)
{
    const struct {
        dl_activation before, last;
        bool pooled;                          /* images, whose channels are averaged at the end */
        const dl_loss *loss;
        const char *text;                     /* NULL: compiles */
    } all[] = {
        { DL_SOFTMAX, DL_LINEAR, false, DL_SPARSE_CATEGORICAL_CROSSENTROPY,
          "dl_model_compile: sparse_categorical_crossentropy would take what activation_1 gives "
          "for logits, but dense_1 has made probabilities of them with its softmax; give dense_1 "
          "linear and the last layer softmax" },
        { DL_SOFTMAX, DL_SOFTMAX, false, DL_CATEGORICAL_CROSSENTROPY,
          "but dense_1 has made probabilities of them with its softmax" },
        { DL_SIGMOID, DL_LINEAR, false, DL_BINARY_CROSSENTROPY,
          "with its sigmoid; give dense_1 linear and the last layer sigmoid" },
        { DL_SOFTMAX, DL_LINEAR, true, DL_CATEGORICAL_CROSSENTROPY, "but conv2d_1 has made" },
        { DL_LINEAR, DL_SOFTMAX, false, DL_SPARSE_CATEGORICAL_CROSSENTROPY, NULL },
        { DL_LINEAR, DL_SIGMOID, false, DL_BINARY_CROSSENTROPY, NULL },
        { DL_RELU, DL_LINEAR, true, DL_CATEGORICAL_CROSSENTROPY, NULL },
        { DL_SOFTMAX, DL_LINEAR, false, DL_MSE, NULL } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, dl_shape3(1, 4, 4));
        bool ok;
        if (all[i].pooled) {
            dl_model_add_conv2d(m, 3, 3, all[i].before);
            dl_model_add_global_average_pooling2d(m);
        } else {
            dl_model_add_flatten(m);
            dl_model_add_dense(m, 3, all[i].before);
            dl_model_add_dropout(m, 0.5);
        }
        dl_model_add_activation(m, all[i].last);
        ok = dl_model_compile(m, all[i].loss, dl_adam(0.1));
        CHECK(ok == (all[i].text == NULL), "case %d: %s", (int)i, dl_error_text(dl));
        if (!ok) CHECK_ERROR(dl, DL_ERR_ARGUMENT, all[i].text);
        dl_free(dl);
    }
}

/* Layers and loss that can't learn anything together are refused. */
static void hopeless(void)
{
    const struct { int units; dl_activation last; const dl_loss *loss; const char *text; } all[] = {
        { 1, DL_SOFTMAX, DL_CATEGORICAL_CROSSENTROPY, "dl_model_compile: dense_2 has a softmax "
          "over one unit, which is always 1; for yes or no use DL_SIGMOID and "
          "DL_BINARY_CROSSENTROPY" },
        { 1, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, "a softmax over one unit" },
        { 1, DL_SOFTMAX, DL_MSE, "a softmax over one unit" },
        { 1, DL_LINEAR, DL_CATEGORICAL_CROSSENTROPY, "dl_model_compile: categorical_crossentropy "
          "compares classes, but dense_2 has only 1 output; give it one for each class" },
        { 1, DL_LINEAR, DL_SPARSE_CATEGORICAL_CROSSENTROPY, "has only 1 output" },
        { 1, DL_LINEAR, DL_BINARY_CROSSENTROPY, NULL }, { 1, DL_LINEAR, DL_MSE, NULL },
        { 2, DL_SOFTMAX, DL_MSE, NULL }, { 1, DL_RELU, DL_MAE, NULL } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = net(dl, 2, 3, DL_RELU, 0, all[i].units, all[i].last);
        const bool ok = dl_model_compile(m, all[i].loss, dl_sgd(0.1));
        CHECK(ok == (all[i].text == NULL), "case %d: %s", (int)i, dl_error_text(dl));
        if (!ok) CHECK(strstr(dl_error_text(dl), all[i].text) != NULL, "%s", dl_error_text(dl));
        dl_free(dl);
    }
    dl_ctx *dl = quiet_context(1);
    dl_model *yes = net(dl, 2, 3, DL_RELU, 0, 2, DL_SOFTMAX);
    dl_model_compile(yes, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    CHECK(!dl_model_fit(yes, clouds(dl, 8, 2, 1), NULL), "fitted to one class");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_fit: all labels are 0; of one class there is");
    /* In the middle a softmax over one unit is as constant. */
    dl_model *m = net(dl, 2, 1, DL_SOFTMAX, 0, 2, DL_LINEAR);
    CHECK(!dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "compiled");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dense_1 has a softmax over one unit");
    dl_free(dl);
}

static dl_tensor *tanh_loss(dl_tensor *z, dl_tensor *target, const void *user)
{
    (void)user;
    return dl_mse(z, target);
}

/* The same when layers that change no number stand behind the one that sets the bounds. */
static void unreachable_behind(void)
{
    for (int way = 0; way < 5; way++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = net(dl, 1, 3, DL_TANH, 0, 1, DL_SIGMOID);
        dl_real x[4], y[4];
        for (int k = 0; k < 4; k++) {
            x[k] = (dl_real)k;
            y[k] = way < 3 ? (dl_real)(k + 2) : way == 3 ? (dl_real)k / 3
                 : (dl_real)(1 + k % 2);                                /* half of them outside */
        }
        if (way == 0 || way == 3) dl_model_add_flatten(m);
        if (way == 1 || way == 3) dl_model_add_reshape(m, dl_shape2(1, 1));
        if (way == 2 || way == 3) dl_model_add_dropout(m, 0.5);
        const dl_fit o = quiet_fit(1, 2);
        dl_data *d = dl_data_from_targets(dl, x, 4, dl_shape1(1), y, dl_shape1(1));
        dl_model_compile(m, DL_MSE, dl_sgd(0.1));
        CHECK(dl_model_fit(m, d, &o) == (way == 3), "%s", dl_error_text(dl));
        if (way != 3) CHECK_ERROR(dl, DL_ERR_RANGE, "lie outside [0,1], which is all that dense_2");
        dl_free(dl);
    }
}

/* A loss may take logits of a softmax or a sigmoid only. */
static void odd_logits(void)
{
    static const dl_loss odd = { "odd", tanh_loss, NULL, NULL, DL_TANH, NULL };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 2, 3, DL_RELU, 0, 2, DL_TANH);
    CHECK(!dl_model_compile(m, &odd, dl_sgd(0.1)), "compiled");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "odd wants logits of tanh");
    dl_free(dl);
}

/* Targets that the last layer can't reach: refused where each must be reached (a cross-entropy), or
   where half of them can't be. */
static void unreachable_targets(void)
{
    const struct { dl_activation last; const dl_loss *loss; double lo, hi; const char *text; }
    all[] = {
        { DL_SIGMOID, DL_BINARY_CROSSENTROPY, 0, 1, NULL },
        { DL_LINEAR, DL_BINARY_CROSSENTROPY, 0, 1, NULL },
        { DL_SIGMOID, DL_BINARY_CROSSENTROPY, 0, 1.25, ": binary_crossentropy compares "
          "probabilities, but 1 of 5 targets lie outside [0,1]; scale them, or take a linear last "
          "layer and DL_MSE" },
        { DL_SIGMOID, DL_BINARY_CROSSENTROPY, -1, 1, "2 of 5 targets lie outside [0,1]" },
        { DL_LINEAR, DL_BINARY_CROSSENTROPY, 0, 255, "4 of 5 targets lie outside [0,1]" },
        { DL_LINEAR, DL_MSE, -1000, 1000, NULL }, { DL_LEAKY_RELU, DL_MSE, -9, -1, NULL },
        { DL_RELU, DL_MSE, 0, 100, NULL }, { DL_RELU, DL_MSE, -1, 1, NULL },
        { DL_RELU, DL_MSE, -5, -1, ": 5 of 5 targets lie outside [0,inf], which is all that "
          "dense_2 with its relu can give; scale them, or make it linear" },
        { DL_SIGMOID, DL_MAE, 0, 255, ": 4 of 5 targets lie outside [0,1], which is all that "
          "dense_2 with its sigmoid" },
        { DL_TANH, DL_HUBER, -1, 1, NULL }, { DL_TANH, DL_HUBER, 0, 9, "4 of 5 targets lie" },
        { DL_SOFTPLUS, DL_MSE, -3, 1, "3 of 5" }, { DL_ELU, DL_MSE, -9, -2, "outside [-1,inf]" },
        { DL_GELU, DL_MSE, -9, -1, "5 of 5" }, { DL_GELU, DL_MAE, -0.1699, 9, NULL },
        { DL_SILU, DL_MSE, -9, -1, "5 of 5" }, { DL_SILU, DL_MAE, -0.2784, 9, NULL } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = net(dl, 1, 3, DL_TANH, 0, 1, all[i].last);
        dl_real x[5], y[5];
        for (int k = 0; k < 5; k++) {
            x[k] = (dl_real)k;
            y[k] = (dl_real)(all[i].lo + (all[i].hi - all[i].lo) * k / 4);
        }
        dl_data *d = dl_data_from_targets(dl, x, 5, dl_shape1(1), y, dl_shape1(1));
        const dl_fit o = quiet_fit(1, 2);
        dl_batch b;
        memset(&b, 0, sizeof b);
        b.x = dl_from(dl, dl_shape2(5, 1), x);
        b.y = dl_from(dl, dl_shape2(5, 1), y);
        b.size = 5;
        CHECK(dl_model_compile(m, all[i].loss, dl_sgd(1e-4)), "%s", dl_error_text(dl));
        for (int way = 0; way < 3; way++) {
            const bool ok = way == 0 ? dl_model_fit(m, d, &o)
                          : way == 1 ? !isnan(dl_model_evaluate(m, d).loss)
                                     : !isnan(dl_model_train_batch(m, &b).loss);
            CHECK(ok == (all[i].text == NULL), "case %d: %s", (int)i, dl_error_text(dl));
            if (!ok) CHECK_ERROR(dl, DL_ERR_RANGE, all[i].text);
        }
        dl_free(dl);
    }
}

static void compile_again(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape2(2, 1));
    CHECK(!dl_model_compile(m, DL_MSE, dl_adam(0.1)), "no layers");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_compile: the model has no parameters; add layers "
                "first");
    dl_model_add_flatten(m);
    CHECK(!dl_model_compile(m, DL_MSE, dl_adam(0.1)), "no parameters");
    CHECK_ERROR(dl, DL_ERR_STATE, "the model has no parameters");
    dl_model_add_dense(m, 1, DL_LINEAR);
    CHECK(dl_model_compile(m, DL_MSE, dl_adam(0.1)), "%s", dl_error_text(dl));
    CHECK(!dl_model_compile(m, DL_MSE, dl_adam(-0.1)), "a bad one");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "lr of Adam");
    CHECK(dl_optimizer_lr(dl_model_optimizer(m)) == 0.1, "the old optimizer stays");
    CHECK(dl_model_compile(m, DL_MAE, dl_sgd(0.5)) &&
          dl_optimizer_desc(dl_model_optimizer(m)).type == dl_find_optim(NULL, "SGD"),
          "a new one");
    CHECK(!dl_model_compile(NULL, DL_MSE, dl_sgd(1)) && !dl_model_optimizer(NULL), "no model");
    dl_free(dl);
}

/* -------------------------------------------------------------------------------- learning ---- */

typedef enum { XOR, CLOUDS, CLOUD_TARGETS, SINE } data_kind;

static void learns(void)
{
    const struct {
        const char *name;
        data_kind data;
        dl_activation hidden, last;
        const dl_loss *loss;
        int out, epochs;
        double most_loss, least_accuracy; /* -1: there is none */
    } all[] = {
        { "XOR", XOR, DL_TANH, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 2, 200, 0.1, 1 },
        { "XOR, one-hot", XOR, DL_TANH, DL_SOFTMAX, DL_CATEGORICAL_CROSSENTROPY, 2, 200, 0.1, 1 },
        { "XOR, yes or no", XOR, DL_TANH, DL_SIGMOID, DL_BINARY_CROSSENTROPY, 1, 200, 0.1, 1 },
        { "XOR, logits", XOR, DL_TANH, DL_LINEAR, DL_BINARY_CROSSENTROPY, 1, 200, 0.1, 1 },
        { "clouds", CLOUDS, DL_RELU, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 3, 10, 0.1,
          0.98 },
        { "clouds, logits", CLOUDS, DL_SILU, DL_LINEAR, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 3, 10,
          0.1, 0.98 },
        { "clouds, targets", CLOUD_TARGETS, DL_RELU, DL_SOFTMAX, DL_CATEGORICAL_CROSSENTROPY, 3,
          10, 0.1, 0.98 },
        { "clouds, three yes or no", CLOUD_TARGETS, DL_RELU, DL_SIGMOID, DL_BINARY_CROSSENTROPY, 3,
          10, 0.1, 0.98 },
        { "sine, MSE", SINE, DL_TANH, DL_LINEAR, DL_MSE, 1, 60, 0.01, -1 },
        { "sine, MAE", SINE, DL_TANH, DL_LINEAR, DL_MAE, 1, 60, 0.1, -1 },
        { "sine, Huber", SINE, DL_TANH, DL_LINEAR, DL_HUBER, 1, 60, 0.01, -1 } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(i + 1);
        const dl_data *d = all[i].data == XOR ? xor_data(dl) :
                           all[i].data == SINE ? sine(dl, 64) :
                           all[i].data == CLOUDS ? clouds(dl, 200, 2, 3) :
                           clouds_with_targets(dl, 200, 2, 3);
        dl_model *m = net(dl, dl_data_shape(d).dim[0], 16, all[i].hidden, 0, all[i].out,
                          all[i].last);
        dl_fit o = quiet_fit(all[i].epochs, 8);
        dl_metrics before, after;
        CHECK(dl_model_compile(m, all[i].loss, dl_adam(0.02)), "%s", dl_error_text(dl));
        before = dl_model_evaluate(m, d);
        CHECK(dl_model_fit(m, d, &o), "%s: %s", all[i].name, dl_error_text(dl));
        after = dl_model_evaluate(m, d);
        CHECK(before.loss > 3 * all[i].most_loss && after.loss < all[i].most_loss,
              "%s: loss %g, then %g", all[i].name, before.loss, after.loss);
        if (all[i].least_accuracy < 0)
            CHECK(isnan(after.accuracy), "%s: accuracy %g", all[i].name, after.accuracy);
        else
            CHECK(before.accuracy < 0.9 && after.accuracy >= all[i].least_accuracy &&
                  after.accuracy <= 1, "%s: accuracy %g, then %g", all[i].name, before.accuracy,
                  after.accuracy);
        dl_free(dl);
    }
}

/* Labels and the same as one-hot targets, and both cross-entropies, train the same weights. */
static void labels_are_targets(void)
{
    const struct { bool targets; const dl_loss *loss; } how[3] = {
        { false, DL_SPARSE_CATEGORICAL_CROSSENTROPY }, { false, DL_CATEGORICAL_CROSSENTROPY },
        { true, DL_CATEGORICAL_CROSSENTROPY } };
    dl_ctx *dl[3];
    dl_model *m[3];
    size_t n;
    dl_real *w[3];
    for (int i = 0; i < 3; i++) {
        const dl_fit o = quiet_fit(3, 16);
        const dl_data *d;
        dl[i] = quiet_context(8);
        d = how[i].targets ? clouds_with_targets(dl[i], 50, 2, 3) : clouds(dl[i], 50, 2, 3);
        m[i] = net(dl[i], 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
        dl_model_compile(m[i], how[i].loss, dl_sgd(0.1));
        CHECK(dl_model_fit(m[i], d, &o), "%s", dl_error_text(dl[i]));
        w[i] = weights(m[i], &n);
    }
    CHECK(same_weights(m[1], m[2]), "one-hot by dl.h and by hand differ");
    CHECK_ARRAY(w[0], w[1], (dl_int)n);
    for (int i = 0; i < 3; i++) {
        free(w[i]);
        dl_free(dl[i]);
    }
}

/* ------------------------------------------------------- losses and metrics of the user's ---- */

/* q (t - z) below the target, (1 - q) (z - t) above it: its best constant is the q-quantile. */
static dl_tensor *pinball(dl_tensor *z, dl_tensor *target, const void *user)
{
    const double q = *(const double *)user;
    dl_tensor *d = dl_sub(target, z);
    return dl_mean(dl_maximum(dl_mul_scalar(d, q), dl_mul_scalar(d, q - 1)));
}
static dl_tensor *margin(dl_tensor *z, const int32_t *labels, const void *user)
{
    const dl_int C = z->shape.dim[1];
    dl_tensor *hot = dl_one_hot(z->ctx, labels, z->shape.dim[0], C);
    (void)user;                       /* max(0, 1 - z) for the right class, max(0, 1 + z) else */
    return dl_mean(dl_relu(dl_scalar_sub(1, dl_mul(z, dl_sub_scalar(dl_mul_scalar(hot, 2), 1)))));
}
static dl_tensor *no_scalar(dl_tensor *z, dl_tensor *target, const void *user)
{
    (void)user;
    return dl_sub(z, target);
}
static dl_tensor *nothing(dl_tensor *z, dl_tensor *target, const void *user)
{
    (void)z;
    (void)target;
    (void)user;
    return NULL;
}

static void own_losses(void)
{
    static const double nine = 0.9;
    static const dl_loss quantile = { "pinball", pinball, NULL, NULL, DL_LINEAR, &nine };
    static const dl_loss hinge = { "margin", NULL, margin, NULL, DL_LINEAR, NULL };
    static const dl_loss bad[3] = { { "vector", no_scalar, NULL, NULL, DL_LINEAR, NULL },
                                    { "nothing", nothing, NULL, NULL, DL_LINEAR, NULL },
                                    { "empty", NULL, NULL, NULL, DL_LINEAR, NULL } };
    static const char *const text[2] = { "vector: the loss is [8,1], not one number; end it with "
                                         "dl_mean", "nothing: the loss gave nothing" };
    dl_ctx *dl = quiet_context(1);
    dl_fit o = quiet_fit(300, 100);
    dl_model *m = line(dl, &quantile, dl_sgd(0.02));
    for (int i = 0; i < 100; i++) {
        cloud_x[i] = 1;
        cloud_y[i] = (dl_real)i / 100;
    }
    dl_data *d = dl_data_from_targets(dl, cloud_x, 100, dl_shape1(1), cloud_y, dl_shape1(1));
    CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
    CHECK(fabs((double)dl_model_param(m, 0)->data[0] - 0.9) < 0.02, "the .9 quantile is %g",
          (double)dl_model_param(m, 0)->data[0]);
    CHECK(isnan(dl_model_evaluate(m, d).accuracy), "no classes");
    m = net(dl, 2, 16, DL_TANH, 0, 3, DL_LINEAR);
    d = clouds(dl, 200, 2, 3);
    o = quiet_fit(20, 8);
    CHECK(dl_model_compile(m, &hinge, dl_adam(0.02)) && dl_model_fit(m, d, &o), "%s",
          dl_error_text(dl));
    CHECK(dl_model_evaluate(m, d).accuracy > 0.98, "margin: accuracy %g",
          dl_model_evaluate(m, d).accuracy);
    CHECK(isnan(dl_model_evaluate(m, clouds_with_targets(dl, 20, 2, 3)).loss), "targets");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_evaluate: margin needs class labels");
    for (int i = 0; i < 2; i++) {
        m = line(dl, &bad[i], dl_sgd(0.1));
        o = quiet_fit(1, 8);
        CHECK(!dl_model_fit(m, sine(dl, 64), &o), "fitted with %s", bad[i].name);
        CHECK(strstr(dl_error_text(dl), text[i]) != NULL, "%s", dl_error_text(dl));
        dl_clear_error(dl);
    }
    m = net(dl, 1, 2, DL_TANH, 0, 1, DL_LINEAR);
    CHECK(!dl_model_compile(m, &bad[2], dl_sgd(0.1)), "without a function");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_compile: the loss is NULL, or has neither name");
    dl_free(dl);
}

/* The largest error seen, from the model's outputs; and how often class 0 was called, which keeps
   memory of its own. */
static bool largest_add(void *state, const dl_outcome *o, const void *user)
{
    double *most = (double *)state;
    if (*(const int *)user == 1) return dl_fail(o->output->ctx, DL_ERR_STATE, "enough");
    for (dl_int i = 0; i < o->output->size; i++)
        *most = fmax(*most, fabs((double)o->output->data[i] - (double)o->target->data[i]));
    return o->target->size == o->output->size && o->size > 0;
}
static double largest_result(void *state, const void *user)
{
    (void)user;
    return *(const double *)state;
}
typedef struct zeros_state { int64_t *count; } zeros_state;
static int zeros_freed;
static bool zeros_add(void *state, const dl_outcome *o, const void *user)
{
    zeros_state *z = (zeros_state *)state;
    const dl_int C = o->output->shape.dim[1];
    (void)user;
    if (!z->count) z->count = (int64_t *)calloc(2, sizeof *z->count);
    for (dl_int i = 0; i < o->size; i++) {
        double sum = 0;
        dl_int best = 0;
        for (dl_int k = 0; k < C; k++) {
            sum += (double)o->output->data[i * C + k];
            if (o->output->data[i * C + k] > o->output->data[i * C + best]) best = k;
        }
        CHECK(fabs(sum - 1) < 1e-5 && o->labels && !o->target, "probabilities, and labels");
        z->count[0] += best == 0;
        z->count[1]++;
    }
    return true;
}
static double zeros_result(void *state, const void *user)
{
    zeros_state *z = (zeros_state *)state;
    const double share = z->count ? (double)z->count[0] / (double)z->count[1] : NAN;
    (void)user;
    free(z->count);
    zeros_freed++;
    return share;
}

static void own_metrics(void)
{
    static const int fine = 0, fails = 1;
    static const dl_metric largest = { "largest", sizeof(double), largest_add, largest_result,
                                       &fine };
    static const dl_metric failing = { "failing", 1, largest_add, largest_result, &fails };
    static const dl_metric called = { "zeros", sizeof(zeros_state), zeros_add, zeros_result, NULL };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = line(dl, DL_MSE, dl_sgd(0));
    dl_fit o = quiet_fit(1, 7);
    CHECK(dl_model_add_metric(m, &largest) && dl_model_metric_index(m, "largest") == 0 &&
          dl_model_metric_count(m) == 1 && dl_model_metric_index(m, "accuracy") == -1, "%s",
          dl_error_text(dl));
    CHECK(!dl_model_add_metric(m, &largest), "twice");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_add_metric: there is 'largest' already");
    o.validation = one_target(dl, 7);
    CHECK(dl_model_fit(m, sine(dl, 64), &o), "%s", dl_error_text(dl));
    const dl_epoch *e = dl_model_history(m, NULL);
    CHECK(e->metric[0] > 0.99 && e->metric[0] <= 1 && e->val_metric[0] == 7 && isnan(e->metric[1]),
          "%g, %g", e->metric[0], e->val_metric[0]);
    CHECK(dl_model_evaluate(m, o.validation).metric[0] == 7, "evaluated");
    CHECK(dl_model_add_metric(m, &failing) && !dl_model_fit(m, o.validation, NULL), "fitted");
    CHECK_ERROR(dl, DL_ERR_STATE, "enough");
    CHECK(isnan(dl_model_evaluate(m, o.validation).metric[0]), "evaluated in spite of it");
    CHECK_ERROR(dl, DL_ERR_STATE, "enough");
    m = net(dl, 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
    zeros_freed = 0;
    o = quiet_fit(3, 8);
    o.validation_split = 0.25;
    CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.05)) &&
          dl_model_add_metric(m, &called) && dl_model_fit(m, clouds(dl, 120, 2, 3), &o), "%s",
          dl_error_text(dl));
    e = dl_model_history(m, NULL) + 2;
    CHECK(zeros_freed == 6, "result was called %d times", zeros_freed);
    CHECK(e->metric[0] > 0.2 && e->metric[0] < 0.5 && e->val_metric[0] > 0.1, "%g", e->metric[0]);
    static dl_metric many[8];
    static char names[8][16];
    for (int i = 0; i < 8; i++) {
        many[i] = called;
        snprintf(names[i], sizeof names[i], "m%d", i);
        many[i].name = names[i];
        CHECK(dl_model_add_metric(m, &many[i]) == (i < 7), "metric %d", i);
    }
    CHECK_ERROR(dl, DL_ERR_LIMIT, "dl_model_add_metric: 'm7' would be one more than 8");
    CHECK(dl_register_metric(dl, &called) && dl_find_metric(dl, "zeros") == &called &&
          dl_find_metric(NULL, "accuracy") && !dl_find_metric(dl, "none"), "by name");
    dl_free(dl);
}

/* ---------------------------------------------------------------------------- single steps ---- */

static bool count_steps(dl_model *m, const dl_step *s, void *user)
{
    int *seen = (int *)user;
    seen[0]++;
    CHECK(s->batches == 4 && s->batch == (seen[0] - 1) % 4 + 1 && s->epoch == (seen[0] - 1) / 4 + 1
          && s->loss > 0 && s->lr == 0.1, "batch %d of %d", (int)s->batch, (int)s->batches);
    seen[1] = (int)s->updates;
    (void)m;
    return seen[0] != seen[2];
}

/* fit is made of dl_model_train_batch; accumulating k batches is one batch k times as large. */
static void steps(void)
{
    dl_model *m[3];
    dl_ctx *dl[3];
    for (int i = 0; i < 3; i++) {
        dl_fit o = quiet_fit(2, i == 1 ? 5 : 15);
        dl[i] = quiet_context(4);
        dl_data *d = clouds(dl[i], 50, 2, 3);
        m[i] = net(dl[i], 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
        dl_model_layer(m[i], 0)->l2 = 0.01;
        dl_model_compile(m[i], DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_momentum(0.1, 0.9));
        o.shuffle = false;
        if (i == 1) o.accumulate = 3;                    /* 50 = 3 groups of 15, and 5 */
        if (i < 2) CHECK(dl_model_fit(m[i], d, &o), "%s", dl_error_text(dl[i]));
        for (int k = 0; i == 2 && k < 8; k++) {
            dl_batch b;
            const dl_int first = k % 4 * 15, n = first == 45 ? 5 : 15;
            memset(&b, 0, sizeof b);
            b.x = dl_from(dl[i], dl_shape2(n, 2), cloud_x + 2 * first);
            b.labels = cloud_label + first;
            b.size = n;
            const dl_metrics before = dl_model_evaluate_batch(m[i], &b);
            const dl_metrics r = dl_model_train_batch(m[i], &b);
            CHECK(r.loss == before.loss && r.accuracy == before.accuracy, "%g, %g", r.loss,
                  before.loss);
            dl_tape_clear(dl[i]);
        }
    }
    CHECK(same_weights(m[0], m[2]), "single steps are fit");
    for (int k = 0; k < 4; k++)
        CHECK_ARRAY_TOL(dl_model_param(m[1], k)->data, dl_model_param(m[0], k)->data,
                        dl_model_param(m[0], k)->size, 10 * TEST_TOL);
    for (int i = 0; i < 3; i++) dl_free(dl[i]);
}

static void step_callback(void)
{
    static const struct { int accumulate, stop, seen, updates, epochs; } all[] = {
        { 1, 0, 8, 8, 2 }, { 3, 0, 8, 4, 2 }, { 1, 3, 3, 3, 1 }, { 2, 5, 5, 2, 2 } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(4);
        dl_model *m = net(dl, 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
        dl_fit o = quiet_fit(2, 15);
        int seen[3] = { 0, 0, 0 };
        seen[2] = all[i].stop;
        o.on_batch = count_steps;
        o.user = seen;
        o.accumulate = all[i].accumulate;
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
        CHECK(dl_model_fit(m, clouds(dl, 50, 2, 3), &o), "%s", dl_error_text(dl));
        CHECK(seen[0] == all[i].seen && seen[1] == all[i].updates &&
              epochs_done(m) == all[i].epochs, "case %d: %d batches, %d updates", (int)i, seen[0],
              seen[1]);
        dl_free(dl);
    }
}

static void bad_batches(void)
{
    static const dl_real x[6] = { 0 };
    static const int32_t label[3] = { 0, 1, 1 }, high[3] = { 0, 1, 2 };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 2, 3, DL_TANH, 0, 2, DL_SOFTMAX), *yes = net(dl, 2, 3, DL_TANH, 0, 1,
                                                                       DL_SIGMOID);
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = dl_from(dl, dl_shape2(3, 2), x);
    b.labels = label;
    b.size = 3;
#define REFUSED(model, code, text) \
    CHECK(isnan(dl_model_train_batch(model, &b).loss), "trained"); \
    CHECK_ERROR(dl, code, "dl_model_train_batch: " text); \
    CHECK(isnan(dl_model_evaluate_batch(model, &b).loss), "evaluated"); \
    CHECK_ERROR(dl, code, "dl_model_evaluate_batch: " text)
    REFUSED(m, DL_ERR_STATE, "call dl_model_compile first");
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    dl_model_compile(yes, DL_BINARY_CROSSENTROPY, dl_sgd(0.1));
    b.size = 2;
    REFUSED(m, DL_ERR_SHAPE, "the batch's size is 2, its x has 3 samples");
    b.size = 3;
    b.labels = NULL;
    REFUSED(m, DL_ERR_ARGUMENT, "sparse_categorical_crossentropy needs class labels, "
            "which the batch does not have");
    REFUSED(yes, DL_ERR_ARGUMENT, "binary_crossentropy needs targets, which the batch");
    b.y = dl_from(dl, dl_shape2(3, 2), x);
    REFUSED(yes, DL_ERR_SHAPE, "6 targets for 3 samples with 1 outputs");
    b.y = NULL;
    b.labels = high;
    CHECK(isnan(dl_model_train_batch(m, &b).loss), "label 2 of 2");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_cross_entropy: label 2 at position 2 is not in 0..1");
    CHECK(isnan(dl_model_train_batch(yes, &b).loss), "label 2 for yes or no");
    CHECK_ERROR(dl, DL_ERR_RANGE, "binary_crossentropy: label 2 at position 2 is not in 0..1");
    b.labels = label;
    b.weight = dl_full(dl, dl_shape1(3), NAN);
    CHECK(isnan(dl_model_train_batch(m, &b).loss), "a weight of NaN");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "first in the weights of the samples. Try this: clean the data");
    b.weight = NULL;
    dl_fill(dl_model_find(m, "dense_1.bias"), NAN);
    CHECK(isnan(dl_model_train_batch(m, &b).loss), "NaN");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_model_train_batch: the loss is NaN; NaN or infinity first "
                "in the weights of layer dense_1");
    b.x = NULL;
    CHECK(isnan(dl_model_train_batch(yes, &b).loss) && dl_error(dl) == DL_OK, "no x");
#undef REFUSED
    dl_free(dl);
}

/* A parameter that a step's backward does not reach is left alone: its old gradient is gone. */
static int fickle_turn;
static bool fickle_build(dl_layer *l)
{
    return dl_layer_param(l, "a", dl_shape1(1), dl_init_constant(1)) &&
           dl_layer_param(l, "b", dl_shape1(1), dl_init_constant(1));
}
static void fickle_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul(x[0], l->param[fickle_turn++ % 2]);
}
static void unreached_parameter(void)
{
    static const dl_layer_type fickle = { "Fickle", "fickle", 0, NULL, 1, fickle_build,
                                          fickle_forward, NULL, NULL, NULL };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape1(1));
    const dl_data *d = one_target(dl, 2);
    dl_fit o = quiet_fit(2, 1);
    dl_model_add(m, &fickle, NULL);
    dl_model_compile(m, DL_MSE, dl_sgd(0.25));        /* half of the way in each step */
    fickle_turn = 0;
    CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
    for (int i = 0; i < 2; i++)
        CHECK(dl_model_param(m, i)->data[0] == (dl_real)1.5, "%s is %g", dl_model_param(m, i)->name,
              (double)dl_model_param(m, i)->data[0]);
    dl_free(dl);
}

/* Scores where the probabilities have run out of digits. */
static void logits(void)
{
    static const dl_activation last[4] = { DL_SOFTMAX, DL_SIGMOID, DL_LINEAR, DL_TANH };
    const dl_real one = 1;
    for (int i = 0; i < 4; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, dl_shape1(1));
        dl_model_add_dense(m, 2, last[i]);
        dl_model_param(m, 0)->data[0] = i == 3 ? 1 : -300;
        dl_model_param(m, 0)->data[1] = i == 3 ? 2 : 200;
        dl_tensor *z = dl_model_logits(m, dl_from(dl, dl_shape2(1, 1), &one));
        if (!CHECK(z && z->size == 2 && !z->requires_grad, "%s", dl_error_text(dl))) return;
        CHECK_CLOSE(z->data[0], i == 3 ? tanh(1) : -300, 1e-6, 0);
        CHECK_CLOSE(z->data[1], i == 3 ? tanh(2) : 200, 1e-6, 0);
        dl_free(dl);
    }
}

/* ------------------------------------------------------------------------- memory it takes ---- */

/* Evaluating takes less than training with the same batch, and what trains can be evaluated:
   activations go as soon as nothing needs them, and no more samples are under way than fit took. */
static void evaluation_is_small(void)
{
    size_t bytes[3];
    for (int i = 0; i < 3; i++) {
        static dl_real x[512 * 64];
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, dl_shape1(64));
        dl_fit o = quiet_fit(1, 256);
        for (int k = 0; k < 12; k++) dl_model_add_dense(m, 400, DL_TANH);
        dl_model_add_dense(m, 2, DL_LINEAR);
        for (int k = 0; k < 512; k++) cloud_label[k] = k % 2;
        dl_data *d = dl_data_from_arrays(dl, x, i ? 512 : 256, dl_shape1(64), cloud_label, 2);
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0));
        dl_model_set_batch_size(m, 256);
        if (i == 0) CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
        if (i == 1) CHECK(dl_model_evaluate(m, d).loss > 0, "%s", dl_error_text(dl));
        if (i == 2) CHECK(dl_model_predict(m, dl_from(dl, dl_shape2(512, 64), x)) != NULL, "%s",
                          dl_error_text(dl));
        bytes[i] = dl_tape_bytes(dl);
        dl_free(dl);
    }
    CHECK(bytes[1] < bytes[0] / 2 && bytes[2] < bytes[0] / 2, "fit takes %ld bytes, evaluate %ld, "
          "predict %ld", (long)bytes[0], (long)bytes[1], (long)bytes[2]);
}

static void tape_limits(void)
{
    static const char *const text[3] = { "; take smaller batches (batch_size and "
        "accumulate of dl_model_fit), or raise dl_set_tape_limit", "; take fewer samples at a time "
        "(dl_model_set_batch_size), or raise dl_set_tape_limit", "; call dl_tape_clear after "
        "every step, or raise dl_set_tape_limit" };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 2, 20000, DL_TANH, 0, 3, DL_SOFTMAX);
    dl_data *d = clouds(dl, 400, 2, 3);
    dl_fit o = quiet_fit(1, 400);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    dl_set_tape_limit(dl, 8 << 20);
    CHECK(!dl_model_fit(m, d, &o), "32 MB in 8");
    CHECK_ERROR(dl, DL_ERR_LIMIT, text[0]);
    CHECK(isnan(dl_model_evaluate(m, d).loss), "32 MB in 8");
    CHECK_ERROR(dl, DL_ERR_LIMIT, text[1]);
    o.batch_size = 4;
    CHECK(dl_model_fit(m, d, &o) && dl_model_batch_size(m) == 4, "%s", dl_error_text(dl));
    CHECK(dl_model_evaluate(m, d).loss > 0, "evaluated as it was trained: %s", dl_error_text(dl));
    for (int i = 0; i < 20; i++) dl_zeros(dl, dl_shape1(200000));
    CHECK_ERROR(dl, DL_ERR_LIMIT, text[2]);
    CHECK(!dl_model_set_batch_size(m, 0) && dl_model_batch_size(m) == 4, "0 samples");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_set_batch_size: 0 samples; give 1 or more");
    dl_free(dl);
}

/* However the samples are cut into batches, and whatever is dropped on the way, predictions are the
   same. */
static void cut_into_batches(void)
{
    dl_ctx *dl = quiet_context(2);
    dl_model *m = dl_model_new(dl, dl_shape3(1, 8, 8));
    dl_model_add_conv2d(m, 3, 3, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_batch_normalization(m);
    dl_model_add_reshape(m, dl_shape2(3, -1));
    dl_model_add_dense(m, 40, DL_TANH);
    dl_model_add_dropout(m, 0.5);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 4, DL_LINEAR);
    dl_model_add_activation(m, DL_SOFTMAX);
    dl_tensor *x = dl_rand(dl, dl_shape4(33, 1, 8, 8)), *y, *z;
    dl_set_training(dl, false);
    y = dl_model_forward(m, x);
    if (!CHECK(y && y->size == 132, "%s", dl_error_text(dl))) return;
    for (int n = 1; n < 64; n *= 3) {
        dl_model_set_batch_size(m, n);
        z = dl_model_predict(m, x);
        if (CHECK(z && z->size == 132, "%s", dl_error_text(dl))) CHECK_ARRAY(z->data, y->data, 132);
    }
    dl_free(dl);
}

/* Reports of data whose size no batch divides, from memory that is watched on both sides. */
static void report_stays_inside(void)
{
    dl_ctx *dl = quiet_context(2);
    dl_model *m = net(dl, 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
    dl_data *d = clouds(dl, 301, 2, 3);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    dl_report *r = dl_model_report(m, d);
    int64_t all = 0;
    if (!CHECK(r && r->count == 301, "%s", dl_error_text(dl))) return;
    for (int i = 0; i < 9; i++) all += r->confusion[i];
    CHECK(all == 301, "%d samples", (int)all);
    CHECK_CLOSE(r->accuracy, dl_model_evaluate(m, d).accuracy, 1e-12, 0);
    dl_free(dl);
}

/* --------------------------------------------------------------------------------- history ---- */

/* With one batch an epoch, the loss an epoch reports is that of the weights before it, and its
   validation loss that of the weights after it. */
typedef struct seen { dl_metrics train[8], validation[8]; const dl_data *data, *other; } seen;

static bool look(dl_model *m, const dl_epoch *e, void *user)
{
    seen *s = (seen *)user;
    s->train[e->epoch] = dl_model_evaluate(m, s->data);
    s->validation[e->epoch] = dl_model_evaluate(m, s->other);
    return true;
}

static void history(void)
{
    dl_ctx *dl = quiet_context(2);
    dl_model *m = net(dl, 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
    dl_fit o = quiet_fit(5, 60);
    seen s;
    const dl_epoch *e;
    int n = 0;
    memset(&s, 0, sizeof s);
    s.data = clouds(dl, 60, 2, 3);
    s.other = clouds(dl, 33, 2, 3);
    o.validation = s.other;
    o.on_epoch = look;
    o.user = &s;
    o.shuffle = false;
    CHECK(epochs_done(m) == 0, "before");
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.05));
    s.train[0] = dl_model_evaluate(m, s.data);
    CHECK(dl_model_fit(m, s.data, &o), "%s", dl_error_text(dl));
    e = dl_model_history(m, &n);
    if (!CHECK(n == 5 && e, "%d epochs", n)) return;
    for (int i = 0; i < n; i++) {
        CHECK(e[i].epoch == i + 1 && e[i].epochs == 5 && e[i].lr == 0.05, "epoch %d of %d, lr %g",
              e[i].epoch, e[i].epochs, e[i].lr);
        CHECK_CLOSE(e[i].loss, s.train[i].loss, TEST_TOL, 0);
        CHECK_CLOSE(e[i].accuracy, s.train[i].accuracy, 1e-12, 0);
        CHECK(e[i].val_loss == s.validation[i + 1].loss &&
              e[i].val_accuracy == s.validation[i + 1].accuracy, "validation of epoch %d", i + 1);
        CHECK(e[i].seconds >= 0 && e[i].seconds < 60, "%g seconds", e[i].seconds);
    }
    CHECK(e[4].loss < e[0].loss, "it learns: %g, then %g", e[0].loss, e[4].loss);
    o.validation = NULL;
    o.epochs = 2;
    o.on_epoch = NULL;
    dl_model_fit(m, s.data, &o);
    e = dl_model_history(m, &n);
    CHECK(n == 2 && e[0].epoch == 1 && isnan(e[0].val_loss) && isnan(e[1].val_accuracy),
          "the second fit starts a new history");
    o.epochs = 0;
    CHECK(dl_model_fit(m, s.data, &o) && epochs_done(m) == 0, "no epochs");
    CHECK(!dl_model_history(NULL, &n) && n == 0, "of no model");
    dl_model_history(m, NULL);
    dl_free(dl);
}

/* With lr 0 the loss of an epoch is the loss of the data, also when the last batch is smaller. */
static void uneven_batches(void)
{
    static const int sizes[6] = { 1, 3, 8, 20, 64, 1000 };
    for (int i = 0; i < 6; i++) {
        dl_ctx *dl = quiet_context(2);
        const dl_data *d = clouds(dl, 61, 2, 3);
        dl_model *m = net(dl, 2, 8, DL_TANH, 0, 3, DL_SOFTMAX);
        const dl_fit o = quiet_fit(1, sizes[i]);
        dl_metrics all;
        const dl_epoch *e;
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0));
        all = dl_model_evaluate(m, d);
        CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
        e = dl_model_history(m, NULL);
        CHECK_CLOSE(e->loss, all.loss, TEST_TOL, 0);
        CHECK_CLOSE(e->accuracy, all.accuracy, 1e-12, 0);
        dl_free(dl);
    }
}

/* With an optimizer that keeps averages, these are validated, and training goes on without them. */
static void averages(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_optim sgd = dl_sgd(0.25);
    dl_fit o = quiet_fit(2, 1);
    sgd.ema = 0.5;
    dl_model *m = line(dl, DL_MSE, sgd);                 /* w: 0, 1, 1.5; average: 1, 1.25 */
    o.validation = one_target(dl, 2);
    CHECK(dl_model_fit(m, o.validation, &o), "%s", dl_error_text(dl));
    CHECK_CLOSE(dl_model_history(m, NULL)[1].val_loss, 0.75 * 0.75, 1e-6, 0);
    CHECK(dl_model_param(m, 0)->data[0] == (dl_real)1.5 &&
          !dl_optimizer_averaged(dl_model_optimizer(m)), "w is back");
    o.early_stopping = true;
    o.epochs = 1;
    CHECK(dl_model_fit(m, o.validation, &o), "%s", dl_error_text(dl));
    CHECK(dl_model_param(m, 0)->data[0] == (dl_real)1.5, "the best epoch's average, %g",
          (double)dl_model_param(m, 0)->data[0]);
    dl_free(dl);
}

/* ------------------------------------------------------------------- one seed, one result ---- */

typedef struct peek { const dl_data *data; bool clear; double sum; } peek;

/* Everything a callback may do without a trace in the training. */
static bool do_much(dl_model *m, const dl_epoch *e, void *user)
{
    peek *p = (peek *)user;
    dl_ctx *dl = dl_model_param(m, 0)->ctx;
    dl_tensor *x = dl_data_sample(p->data, e->epoch), *noise, *z;
    p->sum += dl_model_evaluate(m, p->data).loss;
    p->sum += dl_item(dl_sum(dl_model_predict(m, x)));
    noise = dl_randn(dl, x->shape);
    z = dl_sum(dl_model_forward(m, dl_add(x, noise))); /* with dropout: still in training */
    p->sum += dl_item(z);
    dl_backward(z);
    dl_model_free(dl_model_clone(dl, m));
    if (p->clear) dl_tape_clear(dl);
    return true;
}

/* Train a net on the clouds; more (callback and threads) may not change the result. */
typedef struct recipe { uint64_t seed; int threads; double dropout; bool callback, clear; } recipe;

static dl_model *cook(dl_ctx **dl, recipe r)
{
    dl_fit o = quiet_fit(3, 48);
    dl_data *d;
    dl_model *m;
    peek p;
    *dl = quiet_context(r.seed);
    dl_set_threads(*dl, r.threads);
    d = clouds(*dl, 300, 16, 5);
    m = net(*dl, 16, 70, DL_RELU, r.dropout, 5, DL_SOFTMAX);
    memset(&p, 0, sizeof p);
    p.data = d;
    p.clear = r.clear;
    o.validation_split = 0.2;
    if (r.callback) {
        o.on_epoch = do_much;
        o.user = &p;
    }
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_rmsprop(0.01));
    CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(*dl));
    CHECK(dl_error(*dl) == DL_OK, "%s", dl_error_text(*dl));
    CHECK(!r.callback || (p.sum > 0 && p.sum < 100), "the callback has looked: %g", p.sum);
    return m;
}

static void same_results(void)
{
    static const struct { const char *name; recipe a, b; bool same; } all[] = {
        { "twice", { 1, 1, 0, false, false }, { 1, 1, 0, false, false }, true },
        { "twice, dropout", { 1, 1, 0.3, false, false }, { 1, 1, 0.3, false, false }, true },
        { "another seed", { 1, 1, 0, false, false }, { 2, 1, 0, false, false }, false },
        { "2 threads", { 1, 1, 0.3, false, false }, { 1, 2, 0.3, false, false }, true },
        { "4 threads", { 1, 1, 0.3, false, false }, { 1, 4, 0.3, false, false }, true },
        { "callback", { 1, 1, 0, false, false }, { 1, 1, 0, true, false }, true },
        { "callback, dropout", { 1, 1, 0.3, false, false }, { 1, 1, 0.3, true, false }, true },
        { "callback that clears", { 1, 1, 0.3, false, false }, { 1, 1, 0.3, true, true }, true } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *one, *two;
        const dl_model *a = cook(&one, all[i].a), *b = cook(&two, all[i].b);
        dl_real *r = (dl_real *)calloc(9, sizeof *r), *s = (dl_real *)calloc(9, sizeof *s);
        CHECK(same_weights(a, b) == all[i].same, "%s: weights", all[i].name);
        memcpy(r, dl_rand(one, dl_shape1(9))->data, 9 * sizeof *r);
        memcpy(s, dl_rand(two, dl_shape1(9))->data, 9 * sizeof *s);
        CHECK((memcmp(r, s, 9 * sizeof *r) == 0) == all[i].same, "%s: random numbers afterwards",
              all[i].name);
        free(r); free(s);
        dl_free(one);
        dl_free(two);
    }
}

/* On floor 2: evaluating between forward and backward changes neither the gradient nor the modes,
   and what is on the tape stays there. */
static void evaluate_in_between(void)
{
    dl_real *first = NULL;
    for (int turn = 0; turn < 2; turn++) {
        dl_ctx *dl = quiet_context(6);
        const dl_data *d = clouds(dl, 20, 2, 3);
        dl_model *m = net(dl, 2, 8, DL_TANH, 0.5, 3, DL_SOFTMAX);
        dl_tensor *x = dl_data_sample(d, 3), *loss, *p, *w = dl_model_param(m, 0), *after;
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
        loss = dl_mean(dl_square(dl_model_forward(m, x)));
        if (turn) {
            CHECK(dl_model_evaluate(m, d).loss > 0, "%s", dl_error_text(dl));
            p = dl_model_predict(m, x);
            CHECK(p && !p->requires_grad && !p->node, "a prediction has no gradient");
            CHECK(dl_set_training(dl, true) && !dl_set_no_grad(dl, false), "modes are as before");
        }
        CHECK(dl_backward(loss), "%s", dl_error_text(dl));
        after = dl_add(dl_rand(dl, dl_shape1(16)), dl_reshape(w, dl_shape1(16)));
        if (!turn) {
            first = (dl_real *)calloc(32, sizeof *first);
            memcpy(first, w->grad, 16 * sizeof *first);
            memcpy(first + 16, after->data, 16 * sizeof *first);
        } else {
            CHECK(memcmp(first, w->grad, 16 * sizeof *first) == 0, "another gradient");
            CHECK(memcmp(first + 16, after->data, 16 * sizeof *first) == 0, "other numbers");
        }
        dl_free(dl);
    }
    free(first);
}

/* fit trains (and drops) also when the caller works in evaluation mode without gradients, and puts
   that back; the caller's tensors on the tape survive. */
static void modes_are_put_back(void)
{
    dl_ctx *dl[2];
    dl_model *m[2];
    for (int off = 0; off < 2; off++) {
        const dl_fit o = quiet_fit(2, 4);
        dl_tensor *mine;
        const dl_data *d;
        dl[off] = quiet_context(6);
        d = clouds(dl[off], 20, 2, 3);
        m[off] = net(dl[off], 2, 8, DL_TANH, 0.5, 3, DL_SOFTMAX);
        mine = dl_full(dl[off], dl_shape1(3), 7);
        dl_model_compile(m[off], DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
        dl_set_training(dl[off], off == 0);
        dl_set_no_grad(dl[off], off == 1);
        CHECK(dl_model_fit(m[off], d, &o), "%s", dl_error_text(dl[off]));
        CHECK(dl_set_training(dl[off], true) == (off == 0) &&
              dl_set_no_grad(dl[off], false) == (off == 1), "modes");
        CHECK(dl_item(dl_sum(mine)) == 21, "a tensor of before: %s", dl_error_text(dl[off]));
    }
    CHECK(same_weights(m[0], m[1]), "trained otherwise in evaluation mode");
    dl_free(dl[0]);
    dl_free(dl[1]);
}

/* ------------------------------------------------------------------------------ validation ---- */

/* validation_split takes the last part, and trains as if the two parts had been given. */
static void validation_split(void)
{
    dl_model *m[2];
    dl_ctx *dl[2];
    for (int i = 0; i < 2; i++) {
        dl_fit o = quiet_fit(2, 8);
        const dl_data *d, *train, *last;
        const dl_epoch *e;
        dl[i] = quiet_context(3);
        d = clouds(dl[i], 40, 2, 3);
        train = dl_data_take(d, 0, 30);
        last = dl_data_take(d, 30, 10);
        m[i] = net(dl[i], 2, 8, DL_RELU, 0, 3, DL_SOFTMAX);
        dl_model_compile(m[i], DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
        if (i == 0) o.validation_split = 0.25;
        else o.validation = last;
        CHECK(dl_model_fit(m[i], i ? train : d, &o), "%s", dl_error_text(dl[i]));
        e = dl_model_history(m[i], NULL);
        CHECK(e[1].val_loss == dl_model_evaluate(m[i], last).loss, "val_loss %g", e[1].val_loss);
    }
    CHECK(same_weights(m[0], m[1]), "split by hand and by fit");
    dl_free(dl[0]);
    dl_free(dl[1]);
}

/* y = w x learns w = 2 from 0 in steps of a tenth of the way: w = .2, .38, .542, ... The validation
   data want w = 1, so val_loss falls until w passes 1 in epoch 7 and grows after it. */
typedef struct saved { dl_real w[64]; int epochs; } saved;

static bool save_weight(dl_model *m, const dl_epoch *e, void *user)
{
    saved *s = (saved *)user;
    s->w[e->epoch - 1] = dl_model_param(m, 0)->data[0];
    s->epochs = e->epoch;
    return true;
}

static void early_stopping(void)
{
    static const struct {
        bool on, restore, validation;
        int patience;
        double min_delta, lr;
        int epochs, best;             /* how long it runs, which epoch's weights it has then */
    } all[] = {
        { true, true, true, 3, 0, 0.05, 10, 7 },    /* best 7, then 3 more                   */
        { true, true, true, 1, 0, 0.05, 8, 7 },
        { true, true, true, 0, 0, 0.05, 8, 7 },     /* Keras: 0 stops at once, as 1 does     */
        { true, false, true, 3, 0, 0.05, 10, 10 },
        { true, true, true, 3, 0.02, 0.05, 9, 6 },  /* 7 improves by .002 only               */
        { true, true, true, 30, 0, 0.05, 20, 7 },   /* never stops, but takes the best back  */
        { true, true, false, 2, 0, 0.05, 20, 20 },  /* the training loss falls all the time  */
        { true, true, false, 2, 0, 0, 3, 1 },       /* lr 0: it never does                   */
        { true, true, true, 2, 0, 0.95, 8, 6 },     /* w jumps: 1, 2, 4, 6 are better, 3, 5, 7, 8
                                                       are not; each better one counts anew  */
        { false, true, true, 3, 0, 0.05, 20, 20 } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = line(dl, DL_MSE, dl_sgd(all[i].lr));
        const dl_data *train = one_target(dl, 2), *other = one_target(dl, 1);
        dl_fit o = quiet_fit(20, 1);
        saved s;
        double w;
        memset(&s, 0, sizeof s);
        o.early_stopping = all[i].on;
        o.restore_best = all[i].restore;
        o.patience = all[i].patience;
        o.min_delta = all[i].min_delta;
        o.validation = all[i].validation ? other : NULL;
        o.on_epoch = save_weight;
        o.user = &s;
        CHECK(dl_model_fit(m, train, &o), "%s", dl_error_text(dl));
        CHECK(s.epochs == all[i].epochs && epochs_done(m) == s.epochs, "case %d: %d epochs, not %d",
              (int)i, s.epochs, all[i].epochs);
        w = (double)dl_model_param(m, 0)->data[0];
        CHECK(w == (double)s.w[all[i].best - 1], "case %d: w %.9g, of epoch %d %.9g", (int)i, w,
              all[i].best, (double)s.w[all[i].best - 1]);
        CHECK_CLOSE(w, 2 * (1 - pow(1 - 2 * all[i].lr, all[i].best)), 1e-5, 0);
        dl_free(dl);
    }
}

static bool stop_at_two(dl_model *m, const dl_epoch *e, void *user)
{
    (void)m;
    ++*(int *)user;
    return e->epoch < 2;
}

static void callback_stops(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = line(dl, DL_MSE, dl_sgd(0.05));
    dl_fit o = quiet_fit(9, 1);
    int calls = 0;
    o.on_epoch = stop_at_two;
    o.user = &calls;
    CHECK(dl_model_fit(m, one_target(dl, 2), &o) && dl_error(dl) == DL_OK, "stopping is no error");
    CHECK(calls == 2 && epochs_done(m) == 2, "%d calls, %d epochs", calls, epochs_done(m));
    CHECK_CLOSE(dl_model_param(m, 0)->data[0], 0.38, TEST_TOL, 0);
    dl_free(dl);
}

static bool fit_again(dl_model *m, const dl_epoch *e, void *user)
{
    const dl_fit o = quiet_fit(1, 1);
    (void)e;
    CHECK(isnan(dl_model_train_batch(m, NULL).loss), "no batch");
    dl_model_free(m);
    CHECK_ERROR(dl_data_ctx((const dl_data *)user), DL_ERR_STATE, "dl_model_free: not while");
    return dl_model_fit(m, (const dl_data *)user, &o);
}

static void fit_within_fit(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = line(dl, DL_MSE, dl_sgd(0.05));
    dl_data *d = one_target(dl, 2);
    dl_fit o = quiet_fit(5, 1);
    o.on_epoch = fit_again;
    o.user = d;
    CHECK(dl_model_fit(m, d, &o) && epochs_done(m) == 1, "the outer one stops where it is told to");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_fit: called from its own on_epoch or on_batch");
    o.on_epoch = NULL;
    CHECK(dl_model_fit(m, d, &o) && epochs_done(m) == 5, "later it fits: %s", dl_error_text(dl));
    dl_free(dl);
}

/* ------------------------------------------------------------------------------- schedules ---- */

static bool lower(dl_model *m, const dl_epoch *e, void *user)
{
    (void)user;
    return dl_optimizer_set_lr(dl_model_optimizer(m), e->lr / 2);
}

/* Every epoch has its learning rate, and afterwards the optimizer has its own back: a second fit
   does not start where the first one ended. What a callback sets without a schedule stays. */
static void schedules(void)
{
    const struct { dl_schedule s; int warmup; bool callback; double lr[4], after; } all[] = {
        { dl_schedule_constant(), 0, false, { 1, 1, 1, 1 }, 1 },
        { dl_schedule_step(2, 0.5), 0, false, { 1, 1, 0.5, 0.5 }, 1 },
        { dl_schedule_exponential(0.5), 0, false, { 1, 0.5, 0.25, 0.125 }, 1 },
        { dl_schedule_cosine(2, 0), 0, false, { 1, 0.5, 0, 0 }, 1 },
        { dl_schedule_constant(), 2, false, { 0.5, 1, 1, 1 }, 1 },
        { dl_schedule_step(1, 0.5), 1, true, { 1, 1, 0.5, 0.25 }, 1 },
        { dl_schedule_plateau(0.5, 1), 0, false, { 1, 1, 0.5, 0.25 }, 1 }, /* see below */
        { dl_schedule_constant(), 0, true, { 1, 0.5, 0.25, 0.125 }, 0.0625 } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = line(dl, DL_MSE, dl_sgd(0.01));
        dl_fit o = quiet_fit(4, 1);
        int turns = all[i].after == 1 ? 2 : 1;
        o.schedule = all[i].s;
        o.schedule.warmup = all[i].warmup;
        if (all[i].callback) o.on_epoch = lower;
        if (all[i].s.observe) o.validation = one_target(dl, -1); /* worsens */
        for (int turn = 0; turn < turns; turn++) {
            CHECK(dl_model_fit(m, one_target(dl, 2), &o), "%s", dl_error_text(dl));
            for (int k = 0; k < 4; k++)
                CHECK_CLOSE(dl_model_history(m, NULL)[k].lr, 0.01 * all[i].lr[k], 1e-12, 1e-15);
            CHECK_CLOSE(dl_optimizer_lr(dl_model_optimizer(m)), 0.01 * all[i].after, 1e-12, 0);
        }
        dl_free(dl);
    }
}

static double minus_one(const dl_schedule *s, int64_t i)
{
    (void)s;
    (void)i;
    return -1;
}

/* The rate is used, not only reported: w = 2 (1 - .9 * .95). And put back after a failure. */
static void schedule_is_used(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = line(dl, DL_MSE, dl_sgd(0.05));
    dl_fit o = quiet_fit(2, 1);
    o.schedule = dl_schedule_exponential(0.5);
    CHECK(dl_model_fit(m, one_target(dl, 2), &o), "%s", dl_error_text(dl));
    CHECK_CLOSE(dl_model_param(m, 0)->data[0], 2 * (1 - 0.9 * 0.95), TEST_TOL, 0);
    o.schedule = dl_schedule_of(minus_one, NULL);
    o.schedule.warmup = 1;
    CHECK(!dl_model_fit(m, one_target(dl, 2), &o), "a negative rate");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "lr of SGD is -0.05");
    CHECK(dl_optimizer_lr(dl_model_optimizer(m)) == 0.05, "back to %g",
          dl_optimizer_lr(dl_model_optimizer(m)));
    CHECK(epochs_done(m) == 1, "%d epochs are in the history", epochs_done(m));
    const dl_schedule bad[] = { dl_schedule_exponential(-1), dl_schedule_exponential(NAN),
                                dl_schedule_step(0, 0.5), dl_schedule_cosine(-1, 0),
                                dl_schedule_plateau(0.5, 0), dl_schedule_of(NULL, NULL) };
    const double w = (double)dl_model_param(m, 0)->data[0];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        o.schedule = bad[i];
        CHECK(!dl_model_fit(m, one_target(dl, 2), &o), "a senseless schedule");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_fit: ");
        CHECK((double)dl_model_param(m, 0)->data[0] == w, "and nothing trained");
    }
    dl_free(dl);
}

/* Updates are counted over all epochs, three in each: the rate halves after the fourth. */
static void schedule_per_update(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = line(dl, DL_MSE, dl_sgd(0.05));
    dl_fit o = quiet_fit(2, 1);
    const dl_real x[3] = { 1, 1, 1 }, y[3] = { 2, 2, 2 };
    dl_data *data = dl_data_from_targets(dl, x, 3, dl_shape1(1), y, dl_shape1(1));
    double left = 1;
    o.schedule = dl_schedule_step(3, 0.5);
    o.schedule.warmup = 1;
    o.schedule.per_update = true;
    CHECK(dl_model_fit(m, data, &o), "%s", dl_error_text(dl));
    for (int i = 0; i < 6; i++) left *= 1 - 2 * (i < 4 ? 0.05 : 0.025);
    CHECK_CLOSE(dl_model_param(m, 0)->data[0], 2 * (1 - left), TEST_TOL, 0);
    CHECK(dl_model_history(m, NULL)[1].lr == 0.025, "%g", dl_model_history(m, NULL)[1].lr);
    CHECK(dl_optimizer_lr(dl_model_optimizer(m)) == 0.05, "put back");
    dl_free(dl);
}

/* ------------------------------------------------------------------------------ predicting ---- */

static void predicting(void)
{
    dl_ctx *dl = quiet_context(4);
    dl_model *m = net(dl, 12, 8, DL_RELU, 0.5, 3, DL_SOFTMAX);
    dl_tensor *x, *image, *one, *p, *y, *q;
    dl_real data[60];
    test_fill(data, 60, 5, -1, 1);
    x = dl_from(dl, dl_shape2(5, 12), data);
    image = dl_from(dl, dl_shape4(5, 1, 3, 4), data);
    one = dl_from(dl, dl_shape2(1, 12), data + 24);
    p = dl_model_predict(m, x);              /* works before dl_model_compile */
    if (!CHECK(p && p->shape.rank == 2 && p->shape.dim[0] == 5 && p->shape.dim[1] == 3, "%s",
               dl_error_text(dl))) return;
    for (int i = 0; i < 5; i++)
        CHECK_CLOSE(p->data[3 * i] + p->data[3 * i + 1] + p->data[3 * i + 2], 1, TEST_TOL, 0);
    y = dl_model_forward(m, x);
    CHECK(y && memcmp(y->data, p->data, 15 * sizeof(dl_real)) != 0, "in training it drops");
    dl_set_training(dl, false);
    y = dl_model_forward(m, x);
    CHECK(y && y->requires_grad && memcmp(y->data, p->data, 15 * sizeof(dl_real)) == 0,
          "in evaluation mode forward is predict, with a gradient");
    q = dl_model_predict(m, image);
    CHECK(q && memcmp(q->data, p->data, 15 * sizeof(dl_real)) == 0, "images into a flat model");
    q = dl_model_predict(m, one);
    CHECK(q && q->size == 3 && q->shape.dim[0] == 1, "one sample: %s", dl_error_text(dl));
    if (q) CHECK_ARRAY(q->data, p->data + 6, 3);
    q = dl_model_predict(m, dl_zeros(dl, dl_shape2(0, 12)));
    CHECK(q && q->size == 0 && q->shape.dim[1] == 3, "no samples: %s", dl_error_text(dl));
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(1));
    q = dl_model_predict(m, x);
    CHECK(q && memcmp(q->data, p->data, 15 * sizeof(dl_real)) == 0, "compiled: probabilities, too");
    dl_free(dl);
}

static void predict_errors(void)
{
    const struct { dl_shape shape; const char *text; } bad[] = {
        { dl_shape1(12), "dl_model_predict: input [12] does not fit the model, whose samples are "
          "[12]; the input's first dimension counts samples" },
        { dl_shape2(2, 13), "dl_model_predict: input [2,13] does not fit the model, whose samples "
          "are [12]" },
        { dl_shape0(), "dl_model_predict: input [] does not fit the model, whose samples are "
          "[12]" },
        { dl_shape3(2, 12, 0), "dl_model_predict: input [2,12,0] does not fit" } };
    const dl_shape huge = dl_shape2((dl_int)1 << (8 * sizeof(dl_int) - 9), 0); /* of no elements */
    dl_ctx *dl = quiet_context(4), *other = quiet_context(4);
    dl_model *m = net(dl, 12, 8, DL_RELU, 0.5, 3, DL_SOFTMAX), *wide;
    dl_tensor *old;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!dl_model_predict(m, dl_zeros(dl, bad[i].shape)), "%s", bad[i].text);
        CHECK_ERROR(dl, DL_ERR_SHAPE, bad[i].text);
    }
    wide = net(dl, 4096, 1, DL_RELU, 0, 1, DL_LINEAR);
    CHECK(!dl_model_predict(wide, dl_zeros(dl, huge)), "more than memory can hold");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_predict: input [");
    CHECK(!dl_model_forward(m, dl_zeros(dl, dl_shape2(2, 13))), "forward");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_forward: input [2,13] does not fit");
    CHECK(!dl_model_predict(m, dl_zeros(other, dl_shape2(1, 12))), "of another context");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_predict: the input belongs to another context");
    old = dl_zeros(dl, dl_shape2(1, 12));
    dl_tape_clear(dl);
    CHECK(!dl_model_predict(m, old), "from before dl_tape_clear");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_model_predict: the tensor is from before");
    CHECK(!dl_model_predict(m, NULL) && !dl_model_predict(NULL, NULL) &&
          !dl_model_forward(m, NULL) && !dl_model_forward(NULL, NULL), "NULL");
    CHECK(dl_error(dl) == DL_OK && dl_error(other) == DL_OK, "NULL fails without a word");
    dl_free(dl);
    dl_free(other);
}

/* A model as a part of a formula: gradients reach its input and its weights. */
static void part_of_a_formula(void)
{
    dl_ctx *dl = quiet_context(4);
    dl_model *m = net(dl, 2, 4, DL_TANH, 0, 1, DL_SIGMOID);
    dl_tensor *const *p = dl_model_params(m), *x = dl_param(dl, dl_shape2(3, 2),
                                                           dl_init_normal(0, 1));
    dl_real want_x[6], want_w[8];
    dl_tensor *h, *y;
    h = dl_tanh(dl_linear(x, p[0], p[1]));
    y = dl_sigmoid(dl_linear(h, p[2], p[3]));
    CHECK(dl_backward(dl_sum(dl_mul(dl_square(y), dl_slice(x, 1, 0, 1)))), "%s", dl_error_text(dl));
    memcpy(want_x, x->grad, sizeof want_x);
    memcpy(want_w, p[0]->grad, sizeof want_w);
    memset(x->grad, 0, sizeof want_x);
    memset(p[0]->grad, 0, sizeof want_w);
    dl_tape_clear(dl);
    y = dl_model_forward(m, x);
    CHECK(dl_backward(dl_sum(dl_mul(dl_square(y), dl_slice(x, 1, 0, 1)))), "%s", dl_error_text(dl));
    CHECK_ARRAY(x->grad, want_x, 6);
    CHECK_ARRAY(p[0]->grad, want_w, 8);
    CHECK(want_x[0] != 0 && want_w[0] != 0, "not vacuous");
    dl_free(dl);
}

/* ----------------------------------------------------------------------- losses, penalties ---- */

/* One SGD step of the model against the same step written out on floor 2, softmax and logarithm
   one after the other; with penalties on the first layer. */
static void step_against_formula(void)
{
    for (int penalties = 0; penalties < 2; penalties++) {
        dl_ctx *dl = quiet_context(5);
        const dl_data *d = clouds(dl, 24, 2, 3);
        dl_model *m = dl_model_new(dl, dl_shape1(2)), *copy;
        dl_dense first = dl_dense_default(6, DL_TANH);
        dl_fit o = quiet_fit(1, 24);
        dl_tensor *const *p, *x, *loss;
        dl_optimizer *sgd;
        double value;
        first.l1 = penalties * 0.01;
        first.l2 = penalties * 0.02;
        dl_model_add_dense_with(m, &first);
        dl_model_add_dense(m, 3, DL_SOFTMAX);
        copy = dl_model_clone(dl, m);
        p = dl_model_params(copy);
        sgd = dl_optimizer_new(dl, dl_sgd(0.5), p, 4);

        x = dl_from(dl, dl_shape2(24, 2), cloud_x);
        x = dl_softmax(dl_linear(dl_tanh(dl_linear(x, p[0], p[1])), p[2], p[3]));
        x = dl_mul(dl_log(x), dl_one_hot(dl, cloud_label, 24, 3));
        loss = dl_mul_scalar(dl_sum(x), -1.0 / 24);
        if (penalties) {
            loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_abs(p[0])), 0.01));
            loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_square(p[0])), 0.02));
        }
        value = dl_item(loss);
        CHECK(dl_backward(loss) && dl_optimizer_step(sgd), "%s", dl_error_text(dl));

        CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.5)), "%s",
              dl_error_text(dl));
        CHECK_CLOSE(dl_model_evaluate(m, d).loss, value, TEST_TOL, 0);
        CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
        CHECK_CLOSE(dl_model_history(m, NULL)->loss, value, TEST_TOL, 0);
        for (int i = 0; i < 4; i++)
            CHECK_ARRAY_TOL(dl_model_param(m, i)->data, p[i]->data, p[i]->size, 10 * TEST_TOL);
        dl_free(dl);
    }
}

/* The loss of y = w x at w = 1, x = 1 and target -1, and where one step takes w. */
static void regression_losses(void)
{
    const struct { const dl_loss *loss; double value, slope; } all[3] = {
        { DL_MSE, 4, 4 }, { DL_MAE, 2, 1 }, { DL_HUBER, 1.5, 1 } };
    for (int i = 0; i < 3; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = line(dl, all[i].loss, dl_sgd(0.125));
        const dl_data *d = one_target(dl, -1);
        const dl_fit o = quiet_fit(1, 1);
        dl_fill(dl_model_param(m, 0), 1);
        CHECK_CLOSE(dl_model_evaluate(m, d).loss, all[i].value, TEST_TOL, 0);
        dl_model_fit(m, d, &o);
        CHECK_CLOSE(dl_model_param(m, 0)->data[0], 1 - 0.125 * all[i].slope, TEST_TOL, 0);
        dl_free(dl);
    }
}

/* Binary cross-entropy of w x with targets and with labels, at w = 1: log(1 + e^-1) for yes. */
static void binary_losses(void)
{
    static const dl_real x[4] = { 1, 1, -1, 1 }, y[4] = { 1, 0, 0, 1 };
    static const int32_t label[4] = { 1, 0, 0, 1 };
    const double yes = log(1 + exp(-1.0)), no = log(1 + exp(1.0));
    for (int i = 0; i < 2; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = line(dl, DL_BINARY_CROSSENTROPY, dl_sgd(1));
        const dl_data *d = i ? dl_data_from_targets(dl, x, 4, dl_shape1(1), y, dl_shape1(1))
                             : dl_data_from_arrays(dl, x, 4, dl_shape1(1), label, 2);
        dl_metrics r;
        dl_fill(dl_model_param(m, 0), 1);
        r = dl_model_evaluate(m, d);
        CHECK_CLOSE(r.loss, (3 * yes + no) / 4, TEST_TOL, 0);
        CHECK_CLOSE(r.accuracy, 0.75, 1e-12, 0);
        dl_free(dl);
    }
}

/* ---------------------------------------------------------------------------------- errors ---- */

static const dl_real zeros[64] = { 0 };
static const int32_t labels_0_to_3[4] = { 0, 1, 2, 3 };

static dl_data *four_classes(dl_ctx *dl)
{
    return dl_data_from_arrays(dl, zeros, 4, dl_shape1(2), labels_0_to_3, 4);
}
static dl_data *three_numbers(dl_ctx *dl)
{
    return dl_data_from_arrays(dl, zeros, 4, dl_shape2(3, 1), labels_0_to_3, 4);
}
static dl_data *only_targets(dl_ctx *dl)
{
    return dl_data_from_targets(dl, zeros, 4, dl_shape1(2), zeros, dl_shape2(1, 2));
}
static dl_data *only_samples(dl_ctx *dl)
{
    return dl_data_from_arrays(dl, zeros, 4, dl_shape1(2), NULL, 0);
}
static dl_data *no_samples(dl_ctx *dl)
{
    return dl_data_from_arrays(dl, zeros, 0, dl_shape1(2), labels_0_to_3, 4);
}
static dl_data *of_another(dl_ctx *dl)
{
    static dl_ctx *other;            /* freed at the next call: the data set is used before */
    dl_free(other);
    other = dl ? quiet_context(1) : NULL;
    return other ? four_classes(other) : NULL;
}

/* Data that do not fit the model: for training, for validation and for evaluation. */
/* As many numbers in other axes are refused wherever samples and targets come in; rows, and axes of
   1 more or less, are taken. */
static void other_axes(void)
{
    static const dl_real x[48] = { 0 };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape3(2, 3, 4)), *rows = dl_model_new(dl, dl_shape3(5, 2, 3));
    dl_model_add_conv2d(m, 3, 1, DL_LINEAR);
    dl_model_compile(m, DL_MSE, dl_sgd(0.1));
    dl_model_add_activation(rows, DL_TANH);
    const dl_shape out = dl_shape3(3, 3, 4), turned = dl_shape3(3, 4, 2);
    const dl_data *good = dl_data_from_targets(dl, x, 1, dl_shape1(24), x, dl_shape1(36));
    const dl_data *hwc = dl_data_from_targets(dl, x, 1, turned, x, out);
    const dl_data *target = dl_data_from_targets(dl, x, 1, dl_shape3(2, 3, 4), x,
                                                 dl_shape3(3, 4, 3));
    dl_fit o = quiet_fit(1, 1);
    CHECK(dl_model_fit(m, good, &o) && dl_model_predict_data(m, good) &&
          dl_model_predict(m, dl_zeros(dl, dl_shape5(2, 2, 1, 3, 4))), "%s", dl_error_text(dl));
    CHECK(!dl_model_fit(m, hwc, &o), "fit");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_fit: the samples' axes [3,4,2] are not the model's "
                "[2,3,4], though they hold as many numbers");
    CHECK(!dl_model_fit(m, target, &o), "fit");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the targets' axes [3,4,3] are not the model's [3,3,4]");
    o.validation = hwc;
    CHECK(!dl_model_fit(m, good, &o), "validation");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "validation: the samples' axes [3,4,2]");
    CHECK(isnan(dl_model_evaluate(m, hwc).loss), "evaluate");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_evaluate: the samples' axes");
    CHECK(!dl_model_predict_data(m, hwc), "predict_data");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the samples' axes");
    dl_tensor *in = dl_zeros(dl, dl_shape4(1, 3, 4, 2));
    CHECK(!dl_model_predict(m, in) && dl_error(dl) == DL_ERR_SHAPE, "predict");
    dl_clear_error(dl);
    CHECK(!dl_model_forward(m, in) && dl_error(dl) == DL_ERR_SHAPE, "forward");
    dl_clear_error(dl);
    CHECK(!dl_model_logits(m, in) && dl_error(dl) == DL_ERR_SHAPE, "logits");
    dl_clear_error(dl);
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.size = 1;
    b.x = in;
    b.y = dl_zeros(dl, dl_shape4(1, 3, 3, 4));
    CHECK(isnan(dl_model_train_batch(m, &b).loss) && dl_error(dl) == DL_ERR_SHAPE, "train_batch");
    dl_clear_error(dl);
    b.x = dl_zeros(dl, dl_shape2(1, 24));
    b.y = dl_zeros(dl, dl_shape4(1, 3, 4, 3));
    CHECK(isnan(dl_model_evaluate_batch(m, &b).loss), "evaluate_batch");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the targets' axes");
    CHECK(!dl_model_step(rows, dl_zeros(dl, dl_shape3(1, 3, 2))), "step");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the steps' axes [3,2] are not the model's [2,3]");
    CHECK(dl_model_step(rows, dl_zeros(dl, dl_shape2(1, 6))) != NULL, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void mismatches(void)
{
    const struct {
        dl_data *(*data)(dl_ctx *);
        int out;
        dl_activation last;
        const dl_loss *loss;
        dl_code code;
        const char *text;   /* behind the function's name */
    } bad[] = {
        { four_classes, 3, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, DL_ERR_SHAPE,
          ": the data set has 4 classes, but the last layer only 3 outputs" },
        { four_classes, 3, DL_SOFTMAX, DL_CATEGORICAL_CROSSENTROPY, DL_ERR_SHAPE,
          ": the data set has 4 classes, but the last layer only 3 outputs" },
        { three_numbers, 4, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, DL_ERR_SHAPE,
          ": samples of [3,1] do not fit the model's input [2]" },
        { only_targets, 2, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, DL_ERR_ARGUMENT,
          ": sparse_categorical_crossentropy needs class labels, which the data set does not "
          "have; dl_data_from_arrays gives them" },
        { only_samples, 2, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, DL_ERR_ARGUMENT,
          ": sparse_categorical_crossentropy needs class labels" },
        { four_classes, 4, DL_LINEAR, DL_MSE, DL_ERR_ARGUMENT,
          ": mean_squared_error needs targets, which the data set does not have; "
          "dl_data_from_targets gives them" },
        { only_targets, 3, DL_LINEAR, DL_HUBER, DL_ERR_SHAPE,
          ": 8 targets for 4 samples with 3 outputs" },
        { only_samples, 1, DL_SIGMOID, DL_BINARY_CROSSENTROPY, DL_ERR_ARGUMENT,
          ": binary_crossentropy needs targets" },
        { four_classes, 1, DL_SIGMOID, DL_BINARY_CROSSENTROPY, DL_ERR_SHAPE,
          ": binary_crossentropy with labels is for 2 classes and 1 output, not for 4 and 1" },
        { no_samples, 4, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, DL_ERR_ARGUMENT,
          ": the data set is empty" },
        { of_another, 4, DL_SOFTMAX, DL_SPARSE_CATEGORICAL_CROSSENTROPY, DL_ERR_ARGUMENT,
          ": the data set belongs to another context" } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = net(dl, 2, 4, DL_RELU, 0, bad[i].out, bad[i].last), *before;
        const dl_data *d = bad[i].data(dl);
        dl_fit o = quiet_fit(1, 2);
        char text[200];
        before = dl_model_clone(dl, m);
        if (!CHECK(d && dl_model_compile(m, bad[i].loss, dl_sgd(0.1)), "%s", dl_error_text(dl)))
            continue;
        snprintf(text, sizeof text, "dl_model_fit%s", bad[i].text);
        CHECK(!dl_model_fit(m, d, &o), "fit: %s", bad[i].text);
        CHECK_ERROR(dl, bad[i].code, text);
        snprintf(text, sizeof text, "dl_model_evaluate%s", bad[i].text);
        CHECK(isnan(dl_model_evaluate(m, d).loss) && isnan(dl_model_evaluate(m, d).accuracy),
              "evaluate: %s", bad[i].text);
        CHECK_ERROR(dl, bad[i].code, text);
        if (bad[i].loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY) {
            static const int32_t label[1] = { 1 };
            snprintf(text, sizeof text, "dl_model_fit: validation%s", bad[i].text);
            o.validation = d;
            d = dl_data_from_arrays(dl, zeros, 1, dl_shape1(2), label, 2);
            CHECK(!dl_model_fit(m, d, &o), "validation: %s", bad[i].text);
            CHECK_ERROR(dl, bad[i].code, text);
        }
        CHECK(same_weights(m, before), "nothing was trained");
        dl_free(dl);
    }
    of_another(NULL);
}

/* A dense layer on images without a flatten gives one row of classes for each row of the image:
   there are not that many labels. */
static void forgotten_flatten(void)
{
    const dl_loss *const loss[3] = { DL_SPARSE_CATEGORICAL_CROSSENTROPY,
                                     DL_CATEGORICAL_CROSSENTROPY, DL_BINARY_CROSSENTROPY };
    for (int i = 0; i < 3; i++) {
        static const int32_t label[2] = { 0, 1 };
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, dl_shape2(3, 4));
        const dl_data *d = dl_data_from_arrays(dl, zeros, 2, dl_shape2(3, 4), label, 2);
        const dl_fit o = quiet_fit(1, 2);
        dl_model_add_dense(m, i == 2 ? 1 : 2, DL_LINEAR);
        dl_model_compile(m, loss[i], dl_sgd(0.1));
        CHECK(!dl_model_fit(m, d, &o), "fitted");
        CHECK_ERROR(dl, DL_ERR_SHAPE, i == 2 ? "dl_model_fit: there is one label for each sample, "
                    "but the model's output is [3,1]; dl_model_add_flatten before the last layer "
                    "makes it one row" : "but the model's output is [3,2]; dl_model_add_flatten");
        CHECK(isnan(dl_model_evaluate(m, d).loss), "evaluated");
        CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_evaluate: there is one label for each sample");
        dl_free(dl);
    }
}

static void bad_options(void)
{
    enum { N = 14 };
    dl_fit bad[N];
    static const char *const text[N] = {
        "dl_model_fit: 1 epochs with batch size 0, accumulating 1; the epochs must be 0 or more",
        "dl_model_fit: 1 epochs with batch size -5", "dl_model_fit: -1 epochs",
        "dl_model_fit: validation_split 1 is not in [0, 1)",
        "dl_model_fit: validation_split -0.5 is not in [0, 1)",
        "dl_model_fit: validation_split 0.01 leaves 4 samples for training and 0 for validation",
        "dl_model_fit: validation_split 0.99 leaves 0 samples for training and 4 for validation",
        "dl_model_fit: patience -1 and min_delta 0 must be 0 or more",
        "dl_model_fit: patience 3 and min_delta -1 must be 0 or more",
        "dl_model_fit: validation and validation_split 0.25: give one of them",
        "dl_model_fit: verbose 3 is not 0, 1 or 2",
        "dl_model_fit: patience, min_delta and restore_best are not used without early_stopping",
        "dl_model_fit: patience, min_delta", "dl_model_fit: patience, min_delta" };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 2, 3, DL_RELU, 0, 2, DL_SOFTMAX), *before = dl_model_clone(dl, m);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    for (int i = 0; i < N; i++) bad[i] = quiet_fit(1, 2);
    bad[0].batch_size = 0;
    bad[1].batch_size = -5;
    bad[2].epochs = -1;
    bad[3].validation_split = 1;
    bad[4].validation_split = -0.5;
    bad[5].validation_split = 0.01;
    bad[6].validation_split = 0.99;
    bad[7].early_stopping = bad[8].early_stopping = true;
    bad[7].patience = -1;
    bad[8].min_delta = -1;
    bad[9].validation = xor_data(dl);
    bad[9].validation_split = 0.25;
    bad[10].verbose = 3;
    bad[11].patience = 5;
    bad[12].min_delta = 0.1;
    bad[13].restore_best = false;
    for (int i = 0; i < N; i++) {
        CHECK(!dl_model_fit(m, xor_data(dl), &bad[i]), "%s", text[i]);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, text[i]);
    }
    CHECK(same_weights(m, before), "nothing was trained");
    dl_free(dl);
}

static void not_ready(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 2, 3, DL_RELU, 0, 2, DL_SOFTMAX);
    CHECK(!dl_model_fit(m, xor_data(dl), NULL), "not compiled");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_fit: call dl_model_compile first");
    CHECK(isnan(dl_model_evaluate(m, xor_data(dl)).loss), "not compiled");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_evaluate: call dl_model_compile first");
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    CHECK(!dl_model_fit(m, NULL, NULL) && !dl_model_fit(NULL, xor_data(dl), NULL), "NULL");
    CHECK(isnan(dl_model_evaluate(m, NULL).loss) && isnan(dl_model_evaluate(NULL, NULL).accuracy),
          "NULL");
    CHECK(dl_error(dl) == DL_OK, "NULL fails without a word: %s", dl_error_text(dl));
    dl_model_free(NULL);
    dl_model_summary(NULL);
    dl_free(dl);
}

/* ------------------------------------------------------------------------- NaN, divergence ---- */

static void bad_numbers(void)
{
    static const struct { double x, y; const char *text; } all[] = {
        { NAN, 0, "dl_model_fit: epoch 1, batch 2: the loss is NaN; NaN or infinity first in the "
          "training data. Try this: clean the data set" },
        { INFINITY, 0, "NaN or infinity first in the training data. Try this: clean" },
        { 0, NAN, "batch 2: the loss is NaN; NaN or infinity first in the targets of the training "
          "data. Try this: clean the data set" },
        { 0, INFINITY, "the loss is infinite; NaN or infinity first in the targets of the" } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = net(dl, 1, 3, DL_LINEAR, 0, 1, DL_LINEAR);
        dl_real x[6] = { 1, 2, 3, 4, 5, 6 }, y[6] = { 1, 2, 3, 4, 5, 6 };
        dl_fit o = quiet_fit(3, 2);
        x[3] += (dl_real)all[i].x;
        y[3] += (dl_real)all[i].y;
        o.shuffle = false;
        dl_model_compile(m, DL_MSE, dl_sgd(0.001));
        CHECK(!dl_model_fit(m, dl_data_from_targets(dl, x, 6, dl_shape1(1), y, dl_shape1(1)), &o),
              "fitted: %s", all[i].text);
        CHECK_ERROR(dl, DL_ERR_NUMERIC, all[i].text);
        CHECK(epochs_done(m) == 0, "no epoch was finished");
        for (int k = 0; k < 4; k++) {
            const dl_tensor *w = dl_model_params(m)[k];
            for (dl_int n = 0; n < w->size; n++)
                CHECK(isfinite((double)w->data[n]), "the weights are still numbers");
        }
        dl_free(dl);
    }
}

/* A loss on validation data that is NaN is a result, also when an older error is still there. */
static void validation_of_nan(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 1, 3, DL_LINEAR, 0, 1, DL_LINEAR);
    const dl_real x[2] = { 1, 2 }, bad[2] = { 1, (dl_real)NAN };
    dl_fit o = quiet_fit(2, 2);
    o.validation = dl_data_from_targets(dl, bad, 2, dl_shape1(1), x, dl_shape1(1));
    dl_model_compile(m, DL_MSE, dl_sgd(0.001));
    dl_fail(dl, DL_ERR_STATE, "an older error");
    CHECK(dl_model_fit(m, dl_data_from_targets(dl, x, 2, dl_shape1(1), x, dl_shape1(1)), &o),
          "fitted");
    CHECK(epochs_done(m) == 2, "%d epochs", epochs_done(m));
    CHECK_ERROR(dl, DL_ERR_STATE, "an older error");
    dl_free(dl);
}

/* A learning rate far too large: the layer where it shows is named. */
static void divergence(void)
{
    dl_ctx *dl = quiet_context(1);
    const dl_data *d = sine(dl, 32);
    dl_model *m = net(dl, 1, 8, DL_LINEAR, 0, 1, DL_LINEAR), *first;
    dl_fit o = quiet_fit(100, 8);
    dl_model_compile(m, DL_MSE, dl_sgd(1e6));
    CHECK(!dl_model_fit(m, d, &o), "fitted");
    CHECK(dl_error(dl) == DL_ERR_NUMERIC && strstr(dl_error_text(dl), "dl_model_fit: epoch ") &&
          (strstr(dl_error_text(dl), "layer dense_") || strstr(dl_error_text(dl), "loss itself") ||
           strstr(dl_error_text(dl), "made dense_")) &&
          strstr(dl_error_text(dl), "lower the learning rate, or set the optimizer's clip_norm"),
          "%s", dl_error_text(dl));
    dl_clear_error(dl);

    /* Weights that overflow in a forward pass: the first layer whose output does is named. */
    m = net(dl, 1, 8, DL_LINEAR, 0, 1, DL_LINEAR);
    first = net(dl, 1, 8, DL_LINEAR, 0, 1, DL_LINEAR);
    dl_fill(dl_model_find(m, "dense_1.weight"), sizeof(dl_real) == 4 ? 1e30 : 1e300);
    dl_fill(dl_model_find(m, "dense_2.weight"), sizeof(dl_real) == 4 ? 1e30 : 1e300);
    dl_model_compile(m, DL_MSE, dl_sgd(0.1));
    CHECK(!dl_model_fit(m, d, &o), "fitted");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "first in the output of layer dense_2. Try this: lower");
    dl_fill(dl_model_find(first, "dense_1.bias"), NAN);
    dl_model_compile(first, DL_MSE, dl_sgd(0.1));
    CHECK(!dl_model_fit(first, d, &o), "fitted");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "epoch 1, batch 1: the loss is NaN; NaN or infinity first in "
                "the weights of layer dense_1. Try this: lower");
    dl_free(dl);
}

/* After the last update no loss would tell. */
static void last_update(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = line(dl, DL_MSE, dl_sgd(sizeof(dl_real) == sizeof(double) ? 1e308 : 3e38));
    const dl_fit o = quiet_fit(1, 1);
    CHECK(!dl_model_fit(m, one_target(dl, 1e3), &o), "fitted");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_model_fit: epoch 1: the last update made dense_1.weight "
                "NaN or infinite. Try this: lower the learning rate");
    dl_free(dl);
}

/* ------------------------------------------------------------------------ clones, freezing ---- */

static void clones(void)
{
    dl_ctx *dl = quiet_context(1), *other = quiet_context(2);
    dl_data *d = clouds(dl, 40, 2, 3), *d2 = clouds(other, 40, 2, 3);
    dl_model *m = net(dl, 2, 8, DL_RELU, 0.5, 3, DL_SOFTMAX), *copy, *empty;
    const dl_fit o = quiet_fit(5, 8);
    dl_tensor *frozen;
    dl_real before[120];
    dl_metrics a, b;
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
    dl_model_fit(m, d, &o);
    frozen = dl_model_find(m, "dense_1.weight");
    dl_freeze(&frozen, 1);
    copy = dl_model_clone(other, m);
    if (!CHECK(copy && same_weights(m, copy), "%s", dl_error_text(other))) return;
    CHECK(dl_model_layer_count(copy) == 3 &&
          dl_model_param_count(copy) == dl_model_param_count(m) &&
          strcmp(dl_model_layer(copy, 1)->name, "dropout_1") == 0, "layers");
    for (int i = 0; i < 4; i++) {
        const dl_tensor *x = dl_model_param(m, i), *y = dl_model_param(copy, i);
        CHECK(y != x && y->data != x->data && y->grad && y->grad != x->grad && y->ctx == other &&
              strcmp(x->name, y->name) == 0 && y->requires_grad == x->requires_grad, "%s", x->name);
    }
    memcpy(before, dl_model_predict(m, dl_from(dl, dl_shape2(40, 2), cloud_x))->data,
           sizeof before);
    CHECK(memcmp(before, dl_model_predict(copy, dl_from(other, dl_shape2(40, 2), cloud_x))->data,
                 sizeof before) == 0, "the same predictions");
    CHECK(isnan(dl_model_evaluate(copy, d2).loss), "a clone is not compiled");
    CHECK_ERROR(other, DL_ERR_STATE, "dl_model_evaluate: call dl_model_compile first");
    dl_model_compile(copy, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
    a = dl_model_evaluate(copy, d2);
    dl_model_fit(copy, d2, &o);
    b = dl_model_evaluate(copy, d2);
    CHECK(b.loss < a.loss && !same_weights(m, copy), "the clone learns: %g, %g", a.loss, b.loss);
    CHECK(memcmp(dl_model_param(m, 0)->data, dl_model_param(copy, 0)->data, 16 * sizeof(dl_real))
          == 0, "its frozen layer does not");
    CHECK(memcmp(before, dl_model_predict(m, dl_from(dl, dl_shape2(40, 2), cloud_x))->data,
                 sizeof before) == 0, "the original is as it was");
    dl_free(dl);
    b = dl_model_evaluate(copy, d2);
    CHECK(b.loss > 0 && dl_error(other) == DL_OK, "it outlives the original");
    empty = dl_model_clone(other, dl_model_new(other, dl_shape1(3)));
    CHECK(empty && dl_model_add_dense(empty, 2, DL_RELU), "a clone can grow");
    CHECK(!dl_model_clone(other, NULL) && !dl_model_clone(NULL, copy), "NULL");
    dl_free(other);
}

static void frozen_layer(void)
{
    dl_ctx *dl = quiet_context(3);
    const dl_data *d = clouds(dl, 40, 2, 3);
    dl_model *m = net(dl, 2, 8, DL_RELU, 0, 3, DL_SOFTMAX), *before = dl_model_clone(dl, m);
    const dl_fit o = quiet_fit(2, 8);
    dl_freeze(dl_model_params(m), 2);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
    CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
    for (int i = 0; i < 4; i++) {
        const dl_tensor *t = dl_model_param(m, i);
        const bool same = memcmp(t->data, dl_model_param(before, i)->data,
                                 (size_t)t->size * sizeof(dl_real)) == 0;
        CHECK(same == (i < 2), "%s has %schanged", t->name, same ? "not " : "");
    }
    dl_free(dl);
}

/* ---------------------------------------------------------------------------------- memory ---- */

typedef struct watch { const dl_data *data; long at[8]; } watch;

static bool count_allocations(dl_model *m, const dl_epoch *e, void *user)
{
    watch *w = (watch *)user;
    const dl_tensor *p = dl_model_predict(m, dl_data_sample(w->data, 0));
    w->at[e->epoch] = count_calls;
    return p != NULL;
}

/* From the second epoch on training, validation and a callback that predicts allocate nothing. */
static void no_allocations(void)
{
    static const struct { bool shuffle, targets, stopping, plateau; int batch; } all[] = {
        { true, false, false, false, 16 }, { false, false, false, false, 7 },
        { true, true, false, false, 16 }, { true, false, true, true, 64 } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_data *d = all[i].targets ? clouds_with_targets(dl, 100, 2, 3) : clouds(dl, 100, 2, 3);
        dl_model *m = net(dl, 2, 30, DL_RELU, 0.2, 3, DL_SOFTMAX);
        dl_fit o = quiet_fit(5, all[i].batch);
        watch w;
        memset(&w, 0, sizeof w);
        w.data = d;
        o.shuffle = all[i].shuffle;
        o.validation_split = 0.2;
        o.early_stopping = all[i].stopping;
        if (all[i].stopping) o.patience = 100;
        if (all[i].plateau) o.schedule = dl_schedule_plateau(0.5, 1);
        o.on_epoch = count_allocations;
        o.user = &w;
        dl_model_compile(m, DL_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
        CHECK(dl_model_fit(m, d, &o), "%s", dl_error_text(dl));
        CHECK(w.at[1] > 0 && w.at[5] == w.at[1], "case %d: %ld allocations in epochs 2 to 5",
              (int)i, w.at[5] - w.at[1]);
        CHECK(count_calls == w.at[5], "%ld afterwards", count_calls - w.at[5]);
        dl_free(dl);
    }
}

static bool predict_some(dl_model *m, const dl_epoch *e, void *user)
{
    (void)e;
    dl_model_predict(m, dl_data_sample((const dl_data *)user, 0));
    return true;
}

/* A whole small program, which goes on after failures as a careless one would. Returns how often
   fit succeeded. */
static int whole_program(dl_ctx *dl, dl_ctx *into)
{
    dl_data *d = clouds(dl, 12, 2, 3), *a = NULL, *b = NULL;
    dl_model *m = net(dl, 2, 4, DL_RELU, 0.25, 3, DL_SOFTMAX), *copy;
    dl_fit o = quiet_fit(2, 4);
    dl_real before = 0;
    bool split, fitted = false;
    o.early_stopping = true;
    o.schedule = dl_schedule_step(1, 0.5);
    o.on_epoch = predict_some;
    split = dl_data_split(d, 0.25, &a, &b);
    o.user = b;
    o.validation = b;
    if (dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01)))
        CHECK(dl_model_layer_count(m) == 3, "allocation %ld: compiled without a layer", count_fail_at);
    if (dl_model_tensor_count(m) > 0) before = dl_model_param(m, 0)->data[0];
    if (split) fitted = dl_model_fit(m, a, &o);
    if (before != 0)
        CHECK(fabs((double)dl_model_param(m, 0)->data[0] - (double)before) < 0.2,
              "allocation %ld: weight %g became %g", count_fail_at, (double)before,
              (double)dl_model_param(m, 0)->data[0]);
    dl_model_evaluate(m, d);
    dl_model_predict(m, d ? dl_data_sample(d, 0) : NULL);
    copy = dl_model_clone(into, m);
    dl_model_predict(copy, dl_zeros(into, dl_shape2(1, 2)));
    dl_model_free(copy);
    dl_data_free(b);
    return fitted;
}

/* Every allocation of that program fails once: no crash, no leak, out of memory is reported. */
static void every_allocation_fails(void)
{
    long n, before = count_live;
    bool done = false;
    for (n = 1; !done && n < 1000; n++) {
        dl_ctx *dl, *into;
        int fitted;
        count_calls = 0;
        count_fail_at = n;
        dl = quiet_context(1);
        into = quiet_context(2);
        fitted = whole_program(dl, into);
        count_fail_at = 0;
        done = count_calls < n;       /* it ran to the end without getting there */
        if (done)
            CHECK(fitted && dl && into && !dl_error(dl) && !dl_error(into), "without failure: %s",
                  dl_error_text(dl));
        else
            CHECK(!dl || !into || dl_error(dl) == DL_ERR_MEMORY || dl_error(into) == DL_ERR_MEMORY,
                  "allocation %ld failed: %s %s", n, dl_error_text(dl), dl_error_text(into));
        dl_free(dl);
        dl_free(into);
        CHECK(count_live == before, "allocation %ld failed: %ld are left", n, count_live - before);
    }
    CHECK(done && n > 30, "%ld allocations were tried", n);
}

/* Compiling, fitting and evaluating again, and a model that is freed, leave nothing behind. */
static void nothing_piles_up(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_data *d = clouds(dl, 40, 2, 3);
    long after_model = 0, after_fit;
    for (int i = 0; i < 3; i++) {
        dl_model *m = net(dl, 2, 4, DL_RELU, 0.5, 3, DL_SOFTMAX);
        dl_fit o = quiet_fit(2, 8);
        o.validation_split = 0.25;
        o.early_stopping = true;
        after_fit = 0;
        for (int k = 0; k < 3; k++) {
            dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
            CHECK(dl_model_fit(m, d, &o) && dl_model_evaluate(m, d).loss > 0, "%s",
                  dl_error_text(dl));
            if (k > 0) CHECK(count_live == after_fit, "fit leaves %ld", count_live - after_fit);
            after_fit = count_live;
        }
        dl_model_free(dl_model_clone(dl, m));
        CHECK(count_live == after_fit, "a clone leaves %ld", count_live - after_fit);
        dl_model_free(m);
        if (i > 0) CHECK(count_live == after_model, "a model leaves %ld", count_live - after_model);
        after_model = count_live;
    }
    dl_free(dl);
}

/* Whatever is freed first, and what is left to dl_free. */
static void freeing(void)
{
    static const char *const orders[] = { "", "mdo", "mod", "dmo", "dom", "omd", "odm", "m", "d",
                                          "o", "vmd", "dvm", "c", "cm", "mc" };
    const long before = count_live;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_data *d = clouds(dl, 12, 2, 3), *view = dl_data_take(d, 2, 5);
        dl_model *m = net(dl, 2, 4, DL_RELU, 0, 3, DL_SOFTMAX), *copy = dl_model_clone(dl, m);
        dl_optimizer *own = dl_optimizer_new(dl, dl_adam(0.1), dl_model_params(m),
                                             dl_model_tensor_count(m));
        const dl_fit o = quiet_fit(1, 4);
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
        dl_model_fit(m, d, &o);
        for (const char *c = orders[i]; *c; c++)
            switch (*c) {
            case 'm': dl_model_free(m); break;
            case 'd': dl_data_free(d); break;
            case 'o': dl_optimizer_free(own); break;
            case 'v': dl_data_free(view); break;
            case 'c': dl_model_free(copy); break;
            }
        dl_tape_clear(dl);
        CHECK(dl_error(dl) == DL_OK, "%s: %s", orders[i], dl_error_text(dl));
        dl_free(dl);
        CHECK(count_live == before, "freed \"%s\": %ld are left", orders[i], count_live - before);
    }
}

/* ---------------------------------------------------------------------------------- output ---- */

/* What f(user) prints to standard output, in text[size]; false when it cannot be caught. */
static bool caught(char *text, size_t size, void (*f)(void *), void *user)
{
    FILE *file = tmpfile();
    int old;
    size_t n;
    fflush(stdout);
    old = file ? dup(1) : -1;
    if (old < 0 || dup2(fileno(file), 1) < 0) return false;
    f(user);
    fflush(stdout);
    dup2(old, 1);
    close(old);
    rewind(file);
    n = fread(text, 1, size - 1, file);
    text[n] = 0;
    fclose(file);
    return true;
}

static void print_summary(void *user) { dl_model_summary((const dl_model *)user); }

static void summary(void)
{
    static const char *const want =
        "_________________________________________________________________\n"
        " Layer (type)                 Output shape                Param #\n"
        "_________________________________________________________________\n"
        " dense_1 (Dense)              (None, 1, 28, 32)               928\n"
        " flatten_1 (Flatten)          (None, 896)                       0\n"
        " dense_2 (Dense)              (None, 1000)                897,000\n"
        " dropout_1 (Dropout)          (None, 1000)                      0\n"
        " dense_3 (Dense)              (None, 200)                 200,200\n"
        " activation_1 (Activation)    (None, 200)                       0\n"
        "_________________________________________________________________\n"
        " Total params: 1,098,128 (4.19 MB)\n"
        " Trainable params: 1,098,128\n"
        " Non-trainable params: 0\n"
        " As a C file: 4,392,512 bytes of flash (int8: 1,106,752), 1,896 floats of RAM\n"
        "_________________________________________________________________\n";
    char text[4000], *mb;
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_model_add_dense(m, 32, DL_RELU);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 1000, DL_RELU);
    dl_model_add_dropout(m, 0.5);
    dl_model_add_dense(m, 200, DL_LINEAR);
    dl_model_add_activation(m, DL_SOFTMAX);
    CHECK(caught(text, sizeof text, print_summary, m), "standard output");
    mb = strstr(text, "(8.38 MB)");
    if (mb && sizeof(dl_real) == 8) memcpy(mb, "(4.19 MB)", 9);
    CHECK(strcmp(text, want) == 0, "it is\n%s", text);
    dl_free(dl);
}

/* Long names and shapes widen their columns: every line of the table has one length. */
static void wide_summary(void)
{
    char text[4000];
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape4(1000, 2000, 1, 16));
    dl_model_add_reshape(m, dl_shape3(16, 1000, 2000));
    dl_model_add_global_average_pooling2d(m);
    dl_model_add_dense(m, 2, DL_LINEAR);
    CHECK(caught(text, sizeof text, print_summary, m), "standard output");
    CHECK(strstr(text, "\n global_average_pooling2d_1 (GlobalAveragePooling2D)  (None, 16)    "
                 "                     0\n") != NULL, "it is\n%s", text);
    for (char *line = strtok(text, "\n"); line && !strstr(line, "Total"); line = strtok(NULL, "\n"))
        CHECK(strlen(line) == strlen(text), "%d characters, the rule has %d: %s",
              (int)strlen(line), (int)strlen(text), line);
    dl_free(dl);
}

typedef struct noisy { dl_model *m; const dl_data *d; dl_fit o; } noisy;
static void print_fit(void *user)
{
    const noisy *n = (const noisy *)user;
    dl_model_fit(n->m, n->d, &n->o);
}

/* Into a file: one line an epoch, or nothing; never a bar. */
static void output_of_fit(void)
{
    for (int verbose = 0; verbose < 3; verbose++) {
        char text[4000], want[100];
        int lines = 0;
        dl_ctx *dl = quiet_context(1);
        noisy n;
        n.m = net(dl, 2, 4, DL_RELU, 0, 3, DL_SOFTMAX);
        n.d = clouds(dl, 40, 2, 3);
        n.o = quiet_fit(3, 4);
        n.o.verbose = verbose;
        if (verbose) n.o.validation_split = 0.25;
        dl_model_compile(n.m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
        CHECK(caught(text, sizeof text, print_fit, &n), "standard output");
        for (const char *c = text; *c; c++) lines += *c == '\n';
        CHECK(lines == (verbose ? 3 : 0) && !strchr(text, '\r'), "verbose %d: %d lines:\n%s",
              verbose, lines, text);
        if (verbose) {
            const dl_epoch *e = dl_model_history(n.m, NULL) + 2;
            snprintf(want, sizeof want, "- loss %.4f - accuracy %.4f - val_loss %.4f - "
                     "val_accuracy %.4f\n", e->loss, e->accuracy, e->val_loss, e->val_accuracy);
            CHECK(strncmp(text, "Epoch 1/3 - ", 12) == 0 && strstr(text, "\nEpoch 3/3 - ") &&
                  strstr(text, want), "should end with %s, is\n%s", want, text);
        }
        dl_free(dl);
    }
}

/* A validation loss that is NaN is shown; what would compare it refuses. */
static void validation_is_nan(void)
{
    for (int k = 0; k < 3; k++) {
        dl_ctx *dl = quiet_context(1);
        noisy n;
        char text[1000];
        n.m = line(dl, DL_MSE, dl_sgd(0.05));
        n.d = one_target(dl, 1);
        n.o = quiet_fit(4, 1);
        n.o.validation = one_target(dl, NAN);
        n.o.early_stopping = k == 1;
        if (k == 2) n.o.schedule = dl_schedule_plateau(0.5, 1);
        n.o.verbose = k == 0 ? 2 : 0;
        CHECK(caught(text, sizeof text, print_fit, &n), "standard output");
        CHECK(epochs_done(n.m) == (k == 0 ? 4 : 0), "%d: %d epochs", k, epochs_done(n.m));
        if (k == 0) CHECK(strstr(text, " - val_loss nan\n"), "%s", text);
        else CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_model_fit: epoch 1: the validation loss is NaN");
        dl_free(dl);
    }
}

/* Of a graph, who reads whom is told. */
static void graph_summary(void)
{
    char text[4096];
    dl_ctx *dl = dl_new(1);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_layer *a = dl_model_add_dense(m, 4, DL_RELU);
    dl_model_add_add(m, a, dl_model_reuse(m, a));
    CHECK(caught(text, sizeof text, print_summary, m), "standard output");
    CHECK(strstr(text, "Param #  Connected to") && strstr(text, "  dense_1, dense_1:2\n") &&
          strstr(text, "Total params: 20 "), "%s", text);
    dl_free(dl);
}

static void frozen_summary(void)
{
    char text[4000];
    dl_ctx *dl = quiet_context(1);
    dl_model *m = net(dl, 10, 20, DL_RELU, 0, 3, DL_SOFTMAX);
    dl_layer_set_frozen(dl_model_layer(m, 0), true);
    CHECK(caught(text, sizeof text, print_summary, m), "standard output");
    CHECK(strstr(text, " Trainable params: 63\n Non-trainable params: 220\n") != NULL, "%s", text);
    dl_free(dl);
}

int main(void)
{
    TEST(hopeless);
    TEST(unreachable_behind);
    TEST(odd_logits);
    TEST(unreachable_targets);
    TEST(own_losses);
    TEST(own_metrics);
    TEST(steps);
    TEST(step_callback);
    TEST(bad_batches);
    TEST(unreached_parameter);
    TEST(logits);
    TEST(evaluation_is_small);
    TEST(tape_limits);
    TEST(cut_into_batches);
    TEST(report_stays_inside);
    TEST(graph_summary);
    TEST(frozen_summary);
    TEST(compile_errors);
    TEST(early_probabilities);
    TEST(compile_again);
    TEST(learns);
    TEST(labels_are_targets);
    TEST(history);
    TEST(uneven_batches);
    TEST(averages);
    TEST(same_results);
    TEST(evaluate_in_between);
    TEST(modes_are_put_back);
    TEST(validation_split);
    TEST(early_stopping);
    TEST(callback_stops);
    TEST(fit_within_fit);
    TEST(schedules);
    TEST(schedule_is_used);
    TEST(schedule_per_update);
    TEST(predicting);
    TEST(predict_errors);
    TEST(part_of_a_formula);
    TEST(step_against_formula);
    TEST(regression_losses);
    TEST(binary_losses);
    TEST(mismatches);
    TEST(other_axes);
    TEST(forgotten_flatten);
    TEST(bad_options);
    TEST(not_ready);
    TEST(bad_numbers);
    TEST(validation_of_nan);
    TEST(divergence);
    TEST(last_update);
    TEST(clones);
    TEST(frozen_layer);
    TEST(no_allocations);
    TEST(every_allocation_fails);
    TEST(nothing_piles_up);
    TEST(freeing);
    TEST(summary);
    TEST(wide_summary);
    TEST(output_of_fit);
    TEST(validation_is_nan);
    return test_end();
}
