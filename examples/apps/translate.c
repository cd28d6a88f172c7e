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

enum { E = 64, F = 128, LAYERS = 2, HEADS = 4, ENCODER = DL_ENCODER_PARAMS,
       DECODER = DL_DECODER_PARAMS, PARAMS = 4 + LAYERS * (ENCODER + DECODER), BATCH = 64,
       HELD_OUT = 1000 };

/* dl_transformer_encoder written out: what each half computes is added to what it was given. */
static dl_tensor *encoder_block(dl_tensor *x, dl_tensor *const *w) {
    dl_tensor *y = dl_layer_norm(x, 1, w[8], w[9], 1e-5);
    x = dl_add(x, dl_multihead_attention(y, y, y, w, HEADS, DL_NONE, NULL, false));
    y = dl_layer_norm(x, 1, w[10], w[11], 1e-5);
    return dl_add(x, dl_linear(dl_relu(dl_linear(y, w[4], w[5])), w[6], w[7]));
}

/* Logits [N,EX_NUMERAL,EX_SIGNS] of the sign after each one said; none depends on later ones. */
static dl_tensor *forward(dl_ctx *dl, dl_tensor *const *p, const ex_numerals *s, int N) {
    dl_transformer o = dl_transformer_default();
    dl_tensor *const *encoder = p + 4, *const *decoder = encoder + LAYERS * ENCODER;
    o.heads = HEADS;
    o.norm_first = true;
    o.dropout = 0;
    dl_tensor *x = dl_add(dl_embedding(p[0], s->digit[0], dl_shape2(N, EX_DIGITS), -1),
                          dl_positional_encoding(dl, EX_DIGITS, E));
    dl_tensor *y = dl_add(dl_embedding(p[1], s->said[0], dl_shape2(N, EX_NUMERAL), -1),
                          dl_positional_encoding(dl, EX_NUMERAL, E));
    for (int k = 0; k < LAYERS; k++) x = encoder_block(x, encoder + k * ENCODER);
    for (int k = 0; k < LAYERS; k++) y = dl_transformer_decoder(y, x, decoder + k * DECODER, &o);
    return dl_linear(y, p[2], p[3]);
}

/* Learn from numbers that are not held out; returns the last loss. */
static double learn(dl_ctx *dl, dl_tensor **p, int steps, const bool *held_out, bool quiet) {
    static ex_numerals s;
    dl_optim adam = dl_torch_adam(0.001);
    adam.clip_norm = 1;
    dl_optimizer *opt = dl_optimizer_new(dl, adam, p, PARAMS);
    dl_schedule cosine = dl_schedule_cosine(steps, 0.01);
    double last = 0;
    for (int step = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        for (int i = 0; i < BATCH; i++)
            ex_numeral_set(&s, i, ex_number(dl_ctx_rng(dl), held_out), true);
        dl_tensor *loss = dl_cross_entropy(forward(dl, p, &s, BATCH), s.want[0]);
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

/* Translate N numbers: the likeliest sign, ten times over. */
static void translate(dl_ctx *dl, dl_tensor *const *p, ex_numerals *s, const int32_t *number,
                      int N) {
    for (int i = 0; i < N; i++) ex_numeral_set(s, i, number[i], false);
    for (int t = 0; t < EX_NUMERAL && dl_argmax_axis(s->best[0], forward(dl, p, s, N), 2); t++) {
        for (int i = 0; i < N && t + 1 < EX_NUMERAL; i++) s->said[i][t + 1] = s->best[i][t];
        dl_tape_clear(dl);
    }
}

static void show(const ex_numerals *s, int steps, bool own);

int main(int argc, char **argv) {
    static int32_t order[EX_NUMBERS];              /* the first are held out, then comes own */
    static bool held_out[EX_NUMBERS];
    static ex_numerals test;
    int steps = 1000, own = -1, right = 0;
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[] = {
        {"steps", EX_INT, &steps, 1, 1000000, EX("updates", "更新次数")},
        {"number", EX_INT, &own, 0, EX_NUMBERS - 1, EX("translate this one, too", "也翻译这个数")}};
    ex_parse(&o, argc, argv, EX("numbers to Chinese numerals; 20 seconds", "把数翻译成汉字数字；20 秒"),
             "seed threads quiet", extra, 2);
    dl_ctx *dl = ex_begin(&o);
    dl_tensor *p[PARAMS] = {dl_param(dl, dl_shape2(10, E), dl_init_normal(0, 1)),
                            dl_param(dl, dl_shape2(EX_SIGNS, E), dl_init_normal(0, 1)),
                            dl_param(dl, dl_shape2(EX_SIGNS, E), dl_init_torch(E)),
                            dl_param(dl, dl_shape1(EX_SIGNS), dl_init_zeros())};
    dl_tensor **encoder = p + 4, **decoder = encoder + LAYERS * ENCODER;
    for (int k = 0; k < LAYERS; k++) dl_transformer_encoder_init(dl, encoder + k * ENCODER, E, F);
    for (int k = 0; k < LAYERS; k++) dl_transformer_decoder_init(dl, decoder + k * DECODER, E, F);
    const int ask = ex_hold_out(dl_ctx_rng(dl), order, held_out, HELD_OUT, own);
    const double start = ex_seconds(), last = learn(dl, p, steps, held_out, o.quiet);
    const double seconds = ex_seconds() - start;
    dl_set_no_grad(dl, true);
    translate(dl, p, &test, order, ask);
    if (dl_error(dl)) return ex_end(dl, &o);
    for (int i = 0; i < HELD_OUT; i++) right += ex_numeral_right(&test, i);
    if (!o.quiet) show(&test, steps, own >= 0);
    ex_result("exact=%.4f held_out=%d loss=%.5f seconds=%.2f parameters=%lld",
              right / (double)HELD_OUT, HELD_OUT, last, seconds, ex_param_count(p, PARAMS));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* A number, and its numeral as the net says it. */
static void show_one(const ex_numerals *s, int i) {
    printf("%6d  ", (int)s->number[i]);
    for (int t = 0; t < EX_NUMERAL; t++) printf("%s", ex_sign[s->best[i][t]]);
    printf("%s\n", ex_numeral_right(s, i) ? "" : EX("   wrong", "   错"));
}

/* The first, and all mistakes; then the reader's own. */
static void show(const ex_numerals *s, int steps, bool own) {
    printf(EX("\nTrained on %lld examples. Of %d numbers held out from training, the first 8 and "
              "all mistakes:\n\n", "\n训练用了 %lld 个例子。%d 个没有学过的数，前 8 个和所有的错：\n\n"),
           (long long)steps * BATCH, HELD_OUT);
    for (int i = 0; i < HELD_OUT; i++)
        if (i < 8 || !ex_numeral_right(s, i)) show_one(s, i);
    if (own) printf("%s", EX("\nYours, held out as well:\n\n", "\n你的数，也没有学过：\n\n"));
    if (own) show_one(s, HELD_OUT);
    printf("\n");
}
