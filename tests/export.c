/* The room >>export: nets as C files. Here is tested what the file says and what is refused; the
   files themselves are compiled and run by tests/export.sh. For it this program, with DL_EXPORT_OUT
   set to a directory, writes there a file for each net of the list below, with float weights
   (f_NAME.h) and int8 weights (q_NAME.h), and all.c, which runs them; and for each graph of
   tests/golden/onnx/ that can be one. */
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include "nets.h"

/* ---- the files for tests/export.sh ---- */

/* Names that are the same in C, that functions have, that are no C; classes of all kinds; rows of
   zeros; numbers to be scaled. */
static dl_model *net_names(dl_ctx *dl)
{
    static const char *const names[] = { "all.w", "dense", "all w", "all.w_scale",
        "gr\xC3\xB6\xC3\x9F" "e.\"*/", "", "predict", "all-w", "test_in", "W", "x.y", "x_y" };
    static const char *const classes[] = { "\"quoted\" \\n", "gr\xC3\xB6\xC3\x9F", "what?\?/",
                                           "a\nb\177" "1", "" };
    dl_model *m = image_net(dl, 2, 3, 2);
    dl_scaling s = dl_scaling_default();
    s.factor = 1.0 / 255;
    s.channels = 2;
    for (int c = 0; c < 2; c++) {
        s.mean[c] = 0.1 + c;
        s.deviation[c] = 0.3 + c;
    }
    dl_model_set_scaling(m, &s);
    dl_model_add_flatten(m);
    for (int i = 0; i < 5; i++) dl_model_add_dense(m, 5, DL_ELU);
    dl_model_add_dense(m, 5, DL_SOFTMAX);
    for (int i = 0; i < 12; i++) dl_set_name(dl_model_param(m, i), names[i]);
    dl_model_set_class_names(m, classes, 5);
    return m;
}

/* Channels that say nothing: weights, and what normalizes them, are 0. */
static dl_model *net_dead(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 1, 5, 4);
    dl_conv_layer o = dl_conv_layer_default(4, 3, DL_LINEAR);
    o.bias = false;
    dl_model_add_conv2d_with(m, &o);
    dl_model_add_batch_normalization(m);                   /* folded */
    dl_model_add_activation(m, DL_GELU);
    dl_model_add_conv2d_transpose(m, 3, 2, 2, DL_SOFTPLUS);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 3, DL_LINEAR);
    return m;
}
static void kill_channels(dl_model *m)
{
    for (int i = 0; i < dl_model_layer_count(m); i++) {
        const dl_layer *l = dl_model_layer(m, i);
        const dl_int row = l->params ? l->param[0]->size / l->param[0]->shape.dim[0] : 0;
        for (dl_int k = 0; k < row; k++) l->param[0]->data[k] = 0;
    }
}

/* Several outputs of one kind, an image and a view of it among them. */
static dl_model *net_outputs(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 3, 1, 7);
    dl_layer *out[5];
    out[0] = dl_model_add_conv2d(m, 2, 1, DL_SIGMOID);
    out[1] = dl_model_add_flatten(m);
    out[2] = dl_model_add_dense(m, 1, DL_LINEAR);
    dl_model_at(m, out[0]);
    out[3] = dl_model_add_global_average_pooling2d(m);
    dl_model_at(m, out[1]);
    out[4] = dl_model_add_activation(m, DL_RELU);
    dl_model_outputs(m, out, 5);
    return m;
}

/* A layer of one's own that is traced: the gate of >>layers, for steps, too; and one that has most
   operations of floor 2, a state, two inputs and two outputs. */
static bool gate_build(dl_layer *l);
static void gate_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul(x[0], dl_sigmoid(dl_linear(x[0], l->param[0], DL_NONE)));
}
static bool steps_build(dl_layer *l)
{
    const dl_int D = l->input[0].dim[1];
    l->step = l->type->forward;
    return dl_layer_param(l, "weight", dl_shape2(D, D), dl_init_glorot_uniform()) != NULL;
}
static const dl_layer_type steps = { "Steps", "steps", 0, NULL, 1, steps_build, gate_forward, NULL,
                                     dl_c_trace, NULL };
static dl_model *net_traced(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape2(5, 4));
    dl_layer *a = dl_model_add(m, &steps, NULL);
    dl_model_add_gru(m, 3, true);
    dl_model_reuse(m, dl_model_add(m, &steps, NULL));
    return a ? m : NULL;
}

static bool odds_build(dl_layer *l)
{
    const dl_int D = l->input[0].dim[0];
    dl_tensor *mask = dl_layer_state(l, "mask", dl_shape1(D), 0);
    if (!mask || !dl_layer_set_outputs(l, 2)) return false;
    mask->data[1] = (dl_real)-INFINITY;
    l->output[0] = dl_shape2(3, D);
    l->output[1] = dl_shape0();
    return dl_layer_param(l, "table", dl_shape2(2, D), dl_init_glorot_uniform()) &&
           dl_layer_param(l, "square", dl_shape2(D, D), dl_init_glorot_uniform());
}
static void odds_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    static const int32_t order[] = { 1, 0, 1, 1 };
    static const int turned[] = { 0, 2, 1 };
    const dl_int N = x[0] ? x[0]->shape.dim[0] : 0, D = l->input[0].dim[0];
    dl_tensor *z = dl_softmax(dl_add(x[0], l->state[0])), *rows[3];
    dl_tensor *t = dl_gather_rows(l->param[0], order, 4);              /* a constant */
    z = dl_add(z, dl_mean_axis(dl_mul(t, dl_mul_scalar(t, 2)), 0, false));
    rows[0] = dl_matmul(dl_exp(dl_clamp(z, -1, 0.75)), dl_transpose(l->param[1], 0, 1));
    rows[1] = dl_maximum(dl_scalar_sub(1, x[1]), dl_pow(dl_abs(z), 1.5));
    rows[2] = dl_div(dl_leaky_relu(z, 0.3), dl_add_scalar(dl_square(x[1]), 1));
    /* weights that are computed, a product with a constant in front, and rows added to one */
    rows[1] = dl_add(rows[1], dl_linear(x[1], dl_tanh(l->param[1]), DL_NONE));
    t = dl_matmul(l->param[0], dl_reshape(z, dl_shape3(N, D, 1)));                 /* [N,2,1] */
    rows[2] = dl_add(rows[2], dl_sum_axis(dl_reshape(t, dl_shape2(N, 2)), 1, true));
    t = dl_slice(l->param[0], 0, 1, 2);
    rows[0] = dl_add(dl_matmul(rows[0], dl_tanh(l->param[1])), t);
    dl_tensor *all = dl_stack(rows, 3, 1);
    dl_tensor *square = dl_matmul(dl_permute(all, turned), all);   /* [N,D,D] */
    y[0] = dl_sub(all, dl_slice(square, 1, 0, 3));
    y[1] = dl_reshape(dl_min_axis(dl_reshape(dl_slice(square, 2, 1, 3), dl_shape2(N, 2 * D)), 1,
                                  false), dl_shape1(N));
}
static const dl_layer_type odds = { "Odds", "odds", 0, NULL, 2, odds_build, odds_forward, NULL,
                                    dl_c_trace, NULL };
