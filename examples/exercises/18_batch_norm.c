/* 18_batch_norm: debug, 15 minutes, level 2, required, fast track

   Goal: batch normalization with its switch, as somebody wrote it. It trains well, and predicts badly. There
   are two faults: find them and mend them.
   目标：批量归一化，带训练与预测的开关，是别人写的。训练得很好，预测却很差。里面有两处毛病，找出来，修好。

       training 训练 (T = 1):    m, v = mean and variance of column c in the batch   这一批第 c 列的均值与方差
                                 mean[c] = keep mean[c] + (1 - keep) m,  var[c] alike 照样: running averages 滑动平均
       prediction 预测 (T = 0):  m, v = mean[c], var[c], which stay as they are       它们保持不变
       y[n,c] = w[c] (x[n,c] - m) / sqrt(v + 0.00001) + b[c]

   Shapes 形状: x[N,C], w[C], b[C] given 已知; y[N,C] is set 要算出; mean[C], var[C] are changed in training
   训练时要更新; keep a single number 一个数. The variance is divided by N 方差除以 N.

   By hand 手算: x = (1; 3), w = 2, b = 1, mean = 0, var = 1, keep = 0.9: T = 1 gives y = (-1, 3), mean = 0.2,
   var = 1; T = 0 gives y = (3, 7).                                            docs: chapter 18 */
#include "exercise.h"

void batch_norm(dl_real *y, dl_real *mean, dl_real *var, const dl_real *x, const dl_real *w,
                const dl_real *b, dl_int N, dl_int C, dl_int T, dl_real keep)
{
    for (dl_int c = 0; c < C; c++) {
        /* >>> two faults are here   这里有两处毛病 */
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        if (T) {
            mean[c] = (1 - keep) * mean[c] + keep * m;
            var[c] = (1 - keep) * var[c] + keep * v;
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
        /* <<< */
    }
}
