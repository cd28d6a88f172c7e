/* 04 - backpropagation: the 2-3-2 net of 01 with a gradient on every edge, checked in three ways;
   then XOR and digits of 8 x 8 pixels, learned from the kernels alone.

   The documents call backpropagation an optimizer (S1 3.2, S3 3.2) or give it the update (S0). It
   only computes gradients, and what they leave out is how one layer's follow from the next one's.
   With z^l = W^l a^{l-1} + b^l and a^l = f(z^l), and i the sample:

     @F S1-3.2  delta^L = dL/dz^L                                  of the last layer, from the loss
     @F S1-3.2  delta^l = (W^{l+1})^T delta^{l+1} * f'(z^l)        of the layers before it
     @F S1-3.2  dL/dW^l = sum_i delta_i^l (a_i^{l-1})^T,   dL/db^l = sum_i delta_i^l
     @F S0-4.3  and then, by gradient descent:  W <- W - eta dL/dW

       gcc -O2 examples/04_backprop.c -o backprop -lm && ./backprop                              */
#ifndef DL_REAL
#define DL_REAL double   /* 16 digits, so that the gradient check has some to spare */
#endif
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* A net of two layers, D - H - M. Its parameters stand one after the other in p[]: W1[H,D], b1[H],
   W2[M,H], b2[M]; p + at(n, W2) is where W2 begins. */
typedef struct net { int D, H, M; bool relu; } net;          /* hidden units with ReLU, or tanh  */
enum { W1, B1, W2, B2, END };
static int at(net n, int part) {
    const int b1 = n.H * n.D, w2 = b1 + n.H, b2 = w2 + n.M * n.H;
    const int begin[] = {0, b1, w2, b2, b2 + n.M};
    return begin[part];
}

/* What a forward and backward pass leaves behind, a row a sample; room for the largest net. */
enum { BATCH = 100, UNITS = 16, CLASSES = 10 };
typedef struct pass {
    dl_real z1[BATCH * UNITS], a1[BATCH * UNITS], z2[BATCH * CLASSES], y[BATCH * CLASSES];
    dl_real delta2[BATCH * CLASSES], da1[BATCH * UNITS], delta1[BATCH * UNITS], loss;
} pass;

static void forward(pass *s, net n, const dl_real *p, const dl_real *x, int N) {
    memset(s, 0, sizeof *s);                     /* backward kernels add to what they find        */
    dlk_linear_forward(s->z1, x, p + at(n, W1), p + at(n, B1), N, n.D, n.H);  /* z1 = W1 x + b1  */
    if (n.relu) dlk_relu_forward(s->a1, s->z1, N * n.H, 0, 0);                /* a1 = f(z1)      */
    else dlk_tanh_forward(s->a1, s->z1, N * n.H, 0, 0);
    dlk_linear_forward(s->z2, s->a1, p + at(n, W2), p + at(n, B2), N, n.H, n.M); /* W2 a1 + b2   */
}

/* y = sigmoid(z2), L = -t ln y - (1-t) ln(1-y), summed over the outputs, mean over the samples;
   and delta2 = dL/dz2. */
static void sigmoid_loss(pass *s, net n, const dl_real *t, int N) {
    dlk_bce_forward(&s->loss, s->z2, t, N * n.M, 1.0 / N);
    dlk_bce_backward(s->delta2, 1, s->z2, t, N * n.M, 1.0 / N);          /* delta2 = (y - t) / N */
}

/* The same for y = softmax(z2), L = -ln y_t with t the number of the right class. */
static void softmax_loss(pass *s, net n, const int32_t *t, int N) {
    dlk_cross_entropy_forward(&s->loss, s->y, s->z2, t, N, n.M, 1.0 / N);
    dlk_cross_entropy_backward(s->delta2, 1, s->y, t, N, n.M, 1.0 / N);
}

