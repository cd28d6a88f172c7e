/* The room >>onnx: models out and graphs in. What is written here was read by ONNX Runtime when
   make golden was run last: tests/golden/onnx_hashes.txt has the hashes of those files. The graphs
   of others are in tests/golden/onnx/, with what ONNX Runtime makes of their inputs (see
   golden_onnx.py). */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include "nets.h"

static const char *golden(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "tests/golden/%s", name);
    FILE *f = fopen(path, "rb");
    if (f) fclose(f);
    else snprintf(path, sizeof path, "golden/%s", name);
    return path;
}

static bool gate_build(dl_layer *l)
{
    const dl_int D = l->input[0].dim[0];
    return dl_layer_param(l, "weight", dl_shape2(D, D), dl_init_glorot_uniform()) != NULL;
}
static void gate_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = dl_mul(x[0], dl_sigmoid(dl_linear(x[0], l->param[0], DL_NONE)));
}
static bool gate_onnx(const dl_layer *l, dl_onnx_file *f)
{
    dl_onnx_line(f, "w = Transpose(#v0)");
    dl_onnx_line(f, "z = MatMul(#x, w)");
    dl_onnx_line(f, "g = Sigmoid(z)");
    dl_onnx_line(f, "#y = Mul(#x, g)");
    return l->params == 1;
}
static const dl_layer_type gate = { "Gate", "gate", 0, NULL, 1, gate_build, gate_forward, NULL,
                                    NULL, gate_onnx };
static dl_model *net_s4(dl_ctx *dl)              /* too large for the list that all tests share */
{
    dl_model *m = image_net(dl, 1, 28, 28);
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
static dl_model *net_own(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 6);
    dl_model_add(m, &gate, NULL);
    dl_model_add_dense(m, 6, DL_RELU);
    dl_model_add(m, &gate, NULL);
    return m;
}

/* A batch for each of the model's inputs: numbers from 0 to 1, or words. */
static void batches(dl_ctx *dl, const dl_model *m, const char *name, dl_int n, dl_tensor **x)
{
    const bool words = strcmp(name, "words") == 0 || strcmp(name, "encoder") == 0;
    for (int k = 0; k < dl_model_input_count(m); k++) {
        dl_shape s = dl_shape1(n);
        const dl_shape one = dl_model_input_shape(m, k);
        for (int d = 0; d < one.rank; d++) s.dim[s.rank++] = one.dim[d];
        x[k] = dl_zeros(dl, s);
        test_fill(x[k]->data, x[k]->size, (unsigned)k + 7, words ? 0 : -1, words ? 12 : 1);
        for (dl_int i = 0; words && i < x[k]->size; i++)
            x[k]->data[i] = (dl_real)floor((double)x[k]->data[i]);
    }
}

static uint8_t *written(dl_ctx *dl, const dl_model *m, size_t *size)
{
    *size = dl_onnx_save_to_memory(m, NULL, 0);
    uint8_t *p = (uint8_t *)malloc(*size + 1);
    CHECK(*size > 0 && dl_onnx_save_to_memory(m, p, *size) == *size, "%s", dl_error_text(dl));
    return p;
}

/* Does model b, of the same inputs, give what a gives? */
static void same_answers(const char *name, dl_model *a, dl_model *b, dl_tensor *const *x)
{
    dl_tensor *y[16], *z[16];
    const int n = dl_model_output_count(a);
    if (!CHECK(dl_model_output_count(b) == n && dl_model_input_count(a) == dl_model_input_count(b),
               "%s", name)) return;
    if (!CHECK(dl_model_predict_all(a, y, x) && dl_model_predict_all(b, z, x), "%s", name)) return;
    for (int k = 0; k < n; k++)
        if (CHECK(y[k]->size == z[k]->size, "%s, output %d", name, k) &&
            !CHECK_ARRAY_TOL(z[k]->data, y[k]->data, y[k]->size, 1e-5)) printf("    in %s\n", name);
}

static uint64_t hash_of(const uint8_t *p, size_t n)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001B3u;
    return h;
}

static void keep_arrays(const char *dir, const char *name, char what, dl_tensor *const *x, int n)
{
    char path[1000];
    for (int k = 0; k < n; k++) {
        snprintf(path, sizeof path, "%s/%s_%c%d.npy", dir, name, what, k);
        CHECK(dl_npy_save(x[k], path), "%s", path);
    }
}

/* Is the file as it was when ONNX Runtime last looked at it? With DL_GOLDEN_OUT=directory it is
   written there instead, with inputs and outputs. */
