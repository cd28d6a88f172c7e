/* 07_rmsprop: fill in, 10 minutes, level 1, required, fast track

   Goal: the optimizer that fit() used in this chapter. Each weight divides its gradient by the recent
   size of that gradient.
   目标：这一章的 fit() 用的优化器。每个权重把自己的梯度除以它最近的大小。

       a <- rho a + (1 - rho) g^2
       w <- w - lr g / sqrt(a + eps)

   Shapes 形状: w[N] weights 权重 and a[N] mean squares 平方的滑动平均 are changed 要更新; g[N] gradient
   梯度; lr, rho, eps single numbers 都是一个数.

   By hand 手算: w = 1, a = 0, g = 0.5, lr = 0.1, rho = 0.9, eps = 0 give a = 0.025, w = 0.68377; once
   more with the same g 同样的 g 再来一步: a = 0.0475, w = 0.45436.             docs: chapter 07 */
#include "exercise.h"

void rmsprop_step(dl_real *w, dl_real *a, const dl_real *g, dl_int N, dl_real lr, dl_real rho,
                  dl_real eps)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> two lines; sqrt() is the root   两行；开方用 sqrt() */

        /* <<< */
    }
}
