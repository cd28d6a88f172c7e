/* Tests of folders of pictures (room >>images): which files become which samples, what is said of
   those that cannot be read, any number of threads, fit and evaluate; and of memory: of streams and
   of evaluating. What reads pictures needs stb_image.h and is skipped where that is not installed. */
#define _FILE_OFFSET_BITS 64     /* readdir of 32 bits fails on large file systems */
#include "counting.h"
#include "../examples/stb.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#if defined(_WIN32)
#include <direct.h>
#include <windows.h>
static const wchar_t *wide(const char *path)
{
    static wchar_t to[1100];
    MultiByteToWideChar(CP_UTF8, 0, path, -1, to, 1100);
    return to;
}
#define make_dir(path)    _wmkdir(wide(path))
#define remove_dir(path)  _wrmdir(wide(path))
#define remove_file(path) _wremove(wide(path))
#define write_file(path)  _wfopen(wide(path), L"wb")
#else
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#define make_dir(path)    mkdir(path, 0777)
#define remove_dir(path)  rmdir(path)
#define remove_file(path) remove(path)
#define write_file(path)  fopen(path, "wb")
#endif

#ifdef EX_STB
#define HAVE_STB 1
#else
#define HAVE_STB 0
#endif

/* A path below the directory of this test; "" is that directory itself. */
static const char *place(const char *name)
{
    static char path[4][1100];
    static int next;
    char *to = path[next++ % 4];
    snprintf(to, 1100, "%s/dlh-folders%s%s", test_dir(), *name ? "/" : "", name);
    return to;
}

/* Everything that was made, to be taken away again, last first. */
static char made[200][100];
static int made_count;

static void folder(const char *name)
{
    make_dir(place(name));
    strcpy(made[made_count++], name);
}

static void clean(void)
{
    while (made_count > 0) {
        const char *path = place(made[--made_count]);
        if (remove_dir(path) != 0) remove_file(path);
    }
}

static void bytes(const char *name, const void *p, size_t n)
{
    FILE *f = write_file(place(name));
    if (CHECK(f, "%s", name)) {
        fwrite(p, 1, n, f);
        fclose(f);
    }
    strcpy(made[made_count++], name);
}

/* A picture of one colour, height x width. */
static void picture(dl_ctx *dl, const char *name, double value, int h, int w)
{
    dl_tensor *x = dl_full(dl, dl_shape3(3, h, w), value);
    CHECK(dl_image_save(x, place(name)), "%s", dl_error_text(dl));
    strcpy(made[made_count++], name);
}

static char told[2000];
static int told_count;
static void unreadable(void *user, const char *path, const char *why)
{
    const size_t n = strlen(told);
    const char *name = strstr(path, "dlh-folders");
    (void)user;
    told_count++;
    snprintf(told + n, sizeof told - n, "%s: %s\n", name ? name + 12 : path, why);
}

static dl_images quiet_options(void)
{
    dl_images o = dl_images_default();
    o.unreadable = unreadable;
    told[0] = 0;
    told_count = 0;
    return o;
}

