/* 06_work
@en 1
A net that knows nothing gives each of the 26 letters about the same probability. What is -log of that?
@zh 1
什么都不懂的网络，给 26 个字母的概率差不多一样。它的 -log 是多少？
@en 2
Forward, each weight is multiplied once for each image. Backward, the same number again for the
derivatives of the weights, and again for those of the inputs, but not in the first layer.
@zh 2
前向时，每张图用每个权重乘一次。反向时，求权重的导数又是同样多次，求输入的导数再来同样多次，但第一层不用。
@en 3
Taken twice, the scores of the second softmax are at best one 1 and 25 zeros: its probability for the
right letter is e / (e + 25).
@zh 3
做了两次时，第二个 softmax 的得分最好也只是一个 1 和 25 个 0：它给正确字母的概率是 e / (e + 25)。
@en after
log 26 = 3.2581, 9600, 268226, 50 x (2 x 267800 + 32600) = 28410000 and log(1 + 25 / e) = 2.3221. The
backward is not twice the forward here, because the first layer, nearly all of the net, sends nothing
on. And a loss that stops at a number like 2.3221 is a sign: look for a second softmax.
To think about: which of the five would tell you soonest that a loop of your own is wrong?
@zh after
log 26 = 3.2581，9600，268226，50 x (2 x 267800 + 32600) = 28410000，log(1 + 25 / e) = 2.3221。
这里反向不是前向的两倍：网络几乎全在第一层，而第一层不用再往回传。损失停在 2.3221 这样的数上，就是征兆：
去找多出来的那个 softmax。
想一想：五个数里，哪一个最早告诉你，自己写的循环错了？
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
const grader the_grader = {
    .hand = {{0, "-> a=3.2581,9600,268226,28410000,2.3221"}},
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
