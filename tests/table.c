/* table.c - tests of the table of kernels: every entry that is replaced is called, and what twins do
   in one go falls apart into what was replaced; reference and instruction set are switched at run
   time, also between forward and backward. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

/* ---- a counting kernel for every entry ---- */

static int calls;                            /* of the counting kernels */

#define COUNT(name, params, args) \
    static void my_##name params { calls++; dlk_##name args; }
#define PAIR(name, params, args, back_params, back_args) \
    COUNT(name##_forward, params, args) COUNT(name##_backward, back_params, back_args)
#define R const dl_real
#define UNARY(name) \
    PAIR(name, (dl_real *y, R *x, dl_int n, double p, double q), (y, x, n, p, q), \
         (dl_real *dx, R *dy, R *y, R *x, dl_int n, double p, double q), (dx, dy, y, x, n, p, q))
#define BINARY(name) \
    PAIR(name, (dl_real *y, R *a, R *b, dl_int n, dl_int s, dl_int t), (y, a, b, n, s, t), \
         (dl_real *da, dl_real *db, R *dy, R *a, R *b, dl_int n, dl_int s, dl_int t), \
         (da, db, dy, a, b, n, s, t))
#define PRODUCT(name, extra_type, extra) \
    COUNT(name##_backward, (dl_real *dx, dl_real *dw extra_type, R *dy, R *x, R *w, dl_int N, \
                            dl_int D, dl_int M), (dx, dw extra, dy, x, w, N, D, M))
#define COMMA_DB , dl_real *db
#define COMMA_B , db
#define LOSS(name) \
    PAIR(name, (dl_real *l, R *x, R *t, dl_int n, double s), (l, x, t, n, s), \
         (dl_real *dx, dl_real dl, R *x, R *t, dl_int n, double s), (dx, dl, x, t, n, s))
#define ROWS(name) \
    PAIR(name, (dl_real *y, R *x, dl_int N, dl_int C), (y, x, N, C), \
         (dl_real *dx, R *dy, R *y, dl_int N, dl_int C), (dx, dy, y, N, C))
#define ENTROPY(name, type) \
    PAIR(name, (dl_real *l, dl_real *p, R *x, const type *t, dl_int N, dl_int C, double s), \
         (l, p, x, t, N, C, s), \
         (dl_real *dx, dl_real dl, R *p, const type *t, dl_int N, dl_int C, double s), \
         (dx, dl, p, t, N, C, s))
#define CONV(name) \
    PAIR(name, (dl_real *y, R *x, R *w, R *b, const dlk_conv2d_size *s), (y, x, w, b, s), \
         (dl_real *dx, dl_real *dw, dl_real *db, R *dy, R *x, R *w, const dlk_conv2d_size *s), \
         (dx, dw, db, dy, x, w, s))

UNARY(neg) UNARY(exp) UNARY(log) UNARY(sqrt) UNARY(square) UNARY(pow) UNARY(abs) UNARY(clamp)
UNARY(affine) UNARY(over) UNARY(reciprocal) UNARY(sigmoid) UNARY(tanh) UNARY(relu)
UNARY(leaky_relu) UNARY(elu) UNARY(gelu) UNARY(gelu_tanh) UNARY(silu) UNARY(softplus)
BINARY(add) BINARY(sub) BINARY(mul) BINARY(div) BINARY(maximum) BINARY(minimum)
COUNT(linear_forward, (dl_real *y, R *x, R *w, R *b, dl_int N, dl_int D, dl_int M),
      (y, x, w, b, N, D, M))
COUNT(matmul_forward, (dl_real *y, R *a, R *b, dl_int N, dl_int K, dl_int M), (y, a, b, N, K, M))
PRODUCT(linear, COMMA_DB, COMMA_B)
PRODUCT(matmul, , )
PAIR(sum, (dl_real *y, R *x, dl_int o, dl_int n, dl_int i, double s), (y, x, o, n, i, s),
     (dl_real *dx, R *dy, dl_int o, dl_int n, dl_int i, double s), (dx, dy, o, n, i, s))
