/* 14 - language: a model that writes Tang poems, sign by sign.

   S4 (section 1) names GPT-3, S3 (section 5) translation and speech. Under all of them lies one
   task: given the text so far, how likely is each next sign? Its loss is the cross-entropy of the
   real next sign; e^loss, the perplexity, is how many signs the net hesitates between. Two nets of
   the same size learn it from the same 4,731 quatrains (data/poems, 1,995 different signs):

     RNN          a GRU: all it knows of the poem so far is its state of 192 numbers
     transformer  two blocks of causal self-attention: each sign looks back at all before it

   Before each poem stands its kind, verses of 5 signs or of 7. So one can ask for a kind (a prompt,
   as with GPT), and count how many verses keep the form. A temperature below 1 makes likely signs
   likelier, above 1 dares more.

   How good is it? Settings were chosen on 591 validation poems; this is of 591 test poems. Who
   knows only how frequent each sign is hesitates between 483, the GRU between 92, the transformer
   between 91. At temperature 0.8, 99 of 100 verses have the right length, and none of 400 stands in
   a training poem: they are not copied. The nets know what goes together (moon, river, parting),
   that a line ends a thought, at times even rhyme; they do not know what they talk about. (GPT-3
   has 460,000 times as many parameters.) With --epochs 20 the GRU comes to 89, but the transformer
   back to 94: it begins to learn by heart.

       gcc -O2 examples/14_language.c -o language -lm && ./language    (add -fopenmp for all cores)

   How does a sign look back? By attention: first with three positions, by hand and by the kernel;
   at the end as a map, where the trained transformer looks in a poem it has not seen.

   @F S4-1  L = -mean log p(x_t | x_1 .. x_{t-1})      @F S1-3.5  h_t = f(h_{t-1}, x_t)
   @F S4-1  attention: y_i = sum_j p_ij v_j,  p_i = softmax over j of q_i . k_j / sqrt(D)
            back: ds_ij = p_ij (dp_ij - sum_k p_ik dp_ik),  dq_i = sum_j ds_ij k_j / sqrt(D)     */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { SIGNS = 4000, POEMS = 20000, LONGEST = 34, E = 96, H = 192, F = 288, BLOCKS = 2, HEADS = 4,
       ALL = BLOCKS * HEADS, BATCH = 16, WRITTEN = 100, HOT = 3, END = 0, EPOCHS = 200 };
static const int verse[2] = {5, 7};                /* the kinds of poem; as signs: 1 and 2 */
static const char *const name[2] = {"GRU", "transformer"};

typedef struct book {
    char    sign[SIGNS][5];                        /* UTF-8 */
    int     signs, poems, count[3][SIGNS];         /* count: how often each is in a part */
    int32_t poem[POEMS][LONGEST];                  /* its kind, its signs, END */
    int32_t list[3][2][POEMS];                     /* numbers of poems, by part and kind */
    int     n[3][2], batches;                      /* batches: to learn from */
    int32_t order[2][POEMS], left[2];              /* dealt by chance; batches of each not used */
} book;
typedef struct net { dl_tensor *p[3 + BLOCKS * DL_ENCODER_PARAMS]; int n; bool attends; } net;

/* Behind main: what is read, measured and shown, and how; attention by hand. */
static ex_options options(int argc, char **argv, const char **path);
static bool read_poems(dl_ctx *dl, book *b, const char *path, int limit);
static const int32_t *next_batch(dl_ctx *dl, book *b, int *kind);
static void learning(dl_ctx *dl, bool on);
static int32_t draw(const dl_tensor *p, int i);
static void show_book(const book *b, ex_page *page, bool quiet);
static void show_epoch(dl_ctx *dl, const net *m, const book *b, int epoch, bool quiet);
static void show_learned(dl_ctx *dl, const net *m, const book *b, double seconds, ex_page *page,
                         bool quiet);
static void show_both(int epochs, ex_page *page, bool quiet);

