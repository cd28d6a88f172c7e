/* 00_count: measure, 5 minutes, level 1, required, fast track

   Goal: know how large a net is before you build it. Write down four numbers; each is accepted when
   it is off by no more than a tenth.
   目标：网络还没建，先知道它有多大。写下四个数，每个相差不超过十分之一就算对。

   The net reads 28 x 28 pixels, has 128 hidden units and 10 outputs, every unit with a bias. It is
   trained on 60000 images, 128 at a time.
   这个网络读 28 x 28 个像素，有 128 个隐藏单元，10 个输出，每个单元带偏置；用 60000 张图训练，每次更新用 128 张。

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式。                         docs: chapter 00 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> four numbers   四个数 */
    a[0] = 0;    /* parameters of the linear classifier (no hidden units)   线性分类器的参数个数 */
    a[1] = 0;    /* parameters of the net                                   这个网络的参数个数   */
    a[2] = 0;    /* multiplications to classify one image with the net      判断一张图要做的乘法 */
    a[3] = 0;    /* updates in one epoch                                    一轮里更新的次数     */
    /* <<< */
}
