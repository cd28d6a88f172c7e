/* 05_predict
@en 1
Put the numbers into the formulas of one step, and look what cancels. In three of the first four the size of
the gradient does not matter at all.
@zh 1
把数代进一步的公式，看什么约掉了。前四个里有三个，与梯度的大小毫无关系。
@en 2
Momentum: when the speed no longer changes, v = mu v + lr g; solve for v. Adagrad: after 400 equal
gradients the sum is 400 g^2.
@zh 2
动量：速度不再变时，v = mu v + lr g，解出 v。Adagrad：400 个一样的梯度之后，和是 400 g^2。
@en 3
Without correction the first m is 0.1 g and the first v is 0.0001 g^2. The net has
784 x 64 + 64 + 64 x 10 + 10 parameters, and Adam keeps an m and a v for each.
@zh 3
没有修正时，第一个 m 是 0.1 g，第一个 v 是 0.0001 g^2。网络有 784 x 64 + 64 + 64 x 10 + 10 个参数，
Adam 为每一个存一个 m 和一个 v。
@en after
0.002, 1.2, 0.005, 10 and 203560. Adam's first step is lr, whatever the gradient; momentum's grow to
lr g / (1 - mu), here 20 times the first; Adagrad's shrink like 1 / sqrt(t). And of four numbers in
memory only one is a parameter.
To think about: which of these three would you trust with a gradient that is wrong by a factor of 100?
@zh after
0.002，1.2，0.005，10，203560。Adam 的第一步就是 lr，不管梯度多大；动量的步子涨到 lr g / (1 - mu)，
这里是第一步的 20 倍；Adagrad 的步子按 1 / sqrt(t) 变小。内存里每四个数，只有一个是参数。
想一想：如果梯度整个错了 100 倍，这三种里你还敢用哪一种？
*/
#include "grader.h"

#ifdef CHILD
static void call_answer(args *a) {
    double number[5] = {0, 0, 0, 0, 0};
    answer(number);
    for (int i = 0; i < 5; i++) R(a)[i] = (dl_real)number[i];
}
#endif
const entry entries[MOST_ENTRIES] = {{"answer", "=a[5]", LEARNERS(call_answer), 0}};

#ifndef CHILD
static void formula(args *a, const arg *out, dl_int i, FILE *f) {
    static const char *const text[] = {
        "m^ = m / (1 - b1^t), v^ = v / (1 - b2^t): lr m^ / sqrt(v^)", "v <- mu v + lr g",
        "a <- a + g^2: lr g / sqrt(a)", "lr m / sqrt(v)", "w, g, m, v"};
    (void)a;
    (void)out;
    fprintf(f, "%s\n", text[i]);
}
const grader the_grader = {
    .hand = {{0, "-> a=0.002,1.2,0.005,10,203560"}},
    .explain = formula,
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
