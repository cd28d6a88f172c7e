/* 14 - language: a model that writes Tang poems, sign by sign.

   S4 (section 1) names GPT-3, S3 (section 5) translation and speech. Under all of them lies one
   task: given the text so far, how likely is each next sign? Its loss is the cross-entropy of the
   real next sign. Two nets of about the same size learn it from the same 288 poems (data/poems,
   2,500 different signs), in the same order, with the same optimizer and number of passes:

     RNN          a GRU reads the text in chunks and takes its state along; gradients stop at the
                  border of a chunk (truncated backpropagation through time)
     transformer  two blocks of causal self-attention look back over the last 48 signs

   Before each poem stands its kind as one sign: 五言絕句 has 4 verses of 5 signs, 七言絕句 of 7. So
   one can ask for a kind (a prompt, as with GPT), and count in how many verses the nets keep the
   form. A temperature below 1 makes likely signs likelier, above 1 dares more.

   How good can it be? One poem in ten is kept apart to measure on: e^loss is how many signs the
   net hesitates between, the perplexity. Knowing only how frequent each sign is, it is 600; the
   GRU comes to about 390, the transformer to 520. The GRU keeps the form in 4 verses of 10, the
   transformer in 1. 22,000 signs are very little, and a third of the different ones occur just
   once: the GRU learns couplets, commas, stops, and which signs go together, not what a poem says;
   the transformer, which must learn even what "before" means, would need far more. (GPT-3 read
   10^7 times as much.) More passes make more verses right and the perplexity worse: by heart.

       gcc -O2 examples/14_language.c -o language -lm && ./language    (add -fopenmp for all cores)

   @F S4-1  L = -mean log p(x_t | x_1 .. x_{t-1})      @F S1-3.5  h_t = f(h_{t-1}, x_t)          */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { SIGNS = 4000, TEXT = 60000, T = 48, E = 96, H = 192, BLOCKS = 2, TENSORS = 64, WRITTEN = 10,
       MOST = 80 };
static const double HIDE = 0.4;
typedef struct text {                 /* signs[0] is the line's end, signs[1] a hidden one */
    char    sign[SIGNS][24];
    bool    kind[SIGNS], stop[SIGNS]; /* a kind of poem; a line's end or a punctuation mark */
    int     signs, count[SIGNS];      /* how often each is in the training text */
    int32_t train[TEXT], test[TEXT];
    dl_int  n_train, n_test;
} text;
typedef struct net { dl_tensor *p[TENSORS], *state; int n; bool attends; } net;

/* One sign more. Returns its number; -1 when the tables are full: the rest is not read. */
static int put(text *x, bool test, const char *s, size_t bytes) {
    int k = 0;
    while (k < x->signs && (strncmp(x->sign[k], s, bytes) != 0 || x->sign[k][bytes])) k++;
    if (k == SIGNS || x->n_train >= TEXT || x->n_test >= TEXT) return -1;
    if (k == x->signs) {
        memcpy(x->sign[x->signs++], s, bytes);
        x->stop[k] = k == 0 || strstr("，。？！；：", x->sign[k]) != NULL;
    }
    if (!test) x->count[k]++;
    if (test) x->test[x->n_test++] = k;
    else x->train[x->n_train++] = k;
    return k;
}

/* A poem begins with "# kind | title | author"; every tenth one is for testing. */
static bool read_poems(dl_ctx *dl, text *x, const char *path) {
    char line[4096];
    int poems = 0, k;
    FILE *f = fopen(path, "rb");
    if (!f) return dl_fail(dl, DL_ERR_FILE, "%s: no such file; run this from the repository's root "
                           "or name a text with --text FILE", path);
    strcpy(x->sign[0], "\n");
    x->stop[0] = true;
    strcpy(x->sign[1], "\x1a");
    x->signs = 2;
    while (fgets(line, sizeof line, f)) {
        const char *bar = strstr(line, " | ");
        if (line[0] == '#') {
            if (!bar || (unsigned char)line[2] < 0x80 || bar - line > 20) continue;
            k = put(x, poems++ % 10 == 9, line + 2, (size_t)(bar - line - 2));
            if (k >= 0) x->kind[k] = true;
            continue;
        }
        for (const char *s = line; poems > 0 && line[0] != '\n' && *s;) {
            unsigned char c = (unsigned char)*s;           /* a sign is 1 to 4 bytes of UTF-8 */
            size_t bytes = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
            if (strlen(s) < bytes) break;
            put(x, (poems - 1) % 10 == 9, s, bytes);
            s += bytes;
        }
    }
    fclose(f);
    return x->n_test > 2 * T ||
           dl_fail(dl, DL_ERR_FORMAT, "%s: too little text, or no poems \"# kind | title\"", path);
}

