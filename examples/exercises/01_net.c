/* 01_net: fill in, 15 minutes, level 2, required

   Goal: the 2-3-2 net of chapter 01, whole: two layers, ReLU in between, a sigmoid at the end.
   目标：第 01 章的 2-3-2 网络，整个算一遍：两层，中间 ReLU，最后 sigmoid。

       h[j] = max(0, b1[j] + sum over k of x[k] w1[j,k])
       y[m] = sigmoid(b2[m] + sum over j of h[j] w2[m,j]),      sigmoid(z) = 1 / (1 + e^-z)

   Shapes 形状: one sample 一个样本, x[D], w1[H,D], b1[H], h[H], w2[M,H], b2[M], y[M]; h and y are set
   h 与 y 都要写出.

   By hand 手算: x = (1, 2) with the weights of the chapter gives h = (0.1, 1, 0) and
   y = (0.5987, 0.5866).                                                       docs: chapter 01 */
#include "exercise.h"

void net(dl_real *y, dl_real *h, const dl_real *x, const dl_real *w1, const dl_real *b1,
         const dl_real *w2, const dl_real *b2, dl_int D, dl_int H, dl_int M)
{
    /* >>> two loops like that of 01_dense_forward   两个像 01_dense_forward 那样的循环 */

    /* <<< */
}
