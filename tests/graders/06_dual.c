/* 06_dual
@en 1
v is what the operation always gives. For d, differentiate it: both a and b may depend on the input.
@zh 1
v 就是平常的运算结果。求 d 就对它求导：a 与 b 都可能依赖那个输入。
@en 2
The product rule has two terms. For the quotient call the result q, so that a = q b, and use the product
rule for that.
@zh 2
积的求导法则有两项。商可以设结果为 q，于是 a = q b，再对它用积的法则。
@en 3
q' = (a' - q b') / b; and the derivative of tanh is 1 - tanh^2, times a'.
@zh 3
q' = (a' - q b') / b；tanh 的导数是 1 - tanh^2，再乘 a'。
@en after
This is forward mode; the tape is reverse mode. Forward needs no memory of what was done, but one run for
each input: for the net of this chapter that would be 397510 runs instead of one walk back. With few
inputs and many outputs it is the better one.
To think about: a loop of Newton, x <- x - f(x) / f'(x), needs one derivative by one input. Which of the
two modes would you take?
@zh after
这叫前向模式，带子是反向模式。前向模式不用记住算过什么，但每个输入要跑一遍：这一章的网络要跑 397510 遍，
而带子只要倒着走一遍。输入少、输出多的时候，前向模式更好。
想一想：牛顿法 x <- x - f(x) / f'(x) 要对一个输入求导。你会用哪一种模式？
*/
#include "grader.h"

#ifndef CHILD
typedef struct dual { dl_real v, d; } dual;
static enum {
    RIGHT, ONE_TERM, PRODUCT_OF_DS, PLUS, NOT_SQUARED, OTHER_ORDER, NO_CHAIN, NO_SLOPE, SQUARE_OF_A
} how;
static dual dual_mul(dual a, dual b) {
    return (dual){a.v * b.v, how == PRODUCT_OF_DS ? a.d * b.d
                             : a.d * b.v + (how == ONE_TERM ? 0 : a.v * b.d)};
}
static dual dual_div(dual a, dual b) {
    const dl_real top = (how == OTHER_ORDER ? -1 : 1) * (a.d * b.v + (how == PLUS ? 1 : -1) * a.v * b.d);
    const dl_real under = how == NOT_SQUARED ? b.v : how == SQUARE_OF_A ? a.v * a.v : b.v * b.v;
    return (dual){a.v / b.v, how == PRODUCT_OF_DS ? a.d / b.d : how == ONE_TERM ? a.d / b.v : top / under};
}
static dual dual_tanh(dual a) {
    const dl_real y = tanh(a.v), square = how == NOT_SQUARED ? y : how == SQUARE_OF_A ? a.v * a.v : y * y;
    return (dual){y, (how == NO_SLOPE ? 1 : 1 - square) * (how == NO_CHAIN ? 1 : a.d)};
}
#endif
static void call_mul(args *a) {
    const dual r = dual_mul((dual){R(a)[0], R(a)[1]}, (dual){R(b)[0], R(b)[1]});
    R(v)[0] = r.v;
    R(d)[0] = r.d;
}
static void call_div(args *a) {
    const dual r = dual_div((dual){R(a)[0], R(a)[1]}, (dual){R(b)[0], R(b)[1]});
    R(v)[0] = r.v;
    R(d)[0] = r.d;
}
static void call_tanh(args *a) {
    const dual r = dual_tanh((dual){R(a)[0], R(a)[1]});
    R(v)[0] = r.v;
    R(d)[0] = r.d;
}
const entry entries[MOST_ENTRIES] = {
    {"dual_mul", "=v[1] =d[1] a[2] b[2]", call_mul, 0},
    {"dual_div", "=v[1] =d[1] a[2] b[2](0.5,2)", call_div, 0},
    {"dual_tanh", "=v[1] =d[1] a[2]", call_tanh, 0},
};

#ifndef CHILD
#define MISTAKE(name, call, which) static void name(args *a) { how = which; call(a); how = RIGHT; }
MISTAKE(mul_one, call_mul, ONE_TERM)
MISTAKE(mul_ds, call_mul, PRODUCT_OF_DS)
MISTAKE(div_one, call_div, ONE_TERM)
MISTAKE(div_ds, call_div, PRODUCT_OF_DS)
MISTAKE(div_plus, call_div, PLUS)
MISTAKE(div_order, call_div, OTHER_ORDER)
MISTAKE(div_square, call_div, NOT_SQUARED)
MISTAKE(div_first, call_div, SQUARE_OF_A)
MISTAKE(tanh_square, call_tanh, NOT_SQUARED)
MISTAKE(tanh_first, call_tanh, SQUARE_OF_A)
MISTAKE(no_chain, call_tanh, NO_CHAIN)
MISTAKE(no_slope, call_tanh, NO_SLOPE)

const grader the_grader = {
    .hand = {
        {0, "a=3,1 b=3,1 -> v=9 d=6"},
        {0, "a=3,1 b=2,0 -> v=6 d=2"},
        {1, "a=3,1 b=2,1 -> v=1.5 d=-0.25"},
        {1, "a=3,1 b=2,0 -> v=1.5 d=0.5"},
        {1, "a=2,0 b=3,1 -> v=0.66667 d=-0.22222"},
        {2, "a=0.5,2 -> v=0.46212 d=1.5729"},
        {2, "a=0,1 -> v=0 d=1"},
    },
    .inexact = true,                 /* a single number that cancels has few digits in float */
    .mistake = {
        {"one-term", 0, mul_one, "b may depend on the input, too: the product rule has two terms.",
         "b 也可能依赖那个输入：积的求导法则有两项。"},
        {"product-of-derivatives", 0, mul_ds, "The derivative of a product is not the product of the "
         "derivatives.", "积的导数不是导数的积。"},
        {"one-term", 1, div_one, "b may depend on the input, too: the quotient rule has two terms.",
         "b 也可能依赖那个输入：商的求导法则有两项。"},
        {"quotient-of-derivatives", 1, div_ds, "The derivative of a quotient is not the quotient of the "
         "derivatives.", "商的导数不是导数的商。"},
        {"plus", 1, div_plus, "The second term of the quotient rule is subtracted.",
         "商的求导法则里，第二项是减。"},
        {"wrong-order", 1, div_order, "The two terms are exchanged: a' b - a b'.",
         "两项写反了：是 a' b - a b'。"},
        {"not-squared", 1, div_square, "The denominator of the quotient rule is b^2.",
         "商的求导法则里，分母是 b^2。"},
        {"wrong-square", 1, div_first, "The denominator is b^2, not a^2.", "分母是 b^2，不是 a^2。"},
        {"not-squared", 2, tanh_square, "The slope of tanh is 1 - tanh^2: the square is missing.",
         "tanh 的斜率是 1 - tanh^2：漏了平方。"},
        {"square-of-a", 2, tanh_first, "The slope of tanh is 1 - y^2, with y = tanh(a), not 1 - a^2.",
         "tanh 的斜率是 1 - y^2，其中 y = tanh(a)；不是 1 - a^2。"},
        {"no-chain", 2, no_chain, "The chain rule: a has a derivative of its own, multiply by it.",
         "链式法则：a 自己有导数，要乘上它。"},
        {"no-slope", 2, no_slope, "The slope of tanh is missing: 1 - tanh^2.",
         "漏了 tanh 的斜率：1 - tanh^2。"},
    },
};
#endif
