/* 12_penalty
@en 1
Of the two sums only one term holds w[i]. What is the derivative of its square? What is the slope of |w| on
the right of 0, and on the left?
@zh 1
两个和里都只有一项含 w[i]。它的平方的导数是什么？|w| 在 0 的右边斜率多少，左边呢？
@en 2
The square gives 2 l2 w[i]. The absolute value gives l1 for a positive w, -l1 for a negative one, 0 at 0.
@zh 2
平方给出 2 l2 w[i]。绝对值：w 为正给 l1，为负给 -l1，等于 0 给 0。
@en 3
const dl_real sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0; g[i] += ... , the two payments.
@zh 3
const dl_real sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0; 然后 g[i] += 两笔付款。
@en after
L1 pulls with the same force everywhere, so that useless weights arrive at 0 and stay. L2 pulls the less
the nearer, and never arrives. It is dlk_decay_grad without its clipping.
To think about: PyTorch's weight_decay = 0.01 is which l2 here? And should the biases pay, too?
@zh after
L1 处处用同样的力拉，没用的权重会到 0，留在那里。L2 越近拉得越轻，永远到不了。这就是 dlk_decay_grad，
只少了裁剪。
想一想：PyTorch 的 weight_decay = 0.01，相当于这里的 l2 是多少？偏置也该付钱吗？
*/
#include "grader.h"

#ifndef CHILD
enum { NO_TWO = 1, NO_SIGN = 2, ABS = 4, SQUARE = 8, AT_ZERO = 16, MINUS = 32 };
static void pay(args *a, int how) {
    for (dl_int i = 0; i < I(N); i++) {
        const double w = R(w)[i], sign = how & NO_SIGN ? 1 : how & ABS ? fabs(w) : how & AT_ZERO ? (w >= 0 ? 1 : -1)
                                       : (w > 0) - (w < 0);
        const double sum = S(l1) * sign + S(l2) * (how & SQUARE ? w * w : how & NO_TWO ? w : 2 * w);
        R(g)[i] += how & MINUS ? -sum : sum;
    }
}
#define PAY(name, how) static void name(args *a) { pay(a, how); }
PAY(call_penalty, 0)
PAY(no_two, NO_TWO)
PAY(no_sign, NO_SIGN)
PAY(payments, ABS | SQUARE)
PAY(absolute, ABS)
PAY(at_zero, AT_ZERO)
PAY(minus, MINUS)
#else
static void call_penalty(args *a) {
    penalty_gradient(R(g), R(w), I(N), (dl_real)S(l1), (dl_real)S(l2));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"penalty_gradient", "+g[N] w[N] l1(0.1,1) l2(0.1,1)", call_penalty, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=2 g=0,0 w=0.5,-0.5 l1=0.1 l2=0.4 -> g=0.5,-0.5"},
        {0, "N=1 g=0.1 w=0.8 l1=0 l2=0.05 -> g=0.18"},
        {0, "N=3 g=0.1,0.1,0.1 w=0.8,-0.8,0 l1=0.05 l2=0 -> g=0.15,0.05,0.1"},
    },
    .mistake = {
        {"no-two", 0, no_two, "The derivative of w^2 is 2 w: a factor 2 is missing in the payment of l2.",
         "w^2 的导数是 2 w：l2 那一份漏了因子 2。"},
        {"no-sign", 0, no_sign, "l1 is added to every gradient alike: for a negative w the slope of |w| is -1.",
         "每个梯度都加了同样的 l1：w 为负时，|w| 的斜率是 -1。"},
        {"payments", 0, payments, "These are the payments, not their derivatives.", "这是付款本身，不是它的导数。"},
        {"absolute", 0, absolute, "l1 |w| is the payment; its derivative is l1 or -l1.",
         "l1 |w| 是付款本身；它的导数是 l1 或 -l1。"},
        {"corner", 0, at_zero, "Right but for w = 0: take the slope 0 there, or a weight that has arrived at 0 is "
         "pushed away again.", "只差 w = 0：那里斜率取 0，不然到了 0 的权重又被推开。"},
        {"minus", 0, minus, "The sign is the wrong way round: the step subtracts the gradient, and weights have to "
         "shrink.", "符号反了：更新时要减去梯度，权重才会变小。"},
    },
};
#endif
