/* 01_softsign
@en 1
For x > 0 the function is x / (1 + a x), with your a. Differentiate that; then look what changes for x < 0.
@zh 1
x > 0 时函数是 x / (1 + a x)，a 用你的数值。先对它求导，再看 x < 0 时有什么变化。
@en 2
The quotient rule gives ((1 + a x) - a x) / (1 + a x)^2 for x > 0.
@zh 2
x > 0 时，由商的求导法则得 ((1 + a x) - a x) / (1 + a x)^2。
@en 3
The slope is 1 / (1 + $a |x|)^2 on both sides.
@zh 3
两边的斜率都是 1 / (1 + $a |x|)^2。
@en after
The gradient check moved every x a little to both sides, and compared. Softsign needs no exponential,
and its slope dies away as 1 / x^2 only, where that of tanh does so as e^(-2 |x|).
To think about: which of the two saturates later, and what does that mean for learning?
@zh after
梯度检验把每个 x 向两边各挪一点再比较。softsign 不用指数函数；它的斜率只按 1 / x^2 变小，而 tanh 的按 e^(-2 |x|)。
想一想：哪一个饱和得晚？这对学习意味着什么？
@variants
a -> y | dx
1 -> (0.5, -0.75, 0) | 0.25,0.125
2 -> (0.3333, -0.4286, 0) | 0.11111,0.040816
3 -> (0.25, -0.3, 0) | 0.0625,0.02
4 -> (0.2, -0.2308, 0) | 0.04,0.011834
5 -> (0.1667, -0.1875, 0) | 0.027778,0.0078125
0.5 -> (0.6667, -1.2, 0) | 0.44444,0.32
*/
#include "grader.h"

#ifndef CHILD                                              /* the judge knows the formula only */
static void softsign_forward(dl_real *y, const dl_real *x, dl_int N) {
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + V(a) * fabs(x[i]));
}
#endif
static void call_forward(args *a) { softsign_forward(R(y), R(x), I(N)); }
#ifdef CHILD
static void call_backward(args *a) { softsign_backward(R(dx), R(dy), R(x), I(N)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"softsign_forward", "=y[N] x[N]", call_forward, 0},
    {"softsign_backward", "+dx[N] dy[N] x[N]", LEARNERS(call_backward), 1},
};

#ifndef CHILD
static void no_abs(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(y)[i] = R(x)[i] / (1 + V(a) * R(x)[i]);
}
static void not_squared(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(dx)[i] += R(dy)[i] / (1 + V(a) * fabs(R(x)[i]));
}
const grader the_grader = {
    .hand = {{0, "N=3 x=1,-3,0 -> y=$y"}, {1, "N=2 x=1,-3 dy=1,2 -> dx=$dx"}},
    .mistake = {
        {"no-abs", 0, no_abs, "|x| is missing: 1 + a x is 0 at x = -1 / a.",
         "漏了绝对值：x = -1 / a 时 1 + a x 等于 0。"},
        {"not-squared", 1, not_squared, "The denominator of the slope is squared.",
         "斜率的分母要平方。"},
    },
    .ranges = "N=1..9",
    .nan = true,
    .rows = true,
};
#endif
