/* attention.c - attention, positions and transformer blocks against PyTorch's values, the readable
   kernel against what the operation runs, and the edges.

       cc -std=c99 -DDL_REAL=double -I. tests/attention.c -o build/attention -lm
       build/attention                                                                            */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "seqcase.h"

static void positions(void)
{
    test_golden g = golden_open("attention");
    dl_ctx *dl = dl_new(1);
    dl_tensor *pe = dl_positional_encoding(dl, 11, 6), *odd = dl_positional_encoding(dl, 3, 5);
    CHECK_ARRAY(pe->data, golden_get(&g, "pe")->data, pe->size);
    CHECK_CLOSE(odd->data[5 + 4], sin(pow(10000, -0.8)), 1e-6, 0);
    CHECK(dl_positional_encoding(NULL, 3, 4) == NULL, "NULL");
    golden_close(&g);
    dl_free(dl);
}

/* y and the gradients of the three inputs are PyTorch's. */
static void check_attention(test_case *c, dl_tensor *y, dl_tensor *q, dl_tensor *k, dl_tensor *v)
{
    case_check(c, y, "y");
    case_backward(c, case_loss(c, y, "dy"));
    case_grad(c, q, "gq");
    case_grad(c, k, "gk");
    case_grad(c, v, "gv");
}

static void scaled_dot_product(void)
{
    test_case c = cases_open("attention", "sdp");
    while (case_next(&c)) {
        const double *size = case_get(&c, "size")->value;
        dl_tensor *q = case_leaf(&c, "q"), *k = case_leaf(&c, "k"), *v = case_leaf(&c, "v");
        dl_tensor *mask = size[8] != 0 ? case_tensor(&c, "mask") : DL_NONE, *y;
        int32_t lengths[8];
        y = dl_attention(q, k, v, mask, size[7] != 0 ? case_ints(&c, "len", lengths) : NULL,
                         size[6] != 0);
        check_attention(&c, y, q, k, v);
    }
}

static void multihead(void)
{
    test_case c = cases_open("attention", "mha");
    while (case_next(&c)) {
        const double *size = case_get(&c, "size")->value;
        const bool bias = size[5] != 0;            /* without: w has in_proj and out_proj alone */
        dl_tensor *q = case_leaf(&c, "q"), *k = case_leaf(&c, "k"), *v = case_leaf(&c, "v");
        dl_tensor *mask = size[8] != 0 ? case_tensor(&c, "mask") : DL_NONE, *leaf[4], *w[4], *y;
        int32_t lengths[8];
        case_leaves(&c, leaf, "w", bias ? 4 : 2);
        for (int i = 0; i < 4; i++) w[i] = bias ? leaf[i] : i % 2 ? DL_NONE : leaf[i / 2];
        y = dl_multihead_attention(q, k, v, w, (int)size[4], mask,
                                   size[7] != 0 ? case_ints(&c, "len", lengths) : NULL,
                                   size[6] != 0);
        check_attention(&c, y, q, k, v);
        case_grads(&c, leaf, "gw", bias ? 4 : 2);
    }
}

static void blocks(const char *group, int weights)
{
    test_case c = cases_open("attention", group);
    while (case_next(&c)) {
        const double *size = case_get(&c, "size")->value;
        dl_tensor *x = case_leaf(&c, "x"), *memory = case_leaf(&c, "memory"), *y;
        dl_tensor *w[DL_DECODER_PARAMS];
        dl_transformer o = dl_transformer_default();
        int32_t lengths[2][8];
        o.heads = (int)size[5];
        o.norm_first = size[6] != 0;
        o.gelu = size[7] != 0;
        o.causal = size[8] != 0;
        o.dropout = 0;
        if (size[9] != 0) {
            o.lengths = case_ints(&c, "len", lengths[0]);
            if (weights == DL_DECODER_PARAMS)
                o.memory_lengths = case_ints(&c, "mlen", lengths[1]);
        }
        case_leaves(&c, w, "w", weights);
        y = weights == DL_DECODER_PARAMS ? dl_transformer_decoder(x, memory, w, &o)
                                         : dl_transformer_encoder(x, w, &o);
        case_check(&c, y, "y");
        case_backward(&c, case_loss(&c, y, "dy"));
        case_grad(&c, x, "gx");
        if (weights == DL_DECODER_PARAMS) case_grad(&c, memory, "gmemory");
        case_grads(&c, w, "gw", weights);
    }
}

