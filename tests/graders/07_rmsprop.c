/* 07_rmsprop
@en 1
a is a running mean: most of what it was, and a little of something new. What is the something?
@zh 1
a 是滑动平均：留住原来的大部分，再加一点新的。新的是什么？
@en 2
The new part is (1 - rho) times g[i] * g[i]. Renew a first; the step uses the new one.
@zh 2
新的部分是 (1 - rho) 乘 g[i] * g[i]。先更新 a，步子用的是更新后的 a。
@en 3
The first line sets a[i] with = , from rho times the old one and 1 - rho times g[i] * g[i]. The second takes
from w[i]: lr times g[i], divided by the root; eps is added before the root is taken.
@zh 3
第一行用 = 给 a[i] 赋值：rho 份旧的，加 1 - rho 份 g[i] * g[i]。第二行从 w[i] 里减去 lr 乘 g[i] 除以根；先加 eps，再开方。
@en after
A gradient a hundred times as large makes a root a hundred times as large: the step hardly depends on
the scale, only on the sign and on how steady the gradient is. The first steps are the largest, as a
begins at 0; Adam mends that.
To think about: a weight whose gradient was 0 for a long time gets a gradient at last. How large is
that step, and is that good?
@zh after
梯度大一百倍，根也大一百倍：步子几乎不看梯度的大小，只看符号，还有梯度稳不稳定。
a 从 0 开始，所以头几步最大；Adam 改掉了这一点。
想一想：一个权重的梯度很久都是 0，终于来了一个不是 0 的。这一步有多大？这样好吗？
@train rmsprop
*/
#include "grader.h"

#ifndef CHILD
static void rmsprop_step(dl_real *w, dl_real *a, const dl_real *g, dl_int N, dl_real lr, dl_real rho,
                         dl_real eps) {
    dlk_rmsprop_step(w, g, a, N, lr, rho, eps, 0);
}
#endif
static void call_step(args *a) {
    rmsprop_step(R(w), R(a), R(g), I(N), (dl_real)S(lr), (dl_real)S(rho), (dl_real)S(eps));
}
const entry entries[MOST_ENTRIES] = {
    {"rmsprop_step", "~w[N] ~a[N](0,2) g[N] lr(0.01,0.5) rho(0.6,0.99) eps(0.01,0.1)", call_step, 0},
};

#ifdef TRAIN                                                    /* dl_rmsprop has eps in the root */
static void whole_step(dl_real *w, const dl_real *g, dl_real *a, dl_int n, double lr, double rho,
                       double eps_in, double eps_out) {
    (void)eps_out;
    rmsprop_step(w, a, g, n, (dl_real)lr, (dl_real)rho, (dl_real)eps_in);
}
#endif
TRAINS(rmsprop_step, whole_step)

