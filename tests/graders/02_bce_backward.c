/* 02_bce_backward
@en 1
In two steps, with y in between: d loss / d y is (y - t) / (y (1 - y)) / N. And d y / d z? Multiply the two.
@zh 1
分两步，中间是 y：loss 对 y 的导数是 (y - t) / (y (1 - y)) / N。y 对 z 的导数呢？两者相乘。
@en 2
d y / d z = y (1 - y), so the denominator cancels.
@zh 2
y 对 z 的导数是 y (1 - y)，正好与分母约掉。
@en 3
What is left is (y - t) / N: nothing that could be 0/0 when y rounds to 0 or 1.
@zh 3
剩下的是 (y - t) / N：y 舍入成 0 或 1 的时候，也没有 0/0 了。
@en after
What is left, y - t, is the error itself. Softmax with cross-entropy ends in the same place: p - 1 for
the right class, p for the others. It is no accident, but the reason why these pairs are used.
To think about: what would the squared error give for z = 10 and t = 0, and could it learn from that?
@zh after
剩下的 y - t 就是误差本身。softmax 配交叉熵，结果也一样：正确的类是 p - 1，其余是 p。这不是巧合，正因为如此才这样搭配。
想一想：z = 10、t = 0 时平方误差的导数是多少？靠它学得动吗？
*/
#include "grader.h"

#ifndef CHILD
static void bce_backward(dl_real *dz, const dl_real *z, const dl_real *t, dl_int N) {
    dlk_bce_backward(dz, 1, z, t, N, 1.0 / (double)N);
}
static void forward(args *a) {
    dlk_bce_forward(R(loss), R(z), R(t), I(N), 1.0 / (double)I(N));
}
#endif
static void call_backward(args *a) { bce_backward(R(dz), R(z), R(t), I(N)); }
const entry entries[MOST_ENTRIES] = {
    {"bce_backward", "+dz[N] z[N] t[N](0,1) dloss(1,1)", call_backward, 2},
    {"-forward", "=loss[1] z[N] t[N](0,1)", JUDGE(forward), 0},
};

#ifndef CHILD
static void each(args *a, double per, bool slope) {                 /* (y - t) times something */
    for (dl_int i = 0; i < I(N); i++) {
        const double y = 1 / (1 + exp(-R(z)[i]));
        R(dz)[i] += (y - R(t)[i]) * per * (slope ? y * (1 - y) : 1);
    }
}
static void is_sum(args *a) { each(a, 1, false); }
static void squared(args *a) { each(a, 1.0 / (double)I(N), true); }
static void by_y(args *a) {                                         /* d loss / d y, and no more */
    for (dl_int i = 0; i < I(N); i++) {
        const double y = 1 / (1 + exp(-R(z)[i]));
        R(dz)[i] += (y - R(t)[i]) / (y * (1 - y)) / (double)I(N);
    }
}
static void opposite(args *a) { each(a, -1.0 / (double)I(N), false); }
const grader the_grader = {
    .hand = {
        {0, "N=1 z=0 t=1 -> dz=-0.5"},
        {0, "N=2 z=0,0 t=0,0.5 -> dz=0.25,0"},
        {0, "N=2 z=1000,-1000 t=0,1 -> dz=0.5,-0.5"},
    },
    .ranges = "N=1..9",
    .mistake = {
        {"is-sum", 0, is_sum, "The loss is a mean: divide by N.", "损失是平均：要除以 N。"},
        {"squared", 0, squared, "That is (y - t) y (1 - y): one factor y (1 - y) too many. The loss's own "
         "derivative has it in the denominator.", "这是 (y - t) y (1 - y)：多了一个因子 y (1 - y)。"
         "损失自己的导数里，它在分母上。"},
        {"by-y", 0, by_y, "That is the derivative by y. Multiply by dy/dz = y (1 - y).",
         "这是对 y 的导数。还要乘 dy/dz = y (1 - y)。"},
        {"opposite", 0, opposite, "The sign is the wrong way round: y - t, not t - y.",
         "符号反了：是 y - t，不是 t - y。"},
    },
};
#endif
