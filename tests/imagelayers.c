/* imagelayers.c - tests of the model's layers for images: shapes, parameters, what they compute,
   states that are saved and cloned, errors; S2's and S4's networks. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <limits.h>

static bool has_shape(const dl_layer *l, dl_shape s)
{
    return l && dl_shape_equal(l->output[0], s);
}

static dl_model *s2(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_model_add_conv2d(m, 32, 3, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 128, DL_RELU);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}

static dl_model *s4(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_model_add_conv2d(m, 32, 3, DL_RELU);
    dl_model_add_conv2d(m, 64, 3, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_dropout(m, 0.25);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 128, DL_RELU);
    dl_model_add_dropout(m, 0.5);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}

/* The parameter counts of S2 and S4, and the shapes on the way. */
static void parameter_counts(void)
{
    dl_ctx *dl = dl_new(1);
    dl_model *a = s2(dl), *b = s4(dl);
    CHECK(dl_model_param_count(a) == 693962, "S2: %ld", (long)dl_model_param_count(a));
    CHECK(dl_model_param_count(b) == 1199882, "S4: %ld", (long)dl_model_param_count(b));
    CHECK(has_shape(dl_model_layer(a, 0), dl_shape3(32, 26, 26)), "conv");
    CHECK(has_shape(dl_model_layer(a, 1), dl_shape3(32, 13, 13)), "pool");
    CHECK(has_shape(dl_model_layer(a, 2), dl_shape1(5408)), "flatten");
    CHECK(has_shape(dl_model_layer(b, 2), dl_shape3(64, 12, 12)), "S4's pool");
    CHECK(strcmp(dl_model_layer(b, 1)->name, "conv2d_2") == 0, "%s", dl_model_layer(b, 1)->name);
    CHECK(dl_model_find(b, "conv2d_2.weight") != NULL && dl_model_find(b, "conv2d_1.bias") != NULL,
          "names of the parameters");
    dl_free(dl);
}

/* Glorot: fan_in = k k C, fan_out = k k filters. */
static void glorot_fans(void)
{
    dl_ctx *dl = dl_new(1);
    dl_model *m = dl_model_new(dl, dl_shape3(20, 9, 9));
    const double r = sqrt(6.0 / (3 * 3 * 20 + 3 * 3 * 40));
    dl_model_add_conv2d(m, 40, 3, DL_RELU);
    dl_tensor *w = dl_model_param(m, 0), *b = dl_model_param(m, 1);
    double largest = 0, sum = 0;
    for (dl_int i = 0; i < w->size; i++) {
        largest = fmax(largest, fabs((double)w->data[i]));
        sum += (double)w->data[i];
    }
    CHECK(largest <= r && largest > 0.999 * r, "largest %g, limit %g", largest, r);
    CHECK(fabs(sum / (double)w->size) < 0.05 * r, "mean %g", sum / (double)w->size);
    for (int i = 0; i < 40; i++) CHECK(b->data[i] == 0, "bias %g", (double)b->data[i]);
    dl_free(dl);
}

/* He: a transposed convolution adds up k k C numbers, though its weight is [C,filters,k,k]. */
static void he_fans(void)
{
    dl_ctx *dl = dl_new(1);
    for (int normal = 0; normal < 2; normal++)
        for (int C = 1; C <= 8; C += 7) {
            dl_model *m = dl_model_new(dl, dl_shape3(C, 4, 4));
            dl_conv_layer o = dl_conv_layer_default(256, C == 1 ? 1 : 3, DL_LINEAR);
            o.weight_init = normal ? dl_init_he_normal() : dl_init_he_uniform();
            dl_model_add_conv2d_transpose_with(m, &o);
            const dl_tensor *w = dl_model_param(m, 0);
            const double fan_in = C == 1 ? 1 : 3 * 3 * C;
            double squares = 0, largest = 0;
            for (dl_int i = 0; w && i < w->size; i++) {
                squares += (double)w->data[i] * (double)w->data[i];
                largest = fmax(largest, fabs((double)w->data[i]));
            }
            const double var = w ? squares / (double)w->size : 0;
            CHECK(fabs(var * fan_in / 2 - 1) < 0.2, "[%d -> 256]: variance %g", C, var);
            CHECK(normal || largest <= sqrt(6 / fan_in), "[%d -> 256]: largest %g", C, largest);
        }
    dl_free(dl);
}

