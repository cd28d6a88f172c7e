/* 12_group: open, 25 minutes, level 4, open

   Goal: a payment that dl.h does not have. L1 makes single weights 0; the group lasso makes whole units 0,
   which can then be taken out of the net. All weights of a unit pay together, by their length.
   目标：一种 dl.h 里没有的付款。L1 把单个权重变成 0；组套索（group lasso）把整个单元变成 0，变了就可以从网络里拿掉。
   一个单元的全部权重一起付钱，按它们的长度付。

       forward 前向:  loss = r sum over j of length[j],  length[j] = sqrt(eps + sum over k of w[j,k]^2)
       backward 反向: dw[j,k] += dloss ...               (derive it 由你推导)

   Shapes 形状: w[M,D] given 已知; loss[1] is set 要算出; dw[M,D] is added to 要加到原有的数上; r, dloss
   single numbers 都是一个数. A row of zeros gets 0 全是 0 的一行，梯度是 0.
   Values 数值: eps = 0

   By hand 手算: w = (3, 4; 0, 0), r = 0.1 give loss = 0.5; dloss = 1 gives dw = (0.06, 0.08; 0, 0).
                                                                               docs: chapter 12 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
}
/* <<< */
