/* diagnosis - is a breast tumour malignant? 30 measurements of cell nuclei of 569 patients, a small
   net, and the numbers that matter here: recall (of the malignant ones, how many were found) before
   accuracy, because what is overlooked is worse than what is looked at again. So the net need not
   be 50 % sure to raise an alarm: a lower threshold finds more, and frightens more for nothing.

       gcc -O2 examples/apps/diagnosis.c -o diagnosis -lm && ./diagnosis

   A lesson in method, no medical device. Data: data/README.md.
   @F S2-6 S1-6: medicine   @F S4-9.3: recall = TP / (TP + FN), precision = TP / (TP + FP), F1  */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { PATIENTS = 569, MALIGNANT = 0 };

/* The table: 30 numbers and 0 (malignant) or 1 in each row; the first line is none of it. */
static dl_table *load(dl_ctx *dl, const char *path) {
    dl_csv how = dl_csv_default();
    how.skip = 1;
    how.header = 0;
    return ex_table_read(dl, path, "table FILE", PATIENTS, &how);
}

static dl_model *learn(const dl_data *train, const ex_options *o) {
    dl_model *net = dl_model_new(dl_data_ctx(train), dl_data_shape(train));
    dl_model_add_standardize(net, train);          /* (x - mean) / deviation, of TRAINING rows */
    dl_model_add_dense(net, 16, DL_RELU);
    dl_model_add_dense(net, 2, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adamw(0.003));
    const dl_fit fit = ex_fit(o);
    dl_model_fit(net, train, &fit);
    return net;
}

/* What is found by calling malignant what is so with a probability above a threshold. */
static dl_report *report_above(double threshold, const dl_tensor *p, const dl_data *test) {
    const int n = (int)dl_data_count(test);
    int32_t called[PATIENTS];
    for (int i = 0; i < n; i++)
        called[i] = (double)p->data[2 * i + MALIGNANT] > threshold ? MALIGNANT : 1;
    return dl_report_new(dl_data_ctx(test), called, dl_data_labels(test), n, 2);
}

static const double thresholds[4] = {0.5, 0.2, 0.05, 0.01};
static void show(int learned, int tested, const dl_report *r, dl_report *const *above);

int main(int argc, char **argv) {
    const char *path = "data/breast-cancer/breast_cancer.csv";
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {{"table", EX_TEXT, &path, 0, 0, EX("the table", "表格文件")}};
    o.epochs = 40;
    ex_parse(&o, argc, argv, EX("malignant or benign? A second", "恶性还是良性？1 秒"),
             "epochs batch seed threads quiet", own, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_folds folds = dl_folds_default();
    folds.seed = (uint64_t)o.seed;
    dl_table *all = load(dl, path), *rows, *others;
    if (!all || !dl_table_split(all, 0.25, NULL, &folds, &rows, &others)) return ex_end(dl, &o);
    const dl_encoder *e = dl_encoder_new(rows, NULL);
    const dl_data *train = dl_encoder_data(e, rows), *test = dl_encoder_data(e, others);
    dl_model *net = learn(train, &o);
    const dl_metrics m = dl_model_evaluate(net, test);
    const dl_report *r = dl_model_report(net, test);
    const dl_tensor *p = dl_model_predict_data(net, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    dl_report *above[4];
    for (int k = 0; k < 4; k++) above[k] = report_above(thresholds[k], p, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) show((int)dl_data_count(train), (int)dl_data_count(test), r, above);
    ex_result("test_accuracy=%.4f test_loss=%.4f recall=%.4f precision=%.4f f1=%.4f seconds=%.2f "
              "parameters=%lld", m.accuracy, m.loss, r->score[MALIGNANT].recall,
              r->score[MALIGNANT].precision, r->score[MALIGNANT].f1, ex_fit_seconds(net),
              (long long)dl_model_param_count(net));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(int learned, int tested, const dl_report *r, dl_report *const *above) {
    static const char *const names[2] = {"malignant", "benign"};
    printf(EX("%d patients to learn from; the other %d:\n\n",
              "从 %d 位病人学习；另外 %d 位：\n\n"), learned, tested);
    dl_report_print(r, names);
    printf("%s", EX("\nmalignant if p >   recall   precision   overlooked   false alarms\n",
                    "\np 高于此数判恶性   召回率     精确率         漏掉         虚惊\n"));
    for (int k = 0; k < 4; k++)
        printf("%14.2f %8.2f %11.2f %12lld %14lld\n", thresholds[k],
               above[k]->score[MALIGNANT].recall, above[k]->score[MALIGNANT].precision,
               (long long)above[k]->confusion[1], (long long)above[k]->confusion[2]);
    printf("\n");
    ex_print_wrapped(EX("Which one is right is no question of mathematics; and it would have to be "
                        "chosen on patients of its own, not on these.",
                        "哪一个阈值对，不是数学问题；而且应当用另外的病人来选，不能用这些。"));
    ex_print_now_you(EX("--seed 3 draws other patients. How far can one trust a number from so "
                        "few?", "--seed 3 会抽到别的病人。这么少的人得出的数，能信到什么程度？"));
    printf("\n");
}
