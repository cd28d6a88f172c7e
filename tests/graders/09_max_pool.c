/* 09_max_pool
@en 1
What does the forward give for a window in which all numbers are negative? And what does the backward
give to a number that is the largest of two windows?
@zh 1
如果窗口里全是负数，前向给出什么？如果一个数在两个窗口里都最大，反向给它什么？
@en 2
A maximum begins with one of the numbers it is taken of, not with 0. A gradient is a sum over all places
to which the number went.
@zh 2
求最大值，要从其中的一个数开始，而不是从 0 开始。梯度是对这个数去过的所有地方求和。
@en 3
dl_real best = x[where]; and in the backward += in the place of = .
@zh 3
dl_real best = x[where]; 反向里把 = 换成 += 。
@en after
Both faults sleep: behind ReLU no number is below 0, and windows side by side share no number. Then
somebody puts a tanh in front, or a stride of 1, and the net learns worse, without any message.
To think about: in the middle of an image, with K = 3 and s = 1, in how many windows can one number win?
@zh after
两处毛病平时都睡着：ReLU 之后没有负数，窗口不重叠就没有共用的数。等有人把前面换成 tanh，或者把步幅改成 1，
网络就学得差一些，而且什么提示也没有。
想一想：K = 3、s = 1 时，图像中间的一个数最多能在几个窗口里取胜？
@train cnn
*/
#include "grader.h"

#ifndef CHILD
static void pool(args *a, bool zero, bool last, bool local) {
    for (dl_int c = 0; c < I(C); c++)
        for (dl_int k = 0; k < I(O) * I(V); k++) {
            const dl_int i0 = k / I(V) * I(S), j0 = k % I(V) * I(S), W = I(W);
            const dl_real *x = R(x) + c * I(H) * W;
            dl_int where = i0 * W + j0;
            double best = zero ? 0 : x[where];
            for (dl_int i = i0; i < i0 + I(K); i++)
                for (dl_int j = j0; j < j0 + I(K); j++)
                    if (x[i * W + j] > best || (last && x[i * W + j] == best)) best = x[where = i * W + j];
            R(y)[c * I(O) * I(V) + k] = best;
            L(at)[c * I(O) * I(V) + k] = (int32_t)(local ? (where / W - i0) * I(K) + where % W - j0 : where);
        }
}
static void call_forward(args *a) { pool(a, false, false, false); }
static void from_zero(args *a) { pool(a, true, false, false); }
static void last_wins(args *a) { pool(a, false, true, false); }
static void in_window(args *a) { pool(a, false, false, true); }
static void back(args *a, bool set, bool all_planes) {
    const dl_int n = I(O) * I(V);
    for (dl_int k = 0; k < I(C) * n; k++) {
        dl_real *dx = R(dx) + (all_planes ? k / n * I(H) * I(W) : 0) + L(at)[k];
        *dx = (set ? 0 : *dx) + R(dy)[k];
    }
}
static void call_backward(args *a) { back(a, false, true); }
static void set_last(args *a) { back(a, true, true); }
static void one_plane(args *a) { back(a, false, false); }
static void sizes(args *a) {
    a->size['O' - 'A'] = (I(H) - I(K)) / I(S) + 1;
    a->size['V' - 'A'] = (I(W) - I(K)) / I(S) + 1;
    a->size['J' - 'A'] = I(H) * I(W);
}
#else
static void call_forward(args *a) {
    max_pool_forward(R(y), L(at), R(x), I(C), I(H), I(W), I(K), I(S), I(O), I(V));
}
static void call_backward(args *a) {
    max_pool_backward(R(dx), R(dy), L(at), I(C), I(H), I(W), I(O), I(V));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"max_pool_forward", "=y[C,O,V] =at[C,O,V]#J x[C,H,W]", call_forward, 0},
    {"max_pool_backward", "+dx[C,H,W] dy[C,O,V] at[C,O,V]#J", call_backward, 1},
};

#ifdef TRAIN
static void whole_forward(dl_real *y, int32_t *at, const dl_real *x, const dlk_pool2d_size *s) {
    max_pool_forward(y, at, x, s->planes, s->H, s->W, s->KH, s->stride_h, s->OH, s->OW);
}
#endif
TRAINS(max_pool2d_forward, whole_forward)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "C=1 H=3 W=3 K=2 S=1 x=-3,-1,-2,-3,-1,-2,-3,-1,-2 -> y=-1,-1,-1,-1 at=1,1,4,4"},
        {1, "C=1 H=3 W=3 K=2 S=1 at=1,1,4,4 dy=1,2,3,4 -> dx=0,3,0,0,7,0,0,0,0"},
    },
    .mistake = {
        {"from-zero", 0, from_zero, "best begins at a number of your choice: where a whole window is below "
         "it, that one wins, and it is not there. Begin with a number of the window.",
         "best 的初值不能是随便一个数：整个窗口都比它小时，赢的是并不存在的它。应当从窗口里的一个数开始。"},
        {"last-wins", 0, last_wins, "y is right, at is not: of equal numbers the first is wanted, not the last.",
         "y 对了，at 不对：几个数相等时要取第一个，不是最后一个。"},
        {"in-window", 0, in_window, "at is counted in the window; it is wanted in the image, i W + j.",
         "at 数的是窗口里的位置；要的是图像里的位置，i W + j。"},
        {"set-not-added", 1, set_last, "A number that won in two windows keeps what the last one gave: "
         "gradients are added, += .", "在两个窗口里都赢的数，只留下了后一个窗口给的：梯度要加起来，用 += 。"},
        {"one-plane", 1, one_plane, "All gradients go to plane 0: dx must move on with c.",
         "梯度全进了第 0 个平面：dx 要跟着 c 往前走。"},
    },
    .names = "O=OH V=OW S=s J=-",
    .ranges = "C=1..3 H=3..6 W=4..7 K=1..3 S=1..2",
    .sizes = sizes,
};
#endif
