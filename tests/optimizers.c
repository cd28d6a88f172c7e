/* optimizers.c - dl_optimizer and dl_optimizer_step on parameters of the tape against the
   trajectories of PyTorch and Keras, clipping against clip_grad_norm_, schedules against PyTorch's;
   groups, accumulation, averages, kinds and schedules of one's own; huge, tiny and missing
   gradients; what an optimizer must leave alone or refuse.

       cc -std=c99 -I. tests/optimizers.c -o build/optimizers -lm && build/optimizers  */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static dl_optim momentum_9(double lr) { return dl_momentum(lr, 0.9); }
static dl_optim nesterov_9(double lr) { return dl_nesterov(lr, 0.9); }
static dl_optim torch_momentum_9(double lr) { return dl_torch_momentum(lr, 0.9); }
static dl_optim torch_nesterov_9(double lr) { return dl_torch_nesterov(lr, 0.9); }

static const char *const frames[2] = { "torch", "keras" };
static const char *const variants[6] = { "plain", "lr", "l1", "l2", "wd", "tiny" };
static const struct {
    const char *name;            /* in the golden file                */
    const char *kind;            /* dl.h's; PyTorch's with torch. before */
    dl_optim (*make[2])(double); /* PyTorch's, Keras'                 */
} kinds[8] = {
    { "sgd", "SGD", { dl_torch_sgd, dl_sgd } },
    { "momentum", "momentum", { torch_momentum_9, momentum_9 } },
    { "nesterov", "Nesterov", { torch_nesterov_9, nesterov_9 } },
    { "adagrad", "Adagrad", { dl_torch_adagrad, dl_adagrad } },
    { "adadelta", "Adadelta", { dl_torch_adadelta, dl_adadelta } },
    { "rmsprop", "RMSprop", { dl_torch_rmsprop, dl_rmsprop } },
    { "adam", "Adam", { dl_torch_adam, dl_adam } },
    { "adamw", "AdamW", { dl_torch_adamw, dl_adamw } },
};
enum { ADAGRAD = 3, ADAM = 6, KINDS = 8 };   /* from Adagrad on gradients are squared */

static bool reference;   /* the readable kernels or their twins: main runs most tests with both */

static dl_ctx *quiet_context(void)
{
    dl_ctx *dl = dl_new(1);
    test_quiet(dl);
    dl_set_reference(dl, reference);
    return dl;
}

/* A parameter with these elements. */
static dl_tensor *param(dl_ctx *dl, dl_shape shape, const dl_real *data)
{
    dl_tensor *p = dl_param(dl, shape, dl_init_zeros());
    dl_copy_in(p, data);
    return p;
}

/* Give p the gradient g by a backward pass through sum(p g). */
static void push(dl_tensor *p, const dl_real *g)
{
    dl_backward(dl_sum(dl_mul(p, dl_from(p->ctx, p->shape, g))));
    dl_tape_clear(p->ctx);
}

static void set_grad(dl_tensor *p, double g)
{
    for (dl_int i = 0; i < p->size; i++) p->grad[i] = (dl_real)g;
}

/* ---------------------------------------------------------------------------- trajectories ---- */

/* 7 weights in two parameters; every step goes through the tape. Tiny gradients move weights that
   start at 0 by tiny steps: each must be right by itself. */
static void golden_case(const test_golden *file, const char *name, dl_optim desc, bool tiny)
{
    const test_array *w0 = golden_get(file, "w0"), *g = golden_get(file, tiny ? "tiny_g" : "g");
    const double *lr = golden_getf(file, "%s_lr", name)->value;
    const double *opts = golden_getf(file, "%s_opts", name)->value;
    const dl_real *want = golden_getf(file, "%s_w", name)->data;
    dl_ctx *dl = quiet_context();
    dl_tensor *p[2] = { param(dl, dl_shape1(3), w0->data),
                        param(dl, dl_shape2(2, 2), w0->data + 3) };
    bool ok = true;
    desc.weight_decay = opts[6];
    desc.l1 = opts[7];
    desc.l2 = opts[8];
    for (int i = 0; i < 2 && tiny; i++) memset(p[i]->data, 0, (size_t)p[i]->size * sizeof(dl_real));
    dl_optimizer *o = dl_optimizer_new(dl, desc, p, 2);
    for (dl_int t = 0; t < g->dim[0] && ok; t++) {
        dl_optimizer_zero_grad(o);
        push(p[0], g->data + t * 7);
        push(p[1], g->data + t * 7 + 3);
        ok = CHECK(dl_optimizer_set_lr(o, lr[t]) && dl_optimizer_step(o), "%s: %s", name,
                   dl_error_text(dl));
        for (dl_int i = 0; i < 7 && ok && tiny; i++)
            ok = CHECK_CLOSE(i < 3 ? p[0]->data[i] : p[1]->data[i - 3], want[t * 7 + i], 1e-4, 0);
        ok = ok && CHECK_ARRAY(p[0]->data, want + t * 7, 3) &&
             CHECK_ARRAY(p[1]->data, want + t * 7 + 3, 4);
        if (!ok) printf("    in %s, step %ld\n", name, (long)t + 1);
    }
    dl_free(dl);
}

static void trajectories(void)
{
    test_golden file = golden_open("optimizers");
    for (int frame = 0; frame < 2; frame++)
        for (int k = 0; k < KINDS; k++)
            for (int v = 0; v < 6; v++) {
                char name[64];
                snprintf(name, sizeof name, "%s_%s_%s", frames[frame], kinds[k].name, variants[v]);
                golden_case(&file, name, kinds[k].make[frame](123), v == 5);
            }
    golden_close(&file);
}

