/* 17_fgsm
@en 1
What of the gradient is used here, and what is thrown away?
@zh 1
这里用了梯度的什么，扔掉了什么？
@en 2
Only its sign: eps, -eps or 0 is added to x[i]. Then look whether the sum is still a pixel.
@zh 2
只用符号：给 x[i] 加上 eps、-eps 或 0。再看看和还是不是一个像素。
@en 3
const dl_real to = x[i] + (g[i] > 0 ? eps : g[i] < 0 ? -eps : 0); bad[i] = to < 0 ? 0 : to > 1 ? 1 : to;
@zh 3
一步：const dl_real to = x[i] + (g[i] > 0 ? eps : g[i] < 0 ? -eps : 0); 然后 bad[i] = to < 0 ? 0 : to > 1 ? 1 : to;
@en after
A step along the gradient itself would spend nearly all on a few pixels. Each may go eps, so each goes eps:
784 small pushes in the right directions add up to a large one, which nobody sees.
To think about: half of MNIST's pixels are 0. In which direction can those go?
@zh after
如果沿梯度本身走，力气几乎全花在少数像素上。既然每个都可以挪 eps，就每个都挪 eps：784 个小小的推力方向都对，
合起来就很大，而谁也看不出来。
想一想：MNIST 的像素大半是 0。这些像素能往哪个方向挪？
*/
#include "grader.h"

#ifndef CHILD
enum { DOWN = 1, NO_SIGN = 2, NO_CLIP = 4, ZERO_UP = 8, ONE_SIDE = 16 };
static void attack(args *a, int how) {
    for (dl_int i = 0; i < I(N); i++) {
        const double g = R(g)[i], sign = how & NO_SIGN ? g : how & ZERO_UP ? (g >= 0 ? 1 : -1) : (g > 0) - (g < 0);
        const double to = R(x)[i] + (how & DOWN ? -1 : 1) * S(eps) * sign;
        R(bad)[i] = how & NO_CLIP ? to : fmin(how & ONE_SIDE ? to : fmax(to, 0), 1);
    }
}
#define ATTACK(name, how) static void name(args *a) { attack(a, how); }
ATTACK(call_fgsm, 0)
ATTACK(down, DOWN)
ATTACK(no_sign, NO_SIGN)
ATTACK(no_clip, NO_CLIP)
ATTACK(zero_up, ZERO_UP)
ATTACK(one_side, ONE_SIDE)
#else
static void call_fgsm(args *a) { fgsm(R(bad), R(x), R(g), I(N), (dl_real)S(eps)); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"fgsm", "=bad[N] x[N](0,1) g[N] eps(0.1,0.4)", call_fgsm, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {{0, "N=4 x=0.5,0.5,0.95,0.05 g=3,0,0.001,-2 eps=0.1 -> bad=0.6,0.5,1,0"}},
    .mistake = {
        {"downhill", 0, down, "This makes the loss smaller: an attack goes uphill, +.",
         "这样损失变小了：攻击要往上坡走，用 + 。"},
        {"no-sign", 0, no_sign, "eps times the gradient: only its sign is wanted.", "你乘的是梯度本身：只要它的符号。"},
        {"not-put-back", 0, no_clip, "Some are below 0 or above 1: put them back, or it is no image.",
         "有的小于 0 或大于 1：要放回去，不然就不是图像了。"},
        {"zero-moves", 0, zero_up, "Where the gradient is 0, x stays.", "梯度是 0 的地方，x 不动。"},
        {"one-side", 0, one_side, "Put back at 1, but not at 0.", "大于 1 的放回去了，小于 0 的没有。"},
    },
    .ranges = "N=1..12",
};
#endif
