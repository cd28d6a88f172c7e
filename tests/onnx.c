/* The room >>onnx: models out and graphs in. What is written here was read by ONNX Runtime when
   make golden was run last: tests/golden/onnx_hashes.txt has the hashes of those files. The graphs of others are
   in tests/golden/onnx/, with what ONNX Runtime makes of their inputs (see golden_onnx.py). */
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
    snprintf(want, sizeof want, "%s %016llx\n", name, (unsigned long long)hash_of(p, size));
    FILE *f = fopen(golden("onnx_hashes.txt"), "r");
    while (f && fgets(line, sizeof line, f)) found = found || strcmp(line, want) == 0;
    if (f) fclose(f);
    CHECK(found, "%s has changed; run make golden", name);
}

/* Every net out and in again: the same answers, and again the same file. */
static void there_and_back(void)
{
    for (size_t i = 0; i < NETS; i++) {
        dl_ctx *dl = test_quiet_new(5);
        dl_model *m = list[i].make(dl);
        dl_tensor *x[8];
        size_t size, more;
        shake(m);
        batches(dl, m, list[i].name, 5, x);
        uint8_t *p = written(dl, m, &size);
        looked_at(list[i].name, m, x, p, size);
        dl_model *again = dl_onnx_load_from_memory(dl, p, size, NULL);
        if (CHECK(again, "%s: %s", list[i].name, dl_error_text(dl))) {
            same_answers(list[i].name, m, again, x);
            uint8_t *q = written(dl, again, &more);
            dl_model *third = dl_onnx_load_from_memory(dl, q, more, NULL);
            if (CHECK(third, "%s: %s", list[i].name, dl_error_text(dl)))
                same_answers(list[i].name, m, third, x);
            free(q);
        }
        free(p);
        dl_free(dl);
    }
}

int main(void)
{
    TEST(there_and_back);
    return test_end();
}
