/* Tests of the room >>data: data sets, IDX and MNIST, mini-batches. Set DL_DATA to the directory
   that holds mnist/ when it is not data/. */
#include <stddef.h>
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <time.h>

static bool quick(void) { return getenv("DL_QUICK") != NULL; }

/* Where mnist/ is: DL_DATA, data or ../data. */
static const char *mnist_dir(void)
{
    static char dir[1000];
    const char *from = getenv("DL_DATA");
    FILE *f = fopen("data/mnist/t10k-labels-idx1-ubyte", "rb");
    snprintf(dir, sizeof dir, "%s/mnist", from ? from : f ? "data" : "../data");
    if (f) fclose(f);
    return dir;
}

/* Element i of all the samples of a data set. */
static double value(const dl_data *d, dl_int i)
{
    const dl_int D = dl_shape_size(dl_data_shape(d));
    const dl_tensor *x = dl_data_sample(d, i / D);
    return x ? (double)x->data[i % D] : (double)NAN;
}

/* Three images of 2 x 3 pixels, pixel i is 10 i, and their labels 2 0 1. */
#define IMAGE_BYTES (16 + 18)
#define LABEL_BYTES (8 + 3)
static void tiny_idx(uint8_t *images, uint8_t *labels)
{
    static const uint8_t image_header[16] = { 0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3 };
    static const uint8_t label_file[11] = { 0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1 };
    int i;
    memcpy(images, image_header, 16);
    for (i = 0; i < 18; i++) images[16 + i] = (uint8_t)(10 * i);
    memcpy(labels, label_file, 11);
}

/* A copy of n bytes with nothing behind it, so that a sanitizer sees every read too far. */
static uint8_t *exact(const uint8_t *from, size_t n)
{
    uint8_t *p = (uint8_t *)malloc(n ? n : 1);
    if (n) memcpy(p, from, n);
    return p;
}

/* dl_idx_from_memory of the first so many bytes of each, in memory of just that size. */
static dl_data *idx_of(dl_ctx *dl, const uint8_t *images, size_t image_bytes,
                       const uint8_t *labels, size_t label_bytes, int classes)
{
    uint8_t *a = exact(images, image_bytes), *b = exact(labels, label_bytes);
    dl_data *d = dl_idx_from_memory(dl, a, image_bytes, b, label_bytes, classes);
    free(a);
    free(b);
    return d;
}

/* ---- data sets of arrays ---- */

static void arrays(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_real x[6] = { 1, 2, 3, 4, 5, (dl_real)NAN }, y[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    int32_t label[3] = { 2, 0, 1 };
    dl_data *a = dl_data_from_arrays(dl, x, 3, dl_shape1(2), label, 3);
    dl_data *b = dl_data_borrow_arrays(dl, x, 3, dl_shape1(2), label, 3);
    dl_data *t = dl_data_from_targets(dl, x, 3, dl_shape1(2), y, dl_shape1(3));
    dl_data *u = dl_data_borrow_targets(dl, x, 3, dl_shape1(2), y, dl_shape1(3));
    dl_data *n = dl_data_from_arrays(dl, x, 6, dl_shape0(), NULL, 0);
    if (!CHECK(a && b && t && u && n, "%s", dl_error_text(dl))) return;
    CHECK(dl_data_count(a) == 3 && dl_data_classes(a) == 3 && dl_data_shape(a).rank == 1 &&
          dl_data_shape(a).dim[0] == 2 &&
          dl_data_ctx(a) == dl && !dl_data_has_targets(a) && !dl_data_targets(a), "of a copy");
    CHECK(dl_data_labels(b) == label && dl_data_has_targets(u), "borrowed arrays are the caller's");
    CHECK(dl_data_targets(u) == y && dl_data_classes(u) == 0 && !dl_data_labels(u),
          "borrowed targets");
    CHECK(dl_data_targets(t) != y && dl_data_target_shape(t).dim[0] == 3, "copied targets");
    CHECK(dl_data_count(n) == 6 && !dl_data_labels(n) && dl_data_classes(n) == 0,
          "without labels, samples of rank 0");
    x[0] = 100;
    label[0] = 1;
    y[0] = 100;
    CHECK(value(a, 0) == 1 && dl_data_labels(a)[0] == 2 && dl_data_targets(t)[0] == 1,
          "copies don't change");
    CHECK(value(b, 0) == 100 && dl_data_labels(b)[0] == 1 && dl_data_targets(u)[0] == 100,
          "borrowed ones do");
    CHECK(value(a, 5) != value(a, 5), "NaN is let through");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

static void array_errors(void)
{
    dl_ctx *dl = test_quiet_new(1);
    const dl_int big = (dl_int)1 << (sizeof(dl_int) > 4 ? 40 : 20);
    dl_real x[6] = { 0 };
    int32_t label[3] = { 0, 1, 2 }, negative[3] = { 0, 1, -1 };
    long before = count_live;
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape1(2), label, 2), "label 2 of 2 classes");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_data_from_arrays: label 2 at position 2 is not in 0..1");
    CHECK(!dl_data_borrow_arrays(dl, x, 3, dl_shape1(2), negative, 2), "label -1");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_data_borrow_arrays: label -1 at position 2 is not in 0..1");
    CHECK(!dl_data_from_arrays(dl, NULL, 3, dl_shape1(2), label, 3), "no samples");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the samples are NULL");
    CHECK(!dl_data_from_targets(dl, x, 3, dl_shape1(2), NULL, dl_shape1(1)), "no targets");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the targets are NULL");
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape1(2), label, 0), "labels but no classes");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "labels given, but 0 classes");
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape1(2), NULL, 3), "classes but no labels");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "labels are NULL, but 3 classes");
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape1(2), label, -1), "-1 classes");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "-1 classes");
    CHECK(!dl_data_from_arrays(dl, x, -1, dl_shape1(2), label, 3), "-1 samples");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "-1 samples; a data set holds 0 to 2147483647");
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape2(2, 0), label, 3), "empty samples");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "sample of shape [2,0]");
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape1(-2), label, 3), "negative size");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "sample of shape [-2]");
    CHECK(!dl_data_from_arrays(dl, x, 3, dl_shape6(1, 1, 1, 1, 1, 1), label, 3), "rank 6");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the rank at most 5");
    CHECK(!dl_data_from_targets(dl, x, 3, dl_shape1(2), x, dl_shape1(0)), "empty targets");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_data_from_targets: target of shape [0]");
    CHECK(!dl_data_from_arrays(dl, x, INT32_MAX, dl_shape1(big), NULL, 0), "too many");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "2147483647 samples of shape");
    if (sizeof(dl_int) > 4) {
        CHECK(!dl_data_from_arrays(dl, x, big, dl_shape1(2), label, 3), "more than 2^31 samples");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "1099511627776 samples");
    }
    CHECK(count_live == before, "%ld blocks left by failures", count_live - before);
    CHECK(!dl_data_from_arrays(NULL, x, 3, dl_shape1(2), label, 3) &&
          !dl_idx_from_memory(NULL, x, 3, x, 3, 0) && !dl_idx_load(NULL, "a", "b", 0) &&
          !dl_mnist_load(NULL, "a", DL_TRAIN) && !dl_data_take(NULL, 0, 0) &&
          !dl_data_split(NULL, 0, NULL, NULL) && !dl_data_sample(NULL, 0) &&
          !dl_loader_new(NULL, 1, true) && !dl_loader_next(NULL, NULL) &&
          dl_loader_batch_count(NULL) == 0, "NULL passed in fails silently");
    dl_data_free(NULL);
    dl_loader_free(NULL);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

/* ---- IDX ---- */

static void idx(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[IMAGE_BYTES], labels[LABEL_BYTES];
    dl_data *d;
    dl_tensor *x;
    int i;
    tiny_idx(images, labels);
    d = idx_of(dl, images, sizeof images, labels, sizeof labels, 0);
    if (!CHECK(d, "%s", dl_error_text(dl))) return;
    CHECK(dl_data_count(d) == 3 && dl_shape_equal(dl_data_shape(d), dl_shape3(1, 2, 3)),
          "3 of [1,2,3]");
    CHECK(dl_data_classes(d) == 3, "the largest label is 2, classes are %d", dl_data_classes(d));
    CHECK(dl_data_labels(d)[0] == 2 && dl_data_labels(d)[1] == 0 && dl_data_labels(d)[2] == 1,
          "labels");
    CHECK_CLOSE(value(d, 7), 70 / 255.0, 1e-6, 0);
    x = dl_data_sample(d, 1);
    if (CHECK(x && dl_shape_equal(x->shape, dl_shape4(1, 1, 2, 3)), "a sample"))
        for (i = 0; i < 6; i++) CHECK_CLOSE(x->data[i], 10 * (i + 6) / 255.0, 1e-6, 0);
    d = idx_of(dl, images, sizeof images, labels, sizeof labels, 10);
    CHECK(d && dl_data_classes(d) == 10, "classes as given");
    d = dl_idx_from_memory(dl, images, sizeof images, NULL, 0, 0);
    CHECK(d && dl_data_classes(d) == 0 && !dl_data_labels(d), "images without labels");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Black is 0 and white is 1, exactly. */
static void idx_scale(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[16 + 256] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 16 };
    dl_tensor *x;
    int i;
    for (i = 0; i < 256; i++) images[16 + i] = (uint8_t)i;
    x = dl_data_sample(dl_idx_from_memory(dl, images, sizeof images, NULL, 0, 0), 0);
    if (!CHECK(x, "%s", dl_error_text(dl))) return;
    CHECK(x->data[0] == 0 && x->data[255] == 1, "0 and 255 become %g and %.9g",
          (double)x->data[0], (double)x->data[255]);
    for (i = 0; i < 256; i++) CHECK_CLOSE(x->data[i], i / 255.0, TEST_TOL, 0);
    dl_free(dl);
}

