/* layers.c - the layers of a model: shapes, names, sizes and how their parameters start, what each
   computes, and what can't be added.

       cc -std=c99 -I. tests/layers.c -o build/layers -lm && build/layers  */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static dl_ctx *quiet_context(uint64_t seed)
{
    dl_ctx *dl = dl_new(seed);
    test_quiet(dl);
    return dl;
}

/* "[1,28,28]" into one of four buffers. */
static const char *shape_text(dl_shape s)
{
    static char text[4][100];
    static int turn;
    char *t = text[turn++ % 4];
    int at = snprintf(t, 100, "[");
    for (int i = 0; i < s.rank; i++)
        at += snprintf(t + at, (size_t)(100 - at), i ? ",%ld" : "%ld", (long)s.dim[i]);
    snprintf(t + at, (size_t)(100 - at), "]");
    return t;
}

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* -------------------------------------------------------------------- shapes, names, sizes ---- */

static void shapes_and_names(void)
{
    static const struct { const char *name, *type, *in, *out; int params; } want[] = {
        { "dense_1", "Dense", "[1,28,28]", "[1,28,4]", 2 },
        { "flatten_1", "Flatten", "[1,28,4]", "[112]", 0 },
        { "dense_2", "Dense", "[112]", "[16]", 1 },
        { "activation_1", "Activation", "[16]", "[16]", 0 },
        { "dropout_1", "Dropout", "[16]", "[16]", 0 },
        { "dropout_2", "Dropout", "[16]", "[16]", 0 },
        { "dense_3", "Dense", "[16]", "[10]", 2 },
        { "activation_2", "Activation", "[10]", "[10]", 0 } };
    static const struct { const char *name, *shape; } params[] = {
        { "dense_1.weight", "[4,28]" }, { "dense_1.bias", "[4]" }, { "dense_2.weight", "[16,112]" },
        { "dense_3.weight", "[10,16]" }, { "dense_3.bias", "[10]" } };
    const int n = (int)(sizeof want / sizeof want[0]), k = (int)(sizeof params / sizeof params[0]);
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_dense no_bias = dl_dense_default(16, DL_LINEAR);
    no_bias.bias = false;
    CHECK(dl_model_add_dense(m, 4, DL_TANH) == dl_model_layer(m, 0), "the layer is returned");
    dl_model_add_flatten(m);
    dl_model_add_dense_with(m, &no_bias);
    dl_model_add_activation(m, DL_RELU);
    dl_model_add_dropout(m, 0.25);
    dl_model_add_dropout(m, 0);
    dl_model_add_dense(m, 10, DL_LINEAR);
    dl_model_add_activation(m, DL_SOFTMAX);
    CHECK(dl_model_layer_count(m) == n && dl_error(dl) == DL_OK, "%d layers: %s",
          dl_model_layer_count(m), dl_error_text(dl));
    for (int i = 0; i < n; i++) {
        const dl_layer *l = dl_model_layer(m, i);
        CHECK(same(l->name, want[i].name) && same(l->type->name, want[i].type), "%s (%s)", l->name,
              l->type->name);
        CHECK(same(shape_text(l->input[0]), want[i].in) &&
              same(shape_text(l->output[0]), want[i].out),
              "%s: %s to %s", l->name, shape_text(l->input[0]), shape_text(l->output[0]));
        CHECK(l->params == want[i].params && l->states == 0 && l->model == m, "%s: %d parameters",
              l->name, l->params);
    }
    CHECK(dl_model_tensor_count(m) == k, "%d parameters", dl_model_tensor_count(m));
    for (int i = 0; i < k; i++) {
        const dl_tensor *t = dl_model_param(m, i);
        CHECK(same(t->name, params[i].name) && same(shape_text(t->shape), params[i].shape),
              "%d: %s %s", i, t->name, shape_text(t->shape));
        CHECK(t == dl_model_params(m)[i] && t == dl_model_find(m, params[i].name), "%s", t->name);
        CHECK(t->requires_grad && t->grad, "%s is trained", t->name);
    }
    CHECK(dl_model_param_count(m) == 28 * 4 + 4 + 112 * 16 + 16 * 10 + 10, "%ld numbers",
          (long)dl_model_param_count(m));
    CHECK(!dl_model_layer(m, -1) && !dl_model_layer(m, n) && !dl_model_param(m, -1) &&
          !dl_model_param(m, k) && !dl_model_find(m, "dense_9.weight") && !dl_model_find(m, NULL),
          "what is not there");
    CHECK(dl_model_layer_count(NULL) == 0 && dl_model_tensor_count(NULL) == 0 &&
          dl_model_param_count(NULL) == 0 && !dl_model_params(NULL) && !dl_model_layer(NULL, 0) &&
          !dl_model_find(NULL, "x") && !dl_model_param(NULL, 0), "of no model");
    dl_free(dl);
}