static dl_model *net_odds(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 4);
    dl_layer *from[2];
    from[0] = dl_model_add_dense(m, 4, DL_TANH);
    from[1] = dl_model_add_input(m, dl_shape1(4));
    dl_model_add_from(m, &odds, NULL, from, 2);
    return m;
}

/* Matrices that the forward makes itself, of numbers of its own or of a state's (int8 must not round
   them); the sum of nothing; a product that nobody reads; a parameter in another shape as a
   transposed convolution's weight; in steps, an operation that the whole prediction has not. */
static bool parts_build(dl_layer *l)
{
    dl_tensor *s = dl_layer_state(l, "s", dl_shape1(16), 0);
    for (int i = 0; s && i < 16; i++) s->data[i] = (dl_real)sin(1.7 * i);
    l->step = l->type->forward;
    return s && dl_layer_param(l, "weight", dl_shape2(4, 4), dl_init_glorot_uniform()) &&
           dl_layer_param(l, "cube", dl_shape3(2, 3, 8), dl_init_glorot_uniform());
}
static void parts_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const dl_real own[8] = { (dl_real)0.3, (dl_real)0.7, (dl_real)-0.2, (dl_real)0.11, (dl_real)0.5, 1, 2,
                             (dl_real)-0.77 };
    dl_tensor *z = dl_matmul(dl_matmul(x[0], dl_reshape(l->state[0], dl_shape2(4, 4))),
                             dl_transpose(dl_reshape(l->state[0], dl_shape2(4, 4)), 0, 1));
    z = dl_matmul(dl_matmul(dl_tanh(z), dl_from(l->ctx, dl_shape2(4, 2), own)),
                  dl_from(l->ctx, dl_shape2(2, 4), own));
    dl_tensor *none = dl_mul(dl_slice(x[0], 1, 0, 0), dl_slice(x[0], 1, 1, 1));
    z = dl_add(dl_linear(z, l->param[0], DL_NONE), dl_sum_axis(dl_exp(none), 1, true));
    dl_matmul(dl_reshape(z, dl_shape3(-1, 4, 1)), dl_reshape(z, dl_shape3(-1, 1, 4)));
    y[0] = z;
    dl_tensor *w = dl_reshape(l->param[1], dl_shape4(4, 3, 2, 2));
    z = dl_conv_transpose2d(dl_reshape(z, dl_shape4(-1, 4, 1, 1)), w, DL_NONE, NULL);
    y[0] = dl_mul(y[0], dl_slice(dl_reshape(z, dl_shape2(-1, 12)), 1, 4, 8));
}
static void first_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_add(dl_linear(x[0], l->param[0], DL_NONE), dl_slice(x[0], 1, 0, 1));
}
static const dl_layer_type parts = { "Parts", "parts", 0, NULL, 1, parts_build, parts_forward, NULL,
                                     dl_c_trace, NULL };
static const dl_layer_type first = { "First", "first", 0, NULL, 1, parts_build, first_forward, NULL,
                                     dl_c_trace, NULL };
static dl_model *net_parts(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 4);
    dl_model_add(m, &parts, NULL);
    return m;
}
static dl_model *net_first(dl_ctx *dl)
{
    dl_model *m = dl_model_new(dl, dl_shape2(1, 4));
    dl_model_add(m, &first, NULL);
    dl_model_add_gru(m, 3, true);
    return m;
}

static const net more[] = { NET(names), NET(dead), NET(outputs), NET(traced), NET(odds), NET(parts),
                            NET(first) };
enum { MORE = sizeof more / sizeof more[0] };
static const net *net_of(size_t i) { return i < MORE ? &more[i] : &list[i - MORE]; }

static void upper(char *to, const char *from)
{
    for (; *from; from++) *to++ = (char)(*from >= 'a' && *from <= 'z' ? *from - 'a' + 'A' : *from);
    *to = 0;
}

