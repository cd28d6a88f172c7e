/* 11_focal
@en 1
Two steps: first the derivative of -(1 - q)^r log q by q alone, by the product rule. Then that of q by each
z[c], which you know from chapter 02.
@zh 1
分两步：先求 -(1 - q)^r log q 对 q 的导数，用乘积法则。再求 q 对每个 z[c] 的导数，第 02 章里有。
@en 2
The first is r (1 - q)^(r-1) log q - (1 - q)^r / q. The second is q (1 - q) for the right class and
-q p[c] for another one.
@zh 2
第一个是 r (1 - q)^(r-1) log q - (1 - q)^r / q。第二个：对的那类是 q (1 - q)，别的类是 -q p[c]。
@en 3
With s = r (1 - q)^(r-1) q log q - (1 - q)^r: dz[i,c] += dloss / N * s * ((c == label[i]) - p[i,c]).
@zh 3
设 s = r (1 - q)^(r-1) q log q - (1 - q)^r：dz[i,c] += dloss / N * s * ((c == label[i]) - p[i,c])。
@en after
With r = 0 it is cross-entropy, and s = -1 gives p - t again. With r = 2 an answer of 0.9 weighs a
hundredth. It was made for pictures in which nearly everything is background, so that a hundred thousand
easy places do not drown the few that matter.
To think about: would it help on MNIST, where at the end nearly all is easy? What would wrong labels do to it?
@zh after
r = 0 时就是交叉熵，s = -1，又得到 p - t。r = 2 时，把握 0.9 的回答只算百分之一。它是为几乎全是背景的图片设计的：
十万个容易的位置，不至于淹没要紧的那几个。
想一想：训练到最后，MNIST 几乎全是容易的，它会有帮助吗？如果有些标签标错了，它会怎样？
*/
#include "grader.h"

#ifndef CHILD
enum { PLAIN = 1, NO_MEAN = 2, OF_Q = 4, NO_PRODUCT = 8, NO_LOSS = 16, NO_R = 32 };
static double q_of(args *a, const double *p, dl_int i) { return p[i * I(C) + L(label)[i]]; }
static void forward_by(args *a, int how) {
    const dl_int C = I(C);
    double loss = 0;
    for (dl_int i = 0; i < I(N); i++) {
        double sum = 0;
        for (dl_int c = 0; c < C; c++) sum += exp(R(z)[i * C + c]);
        for (dl_int c = 0; c < C; c++) R(p)[i * C + c] = exp(R(z)[i * C + c]) / sum;
        const double q = q_of(a, R(p), i);
        loss -= (how & PLAIN ? 1 : pow(how & OF_Q ? q : 1 - q, S(r))) * log(q);
    }
    R(loss)[0] = loss / (how & NO_MEAN ? 1 : (double)I(N));
}
static void backward_by(args *a, int how) {
    const dl_int C = I(C);
    for (dl_int i = 0; i < I(N); i++) {
        const double q = q_of(a, R(p), i), r = S(r), rest = pow(1 - q, r);
        const double s = how & PLAIN ? -1 : how & NO_PRODUCT ? -rest
                       : (how & NO_R ? 1 : r) * pow(1 - q, r - 1) * q * log(q) - rest;
        for (dl_int c = 0; c < C; c++)
            R(dz)[i * C + c] += (how & NO_LOSS ? 1 : S(dloss)) / (how & NO_MEAN ? 1 : (double)I(N)) * s *
                                ((c == L(label)[i]) - R(p)[i * C + c]);
    }
}
#define BY(name, f, how) static void name(args *a) { f(a, how); }
BY(call_forward, forward_by, 0)
BY(plain, forward_by, PLAIN)
BY(sum_only, forward_by, NO_MEAN)
BY(of_q, forward_by, OF_Q)
BY(back_plain, backward_by, PLAIN)
BY(back_sum, backward_by, NO_MEAN)
BY(no_product, backward_by, NO_PRODUCT)
BY(no_dloss, backward_by, NO_LOSS)
BY(no_r, backward_by, NO_R)
#else
static void call_forward(args *a) {
    focal_forward(R(loss), R(p), R(z), L(label), I(N), I(C), (dl_real)S(r));
}
static void call_backward(args *a) {
    focal_backward(R(dz), (dl_real)S(dloss), R(p), L(label), I(N), I(C), (dl_real)S(r));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"focal_forward", "=loss[1] =p[N,C] z[N,C] label[N]#C r(0.5,3)", call_forward, 0},
    {"focal_backward", "+dz[N,C] dloss(0.5,2) p[N,C] label[N]#C r(0.5,3)", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 C=2 z=0,0 label=0 r=2 -> p=0.5,0.5 loss=0.173287"},
        {1, "N=1 C=2 p=0.5,0.5 label=0 r=2 dloss=1 -> dz=-0.2983,0.2983"},
    },
    .mistake = {
        {"cross-entropy", 0, plain, "This is cross-entropy: the factor (1 - q)^r is missing.",
         "这是交叉熵：漏了因子 (1 - q)^r。"},
        {"sum", 0, sum_only, "The loss is a mean: divide by N.", "损失是平均：要除以 N。"},
        {"power-of-q", 0, of_q, "The factor is (1 - q)^r, small where the answer is right; yours is q^r.",
         "因子是 (1 - q)^r，答对的地方小；你写的是 q^r。"},
        {"cross-entropy-backward", 1, back_plain, "This is the gradient of cross-entropy, p - t.",
         "这是交叉熵的梯度，p - t。"},
        {"sum-backward", 1, back_sum, "The gradient is to be divided by N, as the loss is.",
         "梯度也要除以 N，损失除了。"},
        {"half-a-product", 1, no_product, "The factor (1 - q)^r depends on z, too: the product rule has two terms.",
         "因子 (1 - q)^r 也随 z 变：乘积法则有两项。"},
        {"no-r", 1, no_r, "The derivative of (1 - q)^r is r (1 - q)^(r-1), times -1: the factor r is missing.",
         "(1 - q)^r 的导数是 r (1 - q)^(r-1) 再乘 -1：漏了因子 r。"},
        {"no-dloss", 1, no_dloss, "The factor dloss is missing.", "漏了因子 dloss。"},
    },
    .ranges = "N=1..5 C=2..5",
};
#endif
