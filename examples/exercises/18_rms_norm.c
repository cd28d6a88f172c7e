/* 18_rms_norm: open, 30 minutes, level 4, open

   Goal: a normalization that dl.h does not have. RMSNorm (2019) takes no mean off: it divides a sample by the
   root of the mean of its squares, and that is enough for the language models of today. Write it, and derive
   its way back.
   目标：一种 dl.h 里没有的归一化。RMSNorm（2019）不减均值，只把一个样本除以它各数平方的平均的平方根；今天的
   语言模型用它就够了。写出它，推导它的反向。

       forward 前向:  r[n] = 1 / sqrt(eps + mean over c of x[n,c]^2)      y[n,c] = w[c] r[n] x[n,c]
       backward 反向: dx[n,c] += ...   dw[c] += ...                      (derive them 由你推导)

   Shapes 形状: x[N,C], w[C], dy[N,C] given 已知; y[N,C] is set 要算出; dx[N,C], dw[C] are added to 要加到原有的
   数上. The mean of the squares is that of one sample, over its C numbers 平方的平均是一个样本里 C 个数的平均.
   Values 数值: eps = 1 (large, so that it shows 取得大，看得出来)

   By hand 手算: x = (3, 1), w = (2, 6): the mean of the squares 平方的平均是 5, y = (2.4495, 2.4495); dy = (1, 0)
   gives dx = (0.2041, -0.2041), dw = (1.2247, 0).                             docs: chapter 18 */
#include "exercise.h"

/* >>> the two functions   两个函数 */
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
}
/* <<< */
