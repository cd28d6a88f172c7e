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
#include "../example.h"

enum { SHOWN = 12, WIDE = 104 };

/* Convolutions and pooling until the picture is small, then a dense net. */
static dl_model *build(dl_ctx *dl, dl_shape shape, int classes) {
    dl_model *net = dl_model_new(dl, shape);
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
    dl_model_add_dense(net, classes, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    return net;
}

/* The report and the confusion matrix as tables. */
static void show_report(ex_page *page, const dl_report *r, const char *const *names) {
    ex_page_text(page, 2, EX("How good is it?", "效果如何？"));
    ex_page_table(page, true);
    ex_page_row(page, true, "%s", EX("class|precision|recall|F1|pictures", "类别|精确率|召回率|F1|图片数"));
    for (int k = 0; k < r->classes; k++)
        ex_page_row(page, false, "%s|%.3f|%.3f|%.3f|%lld", names[k], r->score[k].precision,
                    r->score[k].recall, r->score[k].f1, (long long)r->score[k].support);
    ex_page_row(page, false, "%s|%.3f|%.3f|%.3f|%lld", EX("mean", "平均"), r->macro.precision,
                r->macro.recall, r->macro.f1, (long long)r->count);
    ex_page_table(page, false);
    ex_page_text(page, 2, EX("What is taken for what?", "什么被认成了什么？"));
    ex_page_text(page, 0, EX("A row for each class, in it how many were called what; those on the "
                             "diagonal are right.", "每类一行，列出各有多少被认成什么；对角线上的是对的。"));
    if (page->f) fputs("<div class=\"wide\"><table>\n<tr><th></th>", page->f);
    for (int k = 0; page->f && k < r->classes; k++) {
        fputs("<th>", page->f);
        ex_page_escape(page, names[k]);
        fputs("</th>", page->f);
    }
    for (int i = 0; page->f && i < r->classes; i++) {
        fputs("</tr>\n<tr><td>", page->f);
        ex_page_escape(page, names[i]);
        fputs("</td>", page->f);
        for (int k = 0; k < r->classes; k++) {
            const long long n = (long long)r->confusion[i * r->classes + k];
            const double share = (double)n / (double)(r->score[i].support ? r->score[i].support : 1);
            fprintf(page->f, "<td style=\"background:rgba(%s,%.2f)\">%lld</td>",
                    i == k ? "0,114,178" : "213,94,0", 0.6 * sqrt(share), n);
        }
    }
    if (page->f) fputs("</tr>\n</table></div>\n", page->f);
}

/* Pictures it has not seen: first any, then the worst mistakes. */
static void show_pictures(ex_page *page, const dl_data *test, const dl_real *p) {
    const char *const *names = dl_data_class_names(test);
    const int32_t *label = dl_data_labels(test);
    const int classes = dl_data_classes(test), count = (int)dl_data_count(test);
    dl_int worst[SHOWN];
    const int wrong = ex_worst(test, p, worst, SHOWN);
    for (int bad = 0; bad < 2; bad++) {
        const int n = bad ? wrong : count < SHOWN ? count : SHOWN;
        dl_tensor *picture[SHOWN];
        char text[SHOWN][200];
        const char *caption[SHOWN];
        for (int k = 0; k < n; k++) {
            const dl_int i = bad ? worst[k] : (dl_int)k * count / n;
            const int said = ex_argmax(p + i * classes, classes);
            const double percent = 100 * (double)p[i * classes + said];
            dl_tensor *x = dl_data_sample(test, i);
            picture[k] = x ? dl_reshape(x, dl_data_shape(test)) : NULL;
            if (said == label[i])
                snprintf(text[k], sizeof text[k], "%.80s, %.0f %%", names[said], percent);
            else snprintf(text[k], sizeof text[k], EX("%.60s, %.0f %%: is %.60s",
                          "%.60s，%.0f %%：实为 %.60s"), names[said], percent, names[label[i]]);
            caption[k] = text[k];
        }
        ex_page_text(page, 2, "%s", bad ? EX("The worst mistakes: sure, and wrong", "最严重的错误：自信却答错")
                                        : EX("Pictures that it has not seen", "它没见过的图片"));
        ex_page_pictures(page, picture, caption, n, WIDE);
    }
}

/* What there is to learn from. */
static void show_data(ex_page *page, const dl_data *all, bool quiet) {
    const int32_t *label = dl_data_labels(all);
    char size[60];
    ex_show_text(page, quiet, 2, EX("The pictures", "图片"));
    snprintf(size, sizeof size, "%lld x %lld", (long long)dl_data_shape(all).dim[2],
             (long long)dl_data_shape(all).dim[1]);
    ex_show_text(page, quiet, 0, EX("%lld pictures of %d classes, each made %s.",
                                    "%lld 张图片，%d 个类别，每张都变成 %s。"),
                 (long long)dl_data_count(all), dl_data_classes(all), size);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, "%s", EX("class|pictures", "类别|图片数"));
    for (int k = 0; label && k < dl_data_classes(all); k++) {
        long long n = 0;
        for (dl_int i = 0; i < dl_data_count(all); i++) n += label[i] == k;
        ex_show_row(page, quiet, false, "%s|%lld", dl_data_class_name(all, k), n);
    }
    ex_page_table(page, false);
}

