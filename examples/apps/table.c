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
#include "../example.h"

enum { LIST = 64, ROUNDS = 10, BARS = 12 };

/* A net for the features of e, trained until rows of its own (check) say that it is enough. */
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

/* Behind main: lists, and what is shown. */
static void split_list(const char *text, const char *const *more, const char **list);
static void look(ex_page *p, bool quiet, const dl_table *t, const char *target, const char **out);
static void importance(ex_page *p, bool quiet, dl_model *m, const dl_encoder *e, const dl_data *d);
static void curves(ex_page *p, bool quiet, const dl_model *m);
static void of_classes(ex_page *p, bool quiet, dl_model *m, const dl_data *learn,
                       const dl_data *hold, dl_metrics v);
static void of_numbers(ex_page *p, bool quiet, dl_model *m, const dl_data *learn,
                       const dl_data *hold);

int main(int argc, char **argv) {
    const char *path = "data/iris/iris.csv", *target = NULL, *drop = NULL, *text = NULL;
    const char *model = NULL, *out[LIST], *dropped[LIST], *texts[LIST];
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
    look(&page, o.quiet, all, target, out);
    split_list(drop, out, dropped);
    split_list(text, NULL, texts);
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
    dl_data *d[3];
    for (int i = 0; i < 3; i++) d[i] = dl_encoder_data(e, t[i]);
    ex_show_text(&page, o.quiet, 2, EX("Learning from %ld rows, watching %ld, tested on %ld",
                                       "用 %ld 行学习，%ld 行监督，%ld 行测试"),
                 (long)dl_data_count(d[0]), (long)dl_data_count(d[1]), (long)dl_data_count(d[2]));
    dl_model *m = train(&o, d[0], d[1]);
    if (!m) return ex_end(dl, &o);
    curves(&page, o.quiet, m);
    importance(&page, o.quiet, m, e, d[2]);
    ex_show_text(&page, o.quiet, 2, EX("What it is worth, on rows it has not seen",
                                       "在没见过的行上表现如何"));
    if (by) of_classes(&page, o.quiet, m, d[0], d[2], dl_model_evaluate(m, d[2]));
    else of_numbers(&page, o.quiet, m, d[0], d[2]);
    ex_page_close(&page, true);
    if (o.save && dl_model_set_encoder(m, e)) dl_model_save(m, o.save);
    return ex_end(dl, &o);
}

/* "a,b" as a list that ends with NULL. */
static void split_list(const char *text, const char *const *more, const char **list) {
    static char copy[2][2000];
    static int used;
    int n = 0;
    for (; more && *more && n < LIST - 1; more++) list[n++] = *more;
    snprintf(copy[used], sizeof copy[used], "%s", text ? text : "");
    for (char *at = strtok(copy[used++], ","); at && n < LIST - 1; at = strtok(NULL, ","))
        list[n++] = at;
    list[n] = NULL;
}

/* What is in a column, in a few words. */
static void describe(const dl_column *k, char *text, size_t size) {
    int n = 0;
    text[0] = 0;
    if (k->kind == DL_COLUMN_NUMBER || k->kind == DL_COLUMN_DATE)
        snprintf(text, size, EX("%.6g to %.6g, median %.6g", "%.6g 到 %.6g，中位数 %.6g"), k->low,
                 k->high, k->median);
    if (k->categories > 5)
        snprintf(text, size, EX("%d texts, such as %.40s", "%d 种文字，例如 %.40s"), k->categories,
                 k->category[0]);
    for (int i = 0; i < k->categories && k->categories <= 5; i++)
        n += snprintf(text + n, size - (size_t)n, "%s%.20s %ld", i ? ", " : "", k->category[i],
                      (long)k->category_count[i]);
}

/* Does a column count the rows? */
static bool counts(const dl_column *k, dl_int rows) {
    return k->kind == DL_COLUMN_NUMBER && k->missing == 0 && k->mean == k->median &&
           k->high - k->low + 1 == (double)rows && rows > 20;
}

/* Show all columns; those that count the rows, or of texts that hardly two rows share, go to out:
   nothing can be learned from them. */