/* The graphs of others, and which operator of which node refuses those that can't be a C file. */
static const struct { const char *name, *message; } graphs[] = {
    { "beside", NULL }, { "hand_bfloat", NULL }, { "hand_bytes", NULL }, { "hand_constants", NULL },
    { "hand_cross", NULL }, { "hand_double", NULL }, { "hand_half", NULL },
    { "hand_half_raw", NULL }, { "hand_if", "operator If of node 'If_7'" }, { "hand_last", NULL },
    { "hand_nan", NULL }, { "hand_narrow", "operator Cast of node 'Cast_2'" }, { "hand_old", NULL },
    { "hand_pow", "operator Div of node 'Div_2'" }, { "hand_resize", NULL },
    { "hand_resize10", NULL }, { "hand_resize_nearest", NULL }, { "hand_reverse", NULL },
    { "hand_slice", NULL }, { "hand_trilu", NULL }, { "hand_val", NULL },
    { "hand_choice", "operator If of node" }, { "hand_softmax", NULL }, { "hand_softmax11", NULL },
    { "hand_three", NULL }, { "hand_weights", NULL }, { "hand_functions", NULL },
    { "hand_chosen", "operator TopK of node 'TopK_0'" }, { "hand_places", NULL },
    { "hand_edges", NULL }, { "hand_top9", "operator TopK of node 'TopK_0'" },
    { "hand_largest", NULL }, { "hand_sums", NULL }, { "torch_einsum", NULL },
    { "torch_attention", NULL },
    { "hand_whole", "operator Div of node 'Div_6'" }, { "keras_cnn", NULL },
    { "keras_lstm", NULL }, { "keras_mlp", NULL }, { "sklearn_names", NULL },
    { "sklearn_regressor", NULL }, { "sklearn_three", NULL }, { "sklearn_two", NULL },
    { "torch_activations", NULL }, { "torch_encoder", NULL }, { "torch_gru", NULL },
    { "torch_lstm", NULL }, { "torch_mlp", NULL }, { "torch_mlp_one", NULL },
    { "torch_residual", NULL }, { "torch_rnn", NULL }, { "torch_shapes", NULL },
    { "torch_sound", NULL }, { "torch_two", NULL }, { "torch_unet", NULL } };
enum { GRAPHS = sizeof graphs / sizeof graphs[0] };
static dl_model *graph_of(dl_ctx *dl, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "tests/golden/onnx/%s.onnx", name);
    return dl_onnx_load(dl, path, NULL);
}

/* A net of the lists, or without one this graph. */
static void write_net(FILE *all, const char *dir, const net *n, const char *graph, bool int8)
{
    dl_ctx *dl = dl_new(5);
    dl_model *m = n ? n->make(dl) : graph_of(dl, graph);
    dl_export_c o = dl_export_c_default();
    dl_c_report r;
    char path[1000], name[64], capital[64];
    if (n) shake(m);
    if (n && n->make == net_dead) kill_channels(m);
    snprintf(name, sizeof name, "%s_%s", int8 ? "q" : "f", n ? n->name : graph);
    snprintf(path, sizeof path, "%s/%s.h", dir, name);
    upper(capital, name);
    o.name = name;
    o.int8 = int8;
    o.report = &r;
    if (CHECK(dl_model_export_c(m, path, &o), "%s: %s", name, dl_error_text(dl))) {
        fprintf(all, "#define %s_IMPLEMENTATION\n#define %s_SELFTEST\n#include \"%s.h\"\n", capital,
                capital, name);
        fprintf(all, "static void run_%s(void)\n{\n    check(\"%s\", %s_TESTS, %s_IN, %s_OUT, "
                "%s_WORK, %s_test_in, %s_test_out,\n          %s_predict, %s_selftest);\n", name,
                name, capital, capital, capital, capital, name, name, name, name);
        if (r.state)
            fprintf(all, "    check_steps(\"%s\", %s_IN / %s_STEP_IN, %s_STEP_IN, %s_STEP_OUT, "
                    "%s_STEP_WORK, %s_STATE,\n                %s_OUT, %s_test_in, %s_test_out, "
                    "%s_reset, %s_step);\n", name, capital, capital, capital, capital, capital,
                    capital, capital, name, name, name, name);
        fprintf(all, "}\n\n");
    }
    dl_free(dl);
}

static void files_for_compilers(void)
{
    const char *dir = getenv("DL_EXPORT_OUT");
    char path[1000];
    snprintf(path, sizeof path, "%s/all.c", dir);
    FILE *all = fopen(path, "w");
    if (!CHECK(all != NULL, "%s", path)) return;
    fprintf(all, "#include \"export_check.h\"\n\n");
    for (size_t i = 0; i < NETS + MORE; i++)
        for (int int8 = 0; int8 < 2; int8++) write_net(all, dir, net_of(i), NULL, int8 == 1);
    for (size_t i = 0; i < 2 * GRAPHS; i++)
        if (!graphs[i / 2].message) write_net(all, dir, NULL, graphs[i / 2].name, i % 2 == 1);
    fprintf(all, "int main(void)\n{\n");
    for (size_t i = 0; i < NETS + MORE; i++)
        fprintf(all, "    run_f_%s();\n    run_q_%s();\n", net_of(i)->name, net_of(i)->name);
    for (size_t i = 0; i < GRAPHS; i++)
        if (!graphs[i].message)
            fprintf(all, "    run_f_%s();\n    run_q_%s();\n", graphs[i].name, graphs[i].name);
    fprintf(all, "    printf(\"%%d nets, %%d wrong\\n\", nets, nets_wrong);\n"
            "    return nets_wrong > 0 || nets == 0;\n}\n");
    CHECK(fclose(all) == 0, "%s", path);
}

/* ---- what the file says, and what is refused ---- */

/* The file in memory, a string. Free it. */
static char *text_of(dl_model *m, const dl_export_c *o)
{
    const size_t n = dl_model_export_c_to_memory(m, NULL, 0, o);
    char *s = (char *)malloc(n + 1);
    memset(s, '?', n + 1);
    CHECK(dl_model_export_c_to_memory(m, s, n, o) == n && s[n] == '?', "%lu bytes",
          (unsigned long)n);
    s[n] = 0;
    return s;
}

static int count_of(const char *s, const char *part)
{
    int n = 0;
    for (; (s = strstr(s, part)) != NULL; s += strlen(part)) n++;
    return n;
}

