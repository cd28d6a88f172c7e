/* 08_modes: debug, 15 minutes, level 2, required

   Goal: a dropout layer, forward and backward, in training (T = 1) and in evaluation (T = 0). It has
   two faults: one spoils every answer of the finished net, the other trains units that were absent.
   目标：一个丢弃层，前向和反向，训练时（T = 1）与评估时（T = 0）。有两处毛病：一处让训练好的网络每次都答坏，
   另一处让缺席的单元也受了训练。

       training 训练 T = 1:    y[i] = x[i] / (1 - p) where 当 u[i] >= p, else 否则 0
       evaluation 评估 T = 0:  y[i] = x[i]
       backward 反向:          dx[i] += dy[i] times the derivative of y[i] by x[i], in either mode
                               dx[i] += dy[i] 乘 y[i] 对 x[i] 的导数，两种情形都要对

   Shapes 形状: x[N], u[N] random numbers 随机数, dy[N] given 已知; y[N] is set 要算出; dx[N] is added to
   要加到原有的数上; p a single number 一个数; T is 0 or 1 是 0 或 1.

   By hand 手算: x = (1, 2), u = (0.9, 0.1), p = 0.5, dy = (1, 1) give in training 训练时 y = (2, 0),
   dx = (2, 0), in evaluation 评估时 y = (1, 2), dx = (1, 1).                  docs: chapter 08 */
#include "exercise.h"

/* >>> two faults are here   这里有两处毛病 */
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] += T ? dy[i] / (1 - p) : dy[i];
}
/* <<< */
