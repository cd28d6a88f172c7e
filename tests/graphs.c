/* graphs.c - models that are no chain: joints, shared layers, several inputs and outputs; one time
   step at a time; one model for several contexts (in several threads with TEST_PTHREADS).

       cc -std=c99 -I. tests/graphs.c -o build/graphs -lm && build/graphs  */
#include <stdlib.h>
#ifdef TEST_PTHREADS
#include <pthread.h>
static const long count_calls = 0;
#else
#include "counting.h"
#endif
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <stdio.h>
#include <time.h>

static dl_ctx *quiet_context(uint64_t seed)
{
    dl_ctx *dl = dl_new(seed);
    test_quiet(dl);
    return dl;
}

/* A tape tensor of numbers that look random. */
static dl_tensor *numbers(dl_ctx *dl, dl_shape shape, unsigned seed)
{
    dl_tensor *t = dl_zeros(dl, shape);
    if (t) test_fill(t->data, t->size, seed, -1, 1);
    return t;
}

static dl_layer *same_conv(dl_model *m, int filters, dl_activation f)
{
    dl_conv_layer o = dl_conv_layer_default(filters, 3, f);
    o.conv.same = true;
    return dl_model_add_conv2d_with(m, &o);
}

/* ---- residual CNN ---- */

static dl_model *residual_net(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, 8, 8));
    dl_layer *x = same_conv(m, 4, DL_RELU);
    for (int block = 0; block < 2; block++) {
        same_conv(m, 4, DL_RELU);
        dl_layer *y = same_conv(m, 4, DL_LINEAR);
        dl_model_add_add(m, x, y);
        x = dl_model_add_activation(m, DL_RELU);
    }
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    return m;
}

/* The same formula on floor 2. */
static dl_tensor *residual_formula(const dl_model *m, dl_tensor *x)
{
    dl_tensor *const *p = dl_model_params(m);
    dl_conv o = dl_conv_default();
    o.same = true;
    x = dl_relu(dl_conv2d(x, p[0], p[1], &o));
    for (int b = 0; b < 2; b++) {
        dl_tensor *y = dl_relu(dl_conv2d(x, p[2 + 4 * b], p[3 + 4 * b], &o));
        x = dl_relu(dl_add(x, dl_conv2d(y, p[4 + 4 * b], p[5 + 4 * b], &o)));
    }
    const dl_pool pool = dl_pool_default(2);
    return dl_softmax(dl_linear(dl_flatten(dl_max_pool2d(x, &pool)), p[10], p[11]));
}

/* Images of three classes: a bright band at the top, in the middle, at the bottom. */
static dl_data *bands(dl_ctx *dl, int n)
{
    static dl_real image[96 * 64];
    static int32_t label[96];
    test_fill(image, n * 64, 3, 0, 1);
    for (int i = 0; i < n; i++) {
        label[i] = i % 3;
        for (int k = 0; k < 16; k++) image[i * 64 + 24 * label[i] + k] += 1;
    }
    return dl_data_from_arrays(dl, image, n, dl_shape3(1, 8, 8), label, 3);
}

static void residual_cnn(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = residual_net(dl);
    dl_data *d = bands(dl, 96);
    dl_tensor *x = numbers(dl, dl_shape4(5, 1, 8, 8), 1);
    dl_tensor *want = residual_formula(m, x), *y = dl_model_predict(m, x);
    if (!CHECK(want && y, "%s", dl_error_text(dl))) return;
    CHECK_ARRAY(y->data, want->data, y->size);
    CHECK_ARRAY(dl_model_forward(m, x)->data, want->data, y->size);
    CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01)), "%s",
          dl_error_text(dl));
    dl_fit fit = dl_fit_default();
    fit.epochs = 8;
    fit.batch_size = 16;
    fit.verbose = 0;
    CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
    const dl_metrics r = dl_model_evaluate(m, d);
    CHECK(r.accuracy > 0.95, "accuracy %g", r.accuracy);
    dl_tape_clear(dl);

    dl_ctx *other = quiet_context(2);                  /* a clone, in another context */
    dl_model *copy = dl_model_clone(other, m);
    if (!CHECK(copy != NULL, "%s", dl_error_text(other))) return;
    want = dl_model_predict(m, numbers(dl, dl_shape4(5, 1, 8, 8), 1));
    y = dl_model_predict(copy, numbers(other, dl_shape4(5, 1, 8, 8), 1));
    CHECK(memcmp(y->data, want->data, 15 * sizeof(dl_real)) == 0, "the clone differs");
    CHECK(dl_model_layer_count(copy) == dl_model_layer_count(m), "layers");
    dl_free(other);
    dl_free(dl);
}

/* ---- a U-net ---- */

