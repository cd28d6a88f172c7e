/* 04_hidden_delta
@en 1
Look at the shape of w2: M rows of H numbers. Where in memory is w2[k,j]? And what does ReLU look at
when it decides whether to let a number through?
@zh 1
先看 w2 的形状：M 行，每行 H 个数。w2[k,j] 在内存里的哪个位置？再想一想：ReLU 看的是哪个数，才决定放不放行？
@en 2
Forward, unit j spoke to output k over the edge w2[k,j]. Backward, the blame takes the same edge. And
the gate was set on the way there, by z1: what comes back has no say in it.
@zh 2
前向时，单元 j 经过边 w2[k,j] 传到输出 k；反向走的是同一条边。闸门是前向时由 z1 定下的，回来的信号说了不算。
@en 3
The product is with w2[k * H + j], and the condition is z1[i * H + j] > 0.
@zh 3
要乘的是 w2[k * H + j]，条件是 z1[i * H + j] > 0。
@en after
As long as H = M, w2[j * M + k] is some weight of the net and nothing crashes: test with sizes that
are all different. The second fault is known, too: it lets through what is positive on the way back,
and makes pretty pictures of what a unit looks for, but it is not the gradient.
To think about: with both faults the net still learned a little. Why is that worse than a crash?
@zh after
只要 H = M，w2[j * M + k] 也是网络里的一个权重，程序不会崩溃：所以测试时各个大小都要取得不一样。
第二处毛病也有名：它放行的是回来时为正的数，拿来画“单元在看什么”很好看，但它不是梯度。
想一想：带着这两处毛病，网络还是学到了一点。为什么这比崩溃更糟？
*/
#include "grader.h"

#ifndef CHILD
/* gate: 0 by z1 (right), 1 by the sum, 2 none, 3 times z1 itself; w2 is read at k * row + j * step */
static void delta_by(args *a, int gate, dl_int row, dl_int step) {
    const dl_int N = I(N), H = I(H), M = I(M);
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < H; j++) {
            const dl_real z = R(z1)[i * H + j];
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++)
                sum += R(delta2)[i * M + k] * R(w2)[(k * row + j * step) % (M * H)];
            R(delta1)[i * H + j] = gate == 2 ? sum : gate == 3 ? sum * z : (gate ? sum : z) > 0 ? sum : 0;
        }
}
static void call_delta(args *a) { delta_by(a, 0, I(H), 1); }
static void w_rows(args *a) { delta_by(a, 0, 1, I(M)); }
static void gate_sum(args *a) { delta_by(a, 1, I(H), 1); }
static void gate_none(args *a) { delta_by(a, 2, I(H), 1); }
static void gate_factor(args *a) { delta_by(a, 3, I(H), 1); }
static void row_of_m(args *a) { delta_by(a, 0, I(M), 1); }
static void both(args *a) { delta_by(a, 1, 1, I(M)); }
#else
static void call_delta(args *a) {
    hidden_delta(R(delta1), R(delta2), R(w2), R(z1), I(N), I(H), I(M));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"hidden_delta", "=delta1[N,H] delta2[N,M] w2[M,H] z1[N,H]", call_delta, 0},
};

#ifndef CHILD
static void terms(args *a, const arg *out, dl_int at, FILE *f) {
    const dl_int H = I(H), M = I(M), i = at / H, j = at % H;
    (void)out;
    fprintf(f, "delta1[%d,%d] = (0", (int)i, (int)j);
    for (dl_int k = 0; k < M && k < 6; k++)
        fprintf(f, " + (%.4g)*(%.4g)", (double)R(delta2)[i * M + k], (double)R(w2)[k * H + j]);
    fprintf(f, "%s) * f'(%.4g)\n", M > 6 ? " + ..." : "", (double)R(z1)[i * H + j]);
}
const grader the_grader = {
    .hand = {{0, "N=1 H=3 M=2 delta2=-0.4013,0.5866 w2=1,0.5,-1,-2,0.25,0.5 z1=0.1,1,-0.55 "
                 "-> delta1=-1.5745,-0.0540,0"}},
    .mistake = {
        {"gate-by-sum", 0, gate_sum, "The gate asks the wrong number: whether ReLU let a number "
         "through was decided forward, by z1.", "闸门问错了数：ReLU 放不放行，前向时就由 z1 定了。"},
        {"no-slope", 0, gate_none, "The factor f'(z1) is missing: where z1 is negative, nothing goes "
         "back.", "漏了因子 f'(z1)：z1 为负的地方什么也不往回传。"},
        {"z-as-slope", 0, gate_factor, "The factor is the slope of ReLU at z1, 1 or 0, and not z1 "
         "itself.", "要乘的是 ReLU 在 z1 处的斜率（1 或 0），不是 z1 本身。"},
        {"w-transposed", 0, w_rows, "The gate is right now. w2 is still read as if it had H rows of M; "
         "it has M rows of H.", "闸门对了。但 w2 还是被当成 H 行、每行 M 个数；它是 M 行、每行 H 个数。"},
        {"row-of-m", 0, row_of_m, "A row of w2 has H numbers, not M: w2[k,j] is w2[k * H + j].",
         "w2 的一行有 H 个数，不是 M 个：w2[k,j] 是 w2[k * H + j]。"},
        {"both-faults", 0, both, "This still computes what the given lines did: both faults are there.",
         "算出来的与原来那几行一样：两处毛病都还在。"},
    },
    .explain = terms,
    .rows = true,
};
#endif