static void looked_at(const char *name, dl_model *m, dl_tensor *const *x, const uint8_t *p,
                      size_t size)
{
    char line[1000], want[200];
    const char *dir = getenv("DL_GOLDEN_OUT");
    bool found = false;
    dl_tensor *y[16];
    if (dir) {
        snprintf(line, sizeof line, "%s/%s.onnx", dir, name);
        FILE *f = fopen(line, "wb");
        CHECK(f && fwrite(p, 1, size, f) == size && fclose(f) == 0, "%s", line);
        keep_arrays(dir, name, 'x', x, dl_model_input_count(m));
        if (CHECK(dl_model_predict_all(m, y, x), "%s", name))
            keep_arrays(dir, name, 'y', y, dl_model_output_count(m));
        return;
    }
    if (sizeof(dl_real) != 4) return;            /* the hashes are those of float nets */
    snprintf(want, sizeof want, "%s %016llx\n", name, (unsigned long long)hash_of(p, size));
    FILE *f = fopen(golden("onnx_hashes.txt"), "r");
    while (f && fgets(line, sizeof line, f)) found = found || strcmp(line, want) == 0;
    if (f) fclose(f);
    CHECK(found, "%s has changed; run make golden", name);
}

/* A net out and in, and once more: the same answers. */
static void there_and_back_of(const net *n)
{
    dl_ctx *dl = test_quiet_new(5);
    dl_model *m = n->make(dl);
    dl_tensor *x[8];
    size_t size, more;
    shake(m);
    batches(dl, m, n->name, 5, x);
    uint8_t *p = written(dl, m, &size);
    looked_at(n->name, m, x, p, size);
    dl_model *again = dl_onnx_load_from_memory(dl, p, size, NULL);
    if (CHECK(again, "%s: %s", n->name, dl_error_text(dl))) {
        same_answers(n->name, m, again, x);
        uint8_t *q = written(dl, again, &more);
        dl_model *third = dl_onnx_load_from_memory(dl, q, more, NULL);
        if (CHECK(third, "%s: %s", n->name, dl_error_text(dl)))
            same_answers(n->name, m, third, x);
        free(q);
    }
    free(p);
    dl_free(dl);
}
static void there_and_back(void)
{
    const net last = NET(s4);
    for (size_t i = 0; i < NETS; i++) there_and_back_of(&list[i]);
    there_and_back_of(&last);
}

/* ---- the graphs of others ---- */

static const char *const graphs[] = {
    "keras_mlp", "keras_cnn", "keras_lstm", "sklearn_names", "sklearn_regressor", "sklearn_three",
    "sklearn_two", "torch_activations", "torch_encoder", "torch_gru", "torch_lstm", "torch_mlp",
    "torch_mlp_one", "torch_residual", "torch_rnn", "torch_shapes", "torch_sound", "torch_two",
    "torch_unet", "torch_einsum", "hand_functions", "hand_sums", "hand_chosen", "hand_largest",
    "hand_places", "torch_attention", "hand_half", "hand_half_raw", "hand_bfloat", "hand_double",
    "hand_bytes", "hand_edges", "hand_top9", "hand_softmax11", "hand_old", "hand_reverse", "hand_constants", "hand_weights", "hand_softmax",
    "hand_cross", "hand_nan", "hand_whole", "hand_resize10", "hand_resize",
    "hand_narrow", "hand_pow", "hand_slice", "hand_resize_nearest", "hand_last", "hand_if",
    "hand_copied", "hand_trilu", "hand_val", "hand_choice" };
/* Those of one sample, as ONNX Runtime ran them. */
static const char *const alone[] = { "torch_mlp_one", "hand_softmax", "hand_three", "hand_cross",
                                     "hand_last", "hand_choice" };
#define GRAPHS (sizeof graphs / sizeof graphs[0])

static uint8_t *graph_bytes(const char *name, size_t *size)
{
    char path[100];
    snprintf(path, sizeof path, "onnx/%s.onnx", name);
    return test_slurp(golden(path), size);
}

static dl_model *graph(dl_ctx *dl, const char *name)
{
    size_t size;
    uint8_t *p = graph_bytes(name, &size);
    dl_model *m = dl_onnx_load_from_memory(dl, p, size, NULL);
    CHECK(m, "%s: %s", name, dl_error_text(dl));
    free(p);
    return m;
}

/* Their inputs, and what ONNX Runtime made of them: N samples. */
static bool graph_arrays(dl_ctx *dl, const dl_model *m, const char *name, dl_int N, dl_tensor **x,
                         dl_tensor **y)
{
    const int inputs = dl_model_input_count(m), all = inputs + dl_model_output_count(m);
    char path[100], number[16];
    dl_tensor *both[40];
    for (int k = 0; k < all; k++) {
        const bool in = k < inputs;
        const dl_shape one = in ? dl_model_input_shape(m, k) : dl_model_output_shape(m, k - inputs);
        dl_shape s = dl_shape1(N);
        for (int d = 0; d < one.rank; d++) s.dim[s.rank++] = one.dim[d];
        both[k] = dl_state(dl, s);
        snprintf(number, sizeof number, "%c%d", in ? 'x' : 'y', in ? k : k - inputs);
        dl_set_name(both[k], number);
        *(in ? &x[k] : &y[k - inputs]) = both[k];
    }
    snprintf(path, sizeof path, "onnx/%s.safetensors", name);
    return CHECK(dl_load(dl, golden(path), both, all, NULL), "%s: %s", name, dl_error_text(dl));
}

static void answers(const char *name, dl_model *m, dl_tensor *const *x, dl_tensor *const *y)
{
    dl_tensor *z[40];
    if (!CHECK(dl_model_predict_all(m, z, x), "%s", name)) return;
    for (int k = 0; k < dl_model_output_count(m); k++)
        if (!CHECK_ARRAY_TOL(z[k]->data, y[k]->data, y[k]->size, 1e-5)) printf("    in %s\n", name);
}