/* The bytes of all tables in the file but those of the selftest. */
static long tables_of(const char *s)
{
    long bytes = 0;
    for (; (s = strstr(s, "_CONST ")) != NULL; s++) {
        const long each = strncmp(s, "_CONST float ", 13) == 0 ? 4
                        : strncmp(s, "_CONST signed char ", 19) == 0 ? 1 : 0;
        const char *n = strchr(s, '[');
        if (n && strncmp(n - 7, "test_in", 7) != 0 && strncmp(n - 8, "test_out", 8) != 0)
            bytes += each * strtol(n + 1, NULL, 10);
    }
    return bytes;
}

static void sizes(void)
{
    dl_ctx *dl = test_quiet_new(3);
    dl_model *m = net_s1(dl);
    dl_export_c o = dl_export_c_default();
    dl_c_report r = dl_model_c_size(m, NULL);
    CHECK(r.flash == 4 * (784 * 128 + 128 + 1280 + 10) && r.work == 128 && r.state == 0,
          "%lld bytes, %lld floats", (long long)r.flash, (long long)r.work);
    o.int8 = true;
    r = dl_model_c_size(m, &o);
    CHECK(r.flash == 784 * 128 + 1280 + 8 * 138 && r.flash <= 110 * 1024, "%lld bytes",
          (long long)r.flash);
    CHECK(r.accuracy != r.accuracy && r.agreement != r.agreement, "not measured");
    r = dl_model_c_size(net_conv2d(dl), NULL);   /* 8 x 11 x 9 twice would be 1,584 */
    CHECK(r.work == 8 * 11 * 9 + 6 * 6 * 9, "ReLU in place: %lld floats", (long long)r.work);
    r = dl_model_c_size(net_lstm_last(dl), NULL);
    CHECK(r.state == 14 && r.step_work == 56 + 7, "a step: %lld, %lld", (long long)r.state,
          (long long)r.step_work);
    r = dl_model_c_size(net_bidirectional(dl), NULL);
    CHECK(r.state == 0 && r.step_work == 0, "no steps");
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void memory_is_reused(void)
{
    dl_ctx *dl = test_quiet_new(3);
    dl_model *m = vector_net(dl, 50);
    for (int i = 0; i < 20; i++) dl_model_add_dense(m, 50, DL_RELU);
    const dl_c_report r = dl_model_c_size(m, NULL);
    CHECK(r.work == 100, "two buffers of 50 in turn: %lld", (long long)r.work);
    dl_free(dl);
}

static void what_it_says(void)
{
    dl_ctx *dl = test_quiet_new(3);
    dl_export_c o = dl_export_c_default();
    o.name = "digits";
    char *s = text_of(net_s1(dl), &o);
    CHECK(strncmp(s, "/* digits.h - ", 14) == 0, "%.40s", s);
    CHECK(strstr(s, "#define DIGITS_IN        784 ") &&
          strstr(s, "#define DIGITS_FLASH     407080 "),
          "sizes");
    CHECK(strstr(s, "dense_1 (Dense): [784] to [128], relu"), "the layers");
    CHECK(!strchr(s, '$') && !strchr(s, '@') && !strchr(s, '`') && !strchr(s, '~'), "marks left");
    CHECK(count_of(s, "static void digits_dense(") == 1, "one function for two layers");
    CHECK(!strstr(s, "signed char") && !strstr(s, "READ8"), "float only");
    CHECK(!strstr(s, "malloc") && !strstr(s, "stdio") && !strstr(s, "dl_"), "nothing else needed");
    free(s);
    o.int8 = true;
    o.tests = 0;
    s = text_of(net_s1(dl), &o);
    CHECK(strstr(s, "static DIGITS_CONST signed char digits_dense_1_weight[100352]"), "int8");
    CHECK(!strstr(s, "digits_selftest") && !strstr(s, "TESTS"), "no selftest");
    free(s);
    for (size_t i = 0; i < 2 * (NETS + MORE - 3); i++) {
        const net *n = net_of(i / 2);
        o.tests = 2;
        o.int8 = i % 2 == 0;
        s = text_of(n->make(dl), &o);
        const char *flash = strstr(s, "#define DIGITS_FLASH ");
        CHECK(flash && strtol(flash + 21, NULL, 10) == tables_of(s), "%s: %.40s, but %ld", n->name,
              flash, tables_of(s));
        for (char *line = s, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
            if (!CHECK(end - line <= 100 && (end == line || end[-1] != ' '), "%s: %.*s",
                       n->name, (int)(end - line), line)) break;
        free(s);
    }
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

/* A layer of one's own: the gate of >>layers and >>export. */
static bool gate_build(dl_layer *l)
{
    const dl_int D = l->input[0].dim[0];
    return dl_layer_param(l, "weight", dl_shape2(D, D), dl_init_glorot_uniform()) != NULL;
}
static const char gate_c[] =
    "/* y = x sigmoid(W x), n numbers */\n"
    "static void $_gate(float *y, const float *x, const $_w *w, `~const float *scale, `int n)\n"
    "{\n"
    "    for (int o = 0; o < n; o++) {\n"
    "        float sum = 0.0f;\n"
    "        for (int i = 0; i < n; i++) sum += @_W(w + o * n + i) * x[i];\n"
    "`~        sum *= @_READ(scale + o);\n`"
    "        y[o] = x[o] / (1.0f + expf(-sum));\n"
    "    }\n"
    "}\n";
static bool gate_export(const dl_layer *l, dl_c_file *f)
{
    dl_c_function(f, gate_c);
    dl_c_line(f, "$_gate(#y, #x, #w0, %d);", (int)l->input[0].dim[0]);
    return true;
}
static bool no_export(const dl_layer *l, dl_c_file *f) { return l == NULL || f == NULL; }
static const dl_layer_type gate = { "Gate", "gate", 0, NULL, 1, gate_build, gate_forward, NULL,
                                    gate_export, NULL };
static const dl_layer_type bare = { "Bare", "bare", 0, NULL, 1, gate_build, gate_forward, NULL,
                                    NULL, NULL };
static bool says_no(const dl_layer *l, dl_c_file *f)
{
    return f && dl_fail(l->ctx, DL_ERR_STATE, "%s: not as C", l->name);
}
static const dl_layer_type refusing = { "Refusing", "refusing", 0, NULL, 1, gate_build,
                                        gate_forward, NULL, says_no, NULL };
static const dl_layer_type failing = { "Failing", "failing", 0, NULL, 1, gate_build, gate_forward,
                                       NULL, no_export, NULL };
static dl_model *net_own(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 6);
    dl_model_add(m, &gate, NULL);
    dl_model_add_dense(m, 6, DL_RELU);
    dl_model_add(m, &gate, NULL);
    return m;
}

/* Layers that call the library's functions, or one of its own that has the name of one of those. */
static bool twice_export(const dl_layer *l, dl_c_file *f)
{
    dl_c_line(f, "$_add(#y, #x, #x, %d);", (int)l->input[0].dim[0]);
    return true;
}
static bool own_add_export(const dl_layer *l, dl_c_file *f)
{
    dl_c_function(f, "static void $_add(float *y, const float *x, const float *z, int n)\n"
                  "{\n    for (int i = 0; i < n; i++) y[i] = x[i] + z[i];\n    $_sigmoid(y, n);\n}\n");
    return twice_export(l, f);
}
static const dl_layer_type twice = { "Twice", "twice", 0, NULL, 1, gate_build, gate_forward, NULL,
                                     twice_export, NULL };
static const dl_layer_type own_add = { "OwnAdd", "own_add", 0, NULL, 1, gate_build, gate_forward,
                                       NULL, own_add_export, NULL };
static void library_functions(void)
{
    dl_ctx *dl = test_quiet_new(3);
    for (int own = 0; own < 2; own++) {
        dl_model *m = vector_net(dl, 6);
        dl_model_add(m, own ? &own_add : &twice, NULL);
        char *s = text_of(m, NULL);
        CHECK(count_of(s, "void net_add(") == 1 && count_of(s, "net_add(out, in, in, 6)") == 1, "%s", s);
        CHECK(count_of(s, "void net_sigmoid(") == own && !strstr(s, "net_relu"), "%s", s);
        free(s);
    }
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void own_layers(void)
{
    dl_ctx *dl = test_quiet_new(3);
    dl_export_c o = dl_export_c_default();
    dl_model *m = net_own(dl);
    char *s = text_of(m, &o), *buffer = NULL;
    CHECK(count_of(s, "net_gate(") == 3 && strstr(s, "net_gate(out, work + 6, net_gate_2_weight, 6)"),
          "%s", s);
    free(s);
    dl_model_add(m, &bare, NULL);
    CHECK(dl_model_c_size(m, NULL).flash == -1 && dl_error(dl) == DL_OK, "size");
    CHECK(!dl_model_export_c_to_memory(m, buffer, 0, NULL), "without a hook");
    CHECK_ERROR(dl, DL_ERR_STATE, "bare_1 cannot be exported: its type has no export_c");
    m = net_own(dl);
    dl_model_add(m, &failing, NULL);
    CHECK(!dl_model_export_c_to_memory(m, buffer, 0, NULL), "a hook that fails");
    CHECK_ERROR(dl, DL_ERR_STATE, "the export_c of failing_1 failed");
    m = net_own(dl);
    dl_model_add(m, &refusing, NULL);
    CHECK(dl_model_c_size(m, NULL).flash == -1 && dl_error(dl) == DL_OK, "a size is no failure");
    CHECK(!dl_model_export_c_to_memory(m, buffer, 0, NULL), "a hook that says why");
    CHECK_ERROR(dl, DL_ERR_STATE, "refusing_1: not as C");
    dl_free(dl);
}

static void refused(void)
{
    static const char *const names[] = { "", "9a", "a-b", "_a", "ein_netz_mit_umlaut_\xC3\xA4",
        "a_name_that_has_more_than_forty_letters_in_it" };
    dl_ctx *dl = test_quiet_new(3);
    dl_export_c o = dl_export_c_default();
    dl_model *m = net_single(dl);
    dl_real x[6] = { 1, 2, 3, 4, 5, 6 };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        o.name = names[i];
        CHECK(!dl_model_export_c_to_memory(m, NULL, 0, &o), "%s", names[i]);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "is not one of 1 to 40 letters, digits and _");
    }
    o = dl_export_c_default();
    o.tests = -1;
    CHECK(!dl_model_export_c_to_memory(m, NULL, 0, &o), "tests");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "0 to 1000");
    o.tests = 3;
    o.data = dl_data_from_arrays(dl, x, 2, dl_shape1(3), NULL, 0);
    CHECK(!dl_model_export_c_to_memory(net_inputs(dl), NULL, 0, &o), "several inputs");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "a data set has one input");
    o.data = dl_data_from_arrays(dl, x, 3, dl_shape1(2), NULL, 0);
    CHECK(!dl_model_export_c_to_memory(m, NULL, 0, &o), "samples of another shape");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_predict");
    dl_model *plane = dl_model_new(dl, dl_shape2(3, 2));
    dl_model_add_flatten(plane);
    o.data = dl_data_from_arrays(dl, x, 1, dl_shape2(2, 3), NULL, 0);
    CHECK(!dl_model_export_c_to_memory(plane, NULL, 0, &o), "other axes");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "axes [2,3] are not the model's [3,2]");
    o.data = dl_data_from_arrays(dl, x, 2, dl_shape1(3), NULL, 0);
    dl_fail(dl, DL_ERR_STATE, "an older error");
    CHECK(dl_model_export_c_to_memory(m, NULL, 0, &o) > 0, "an older error is none of now");
    CHECK_ERROR(dl, DL_ERR_STATE, "an older error");
    x[4] = (dl_real)NAN;
    o.data = dl_data_from_arrays(dl, x, 2, dl_shape1(3), NULL, 0);
    CHECK(!dl_model_export_c_to_memory(m, NULL, 0, &o), "NaN in the data");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "number 1 of sample 1 in options.data is nan");
    dl_model_param(m, 0)->data[1] = (dl_real)NAN;
    CHECK(!dl_model_export_c_to_memory(m, NULL, 0, NULL), "NaN");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "dense_1.weight would hold NaN");
    CHECK(!dl_model_export_c(m, NULL, NULL), "no path");
    dl_clear_error(dl);
    m = net_single(dl);
    CHECK(!dl_model_export_c(m, "no/such/directory/net.h", NULL), "a path that is none");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_model_export_c: cannot write");
    CHECK(!dl_model_export_c(NULL, "x", NULL) && !dl_model_export_c_to_memory(NULL, NULL, 0, NULL) &&
          dl_model_c_size(NULL, NULL).work == -1, "NULL");
    dl_free(dl);
}

