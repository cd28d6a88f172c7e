/* rnn.c - recurrent nets and embeddings: kernels and operations against PyTorch's values (several
   layers, both directions, lengths, states), against each other, and at the edges.

       cc -std=c99 -DDL_REAL=double -I. tests/rnn.c -o build/rnn -lm && build/rnn  */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "seqcase.h"

#define WEIGHTS 24 /* the most a case has */

static const char *const kind_names[] = { "tanh", "relu", "lstm", "gru" };

static dl_sequence run(dl_recurrent_kind kind, dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                       dl_tensor *c0, const dl_recurrent *o)
{
    switch (kind) {
    case DL_RNN_TANH: return dl_rnn(x, w, h0, o);
    case DL_RNN_RELU: return dl_rnn_relu(x, w, h0, o);
    case DL_LSTM:     return dl_lstm(x, w, h0, c0, o);
    case DL_GRU:      return dl_gru(x, w, h0, o);
    }
    return dl_rnn(NULL, w, h0, o);
}

/* One golden case: inputs, options, weights (DL_NONE for biases left out). */
static void golden_kind(dl_recurrent_kind kind)
{
    const bool lstm = kind == DL_LSTM;
    char file[32];
    test_case c;
    snprintf(file, sizeof file, "rnn_%s", kind_names[kind]);
    c = cases_open(file, "");
    while (case_next(&c)) {
        const double *size = case_get(&c, "size")->value;
        const bool states = size[8] != 0;
        const int step = size[6] != 0 ? 4 : 2;     /* weights a layer, with biases or without */
        dl_tensor *x = case_leaf(&c, "x"), *h0 = states ? case_leaf(&c, "h0") : DL_NONE;
        dl_tensor *c0 = states && lstm ? case_leaf(&c, "c0") : DL_NONE, *leaf[WEIGHTS], *w[WEIGHTS];
        dl_tensor *loss;
        dl_recurrent o = dl_recurrent_default();
        int32_t lengths[8];
        dl_sequence r;
        o.layers = (int)size[4];
        o.bidirectional = size[5] == 2;
        if (size[7] != 0) o.lengths = case_ints(&c, "len", lengths);
        const int n = dl_recurrent_param_count(&o);
        case_leaves(&c, leaf, "w", n / 4 * step);
        for (int i = 0; i < n; i++) w[i] = i % 4 < step ? leaf[i / 4 * step + i % 4] : DL_NONE;
        r = run(kind, x, w, h0, c0, &o);
        case_check(&c, r.y, "y");
        case_check(&c, r.h, "h");
        CHECK(lstm || !r.c, "%s has a memory", kind_names[kind]);
        loss = dl_add(case_loss(&c, r.y, "dy"), case_loss(&c, r.h, "dh"));
        if (lstm) {
            case_check(&c, r.c, "c");
            loss = dl_add(loss, case_loss(&c, r.c, "dc"));
        }
        case_backward(&c, loss);
        case_grad(&c, x, "gx");
        if (states) case_grad(&c, h0, "gh0");
        if (states && lstm) case_grad(&c, c0, "gc0");
        case_grads(&c, leaf, "gw", n / 4 * step);
    }
}

static void golden_tanh(void) { golden_kind(DL_RNN_TANH); }
static void golden_relu(void) { golden_kind(DL_RNN_RELU); }
static void golden_lstm(void) { golden_kind(DL_LSTM); }
static void golden_gru(void) { golden_kind(DL_GRU); }

/* A stock nn.LSTM's numbers, copied in, give PyTorch's outputs. */
static void state_dict(void)
{
    test_case c = case_open("rnn_state_dict", "");
    dl_recurrent o = dl_recurrent_default();
    dl_tensor *w[16];
    dl_sequence r;
    o.layers = 2;
    o.bidirectional = true;
    CHECK(dl_recurrent_param_count(&o) == 16, "%d", dl_recurrent_param_count(&o));
    CHECK(dl_recurrent_init(c.dl, w, DL_LSTM, 5, 6, &o), "%s", dl_error_text(c.dl));
    for (int i = 0; i < 16; i++) {
        const test_array *a = golden_getf(&c.g, "w%d", i);
        if (CHECK(a->size == w[i]->size && a->dim[0] == w[i]->shape.dim[0], "size of w%d", i))
            dl_copy_in(w[i], a->data);
    }
    r = dl_lstm(case_tensor(&c, "x"), w, DL_NONE, DL_NONE, &o);
    if (CHECK(r.y != NULL, "%s", dl_error_text(c.dl))) {
        CHECK_ARRAY_TOL(r.y->data, case_get(&c, "y")->data, r.y->size, 1e-5);
        CHECK_ARRAY_TOL(r.h->data, case_get(&c, "h")->data, r.h->size, 1e-5);
        CHECK_ARRAY_TOL(r.c->data, case_get(&c, "c")->data, r.c->size, 1e-5);
    }
    case_close(&c);
}

static void cells(void)
{
    static const char *const prefix[] = { "rnn_", "relu_", "lstm_", "gru_" };
    for (int k = 0; k < 4; k++) {
        test_case c = case_open("rnn_cells", prefix[k]);
        dl_tensor *x = case_leaf(&c, "x"), *h0 = case_leaf(&c, "h0"), *c0 = case_leaf(&c, "c0");
        dl_tensor *w[4], *h, *loss;
        dl_sequence r = { NULL, NULL, NULL };
        case_leaves(&c, w, "w", 4);
        if (k == DL_LSTM) r = dl_lstm_cell(x, w, h0, c0);
        h = k == DL_RNN_TANH ? dl_rnn_cell(x, w, h0) : k == DL_RNN_RELU ?
            dl_rnn_relu_cell(x, w, h0) : k == DL_GRU ? dl_gru_cell(x, w, h0) : r.h;
        if (case_check(&c, h, "h")) CHECK(h->shape.rank == 2, "rank %d", h->shape.rank);
        loss = case_loss(&c, h, "dh");
        if (k == DL_LSTM) {
            case_check(&c, r.c, "c");
            loss = dl_add(loss, case_loss(&c, r.c, "dc"));
        }
        case_backward(&c, loss);
        case_grad(&c, x, "gx");
        case_grad(&c, h0, "gh0");
        if (k == DL_LSTM) case_grad(&c, c0, "gc0");
        case_grads(&c, w, "gw", 4);
        case_close(&c);
    }
}

