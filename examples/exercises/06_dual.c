/* 06_dual: open, 25 minutes, level 4, open

   Goal: automatic differentiation without a tape, which dl.h does not have. Every number carries its
   derivative with it: a dual number is a pair of a value v and the derivative d of that value by some
   one input. Operations on such pairs give the derivative of any formula while it is computed.
   目标：不用带子的自动微分，dl.h 里没有。每个数都随身带着自己的导数：对偶数是一对数，值 v，以及这个值对某一个
   输入的导数 d。用这样的数做运算，随便什么公式，算完值的同时导数也有了。

       product 积: a b        quotient 商: a / b        tanh: tanh(a)

   Each gets duals and gives the dual of its result: v, and d by the chain rule.
   每个函数收到对偶数，给出结果的对偶数：值 v，以及由链式法则得到的 d。

   Shapes 形状: single numbers 都是一个数.

   By hand 手算: a = (3, 1), b = (2, 0), which is x and a constant at x = 3 也就是 x 与一个常数: a b = (6, 2),
   a / b = (1.5, 0.5), b / a = (0.6667, -0.2222); tanh of (0, 1) is (0, 1).    docs: chapter 06 */
#include "exercise.h"

typedef struct dual { dl_real v, d; } dual;

/* >>> the three functions   三个函数 */
dual dual_mul(dual a, dual b)
{
    return a;
}

dual dual_div(dual a, dual b)
{
    return a;
}

dual dual_tanh(dual a)
{
    return a;
}
/* <<< */