int main(int argc, char **argv) {
    int size = 64, percent = 20;
    bool grey = false, mirror = false;
    const char *dir = NULL;
    const ex_option extra[4] = {
        {"size", EX_INT, &size, 8, 1024, EX("pixels on a side", "边长（像素）")},
        {"test", EX_INT, &percent, 1, 90, EX("percent kept aside", "留作测试的百分比")},
        {"grey", EX_FLAG, &grey, 0, 0, EX("without colours", "不要颜色")},
        {"mirror", EX_FLAG, &mirror, 0, 0, EX("also learn them mirrored (photos, not letters)",
                                              "也学左右镜像（适合照片，不适合文字）")}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 15;
    o.words = "DIR", o.words_most = 1, o.word = &dir;
    ex_parse(&o, argc, argv, EX("learn to tell the pictures in the folders of DIR apart",
                                "学会区分 DIR 各文件夹里的图片"),
             "epochs batch seed threads html save quiet", extra, 4);
    if (dir == NULL) {
        fprintf(stderr, EX("name a directory with one folder for each class (--help tells more)\n",
                           "请给出一个目录，其中每类图片一个文件夹（详见 --help）\n"));
        return 2;
    }
    dl_ctx *dl = ex_begin(&o);
    dl_images how = dl_images_default();
    how.height = how.width = size;
    how.channels = grey ? 1 : 3;
    how.crop = true;
    dl_data *all = dl_data_images(dl, dir, &how), *train, *test;
    dl_folds folds = dl_folds_default();
    folds.stratify = true;
    folds.seed = (uint64_t)o.seed;
    if (!all || !dl_data_split_random(all, percent / 100.0, &folds, &train, &test))
        return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Telling pictures apart", "区分图片"));
    show_data(&page, all, o.quiet);

    dl_augment change = dl_augment_default();
    change.shift = 0.08, change.rotate = 8, change.scale = 0.1;
    change.flip_h = mirror ? 0.5 : 0;
    dl_model *net = build(dl, dl_data_shape(all), dl_data_classes(all));
    dl_fit fit = dl_fit_default();
    fit.epochs = o.epochs, fit.batch_size = o.batch, fit.verbose = o.quiet ? 0 : 1;
    fit.augment = &change;
    fit.validation = test;                          /* watched, not used to choose anything */
    fit.schedule = dl_schedule_cosine(o.epochs, 0.02);
    dl_model_fit(net, train, &fit);
    const dl_metrics m = dl_model_evaluate(net, test);
    dl_tensor *p = dl_model_predict_data(net, test);
    dl_report *r = dl_model_report(net, test);
    if (o.save) dl_model_save(net, o.save);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) printf("\n");
    if (!o.quiet) dl_report_print(r, dl_data_class_names(all));
    ex_page_text(&page, 2, EX("Learning", "学习"));
    ex_page_history(&page, net);
    show_report(&page, r, dl_data_class_names(all));
    if (page.f) show_pictures(&page, test, p->data);
    ex_page_close(&page, o.quiet);
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld pictures=%lld "
              "unreadable=%lld", m.accuracy, m.loss, ex_fit_seconds(net),
              (long long)dl_model_param_count(net), (long long)dl_data_count(all),
              (long long)dl_data_unreadable(all));
    return ex_end(dl, &o);
}
