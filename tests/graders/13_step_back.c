/* 13_step_back
@en 1
First past the tanh: how much does the loss grow with the sum inside of it? Call it d.
@zh 1
先穿过 tanh：损失对括号里那个和的导数是多少？记作 d。
@en 2
d = dh[j] * (1 - h[j] * h[j]). From there on it is dense_backward twice, once with x and wx, once with h0
and wh; the bias gets d.
@zh 2
d = dh[j] * (1 - h[j] * h[j])。后面就是两次 dense_backward：一次用 x 与 wx，一次用 h0 与 wh；偏置得到 d。
@en 3
db[j] += d; over k: dx[k] += d * wx[j * D + k]; dwx[j * D + k] += d * x[k]; over l the same with dh0, wh, dwh, h0.
@zh 3
db[j] += d; 对 k：dx[k] += d * wx[j * D + k]; dwx[j * D + k] += d * x[k]; 对 l 同样，用 dh0、wh、dwh、h0。
@en after
Call it T times from the last step to the first, hand dh0 on as the dh of the step before (plus what its own
output gets), and always add to the same dwx and dwh: that is backpropagation through time. Each call
multiplies by wh and by a slope of at most 1, which is why what is far vanishes.
To think about: with h = 0.99, what is the slope? What does a net of saturated units learn about the past?
@zh after
从最后一步到第一步调用 T 次，每次把 dh0 交给前一步当作 dh（再加上那一步的输出自己得到的），dwx 与 dwh 一直往同一处加：
这就是随时间反向传播。每次都乘上 wh，再乘上不超过 1 的斜率，所以远处的会消失。
想一想：h = 0.99 时斜率是多少？单元都饱和了的网络，还能从过去学到什么？
*/
#include "grader.h"

#ifndef CHILD
enum { NO_SLOPE = 1, SLOPE_OF_OLD = 2, TURNED = 4, NEW_STATE = 8, SIGMOID = 16, NO_OLD = 32, NO_BIAS = 128, OLD_W = 64 };
static void forward(args *a) {
    for (dl_int j = 0; j < I(H); j++) {
        double sum = R(b)[j];
        for (dl_int k = 0; k < I(D); k++) sum += R(wx)[j * I(D) + k] * R(x)[k];
        for (dl_int l = 0; l < I(H); l++) sum += R(wh)[j * I(H) + l] * R(h0)[l];
        R(h)[j] = tanh(sum);
    }
}
static void back(args *a, int how) {
    const dl_int D = I(D), H = I(H);
    for (dl_int j = 0; j < H; j++) {
        const double h = how & SLOPE_OF_OLD ? R(h0)[j] : R(h)[j];
        const double d = R(dh)[j] * (how & NO_SLOPE ? 1
                                    : how & SIGMOID ? h * (1 - h) : how & OLD_W ? 1 - h : 1 - h * h);
        if (!(how & NO_BIAS)) R(db)[j] += d;
        for (dl_int k = 0; k < D; k++) R(dx)[k] += d * R(wx)[j * D + k], R(dwx)[j * D + k] += d * R(x)[k];
        for (dl_int l = 0; l < H; l++) {
            if (!(how & NO_OLD)) R(dh0)[l] += d * R(wh)[how & TURNED ? l * H + j : j * H + l];
            R(dwh)[j * H + l] += d * (how & NEW_STATE ? R(h)[l] : R(h0)[l]);
        }
    }
}
#define BACK(name, how) static void name(args *a) { back(a, how); }
BACK(call_backward, 0)
BACK(no_slope, NO_SLOPE)
BACK(slope_of_old, SLOPE_OF_OLD)
BACK(turned, TURNED)
BACK(new_state, NEW_STATE)
BACK(sigmoid, SIGMOID)
BACK(no_square, OLD_W)
BACK(no_old, NO_OLD)
BACK(no_bias, NO_BIAS)
#else
static void call_backward(args *a) {
    rnn_step_backward(R(dx), R(dh0), R(dwx), R(dwh), R(db), R(dh), R(h), R(x), R(h0), R(wx), R(wh), I(D), I(H));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"rnn_step_backward", "+dx[D] +dh0[H] +dwx[H,D] +dwh[H,H] +db[H] dh[H] h[H] x[D](-1,1) h0[H](-1,1) "
                          "wx[H,D](-1,1) wh[H,H](-1,1)", call_backward, 2},
    {"-forward", "=h[H] x[D](-1,1) h0[H](-1,1) wx[H,D](-1,1) wh[H,H](-1,1) b[H](-1,1)", JUDGE(forward), 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "D=1 H=1 h=0.761594 x=1 h0=0.5 wx=0.8 wh=0.4 dh=1 "
            "-> dx=0.335979 dh0=0.16799 dwx=0.419974 dwh=0.209987 db=0.419974"},
    },
    .mistake = {
        {"no-slope", 0, no_slope, "The slope of tanh is missing: d = dh (1 - h^2).",
         "漏了 tanh 的斜率：d = dh (1 - h^2)。"},
        {"slope-of-old", 0, slope_of_old, "The slope is taken at the old state h0: it belongs to the new one, h.",
         "斜率取在了旧状态 h0 上：应当取新状态 h。"},
        {"sigmoid", 0, sigmoid, "h (1 - h) is the slope of a sigmoid; tanh has 1 - h^2.",
         "h (1 - h) 是 sigmoid 的斜率；tanh 的是 1 - h^2。"},
        {"no-square", 0, no_square, "The slope is 1 - h^2; yours is 1 - h.", "斜率是 1 - h^2；你写的是 1 - h。"},
        {"transposed-wh", 0, turned, "dh0 uses wh transposed: h0[l] went into h[j] with the factor wh[j,l].",
         "dh0 用的 wh 转置了：h0[l] 进 h[j] 时的因子是 wh[j,l]。"},
        {"no-dh0", 0, no_old, "dh0 is missing: without it nothing reaches the step before.",
         "漏了 dh0：没有它，什么也到不了前一步。"},
        {"no-db", 0, no_bias, "db is missing: the bias went into the sum with the factor 1.",
         "漏了 db：偏置进那个和时，因子是 1。"},
        {"new-state", 0, new_state, "dwh takes the new state h: what met wh was the old one, h0.",
         "dwh 用了新状态 h：与 wh 相乘的是旧状态 h0。"},
    },
    .ranges = "D=1..4 H=2..5",
};
#endif
