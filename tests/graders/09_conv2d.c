/* 09_conv2d
@en 1
Three loops: over channels, over the kernel's rows, over its columns. Which row of the image lies under
row u of the kernel?
@zh 1
三重循环：通道、核的行、核的列。核的第 u 行，压在图像的第几行上？
@en 2
i = p * s + u - P and j = q * s + v - P may lie outside: then the product is 0, and you go on with the
next. What is the place of x[n,c,i,j] among [N,C,H,W]?
@zh 2
i = p * s + u - P 与 j = q * s + v - P 可能落在图像外：那时乘积是 0，跳过去。x[n,c,i,j] 在 [N,C,H,W] 里
排在第几个？
@en 3
Outside means i < 0, i >= H, j < 0 or j >= W: continue. Inside, x[n,c,i,j] is at
((n * C + c) * H + i) * W + j, and w[m,c,u,v] is found in the same manner among [M,C,K,K].
@zh 3
图像外就是 i < 0、i >= H、j < 0 或 j >= W：continue 跳过。图像内，x[n,c,i,j] 在
((n * C + c) * H + i) * W + j；w[m,c,u,v] 在 [M,C,K,K] 里，照样推出来。
@en after
Seven loops, and each weight is used at OH times OW places: few weights, many products. A mathematician
would flip w first; nets learn their w, so that nobody needs to.
To think about: how many of the products of a 3x3 kernel with P = 1 meet a zero at the border of 28x28?
@zh after
七重循环，每个权重在 OH 乘 OW 个位置上都用一次：权重少，乘法多。数学里的卷积要先把 w 翻过来；网络的 w
是学出来的，翻不翻都行。
想一想：28x28 的图，3x3 的核，P = 1，有多少次乘法乘的是边上补的零？
@train cnn
*/
#include "grader.h"

#ifndef CHILD
enum { FLIP = 1, NO_BIAS = 2, NO_STRIDE = 4, NO_PAD = 8, ONE_CHANNEL = 16, PLUS_PAD = 32, TURN = 64,
       ROW = 128, SIDES = 256, NO_C = 512, COLUMN = 1024, BOUNDS = 2048 };
static void conv(args *a, int how) {
    const dl_int K = I(K), H = I(H), W = I(W), C = I(C), s = how & NO_STRIDE ? 1 : I(S);
    const dl_int P = how & NO_PAD ? 0 : how & PLUS_PAD ? -I(P) : I(P);
    dl_real *y = R(y);
    for (dl_int n = 0; n < I(N); n++)
        for (dl_int m = 0; m < I(M); m++)
            for (dl_int p = 0; p < I(O); p++)
                for (dl_int q = 0; q < I(V); q++) {
                    double sum = how & NO_BIAS ? 0 : R(b)[m];
                    for (dl_int c = 0; c < (how & ONE_CHANNEL ? 1 : C); c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                const dl_int at = how & FLIP ? K * K - 1 - (u * K + v)
                                                : how & TURN ? v * K + u : u * K + v;
                                const dl_int in = how & SIDES ? i * H + j : i * W + j;
                                const dl_int top = how & BOUNDS ? W : H, side = how & BOUNDS ? H : W;
                                if (i < (how & ROW ? 1 : 0) || j < (how & COLUMN ? 1 : 0)) continue;
                                if (i >= top || j >= side || in >= H * W) continue;
                                sum += R(x)[(n * C + c) * H * W + in] *
                                       R(w)[(m * C + (how & NO_C ? 0 : c)) * K * K + at];
                            }
                    *y++ = sum;
                }
}
#define CONV(name, how) static void name(args *a) { conv(a, how); }
CONV(call_forward, 0)
CONV(flip, FLIP)
CONV(no_stride, NO_STRIDE)
CONV(no_pad, NO_PAD)
CONV(plus_pad, PLUS_PAD)
CONV(one_channel, ONE_CHANNEL)
CONV(turned, TURN)
CONV(no_bias, NO_BIAS)
CONV(edge, ROW | COLUMN)
CONV(no_row, ROW)
CONV(no_column, COLUMN)
CONV(bounds, BOUNDS)
CONV(sides, SIDES)
CONV(no_c, NO_C)
static void sizes(args *a) {
    a->size['O' - 'A'] = (I(H) + 2 * I(P) - I(K)) / I(S) + 1;
    a->size['V' - 'A'] = (I(W) + 2 * I(P) - I(K)) / I(S) + 1;
}
#else
static void call_forward(args *a) {
    conv2d_forward(R(y), R(x), R(w), R(b), I(N), I(C), I(H), I(W), I(M), I(K), I(S), I(P), I(O), I(V));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"conv2d_forward", "=y[N,M,O,V] x[N,C,H,W] w[M,C,K,K] b[M]", call_forward, 0},
};