/* A net for so many signs, with random weights. */
static net net_new(dl_ctx *dl, int signs, bool attends) {
    net m = {{NULL}, attends ? 3 + BLOCKS * DL_ENCODER_PARAMS : 7, attends};
    m.p[0] = dl_param(dl, dl_shape2(signs, E), dl_init_normal(0, 0.1));
    m.p[1] = dl_param(dl, dl_shape1(signs), dl_init_zeros());
    if (attends) {
        m.p[2] = dl_param(dl, dl_shape2(LONGEST, E), dl_init_normal(0, 0.5));  /* positions */
        for (int k = 0; k < BLOCKS; k++)
            dl_transformer_encoder_init(dl, m.p + 3 + k * DL_ENCODER_PARAMS, E, F);
    } else {
        m.p[2] = dl_param(dl, dl_shape2(E, H), dl_init_torch(H));
        dl_recurrent_init(dl, m.p + 3, DL_GRU, E, H, NULL);
    }
    return m;
}

/* Scores [N,last,signs] of the sign after each of the last ones of x [N,L]. The GRU goes on from
   *state (DL_NONE: from nothing) and leaves there the one it ends with. */
static dl_tensor *forward(const net *m, const int32_t *x, dl_int N, dl_int L, dl_int last,
                          dl_tensor **state) {
    const double drop = m->attends ? 0.1 : 0.3;
    dl_tensor *y = dl_embedding(m->p[0], x, dl_shape2(N, L), -1);
    y = dl_mul_scalar(y, sqrt((double)E));         /* large going in, small coming out */
    if (m->attends) {
        dl_transformer o = dl_transformer_default();
        o.heads = HEADS;
        o.norm_first = true;
        o.causal = true;
        o.dropout = drop;
        y = dl_dropout(dl_add(y, dl_slice(m->p[2], 0, 0, L)), drop);
        for (int k = 0; k < BLOCKS; k++)
            y = dl_transformer_encoder(y, m->p + 3 + k * DL_ENCODER_PARAMS, &o);  /* GPT's block */
        y = dl_layer_norm(y, 1, DL_NONE, DL_NONE, 1e-5);
    } else {
        dl_sequence r = dl_gru(dl_dropout(y, drop), m->p + 3, *state, NULL);   /* S1 section 3.5 */
        *state = r.h;
        y = dl_linear(r.y, m->p[2], DL_NONE);
    }
    y = dl_dropout(dl_slice(y, 1, L - last, L), drop);
    return dl_linear(y, m->p[0], m->p[1]);         /* the embedding, used backwards: its twin */
}

/* S4 section 1, GPT's loss: -mean log p(x_t | x_1 .. x_{t-1}), of n poems of one kind. */
static dl_tensor *loss_of(const net *m, const book *b, int kind, const int32_t *list, int n) {
    int32_t in[BATCH * LONGEST], out[BATCH * LONGEST];
    const int L = 4 * (verse[kind] + 1) + 1;       /* the kind and all signs; all signs and END */
    dl_tensor *state = DL_NONE;
    for (int i = 0; i < n * L; i++) {
        in[i] = b->poem[list[i / L]][i % L];
        out[i] = b->poem[list[i / L]][i % L + 1];
    }
    return dl_cross_entropy(forward(m, in, n, L, L, &state), out);
}

/* Train a net, the rate falling to a twentieth. */
static void learn(dl_ctx *dl, const net *m, book *b, int epochs, bool quiet) {
    const double rate = m->attends ? 0.004 : 0.003;                /* by validation poems */
    const dl_schedule cosine = dl_schedule_cosine(epochs, 0.05);
    dl_optim adam = dl_torch_adamw(rate);
    adam.clip_norm = 1;
    dl_optimizer *opt = dl_optimizer_new(dl, adam, m->p, m->n);
    for (int e = 0; e < epochs && opt && dl_error(dl) == DL_OK; e++) {
        int kind;
        dl_optimizer_set_lr(opt, rate * dl_schedule_factor(&cosine, e));
        for (int k = 0; k < b->batches && dl_error(dl) == DL_OK; k++) {
            const int32_t *list = next_batch(dl, b, &kind);
            dl_tensor *loss = loss_of(m, b, kind, list, BATCH);
            dl_optimizer_zero_grad(opt);
            dl_backward(loss);
            dl_optimizer_step(opt);
            dl_tape_clear(dl);
        }
        show_epoch(dl, m, b, e, quiet);
    }
    dl_optimizer_free(opt);
}