static dl_model *u_net(dl_ctx *dl, int size)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, size, size));
    dl_layer *join[2];
    dl_layer *top = same_conv(m, 4, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_layer *middle = same_conv(m, 8, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    same_conv(m, 8, DL_RELU);
    join[1] = dl_model_add_upsampling2d(m, 2);
    join[0] = middle;
    dl_model_add_concat(m, join, 2);
    same_conv(m, 8, DL_RELU);
    join[1] = dl_model_add_upsampling2d(m, 2);
    join[0] = top;
    dl_model_add_concat(m, join, 2);
    same_conv(m, 4, DL_RELU);
    same_conv(m, 1, DL_SIGMOID);
    return m;
}

static void u_net_segments(void)
{
    enum { N = 32 };
    static dl_real image[N * 64], mask[N * 64];
    dl_ctx *dl = quiet_context(1);
    dl_model *m = u_net(dl, 8);
    test_fill(image, N * 64, 5, -1, 1);
    for (int i = 0; i < N * 64; i++) mask[i] = image[i] > (dl_real)0.2 ? 1 : 0;
    dl_data *d = dl_data_from_targets(dl, image, N, dl_shape3(1, 8, 8), mask, dl_shape3(1, 8, 8));
    CHECK(dl_model_compile(m, DL_BINARY_CROSSENTROPY, dl_adam(0.02)), "%s", dl_error_text(dl));
    dl_fit fit = dl_fit_default();
    fit.epochs = 60;
    fit.batch_size = 8;
    fit.verbose = 0;
    CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
    const dl_metrics r = dl_model_evaluate(m, d);
    CHECK(r.accuracy > 0.9, "accuracy %g, loss %g", r.accuracy, r.loss);
    CHECK(dl_model_layer(m, 6)->output[0].dim[0] == 16, "channels are joined");
    dl_free(dl);
}

/* Evaluating drops what nobody reads any more, and only that: the same numbers with little room.
   The first layer's output is read by each block, and at the end once more. */
static void little_room(void)
{
    dl_ctx *dl = quiet_context(1), *small = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape3(1, 64, 64));
    dl_layer *first = same_conv(m, 4, DL_RELU), *list[2];
    for (int i = 0; i < 20; i++) dl_model_add_add(m, first, same_conv(m, 4, DL_TANH));
    list[0] = dl_model_layer(m, dl_model_layer_count(m) - 1);
    list[1] = first;
    dl_model_add_concat(m, list, 2);
    dl_model *copy = dl_model_clone(small, m);
    dl_tensor *want = dl_model_forward(m, numbers(dl, dl_shape4(4, 1, 64, 64), 1));
    dl_tensor *x = numbers(small, dl_shape4(4, 1, 64, 64), 1);
    const size_t each = (size_t)4 * 4 * 64 * 64 * sizeof(dl_real);
    dl_set_tape_limit(small, 20 * each);               /* all together are 40 and more */
    dl_tensor *y = dl_model_predict(copy, x);
    if (!CHECK(want && y, "%s", dl_error_text(small))) return;
    CHECK_ARRAY(y->data, want->data, want->size);
    dl_tape_clear(small);
    x = numbers(small, dl_shape4(4, 1, 64, 64), 1);
    CHECK(!dl_model_forward(copy, x), "too little for all");
    CHECK_ERROR(small, DL_ERR_LIMIT, "the tape holds");
    dl_free(small);
    dl_free(dl);
}

/* Eight times the layers take eight times as long, not 64 times; what begins a block of four is
   read again at its end. */
static double deep_seconds(int blocks)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_layer *x = dl_model_add_activation(m, DL_TANH);
    for (int i = 0; i < blocks; i++) {
        for (int k = 0; k < 3; k++) dl_model_add_activation(m, DL_TANH);
        x = dl_model_add_add(m, x, dl_model_layer(m, dl_model_layer_count(m) - 1));
    }
    double best = 1e9;
    for (int run = 0; run < 3; run++) {
        const clock_t start = clock();
        dl_tensor *y = dl_model_predict(m, numbers(dl, dl_shape2(1, 4), 1));
        const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (!y) return NAN;
        if (seconds < best) best = seconds;
        dl_tape_clear(dl);
    }
    dl_free(dl);
    return best;
}

static void deep(void)
{
    const double few = deep_seconds(500), many = deep_seconds(8 * 500);
    CHECK(many < 24 * few, "%g seconds for 2,000 layers, %g for 16,000", few, many);
}

/* Views of one tensor, some needed longer than others. */
static void shared_numbers(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape3(2, 8, 8));
    dl_layer *a = same_conv(m, 2, DL_TANH), *list[3];
    dl_layer *flat = dl_model_add_flatten(m);
    for (int i = 0; i < 6; i++) dl_model_add_dense(m, 128, DL_TANH);
    dl_layer *deep = dl_model_add_dense(m, 128, DL_TANH);
    list[0] = flat;
    list[1] = deep;
    dl_model_at(m, a);
    list[2] = dl_model_add_flatten(m);
    dl_model_add_concat(m, list, 3);
    dl_model_add_add(m, flat, deep);
    dl_layer *out[3];
    out[0] = dl_model_layer(m, dl_model_layer_count(m) - 1);
    out[1] = dl_model_layer(m, dl_model_layer_count(m) - 2);
    out[2] = a;
    CHECK(dl_model_outputs(m, out, 3), "%s", dl_error_text(dl));
    dl_tensor *x = numbers(dl, dl_shape4(3, 2, 8, 8), 1), *want[3], *y[3];
    CHECK(dl_model_forward_all(m, want, &x) && dl_model_predict_all(m, y, &x), "%s",
          dl_error_text(dl));
    for (int k = 0; k < 3; k++) CHECK_ARRAY(y[k]->data, want[k]->data, want[k]->size);
    CHECK(dl_model_output_count(m) == 3 && dl_model_input_count(m) == 1, "counts");
    dl_free(dl);
}

/* ---- a Siamese net ---- */

static dl_model *siamese(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape1(6));
    dl_layer *list[2];
    dl_layer *a = dl_model_add_dense(m, 16, DL_TANH);
    list[0] = dl_model_add_dense(m, 4, DL_TANH);
    dl_layer *b = list[0];
    dl_model_add_input(m, dl_shape1(6));
    dl_model_reuse(m, a);
    list[1] = dl_model_reuse(m, b);
    dl_model_add_concat(m, list, 2);
    dl_model_add_dense(m, 16, DL_RELU);
    dl_model_add_dense(m, 1, DL_SIGMOID);
    return m;
}

static dl_tensor *siamese_formula(const dl_model *m, dl_tensor *x1, dl_tensor *x2)
{
    dl_tensor *const *p = dl_model_params(m), *both[2], *x[2];
    x[0] = x1;
    x[1] = x2;
    for (int k = 0; k < 2; k++)
        both[k] = dl_tanh(dl_linear(dl_tanh(dl_linear(x[k], p[0], p[1])), p[2], p[3]));
    return dl_linear(dl_relu(dl_linear(dl_concat(both, 2, 1), p[4], p[5])), p[6], p[7]);
}

