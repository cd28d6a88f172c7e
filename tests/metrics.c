/* metrics.c - tests of the metrics: scikit-learn's documented examples, 0/0, top-k, regression,
   reports of models; errors. */
#include <float.h>
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static void accuracy(void)
{
    const int32_t p[] = {0, 2, 1, 3}, t[] = {0, 1, 2, 3};
    CHECK(dl_accuracy(p, t, 4) == 0.5, "%g", dl_accuracy(p, t, 4));
    CHECK(dl_accuracy(p, t, 1) == 1 && dl_accuracy(p + 1, t + 1, 1) == 0, "of one sample");
    CHECK(isnan(dl_accuracy(p, t, 0)) && isnan(dl_accuracy(NULL, t, 4)), "no samples");
}

/* The example of sklearn.metrics.top_k_accuracy_score: .75 for k = 2. */
static void top_k(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_real s[] = {(dl_real)0.5, (dl_real)0.2, (dl_real)0.2,
                         (dl_real)0.3, (dl_real)0.4, (dl_real)0.2,
                         (dl_real)0.2, (dl_real)0.4, (dl_real)0.3,
                         (dl_real)0.7, (dl_real)0.2, (dl_real)0.1};
    const dl_real nan_row[] = {NAN, 1, 2}, tie[] = {1, 1, 1};
    const int32_t t[] = {0, 1, 2, 2}, zero[] = {0}, two[] = {2}, bad[] = {0, 1, 3, 2};
    dl_tensor *x = dl_from(dl, dl_shape2(4, 3), s), *y = dl_from(dl, dl_shape2(1, 3), nan_row);
    dl_tensor *z = dl_from(dl, dl_shape2(1, 3), tie);
    test_quiet(dl);
    CHECK(dl_top_k_accuracy(x, t, 1) == 0.5, "%g", dl_top_k_accuracy(x, t, 1));
    CHECK(dl_top_k_accuracy(x, t, 2) == 0.75, "%g", dl_top_k_accuracy(x, t, 2));
    CHECK(dl_top_k_accuracy(x, t, 3) == 1 && dl_top_k_accuracy(x, t, 9) == 1, "all");
    CHECK(dl_top_k_accuracy(y, zero, 3) == 0, "a NaN is never right");
    CHECK(dl_top_k_accuracy(z, two, 2) == 0 && dl_top_k_accuracy(z, two, 3) == 1, "ties");
    CHECK(isnan(dl_top_k_accuracy(x, bad, 1)), "a label of 3 in 3 classes");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_top_k_accuracy: label 3 at position 2 is not in 0..2");
    CHECK(isnan(dl_top_k_accuracy(x, t, 0)), "k = 0");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_top_k_accuracy: scores [4,3] must be [N,C] and not empty");
    CHECK(isnan(dl_top_k_accuracy(NULL, t, 1)) && dl_error(dl) == DL_OK, "NULL");
    dl_free(dl);
}

/* The example of sklearn.metrics.classification_report, to the letter. */
static void report_as_sklearn(void)
{
    static const char *const names[] = {"class 0", "class 1", "class 2"};
    static const char want[] =
        "              precision    recall  f1-score   support\n"
        "\n"
        "     class 0       0.50      1.00      0.67         1\n"
        "     class 1       0.00      0.00      0.00         1\n"
        "     class 2       1.00      0.67      0.80         3\n"
        "\n"
        "    accuracy                           0.60         5\n"
        "   macro avg       0.50      0.56      0.49         5\n"
        "weighted avg       0.70      0.60      0.61         5\n";
    dl_ctx *dl = dl_new(1);
    const int32_t t[] = {0, 1, 2, 2, 2}, p[] = {0, 0, 2, 2, 1};
    const int64_t confusion[] = {1, 0, 0, 1, 0, 0, 0, 1, 2};
    dl_report *r = dl_report_new(dl, p, t, 5, 3);
    char text[1000], small[20];
    int length;
    if (!CHECK(r != NULL, "%s", dl_error_text(dl))) return;
    length = dl_report_format(text, sizeof text, r, names);
    CHECK(strcmp(text, want) == 0, "is\n%s", text);
    CHECK(length == (int)strlen(want), "length %d", length);
    CHECK(dl_report_format(small, sizeof small, r, names) == length && strlen(small) == 19 &&
          memcmp(small, want, 19) == 0, "cut off: \"%s\"", small);
    CHECK(dl_report_format(NULL, 0, r, names) == length, "only the length");
    dl_report_format(text, sizeof text, r, NULL);
    CHECK(strstr(text, "\n           0       0.50") != NULL, "without names:\n%s", text);
    CHECK(memcmp(r->confusion, confusion, sizeof confusion) == 0, "confusion matrix");
    CHECK_CLOSE(r->accuracy, 0.6, 1e-12, 0);
    CHECK_CLOSE(r->micro.precision, 0.6, 1e-12, 0);
    CHECK_CLOSE(r->micro.recall, 0.6, 1e-12, 0);
    CHECK_CLOSE(r->micro.f1, 0.6, 1e-12, 0);
    CHECK_CLOSE(r->macro.f1, (2.0 / 3 + 0 + 0.8) / 3, 1e-12, 0);
    CHECK_CLOSE(r->weighted.f1, (2.0 / 3 + 0 + 3 * 0.8) / 5, 1e-12, 0);
    CHECK(r->macro.support == 5 && r->score[2].support == 3, "support");
    dl_report_free(r);
    dl_report_free(NULL);
    dl_free(dl);
}

