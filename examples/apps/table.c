/* table - learn any column of any CSV file from the others: numbers by regression, texts as
   classes. What is in each column, a small net, which columns it looks at, and what it is worth on
   rows it has not seen, beside the answer that anyone could give without it.

       gcc -O2 examples/apps/table.c -o table -lm
       ./table data/iris/iris.csv --target species --save iris.model
       ./table new.csv --predict iris.model

   Breast cancer's first line is none of the table:
       ./table data/breast-cancer/breast_cancer.csv --skip 1
   @F S2-9.2: training, validation, test   @F S4-9.3: precision, recall, F1                      */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { LIST = 64, ROUNDS = 10, BARS = 12 };

/* A net for the columns as numbers, trained until rows of its own (check) say that it is enough. */
static dl_model *train(const ex_options *o, const dl_data *learn, const dl_data *check) {
    dl_model *m = dl_model_new(dl_data_ctx(learn), dl_data_shape(learn));
    const int classes = dl_data_classes(learn);
    dl_model_add_standardize(m, learn);
    dl_model_add_dense(m, 32, DL_RELU);
    dl_model_add_dense(m, 32, DL_RELU);
    if (classes) dl_model_add_dense(m, classes, DL_SOFTMAX);
    else {
        dl_model_add_dense(m, 1, DL_LINEAR);
        dl_model_add_unstandardize(m, learn);
    }
    if (classes == 2) dl_model_add_metric(m, DL_AUC);
    dl_model_compile(m, classes ? DL_SPARSE_CATEGORICAL_CROSSENTROPY : DL_MSE, dl_adamw(0.003));
    dl_fit fit = ex_fit(o);
    fit.validation = check;
    fit.early_stopping = true;
    fit.patience = 30;
    return dl_model_fit(m, learn, &fit) ? m : NULL;
}

/* New rows: a line for each, where it stands in the file, the answer and its probability. */
static void predict(dl_ctx *dl, const dl_table *t, const char *path) {
    dl_model *m = dl_model_load(dl, path);
    const dl_encoder *e = dl_model_encoder(m);
    if (m && !e) dl_fail(dl, DL_ERR_STATE, "%s was not saved by this program", path);
    dl_tensor *y = dl_model_predict_data(m, dl_encoder_data(e, t));
    const int C = y ? (int)y->shape.dim[1] : 0;
    for (dl_int i = 0; y && i < y->shape.dim[0]; i++) {
        const dl_real *row = y->data + i * C;
        const int best = ex_argmax(row, C);
        if (C == 1) printf("%ld\t%.6g\n", (long)dl_table_line(t, i), (double)row[0]);
        else printf("%ld\t%s\t%.4f\n", (long)dl_table_line(t, i), dl_model_class_name(m, best),
                    (double)row[best]);
    }
}

static void look(ex_page *p, bool quiet, const dl_table *t, const char *target);
static void show(ex_page *p, bool quiet, dl_model *m, const dl_encoder *e, dl_data *const *d);

