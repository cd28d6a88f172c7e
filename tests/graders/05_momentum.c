/* 05_momentum
@en 1
Each weight has a speed of its own. Which of the two must be brought up to date first?
@zh 1
每个权重有自己的速度。两个数里，应当先更新哪一个？
@en 2
The new speed is mu times the old one, plus lr times the gradient. Store it: the next step needs it.
@zh 2
新速度等于 mu 乘旧速度，再加 lr 乘梯度。要存起来，下一步还要用。
@en 3
The first line sets v[i] with = , since the old v[i] stands on the right already. The second takes the
new v[i] from w[i].
@zh 3
第一行用 = 给 v[i] 赋值，因为旧的 v[i] 已经写在右边了。第二行从 w[i] 里减去新的 v[i]。
@en after
With a steady gradient the speed grows up to lr g / (1 - mu), ten times the plain step for mu = 0.9;
pushes to and fro cancel each other. Two more lines, and one more array of the size of the weights.
To think about: why does who switches momentum on usually turn the learning rate down?
@zh after
梯度不变时，速度会涨到 lr g / (1 - mu)：mu = 0.9 时是原来步子的十倍；来回的推力则互相抵消。
只多了两行，外加一个与权重一样大的数组。
想一想：打开动量的人，为什么往往要把学习率调小？
@train momentum
*/
#include "grader.h"

#ifndef CHILD
static void momentum_step(dl_real *w, dl_real *v, const dl_real *g, dl_int N, dl_real lr, dl_real mu) {
    dlk_momentum_step(w, g, v, N, lr, 1, mu, false);
}
#endif
static void call_step(args *a) {
    momentum_step(R(w), R(v), R(g), I(N), (dl_real)S(lr), (dl_real)S(mu));
}
const entry entries[MOST_ENTRIES] = {
    {"momentum_step", "~w[N] ~v[N] g[N] lr(0.01,0.5) mu(0.5,0.99)", call_step, 0},
};

#ifdef TRAIN                                                    /* dl_momentum has the rate in gain */
static void whole_step(dl_real *w, const dl_real *g, dl_real *v, dl_int n, double gain, double rate,
                       double mu, bool nesterov) {
    (void)rate;
    (void)nesterov;
    momentum_step(w, v, g, n, (dl_real)gain, (dl_real)mu);
}
#endif
TRAINS(momentum_step, whole_step)

#ifndef CHILD
/* v <- keep v + push g, and w moves by `by` times the new speed */
static void step(args *a, double keep, double push, double by) {
    for (dl_int i = 0; i < I(N); i++) R(w)[i] -= by * (R(v)[i] = keep * R(v)[i] + push * R(g)[i]);
}
static void old_speed(args *a) {                                /* w moves before v is renewed */
    for (dl_int i = 0; i < I(N); i++) {
        R(w)[i] -= R(v)[i];
        R(v)[i] = S(mu) * R(v)[i] + S(lr) * R(g)[i];
    }
}
static void uphill(args *a) { step(a, S(mu), S(lr), -1); }
static void plain(args *a) { step(a, 0, S(lr), 1); }
static void no_rate(args *a) { step(a, S(mu), 1, 1); }
static void rate_twice(args *a) { step(a, S(mu), S(lr), S(lr)); }
static void rate_late(args *a) { step(a, S(mu), 1, S(lr)); }
static void mean_like(args *a) { step(a, S(mu), (1 - S(mu)) * S(lr), 1); }
static void old_kept(args *a) { step(a, 1 + S(mu), S(lr), 1); }
static void speed_sign(args *a) { step(a, S(mu), -S(lr), 1); }

const grader the_grader = {
    .hand = {
        {0, "N=2 w=0.5,1 v=0.1,0 g=0.9,-2 lr=0.1 mu=0.9 -> v=0.18,-0.2 w=0.32,1.2"},
        {0, "N=1 w=0.9 v=0.1 g=0.9 lr=0.1 mu=0.9 -> v=0.18 w=0.72"},
        {0, "N=1 w=1 v=0 g=1 lr=0.1 mu=0.9 -> v=0.1 w=0.9"},
    },
    .mistake = {
        {"old-speed", 0, old_speed, "w moved by the old speed: renew v first, then move.",
         "w 用旧的速度移动了：先更新 v，再移动。"},
        {"uphill", 0, uphill, "w goes uphill: it moves against the speed, with -= .",
         "w 往上坡走了：要逆着速度移动，用 -= 。"},
        {"old-kept", 0, old_kept, "The old v is in it once too often: v = mu * v + ... , and not += .",
         "旧的 v 多算了一次：v = mu * v + …，不是 += 。"},
        {"plain", 0, plain, "This is plain gradient descent: mu times the old speed "
         "is missing.", "这是普通的梯度下降：旧速度的 mu 倍漏了。"},
        {"no-rate", 0, no_rate, "The learning rate is missing: the push is lr g.",
         "漏了学习率：推力是 lr g。"},
        {"rate-twice", 0, rate_twice, "The learning rate is used twice: the speed has it already.",
         "学习率用了两次：速度里已经乘过了。"},
        {"rate-late", 0, rate_late, "Your v lacks lr, which you use only when w moves. PyTorch writes it "
         "so, and from v = 0 the path is the same; here v <- mu v + lr g.",
         "你的 v 里没有 lr，移动 w 时才乘。PyTorch 就这样写，从 v = 0 出发路径也一样；"
         "但这里要 v <- mu v + lr g。"},
        {"mean", 0, mean_like, "This is a running mean, with the factor 1 - mu. The speed of momentum "
         "adds lr g in full.", "这是滑动平均，带了因子 1 - mu。动量的速度要加上整个 lr g。"},
        {"speed-sign", 0, speed_sign, "The gradient has the wrong sign in v: it is added there, and v "
         "is subtracted from w.", "v 里梯度的符号反了：那里是加，到 w 时才减。"},
    },
};
#endif
