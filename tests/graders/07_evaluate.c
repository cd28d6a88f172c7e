/* 07_evaluate
@en 1
Take the numbers by hand with a pencil: which two numbers does the loop over batches average? And what
is 2 / 3 in C, when both are whole numbers?
@zh 1
用铅笔算一遍手算的那组数：按批的循环平均的是哪两个数？还有：在 C 里，两个整数 2 / 3 等于多少？
@en 2
A mean of means is right only if all batches are of one size. Sum the losses of all samples, and divide
once at the end.
@zh 2
每批一样大时，平均的平均才是对的。把所有样本的损失加起来，最后只除一次。
@en 3
sum += batch; in the loop, then mean[0] = sum / (dl_real)N; and accuracy[0] = (dl_real)right / (dl_real)N;
@zh 3
循环里 sum += batch; 最后 mean[0] = sum / (dl_real)N; 以及 accuracy[0] = (dl_real)right / (dl_real)N;
@en after
In the mean of means the one sample of the last batch counted as much as the two of the first. With
10000 test images, 128 at a time, the last 16 count eight times as much as others: the loss can be off
in its third digit, and changes with the size of a batch. Such things make two programs disagree.
To think about: a training loss is printed while the weights change. Is it the loss of any one net?
@zh after
求平均的平均时，最后一批的那一个样本，抵得上第一批的两个。10000 张测试图，每批 128 张，
最后的 16 张每张抵别的八张：损失的第三位就可能不对，还会随批的大小变。两个程序的结果对不上，常常是因为这种事。
想一想：训练损失是一边改权重一边统计的。它是哪一个网络的损失？
*/
#include "grader.h"

#ifndef CHILD
typedef enum { SAMPLES, BATCHES, FULL_BATCHES } way;
static void measure(args *a, way how, bool whole, double times) {
    const dl_int N = I(N), B = I(B), batches = (N + B - 1) / B;
    double sum = 0, right = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_int last = N - i / B * B, size = last < B ? last : B;
        sum += R(loss)[i] / (double)(how == SAMPLES ? N : batches * (how == BATCHES ? size : B));
        if (L(guess)[i] == L(label)[i]) right++;
    }
    R(mean)[0] = sum;
    R(accuracy)[0] = times * (whole ? floor(right / (double)N) : right / (double)N);
}
static void call_evaluate(args *a) { measure(a, SAMPLES, false, 1); }
static void mean_of_means(args *a) { measure(a, BATCHES, false, 1); }
static void full_batches(args *a) { measure(a, FULL_BATCHES, false, 1); }
static void whole_numbers(args *a) { measure(a, SAMPLES, true, 1); }
static void percent(args *a) { measure(a, SAMPLES, false, 100); }
static void by_b(args *a) { measure(a, SAMPLES, false, 1); R(mean)[0] *= (double)I(N) / (double)I(B); }
static void only_sum(args *a) { measure(a, SAMPLES, false, 1); R(mean)[0] *= (double)I(N); }
#else
static void call_evaluate(args *a) {
    evaluate(R(mean), R(accuracy), R(loss), L(guess), L(label), I(N), I(B));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"evaluate", "=mean[1] =accuracy[1] loss[N](0,3) guess[N]#C label[N]#C", call_evaluate, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=3 B=2 C=10 loss=0.1,0.3,2 guess=7,2,1 label=7,2,0 -> mean=0.8 accuracy=0.6667"},
        {0, "N=4 B=2 C=10 loss=1,1,2,2 guess=1,2,3,4 label=1,2,3,4 -> mean=1.5 accuracy=1"},
    },
    .mistake = {
        {"mean-of-means", 0, mean_of_means, "This is the mean of the batches' means: a smaller last "
         "batch counts as much as a full one.", "这是各批平均值的平均：不满的最后一批与满的一批算得一样重。"},
        {"full-batches", 0, full_batches, "Each batch is divided by B, but the last one has fewer "
         "samples. Divide once, by N.", "每一批都除以 B，可最后一批没有那么多样本。只除一次，除以 N。"},
        {"whole-numbers", 0, whole_numbers, "right / N is a division of whole numbers: 2 / 3 is 0. "
         "Convert to dl_real before dividing.", "right / N 是整数相除：2 / 3 等于 0。先转成 dl_real 再除。"},
        {"percent", 0, percent, "The accuracy is a share from 0 to 1 here, not a percentage.",
         "这里的准确率是 0 到 1 的比例，不是百分数。"},
        {"by-b", 0, by_b, "The sum goes over all samples: divide by N, not by B.",
         "和是对所有样本求的：除以 N，不是 B。"},
        {"only-sum", 0, only_sum, "This is the sum of all losses: divide it by N.",
         "这是所有损失之和：还要除以 N。"},
    },
    .names = "C=-",
    .ranges = "N=1..9 B=2..4 C=2..3",
};
#endif
