/* 14_rotary
@en 1
x[t,2i] went to two places, with two factors. Which ones? And x[t,2i+1]?
@zh 1
x[t,2i] 去了两个地方，各带一个因子。哪两个？x[t,2i+1] 呢？
@en 2
dx[t,2i] gets dy[t,2i] cos and dy[t,2i+1] sin. The other one has a minus. What turn is that?
@zh 2
dx[t,2i] 得到 dy[t,2i] cos 与 dy[t,2i+1] sin。另一个里有个负号。这是怎样的一个旋转？
@en 3
The turn back, by minus the angle: dx[t,2i] += dy0 * c + dy1 * s; dx[t,2i+1] += dy1 * c - dy0 * s;
@zh 3
转回去，角度取负：dx[t,2i] += dy0 * c + dy1 * s; dx[t,2i+1] += dy1 * c - dy0 * s;
@en after
A rotation keeps lengths, and its way back is the rotation back: nothing can vanish or explode here. Turn
query i by 5 angles and key j by 3, and their product is that of a turn by 2, wherever both stand. It needs
no weights and no table, and works at places never seen in training - somewhat.
To think about: the w are 1, 0.1, 0.01, ... What would be lost if all were 1?
@zh after
旋转不改变长度，它的反向就是转回去：这里什么也不会消失或爆炸。查询转 5 个角、键转 3 个角，乘积就等于转 2 个角，
不管两者在哪里。它不要权重也不要表，训练时没见过的位置也能用——多少能用。
想一想：w 取 1、0.1、0.01……。如果全取 1，会失去什么？
*/
#include "grader.h"

#ifndef CHILD
enum { OTHER_WAY = 1, NO_T = 2, FROM_ONE = 4, HALVES = 8, OVERWRITTEN = 16 };
static void turn(args *a, dl_real *to, const dl_real *from, double sign, int how) {
    const dl_int K = I(K);
    for (dl_int t = 0; t < I(T); t++)
        for (dl_int i = 0; i < K; i++) {
            const double angle = (how & NO_T ? 1 : (double)(t + (how & FROM_ONE ? 1 : 0))) * R(w)[i];
            const double c = cos(angle), s = (how & OTHER_WAY ? -sign : sign) * sin(angle);
            const dl_int p = t * 2 * K + (how & HALVES ? i : 2 * i), q = how & HALVES ? p + K : p + 1;
            const double x0 = from[p], x1 = from[q], y0 = x0 * c - x1 * s;
            to[p] += y0;
            to[q] += (how & OVERWRITTEN ? y0 : x0) * s + x1 * c;
        }
}
static void forward_by(args *a, int how) {
    for (dl_int i = 0; i < I(T) * 2 * I(K); i++) R(y)[i] = 0;
    turn(a, R(y), R(x), 1, how);
}
#define TURN(name, how) static void name(args *a) { forward_by(a, how); }
TURN(call_forward, 0)
TURN(other_way, OTHER_WAY)
TURN(no_t, NO_T)
TURN(from_one, FROM_ONE)
TURN(halves, HALVES)
TURN(overwritten, OVERWRITTEN)
static void back_same(args *a) { turn(a, R(dx), R(dy), 1, 0); }
static void back_copied(args *a) {
    for (dl_int i = 0; i < I(T) * 2 * I(K); i++) R(dx)[i] += R(dy)[i];
}
#else
static void call_forward(args *a) { rotary_forward(R(y), R(x), R(w), I(T), I(K)); }
static void call_backward(args *a) { rotary_backward(R(dx), R(dy), R(w), I(T), I(K)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"rotary_forward", "=y[T,2K] x[T,2K] w[K]", call_forward, 0},
    {"rotary_backward", "+dx[T,2K] dy[T,2K] w[K]", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "T=2 K=1 w=1.570796326794897 x=1,2,1,2 -> y=1,2,-2,1"},
        {1, "T=2 K=1 w=1.570796326794897 dy=1,2,1,2 -> dx=1,2,2,-1"},
    },
    .mistake = {
        {"other-way", 0, other_way, "Turned the other way: the minus belongs to the first line.",
         "转反了：负号在第一行。"},
        {"no-place", 0, no_t, "All places are turned by the same angle: it is t times w[i].",
         "所有位置都转了同样的角：角是 t 乘 w[i]。"},
        {"from-one", 0, from_one, "Counted from 1: place 0 is not turned at all.", "从 1 数起了：位置 0 完全不转。"},
        {"halves", 0, halves, "Pairs are i and i + K (some nets do so); here they are 2i and 2i + 1.",
         "你把 i 与 i + K 配成一对（有的网络这样做）；这里是 2i 与 2i + 1。"},
        {"overwritten-x", 0, overwritten, "The second line uses the result of the first, where x[t,2i] is wanted.",
         "第二行用了第一行的结果，那里要的是 x[t,2i]。"},
        {"not-back", 1, back_same, "The gradient is turned on, and should be turned back: exchange the minus.",
         "梯度又往前转了一次，应当转回去：负号换一行。"},
        {"not-turned", 1, back_copied, "The gradient is only copied: x went to two places, with sin and cos.",
         "梯度只是照抄：x 去了两个地方，带着 sin 与 cos。"},
    },
    .ranges = "T=2..5 K=2..4",
};
#endif