/* The documents' dense programs: S0, S1 and S3. */
static void documents_sizes(void)
{
    static const struct { bool flatten; int units; double dropout; long size; } want[3] = {
        { false, 512, 0, 407050 }, { true, 128, 0.2, 101770 }, { false, 500, 0, 397510 } };
    for (int i = 0; i < 3; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, want[i].flatten ? dl_shape3(1, 28, 28) : dl_shape1(784));
        if (want[i].flatten) dl_model_add_flatten(m);
        dl_model_add_dense(m, want[i].units, DL_RELU);
        if (want[i].dropout > 0) dl_model_add_dropout(m, want[i].dropout);
        dl_model_add_dense(m, 10, DL_SOFTMAX);
        CHECK(dl_model_param_count(m) == want[i].size, "%ld parameters, not %ld",
              (long)dl_model_param_count(m), want[i].size);
        dl_free(dl);
    }
}

/* -------------------------------------------------------------------------- initialization ---- */

/* All n numbers in [-r, r], reaching both ends, with mean 0 and variance r^2 / 3. */
static void check_uniform(const dl_tensor *t, double r)
{
    double lo = 0, hi = 0, sum = 0, squares = 0;
    const double n = (double)t->size;
    for (dl_int i = 0; i < t->size; i++) {
        const double w = (double)t->data[i];
        lo = fmin(lo, w);
        hi = fmax(hi, w);
        sum += w;
        squares += w * w;
    }
    CHECK(lo >= -r * 1.000001 && hi <= r * 1.000001, "%s: [%g, %g] leaves [-%g, %g]", t->name, lo,
          hi, r, r);
    CHECK(lo < -0.99 * r && hi > 0.99 * r, "%s: [%g, %g] does not fill [-%g, %g]", t->name, lo, hi,
          r, r);
    CHECK(fabs(sum / n) < 5 * r / sqrt(3 * n), "%s: mean %g", t->name, sum / n);
    CHECK_CLOSE(squares / n, r * r / 3, 0.05, 0);
}

static void starts(void)
{
    dl_ctx *dl = quiet_context(3), *twin = quiet_context(3), *other = quiet_context(4);
    dl_model *m[3];
    const dl_tensor *w[3], *b;
    dl_ctx *all[3];
    all[0] = dl; all[1] = twin; all[2] = other;
    for (int i = 0; i < 3; i++) {
        m[i] = dl_model_new(all[i], dl_shape1(200));
        dl_model_add_dense(m[i], 100, DL_RELU);
        dl_model_add_dense(m[i], 50, DL_SOFTMAX);
        w[i] = dl_model_find(m[i], "dense_1.weight");
        b = dl_model_find(m[i], "dense_1.bias");
        check_uniform(w[i], sqrt(6.0 / (200 + 100)));
        check_uniform(dl_model_find(m[i], "dense_2.weight"), sqrt(6.0 / (100 + 50)));
        for (dl_int k = 0; k < 100; k++) CHECK(b->data[k] == 0, "bias %g", (double)b->data[k]);
    }
    CHECK(memcmp(w[0]->data, w[1]->data, 20000 * sizeof(dl_real)) == 0, "one seed, two weights");
    CHECK(memcmp(w[0]->data, w[2]->data, 20000 * sizeof(dl_real)) != 0, "two seeds, one weight");
    for (int i = 0; i < 3; i++) dl_free(all[i]);
}

/* Other initializers, as options: PyTorch's, constants; penalties and activation read back. */
static void dense_options(void)
{
    dl_ctx *dl = quiet_context(5);
    dl_model *m = dl_model_new(dl, dl_shape1(400));
    dl_dense d = dl_dense_default(80, DL_GELU);
    const dl_layer *l;
    CHECK(d.units == 80 && d.activation == DL_GELU && d.bias && d.l1 == 0 && d.l2 == 0 &&
          d.weight_init.kind == DL_INIT_GLOROT_UNIFORM && d.bias_init.kind == DL_INIT_CONSTANT,
          "defaults");
    d.weight_init = dl_init_torch(400);
    d.bias_init = dl_init_constant(0.5);
    d.l1 = 0.25;
    d.l2 = 0.125;
    l = dl_model_add_dense_with(m, &d);
    if (!CHECK(l != NULL, "%s", dl_error_text(dl))) return;
    check_uniform(l->param[0], 0.05); /* 1 / sqrt(400) */
    CHECK(l->param[1]->data[0] == (dl_real)0.5 && l->param[1]->data[79] == (dl_real)0.5, "bias");
    CHECK(l->l1 == 0.25 && l->l2 == 0.125 && l->activation == DL_GELU, "options of %s", l->name);
    dl_free(dl);
}