static void siamese_net(void)
{
    dl_ctx *dl = quiet_context(3);
    dl_model *m = siamese(dl);
    const dl_layer *run = dl_model_layer(m, 3);
    CHECK(strcmp(run->name, "dense_1:2") == 0 && run->shared == dl_model_layer(m, 0), "%s",
          run->name);
    CHECK(dl_model_tensor_count(m) == 8 && dl_model_param_count(m) ==
          6 * 16 + 16 + 16 * 4 + 4 + 8 * 16 + 16 + 16 + 1, "shared weights count once: %ld",
          (long)dl_model_param_count(m));
    if (!CHECK(dl_model_compile(m, DL_BINARY_CROSSENTROPY, dl_sgd(0.5)), "%s", dl_error_text(dl)))
        return;
    dl_tensor *x[2], *y = numbers(dl, dl_shape2(8, 1), 3);
    for (int k = 0; k < 2; k++) x[k] = numbers(dl, dl_shape2(8, 6), (unsigned)k + 1);
    for (int i = 0; i < 8; i++) y->data[i] = (dl_real)(i % 2);
    dl_tensor *z = siamese_formula(m, x[0], x[1]);
    dl_tensor *loss = dl_bce(z, y), *got;
    CHECK(dl_model_predict_all(m, &got, x), "%s", dl_error_text(dl));
    CHECK_ARRAY(got->data, dl_sigmoid(z)->data, 8);
    const double want = dl_item(loss);
    dl_backward(loss);                     /* one step of SGD by hand, then the model's */
    static dl_real after[8][256], before[8][256];
    for (int i = 0; i < 8; i++) {
        dl_tensor *p = dl_model_param(m, i);
        memcpy(before[i], p->data, (size_t)p->size * sizeof(dl_real));
        for (dl_int k = 0; k < p->size; k++)
            after[i][k] = p->data[k] - (dl_real)0.5 * p->grad[k];
    }
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = x[0];
    b.more_x = x + 1;
    b.y = y;
    b.size = 8;
    CHECK_CLOSE(dl_model_evaluate_batch(m, &b).loss, want, 1e-5, 0);
    CHECK_CLOSE(dl_model_train_batch(m, &b).loss, want, 1e-5, 0);
    for (int i = 0; i < 8; i++) CHECK_ARRAY(dl_model_param(m, i)->data, after[i],
                                            dl_model_param(m, i)->size);
    for (int i = 0; i < 300; i++) dl_model_train_batch(m, &b);
    CHECK(dl_model_evaluate_batch(m, &b).loss < 0.1, "it learns: %g",
          dl_model_evaluate_batch(m, &b).loss);
    dl_model *copy = dl_model_clone(dl, m);
    dl_tensor *y1, *y2;
    CHECK(dl_model_predict_all(m, &y1, x) && dl_model_predict_all(copy, &y2, x) &&
          memcmp(y1->data, y2->data, 8 * sizeof(dl_real)) == 0, "the clone: %s",
          dl_error_text(dl));
    CHECK(dl_model_layer(copy, 3)->shared == dl_model_layer(copy, 0), "shares as well");
    b.more_x = NULL;
    dl_model_train_batch(m, &b);
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the model has 2 inputs");
    CHECK(!dl_model_predict(m, x[0]), "one input");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_predict: the model has 2 inputs");
    dl_tensor *less = numbers(dl, dl_shape2(3, 6), 1);
    b.more_x = &less;
    dl_model_train_batch(m, &b);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "input 1 has 3 samples, the first has 8");
    b.more_x = x + 1;
    less = numbers(dl, dl_shape2(8, 6), 1);
    less->data[5] = (dl_real)NAN;
    b.more_x = &less;
    dl_model_train_batch(m, &b);
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "in the training data");
    dl_data *d = dl_data_from_targets(dl, x[0]->data, 8, dl_shape1(6), y->data, dl_shape1(1));
    CHECK(!dl_model_fit(m, d, NULL), "a data set has one input");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "use dl_model_train_batch");
    dl_free(dl);
}

/* A batch norm may run twice before backward: its statistics move with both runs. */
static void shared_statistics(void)
{
    dl_ctx *dl = quiet_context(3);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_layer *list[2];
    list[0] = dl_model_add_batch_normalization(m);
    dl_model_at(m, NULL);
    dl_model_add_activation(m, DL_TANH);
    list[1] = dl_model_reuse(m, list[0]);
    dl_model_add_concat(m, list, 2);
    dl_model_add_dense(m, 1, DL_LINEAR);
    CHECK(dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "%s", dl_error_text(dl));
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = numbers(dl, dl_shape2(8, 4), 1);
    b.y = numbers(dl, dl_shape2(8, 1), 2);
    b.size = 8;
    const double first = dl_model_train_batch(m, &b).loss;
    for (int i = 0; i < 50; i++) dl_model_train_batch(m, &b);
    CHECK(dl_model_evaluate_batch(m, &b).loss < first, "%s", dl_error_text(dl));
    dl_free(dl);
}

