/* 09_conv2d_backward
@en 1
Write the forward's inner loops first, and in them its one line, sum += x[..] * w[..]. Which two numbers
met there, and what does each owe to g?
@zh 1
先写出前向里面的三重循环，和那一行 sum += x[..] * w[..]。在那里相遇的是哪两个数？g 该各分给它们多少？
@en 2
x[n,c,i,j] went in with the factor w[m,c,u,v], and w with the factor x. Places outside of the image had no
part in it. The bias went in once for each p, q.
@zh 2
x[n,c,i,j] 进去时的因子是 w[m,c,u,v]，w 的因子是 x。图像之外的位置没有份。偏置在每个 p、q 进一次。
@en 3
db[m] += g; then in the loops over c, u, v, behind the continue of the forward:
dx[at_x] += g * w[at_w]; dw[at_w] += g * x[at_x];
@zh 3
db[m] += g; 然后在 c、u、v 的循环里，在前向的 continue 之后：
dx[at_x] += g * w[at_w]; dw[at_w] += g * x[at_x];
@en after
No flipping by hand: that dx is a convolution with the flipped kernel comes out by itself, since x[i] met
w[u] at p = i - u. And dw sums over all places: that is what sharing a weight means on the way back.
To think about: a weight is used at 676 places. Should its learning rate be smaller than that of a
dense layer's?
@zh after
不必动手去翻转：x[i] 与 w[u] 在 p = i - u 处相遇，所以 dx 自然就成了与翻转的核做卷积。dw 则对所有位置求和：
权重共享，在反向里就是这个意思。
想一想：一个权重用在 676 个位置上。它的学习率该比全连接层的小吗？
@train cnn
*/
#include "grader.h"

#ifndef CHILD
enum { EXCHANGED = 1, FLIPPED = 2, NO_STRIDE = 4, BIAS_INSIDE = 8, NO_BIAS = 16 };
static void forward(args *a) {
    const dlk_conv2d_size s = {I(N), I(C), I(H), I(W), I(M), I(O), I(V), I(K), I(K), I(S), I(S), I(P), I(P),
                               1, 1, 1};
    dlk_conv2d_forward(R(y), R(x), R(w), R(b), &s);
}
static void back(args *a, int how) {
    const dl_int K = I(K), H = I(H), W = I(W), C = I(C), s = how & NO_STRIDE ? 1 : I(S);
    const dl_real *dy = R(dy);
    for (dl_int n = 0; n < I(N); n++)
        for (dl_int m = 0; m < I(M); m++)
            for (dl_int p = 0; p < I(O); p++)
                for (dl_int q = 0; q < I(V); q++) {
                    const double g = *dy++;
                    if (!(how & (NO_BIAS | BIAS_INSIDE))) R(db)[m] += g;
                    for (dl_int k = 0; k < C * K * K; k++) {
                        const dl_int i = p * s + k / K % K - I(P), j = q * s + k % K - I(P);
                        const dl_int at_w = m * C * K * K + k, at_x = ((n * C + k / (K * K)) * H + i) * W + j;
                        const dl_int from = how & FLIPPED ? at_w - k % (K * K) + K * K - 1 - k % (K * K) : at_w;
                        if (how & BIAS_INSIDE) R(db)[m] += g;
                        if (i < 0 || i >= H || j < 0 || j >= W) continue;
                        R(dx)[at_x] += g * (how & EXCHANGED ? R(x)[at_x] : R(w)[from]);
                        R(dw)[at_w] += g * (how & EXCHANGED ? R(w)[at_w] : R(x)[at_x]);
                    }
                }
}
#define BACK(name, how) static void name(args *a) { back(a, how); }
BACK(call_backward, 0)
BACK(exchanged, EXCHANGED)
BACK(flipped, FLIPPED)
BACK(no_stride, NO_STRIDE)
BACK(bias_inside, BIAS_INSIDE)
BACK(no_bias, NO_BIAS)
static void sizes(args *a) {
    a->size['O' - 'A'] = (I(H) + 2 * I(P) - I(K)) / I(S) + 1;
    a->size['V' - 'A'] = (I(W) + 2 * I(P) - I(K)) / I(S) + 1;
}
#else
static void call_backward(args *a) {
    conv2d_backward(R(dx), R(dw), R(db), R(dy), R(x), R(w), I(N), I(C), I(H), I(W), I(M), I(K), I(S), I(P),
                    I(O), I(V));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"conv2d_backward", "+dx[N,C,H,W] +dw[M,C,K,K] +db[M] dy[N,M,O,V] x[N,C,H,W] w[M,C,K,K]", call_backward, 2},
    {"-forward", "=y[N,M,O,V] x[N,C,H,W] w[M,C,K,K] b[M]", JUDGE(forward), 0},
};

#ifdef TRAIN                                       /* dl.h passes NULL for what it does not want */
static void whole_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy, const dl_real *x,
                           const dl_real *w, const dlk_conv2d_size *s) {
    const dl_int nx = s->N * s->C * s->H * s->W, nw = s->M * s->C * s->KH * s->KW;
    dl_real *spare = (dl_real *)calloc((size_t)(nx + nw + s->M), sizeof *spare);
    if (spare == NULL) exit(3);
    conv2d_backward(dx ? dx : spare, dw ? dw : spare + nx, db ? db : spare + nx + nw, dy, x, w, s->N, s->C,
                    s->H, s->W, s->M, s->KH, s->stride_h, s->top, s->OH, s->OW);
    free(spare);
}
#endif
TRAINS(conv2d_backward, whole_backward)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 C=1 H=3 W=3 M=1 K=2 S=1 P=0 x=1,2,3,4,5,6,7,8,9 w=1,0,0,-1 dy=1,2,3,4 "
            "-> dx=1,2,0,3,3,-2,0,-3,-4 dw=37,47,67,77 db=10"},
        {0, "N=1 C=1 H=2 W=2 M=1 K=2 S=2 P=1 x=1,2,3,4 w=1,2,3,4 dy=1,10,100,1000 "
            "-> dx=4,30,200,1000 dw=4000,300,20,1 db=1111"},
    },
    .mistake = {
        {"exchanged", 0, exchanged, "x and w are exchanged: dx gets g times w, dw gets g times x.",
         "x 与 w 用反了：dx 要乘 w，dw 要乘 x。"},
        {"flipped", 0, flipped, "The kernel is flipped in dx. Leave it: x[i] met w[u] unflipped, the flipping "
         "comes about by itself.", "dx 里把核翻转了。不用翻：前向里 x[i] 遇到的就是没翻的 w[u]，翻转会自己出现。"},
        {"no-stride", 0, no_stride, "The stride is missing: i = p * s + u - P, as in the forward.",
         "漏了步幅：i = p * s + u - P，与前向一样。"},
        {"bias-in-loop", 0, bias_inside, "db is added inside the loops over c, u, v. It belongs outside.",
         "db 写在了 c、u、v 的循环里面。它应当在循环外面。"},
        {"no-bias", 0, no_bias, "db is missing: the bias went into every output.", "漏了 db：每个输出里都有偏置。"},
    },
    .names = "O=OH V=OW S=s",
    .ranges = "N=1..2 C=1..3 H=3..5 W=4..6 M=1..3 K=1..3 S=1..2 P=0..1",
    .sizes = sizes,
};
#endif
