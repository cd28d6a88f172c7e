/* 13_lstm
@en 1
Three of the four are gates, between 0 and 1. The fourth is what is written. May that be negative?
@zh 1
四个里有三个是门，在 0 与 1 之间。第四个是要写进去的内容。它可以是负数吗？
@en 2
With a sigmoid for g the memory can only grow. The second fault is in what is shown: compare the last line
with the formula.
@zh 2
g 用 sigmoid，记忆就只增不减。第二处在“拿出来给人看”的那一行：与公式对一对。
@en 3
g = (dl_real)tanh(a[2 * H + k]); and h[k] = o * (dl_real)tanh(c[k]);
@zh 3
g = (dl_real)tanh(a[2 * H + k]); 以及 h[k] = o * (dl_real)tanh(c[k]);
@en after
Such faults live long, since nets learn around them. Without the last tanh the state has no bound, and
after many steps the sums of the next gates are far out, where sigmoids have no slope. Only comparing
numbers with another implementation finds them.
To think about: why has the path from c0 to c no tanh? (Section 5.)
@zh after
这种毛病活得久，因为网络会绕着它学。少了最后那个 tanh，状态就没有界；走了许多步，后面各个门的和跑得很远，那里
sigmoid 没有斜率。只有与别的实现逐个数相比，才找得出来。
想一想：从 c0 到 c 的路上为什么没有 tanh？（第 5 节。）
@train lstm
*/
#include "grader.h"

#ifndef CHILD
enum { G_SIGMOID = 1, NO_TANH = 2, SWAPPED = 4, O_BEFORE_G = 8, NO_OLD = 16 };
static double gate(double x) { return 1 / (1 + exp(-x)); }
static void cell(args *a, int how) {
    const dl_int H = I(H);
    for (dl_int k = 0; k < H; k++) {
        const double *x = R(a);
        const double i = gate(x[how & SWAPPED ? H + k : k]), f = gate(x[how & SWAPPED ? k : H + k]);
        const double s = x[(how & O_BEFORE_G ? 3 : 2) * H + k], o = gate(x[(how & O_BEFORE_G ? 2 : 3) * H + k]);
        const double g = how & G_SIGMOID ? gate(s) : tanh(s);
        const double c = R(c)[k] = f * R(c0)[k] + i * g;
        R(h)[k] = o * (how & NO_TANH ? c : tanh(c));
    }
}
#define CELL(name, how) static void name(args *a) { cell(a, how); }
CELL(call_cell, 0)
CELL(as_given, G_SIGMOID | NO_TANH)
CELL(g_sigmoid, G_SIGMOID)
CELL(no_tanh, NO_TANH)
CELL(swapped, SWAPPED)
CELL(o_before_g, O_BEFORE_G)
#else
static void call_cell(args *a) { lstm_cell(R(h), R(c), R(a), R(c0), I(H)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"lstm_cell", "=h[H] =c[H] a[4H] c0[H]", call_cell, 0},
};

#ifdef TRAIN          /* the backward needs the gates, which dl.h keeps; h and c are the learner's */
static void whole_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s) {
    const dl_int T = s->T, D = s->D, H = s->H;
    dl_real *a = (dl_real *)malloc((size_t)(8 * H) * sizeof *a), *u = a + 4 * H;
    if (a == NULL) exit(3);
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int t = 0; t < T; t++) {
            dl_real *h = r->y + (n * T + t) * H, *kept = r->saved + (n * T + t) * 5 * H, *c = kept + 4 * H;
            dlk_recurrent_step at = {a, u, h, c, t ? h - H : r->h0 + n * H, t ? c - 5 * H : r->c0 + n * H, kept};
            dlk_linear_forward(a, r->x + (n * T + t) * D, r->w_ih, r->b_ih, 1, D, 4 * H);
            dlk_linear_forward(u, at.h0, r->w_hh, r->b_hh, 1, H, 4 * H);
            dlk_lstm_gates_forward(&at, H);
            for (dl_int k = 0; k < 4 * H; k++) a[k] += u[k];
            lstm_cell(h, c, a, at.c0, H);
            if (t < T - 1) continue;
            memcpy(r->hn + n * H, h, (size_t)H * sizeof *h);
            memcpy(r->cn + n * H, c, (size_t)H * sizeof *c);
        }
    free(a);
}
#endif
TRAINS(lstm_forward, whole_forward)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "H=1 a=0,2,1,-1 c0=0.5 -> c=0.821196 h=0.181604"},
        {0, "H=1 a=0,0,-20,0 c0=3 -> c=1 h=0.380797"},
    },
    .mistake = {
        {"no-tanh", 0, no_tanh, "c is right now. What is shown is o tanh(c): the tanh is missing in h.",
         "c 对了。拿出来的是 o tanh(c)：h 里漏了 tanh。"},
        {"g-sigmoid", 0, g_sigmoid, "h takes tanh(c) now. But g is what is written, and no gate: it is a tanh, and "
         "can be negative.", "h 里有 tanh(c) 了。但 g 是写进去的内容，不是门：它是 tanh，可以是负的。"},
        {"as-given", 0, as_given, "This still computes what the given lines did. Write the formula beside each line.",
         "算出来的与原来那几行一样。把公式写在每一行旁边，对一对。"},
        {"i-f-swapped", 0, swapped, "i and f are exchanged: i stands first.", "i 与 f 对调了：i 排在第一。"},
        {"o-before-g", 0, o_before_g, "g and o are exchanged: the order is i, f, g, o.",
         "g 与 o 对调了：次序是 i、f、g、o。"},
    },
};
#endif
