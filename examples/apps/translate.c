/* translate - numbers to Chinese numerals: 20405 is 二万零四百零五. A small transformer reads the
   digits and writes the numeral sign by sign; it is tested on numbers it has never seen.

       gcc -O2 examples/apps/translate.c -o translate -lm && ./translate --number 20405

   The place to see how floor 2 writes what a stack of layers cannot:
     residual connections   x = dl_add(x, f(x)), in encoder_block
     several inputs         the digits, and the signs said so far, in forward

   @F S0-6.3  S4-6: machine translation   @F S4-1: the transformer, GPT's ancestor                */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { DIGITS = 5, LONGEST = 10, SIGNS = 16, END = 14, START = 15, E = 64, F = 128, LAYERS = 2,
       HEADS = 4, BATCH = 64, HELD_OUT = 1000, NUMBERS = 100000,
       ALL = 4 + LAYERS * (DL_ENCODER_PARAMS + DL_DECODER_PARAMS) };   /* parameters */

/* Examples: the digits of numbers [N,DIGITS], their numerals [N,LONGEST] with END behind them, and
   those one step later: what has been said when a sign is to be found. best: what the net says. */
static int32_t digit[HELD_OUT * DIGITS], want[HELD_OUT * LONGEST], said[HELD_OUT * LONGEST],
               best[HELD_OUT * LONGEST];

static void example(int i, int number) {
    ex_numeral(number, digit + i * DIGITS, want + i * LONGEST, LONGEST, END);
    said[i * LONGEST] = START;
    memcpy(said + i * LONGEST + 1, want + i * LONGEST, (LONGEST - 1) * sizeof *said);
}

/* dl_transformer_encoder written out: what each half computes is added to what it was given. */
static dl_tensor *encoder_block(dl_tensor *x, dl_tensor *const *w) {
    dl_tensor *y = dl_layer_norm(x, 1, w[8], w[9], 1e-5);
    x = dl_add(x, dl_multihead_attention(y, y, y, w, HEADS, DL_NONE, NULL, false));
    y = dl_layer_norm(x, 1, w[10], w[11], 1e-5);
    return dl_add(x, dl_linear(dl_relu(dl_linear(y, w[4], w[5])), w[6], w[7]));
}

/* Logits [N,LONGEST,SIGNS] of the sign after each of those said; none depends on later ones. */
static dl_tensor *forward(dl_ctx *dl, dl_tensor *const *p, int N) {
    dl_transformer o = dl_transformer_default();
    dl_tensor *const *w = p + 4;
    o.heads = HEADS;
    o.norm_first = true;
    o.dropout = 0;
    dl_tensor *x = dl_add(dl_embedding(p[0], digit, dl_shape2(N, DIGITS), -1),
                          dl_positional_encoding(dl, DIGITS, E));
    dl_tensor *y = dl_add(dl_embedding(p[1], said, dl_shape2(N, LONGEST), -1),
                          dl_positional_encoding(dl, LONGEST, E));
    for (int k = 0; k < LAYERS; k++, w += DL_ENCODER_PARAMS) x = encoder_block(x, w);
    for (int k = 0; k < LAYERS; k++, w += DL_DECODER_PARAMS)
        y = dl_transformer_decoder(y, x, w, &o);
    return dl_linear(y, p[2], p[3]);
}

/* Translate N numbers: the likeliest sign, ten times over, into best. */
static void translate(dl_ctx *dl, dl_tensor *const *p, int N) {
    for (int i = 0; i < N * LONGEST; i++) said[i] = i % LONGEST ? END : START;
    for (int t = 0; t < LONGEST && dl_argmax_axis(best, forward(dl, p, N), 2); t++) {
        for (int i = t; i < N * LONGEST && t + 1 < LONGEST; i += LONGEST) said[i + 1] = best[i];
        dl_tape_clear(dl);
    }
}

static bool is_right(int i) {
    return memcmp(best + i * LONGEST, want + i * LONGEST, LONGEST * sizeof *best) == 0;
}

/* The number, its numeral as the net says it. */
static void print_numeral(int i, int number) {
    printf("%6d  ", number);
    for (int t = 0; t < LONGEST; t++) printf("%s", ex_sign[best[i * LONGEST + t]]);
    printf("%s\n", is_right(i) ? "" : EX("   wrong", "   错"));
}