/* Each layer computes what its operation does, and infers the shape that comes out. */
static void shapes_and_values(void)
{
    dl_ctx *dl = dl_new(2);
    dl_model *m = dl_model_new(dl, dl_shape3(4, 9, 7));
    dl_conv_layer c = dl_conv_layer_default(6, 3, DL_RELU);
    dl_pool p = dl_pool_default(3);
    dl_norm_layer n = dl_norm_layer_default();
    dl_tensor *x, *y, *want;
    c.kernel[1] = 2;
    c.conv.stride[0] = 2;
    c.conv.same = true;
    c.conv.groups = 2;
    c.bias = false;
    p.stride[0] = p.stride[1] = 2;
    p.same = true;
    n.axes = 3;
    CHECK(has_shape(dl_model_add_conv2d_with(m, &c), dl_shape3(6, 5, 7)), "conv2d same");
    CHECK(has_shape(dl_model_add_batch_normalization(m), dl_shape3(6, 5, 7)), "batch norm");
    CHECK(has_shape(dl_model_add_max_pooling2d_with(m, &p), dl_shape3(6, 3, 4)), "max same");
    CHECK(has_shape(dl_model_add_group_normalization(m, 3), dl_shape3(6, 3, 4)), "group norm");
    CHECK(has_shape(dl_model_add_conv2d_transpose(m, 2, 2, 3, DL_TANH), dl_shape3(2, 9, 12)),
          "transposed");
    p.count_padding = false;
    CHECK(has_shape(dl_model_add_average_pooling2d_with(m, &p), dl_shape3(2, 5, 6)), "avg same");
    CHECK(has_shape(dl_model_add_layer_normalization_with(m, &n), dl_shape3(2, 5, 6)), "layer");
    CHECK(has_shape(dl_model_add_upsampling2d(m, 2), dl_shape3(2, 10, 12)), "upsampling");
    CHECK(has_shape(dl_model_add_average_pooling2d(m, 5), dl_shape3(2, 2, 2)), "average");
    CHECK(has_shape(dl_model_add_global_average_pooling2d(m), dl_shape1(2)), "global");
    CHECK(has_shape(dl_model_add_reshape(m, dl_shape2(1, -1)), dl_shape2(1, 2)), "reshape");
    CHECK(has_shape(dl_model_add_conv1d(m, 3, 2, DL_LINEAR), dl_shape2(3, 1)), "conv1d");
    x = dl_randn(dl, dl_shape4(3, 4, 9, 7));
    y = dl_model_forward(m, x);
    if (!CHECK(y && dl_shape_equal(y->shape, dl_shape3(3, 3, 1)), "%s", dl_error_text(dl))) return;
    dl_tensor *const *q = dl_model_params(m);
    CHECK(dl_model_tensor_count(m) == 11, "%d parameters", dl_model_tensor_count(m));
    want = dl_relu(dl_conv2d(x, q[0], DL_NONE, &c.conv));
    want = dl_batch_norm(want, q[1], q[2], DL_NONE, DL_NONE, 0.01, 1e-3);
    p.count_padding = true;
    want = dl_group_norm(dl_max_pool2d(want, &p), 3, q[3], q[4], 1e-3);
    p.count_padding = false;
    c.conv = dl_conv_default();
    c.conv.stride[0] = c.conv.stride[1] = 3;
    c.conv.output_padding[0] = c.conv.output_padding[1] = 1;
    want = dl_tanh(dl_conv_transpose2d(want, q[5], q[6], &c.conv));
    want = dl_layer_norm(dl_avg_pool2d(want, &p), 3, q[7], q[8], 1e-3);
    p = dl_pool_default(5);
    want = dl_global_avg_pool2d(dl_avg_pool2d(dl_upsample_nearest2d(want, 2, 2), &p));
    want = dl_conv1d(dl_reshape(want, dl_shape3(3, 1, 2)), q[9], q[10], NULL);
    CHECK(want != NULL, "%s", dl_error_text(dl));
    CHECK_ARRAY(y->data, want->data, y->size);
    dl_free(dl);
}