/* Write poems, of both kinds in turn: draw each next sign from softmax(scores / temperature). The
   GRU reads one sign at a time and keeps its state, the transformer looks at all of them again. */
static void compose(dl_ctx *dl, const net *m, double hot, int32_t poem[WRITTEN][LONGEST]) {
    int32_t in[WRITTEN * LONGEST];
    dl_tensor *kept = dl_state(dl, dl_shape3(1, WRITTEN, H)), *state = kept;
    learning(dl, false);
    memset(poem, 0, WRITTEN * sizeof *poem);       /* END is 0 */
    for (int i = 0; i < WRITTEN; i++) poem[i][0] = 1 + i % 2;
    for (int t = 1; t < LONGEST; t++) {
        const int from = m->attends ? 0 : t - 1, L = t - from;
        for (int i = 0; i < WRITTEN * L; i++) in[i] = poem[i / L][from + i % L];
        dl_tensor *p = dl_softmax(dl_div_scalar(forward(m, in, WRITTEN, L, 1, &state), hot));
        for (int i = 0; p && i < WRITTEN; i++) {
            const int32_t sign = draw(p, i);
            if (t == 1 || poem[i][t - 1] != END) poem[i][t] = sign;
        }
        if (!m->attends) dl_assign(kept, state);
        state = kept;
        dl_tape_clear(dl);
    }
    learning(dl, true);
    dl_tensor_free(kept);
}