/* Each gives what ONNX Runtime gives; so do what is saved of it, its clone, and its share. */
static void graphs_of_others(void)
{
    for (size_t i = 0; i < GRAPHS; i++) {
        dl_ctx *dl = test_quiet_new(5), *other = test_quiet_new(6);
        dl_model *m = graph(dl, graphs[i]);
        dl_tensor *x[40], *y[40];
        dl_int N = 3;
        for (size_t k = 0; k < sizeof alone / sizeof alone[0]; k++)
            if (strcmp(graphs[i], alone[k]) == 0) N = 1;
        if (m && graph_arrays(dl, m, graphs[i], N, x, y)) {
            size_t size;
            answers(graphs[i], m, x, y);
            answers(graphs[i], dl_model_clone(dl, m), x, y);
            dl_model *share = dl_model_share(other, m);
            CHECK(share, "%s: %s", graphs[i], dl_error_text(dl));
            dl_model_free(share);
            if (strstr(graphs[i], "half") || strstr(graphs[i], "bfloat")) {
                CHECK(!dl_onnx_save_to_memory(m, NULL, 0), "%s is written", graphs[i]);
                CHECK_ERROR(dl, DL_ERR_STATE, "the graph's numbers are of 16 bits");
                dl_free(other);
                dl_free(dl);
                continue;
            }
            uint8_t *p = written(dl, m, &size);
            dl_model *again = dl_onnx_load_from_memory(dl, p, size, NULL);
            if (CHECK(again, "%s: %s", graphs[i], dl_error_text(dl)))
                answers(graphs[i], again, x, y);
            free(p);
        }
        dl_free(other);
        dl_free(dl);
    }
}

/* A graph that has only ever seen one sample takes more; results are those of each alone, also where
   it mixes what stands behind one another, or gives as many numbers as there are samples. */
static void one_sample(void)
{
    for (size_t k = 0; k < sizeof alone / sizeof alone[0]; k++) {
        dl_ctx *dl = test_quiet_new(5);
        dl_model *m = graph(dl, alone[k]);
        dl_tensor *x = dl_zeros(dl, dl_shape2(3, 6));
        size_t size;
        test_fill(x->data, x->size, 3, -1, 1);
        dl_tensor *all = dl_keep(dl_model_predict(m, x));
        for (dl_int i = 0; i < 3; i++) {
            dl_tensor *y = dl_model_predict(m, dl_slice(x, 0, i, i + 1));
            if (CHECK(y->size * 3 == all->size, "%s", alone[k]))
                CHECK_ARRAY(y->data, all->data + y->size * i, y->size);
        }
        uint8_t *p = written(dl, m, &size);
        if (k == 0) looked_at("opened", m, &x, p, size);         /* now it takes 3 elsewhere, too */
        free(p);
        dl_free(dl);
    }
}

/* Constants are constants, also behind a file, unless all weights are: then those are trained. */
static void constants(void)
{
    static const char *const names[] = { "hand_constants", "hand_weights", "hand_val" };
    for (int i = 0; i < 3; i++) {
        dl_ctx *dl = test_quiet_new(5);
        dl_model *m = graph(dl, names[i]);
        for (int twice = 0; twice < 2 && m; twice++) {
            size_t size;
            CHECK(dl_model_layer(m, 0)->params == 1 && dl_model_layer(m, 0)->param[0]->size == 20,
                  "%s: %d parameters", names[i], dl_model_layer(m, 0)->params);
            uint8_t *p = written(dl, m, &size);
            m = dl_onnx_load_from_memory(dl, p, size, NULL);
            CHECK(m, "%s", dl_error_text(dl));
            free(p);
        }
        dl_free(dl);
    }
    dl_ctx *dl = test_quiet_new(5);                        /* the ones and zeros of a group */
    dl_model *m = image_net(dl, 4, 3, 3);
    size_t size;
    dl_model_add_group_normalization(m, 2);
    uint8_t *p = written(dl, m, &size);
    m = dl_onnx_load_from_memory(dl, p, size, NULL);
    if (CHECK(m, "%s", dl_error_text(dl)))
        CHECK(dl_model_layer(m, 0)->params == 2, "%d parameters", dl_model_layer(m, 0)->params);
    free(p);
    dl_free(dl);
}

/* What only nodes that have run have read is let go of: the tape does not grow with the graph. */
static void bounded(void)
{
    dl_ctx *dl = test_quiet_new(5);
    dl_model *m = vector_net(dl, 64);
    size_t size;
    for (int i = 0; i < 60; i++) dl_model_add_dense(m, 64, DL_RELU);
    uint8_t *p = written(dl, m, &size);
    dl_model *graph = dl_onnx_load_from_memory(dl, p, size, NULL);
    dl_tensor *x = dl_rand(dl, dl_shape2(1024, 64));
    const dl_mark mark = dl_tape_mark(dl);
    dl_model_set_batch_size(m, 1024);
    dl_model_set_batch_size(graph, 1024);
    dl_tensor *y = dl_model_predict(m, x), *z = dl_model_predict(graph, x);
    if (CHECK(y && z, "%s", dl_error_text(dl))) CHECK_ARRAY_TOL(z->data, y->data, y->size, 1e-5);
    CHECK(dl_tape_bytes(dl) < 24 * 1024 * 64 * sizeof(dl_real), "%ld bytes",   /* of 120 values */
          (long)dl_tape_bytes(dl));
    dl_tape_release(dl, mark);
    free(p);
    dl_free(dl);
}

