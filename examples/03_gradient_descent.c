/* 03 - gradient descent: one number rolling down a parabola, two in a valley, then a straight line
   through points. The same rule everywhere, and one limit for its learning rate.

     @F S0-4.2  dW = -eta dL/dW
     @F S0-4.3  W <- W - eta dL/dW,  b <- b - eta dL/db
     @F S1-3.1  theta_{t+1} = theta_t - alpha dJ/dtheta, taken at theta_t (the document omits t)
     @F S3-3.2  the same with "=", which means "becomes"

   On L = lambda/2 w^2 a step multiplies w by 1 - eta lambda: it shrinks for 0 < eta < 2 / lambda,
   and beyond that every step makes it worse.

       gcc -O2 examples/03_gradient_descent.c -o descent -lm && ./descent                        */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { STEPS = 30, RATES = 4, POINTS = 20, EPOCHS = 200 };

/* w on L = 2 w^2 (lambda = 4), from 1, out loud. */
static void parabola(double eta, bool quiet) {
    double w = 1;
    if (quiet) return;
    printf("  eta = %g:  w = 1", eta);
    for (int t = 0; t < 5; t++) {
        w = w - eta * 4 * w;                                       /* dL/dw = 4 w */
        printf(" -> %.4g", w);
    }
    printf("\n");
}

/* (u, v) on L = (u^2 + 10 v^2) / 2, from (9, 2): curvatures lambda 1 and 10. */
typedef struct path { double eta, u[STEPS + 1], v[STEPS + 1], loss[STEPS + 1]; } path;
static path valley(double eta) {
    path p = {eta, {9}, {2}, {0}};
    for (int t = 0; t <= STEPS; t++) {
        p.loss[t] = (p.u[t] * p.u[t] + 10 * p.v[t] * p.v[t]) / 2;
        if (t == STEPS) break;
        p.u[t + 1] = p.u[t] - eta * p.u[t];                        /* dL/du = u    */
        p.v[t + 1] = p.v[t] - eta * 10 * p.v[t];                   /* dL/dv = 10 v */
    }
    return p;
}

/* Points, and a line y = w x + b through them: w and b after each step, and what they should be;
   the last loss, and its largest curvature. */
typedef struct line {
    dl_real x[POINTS], y[POINTS];
    double  w[EPOCHS + 1], b[EPOCHS + 1], exact_w, exact_b, loss, largest;
} line;

/* Gradient descent on the mean squared error. */
static void regression(dl_ctx *dl, line *l, double eta) {
    dl_tensor *w = dl_param(dl, dl_shape2(1, 1), dl_init_zeros());
    dl_tensor *b = dl_param(dl, dl_shape1(1), dl_init_zeros());
    dl_tensor *theta[2] = {w, b};
    dl_optimizer *descent = dl_optimizer_new(dl, dl_sgd(eta), theta, 2);
    for (int t = 0; t <= EPOCHS && !dl_error(dl); t++) {
        l->w[t] = dl_item(w);
        l->b[t] = dl_item(b);
        dl_tensor *x = dl_from(dl, dl_shape2(POINTS, 1), l->x);
        dl_tensor *y = dl_from(dl, dl_shape2(POINTS, 1), l->y);
        dl_tensor *L = dl_mse(dl_linear(x, w, b), y);                /* L = mean (w x + b - y)^2 */
        l->loss = dl_item(L);
        dl_optimizer_zero_grad(descent);
        dl_backward(L);                                              /* dL/dw, dL/db             */
        dl_optimizer_step(descent);                                  /* theta <- theta - eta dL  */
        dl_tape_clear(dl);
    }
}

/* The same line in closed form (normal equations), and the curvatures of its loss: the eigenvalues
   of [[2 mean(x^2), 2 mean(x)], [2 mean(x), 2]]. */
static void exact(line *l) {
    const double n = POINTS;
    double sx = 0, sy = 0, xx = 0, xy = 0;
    for (int i = 0; i < POINTS; i++) {
        const double x = (double)l->x[i], y = (double)l->y[i];
        sx += x / n;
        sy += y / n;
        xx += x * x / n;
        xy += x * y / n;
    }
    l->exact_w = (xy - sx * sy) / (xx - sx * sx);
    l->exact_b = sy - l->exact_w * sx;
    l->largest = xx + 1 + sqrt((xx - 1) * (xx - 1) + 4 * sx * sx);
}

/* Behind main: the line, next to what is exact; paths and curves. */
static void show(const path *p, const line *l, double eta, ex_page *page, bool quiet);

