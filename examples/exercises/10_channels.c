/* 10_channels: fill in, 10 minutes, level 1, required, fast track

   Goal: images of Keras have their channels last, those of dl.h and PyTorch first, others are stored in other
   orders still. Same numbers, another order: put them right.
   目标：Keras 的图像把通道放在最后，dl.h 与 PyTorch 放在前面，还有别的存法。数一样，次序不同：把它们摆对。

       y[n,c,i,j] = x[n,i,j,c]

   Shapes 形状: x given 已知; y[N,C,H,W] is set 要算出. In both, the last index moves fastest
   两边都是最后一个下标走得最快.
   Values 数值: the axes of x  x 的轴: order = N,H,W,C

   By hand 手算: an image of 2x2 pixels with two channels 一张 2x2 像素、两个通道的图: x = 1..8 gives
   y = (1, 3, 5, 7, 2, 4, 6, 8).                                               docs: chapter 10 */
#include "exercise.h"

void channels_first(dl_real *y, const dl_real *x, dl_int N, dl_int C, dl_int H, dl_int W)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int c = 0; c < C; c++)
            for (dl_int i = 0; i < H; i++)
                for (dl_int j = 0; j < W; j++) {
                    /* >>> one line   一行 */

                    /* <<< */
                }
}
