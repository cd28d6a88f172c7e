/* 01_xor: derive, 15 minutes, level 2, harder

   Goal: exclusive or. Chapter 01 proves that one layer cannot do it; find the nine numbers with which
   a 2-2-1 net can.
   目标：异或。第 01 章证明了一层做不到；找出九个数，让 2-2-1 网络做到。

       h[j] = max(0, b1[j] + sum over k of x[k] w1[j,k])      y = b2 + sum over j of h[j] w2[j]

   Shapes 形状: w1[2,2], b1[2], w2[2], b2[1].
   Wanted 要求: for x = (0,0), (0,1), (1,0), (1,1) exactly y = 0, 1, 1, 0 正好得到 0, 1, 1, 0.
                                                                               docs: chapter 01 */
#include "exercise.h"

/* All numbers are 0 before.  调用之前全是 0。 */
void xor_net(dl_real *w1, dl_real *b1, dl_real *w2, dl_real *b2)
{
    /* >>> the weights that are not 0   不是 0 的那些权重 */

    /* <<< */
}
