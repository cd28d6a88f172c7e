/* 06_train_loop
@en 1
After the second round, what is in g: the derivatives of that round, or of both? And which parameters
does the update reach?
@zh 1
第二轮之后，g 里是这一轮的导数，还是两轮加起来的？更新又更新了哪些参数？
@en 2
Backward adds to g, so g has to be set to zero once a round. And g[D] was computed, but nobody uses it.
@zh 2
反向是往 g 上加，所以每一轮都要先把 g 清零。另外，g[D] 算出来了，却没有人用。
@en 3
The line that sets g to 0 moves inside the loop over e, to its beginning; at the end: b[0] -= lr * g[D];
@zh 3
把 g 清零的那一行挪进 e 的循环，放在最前面；循环末尾加上 b[0] -= lr * g[D];
@en after
Stale gradients pile up like momentum without friction; a bias that is computed and never trained
leaves every answer off by the same amount. Neither stops a program, and the other parameters learn to
make up for it as well as they can. That is why the first thing to try is a problem of two numbers
that you have worked out by hand.
To think about: libraries could set gradients to zero by themselves. What can you do because they do not?
@zh after
不清零的梯度越积越多，好像没有摩擦的动量；算了却从不训练的偏置，让每个答案都差同一个数。
两处都不会让程序停下，别的参数还会尽力去弥补。所以先拿一个手算过的、只有两个数的问题来试。
想一想：库本来可以自动清零。正因为它们不这样做，你能做什么？
*/
#include "grader.h"

#ifndef CHILD
/* stale: g is set to 0 at the start only; bias: its rate, if it is trained; share: by what a sample counts;
   each: an update after each sample; zeros: how many numbers of g are set to 0 */
static void run_with(args *a, bool stale, double bias, double share, bool each, dl_int zeros) {
    const dl_int N = I(N), D = I(D);
    dl_real *w = R(w), *b = R(b), *g = R(g);
    for (dl_int e = 0; e < I(E); e++)
        for (dl_int i = 0; i < N; i++) {
            double y = b[0];
            for (dl_int k = 0; k < zeros; k++)
                if ((i == 0 && (e == 0 || !stale)) || each) g[k] = 0;
            for (dl_int k = 0; k < D; k++) y += w[k] * R(x)[i * D + k];
            const double d = share * (y - R(t)[i]);
            for (dl_int k = 0; k < D; k++) g[k] += d * R(x)[i * D + k];
            g[D] += d;
            if (i < N - 1 && !each) continue;
            for (dl_int k = 0; k < D; k++) w[k] -= S(lr) * g[k];
            b[0] -= bias * g[D];
        }
}
static void run(args *a, bool stale, bool bias, double share, bool each) {
    run_with(a, stale, bias ? S(lr) : 0, share, each, I(D) + 1);
}
static double mean(args *a) { return 2 / (double)I(N); }
static void call_train(args *a) { run(a, false, true, mean(a), false); }
static void given(args *a) { run(a, true, false, mean(a), false); }
static void stale(args *a) { run(a, true, true, mean(a), false); }
static void no_bias(args *a) { run(a, false, false, mean(a), false); }
static void no_mean(args *a) { run(a, false, true, 2, false); }
static void one_update(args *a) {                             /* behind the loop over e */
    I(E) = 1;
    run(a, false, true, mean(a), false);
}
static void no_rate(args *a) { run_with(a, false, 1, mean(a), false, I(D) + 1); }
static void not_zero(args *a) { run_with(a, false, S(lr), mean(a), false, I(D)); }
static void no_two(args *a) { run(a, false, true, mean(a) / 2, false); }
static void inside(args *a, bool zero, bool bias) {           /* what is done for each sample, too early */
    const dl_int N = I(N), D = I(D);
    dl_real *w = R(w), *b = R(b), *g = R(g);
    for (dl_int e = 0; e < I(E); e++) {
        for (dl_int i = 0; i < N; i++) {
            for (dl_int k = 0; k <= D && (zero || i == 0); k++) g[k] = 0;
            double d = b[0] - R(t)[i];
            for (dl_int k = 0; k < D; k++) d += w[k] * R(x)[i * D + k];
            for (dl_int k = 0; k < D; k++) g[k] += mean(a) * d * R(x)[i * D + k];
            g[D] += mean(a) * d;
            if (bias || i == N - 1) b[0] -= S(lr) * g[D];
        }
        for (dl_int k = 0; k < D; k++) w[k] -= S(lr) * g[k];
    }
}
static void zero_inside(args *a) { inside(a, true, false); }
static void bias_inside(args *a) { inside(a, false, true); }
static void each_sample(args *a) { run(a, false, true, mean(a), true); }
#else
static void call_train(args *a) {
    train(R(w), R(b), R(g), R(x), R(t), I(N), I(D), I(E), (dl_real)S(lr));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"train", "~w[D](-1,1) ~b[1](-1,1) =g[D+1] x[N,D](-1,1) t[N](10,12) lr(0.01,0.03)",    /* far from the goal */
     call_train, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 D=1 E=1 w=2 b=1 x=3 t=5 lr=0.01 -> w=1.88 b=0.96 g=12,4"},
        {0, "N=2 D=1 E=1 w=2 b=1 x=3,1 t=5,2 lr=0.01 -> w=1.93 b=0.97 g=7,3"},
        {0, "N=1 D=1 E=2 w=2 b=1 x=3 t=5 lr=0.01 -> w=1.784 b=0.928 g=9.6,3.2"},
    },
    .mistake = {
        {"stale", 0, stale, "The gradients of earlier rounds are still in g: set it to zero in each "
         "round.", "前几轮的梯度还在 g 里：每一轮都要清零。"},
        {"no-bias", 0, no_bias, "The bias is never trained: its derivative is in g[D].",
         "偏置从没训练过：它的导数在 g[D] 里。"},
        {"as-given", 0, given, "This still computes what the given lines did: g is not set to zero in "
         "each round, and b is never updated.", "算出来的与原来那几行一样：g 没有每轮清零，b 也从不更新。"},
        {"one-update", 0, one_update, "There is only one update: it belongs inside of the loop over e, to its "
         "end.", "只更新了一次：更新要在 e 的循环里面，放在末尾。"},
        {"no-rate", 0, no_rate, "w is right. The update of the bias lacks the learning rate.",
         "w 对了。偏置的更新漏了学习率。"},
        {"bias-not-zeroed", 0, not_zero, "w is right. g has D + 1 numbers, and g[D] was not set to zero.",
         "w 对了。g 有 D + 1 个数，g[D] 没有清零。"},
        {"no-mean", 0, no_mean, "The factor 1/N of the mean is missing.", "漏了求平均的 1/N。"},
        {"no-two", 0, no_two, "The factor 2, from the square, is missing.", "漏了平方求导得来的 2。"},
        {"zero-inside", 0, zero_inside, "g is set to zero for each sample, so that only the last one counts: "
         "it belongs in front of the loop over i.", "每个样本都清了一次零，只剩最后一个样本的导数："
         "清零要在 i 的循环之前。"},
        {"bias-inside", 0, bias_inside, "b is updated inside the loop over i, while its derivative is still "
         "being summed: it belongs behind it, where w is.", "b 在 i 的循环里面就更新了，那时导数还没加完："
         "要在循环之后，与 w 一起更新。"},
        {"each-sample", 0, each_sample, "The parameters are updated after each sample; the update is the "
         "last box of a round, behind the loop over i.", "每个样本之后都更新了一次；更新是一轮的最后"
         "一个方框，要在 i 的循环之后。"},
    },
    .ranges = "E=1..3",
};
#endif