int main(int argc, char **argv) {
    static book b;
    const char *path = "data/poems/tang.txt";
    const ex_options o = options(argc, argv, &path);
    dl_ctx *dl = ex_begin(&o);
    if (o.epochs > EPOCHS) dl_fail(dl, DL_ERR_ARGUMENT, "--epochs: %d at most", EPOCHS);
    if (dl_error(dl) != DL_OK || !read_poems(dl, &b, path, o.limit)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("A language model", "语言模型"));
    show_book(&b, &page, o.quiet);
    for (int i = 0; i < 2; i++) {
        const net m = net_new(dl, b.signs, i == 1);
        if (!o.quiet) printf(EX("\n%s learns\n", "\n%s 在学\n"), name[i]);
        const double start = ex_seconds();
        learn(dl, &m, &b, o.epochs, o.quiet);
        show_learned(dl, &m, &b, ex_seconds() - start, &page, o.quiet);
        if (dl_error(dl)) return ex_end(dl, &o);
    }
    show_both(o.epochs, &page, o.quiet);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

enum { TRAIN, VALIDATION, TEST, T = 3, D = 4 };
static const double temperature[HOT] = {0.5, 0.8, 1.1};

/* What is known of a net: its perplexity on validation poems after each epoch, its loss on the test
   poems; at each temperature the shares of verses in form, and of those found in training poems. */
static struct {
    double    curve[EPOCHS], test, seconds, right[HOT], copied[HOT];
    long long size;
} found[2];
static double unigram, difference;                 /* the loss by frequencies; from the kernel */

static ex_options options(int argc, char **argv, const char **path) {
    ex_options o = ex_options_default(argc, argv);
    const ex_option own = {"text", EX_TEXT, path, 0, 0, EX("poems, one a line", "诗，一行一首")};
    o.epochs = 8;
    ex_parse(&o, argc, argv, EX("a model that writes poems: GRU against a small transformer; three "
                                "minutes", "会写诗的模型：GRU 对小的 transformer；三分钟"),
             "epochs limit seed threads html quiet", &own, 1);
    return o;
}

/* Poems, one a line: "author<tab>poem", the poem with 4 verses of 5 or of 7 signs, each with a
   comma or a stop. Of ten poems eight are to learn from, one to choose settings by, one to test. */
static bool read_poems(dl_ctx *dl, book *b, const char *path, int limit) {
    static int16_t number[0x110000];               /* of a sign, by its Unicode number */
    char line[512];
    FILE *f = fopen(path, "rb");
    if (!f) return dl_fail(dl, DL_ERR_FILE, "%s: no such file; run this from the repository's root "
                           "or name a text with --text FILE", path);
    strcpy(b->sign[1], "五");
    strcpy(b->sign[2], "七");
    b->signs = 3;
    for (int l = 1; dl_error(dl) == DL_OK && (limit == 0 || l <= limit) &&
         fgets(line, sizeof line, f); l++) {
        const int part = l % 10 == 0 ? TEST : l % 10 == 9 ? VALIDATION : TRAIN;
        const char *tab = strchr(line, '\t'), *s = tab ? tab + 1 : line;
        int32_t *poem = b->poem[b->poems], c = 0;
        int n = 0, verses = 0, length = 0;
        bool even = true;
        while (n < LONGEST - 1 && *s && *s != '\n' && *s != '\r') {
            const char *start = s;
            if ((c = ex_decode(&s)) < 0) break;
            if (number[c] == 0) {
                memcpy(b->sign[b->signs], start, (size_t)(s - start));
                number[c] = (int16_t)b->signs++;
            }
            poem[++n] = number[c];
            if (c != 0xFF0C && c != 0x3002) continue;              /* neither ， nor 。 */
            if (++verses == 1) length = n - 1;
            even &= n == verses * (length + 1);
        }
        if (c < 0) {
            dl_fail(dl, DL_ERR_FORMAT, "%s: line %d is no UTF-8 at byte %d", path, l,
                    (int)(s - line) + 1);
        } else if (!even || verses != 4 || n != 4 * (length + 1) || (length != 5 && length != 7)) {
            dl_fail(dl, DL_ERR_FORMAT, "%s: line %d should have 4 verses of 5 or of 7 signs, each "
                    "with ， or 。 behind it", path, l);
        } else if (b->poems == POEMS - 1 || b->signs > SIGNS - LONGEST) {
            dl_fail(dl, DL_ERR_LIMIT, "%s: line %d: too many poems, or different signs", path, l);
        } else {
            const int kind = length == 7;
            poem[0] = 1 + kind;
            poem[n + 1] = END;
            for (int i = 1; i <= n + 1; i++) b->count[part][poem[i]]++;
            b->list[part][kind][b->n[part][kind]++] = b->poems;
            b->poems++;
        }
    }
    fclose(f);
    b->batches = b->n[TRAIN][0] / BATCH + b->n[TRAIN][1] / BATCH;
    return dl_error(dl) == DL_OK && (b->poems >= 10 * BATCH ||
           dl_fail(dl, DL_ERR_FORMAT, "%s: %d poems are too few", path, b->poems));
}

/* The next training poems, of either kind as chance will; each time round in a new order. */
static const int32_t *next_batch(dl_ctx *dl, book *b, int *kind) {
    const bool again = b->left[0] + b->left[1] == 0;
    for (int k = 0; k < 2 && again; k++) {
        int32_t *order = b->order[k];
        b->left[k] = b->n[TRAIN][k] / BATCH;
        dl_rng_permutation(dl_ctx_rng(dl), order, b->n[TRAIN][k]);
        for (int i = 0; i < b->n[TRAIN][k]; i++) order[i] = b->list[TRAIN][k][order[i]];
    }
    *kind = dl_rng_int(dl_ctx_rng(dl), b->left[0] + b->left[1]) >= b->left[0];
    b->left[*kind]--;
    return b->order[*kind] + b->left[*kind] * BATCH;
}

/* Learning, or using what was learned. */
static void learning(dl_ctx *dl, bool on) {
    dl_set_training(dl, on);
    dl_set_no_grad(dl, !on);
}

/* A sign, as likely as row i of p says. */
static int32_t draw(const dl_tensor *p, int i) {
    const dl_int signs = p->shape.dim[2];
    double u = dl_rng_uniform(dl_ctx_rng(p->ctx));
    int32_t k = 0;
    while (k < signs - 1 && (u -= (double)p->data[i * signs + k]) > 0) k++;
    return k;
}

/* The mean loss on the test poems of one who knows only how frequent each sign is in the training
   poems (each is counted once more than it is there, lest one have no chance). */
static double frequencies(const book *b) {
    double sum = 0, signs = 0, all = 0;
    for (int k = 0; k < b->signs; k++) all += b->count[TRAIN][k] + 1;
    for (int k = 0; k < b->signs; k++) {
        sum -= b->count[TEST][k] * log((b->count[TRAIN][k] + 1) / all);
        signs += b->count[TEST][k];
    }
    return sum / signs;
}

/* Mean loss on a part's poems. */
static double measure(dl_ctx *dl, const net *m, const book *b, int part) {
    double sum = 0, signs = 0;
    learning(dl, false);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < b->n[part][k]; i += BATCH) {
            const int n = b->n[part][k] - i < BATCH ? b->n[part][k] - i : BATCH;
            const double weight = n * (4.0 * (verse[k] + 1) + 1);
            sum += weight * dl_item(loss_of(m, b, k, b->list[part][k] + i, n));
            signs += weight;
            dl_tape_clear(dl);
        }
    learning(dl, true);
    return sum / signs;
}