static void look(ex_page *p, bool quiet, const dl_table *t, const char *target, const char **out) {
    char text[300];
    int left = 0;
    ex_show_text(p, quiet, 2, EX("What is in the table: %ld rows", "表里有什么：%ld 行"),
                 (long)dl_table_row_count(t));
    ex_page_table(p, true);
    ex_show_row(p, quiet, true, EX("column|kind|missing|what", "列|类型|缺失|内容"));
    for (int c = 0; c < dl_table_column_count(t); c++) {
        const dl_column *k = dl_table_column(t, c);
        const bool is_target = strcmp(k->name, target) == 0;
        const bool many = (k->categories > dl_encoding_default().max_categories ||
                           counts(k, dl_table_row_count(t))) && !is_target;
        const bool comma = many && k->categories && strspn(k->category[0], "-0123456789,") ==
                                                    strlen(k->category[0]);
        if (many && left < LIST / 2) out[left++] = k->name;
        describe(k, text, sizeof text);
        ex_show_row(p, quiet, false, "%.24s|%s|%ld|  %s%s", k->name, dl_column_kind_name(k->kind),
                    (long)k->missing, text, is_target ? EX(" <- the target", " <- 目标")
                    : comma ? EX(": left out; if these are numbers, say --comma",
                                 "：略去；如果是数字，请加 --comma")
                    : many ? EX(": left out", "：略去") : "");
    }
    out[left] = NULL;
    ex_page_table(p, false);
}

/* A name, a bar as long as part (0 to 1) says, a number: line k of a list. */
static void bar(ex_page *p, bool quiet, const char *name, double value, double part, int k) {
    char text[32];
    const double x = part > 0 ? part : 0, y = 12 + 26 * k;
    if (!quiet) {
        ex_pad(name, 22, false);
        for (int i = 0; i < 40; i++) printf("%s", x > (i + 0.5) / 40 ? "\xe2\x96\x88" : " ");
        printf(" %.4g\n", value);
    }
    if (!p->f) return;
    snprintf(text, sizeof text, "%.4g", value);
    ex_svg_text(p, 170, y + 12, "end", 14, "", name);
    fprintf(p->f, "<rect x=\"178\" y=\"%.0f\" width=\"%.1f\" height=\"16\" "
            "fill=\"#0072B2\"/>\n", y, 1 + 380 * x);
    ex_svg_text(p, 186 + 380 * x, y + 13, "start", 14, "", text);
}

/* How much worse does the net become when a column's values are dealt out anew among the rows? (The
   root mean squared error; of classes the cross-entropy.) Ten times for each. */
static void importance(ex_page *p, bool quiet, dl_model *m, const dl_encoder *e, const dl_data *d) {
    const int D = dl_encoder_feature_count(e), columns = dl_encoder_column_count(e);
    const dl_int n = dl_data_count(d);
    const bool classes = dl_data_classes(d) > 0;
    dl_real *x = (dl_real *)malloc((size_t)(n * D) * sizeof *x);
    int32_t *order = (int32_t *)malloc((size_t)n * sizeof *order);
    double *worse = (double *)malloc((size_t)columns * sizeof *worse), most = 1e-12;
    const double base = dl_model_evaluate(m, d).loss;
    dl_loader *loader = dl_loader_new(d, n, false);
    dl_batch all;
    const bool ok = x && order && worse && dl_loader_next(loader, &all);
    dl_rng r = dl_rng_new(1, 0);
    for (int c = 0; ok && c < columns; c++) {
        const dl_coder *k = dl_encoder_column(e, c);
        worse[c] = 0;
        for (int round = 0; round < ROUNDS; round++) {
            memcpy(x, all.x->data, (size_t)(n * D) * sizeof *x);
            dl_rng_permutation(&r, order, n);
            for (dl_int i = 0; i < n; i++)
                memcpy(x + i * D + k->first, all.x->data + order[i] * D + k->first,
                       (size_t)k->count * sizeof *x);
            dl_data *mixed = classes
                ? dl_data_borrow_arrays(dl_data_ctx(d), x, n, dl_shape1(D), dl_data_labels(d),
                                        dl_data_classes(d))
                : dl_data_borrow_targets(dl_data_ctx(d), x, n, dl_shape1(D), dl_data_targets(d),
                                         dl_shape1(1));
            const double loss = dl_model_evaluate(m, mixed).loss;
            worse[c] += (classes ? loss - base : sqrt(loss) - sqrt(base)) / ROUNDS;
            dl_data_free(mixed);
        }
        most = fmax(most, worse[c]);
    }
    ex_show_text(p, quiet, 2, EX("Which columns it looks at: %s grows by",
                                 "它看重哪些列：打乱后%s增加"),
                 classes ? EX("the cross-entropy", "交叉熵") : EX("the error", "误差"));
    const int bars = columns < BARS ? columns : BARS;
    if (p->f) ex_svg_begin(p, 640, 12 + 26 * bars);
    for (int shown = 0; ok && shown < bars; shown++) {
        int best = 0;
        for (int c = 1; c < columns; c++)
            if (worse[c] > worse[best]) best = c;
        bar(p, quiet, dl_encoder_column(e, best)->name, worse[best], worse[best] / most, shown);
        worse[best] = -INFINITY;
    }
    if (p->f) fputs("</svg>\n", p->f);
    dl_loader_free(loader);
    free(x);
    free(order);
    free(worse);
}

