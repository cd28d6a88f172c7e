/* 17_clip: debug, 20 minutes, level 3, harder

   Goal: a gradient that no single person can move far. Somebody wrote it, and claimed privacy; there are two
   faults, and it gives none. Find them and mend them.
   目标：没有哪一个人能把它推多远的梯度。有人写好了，声称保护隐私；里面有两处毛病，其实保护不了。找出来，修好。

       length[b] = sqrt(sum over k of g[b,k]^2)
       sum over the samples 对样本求和:  g[b] c / length[b] where length[b] > c, else g[b]  较长的缩到 c，其余不变
       out[k] = (that sum + sigma c z[k]) / B

   Shapes 形状: g[B,D], a gradient for each of the B samples 每个样本一个梯度; z[D] normal random numbers, drawn
   for you 已替你抽好的正态随机数; out[D] is set 要算出; c, sigma single numbers 都是一个数.

   By hand 手算: g = (3, 4; 0, 1), c = 2, sigma = 0 give out = (0.6, 1.3); with sigma = 0.5 and z = (1, -1)
   (1.1, 0.8).                                                                 docs: chapter 17 */
#include "exercise.h"

void private_gradient(dl_real *out, const dl_real *g, const dl_real *z, dl_int B, dl_int D, dl_real c,
                      dl_real sigma)
{
    /* >>> two faults are here   这里有两处毛病 */
    dl_real square = 0;
    for (dl_int k = 0; k < D; k++) {
        out[k] = 0;
        for (dl_int b = 0; b < B; b++) out[k] += g[b * D + k];
        square += out[k] * out[k];
    }
    const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
    for (dl_int k = 0; k < D; k++) out[k] = (out[k] * by + sigma * z[k]) / (dl_real)B;
    /* <<< */
}
