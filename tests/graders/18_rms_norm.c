/* 18_rms_norm
@en 1
x[n,c] goes into y[n,c] directly, and through r[n] into all y of its sample. First the way through r alone:
what is the derivative of r by x[n,c]?
@zh 1
x[n,c] 直接进 y[n,c]，又通过 r[n] 进了这个样本的全部 y。先只看经过 r 的那条路：r 对 x[n,c] 的导数是什么？
@en 2
It is -r^3 x[n,c] / C. What comes back to r is S = sum over c of dy[n,c] w[c] x[n,c].
@zh 2
是 -r^3 x[n,c] / C。回到 r 的是 S = 对 c 求和 dy[n,c] w[c] x[n,c]。
@en 3
dx[n,c] += r (dy[n,c] w[c] - r r x[n,c] S / C); dw[c] += dy[n,c] r x[n,c].
@zh 3
先 dx[n,c] += r (dy[n,c] w[c] - r r x[n,c] S / C); 再 dw[c] += dy[n,c] r x[n,c]。
@en after
Without eps the gradient stands at right angles to x: a longer x gives the same y. Batch normalization has one
more term, for the mean, and looks at the batch; this looks at one sample, so it needs no running averages, and
no switch between training and prediction.
To think about: all of x is multiplied by 10. What becomes of y, and of dx?
@zh after
没有 eps 时，梯度与 x 垂直：x 再长，y 也一样。批量归一化多出均值的一项，还要看整批；这里只看一个样本，
所以不需要滑动平均，也不分训练与预测。
想一想：x 全部乘 10，y 会怎样？dx 呢？
@variants
eps -> y | dx | dw
1 -> (2.4495, 2.4495) | (0.2041, -0.2041) | (1.2247, 0)
4 -> (2.0000, 2.0000) | (0.3333, -0.1111) | (1.0000, 0)
0.2 -> (2.6312, 2.6312) | (0.1181, -0.2530) | (1.3156, 0)
11 -> (1.5000, 1.5000) | (0.3594, -0.0469) | (0.7500, 0)
2.2 -> (2.2361, 2.2361) | (0.2795, -0.1553) | (1.1180, 0)
20 -> (1.2000, 1.2000) | (0.3280, -0.0240) | (0.6000, 0)
*/
#include "grader.h"

#ifndef CHILD
enum { MEAN_OFF = 1, SUM = 2, NO_ROOT = 4, NO_W = 8, WHOLE = 16, DIRECT = 32, W_LATE = 64, DW_PLAIN = 128,
       EPS_OUT = 256, PLUS = 512, NO_EPS = 1024 };