/* The defaults that the declarations promise: momentum, rho, eps, start, weight_decay. */
static void defaults(void)
{
    static const double want[2][8][5] = {
        { { 0, 0, 0, 0, 0 }, { .9, 0, 0, 0, 0 }, { .9, 0, 0, 0, 0 },
          { 0, 0, 1e-10, 0, 0 }, { 0, .9, 1e-6, 0, 0 }, { 0, .99, 1e-8, 0, 0 },
          { 0, 0, 1e-8, 0, 0 }, { 0, 0, 1e-8, 0, .01 } },
        { { 0, 0, 0, 0, 0 }, { .9, 0, 0, 0, 0 }, { .9, 0, 0, 0, 0 },
          { 0, 0, 1e-7, .1, 0 }, { 0, .95, 1e-7, 0, 0 }, { 0, .9, 1e-7, 0, 0 },
          { 0, 0, 1e-7, 0, 0 }, { 0, 0, 1e-7, 0, .004 } } };
    for (int frame = 0; frame < 2; frame++)
        for (int k = 0; k < KINDS; k++) {
            const dl_optim o = kinds[k].make[frame](0.25);
            const double *w = want[frame][k];
            const char *name = kinds[k].name;
            CHECK(o.type == dl_find_optim(NULL, o.type->name) && o.type->torch == (frame == 0) &&
                  strcmp(o.type->name + (frame ? 0 : 6), kinds[k].kind) == 0, "%s", o.type->name);
            CHECK(o.lr == 0.25 && o.beta1 == (k < ADAM ? 0 : 0.9) &&
                  o.beta2 == (k < ADAM ? 0 : 0.999), "%s: lr or betas", name);
            CHECK(o.momentum == w[0] && o.rho == w[1] && o.eps == w[2] && o.start == w[3] &&
                  o.weight_decay == w[4], "%s %s: %g %g %g %g %g", frames[frame], name,
                  o.momentum, o.rho, o.eps, o.start, o.weight_decay);
            CHECK(o.l1 == 0 && o.l2 == 0 && o.ema == 0 &&
                  o.clip_norm > 1e300 && o.clip_value > 1e300, "%s: the rest starts off", name);
        }
    CHECK(!dl_find_optim(NULL, "Adamm") && !dl_find_optim(NULL, "") && !dl_find_optim(NULL, NULL),
          "no such kind");
}

/* Every kind takes what it uses and refuses, by name, what it does not. */
static void options_by_kind(void)
{
    static const struct { const char *name; size_t at; const char *users; } field[] = {
        { "momentum", offsetof(dl_optim, momentum), "momentum Nesterov" },
        { "rho", offsetof(dl_optim, rho), "Adadelta RMSprop" },
        { "beta1", offsetof(dl_optim, beta1), "Adam AdamW" },
        { "beta2", offsetof(dl_optim, beta2), "Adam AdamW" },
        { "eps", offsetof(dl_optim, eps), "Adagrad Adadelta RMSprop Adam AdamW" },
        { "start", offsetof(dl_optim, start), "Adagrad" },
        { "own[0]", offsetof(dl_optim, own), "" },
        { "weight_decay", offsetof(dl_optim, weight_decay), "all" },
        { "l1", offsetof(dl_optim, l1), "all" }, { "l2", offsetof(dl_optim, l2), "all" },
        { "ema", offsetof(dl_optim, ema), "all" } };
    for (int frame = 0; frame < 2; frame++)
        for (int k = 0; k < KINDS; k++)
            for (size_t f = 0; f < sizeof field / sizeof field[0]; f++) {
                dl_ctx *dl = quiet_context();
                dl_tensor *p = dl_param(dl, dl_shape1(1), dl_init_zeros());
                dl_optim desc = kinds[k].make[frame](0.1);
                const bool used = strcmp(field[f].users, "all") == 0 ||
                                  strstr(field[f].users, kinds[k].kind) != NULL;
                char text[128];
                *(double *)(void *)((char *)&desc + field[f].at) = 0.5;
                CHECK((dl_optimizer_new(dl, desc, &p, 1) != NULL) == used, "%s of %s: %s",
                      field[f].name, desc.type->name, dl_error_text(dl));
                snprintf(text, sizeof text, "dl_optimizer_new: %s is 0.5, but %s does not use it",
                         field[f].name, desc.type->name);
                if (!used) CHECK_ERROR(dl, DL_ERR_ARGUMENT, text);
                dl_free(dl);
            }
}

/* -------------------------------------------------------------------------------- clipping ---- */

/* From weights 0, SGD with lr 1 ends at minus the clipped gradient. */
static void clip_norm(void)
{
    test_golden f = golden_open("schedules");
    const int cases = (int)golden_get(&f, "clip_cases")->value[0];
    for (int k = 0; k < cases; k++) {
        const test_array *g[2] = { golden_getf(&f, "clip%d_g0", k),
                                   golden_getf(&f, "clip%d_g1", k) };
        dl_ctx *dl = quiet_context();
        dl_tensor *p[2];
        dl_optim desc = dl_sgd(1);
        double norm;
        p[0] = dl_param(dl, dl_shape1(5), dl_init_zeros());
        p[1] = dl_param(dl, dl_shape2(2, 3), dl_init_zeros());
        desc.clip_norm = golden_getf(&f, "clip%d_max", k)->value[0];
        push(p[0], g[0]->data);
        push(p[1], g[1]->data);
        CHECK(dl_optimizer_step(dl_optimizer_new(dl, desc, p, 2)), "%s", dl_error_text(dl));
        for (int i = 0; i < 2; i++) {
            const test_array *t = golden_getf(&f, "clip%d_t%d", k, i);
            CHECK_ARRAY(p[i]->grad, t->data, t->size);
            dl_copy_in(p[i], dl_neg(p[i])->data);
            CHECK_ARRAY(p[i]->data, t->data, t->size);
            memcpy(p[i]->grad, g[i]->data, (size_t)t->size * sizeof(dl_real));
        }
        norm = dl_clip_grad_norm(p, 2, desc.clip_norm);
        CHECK_CLOSE(norm, golden_getf(&f, "clip%d_norm", k)->value[0], TEST_TOL, 0);
        CHECK_ARRAY(p[1]->grad, golden_getf(&f, "clip%d_t1", k)->data, 6);
        dl_free(dl);
    }
    golden_close(&f);
}

static void clip_value(void)
{
    const dl_real w[4] = { 0, 0, 1, 1 }, g[4] = { 3, (dl_real)-0.25, -7, (dl_real)0.5 };
    const dl_real want[4] = { -0.5, 0.25, 1, 0 }; /* 1 + .5 - .5; 1 - .5 - .5: l2 comes after */
    const dl_real both[4] = { (dl_real)-0.38, (dl_real)0.0321, (dl_real)1.38, (dl_real)0.9358 };
    dl_ctx *dl = quiet_context();
    dl_tensor *p = param(dl, dl_shape1(4), w);
    dl_optim desc = dl_sgd(1);
    desc.clip_value = 0.5;
    desc.l2 = 0.25;
    push(p, g);
    CHECK(dl_optimizer_step(dl_optimizer_new(dl, desc, &p, 1)), "%s", dl_error_text(dl));
    CHECK_ARRAY(p->data, want, 4);
    desc.l2 = 0;                                  /* clip_norm first: 7.636 becomes .98 */
    desc.clip_norm = 0.98;
    desc.clip_value = 0.38;
    dl_copy_in(p, w);
    memcpy(p->grad, g, sizeof g);
    CHECK(dl_optimizer_step(dl_optimizer_new(dl, desc, &p, 1)), "%s", dl_error_text(dl));
    CHECK_ARRAY_TOL(p->data, both, 4, 1e-3);
    dl_free(dl);
}