/* From delta2 back to all gradients. */
static void backward(pass *s, dl_real *g, net n, const dl_real *p, const dl_real *x, int N) {
    memset(g, 0, (size_t)at(n, END) * sizeof *g);                        /* kernels add to it    */
    dlk_linear_backward(s->da1, g + at(n, W2), g + at(n, B2), s->delta2, s->a1, p + at(n, W2), N,
                        n.H, n.M);                                       /* da1 = W2^T delta2    */
    if (n.relu) dlk_relu_backward(s->delta1, s->da1, s->a1, s->z1, N * n.H, 0, 0);
    else dlk_tanh_backward(s->delta1, s->da1, s->a1, s->z1, N * n.H, 0, 0);  /* da1 * f'(z1)     */
    dlk_linear_backward(NULL, g + at(n, W1), g + at(n, B1), s->delta1, x, p + at(n, W1), N,
                        n.D, n.H);
}

/* The net of 01, and XOR, for 2 inputs and 3 hidden units. */
enum { D = 2, H = 3, MOST = H * D + H + 2 * H + 2 };
static const net small = {D, H, 2, true}, xor_net = {D, H, 1, false};
static const dl_real x01[D] = {1, 2}, t01[2] = {1, 0};
static const dl_real p01[MOST] = {
    0.5, -0.25, -0.5, 0.75, 0.25, -0.5,  (dl_real)0.1, 0, (dl_real)0.2,         /* W1, b1        */
    1, 0.5, -1, -2, 0.25, 0.5,           (dl_real)-0.2, (dl_real)0.3};          /* W2, b2        */
static const dl_real X[4 * D] = {0, 0, 0, 1, 1, 0, 1, 1}, T[4] = {0, 1, 1, 0};

/* Gradient descent on all four samples of XOR, until every answer is within 0.1: after how many
   steps? Below 0: it never was. */
static int train(pass *s, dl_real *p, int epochs, double eta, double *loss) {
    dl_real g[MOST];
    for (int step = 1; step <= epochs; step++) {
        int near = 0;
        forward(s, xor_net, p, X, 4);
        sigmoid_loss(s, xor_net, T, 4);
        backward(s, g, xor_net, p, X, 4);
        dlk_sgd_step(p, g, at(xor_net, END), eta);                       /* W <- W - eta dL/dW   */
        loss[step - 1] = (double)s->loss;
        dlk_sigmoid_forward(s->y, s->z2, 4, 0, 0);
        for (int i = 0; i < 4; i++) near += fabs((double)(s->y[i] - T[i])) < 0.1;
        if (near == 4) return step;
    }
    return -epochs;
}

/* Digits of 8 x 8 pixels: one epoch of the same, in batches. */
enum { PIXELS = 64, IMAGES = 1000, ALL = UNITS * PIXELS + UNITS + CLASSES * UNITS + CLASSES };
static const net digit_net = {PIXELS, UNITS, CLASSES, false};
typedef struct digits { dl_real x[IMAGES * PIXELS]; int32_t t[IMAGES]; } digits;
static void digits_epoch(pass *s, dl_real *p, const digits *d) {
    static dl_real g[ALL];
    for (int n = 0; n < IMAGES; n += BATCH) {
        forward(s, digit_net, p, d->x + n * PIXELS, BATCH);
        softmax_loss(s, digit_net, d->t + n, BATCH);
        backward(s, g, digit_net, p, d->x + n * PIXELS, BATCH);
        dlk_sgd_step(p, g, ALL, 0.5);
    }
}

/* ------------------------------------------------------------------------- the program ---- */

/* Behind main: the gradients in two other ways, what is shown; digits from four first weights. */
static double show_net(dl_ctx *dl, pass *one, const dl_real *g, double *tape_difference,
                       ex_page *page, bool quiet);
static bool show_gradcheck(dl_ctx *dl, const dl_real *p, bool quiet);
static void show_xor(const pass *s, const dl_real *p, const double *loss, int steps, ex_page *page,
                     bool quiet);
static void shrink(digits *d, const dl_data *data);
static double show_digits(const dl_real *random, const digits *train, const digits *test,
                          ex_page *page, bool quiet);