/* The readable kernels and what the operations run, on the same numbers: forward and backward. */
static dl_real *numbers(dl_int n, unsigned seed)
{
    dl_real *x = (dl_real *)calloc((size_t)n + 1, sizeof *x);
    test_fill(x, n, seed, -0.7, 0.7);
    return x;
}

/* One layer: arrays, gradients and sizes for one way to compute it, all of their own. */
typedef struct layer_case {
    dlk_recurrent_size s;
    dlk_recurrent_arrays a;
    dlk_recurrent_grads d;
    dl_int outs, grads;               /* how many numbers there are from a.y and from d.dx on */
} layer_case;

/* The twin, if there is one, or the kernels. */
static dli_recurrent_way way_of(dl_ctx *dl, dl_recurrent_kind kind, bool fast,
                                const dlk_recurrent_size *s)
{
    dl_set_reference(dl, !fast);
    return dli_recurrent_choose(dl, kind, s);
}

static layer_case layer_new(dl_ctx *dl, dl_recurrent_kind kind, bool fast, dlk_recurrent_size s)
{
    const dl_int G = dli_cells[kind].gates, rows = s.N * s.T, n = s.N * s.H;
    const bool lstm = kind == DL_LSTM;
    layer_case c;
    double saved, work;
    c.s = s;
    c.outs = rows * s.H + 2 * n;
    c.grads = rows * s.D + G * s.H * (s.D + s.H + 2) + 2 * n;
    dli_recurrent_room(way_of(dl, kind, fast, &s).fast, kind, &s, &saved, &work);
    c.a.x = numbers(rows * s.D, 3);
    c.a.h0 = numbers(n, 4);
    c.a.c0 = numbers(n, 5);
    c.a.w_ih = numbers(G * s.H * s.D, 6);
    c.a.w_hh = numbers(G * s.H * s.H, 7);
    c.a.b_ih = numbers(G * s.H, 8);
    c.a.b_hh = numbers(G * s.H, 9);
    c.a.y = numbers(c.outs, 0);
    c.a.hn = c.a.y + rows * s.H;
    c.a.cn = lstm ? c.a.hn + n : NULL;
    if (!lstm) memset(c.a.hn + n, 0, (size_t)n * sizeof(dl_real));
    c.a.saved = numbers((dl_int)saved, 0);    /* not one element more than is asked for */
    c.a.work = numbers((dl_int)work, 0);
    c.d.dy = numbers(rows * s.H, 10);
    c.d.dhn = numbers(n, 11);
    c.d.dcn = numbers(n, 12);
    c.d.dx = numbers(c.grads, 13);
    c.d.dw_ih = c.d.dx + rows * s.D;
    c.d.dw_hh = c.d.dw_ih + G * s.H * s.D;
    c.d.db_ih = c.d.dw_hh + G * s.H * s.H;
    c.d.db_hh = c.d.db_ih + G * s.H;
    c.d.dh0 = c.d.db_hh + G * s.H;
    c.d.dc0 = lstm ? c.d.dh0 + n : NULL;
    return c;
}

static void layer_free(layer_case *c)
{
    const dl_real *const all[] = { c->a.x, c->a.h0, c->a.c0, c->a.w_ih, c->a.w_hh, c->a.b_ih,
                                   c->a.b_hh, c->a.y, c->a.saved, c->a.work, c->d.dy, c->d.dhn,
                                   c->d.dcn, c->d.dx };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free((void *)(uintptr_t)all[i]);
}

/* Forward and backward by the kernel, or by what dl_rnn and the others run instead. */
static void layer_run(dl_ctx *dl, dl_recurrent_kind kind, bool fast, const layer_case *c)
{
    const dli_recurrent_way way = way_of(dl, kind, fast, &c->s);
    dli_run_recurrent(dl, &way, kind, NULL, &c->a, &c->s);
    dli_run_recurrent(dl, &way, kind, &c->d, &c->a, &c->s);
}

static void kernels_against_operations(dl_int N, dl_int T, dl_int D, dl_int H, int threads)
{
    int32_t lengths[20];
    dl_ctx *dl = dl_new(1);
    for (dl_int i = 0; i < N; i++) lengths[i] = (int32_t)((i * 5 + 4) % T + 1);
    dl_set_threads(dl, threads);
    for (int test = 0; test < 16; test++) {
        const dl_recurrent_kind kind = (dl_recurrent_kind)(test / 4);
        layer_case way[2];
        dlk_recurrent_size s;
        s.N = N; s.T = T; s.D = D; s.H = H;
        s.length = test % 4 < 2 ? lengths : NULL;
        s.reverse = test % 2 == 1;
        for (int fast = 0; fast < 2; fast++) {
            way[fast] = layer_new(dl, kind, fast == 1, s);
            layer_run(dl, kind, fast == 1, &way[fast]);
        }
        CHECK_ARRAY(way[1].a.y, way[0].a.y, way[0].outs);
        CHECK_ARRAY(way[1].d.dx, way[0].d.dx, way[0].grads);
        layer_free(&way[0]);
        layer_free(&way[1]);
    }
    dl_free(dl);
}

/* One sample, a few, and more than a tile; steps and widths of one; several threads. */
static void kernels_against_fast_twins(void)
{
    kernels_against_operations(4, 6, 5, 7, 1);
    kernels_against_operations(1, 3, 2, 17, 1);
    kernels_against_operations(2, 1, 33, 1, 2);
    kernels_against_operations(3, 4, 1, 32, 1);
    kernels_against_operations(20, 5, 19, 33, 1);
    kernels_against_operations(20, 5, 19, 33, 3);
}

