/* 18_batch_norm
@en 1
Predict one sample alone, N = 1. What do the given lines make of it, whatever it is?
@zh 1
只预测一个样本，N = 1。照给的这几行，不论它是什么，结果都是什么？
@en 2
That was the first: m and v in prediction. For the second, put keep = 0.99 in: how much of the average is
left after one batch?
@zh 2
这是第一处：预测时的 m 与 v。第二处，代入 keep = 0.99：一批之后，平均里还剩下多少旧的？
@en 3
else { m = mean[c]; v = var[c]; } and, in training, mean[c] = keep * mean[c] + (1 - keep) * m.
@zh 3
加上 else { m = mean[c]; v = var[c]; }；训练时 mean[c] = keep * mean[c] + (1 - keep) * m。
@en after
With the statistics of the batch in prediction, what comes out for you depends on who else is asked at the
same time; alone, you always get b. The share is a trap of names: the momentum of Keras is that of the old
value (0.99), the momentum of PyTorch that of the new one (0.1).
To think about: a sequence of batches is sorted by class. What do the running averages then know?
@zh after
预测时若用这一批的统计量，你的结果就取决于同时还问了谁；只有你一个时，总是得到 b。份额是名字上的陷阱：
Keras 的 momentum 是旧值的份额（0.99），PyTorch 的 momentum 是新值的份额（0.1）。
想一想：如果数据按类别排好了序，一批批来，滑动平均最后记住的是什么？
*/
#include "grader.h"

#ifndef CHILD
enum { BATCH = 1, SHARES = 2, ALWAYS = 4, OLD = 8, UNBIASED = 16, NO_ROOT = 32, RENEWED = 64 };
static void normalize(args *a, int how) {
    const dl_int N = I(N), C = I(C);
    const double keep = how & SHARES ? 1 - S(keep) : S(keep);
    for (dl_int c = 0; c < C; c++) {
        double m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += R(x)[n * C + c] / (double)N;
        for (dl_int n = 0; n < N; n++) v += (R(x)[n * C + c] - m) * (R(x)[n * C + c] - m);
        v /= how & UNBIASED ? fmax((double)N - 1, 1) : (double)N;
        const double old_m = R(mean)[c], old_v = R(var)[c];
        if (I(T) || (how & ALWAYS)) {
            R(mean)[c] = keep * old_m + (1 - keep) * m;
            R(var)[c] = keep * old_v + (1 - keep) * v;
        }
        if ((!I(T) && !(how & BATCH)) || (how & RENEWED)) {
            m = how & ALWAYS ? old_m : R(mean)[c];
            v = how & ALWAYS ? old_v : R(var)[c];
        } else if (how & OLD) {
            m = old_m;
            v = old_v;
        }
        for (dl_int n = 0; n < N; n++)
            R(y)[n * C + c] = R(w)[c] * (R(x)[n * C + c] - m) /
                              (how & NO_ROOT ? v + 1e-5 : sqrt(v + 1e-5)) + R(b)[c];
    }
}
#define NORM(name, how) static void name(args *a) { normalize(a, how); }
NORM(call_norm, 0)
NORM(as_given, BATCH | SHARES)
NORM(batch, BATCH)
NORM(shares, SHARES)
NORM(always, ALWAYS)
NORM(old, OLD)
NORM(renewed, RENEWED)
NORM(unbiased, UNBIASED)
NORM(no_root, NO_ROOT)
#else
static void call_norm(args *a) {
    batch_norm(R(y), R(mean), R(var), R(x), R(w), R(b), I(N), I(C), I(T), (dl_real)S(keep));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"batch_norm", "=y[N,C] ~mean[C] ~var[C](0.5,2) x[N,C] w[C] b[C] keep(0.6,0.95)", call_norm, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=2 C=1 T=1 x=1,3 w=2 b=1 mean=0 var=1 keep=0.9 -> y=-1,3 mean=0.2 var=1"},
        {0, "N=2 C=1 T=0 x=1,3 w=2 b=1 mean=0 var=1 keep=0.9 -> y=3,7 mean=0 var=1"},
        {0, "N=1 C=1 T=0 x=4 w=1 b=0 mean=2 var=4 keep=0.9 -> y=1"},
    },
    .mistake = {
        {"batch-in-prediction", 0, batch, "Prediction still normalizes by the batch: with T = 0, m and v are "
         "mean[c] and var[c].", "预测时用的还是这一批的统计量：T = 0 时，m 与 v 是 mean[c] 与 var[c]。"},
        {"shares", 0, shares, "The shares of the running averages are exchanged: keep is that of the old value.",
         "滑动平均的份额用反了：keep 是旧值所占的。"},
        {"as-given", 0, as_given, "This still computes what the given lines did.", "算出来的与原来那几行一样。"},
        {"always-renewed", 0, always, "The running averages also change in prediction: they should stay.",
         "预测时滑动平均也变了：它们应当不动。"},
        {"running-in-training", 0, renewed, "Training normalizes by the running averages: it should be by the "
         "batch itself.", "训练时用了滑动平均：应当用这一批自己的统计量。"},
        {"running-in-training", 0, old, "Training normalizes by the running averages: it should be by the "
         "batch itself.", "训练时用了滑动平均：应当用这一批自己的统计量。"},
        {"n-minus-1", 0, unbiased, "The variance is divided by N here, not by N - 1.", "这里方差除以 N，不是 N - 1。"},
        {"no-root", 0, no_root, "Divide by the root of the variance.", "要除以方差的平方根。"},
    },
    .ranges = "N=2..5 C=1..4 T=0..1",
};
#endif
