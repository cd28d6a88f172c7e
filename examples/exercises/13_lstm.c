/* 13_lstm: debug, 20 minutes, level 3, harder

   Goal: one step of an LSTM, as somebody wrote it. It learns, only worse than others'. Find the two faults
   and mend them.
   目标：有人写的 LSTM 的一步。它也能学，只是比别人的差。有两处毛病，找出来，修好。

       i = s(a[k])   f = s(a[H + k])   g = tanh(a[2 H + k])   o = s(a[3 H + k])      s the sigmoid
       c[k] = f c0[k] + i g            h[k] = o tanh(c[k])

   Shapes 形状: a[4H], the sums of the four gates above one another 四个门的和，一个接一个; c0[H], the old
   memory 旧的记忆; c[H], h[H] are set 要算出.

   By hand 手算: H = 1, a = (0, 2, 1, -1), c0 = 0.5 give c = 0.8212, h = 0.1816.
                                                                               docs: chapter 13 */
#include "exercise.h"

static inline dl_real s(dl_real x) { return 1 / (1 + (dl_real)exp(-x)); }

void lstm_cell(dl_real *h, dl_real *c, const dl_real *a, const dl_real *c0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        /* >>> two faults are here   这里有两处毛病 */
        const dl_real i = s(a[k]);
        const dl_real f = s(a[H + k]);
        const dl_real g = s(a[2 * H + k]);
        const dl_real o = s(a[3 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * c[k];
        /* <<< */
    }
}
