/* 04_rbf: open, 30 minutes, level 4, open

   Goal: a layer that dl.h does not have. Its units take no weighted sum: unit j has a centre c_j, and
   says how near the input is to it. 1 is "right there", 0 is "far away".
   目标：一个 dl.h 里没有的层。它的单元不求加权和：单元 j 有一个中心 c_j，输出的是输入离它有多近，
   1 是“就在这里”，0 是“很远”。

       forward 前向:  y[i,j] = e^(-q),  q = g (sum over k of (x[i,k] - c[j,k])^2)
       backward 反向: dx[i,k] += ...   dc[j,k] += ...                (derive them 由你推导)

   Shapes 形状: x[N,D], c[M,D], dy[N,M] given 已知; y[N,M] is set 要算出, and given to the backward
   反向时是已知的; dx[N,D], dc[M,D] are added to 要加到原有的数上.
   Values 数值: g = 1

   By hand 手算: x = (0.5, 0), c = (0, -0.5) give q = 0.5, y = 0.6065.         docs: chapter 04 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
}
/* <<< */