/* A gradient with NaN or infinity is refused before anything changes, moments and counter
   included, and with its parameter's name: the run then goes on as if nothing had been. By each
   kind, without clipping and with either. */
static void bad_gradients(void)
{
    const double bad[3] = { NAN, INFINITY, -INFINITY };
    for (int k = 0; k < 3 * 3 * 2 * KINDS; k++) {
        dl_ctx *dl = quiet_context();
        dl_optim desc = kinds[k / 18].make[k % 2](0.1);
        const double x = bad[k / 2 % 3];
        const int clip = k / 6 % 3;
        if (clip == 1) desc.clip_norm = 1;
        if (clip == 2) desc.clip_value = 1;
        dl_tensor *p[2] = { dl_param(dl, dl_shape1(3), dl_init_constant(2)),
                            dl_param(dl, dl_shape1(300), dl_init_constant(3)) };
        dl_tensor *q = dl_param(dl, dl_shape1(3), dl_init_constant(2));
        dl_optimizer *o = dl_optimizer_new(dl, desc, p, 2);
        dl_optimizer *same = dl_optimizer_new(dl, desc, &q, 1);
        set_grad(p[0], 5);
        p[1]->grad[k % 300] = (dl_real)x;
        if (k % 2) dl_set_name(p[1], "second");
        CHECK(!dl_optimizer_step(o), "%s took a gradient of %g", desc.type->name, x);
        CHECK_ERROR(dl, DL_ERR_NUMERIC, k % 2 ? "dl_optimizer_step: the gradient of second is NaN "
                    "or infinite" : "the gradient of parameter 1 is NaN or infinite");
        CHECK(p[0]->data[2] == 2 && p[1]->data[0] == 3 && p[0]->grad[0] == 5, "all as it was");
        p[1]->grad[k % 300] = 0;
        set_grad(q, 5);
        CHECK(dl_optimizer_step(o) && dl_optimizer_step(same), "%s", dl_error_text(dl));
        CHECK(p[0]->data[0] == q->data[0] && q->data[0] != 2, "the failed step counted: %g, %g",
              (double)p[0]->data[0], (double)q->data[0]);
        dl_free(dl);
    }
}

/* A gradient whose square overflows: the kinds that square it refuse, the others step. What comes
   out of clipping or a penalty counts. */
static void huge_gradients(void)
{
    const bool real = sizeof(dl_real) == sizeof(double);
    for (int k = 0; k < 2 * KINDS; k++) {
        const double huge[4] = { 1e15, 1e20, real ? 1e160 : 1e30, real ? 1e300 : 3e38 };
        for (int h = 0; h < 4; h++) {
            dl_ctx *dl = quiet_context();
            dl_optim desc = kinds[k / 2].make[k % 2](0.1);
            const bool fits = k / 2 < ADAGRAD || huge[h] < (real ? 1e149 : 1e14);
            dl_tensor *p = dl_param(dl, dl_shape1(40), dl_init_constant(1));
            desc.weight_decay = 0;
            dl_optimizer *o = dl_optimizer_new(dl, desc, &p, 1);
            set_grad(p, 0);
            p->grad[33] = (dl_real)huge[h];
            CHECK(dl_optimizer_step(o) == fits && (p->data[33] < 1) == fits && p->data[0] == 1,
                  "%s, %g: w is %g. %s", desc.type->name, huge[h], (double)p->data[33],
                  dl_error_text(dl));
            if (!fits) CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_optimizer_step: the gradient of "
                                   "parameter 0 has the norm ");
            desc.clip_norm = 1;
            CHECK(dl_optimizer_step(dl_optimizer_new(dl, desc, &p, 1)) && p->data[33] < 1,
                  "%s, clipped: %s", desc.type->name, dl_error_text(dl));
            p->data[33] = (dl_real)(huge[h] * 1e-3);       /* a huge weight and its penalty */
            desc.clip_norm = INFINITY;
            desc.l2 = 100;
            o = dl_optimizer_new(dl, desc, &p, 1);
            for (int t = 0; t < 3; t++) {
                const dl_real before = p->data[33];
                set_grad(p, 0);
                const bool stepped = dl_optimizer_step(o);
                /* the penalty of w = 3e35 grows until it is infinite, and is refused then */
                CHECK(stepped == fits || (stepped && h == 0) || (!stepped && h == 3),
                      "%s, l2: %s", desc.type->name, dl_error_text(dl));
                CHECK(stepped || p->data[33] == before, "%s: a failed step", desc.type->name);
                dl_clear_error(dl);
            }
            dl_free(dl);
        }
        /* it is the norm of all that counts, and is too large while each number isn't */
        dl_ctx *dl = quiet_context();
        dl_tensor *p = dl_param(dl, dl_shape1(40), dl_init_zeros());
        set_grad(p, real ? 5e148 : 5e13);
        CHECK(dl_optimizer_step(dl_optimizer_new(dl, kinds[k / 2].make[k % 2](0.1), &p, 1)) ==
              (k / 2 < ADAGRAD), "many: %s", dl_error_text(dl));
        dl_clear_error(dl);
        /* as far as it goes, and 1,000 times the largest: every step still moves */
        p = dl_param(dl, dl_shape1(1), dl_init_zeros());
        dl_optimizer *o = dl_optimizer_new(dl, kinds[k / 2].make[k % 2](0.1), &p, 1);
        for (int t = 0; t < 1000; t++) {
            const dl_real before = p->data[0];
            set_grad(p, real ? 1e148 : 9e13);
            CHECK(dl_optimizer_step(o) && p->data[0] < before, "step %d of %s: %g", t,
                  kinds[k / 2].name, (double)p->data[0]);
        }
        dl_free(dl);
    }
}

/* eps must be large enough beside the least square that is kept; then no gradient, however small,
   gives NaN or a step that is not bounded. */
