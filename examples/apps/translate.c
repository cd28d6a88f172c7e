/* translate - numbers to Chinese numerals: 20405 is 二万零四百零五. A small transformer reads the digits
   and writes the numeral sign by sign; it is tested on numbers it has never seen.

       gcc -O2 examples/apps/translate.c -o translate -lm && ./translate

   @F S0-5  S4-6: machine translation   @F S4-1: the transformer, GPT's ancestor                  */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { DIGITS = 5, LONGEST = 10, SIGNS = 16, END = 14, START = 15, E = 64, F = 128, LAYERS = 2 };
static const char *const sign[SIGNS] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九",
                                        "十", "百", "千", "万", "", ""};
typedef struct net {                                /* all parameters, one behind the other */
    dl_tensor *p[4 + LAYERS * (DL_ENCODER_PARAMS + DL_DECODER_PARAMS)];
    int n;
} net;

/* The right answer: signs of number into out, END behind them. */
static void numeral(int number, int32_t *out) {
    int n = 0, zero = 0;
    for (int place = 4, unit = 10000; place >= 0; place--, unit /= 10) {
        int digit = number / unit % 10;
        if (digit == 0) { zero = n > 0; continue; }
        if (zero) out[n++] = 0, zero = 0;
        if (!(digit == 1 && place == 1 && n == 0)) out[n++] = digit;   /* 十 alone, not 一十 */
        if (place > 0) out[n++] = 9 + place;
    }
    if (n == 0) out[n++] = 0;
    while (n < LONGEST) out[n++] = END;
}

/* Logits [N,T,SIGNS] of the next sign after each of the T signs so far. digit: [N,DIGITS]. */
static dl_tensor *forward(dl_ctx *dl, const net *m, const int32_t *digit, const int32_t *said,
                          dl_int N, dl_int T) {
    dl_transformer o = dl_transformer_default();
    dl_tensor *const *w = m->p + 4;
    o.heads = 4, o.norm_first = true, o.dropout = 0;
    dl_tensor *x = dl_add(dl_embedding(m->p[0], digit, dl_shape2(N, DIGITS), -1),
                          dl_positional_encoding(dl, DIGITS, E));
    dl_tensor *y = dl_add(dl_embedding(m->p[1], said, dl_shape2(N, T), -1),
                          dl_positional_encoding(dl, T, E));
    for (int k = 0; k < LAYERS; k++, w += DL_ENCODER_PARAMS) x = dl_transformer_encoder(x, w, &o);
    for (int k = 0; k < LAYERS; k++, w += DL_DECODER_PARAMS) y = dl_transformer_decoder(y, x, w, &o);
    return dl_linear(y, m->p[2], m->p[3]);
}

static void digits_of(int number, int32_t *digit) {
    for (int i = DIGITS - 1; i >= 0; i--, number /= 10) digit[i] = number % 10;
}

/* The likeliest sign, ten times over, for N numbers. */
static void translate(dl_ctx *dl, const net *m, const int32_t *digit, int32_t *out, int N) {
    int32_t *said = (int32_t *)malloc((size_t)N * LONGEST * sizeof *said);
    for (int t = 0; said && t < LONGEST; t++) {
        int32_t *best = out + (size_t)N * LONGEST;      /* room behind the answers */
        for (int i = 0; i < N; i++)
            for (int k = 0; k <= t; k++) said[i * (t + 1) + k] = k ? out[i * LONGEST + k - 1] : START;
        if (!dl_argmax_axis(best, forward(dl, m, digit, said, N, t + 1), 2)) break;
        for (int i = 0; i < N; i++) out[i * LONGEST + t] = best[i * (t + 1) + t];
        dl_tape_clear(dl);
    }
    free(said);
}

