/* 08_dropconnect
@en 1
It is the dense layer of chapter 01, with a condition inside of the innermost loop. To what does the
condition belong: to a sample, or to a weight?
@zh 1
它就是第 01 章的全连接层，最里面的循环多了一个条件。这个条件属于样本，还是属于权重？
@en 2
An absent weight had the factor 0 on both its ends: then neither x[i,k] nor w[j,k] gets anything from
this product.
@zh 2
缺席的权重，对两头都是因子 0：这个乘积既不给 x[i,k]，也不给 w[j,k] 传任何东西。
@en 3
The loops of dense_backward, under the same condition u[j * D + k] >= p, with d = dy[i,j] / (1 - p).
@zh 3
就是 dense_backward 的循环，加上同样的条件 u[j * D + k] >= p，d = dy[i,j] / (1 - p)。
@en after
Dropout is the special case in which all weights of one input are absent together. DropConnect has far
more little nets to choose from, and pays: a coin for each weight, where dropout needs one for each unit.
To think about: here all samples of a batch share the coins. What would it cost to toss for each sample?
@zh after
丢弃法是它的特例：同一个输入的所有权重一起缺席。DropConnect 可挑的小网络多得多，代价是每个权重都要抛一枚硬币，
而丢弃法每个单元一枚就够。
想一想：这里一批样本共用硬币。如果每个样本都单独抛，代价是多少？
*/
#include "grader.h"

#ifndef CHILD
/* the factor of w[j,k]: kind 0 right, 1 not scaled, 2 never dropped, 3 the others dropped, 4 p is what
   is kept, 5 no factor at all, 6 by u[j], 7 by u[k] */
