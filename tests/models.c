/* Tests of the room >>files: whole models, weights of PyTorch and Keras, .npy. The golden files
   were written by golden_models.py (PyTorch) and golden_keras.py (Keras); make golden has PyTorch
   and NumPy look at files written here. */
#include <stddef.h>
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <time.h>

/* Blocks that live, but for the report on the last load, which the context keeps. */
static long live_of(const dl_ctx *dl) { return count_live - (dl_last_load(dl) != NULL); }

static const char *golden(const char *name)
{
    static char path[300];
    FILE *f;
    snprintf(path, sizeof path, "tests/golden/%s", name);
    f = fopen(path, "rb");
    if (f) fclose(f);
    else snprintf(path, sizeof path, "golden/%s", name);
    return path;
}

/* A model's file in memory, for free. */
static uint8_t *saved(const dl_model *m, size_t *size)
{
    uint8_t *p;
    *size = dl_model_save_to_memory(m, NULL, 0);
    p = (uint8_t *)malloc(*size + 1);
    CHECK(dl_model_save_to_memory(m, p, *size) == *size, "the same size twice");
    return p;
}

/* Give all parameters and states numbers that every machine makes alike. */
static void fill_model(dl_model *m)
{
    unsigned seed = 1;
    for (int i = 0; i < dl_model_layer_count(m); i++) {
        dl_layer *l = dl_model_layer(m, i);
        for (int k = 0; k < l->params; k++)
            test_fill(l->param[k]->data, l->param[k]->size, seed++, -0.5, 0.5);
        for (int k = 0; k < l->states; k++)
            test_fill(l->state[k]->data, l->state[k]->size, seed++, 0.5, 1.5);
    }
}

/* A batch of two for the model. */
static dl_tensor *batch_for(dl_model *m, double lo, double hi)
{
    const dl_shape in = dl_model_layer(m, 0)->input[0];
    dl_shape shape = dl_shape1(2);
    for (int k = 0; k < in.rank; k++) shape.dim[shape.rank++] = in.dim[k];
    dl_tensor *x = dl_zeros(dl_model_layer(m, 0)->ctx, shape);
    if (x) test_fill(x->data, x->size, 77, lo, hi);
    return x;
}

/* Does the model come back with the same answers, bit for bit, and save to the same bytes? */
static dl_model *round_trip(dl_ctx *into, dl_model *m, double lo, double hi)
{
    size_t size, again;
    uint8_t *file = saved(m, &size);
    const dl_rng before = *dl_ctx_rng(into);
    dl_model *copy = dl_model_load_from_memory(into, file, size);
    if (CHECK(copy != NULL, "%s", dl_error_text(into))) {
        dl_tensor *a = dl_model_predict(m, batch_for(m, lo, hi));
        dl_tensor *b = dl_model_predict(copy, batch_for(copy, lo, hi));
        uint8_t *second = saved(copy, &again);
        CHECK(a && b && a->size == b->size &&
              memcmp(a->data, b->data, (size_t)a->size * sizeof *a->data) == 0,
              "%s predicts the same", dl_model_layer(m, 0)->type->name);
        CHECK(size == again && memcmp(file, second, size) == 0, "saved again, the same bytes: %.*s",
              (int)(again < 3000 ? again : 3000), (char *)second + 8);
        CHECK(memcmp(&before, dl_ctx_rng(into), sizeof before) == 0, "no number was drawn");
        free(second);
    }
    free(file);
    return copy;
}

/* ---- whole models ---- */

static const char *const all_types[] = { "Flatten", "Activation", "Dropout", "Reshape", "Dense",
    "Conv2D", "Conv1D", "Conv2DTranspose", "UpSampling2D", "MaxPooling2D", "AveragePooling2D",
    "GlobalAveragePooling2D", "BatchNormalization", "LayerNormalization", "GroupNormalization",
    "SimpleRNN", "LSTM", "GRU", "Bidirectional", "Embedding", "MultiHeadAttention" };

/* Models that have every kind of layer, options off their defaults. */
static dl_model *model_number(dl_ctx *dl, int i)
{
    dl_model *m;
    dl_conv_layer conv = dl_conv_layer_default(6, 3, DL_RELU);
    dl_pool pool = dl_pool_default(2);
    dl_norm_layer norm = dl_norm_layer_default();
    dl_dense dense = dl_dense_default(5, DL_TANH);
    switch (i) {
    case 0:                                                      /* images */
        m = dl_model_new(dl, dl_shape3(4, 9, 7));
        conv.kernel[1] = 2;
        conv.conv.same = true;
        conv.conv.groups = 2;
        conv.weight_init = dl_init_he_normal();
        conv.bias_init = dl_init_normal(1.0 / 3, 1e-9);
        conv.l1 = 1e-4;
        conv.l2 = 0.1 + 0.2;
        dl_model_add_conv2d_with(m, &conv);
        dl_model_add_batch_normalization(m);
        pool.stride[1] = 1;
        pool.same = true;
        dl_model_add_max_pooling2d_with(m, &pool);
        dl_model_add_group_normalization(m, 3);
        dl_model_add_upsampling2d(m, 2);
        dl_model_add_conv2d_transpose(m, 3, 2, 2, DL_ELU);
        pool.count_padding = false;
        dl_model_add_average_pooling2d_with(m, &pool);
        dl_model_add_dropout(m, 0.3);
        dl_model_add_global_average_pooling2d(m);
        dl_model_add_dense(m, 4, DL_SOFTMAX);
        return m;
    case 1:                                                      /* sequences */
        m = dl_model_new(dl, dl_shape1(6));
        dl_model_add_embedding(m, 11, 8);
        dl_model_add_multihead_attention(m, 2, true);
        norm.eps = 1e-7;
        norm.bias = false;
        dl_model_add_layer_normalization_with(m, &norm);
        dl_model_add_rnn(m, 5, true);
        dl_model_add_lstm(m, 6, true);
        dl_model_add_bidirectional(m, DL_GRU, 3, true);
        dl_model_add_gru(m, 4, false);
        dl_model_add_activation(m, DL_SIGMOID);
        return m;
    default:
        m = dl_model_new(dl, dl_shape2(3, 8));
        conv = dl_conv_layer_default(2, 3, DL_SILU);
        conv.conv.dilation[0] = 2;
        dl_model_add_conv1d_with(m, &conv);
        dl_model_add_reshape(m, dl_shape3(-1, 2, 2));
        dl_model_add_flatten(m);
        dense.bias = false;
        dense.weight_init = dl_init_orthogonal(2.5);
        dl_model_add_dense_with(m, &dense);
        return m;
    }
}