static void encoder(void) { blocks("enc", DL_ENCODER_PARAMS); }
static void decoder(void) { blocks("dec", DL_DECODER_PARAMS); }

/* The readable kernel and what dl_attention runs, on the same numbers. */
static void kernel_against_operation(void)
{
    enum { R = 5, S = 7, D = 3, M = 4 };
    dl_ctx *dl = dl_new(1);
    for (int causal = 0; causal < 2; causal++) {
        dl_real q[R * D], k[S * D], v[S * M], mask[R * S], dy[R * M], ds[S], work[2 * R * S];
        dlk_attention_size size;
        dl_real y[2][R * M], p[2][R * S], dq[2][R * D], dk[2][S * D], dv[2][S * M];
        test_fill(q, R * D, 1, -2, 2);
        test_fill(k, S * D, 2, -2, 2);
        test_fill(v, S * M, 3, -2, 2);
        test_fill(mask, R * S, 4, -1, 1);
        test_fill(dy, R * M, 5, -1, 1);
        mask[3] = mask[S + 1] = -(dl_real)INFINITY;
        for (int way = 0; way < 2; way++) {
            test_fill(dq[way], R * D, 6, -1, 1);
            test_fill(dk[way], S * D, 7, -1, 1);
            test_fill(dv[way], S * M, 8, -1, 1);
        }
        size.R = R; size.S = S; size.D = D; size.M = M; size.causal = causal == 1;
        dlk_attention_forward(y[0], p[0], q, k, v, mask, &size);
        dlk_attention_backward(dq[0], dk[0], dv[0], ds, dy, p[0], q, k, v, &size);
        dli_fast_attention_forward(dl, y[1], p[1], q, k, v, mask, &size);
        dli_fast_attention_backward(dl, dq[1], dk[1], dv[1], work, dy, p[1], q, k, v, &size);
        CHECK_ARRAY(y[1], y[0], R * M);
        CHECK_ARRAY(p[1], p[0], R * S);
        CHECK_ARRAY(dq[1], dq[0], R * D);
        CHECK_ARRAY(dk[1], dk[0], S * D);
        CHECK_ARRAY(dv[1], dv[0], S * M);
    }
    dl_free(dl);
}

/* Central differences, for every element of every input: of a decoder block (norm first, lengths),
   an encoder block (norm last, causal) and multi-head attention with a mask. */
typedef struct block { int which; dl_tensor *p[2 + DL_DECODER_PARAMS], *mask; } block;

static dl_tensor *block_loss(dl_ctx *dl, void *user)
{
    static const int32_t lengths[] = { 3, 2 }, memory_lengths[] = { 1, 4 };
    dl_tensor *const *p = ((block *)user)->p, *y;
    const int which = ((block *)user)->which;
    dl_transformer o = dl_transformer_default();
    (void)dl;
    o.heads = 2;
    o.gelu = true;                             /* no kinks */
    o.dropout = 0;
    o.norm_first = which == 0;
    o.causal = which == 1;
    if (which == 0) {
        o.lengths = lengths;
        o.memory_lengths = memory_lengths;
    }
    y = which == 0 ? dl_transformer_decoder(p[0], p[1], p + 2, &o) :
        which == 1 ? dl_transformer_encoder(dl_add(p[0], dl_slice(p[1], 1, 0, 3)), p + 2, &o) :
                     dl_multihead_attention(p[0], p[1], p[1], p + 2, 2, ((block *)user)->mask,
                                            NULL, false);
    return dl_sum(dl_square(dl_add_scalar(y, 0.3)));  /* a norm's squares alone hardly change */
}

