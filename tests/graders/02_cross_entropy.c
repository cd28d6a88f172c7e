/* 02_cross_entropy
@en 1
One row: the largest score m, then the sum of e^(x - m), then m + log(sum) - x of the right class.
@zh 1
先做一行：最大的得分 m，再求 e 的 (x - m) 次方之和，然后 m + log(和) - 正确那一类的 x。
@en 2
Add up the rows in a variable, and divide by N at the end. The largest score is each row's own.
@zh 2
把各行加到一个变量里，最后除以 N。最大的得分，每一行有自己的。
@en 3
With row = x + i * C, one sample adds the logarithm of the sum, the m that was taken off, and, with a
minus, the score row[label[i]]. log() gives the natural logarithm.
@zh 3
设 row = x + i * C。一个样本添上三样：和的对数，减去过的那个 m，再减去得分 row[label[i]]。log() 是自然对数。
@en after
No probability was ever computed, so none could round to 0 and have no logarithm. Who knows nothing
has a loss of log C: 2.3026 for ten classes. Remember that number.
To think about: the loss of one sample is 5. What probability did the right class get?
@zh after
自始至终没有算过概率，所以也没有哪个概率会舍入成 0，取不了对数。什么都不知道的网络，损失是 log C：十类就是 2.3026。记住这个数。
想一想：某个样本的损失是 5，正确的类得到的概率是多少？
*/
#include "grader.h"

#ifndef CHILD
static void cross_entropy(dl_real *loss, const dl_real *x, const int32_t *label, dl_int N, dl_int C) {
    dl_real *p = (dl_real *)malloc((size_t)(N * C) * sizeof *p);
    if (p == NULL) exit(3);
    dlk_cross_entropy_forward(loss, p, x, label, N, C, 1.0 / (double)N);
    free(p);
}
#endif
static void call_loss(args *a) { cross_entropy(R(loss), R(x), L(label), I(N), I(C)); }
const entry entries[MOST_ENTRIES] = {
    {"cross_entropy", "=loss[1] x[N,C] label[N]#C", call_loss, 0},
};

#ifndef CHILD
static void is_sum(args *a) {
    cross_entropy(R(loss), R(x), L(label), I(N), I(C));
    R(loss)[0] *= (dl_real)I(N);
}
static void is_negative(args *a) {
    cross_entropy(R(loss), R(x), L(label), I(N), I(C));
    R(loss)[0] = -R(loss)[0];
}
static void no_label(args *a) {                                     /* log-sum-exp alone */
    call_loss(a);
    for (dl_int i = 0; i < I(N); i++)
        R(loss)[0] += R(x)[i * I(C) + L(label)[i]] / (dl_real)I(N);
}
static void no_shift_back(args *a) {                                /* log(sum) - x: m is missing */
    call_loss(a);
    for (dl_int i = 0; i < I(N); i++) {
        dl_real m = R(x)[i * I(C)];
        for (dl_int c = 0; c < I(C); c++) if (R(x)[i * I(C) + c] > m) m = R(x)[i * I(C) + c];
        R(loss)[0] -= m / (dl_real)I(N);
    }
}
static void take_off(args *a, bool whole) {           /* the largest score of the batch, or begun at 0 */
    dl_real most = 0, total = 0;
    for (dl_int i = 0; whole && i < I(N) * I(C); i++)
        if (i == 0 || R(x)[i] > most) most = R(x)[i];
    for (dl_int i = 0; i < I(N); i++) {
        const dl_real *row = R(x) + i * I(C);
        dl_real m = most, sum = 0;
        for (dl_int c = 0; c < I(C); c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < I(C); c++) sum += exp(row[c] - m);
        total += m + log(sum) - row[L(label)[i]];
    }
    R(loss)[0] = total / (dl_real)I(N);
}
static void batch_max(args *a) { take_off(a, true); }
static void from_zero(args *a) { take_off(a, false); }
const grader the_grader = {
    .hand = {
        {0, "N=1 C=3 x=2,1,-1 label=0 -> loss=0.3490"},
        {0, "N=2 C=2 x=0,0,0,0 label=0,1 -> loss=0.6931"},
        {0, "N=1 C=3 x=200,100,-100 label=1 -> loss=100"},
        {0, "N=1 C=2 x=-1000,-1500 label=1 -> loss=500"},
        {0, "N=2 C=2 x=1000,1000,-1000,-1000 label=0,1 -> loss=0.6931"},
    },
    .mistake = {
        {"batch-max", 0, batch_max, "The largest score is that of all rows: each row takes off its own, else "
         "log(0) is computed of a row of small scores.", "减去的是所有行里最大的得分：每一行要减自己的，"
         "否则得分小的那一行算的是 log(0)。"},
        {"max-from-zero", 0, from_zero, "m begins at 0, so that in a row of negative scores 0 wins, which is "
         "not there: begin with the row's first.", "m 从 0 开始：一行全是负数时，赢的是并不存在的 0。"
         "应当从这一行的第一个开始。"},
        {"is-sum", 0, is_sum, "That is the sum of the samples' losses: divide by N.",
         "这是各样本损失之和：还要除以 N。"},
        {"negative", 0, is_negative, "The sign is the wrong way round: a loss is -log p, and not below 0.",
         "符号反了：损失是 -log p，不会小于 0。"},
        {"no-label", 0, no_label, "The score of the right class is not taken off.",
         "没有减去正确那一类的得分。"},
        {"no-shift-back", 0, no_shift_back, "The largest score m was taken off inside e^..., and has to "
         "be added again: m + log(sum).", "指数里减去了最大的得分 m，取对数之后要加回来：m + log(和)。"},
    },
};
#endif
