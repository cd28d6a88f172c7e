/* 10_predict
@en 1
Three questions for each layer: how high is its output, how many weights has one of its outputs, and at
how many places are they used?
@zh 1
每一层问三句：输出有多高？算一个输出要几个权重？这些权重用在多少个位置上？
@en 2
A kernel of A has 16 x 5 x 5 weights and a bias. The output is 16 high (20 - 5 + 1), of 24 channels. A
window that does not fit whole is left out: halves are rounded down.
@zh 2
A 的一个核有 16 x 5 x 5 个权重和一个偏置。输出高 16（20 - 5 + 1），24 个通道。放不下完整窗口的边角不要：
除不尽就向下取整。
@en 3
Multiplications: places x kernels x weights of a kernel. Dense: inputs x 128, and 128 biases; the inputs
are 24 x 8 x 8. A float has 4 bytes. The last: 28, 26, 13, 11, ...
@zh 3
乘法次数：位置数 x 核的个数 x 一个核的权重数。全连接层：输入数 x 128，加 128 个偏置；输入是 24 x 8 x 8。
float 占 4 字节。最后一题：28、26、13、11……
@en after
3, 9624, 2457600, 196736, 0.79 and 5. The convolution has a twentieth of the dense layer's parameters and
twelve times its multiplications. Where memory is short one looks at the dense layer, where time is short
at the convolutions.
To think about: which of the six numbers change when the image is 40x40?
@zh after
3，9624，2457600，196736，0.79，5。卷积层的参数是全连接层的二十分之一，乘法却是它的十二倍。缺内存时先看全连接层，
缺时间时先看卷积层。
想一想：图像换成 40x40，六个数里哪些会变？
*/
#include "grader.h"

#ifdef CHILD
static void call_answer(args *a) {
    double number[6] = {0, 0, 0, 0, 0, 0};
    answer(number);
    for (int i = 0; i < 6; i++) R(a)[i] = (dl_real)number[i];
}
#endif
const entry entries[MOST_ENTRIES] = {{"answer", "=a[6]", LEARNERS(call_answer), 0}};

#ifndef CHILD
const grader the_grader = {
    .hand = {{0, "-> a=3,9624,2457600,196736,0.786,5"}},
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