/* Frozen, a layer does not move in any of its runs. */
static void frozen_shared(void)
{
    dl_ctx *dl = quiet_context(3);
    dl_model *m = siamese(dl);
    CHECK(dl_layer_set_frozen(dl_model_layer(m, 3), true), "by its second run");
    CHECK(dl_layer_frozen(dl_model_layer(m, 0)) && dl_layer_frozen(dl_model_layer(m, 3)), "both");
    dl_model_compile(m, DL_BINARY_CROSSENTROPY, dl_sgd(0.5));
    dl_tensor *before = dl_keep(dl_model_param(m, 0)), *other = dl_keep(dl_model_param(m, 2));
    dl_tensor *x[2];
    for (int k = 0; k < 2; k++) x[k] = numbers(dl, dl_shape2(8, 6), (unsigned)k + 1);
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = x[0];
    b.more_x = x + 1;
    b.y = dl_ones(dl, dl_shape2(8, 1));
    b.size = 8;
    dl_model_train_batch(m, &b);
    CHECK_ARRAY(dl_model_param(m, 0)->data, before->data, before->size);
    CHECK(memcmp(dl_model_param(m, 2)->data, other->data, sizeof(dl_real)) != 0, "others move");
    dl_free(dl);
}

/* ---- several outputs ---- */

/* Axes in another order are refused for each input and each output. */
static void other_axes(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape2(2, 3));
    const dl_loss *loss[2] = { DL_MSE, DL_MSE };
    dl_layer *out[2];
    out[0] = dl_model_add_dense(m, 3, DL_TANH);
    dl_model_add_input(m, dl_shape2(3, 4));
    out[1] = dl_model_add_activation(m, DL_TANH);
    dl_model_outputs(m, out, 2);
    dl_tensor *good[2] = { dl_zeros(dl, dl_shape2(1, 6)), dl_zeros(dl, dl_shape3(1, 3, 4)) };
    dl_tensor *bad[2] = { good[0], dl_zeros(dl, dl_shape3(1, 4, 3)) }, *y[2];
    CHECK(dl_model_predict_all(m, y, good), "%s", dl_error_text(dl));
    CHECK(!dl_model_predict_all(m, y, bad), "the second input");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the samples' axes [4,3] are not the model's [3,4]");
    CHECK(dl_model_compile_outputs(m, loss, NULL, dl_sgd(0.1)), "%s", dl_error_text(dl));
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.size = 1;
    b.x = b.y = good[0];
    b.more_x = b.more_y = good + 1;
    CHECK(dl_model_train_batch(m, &b).loss == 0, "%s", dl_error_text(dl));
    b.more_y = bad + 1;
    CHECK(isnan(dl_model_train_batch(m, &b).loss), "the second output");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the targets' axes [4,3] are not the model's [3,4]");
    dl_free(dl);
}

/* Targets that an output behind the first can't reach are refused, too. */
static void unreachable_second(void)
{
    static const double high[2] = { 0.9, 90 };
    dl_ctx *dl = quiet_context(4);
    dl_model *m = dl_model_new(dl, dl_shape1(5));
    const dl_loss *loss[2] = { DL_MSE, DL_MSE };
    dl_layer *out[2];
    out[0] = dl_model_add_dense(m, 1, DL_LINEAR);
    dl_model_at(m, NULL);
    out[1] = dl_model_add_dense(m, 1, DL_TANH);
    dl_model_outputs(m, out, 2);
    CHECK(!dl_model_compile_outputs(m, NULL, NULL, dl_sgd(0.01)), "no loss");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_compile_outputs: the loss is NULL");
    dl_tensor *wrong = dl_zeros(dl, dl_shape2(1, 4)), *y[2];
    CHECK(!dl_model_predict_all(m, y, &wrong), "another shape");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_predict_all: input [1,4] does not fit the model");
    CHECK(dl_model_compile_outputs(m, loss, NULL, dl_sgd(0.01)), "%s", dl_error_text(dl));
    for (int k = 0; k < 2; k++) {
        dl_tensor *t = dl_full(dl, dl_shape2(4, 1), high[k]);
        dl_batch b;
        memset(&b, 0, sizeof b);
        b.x = numbers(dl, dl_shape2(4, 5), 1);
        b.y = dl_full(dl, dl_shape2(4, 1), 90);
        b.more_y = &t;
        b.size = 4;
        CHECK((dl_model_train_batch(m, &b).loss >= 0) == (k == 0), "%s", dl_error_text(dl));
    }
    CHECK_ERROR(dl, DL_ERR_RANGE, "4 of 4 targets lie outside [-1,1], which is all that dense_2");
    dl_free(dl);
}

static void two_outputs(void)
{
    dl_ctx *dl = quiet_context(4);
    dl_model *m = dl_model_new(dl, dl_shape1(5));
    dl_layer *out[2];
    dl_layer *body = dl_model_add_dense(m, 8, DL_TANH);
    out[0] = dl_model_add_dense(m, 3, DL_SOFTMAX);
    dl_layer *scores = dl_model_add_dense(m, 4, DL_TANH);      /* reads the probabilities */
    dl_model_at(m, body);
    out[1] = dl_model_add_add(m, dl_model_add_dense(m, 4, DL_LINEAR), scores);
    CHECK(dl_model_outputs(m, out, 2), "%s", dl_error_text(dl));
    CHECK(!dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "one loss for two");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the model has 2 outputs, but here is one loss");
    const dl_loss *loss[2];
    const double weight[2] = { 1, 0.25 };
    loss[0] = DL_SPARSE_CATEGORICAL_CROSSENTROPY;
    loss[1] = DL_MSE;
    if (!CHECK(dl_model_compile_outputs(m, loss, weight, dl_sgd(0.1)), "%s", dl_error_text(dl)))
        return;
    const int32_t label[4] = { 0, 2, 1, 1 };
    dl_tensor *x = numbers(dl, dl_shape2(4, 5), 1), *t = numbers(dl, dl_shape2(4, 4), 2), *y[2];
    dl_tensor *const *p = dl_model_params(m);
    dl_tensor *h = dl_tanh(dl_linear(x, p[0], p[1])), *z = dl_linear(h, p[2], p[3]);
    dl_tensor *second = dl_add(dl_linear(h, p[6], p[7]),
                               dl_tanh(dl_linear(dl_softmax(z), p[4], p[5])));
    const double want = dl_item(dl_cross_entropy(z, label)) + 0.25 * dl_item(dl_mse(second, t));
    CHECK(dl_model_predict_all(m, y, &x), "%s", dl_error_text(dl));
    CHECK_ARRAY(y[0]->data, dl_softmax(z)->data, 12);
    CHECK_ARRAY(y[1]->data, second->data, 16);
    CHECK_ARRAY(dl_model_predict(m, x)->data, y[0]->data, 12);
    CHECK_ARRAY(dl_model_logits(m, x)->data, z->data, 12);
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = x;
    b.labels = label;
    b.size = 4;
    dl_model_train_batch(m, &b);
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "output 1 (add_1) has no targets");
    b.more_y = &x;
    dl_model_train_batch(m, &b);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "20 targets for output 1 (add_1), which gives 16");
    b.more_y = &t;
    CHECK_CLOSE(dl_model_evaluate_batch(m, &b).loss, want, 1e-5, 0);
    for (int i = 0; i < 500; i++) dl_model_train_batch(m, &b);
    const dl_metrics r = dl_model_evaluate_batch(m, &b);
    CHECK(r.loss < 0.2 * want && r.accuracy == 1, "it learns: %g, %g", r.loss, r.accuracy);
    dl_free(dl);
}

