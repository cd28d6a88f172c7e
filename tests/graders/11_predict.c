/* 11_predict
@en 1
Go from the end to the beginning: one number looks at 3x3 of the layer below. How wide is the piece that
these together look at?
@zh 1
从最后往回走：一个数看着下面那层的 3x3。这 3x3 个数合起来又看着多宽的一块？
@en 2
Each 3x3 adds 2 to the width, counted in pixels of its own input; behind a stride of 2 two such pixels are
two original ones apart, so it adds 4. The pooling adds 1.
@zh 2
每个 3x3 把宽度加 2，单位是它自己输入的像素；步幅 2 之后，相邻两个像素在原图里隔着 2，所以加 4。池化加 1。
@en 3
a[2] = 18 / 25. Without pooling 24 x 24 x 64 numbers go into the dense layer. With stride 2 the output is
(26 - 3) / 2 + 1 = 12 high, and each number takes 32 x 9 products. Adadelta's first step is
sqrt(eps) / sqrt((1 - rho) + eps).
@zh 3
a[2] = 18 / 25。去掉池化，进全连接层的是 24 x 24 x 64 个数。步幅 2 的输出高 (26 - 3) / 2 + 1 = 12，
每个数要 32 x 9 次乘法。Adadelta 的第一步是 sqrt(eps) / sqrt((1 - rho) + eps)。
@en after
7, 8, 0.72, 4718720, 2654208 and 0.01. Two small kernels see as far as a large one, for less, and have a
ReLU between them: that is why nets became deep and kernels small. Pooling saves three quarters of the
dense layer, a stride three quarters of the convolution.
To think about: how many 3x3 convolutions does it take until one number sees all of 28x28? How many with a
pooling behind every second one?
@zh after
7，8，0.72，4718720，2654208，0.01。两个小核看得与一个大核一样远，花费更少，中间还多一个 ReLU：所以网络变深，
核变小。池化省下全连接层的四分之三，步幅省下卷积的四分之三。
想一想：要几个 3x3 卷积，一个数才看得见整张 28x28？如果每两个后面接一个池化呢？
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
    .hand = {{0, "-> a=7,8,0.72,4718720,2654208,0.01"}},
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
