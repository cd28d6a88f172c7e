/* 03_sgd_step
@en 1
The gradient points to where the loss rises fastest. Which way do you want to go?
@zh 1
梯度指向损失上升最快的方向。你要往哪边走？
@en 2
Every weight has its own gradient: a loop over i.
@zh 2
每个权重有自己的梯度：对 i 循环。
@en 3
In the loop: from w[i] take lr times g[i]. w[i] -= a is short for w[i] = w[i] - a.
@zh 3
循环里：从 w[i] 里减去 lr 乘 g[i]。w[i] -= a 就是 w[i] = w[i] - a 的简写。
@en after
Everything else that chapter 05 calls an optimizer changes what stands in the place of g[i].
To think about: all gradients of a net are 0. What does this step do, and does it mean that all is well?
@zh after
第 05 章里所有的优化器，改的都只是 g[i] 那个位置上的东西。
想一想：网络的梯度全是 0。这一步会做什么？这是不是说明一切都好？
@train sgd
*/
#include "grader.h"
REFERENCE(sgd_step, dlk_sgd_step)

static void call_step(args *a) { sgd_step(R(w), R(g), I(N), S(lr)); }
const entry entries[MOST_ENTRIES] = {
    {"sgd_step", "~w[N] g[N] lr(0.01,0.5)", call_step, 0},
};
TRAINS(sgd_step, sgd_step)

#ifndef CHILD
static void uphill(args *a) { dlk_sgd_step(R(w), R(g), I(N), -S(lr)); }
static void no_rate(args *a) { dlk_sgd_step(R(w), R(g), I(N), 1); }
static void only_step(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(w)[i] = -S(lr) * R(g)[i];
}
const grader the_grader = {
    .hand = {{0, "N=3 w=1,2,3 g=4,-1,2 lr=0.1 -> w=0.6,2.1,2.8"}},
    .ranges = "N=1..9",
    .mistake = {
        {"uphill", 0, uphill, "You walk uphill: minus, not plus.", "你在往上坡走：要减，不要加。"},
        {"no-rate", 0, no_rate, "The learning rate is missing: the whole gradient is taken off.",
         "漏了学习率：你减去了整个梯度。"},
        {"only-step", 0, only_step, "That is the step alone; it is taken from w.",
         "这只是那一步本身；要从 w 里减去它。"},
    },
};
#endif
