/* 08_dropconnect: open, 30 minutes, level 4, open

   Goal: a layer that dl.h does not have. Dropout drops units; DropConnect (2013) drops single weights. In
   a step, weight w[j,k] is absent with probability p, for all samples of the batch alike; what is kept is
   divided by 1 - p. Write the forward and derive the backward.
   目标：一个 dl.h 里没有的层。丢弃法丢的是单元，DropConnect（2013）丢的是一个个权重。每一步里，权重 w[j,k]
   以概率 p 缺席，对一批里的所有样本都一样；留下的除以 1 - p。写出前向，推导反向。

       forward 前向:  y[i,j] = sum over k of x[i,k] w[j,k] / (1 - p), without those k where u[j,k] < p
                                                              u[j,k] < p 的那些 k 不算在内
       backward 反向: dx[i,k] += ...   dw[j,k] += ...         (derive them 由你推导)

   Shapes 形状: x[N,D], w[M,D], dy[N,M] given 已知; u[M,D] random numbers from 0 to 1 随机数; y[N,M] is set
   要算出; dx[N,D], dw[M,D] are added to 要加到原有的数上; p a single number 一个数.

   By hand 手算: x = (1, 2), w = (3, 4), u = (0.9, 0.1), p = 0.5, dy = 1 give y = 6, dx = (6, 0),
   dw = (2, 0).                                                                docs: chapter 08 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
}
/* <<< */
