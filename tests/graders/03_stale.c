/* 03_stale
@en 1
Work out the numbers by hand with N = 2. Which of the two gradients is too large, and by how much?
@zh 1
用手算一遍，N = 2。两个梯度里哪个太大了，大了多少倍？
@en 2
The loss is a mean. And look at which w stands in the second loop.
@zh 2
损失是平均。再看看第二个循环里的 w 是哪一个 w。
@en 3
Both sums first, each divided by N; then both updates.
@zh 3
先把两个和都算好，各除以 N；然后两个一起更新。
@en after
Both faults have shipped in real code. The first makes the best learning rate depend on the batch
size; the second is a gradient of a point where nobody stands any more, and hardly shows while lr is
small. Frameworks keep the two phases apart: first all gradients, then one step.
To think about: the second fault has a name when it is meant (coordinate descent). When does it help?
@zh after
这两处错都在真实的代码里出现过。第一处让合适的学习率随批的大小变；第二处的梯度取在一个已经离开的点上，学习率小的时候几乎看不出来。
框架把两个阶段分开：先算全部梯度，再走一步。
想一想：第二处如果是有意的，它有个名字（坐标下降）。它什么时候有用？
*/
#include "grader.h"

#ifndef CHILD
static void step(args *a, double per, bool stale) {
    const dl_int n = I(N);
    dl_real *w = R(w), *b = R(b), dw = 0, db = 0;
    for (dl_int i = 0; i < n; i++) dw += 2 * (w[0] * R(x)[i] + b[0] - R(t)[i]) * R(x)[i] * per;
    if (stale) w[0] -= S(lr) * dw;
    for (dl_int i = 0; i < n; i++) db += 2 * (w[0] * R(x)[i] + b[0] - R(t)[i]) * per;
    if (!stale) w[0] -= S(lr) * dw;
    b[0] -= S(lr) * db;
}
static void call_step(args *a) { step(a, 1.0 / (double)I(N), false); }
static void no_mean(args *a) { step(a, 1, false); }
static void stale(args *a) { step(a, 1.0 / (double)I(N), true); }
static void no_two(args *a) { step(a, 0.5 / (double)I(N), false); }
#else
static void call_step(args *a) { fit_step(R(w), R(b), R(x), R(t), I(N), S(lr)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"fit_step", "~w[1] ~b[1] x[N] t[N] lr(0.01,0.2)", call_step, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {{0, "N=2 x=1,2 t=3,5 w=0 b=0 lr=0.1 -> w=1.3 b=0.8"},
             {0, "N=1 x=1 t=2 w=1 b=0 lr=0.5 -> w=2 b=1"}},
    .mistake = {
        {"no-mean", 0, no_mean, "One fault is left: the loss is a mean, so both gradients are divided by "
         "N.", "还剩一处：损失是平均，所以两个梯度都要除以 N。"},
        {"stale", 0, stale, "One fault is left: the second gradient reads a w that has moved already.",
         "还剩一处：第二个梯度读到的 w 已经挪过了。"},
        {"no-two", 0, no_two, "The derivative of a square has a factor of 2.", "平方的导数有个因子 2。"},
    },
};
#endif