static void gradients(void)
{
    static const int weights[] = { DL_DECODER_PARAMS, DL_ENCODER_PARAMS, 4 };
    for (int which = 0; which < 3; which++) {
        dl_ctx *dl = dl_new(5);
        block b;
        b.which = which;
        b.mask = dl_state(dl, dl_shape2(3, 4));
        test_fill(b.mask->data, b.mask->size, 3, -1, 1);
        b.mask->data[1] = -(dl_real)INFINITY;
        b.p[0] = dl_param(dl, dl_shape3(2, 3, 4), dl_init_normal(0, 1));
        b.p[1] = dl_param(dl, dl_shape3(2, 4, 4), dl_init_normal(0, 1));
        CHECK(which == 0 ? dl_transformer_decoder_init(dl, b.p + 2, 4, 5)
                         : dl_transformer_encoder_init(dl, b.p + 2, 4, 5), "%s", dl_error_text(dl));
        check_gradients(dl, block_loss, &b, b.p, 2 + weights[which]);
        dl_free(dl);
    }
}

/* Keys behind a sample's length are not read, and a query that sees nothing gives 0. */
static void padding(void)
{
    static const int32_t lengths[] = { 2, 0 };
    dl_ctx *dl = dl_new(5);
    dl_tensor *q = dl_randn(dl, dl_shape3(2, 3, 4)), *k = dl_randn(dl, dl_shape3(2, 5, 4));
    dl_tensor *v = dl_randn(dl, dl_shape3(2, 5, 6)), *mask = dl_zeros(dl, dl_shape2(3, 5)), *y;
    for (int i = 2 * 4; i < 5 * 4; i++) k->data[i] = k->data[20 + i] = (dl_real)NAN;
    for (int i = 2 * 6; i < 5 * 6; i++) v->data[i] = v->data[30 + i] = (dl_real)NAN;
    for (int i = 0; i < 5; i++) mask->data[i] = -(dl_real)INFINITY; /* query 0 sees nothing */
    dl_set_requires_grad(q, true);
    dl_set_requires_grad(k, true);
    dl_set_requires_grad(v, true);
    y = dl_attention(q, k, v, mask, lengths, false);
    if (CHECK(y != NULL, "%s", dl_error_text(dl))) {
        for (dl_int i = 0; i < y->size; i++)
            CHECK((y->data[i] == 0) == (i < 6 || i >= 18), "y[%d] = %g", (int)i,
                  (double)y->data[i]);
        CHECK(dl_backward(dl_sum(dl_square(y))), "%s", dl_error_text(dl));
        for (dl_int i = 0; i < q->size; i++)
            CHECK((q->grad[i] == 0) == (i < 4 || i >= 12), "dq[%d] = %g", (int)i,
                  (double)q->grad[i]);
        for (dl_int i = 0; i < k->size; i++)
            CHECK((k->grad[i] == 0) == (i >= 8), "dk[%d] = %g", (int)i, (double)k->grad[i]);
        for (dl_int i = 0; i < v->size; i++)
            CHECK((v->grad[i] == 0) == (i >= 12), "dv[%d] = %g", (int)i, (double)v->grad[i]);
    }
    dl_free(dl);
}

/* Scores that overflow: infinity takes all, as in dl_softmax; two of them share; hidden by the mask
   it is nothing. q = [h], k = [h, 1, h], v = [1, 2, 4], h so large that h h is infinite. */
