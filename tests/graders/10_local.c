/* 10_local
@en 1
Begin with the convolution of chapter 09. Which indices does its weight have, and which come in addition here?
@zh 1
从第 09 章的卷积开始。它的权重有哪些下标？这里又多了哪些？
@en 2
Each output reads K * K weights that nobody else reads. If you go through the outputs in order, the weights
come in order, too: a pointer that moves on is enough.
@zh 2
每个输出读 K * K 个权重，别的输出都不读。按次序走过输出，权重也就按次序出现：一个往前走的下标就够了。
@en 3
w's place is (((m * OH + p) * OW + q) * K + u) * K + v. Backward, with d = dy[m,p,q]:
from = (p * $s + u) * W + q * $r + v; dx[from] += d * w[at]; dw[at] += d * x[from];
@zh 3
w 的位置是 (((m * OH + p) * OW + q) * K + u) * K + v。反向，d = dy[m,p,q]：
from = (p * $s + u) * W + q * $r + v; dx[from] += d * w[at]; dw[at] += d * x[from];
@en after
As many multiplications as a convolution, and 676 times its weights for 3x3 on 28x28. Each of them sees
one place only, and learns from one place only: a stroke on the left teaches nothing about the right. That
is the whole worth of sharing. (Where places do differ, as in a face that is always in the middle, such
layers were used.)
To think about: a net of such layers is shown all digits, each shifted to everywhere. What will its kernels
look like?
@zh after
乘法与卷积一样多；28x28 的图、3x3 的核，权重却是卷积的 676 倍。每个权重只看一个位置，也只从一个位置学：
左边的一笔，教不会右边任何东西。共享值多少，这里看得最清楚。（位置真有区别时，例如总在正中的人脸，
确实有人用过这种层。）
想一想：给这样的网络看所有数字，每个都挪到各种位置。它的那些核最后会是什么样？
@variants
s | r -> y | dx | dw
1 | 1 -> (3, 8) | (3, 40, 0, 0) | (1, 20)
2 | 1 -> (3, 8) | (3, 40, 0, 0) | (1, 20)
1 | 2 -> (3, 12) | (3, 0, 40, 0) | (1, 30)
2 | 3 -> (3, 16) | (3, 0, 0, 40) | (1, 40)
3 | 2 -> (3, 12) | (3, 0, 40, 0) | (1, 30)
3 | 1 -> (3, 8) | (3, 40, 0, 0) | (1, 20)
*/
#include "grader.h"

#ifndef CHILD
enum { SHARED = 1, TURNED = 2, FLIPPED = 4, NO_MAPS = 8, EXCHANGED = 16 };
static void walk(args *a, int how, bool back) {
    const dl_int K = I(K), W = I(W), n = I(O) * I(V), s = (dl_int)V(s), r = (dl_int)V(r);
    for (dl_int o = 0; o < I(M) * n; o++) {
        const dl_int p = o % n / I(V), q = o % I(V);
        double sum = 0;
        for (dl_int k = 0; k < K * K; k++) {
            const dl_int at = (how & SHARED ? o / n * n : how & NO_MAPS ? o % n : o) * K * K +
                              (how & TURNED ? k % K * K + k / K : how & FLIPPED ? K * K - 1 - k : k);
            const dl_int from = (p * s + k / K) * W + q * r + k % K;
            sum += R(x)[from] * R(w)[at];
            if (!back) continue;
            R(dx)[from] += R(dy)[o] * (how & EXCHANGED ? R(x)[from] : R(w)[at]);
            R(dw)[at] += R(dy)[o] * (how & EXCHANGED ? R(w)[at] : R(x)[from]);
        }
        if (!back) R(y)[o] = sum;
    }
}
#define WALK(name, how, back) static void name(args *a) { walk(a, how, back); }
WALK(call_forward, 0, false)
WALK(shared, SHARED, false)
WALK(turned, TURNED, false)
WALK(flipped, FLIPPED, false)
WALK(no_maps, NO_MAPS, false)
WALK(back_shared, SHARED, true)
WALK(back_exchanged, EXCHANGED, true)
static void sizes(args *a) {
    a->size['H' - 'A'] = 3 * (I(O) - 1) + I(K);                    /* enough for every variant */
    a->size['W' - 'A'] = 3 * (I(V) - 1) + I(K);
}
#else
static void call_forward(args *a) {
    local_forward(R(y), R(x), R(w), I(M), I(H), I(W), I(K), I(O), I(V));
}
static void call_backward(args *a) {
    local_backward(R(dx), R(dw), R(dy), R(x), R(w), I(M), I(H), I(W), I(K), I(O), I(V));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"local_forward", "=y[M,O,V] x[H,W] w[M,O,V,K,K]", call_forward, 0},
    {"local_backward", "+dx[H,W] +dw[M,O,V,K,K] dy[M,O,V] x[H,W] w[M,O,V,K,K]", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "M=1 O=1 V=2 K=1 x=1,2,3,4 w=3,4 -> y=$y"},
        {1, "M=1 O=1 V=2 K=1 x=1,2,3,4 w=3,4 dy=1,10 -> dx=$dx dw=$dw"},
        {0, "M=1 O=2 V=2 K=1 x=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 w=1,2,3,4"},
        {1, "M=1 O=1 V=1 K=2 x=1,2,3,4 w=5,6,7,8 dy=2 -> dx=10,12,14,16 dw=2,4,6,8"},
    },
    .mistake = {
        {"shared", 0, shared, "This is a convolution: all places use the kernel of place 0, 0. Here each place "
         "has its own.", "这是卷积：所有位置都用位置 0, 0 的核。这里每个位置有自己的核。"},
        {"rows-columns", 0, turned, "Rows and columns of the kernels are exchanged: u goes with the row s p + u.",
         "核的行与列对调了：u 配第 s p + u 行。"},
        {"flipped-kernel", 0, flipped, "The kernels are flipped: x[s p + u] meets w[.., u].",
         "核翻转了：x[s p + u] 配的是 w[.., u]。"},
        {"no-maps", 0, no_maps, "All maps use the weights of m = 0.", "所有特征图都用了 m = 0 的权重。"},
        {"shared-backward", 1, back_shared, "The backward shares the kernel of place 0, 0; the forward does not.",
         "反向共用了位置 0, 0 的核；前向并没有共用。"},
        {"exchanged", 1, back_exchanged, "x and w are exchanged: dx gets dy times w, dw gets dy times x.",
         "x 与 w 用反了：dx 要乘 w，dw 要乘 x。"},
    },
    .names = "O=OH V=OW",
    .ranges = "M=1..3 O=1..3 V=2..4 K=1..3",
    .sizes = sizes,
};
#endif
