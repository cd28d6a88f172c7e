/* 12_scale: debug, 15 minutes, level 2, required

   Goal: scale a table, so that each column has mean 0 and standard deviation 1. The first T rows are for
   training, the others for the test. Somebody wrote it, with two faults: the exam is in the homework, and a
   column can break everything. Find them and mend them.
   目标：缩放一张表，使每一列平均为 0、标准差为 1。前 T 行用来训练，其余的用来测试。有人写好了，有两处毛病：
   考题混进了作业，还有一种列会弄坏一切。找出来，修好。

       mean[k], std[k]: of column k, over the training rows only (mean of squares, divisor T)
       第 k 列的平均与标准差，只取训练的行（平方的平均，除以 T）
       all rows 所有的行:  x[i,k] <- (x[i,k] - mean[k]) / std[k];   where std = 0, divide by 1  std = 0 就除以 1

   Shapes 形状: x[N,D] is changed 要改; T rows for training 前 T 行训练, T < N.

   By hand 手算: a column 一列 (1, 3, 4), T = 2: mean 2, std 1 give (-1, 1, 2); (5, 5, 7) gives (0, 0, 2).
                                                                               docs: chapter 12 */
#include "exercise.h"

void scale(dl_real *x, dl_int N, dl_int D, dl_int T)
{
    /* >>> two faults are here   这里有两处毛病 */
    (void)T;
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < N; i++) mean += x[i * D + k] / (dl_real)N;
        for (dl_int i = 0; i < N; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)N;
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / (dl_real)sqrt(var);
    }
    /* <<< */
}
