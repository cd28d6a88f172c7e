/* diagnosis - is a breast tumour malignant? 30 measurements of cell nuclei of 569 patients, a small
   net, and the numbers that matter here: recall (of the malignant ones, how many were found) before
   accuracy, because what is overlooked is worse than what is looked at again. So the net need not
   be 50 % sure to raise an alarm: a lower threshold finds more, and frightens more for nothing.

       gcc -O2 examples/apps/diagnosis.c -o diagnosis -lm && ./diagnosis

   A lesson in method, no medical device. Data: data/README.md.
   @F S2-6 S1-6: medicine   @F S4-9.3: recall = TP / (TP + FN), precision = TP / (TP + FP), F1  */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { PATIENTS = 569, FEATURES = 30, TEST = 143, TRAIN = PATIENTS - TEST };

/* The rows of the table in random order. Labels: 0 malignant, 1 benign. */
static bool load(dl_ctx *dl, const char *path, dl_real *x, int32_t *label) {
    int32_t order[PATIENTS];
    FILE *f = fopen(path, "r");
    int n = 0, c = 0;
    if (!f) return dl_fail(dl, DL_ERR_FILE, "%s: no such file; say --table FILE", path);
    dl_rng_permutation(dl_ctx_rng(dl), order, PATIENTS);
    c = fscanf(f, "569,30,malignant,benign") == 0 ? FEATURES : 0;
    for (; n < PATIENTS && c == FEATURES; n++) {
        double v = -1;
        for (c = 0; c < FEATURES && fscanf(f, "%lf,", &v) == 1 && fabs(v) < 1e6; c++)
            x[order[n] * FEATURES + c] = (dl_real)v;
        if (c == FEATURES && (fscanf(f, "%lf", &v) != 1 || (v != 0 && v != 1))) c = 0;
        label[order[n]] = v > 0;
    }
    const bool ended = feof(f) != 0, failed = ferror(f) != 0;
    fclose(f);
    if (c == FEATURES) return true;
    if (failed) return dl_fail(dl, DL_ERR_FILE, "%s cannot be read; is it a directory?", path);
    if (ended) return dl_fail(dl, DL_ERR_FORMAT, "%s: the file ends in row %d of %d", path, n,
                              PATIENTS);
    return dl_fail(dl, DL_ERR_FORMAT, "%s: row %d is damaged: it needs %d numbers, then 0 or 1",
                   path, n, FEATURES);
}

/* Call malignant what is so with a probability above a threshold: what does each one find? */
static void thresholds(dl_model *net, const dl_data *test) {
    static const double above[4] = {0.5, 0.2, 0.05, 0.01};
    dl_real p[2 * TEST];
    int32_t called[TEST];
    if (!ex_predict(net, test, p)) return;
    printf("\nmalignant if p >   recall   precision   overlooked   false alarms\n");
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < TEST; i++) called[i] = (double)p[2 * i] > above[k] ? 0 : 1;
        dl_report *r = dl_report_new(dl_data_ctx(test), called, dl_data_labels(test), TEST, 2);
        if (r) printf("%14.2f %8.2f %11.2f %12lld %14lld\n", above[k], r->score[0].recall,
                      r->score[0].precision, (long long)r->confusion[1],
                      (long long)r->confusion[2]);
        dl_report_free(r);
    }
    printf("\nWhich one is right is no question of mathematics; and it would have to be chosen on\n"
           "patients of its own, not on these.\n\nNow you: --seed 3 draws other patients. How far "
           "can one trust a number from %d of them?\n\n", TEST);
}

int main(int argc, char **argv) {
    static dl_real x[PATIENTS * FEATURES];
    static int32_t label[PATIENTS];
    static const char *const names[2] = {"malignant", "benign"};
    const char *path = "data/breast-cancer/breast_cancer.csv";
    ex_option extra[1] = {{"table", EX_TEXT, NULL, 0, 0, "the table"}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 40;
    extra[0].value = &path;
    ex_parse(&o, argc, argv, "malignant or benign?", "epochs batch seed threads quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    if (!load(dl, path, x, label)) return ex_end(dl, &o);
    for (dl_real *c = x; c < x + FEATURES; c++) {  /* (x - mean) / deviation, of TRAINING rows */
        double mean = 0, var = 0;
        for (int i = 0; i < TRAIN; i++) mean += (double)c[i * FEATURES] / TRAIN;
        for (int i = 0; i < TRAIN; i++) var += pow((double)c[i * FEATURES] - mean, 2) / TRAIN;
        for (int i = 0; i < PATIENTS; i++)
            c[i * FEATURES] = (dl_real)(((double)c[i * FEATURES] - mean) / sqrt(var));
    }
    dl_data *all = dl_data_borrow_arrays(dl, x, PATIENTS, dl_shape1(FEATURES), label, 2);
    dl_data *train = dl_data_take(all, 0, TRAIN), *test = dl_data_take(all, TRAIN, TEST);
    dl_model *net = dl_model_new(dl, dl_shape1(FEATURES));
    dl_model_add_dense(net, 16, DL_RELU);
    dl_model_add_dense(net, 2, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adamw(0.003));
    dl_fit fit = dl_fit_default();
    fit.epochs = o.epochs, fit.batch_size = o.batch, fit.verbose = 0;
    dl_model_fit(net, train, &fit);
    dl_metrics m = dl_model_evaluate(net, test);
    dl_report *r = dl_model_report(net, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) printf("%d patients to learn from; the other %d:\n\n", TRAIN, TEST);
    if (!o.quiet) dl_report_print(r, names), thresholds(net, test);
    ex_result("test_accuracy=%.4f test_loss=%.4f recall=%.4f precision=%.4f f1=%.4f seconds=%.2f "
              "parameters=%lld", m.accuracy, m.loss, r->score[0].recall, r->score[0].precision,
              r->score[0].f1, ex_fit_seconds(net), (long long)dl_model_param_count(net));
    return ex_end(dl, &o);
}
