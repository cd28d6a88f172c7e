/* 09_conv2d: fill in, 15 minutes, level 2, required, fast track

   Goal: a convolution, of one place. A kernel lies on the image; multiply, and sum up. What lies outside
   of the image is 0.
   目标：卷积，算一个位置。卷积核盖在图像上：逐个相乘，加起来。图像之外都算 0。

       y[n,m,p,q] = b[m] + sum over c, u, v of x[n,c,i,j] w[m,c,u,v]
       i = p s + u - P,   j = q s + v - P;       x = 0 outside of 图像之外 x = 0

   Shapes 形状: x[N,C,H,W], w[M,C,K,K], b[M]; y[N,M,OH,OW] is set 要算出; s the stride 步幅; P rows of zeros
   all around 四周各补 P 圈零. c runs over C, u and v over K   c 走 C 步，u、v 各走 K 步.

   By hand 手算: x = 1..9 (3x3), w = (1, 0; 0, -1), b = 0, s = 1, P = 0 give y = (-4, -4; -4, -4).
                                                                               docs: chapter 09 */
#include "exercise.h"

void conv2d_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b, dl_int N,
                    dl_int C, dl_int H, dl_int W, dl_int M, dl_int K, dl_int s, dl_int P, dl_int OH,
                    dl_int OW)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int m = 0; m < M; m++)
            for (dl_int p = 0; p < OH; p++)
                for (dl_int q = 0; q < OW; q++) {
                    dl_real sum = b[m];
                    /* >>> about eight lines   大约八行 */

                    /* <<< */
                    y[((n * M + m) * OH + p) * OW + q] = sum;
                }
}
