/* 05_momentum: fill in, 10 minutes, level 1, required, fast track

   Goal: a ball with mass rolls down the loss. Its speed v keeps a part of what it was, and is pushed
   by the gradient; the weights move by the speed.
   目标：一个有质量的球沿着损失往下滚。速度 v 留住原来的一部分，再被梯度推一把；权重按速度移动。

       v <- mu v + lr g
       w <- w - v

   Shapes 形状: w[N] weights 权重 and v[N] speeds 速度 are changed 要更新; g[N] gradient 梯度;
   lr learning rate 学习率 and mu are single numbers 都是一个数.

   By hand 手算: w = 1, v = 0, g = 1, lr = 0.1, mu = 0.9 give v = 0.1, w = 0.9; once more with
   g = 0.9 再来一步: v = 0.18, w = 0.72.                                       docs: chapter 05 */
#include "exercise.h"

void momentum_step(dl_real *w, dl_real *v, const dl_real *g, dl_int N, dl_real lr, dl_real mu)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> two lines   两行 */

        /* <<< */
    }
}