ROWS(softmax) ROWS(log_softmax)
PAIR(dropout, (dl_real *y, R *x, dl_int n, double p, uint64_t k), (y, x, n, p, k),
     (dl_real *dx, R *dy, dl_int n, double p, uint64_t k), (dx, dy, n, p, k))
LOSS(mse) LOSS(mae) LOSS(bce)
PAIR(huber, (dl_real *l, R *x, R *t, dl_int n, double d, double s), (l, x, t, n, d, s),
     (dl_real *dx, dl_real dl, R *x, R *t, dl_int n, double d, double s), (dx, dl, x, t, n, d, s))
ENTROPY(cross_entropy, int32_t) ENTROPY(soft_cross_entropy, dl_real)
CONV(conv2d) CONV(conv_transpose2d)
PAIR(upsample2d, (dl_real *y, R *x, dl_int P, dl_int H, dl_int W, dl_int h, dl_int w),
     (y, x, P, H, W, h, w), (dl_real *dx, R *dy, dl_int P, dl_int H, dl_int W, dl_int h, dl_int w),
     (dx, dy, P, H, W, h, w))
PAIR(max_pool2d, (dl_real *y, int32_t *at, R *x, const dlk_pool2d_size *s), (y, at, x, s),
     (dl_real *dx, R *dy, const int32_t *at, const dlk_pool2d_size *s), (dx, dy, at, s))
PAIR(avg_pool2d, (dl_real *y, R *x, const dlk_pool2d_size *s, bool c), (y, x, s, c),
     (dl_real *dx, R *dy, const dlk_pool2d_size *s, bool c), (dx, dy, s, c))
COUNT(batch_stats, (dl_real *m, dl_real *v, R *x, dl_int N, dl_int C, dl_int S), (m, v, x, N, C, S))
COUNT(batch_norm_update, (dl_real *rm, dl_real *rv, R *m, R *v, dl_int C, double n, double a),
      (rm, rv, m, v, C, n, a))
PAIR(batch_norm, (dl_real *y, R *x, R *m, R *v, R *w, R *b, dl_int N, dl_int C, dl_int S, double e,
      bool t), (y, x, m, v, w, b, N, C, S, e, t),
     (dl_real *dx, dl_real *dw, dl_real *db, R *dy, R *x, R *m, R *v, R *w, dl_int N, dl_int C,
      dl_int S, double e, bool t), (dx, dw, db, dy, x, m, v, w, N, C, S, e, t))
PAIR(layer_norm, (dl_real *y, dl_real *m, dl_real *v, R *x, R *w, R *b, dl_int N, dl_int D,
      double e), (y, m, v, x, w, b, N, D, e),
     (dl_real *dx, dl_real *dw, dl_real *db, R *dy, R *x, R *m, R *v, R *w, dl_int N, dl_int D,
      double e), (dx, dw, db, dy, x, m, v, w, N, D, e))
PAIR(group_norm, (dl_real *y, dl_real *m, dl_real *v, R *x, R *w, R *b, dl_int N, dl_int C,
      dl_int S, dl_int g, double e), (y, m, v, x, w, b, N, C, S, g, e),
     (dl_real *dx, dl_real *dw, dl_real *db, R *dy, R *x, R *m, R *v, R *w, dl_int N, dl_int C,
      dl_int S, dl_int g, double e), (dx, dw, db, dy, x, m, v, w, N, C, S, g, e))
PAIR(embedding, (dl_real *y, R *w, const int32_t *i, dl_int n, dl_int E), (y, w, i, n, E),
     (dl_real *dw, R *dy, const int32_t *i, dl_int n, dl_int E, dl_int p), (dw, dy, i, n, E, p))
PAIR(attention, (dl_real *y, dl_real *p, R *q, R *k, R *v, R *m, const dlk_attention_size *s),
     (y, p, q, k, v, m, s),
     (dl_real *dq, dl_real *dk, dl_real *dv, dl_real *ds, R *dy, R *p, R *q, R *k, R *v,
      const dlk_attention_size *s), (dq, dk, dv, ds, dy, p, q, k, v, s))
