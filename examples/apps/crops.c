/* crops - which disease does this soybean plant have? 683 plants from fields in Illinois, 19 diseases,
   35 answers each: month, weather, spots on the leaves, cankers on the stem... many of them missing.
   A farmer who knows one answer can guess a little; a net looks at all of them together.

       gcc -O2 examples/apps/crops.c -o crops -lm && ./crops

   Five nets, each tried on the fifth of the plants that it has not seen. With six seeds 92.2 to 94.6 %
   are right, by one question 36 to 39 %. Data: data/README.md.
   @F S1-6: agriculture   @F S2-9.2: the quality of data */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { FOLDS = 5, MOST = 1000, CLASSES = 19, TOP = 3 };

typedef struct counts { int n, commonest, one, right, top; } counts;

/* The best that one column can do: in training, note the commonest disease for each of its answers;
   say that. Which column: the one with most right answers in training. Right answers on hold. */
static int one_column(const dl_table *learn, const int32_t *label, const dl_table *hold,
                      const int32_t *truth) {
    int best = -1, right = 0;
    for (int c = 0; c + 1 < dl_table_column_count(learn); c++) {
        const dl_column *k = dl_table_column(learn, c);
        int found = 0, hits = 0, say[16];
        for (int v = 0; v <= k->categories && v < 16; v++) {          /* the last: missing */
            const char *want = v < k->categories ? k->category[v] : NULL;
            int count[CLASSES] = {0};
            for (int pass = 0; pass < 2; pass++) {
                const dl_table *t = pass ? hold : learn;
                for (dl_int i = 0; i < dl_table_row_count(t); i++) {
                    const char *text = dl_table_text(t, i, c);
                    if (want ? !text || strcmp(text, want) != 0 : text != NULL) continue;
                    if (pass) hits += truth[i] == say[v];
                    else count[label[i]]++;
                }
                for (int d = say[v] = 0; !pass && d < CLASSES; d++)
                    if (count[d] > count[say[v]]) say[v] = d;
                if (!pass) found += count[say[v]];
            }
        }
        if (found > best) best = found, right = hits;
    }
    return right;
}

/* Fold f: learn from the others, count what is right in it. said[i] gets the net's disease. */
static bool fold(const dl_table *all, int f, const int32_t *order, const ex_options *o, counts *c,
                 int32_t *said, int32_t *truth, double *seconds, int64_t *parameters) {
    const int n = (int)dl_table_row_count(all);
    int32_t learn[MOST], hold[MOST];
    int learns = 0, holds = 0, count[CLASSES] = {0}, common = 0;
    for (int i = 0; i < n; i++)
        if (i % FOLDS == f) hold[holds++] = order[i];
        else learn[learns++] = order[i];
    dl_table *rows = dl_table_pick(all, learn, learns), *others = dl_table_pick(all, hold, holds);
    dl_encoder *e = dl_encoder_new(rows, NULL);
    dl_data *train = dl_encoder_data(e, rows), *test = dl_encoder_data(e, others);
    dl_model *net = dl_model_new(dl_data_ctx(train), dl_data_shape(train));
    dl_model_add_dense(net, 32, DL_RELU);
    dl_model_add_dropout(net, 0.3);
    dl_model_add_dense(net, CLASSES, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adamw(0.005));
    dl_fit fit = dl_fit_default();
    fit.epochs = o->epochs, fit.batch_size = o->batch, fit.verbose = 0;
    dl_model_fit(net, train, &fit);
    dl_tensor *y = dl_model_predict_data(net, test);
    if (!y) return false;
    for (int i = 0; i < learns; i++) count[dl_data_labels(train)[i]]++;
    for (int d = 0; d < CLASSES; d++) common = count[d] > count[common] ? d : common;
    c->one += one_column(rows, dl_data_labels(train), others, dl_data_labels(test));
    for (int i = 0; i < holds; i++) {
        const int32_t t = dl_data_labels(test)[i];
        const dl_real *p = y->data + i * CLASSES;
        int before = 0;
        for (int d = 0; d < CLASSES; d++) before += p[d] > p[t];
        truth[hold[i]] = t;
        said[hold[i]] = (int32_t)ex_argmax(p, CLASSES);
        c->n++, c->commonest += t == common, c->right += before == 0, c->top += before < TOP;
    }
    *seconds += ex_fit_seconds(net), *parameters = dl_model_param_count(net);
    dl_model_free(net);
    dl_tape_clear(dl_data_ctx(train));
    return true;
}

