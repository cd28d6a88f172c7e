/* 05 - eight optimizers race down a narrow valley, then on handwritten digits.

   The documents name gradient descent, RMSprop (S0), Adam (S1, S2, S3) and Adadelta (S4) without
   their formulas. All start from g = dL/dw; they differ in how far they go along it.

     @F S0-4.3  SGD        w -= lr g
     @F S0-2.4  momentum   v = mu v + lr g;  w -= v        Nesterov: look ahead, w -= mu v + lr g
     @F S0-2.4  Adagrad    a += g^2;  w -= lr g / sqrt(a + eps)
     @F S0-5    RMSprop    a = rho a + (1-rho) g^2;  w -= lr g / sqrt(a + eps)
     @F S4-5    Adadelta   as RMSprop, with a running mean of its own past steps in lr's place
     @F S1-4    Adam       momentum over RMSprop, both corrected for their start at 0
                AdamW      Adam, and w -= lr decay w

   The valley is f(u,v) = (u^2 + k v^2) / 2, u and v counted from its lowest point: k times as steep
   across as along. Gradient descent diverges across when lr > 2/k, and with so small an lr it
   crawls along. Each optimizer runs with the best of 21 learning rates, so the race is fair.
   Methods that divide by sqrt(a) scale each coordinate by itself, which helps as long as the valley
   lies along a coordinate. So there is a second race in the same valley, turned by 45 degrees.

       gcc -O2 examples/05_optimizers.c -o optimizers -lm && ./optimizers                        */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { RACERS = 8, STEPS = 200, SHOWN = 60, RATES = 21 };
typedef struct run {
    double lr, w0[STEPS + 1], w1[STEPS + 1], f[STEPS + 1];
    int    arrived;                     /* f stays below 1/1000 of its start from this step on */
} run;

/* Optimizer i, with what it usually has besides its learning rate. */
static dl_optim racer(int i, double lr) {
    switch (i) {
    case 0: return dl_sgd(lr);
    case 1: return dl_momentum(lr, 0.9);
    case 2: return dl_nesterov(lr, 0.9);
    case 3: return dl_adagrad(lr);
    case 4: return dl_rmsprop(lr);
    case 5: return dl_adadelta(lr);
    case 6: return dl_adam(lr);
    default: return dl_adamw(lr);
    }
}

/* One run from w = 0; f as a formula, its gradient from the tape. Turned, the valley lies askew. */
static bool roll(dl_ctx *dl, run *r, dl_optim kind, double k, bool turned) {
    const double c = turned ? sqrt(0.5) : 1, s = turned ? sqrt(0.5) : 0;
    const dl_real turn[4] = {(dl_real)c, (dl_real)s, (dl_real)-s, (dl_real)c};
    const dl_real lowest[2] = {8, -2}, steep[2] = {1, (dl_real)k};
    dl_tensor *w = dl_param(dl, dl_shape2(1, 2), dl_init_zeros());
    dl_optimizer *optimizer = dl_optimizer_new(dl, kind, &w, 1);
    bool ok = w != NULL;
    r->lr = kind.lr;
    r->arrived = 0;
    for (int t = 0; ok && t <= STEPS; t++) {
        dl_tensor *at = dl_linear(w, dl_from(dl, dl_shape2(2, 2), turn), DL_NONE);
        dl_tensor *uv = dl_sub(at, dl_from(dl, dl_shape1(2), lowest));
        dl_tensor *curved = dl_mul(dl_square(uv), dl_from(dl, dl_shape1(2), steep));
        dl_tensor *f = dl_mul_scalar(dl_sum(curved), 0.5);          /* f = (u^2 + k v^2) / 2     */
        dl_optimizer_zero_grad(optimizer);
        ok = dl_backward(f);
        r->w0[t] = (double)w->data[0];
        r->w1[t] = (double)w->data[1];
        r->f[t] = dl_item(f);
        if (!(r->f[t] < 1e-3 * r->f[0])) r->arrived = t + 1;
        const bool climbed = !(r->f[t] <= r->f[0]);                 /* too fast: give it up      */
        if (climbed) r->arrived = STEPS + 2;
        ok = ok && dl_optimizer_step(optimizer);
        dl_tape_clear(dl);
        if (climbed) break;
    }
    dl_optimizer_free(optimizer);
    dl_tensor_free(w);
    return ok;
}

/* The best of 21 learning rates, .001 to 100: soonest there; of two as soon, the lower at last. */
static bool best_run(dl_ctx *dl, run *best, int optimizer, double k, bool turned) {
    static run trial;
    for (int j = 0; j < RATES; j++) {
        if (!roll(dl, &trial, racer(optimizer, 0.001 * pow(10, j / 4.0)), k, turned)) return false;
        if (j == 0 || trial.arrived < best->arrived ||
            (trial.arrived == best->arrived && trial.f[STEPS] < best->f[STEPS]))
            *best = trial;
    }
    return true;
}

