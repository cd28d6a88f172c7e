/* 00_classify
@en 1
Keep two things while you go through the classes: the best score so far, and whose it is.
@zh 1
走过各类的时候，记住两样东西：目前的最高分，以及它是谁的。
@en 2
For each c: a sum that begins with b[c] and adds x[i * D + k] * w[c * D + k]. If it is larger than
the best so far (or c is 0), it is the new best.
@zh 2
对每个 c：一个和，从 b[c] 开始，加上 x[i * D + k] * w[c * D + k]。比目前的最高分大（或者 c 是 0），它就是新的最高分。
@en 3
if (c == 0 || score > best) { best = score; label[i] = (int32_t)c; }
@zh 3
在循环的末尾：if (c == 0 || score > best) { best = score; label[i] = (int32_t)c; }
@en after
With the templates that training finds, these lines read more than nine of ten digits. No
probabilities are needed to decide: the largest score stays the largest, whatever softmax makes of it.
To think about: what would beginning with best = 0 instead of the first score do?
@zh after
用训练找到的模板，这几行能认对九成以上的数字。要下决定用不着概率：不管 softmax 怎样变换，最高分还是最高分。
想一想：如果让 best 从 0 开始，而不是从第一个分数开始，会怎样？
*/
#include "grader.h"

#ifndef CHILD
static void score_all(int32_t *label, const dl_real *x, const dl_real *w, const dl_real *b, dl_int N,
                      dl_int D, dl_int C, dl_real least, dl_real sign, bool last) {
    for (dl_int i = 0; i < N; i++) {
        dl_real best = least;
        label[i] = 0;
        for (dl_int c = 0; c < C; c++) {
            dl_real s = b ? b[c] : 0;
            for (dl_int k = 0; k < D; k++) s += x[i * D + k] * w[c * D + k];
            s *= sign;
            if (s > best || (last && s == best)) {
                best = s;
                label[i] = (int32_t)c;
            }
        }
    }
}
static void classify(int32_t *label, const dl_real *x, const dl_real *w, const dl_real *b, dl_int N,
                     dl_int D, dl_int C) {
    score_all(label, x, w, b, N, D, C, -INFINITY, 1, false);
}
#endif
static void call_classify(args *a) {
    classify(L(label), R(x), R(w), R(b), I(N), I(D), I(C));
}
const entry entries[MOST_ENTRIES] = {
    {"classify", "=label[N]#C x[N,D] w[C,D] b[C]", call_classify, 0},
};

#ifndef CHILD
static void from_zero(args *a) {
    score_all(L(label), R(x), R(w), R(b), I(N), I(D), I(C), 0, 1, false);
}
static void smallest(args *a) {
    score_all(L(label), R(x), R(w), R(b), I(N), I(D), I(C), -INFINITY, -1, false);
}
static void no_bias(args *a) {
    score_all(L(label), R(x), R(w), NULL, I(N), I(D), I(C), -INFINITY, 1, false);
}
static void last_of_equal(args *a) {
    score_all(L(label), R(x), R(w), R(b), I(N), I(D), I(C), -INFINITY, 1, true);
}
const grader the_grader = {
    .hand = {
        {0, "N=1 D=3 C=2 x=1,0,2 w=1,1,0,0,0,1 b=0,-0.5 -> label=1"},
        {0, "N=2 D=1 C=3 x=1,-1 w=-3,-1,-2 b=0,0,0 -> label=1,0"},
        {0, "N=1 D=1 C=3 x=1 w=1,2,2 b=0,0,0 -> label=1"},
        {0, "N=1 D=2 C=3 x=1,1 w=1,0,0,1,1,1 b=4,0,0 -> label=0"},
    },
    .mistake = {
        {"from-zero", 0, from_zero, "When all scores are below 0, your best is still the 0 it began "
         "with. Begin with the first score.", "当所有的分都小于 0，你的最高分还是开头的那个 0。要从第一个分数开始。"},
        {"smallest", 0, smallest, "The smallest score wins here; the largest should.",
         "这里赢的是最低分；应当是最高分。"},
        {"no-bias", 0, no_bias, "The bias is missing: each score begins with b[c].",
         "漏了偏置：每个分数从 b[c] 开始。"},
        {"last-of-equal", 0, last_of_equal, "Of equal scores the first should win: > and not >= .",
         "分数相同要取前面的：用 > ，不用 >= 。"},
    },
};
#endif
