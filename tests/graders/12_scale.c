/* 12_scale
@en 1
Which rows may be looked at before the exam? And what is the standard deviation of a column in which all
numbers are equal?
@zh 1
考试之前，可以看哪些行？如果一列里的数全都相等，标准差是多少？
@en 2
Mean and variance are sums over T rows; the last loop still runs over all N. A standard deviation of 0 must
not be a divisor.
@zh 2
平均与方差只对 T 行求和；最后那个循环还是走完 N 行。标准差为 0 时不能拿来除。
@en 3
i < T and / (dl_real)T in both sums; then std = var > 0 ? (dl_real)sqrt(var) : 1.
@zh 3
两个求和都用 i < T 和 / (dl_real)T；然后 std = var > 0 ? (dl_real)sqrt(var) : 1。
@en after
Scaling by all rows looks harmless: no label was read. But the test rows now lie where training says they
should, which rows of tomorrow will not. The smaller the table and the stronger the step (choosing columns,
filling gaps), the larger the lie. The rule is one: whatever is computed from data is computed from the
training rows.
To think about: should the test rows be scaled by their own mean and std? What if there is one test row only?
@zh after
用全部的行来缩放，看上去无害：又没有看标签。可是测试的行从此落在训练所说的范围里，明天的数据却不会。表越小、
处理越重（挑选列、填补空缺），谎就越大。规矩只有一条：凡是从数据算出来的，都只从训练的行算。
想一想：测试的行该用它们自己的平均与标准差吗？如果只有一行测试呢？
*/
#include "grader.h"

#ifndef CHILD
enum { LEAK = 1, OWN = 2, TRAIN_ONLY = 4, UNBIASED = 8, NO_ROOT = 16, DIVISOR = 32 };
static void scale_by(args *a, int how) {
    const dl_int D = I(D), N = I(N), T = how & LEAK ? N : I(T);
    for (dl_int k = 0; k < D; k++)
        for (int part = 0; part < 2; part++) {
            static double mean, var;
            const dl_int from = part && (how & OWN) ? T : 0, to = part && (how & OWN) ? N : T;
            const double count = how & DIVISOR ? (double)N : (double)(to - from);
            if (part == 0 || (how & OWN)) {
                mean = var = 0;
                for (dl_int i = from; i < to; i++) mean += R(x)[i * D + k] / count;
                for (dl_int i = from; i < to; i++) var += pow(R(x)[i * D + k] - mean, 2) / count;
                if (how & UNBIASED) var *= count / (count - 1);
            }
            if (part && (how & TRAIN_ONLY)) continue;
            for (dl_int i = part ? T : 0; i < (part ? N : T); i++)
                R(x)[i * D + k] = (R(x)[i * D + k] - mean) / (var <= 0 ? 1 : how & NO_ROOT ? var : sqrt(var));
        }
}
#define SCALE(name, how) static void name(args *a) { scale_by(a, how); }
SCALE(call_scale, 0)
SCALE(leak, LEAK)
SCALE(own, OWN)
SCALE(train_only, TRAIN_ONLY)
SCALE(unbiased, UNBIASED)
SCALE(no_root, NO_ROOT)
SCALE(divisor, DIVISOR)
#else
static void call_scale(args *a) { scale(R(x), I(N), I(D), I(T)); }
#endif
const entry entries[MOST_ENTRIES] = {{"scale", "~x[N,D]", call_scale, 0}};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=3 D=1 T=2 x=1,3,4 -> x=-1,1,2"},
        {0, "N=3 D=2 T=2 x=1,5,3,5,4,7 -> x=-1,0,1,0,2,2"},
    },
    .mistake = {
        {"leak", 0, leak, "Mean and std are taken over all N rows: the test has leaked into the training. Take the "
         "first T.", "平均与标准差取了全部 N 行：测试漏进了训练。只取前 T 行。"},
        {"own-scale", 0, own, "The test rows are scaled by their own mean and std. Then the same x means different "
         "things in training and test: use those of training.",
         "测试的行用了它们自己的平均与标准差。这样同一个 x 在训练与测试里意思不同：要用训练的。"},
        {"training-only", 0, train_only, "The test rows are not scaled: the net that was trained on scaled ones "
         "will see strange numbers.", "测试的行没有缩放：网络是用缩放过的数训练的，会看到陌生的数。"},
        {"unbiased", 0, unbiased, "The variance is divided by T - 1; here it is T.", "方差除以了 T - 1；这里是 T。"},
        {"no-root", 0, no_root, "Divided by the variance: its root is the standard deviation.",
         "除以了方差：它的根才是标准差。"},
        {"divisor", 0, divisor, "The sums run over T rows now, and are still divided by N.",
         "和只取 T 行了，可是还除以 N。"},
    },
    .ranges = "N=5..9 D=1..4 T=2..4",
};
#endif