/* Count verses: all, those with as many signs as their kind has, those found in training poems. */
static void judge(const book *b, const int32_t *poem, int count[3]) {
    const int kind = poem[0] - 1, length = verse[kind];
    for (int i = 1, start = 1; i < LONGEST && start < LONGEST; i++) {
        if (strstr("，。", b->sign[poem[i]]) == NULL) continue;        /* END is "": it goes on */
        bool right = i - start == length && poem[i] != END, copied = false;
        for (int k = 0; right && !copied && k < 4 * b->n[TRAIN][kind]; k++)
            copied = memcmp(poem + start, b->poem[b->list[TRAIN][kind][k / 4]] + 1 +
                           k % 4 * (length + 1), (size_t)length * sizeof *poem) == 0;
        if (i > start) {
            count[0]++;
            count[1] += right;
            count[2] += copied;
        }
        start = poem[i] == END ? LONGEST : i + 1;
    }
}

static void show_epoch(dl_ctx *dl, const net *m, const book *b, int epoch, bool quiet) {
    const double perplexity = exp(measure(dl, m, b, VALIDATION));
    found[m->attends].curve[epoch] = perplexity;
    if (!quiet) printf(EX("  epoch %2d: perplexity %.1f (validation)\n",
                          "  第 %2d 轮：困惑度 %.1f（验证）\n"), epoch + 1, perplexity);
}

/* Three positions, each with a query, a key and a value, and what attention makes of them. */
static const dl_real query[T * D] = {1, 0, 0, 0, 2, 2, 0, 0, 1, 1, 0, 0};
static const dl_real key[T * D] = {0, 0, 1, 1, 1, 1, 0, 0, 2, 2, 0, 0}, value[T] = {10, 20, 30};
typedef struct attention { double s[T][T], p[T][T], y[T], ds[T], dq[D]; } attention;

/* Forward, position i looking at 0 .. i; then back, for L = the last y. */
static void attend(attention *a) {
    for (int i = 0; i < T; i++) {
        double sum = 0;
        for (int j = 0; j <= i; j++) {
            double dot = 0;
            for (int d = 0; d < D; d++) dot += (double)(query[i * D + d] * key[j * D + d]);
            a->s[i][j] = dot / sqrt((double)D);                /* how well key j fits query i    */
            sum += exp(a->s[i][j]);
        }
        for (int j = 0; j <= i; j++) {
            a->p[i][j] = exp(a->s[i][j]) / sum;                /* softmax                        */
            a->y[i] += a->p[i][j] * (double)value[j];          /* a mean of the values           */
        }
    }
    for (int j = 0, i = T - 1; j < T; j++) {                   /* dL/dp_j = v_j, and their mean  */
        a->ds[j] = a->p[i][j] * ((double)value[j] - a->y[i]);  /* is y                           */
        for (int d = 0; d < D; d++) a->dq[d] += a->ds[j] * (double)key[j * D + d] / sqrt((double)D);
    }
}