#ifndef CHILD
/* a <- keep a + new g^power; the step divides by the root of (old or new a) + in, plus out */
static void step(args *a, double keep, double new, int power, bool old, double in, double out) {
    for (dl_int i = 0; i < I(N); i++) {
        const double g = R(g)[i], before = R(a)[i];
        const double after = R(a)[i] = keep * before + new * (power == 2 ? g * g : g);
        R(w)[i] -= S(lr) * g / (sqrt((old ? before : after) + in) + out);
    }
}
#define MISTAKE(name, ...) static void name(args *a) { step(a, __VA_ARGS__); }
MISTAKE(old_mean, S(rho), 1 - S(rho), 2, true, S(eps), 0)
MISTAKE(eps_outside, S(rho), 1 - S(rho), 2, false, 0, S(eps))
MISTAKE(no_eps, S(rho), 1 - S(rho), 2, false, 0, 0)
MISTAKE(not_squared, S(rho), 1 - S(rho), 1, false, S(eps), 0)
MISTAKE(exchanged, 1 - S(rho), S(rho), 2, false, S(eps), 0)
MISTAKE(adagrad, 1, 1, 2, false, S(eps), 0)
MISTAKE(old_kept, 1 + S(rho), 1 - S(rho), 2, false, S(eps), 0)
MISTAKE(no_share, S(rho), 1, 2, false, S(eps), 0)
static void no_gradient(args *a) {
    for (dl_int i = 0; i < I(N); i++) {
        R(a)[i] = S(rho) * R(a)[i] + (1 - S(rho)) * R(g)[i] * R(g)[i];
        R(w)[i] -= S(lr) / sqrt(R(a)[i] + S(eps));
    }
}
static void power_zero(args *a) {                               /* pow(a + eps, 1/2) */
    for (dl_int i = 0; i < I(N); i++) {
        R(a)[i] = S(rho) * R(a)[i] + (1 - S(rho)) * R(g)[i] * R(g)[i];
        R(w)[i] -= S(lr) * R(g)[i];
    }
}
static void no_rate(args *a) {
    for (dl_int i = 0; i < I(N); i++) {
        R(a)[i] = S(rho) * R(a)[i] + (1 - S(rho)) * R(g)[i] * R(g)[i];
        R(w)[i] -= R(g)[i] / sqrt(R(a)[i] + S(eps));
    }
}
static void no_root(args *a) {
    for (dl_int i = 0; i < I(N); i++) {
        R(a)[i] = S(rho) * R(a)[i] + (1 - S(rho)) * R(g)[i] * R(g)[i];
        R(w)[i] -= S(lr) * R(g)[i] / (R(a)[i] + S(eps));
    }
}
const grader the_grader = {
    .hand = {
        {0, "N=1 w=0.68377 a=0.025 g=0.5 lr=0.1 rho=0.9 eps=0 -> a=0.0475 w=0.45436"},
        {0, "N=1 w=1 a=0 g=0.5 lr=0.1 rho=0.9 eps=0 -> a=0.025 w=0.68377"},
    },
    .mistake = {
        {"old-mean", 0, old_mean, "The step uses the old a: renew a first.",
         "步子用了旧的 a：先更新 a。"},
        {"eps-outside", 0, eps_outside, "eps stands beside the root (as in PyTorch). Here it belongs "
         "inside: sqrt(a + eps).", "eps 写在了根号外面（PyTorch 是这样）。这里要写在里面：sqrt(a + eps)。"},
        {"no-root", 0, no_root, "The root is missing: the step divides by sqrt(a + eps).",
         "漏了开方：要除以 sqrt(a + eps)。"},
        {"no-gradient", 0, no_gradient, "The gradient itself is missing in the step: lr g / sqrt(a + eps).",
         "步子里漏了梯度本身：lr g / sqrt(a + eps)。"},
        {"no-rate", 0, no_rate, "The learning rate is missing in the step.", "步子里漏了学习率。"},
        {"not-squared", 0, not_squared, "a collects squares: g[i] * g[i].", "a 收集的是平方：g[i] * g[i]。"},
        {"exchanged", 0, exchanged, "rho and 1 - rho are exchanged: rho is the share of the old a.",
         "rho 与 1 - rho 对调了：rho 是旧的 a 所占的份额。"},
        {"adagrad", 0, adagrad, "This a only ever grows, which is Adagrad. RMSprop keeps rho of it and "
         "adds 1 - rho of the new.",
         "这个 a 只增不减，那是 Adagrad。RMSprop 留下 rho 份旧的，加 1 - rho 份新的。"},
        {"old-kept", 0, old_kept, "The old a is in it once too often: a = rho * a + ... , and not += .",
         "旧的 a 多算了一次：a = rho * a + …，不是 += 。"},
        {"power-zero", 0, power_zero, "The step divides by 1. In C, 1/2 is 0, and pow(x, 0) is 1: use sqrt(), "
         "or 0.5.", "步子除以的是 1。C 的 1/2 得 0，pow(x, 0) 等于 1：用 sqrt()，或者写 0.5。"},
        {"no-share", 0, no_share, "The factor 1 - rho at g^2 is missing.", "g^2 前面漏了因子 1 - rho。"},
        {"no-eps", 0, no_eps, "eps is missing under the root.", "根号里漏了 eps。"},
    },
};
#endif