/* No index is NaN: neither a word for a net of this library's, nor one for a graph of others. */
static void not_a_word(void)
{
    static const char *const names[] = { "words", "torch_gru" };
    for (int i = 0; i < 2; i++) {
        dl_ctx *dl = test_quiet_new(5);
        dl_model *m = i ? graph(dl, names[i]) : NULL;
        for (size_t k = 0; k < NETS && i == 0; k++) {
            size_t size;
            if (strcmp(list[k].name, names[0]) != 0) continue;
            uint8_t *p = written(dl, list[k].make(dl), &size);
            m = dl_onnx_load_from_memory(dl, p, size, NULL);
            free(p);
        }
        if (!CHECK(m, "%s: %s", names[i], dl_error_text(dl))) break;
        dl_tensor *x = dl_zeros(dl, dl_shape2(2, dl_model_input_shape(m, 0).dim[0]));
        CHECK(dl_model_predict(m, x), "%s: %s", names[i], dl_error_text(dl));
        x->data[1] = NAN;
        CHECK(!dl_model_predict(m, x), "%s takes NaN", names[i]);
        CHECK_ERROR(dl, DL_ERR_RANGE, "graph_1: NaN where a whole number is needed");
        dl_free(dl);
    }
}

/* ---- numbers in another file ---- */

static bool kept(const char *path, const uint8_t *p, size_t size)
{
    FILE *f = fopen(path, "wb");
    const bool ok = f && fwrite(p, 1, size, f) == size;
    return CHECK(f && fclose(f) == 0 && ok, "%s", path);
}

/* What torch.onnx.export writes when nothing else is asked for: weights beside the graph. */
static void beside(void)
{
    dl_ctx *dl = test_quiet_new(5);
    dl_tensor *x, *y;
    size_t size;
    dl_model *m = dl_onnx_load(dl, golden("onnx/beside.onnx"), NULL);
    if (CHECK(m, "%s", dl_error_text(dl)) && graph_arrays(dl, m, "beside", 1, &x, &y)) {
        answers("beside", m, &x, &y);
        uint8_t *p = written(dl, m, &size);
        dl_model *whole = dl_onnx_load_from_memory(dl, p, size, NULL);
        if (CHECK(whole, "%s", dl_error_text(dl))) answers("beside, whole", whole, &x, &y);
        free(p);
    }
    uint8_t *p = graph_bytes("beside", &size);
    CHECK(!dl_onnx_load_from_memory(dl, p, size, NULL), "half a graph");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "the numbers of '0.weight' are in another file");
    CHECK(!dl_onnx_load_from_memory(dl, p, size, NULL), "half a graph");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "torch.onnx.export(..., external_data=False)");
    free(p);
    dl_free(dl);
}

/* Paths that lead elsewhere, numbers that are not there, and every byte of the graph changed. */
static void beside_damaged(void)
{
    char path[1000], with[1010];
    static const char *const bad[][3] = {
        { "beside.onnx.data", "/eside.onnx.data", "'/eside.onnx.data', which is no path in" },
        { "beside.onnx.data", "../ide.onnx.data", "'../ide.onnx.data', which is no path in" },
        { "beside.onnx.data", "a/../../nnx.data", "'a/../../nnx.data', which is no path in" },
        { "beside.onnx.data", "c:side.onnx.data", "'c:side.onnx.data', which is no path in" },
        { "beside.onnx.data", "be\\ide.onnx.data", "'be\\ide.onnx.data', which is no path in" },
        { "beside.onnx.data", "beside.onnx.date", "/beside.onnx.date: No such file" },
        { "location", "locatioN", "'', which is no path in" },
        { "576", "577", "the numbers of '2.weight' are not in 'beside.onnx.data': 577 bytes from "
          "1152 on, of 1728" },
        { "576", "-76", "-76 bytes from 1152" }, { "576", "5 6", "5 6 bytes from 1152" },
        { "576", "575", "the tensor '2.weight' has not 144 elements" },
        { "1152", "1728", "576 bytes from 1728 on, of 1728" },
        { "1152", "1151", "has not 288 elements" } };
    dl_ctx *dl = test_quiet_new(5);
    size_t size, all;
    uint8_t *p = graph_bytes("beside", &size), *data = test_slurp(golden("onnx/beside.onnx.data"),
                                                                  &all);
    uint8_t *q = (uint8_t *)malloc(size);
    snprintf(path, sizeof path, "%.900s/beside.onnx", test_dir());
    snprintf(with, sizeof with, "%s.data", path);
    bool ok = kept(with, data, all);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0] && ok; k++) {
        const size_t n = strlen(bad[k][0]);
        memcpy(q, p, size);
        for (size_t i = 0; i + n <= size; i++) if (memcmp(p + i, bad[k][0], n) == 0)
            memcpy(q + i, bad[k][1], n);
        kept(path, q, size);
        CHECK(!dl_onnx_load(dl, path, NULL), "%s for %s", bad[k][1], bad[k][0]);
        CHECK(strstr(dl_error_text(dl), bad[k][2]), "'%s' is not in '%s'", bad[k][2],
              dl_error_text(dl));
        dl_clear_error(dl);
    }
    for (size_t n = 0; n < size && ok; n++) {
        memcpy(q, p, size);
        q[n] ^= 255;
        kept(path, q, size);
        dl_model *m = dl_onnx_load(dl, path, NULL);
        CHECK((m != NULL) == (dl_error(dl) == DL_OK), "byte %ld: %s", (long)n, dl_error_text(dl));
        dl_model_free(m);
        dl_clear_error(dl);
    }
    kept(path, p, size);
    kept(with, data, all - 1);
    CHECK(!dl_onnx_load(dl, path, NULL), "a byte too few");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "576 bytes from 1152 on, of 1727");
    remove(with);
    CHECK(!dl_onnx_load(dl, path, NULL), "no file");
    CHECK_ERROR(dl, DL_ERR_FILE, "No such file or directory; numbers of the graph are in it");
    remove(path);
    free(q);
    free(data);
    free(p);
    dl_free(dl);
}

