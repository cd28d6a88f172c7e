/* 17_fgsm: fill in, 10 minutes, level 1, required, fast track

   Goal: fool a net. Every pixel goes a little to where the loss grows, all by the same amount.
   目标：骗过网络。每个像素都朝损失变大的方向挪一点，挪得一样多。

       x'[i] = x[i] + eps sign(g[i]),  put back between 0 and 1 where it left  越界的放回 0 到 1 之间
       sign(0) = 0

   Shapes 形状: x[N] the pixels, from 0 to 1 像素; g[N] the loss's gradient by them 损失对像素的梯度; bad[N]
   is set 要算出; eps a single number 一个数.

   By hand 手算: x = (0.5, 0.5, 0.95, 0.05), g = (3, 0, 0.001, -2), eps = 0.1 give (0.6, 0.5, 1, 0).
                                                                               docs: chapter 17 */
#include "exercise.h"

void fgsm(dl_real *bad, const dl_real *x, const dl_real *g, dl_int N, dl_real eps)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> about three lines   大约三行 */

        /* <<< */
    }
}
