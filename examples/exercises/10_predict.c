/* 10_predict: measure, 15 minutes, level 2, required

   Goal: know the sizes of a net before it runs. Work out six numbers on paper; each is accepted when it is
   off by no more than a tenth.
   目标：网络还没跑，就知道它有多大。在纸上算出六个数，每个相差不超过十分之一就算对。

   Layer A: 24 kernels of 5x5 on 16 channels of 20x20, with biases, stride 1, no padding.
   A 层：24 个 5x5 的核，输入 16 个通道、20x20，有偏置，步幅 1，不填充。

   You may write sums: a[0] = 3 * 4 + 2;  可以写算式.                           docs: chapter 10 */
#include "exercise.h"

void answer(double *a)
{
    /* >>> six numbers   六个数 */
    a[0] = 0;   /* 8x8, a kernel of 3x3, stride 2, no padding: how high is the output?   输出有多高 */
    a[1] = 0;   /* layer A: how many parameters                              A 层的参数个数 */
    a[2] = 0;   /* layer A: how many multiplications for one image           一张图要做多少次乘法 */
    a[3] = 0;   /* behind A a pooling of 2x2, flatten, a dense layer of 128: the parameters of that dense layer
                   A 之后 2x2 池化，展平，128 个单元的全连接层：这个全连接层的参数个数 */
    a[4] = 0;   /* a batch of 32: how many megabytes (10^6 bytes) are the outputs of A, in float
                   一批 32 张：A 的输出用 float 存，是多少兆字节（10^6 字节） */
    a[5] = 0;   /* 28x28, 3x3, pooling 2x2, 3x3, pooling 2x2, no padding: how high is the end
                   28x28，3x3 卷积、2x2 池化、3x3 卷积、2x2 池化，不填充：最后有多高 */
    /* <<< */
}