COUNT(attention_softmax, (dl_real *p, R *m, dl_int A, dl_int S, double s, bool c),
      (p, m, A, S, s, c))
COUNT(positional_encoding, (dl_real *y, dl_int T, dl_int E), (y, T, E))
COUNT(sgd_step, (dl_real *w, R *g, dl_int n, double lr), (w, g, n, lr))
COUNT(momentum_step, (dl_real *w, R *g, dl_real *v, dl_int n, double a, double b, double m, bool k),
      (w, g, v, n, a, b, m, k))
COUNT(adagrad_step, (dl_real *w, R *g, dl_real *a, dl_int n, double lr, double i, double o),
      (w, g, a, n, lr, i, o))
COUNT(adadelta_step, (dl_real *w, R *g, dl_real *a, dl_real *u, dl_int n, double lr, double r,
      double e), (w, g, a, u, n, lr, r, e))
COUNT(rmsprop_step, (dl_real *w, R *g, dl_real *a, dl_int n, double lr, double r, double i,
      double o), (w, g, a, n, lr, r, i, o))
COUNT(adam_step, (dl_real *w, R *g, dl_real *m, dl_real *v, dl_int n, double lr, double a, double b,
      double e, int64_t t, bool k), (w, g, m, v, n, lr, a, b, e, t, k))
COUNT(decay_grad, (dl_real *g, R *w, dl_int n, double s, double a, double b), (g, w, n, s, a, b))
#define RECURRENT(name) \
    PAIR(name, (const dlk_recurrent_arrays *r, const dlk_recurrent_size *s), (r, s), \
         (const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r, \
          const dlk_recurrent_size *s), (d, r, s))
RECURRENT(rnn)
RECURRENT(rnn_relu)
RECURRENT(lstm)
RECURRENT(gru)

/* ---- what uses them ---- */

enum { ROOM = 4096 };
static dl_ctx  *dl;
static dl_tensor *param[8];
static int      params;
static dl_real  out[ROOM];                   /* results and gradients of the last run */
static dl_int   outs;

static void keep(const dl_real *x, dl_int n)
{
    for (dl_int i = 0; x && i < n && outs < ROOM; i++) out[outs++] = x[i];
}
/* The next parameter of this shape, filled with numbers between lo and hi. */
static dl_tensor *within(dl_shape shape, double lo, double hi)
{
    dl_tensor *t = dl_param(dl, shape, dl_init_zeros());
    test_fill(t->data, t->size, (unsigned)params + 1, lo, hi);
    return param[params++] = t;
}
static dl_tensor *in(dl_shape shape) { return within(shape, -1, 1); }

