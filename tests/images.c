/* Tests of the room >>images: pictures from files, sizes, a photographed digit. What reads pictures
   needs stb_image.h and is skipped where that is not installed. */
#include "counting.h"
#include "../examples/stb.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

#ifdef EX_STB
#define HAVE_STB 1
#else
#define HAVE_STB 0
#endif

/* A path in the directory for temporary files. */
static const char *scratch(const char *name)
{
    static char path[1100];
    snprintf(path, sizeof path, "%s/dlh-images-%s", test_dir(), name);
    return path;
}

/* Each allocation of what is done with a picture fails once: a message, and nothing lost. */
static bool whole_way(dl_ctx *dl)
{
    const char *path = scratch("m.png");
    dl_tensor *x = dl_zeros(dl, dl_shape3(3, 40, 30));
    for (dl_int i = 0; x && i < x->size; i++) x->data[i] = i / 30 % 40 > 9 && i % 30 > 19;
    dl_tensor *y = dl_image_to_mnist(x, NULL);
    dl_tensor *z = dl_image_grey(dl_image_pad(dl_resize(x, 9, 9, DL_AREA), 1, 1, 1, 1, 0));
    return dl_image_save(y, path) && z && (!HAVE_STB || dl_image_load(dl, path, 0));
}

static void out_of_memory(void)
{
    int failed = 0;
    for (int i = 1; i < 200; i++) {
        const long live = count_live;
        dl_ctx *dl = test_quiet_new(1);
        count_fail_at = count_calls + i;
        const bool ok = whole_way(dl), done = count_calls < count_fail_at;
        count_fail_at = 0;
        CHECK(ok == (dl_error(dl) == DL_OK), "allocation %d: %s", i, dl_error_text(dl));
        failed += !ok;
        dl_free(dl);
        if (!CHECK(count_live == live, "allocation %d: %ld lost", i, count_live - live) || done) break;
    }
    remove(scratch("m.png"));
    CHECK(failed > 2, "%d allocations failed", failed);
}

/* A file that cannot be written whole is as it was, and a link stays one. */
static void saving(void)
{
    dl_ctx *dl = test_quiet_new(1);
    CHECK(!dl_image_save(dl_zeros(dl, dl_shape2(2, 2)), ""), "no name");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_image_save: cannot write ");
#if defined(__unix__) || defined(__APPLE__)
    char real[1100], link[1100], old[8] = { 0 };
    struct rlimit all, few;
    snprintf(real, sizeof real, "%s", scratch("real.png"));
    snprintf(link, sizeof link, "%s", scratch("link.png"));
    FILE *f = fopen(real, "wb");
    fputs("old", f);
    fclose(f);
    CHECK(symlink(real, link) == 0 && getrlimit(RLIMIT_FSIZE, &all) == 0, "a link");
    few = all;
    few.rlim_cur = 1000;                                     /* the disk is full */
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &few) == 0, "a limit");
    CHECK(!dl_image_save(dl_zeros(dl, dl_shape2(50, 50)), link), "written");
    setrlimit(RLIMIT_FSIZE, &all);
    CHECK_ERROR(dl, DL_ERR_FILE, "; it is as it was");
    f = fopen(link, "rb");
    CHECK(fread(old, 1, 7, f) == 3 && strcmp(old, "old") == 0, "%s", old);
    fclose(f);
    CHECK(dl_image_save(dl_zeros(dl, dl_shape2(50, 50)), link), "%s", dl_error_text(dl));
    f = fopen(real, "rb");
    CHECK(fread(old, 1, 7, f) == 7 && old[1] == 'P', "where the link leads");
    fclose(f);
    remove(link);
    remove(real);
#endif
    dl_free(dl);
}

