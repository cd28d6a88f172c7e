/* 04 - backpropagation: the 2-3-2 net of 01 with a gradient on every edge, checked in three ways;
   then XOR and digits of 8 x 8 pixels, learned from the kernels alone.

   The documents call backpropagation an optimizer (S1 3.2, S3 3.2) or give it the update (S0). It
   only computes gradients, and what they leave out is how one layer's follow from the next one's.
   With z^l = W^l a^{l-1} + b^l and a^l = f(z^l), and i the sample:

     @F S1-3.2  delta^L = dL/dz^L                                  of the last layer, from the loss
     @F S1-3.2  delta^l = (W^{l+1})^T delta^{l+1} * f'(z^l)        of the layers before it
     @F S1-3.2  dL/dW^l = sum_i delta_i^l (a_i^{l-1})^T,   dL/db^l = sum_i delta_i^l
     @F S0-4.3  and then, by gradient descent:  W <- W - eta dL/dW

   Outputs y are sigmoids, the loss is -t ln y - (1-t) ln(1-y), summed over the outputs, mean over
   the samples; then delta^L = (y - t) / N.

       gcc -O2 examples/04_backprop.c -o backprop -lm && ./backprop                              */
#ifndef DL_REAL
#define DL_REAL double   /* 16 digits, so that the gradient check has some to spare */
#endif
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

/* Both nets have 2 inputs and 3 hidden units; the parameters stand one after the other in p[]. */
enum { D = 2, H = 3, W1 = 0, B1 = W1 + H * D, W2 = B1 + H, MOST = W2 + 2 * H + 2 };
typedef struct net { int M; bool relu; } net;            /* outputs; hidden units ReLU or tanh */
static const net small = {2, true}, xor_net = {1, false};
static int count(net n) { return W2 + n.M * H + n.M; }

static const dl_real x01[2] = {1, 2}, t01[2] = {1, 0};
static const dl_real p01[MOST] = {(dl_real)0.5, (dl_real)-0.25, (dl_real)-0.5, (dl_real)0.75,
                                  (dl_real)0.25, (dl_real)-0.5, (dl_real)0.1, 0, (dl_real)0.2,
                                  1, (dl_real)0.5, -1, -2, (dl_real)0.25, (dl_real)0.5,
                                  (dl_real)-0.2, (dl_real)0.3};
static const dl_real X[4 * D] = {0, 0, 0, 1, 1, 0, 1, 1}, T[4] = {0, 1, 1, 0};

/* What a forward and backward pass leaves behind, a row a sample. */
typedef struct pass {
    dl_real z1[4 * H], a1[4 * H], z2[4 * 2], delta2[4 * 2], da1[4 * H], delta1[4 * H], loss;
} pass;

static void forward(pass *s, net n, const dl_real *p, const dl_real *x, const dl_real *t, int N) {
    dlk_linear_forward(s->z1, x, p + W1, p + B1, N, D, H);           /* z1 = W1 x + b1           */
    if (n.relu) dlk_relu_forward(s->a1, s->z1, N * H, 0, 0);         /* a1 = f(z1)               */
    else dlk_tanh_forward(s->a1, s->z1, N * H, 0, 0);
    dlk_linear_forward(s->z2, s->a1, p + W2, p + W2 + n.M * H, N, H, n.M);  /* z2 = W2 a1 + b2   */
    dlk_bce_forward(&s->loss, s->z2, t, N * n.M, 1.0 / N);           /* L, with y = sigmoid(z2)  */
}

/* Backward kernels add to what is there, so everything starts at zero. */
static void backward(pass *s, dl_real *g, net n, const dl_real *p, const dl_real *x,
                     const dl_real *t, int N) {
    memset(g, 0, MOST * sizeof *g);
    memset(s->delta2, 0, sizeof s->delta2);
    memset(s->da1, 0, sizeof s->da1);
    memset(s->delta1, 0, sizeof s->delta1);
    dlk_bce_backward(s->delta2, 1, s->z2, t, N * n.M, 1.0 / N);      /* delta2 = (y - t) / N     */
    dlk_linear_backward(s->da1, g + W2, g + W2 + n.M * H, s->delta2, s->a1, p + W2, N, H, n.M);
    if (n.relu) dlk_relu_backward(s->delta1, s->da1, s->a1, s->z1, N * H, 0, 0);
    else dlk_tanh_backward(s->delta1, s->da1, s->a1, s->z1, N * H, 0, 0);  /* da1 * f'(z1)       */
    dlk_linear_backward(NULL, g + W1, g + B1, s->delta1, x, p + W1, N, D, H);
}

