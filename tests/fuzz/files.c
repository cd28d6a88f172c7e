/* files.c - hostile bytes for the readers of files, by libFuzzer: make fuzz.

   READER=models build/fuzz ... says which reader gets the bytes: models, weights (by name, in order,
   in part: the last byte says which), npy, optimizers, checkpoints, onnx, idx (may be packed by gzip
   where DL_USE_STB_IMAGE is defined), tables (CSV, and what an encoder makes of it). A reader may refuse, with a message, or give something that
   can be used and freed; it may not take more memory than in proportion to the file.

   build/fuzz seeds tests/fuzz/corpus writes a good file for readers that have none. */
#define DL_MALLOC(n) fuzz_malloc(n)
#define DL_REALLOC(p, n) realloc(p, n)
#define DL_FREE(p) free(p)
#include <stdio.h>
#include <stdlib.h>
static size_t fuzz_largest;
static void *fuzz_malloc(size_t n)
{
    if (n > fuzz_largest) fuzz_largest = n;
    return malloc(n);
}
#ifdef DL_USE_STB_IMAGE
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#endif
#define DLI_ONNX_ROOM ((size_t)1 << 21)
#define DL_IMPLEMENTATION
#include "dl.h"
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void quiet(dl_code code, const char *text, void *user)
{
    (void)code;
    (void)text;
    (void)user;
}

/* Does it end in a message or in a result, never in both? */
static void judge(dl_ctx *dl, bool good, size_t size)
{
    if (good == (dl_error(dl) != DL_OK)) abort();
    if (fuzz_largest > 65536 + 64 * size) abort();
}

static void models(dl_ctx *dl, const uint8_t *p, size_t size)
{
    dl_model *m = dl_model_load_from_memory(dl, p, size);
    judge(dl, m != NULL, size);
    if (m && dl_model_save_to_memory(m, NULL, 0) == 0) abort();
}

static void weights(dl_ctx *dl, const uint8_t *p, size_t size)
{
    static const dl_rename renames[] = { { "a.", "conv2d_1." }, { "b", "dense_1.bias" } };
    dl_model *m = dl_model_new(dl, dl_shape3(2, 4, 3));
    dl_loading o = dl_loading_default();
    const int how = size ? p[size - 1] % 3 : 0;
    o.in_order = how == 1;
    o.partial = how == 2;
    o.renames = o.in_order ? NULL : renames;
    o.renames_count = o.in_order ? 0 : 2;
    dl_model_add_conv2d(m, 2, 2, DL_RELU);
    dl_model_add_batch_normalization(m);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 2, DL_LINEAR);
    fuzz_largest = 0;
    judge(dl, dl_model_load_weights_from_memory(m, p, size, &o), size);
}

static void npy(dl_ctx *dl, const uint8_t *p, size_t size)
{
    judge(dl, dl_npy_load_from_memory(dl, p, size) != NULL, size);
}

static dl_optimizer *an_optimizer(dl_ctx *dl)
{
    dl_optim o = dl_adam(0.01);
    dl_tensor *param[2] = { dl_param(dl, dl_shape1(2), dl_init_constant(1)),
                            dl_param(dl, dl_shape2(2, 1), dl_init_constant(1)) };
    dl_set_name(param[0], "w");
    o.ema = 0.5;
    return dl_optimizer_new(dl, o, param, 2);
}

static void optimizers(dl_ctx *dl, const uint8_t *p, size_t size)
{
    judge(dl, dl_optimizer_load_from_memory(an_optimizer(dl), p, size), size);
}