int main(int argc, char **argv) {
    enum { HELD_OUT = 1000 };
    int steps = 1000, right = 0, number[HELD_OUT], *order;
    ex_option extra[1] = {{"steps", EX_INT, NULL, 1, 1000000, "updates"}};
    ex_options o = ex_options_default();
    o.batch = 64;
    extra[0].value = &steps;
    ex_parse(&o, argc, argv, "numbers to Chinese numerals", "batch seed threads quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    net m = {{NULL}, 4};
    m.p[0] = dl_param(dl, dl_shape2(10, E), dl_init_normal(0, 1));
    m.p[1] = dl_param(dl, dl_shape2(SIGNS, E), dl_init_normal(0, 1));
    m.p[2] = dl_param(dl, dl_shape2(SIGNS, E), dl_init_torch(E));
    m.p[3] = dl_param(dl, dl_shape1(SIGNS), dl_init_zeros());
    for (int k = 0; k < LAYERS; k++, m.n += DL_ENCODER_PARAMS) dl_transformer_encoder_init(m.p + m.n, dl, E, F);
    for (int k = 0; k < LAYERS; k++, m.n += DL_DECODER_PARAMS) dl_transformer_decoder_init(m.p + m.n, dl, E, F);
    dl_optim adam = dl_torch_adam(0.001);
    adam.clip_norm = 1;
    dl_optimizer *opt = dl_optimizer_new(dl, adam, m.p, m.n);
    dl_schedule cosine = dl_schedule_cosine(steps, 0.01);
    size_t N = (size_t)o.batch;
    int32_t *digit = (int32_t *)malloc((N + HELD_OUT) * DIGITS * sizeof *digit);
    int32_t *want = (int32_t *)malloc((N + 2 * HELD_OUT) * LONGEST * sizeof *want);
    int32_t *said = (int32_t *)malloc((N + HELD_OUT) * LONGEST * sizeof *said);
    order = (int *)calloc(100000, sizeof *order);      /* 1: held out, never trained on */
    if (!digit || !want || !said || !order || !opt) return ex_end(dl, &o);
    for (int i = 0; i < HELD_OUT; i++) {
        do number[i] = (int)dl_rng_int(dl_ctx_rng(dl), 100000); while (order[number[i]]);
        order[number[i]] = 1;
    }
    double start = ex_seconds(), last = 0;
    for (int step = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        for (size_t i = 0; i < N; i++) {
            int width = 1, v;
            for (dl_int d = dl_rng_int(dl_ctx_rng(dl), 5) + 1; d > 0; d--) width *= 10;
            do v = (int)dl_rng_int(dl_ctx_rng(dl), width); while (order[v]);  /* short ones, too */
            digits_of(v, digit + i * DIGITS);
            numeral(v, want + i * LONGEST);
            for (int t = 0; t < LONGEST; t++)
                said[i * LONGEST + (size_t)t] = t ? want[i * LONGEST + (size_t)t - 1] : START;
        }
        dl_tensor *loss = dl_cross_entropy(forward(dl, &m, digit, said, o.batch, LONGEST), want);
        last = dl_item(loss);
        dl_zero_grad(opt);
        dl_backward(loss);
        dl_optimizer_set_lr(opt, 0.001 * dl_schedule_factor(&cosine, step));
        dl_step(opt);
        dl_tape_clear(dl);
        if (!o.quiet && (step + 1) % 200 == 0) printf("step %4d: loss %.4f\n", step + 1, last);
    }
    double seconds = ex_seconds() - start;
    dl_no_grad(dl, true);
    for (int i = 0; i < HELD_OUT; i++) digits_of(number[i], digit + i * DIGITS);
    translate(dl, &m, digit, want, HELD_OUT);
    for (int i = 0; i < HELD_OUT; i++) {
        int32_t truth[LONGEST];
        numeral(number[i], truth);
        bool same = memcmp(truth, want + i * LONGEST, sizeof truth) == 0;
        right += same;
        if (!o.quiet && (i < 8 || !same)) {
            printf("%6d  ", number[i]);
            for (int t = 0; t < LONGEST; t++) printf("%s", sign[want[i * LONGEST + t]]);
            printf("%s\n", same ? "" : "   wrong");
        }
    }
    free(digit), free(want), free(said), free(order);
    long long size = 0;
    for (int i = 0; i < m.n; i++) size += (long long)m.p[i]->size;
    ex_result("exact=%.4f held_out=%d loss=%.5f seconds=%.2f parameters=%lld",
              (double)right / HELD_OUT, HELD_OUT, last, seconds, size);
    return ex_end(dl, &o);
}