static double sigmoid(dl_real z) { return 1 / (1 + exp(-(double)z)); }

/* The recursion with its numbers, for the net of 01. */
static void aloud(const pass *s, const dl_real *p, const dl_real *g) {
    for (int j = 0; j < 2; j++)
        printf("  delta2_%d = y%d - t%d = %.4f - %g = %.4f\n", j, j, j, sigmoid(s->z2[j]),
               (double)t01[j], (double)s->delta2[j]);
    for (int i = 0; i < H; i++)
        printf("  da%d = (%g)*(%.4f) + (%g)*(%.4f) = %.4f,  f'(z%d) = %d,  delta1_%d = %.4f\n", i,
               (double)p[W2 + i], (double)s->delta2[0], (double)p[W2 + H + i],
               (double)s->delta2[1], (double)s->da1[i], i, s->z1[i] > 0, i, (double)s->delta1[i]);
    printf("\n  dL/dW2 = delta2 a^T =");
    for (int k = 0; k < 2 * H; k++) printf("%s%9.4f", k == H ? "\n                       " : "",
                                           (double)g[W2 + k]);
    printf("\n  dL/dW1 = delta1 x^T =");
    for (int k = 0; k < H * D; k++) printf("%s%9.4f", k && k % D == 0 ? "\n                       "
                                                                      : "", (double)g[W1 + k]);
    printf("\n");
}

static void parameter_name(char *text, size_t size, net n, int k) {
    if (k < B1) snprintf(text, size, "W1[%d,%d]", k / D, k % D);
    else if (k < W2) snprintf(text, size, "b1[%d]", k - B1);
    else if (k < W2 + n.M * H) snprintf(text, size, "W2[%d,%d]", (k - W2) / H, (k - W2) % H);
    else snprintf(text, size, "b2[%d]", k - W2 - n.M * H);
}

/* The same on the tape: write the formula, and dl_backward does the rest. */
typedef struct tape_net { dl_tensor *param[4]; } tape_net;
static dl_tensor *small_loss(dl_ctx *dl, void *user) {
    dl_tensor **w = ((tape_net *)user)->param;
    dl_tensor *x = dl_from(dl, dl_shape2(1, 2), x01), *t = dl_from(dl, dl_shape2(1, 2), t01);
    dl_tensor *z = dl_linear(dl_relu(dl_linear(x, w[0], w[1])), w[2], w[3]);
    return dl_mul_scalar(dl_bce(z, t), 2);               /* dl_bce is the mean of both outputs */
}
static dl_tensor *xor_loss(dl_ctx *dl, void *user) {
    dl_tensor **w = ((tape_net *)user)->param;
    dl_tensor *x = dl_from(dl, dl_shape2(4, 2), X), *t = dl_from(dl, dl_shape2(4, 1), T);
    return dl_bce(dl_linear(dl_tanh(dl_linear(x, w[0], w[1])), w[2], w[3]), t);
}
static tape_net tape_net_new(dl_ctx *dl, net n) {
    tape_net t;
    t.param[0] = dl_param(dl, dl_shape2(H, D), dl_init_uniform(-1, 1));
    t.param[1] = dl_param(dl, dl_shape1(H), dl_init_uniform(-1, 1));
    t.param[2] = dl_param(dl, dl_shape2(n.M, H), dl_init_uniform(-1, 1));
    t.param[3] = dl_param(dl, dl_shape1(n.M), dl_init_uniform(-1, 1));
    return t;
}