/* An infinite input in one of three samples: the gates saturate there, so no gradient reaches the
   inputs, and the other samples notice nothing. The kernels and their twins agree about that. */
static void infinite_input(void)
{
    dl_ctx *dl = dl_new(1);
    for (int test = 0; test < 24; test++) {
        const dl_recurrent_kind kind = test % 3 == 0 ? DL_RNN_TANH : test % 3 == 1 ? DL_LSTM
                                     : DL_GRU;
        const bool fast = DLI_FAST && test / 3 % 2 == 1;
        dlk_recurrent_size s;
        s.N = 3; s.T = test < 12 ? 1 : 2; s.D = 1; s.H = test / 6 % 2 == 0 ? 5 : 33;
        s.length = NULL;
        s.reverse = false;
        layer_case c = layer_new(dl, kind, fast, s);
        dl_real *x = (dl_real *)(uintptr_t)c.a.x;
        const dl_int T = s.T;
        memset(x, 0, (size_t)(3 * T) * sizeof *x);
        memset(c.d.dx, 0, (size_t)c.grads * sizeof *x);
        x[T] = (dl_real)INFINITY;
        layer_run(dl, kind, fast, &c);
        for (dl_int i = 0; i < 3 * T; i++)
            CHECK(isfinite((double)c.d.dx[i]) && (c.d.dx[i] == 0) == (i == T),
                  "dx[%d] of kind %d, fast %d, %d units is %g", (int)i, (int)kind, fast, (int)s.H,
                  (double)c.d.dx[i]);
        for (dl_int i = 0; i < 3 * T * s.H; i++)
            CHECK(isfinite((double)c.a.y[i]), "y[%d] of kind %d", (int)i, (int)kind);
        for (dl_int i = 0; i < 3 * s.H; i++)
            CHECK(isfinite((double)c.d.dh0[i]), "dh0[%d] of kind %d", (int)i, (int)kind);
        layer_free(&c);
    }
    dl_free(dl);
}

/* What a layer asks for is what it uses (layer_new gives it that much, and sanitizers watch), and
   sizes that no memory holds are refused before anything is allocated. */
static void sizes(void)
{
    dl_ctx *dl = dl_new(1);
    test_quiet(dl);
    for (int kind = 0; kind < 4; kind++)
        for (int fast = 0; fast <= DLI_FAST; fast++) {
            const dl_recurrent_kind k = (dl_recurrent_kind)kind;
            dlk_recurrent_size s;
            double saved, work;
            s.N = 1; s.D = 1; s.H = 1; s.length = NULL; s.reverse = false;
            s.T = PTRDIFF_MAX / 16;                 /* y alone would fit */
            dli_recurrent_room(way_of(dl, k, fast == 1, &s).fast, k, &s, &saved, &work);
            const double y = (double)s.T, least = k == DL_LSTM ? 5 * y : k == DL_GRU ? 4 * y : 0;
            CHECK(saved >= (fast ? y : 1) * (fast ? least / y + 4 : least), "kind %d: %g", kind,
                  saved);
            CHECK(work >= 1 && work < 1e6, "kind %d: %g", kind, work);
        }
    /* 15 million steps: y takes 60 MB, the padded panels of the twin gigabytes */
    if (sizeof(void *) == 4 && DLI_FAST) {
        dl_tensor *w[4], *x = dl_zeros(dl, dl_shape3(1, 15000000, 1));
        CHECK(x && dl_recurrent_init(dl, w, DL_LSTM, 1, 1, NULL), "%s", dl_error_text(dl));
        CHECK(!dl_lstm(x, w, DL_NONE, DL_NONE, NULL).y, "a tape of gigabytes");
        CHECK_ERROR(dl, DL_ERR_MEMORY, "run through a long sequence in parts");
    }
    dl_tensor *w[DL_DECODER_PARAMS] = { NULL };
    if (sizeof(void *) == 4) {
        CHECK(!dl_recurrent_init(dl, w, DL_LSTM, 1, INT32_MAX, NULL) && !w[0], "2^31 units");
        CHECK(dl_error(dl) != DL_OK, "no error");
        dl_clear_error(dl);
        CHECK(!dl_transformer_decoder_init(dl, w, INT32_MAX, 1), "2^31 features");
        CHECK(dl_error(dl) != DL_OK && !w[0], "no error");
    }
    dl_free(dl);
}

/* Nothing to run through: no samples, no inputs; forward and backward. */
static void empty(void)
{
    static const dl_int size[][3] = { { 0, 3, 2 }, { 2, 3, 0 }, { 0, 1, 0 } };
    for (int test = 0; test < 12; test++) {
        const dl_recurrent_kind kind = (dl_recurrent_kind)(test % 4);
        const dl_int *s = size[test / 4];
        dl_ctx *dl = dl_new(1);
        dl_tensor *w[4], *x = dl_zeros(dl, dl_shape3(s[0], s[1], s[2]));
        CHECK(dl_recurrent_init(dl, w, kind, 2, 4, NULL), "%s", dl_error_text(dl));
        const dl_int gates = w[1]->shape.dim[0];
        if (s[2] == 0) w[0] = dl_zeros(dl, dl_shape2(gates, 0));
        dl_set_requires_grad(x, true);
        dl_sequence r = run(kind, x, w, DL_NONE, DL_NONE, NULL);
        if (CHECK(r.y && r.y->size == s[0] * s[1] * 4 && r.h->size == s[0] * 4, "%s",
                  dl_error_text(dl))) {
            CHECK(dl_backward(dl_add(dl_sum(r.y), dl_sum(r.h))), "%s", dl_error_text(dl));
            for (dl_int i = 0; i < gates; i++)
                CHECK((w[2]->grad[i] != 0) == (s[0] > 0 && (kind != DL_GRU || i < gates)) ||
                      kind == DL_RNN_RELU, "db[%d] = %g", (int)i, (double)w[2]->grad[i]);
        }
        CHECK(dl_embedding(dl_zeros(dl, dl_shape2(3, 2)), NULL, dl_shape2(0, 4), -1) != NULL, "%s",
              dl_error_text(dl));
        dl_free(dl);
    }
}

