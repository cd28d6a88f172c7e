/* 07_fold: derive, 20 minutes, level 3, harder

   Goal: a layer was trained on scaled inputs, (x - mean) / std. Whoever uses it has the plain x, and is
   sure to forget the scaling. Change the weights and biases so that the layer gives for the plain x what
   it gave for the scaled one.
   目标：一层网络是用缩放过的输入 (x - mean) / std 训练的。使用它的人手里是原来的 x，而且准会忘了缩放。
   改一改权重和偏置，使这一层直接收到 x 时，输出与从前收到缩放过的输入时一样。

       trained 训练时:  y[j] = b[j] + sum over k of w[j,k] (x[k] - mean[k]) / std[k]
       wanted 想要的:   y[j] = b'[j] + sum over k of w'[j,k] x[k]         find w' and b'  求 w' 与 b'

   Shapes 形状: w[M,D] and b[M] are changed, to w' and b' 改成 w' 与 b'; mean[D], std[D] given 已知,
   std is not 0  std 不是 0.

   By hand 手算: w = 6, b = 1, mean = 0.5, std = 2 give w' = 3, b' = -0.5: at x = 2.5 both are 7
   x = 2.5 时都是 7.                                                           docs: chapter 07 */
#include "exercise.h"

void fold(dl_real *w, dl_real *b, const dl_real *mean, const dl_real *std, dl_int D, dl_int M)
{
    for (dl_int j = 0; j < M; j++)
        for (dl_int k = 0; k < D; k++) {
            /* >>> about two lines   大约两行 */

            /* <<< */
        }
}