/* Three ways to the same gradient: kernels, tape, and (L(p+h) - L(p-h)) / 2h. */
static double check(const dl_real *g, const tape_net *tape, double *tape_difference, bool quiet) {
    const double h = sizeof(dl_real) == 8 ? 1e-5 : 1e-2;
    dl_real p[MOST];
    double worst = 0;
    pass s;
    memcpy(p, p01, sizeof p);
    for (int k = 0, t = 0, e = 0; k < count(small); k++) {
        const double exact = (double)g[k], from_tape = (double)tape->param[t]->grad[e];
        p[k] = (dl_real)((double)p01[k] + h);
        forward(&s, small, p, x01, t01, 1);
        const double up = (double)s.loss;
        p[k] = (dl_real)((double)p01[k] - h);
        forward(&s, small, p, x01, t01, 1);
        const double numeric = (up - (double)s.loss) / (2 * h);
        p[k] = p01[k];
        const double error = fabs(exact - numeric) / fmax(fmax(fabs(exact), fabs(numeric)), 1e-3);
        worst = fmax(worst, error);
        *tape_difference = fmax(*tape_difference, fabs(from_tape - exact));
        char name[16];
        parameter_name(name, sizeof name, small, k);
        if (!quiet) printf("  %-9s %10.6f %10.6f %10.6f\n", name, exact, from_tape, numeric);
        e++;
        if (e == tape->param[t]->size) {
            t++;
            e = 0;
        }
    }
    return worst;
}

/* Gradient descent on all four samples of XOR, until every answer is within 0.1. */
static int train(pass *s, dl_real *p, int epochs, double eta, double *loss, bool quiet) {
    dl_real g[MOST];
    int steps = 0, near = 0;
    while (steps < epochs && near < 4) {
        forward(s, xor_net, p, X, T, 4);
        backward(s, g, xor_net, p, X, T, 4);
        dlk_sgd_step(p, g, count(xor_net), eta);                     /* W <- W - eta dL/dW       */
        loss[steps++] = (double)s->loss;
        near = 0;
        for (int i = 0; i < 4; i++) near += fabs(sigmoid(s->z2[i]) - (double)T[i]) < 0.1;
        if (!quiet && (near == 4 || (steps & (steps - 1)) == 0))
            printf(EX("  step %5d  loss %.4f\n", "  第 %5d 步  损失 %.4f\n"), steps, (double)s->loss);
    }
    return near == 4 ? steps : -steps;
}

/* Digits of 8 x 8 pixels, 64-16-10: the same kernels, for more numbers, and softmax with
   cross-entropy at the end. How large should the first weights be? */
enum { PIXELS = 64, UNITS = 16, CLASSES = 10, IMAGES = 1000, BATCH = 100, EPOCHS = 20, STARTS = 4,
       V1 = 0, C1 = V1 + UNITS * PIXELS, V2 = C1 + UNITS, C2 = V2 + CLASSES * UNITS,
       ALL = C2 + CLASSES };
static const double times_glorot[STARTS] = {0, 0.01, 1, 30};
typedef struct digits { dl_real x[IMAGES * PIXELS]; int32_t t[IMAGES]; } digits;

/* 28 x 28 pixels, their edge of two cut off, become 8 x 8 means of 3 x 3. */
static void shrink(digits *d, const dl_data *data) {
    for (int n = 0; n < IMAGES; n++) {
        const dl_tensor *image = dl_data_sample(data, n);
        if (image == NULL) return;
        for (int i = 0; i < PIXELS; i++) {
            const dl_real *corner = image->data + (2 + 3 * (i / 8)) * 28 + 2 + 3 * (i % 8);
            double ink = 0;
            for (int k = 0; k < 9; k++) ink += (double)corner[k / 3 * 28 + k % 3];
            d->x[n * PIXELS + i] = (dl_real)(ink / 9);
        }
        d->t[n] = dl_data_labels(data)[n];
        dl_tape_clear(dl_data_ctx(data));
    }
}

typedef struct digit_pass {
    dl_real z1[BATCH * UNITS], a1[BATCH * UNITS], z2[BATCH * CLASSES], y[BATCH * CLASSES];
    dl_real delta2[BATCH * CLASSES], da1[BATCH * UNITS], delta1[BATCH * UNITS], loss;
} digit_pass;

static void digits_forward(digit_pass *s, const dl_real *p, const dl_real *x, const int32_t *t) {
    dlk_linear_forward(s->z1, x, p + V1, p + C1, BATCH, PIXELS, UNITS);
    dlk_tanh_forward(s->a1, s->z1, BATCH * UNITS, 0, 0);
    dlk_linear_forward(s->z2, s->a1, p + V2, p + C2, BATCH, UNITS, CLASSES);
    dlk_cross_entropy_forward(&s->loss, s->y, s->z2, t, BATCH, CLASSES, 1.0 / BATCH);
}