/* Central differences of a net with everything in it, for every element of every input. */
typedef struct net { dl_recurrent_kind kind; dl_tensor *p[32]; dl_recurrent o; } net;

static dl_tensor *net_loss(dl_ctx *dl, void *user)
{
    net *t = (net *)user;
    const bool lstm = t->kind == DL_LSTM;
    dl_sequence r = run(t->kind, t->p[0], t->p + 3, t->p[1], lstm ? t->p[2] : DL_NONE, &t->o);
    dl_tensor *loss = dl_add(dl_sum(dl_square(r.y)), dl_sum(dl_square(dl_sub_scalar(r.h, 0.5))));
    (void)dl;
    return lstm ? dl_add(loss, dl_sum(dl_square(dl_add_scalar(r.c, 0.25)))) : loss;
}

static void gradients(void)
{
    static const int32_t lengths[] = { 4, 2, 1 };
    for (int kind = 0; kind < 4; kind++) {
        dl_ctx *dl = dl_new((uint64_t)kind + 3);
        net t;
        /* ReLU has a kink at 0; with this seed no sum comes within h of it */
        t.kind = (dl_recurrent_kind)kind;
        t.o = dl_recurrent_default();
        t.o.layers = 2;
        t.o.bidirectional = true;
        t.o.lengths = lengths;
        t.p[0] = dl_param(dl, dl_shape3(3, 4, 2), dl_init_normal(0, 1));
        t.p[1] = dl_param(dl, dl_shape3(4, 3, 3), dl_init_normal(0, 1));
        t.p[2] = dl_param(dl, dl_shape3(4, 3, 3), dl_init_normal(0, 1));
        CHECK(dl_recurrent_init(dl, t.p + 3, t.kind, 2, 3, &t.o), "%s", dl_error_text(dl));
        check_gradients(dl, net_loss, &t, t.p, 3 + dl_recurrent_param_count(&t.o));
        dl_free(dl);
    }
}

/* The same of single cells behind an embedding. */
static dl_tensor *cell_loss(dl_ctx *dl, void *user)
{
    static const int32_t index[] = { 2, 0, 2, 1, 3, 3 };
    net *t = (net *)user;
    dl_tensor *x = dl_embedding(t->p[0], index, dl_shape2(2, 3), -1), *h = t->p[1];
    dl_sequence r = { NULL, h, t->p[2] };
    (void)dl;
    for (int k = 0; k < 2; k++) {
        dl_tensor *xt = dl_reshape(dl_slice(x, 0, k, k + 1), dl_shape2(3, 2));
        if (t->kind == DL_LSTM) r = dl_lstm_cell(xt, t->p + 3, r.h, r.c);
        else h = t->kind == DL_RNN_TANH ? dl_rnn_cell(xt, t->p + 3, h) : t->kind == DL_RNN_RELU ?
                 dl_rnn_relu_cell(xt, t->p + 3, h) : dl_gru_cell(xt, t->p + 3, h);
    }
    return t->kind == DL_LSTM ? dl_sum(dl_square(dl_add(r.h, dl_mul_scalar(r.c, 0.5))))
                              : dl_sum(dl_square(h));
}

static void cell_gradients(void)
{
    for (int kind = 0; kind < 4; kind++) {
        dl_ctx *dl = dl_new((uint64_t)kind + 3);
        net t;
        t.kind = (dl_recurrent_kind)kind;
        t.p[0] = dl_param(dl, dl_shape2(4, 2), dl_init_normal(0, 1));
        t.p[1] = dl_param(dl, dl_shape2(3, 5), dl_init_normal(0, 1));
        t.p[2] = dl_param(dl, dl_shape2(3, 5), dl_init_normal(0, 1));
        CHECK(dl_recurrent_init(dl, t.p + 3, t.kind, 2, 5, NULL), "%s", dl_error_text(dl));
        check_gradients(dl, cell_loss, &t, t.p, 7);
        dl_free(dl);
    }
}

/* What stands behind a sample's end has no influence on anything, and gets no gradient. */
static void padding(void)
{
    static const int32_t lengths[] = { 2, 4, 1 };
    for (int kind = 0; kind < 4; kind++) {
        dl_ctx *dl = dl_new(5);
        dl_recurrent o = dl_recurrent_default();
        dl_tensor *w[16], *x[2];
        dl_sequence r[2];
        dl_real gw[2][300];
        o.layers = 2;
        o.bidirectional = true;
        o.lengths = lengths;
        dl_recurrent_init(dl, w, (dl_recurrent_kind)kind, 3, 4, &o);
        for (int way = 0; way < 2; way++) {
            dl_int at = 0;
            x[way] = dl_zeros(dl, dl_shape3(3, 4, 3));
            test_fill(x[way]->data, x[way]->size, 1, -1, 1);
            dl_set_requires_grad(x[way], true);
            for (dl_int n = 0; n < 3; n++)
                for (dl_int i = lengths[n] * 3; i < 12; i++)
                    x[way]->data[n * 12 + i] = way ? (dl_real)NAN : 0;
            r[way] = run((dl_recurrent_kind)kind, x[way], w, DL_NONE, DL_NONE, &o);
            if (!CHECK(r[way].y != NULL, "%s", dl_error_text(dl))) break;
            for (int i = 0; i < 16; i++)
                memset(w[i]->grad, 0, (size_t)w[i]->size * sizeof(dl_real));
            dl_backward(dl_add(dl_sum(dl_square(r[way].y)), dl_sum(r[way].h)));
            for (int i = 0; i < 16; i += 5) {
                dl_int m = w[i]->size < 60 ? w[i]->size : 60;
                memcpy(gw[way] + at, w[i]->grad, (size_t)m * sizeof(dl_real));
                at += m;
            }
            if (way == 1) {
                CHECK(memcmp(r[0].y->data, r[1].y->data, (size_t)r[0].y->size * sizeof(dl_real))
                      == 0, "y of kind %d depends on the padding", kind);
                CHECK(memcmp(gw[0], gw[1], (size_t)at * sizeof(dl_real)) == 0,
                      "gradients of kind %d depend on the padding", kind);
            }
            for (dl_int n = 0; n < 3; n++) {
                for (dl_int i = lengths[n] * 3; i < 12; i++)
                    CHECK(x[way]->grad[n * 12 + i] == 0, "dx at the padding is %g",
                          (double)x[way]->grad[n * 12 + i]);
                for (dl_int i = lengths[n] * 8; i < 32; i++)
                    CHECK(r[way].y->data[n * 32 + i] == 0, "y at the padding is %g",
                          (double)r[way].y->data[n * 32 + i]);
            }
        }
        dl_free(dl);
    }
}