static void every_layer(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    bool seen[sizeof all_types / sizeof *all_types] = { false };
    for (int i = 0; i < 3; i++) {
        dl_model *m = model_number(dl, i);
        fill_model(m);
        for (int k = 0; k < dl_model_layer_count(m); k++)
            for (size_t t = 0; t < sizeof seen; t++)
                if (!strcmp(all_types[t], dl_model_layer(m, k)->type->name)) seen[t] = true;
        if (i == 1) {                                            /* words are whole numbers */
            size_t size;
            uint8_t *file = saved(m, &size);
            dl_model *copy = dl_model_load_from_memory(other, file, size);
            dl_tensor *x = dl_full(dl, dl_shape2(2, 6), 3), *z = dl_full(other, x->shape, 3);
            x->data[2] = z->data[2] = 10;
            dl_tensor *a = dl_model_predict(m, x), *b = dl_model_predict(copy, z);
            CHECK(a && b && memcmp(a->data, b->data, (size_t)a->size * sizeof *a->data) == 0,
                  "sequences: %s", dl_error_text(other));
            free(file);
        } else round_trip(other, m, -1, 1);
    }
    for (size_t t = 0; t < sizeof seen; t++) CHECK(seen[t], "%s was tested", all_types[t]);
    dl_free(dl);
    dl_free(other);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* A graph: a residual block, shared weights, a joint, two outputs. */
static void graphs(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_layer *a = dl_model_add_dense(m, 4, DL_RELU), *list[2];
    dl_layer *b = dl_model_reuse(m, a);
    dl_layer *c = dl_model_add_add(m, a, b);
    dl_model_at(m, NULL);
    list[0] = c;
    list[1] = dl_model_add_dense(m, 3, DL_TANH);
    dl_model_add_concat(m, list, 2);
    dl_layer *y = dl_model_add_dense(m, 2, DL_LINEAR);
    fill_model(m);
    if (CHECK(y != NULL, "%s", dl_error_text(dl))) round_trip(other, m, -1, 1);
    list[0] = y;
    list[1] = c;
    CHECK(dl_model_outputs(m, list, 2), "%s", dl_error_text(dl));
    dl_model *copy = round_trip(other, m, -1, 1);
    CHECK(copy && dl_model_output_count(copy) == 2 && dl_model_layer(copy, 1)->shared ==
          dl_model_layer(copy, 0), "two outputs, shared weights");
    const dl_loss *const loss[2] = { DL_MSE, DL_HUBER };         /* compiled with two losses */
    const double weight[2] = { 1, 1.0 / 3 };
    CHECK(dl_model_compile_outputs(m, loss, weight, dl_adam(0.01)), "%s", dl_error_text(dl));
    copy = round_trip(other, m, -1, 1);
    CHECK(copy && dl_model_optimizer(copy), "compiled");
    char want[100];
    size_t size, again = 0;
    uint8_t *file = saved(copy, &size);
    snprintf(want, sizeof want, "\"loss\":[\"mean_squared_error\",\"huber\"],\"loss_weights\":[1,%.16g]", weight[1]);
    for (size_t k = 0; k < size; k++)                 /* as text; its quotes are quoted there */
        if (file[k] && file[k] != '\\') file[again++] = file[k];
    file[again] = 0;
    CHECK(strstr((char *)file, want) != NULL, "%s is not in %.2000s", want, (char *)file);
    free(file);
    m = dl_model_new(dl, dl_shape1(3));                          /* a second input */
    list[0] = dl_model_add_dense(m, 2, DL_RELU);
    list[1] = dl_model_add_input(m, dl_shape1(5));
    dl_model_add_concat(m, list, 2);
    file = saved(m, &size);
    copy = dl_model_load_from_memory(other, file, size);
    uint8_t *second = copy ? saved(copy, &again) : NULL;
    CHECK(copy && dl_model_input_count(copy) == 2 && size == again &&
          memcmp(file, second, size) == 0, "two inputs: %s", dl_error_text(other));
    free(file);
    free(second);
    dl_free(dl);
    dl_free(other);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Options, initializers, penalties, frozen layers, loss and optimizer come back. */
static void everything_comes_back(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    dl_model *m = model_number(dl, 0);
    dl_optim o = dl_torch_adamw(0.0123), back;
    o.beta1 = 0.7;
    o.clip_norm = 5;
    o.ema = 0.99;
    CHECK(dl_model_compile(m, DL_CATEGORICAL_CROSSENTROPY, o), "%s", dl_error_text(dl));
    dl_layer_set_frozen(dl_model_layer(m, 1), true);
    dl_model_layer(m, 0)->l2 = 0.25;
    dl_model_set_batch_size(m, 17);
    fill_model(m);
    dl_model *copy = round_trip(other, m, -1, 1);
    if (!copy) return;
    const dl_conv_layer *a = (const dl_conv_layer *)dl_model_layer(m, 0)->options;
    const dl_conv_layer *b = (const dl_conv_layer *)dl_model_layer(copy, 0)->options;
    CHECK(b->kernel[1] == 2 && b->conv.same && b->conv.groups == 2 && b->l1 == a->l1 &&
          b->l2 == a->l2 && b->weight_init.kind == DL_INIT_HE_NORMAL &&
          b->bias_init.a == a->bias_init.a && b->bias_init.b == 1e-9, "the convolution's options");
    CHECK(dl_model_layer(copy, 0)->l2 == 0.25, "a penalty that was changed");
    CHECK(dl_layer_frozen(dl_model_layer(copy, 1)) && !dl_layer_frozen(dl_model_layer(copy, 0)),
          "frozen");
    CHECK(dl_model_batch_size(copy) == 17, "batch size");
    back = dl_optimizer_desc(dl_model_optimizer(copy));
    CHECK(back.type == o.type && back.lr == o.lr && back.beta1 == o.beta1 && back.eps == o.eps &&
          back.clip_norm == 5 && back.clip_value == (double)INFINITY && back.ema == o.ema &&
          back.weight_decay == o.weight_decay, "the optimizer");
    dl_free(dl);
    dl_free(other);
}

static bool zeros(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                  dl_real *y)
{
    (void)user;
    (void)index;
    (void)y;
    if (x) memset(x, 0, (size_t)n * 2 * sizeof *x);
    for (dl_int i = 0; labels && i < n; i++) labels[i] = (int32_t)(i % 3);
    return true;
}

/* Three names, two of which no reader of JSON likes as they are. */
static const char *const odd_names[] = { "\"cat\" \\ {", "", "\xC3\xA4 \xE4\n" };

static bool same_scaling(const dl_scaling *a, const dl_scaling *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* What the data call their classes, and how their numbers were scaled: through their views, fit,
   file and copies. */
static void classes_and_scaling(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    dl_source s = dl_source_default();
    const dl_scaling none = dl_scaling_default();
    s.count = 9;
    s.shape = dl_shape1(2);
    s.classes = 3;
    s.read = zeros;
    s.class_names = odd_names;
    s.scaling.factor = 1.0 / 3;
    s.scaling.channels = 2;
    s.scaling.mean[1] = -0.1;
    s.scaling.deviation[0] = s.scaling.deviation[1] = 0.7;
    dl_data *d = dl_data_from_source(dl, &s);
    static const int32_t some[] = { 3, 1, 2 };
    dl_data *view = dl_data_take(dl_data_pick(d, some, 3), 1, 2);
    dl_scaling back = dl_data_scaling(view);
    CHECK(same_scaling(&back, &s.scaling) && dl_data_class_names(view) == odd_names &&
          dl_data_class_name(d, 2) == odd_names[2] && !dl_data_class_name(d, 3) &&
          !dl_data_class_name(d, -1), "of the data");
    static const uint8_t bytes[] = { 0, 255 };
    static const int32_t zero[] = { 0 };
    back = dl_data_scaling(dl_data_from_bytes(dl, bytes, 1, dl_shape1(2), zero, 1));
    CHECK(back.factor == 1.0 / 255 && back.channels == 0, "of bytes");

    dl_model *m = dl_model_new(dl, dl_shape1(2));
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    back = dl_model_scaling(m);
    CHECK(same_scaling(&back, &none) && !dl_model_class_name(m, 0) && !dl_model_class_names(m),
          "of a new model");
    dl_model_free(round_trip(other, m, -1, 1));
    dl_fit f = dl_fit_default();
    f.verbose = 0;
    CHECK(dl_model_fit(m, d, &f), "%s", dl_error_text(dl));
    dl_model *copy[3] = { dl_model_clone(dl, m), dl_model_clone(other, m),
                          round_trip(other, m, -1, 1) };
    for (int i = 0; i < 3; i++) {
        back = dl_model_scaling(copy[i]);
        CHECK(same_scaling(&back, &s.scaling), "the scaling of copy %d", i);
        for (int k = 0; k < 3; k++)
            CHECK(dl_model_class_name(copy[i], k) && strcmp(dl_model_class_name(copy[i], k),
                  i == 2 && k == 2 ? "\xC3\xA4 ??" : odd_names[k]) == 0, "name %d of copy %d: %s",
                  k, i, dl_model_class_name(copy[i], k));
        CHECK(!dl_model_class_name(copy[i], 3) && !dl_model_class_name(copy[i], -1), "no more");
    }
    CHECK(!dl_model_set_class_names(m, odd_names, 2), "too few names");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "2 names for a model that tells 3 classes apart");
    static const char *const hole[] = { "a", NULL, "c" };
    CHECK(!dl_model_set_class_names(m, hole, 3), "a NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_set_class_names: a name is NULL");
    CHECK(!dl_model_set_class_names(m, NULL, 3), "no list");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_set_class_names: a name is NULL");
    CHECK(dl_model_class_names(m) && strcmp(dl_model_class_names(m)[0], odd_names[0]) == 0, "kept");
    for (int i = 0; i < 5; i++) {
        dl_scaling bad = s.scaling;
        if (i == 0) bad.factor = 0;
        if (i == 1) bad.channels = 5;
        if (i == 2) bad.mean[1] = (double)NAN;
        if (i == 3) bad.deviation[0] = 0;
        if (i == 4) bad.factor = (double)INFINITY;
        s.scaling = bad;
        CHECK(!dl_model_set_scaling(m, &bad) && dl_error(dl) == DL_ERR_ARGUMENT, "scaling %d", i);
        dl_clear_error(dl);
        CHECK(!dl_data_from_source(dl, &s) && dl_error(dl) == DL_ERR_ARGUMENT, "data %d", i);
        dl_clear_error(dl);
        s.scaling = dl_data_scaling(d);
    }
    dl_model *two = dl_model_new(dl, dl_shape1(2));
    dl_model_add_dense(two, 1, DL_SIGMOID);
    CHECK(dl_model_set_class_names(two, odd_names, 2) && dl_model_class_name(two, 1), "yes or no");
    dl_model_add_dense(two, 3, DL_LINEAR);
    CHECK(!dl_model_class_name(two, 0) && !dl_model_class_names(two), "the model has become larger");
    dl_model_free(round_trip(other, two, -1, 1));
    CHECK(dl_model_set_scaling(two, &s.scaling) && dl_model_set_scaling(two, NULL), "NULL: none");
    back = dl_model_scaling(two);
    CHECK(same_scaling(&back, &none), "factor %g", back.factor);
    CHECK(!dl_model_set_class_names(NULL, odd_names, 2) && !dl_model_set_scaling(NULL, &none) &&
          !dl_model_class_name(NULL, 0) && !dl_model_class_names(NULL) &&
          !dl_data_class_name(NULL, 0) && !dl_data_class_names(NULL) &&
          dl_data_scaling(NULL).factor == 1 && dl_model_scaling(NULL).factor == 1, "NULL");
    CHECK(dl_error(dl) == DL_OK && dl_error(other) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
    dl_free(other);
}

/* ---- things of the user's own ---- */

typedef struct gate_options { double slope; bool shut[3]; } gate_options;
static const dl_field gate_fields[] = {
    { "slope", DL_FIELD_DOUBLE, 1, offsetof(gate_options, slope), NULL },
    { "shut", DL_FIELD_BOOL, 3, offsetof(gate_options, shut), NULL },
    { NULL, DL_FIELD_INT, 0, 0, NULL } };
static bool gate_build(dl_layer *l)
{
    const dl_int D = l->input[0].dim[0];
    return dl_layer_param(l, "weight", dl_shape2(D, D), dl_init_glorot_uniform()) != NULL &&
           dl_layer_state(l, "count", dl_shape0(), 3) != NULL;
}
static void gate_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const gate_options *o = (const gate_options *)l->options;
    y[0] = dl_mul_scalar(dl_mul(x[0], dl_sigmoid(dl_linear(x[0], l->param[0], DL_NONE))),
                         o->slope + (o->shut[1] ? 1 : 0));
}
static const dl_layer_type gate = { "Gate", "gate", sizeof(gate_options), gate_fields, 1,
                                    gate_build, gate_forward, NULL, NULL, NULL };
static dl_tensor *cubic(dl_tensor *z, dl_tensor *target, const void *user)
{
    (void)user;
    return dl_mean(dl_pow(dl_abs(dl_sub(z, target)), 3));
}
static const dl_loss cubic_loss = { "cubic", cubic, NULL, NULL, DL_LINEAR, NULL };
static void sign_step(const dl_update *u)
{
    for (dl_int i = 0; i < u->n; i++)
        u->w[i] -= (dl_real)(u->options->lr * u->options->own[0] * ((u->g[i] > 0) - (u->g[i] < 0)));
}
static const dl_optim_type sign_kind = { "sign", sign_step, 0, false, true, false,
                                         { { "gain", DL_OWN(0), 1, 0, 9 } } };
static bool zero_add(void *state, const dl_outcome *o, const void *user)
{
    (void)state;
    (void)o;
    (void)user;
    return true;
}
static double zero_result(void *state, const void *user)
{
    (void)state;
    (void)user;
    return 0;
}
static const dl_metric zero_metric = { "zero", 1, zero_add, zero_result, NULL };

static void own_things(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    const gate_options o = { 0.1 + 0.2, { false, true, false } };
    dl_layer_type plain = gate;
    dl_optim optim = dl_optim_default(&sign_kind, 0.5);
    dl_model *m = dl_model_new(dl, dl_shape1(3)), *copy;
    size_t size;
    uint8_t *file;
    dl_model_add(m, &gate, &o);
    dl_model_add_metric(m, &zero_metric);
    optim.own[0] = 3;
    CHECK(dl_model_compile(m, &cubic_loss, optim), "%s", dl_error_text(dl));
    file = saved(m, &size);
    CHECK(!dl_model_load_from_memory(other, file, size), "no type");
    CHECK_ERROR(other, DL_ERR_FORMAT, "the type of layer 'Gate' is not known here; one of");
    dl_register_layer(other, &gate);
    CHECK(!dl_model_load_from_memory(other, file, size), "no metric");
    CHECK_ERROR(other, DL_ERR_FORMAT, "the metric 'zero' is not known here");
    dl_register_metric(other, &zero_metric);
    CHECK(!dl_model_load_from_memory(other, file, size), "no loss");
    CHECK_ERROR(other, DL_ERR_FORMAT, "the loss 'cubic' is not known here");
    dl_register_loss(other, &cubic_loss);
    CHECK(!dl_model_load_from_memory(other, file, size), "no optimizer");
    CHECK_ERROR(other, DL_ERR_FORMAT, "the optimizer 'sign' is not known here");
    dl_register_optim(other, &sign_kind);
    free(file);
    fill_model(m);
    copy = round_trip(other, m, -1, 1);
    if (copy) {
        const gate_options *back = (const gate_options *)dl_model_layer(copy, 0)->options;
        CHECK(back->slope == o.slope && back->shut[1] && !back->shut[2], "its options");
        CHECK(dl_optimizer_desc(dl_model_optimizer(copy)).own[0] == 3, "gain");
        CHECK(dl_model_metric_index(copy, "zero") == 0, "metric");
    }
    plain.fields = NULL;
    plain.name = "Fieldless";
    m = dl_model_new(dl, dl_shape1(3));
    dl_model_add(m, &plain, &o);
    CHECK(!dl_model_save_to_memory(m, NULL, 0), "no fields");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "type Fieldless has options but no table of fields");
    plain.name = "Dense";
    CHECK(!dl_model_save_to_memory(m, NULL, 0), "another Dense");
    CHECK_ERROR(dl, DL_ERR_STATE, "'Dense' is not what this name stands for");
    dl_free(dl);
    dl_free(other);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- refusals ---- */

/* A file with this text of a model and n floats of data named a.weight ...; for free. */
static uint8_t *file_of(const char *text, const char *tensors, int floats, size_t *size)
{
    char header[6000];
    int n = snprintf(header, sizeof header, "{\"__metadata__\":{\"dl_model\":\"");
    for (; *text; text++) {
        if (*text == '"') header[n++] = '\\';
        header[n++] = *text;
    }
    n += snprintf(header + n, sizeof header - (size_t)n, "\"}%s%s}", *tensors ? "," : "", tensors);
    *size = 8 + (size_t)n + 4 * (size_t)floats;
    uint8_t *p = (uint8_t *)calloc(1, *size);
    p[0] = (uint8_t)(n & 255);
    p[1] = (uint8_t)(n >> 8);
    memcpy(p + 8, header, (size_t)n);
    return p;
}

#define DENSE_TENSORS \
    "\"dense_1.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}," \
    "\"dense_1.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}"
#define DENSE_OPTIONS "{\"units\":1,\"activation\":\"relu\"," \
    "\"weight_init\":{\"kind\":\"normal\",\"a\":0,\"b\":1}," \
    "\"bias_init\":{\"kind\":\"constant\",\"a\":0,\"b\":0},\"bias\":true,\"l1\":0,\"l2\":0}"
#define DENSE "{\"needs\":1,\"input\":[2],\"layers\":[{\"type\":\"Dense\",\"options\":" \
    DENSE_OPTIONS "}]}"

static void refusals(void)
{
    static const struct { const char *from, *to, *part; dl_code code; } bad[] = {
        { "\"needs\":1", "\"needs\":3", "needs a newer dl.h", DL_ERR_FORMAT },
        { "\"needs\":1,", "", "lacks 'needs'", DL_ERR_FORMAT },
        { "\"needs\":1,\"input\":[2]", "\"needs\":7,\"magic\":[2]", "needs a newer",
          DL_ERR_FORMAT },
        { "\"input\":[2]", "\"inputs\":[2]",
          "the key 'inputs' of the model is not", DL_ERR_FORMAT },
        { "\"input\":[2],", "", "lacks 'input'", DL_ERR_FORMAT },
        { "\"Dense\"", "\"Dance\"", "the type of layer 'Dance' is not known", DL_ERR_FORMAT },
        { "\"units\":1,", "", "'units' is missing in the options of Dense", DL_ERR_FORMAT },
        { "\"units\":1", "\"units\":1,\"unites\":1",
          "the key 'unites' of the options of Dense is not",
          DL_ERR_FORMAT },
        { "\"units\":1", "\"units\":1,\"units\":1", "has the key 'units' twice", DL_ERR_FORMAT },
        { "\"units\":1", "\"units\":1.5", "a whole number", DL_ERR_FORMAT },
        { "\"units\":1", "\"units\":-1", "-1 units", DL_ERR_ARGUMENT },
        { "\"units\":1", "\"units\":1000000000", "is [1,2] in the buffer, but its layer makes it "
          "[1000000000,2]", DL_ERR_SHAPE },
        { "\"relu\"", "\"rely\"",
          "'activation' of the options of Dense should be a name that is known here, not rely",
          DL_ERR_FORMAT },
        { "\"normal\"", "\"norm\"",
          "'kind' of weight_init should be a name that is known here, not norm", DL_ERR_FORMAT },
        { "\"bias\":true", "\"bias\":1",
          "'bias' of the options of Dense should be true or false", DL_ERR_FORMAT },
        { "\"bias\":true", "\"bias\":false", "tensor 'dense_1.bias' is not in the model",
          DL_ERR_FORMAT },
        { "\"l1\":0", "\"l1\":\"0x1\"",
          "'l1' of the options of Dense should be a number, not 0x1", DL_ERR_FORMAT },
        { "\"l1\":0", "\"l1\":\"nan\"", "l1 is NaN", DL_ERR_ARGUMENT },
        { "}}]}", "},\"name\":\"dense_2\"}]}", "the layer 'dense_2' is not known here",
          DL_ERR_FORMAT },
        { "}}]}", "},\"extra\":1}]}", "the key 'extra' of a layer", DL_ERR_FORMAT },
        { "}}]}", "}}],\"loss\":[\"mean_squared_error\"],\"loss_weights\":[1]}",
          "lacks 'optimizer'", DL_ERR_FORMAT },
        { "}}]}",
          "}}],\"loss\":[\"mean_squared_error\"],\"loss_weights\":[1],"
          "\"optimizer\":{\"type\":\"Adam\",\"options\":{}}}",
          "'lr' is missing in the options of Adam", DL_ERR_FORMAT },
        { "\"units\":1,\"", "\"units\":{\"units\":1},\"",
          "should be a whole number", DL_ERR_FORMAT },
        { "}}]}", "}}],\"metrics\":7}", "'metrics' should be a list", DL_ERR_FORMAT },
        { "}}]}", "}}],\"scaling\":{\"factor\":0,\"channels\":0,\"mean\":[0,0,0,0],"
          "\"deviation\":[0,0,0,0]}}", "a scaling needs a factor other than 0", DL_ERR_ARGUMENT },
        { "}}]}", "}}],\"scaling\":{\"factor\":1}}", "'channels' is missing in the scaling",
          DL_ERR_FORMAT },
        { "}}]}", "}}],\"classes\":[\"a\"]}", "'classes' should be a list of 2 names",
          DL_ERR_FORMAT },
        { "}}]}", "}}],\"classes\":[\"a\",2]}", "'classes' should be a list of 2 names",
          DL_ERR_FORMAT },
        { "}}]}", "}}],\"classes\":[[\"a\"]]}", "'classes' should be a list of 2 names",
          DL_ERR_FORMAT },
        { "}}]}", "}}],\"outputs\":[5]}", "lists of layers' numbers, from -1 to 0", DL_ERR_FORMAT },
        { "}}]}", "}}],\"outputs\":0}", "lists of layers' numbers, from -1 to 0", DL_ERR_FORMAT },
        { "}}]}", "},\"shared\":0}]}", "from and outputs should be lists", DL_ERR_FORMAT },
        { "}}]}", "},\"now\":{\"l1\":0}}]}", "'activation' is missing in dense_1", DL_ERR_FORMAT },
        { "{\"type\":\"Dense\"", "{\"type\":7",
          "the type of layer '' is not known", DL_ERR_FORMAT },
        { "}}]}", "}}],\"loss\":[\"huber\",\"huber\"],\"loss_weights\":[1],\"optimizer\":{}}",
          "lacks a loss and a loss weight for each of its 1 outputs", DL_ERR_FORMAT },
        { "}}]}", "}}]", "byte 206 of 206 should be , or }", DL_ERR_FORMAT },
        { "\"input\":[2]", "\"input\":[2147483647,2147483647,2147483647]", "", DL_ERR_SHAPE },
        { "\"input\":[2]", "\"input\":[-2]", "whole number", DL_ERR_FORMAT }
    };
    dl_ctx *dl = test_quiet_new(1);
    size_t size;
    uint8_t *p = file_of(DENSE, DENSE_TENSORS, 3, &size);
    long before = count_live;
    dl_model *m = dl_model_load_from_memory(dl, p, size);
    CHECK(m != NULL, "%s", dl_error_text(dl));
    dl_model_free(m);
    free(p);
    CHECK(count_live == before, "%ld blocks left", count_live - before);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[2000];
        const char *good = DENSE, *at = strstr(good, bad[i].from);
        if (!CHECK(at != NULL, "%s is in the text", bad[i].from)) continue;
        const int front = (int)(at - good);
        snprintf(text, sizeof text, "%.*s%s%s", front, good, bad[i].to, at + strlen(bad[i].from));
        p = file_of(text, DENSE_TENSORS, 3, &size);
        CHECK(!dl_model_load_from_memory(dl, p, size), "%s as %s", bad[i].from, bad[i].to);
        CHECK_ERROR(dl, bad[i].code, bad[i].part);
        CHECK(count_live == before, "%ld blocks left: %s", count_live - before, bad[i].to);
        free(p);
    }
    p = file_of(DENSE, "", 0, &size);
    CHECK(!dl_model_load_from_memory(dl, p, size), "no tensors");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "tensor 'dense_1.weight' [1,2] is missing");
    free(p);
    CHECK(!dl_model_load(dl, NULL) && !dl_model_load(NULL, "x"), "no path");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_load: the path is NULL");
    CHECK(!dl_model_load_from_memory(dl, NULL, 9), "no buffer");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the buffer is NULL");
    CHECK(!dl_model_save(NULL, "x") && dl_model_save_to_memory(NULL, NULL, 0) == 0, "no model");
    dl_free(dl);
}