static void digits_backward(digit_pass *s, dl_real *g, const dl_real *p, const dl_real *x,
                            const int32_t *t) {
    memset(g, 0, ALL * sizeof *g);
    memset(s->delta2, 0, sizeof s->delta2);
    memset(s->da1, 0, sizeof s->da1);
    memset(s->delta1, 0, sizeof s->delta1);
    dlk_cross_entropy_backward(s->delta2, 1, s->y, t, BATCH, CLASSES, 1.0 / BATCH);
    dlk_linear_backward(s->da1, g + V2, g + C2, s->delta2, s->a1, p + V2, BATCH, UNITS, CLASSES);
    dlk_tanh_backward(s->delta1, s->da1, s->a1, s->z1, BATCH * UNITS, 0, 0);
    dlk_linear_backward(NULL, g + V1, g + C1, s->delta1, x, p + V1, BATCH, PIXELS, UNITS);
}

/* Percent right of all images. */
static double digits_right(digit_pass *s, const dl_real *p, const digits *d) {
    int right = 0;
    for (int n = 0; n < IMAGES; n += BATCH) {
        digits_forward(s, p, d->x + n * PIXELS, d->t + n);
        for (int i = 0; i < BATCH; i++) right += ex_argmax(s->y + i * CLASSES, CLASSES) == d->t[n + i];
    }
    return 100.0 * right / IMAGES;
}

/* Train from weights of a given size; accuracy after each epoch. Returns the loss at first. */
static double digits_train(const dl_real *random, double times, const digits *train,
                           const digits *test, double *accuracy) {
    static digit_pass s;
    static dl_real p[ALL], g[ALL];
    const double size1 = times * sqrt(6.0 / (PIXELS + UNITS)), size2 = times * sqrt(6.0 / (UNITS + CLASSES));
    memset(p, 0, sizeof p);
    for (int k = V1; k < C1; k++) p[k] = (dl_real)(size1 * (double)random[k]);
    for (int k = V2; k < C2; k++) p[k] = (dl_real)(size2 * (double)random[k]);
    digits_forward(&s, p, train->x, train->t);
    const double before = (double)s.loss;
    for (int e = 0; e < EPOCHS; e++) {
        for (int n = 0; n < IMAGES; n += BATCH) {
            digits_forward(&s, p, train->x + n * PIXELS, train->t + n);
            digits_backward(&s, g, p, train->x + n * PIXELS, train->t + n);
            dlk_sgd_step(p, g, ALL, 0.5);
        }
        accuracy[e] = digits_right(&s, p, test);
    }
    return before;
}

static void digits_show(dl_ctx *dl, const ex_options *o, const dl_data *train_data,
                        const dl_data *test_data, double accuracy[STARTS][EPOCHS], ex_page *page) {
    static digits train, test;
    static const char *const name[STARTS] = {"0", "0.01 x", "1 x Glorot", "30 x"};
    static double epoch[EPOCHS];
    ex_curve curve[STARTS];
    ex_axes axes = {EX("Digits of 8 x 8 pixels", "8×8 的数字"), EX("epoch", "轮"),
                    EX("test accuracy, %", "测试准确率（%）"), 1, EPOCHS, 0, 100, false};
    const dl_tensor *random = dl_param(dl, dl_shape1(ALL), dl_init_uniform(-1, 1));
    shrink(&train, train_data);
    shrink(&test, test_data);
    if (random == NULL || dl_error(dl)) return;
    if (!o->quiet) {
        const char *const head[4] = {EX("loss at first", "开始的损失"), EX("epoch 1", "1 轮后"),
                                     EX("epoch 5", "5 轮后"), EX("epoch 20", "20 轮后")};
        printf(EX("\nDigits of 8 x 8 pixels, 64-16-10, %d images. First weights, in Glorot's:\n%7s",
                  "\n8×8 的数字，64-16-10，%d 张图。最初的权重，以 Glorot 的为 1：\n%7s"), IMAGES, "");
        for (int i = 0; i < 4; i++) ex_pad(head[i], i ? 10 : 15, true);
        printf("\n");
    }
    for (int i = 0; i < STARTS; i++) {
        const double before = digits_train(random->data, times_glorot[i], &train, &test, accuracy[i]);
        if (!o->quiet) printf("  %5g %14.4f %9.1f %9.1f %9.1f\n", times_glorot[i], before,
                              accuracy[i][0], accuracy[i][4], accuracy[i][EPOCHS - 1]);
        curve[i].name = name[i];
        curve[i].x = epoch;
        curve[i].y = accuracy[i];
        curve[i].n = EPOCHS;
    }
    for (int e = 0; e < EPOCHS; e++) epoch[e] = e + 1;
    ex_page_text(page, 2, EX("How large should the first weights be?", "最初的权重该多大？"));
    ex_page_figure(page, "04-digits", EX("Test accuracy by epoch for four sizes of the first weights: "
                                         "all zero stays at one in ten",
                                         "四种大小的最初权重，各轮之后的测试准确率；全是 0 的停在一成"));
    ex_page_plot(page, axes, curve, STARTS);
}