/* Learn from numbers that are not held out; returns the last loss. */
static double learn(dl_ctx *dl, dl_tensor **p, int steps, const bool *held_out, bool quiet) {
    dl_optim adam = dl_torch_adam(0.001);
    adam.clip_norm = 1;
    dl_optimizer *opt = dl_optimizer_new(dl, adam, p, ALL);
    dl_schedule cosine = dl_schedule_cosine(steps, 0.01);
    double last = 0;
    for (int step = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        for (int i = 0; i < BATCH; i++) {
            dl_int number, width = 10;
            for (dl_int d = dl_rng_int(dl_ctx_rng(dl), DIGITS); d > 0; d--) width *= 10;
            do number = dl_rng_int(dl_ctx_rng(dl), width);         /* short ones as often */
            while (held_out[number]);
            example(i, (int)number);
        }
        dl_tensor *loss = dl_cross_entropy(forward(dl, p, BATCH), want);
        last = dl_item(loss);
        dl_optimizer_zero_grad(opt);
        dl_backward(loss);
        dl_optimizer_set_lr(opt, 0.001 * dl_schedule_factor(&cosine, step));
        dl_optimizer_step(opt);
        dl_tape_clear(dl);
        if (!quiet && (step + 1) % 200 == 0)
            printf(EX("step %4d: loss %.4f\n", "第 %4d 步：损失 %.4f\n"), step + 1, last);
    }
    return last;
}

int main(int argc, char **argv) {
    static int32_t order[NUMBERS];                            /* the first are held out */
    static bool held_out[NUMBERS];
    int steps = 1000, own = -1, right = 0, n = 4;
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[] = {
        {"steps", EX_INT, &steps, 1, 1000000, EX("updates", "更新次数")},
        {"number", EX_INT, &own, 0, NUMBERS - 1, EX("translate this one, too", "也翻译这个数")}};
    ex_parse(&o, argc, argv, EX("numbers to Chinese numerals; 20 seconds", "把数翻译成汉字数字；20 秒"),
             "seed threads quiet", extra, 2);
    dl_ctx *dl = ex_begin(&o);
    dl_tensor *p[ALL] = {dl_param(dl, dl_shape2(10, E), dl_init_normal(0, 1)),
                         dl_param(dl, dl_shape2(SIGNS, E), dl_init_normal(0, 1)),
                         dl_param(dl, dl_shape2(SIGNS, E), dl_init_torch(E)),
                         dl_param(dl, dl_shape1(SIGNS), dl_init_zeros())};
    for (int k = 0; k < LAYERS; k++, n += DL_ENCODER_PARAMS)
        dl_transformer_encoder_init(dl, p + n, E, F);
    for (int k = 0; k < LAYERS; k++, n += DL_DECODER_PARAMS)
        dl_transformer_decoder_init(dl, p + n, E, F);
    dl_rng_permutation(dl_ctx_rng(dl), order, NUMBERS);
    for (int i = 0; i < HELD_OUT; i++) held_out[order[i]] = true;
    if (own >= 0) held_out[own] = true;                       /* it shall be new, too */
    const double start = ex_seconds(), last = learn(dl, p, steps, held_out, o.quiet);
    const double seconds = ex_seconds() - start;

    dl_set_no_grad(dl, true);
    for (int i = 0; i < HELD_OUT; i++) example(i, order[i]);
    translate(dl, p, HELD_OUT);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet)
        printf(EX("\nTrained on %lld examples. Of %d numbers held out from training, the first 8 "
                  "and all mistakes:\n\n", "\n训练用了 %lld 个例子。%d 个没有学过的数，前 8 个和所有的错：\n\n"),
               (long long)steps * BATCH, HELD_OUT);
    for (int i = 0; i < HELD_OUT; i++) {
        right += is_right(i);
        if (!o.quiet && (i < 8 || !is_right(i))) print_numeral(i, order[i]);
    }
    if (!o.quiet && own >= 0) {
        example(0, own);
        translate(dl, p, 1);
        printf("%s", EX("\nYours, held out as well:\n\n", "\n你的数，也没有学过：\n\n"));
        print_numeral(0, own);
    }
    if (!o.quiet) printf("\n");
    ex_result("exact=%.4f held_out=%d loss=%.5f seconds=%.2f parameters=%lld",
              (double)right / HELD_OUT, HELD_OUT, last, seconds, ex_param_count(p, ALL));
    return ex_end(dl, &o);
}