static void tiny_eps(void)
{
    const bool real = sizeof(dl_real) == sizeof(double);
    const double tiny[7] = { 0, 1e-16, 1e-18, 1e-20, 1e-30, 1e-40, real ? 1e-310 : 1e-45 };
    for (int k = 2 * ADAGRAD; k < 2 * KINDS; k++) {
        const int kind = k / 2;
        const bool inside = kind == 4 || (k % 2 == 1 && kind < ADAM);
        const double least = real ? inside ? 1e-280 : 1e-140 : inside ? 1e-24 : 1e-12;
        dl_ctx *dl = quiet_context();
        dl_optim desc = kinds[kind].make[k % 2](0.1);
        dl_tensor *p = dl_param(dl, dl_shape1(1), dl_init_zeros());
        char text[64];
        for (int small = 0; small < 2; small++) {
            desc.eps = small ? least * 0.99 : 0;
            CHECK(!dl_optimizer_new(dl, desc, &p, 1), "%s: eps %g", desc.type->name, desc.eps);
            snprintf(text, sizeof text, "eps of %s is %g, outside [", desc.type->name, desc.eps);
            CHECK_ERROR(dl, DL_ERR_ARGUMENT, text);
        }
        desc.eps = least;
        desc.start = 0;
        for (int i = 0; i < 7; i++) {
            dl_optimizer *o = dl_optimizer_new(dl, desc, &p, 1);
            memset(p->data, 0, sizeof(dl_real));
            for (int t = 0; t < 5; t++) {
                set_grad(p, tiny[i]);
                CHECK(dl_optimizer_step(o) && p->data[0] <= 0 && p->data[0] >= -4, "%s, %g: %g",
                      desc.type->name, tiny[i], (double)p->data[0]);
            }
            CHECK(kind == 4 || tiny[i] == 0 || tiny[i] < 1e-38 || p->data[0] < 0,
                  "%s does not move by %g", desc.type->name, tiny[i]);
        }
        dl_free(dl);
    }
}

/* The norm of gradients whose squares leave the range of a float, or of a double. */
static void norms(void)
{
    const bool real = sizeof(dl_real) == sizeof(double);
    const double size[6] = { 1, 1e-15, real ? 1e-300 : 1e-40, 1e18, 1e25, real ? 1e307 : 3e37 };
    for (int i = 0; i < 6; i++) {
        dl_ctx *dl = quiet_context();
        dl_tensor *p[2] = { dl_param(dl, dl_shape1(16), dl_init_zeros()),
                            dl_param(dl, dl_shape1(9), dl_init_zeros()) };
        for (int k = 0; k < 2; k++) set_grad(p[k], size[i]);
        const double exact = 5 * (double)p[0]->grad[0];
        CHECK_CLOSE(dl_clip_grad_norm(p, 2, INFINITY), exact, TEST_TOL, 0);
        CHECK(p[1]->grad[8] == (dl_real)size[i], "not scaled");
        CHECK_CLOSE(dl_clip_grad_norm(p, 2, exact / 10), exact, TEST_TOL, 0);
        if (size[i] > 1e-3) CHECK_CLOSE(p[1]->grad[8], exact / 50, 1e-5, 0);
        if (i == 1)                      /* the scale is max_norm / (norm + 1e-6), as PyTorch's */
            CHECK_CLOSE(p[1]->grad[8], size[i] * exact / 10 / 1e-6, 1e-5, 0);
        p[0]->grad[3] = (dl_real)INFINITY;
        CHECK(dl_clip_grad_norm(p, 2, 1) > 1e300, "an infinite norm");
        p[1]->grad[2] = (dl_real)NAN;
        CHECK(isnan(dl_clip_grad_norm(p, 2, 1)), "no norm");
        CHECK_CLOSE(p[1]->grad[8], exact / 50, 1e-5, 1e-6);       /* neither has changed them */
        CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
        dl_free(dl);
    }
}

/* Two gradients that are finite while their common norm is not: there is nothing to clip by. */
static void no_common_norm(void)
{
    dl_ctx *dl = quiet_context();
    dl_tensor *p[2] = { dl_param(dl, dl_shape1(1), dl_init_zeros()),
                        dl_param(dl, dl_shape1(1), dl_init_zeros()) };
    dl_optim desc = dl_sgd(0.1);
    desc.clip_norm = 1;
    for (int k = 0; k < 2; k++) set_grad(p[k], 1.5e308);
    CHECK(!dl_optimizer_step(dl_optimizer_new(dl, desc, p, 2)) && p[0]->data[0] == 0, "stepped");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_optimizer_step: the gradient of parameter 0 is NaN or inf");
    dl_free(dl);
}