/* A text fed in chunks gives what the whole text gives; gradients stop at the chunk's border. */
static void chunks(void)
{
    dl_ctx *dl = dl_new(9);
    dl_recurrent o = dl_recurrent_default();
    dl_tensor *w[8], *h = dl_state(dl, dl_shape3(2, 2, 4)), *c = dl_state(dl, dl_shape3(2, 2, 4));
    dl_real x[2 * 6 * 3], whole[2 * 6 * 4], grad[2][4 * 4 * 4];
    dl_sequence r;
    o.layers = 2;
    dl_recurrent_init(dl, w, DL_LSTM, 3, 4, &o);
    test_fill(x, 36, 1, -1, 1);
    r = dl_lstm(dl_from(dl, dl_shape3(2, 6, 3), x), w, DL_NONE, DL_NONE, &o);
    if (!CHECK(r.y != NULL, "%s", dl_error_text(dl))) return;
    memcpy(whole, r.y->data, sizeof whole);
    for (int k = 0; k < 3; k++) {
        dl_tensor *part;
        dl_tape_clear(dl);
        part = dl_slice(dl_from(dl, dl_shape3(2, 6, 3), x), 1, 2 * k, 2 * k + 2);
        r = dl_lstm(part, w, h, c, &o);
        if (!CHECK(r.y != NULL, "%s", dl_error_text(dl))) return;
        for (int n = 0; n < 2; n++)
            CHECK_ARRAY(r.y->data + n * 8, whole + n * 24 + k * 8, 8);
        /* the state is changed before the backward: what that needs has been copied */
        for (int way = 0; way < 2 && k == 1; way++) {
            memset(w[1]->grad, 0, sizeof grad[0]);
            if (way) dl_fill(h, 99);
            CHECK(dl_backward(dl_sum(dl_square(r.y))), "%s", dl_error_text(dl));
            memcpy(grad[way], w[1]->grad, sizeof grad[0]);
            if (!way) r = dl_lstm(part, w, h, c, &o);
        }
        CHECK(dl_assign(h, r.h) && dl_assign(c, r.c), "%s", dl_error_text(dl));
    }
    CHECK_ARRAY(grad[1], grad[0], 64);
    dl_free(dl);
}

/* On one tape dl_detach stops the gradient at a chunk's border: the weights get the second chunk's
   alone, the first one's input none, and the values are those of the whole. */
static void detached(void)
{
    for (int kind = 0; kind < 4; kind++) {
        const dl_recurrent_kind k = (dl_recurrent_kind)kind;
        dl_ctx *dl = dl_new(9);
        dl_tensor *w[4], *x = dl_randn(dl, dl_shape3(2, 6, 3)), *c = DL_NONE;
        dl_sequence first, second, whole;
        dl_real alone[16 * 4];
        CHECK(dl_recurrent_init(dl, w, k, 3, 4, NULL), "%s", dl_error_text(dl));
        const size_t bytes = (size_t)w[1]->size * sizeof(dl_real);
        dl_set_requires_grad(x, true);
        whole = run(k, x, w, DL_NONE, DL_NONE, NULL);
        for (int way = 0; way < 2; way++) {           /* 0: a state without a past; 1: detached */
            first = run(k, dl_slice(x, 1, 0, 3), w, DL_NONE, DL_NONE, NULL);
            dl_tensor *h = way ? dl_detach(first.h) : dl_from(dl, first.h->shape, first.h->data);
            if (k == DL_LSTM) c = way ? dl_detach(first.c) : dl_from(dl, h->shape, first.c->data);
            second = run(k, dl_slice(x, 1, 3, 6), w, h, c, NULL);
            CHECK_ARRAY(second.h->data, whole.h->data, whole.h->size);
            memset(w[1]->grad, 0, bytes);
            CHECK(dl_backward(dl_sum(dl_square(second.y))), "%s", dl_error_text(dl));
            if (!way) memcpy(alone, w[1]->grad, bytes);
        }
        CHECK(memcmp(alone, w[1]->grad, bytes) == 0, "a gradient of kind %d from before", kind);
        for (int i = 0; i < 36; i++)
            CHECK((x->grad[i] == 0) == (i % 18 < 9), "dx[%d] = %g", i, (double)x->grad[i]);
        dl_free(dl);
    }
}

