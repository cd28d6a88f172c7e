/* 14_attention
@en 1
Three things one after the other: the scores of place i, their softmax, the mean of the values. Over which j
does each of these loops run?
@zh 1
一件一件来：位置 i 的得分，得分的 softmax，值的加权平均。每个循环的 j 从哪里走到哪里？
@en 2
Write exp of the score into p[i * T + j] at once and sum it up; then divide the row by the sum. Places
j > i get 0.
@zh 2
把得分的 exp 直接写进 p[i * T + j]，顺便求和；再把这一行除以和。j > i 的位置写 0。
@en 3
s += q[i * D + d] * k[j * D + d] over d; p[i * T + j] = exp(s / sqrt(D)); after the division
y[i * M + m] += p[i * T + j] * v[j * M + m], from 0.
@zh 3
对 d 求和 s += q[i * D + d] * k[j * D + d]; p[i * T + j] = exp(s / sqrt(D)); 除过之后，从 0 开始累加
y[i * M + m] += p[i * T + j] * v[j * M + m]。
@en after
All of it are sums of products and a softmax, nothing that you have not written before. The mask is no
detail: without it the net sees the answer while it is trained, its loss is wonderful, and it writes nonsense.
To think about: the work grows with the square of T. Which loop is it?
@zh after
全是乘积之和，加一个 softmax，没有一样是你没写过的。掩码不是小事：没有它，训练时网络看得见答案，损失漂亮极了，
写出来的却是胡话。
想一想：工作量与 T 的平方成正比。是哪个循环造成的？
*/
#include "grader.h"

#ifndef CHILD
enum { NO_MASK = 1, NO_ROOT = 2, BY_D = 4, EXCHANGED = 8, NO_SUM = 16, LATE_MASK = 32 };
static void attend(args *a, int how) {
    const dl_int T = I(T), D = I(D), M = I(M);
    for (dl_int i = 0; i < T; i++) {
        double sum = 0;
        for (dl_int j = 0; j < T; j++) {
            const bool seen = j <= i || (how & NO_MASK);
            double s = 0;
            for (dl_int d = 0; d < D; d++)
                s += how & EXCHANGED ? R(k)[i * D + d] * R(q)[j * D + d] : R(q)[i * D + d] * R(k)[j * D + d];
            const double e = exp(s / (how & NO_ROOT ? 1 : how & BY_D ? (double)D : sqrt((double)D)));
            R(p)[i * T + j] = seen ? e : 0;
            if (seen || (how & LATE_MASK)) sum += e;
        }
        for (dl_int j = 0; j < T && !(how & NO_SUM); j++) R(p)[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            R(y)[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) R(y)[i * M + m] += R(p)[i * T + j] * R(v)[j * M + m];
        }
    }
}
#define ATTEND(name, how) static void name(args *a) { attend(a, how); }
ATTEND(call_attention, 0)
ATTEND(no_mask, NO_MASK)
ATTEND(no_root, NO_ROOT)
ATTEND(by_d, BY_D)
ATTEND(exchanged, EXCHANGED)
ATTEND(no_sum, NO_SUM)
ATTEND(late_mask, LATE_MASK)
#else
static void call_attention(args *a) { attention(R(y), R(p), R(q), R(k), R(v), I(T), I(D), I(M)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"attention", "=y[T,M] =p[T,T] q[T,D](-1,1) k[T,D](-1,1) v[T,M]", call_attention, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "T=2 D=1 M=1 q=0,2 k=1,0 v=5,9 -> p=1,0,0.880797,0.119203 y=5,5.476812"},
        {0, "T=2 D=4 M=1 q=0,0,0,0,1,1,1,1 k=1,1,1,1,0,0,0,0 v=5,9 -> p=1,0,0.880797,0.119203"},
    },
    .mistake = {
        {"no-mask", 0, no_mask, "Place i looks ahead: only j <= i count, or the net sees the answer.",
         "位置 i 往后看了：只算 j <= i，不然网络看得见答案。"},
        {"late-mask", 0, late_mask, "What is hidden still counts in the sum: the weights of a row must add up to 1.",
         "盖住的还算在和里：一行的权重加起来应当是 1。"},
        {"no-root", 0, no_root, "The division by sqrt(D) is missing.", "漏了除以 sqrt(D)。"},
        {"by-D", 0, by_d, "Divided by D: it is sqrt(D).", "除以了 D：应当是 sqrt(D)。"},
        {"exchanged", 0, exchanged, "Queries and keys are exchanged: place i asks with its q, place j answers with "
         "its k.", "查询与键用反了：位置 i 用 q 问，位置 j 用 k 答。"},
        {"no-sum", 0, no_sum, "The weights are not divided by their sum.", "权重没有除以它们的和。"},
    },
    .ranges = "T=2..5 D=2..5 M=1..4",
};
#endif
