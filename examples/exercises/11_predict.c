/* 11_predict: measure, 20 minutes, level 3, harder

   Goal: what depth costs, and what it sees. Work out six numbers on paper; each is accepted when it is off
   by no more than a tenth.
   目标：加深要花多少，又看得多远。在纸上算出六个数，每个相差不超过十分之一就算对。

   Net S4 网络 S4: 28x28; 32 kernels of 3x3; 64 kernels of 3x3; pooling 2x2; dropout 0.25; dense 128;
   dropout 0.5; dense 10. No padding, stride 1 不填充，步幅 1.

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式，也可以用 sqrt().          docs: chapter 11 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> six numbers   六个数 */
    a[0] = 0;   /* three convolutions of 3x3 in a row: how wide is the piece that one number sees
                   连着三个 3x3 卷积：一个数看得见多宽的一块 */
    a[1] = 0;   /* 3x3, pooling 2x2 with stride 2, 3x3: how wide is it now
                   3x3、2x2 池化（步幅 2）、3x3：看得见多宽的一块 */
    a[2] = 0;   /* 64 channels in and out, no biases: the parameters of two 3x3 convolutions in a row, as a
                   fraction of those of one 5x5
                   进出都是 64 个通道，无偏置：两个 3x3 的参数是一个 5x5 的几分之几 */
    a[3] = 0;   /* S4 without its pooling, all else as it was: the parameters of the dense layer of 128
                   S4 去掉池化，别的不变：128 个单元那一层的参数个数 */
    a[4] = 0;   /* S4, but its second convolution with stride 2 in place of the pooling: how many products does
                   that convolution take for an image
                   S4 的第二个卷积改用步幅 2，去掉池化：它每张图要做多少次乘法 */
    a[5] = 0;   /* Adadelta, g always 1, a = u = 0, rho = 0.99, eps = 0.000001, lr 1: the length of the first step
                   Adadelta，g 恒为 1，a = u = 0，rho = 0.99，eps = 0.000001，lr 为 1：第一步多长 */
    /* <<< */
}
