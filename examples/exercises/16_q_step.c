/* 16_q_step: debug, 15 minutes, level 2, required, fast track

   Goal: Q-learning from a list of what happened, as somebody wrote it. Games never end for it, and losses
   look better than they are. Find the two faults and mend them.
   目标：有人写的 Q 学习，从一串经历里学。对它来说游戏从不结束，输了也不觉得有多糟。有两处毛病，找出来，修好。

       one after the other, for n = 0 .. N-1 一条接一条:
       q = r[n] + discount * max over b of table[next[n], b]
       where end[n] is 1:  q = r[n]                                     end[n] 为 1 时 q = r[n]
       table[s[n], a[n]] <- table[s[n], a[n]] + alpha (q - table[s[n], a[n]])

   Shapes 形状: table[S,A], which holds Q(s,a), is changed 表里是 Q(s,a)，要更新;
   s[N], a[N], r[N], next[N], end[N]: state, action, reward, next state, 1 at the end of a game
   状态、动作、奖励、下一个状态、游戏结束为 1; alpha, discount single numbers 一个数.

   By hand 手算: table = (-2, -4), one state, s = a = next = 0, r = -1, alpha = 0.5, discount = 0.5:
   end = 0 gives table[0,0] = -2; end = 1 gives -1.5.                          docs: chapter 16 */
#include "exercise.h"

void q_step(dl_real *table, const int32_t *s, const int32_t *a, const dl_real *r, const int32_t *next,
            const int32_t *end, dl_int N, dl_int A, dl_real alpha, dl_real discount)
{
    for (dl_int n = 0; n < N; n++) {
        /* >>> two faults are here   这里有两处毛病 */
        dl_real best = 0;
        for (dl_int b = 0; b < A; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = r[n] + discount * best;
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
        (void)end;
        /* <<< */
    }
}
