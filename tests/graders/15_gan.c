/* 15_gan
@en 1
It is the binary cross-entropy of chapter 02, three times. What was its derivative by the logit, for the
targets 1 and 0?
@zh 1
这是第 02 章的二元交叉熵，用了三次。目标是 1 和 0 时，它对得分的导数各是什么？
@en 2
For the target t it is s(u) - t. Real ones have the target 1; for the made ones the discriminator wants 0,
the generator 1.
@zh 2
目标是 t 时，导数是 s(u) - t。真样本的目标是 1；对假样本，判别器要 0，生成器要 1。
@en 3
With r = s(real[i]) and f = s(fake[i]): (r - 1) / N, f / N, (f - 1) / N.
@zh 3
设 r = s(real[i])，f = s(fake[i])：三个答案是 (r - 1) / N，f / N，(f - 1) / N。
@en after
d_fake and g_fake never agree in sign: one pushes the logit down, the other up. Had the generator simply
taken -LD, its slope would be -f: nothing where f is near 0, just when it is losing and needs advice most.
That is why LG was invented.
To think about: at what f do both push equally hard?
@zh after
d_fake 与 g_fake 的符号总是相反：一个把得分往下推，一个往上推。如果生成器就用 -LD，斜率是 -f：f 接近 0 时什么也
没有，而那正是它输得最惨、最需要指点的时候。所以才有了 LG。
想一想：f 等于多少时，两边推得一样用力？
*/
#include "grader.h"

#ifndef CHILD
enum { NO_MEAN = 1, EXCHANGED = 2, SATURATING = 4, BY_D = 8, UPHILL = 16, TWICE = 32 };
static void play(args *a, int how) {
    for (dl_int i = 0; i < I(N); i++) {
        const double r = 1 / (1 + exp(-R(real)[i])), f = 1 / (1 + exp(-R(fake)[i]));
        const double n = (how & UPHILL ? -1 : 1) * (how & NO_MEAN ? 1 : how & TWICE ? 2 * (double)I(N) : (double)I(N));
        R(d_real)[i] = how & EXCHANGED ? r / n : how & BY_D ? -1 / r / n : (r - 1) / n;
        R(d_fake)[i] = how & EXCHANGED ? (f - 1) / n : how & BY_D ? 1 / (1 - f) / n : f / n;
        R(g_fake)[i] = how & EXCHANGED ? f / n : how & BY_D ? -1 / f / n : how & SATURATING ? -f / n : (f - 1) / n;
    }
}
#define PLAY(name, how) static void name(args *a) { play(a, how); }
PLAY(call_gan, 0)
PLAY(no_mean, NO_MEAN)
PLAY(exchanged, EXCHANGED)
PLAY(saturating, SATURATING)
PLAY(by_d, BY_D)
PLAY(uphill, UPHILL)
PLAY(twice, TWICE)
#else
static void call_gan(args *a) { gan_gradients(R(d_real), R(d_fake), R(g_fake), R(real), R(fake), I(N)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"gan_gradients", "=d_real[N] =d_fake[N] =g_fake[N] real[N] fake[N]", call_gan, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 real=0 fake=1.386294 -> d_real=-0.5 d_fake=0.8 g_fake=-0.2"},
        {0, "N=2 real=0,1.386294 fake=0,0 -> d_real=-0.25,-0.1 d_fake=0.25,0.25 g_fake=-0.25,-0.25"},
    },
    .mistake = {
        {"no-mean", 0, no_mean, "The losses are means: divide by N.", "损失是平均：要除以 N。"},
        {"twice", 0, twice, "Divided by 2 N: LD is the mean over N pairs, not over 2 N samples.",
         "除以了 2 N：LD 是 N 对的平均，不是 2 N 个样本的。"},
        {"exchanged", 0, exchanged, "The targets are exchanged: the discriminator wants 1 for real ones.",
         "目标用反了：判别器希望真样本是 1。"},
        {"saturating", 0, saturating, "This generator maximizes LD: slope -f. Wanted is the derivative of LG, of "
         "-log s(fake).", "这个生成器在把 LD 变大：斜率是 -f。要的是 LG，也就是 -log s(fake) 的导数。"},
        {"by-D", 0, by_d, "These are derivatives by D. Go on to the logit: times the sigmoid's slope D (1 - D).",
         "这是对 D 的导数。还要再走一步到得分：乘 sigmoid 的斜率 D (1 - D)。"},
        {"uphill", 0, uphill, "The sign is the wrong way round: the derivative of -log s(u) is s(u) - 1, that of "
         "-log(1 - s(u)) is s(u).",
         "符号反了：-log s(u) 的导数是 s(u) - 1，-log(1 - s(u)) 的导数是 s(u)。"},
    },
};
#endif