/* Everything that is not a formula: the page. */
static void show(ex_page *page, const pass *one, const dl_real *g, const dl_real *trained,
                 const double *loss, int steps) {
    enum { SIDE = 41 };
    static dl_real map[SIDE * SIDE];
    ex_image im = {map, SIDE, SIDE, ""};
    ex_axes axes = {EX("Loss on XOR", "异或的损失"), EX("step", "步"), EX("loss", "损失"), 0, 0, 0, 0, true};
    ex_curve c = {EX("mean of all four samples", "四个样本的平均"), NULL, NULL, 0};
    const dl_real y[2] = {(dl_real)sigmoid(one->z2[0]), (dl_real)sigmoid(one->z2[1])};
    ex_graph graph;
    pass s;
    memset(&graph, 0, sizeof graph);
    ex_graph_add(&graph, "x", D, x01, NULL, NULL, NULL, NULL);
    ex_graph_add(&graph, "a", H, one->a1, p01 + W1, p01 + B1, g + W1, one->delta1);
    ex_graph_add(&graph, "y", 2, y, p01 + W2, p01 + W2 + 2 * H, g + W2, one->delta2);
    ex_page_formula(page, "δ¹ = (W²)ᵀ δ² ⊙ f'(z¹),   ∂L/∂W = δ aᵀ");
    ex_page_text(page, 2, EX("Values forward, gradients back", "数值向前，梯度向后"));
    ex_page_figure(page, "04-net", EX("The 2-3-2 net with values, and a gradient on every edge; "
                                      "unit a2 is dead, its delta is 0",
                                      "2-3-2 网络的值，每条边上有梯度；单元 a2 不说话，它的 δ 是 0"));
    ex_page_graph(page, &graph);
    ex_page_text(page, 0, EX("x = (1, 2), target (1, 0). On each edge the weight and, in brackets, "
                             "dL/dw; below each unit δ = dL/dz. All edges at a2 have gradient 0.",
                             "x = (1, 2)，目标 (1, 0)。边上是权重，括号里是 dL/dw；单元下面是 δ = dL/dz。"
                             "连着 a2 的边，梯度全是 0。"));
    c.y = loss;
    c.n = steps;
    ex_page_figure(page, "04-xor", EX("The loss on XOR stays flat at first, then falls",
                                      "异或的损失先是平的，然后下降"));
    ex_page_plot(page, axes, &c, 1);
    for (int i = 0; i < SIDE * SIDE; i++) {
        const dl_real x[2] = {(dl_real)(i % SIDE / (SIDE - 1.0)),
                              (dl_real)(1 - i / SIDE / (SIDE - 1.0))};
        forward(&s, xor_net, trained, x, T, 1);
        map[i] = (dl_real)sigmoid(s.z2[0]);
    }
    snprintf(im.caption, sizeof im.caption, "%s", EX("x0 to the right, x1 up", "x0 向右，x1 向上"));
    ex_page_text(page, 2, EX("What the trained net answers: dark is 1", "训练后的回答：深色是 1"));
    ex_page_figure(page, "04-map", EX("Answers over the unit square: dark near (0,1) and (1,0)",
                                      "单位正方形上的回答：(0,1) 与 (1,0) 附近是深色"));
    ex_page_images(page, &im, 1, 0, 1, 6);
}

static void now_you(ex_page *page, bool quiet) {
    ex_show_now_you(page, quiet,
                    EX("the target becomes (0, 0). Which deltas change their sign?",
                       "目标改成 (0, 0)。哪些 δ 会变号？"),
                    EX("delta2_0 = 0.5987 becomes positive, and delta1_1 = 0.5*0.5987 + 0.25*0.5866 "
                       "= 0.4460; delta1_0 = -0.5745 stays negative, delta1_2 stays 0.",
                       "delta2_0 = 0.5987 变正，delta1_1 = 0.5×0.5987 + 0.25×0.5866 = 0.4460 也变正；"
                       "delta1_0 = -0.5745 仍是负的，delta1_2 仍是 0。"));
}

