/* 13 - recurrent nets: one cell, used again at every step, remembers what came before.

   S1 (sections 2.3 and 3.5) writes h_t = f(h_{t-1}, x_t), where x_t is the input of one step, not
   the whole sequence. Written out, that is the cell below. Four things to see:

   1. a net with one unit, three steps forward and back in time, by hand and on the tape;
   2. the gradient of the last state with respect to the input t steps back. S1 says that a plain
      RNN keeps long dependencies; the numbers say it forgets them, and why LSTM and GRU exist. The
      same gradient grows without end in other nets: it explodes, and is clipped. And where a long
      text is fed in chunks, it stops at the border: backpropagation through time, truncated;
   3. a forecast of a real monthly series against "the same as in the same month last year";
   4. MNIST read row by row, as a sequence of 28 rows of 28 pixels.

       gcc -O2 examples/13_rnn.c -o rnn -lm && ./rnn               (add -fopenmp for all cores)
       ./rnn --full        all 60,000 images, 10 epochs: 98.8 % (LSTM), 98.9 % (GRU), 97.4 % (RNN)
                           (Adam, rate 0.001 falling to 0.0001, batches of 64, gradients clipped)

   @F S1-3.5  h_t = tanh(W_x x_t + W_h h_{t-1} + b)
   @F S1-3.5  delta_t = dL/dh_t (1 - h_t^2),  dL/dh_{t-1} = W_h^T delta_t,
              dL/dW_h = sum_t delta_t h_{t-1}^T                                back through time
   @F S1-2.3  LSTM: c_t = f c_{t-1} + i g,  h_t = o tanh c_t;  GRU: h_t = (1 - z) n + z h_{t-1}   */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { STEPS = 3, MONTHS = 144, YEAR = 12, TEST_MONTHS = 24, SAMPLES = MONTHS - 2 * YEAR,
       BACK = 60, CHUNK = 30, NETS = 5 };
static const char *const names[3] = {"RNN", "LSTM", "GRU"};

/* 1. One unit. h[0] is the state before the first step; x, dh and delta count from 1, too. */
typedef struct unit {
    double wx, wh, x[STEPS + 1], h[STEPS + 1], dh[STEPS + 1], delta[STEPS + 1], dwx, dwh;
} unit;

/* Behind main: what is read, measured and shown, and how; the tape's own answer to part 1. */
static ex_options options(int argc, char **argv, const char **series);
static double on_tape(dl_ctx *dl, const unit *u);
static void norms_back(const dl_tensor *x, double norm[BACK]);
static void growths(const double *x, dl_real *in, dl_real *out);
static void show_unrolled(const unit *u, double difference, ex_page *page, bool quiet);
static void show_gradients(double norm[NETS][BACK], const double *clip, ex_page *page, bool quiet);
static void show_forecast(const double *x, const dl_real *in, const double *growth, double error[3],
                          ex_page *page, bool quiet);
static void show_rows(dl_model *const net[3], const dl_metrics r[3], ex_page *page, bool quiet);

/* S1 section 3.5, and back: L is the last state. */
static void through_time(unit *u) {
    for (int t = 1; t <= STEPS; t++) u->h[t] = tanh(u->wx * u->x[t] + u->wh * u->h[t - 1]);
    u->dh[STEPS] = 1;
    for (int t = STEPS; t >= 1; t--) {
        u->delta[t] = u->dh[t] * (1 - u->h[t] * u->h[t]);      /* tanh' = 1 - tanh^2           */
        u->dwx += u->delta[t] * u->x[t];                       /* the same weights every step: */
        u->dwh += u->delta[t] * u->h[t - 1];                   /* a sum over the steps         */
        u->dh[t - 1] = u->delta[t] * u->wh;                    /* to the step before           */
    }
}

/* A recurrent layer of one of four kinds, from the states h and (an LSTM's) c on. */
static dl_sequence run(dl_recurrent_kind kind, dl_tensor *x, dl_tensor *const *w, dl_tensor *h,
                       dl_tensor *c) {
    return kind == DL_LSTM ? dl_lstm(x, w, h, c, NULL) : kind == DL_GRU ? dl_gru(x, w, h, NULL)
         : kind == DL_RNN_RELU ? dl_rnn_relu(x, w, h, NULL) : dl_rnn(x, w, h, NULL);
}

