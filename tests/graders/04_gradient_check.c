/* 04_gradient_check
@en 1
You need the loss at two places. Between the two calls only w[i] differs. How do you get w[i] back?
@zh 1
要在两个地方各算一次损失，两次之间只有 w[i] 不同。之后怎样把 w[i] 复原？
@en 2
Keep w[i] in a variable of its own. Set w[i] to that plus h, call loss, set it to that minus h, call
loss again, put it back.
@zh 2
先把 w[i] 存进一个变量。令 w[i] 等于它加 h，算损失；再等于它减 h，再算一次；最后放回去。
@en 3
const dl_real keep = w[i]; w[i] = keep + h; const dl_real up = loss(w, N); ... g[i] = (up - down) / (2 * h);
@zh 3
先 const dl_real keep = w[i]; 再 w[i] = keep + h; const dl_real up = loss(w, N); 另一边同样做，
最后放回去，g[i] = (up - down) / (2 * h);
@en after
Your own exercises are judged by this formula. It needs two values of the loss for each weight, which
is why nobody trains with it. From one side only the error would shrink like h, here it does like h^2:
3.31 against 3.01 above.
To think about: why is h = 1e-12 worse than h = 1e-5, though the formula gets better with smaller h?
@zh after
你写的练习，就是用这个公式来评判的。每个权重要算两次损失，所以没人拿它来训练。
只从一边挪，误差与 h 成正比，两边挪则与 h^2 成正比：上面的例子里是 3.31 与 3.01。
想一想：h 越小公式越准，可为什么 h = 1e-12 反而不如 h = 1e-5？
*/
#include "grader.h"

/* a cubic: no two of the usual mistakes give the same */
static dl_real some_loss(const dl_real *w, dl_int N) {
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++) sum += w[i] * w[i] * w[i] + (i > 0 ? w[i] * w[i - 1] : 0);
    return sum;
}
#ifndef CHILD
/* the loss at w + up h minus that at w - down h, divided by `by` h; w is left at w + left h */
static void quotient(args *a, double up, double down, double by, double left) {
    for (dl_int i = 0; i < I(N); i++) {
        const double keep = R(w)[i];
        R(w)[i] = keep + up * S(h);
        const double high = some_loss(R(w), I(N));
        R(w)[i] = keep - down * S(h);
        R(g)[i] = (high - some_loss(R(w), I(N))) / (by * S(h));
        R(w)[i] = keep + left * S(h);
    }
}
static void call_it(args *a) { quotient(a, 1, 1, 2, 0); }
static void one_side(args *a) { quotient(a, 1, 0, 1, 0); }
static void other_side(args *a) { quotient(a, 0, 1, 1, 0); }
static void one_side_two(args *a) { quotient(a, 1, 0, 2, 0); }
static void h_on_top(args *a) {                                /* / 2 * h */
    quotient(a, 1, 1, 2 / S(h) / S(h), 0);
}
static void by_h(args *a) { quotient(a, 1, 1, 1, 0); }
static void left_down(args *a) { quotient(a, 1, 1, 2, -1); }
static void left_up(args *a) { quotient(a, 1, 1, 2, 1); }
static void all_moved(args *a) {
    dl_real *w = R(w);
    double high = 0;
    for (int side = 1; side >= -1; side -= 2) {
        for (dl_int i = 0; i < I(N); i++) w[i] += side * S(h);
        const double at = some_loss(w, I(N));
        for (dl_int i = 0; i < I(N); i++) w[i] -= side * S(h);
        if (side > 0) high = at;
        else for (dl_int i = 0; i < I(N); i++) R(g)[i] = (high - at) / (2 * S(h));
    }
}
#else
static void call_it(args *a) { numeric_gradient(R(g), R(w), I(N), (dl_real)S(h), some_loss); }
#endif
const entry entries[MOST_ENTRIES] = {
    {"numeric_gradient", "~w[N] =g[N] h(0.01,0.1)", call_it, 0},
};

#ifndef CHILD
const grader the_grader = {
    .hand = {
        {0, "N=1 w=1 h=0.1 -> g=3.01"},
        {0, "N=2 w=1,-1 h=0.1 -> g=2.01,4.01"},
    },
    .mistake = {
        {"one-side", 0, one_side, "w[i] is moved to one side only: the error is much larger. Move it "
         "by h to both sides.", "w[i] 只往一边挪了：误差大得多。要往两边各挪 h。"},
        {"one-side", 0, other_side, "w[i] is moved to one side only: the error is much larger. Move it "
         "by h to both sides.", "w[i] 只往一边挪了：误差大得多。要往两边各挪 h。"},
        {"one-side-by-two", 0, one_side_two, "w[i] is moved to one side only, and the distance is h, "
         "not 2 h.", "w[i] 只往一边挪了，距离是 h，不是 2 h。"},
        {"by-h", 0, by_h, "The two places are 2 h apart: divide by (2 * h).", "两处相距 2 h：要除以 (2 * h)。"},
        {"h-on-top", 0, h_on_top, "/ 2 * h divides by 2 and then multiplies by h: write / (2 * h).",
         "/ 2 * h 是先除以 2 再乘 h：要写成 / (2 * h)。"},
        {"not-put-back", 0, left_down, "w[i] is left at w[i] - h: put it back before the next one.",
         "w[i] 停在了 w[i] - h：轮到下一个之前要放回去。"},
        {"not-put-back", 0, left_up, "w[i] is left at w[i] + h: put it back before the next one.",
         "w[i] 停在了 w[i] + h：轮到下一个之前要放回去。"},
        {"all-moved", 0, all_moved, "All weights are moved at once: only w[i] may differ between the two "
         "calls.", "所有权重一起挪了：两次调用之间只能有 w[i] 不同。"},
    },
    .inexact = true,                                     /* differences of floats have few digits */
    .tolerance = 1e-7,
};
#endif