/* Unrolled by hand, the net gives the same values and gradients as the whole-sequence operation. */
static void unrolled(void)
{
    dl_ctx *dl = dl_new(2);
    dl_tensor *w[4], *x, *h = DL_NONE, *loss = NULL;
    dl_real g[4 * 12];
    dl_sequence r;
    dl_recurrent_init(dl, w, DL_GRU, 2, 4, NULL);
    x = dl_randn(dl, dl_shape3(3, 5, 2));
    r = dl_gru(x, w, DL_NONE, NULL);
    CHECK(dl_backward(dl_sum(dl_square(r.y))), "%s", dl_error_text(dl));
    memcpy(g, w[1]->grad, sizeof g);
    memset(w[1]->grad, 0, sizeof g);
    for (int t = 0; t < 5; t++) {
        dl_tensor *xt = dl_reshape(dl_slice(x, 1, t, t + 1), dl_shape2(3, 2)), *s;
        h = dl_gru_cell(xt, w, h);
        s = dl_sum(dl_square(h));
        loss = loss ? dl_add(loss, s) : s;
    }
    CHECK_ARRAY(h->data, r.h->data, 12);
    CHECK(dl_backward(loss), "%s", dl_error_text(dl));
    CHECK_ARRAY(w[1]->grad, g, 48);
    dl_free(dl);
}

/* Only what is asked for gets a gradient; under no_grad nothing is recorded, nor kept. */
static void parts(void)
{
    dl_ctx *dl = dl_new(2);
    dl_tensor *w[4], *x = dl_randn(dl, dl_shape3(2, 3, 2));
    dl_sequence r;
    dl_recurrent_init(dl, w, DL_LSTM, 2, 3, NULL);
    dl_freeze(w, 4);
    r = dl_lstm(x, w, DL_NONE, DL_NONE, NULL);
    CHECK(!r.y->requires_grad, "nothing requires a gradient, yet y does");
    dl_unfreeze(w + 3, 1);                                 /* only b_hh */
    r = dl_lstm(x, w, DL_NONE, DL_NONE, NULL);
    CHECK(dl_backward(dl_sum(r.c)), "%s", dl_error_text(dl)); /* and only the memory is used */
    CHECK(w[3]->grad[0] != 0, "no gradient");
    for (int i = 0; i < 24; i++) CHECK(w[0]->grad[i] == 0, "frozen, yet %g", (double)w[0]->grad[i]);
    CHECK(r.y->grad == NULL || r.y->grad[0] == 0, "y was not used");
    test_quiet(dl);
    CHECK(!dl_backward(dl_sum(r.h)), "second backward through one net");
    CHECK_ERROR(dl, DL_ERR_STATE, "gone back through already");
    dl_free(dl);
}

/* dropout between layers: none behind the last one, none in evaluation mode */
static void dropout(void)
{
    dl_ctx *dl = dl_new(2);
    dl_recurrent o = dl_recurrent_default();
    dl_tensor *w[8], *x = dl_randn(dl, dl_shape3(2, 3, 2));
    dl_real y[2 * 3 * 4];
    o.layers = 2;
    dl_recurrent_init(dl, w, DL_GRU, 2, 4, &o);
    memcpy(y, dl_gru(x, w, DL_NONE, &o).y->data, sizeof y);
    o.dropout = 0.5;
    CHECK(memcmp(y, dl_gru(x, w, DL_NONE, &o).y->data, sizeof y) != 0, "dropout had no effect");
    dl_set_training(dl, false);
    CHECK(memcmp(y, dl_gru(x, w, DL_NONE, &o).y->data, sizeof y) == 0, "dropout in evaluation");
    dl_free(dl);
}

static void initial_values(void)
{
    dl_ctx *dl = dl_new(2);
    dl_tensor *w[4];
    dl_real lo = 0, hi = 0;
    CHECK(dl_recurrent_init(dl, w, DL_LSTM, 3, 100, NULL), "%s", dl_error_text(dl));
    CHECK(w[0]->shape.dim[0] == 400 && w[0]->shape.dim[1] == 3, "w_ih");
    CHECK(w[1]->shape.dim[0] == 400 && w[1]->shape.dim[1] == 100, "w_hh");
    for (dl_int i = 0; i < w[1]->size; i++) {
        if (w[1]->data[i] < lo) lo = w[1]->data[i];
        if (w[1]->data[i] > hi) hi = w[1]->data[i];
    }
    CHECK(lo >= (dl_real)-0.1 && hi <= (dl_real)0.1 && lo < -0.0999 && hi > 0.0999, "[%g, %g]",
          (double)lo, (double)hi);
    CHECK(w[3]->data[0] != 0, "biases are uniform, too");
    dl_free(dl);
}

