/* opcase.h - how ops.c and losses.c test a formula: against PyTorch's values (golden_ops.py), and
   by dl_gradcheck. A case is a name and an expression of its inputs x[0], x[1] ... and target t:

       #define CASES(X) X(neg, dl_neg(x[0])) X(mse, dl_mse(x[0], t))

   CASES(OP_FUNCTION) then defines the functions, and { CASES(OP_ROW) } is the table. */
#ifndef OPCASE_H
#define OPCASE_H

#include "test.h"

#define OP_INPUTS 8
typedef struct op_case {
    const char *name;
    dl_tensor *(*f)(dl_tensor **x, dl_tensor *t);
} op_case;
#define OP_FUNCTION(name, expression) \
    static dl_tensor *op_##name(dl_tensor **x, dl_tensor *t) { (void)t; return expression; }
#define OP_ROW(name, expression) { #name, op_##name },
#define OP_COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* A case at work: its inputs as leaves on the tape, and what its output's gradient shall be. */
typedef struct op_run {
    const op_case    *c;
    dl_tensor        *x[OP_INPUTS], *t;
    int               n;
    const test_array *dy;
} op_run;

static const test_array *op_find(const test_golden *g, const char *name, const char *part)
{
    char full[64];
    int i;
    snprintf(full, sizeof full, "%s_%s", name, part);
    for (i = 0; i < g->count; i++)
        if (strcmp(g->array[i].name, full) == 0) return &g->array[i];
    return NULL;
}

static dl_shape op_shape(const test_array *a)
{
    dl_shape s = dl_shape0();
    s.rank = a->rank;
    for (int d = 0; d < a->rank; d++) s.dim[d] = a->dim[d];
    return s;
}

static dl_tensor *op_leaf(dl_ctx *dl, const test_array *a)
{
    dl_tensor *x = dl_from(dl, op_shape(a), a->data);
    dl_set_requires_grad(x, true);
    return x;
}

static op_run op_start(dl_ctx *dl, const test_golden *g, const op_case *c)
{
    op_run r;
    const test_array *a;
    char part[16];
    memset(&r, 0, sizeof r);
    r.c = c;
    for (r.n = 0; r.n < OP_INPUTS; r.n++) {
        snprintf(part, sizeof part, "x%d", r.n);
        if (!(a = op_find(g, c->name, part))) break;
        r.x[r.n] = op_leaf(dl, a);
    }
    if ((a = op_find(g, c->name, "t")) != NULL) r.t = dl_from(dl, op_shape(a), a->data);
    r.dy = golden_getf(g, "%s_dy", c->name);
    return r;
}

static bool op_check_tensor(const char *name, const char *what, const dl_tensor *t,
                            const dl_real *got, const test_array *want)
{
    if (!CHECK(t && got, "%s: there is no %s", name, what)) return false;
    if (!CHECK(dl_shape_equal(t->shape, op_shape(want)), "%s: %s has the wrong shape", name, what))
        return false;
    return CHECK(CHECK_ARRAY(got, want->data, want->size), "%s: %s", name, what);
}

/* Output and gradients of every case against the golden values. */
static void op_golden(const char *file, const op_case *table, int count)
{
    test_golden g = golden_open(file);
    dl_ctx *dl = dl_new(1);
    char part[16];
    int i, k, cases = 0;
    for (i = 0; i < count; i++, dl_tape_clear(dl)) {
        op_run r = op_start(dl, &g, &table[i]);
        dl_tensor *y = table[i].f(r.x, r.t);
        const char *name = table[i].name;
        if (!op_check_tensor(name, "y", y, y ? y->data : NULL, golden_getf(&g, "%s_y", name)))
            continue;
        CHECK(dl_backward_from(y, r.dy->data), "%s: backward failed", name);
        for (k = 0; k < r.n; k++) {
            snprintf(part, sizeof part, "dx%d", k);
            op_check_tensor(name, part, r.x[k], r.x[k]->grad, op_find(&g, name, part));
        }
    }
    for (i = 0; i < g.count; i++) cases += strstr(g.array[i].name, "_dy") != NULL;
    CHECK(cases == count, "%d cases in %s.txt, %d in the table", cases, file, count);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
    golden_close(&g);
}

/* sum(y dy), the scalar that dl_gradcheck needs */
static dl_tensor *op_loss(dl_ctx *dl, void *user)
{
    op_run *r = (op_run *)user;
    dl_tensor *y = r->c->f(r->x, r->t);
    return y ? dl_sum(dl_mul(y, dl_from(dl, y->shape, r->dy->data))) : NULL;
}

/* The gradient of every case with elements against central differences. */
static void op_gradcheck(const char *file, const op_case *table, int count)
{
    test_golden g = golden_open(file);
    dl_ctx *dl = dl_new(1);
    char part[16];
    int i, k;
    for (i = 0; i < count; i++, dl_tape_clear(dl)) {
        op_run r = op_start(dl, &g, &table[i]);
        dl_gradcheck_report report;
        dl_int size = 0, j;
        bool moves = false; /* a softmax of one class does not: its gradient is 0 */
        for (k = 0; k < r.n; k++) {
            const test_array *dx;
            snprintf(part, sizeof part, "dx%d", k);
            dx = golden_getf(&g, "%s_%s", table[i].name, part);
            for (j = 0; j < dx->size; j++) moves = moves || dx->data[j] != 0;
            size += r.x[k]->size;
        }
        report = dl_gradcheck(dl, op_loss, &r, r.x, r.n);
        CHECK(report.checked == size, "%s: %d of %d elements checked", table[i].name,
              (int)report.checked, (int)size);
        CHECK(report.ok == moves && report.failed == 0, "%s: %d of %d wrong, worst input %d [%d]: "
              "analytic %.12g, numeric %.12g, largest %g", table[i].name, (int)report.failed,
              (int)report.checked, report.worst_param, (int)report.worst_index, report.analytic,
              report.numeric, report.largest);
    }
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
    golden_close(&g);
}

#endif
