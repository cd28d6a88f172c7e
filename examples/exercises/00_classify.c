/* 00_classify: fill in, 10 minutes, level 1, required

   Goal: what the line of chapter 00 does with its ten templates. Each class scores the picture, the
   highest score wins.
   目标：第 00 章的直线拿着十张模板做的事。每一类给图片打分，分最高的赢。

       score[c] = b[c] + sum over k of x[i,k] w[c,k]          label[i] = the c with the largest score

   Shapes 形状: x[N,D] pictures, one a row 图片，一行一张; w[C,D] templates, one a row 模板，一行一张;
   b[C]; label[N] whole numbers 0 .. C-1 整数. Of equal scores the first wins 分数相同，取前面的。

   By hand 手算: x = (1, 0, 2), templates (1, 1, 0 | 0, 0, 1), b = (0, -0.5): the scores are 1 and
   1.5, so label = 1.                                                          docs: chapter 00 */
#include "exercise.h"

void classify(int32_t *label, const dl_real *x, const dl_real *w, const dl_real *b, dl_int N, dl_int D,
              dl_int C)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> about seven lines: a loop over the classes, and in it one over the pixels
               大约七行：一个循环走过各类，里面再一个走过像素 */

        /* <<< */
    }
}
