/* 00_nearest: open, 15 minutes, level 2, open

   Goal: a classifier that dl.h does not have, and that learns nothing at all: keep the training
   pictures, and give a new picture the label of the one nearest to it.
   目标：一个 dl.h 里没有、也什么都不学的分类器：留着所有训练图片，新来一张，就给它最近那张的标签。

       distance(i,m) = sum over k of (x[i,k] - known[m,k])^2
       label[i] = known_label[m] of the m with the smallest distance

   Shapes 形状: x[N,D] new pictures 新图片; known[M,D] training pictures 训练图片;
   known_label[M] their labels 它们的标签; label[N] is set 要写出. Of equal distances the first counts
   距离相同，取前面的.

   By hand 手算: known = (0, 0 | 4, 0), labels (7, 3), x = (3, 1): distances 10 and 2, label 3.
                                                                               docs: chapter 00 */
#include "exercise.h"

void nearest(int32_t *label, const dl_real *x, const dl_real *known, const int32_t *known_label,
             dl_int N, dl_int D, dl_int M)
{
    /* >>> three loops   三重循环 */

    /* <<< */
}
