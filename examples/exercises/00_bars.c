/* 00_bars: derive, 15 minutes, level 2, harder

   Goal: be the training. Find the weights of a net that tells vertical bars from horizontal ones in
   3 x 3 pictures, which no line can (chapter 00, section 3).
   目标：你来当训练。找出一个网络的权重，让它在 3 x 3 的图里分清竖线与横线；直线做不到（第 00 章第 3 节）。

       h[j] = max(0, b1[j] + sum over k of x[k] w1[j,k])      y = b2 + sum over j of h[j] w2[j]

   Shapes 形状: w1[3,9], b1[3], w2[3], b2[1]; x[9] is row after row, 1 is ink 一行接一行，1 是墨.
   Wanted 要求: y above 0 for the three vertical bars, below 0 for the three horizontal ones
   三条竖线 y 大于 0，三条横线 y 小于 0.                                       docs: chapter 00 */
#include "exercise.h"

/* All numbers are 0 before.  调用之前全是 0。 */
void bars(dl_real *w1, dl_real *b1, dl_real *w2, dl_real *b2)
{
    /* >>> about six lines   大约六行 */

    /* <<< */
}
