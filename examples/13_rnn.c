/* 13 - recurrent nets: one cell, used again at every step, remembers what came before.

   S1 (sections 2.3 and 3.5) writes h_t = f(h_{t-1}, x_t), where x_t is the input of one step, not
   the whole sequence. Written out, that is the cell below. Four things to see:

   1. the steps of a net with one unit, multiplied out;
   2. the gradient of the last state with respect to the input t steps back. S1 says that a plain
      RNN keeps long dependencies; the numbers say it forgets them, and why LSTM and GRU exist. The
      same gradient grows without end in other nets: it explodes, and is clipped;
   3. a forecast of a real monthly series against "the same as in the same month last year";
   4. MNIST read row by row, as a sequence of 28 rows of 28 pixels.

       gcc -O2 examples/13_rnn.c -o rnn -lm && ./rnn               (add -fopenmp for all cores)
       ./rnn --full        all 60,000 images, 10 epochs: 98.7 % (LSTM, GRU), 97.4 % (RNN); minutes

   @F S1-3.5  h_t = tanh(W_x x_t + W_h h_{t-1} + b)
   @F S1-2.3  LSTM: c_t = f c_{t-1} + i g,  h_t = o tanh c_t;  GRU: h_t = (1 - z) n + z h_{t-1}   */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { MONTHS = 144, TEST_MONTHS = 24, WINDOW = 12, BACK = 60 };
static const char *const names[3] = {"RNN", "LSTM", "GRU"};
static const dl_recurrent_kind kinds[3] = {DL_RNN_TANH, DL_LSTM, DL_GRU};

static dl_sequence run(int k, dl_tensor *x, dl_tensor *const *w) {
    return k == 0 ? dl_rnn(x, w, DL_NONE, NULL) : k == 1 ? dl_lstm(x, w, DL_NONE, DL_NONE, NULL)
                                                         : dl_gru(x, w, DL_NONE, NULL);
}

/* 1. One unit, five steps: input 1, then nothing. */
static void unrolled(dl_ctx *dl) {
    const dl_real wx = (dl_real)0.8, wh = (dl_real)0.9, bias = 0, nothing = 0;
    dl_tensor *w[4], *h = dl_zeros(dl, dl_shape2(1, 1));
    w[0] = dl_from(dl, dl_shape2(1, 1), &wx);
    w[1] = dl_from(dl, dl_shape2(1, 1), &wh);
    w[2] = dl_from(dl, dl_shape1(1), &bias);
    w[3] = dl_from(dl, dl_shape1(1), &nothing);        /* PyTorch's second bias */
    printf("1. One unit: h_t = tanh(0.8 x_t + 0.9 h_{t-1} + 0), input 1 and then nothing\n");
    for (int t = 1; t <= 5; t++) {
        double x = t == 1, before = dl_item(h);
        h = dl_rnn_cell(dl_full(dl, dl_shape2(1, 1), x), h, w);
        printf("   h_%d = tanh(0.8*%g + 0.9*%.4f) = tanh(%.4f) = %.4f\n", t, x, before,
               0.8 * x + 0.9 * before, dl_item(h));
    }
}

/* 2. |dL/dx_t| for L = sum of the last state, against the number of steps back. grow: W_h times
   this. Returns the norm of the gradient of W_h before and after clipping it to 1. */
static void gradient_over_time(dl_ctx *dl, int k, double grow, double *norm, double clip[2]) {
    dl_tensor *w[4], *x = dl_randn(dl, dl_shape3(1, BACK, 8));
    dl_recurrent_init(dl, w, kinds[k], 8, 32, NULL);
    for (dl_int i = 0; i < w[1]->size; i++) w[1]->data[i] *= (dl_real)grow;
    if (k == 1) for (int i = 32; i < 64; i++) w[2]->data[i] += 2;  /* LSTM: remember at first */
    if (k == 2) for (int i = 32; i < 64; i++) w[2]->data[i] += 2;  /* GRU: z near 1, too      */
    dl_requires_grad(x, true);
    dl_backward(dl_sum(grow == 1 ? run(k, x, w).h : dl_rnn_relu(x, w, DL_NONE, NULL).h));
    for (int t = 0; t < BACK && x->grad; t++) {
        double s = 0;
        for (int i = 0; i < 8; i++) s += (double)x->grad[t * 8 + i] * (double)x->grad[t * 8 + i];
        norm[BACK - 1 - t] = sqrt(s) > 1e-30 ? sqrt(s) : 1e-30;
    }
    clip[0] = dl_clip_grad_norm(w + 1, 1, 1);
    clip[1] = dl_clip_grad_norm(w + 1, 1, 1);
    for (int i = 0; i < 4; i++) dl_tensor_free(w[i]);
    dl_tape_clear(dl);
}

/* 3. Monthly passengers. y_t = log x_t - log x_{t-12} is the year's growth: "as last year" says
   y_t = 0. The net reads the last 12 growths and says the next one. Mean absolute percentage error
   over the last 24 months: of the net, of last year, of last year with last month's growth. */
