/* 13_mgu
@en 1
Walk from h backwards: through which two doors did f go into it? And n, and h0?
@zh 1
从 h 往回走：f 从哪两扇门进来？n 呢？h0 呢？
@en 2
n gets dh f. Past the tanh that is dh f (1 - n^2): dan. un gets it times f. f gets dh (n - h0), and from
inside of the tanh dan times un.
@zh 2
n 得到 dh f。穿过 tanh 是 dh f (1 - n^2)，这就是 dan。un 得到它乘 f。f 得到 dh (n - h0)，还有从 tanh 里面来的
dan 乘 un。
@en 3
const dl_real d = dh[k] * f * (1 - n * n); dan += d; dun += d * f; dh0 += dh (1 - f);
daf += k (dh (n - h0) + d * un) * f * (1 - f), with your k.
@zh 3
const dl_real d = dh[k] * f * (1 - n * n); dan += d; dun += d * f; dh0 += dh (1 - f);
最后 daf += k (dh (n - h0) + d * un) * f * (1 - f)，k 用你的数值。
@en after
Two sets of weights where the GRU has three and the LSTM four, and on many tasks as good. The path from h0
to h has the factor 1 - f alone: with f near 0 the state stays, and so does its gradient. (un comes from h0
through weights; that part is the linear layer's.)
To think about: with which bias of f would you begin, if the task needs a long memory?
@zh after
权重只有两套，GRU 要三套，LSTM 要四套，在许多任务上一样好。从 h0 到 h 的路上只有因子 1 - f：f 接近 0 时状态留得住，
梯度也留得住。（un 由 h0 乘权重而来，那一份归线性层管。）
想一想：任务需要长的记忆时，f 的偏置该从什么数开始？
@variants
k -> daf | other
1 -> -0.375 | 0.13367
2 -> -0.75 | 0.267339
3 -> -1.125 | 0.401009
4 -> -1.5 | 0.534678
0.5 -> -0.1875 | 0.0668348
1.5 -> -0.5625 | 0.200504
*/
#include "grader.h"

#ifndef CHILD
enum { SWAPPED = 1, NO_RESET = 2, NO_TANH = 4, ONE_DOOR = 8, NO_GATE_SLOPE = 16, NO_SLOPE = 32, OTHER_DOOR = 64 };
static double gate(double x) { return 1 / (1 + exp(-x)); }
static void walk(args *a, int how, bool back) {
    for (dl_int k = 0; k < I(H); k++) {
        const double f = gate(V(k) * R(af)[k]), un = R(un)[k], sum = R(an)[k] + ((how & NO_RESET) && !back ? un : f * un);
        const double n = how & NO_TANH ? sum : tanh(sum), h0 = R(h0)[k];
        if (!back) { R(h)[k] = how & SWAPPED ? f * h0 + (1 - f) * n : (1 - f) * h0 + f * n; continue; }
        const double dh = R(dh)[k], d = dh * f * (how & NO_SLOPE ? 1 : 1 - n * n);
        const double outer = dh * (n - h0), inner = d * un;
        R(dan)[k] += d;
        R(dun)[k] += how & NO_RESET ? d : d * f;
        R(dh0)[k] += dh * (how & SWAPPED ? f : 1 - f);
        R(daf)[k] += (how & ONE_DOOR ? outer : how & OTHER_DOOR ? inner : outer + inner) *
                     V(k) * (how & NO_GATE_SLOPE ? 1 : f * (1 - f));
    }
}
#define WALK(name, how, back) static void name(args *a) { walk(a, how, back); }
WALK(call_forward, 0, false)
WALK(swapped, SWAPPED, false)
WALK(no_reset, NO_RESET, false)
WALK(no_tanh, NO_TANH, false)
WALK(one_door, ONE_DOOR, true)
WALK(other_door, OTHER_DOOR, true)
WALK(no_gate_slope, NO_GATE_SLOPE, true)
WALK(no_slope, NO_SLOPE, true)
WALK(back_swapped, SWAPPED, true)
WALK(dun_no_f, NO_RESET, true)
#else
static void call_forward(args *a) { mgu_forward(R(h), R(af), R(an), R(un), R(h0), I(H)); }
static void call_backward(args *a) {
    mgu_backward(R(daf), R(dan), R(dun), R(dh0), R(dh), R(af), R(an), R(un), R(h0), I(H));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"mgu_forward", "=h[H] af[H] an[H] un[H] h0[H]", call_forward, 0},
    {"mgu_backward", "+daf[H] +dan[H] +dun[H] +dh0[H] dh[H] af[H] an[H] un[H] h0[H]", LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "H=1 af=0 an=1 un=-2 h0=0.5 -> h=0.25"},
        {0, "H=2 af=1,-2 an=1,0.5 un=-2,1 h0=0.5,-1"},
        {1, "H=1 af=0 an=1 un=2 h0=0.5 dh=1 -> daf=$other dan=0.0353254 dun=0.0176627 dh0=0.5"},
        {1, "H=1 af=0 an=1 un=-2 h0=0.5 dh=1 -> daf=$daf dan=0.5 dun=0.25 dh0=0.5"},
    },
    .mistake = {
        {"swapped", 0, swapped, "f and 1 - f are exchanged: here f says how much is new.",
         "f 与 1 - f 对调了：这里 f 说的是有多少是新的。"},
        {"no-reset", 0, no_reset, "The proposal sees the old state through the gate: an + f un.",
         "新提议要透过门看旧状态：an + f un。"},
        {"no-tanh", 0, no_tanh, "The tanh of n is missing.", "n 漏了 tanh。"},
        {"one-door", 1, one_door, "f went in by two doors; the one inside of the tanh, f un, is missing in daf.",
         "f 从两扇门进来；daf 里漏了 tanh 里面的那一扇，f un。"},
        {"other-door", 1, other_door, "f went in by two doors; that of the mixing, n - h0, is missing in daf.",
         "f 从两扇门进来；daf 里漏了混合的那一扇，n - h0。"},
        {"no-gate-slope", 1, no_gate_slope, "The slope of the sigmoid is missing in daf: f (1 - f).",
         "daf 漏了 sigmoid 的斜率 f (1 - f)。"},
        {"no-slope", 1, no_slope, "The slope of tanh is missing: 1 - n^2.", "漏了 tanh 的斜率 1 - n^2。"},
        {"swapped-backward", 1, back_swapped, "h0 stays with the factor 1 - f.", "h0 留下的因子是 1 - f。"},
        {"dun-no-f", 1, dun_no_f, "un went in with the factor f: dun is missing it.",
         "un 进去时的因子是 f：dun 漏了它。"},
    },
};
#endif
