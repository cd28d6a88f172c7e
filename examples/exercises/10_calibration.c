/* 10_calibration: debug, 20 minutes, level 3, harder

   Goal: "99 % sure" - and how often right? Sort the answers by how sure they were into B drawers, and
   compare in each drawer the mean confidence with the share of right answers. Somebody wrote it, with two
   faults: find them and mend them.
   目标：“九成九的把握”，到底对了几成？把回答按把握分进 B 个抽屉，每个抽屉里比一比：平均把握，和答对的比例。
   有人写好了，有两处毛病：找出来，修好。

       drawer 抽屉: b = floor(B p), and p = 1 goes into the last one   p = 1 放进最后一个
       sure[b] = mean of p, right[b] = mean of hit, over the answers in drawer b; 0 when it is empty
       抽屉 b 里 p 的平均与 hit 的平均；空抽屉是 0

   Shapes 形状: p[N] from 0 to 1, hit[N] 0 or 1 given 已知; sure[B], right[B] are set 要算出.

   By hand 手算: p = (0.75, 0.5, 1), hit = (1, 0, 1), B = 4 give sure = (0, 0, 0.5, 0.875),
   right = (0, 0, 0, 1).                                                       docs: chapter 10 */
#include "exercise.h"

void calibration(dl_real *sure, dl_real *right, const dl_real *p, const int32_t *hit, dl_int N, dl_int B)
{
    /* >>> two faults are here   这里有两处毛病 */
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        if (count > 0) sure[b] /= (dl_real)count;
        if (count > 0) right[b] /= (dl_real)N;
    }
    /* <<< */
}
