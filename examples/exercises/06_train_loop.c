/* 06_train_loop: debug, 15 minutes, level 2, required, fast track

   Goal: a training loop that does its four boxes in each of E rounds. Two mistakes are in it that
   report nothing: the loss even goes down for a while. Find them and mend them.
   目标：一个训练循环，E 轮，每轮四个方框。里面有两处不会报错的毛病，损失甚至还会降一阵子。找出来，修好。

       1 forward 前向:    y_i = b + sum over k of w[k] x[i,k]
       2 loss 损失:       L = 1/N sum over i of (y_i - t[i])^2
       3 backward 反向:   the derivative of L by each w[k] and by b, into g  L 对每个 w[k] 和 b 的导数，放进 g
       4 update 更新:     every parameter minus lr times its derivative  每个参数减去 lr 乘它的导数

   Shapes 形状: x[N,D] samples 样本; t[N] targets 目标; w[D] and b[1] are changed 要更新; g[D+1] is set
   to the derivatives of the last round, that by b at its end 最后一轮的导数，对 b 的放在最后.

   By hand 手算: w = 2, b = 1, x = 3, t = 5, lr = 0.01 give after one round 一轮之后 w = 1.88, b = 0.96,
   g = (12, 4), after two 两轮之后 w = 1.784, b = 0.928, g = (9.6, 3.2).       docs: chapter 06 */
#include "exercise.h"

void train(dl_real *w, dl_real *b, dl_real *g, const dl_real *x, const dl_real *t, dl_int N, dl_int D,
           dl_int E, dl_real lr)
{
    /* >>> two faults are here   这里有两处毛病 */
    for (dl_int k = 0; k <= D; k++) g[k] = 0;
    for (dl_int e = 0; e < E; e++) {
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
    }
    /* <<< */
}
