/* 10_channels
@en 1
How far apart are two neighbours of one row in y? And in x, where other axes may stand between them?
@zh 1
y 里同一行相邻的两个数隔多远？x 里呢？那里中间可能还站着别的轴。
@en 2
The place of an element [a,b,c,d] among [A,B,C,D] is ((a * B + b) * C + c) * D + d. Write it once for y
and once for x.
@zh 2
[A,B,C,D] 的元素 [a,b,c,d] 排在第 ((a * B + b) * C + c) * D + d 个。给 y 写一次，给 x 写一次。
@en 3
In [N,C,H,W] the place of n,c,i,j is ((n * C + c) * H + i) * W + j. Build the one in [$order] in the same
manner: each step multiplies by the length of the next axis and adds its index.
@zh 3
在 [N,C,H,W] 里，n,c,i,j 排在 ((n * C + c) * H + i) * W + j。[$order] 里照样推：每一步乘下一个轴的长度，再加它的下标。
@en after
Nothing complains when this is forgotten: the number of elements is right, and the net trains on stripes.
The same happens at the flatten: weights of a dense layer that were trained on [H,W,C] are in the wrong
order behind [C,H,W].
To think about: for MNIST it makes no difference at all. Why?
@zh after
忘了这一步，谁也不会抱怨：元素个数是对的，网络就对着条纹训练。展平时也一样：在 [H,W,C] 之后训练的全连接层，
权重的次序放到 [C,H,W] 之后就不对了。
想一想：对 MNIST，这一步做不做毫无区别。为什么？
@variants
order | y[n,c,i,j] -> at | y
N,H,W,C | x[n,i,j,c] -> ((n * H + i) * W + j) * C + c | (1, 3, 5, 7, 2, 4, 6, 8)
N,W,H,C | x[n,j,i,c] -> ((n * W + j) * H + i) * C + c | (1, 5, 3, 7, 2, 6, 4, 8)
N,H,C,W | x[n,i,c,j] -> ((n * H + i) * C + c) * W + j | (1, 2, 5, 6, 3, 4, 7, 8)
N,W,C,H | x[n,j,c,i] -> ((n * W + j) * C + c) * H + i | (1, 5, 2, 6, 3, 7, 4, 8)
N,C,W,H | x[n,c,j,i] -> ((n * C + c) * W + j) * H + i | (1, 3, 2, 4, 5, 7, 6, 8)
H,W,N,C | x[i,j,n,c] -> ((i * W + j) * N + n) * C + c | (1, 3, 5, 7, 2, 4, 6, 8)
*/
#include "grader.h"

#ifndef CHILD
/* the place in x of n, c, i, j; turned: rows and columns exchanged */
static dl_int place(args *a, dl_int n, dl_int c, dl_int i, dl_int j, bool turned) {
    dl_int at = 0;
    for (const char *axis = variant_cell("order"); *axis; axis++) {
        const char which = turned && *axis == 'H' ? 'W' : turned && *axis == 'W' ? 'H' : *axis;
        if (which == ',') continue;
        at = at * a->size[which - 'A'] + (which == 'N' ? n : which == 'C' ? c : which == 'H' ? i : j);
    }
    return at;
}
/* how 0 right, 1 just copied, 2 the other way round, 3 rows and columns */
static void order(args *a, int how) {
    const dl_int C = I(C), H = I(H), W = I(W);
    for (dl_int n = 0; n < I(N); n++)
        for (dl_int c = 0; c < C; c++)
            for (dl_int i = 0; i < H; i++)
                for (dl_int j = 0; j < W; j++) {
                    const dl_int first = ((n * C + c) * H + i) * W + j, last = place(a, n, c, i, j, false);
                    R(y)[how == 2 ? last : first] =
                        R(x)[how == 0 ? last : how == 3 ? place(a, n, c, i, j, true) : first];
                }
}
static void call_first(args *a) { order(a, 0); }
static void copied(args *a) { order(a, 1); }
static void other_way(args *a) { order(a, 2); }
static void rows_columns(args *a) { order(a, 3); }
#else
static void call_first(args *a) { channels_first(R(y), R(x), I(N), I(C), I(H), I(W)); }
#endif
const entry entries[MOST_ENTRIES] = {{"channels_first", "=y[N,C,H,W] x[$order]", call_first, 0}};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 C=2 H=2 W=2 x=1,2,3,4,5,6,7,8 -> y=$y"},
        {0, "N=2 C=2 H=1 W=2 x=1,2,3,4,5,6,7,8"},
    },
    .mistake = {
        {"just-copied", 0, copied, "This is x in its old order: both sides have the same place.",
         "这还是 x 原来的次序：左右两边的位置一样。"},
        {"other-way", 0, other_way, "This is the other way round: it reads x as [N,C,H,W] and writes y in "
         "the order of x.", "方向反了：你把 x 当成 [N,C,H,W] 来读，却按 x 的次序写了 y。"},
        {"rows-columns", 0, rows_columns, "The channels are right; rows and columns of x are exchanged: "
         "i goes with H, j with W.", "通道对了；x 的行与列对调了：i 配 H，j 配 W。"},
    },
};
#endif
