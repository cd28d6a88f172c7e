/* 13_step_back: derive, 25 minutes, level 3, required

   Goal: one step of the way back through time. Known is how much the loss grows with the state after the
   step; find it for all that went into the step.
   目标：沿时间反向走一步。已知损失对这一步之后的状态的导数，求它对进入这一步的每样东西的导数。

       forward 前向:  h[j] = tanh( b[j] + sum over k of wx[j,k] x[k] + sum over l of wh[j,l] h0[l] )
       backward 反向: dx, dh0, dwx, dwh, db += ...         (derive them 由你推导)

   Shapes 形状: dh[H], the new state h[H], x[D], the old state h0[H], wx[H,D], wh[H,H] given 已知; dx[D],
   dh0[H], dwx[H,D], dwh[H,H], db[H] are added to 要加到原有的数上. The slope of tanh is 1 - h^2
   tanh 的斜率是 1 - h^2.

   By hand 手算: x = 1, h0 = 0.5, wx = 0.8, wh = 0.4, b = 0, so h = tanh(1) = 0.7616; dh = 1 gives
   db = 0.42, dwx = 0.42, dwh = 0.21, dx = 0.336, dh0 = 0.168.                 docs: chapter 13 */
#include "exercise.h"

void rnn_step_backward(dl_real *dx, dl_real *dh0, dl_real *dwx, dl_real *dwh, dl_real *db,
                       const dl_real *dh, const dl_real *h, const dl_real *x, const dl_real *h0,
                       const dl_real *wx, const dl_real *wh, dl_int D, dl_int H)
{
    for (dl_int j = 0; j < H; j++) {
        /* >>> about ten lines   大约十行 */

        /* <<< */
    }
}
