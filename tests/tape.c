/* tape.c - tests of >>tape: recording, going back, marks, no-grad, custom operations, memory. */
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <time.h>

static dl_ctx *dl;     /* each test has its own */

static void start(void) { dl = dl_new(11); test_quiet(dl); count_fail_at = 0; }

/* The end of a test that expects no error to be left. */
static void stop(void)
{
    CHECK(dl_error(dl) == DL_OK, "left: %s", dl_error_text(dl));
    dl_free(dl);
}

/* A leaf [n] on the tape with gradient: first, first + 1, ... */
static dl_tensor *leaf(int n, double first)
{
    dl_tensor *x = dl_zeros(dl, dl_shape1(n));
    for (int i = 0; i < n; i++) x->data[i] = (dl_real)(first + i);
    dl_set_requires_grad(x, true);
    return x;
}

static dl_tensor *param(double value)
{
    return dl_param(dl, dl_shape0(), dl_init_constant(value));
}

#define CHECK_ALL(x, n, value) for (int i_ = 0; i_ < (n); i_++) CHECK_CLOSE((x)[i_], value, 1e-6, 0)

/* ---- the graph ---- */

static void shared_operands(void)
{
    dl_tensor *x, *y, *z;
    start();
    x = leaf(1, 3);
    CHECK(dl_backward(dl_mul(x, x)), "x x");
    CHECK_CLOSE(x->grad[0], 6, 0, 0);
    x = leaf(1, 3);
    CHECK(dl_backward(dl_add(dl_add(x, x), x)), "x + x + x");
    CHECK_CLOSE(x->grad[0], 3, 0, 0);
    x = leaf(1, 3);                                /* diamond: y^2 z + y, y = 2x, z = x^2 */
    y = dl_mul_scalar(x, 2);
    z = dl_square(x);
    CHECK(dl_backward(dl_add(dl_mul(dl_square(y), z), y)), "diamond");
    CHECK_CLOSE(x->grad[0], 16 * 27 + 2, 1e-6, 0); /* 4 x^4 + 2 x */
    CHECK_CLOSE(y->grad[0], 2 * 6 * 9 + 1, 1e-6, 0);
    CHECK_CLOSE(z->grad[0], 36, 1e-6, 0);
    stop();
}

/* What does not lead to the loss gets no gradient, and does not disturb. */
static void branches_not_taken(void)
{
    dl_tensor *x, *side, *w;
    start();
    x = leaf(2, 1);
    w = param(5);
    side = dl_mul(dl_exp(x), w);
    CHECK(dl_backward(dl_sum(dl_square(x))), "backward");
    CHECK(x->grad[0] == 2 && x->grad[1] == 4, "%g %g", (double)x->grad[0], (double)x->grad[1]);
    CHECK(!side->grad && w->grad[0] == 0, "the side branch has a gradient");
    CHECK(dl_backward(dl_sum(side)), "the side branch on its own");
    CHECK_CLOSE(x->grad[0], 2 + 5 * exp(1.0), 1e-6, 0);
    CHECK_CLOSE(w->grad[0], exp(1.0) + exp(2.0), 1e-6, 0);
    stop();
}

static void a_long_chain(void)
{
    dl_tensor *x, *y;
    start();
    y = x = leaf(1, 1);
    for (int i = 0; i < 20000; i++) y = dl_add_scalar(y, 1);
    CHECK(dl_backward(y), "backward");
    CHECK(y->data[0] == 20001 && x->grad[0] == 1, "%g", (double)y->data[0]);
    stop();
}

/* Gradients of leaves add up over losses, over clears, until someone sets them to zero. */
static void gradients_accumulate(void)
{
    dl_tensor *w, *x;
    start();
    w = param(2);
    CHECK(w->grad && w->grad[0] == 0, "a parameter's gradient is there from the start");
    x = leaf(1, 3);
    CHECK(dl_backward(dl_mul(w, x)), "first");
    CHECK(dl_backward(dl_square(w)), "second");
    CHECK(w->grad[0] == 7 && x->grad[0] == 2, "%g %g", (double)w->grad[0], (double)x->grad[0]);
    dl_tape_clear(dl);
    CHECK(dl_backward(dl_mul_scalar(w, 10)), "third");
    CHECK(w->grad[0] == 17, "%g", (double)w->grad[0]);
    CHECK(dl_backward(w), "a leaf itself");
    CHECK(w->grad[0] == 18, "%g", (double)w->grad[0]);
    stop();
}

