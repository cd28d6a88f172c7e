/* 03_sgd_step: fill in, 5 minutes, level 1, required, fast track

   Goal: one step of gradient descent: all weights a little downhill.
   目标：梯度下降走一步：所有权重往下坡挪一点。

       w[i] = w[i] - lr g[i]

   Shapes 形状: w[N] weights, changed in place 权重，就地改动; g[N] their gradients 它们的梯度;
   lr the learning rate 学习率.

   By hand 手算: w = (1, 2), g = (4, -1), lr = 0.1 give w = (0.6, 2.1).        docs: chapter 03 */
#include "exercise.h"

void sgd_step(dl_real *w, const dl_real *g, dl_int N, double lr)
{
    /* >>> one line   一行 */

    /* <<< */
}
