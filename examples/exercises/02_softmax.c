/* 02_softmax: debug, 10 minutes, level 2, required, fast track

   Goal: probabilities out of scores. The function below follows the formula to the letter, and
   gives nan when a score is 1000. Find the fault and mend it.
   目标：把得分变成概率。下面的函数与公式一字不差，得分到了 1000 却给出 nan。找出毛病，修好它。

       y[i,c] = e^x[i,c] / (sum over k of e^x[i,k])

   Shapes 形状: x[N,C] scores, one sample a row 得分，一行一个样本; y[N,C] probabilities, each row
   sums to 1 概率，每行之和是 1.
   A NaN in a row of x must come out as NaN in that row.  x 的某一行里有 NaN，y 的那一行也是 NaN。

   By hand 手算: x = (2, 1, -1) gives y = (0.7054, 0.2595, 0.0351).            docs: chapter 02 */
#include "exercise.h"

void softmax(dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> the fault is here   毛病在这里 */
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(x[i * C + c]);
        for (dl_int c = 0; c < C; c++) y[i * C + c] = (dl_real)exp(x[i * C + c]) / sum;
        /* <<< */
    }
}