/* ---- a transformer encoder block ---- */

static void transformer_block(void)
{
    enum { T = 5, E = 8, F = 12 };
    for (int norm_first = 0; norm_first < 2; norm_first++) {
        dl_ctx *dl = quiet_context(5);
        dl_model *m = dl_model_new(dl, dl_shape2(T, E));
        dl_norm_layer norm = dl_norm_layer_default();
        dl_transformer o = dl_transformer_default();
        dl_layer *x = NULL, *y;
        norm.eps = o.eps;
        o.heads = 2;
        o.norm_first = norm_first != 0;
        o.dropout = 0;
        if (norm_first) dl_model_add_layer_normalization_with(m, &norm);
        y = dl_model_add_multihead_attention(m, 2, false);
        x = dl_model_add_add(m, x, y);
        if (!norm_first) x = dl_model_add_layer_normalization_with(m, &norm);
        else dl_model_add_layer_normalization_with(m, &norm);
        dl_model_add_dense(m, F, DL_RELU);
        y = dl_model_add_dense(m, E, DL_LINEAR);
        dl_model_add_add(m, x, y);
        if (!norm_first) dl_model_add_layer_normalization_with(m, &norm);
        static const char *const ours[12] = {
            "multihead_attention_1.in_proj_weight", "multihead_attention_1.in_proj_bias",
              "multihead_attention_1.out_proj.weight", "multihead_attention_1.out_proj.bias",
              "dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias",
              "layer_normalization_1.weight", "layer_normalization_1.bias",
              "layer_normalization_2.weight", "layer_normalization_2.bias" };
        dl_tensor *p[12];
        for (int i = 0; i < 12; i++) {
            p[i] = dl_model_find(m, ours[i]);
            if (!CHECK(p[i] != NULL, "%s", ours[i])) return;
            if (i >= 8) test_fill(p[i]->data, p[i]->size, (unsigned)i, -1, 1);
        }
        dl_tensor *in = numbers(dl, dl_shape3(3, T, E), 7);
        dl_tensor *want = dl_transformer_encoder(in, p, &o);
        dl_tensor *got = dl_model_forward(m, in), *predicted = dl_model_predict(m, in);
        if (!CHECK(want && got && predicted, "%s", dl_error_text(dl))) return;
        CHECK_ARRAY(got->data, want->data, want->size);
        CHECK_ARRAY(predicted->data, want->data, want->size);
        dl_free(dl);
    }
}

/* ---- gradients ---- */

static dl_tensor *graph_loss(dl_model *m, dl_tensor *const *x)
{
    dl_tensor *y;
    return dl_model_forward_all(m, &y, x) ? dl_sum(dl_square(y)) : NULL;
}

/* Every weight by central differences: a graph with joints, shared layers and two inputs. */
static void gradients(void)
{
    if (sizeof(dl_real) != sizeof(double)) {
        SKIP("gradients by differences need double");
        return;
    }
    dl_ctx *dl = quiet_context(6);
    dl_model *m = siamese(dl);
    dl_layer *last = dl_model_layer(m, dl_model_layer_count(m) - 1);
    dl_layer *again = dl_model_add_dense(m, 1, DL_TANH);
    dl_model_add_add(m, last, again);
    dl_tensor *x[2];
    for (int k = 0; k < 2; k++) x[k] = dl_state(dl, dl_shape2(3, 6));
    for (int k = 0; k < 2; k++) test_fill(x[k]->data, 18, (unsigned)k + 1, -1, 1);
    CHECK(dl_backward(graph_loss(m, x)), "%s", dl_error_text(dl));
    dl_tape_clear(dl);
    for (int i = 0; i < dl_model_tensor_count(m); i++) {
        dl_tensor *p = dl_model_param(m, i);
        for (dl_int k = 0; k < p->size; k++) {
            const dl_real was = p->data[k], h = (dl_real)1e-5;
            p->data[k] = was + h;
            const double up = dl_item(graph_loss(m, x));
            p->data[k] = was - h;
            const double down = dl_item(graph_loss(m, x));
            p->data[k] = was;
            CHECK_CLOSE(p->grad[k], (up - down) / 2e-5, 1e-6, 1e-8);
            dl_tape_clear(dl);
        }
    }
    dl_free(dl);
}

/* ---- one time step at a time ---- */

/* Nets of each kind: 0 to 2 one layer, 3 stacked with everything that takes single steps, 4 a graph
   whose last layers see the last state only. */