/* Small images of two classes: a vertical or a horizontal bar in noise. */
static dl_data *bars(dl_ctx *dl, int count, unsigned seed)
{
    dl_real *x = (dl_real *)malloc((size_t)count * 64 * sizeof *x);
    int32_t *label = (int32_t *)malloc((size_t)count * sizeof *label);
    test_fill(x, (dl_int)count * 64, seed, 0, 1);
    for (int i = 0; i < count; i++) {
        label[i] = i % 2;
        for (int k = 0; k < 8; k++) {
            const int at = (i / 2 * 5 + (int)seed) % 8;
            x[i * 64 + (i % 2 ? k * 8 + at : at * 8 + k)] += (dl_real)1.5;
        }
    }
    dl_data *d = dl_data_from_arrays(dl, x, count, dl_shape3(1, 8, 8), label, 2);
    free(x);
    free(label);
    return d;
}

static dl_model *small(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, 8, 8));
    dl_model_add_conv2d(m, 4, 3, DL_LINEAR);
    dl_model_add_batch_normalization(m);
    dl_model_add_activation(m, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
    return m;
}

static bool same_outputs(dl_model *a, dl_tensor *x, dl_model *b, dl_tensor *z)
{
    dl_tensor *y = dl_model_predict(a, x), *w = dl_model_predict(b, z);
    return y && w && memcmp(y->data, w->data, (size_t)y->size * sizeof *y->data) == 0;
}

/* Layers that run as one operation (convolution, ReLU, pooling) give what the single operations
   give, bit for bit, and so do their gradients: odd sizes, padding, and a pooling that does not
   halve. */
static void fused_layers(void)
{
    for (int trial = 0; trial < 6; trial++) {
        dl_ctx *dl = dl_new((uint64_t)trial);
        const int kernel = trial == 3 ? 3 : 2, side = 9 + trial;
        dl_model *m = dl_model_new(dl, dl_shape3(3, side, 11));
        dl_conv_layer o = dl_conv_layer_default(5, 3, DL_RELU);
        dl_pool pool = dl_pool_default(kernel);
        dl_tensor *x = dl_zeros(dl, dl_shape4(3, 3, side, 11)), *y, *z, *w, *b;
        dl_layer *first, *second;
        dl_real *grad;
        dl_int n;
        o.conv.same = trial % 2;
        first = dl_model_add_conv2d_with(m, &o);
        dl_model_add_max_pooling2d(m, kernel);
        o.filters = 4;
        second = dl_model_add_conv2d_with(m, &o);
        test_fill(x->data, x->size, 7, -1, 1);
        y = dl_model_forward(m, x);
        dl_backward(dl_sum(dl_mul(y, y)));
        w = first->param[0];
        b = first->param[1];
        n = w->size;
        grad = (dl_real *)malloc((size_t)(n + 5) * sizeof *grad);
        memcpy(grad, w->grad, (size_t)n * sizeof *grad);
        memcpy(grad + n, b->grad, 5 * sizeof *grad);
        memset(w->grad, 0, (size_t)n * sizeof *grad);
        memset(b->grad, 0, 5 * sizeof *grad);
        z = dl_max_pool2d(dl_relu(dl_conv2d(x, w, b, &o.conv)), &pool);
        z = dl_relu(dl_conv2d(z, second->param[0], second->param[1], &o.conv));
        dl_backward(dl_sum(dl_mul(z, z)));
        CHECK(y->size == z->size &&
              memcmp(y->data, z->data, (size_t)y->size * sizeof(dl_real)) == 0 &&
              memcmp(grad, w->grad, (size_t)n * sizeof *grad) == 0 &&
              memcmp(grad + n, b->grad, 5 * sizeof *grad) == 0, "trial %d", trial);
        free(grad);
        dl_free(dl);
    }
}