static void backward_from_given_gradient(void)
{
    const dl_real dy[] = { 1, -2, 0.5f };
    dl_tensor *x, *y;
    start();
    x = leaf(3, 1);
    y = dl_square(x);
    CHECK(dl_backward_from(y, dy), "backward");
    CHECK(x->grad[0] == 2 && x->grad[1] == -8 && x->grad[2] == 3, "2 x dy");
    CHECK(y->grad[1] == -2, "dy itself");
    CHECK(!dl_backward_from(dl_square(x), NULL), "NULL");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_backward_from: dy is NULL");
    stop();
}

/* ---- refusals: nothing may be touched ---- */

static void refused_backwards(void)
{
    dl_tensor *x, *h, *loss;
    start();
    x = leaf(2, 1);
    CHECK(!dl_backward(x), "not a scalar");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_backward: the loss has shape [2], not one element; use "
                "dl_mean or dl_sum, or dl_backward_from");
    CHECK(!dl_backward(dl_sum(dl_ones(dl, dl_shape1(2)))), "a constant");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_backward: the result depends on nothing that requires a "
                "gradient (or all that does is frozen, or dl_set_no_grad was on)");
    CHECK(!dl_backward(NULL) && dl_error(dl) == DL_OK, "NULL");
    h = dl_square(x);
    loss = dl_sum(h);
    CHECK(dl_backward(loss), "the first time");
    CHECK(!dl_backward(loss), "the second time");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_backward: dl_sum has been gone back through already; add "
                "losses that share a graph (dl_add) and go back once, or compute them anew");
    CHECK(!dl_backward(dl_mean(h)), "a part of it");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_backward: dl_square has been gone back through already");
    CHECK(x->grad[0] == 2 && x->grad[1] == 4, "touched: %g %g", (double)x->grad[0],
          (double)x->grad[1]);
    stop();
}

static void changed_parameters(void)
{
    const dl_real nine = 9;
    dl_tensor *w, *v, *x, *loss;
    start();
    w = param(3);
    dl_set_name(w, "w");
    x = leaf(1, 2);
    loss = dl_mul(dl_exp(x), w);
    dl_fill(w, 4);
    CHECK(!dl_backward(loss), "filled");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_backward: an input of dl_mul, w was changed after it was "
                "used; update parameters after dl_backward, and compute the loss anew");
    CHECK(w->grad[0] == 0 && !x->grad && !loss->grad, "a refused backward left gradients");
    CHECK(dl_backward(dl_mul(x, w)) && x->grad[0] == 4 && w->grad[0] == 2, "anew");

    loss = dl_mul(w, x);
    CHECK(dl_copy_in(w, &nine) && !dl_backward(loss), "copied in");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
    loss = dl_mul(w, x);
    CHECK(dl_assign(w, dl_ones(dl, dl_shape0())) && !dl_backward(loss), "assigned");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
    loss = dl_mul(w, x);
    CHECK(dl_initialize(w, dl_init_normal(0, 1)) && !dl_backward(loss), "initialized");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");

    v = dl_reshape(w, dl_shape1(1));               /* through a view of it */
    loss = dl_mul(w, x);
    CHECK(dl_fill(v, 2) && !dl_backward(loss), "filled through a view");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
    loss = dl_mul(dl_detach(w), x);                /* a detached copy shares the data */
    CHECK(dl_fill(w, 2) && !dl_backward(loss), "filled under a detached tensor");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
    dl_freeze(&w, 1);
    loss = dl_mul(dl_reshape(w, dl_shape1(1)), x); /* a view without gradient, too */
    CHECK(dl_fill(w, 3) && !dl_backward(loss), "filled under a view of a frozen parameter");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
    stop();
}

/* ---- lives of tensors ---- */

