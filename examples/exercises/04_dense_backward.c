/* 04_dense_backward: derive, 20 minutes, level 2, required, fast track

   Goal: the way back through a layer. Given how much the loss grows with each output (dy), find how
   much it grows with each input, weight and bias.
   目标：一层的反向。已知损失对每个输出的导数 dy，求它对每个输入、每个权重、每个偏置的导数。

       forward 前向:  y[i,j] = b[j] + sum over k of x[i,k] w[j,k]
       backward 反向: dx[i,k] += ...   dw[j,k] += ...   db[j] += ...   (derive them 由你推导)

   Shapes 形状: dx[N,D], dw[M,D], db[M] are added to 要加到原有的数上; dy[N,M], x[N,D], w[M,D] are
   given 已知. For each product of the forward ask: what went where, and with what factor?
   前向的每个乘积都问一句：谁去了哪里，乘了多少？

   By hand 手算: x = (1, 2), w = (0.5, -0.25), dy = (2) give dx = (1, -0.5), dw = (2, 4), db = (2).
                                                                               docs: chapter 04 */
#include "exercise.h"

void dense_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy, const dl_real *x,
                    const dl_real *w, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            const dl_real d = dy[i * M + j];
            /* >>> about four lines   大约四行 */

            /* <<< */
        }
}
