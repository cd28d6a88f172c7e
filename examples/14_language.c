/* 14 - language: a model that writes Tang poems, sign by sign.

   S4 (section 1) names GPT-3, S3 (section 5) translation and speech. Under all of them lies one
   task: given the text so far, how likely is each next sign? Its loss is the cross-entropy of the
   real next sign. Two nets learn it from 300 poems (data/poems, 2,500 different signs):

     RNN          a GRU reads the text in chunks and takes its state along; gradients stop at the
                  border of a chunk (truncated backpropagation through time)
     transformer  two blocks of causal self-attention look back over the last 48 signs

   Then both write. A temperature below 1 makes likely signs likelier, above 1 dares more. So small
   a text teaches form (five signs, comma, five signs, stop), not meaning: GPT-3 read 10^7 times
   as much. One poem in ten is kept apart to measure on: e^loss is how many signs the net hesitates
   between, the perplexity.

       gcc -O2 examples/14_language.c -o language -lm && ./language    (add -fopenmp for all cores)

   @F S4-1  L = -mean log p(x_t | x_1 .. x_{t-1})      @F S1-3.5  h_t = f(h_{t-1}, x_t)          */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { SIGNS = 4000, TEXT = 60000, T = 48, E = 96, H = 192, BLOCKS = 2, TENSORS = 64 };
typedef struct text {                /* signs[0] is the line's end, signs[1] the poem's end */
    char    sign[SIGNS][5];
    int     signs;
    int32_t train[TEXT], test[TEXT];
    dl_int  n_train, n_test;
    int     count[SIGNS];            /* in the training text */
} text;
typedef struct net { dl_tensor *p[TENSORS], *state; int n; bool attends; } net;

static void put(text *x, bool test, const char *s, size_t bytes) {
    int k = 0;
    while (k < x->signs && (strncmp(x->sign[k], s, bytes) != 0 || x->sign[k][bytes])) k++;
    if (k == SIGNS || x->n_train >= TEXT || x->n_test >= TEXT) return;
    if (k == x->signs) memcpy(x->sign[x->signs++], s, bytes);
    if (!test) x->count[k]++;
    if (test) x->test[x->n_test++] = k;
    else x->train[x->n_train++] = k;
}

/* Poems are blocks of lines; every tenth one is for testing. Lines that begin with # are titles. */
static bool read_poems(dl_ctx *dl, text *x, const char *path) {
    char line[4096];
    int poem = 0;
    bool within = false;
    FILE *f = fopen(path, "rb");
    if (!f) return dl_fail(dl, DL_ERR_FILE, "%s: no such file; run from the project's directory", path);
    strcpy(x->sign[0], "\n");
    strcpy(x->sign[1], "\f");
    x->signs = 2;
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#') continue;
        if (line[0] == '\n') {
            if (within) put(x, poem++ % 10 == 9, "\f", 1);
            within = false;
            continue;
        }
        for (const char *s = line; *s;) {                      /* a sign is 1 to 4 bytes of UTF-8 */
            unsigned char c = (unsigned char)*s;
            size_t bytes = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
            if (strlen(s) < bytes) break;
            put(x, poem % 10 == 9, s, bytes);
            s += bytes;
        }
        within = true;
    }
    fclose(f);
    return x->n_test > T * 2 || dl_fail(dl, DL_ERR_FORMAT, "%s: too little text", path);
}

static net net_new(dl_ctx *dl, int signs, bool attends, dl_int streams) {
    net m = {{NULL}, NULL, 0, attends};
    m.p[m.n++] = dl_param(dl, dl_shape2(signs, E), dl_init_normal(0, 0.3));
    m.p[m.n++] = dl_param(dl, dl_shape1(signs), dl_init_zeros());
    if (attends) {
        m.p[m.n++] = dl_param(dl, dl_shape2(T, E), dl_init_normal(0, 0.1));   /* learned positions */
        for (int k = 0; k < BLOCKS; k++, m.n += DL_ENCODER_PARAMS)
            dl_transformer_encoder_init(m.p + m.n, dl, E, 4 * E);
    } else {
        m.p[m.n++] = dl_param(dl, dl_shape2(E, H), dl_init_torch(H));
        m.state = dl_state(dl, dl_shape3(1, streams, H));
        dl_recurrent_init(m.p + m.n, dl, DL_GRU, E, H, NULL);
        m.n += 4;
    }
    return m;
}