static dl_model *step_net(dl_ctx *dl, int which)
{
    dl_model *m = dl_model_new(dl, dl_shape2(6, 4));
    dl_layer *list[2];
    if (which == 0) dl_model_add_rnn(m, 5, true);
    if (which == 1) dl_model_add_lstm(m, 5, true);
    if (which == 2) dl_model_add_gru(m, 5, true);
    if (which == 3) {
        list[0] = dl_model_add_lstm(m, 5, true);
        dl_model_add_layer_normalization(m);
        dl_model_add_dropout(m, 0.5);
        dl_model_add_dense(m, 5, DL_TANH);
        list[1] = dl_model_add_activation(m, DL_SOFTMAX);
        dl_model_add_concat_along(m, list, 2, -1);
        dl_model_add_gru(m, 5, true);
        dl_model_add_rnn(m, 3, true);
        dl_model_add_time_distributed(m, 2, DL_SOFTMAX);
    }
    if (which == 4) {
        list[0] = dl_model_add_gru(m, 4, true);
        dl_model_reuse(m, list[0]);
        dl_model_add_add(m, NULL, dl_model_layer(m, 1));
        dl_model_add_lstm(m, 6, false);
        dl_model_add_reshape(m, dl_shape2(2, 3));
        dl_model_add_flatten(m);
        dl_model_add_dense(m, 3, DL_SOFTMAX);
    }
    return m;
}

static void steps(void)
{
    enum { N = 3, T = 6, D = 4 };
    for (int which = 0; which < 5; which++) {
        dl_ctx *dl = quiet_context(8);
        dl_model *m = step_net(dl, which);
        dl_tensor *x = dl_keep(numbers(dl, dl_shape3(N, T, D), 1));
        dl_tensor *want = dl_keep(dl_model_predict(m, x)), *in = dl_state(dl, dl_shape2(N, D));
        long before = 0;
        if (!CHECK(want != NULL, "%d: %s", which, dl_error_text(dl))) return;
        for (int round = 0; round < 2; round++) {
            for (int t = 0; t < T; t++) {
                if (round || t > 1) before = count_calls;
                dl_tape_clear(dl);
                for (int n = 0; n < N; n++)
                    memcpy(in->data + n * D, x->data + (n * T + t) * D, D * sizeof(dl_real));
                dl_tensor *y = dl_model_step(m, in);
                if (!CHECK(y != NULL, "%d: %s", which, dl_error_text(dl))) return;
                CHECK((!round && t < 2) || count_calls == before, "%d: step %d allocates", which,
                      t);
                const dl_int M = y->shape.dim[1];
                CHECK(y->shape.rank == 2 && y->shape.dim[0] == N, "%d: shape", which);
                for (int n = 0; n < N && which < 4; n++)
                    CHECK_ARRAY(y->data + n * M, want->data + (n * T + t) * M, M);
                if (which == 4 && t == T - 1) CHECK_ARRAY(y->data, want->data, want->size);
            }
            CHECK(dl_model_reset_state(m), "reset");
        }
        dl_model_step(m, in);
        CHECK(!dl_model_step(m, numbers(dl, dl_shape2(2, D), 1)), "other rows");
        CHECK_ERROR(dl, DL_ERR_STATE, "a step of 2 sequences, but there are 3");
        dl_model_reset_state(m);
        CHECK(dl_model_step(m, numbers(dl, dl_shape2(2, D), 1)) != NULL, "%s", dl_error_text(dl));
        CHECK(!dl_model_step(m, x), "a whole sequence");
        CHECK_ERROR(dl, DL_ERR_SHAPE, "a step of [3,6,4] does not fit");
        dl_free(dl);
    }
}

/* Words: samples are [T]. */
static void word_steps(void)
{
    dl_ctx *dl = quiet_context(8);
    dl_model *m = dl_model_new(dl, dl_shape1(5));
    dl_model_add_embedding(m, 10, 4);
    dl_model_add_gru(m, 3, false);
    dl_real words[5] = { 3, 1, 9, 0, 2 };
    dl_tensor *want = dl_model_predict(m, dl_from(dl, dl_shape2(1, 5), words)), *y = NULL;
    for (int t = 0; t < 5; t++) y = dl_model_step(m, dl_from(dl, dl_shape1(1), words + t));
    if (CHECK(want && y, "%s", dl_error_text(dl))) CHECK_ARRAY(y->data, want->data, 3);
    dl_free(dl);
}

/* Layers that look at other steps are refused by name. */
static void no_steps(void)
{
    static const char *const names[] = { "bidirectional_1 (Bidirectional)", "flatten_1 (Flatten)",
        "multihead_attention_1 (MultiHeadAttention)", "conv1d_1 (Conv1D)",
        "batch_normalization_1 (BatchNormalization)", "concatenate_1", "layer_normalization_1" };
    for (int i = 0; i < 7; i++) {
        dl_ctx *dl = quiet_context(8);
        dl_model *m = dl_model_new(dl, dl_shape2(6, 4));
        dl_norm_layer norm = dl_norm_layer_default();
        dl_layer *list[2] = { NULL, NULL };
        norm.axes = 2;
        if (i == 0) dl_model_add_bidirectional(m, DL_GRU, 3, true);
        if (i == 1) dl_model_add_flatten(m);
        if (i == 2) dl_model_add_multihead_attention(m, 2, true);
        if (i == 3) dl_model_add_conv1d(m, 2, 3, DL_RELU);
        if (i == 4) dl_model_add_batch_normalization(m);
        if (i == 5) dl_model_add_concat(m, list, 2);
        if (i == 6) dl_model_add_layer_normalization_with(m, &norm);
        CHECK(!dl_model_step(m, dl_zeros(dl, dl_shape2(1, 4))), "%s", names[i]);
        CHECK(strstr(dl_error_text(dl), names[i]) != NULL, "%s", dl_error_text(dl));
        CHECK_ERROR(dl, DL_ERR_STATE, "needs all time steps at once");
        dl_free(dl);
    }
}