/* ---- training further ---- */

static double trained(dl_ctx *dl, dl_model *m, dl_tensor *x, dl_tensor *y, int steps)
{
    dl_batch b;
    double loss = NAN;
    memset(&b, 0, sizeof b);
    b.x = x;
    b.y = y;
    b.size = x->shape.dim[0];
    for (int i = 0; i < steps; i++) {
        loss = dl_model_train_batch(m, &b).loss;
        dl_tape_clear(dl);
    }
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    return loss;
}

/* The loss of each graph falls, also with gradients through what only graphs have; and the file
   that is written of it holds the new weights. */
static void fine_tuning(void)
{
    static const char *const names[] = { "keras_cnn", "keras_lstm", "torch_encoder", "torch_gru",
        "torch_lstm", "torch_residual", "torch_rnn", "torch_sound", "torch_einsum",
        "torch_attention", "sklearn_regressor" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        dl_ctx *dl = test_quiet_new(5);
        dl_model *m = graph(dl, names[i]), *back;
        dl_tensor *x[8], *y[8], *z[8];
        size_t size;
        if (!m || !graph_arrays(dl, m, names[i], 3, x, y)) break;
        test_fill(y[0]->data, y[0]->size, 9, 0.1, 0.9);
        if (!CHECK(dl_model_compile(m, DL_MSE, dl_adam(0.01)), "%s: %s", names[i],
                   dl_error_text(dl))) break;
        const double first = trained(dl, m, x[0], y[0], 1), last = trained(dl, m, x[0], y[0], 60);
        CHECK(last < 0.8 * first, "%s: the loss went from %g to %g", names[i], first, last);
        uint8_t *p = written(dl, m, &size);
        char name[64];
        snprintf(name, sizeof name, "tuned_%s", names[i]);
        if (getenv("DL_GOLDEN_OUT")) looked_at(name, m, x, p, size);
        back = dl_onnx_load_from_memory(dl, p, size, NULL);
        CHECK(dl_model_predict_all(m, z, x) && back, "%s: %s", names[i], dl_error_text(dl));
        if (back) answers(names[i], back, x, z);
        free(p);
        dl_free(dl);
    }
}

/* A softmax at the end is the layer's activation; a new head goes on top. */
static void new_head(void)
{
    dl_ctx *dl = test_quiet_new(5);
    dl_model *m = graph(dl, "torch_mlp");
    size_t size;
    CHECK(dl_model_layer(m, 0)->activation == DL_SOFTMAX, "no softmax");
    CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01)), "%s",
          dl_error_text(dl));
    m = graph(dl, "torch_mlp");
    dl_layer_set_frozen(dl_model_layer(m, 0), true);
    dl_model_add_dense(m, 2, DL_TANH);
    CHECK(dl_model_compile(m, DL_MSE, dl_adam(0.01)), "%s", dl_error_text(dl));
    dl_tensor *x = dl_rand(dl, dl_shape2(5, 6));
    uint8_t *p = written(dl, m, &size);
    looked_at("new_head", m, &x, p, size);
    dl_model *back = dl_onnx_load_from_memory(dl, p, size, NULL);
    if (CHECK(back, "%s", dl_error_text(dl))) same_answers("new_head", m, back, &x);
    free(p);
    CHECK(!dl_model_save_to_memory(m, NULL, 0), "a graph in the library's own file");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_onnx_save can");
    dl_export_c how = dl_export_c_default();
    how.int8 = true;                             /* frozen weights are rounded, too */
    CHECK(dl_model_export_c_to_memory(m, NULL, 0, &how) > 0 &&
          dl_model_c_size(m, &how).flash == 160 + 6 + 4 * 4, "%lld bytes, %s",
          (long long)dl_model_c_size(m, &how).flash, dl_error_text(dl));
    dl_free(dl);
}