static double root(args *a, dl_int n, int how, double *mean) {
    const dl_int C = I(C), first = how & WHOLE ? 0 : n * C, end = how & WHOLE ? I(N) * C : first + C;
    double square = 0, sum = 0;
    for (dl_int i = first; i < end; i++) sum += R(x)[i] / (double)(end - first);
    *mean = how & MEAN_OFF ? sum : 0;
    for (dl_int i = first; i < end; i++) square += (R(x)[i] - *mean) * (R(x)[i] - *mean);
    if (!(how & SUM)) square /= (double)(end - first);
    if (how & NO_EPS) return 1 / sqrt(square);
    if (how & EPS_OUT) return 1 / (V(eps) + sqrt(square));
    return how & NO_ROOT ? 1 / (V(eps) + square) : 1 / sqrt(V(eps) + square);
}
static void forward_by(args *a, int how) {
    for (dl_int i = 0; i < I(N) * I(C); i++) {
        double mean;
        const double r = root(a, i / I(C), how, &mean);
        R(y)[i] = (how & NO_W ? 1 : R(w)[i % I(C)]) * r * (R(x)[i] - mean);
    }
}
static void backward_by(args *a, int how) {
    const dl_int C = I(C);
    for (dl_int n = 0; n < I(N); n++) {
        double mean, sum = 0;
        const double r = root(a, n, 0, &mean);
        for (dl_int i = n * C; i < (n + 1) * C; i++)
            sum += R(dy)[i] * (how & W_LATE ? 1 : R(w)[i % C]) * R(x)[i] / (how & SUM ? 1 : (double)C);
        for (dl_int i = n * C; i < (n + 1) * C; i++) {
            const double w = how & NO_W ? 1 : R(w)[i % C], back = r * r * R(x)[i] * sum * (how & W_LATE ? w : 1);
            R(dx)[i] += r * (R(dy)[i] * w - (how & DIRECT ? 0 : how & PLUS ? -back : back));
            R(dw)[i % C] += R(dy)[i] * (how & DW_PLAIN ? 1 : r) * R(x)[i];
        }
    }
}
#define BY(name, f, how) static void name(args *a) { f(a, how); }
BY(call_forward, forward_by, 0)
BY(mean_off, forward_by, MEAN_OFF)
BY(sum_only, forward_by, SUM)
BY(no_root, forward_by, NO_ROOT)
BY(no_w, forward_by, NO_W)
BY(whole, forward_by, WHOLE)
BY(eps_outside, forward_by, EPS_OUT)
BY(no_eps, forward_by, NO_EPS)
BY(direct, backward_by, DIRECT)
BY(back_sum, backward_by, SUM)
BY(plus, backward_by, PLUS)
BY(w_late, backward_by, W_LATE)
BY(back_no_w, backward_by, NO_W)
BY(dw_plain, backward_by, DW_PLAIN)
#else
static void call_forward(args *a) { rms_norm_forward(R(y), R(x), R(w), I(N), I(C)); }
static void call_backward(args *a) { rms_norm_backward(R(dx), R(dw), R(dy), R(x), R(w), I(N), I(C)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"rms_norm_forward", "=y[N,C] x[N,C] w[C]", call_forward, 0},
    {"rms_norm_backward", "+dx[N,C] +dw[C] dy[N,C] x[N,C] w[C]", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 C=2 x=3,1 w=2,6 -> y=$y"},
        {1, "N=1 C=2 x=3,1 w=2,6 dy=1,0 -> dx=$dx dw=$dw"},
    },
    .mistake = {
        {"mean-taken-off", 0, mean_off, "The mean is taken off: RMSNorm does not, it only divides.",
         "你减了均值：RMSNorm 不减，只除。"},
        {"sum-of-squares", 0, sum_only, "This is the sum of the squares: divide by C for their mean.",
         "这是平方之和：除以 C 才是平均。"},
        {"no-root", 0, no_root, "The root is missing: r = 1 / sqrt(...).", "漏了平方根：r = 1 / sqrt(...)。"},
        {"no-w", 0, no_w, "The factor w[c] is missing.", "漏了因子 w[c]。"},
        {"whole-batch", 0, whole, "The mean is that of all samples: each sample has its own r.",
         "你用了全部样本的平均：每个样本有自己的 r。"},
        {"eps-outside", 0, eps_outside, "eps belongs under the root.", "eps 要放在根号里面。"},
        {"no-eps", 0, no_eps, "eps is missing under the root.", "根号里漏了 eps。"},
        {"direct-only", 1, direct, "Only the direct way: x also goes through r into every y of its sample.",
         "只有直接的那条路：x 还通过 r 进了这个样本的每个 y。"},
        {"sum-backward", 1, back_sum, "In the way through r the factor 1 / C is missing.", "经过 r 的那条路漏了 1 / C。"},
        {"plus", 1, plus, "The way through r has the wrong sign: a larger x makes r smaller.",
         "经过 r 的那条路符号反了：x 变大，r 变小。"},
        {"w-outside", 1, w_late, "In the sum S each dy goes with its own w: w[c] stands inside of the sum.",
         "求和 S 时，每个 dy 要乘自己的 w：w[c] 在求和里面。"},
        {"backward-no-w", 1, back_no_w, "On the direct way the factor w[c] is missing.", "直接的那条路漏了因子 w[c]。"},
        {"dw-without-r", 1, dw_plain, "dx is right. w is multiplied by r x, not by x alone.",
         "dx 对了。w 乘的是 r x，不只是 x。"},
    },
    .nan = true,
    .rows = true,
};
#endif