static bool forecast(dl_ctx *dl, const char *path, double error[3], dl_real *shown) {
    double x[MONTHS];
    dl_real in[(MONTHS - 24) * WINDOW], out[MONTHS - 24];
    int n = 0, samples = MONTHS - 24, train = samples - TEST_MONTHS;
    FILE *f = fopen(path, "r");
    char line[64];
    if (!f) return dl_fail(dl, DL_ERR_FILE, "%s: no such file; run this from the repository's root "
                           "or name a series with --series FILE", path);
    while (n < MONTHS && fgets(line, sizeof line, f)) n += sscanf(line, "%*d-%*d,%lf", &x[n]) == 1;
    fclose(f);
    if (n < MONTHS) return dl_fail(dl, DL_ERR_FORMAT, "%s: %d months, not %d", path, n, MONTHS);
    for (int s = 0; s < samples; s++) {
        for (int t = 0; t <= WINDOW; t++) {
            double y = 10 * (log(x[s + 12 + t]) - log(x[s + t]));   /* times 10: about 1 */
            if (t < WINDOW) in[s * WINDOW + t] = (dl_real)y;
            else out[s] = (dl_real)y;
        }
    }
    dl_model *net = dl_model_new(dl, dl_shape2(WINDOW, 1));
    dl_model_add_lstm(net, 16, false);
    dl_model_add_dense(net, 1, DL_LINEAR);
    dl_model_compile(net, DL_MSE, dl_adam(0.005));
    dl_fit fit = dl_fit_default();
    fit.epochs = 60;
    fit.batch_size = 16;
    fit.verbose = 0;
    dl_model_fit(net, dl_data_from_targets(dl, in, train, dl_shape2(WINDOW, 1), out, dl_shape1(1)),
                 &fit);
    dl_tensor *y = dl_model_predict(net, dl_from(dl, dl_shape3(samples, WINDOW, 1), in));
    error[0] = error[1] = error[2] = 0;
    for (int s = train; y && s < samples; s++) {
        double last = x[s + WINDOW], real = x[s + 24], said = last * exp((double)y->data[s] / 10);
        double trend = last * exp((double)in[s * WINDOW + WINDOW - 1] / 10);
        error[0] += 100 * fabs(said - real) / real / TEST_MONTHS;
        error[1] += 100 * fabs(last - real) / real / TEST_MONTHS;
        error[2] += 100 * fabs(trend - real) / real / TEST_MONTHS;
        shown[s - train] = (dl_real)real;
        shown[TEST_MONTHS + s - train] = (dl_real)said;
        shown[2 * TEST_MONTHS + s - train] = (dl_real)last;
    }
    dl_model_free(net);
    dl_tape_clear(dl);
    return dl_error(dl) == DL_OK;
}

/* 4. 28 rows of 28 pixels through 128 units, the last state to 10 classes. */
static dl_metrics by_rows(dl_ctx *dl, const ex_options *o, int k, const dl_data *train,
                          const dl_data *test, double *seconds, int64_t *parameters) {
    dl_model *net = dl_model_new(dl, dl_shape2(28, 28));
    if (k == 0) dl_model_add_rnn(net, 128, false);
    if (k == 1) dl_model_add_lstm(net, 128, false);
    if (k == 2) dl_model_add_gru(net, 128, false);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_optim adam = dl_adam(0.001);
    adam.clip_norm = 1;                                /* the cure for exploding gradients */
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, adam);
    dl_fit fit = dl_fit_default();
    fit.epochs = o->epochs;
    fit.batch_size = o->batch;
    fit.verbose = o->quiet ? 0 : 1;
    fit.schedule = dl_schedule_cosine(o->epochs, 0.1);
    if (!o->quiet) printf("   %s:\n", names[k]);
    dl_model_fit(net, train, &fit);
    *seconds += ex_fit_seconds(net);
    *parameters = dl_model_param_size(net);
    dl_metrics result = dl_model_evaluate(net, test);
    dl_model_free(net);
    return result;
}

