/* 07_rprop
@en 1
Three things for each weight, in this order: the step, the weight, the memory. How can one product tell
whether two numbers have the same sign?
@zh 1
每个权重三件事，依次是：步长、权重、记忆。怎样用一个乘积看出两个数是不是同号？
@en 2
With p = g[i] * last[i]: p > 0 is the same sign, p < 0 the opposite one, and 0 is neither.
@zh 2
令 p = g[i] * last[i]：p > 0 是同号，p < 0 是异号，0 两样都不是。
@en 3
After each multiplication, keep the step within its limits; the sign of g in C is (g[i] > 0) - (g[i] < 0).
@zh 3
每次相乘之后，让步长不出界；g 的符号在 C 里是 (g[i] > 0) - (g[i] < 0)。
@en after
With the gradients of all data Rprop does well. With batches it fails: nine gradients of +0.1 and
one of -0.9 cancel in the mean, but Rprop goes up nine times. Dividing by a running mean of squares
instead of by the size itself keeps the proportions within the last few batches: RMSprop.
To think about: which of the two would you take for 150 flowers, and which for 60000 digits?
@zh after
用全部数据的梯度时，Rprop 很好用。用小批量就不行了：九个 +0.1 和一个 -0.9，平均起来正好抵消，
Rprop 却往同一边走了九步。不除以这一次的大小，而除以平方的滑动平均，最近几批之间的比例就保住了：
这就是 RMSprop。
想一想：150 朵花的数据用哪一个？60000 个数字呢？
@variants
up | down -> step | w | step | w
1.2 | 0.5 -> 0.12 | 0.88 | 0.05 | 1.05
1.1 | 0.6 -> 0.11 | 0.89 | 0.06 | 1.06
1.3 | 0.4 -> 0.13 | 0.87 | 0.04 | 1.04
1.5 | 0.7 -> 0.15 | 0.85 | 0.07 | 1.07
1.25 | 0.8 -> 0.125 | 0.875 | 0.08 | 1.08
1.4 | 0.3 -> 0.14 | 0.86 | 0.03 | 1.03
*/
#include "grader.h"

#ifndef CHILD
enum { RIGHT, NO_LIMITS, EXCHANGED, STEP_LATE, BY_GRADIENT, UPHILL, ZERO_SHRINKS, ONE_SIGN,
       LIMITS };
static void rprop(args *a, int how) {
    for (dl_int i = 0; i < I(N); i++) {
        const double g = R(g)[i], p = g * R(last)[i], before = R(step)[i];
        const double up = how == EXCHANGED ? V(down) : V(up), down = how == EXCHANGED ? V(up) : V(down);
        double s = before * (p > 0 ? up : p < 0 || how == ZERO_SHRINKS ? down : 1);
        if (how != NO_LIMITS && p > 0 && s > S(most)) s = S(most);
        if (how != NO_LIMITS && p <= 0 && s < S(least)) s = S(least);
        if (how == EXCHANGED) s = s > S(most) ? S(most) : s < S(least) ? S(least) : s;
        if (how == LIMITS && p != 0) s = p > 0 ? fmax(up * before, S(most)) : fmin(down * before, S(least));
        R(step)[i] = s;
        R(w)[i] -= (how == STEP_LATE ? before : s) * (how == UPHILL ? -1 : 1) *
                   (how == BY_GRADIENT ? g : (g > 0) - (how != ONE_SIGN && g < 0));
        R(last)[i] = g;
    }
}
#define MISTAKE(name, how) static void name(args *a) { rprop(a, how); }
MISTAKE(call_step, RIGHT)
MISTAKE(no_limits, NO_LIMITS)
MISTAKE(exchanged, EXCHANGED)
MISTAKE(step_late, STEP_LATE)
MISTAKE(by_gradient, BY_GRADIENT)
MISTAKE(uphill, UPHILL)
MISTAKE(one_sign, ONE_SIGN)
MISTAKE(limits, LIMITS)
MISTAKE(zero_shrinks, ZERO_SHRINKS)
static void memory_first(args *a) {                              /* last is overwritten at once */
    for (dl_int i = 0; i < I(N); i++) R(last)[i] = R(g)[i];
    rprop(a, RIGHT);
}
#else
static void call_step(args *a) {
    rprop_step(R(w), R(step), R(last), R(g), I(N), (dl_real)S(least), (dl_real)S(most));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"rprop_step", "~w[N] ~step[N](0.1,1) ~last[N] g[N] least(0.1,0.3) most(0.7,1)", call_step, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 w=1 step=0.1 last=3 g=5 least=0.01 most=1 -> step=$step w=$w last=5"},
        {0, "N=3 w=1,1,1 step=0.1,0.1,0.2 last=3,3,2 g=5,-5,4 least=0.01 most=1 -> last=5,-5,4"},
        {0, "N=2 w=1,1 step=0.95,0.011 last=1,1 g=2,-2 least=0.01 most=1 -> step=1,0.01 w=0,1.01"},
        {0, "N=2 w=1,1 step=0.2,0.2 last=0,1 g=2,0 least=0.01 most=1 -> step=0.2,0.2 w=0.8,1 last=2,0"},
    },
    .mistake = {
        {"no-limits", 0, no_limits, "The step left its limits: at most most, at least least.",
         "步长出界了：不超过 most，不小于 least。"},
        {"exchanged", 0, exchanged, "up and down are exchanged: the same sign makes the step longer.",
         "up 与 down 用反了：同号时步长变大。"},
        {"step-late", 0, step_late, "The weight goes with the old step: renew the step first.",
         "权重按旧的步长走了：先更新步长。"},
        {"by-gradient", 0, by_gradient, "Only the sign of the gradient counts, its size does not.",
         "梯度只看符号，不看大小。"},
        {"uphill", 0, uphill, "The weight goes uphill: it moves against the sign.",
         "权重往上坡走了：要逆着符号走。"},
        {"one-sign", 0, one_sign, "Where the gradient is negative the weight does not move: the sign is +1, "
         "-1 or 0.", "梯度为负时权重没有动：符号是 +1、-1 或 0。"},
        {"limits-exchanged", 0, limits, "The limits are the wrong way round: at most most is fmin, at least "
         "least is fmax.", "上下限用反了：不超过 most 用 fmin，不小于 least 用 fmax。"},
        {"zero-shrinks", 0, zero_shrinks, "If one of the two gradients is 0, the step stays as it is.",
         "两个梯度里有一个是 0 时，步长不变。"},
        {"memory-first", 0, memory_first, "last is overwritten before it is compared: then the signs are "
         "always the same.", "last 还没比较就被覆盖了：这样符号总是相同。"},
    },
};
#endif
