/* 12_group
@en 1
What is the derivative of the root of s by s? And of s = the sum of squares by one of its w?
@zh 1
s 的平方根对 s 的导数是什么？s 是平方和，它对其中一个 w 的导数呢？
@en 2
1 / (2 sqrt(s)) times 2 w: the two cancel. What is left is the weight divided by the length of its row.
@zh 2
1 / (2 sqrt(s)) 乘 2 w：两个 2 消掉。剩下的是权重除以它那一行的长度。
@en 3
if (length > 0) dw[j * D + k] += dloss * r * w[j * D + k] / length; the length, with eps, is computed for each
row first.
@zh 3
if (length > 0) dw[j * D + k] += dloss * r * w[j * D + k] / length; 先算出每一行的长度（带 eps）。
@en after
Without eps the gradient of a row has the length r, however small the row is: as for L1, the pull does not weaken near
0, and so whole rows arrive there. With D = 1 it is L1. A unit whose row is 0 gives only its bias, which can
be added to the next layer's: the net becomes smaller, not just emptier.
To think about: near 0 a step jumps over the goal, to and fro. What would you do at the end of training?
@zh after
没有 eps 时，不论一行有多短，它的梯度长度总是 r：和 L1 一样，靠近 0 时拉力不减，所以整行会到 0。D = 1 时它就是 L1。
一行全是 0 的单元只剩偏置，可以并进下一层的偏置：网络真的变小了，不只是变空。
想一想：离 0 很近时，一步会跨过头，来回跳。训练结束时你怎么办？
@variants
eps -> loss | dw
0 -> 0.5 | (0.06, 0.08; 0, 0)
1 -> 0.6099 | (0.05883, 0.07845; 0, 0)
2 -> 0.661 | (0.05774, 0.07698; 0, 0)
3 -> 0.7024 | (0.05669, 0.07559; 0, 0)
5 -> 0.7713 | (0.05477, 0.07303; 0, 0)
11 -> 0.9317 | (0.05, 0.06667; 0, 0)
*/
#include "grader.h"

#ifndef CHILD
enum { SQUARES = 1, WHOLE = 2, L1 = 4, NO_R = 8, NO_LENGTH = 16, TWICE = 32, NO_LOSS = 64 };
static double length(args *a, dl_int j, int how) {
    const dl_int first = how & WHOLE ? 0 : j * I(D), end = how & WHOLE ? I(M) * I(D) : first + I(D);
    double sum = V(eps), absolute = 0;
    for (dl_int k = first; k < end; k++) sum += R(w)[k] * R(w)[k], absolute += fabs(R(w)[k]);
    return how & SQUARES ? sum : how & L1 ? absolute : sqrt(sum);
}
static void forward_by(args *a, int how) {
    double loss = 0;
    for (dl_int j = 0; j < (how & WHOLE ? 1 : I(M)); j++) loss += length(a, j, how);
    R(loss)[0] = how & NO_R ? loss : S(r) * loss;
}
static void backward_by(args *a, int how) {
    for (dl_int i = 0; i < I(M) * I(D); i++) {
        const double l = length(a, i / I(D), how & WHOLE), w = R(w)[i];
        if (l > 0) R(dw)[i] += (how & NO_LOSS ? 1 : S(dloss)) * S(r) *
                               (how & L1 ? (w > 0) - (w < 0) : how & NO_LENGTH ? w : how & SQUARES ? 2 * w
                                : how & TWICE ? w / l / 2 : w / l);
    }
}
#define BY(name, f, how) static void name(args *a) { f(a, how); }
BY(call_forward, forward_by, 0)
BY(squares, forward_by, SQUARES)
BY(whole, forward_by, WHOLE)
BY(l1, forward_by, L1)
BY(no_r, forward_by, NO_R)
BY(back_squares, backward_by, SQUARES)
BY(back_whole, backward_by, WHOLE)
BY(back_l1, backward_by, L1)
BY(no_length, backward_by, NO_LENGTH)
BY(half, backward_by, TWICE)
BY(no_dloss, backward_by, NO_LOSS)
#else
static void call_forward(args *a) { group_forward(R(loss), R(w), I(M), I(D), (dl_real)S(r)); }
static void call_backward(args *a) {
    group_backward(R(dw), (dl_real)S(dloss), R(w), I(M), I(D), (dl_real)S(r));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"group_forward", "=loss[1] w[M,D] r(0.2,0.8)", call_forward, 0},
    {"group_backward", "+dw[M,D] dloss(0.5,2) w[M,D] r(0.2,0.8)", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "M=2 D=2 w=3,4,0,0 r=0.1 -> loss=$loss"},
        {0, "M=2 D=2 w=3,4,5,12 r=0.1"},
        {1, "M=2 D=2 w=3,4,0,0 r=0.1 dloss=1 -> dw=$dw"},
    },
    .mistake = {
        {"squares", 0, squares, "This is L2: the root is missing.", "这是 L2：漏了平方根。"},
        {"one-length", 0, whole, "This is the length of all weights together; each row has its own.",
         "这是全部权重合在一起的长度；每一行有自己的长度。"},
        {"l1", 0, l1, "This is L1, a sum of absolute values; each row pays its length.",
         "这是 L1，绝对值之和；每一行付的是长度。"},
        {"no-r", 0, no_r, "The factor r is missing.", "漏了因子 r。"},
        {"squares-backward", 1, back_squares, "This is the gradient of the squares: the root has a derivative, too.",
         "这是平方和的梯度：平方根也有导数。"},
        {"one-length-backward", 1, back_whole, "Divided by the length of all weights: take that of the row.",
         "除以了全部权重的长度：应当用这一行的长度。"},
        {"l1-backward", 1, back_l1, "This is the gradient of L1, the signs.", "这是 L1 的梯度，只有正负号。"},
        {"no-length", 1, no_length, "The weight is to be divided by the length of its row.",
         "权重还要除以它那一行的长度。"},
        {"half", 1, half, "Half too small: 1 / (2 sqrt(s)) is multiplied by the 2 of 2 w.",
         "小了一半：1 / (2 sqrt(s)) 还要乘 2 w 里的 2。"},
        {"no-dloss", 1, no_dloss, "The factor dloss is missing.", "漏了因子 dloss。"},
    },
};
#endif
