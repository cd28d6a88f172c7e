/* 15_tied: open, 30 minutes, level 4, open

   Goal: an autoencoder that dl.h does not have. A tied one squeezes and restores with the same weights: its
   decoder is the encoder transposed. So a weight is used twice - and its gradient?
   目标：一种 dl.h 里没有的自编码器。权重绑定（tied）的自编码器用同一组权重压缩和还原：解码器就是编码器的转置。于是
   一个权重用了两次——它的梯度呢？

       forward 前向:  c[n,k] = sum over d of w[k,d] x[n,d]        y[n,d] = sum over k of w[k,d] c[n,k]
       backward 反向: dw[k,d] += ...   dx[n,d] += ...             (derive them 由你推导)

   Shapes 形状: x[N,D], w[K,D] given 已知; c[N,K], y[N,D] are set 要算出; the backward gets dy[N,D], x, c, w
   反向已知 dy、x、c、w; dw[K,D], dx[N,D] are added to 要加到原有的数上.

   By hand 手算: w = (1, 2), x = (3, 1) give c = 5, y = (5, 10); dy = (1, 0) gives dc = 1,
   dw = (1*5 + 1*3, 0*5 + 1*1) = (8, 1), dx = (1, 2).                          docs: chapter 15 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
}
/* <<< */