/* Digits, with Keras' usual learning rates: a copy of start, trained by one optimizer. */
static const double usual[RACERS] = {.01, .01, .01, .001, .001, 1, .001, .001};
static dl_metrics digits(dl_ctx *dl, const dl_model *start, dl_optim optimizer,
                         const dl_data *train, const dl_data *test, const ex_options *o,
                         double *seconds) {
    dl_model *net = dl_model_clone(dl, start);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, optimizer);
    const dl_fit fit = ex_fit(o);
    dl_model_fit(net, train, &fit);
    dl_metrics m = dl_model_evaluate(net, test);
    *seconds += ex_fit_seconds(net);
    dl_model_free(net);
    return m;
}

/* ------------------------------------------------------------------------- the program ---- */

/* Behind main: Adam by hand; what came out, the paths. */
static void show_adam(bool quiet);
static void show_valley(ex_page *page, run (*best)[RACERS], double k, bool quiet);
static void show_digits(ex_page *page, const dl_metrics *m, int count, int epochs, bool quiet);

int main(int argc, char **argv) {
    static run best[2][RACERS];
    double k = 100, seconds = 0;
    int winner = 0, top = 0;
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[1] = {{"steep", EX_REAL, &k, 1, 10000,
                                 EX("k, how steep across the valley", "k，山谷横向有多陡")}};
    o.epochs = 1;
    o.limit = 10000;
    ex_parse(&o, argc, argv, EX("eight optimizers race down a narrow valley, and on MNIST; seconds",
                                "八个优化器在狭窄的山谷里、在 MNIST 上赛跑；几秒"),
             "data epochs batch limit seed threads html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Optimizers race", "优化器赛跑"));
    show_adam(o.quiet);

    for (int i = 0; i < RACERS; i++) {
        if (!best_run(dl, &best[0][i], i, k, false)) return ex_end(dl, &o);
        if (!best_run(dl, &best[1][i], i, k, true)) return ex_end(dl, &o);
        if (best[0][i].arrived < best[0][winner].arrived) winner = i;
    }
    show_valley(&page, best, k, o.quiet);

    /* Digits: 784 - 64 relu - 10 softmax, the same start for all. */
    dl_metrics m[RACERS];
    dl_model *start = dl_model_new(dl, dl_shape1(784));
    dl_model_add_dense(start, 64, DL_RELU);
    dl_model_add_dense(start, 10, DL_SOFTMAX);
    for (int i = 0; i < RACERS; i++) {
        m[i] = digits(dl, start, racer(i, usual[i]), train, test, &o, &seconds);
        if (m[i].accuracy > m[top].accuracy) top = i;
    }
    if (dl_error(dl)) return ex_end(dl, &o);
    show_digits(&page, m, (int)dl_data_count(train), o.epochs, o.quiet);
    ex_page_close(&page, o.quiet);
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f valley_winner=%s valley_steps=%d",
              m[top].accuracy, m[top].loss, seconds, racer(winner, 1).type->name,
              best[0][winner].arrived);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* Two steps of Adam, lr 0.1, for paper: gradients 2 and 1; then one step at a tiny gradient, where
   PyTorch's eps (beside the root of v_hat) and Keras' (beside that of v) part. */
static void show_adam(bool quiet) {
    dl_real w = 1, m = 0, v = 0;
    const dl_real g[2] = {2, 1}, tiny = (dl_real)1e-7;
    ex_say(quiet, EX("Adam by hand, lr = 0.1, w = 1:\n", "手算 Adam，lr = 0.1，w = 1：\n"));
    for (int t = 1; t <= 2; t++) {
        dlk_adam_step(&w, &g[t - 1], &m, &v, 1, 0.1, 0.9, 0.999, 1e-8, t, false);
        ex_say(quiet, "  t = %d:  g = %g  m = %.4f  v = %.6f  w = %.4f\n", t, (double)g[t - 1],
               (double)m, (double)v, (double)w);
    }
    for (int keras = 0; keras < 2; keras++) {
        w = m = v = 0;
        dlk_adam_step(&w, &tiny, &m, &v, 1, 0.1, 0.9, 0.999, keras ? 1e-7 : 1e-8, 1, keras != 0);
        ex_say(quiet, EX("  %-7s  eps = %.0e  g = 1e-07:  step %.4f\n",
                         "  %-7s  eps = %.0e  g = 1e-07：  步长 %.4f\n"),
               keras ? "Keras" : "PyTorch", keras ? 1e-7 : 1e-8, -(double)w);
    }
}

