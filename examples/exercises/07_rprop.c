/* 07_rprop: open, 25 minutes, level 4, open

   Goal: an optimizer that dl.h does not have, from a description in words: Rprop (1993), of which RMSprop
   is the heir ("RMS" was added to make it work with batches).
   目标：一个 dl.h 里没有的优化器，只有文字描述：Rprop（1993）。RMSprop 就是由它来的，加上“RMS”是为了
   能用小批量。

   Of a gradient only the sign counts. Each weight has a step of its own, and remembers its last gradient.
   If the new gradient has the same sign as the last, the step is multiplied by up, but never above most;
   if it has the opposite sign, the valley was crossed: the step is multiplied by down, but never below
   least; if one of the two is 0, the step stays. Then the weight goes this step against the sign of the
   new gradient (not at all if that is 0), and remembers it.
   梯度只看符号。每个权重有自己的步长，还记着上一次的梯度。新梯度与上一次同号，步长乘 up，但不超过 most；
   异号，说明跨过了谷底，步长乘 down，但不小于 least；两个里有一个是 0，步长不变。然后权重逆着新梯度的符号
   走一个步长（新梯度是 0 就不动），并且记住这个梯度。

   Shapes 形状: w[N] weights 权重, step[N] steps 步长, last[N] gradients 梯度 are changed 要更新; g[N] the
   new gradient 新梯度; least, most single numbers 都是一个数.
   Values 数值: up = 1.2, down = 0.5

   By hand 手算: w = 1, step = 0.1, least = 0.01, most = 1, last = 3: g = 5 gives step = 0.12, w = 0.88,
   last = 5; g = -5 gives step = 0.05, w = 1.05, last = -5.                    docs: chapter 07 */
#include "exercise.h"

/* >>> the function   这个函数 */
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
}
/* <<< */