/* A convolutional net learns; its running statistics move in training only, and are cloned. */
static void training_and_states(void)
{
    dl_ctx *dl = dl_new(4), *other = dl_new(5);
    dl_data *train = bars(dl, 256, 1), *test = bars(dl, 64, 2);
    dl_model *m = small(dl), *copy;
    dl_fit fit = dl_fit_default();
    dl_tensor *mean = dl_model_find(m, "batch_normalization_1.running_mean");
    dl_tensor *var = dl_model_find(m, "batch_normalization_1.running_var");
    dl_metrics before, after;
    dl_real start[4], x[64 * 3];
    if (!CHECK(mean && var && mean->data[0] == 0 && var->data[3] == 1, "states")) return;
    CHECK(dl_model_tensor_count(m) == 6 && dl_model_param_count(m) == 40 + 8 + 74, "%ld",
          (long)dl_model_param_count(m));
    fit.epochs = 20;
    fit.verbose = 0;
    before = dl_model_evaluate(m, test);
    CHECK(mean->data[0] == 0, "evaluating moved the running mean to %g", (double)mean->data[0]);
    CHECK(dl_model_fit(m, train, &fit), "%s", dl_error_text(dl));
    CHECK(mean->data[0] != 0 && var->data[0] != 1, "training must move the running statistics");
    memcpy(start, mean->data, sizeof start);
    after = dl_model_evaluate(m, test);
    CHECK(after.accuracy > 0.95 && after.loss < before.loss, "accuracy %g, loss %g from %g",
          after.accuracy, after.loss, before.loss);
    CHECK(memcmp(start, mean->data, sizeof start) == 0, "evaluating moved the running mean");
    copy = dl_model_clone(other, m);
    test_fill(x, 64 * 3, 9, 0, 1);
    CHECK(same_outputs(m, dl_from(dl, dl_shape4(3, 1, 8, 8), x), copy,
                       dl_from(other, dl_shape4(3, 1, 8, 8), x)), "a clone computes the same");
    dl_model_free(m);
    dl_free(dl);
    dl_free(other);
}

/* A convolution's penalty is part of the loss, and may be taken away after compiling. */
static void penalties(void)
{
    dl_ctx *dl = dl_new(4);
    dl_data *d = bars(dl, 32, 1);
    dl_model *m = dl_model_new(dl, dl_shape3(1, 8, 8));
    dl_conv_layer c = dl_conv_layer_default(4, 3, DL_RELU);
    dl_layer *l;
    double sum = 0, with, without;
    c.l1 = 0.01;
    c.l2 = 0.02;
    l = dl_model_add_conv2d_with(m, &c);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01)), "%s",
          dl_error_text(dl));
    for (dl_int i = 0; i < l->param[0]->size; i++) {
        const double w = (double)l->param[0]->data[i];
        sum += 0.01 * fabs(w) + 0.02 * w * w;
    }
    with = dl_model_evaluate(m, d).loss;
    l->l1 = l->l2 = 0;
    without = dl_model_evaluate(m, d).loss;
    CHECK(sum > 0 && fabs(with - without - sum) < 1e-5, "%.9g - %.9g is not %.9g", with, without,
          sum);
    dl_free(dl);
}

#ifndef DL_NO_STDIO
static void saving(void)
{
    dl_ctx *dl = dl_new(4), *other = dl_new(5);
    const char *path = "test_imagelayers.safetensors";
    dl_model *m = small(dl), *n = small(other);
    dl_fit fit = dl_fit_default();
    dl_real x[64 * 3];
    test_fill(x, 64 * 3, 9, 0, 1);
    fit.verbose = 0;
    CHECK(dl_model_fit(m, bars(dl, 64, 1), &fit), "%s", dl_error_text(dl));
    CHECK(dl_model_save_weights(m, path), "%s", dl_error_text(dl));
    CHECK(dl_model_load_weights(n, path, NULL), "%s", dl_error_text(other));
    CHECK(same_outputs(m, dl_from(dl, dl_shape4(3, 1, 8, 8), x), n,
                       dl_from(other, dl_shape4(3, 1, 8, 8), x)), "a loaded model is the same");
    CHECK(dl_model_find(n, "batch_normalization_1.running_var")->data[0] ==
          dl_model_find(m, "batch_normalization_1.running_var")->data[0], "states are saved");
    remove(path);
    dl_free(dl);
    dl_free(other);
}
#endif

