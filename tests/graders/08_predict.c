/* 08_predict
@en 1
y has two values only: 0, and x / (1 - p). Mean, variance and all the rest follow from these two and their
chances.
@zh 1
y 只有两个值：0，或者 x / (1 - p)。平均、方差，别的也都由这两个值和它们的概率得来。
@en 2
The variance is the mean of y^2 minus the square of the mean, x^2 / (1 - p) - x^2. Variances of
independent numbers add up; the standard deviation is the root.
@zh 2
方差是 y^2 的平均减去平均的平方：x^2 / (1 - p) - x^2。互相独立的数，方差可以相加；标准差是它的根。
@en 3
The chance of several independent things is the product of the chances; an epoch has 60000 / 128 steps,
and a fifth of them is the answer. Factors of layers in a row are multiplied.
@zh 3
几件互相独立的事同时发生，概率相乘；一轮有 60000 / 128 步，答案是它的五分之一。接连两层，倍数相乘。
@en after
4, 9 x 0.25 = 2.25, the root of 400 = 20, 0.03125, about 94 and 2.5. The third is the surprising one: the
sum is 400 in the mean and wanders by 20, a twentieth. The more units a layer has, the less it feels
dropout, which is why wide layers stand a large p.
To think about: after the dropout comes a layer that measures its inputs' variance, in training only.
What will it get wrong in the test?
@zh after
4，9 x 0.25 = 2.25，400 的根 20，0.03125，大约 94，2.5。第三个最出人意料：和的平均是 400，来回摆动只有 20，
二十分之一。一层的单元越多，越感觉不到丢弃，所以宽的层经得起大的 p。
想一想：丢弃层后面接了一层，它只在训练时量自己输入的方差。到了测试时，它会错在哪里？
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
    .hand = {{0, "-> a=4,2.25,20,0.03125,93.8,2.5"}},
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
