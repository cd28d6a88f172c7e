/* 10_channels
@en 1
How far apart are two neighbours of one row in y? And in x, where a pixel's channels stand between them?
@zh 1
y 里同一行相邻的两个数隔多远？x 里呢？那里两个像素之间还站着一个像素的各个通道。
@en 2
The place of an element [a,b,c,d] among [A,B,C,D] is ((a * B + b) * C + c) * D + d. Write it once for y
and once for x.
@zh 2
[A,B,C,D] 的元素 [a,b,c,d] 排在第 ((a * B + b) * C + c) * D + d 个。给 y 写一次，给 x 写一次。
@en 3
In [N,C,H,W] the place of n,c,i,j is ((n * C + c) * H + i) * W + j. Build the one in [N,H,W,C] in the same
manner: each step multiplies by the length of the next axis and adds its index.
@zh 3
在 [N,C,H,W] 里，n,c,i,j 排在 ((n * C + c) * H + i) * W + j。[N,H,W,C] 里照样推：每一步乘下一个轴的长度，再加它的下标。
@en after
Nothing complains when this is forgotten: the number of elements is right, and the net trains on stripes.
The same happens at the flatten: weights of a dense layer that were trained on [H,W,C] are in the wrong
order behind [C,H,W].
To think about: for MNIST it makes no difference at all. Why?
@zh after
忘了这一步，谁也不会抱怨：元素个数是对的，网络就对着条纹训练。展平时也一样：在 [H,W,C] 之后训练的全连接层，
权重的次序放到 [C,H,W] 之后就不对了。
想一想：对 MNIST，这一步做不做毫无区别。为什么？
*/
#include "grader.h"

#ifndef CHILD
/* the place in x of n, c, i, j: how 0 right, 1 just copied, 2 the other way round, 3 rows and columns */
static void order(args *a, int how) {
    const dl_int C = I(C), H = I(H), W = I(W);
    for (dl_int n = 0; n < I(N); n++)
        for (dl_int c = 0; c < C; c++)
            for (dl_int i = 0; i < H; i++)
                for (dl_int j = 0; j < W; j++) {
                    const dl_int first = ((n * C + c) * H + i) * W + j, last = ((n * H + i) * W + j) * C + c;
                    R(y)[how == 2 ? last : first] =
                        R(x)[how == 0 ? last : how == 3 ? ((n * W + j) * H + i) * C + c : first];
                }
}
static void call_first(args *a) { order(a, 0); }
static void copied(args *a) { order(a, 1); }
static void other_way(args *a) { order(a, 2); }
static void rows_columns(args *a) { order(a, 3); }
#else
static void call_first(args *a) { channels_first(R(y), R(x), I(N), I(C), I(H), I(W)); }
#endif
const entry entries[MOST_ENTRIES] = {{"channels_first", "=y[N,C,H,W] x[N,H,W,C]", call_first, 0}};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 C=3 H=1 W=2 x=1,2,3,4,5,6 -> y=1,4,2,5,3,6"},
        {0, "N=2 C=2 H=2 W=1 x=1,2,3,4,5,6,7,8 -> y=1,3,2,4,5,7,6,8"},
    },
    .mistake = {
        {"just-copied", 0, copied, "This is x in its old order: both sides have the same place.",
         "这还是 x 原来的次序：左右两边的位置一样。"},
        {"other-way", 0, other_way, "This is the other way round: it reads x as [N,C,H,W] and writes y as "
         "[N,H,W,C].", "方向反了：你把 x 当成 [N,C,H,W] 来读，把 y 写成了 [N,H,W,C]。"},
        {"rows-columns", 0, rows_columns, "The channels are right; rows and columns of x are exchanged: its "
         "place is ((n * H + i) * W + j) * C + c.",
         "通道对了；x 的行与列对调了：位置是 ((n * H + i) * W + j) * C + c。"},
    },
};
#endif