int main(int argc, char **argv) {
    static int32_t said[MOST], truth[MOST];
    const char *path = "data/soybean/soybean.csv";
    int32_t order[MOST];
    counts c = {0, 0, 0, 0, 0};
    double seconds = 0;
    int64_t parameters = 0;
    ex_option extra[1] = {{"table", EX_TEXT, NULL, 0, 0, EX("the table", "表格文件")}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 40;
    extra[0].value = &path;
    ex_parse(&o, argc, argv, EX("which disease does this soybean plant have? 2 seconds",
                                "这株大豆得了什么病？2 秒"),
             "epochs batch seed threads quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_table *all = dl_table_load(dl, path, NULL);
    const dl_column *disease = dl_table_column(all, dl_table_find(all, "class"));
    const int n = (int)dl_table_row_count(all);
    if (all && (n > MOST || n < FOLDS || !disease || disease->categories != CLASSES))
        dl_fail(dl, DL_ERR_FORMAT, "%s: needs a column 'class' with %d diseases, and %d to %d rows",
                path, CLASSES, FOLDS, MOST);
    if (dl_error(dl)) return ex_end(dl, &o);
    dl_rng deal = dl_rng_new((uint64_t)o.seed, 1);
    dl_rng_permutation(&deal, order, n);
    for (int f = 0; f < FOLDS && dl_error(dl) == DL_OK; f++)
        if (!fold(all, f, order, &o, &c, said, truth, &seconds, &parameters)) break;
    dl_report *r = dl_report_new(dl, said, truth, c.n, CLASSES);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) {
        printf(EX("%d plants, each judged by a net that has not seen it:\n\n",
                  "%d 株植物，每一株都由没有见过它的网络来判断：\n\n"), n);
        printf("%7.1f %%  %s\n", 100.0 * c.commonest / n,
               EX("always the commonest disease", "总说最常见的病"));
        printf("%7.1f %%  %s\n", 100.0 * c.one / n,
               EX("the best single question", "只问最有用的一个问题"));
        printf("%7.1f %%  %s\n", 100.0 * c.right / n, EX("the net", "网络"));
        printf("%7.1f %%  %s\n\n", 100.0 * c.top / n,
               EX("the net, its three likeliest", "网络，最可能的三种之内"));
        ex_pad(EX("disease", "病"), 30, false);
        printf("%s\n", EX("plants  found  right when said", "株数  找到  说它时说对"));
        for (int d = 0; d < CLASSES; d++)
            printf("%-30s%6lld%7.2f%16.2f\n", disease->category[d], (long long)r->score[d].support,
                   r->score[d].recall, r->score[d].precision);
        printf("\n%s", EX("Now you: ", "轮到你："));
        ex_print_wrapped(EX("which of the diseases are mixed up, and do they look alike in the field? "
                            "Print r->confusion.",
                            "哪些病会被弄混，它们在田里看起来相像吗？打印 r->confusion。"));
        printf("\n");
    }
    ex_result("test_accuracy=%.4f naive=%.4f one_question=%.4f top3=%.4f plants=%d seconds=%.2f "
              "parameters=%lld", (double)c.right / n, (double)c.commonest / n, (double)c.one / n,
              (double)c.top / n, n, seconds, (long long)parameters);
    return ex_end(dl, &o);
}