/* The same by dl.h's kernels; returns the largest difference. */
static double by_kernel(const attention *a) {
    const dlk_attention_size size = {T, T, D, 1, true};
    const dl_real dy[T] = {0, 0, 1};
    dl_real y[T], p[T * T], ds[T], dq[T * D] = {0}, dk[T * D] = {0}, dv[T] = {0};
    double worst = 0;
    dlk_attention_forward(y, p, query, key, value, NULL, &size);
    dlk_attention_backward(dq, dk, dv, ds, dy, p, query, key, value, &size);
    for (int i = 0; i < T; i++) worst = ex_larger(worst, fabs((double)y[i] - a->y[i]));
    for (int i = 0; i < T * T; i++)
        worst = ex_larger(worst, fabs((double)p[i] - a->p[i / T][i % T]));
    for (int d = 0; d < D; d++)
        worst = ex_larger(worst, fabs((double)dq[(T - 1) * D + d] - a->dq[d]));
    return worst;
}

/* Attention by hand, in numbers and as two pictures of 3 x 3. */
static void show_by_hand(ex_page *page, bool quiet) {
    attention a;
    dl_real s[T * T] = {0}, w[T * T] = {0};
    const ex_grid g[2] = {{EX("s, scores", "s，得分"), s, T, 0, 2, 0, 3},
                          {EX("p, weights", "p，权重"), w, T, 0, 2, 0, 3}};
    memset(&a, 0, sizeof a);
    attend(&a);
    difference = by_kernel(&a);
    ex_show_text(page, quiet, 2, EX("Attention over three positions", "三个位置的注意力"));
    for (int i = 0; i < T; i++) {
        char exps[60] = "", mean[90] = "";
        for (int j = 0; j <= i; j++) {
            const char *plus = j ? " + " : "";
            const size_t e = strlen(exps), m = strlen(mean);
            snprintf(exps + e, sizeof exps - e, "%se^%g", plus, a.s[i][j]);
            snprintf(mean + m, sizeof mean - m, "%s%.4f*%g", plus, a.p[i][j], (double)value[j]);
            s[i * T + j] = (dl_real)a.s[i][j];
            w[i * T + j] = (dl_real)(floor(100 * a.p[i][j] + 0.5) / 100);
        }
        ex_show_text(page, quiet, 0, "y%d = %s = %.4f   (%s)", i + 1, mean, a.y[i], exps);
    }
    ex_page_figure(page, "14-weights", EX("Scores and weights of three positions; none sees those "
                                          "after it",
                                          "三个位置的得分与权重；谁也看不到后面的位置"));
    ex_show_grids(g, 2, page, true);
    for (int j = 0; j < T; j++)
        ex_show_text(page, quiet, 0, "ds%d = %.4f*(%g - %.4f) = %.4f", j + 1, a.p[T - 1][j],
                     (double)value[j], a.y[T - 1], a.ds[j]);
    ex_show_text(page, quiet, 0, "dq3 = (%.4f, %.4f, %.4f, %.4f)", a.dq[0], a.dq[1], a.dq[2],
                 a.dq[3]);
    if (difference < 1e-4)
        ex_show_text(page, quiet, 0, EX("The kernel gets the same.", "内核得到同样的数。"));
    else ex_show_text(page, quiet, 0, EX("The kernel gets something else: they differ by %.4f.",
                                         "内核得到的不同：相差 %.4f。"), difference);
}

static void show_book(const book *b, ex_page *page, bool quiet) {
    unigram = frequencies(b);
    ex_page_formula(page, "L = −mean log p(x(t) | x(1) … x(t−1)),   perplexity = e^L");
    ex_show_text(page, quiet, 0, EX("%d poems, %d different signs. Who knows only how frequent "
                                    "each is hesitates between e^%.2f = %.0f.",
                                    "%d 首诗，%d 个不同的字。只知道字频，困惑度是 e^%.2f = %.0f。"),
                 b->poems, b->signs - 3, unigram, exp(unigram));
    show_by_hand(page, quiet);
}

/* A kernel of a context can be replaced by any function of its type. This one does the same, keeps
   the weights of the last poem, and adds up how far back the signs of the last verse look. */
static struct {
    int     calls;
    dl_real weight[ALL][LONGEST * LONGEST];
    double  back[ALL][LONGEST];
} seen;