/* A file of the library's own gets layers of the same names as it has already. */
static void names_again(void)
{
    dl_ctx *dl = test_quiet_new(5);
    dl_model *m = net_single(dl);
    dl_tensor *x = dl_rand(dl, dl_shape2(5, 3));
    for (int i = 0; i < 3; i++) {
        size_t size;
        uint8_t *p = written(dl, m, &size);
        char name[20];
        snprintf(name, sizeof name, "again_%d", i);
        looked_at(name, m, &x, p, size);
        dl_model *back = dl_onnx_load_from_memory(dl, p, size, NULL);
        free(p);
        if (!CHECK(back, "%s", dl_error_text(dl))) break;
        same_answers(name, m, back, &x);
        m = back;
        dl_model_add_dense(m, 2, DL_RELU);
    }
    dl_free(dl);
}

/* ---- what is refused ---- */

/* Cut off everywhere (a file has no end mark, so its last entry may be missed), and with every byte
   changed: a message or a model, never both. */
static void damaged(void)
{
    static const char *const names[] = { "torch_mlp_one", "sklearn_two" };
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        uint8_t *p = graph_bytes(names[i], &size);
        dl_ctx *dl = test_quiet_new(5);
        int whole = 0;
        for (size_t n = 0; n < size; n++) {
            uint8_t *part = (uint8_t *)malloc(n + 1);
            memcpy(part, p, n);
            dl_model *m = dl_onnx_load_from_memory(dl, part, n, NULL);
            CHECK((m != NULL) == (dl_error(dl) == DL_OK), "%ld bytes: %s", (long)n,
                  dl_error_text(dl));
            whole += m != NULL;
            dl_model_free(m);
            dl_clear_error(dl);
            free(part);
        }
        CHECK(whole <= 1, "%d pieces are whole", whole);   /* all but the last entry of the model */
        for (size_t n = 0; n < 2 * size; n++) {
            const uint8_t old = p[n / 2];
            p[n / 2] = (uint8_t)(n % 2 ? old ^ 255 : old + 1);
            dl_model *m = dl_onnx_load_from_memory(dl, p, size, NULL);
            CHECK((m != NULL) == (dl_error(dl) == DL_OK), "byte %ld: %s", (long)(n / 2),
                  dl_error_text(dl));
            dl_model_free(m);
            dl_clear_error(dl);
            p[n / 2] = old;
        }
        free(p);
        dl_free(dl);
    }
}

/* A graph in which something stands for something else of the same length. */
static void changed(const char *name, const char *from, const char *to, const char *message)
{
    size_t size, n = strlen(from), found = 0;
    uint8_t *p = graph_bytes(name, &size);
    dl_ctx *dl = test_quiet_new(5);
    for (size_t i = 0; i + n <= size; i++)
        if (memcmp(p + i, from, n) == 0) {
            memcpy(p + i, to, n);
            found++;
        }
    CHECK(found > 0, "%s has no %s", name, from);
    dl_model *m = dl_onnx_load_from_memory(dl, p, size, NULL);
    CHECK(!m, "%s with %s for %s", name, to, from);
    CHECK(strstr(dl_error_text(dl), message), "'%s' is not in '%s'", message, dl_error_text(dl));
    free(p);
    dl_free(dl);
}