static void idx_errors(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[IMAGE_BYTES + 1], labels[LABEL_BYTES + 1], empty[16];
    dl_data *d;
    long before = count_live;
    images[IMAGE_BYTES] = labels[LABEL_BYTES] = 0;
    tiny_idx(images, labels);
#define FAILS(code, part)                                                                  \
    do {                                                                                   \
        d = idx_of(dl, images, IMAGE_BYTES, labels, LABEL_BYTES, 3);                       \
        CHECK(!d, "should have failed: %s", part);                                         \
        CHECK_ERROR(dl, code, part);                                                       \
        tiny_idx(images, labels);                                                          \
    } while (0)
    images[0] = 1;
    FAILS(DL_ERR_FORMAT, "images begins with 01 00 08 03; IDX images begin with 00 00 08 03");
    images[2] = 13;
    FAILS(DL_ERR_FORMAT, "images begins with 00 00 0D 03");
    images[3] = 4;
    FAILS(DL_ERR_FORMAT, "images begins with 00 00 08 04");
    labels[3] = 2;
    FAILS(DL_ERR_FORMAT, "labels begins with 00 00 08 02; IDX labels begin with 00 00 08 01");
    images[3] = 1;
    FAILS(DL_ERR_FORMAT, "are images and labels swapped?");
    images[0] = 0x1F;
    images[1] = 0x8B;
    FAILS(DL_ERR_FORMAT, "images is c");
    images[7] = 4;
    FAILS(DL_ERR_FORMAT, "images is cut off: its header promises 24 bytes of data, but 18 follow");
    images[7] = 2;
    FAILS(DL_ERR_FORMAT, "images is too long: its header promises 12 bytes of data, but 18");
    labels[7] = 4;
    FAILS(DL_ERR_FORMAT, "labels is cut off: its header promises 4 bytes of data, but 3 follow");
    labels[7] = 2;
    FAILS(DL_ERR_FORMAT, "labels is too long: its header promises 2 bytes of data, but 3 follow");
    images[4] = 0x80;
    FAILS(DL_ERR_FORMAT, "size 1 in the header of images is 2147483651; the most is 2147483647");
    memset(images + 4, 0x7F, 12); /* the product is about 2^93 */
    FAILS(DL_ERR_FORMAT, "images is cut off: its header promises 9787");
    labels[9] = 3;
    FAILS(DL_ERR_RANGE, "dl_idx_from_memory: label 3 at position 1 is not in 0..2");
#undef FAILS
    d = idx_of(dl, images, IMAGE_BYTES + 1, labels, LABEL_BYTES, 3);
    CHECK(!d, "one byte too many");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "its header promises 18 bytes of data, but 19 follow");
    d = idx_of(dl, images, IMAGE_BYTES, labels, LABEL_BYTES + 1, 3);
    CHECK(!d, "one byte too many");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "labels is too long: its header promises 3 bytes");
    labels[7] = 4;
    d = idx_of(dl, images, IMAGE_BYTES, labels, LABEL_BYTES + 1, 3);
    CHECK(!d, "3 images, 4 labels");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "images has 3 images, but labels has 4 labels");
    tiny_idx(images, labels);
    CHECK(!dl_idx_from_memory(dl, images, IMAGE_BYTES, labels, LABEL_BYTES, -1), "-1 classes");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "-1 classes");
    CHECK(!dl_idx_from_memory(dl, NULL, 0, labels, LABEL_BYTES, 0), "no images");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the images are NULL");
    memcpy(empty, images, 16); /* 3 images of 0 x 3 */
    empty[11] = 0;
    CHECK(!dl_idx_from_memory(dl, empty, 16, NULL, 0, 0), "empty images");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "sample of shape [1,0,3]");
    empty[11] = 2; /* 0 images of 2 x 3: allowed, but nothing to train on */
    empty[7] = 0;
    d = dl_idx_from_memory(dl, empty, 16, NULL, 0, 0);
    CHECK(d && dl_data_count(d) == 0, "no images: %s", dl_error_text(dl));
    CHECK(!dl_loader_new(d, 1, true), "a loader of nothing");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_loader_new: the data set is empty");
    dl_data_free(d);
    CHECK(count_live == before, "%ld blocks left by failures", count_live - before);
    dl_free(dl);
}

/* Cut off after every byte: always an error, and never a byte read behind the end. */
static void idx_truncated(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[IMAGE_BYTES], labels[LABEL_BYTES];
    size_t n;
    long before = count_live;
    tiny_idx(images, labels);
    for (n = 0; n < IMAGE_BYTES; n++) {
        CHECK(!idx_of(dl, images, n, labels, LABEL_BYTES, 0), "%d bytes of images", (int)n);
        CHECK_ERROR(dl, DL_ERR_FORMAT, n < 16 ? "the IDX header alone takes 16" : "cut off");
    }
    for (n = 0; n < LABEL_BYTES; n++) {
        CHECK(!idx_of(dl, images, IMAGE_BYTES, labels, n, 0), "%d bytes of labels", (int)n);
        CHECK_ERROR(dl, DL_ERR_FORMAT, n < 8 ? "the IDX header alone takes 8" : "cut off");
    }
    CHECK(count_live == before, "%ld blocks left", count_live - before);
    dl_free(dl);
}

/* Random changes and lengths: whatever comes of it, a data set is one that can be walked. */
static void idx_fuzz(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_rng r = dl_rng_new(1, 2);
    uint8_t images[IMAGE_BYTES], labels[LABEL_BYTES];
    int i, k, good = 0, rounds = quick() ? 500 : 20000;
    long before = count_live;
    for (i = 0; i < rounds; i++) {
        size_t a = IMAGE_BYTES, b = LABEL_BYTES;
        dl_data *d;
        tiny_idx(images, labels);
        for (k = (int)dl_rng_int(&r, 4); k > 0; k--) {
            uint8_t *p = dl_rng_int(&r, 2) ? images + dl_rng_int(&r, IMAGE_BYTES)
                                           : labels + dl_rng_int(&r, LABEL_BYTES);
            *p = (uint8_t)(dl_rng_int(&r, 2) ? dl_rng_int(&r, 256) : dl_rng_int(&r, 4));
        }
        if (dl_rng_int(&r, 4) == 0) a = (size_t)dl_rng_int(&r, IMAGE_BYTES + 1);
        if (dl_rng_int(&r, 4) == 0) b = (size_t)dl_rng_int(&r, LABEL_BYTES + 1);
        d = idx_of(dl, images, a, labels, b, (int)dl_rng_int(&r, 4));
        if ((d != NULL) != (dl_error(dl) == DL_OK)) CHECK(false, "result and error disagree");
        if (d) {
            dl_loader *l = dl_loader_new(d, 2, true);
            dl_batch batch;
            good++;
            while (dl_loader_next(l, &batch))
                if (batch.labels[0] < 0 || batch.labels[0] >= dl_data_classes(d)) CHECK(false,
                                                                                        "label");
            dl_loader_free(l);
            dl_data_free(d);
            dl_tape_clear(dl);
        }
        dl_clear_error(dl);
    }
    CHECK(good > rounds / 50 && good < rounds, "%d of %d changed files are valid", good, rounds);
    dl_tape_clear(dl);
    /* the tape keeps its memory */
    CHECK(count_live <= before + 4, "%ld blocks left", count_live - before);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- files ---- */

static void files(void)
{
    dl_ctx *dl = test_quiet_new(1);
    char path[1100], other[1100];
    long before = count_live;
    CHECK(!dl_mnist_load(dl, "no/such/place", DL_TEST), "no such directory");
    CHECK_ERROR(dl, DL_ERR_FILE,
                "dl_mnist_load: cannot open no/such/place/t10k-images-idx3-ubyte: ");
    CHECK(!dl_mnist_load(dl, "no/such/place/", DL_TRAIN), "no such directory, with a slash");
    CHECK_ERROR(dl, DL_ERR_FILE, "cannot open no/such/place/train-images-idx3-ubyte: ");
    CHECK(!dl_mnist_load(dl, "no/such/place", DL_TEST), "no such directory");
    CHECK_ERROR(dl, DL_ERR_FILE, "run from the repository's root, or pass the directory that");
    CHECK(!dl_mnist_load(dl, NULL, DL_TEST), "no name");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the directory is NULL");
#ifndef __cplusplus /* in C++ there is no such value */
    CHECK(!dl_mnist_load(dl, "x", (dl_split)2), "no such split");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "split 2 is not DL_TRAIN or DL_TEST");
#endif
    CHECK(!dl_idx_load(dl, NULL, "x", 0), "no name");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the path of the images is NULL");
    CHECK(!dl_idx_load(dl, ".", ".", 0), "a directory");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_idx_load: cannot ");
    snprintf(path, sizeof path, "%s/t10k-images-idx3-ubyte", mnist_dir());
    snprintf(other, sizeof other, "%s/t10k-labels-idx1-ubyte", mnist_dir());
    CHECK(!dl_idx_load(dl, path, "no-such-file", 0), "the labels are missing");
    CHECK_ERROR(dl, DL_ERR_FILE, "cannot open no-such-file: ");
    CHECK(!dl_idx_load(dl, other, path, 0), "swapped");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "are images and labels swapped?");
    snprintf(other, sizeof other, "%s/train-labels-idx1-ubyte", mnist_dir());
    CHECK(!dl_idx_load(dl, path, other, 0), "test images, training labels");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "has 10000 images, but ");
    CHECK(count_live == before, "%ld blocks left by failures", count_live - before);
    dl_free(dl);
}

