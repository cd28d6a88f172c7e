/* 03_stale: debug, 15 minutes, level 2, harder

   Goal: fit a line y = w x + b by one step of gradient descent on the mean squared error. The loss
   falls, but not as it should: two faults are in it. Find them.
   目标：用梯度下降走一步，把直线 y = w x + b 拟合得更好，损失是均方误差。损失在降，却降得不对：里面有两处错。找出来。

       L = 1/N  sum over i of (w x[i] + b - t[i])^2
       w = w - lr dL/dw,   b = b - lr dL/db,      both gradients at the w and b before the step
                                                  两个梯度都取这一步之前的 w 与 b

   Shapes 形状: x[N], t[N]; w[1], b[1] are changed 要改动.

   By hand 手算: x = (1, 2), t = (3, 5), w = b = 0, lr = 0.1: dL/dw = -13, dL/db = -8, so w = 1.3,
   b = 0.8.                                                                    docs: chapter 03 */
#include "exercise.h"

void fit_step(dl_real *w, dl_real *b, const dl_real *x, const dl_real *t, dl_int N, double lr)
{
    /* >>> two faults are here   这里有两处错 */
    dl_real dw = 0, db = 0;
    for (dl_int i = 0; i < N; i++) dw += 2 * (w[0] * x[i] + b[0] - t[i]) * x[i];
    w[0] -= (dl_real)lr * dw;
    for (dl_int i = 0; i < N; i++) db += 2 * (w[0] * x[i] + b[0] - t[i]);
    b[0] -= (dl_real)lr * db;
    /* <<< */
}
