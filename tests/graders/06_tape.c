/* 06_tape
@en 1
g[M + k] may be sent on only when all of it has come in. Who can still add to it: lines in front of it,
or lines behind it? That decides the direction of the loop.
@zh 1
g[M + k] 要等全部到齐了才能往下传。还会往它上面加的，是它前面的行，还是后面的行？这就定下了循环的方向。
@en 2
From k = K - 1 down to 0. A sum sends g[M + k] to both lines as it is. A product sends to p what it got
times the other factor, v[q], and to q ... ?
@zh 2
k 从 K - 1 走到 0。加法把 g[M + k] 原样传给两行。乘法传给 p 的，是收到的数乘另一个因子 v[q]；传给 q 的呢？
@en 3
In a product: g[p] += g[M + k] * v[q]; g[q] += g[M + k] * v[p]; with += , since p and q may be one line.
@zh 3
乘法：g[p] += g[M + k] * v[q]; g[q] += g[M + k] * v[p]; 要用 += ，因为 p 与 q 可能是同一行。
@en after
This is dl_backward in small: every operation knows its own derivative only, and the order of the tape
does the rest. A new operation is one more kind, for whoever can differentiate a single line.
To think about: one walk gave the derivatives by all M inputs. How many walks would difference
quotients need?
@zh after
这就是缩小了的 dl_backward：每个运算只知道自己的导数，其余的交给带子的次序。想加一种新运算，会对一行求导就够了。
想一想：走一遍就得到了对全部 M 个输入的导数。换成差商，要走几遍？
*/
#include "grader.h"

#ifndef CHILD
static void tape_forward(dl_real *v, const dl_real *x, const int32_t *kind, const int32_t *left,
                         const int32_t *right, dl_int M, dl_int K) {
    for (dl_int i = 0; i < M; i++) v[i] = x[i];
    for (dl_int k = 0; k < K; k++) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        v[M + k] = kind[k] == 0 ? v[p] + v[q] : v[p] * v[q];
    }
}
static enum {
    RIGHT, UPWARDS, SETS, OWN_FACTOR, ONE_FACTOR, STOPS_EARLY, SUMS_ONLY, PRODUCTS_ONLY, LEFT_ONLY
} how = RIGHT;
static void tape_backward(dl_real *g, const dl_real *v, const int32_t *kind, const int32_t *left,
                          const int32_t *right, dl_int M, dl_int K) {
    for (dl_int i = 0; i < M + K; i++) g[i] = 0;
    g[M + K - 1] = 1;
    for (dl_int step = 0; step < K - (how == STOPS_EARLY); step++) {
        const dl_int k = how == UPWARDS ? step : K - 1 - step;
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        const bool sum = how == SUMS_ONLY || (kind[k] == 0 && how != PRODUCTS_ONLY);
        const dl_real d = g[M + k];
        if (how == SETS) g[p] = g[q] = 0;
        if (how == SETS && p == q) g[p] = sum ? d : d * v[p];
        else {
            g[p] += sum ? d : d * v[how == OWN_FACTOR ? p : q];
            if (how != LEFT_ONLY) g[q] += sum ? d : d * v[how == OWN_FACTOR || how == ONE_FACTOR ? q : p];
        }
    }
}
#endif
static void call_tape(args *a) {
    tape_forward(R(v), R(x), L(kind), L(left), L(right), I(M), I(K));
    tape_backward(R(g), R(v), L(kind), L(left), L(right), I(M), I(K));
}
const entry entries[MOST_ENTRIES] = {
    {"tape_backward", "=g[M+K] =v[M+K] x[M](-1.5,1.5) kind[K]#Z left[K]#M right[K]#M", call_tape, 0},
};

#ifndef CHILD
#define MISTAKE(name, which) \
    static void name(args *a) { how = which; call_tape(a); how = RIGHT; }
MISTAKE(upwards, UPWARDS)
MISTAKE(sets, SETS)
MISTAKE(own_factor, OWN_FACTOR)
MISTAKE(one_factor, ONE_FACTOR)
MISTAKE(stops_early, STOPS_EARLY)
MISTAKE(sums_only, SUMS_ONLY)
MISTAKE(products_only, PRODUCTS_ONLY)
MISTAKE(left_only, LEFT_ONLY)

/* the tape, line by line */
static void tape(args *a, const arg *out, dl_int at, FILE *f) {
    (void)out;
    (void)at;
    fprintf(f, "0..%d: x", (int)I(M) - 1);
    for (dl_int k = 0; k < I(K); k++) {
        const arg *l = args_need(a, "left"), *r = args_need(a, "right"), *z = args_need(a, "kind");
        fprintf(f, ";  %d = %d %c %d", (int)(I(M) + k), (int)(I(M) + k - 1 - (dl_int)l->value[k]),
                z->value[k] == 0 ? '+' : '*', (int)(I(M) + k - 1 - (dl_int)r->value[k]));
    }
    fprintf(f, "\n");
}
const grader the_grader = {
    .hand = {
        {0, "M=4 K=4 Z=2 x=2,3,1,-5 kind=1,0,0,1 left=3,0,0,0 right=2,2,2,0 "
            "-> g=12,8,4,4,4,4,4,1"},
        {0, "M=1 K=2 Z=2 x=3 kind=1,0 left=0,0 right=0,1 -> g=7,1,1"},
    },
    .mistake = {
        {"upwards", 0, upwards, "The tape is read from the first line to the last. A line may send its "
         "derivative on only when all of it has come in: read from the last to the first.",
         "你从第一行读到了最后一行。一行要等自己的导数全部到齐才能往下传：要从最后一行读到第一行。"},
        {"sets", 0, sets, "A line that is used twice gets two contributions: add them with += .",
         "用了两次的行会收到两份：要用 += 加起来。"},
        {"own-factor", 0, own_factor, "In a product each side gets the other factor: p gets times v[q], "
         "q gets times v[p].", "乘法里每一边乘的是另一个因子：p 乘 v[q]，q 乘 v[p]。"},
        {"one-factor", 0, one_factor, "p is right. In a product q gets times v[p], the other factor.",
         "p 对了。乘法里 q 要乘另一个因子 v[p]。"},
        {"stops-early", 0, stops_early, "The operation k = 0 sends nothing: where does the loop end?",
         "k = 0 的那个运算什么也没传：循环到哪里为止？"},
        {"sums-only", 0, sums_only, "Products are treated like sums: their derivative has the other "
         "factor in it.", "乘法被当成了加法：乘法的导数里有另一个因子。"},
        {"products-only", 0, products_only, "Sums are treated like products: look at kind[k].",
         "加法被当成了乘法：看看 kind[k]。"},
        {"left-only", 0, left_only, "Only p gets its share: q is to blame, too.",
         "只有 p 收到了自己的一份：q 也有份。"},
    },
    .names = "Z=-",
    .explain = tape,
    .ranges = "M=2..4 K=1..7 Z=2..2",
};
#endif