/* Long names widen the first column; a class that is nowhere has 0 in all (0/0 is 0). */
static void empty_class(void)
{
    const char *names[] = {"a", "a rather long name", "c"};
    dl_ctx *dl = dl_new(1);
    const int32_t t[] = {0, 0, 1}, p[] = {0, 1, 1};
    dl_report *r = dl_report_new(dl, p, t, 3, 3);
    char text[1000];
    CHECK(r->score[2].precision == 0 && r->score[2].recall == 0 && r->score[2].f1 == 0, "0/0");
    CHECK_CLOSE(r->macro.recall, 0.5, 1e-12, 0);
    dl_report_format(text, sizeof text, r, names);
    CHECK(strstr(text, "\na rather long name       0.50      1.00      0.67         1\n") != NULL,
          "%s", text);
    names[1] = NULL;
    dl_report_format(text, sizeof text, r, names);
    CHECK(strstr(text, "\n           1       0.50      1.00      0.67         1\n") != NULL,
          "%s", text);
    dl_free(dl);
}

/* The examples of sklearn.metrics.mean_squared_error, mean_absolute_error, r2_score. */
static void regression(void)
{
    const dl_real t[] = {3, (dl_real)-0.5, 2, 7}, p[] = {(dl_real)2.5, 0, 2, 8};
    const dl_real same[] = {2, 2}, other[] = {2, 3};
    dl_regression r = dl_regression_of(p, t, 4, 1);
    CHECK_CLOSE(r.mse, 0.375, 1e-6, 0);
    CHECK_CLOSE(r.rmse, sqrt(0.375), 1e-6, 0);
    CHECK_CLOSE(r.mae, 0.5, 1e-6, 0);
    CHECK_CLOSE(r.r2, 0.94860813704496794, 1e-6, 0);
    CHECK(dl_regression_of(same, same, 2, 1).r2 == 1, "perfect, though all alike");
    CHECK(dl_regression_of(other, same, 2, 1).r2 == 0, "all alike, but not met");
    CHECK(isnan(dl_regression_of(NULL, t, 4, 1).mse), "NULL");
    r = dl_regression_of(p, t, 0, 1);
    CHECK(isnan(r.mse) && isnan(r.rmse) && isnan(r.mae) && isnan(r.r2), "no numbers");
}

/* R2 of several outputs is the mean of each one's, however large another is: r2_score([[0,100],
   [1,101]], [[.5,100.5]] * 2) is 0; with one output perfect and one no better than the mean, .5. */