static void stale_tensors(void)
{
    dl_tensor *x, *y, *w;
    dl_mark m;
    start();
    w = param(1);
    x = leaf(1, 1);
    dl_set_name(x, "x");
    dl_tape_clear(dl);
    CHECK(!dl_relu(x), "after a clear");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_relu: the tensor x is from before the last dl_tape_clear or "
                "dl_tape_release; take results home with dl_keep, and state with dl_assign");
    y = leaf(1, 1);
    CHECK(!dl_add(y, x) && dl_error(dl) == DL_ERR_STALE, "as second operand");
    dl_clear_error(dl);
    m = dl_tape_mark(dl);
    x = dl_square(y);
    CHECK(dl_tape_release(dl, m), "release");
    CHECK(!dl_backward(x), "after a release");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_backward: the tensor is from before");
    CHECK(isnan(dl_item(x)), "dl_item");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_item");
    CHECK(!dl_keep(x), "dl_keep");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_keep");
    CHECK(dl_argmax(x) == -1, "dl_argmax");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_argmax");
    CHECK(dl_item(dl_mul(y, w)) == 1, "older tensors live on");
    dl_tape_clear(dl);
    CHECK(!dl_assign(w, y), "dl_assign");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_assign");
    stop();
}

static void nested_marks(void)
{
    dl_tensor *a, *b, *c, *d;
    dl_mark m1, m2;
    start();
    a = leaf(1, 1);
    m1 = dl_tape_mark(dl);
    b = dl_exp(a);
    m2 = dl_tape_mark(dl);
    c = dl_exp(b);
    CHECK(dl_tape_release(dl, m2), "inner");
    CHECK(!dl_relu(c) && dl_relu(b), "c is gone, b is not");
    dl_clear_error(dl);
    CHECK(dl_tape_release(dl, m1), "outer");
    CHECK(!dl_tape_release(dl, m2), "an inner one after the outer one, at once");
    CHECK_ERROR(dl, DL_ERR_STATE, "an older mark was released already");
    CHECK(!dl_relu(b) && dl_relu(a), "b is gone, a is not");
    dl_clear_error(dl);
    CHECK(dl_tape_release(dl, m1), "the same mark again");
    CHECK(!dl_tape_release(dl, m2), "an inner one after the outer one");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_tape_release: the mark is from before a dl_tape_clear, or an "
                "older mark was released already");
    d = dl_exp(dl_exp(dl_exp(a)));                 /* as many tensors as m2 had, but others */
    CHECK(!dl_tape_release(dl, m2), "an inner one after the outer one, later");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_tape_release");
    CHECK(dl_backward(d) && a->grad[0] > 0, "and the tape is whole");
    dl_tape_clear(dl);
    CHECK(!dl_tape_release(dl, m1), "a mark from before a clear");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_tape_release: the mark is from before a dl_tape_clear");
    stop();
}

/* A gradient that an older tensor got inside a mark lies in memory that the release takes back. */
static void backward_inside_a_mark(void)
{
    dl_tensor *w, *x, *v;
    dl_mark m;
    start();
    w = param(3);
    x = leaf(100, 1);
    v = dl_reshape(x, dl_shape2(10, 10));
    m = dl_tape_mark(dl);
    CHECK(dl_backward(dl_sum(dl_mul(v, w))), "inside");
    CHECK(x->grad && x->grad[7] == 3 && v->grad == x->grad, "gradient inside");
    CHECK(dl_tape_release(dl, m), "release");
    CHECK(!x->grad && !v->grad, "the older tensors' gradients are gone");
    CHECK(w->grad[0] == 5050, "the parameter's is kept: %g", (double)w->grad[0]);
    CHECK(dl_backward(dl_sum(dl_mul(x, w))), "outside");
    CHECK(x->grad[7] == 3 && w->grad[0] == 10100, "%g %g", (double)x->grad[7], (double)w->grad[0]);
    stop();
}

static void no_grad(void)
{
    dl_tensor *w, *y, *z;
    start();
    w = param(3);
    CHECK(dl_set_no_grad(dl, true) == false, "off at first");
    y = dl_square(w);
    CHECK(!y->requires_grad && !y->node, "recorded");
    CHECK(!dl_backward(y), "backward");
    CHECK_ERROR(dl, DL_ERR_STATE, "depends on nothing that requires a gradient");
    CHECK(dl_set_no_grad(dl, false) == true, "was on");
    z = dl_mul(y, w);
    CHECK(dl_backward(z) && w->grad[0] == 9, "y counts as a constant: %g", (double)w->grad[0]);
    stop();
}

static void modes(void)
{
    start();
    CHECK(dl_set_training(dl, false) == true && dl_set_training(dl, true) == false, "training");
    CHECK(dl_set_training(dl, true) == true && dl_set_no_grad(dl, false) == false, "both");
    stop();
}

