/* 09_lse_pool: open, 30 minutes, level 4, open

   Goal: a pooling that dl.h does not have. Max-pooling gives all of the gradient to one number, the mean
   gives the same to all. Between them lies the log-sum-exp: nearly the maximum, and smooth.
   目标：一种 dl.h 里没有的池化。最大池化把梯度全给一个数，平均池化人人一样多。介于两者之间的是 log-sum-exp：
   接近最大值，又处处光滑。

       forward 前向:  y[c,p,q] = (1 / r) log( mean of exp(r x) over the window )    窗口里的平均
       backward 反向: dx[c,i,j] += ...                        (derive it 由你推导)

   Shapes 形状: x[C,H,W] in windows of K x K side by side 窗口 K x K，一个挨一个: H = K OH, W = K OW;
   y[C,OH,OW] is set 要算出; dx[C,H,W] is added to 要加到原有的数上; dy[C,OH,OW], x given 已知; r a single
   number above 0 一个正数. It must stand x = 1000, too: exp(1000) is infinite. x = 1000 时也要对：
   exp(1000) 是无穷大.

   By hand 手算: x = (0, 0; 0, 1), K = 2, r = 1 give y = log(5.71828 / 4) = 0.3574; dy = 1 gives
   dx = (0.1749, 0.1749; 0.1749, 0.4754).                                      docs: chapter 09 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
}
/* <<< */