static void several_outputs(void)
{
    const dl_real t[] = {0, 100, 1, 101}, p[] = {(dl_real)0.5, (dl_real)100.5, (dl_real)0.5,
                                                 (dl_real)100.5};
    const dl_real half[] = {0, (dl_real)100.5, 1, (dl_real)100.5}, x[] = {0, 1};
    const dl_real third = (dl_real)(1 / 3.0);
    dl_real flat[22];
    dl_regression r = dl_regression_of(p, t, 2, 2);
    CHECK(r.r2 == 0 && r.mse == 0.25 && r.mae == 0.5, "r2 %g, mse %g", r.r2, r.mse);
    CHECK_CLOSE(dl_regression_of(half, t, 2, 2).r2, 0.5, 1e-12, 0);
    for (int i = 0; i < 22; i++) flat[i] = third;
    CHECK(dl_regression_of(flat, flat, 22, 1).r2 == 1, "equal targets have no spread");
    flat[0] += 1;
    CHECK(dl_regression_of(flat, flat + 1, 21, 1).r2 == 0, "and are not met");
    dl_ctx *dl = dl_new(1);
    dl_model *m = dl_model_new(dl, dl_shape1(1));
    dl_model_add_dense(m, 2, DL_LINEAR);
    dl_fill(dl_model_param(m, 0), 0);
    dl_model_param(m, 1)->data[0] = (dl_real)0.5;
    dl_model_param(m, 1)->data[1] = (dl_real)100.5;
    dl_model_compile(m, DL_MSE, dl_sgd(0.1));
    r = dl_model_regression(m, dl_data_from_targets(dl, x, 2, dl_shape1(1), t, dl_shape1(2)));
    CHECK(r.r2 == 0 && r.mse == 0.25, "of a model: %g", r.r2);
    dl_free(dl);
}

/* A model whose weights make its answers known. */
static dl_model *sign_model(dl_ctx *dl, const dl_loss *loss, int outputs, dl_activation f)
{
    dl_model *m = dl_model_new(dl, dl_shape1(1));
    dl_model_add_dense(m, outputs, f);
    for (int i = 0; i < outputs; i++)                     /* the last output is x, others 0 */
        dl_model_param(m, 0)->data[i] = (dl_real)(i == outputs - 1);
    dl_model_compile(m, loss, dl_sgd(0.1));
    return m;
}

static void of_models(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_real x[] = {-2, -1, 1, 2}, hot[] = {1, 0, 1, 0, 1, 0, 0, 1}, y[] = {-2, 0, 1, 3};
    const int32_t t[] = {0, 1, 1, 1};
    dl_data *labels = dl_data_from_arrays(dl, x, 4, dl_shape1(1), t, 2);
    dl_data *one_hot = dl_data_from_targets(dl, x, 4, dl_shape1(1), hot, dl_shape1(2));
    dl_data *numbers = dl_data_from_targets(dl, x, 4, dl_shape1(1), y, dl_shape1(1));
    dl_model *sparse = sign_model(dl, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 2, DL_SOFTMAX);
    dl_model *soft = sign_model(dl, DL_CATEGORICAL_CROSSENTROPY, 2, DL_SOFTMAX);
    dl_model *binary = sign_model(dl, DL_BINARY_CROSSENTROPY, 1, DL_SIGMOID);
    dl_model *line = sign_model(dl, DL_MSE, 1, DL_LINEAR);
    dl_report *r = dl_model_report(sparse, labels);
    dl_regression g;
    if (!CHECK(r != NULL, "%s", dl_error_text(dl))) return;
    CHECK(r->confusion[0] == 1 && r->confusion[1] == 0 && r->confusion[2] == 1 &&
          r->confusion[3] == 2, "confusion from labels");
    CHECK_CLOSE(r->accuracy, dl_model_evaluate(sparse, labels).accuracy, 1e-12, 0);
    r = dl_model_report(binary, labels);
    CHECK(r && r->classes == 2 && r->confusion[2] == 1 && r->confusion[3] == 2, "binary");
    r = dl_model_report(soft, one_hot);
    CHECK(r && r->confusion[0] == 2 && r->confusion[1] == 1 && r->confusion[3] == 1, "one-hot");
    g = dl_model_regression(line, numbers);
    CHECK_CLOSE(g.mse, 0.5, 1e-6, 0);
    CHECK_CLOSE(g.mae, 0.5, 1e-6, 0);
    CHECK_CLOSE(g.r2, 1 - 2 / 13.0, 1e-6, 0);
    test_quiet(dl);
    CHECK(!dl_model_report(line, numbers), "no classes");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_report: the model does not tell classes apart");
    CHECK(isnan(dl_model_regression(sparse, labels).mse), "no regression");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_regression: needs a data set with targets");
    CHECK(!dl_model_report(NULL, labels) && !dl_model_report(sparse, NULL) &&
          isnan(dl_model_regression(NULL, numbers).mse) && dl_error(dl) == DL_OK, "NULL");
    dl_free(dl);
}