/* Every byte of a small file changed in some ways, and the file cut off at every length: refused
   with a message or loaded; nothing leaked, and no more memory than in proportion to the file. */
static void hostile_model(void)
{
    static const uint8_t flips[] = { 0x01, 0x20, 0x80, 0xFF };
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = model_number(dl, 2);
    size_t size;
    dl_model_compile(m, DL_MSE, dl_adam(0.1));
    uint8_t *good = saved(m, &size);
    long before = live_of(dl);
    for (size_t n = 0; n < size; n++) {
        uint8_t *p = (uint8_t *)malloc(n + 1);
        memcpy(p, good, n);
        CHECK(!dl_model_load_from_memory(dl, p, n), "%d of %d bytes", (int)n, (int)size);
        CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_model_load_from_memory");
        free(p);
    }
    for (size_t n = 0; n < size; n++)
        for (size_t k = 0; k < sizeof flips; k++) {
            uint8_t *p = (uint8_t *)malloc(size);
            memcpy(p, good, size);
            p[n] ^= flips[k];
            count_largest = 0;
            dl_model *got = dl_model_load_from_memory(dl, p, size);
            CHECK(got || dl_error(dl) != DL_OK, "byte %d: refused with a message", (int)n);
            CHECK(count_largest < 65536 + 16 * size, "%lu bytes for a file of %d, byte %d",
                  (unsigned long)count_largest, (int)size, (int)n);
            dl_clear_error(dl);
            dl_model_free(got);
            free(p);
            CHECK(live_of(dl) == before, "%ld blocks left, byte %d", live_of(dl) - before, (int)n);
        }
    free(good);
    dl_free(dl);
}

