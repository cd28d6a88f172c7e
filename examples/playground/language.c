/* language.c - panel 6: a small transformer that writes poems (chapter 14). All poems have 32 signs:
   four verses of seven, each with its comma or stop. Sign 0 stands before a poem. */

enum { LANGUAGE_T = 32, LANGUAGE_E = 64, LANGUAGE_F = 160, LANGUAGE_HEADS = 4, LANGUAGE_BLOCKS = 2,
       LANGUAGE_PARAMS = 3 + LANGUAGE_BLOCKS * DL_ENCODER_PARAMS };

static struct {
    dl_ctx       *dl;
    dl_optimizer *opt;
    dl_tensor    *p[LANGUAGE_PARAMS];     /* signs, their biases, places, then the blocks */
    int32_t      *poem;                   /* [poems,32] */
    int           poems, test, signs;     /* the last test of the poems are not learned from */
    float         next[8192];
    float         attention[LANGUAGE_BLOCKS][LANGUAGE_HEADS][LANGUAGE_T][LANGUAGE_T];
} language;

FOR_PAGE(language_begin) int language_begin(const int32_t *poem, int poems, int test, int signs,
                                            double rate, int seed)
{
    const size_t bytes = sizeof(int32_t) * (size_t)poems * LANGUAGE_T;
    dl_ctx *dl = language.dl = play_begin(language.dl, seed);
    free(language.poem);
    language.poem = (int32_t *)malloc(bytes + 1);
    if (!language.poem || signs > 8192) return 0;
    memcpy(language.poem, poem, bytes);
    language.poems = poems;
    language.test = test;
    language.signs = signs;
    language.p[0] = dl_param(dl, dl_shape2(signs, LANGUAGE_E), dl_init_normal(0, 0.1));
    language.p[1] = dl_param(dl, dl_shape1(signs), dl_init_zeros());
    language.p[2] = dl_param(dl, dl_shape2(LANGUAGE_T, LANGUAGE_E), dl_init_normal(0, 0.5));
    for (int k = 0; k < LANGUAGE_BLOCKS; k++)
        dl_transformer_encoder_init(dl, language.p + 3 + k * DL_ENCODER_PARAMS, LANGUAGE_E,
                                    LANGUAGE_F);
    dl_optim adam = dl_torch_adamw(rate);
    adam.clip_norm = 1;
    language.opt = dl_optimizer_new(dl, adam, language.p, LANGUAGE_PARAMS);
    return language.opt != NULL;
}

/* Dropout is for training only. */
static const double language_dropout = 0.15;

static dl_tensor *language_input(const int32_t *x, dl_int N, dl_int T)
{
    dl_tensor *y = dl_embedding(language.p[0], x, dl_shape2(N, T), -1);
    y = dl_mul_scalar(y, sqrt((double)LANGUAGE_E));
    return dl_dropout(dl_add(y, dl_slice(language.p[2], 0, 0, T)), language_dropout);
}

static dl_tensor *language_block(dl_tensor *x, int k)
{
    dl_transformer o = dl_transformer_default();
    o.heads = LANGUAGE_HEADS;
    o.norm_first = true;
    o.causal = true;
    o.dropout = language_dropout;
    return dl_transformer_encoder(x, language.p + 3 + k * DL_ENCODER_PARAMS, &o);
}

/* Scores [N,T,signs] of the sign behind each of x [N,T]. */
static dl_tensor *language_scores(const int32_t *x, dl_int N, dl_int T, dl_int last)
{
    dl_tensor *y = language_input(x, N, T);
    for (int k = 0; k < LANGUAGE_BLOCKS; k++) y = language_block(y, k);
    y = dl_layer_norm(dl_slice(y, 1, T - last, T), 1, DL_NONE, DL_NONE, 1e-5);
    return dl_linear(y, language.p[0], language.p[1]);
}

/* Evaluation: no dropout, nothing recorded; and back. */
static void language_quiet(bool on)
{
    dl_set_training(language.dl, !on);
    dl_set_no_grad(language.dl, on);
}