int main(int argc, char **argv) {
    static const double rate[RATES] = {0.02, 0.1, 0.19, 0.21};
    double eta = 0.2;
    path p[RATES];
    line l;
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[] = {{"lr", EX_REAL, &eta, 1e-6, 10,
                                EX("learning rate of the line", "直线的学习率")}};
    ex_parse(&o, argc, argv, EX("gradient descent on a parabola, in a valley, on a line; at once",
                                "抛物线、山谷、直线上的梯度下降；立刻完成"),
             "seed html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    ex_page page = ex_page_open(&o, EX("Gradient descent", "梯度下降"));

    ex_say(o.quiet, EX("L = 2 w^2, dL/dw = 4 w, w <- w - eta 4 w, from w = 1:\n",
                       "L = 2 w^2，dL/dw = 4 w，w <- w - eta 4 w，从 w = 1 开始：\n"));
    parabola(0.1, o.quiet);
    parabola(0.4, o.quiet);
    parabola(0.5, o.quiet);
    parabola(0.6, o.quiet);

    ex_say(o.quiet, EX("\nL = (u^2 + 10 v^2) / 2, from (9, 2), after %d steps:\n",
                       "\nL = (u^2 + 10 v^2) / 2，从 (9, 2) 开始，%d 步之后：\n"), STEPS);
    for (int k = 0; k < RATES; k++) {
        p[k] = valley(rate[k]);
        ex_say(o.quiet, "  eta = %.2f:  (%9.5f, %9.5f)  L = %.4g\n", rate[k], p[k].u[STEPS],
               p[k].v[STEPS], p[k].loss[STEPS]);
    }

    /* 20 points around y = 2 x + 1. */
    for (int i = 0; i < POINTS; i++) {
        const double at = -1 + 2.0 * i / (POINTS - 1) + 0.5;       /* -0.5 .. 1.5 */
        l.x[i] = (dl_real)at;
        l.y[i] = (dl_real)(2 * at + 1 + 0.2 * dl_rng_normal(dl_ctx_rng(dl)));
    }
    exact(&l);
    regression(dl, &l, eta);
    if (dl_error(dl)) return ex_end(dl, &o);
    show(p, &l, eta, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    ex_result("w=%.4f b=%.4f loss=%.5f limit=%.4f", l.w[EPOCHS], l.b[EPOCHS], l.loss,
              2 / l.largest);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(const path *p, const line *l, double eta, ex_page *page, bool quiet) {
    enum { SIDES = 73 };
    static double cu[5][SIDES], cv[5][SIDES], count[EPOCHS + 1];
    char name[RATES][32];
    ex_curve paths[5 + RATES], fall[RATES], both[2];
    ex_axes map = {EX("Four learning rates in a valley", "山谷里的四个学习率"),
                   "u", "v", -2, 10, -4, 4, false};
    ex_axes down = {EX("Loss after each step", "每一步之后的损失"), EX("step", "步"), "L", 0, 0, 1e-4, 1e4,
                    true};
    ex_axes fit = {EX("The line finds its w and b", "直线找到它的 w 与 b"), EX("step", "步"), "",
                   0, 0, -0.2, 2.4, false};
    ex_say(quiet, EX("\nA line through %d points, eta = %g (it diverges from 2 / %.3f = %.3f "
                     "on):\n", "\n%d 个点的直线，eta = %g（从 2 / %.3f = %.3f 开始发散）：\n"),
           POINTS, eta, l->largest, 2 / l->largest);
    for (int t = 0; t <= EPOCHS; t = t ? t * 10 : 2)
        ex_say(quiet, EX("  after %3d steps:  w = %.4f, b = %.4f\n",
                         "  %3d 步之后：  w = %.4f, b = %.4f\n"), t, l->w[t], l->b[t]);
    ex_say(quiet, EX("  in closed form:   w = %.4f, b = %.4f\n",
                     "  精确解：      w = %.4f, b = %.4f\n"), l->exact_w, l->exact_b);
    for (int t = 0; t <= EPOCHS; t++) count[t] = t;
    for (int k = 0; k < 5; k++) {                        /* contours: ellipses of equal loss */
        for (int i = 0; i < SIDES; i++) {
            cu[k][i] = (2 + 2 * k) * cos(6.28318530718 * i / (SIDES - 1));
            cv[k][i] = (2 + 2 * k) * sin(6.28318530718 * i / (SIDES - 1)) / sqrt(10.0);
        }
        paths[k] = ex_curve_of(NULL, cu[k], cv[k], SIDES);
    }
    for (int k = 0; k < RATES; k++) {
        const bool leaves = p[k].loss[STEPS] > p[k].loss[0]; /* the valley, and so the picture */
        snprintf(name[k], sizeof name[k], "eta = %.2f", p[k].eta);
        paths[5 + k] = ex_curve_of(name[k], p[k].u, p[k].v, leaves ? 9 : STEPS + 1);
        fall[k] = ex_curve_of(name[k], count, p[k].loss, STEPS + 1);
    }
    both[0] = ex_curve_of("w", count, l->w, EPOCHS + 1);
    both[1] = ex_curve_of("b", count, l->b, EPOCHS + 1);
    ex_page_formula(page, "W ← W - η ∂L/∂W");
    ex_page_figure(page, "03-paths", EX("Paths of four learning rates on the contours of "
                                        "(u^2 + 10 v^2) / 2; the largest leaves the valley",
                                        "(u^2 + 10 v^2) / 2 的等高线上四个学习率的路径；最大的一个离开山谷"));
    ex_page_plot(page, map, paths, 5 + RATES);
    ex_page_text(page, 0, EX("Grey: lines of equal loss. Small rates crawl along the floor, larger "
                             "ones jump from wall to wall, the largest leaves.",
                             "灰线上损失相等。小的学习率沿谷底爬，大的在两壁之间跳，最大的离开了山谷。"));
    ex_page_figure(page, "03-loss", EX("Loss of each after 0 to 30 steps, powers of ten",
                                       "四者在 0 到 30 步的损失，对数坐标"));
    ex_page_plot(page, down, fall, RATES);
    ex_page_figure(page, "03-line", EX("w and b of the line after each step",
                                       "直线的 w 与 b 在每一步之后的值"));
    ex_page_plot(page, fit, both, 2);
    ex_show_now_you(page, quiet,
                    EX("in the valley, for which learning rate is the slower of both directions as "
                       "fast as it can be?", "在山谷里，学习率是多少时，较慢的那个方向最快？"),
                    EX("2 / (1 + 10) = 0.1818: both directions then shrink by 9/11 a step.",
                       "2 / (1 + 10) = 0.1818：两个方向每步都缩到 9/11。"));
}
