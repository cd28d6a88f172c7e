/* 04 - backpropagation: XOR from the kernels alone, then the same gradients from the tape.

   The documents call backpropagation an optimizer (S1 3.2, S3 3.2) or give it the update (S0). It
   only computes gradients, and what they leave out is how one layer's follow from the next one's.
   With z^l = W^l a^{l-1} + b^l and a^l = f(z^l), and i the sample:

     @F S1-3.2  delta^L = dL/dz^L                                  of the last layer, from the loss
     @F S1-3.2  delta^l = (W^{l+1})^T delta^{l+1} * f'(z^l)        of the layers before it
     @F S1-3.2  dL/dW^l = sum_i delta_i^l (a_i^{l-1})^T,   dL/db^l = sum_i delta_i^l
     @F S0-4.3  and then, by gradient descent:  W <- W - eta dL/dW

   The net: 2 inputs, 3 hidden units with tanh (f' = 1 - a^2), 1 output with the sigmoid y, loss
   -t ln y - (1-t) ln(1-y), mean over the samples; then delta^2 = (y - t) / N. XOR cannot be done
   without the hidden layer: no line separates (0,0), (1,1) from (0,1), (1,0).

       gcc -O2 examples/04_backprop.c -o backprop -lm && ./backprop                              */
#ifndef DL_REAL
#define DL_REAL double   /* 16 digits, so that the gradient check has some to spare */
#endif
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { H = 3, W1 = 0, B1 = W1 + 2 * H, W2 = B1 + H, B2 = W2 + H, PARAMS = B2 + 1 };

static const dl_real X[4 * 2] = {0, 0, 0, 1, 1, 0, 1, 1};
static const dl_real T[4] = {0, 1, 1, 0};

/* What a forward and backward pass leaves behind, a row a sample. */
typedef struct pass {
    dl_real a1[4 * H], z1[4 * H], z2[4], da1[4 * H], delta1[4 * H], delta2[4], loss;
} pass;

static void forward(pass *s, const dl_real *p, const dl_real *x, const dl_real *t, int N) {
    dlk_linear_forward(s->z1, x, p + W1, p + B1, N, 2, H);        /* z1 = W1 x + b1              */
    dlk_tanh_forward(s->a1, s->z1, N * H, 0, 0);                  /* a1 = tanh(z1)               */
    dlk_linear_forward(s->z2, s->a1, p + W2, p + B2, N, H, 1);    /* z2 = W2 a1 + b2             */
    dlk_bce_forward(&s->loss, s->z2, t, N, 1.0 / N);              /* L, with y = sigmoid(z2)     */
}

/* Backward kernels add to what is there, so everything starts at zero. */
static void backward(pass *s, dl_real *g, const dl_real *p, const dl_real *x, const dl_real *t,
                     int N) {
    memset(g, 0, PARAMS * sizeof *g);
    memset(s->da1, 0, sizeof s->da1);
    memset(s->delta1, 0, sizeof s->delta1);
    memset(s->delta2, 0, sizeof s->delta2);
    dlk_bce_backward(s->delta2, 1, s->z2, t, N, 1.0 / N);         /* delta2 = dL/dz2             */
    dlk_linear_backward(s->da1, g + W2, g + B2, s->delta2, s->a1, p + W2, N, H, 1);
    dlk_tanh_backward(s->delta1, s->da1, s->a1, s->z1, N * H, 0, 0); /* delta1 = da1 * f'(z1)    */
    dlk_linear_backward(NULL, g + W1, g + B1, s->delta1, x, p + W1, N, 2, H);
}

static double sigmoid(dl_real z) { return 1 / (1 + exp(-(double)z)); }

/* The recursion with its numbers, for the one sample x = (1, 1), t = 0. */
static void aloud(const pass *s, const dl_real *p) {
    double d = (double)s->delta2[0], y = sigmoid(s->z2[0]);
    printf("Sample x = (1, 1), t = 0:  y = %.4f, delta2 = y - t = %.4f\n", y, d);
    for (int j = 0; j < H; j++) {
        double w = (double)p[W2 + j], a = (double)s->a1[j];
        printf("  delta1_%d = W2_%d * delta2 * (1 - a_%d^2) = (%.4f)*(%.4f)*(1 - %.4f^2) = %.4f\n",
               j, j, j, w, d, fabs(a), w * d * (1 - a * a));
    }
    for (int j = 0; j < H; j++)
        printf("  dL/dW1_%d = delta1_%d * x = (%.4f, %.4f)   dL/dW2_%d = delta2 * a_%d = %.4f\n", j,
               j, (double)s->delta1[j], (double)s->delta1[j], j, j, d * (double)s->a1[j]);
}

