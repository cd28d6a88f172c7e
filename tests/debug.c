/* debug.c - tests of >>debug: printing, and the gradient check, which must be able to fail. */
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

/* ---- dl_format ---- */

static bool prints(const dl_tensor *t, const char *want)
{
    char got[512];
    int n = dl_format(got, sizeof got, t);
    return CHECK(strcmp(got, want) == 0 && n == (int)strlen(want), "%s (%d), not %s", got, n, want);
}

static dl_tensor *counted(dl_ctx *dl, dl_shape s)
{
    dl_tensor *t = dl_zeros(dl, s);
    for (dl_int i = 0; t && i < t->size; i++) t->data[i] = (dl_real)i;
    return t;
}

static void format_shapes(void)
{
    dl_ctx *dl = dl_new(1);
    prints(dl_full(dl, dl_shape0(), 2.5), "2.5");
    prints(counted(dl, dl_shape1(1)), "[0]");
    prints(counted(dl, dl_shape1(6)), "[0, 1, 2, 3, 4, 5]");
    prints(counted(dl, dl_shape1(7)), "[0, 1, 2, ..., 4, 5, 6]");
    prints(counted(dl, dl_shape1(100)), "[0, 1, 2, ..., 97, 98, 99]");
    prints(counted(dl, dl_shape2(2, 2)), "[[0, 1], [2, 3]]");
    prints(counted(dl, dl_shape3(2, 1, 2)), "[[[0, 1]], [[2, 3]]]");
    prints(counted(dl, dl_shape6(1, 1, 1, 1, 1, 1)), "[[[[[[0]]]]]]");
    prints(counted(dl, dl_shape2(8, 1)), "[[0], [1], [2], ..., [5], [6], [7]]");
    prints(counted(dl, dl_shape1(0)), "[]");
    prints(counted(dl, dl_shape2(2, 0)), "[[], []]");
    prints(counted(dl, dl_shape2(0, 2)), "[]");
    dl_free(dl);
}

static void format_numbers(void)
{
    dl_real v[12];
    dl_ctx *dl = dl_new(1);
    v[0] = (dl_real)0.1; v[1] = (dl_real)-1e-5; v[2] = (dl_real)(1.0 / 3); v[3] = 784;
    v[4] = 60000;        v[5] = (dl_real)1.5e10;
    prints(dl_from(dl, dl_shape1(6), v), "[0.1, -1e-05, 0.333333, 784, 60000, 1.5e+10]");
    v[0] = (dl_real)NAN; v[1] = -(dl_real)NAN; v[2] = (dl_real)INFINITY; v[3] = -(dl_real)INFINITY;
    prints(dl_from(dl, dl_shape1(4), v), "[nan, nan, inf, -inf]");
    dl_free(dl);
}

static void format_cuts_off(void)
{
    char s[16];
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = counted(dl, dl_shape1(4));      /* "[0, 1, 2, 3]", 12 characters */
    for (size_t size = 0; size <= 14; size++) {
        size_t kept = size < 13 ? size - 1 : 12;
        memset(s, '#', sizeof s);
        CHECK(dl_format(s, size, x) == 12, "size %d", (int)size);
        CHECK(s[size] == '#', "size %d: written behind the end", (int)size);
        if (size == 0) continue;
        CHECK(strncmp(s, "[0, 1, 2, 3]", kept) == 0 && s[kept] == 0, "size %d", (int)size);
    }
    CHECK(dl_format(NULL, 0, x) == 12 && dl_format(NULL, 99, x) == 12, "no buffer");
    dl_free(dl);
}

static void format_no_tensor(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *x = dl_zeros(dl, dl_shape1(2));
    test_quiet(dl);
    prints(NULL, "(null)");
    prints(DL_NONE, "(none)");
    dl_tape_clear(dl);
    prints(x, "(stale)");
    CHECK_ERROR(dl, DL_ERR_STALE, "dl_format");
    dl_free(dl);
}

/* ---- dl_print: this program, called with "print" by print_rows, writes what it prints ---- */

static const char *program;

static int print(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *w = counted(dl, dl_shape3(2, 2, 2)), *big;
    test_quiet(dl);
    dl_set_name(w, "w");
    dl_print(w);
    dl_print(counted(dl, dl_shape1(2)));
    dl_print(dl_full(dl, dl_shape0(), 7));
    dl_print(counted(dl, dl_shape2(7, 1)));
    dl_print(NULL);
    big = dl_keep(counted(dl, dl_shape2(8, 8)));
    dl_tape_clear(dl);
    dl_print(w);
    count_fail_at = count_calls + 1;
    dl_print(big);                                 /* needs no memory */
    count_fail_at = 0;
    printf("%s\n", dl_code_text(dl_error(dl)));
    dl_free(dl);
    return 0;
}