/* Scores [N,L,signs] of the sign after each of x [N,L]; *state (or DL_NONE) comes back renewed. */
static dl_tensor *forward(dl_ctx *dl, const net *m, const int32_t *x, dl_int N, dl_int L,
                          dl_tensor **state) {
    dl_tensor *y = dl_embedding(m->p[0], x, dl_shape2(N, L), -1);
    if (m->attends) {
        dl_transformer o = dl_transformer_default();
        o.heads = 4, o.norm_first = true, o.causal = true, o.dropout = 0.2;
        y = dl_dropout(dl_add(y, dl_slice(m->p[2], 0, 0, L)), 0.2);
        for (int k = 0; k < BLOCKS; k++)
            y = dl_transformer_encoder(y, m->p + 3 + k * DL_ENCODER_PARAMS, &o);
    } else {
        dl_sequence r = dl_gru(dl_dropout(y, 0.2), m->p + 3, *state, NULL);
        *state = r.h;
        y = dl_linear(dl_dropout(r.y, 0.3), m->p[2], DL_NONE);
    }
    (void)dl;
    return dl_linear(y, m->p[0], m->p[1]);         /* the embedding, used backwards: its twin */
}

/* Mean loss on the test text, in chunks of T. */
static double measure(dl_ctx *dl, const net *m, const text *x) {
    double sum = 0;
    dl_int chunks = 0;
    dl_tensor *state = DL_NONE, *kept = m->attends ? NULL : dl_state(dl, dl_shape3(1, 1, H));
    dl_training(dl, false);
    dl_no_grad(dl, true);
    for (dl_int at = 0; at + T < x->n_test; at += T, chunks++) {
        if (kept) state = kept;
        sum += dl_item(dl_cross_entropy(forward(dl, m, x->test + at, 1, T, &state),
                                        x->test + at + 1));
        if (kept) dl_assign(kept, state);
        dl_tape_clear(dl);
    }
    dl_training(dl, true);
    dl_no_grad(dl, false);
    dl_tensor_free(kept);
    return sum / (double)chunks;
}

/* One pass: N streams side by side, each its own part of the text, T signs a step. */
static void train(dl_ctx *dl, const net *m, dl_optimizer *opt, const text *x, dl_int N) {
    dl_int part = x->n_train / N, shift = m->attends ? dl_rng_int(dl_ctx_rng(dl), T) : 0;
    int32_t *in = (int32_t *)malloc((size_t)(2 * N * T) * sizeof *in), *out = in + N * T;
    if (m->state) dl_fill(m->state, 0);
    for (dl_int at = shift; in && at + T < part && dl_error(dl) == DL_OK; at += T) {
        dl_tensor *state = m->state;
        for (dl_int i = 0; i < N * T; i++) {
            in[i] = x->train[i / T * part + at + i % T];
            out[i] = x->train[i / T * part + at + i % T + 1];
        }
        dl_tensor *loss = dl_cross_entropy(forward(dl, m, in, N, T, &state), out);
        dl_zero_grad(opt);
        dl_backward(loss);
        dl_step(opt);
        if (m->state) dl_assign(m->state, state);  /* the next chunk goes on from here */
        dl_tape_clear(dl);
    }
    free(in);
}

/* Write two poems: draw each next sign from softmax(scores / temperature). */
static void compose(dl_ctx *dl, const net *m, const text *x, double temperature, int most) {
    int32_t seen[4096] = {1};
    dl_training(dl, false);
    dl_no_grad(dl, true);
    printf("  temperature %g:\n    ", temperature);
    for (int n = 1, poems = 0; n < most && n < 4096 && poems < 2; n++) {
        int from = n > T ? n - T : 0, k = 0;
        dl_tensor *state = DL_NONE, *y = forward(dl, m, seen + from, 1, n - from, &state);
        y = y ? dl_softmax(dl_div_scalar(dl_slice(y, 1, -1, n - from), temperature)) : NULL;
        double u = dl_rng_uniform(dl_ctx_rng(dl));
        for (; y && k < x->signs - 1 && (u -= (double)y->data[k]) > 0; k++) {}
        seen[n] = k;
        poems += k == 1;
        printf("%s%s", k == 1 ? "\n" : x->sign[k], k < 2 ? "    " : "");
        dl_tape_clear(dl);
    }
    printf("\n");
    dl_training(dl, true);
    dl_no_grad(dl, false);
}

