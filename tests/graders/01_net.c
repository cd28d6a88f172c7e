/* 01_net
@en 1
First all of h, then all of y: the second layer reads h as the first one reads x.
@zh 1
先把 h 全算完，再算 y：第二层读 h，就像第一层读 x。
@en 2
Row j of w1 begins at j * D, row m of w2 at m * H: the second layer has H inputs.
@zh 2
w1 的第 j 行从 j * D 开始，w2 的第 m 行从 m * H 开始：第二层有 H 个输入。
@en 3
h[j] = z > 0 ? z : 0; and at the end y[m] = 1 / (1 + (dl_real)exp(-z));
@zh 3
h[j] = z > 0 ? z : 0; 最后 y[m] = 1 / (1 + (dl_real)exp(-z));
@en after
That is a whole neural network. What is missing is where the weights come from: chapters 02 to 04.
To think about: leave ReLU out. Which single layer gives the same outputs for every x?
@zh after
这就是一个完整的神经网络。还缺的是权重从哪里来：第 02 到 04 章。
想一想：去掉 ReLU。哪一个单层对每个 x 都给出同样的输出？
*/
#include "grader.h"

#ifndef CHILD
static void run(args *a, bool relu, bool sigmoid, bool bias2) {
    dlk_linear_forward(R(h), R(x), R(w1), R(b1), 1, I(D), I(H));
    if (relu) dlk_relu_forward(R(h), R(h), I(H), 0, 0);
    dlk_linear_forward(R(y), R(h), R(w2), bias2 ? R(b2) : NULL, 1, I(H), I(M));
    if (sigmoid) dlk_sigmoid_forward(R(y), R(y), I(M), 0, 0);
}
static void call_net(args *a) { run(a, true, true, true); }
static void no_relu(args *a) { run(a, false, true, true); }
static void no_sigmoid(args *a) { run(a, true, false, true); }
static void no_bias(args *a) { run(a, true, true, false); }
#else
static void call_net(args *a) {
    net(R(y), R(h), R(x), R(w1), R(b1), R(w2), R(b2), I(D), I(H), I(M));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"net", "=y[M] =h[H] x[D] w1[H,D] b1[H] w2[M,H] b2[M]", call_net, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {{0, "D=2 H=3 M=2 x=1,2 w1=0.5,-0.25,-0.5,0.75,0.25,-0.5 b1=0.1,0,0.2 "
                 "w2=1,0.5,-1,-2,0.25,0.5 b2=-0.2,0.3 -> h=0.1,1,0 y=0.5987,0.5866"}},
    .mistake = {
        {"no-relu", 0, no_relu, "ReLU is missing: below 0, h is 0.", "漏了 ReLU：小于 0 时 h 是 0。"},
        {"no-sigmoid", 0, no_sigmoid, "The sigmoid at the end is missing.", "漏了最后的 sigmoid。"},
        {"no-bias", 0, no_bias, "b2 is missing in the second layer.", "第二层漏了 b2。"},
    },
};
#endif
