/* 16_gae
@en 1
Compare the sums for adv[t] and adv[t+1]. What of the one is in the other?
@zh 1
把 adv[t] 与 adv[t+1] 的和写在一起。一个里面藏着另一个的什么？
@en 2
adv[t] = delta[t] + g k adv[t+1]: begin with the last one. At the end of a game the second part is left out,
and the g v[t+1] in delta as well.
@zh 2
adv[t] = delta[t] + g k adv[t+1]：从最后一个开始算。一局结束的地方没有后面那份，delta 里也没有 g v[t+1]。
@en 3
for (t = T - 1; t >= 0; t--): const dl_real on = end[t] ? 0 : 1;
sum = r[t] + on * g * v[t + 1] - v[t] + on * g * k * sum; adv[t] = sum; sum begins at 0.
@zh 3
for (t = T - 1; t >= 0; t--)：const dl_real on = end[t] ? 0 : 1;
sum = r[t] + on * g * v[t + 1] - v[t] + on * g * k * sum; adv[t] = sum; 其中 sum 从 0 开始。
@en after
With k = 1 the v in between cancel, and what is left is the discounted reward minus v[t]: REINFORCE with its
baseline. With k = 0 it is one step of trust. Between them one trades noise for error; 0.95 is usual.
To think about: why does the recursion run backwards, as in all of backpropagation?
@zh after
k = 1 时中间的 v 都消掉，剩下折扣奖励之和减 v[t]：就是带基线的 REINFORCE。k = 0 时只信一步。中间的取值，是用误差换
噪声；常用 0.95。
想一想：为什么这个递推要倒着走，就像反向传播一样？
*/
#include "grader.h"

#ifndef CHILD
enum { NO_END = 1, ONLY_DELTA = 2, ONLY_SUM = 4, NO_K = 8, NO_V = 16, LAST = 32 };
static void estimate(args *a, int how) {
    double sum = 0;
    for (dl_int t = I(T) - 1; t >= 0; t--) {
        const double on = L(end)[t] && !(how & NO_END) ? 0 : 1, g = S(g);
        const double future = (how & ONLY_SUM ? 1 : on) * g * R(v)[t + 1] * !(how & LAST && t == I(T) - 1);
        const double delta = R(r)[t] + (how & NO_V ? 0 : future - R(v)[t]);
        sum = delta + (how & ONLY_DELTA ? 1 : on) * g * (how & NO_K ? 1 : S(k)) * sum;
        R(adv)[t] = sum;
    }
}
#define ESTIMATE(name, how) static void name(args *a) { estimate(a, how); }
ESTIMATE(call_gae, 0)
ESTIMATE(no_end, NO_END)
ESTIMATE(only_delta, ONLY_DELTA)
ESTIMATE(only_sum, ONLY_SUM)
ESTIMATE(no_k, NO_K)
ESTIMATE(no_v, NO_V)
ESTIMATE(no_last, LAST)
static void one_step(args *a) {
    for (dl_int t = 0; t < I(T); t++)
        R(adv)[t] = R(r)[t] + (L(end)[t] ? 0 : S(g) * R(v)[t + 1]) - R(v)[t];
}
#else
static void call_gae(args *a) { gae(R(adv), R(r), R(v), L(end), I(T), (dl_real)S(g), (dl_real)S(k)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"gae", "=adv[T] r[T] v[T+1] end[T]#J g(0.5,0.99) k(0.3,0.95)", call_gae, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "T=2 J=2 r=1,1 v=0,0,0 end=0,0 g=0.5 k=0.5 -> adv=1.25,1"},
        {0, "T=2 J=2 r=1,1 v=0,0,0 end=1,0 g=0.5 k=0.5 -> adv=1,1"},
        {0, "T=2 J=2 r=1,1 v=1,2,4 end=0,0 g=0.5 k=0.5 -> adv=1.25,1"},
        {0, "T=1 J=2 r=1 v=1,3 end=1 g=0.5 k=0.5 -> adv=0"},
    },
    .mistake = {
        {"no-end", 0, no_end, "The end of a game is not looked at: nothing of the next game belongs to this one.",
         "没有理会一局的结束：下一局的东西不属于这一局。"},
        {"sum-goes-on", 0, only_delta, "delta is right, but the sum runs on into the next game.",
         "delta 对了，但求和走进了下一局。"},
        {"value-goes-on", 0, only_sum, "The sum stops at the end, but delta still takes v of the next game.",
         "求和在结束处停了，但 delta 还用了下一局的 v。"},
        {"no-k", 0, no_k, "The factor k is missing: each step back has g k.", "漏了因子 k：每退一步乘的是 g k。"},
        {"no-values", 0, no_v, "The values v are missing in delta: this is the discounted reward.",
         "delta 里漏了 v：这只是折扣奖励。"},
        {"no-last-value", 0, no_last, "The last step takes v[T], too: the game may go on behind T.",
         "最后一步也要用 v[T]：T 之后这一局可能还在继续。"},
        {"one-step", 0, one_step, "These are the delta alone, k = 0: the later ones are to be added.",
         "这只是 delta，相当于 k = 0：还要加上后面的。"},
    },
    .names = "J=-",
    .ranges = "T=3..7 J=2..2",
};
#endif