static void detach_keep_assign(void)
{
    dl_tensor *w, *d, *k, *s, *one;
    start();
    w = param(3);
    d = dl_detach(w);
    CHECK(d->data == w->data && !d->requires_grad && !d->grad, "detached");
    CHECK(dl_backward(dl_mul(w, d)) && w->grad[0] == 3, "one side only: %g", (double)w->grad[0]);
    CHECK(dl_set_requires_grad(d, true) && dl_backward(dl_square(d)), "a leaf of its own");
    CHECK(d->grad[0] == 6 && w->grad[0] == 3, "its own gradient");
    k = dl_keep(dl_square(w));
    s = dl_state(dl, dl_shape2(1, 2));
    one = dl_ones(dl, dl_shape1(2));
    CHECK(s->data[0] == 0 && dl_assign(s, one) && s->data[1] == 1, "assign");
    CHECK(!dl_assign(one, s), "assign to the tape");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_assign: the first tensor is on the tape; make it with "
                "dl_state or dl_param");
    CHECK(!dl_assign(s, w), "assign another size");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_assign: state [1,2] and value [] differ in size");
    dl_tape_clear(dl);
    CHECK(k->data[0] == 9 && !k->requires_grad && !k->grad, "kept");
    CHECK(s->data[0] == 1 && dl_item(dl_sum(s)) == 2, "the state is there after a clear");
    CHECK(!dl_set_requires_grad(s, true), "a state has no gradient");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_set_requires_grad: a dl_state or dl_keep tensor has no gradient; "
                "make it with dl_param");
    dl_tensor_free(k);
    dl_tensor_free(s);
    stop();
}

/* ---- freezing ---- */

static void frozen_parameters(void)
{
    dl_tensor *w, *v, *x, *loss;
    start();
    w = param(3);
    v = param(5);
    dl_freeze(&w, 1);
    x = leaf(1, 2);
    CHECK(dl_backward(dl_mul(dl_mul(x, w), v)), "backward");
    CHECK(w->grad[0] == 0 && v->grad[0] == 6 && x->grad[0] == 15, "it goes through, not into");
    loss = dl_mul(w, v);
    dl_unfreeze(&w, 1);
    CHECK(dl_backward(loss), "recorded while frozen");
    CHECK(w->grad[0] == 0 && v->grad[0] == 9, "w was frozen when it was used");
    loss = dl_mul(dl_exp(w), v);
    dl_freeze(&w, 1);
    CHECK(dl_backward(loss), "recorded before it was frozen");
    CHECK_CLOSE(w->grad[0], 5 * exp(3.0), 1e-6, 0);
    CHECK(!dl_backward(dl_square(w)), "only frozen ones");
    CHECK_ERROR(dl, DL_ERR_STATE, "depends on nothing that requires a gradient");
    dl_unfreeze(&w, 1);
    w->grad[0] = 0;
    CHECK(dl_backward(dl_square(w)) && w->grad[0] == 6, "thawed");
    stop();
}

static void requires_grad(void)
{
    dl_tensor *x, *y;
    start();
    x = dl_ones(dl, dl_shape1(2));
    CHECK(!x->requires_grad && dl_set_requires_grad(x, true), "an input");
    y = dl_square(x);
    CHECK(!dl_set_requires_grad(y, false), "a result");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_set_requires_grad: the tensor is the result of dl_square, not a "
                "leaf; dl_detach it first");
    CHECK(dl_backward(dl_sum(y)) && x->grad[1] == 2, "gradient of an input");
    CHECK(dl_set_requires_grad(x, false) && !dl_backward(dl_sum(x)), "no more");
    CHECK_ERROR(dl, DL_ERR_STATE, "depends on nothing");
    stop();
}

/* ---- views ---- */

