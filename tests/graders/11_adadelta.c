/* 11_adadelta
@en 1
Four formulas, four lines, in the order in which they are read: a, d, u, w.
@zh 1
四个公式，四行，按读的次序来：a、d、u、w。
@en 2
a is RMSprop's running mean of g^2. d is the gradient over the root of it, times the root of u, which
still knows only the steps before.
@zh 2
a 就是 RMSprop 里 g^2 的滑动平均。d 是梯度除以它的根，再乘 u 的根；这时的 u 只知道以前的步子。
@en 3
const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps); behind the line of a, in
front of that of u.
@zh 3
const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps); 放在 a 那一行之后，
u 那一行之前。
@en after
Take g a hundred times as large: a's root is, too, and d stays. Units cancel: u has those of w, so that a
step is measured in w's own units, which no other optimizer here can say. It begins slowly, since u begins
at 0 and only eps gets it going.
To think about: what would happen with eps = 0?
@zh after
把 g 放大一百倍：a 的根也大一百倍，d 不变。单位也消掉了：u 的单位是 w 的平方，步子就用 w 自己的单位来量，
这里的别的优化器都做不到。它起步慢，因为 u 从 0 开始，只靠 eps 推一把。
想一想：如果 eps = 0，会怎样？
@train adadelta
*/
#include "grader.h"

#ifndef CHILD
enum { NO_ROOTS = 1, EPS_BESIDE = 2, U_OF_G = 4, U_OF_STEP = 8, OLD_A = 16, PLUS = 32, NO_LR = 64, KEEP = 128,
       NO_U = 256, A_KEPT = 512, U_KEPT = 1024 };
static void step(args *a, int how) {
    const double rho = S(rho), eps = S(eps), lr = how & NO_LR ? 1 : S(lr), out = how & KEEP ? 1 : 1 - rho;
    for (dl_int i = 0; i < I(N); i++) {
        const double g = R(g)[i], old = R(a)[i], mean = R(a)[i] = (how & A_KEPT ? 1 + rho : rho) * old +
                                                              out * g * g;
        const double use = how & OLD_A ? old : mean, u = R(u)[i];
        const double d = how & NO_ROOTS ? g * (u + eps) / (use + eps)
                       : how & NO_U ? g / sqrt(use + eps)
                       : how & EPS_BESIDE ? g * (sqrt(u) + eps) / (sqrt(use) + eps)
                       : g * sqrt(u + eps) / sqrt(use + eps);
        const double of = how & U_OF_G ? g : how & U_OF_STEP ? lr * d : d;
        R(u)[i] = (how & U_KEPT ? 1 + rho : rho) * u + out * of * of;
        R(w)[i] += (how & PLUS ? 1 : -1) * lr * d;
    }
}
#define STEP(name, how) static void name(args *a) { step(a, how); }
STEP(call_step, 0)
STEP(no_roots, NO_ROOTS)
STEP(eps_beside, EPS_BESIDE)
STEP(u_of_g, U_OF_G)
STEP(u_of_step, U_OF_STEP)
STEP(old_a, OLD_A)
STEP(plus, PLUS)
STEP(no_lr, NO_LR)
STEP(keep, KEEP)
STEP(no_u, NO_U)
STEP(a_kept, A_KEPT)
STEP(u_kept, U_KEPT)
STEP(both_kept, A_KEPT | U_KEPT)
#else
static void call_step(args *a) {
    adadelta_step(R(w), R(a), R(u), R(g), I(N), (dl_real)S(lr), (dl_real)S(rho), (dl_real)S(eps));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"adadelta_step", "~w[N] ~a[N](0,1) ~u[N](0,1) g[N] lr(0.2,0.8) rho(0.8,0.95) eps(0.01,0.1)", call_step, 0},
};

#ifdef TRAIN
static void whole_step(dl_real *w, const dl_real *g, dl_real *a, dl_real *u, dl_int n, double lr,
                       double rho, double eps) {
    adadelta_step(w, a, u, g, n, (dl_real)lr, (dl_real)rho, (dl_real)eps);
}
#endif
TRAINS(adadelta_step, whole_step)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 w=0 a=0 u=0 g=1 lr=1 rho=0.95 eps=1e-7 -> a=0.05 u=1e-7 w=-0.001414"},
        {0, "N=1 w=2 a=0.5 u=0.25 g=1 lr=0.5 rho=0.5 eps=0 -> a=0.75 u=0.291667 w=1.711325"},
    },
    .mistake = {
        {"no-roots", 0, no_roots, "Both roots are missing in d.", "d 里漏了两个根号。"},
        {"eps-beside-root", 0, eps_beside, "Here eps stands inside of the roots: sqrt(u + eps) / sqrt(a + eps).",
         "这里 eps 在根号里面：sqrt(u + eps) / sqrt(a + eps)。"},
        {"u-of-gradient", 0, u_of_g, "u is the running mean of the squares of the steps d, not of the gradients.",
         "u 是步子 d 的平方的滑动平均，不是梯度的。"},
        {"u-of-lr-d", 0, u_of_step, "u takes d, before it is multiplied by lr.", "u 取的是还没有乘 lr 的 d。"},
        {"old-a", 0, old_a, "d takes the old a: update a first.", "d 用了旧的 a：先更新 a。"},
        {"plus", 0, plus, "The step goes uphill: w <- w - lr d.", "往上坡走了：w <- w - lr d。"},
        {"no-lr", 0, no_lr, "lr is missing: it is 1 by default, and somebody may want another.",
         "漏了 lr：它默认是 1，但别人可以改。"},
        {"no-mean", 0, keep, "a and u grow without end: the new part has the factor 1 - rho.",
         "a 与 u 只会越来越大：新的那份要乘 1 - rho。"},
        {"old-kept", 0, a_kept, "The old a is in it once too often: a = rho * a + ... , and not += .",
         "旧的 a 多算了一次：a = rho * a + …，不是 += 。"},
        {"old-kept", 0, u_kept, "The old u is in it once too often: u = rho * u + ... , and not += .",
         "旧的 u 多算了一次：u = rho * u + …，不是 += 。"},
        {"old-kept", 0, both_kept, "The old a and u are in it once too often: a = rho * a + ... , and not += .",
         "旧的 a 与 u 多算了一次：a = rho * a + …，不是 += 。"},
        {"rmsprop", 0, no_u, "This is RMSprop's step: the factor sqrt(u + eps) is missing.",
         "这是 RMSprop 的一步：漏了因子 sqrt(u + eps)。"},
    },
};
#endif