/* ----------------------------------------------------------------------- what they compute ---- */

static dl_tensor *linear(dl_tensor *x) { return x; }
static dl_tensor *leaky_relu(dl_tensor *x) { return dl_leaky_relu(x, 0.01); }
static dl_tensor *elu(dl_tensor *x) { return dl_elu(x, 1); }

/* Every activation by its constant is the operation, alone and in both kinds of layer. */
static void activations(void)
{
    static const struct { dl_activation f; const char *name; dl_tensor *(*op)(dl_tensor *); }
    all[] = {
        { DL_LINEAR, "linear", linear }, { DL_RELU, "relu", dl_relu },
        { DL_SIGMOID, "sigmoid", dl_sigmoid }, { DL_TANH, "tanh", dl_tanh },
        { DL_SOFTMAX, "softmax", dl_softmax }, { DL_LEAKY_RELU, "leaky_relu", leaky_relu },
        { DL_ELU, "elu", elu }, { DL_GELU, "gelu", dl_gelu }, { DL_SILU, "silu", dl_silu },
        { DL_SOFTPLUS, "softplus", dl_softplus } };
    const int n = (int)(sizeof all / sizeof all[0]);
    dl_real data[12];
    CHECK(n == (int)DLI_ACTIVATION_COUNT, "%d activations are tested, there are %d", n,
          (int)DLI_ACTIVATION_COUNT);
    test_fill(data, 12, 7, -3, 3);
    for (int i = 0; i < n; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_tensor *x = dl_from(dl, dl_shape2(3, 4), data), *y, *want = all[i].op(x);
        dl_model *alone = dl_model_new(dl, dl_shape1(4)), *dense = dl_model_new(dl, dl_shape1(4));
        CHECK(same(dl_activation_name(all[i].f), all[i].name), "%s",
              dl_activation_name(all[i].f));
        y = dl_activate(x, all[i].f);
        if (CHECK(y && y->size == 12, "%s", all[i].name)) CHECK_ARRAY(y->data, want->data, 12);
        dl_model_add_activation(alone, all[i].f);
        y = dl_model_forward(alone, x);
        if (CHECK(y && y->size == 12, "%s", all[i].name)) CHECK_ARRAY(y->data, want->data, 12);
        dl_model_add_dense(dense, 5, all[i].f);
        want = all[i].op(dl_linear(x, dl_model_param(dense, 0), dl_model_param(dense, 1)));
        y = dl_model_forward(dense, x);
        if (CHECK(y && y->size == 15, "%s", all[i].name)) CHECK_ARRAY(y->data, want->data, 15);
        CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
        dl_free(dl);
    }
    CHECK(!dl_activate(NULL, DL_RELU) && !dl_activate(NULL, DL_LINEAR), "of nothing");
    CHECK(same(dl_activation_name((dl_activation)n), "unknown"), "name of none");
}

/* On [T,D] a dense layer works on each row, like Keras'; flatten puts rows side by side. */
static void dense_on_rows(void)
{
    dl_real data[24];
    dl_ctx *dl = quiet_context(2);
    dl_model *m = dl_model_new(dl, dl_shape2(3, 4));
    dl_tensor *x, *y, *row, *z;
    test_fill(data, 24, 3, -1, 1);
    dl_model_add_dense(m, 5, DL_TANH);
    dl_model_add_flatten(m);
    dl_fill(dl_model_param(m, 1), 0.5);
    x = dl_from(dl, dl_shape3(2, 3, 4), data);
    y = dl_model_forward(m, x);
    if (!CHECK(y && same(shape_text(y->shape), "[2,15]"), "%s", dl_error_text(dl))) return;
    for (int r = 0; r < 6; r++) {
        row = dl_from(dl, dl_shape2(1, 4), data + 4 * r);
        z = dl_tanh(dl_linear(row, dl_model_param(m, 0), dl_model_param(m, 1)));
        CHECK_ARRAY(y->data + 5 * r, z->data, 5);
    }
    dl_free(dl);
}