static void clip_bad_arguments(void)
{
    static const double bad[3] = { -1, NAN, -INFINITY };
    dl_ctx *dl = quiet_context();
    dl_tensor *p = dl_param(dl, dl_shape1(2), dl_init_zeros()), *null = NULL;
    set_grad(p, 3);
    for (int i = 0; i < 3; i++) {
        CHECK(isnan(dl_clip_grad_norm(&p, 1, bad[i])), "a norm of %g", bad[i]);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_clip_grad_norm: the norm ");
    }
    CHECK(p->grad[0] == 3 && p->grad[1] == 3, "the gradient was changed");
    CHECK(isnan(dl_clip_grad_norm(NULL, 1, 1)), "no array");
    CHECK(isnan(dl_clip_grad_norm(&null, 1, 1)), "a NULL tensor");
    CHECK(dl_clip_grad_norm(&p, 1, 0) > 4 && p->grad[0] == 0, "to 0: %g", (double)p->grad[0]);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

/* Many elements are summed in blocks: none is left out, and threads do not change the sum. */
static void long_norms(void)
{
    dl_ctx *dl = quiet_context();
    const dl_int n = 1100000;
    dl_tensor *p = dl_param(dl, dl_shape1(n), dl_init_zeros());
    double norm[2], sum = 0;
    test_fill(p->grad, n, 3, -1, 1);
    for (dl_int i = 0; i < n; i++) sum += (double)p->grad[i] * (double)p->grad[i];
    for (int k = 0; k < 2; k++) {
        dl_set_threads(dl, 1 + 2 * k);
        norm[k] = dl_clip_grad_norm(&p, 1, INFINITY);
    }
    CHECK(norm[0] == norm[1], "one thread: %.17g, three: %.17g", norm[0], norm[1]);
    CHECK_CLOSE(norm[0], sqrt(sum), TEST_TOL, 0);
    dl_optimizer *o = dl_optimizer_new(dl, dl_sgd(1), &p, 1);
    p->grad[n - 1] = (dl_real)NAN;
    CHECK(!dl_optimizer_step(o) && p->data[0] == 0, "NaN in the last element");
    dl_free(dl);
}

/* ------------------------------------------------------------------------- what is touched ---- */

static void only_its_own(void)
{
    for (int k = 0; k < KINDS; k++) {
        dl_ctx *dl = quiet_context();
        dl_tensor *p[3];
        dl_optimizer *a, *b;
        for (int i = 0; i < 3; i++) {
            p[i] = dl_param(dl, dl_shape1(2), dl_init_constant(1));
            set_grad(p[i], 1);
        }
        a = dl_optimizer_new(dl, kinds[k].make[1](0.5), &p[0], 1);
        b = dl_optimizer_new(dl, kinds[k].make[0](0.25), &p[1], 1);
        dl_optimizer_step(a);
        CHECK(p[0]->data[0] < 1 && p[1]->data[0] == 1 && p[2]->data[0] == 1, "%s: one step of a",
              kinds[k].name);
        dl_optimizer_step(b);
        CHECK(p[1]->data[1] < 1 && p[2]->data[1] == 1 && p[2]->grad[1] == 1, "%s: one step of b",
              kinds[k].name);
        dl_optimizer_zero_grad(a);
        CHECK(p[0]->grad[0] == 0 && p[0]->grad[1] == 0 && p[1]->grad[0] == 1, "a zeroed");
        dl_optimizer_free(a);
        dl_optimizer_zero_grad(b);
        CHECK(p[1]->grad[1] == 0 && dl_optimizer_step(b), "b outlives a: %s", dl_error_text(dl));
        dl_free(dl);
    }
}

/* A frozen parameter keeps its value and its moments; after dl_unfreeze it goes on. */
static void frozen(void)
{
    for (int k = 0; k < KINDS; k++) {
        dl_ctx *dl = quiet_context();
        dl_tensor *p[2];
        dl_optim desc = kinds[k].make[0](0.5);
        dl_optimizer *o;
        desc.clip_norm = 1e9;
        desc.l1 = desc.l2 = 0.1;
        for (int i = 0; i < 2; i++) p[i] = dl_param(dl, dl_shape1(2), dl_init_constant(1));
        o = dl_optimizer_new(dl, desc, p, 2);
        set_grad(p[0], 1);
        set_grad(p[1], 1e30); /* not part of the norm, either */
        dl_freeze(&p[1], 1);
        CHECK(dl_optimizer_step(o), "%s: %s", kinds[k].name, dl_error_text(dl));
        CHECK_CLOSE(p[0]->grad[0], 1.3, TEST_TOL, 0); /* 1 + l1 + 2 l2, not scaled down */
        CHECK(p[0]->data[0] < 1 && p[0]->data[0] > -5 && p[1]->data[0] == 1 && p[1]->data[1] == 1,
              "%s: %g and frozen %g", kinds[k].name, (double)p[0]->data[0],
              (double)p[1]->data[0]);
        CHECK(p[1]->grad[0] == (dl_real)1e30, "%s: the frozen gradient", kinds[k].name);
        dl_unfreeze(&p[1], 1);
        set_grad(p[1], 1);
        CHECK(dl_optimizer_step(o) && p[1]->data[0] < 1, "%s: unfrozen", kinds[k].name);
        dl_free(dl);
    }
}

/* Gradients add up until dl_optimizer_zero_grad; a step between forward and backward is found
   out. */
static void accumulate(void)
{
    const dl_real g[2] = { 1, -2 };
    dl_ctx *dl = quiet_context();
    dl_tensor *p = dl_param(dl, dl_shape1(2), dl_init_zeros()), *loss;
    dl_optimizer *o = dl_optimizer_new(dl, dl_sgd(1), &p, 1);
    push(p, g);
    push(p, g);
    CHECK(p->grad[0] == 2 && p->grad[1] == -4, "twice: %g %g", (double)p->grad[0],
          (double)p->grad[1]);
    CHECK(dl_optimizer_step(o) && p->data[0] == -2 && p->data[1] == 4, "one step for both");
    CHECK(p->grad[0] == 2, "dl_optimizer_step leaves the gradient");
    dl_optimizer_zero_grad(o);
    push(p, g);
    CHECK(p->grad[0] == 1 && p->grad[1] == -2, "anew: %g %g", (double)p->grad[0],
          (double)p->grad[1]);
    loss = dl_sum(dl_square(p));
    dl_optimizer_step(o);
    CHECK(!dl_backward(loss), "backward after the step");
    CHECK_ERROR(dl, DL_ERR_STATE, "an input of dl_square was changed after it was used");
    CHECK(p->grad[0] == 1, "and the gradient is as it was");
    dl_free(dl);
}

/* -------------------------------------------------------------------------------- refusals ---- */

static void options_out_of_range(void)
{
#define FIELD(f, bad, text) { offsetof(dl_optim, f), bad, text }
    static const struct { size_t field; double bad; const char *text; } bad[] = {
        FIELD(lr, -1, "dl_optimizer_new: lr of Adam is -1, outside [0, "),
        FIELD(lr, NAN, "lr of Adam is "), FIELD(lr, INFINITY, "lr of Adam is inf"),
        FIELD(beta1, 1, "beta1 of Adam is 1, outside [0, 1"),
        FIELD(beta1, -1, "beta1 of Adam"), FIELD(beta2, 1, "beta2 of Adam is 1, outside"),
        FIELD(beta2, NAN, "beta2 of Adam"), FIELD(eps, -1e-8, "eps of Adam is -1e-08"),
        FIELD(eps, 0, "eps of Adam is 0"), FIELD(ema, 1, "ema of Adam is 1, outside [0, 1]"),
        FIELD(own[3], NAN, "own[3] is nan, but Adam does not use it"),
        FIELD(weight_decay, -1, "weight_decay of Adam is -1"), FIELD(l1, -1, "l1 of Adam is -1"),
        FIELD(l2, NAN, "l2 of Adam is "),
        FIELD(clip_norm, 0, "clip_norm 0 and clip_value inf must be above 0 (INFINITY for off)"),
        FIELD(clip_norm, NAN, "clip_norm"), FIELD(clip_value, -2, "clip_value -2"),
    };
#undef FIELD
    dl_ctx *dl = quiet_context();
    dl_tensor *p = dl_param(dl, dl_shape1(1), dl_init_zeros());
    dl_optim desc;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        desc = dl_adam(0.1);
        *(double *)(void *)((char *)&desc + bad[i].field) = bad[i].bad;
        CHECK(!dl_optimizer_new(dl, desc, &p, 1), "taken: %s", bad[i].text);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, bad[i].text);
    }
    desc = dl_optim_default(NULL, 0.1);
    CHECK(!dl_optimizer_new(dl, desc, &p, 1), "no type");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: a dl_optim_type needs a name, a step and");
    desc = dl_adam(0);
    desc.beta1 = desc.beta2 = 0;
    CHECK(dl_optimizer_new(dl, desc, &p, 1) != NULL, "zeros mean zero: %s", dl_error_text(dl));
    dl_free(dl);
}