static void watched_attention(dl_real *y, dl_real *p, const dl_real *q, const dl_real *k,
                              const dl_real *v, const dl_real *mask,
                              const dlk_attention_size *size) {
    const int L = (int)size->R, head = seen.calls++ % ALL;
    dlk_attention_forward(y, p, q, k, v, mask, size);
    memcpy(seen.weight[head], p, (size_t)(L * L) * sizeof *p);
    for (int i = L - 7; i < L - 2; i++)            /* the next sign, i + 1, is one of that verse */
        for (int j = 0; j <= i; j++) seen.back[head][i - j] += (double)p[i * L + j] / 5;
}

/* Where the heads look in poems of 5 signs that were not trained on: the share of each distance,
   all heads together and the one that looks most at the sign above; a poem in that one's eyes. */
static void show_attention(dl_ctx *dl, const net *m, const book *b, ex_page *page, bool quiet) {
    const int L = 4 * (verse[0] + 1) + 1, n = b->n[TEST][0], above = verse[0];
    const int famous = 828;            /* in tang.txt; like all 9th of ten, not to learn from */
    const bool there = b->poems > famous && b->poem[famous][0] == 1;         /* of 5 signs */
    const int known = there ? famous : b->list[TEST][0][0];
    const int32_t *poem = NULL;
    const char *sign[LONGEST];
    double mean[LONGEST] = {0};
    dl_tensor *state = DL_NONE;
    dl_kernels *table = dl_kernel_table(dl), before = *table;
    int best = 0;
    memset(&seen, 0, sizeof seen);
    table->attention_forward = watched_attention;
    learning(dl, false);
    for (int i = 0; i <= n; i++) {                         /* and one for the picture */
        poem = b->poem[i < n ? b->list[TEST][0][i] : known];
        forward(m, poem, 1, L, 1, &state);
        dl_tape_clear(dl);
    }
    learning(dl, true);
    *table = before;
    for (int h = 0; h < ALL; h++) {
        if (seen.back[h][above] > seen.back[best][above]) best = h;
        for (int d = 0; d < L; d++) mean[d] += 100 * seen.back[h][d] / (n + 1) / (double)ALL;
    }
    for (int d = 0; d < L; d++) seen.back[best][d] *= 100.0 / (n + 1);
    const ex_axes axes = {EX("How far back does the next sign look?", "写下一个字时，往回看多远？"),
                          EX("signs back from the next one", "从下一个字往回数"),
                          EX("share of the attention, %", "注意力的份额（%）"), 1, 19, 0, 0, false};
    const ex_curve c[2] = {{EX("all heads", "所有的头"), NULL, mean, 19},
                           {EX("one head", "其中一个头"), NULL, seen.back[best], 19}};
    ex_show_text(page, quiet, 2, EX("Where the transformer looks", "transformer 看哪里"));
    ex_show_text(page, quiet, 0, EX("In the last verse of %d poems the sign in the same place of "
                                    "the verse before gets %.1f %% of the attention, that of two "
                                    "verses before %.1f %%; the sign just read gets %.1f %%. One "
                                    "head gives the first %.1f %%.",
                                    "%d 首诗的末句里，上一句同一位置的字得到 %.1f%% 的注意力，再上一句的得 %.1f%%，"
                                    "刚读过的字得 %.1f%%。有一个头给上一句的 %.1f%%。"),
                 n + 1, mean[above], mean[2 * above + 1], mean[0], seen.back[best][above]);
    ex_page_figure(page, "14-distance", EX("Shares of the attention by distance: peaks 2 and 6 "
                                           "signs back",
                                           "注意力随距离的份额：往回第 2 与第 6 个字处有尖峰"));
    ex_page_plot(page, axes, c, 2);
    for (int i = 0; i < L; i++) sign[i] = i ? b->sign[poem[i]] : EX("5", "五");
    ex_page_text(page, 0, EX("Each row: a sign that was read, and what it looks at to find the "
                             "next one.",
                             "一行是一个刚读过的字，深色是它为了找下一个字而看的地方。"));
    ex_page_figure(page, "14-map", EX("The attention of one head over a poem it has not seen",
                                      "一个头读一首没见过的诗时的注意力"));
    ex_page_matrix(page, seen.weight[best], sign, L);
}

