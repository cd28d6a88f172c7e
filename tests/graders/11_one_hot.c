/* 11_one_hot
@en 1
Take the second row of the example: t = (1, 0), p = (1, 0). What is 0 times log(0) in C? And a mean over
what is wanted?
@zh 1
看例子的第二行：t = (1, 0)，p = (1, 0)。在 C 里，0 乘 log(0) 是多少？另外，平均是对什么取的？
@en 2
log(0) is minus infinity, and 0 times infinity is NaN. The formula keeps p away from 0. And N is the number
of samples; of a sample's C terms all but one are 0.
@zh 2
log(0) 是负无穷，0 乘无穷是 NaN。公式不让 p 碰到 0。N 是样本个数；一个样本的 C 项里，只有一项不是 0。
@en 3
const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7; then log(q); and the divisor is N.
@zh 3
const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7; 然后 log(q)；除数是 N。
@en after
Both shipped, in real libraries. A mean over all elements is what the squared error takes, and somebody
used the same line for both; the gradient is ten times too small then, which looks like a bad learning rate.
The clamp has a price: below 1e-7 the loss does not change any more, and neither does the net. Taking the
loss from the logits (chapter 02) needs no clamp.
To think about: what does the loss say of a net that is wrong and perfectly sure, with the clamp at 1e-7
and at 1e-15?
@zh after
两处毛病都在真实的库里出现过。均方误差是对所有元素取平均，有人把同一行用在了两处；梯度于是小了十倍，
看上去像学习率没选好。截断也有代价：小于 1e-7 之后损失不再变，网络也就不再动。直接从得分算损失（第 02 章）
不需要截断。
想一想：一个网络答错了，而且十足自信。截断在 1e-7 与 1e-15 时，损失各说多少？
*/
#include "grader.h"

#ifndef CHILD
enum { OF_ALL = 1, SUM = 2, ADDED = 4, NO_SIGN = 8, BOTH = 16 };
static void loss_by(args *a, int how) {
    double sum = 0;
    for (dl_int k = 0; k < I(N) * I(C); k++) {
        const double t = R(t)[k], p = how & ADDED ? R(p)[k] + 1e-7 : fmax(R(p)[k], 1e-7);
        sum -= t * log(p);
        if (how & BOTH) sum -= (1 - t) * log(fmax(1 - R(p)[k], 1e-7));
    }
    R(loss)[0] = (how & NO_SIGN ? -sum : sum) / (how & SUM ? 1 : (double)(how & OF_ALL ? I(N) * I(C) : I(N)));
}
#define LOSS(name, how) static void name(args *a) { loss_by(a, how); }
LOSS(call_loss, 0)
LOSS(of_all, OF_ALL)
LOSS(sum_only, SUM)
LOSS(added, ADDED)
LOSS(no_sign, NO_SIGN)
LOSS(binary, BOTH)
#else
static void call_loss(args *a) { one_hot_loss(R(loss), R(p), R(t), I(N), I(C)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"one_hot_loss", "=loss[1] p[N,C](0.02,1) t[N,C](0,1)", call_loss, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=2 C=2 p=0.5,0.5,1,0 t=1,0,1,0 -> loss=0.346574"},
        {0, "N=1 C=2 p=0,1 t=1,0 -> loss=16.1181"},
    },
    .mistake = {
        {"mean-of-all", 0, of_all, "No NaN any more. But the mean is over all N * C elements; it is over the N "
         "samples.", "NaN 没有了。但平均是对全部 N * C 个元素取的；应当只对 N 个样本取。"},
        {"sum", 0, sum_only, "The sum is right; divide it by N.", "和是对的；再除以 N。"},
        {"added", 0, added, "1e-7 is added to each p; wanted is the larger one of the two, max(p, 1e-7).",
         "每个 p 都加了 1e-7；要的是两者中大的那个，max(p, 1e-7)。"},
        {"no-sign", 0, no_sign, "The minus is missing: logarithms of probabilities are negative, a loss is not.",
         "漏了负号：概率的对数是负的，损失不是。"},
        {"binary", 0, binary, "This is the binary cross-entropy, a sum of C yes-or-no questions. Here only t log p "
         "counts.", "这是二元交叉熵，C 个是非题之和。这里只算 t log p。"},
    },
};
#endif
