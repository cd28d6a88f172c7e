/* 01 - forward propagation by hand: every product and every sum of y = f(W x + b).

   S0 (数学模型 1), S3 (3.1) and S4 (4) write y = f(W x + b). That is ONE layer; a network feeds the
   result of one into the next:  a^l = f^l(W^l a^{l-1} + b^l),  a^0 = x.  Here 2 inputs, 3 hidden
   units with ReLU, 2 outputs with the sigmoid, and numbers to be checked on paper.

       gcc -O2 examples/01_forward.c -o forward -lm && ./forward

   @F S0-4.1 S3-3.1 S4-4  z_j = sum_i W_{j,i} x_i + b_j,   y_j = f(z_j)
   @F S0-2.2  ReLU(z) = max(0, z);  sigmoid(z) = 1 / (1 + e^{-z});  tanh z                      */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* A weight matrix has one row for each unit of its layer, W[out,in], as PyTorch keeps it: W[j,i] is
   W[j * in + i]. */
static const dl_real x[2]  = {1, 2};
static const dl_real W1[6] = {(dl_real)0.5,  (dl_real)-0.25,      /* W[0,0] W[0,1] */
                              (dl_real)-0.5, (dl_real)0.75,       /* W[1,0] W[1,1] */
                              (dl_real)0.25, (dl_real)-0.5};      /* W[2,0] W[2,1] */
static const dl_real b1[3] = {(dl_real)0.1, 0, (dl_real)0.2};
static const dl_real W2[6] = {1, (dl_real)0.5, -1, -2, (dl_real)0.25, (dl_real)0.5};
static const dl_real b2[2] = {(dl_real)-0.2, (dl_real)0.3};

static double relu(double z) { return z > 0 ? z : 0; }
static double sigmoid(double z) { return 1 / (1 + exp(-z)); }

/* Numbers on paper: a negative factor in brackets. */
static const char *paper(char *text, size_t size, double v) {
    snprintf(text, size, v < 0 ? "(%g)" : "%g", fabs(v) < 1e-9 ? 0.0 : v);
    return text;
}

/* One layer, out loud: z_j = W_{j,0} x_0 + W_{j,1} x_1 + ... + b_j, then y_j = f(z_j). */
static void layer(double *y, double *z, const double *in, const dl_real *W, const dl_real *b,
                  int D, int M, double (*f)(double), const char *name, const char *to, bool quiet) {
    char s[32], t[32];
    for (int j = 0; j < M; j++) {
        z[j] = (double)b[j];
        for (int i = 0; i < D; i++) z[j] += (double)W[j * D + i] * in[i];
        y[j] = f(z[j]);
        if (quiet) continue;
        printf("  z%d = ", j);
        for (int i = 0; i < D; i++)
            printf("%s*%s + ", paper(s, sizeof s, (double)W[j * D + i]), paper(t, sizeof t, in[i]));
        printf("%s = %.6g\n", paper(s, sizeof s, (double)b[j]), z[j]);
    }
    for (int j = 0; j < M && !quiet; j++)
        printf("  %s%d = %s(%.6g) = %.6g\n", to, j, name, z[j], y[j]);
}

/* Floor 1, kernels: the same with the functions that every network here runs on. */
static void by_kernels(dl_real z1[3], dl_real a[3], dl_real z2[2], dl_real y[2]) {
    dlk_linear_forward(z1, x, W1, b1, 1, 2, 3);
    dlk_relu_forward(a, z1, 3, 0, 0);
    dlk_linear_forward(z2, a, W2, b2, 1, 3, 2);
    dlk_sigmoid_forward(y, z2, 2, 0, 0);
}

static double largest_difference(const double *a, const dl_real *b, int n) {
    double d = 0;
    for (int i = 0; i < n; i++) d = ex_larger(d, fabs(a[i] - (double)b[i]));
    return d;
}

/* Behind main: the plot, the page. */
static void show(const dl_real *a, const dl_real *y, ex_page *page, bool quiet);

