/* 05 - eight optimizers race down a narrow valley, then on handwritten digits.

   The documents name gradient descent, RMSprop (S0), Adam (S1, S2, S3) and Adadelta (S4) without
   their formulas. All start from g = dL/dw; they differ in how far they go along it.

     @F S0-3.3  SGD        w -= lr g
     @F S0-2.4  momentum   v = mu v + lr g;  w -= v        Nesterov: look ahead, w -= mu v + lr g
     @F S0-2.4  Adagrad    a += g^2;  w -= lr g / sqrt(a + eps)
     @F S0-4    RMSprop    a = rho a + (1-rho) g^2;  w -= lr g / sqrt(a + eps)
     @F S4-5    Adadelta   as RMSprop, with a running mean of its own past steps in lr's place
     @F S1-4    Adam       momentum over RMSprop, both corrected for their start at 0
                AdamW      Adam, and w -= lr decay w

   The valley is f(u,v) = (u^2 + k v^2) / 2: k times as steep across as along. Gradient descent
   diverges across when lr > 2/k, and with so small an lr it crawls along. Each optimizer runs with
   the best of 21 learning rates, so the race is fair. Methods that divide by sqrt(a) scale each
   coordinate by itself, and the valley lies along the coordinates: --angle 45 turns it, and their
   advantage is gone.

       gcc -O2 examples/05_optimizers.c -o optimizers -lm && ./optimizers                        */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { RACERS = 8, STEPS = 200, RATES = 21 };
typedef struct run {
    double lr, u[STEPS + 1], v[STEPS + 1], f[STEPS + 1];
    int    arrived;                     /* f stays below 1/1000 of its start from this step on */
} run;

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

/* One run from the start to the end of its steps; f as a formula, its gradient from the tape. */
static bool roll(dl_ctx *dl, run *r, dl_optim kind, double k, double angle) {
    const double c = cos(angle), s = sin(angle), u0 = -8, v0 = 2;
    dl_real turn[4] = {(dl_real)c, (dl_real)s, (dl_real)-s, (dl_real)c}, steep[2] = {1, (dl_real)k};
    dl_real start[2] = {(dl_real)(c * u0 - s * v0), (dl_real)(s * u0 + c * v0)};
    dl_tensor *w = dl_param(dl, dl_shape2(1, 2), dl_init_zeros());
    dl_optimizer *optimizer = dl_optimizer_new(dl, kind, &w, 1);
    bool ok = dl_copy_in(w, start);
    r->lr = kind.lr;
    r->arrived = 0;
    for (int t = 0; ok && t <= STEPS; t++) {
        dl_tensor *uv = dl_linear(w, dl_from(dl, dl_shape2(2, 2), turn), DL_NONE);
        dl_tensor *curved = dl_mul(dl_square(uv), dl_from(dl, dl_shape2(1, 2), steep));
        dl_tensor *f = dl_mul_scalar(dl_sum(curved), 0.5);          /* f = (u^2 + k v^2) / 2     */
        dl_zero_grad(optimizer);
        ok = dl_backward(f);
        r->u[t] = (double)w->data[0], r->v[t] = (double)w->data[1], r->f[t] = dl_item(f);
        if (!(r->f[t] < 1e-3 * r->f[0])) r->arrived = t + 1;
        ok = ok && dl_step(optimizer);
        dl_tape_clear(dl);
    }
    dl_optimizer_free(optimizer);
    dl_tensor_free(w);
    return ok;
}

static void write_page(ex_page *page, const run *best, double k, double angle) {
    enum { LEVELS = 9, AROUND = 121 };
    static double cu[LEVELS][AROUND], cv[LEVELS][AROUND];
    double wide = angle == 0 ? 3 : 9.5;
    ex_curve c[LEVELS + RACERS];
    ex_axes map = {"Paths · 路径", "w0", "w1", -9.5, angle == 0 ? 4 : 9.5, -wide, wide, false};
    ex_axes fall = {"How f falls · 函数值下降", "step · 步", "f", 0, 0, 1e-8, 1e3, true};
    for (int i = 0; i < LEVELS; i++) {                /* contours of f: ellipses, four times apart */
        double f = 200 / pow(4, i);
        for (int j = 0; j < AROUND; j++) {
            double a = 6.283185307179586 * j / (AROUND - 1);
            double u = sqrt(2 * f) * cos(a), v = sqrt(2 * f / k) * sin(a);
            cu[i][j] = cos(angle) * u - sin(angle) * v;
            cv[i][j] = sin(angle) * u + cos(angle) * v;
        }
        c[i].name = NULL, c[i].x = cu[i], c[i].y = cv[i], c[i].n = AROUND;
    }
    for (int i = 0; i < RACERS; i++) {
        ex_curve *r = &c[LEVELS + i];
        r->name = dl_optim_name(racer(i, 1).kind);
        r->x = best[i].u, r->y = best[i].v, r->n = STEPS + 1;
    }
    ex_page_text(page, 0, "Each optimizer with its best learning rate, %d steps from the left end to "
                 "the middle of the valley. · 每个优化器用各自最好的学习率，从山谷左端走 %d 步到谷底。",
                 STEPS, STEPS);
    ex_page_plot(page, map, c, LEVELS + RACERS);
    for (int i = 0; i < RACERS; i++) c[LEVELS + i].x = NULL, c[LEVELS + i].y = best[i].f;
    ex_page_plot(page, fall, c + LEVELS, RACERS);
}