static void views_share(void)
{
    dl_tensor *w, *v, *u, *x;
    start();
    w = dl_param(dl, dl_shape2(2, 3), dl_init_constant(1));
    v = dl_reshape(w, dl_shape1(6));
    u = dl_reshape(v, dl_shape2(3, 2));
    CHECK(v->data == w->data && u->data == w->data, "data");
    CHECK(v->grad == w->grad && u->grad == w->grad, "gradient");
    x = dl_add(dl_sum(w), dl_add(dl_sum(v), dl_sum(dl_square(u))));
    CHECK(dl_backward(x), "all three");
    CHECK_ALL(w->grad, 6, 4);
    x = leaf(6, 0);
    u = dl_reshape(dl_reshape(x, dl_shape2(2, 3)), dl_shape2(3, -1));
    CHECK(dl_backward(dl_sum(dl_mul(u, u))), "reshape of a reshape");
    CHECK(u->grad == x->grad && x->grad[5] == 10, "%g", (double)x->grad[5]);
    v = leaf(6, 0);
    x = dl_exp(v);                                 /* a view of a result that is also used itself */
    u = dl_reshape(x, dl_shape2(2, 3));
    CHECK(dl_backward(dl_add(dl_sum(u), dl_sum(x))), "result and its view");
    CHECK_ALL(x->grad, 6, 2);
    CHECK_CLOSE(v->grad[1], 2 * exp(1.0), 1e-6, 0);
    stop();
}

/* ---- custom operations ---- */

typedef struct scale { double by; bool fail; int calls; } scale;

static bool scale_forward(dl_tensor *out, dl_tensor *const *in, int n, void *user)
{
    const scale *s = (const scale *)user;
    for (dl_int i = 0; i < out->size; i++) {
        out->data[i] = 0;
        for (int k = 0; k < n; k++) out->data[i] += (dl_real)s->by * in[k]->data[i];
    }
    return true;
}

static bool scale_backward(dl_tensor *out, dl_tensor *const *in, int n, void *user)
{
    scale *s = (scale *)user;
    s->calls++;
    if (s->fail) return dl_fail(out->ctx, DL_ERR_NUMERIC, "scale: %d is too many", s->calls);
    for (int k = 0; k < n; k++)
        for (dl_int i = 0; in[k]->grad && i < out->size; i++)
            in[k]->grad[i] += (dl_real)s->by * out->grad[i];
    return true;
}

static bool says_no(dl_tensor *out, dl_tensor *const *in, int n, void *user)
{
    (void)out; (void)in; (void)n; (void)user;
    return false;
}

static dl_tensor *scaled(scale *s, dl_tensor *const *in, int n, dl_op_fn back)
{
    char name[] = "scale";
    dl_tensor *y = dl_op_custom(dl, name, in[0]->shape, in, n, scale_forward, back, s, sizeof *s);
    memset(name, 'X', sizeof name - 1);            /* the name and the user's bytes are copied */
    s->by = 1e9;
    return y;
}

static void custom_operation(void)
{
    scale s = { 3, false, 0 };
    dl_tensor *in[3], *y;
    start();
    in[0] = leaf(2, 1);
    in[1] = dl_ones(dl, dl_shape1(2));             /* wants no gradient */
    in[2] = in[0];
    y = scaled(&s, in, 3, scale_backward);
    CHECK(y && y->data[0] == 9 && y->data[1] == 15, "forward");
    CHECK(dl_backward(dl_sum(dl_square(y))), "backward");
    CHECK(in[0]->grad[0] == 2 * 9 * 6 && !in[1]->grad, "%g", (double)in[0]->grad[0]);
    CHECK(s.calls == 0, "the caller's struct was used");
    in[0] = dl_param(dl, dl_shape1(2), dl_init_constant(1));
    in[1] = leaf(2, 1);
    dl_freeze(in, 1);
    s.by = 2;
    CHECK(dl_backward(dl_sum(scaled(&s, in, 2, scale_backward))), "with a frozen parameter");
    CHECK(in[0]->grad && in[0]->grad[0] == 0 && in[1]->grad[0] == 2, "the frozen one got %g",
          (double)in[0]->grad[0]);
    y = dl_op_custom(dl, "plain", dl_shape0(), in, 1, says_no, says_no, NULL, 0);
    CHECK(!y, "its forward says no");
    CHECK_ERROR(dl, DL_ERR_STATE, "plain: its forward failed");
    s.by = 5;                                      /* without bytes to copy, the pointer itself */
    y = dl_op_custom(dl, "own", dl_shape1(2), in + 1, 1, scale_forward, scale_backward, &s, 0);
    CHECK(y && dl_backward(dl_sum(y)) && s.calls == 1, "the caller's struct, %d calls", s.calls);
    stop();
}