/* Write n bytes; false when that fails. */
static bool spit(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(bytes, 1, n, f) == n;
    if (f) fclose(f);
    return ok;
}

/* Files of our own, in a directory that no other test that runs now has: empty, right, and of
   another size than MNIST's. */
static void written_files(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[IMAGE_BYTES], labels[LABEL_BYTES];
    char dir[600], image_path[700], label_path[700], command[700];
    dl_data *d;
    snprintf(dir, sizeof dir, "%.400s/dlh-%lx-%lx", test_dir(), (unsigned long)time(NULL),
             (unsigned long)(uintptr_t)dir);
    snprintf(command, sizeof command, "mkdir \"%s\"", dir);
    if (!CHECK(system(command) == 0, "%s", command)) return;
    snprintf(image_path, sizeof image_path, "%s/t10k-images-idx3-ubyte", dir);
    snprintf(label_path, sizeof label_path, "%s/t10k-labels-idx1-ubyte", dir);
    tiny_idx(images, labels);
    CHECK(spit(image_path, images, 0), "can't write %s", image_path);
    CHECK(!dl_idx_load(dl, image_path, NULL, 0), "an empty file");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "has 0 bytes, but the IDX header alone takes 16");
    CHECK(spit(image_path, images, sizeof images), "can't write %s", image_path);
    CHECK(!dl_mnist_load(dl, dir, DL_TEST), "labels are missing");
    CHECK_ERROR(dl, DL_ERR_FILE, "t10k-labels-idx1-ubyte: ");
    CHECK(spit(label_path, labels, sizeof labels), "can't write %s", label_path);
    d = dl_idx_load(dl, image_path, label_path, 0);
    CHECK(d && dl_data_count(d) == 3 && fabs(value(d, 17) - 170 / 255.0) < 1e-6 &&
          dl_data_classes(d) == 3, "%s", dl_error_text(dl));
    d = dl_idx_load(dl, image_path, NULL, 0);
    CHECK(d && dl_data_count(d) == 3 && !dl_data_labels(d), "%s", dl_error_text(dl));
    CHECK(!dl_mnist_load(dl, dir, DL_TEST), "not MNIST's size");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "are 2 x 3, MNIST's are 28 x 28; dl_idx_load takes any size");
    remove(image_path);
    remove(label_path);
    snprintf(command, sizeof command, "rmdir \"%s\"", dir);
    CHECK(system(command) == 0, "%s", command);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