/* ---- one model, many threads ---- */

enum { SHARES = 4 };

/* What a thread does: predict again and again, then free what it had. */
typedef struct reader { dl_ctx *dl; dl_model *m; dl_real want[9]; int wrong; } reader;
static void *read_weights(void *user)
{
    reader *r = (reader *)user;
    for (int i = 0; i < 20; i++) {
        const dl_tensor *y = dl_model_predict(r->m, numbers(r->dl, dl_shape4(3, 1, 8, 8), 1));
        if (!y || memcmp(y->data, r->want, sizeof r->want) != 0) r->wrong++;
        dl_tape_clear(r->dl);
    }
    dl_free(r->dl);
    return NULL;
}

static void many_threads(void)
{
    static reader r[SHARES];
    dl_ctx *dl = quiet_context(9);
    dl_model *m = residual_net(dl);
    const dl_tensor *y = dl_model_predict(m, numbers(dl, dl_shape4(3, 1, 8, 8), 1));
    for (int i = 0; i < SHARES; i++) {
        r[i].dl = quiet_context((uint64_t)i);
        dl_set_threads(r[i].dl, 1);
        r[i].m = dl_model_share(r[i].dl, m);
        r[i].wrong = 0;
        if (!CHECK(r[i].m != NULL && dl_model_share_count(m) == i + 1, "%s", dl_error_text(dl)))
            return;
        for (int k = 0; k < dl_model_tensor_count(m); k++)
            CHECK(dl_model_param(r[i].m, k)->data == dl_model_param(m, k)->data, "no copy");
        memcpy(r[i].want, y->data, sizeof r[i].want);
    }
#ifdef TEST_PTHREADS
    pthread_t thread[SHARES];
    for (int i = 0; i < SHARES; i++) pthread_create(&thread[i], NULL, read_weights, &r[i]);
    for (int i = 0; i < SHARES; i++) pthread_join(thread[i], NULL);
#else
    for (int i = 0; i < SHARES; i++) read_weights(&r[i]);
#endif
    for (int i = 0; i < SHARES; i++) CHECK(r[i].wrong == 0, "thread %d: %d differ", i, r[i].wrong);
    CHECK(dl_model_share_count(m) == 0, "all are gone");
    CHECK(dl_layer_set_frozen(dl_model_layer(m, 0), true), "%s", dl_error_text(dl));
    dl_free(dl);
}

/* What is refused while shares live, and what a share refuses. */
static void shared_weights(void)
{
    dl_ctx *dl = quiet_context(9), *other = quiet_context(1), *third = quiet_context(2);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_model_add_dense(m, 4, DL_TANH);
    dl_model_add_batch_normalization(m);
    dl_model_add_dense(m, 2, DL_LINEAR);
    dl_model_compile(m, DL_MSE, dl_sgd(0.1));
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = numbers(dl, dl_shape2(4, 4), 1);
    b.y = numbers(dl, dl_shape2(4, 2), 2);
    b.size = 4;
    dl_data *d = dl_data_from_targets(dl, b.x->data, 4, dl_shape1(4), b.y->data, dl_shape1(2));
    dl_model_train_batch(m, &b);
    CHECK(!dl_model_share(dl, m), "the same context");
    CHECK_ERROR(dl, DL_ERR_STATE, "needs a context of its own");
    dl_model *s = dl_model_share(other, m), *t = dl_model_share(third, m);
    if (!CHECK(s && t && dl_model_share_count(m) == 2, "%s", dl_error_text(dl))) return;
    dl_tensor *w = dl_model_param(m, 0), *own = dl_model_param(s, 0);
    dl_model_train_batch(m, &b);
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_train_batch: 2 models of other contexts share");
    CHECK(!dl_model_fit(m, d, NULL), "fit");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_fit: 2 models");
    CHECK(!dl_optimizer_step(dl_model_optimizer(m)), "step");
    CHECK_ERROR(dl, DL_ERR_STATE, "2 models of other contexts share dense_1.weight");
    CHECK(!dl_layer_set_frozen(dl_model_layer(m, 0), true), "freeze");
    CHECK_ERROR(dl, DL_ERR_STATE, "2 models of other contexts share dense_1.weight");
    CHECK(!dl_fill(w, 0) && dl_error(dl) == DL_ERR_STATE, "fill");
    dl_clear_error(dl);
    CHECK(!dl_assign(w, w) && dl_error(dl) == DL_ERR_STATE, "assign");
    dl_clear_error(dl);
    CHECK(!dl_load_from_memory(dl, "x", 1, &w, 1, NULL), "load");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_load_from_memory: 2 models of other contexts share");
    dl_model_free(m);
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_free: 2 models");
    dl_free(dl);
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_free: 2 models");

    CHECK(!dl_model_compile(s, DL_MSE, dl_sgd(0.1)), "a share is not trained");
    CHECK_ERROR(other, DL_ERR_STATE, "belong to a model of another context");
    CHECK(!dl_fill(own, 0), "fill");
    CHECK_ERROR(other, DL_ERR_STATE, "dense_1.weight belongs to a model of another context");
    CHECK(!dl_layer_set_frozen(dl_model_layer(s, 0), false), "thaw");
    CHECK_ERROR(other, DL_ERR_STATE, "is read only");
    CHECK(!dl_model_share(third, s) && dl_error(other) == DL_ERR_STATE, "share a share");
    dl_clear_error(other);
    dl_tensor *running = dl_model_layer(s, 1)->state[0];       /* statistics of its own */
    CHECK(running->data != dl_model_layer(m, 1)->state[0]->data, "statistics");
    CHECK(dl_fill(running, 7), "%s", dl_error_text(other));
    dl_model_free(s);
    dl_free(third);
    CHECK(dl_model_share_count(m) == 0 && dl_model_train_batch(m, &b).loss >= 0, "free again: %s",
          dl_error_text(dl));
    dl_free(other);
    dl_free(dl);
}

