/* 13_rnn: fill in, 15 minutes, level 2, required, fast track

   Goal: a recurrent net reads a sequence. Each step takes its input and the state that the step before has
   left.
   目标：循环网络读一个序列。每一步收下自己的输入，和上一步留下的状态。

       h_t[j] = tanh( b[j] + sum over k of wx[j,k] x_t[k] + sum over l of wh[j,l] h_{t-1}[l] )
       h_{-1} = h0;   y[t] = h_t

   Shapes 形状: x[T,D], wx[H,D], wh[H,H], b[H], h0[H] given 已知; y[T,H] is set 要算出: the state after
   every step 每一步之后的状态. k runs over D, l over H   k 走 D 步，l 走 H 步.

   By hand 手算: wx = 0.8, wh = 0.9, b = 0, h0 = 0, x = (1, 0, 0.5) give y = (0.6640, 0.5354, 0.7073).
                                                                               docs: chapter 13 */
#include "exercise.h"

void rnn_forward(dl_real *y, const dl_real *x, const dl_real *wx, const dl_real *wh, const dl_real *b,
                 const dl_real *h0, dl_int T, dl_int D, dl_int H)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int j = 0; j < H; j++) {
            /* >>> about five lines   大约五行 */

            /* <<< */
        }
}