/* Numbers that show only when layers are folded or the selftest is computed: there is no file that
   would not compile. */
static void not_to_be_compiled(void)
{
    static const double var[3] = { (double)NAN, -1, 0 };
    dl_ctx *dl = test_quiet_new(3);
    for (int i = 0; i < 3; i++) {
        dl_model *m = vector_net(dl, 3);
        dl_model_add_dense(m, 2, DL_LINEAR);
        dl_model_add_batch_normalization(m);
        dl_export_c o = dl_export_c_default();
        o.tests = 0;
        o.int8 = i == 1;
        dl_layer *n = dl_model_layer(m, 1);
        n->state[1]->data[1] = (dl_real)var[i];
        if (i == 2) n->param[0]->data[1] = (dl_real)3e38;
        CHECK(!dl_model_export_c_to_memory(m, NULL, 0, &o), "a variance of %g", var[i]);
        CHECK_ERROR(dl, DL_ERR_NUMERIC, "would hold NaN, infinity or more than a float can");
    }
    dl_model *m = vector_net(dl, 3);
    dl_layer *a = dl_model_add_dense(m, 2, DL_LINEAR), *b = dl_model_add_dense(m, 2, DL_LINEAR);
    a->param[0]->data[0] = (dl_real)3e38;
    b->param[0]->data[0] = 4;
    b->param[0]->data[1] = 0;
    CHECK(!dl_model_export_c_to_memory(m, NULL, 0, NULL) || sizeof(dl_real) > 4, "infinite answers");
    if (dl_error(dl)) CHECK_ERROR(dl, DL_ERR_NUMERIC, "test_out would hold NaN");
    dl_free(dl);
}