/* 2. norm[t-1] = |dL/dx| at the input t steps back, for L = sum of the last state. Net 0 RNN, 1
   LSTM, 2 GRU, 3 an LSTM in chunks, 4 a ReLU net with large W_h. clip: the norm of W_h's gradient
   before and after dl_clip_grad_norm. */
static void gradient_over_time(dl_ctx *dl, int net, double norm[BACK], double clip[2]) {
    const dl_recurrent_kind kind[NETS] = {DL_RNN_TANH, DL_LSTM, DL_GRU, DL_LSTM, DL_RNN_RELU};
    const int step = net == 3 ? CHUNK : BACK;
    dl_tensor *w[4], *x = dl_randn(dl, dl_shape3(1, BACK, 8)), *h = DL_NONE, *c = DL_NONE;
    dl_sequence r = {NULL, NULL, NULL};
    if (!dl_recurrent_init(dl, w, kind[net], 8, 32, NULL)) return;
    for (dl_int i = 0; net == 4 && i < w[1]->size; i++) w[1]->data[i] *= 4;
    for (int i = 32; net > 0 && net < 4 && i < 64; i++)
        w[2]->data[i] += 2;                    /* LSTM's f, GRU's z near 1: remember at first */
    dl_set_requires_grad(x, true);
    for (int t = 0; t < BACK; t += step) {
        r = run(kind[net], dl_slice(x, 1, t, t + step), w, h, c);
        h = dl_detach(r.h);                    /* the next chunk gets the state without its past */
        c = kind[net] == DL_LSTM ? dl_detach(r.c) : DL_NONE;
    }
    dl_backward(dl_sum(r.h));
    norms_back(x, norm);
    clip[0] = dl_clip_grad_norm(w + 1, 1, 1);
    clip[1] = dl_clip_grad_norm(w + 1, 1, 1);
    for (int i = 0; i < 4; i++) dl_tensor_free(w[i]);
    dl_tape_clear(dl);
}

/* 3. Monthly passengers x. log x_t - log x_{t-12} is the year's growth; the net reads twelve of
   them, in[], and says the next one, out[]. said[] is what it says for the months from the third
   year on; it learns from all but the last 24. */
static void forecast(dl_ctx *dl, const dl_real *in, const dl_real *out, double said[SAMPLES]) {
    dl_model *net = dl_model_new(dl, dl_shape2(YEAR, 1));
    dl_model_add_lstm(net, 16, false);
    dl_model_add_dense(net, 1, DL_LINEAR);
    dl_model_compile(net, DL_MSE, dl_adam(0.005));
    dl_fit fit = dl_fit_default();
    fit.epochs = 60;
    fit.batch_size = 16;
    fit.verbose = 0;
    dl_model_fit(net, dl_data_from_targets(dl, in, SAMPLES - TEST_MONTHS, dl_shape2(YEAR, 1), out,
                                           dl_shape1(1)), &fit);
    dl_tensor *y = dl_model_predict(net, dl_from(dl, dl_shape3(SAMPLES, YEAR, 1), in));
    for (int s = 0; y && s < SAMPLES; s++) said[s] = (double)y->data[s] / 10;
    dl_model_free(net);
    dl_tape_clear(dl);
}

/* 4. 28 rows of 28 pixels through 128 units, the last state to 10 classes. */
static dl_model *by_rows(const ex_options *o, int k, const dl_data *train) {
    dl_model *net = dl_model_new(dl_data_ctx(train), dl_shape2(28, 28));
    if (k == 0) dl_model_add_rnn(net, 128, false);
    if (k == 1) dl_model_add_lstm(net, 128, false);
    if (k == 2) dl_model_add_gru(net, 128, false);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_optim adam = dl_adam(0.001);
    adam.clip_norm = 1;                                /* the cure for exploding gradients */
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, adam);
    dl_fit fit = ex_fit(o);
    fit.verbose = o->quiet ? 0 : 1;
    fit.schedule = dl_schedule_cosine(o->epochs, 0.1);
    if (!o->quiet) printf("%s\n", names[k]);
    dl_model_fit(net, train, &fit);
    return net;
}

