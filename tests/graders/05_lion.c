/* 05_lion
@en 1
Write the description as three formulas: the mixture, the weight, the memory. Which must come last?
@zh 1
把描述写成三个公式：混合、权重、记忆。哪一个必须放在最后？
@en 2
The mixture is a number of its own, not stored: b1 m + (1 - b1) g. The sign of c in C: (c > 0) - (c < 0).
@zh 2
混合是临时的一个数，不存：b1 m + (1 - b1) g。在 C 里，c 的符号是 (c > 0) - (c < 0)。
@en 3
The weight loses lr times (the sign + decay times w).
@zh 3
权重减去 lr 乘（符号 + decay 乘 w）。
@en after
Every weight moves by exactly lr in each step, so the learning rate must be smaller than Adam's: when
your code trained above, it got a third of it. It keeps half of what Adam keeps.
To think about: near the bottom of the valley Adam's steps shrink. What do Lion's do, and what would
you do about it?
@zh after
每个权重每一步都恰好走 lr，所以学习率要比 Adam 的小：上面用你的代码训练时，给的是三分之一。
它自己存的数只有 Adam 的一半。
想一想：到了谷底附近，Adam 的步子会变小。Lion 的呢？你会怎么办？
@train mlp
*/
#include "grader.h"

#ifndef CHILD
/* the shares of the mixture and of the memory, and how the decay goes */
static void lion(args *a, double mix, double keep, int kind) {
    for (dl_int i = 0; i < I(N); i++) {
        const double w = R(w)[i], g = R(g)[i], m = R(m)[i];
        const double renewed = keep * m + (1 - keep) * g;
        const double c = mix * (kind == 1 ? renewed : m) + (1 - mix) * g + (kind == 2 ? S(decay) * w : 0);
        const double sign = kind == 3 ? c : kind == 4 ? (g > 0) - (g < 0) : (c > 0) - (c < 0);
        const double shrink = kind == 2 || kind == 5 ? 0 : S(decay) * w;
        R(w)[i] = w - S(lr) * sign - (kind == 6 ? shrink : S(lr) * shrink);
        if (kind == 7) R(w)[i] = (w - S(lr) * sign) * (1 - S(lr) * S(decay));
        if (kind == 8) R(w)[i] = w + S(lr) * sign - S(lr) * shrink;
        R(m)[i] = kind == 9 ? c : renewed;
    }
}
#define MISTAKE(name, mix, keep, kind) static void name(args *a) { lion(a, mix, keep, kind); }
MISTAKE(call_step, S(b1), S(b2), 0)
MISTAKE(memory_first, S(b1), S(b2), 1)
MISTAKE(decay_inside, S(b1), S(b2), 2)
MISTAKE(no_sign, S(b1), S(b2), 3)
MISTAKE(sign_of_g, S(b1), S(b2), 4)
MISTAKE(no_decay, S(b1), S(b2), 5)
MISTAKE(decay_no_lr, S(b1), S(b2), 6)
MISTAKE(decay_after, S(b1), S(b2), 7)
MISTAKE(uphill, S(b1), S(b2), 8)
MISTAKE(stored_mixture, S(b1), S(b1), 9)
MISTAKE(shares, 1 - S(b1), 1 - S(b2), 0)
MISTAKE(share, 1 - S(b1), S(b2), 0)
MISTAKE(exchanged, S(b2), S(b1), 0)
#else
static void call_step(args *a) {
    lion_step(R(w), R(m), R(g), I(N), (dl_real)S(lr), (dl_real)S(b1), (dl_real)S(b2), (dl_real)S(decay));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"lion_step", "~w[N] ~m[N] g[N] lr(0.01,0.5) b1(0.3,0.6) b2(0.7,0.95) decay(0.1,0.9)", call_step, 0},
};

#ifdef TRAIN                                   /* in the place of Adam, with a third of its rate */
static void as_adam(dl_real *w, const dl_real *g, dl_real *m, dl_real *v, dl_int n, double lr, double b1,
                    double b2, double eps, int64_t t, bool keras_eps) {
    (void)v;
    (void)b2;
    (void)eps;
    (void)t;
    (void)keras_eps;
    lion_step(w, m, g, n, (dl_real)(lr / 3), (dl_real)b1, (dl_real)0.99, 0);
}
#endif
TRAINS(adam_step, as_adam)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=4 w=1,-2,1,-2 m=1,1,1,1 g=-0.5,-0.8,-1.2,-3 lr=0.1 b1=0.6 b2=0.8 decay=0.5 "
            "-> w=0.85,-2,0.85,-1.8 m=0.7,0.64,0.56,0.2"},
        {0, "N=2 w=-2,0 m=0,3 g=0,5 lr=0.1 b1=0.6 b2=0.8 decay=0.5 -> w=-1.9,-0.1 m=0,3.4"},
        {0, "N=1 w=1 m=0.1 g=-2 lr=0.1 b1=0.9 b2=0.99 decay=0.5 -> w=1.05 m=0.079"},
    },
    .mistake = {
        {"memory-first", 0, memory_first, "The mixture is made with the memory as it was before: renew m "
         "last.", "混合要用更新之前的记忆：m 最后再更新。"},
        {"no-sign", 0, no_sign, "Only the sign of the mixture counts: every weight goes a step of lr.",
         "混合只看符号：每个权重都走一步 lr。"},
        {"sign-of-gradient", 0, sign_of_g, "This is the sign of g, not that of the mixture of m and g.",
         "这是 g 的符号，不是 m 与 g 混合之后的符号。"},
        {"decay-inside", 0, decay_inside, "The decay went into the mixture, of which only the sign is left: "
         "it shrinks w apart from it.", "衰减混进了混合里，取了符号就没了：它要另外让 w 缩小。"},
        {"no-decay", 0, no_decay, "The decay is missing: w also loses lr times decay times w.",
         "漏了衰减：w 还要减去 lr 乘 decay 乘 w。"},
        {"decay-without-lr", 0, decay_no_lr, "The decay is multiplied by lr, too.", "衰减也要乘 lr。"},
        {"decay-after", 0, decay_after, "w shrinks by what it was before the step, and not after it.",
         "缩小多少，要看 w 走之前的值，不是走之后的。"},
        {"uphill", 0, uphill, "w goes uphill: it moves against the sign.", "w 往上坡走了：要逆着符号走。"},
        {"stored-mixture", 0, stored_mixture, "w is right. The memory has a share of its own, b2: it is not "
         "the mixture.", "w 对了。记忆用自己的份额 b2，它不是那个混合。"},
        {"shares", 0, share, "In the mixture the shares are exchanged: b1 is that of the memory.",
         "混合里的份额用反了：b1 是记忆所占的。"},
        {"shares", 0, shares, "In the memory the shares are exchanged: b2 is that of what it was.",
         "记忆里的份额用反了：b2 是它原来的值所占的。"},
        {"exchanged", 0, exchanged, "b1 and b2 are exchanged: b1 is for the mixture, b2 for the memory.",
         "b1 与 b2 用反了：b1 用于混合，b2 用于记忆。"},
    },
};
#endif