static void print_rows(void)
{
    const char *want =
        "w [2,2,2] =\n[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]\n"
        "tensor [2] = [0, 1]\ntensor [] = 7\n"
        "tensor [7,1] =\n[[0],\n [1],\n [2],\n ...,\n [4],\n [5],\n [6]]\n"
        "(null)\n(stale)\ntensor [8,8] =\n"
        "[[0, 1, 2, ..., 5, 6, 7],\n [8, 9, 10, ..., 13, 14, 15],\n"
        " [16, 17, 18, ..., 21, 22, 23],\n ...,\n [40, 41, 42, ..., 45, 46, 47],\n"
        " [48, 49, 50, ..., 53, 54, 55],\n"
        " [56, 57, 58, ..., 61, 62, 63]]\na tensor from before the last dl_tape_clear\n";
    char command[1024], file[512], got[4096] = "";
    FILE *f;
    snprintf(file, sizeof file, "%s-print.txt", program);
    snprintf(command, sizeof command, "\"%s\" print > \"%s\"", program, file);
    CHECK(system(command) == 0, "%s", command);
    if ((f = fopen(file, "r")) != NULL) {
        got[fread(got, 1, sizeof got - 1, f)] = 0;
        fclose(f);
        remove(file);
    }
    CHECK(strcmp(got, want) == 0, "%s", got);
}

/* ---- dl_gradcheck ---- */

/* Two parameters, and what a loss may do wrong with them. */
typedef enum fault {
    NONE, WRONG_BACKWARD, FAILS, FAILS_LATER, NO_GRADIENT, NAN_GRADIENT, NOT_SCALAR, ZERO, ONE_WRONG
} fault;
typedef struct job { dl_tensor *p[2]; fault wrong; int calls; double draw; bool noisy; } job;

/* y = x^2, with a backward of 2 x, or of what the fault says */
static bool square_forward(dl_tensor *out, dl_tensor *const *in, int n, void *user)
{
    (void)n; (void)user;
    for (dl_int i = 0; i < out->size; i++) out->data[i] = in[0]->data[i] * in[0]->data[i];
    return true;
}

static bool square_backward(dl_tensor *out, dl_tensor *const *in, int n, void *user)
{
    const fault f = *(const fault *)user;
    (void)n;
    for (dl_int i = 0; i < out->size; i++) {
        double d = 2 * (double)in[0]->data[i];
        if (f == WRONG_BACKWARD) d *= 1.05;
        if (f == NAN_GRADIENT && i == 1) d = (double)NAN;
        if (f == ZERO) d = 0;
        if (f == ONE_WRONG && i == 2) d += 1;
        in[0]->grad[i] += (dl_real)d * out->grad[i];
    }
    return true;
}

static dl_tensor *job_loss(dl_ctx *dl, void *user)
{
    job *j = (job *)user;
    dl_tensor *x = j->p[0], *y;
    j->calls++;
    if (j->wrong == FAILS || (j->wrong == FAILS_LATER && j->calls == 4)) return NULL;
    y = dl_op_custom(dl, "square", x->shape, &x, 1, square_forward, square_backward, &j->wrong,
                     sizeof j->wrong);
    if (j->noisy) {
        dl_rng *r = dl_ctx_rng(dl);
        double draw = dl_rng_uniform(r);
        if (j->calls > 1 && draw != j->draw) return NULL; /* not the number of the first call */
        j->draw = draw;
        y = dl_dropout(y, 0.3);
    }
    if (j->wrong == NO_GRADIENT) y = dl_detach(y);
    if (j->wrong == NOT_SCALAR) return y;
    return dl_add(dl_sum(y), j->wrong == ZERO ? dl_zeros(dl, dl_shape0()) : dl_sum(j->p[1]));
}

static dl_gradcheck_report run(dl_ctx *dl, job *j, fault f)
{
    j->wrong = f;
    j->calls = 0;
    return dl_gradcheck(dl, job_loss, j, j->p, 2);
}

static job job_new(dl_ctx *dl)
{
    job j;
    memset(&j, 0, sizeof j);
    j.p[0] = dl_param(dl, dl_shape2(2, 3), dl_init_uniform(1, 3));
    j.p[1] = dl_param(dl, dl_shape1(2), dl_init_constant(0.5));
    return j;
}

