/* 09_lse_pool
@en 1
Where have you seen the logarithm of a sum of exponentials before, and what was its derivative? (Chapter 02.)
@zh 1
指数之和的对数，你在哪里见过？它的导数是什么？（第 02 章。）
@en 2
The derivative is a softmax over the window, of r x. Against overflow, take the largest number of the
window out first, in both functions: max + log(mean of exp(r (x - max))) / r.
@zh 2
导数是窗口里 r x 的 softmax。为了不溢出，两个函数都先找出窗口里最大的数，提到外面：
max + log(exp(r (x - max)) 的平均) / r。
@en 3
dx gets dy * exp(r (x - max)) / (sum over the window of exp(r (x - max))). The 1 / r and the r of the inner
derivative cancel.
@zh 3
dx 得到 dy * exp(r (x - max)) / （窗口里 exp(r (x - max)) 之和）。外面的 1 / r 与内层导数的 r 正好消掉。
@en after
For large r it is the maximum, for r near 0 the mean: one number leads from one pooling to the other, and
it could even be learned. Its price is an exp for each number of the image.
To think about: why divide by the number of places inside of the logarithm? Try r = 0.01 without.
@zh after
r 很大时它就是最大值，r 接近 0 时是平均：一个数就从一种池化过渡到另一种，甚至可以让网络自己学 r。代价是
图像的每个数都要算一次 exp。
想一想：对数里面为什么要除以窗口的大小？不除，取 r = 0.01 试试。
*/
#include "grader.h"

#ifndef CHILD
enum { SUM = 1, NO_R = 2, TIMES_R = 4, EQUAL = 8, WINNER = 16, NO_LOG_R = 32, NO_MOST = 64 };
/* The number x[k] of the window of output o, and its place. */
static dl_real *place(args *a, dl_real *x, dl_int o, dl_int k) {
    const dl_int K = I(K), V = I(V), row = o / V * K + k / K, col = o % V * K + k % K;
    return x + row * V * K + col;
}
static void forward_by(args *a, int how) {
    const dl_int n = I(K) * I(K);
    for (dl_int o = 0; o < I(C) * I(O) * I(V); o++) {
        const double r = S(r);
        double most = how & NO_MOST ? 0 : -1e300, sum = 0;
        for (dl_int k = 0; k < n && !(how & NO_MOST); k++) most = fmax(most, *place(a, R(x), o, k));
        for (dl_int k = 0; k < n; k++) sum += exp((how & NO_R ? 1 : r) * (*place(a, R(x), o, k) - most));
        R(y)[o] = most + log(how & SUM ? sum : sum / (double)n) / (how & (NO_R | NO_LOG_R) ? 1 : r);
        if (how & NO_LOG_R) R(y)[o] += (r - 1) * most;
    }
}
static void backward_by(args *a, int how) {
    const dl_int n = I(K) * I(K);
    for (dl_int o = 0; o < I(C) * I(O) * I(V); o++) {
        double most = -1e300, sum = 0;
        for (dl_int k = 0; k < n; k++) most = fmax(most, *place(a, R(x), o, k));
        for (dl_int k = 0; k < n; k++) sum += exp(S(r) * (*place(a, R(x), o, k) - most));
        for (dl_int k = 0; k < n; k++) {
            const double x = *place(a, R(x), o, k), e = exp(S(r) * (x - most));
            *place(a, R(dx), o, k) += R(dy)[o] * (how & EQUAL ? 1 / (double)n : how & WINNER ? x == most
                                                  : how & SUM ? e : how & TIMES_R ? S(r) * e / sum
                                                  : how & NO_R ? e / sum / S(r) : e / sum);
        }
    }
}
#define BY(name, f, how) static void name(args *a) { f(a, how); }
BY(call_forward, forward_by, 0)
BY(no_mean, forward_by, SUM)
BY(no_r, forward_by, NO_R)
BY(overflow, forward_by, NO_MOST)
BY(not_divided, forward_by, NO_LOG_R)
BY(equal, backward_by, EQUAL)
BY(winner, backward_by, WINNER)
BY(times_r, backward_by, TIMES_R)
BY(by_r, backward_by, NO_R)
BY(no_sum, backward_by, SUM)
#else
static void call_forward(args *a) { lse_pool_forward(R(y), R(x), I(C), I(O), I(V), I(K), (dl_real)S(r)); }
static void call_backward(args *a) {
    lse_pool_backward(R(dx), R(dy), R(x), I(C), I(O), I(V), I(K), (dl_real)S(r));
}
#endif
#ifndef CHILD
static void sizes(args *a) {
    a->size['H' - 'A'] = I(K) * I(O);
    a->size['W' - 'A'] = I(K) * I(V);
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"lse_pool_forward", "=y[C,O,V] x[C,H,W] r(0.5,3)", call_forward, 0},
    {"lse_pool_backward", "+dx[C,H,W] dy[C,O,V] x[C,H,W] r(0.5,3)", LEARNERS(call_backward), 1},
};

