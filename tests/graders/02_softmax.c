/* 02_softmax
@en 1
Print exp(1000.0). Which two infinities are divided by each other?
@zh 1
打印 exp(1000.0) 看看。是哪两个无穷大在相除？
@en 2
Softmax sees differences only: take the same number off every score of a row, and nothing changes.
Which number would keep every e^... at 1 or below?
@zh 2
softmax 只看差：一行里每个得分都减去同一个数，结果不变。减去哪个数，能让所有的 e 次方都不超过 1？
@en 3
Find the largest score m of the row first; then use exp(x - m) in both places.
@zh 3
先找出这一行里最大的得分 m，然后两处都用 exp(x - m)。
@en after
Every library does this. The same step turns log(softmax(x)) into x - m - log(sum), log-sum-exp,
which keeps its digits where the logarithm of a rounded probability has lost them.
To think about: a score of -1000 beside one of 1000 gives exactly 0. Is that a fault?
@zh after
每个库都这样做。同样的一步把 log(softmax(x)) 变成 x - m - log(sum)，也就是 log-sum-exp：
概率舍入之后再取对数会丢的位数，它都留着。
想一想：得分 -1000 旁边有一个 1000，它的概率恰好是 0。这算毛病吗？
*/
#include "grader.h"
REFERENCE(softmax, dlk_softmax_forward)

static void call_softmax(args *a) { softmax(R(y), R(x), I(N), I(C)); }
const entry entries[MOST_ENTRIES] = {{"softmax", "=y[N,C] x[N,C]", call_softmax, 0}};

#ifndef CHILD
static void whole_sum(args *a) {                                   /* one sum for all rows */
    double sum = 0;
    for (dl_int i = 0; i < I(N) * I(C); i++) sum += R(y)[i] = exp(R(x)[i]);
    for (dl_int i = 0; i < I(N) * I(C); i++) R(y)[i] /= sum;
}
static void not_divided(args *a) {                                 /* e^(x - m), and no division */
    for (dl_int i = 0; i < I(N); i++) {
        dl_real m = R(x)[i * I(C)];
        for (dl_int c = 0; c < I(C); c++) if (R(x)[i * I(C) + c] > m) m = R(x)[i * I(C) + c];
        for (dl_int c = 0; c < I(C); c++) R(y)[i * I(C) + c] = exp(R(x)[i * I(C) + c] - m);
    }
}
static void take_off(args *a, bool whole) {           /* the largest score of the batch, or begun at 0 */
    dl_real most = whole ? R(x)[0] : 0;
    for (dl_int i = 0; whole && i < I(N) * I(C); i++) most = fmax(most, R(x)[i]);
    for (dl_int i = 0; i < I(N); i++) {
        dl_real m = most, sum = 0, *y = R(y) + i * I(C);
        for (dl_int c = 0; c < I(C); c++) if (R(x)[i * I(C) + c] > m) m = R(x)[i * I(C) + c];
        for (dl_int c = 0; c < I(C); c++) sum += y[c] = exp(R(x)[i * I(C) + c] - m);
        for (dl_int c = 0; c < I(C); c++) y[c] /= sum;
    }
}
static void batch_max(args *a) { take_off(a, true); }
static void from_zero(args *a) { take_off(a, false); }
const grader the_grader = {
    .hand = {
        {0, "N=1 C=3 x=2,1,-1 -> y=0.7054,0.2595,0.0351"},
        {0, "N=2 C=2 x=1000,1000,0,1000 -> y=0.5,0.5,0,1"},
        {0, "N=1 C=2 x=-1000,-1000 -> y=0.5,0.5"},
        {0, "N=2 C=2 x=1000,1000,-1000,-1000 -> y=0.5,0.5,0.5,0.5"},
    },
    .mistake = {
        {"batch-max", 0, batch_max, "The largest score is that of all rows: each row takes off its own, else "
         "a row of small scores is 0/0.", "减去的是所有行里最大的得分：每一行要减自己的，"
         "否则得分小的那一行是 0/0。"},
        {"max-from-zero", 0, from_zero, "m begins at 0, so that in a row of negative scores 0 wins, which is "
         "not there: begin with the row's first.", "m 从 0 开始：一行全是负数时，赢的是并不存在的 0。"
         "应当从这一行的第一个开始。"},
        {"whole-sum", 0, whole_sum, "The sum goes over all samples: each row has its own.",
         "求和跨过了所有样本：每一行有自己的和。"},
        {"not-divided", 0, not_divided, "The division by the sum is missing.", "忘了除以总和。"},
    },
    .nan = true,
};
#endif
