/* predict - which digit is on this photo, scan or drawing?

   A net that has learned MNIST knows digits of 28 x 28 pixels, white on black, as thick as a felt
   pen, in the middle. A photo is none of that. dl_image_to_mnist makes it so: it finds the ink,
   cuts it out, evens the strokes, fits it into 20 x 20 and centres its mass, as MNIST's makers did.
   The net is trained on digits moved, turned and thickened a little at random (augmentation), so
   that what is left of the difference does not matter.

       gcc -O2 -fopenmp examples/apps/predict.c -o predict -lm
       ./predict --train digits.dl                     once: some minutes
       ./predict digits.dl photo.jpg scan.png          path, digit, probability; --html shows how

   Reads PNG, JPEG and BMP with stb_image (Debian: libstb-dev; else data/fetch.sh stb_image).
   @F S1-3.3 S1-3.4: convolution and pooling   @F S4-9.2: augmentation                          */
#include "../stb.h"
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

/* Train the net and save it. */
static void train(dl_ctx *dl, const ex_options *o, const char *path) {
    dl_data *train = ex_mnist(dl, o, DL_TRAIN), *test = ex_mnist(dl, o, DL_TEST);
    dl_augment change = dl_augment_default();
    change.shift = 0.06;                                   /* up to 1.7 pixels each way */
    change.rotate = 15;
    change.scale = 0.15;
    change.thickness = 1;
    dl_model *net = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_model_add_conv2d(net, 24, 5, DL_RELU);
    dl_model_add_max_pooling2d(net, 2);
    dl_model_add_conv2d(net, 48, 3, DL_RELU);
    dl_model_add_max_pooling2d(net, 2);
    dl_model_add_flatten(net);
    dl_model_add_dropout(net, 0.4);
    dl_model_add_dense(net, 128, DL_RELU);
    dl_model_add_dropout(net, 0.4);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    dl_fit fit = ex_fit(o);
    fit.verbose = o->quiet ? 0 : 1;
    fit.augment = &change;
    fit.schedule = dl_schedule_cosine(o->epochs, 0.02);
    dl_model_fit(net, train, &fit);
    const dl_metrics m = dl_model_evaluate(net, test);
    if (!dl_model_save(net, path)) return;
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld", m.accuracy, m.loss,
              ex_fit_seconds(net), (long long)dl_model_param_count(net));
}

static void show(ex_page *page, const char *path, dl_tensor *photo, dl_tensor *const *step,
                 dl_tensor *mnist, const dl_real *p);

/* One line for one picture; false when it cannot be read. */
static bool predict(dl_ctx *dl, dl_model *net, const char *path, ex_page *page) {
    const dl_mark mark = dl_tape_mark(dl);
    dl_tensor *step[3], *photo = dl_image_load(dl, path, 3);
    dl_tensor *mnist = dl_image_to_mnist(photo, step);
    dl_tensor *y = dl_model_predict(net, dl_reshape(mnist, dl_shape4(1, 1, 28, 28)));
    const bool ok = y && y->size == 10;
    if (ok) {
        const int best = ex_argmax(y->data, 10);
        printf("%s\t%d\t%.4f\n", path, best, (double)y->data[best]);
        if (page->f) show(page, path, photo, step, mnist, y->data);
    } else {
        const char *why = dl_error(dl) ? dl_error_text(dl) : "the model has not ten outputs";
        fprintf(stderr, "%s: %s\n", path, why);
        ex_page_text(page, 2, "%s", path);
        ex_page_text(page, 0, "%s", why);
    }
    dl_clear_error(dl);                                   /* the next picture may be a good one */
    dl_tape_release(dl, mark);
    return ok;
}

/* All pictures, word[1] and so on, by the model word[0]; returns what main returns. */
static int predict_all(const ex_options *o) {
    int failed = 0;
    dl_ctx *dl = ex_begin(o);
    dl_model *net = dl_model_load(dl, o->word[0]);
    if (net == NULL) return ex_end(dl, o);
    ex_page page = ex_page_open(o, EX("Which digit is it?", "这是哪个数字？"));
    ex_page_text(&page, 0, EX("How each picture becomes what MNIST is, and what the net makes of "
                              "it: the bars are its ten probabilities.",
                              "每张图片怎样变成 MNIST 的样子，网络又怎样看它：十根柱子是十个概率。"));
    dl_set_error_callback(dl, ex_silent, NULL);     /* predict says it, with the picture's name */
    for (int i = 1; i < o->word_count; i++) failed += !predict(dl, net, o->word[i], &page);
    ex_page_close(&page, true);
    return ex_end(dl, o) || failed;
}

int main(int argc, char **argv) {
    const char *save = NULL;
    int code;
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {{"train", EX_TEXT, &save, 0, 0,
                              EX("train the net on MNIST, save it as FILE", "用 MNIST 训练网络，存入文件")}};
    o.epochs = 8;
    o.batch = 64;
    o.words = "MODEL IMAGE...";
    o.words_most = argc;
    o.word = (const char **)calloc((size_t)argc + 1, sizeof *o.word);
    if (o.word == NULL) {
        fprintf(stderr, "there is no memory to start\n");
        return 1;
    }
    ex_parse(&o, argc, argv, EX("which digit is on this photo, scan or drawing?",
                                "这张照片、扫描件或手绘图上是哪个数字？"),
             "data epochs batch limit seed threads html quiet", own, 1);
    if (save ? o.word_count > 0 : o.word_count < 2) {
        fprintf(stderr, EX("say --train MODEL once, then MODEL IMAGE... (--help tells more)\n",
                           "先运行一次 --train MODEL，然后给出 MODEL IMAGE...（详见 --help）\n"));
        code = 2;
    } else if (save) {
        ex_check_output("predict", "train", save);
        dl_ctx *dl = ex_begin(&o);
        train(dl, &o, save);
        code = ex_end(dl, &o);
    } else {
        code = predict_all(&o);
    }
    free(o.word);
    return code;
}

/* ------------------------------------------------------------------------- the showing ---- */

/* The steps from a picture to what the net sees, and its ten probabilities, on the page. */
static void show(ex_page *page, const char *path, dl_tensor *photo, dl_tensor *const *step,
                 dl_tensor *mnist, const dl_real *p) {
    const int WIDE = 132;
    const dl_int H = photo->shape.dim[1], W = photo->shape.dim[2];
    const double zoom = fmin(1, 2.0 * WIDE / (double)(H > W ? H : W));
    dl_tensor *small = dl_resize(photo, (dl_int)ceil((double)H * zoom),
                                 (dl_int)ceil((double)W * zoom), DL_AREA);
    dl_tensor *picture[5] = {small, step[0], step[1], step[2], mnist};
    const char *const caption[5] = {EX("1. the picture", "1. 原图"),
        EX("2. the ink: what the paper is not", "2. 墨迹：与纸不同的部分"),
        EX("3. cut out, strokes evened", "3. 剪下，笔画粗细调匀"),
        EX("4. fitted into 20 x 20", "4. 缩放到 20 x 20"),
        EX("5. its mass in the middle of 28 x 28", "5. 重心移到 28 x 28 的中央")};
    const int best = ex_argmax(p, 10);
    ex_page_text(page, 2, EX("%s (%lld x %lld): a %d, %.1f %%",
                             "%s（%lld x %lld）：数字 %d，%.1f %%"), path, (long long)W,
                 (long long)H, best, 100 * (double)p[best]);
    ex_page_pictures(page, picture, caption, 5, WIDE);
    ex_page_bars(page, p);
}