int main(int argc, char **argv) {
    dl_real p[MOST], g[MOST];
    const int at[4] = {W1, B1, W2, W2 + H};
    double tape_difference = 0;
    pass one, s;
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5000;
    ex_parse(&o, argc, argv, EX("gradients by backpropagation, checked; XOR and small digits learned; "
                                "two seconds", "反向传播算梯度并检验，再学会异或和小的数字；两秒"), "data epochs seed html quiet", NULL, 0);
    dl_ctx *dl = ex_begin(&o);
    double *loss = (double *)calloc((size_t)o.epochs, sizeof *loss);
    tape_net tape = tape_net_new(dl, small), xor_tape = tape_net_new(dl, xor_net);
    const dl_data *train_data = ex_mnist(dl, &o, DL_TRAIN), *test_data = ex_mnist(dl, &o, DL_TEST);
    double accuracy[STARTS][EPOCHS];
    if (loss == NULL || dl_error(dl)) {
        free(loss);
        return ex_end(dl, &o);
    }
    ex_page page = ex_page_open(&o, EX("Backpropagation", "反向传播"));

    /* The net of 01: forward, backward, every number. */
    forward(&one, small, p01, x01, t01, 1);
    backward(&one, g, small, p01, x01, t01, 1);
    if (!o.quiet) printf(EX("x = (1, 2), t = (1, 0), loss %.4f\n\n", "x = (1, 2)，t = (1, 0)，损失 %.4f\n\n"),
                         (double)one.loss);
    if (!o.quiet) aloud(&one, p01, g);

    /* The same from the tape, and from differences. */
    const int small_at[4] = {W1, B1, W2, W2 + 2 * H};
    for (int i = 0; i < 4; i++) memcpy(tape.param[i]->data, p01 + small_at[i],
                                       (size_t)tape.param[i]->size * sizeof *p);
    dl_backward(small_loss(dl, &tape));
    if (!o.quiet) printf(EX("\n  parameter    kernels       tape    numeric\n",
                            "\n  参数            内核       带子       差商\n"));
    const double worst = check(g, &tape, &tape_difference, o.quiet);
    dl_tape_clear(dl);
    if (!o.quiet) printf(EX("largest relative error %.0e\n", "最大相对误差 %.0e\n"), worst);

    /* XOR: random parameters, the tape's gradients checked, then gradient descent by kernels. */
    dl_gradcheck_report report = dl_gradcheck(dl, xor_loss, &xor_tape, xor_tape.param, 4);
    for (int i = 0; i < 4; i++) memcpy(p + at[i], xor_tape.param[i]->data,
                                       (size_t)xor_tape.param[i]->size * sizeof *p);
    if (!o.quiet) printf(EX("\nXOR, 2-3-1, tanh; dl_gradcheck: %d of %d elements wrong\n",
                            "\n异或，2-3-1，tanh；dl_gradcheck：%d 个错，共 %d 个\n"),
                         (int)report.failed, (int)report.checked);
    const int steps = train(&s, p, o.epochs, 0.5, loss, o.quiet);
    for (int i = 0; i < 4 && !o.quiet; i++)
        printf(EX("  %g xor %g = %g, the net says %.3f\n", "  %g 异或 %g = %g，网络的回答是 %.3f\n"),
               (double)X[2 * i], (double)X[2 * i + 1], (double)T[i], sigmoid(s.z2[i]));
    if (!o.quiet && steps < 0) printf(EX("Not solved: a flat place. Try another --seed, or more "
                                         "--epochs.\n", "没学会：停在平坦处。换一个 --seed，或加大 --epochs。\n"));
    show(&page, &one, g, p, loss, abs(steps));

    /* Digits, from four sizes of first weights. */
    digits_show(dl, &o, train_data, test_data, accuracy, &page);
    now_you(&page, o.quiet);
    ex_page_close(&page, o.quiet);
    free(loss);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_result("solved=%d steps=%d loss=%.4f gradient_error=%.1e tape_difference=%.1e gradcheck=%d "
              "digits=%.1f parameters=%d", steps > 0, abs(steps), (double)s.loss, worst, tape_difference,
              report.ok, accuracy[2][EPOCHS - 1], count(xor_net));
    return ex_end(dl, &o);
}