/* The test loss; poems at every temperature, the first four shown, all judged. */
static void show_learned(dl_ctx *dl, const net *m, const book *b, double seconds, ex_page *page,
                         bool quiet) {
    static int32_t poem[WRITTEN][LONGEST];
    found[m->attends].seconds = seconds;
    found[m->attends].size = ex_param_count(m->p, m->n);
    found[m->attends].test = measure(dl, m, b, TEST);
    if (dl_error(dl)) return;
    for (int h = 0; h < HOT; h++) {
        int count[3] = {0, 0, 0};
        compose(dl, m, temperature[h], poem);
        ex_show_text(page, quiet, 2, EX("%s at temperature %g", "%s，温度 %g"), name[m->attends],
                     temperature[h]);
        for (int i = 0; i < WRITTEN; i++) {
            char text[4 * LONGEST + 1] = "";
            for (int t = 1; t < LONGEST; t++) strcat(text, b->sign[poem[i][t]]);
            if (i < 4) ex_show_text(page, quiet, 0, "%s", text);
            judge(b, poem[i], count);
        }
        found[m->attends].right[h] = count[0] ? (double)count[1] / count[0] : 0;
        found[m->attends].copied[h] = count[0] ? (double)count[2] / count[0] : 0;
    }
    if (m->attends) show_attention(dl, m, b, page, quiet);
}

/* The numbers of both nets side by side. */
static void show_both(int epochs, ex_page *page, bool quiet) {
    ex_axes axes = {EX("Perplexity on validation poems", "验证集上的困惑度"), EX("epoch", "轮"),
                    EX("perplexity", "困惑度"), 0, 0, 0, 0, false};
    const ex_curve c[2] = {{name[0], NULL, found[0].curve, epochs},
                           {name[1], NULL, found[1].curve, epochs}};
    ex_show_text(page, quiet, 2, EX("Which one is surprised less?", "哪个更少感到意外？"));
    ex_page_figure(page, "14-perplexity", EX("The perplexity of GRU and transformer after each "
                                             "epoch",
                                             "每轮之后 GRU 与 transformer 的困惑度"));
    ex_page_plot(page, axes, c, 2);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("net|parameters|seconds|perplexity on test poems",
                                      "网络|参数|秒|测试诗的困惑度"));
    for (int k = 0; k < 2; k++)
        ex_show_row(page, quiet, false, "%s|%lld|%.0f|%.1f", name[k], found[k].size,
                    found[k].seconds, exp(found[k].test));
    ex_page_table(page, false);
    ex_show_text(page, quiet, 2, EX("What a temperature does to the verses", "温度对诗句做了什么"));
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("net|temperature|right length, %%|copied, %%",
                                      "网络|温度|字数正确（%%）|抄自训练诗（%%）"));
    for (int k = 0; k < 2; k++)
        for (int h = 0; h < HOT; h++)
            ex_show_row(page, quiet, false, "%s|%g|%.1f|%.1f", name[k], temperature[h],
                        100 * found[k].right[h], 100 * found[k].copied[h]);
    ex_page_table(page, false);
    ex_show_now_you(page, quiet,
                    EX("two signs have the scores 2 and 1. How likely is the first at temperature "
                       "1, and at 0.5?",
                       "两个字的得分是 2 与 1。温度 1 时，第一个的概率是多少？温度 0.5 时呢？"),
                    EX("1 / (1 + e^-1) = 0.73; at 0.5 the scores become 4 and 2, and it is "
                       "1 / (1 + e^-2) = 0.88.",
                       "1 / (1 + e^-1) = 0.73；温度 0.5 时得分变成 4 与 2，概率是 1 / (1 + e^-2) = 0.88。"));
    ex_page_close(page, quiet);
    /* form and copied: shares of the verses written at that temperature */
    ex_result("test_loss=%.4f transformer_loss=%.4f unigram_loss=%.4f temperature=%g form=%.3f "
              "transformer_form=%.3f copied=%.3f transformer_copied=%.3f seconds=%.2f "
              "parameters=%lld transformer_parameters=%lld difference=%.4f", found[0].test,
              found[1].test, unigram, temperature[1], found[0].right[1], found[1].right[1],
              found[0].copied[1], found[1].copied[1], found[0].seconds + found[1].seconds,
              found[0].size, found[1].size, difference);
}