#ifdef TRAIN
static void whole_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                          const dlk_conv2d_size *s) {
    dl_real *zero = (dl_real *)calloc((size_t)s->M, sizeof *zero);
    if (zero == NULL) exit(3);
    conv2d_forward(y, x, w, b ? b : zero, s->N, s->C, s->H, s->W, s->M, s->KH, s->stride_h, s->top, s->OH,
                   s->OW);
    free(zero);
}
#endif
TRAINS(conv2d_forward, whole_forward)

#ifndef CHILD
static void products(args *a, const arg *out, dl_int at, FILE *f) {
    const dl_int q = at % I(V), p = at / I(V) % I(O), m = at / I(V) / I(O) % I(M), n = at / I(V) / I(O) / I(M);
    int shown = 0;
    fprintf(f, "%s[%d,%d,%d,%d] = %.4g", out->name, (int)n, (int)m, (int)p, (int)q, (double)R(b)[m]);
    for (dl_int k = 0; k < I(C) * I(K) * I(K) && shown < 6; k++) {
        const dl_int c = k / (I(K) * I(K)), i = p * I(S) + k / I(K) % I(K) - I(P), j = q * I(S) + k % I(K) - I(P);
        if (i < 0 || i >= I(H) || j < 0 || j >= I(W)) continue;
        fprintf(f, " + x[%d,%d,%d,%d] (%.4g) * (%.4g)", (int)n, (int)c, (int)i, (int)j,
                (double)R(x)[((n * I(C) + c) * I(H) + i) * I(W) + j],
                (double)R(w)[m * I(C) * I(K) * I(K) + k]);
        shown++;
    }
    fprintf(f, shown == 6 ? " + ...\n" : "\n");
}
const grader the_grader = {
    .hand = {
        {0, "N=1 C=1 H=3 W=3 M=1 K=2 S=1 P=0 x=1,2,3,4,5,6,7,8,9 w=1,0,0,-1 b=0 -> y=-4,-4,-4,-4"},
        {0, "N=1 C=1 H=3 W=3 M=1 K=2 S=2 P=1 x=1,2,3,4,5,6,7,8,9 w=1,0,0,-1 b=0.5 "
            "-> y=-0.5,-2.5,-6.5,-3.5"},
        {0, "N=1 C=2 H=2 W=2 M=1 K=2 S=1 P=0 x=1,2,3,4,5,6,7,8 w=1,0,0,1,0,1,1,0 b=0 -> y=18"},
    },
    .mistake = {
        {"flipped-kernel", 0, flip, "The kernel is flipped: it runs from its last number to its first. Here "
         "x[.. + u] meets w[u].", "核翻转了：从最后一个数往前走。这里 x[.. + u] 配的是 w[u]。"},
        {"no-stride", 0, no_stride, "The stride is missing: the window of output p begins at row p * s - P.",
         "漏了步幅：输出 p 的窗口从第 p * s - P 行开始。"},
        {"no-padding", 0, no_pad, "The padding is missing: i = p * s + u - P, and j alike.",
         "漏了填充：i = p * s + u - P，j 也一样。"},
        {"plus-padding", 0, plus_pad, "The padding has the wrong sign: there are P zeros before row 0, so it "
         "is subtracted.", "填充的符号反了：第 0 行之前有 P 圈零，所以要减。"},
        {"one-channel", 0, one_channel, "Only channel 0 is seen: sum over all C channels.",
         "只看了通道 0：要对全部 C 个通道求和。"},
        {"rows-columns", 0, turned, "Rows and columns of the kernel are exchanged: u goes with i, v with j.",
         "核的行与列对调了：u 配 i，v 配 j。"},
        {"edge", 0, edge, "Row 0 and column 0 of the image are left out: 0 is inside, i >= 0 and j >= 0.",
         "图像的第 0 行和第 0 列漏掉了：0 也在图像里，i >= 0，j >= 0。"},
        {"edge", 0, no_row, "Row 0 of the image is left out: 0 is inside, i >= 0.",
         "图像的第 0 行漏掉了：0 也在图像里，i >= 0。"},
        {"edge", 0, no_column, "Column 0 of the image is left out: 0 is inside, j >= 0.",
         "图像的第 0 列漏掉了：0 也在图像里，j >= 0。"},
        {"bounds", 0, bounds, "H and W are exchanged where you ask what is outside: i goes with H, j with W.",
         "判断是否在图像外时 H 与 W 用反了：i 配 H，j 配 W。"},
        {"sides", 0, sides, "H and W are exchanged: a row of x has W numbers, so i is multiplied by W.",
         "H 与 W 用反了：x 的一行有 W 个数，所以 i 要乘 W。"},
        {"no-channel", 0, no_c, "c is missing in the place of w: each channel has a kernel of its own.",
         "w 的下标里漏了 c：每个通道有自己的核。"},
        {"no-bias", 0, no_bias, "The bias is missing: sum begins at b[m].", "漏了偏置：sum 从 b[m] 开始。"},
    },
    .names = "O=OH V=OW S=s",
    .ranges = "N=1..3 C=1..3 H=4..6 W=5..7 M=1..3 K=1..3 S=1..2 P=0..2",
    .sizes = sizes,
    .explain = products,
};
#endif
