/* 00_bars
@en 1
Give each hidden unit a column of its own. What is the largest sum that a horizontal bar can have
in one column?
@zh 1
让每个隐藏单元管一列。一条横线在一列里的和最大是多少？
@en 2
A vertical bar fills its column with 3, a horizontal one puts 1 into each. Take off 2, and ReLU makes
1, 0, 0 of the former and 0, 0, 0 of the latter.
@zh 2
竖线把自己那一列填满，是 3；横线在每一列放 1。减去 2，再过 ReLU，前者成了 1、0、0，后者成了 0、0、0。
@en 3
w1[j,3r+j] = 1 for the three rows r, b1[j] = -2, w2[j] = 1. Then y is 1 or 0; which b2 puts the
border in between?
@zh 3
对三行 r 令 w1[j,3r+j] = 1，再令 b1[j] = -2，w2[j] = 1。这时 y 是 1 或 0；b2 取多少，分界就落在中间？
@en after
Nine weights alone cannot do it, 27 and a bend can. Training finds such weights from examples; what
it finds is seldom as tidy as yours.
To think about: which other solutions are there? Does yours also tell diagonals apart?
@zh after
光有九个权重做不到，27 个加一个拐弯就行。训练从例子里找出这样的权重，只是很少有你写的这么整齐。
想一想：还有哪些别的解？你的网络能认出斜线吗？
*/
#include "grader.h"

#ifdef CHILD
static void call_bars(args *a) {
    dl_real w1[27] = {0}, b1[3] = {0}, w2[3] = {0}, b2[1] = {0};
    bars(w1, b1, w2, b2);
    for (int p = 0; p < 6; p++) {                    /* three vertical bars, three horizontal ones */
        double y = b2[0];
        for (int j = 0; j < 3; j++) {
            double h = b1[j];
            for (int k = 0; k < 9; k++) h += (p < 3 ? k % 3 == p : k / 3 == p - 3) * w1[j * 9 + k];
            y += (h > 0 ? h : 0) * w2[j];
        }
        R(vertical)[p] = y > 0 ? 1 : y < 0 ? -1 : 0;
    }
}
#endif
const entry entries[MOST_ENTRIES] = {{"bars", "=vertical[6]", LEARNERS(call_bars), 0}};

#ifndef CHILD
static void set_all(args *a, double v, double h) {
    for (int p = 0; p < 6; p++) R(vertical)[p] = p < 3 ? v : h;
}
static void on_the_border(args *a) { set_all(a, 1, 0); }
static void all_positive(args *a) { set_all(a, 1, 1); }
static void all_negative(args *a) { set_all(a, -1, -1); }
static void all_zero(args *a) { set_all(a, 0, 0); }
const grader the_grader = {
    .hand = {{0, "-> vertical=1,1,1,-1,-1,-1"}},
    .mistake = {
        {"on-the-border", 0, on_the_border, "Vertical bars are right; horizontal ones give exactly 0, "
         "and should be below 0. What can b2 do?",
         "竖线对了；横线的 y 正好是 0，应当小于 0。b2 能做什么？"},
        {"all-positive", 0, all_positive, "All six pictures give y above 0: the border is too low.",
         "六张图的 y 都大于 0：分界太低了。"},
        {"all-negative", 0, all_negative, "All six pictures give y below 0: the border is too high.",
         "六张图的 y 都小于 0：分界太高了。"},
        {"all-zero", 0, all_zero, "All six pictures give y = 0: a weight of the second layer, or all of "
         "the first, is missing.", "六张图的 y 都是 0：漏了第二层的权重，或者整个第一层。"},
    },
    .inexact = true,
};
#endif
