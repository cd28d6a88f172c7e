/* 15_tied
@en 1
Go back one layer at a time. In the decoder, y[n,d] was made of w[k,d] and c[n,k]: what do both get?
@zh 1
一层一层往回走。解码器里，y[n,d] 由 w[k,d] 与 c[n,k] 得来：两者各得到什么？
@en 2
For each n and k first dc = sum over d of dy[n,d] w[k,d]. Then the encoder: dc reaches x by w, and w by x. So
dw[k,d] gets two parts.
@zh 2
对每个 n、k，先算 dc = 对 d 求和 dy[n,d] w[k,d]。再看编码器：dc 经过 w 到 x，经过 x 到 w。所以 dw[k,d] 有两份。
@en 3
dw[k * D + d] += dy[n * D + d] * c[n * K + k] + dc * x[n * D + d]; dx[n * D + d] += dc * w[k * D + d];
@zh 3
两行：
dw[k * D + d] += dy[n * D + d] * c[n * K + k] + dc * x[n * D + d]; dx[n * D + d] += dc * w[k * D + d];
@en after
Whoever is used twice is paid twice: gradients add up, which is why they are always added to and never set.
With a squared error and no activation this net finds the main directions of the data, as principal
component analysis does.
To think about: the two parts are computed in different layers. What does an automatic differentiation need
to know, so that they meet in one array?
@zh after
用了两次就领两份：梯度要相加，所以总是加上去而从不覆盖。用平方误差、不加激活时，这个网络找到的是数据的主要方向，
与主成分分析一样。
想一想：两份是在不同的层里算出来的。自动求导要知道什么，才能让它们在同一个数组里相遇？
*/
#include "grader.h"

#ifndef CHILD
enum { DECODER = 1, ENCODER = 2, Y_FOR_C = 4, DOUBLED = 8 };
static void forward_by(args *a, int how) {
    const dl_int D = I(D), K = I(K);
    for (dl_int n = 0; n < I(N); n++) {
        for (dl_int d = 0; d < D; d++) R(y)[n * D + d] = 0;
        for (dl_int k = 0; k < K; k++) {
            double c = 0;
            for (dl_int d = 0; d < D; d++) c += R(w)[k * D + d] * R(x)[n * D + d];
            R(c)[n * K + k] = c;
            for (dl_int d = 0; d < D; d++)
                R(y)[n * D + d] += R(w)[how & Y_FOR_C ? d * K + k : k * D + d] * c;
        }
    }
}
static void backward_by(args *a, int how) {
    const dl_int D = I(D), K = I(K);
    for (dl_int n = 0; n < I(N); n++)
        for (dl_int k = 0; k < K; k++) {
            double dc = 0;
            for (dl_int d = 0; d < D; d++) dc += R(dy)[n * D + d] * R(w)[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                const double one = R(dy)[n * D + d] * R(c)[n * K + k], two = dc * R(x)[n * D + d];
                R(dw)[k * D + d] += how & DECODER ? one : how & ENCODER ? two : how & DOUBLED ? 2 * one : one + two;
                R(dx)[n * D + d] += dc * R(w)[k * D + d];
            }
        }
}
#define BY(name, f, how) static void name(args *a) { f(a, how); }
BY(call_forward, forward_by, 0)
BY(turned_decoder, forward_by, Y_FOR_C)
BY(decoder_only, backward_by, DECODER)
BY(encoder_only, backward_by, ENCODER)
BY(doubled, backward_by, DOUBLED)
#else
static void call_forward(args *a) { tied_forward(R(y), R(c), R(x), R(w), I(N), I(D), I(K)); }
static void call_backward(args *a) {
    tied_backward(R(dw), R(dx), R(dy), R(x), R(c), R(w), I(N), I(D), I(K));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"tied_forward", "=y[N,D] =c[N,K] x[N,D] w[K,D]", call_forward, 0},
    {"tied_backward", "+dw[K,D] +dx[N,D] dy[N,D] x[N,D] c[N,K] w[K,D]", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 D=2 K=1 x=3,1 w=1,2 -> y=5,10 c=5"},
        {1, "N=1 D=2 K=1 x=3,1 w=1,2 c=5 dy=1,0 -> dw=8,1 dx=1,2"},
    },
    .mistake = {
        {"decoder-order", 0, turned_decoder, "The decoder reads w in the wrong order: it is w[k,d], at k * D + d, here "
         "too.", "解码器读 w 的次序不对：这里也是 w[k,d]，在 k * D + d 处。"},
        {"decoder-only", 1, decoder_only, "dw has the decoder's part only: w was used by the encoder, too.",
         "dw 只有解码器的一份：编码器也用了 w。"},
        {"encoder-only", 1, encoder_only, "dw has the encoder's part only: w was used by the decoder, too.",
         "dw 只有编码器的一份：解码器也用了 w。"},
        {"doubled", 1, doubled, "The same part twice: encoder and decoder give different ones.",
         "同一份算了两次：编码器与解码器给的不一样。"},
    },
};
#endif
