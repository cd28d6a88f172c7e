/* 01_dense_forward
@en 1
Start a sum with b[j]. Then one loop over k from 0 to D - 1 adds a product each time.
@zh 1
先让一个和等于 b[j]，再用一个循环让 k 从 0 走到 D - 1，每次加一个乘积。
@en 2
The product is x[i,k] times w[j,k]. In memory these are x[i * D + k] and w[j * D + k]: both arrays
have rows of D numbers.
@zh 2
乘积是 x[i,k] 乘 w[j,k]。在内存里它们是 x[i * D + k] 与 w[j * D + k]：两个数组的每一行都是 D 个数。
@en 3
The sum goes to y[i * M + j], since the rows of y have M numbers.
@zh 3
和要存到 y[i * M + j]，因为 y 的每一行是 M 个数。
@en after
This is dlk_linear_forward of dl.h, number for number. All the speed of a real library comes from
doing these same N x D x M products in a better order.
To think about: exchange the loops over i and j. Does the result change? Does the speed?
@zh after
这就是 dl.h 的 dlk_linear_forward，一个数也不差。真正的库再快，做的也是这 N x D x M 次乘法，只是次序更好。
想一想：把 i 和 j 的两个循环对调，结果变不变？速度呢？
@train mlp
*/
#include "grader.h"
REFERENCE(dense_forward, dlk_linear_forward)

static void call_forward(args *a) {
    dense_forward(R(y), R(x), R(w), R(b), I(N), I(D), I(M));
}
const entry entries[MOST_ENTRIES] = {
    {"dense_forward", "=y[N,M] x[N,D] w[M,D] b[M]", call_forward, 0},
};

TRAINS(linear_forward, dense_forward)

#ifndef CHILD
static void no_bias(args *a) { dlk_linear_forward(R(y), R(x), R(w), NULL, I(N), I(D), I(M)); }
static void w_transposed(args *a) {                 /* w[k * M + j]: as if w were [D,M] */
    dlk_matmul_forward(R(y), R(x), R(w), I(N), I(D), I(M));
    for (dl_int i = 0; i < I(N) * I(M); i++) R(y)[i] += R(b)[i % I(M)];
}
static void last_product(args *a) {                 /* = instead of += */
    for (dl_int i = 0; i < I(N); i++)
        for (dl_int j = 0; j < I(M); j++)
            R(y)[i * I(M) + j] = R(x)[(i + 1) * I(D) - 1] * R(w)[(j + 1) * I(D) - 1];
}

/* "y[0,1] = 0 + 1*(-0.5) + 2*0.75" */
static void products(args *a, const arg *y, dl_int at, FILE *f) {
    const dl_int D = I(D), M = I(M), i = at / M, j = at % M;
    (void)y;
    fprintf(f, "y[%d,%d] = %.4g", (int)i, (int)j, (double)R(b)[j]);
    for (dl_int k = 0; k < D && k < 6; k++)
        fprintf(f, " + (%.4g)*(%.4g)", (double)R(x)[i * D + k], (double)R(w)[j * D + k]);
    fprintf(f, D > 6 ? " + ...\n" : "\n");
}

const grader the_grader = {
    .hand = {
        {0, "N=1 D=2 M=3 x=1,2 w=0.5,-0.25,-0.5,0.75,0.25,-0.5 b=0.1,0,0.2 -> y=0.1,1,-0.55"},
        {0, "N=2 D=2 M=3 x=1,2,2,1 w=0.5,-0.25,-0.5,0.75,0.25,-0.5 b=0.1,0,0.2 "
            "-> y=0.1,1,-0.55,0.85,-0.25,0.2"},
    },
    .mistake = {
        {"no-bias", 0, no_bias, "The bias is missing: the sum begins with b[j].",
         "漏了偏置：和要从 b[j] 开始。"},
        {"w-transposed", 0, w_transposed, "w is read as if it had D rows of M. It has M rows of D: "
         "w[j * D + k].", "你把 w 当成了 D 行、每行 M 个数。它是 M 行、每行 D 个数：w[j * D + k]。"},
        {"last-product", 0, last_product, "Only the last product is left: add with += .",
         "只剩下最后一个乘积：要用 += 累加。"},
    },
    .explain = products,
    .nan = true,
};
#endif