/* Without memory at any point: no crash, no leak, a message. */
static void out_of_memory(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = model_number(dl, 2), *got = NULL;
    size_t size;
    dl_model_compile(m, DL_MSE, dl_adam(0.1));
    uint8_t *good = saved(m, &size);
    long before = count_live;
    for (long k = 1; k < 1000 && !got; k++) {
        count_fail_at = count_calls + k;
        got = dl_model_load_from_memory(dl, good, size);
        count_fail_at = 0;
        if (!got) CHECK(dl_error(dl) != DL_OK, "a message, call %ld", k);
        if (!got) CHECK(count_live == before, "%ld blocks left, call %ld", count_live - before, k);
        dl_clear_error(dl);
    }
    CHECK(got != NULL, "loaded in the end");
    free(good);
    dl_free(dl);
}

/* Several models in one file. */
static void parts(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    dl_model *m[2];
    const char *prefix[2] = { "generator.", "critic." };
    dl_loading o = dl_loading_default();
    m[0] = model_number(dl, 2);
    m[1] = model_number(dl, 0);
    fill_model(m[0]);
    fill_model(m[1]);
    const size_t size = dl_models_save_to_memory(dl, NULL, 0, m, prefix, 2);
    uint8_t *p = (uint8_t *)malloc(size);
    CHECK(size && dl_models_save_to_memory(dl, p, size, m, prefix, 2) == size, "%s",
          dl_error_text(dl));
    for (int i = 0; i < 2; i++) {
        dl_model *copy = dl_model_load_part_from_memory(other, p, size, prefix[i]);
        if (!CHECK(copy != NULL, "%s", dl_error_text(other))) continue;
        dl_tensor *a = dl_model_predict(m[i], batch_for(m[i], -1, 1));
        dl_tensor *b = dl_model_predict(copy, batch_for(copy, -1, 1));
        CHECK(a && b && memcmp(a->data, b->data, (size_t)a->size * sizeof *a->data) == 0, "part %d",
              i);
        fill_model(copy);
        dl_fill(dl_model_param(copy, 0), 9);
        o.prefix = prefix[i];
        CHECK(dl_model_load_weights_from_memory(copy, p, size, &o) &&
              dl_model_param(copy, 0)->data[0] != 9, "its weights alone: %s", dl_error_text(other));
    }
    CHECK(!dl_model_load_from_memory(other, p, size), "which part?");
    CHECK_ERROR(other, DL_ERR_FORMAT, "or parts with other prefixes");
    prefix[1] = "gen";
    CHECK(!dl_models_save_to_memory(dl, NULL, 0, m, prefix, 2), "prefixes that overlap");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "does not begin with another's");
    free(p);
    dl_free(dl);
    dl_free(other);
}