static net net_new(dl_ctx *dl, int signs, bool attends, dl_int streams) {
    net m = {{NULL}, NULL, 0, attends};
    m.p[m.n++] = dl_param(dl, dl_shape2(signs, E), dl_init_normal(0, 0.1));
    m.p[m.n++] = dl_param(dl, dl_shape1(signs), dl_init_zeros());
    if (attends) {
        m.p[m.n++] = dl_param(dl, dl_shape2(T, E), dl_init_normal(0, 0.5));  /* learned positions */
        for (int k = 0; k < BLOCKS; k++, m.n += DL_ENCODER_PARAMS)
            dl_transformer_encoder_init(dl, m.p + m.n, E, 4 * E);
    } else {
        m.p[m.n++] = dl_param(dl, dl_shape2(E, H), dl_init_torch(H));
        m.state = dl_state(dl, dl_shape3(1, streams, H));
        dl_recurrent_init(dl, m.p + m.n, DL_GRU, E, H, NULL);
        m.n += 4;
    }
    return m;
}

/* Scores [N,last,signs] of the sign after each of the last signs of x [N,L]. The GRU goes on from
   *state (DL_NONE: from nothing), which comes back renewed. */
static dl_tensor *forward(const net *m, const int32_t *x, dl_int N, dl_int L, dl_int last,
                          dl_tensor **state) {
    dl_tensor *y = dl_embedding(m->p[0], x, dl_shape2(N, L), -1);
    y = dl_mul_scalar(y, sqrt((double)E));         /* large going in, small coming out */
    if (m->attends) {
        dl_transformer o = dl_transformer_default();
        o.heads = 4, o.norm_first = true, o.causal = true, o.dropout = 0.2;
        y = dl_dropout(dl_add(y, dl_slice(m->p[2], 0, 0, L)), 0.2);
        for (int k = 0; k < BLOCKS; k++)
            y = dl_transformer_encoder(y, m->p + 3 + k * DL_ENCODER_PARAMS, &o);
        y = dl_layer_norm(y, 1, DL_NONE, DL_NONE, 1e-5);
    } else {
        dl_sequence r = dl_gru(dl_dropout(y, 0.2), m->p + 3, *state, NULL);
        *state = r.h;
        y = dl_linear(r.y, m->p[2], DL_NONE);
    }
    y = dl_dropout(dl_slice(y, 1, L - last, L), 0.4);
    return dl_linear(y, m->p[0], m->p[1]);         /* the embedding, used backwards: its twin */
}

/* Mean loss on the test text. Both nets know at least T / 2 signs that came before. */
static double measure(dl_ctx *dl, const net *m, const text *x) {
    const dl_int half = T / 2;
    double sum = 0;
    dl_int chunks = 0;
    dl_tensor *state = DL_NONE, *kept = m->attends ? NULL : dl_state(dl, dl_shape3(1, 1, H));
    dl_training(dl, false);
    dl_no_grad(dl, true);
    for (dl_int at = 0; at + half < x->n_test; at += half) {
        dl_int before = m->attends && at > 0 ? half : 0;    /* the GRU has them in its state */
        if (kept) state = kept;
        dl_tensor *y = forward(m, x->test + at - before, 1, half + before, half, &state);
        if (at > 0) sum += dl_item(dl_cross_entropy(y, x->test + at + 1)), chunks++;
        if (kept) dl_assign(kept, state);
        dl_tape_clear(dl);
    }
    dl_training(dl, true);
    dl_no_grad(dl, false);
    dl_tensor_free(kept);
    return sum / (double)chunks;
}

/* One pass: N streams side by side, each its own part of the text, T signs a step. Of the signs
   that are read some are hidden, so that the net does not learn the poems by heart. */
