/* 12_predict: measure, 20 minutes, level 3, harder

   Goal: how much is luck, and how much is the remedy? Work out six numbers on paper; each is accepted when
   it is off by no more than a tenth.
   目标：多少是运气，多少是办法的功劳？在纸上算出六个数，每个相差不超过十分之一就算对。

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式，也可以用 sqrt()、pow().   docs: chapter 12 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> six numbers   六个数 */
    a[0] = 0;   /* 90 % right on 2500 images: the standard deviation of this number, in points (hundredths)
                   2500 张图答对 90 %：这个数的标准差是几个百分点 */
    a[1] = 0;   /* how many images it takes until it is 0.1 points      要多少张图，它才是 0.1 个百分点 */
    a[2] = 0;   /* 60 are ill; 40 are called ill, 30 of them rightly: F1
                   60 人生病；说了 40 人有病，30 人说对：F1 */
    a[3] = 0;   /* w = 0.8, its gradient always 0, lr = 0.1, l2 = 0.05: w after 100 steps
                   w = 0.8，损失的梯度恒为 0，lr = 0.1，l2 = 0.05：100 步之后的 w */
    a[4] = 0;   /* w = 0.5, its gradient always 0, lr = 0.1, l1 = 0.02: after how many steps w is 0
                   w = 0.5，损失的梯度恒为 0，lr = 0.1，l1 = 0.02：多少步之后 w 是 0 */
    a[5] = 0;   /* a net is right on 88 % of new images. 500 of its 2000 test images were in the training set, too,
                   and it knows these by heart: by how many points is its test accuracy too high
                   一个网络对新图答对 88 %。2000 张测试图里有 500 张训练时也有，它都背下来了：
                   测试准确率高估了几个百分点 */
    /* <<< */
}
