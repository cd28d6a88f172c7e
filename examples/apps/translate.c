/* translate - numbers to Chinese numerals: 20405 is 二万零四百零五. A small transformer reads the
   digits and writes the numeral sign by sign; it is tested on numbers it has never seen.

       gcc -O2 examples/apps/translate.c -o translate -lm && ./translate --number 20405

   The place to see how floor 2 writes what a stack of layers cannot:
     residual connections   x = dl_add(x, f(x)), in encoder_block
     several inputs         the digits, and the signs said so far, in forward

   @F S0-6.3  S4-6: machine translation   @F S4-1: the transformer, GPT's ancestor                */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { DIGITS = 5, LONGEST = 10, SIGNS = 16, END = 14, START = 15, E = 64, F = 128, LAYERS = 2,
       HEADS = 4, BATCH = 64, HELD_OUT = 1000, NUMBERS = 100000 };
static const char *const sign[SIGNS] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九",
                                        "十", "百", "千", "万", "", ""};
enum { ALL = 4 + LAYERS * (DL_ENCODER_PARAMS + DL_DECODER_PARAMS) };   /* parameters */

/* One example: the digits of number; its numeral, END behind it; and the same one step later. */
static void example(int number, int32_t *digit, int32_t *want, int32_t *said) {
    int n = 0, zero = 0;
    for (int place = 4, unit = 10000; place >= 0; place--, unit /= 10) {
        int d = digit[4 - place] = number / unit % 10;
        if (d == 0) { zero = n > 0; continue; }                     /* one 零 for a gap */
        if (zero) want[n++] = 0, zero = 0;
        if (!(d == 1 && place == 1 && n == 0)) want[n++] = d;       /* 十 alone, not 一十 */
        if (place > 0) want[n++] = 9 + place;
    }
    if (n == 0) want[n++] = 0;
    while (n < LONGEST) want[n++] = END;
    for (int t = 0; t < LONGEST; t++) said[t] = t ? want[t - 1] : START;
}

/* dl_transformer_encoder written out: what each half computes is added to what it was given. */
static dl_tensor *encoder_block(dl_tensor *x, dl_tensor *const *w) {
    dl_tensor *y = dl_layer_norm(x, 1, w[8], w[9], 1e-5);
    x = dl_add(x, dl_multihead_attention(y, y, y, w, HEADS, DL_NONE, NULL, false));
    y = dl_layer_norm(x, 1, w[10], w[11], 1e-5);
    return dl_add(x, dl_linear(dl_relu(dl_linear(y, w[4], w[5])), w[6], w[7]));
}

/* Two inputs, digit [N,DIGITS] and said [N,LONGEST]. Logits [N,LONGEST,SIGNS] of the sign after
   each of those said; none depends on signs said later. */
static dl_tensor *forward(dl_ctx *dl, dl_tensor *const *p, const int32_t *digit,
                          const int32_t *said, int N) {
    dl_transformer o = dl_transformer_default();
    dl_tensor *const *w = p + 4;
    o.heads = HEADS, o.norm_first = true, o.dropout = 0;
    dl_tensor *x = dl_add(dl_embedding(p[0], digit, dl_shape2(N, DIGITS), -1),
                          dl_positional_encoding(dl, DIGITS, E));
    dl_tensor *y = dl_add(dl_embedding(p[1], said, dl_shape2(N, LONGEST), -1),
                          dl_positional_encoding(dl, LONGEST, E));
    for (int k = 0; k < LAYERS; k++, w += DL_ENCODER_PARAMS) x = encoder_block(x, w);
    for (int k = 0; k < LAYERS; k++, w += DL_DECODER_PARAMS)
        y = dl_transformer_decoder(y, x, w, &o);
    return dl_linear(y, p[2], p[3]);
}

/* Translate N numbers: the likeliest sign, ten times over, into best [N,LONGEST]. */
static void translate(dl_ctx *dl, dl_tensor *const *p, const int32_t *digit, int32_t *said, int N,
                      int32_t *best) {
    for (int i = 0; i < N * LONGEST; i++) said[i] = i % LONGEST ? END : START;
    for (int t = 0; t < LONGEST; t++, dl_tape_clear(dl)) {
        if (!dl_argmax_axis(best, forward(dl, p, digit, said, N), 2)) break;
        for (int i = t; i < N * LONGEST && t + 1 < LONGEST; i += LONGEST) said[i + 1] = best[i];
    }
}

/* One line: the number, its numeral in signs, and whether it is right. */
static void show(int number, const int32_t *numeral, bool right) {
    printf("%6d  ", number);
    for (int t = 0; t < LONGEST; t++) printf("%s", sign[numeral[t]]);
    printf("%s\n", right ? "" : "   wrong");
}