/* Classes and files in the order that torchvision.datasets.ImageFolder gives. */
static void order(void)
{
    static const char *const folders[6] = { "", "c", "B", "a", "a/sub", "a/sub-x" };
    static const char *const files[7] = { "B/1.png", "a/2.PNG", "a/10.png", "a/sub/0.png",
                                          "a/sub-x/0.jpeg", "c/x.y.png", "c/.hidden.png" };
    /* sorted: B/1, a/10, a/2, a/sub/0, a/sub-x/0, c/x.y */
    static const int expected[6] = { 0, 2, 1, 3, 4, 5 };
    static const int label[6] = { 0, 1, 1, 1, 1, 2 };
    dl_ctx *dl = test_quiet_new(1);
    for (int i = 0; i < 6; i++) folder(folders[i]);
    folder(".hidden");
    for (int i = 0; i < 7; i++) picture(dl, files[i], 0.1 * (i + 1), 4, 6);
    picture(dl, "loose.png", 1, 4, 6);
    bytes("a/notes.txt", "no picture", 10);
    dl_images o = quiet_options();
    dl_data *d = dl_data_images(dl, place(""), &o);
    if (!HAVE_STB) {
        CHECK_ERROR(dl, DL_ERR_FORMAT, "compiled without DL_USE_STB_IMAGE");
        SKIP("%s", "stb_image.h is not installed, so no folder is read");
    } else if (CHECK(d, "%s", dl_error_text(dl))) {
        const int32_t *l = dl_data_labels(d);
        CHECK(dl_data_count(d) == 6 && dl_data_classes(d) == 3, "%d files", (int)dl_data_count(d));
        CHECK(dl_shape_equal(dl_data_shape(d), dl_shape3(3, 4, 6)), "the shape");
        for (int i = 0; i < 3; i++)
            CHECK(strcmp(dl_data_class_name(d, i), i == 0 ? "B" : i == 1 ? "a" : "c") == 0,
                  "class %d is %s", i, dl_data_class_name(d, i));
        for (int i = 0; i < 6; i++) {
            const double v = (double)dl_data_sample(d, i)->data[0];
            CHECK(fabs(v - 0.1 * (expected[i] + 1)) < 0.003, "sample %d is %g", i, v);
            CHECK(l[i] == label[i], "label %d is %d", i, (int)l[i]);
        }
        CHECK(told_count == 0 && dl_data_unreadable(d) == 0, "%s", told);
    }
    dl_free(dl);
    clean();
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Sizes: as the first, as asked for, stretched or cut; grey; and what cannot be asked for. */
static void sizes(void)
{
    dl_ctx *dl = test_quiet_new(1);
    if (!HAVE_STB) {
        SKIP("%s", "stb_image.h is not installed, so no folder is read");
        dl_free(dl);
        return;
    }
    folder("");
    folder("k");
    dl_tensor *x = dl_zeros(dl, dl_shape3(3, 8, 16));
    test_fill(x->data, x->size, 1, 0, 1);
    for (dl_int i = 0; i < x->size; i++) x->data[i] = (dl_real)(floor((double)x->data[i] * 255) / 255);
    dl_image_save(x, place("k/a.png"));
    strcpy(made[made_count++], "k/a.png");
    picture(dl, "k/b.png", 0.5, 3, 3);
    for (int way = 0; way < 6; way++) {
        dl_images o = quiet_options();
        dl_tensor *y = x;
        o.channels = way == 4 ? 1 : 3;
        o.crop = way == 2 || way == 3;
        o.resampling = way == 5 ? DL_AREA : DL_BILINEAR;
        if (way > 0) o.height = 5;
        if (way > 0) o.width = way == 3 ? 12 : 4;
        dl_data *d = dl_data_images(dl, place(""), &o);
        if (!CHECK(d, "%s", dl_error_text(dl))) break;
        if (way == 2) y = dl_image_crop(x, 0, 5, 8, 6, 0);              /* 5 x 4 of 8 x 16 */
        if (way == 3) y = dl_image_crop(x, 1, 0, 6, 16, 0);             /* 5 x 12 */
        if (way > 0) y = dl_resize(y, o.height, o.width, o.resampling);
        if (way == 4) y = dl_image_grey(y);
        dl_tensor *got = dl_data_sample(d, 0);
        if (!CHECK(got && y && got->size == y->size, "way %d", way)) continue;
        for (dl_int i = 0; i < y->size; i++)
            CHECK(fabs((double)got->data[i] - (double)y->data[i]) < (way == 4 ? 0.01 : 1e-5),
                  "way %d: %d is %g, not %g", way, (int)i, (double)got->data[i], (double)y->data[i]);
        CHECK(fabs((double)dl_data_sample(d, 1)->data[7] - 0.5) < 0.003, "the small one");
        dl_data_free(d);
    }
    dl_images o = dl_images_default();
    o.channels = 5;
    CHECK(!dl_data_images(dl, place(""), &o), "5 channels");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_images: 5 channels (1 to 4), 0 x 0 pixels");
    CHECK(!dl_data_images(dl, NULL, NULL), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_data_images: the directory is NULL");
    dl_free(dl);
    clean();
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* What has no classes, or not enough pictures, or files that are none. */
static void refused(void)
{
    dl_ctx *dl = test_quiet_new(1);
    if (!HAVE_STB) {
        SKIP("%s", "stb_image.h is not installed, so no folder is read");
        dl_free(dl);
        return;
    }
    dl_images o = quiet_options();
    CHECK(!dl_data_images(dl, place("nowhere"), &o), "nowhere");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_data_images: cannot list the directory ");
    folder("");
    CHECK(!dl_data_images(dl, place(""), &o), "empty");
    CHECK_ERROR(dl, DL_ERR_FILE, "it needs one for each class, with its pictures");
    picture(dl, "a.png", 0.5, 3, 3);
    CHECK(!dl_data_images(dl, place(""), &o), "no folders");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_data_images: there are no folders in ");
    folder("one");
    folder("two");
    picture(dl, "one/a.png", 0.5, 3, 3);
    CHECK(!dl_data_images(dl, place(""), &o), "an empty class");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "no picture that can be read in the folder ");
    bytes("two/b.png", "GIF89a......", 12);
    bytes("two/c.jpg", "", 0);
    CHECK(!dl_data_images(dl, place(""), &o), "no picture in a class");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "two; fill it, or take it away");
    CHECK(strstr(told, "two/b.png: it is no PNG, JPEG or BMP file") && strstr(told, "two/c.jpg: "),
          "%s", told);
    o.strict = true;
    CHECK(!dl_data_images(dl, place(""), &o), "strict");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "two/b.png: it is no PNG, JPEG or BMP file");
    folder("two/d.png");
    picture(dl, "two/d.png/e.png", 0.5, 3, 3);
    o = quiet_options();
    dl_data *d = dl_data_images(dl, place(""), &o);              /* a folder may be called so */
    if (CHECK(d, "%s", dl_error_text(dl)))
        CHECK(dl_data_count(d) == 2 && dl_data_unreadable(d) == 2, "%d files, %d unreadable",
              (int)dl_data_count(d), (int)dl_data_unreadable(d));
#if !defined(_WIN32)
    CHECK(symlink("..", place("two/up")) == 0, "a link");
    strcpy(made[made_count++], "two/up");
    CHECK(!dl_data_images(dl, place(""), &o), "a circle");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "folders deep; does a link lead back to where it is?");
