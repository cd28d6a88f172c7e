/* 17_clip
@en 1
One person's gradient is a thousand times as long as the others'. What is left of the others in the sum, after
the given lines have clipped?
@zh 1
有一个人的梯度是别人的一千倍长。照给的这几行裁剪之后，和里还剩下别人的多少？
@en 2
Each sample is to be clipped, before they are summed: the length belongs inside of the loop over b. And how
large is the noise, measured by c?
@zh 2
要先把每个样本各自裁剪，再求和：长度要在 b 的循环里面算。另外，噪声以 c 为单位，该有多大？
@en 3
Begin with out[k] = sigma * c * z[k]; for each b: length, by = length > c ? c / length : 1,
out[k] += by * g[b * D + k]; at last divide by B.
@zh 3
先令 out[k] = sigma * c * z[k]；对每个 b：算长度，by = length > c ? c / length : 1，
out[k] += by * g[b * D + k]; 最后除以 B。
@en after
Clipping the batch's gradient is what is done against explosions, and frameworks have a function for it; so it
is what people call. It bounds a step, but not what one person can do to it, and the proof of privacy is gone
without a word. The proof needs both: no one moves the sum by more than c, and the noise is as large as that.
To think about: gradients of single samples cost much memory. How much for 100000 weights and 128 samples?
@zh after
对整批的梯度做裁剪，是防爆炸的办法，框架里有现成的函数，于是人们就去调用它。它限制了一步的大小，却没有限制一个人对这一步
的影响，隐私的证明就这样无声无息地没了。证明两样都要：谁也不能把和推动超过 c，而噪声与这个 c 一样大。
想一想：单个样本的梯度很占内存。10 万个权重、128 个样本，要占多少？
*/
#include "grader.h"

#ifndef CHILD
enum { BATCH = 1, NO_C = 2, ALWAYS = 4, SQUARED = 8, NO_MEAN = 16, NOISE_LATE = 32, EACH = 64, NO_NOISE = 128 };
static void sum_up(args *a, int how) {
    const dl_int B = I(B), D = I(D);
    const double c = S(c), noise = how & NO_NOISE ? 0 : S(sigma) * (how & NO_C ? 1 : c), n = how & NO_MEAN ? 1 : (double)B;
    for (dl_int k = 0; k < D; k++) R(out)[k] = 0;
    for (dl_int b = 0; b < B; b++) {
        double square = 0;
        for (dl_int k = 0; k < D; k++) square += R(g)[b * D + k] * R(g)[b * D + k];
        const double length = how & SQUARED ? square : sqrt(square);
        const double by = how & BATCH ? 1 : length > c || (how & ALWAYS) ? c / length : 1;
        for (dl_int k = 0; k < D; k++) R(out)[k] += how & EACH ? fmax(-c, fmin(c, R(g)[b * D + k])) : by * R(g)[b * D + k];
    }
    double square = 0;
    for (dl_int k = 0; k < D; k++) square += R(out)[k] * R(out)[k];
    const double by = (how & BATCH) && sqrt(square) > c ? c / sqrt(square) : 1;
    for (dl_int k = 0; k < D; k++)
        R(out)[k] = how & NOISE_LATE ? R(out)[k] * by / n + noise * R(z)[k] : (R(out)[k] * by + noise * R(z)[k]) / n;
}
#define SUM(name, how) static void name(args *a) { sum_up(a, how); }
SUM(call_private, 0)
SUM(as_given, BATCH | NO_C)
SUM(batch, BATCH)
SUM(no_c, NO_C)
SUM(always, ALWAYS)
SUM(squared, SQUARED)
SUM(noise_late, NOISE_LATE)
SUM(no_mean, NO_MEAN)
SUM(each_number, EACH)
SUM(no_noise, NO_NOISE)
#else
static void call_private(args *a) {
    private_gradient(R(out), R(g), R(z), I(B), I(D), (dl_real)S(c), (dl_real)S(sigma));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"private_gradient", "=out[D] g[B,D] z[D] c(1.5,2.5) sigma(0.5,2)", call_private, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "B=2 D=2 g=3,4,0,1 z=1,-1 c=2 sigma=0.5 -> out=1.1,0.8"},
        {0, "B=2 D=2 g=3,4,0,1 z=0,0 c=2 sigma=0 -> out=0.6,1.3"},
    },
    .mistake = {
        {"batch-clipped", 0, batch, "The noise is right now. But the sum is clipped as a whole: one long gradient "
         "pushes the others out. Clip each sample.", "噪声对了。但裁剪的是整个和：一个长的梯度会把别人挤没。要每个样本各自裁剪。"},
        {"noise-without-c", 0, no_c, "Each sample is clipped now. The noise is sigma times c: it has to hide a "
         "gradient of length c.", "每个样本都裁剪了。噪声应当是 sigma 乘 c：它要盖住长度为 c 的梯度。"},
        {"as-given", 0, as_given, "This still computes what the given lines did.", "算出来的与原来那几行一样。"},
        {"short-ones-grow", 0, always, "Gradients shorter than c are made longer: they should stay.",
         "比 c 短的梯度被拉长了：它们应当不变。"},
        {"no-root", 0, squared, "This compares the square of the length with c: the root is missing.",
         "拿长度的平方与 c 比了：漏了平方根。"},
        {"noise-not-divided", 0, noise_late, "The noise is added after the division by B; it belongs into the sum.",
         "噪声加在了除以 B 之后；它应当加在和里。"},
        {"each-number", 0, each_number, "Each number is clipped by itself, and the direction changes with it: "
         "make the whole gradient shorter.", "你裁剪的是一个个数，方向也跟着变了：要把整个梯度一起缩短。"},
        {"no-noise", 0, no_noise, "The noise is missing: clipped sums alone still tell who was there.",
         "漏了噪声：只裁剪，和里仍然看得出有谁。"},
        {"no-mean", 0, no_mean, "Divide by B.", "要除以 B。"},
    },
    .ranges = "B=2..5 D=2..5",
};
#endif
