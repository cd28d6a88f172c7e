/* 16_gae: open, 25 minutes, level 3, open

   Goal: how much better than usual was it? REINFORCE waits for all rewards, Q-learning trusts its estimate of
   the next state. The generalized advantage estimate (2016) is all that lies between. Find a way of one pass.
   目标：比平时好多少？REINFORCE 等到所有奖励都到手，Q 学习相信自己对下一个状态的估计。广义优势估计（GAE，2016）
   是介于两者之间的一切。找一个只走一遍的算法。

       delta[t] = r[t] + g v[t+1] - v[t],    without g v[t+1] where end[t] is 1
                                                 end[t] 为 1 时没有 g v[t+1]
       adv[t] = delta[t] + (g k) delta[t+1] + (g k)^2 delta[t+2] + ...
                     up to T-1, or to the first t with end[t] = 1  加到 T-1，或者第一个 end[t] = 1 的 t 为止

   Shapes 形状: r[T], v[T+1], end[T] (0 or 1) given 已知; adv[T] is set 要算出; g, k single numbers from 0 to
   1  0 到 1 的两个数.

   By hand 手算: r = (1, 1), v = (0, 0, 0), end = 0, g = k = 0.5 give adv = (1.25, 1); with end = (1, 0)
   adv = (1, 1).                                                               docs: chapter 16 */
#include "exercise.h"

void gae(dl_real *adv, const dl_real *r, const dl_real *v, const int32_t *end, dl_int T, dl_real g, dl_real k)
{
    /* >>> about six lines   大约六行 */

    /* <<< */
}
