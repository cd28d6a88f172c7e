/* 01_xor
@en 1
Let both hidden units look at the sum x0 + x1: it is 0, 1, 1, 2. What must be taken off at 2?
@zh 1
让两个隐藏单元都看 x0 + x1 这个和：它是 0、1、1、2。到 2 的时候要减去多少？
@en 2
The first unit is the sum itself. The second should be 0 until the sum passes 1: ReLU of sum - 1.
@zh 2
第一个单元就是这个和。第二个在和超过 1 之前应当是 0：ReLU(和 - 1)。
@en 3
h = (0, 1, 1, 2) and (0, 0, 0, 1) for the four inputs; y = h[0] - 2 h[1].
@zh 3
对四个输入，h[0] = 0, 1, 1, 2，h[1] = 0, 0, 0, 1；y = h[0] - 2 h[1]。
@en after
Two units fold the square along its diagonal, and then a line is enough. In chapter 04 training finds
such numbers by itself, in some hundred steps.
To think about: can a 2-1-1 net do it? What if the unit could be something else than ReLU?
@zh after
两个单元把正方形沿对角线折起来，之后一条直线就够了。第 04 章里，训练用一两百步自己找到这样的数。
想一想：2-1-1 的网络行不行？如果单元可以不是 ReLU 呢？
*/
#include "grader.h"

#ifdef CHILD
static void call_xor(args *a) {
    dl_real w1[4] = {0}, b1[2] = {0}, w2[2] = {0}, b2[1] = {0};
    xor_net(w1, b1, w2, b2);
    for (int p = 0; p < 4; p++) {
        const int x[2] = {p / 2, p % 2};
        dl_real y = b2[0];
        for (int j = 0; j < 2; j++) {
            const dl_real z = b1[j] + (dl_real)x[0] * w1[2 * j] + (dl_real)x[1] * w1[2 * j + 1];
            y += (z > 0 ? z : 0) * w2[j];
        }
        R(y)[p] = y;
    }
}
#endif
const entry entries[MOST_ENTRIES] = {{"xor_net", "=y[4]", LEARNERS(call_xor), 0}};

#ifndef CHILD
static void set_all(args *a, double y0, double y1, double y3) {
    R(y)[0] = y0;
    R(y)[1] = R(y)[2] = y1;
    R(y)[3] = y3;
}
static void is_or(args *a) { set_all(a, 0, 1, 1); }
static void is_sum(args *a) { set_all(a, 0, 1, 2); }
static void is_zero(args *a) { set_all(a, 0, 0, 0); }
static void is_equal(args *a) { set_all(a, 1, 0, 1); }
const grader the_grader = {
    .hand = {{0, "-> y=0,1,1,0"}},
    .mistake = {
        {"or", 0, is_or, "That is \"or\": take off twice as much when both are 1.",
         "这是“或”：两个都是 1 时要多减一倍。"},
        {"sum", 0, is_sum, "That is the sum; nothing is taken off when both are 1.",
         "这只是求和；两个都是 1 的时候什么也没有减。"},
        {"zero", 0, is_zero, "y is always 0: w2, or all of the first layer, is missing.",
         "y 总是 0：漏了 w2，或者整个第一层。"},
        {"equal", 0, is_equal, "That is the opposite: 1 when both are the same.",
         "反了：这是两个相同时得 1。"},
    },
};
#endif