/* scikit-learn's numbers (golden_data.py): scores with ties, classes, several outputs. */
static void as_scikit_learn(void)
{
    test_golden g = golden_open("data_metrics");
    dl_ctx *dl = dl_new(1);
    const test_array *y = golden_get(&g, "y"), *p = golden_get(&g, "p"), *z = golden_get(&g, "z");
    const test_array *roc = golden_get(&g, "roc"), *t = golden_get(&g, "t");
    const test_array *calibration = golden_get(&g, "calibration"), *a = golden_get(&g, "targets");
    const dl_int n = y->size, N = t->size;
    int32_t label[100], called[100];
    dl_roc_point point[101];
    dl_bin bin[7];
    double r2[3];
    for (dl_int i = 0; i < n; i++) label[i] = (int32_t)y->value[i];
    CHECK_CLOSE(dl_auc(dl, p->data, label, n), golden_get(&g, "auc")->value[0], 1e-12, 0);
    CHECK_CLOSE(dl_average_precision(dl, p->data, label, n),
                golden_get(&g, "average_precision")->value[0], 1e-12, 0);
    const dl_int points = dl_roc(dl, point, p->data, label, n);
    if (!CHECK(points == roc->size / 3 + 1, "%d points", (int)points)) return;
    CHECK(point[0].threshold > 1e300 && point[0].fpr == 0 && point[0].tpr == 0, "the first");
    for (dl_int i = 1; i < points; i++) {
        CHECK_CLOSE(point[i].threshold, roc->value[(i - 1) * 3], 1e-12, 0);
        CHECK_CLOSE(point[i].fpr, roc->value[(i - 1) * 3 + 1], 1e-12, 0);
        CHECK_CLOSE(point[i].tpr, roc->value[(i - 1) * 3 + 2], 1e-12, 0);
    }
    CHECK_CLOSE(dl_log_loss(dl_from(dl, dl_shape2(n, 1), p->data), label),
                golden_get(&g, "binary_log_loss")->value[0], 1e-6, 0);
    CHECK_CLOSE(dl_calibration(bin, 7, p->data, label, n), golden_get(&g, "ece")->value[0], 1e-9,
                0);
    for (int b = 0, k = 0; b < 7; b++) {
        if (!bin[b].count) continue;
        CHECK_CLOSE(bin[b].p, calibration->value[k * 2], 1e-12, 0);
        CHECK_CLOSE(bin[b].share, calibration->value[k++ * 2 + 1], 1e-12, 0);
    }
    CHECK(dl_argmax_axis(called, dl_from(dl, dl_shape2(N, 4), z->data), 1), "argmax");
    for (dl_int i = 0; i < N; i++) label[i] = (int32_t)t->value[i];
    CHECK_CLOSE(dl_log_loss(dl_from(dl, dl_shape2(N, 4), golden_get(&g, "q")->data), label),
                golden_get(&g, "log_loss")->value[0], 1e-6, 0);
    dl_report *r = dl_report_new(dl, called, label, N, 4);
    CHECK_CLOSE(dl_balanced_accuracy(r), golden_get(&g, "balanced_accuracy")->value[0], 1e-12, 0);
    CHECK_CLOSE(dl_matthews(r), golden_get(&g, "matthews")->value[0], 1e-12, 0);
    CHECK(dl_r2(r2, golden_get(&g, "outputs")->data, a->data, a->size / 3, 3), "r2");
    for (int k = 0; k < 3; k++)
        CHECK_CLOSE(r2[k], golden_get(&g, "r2")->value[k], sizeof(dl_real) == 8 ? 1e-12 : 1e-6, 0);
    golden_close(&g);
    dl_free(dl);
}