static void errors(void)
{
    static const int32_t zero[] = { 3, 0 }, long_one[] = { 4, 3 };
    dl_ctx *dl = dl_new(2), *other = dl_new(3);
    dl_recurrent o = dl_recurrent_default();
    dl_tensor *w[4], *bad[4], *x = dl_randn(dl, dl_shape3(2, 3, 5));
    dl_sequence r;
    test_quiet(dl);
    test_quiet(other);
    dl_recurrent_init(dl, w, DL_LSTM, 5, 4, NULL);
    memcpy(bad, w, sizeof w);
    CHECK(dl_lstm(NULL, w, DL_NONE, DL_NONE, NULL).y == NULL, "NULL gave a result");
    CHECK(dl_error(dl) == DL_OK, "NULL is no new error: %s", dl_error_text(dl));
    CHECK(dl_lstm(x, NULL, DL_NONE, DL_NONE, NULL).y == NULL, "NULL gave a result");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_lstm: w is NULL");
    r = dl_lstm(dl_randn(dl, dl_shape2(3, 5)), w, DL_NONE, DL_NONE, NULL);
    CHECK(!r.y && !r.h && !r.c, "result");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_lstm: x is [3,5] and should be [N,T,D]");
    dl_lstm(dl_randn(dl, dl_shape3(2, 3, 6)), w, DL_NONE, DL_NONE, NULL);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "w_ih is [16,5] and should be [16,6]");
    dl_gru(x, w, DL_NONE, NULL);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "w_ih is [16,5] and should be [12,5]");
    dl_lstm(x, w, dl_zeros(dl, dl_shape3(2, 2, 4)), DL_NONE, NULL);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "h0 is [2,2,4] and should be [1,N,H]");
    dl_lstm(x, w, DL_NONE, dl_zeros(dl, dl_shape3(1, 3, 4)), NULL);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "c0 of a layer is [3,4] and should be [2,4]");
    bad[3] = DL_NONE;
    CHECK(dl_lstm(x, bad, DL_NONE, DL_NONE, NULL).y != NULL, "%s", dl_error_text(dl));
    bad[1] = DL_NONE;
    dl_lstm(x, bad, DL_NONE, DL_NONE, NULL);
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "weight 1 is left out");
    o.lengths = zero;
    dl_lstm(x, w, DL_NONE, DL_NONE, &o);
    CHECK_ERROR(dl, DL_ERR_RANGE, "length 0 of sample 1 is not in 1..3");
    o.lengths = long_one;
    dl_lstm(x, w, DL_NONE, DL_NONE, &o);
    CHECK_ERROR(dl, DL_ERR_RANGE, "length 4 of sample 0");
    o = dl_recurrent_default();
    o.dropout = 0.5;
    dl_lstm(x, w, DL_NONE, DL_NONE, &o);
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dropout 0.5 is for between layers");
    o = dl_recurrent_default();
    o.layers = 0;
    dl_lstm(x, w, DL_NONE, DL_NONE, &o);
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "0 layers");
    CHECK(dl_recurrent_param_count(&o) == 0 && !dl_recurrent_init(dl, bad, DL_GRU, 2, 2, &o),
          "0 layers");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "give 1 or more");
    dl_lstm(dl_randn(other, dl_shape3(2, 3, 5)), w, DL_NONE, DL_NONE, NULL);
    CHECK_ERROR(other, DL_ERR_ARGUMENT, "different contexts");
    dl_rnn_cell(x, w, DL_NONE);
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_rnn_cell: x is [2,3,5] and should be [N,D]");
    dl_tape_clear(dl);
    dl_lstm(x, w, DL_NONE, DL_NONE, NULL);
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_lstm");
    CHECK(dl_lstm(dl_zeros(dl, dl_shape3(0, 3, 5)), w, DL_NONE, DL_NONE, NULL).y != NULL,
          "N = 0: %s", dl_error_text(dl));
    dl_free(other);
    dl_free(dl);
}

static void embedding(void)
{
    test_case c = case_open("attention", "emb_");
    dl_tensor *w = case_leaf(&c, "w"), *y;
    const int32_t wrong[] = { 0, 7 };
    int32_t index[8];
    y = dl_embedding(w, case_ints(&c, "index", index), dl_shape2(2, 4), 2);
    if (case_check(&c, y, "y")) CHECK(dl_shape_equal(y->shape, dl_shape3(2, 4, 3)), "shape");
    case_backward(&c, case_loss(&c, y, "dy"));
    case_grad(&c, w, "gw");
    test_quiet(c.dl);
    CHECK(!dl_embedding(w, wrong, dl_shape1(2), -1), "index 7 of 7");
    CHECK_ERROR(c.dl, DL_ERR_RANGE, "index 7 at position 1 is not in 0..6");
    CHECK(!dl_embedding(w, index, dl_shape1(2), 7), "padding 7 of 7");
    CHECK_ERROR(c.dl, DL_ERR_SHAPE, "padding 7");
    CHECK(!dl_embedding(w, index, dl_shape1(2), -2), "padding -2");
    CHECK_ERROR(c.dl, DL_ERR_SHAPE, "padding -2");
    case_close(&c);
}

/* A model's layers give what the operations give with the layers' weights. */
static void layers(void)
{
    for (int test = 0; test < 8; test++) {
        dl_ctx *dl = dl_new(4);
        dl_model *m = dl_model_new(dl, dl_shape2(5, 3));
        const bool sequences = test % 2 == 1;
        const dl_recurrent_kind kind = test / 2 == 0 ? DL_RNN_TANH : test / 2 == 1 ? DL_LSTM :
                                       DL_GRU;
        dl_recurrent o = dl_recurrent_default();
        dl_layer *l = test / 2 == 0 ? dl_model_add_rnn(m, 4, sequences) :
                      test / 2 == 1 ? dl_model_add_lstm(m, 4, sequences) :
                      test / 2 == 2 ? dl_model_add_gru(m, 4, sequences) :
                      dl_model_add_bidirectional(m, DL_GRU, 4, sequences);
        const dl_int K = test / 2 == 3 ? 2 : 1;
        dl_tensor *x = dl_randn(dl, dl_shape3(2, 5, 3)), *y = dl_model_predict(m, x);
        dl_sequence r;
        if (!CHECK(l && y, "%s", dl_error_text(dl))) return;
        o.bidirectional = K == 2;
        r = run(kind, x, l->param, DL_NONE, DL_NONE, &o);
        CHECK(y->shape.rank == (sequences ? 3 : 2) && y->shape.dim[sequences ? 2 : 1] == 4 * K,
              "shape of test %d", test);
        if (sequences) CHECK_ARRAY(y->data, r.y->data, y->size);
        else
            for (dl_int n = 0; n < 2; n++)
                for (dl_int k = 0; k < K; k++)
                    CHECK_ARRAY(y->data + (n * K + k) * 4, r.h->data + (k * 2 + n) * 4, 4);
        dl_free(dl);
    }
}

