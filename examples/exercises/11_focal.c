/* 11_focal: open, 30 minutes, level 4, open

   Goal: a loss that dl.h does not have. The focal loss (2017) cares little for what is already right: the
   surer a right answer, the less it counts. Write it, and derive its gradient.
   目标：一种 dl.h 里没有的损失。焦点损失（focal loss，2017）不大理会已经答对的：答得越有把握，算得越轻。
   写出它，推导它的梯度。

       forward 前向:  p = softmax of each row of z 每一行的 softmax,   q[i] = p[i, label[i]]
                      loss = -(1 / N) sum over i of (1 - q[i])^r log q[i]
       backward 反向: dz[i,c] += dloss ...                       (derive it 由你推导)

   Shapes 形状: z[N,C], label[N] given 已知; p[N,C], loss[1] are set 要算出; dz[N,C] is added to 要加到原有的
   数上; the backward gets p 反向已知 p; r and dloss single numbers 都是一个数. z stays small here 这里 z 不大.

   By hand 手算: z = (0, 0), label = 0, r = 2 give p = (0.5, 0.5), loss = 0.25 log 2 = 0.1733; dloss = 1
   gives dz = (-0.2983, 0.2983).                                               docs: chapter 11 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
}
/* <<< */