static void not_a_parameter(void)
{
    dl_ctx *dl = quiet_context(), *other = quiet_context();
    dl_tensor *p[2], *q = dl_param(other, dl_shape1(1), dl_init_zeros());
    p[0] = dl_param(dl, dl_shape1(1), dl_init_zeros());
    p[1] = dl_state(dl, dl_shape1(1));
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), p, 2), "a state");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: tensor 1 is no parameter of this context; "
                "make it with dl_param");
    p[1] = dl_zeros(dl, dl_shape1(1));
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), p, 2), "a tape tensor");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "tensor 1 is no parameter");
    dl_tape_clear(dl);
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), p, 2), "a stale tensor");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_optimizer_new: the tensor is from before");
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), &q, 1), "another context's");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "tensor 0 is no parameter of this context");
    p[1] = p[0];
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), p, 2), "one tensor twice");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: tensors 0 and 1 are the same");
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), p, 0), "no parameters");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: 0 parameters; give 1 or more");
    p[1] = NULL;
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), p, 2), "a NULL tensor");
    CHECK(!dl_optimizer_new(dl, dl_sgd(1), NULL, 1) && !dl_optimizer_new(NULL, dl_sgd(1), p, 1),
          "no array, no context");
    CHECK(dl_error(dl) == DL_OK && dl_error(other) == DL_OK, "NULL fails without a word");
    dl_free(dl);
    dl_free(other);
}

/* Options can be read back; a bad learning rate changes nothing; NULL is harmless. */
static void read_back(void)
{
    static const double bad[3] = { -0.1, NAN, INFINITY };
    dl_ctx *dl = quiet_context();
    dl_tensor *p = dl_param(dl, dl_shape1(1), dl_init_zeros());
    dl_optim desc = dl_nesterov(0.5, 0.75), back;
    dl_optimizer *o;
    desc.l1 = 0.125;
    desc.clip_value = 3;
    o = dl_optimizer_new(dl, desc, &p, 1);
    back = dl_optimizer_desc(o);
    CHECK(back.type == dl_find_optim(NULL, "Nesterov") && back.lr == 0.5 && back.momentum == 0.75 &&
          back.l1 == 0.125 && back.clip_value == 3, "what was given comes back");
    CHECK(dl_optimizer_set_lr(o, 0.25) && dl_optimizer_desc(o).lr == 0.25 &&
          dl_optimizer_lr(o) == 0.25, "set_lr");
    for (int i = 0; i < 3; i++) {
        CHECK(!dl_optimizer_set_lr(o, bad[i]), "lr %g", bad[i]);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_set_lr: lr of Nesterov is ");
    }
    CHECK(dl_optimizer_desc(o).lr == 0.25, "lr is %g", dl_optimizer_desc(o).lr);
    CHECK(dl_optimizer_set_lr(o, 0), "lr 0 is allowed");
    CHECK(isnan(dl_optimizer_desc(NULL).lr) && isnan(dl_optimizer_lr(NULL)) &&
          !dl_optimizer_set_lr(NULL, 1) && !dl_optimizer_step(NULL) &&
          !dl_optimizer_set_group(NULL, &p, 1, 1, 0) && isnan(dl_optimizer_group(NULL, p).lr) &&
          !dl_optimizer_set_averaged(NULL, true) && !dl_optimizer_averaged(NULL), "NULL");
    dl_optimizer_zero_grad(NULL);
    dl_optimizer_free(NULL);
    dl_optimizer_free(o);
    dl_tensor_free(p);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

/* ------------------------------------------------------------------------------- schedules ---- */

static void schedules_golden(void)
{
    test_golden f = golden_open("schedules");
    const struct { const char *name; dl_schedule s; } all[] = {
        { "step_3_50", dl_schedule_step(3, 0.5) }, { "step_1_90", dl_schedule_step(1, 0.9) },
        { "exponential_95", dl_schedule_exponential(0.95) },
        { "cosine_10_0", dl_schedule_cosine(10, 0) },
        { "cosine_7_10", dl_schedule_cosine(7, 0.1) } };
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        const test_array *want = golden_get(&f, all[k].name);
        dl_schedule warm = all[k].s;
        warm.warmup = 4;
        for (int i = 0; i < (int)want->size; i++) {
            CHECK_CLOSE(dl_schedule_factor(&all[k].s, i), want->value[i], 1e-12, 1e-12);
            CHECK_CLOSE(dl_schedule_factor(&warm, i + 4), want->value[i], 1e-12, 1e-12);
        }
        for (int i = 0; i < 4; i++) CHECK_CLOSE(dl_schedule_factor(&warm, i), (i + 1) / 4.0, 0, 0);
        CHECK(isnan(dl_schedule_factor(&all[k].s, -1)), "%s in step -1", all[k].name);
    }
    CHECK_CLOSE(dl_schedule_factor(&all[3].s, 1000), 0, 0, 1e-15);   /* and stays there */
    CHECK_CLOSE(dl_schedule_factor(&all[4].s, 8), 0.1, 1e-12, 0);
    golden_close(&f);
}

static void schedules_edges(void)
{
    dl_schedule constant = dl_schedule_constant();
    CHECK(dl_schedule_factor(&constant, 0) == 1 && dl_schedule_factor(&constant, 99) == 1, "1");
    CHECK(isnan(dl_schedule_factor(NULL, 0)), "NULL");
    const dl_schedule bad[] = {
        dl_schedule_step(0, 0.5), dl_schedule_step(-3, 0.5), dl_schedule_step(1, NAN),
        dl_schedule_step(1, -0.5), dl_schedule_exponential(INFINITY), dl_schedule_cosine(0, 0),
        dl_schedule_cosine(5, NAN), dl_schedule_plateau(0.5, 0), dl_schedule_plateau(-1, 2),
        dl_schedule_of(NULL, NULL) };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(isnan(dl_schedule_factor(&bad[i], 1)), "senseless schedule %d: %g", (int)i,
              dl_schedule_factor(&bad[i], 1));
    constant.warmup = -1;
    CHECK(isnan(dl_schedule_factor(&constant, 1)), "a negative warm-up");
    constant.warmup = 0;
    dl_schedule_observe(NULL, 1);
    dl_schedule_observe(&constant, 1);
    dl_schedule_observe(&constant, 2);
    CHECK(dl_schedule_factor(&constant, 5) == 1, "only a plateau observes");
}

/* Keras' rule: times gamma after patience observations in a row that are not below the best. */
static void plateau(void)
{
    static const struct { double loss, factor; } seen[] = {
        { 5, 1 }, { 4, 1 }, { 4, 1 }, { 4.5, 0.5 },  /* equal is no improvement             */
        { 4.2, 0.5 }, { 3, 0.5 }, { 3.5, 0.5 },      /* the wait started anew               */
        { NAN, 0.25 }, { 9, 0.25 }, { 3, 0.125 }, { 2, 0.125 } };
    dl_schedule s = dl_schedule_plateau(0.5, 2);
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        dl_schedule_observe(&s, seen[i].loss);
        CHECK(dl_schedule_factor(&s, (int)i) == seen[i].factor, "after %g: %g, not %g",
              seen[i].loss, dl_schedule_factor(&s, (int)i), seen[i].factor);
    }
    s = dl_schedule_plateau(0.5, 2);
    s.warmup = 2;
    CHECK(dl_schedule_factor(&s, 0) == 0.5 && dl_schedule_factor(&s, 1) == 1, "with warm-up");
}