static dl_shape s1(dl_int a) { return dl_shape1(a); }
static dl_shape s2(dl_int a, dl_int b) { return dl_shape2(a, b); }
static dl_shape s4(dl_int a, dl_int b, dl_int c, dl_int d) { return dl_shape4(a, b, c, d); }
static dl_tensor *norm_of_batch(void)
{
    dl_tensor *x = in(s4(3, 4, 2, 5)), *m = dl_state(dl, s1(4)), *v = dl_state(dl, s1(4));
    dl_tensor *y = dl_batch_norm(x, in(s1(4)), in(s1(4)), m, v, .1, 1e-5);
    keep(m->data, 4);
    keep(v->data, 4);
    return y;
}
static dl_tensor *recurrent(int kind)
{
    const dl_int G = kind == 1 ? 4 : kind == 2 ? 3 : 1;
    dl_tensor *x = in(dl_shape3(3, 4, 5)), *w[4];
    w[0] = in(s2(G * 6, 5));
    w[1] = in(s2(G * 6, 6));
    w[2] = in(s1(G * 6));
    w[3] = in(s1(G * 6));
    return kind == 0 ? dl_rnn(x, w, DL_NONE, NULL).y
         : kind == 3 ? dl_rnn_relu(x, w, DL_NONE, NULL).y
         : kind == 1 ? dl_lstm(x, w, DL_NONE, DL_NONE, NULL).y : dl_gru(x, w, DL_NONE, NULL).y;
}
static dl_tensor *attend(void)
{
    dl_tensor *q = in(dl_shape3(2, 5, 4)), *k = in(dl_shape3(2, 6, 4));
    return dl_attention(q, k, in(dl_shape3(2, 6, 3)), DL_NONE, NULL, true);
}
static dl_tensor *convolve(int stride)
{
    dl_conv o = dl_conv_default();
    o.stride[0] = o.stride[1] = stride;
    dl_tensor *x = in(s4(2, 3, 8, 9)), *w = in(s4(4, 3, 3, 3));
    return dl_conv2d(x, w, in(s1(4)), &o);
}
static dl_tensor *deconvolve(void)
{
    dl_conv o = dl_conv_default();
    o.stride[0] = o.stride[1] = 2;
    dl_tensor *x = in(s4(2, 3, 4, 5)), *w = in(s4(3, 4, 3, 3));
    return dl_conv_transpose2d(x, w, in(s1(4)), &o);
}
static dl_tensor *step(dl_optim desc, bool decay)
{
    dl_tensor *w = in(s1(7));
    if (decay) desc.l2 = .1;
    dl_optimizer *o = dl_optimizer_new(dl, desc, &w, 1);
    for (int i = 0; i < 2; i++) {
        test_fill(w->grad, 7, 9 + (unsigned)i, -1, 1);
        dl_optimizer_step(o);
    }
    keep(w->data, 7);
    dl_optimizer_free(o);
    return NULL;
}
static dl_tensor *conv_relu_pool(void)       /* a network, whose layers run as one where they can */
{
    dl_model *m = dl_model_new(dl, dl_shape3(3, 8, 8));
    dl_model_add_conv2d(m, 4, 3, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    for (int i = 0; i < 2; i++)
        test_fill(dl_model_param(m, i)->data, dl_model_param(m, i)->size, 5, -1, 1);
    dl_tensor *y = dl_keep(dl_model_forward(m, in(s4(2, 3, 8, 8))));
    keep(y->data, y->size);
    y = dl_model_forward(m, param[0]);
    dl_backward(dl_sum(dl_square(y)));
    for (int i = 0; i < 2; i++) keep(dl_model_param(m, i)->grad, dl_model_param(m, i)->size);
    dl_model_free(m);
    return NULL;
}

static const int32_t label[] = { 2, 0, 1, 1 };

/* X(prefix of the kernels' names, a result to go back from, or NULL if it has kept its results) */
#define CASES(X) \
    X(linear, dl_linear(in(s2(6, 9)), in(s2(5, 9)), in(s1(5)))) \
    X(matmul, dl_matmul(in(dl_shape3(2, 4, 5)), in(s2(5, 7)))) \
    X(add, dl_add(in(s2(3, 17)), in(s2(3, 17)))) X(sub, dl_sub(in(s2(3, 17)), in(s2(3, 17)))) \
    X(mul, dl_mul(in(s2(3, 17)), in(s2(3, 17)))) \
    X(div, dl_div(in(s2(3, 17)), within(s1(17), 1, 2))) \
    X(maximum, dl_maximum(in(s2(3, 17)), in(s1(17)))) \
    X(minimum, dl_minimum(in(s2(3, 17)), in(s1(17)))) \
    X(neg, dl_neg(in(s1(40)))) X(exp, dl_exp(in(s1(40)))) X(log, dl_log(within(s1(40), 1, 2))) \
    X(sqrt, dl_sqrt(within(s1(40), 1, 2))) X(square, dl_square(in(s1(40)))) \
    X(pow, dl_pow(within(s1(40), 1, 2), 3)) X(abs, dl_abs(in(s1(40)))) \
    X(clamp, dl_clamp(in(s1(40)), -.5, .5)) X(affine, dl_mul_scalar(in(s1(40)), 3)) \
    X(over, dl_div_scalar(in(s1(40)), 3)) \
    X(reciprocal, dl_scalar_div(2, within(s1(40), 1, 2))) X(sigmoid, dl_sigmoid(in(s1(40)))) \
    X(tanh, dl_tanh(in(s1(40)))) X(relu, dl_relu(in(s1(40)))) \
    X(leaky_relu, dl_leaky_relu(in(s1(40)), .1)) X(elu, dl_elu(in(s1(40)), 1)) \
    X(gelu, dl_gelu(in(s1(40)))) X(gelu_tanh, dl_gelu_tanh(in(s1(40)))) \
    X(silu, dl_silu(in(s1(40)))) X(softplus, dl_softplus(in(s1(40)))) \
    X(sum, dl_mean_axis(in(s2(5, 33)), 1, false)) \
    X(softmax, dl_softmax(in(s2(5, 33)))) X(log_softmax, dl_log_softmax(in(s2(5, 33)))) \
    X(dropout, dl_dropout(in(s1(200)), .3)) X(mse, dl_mse(in(s1(9)), dl_ones(dl, s1(9)))) \
    X(mae, dl_mae(in(s1(9)), dl_zeros(dl, s1(9)))) \
    X(huber, dl_huber(in(s1(9)), dl_zeros(dl, s1(9)), .5)) \
    X(bce, dl_bce(in(s1(9)), dl_ones(dl, s1(9)))) \
    X(cross_entropy, dl_cross_entropy(in(s2(4, 3)), label)) \
    X(soft_cross_entropy, dl_soft_cross_entropy(in(s2(4, 3)), dl_full(dl, s2(4, 3), .3))) \
    X(conv2d, convolve(1)) X(conv_transpose2d, deconvolve()) \
    X(upsample2d, dl_upsample_nearest2d(in(s4(3, 2, 3, 4)), 2, 3)) \
    X(max_pool2d, dl_max_pool2d(in(s4(2, 3, 6, 8)), NULL)) \
    X(avg_pool2d, dl_avg_pool2d(in(s4(2, 3, 6, 8)), NULL)) \
    X(batch_, norm_of_batch()) \
    X(layer_norm, dl_layer_norm(in(s2(6, 11)), 1, in(s1(11)), in(s1(11)), 1e-5)) \
    X(group_norm, dl_group_norm(in(s4(2, 6, 3, 3)), 2, in(s1(6)), in(s1(6)), 1e-5)) \
    X(rnn, recurrent(0)) X(rnn_relu, recurrent(3)) X(lstm, recurrent(1)) X(gru, recurrent(2)) \
    X(embedding, dl_embedding(in(s2(5, 6)), label, s1(4), -1)) X(attention, attend()) \
    X(positional_encoding, dl_mul(in(s2(5, 6)), dl_positional_encoding(dl, 5, 6))) \
    X(sgd_step, step(dl_sgd(.1), false)) X(momentum_step, step(dl_momentum(.1, .9), false)) \
    X(adagrad_step, step(dl_adagrad(.1), false)) X(adadelta_step, step(dl_adadelta(.1), false)) \
    X(rmsprop_step, step(dl_rmsprop(.1), false)) X(adam_step, step(dl_adam(.1), false)) \
    X(decay_grad, step(dl_sgd(.1), true))

typedef enum action { NOTHING, SWITCH_ON, SWITCH_OFF, OTHER_ISA } action;

/* Between forward and backward. */
static void act(action a)
{
    if (a == SWITCH_ON || a == SWITCH_OFF) dl_set_reference(dl, a == SWITCH_ON);
    if (a == OTHER_ISA) dl_set_isa(dl, "base");
}

/* Run case `name` and keep what it computes in out; what else it did is undone. */
static void begin(void)
{
    outs = 0;
    params = 0;
    *dl_ctx_rng(dl) = dl_rng_new(3, 0);
}
static void finish(dl_tensor *y, action between)
{
    if (y) {
        dl_real *dy = (dl_real *)malloc((size_t)y->size * sizeof *dy);
        test_fill(dy, y->size, 77, -1, 1);
        keep(y->data, y->size);
        act(between);
        CHECK(dl_backward_from(y, dy), "%s", dl_error_text(dl));
        for (int i = 0; i < params; i++) keep(param[i]->grad, param[i]->size);
        free(dy);
    }
    CHECK(dl_error(dl) == DL_OK && outs > 0, "%s", dl_error_text(dl));
    dl_tape_clear(dl);
    while (params > 0) dl_tensor_free(param[--params]);
}
static void run(const char *name, action between)
{
    begin();
#define RUN(prefix, make) \
    if (strncmp(name, #prefix, strlen(#prefix)) == 0 && \
        (strcmp(#prefix, "batch_") == 0 || strcmp(name, #prefix) == 0 || \
         strcmp(name + strlen(#prefix), "_forward") == 0 || \
         strcmp(name + strlen(#prefix), "_backward") == 0 || \
         strcmp(name + strlen(#prefix), "_softmax") == 0)) { \
        finish(make, between); \
        return; \
    }
    CASES(RUN)
#undef RUN
    CHECK(false, "no case uses %s", name);
}

static dl_real want[ROOM];
static dl_int  wants;

static void remember(void)
{
    memcpy(want, out, sizeof out);
    wants = outs;
}
static bool same(const char *name)
{
    const double tol = sizeof(dl_real) == sizeof(double) ? 1e-9 : 2e-5;
    return CHECK(outs == wants, "%s: %ld results, not %ld", name, (long)outs, (long)wants) &&
           CHECK(test_check_array(out, want, outs, tol, __FILE__, __LINE__, name), "%s", name);
}

/* Each entry by itself is replaced: it is called, and the results are what they were. */
static void every_entry_is_called(void)
{
    dl_kernels *k = dl_kernel_table(dl);
#define TRY(name) { \
        dl_set_reference(dl, true); \
        run(#name, NOTHING); \
        remember(); \
        dl_set_reference(dl, false); \
        run(#name, NOTHING); \
        same(#name); \
        for (int reference = 0; reference < 2; reference++) { \
            dl_set_reference(dl, reference == 1); \
            k->name = my_##name; \
            calls = 0; \
            run(strcmp(#name, "attention_softmax") || !reference ? #name : "attention", NOTHING); \
            CHECK(calls > 0 || (reference && strcmp(#name, "attention_softmax") == 0), \
                  #name " was replaced, but not called (reference %d)", reference); \
            same(#name); \
            dl_kernel_table_reset(dl); \
        } \
        dl_set_reference(dl, false); \
    }
    DL_KERNELS(TRY)
#undef TRY
}

/* Whatever the instruction set, the results are those of the readable kernels. */
static void every_isa_agrees(void)
{
    static const char *const isa[] = { "base", "avx2", "avx512" };
    const char *best = dl_isa(dl);
    test_quiet(dl);
    for (int i = 0; i < 3; i++) {
        if (!dl_set_isa(dl, isa[i])) {
            CHECK_ERROR(dl, DL_ERR_ARGUMENT, "base");
            SKIP("%s: not on this CPU, or not in this build", isa[i]);
            continue;
        }
        CHECK(strcmp(dl_isa(dl), isa[i]) == 0, "%s", dl_isa(dl));
#define TRY(prefix, make) \
        dl_set_reference(dl, true); \
        run(#prefix, NOTHING); \
        remember(); \
        dl_set_reference(dl, false); \
        run(#prefix, NOTHING); \
        same(#prefix);
        CASES(TRY)
#undef TRY
    }
    CHECK(dl_set_isa(dl, best), "%s", best);
    CHECK(!dl_set_isa(dl, "sse9"), "there is none");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_set_isa: 'sse9' is none of the instruction sets");
    CHECK(!dl_set_isa(dl, NULL), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_set_isa: name is NULL");
    CHECK(strcmp(dl_isa(dl), best) == 0, "nothing changed");
}

/* What forward has saved, backward understands, whatever is switched in between. */
static void switched_between(void)
{
    const char *best = dl_isa(dl);
    for (int way = 0; way < 3; way++) {
        const action between = way == 0 ? SWITCH_ON : way == 1 ? SWITCH_OFF : OTHER_ISA;
#define TRY(prefix, make) \
        dl_set_reference(dl, true); \
        run(#prefix, NOTHING); \
        remember(); \
        dl_set_reference(dl, between == SWITCH_OFF); \
        run(#prefix, between); \
        same(#prefix); \
        dl_set_isa(dl, best);
        CASES(TRY)
#undef TRY
    }
    dl_set_reference(dl, false);
    CHECK(!dl_reference(dl), "off");
}

/* Convolution, ReLU and pooling in one go: each of the six kernels takes it apart. */
static void a_fused_convolution_falls_apart(void)
{
    dl_kernels *k = dl_kernel_table(dl);
    dl_set_reference(dl, true);
    begin();
    finish(conv_relu_pool(), NOTHING);
    remember();
    dl_set_reference(dl, false);
    begin();
    finish(conv_relu_pool(), NOTHING);
    same("nothing replaced");
#define TRY(name) \
    k->name = my_##name; \
    calls = 0; \
    begin(); \
    finish(conv_relu_pool(), NOTHING); \
    CHECK(calls > 0, #name " was not called"); \
    same(#name); \
    dl_kernel_table_reset(dl);
    TRY(conv2d_forward) TRY(conv2d_backward) TRY(relu_forward) TRY(relu_backward)
    TRY(max_pool2d_forward) TRY(max_pool2d_backward)
#undef TRY
}

/* Attention out of products and a softmax; a strided convolution out of products. */
static void parts_of_others(void)
{
    dl_kernels *k = dl_kernel_table(dl);
#define TRY(name, make) \
    dl_set_reference(dl, true); \
    begin(); \
    finish(make, NOTHING); \
    remember(); \
    dl_set_reference(dl, false); \
    k->name = my_##name; \
    calls = 0; \
    begin(); \
    finish(make, NOTHING); \
    CHECK(calls > 0, #name " was not called by " #make); \
    same(#name); \
    dl_kernel_table_reset(dl);
    TRY(linear_forward, attend())
    TRY(linear_backward, attend())
    TRY(matmul_forward, attend())
    TRY(matmul_backward, attend())
    TRY(attention_softmax, attend())
    TRY(softmax_backward, attend())
    TRY(matmul_forward, convolve(2))
    TRY(matmul_backward, convolve(2))
    TRY(affine_forward, step(dl_adamw(.1), false))
    TRY(softmax_forward, dl_cross_entropy(in(s2(4, 3)), label))
    TRY(softmax_forward, dl_soft_cross_entropy(in(s2(4, 3)), dl_full(dl, s2(4, 3), .3)))
#undef TRY
}

/* A kernel with an idea of its own. */
static void twice(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = 2 * x[i];
}

static void of_one_context_only(void)
{
    dl_ctx *other = dl_new(1);
    dl_kernel_table(dl)->relu_forward = twice;
    CHECK(dl_item(dl_relu(dl_full(dl, s1(1), -3))) == -6, "mine");
    CHECK(dl_item(dl_relu(dl_full(other, s1(1), -3))) == 0, "the other one's");
    dl_set_reference(dl, true);
    CHECK(dl_item(dl_relu(dl_full(dl, s1(1), -3))) == -6 && dl_reference(dl) &&
          !dl_reference(other), "reference");
    dl_set_reference(dl, false);
    dl_kernel_table_reset(dl);
    CHECK(dl_item(dl_relu(dl_full(dl, s1(1), -3))) == 0, "the library's again");
    dl_tape_clear(dl);
    dl_free(other);
}

int main(void)
{
    dl = dl_new(3);
    TEST(every_entry_is_called);
    TEST(every_isa_agrees);
    TEST(switched_between);
    TEST(a_fused_convolution_falls_apart);
    TEST(parts_of_others);
    TEST(of_one_context_only);
    dl_free(dl);
    return test_end();
}