/* In training a dropout layer drops a part p and scales the rest; in evaluation it does nothing. */
static void dropout_layer(void)
{
    dl_ctx *dl = quiet_context(9);
    dl_model *m = dl_model_new(dl, dl_shape1(4000)), *none = dl_model_new(dl, dl_shape1(4000));
    dl_tensor *x = dl_ones(dl, dl_shape2(1, 4000)), *y;
    int dropped = 0;
    dl_model_add_dropout(m, 0.25);
    dl_model_add_dropout(none, 0);
    y = dl_model_forward(m, x);
    for (int i = 0; i < 4000; i++) {
        dropped += y->data[i] == 0;
        CHECK(y->data[i] == 0 || y->data[i] == (dl_real)(1 / 0.75), "%g", (double)y->data[i]);
    }
    CHECK(dropped > 900 && dropped < 1100, "%d of 4000 dropped", dropped); /* 1000 +- 3.6 sigma */
    CHECK_ARRAY(dl_model_forward(none, x)->data, x->data, 4000);
    dl_set_training(dl, false);
    CHECK_ARRAY(dl_model_forward(m, x)->data, x->data, 4000);
    dl_free(dl);
}

/* -------------------------------------------------------------------- layers of the user's ---- */

/* y = x * sigmoid(W x), as in dl.h's documentation. */
static bool gate_build(dl_layer *l)
{
    const dl_int D = l->input[0].dim[0];
    return dl_layer_param(l, "weight", dl_shape2(D, D), dl_init_glorot_uniform()) != NULL;
}
static void gate_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul(x[0], dl_sigmoid(dl_linear(x[0], l->param[0], DL_NONE)));
}
static const dl_layer_type gate = { "Gate", "gate", 0, NULL, 1, gate_build, gate_forward, NULL,
                                    NULL, NULL };

/* A type with another's prefix: the names are still all different, or it could not be saved. */
static void own_prefix(void)
{
    static const dl_layer_type like = { "Like", "dense", 0, NULL, 1, gate_build, gate_forward, NULL,
                                        NULL, NULL };
    dl_ctx *dl = quiet_context(3);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_model_add_dense(m, 4, DL_RELU);
    const dl_layer *l = dl_model_add(m, &like, NULL);
    CHECK(l && same(l->name, "dense_2") && dl_model_save_to_memory(m, NULL, 0) > 0, "%s",
          dl_error_text(dl));
    dl_free(dl);
}

static void own_layer(void)
{
    dl_ctx *dl = quiet_context(3), *other = quiet_context(4);
    dl_model *m = dl_model_new(dl, dl_shape1(4)), *copy;
    dl_real data[12];
    dl_tensor *x, *y, *want, *const *p;
    dl_model_add(m, &gate, NULL);
    dl_model_add_dense(m, 3, DL_RELU);
    const dl_layer *l = dl_model_add(m, &gate, NULL);
    if (!CHECK(l && same(l->name, "gate_2") && l->type == &gate && l->params == 1 &&
               same(l->param[0]->name, "gate_2.weight"), "%s", dl_error_text(dl))) return;
    CHECK(same(shape_text(l->output[0]), "[3]"), "%s", shape_text(l->output[0]));
    test_fill(data, 12, 5, -1, 1);
    x = dl_from(dl, dl_shape2(3, 4), data);
    p = dl_model_params(m);
    want = dl_mul(x, dl_sigmoid(dl_linear(x, p[0], DL_NONE)));
    want = dl_relu(dl_linear(want, p[1], p[2]));
    want = dl_mul(want, dl_sigmoid(dl_linear(want, p[3], DL_NONE)));
    y = dl_model_forward(m, x);
    if (CHECK(y && y->size == 9, "%s", dl_error_text(dl))) CHECK_ARRAY(y->data, want->data, 9);
    CHECK(dl_backward(dl_sum(y)) && p[0]->grad[0] != 0, "it learns: %s", dl_error_text(dl));
    copy = dl_model_clone(other, m);
    x = dl_from(other, dl_shape2(3, 4), data);
    y = dl_model_forward(copy, x);
    if (CHECK(y && y->size == 9, "%s", dl_error_text(other))) CHECK_ARRAY(y->data, want->data, 9);
    CHECK(!dl_layer_param(dl_model_layer(m, 0), "late", dl_shape1(1), dl_init_zeros()), "late");
    CHECK_ERROR(dl, DL_ERR_STATE, "gate_1: parameters, states and outputs are made by the build");
    CHECK(!dl_find_layer(dl, "Gate") && dl_register_layer(dl, &gate) &&
          dl_find_layer(dl, "Gate") == &gate && !dl_find_layer(NULL, "Gate"), "registered");
    dl_free(dl);
    dl_free(other);
}

