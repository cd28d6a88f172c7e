/* optimizers.c - dl_optimizer and dl_optimizer_step on parameters of the tape against the trajectories of
   PyTorch and Keras, clipping against clip_grad_norm_, schedules against PyTorch's, and what an
   optimizer must leave alone or refuse.

       cc -std=c99 -I. tests/optimizers.c -o build/optimizers -lm && build/optimizers  */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static dl_optim momentum_9(double lr) { return dl_momentum(lr, 0.9); }
static dl_optim nesterov_9(double lr) { return dl_nesterov(lr, 0.9); }
static dl_optim torch_momentum_9(double lr) { return dl_torch_momentum(lr, 0.9); }
static dl_optim torch_nesterov_9(double lr) { return dl_torch_nesterov(lr, 0.9); }

static const char *const frames[2] = { "torch", "keras" };
static const char *const variants[4] = { "plain", "lr", "l2", "l1" };
static const struct {
    const char *name;            /* in the golden file */
    dl_optim_kind kind;
    dl_optim (*make[2])(double); /* PyTorch's, Keras'  */
} kinds[8] = {
    { "sgd", DL_SGD, { dl_torch_sgd, dl_sgd } },
    { "momentum", DL_MOMENTUM, { torch_momentum_9, momentum_9 } },
    { "nesterov", DL_NESTEROV, { torch_nesterov_9, nesterov_9 } },
    { "adagrad", DL_ADAGRAD, { dl_torch_adagrad, dl_adagrad } },
    { "adadelta", DL_ADADELTA, { dl_torch_adadelta, dl_adadelta } },
    { "rmsprop", DL_RMSPROP, { dl_torch_rmsprop, dl_rmsprop } },
    { "adam", DL_ADAM, { dl_torch_adam, dl_adam } },
    { "adamw", DL_ADAMW, { dl_torch_adamw, dl_adamw } },
};

