/* seqcase.h - how rnn.c and attention.c go through the cases of a golden file (golden_rnn.py):

       test_case c = cases_open("attention", "sdp");     the arrays sdp_0_x, sdp_0_y, sdp_1_x, ...
       while (case_next(&c)) {
           dl_tensor *x = case_leaf(&c, "x"), *y = dl_relu(x);
           case_check(&c, y, "y");                       against sdp_0_y
           case_backward(&c, case_loss(&c, y, "dy"));    from the loss sum(y sdp_0_dy)
           case_grad(&c, x, "gx");                       against sdp_0_gx
       }
*/
#ifndef SEQCASE_H
#define SEQCASE_H

#include "test.h"

typedef struct test_case {
    test_golden g;
    dl_ctx     *dl;
    int         next, count;
    char        group[16], prefix[24];     /* "sdp" or ""; of this case: "sdp_0_" or "0_" */
} test_case;

/* The cases of golden/<file>.txt; where the file has several groups, of one. */
static inline test_case cases_open(const char *file, const char *group)
{
    test_case c;
    memset(&c, 0, sizeof c);
    c.g = golden_open(file);
    c.dl = dl_new(1);
    snprintf(c.group, sizeof c.group, "%s%s", group, *group ? "_" : "");
    c.count = (int)golden_getf(&c.g, "%scases", c.group)->value[0];
    return c;
}

/* Only one case, whose arrays begin with prefix. */
static inline test_case case_open(const char *file, const char *prefix)
{
    test_case c;
    memset(&c, 0, sizeof c);
    c.g = golden_open(file);
    c.dl = dl_new(1);
    snprintf(c.prefix, sizeof c.prefix, "%s", prefix);
    return c;
}

static inline void case_close(test_case *c)
{
    CHECK(dl_error(c->dl) == DL_OK, "%s", dl_error_text(c->dl));
    golden_close(&c->g);
    dl_free(c->dl);
}

/* On to the next case; false behind the last one, when all is freed. */
static inline bool case_next(test_case *c)
{
    dl_tape_clear(c->dl);
    snprintf(c->prefix, sizeof c->prefix, "%s%d_", c->group, c->next);
    if (c->next++ < c->count) return true;
    case_close(c);
    return false;
}

static inline const test_array *case_get(const test_case *c, const char *name)
{
    return golden_getf(&c->g, "%s%s", c->prefix, name);
}

/* An array of the case as a tensor on the tape; a leaf wants a gradient. */
static inline dl_tensor *case_tensor(const test_case *c, const char *name)
{
    const test_array *a = case_get(c, name);
    dl_shape s = dl_shape0();
    s.rank = a->rank;
    for (int i = 0; i < a->rank; i++) s.dim[i] = a->dim[i];
    return dl_from(c->dl, s, a->data);
}

static inline dl_tensor *case_leaf(const test_case *c, const char *name)
{
    dl_tensor *t = case_tensor(c, name);
    dl_set_requires_grad(t, true);
    return t;
}

/* Leaves name0 .. name<n-1>; and the check of their gradients, against gname0 ... */
static inline void case_leaves(const test_case *c, dl_tensor **t, const char *name, int n)
{
    for (int i = 0; i < n; i++) {
        char full[32];
        snprintf(full, sizeof full, "%s%d", name, i);
        t[i] = case_leaf(c, full);
    }
}

/* An array of small whole numbers, at most 8. */
static inline const int32_t *case_ints(const test_case *c, const char *name, int32_t out[8])
{
    const test_array *a = case_get(c, name);
    for (dl_int i = 0; i < a->size && i < 8; i++) out[i] = (int32_t)a->value[i];
    return out;
}

static inline bool case_check(const test_case *c, const dl_tensor *t, const char *name)
{
    const test_array *want = case_get(c, name);
    return CHECK(t != NULL, "%s: %s", want->name, dl_error_text(c->dl)) &&
           CHECK(t->size == want->size, "%s: size %d", want->name, (int)t->size) &&
           CHECK(CHECK_ARRAY(t->data, want->data, want->size), "in %s", want->name);
}

static inline void case_grad(const test_case *c, const dl_tensor *t, const char *name)
{
    const test_array *want = case_get(c, name);
    if (CHECK(t->grad != NULL, "%s: no gradient", want->name))
        CHECK(CHECK_ARRAY(t->grad, want->data, want->size), "in %s", want->name);
}

static inline void case_grads(const test_case *c, dl_tensor *const *t, const char *name, int n)
{
    for (int i = 0; i < n; i++) {
        char full[32];
        snprintf(full, sizeof full, "%s%d", name, i);
        case_grad(c, t[i], full);
    }
}

/* sum(y weight), weight a constant of the case: a loss whose gradient for y is known. */
static inline dl_tensor *case_loss(const test_case *c, dl_tensor *y, const char *weight)
{
    return dl_sum(dl_mul(y, case_tensor(c, weight)));
}

static inline void case_backward(const test_case *c, dl_tensor *loss)
{
    CHECK(dl_backward(loss), "%s", dl_error_text(c->dl));
}

/* dl_gradcheck of n parameters, in double. */
static inline void check_gradients(dl_ctx *dl, dl_loss_fn loss, void *user, dl_tensor *const *p,
                                   int n)
{
    dl_gradcheck_report r;
    dl_int size = 0;
    if (sizeof(dl_real) != sizeof(double)) { CHECK(true, "%s", "in double only"); return; }
    for (int i = 0; i < n; i++) size += p[i]->size;
    r = dl_gradcheck(dl, loss, user, p, n);
    CHECK(r.checked == size && r.largest > 0.1, "%d of %d checked, the largest gradient is %g",
          (int)r.checked, (int)size, r.largest);
    CHECK(r.ok, "%d of %d wrong; worst: parameter %d [%d]: analytic %.12g, numeric %.12g",
          (int)r.failed, (int)r.checked, r.worst_param, (int)r.worst_index, r.analytic, r.numeric);
}

#endif
