/* 07_fold
@en 1
Multiply the bracket out. Which part of the sum has an x in it, and which is only a number?
@zh 1
把括号乘开。和里面哪些项带着 x，哪些只是一个数？
@en 2
What stands in front of x[k] is w'[j,k] = w[j,k] / std[k]. What has no x, and comes once for each k, goes
to the bias.
@zh 2
x[k] 前面的就是 w'[j,k] = w[j,k] / std[k]。没有 x 的部分，每个 k 有一份，归到偏置里。
@en 3
w[j * D + k] /= std[k]; and after it b[j] -= w[j * D + k] * mean[k]; that w is the new one already.
@zh 3
w[j * D + k] /= std[k]; 之后 b[j] -= w[j * D + k] * mean[k]; 这里的 w 已经是新的了。
@en after
Scaling is a linear layer, and two linear layers in a row are one. Nets are made ready for use like this:
a step less to compute, and one that nobody can forget. (The same is done with whole layers later.)
To think about: could the layer have been trained on the plain x, and found w' by itself? Why scale then?
@zh after
缩放也是一个线性层，而两个线性层接在一起还是一个。网络交付使用之前常这样处理：少算一步，也就没人会忘。
（以后还会这样合并整个的层。）
想一想：如果直接用原来的 x 训练，它自己能学到 w' 吗？那为什么还要缩放？
*/
#include "grader.h"

#ifndef CHILD
/* the weight times std^power; the bias gets sign * mean * w' (new) or w (old) */
static void fold_by(args *a, double power, double sign, bool old, double divisor) {
    for (dl_int j = 0; j < I(M); j++)
        for (dl_int k = 0; k < I(D); k++) {
            dl_real *w = &R(w)[j * I(D) + k];
            const double before = *w;
            *w *= pow(R(std)[k], power);
            R(b)[j] += sign * (old ? before : *w) * R(mean)[k] / pow(R(std)[k], divisor);
        }
}
#define MISTAKE(name, ...) static void name(args *a) { fold_by(a, __VA_ARGS__); }
MISTAKE(call_fold, -1, -1, false, 0)
MISTAKE(times_std, 1, -1, true, 1)
MISTAKE(plus, -1, 1, false, 0)
MISTAKE(old_weight, -1, -1, true, 0)
MISTAKE(twice, -1, -1, false, 1)
MISTAKE(no_bias, -1, 0, false, 0)
static void std_of_j(args *a) {
    for (dl_int j = 0; j < I(M); j++)
        for (dl_int k = 0; k < I(D); k++) {
            R(w)[j * I(D) + k] /= R(std)[j % I(D)];
            R(b)[j] -= R(w)[j * I(D) + k] * R(mean)[k];
        }
}
static void per_weight(args *a) {                              /* mean alone, without the weight */
    for (dl_int j = 0; j < I(M); j++)
        for (dl_int k = 0; k < I(D); k++) {
            R(w)[j * I(D) + k] /= R(std)[k];
            R(b)[j] -= R(mean)[k] / R(std)[k];
        }
}
#else
static void call_fold(args *a) { fold(R(w), R(b), R(mean), R(std), I(D), I(M)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"fold", "~w[M,D] ~b[M] mean[D] std[D](0.3,3)", call_fold, 0},
};

#ifndef CHILD
static void products(args *a, const arg *out, dl_int at, FILE *f) {
    const dl_int D = I(D), j = strcmp(out->name, "b") == 0 ? at : at / D;
    fprintf(f, "y[%d] = %.4g", (int)j, (double)R(b)[j]);
    for (dl_int k = 0; k < D && k < 4; k++)
        fprintf(f, " + (%.4g)*(x[%d] - (%.4g)) / %.4g", (double)R(w)[j * D + k], (int)k,
                (double)R(mean)[k], (double)R(std)[k]);
    fprintf(f, D > 4 ? " + ...\n" : "\n");
}
const grader the_grader = {
    .hand = {
        {0, "D=1 M=1 w=6 b=1 mean=0.5 std=2 -> w=3 b=-0.5"},
        {0, "D=2 M=1 w=1,1 b=0 mean=1,-2 std=2,4 -> w=0.5,0.25 b=0"},
    },
    .mistake = {
        {"times-std", 0, times_std, "The weight is divided by std, since x is.",
         "权重要除以 std，因为 x 除以了它。"},
        {"std-of-j", 0, std_of_j, "std belongs to the input: std[k], not std[j].",
         "std 是属于输入的：std[k]，不是 std[j]。"},
        {"plus", 0, plus, "The mean is subtracted from x, so its product is subtracted from b.",
         "x 减去了 mean，所以 b 也要减去这个乘积。"},
        {"old-weight", 0, old_weight, "w is right. The bias takes the old weight: the mean was divided by "
         "std, too.", "w 对了。偏置用了旧的权重：mean 也除以了 std。"},
        {"divided-twice", 0, twice, "w is right. In the bias std is divided by twice: the new weight has it "
         "already.", "w 对了。偏置里除了两次 std：新的权重已经除过了。"},
        {"no-bias", 0, no_bias, "w is right. The bias must make up for the mean.",
         "w 对了。偏置要补上 mean 的部分。"},
        {"mean-alone", 0, per_weight, "w is right. The mean goes into the bias times its weight.",
         "w 对了。mean 要乘上权重再进偏置。"},
    },
    .explain = products,
};
#endif