/* ------------------------------------------------------------------------ of one's own ---- */

/* Lion (Chen et al., 2023): w -= lr sign(b1 m + (1-b1) g);  m = b2 m + (1-b2) g */
static void lion_step(const dl_update *u)
{
    const dl_optim *o = u->options;
    for (dl_int i = 0; i < u->n; i++) {
        const double g = (double)u->g[i], m = (double)u->state[0][i];
        const double c = o->beta1 * m + (1 - o->beta1) * g;
        u->w[i] -= (dl_real)(o->lr * o->own[0] * ((c > 0) - (c < 0)));
        u->state[0][i] = (dl_real)(o->beta2 * m + (1 - o->beta2) * g);
    }
}
static const dl_optim_type lion = { "Lion", lion_step, 1, false, true, false,
    { DL_OPTION(beta1, 0.9, 0, 1), { "stretch", DL_OWN(0), 2, 1, 3 }, DL_OPTION(beta2, 0.5, 0, 1),
      DL_OPTION(start, 1, -9, 9) } };

static void own_kind(void)
{
    dl_ctx *dl = quiet_context();
    dl_tensor *p = dl_param(dl, dl_shape1(2), dl_init_constant(1));
    dl_optim desc = dl_optim_default(&lion, 0.25);
    CHECK(desc.beta1 == 0.9 && desc.own[0] == 2 && desc.beta2 == 0.5 && desc.start == 1,
          "defaults");
    desc.weight_decay = 0.4;
    dl_optimizer *o = dl_optimizer_new(dl, desc, &p, 1);
    p->grad[0] = -20;
    CHECK(dl_optimizer_step(o), "%s", dl_error_text(dl));
    CHECK_CLOSE(p->data[0], 0.9 + 0.5, TEST_TOL, 0);       /* .9 - 2 < 0 */
    CHECK_CLOSE(p->data[1], 0.9 - 0.5, TEST_TOL, 0);       /* .9 from the start of m */
    CHECK(!dl_find_optim(dl, "Lion") && dl_register_optim(dl, &lion) &&
          dl_find_optim(dl, "Lion") == &lion && !dl_find_optim(NULL, "Lion"), "by name");
    CHECK(!dl_register_optim(NULL, &lion) && !dl_register_optim(dl, NULL), "NULL");
    desc.own[0] = 3.5;
    CHECK(!dl_optimizer_new(dl, desc, &p, 1), "stretch 3.5");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: stretch of Lion is 3.5, outside [1, 3]");
    desc.own[0] = 1;
    desc.rho = 1;
    CHECK(!dl_optimizer_new(dl, desc, &p, 1), "rho");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: rho is 1, but Lion does not use it");
    dl_optim_type bad = lion;
    desc = dl_optim_default(&lion, 0.25);
    desc.type = &bad;
    bad.states = 5;
    CHECK(!dl_optimizer_new(dl, desc, &p, 1), "5 states");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "needs a name, a step and 0 to 4 states");
    for (int k = 0; k < 3; k++) {                /* neither the type nor a place behind the end */
        bad = lion;
        bad.option[1].at = k == 0 ? 0 : k == 1 ? DL_OWN(0) + 1 : DL_OWN(999);
        desc = dl_optim_default(&bad, 0.25);
        CHECK(desc.type == &bad && !dl_optimizer_new(dl, desc, &p, 1), "a wild option");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "option stretch of Lion is no number of dl_optim; write");
    }
    dl_free(dl);
}

/* The warm-up of "Attention Is All You Need", up to a constant. */
static double noam(const dl_schedule *s, int64_t i)
{
    const double n = *(const double *)s->user;
    return fmin(1 / sqrt((double)(i + 1)), (double)(i + 1) * pow(n, -1.5));
}

static void own_schedule(void)
{
    test_golden f = golden_open("schedules");
    double n = 4;
    const dl_schedule s = dl_schedule_of(noam, &n);
    const test_array *want = golden_get(&f, "noam");
    for (int i = 0; i < (int)want->size; i++)
        CHECK_CLOSE(dl_schedule_factor(&s, i), want->value[i], 1e-12, 0);
    golden_close(&f);
}

/* ------------------------------------------------------- step counts, groups, averages ---- */

/* A weight that is frozen in the first steps: PyTorch counts its own updates, Keras those of the
   optimizer. */
static void step_counts(void)
{
    test_golden f = golden_open("optimizers");
    const test_array *w0 = golden_get(&f, "w0"), *g = golden_get(&f, "g");
    for (int frame = 0; frame < 2; frame++) {
        const dl_real *want = golden_getf(&f, "%s_frozen", frames[frame])->data;
        dl_ctx *dl = quiet_context();
        dl_tensor *p[2] = { param(dl, dl_shape1(7), w0->data), param(dl, dl_shape1(7), w0->data) };
        dl_optimizer *o = dl_optimizer_new(dl, kinds[ADAM].make[frame](0.01), p, 2);
        dl_freeze(&p[1], 1);
        for (int t = 0; t < 10; t++) {
            if (t == 5) dl_unfreeze(&p[1], 1);
            for (int i = 0; i < 2; i++) memcpy(p[i]->grad, g->data + t * 7, 7 * sizeof(dl_real));
            CHECK(dl_optimizer_step(o), "%s", dl_error_text(dl));
            if (t >= 5) CHECK_ARRAY(p[1]->data, want + (t - 5) * 7, 7);
        }
        dl_free(dl);
    }
    golden_close(&f);
}