static void gradcheck_passes(void)
{
    dl_ctx *dl = dl_new(8);
    job j = job_new(dl);
    dl_gradcheck_report r = run(dl, &j, NONE);
    CHECK(r.ok && r.checked == 8 && r.failed == 0 && j.calls == 17, "%d calls", j.calls);
    CHECK(r.worst_param >= 0 && r.error < 1e-3, "error %g", r.error);
    CHECK(r.largest > 2 && r.largest < 6, "largest %g", r.largest);
    j.noisy = true;
    r = run(dl, &j, NONE);
    CHECK(r.ok && r.checked == 8, "with dropout: %d checked, %d failed", (int)r.checked,
          (int)r.failed);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void gradcheck_fails(void)
{
    dl_ctx *dl = dl_new(8);
    job j = job_new(dl);
    dl_gradcheck_report r;
    test_quiet(dl);
    r = run(dl, &j, WRONG_BACKWARD);
    CHECK(!r.ok && r.checked == 8 && r.failed == 6, "%d failed", (int)r.failed);
    CHECK(r.worst_param == 0 && fabs(r.analytic / r.numeric - 1.05) < 0.02, "%g", r.error);
    r = run(dl, &j, ONE_WRONG);
    CHECK(!r.ok && r.failed == 1 && r.worst_param == 0 && r.worst_index == 2, "%d [%d]",
          r.worst_param, (int)r.worst_index);
    CHECK(fabs(r.analytic - r.numeric - 1) < 0.05, "%g %g", r.analytic, r.numeric);
    r = run(dl, &j, NAN_GRADIENT);
    CHECK(!r.ok && r.failed == 1 && r.worst_index == 1 && isnan(r.analytic), "NaN");
    r = run(dl, &j, ZERO);
    CHECK(!r.ok && r.largest == 0, "%g", r.largest);
    r = run(dl, &j, FAILS);
    CHECK(!r.ok && r.checked == 0, "f fails");
    r = run(dl, &j, FAILS_LATER);
    CHECK(!r.ok && r.checked == 1, "f fails later: %d", (int)r.checked);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    r = run(dl, &j, NOT_SCALAR);
    CHECK(!r.ok && r.checked == 0, "not a scalar");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_backward: the loss has shape [2,3]");
    r = run(dl, &j, NO_GRADIENT);
    CHECK(!r.ok && r.failed == 6, "the gradient of p[0] is cut off");
    dl_free(dl);
}

/* Where f is not defined on one side, there is nothing to compare with. */
static dl_tensor *root_loss(dl_ctx *dl, void *user)
{
    (void)dl;
    return dl_sum(dl_sqrt(*(dl_tensor **)user));
}

static void gradcheck_at_an_edge(void)
{
    dl_ctx *dl = dl_new(8);
    const double h = sizeof(dl_real) == sizeof(double) ? 1e-5 : 1e-2;
    dl_tensor *p = dl_param(dl, dl_shape1(2), dl_init_constant(h / 2));
    p->data[0] = 1;
    const dl_gradcheck_report r = dl_gradcheck(dl, root_loss, &p, &p, 1);
    CHECK(!r.ok && r.failed == 1 && r.worst_index == 1, "%d failed", (int)r.failed);
    CHECK(isnan(r.numeric) && r.analytic > 0 && isinf(r.error), "%g %g", r.numeric, r.analytic);
    dl_free(dl);
}

/* A gradient of exactly zero that is right is as vacuous as one that is wrong. */
static dl_tensor *constant(dl_ctx *dl, void *user)
{
    return dl_sum(dl_mul(*(dl_tensor **)user, dl_zeros(dl, dl_shape0())));
}

static void gradcheck_is_not_vacuous(void)
{
    dl_ctx *dl = dl_new(8);
    dl_tensor *w = dl_param(dl, dl_shape1(3), dl_init_constant(1));
    dl_gradcheck_report r = dl_gradcheck(dl, constant, &w, &w, 1);
    CHECK(!r.ok && r.checked == 3 && r.failed == 0 && r.largest == 0, "%d", (int)r.failed);
    dl_free(dl);
}

static void gradcheck_arguments(void)
{
    dl_ctx *dl = dl_new(8), *other = dl_new(8);
    job j = job_new(dl);
    dl_tensor *bad[5];
    dl_gradcheck_report r;
    test_quiet(dl);
    bad[0] = dl_exp(j.p[0]);                       /* not a leaf */
    bad[1] = dl_ones(dl, dl_shape1(2));            /* wants no gradient */
    bad[2] = dl_param(other, dl_shape1(2), dl_init_zeros());
    bad[3] = NULL;
    bad[4] = DL_NONE;
    for (int i = 0; i < 8; i++) {
        r = dl_gradcheck(dl, i == 5 ? NULL : job_loss, &j, i == 6 ? NULL : i < 5 ? bad + i : j.p,
                         i == 7 ? 0 : 1);
        CHECK(!r.ok && r.checked == 0 && j.calls == 0, "%d", i);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_gradcheck: it needs a function and one or more "
                    "parameters of this context, leaves that require a gradient");
    }
    CHECK(!dl_gradcheck(NULL, job_loss, &j, j.p, 2).ok, "no context");
    dl_free(other);
    dl_free(dl);
}