/* Every graph is a C file, or refused by operator and node before there is one; both as int8, too.
   The tape is afterwards what it was. */
static void graphs_of_others(void)
{
    int exported = 0, refusals = 0;
    for (size_t i = 0; i < GRAPHS; i++) {
        dl_ctx *dl = test_quiet_new(3);
        dl_model *m = graph_of(dl, graphs[i].name);
        dl_export_c o = dl_export_c_default();
        dl_tensor *w = dl_param(dl, dl_shape1(3), dl_init_constant(2));
        dl_tensor *loss = dl_sum(dl_square(w));
        const size_t bytes = dl_tape_bytes(dl);
        for (int int8 = 0; m && int8 < 2; int8++) {
            o.int8 = int8 == 1;
            const dl_c_report r = dl_model_c_size(m, &o);
            const size_t size = dl_model_export_c_to_memory(m, NULL, 0, &o);
            CHECK((size > 0) == !graphs[i].message && (r.flash >= 0) == (size > 0), "%s: %s",
                  graphs[i].name, dl_error_text(dl));
            if (graphs[i].message) CHECK_ERROR(dl, DL_ERR_FORMAT, graphs[i].message);
        }
        *(graphs[i].message ? &refusals : &exported) += 1;
        CHECK(dl_backward(loss) && w->grad[0] == 4, "%s: what was on the tape is there", graphs[i].name);
        for (int k = 0; m && k < 3; k++) dl_model_c_size(m, NULL);
        CHECK(m && dl_tape_bytes(dl) < bytes + (1 << 24), "%s: %s", graphs[i].name, dl_error_text(dl));
        dl_free(dl);
    }
    printf("graphs: %d exported, %d refused\n", exported, refusals);
}

/* Of a CNN and an MLP with int8 weights: the same answers. A graph with a new head; its tables. */
static void graphs_int8(void)
{
    static const char *const names[] = { "keras_cnn", "torch_mlp", "sklearn_three" };
    static dl_real x[500 * 300];
    test_fill(x, 500 * 300, 5, -1, 1);
    for (size_t i = 0; i < 3; i++) {
        dl_ctx *dl = test_quiet_new(3);
        dl_model *m = graph_of(dl, names[i]);
        dl_export_c o = dl_export_c_default();
        dl_c_report r;
        if (!CHECK(m != NULL, "%s", dl_error_text(dl))) break;
        o.report = &r;
        o.int8 = true;
        o.data = dl_data_from_arrays(dl, x, 500, dl_model_layer(m, 0)->input[0], NULL, 0);
        CHECK(dl_model_export_c_to_memory(m, NULL, 0, &o) && r.agreement >= 0.97, "%s: %g, %s", names[i],
              r.agreement, dl_error_text(dl));
        const long long before = (long long)r.flash;
        dl_model_add_dense(m, 5, DL_SOFTMAX);
        char *s = text_of(m, &o);
        CHECK(r.flash > before && r.flash == tables_of(s) && strstr(s, "dense_1 (Dense)"), "%lld bytes, %ld",
              (long long)r.flash, tables_of(s));
        free(s);
        CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
        dl_free(dl);
    }
}