int main(int argc, char **argv) {
    const char *series = "data/series/airline.csv";
    bool full = false;
    double norm[4][BACK], clip[4][2], error[3] = {0, 0, 0}, seconds = 0, shown[3][TEST_MONTHS];
    dl_real months[3 * TEST_MONTHS];
    dl_metrics r[3];
    int64_t parameters[3] = {0, 0, 0};
    ex_option extra[2] = {{"series", EX_TEXT, NULL, 0, 0, "the monthly series"},
                          {"full", EX_FLAG, NULL, 0, 0, "all images, 10 epochs"}};
    ex_options o = ex_options_default();
    o.epochs = 3;
    o.batch = 64;
    o.limit = 20000;
    extra[0].value = &series;
    extra[1].value = &full;
    ex_parse(&o, argc, argv, "recurrent nets: steps, gradients over time, forecast, MNIST by rows",
             "data epochs batch limit seed threads html quiet", extra, 2);
    if (full) o.epochs = 10, o.limit = 0;

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    ex_page page = ex_page_open(&o, "Recurrent nets · 循环神经网络");
    if (!o.quiet) unrolled(dl);
    for (int k = 0; k < 4; k++) gradient_over_time(dl, k % 3, k == 3 ? 4 : 1, norm[k], clip[k]);
    if (!forecast(dl, series, error, months) || !train || !test) return ex_end(dl, &o);
    for (int i = 0; i < 3 * TEST_MONTHS; i++)
        shown[i / TEST_MONTHS][i % TEST_MONTHS] = (double)months[i];

    ex_axes steps = {"|dL/dx| · 梯度的范数", "steps back · 往回的步数", "norm · 范数",
                     0, 0, 1e-18, 1e14, true};
    ex_axes time = {"Passengers, the last 24 months · 最后24个月的乘客", "month · 月",
                    "thousands · 千人", 0, 0, 0, 0, false};
    ex_curve back[4] = {{"RNN", NULL, norm[0], BACK}, {"LSTM", NULL, norm[1], BACK},
                        {"GRU", NULL, norm[2], BACK}, {"exploding · 爆炸", NULL, norm[3], BACK}};
    ex_curve line[3] = {{"real · 实际", NULL, shown[0], TEST_MONTHS},
                        {"LSTM", NULL, shown[1], TEST_MONTHS},
                        {"as last year · 同去年", NULL, shown[2], TEST_MONTHS}};
    if (!o.quiet) {
        printf("\n2. How much the last state depends on the input some steps back, |dL/dx|\n"
               "   %-10s %10s %10s %10s %10s\n", "steps back", "1", "10", "30", "60");
        for (int k = 0; k < 4; k++)
            printf("   %-10s %10.2g %10.2g %10.2g %10.2g\n", k < 3 ? names[k] : "exploding",
                   norm[k][0], norm[k][9], norm[k][29], norm[k][59]);
        printf("   The last one is a ReLU net with W_h times 4: |dL/dW_h| = %.3g, clipped to "
               "%.3g.\n", clip[3][0], clip[3][1]);
        printf("\n3. The last 24 months, forecast one ahead. Mean error:\n   LSTM %.2f %%, as last "
               "year %.2f %%, last year with last month's growth %.2f %%\n", error[0], error[1],
               error[2]);
        printf("\n4. MNIST by rows, 128 units, %lld images, %d epochs\n", (long long)train->count,
               o.epochs);
    }
    for (int k = 0; k < 3; k++) {
        r[k] = by_rows(dl, &o, k, train, test, &seconds, &parameters[k]);
        if (dl_error(dl)) return ex_end(dl, &o);
        if (!o.quiet) printf("   %-5s test accuracy %.4f (%lld parameters)\n", names[k],
                             r[k].accuracy, (long long)parameters[k]);
    }
    ex_page_text(&page, 2, "A plain RNN forgets · 普通RNN会遗忘");
    ex_page_text(&page, 0, "How much the last state depends on the input some steps back. The "
                 "ReLU net with large weights explodes: |dL/dW_h| = %.3g, clipped to %.3g. · 最后状态对若干步之前"
                 "输入的依赖。权重过大的ReLU网络梯度爆炸：%.3g，裁剪到 %.3g。", clip[3][0], clip[3][1],
                 clip[3][0], clip[3][1]);
    ex_page_plot(&page, steps, back, 4);
    ex_page_text(&page, 2, "A forecast one month ahead · 提前一个月的预测");
    ex_page_text(&page, 0, "Mean error: LSTM %.2f %%, as last year %.2f %%, last year with last "
                 "month's growth %.2f %%. · 平均误差：LSTM %.2f %%，同去年 %.2f %%，去年加上月增长率 %.2f %%。",
                 error[0], error[1], error[2], error[0], error[1], error[2]);
    ex_page_plot(&page, time, line, 3);
    ex_page_text(&page, 2, "MNIST row by row · 逐行读MNIST");
    ex_page_table(&page, true);
    ex_page_row(&page, true, "net · 网络|parameters · 参数|test accuracy · 测试准确率");
    for (int k = 0; k < 3; k++)
        ex_page_row(&page, false, "%s|%lld|%.2f %%", names[k], (long long)parameters[k],
                    100 * r[k].accuracy);
    ex_page_table(&page, false);
    ex_page_close(&page, o.quiet);
    ex_result("test_accuracy=%.4f test_loss=%.4f rnn_accuracy=%.4f gru_accuracy=%.4f seconds=%.2f "
              "parameters=%lld forecast_error=%.2f naive_error=%.2f trend_error=%.2f "
              "exploding=%.3g clipped=%.3g",
              r[1].accuracy, r[1].loss, r[0].accuracy, r[2].accuracy, seconds,
              (long long)parameters[1], error[0], error[1], error[2], clip[3][0], clip[3][1]);
    return ex_end(dl, &o);
}