int main(int argc, char **argv) {
    static run best[RACERS], trial;
    double k = 25, degrees = 0, angle, top = 0, top_loss = 0;
    int winner = 0;
    ex_option extra[2] = {{"steep", EX_REAL, NULL, 1, 10000, "k, how steep across the valley"},
                          {"angle", EX_REAL, NULL, -360, 360, "turn the valley by N degrees"}};
    ex_options o = ex_options_default();
    o.epochs = 1, o.batch = 32, o.limit = 10000;
    extra[0].value = &k, extra[1].value = &degrees;
    ex_parse(&o, argc, argv, "eight optimizers race down a narrow valley, and on MNIST",
             "data epochs batch limit seed threads html quiet", extra, 2);
    angle = degrees * 3.141592653589793 / 180;
    dl_ctx *dl = ex_begin(&o);
    ex_page page = ex_page_open(&o, "Optimizers race · 优化器赛跑");

    for (int i = 0; i < RACERS; i++)
        for (int j = 0; j < RATES; j++) {             /* learning rates .001 to 100 */
            if (!roll(dl, &trial, racer(i, 0.001 * pow(10, j / 4.0)), k, angle))
                return ex_end(dl, &o);
            if (j == 0 || trial.arrived < best[i].arrived ||
                (trial.arrived == best[i].arrived && trial.f[STEPS] < best[i].f[STEPS]))
                best[i] = trial;
        }
    for (int i = 0; i < RACERS; i++)
        if (best[i].arrived < best[winner].arrived) winner = i;
    if (!o.quiet) {
        printf("The valley (u^2 + %g v^2) / 2, turned by %g degrees:\n\n", k, degrees);
        printf("%-10s %9s %14s %12s\n", "", "best lr", "steps to .1 %", "f at the end");
    }
    ex_page_text(&page, 2, "Down a narrow valley · 下到狭窄的山谷");
    if (page.f) write_page(&page, best, k, angle);
    ex_page_table(&page, true);
    ex_page_row(&page, true, "optimizer · 优化器|best lr · 学习率|steps to 0.1 %% · 步数|f at the end · 终值");
    for (int i = 0; i < RACERS; i++) {
        const char *name = dl_optim_name(racer(i, 1).kind);
        char steps[16] = "never";
        if (best[i].arrived <= STEPS) snprintf(steps, sizeof steps, "%d", best[i].arrived);
        ex_page_row(&page, false, "%s|%.3g|%s|%.1e", name, best[i].lr, steps, best[i].f[STEPS]);
        if (!o.quiet) printf("%-10s %9.3g %14s %12.1e\n", name, best[i].lr, steps, best[i].f[STEPS]);
    }
    ex_page_table(&page, false);

    /* Digits: 784 - 64 relu - 10 softmax, the same start for all, Keras' usual learning rates. */
    static const double usual[RACERS] = {.01, .01, .01, .001, .001, 1, .001, .001};
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) printf("\nDigits, %d images, epochs: %d\n\n%-10s %9s %14s %12s\n",
                         (int)train->count, o.epochs, "", "lr", "test accuracy", "test loss");
    ex_page_text(&page, 2, "On digits · 在手写数字上");
    ex_page_table(&page, true);
    ex_page_row(&page, true, "optimizer · 优化器|lr · 学习率|test accuracy · 准确率|test loss · 损失");
    double seconds = 0;
    dl_model *start = dl_model_new(dl, dl_shape1(784));
    dl_model_add_dense(start, 64, DL_RELU);
    dl_model_add_dense(start, 10, DL_SOFTMAX);
    for (int i = 0; i < RACERS; i++) {
        dl_model *net = dl_model_clone(dl, start);    /* all from the same weights */
        dl_fit fit = dl_fit_default();
        dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, racer(i, usual[i]));
        fit.epochs = o.epochs, fit.batch_size = o.batch, fit.verbose = 0;
        dl_model_fit(net, train, &fit);
        dl_metrics m = dl_model_evaluate(net, test);
        seconds += ex_fit_seconds(net);
        if (dl_error(dl)) return ex_end(dl, &o);
        if (m.accuracy > top) top = m.accuracy, top_loss = m.loss;
        ex_page_row(&page, false, "%s|%g|%.2f %%|%.4f", dl_optim_name(racer(i, 1).kind), usual[i],
                    100 * m.accuracy, m.loss);
        if (!o.quiet) printf("%-10s %9g %12.2f %% %12.4f\n", dl_optim_name(racer(i, 1).kind),
                             usual[i], 100 * m.accuracy, m.loss);
        dl_model_free(net);
    }
    ex_page_table(&page, false);
    ex_page_close(&page, o.quiet);
    if (!o.quiet) printf("\nNow you: --angle 45 turns the valley. Who loses most?\n\n");
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f valley_winner=%s valley_steps=%d", top,
              top_loss, seconds, dl_optim_name(racer(winner, 1).kind), best[winner].arrived);
    return ex_end(dl, &o);
}
