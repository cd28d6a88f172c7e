/* 01_softsign: open, 20 minutes, level 3, open

   Goal: an activation function that dl.h does not have: softsign, a cheap relative of tanh. Write it
   and its slope.
   目标：一个 dl.h 里没有的激活函数：softsign，tanh 的便宜亲戚。写出它和它的斜率。

       forward 前向:  y[i] = x[i] / (1 + a |x[i]|)
       backward 反向: dx[i] += dy[i] f'(x[i])               f' is for you to find  f' 由你来求

   Shapes 形状: x[N], y[N], dy[N], dx[N]; dx is added to 要加到原有的数上.
   A NaN goes through 要让 NaN 传下去.
   Values 数值: a = 1

   By hand 手算: x = (1, -3, 0) gives y = (0.5, -0.75, 0).                     docs: chapter 01 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
}
/* <<< */
