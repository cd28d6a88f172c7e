/* 12_penalty: derive, 10 minutes, level 2, required, fast track

   Goal: large weights have to pay. Two payments are added to the loss; derive what they add to the gradient
   of a weight.
   目标：权重大了要付钱。损失后面添了两笔付款；推导它们给一个权重的梯度添上多少。

       loss 损失:      L + l1 (sum of |w[i]|) + l2 (sum of w[i]^2)
       gradient 梯度:  g[i] += ...                         (derive it 由你推导)

   Shapes 形状: w[N] given 已知; g[N] holds the gradient of L and is added to 里面已有 L 的梯度，要加上去;
   l1, l2 single numbers 都是一个数. At w = 0, |w| has a corner: take the slope 0 there  w = 0 处 |w| 有个尖，
   斜率取 0.

   By hand 手算: w = 0.8, g = 0.1: l1 = 0, l2 = 0.05 give 0.18; l1 = 0.05, l2 = 0 give 0.15.
                                                                               docs: chapter 12 */
#include "exercise.h"

void penalty_gradient(dl_real *g, const dl_real *w, dl_int N, dl_real l1, dl_real l2)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> one line or two   一两行 */

        /* <<< */
    }
}