/* Options, twelve parameters, six states, memory of its own, two outputs; then a layer that reads
   two. */
typedef struct split_options { int parts; double scale; } split_options;
static int destroyed;
static bool split_build(dl_layer *l)
{
    const split_options *o = (const split_options *)l->options;
    char name[40];
    if (o->parts < 1) return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %d parts", l->name, o->parts);
    l->own = malloc(16);
    for (int i = 0; i < o->parts; i++) {
        snprintf(name, sizeof name, "part_%d", i);
        if (!dl_layer_param(l, name, dl_shape1(3), dl_init_constant(o->scale))) return false;
        snprintf(name, sizeof name, "state_%d", i);
        if (i % 2 == 0 && !dl_layer_state(l, name, dl_shape1(2), i)) return false;
    }
    if (!dl_layer_set_outputs(l, 2)) return false;
    l->output[1] = dl_shape2(1, 3);
    return true;
}
static void split_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = x[0];
    for (int i = 0; i < l->params; i++) y[0] = dl_mul(y[0], l->param[i]);
    y[1] = dl_reshape(dl_neg(y[0]), dl_shape3(x[0]->shape.dim[0], 1, 3));
}
static void split_destroy(dl_layer *l)
{
    destroyed++;
    free(l->own);
}
static const dl_field split_fields[] = {
    { "parts", DL_FIELD_INT, 1, offsetof(split_options, parts), NULL },
    { "scale", DL_FIELD_DOUBLE, 1, offsetof(split_options, scale), NULL },
    { NULL, DL_FIELD_INT, 0, 0, NULL } };
static const dl_layer_type split = { "Split", "split", sizeof(split_options), split_fields, 1,
                                     split_build, split_forward, split_destroy, NULL, NULL };

static bool join_build(dl_layer *l)
{
    l->output[0] = dl_shape1(3);
    return true;
}
static void join_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    (void)l;
    y[0] = dl_sub(x[0], dl_flatten(x[1]));
}
static const dl_layer_type join = { "Join", "join", 0, NULL, 2, join_build, join_forward, NULL,
                                    NULL, NULL };

static void several_tensors(void)
{
    const dl_real one[6] = { 1, 2, 3, 4, 5, 6 };
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape1(3)), *copy;
    split_options o;
    dl_layer *l;
    memset(&o, 0, sizeof o);
    o.parts = 12;
    o.scale = 0.5;
    destroyed = 0;
    l = dl_model_add(m, &split, &o);
    o.parts = 1;
    if (!CHECK(l && l->params == 12 && l->states == 6 && l->outputs == 2, "%s", dl_error_text(dl)))
        return;
    CHECK(((const split_options *)l->options)->parts == 12, "the options are a copy");
    CHECK(same(l->param[11]->name, "split_1.part_11") && same(l->state[5]->name, "split_1.state_10")
          && l->state[5]->data[1] == 10, "%s", l->param[11]->name);
    CHECK(!dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "two outputs at the end");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_compile: split_1 has 2 outputs; a loss compares one");
    CHECK(dl_model_add(m, &join, NULL) && dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "%s",
          dl_error_text(dl));
    for (int i = 0; i < 2; i++) {
        dl_tensor *x = dl_from(dl, dl_shape2(2, 3), one);
        dl_tensor *y = i ? dl_model_predict(m, x) : dl_model_forward(m, x);
        if (CHECK(y && y->size == 6, "%s", dl_error_text(dl)))
            CHECK_CLOSE(y->data[5], 2 * 6 * pow(0.5, 12), 1e-6, 0);
    }
    copy = dl_model_clone(dl, m);
    CHECK(copy && dl_model_tensor_count(copy) == 12, "%s", dl_error_text(dl));
    dl_model_free(copy);
    CHECK(destroyed == 1, "%d destroyed", destroyed);
    dl_free(dl);
    CHECK(destroyed == 2, "%d destroyed", destroyed);
}

