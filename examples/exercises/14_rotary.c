/* 14_rotary: open, 25 minutes, level 4, open

   Goal: positions in a way that dl.h does not have. Rotary positions (2021) turn each pair of numbers of a
   query or a key by an angle that grows with its place: then their product depends on the distance alone.
   Write the turn, and derive its way back.
   目标：一种 dl.h 里没有的位置表示。旋转位置（rotary，2021）把查询或键的每一对数转一个角，越往后转得越多：于是两者的
   乘积只与距离有关。写出这个旋转，推导它的反向。

       angle 角 = t w[i];   forward 前向:  y[t,2i]   = x[t,2i] cos - x[t,2i+1] sin
                                           y[t,2i+1] = x[t,2i] sin + x[t,2i+1] cos
       backward 反向:  dx[t,2i] += ...,  dx[t,2i+1] += ...      (derive them 由你推导)

   Shapes 形状: x[T,2K], w[K] given 已知; y[T,2K] is set 要算出; dy[T,2K] given 已知; dx[T,2K] is added to
   要加到原有的数上; t = 0 .. T-1, i = 0 .. K-1.

   By hand 手算: w = pi / 2 = 1.570796, x = (1, 2; 1, 2) give y = (1, 2; -2, 1); dy = (1, 2; 1, 2) gives
   dx = (1, 2; 2, -1).                                                         docs: chapter 14 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
}
/* <<< */
