/* 13_mgu: open, 30 minutes, level 4, open

   Goal: a cell that dl.h does not have. The minimal gated unit (2016) does with a single gate, which decides
   both how much of the old state stays and how much of it the proposal sees. Write it, and derive its way
   back.
   目标：一个 dl.h 里没有的单元。最小门控单元（MGU，2016）只有一个门，它既决定旧状态留下多少，也决定新提议看见多少
   旧状态。写出它，推导它的反向。

       forward 前向:  f = s(k af)  n = tanh(an + f un)    h = (1 - f) h0 + f n        s the sigmoid
       backward 反向: daf, dan, dun, dh0 += ...           (derive them 由你推导)

   Shapes 形状: all [H] 全是 [H]: af, an, un, h0 given 已知; h is set 要算出; dh given 已知; daf, dan, dun,
   dh0 are added to 要加到原有的数上.
   Values 数值: k = 1

   By hand 手算: af = 0, an = 1, un = -2, h0 = 0.5 give f = 0.5, n = 0, h = 0.25; dh = 1 gives dan = 0.5,
   dun = 0.25, dh0 = 0.5, daf = -0.375.                                        docs: chapter 13 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
}
/* <<< */
