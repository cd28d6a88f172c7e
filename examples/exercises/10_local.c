/* 10_local: open, 30 minutes, level 4, open

   Goal: a layer that dl.h does not have. A locally connected layer looks at patches, as a convolution does,
   but shares nothing: each place has a kernel of its own. Write the forward and derive the backward.
   目标：一个 dl.h 里没有的层。局部连接层像卷积一样一小块一小块地看，但什么也不共享：每个位置有自己的核。写出前向，
   推导反向。

       forward 前向:  y[m,p,q] = sum over u, v of x[s p + u, r q + v] w[m,p,q,u,v]
       backward 反向: dx[i,j] += ...   dw[m,p,q,u,v] += ...      (derive them 由你推导)

   Shapes 形状: x[H,W], one channel 一个通道; w[M,OH,OW,K,K]; y[M,OH,OW] is set 要算出; dy[M,OH,OW] given
   已知; dx[H,W], dw[M,OH,OW,K,K] are added to 要加到原有的数上. s and r are strides 步幅:
   H is at least 不小于 s (OH - 1) + K, W at least 不小于 r (OW - 1) + K.
   Values 数值: s = 1, r = 1

   By hand 手算: x = (1, 2, 3, 4), w = (3, 4), K = 1, OH = 1, OW = 2 give y = (3, 8); dy = (1, 10) gives
   dx = (3, 40, 0, 0), dw = (1, 20).                                           docs: chapter 10 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
}
/* <<< */
