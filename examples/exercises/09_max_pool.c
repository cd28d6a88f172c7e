/* 09_max_pool: debug, 15 minutes, level 2, required

   Goal: max-pooling and its way back, as somebody wrote them. After ReLU, with windows side by side, all
   looked right. There is a fault in each function: find them and mend them.
   目标：有人写的最大池化和它的反向。接在 ReLU 后面、窗口不重叠时，看上去全对。两个函数里各有一处毛病，
   找出来，修好。

       y[c,p,q] = max over u, v of x[c, p s + u, q s + v],  u and v from 0 to K - 1   u、v 从 0 到 K - 1
       at[c,p,q] = i W + j: where it was, the first of equal ones   最大值在哪里，相等时取第一个
       dx[c, at[c,p,q]] += dy[c,p,q]

   Shapes 形状: x[C,H,W]; y[C,OH,OW] and at[C,OH,OW] are set 要算出; dx[C,H,W] is added to 要加到原有的数上;
   windows may overlap 窗口可以重叠.

   By hand 手算: x = (-3, -1, -2) (1x3 would do; here 3x3, its three rows alike 三行都是它), K = 2, s = 1
   give y = (-1, -1; -1, -1), at = (1, 1; 4, 4); dy = (1, 2; 3, 4) gives dx[0,1] = 3, dx[1,1] = 7.
                                                                               docs: chapter 09 */
#include "exercise.h"

/* >>> two faults are here   这里有两处毛病 */
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = p * s * W + q * s;
                dl_real best = 0;
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] > best) {
                            best = x[i * W + j];
                            where = i * W + j;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, dx += H * W)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] = dy[c * OH * OW + k];
}
/* <<< */
