/* 03_limit: measure, 10 minutes, level 2, required

   Goal: know before you run it whether a descent will diverge. Five numbers; each is accepted when
   it is off by no more than a tenth. They are then measured by running the descent.
   目标：还没运行，就知道下降会不会发散。五个数，每个相差不超过十分之一就算对；之后会真的运行下降来测量。

   The losses are L = 2 w^2 and L = (u^2 + 10 v^2) / 2; each starts at 1 in every direction.
   损失是 L = 2 w^2 与 L = (u^2 + 10 v^2) / 2，每个方向都从 1 出发。

   You may write sums: a[0] = 2.0 / 3;  可以写算式。                           docs: chapter 03 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> five numbers   五个数 */
    a[0] = 0;    /* 2 w^2: from which learning rate on does w not shrink?   学习率从多大起 w 不再变小 */
    a[1] = 0;    /* 2 w^2: the rate that reaches 0 in one step              一步就到 0 的学习率       */
    a[2] = 0;    /* 2 w^2: w after two steps at 0.1                         学习率 0.1，两步之后的 w  */
    a[3] = 0;    /* valley: from which rate on does it diverge?             山谷：从多大起发散        */
    a[4] = 0;    /* valley: u after 10 steps at 0.1                         学习率 0.1，十步之后的 u  */
    /* <<< */
}
