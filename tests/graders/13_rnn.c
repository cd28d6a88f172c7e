/* 13_rnn
@en 1
Where is the state that the step before left? You have written it yourself - except at the first step.
@zh 1
上一步留下的状态在哪里？是你自己写下的——第一步除外。
@en 2
The old state is h0 for t = 0, and otherwise the row y + (t - 1) * H. Then two sums, as in dense_forward, and
a tanh.
@zh 2
t = 0 时旧状态是 h0，否则是 y + (t - 1) * H 那一行。然后是两个求和，与 dense_forward 一样，再取 tanh。
@en 3
const dl_real *old = t == 0 ? h0 : y + (t - 1) * H; a sum that begins at b[j], two loops, and
y[t * H + j] = (dl_real)tanh(sum);
@zh 3
const dl_real *old = t == 0 ? h0 : y + (t - 1) * H; 和从 b[j] 开始，两个循环，最后
y[t * H + j] = (dl_real)tanh(sum);
@en after
One set of weights, however long the sequence. Note what may not be done: keep one array h and overwrite it
while later units still need the old numbers. Writing each step into a row of its own avoids that, and the
backward needs all the rows anyway.
To think about: the steps have to wait for each other. Which of the two sums could be computed for all steps
beforehand?
@zh after
序列再长，权重也只有一套。有一种写法不行：只用一个数组 h，边算边覆盖，而后面的单元还要用旧的数。每一步写进
自己的一行，就没有这个问题；反正反向也要用到所有的行。
想一想：每一步都得等上一步。两个求和里，哪一个可以事先把所有步都算好？
@train rnn
*/
#include "grader.h"

#ifndef CHILD
enum { NO_STATE = 1, FROM_ZERO = 2, TURNED = 4, NO_TANH = 8, NO_BIAS = 16, ALWAYS_H0 = 32, NEW = 64,
       FIRST_X = 128, WX_TURNED = 256 };
static void read(args *a, int how) {
    const dl_int H = I(H), D = I(D), T = I(T);
    for (dl_int t = 0; t < T; t++)
        for (dl_int j = 0; j < H; j++) {
            double sum = how & NO_BIAS ? 0 : R(b)[j];
            for (dl_int k = 0; k < D; k++)
                sum += R(wx)[how & WX_TURNED ? k * H + j : j * D + k] * R(x)[(how & FIRST_X ? 0 : t) * D + k];
            for (dl_int l = 0; l < H; l++) {
                const double first = how & FROM_ZERO ? 0 : R(h0)[l];
                double old = t == 0 || (how & ALWAYS_H0) ? first : R(y)[(t - 1) * H + l];
                if ((how & NEW) && l < j) old = R(y)[t * H + l];
                if (!(how & NO_STATE)) sum += R(wh)[how & TURNED ? l * H + j : j * H + l] * old;
            }
            R(y)[t * H + j] = how & NO_TANH ? sum : tanh(sum);
        }
}
#define READ(name, how) static void name(args *a) { read(a, how); }
READ(call_forward, 0)
READ(no_state, NO_STATE)
READ(from_zero, FROM_ZERO)
READ(turned, TURNED)
READ(no_tanh, NO_TANH)
READ(no_bias, NO_BIAS)
READ(always_h0, ALWAYS_H0)
READ(new_state, NEW)
READ(first_x, FIRST_X)
READ(wx_turned, WX_TURNED)
#else
static void call_forward(args *a) {
    rnn_forward(R(y), R(x), R(wx), R(wh), R(b), R(h0), I(T), I(D), I(H));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"rnn_forward", "=y[T,H] x[T,D] wx[H,D](-1,1) wh[H,H](-1,1) b[H](-1,1) h0[H](-1,1)", call_forward, 0},
};

#ifdef TRAIN                                     /* dl.h has a batch of sequences, and two biases */
static void whole_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s) {
    const dl_int T = s->T, D = s->D, H = s->H;
    dl_real *b = (dl_real *)calloc((size_t)H, sizeof *b);
    if (b == NULL) exit(3);
    for (dl_int j = 0; j < H; j++) b[j] = (r->b_ih ? r->b_ih[j] : 0) + (r->b_hh ? r->b_hh[j] : 0);
    for (dl_int n = 0; n < s->N; n++) {
        rnn_forward(r->y + n * T * H, r->x + n * T * D, r->w_ih, r->w_hh, b, r->h0 + n * H, T, D, H);
        memcpy(r->hn + n * H, r->y + (n * T + T - 1) * H, (size_t)H * sizeof *r->y);
    }
    free(b);
}
#endif
TRAINS(rnn_forward, whole_forward)

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "T=3 D=1 H=1 x=1,0,0.5 wx=0.8 wh=0.9 b=0 h0=0 -> y=0.664037,0.535385,0.707273"},
        {0, "T=1 D=1 H=2 x=0 wx=0,0 wh=0,1,2,0 b=0,0 h0=1,0.5 -> y=0.462117,0.964028"},
    },
    .mistake = {
        {"no-state", 0, no_state, "The old state is missing: without wh the net remembers nothing.",
         "漏了旧状态：没有 wh 那一项，网络什么也不记得。"},
        {"from-zero", 0, from_zero, "The first step takes h0, and not zeros.", "第一步用的是 h0，不是零。"},
        {"transposed-wh", 0, turned, "wh is transposed: row j of wh makes h[j].", "wh 转置了：wh 的第 j 行算出 h[j]。"},
        {"transposed-wx", 0, wx_turned, "wx is transposed: it is [H,D], and row j makes h[j].",
         "wx 转置了：它是 [H,D]，第 j 行算出 h[j]。"},
        {"no-tanh", 0, no_tanh, "The tanh is missing.", "漏了 tanh。"},
        {"no-bias", 0, no_bias, "The bias is missing.", "漏了偏置。"},
        {"always-h0", 0, always_h0, "Every step takes h0: it is for the first only; later ones take the row before.",
         "每一步都用了 h0：它只给第一步用；后面的用上一行。"},
        {"new-state", 0, new_state, "Units that are done already hand on their new state: all of a step take the "
         "old one.", "已经算好的单元把新状态传了出去：同一步里，大家都用旧状态。"},
        {"first-x", 0, first_x, "Every step reads the first input: x moves on with t.",
         "每一步读的都是第一个输入：x 要跟着 t 往前走。"},
    },
    .ranges = "T=2..5 D=1..4 H=2..5",
};
#endif
