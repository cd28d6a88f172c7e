/* 10_calibration
@en 1
Take the example by hand. Into which drawer does p = 1 go? Is there one of that number?
@zh 1
用手算的例子走一遍。p = 1 进了哪个抽屉？有这个号码的抽屉吗？
@en 2
Two means of the same drawer have the same divisor. And the answers that were surest of all are lost.
@zh 2
同一个抽屉里的两个平均，除数应当一样。另外，最有把握的那些回答丢了。
@en 3
When drawer is B, make it B - 1; and divide right[b] by count.
@zh 3
drawer 等于 B 时改成 B - 1；right[b] 除以 count。
@en after
In float a probability of 1 is nothing rare: a net that is sure gives it thousands of times, and just these
answers were left out, the ones one wants to know about. The gap between the two columns, weighted by the
number in the drawer, is called the expected calibration error.
To think about: a net says 0.1 for each of ten digits, always. What does its table look like?
@zh after
在 float 里，概率等于 1 一点也不稀奇：有把握的网络会给出几千次，丢掉的偏偏就是它们，也正是人最想知道的那些。
两列之差按抽屉里的个数加权平均，叫期望校准误差。
想一想：有个网络对十个数字永远各说 0.1。它的表是什么样？
*/
#include "grader.h"

#ifndef CHILD
enum { LOSE_ONE = 1, BY_N = 2, SURE_BY_N = 4, FIRST = 8 };
static void table(args *a, int how) {
    for (dl_int b = 0; b < I(B); b++) {
        double count = 0, sure = 0, right = 0;
        for (dl_int i = 0; i < I(N); i++) {
            dl_int drawer = (dl_int)(R(p)[i] * (double)I(B));
            if (drawer == I(B) && !(how & LOSE_ONE)) drawer = how & FIRST ? 0 : I(B) - 1;
            if (drawer != b) continue;
            sure += R(p)[i];
            right += L(hit)[i];
            count++;
        }
        R(sure)[b] = count > 0 ? sure / (how & SURE_BY_N ? (double)I(N) : count) : 0;
        R(right)[b] = count > 0 ? right / (how & BY_N ? (double)I(N) : count) : 0;
    }
}
#define TABLE(name, how) static void name(args *a) { table(a, how); }
TABLE(call_calibration, 0)
TABLE(lose_one, LOSE_ONE)
TABLE(by_n, BY_N)
TABLE(both_by_n, BY_N | SURE_BY_N)
TABLE(to_first, FIRST)
#else
static void call_calibration(args *a) { calibration(R(sure), R(right), R(p), L(hit), I(N), I(B)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"calibration", "=sure[B] =right[B] p[N](0,1) hit[N]#J", call_calibration, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=3 B=4 J=2 p=0.75,0.5,1 hit=1,0,1 -> sure=0,0,0.5,0.875 right=0,0,0,1"},
        {0, "N=2 B=2 J=2 p=0.25,0 hit=1,0 -> sure=0.125,0 right=0.5,0"},
    },
    .mistake = {
        {"one-is-lost", 0, lose_one, "Answers with p = 1 are in no drawer: floor(B p) is B, and the last drawer "
         "is B - 1.", "p = 1 的回答不在任何抽屉里：floor(B p) 是 B，而最后一个抽屉是 B - 1。"},
        {"divided-by-N", 0, by_n, "right is divided by N: it is a mean over the answers of this drawer.",
         "right 除以了 N：它是这个抽屉里的平均。"},
        {"both-by-N", 0, both_by_n, "Both are divided by N: they are means over the answers of this drawer.",
         "两个都除以了 N：它们是这个抽屉里的平均。"},
        {"one-goes-first", 0, to_first, "p = 1 belongs into the last drawer, not into the first.",
         "p = 1 应当放进最后一个抽屉，不是第一个。"},
    },
    .names = "J=-",
    .ranges = "N=1..12 B=2..5 J=2..2",
};
#endif
