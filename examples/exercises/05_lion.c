/* 05_lion: open, 25 minutes, level 4, open

   Goal: an optimizer that dl.h does not have, from a description in words: Lion (2023). It was found by a
   program that tried many, and keeps one array only, where Adam keeps two.
   目标：一个 dl.h 里没有的优化器，只有文字描述：Lion（2023）。它是由程序试了许多种才找到的，只存一个数组，
   Adam 要存两个。

   Each weight has a memory m. First mix it with the gradient g: a share b1 of the memory, the rest of g.
   Only the sign of this mixture counts (+1, -1, or 0 for exactly 0): the weight goes a step lr against
   it. In the same step it also shrinks, by lr times decay times itself as it was. After that the memory
   takes up the gradient in the same manner as the mixture, but with a share of its own, b2.
   每个权重有一个记忆 m。先把它与梯度 g 混合：记忆占 b1，其余是 g。混合的结果只看符号（+1、-1；恰好是 0 就是
   0）：权重逆着它走一步 lr。同一步里权重还要缩小，缩小 lr 乘 decay 乘它走之前的值。在这之后，记忆也用同样
   的方式吸收梯度，只是用它自己的份额 b2。

   Shapes 形状: w[N], m[N] are changed 要更新; g[N] gradient 梯度; lr, b1, b2, decay single numbers
   都是一个数.

   By hand 手算: w = 1, m = 0.1, g = -2, lr = 0.1, b1 = 0.9, b2 = 0.99, decay = 0.5 give w = 1.05,
   m = 0.079.                                                                  docs: chapter 05 */
#include "exercise.h"

/* >>> the function   这个函数 */
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
}
/* <<< */