static dl_tensor *language_loss(const int32_t *which, int n)
{
    int32_t in[16 * LANGUAGE_T], out[16 * LANGUAGE_T];
    for (int i = 0; i < n; i++)
        for (int t = 0; t < LANGUAGE_T; t++) {
            const int32_t *poem = language.poem + which[i] * LANGUAGE_T;
            in[i * LANGUAGE_T + t] = t > 0 ? poem[t - 1] : 0;
            out[i * LANGUAGE_T + t] = poem[t];
        }
    return dl_cross_entropy(language_scores(in, n, LANGUAGE_T, LANGUAGE_T), out);
}

/* Part number part of parts of an update: n poems (16 at most) drawn by chance, forward and backward;
   gradients add up, and with the last part the weights change. The loss of these poems. */
FOR_PAGE(language_train) double language_train(int n, int part, int parts)
{
    int32_t which[16];
    for (int i = 0; i < n && i < 16; i++)
        which[i] = (int32_t)dl_rng_int(dl_ctx_rng(language.dl), language.poems - language.test);
    dl_tensor *loss = language_loss(which, n < 16 ? n : 16);
    const double value = dl_item(loss);
    if (part == 0) dl_optimizer_zero_grad(language.opt);
    bool ok = dl_backward(dl_div_scalar(loss, parts));
    if (ok && part + 1 == parts) ok = dl_optimizer_step(language.opt);
    dl_tape_clear(language.dl);
    return ok ? value : NAN;
}

/* The mean loss of n test poems (16 at most) from the one numbered first on. */
FOR_PAGE(language_test) double language_test(int first, int n)
{
    int32_t which[16];
    for (int i = 0; i < n && i < 16; i++) which[i] = language.poems - language.test + first + i;
    language_quiet(true);
    const double value = dl_item(language_loss(which, n < 16 ? n : 16));
    language_quiet(false);
    dl_tape_clear(language.dl);
    return value;
}

/* The probabilities of the sign behind text[T] (T <= 32; it begins with 0) at a temperature. */
FOR_PAGE(language_next) const float *language_next(const int32_t *text, int T, double temperature)
{
    language_quiet(true);
    dl_tensor *p = dl_softmax(dl_div_scalar(language_scores(text, 1, T, 1), temperature));
    play_put(language.next, p ? p->data : NULL, language.signs);
    language_quiet(false);
    dl_tape_clear(language.dl);
    return language.next;
}

/* Where each of text[T] looks: [blocks, heads, 32, 32], softmax(q k^T / sqrt(d)) of the signs up to
   it. The blocks are run as they are; only their q and k are computed once more. */
FOR_PAGE(language_attention) const float *language_attention(const int32_t *text, int T)
{
    const int E = LANGUAGE_E, d = E / LANGUAGE_HEADS;
    language_quiet(true);
    dl_tensor *x = language_input(text, 1, T);
    memset(language.attention, 0, sizeof language.attention);
    for (int b = 0; b < LANGUAGE_BLOCKS; b++) {
        dl_tensor *const *w = language.p + 3 + b * DL_ENCODER_PARAMS;
        dl_tensor *y = dl_layer_norm(x, 1, w[8], w[9], 1e-5);
        dl_tensor *qkv = dl_linear(y, w[0], w[1]);               /* [1,T,3E]: q, k, v */
        for (int h = 0; qkv && h < LANGUAGE_HEADS; h++)
            for (int i = 0; i < T; i++) {
                float *row = language.attention[b][h][i], sum = 0;
                for (int j = 0; j <= i; j++) {
                    float s = 0;
                    for (int c = 0; c < d; c++)
                        s += qkv->data[i * 3 * E + h * d + c] *
                             qkv->data[j * 3 * E + E + h * d + c];
                    row[j] = expf(s / sqrtf((float)d));
                    sum += row[j];
                }
                for (int j = 0; j <= i; j++) row[j] /= sum;
            }
        x = language_block(x, b);
    }
    language_quiet(false);
    dl_tape_clear(language.dl);
    return language.attention[0][0][0];
}

/* The parameters, one after the other, as numbers to keep or to start from: how many they are, and
   where they lie, to read or to write. */
FOR_PAGE(language_size) int language_size(void)
{
    dl_int n = 0;
    for (int i = 0; i < LANGUAGE_PARAMS; i++) n += language.p[i]->size;
    return (int)n;
}
FOR_PAGE(language_param) float *language_param(int i) { return language.p[i]->data; }
FOR_PAGE(language_param_size) int language_param_size(int i)
{
    return i < LANGUAGE_PARAMS ? (int)language.p[i]->size : -1;
}