static bool no_build(dl_layer *l)
{
    (void)l;
    return false;
}
static void no_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    (void)l;
    (void)x;
    (void)y;
}
static void flat_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    (void)l;
    y[0] = dl_reshape(x[0], dl_shape1(x[0]->size));
}
static bool long_build(dl_layer *l)
{
    char name[300];
    memset(name, 'n', sizeof name);
    name[299] = 0;
    return dl_layer_param(l, name, dl_shape1(1), dl_init_zeros()) != NULL;
}
static bool twice_build(dl_layer *l)
{
    return dl_layer_param(l, "w", dl_shape1(1), dl_init_zeros()) &&
           dl_layer_state(l, "w", dl_shape1(1), 0);
}
static bool lax_build(dl_layer *l)                    /* does not look at what it gets */
{
    dl_layer_param(l, "w", dl_shape1(-1), dl_init_zeros());
    return true;
}
static bool huge_build(dl_layer *l)
{
    l->output[0] = dl_shape2((dl_int)1 << (4 * sizeof(dl_int)), (dl_int)1 << (4 * sizeof(dl_int)));
    return true;
}

/* What a description can do wrong is said by the layer's name. */
static void own_layer_errors(void)
{
    static const dl_layer_type bad[] = {
        { "Bad", "bad", 0, NULL, 1, no_build, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 2, NULL, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 1, long_build, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 1, twice_build, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 1, lax_build, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 1, huge_build, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 8, NULL, 1, NULL, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 1, NULL, NULL, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 1, NULL, no_forward, NULL, NULL, NULL },
        { "Bad", "bad", 0, NULL, 0, NULL, flat_forward, NULL, NULL, NULL } };
    static const char *const text[] = {
        "bad_1: its build failed", "bad_1: reads 2 tensors, but the layer before it gives 1",
        "nnn' is longer than 255 bytes", "bad_1: it has a tensor named 'w' already",
        "[-1] is no shape",
        "bad_1: an output of shape [", "bad_1: the options are",
        "dl_model_add: a type needs name, prefix and forward",
        "bad_1: its forward gave no output 0",
        "bad_1: its forward gave [8] where its build said [2,4]" };
    for (int i = 0; i < 10; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, dl_shape1(4));
        const bool added = dl_model_add(m, &bad[i], NULL) != NULL;
        CHECK(added == (i > 7), "case %d: %s", i, dl_error_text(dl));
        CHECK(!dl_model_forward(m, dl_zeros(dl, dl_shape2(2, 4))), "case %d", i);
        CHECK(dl_error(dl) != DL_OK && strstr(dl_error_text(dl), text[i]), "case %d: %s", i,
              dl_error_text(dl));
        dl_free(dl);
    }
}

/* Each of the library's descriptions is found by its name, and its fields lie in its options. */
static void descriptions(void)
{
    static const struct { const char *name; int fields; } all[] = {
        { "Flatten", 0 }, { "Activation", 1 }, { "Dropout", 1 }, { "Reshape", 1 }, { "Dense", 7 },
        { "Conv2D", 15 }, { "Conv1D", 15 }, { "Conv2DTranspose", 15 }, { "UpSampling2D", 1 },
        { "MaxPooling2D", 6 }, { "AveragePooling2D", 6 }, { "GlobalAveragePooling2D", 0 },
        { "BatchNormalization", 6 }, { "LayerNormalization", 6 }, { "GroupNormalization", 6 },
        { "SimpleRNN", 4 }, { "LSTM", 4 }, { "GRU", 4 }, { "Bidirectional", 4 },
        { "Embedding", 2 }, { "MultiHeadAttention", 2 } };
    static const size_t size[] = { sizeof(int), sizeof(bool), sizeof(double), sizeof(int),
                                   sizeof(dl_activation), sizeof(dl_shape), sizeof(dl_init) };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const dl_layer_type *t = dl_find_layer(NULL, all[i].name);
        size_t end = 0;
        int n = 0;
        if (!CHECK(t && same(t->name, all[i].name), "%s", all[i].name)) continue;
        for (const dl_field *f = t->fields; f && f->name; f++, n++) {
            CHECK(f->offset >= end && f->offset < end + 16, "%s.%s at %d, after %d", t->name,
                  f->name, (int)f->offset, (int)end);
            end = f->offset + (size_t)f->count * size[f->kind];
        }
        CHECK(n == all[i].fields && end <= t->options_size && t->options_size < end + 8,
              "%s: %d fields, to %d of %d", t->name, n, (int)end, (int)t->options_size);
    }
    CHECK(!dl_find_layer(NULL, "Nothing") && !dl_find_layer(NULL, NULL), "none");
}

