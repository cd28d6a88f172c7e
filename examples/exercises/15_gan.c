/* 15_gan: derive, 20 minutes, level 3, required, fast track

   Goal: the game of two nets. The discriminator gives logits u for real samples and for made ones. What does
   each player want each logit to do?
   目标：两个网络的博弈。判别器给真样本和假样本各一个得分 u。两位玩家各希望这些得分往哪边走？

       D = s(u), s the sigmoid
       LD = -(1/N) sum of ( log s(real[i]) + log(1 - s(fake[i])) )         the discriminator's  判别器的损失
       LG = -(1/N) sum of log s(fake[i])                                   the generator's  生成器的损失

   Shapes 形状: real[N], fake[N] the logits 得分, given 已知; set 要算出: d_real[N], d_fake[N], the derivatives
   of LD by real and by fake  LD 对 real、fake 的导数; g_fake[N], that of LG by fake  LG 对 fake 的导数.

   By hand 手算: N = 1, real = 0, fake = log 4 (s = 0.8) give d_real = -0.5, d_fake = 0.8, g_fake = -0.2.
                                                                               docs: chapter 15 */
#include "exercise.h"

void gan_gradients(dl_real *d_real, dl_real *d_fake, dl_real *g_fake, const dl_real *real,
                   const dl_real *fake, dl_int N)
{
    for (dl_int i = 0; i < N; i++) {
        /* >>> about five lines   大约五行 */

        /* <<< */
    }
}
