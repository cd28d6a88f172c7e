/* 00_nearest
@en 1
For each new picture go through all known ones, and remember the smallest distance so far.
@zh 1
对每张新图，走过所有已知的图，记住目前最小的距离。
@en 2
The smallest distance begins with that of m = 0, as there is no number that is surely larger.
@zh 2
最小距离从 m = 0 的那个开始，因为没有一个数保证比它大。
@en 3
if (m == 0 || d < least) { least = d; label[i] = known_label[m]; }
@zh 3
算出 d 之后：if (m == 0 || d < least) { least = d; label[i] = known_label[m]; }
@en after
On MNIST this reads about 97 of 100 digits, better than the line and not far from the net, but it has
to keep all 47 million pixels and to compare with each of 60000 pictures. That is learning by heart.
To think about: the training accuracy of this classifier is 100 %. What does that tell you?
@zh after
在 MNIST 上它能认对大约 97%，比直线好，离网络不远；可是它要留着全部 4700 万个像素，每次与 60000 张图比较。这就是死记硬背。
想一想：这个分类器的训练准确率是 100%。这说明了什么？
*/
#include "grader.h"

#ifndef CHILD
static void search(int32_t *label, const dl_real *x, const dl_real *known, const int32_t *known_label,
                   dl_int N, dl_int D, dl_int M, bool farthest, bool index, bool squared) {
    for (dl_int i = 0; i < N; i++) {
        dl_real best = 0;
        for (dl_int m = 0; m < M; m++) {
            dl_real d = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real q = x[i * D + k] - known[m * D + k];
                d += squared ? q * q : q;
            }
            if (m > 0 && (farthest ? d <= best : d >= best)) continue;
            best = d;
            label[i] = index ? (int32_t)m : known_label[m];
        }
    }
}
static void nearest(int32_t *label, const dl_real *x, const dl_real *known, const int32_t *known_label,
                    dl_int N, dl_int D, dl_int M) {
    search(label, x, known, known_label, N, D, M, false, false, true);
}
#endif
static void call_nearest(args *a) {
    nearest(L(label), R(x), R(known), L(known_label), I(N), I(D), I(M));
}
const entry entries[MOST_ENTRIES] = {
    {"nearest", "=label[N]#C x[N,D] known[M,D] known_label[M]#C", call_nearest, 0},
};

#ifndef CHILD
static void is_farthest(args *a) {
    search(L(label), R(x), R(known), L(known_label), I(N), I(D), I(M), true, false, true);
}
static void is_index(args *a) {
    search(L(label), R(x), R(known), L(known_label), I(N), I(D), I(M), false, true, true);
}
static void not_squared(args *a) {
    search(L(label), R(x), R(known), L(known_label), I(N), I(D), I(M), false, false, false);
}
const grader the_grader = {
    .hand = {{0, "N=1 D=2 M=2 C=10 x=3,1 known=0,0,4,0 known_label=7,3 -> label=3"}},
    .names = "C=-",
    .ranges = "C=40..60",
    .mistake = {
        {"index", 0, is_index, "That is the number of the nearest picture; its label is "
         "known_label[m].", "这是最近那张图的编号；它的标签是 known_label[m]。"},
        {"farthest", 0, is_farthest, "That is the label of the farthest picture.",
         "这是最远那张图的标签。"},
        {"not-squared", 0, not_squared, "The differences are not squared: negative ones take away "
         "from the distance.", "差没有平方：负的差会把距离减小。"},
    },
};
#endif