/* Contours of f, ellipses four times apart, and the paths of all over them. */
static void show_paths(ex_page *page, run *best, double k, bool turned) {
    enum { LEVELS = 10, AROUND = 121 };
    static double cu[LEVELS][AROUND], cv[LEVELS][AROUND];
    const double co = turned ? sqrt(0.5) : 1, si = turned ? sqrt(0.5) : 0;
    const ex_axes along = {EX("Paths, the valley along w0", "沿坐标轴的山谷"), "w0", "w1",
                           -1.5, 12, -4.5, 1.5, false};
    const ex_axes askew = {EX("Paths, the valley turned", "转了 45 度的山谷"), "w0", "w1",
                           -3, 13, -4, 9, false};
    ex_curve c[LEVELS + RACERS];
    for (int i = 0; i < LEVELS; i++) {
        const double f = (32 + 2 * k) / pow(4, i - 1);
        for (int j = 0; j < AROUND; j++) {
            const double a = 6.283185307179586 * j / (AROUND - 1);
            const double u = 8 + sqrt(2 * f) * cos(a), v = -2 + sqrt(2 * f / k) * sin(a);
            cu[i][j] = co * u - si * v;
            cv[i][j] = si * u + co * v;
        }
        c[i] = ex_curve_of(NULL, cu[i], cv[i], AROUND);
    }
    for (int i = 0; i < RACERS; i++)
        c[LEVELS + i] = ex_curve_of(racer(i, 1).type->name, best[i].w0, best[i].w1, SHOWN + 1);
    ex_page_figure(page, turned ? "05-turned" : "05-paths",
                   EX("Paths of eight optimizers over the contours of a narrow valley",
                      "八个优化器在狭窄山谷的等高线上的路径"));
    ex_page_plot(page, turned ? askew : along, c, LEVELS + RACERS);
}

static const char *arrival(const run *r, char text[16]) {
    if (r->arrived > STEPS) return EX("never", "未到");
    snprintf(text, 16, "%d", r->arrived);
    return text;
}

static void show_valley(ex_page *page, run (*best)[RACERS], double k, bool quiet) {
    const ex_axes fall = {EX("How f falls, the valley along w0", "函数值下降，沿坐标轴的山谷"),
                          EX("step", "步"), "f", 0, 0, 1e-8, 1e3, true};
    ex_curve c[RACERS];
    char s[2][16];
    ex_page_formula(page, "f = (u² + k v²) / 2");
    ex_show_text(page, quiet, 2, EX("The valley (u^2 + %g v^2) / 2: steps until f stays below "
                                    "0.1 %%", "山谷 (u^2 + %g v^2) / 2：多少步之后 f 一直低于 0.1 %%"), k);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("optimizer|best lr|steps|best lr, turned|steps, turned",
                                      "优化器|最好 lr|步数|转 45 度的 lr|转后步数"));
    for (int i = 0; i < RACERS; i++)
        ex_show_row(page, quiet, false, "%s|%.3g|%s|%.3g|%s", racer(i, 1).type->name,
                    best[0][i].lr, arrival(&best[0][i], s[0]), best[1][i].lr,
                    arrival(&best[1][i], s[1]));
    ex_page_table(page, false);
    ex_show_text(page, quiet, 0,
                 EX("Adadelta wants a large lr here: its steps begin at about lr / 1000 and "
                    "lengthen bit by bit; %d steps are too few for that with lr = 1. (100 is the "
                    "largest tried.)",
                    "Adadelta 在这里要很大的 lr：它的步子从约 lr / 1000 开始，慢慢变长；lr = 1 时 %d 步不够。"
                    "（最大只试到 100。）"), STEPS);
    show_paths(page, best[0], k, false);
    show_paths(page, best[1], k, true);
    for (int i = 0; i < RACERS; i++)
        c[i] = ex_curve_of(racer(i, 1).type->name, NULL, best[0][i].f, STEPS + 1);
    ex_page_figure(page, "05-race", EX("f after each step, eight optimizers, powers of ten",
                                       "八个优化器每一步之后的 f，对数坐标"));
    ex_page_plot(page, fall, c, RACERS);
    ex_page_text(page, 0, EX("The paths show the first %d steps from (0, 0), each optimizer with "
                             "its best learning rate.",
                             "路径是从 (0, 0) 开始的前 %d 步，各用自己最好的学习率。"), SHOWN);
}

static void show_digits(ex_page *page, const dl_metrics *m, int count, int epochs, bool quiet) {
    ex_show_text(page, quiet, 2, EX("Digits, %d images, epochs: %d", "手写数字，%d 张，轮数：%d"),
                 count, epochs);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("optimizer|lr|test accuracy|test loss",
                                      "优化器|lr|测试准确率|测试损失"));
    for (int i = 0; i < RACERS; i++)
        ex_show_row(page, quiet, false, "%s|%g|%.2f %%|%.4f", racer(i, 1).type->name, usual[i],
                    100 * m[i].accuracy, m[i].loss);
    ex_page_table(page, false);
    ex_show_now_you(page, quiet,
                    EX("--steep 2 makes the valley wide. Who still needs momentum?",
                       "--steep 2 让山谷变宽。谁还需要动量？"),
                    EX("Nobody: with curvatures 1 and 2 plain gradient descent arrives in a few "
                       "steps.", "谁也不需要：曲率是 1 和 2 时，普通的梯度下降几步就到。"));
}
