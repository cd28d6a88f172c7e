/* 11_one_hot: debug, 15 minutes, level 2, required

   Goal: categorical cross-entropy with one-hot targets, as somebody wrote it. One day it says NaN, and on
   the other days a number ten times too small. Find the two faults and mend them.
   目标：有人写的分类交叉熵，目标是独热向量。有一天它说 NaN，别的日子它说的数又小了十倍。有两处毛病，找出来，修好。

       L = -(1 / N) sum over i, c of t[i,c] log(max(p[i,c], 0.0000001))

   Shapes 形状: p[N,C] probabilities, 0 and 1 among them 概率，可以是 0 或 1; t[N,C] the targets 目标;
   loss[1] is set 要算出.

   By hand 手算: p = (0.5, 0.5; 1, 0), t = (1, 0; 1, 0) give loss = log(2) / 2 = 0.3466; and
   p = (0, 1), t = (1, 0) give 16.118.                                         docs: chapter 11 */
#include "exercise.h"

void one_hot_loss(dl_real *loss, const dl_real *p, const dl_real *t, dl_int N, dl_int C)
{
    /* >>> two faults are here   这里有两处毛病 */
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++)
            sum -= t[i * C + c] * (dl_real)log(p[i * C + c]);
    loss[0] = sum / (dl_real)(N * C);
    /* <<< */
}
