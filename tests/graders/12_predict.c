/* 12_predict
@en 1
An answer is a coin that shows "right" with probability p. What is the variance of one throw, and of the
mean of n?
@zh 1
一个回答就像一枚硬币，以概率 p 答对。抛一次的方差是多少？n 次的平均呢？
@en 2
The root of p (1 - p) / n; 0.006 are 0.6 points. Precision is 30 / 40, recall 30 / 60. L2 multiplies w by
1 - 2 lr l2 at each step, L1 takes lr l1 away.
@zh 2
p (1 - p) / n 的根；0.006 就是 0.6 个百分点。精确率 30 / 40，召回率 30 / 60。L2 每步把 w 乘以
1 - 2 lr l2，L1 每步减去 lr l1。
@en 3
a[1] = 0.09 / (0.001 * 0.001). a[3] = 0.8 * pow(0.99, 100). The last one: 500 right for certain, and 88 % of
1500; how much is that of 2000?
@zh 3
a[1] = 0.09 / (0.001 * 0.001)。a[3] = 0.8 * pow(0.99, 100)。最后一题：500 张必对，1500 张里对 88 %；
合起来占 2000 的多少？
@en after
0.6, 90000, 0.6, 0.293, 250 and 3. With 2500 images, two remedies must be more than a point apart before one
believes in the better one; the leak alone gives three. Most reported gains are smaller than one's own
mistakes.
To think about: try ten nets that are equally good, and report the best on 2500 validation images. By how
much too high will that number be?
@zh after
0.6，90000，0.6，0.293，250，3。只有 2500 张图时，两种办法要差一个百分点以上，才好相信哪个更好；而泄漏一下就是三个
百分点。报道里的许多提高，比自己犯的错还小。
想一想：试十个其实一样好的网络，报告 2500 张验证图上最好的那个。这个数会高估多少？
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
    .hand = {{0, "-> a=0.6,90000,0.6,0.2928,250,3"}},
    .secret = true,
    .inexact = true,
    .tolerance = 0.1,
};
#endif