/* ---- PyTorch's weights ---- */

static dl_tensor *state_of(dl_ctx *dl, const char *name, dl_shape shape)
{
    dl_tensor *t = dl_state(dl, shape);
    dl_set_name(t, name);
    return t;
}

/* x and y of a golden file, whose names are "io.x" and "io.y". */
static bool load_io(dl_ctx *dl, const char *file, dl_shape xs, dl_shape ys, dl_tensor **x,
                    dl_tensor **y)
{
    dl_tensor *io[2];
    dl_loading o = dl_loading_default();
    o.prefix = "io.";
    io[0] = *x = state_of(dl, "x", xs);
    io[1] = *y = state_of(dl, "y", ys);
    return CHECK(dl_load(dl, golden(file), io, 2, &o), "%s", dl_error_text(dl));
}

#define GOLDEN_TOL 1e-5

static void torch_recurrent(void)
{
    static const char *const files[] = { "models_rnn.safetensors", "models_lstm.safetensors",
                                         "models_gru.safetensors" };
    static const dl_recurrent_kind kinds[] = { DL_RNN_TANH, DL_LSTM, DL_GRU };
    dl_ctx *dl = test_quiet_new(1);
    dl_recurrent r = dl_recurrent_default();
    dl_loading o = dl_loading_default();
    r.layers = 2;
    r.bidirectional = true;
    o.prefix = "net.";
    for (int i = 0; i < 3; i++) {
        dl_tensor *w[16], *x, *y;
        const int n = dl_recurrent_param_count(&r);
        CHECK(dl_recurrent_init(dl, w, kinds[i], 3, 4, &r) && n == 16, "%d", n);
        CHECK(dl_recurrent_set_names(w, "", &r), "names");
        CHECK(strcmp(w[7]->name, "bias_hh_l0_reverse") == 0, "%s", w[7]->name);
        CHECK(dl_load(dl, golden(files[i]), w, n, &o), "%s", dl_error_text(dl));
        if (!load_io(dl, files[i], dl_shape3(2, 5, 3), dl_shape3(2, 5, 8), &x, &y)) continue;
        const dl_sequence s = i == 0 ? dl_rnn(x, w, DL_NONE, &r)
                            : i == 1 ? dl_lstm(x, w, DL_NONE, DL_NONE, &r)
                                     : dl_gru(x, w, DL_NONE, &r);
        if (CHECK(s.y != NULL, "%s", dl_error_text(dl)))
            CHECK_ARRAY_TOL(s.y->data, y->data, y->size, GOLDEN_TOL);
    }
    dl_free(dl);
}

