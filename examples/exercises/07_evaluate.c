/* 07_evaluate: debug, 10 minutes, level 2, required

   Goal: what evaluate() prints, the mean loss and the accuracy over N samples, taken B at a time; the
   last batch may be smaller. Both numbers below are wrong, and only one of them looks wrong. Mend them.
   目标：evaluate() 打印的两个数：N 个样本的平均损失与准确率。样本每次取 B 个，最后一批可能不满。
   下面算出的两个数都不对，其中只有一个看得出来。修好它们。

       mean[0] = 1/N sum over i of loss[i]        accuracy[0] = the share of i with guess[i] = label[i]
                                                               guess[i] = label[i] 的样本所占的比例
   Shapes 形状: loss[N] of each sample 每个样本的损失; guess[N], label[N] classes 类别; mean[1] and
   accuracy[1] are set 要算出的. The size B of a batch must not show in the result.
   结果里不该看得出每批有多大。

   By hand 手算: loss = (0.1, 0.3, 2), guess = (7, 2, 1), label = (7, 2, 0), B = 2 give mean = 0.8,
   accuracy = 0.6667.                                                          docs: chapter 07 */
#include "exercise.h"

void evaluate(dl_real *mean, dl_real *accuracy, const dl_real *loss, const int32_t *guess,
              const int32_t *label, dl_int N, dl_int B)
{
    dl_int right = 0, batches = 0;
    dl_real sum = 0;
    /* >>> two faults are here   这里有两处毛病 */
    for (dl_int from = 0; from < N; from += B) {
        const dl_int to = from + B < N ? from + B : N;
        dl_real batch = 0;
        for (dl_int i = from; i < to; i++) {
            batch += loss[i];
            if (guess[i] == label[i]) right++;
        }
        sum += batch / (dl_real)(to - from);
        batches++;
    }
    mean[0] = sum / (dl_real)batches;
    accuracy[0] = (dl_real)(right / N);
    /* <<< */
}
