/* 08_predict: measure, 15 minutes, level 3, harder

   Goal: know how much noise dropout makes. Work out six numbers on paper; each is accepted when it is off
   by no more than a tenth.
   目标：知道丢弃法带来多少噪声。在纸上算出六个数，每个相差不超过十分之一就算对。

   In all of them dropout is in training mode and divides what is kept by 1 - p.
   六个问题里，丢弃层都在训练，留下的都除以 1 - p。

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式，也可以用 sqrt()、pow().   docs: chapter 08 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> six numbers   六个数 */
    a[0] = 0;   /* x = 3, p = 0.25: what y is when it is kept               留下时的 y */
    a[1] = 0;   /* x = 3, p = 0.2: the variance of y                        y 的方差 */
    a[2] = 0;   /* the sum of 400 such y, x = 1 and p = 0.5 for all: its standard deviation
                   400 个这样的 y 之和，x 都是 1，p 都是 0.5：这个和的标准差 */
    a[3] = 0;   /* p = 0.5, five units: the chance that all are absent      五个单元全都缺席的概率 */
    a[4] = 0;   /* 60000 images, 128 at a time, p = 0.2: in how many steps of an epoch the incoming weights of
                   a hidden unit get no gradient from one image, the same place in each batch
                   60000 张图，每批 128 张：只看每批里同一个位置的那张图，一轮有多少步，某个隐藏单元的输入权重
                   从它那里收不到梯度 */
    a[5] = 0;   /* two dropout layers in a row, p = 0.2 and p = 0.5: by how much a number grows that passes
                   both   两个丢弃层接在一起：两层都留下的数，放大了多少倍 */
    /* <<< */
}