#ifndef CHILD
static void one_max(args *a) {                               /* the largest of all windows, or of one */
    const dl_int OV = I(O) * I(V), K = I(K);
    dl_real most = R(x)[0];
    for (dl_int i = 0; i < I(C) * OV * K * K; i++) most = fmax(most, R(x)[i]);
    for (dl_int k = 0; k < I(C) * OV; k++) {
        const dl_real *at = R(x) + (k / I(V) * K * I(V) + k % I(V)) * K;
        dl_real sum = 0;
        for (dl_int i = 0; i < K * K; i++) sum += exp(S(r) * (at[i / K * I(V) * K + i % K] - most));
        R(y)[k] = most + log(sum / (dl_real)(K * K)) / S(r);
    }
}
const grader the_grader = {
    .hand = {
        {0, "C=1 O=1 V=1 K=2 x=0,0,0,1 r=1 -> y=0.3574"},
        {0, "C=1 O=1 V=1 K=2 x=1000,1000,1000,1001 r=1 -> y=1000.3574"},
        {0, "C=1 O=1 V=2 K=2 x=1000,1000,-1000,-1000,1000,1001,-1000,-999 r=1 -> y=1000.3574,-999.6426"},
        {1, "C=1 O=1 V=1 K=2 x=0,0,0,1 r=1 dy=1 -> dx=0.1749,0.1749,0.1749,0.4754"},
        {1, "C=1 O=1 V=1 K=2 x=1000,1000,1000,1001 r=1 dy=1 -> dx=0.1749,0.1749,0.1749,0.4754"},
    },
    .mistake = {
        {"one-max", 0, one_max, "The largest is that of all windows: each window takes off its own, else log(0) "
         "is computed of a window of small numbers.", "减去的是所有窗口里最大的：每个窗口要减自己的，"
         "否则数都小的窗口算的是 log(0)。"},
        {"no-mean", 0, no_mean, "Inside of the logarithm is a mean: divide the sum by K * K.",
         "对数里面是平均：要把和除以 K * K。"},
        {"no-r", 0, no_r, "This is right for r = 1 only: exp(r x), and 1 / r in front of the logarithm.",
         "这只在 r = 1 时对：是 exp(r x)，对数前面还有 1 / r。"},
        {"overflow", 0, overflow, "exp(1000) is infinite. Take the largest number of the window out first: "
         "max + log(mean of exp(r (x - max))) / r.",
         "exp(1000) 是无穷大。先把窗口里最大的数提到外面：max + log(exp(r (x - max)) 的平均) / r。"},
        {"not-divided", 0, not_divided, "The factor 1 / r in front of the logarithm is missing.",
         "漏了对数前面的因子 1 / r。"},
        {"equal-shares", 1, equal, "All of a window get the same: that is the way back of the mean.",
         "窗口里人人一样多：那是平均池化的反向。"},
        {"winner-takes-all", 1, winner, "The largest gets all: that is the way back of max-pooling.",
         "最大的全拿走了：那是最大池化的反向。"},
        {"times-r", 1, times_r, "r is once too often: it cancels against the 1 / r in front of the logarithm.",
         "多乘了一个 r：它与对数前面的 1 / r 消掉了。"},
        {"divided-by-r", 1, by_r, "The inner derivative is missing: exp(r x) brings a factor r, which cancels "
         "the 1 / r.", "漏了内层的导数：exp(r x) 带来因子 r，正好消掉 1 / r。"},
        {"no-sum", 1, no_sum, "The derivative of the logarithm is missing: divide by the sum over the window.",
         "漏了对数的导数：要除以窗口里的和。"},
    },
    .names = "O=OH V=OW",
    .ranges = "C=1..3 O=1..3 V=1..4 K=2..3",
    .sizes = sizes,
};
#endif
