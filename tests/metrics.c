/* metrics.c - tests of the metrics: scikit-learn's documented examples, 0/0, top-k, regression,
   reports of models; errors. */
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
    static const char *const names[] = {"a", "a rather long name", "c"};
    dl_ctx *dl = dl_new(1);
    const int32_t t[] = {0, 0, 1}, p[] = {0, 1, 1};
    dl_report *r = dl_report_new(dl, p, t, 3, 3);
    char text[1000];
    CHECK(r->score[2].precision == 0 && r->score[2].recall == 0 && r->score[2].f1 == 0, "0/0");
    CHECK_CLOSE(r->macro.recall, 0.5, 1e-12, 0);
    dl_report_format(text, sizeof text, r, names);
    CHECK(strstr(text, "\na rather long name       0.50      1.00      0.67         1\n") != NULL,
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
    TEST(errors);
    return test_end();
}