int main(int argc, char **argv) {
    static text x;
    const char *path = "data/poems/tang300.txt";
    double seconds[2], test[2] = {0, 0}, unigram = 0, curve[2][200], temperature = 0.8;
    long long size[2] = {0, 0};
    ex_option extra[2] = {{"text", EX_TEXT, NULL, 0, 0, "poems, an empty line between two"},
                          {"temperature", EX_REAL, NULL, 0.05, 5, "how daring"}};
    ex_options o = ex_options_default();
    o.epochs = 6;
    o.batch = 8;
    extra[0].value = &path;
    extra[1].value = &temperature;
    ex_parse(&o, argc, argv, "a model that writes poems: GRU against a small transformer",
             "epochs batch seed threads html quiet", extra, 2);
    if (o.epochs > 200) o.epochs = 200;
    dl_ctx *dl = ex_begin(&o);
    if (!read_poems(dl, &x, path)) return ex_end(dl, &o);
    for (dl_int i = 0; i < x.n_test; i++)
        unigram -= log((x.count[x.test[i]] + 1.0) / (double)(x.n_train + x.signs)) / (double)x.n_test;
    if (!o.quiet) printf("%lld signs to learn from, %lld to test on, %d different ones. Knowing only "
                         "how frequent\neach is, one hesitates between e^%.2f = %.0f.\n\n",
                         (long long)x.n_train, (long long)x.n_test, x.signs, unigram, exp(unigram));
    ex_page page = ex_page_open(&o, "A language model · 语言模型");
    for (int k = 0; k < 2; k++) {
        net m = net_new(dl, x.signs, k == 1, o.batch);
        dl_optim adam = dl_torch_adamw(0.003);
        adam.clip_norm = 1;
        dl_optimizer *opt = dl_optimizer_new(dl, adam, m.p, m.n);
        dl_schedule cosine = dl_schedule_cosine(o.epochs, 0.1);
        double start = ex_seconds();
        for (int i = 0; i < m.n; i++) size[k] += (long long)m.p[i]->size;
        if (!o.quiet) printf("%s, %lld parameters\n", k ? "Transformer" : "GRU", size[k]);
        for (int e = 0; e < o.epochs && opt && dl_error(dl) == DL_OK; e++) {
            dl_optimizer_set_lr(opt, 0.003 * dl_schedule_factor(&cosine, e));
            train(dl, &m, opt, &x, o.batch);
            test[k] = measure(dl, &m, &x);
            curve[k][e] = exp(test[k]);
            if (!o.quiet) printf("  epoch %2d: test loss %.3f, perplexity %.0f\n", e + 1, test[k],
                                 curve[k][e]);
        }
        seconds[k] = ex_seconds() - start;
        if (dl_error(dl)) return ex_end(dl, &o);
        if (!o.quiet) compose(dl, &m, &x, 0.5, 120), compose(dl, &m, &x, temperature, 120);
    }
    ex_axes axes = {"Perplexity on unseen poems · 未见过的诗上的困惑度", "epoch · 轮",
                    "perplexity · 困惑度", 0, 0, 0, 0, true};
    ex_curve c[2] = {{"GRU", NULL, curve[0], o.epochs}, {"transformer", NULL, curve[1], o.epochs}};
    ex_page_plot(&page, axes, c, 2);
    ex_page_close(&page, o.quiet);
    ex_result("test_loss=%.4f transformer_loss=%.4f unigram_loss=%.4f seconds=%.2f parameters=%lld",
              test[0], test[1], unigram, seconds[0] + seconds[1], size[0]);
    return ex_end(dl, &o);
}