static void infinite_scores(void)
{
    const dl_real h = sizeof(dl_real) == 4 ? (dl_real)1e30 : (dl_real)1e200;
    for (int reference = 0; reference < 2; reference++)
        for (int hidden = 0; hidden < 2; hidden++) {
            dl_ctx *dl = dl_new(5);
            dl_set_reference(dl, reference != 0);
            const dl_real q[] = { h }, k[] = { h, 1, h }, v[] = { 1, 2, 4 };
            const dl_real low[] = { 1, 0, h };
            const dl_real mask[] = { 0, 0, hidden ? -(dl_real)INFINITY : 0 };
            dl_tensor *y = dl_attention(dl_from(dl, dl_shape3(1, 1, 1), q),
                                        dl_from(dl, dl_shape3(1, 3, 1), k),
                                        dl_from(dl, dl_shape3(1, 3, 1), v),
                                        dl_from(dl, dl_shape2(1, 3), mask), NULL, false);
            CHECK(y && dl_item(y) == (hidden ? 1 : 2.5), "reference %d, hidden %d: %g", reference,
                  hidden, y ? dl_item(y) : NAN);
            y = dl_attention(dl_from(dl, dl_shape3(1, 1, 1), q),
                             dl_from(dl, dl_shape3(1, 3, 1), low),
                             dl_from(dl, dl_shape3(1, 3, 1), v),
                             dl_from(dl, dl_shape2(1, 3), mask), NULL, false);
            CHECK(y && dl_item(y) == (hidden ? 1 : 4), "reference %d, hidden %d: %g", reference,
                  hidden, y ? dl_item(y) : NAN);
            dl_free(dl);
        }
}

/* What a mask or causal hides has no part in anything, even if it is NaN or infinite: y and the
   gradients are those of the same numbers with zeros in the hidden places, whose gradients are 0.
   The last query sees nothing: its NaN, and one in its dy, stay with it. */
static void hidden_run(dl_ctx *dl, bool masked, double bad, dl_real *out)
{
    dl_tensor *x[3], *mask = masked ? dl_zeros(dl, dl_shape2(4, 5)) : DL_NONE;
    const dl_real odd = (dl_real)bad;
    dl_real dy[2 * 4 * 3];
    for (int i = 0; i < 3; i++) {
        x[i] = dl_zeros(dl, dl_shape3(2, i ? 5 : 4, 3));
        test_fill(x[i]->data, x[i]->size, (unsigned)i + 1, -1, 1);
        dl_set_requires_grad(x[i], true);
    }
    test_fill(dy, 24, 9, -1, 1);
    for (int b = 0; b < 2; b++) {                  /* key 4 is hidden from all by causal, too */
        x[1]->data[b * 15 + 13] = x[2]->data[b * 15 + 12] = odd;
        if (masked) x[1]->data[b * 15 + 3] = x[2]->data[b * 15 + 5] = odd;      /* and key 1 */
        if (masked) x[0]->data[b * 12 + 10] = dy[b * 12 + 11] = odd;
    }
    for (int i = 0; masked && i < 20; i++)
        if (i % 5 == 1 || i % 5 == 4 || i >= 15) mask->data[i] = -(dl_real)INFINITY;
    dl_tensor *y = dl_attention(x[0], x[1], x[2], mask, NULL, !masked);
    if (!CHECK(y && dl_backward_from(y, dy), "%s", dl_error_text(dl))) return;
    memcpy(out, y->data, 24 * sizeof *out);
    out += 24;
    for (int i = 0; i < 3; i++) {
        memcpy(out, x[i]->grad, (size_t)x[i]->size * sizeof *out);
        out += x[i]->size;
    }
    dl_tape_clear(dl);
}