/* Layers whose forward cannot be traced. */
static bool copy_numbers(dl_tensor *y, dl_tensor *const *in, int n, void *user)
{
    for (dl_int i = 0; i < y->size; i++) y->data[i] = in[0]->data[i];
    return n == 1 && !user;
}
static void custom_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_op_custom(l->ctx, "copied", x[0]->shape, x, 1, copy_numbers, copy_numbers, NULL, 0);
}
static void unseen_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul(dl_detach(x[0]), dl_slice(l->param[0], 0, 0, 1));
}
static void half_seen_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul(x[0], dl_detach(x[0]));
    if (l->states) y[0] = NULL;
}
static void no_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_add(x[0], dl_zeros(l->ctx, dl_shape1(5)));
}
static void scaled_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul_scalar(x[0], l->states ? 2 : (double)x[0]->data[0]);
}
static void largest_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const dl_int at = dl_argmax(x[0]) % l->input[0].dim[0];
    y[0] = dl_sub(x[0], dl_slice(x[0], 1, at, at + 1));
}
static void largest_row_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const int32_t at = (int32_t)(dl_argmax(x[0]) % l->input[0].dim[0]);
    y[0] = dl_mul(x[0], dl_gather_rows(dl_reshape(x[0], dl_shape2(-1, 1)), &at, 1));
}
static void nan_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul_scalar(x[0], l->states ? 1 : (double)NAN);
}
static void not_to_be_traced(void)
{
    static const struct { void (*forward)(dl_layer *, dl_tensor *const *, dl_tensor **);
                          const char *message; dl_code code; } all[] = {
        { custom_forward, "custom_1: copied can't be written as C", DL_ERR_STATE },
        { unseen_forward, "output 0 does not come from its inputs", DL_ERR_STATE },
        { half_seen_forward, "what its forward does depends on the numbers it gets", DL_ERR_STATE },
        { scaled_forward, "what its forward does depends on the numbers it gets", DL_ERR_STATE },
        { largest_forward, "what its forward does depends on the numbers it gets", DL_ERR_STATE },
        { largest_row_forward, "what its forward does depends on the numbers it gets", DL_ERR_STATE },
        { nan_forward, "dl_mul_scalar can't be written as C: its number is NaN", DL_ERR_STATE },
        { no_forward, "do not broadcast", DL_ERR_SHAPE } };
    dl_ctx *dl = test_quiet_new(3);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const dl_layer_type type = { "Custom", "custom", 0, NULL, 1, gate_build, all[i].forward, NULL,
                                     dl_c_trace, NULL };
        dl_model *m = vector_net(dl, 6);
        dl_model_add(m, &type, NULL);
        CHECK(dl_model_c_size(m, NULL).flash == -1 && dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
        CHECK(!dl_model_export_c_to_memory(m, NULL, 0, NULL), "%s", all[i].message);
        CHECK_ERROR(dl, all[i].code, all[i].message);
        dl_model_free(m);
    }
    CHECK(!dl_c_trace(NULL, NULL), "NULL");
    dl_free(dl);
}

/* In int8 only: one matrix with two kinds of rows, and a forward that looks at its weights. Numbers
   that belong to the graph, not to the model, are not rounded. */
static void tied_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    dl_tensor *w = l->param[0];
    y[0] = dl_linear(dl_tanh(dl_linear(x[0], w, DL_NONE)), dl_transpose(w, 0, 1), DL_NONE);
}
static void looking_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_linear(x[0], l->param[0], DL_NONE);
    if (fabs((double)l->param[0]->data[1] - 0.123) < 1e-6) y[0] = dl_tanh(y[0]);
}
static void not_to_be_rounded(void)
{
    static const struct { void (*forward)(dl_layer *, dl_tensor *const *, dl_tensor **);
                          const char *message; } all[] = {
        { tied_forward, "custom_1.weight can't be rounded to 8 bits: it is a matrix twice" },
        { looking_forward, "what its forward does depends on the numbers it has" } };
    dl_ctx *dl = test_quiet_new(3);
    dl_export_c o = dl_export_c_default();
    for (int i = 0; i < 2; i++) {
        const dl_layer_type type = { "Custom", "custom", 0, NULL, 1, gate_build, all[i].forward, NULL,
                                     dl_c_trace, NULL };
        dl_model *m = vector_net(dl, 6);
        dl_model_param(m, dl_model_add(m, &type, NULL) ? 0 : 1)->data[1] = (dl_real)0.123;
        o.int8 = false;
        CHECK(dl_model_export_c_to_memory(m, NULL, 0, &o), "%s", dl_error_text(dl));
        o.int8 = true;
        CHECK(!dl_model_export_c_to_memory(m, NULL, 0, &o), "%s", all[i].message);
        CHECK_ERROR(dl, DL_ERR_STATE, all[i].message);
        dl_model_free(m);
    }
    dl_model *m = graph_of(dl, "hand_bytes");
    dl_tensor *x = dl_full(dl, dl_shape2(1, 4), 1.3), *y = dl_model_predict(m, x);
    CHECK(dl_model_export_c_to_memory(m, NULL, 0, &o), "%s", dl_error_text(dl));
    dl_tensor *z = dl_model_predict(m, x);
    for (dl_int i = 0; y && z && i < y->size; i++)
        CHECK(z->data[i] == y->data[i], "%g, before %g", (double)z->data[i], (double)y->data[i]);
    CHECK(dl_model_c_size(net_parts(dl), NULL).work < 16, "memory of what nobody reads");
    dl_free(dl);
}