/* Parameters with a rate and a decay of their own go as with an optimizer of their own. */
static void groups(void)
{
    for (int k = 0; k < 2 * KINDS; k++) {
        dl_ctx *dl = quiet_context();
        dl_optim desc = kinds[k / 2].make[k % 2](0.1);
        dl_tensor *p[3], *q[2];
        for (int i = 0; i < 3; i++) p[i] = dl_param(dl, dl_shape1(2), dl_init_constant(1));
        for (int i = 0; i < 2; i++) q[i] = dl_param(dl, dl_shape1(2), dl_init_constant(1));
        desc.weight_decay = 0.5;
        dl_optimizer *o = dl_optimizer_new(dl, desc, p, 3);
        CHECK(dl_optimizer_set_group(o, p + 1, 2, 0.25, 0), "%s", dl_error_text(dl));
        dl_optimizer *first = dl_optimizer_new(dl, desc, &q[0], 1);
        desc.lr = 0.025;
        desc.weight_decay = 0;
        dl_optimizer *second = dl_optimizer_new(dl, desc, &q[1], 1);
        CHECK(dl_optimizer_group(o, p[0]).weight_decay == 0.5 &&
              dl_optimizer_group(o, p[0]).lr == 0.1 &&
              dl_optimizer_group(o, p[2]).weight_decay == 0 &&
              dl_optimizer_group(o, p[2]).lr == 0.025 && isnan(dl_optimizer_group(o, q[0]).lr),
              "read back");
        for (int t = 0; t < 3; t++) {
            for (int i = 0; i < 3; i++) set_grad(p[i], 1 - t);
            for (int i = 0; i < 2; i++) set_grad(q[i], 1 - t);
            CHECK(dl_optimizer_step(o) && dl_optimizer_step(first) && dl_optimizer_step(second),
                  "%s", dl_error_text(dl));
        }
        CHECK(p[0]->data[0] == q[0]->data[0] && p[1]->data[0] == q[1]->data[0] &&
              p[2]->data[1] == q[1]->data[1] && p[0]->data[0] != p[1]->data[0], "%s: %g %g %g",
              desc.type->name, (double)p[0]->data[0], (double)p[1]->data[0], (double)p[2]->data[1]);
        dl_tensor *mixed[2] = { p[0], q[0] };
        CHECK(!dl_optimizer_set_group(o, mixed, 2, 3, 3), "a stranger");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_set_group: tensor 1 is none of the "
                    "optimizer's 3 parameters");
        CHECK(!dl_optimizer_set_group(o, p, 1, NAN, 0) && !dl_optimizer_set_group(o, p, 1, 1, -1),
              "no numbers");
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "lr_factor nan and weight_decay 0 must be 0 or more");
        CHECK(dl_optimizer_group(o, p[0]).lr == 0.1, "unchanged");
        dl_free(dl);
    }
}

/* The recipe: backward k times through loss / k, one step; it is what Keras accumulates. */
static void accumulation(void)
{
    test_golden f = golden_open("optimizers");
    const test_array *w0 = golden_get(&f, "w0"), *g = golden_get(&f, "g");
    const dl_real *want = golden_get(&f, "keras_accumulate")->data;
    dl_ctx *dl = quiet_context();
    dl_tensor *p = param(dl, dl_shape1(7), w0->data);
    dl_optimizer *o = dl_optimizer_new(dl, dl_sgd(0.05), &p, 1);
    for (int t = 0; t < 10; t++) {
        if (t % 3 == 0) dl_optimizer_zero_grad(o);
        dl_tensor *loss = dl_sum(dl_mul(p, dl_from(dl, p->shape, g->data + t * 7)));
        dl_backward(dl_mul_scalar(loss, 1 / 3.0));
        dl_tape_clear(dl);
        if (t % 3 == 2) CHECK(dl_optimizer_step(o), "%s", dl_error_text(dl));
        CHECK_ARRAY(p->data, want + t * 7, 7);
    }
    dl_free(dl);
    golden_close(&f);
}

static void averages(void)
{
    test_golden f = golden_open("optimizers");
    const test_array *w0 = golden_get(&f, "w0"), *g = golden_get(&f, "g");
    const dl_real *plain = golden_get(&f, "keras_sgd_plain_w")->data;
    for (int frame = 0; frame < 2; frame++) {
        const dl_real *want = golden_getf(&f, "%s_ema", frames[frame])->data;
        dl_ctx *dl = quiet_context();
        dl_tensor *p[2] = { param(dl, dl_shape1(3), w0->data),
                            param(dl, dl_shape1(4), w0->data + 3) };
        dl_optim desc = kinds[0].make[frame](0.05);
        desc.ema = 0.9;
        dl_optimizer *o = dl_optimizer_new(dl, desc, p, 2);
        for (int t = 0; t < 10; t++) {
            for (int i = 0; i < 2; i++)
                memcpy(p[i]->grad, g->data + t * 7 + 3 * i, (size_t)p[i]->size * sizeof(dl_real));
            CHECK(dl_optimizer_step(o), "%s", dl_error_text(dl));
            dl_tensor *loss = dl_sum(dl_square(p[0]));
            CHECK(dl_optimizer_set_averaged(o, true) && dl_optimizer_averaged(o) &&
                  dl_optimizer_set_averaged(o, true), "%s", dl_error_text(dl));
            CHECK_ARRAY(p[0]->data, want + t * 7, 3);
            CHECK_ARRAY(p[1]->data, want + t * 7 + 3, 4);
            CHECK(!dl_optimizer_step(o), "a step on averages");
            CHECK_ERROR(dl, DL_ERR_STATE, "dl_optimizer_step: the parameters hold their averages");
            CHECK(!dl_backward(loss), "backward through weights that were swapped");
            CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
            dl_tape_clear(dl);
            CHECK(dl_optimizer_set_averaged(o, false) && !dl_optimizer_averaged(o), "and back");
            CHECK_ARRAY(p[1]->data, plain + t * 7 + 3, 4);
        }
        dl_optimizer *without = dl_optimizer_new(dl, dl_sgd(1), p, 2);
        CHECK(!dl_optimizer_set_averaged(without, true), "without averages");
        CHECK_ERROR(dl, DL_ERR_STATE, "dl_optimizer_set_averaged: no averages are kept; set ema");
        dl_free(dl);
    }
    golden_close(&f);
}

int main(void)
{
    for (int r = 0; r < 2; r++) {
        reference = r == 1;
        TEST(trajectories);
        TEST(clip_norm);
        TEST(clip_value);
        TEST(bad_gradients);
        TEST(huge_gradients);
        TEST(tiny_eps);
        TEST(norms);
        TEST(long_norms);
        TEST(only_its_own);
        TEST(frozen);
        TEST(accumulate);
        TEST(step_counts);
        TEST(groups);
        TEST(accumulation);
        TEST(averages);
    }
    TEST(defaults);
    TEST(options_by_kind);
    if (sizeof(dl_real) == sizeof(double)) TEST(no_common_norm);
    TEST(clip_bad_arguments);
    TEST(options_out_of_range);
    TEST(not_a_parameter);
    TEST(read_back);
    TEST(schedules_golden);
    TEST(schedules_edges);
    TEST(plateau);
    TEST(own_kind);
    TEST(own_schedule);
    return test_end();
}