/* ---- hostile calls ---- */

static void hostile(void)
{
    dl_ctx *dl = quiet_context(7);
    dl_model *a = dl_model_new(dl, dl_shape1(4)), *b = dl_model_new(dl, dl_shape1(4));
    dl_layer *of_a = dl_model_add_dense(a, 4, DL_RELU), *of_b = dl_model_add_dense(b, 3, DL_RELU);
    CHECK(!dl_model_at(a, of_b), "at");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_at: dense_1 is a layer of another model");
    CHECK(!dl_model_outputs(a, &of_b, 1), "outputs");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_outputs: dense_1 is a layer of another model");
    dl_layer *none = NULL, *twice[2];
    CHECK(!dl_model_outputs(a, &none, 1), "nobody");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "number 0 is NULL: no layer gives it");
    twice[0] = twice[1] = of_a;
    CHECK(!dl_model_outputs(a, twice, 2), "twice");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dense_1 is there twice");
    CHECK(!dl_model_outputs(a, NULL, 2) && !dl_model_outputs(NULL, NULL, 0), "no list");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "2 layers; give a list");
    CHECK(!dl_model_compile(a, DL_MSE, dl_sgd(0.1)), "with other outputs than were meant");
    CHECK_ERROR(dl, DL_ERR_STATE, "not built to its end: dl_model_outputs failed; build it anew");
    a = dl_model_new(dl, dl_shape1(4));
    CHECK(!dl_model_at(a, of_b), "at");
    dl_clear_error(dl);
    CHECK(dl_model_add_dense(a, 1, DL_RELU) && !dl_model_compile(a, DL_MSE, dl_sgd(0.1)),
          "its layer reads another one than was meant");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_compile: this model was not built to its end: "
                "dl_model_at failed");

    static const char *const texts[] = {
        "layer of another model", "layer of another model", "the layer is NULL",
        "[4] and [5] cannot be added", "do not join along axis 0", "reads samples of [4], not [5]",
        "reads nothing", "an input reads no layer", "have no axis 3" };
    for (int i = 0; i < 9; i++) {
        dl_model *m = dl_model_new(dl, dl_shape1(4));
        dl_layer *x = dl_model_add_dense(m, 4, DL_RELU), *y = dl_model_add_dense(m, 5, DL_RELU);
        dl_layer *list[2], *made = NULL;
        const dl_shape shape = dl_shape1(3);
        list[0] = x;
        list[1] = y;
        switch (i) {
        case 0: made = dl_model_add_add(m, x, of_b); break;
        case 1: made = dl_model_reuse(m, of_b); break;
        case 2: made = dl_model_reuse(m, NULL); break;
        case 3: made = dl_model_add_add(m, x, y); break;
        case 4:
            list[1] = dl_model_add_reshape(m, dl_shape2(5, 1));
            made = dl_model_add_concat(m, list, 2);
            break;
        case 5: made = dl_model_reuse(m, x); break;
        case 6: made = dl_model_add_concat(m, NULL, 0); break;
        case 7:
            made = dl_model_add_from(m, dl_find_layer(NULL, "InputLayer"), &shape, &x, 1);
            break;
        case 8: made = dl_model_add_concat_along(m, list, 2, 3); break;
        }
        CHECK(!made, "case %d", i);
        CHECK_ERROR(dl, i == 3 || i == 4 || i == 5 || i == 8 ? DL_ERR_SHAPE : DL_ERR_ARGUMENT,
                    texts[i]);
        CHECK(!dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "it lacks a layer");
        CHECK_ERROR(dl, DL_ERR_STATE, "this model was not built to its end");
    }

    a = dl_model_new(dl, dl_shape1(4));
    of_a = dl_model_add_dense(a, 4, DL_RELU);
    dl_model_add_dense(a, 2, DL_RELU);                 /* an end that leads nowhere */
    dl_model_at(a, of_a);
    dl_model_add_dense(a, 1, DL_LINEAR);
    CHECK(!dl_model_compile(a, DL_MSE, dl_sgd(0.1)), "a loose end");
    CHECK_ERROR(dl, DL_ERR_STATE, "nothing reads dense_2, and it is no output");
    CHECK(dl_model_compile(b, DL_MSE, dl_sgd(0.1)), "%s", dl_error_text(dl));
    CHECK(!dl_model_at(b, of_b) && dl_error(dl) == DL_ERR_STATE, "compiled");
    dl_clear_error(dl);
    CHECK(!dl_model_add_input(b, dl_shape1(2)), "compiled");
    CHECK_ERROR(dl, DL_ERR_STATE, "compiled already");
    CHECK(!dl_model_at(NULL, NULL) && !dl_model_reuse(NULL, NULL) && !dl_model_add_input(NULL,
          dl_shape0()) && !dl_model_add_add(NULL, NULL, NULL) && dl_model_input_count(NULL) == 0 &&
          dl_model_output_count(NULL) == 0, "of no model");
    dl_free(dl);
}

int main(void)
{
    TEST(residual_cnn);
    TEST(u_net_segments);
    TEST(little_room);
    TEST(deep);
    TEST(shared_numbers);
    TEST(siamese_net);
    TEST(shared_statistics);
    TEST(frozen_shared);
    TEST(unreachable_second);
    TEST(other_axes);
    TEST(two_outputs);
    TEST(transformer_block);
    TEST(gradients);
    TEST(steps);
    TEST(word_steps);
    TEST(no_steps);
    TEST(many_threads);
    TEST(shared_weights);
    TEST(hostile);
    return test_end();
}
