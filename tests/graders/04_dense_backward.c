/* 04_dense_backward
@en 1
Begin with the bias. b[j] went into y[i,j] of every sample, with the factor 1. So db[j] collects
d once for each sample.
@zh 1
先看偏置。b[j] 进了每个样本的 y[i,j]，因子是 1。所以每个样本都给 db[j] 添上一个 d。
@en 2
x[i,k] went into y[i,j] with the factor w[j,k]: dx[i,k] gets d times w[j,k]. What did w[j,k] get
multiplied by?
@zh 2
x[i,k] 进了 y[i,j]，因子是 w[j,k]：dx[i,k] 要添上 d 乘 w[j,k]。那么 w[j,k] 乘的是谁？
@en 3
db[j] += d; stands in front of a loop over k. In the loop there are two lines, one for dx[i * D + k] and one
for dw[j * D + k]: each adds d times the other one's partner in the product of the forward.
@zh 3
db[j] += d; 写在 k 的循环之前。循环里两行，一行给 dx[i * D + k]，一行给 dw[j * D + k]：各加上 d 乘前向里与它相乘的那个数。
@en after
Three loops give all derivatives at once: dx = dy w, dw = dy^T x, db = the sum of dy's rows. The
shapes fit together in one way only, which is a good way to remember them.
To think about: why += and not = ? What would go wrong in a net whose input is used twice?
@zh after
三重循环一次给出全部导数：dx = dy w，dw = dy^T x，db 是 dy 各行之和。形状只有一种对得上的办法，忘了公式就这样找回来。
想一想：为什么是 += 而不是 = ？如果同一个输入用了两次，用 = 会怎样？
@train mlp
*/
#include "grader.h"
REFERENCE(dense_backward, dlk_linear_backward)

static void call_backward(args *a) {
    dense_backward(R(dx), R(dw), R(db), R(dy), R(x), R(w), I(N), I(D), I(M));
}
#ifndef CHILD
static void forward(args *a) { dlk_linear_forward(R(y), R(x), R(w), R(b), I(N), I(D), I(M)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"dense_backward", "+dx[N,D] +dw[M,D] +db[M] dy[N,M] x[N,D] w[M,D]", call_backward, 2},
    {"-forward", "=y[N,M] x[N,D] w[M,D] b[M]", JUDGE(forward), 0},
};

#ifdef TRAIN                 /* dl.h passes NULL for what it does not want; the learner need not know */
static void whole_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                           const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int M) {
    dl_real *spare = (dl_real *)calloc((size_t)(N * D + M * D + M), sizeof *spare);
    if (spare == NULL) exit(3);
    dense_backward(dx ? dx : spare, dw ? dw : spare + N * D, db ? db : spare + N * D + M * D, dy, x, w,
                   N, D, M);
    free(spare);
}
#endif
TRAINS(linear_backward, whole_backward)

#ifndef CHILD
static void exchanged(args *a) {                   /* dx from x, dw from w */
    for (dl_int i = 0; i < I(N); i++)
        for (dl_int j = 0; j < I(M); j++)
            for (dl_int k = 0; k < I(D); k++) {
                R(dx)[i * I(D) + k] += R(dy)[i * I(M) + j] * R(x)[i * I(D) + k];
                R(dw)[j * I(D) + k] += R(dy)[i * I(M) + j] * R(w)[j * I(D) + k];
            }
}
static void bias_in_loop(args *a) {                /* db inside the loop over k: D times too large */
    for (dl_int i = 0; i < I(N); i++)
        for (dl_int j = 0; j < I(M); j++) R(db)[j] += R(dy)[i * I(M) + j] * (dl_real)I(D);
}
static void last_only(args *a) {                   /* = where += should be: the last one is left */
    for (dl_int i = 0; i < I(N); i++)
        for (dl_int j = 0; j < I(M); j++) {
            const dl_real d = R(dy)[i * I(M) + j];
            R(db)[j] = d;
            for (dl_int k = 0; k < I(D); k++) {
                R(dx)[i * I(D) + k] = d * R(w)[j * I(D) + k];
                R(dw)[j * I(D) + k] = d * R(x)[i * I(D) + k];
            }
        }
}
const grader the_grader = {
    .hand = {
        {0, "N=1 D=2 M=1 x=1,2 w=0.5,-0.25 dy=2 -> dx=1,-0.5 dw=2,4 db=2"},
        {0, "N=2 D=2 M=3 x=1,2,2,1 w=0.5,-0.25,-0.5,0.75,0.25,-0.5 dy=1,-1,2,0.5,2,1 "
            "-> dx=1.5,-2,-0.5,0.875 dw=2,2.5,3,0,4,5 db=1.5,1,3"},
    },
    .mistake = {
        {"last-only", 0, last_only, "Only the last of the sum's terms is left: += , not = .",
         "求和只剩下最后一项：要用 += ，不用 = 。"},
        {"exchanged", 0, exchanged, "x and w are exchanged: dx gets dy times w, dw gets dy times x.",
         "x 与 w 用反了：dx 要乘 w，dw 要乘 x。"},
        {"bias-in-loop", 0, bias_in_loop, "db is added inside the loop over k, so D times. It belongs "
         "outside.", "db 写在了 k 的循环里面，加了 D 次。它应当在循环外面。"},
    },
};
#endif