static void mnist(void)
{
    static const int32_t train_first[10] = { 5, 0, 4, 1, 9, 2, 1, 3, 1, 4 };
    static const int32_t test_first[10] = { 7, 2, 1, 0, 4, 1, 4, 9, 5, 9 };
    static const int32_t train_digits[10] = { 5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851,
                                              5949 };
    dl_ctx *dl = dl_new(42);
    dl_data *train = dl_mnist_load(dl, mnist_dir(), DL_TRAIN);
    dl_data *test = dl_mnist_load(dl, mnist_dir(), DL_TEST);
    int32_t digits[10] = { 0 };
    uint64_t sum = 0;
    dl_int i;
    if (!CHECK(train && test, "set DL_DATA: %s", dl_error_text(dl))) return;
    CHECK(dl_data_count(train) == 60000 && dl_data_count(test) == 10000, "counts");
    CHECK(dl_shape_equal(dl_data_shape(train), dl_shape3(1, 28, 28)) &&
          dl_data_classes(train) == 10, "shape");
    CHECK(memcmp(dl_data_labels(train), train_first, sizeof train_first) == 0,
          "first training labels");
    CHECK(memcmp(dl_data_labels(test), test_first, sizeof test_first) == 0, "first test labels");
    for (i = 0; i < dl_data_count(train); i++) digits[dl_data_labels(train)[i]]++;
    CHECK(memcmp(digits, train_digits, sizeof digits) == 0, "how many of each digit");
    dl_loader *l = dl_loader_new(train, 1000, false);
    dl_batch b;
    while (dl_loader_next(l, &b)) {
        for (i = 0; i < b.x->size; i++) sum += (uint64_t)((double)b.x->data[i] * 255 + 0.5);
        dl_tape_clear(dl);
    }
    CHECK_CLOSE((double)sum / 255 / 60000 / 784, 0.1306604762738429, 1e-12, 0);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- views ---- */

static void views(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_real x[20], y[30];
    int32_t label[10];
    dl_data *d, *t, *v, *w, *a = NULL, *b = NULL;
    double fraction;
    int i;
    for (i = 0; i < 20; i++) x[i] = (dl_real)i;
    for (i = 0; i < 30; i++) y[i] = (dl_real)(100 + i);
    for (i = 0; i < 10; i++) label[i] = 9 - i;
    d = dl_data_from_arrays(dl, x, 10, dl_shape1(2), label, 10);
    t = dl_data_from_targets(dl, x, 10, dl_shape1(2), y, dl_shape1(3));
    v = dl_data_take(d, 3, 5);
    w = dl_data_take(v, 1, 2);
    if (!CHECK(v && w && t, "%s", dl_error_text(dl))) return;
    CHECK(dl_data_count(v) == 5 && value(v, 0) == 6 && dl_data_labels(v)[0] == 6, "a view shares");
    CHECK(dl_data_count(w) == 2 && value(w, 0) == 8 && dl_data_labels(w)[1] == 4,
          "a view of a view");
    dl_data_free(d);
    dl_data_free(v);
    CHECK(value(w, 0) == 8 && dl_data_labels(w)[0] == 5, "the storage lives as long as any view");
    CHECK(dl_data_sample(w, 1)->data[1] == 11, "a sample of a view");
    CHECK(!dl_data_sample(w, 2) && !dl_data_sample(w, -1), "outside");
    CHECK_ERROR(dl, DL_ERR_RANGE, "there is no sample 2; the data set has 2, from 0 on");
    dl_data_free(w);
    v = dl_data_take(t, 9, 1);
    CHECK(v && dl_data_targets(v)[0] == 127, "a view of targets");
    CHECK(dl_data_take(t, 10, 0) != NULL, "nothing, from the end on");
    CHECK(!dl_data_take(t, 9, 2) && !dl_data_take(t, 11, 0) && !dl_data_take(t, -1, 2) &&
          !dl_data_take(t, 2, -1) && !dl_data_take(t, 1, PTRDIFF_MAX), "outside");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_data_take: 2 samples from 9 on are not in the data set's 10");
    for (i = 0; i <= 10; i++) { /* i / 10 is not exact in binary, the parts are */
        fraction = i / 10.0;
        CHECK(dl_data_split(t, fraction, &a, &b), "%s", dl_error_text(dl));
        CHECK(dl_data_count(a) == 10 - i && dl_data_count(b) == i, "%g of 10: %d and %d",
              fraction, (int)dl_data_count(a),
              (int)dl_data_count(b));
        CHECK(dl_data_targets(b) == dl_data_targets(t) + 3 * (10 - i),
              "the second part is the end");
        dl_data_free(a);
        dl_data_free(b);
    }
    a = b = NULL;
    CHECK(!dl_data_split(t, 1.5, &a, &b) && !dl_data_split(t, -0.1, &a, &b) &&
          !dl_data_split(t, (double)NAN, &a, &b) && !dl_data_split(t, 0.5, NULL, &b), "refused");
    CHECK(!a && !b, "a failed call leaves its outputs as they were");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_split: fraction 1.5 must be from 0 to 1");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- batches ---- */

/* A data set of n samples of two numbers i and -i, with label i % 7 and target 2 i. */
static dl_data *counting(dl_ctx *dl, dl_int n, bool targets)
{
    dl_real *x = (dl_real *)malloc((size_t)n * 2 * sizeof *x);
    dl_real *y = (dl_real *)malloc((size_t)n * sizeof *y);
    int32_t *label = (int32_t *)malloc((size_t)n * sizeof *label);
    dl_data *d;
    dl_int i;
    for (i = 0; i < n; i++) {
        x[2 * i] = (dl_real)i;
        x[2 * i + 1] = (dl_real)-i;
        y[i] = (dl_real)(2 * i);
        label[i] = (int32_t)(i % 7);
    }
    d = targets ? dl_data_from_targets(dl, x, n, dl_shape1(2), y, dl_shape0())
                : dl_data_from_arrays(dl, x, n, dl_shape1(2), label, 7);
    free(x);
    free(y);
    free(label);
    return d;
}

/* Walk one epoch of a loader of counting(n): which sample came when into order[n]. Checks sizes,
   numbers, and that x, labels and targets belong together. */
static void epoch(dl_ctx *dl, dl_loader *l, dl_int n, dl_int size, bool targets, int32_t *order)
{
    dl_batch b;
    dl_int at = 0, number = 0, i;
    memset(&b, 0, sizeof b);
    while (dl_loader_next(l, &b)) {
        dl_int expect = n - at < size ? n - at : size;
        if (!CHECK(b.size == expect && b.number == number, "batch %d of size %d", (int)b.number,
                   (int)b.size)) return;
        CHECK(dl_shape_equal(b.x->shape, dl_shape2(expect, 2)), "shape of x");
        CHECK(targets ? b.y && !b.labels && dl_shape_equal(b.y->shape, dl_shape1(expect))
                      : !b.y && b.labels, "labels or targets");
        for (i = 0; i < b.size; i++) {
            const int32_t k = (int32_t)b.x->data[2 * i];
            order[at + i] = k;
            if (b.x->data[2 * i + 1] != (dl_real)-k ||
                (targets ? b.y->data[i] != (dl_real)(2 * k) : b.labels[i] != k % 7))
                CHECK(false, "sample %d does not belong to its answer", (int)k);
        }
        at += b.size;
        number++;
        dl_tape_clear(dl);
    }
    CHECK(dl_error(dl) == DL_OK && at == n && number == dl_loader_batch_count(l),
          "%d samples in %d "
          "batches: %s", (int)at, (int)number, dl_error_text(dl));
}

static bool is_permutation(const int32_t *order, dl_int n)
{
    char *seen = (char *)calloc((size_t)n, 1);
    bool ok = true;
    dl_int i;
    for (i = 0; i < n; i++) {
        ok = ok && order[i] >= 0 && order[i] < n && !seen[order[i]];
        if (ok) seen[order[i]] = 1;
    }
    free(seen);
    return ok;
}

#define MOST 103
static void batches(void)
{
    static const dl_int counts[] = { 1, 2, 3, 7, 16, 100, MOST };
    static const dl_int sizes[] = { 1, 2, 3, 8, 100, 1000 };
    int32_t order[MOST], again[MOST];
    size_t i, k;
    int targets, shuffle, round;
    for (i = 0; i < sizeof counts / sizeof *counts; i++)
        for (k = 0; k < sizeof sizes / sizeof *sizes; k++)
            for (targets = 0; targets < 2; targets++)
                for (shuffle = 0; shuffle < 2; shuffle++) {
                    const dl_int n = counts[i];
                    dl_ctx *dl = test_quiet_new(3);
                    dl_data *d = counting(dl, n, targets > 0);
                    dl_loader *l = dl_loader_new(d, sizes[k], shuffle > 0);
                    if (!CHECK(l, "%s", dl_error_text(dl))) return;
                    CHECK(dl_loader_batch_count(l) == (n + sizes[k] - 1) / sizes[k], "batches");
                    for (round = 0; round < 3; round++) {
                        memcpy(again, order, sizeof order);
                        epoch(dl, l, n, sizes[k], targets > 0, order);
                        CHECK(is_permutation(order, n), "every sample once");
                        if (round > 0 && shuffle && n > 10)
                            CHECK(memcmp(order, again, (size_t)n * 4) != 0, "epochs differ");
                        if (round > 0 && !shuffle)
                            CHECK(memcmp(order, again, (size_t)n * 4) == 0 && order[0] == 0 &&
                                  order[n - 1] == n - 1, "in order");
                    }
                    dl_free(dl);
                }
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

static void loader_errors(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = counting(dl, 10, false), *none = dl_data_take(d, 0, 0);
    dl_loader *l;
    dl_batch b, old;
    dl_tensor *x;
    CHECK(!dl_loader_new(d, 0, true), "size 0");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_loader_new: batch size 0; give 1 or more");
    CHECK(!dl_loader_new(d, -5, true), "size -5");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_loader_new: batch size -5; give 1 or more");
    CHECK(!dl_loader_new(none, 5, true), "empty");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_loader_new: the data set is empty");
    l = dl_loader_new(d, 4, true);
    CHECK(!dl_loader_next(l, NULL), "no place for the batch");
    CHECK(dl_loader_next(l, &b), "%s", dl_error_text(dl));
    x = b.x;
    dl_tape_clear(dl);
    CHECK(!dl_relu(x), "a batch from before dl_tape_clear");
    CHECK_ERROR(dl, DL_ERR_STALE, "is from before the last dl_tape_clear");
    dl_set_tape_limit(dl, 0); /* what the tape has is used up, then the next batch fails */
    while (dl_zeros(dl, dl_shape1(1000))) {}
    dl_clear_error(dl);
    while (dl_zeros(dl, dl_shape1(1))) {}
    dl_clear_error(dl);
    old = b;
    CHECK(!dl_loader_next(l, &b), "no room on the tape");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "call dl_tape_clear after every step");
    CHECK(memcmp(&old, &b, sizeof b) == 0, "a failed call leaves its outputs as they were");
    dl_tape_clear(dl);
    CHECK(dl_loader_next(l, &b) && b.number == 1 && b.size == 4, "and goes on afterwards");
    dl_free(dl);
}

/* A loop that is left goes on in the middle, unless the loader is told to start anew. */
static void restart(void)
{
    int32_t order[20], again[20];
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = counting(dl, 20, false);
    dl_loader *l = dl_loader_new(d, 8, true), *k = dl_loader_new(d, 8, false);
    dl_batch b;
    CHECK(dl_loader_next(l, &b) && b.number == 0 && dl_loader_next(l, &b) && b.number == 1, "two");
    CHECK(dl_loader_next(l, &b) && b.number == 2 && b.size == 4, "and the third");
    dl_loader_restart(l);
    epoch(dl, l, 20, 8, false, order);
    CHECK(is_permutation(order, 20), "a whole epoch");
    dl_loader_restart(l);
    epoch(dl, l, 20, 8, false, again);
    CHECK(memcmp(order, again, sizeof order) != 0, "of another order");
    CHECK(dl_loader_next(k, &b) && dl_loader_next(k, &b), "two");
    dl_loader_restart(k);
    CHECK(dl_loader_next(k, &b) && b.number == 0 && b.x->data[2] == 1, "the first one again");
    dl_loader_restart(NULL);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- a source of one's own: sample i is (i, -i), label i % 7 or target 2 i ---- */

typedef struct made {
    dl_ctx *dl;
    int     reads, rewinds, closes;
    bool    fail, say_why, fail_rewind, bad;
} made;

static bool made_read(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                      dl_real *y)
{
    made *m = (made *)user;
    m->reads++;
    for (dl_int i = 0; i < n; i++) {
        if (x) x[2 * i] = (dl_real)index[i];
        if (x) x[2 * i + 1] = (dl_real)-index[i];
        if (labels) labels[i] = m->bad ? 7 : index[i] % 7;
        if (y) y[i] = (dl_real)(2 * index[i]);
    }
    if (m->say_why) return dl_fail(m->dl, DL_ERR_FORMAT, "sample %d is rotten", (int)index[0]);
    return !m->fail;
}

static bool made_rewind(void *user)
{
    made *m = (made *)user;
    m->rewinds++;
    return !m->fail_rewind;
}

static void made_close(void *user) { ((made *)user)->closes++; }

static dl_source made_source(made *m, dl_ctx *dl, bool targets)
{
    dl_source s = dl_source_default();
    memset(m, 0, sizeof *m);
    m->dl = dl;
    s.count = 1000;
    s.shape = dl_shape1(2);
    s.targets = targets;
    s.classes = targets ? 0 : 7;
    s.read = made_read;
    s.rewind = made_rewind;
    s.close = made_close;
    s.user = m;
    return s;
}

static void own_source(void)
{
    int32_t order[1000];
    for (int targets = 0; targets < 2; targets++) {
        dl_ctx *dl = test_quiet_new(1);
        made m;
        dl_source s = made_source(&m, dl, targets);
        dl_data *d = dl_data_from_source(dl, &s), *a = NULL, *b = NULL;
        if (!CHECK(d, "%s", dl_error_text(dl))) return;
        CHECK(dl_data_count(d) == 1000 && dl_data_classes(d) == (targets ? 0 : 7) &&
              dl_data_has_targets(d) == targets && m.reads == 0, "nothing is read yet");
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            epoch(dl, dl_loader_new(d, 600, shuffle), 1000, 600, targets, order);
            CHECK(is_permutation(order, 1000) && m.rewinds == 1 + shuffle, "an epoch");
        }
        CHECK(value(d, 1998) == 999 && value(d, 1999) == -999, "the last one");
        CHECK(dl_data_split(d, 0.25, &a, &b), "%s", dl_error_text(dl));
        CHECK(value(b, 0) == 750, "a view");
        if (targets) CHECK(dl_data_targets(b)[1] == 1502 && !dl_data_labels(b), "targets");
        else CHECK(dl_data_labels(b)[1] == 751 % 7 && !dl_data_targets(b), "labels");
        const int reads = m.reads;
        CHECK((targets ? (const void *)dl_data_targets(a) : (const void *)dl_data_labels(a)) &&
              m.reads == reads, "they are read once");
        dl_data_free(d);
        dl_data_free(a);
        dl_loader *l = dl_loader_new(b, 100, true);
        dl_data_free(b);
        CHECK(m.closes == 0, "closed while a loader reads");
        dl_loader_free(l);
        CHECK(m.closes == 0, "two more loaders");
        dl_free(dl);
        CHECK(m.closes == 1 && count_live == 0, "closed %d times, %ld left", m.closes, count_live);
    }
}

/* fit, evaluate, report and regression are the same as from arrays. */
static void source_in_a_model(void)
{
    for (int targets = 0; targets < 2; targets++) {
        double loss[2];
        for (int own = 0; own < 2; own++) {
            dl_ctx *dl = test_quiet_new(1);
            made m;
            dl_source s = made_source(&m, dl, targets);
            s.count = 90;
            dl_data *d = own ? dl_data_from_source(dl, &s) : counting(dl, 90, targets);
            dl_model *net = dl_model_new(dl, dl_shape1(2));
            dl_fit fit = dl_fit_default();
            fit.verbose = 0;
            fit.validation_split = 0.2;
            dl_model_add_dense(net, targets ? 1 : 7, targets ? DL_LINEAR : DL_SOFTMAX);
            dl_model_compile(net, targets ? DL_MSE : DL_SPARSE_CATEGORICAL_CROSSENTROPY,
                             dl_sgd(1e-5));
            CHECK(dl_model_fit(net, d, &fit), "%s", dl_error_text(dl));
            loss[own] = dl_model_evaluate(net, d).loss;
            if (targets) loss[own] += dl_model_regression(net, d).mae;
            else loss[own] += dl_model_report(net, d)->accuracy;
            CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
            dl_free(dl);
            CHECK(count_live == 0, "%ld blocks left", count_live);
        }
        CHECK(loss[0] == loss[1], "%.17g from arrays, %.17g from a source", loss[0], loss[1]);
    }
}

/* A source that clears the tape would pull it from under the batch. */
static bool clearing_read(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                          dl_real *y)
{
    (void)index;
    (void)n;
    (void)x;
    (void)labels;
    (void)y;
    dl_tape_clear((dl_ctx *)user);
    return true;
}

static dl_int clearing_next(void *user, dl_int n, dl_real *x, int32_t *labels, dl_real *y)
{
    return clearing_read(user, NULL, n, x, labels, y) ? n : -1;
}

static void source_clears_tape(void)
{
    for (int stream = 0; stream < 2; stream++) {
        dl_ctx *dl = test_quiet_new(1);
        dl_source s = dl_source_default();
        dl_batch b;
        s.count = 1000;
        s.shape = dl_shape1(2);
        s.user = dl;
        if (stream) s.next = clearing_next;
        else s.read = clearing_read;
        dl_loader *l = dl_loader_new(dl_data_from_source(dl, &s), 600, false);
        CHECK(l && !dl_loader_next(l, &b), "a batch without its tape");
        CHECK_ERROR(dl, DL_ERR_STATE, "its source has called dl_tape_clear");
        dl_free(dl);
    }
}

static void source_errors(void)
{
    dl_ctx *dl = test_quiet_new(1);
    made m;
    dl_source good = made_source(&m, dl, false), s;
    dl_batch b;
    long before = count_live;
    CHECK(!dl_data_from_source(NULL, &good) && !dl_data_from_source(dl, NULL), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_from_source: the source is NULL, or it has not one");
#define REFUSED(change, code, part)                                                    \
    do {                                                                               \
        s = good;                                                                      \
        change;                                                                        \
        CHECK(!dl_data_from_source(dl, &s), "%s", #change);                            \
        CHECK_ERROR(dl, code, part);                                                   \
    } while (0)
    REFUSED(s.read = NULL, DL_ERR_ARGUMENT, "not one of the functions read and next");
    REFUSED(s.count = -1, DL_ERR_ARGUMENT, "-1 samples; a data set holds 0 to 2147483647");
    REFUSED(s.classes = -1, DL_ERR_ARGUMENT, "-1 classes; give 1 or more for labels, or 0");
    REFUSED(s.targets = true, DL_ERR_ARGUMENT, "7 classes, and targets");
    REFUSED(s.shape = dl_shape1(0), DL_ERR_SHAPE, "sample of shape [0]");
    REFUSED((s.classes = 0, s.targets = true, s.target_shape = dl_shape1(0)), DL_ERR_SHAPE,
            "target of shape [0]");
#undef REFUSED
    CHECK(m.closes == 0 && count_live == before, "a source that was refused is the caller's");
    dl_data *d = dl_data_from_source(dl, &good);
    dl_loader *l = dl_loader_new(d, 10, true);
    m.fail = true;
    CHECK(!dl_loader_next(l, &b), "read has failed");
    CHECK_ERROR(dl, DL_ERR_FILE, "its source could not read 10 samples, the first of them number");
    CHECK(!dl_data_labels(d) && !dl_data_sample(d, 3), "read has failed");
    CHECK_ERROR(dl, DL_ERR_FILE, "its source could not read 512 samples, the first of them number 0");
    m.say_why = true;
    CHECK(!dl_data_sample(d, 3), "read has failed, and said why");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "sample 3 is rotten");
    m.fail = m.say_why = false;
    m.bad = true;
    CHECK(!dl_loader_next(l, &b), "label 7 of 7 classes");
    CHECK_ERROR(dl, DL_ERR_RANGE, "a batch of a data set: label 7 at position 0 is not in 0..6");
    m.bad = false;
    m.fail_rewind = true;
    CHECK(!dl_loader_next(l, &b), "rewind has failed");
    CHECK_ERROR(dl, DL_ERR_FILE, "its source could not go back to its start");
    m.fail_rewind = false;
    CHECK(dl_loader_next(l, &b) && dl_data_labels(d), "%s", dl_error_text(dl));
    CHECK(!dl_data_ctx(NULL) && dl_data_count(NULL) == 0 && dl_data_shape(NULL).rank == 0 &&
          dl_data_classes(NULL) == 0 && !dl_data_has_targets(NULL) && !dl_data_labels(NULL) &&
          dl_data_target_shape(NULL).rank == 0 && !dl_data_targets(NULL), "getters of NULL");
    dl_free(dl);
}

/* The loader outlives the data set it was made from, and both are freed in any order. */
static void lifetime(void)
{
    int32_t order[20];
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = counting(dl, 20, false), *v = dl_data_take(d, 0, 20);
    dl_loader *l = dl_loader_new(v, 6, true), *k = dl_loader_new(v, 6, false);
    dl_data_free(d);
    dl_data_free(v);
    epoch(dl, l, 20, 6, false, order);
    dl_loader_free(l);
    epoch(dl, k, 20, 6, false, order);
    dl_loader_free(k);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* The same seed gives the same order; the order hangs on nothing that is drawn in between; a
   loader that does not shuffle draws nothing; two contexts share nothing. */
static void determinism(void)
{
    int32_t first[2][50], second[2][50], other[50];
    dl_ctx *a = test_quiet_new(5), *b = test_quiet_new(5), *c = test_quiet_new(6);
    dl_loader *l = dl_loader_new(counting(a, 50, true), 8, true);
    dl_loader *m = dl_loader_new(counting(b, 50, true), 5, true);
    dl_loader *n = dl_loader_new(counting(c, 50, true), 8, true);
    uint64_t counter;
    epoch(a, l, 50, 8, true, first[0]);
    epoch(b, m, 50, 5, true, first[1]);
    dl_rng_u64(dl_ctx_rng(b));
    epoch(b, m, 50, 5, true, second[1]);
    epoch(a, l, 50, 8, true, second[0]);
    epoch(c, n, 50, 8, true, other);
    CHECK(memcmp(first[0], first[1], sizeof other) == 0, "first epochs of one seed");
    CHECK(memcmp(second[0], second[1], sizeof other) == 0, "second epochs of one seed");
    CHECK(memcmp(first[0], other, sizeof other) != 0, "another seed");
    dl_loader_free(n);
    n = dl_loader_new(counting(c, 50, true), 8, true);
    epoch(c, n, 50, 8, true, first[0]);
    CHECK(memcmp(first[0], other, sizeof other) != 0, "two loaders of one context differ");
    counter = dl_ctx_rng(a)->counter;
    CHECK(dl_loader_new(counting(a, 50, true), 8, false) != NULL, "%s", dl_error_text(a));
    CHECK(dl_ctx_rng(a)->counter == counter, "no shuffle, no random number");
    dl_free(a);
    epoch(b, m, 50, 5, true, second[1]);
    dl_free(c);
    dl_free(b);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* An epoch whose first batch failed begins with the same order when it is tried again. */
static void failed_start(void)
{
    int32_t order[40], again[40];
    dl_ctx *a = test_quiet_new(5), *b = test_quiet_new(5);
    dl_loader *l = dl_loader_new(counting(a, 40, false), 8, true);
    dl_loader *m = dl_loader_new(counting(b, 40, false), 8, true);
    dl_batch batch;
    dl_set_tape_limit(a, 0);
    CHECK(!dl_loader_next(l, &batch), "no room on the tape");
    CHECK_ERROR(a, DL_ERR_LIMIT, "a batch of a data set: the tape holds");
    dl_set_tape_limit(a, (size_t)1 << 24);
    epoch(a, l, 40, 8, false, order);
    epoch(b, m, 40, 8, false, again);
    CHECK(memcmp(order, again, sizeof order) == 0, "the failure has cost random numbers");
    dl_free(a);
    dl_free(b);
}

/* After the first epoch, batches cost no allocation. */
static void no_allocation(void)
{
    int32_t order[90];
    dl_ctx *dl = test_quiet_new(5);
    dl_loader *l = dl_loader_new(counting(dl, 90, true), 8, true);
    long before;
    epoch(dl, l, 90, 8, true, order);
    before = count_calls;
    epoch(dl, l, 90, 8, true, order);
    epoch(dl, l, 90, 8, true, order);
    CHECK(count_calls == before, "%ld allocations", count_calls - before);
    dl_free(dl);
}

/* ---- data sets made of others ---- */

/* Samples (i, -i), labels i % 3. */
static dl_data *triples(dl_ctx *dl, int first, int n)
{
    dl_real x[200];
    int32_t label[100];
    for (int i = 0; i < n; i++) {
        x[2 * i] = (dl_real)(first + i);
        x[2 * i + 1] = (dl_real)-(first + i);
        label[i] = (first + i) % 3;
    }
    return dl_data_from_arrays(dl, x, n, dl_shape1(2), label, 3);
}

static void parts(void)
{
    static const int32_t list[6] = { 4, 0, 4, 12, 9, 10 }, few[2] = { 5, 1 };
    static const dl_real w[13] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };
    const double want[6] = { 4, 0, 4, 102, 9, 100 };
    dl_ctx *dl = test_quiet_new(1);
    const dl_data *two[2];
    two[0] = triples(dl, 0, 10);
    two[1] = triples(dl, 100, 3);
    dl_data *both = dl_data_concat(two, 2), *heavy = dl_data_weighted(both, w);
    dl_data *pick = dl_data_pick(heavy, list, 6), *again = dl_data_pick(pick, few, 2);
    dl_data *twice = dl_data_weighted(again, w);
    if (!CHECK(twice, "%s", dl_error_text(dl))) return;
    CHECK(dl_data_count(both) == 13 && dl_data_count(again) == 2 && !dl_data_weights(both), "sizes");
    for (int i = 0; i < 6; i++)
        CHECK(value(pick, 2 * i) == want[i] && value(pick, 2 * i + 1) == -want[i] &&
              dl_data_labels(pick)[i] == (int)want[i] % 3 &&
              dl_data_weights(pick)[i] == w[list[i]], "sample %d", i);
    CHECK(value(again, 0) == 100 && value(again, 2) == 0, "a view of a view of a view");
    CHECK(dl_data_weights(twice)[0] == 11 && dl_data_weights(twice)[1] == 2, "1 * 11 and 2 * 1");
    dl_loader *l = dl_loader_new(dl_data_take(heavy, 8, 5), 3, false);
    dl_batch b;
    CHECK(dl_loader_next(l, &b) && b.weight->size == 3 && b.weight->data[2] == 11 &&
          b.x->data[4] == 100, "a batch over the border");
    for (int i = 0; i < 2; i++) dl_data_free((dl_data *)(uintptr_t)two[i]);
    dl_data_free(both);
    CHECK(dl_loader_next(l, &b) && b.size == 2 && b.x->data[2] == 102, "what it needs stays");
    CHECK(!dl_loader_next(l, &b) && dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    two[0] = pick;
    two[1] = counting(dl, 5, true);
    CHECK(!dl_data_concat(two, 2), "labels and targets");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_data_concat: data set 1, of samples [2], and the first, of");
    CHECK(!dl_data_pick(pick, few, -1) && !dl_data_pick(NULL, few, 2) && !dl_data_concat(NULL, 1) &&
          !dl_data_weighted(NULL, w), "nothing");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_pick: -1 samples, and the list is there");
    CHECK(!dl_data_pick(again, few, 2), "outside");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_data_pick: sample 5 at position 0 is not in 0..1");
    const dl_real minus[2] = { 1, -1 };
    CHECK(!dl_data_weighted(again, minus), "negative");
    CHECK_ERROR(dl, DL_ERR_RANGE, "the weight -1 of sample 1 must be 0 or more");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Each sample is in one test set; how many of each class or group there are. */
static void folds(void)
{
    int32_t group[100];
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = triples(dl, 0, 100), *a = NULL, *b = NULL;
    for (int i = 0; i < 100; i++) group[i] = i % 17;
    for (int kind = 0; kind < 4; kind++) {
        int times[100] = { 0 }, in_fold[17] = { 0 };
        dl_folds o = dl_folds_default();
        o.seed = 3;
        if (kind == 1) o.stratify = true;
        if (kind == 2) o.group = group;
        if (kind == 3) o.shuffle = false;
        for (int f = 0; f < 5; f++) {
            if (!CHECK(dl_data_fold(d, 5, f, &o, &a, &b), "%s", dl_error_text(dl))) return;
            const int n = (int)dl_data_count(b);
            CHECK(dl_data_count(a) + n == 100 && (kind == 2 ? n > 14 && n < 26 : n == 20), "%d", n);
            int classes[3] = { 0 }, groups[17] = { 0 };
            for (int i = 0; i < n; i++) {
                const int k = (int)value(b, 2 * i);
                times[k]++;
                classes[dl_data_labels(b)[i]]++;
                groups[group[k]] = 1;
                if (kind == 3) CHECK(i == 0 || k > (int)value(b, 2 * i - 2), "not shuffled");
            }
            for (int g = 0; g < 17; g++) in_fold[g] += groups[g];
            if (kind == 1)
                for (int c = 0; c < 3; c++) CHECK(classes[c] == 6 || classes[c] == 7, "class %d: %d",
                                                  c, classes[c]);
            dl_data_free(a);
            dl_data_free(b);
        }
        for (int i = 0; i < 100; i++) CHECK(times[i] == 1, "sample %d: %d times", i, times[i]);
        for (int g = 0; kind == 2 && g < 17; g++) CHECK(in_fold[g] == 1, "group %d is torn", g);
    }
    dl_folds o = dl_folds_default();
    o.stratify = true;
    CHECK(dl_data_split_random(d, 0.31, &o, &a, &b), "%s", dl_error_text(dl));
    CHECK(dl_data_count(a) == 69 && dl_data_count(b) == 31, "%d", (int)dl_data_count(b));
    CHECK(dl_data_split_random(d, 0.3, NULL, &a, &b) && dl_data_count(b) == 30, "defaults");
    CHECK(value(b, 0) != 70 && dl_data_split_random(d, 0, NULL, &a, &b), "all and nothing");
    CHECK(dl_data_count(a) == 100 && dl_data_count(b) == 0, "all and nothing");
    CHECK(!dl_data_fold(d, 1, 0, NULL, &a, &b), "1 fold");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_fold: fold 0 of 1 of 100 samples; give 2");
    CHECK(!dl_data_fold(d, 5, 5, NULL, &a, &b), "fold 5");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_fold: fold 5 of 5");
    CHECK(dl_data_fold(d, 34, 33, &o, &a, &b) && dl_data_count(b) > 0, "%s", dl_error_text(dl));
    CHECK(!dl_data_fold(d, 35, 0, &o, &a, &b), "35 folds of 34 samples");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_fold: 35 folds, but no class has more than 34");
    o = dl_folds_default();
    o.group = group;
    for (int f = 0; f < 17; f++)
        CHECK(dl_data_fold(d, 17, f, &o, &a, &b) && dl_data_count(b) > 4, "%s", dl_error_text(dl));
    CHECK(!dl_data_fold(d, 18, 3, &o, &a, &b), "18 folds of 17 groups");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_fold: 18 folds, but only 17 groups");
    o.stratify = true;
    CHECK(!dl_data_split_random(d, 0.5, &o, &a, &b), "both");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_split_random: to stratify takes labels, and no");
    CHECK(!dl_data_split_random(d, 1.5, NULL, &a, &b), "1.5");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_split_random: fraction 1.5 must be");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

static void bytes(void)
{
    static const uint8_t x[12] = { 0, 255, 51, 102, 153, 204, 1, 2, 3, 4, 5, 6 };
    static const int32_t label[3] = { 0, 1, 1 };
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = dl_data_from_bytes(dl, x, 3, dl_shape3(1, 2, 2), label, 2);
    if (!CHECK(d, "%s", dl_error_text(dl))) return;
    CHECK(value(d, 1) == 1 && dl_data_labels(d)[2] == 1, "255 is 1");
    CHECK_CLOSE(value(d, 4), 0.6, 1e-6, 0);
    CHECK(!dl_data_from_bytes(dl, NULL, 3, dl_shape1(4), label, 2), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_from_bytes: the samples are NULL");
    dl_free(dl);
}

/* ---- streams: sample i is (i, -i), label i % 7 or target 2 i ---- */

typedef struct flow { int at, count, rewinds; bool labels, fail; } flow;

static dl_int flow_next(void *user, dl_int n, dl_real *x, int32_t *labels, dl_real *y)
{
    flow *f = (flow *)user;
    dl_int got = f->count - f->at < n ? f->count - f->at : n;
    if (f->fail) return -1;
    if (got > 5) got = 5;                      /* it may give less than asked for */
    for (dl_int i = 0; i < got; i++, f->at++) {
        x[2 * i] = (dl_real)f->at;
        x[2 * i + 1] = (dl_real)-f->at;
        if (labels) labels[i] = f->at % 7;
        if (y) y[i] = (dl_real)(2 * f->at);
    }
    return got;
}

static bool flow_rewind(void *user)
{
    flow *f = (flow *)user;
    f->at = 0;
    f->rewinds++;
    return true;
}

static dl_data *flowing(dl_ctx *dl, flow *f, int count, bool known, bool targets, bool rewind)
{
    dl_source s = dl_source_default();
    memset(f, 0, sizeof *f);
    f->count = count;
    s.count = known ? count : -1;
    s.shape = dl_shape1(2);
    s.targets = targets;
    s.classes = targets ? 0 : 7;
    s.next = flow_next;
    if (rewind) s.rewind = flow_rewind;
    s.user = f;
    s.buffer = 16;
    return dl_data_from_source(dl, &s);
}

static void streams(void)
{
    for (int way = 0; way < 8; way++) {
        const bool known = way & 1, targets = way & 2, shuffle = way & 4;
        int times[103] = { 0 }, order[103], n = 0, moved = 0;
        dl_ctx *dl = test_quiet_new(1);
        flow f;
        dl_data *d = flowing(dl, &f, 103, known, targets, true);
        dl_loader *l = dl_loader_new(d, 10, shuffle);
        dl_batch b;
        if (!CHECK(l, "%s", dl_error_text(dl))) return;
        CHECK(dl_data_count(d) == (known ? 103 : -1) &&
              dl_loader_batch_count(l) == (known ? 11 : -1), "counts");
        for (int epoch = 0; epoch < 2; epoch++)
            for (n = 0; dl_loader_next(l, &b);) {
                CHECK(b.x->shape.dim[0] == b.size && b.x->size == 2 * b.size && b.size <= 10, "size");
                for (dl_int i = 0; i < b.size; i++, n++) {
                    const int k = (int)b.x->data[2 * i];
                    times[k]++;
                    order[n] = k;
                    CHECK(targets ? b.y->data[i] == (dl_real)(2 * k) : b.labels[i] == k % 7 &&
                          b.x->data[2 * i + 1] == (dl_real)-k, "sample %d", k);
                    CHECK(k < n + 16, "%d before the buffer reached it", k);
                    moved += k != n;
                }
                dl_tape_clear(dl);
            }
        CHECK(n == 103 && f.rewinds == 2 && dl_error(dl) == DL_OK, "%d %s", n, dl_error_text(dl));
        for (int i = 0; i < 103; i++) CHECK(times[i] == 2, "sample %d: %d times", i, times[i]);
        CHECK((moved > 50) == shuffle && (shuffle || order[102] == 102), "%d moved", moved);
        dl_free(dl);
        CHECK(count_live == 0, "%ld blocks left", count_live);
    }
}

/* fit, evaluate and predict give for a stream what they give for arrays. */
static void stream_in_a_model(void)
{
    double loss[3];
    for (int way = 0; way < 3; way++) {
        dl_ctx *dl = test_quiet_new(1);
        flow f;
        dl_data *d = way ? flowing(dl, &f, 60, way == 1, true, true) : counting(dl, 60, true);
        dl_model *net = dl_model_new(dl, dl_shape1(2));
        dl_fit fit = dl_fit_default();
        fit.verbose = 0;
        fit.epochs = 3;
        fit.batch_size = 5;
        fit.shuffle = false;
        fit.validation = d;
        dl_model_add_dense(net, 1, DL_LINEAR);
        dl_model_compile(net, DL_MSE, dl_sgd(1e-5));
        CHECK(dl_model_fit(net, d, &fit), "%s", dl_error_text(dl));
        dl_model_set_batch_size(net, 5);
        loss[way] = dl_model_evaluate(net, d).loss + dl_model_history(net, NULL)[2].loss;
        dl_tensor *y = dl_model_predict_data(net, d);
        if (way == 2) CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_predict_data: the stream does not");
        else CHECK(y && y->size == 60 && y->data[59] == dl_model_predict(net, dl_data_sample(
                   counting(dl, 60, true), 59))->data[0], "%s", dl_error_text(dl));
        fit.accumulate = 2;
        CHECK(dl_model_fit(net, d, &fit) == (way < 2), "accumulating");
        if (way == 2) CHECK_ERROR(dl, DL_ERR_ARGUMENT, "does not know its count can't accumulate");
        fit.accumulate = 1;
        fit.validation = NULL;
        fit.validation_split = 0.5;
        CHECK(dl_model_fit(net, d, &fit) == (way == 0), "splitting");
        if (way) CHECK_ERROR(dl, DL_ERR_STATE, "dl_data_split: the samples of a stream come one");
        dl_free(dl);
    }
    CHECK(loss[0] == loss[1] && loss[0] == loss[2], "%.9g %.9g %.9g", loss[0], loss[1], loss[2]);
}

static void stream_errors(void)
{
    dl_ctx *dl = test_quiet_new(1);
    flow f;
    dl_batch b;
    dl_data *d = flowing(dl, &f, 20, false, false, false), *a = NULL, *c = NULL;
    dl_loader *l = dl_loader_new(d, 30, true);
    static const int32_t first = 0;
    CHECK(dl_loader_next(l, &b) && b.size == 20 && !dl_loader_next(l, &b), "%s", dl_error_text(dl));
    CHECK(dl_error(dl) == DL_OK && !dl_loader_next(l, &b), "a second epoch");
    CHECK_ERROR(dl, DL_ERR_STATE, "its stream has been read; to read it once more its source needs");
    CHECK(!dl_data_take(d, 1, 2) && !dl_data_sample(d, 0) && !dl_data_labels(d) &&
          !dl_data_pick(d, &first, 1) && !dl_data_split_random(d, 0.5, NULL, &a, &c), "in no order");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_data_take: the samples of a stream come one after another");
    CHECK(dl_data_take(d, 0, -1) != NULL, "but all of it");
    d = flowing(dl, &f, 0, false, false, true);
    CHECK(!dl_loader_next(dl_loader_new(d, 3, false), &b), "empty");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_loader_next: the stream gave no sample at all");
    d = flowing(dl, &f, 20, true, false, true);
    l = dl_loader_new(d, 3, false);
    f.count = 6;
    while (dl_loader_next(l, &b)) {}
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_loader_next: the stream ended after 6 of 20 samples");
    f.fail = true;
    CHECK(!dl_loader_next(l, &b), "failed");
    CHECK_ERROR(dl, DL_ERR_FILE, "its stream gave -1 samples where up to 3 were asked for");
    dl_free(dl);
}

/* What a stream needs does not hang on how long it is. */
static void stream_memory(void)
{
    size_t largest[2];
    long calls[2];
    for (int way = 0; way < 2; way++) {
        dl_ctx *dl = test_quiet_new(1);
        flow f;
        dl_data *d = flowing(dl, &f, way ? 200000 : 2000, false, false, true);
        dl_loader *l = dl_loader_new(d, 32, true);
        dl_batch b;
        int n = 0;
        count_largest = 0;
        const long before = count_calls;
        while (dl_loader_next(l, &b)) {
            n += (int)b.size;
            dl_tape_clear(dl);
        }
        largest[way] = count_largest;
        calls[way] = count_calls - before;
        CHECK(n == f.count, "%d", n);
        dl_free(dl);
    }
    CHECK(largest[0] == largest[1] && calls[0] == calls[1], "%ld and %ld allocations", calls[0],
          calls[1]);
}

/* ---- weights ---- */

/* The weighted loss is sum_i w_i l_i / N, and each l_i the loss of a sample alone. */
static void weights(void)
{
    static const char *const name[6] = { "mean_squared_error", "mean_absolute_error", "huber",
        "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy" };
    dl_ctx *dl = test_quiet_new(1);
    dl_real x[10 * 4], y[10 * 3], w[10];
    int32_t label[10];
    test_fill(x, 40, 1, -2, 2);
    test_fill(y, 30, 2, 0, 1);
    test_fill(w, 10, 3, 0, 3);
    w[4] = 0;
    for (int i = 0; i < 10; i++) label[i] = i % 3;
    for (int k = 0; k < 6; k++) {
        dl_data *plain = k < 5 ? dl_data_from_targets(dl, x, 10, dl_shape1(4), y, dl_shape1(3))
                               : dl_data_from_arrays(dl, x, 10, dl_shape1(4), label, 3);
        dl_data *d = dl_data_weighted(plain, w);
        dl_model *m = dl_model_new(dl, dl_shape1(4));
        double want = 0;
        dl_fit fit = dl_fit_default();
        dl_model_add_dense(m, 3, k < 3 ? DL_LINEAR : k == 3 ? DL_SIGMOID : DL_SOFTMAX);
        CHECK(dl_model_compile(m, dl_find_loss(dl, name[k]), dl_sgd(0.1)), "%s", dl_error_text(dl));
        for (int i = 0; i < 10; i++)
            want += (double)w[i] / 10 * dl_model_evaluate(m, dl_data_take(plain, i, 1)).loss;
        dl_model_set_batch_size(m, 4);
        CHECK_CLOSE(dl_model_evaluate(m, d).loss, want, 1e-5, 0);
        fit.verbose = 0;
        fit.batch_size = 10;
        CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
        CHECK_CLOSE(dl_model_history(m, NULL)[0].loss, want, 1e-5, 0);
        CHECK(dl_model_evaluate(m, d).loss < want, "%s: it learns what weighs", name[k]);
        if (k < 5) continue;
        const double of_class[3] = { 2, 0, 0.5 };
        dl_real own[10];
        for (int i = 0; i < 10; i++) own[i] = (dl_real)of_class[label[i]];
        want = dl_model_evaluate(m, dl_data_weighted(d, own)).loss;
        fit.class_weight = of_class;
        CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
        CHECK_CLOSE(dl_model_history(m, NULL)[0].loss, want, 1e-5, 0);
        CHECK(!dl_model_fit(m, dl_data_from_targets(dl, x, 10, dl_shape1(4), y, dl_shape1(3)), &fit),
              "no labels");
        dl_clear_error(dl);
    }
    dl_free(dl);
}

static dl_tensor *rootless(dl_tensor *z, dl_tensor *target, const void *user)
{
    (void)user;
    return dl_mean(dl_square(dl_sub(z, target)));
}

static void weight_errors(void)
{
    static const dl_loss bare = { "bare", rootless, NULL, NULL, DL_LINEAR, NULL };
    const dl_real one[90] = { 1 };
    const double of_class[7] = { 1, 1, 1, 1, -1, 1, 1 };
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape1(2)), *n = dl_model_new(dl, dl_shape1(2));
    dl_model_add_dense(m, 1, DL_LINEAR);
    dl_model_compile(m, &bare, dl_sgd(0.1));
    CHECK(isnan(dl_model_evaluate(m, dl_data_weighted(counting(dl, 90, true), one)).loss), "bare");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the samples have weights, for which bare has no function");
    dl_batch b;
    memset(&b, 0, sizeof b);
    b.x = dl_zeros(dl, dl_shape2(3, 2));
    b.y = dl_zeros(dl, dl_shape2(3, 1));
    b.weight = dl_zeros(dl, dl_shape1(3));
    b.size = 3;
    CHECK(isnan(dl_model_train_batch(m, &b).loss), "bare");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "3 weights for 3 samples, and bare must be a loss with");
    dl_model_add_dense(n, 7, DL_SOFTMAX);
    dl_model_compile(n, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    dl_fit fit = dl_fit_default();
    fit.class_weight = of_class;
    CHECK(!dl_model_fit(n, counting(dl, 90, false), &fit), "-1");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "class_weight needs data with labels, numbers of 0 or more");
    dl_free(dl);
}

/* PyTorch's cross_entropy with weight, label_smoothing and ignore_index. */
static void entropy(void)
{
    test_golden g = golden_open("data_entropy");
    const test_array *z = golden_get(&g, "z"), *w = golden_get(&g, "w"), *y = golden_get(&g, "y");
    dl_ctx *dl = test_quiet_new(1);
    int32_t label[6], none[6];
    for (int i = 0; i < 6; i++) {
        label[i] = (int32_t)y->value[i];
        none[i] = -100;
    }
    for (int k = 0; k < 4; k++) {
        dl_entropy o = dl_entropy_default();
        o.smoothing = k == 1 ? 0.1 : k == 3 ? 0.25 : 0;
        o.class_weight = k >= 2 ? w->value : NULL;
        dl_tensor *x = dl_from(dl, dl_shape2(6, 4), z->data);
        dl_set_requires_grad(x, true);
        dl_tensor *loss = dl_cross_entropy_with(x, label, &o);
        if (!CHECK(loss && dl_backward(loss), "%s", dl_error_text(dl))) return;
        CHECK_CLOSE(dl_item(loss), golden_getf(&g, "loss%d", k)->value[0], 1e-5, 0);
        CHECK_ARRAY(x->grad, golden_getf(&g, "dz%d", k)->data, 24);
        CHECK(dl_item(dl_cross_entropy_with(x, none, &o)) == 0, "nothing counts");
        o.smoothing = 2;
        CHECK(!dl_cross_entropy_with(x, label, &o), "smoothing 2");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the smoothing 2 from 0 to 1");
        label[0] = 4;
        CHECK(!dl_cross_entropy_with(x, label, NULL), "label 4");
        CHECK_ERROR(dl, DL_ERR_RANGE, "dl_cross_entropy_with: label 4 at position 0 is not in 0..3");
        label[0] = 0;
        dl_tape_clear(dl);
    }
    golden_close(&g);

    /* a row that does not count may hold anything */
    dl_real odd[4] = { (dl_real)NAN, (dl_real)INFINITY, 1, 2 };
    dl_tensor *x = dl_from(dl, dl_shape2(2, 2), odd);
    dl_set_requires_grad(x, true);
    none[1] = 0;
    dl_tensor *loss = dl_cross_entropy_with(x, none, NULL);
    CHECK(loss && dl_backward(loss), "%s", dl_error_text(dl));
    CHECK_CLOSE(dl_item(loss), log(1 + exp(1.0)), 1e-6, 0);
    CHECK(x->grad[0] == 0 && x->grad[1] == 0, "%g %g", (double)x->grad[0], (double)x->grad[1]);
    CHECK_CLOSE(x->grad[3], 1 / (1 + exp(-1.0)), 1e-6, 0);
    dl_free(dl);
}

/* The last class of the data is to be ignored: as if its samples were not there. */
static void entropy_in_a_model(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_real x[10 * 4], xs[10 * 4];
    int32_t label[10], few[10];
    int n = 0;
    test_fill(x, 40, 1, -2, 2);
    for (int i = 0; i < 10; i++) {
        label[i] = i % 4;
        if (label[i] == 3) continue;
        memcpy(xs + 4 * n, x + 4 * i, 4 * sizeof *x);
        few[n++] = label[i];
    }
    dl_entropy o = dl_entropy_default();
    o.ignore = 3;
    const dl_loss loss = dl_loss_entropy(&o);
    dl_model *m = dl_model_new(dl, dl_shape1(4));
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    CHECK(dl_model_compile(m, &loss, dl_sgd(0.1)), "%s", dl_error_text(dl));
    const dl_metrics a = dl_model_evaluate(m, dl_data_from_arrays(dl, x, 10, dl_shape1(4), label, 4));
    const dl_metrics b = dl_model_evaluate(m, dl_data_from_arrays(dl, xs, n, dl_shape1(4), few, 3));
    CHECK_CLOSE(a.loss, b.loss, 1e-5, 0);
    CHECK(a.accuracy == b.accuracy && a.loss > 0, "%g and %g", a.accuracy, b.accuracy);
    dl_fit fit = dl_fit_default();
    fit.verbose = 0;
    CHECK(dl_model_fit(m, dl_data_from_arrays(dl, x, 10, dl_shape1(4), label, 4), &fit), "%s",
          dl_error_text(dl));
    dl_free(dl);
}

/* ---- what happens without memory ---- */

static void scenario(void)
{
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[IMAGE_BYTES], labels[LABEL_BYTES];
    char image_path[1100], label_path[1100];
    dl_data *d, *a = NULL, *b = NULL;
    dl_loader *l;
    dl_batch batch;
    dl_real x[4] = { 1, 2, 3, 4 };
    int32_t label[2] = { 0, 1 };
    tiny_idx(images, labels);
    d = dl_idx_from_memory(dl, images, IMAGE_BYTES, labels, LABEL_BYTES, 0);
    dl_data_split(d, 0.5, &a, &b);
    dl_data_free(d);
    l = dl_loader_new(b, 1, true);
    while (dl_loader_next(l, &batch)) {}
    dl_data_from_arrays(dl, x, 2, dl_shape1(2), label, 2);
    l = dl_loader_new(dl_data_from_targets(dl, x, 2, dl_shape1(2), x, dl_shape1(2)), 1, false);
    while (dl_loader_next(l, &batch)) {}
    dl_data_borrow_targets(dl, x, 2, dl_shape1(2), x, dl_shape1(2));
    dl_data_sample(a, 0);
    const dl_data *list[2] = { a, b };
    d = dl_data_weighted(dl_data_concat(list, 2), x);
    dl_data_fold(dl_data_pick(d, label, 2), 2, 1, NULL, &a, &b);
    flow f;
    l = dl_loader_new(flowing(dl, &f, 20, false, true, true), 3, true);
    while (dl_loader_next(l, &batch)) {}
    dl_mnist_load(dl, "no/such/place", DL_TRAIN);
    snprintf(image_path, sizeof image_path, "%s/t10k-labels-idx1-ubyte", mnist_dir());
    snprintf(label_path, sizeof label_path, "%s/train-labels-idx1-ubyte", mnist_dir());
    dl_idx_load(dl, label_path, image_path, 0); /* both are labels: fails, with memory in hand */
    if (!quick()) dl_mnist_load(dl, mnist_dir(), DL_TEST);
    dl_free(dl);
}

static void out_of_memory(void)
{
    long n, before;
    for (n = 1; n < 1000; n++) {
        before = count_calls;
        count_fail_at = count_calls + n;
        scenario();
        count_fail_at = 0;
        if (!CHECK(count_live == 0, "%ld blocks left when call %ld failed", count_live, n)) return;
        if (count_calls - before < n) break;
    }
    CHECK(n > 20 && n < 1000, "%ld calls", n);
}

/* A loading that fails for want of memory says so, and can be tried again. */
static void memory_message(void)
{
    dl_ctx *dl = test_quiet_new(1);
    count_fail_at = count_calls + 2;
    CHECK(!dl_mnist_load(dl, mnist_dir(), DL_TEST), "should have failed");
    CHECK_ERROR(dl, DL_ERR_MEMORY, "dl_mnist_load: out of memory");
    count_fail_at = 0;
    CHECK(dl_mnist_load(dl, mnist_dir(), DL_TEST) != NULL, "%s", dl_error_text(dl));
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

int main(void)
{
    TEST(arrays);
    TEST(array_errors);
    TEST(idx);
    TEST(idx_scale);
    TEST(idx_errors);
    TEST(idx_truncated);
    TEST(idx_fuzz);
    TEST(files);
    TEST(written_files);
    TEST(mnist);
    TEST(views);
    TEST(batches);
    TEST(loader_errors);
    TEST(restart);
    TEST(own_source);
    TEST(source_in_a_model);
    TEST(source_errors);
    TEST(source_clears_tape);
    TEST(parts);
    TEST(folds);
    TEST(bytes);
    TEST(streams);
    TEST(stream_in_a_model);
    TEST(stream_errors);
    TEST(stream_memory);
    TEST(weights);
    TEST(weight_errors);
    TEST(entropy);
    TEST(entropy_in_a_model);
    TEST(lifetime);
    TEST(determinism);
    TEST(failed_start);
    TEST(no_allocation);
    TEST(out_of_memory);
    TEST(memory_message);
    return test_end();
}