static void hidden(void)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY };
    dl_ctx *dl = dl_new(5);
    for (int test = 0; test < 12; test++) {
        dl_real want[108], got[108];
        dl_set_reference(dl, test >= 6);
        hidden_run(dl, test % 2 == 1, 0, want);
        hidden_run(dl, test % 2 == 1, bad[test / 2 % 3], got);
        CHECK(CHECK_ARRAY(got, want, 108), "test %d", test);
        for (int b = 0; b < 2; b++)
            for (int i = 0; i < 3; i++) {          /* dk and dv of key 4, and dq of query 3 */
                CHECK(got[48 + b * 15 + 12 + i] == 0 && got[78 + b * 15 + 12 + i] == 0, "key 4");
                if (test % 2) CHECK(got[24 + b * 12 + 9 + i] == 0, "query 3");
            }
    }
    dl_set_reference(dl, false);
    /* the case where this was seen first: rows must be v[0] */
    dl_real n[8], m[4] = { 0, -(dl_real)INFINITY, 0, -(dl_real)INFINITY };
    for (int i = 0; i < 8; i++) n[i] = (dl_real)i;
    dl_tensor *x = dl_from(dl, dl_shape3(1, 2, 4), n), *v = dl_from(dl, dl_shape3(1, 2, 4), n);
    v->data[4] = v->data[7] = (dl_real)NAN;
    dl_tensor *y = dl_attention(x, x, v, dl_from(dl, dl_shape2(2, 2), m), NULL, false);
    for (int i = 0; i < 8; i++)
        CHECK(y && (double)y->data[i] == i % 4, "y[%d] = %g", i, y ? (double)y->data[i] : 0);
    v->data[0] = (dl_real)NAN;                     /* what is seen is seen */
    y = dl_attention(x, x, v, dl_from(dl, dl_shape2(2, 2), m), NULL, false);
    CHECK(y && isnan((double)y->data[0]) && isnan((double)y->data[4]), "a NaN got lost");
    dl_free(dl);
}

/* The same of multi-head attention, and its weights: a key that no query sees, by mask, by causal
   or behind the length, may hold NaN. */
static void hidden_heads(void)
{
    static const int32_t lengths[] = { 2, 2 };
    dl_ctx *dl = dl_new(5);
    dl_tensor *w[DL_ENCODER_PARAMS];
    CHECK(dl_transformer_encoder_init(dl, w, 4, 8), "%s", dl_error_text(dl));
    for (int test = 0; test < 6; test++) {
        dl_real grad[2][48 + 24 + 24], y[2][16];
        dl_set_reference(dl, test >= 3);
        for (int bad = 0; bad < 2; bad++) {
            dl_tensor *q = dl_zeros(dl, dl_shape3(2, 2, 4)), *k = dl_zeros(dl, dl_shape3(2, 3, 4));
            dl_tensor *mask = dl_zeros(dl, dl_shape2(2, 3)), *r;
            test_fill(q->data, 16, 1, -1, 1);
            test_fill(k->data, 24, 2, -1, 1);
            mask->data[2] = mask->data[5] = -(dl_real)INFINITY;
            for (int n = 0; n < 2; n++)
                for (int e = 0; e < 4; e++)
                    k->data[n * 12 + 8 + e] = bad ? (dl_real)NAN : 0;
            dl_set_requires_grad(k, true);
            for (int i = 0; i < 4; i++)
                memset(w[i]->grad, 0, (size_t)w[i]->size * sizeof(dl_real));
            r = dl_multihead_attention(q, k, k, w, 2, test % 3 == 0 ? mask : DL_NONE,
                                       test % 3 == 1 ? lengths : NULL, test % 3 == 2);
            if (!CHECK(r && dl_backward(dl_sum(dl_square(r))), "%s", dl_error_text(dl))) return;
            memcpy(y[bad], r->data, sizeof y[bad]);
            memcpy(grad[bad], w[0]->grad, 48 * sizeof(dl_real));
            memcpy(grad[bad] + 48, k->grad, 24 * sizeof(dl_real));
            memset(grad[bad] + 72, 0, 24 * sizeof(dl_real));
            memcpy(grad[bad] + 72, w[1]->grad, 12 * sizeof(dl_real));
            for (int e = 0; e < 4; e++)
                CHECK(k->grad[8 + e] == 0, "dk is %g", (double)k->grad[8 + e]);
            dl_tape_clear(dl);
        }
        CHECK(CHECK_ARRAY(y[1], y[0], 16) && CHECK_ARRAY(grad[1], grad[0], 96), "test %d", test);
    }
    dl_free(dl);
}

/* Nothing there: no samples, no queries, no keys, values without numbers; forward and backward. A
   mask has to fit all the same. */