static bool copies_in(dl_tensor *out, dl_tensor *const *in, int n, void *user)
{
    (void)n; (void)user;
    return dl_copy_in(out, in[0]->data);
}

/* Many backwards read what their forward gave: once that is written over, they must not run. */
static void changed_results(void)
{
    scale s = { 1, false, 0 };
    dl_tensor *x, *y;
    start();
    x = leaf(1, 2);
    y = dl_exp(x);
    dl_fill(y, 3);
    CHECK(!dl_backward(dl_square(y)) && !x->grad, "a result that was filled");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_backward: the result of dl_exp was changed by dl_fill");
    y = dl_exp(x);
    dl_fill(dl_reshape(y, dl_shape1(1)), 3);
    CHECK(!dl_backward(dl_square(y)), "through a view");
    CHECK_ERROR(dl, DL_ERR_STATE, "the result of dl_exp was changed");
    y = dl_op_custom(dl, "copy", x->shape, &x, 1, copies_in, scale_backward, &s, sizeof s);
    CHECK(dl_backward(dl_square(y)) && x->grad[0] == 4, "a custom forward may use dl_copy_in: %s",
          dl_error_text(dl));
    stop();
}

static void custom_backward_fails(void)
{
    scale s = { 3, true, 0 };
    dl_tensor *x;
    start();
    x = leaf(2, 1);
    CHECK(!dl_backward(dl_sum(scaled(&s, &x, 1, scale_backward))), "with a message");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "scale: 1 is too many");
    CHECK(!dl_backward(dl_sum(scaled(&s, &x, 1, says_no))), "without");
    CHECK_ERROR(dl, DL_ERR_STATE, "scale: its backward failed");
    CHECK(dl_backward(dl_sum(x)) && x->grad[0] == 1, "and life goes on: %g", (double)x->grad[0]);
    stop();
}

static void custom_arguments(void)
{
    const char *text = "dl_op_custom: name, forward and backward are needed, and one or more "
                       "operands of this context";
    scale s = { 1, false, 0 };
    dl_ctx *other = dl_new(1);
    dl_tensor *x, *y;
    start();
    x = leaf(2, 1);
    y = dl_ones(other, dl_shape1(2));
    for (int k = 0; k < 7; k++) {
        CHECK(!dl_op_custom(dl, k == 0 ? NULL : "op", x->shape, k == 1 ? NULL : k == 2 ? &y : &x,
                            k == 3 ? 0 : 1, k == 4 ? NULL : scale_forward,
                            k == 5 ? NULL : scale_backward, k == 6 ? NULL : &s, sizeof s), "%d", k);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, text);
    }
    CHECK(!dl_op_custom(dl, "op", dl_shape1(-1), &x, 1, scale_forward, scale_backward, NULL, 0),
          "shape");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "op: [-1] is no shape");
    CHECK(!dl_op_custom(NULL, "op", x->shape, &x, 1, scale_forward, scale_backward, NULL, 0), "dl");
    CHECK(!dl_add(x, y), "operands of two contexts");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_add: operands belong to different contexts");
    dl_free(other);
    stop();
}

/* ---- memory ---- */

static void tape_limit(void)
{
    const size_t before = (size_t)2 << 20;
    dl_tensor *x;
    int i;
    start();
    dl_set_tape_limit(dl, before);
    for (i = 0; i < 1000 && (x = dl_ones(dl, dl_shape1(10000))) != NULL; i++) {}
    CHECK(i > 10 && i < 60, "%d tensors of 40 or 80 kB in 2 MB", i);
    CHECK(strstr(dl_error_text(dl), "dl_tape_clear") != NULL, "%s", dl_error_text(dl));
    CHECK_ERROR(dl, DL_ERR_LIMIT, "dl_ones: the tape holds 2.1 MB and may not take ");
    CHECK(dl_tape_bytes(dl) <= before, "%ld bytes", (long)dl_tape_bytes(dl));
    CHECK(dl_zeros(dl, dl_shape1(4)) != NULL, "what fits into the rest is still given");
    dl_tape_clear(dl);
    CHECK(dl_ones(dl, dl_shape1(10000)) != NULL, "after dl_tape_clear");
    dl_set_tape_limit(dl, 0);
    CHECK(dl_ones(dl, dl_shape1(10000)) != NULL, "a limit below what it holds takes nothing away");
    CHECK(!dl_ones(dl, dl_shape1(1000000)), "but gives nothing more");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "dl_set_tape_limit");
    dl_set_tape_limit(dl, (size_t)1 << 30);
    CHECK(dl_ones(dl, dl_shape1(1000000)) != NULL, "raised");
    stop();
}