/* Each allocation of exporting fails once. */
static void out_of_memory_of(int which)
{
    int failed = 0;
    for (int i = 1; i < 3000; i++) {
        const long live = count_live;
        dl_ctx *dl = test_quiet_new(3);
        const dl_real x[6] = { 1, 2, 3, 4, 5, 6 };
        dl_export_c o = dl_export_c_default();
        dl_model *m = which == 0 ? net_single(dl) : which == 1 ? net_odds(dl)
                    : graph_of(dl, "keras_lstm");
        o.int8 = true;
        if (which == 0) o.data = dl_data_from_arrays(dl, x, 2, dl_shape1(3), NULL, 0);
        count_fail_at = count_calls + i;
        const bool ok = dl_model_export_c_to_memory(m, NULL, 0, &o) > 0;
        const bool done = count_calls < count_fail_at;
        count_fail_at = 0;
        CHECK(ok == (dl_error(dl) == DL_OK), "allocation %d: %s", i, dl_error_text(dl));
        failed += !ok;
        dl_free(dl);
        if (!CHECK(count_live == live, "allocation %d: %ld lost", i, count_live - live) || done) break;
    }
    CHECK(failed > 5, "%d allocations failed", failed);
}
static void out_of_memory(void) { for (int i = 0; i < 3; i++) out_of_memory_of(i); }

/* Rounding to 8 bits: by at most half a 127th of each row's largest; the model stays as it is. */
static void rounding(void)
{
    dl_ctx *dl = test_quiet_new(9);
    dl_model *m = net_s1(dl);
    dl_export_c o = dl_export_c_default();
    dl_c_report r;
    static dl_real x[200 * 784];
    int32_t label[200];
    test_fill(x, 200 * 784, 5, 0, 1);
    shake(m);
    dl_tensor *y = dl_model_predict(m, dl_from(dl, dl_shape4(200, 1, 28, 28), x));
    if (!CHECK(dl_argmax_axis(label, y, 1), "%s", dl_error_text(dl))) return;
    for (int i = 0; i < 200; i += 4) label[i] = (label[i] + 1) % 10;
    o.int8 = true;
    o.report = &r;
    o.data = dl_data_from_arrays(dl, x, 200, dl_shape3(1, 28, 28), label, 10);
    char *s = text_of(m, &o);
    CHECK(r.accuracy == 0.75, "%g", r.accuracy);
    CHECK(r.agreement > 0.95 && r.agreement <= 1 && r.int8_accuracy > 0.7, "%g %g", r.agreement,
          r.int8_accuracy);
    CHECK(r.difference > 0 && r.difference < 0.05, "%g", r.difference);
    CHECK(strstr(s, "Right in 75.00 % of the samples of a data set, before rounding to 8 bits"),
          "%.1500s", s);
    CHECK(strstr(s, "The rounded net gives the same answer in "), "%.1500s", s);
    free(s);
    const dl_export_c labelled = o;
    o.data = dl_data_from_arrays(dl, x, 200, dl_shape3(1, 28, 28), NULL, 0);
    s = text_of(m, &o);
    CHECK(r.accuracy != r.accuracy && r.agreement > 0.95, "no labels: %g %g", r.accuracy, r.agreement);
    CHECK(!strstr(s, "Right in") && strstr(s, "The rounded net gives the same answer in "), "%.1500s",
          s);
    free(s);
    o.data = dl_data_from_targets(dl, x, 200, dl_shape3(1, 28, 28), y->data, dl_shape1(10));
    s = text_of(m, &o);
    CHECK(r.agreement != r.agreement && r.difference > 0, "targets: %g %g", r.agreement, r.difference);
    CHECK(!strstr(s, "the same answer") && strstr(s, "The largest difference of an output is "), "%.1500s",
          s);
    free(s);
    o = labelled;
    o.int8 = false;
    s = text_of(m, &o);
    CHECK(r.accuracy == 0.75 && r.agreement != r.agreement, "float only");
    free(s);
    dl_tensor *z = dl_model_predict(m, dl_from(dl, dl_shape4(200, 1, 28, 28), x));
    CHECK(z && memcmp(z->data, y->data, (size_t)y->size * sizeof *y->data) == 0, "m is as it was");
    dl_free(dl);
}

/* S1's and S2's nets, trained: of MNIST's test images at most one in 500 gets another answer. */
static void int8_of_trained_nets(void)
{
    dl_ctx *dl = dl_new(42);
    dl_data *train = dl_mnist_load(dl, "data/mnist", DL_TRAIN);
    dl_data *test = dl_mnist_load(dl, "data/mnist", DL_TEST);
    for (int s2 = 0; s2 < 2; s2++) {
        dl_model *m = s2 ? net_s2(dl) : net_s1(dl);
        dl_fit fit = dl_fit_default();
        dl_export_c o = dl_export_c_default();
        dl_c_report r;
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
        fit.epochs = s2 ? 2 : 5;
        fit.batch_size = 64;
        fit.verbose = 0;
        o.int8 = true;
        o.data = test;
        o.report = &r;
        if (!CHECK(dl_model_fit(m, train, &fit) && dl_model_export_c_to_memory(m, NULL, 0, &o),
                   "%s", dl_error_text(dl))) break;
        printf("S%d: %lld bytes of flash, %lld floats; accuracy %.4f, int8 %.4f; same %.4f\n",
               s2 + 1, (long long)r.flash, (long long)r.work, r.accuracy, r.int8_accuracy,
               r.agreement);
        CHECK(r.agreement >= 0.998 && r.accuracy > 0.97, "%.4f", r.agreement);
    }
    dl_free(dl);
}

int main(void)
{
    if (getenv("DL_EXPORT_MNIST")) TEST(int8_of_trained_nets);
    if (getenv("DL_EXPORT_OUT")) TEST(files_for_compilers);
    TEST(sizes);
    TEST(memory_is_reused);
    TEST(what_it_says);
    TEST(own_layers);
    TEST(library_functions);
    TEST(refused);
    TEST(not_to_be_compiled);
    TEST(graphs_of_others);
    TEST(graphs_int8);
    TEST(not_to_be_traced);
    TEST(not_to_be_rounded);
    TEST(out_of_memory);
    TEST(rounding);
    return test_end();
}