int main(int argc, char **argv) {
    const char *path = "data/iris/iris.csv", *target = NULL, *drop = NULL, *text = NULL;
    const char *model = NULL, *dropped[LIST] = {NULL}, *texts[LIST] = {NULL};
    int skip = 0;
    bool comma = false;
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[] = {
        {"target", EX_WORDS, &target, 0, 0, EX("the column to learn: the last", "要学的列：末列")},
        {"drop", EX_WORDS, &drop, 0, 0, EX("columns to leave out: id,name", "略去的列：id,name")},
        {"text", EX_WORDS, &text, 0, 0, EX("numbers that are classes", "其实是类别的数字列")},
        {"comma", EX_FLAG, &comma, 0, 0, EX("numbers are written 3,14", "小数写作 3,14")},
        {"skip", EX_INT, &skip, 0, 1000, EX("lines before the table", "表前面的行数")},
        {"predict", EX_TEXT, &model, 0, 0, EX("answer the rows by this model", "用这个模型回答")}};
    o.epochs = 300;
    o.words = "TABLE.csv";
    o.words_most = 1;
    o.word = &path;
    ex_parse(&o, argc, argv, EX("learn a column of a CSV file", "学习 CSV 文件的一列"),
             "epochs batch seed threads html save quiet", extra, 6);
    dl_ctx *dl = ex_begin(&o);
    dl_csv csv = dl_csv_default();
    csv.skip = skip;
    csv.decimal = comma ? ',' : '.';
    dl_table *all = dl_table_load(dl, path, &csv), *rest, *t[3];
    if (all && model) predict(dl, all, model);
    if (!all || model) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    if (!target) target = dl_table_column(all, dl_table_column_count(all) - 1)->name;
    look(&page, o.quiet, all, target);
    ex_list_useless(dropped, LIST, all, target);
    ex_list_add(dropped, LIST, drop);
    ex_list_add(texts, LIST, text);
    dl_encoding how = dl_encoding_default();
    how.target = target;
    how.drop = dropped;
    how.text = texts;
    all = dl_table_present(all, target);
    const dl_coder *goal = dl_encoder_target(dl_encoder_new(all, &how));
    if (!goal) return ex_end(dl, &o);
    dl_folds folds = dl_folds_default();
    folds.seed = (uint64_t)o.seed;
    const char *by = goal->kind == DL_COLUMN_TEXT ? target : NULL;
    if (!dl_table_split(all, 0.2, by, &folds, &rest, &t[2]) ||
        !dl_table_split(rest, 0.2, by, &folds, &t[0], &t[1])) return ex_end(dl, &o);
    dl_encoder *e = dl_encoder_new(t[0], &how);
    dl_data *d[3];                                       /* to learn from, to watch, to test */
    for (int i = 0; i < 3; i++) d[i] = dl_encoder_data(e, t[i]);
    dl_model *m = train(&o, d[0], d[1]);
    if (!m) return ex_end(dl, &o);
    show(&page, o.quiet, m, e, d);
    ex_page_close(&page, true);
    if (o.save && dl_model_set_encoder(m, e)) dl_model_save(m, o.save);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* What is in each column. One of many texts may be of numbers written with commas. */
static void look(ex_page *p, bool quiet, const dl_table *t, const char *target) {
    char text[300];
    ex_show_text(p, quiet, 2, EX("What is in the table: %ld rows", "表里有什么：%ld 行"),
                 (long)dl_table_row_count(t));
    ex_page_table(p, true);
    ex_show_row(p, quiet, true, EX("column|kind|missing|what", "列|类型|缺失|内容"));
    for (int c = 0; c < dl_table_column_count(t); c++) {
        const dl_column *k = dl_table_column(t, c);
        const bool is_target = strcmp(k->name, target) == 0;
        const bool useless = !is_target && ex_useless(k, dl_table_row_count(t));
        const bool comma = useless && k->categories &&
                           k->category[0][strspn(k->category[0], "-0123456789,")] == 0;
        ex_describe(k, text, sizeof text);
        ex_show_row(p, quiet, false, "%.24s|%s|%ld|  %s%s", k->name, dl_column_kind_name(k->kind),
                    (long)k->missing, text, is_target ? EX(" <- the target", " <- 目标")
                    : comma ? EX(": left out; if these are numbers, say --comma",
                                 "：略去；如果是数字，请加 --comma")
                    : useless ? EX(": left out", "：略去") : "");
    }
    ex_page_table(p, false);
}

/* Of classes: precision and recall of each, and what always naming the most frequent one gives. */
static void of_classes(ex_page *p, bool quiet, dl_model *m, const dl_data *learn,
                       const dl_data *hold, dl_metrics v) {
    const dl_report *r = dl_model_report(m, hold);
    const int often = ex_commonest(learn);
    if (!r) return;
    const double naive = (double)r->score[often].support / (double)r->count;
    ex_page_table(p, true);
    ex_show_row(p, quiet, true, EX("class|precision|recall|F1|rows", "类别|精确率|召回率|F1|行数"));
    for (int c = 0; c < r->classes; c++)
        ex_show_row(p, quiet, false, "%.24s|%.3f|%.3f|%.3f|%ld", dl_model_class_name(m, c),
                    r->score[c].precision, r->score[c].recall, r->score[c].f1,
                    (long)r->score[c].support);
    ex_page_table(p, false);
    ex_show_text(p, quiet, 0, EX("%.1f %% are right. Who always says \"%s\" is right in %.1f %%.",
                                 "答对 %.1f %%。若总是答“%s”，则答对 %.1f %%。"), 100 * r->accuracy,
                 dl_model_class_name(m, often), 100 * naive);
    if (r->classes == 2)
        ex_show_text(p, quiet, 0, EX("Area under the ROC %.3f.", "ROC 曲线下面积 %.3f。"),
                     v.metric[0]);
    char auc[32] = "";
    if (r->classes == 2) snprintf(auc, sizeof auc, " auc=%.4f", v.metric[0]);
    ex_result("test_accuracy=%.4f naive=%.4f balanced=%.4f matthews=%.4f%s test_loss=%.4f "
              "seconds=%.2f parameters=%lld", r->accuracy, naive, dl_balanced_accuracy(r),
              dl_matthews(r), auc, v.loss, ex_fit_seconds(m), (long long)dl_model_param_count(m));
}

/* Of numbers: errors in their own units, and those of always saying the mean of what was learned
   from. */
static void of_numbers(ex_page *p, bool quiet, dl_model *m, const dl_data *learn,
                       const dl_data *hold) {
    const dl_regression v = dl_model_regression(m, hold), naive = ex_always_mean(learn, hold);
    ex_page_table(p, true);
    ex_show_row(p, quiet, true, EX("|rms error|mean error|R2", "|均方根误差|平均误差|R2"));
    ex_show_row(p, quiet, false, EX("the net|%.5g|%.5g|%.3f", "网络|%.5g|%.5g|%.3f"), v.rmse, v.mae,
                v.r2);
    ex_show_row(p, quiet, false, EX("always the mean|%.5g|%.5g|%.3f", "总答平均值|%.5g|%.5g|%.3f"),
                naive.rmse, naive.mae, naive.r2);
    ex_page_table(p, false);
    ex_result("rmse=%.5g mae=%.5g r2=%.4f naive_rmse=%.5g seconds=%.2f parameters=%lld", v.rmse,
              v.mae, v.r2, naive.rmse, ex_fit_seconds(m), (long long)dl_model_param_count(m));
}

/* How it learned, what it looks at, what it is worth. */
static void show(ex_page *p, bool quiet, dl_model *m, const dl_encoder *e, dl_data *const *d) {
    ex_show_text(p, quiet, 2, EX("Learning from %ld rows, watching %ld, tested on %ld",
                                 "用 %ld 行学习，%ld 行监督，%ld 行测试"),
                 (long)dl_data_count(d[0]), (long)dl_data_count(d[1]), (long)dl_data_count(d[2]));
    ex_show_losses(p, quiet, m);
    ex_show_text(p, quiet, 2, EX("Which columns it looks at: %s grows by",
                                 "它看重哪些列：打乱后%s增加"), dl_data_classes(d[2])
                 ? EX("the cross-entropy", "交叉熵") : EX("the error", "误差"));
    double *worse = ex_importance(m, e, d[2], ROUNDS);
    ex_show_columns(p, quiet, e, worse, BARS);
    free(worse);
    ex_show_text(p, quiet, 2, EX("What it is worth, on rows it has not seen",
                                 "在没见过的行上表现如何"));
    if (dl_data_classes(d[2])) of_classes(p, quiet, m, d[0], d[2], dl_model_evaluate(m, d[2]));
    else of_numbers(p, quiet, m, d[0], d[2]);
}