static void empty(void)
{
    static const dl_int size[][4] = { { 0, 3, 5, 4 }, { 2, 0, 5, 4 }, { 2, 3, 0, 4 },
                                      { 2, 3, 5, 0 }, { 0, 0, 0, 0 } };
    for (int test = 0; test < 10; test++) {
        const dl_int *s = size[test / 2];
        dl_ctx *dl = dl_new(5);
        dl_tensor *q = dl_zeros(dl, dl_shape3(s[0], s[1], 4)), *y;
        dl_tensor *k = dl_zeros(dl, dl_shape3(s[0], s[2], 4));
        dl_tensor *v = dl_ones(dl, dl_shape3(s[0], s[2], s[3]));
        dl_tensor *mask = test % 2 ? dl_zeros(dl, dl_shape2(s[1], s[2])) : DL_NONE;
        dl_set_requires_grad(q, true);
        dl_set_requires_grad(v, true);
        y = dl_attention(q, k, v, mask, NULL, test % 2 == 0);
        if (CHECK(y && y->size == s[0] * s[1] * s[3], "%s", dl_error_text(dl)))
            CHECK(dl_backward(dl_sum(y)), "%s", dl_error_text(dl));
        for (dl_int i = 0; y && i < y->size; i++)
            CHECK((double)y->data[i] == (s[2] > 0), "y is %g", (double)y->data[i]);
        test_quiet(dl);
        CHECK(!dl_attention(q, k, v, dl_zeros(dl, dl_shape2(9, 9)), NULL, false), "mask [9,9]");
        CHECK_ERROR(dl, DL_ERR_SHAPE, "mask [9,9] does not fit");
        dl_free(dl);
    }
}

/* The defaults are PyTorch's: norm behind, ReLU, 8 heads, dropout .1, eps 1e-5; NULL means them. */
static void defaults(void)
{
    const dl_transformer o = dl_transformer_default();
    CHECK(o.heads == 8 && !o.norm_first && !o.gelu && !o.causal && !o.lengths &&
          !o.memory_lengths, "defaults");
    CHECK_CLOSE(o.dropout, 0.1, 1e-12, 0);
    CHECK_CLOSE(o.eps, 1e-5, 1e-12, 0);
    dl_ctx *dl = dl_new(5);
    dl_tensor *w[DL_DECODER_PARAMS], *x = dl_randn(dl, dl_shape3(2, 3, 8)), *y, *z;
    CHECK(dl_transformer_decoder_init(dl, w, 8, 16), "%s", dl_error_text(dl));
    dl_set_training(dl, false);
    y = dl_transformer_decoder(x, x, w, NULL);
    z = dl_transformer_decoder(x, x, w, &o);
    CHECK(memcmp(y->data, z->data, 48 * sizeof(dl_real)) == 0, "NULL is not the defaults");
    for (int i = 0; i < 6; i++) {                  /* norm last: rows of mean 0 and variance 1 */
        double sum = 0, squares = 0;
        for (int j = 0; j < 8; j++) {
            sum += (double)y->data[i * 8 + j];
            squares += (double)y->data[i * 8 + j] * (double)y->data[i * 8 + j];
        }
        CHECK_CLOSE(sum, 0, 0, 1e-5);
        CHECK_CLOSE(squares, 8, 1e-3, 0);
    }
    dl_free(dl);
}

/* A causal block's outputs do not change when later inputs do. */
static void causal(void)
{
    dl_ctx *dl = dl_new(5);
    dl_tensor *w[DL_ENCODER_PARAMS], *x = dl_randn(dl, dl_shape3(1, 4, 8)), *y;
    dl_transformer o = dl_transformer_default();
    dl_real before[32];
    o.causal = true;
    o.heads = 4;
    o.dropout = 0;
    CHECK(dl_transformer_encoder_init(dl, w, 8, 16), "%s", dl_error_text(dl));
    memcpy(before, dl_transformer_encoder(x, w, &o)->data, sizeof before);
    for (int i = 24; i < 32; i++) x->data[i] += 1;
    y = dl_transformer_encoder(x, w, &o);
    CHECK(memcmp(before, y->data, 24 * sizeof(dl_real)) == 0, "the past depends on the future");
    CHECK(memcmp(before + 24, y->data + 24, 8 * sizeof(dl_real)) != 0, "the present does not");
    o.dropout = 0.5;
    CHECK(memcmp(y->data, dl_transformer_encoder(x, w, &o)->data, sizeof before) != 0, "dropout");
    dl_set_training(dl, false);
    CHECK(memcmp(y->data, dl_transformer_encoder(x, w, &o)->data, sizeof before) == 0, "dropout");
    dl_free(dl);
}

