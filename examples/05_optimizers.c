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
#include "../dl.h"
#include "example.h"

enum { RACERS = 8, STEPS = 200, SHOWN = 60, RATES = 21 };
typedef struct run {
    double lr, w0[STEPS + 1], w1[STEPS + 1], f[STEPS + 1];
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
        r->w0[t] = (double)w->data[0], r->w1[t] = (double)w->data[1], r->f[t] = dl_item(f);
        if (!(r->f[t] < 1e-3 * r->f[0])) r->arrived = t + 1;
        if (!(r->f[t] <= r->f[0])) { r->arrived = STEPS + 2; t = STEPS; }   /* climbed: too fast */
        ok = ok && dl_optimizer_step(optimizer);
        dl_tape_clear(dl);
    }
    dl_optimizer_free(optimizer);
    dl_tensor_free(w);
    return ok;
}

static void write_page(ex_page *page, run (*best)[RACERS], double k) {
    enum { LEVELS = 10, AROUND = 121 };
    static double cu[LEVELS][AROUND], cv[LEVELS][AROUND];
    ex_curve c[LEVELS + RACERS];
    ex_axes map[2] = {{"Paths, valley along w0 · 沿坐标轴的山谷", "w0", "w1", -1.5, 12, -4.5, 1.5, false},
                      {"Paths, valley turned · 转了 45 度的山谷", "w0", "w1", -3, 13, -4, 9, false}};
    ex_axes fall = {"How f falls · 函数值下降", "step · 步", "f", 0, 0, 1e-8, 1e3, true};
    for (int turned = 0; turned < 2; turned++) {
        const double co = turned ? sqrt(0.5) : 1, si = turned ? sqrt(0.5) : 0;
        for (int i = 0; i < LEVELS; i++) {          /* contours of f: ellipses, four times apart */
            double f = (32 + 2 * k) / pow(4, i - 1);
            for (int j = 0; j < AROUND; j++) {
                double a = 6.283185307179586 * j / (AROUND - 1);
                double u = 8 + sqrt(2 * f) * cos(a), v = -2 + sqrt(2 * f / k) * sin(a);
                cu[i][j] = co * u - si * v;
                cv[i][j] = si * u + co * v;
            }
            c[i].name = NULL, c[i].x = cu[i], c[i].y = cv[i], c[i].n = AROUND;
        }
        for (int i = 0; i < RACERS; i++) {
            ex_curve *r = &c[LEVELS + i];
            r->name = racer(i, 1).type->name;
            r->x = best[turned][i].w0, r->y = best[turned][i].w1, r->n = SHOWN + 1;
        }
        ex_page_plot(page, map[turned], c, LEVELS + RACERS);
    }
    for (int i = 0; i < RACERS; i++)
        c[LEVELS + i].x = NULL, c[LEVELS + i].y = best[0][i].f, c[LEVELS + i].n = STEPS + 1;
    ex_page_plot(page, fall, c + LEVELS, RACERS);
    ex_page_text(page, 0, "The paths show the first %d steps from (0, 0), each optimizer with its "
                 "best learning rate; the last plot is the straight valley's. · 路径为前 %d 步，各用最好的学习率。",
                 SHOWN, SHOWN);
}

static const char *arrival(const run *r, char *text, size_t size) {
    if (r->arrived > STEPS) return "never";
    snprintf(text, size, "%d", r->arrived);
    return text;
}

int main(int argc, char **argv) {
    static run best[2][RACERS], trial;
    double k = 100, top = 0, top_loss = 0, seconds = 0;
    int winner = 0;
    char s[16], s2[16];
    ex_option extra[1] = {{"steep", EX_REAL, NULL, 1, 10000, "k, how steep across the valley"}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 1, o.batch = 32, o.limit = 10000;
    extra[0].value = &k;
    ex_parse(&o, argc, argv, "eight optimizers race down a narrow valley, and on MNIST",
             "data epochs batch limit seed threads html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "Optimizers race · 优化器赛跑");

    for (int i = 0; i < 2 * RACERS; i++) {
        run *b = &best[i / RACERS][i % RACERS];
        for (int j = 0; j < RATES; j++) {             /* learning rates .001 to 100 */
            dl_optim kind = racer(i % RACERS, 0.001 * pow(10, j / 4.0));
            if (!roll(dl, &trial, kind, k, i >= RACERS)) return ex_end(dl, &o);
            if (j == 0 || trial.arrived < b->arrived ||
                (trial.arrived == b->arrived && trial.f[STEPS] < b->f[STEPS]))
                *b = trial;
        }
        if (i < RACERS && b->arrived < best[0][winner].arrived) winner = i;
    }
    if (!o.quiet) printf("The valley (u^2 + %g v^2) / 2: steps until f stays below 0.1 %%\n\n"
                         "%-10s %10s %8s %16s %8s\n", k, "", "best lr", "steps", "turned: best lr",
                         "steps");
    ex_page_text(&page, 2, "Down a narrow valley · 下到狭窄的山谷");
    ex_page_table(&page, true);
    ex_page_row(&page, true, "steps to 0.1 %% · 步数|best lr|straight · 正|best lr|turned · 转 45°");
    for (int i = 0; i < RACERS; i++) {
        const char *name = racer(i, 1).type->name;
        const run *b = &best[0][i], *t = &best[1][i];
        ex_page_row(&page, false, "%s|%.3g|%s|%.3g|%s", name, b->lr, arrival(b, s, sizeof s), t->lr,
                    arrival(t, s2, sizeof s2));
        if (!o.quiet) printf("%-10s %10.3g %8s %16.3g %8s\n", name, b->lr, arrival(b, s, sizeof s),
                             t->lr, arrival(t, s2, sizeof s2));
    }
    ex_page_table(&page, false);
    if (!o.quiet)
        printf("\nAdadelta wants a large lr here: it starts with steps of about lr / 1000 and "
               "lengthens them\nbit by bit, and %d steps are too few for that with lr = 1. (100 is "
               "the largest lr tried.)\n", STEPS);
    if (page.f) write_page(&page, best, k);

    /* Digits: 784 - 64 relu - 10 softmax, the same start for all, Keras' usual learning rates. */
    static const double usual[RACERS] = {.01, .01, .01, .001, .001, 1, .001, .001};
    if (!o.quiet) printf("\nDigits, %d images, epochs: %d\n\n%-10s %9s %14s %12s\n",
                         (int)dl_data_count(train), o.epochs, "", "lr", "test accuracy",
                         "test loss");
    ex_page_text(&page, 2, "On digits · 在手写数字上");
    ex_page_table(&page, true);
    ex_page_row(&page, true, "optimizer · 优化器|lr · 学习率|test accuracy · 准确率|test loss · 损失");
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
        ex_page_row(&page, false, "%s|%g|%.2f %%|%.4f", racer(i, 1).type->name, usual[i],
                    100 * m.accuracy, m.loss);
        if (!o.quiet) printf("%-10s %9g %12.2f %% %12.4f\n", racer(i, 1).type->name,
                             usual[i], 100 * m.accuracy, m.loss);
        dl_model_free(net);
    }
    ex_page_table(&page, false);
    ex_page_close(&page, o.quiet);
    if (!o.quiet)
        printf("\nNow you: --steep 2 makes the valley wide. Who still needs momentum?\n\n");
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f valley_winner=%s valley_steps=%d",
              top, top_loss, seconds, racer(winner, 1).type->name, best[0][winner].arrived);
    return ex_end(dl, &o);
}