static dl_ctx *quiet_context(void)
{
    dl_ctx *dl = dl_new(1);
    test_quiet(dl);
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

/* 7 weights in two parameters; every step goes through the tape. */
static void golden_case(const test_golden *file, const char *name, dl_optim desc)
{
    const test_array *w0 = golden_get(file, "w0"), *g = golden_get(file, "g");
    const double *lr = golden_getf(file, "%s_lr", name)->value;
    const double *opts = golden_getf(file, "%s_opts", name)->value;
    const dl_real *want = golden_getf(file, "%s_w", name)->data;
    dl_ctx *dl = quiet_context();
    dl_tensor *p[2] = { param(dl, dl_shape1(3), w0->data),
                        param(dl, dl_shape2(2, 2), w0->data + 3) };
    dl_optimizer *o;
    bool ok = true;
    desc.l1 = opts[7];
    desc.l2 = opts[8];
    o = dl_optimizer_new(dl, desc, p, 2);
    for (dl_int t = 0; t < g->dim[0] && ok; t++) {
        dl_optimizer_zero_grad(o);
        push(p[0], g->data + t * 7);
        push(p[1], g->data + t * 7 + 3);
        ok = CHECK(dl_optimizer_set_lr(o, lr[t]) && dl_optimizer_step(o), "%s: %s", name,
                   dl_error_text(dl)) &&
             CHECK_ARRAY(p[0]->data, want + t * 7, 3) &&
             CHECK_ARRAY(p[1]->data, want + t * 7 + 3, 4);
        if (!ok) printf("    in %s, step %ld\n", name, (long)t + 1);
    }
    dl_free(dl);
}

static void trajectories(void)
{
    test_golden file = golden_open("optimizers");
    for (int frame = 0; frame < 2; frame++)
        for (int k = 0; k < 8; k++)
            for (int v = 0; v < 4; v++) {
                char name[64];
                snprintf(name, sizeof name, "%s_%s_%s", frames[frame], kinds[k].name, variants[v]);
                golden_case(&file, name, kinds[k].make[frame](123));
            }
    golden_close(&file);
}

/* The defaults that the declarations promise: momentum, rho, eps, start, weight_decay. */
static void defaults(void)
{
    static const double want[2][8][5] = {
        { { 0, 0, 1e-8, 0, 0 }, { .9, 0, 1e-8, 0, 0 }, { .9, 0, 1e-8, 0, 0 },
          { 0, 0, 1e-10, 0, 0 }, { 0, .9, 1e-6, 0, 0 }, { 0, .99, 1e-8, 0, 0 },
          { 0, 0, 1e-8, 0, 0 }, { 0, 0, 1e-8, 0, .01 } },
        { { 0, 0, 1e-7, 0, 0 }, { .9, 0, 1e-7, 0, 0 }, { .9, 0, 1e-7, 0, 0 },
          { 0, 0, 1e-7, .1, 0 }, { 0, .95, 1e-7, 0, 0 }, { 0, .9, 1e-7, 0, 0 },
          { 0, 0, 1e-7, 0, 0 }, { 0, 0, 1e-7, 0, .004 } } };
    for (int frame = 0; frame < 2; frame++)
        for (int k = 0; k < 8; k++) {
            const dl_optim o = kinds[k].make[frame](0.25);
            const double *w = want[frame][k];
            const char *name = kinds[k].name;
            CHECK(o.kind == kinds[k].kind && o.torch == (frame == 0), "%s: its kind", name);
            CHECK(o.lr == 0.25 && o.beta1 == 0.9 && o.beta2 == 0.999, "%s: lr or betas", name);
            CHECK(o.momentum == w[0] && o.rho == w[1] && o.eps == w[2] && o.start == w[3] &&
                  o.weight_decay == w[4], "%s %s: %g %g %g %g %g", frames[frame], name,
                  o.momentum, o.rho, o.eps, o.start, o.weight_decay);
            CHECK(o.l1 == 0 && o.l2 == 0 && o.clip_norm > 1e300 && o.clip_value > 1e300,
                  "%s: penalties and clipping start off", name);
        }
    CHECK(strcmp(dl_optim_name(DL_RMSPROP), "RMSprop") == 0, "%s", dl_optim_name(DL_RMSPROP));
    CHECK(strcmp(dl_optim_name((dl_optim_kind)7), "AdamW") == 0, "the last name");
}

/* Only Adagrad's accumulator starts at start. */
static void start_is_adagrads(void)
{
    for (int k = 0; k < 8; k++) {
        dl_ctx *dl = quiet_context();
        dl_optim with = kinds[k].make[1](0.1), without = with;
        dl_tensor *p[2];
        for (int i = 0; i < 2; i++) p[i] = dl_param(dl, dl_shape1(1), dl_init_zeros());
        with.start = 5;
        without.start = 0;
        set_grad(p[0], 1);
        set_grad(p[1], 1);
        dl_optimizer_step(dl_optimizer_new(dl, with, &p[0], 1));
        dl_optimizer_step(dl_optimizer_new(dl, without, &p[1], 1));
        CHECK((p[0]->data[0] == p[1]->data[0]) == (kinds[k].kind != DL_ADAGRAD),
              "%s with start 5: %g, with 0: %g", kinds[k].name, (double)p[0]->data[0],
              (double)p[1]->data[0]);
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
    dl_ctx *dl = quiet_context();
    dl_tensor *p = param(dl, dl_shape1(4), w);
    dl_optim desc = dl_sgd(1);
    desc.clip_value = 0.5;
    desc.l2 = 0.5;
    push(p, g);
    CHECK(dl_optimizer_step(dl_optimizer_new(dl, desc, &p, 1)), "%s", dl_error_text(dl));
    CHECK_ARRAY(p->data, want, 4);
    dl_free(dl);
}

/* A gradient without a norm is refused before anything changes, moments and counter included:
   the run then goes on as if nothing had been. */
static void clip_norm_of_nan(void)
{
    const double bad[3] = { NAN, INFINITY, -INFINITY };
    for (int k = 0; k < 3; k++) {
        dl_ctx *dl = quiet_context();
        dl_tensor *p[2], *q;
        dl_optim desc = dl_adam(0.1);
        dl_optimizer *o, *same;
        desc.clip_norm = 1;
        p[0] = dl_param(dl, dl_shape1(3), dl_init_constant(2));
        p[1] = dl_param(dl, dl_shape1(3), dl_init_constant(3));
        q = dl_param(dl, dl_shape1(3), dl_init_constant(2));
        o = dl_optimizer_new(dl, desc, p, 2);
        same = dl_optimizer_new(dl, desc, &q, 1);
        set_grad(p[0], 5);
        set_grad(p[1], 0);
        p[1]->grad[1] = (dl_real)bad[k];
        CHECK(!dl_optimizer_step(o), "dl_optimizer_step took a gradient of %g", bad[k]);
        CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_optimizer_step: the norm of the gradients is ");
        CHECK(p[0]->data[2] == 2 && p[1]->data[0] == 3 && p[0]->grad[0] == 5, "all as it was");
        p[1]->grad[1] = 0;
        set_grad(q, 5);
        CHECK(dl_optimizer_step(o) && dl_optimizer_step(same), "%s", dl_error_text(dl));
        CHECK(p[0]->data[0] == q->data[0] && q->data[0] != 2, "the failed step counted: %g, %g",
              (double)p[0]->data[0], (double)q->data[0]);
        dl_free(dl);
    }
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

/* ------------------------------------------------------------------------- what is touched ---- */

static void only_its_own(void)
{
    for (int k = 0; k < 8; k++) {
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
        CHECK(p[0]->grad[0] == 0 && p[0]->grad[1] == 0 && p[1]->grad[0] == 1, "dl_optimizer_zero_grad(a)");
        dl_optimizer_free(a);
        dl_optimizer_zero_grad(b);
        CHECK(p[1]->grad[1] == 0 && dl_optimizer_step(b), "b outlives a: %s", dl_error_text(dl));
        dl_free(dl);
    }
}

/* A frozen parameter keeps its value and its moments; after dl_unfreeze it goes on. */
static void frozen(void)
{
    for (int k = 0; k < 8; k++) {
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
        CHECK_CLOSE(p[0]->grad[0], 1.2, TEST_TOL, 0); /* 1 + l1 + l2, not scaled down */
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

/* Gradients add up until dl_optimizer_zero_grad; a step between forward and backward is found out. */
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
        FIELD(momentum, 1.5, "momentum of Adam is 1.5, outside [0, 1]"),
        FIELD(momentum, -0.1, "momentum of Adam is -0.1"), FIELD(rho, 2, "rho of Adam is 2"),
        FIELD(rho, -1, "rho of Adam is -1"), FIELD(beta1, 1, "beta1 of Adam is 1, outside [0, 1"),
        FIELD(beta1, -1, "beta1 of Adam"), FIELD(beta2, 1, "beta2 of Adam is 1, outside"),
        FIELD(beta2, NAN, "beta2 of Adam"), FIELD(eps, -1e-8, "eps of Adam is -1e-08"),
        FIELD(start, -1, "start of Adam is -1"),
        FIELD(weight_decay, -1, "weight_decay of Adam is -1"), FIELD(l1, -1, "l1 of Adam is -1"),
        FIELD(l2, NAN, "l2 of Adam is "),
        FIELD(clip_norm, 0, "clip_norm 0 and clip_value inf must be above 0 (INFINITY for off)"),
        FIELD(clip_norm, NAN, "clip_norm"), FIELD(clip_value, -2, "clip_value -2"),
    };
#undef FIELD
    dl_ctx *dl = quiet_context();
    dl_tensor *p = dl_param(dl, dl_shape1(1), dl_init_zeros());
    dl_optim desc;
    const int eight = 8;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        desc = dl_adam(0.1);
        *(double *)(void *)((char *)&desc + bad[i].field) = bad[i].bad;
        CHECK(!dl_optimizer_new(dl, desc, &p, 1), "taken: %s", bad[i].text);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, bad[i].text);
    }
    desc = dl_adam(0.1);
    memcpy(&desc.kind, &eight, sizeof eight);
    CHECK(!dl_optimizer_new(dl, desc, &p, 1), "kind 8 was taken");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_new: no optimizer 8");
    desc = dl_adam(0);
    desc.momentum = desc.rho = 1;
    desc.beta1 = desc.beta2 = desc.eps = 0;
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
    CHECK(back.kind == DL_NESTEROV && !back.torch && back.lr == 0.5 && back.momentum == 0.75 &&
          back.l1 == 0.125 && back.clip_value == 3, "what was given comes back");
    CHECK(dl_optimizer_set_lr(o, 0.25) && dl_optimizer_desc(o).lr == 0.25, "set_lr");
    for (int i = 0; i < 3; i++) {
        CHECK(!dl_optimizer_set_lr(o, bad[i]), "lr %g", bad[i]);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_optimizer_set_lr: lr of Nesterov is ");
    }
    CHECK(dl_optimizer_desc(o).lr == 0.25, "lr is %g", dl_optimizer_desc(o).lr);
    CHECK(dl_optimizer_set_lr(o, 0), "lr 0 is allowed");
    CHECK(isnan(dl_optimizer_desc(NULL).lr) && !dl_optimizer_set_lr(NULL, 1) && !dl_optimizer_step(NULL),
          "NULL");
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
    dl_schedule constant = dl_schedule_constant(), zero = dl_schedule_step(0, 0.5);
    CHECK(dl_schedule_factor(&constant, 0) == 1 && dl_schedule_factor(&constant, 99) == 1, "1");
    CHECK(isnan(dl_schedule_factor(NULL, 0)), "NULL");
    CHECK(dl_schedule_factor(&zero, 2) == 0.25, "every 0 steps counts as every step: %g",
          dl_schedule_factor(&zero, 2));
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

int main(void)
{
    TEST(trajectories);
    TEST(defaults);
    TEST(start_is_adagrads);
    TEST(clip_norm);
    TEST(clip_value);
    TEST(clip_norm_of_nan);
    TEST(clip_bad_arguments);
    TEST(only_its_own);
    TEST(frozen);
    TEST(accumulate);
    TEST(options_out_of_range);
    TEST(not_a_parameter);
    TEST(read_back);
    TEST(schedules_golden);
    TEST(schedules_edges);
    TEST(plateau);
    return test_end();
}