static void errors(void)
{
    static const int32_t lengths[] = { 3, 6 };
    dl_ctx *dl = dl_new(5);
    dl_tensor *q = dl_randn(dl, dl_shape3(2, 3, 4)), *k = dl_randn(dl, dl_shape3(2, 5, 4));
    dl_tensor *w[DL_DECODER_PARAMS] = { NULL }, *mask;
    test_quiet(dl);
    CHECK(!dl_attention(q, NULL, k, DL_NONE, NULL, false) && dl_error(dl) == DL_OK, "NULL");
    CHECK(!dl_attention(q, k, q, DL_NONE, NULL, false), "5 keys, 3 values");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "queries [2,3,4], keys [2,5,4], values [2,3,4] should be");
    mask = dl_zeros(dl, dl_shape2(3, 4));          /* ranks that are too low, and differ */
    CHECK(!dl_attention(mask, dl_zeros(dl, dl_shape0()), mask, DL_NONE, NULL, false), "a number");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "queries [3,4], keys [], values [3,4] should be");
    mask = dl_zeros(dl, dl_shape0());
    CHECK(!dl_attention(mask, mask, mask, DL_NONE, NULL, false), "numbers");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "queries [], keys [], values [] should be");
    CHECK(!dl_attention(DL_NONE, k, k, DL_NONE, NULL, false), "no queries");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_attention: operand 1 is DL_NONE");
    CHECK(!dl_attention(q, DL_NONE, k, DL_NONE, NULL, false), "no keys");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "can't be left out");
    CHECK(!dl_attention(q, k, k, dl_zeros(dl, dl_shape2(5, 3)), NULL, false), "mask");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "mask [5,3] does not fit: 3 queries and 5 keys");
    CHECK(!dl_attention(q, k, k, DL_NONE, lengths, false), "length 6 of 5");
    CHECK_ERROR(dl, DL_ERR_RANGE, "length 6 of sample 1 is not in 0..5");
    mask = dl_zeros(dl, dl_shape2(3, 5));
    dl_set_requires_grad(mask, true);
    CHECK(!dl_attention(q, k, k, mask, NULL, false), "mask with gradient");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "mask requires a gradient");
    CHECK(dl_transformer_encoder_init(dl, w, 4, 6), "%s", dl_error_text(dl));
    CHECK(!dl_multihead_attention(q, k, k, w, 3, DL_NONE, NULL, false), "4 in 3 heads");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "and 3 heads");
    CHECK(!dl_multihead_attention(q, k, k, w + 1, 2, DL_NONE, NULL, false), "wrong weights");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "in_proj_weight is [12] and should be [12,4]");
    dl_transformer o = dl_transformer_default();
    o.memory_lengths = lengths;
    CHECK(!dl_transformer_encoder(q, w, &o), "an encoder has no memory");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "memory_lengths");
    w[4] = NULL;
    CHECK(!dl_transformer_encoder(q, w, NULL) && dl_error(dl) == DL_OK, "NULL weight");
    CHECK(!dl_transformer_encoder_init(dl, w, 0, 6), "E = 0");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "0 features");
    dl_free(dl);
}

int main(void)
{
    TEST(positions);
    TEST(scaled_dot_product);
    TEST(multihead);
    TEST(encoder);
    TEST(decoder);
    TEST(kernel_against_operation);
    TEST(gradients);
    TEST(padding);
    TEST(infinite_scores);
    TEST(hidden);
    TEST(hidden_heads);
    TEST(empty);
    TEST(defaults);
    TEST(causal);
    TEST(errors);
    return test_end();
}
