/* files.c - hostile bytes for the readers of files, by libFuzzer: make fuzz.

   The first byte says which reader gets the rest: a whole model, weights by name, in order and in
   part, NumPy's .npy. A reader may refuse, with a message, or give something that can be used and
   freed; it may not take more memory than in proportion to the file. */
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
#define DL_IMPLEMENTATION
#include "dl.h"

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

static void weights(dl_ctx *dl, const uint8_t *p, size_t size, bool in_order, bool partial)
{
    dl_model *m = dl_model_new(dl, dl_shape3(2, 4, 3));
    dl_loading o = dl_loading_default();
    static const dl_rename renames[] = { { "a.", "conv2d_1." }, { "b", "dense_1.bias" } };
    o.in_order = in_order;
    o.partial = partial;
    o.renames = in_order ? NULL : renames;
    o.renames_count = in_order ? 0 : 2;
    dl_model_add_conv2d(m, 2, 2, DL_RELU);
    dl_model_add_batch_normalization(m);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 2, DL_LINEAR);
    fuzz_largest = 0;
    judge(dl, dl_model_load_weights_from_memory(m, p, size, &o), size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    dl_ctx *dl = dl_new(1);
    uint8_t *p = (uint8_t *)malloc(size);         /* exactly: what is read behind it shows */
    memcpy(p, data + 1, --size);
    dl_set_error_callback(dl, quiet, NULL);
    fuzz_largest = 0;
    if (data[0] % 5 == 0) {
        dl_model *m = dl_model_load_from_memory(dl, p, size);
        judge(dl, m != NULL, size);
        if (m && dl_model_save_to_memory(m, NULL, 0) == 0) abort();
    } else if (data[0] % 5 == 4) {
        judge(dl, dl_npy_load_from_memory(dl, p, size) != NULL, size);
    } else weights(dl, p, size, data[0] % 5 == 2, data[0] % 5 == 3);
    free(p);
    dl_free(dl);
    return 0;
}