/* What is saved comes back, rounded to bytes, in each number of channels. */
static void save_load(void)
{
    dl_ctx *dl = test_quiet_new(1);
    for (int C = 1; C <= 4; C++)
        for (int size = 0; size < 3; size++) {
            static const int H[3] = { 1, 5, 300 }, W[3] = { 1, 7, 100 };
            dl_tensor *x = dl_zeros(dl, dl_shape3(C, H[size], W[size])), *y;
            test_fill(x->data, x->size, (unsigned)C, C % 2 ? -0.1 : 0, C % 2 ? 1.1 : 1);
            const char *path = scratch("a.png");
            if (!CHECK(dl_image_save(x, path), "%s", dl_error_text(dl))) return;
            if (HAVE_STB) {
                y = dl_image_load(dl, path, 0);
                if (!CHECK(y && dl_shape_equal(x->shape, y->shape), "%s", dl_error_text(dl))) return;
                double worst = 0;
                for (dl_int i = 0; i < x->size; i++) {
                    double v = (double)x->data[i];
                    v = v < 0 ? 0 : v > 1 ? 1 : v;
                    if (fabs(v - (double)y->data[i]) > worst) worst = fabs(v - (double)y->data[i]);
                }
                CHECK(worst <= 0.5 / 255 + 1e-6, "%d channels off by %g", C, worst);
            }
            remove(path);
            dl_tape_clear(dl);
        }
    dl_tensor *x = dl_zeros(dl, dl_shape3(5, 2, 2));
    CHECK(!dl_image_save(x, scratch("a.png")), "5 channels");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_image_save: a picture has 1 to 4 channels [C,H,W]");
    CHECK(!dl_image_save(dl_zeros(dl, dl_shape2(2, 2)), "no/such/place/a.png"), "no place");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_image_save: cannot write no/such/place/a.png: ");
    if (!HAVE_STB) SKIP("%s", "stb_image.h is not installed, so nothing is read");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Opacity: on white paper, unless it is asked for. Grey of colours as stb_image makes it. */
static void channels(void)
{
    dl_ctx *dl = test_quiet_new(1);
    if (!HAVE_STB) {
        CHECK(!dl_image_load(dl, "tests/images.c", 1), "without stb_image");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "compiled without DL_USE_STB_IMAGE");
        dl_free(dl);
        return;
    }
    const dl_real half[4] = { (dl_real)1, 0, 0, (dl_real)0.4 };        /* red, 40 % of it */
    const char *path = scratch("b.png");
    CHECK(dl_image_save(dl_from(dl, dl_shape3(4, 1, 1), half), path), "%s", dl_error_text(dl));
    dl_tensor *four = dl_image_load(dl, path, 4), *three = dl_image_load(dl, path, 3);
    dl_tensor *one = dl_image_load(dl, path, 1);
    if (!CHECK(four && three && one, "%s", dl_error_text(dl))) return;
    CHECK(four->size == 4 && three->size == 3 && one->size == 1, "channels");
    CHECK_CLOSE(four->data[3], 0.4, 1e-6, 0);
    CHECK_CLOSE(three->data[0], 1, 1e-6, 0);
    CHECK_CLOSE(three->data[1], 0.6, 1e-6, 0);
    CHECK_CLOSE(one->data[0], 0.6 + 0.4 * 77 / 256, 0.005, 0);
    CHECK(!dl_image_load(dl, path, 5), "5");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "channels must be 1 to 4, or 0");
    remove(path);
    dl_free(dl);
}

/* Everything cut off, and every header that asks for too much. */
static void bad_files(void)
{
    dl_ctx *dl = test_quiet_new(1);
    const char *path = scratch("c.png");
    size_t n;
    dl_tensor *x = dl_zeros(dl, dl_shape3(3, 9, 11));
    test_fill(x->data, x->size, 1, 0, 1);
    CHECK(dl_image_save(x, path), "%s", dl_error_text(dl));
    uint8_t *p = test_slurp(path, &n);
    remove(path);
    CHECK(!dl_image_load(dl, "no/such.png", 0), "no file");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_image_load: cannot open no/such.png: ");
    CHECK(!dl_image_from_memory(dl, NULL, 3, 0), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the bytes are NULL");
    if (HAVE_STB) {
        CHECK(!dl_image_from_memory(dl, "GIF89a......", 12, 0), "GIF");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "cannot read the picture: it is no PNG, JPEG or BMP file");
        for (size_t cut = 0; cut + 20 < n; cut++) {
            uint8_t *q = (uint8_t *)malloc(cut ? cut : 1);
            memcpy(q, p, cut);
            CHECK(!dl_image_from_memory(dl, q, cut, 0) && dl_error(dl) == DL_ERR_FORMAT,
                  "%d bytes of %d", (int)cut, (int)n);
            dl_clear_error(dl);
            free(q);
        }
        p[18] = p[22] = 0x23;                                          /* 9,000 x 9,000 */
        p[19] = p[23] = 0x28;
        count_largest = 0;
        CHECK(!dl_image_from_memory(dl, p, n, 0), "9,000 x 9,000");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "it is 9000 x 9000 pixels; the most is 67108864");
        p[18] = p[22] = 0xC3;                                          /* 50,000 x 50,000 */
        p[19] = p[23] = 0x50;
        CHECK(!dl_image_from_memory(dl, p, n, 0), "50,000 x 50,000");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "it is 50000 x 50000 pixels; the most is 67108864");
        p[16] = p[17] = p[18] = p[19] = 0xFF;
        CHECK(!dl_image_from_memory(dl, p, n, 0), "2^32 - 1 wide");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "it is 4294967295 x 50000 pixels");
        CHECK(count_largest < 100000, "%ld bytes asked for", (long)count_largest);
    }
    free(p);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Every sort of picture as Pillow sees it, and what it makes of it at 5 x 4. */