static void parameter_name(char *text, size_t size, int k) {
    if (k < B1) snprintf(text, size, "W1[%d,%d]", k / 2, k % 2);
    else if (k < W2) snprintf(text, size, "b1[%d]", k - B1);
    else if (k < B2) snprintf(text, size, "W2[0,%d]", k - W2);
    else snprintf(text, size, "b2[0]");
}

/* The same on the tape: write the formula, and dl_backward does the rest. */
typedef struct tape_net { dl_tensor *param[4]; } tape_net;
static dl_tensor *tape_loss(dl_ctx *dl, void *user) {
    dl_tensor **w = ((tape_net *)user)->param;
    dl_tensor *x = dl_from(dl, dl_shape2(4, 2), X), *t = dl_from(dl, dl_shape2(4, 1), T);
    return dl_bce(dl_linear(dl_tanh(dl_linear(x, w[0], w[1])), w[2], w[3]), t);
}

static void write_page(ex_page *page, const ex_graph *graph, const dl_real *trained,
                       const double *loss, int steps) {
    enum { SIDE = 41 };
    static dl_real map[SIDE * SIDE];
    ex_image im = {map, SIDE, SIDE, "x1 to the right, x0 down"};
    ex_axes axes = {"Loss · 损失", "step · 步", "loss · 损失", 0, 0, 0, 0, true};
    ex_curve c = {"all four samples · 四个样本", NULL, NULL, 0};
    pass s;
    ex_page_text(page, 2, "Values forward, gradients back · 数值向前，梯度向后");
    ex_page_graph(page, graph);
    ex_page_text(page, 0, "Sample x = (1, 1), target 0, before training. On each edge the weight "
                 "and (dL/dw); at each unit δ = dL/dz. · 训练前的样本 x = (1, 1)，目标 0。边上是权重和（梯度）。");
    c.y = loss, c.n = steps;
    ex_page_plot(page, axes, &c, 1);
    for (int i = 0; i < SIDE * SIDE; i++) {
        dl_real x[2] = {(dl_real)(i / SIDE / (SIDE - 1.0)), (dl_real)(i % SIDE / (SIDE - 1.0))};
        forward(&s, trained, x, T, 1);
        map[i] = (dl_real)sigmoid(s.z2[0]);
    }
    ex_page_text(page, 2, "What the trained net answers: dark is 1 · 训练后的回答：深色为 1");
    ex_page_images(page, &im, 1, 0, 1, 6);
}

