/* 08_dropout
@en 1
Out of a thousand even random numbers between 0 and 1, how many are below p? Those are the dropped ones.
@zh 1
0 到 1 之间的一千个均匀随机数里，有多少个小于 p？丢掉的就是这些。
@en 2
Two cases: 0, or x[i] divided by the probability of being kept.
@zh 2
两种情形：0，或者 x[i] 除以“留下”的概率。
@en 3
y[i] = u[i] < p ? 0 : ... ; and the probability of being kept is 1 - p.
@zh 3
y[i] = u[i] < p ? 0 : ... ；留下的概率是 1 - p。
@en after
That is dlk_dropout_forward, except that dl.h computes its coins from a key instead of storing them,
so that the backward can toss the very same ones again. When your code trained above, its coins were
those of dl.h.
To think about: y = 0 when the unit is dropped. Is that the same as taking the unit out of the net?
@zh after
这就是 dlk_dropout_forward；只是 dl.h 的硬币由一个键算出来，不用存，反向时能再抛出一模一样的。
上面用你的代码训练时，硬币就是 dl.h 的。
想一想：丢掉一个单元时令 y = 0。这与把它从网络里拿走是一回事吗？
@train dropout
*/
#include "grader.h"

#ifndef CHILD
static void drop(args *a, bool above, bool scale, double times) {
    for (dl_int i = 0; i < I(N); i++)
        R(y)[i] = (R(u)[i] < S(p)) != above ? 0 : R(x)[i] * (scale ? times : 1);
}
static void call_forward(args *a) { drop(a, false, true, 1 / (1 - S(p))); }
static void not_scaled(args *a) { drop(a, false, false, 1); }
static void drops_others(args *a) { drop(a, true, true, 1 / (1 - S(p))); }
static void by_p(args *a) { drop(a, false, true, 1 / S(p)); }
static void times_keep(args *a) { drop(a, false, true, 1 - S(p)); }
static void drops_others_by_p(args *a) { drop(a, true, true, 1 / S(p)); }
static void all_scaled(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(y)[i] = R(x)[i] / (1 - S(p));
}
#else
static void call_forward(args *a) { dropout_forward(R(y), R(x), R(u), I(N), (dl_real)S(p)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"dropout_forward", "=y[N] x[N] u[N](0,1) p(0.1,0.9)", call_forward, 0},
};

#ifdef TRAIN                /* which ones dl.h drops is seen when it drops ones; the same are dropped */
static void whole_forward(dl_real *y, const dl_real *x, dl_int n, double p, uint64_t key) {
    dl_real *u = (dl_real *)malloc((size_t)(2 * n + 1) * sizeof *u), *ones = u + n;
    if (u == NULL) exit(3);
    for (dl_int i = 0; i < n; i++) ones[i] = 1;
    dlk_dropout_forward(u, ones, n, p, key);
    for (dl_int i = 0; i < n; i++) u[i] = (dl_real)(u[i] > 0 ? (1 + p) / 2 : p / 2);
    dropout_forward(y, x, u, n, (dl_real)p);
    free(u);
}
#endif
TRAINS(dropout_forward, whole_forward)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=4 x=1,2,3,4 u=0.9,0.1,0.7,0.4 p=0.2 -> y=1.25,0,3.75,5"},
        {0, "N=4 x=1,2,3,4 u=0.9,0.1,0.7,0.4 p=0.5 -> y=2,0,6,0"},
    },
    .mistake = {
        {"not-scaled", 0, not_scaled, "What is kept must grow: divide by 1 - p, or the next layer gets "
         "smaller numbers in training than in the test.",
         "留下的要放大：除以 1 - p；不然下一层训练时收到的数比测试时小。"},
        {"drops-others", 0, drops_others, "The wrong ones are dropped: u < p means dropped.",
         "丢反了：u < p 的才丢掉。"},
        {"divided-by-p", 0, by_p, "Divided by p: it is the probability of being kept, 1 - p.",
         "你除以了 p：应当除以留下的概率 1 - p。"},
        {"times-keep", 0, times_keep, "Multiplied by 1 - p: it is divided by it, to make up for what is "
         "missing.", "你乘了 1 - p：应当除以它，补上丢掉的部分。"},
        {"keeps-with-p", 0, drops_others_by_p, "Here p is the probability to drop; yours keeps with "
         "probability p.", "这里 p 是丢掉的概率；你的代码以概率 p 留下。"},
        {"nothing-dropped", 0, all_scaled, "Nothing is dropped: where u[i] < p, y[i] is 0.",
         "什么也没丢：u[i] < p 的地方，y[i] 应当是 0。"},
    },
    .ranges = "N=1..12",
};
#endif