int main(int argc, char **argv) {
    double in[2], z1[3], a[3], z2[2], y[2], difference;
    dl_real kz1[3], ka[3], kz2[2], ky[2];
    ex_options o = ex_options_default(argc, argv);
    ex_parse(&o, argc, argv, EX("a 2-3-2 net by hand: every product and sum of y = f(W x + b); "
                                "at once", "手算 2-3-2 网络：y = f(W x + b) 的每个乘积与和；立刻完成"),
             "html quiet", NULL, 0);
    dl_ctx *dl = ex_begin(&o);
    ex_page page = ex_page_open(&o, EX("Forward propagation by hand", "手算前向传播"));

    /* By hand, in double. */
    for (int i = 0; i < 2; i++) in[i] = (double)x[i];
    ex_say(o.quiet, EX("x = (%g, %g)\n\nHidden layer, a = ReLU(W1 x + b1):\n",
                       "x = (%g, %g)\n\n隐藏层，a = ReLU(W1 x + b1)：\n"), in[0], in[1]);
    layer(a, z1, in, W1, b1, 2, 3, relu, "ReLU", "a", o.quiet);
    ex_say(o.quiet, EX("\nOutput layer, y = sigmoid(W2 a + b2):\n",
                       "\n输出层，y = sigmoid(W2 a + b2)：\n"));
    layer(y, z2, a, W2, b2, 3, 2, sigmoid, "sigmoid", "y", o.quiet);

    by_kernels(kz1, ka, kz2, ky);
    difference = ex_larger(largest_difference(z1, kz1, 3), largest_difference(a, ka, 3));
    difference = ex_larger(difference, largest_difference(z2, kz2, 2));
    difference = ex_larger(difference, largest_difference(y, ky, 2));

    /* Floor 2, tensors: the same as one formula. */
    dl_tensor *tx = dl_from(dl, dl_shape2(1, 2), x);
    dl_tensor *w1 = dl_from(dl, dl_shape2(3, 2), W1), *v1 = dl_from(dl, dl_shape1(3), b1);
    dl_tensor *w2 = dl_from(dl, dl_shape2(2, 3), W2), *v2 = dl_from(dl, dl_shape1(2), b2);
    dl_tensor *ty = dl_sigmoid(dl_linear(dl_relu(dl_linear(tx, w1, v1)), w2, v2));
    if (dl_error(dl)) return ex_end(dl, &o);
    difference = ex_larger(difference, largest_difference(y, ty->data, 2));

    ex_say(o.quiet, EX("\nBy hand:            y = (%.6f, %.6f)\n",
                       "\n手算：               y = (%.6f, %.6f)\n"), y[0], y[1]);
    ex_say(o.quiet, "dlk_linear_forward: y = (%.6f, %.6f)\n", (double)ky[0], (double)ky[1]);
    ex_say(o.quiet, "dl_linear:          y = (%.6f, %.6f)\n", (double)ty->data[0],
           (double)ty->data[1]);
    show(ka, ky, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    ex_result("y0=%.6f y1=%.6f difference=%.2g equal=%d", y[0], y[1], difference,
              difference <= 1e-6);
    const int code = ex_end(dl, &o);
    return difference <= 1e-6 ? code : 1;
}

/* ------------------------------------------------------------------------- the showing ---- */

/* Three activation functions and their slopes. */
static void fill_curves(ex_curve *curve, ex_curve *slopes) {
    enum { N = 121 };
    static double at[N], f[3][N], slope[3][N];
    static const double step_at[4] = {-4, 0, 0, 4}, step[4] = {0, 0, 1, 1};
    static const char *const f_name[3] = {"ReLU", "sigmoid", "tanh"};
    for (int i = 0; i < N; i++) {
        double z = at[i] = -4 + 8.0 * i / (N - 1), s = sigmoid(z), t = tanh(z);
        f[0][i] = relu(z);
        f[1][i] = s;
        f[2][i] = t;
        slope[1][i] = s * (1 - s);
        slope[2][i] = 1 - t * t;
    }
    for (int k = 0; k < 3; k++) {
        curve[k] = ex_curve_of(f_name[k], at, f[k], N);
        slopes[k] = ex_curve_of(f_name[k], at, slope[k], N);
    }
    slopes[0] = ex_curve_of(f_name[0], step_at, step, 4);               /* ReLU's slope is a step */
}

static void show(const dl_real *a, const dl_real *y, ex_page *page, bool quiet) {
    ex_curve curve[3], slopes[3];
    ex_axes axes = {EX("Activation functions", "激活函数"), "z", "f(z)", -4, 4, -1.2, 2.2, false};
    ex_axes slope_axes = {EX("Their slopes", "它们的导数"), "z", "f'(z)", -4, 4, -0.1, 1.2, false};
    ex_graph graph;
    fill_curves(curve, slopes);
    ex_say(quiet, EX("\nWhat f does to z:\n\n", "\nf 对 z 做了什么：\n\n"));
    if (!quiet) ex_draw_plot(axes, curve, 3);
    memset(&graph, 0, sizeof graph);
    ex_graph_add(&graph, "x", 2, x, NULL, NULL, NULL, NULL);
    ex_graph_add(&graph, "a", 3, a, W1, b1, NULL, NULL);
    ex_graph_add(&graph, "y", 2, y, W2, b2, NULL, NULL);
    ex_page_formula(page, "z = W x + b,   y = f(z)");
    ex_page_text(page, 2, EX("The net and its numbers", "网络与它的数值"));
    ex_page_figure(page, "01-net", EX("A net of two inputs, three hidden units, two outputs, with "
                                      "its weights and values",
                                      "两个输入、三个隐藏单元、两个输出的网络，标着权重与值"));
    ex_page_graph(page, &graph);
    ex_page_text(page, 0, EX("On the edges the weights (negative ones dashed), in the circles the "
                             "values after f.", "边上是权重（负数为虚线），圆圈里是经过 f 之后的值。"));
    ex_page_figure(page, "01-activations", EX("ReLU, sigmoid and tanh from -4 to 4",
                                              "ReLU、sigmoid 与 tanh，从 -4 到 4"));
    ex_page_plot(page, axes, curve, 3);
    ex_page_figure(page, "01-slopes", EX("The slopes of ReLU (a step), sigmoid and tanh",
                                         "ReLU（一级台阶）、sigmoid 与 tanh 的导数"));
    ex_page_plot(page, slope_axes, slopes, 3);
    ex_page_text(page, 0, EX("Where the slope is near 0 nothing can be learned: the sigmoid and "
                             "tanh far from 0, ReLU left of it.",
                             "导数接近 0 的地方学不到东西：远离 0 的 sigmoid 与 tanh，0 左边的 ReLU。"));
    ex_show_now_you(page, quiet,
                    EX("a2 is 0 because z2 < 0. Which bias of that unit (now 0.2) lets it through?",
                       "a2 是 0，因为 z2 < 0。这个单元的偏置（现在是 0.2）要多大，它才通过？"),
                    EX("More than 0.75: z2 = 0.25*1 - 0.5*2 + b = b - 0.75.",
                       "大于 0.75：z2 = 0.25×1 - 0.5×2 + b = b - 0.75。"));
}