/* Whether it passes or fails, everything is as it was: values, gradients, tape, modes, random
   numbers, memory; and what was recorded before it can still be gone back through. */
static void gradcheck_leaves_no_trace(void)
{
    const fault faults[] = { NONE, WRONG_BACKWARD, FAILS, FAILS_LATER, NOT_SCALAR };
    dl_ctx *dl = dl_new(8);
    job j = job_new(dl);
    test_quiet(dl);
    for (int k = 0; k < 5; k++) {
        dl_real data[6], grad[6];
        dl_tensor *before = dl_sum(dl_square(j.p[0])), *x = dl_ones(dl, dl_shape1(2));
        dl_tensor *second = j.p[1];
        const dl_rng rng = *dl_ctx_rng(dl);
        const long live = count_live;
        dl_mark m = dl_tape_mark(dl), n;
        dl_set_requires_grad(x, true);
        for (int i = 0; i < 6; i++) j.p[0]->grad[i] = (dl_real)(i + 10);
        memcpy(data, j.p[0]->data, sizeof data);
        memcpy(grad, j.p[0]->grad, sizeof grad);
        j.p[1] = x;                                /* a leaf on the tape, too */
        j.noisy = k % 2 == 0;
        dl_set_training(dl, k == 0);
        dl_set_no_grad(dl, k == 1);
        run(dl, &j, faults[k]);
        dl_clear_error(dl);
        n = dl_tape_mark(dl);
        CHECK(m.tensors == n.tensors && m.used == n.used && m.chunk == n.chunk &&
              m.node == n.node, "%d: tape", k);
        CHECK(memcmp(data, j.p[0]->data, sizeof data) == 0, "%d: values", k);
        CHECK(memcmp(grad, j.p[0]->grad, sizeof grad) == 0, "%d: gradients", k);
        CHECK(x->data[0] == 1 && x->data[1] == 1 && !x->grad, "%d: tape leaf", k);
        CHECK(dl_ctx_rng(dl)->counter == rng.counter && dl_ctx_rng(dl)->key == rng.key,
              "%d: random numbers", k);
        CHECK(dl_set_training(dl, true) == (k == 0), "%d: training mode", k);
        CHECK(dl_set_no_grad(dl, false) == (k == 1), "%d: no-grad", k);
        CHECK(count_live == live || k == 0, "%d: memory", k);
        CHECK(dl_backward(before), "%d: %s", k, dl_error_text(dl));
        CHECK_CLOSE(j.p[0]->grad[5], 15 + 2 * (double)data[5], 1e-6, 0);
        j.p[1] = second;
        dl_tape_clear(dl);
    }
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void gradcheck_without_memory(void)
{
    dl_ctx *dl = dl_new(8);
    job j = job_new(dl);
    dl_gradcheck_report r;
    test_quiet(dl);
    count_fail_at = count_calls + 1;
    r = run(dl, &j, NONE);
    count_fail_at = 0;
    CHECK(!r.ok && r.checked == 0, "ok");
    CHECK_ERROR(dl, DL_ERR_MEMORY, "dl_gradcheck: out of memory");
    CHECK(run(dl, &j, NONE).ok, "with memory");
    dl_free(dl);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "print") == 0) return print();
    TEST(format_shapes);
    TEST(format_numbers);
    TEST(format_cuts_off);
    TEST(format_no_tensor);
    TEST(print_rows);
    TEST(gradcheck_passes);
    TEST(gradcheck_fails);
    TEST(gradcheck_at_an_edge);
    TEST(gradcheck_is_not_vacuous);
    TEST(gradcheck_arguments);
    TEST(gradcheck_leaves_no_trace);
    TEST(gradcheck_without_memory);
    return test_end();
}
