/* 08_modes
@en 1
One of the two functions never asks what T is. The other never asks what u is.
@zh 1
两个函数里，一个从没问过 T 是多少，另一个从没问过 u 是多少。
@en 2
Forward: in evaluation nothing is dropped and nothing is scaled. Backward: the derivative of a constant 0
is 0, so a dropped unit gets nothing.
@zh 2
前向：评估时不丢，也不放大。反向：常数 0 的导数是 0，所以被丢掉的单元什么也收不到。
@en 3
Forward: y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p); and the backward has the same three cases,
with dy in the place of x and += in the place of = .
@zh 3
前向：y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p); 反向也是同样三种情形，把 x 换成 dy，把 = 换成 += 。
@en after
Dropout left on in evaluation is the fault most often shipped with this layer (in PyTorch: eval() was
forgotten). The sign of it: the same picture gets another answer each time. The second fault shows
nowhere but in a gradient check, and the net trains on.
To think about: how would you notice the first fault from outside, with two calls of a finished net?
@zh after
评估时忘了关掉丢弃，是这一层最常见的毛病（在 PyTorch 里就是忘了 eval()）。征兆是：同一张图，每次回答都不一样。
第二处毛病只有梯度检验看得出来，网络照样训练下去。
想一想：给你一个训练好的网络，只许调用两次，怎样从外面发现第一处毛病？
*/
#include "grader.h"

#ifndef CHILD
/* by 0: right, 1: dropped in both modes, 2: never dropped but scaled in training, 3: scaled in
   evaluation, too, 4: not scaled at all, 5: the modes are exchanged,
   6: times 1 - p */
static double factor(args *a, dl_int i, int by) {
    const bool drop = R(u)[i] < S(p), training = (I(T) != 0) != (by == 5);
    const double scale = by == 4 ? 1 : by == 6 ? 1 - S(p) : 1 / (1 - S(p));
    if (by == 2) return training ? scale : 1;
    if (by == 3) return training && drop ? 0 : scale;
    return !training && by != 1 ? 1 : drop ? 0 : scale;
}
static void forward_by(args *a, int by) {
    for (dl_int i = 0; i < I(N); i++) R(y)[i] = factor(a, i, by) * R(x)[i];
}
static void backward_by(args *a, int by) {
    for (dl_int i = 0; i < I(N); i++) R(dx)[i] += factor(a, i, by) * R(dy)[i];
}
static void call_forward(args *a) { forward_by(a, 0); }
static void call_backward(args *a) { backward_by(a, 0); }
static void always_on(args *a) { forward_by(a, 1); }
static void scaled(args *a) { forward_by(a, 3); }
static void not_scaled(args *a) { forward_by(a, 4); }
static void times_keep(args *a) { forward_by(a, 6); }
static void back_times_keep(args *a) { backward_by(a, 6); }
static void exchanged(args *a) { forward_by(a, 5); }
static void back_on(args *a) { backward_by(a, 1); }
static void no_mask(args *a) { backward_by(a, 2); }
static void back_not_scaled(args *a) { backward_by(a, 4); }
static void back_once(args *a) {
    for (dl_int i = 0; i < I(N); i++) R(dx)[i] += R(dy)[i];
}
#else
static void call_forward(args *a) { dropout_forward(R(y), R(x), R(u), I(N), (dl_real)S(p), I(T)); }
static void call_backward(args *a) {
    dropout_backward(R(dx), R(dy), R(u), I(N), (dl_real)S(p), I(T));
}
#endif
const entry entries[MOST_ENTRIES] = {
    {"dropout_forward", "=y[N] x[N] u[N](0,1) p(0.1,0.9)", call_forward, 0},
    {"dropout_backward", "+dx[N] dy[N] u[N](0,1) p(0.1,0.9)", call_backward, 0},
};

#ifndef CHILD
static void mode(args *a, const arg *out, dl_int at, FILE *f) {
    (void)out;
    (void)at;
    fprintf(f, "T = %d\n", (int)I(T));
}
const grader the_grader = {
    .hand = {
        {0, "N=2 T=1 x=1,2 u=0.9,0.1 p=0.5 -> y=2,0"},
        {0, "N=4 T=0 x=1,2,3,4 u=0.9,0.1,0.7,0.4 p=0.2 -> y=1,2,3,4"},
        {1, "N=2 T=1 dy=1,1 u=0.9,0.1 p=0.5 -> dx=2,0"},
        {1, "N=4 T=0 dy=1,2,3,4 u=0.9,0.1,0.7,0.4 p=0.2 -> dx=1,2,3,4"},
    },
    .mistake = {
        {"dropped-in-evaluation", 0, always_on, "In evaluation (T = 0) nothing is dropped: the forward "
         "must ask T.", "评估时（T = 0）不丢：前向要问一问 T。"},
        {"scaled-in-evaluation", 0, scaled, "In evaluation nothing is scaled either: y = x.",
         "评估时也不放大：y = x。"},
        {"not-scaled", 0, not_scaled, "In training, what is kept is divided by 1 - p.",
         "训练时，留下的要除以 1 - p。"},
        {"times-keep", 0, times_keep, "Multiplied by 1 - p: it is divided by it.",
         "你乘了 1 - p：应当除以它。"},
        {"backward-times-keep", 1, back_times_keep, "Multiplied by 1 - p: it is divided by it.",
         "你乘了 1 - p：应当除以它。"},
        {"modes-exchanged", 0, exchanged, "T = 1 is training, T = 0 is evaluation: yours are exchanged.",
         "T = 1 是训练，T = 0 是评估：你的正好反了。"},
        {"no-mask", 1, no_mask, "The backward does not ask u: a unit that was dropped gets no gradient.",
         "反向没有问 u：被丢掉的单元不该收到梯度。"},
        {"backward-in-evaluation", 1, back_on, "In evaluation y = x, so all of dy goes back, whatever u "
         "says.", "评估时 y = x，所以不管 u 是多少，dy 原样传回。"},
        {"backward-not-scaled", 1, back_not_scaled, "The factor 1 / (1 - p) is missing in the backward.",
         "反向漏了因子 1 / (1 - p)。"},
        {"backward-copies", 1, back_once, "In training the backward has factors: 1 / (1 - p), or 0 where "
         "the unit was dropped.", "训练时反向有因子：1 / (1 - p)，被丢掉的单元是 0。"},
    },
    .explain = mode,
    .ranges = "N=1..12 T=0..1",
};
#endif