/* nn.LSTM(3, 4, num_layers=2, bidirectional=True) in a model: two layers, by a list of names. */
static void torch_recurrent_model(void)
{
    static const char *const parts[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh" };
    static char theirs[16][64], ours[16][64];
    dl_rename renames[16];
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape2(5, 3));
    dl_loading o = dl_loading_default();
    dl_tensor *x, *y;
    dl_model_add_bidirectional(m, DL_LSTM, 4, true);
    dl_model_add_bidirectional(m, DL_LSTM, 4, true);
    for (int i = 0; i < 16; i++) {
        const char *end = i & 1 ? "_reverse" : "";
        snprintf(theirs[i], sizeof theirs[i], "%s_l%d%s", parts[i / 2 % 4], i / 8, end);
        snprintf(ours[i], sizeof ours[i], "bidirectional_%d.%s_l0%s", i / 8 + 1, parts[i / 2 % 4],
                 end);
        renames[i].theirs = theirs[i];
        renames[i].ours = ours[i];
    }
    o.prefix = "net.";
    o.renames = renames;
    o.renames_count = 16;
    CHECK(dl_model_load_weights(m, golden("models_lstm.safetensors"), &o), "%s",
          dl_error_text(dl));
    if (load_io(dl, "models_lstm.safetensors", dl_shape3(2, 5, 3), dl_shape3(2, 5, 8), &x, &y)) {
        dl_tensor *z = dl_model_predict(m, x);
        if (CHECK(z != NULL, "%s", dl_error_text(dl)))
            CHECK_ARRAY_TOL(z->data, y->data, y->size, GOLDEN_TOL);
    }
    dl_free(dl);
}

/* nn.MultiheadAttention as a layer, in order: the next part of two names is out_proj's. */
static void torch_attention_model(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape2(5, 8));
    dl_loading o = dl_loading_default();
    dl_tensor *x, *y;
    dl_model_add_multihead_attention(m, 2, false);
    o.prefix = "net.";
    o.in_order = true;
    CHECK(dl_model_load_weights(m, golden("models_mha.safetensors"), &o), "%s",
          dl_error_text(dl));
    if (load_io(dl, "models_mha.safetensors", dl_shape3(2, 5, 8), dl_shape3(2, 5, 8), &x, &y)) {
        dl_tensor *z = dl_model_predict(m, x);
        if (CHECK(z != NULL, "%s", dl_error_text(dl)))
            CHECK_ARRAY_TOL(z->data, y->data, y->size, GOLDEN_TOL);
    }
    dl_free(dl);
}

static void torch_attention(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_tensor *w[12], *x, *y, *z;
    dl_loading o = dl_loading_default();
    dl_transformer t = dl_transformer_default();
    o.prefix = "net.";
    dl_set_training(dl, false);
    w[0] = dl_param(dl, dl_shape2(24, 8), dl_init_zeros());
    w[1] = dl_param(dl, dl_shape1(24), dl_init_zeros());
    w[2] = dl_param(dl, dl_shape2(8, 8), dl_init_zeros());
    w[3] = dl_param(dl, dl_shape1(8), dl_init_zeros());
    CHECK(dl_multihead_attention_set_names(w, ""), "names");
    CHECK(dl_load(dl, golden("models_mha.safetensors"), w, 4, &o), "%s", dl_error_text(dl));
    if (load_io(dl, "models_mha.safetensors", dl_shape3(2, 5, 8), dl_shape3(2, 5, 8), &x, &y)) {
        z = dl_multihead_attention(x, x, x, w, 2, DL_NONE, NULL, false);
        if (CHECK(z != NULL, "%s", dl_error_text(dl)))
            CHECK_ARRAY_TOL(z->data, y->data, y->size, GOLDEN_TOL);
    }
    CHECK(dl_transformer_encoder_init(dl, w, 8, 16) && dl_transformer_encoder_set_names(w, ""),
          "a block");
    CHECK(dl_load(dl, golden("models_encoder.safetensors"), w, 12, &o), "%s",
          dl_error_text(dl));
    t.heads = 2;
    if (load_io(dl, "models_encoder.safetensors", dl_shape3(2, 5, 8), dl_shape3(2, 5, 8), &x, &y)) {
        z = dl_transformer_encoder(x, w, &t);
        if (CHECK(z != NULL, "%s", dl_error_text(dl)))
            CHECK_ARRAY_TOL(z->data, y->data, y->size, GOLDEN_TOL);
    }
    dl_free(dl);
}

/* nn.Sequential(Conv2d(3,4,3), BatchNorm2d, ReLU, MaxPool2d(2), Flatten, Linear), of images that
   are not square. */
static dl_model *torch_cnn(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape3(3, 8, 6));
    dl_norm_layer norm = dl_norm_layer_default();
    norm.eps = 1e-5;
    dl_model_add_conv2d(m, 4, 3, DL_LINEAR);
    dl_model_add_batch_normalization_with(m, &norm);
    dl_model_add_activation(m, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 5, DL_LINEAR);
    return m;
}

static void torch_in_order(void)
{
    static const dl_rename renames[] = { { "0.", "conv2d_1." }, { "1.", "batch_normalization_1." },
                                         { "5.weight", "dense_1.weight" },
                                         { "5.bias", "dense_1.bias" } };
    static const char *const files[] = { "models_cnn.safetensors", "models_cnn.safetensors",
                                         "models_cnn_bf16.safetensors",
                                         "models_cnn_f16.safetensors" };
    dl_ctx *dl = test_quiet_new(1);
    for (int i = 0; i < 4; i++) {
        dl_model *m = torch_cnn(dl);
        dl_tensor *x, *y;
        dl_loading o = dl_loading_default();
        o.prefix = "net.";
        o.in_order = i != 1;
        if (i == 1) {
            o.renames = renames;
            o.renames_count = 4;
        }
        CHECK(dl_model_load_weights(m, golden(files[i]), &o), "%s", dl_error_text(dl));
        CHECK(dl_last_load(dl)->passed == 1 && dl_last_load(dl)->loaded == 8 &&
              !dl_last_load(dl)->text[0], "num_batches_tracked passes by: %d, %d",
              dl_last_load(dl)->passed, dl_last_load(dl)->loaded);
        if (!load_io(dl, files[i], dl_shape4(2, 3, 8, 6), dl_shape2(2, 5), &x, &y)) continue;
        dl_tensor *z = dl_model_predict(m, x);
        if (CHECK(z != NULL, "%s", dl_error_text(dl)))
            CHECK_ARRAY_TOL(z->data, y->data, y->size, GOLDEN_TOL);
    }
    dl_free(dl);
}

/* A file whose layers have these names, into three layers like them: only numbers make an order. */
static bool in_order_of(dl_ctx *dl, const char *a, const char *b, const char *c, int units)
{
    const char *const layer[3] = { a, b, c };
    char file[4096], name[2][60];
    dl_tensor *w[6];
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    for (int i = 0; i < 3; i++) {
        const int D = i == 2 ? units : 4, M = i == 1 ? units : 4;
        dl_model_add_dense(m, M, DL_LINEAR);
        for (int k = 0; k < 2; k++) {
            snprintf(name[k], sizeof name[k], "%s.%s", layer[i], k ? "bias" : "weight");
            w[2 * i + k] = dl_param(dl, k ? dl_shape1(M) : dl_shape2(M, D), dl_init_constant(i + 1));
            dl_set_name(w[2 * i + k], name[k]);
        }
    }
    dl_loading o = dl_loading_default();
    o.in_order = true;
    const size_t n = dl_save_to_memory(dl, file, sizeof file, w, 6);
    const dl_real first = dl_model_param(m, 0)->data[0];
    const bool ok = dl_model_load_weights_from_memory(m, file, n, &o);
    for (int i = 0; i < 6; i++)
        CHECK(ok ? dl_model_param(m, i)->data[0] == (dl_real)(i / 2 + 1) :
                   dl_model_param(m, 0)->data[0] == first, "%s, %s, %s: tensor %d", a, b, c, i);
    return ok;
}

