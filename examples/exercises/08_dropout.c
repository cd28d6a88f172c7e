/* 08_dropout: fill in, 10 minutes, level 1, required, fast track

   Goal: dropout in training. Each number is dropped with probability p; what is kept grows, so that
   the mean stays as it was.
   目标：训练时的丢弃法。每个数以概率 p 被丢掉；留下的放大一些，使平均不变。

       u[i] < p:   y[i] = 0
       else 否则:  y[i] = x[i] / (1 - p)

   Shapes 形状: x[N], y[N]; u[N] random numbers, evenly from 0 to 1, the coins: they have been tossed
   for you 0 到 1 之间均匀的随机数，相当于硬币，已经替你抛好了; p a single number, below 1 一个数，小于 1.

   By hand 手算: x = (1, 2, 3, 4), u = (0.9, 0.1, 0.7, 0.4), p = 0.5 give y = (2, 0, 6, 0).
                                                                               docs: chapter 08 */
#include "exercise.h"

void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> one line or two   一两行 */

        /* <<< */
    }
}