static void sorts(void)
{
    static const char *const name[15] = {
        "rgb.png", "grey.png", "bit.png", "palette.png", "clear.png", "grey_alpha.png", "rgba.png",
        "grey16.png", "rgb.bmp", "palette.bmp", "grey.jpg", "rgb.jpg", "sampled.jpg",
        "progressive.jpg", "cmyk.jpg"
    };
    if (!HAVE_STB) {
        SKIP("%s", "stb_image.h is not installed, so nothing is read");
        return;
    }
    test_golden g = golden_open("data_pictures");
    dl_ctx *dl = test_quiet_new(1);
    for (int k = 0; k < 15; k++) {
        char path[100];
        const double off = strstr(name[k], ".jpg") ? k == 12 ? 30 : 6 : 0.6;      /* of 255 */
        snprintf(path, sizeof path, "tests/golden/pictures/%s", name[k]);
        dl_tensor *x = dl_image_load(dl, path, 3), *small = dl_resize(x, 5, 4, DL_BILINEAR);
        const test_array *a = golden_get(&g, name[k]), *b = golden_getf(&g, "5x4:%s", name[k]);
        if (!CHECK(small && x->size == a->size && small->size == b->size, "%s: %s", path,
                   dl_error_text(dl)))
            continue;
        double worst = 0, worst_small = 0;
        for (dl_int i = 0; i < x->size; i++)
            worst = fmax(worst, fabs(255 * (double)x->data[i] - a->value[i]));
        for (dl_int i = 0; i < small->size; i++)
            worst_small = fmax(worst_small, fabs(255 * (double)small->data[i] - b->value[i]));
        CHECK(worst <= off, "%s: off by %g of 255", path, worst);
        CHECK(worst_small <= off + 1, "%s, 5 x 4: off by %g of 255", path, worst_small);
        dl_tape_clear(dl);
    }
    golden_close(&g);
    dl_free(dl);
}

/* A BMP whose height is negative begins with its top row: red above blue, 1 x 2. */
static void bmp_from_the_top(void)
{
    static const uint8_t bmp[62] = { 'B', 'M', 62, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0,
                                     1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1, 0, 24, 0, 0, 0, 0, 0,
                                     8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                     0, 0, 255, 0, 255, 0, 0, 0 };
    static const dl_real want[6] = { 1, 0, 0, 0, 0, 1 };
    if (!HAVE_STB) SKIP("%s", "stb_image.h is not installed, so nothing is read");
    dl_ctx *dl = test_quiet_new(1);
    dl_tensor *x = dl_image_from_memory(dl, bmp, sizeof bmp, 3);
    if (!HAVE_STB) CHECK(!x, "read");
    else if (CHECK(x && x->size == 6, "%s", dl_error_text(dl))) CHECK_ARRAY(x->data, want, 6);
    dl_free(dl);
}