/* The same of the layers that are one operation. */
static void other_layers(void)
{
    dl_ctx *dl = dl_new(4);
    dl_model *words = dl_model_new(dl, dl_shape1(3)), *m = dl_model_new(dl, dl_shape2(3, 4));
    dl_model *n = dl_model_new(dl, dl_shape2(3, 4));
    const dl_real word[] = { 4, 0, 2, 2, 1, 4 };
    const int32_t index[] = { 4, 0, 2, 2, 1, 4 };
    dl_tensor *x = dl_randn(dl, dl_shape3(2, 3, 4)), *y, *want;
    dl_layer *l = dl_model_add_embedding(words, 5, 4);
    y = dl_model_predict(words, dl_from(dl, dl_shape2(2, 3), word));
    want = dl_embedding(l->param[0], index, dl_shape2(2, 3), -1);
    if (CHECK(y && want, "%s", dl_error_text(dl))) CHECK_ARRAY(y->data, want->data, 24);
    for (int causal = 0; causal < 2; causal++) {
        dl_model *a = dl_model_new(dl, dl_shape2(3, 4));
        l = dl_model_add_multihead_attention(a, 2, causal == 1);
        y = dl_model_predict(a, x);
        want = dl_multihead_attention(x, x, x, l->param, 2, DL_NONE, NULL, causal == 1);
        if (CHECK(y && want, "%s", dl_error_text(dl))) CHECK_ARRAY(y->data, want->data, 24);
    }
    l = dl_model_add_time_distributed(m, 5, DL_TANH);
    y = dl_model_predict(m, x);
    want = dl_tanh(dl_linear(x, l->param[0], l->param[1]));
    if (CHECK(y && want, "%s", dl_error_text(dl))) CHECK_ARRAY(y->data, want->data, 30);
    l = dl_model_add_layer_normalization(n);
    y = dl_model_predict(n, x);
    want = dl_layer_norm(x, 1, l->param[0], l->param[1], 1e-3);
    if (CHECK(y && want, "%s", dl_error_text(dl))) CHECK_ARRAY(y->data, want->data, 24);
    dl_free(dl);
}

/* Which of 4 words came first? Only a net that remembers can say. */
static void model_remembers(void)
{
    dl_ctx *dl = dl_new(4);
    dl_model *m = dl_model_new(dl, dl_shape1(9)), *copy;
    dl_real x[200 * 9];
    int32_t labels[200];
    dl_fit fit = dl_fit_default();
    dl_data *data;
    test_fill(x, 200 * 9, 1, 0, 4);
    for (int i = 0; i < 200 * 9; i++) x[i] = (dl_real)(int)x[i];
    for (int i = 0; i < 200; i++) labels[i] = (int32_t)x[i * 9];
    dl_model_add_embedding(m, 4, 6);
    dl_model_add_gru(m, 16, true);
    dl_model_add_time_distributed(m, 8, DL_TANH);
    dl_model_add_multihead_attention(m, 2, true);
    dl_model_add_bidirectional(m, DL_LSTM, 8, false);
    dl_model_add_dense(m, 4, DL_SOFTMAX);
    CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01)), "%s",
          dl_error_text(dl));
    CHECK(dl_model_find(m, "bidirectional_1.weight_ih_l0_reverse") != NULL, "name");
    data = dl_data_from_arrays(dl, x, 200, dl_shape1(9), labels, 4);
    fit.epochs = 30;
    fit.verbose = 0;
    CHECK(dl_model_fit(m, data, &fit), "%s", dl_error_text(dl));
    CHECK(dl_model_evaluate(m, data).accuracy >= 0.99, "accuracy %g",
          dl_model_evaluate(m, data).accuracy);
    copy = dl_model_clone(dl, m);
    if (CHECK(copy != NULL, "%s", dl_error_text(dl))) {
        dl_tensor *in = dl_from(dl, dl_shape2(1, 9), x);
        CHECK_ARRAY(dl_model_predict(copy, in)->data, dl_model_predict(m, in)->data, 4);
    }
    test_quiet(dl);
    x[5] = 4;
    CHECK(!dl_model_predict(m, dl_from(dl, dl_shape2(1, 9), x)), "word 4 of 4");
    CHECK_ERROR(dl, DL_ERR_RANGE, "embedding_1: word 4 at position 5 is not a whole number in 0..3");
    dl_free(dl);
}

static void layer_errors(void)
{
    dl_ctx *dl = dl_new(4);
    dl_model *m = dl_model_new(dl, dl_shape1(9)), *s = dl_model_new(dl, dl_shape2(3, 5));
    dl_real x[15] = { 0 };
    int32_t label = 0;
    test_quiet(dl);
    CHECK(!dl_model_add_lstm(m, 4, false), "samples of rank 1");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "lstm_1: 4 units for samples of [9]; it needs samples [T,D]");
    CHECK(!dl_model_add_multihead_attention(s, 2, false), "5 in 2 heads");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "multihead_attention_1: 2 heads for samples of [3,5]");
    CHECK(!dl_model_add_embedding(m, 0, 4), "no words");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "embedding_1: 0 words");
    CHECK(dl_model_layer_count(m) == 0, "a failed layer stayed");
    s = dl_model_new(dl, dl_shape2(3, 5));
    dl_model_add_rnn(s, 4, true);
    dl_model_add_dense(s, 2, DL_SOFTMAX);
    dl_model_compile(s, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01));
    CHECK(isnan(dl_model_evaluate(s, dl_data_from_arrays(dl, x, 1, dl_shape2(3, 5), &label,
                                                         2)).loss), "one label for 3 outputs");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "one label for each sample, but the model's output is [3,2]");
    dl_free(dl);
}

int main(void)
{
    TEST(golden_tanh);
    TEST(golden_relu);
    TEST(golden_lstm);
    TEST(golden_gru);
    TEST(state_dict);
    TEST(cells);
    TEST(kernels_against_fast_twins);
    TEST(infinite_input);
    TEST(sizes);
    TEST(empty);
    TEST(gradients);
    TEST(cell_gradients);
    TEST(padding);
    TEST(chunks);
    TEST(detached);
    TEST(unrolled);
    TEST(parts);
    TEST(dropout);
    TEST(initial_values);
    TEST(errors);
    TEST(embedding);
    TEST(layers);
    TEST(other_layers);
    TEST(model_remembers);
    TEST(layer_errors);
    return test_end();
}
