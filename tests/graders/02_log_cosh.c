/* 02_log_cosh
@en 1
The derivative of log(cosh(d)) by d is sinh(d) / cosh(d), which math.h has under another name.
@zh 1
log(cosh(d)) 的导数是 sinh(d) / cosh(d)，math.h 里它有另一个名字。
@en 2
cosh(d) = (e^d + e^-d) / 2. Take e^|d| out of the bracket, as the largest score in log-sum-exp.
@zh 2
cosh(d) = (e^d + e^-d) / 2。把 e^|d| 提到括号外面，就像 log-sum-exp 里提出最大的得分。
@en 3
With d = a (x - t), log(cosh(d)) = |d| + log(1 + e^(-2|d|)) - log(2); the derivative is tanh(d) / N.
@zh 3
令 d = a (x - t)，log(cosh(d)) = |d| + log(1 + e^(-2|d|)) - log(2)；导数是 tanh(d) / N。
@en after
A gradient that stays between -1/N and 1/N is what makes this loss (and Huber's) forgive a few wild
targets, which a squared error would run after.
To think about: for which d do log-cosh and d^2 / 2 differ by a tenth?
@zh after
梯度总在 -1/N 与 1/N 之间，所以这个损失（还有 Huber 的）能容忍几个离谱的目标，而平方误差会追着它们跑。
想一想：d 到多大时，log-cosh 与 d^2 / 2 相差一成？
@variants
a -> loss | dx | loss | back
1 -> 0.4338 | 0.7616 | 999.3069 | 0.38080,-0.48201
2 -> 0.6625 | 0.9640 | 999.6534 | 0.48201,-0.49966
3 -> 0.7698 | 0.9951 | 999.7690 | 0.49753,-0.49999
4 -> 0.8268 | 0.9993 | 999.8267 | 0.49966,-0.50000
0.5 -> 0.2402 | 0.4621 | 998.6137 | 0.23106,-0.38080
1.5 -> 0.5703 | 0.9051 | 999.5379 | 0.45257,-0.49753
*/
#include "grader.h"

#ifndef CHILD
static double log_cosh(double d) {
    const double q = V(a) * fabs(d);
    return (q + log(1 + exp(-2 * q)) - log(2)) / V(a);
}
static void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N) {
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++) loss[0] += log_cosh(x[i] - t[i]) / (double)N;
}
#endif
static void call_forward(args *a) { log_cosh_forward(R(loss), R(x), R(t), I(N)); }
#ifdef CHILD
static void call_backward(args *a) { log_cosh_backward(R(dx), R(x), R(t), I(N)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"log_cosh_forward", "=loss[1] x[N] t[N]", call_forward, 0},
    {"log_cosh_backward", "+dx[N] x[N] t[N] dloss(1,1)", LEARNERS(call_backward), 1},
};

#ifndef CHILD
static void is_sum(args *a) {
    call_forward(a);
    R(loss)[0] *= (dl_real)I(N);
}
static void no_log2(args *a) {
    call_forward(a);
    R(loss)[0] += log(2) / V(a);
}
static void no_mean(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(dx)[i] += tanh(V(a) * (R(x)[i] - R(t)[i]));
}
static void only_sinh(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(dx)[i] += sinh(V(a) * (R(x)[i] - R(t)[i])) / (double)I(N);
}
const grader the_grader = {
    .hand = {
        {0, "N=1 x=1 t=0 -> loss=$loss"},
        {0, "N=2 x=1000,-1000 t=0,0"},
        {1, "N=2 x=1,0 t=0,2 -> dx=$back"},
        {1, "N=1 x=1000 t=0 -> dx=1"},
    },
    .ranges = "N=1..9",
    .mistake = {
        {"is-sum", 0, is_sum, "The loss is a mean: divide by N.", "损失是平均：要除以 N。"},
        {"no-log2", 0, no_log2, "log(2) is not taken off: at x = t the loss is 0.",
         "没有减去 log(2)：x = t 时损失是 0。"},
        {"no-mean", 1, no_mean, "The loss is a mean, so its derivative has 1/N as well.",
         "损失是平均，所以导数也要除以 N。"},
        {"sinh", 1, only_sinh, "That is sinh alone: the logarithm divides by cosh.",
         "这只有 sinh：对数求导还要除以 cosh。"},
    },
};
#endif