/* A step of training on floor 2 by hand, with all kinds of operations. */
typedef struct net { dl_tensor *w1, *b1, *w2, *h; } net;

static bool net_new(net *n)
{
    n->w1 = dl_param(dl, dl_shape2(8, 4), dl_init_he_normal());
    n->b1 = dl_param(dl, dl_shape1(8), dl_init_zeros());
    n->w2 = dl_param(dl, dl_shape2(3, 8), dl_init_glorot_uniform());
    n->h = dl_state(dl, dl_shape2(5, 8));
    return n->w1 && n->b1 && n->w2 && n->h;
}

static bool net_step(net *n, int k)
{
    static const int32_t labels[] = { 0, 1, 2, 1, 0 };
    dl_tensor *x = dl_rand(dl, dl_shape2(5, 4)), *h, *parts[2], *loss, *p[3];
    dl_mark m = dl_tape_mark(dl);
    dl_max(dl_softmax(dl_linear(x, n->w1, n->b1)));
    dl_tape_release(dl, m);
    h = dl_dropout(dl_relu(dl_linear(x, n->w1, n->b1)), 0.2);
    parts[0] = dl_slice(h, 1, 0, 4);
    parts[1] = dl_slice(dl_add(h, n->h), 1, 4, 8);
    h = dl_reshape(dl_concat(parts, 2, 1), dl_shape2(5, 8));
    loss = dl_cross_entropy(dl_matmul(h, dl_transpose(n->w2, 0, 1)), labels);
    loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_square(dl_gather_rows(n->w2, labels, 2))), 1e-3));
    if (!dl_backward(loss) || !dl_assign(n->h, h)) return false;
    p[0] = n->w1; p[1] = n->b1; p[2] = n->w2;
    for (int i = 0; i < 3; i++) {
        dlk_sgd_step(p[i]->data, p[i]->grad, p[i]->size, 0.1);
        memset(p[i]->grad, 0, (size_t)p[i]->size * sizeof(dl_real));
    }
    for (int i = 0; i < k; i++) if (!dl_exp(h)) return false;
    dl_tape_clear(dl);
    return true;
}

/* From the second step on, the memory of the first one is enough. k: so many more tensors, so that
   headers and chunks of all sizes are needed. */
static void no_allocation_after_the_first_step(void)
{
    const int more[] = { 0, 100, 1000 };
    net n;
    start();
    CHECK(net_new(&n), "parameters");
    for (int k = 0; k < 3; k++) {
        long before;
        CHECK(net_step(&n, more[k]), "%s", dl_error_text(dl));
        before = count_calls;
        for (int i = 0; i < 5; i++) CHECK(net_step(&n, more[k]), "%s", dl_error_text(dl));
        CHECK(count_calls == before, "%ld allocations after the first step with %d more",
              count_calls - before, more[k]);
    }
    stop();
}

/* Let the n-th allocation fail, for every n: an error that says so, no crash, nothing lost. */
static void every_allocation_fails_once(void)
{
    net n;
    long at, needed = 0;
    for (at = 1; needed == 0; at++) {
        bool ok;
        const long live = count_live;
        count_calls = 0;
        count_fail_at = at;
        dl = dl_new(11);
        test_quiet(dl);
        ok = dl && net_new(&n) && net_step(&n, 400) && net_step(&n, 400);
        count_fail_at = 0;
        if (ok) needed = at;
        else CHECK(dl_error(dl) == DL_ERR_MEMORY, "allocation %ld: %s", at, dl_error_text(dl));
        if (!ok && dl) {                           /* and when there is memory again, it works */
            dl_clear_error(dl);
            dl_tape_clear(dl);
            CHECK(net_new(&n) && net_step(&n, 400), "after %ld: %s", at, dl_error_text(dl));
        }
        dl_free(dl);
        CHECK(count_live == live, "allocation %ld: %ld blocks lost", at, count_live - live);
    }
    CHECK(needed > 8, "only %ld allocations", needed - 1);
}

