/* folder - learn to tell your own pictures apart: one folder for each class, pictures in it.

       pets/cat/1.jpg, 2.jpg ...   pets/dog/a.png ...   pets/bird/...

   They may be of any size, and more than memory holds: they are decoded a batch at a time, by all
   cores, cut to a square and made --size pixels wide. A part of each class is kept aside, to see
   what the net makes of pictures that it has not seen.

       gcc -O2 -fopenmp examples/apps/folder.c -o folder -lm && ./folder pets --save pets.dl

   The saved model knows its classes' names (dl_model_class_name). Of a few hundred photos expect
   no miracles: nets that know a thousand kinds of things have seen a million.
   @F S1-3.3 S1-3.4: convolution and pooling   @F S4-9.2: augmentation   @F S4-9.3: recall, F1   */
#include "../stb.h"
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

/* Convolutions and pooling until the picture is small, then a dense net. */
static dl_model *build(const dl_data *pictures) {
    const dl_shape shape = dl_data_shape(pictures);
    dl_model *net = dl_model_new(dl_data_ctx(pictures), shape);
    dl_norm_layer norm = dl_norm_layer_default();
    int size = (int)shape.dim[1];
    norm.momentum = 0.1;               /* few pictures, few updates: its averages must keep up */
    for (int k = 0; k < 4 && size >= 6; k++) {
        dl_model_add_conv2d(net, k == 0 ? 24 : 48, 3, DL_LINEAR);
        dl_model_add_batch_normalization_with(net, &norm);
        dl_model_add_activation(net, DL_RELU);
        dl_model_add_max_pooling2d(net, 2);
        size = (size - 2) / 2;
    }
    dl_model_add_flatten(net);
    dl_model_add_dropout(net, 0.3);
    dl_model_add_dense(net, 128, DL_RELU);
    dl_model_add_dense(net, dl_data_classes(pictures), DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    return net;
}

/* Learn from the pictures, each a little different every time. */
static bool learn(dl_model *net, const dl_data *train, const dl_data *test, const ex_options *o,
                  bool mirror) {
    dl_augment change = dl_augment_default();
    change.shift = 0.08;
    change.rotate = 8;
    change.scale = 0.1;
    change.flip_h = mirror ? 0.5 : 0;
    dl_fit fit = ex_fit(o);
    fit.verbose = o->quiet ? 0 : 1;
    fit.augment = &change;
    fit.validation = test;                          /* watched, not used to choose anything */
    fit.schedule = dl_schedule_cosine(o->epochs, 0.02);
    return dl_model_fit(net, train, &fit);
}

static void show_data(ex_page *page, bool quiet, const dl_data *all);
static void show_results(ex_page *page, dl_model *net, const dl_data *test, const dl_report *r);

int main(int argc, char **argv) {
    int size = 64, percent = 20;
    bool grey = false, mirror = false;
    const char *dir = NULL;
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {
        {"size", EX_INT, &size, 8, 1024, EX("pixels on a side", "边长（像素）")},
        {"test", EX_INT, &percent, 1, 90, EX("percent kept aside", "留作测试的百分比")},
        {"grey", EX_FLAG, &grey, 0, 0, EX("without colours", "不要颜色")},
        {"mirror", EX_FLAG, &mirror, 0, 0, EX("also learn them mirrored (photos, not letters)",
                                              "也学左右镜像（适合照片，不适合文字）")}};
    o.epochs = 15;
    o.words = "DIR";
    o.words_most = 1;
    o.word = &dir;
    ex_parse(&o, argc, argv, EX("learn to tell the pictures in the folders of DIR apart",
                                "学会区分 DIR 各文件夹里的图片"),
             "epochs batch seed threads html save quiet", own, 4);
    if (dir == NULL) {
        fprintf(stderr, EX("name a directory with one folder for each class (--help tells more)\n",
                           "请给出一个目录，其中每类图片一个文件夹（详见 --help）\n"));
        return 2;
    }
    dl_ctx *dl = ex_begin(&o);
    dl_images how = dl_images_default();
    how.height = size;
    how.width = size;
    how.channels = grey ? 1 : 3;
    how.crop = true;
    dl_folds folds = dl_folds_default();
    folds.stratify = true;
    folds.seed = (uint64_t)o.seed;
    dl_data *all = dl_data_images(dl, dir, &how), *train, *test;
    if (!all || !dl_data_split_random(all, percent / 100.0, &folds, &train, &test))
        return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Telling pictures apart", "区分图片"));
    show_data(&page, o.quiet, all);
    dl_model *net = build(all);
    learn(net, train, test, &o, mirror);
    const dl_metrics m = dl_model_evaluate(net, test);
    const dl_report *r = dl_model_report(net, test);
    if (o.save) dl_model_save(net, o.save);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) printf("\n");
    if (!o.quiet) dl_report_print(r, dl_data_class_names(all));
    show_results(&page, net, test, r);
    ex_page_close(&page, o.quiet);
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld pictures=%lld "
              "unreadable=%lld", m.accuracy, m.loss, ex_fit_seconds(net),
              (long long)dl_model_param_count(net), (long long)dl_data_count(all),
              (long long)dl_data_unreadable(all));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* What there is to learn from. */
static void show_data(ex_page *page, bool quiet, const dl_data *all) {
    const int32_t *label = dl_data_labels(all);
    const dl_shape shape = dl_data_shape(all);
    ex_show_text(page, quiet, 2, EX("The pictures", "图片"));
    ex_show_text(page, quiet, 0, EX("%lld pictures of %d classes, each made %lld x %lld.",
                                    "%lld 张图片，%d 个类别，每张都变成 %lld x %lld。"),
                 (long long)dl_data_count(all), dl_data_classes(all), (long long)shape.dim[2],
                 (long long)shape.dim[1]);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, "%s", EX("class|pictures", "类别|图片数"));
    for (int k = 0; label && k < dl_data_classes(all); k++) {
        long long n = 0;
        for (dl_int i = 0; i < dl_data_count(all); i++) n += label[i] == k;
        ex_show_row(page, quiet, false, "%s|%lld", dl_data_class_name(all, k), n);
    }
    ex_page_table(page, false);
}

/* How it learned, and what it makes of pictures that it has not seen: any, then its worst. */
static void show_results(ex_page *page, dl_model *net, const dl_data *test, const dl_report *r) {
    enum { SHOWN = 12 };
    dl_int any[SHOWN], worst[SHOWN];
    const dl_int count = dl_data_count(test);
    const int n = count < SHOWN ? (int)count : SHOWN;
    dl_tensor *p = page->f ? dl_model_predict_data(net, test) : NULL;
    if (p == NULL) return;
    for (int k = 0; k < n; k++) any[k] = k * count / n;
    ex_page_text(page, 2, EX("Learning", "学习"));
    ex_page_history(page, net);
    ex_page_report(page, r, dl_data_class_names(test));
    ex_page_text(page, 2, EX("Pictures that it has not seen", "它没见过的图片"));
    ex_page_samples(page, test, p->data, any, n);
    ex_page_text(page, 2, EX("The worst mistakes: sure, and wrong", "最严重的错误：自信却答错"));
    ex_page_samples(page, test, p->data, worst, ex_worst(test, p->data, worst, SHOWN));
}