int main(int argc, char **argv) {
    static pass one, s;
    static digits train_set, test_set;
    static double loss[100000];                          /* as many as --epochs can be            */
    double tape_difference = 0;
    dl_real p[MOST], g[MOST];
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5000;
    ex_parse(&o, argc, argv, EX("gradients by backpropagation, checked; XOR and small digits "
                                "learned; two seconds", "反向传播算梯度并检验，再学会异或和小的数字；两秒"),
             "data epochs seed html quiet", NULL, 0);
    dl_ctx *dl = ex_begin(&o);
    shrink(&train_set, ex_mnist(dl, &o, DL_TRAIN));
    shrink(&test_set, ex_mnist(dl, &o, DL_TEST));
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Backpropagation", "反向传播"));

    /* The net of 01: forward, loss, backward. */
    forward(&one, small, p01, x01, 1);
    sigmoid_loss(&one, small, t01, 1);
    backward(&one, g, small, p01, x01, 1);
    const double worst = show_net(dl, &one, g, &tape_difference, &page, o.quiet);

    /* XOR, from random parameters. */
    const dl_tensor *start = dl_param(dl, dl_shape1(at(xor_net, END)), dl_init_uniform(-1, 1));
    const dl_tensor *random = dl_param(dl, dl_shape1(ALL), dl_init_uniform(-1, 1));
    if (dl_error(dl)) return ex_end(dl, &o);
    const bool agrees = show_gradcheck(dl, start->data, o.quiet);
    memcpy(p, start->data, (size_t)start->size * sizeof *p);
    const int steps = train(&s, p, o.epochs, 0.5, loss);
    show_xor(&s, p, loss, steps, &page, o.quiet);

    /* Digits, from four sizes of first weights. */
    const double right = show_digits(random->data, &train_set, &test_set, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_result("solved=%d steps=%d loss=%.4f gradient_error=%.1e tape_difference=%.1e gradcheck=%d "
              "digits=%.1f parameters=%d", steps > 0, abs(steps), (double)s.loss, worst,
              tape_difference, agrees, right, at(xor_net, END));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* The same nets on the tape: write the formula, and dl_backward does the rest. */
typedef struct taped { net n; int N; const dl_real *x, *t; dl_tensor *w[4]; } taped;
static taped taped_new(dl_ctx *dl, net n, int N, const dl_real *x, const dl_real *t,
                       const dl_real *p) {
    const dl_shape shape[END] = {dl_shape2(n.H, n.D), dl_shape1(n.H), dl_shape2(n.M, n.H),
                                 dl_shape1(n.M)};
    taped a = {n, N, x, t, {NULL, NULL, NULL, NULL}};
    for (int k = W1; k < END; k++) {
        a.w[k] = dl_param(dl, shape[k], dl_init_uniform(-1, 1));
        if (a.w[k]) memcpy(a.w[k]->data, p + at(n, k), (size_t)a.w[k]->size * sizeof *p);
    }
    return a;
}
static dl_tensor *taped_loss(dl_ctx *dl, void *user) {
    const taped *a = (const taped *)user;
    dl_tensor *x = dl_from(dl, dl_shape2(a->N, a->n.D), a->x);
    dl_tensor *t = dl_from(dl, dl_shape2(a->N, a->n.M), a->t);
    dl_tensor *z1 = dl_linear(x, a->w[W1], a->w[B1]);
    dl_tensor *z2 = dl_linear(a->n.relu ? dl_relu(z1) : dl_tanh(z1), a->w[W2], a->w[B2]);
    return dl_mul_scalar(dl_bce(z2, t), a->n.M);          /* dl_bce is the mean over outputs, too */
}

/* L of the net of 01 with parameter k moved by h. */
static double loss_at(int k, double h) {
    static pass s;
    dl_real p[MOST];
    memcpy(p, p01, sizeof p);
    p[k] = (dl_real)((double)p01[k] + h);
    forward(&s, small, p, x01, 1);
    sigmoid_loss(&s, small, t01, 1);
    return (double)s.loss;
}

/* The recursion with its numbers, for the net of 01. */
static void aloud(const pass *s, const dl_real *g) {
    const dl_real *w2 = p01 + at(small, W2);
    for (int j = 0; j < 2; j++)
        printf("  delta2_%d = y%d - t%d = %.4f - %g = %.4f\n", j, j, j, (double)s->y[j],
               (double)t01[j], (double)s->delta2[j]);
    for (int i = 0; i < H; i++)
        printf("  da%d = (%g)*(%.4f) + (%g)*(%.4f) = %.4f,  f'(z%d) = %d,  delta1_%d = %.4f\n", i,
               (double)w2[i], (double)s->delta2[0], (double)w2[H + i], (double)s->delta2[1],
               (double)s->da1[i], i, s->z1[i] > 0, i, (double)s->delta1[i]);
    printf("\n  dL/dW2 = delta2 a^T =");
    for (int k = 0; k < 2 * H; k++)
        printf("%s%9.4f", k == H ? "\n                       " : "", (double)g[at(small, W2) + k]);
    printf("\n  dL/dW1 = delta1 x^T =");
    for (int k = 0; k < H * D; k++)
        printf("%s%9.4f", k && k % D == 0 ? "\n                       " : "", (double)g[k]);
    printf("\n");
}

/* Three ways to the same gradient: kernels, tape, and (L(p+h) - L(p-h)) / 2h. Returns the largest
   relative error of the last, and the largest difference from the tape. */
static double compare(const dl_real *g, const taped *tape, double *tape_difference, bool quiet) {
    const double h = sizeof(dl_real) == 8 ? 1e-5 : 1e-2;
    double worst = 0;
    ex_say(quiet, EX("\n  parameter    kernels       tape    numeric\n",
                     "\n  参数            内核       带子       差商\n"));
    for (int part = W1; part < END; part++)
        for (int i = 0; i < at(small, part + 1) - at(small, part); i++) {
            const int k = at(small, part) + i;
            const double exact = (double)g[k], numeric = (loss_at(k, h) - loss_at(k, -h)) / (2 * h);
            const double taken = (double)tape->w[part]->grad[i];
            const int columns = part == W1 ? D : H;
            char name[40];
            worst = ex_larger(worst, fabs(exact - numeric) /
                                     fmax(fmax(fabs(exact), fabs(numeric)), 1e-3));
            *tape_difference = ex_larger(*tape_difference, fabs(taken - exact));
            if (part % 2) snprintf(name, sizeof name, "b%d[%d]", part / 2 + 1, i);
            else snprintf(name, sizeof name, "W%d[%d,%d]", part / 2 + 1, i / columns, i % columns);
            ex_say(quiet, "  %-9s %10.6f %10.6f %10.6f\n", name, exact, taken, numeric);
        }
    ex_say(quiet, EX("largest relative error %.0e\n", "最大相对误差 %.0e\n"), worst);
    return worst;
}

static double show_net(dl_ctx *dl, pass *one, const dl_real *g, double *tape_difference,
                       ex_page *page, bool quiet) {
    taped tape = taped_new(dl, small, 1, x01, t01, p01);
    ex_graph graph;
    dlk_sigmoid_forward(one->y, one->z2, small.M, 0, 0);
    memset(&graph, 0, sizeof graph);
    ex_graph_add(&graph, "x", D, x01, NULL, NULL, NULL, NULL);
    ex_graph_add(&graph, "a", H, one->a1, p01, p01 + at(small, B1), g, one->delta1);
    ex_graph_add(&graph, "y", 2, one->y, p01 + at(small, W2), p01 + at(small, B2),
                 g + at(small, W2), one->delta2);
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
    ex_say(quiet, EX("x = (1, 2), t = (1, 0), loss %.4f\n\n",
                     "x = (1, 2)，t = (1, 0)，损失 %.4f\n\n"), (double)one->loss);
    if (!quiet) aloud(one, g);
    if (!dl_backward(taped_loss(dl, &tape))) return HUGE_VAL;
    const double worst = compare(g, &tape, tape_difference, quiet);
    dl_tape_clear(dl);
    return worst;
}

static bool show_gradcheck(dl_ctx *dl, const dl_real *p, bool quiet) {
    taped tape = taped_new(dl, xor_net, 4, X, T, p);
    const dl_gradcheck_report report = dl_gradcheck(dl, taped_loss, &tape, tape.w, 4);
    ex_say(quiet, EX("\nXOR, 2-3-1, tanh; dl_gradcheck: %d of %d elements wrong\n",
                     "\n异或，2-3-1，tanh；dl_gradcheck：%d 个错，共 %d 个\n"),
           (int)report.failed, (int)report.checked);
    return report.ok;
}

static void show_xor(const pass *s, const dl_real *p, const double *loss, int steps, ex_page *page,
                     bool quiet) {
    enum { SIDE = 41 };
    static dl_real map[SIDE * SIDE];
    static pass at_point;
    const int n = abs(steps);
    const ex_axes axes = {EX("Loss on XOR", "异或的损失"), EX("step", "步"), EX("loss", "损失"),
                          0, 0, 0, 0, true};
    const ex_curve c = ex_curve_of(EX("mean of all four samples", "四个样本的平均"), NULL, loss, n);
    for (int k = 1; k <= n; k++)
        if ((k == n && steps > 0) || (k & (k - 1)) == 0)
            ex_say(quiet, EX("  step %5d  loss %.4f\n", "  第 %5d 步  损失 %.4f\n"), k, loss[k - 1]);
    for (int i = 0; i < 4; i++)
        ex_say(quiet, EX("  %g xor %g = %g, the net says %.3f\n",
                         "  %g 异或 %g = %g，网络的回答是 %.3f\n"),
               (double)X[2 * i], (double)X[2 * i + 1], (double)T[i], (double)s->y[i]);
    ex_say(quiet || steps > 0, EX("Not solved: a flat place. Try another --seed, or more "
                                  "--epochs.\n",
                                  "没学会：停在平坦处。换一个 --seed，或加大 --epochs。\n"));
    ex_page_figure(page, "04-xor", EX("The loss on XOR stays flat at first, then falls",
                                      "异或的损失先是平的，然后下降"));
    ex_page_plot(page, axes, &c, 1);
    for (int i = 0; i < SIDE * SIDE; i++) {
        const double last = SIDE - 1;
        const dl_real x[2] = {(dl_real)(i % SIDE / last), (dl_real)(1 - i / SIDE / last)};
        forward(&at_point, xor_net, p, x, 1);
        dlk_sigmoid_forward(&map[i], at_point.z2, 1, 0, 0);
    }
    const ex_image im = ex_image_of(map, SIDE, SIDE, EX("x0 to the right, x1 up", "x0 向右，x1 向上"));
    ex_page_text(page, 2, EX("What the trained net answers: dark is 1", "训练后的回答：深色是 1"));
    ex_page_figure(page, "04-map", EX("Answers over the unit square: dark near (0,1) and (1,0)",
                                      "单位正方形上的回答：(0,1) 与 (1,0) 附近是深色"));
    ex_page_images(page, &im, 1, 0, 1, 6);
}

/* 28 x 28 pixels, their edge of two cut off, become 8 x 8 means of 3 x 3. */
static void shrink(digits *d, const dl_data *data) {
    const dlk_pool2d_size means = {1, 24, 28, 8, 8, 3, 3, 3, 3, 0, 0};   /* from the third row on */
    for (int n = 0; n < IMAGES; n++) {
        const dl_tensor *image = dl_data_sample(data, n);
        if (image == NULL) return;
        dlk_avg_pool2d_forward(d->x + n * PIXELS, image->data + 2 * 28 + 2, &means, false);
        d->t[n] = dl_data_labels(data)[n];
        dl_tape_clear(dl_data_ctx(data));
    }
}

enum { EPOCHS = 20, STARTS = 4 };

/* Train from weights `times` as large as Glorot's; accuracy in % after each epoch. Returns the loss
   at first. */
static double digits_from(const dl_real *random, double times, const digits *train,
                          const digits *test, double *accuracy) {
    static pass s;
    static dl_real p[ALL];
    const double glorot[4] = {sqrt(6.0 / (PIXELS + UNITS)), 0, sqrt(6.0 / (UNITS + CLASSES)), 0};
    for (int part = W1; part < END; part++)
        for (int k = at(digit_net, part); k < at(digit_net, part + 1); k++)
            p[k] = (dl_real)(times * glorot[part] * (double)random[k]);
    forward(&s, digit_net, p, train->x, BATCH);
    softmax_loss(&s, digit_net, train->t, BATCH);
    const double before = (double)s.loss;
    for (int e = 0; e < EPOCHS; e++) {
        digits_epoch(&s, p, train);
        int right = 0;
        for (int n = 0; n < IMAGES; n += BATCH) {
            forward(&s, digit_net, p, test->x + n * PIXELS, BATCH);
            for (int i = 0; i < BATCH; i++)
                right += ex_argmax(s.z2 + i * CLASSES, CLASSES) == test->t[n + i];
        }
        accuracy[e] = 100.0 * right / (double)IMAGES;
    }
    return before;
}

/* Returns the last accuracy from Glorot's weights. */
static double show_digits(const dl_real *random, const digits *train, const digits *test,
                          ex_page *page, bool quiet) {
    static double accuracy[STARTS][EPOCHS];
    static const double times[STARTS] = {0, 0.01, 1, 30};
    static const char *const name[STARTS] = {"0", "0.01 x", "1 x Glorot", "30 x"};
    const ex_axes axes = {EX("Digits of 8 x 8 pixels", "8×8 的数字"), EX("epoch", "轮"),
                          EX("test accuracy, %", "测试准确率（%）"), 1, EPOCHS, 0, 100, false};
    ex_curve curve[STARTS];
    ex_show_text(page, quiet, 2, EX("Digits of 8 x 8 pixels, 64-16-10, %d images: how large should "
                                    "the first weights be?",
                                    "8×8 的数字，64-16-10，%d 张图：最初的权重该多大？"), IMAGES);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("times Glorot's|loss at first|epoch 1|epoch 5|epoch 20",
                                      "Glorot 的几倍|开始的损失|1 轮后|5 轮后|20 轮后"));
    for (int i = 0; i < STARTS; i++) {
        const double before = digits_from(random, times[i], train, test, accuracy[i]);
        ex_show_row(page, quiet, false, "%g|%.4f|%.1f|%.1f|%.1f", times[i], before,
                    accuracy[i][0], accuracy[i][4], accuracy[i][EPOCHS - 1]);
        curve[i] = ex_curve_of(name[i], NULL, accuracy[i], EPOCHS);
    }
    ex_page_table(page, false);
    ex_page_figure(page, "04-digits", EX("Test accuracy by epoch for four sizes of the first "
                                         "weights: all zero stays at one in ten",
                                         "四种大小的最初权重，各轮之后的测试准确率；全是 0 的停在一成"));
    ex_page_plot(page, axes, curve, STARTS);
    ex_show_now_you(page, quiet,
                    EX("the target of the first net becomes (0, 0). Which deltas change their "
                       "sign?", "第一个网络的目标改成 (0, 0)。哪些 δ 会变号？"),
                    EX("delta2_0 = 0.5987 becomes positive, and delta1_1 = 0.5*0.5987 + "
                       "0.25*0.5866 = 0.4460; delta1_0 = -0.5745 stays negative, delta1_2 stays 0.",
                       "delta2_0 = 0.5987 变正，delta1_1 = 0.5×0.5987 + 0.25×0.5866 = 0.4460 也变正；"
                       "delta1_0 = -0.5745 仍是负的，delta1_2 仍是 0。"));
    return accuracy[2][EPOCHS - 1];
}
