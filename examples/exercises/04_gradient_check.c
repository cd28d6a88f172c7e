/* 04_gradient_check: fill in, 15 minutes, level 3, harder

   Goal: the tool that finds wrong gradients. Given any loss, find its derivative by each weight from
   values of the loss alone, moving one weight at a time to both sides.
   目标：专找错误梯度的工具。随便给一个损失函数，只看它的值，求它对每个权重的导数：每次只挪一个权重，
   两边各挪一点。

       g[i] = (L(w with w[i] + h) - L(w with w[i] - h)) / (2 h)

   Shapes 形状: w[N] weights 权重: you may move them, but in the end they are what they were
   可以挪动，最后要和原来一样; g[N] is set 要算出; h a single number 一个数. loss(w, N) gives L.

   By hand 手算: L = w^3 at w = 1, h = 0.1 gives g = (1.331 - 0.729) / 0.2 = 3.01 (the derivative is 3
   导数是 3).                                                                  docs: chapter 04 */
#include "exercise.h"

typedef dl_real (*loss_fn)(const dl_real *w, dl_int N);

void numeric_gradient(dl_real *g, dl_real *w, dl_int N, dl_real h, loss_fn loss)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> about six lines   大约六行 */

        /* <<< */
    }
}
