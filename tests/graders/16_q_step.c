/* 16_q_step
@en 1
What is best when all values of a state are negative? And which future has a game that is over?
@zh 1
一个状态的所有值都是负的时候，best 是多少？已经结束的游戏，还有什么未来？
@en 2
A maximum begins with one of the numbers it is taken of. And end[n] is not used anywhere.
@zh 2
求最大值，要从其中的一个数开始。另外，end[n] 哪里也没有用到。
@en 3
dl_real best = table[next[n] * A]; and q = r[n] + (end[n] ? 0 : discount * best);
@zh 3
dl_real best = table[next[n] * A]; 以及 q = r[n] + (end[n] ? 0 : discount * best);
@en after
Both make the world rosier: hope after the end, and a floor of 0 under all values. Nothing crashes, and with
positive rewards even the second one sleeps. In a game that is lost by falling, the net then does not mind
to fall.
To think about: a game was stopped after 500 steps because nobody wanted to watch any longer. Is that an end?
@zh after
两处都把世界看得太好：结束之后还有指望，所有的值都不低于 0。程序不会崩溃；奖励全是正的时候，第二处连影子也看不见。
如果倒下就算输，这样学出来的就不在乎倒下。
想一想：一局走了 500 步，没人想再看，于是停了。这算结束吗？
*/
#include "grader.h"

#ifndef CHILD
enum { ZERO = 1, NO_END = 2, NOT_LAST = 4, OLD_STATE = 8, NO_R = 16, NO_DISCOUNT = 32 };
static void learn(args *a, int how) {
    const dl_int A = I(A);
    for (dl_int n = 0; n < I(N); n++) {
        const double *row = R(table) + (how & OLD_STATE ? L(s)[n] : L(next)[n]) * A;
        double best = how & ZERO ? 0 : row[0], *q = R(table) + L(s)[n] * A + L(a)[n];
        for (dl_int b = 0; b < A - (how & NOT_LAST ? 1 : 0); b++) best = fmax(best, row[b]);
        const bool over = L(end)[n] && !(how & NO_END);
        const double target = (over && (how & NO_R) ? 0 : R(r)[n]) +
                              (over ? 0 : (how & NO_DISCOUNT ? 1 : S(discount)) * best);
        *q += S(alpha) * (target - *q);
    }
}
#define LEARN(name, how) static void name(args *a) { learn(a, how); }
LEARN(call_step, 0)
LEARN(as_given, ZERO | NO_END)
LEARN(from_zero, ZERO)
LEARN(no_end, NO_END)
LEARN(old_state, OLD_STATE)
LEARN(no_reward, NO_R)
LEARN(not_last, NOT_LAST)
LEARN(no_discount, NO_DISCOUNT)
#else
static void call_step(args *a) {
    q_step(R(table), L(s), L(a), R(r), L(next), L(end), I(N), I(A), (dl_real)S(alpha), (dl_real)S(discount));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"q_step", "~table[S,A] s[N]#S a[N]#A r[N] next[N]#S end[N]#J alpha(0.1,0.6) discount(0.5,0.95)", call_step, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "S=1 A=2 N=1 J=2 table=-2,-4 s=0 a=0 next=0 r=-1 end=0 alpha=0.5 discount=0.5 -> table=-2,-4"},
        {0, "S=1 A=2 N=1 J=2 table=-2,-4 s=0 a=0 next=0 r=-1 end=1 alpha=0.5 discount=0.5 -> table=-1.5,-4"},
        {0, "S=2 A=1 N=1 J=2 table=2,4 s=0 a=0 next=1 r=1 end=1 alpha=0.5 discount=0.5 -> table=1.5,4"},
    },
    .mistake = {
        {"no-end", 0, no_end, "The maximum is right now. But a game that is over still has a future: where end[n] "
         "is 1, q is r[n] alone.", "最大值对了。但结束了的游戏还有未来：end[n] 为 1 时，q 只是 r[n]。"},
        {"from-zero", 0, from_zero, "The end is right now. But best begins at 0: a state in which all is bad looks "
         "like 0. Begin with table[next[n], 0].",
         "结束处理对了。但 best 从 0 开始：全都不好的状态看上去像 0。应当从 table[next[n], 0] 开始。"},
        {"as-given", 0, as_given, "This still computes what the given lines did.", "算出来的与原来那几行一样。"},
        {"old-state", 0, old_state, "The maximum is taken over the old state: it belongs to next[n].",
         "最大值取了旧状态的：应当取 next[n] 的。"},
        {"not-last", 0, not_last, "The last action is never asked: where does the loop over b end?",
         "最后一个动作从来没问到：b 的循环到哪里为止？"},
        {"no-discount", 0, no_discount, "The factor discount is missing.", "漏了因子 discount。"},
        {"no-reward", 0, no_reward, "At the end the reward is lost, too: q is r[n] there.",
         "结束时连奖励也丢了：那里 q 是 r[n]。"},
    },
    .names = "J=-",
    .ranges = "S=2..4 A=2..4 N=1..6 J=2..2",
};
#endif
