/* 05_predict: measure, 15 minutes, level 3, harder

   Goal: know how far an optimizer goes before it goes. Work out five numbers on paper; each is accepted
   when it is off by no more than a tenth.
   目标：优化器还没走，先知道它走多远。在纸上算出五个数，每个相差不超过十分之一就算对。

   The formulas are those of the chapter; m, v and the sums begin at 0, and the very small eps does not
   count. A step is by how much a weight changes, without its sign.
   公式就是这一章的；m、v 和累加的和都从 0 开始，eps 很小，不计。步子指权重改变了多少，不带符号。

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式，也可以用 sqrt().         docs: chapter 05 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> five numbers   五个数 */
    a[0] = 0;   /* Adam, lr 0.002, the gradient is 50: the first step            第一步多大 */
    a[1] = 0;   /* momentum, lr 0.02, mu 0.95, the gradient is always 3: the step after very many steps
                   动量，梯度一直是 3：走了很多很多步以后，一步多大 */
    a[2] = 0;   /* Adagrad, lr 0.1, the gradient is always 4: step number 400    第 400 步多大 */
    a[3] = 0;   /* Adam without its correction, b1 0.9, b2 0.9999: the first step, in units of lr
                   没有修正的 Adam：第一步是 lr 的多少倍 */
    a[4] = 0;   /* the net 784-64-10: how many numbers training by Adam keeps for it (weights and biases,
                   their gradients, and what Adam itself keeps)
                   784-64-10 的网络：用 Adam 训练要为它存多少个数（权重与偏置，它们的梯度，Adam 自己存的） */
    /* <<< */
}
