/* 03_clipped_step
@en 1
Two passes: the length first, from all gradients; then the step.
@zh 1
走两遍：先由所有梯度算出长度，再走这一步。
@en 2
Sum the squares in double, which ends at 10^308: ((double)g[i]) * g[i].
@zh 2
平方和用 double 来加，它能到 10^308：((double)g[i]) * g[i]。
@en 3
const double s = length > most ? most / length : 1; then w[i] -= (dl_real)(lr * s * g[i]);
@zh 3
const double s = length > most ? most / length : 1; 然后 w[i] -= (dl_real)(lr * s * g[i]);
@en after
Recurrent nets (chapter 13) cannot be trained without it: their gradients explode now and then, and one
such step would throw everything away that was learned.
To think about: what changes if each gradient is clipped by itself instead of their common length?
@zh after
循环神经网络（第 13 章）离不开它：它们的梯度时不时会爆炸，只要一步，学到的就全丢了。
想一想：如果不缩整体的长度，而是把每个梯度各自截断，会有什么不同？
*/
#include "grader.h"

#ifndef CHILD
static void step(args *a, double power, bool always, bool each) {
    double sum = 0;
    for (dl_int i = 0; i < I(N); i++) sum += R(g)[i] * R(g)[i];
    const double length = pow(sum, power);
    const double s = length > S(most) || always ? S(most) / length : 1;
    for (dl_int i = 0; i < I(N); i++) {
        const double g = R(g)[i];
        const double cut = g > S(most) ? S(most) : g < -S(most) ? -S(most) : g;
        R(w)[i] -= S(lr) * (each ? cut : s * g);
    }
}
static void call_step(args *a) { step(a, 0.5, false, false); }
static void no_root(args *a) { step(a, 1, false, false); }
static void always(args *a) { step(a, 0.5, true, false); }
static void each(args *a) { step(a, 0.5, false, true); }
static void unclipped(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(w)[i] -= S(lr) * R(g)[i];
}
#else
static void call_step(args *a) { clipped_step(R(w), R(g), I(N), S(lr), S(most)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"clipped_step", "~w[N] g[N] lr(0.01,0.5) most(0.1,3)", call_step, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=2 w=0,0 g=3,4 lr=1 most=1 -> w=-0.6,-0.8"},
        {0, "N=2 w=1,1 g=3,4 lr=0.1 most=10 -> w=0.7,0.6"},
        {0, "N=2 w=0,0 g=3e30,4e30 lr=1 most=1 -> w=-0.6,-0.8"},
    },
    .ranges = "N=1..9",
    .mistake = {
        {"unclipped", 0, unclipped, "Nothing is shortened.", "没有缩短。"},
        {"no-root", 0, no_root, "The root is missing: the length is the root of the sum of squares.",
         "漏了开方：长度是平方和的平方根。"},
        {"always", 0, always, "Short gradients are made longer: scale only if length > most.",
         "短的梯度被拉长了：只有 length > most 时才缩放。"},
        {"each", 0, each, "Each gradient is clipped by itself, which turns the direction. Shorten all by "
         "the same factor.", "你把每个梯度各自截断，方向就变了。要用同一个因子缩短全部。"},
    },
};
#endif