/* Pictures cut off anywhere, and with any byte wrong: an error or a picture, nothing else. */
static void damage(void)
{
    static const char *const name[4] = { "rgb.png", "rgb.jpg", "rgb.bmp", "palette.png" };
    dl_ctx *dl = test_quiet_new(1);
    for (int k = 0; HAVE_STB && k < 4; k++) {
        char path[100];
        size_t n;
        int refused = 0;
        snprintf(path, sizeof path, "tests/golden/pictures/%s", name[k]);
        uint8_t *p = test_slurp(path, &n);
        for (size_t cut = 0; cut < n; cut += n > 200 ? 7 : 1) {
            uint8_t *q = (uint8_t *)malloc(cut + 1);                /* as long as it says, not more */
            memcpy(q, p, cut);
            dl_tensor *x = dl_image_from_memory(dl, q, cut, 3);
            refused += x == NULL;
            CHECK(x || (dl_error(dl) == DL_ERR_FORMAT && strlen(dl_error_text(dl)) > 50), "%s cut "
                  "at %d: %s", name[k], (int)cut, dl_error_text(dl));
            dl_clear_error(dl);
            free(q);
        }
        const int pieces = (int)(n > 200 ? (n + 6) / 7 : n);
        CHECK(refused >= pieces - 4, "%s: only %d of %d pieces are refused", name[k], refused, pieces);
        for (size_t at = 0; at < n; at += 3) {
            const uint8_t was = p[at];
            p[at] ^= (uint8_t)(1 << at % 8);
            count_largest = 0;
            dl_tensor *x = dl_image_from_memory(dl, p, n, 3);
            CHECK(x || dl_error(dl) == DL_ERR_FORMAT, "%s, byte %d: %s", name[k], (int)at,
                  dl_error_text(dl));
            dl_clear_error(dl);
            dl_tape_clear(dl);
            p[at] = was;
        }
        free(p);
    }
    if (HAVE_STB) {                                                 /* what the messages say */
        static const uint8_t bmp[30] = { 'B', 'M' };
        static const uint8_t rle[60] = { 'B', 'M', 60, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0,
                                         4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 8, 0, 1 };
        static const uint8_t none[33] = { 0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 13, 'I', 'H',
                                          'D', 'R', 0, 0, 0, 0, 0, 0, 0, 5, 8, 2, 0, 0, 0 };
        CHECK(!dl_image_from_memory(dl, bmp, 30, 0), "an empty BMP");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_image_from_memory: cannot read the picture: ");
        CHECK(!dl_image_from_memory(dl, rle, 60, 0), "a packed BMP");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_image_from_memory: cannot read the picture: ");
        CHECK(!dl_image_from_memory(dl, none, 33, 0), "0 pixels wide");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_image_from_memory: cannot read the picture: ");
        CHECK(!dl_image_from_memory(dl, "\xFF\xD8\xFF", 3, 0), "a start of a JPEG");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "cannot read the picture: ");
    }
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* The PNG in memory is the file's; its size is known before. */
static void to_memory(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_tensor *x = dl_zeros(dl, dl_shape3(3, 300, 100));
    uint8_t few[9] = { 7 };
    test_fill(x->data, x->size, 1, 0, 1);
    const char *path = scratch("m.png");
    const size_t n = dl_image_save_to_memory(x, NULL, 0);
    uint8_t *p = (uint8_t *)malloc(n);
    size_t file;
    CHECK(dl_image_save_to_memory(x, few, 9) == n && few[0] == 7, "no room");
    CHECK(dl_image_save_to_memory(x, p, n) == n && dl_image_save(x, path), "%s", dl_error_text(dl));
    uint8_t *q = test_slurp(path, &file);
    CHECK(file == n && memcmp(p, q, n) == 0, "%d bytes, %d in the file", (int)n, (int)file);
    CHECK(dl_image_save_to_memory(dl_zeros(dl, dl_shape1(3)), p, n) == 0, "rank 1");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_image_save_to_memory: a picture has 1 to 4 channels");
    CHECK(!dl_image_save(x, NULL), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_image_save: the path is NULL");
    remove(path);
    free(p);
    free(q);
    dl_free(dl);
}

static void resize(void)
{
    test_golden g = golden_open("data_resize");
    dl_ctx *dl = test_quiet_new(1);
    dl_tensor *x = dl_from(dl, dl_shape3(2, 7, 10), golden_get(&g, "x")->data);
    for (int k = 0; k < 6; k++) {
        const double *size = golden_getf(&g, "size%d", k)->value;
        const dl_int h = (dl_int)size[0], w = (dl_int)size[1];
        dl_tensor *a = dl_resize(x, h, w, DL_BILINEAR), *b = dl_resize(x, h, w, DL_AREA);
        if (!CHECK(a && b, "%s", dl_error_text(dl))) return;
        CHECK_ARRAY(a->data, golden_getf(&g, "bilinear%d", k)->data, 2 * h * w);
        CHECK_ARRAY(b->data, golden_getf(&g, "area%d", k)->data, 2 * h * w);
    }
    CHECK(!dl_resize(x, 0, 3, DL_AREA), "0 rows");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_resize: a picture of 0 x 3 pixels");
    CHECK(!dl_resize(dl_zeros(dl, dl_shape1(3)), 1, 3, DL_AREA), "rank 1");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_resize: [3] is not [...,H,W]");
    golden_close(&g);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

static void cuts(void)
{
    const dl_real numbers[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    const dl_real crop[6] = { 5, -1, 8, -1, 11, -1 }, pad[6] = { 9, 9, 9, 0, 1, 2 };
    const double mean[3] = { 1, 2, 3 }, deviation[3] = { 2, 1, 4 };
    dl_ctx *dl = test_quiet_new(1);
    dl_tensor *x = dl_from(dl, dl_shape3(1, 4, 3), numbers), *c = dl_from(dl, dl_shape4(1, 3, 2, 2),
                                                                           numbers);
    CHECK_ARRAY(dl_image_crop(x, 1, 2, 3, 2, -1)->data, crop, 6);
    dl_tensor *p = dl_image_pad(x, 1, -3, 0, 0, 9);
    if (CHECK(p && p->size == 6, "%s", dl_error_text(dl))) CHECK_ARRAY(p->data, pad, 6);
    dl_tensor *g = dl_image_grey(c), *n = dl_image_normalize(c, mean, deviation);
    if (!CHECK(g && n && g->shape.rank == 4 && g->size == 4, "%s", dl_error_text(dl))) return;
    CHECK_CLOSE(g->data[1], 0.299 * 1 + 0.587 * 5 + 0.114 * 9, 1e-5, 0);
    CHECK_CLOSE(n->data[0], -0.5, 1e-6, 0);
    CHECK_CLOSE(n->data[11], 2, 1e-6, 0);
    CHECK(!dl_image_grey(x), "grey already");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_image_grey: [1,4,3] is not [...,3,H,W]");
    CHECK(!dl_image_normalize(x, mean, NULL), "no deviation");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "a deviation above 0, for each of 1 channels");
    for (int k = 0; k < 4; k++) {                                      /* sums that overflow */
        const dl_int far = k % 2 ? PTRDIFF_MAX : -PTRDIFF_MAX;
        CHECK(!dl_image_crop(x, k < 2 ? far : 0, k < 2 ? 0 : far, 2, 2, 0), "far off");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_image_crop: row ");
        CHECK(!dl_image_pad(x, k < 2 ? far : 0, 0, 0, k < 2 ? 0 : far, 0), "too many");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "pixels on a side are too many");
    }
    dl_free(dl);
}

/* Files of MNIST packed by gzip: whole, damaged, lying about their size. */
static void packed(void)
{
    static const uint8_t idx[33] = {                 /* two labels, 1 and 0, as gzip packs them */
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 10, 0, 0xF5, 0xFF, 0, 0, 8, 1, 0, 0, 0, 2, 1, 0,
        0x58, 0x9D, 0x87, 0x8C, 10, 0, 0, 0
    };
    dl_ctx *dl = test_quiet_new(1);
    uint8_t images[24] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t labels[33], bad[33];
    memcpy(labels, idx, 33);
    dl_data *d = dl_idx_from_memory(dl, images, 24, labels, 33, 0);
    if (!HAVE_STB) {
        CHECK_ERROR(dl, DL_ERR_FORMAT, "labels is compressed by gzip; unpack it first");
    } else {
        if (CHECK(d, "%s", dl_error_text(dl)))
            CHECK(dl_data_labels(d)[0] == 1 && dl_data_labels(d)[1] == 0, "labels");
        for (int at = 11; at < 33; at++) {
            memcpy(bad, labels, 33);
            bad[at] ^= 64;
            CHECK(!dl_idx_from_memory(dl, images, 24, bad, 33, 0) && dl_error(dl) == DL_ERR_FORMAT,
                  "byte %d", at);
            dl_clear_error(dl);
        }
        for (size_t n = 2; n < 33; n++) {
            CHECK(!dl_idx_from_memory(dl, images, 24, labels, n, 0), "%d bytes", (int)n);
            CHECK_ERROR(dl, DL_ERR_FORMAT, "labels is ");
        }
        count_largest = 0;
        memcpy(bad, labels, 33);
        bad[32] = 0x7F;
        CHECK(!dl_idx_from_memory(dl, images, 24, bad, 33, 0), "2 GB");
        CHECK_ERROR(dl, DL_ERR_FORMAT, "labels is cut off, or no gzip file that can be read");
        CHECK(count_largest < 100000, "%ld bytes asked for", (long)count_largest);
    }
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- a photographed digit ---- */

/* A seven: strokes of so many pixels in a square picture of ink on paper, at (left, top). */
static dl_tensor *seven(dl_ctx *dl, int size, double stroke, int left, int top, const double *paper,
                        const double *ink, double slope)
{
    dl_tensor *x = dl_zeros(dl, dl_shape3(3, 300, 300));
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 300; i++)
            for (int j = 0; j < 300; j++) {
                const double u = (j - left) / (double)size, v = (i - top) / (double)size;
                const double bar = v < 0 ? -v : v, slant = fabs(0.7 - u - 0.45 * v) / 1.1;
                double far = u >= 0 && u <= 0.7 ? bar : 9;
                if (v >= 0 && v <= 1 && slant < far) far = slant;
                const bool on = far * size < stroke / 2;
                x->data[(c * 300 + i) * 300 + j] =
                    (dl_real)((on ? ink[c] : paper[c]) - slope * (i + j) / 600);
            }
    return x;
}

/* However it was drawn, the same 28 x 28 comes of it. */
static void digit(void)
{
    static const double white[3] = { .95, .95, .9 }, black[3] = { .1, .1, .12 };
    static const double blue[3] = { .25, .35, .85 };
    dl_ctx *dl = test_quiet_new(1);
    dl_tensor *first = dl_image_to_mnist(seven(dl, 150, 16, 70, 70, white, black, 0), NULL);
    if (!CHECK(first && first->size == 784, "%s", dl_error_text(dl))) return;
    double sum = 0, row = 0, column = 0;
    for (int i = 0; i < 784; i++) {
        const double v = (double)first->data[i];
        CHECK(v >= 0 && v <= 1, "pixel %d: %g", i, v);
        sum += v;
        row += v * (i / 28 + 0.5);
        column += v * (i % 28 + 0.5);
    }
    CHECK(fabs(row / sum - 14) <= 0.51 && fabs(column / sum - 14) <= 0.51, "the centre of mass");
    CHECK(sum > 50 && sum < 130, "%g of 784 white", sum);
    for (int way = 0; way < 7; way++) {
        const int size = way == 1 ? 60 : way == 2 ? 200 : 150, left = way == 3 ? 20 : 70;
        const double stroke = way == 4 ? 3 : way == 5 ? 30 : size * 16 / 150.0;
        dl_tensor *step[3], *x = seven(dl, size, stroke, left, 70, way == 0 ? black : white,
                                       way == 0 ? white : way == 6 ? blue : black, way == 6 ? .3 : 0);
        dl_tensor *y = dl_image_to_mnist(x, step);
        double same = 0, all = 0;
        if (!CHECK(y, "way %d: %s", way, dl_error_text(dl))) continue;
        for (int i = 0; i < 784; i++) {
            same += fmin((double)y->data[i], (double)first->data[i]);
            all += fmax((double)y->data[i], (double)first->data[i]);
        }
        CHECK(same / all > 0.7, "way %d: %g of it alike", way, same / all);
        CHECK(step[2]->shape.dim[1] == 20 && step[0]->shape.dim[1] == 300, "the steps");
    }
    CHECK(!dl_image_to_mnist(seven(dl, 150, 0, 70, 70, white, black, .3), NULL), "white");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_image_to_mnist: there is nothing to see");
    CHECK(!dl_image_to_mnist(dl_zeros(dl, dl_shape3(2, 9, 9)), NULL), "2 channels");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_image_to_mnist: [2,9,9] must be [1,H,W] or [3,H,W]");
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

int main(void)
{
    TEST(save_load);
    TEST(saving);
    TEST(out_of_memory);
    TEST(channels);
    TEST(bad_files);
    TEST(sorts);
    TEST(bmp_from_the_top);
    TEST(damage);
    TEST(to_memory);
    TEST(resize);
    TEST(cuts);
    TEST(packed);
    TEST(digit);
    return test_end();
}
