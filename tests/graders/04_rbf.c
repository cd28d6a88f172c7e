/* 04_rbf
@en 1
Take it apart: x goes into a difference, that into a square, that into a sum, that into e^(-q). One
factor each, multiplied.
@zh 1
拆开来看：x 进了一个差，差进了平方，平方进了和，和进了 e^(-q)。每一步一个因子，乘起来。
@en 2
The derivative of e^(-q) by q is -y, and you have y. That of q by x[i,k] is 2 g (x[i,k] - c[j,k]).
@zh 2
e^(-q) 对 q 的导数是 -y，而 y 已知。q 对 x[i,k] 的导数是 2 g (x[i,k] - c[j,k])。
@en 3
c enters with a minus where x has a plus: what dc[j,k] gets is what dx[i,k] gets, with the other sign.
@zh 3
x 带正号的地方，c 带负号：dc[j,k] 收到的，就是 dx[i,k] 收到的，符号相反。
@en after
A radial basis function, the oldest rival of the weighted sum. Its derivative dies with y: a unit whose
centre is far from all data learns nothing, like a dead ReLU; so centres are started at samples.
To think about: in 784 dimensions, random points are all far from each other. What does that do to y?
@zh after
这叫径向基函数，是加权和最老的对手。它的导数随 y 一起消失：中心离所有数据都远的单元什么也学不到，
像死掉的 ReLU；所以中心要从样本里挑。
想一想：在 784 维里，随机的点彼此都离得很远。这时 y 会怎样？
@variants
g -> q | y | last | dx | dc
1 -> 0.5 | 0.6065 | 0.28650 | -0.28650,-0.57301 | 0.28650,0.57301
0.5 -> 0.25 | 0.7788 | 0.53526 | -0.26763,-0.53526 | 0.26763,0.53526
2 -> 1 | 0.3679 | 0.08208 | -0.16417,-0.32834 | 0.16417,0.32834
0.25 -> 0.125 | 0.8825 | 0.73162 | -0.18290,-0.36581 | 0.18290,0.36581
3 -> 1.5 | 0.2231 | 0.02352 | -0.07055,-0.14111 | 0.07055,0.14111
1.5 -> 0.75 | 0.4724 | 0.15335 | -0.23003,-0.46006 | 0.23003,0.46006
*/
#include "grader.h"

#ifndef CHILD
/* kind 0: right, 1: plus in the exponent, 2: not squared (|d|), 3: the root of q */
static void forward_by(args *a, int kind) {
    const dl_int N = I(N), D = I(D), M = I(M);
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            double q = 0;
            for (dl_int k = 0; k < D; k++) {
                const double d = R(x)[i * D + k] - R(c)[j * D + k];
                q += V(g) * (kind == 2 ? fabs(d) : d * d);
            }
            R(y)[i * M + j] = exp(kind == 1 ? q : kind == 3 ? -sqrt(q) : -q);
        }
}
static void call_forward(args *a) { forward_by(a, 0); }
static void plus(args *a) { forward_by(a, 1); }
static void not_squared(args *a) { forward_by(a, 2); }
static void root(args *a) { forward_by(a, 3); }

static void backward_by(args *a, bool with_y, double factor, double dc_sign) {
    const dl_int N = I(N), D = I(D), M = I(M);
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const double d = V(g) * factor * R(dy)[i * M + j] * (with_y ? R(y)[i * M + j] : 1) *
                                 (R(x)[i * D + k] - R(c)[j * D + k]);
                R(dx)[i * D + k] += d;
                R(dc)[j * D + k] += dc_sign * d;
            }
}
static void no_y(args *a) { backward_by(a, false, -2, -1); }
static void same_sign(args *a) { backward_by(a, true, -2, 1); }
static void no_two(args *a) { backward_by(a, true, -1, -1); }
#else
static void call_forward(args *a) { rbf_forward(R(y), R(x), R(c), I(N), I(D), I(M)); }
static void call_backward(args *a) {
    rbf_backward(R(dx), R(dc), R(dy), R(x), R(c), R(y), I(N), I(D), I(M));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"rbf_forward", "=y[N,M] x[N,D](-0.6,0.6) c[M,D](-0.6,0.6)", call_forward, 0},
    {"rbf_backward", "+dx[N,D] +dc[M,D] dy[N,M] x[N,D](-0.6,0.6) c[M,D](-0.6,0.6) y[N,M]",
     LEARNERS(call_backward), 1},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 D=2 M=1 x=0.5,0 c=0,-0.5 -> y=$y"},
        {0, "N=2 D=1 M=2 x=0,1 c=0,2"},
        {1, "N=1 D=2 M=1 x=0.5,0 c=0,-1 y=$last dy=1 -> dx=$dx dc=$dc"},
    },
    .mistake = {
        {"plus", 0, plus, "The sign is missing in the exponent: e^(-q) is at most 1.",
         "指数上漏了负号：e^(-q) 最大是 1。"},
        {"not-squared", 0, not_squared, "q sums squares, not absolute values.",
         "q 是平方之和，不是绝对值之和。"},
        {"root", 0, root, "There is no root: q is the squared distance, times g.", "不用开方：q 是距离的平方乘 g。"},
        {"no-y", 1, no_y, "The factor of e^(-q) is missing: its derivative is -e^(-q), which is -y.",
         "漏了 e^(-q) 那一步的因子：它的导数是 -e^(-q)，也就是 -y。"},
        {"same-sign", 1, same_sign, "dx is right. c enters with a minus, so dc has the other sign.",
         "dx 对了。c 是带着负号进去的，所以 dc 的符号相反。"},
        {"no-two", 1, no_two, "The factor 2, from the square, is missing.", "漏了平方求导得来的 2。"},
    },
    .rows = true,
};
#endif