static void no_order_by_letters(void)
{
    dl_ctx *dl = test_quiet_new(1);
    CHECK(in_order_of(dl, "0", "2", "10", 4), "%s", dl_error_text(dl));
    CHECK(in_order_of(dl, "fc", "fc2", "fc10", 4), "%s", dl_error_text(dl));
    CHECK(in_order_of(dl, "dense", "dense_1", "dense_2", 4), "%s", dl_error_text(dl));
    CHECK(in_order_of(dl, "net.layers.0.fc", "net.layers.1.fc", "net.layers.2.fc", 4), "%s",
          dl_error_text(dl));
    CHECK(in_order_of(dl, "a", "b", "c", 5), "shapes tell: %s", dl_error_text(dl));
    CHECK(!in_order_of(dl, "inp", "hid", "out", 4), "hid before inp");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "'hid.weight' and 'inp.weight' would fit 'dense_1.weight' as "
                "well, and no number in their names tells their order; say which is which by renames");
    CHECK(!in_order_of(dl, "net.0.q", "net.0.k", "net.1.v", 4), "letters in a numbered block");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "'net.0.k.weight' and 'net.0.q.weight' would fit");
    dl_free(dl);
}

/* What does not fit is named, all of it; a partial load takes the rest. */
static void misfits(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape3(3, 8, 6));
    dl_loading o = dl_loading_default();
    static const dl_rename renames[] = { { "0.", "conv2d_1." }, { "1.", "batch_normalization_1." },
                                         { "5.", "dense_1." } };
    dl_model_add_conv2d(m, 4, 3, DL_LINEAR);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 7, DL_LINEAR);
    dl_model_add_dense(m, 2, DL_LINEAR);
    o.prefix = "net.";
    o.renames = renames;
    o.renames_count = 3;
    const dl_real first = dl_model_param(m, 0)->data[0];
    CHECK(!dl_model_load_weights(m, golden("models_cnn.safetensors"), &o), "strict");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "(in all 4 unused, 2 missing, 2 of another shape, 2 good: see");
    CHECK(dl_model_param(m, 0)->data[0] == first, "nothing was loaded");
    const dl_load_report *r = dl_last_load(dl);
    CHECK(r && r->unused == 4 && r->missing == 2 && r->different == 2 && r->loaded == 2, "counts");
    CHECK(strstr(r->text, "unused net.1.running_var [4]\n") &&
          strstr(r->text, "missing dense_2.weight [2,7]\n") &&
          strstr(r->text, "different dense_1.bias [7], in the file net.5.bias [5]\n"), "%s",
          r->text);
    o.partial = true;
    CHECK(dl_model_load_weights(m, golden("models_cnn.safetensors"), &o), "partial: %s",
          dl_error_text(dl));
    CHECK(dl_model_param(m, 0)->data[0] != first, "loaded");
    o.prefix = "nothing.";
    CHECK(!dl_model_load_weights(m, golden("models_cnn.safetensors"), &o), "not one");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "does not fit the model: missing conv2d_1.weight");
    o.prefix = "net.";
    o.in_order = true;
    CHECK(!dl_model_load_weights(m, golden("models_cnn.safetensors"), &o), "in order");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "in_order needs no renames");
    o.renames_count = 0;
    o.partial = false;
    CHECK(!dl_model_load_weights(m, golden("models_cnn.safetensors"), &o), "in order");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "different dense_1.weight [7,96], in the file net.1.weight [4]");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- Keras ---- */

static void keras_models(void)
{
    static const struct { const char *model, *io; int outputs, y; } cases[] = {
        { "keras_cnn.safetensors", "keras_cnn_io.safetensors", 1, 4 },
        { "keras_text.safetensors", "keras_text_io.safetensors", 1, 3 },
        { "keras_graph.safetensors", "keras_graph_io.safetensors", 2, 5 },
        { "keras_twins.safetensors", "keras_twins_io.safetensors", 1, 2 } };
    for (int i = 0; i < 4; i++) {
        dl_ctx *dl = test_quiet_new(1);
        dl_model *m = dl_model_load(dl, golden(cases[i].model));
        dl_tensor *x, *y, *out[2], *in2[2];
        const dl_shape in = i == 0 ? dl_shape4(2, 2, 11, 7) : i == 1 ? dl_shape2(2, 6)
                          : i == 2 ? dl_shape4(2, 3, 5, 4) : dl_shape3(2, 2, 5);
        if (!CHECK(m != NULL, "%s", dl_error_text(dl)) ||
            !load_io(dl, cases[i].io, in, dl_shape2(2, cases[i].y), &x, &y)) {
            dl_free(dl);
            continue;
        }
        CHECK(dl_model_output_count(m) == cases[i].outputs, "outputs");
        CHECK(dl_model_input_count(m) == 1 + (i == 3), "inputs");
        in2[0] = i < 3 ? x : dl_slice(x, 0, 0, 1);                /* of the twins, [2,N,5] */
        in2[1] = i < 3 ? NULL : dl_reshape(dl_slice(x, 0, 1, 2), dl_shape2(2, 5));
        if (i == 3) in2[0] = dl_reshape(in2[0], dl_shape2(2, 5));
        if (CHECK(dl_model_predict_all(m, out, in2), "%s", dl_error_text(dl))) {
            dl_tensor *z = cases[i].outputs == 1 ? out[0] : dl_concat(out, 2, -1);
            if (CHECK(z != NULL, "%s", dl_error_text(dl)))
                CHECK_ARRAY_TOL(z->data, y->data, y->size, GOLDEN_TOL);
        }
        dl_free(dl);
    }
}

/* NULL in every place: false, NULL or 0. */
static void null_arguments(void)
{
    dl_tensor *none[1] = { NULL };
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape1(2)), *models[1] = { NULL };
    const char *prefix[1] = { NULL };
    dl_loading o = dl_loading_default();
    CHECK(!dl_model_load_part(NULL, "x", "") && !dl_model_load_from_memory(NULL, "x", 1) &&
          !dl_model_load_part_from_memory(NULL, "x", 1, ""), "models");
    CHECK(!dl_models_save(NULL, "x", models, prefix, 1) &&
          !dl_models_save_to_memory(NULL, NULL, 0, models, prefix, 1), "several");
    CHECK(!dl_models_save(dl, "x", models, prefix, 1), "a NULL model");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_models_save: give 1 or more models of this context");
    CHECK(!dl_models_save(dl, "x", NULL, NULL, 1), "no list");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_models_save: give 1 or more");
    CHECK(!dl_model_load_part(dl, "x", NULL), "no prefix");
    dl_clear_error(dl);
    CHECK(!dl_last_load(NULL) && !dl_last_load(dl), "no load yet");
    CHECK(!dl_model_load_weights(NULL, "x", NULL) &&
          !dl_model_load_weights_from_memory(NULL, "x", 1, NULL) &&
          !dl_load(NULL, "x", none, 1, NULL) &&
          !dl_load_from_memory(NULL, "x", 1, none, 1, NULL), "weights");
    o.prefix = NULL;
    CHECK(!dl_model_load_weights(m, "x", &o), "prefix NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "a prefix or renames that are NULL");
    CHECK(!dl_recurrent_set_names(NULL, "", NULL) && !dl_recurrent_set_names(none, "", NULL) &&
          !dl_multihead_attention_set_names(NULL, "") &&
          !dl_transformer_encoder_set_names(NULL, "") && !dl_transformer_encoder_set_names(none, "")
          && !dl_transformer_decoder_set_names(NULL, ""), "names");
    CHECK(!dl_npy_load(dl, NULL) && !dl_npy_load_from_memory(dl, NULL, 1), "npy");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_npy_load: the path is NULL");
    dl_free(dl);
}

/* ---- files written here ---- */

static uint64_t hash_of(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * UINT64_C(0x100000001B3);
    return h;
}

/* Is this file as it was when the other library last looked at it? DL_GOLDEN_OUT=directory writes
   it there instead. */
