/* crops - which disease does this soybean plant have? 683 plants from fields in Illinois, 19
   diseases, 35 answers each: month, weather, spots on the leaves, cankers on the stem... many of
   them missing. A farmer who knows one answer can guess a little; a net looks at all of them
   together.

       gcc -O2 examples/apps/crops.c -o crops -lm && ./crops

   Five nets, each tried on the fifth of the plants that it has not seen. With six seeds 92.2 to
   94.6 % are right, by one question 36 to 39 %. Data: data/README.md.
   @F S1-6: agriculture   @F S2-9.2: the quality of data */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { PLANTS = 683, DISEASES = 19, FOLDS = 5, TOP = 3 };

/* How many are right: always the commonest disease, by one question, the net, one of its TOP. */
typedef struct counts { int commonest, one, right, top; } counts;

static dl_model *learn(const dl_data *train, const ex_options *o) {
    dl_model *net = dl_model_new(dl_data_ctx(train), dl_data_shape(train));
    dl_model_add_dense(net, 32, DL_RELU);
    dl_model_add_dropout(net, 0.3);
    dl_model_add_dense(net, DISEASES, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adamw(0.005));
    const dl_fit fit = ex_fit(o);
    dl_model_fit(net, train, &fit);
    return net;
}

/* Does p say that a disease is among the TOP likeliest? */
static bool among_top(const dl_real *p, int disease) {
    int before = 0;
    for (int d = 0; d < DISEASES; d++) before += p[d] > p[disease];
    return before < TOP;
}

static void show(const counts *c, const dl_report *r, const dl_column *disease);

int main(int argc, char **argv) {
    const char *path = "data/soybean/soybean.csv";
    int32_t row[PLANTS], said[PLANTS], truth[PLANTS];
    counts c = {0, 0, 0, 0};
    int done = 0;
    double seconds = 0;
    int64_t parameters = 0;
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {{"table", EX_TEXT, &path, 0, 0, EX("the table", "表格文件")}};
    o.epochs = 40;
    ex_parse(&o, argc, argv, EX("which disease does this soybean plant have? 2 seconds",
                                "这株大豆得了什么病？2 秒"),
             "epochs batch seed threads quiet", own, 1);
    dl_ctx *dl = ex_begin(&o);
    const dl_table *all = ex_table_classes(dl, path, PLANTS, DISEASES);
    if (!all) return ex_end(dl, &o);
    for (int f = 0; f < FOLDS; f++) {
        const int n = ex_fold(row, PLANTS, FOLDS, f, o.seed), holds = PLANTS - n;
        dl_table *rows = dl_table_pick(all, row, n), *others = dl_table_pick(all, row + n, holds);
        dl_encoder *e = dl_encoder_new(rows, NULL);
        dl_data *train = dl_encoder_data(e, rows), *test = dl_encoder_data(e, others);
        dl_model *net = learn(train, &o);
        dl_tensor *p = dl_model_predict_data(net, test);
        if (!dl_argmax_axis(said + done, p, 1)) return ex_end(dl, &o);
        const int common = ex_commonest(train);
        c.one += ex_one_column(rows, train, others, test);
        for (int i = 0; i < holds; i++) {
            truth[done] = dl_data_labels(test)[i];
            c.commonest += truth[done] == common;
            c.right += truth[done] == said[done];
            c.top += among_top(p->data + i * DISEASES, truth[done]);
            done++;
        }
        seconds += ex_fit_seconds(net);
        parameters = dl_model_param_count(net);
        dl_model_free(net);
        dl_tape_clear(dl);
    }
    const dl_report *r = dl_report_new(dl, said, truth, done, DISEASES);
    if (dl_error(dl)) return ex_end(dl, &o);
    const double share = 1 / (double)PLANTS;
    if (!o.quiet) show(&c, r, dl_table_column(all, dl_table_find(all, "class")));
    ex_result("test_accuracy=%.4f naive=%.4f one_question=%.4f top3=%.4f plants=%d seconds=%.2f "
              "parameters=%lld", c.right * share, c.commonest * share, c.one * share,
              c.top * share, PLANTS, seconds, (long long)parameters);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(const counts *c, const dl_report *r, const dl_column *disease) {
    const double share = 1 / (double)PLANTS;
    printf(EX("%d plants, each judged by a net that has not seen it:\n\n",
              "%d 株植物，每一株都由没有见过它的网络来判断：\n\n"), PLANTS);
    ex_print_share(c->commonest * share, EX("always the commonest disease", "总说最常见的病"));
    ex_print_share(c->one * share, EX("the best single question", "只问最有用的一个问题"));
    ex_print_share(c->right * share, EX("the net", "网络"));
    ex_print_share(c->top * share, EX("the net, its three likeliest", "网络，最可能的三种之内"));
    printf("\n");
    ex_pad(EX("disease", "病"), 30, false);
    ex_pad(EX("plants", "株数"), 6, true);
    ex_pad(EX("found", "找到"), 7, true);
    ex_pad(EX("right when said", "说它时说对"), 17, true);
    printf("\n");
    for (int d = 0; d < DISEASES; d++)
        printf("%-30s%6lld%7.2f%17.2f\n", disease->category[d], (long long)r->score[d].support,
               r->score[d].recall, r->score[d].precision);
    ex_print_now_you(EX("which of the diseases are mixed up, and do they look alike in the "
                        "field? Print r->confusion.",
                        "哪些病会被弄混，它们在田里看起来相像吗？打印 r->confusion。"));
    printf("\n");
}