/* A frozen batch normalization neither learns nor moves; dl_freeze alone leaves the statistics. */
static void frozen_statistics(void)
{
    for (int i = 0; i < 3; i++) {
        dl_ctx *dl = quiet_context(2);
        dl_model *m = dl_model_new(dl, dl_shape1(3)), *copy;
        dl_layer *l = dl_model_add_batch_normalization(m);
        dl_tensor *x = dl_add_scalar(dl_randn(dl, dl_shape2(8, 3)), 5), *y;
        if (i == 1) dl_freeze(l->param, l->params);
        if (i == 2) CHECK(dl_layer_set_frozen(l, true) && dl_layer_frozen(l), "frozen");
        y = dl_model_forward(m, x);
        CHECK((l->state[0]->data[0] != 0) == (i < 2), "%d: running mean %g", i,
              (double)l->state[0]->data[0]);
        if (i == 2) CHECK_CLOSE(y->data[4], x->data[4] / sqrt(1 + 1e-3), 1e-5, 0);
        CHECK(l->param[0]->requires_grad == (i == 0) && dl_training(dl), "and the mode is back");
        copy = dl_model_clone(dl, m);
        CHECK(dl_layer_frozen(dl_model_layer(copy, 0)) == (i == 2), "the copy");
        if (i == 2) CHECK(dl_layer_set_frozen(l, false) && l->param[0]->requires_grad, "thawed");
        dl_free(dl);
    }
}

/* Words travel as floats, which tell no more than 2^24 whole numbers apart. */
static void many_words(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape1(2));
    const bool floats = sizeof(dl_real) == 4;
    CHECK(dl_model_add_embedding(m, 1 << 10, 1) != NULL, "%s", dl_error_text(dl));
    m = dl_model_new(dl, dl_shape1(2));
    CHECK(!floats || !dl_model_add_embedding(m, (1 << 24) + 1, 1), "2^24 + 1 words");
    if (floats)
        CHECK_ERROR(dl, DL_ERR_LIMIT, "embedding_1: 16777217 words, but a model's inputs are "
                    "floats, which tell only 16777216 whole numbers apart; define DL_REAL double");
    dl_free(dl);
}

/* ---------------------------------------------------------------------------------- errors ---- */

typedef struct bad_layer {
    dl_layer *(*add)(dl_model *m, double v);
    double value;
    dl_code code;
    const char *text;
} bad_layer;

static dl_layer *add_units(dl_model *m, double v)
{
    return dl_model_add_dense(m, (int)v, DL_RELU);
}
static dl_layer *add_dropout(dl_model *m, double p) { return dl_model_add_dropout(m, p); }
static dl_layer *add_l1(dl_model *m, double v)
{
    dl_dense d = dl_dense_default(3, DL_RELU);
    d.l1 = v;
    return dl_model_add_dense_with(m, &d);
}
static dl_layer *add_l2(dl_model *m, double v)
{
    dl_dense d = dl_dense_default(3, DL_RELU);
    d.l2 = v;
    return dl_model_add_dense_with(m, &d);
}
static dl_layer *add_no_options(dl_model *m, double v)
{
    (void)v;
    return dl_model_add_dense_with(m, NULL);
}
static dl_layer *add_dense_f(dl_model *m, double v)
{
    return dl_model_add_dense(m, 3, (dl_activation)(int)v);
}
static dl_layer *add_f(dl_model *m, double v)
{
    return dl_model_add_activation(m, (dl_activation)(int)v);
}

/* A layer that can't be added leaves the model without it, and the model refuses to work, whatever
   becomes of the error: no network is trained that lacks a layer. */