static bool same(const int32_t *a, const int32_t *b) {
    return memcmp(a, b, LONGEST * sizeof *a) == 0;
}

int main(int argc, char **argv) {
    static int32_t digit[HELD_OUT * DIGITS], want[HELD_OUT * LONGEST], said[HELD_OUT * LONGEST];
    static int32_t best[HELD_OUT * LONGEST], order[NUMBERS];  /* order: the first are held out */
    static bool held_out[NUMBERS];
    int steps = 1000, own = -1, right = 0, learned = NUMBERS - HELD_OUT, n = 4;
    long long size = 0;
    double last = 0;
    ex_option extra[2] = {{"steps", EX_INT, NULL, 1, 1000000, "updates"},
                          {"number", EX_INT, NULL, 0, NUMBERS - 1, "translate this one, too"}};
    ex_options o = ex_options_default(argc, argv);
    extra[0].value = &steps;
    extra[1].value = &own;
    ex_parse(&o, argc, argv, "numbers to Chinese numerals", "seed threads quiet", extra, 2);
    dl_ctx *dl = ex_begin(&o);
    dl_tensor *p[ALL] = {dl_param(dl, dl_shape2(10, E), dl_init_normal(0, 1)),
                         dl_param(dl, dl_shape2(SIGNS, E), dl_init_normal(0, 1)),
                         dl_param(dl, dl_shape2(SIGNS, E), dl_init_torch(E)),
                         dl_param(dl, dl_shape1(SIGNS), dl_init_zeros())};
    for (int k = 0; k < LAYERS; k++, n += DL_ENCODER_PARAMS)
        dl_transformer_encoder_init(dl, p + n, E, F);
    for (int k = 0; k < LAYERS; k++, n += DL_DECODER_PARAMS)
        dl_transformer_decoder_init(dl, p + n, E, F);
    for (int i = 0; i < ALL; i++) size += p[i] ? (long long)p[i]->size : 0;
    dl_optim adam = dl_torch_adam(0.001);
    adam.clip_norm = 1;
    dl_optimizer *opt = dl_optimizer_new(dl, adam, p, ALL);
    dl_schedule cosine = dl_schedule_cosine(steps, 0.01);
    dl_rng_permutation(dl_ctx_rng(dl), order, NUMBERS);
    for (int i = 0; i < HELD_OUT; i++) held_out[order[i]] = true;
    if (own >= 0) learned -= !held_out[own], held_out[own] = true;   /* it shall be new, too */

    double start = ex_seconds();
    for (int step = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        for (int i = 0; i < BATCH; i++) {
            dl_int number, width = 10;
            for (dl_int d = dl_rng_int(dl_ctx_rng(dl), DIGITS); d > 0; d--) width *= 10;
            do number = dl_rng_int(dl_ctx_rng(dl), width);         /* short ones as often */
            while (held_out[number]);
            example((int)number, digit + i * DIGITS, want + i * LONGEST, said + i * LONGEST);
        }
        dl_tensor *loss = dl_cross_entropy(forward(dl, p, digit, said, BATCH), want);
        last = dl_item(loss);
        dl_optimizer_zero_grad(opt);
        dl_backward(loss);
        dl_optimizer_set_lr(opt, 0.001 * dl_schedule_factor(&cosine, step));
        dl_optimizer_step(opt);
        dl_tape_clear(dl);
        if (!o.quiet && (step + 1) % 200 == 0) printf("step %4d: loss %.4f\n", step + 1, last);
    }
    double seconds = ex_seconds() - start;

    /* Translate the held-out numbers. */
    dl_set_no_grad(dl, true);
    for (int i = 0; i < HELD_OUT; i++)
        example(order[i], digit + i * DIGITS, want + i * LONGEST, said + i * LONGEST);
    translate(dl, p, digit, said, HELD_OUT, best);
    if (!o.quiet) printf("\nTrained on %lld examples, drawn from %d numbers. Of %d held out from "
                         "training,\nthe first 8 and all mistakes:\n\n", (long long)steps * BATCH,
                         learned, HELD_OUT);
    for (int i = 0; i < HELD_OUT; i++) {
        const bool good = same(best + i * LONGEST, want + i * LONGEST);
        right += good;
        if (!o.quiet && (i < 8 || !good)) show((int)order[i], best + i * LONGEST, good);
    }
    if (!o.quiet && own >= 0) {
        example(own, digit, want, said);
        translate(dl, p, digit, said, 1, best);
        printf("\nYours, held out as well:\n\n");
        show(own, best, same(best, want));
    }
    if (!o.quiet) printf("\n");
    if (dl_error(dl) == DL_OK)
        ex_result("exact=%.4f held_out=%d loss=%.5f seconds=%.2f parameters=%lld",
                  (double)right / HELD_OUT, HELD_OUT, last, seconds, size);
    return ex_end(dl, &o);
}