static void compare(const char *name, const uint8_t *p, size_t n)
{
    char line[200], want[200];
    bool found = false;
    const char *out = getenv("DL_GOLDEN_OUT");
    if (out) {
        snprintf(line, sizeof line, "%s/%s", out, name);
        FILE *f = fopen(line, "wb");
        CHECK(f && fwrite(p, 1, n, f) == n, "%s", line);
        if (f) fclose(f);
        return;
    }
    snprintf(want, sizeof want, "%s %016llx\n", name, (unsigned long long)hash_of(p, n));
    FILE *f = fopen(golden("models_hashes.txt"), "r");
    while (f && fgets(line, sizeof line, f)) found = found || strcmp(line, want) == 0;
    if (f) fclose(f);
    CHECK(found, "%s has changed; run make golden", name);
}

static void written_here(void)
{
    if (sizeof(dl_real) != 4) {
        SKIP("the hashes of files written here are those of floats");
        return;
    }
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = torch_cnn(dl);
    size_t size;
    uint8_t *p;
    fill_model(m);
    dl_model_compile(m, DL_MSE, dl_adam(0.001));
    p = saved(m, &size);
    compare("cnn.safetensors", p, size);
    if (getenv("DL_GOLDEN_OUT")) {
        char path[200];
        dl_tensor *x = batch_for(m, -1, 1);
        snprintf(path, sizeof path, "%s/cnn_x.npy", getenv("DL_GOLDEN_OUT"));
        dl_npy_save(x, path);
        snprintf(path, sizeof path, "%s/cnn_y.npy", getenv("DL_GOLDEN_OUT"));
        dl_npy_save(dl_model_predict(m, x), path);
    }
    free(p);
    dl_tensor *x = dl_zeros(dl, dl_shape3(2, 3, 4));
    test_fill(x->data, x->size, 5, -1, 1);
    size = dl_npy_save_to_memory(x, NULL, 0);
    p = (uint8_t *)malloc(size);
    dl_npy_save_to_memory(x, p, size);
    compare("array.npy", p, size);
    free(p);
    for (int i = 0; i < 2; i++) {                        /* for nn.LSTM and TransformerEncoder */
        dl_tensor *w[12];
        dl_recurrent r = dl_recurrent_default();
        char path[200];
        r.bidirectional = true;
        if (i == 0) dl_recurrent_init(dl, w, DL_LSTM, 3, 4, &r);
        else dl_transformer_encoder_init(dl, w, 8, 16);
        const int n = i == 0 ? dl_recurrent_param_count(&r) : 12;
        if (i == 0) dl_recurrent_set_names(w, "", &r);
        else dl_transformer_encoder_set_names(w, "layers.0.");
        for (int k = 0; k < n; k++) test_fill(w[k]->data, w[k]->size, (unsigned)k, -0.5, 0.5);
        snprintf(path, sizeof path, "%s/dlh-%lx.safetensors", test_dir(),
                 (unsigned long)(uintptr_t)&dl ^ (unsigned long)time(NULL));
        CHECK(dl_save(dl, path, w, n), "%s", dl_error_text(dl));
        p = test_slurp(path, &size);
        compare(i == 0 ? "lstm.safetensors" : "encoder.safetensors", p, size);
        free(p);
        remove(path);
    }
    dl_free(dl);
}

/* ---- .npy ---- */

static void npy_round_trip(void)
{
    dl_ctx *dl = test_quiet_new(1);
    for (int rank = 0; rank <= DL_MAX_DIMS; rank++) {
        dl_shape s = dl_shape6(2, 3, 1, 2, 2, 3);
        uint8_t p[2048];
        s.rank = rank;
        dl_tensor *t = dl_rand(dl, s);
        const size_t size = dl_npy_save_to_memory(t, p, sizeof p);
        dl_tensor *back = dl_npy_load_from_memory(dl, p, size);
        if (!CHECK(back != NULL, "rank %d: %s", rank, dl_error_text(dl))) continue;
        CHECK(dl_shape_equal(back->shape, t->shape) &&
              memcmp(back->data, t->data, (size_t)t->size * sizeof *t->data) == 0, "rank %d", rank);
        CHECK((size - (size_t)t->size * sizeof *t->data) % 64 == 0, "aligned");
    }
    dl_free(dl);
}

/* Files of numpy.save: every dtype, both byte orders, C and Fortran order. They hold
   [[0, 1, 2], [3, 4, 100]], or of booleans 0 and 1. */
static void npy_golden(void)
{
    static const char *const types[] = { "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4",
                                         "u8", "b1" };
    dl_ctx *dl = test_quiet_new(1);
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 4; k++) {
            char name[80];
            snprintf(name, sizeof name, "npy/%s_%s_%c.npy", types[i], k & 1 ? "big" : "little",
                     k & 2 ? 'F' : 'C');
            dl_tensor *t = dl_npy_load(dl, golden(name));
            if (!CHECK(t != NULL, "%s: %s", name, dl_error_text(dl))) continue;
            CHECK(t->shape.rank == 2 && t->shape.dim[0] == 2 && t->shape.dim[1] == 3, "shape");
            for (int e = 0; e < 6; e++)
                CHECK((double)t->data[e] == (types[i][0] == 'b' ? e > 0 : e == 5 ?
                      (types[i][0] == 'u' ? 100 : -100) : e), "%s [%d] is %g", name, e,
                      (double)t->data[e]);
        }
    CHECK(!dl_npy_load(dl, golden("npy/complex.npy")), "complex");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "has numbers of type '<c8'");
    CHECK(!dl_npy_load(dl, golden("npy/text.npy")), "text");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "has numbers of type '<U2'");
    CHECK(!dl_npy_load(dl, golden("npy/record.npy")), "a record");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "its header should have a descr of one type");
    CHECK(!dl_npy_load(dl, "no-such-file"), "no file");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_npy_load: cannot open no-such-file");
    CHECK(!dl_npy_load(NULL, "x") && !dl_npy_save(NULL, "x") &&
          !dl_npy_load_from_memory(NULL, "x", 1) && !dl_npy_save_to_memory(NULL, NULL, 0),
          "NULL fails silently");
    dl_free(dl);
}

static void npy_hostile(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t good[512];
    dl_tensor *x = dl_zeros(dl, dl_shape2(2, 3));
    const size_t size = dl_npy_save_to_memory(x, good, sizeof good);
    long before = count_live;
    for (size_t n = 0; n <= size; n++)
        for (int k = 0; k < 9; k++) {
            const size_t length = k < 8 ? size : n;
            uint8_t *p = (uint8_t *)malloc(length + 1);
            memcpy(p, good, length);
            if (k < 8 && n < size) p[n] ^= (uint8_t)(1 << k);
            dl_tensor *t = dl_npy_load_from_memory(dl, p, length);
            CHECK(t || dl_error(dl) != DL_OK, "byte %d: a message", (int)n);
            CHECK(k < 8 || n == size || !t, "%d of %d bytes", (int)n, (int)size);
            dl_clear_error(dl);
            dl_tensor_free(t);
            free(p);
            CHECK(count_live == before, "%ld blocks left, byte %d", count_live - before, (int)n);
        }
    dl_free(dl);
}

int main(void)
{
    TEST(every_layer);
    TEST(graphs);
    TEST(everything_comes_back);
    TEST(classes_and_scaling);
    TEST(own_things);
    TEST(refusals);
    TEST(hostile_model);
    TEST(out_of_memory);
    TEST(parts);
    TEST(torch_recurrent);
    TEST(torch_recurrent_model);
    TEST(torch_attention);
    TEST(torch_attention_model);
    TEST(torch_in_order);
    TEST(no_order_by_letters);
    TEST(misfits);
    TEST(keras_models);
    TEST(null_arguments);
    TEST(written_here);
    TEST(npy_round_trip);
    TEST(npy_golden);
    TEST(npy_hostile);
    return test_end();
}