#endif
    dl_free(dl);
    clean();
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Names: Chinese, spaces, no UTF-8; links to files and folders. */
static void names(void)
{
    dl_ctx *dl = test_quiet_new(1);
    if (!HAVE_STB) {
        SKIP("%s", "stb_image.h is not installed, so no folder is read");
        dl_free(dl);
        return;
    }
    folder("");
    folder("\xe7\x8c\xab");
    folder("big dog");
    picture(dl, "\xe7\x8c\xab/\xe4\xb8\x80.png", 0.25, 3, 3);
    picture(dl, "big dog/a b.png", 0.75, 3, 3);
    int classes = 2;
#if !defined(_WIN32) && !defined(__APPLE__)
    folder("caf\xe9");
    picture(dl, "caf\xe9/\xff.png", 0.5, 3, 3);
    CHECK(symlink("a b.png", place("big dog/link.png")) == 0, "a link");
    strcpy(made[made_count++], "big dog/link.png");
    CHECK(symlink("nowhere.png", place("big dog/gone.png")) == 0, "a link");
    strcpy(made[made_count++], "big dog/gone.png");
    CHECK(symlink("big dog", place("wolf")) == 0, "a link");
    strcpy(made[made_count++], "wolf");
    classes = 4;
#endif
    dl_images o = quiet_options();
    dl_data *d = dl_data_images(dl, place(""), &o);
    if (CHECK(d, "%s", dl_error_text(dl))) {
        CHECK(dl_data_classes(d) == classes && strcmp(dl_data_class_name(d, 0), "big dog") == 0 &&
              strcmp(dl_data_class_name(d, classes - 1), "\xe7\x8c\xab") == 0, "names");
        if (classes == 4) {
            CHECK(strcmp(dl_data_class_name(d, 1), "caf?") == 0, "%s", dl_data_class_name(d, 1));
            CHECK(dl_data_count(d) == 6 && told_count == 2, "%s", told);
        }
    }
    dl_free(dl);
    clean();
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Long endings are no pictures'; a JPEG's size may stand behind 64 KB of what a camera says. */
static void sizes_later(void)
{
    dl_ctx *dl = test_quiet_new(1);
    size_t n = 0;
    uint8_t *jpg = test_slurp("tests/golden/pictures/rgb.jpg", &n);
    if (!jpg) jpg = test_slurp("golden/pictures/rgb.jpg", &n);
    if (HAVE_STB && CHECK(jpg, "rgb.jpg")) {
        static uint8_t file[100000];
        memcpy(file, jpg, 2);
        for (int i = 0; i < 2; i++) {                       /* two comments of 40,000 bytes */
            static const uint8_t comment[4] = { 0xFF, 0xFE, 40000 >> 8, 40000 & 255 };
            memcpy(file + 2 + i * 40002, comment, 4);
        }
        memcpy(file + 80006, jpg + 2, n - 2);
        folder("");
        folder("a");
        bytes("a/1.jpg", file, n + 80004);
        picture(dl, "a/2.png", 0.5, 3, 3);
        bytes("a/3.jpegjpeg", "", 0);
        bytes("a/4.png....b", "", 0);   /* Windows drops dots at an end */
        dl_images o = quiet_options();
        dl_data *d = dl_data_images(dl, place(""), &o);
        CHECK(d && dl_data_count(d) == 2 && told_count == 0 &&
              dl_shape_equal(dl_data_shape(d), dl_shape3(3, 9, 13)), "%s%s", told,
              dl_error_text(dl));
        clean();
    }
    free(jpg);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Each allocation of opening folders and reading from them fails once. */
static void out_of_memory(void)
{
    dl_ctx *dl = test_quiet_new(1);
    int failed = 0;
    folder("");
    folder("a");
    folder("b");
    for (int i = 0; i < 6; i++) {
        char name[20];
        snprintf(name, sizeof name, "%c/%d.png", i % 2 ? 'a' : 'b', i);
        picture(dl, name, 0.1 * i, 3, 3);
    }
    dl_free(dl);
    for (int i = 1; HAVE_STB && i < 500; i++) {
        const long live = count_live;
        dl = test_quiet_new(1);
        dl_batch batch;
        count_fail_at = count_calls + i;
        dl_images o = quiet_options();
        dl_data *d = dl_data_images(dl, place(""), &o);
        const bool ok = d && dl_loader_next(dl_loader_new(d, 6, true), &batch);
        const bool done = count_calls < count_fail_at;
        count_fail_at = 0;
        CHECK(ok == (dl_error(dl) == DL_OK), "allocation %d: %s", i, dl_error_text(dl));
        failed += !ok;
        dl_free(dl);
        if (!CHECK(count_live == live, "allocation %d: %ld lost", i, count_live - live) || done) break;
    }
    clean();
    CHECK(!HAVE_STB || failed > 10, "%d allocations failed", failed);
}

/* Pictures that break while they are read: others of their class stand in for them. */
static void damaged(void)
{
    dl_ctx *dl = test_quiet_new(1);
    size_t n = 0;
    if (!HAVE_STB) {
        SKIP("%s", "stb_image.h is not installed, so no folder is read");
        dl_free(dl);
        return;
    }
    folder("");
    folder("a");
    folder("b");
    picture(dl, "a/1.png", 0.25, 20, 20);
    picture(dl, "a/2.png", 0.5, 20, 20);
    picture(dl, "b/1.png", 0.75, 20, 20);
    uint8_t *p = test_slurp(place("a/2.png"), &n);
    bytes("a/0.png", p, n / 2);
    bytes("a/9.png", p, n / 2);
    dl_images o = quiet_options();
    dl_data *d = dl_data_images(dl, place(""), &o), *first = NULL, *second = NULL;
    if (!CHECK(d, "%s", dl_error_text(dl))) return;
    CHECK(dl_data_count(d) == 5 && told_count == 0, "%s", told);
    CHECK(fabs((double)dl_data_sample(d, 0)->data[0] - 0.25) < 0.003, "a/0 is a/1");
    CHECK(fabs((double)dl_data_sample(d, 3)->data[0] - 0.25) < 0.003, "a/9 is a/1");
    CHECK(fabs((double)dl_data_sample(d, 4)->data[0] - 0.75) < 0.003, "b/1 is itself");
    CHECK(told_count == 2 && strstr(told, "a/0.png: ") && strstr(told, "a/9.png: "), "%s", told);
    CHECK(dl_data_split(d, 0.4, &first, &second) && dl_data_unreadable(second) == 2, "a view's");
    const int32_t all[2] = { 0, 4 };
    CHECK(dl_data_unreadable(dl_data_pick(d, all, 2)) == 2, "a list's");
    CHECK(dl_data_labels(d)[0] == 0 && dl_data_labels(d)[4] == 1, "labels stay");
    bytes("b/1.png", p, n / 2);
    made_count--;
    CHECK(!dl_data_sample(d, 4), "b is gone");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "no picture of the class b can be read any more");
    bytes("b/1.png", p, n);
    made_count--;
    o.strict = true;
    d = dl_data_images(dl, place(""), &o);
    CHECK(d && !dl_data_sample(d, 0), "strict");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_data_images: cannot read ");
    free(p);
    dl_free(dl);
    clean();
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* The picture of class k: one half bright, upper or lower, left or right. */
static void halves(dl_ctx *dl, int k, int i)
{
    char name[40];
    dl_tensor *x = dl_zeros(dl, dl_shape3(1, 12, 12));
    test_fill(x->data, x->size, (unsigned)(4 * i + k), 0, 0.4);
    for (int j = 0; j < 144; j++) {
        const int half = (k / 2 ? j / 12 : j % 12) / 6;
        if (half == k % 2) x->data[j] += (dl_real)0.5;
    }
    snprintf(name, sizeof name, "k%d/%02d.png", k, i);
    dl_image_save(x, place(name));
    strcpy(made[made_count++], name);
    dl_tape_clear(dl);
}

/* Train, split, augment, report and predict; any number of threads gives the same. */
static void training(void)
{
    double loss[2] = { 0, 0 };
    if (!HAVE_STB) {
        SKIP("%s", "stb_image.h is not installed, so no folder is read");
        return;
    }
    dl_ctx *maker = test_quiet_new(1);
    folder("");
    for (int k = 0; k < 4; k++) {
        const char name[3] = { 'k', (char)('0' + k), 0 };
        folder(name);
        for (int i = 0; i < 24; i++) halves(maker, k, i);
    }
    dl_free(maker);
    for (int run = 0; run < 2; run++) {
        dl_ctx *dl = test_quiet_new(7);
        dl_images o = quiet_options();
        dl_set_threads(dl, run ? 3 : 1);
        o.channels = 1;
        dl_data *d = dl_data_images(dl, place(""), &o), *train, *test;
        if (!CHECK(d && dl_data_split_random(d, 0.25, NULL, &train, &test), "%s", dl_error_text(dl)))
            return;
        CHECK(strcmp(dl_data_class_name(test, 3), "k3") == 0, "names of parts");
        CHECK(!dl_data_class_name(test, dl_data_classes(test)) && !dl_data_class_name(test, -1),
              "there are no more");
        dl_augment a = dl_augment_default();
        a.shift = 0.1;
        a.thickness = 0.5;
        dl_model *m = dl_model_new(dl, dl_data_shape(d));
        dl_model_add_flatten(m);
        dl_model_add_dense(m, 4, DL_SOFTMAX);
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
        dl_fit fit = dl_fit_default();
        fit.epochs = 12;
        fit.batch_size = 8;
        fit.augment = &a;
        fit.verbose = 0;
        CHECK(dl_model_fit(m, train, &fit), "%s", dl_error_text(dl));
        const dl_metrics e = dl_model_evaluate(m, test);
        CHECK(e.accuracy > 0.95, "accuracy %g", e.accuracy);
        loss[run] = e.loss;
        dl_tensor *y = dl_model_predict_data(m, test);
        CHECK(y && y->size == 4 * dl_data_count(test), "%s", dl_error_text(dl));
        dl_free(dl);
    }
    CHECK(loss[0] == loss[1], "one thread %g, three %g", loss[0], loss[1]);
    clean();
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* ---- memory ---- */

/* A stream of n samples of two classes. */
typedef struct stream { dl_int n, at; } stream;
static dl_int stream_next(void *user, dl_int n, dl_real *x, int32_t *labels, dl_real *y)
{
    stream *s = (stream *)user;
    (void)y;
    if (n > s->n - s->at) n = s->n - s->at;
    for (dl_int i = 0; i < n; i++) {
        labels[i] = (int32_t)((s->at + i) % 2);
        for (int k = 0; k < 64; k++) x[i * 64 + k] = (dl_real)((s->at + i) % 2 ? 0.5 : -0.5);
    }
    s->at += n;
    return n;
}
static bool stream_rewind(void *user)
{
    ((stream *)user)->at = 0;
    return true;
}

static dl_model *net(dl_ctx *dl, int units)
{
    dl_model *m = dl_model_new(dl, dl_shape1(64));
    for (int k = 0; k < 6; k++) dl_model_add_dense(m, units, DL_RELU);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
    return m;
}

static bool quick(void) { return getenv("DL_QUICK") != NULL; }

/* A stream a hundred times (ten times) as long takes as much memory. */
static void streams(void)
{
    size_t peak[2];
    for (int run = 0; run < 2; run++) {
        stream s = { run ? quick() ? 5000 : 50000 : 500, 0 };
        count_peak_start();
        dl_ctx *dl = test_quiet_new(1);
        dl_set_threads(dl, 1);
        dl_source source = dl_source_default();
        source.count = run ? -1 : s.n;
        source.shape = dl_shape1(64);
        source.classes = 2;
        source.buffer = 100;
        source.next = stream_next;
        source.rewind = stream_rewind;
        source.user = &s;
        dl_data *d = dl_data_from_source(dl, &source);
        dl_model *m = net(dl, 32);
        dl_fit fit = dl_fit_default();
        fit.epochs = 2;
        fit.verbose = 0;
        CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
        CHECK(dl_model_evaluate(m, d).accuracy > 0.99, "learned nothing");
        peak[run] = count_peak;
        dl_free(dl);
    }
    CHECK(peak[1] <= peak[0] + peak[0] / 20, "%ld bytes for 500 samples, %ld for many",
          (long)peak[0], (long)peak[1]);
}

/* Evaluating needs less than training with the same batch: nothing is kept for a way back. */
static void evaluating(void)
{
    size_t peak[2];
    static dl_real x[1024 * 64];
    static int32_t label[1024];
    test_fill(x, 1024 * 64, 1, -1, 1);
    for (int i = 0; i < 1024; i++) label[i] = i % 2;
    for (int run = 0; run < 2; run++) {
        dl_ctx *dl = test_quiet_new(1);
        dl_set_threads(dl, 1);
        dl_data *d = dl_data_borrow_arrays(dl, x, 1024, dl_shape1(64), label, 2);
        dl_model *m = net(dl, quick() ? 128 : 512);
        dl_fit fit = dl_fit_default();
        fit.epochs = 1;
        fit.batch_size = 1024;
        fit.verbose = 0;
        count_peak_start();
        if (run) {
            dl_model_set_batch_size(m, 1024);
            CHECK(dl_model_evaluate(m, d).loss > 0, "%s", dl_error_text(dl));
        } else CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
        peak[run] = count_peak;
        dl_free(dl);
    }
    CHECK(peak[1] < peak[0], "training %ld bytes, evaluating %ld", (long)peak[0], (long)peak[1]);
}

int main(void)
{
    TEST(order);
    TEST(sizes);
    TEST(refused);
    TEST(names);
    TEST(sizes_later);
    TEST(out_of_memory);
    TEST(damaged);
    TEST(training);
    TEST(streams);
    TEST(evaluating);
    return test_end();
}
