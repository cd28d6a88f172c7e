/* 05_adam
@en 1
Write the formulas beside the lines, symbol by symbol. Which of the two running means is corrected for
having begun at 0, and which is not?
@zh 1
把公式写在每一行旁边，一个符号一个符号地对。两个滑动平均都从 0 开始，哪一个做了修正，哪一个没有？
@en 2
v^ is missing: a line like that of m_hat, with b2. Then look where eps stands: inside the root, or
beside it?
@zh 2
少了 v^：要有一行与 m_hat 相仿，用 b2。再看 eps 站在哪里：根号里面，还是外面？
@en 3
v_hat = v[i] / (1 - (dl_real)pow(b2, (double)t)); and the denominator is (dl_real)sqrt(v_hat) + eps.
@zh 3
v_hat = v[i] / (1 - (dl_real)pow(b2, (double)t))，分母是 (dl_real)sqrt(v_hat) + eps。
@en after
Without the correction of v the first step is 1 / sqrt(1 - b2) times too large, 32 times for 0.999.
And eps inside of the root is no small matter: sqrt(1e-8) is 1e-4, so every gradient below that is
treated as noise. Frameworks do differ here, which is why a net can train in one and not in the other.
To think about: pow is called twice for each weight, and always gives the same two numbers. Take them
out of the loop: what does it save? And what happens in the first step if t begins at 0?
@zh after
v 不修正，第一步就大了 1 / sqrt(1 - b2) 倍，0.999 时是 32 倍。eps 放进根号也不是小事：sqrt(1e-8) 是 1e-4，
比它小的梯度全都被当成噪声。各家框架在这里确实不一样，所以同一个网络在这家能训练，到那家可能就不行。
想一想：每个权重都调用两次 pow，得到的总是同样的两个数。挪到循环外面，能省多少时间？
还有：如果 t 从 0 开始，第一步会怎样？
@train mlp
*/
#include "grader.h"

#ifndef CHILD
static void adam_step(dl_real *w, dl_real *m, dl_real *v, const dl_real *g, dl_int N, dl_real lr,
                      dl_real b1, dl_real b2, dl_real eps, dl_int t) {
    dlk_adam_step(w, g, m, v, N, lr, b1, b2, eps, t, false);
}
#endif
static void call_step(args *a) {
    adam_step(R(w), R(m), R(v), R(g), I(N), (dl_real)S(lr), (dl_real)S(b1), (dl_real)S(b2),
              (dl_real)S(eps), I(T));
}
const entry entries[MOST_ENTRIES] = {
    {"adam_step", "~w[N] ~m[N](-1,1) ~v[N](0,1) g[N] lr(0.01,0.5) b1(0.5,0.9) b2(0.8,0.99) "
                  "eps(0.01,0.1)", call_step, 0},
};

#ifdef TRAIN
static void whole_step(dl_real *w, const dl_real *g, dl_real *m, dl_real *v, dl_int n, double lr,
                       double b1, double b2, double eps, int64_t t, bool keras_eps) {
    (void)keras_eps;
    adam_step(w, m, v, g, n, (dl_real)lr, (dl_real)b1, (dl_real)b2, (dl_real)eps, (dl_int)t);
}
#endif
TRAINS(adam_step, whole_step)

#ifndef CHILD
/* c1, c2: by what m and v are divided; in, out: eps in the root and beside it */
static void adam(args *a, double c1, double c2, double in, double out) {
    for (dl_int i = 0; i < I(N); i++) {
        const double g = R(g)[i], m = R(m)[i] = S(b1) * R(m)[i] + (1 - S(b1)) * g;
        const double v = R(v)[i] = S(b2) * R(v)[i] + (1 - S(b2)) * g * g;
        R(w)[i] -= S(lr) * m / c1 / (sqrt(v / c2 + in) + out);
    }
}
static double gone(args *a, double b) { return 1 - pow(b, (double)I(T)); }
static void given(args *a) { adam(a, gone(a, S(b1)), 1, S(eps), 0); }
static void no_v_hat(args *a) { adam(a, gone(a, S(b1)), 1, 0, S(eps)); }
static void eps_in_root(args *a) { adam(a, gone(a, S(b1)), gone(a, S(b2)), S(eps), 0); }
static void no_hats(args *a) { adam(a, 1, 1, 0, S(eps)); }
static void no_m_hat(args *a) { adam(a, 1, gone(a, S(b2)), 0, S(eps)); }
static void b1_for_v(args *a) { adam(a, gone(a, S(b1)), gone(a, S(b1)), 0, S(eps)); }
static void no_eps(args *a) { adam(a, gone(a, S(b1)), gone(a, S(b2)), 0, 0); }
static void eps_twice(args *a) { adam(a, gone(a, S(b1)), gone(a, S(b2)), S(eps), S(eps)); }
static void no_power(args *a) { adam(a, gone(a, S(b1)), 1 - S(b2), 0, S(eps)); }

const grader the_grader = {
    .hand = {
        {0, "N=1 T=1 w=1 m=0 v=0 g=2 lr=0.1 b1=0.9 b2=0.999 eps=1e-8 -> m=0.2 v=0.004 w=0.9"},
        {0, "N=1 T=2 w=0.9 m=0.2 v=0.004 g=1 lr=0.1 b1=0.9 b2=0.999 eps=1e-8 "
            "-> m=0.28 v=0.004996 w=0.8068"},
        {0, "N=1 T=1 w=0 m=0 v=0 g=1e-7 lr=1 b1=0.9 b2=0.999 eps=1e-8 -> w=-0.909091"},
    },
    .mistake = {
        {"eps-in-root", 0, eps_in_root, "v^ is right now. eps still stands inside of the root; it is "
         "added to the root.", "v^ 对了。但 eps 还在根号里；它应当加在根号外面。"},
        {"no-v-hat", 0, no_v_hat, "v is not corrected: it began at 0, like m. Divide it by 1 - b2^t.",
         "v 没有修正：它与 m 一样从 0 开始，要除以 1 - b2^t。"},
        {"no-m-hat", 0, no_m_hat, "m is no longer corrected: divide it by 1 - b1^t.",
         "m 的修正丢了：要除以 1 - b1^t。"},
        {"no-hats", 0, no_hats, "Neither m nor v is corrected for having begun at 0.",
         "m 与 v 都没有修正，而它们都从 0 开始。"},
        {"b1-for-v", 0, b1_for_v, "v^ is corrected with b1: its own factor is b2.",
         "v^ 用 b1 做了修正：它自己的系数是 b2。"},
        {"no-power", 0, no_power, "v is divided by 1 - b2: it is 1 - b2^t, which grows step by step.",
         "v 除以了 1 - b2：应当是 1 - b2^t，它一步步变大。"},
        {"eps-twice", 0, eps_twice, "eps stands inside of the root and beside it: only beside it.",
         "根号里外各有一个 eps：只要外面那个。"},
        {"no-eps", 0, no_eps, "eps is missing: it is added to the root.", "漏了 eps：它要加在根号外面。"},
        {"as-given", 0, given, "This still computes what the given lines did: v is not corrected, and "
         "eps stands inside of the root.", "算出来的与原来那几行一样：v 没有修正，eps 在根号里。"},
    },
    .names = "T=t",
    .ranges = "T=1..5",
};
#endif
