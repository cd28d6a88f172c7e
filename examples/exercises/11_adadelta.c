/* 11_adadelta: fill in, 15 minutes, level 2, required, fast track

   Goal: a step of Adadelta, which needs no learning rate: the size of a step comes from the sizes of the
   steps before it.
   目标：Adadelta 的一步。它不需要学习率：步子多大，由以前的步子多大来定。

       a <- rho a + (1 - rho) g^2          d = g sqrt(u + eps) / sqrt(a + eps)
       u <- rho u + (1 - rho) d^2          w <- w - lr d

   Shapes 形状: w[N], a[N], u[N] are changed 要更新; g[N] the gradient 梯度; lr, rho, eps single numbers
   都是一个数. d takes the new a and the old u   d 用新的 a、旧的 u.

   By hand 手算: w = a = u = 0, g = 1, lr = 1, rho = 0.95, eps = 0.0000001 give a = 0.05, u = 0.0000001,
   w = -0.001414.                                                              docs: chapter 11 */
#include "exercise.h"

void adadelta_step(dl_real *w, dl_real *a, dl_real *u, const dl_real *g, dl_int N, dl_real lr,
                   dl_real rho, dl_real eps)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> four lines   四行 */

        /* <<< */
    }
}