/* A mark and its release cost what was recorded in between, not what is on the tape. */
static void a_million_marks(void)
{
    dl_ctx *c = dl_new(1);
    const clock_t start = clock();
    for (int i = 0; i < 160000; i++) dl_zeros(c, dl_shape0());
    for (int i = 0; i < 1000000; i++) {
        const dl_mark mark = dl_tape_mark(c);
        dl_zeros(c, dl_shape0());
        if (!CHECK(dl_tape_release(c, mark), "%s", dl_error_text(c))) break;
    }
    CHECK(clock() - start < 60 * CLOCKS_PER_SEC, "%ld s", (long)((clock() - start) / CLOCKS_PER_SEC));
    dl_free(c);
}

/* n steps without dl_tape_clear: seconds. */
static double steps(dl_tensor *w, int n)
{
    const clock_t start = clock();
    for (int i = 0; i < n; i++) dl_backward(dl_sum(dl_square(dl_mul_scalar(w, 2))));
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}
static void a_loop_that_never_clears(void)
{
    dl_ctx *c = dl_new(1);
    dl_tensor *w = dl_param(c, dl_shape1(3), dl_init_constant(1));
    const double first = steps(w, 2000);
    steps(w, 36000);
    const double last = steps(w, 2000);
    CHECK(last < 20 * first + .2, "%g s, at the start %g s", last, first);
    CHECK(dl_error(c) == DL_OK && w->grad[0] == 320000, "%g", (double)w->grad[0]);
    dl_free(c);
}

/* Older tensors keep the gradients they had at the mark, and no others, views like whole ones and
   empty ones like others. */
static void names_after_a_mark(void)
{
    dl_ctx *c = dl_new(1);
    dl_tensor *x = dl_zeros(c, dl_shape1(1));
    const dl_mark mark = dl_tape_mark(c);
    CHECK(dl_set_name(x, "older than the mark") && dl_set_name(dl_neg(x), "younger"), "names");
    CHECK(dl_tape_release(c, mark) && dl_full(c, dl_shape1(40), 7), "%s", dl_error_text(c));
    CHECK(strcmp(x->name, "older than the mark") == 0, "'%s'", x->name);
    dl_free(c);
}

static void gradients_before_a_mark(void)
{
    dl_ctx *c = dl_new(1);
    dl_tensor *x = dl_ones(c, dl_shape1(4)), *none = dl_zeros(c, dl_shape1(0)), *v, *late;
    dl_set_requires_grad(x, true);
    dl_set_requires_grad(none, true);
    v = dl_reshape(x, dl_shape2(2, 2));
    late = dl_mul_scalar(x, 2);
    CHECK(dl_backward(dl_sum(x)) && dl_backward_from(dl_neg(none), x->data), "%s", dl_error_text(c));
    const dl_real *dx = x->grad, *empty = none->grad;
    const dl_mark mark = dl_tape_mark(c);
    CHECK(dl_backward(dl_sum(dl_square(v))) && dl_backward(dl_sum(dl_square(late))) &&
          dl_backward(dl_sum(none)), "%s", dl_error_text(c));
    CHECK(v->grad == x->grad && late->grad != NULL && x->grad[0] == 11, "%g", (double)x->grad[0]);
    CHECK(dl_tape_release(c, mark), "%s", dl_error_text(c));
    CHECK(x->grad == dx && v->grad == dx && late->grad == NULL && none->grad == empty && empty,
          "after the release");
    dl_free(c);
}

int main(void)
{
    TEST(a_million_marks);
    TEST(a_loop_that_never_clears);
    TEST(gradients_before_a_mark);
    TEST(names_after_a_mark);
    TEST(shared_operands);
    TEST(branches_not_taken);
    TEST(a_long_chain);
    TEST(gradients_accumulate);
    TEST(backward_from_given_gradient);
    TEST(refused_backwards);
    TEST(changed_parameters);
    TEST(stale_tensors);
    TEST(nested_marks);
    TEST(backward_inside_a_mark);
    TEST(no_grad);
    TEST(modes);
    TEST(detach_keep_assign);
    TEST(frozen_parameters);
    TEST(requires_grad);
    TEST(views_share);
    TEST(custom_operation);
    TEST(changed_results);
    TEST(custom_backward_fails);
    TEST(custom_arguments);
    TEST(tape_limit);
    TEST(no_allocation_after_the_first_step);
    TEST(every_allocation_fails_once);
    return test_end();
}