static void train(dl_ctx *dl, const net *m, dl_optimizer *opt, const text *x, dl_int N) {
    dl_int part = x->n_train / N, shift = dl_rng_int(dl_ctx_rng(dl), T);
    int32_t *in = (int32_t *)malloc((size_t)(2 * N * T) * sizeof *in), *out = in + N * T;
    if (m->state) dl_fill(m->state, 0);
    for (dl_int at = shift; in && at + T < part && dl_error(dl) == DL_OK; at += T) {
        dl_tensor *state = m->state;
        for (dl_int i = 0; i < N * T; i++) {
            in[i] = x->train[i / T * part + at + i % T];
            if (!x->kind[in[i]] && !x->stop[in[i]] && dl_rng_uniform(dl_ctx_rng(dl)) < HIDE)
                in[i] = 1;
            out[i] = x->train[i / T * part + at + i % T + 1];
        }
        dl_tensor *loss = dl_cross_entropy(forward(m, in, N, T, T, &state), out);
        dl_zero_grad(opt);
        dl_backward(loss);
        dl_step(opt);
        if (m->state) dl_assign(m->state, state);  /* the next chunk goes on from here */
        dl_tape_clear(dl);
    }
    free(in);
}

/* Write one poem of a kind into poem: draw each next sign from softmax(scores / temperature).
   verses: how many it has, and how many of them as many signs as its kind says. */
static void compose(dl_ctx *dl, const net *m, const text *x, int kind, double temperature,
                    char *poem, size_t room, int verses[2]) {
    int32_t seen[MOST] = {0};
    int length = 0, want = strncmp(x->sign[kind], "五", 3) == 0 ? 5 : 7;
    dl_tensor *kept = m->attends ? NULL : dl_state(dl, dl_shape3(1, 1, H)), *state = DL_NONE;
    dl_training(dl, false);
    dl_no_grad(dl, true);
    seen[1] = kind;                                            /* behind the end of a line */
    *poem = 0;
    for (int n = 2, k; n < MOST; n++) {
        int from = m->attends ? (n > T ? n - T : 0) : n - 1;   /* the GRU: one sign, its state */
        if (n == 2) from = 0;
        if (kept) state = kept;
        dl_tensor *y = forward(m, seen + from, 1, n - from, 1, &state);
        double u = dl_rng_uniform(dl_ctx_rng(dl));
        if (kept) dl_assign(kept, state);
        y = dl_softmax(dl_div_scalar(y, temperature));
        for (k = 0; y && k < x->signs - 1 && (u -= (double)y->data[k]) > 0; k++) {}
        dl_tape_clear(dl);
        if (x->kind[k]) break;                                 /* the next poem begins */
        seen[n] = k;
        if (strlen(poem) + 30 < room) strcat(poem, k ? x->sign[k] : " ");
        if (!x->stop[k]) { length++; continue; }
        if (length > 0) verses[0]++, verses[1] += length == want;
        length = 0;
    }
    dl_training(dl, true);
    dl_no_grad(dl, false);
    dl_tensor_free(kept);
}

/* Poems by a net, at a low temperature and at the one asked for; returns how many verses keep the
   form at the latter. */
static double recite(dl_ctx *dl, const net *m, const text *x, double temperature, bool quiet,
                     ex_page *page) {
    int verses[2] = {0, 0};
    for (int low = 1; low >= 0; low--)
        for (int k = 0; k < x->signs; k++) {
            if (strcmp(x->sign[k], "五言絕句") != 0 && strcmp(x->sign[k], "七言絕句") != 0) continue;
            for (int i = 0; i < (low ? 1 : WRITTEN); i++) {
                char poem[MOST * 8];
                int none[2] = {0, 0};
                double t = low ? 0.5 * temperature : temperature;
                compose(dl, m, x, k, t, poem, sizeof poem, low ? none : verses);
                if (i > 1) continue;
                if (!quiet) printf("  %s, temperature %g: %s\n", x->sign[k], t, poem);
                ex_page_text(page, 0, "%s, t = %g: %s", x->sign[k], t, poem);
            }
        }
    return verses[0] ? (double)verses[1] / verses[0] : 0;
}

