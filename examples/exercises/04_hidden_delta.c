/* 04_hidden_delta: debug, 15 minutes, level 2, required

   Goal: the error signal of a hidden layer, from that of the layer behind it. The function below was
   tried on one net, with as many hidden units as outputs, and seemed right. It has two faults.
   目标：由后一层的误差信号求隐藏层的误差信号。下面的函数只在一个网络上试过，隐藏单元与输出恰好一样多，
   看上去没有问题。其实有两处毛病，找出来，修好。

       delta1[i,j] = (sum over k of delta2[i,k] w2[k,j]) f'(z1[i,j])        f = ReLU

   Shapes 形状: delta2[N,M] given 已知; w2[M,H] the weights of the layer behind 后一层的权重; z1[N,H]
   the hidden sums before ReLU 隐藏层进 ReLU 之前的和; delta1[N,H] is set 要算出的.

   By hand 手算: delta2 = (-0.4013, 0.5866), w2 = (1, 0.5, -1 | -2, 0.25, 0.5), z1 = (0.1, 1, -0.55)
   give delta1 = (-1.5745, -0.0540, 0).                                        docs: chapter 04 */
#include "exercise.h"

void hidden_delta(dl_real *delta1, const dl_real *delta2, const dl_real *w2, const dl_real *z1,
                  dl_int N, dl_int H, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < H; j++) {
            /* >>> two faults are here   这里有两处毛病 */
            dl_real sum = 0;
            for (dl_int k = 0; k < M; k++) sum += delta2[i * M + k] * w2[j * M + k];
            delta1[i * H + j] = sum > 0 ? sum : 0;
            /* <<< */
        }
}
