/* 03_clipped_step: open, 20 minutes, level 2, open

   Goal: a step that never leaves the valley: if the gradient is longer than allowed, it is shortened
   to that length, its direction kept. dl.h has the parts, not this step.
   目标：永远不会飞出山谷的一步：梯度若比允许的长，就缩到那个长度，方向不变。dl.h 里有零件，没有这一步。

       length = sqrt(sum over i of g[i]^2)
       w[i] = w[i] - lr s g[i],      s = most / length if length > most, else 1

   Shapes 形状: w[N] is changed 要改动; g[N]; lr and most are numbers above 0 大于 0 的数.
   The gradients may be as large as 10^30: their squares are no floats. In that case, too, the step
   must be right. 梯度可以大到 10^30，平方之后 float 装不下；那时这一步也要对.

   By hand 手算: w = (0, 0), g = (3, 4), lr = 1, most = 1: length 5, w = (-0.6, -0.8).
                                                                               docs: chapter 03 */
#include "exercise.h"

void clipped_step(dl_real *w, const dl_real *g, dl_int N, double lr, double most)
{
    /* >>> about five lines   大约五行 */

    /* <<< */
}