static void refused(void)
{
    static const char *const bad[][2] = {
        { "cycle", "operator Add of node 'Add_0': it reads 'b', which nothing before it gives" },
        { "twice", "operator Relu of node 'Relu_1': it gives 'y', which is there already" },
        { "opset", "operator set 999; 7 to 28 can be read" },
        { "output", "nothing gives the output 'z'" },
        { "huge", "operator ConstantOfShape of node 'ConstantOfShape_0': dl_" },
        { "size", "operator Expand of node 'Expand_0': " },
        { "type", "operator Reshape of node 'Reshape_0': its input 1 should be whole numbers" },
        { "shapes", "operator MatMul of node 'MatMul_0': dl_matmul: " },
        { "inputs", "operator Relu of node 'Relu_0': it has 2 inputs, but can have 1 to 1" },
        { "dictionary", "it has no output of numbers" },
        { "left_out", "operator ReduceSum of node 'ReduceSum_0': its input 0 is left out" },
        { "cast", "operator Cast of node 'Cast_0': the attribute 'to' is 0, but can only be" },
        { "lstm", "operator LSTM of node 'LSTM_1': its activations should be the usual ones" },
        { "rnn", "operator RNN of node 'RNN_1': its activations should be the usual ones" },
        { "mod", "operator Mod of node 'Mod_0': its inputs should be whole numbers" },
        { "long", "operator Reshape of node 'Reshape_0': an impossible size" },
        { "split", "operator Split of node 'Split_0': the parts are shorter than the whole" },
        { "flatten", "operator Flatten of node 'Flatten_0': there is no such axis" },
        { "mixed", "operator Add of node 'Add_1': floats together with whole numbers" },
        { "sigmoid", "operator Sigmoid of node 'Sigmoid_1': of whole numbers it gives none" },
        { "empty", "operator Concat of node 'Concat_1': it is too large" },
        { "bound", "operator Clip of node 'Clip_0': its input 1 should be one number" },
        { "einsum_implicit", "its equation should say what it gives" },
        { "einsum_sizes", "its equation does not fit the shapes" },
        { "einsum_many", "it has not so many inputs" },
        { "einsum_few", "it has not so many inputs" },
        { "einsum_letters", "its result has other letters" },
        { "einsum_twice", "its equation does not fit the shapes" },
        { "einsum_again", "its result has other letters" },
        { "einsum_axes", "its equation does not fit the shapes" },
        { "einsum_dots", "its equation " }, { "einsum_empty", "its equation should say" },
        { "einsum_arrow", "its equation should say what it gives" },
        { "einsum_rank", "operator Einsum of node 'Einsum_0': it has too many axes on the way" },
        { "einsum_long", "its equation is too long" }, { "einsum_minus", "its equation does not" },
        { "einsum_spaces", "operator Einsum of node 'Einsum_0': its equation " },
        { "elements", "its indexes do not fit" }, { "gather_nd", "its indexes do not fit" },
        { "top", "operator TopK of node 'TopK_0': there are not so many" },
        { "depth", "operator OneHot of node 'OneHot_1': too many axes, an impossible depth" },
        { "ends", "the output 'y' is there twice" },
        { "again", "operator Softmax of node 'Softmax_0': the attribute 'axis' is there twice" },
        { "external", "the numbers of 'w' are in another file" },
        { "branch", "operator Add of node 'Add_2': it reads what is in a branch that is not taken" },
        { "branches", "operator If of node 'If_1': its branches do not give what it gives" },
        { "matmul", "operator MatMul of node 'MatMul_1': its inputs should be floats" },
        { "large", "operator Add of node 'Add_1': of whole numbers it gives none, or too large" } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char name[40];
        snprintf(name, sizeof name, "bad_%s", bad[i][0]);
        changed(name, "", "", bad[i][1]);
    }
    if (sizeof(dl_real) == 4)                    /* 2^24 + 1 */
        changed("bad_odd", "", "", "the tensor 'k' has not 1 elements, or too large ones");
    changed("torch_mlp_one", "\x04Tanh", "\x04Tank", "operator Tank of node '/1/Tanh'");
    changed("torch_mlp_one", "transB", "transC", "operator Gemm of node '/0/Gemm': the attribute "
            "'transC' can't be done");
    changed("torch_gru", "linear_before_reset", "linear_before_reseT", "the attribute "
            "'linear_before_reseT'");
    changed("torch_lstm", "bidirectional", "bidirektional", "the attribute 'direction' is "
            "bidirektional, but can only be forward|reverse|bidirectional");
    dl_ctx *dl = test_quiet_new(5);
    dl_onnx o = dl_onnx_default();
    const dl_shape six = dl_shape1(6), seven = dl_shape1(7);
    size_t size;
    uint8_t *p = graph_bytes("torch_mlp", &size);
    o.inputs = &six;
    o.inputs_count = 1;
    CHECK(dl_onnx_load_from_memory(dl, p, size, &o), "%s", dl_error_text(dl));
    o.inputs = &seven;
    CHECK(!dl_onnx_load_from_memory(dl, p, size, &o), "7 for 6");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "[7] for the input 'x0', which has [1,6] with the batch");
    o.inputs_count = 2;
    CHECK(!dl_onnx_load_from_memory(dl, p, size, &o), "two inputs");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "shapes of 2 inputs, but there are 1");
    CHECK(!dl_onnx_load_from_memory(dl, NULL, 3, NULL), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the buffer is NULL");
    CHECK(!dl_onnx_load_from_memory(NULL, p, size, NULL), "no context");
    CHECK(!dl_onnx_load(dl, "no/such.onnx", NULL), "no file");
    CHECK_ERROR(dl, DL_ERR_FILE, "cannot open no/such.onnx");
    CHECK(!dl_onnx_save_to_memory(NULL, NULL, 0), "NULL");
    dl_model *m = dl_model_new(dl, dl_shape1(3));
    static dl_layer_type bare;
    bare = gate;
    bare.onnx = NULL;
    dl_model_add(m, &bare, NULL);
    CHECK(!dl_onnx_save(m, "never.onnx"), "no hook");
    CHECK_ERROR(dl, DL_ERR_STATE, "gate_1 cannot be saved as ONNX: its type has no onnx");
    free(p);
    dl_free(dl);
}

/* Small files that once led outside of memory, wherever memory ends: a message or a model. */
static void hostile(void)
{
    static const char *const names[] = { "zipmap", "cast", "left_out", "numbers", "limit",
                                         "no_value", "no_type" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[100];
        snprintf(name, sizeof name, "../fuzz/corpus/onnx/bad_%s.onnx", names[i]);
        dl_ctx *dl = test_quiet_new(5);
        for (size_t most = 1; most < 30; most++) {
            dl_set_tape_limit(dl, most << 20);
            dl_model *m = dl_onnx_load(dl, golden(name), NULL);
            CHECK((m != NULL) == (dl_error(dl) == DL_OK), "%s: %s", name, dl_error_text(dl));
            if (m) CHECK(dl_onnx_save_to_memory(m, NULL, 0) > 0, "%s: %s", name, dl_error_text(dl));
            dl_model_free(m);
            dl_clear_error(dl);
        }
        dl_free(dl);
    }
}

