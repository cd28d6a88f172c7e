/* 06_tape: fill in, 20 minutes, level 3, required

   Goal: automatic differentiation. A tape records what was computed, line by line; going through it
   backwards gives the derivative of its last line by every line.
   目标：自动微分。带子一行一行记下算了什么；倒着走一遍，就得到最后一行对每一行的导数。

   Lines 0 to M - 1 are the inputs. Line M + k, for k = 0 to K - 1, is made of two earlier lines p and q:
   第 0 到 M - 1 行是输入。第 M + k 行（k = 0 到 K - 1）由前面的两行 p 与 q 得来：

       p = M + k - 1 - left[k],    q = M + k - 1 - right[k]    (0: the line just before 紧挨着的上一行)
       kind[k] = 0:  v[M + k] = v[p] + v[q]
       kind[k] = 1:  v[M + k] = v[p] v[q]

   Shapes 形状: v[M+K] values 值; kind[K], left[K], right[K]; g[M+K] is set: the derivative of the last
   line by each line 最后一行对每一行的导数.

   By hand 手算: L = w w + w at w = 3: the tape is 3, 9, 12; g = (7, 1, 1).    docs: chapter 06 */
#include "exercise.h"

/* The forward is there already.   前向已经写好。 */
void tape_forward(dl_real *v, const dl_real *x, const int32_t *kind, const int32_t *left,
                  const int32_t *right, dl_int M, dl_int K)
{
    for (dl_int i = 0; i < M; i++) v[i] = x[i];
    for (dl_int k = 0; k < K; k++) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        v[M + k] = kind[k] == 0 ? v[p] + v[q] : v[p] * v[q];
    }
}

void tape_backward(dl_real *g, const dl_real *v, const int32_t *kind, const int32_t *left,
                   const int32_t *right, dl_int M, dl_int K)
{
    for (dl_int i = 0; i < M + K; i++) g[i] = 0;
    g[M + K - 1] = 1;
    /* >>> about ten lines: all operations, each sends its derivative to its two lines
           大约十行：走过所有运算，每个运算把自己的导数传给它的两行 */

    /* <<< */
}
