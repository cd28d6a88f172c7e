/* 00 - the first run: a net against a straight line through the same pixels.

   Both see 784 grey values and say which of ten digits it is. The first is linear: one weighted sum
   of the pixels for each digit, the largest wins (S0-4.1 without a hidden layer). The second puts
   64 units with ReLU in between. Each is trained on training images and tested on images that it
   has never seen: only the second number counts.

       gcc -O2 examples/00_start.c -o start -lm && ./start            (add -fopenmp for all cores)

   @F S2-2  layers of units   @F S3-2.2  what makes it deep   @F S2-9.1  rules and learning     */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { LINEAR, NET, MODELS };

/* A model for 28 x 28 pixels, trained: without hidden units (hidden = 0) or with. */
static dl_model *learn(dl_ctx *dl, const dl_data *train, int hidden, const ex_options *o) {
    dl_model *m = dl_model_new(dl, dl_shape1(28 * 28));
    if (hidden > 0) dl_model_add_dense(m, hidden, DL_RELU);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    dl_fit fit = dl_fit_default();
    fit.epochs = o->epochs;
    fit.batch_size = o->batch;
    fit.verbose = o->quiet ? 0 : 1;
    dl_model_fit(m, train, &fit);
    return m;
}

/* Behind main: the table and the pictures. */
static void show(dl_model *const *m, const dl_metrics *on_train, const dl_metrics *on_test,
                 const dl_data *test, ex_page *page, bool quiet);

int main(int argc, char **argv) {
    int hidden = 64;
    dl_model *m[MODELS];
    dl_metrics on_train[MODELS], on_test[MODELS];
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[] = {{"hidden", EX_INT, &hidden, 1, 4096,
                                EX("units of the hidden layer", "隐藏层的单元数")}};
    o.epochs = 3;
    o.limit = 20000;
    ex_parse(&o, argc, argv, EX("a net against a linear classifier, on the same pixels; 5 seconds",
                                "同样的像素：网络对线性分类器；5 秒"),
             "data epochs batch limit seed threads html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN);
    dl_data *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("The first run", "第一次运行"));

    for (int k = LINEAR; k <= NET; k++) {
        if (!o.quiet) printf("%s\n", k == LINEAR ? EX("A line: 784 -> 10", "直线：784 -> 10")
                                                 : EX("A net: 784 -> hidden -> 10",
                                                      "网络：784 -> 隐藏层 -> 10"));
        m[k] = learn(dl, train, k == LINEAR ? 0 : hidden, &o);
        on_train[k] = dl_model_evaluate(m[k], train);
        on_test[k] = dl_model_evaluate(m[k], test);
    }
    if (dl_error(dl)) return ex_end(dl, &o);

    show(m, on_train, on_test, test, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_result("test_accuracy=%.4f test_loss=%.4f linear_accuracy=%.4f seconds=%.2f parameters=%lld",
              on_test[NET].accuracy, on_test[NET].loss, on_test[LINEAR].accuracy,
              ex_fit_seconds(m[NET]), (long long)dl_model_param_count(m[NET]));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* Test images that the net reads and the line does not, as many as k; returns how many. */
static int only_the_net(const dl_data *test, const dl_real *line, const dl_real *net, ex_image *im,
                        int k) {
    int found = 0;
    for (dl_int i = 0; i < dl_data_count(test) && found < k; i++) {
        const int label = dl_data_labels(test)[i], said = ex_argmax(line + 10 * i, 10);
        if (said == label || ex_argmax(net + 10 * i, 10) != label) continue;
        ex_image *to = &im[found++];
        *to = ex_digit(test, i, net + 10 * i);
        snprintf(to->caption, sizeof to->caption, EX("%d, not %d", "是 %d 不是 %d"), label, said);
    }
    return found;
}

static void show(dl_model *const *m, const dl_metrics *on_train, const dl_metrics *on_test,
                 const dl_data *test, ex_page *page, bool quiet) {
    enum { SHOWN = 8 };
    dl_tensor *w = dl_model_param(m[LINEAR], 0);
    ex_image im[SHOWN], digits[10];
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, "%s", EX("right answers, %|parameters|training|test",
                                            "答对的比例，%|参数|训练|测试"));
    for (int k = LINEAR; k <= NET; k++)
        ex_show_row(page, quiet, false, "%s|%lld|%.2f|%.2f", k ? EX("net", "网络") : EX("line", "直线"),
                    (long long)dl_model_param_count(m[k]), 100 * on_train[k].accuracy,
                    100 * on_test[k].accuracy);
    ex_page_table(page, false);
    const dl_tensor *line = dl_model_predict_data(m[LINEAR], test);
    const dl_tensor *net = dl_model_predict_data(m[NET], test);
    const int found = line && net ? only_the_net(test, line->data, net->data, im, SHOWN) : 0;
    if (!quiet) {
        printf(EX("\nThe net reads these and the line does not (what it is, what the line "
                  "said):\n\n", "\n网络认得、直线不认得的数字（是几，直线说成了几）：\n\n"));
        ex_draw(im, found, 0, 1);
    }
    ex_page_text(page, 2, EX("The net reads these and the line does not", "网络认得、直线不认得的数字"));
    ex_page_figure(page, "00-only-the-net", EX("Digits that only the net reads, with what they are "
                                               "and what the linear model said",
                                               "只有网络认得的数字：是几，线性模型说成了几"));
    ex_page_images(page, im, found, 0, 1, 4);
    for (int c = 0; c < 10; c++) {
        const char digit[2] = {(char)('0' + c), 0};
        digits[c] = ex_image_of(w->data + 784 * c, 28, 28, digit);
    }
    ex_page_text(page, 2, EX("All that the line knows: one picture a digit", "直线知道的全部：每个数字一张图"));
    ex_page_text(page, 0, EX("Ink on dark pixels speaks for the digit, on light ones against it. "
                             "One template must fit every way to write a digit.",
                             "深色处有墨，加分；浅色处有墨，减分。一张模板要配所有的写法。"));
    ex_page_figure(page, "00-templates", EX("The ten rows of the linear model's weights as "
                                            "pictures", "线性模型的十行权重，画成图"));
    ex_page_images(page, digits, 10, -0.15, 0.15, 4);
    ex_show_now_you(page, quiet,
                    EX("--hidden 1 leaves a single unit in between. Better or worse than the line?",
                       "--hidden 1 只留一个隐藏单元。比直线好还是差？"),
                    EX("Worse: all that the output layer gets is one number, from which it can "
                       "tell a few digits at best.",
                       "差：输出层只得到一个数，靠它最多分得清几个数字。"));
}
