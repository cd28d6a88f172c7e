/* 02_log_cosh: open, 30 minutes, level 3, open

   Goal: a loss that dl.h does not have: log-cosh. Near 0 it is a squared error, far away an absolute
   one, and it is smooth everywhere. Write it and its derivative.
   目标：一个 dl.h 里没有的损失：log-cosh。在 0 附近像平方误差，离得远像绝对误差，处处光滑。写出它和它的导数。

       loss = 1/N  sum over i of (1/a) log(cosh(a (x[i] - t[i])))
       dx[i] += d loss / d x[i]

   Shapes 形状: x[N], t[N]; loss[1] is set 要写出; dx[N] is added to 要加到原有的数上.
   x - t may be 1000 or -1000: cosh of it is not a number that a computer has.
   x - t 可以是 1000 或 -1000：它的 cosh 计算机存不下.
   Values 数值: a = 1

   By hand 手算: N = 1, x = 1, t = 0: loss = 0.4338, dx = 0.7616. x = 1000 gives 得 loss = 999.3069.
                                                                               docs: chapter 02 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
}
/* <<< */
