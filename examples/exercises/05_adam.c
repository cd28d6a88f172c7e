/* 05_adam: debug, 15 minutes, level 2, required

   Goal: Adam, as somebody wrote it. It trains, and so nobody noticed that its first steps are far too
   large, and that it goes wrong where gradients are very small. Find the two faults and mend them.
   目标：有人写的 Adam。它能训练，所以没人发现：开头的步子太大了，梯度很小的地方也不对。有两处毛病，
   找出来，修好。

       m <- b1 m + (1 - b1) g           m^ = m / (1 - b1^t)
       v <- b2 v + (1 - b2) g^2         v^ = v / (1 - b2^t)         w <- w - lr m^ / (sqrt(v^) + eps)

   Shapes 形状: w[N], m[N], v[N] are changed 要更新; g[N] gradient 梯度; t = 1, 2, ... the number of the
   step 第几步; lr, b1, b2, eps single numbers 都是一个数.

   By hand 手算: w = 1, m = v = 0, g = 2, lr = 0.1, b1 = 0.9, b2 = 0.999, eps = 0.00000001, t = 1 give
   m = 0.2, v = 0.004, w = 0.9.                                                docs: chapter 05 */
#include "exercise.h"

void adam_step(dl_real *w, dl_real *m, dl_real *v, const dl_real *g, dl_int N, dl_real lr,
               dl_real b1, dl_real b2, dl_real eps, dl_int t)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> two faults are here   这里有两处毛病 */
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        const dl_real m_hat = m[i] / (1 - (dl_real)pow(b1, (double)t));
        w[i] -= lr * m_hat / (dl_real)sqrt(v[i] + eps);
        /* <<< */
    }
}