int main(int argc, char **argv) {
    static text x;
    static const char *const name[2] = {"GRU", "transformer"};
    const char *path = "data/poems/tang300.txt";
    double seconds[2], test[2] = {0, 0}, form[2] = {0, 0}, unigram = 0, curve[3][200];
    double temperature = 0.8;
    const double rates[2] = {0.003, 0.0015};          /* the best of the few tried */
    long long size[2] = {0, 0};
    ex_option extra[2] = {{"text", EX_TEXT, NULL, 0, 0, "poems, each after a line # kind | title"},
                          {"temperature", EX_REAL, NULL, 0.05, 5, "how daring"}};
    ex_options o = ex_options_default();
    o.epochs = 12;
    o.batch = 4;
    extra[0].value = &path;
    extra[1].value = &temperature;
    ex_parse(&o, argc, argv, "a model that writes poems: GRU against a small transformer",
             "epochs batch seed threads html quiet", extra, 2);
    if (o.epochs > 200) o.epochs = 200;
    dl_ctx *dl = ex_begin(&o);
    if (!read_poems(dl, &x, path)) return ex_end(dl, &o);
    if (x.n_train / o.batch <= 2 * T) {
        dl_fail(dl, DL_ERR_ARGUMENT, "--batch %d: too many streams for %lld signs", o.batch,
                (long long)x.n_train);
        return ex_end(dl, &o);
    }
    for (dl_int i = 0; i < x.n_test; i++)                 /* each counted once more than it is */
        unigram -= log((x.count[x.test[i]] + 1.0) / (double)(x.n_train + x.signs));
    unigram /= (double)x.n_test;
    if (!o.quiet) printf("%lld signs to learn from, %lld to test on, %d different ones. Knowing "
                         "only how frequent\neach is, one hesitates between e^%.2f = %.0f.\n",
                         (long long)x.n_train, (long long)x.n_test, x.signs, unigram, exp(unigram));
    ex_page page = ex_page_open(&o, "A language model · 语言模型");
    for (int k = 0; k < 2; k++) {
        net m = net_new(dl, x.signs, k == 1, o.batch);
        double rate = rates[k];
        dl_optim adam = dl_torch_adamw(rate);
        adam.clip_norm = 1;
        dl_optimizer *opt = dl_optimizer_new(dl, adam, m.p, m.n);
        dl_schedule cosine = dl_schedule_cosine(o.epochs, 0.1);
        double start = ex_seconds();
        for (int i = 0; i < m.n; i++) size[k] += m.p[i] ? (long long)m.p[i]->size : 0;
        if (!o.quiet) printf("\n%s, %lld parameters\n", name[k], size[k]);
        for (int e = 0; e < o.epochs && opt && dl_error(dl) == DL_OK; e++) {
            dl_optimizer_set_lr(opt, rate * dl_schedule_factor(&cosine, e));
            train(dl, &m, opt, &x, o.batch);
            test[k] = measure(dl, &m, &x);
            curve[k][e] = exp(test[k]);
            curve[2][e] = exp(unigram);
            if (!o.quiet) printf("  epoch %2d: test loss %.3f, perplexity %.0f\n", e + 1, test[k],
                                 curve[k][e]);
        }
        seconds[k] = ex_seconds() - start;
        if (dl_error(dl)) return ex_end(dl, &o);
        ex_page_text(&page, 2, "Written by the %s · %s写的诗", name[k], k ? "Transformer" : "GRU");
        form[k] = recite(dl, &m, &x, temperature, o.quiet, &page);
        if (!o.quiet) printf("  %.0f %% of its verses have as many signs as asked for.\n",
                             100 * form[k]);
    }
    ex_axes axes = {"Perplexity on unseen poems · 未见过的诗上的困惑度", "epoch · 轮",
                    "perplexity · 困惑度", 0, 0, 0, 0, false};
    ex_curve c[3] = {{"GRU", NULL, curve[0], o.epochs}, {"transformer", NULL, curve[1], o.epochs},
                     {"frequencies · 只知字频", NULL, curve[2], o.epochs}};
    ex_page_text(&page, 2, "Which one is surprised less? · 哪个更少感到意外？");
    ex_page_plot(&page, axes, c, 3);
    ex_page_table(&page, true);
    ex_page_row(&page, true, "net · 网络|parameters · 参数|perplexity · 困惑度|form kept · 字数正确的句子");
    for (int k = 0; k < 2; k++)
        ex_page_row(&page, false, "%s|%lld|%.0f|%.0f %%", name[k], size[k], exp(test[k]),
                    100 * form[k]);
    ex_page_table(&page, false);
    ex_page_close(&page, o.quiet);
    ex_result("test_loss=%.4f transformer_loss=%.4f unigram_loss=%.4f form=%.3f "
              "transformer_form=%.3f seconds=%.2f parameters=%lld transformer_parameters=%lld",
              test[0], test[1], unigram, form[0], form[1], seconds[0] + seconds[1], size[0],
              size[1]);
    return ex_end(dl, &o);
}
