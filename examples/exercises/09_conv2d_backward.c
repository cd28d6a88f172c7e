/* 09_conv2d_backward: derive, 25 minutes, level 3, harder

   Goal: the way back through a convolution. Seven loops made the output; the same seven loops bring the
   gradient home.
   目标：卷积的反向。输出由七层循环算出；梯度也沿着同样的七层循环回去。

       forward 前向:  y[n,m,p,q] = b[m] + sum over c, u, v of x[n,c,i,j] w[m,c,u,v]
                      i = p s + u - P,   j = q s + v - P;     x = 0 outside of 图像之外 x = 0
       backward 反向: dx[n,c,i,j] += ...   dw[m,c,u,v] += ...   db[m] += ...   (derive them 由你推导)

   Shapes 形状: dx[N,C,H,W], dw[M,C,K,K], db[M] are added to 要加到原有的数上; dy[N,M,OH,OW], x[N,C,H,W],
   w[M,C,K,K] given 已知; s the stride 步幅; P the padding 填充的圈数.

   By hand 手算: x = 1..9 (3x3), w = (1, 0; 0, -1), dy = (1, 2; 3, 4), s = 1, P = 0 give db = 10,
   dw = (37, 47; 67, 77), dx = (1, 2, 0; 3, 3, -2; 0, -3, -4).                 docs: chapter 09 */
#include "exercise.h"

void conv2d_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy, const dl_real *x,
                     const dl_real *w, dl_int N, dl_int C, dl_int H, dl_int W, dl_int M, dl_int K,
                     dl_int s, dl_int P, dl_int OH, dl_int OW)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int m = 0; m < M; m++)
            for (dl_int p = 0; p < OH; p++)
                for (dl_int q = 0; q < OW; q++) {
                    const dl_real g = dy[((n * M + m) * OH + p) * OW + q];
                    /* >>> about ten lines   大约十行 */

                    /* <<< */
                }
}