static void errors(void)
{
    dl_ctx *dl = dl_new(1);
    dl_model *m = dl_model_new(dl, dl_shape3(2, 5, 5)), *flat = dl_model_new(dl, dl_shape1(784));
    dl_model *last = dl_model_new(dl, dl_shape3(28, 28, 1));
    dl_conv_layer c = dl_conv_layer_default(3, 3, DL_RELU);
    dl_norm_layer n = dl_norm_layer_default();
    dl_pool p = dl_pool_default(2);
    test_quiet(dl);
#define REFUSED(call, code, text)                                   \
    do {                                                            \
        CHECK((call) == NULL, "should be refused: %s", text);       \
        CHECK_ERROR(dl, code, text);                                \
    } while (0)
    dl_model_add_conv2d(m, 4, 3, DL_RELU);
    REFUSED(dl_model_add_conv2d(m, 4, 5, DL_RELU), DL_ERR_SHAPE,
            "conv2d_2: kernel 5x5 does not fit input 3x3 without padding; make it smaller, or pad "
            "the input (same = true in the options)");
    REFUSED(dl_model_add_max_pooling2d(m, 4), DL_ERR_SHAPE,
            "max_pooling2d_1: kernel 4x4 does not fit input 3x3 without padding");
    REFUSED(dl_model_add_conv2d(flat, 4, 3, DL_RELU), DL_ERR_SHAPE,
            "conv2d_1: its input is [784], not an image [C,H,W]; a grey one is [1,H,W]");
    REFUSED(dl_model_add_conv2d(last, 4, 3, DL_RELU), DL_ERR_SHAPE,          /* as in Keras */
            "conv2d_1: kernel 3x3 does not fit input 28x1 without padding; is the image [C,H,W], "
            "channels first?");
    REFUSED(dl_model_add_conv1d(m, 4, 3, DL_RELU), DL_ERR_SHAPE,
            "conv1d_1: its input is [4,3,3], not a sequence [C,L]");
    REFUSED(dl_model_add_conv2d(m, 0, 3, DL_RELU), DL_ERR_ARGUMENT,
            "conv2d_2: 0 filters in 1 groups on 4 channels");
    c.conv.groups = 3;
    REFUSED(dl_model_add_conv2d_with(m, &c), DL_ERR_ARGUMENT,
            "conv2d_2: 3 filters in 3 groups on 4 channels");
    c.conv.groups = 1;
    c.conv.stride[0] = 0;
    REFUSED(dl_model_add_conv2d_with(m, &c), DL_ERR_ARGUMENT, "conv2d_2: kernel 3, stride 0");
    c.conv.stride[0] = 1;
    c.conv.output_padding[0] = 1;
    REFUSED(dl_model_add_conv2d_with(m, &c), DL_ERR_ARGUMENT, "conv2d_2: an option that is not "
            "used: output_padding is for transposed convolutions");
    REFUSED(dl_model_add_conv2d_transpose(m, 4, 0, 2, DL_RELU), DL_ERR_ARGUMENT,
            "conv2d_transpose_1: kernel 0, stride 2");
    c = dl_conv_layer_default(4, 3, DL_RELU);
    c.kernel[1] = 1;
    REFUSED(dl_model_add_conv1d_with(flat, &c), DL_ERR_SHAPE, "not a sequence [C,L]");
    REFUSED(dl_model_add_conv1d_with(dl_model_new(dl, dl_shape2(3, 8)), &c), DL_ERR_ARGUMENT,
            "conv1d_1: kernel 3x1, but in one dimension only the first number counts");
    p = dl_pool_default(2);
    p.count_padding = false;
    REFUSED(dl_model_add_max_pooling2d_with(m, &p), DL_ERR_ARGUMENT,
            "max_pooling2d_1: an option that is not used: count_padding false is for averages");
    p.count_padding = true;
    REFUSED(dl_model_add_upsampling2d(m, 0), DL_ERR_ARGUMENT, "up_sampling2d_1: factor 0");
    REFUSED(dl_model_add_upsampling2d(m, INT_MAX), DL_ERR_ARGUMENT, "and the image not too large");
    REFUSED(dl_model_add_global_average_pooling2d(flat), DL_ERR_SHAPE,
            "global_average_pooling2d_1: its input is [784], not an image [C,H,W]");
    REFUSED(dl_model_add_reshape(m, dl_shape2(5, -1)), DL_ERR_SHAPE,
            "reshape_1: [4,3,3] has 36 elements and cannot become [5,-1]");
    REFUSED(dl_model_add_group_normalization(m, 3), DL_ERR_ARGUMENT,
            "group_normalization_1: 3 groups do not divide 4 channels");
    REFUSED(dl_model_add_conv2d_with(m, NULL), DL_ERR_ARGUMENT, "conv2d_2: the options are NULL");
    c.conv.output_padding[0] = 0;
    c.bias = false;
    c.bias_init = dl_init_constant(1);
    REFUSED(dl_model_add_conv2d_with(m, &c), DL_ERR_ARGUMENT,
            "conv2d_2: bias_init is not used without bias");
    p.same = true;
    p.before[0] = 1;
    REFUSED(dl_model_add_max_pooling2d_with(m, &p), DL_ERR_ARGUMENT,
            "max_pooling2d_1: an option that is not used: with same, before and after must be 0");
    n.axes = 4;
    REFUSED(dl_model_add_layer_normalization_with(m, &n), DL_ERR_ARGUMENT,
            "layer_normalization_1: the last 4 axes of [4,3,3]");
    n.momentum = -1;
    REFUSED(dl_model_add_batch_normalization_with(m, &n), DL_ERR_ARGUMENT,
            "batch_normalization_1: momentum -1 must be in [0, 1]");
    CHECK(dl_model_layer_count(m) == 1, "%d layers", dl_model_layer_count(m));
    CHECK(!dl_model_add_conv2d(NULL, 4, 3, DL_RELU) && !dl_model_add_conv2d_with(NULL, &c) &&
          !dl_model_add_conv1d(NULL, 4, 3, DL_RELU) && !dl_model_add_conv1d_with(NULL, &c) &&
          !dl_model_add_conv2d_transpose(NULL, 4, 3, 2, DL_RELU) &&
          !dl_model_add_conv2d_transpose_with(NULL, &c) && !dl_model_add_upsampling2d(NULL, 2) &&
          !dl_model_add_max_pooling2d(NULL, 2) && !dl_model_add_max_pooling2d_with(NULL, &p) &&
          !dl_model_add_average_pooling2d(NULL, 2) &&
          !dl_model_add_average_pooling2d_with(NULL, &p) &&
          !dl_model_add_global_average_pooling2d(NULL) &&
          !dl_model_add_reshape(NULL, dl_shape1(1)) && !dl_model_add_batch_normalization(NULL) &&
          !dl_model_add_batch_normalization_with(NULL, &n) &&
          !dl_model_add_layer_normalization(NULL) &&
          !dl_model_add_layer_normalization_with(NULL, &n) &&
          !dl_model_add_group_normalization(NULL, 2) &&
          !dl_model_add_group_normalization_with(NULL, &n) && dl_error(dl) == DL_OK,
          "NULL yields NULL");
    n = dl_norm_layer_default();
    n.axes = 2;
    REFUSED(dl_model_add_batch_normalization_with(m, &n), DL_ERR_ARGUMENT,
            "batch_normalization_1: it has no use for axes; leave that as dl_norm_layer_default");
    n.axes = 1;
    n.groups = 2;
    REFUSED(dl_model_add_layer_normalization_with(m, &n), DL_ERR_ARGUMENT, "no use for groups");
    n.momentum = 0.5;
    REFUSED(dl_model_add_group_normalization_with(m, &n), DL_ERR_ARGUMENT, "no use for momentum");
    m = dl_model_new(dl, dl_shape3(2, 5, 5));
    CHECK(dl_model_add_batch_normalization_with(m, NULL) &&
          dl_model_add_layer_normalization_with(m, NULL) &&
          dl_model_add_group_normalization_with(m, NULL), "no options: the defaults");
    CHECK(dl_model_add_flatten(m) && dl_model_add_dense(m, 2, DL_SOFTMAX) &&
          dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1)), "%s",
          dl_error_text(dl));
    REFUSED(dl_model_add_conv2d(m, 4, 3, DL_RELU), DL_ERR_STATE, "compiled already");
    dl_free(dl);
}

int main(void)
{
    TEST(parameter_counts);
    TEST(glorot_fans);
    TEST(he_fans);
    TEST(shapes_and_values);
    TEST(fused_layers);
    TEST(training_and_states);
    TEST(penalties);
#ifndef DL_NO_STDIO
    TEST(saving);
#endif
    TEST(errors);
    return test_end();
}