int main(int argc, char **argv) {
    const char *series = "data/series/airline.csv";
    unit u = {0.8, 0.9, {0, 1, 0, 0.5}, {0}, {0}, {0}, 0, 0};        /* W_x, W_h, x_1 .. x_3 */
    double norm[NETS][BACK] = {{0}}, clip[2] = {0, 0}, growth[SAMPLES] = {0}, error[3];
    double passengers[MONTHS], seconds = 0;
    dl_real in[SAMPLES * YEAR], out[SAMPLES];
    dl_metrics r[3];
    dl_model *net[3];
    const ex_options o = options(argc, argv, &series);
    dl_ctx *dl = ex_begin(&o);
    if (!ex_series(dl, series, passengers, MONTHS)) return ex_end(dl, &o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Recurrent nets", "循环神经网络"));

    through_time(&u);
    const double difference = on_tape(dl, &u);
    show_unrolled(&u, difference, &page, o.quiet);
    for (int k = 0; k < NETS; k++) gradient_over_time(dl, k, norm[k], clip);
    show_gradients(norm, clip, &page, o.quiet);
    growths(passengers, in, out);
    forecast(dl, in, out, growth);
    if (dl_error(dl)) return ex_end(dl, &o);
    show_forecast(passengers, in, growth, error, &page, o.quiet);
    ex_show_text(&page, o.quiet, 2, EX("4. MNIST row by row, %lld images, %d epochs",
                                       "4. 逐行读 MNIST，%lld 张图像，%d 轮"),
                 (long long)dl_data_count(train), o.epochs);
    for (int k = 0; k < 3; k++) {
        net[k] = by_rows(&o, k, train);
        r[k] = dl_model_evaluate(net[k], test);
        seconds += ex_fit_seconds(net[k]);
    }
    if (dl_error(dl)) return ex_end(dl, &o);
    show_rows(net, r, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    ex_result("test_accuracy=%.4f test_loss=%.4f rnn_accuracy=%.4f gru_accuracy=%.4f seconds=%.2f "
              "parameters=%lld forecast_error=%.2f naive_error=%.2f trend_error=%.2f "
              "exploding=%.3g clipped=%.3g difference=%.4f",
              r[1].accuracy, r[1].loss, r[0].accuracy, r[2].accuracy, seconds,
              (long long)dl_model_param_count(net[1]), error[0], error[1], error[2], clip[0],
              clip[1], difference);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static ex_options options(int argc, char **argv, const char **series) {
    bool full = ex_flag(argc, argv, "--full");
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {
        {"series", EX_TEXT, series, 0, 0, EX("the monthly series", "每月一数的序列")},
        {"full", EX_FLAG, &full, 0, 0, EX("all images, 10 epochs", "全部图像，10 轮")}};
    o.epochs = full ? 10 : 3;                          /* --epochs and --limit still change these */
    o.limit = full ? 0 : 20000;
    o.batch = 64;
    ex_parse(&o, argc, argv, EX("recurrent nets: steps, gradients over time, forecast, MNIST by "
                                "rows; a minute",
                                "循环神经网络：一步步展开，梯度随时间，预测，逐行读 MNIST；一分钟"),
             "data epochs batch limit seed threads html quiet", own, 2);
    return o;
}

/* The same by dl_rnn and dl_backward; returns the largest difference. */
static double on_tape(dl_ctx *dl, const unit *u) {
    const dl_real in[STEPS] = {(dl_real)u->x[1], (dl_real)u->x[2], (dl_real)u->x[3]};
    dl_tensor *w[4] = {dl_full(dl, dl_shape2(1, 1), u->wx), dl_full(dl, dl_shape2(1, 1), u->wh),
                       DL_NONE, DL_NONE};                     /* no biases */
    for (int k = 0; k < 2; k++) dl_set_requires_grad(w[k], true);
    dl_sequence r = dl_rnn(dl_from(dl, dl_shape3(1, STEPS, 1), in), w, DL_NONE, NULL);
    dl_backward(dl_sum(r.h));
    if (dl_error(dl)) return HUGE_VAL;
    double worst = ex_larger(fabs((double)w[0]->grad[0] - u->dwx),
                             fabs((double)w[1]->grad[0] - u->dwh));
    for (int t = 1; t <= STEPS; t++)
        worst = ex_larger(worst, fabs((double)r.y->data[t - 1] - u->h[t]));
    dl_tape_clear(dl);
    return worst;
}

/* The norm of the gradient of the input x [1,BACK,8] at each step, counted back from the last. */
static void norms_back(const dl_tensor *x, double norm[BACK]) {
    for (int t = 0; t < BACK && x->grad; t++) {
        double s = 0;
        for (int i = 0; i < 8; i++) s += (double)x->grad[t * 8 + i] * (double)x->grad[t * 8 + i];
        norm[BACK - 1 - t] = sqrt(s);
    }
}

/* Twelve months' growth, and the month's behind them, for each sample. */
static void growths(const double *x, dl_real *in, dl_real *out) {
    for (int s = 0; s < SAMPLES; s++)
        for (int t = 0; t <= YEAR; t++) {
            const dl_real y = (dl_real)(10 * (log(x[s + YEAR + t]) - log(x[s + t])));
            if (t < YEAR) in[s * YEAR + t] = y;                        /* times 10: about 1 */
            else out[s] = y;
        }
}

static void svg_arrow(ex_page *p, double x, double y, double x2, double y2, bool back) {
    const double a = atan2(y2 - y, x2 - x);
    fprintf(p->f, "<path d=\"M%.1f %.1fL%.1f %.1fm%.1f %.1fL%.1f %.1fl%.1f %.1f\" fill=\"none\" "
            "stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\"/>\n", x, y, x2, y2,
            -9 * cos(a - 0.45), -9 * sin(a - 0.45), x2, y2, -9 * cos(a + 0.45), -9 * sin(a + 0.45),
            back ? "#D55E00" : "#0072B2", back ? "5 4" : "none");
}

/* A number of the backward pass, in brown. */
static void svg_gradient(ex_page *p, double x, double y, const char *anchor, double value) {
    char s[24];
    snprintf(s, sizeof s, "%.4f", value);
    ex_svg_text(p, x, y, anchor, 15, "fill=\"#A04000\" font-style=\"italic\"", s);
}

/* The unit unrolled: solid arrows and values forward, dashed ones and gradients back. */
static void draw_unrolled(ex_page *p, const unit *u) {
    const int LEFT = 66, GAP = 172, BOX = 92, MIDDLE = 82;
    char s[60];
    if (p->f == NULL) return;
    ex_page_figure(p, "13-unrolled", EX("A recurrent net unrolled over three steps: states "
                                        "forward, gradients back",
                                        "循环神经网络展开三步：状态向前，梯度向后"));
    ex_svg_begin(p, LEFT + 3 * GAP + 20, 280);
    svg_arrow(p, LEFT - 44, MIDDLE - 14, LEFT - 3, MIDDLE - 14, false);
    ex_svg_text(p, LEFT - 26, MIDDLE - 42, "middle", 15, "", "h0");
    ex_svg_text(p, LEFT - 26, MIDDLE - 23, "middle", 15, "", "0");
    for (int t = 1; t <= STEPS; t++) {
        const double x = LEFT + GAP * (t - 1), half = x + (BOX + GAP) / 2.0;
        fprintf(p->f, "<rect x=\"%.0f\" y=\"%d\" width=\"%d\" height=\"80\" rx=\"8\" fill=\"#fff\" "
                "stroke=\"#333\" stroke-width=\"1.5\"/>\n", x, MIDDLE - 40, BOX);
        ex_svg_text(p, x + BOX / 2, MIDDLE - 14, "middle", 16, "", "tanh");
        snprintf(s, sizeof s, "δ%d =", t);
        ex_svg_text(p, x + BOX / 2, MIDDLE + 9, "middle", 15, "", s);
        svg_gradient(p, x + BOX / 2, MIDDLE + 28, "middle", u->delta[t]);
        svg_arrow(p, x + BOX, MIDDLE - 14, x + GAP - 3, MIDDLE - 14, false);
        snprintf(s, sizeof s, "h%d", t);
        ex_svg_text(p, half, MIDDLE - 42, "middle", 15, "", s);
        snprintf(s, sizeof s, "%.4f", u->h[t]);
        ex_svg_text(p, half, MIDDLE - 23, "middle", 15, "", s);
        svg_arrow(p, x + GAP, MIDDLE + 16, x + BOX + 4, MIDDLE + 16, true);
        svg_gradient(p, half, MIDDLE + 37, "middle", u->dh[t]);
        svg_arrow(p, x + 34, 184, x + 34, MIDDLE + 43, false);
        svg_arrow(p, x + 58, MIDDLE + 42, x + 58, 182, true);
        svg_gradient(p, x + 66, 160, "start", u->delta[t] * u->wx);
        snprintf(s, sizeof s, "x%d = %g", t, u->x[t]);
        ex_svg_text(p, x + BOX / 2, 204, "middle", 16, "", s);
    }
    ex_svg_text(p, LEFT + 3 * GAP + 4, MIDDLE + 6, "start", 16, "", "L");
    snprintf(s, sizeof s, EX("up: times Wx = %g;  to the right: times Wh = %g",
                             "向上：乘 Wx = %g；向右：乘 Wh = %g"), u->wx, u->wh);
    ex_svg_text(p, LEFT, 238, "start", 15, "", s);
    ex_svg_text(p, LEFT, 264, "start", 15, "", EX("dashed, slanted numbers: gradients of L, back",
                                                  "虚线，斜体的数：L 的梯度，向后"));
    ex_svg_end(p);
}

static void show_unrolled(const unit *u, double difference, ex_page *page, bool quiet) {
    ex_page_formula(page, "h(t) = tanh(Wx x(t) + Wh h(t−1) + b)");
    ex_show_text(page, quiet, 2, EX("1. One unit, three steps, and back", "1. 一个单元，三步，再走回来"));
    draw_unrolled(page, u);
    for (int t = 1; t <= STEPS; t++)
        ex_show_text(page, quiet, 0, "h%d = tanh(%g*%g + %g*%.4f) = tanh(%.4f) = %.4f", t, u->wx,
                     u->x[t], u->wh, u->h[t - 1], u->wx * u->x[t] + u->wh * u->h[t - 1], u->h[t]);
    for (int t = STEPS; t >= 1; t--)
        ex_show_text(page, quiet, 0, "dL/dh%d = %.4f, delta%d = %.4f*(1 - %.4f^2) = %.4f", t,
                     u->dh[t], t, u->dh[t], u->h[t], u->delta[t]);
    ex_show_text(page, quiet, 0, "dL/dWh = %.4f*%.4f + %.4f*%.4f + %.4f*0 = %.4f", u->delta[3],
                 u->h[2], u->delta[2], u->h[1], u->delta[1], u->dwh);
    ex_show_text(page, quiet, 0, "dL/dWx = %.4f*%g + %.4f*%g + %.4f*%g = %.4f", u->delta[3],
                 u->x[3], u->delta[2], u->x[2], u->delta[1], u->x[1], u->dwx);
    if (difference < 1e-5)
        ex_show_text(page, quiet, 0, EX("The tape gets the same.", "自动微分得到同样的数。"));
    else ex_show_text(page, quiet, 0, EX("The tape gets something else: they differ by %.4f.",
                                         "自动微分得到的不同：相差 %.4f。"), difference);
}

static void show_gradients(double norm[NETS][BACK], const double *clip, ex_page *page, bool quiet) {
    ex_axes axes = {EX("|dL/dx| at the input some steps back", "若干步之前的输入处的 |dL/dx|"),
                    EX("steps back", "往回的步数"), EX("norm", "范数"), 0, 0, 0, 0, true};
    const ex_curve c[NETS] = {{"RNN", NULL, norm[0], BACK}, {"LSTM", NULL, norm[1], BACK},
                              {"GRU", NULL, norm[2], BACK},
                              {EX("LSTM in chunks", "LSTM，分段"), NULL, norm[3], CHUNK},
                              {EX("exploding", "爆炸"), NULL, norm[4], BACK}};
    ex_show_text(page, quiet, 2, EX("2. How much the last state depends on the input some steps "
                                    "back, |dL/dx|",
                                    "2. 最后的状态多大程度取决于若干步之前的输入，|dL/dx|"));
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("steps back|1|10|30|31|60", "往回的步数|1|10|30|31|60"));
    for (int k = 0; k < NETS; k++)
        ex_show_row(page, quiet, false, "%s|%.2g|%.2g|%.2g|%.2g|%.2g", c[k].name, norm[k][0],
                    norm[k][9], norm[k][29], norm[k][30], norm[k][59]);
    ex_page_table(page, false);
    ex_show_text(page, quiet, 0,
                 EX("The last one is a ReLU net with W_h times 4: |dL/dW_h| = %.3g, clipped to "
                    "%.3g.", "最后一行是 W_h 乘以 4 的 ReLU 网络：|dL/dW_h| = %.3g，裁剪到 %.3g。"), clip[0],
                 clip[1]);
    ex_show_text(page, quiet, 0,
                 EX("The LSTM in chunks reads %d steps at a time: the state crosses the border, "
                    "the gradient does not, so it is 0 from step %d back. Each row is one random "
                    "net on one random input: now and then a norm rises on the way back.",
                    "分段的 LSTM 每次读 %d 步：状态越过边界，梯度不越过，所以从第 %d 步起是 0。"
                    "每行只是一个随机的网络、一个随机的输入，数值偶尔也会上升。"), CHUNK, CHUNK + 1);
    ex_page_figure(page, "13-gradients", EX("The norm of the gradient against the steps back, for "
                                            "five nets", "五种网络的梯度范数，随往回的步数"));
    ex_page_plot(page, axes, c, NETS);
}

/* error: the mean absolute percentage over the last 24 months of the net, of last year, of last
   year with last month's growth. */
static void show_forecast(const double *x, const dl_real *in, const double *growth, double error[3],
                          ex_page *page, bool quiet) {
    double shown[3][TEST_MONTHS];
    error[0] = error[1] = error[2] = 0;
    for (int i = 0; i < TEST_MONTHS; i++) {
        const int s = SAMPLES - TEST_MONTHS + i;
        const double last = x[s + YEAR], real = x[s + 2 * YEAR];
        const double said[3] = {last * exp(growth[s]), last,
                                last * exp((double)in[s * YEAR + YEAR - 1] / 10)};
        for (int k = 0; k < 3; k++)
            error[k] += 100 * fabs(said[k] - real) / real / (double)TEST_MONTHS;
        shown[0][i] = real;
        shown[1][i] = said[0];
        shown[2][i] = last;
    }
    ex_axes axes = {EX("Passengers, the last 24 months", "乘客，最后 24 个月"), EX("month", "月"),
                    EX("thousands", "千人"), 0, 0, 0, 0, false};
    const ex_curve c[3] = {{EX("real", "实际"), NULL, shown[0], TEST_MONTHS},
                           {"LSTM", NULL, shown[1], TEST_MONTHS},
                           {EX("as last year", "同去年"), NULL, shown[2], TEST_MONTHS}};
    ex_show_text(page, quiet, 2, EX("3. A forecast one month ahead", "3. 提前一个月的预测"));
    ex_show_text(page, quiet, 0,
                 EX("Mean error in the last 24 months: LSTM %.2f %%, as last year %.2f %%, last "
                    "year with last month's growth %.2f %%.",
                    "最后 24 个月的平均误差：LSTM %.2f%%，同去年 %.2f%%，去年乘以上个月的年增长 %.2f%%。"),
                 error[0], error[1], error[2]);
    ex_page_figure(page, "13-forecast", EX("Real passengers, the forecast, and last year's",
                                           "实际乘客数，预测，以及去年同月"));
    ex_page_plot(page, axes, c, 3);
}

static void show_rows(dl_model *const net[3], const dl_metrics r[3], ex_page *page, bool quiet) {
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("net|parameters|test accuracy, %%",
                                      "网络|参数|测试准确率（%%）"));
    for (int k = 0; k < 3; k++)
        ex_show_row(page, quiet, false, "%s|%lld|%.2f", names[k],
                    (long long)dl_model_param_count(net[k]), 100 * r[k].accuracy);
    ex_page_table(page, false);
    ex_show_now_you(page, quiet,
                    EX("with no more input the unit of part 1 forgets, since W_h = 0.9. Let W_h be "
                       "1.5. Where does h_t go, if you give it time?",
                       "没有新的输入，第 1 部分的单元会忘，因为 W_h = 0.9。把 W_h 改成 1.5。时间够久，"
                       "h_t 走向哪里？"),
                    EX("To 0.859, where h = tanh(1.5 h): it never forgets that there was an input. "
                       "But now it cannot take in another one.",
                       "走向 0.859，那里 h = tanh(1.5 h)：它永远记得有过输入。但别的输入也进不来了。"));
}