/* One class only, one score only, NaN, perfect and the worst. */
static void edges(void)
{
    const dl_real s[] = {1, 2, 3, 4}, same[] = {7, 7, 7, 7}, nan[] = {1, NAN, 3, 4};
    const dl_real sure[] = {0, 1, (dl_real)0.5, 1};
    const int32_t up[] = {0, 0, 1, 1}, down[] = {1, 1, 0, 0}, ones[] = {1, 1, 1, 1};
    const int32_t zeros[] = {0, 0, 0, 0}, two[] = {0, 2, 1, 0}, mixed[] = {1, 1, 0, 0};
    const int32_t right[] = {0, 1, 1, 1};
    dl_ctx *dl = dl_new(1);
    dl_roc_point point[5];
    dl_bin bin[2];
    double r2[1];
    test_quiet(dl);
    CHECK(dl_auc(dl, s, up, 4) == 1 && dl_auc(dl, s, down, 4) == 0, "perfect, the worst");
    CHECK(dl_average_precision(dl, s, up, 4) == 1, "perfect");
    CHECK(dl_auc(dl, same, up, 4) == 0.5 && dl_average_precision(dl, same, up, 4) == 0.5 &&
          dl_roc(dl, point, same, up, 4) == 2 && point[1].fpr == 1 && point[1].tpr == 1, "ties");
    CHECK(isnan(dl_auc(dl, s, ones, 4)) && isnan(dl_auc(dl, s, zeros, 4)) &&
          dl_average_precision(dl, s, ones, 4) == 1 && isnan(dl_average_precision(dl, s, zeros, 4)),
          "one class");
    CHECK(isnan(dl_auc(dl, nan, up, 4)) && dl_roc(dl, point, nan, up, 4) == 0, "NaN");
    CHECK(isnan(dl_auc(dl, s, up, 0)) && dl_error(dl) == DL_OK, "none");
    CHECK(isnan(dl_auc(dl, s, two, 4)), "a label of 2");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_auc: label 2 at position 1 is not in 0..1");
    dl_tensor *p = dl_from(dl, dl_shape2(4, 1), sure);
    const double eps = sizeof(dl_real) == 8 ? DBL_EPSILON : (double)FLT_EPSILON;
    const double edge = (-log(eps) - log1p(-eps) + log(2) - log(eps)) / 4;   /* 0 1 .5 1 */
    CHECK_CLOSE(dl_log_loss(p, mixed), edge, 1e-5, 0);
    CHECK(isnan(dl_log_loss(p, two)), "a label of 2");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_log_loss: label 2");
    CHECK(isnan(dl_log_loss(dl_from(dl, dl_shape1(4), sure), up)), "no rows");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_log_loss: probabilities [4] must be [N,C] and not empty");
    CHECK(dl_calibration(bin, 2, sure, right, 4) == 0.5 / 4 &&
          bin[0].count == 2 && bin[1].p == 1, "%d in the lower bin", (int)bin[0].count);
    CHECK(dl_calibration(bin, 1, sure, up, 4) == 0.125 && bin[0].share == 0.5, "one bin");
    CHECK(isnan(dl_calibration(bin, 2, s, up, 4)) && isnan(dl_calibration(bin, 2, nan, up, 4)) &&
          isnan(dl_calibration(bin, 0, sure, up, 4)), "no probabilities, no bins");
    dl_report *r = dl_report_new(dl, ones, up, 4, 3);
    CHECK(dl_balanced_accuracy(r) == 0.5 && dl_matthews(r) == 0, "a constant");
    r = dl_report_new(dl, down, up, 4, 2);
    CHECK(dl_balanced_accuracy(r) == 0 && dl_matthews(r) == -1, "the worst");
    CHECK(!dl_r2(r2, s, s, 0, 1) && dl_r2(r2, s, s, 4, 1) && r2[0] == 1, "r2");
    CHECK(isnan(dl_auc(NULL, s, up, 4)) && isnan(dl_average_precision(NULL, s, up, 4)) &&
          dl_roc(NULL, point, s, up, 4) == 0 && dl_roc(dl, NULL, s, up, 4) == 0 &&
          isnan(dl_log_loss(NULL, up)) && isnan(dl_calibration(NULL, 2, s, up, 4)) &&
          isnan(dl_balanced_accuracy(NULL)) && isnan(dl_matthews(NULL)) &&
          !dl_r2(NULL, s, s, 4, 1) && dl_error(dl) == DL_OK, "NULL");
    dl_free(dl);
}

