/* 03_limit
@en 1
The slope of 2 w^2 is 4 w, so a step multiplies w by 1 - 4 lr. When is that between -1 and 1?
@zh 1
2 w^2 的导数是 4 w，所以每一步把 w 乘上 1 - 4 lr。它什么时候在 -1 与 1 之间？
@en 2
In the valley u is multiplied by 1 - lr and v by 1 - 10 lr. The steeper one decides when it diverges.
@zh 2
在山谷里，每一步 u 乘 1 - lr，v 乘 1 - 10 lr。什么时候发散，由陡的那个说了算。
@en 3
Limits are 2 / curvature: 2 / 4 and 2 / 10. And u after ten steps is 0.9 to the tenth.
@zh 3
界限是 2 除以曲率：2/4 与 2/10。十步之后的 u 是 0.9 的十次方。
@en after
0.5, 0.25, 0.36, 0.2 and 0.35: at half of its limit the flat direction has still a third of its way
to go after ten steps. One learning rate for all directions is a compromise, which chapter 05 attacks.
To think about: which rate makes the slower of the two directions as fast as it can be?
@zh after
0.5，0.25，0.36，0.2，0.35：学习率取界限的一半，平的方向十步之后还剩三分之一的路。所有方向共用一个学习率是折中，第 05 章要对付的就是它。
想一想：学习率取多少，两个方向里较慢的那个才最快？
*/
#include "grader.h"

#ifdef CHILD
static void call_answer(args *a) {
    double number[5] = {0, 0, 0, 0, 0};
    answer(number);
    for (int i = 0; i < 5; i++) R(a)[i] = (dl_real)number[i];
}
#else
static double descend(double curvature, double rate, int steps) {
    double w = 1;
    for (int i = 0; i < steps; i++) w -= rate * curvature * w;
    return w;
}
static double limit(double curvature) {                              /* measured, not computed */
    double rate = 0.001;
    while (fabs(descend(curvature, rate, 1000)) < 1) rate += 0.001;
    return rate;
}
static double in_one_step(double curvature) {
    double best = 0.001;
    for (double rate = 0.001; rate < 1; rate += 0.001)
        if (fabs(descend(curvature, rate, 1)) < fabs(descend(curvature, best, 1))) best = rate;
    return best;
}
static void call_answer(args *a) {
    R(a)[0] = limit(4);
    R(a)[1] = in_one_step(4);
    R(a)[2] = descend(4, 0.1, 2);
    R(a)[3] = limit(10);
    R(a)[4] = descend(1, 0.1, 10);
}
#endif
const entry entries[MOST_ENTRIES] = {{"answer", "=a[5]", call_answer, 0}};

#ifndef CHILD
const grader the_grader = {.secret = true, .inexact = true, .tolerance = 0.1};
#endif