int main(int argc, char **argv) {
    dl_real p[PARAMS], g[PARAMS];
    const double h = sizeof(dl_real) == 8 ? 1e-5 : 1e-2, eta = 0.5;
    double worst = 0, tape_difference = 0, *loss;
    const int at[4] = {W1, B1, W2, B2};
    int steps = 0, solved = 0;
    char name[16];
    pass s, one;
    ex_graph graph;
    dl_real y;
    tape_net net;
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5000;
    ex_parse(&o, argc, argv, "XOR by backpropagation, kernels alone and on the tape",
             "epochs seed html quiet", NULL, 0);
    dl_ctx *dl = ex_begin(&o);
    loss = (double *)calloc((size_t)o.epochs, sizeof *loss);
    if (dl == NULL || loss == NULL) { free(loss); return ex_end(dl, &o); }
    ex_page page = ex_page_open(&o, "Backpropagation · 反向传播");

    /* The parameters, at random; the kernels work on a copy of them, one after the other in p. */
    net.param[0] = dl_param(dl, dl_shape2(H, 2), dl_init_uniform(-1, 1));
    net.param[1] = dl_param(dl, dl_shape1(H), dl_init_uniform(-1, 1));
    net.param[2] = dl_param(dl, dl_shape2(1, H), dl_init_uniform(-1, 1));
    net.param[3] = dl_param(dl, dl_shape1(1), dl_init_uniform(-1, 1));
    if (dl_error(dl)) { free(loss); return ex_end(dl, &o); }
    for (int i = 0; i < 4; i++)
        memcpy(p + at[i], net.param[i]->data, (size_t)net.param[i]->size * sizeof *p);

    /* One sample with all its numbers, then the gradients of all four. */
    forward(&one, p, X + 6, T + 3, 1);
    backward(&one, g, p, X + 6, T + 3, 1);
    if (!o.quiet) aloud(&one, p);
    y = (dl_real)sigmoid(one.z2[0]);
    memset(&graph, 0, sizeof graph);
    ex_graph_add(&graph, "x", 2, X + 6, NULL, NULL, NULL, NULL);
    ex_graph_add(&graph, "a", H, one.a1, p + W1, p + B1, g + W1, one.delta1);
    ex_graph_add(&graph, "y", 1, &y, p + W2, p + B2, g + W2, one.delta2);
    forward(&s, p, X, T, 4);
    backward(&s, g, p, X, T, 4);

    /* The same from the tape. */
    dl_backward(tape_loss(dl, &net));
    if (dl_error(dl)) { free(loss); return ex_end(dl, &o); }

    /* Three ways to the same gradient: kernels, tape, and (L(p+h) - L(p-h)) / 2h. The error is
       relative, but to no less than 0.001: of a gradient near 0, rounding is all that is left. */
    if (!o.quiet) printf("\nGradients of the mean loss of all four samples; error = |kernels - "
                         "numeric| / the larger one,\nor / 0.001 if both are smaller, where "
                         "rounding would count too much:\n\n%-9s %12s %12s %12s %10s\n",
                         "parameter", "kernels", "tape", "numeric", "error");
    for (int k = 0, t = 0, e = 0; k < PARAMS; k++) {
        dl_real keep = p[k];
        double up, numeric, error, tape = (double)net.param[t]->grad[e];
        if (++e == net.param[t]->size) t++, e = 0;
        p[k] = (dl_real)((double)keep + h), forward(&s, p, X, T, 4), up = (double)s.loss;
        p[k] = (dl_real)((double)keep - h), forward(&s, p, X, T, 4);
        numeric = (up - (double)s.loss) / (2 * h);
        p[k] = keep;
        error = fabs((double)g[k] - numeric) / fmax(fmax(fabs((double)g[k]), fabs(numeric)), 1e-3);
        worst = fmax(worst, error);
        tape_difference = fmax(tape_difference, fabs(tape - (double)g[k]));
        parameter_name(name, sizeof name, k);
        if (o.quiet) continue;
        printf("%-9s %12.8f %12.8f %12.8f %10.1e\n", name, (double)g[k], tape, numeric, error);
    }
    dl_tape_clear(dl);
    dl_gradcheck_report report = dl_gradcheck(dl, tape_loss, &net, net.param, 4);
    if (!o.quiet) printf("dl_gradcheck: %d of %d elements wrong, worst error %.1e (differences "
                         "below %.0e count as 0)\n\n", (int)report.failed, (int)report.checked,
                         report.error, sizeof(dl_real) == 8 ? 1e-9 : 1e-3);

    /* Gradient descent on all four samples, until every answer is within 0.1. */
    while (steps < o.epochs && solved < 4) {
        forward(&s, p, X, T, 4);
        backward(&s, g, p, X, T, 4);
        dlk_sgd_step(p, g, PARAMS, eta);                          /* W <- W - eta dL/dW          */
        loss[steps++] = (double)s.loss;
        solved = 0;
        for (int i = 0; i < 4; i++)
            solved += fabs(sigmoid(s.z2[i]) - (double)T[i]) < 0.1;
        if (!o.quiet && (solved == 4 || (steps & (steps - 1)) == 0))
            printf("step %5d  loss %.4f\n", steps, (double)s.loss);
    }
    if (!o.quiet && solved == 4)
        printf("Every answer is within 0.1, so it stops here, after %d of %d epochs:\n", steps,
               o.epochs);
    for (int i = 0; i < 4 && !o.quiet; i++)
        printf("  %g xor %g = %g, the net says %.3f\n", (double)X[2 * i], (double)X[2 * i + 1],
               (double)T[i], sigmoid(s.z2[i]));
    if (!o.quiet)
        printf(solved == 4 ? "\nNow you: 97 of the seeds 0 .. 99 get there. How many of 0 .. 9 do "
                             "with H = 2?\n\n"
                           : "\nNot solved: gradient descent sits in a flat place. Try another "
                             "--seed, or more --epochs.\n\n");
    if (page.f) write_page(&page, &graph, p, loss, steps);
    ex_page_close(&page, o.quiet);
    free(loss);
    ex_result("solved=%d steps=%d loss=%.4f gradient_error=%.1e tape_difference=%.1e gradcheck=%d "
              "parameters=%d", solved == 4, steps, (double)s.loss, worst, tape_difference,
              report.ok, PARAMS);
    return ex_end(dl, &o);
}