static double factor(args *a, dl_int jk, int kind) {
    const dl_int at = kind == 6 ? jk / I(D) : kind == 7 ? jk % I(D) : jk;
    const bool drop = (R(u)[at] < S(p)) != (kind == 3);
    if (kind == 5) return 1;
    if (drop && kind != 2) return 0;
    return kind == 1 ? 1 : kind == 4 ? 1 / S(p) : 1 / (1 - S(p));
}
static void forward_by(args *a, int kind) {
    const dl_int N = I(N), D = I(D), M = I(M);
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            double sum = 0;
            for (dl_int k = 0; k < D; k++)
                sum += R(x)[i * D + k] * R(w)[j * D + k] * factor(a, j * D + k, kind);
            R(y)[i * M + j] = sum;
        }
}
static void backward_by(args *a, int to_x, int to_w) {
    const dl_int N = I(N), D = I(D), M = I(M);
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_int jk = j * D + k;
                R(dx)[i * D + k] += R(dy)[i * M + j] * R(w)[jk] * factor(a, jk, to_x);
                R(dw)[jk] += R(dy)[i * M + j] * R(x)[i * D + k] * factor(a, jk, to_w);
            }
}
static void call_forward(args *a) { forward_by(a, 0); }
static void not_scaled(args *a) { forward_by(a, 1); }
static void not_dropped(args *a) { forward_by(a, 2); }
static void others(args *a) { forward_by(a, 3); }
static void by_p(args *a) { forward_by(a, 4); }
static void by_unit(args *a) { forward_by(a, 6); }
static void by_input(args *a) { forward_by(a, 7); }
static void dense(args *a) { forward_by(a, 5); }
static void back_no_mask(args *a) { backward_by(a, 2, 2); }
static void back_no_mask_w(args *a) { backward_by(a, 0, 2); }
static void back_not_scaled(args *a) { backward_by(a, 1, 1); }
static void back_not_scaled_w(args *a) { backward_by(a, 0, 1); }
static void back_exchanged(args *a) {              /* dx from x, dw from w */
    const dl_int N = I(N), D = I(D), M = I(M);
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_int jk = j * D + k;
                const double d = R(dy)[i * M + j] * factor(a, jk, 0);
                R(dx)[i * D + k] += d * R(x)[i * D + k];
                R(dw)[jk] += d * R(w)[jk];
            }
}
static void back_others(args *a) { backward_by(a, 3, 3); }
static void back_dense(args *a) { backward_by(a, 5, 5); }
#else
static void call_forward(args *a) {
    dropconnect_forward(R(y), R(x), R(w), R(u), I(N), I(D), I(M), (dl_real)S(p));
}
static void call_backward(args *a) {
    dropconnect_backward(R(dx), R(dw), R(dy), R(x), R(w), R(u), I(N), I(D), I(M), (dl_real)S(p));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"dropconnect_forward", "=y[N,M] x[N,D] w[M,D] u[M,D](0,1) p(0.2,0.7)", call_forward, 0},
    {"dropconnect_backward", "+dx[N,D] +dw[M,D] dy[N,M] x[N,D] w[M,D] u[M,D](0,1) p(0.2,0.7)",
     LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 D=2 M=2 x=1,2 w=3,4,5,6 u=0.1,0.9,0.8,0.7 p=0.2 -> y=10,21.25"},
        {0, "N=1 D=2 M=1 x=1,2 w=3,4 u=0.9,0.1 p=0.5 -> y=6"},
        {1, "N=1 D=2 M=1 x=1,2 w=3,4 u=0.9,0.1 p=0.5 dy=1 -> dx=6,0 dw=2,0"},
    },
    .mistake = {
        {"not-scaled", 0, not_scaled, "What is kept is divided by 1 - p.", "留下的要除以 1 - p。"},
        {"nothing-dropped", 0, not_dropped, "No weight is dropped: those with u[j,k] < p are absent.",
         "一个权重也没丢：u[j,k] < p 的要缺席。"},
        {"others-dropped", 0, others, "The wrong ones are dropped: u < p means absent.",
         "丢反了：u < p 的才缺席。"},
        {"divided-by-p", 0, by_p, "Divided by p: it is the probability of being kept, 1 - p.",
         "你除以了 p：应当除以留下的概率 1 - p。"},
        {"coin-of-unit", 0, by_unit, "Each weight has a coin of its own: u[j * D + k], not u[j].",
         "每个权重有自己的硬币：u[j * D + k]，不是 u[j]。"},
        {"coin-of-input", 0, by_input, "Each weight has a coin of its own: u[j * D + k]. With u[k] this is "
         "dropout.", "每个权重有自己的硬币：u[j * D + k]。用 u[k] 就成了丢弃法。"},
        {"dense", 0, dense, "This is the dense layer: weights with u[j,k] < p are absent, the others are "
         "divided by 1 - p.", "这是普通的全连接层：u[j,k] < p 的权重缺席，其余的除以 1 - p。"},
        {"no-mask-for-dw", 1, back_no_mask_w, "dx is right. An absent weight learns nothing in this step: "
         "dw must ask u, too.", "dx 对了。缺席的权重这一步什么也学不到：dw 也要问 u。"},
        {"dw-not-scaled", 1, back_not_scaled_w, "dx is right. dw has the factor 1 / (1 - p), too.",
         "dx 对了。dw 也有因子 1 / (1 - p)。"},
        {"no-mask", 1, back_no_mask, "The backward does not ask u: over an absent weight nothing goes back, "
         "and it learns nothing.", "反向没有问 u：缺席的权重上什么也不往回传，它自己也不学。"},
        {"backward-not-scaled", 1, back_not_scaled, "The factor 1 / (1 - p) is missing in the backward.",
         "反向漏了因子 1 / (1 - p)。"},
        {"exchanged", 1, back_exchanged, "x and w are exchanged: dx gets dy times w, dw gets dy times x.",
         "x 与 w 用反了：dx 要乘 w，dw 要乘 x。"},
        {"backward-others", 1, back_others, "The backward drops the wrong ones: u < p means absent.",
         "反向丢反了：u < p 的才缺席。"},
        {"dense-backward", 1, back_dense, "This is the backward of the dense layer: u and p are missing.",
         "这是普通全连接层的反向：少了 u 与 p。"},
    },
    .rows = true,
};
#endif