static void bad_layers(void)
{
    static const bad_layer bad[] = {
        { add_units, 0, DL_ERR_ARGUMENT, "dense_2: 0 units; give 1 or more" },
        { add_units, -7, DL_ERR_ARGUMENT, "dense_2: -7 units; give 1 or more" },
        { add_dropout, 1, DL_ERR_ARGUMENT, "dropout_1: the probability 1 is not in [0, 1)" },
        { add_dropout, -0.5, DL_ERR_ARGUMENT, "dropout_1: the probability -0.5 is not in [0, 1)" },
        { add_dropout, NAN, DL_ERR_ARGUMENT, "dropout_1: rate is NaN" },
        { add_l1, -1, DL_ERR_ARGUMENT, "dense_2: the penalties l1 -1 and l2 0 must be 0 or more" },
        { add_l2, NAN, DL_ERR_ARGUMENT, "dense_2: l2 is NaN" },
        { add_no_options, 0, DL_ERR_ARGUMENT, "dense_2: the options are NULL" },
        { add_dense_f, 10, DL_ERR_ARGUMENT, "dense_2: no activation 10; there are 0 to 9" },
        { add_f, 15, DL_ERR_ARGUMENT, "activation_1: no activation 15; there are" } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dl_ctx *dl = quiet_context(1);
        dl_model *m = dl_model_new(dl, dl_shape1(4));
        dl_tensor *x = dl_zeros(dl, dl_shape2(2, 4));
        dl_model_add_dense(m, 3, DL_RELU);
        CHECK(!bad[i].add(m, bad[i].value), "added: %s", bad[i].text);
        CHECK(dl_model_add_dense(m, 2, DL_SOFTMAX) != NULL, "the next layer");
        CHECK(!dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.1)) &&
              !dl_model_forward(m, x) && !dl_model_predict(m, x) && !dl_model_clone(dl, m),
              "used in spite of: %s", bad[i].text);
        CHECK_ERROR(dl, bad[i].code, bad[i].text);
        CHECK(dl_model_layer_count(m) == 2 && dl_model_tensor_count(m) == 4,
              "%d layers, %d tensors", dl_model_layer_count(m), dl_model_tensor_count(m));
        CHECK(!dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.1)),
              "compiled after dl_clear_error: %s", bad[i].text);
        CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_compile: this model was not built to its");
        CHECK(!dl_model_forward(m, x), "used after dl_clear_error");
        CHECK_ERROR(dl, DL_ERR_STATE, "this model was not built to its end: ");
        CHECK(!dl_model_predict(m, x) && !dl_model_clone(dl, m), "and so on");
        dl_clear_error(dl);
        CHECK(dl_model_save_weights_to_memory(m, NULL, 0) == 0 &&
              dl_model_save_to_memory(m, NULL, 0) == 0, "saved");
        CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_save_weights_to_memory: this model was not built");
        dl_free(dl);
    }
}

static void wrong_moment(void)
{
    dl_ctx *dl = quiet_context(1);
    dl_model *m = dl_model_new(dl, dl_shape1(4)), *scalar = dl_model_new(dl, dl_shape0());
    dl_model_add_dense(m, 2, DL_LINEAR);
    CHECK(dl_model_compile(m, DL_MSE, dl_sgd(0.1)), "%s", dl_error_text(dl));
    CHECK(!dl_model_add_dense(m, 2, DL_RELU), "after dl_model_compile");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_add: Dense: the model is compiled already; add layers "
                "before dl_model_compile");
    CHECK(!dl_model_add_flatten(m), "after dl_model_compile");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_add: Flatten: the model is compiled already");
    CHECK(!dl_model_add_dropout(m, 0.5), "after dl_model_compile");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_add: Dropout: the model is compiled already");
    CHECK(!dl_model_add_activation(m, DL_RELU), "after dl_model_compile");
    CHECK(dl_model_predict(m, dl_zeros(dl, dl_shape2(1, 4))) && dl_model_layer_count(m) == 1,
          "the compiled model still works");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_add: Activation: the model is compiled already");
    CHECK(!dl_model_add_dense(scalar, 2, DL_RELU), "a dense layer on a single number");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dense_1: its input is a single number; give the model an input "
                "shape of rank 1 or more");
    scalar = dl_model_new(dl, dl_shape0());
    CHECK(dl_model_add_flatten(scalar) && dl_model_add_dense(scalar, 2, DL_RELU),
          "flatten makes it one: %s", dl_error_text(dl));
    CHECK(!dl_model_add_dense(NULL, 2, DL_RELU) && !dl_model_add_flatten(NULL) &&
          !dl_model_add_dropout(NULL, 0.5) && !dl_model_add_activation(NULL, DL_RELU) &&
          !dl_model_add_dense_with(NULL, NULL), "to no model");
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    CHECK(!dl_model_new(dl, dl_shape2(3, -1)), "a negative size");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_new: ");
    CHECK(!dl_model_new(dl, dl_shape6(1, 1, 1, 1, 1, 1)), "no room for the batch dimension");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_new: ");
    CHECK(!dl_model_new(NULL, dl_shape1(1)), "no context");
    dl_free(dl);
}

int main(void)
{
    TEST(shapes_and_names);
    TEST(documents_sizes);
    TEST(starts);
    TEST(dense_options);
    TEST(activations);
    TEST(dense_on_rows);
    TEST(dropout_layer);
    TEST(own_layer);
    TEST(own_prefix);
    TEST(several_tensors);
    TEST(own_layer_errors);
    TEST(descriptions);
    TEST(frozen_statistics);
    TEST(many_words);
    TEST(bad_layers);
    TEST(wrong_moment);
    return test_end();
}
