/* 02_bce_backward: derive, 20 minutes, level 3, harder

   Goal: yes or no. The loss of a score z with target t in [0,1] is that of y = sigmoid(z); find its
   derivative by the score, and see how much of it cancels.
   目标：是或不是。得分 z、目标 t（在 0 与 1 之间）的损失就是 y = sigmoid(z) 的损失；求它对得分的导数，看有多少会约掉。

       loss = 1/N  sum over i of ( -t[i] log y[i] - (1 - t[i]) log(1 - y[i]) ),   y = 1 / (1 + e^-z)
       dz[i] += d loss / d z[i]

   Shapes 形状: z[N], t[N]; dz[N] is added to 要加到原有的数上. z may be 1000 or -1000.

   By hand 手算: N = 1, z = 0, t = 1 gives dz = -0.5.                          docs: chapter 02 */
#include "exercise.h"

void bce_backward(dl_real *dz, const dl_real *z, const dl_real *t, dl_int N)
{
    /* >>> about three lines   大约三行 */

    /* <<< */
}