/* As metrics of a model: over all samples, whatever the batches. */
static void in_training(void)
{
    enum { N = 90 };
    dl_ctx *dl = dl_new(3);
    dl_real x[N], y[N];
    int32_t t[N], called[N];
    for (int i = 0; i < N; i++) {
        t[i] = i % 3 == 0;
        x[i] = (dl_real)(dl_rng_normal(dl_ctx_rng(dl)) + t[i]);
        y[i] = (dl_real)(2 * x[i] + 1);
    }
    dl_data *labels = dl_data_from_arrays(dl, x, N, dl_shape1(1), t, 2);
    dl_data *numbers = dl_data_from_targets(dl, x, N, dl_shape1(1), y, dl_shape1(1));
    for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
        dl_model *m = sign_model(dl, sigmoid ? DL_BINARY_CROSSENTROPY :
                                 DL_SPARSE_CATEGORICAL_CROSSENTROPY, 2 - sigmoid, sigmoid
                                 ? DL_SIGMOID : DL_SOFTMAX);
        CHECK(dl_model_add_metric(m, DL_AUC) && dl_model_add_metric(m, DL_AVERAGE_PRECISION) &&
              dl_model_add_metric(m, DL_BALANCED_ACCURACY) && dl_model_add_metric(m, DL_MATTHEWS)
              && dl_model_add_metric(m, DL_R2), "%s", dl_error_text(dl));
        dl_model_set_batch_size(m, 7);
        const dl_metrics v = dl_model_evaluate(m, labels);
        dl_report *r = dl_model_report(m, labels);
        CHECK_CLOSE(v.metric[0], dl_auc(dl, x, t, N), 1e-12, 0);
        CHECK_CLOSE(v.metric[1], dl_average_precision(dl, x, t, N), 1e-12, 0);
        CHECK_CLOSE(v.metric[2], dl_balanced_accuracy(r), 1e-12, 0);
        CHECK_CLOSE(v.metric[3], dl_matthews(r), 1e-12, 0);
        CHECK(isnan(v.metric[4]), "no numbers");
        dl_fit fit = dl_fit_default();
        fit.verbose = 0;
        fit.epochs = 2;
        fit.validation = labels;
        CHECK(dl_model_fit(m, labels, &fit), "%s", dl_error_text(dl));
        const dl_epoch e = dl_model_history(m, NULL)[1];
        CHECK(e.val_metric[0] > 0.6 && e.val_metric[0] < 1 && e.metric[3] > 0, "%g", e.metric[3]);
    }
    dl_model *m = sign_model(dl, DL_MSE, 1, DL_LINEAR);
    CHECK(dl_model_add_metric(m, DL_R2) && dl_model_add_metric(m, DL_AUC), "of numbers");
    dl_model_set_batch_size(m, 11);
    dl_metrics v = dl_model_evaluate(m, numbers);
    CHECK_CLOSE(v.metric[0], dl_model_regression(m, numbers).r2, 1e-6, 0);
    CHECK(isnan(v.metric[1]), "no classes");
    m = sign_model(dl, DL_SPARSE_CATEGORICAL_CROSSENTROPY, 3, DL_SOFTMAX);
    for (int i = 0; i < N; i++) called[i] = 2 * (x[i] > 0);
    dl_model_add_metric(m, DL_BALANCED_ACCURACY);
    v = dl_model_evaluate(m, dl_data_from_arrays(dl, x, N, dl_shape1(1), t, 3));
    CHECK_CLOSE(v.metric[0], dl_balanced_accuracy(dl_report_new(dl, called, t, N, 3)), 1e-12, 0);
    test_quiet(dl);
    dl_model_add_metric(m, DL_AUC);
    CHECK(isnan(dl_model_evaluate(m, labels).loss), "three classes have no ROC");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "needs one or two outputs a sample, not [");
    dl_free(dl);
}

static void errors(void)
{
    dl_ctx *dl = dl_new(1);
    const int32_t t[] = {0, 1, 2}, bad[] = {0, -1, 2};
    test_quiet(dl);
    CHECK(!dl_report_new(dl, t, t, 3, 2), "label 2 of 2 classes");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_report_new: label 2 at position 2 is not in 0..1");
    CHECK(!dl_report_new(dl, bad, t, 3, 3), "prediction -1");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_report_new: prediction -1 at position 1 is not in 0..2");
    CHECK(!dl_report_new(dl, t, t, 0, 3), "no samples");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_report_new: 0 samples of 3 classes");
    CHECK(!dl_report_new(dl, NULL, t, 3, 3) && !dl_report_new(NULL, t, t, 3, 3) &&
          dl_report_format(NULL, 0, NULL, NULL) == 0 && dl_error(dl) == DL_OK, "NULL");
#ifndef DL_NO_STDIO
    dl_report_print(NULL, NULL);
#endif
    dl_free(dl);
}

int main(void)
{
    TEST(accuracy);
    TEST(top_k);
    TEST(report_as_sklearn);
    TEST(empty_class);
    TEST(regression);
    TEST(several_outputs);
    TEST(of_models);
    TEST(as_scikit_learn);
    TEST(edges);
    TEST(in_training);
    TEST(errors);
    return test_end();
}