/* Train, and stop after the first update if stop is 1; or, with resume, go on from the file. */
static bool training(dl_ctx *dl, const char *path, int epochs, bool resume, volatile int stop)
{
    static const dl_real x[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    static const int32_t label[6] = { 0, 1, 0, 1, 1, 0 };
    dl_data *d = dl_data_from_arrays(dl, x, 6, dl_shape1(2), label, 2);
    dl_model *m = dl_model_new(dl, dl_shape1(2));
    dl_fit f = dl_fit_default();
    dl_tensor *state = dl_state(dl, dl_shape1(1));
    dl_model_add_batch_normalization(m);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
    f.epochs = epochs;
    f.batch_size = 2;
    f.verbose = 0;
    f.early_stopping = true;
    f.checkpoint = path;
    f.checkpoint_updates = true;
    f.checkpoint_every = resume ? 1000 : 1;
    f.resume = resume;
    f.stop = &stop;
    f.state = &state;
    f.state_count = 1;
    return dl_model_fit(m, d, &f);
}

/* They come from files only: from one in memory, where there is such a place. */
static void checkpoints(dl_ctx *dl, const uint8_t *p, size_t size)
{
    static char path[80];
    if (!path[0]) snprintf(path, sizeof path, "%s/dl-fuzz-%ld", access("/dev/shm", W_OK) == 0 ?
                           "/dev/shm" : "/tmp", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(p, 1, size, f) != size || fclose(f) != 0) abort();
    judge(dl, training(dl, path, 2, true, 0), size + 65536);     /* a tape and the rest */
    remove(path);
}

static void idx(dl_ctx *dl, const uint8_t *p, size_t size)
{
    dl_data *d = dl_idx_from_memory(dl, p, size, NULL, 0, 0);
    if (!d == (dl_error(dl) == DL_OK)) abort();
    if (fuzz_largest > 65536 + 1100 * size) abort();           /* packed, 1032 at most */
    if (d && dl_data_count(d) > 0 && !dl_data_sample(d, dl_data_count(d) - 1)) abort();
}

/* A column takes more than its comma. */
static void tables(dl_ctx *dl, const uint8_t *p, size_t size)
{
    dl_csv o = dl_csv_default();
    o.decimal = size > 0 && p[size - 1] & 1 ? ',' : '.';
    dl_table *t = dl_table_from_memory(dl, p, size, &o);
    judge(dl, t != NULL, 4 * size);
    if (!t) return;
    dl_encoding how = dl_encoding_default();
    how.codes = size & 1;
    dl_encoder *e = dl_encoder_new(t, &how);
    dl_data *d = dl_encoder_data(e, t);
    if (!d == (dl_error(dl) == DL_OK)) abort();
    if (d && !dl_data_sample(d, dl_data_count(d) - 1)) abort();
}

/* A graph may make more of its input than the file is long: up to DLI_ONNX_ROOM. */
static void onnx(dl_ctx *dl, const uint8_t *p, size_t size)
{
    dl_model *m = dl_onnx_load_from_memory(dl, p, size, NULL);
    judge(dl, m != NULL, size + DLI_ONNX_ROOM / 64);
    if (!m) return;
    if (dl_onnx_save_to_memory(m, NULL, 0) == 0 && dl_error(dl) == DL_OK) abort();
    dl_model_free(m);
}

static const struct reader {
    const char *name;
    void (*run)(dl_ctx *dl, const uint8_t *p, size_t size);
} readers[] = { { "models", models }, { "weights", weights }, { "npy", npy },
                { "optimizers", optimizers }, { "checkpoints", checkpoints }, { "idx", idx },
                { "tables", tables }, { "onnx", onnx } };
static const struct reader *reader;

static FILE *seed(const char *dir, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return fopen(path, "wb");
}

/* A checkpoint after an epoch and in the middle of one, an optimizer, IDX plain and packed, a table,
   a model with its encoder. */
static void write_seeds(const char *dir)
{
    static const uint8_t plain[18] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9 };
    static const uint8_t packed[] = {
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0x63, 0x60, 0xE0, 0x60, 0x66, 0x60, 0x60, 0x60, 0x84,
        0x62, 0x26, 0x76, 0x4E, 0, 2, 0x14, 0x95, 0x57, 0x12, 0, 0, 0 };
    static const char csv[] = "name,\"a \"\"b\"\"\",when,y\r\n\"x, y\",1.5,2020-01,u\r\n"
                              "z,NA,2020-02-03,v\r\n\"two\nlines\",-2e3,,u\r\n";
    char path[300];
    uint8_t buffer[8192];
    dl_ctx *dl = dl_new(1);
    snprintf(path, sizeof path, "%s/checkpoints/epoch", dir);
    training(dl, path, 1, false, 0);
    snprintf(path, sizeof path, "%s/checkpoints/middle", dir);
    training(dl, path, 2, false, 1);
    FILE *f = seed(dir, "optimizers/adam");
    fwrite(buffer, 1, dl_optimizer_save_to_memory(an_optimizer(dl), buffer, sizeof buffer), f);
    fclose(f);
    f = seed(dir, "idx/plain");
    fwrite(plain, 1, sizeof plain, f);
    fclose(f);
    f = seed(dir, "idx/packed");
    fwrite(packed, 1, sizeof packed, f);
    fclose(f);
    f = seed(dir, "tables/all");
    fwrite(csv, 1, sizeof csv - 1, f);
    fclose(f);
    dl_table *t = dl_table_from_memory(dl, csv, sizeof csv - 1, NULL);
    dl_encoder *e = dl_encoder_new(t, NULL);
    dl_model *m = dl_model_new(dl, dl_shape1(dl_encoder_feature_count(e)));
    dl_model_add_standardize(m, dl_encoder_data(e, t));
    dl_model_set_encoder(m, e);
    f = seed(dir, "models/table");
    fwrite(buffer, 1, dl_model_save_to_memory(m, buffer, sizeof buffer), f);
    fclose(f);
    dl_free(dl);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("READER");
    if (*argc == 3 && strcmp((*argv)[1], "seeds") == 0) {
        write_seeds((*argv)[2]);
        exit(0);
    }
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (name && strcmp(name, readers[i].name) == 0) reader = &readers[i];
    if (reader) return 0;
    fprintf(stderr, "READER must be models, weights, npy, optimizers, checkpoints, idx, "
            "tables or onnx\n");
    exit(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dl_ctx *dl = dl_new(1);
    uint8_t *p = (uint8_t *)malloc(size + (size == 0));  /* exactly: what is read behind it shows */
    if (size) memcpy(p, data, size);
    dl_set_error_callback(dl, quiet, NULL);
    fuzz_largest = 0;
    reader->run(dl, p, size);
    free(p);
    dl_free(dl);
    return 0;
}
