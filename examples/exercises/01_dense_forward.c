/* 01_dense_forward: fill in, 5 minutes, level 1, required, fast track

   Goal: one layer of a network. Each output is a weighted sum of all inputs, and its bias.
   目标：网络的一层。每个输出是所有输入的加权和，再加上自己的偏置。

       y[i,j] = b[j] + sum over k of x[i,k] w[j,k]

   Shapes 形状: x[N,D] samples, one a row 样本，一行一个; w[M,D] weights 权重; b[M] biases 偏置;
   y[N,M] output 输出. Row after row in memory 一行接一行地存: x[i,k] is x[i * D + k].

   By hand 手算: x = (1, 2), w = (0.5, -0.25 | -0.5, 0.75 | 0.25, -0.5), b = (0.1, 0, 0.2) give
   y = (0.1, 1, -0.55).                                                        docs: chapter 01 */
#include "exercise.h"

void dense_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b, dl_int N,
                   dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            /* >>> three lines: begin with b[j], add the D products, store the sum
                   三行：从 b[j] 开始，加上 D 个乘积，把和存好 */

            /* <<< */
        }
}