/* An error that is there already does not make a good graph a bad one. */
static void after_an_error(void)
{
    size_t size;
    uint8_t *p = graph_bytes("torch_mlp", &size);
    dl_ctx *dl = test_quiet_new(5);
    CHECK(!dl_onnx_load_from_memory(dl, p, size / 2, NULL) && dl_error(dl) != DL_OK, "half");
    CHECK(dl_onnx_load_from_memory(dl, p, size, NULL), "%s", dl_error_text(dl));
    free(p);
    dl_free(dl);
}

/* A hook that hands over NULL, or a line that is too long. */
static bool null_onnx(const dl_layer *l, dl_onnx_file *f)
{
    const char *none = NULL;
    dl_onnx_line(f, none, 0);
    dl_onnx_floats(f, NULL, dl_shape1(1), NULL, 1);
    dl_onnx_wholes(f, NULL, NULL, 1);
    dl_onnx_wholes(f, "n", NULL, 1);
    dl_onnx_line(f, "#y = Relu(#x)");
    return l->inputs == 1;
}
static bool long_onnx(const dl_layer *l, dl_onnx_file *f)
{
    dl_onnx_line(f, "#y = Relu(#x) %01000d", 0);
    return l->inputs == 1;
}
static void same_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = l->inputs == 1 ? dl_relu(x[0]) : NULL;
}
static void odd_hooks(void)
{
    static const dl_layer_type types[] = {
        { "None", "none", 0, NULL, 1, NULL, same_forward, NULL, NULL, null_onnx },
        { "Long", "long", 0, NULL, 1, NULL, same_forward, NULL, NULL, long_onnx }
    };
    for (int i = 0; i < 2; i++) {
        dl_ctx *dl = test_quiet_new(5);
        dl_model *m = vector_net(dl, 6);
        dl_model_add(m, &types[i], NULL);
        CHECK((dl_onnx_save_to_memory(m, NULL, 0) == 0) == (i == 1) &&
              (strstr(dl_error_text(dl), "999 at most") != NULL) == (i == 1),
              "%d: %s", i, dl_error_text(dl));
        dl_free(dl);
    }
}

/* What is odd, but can be done: a number without a value is 0; fields that are no nodes are not. */
static void odd(void)
{
    static const char *const names[] = { "bad_constant", "bad_nodes" };
    dl_ctx *dl = test_quiet_new(5);
    dl_tensor *x = dl_rand(dl, dl_shape2(3, 4));
    for (int i = 0; i < 2; i++) {
        size_t size;
        dl_model *m = graph(dl, names[i]);
        const dl_tensor *y = m ? dl_model_predict(m, x) : NULL;
        if (CHECK(y, "%s: %s", names[i], dl_error_text(dl)))
            CHECK_ARRAY(y->data, x->data, x->size);
        if (m) free(written(dl, m, &size));
    }
    dl_free(dl);
}

/* Class names and scaling go out and come in. */
static void extras(void)
{
    static const char *const names[] = { "cat", "a \"dog\"", "\xC3\xA9" };
    dl_ctx *dl = test_quiet_new(5);
    dl_model *m = dl_model_new(dl, dl_shape1(3));
    dl_scaling s = dl_scaling_default();
    size_t size;
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    s.factor = 1.0 / 255;
    s.channels = 1;
    s.mean[0] = 0.25;
    s.deviation[0] = 0.5;
    CHECK(dl_model_set_scaling(m, &s) && dl_model_set_class_names(m, names, 3), "set");
    uint8_t *p = written(dl, m, &size);
    for (int twice = 0; twice < 2 && m; twice++) {
        m = dl_onnx_load_from_memory(dl, p, size, NULL);
        if (!CHECK(m, "%s", dl_error_text(dl))) break;
        const char *const *got = dl_model_class_names(m);
        const dl_scaling t = dl_model_scaling(m);
        for (int i = 0; i < 3 && CHECK(got, "no names"); i++)
            CHECK(strcmp(got[i], names[i]) == 0, "%s", got[i]);
        CHECK(memcmp(&s, &t, sizeof s) == 0, "%g %g", t.factor, t.mean[0]);
        free(p);
        p = written(dl, m, &size);
    }
    free(p);
    dl_free(dl);
}

int main(void)
{
    TEST(there_and_back);
    TEST(graphs_of_others);
    TEST(one_sample);
    TEST(constants);
    TEST(bounded);
    TEST(not_a_word);
    TEST(beside);
    TEST(beside_damaged);
    TEST(fine_tuning);
    TEST(new_head);
    TEST(names_again);
    TEST(extras);
    TEST(odd_hooks);
    TEST(refused);
    TEST(hostile);
    TEST(after_an_error);
    TEST(odd);
    TEST(damaged);
    return test_end();
}