/* The loss after each epoch. */
static void curves(ex_page *p, bool quiet, const dl_model *m) {
    const ex_axes axes = {EX("Loss after each epoch", "每轮之后的损失"), EX("epoch", "轮"),
                          EX("loss", "损失"), 0, 0, 0, 0, true};
    ex_curve c[2] = {{EX("training", "训练"), NULL, NULL, 0},
                     {EX("validation", "验证"), NULL, NULL, 0}};
    const dl_epoch *e = dl_model_history(m, &c[0].n);
    double *y = (double *)malloc(2 * (size_t)(c[0].n + 1) * sizeof *y);
    if (!y) return;
    for (int i = 0; i < c[0].n; i++) {
        y[i] = e[i].loss;
        y[c[0].n + i] = e[i].val_loss;
    }
    c[0].y = y;
    c[1].y = y + c[0].n;
    c[1].n = c[0].n;
    if (!quiet) ex_draw_plot(axes, c, 2);
    ex_page_plot(p, axes, c, 2);
    free(y);
}

/* Of classes: precision and recall of each, and what always naming the most frequent one gives. */
static void of_classes(ex_page *p, bool quiet, dl_model *m, const dl_data *learn,
                       const dl_data *hold, dl_metrics v) {
    dl_report *r = dl_model_report(m, hold), *of = dl_model_report(m, learn);
    int often = 0;
    if (!r || !of) return;
    for (int c = 1; c < r->classes; c++)
        if (of->score[c].support > of->score[often].support) often = c;
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
    const dl_int n = dl_data_count(hold);
    const dl_real *t = dl_data_targets(learn);
    dl_real *guess = (dl_real *)malloc((size_t)n * sizeof *guess);
    double mean = 0;
    if (!guess || !t) return;
    for (dl_int i = 0; i < dl_data_count(learn); i++) mean += (double)t[i];
    for (dl_int i = 0; i < n; i++) guess[i] = (dl_real)(mean / (double)dl_data_count(learn));
    const dl_regression v = dl_model_regression(m, hold);
    const dl_regression naive = dl_regression_of(guess, dl_data_targets(hold), n, 1);
    ex_page_table(p, true);
    ex_show_row(p, quiet, true, EX("|rms error|mean error|R2", "|均方根误差|平均误差|R2"));
    ex_show_row(p, quiet, false, EX("the net|%.5g|%.5g|%.3f", "网络|%.5g|%.5g|%.3f"), v.rmse, v.mae,
                v.r2);
    ex_show_row(p, quiet, false, EX("always the mean|%.5g|%.5g|%.3f", "总答平均值|%.5g|%.5g|%.3f"),
                naive.rmse, naive.mae, naive.r2);
    ex_page_table(p, false);
    free(guess);
    ex_result("rmse=%.5g mae=%.5g r2=%.4f naive_rmse=%.5g seconds=%.2f parameters=%lld", v.rmse,
              v.mae, v.r2, naive.rmse, ex_fit_seconds(m), (long long)dl_model_param_count(m));
}
