/* tensors.c - tests of >>tensors: shapes, how tensors are made, initializers. */
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static void shapes(void)
{
    const dl_int huge = (dl_int)1 << (4 * sizeof(dl_int));
    dl_shape s = dl_shape6(1, 2, 3, 4, 5, 6), t;
    CHECK(s.rank == 6 && s.dim[0] == 1 && s.dim[5] == 6 && dl_shape_size(s) == 720, "rank 6");
    CHECK(dl_shape0().rank == 0 && dl_shape_size(dl_shape0()) == 1, "rank 0");
    CHECK(dl_shape_size(dl_shape1(7)) == 7 && dl_shape_size(dl_shape2(7, 0)) == 0, "1, 2");
    CHECK(dl_shape_size(dl_shape3(2, 3, 4)) == 24, "3");
    CHECK(dl_shape_size(dl_shape4(2, 3, 4, 5)) == 120, "4");
    CHECK(dl_shape_size(dl_shape5(2, 3, 4, 5, 6)) == 720, "5");
    CHECK(dl_shape_size(dl_shape1(-1)) == -1, "negative dimension");
    CHECK(dl_shape_size(dl_shape2(huge, huge)) == -1, "overflow");
    CHECK(dl_shape_size(dl_shape3(huge, huge, 0)) == -1, "overflow before a 0");
    CHECK(dl_shape_size(dl_shape3(0, huge, huge)) == -1, "overflow behind a 0");
    CHECK(dl_shape_size(dl_shape1(PTRDIFF_MAX)) == -1, "more bytes than there are");
    s.rank = 7;
    CHECK(dl_shape_size(s) == -1, "rank 7");
    s.rank = -1;
    CHECK(dl_shape_size(s) == -1, "rank -1");
    s = dl_shape2(3, 4);
    t = dl_shape2(3, 4);
    t.dim[5] = 99;
    CHECK(dl_shape_equal(s, t), "what is behind the rank does not count");
    CHECK(!dl_shape_equal(s, dl_shape2(4, 3)) && !dl_shape_equal(s, dl_shape1(3)), "unequal");
    CHECK(!dl_shape_equal(dl_shape1(1), dl_shape0()), "[1] is not []");
}

static void making(void)
{
    dl_real v[] = { 1, 2, 3, 4, 5, 6 };
    const int32_t label[] = { 2, 0 };
    const dl_real hot[] = { 0, 0, 1, 1, 0, 0 };
    dl_ctx *dl = dl_new(1);
    dl_shape bad = dl_shape0();
    dl_tensor *x = dl_from(dl, dl_shape2(2, 3), v), *b = dl_borrow(dl, dl_shape2(3, 2), v);
    CHECK(x->size == 6 && x->ctx == dl && !x->grad && !x->requires_grad && !x->name[0], "dl_from");
    CHECK(b->data == v && b->size == 6, "dl_borrow");
    v[0] = 9;
    CHECK(x->data[0] == 1 && b->data[0] == 9, "copied, borrowed");
    CHECK((uintptr_t)x->data % 64 == 0, "aligned");
    CHECK_ARRAY(dl_one_hot(dl, label, 2, 3)->data, hot, 6);
    CHECK(dl_one_hot(dl, label, 0, 3)->size == 0, "no labels");
    CHECK(dl_item(dl_full(dl, dl_shape3(1, 1, 1), -2.5)) == -2.5, "dl_full, dl_item");
    CHECK(dl_item(dl_sum(dl_ones(dl, dl_shape2(3, 5)))) == 15, "dl_ones");
    CHECK(dl_item(dl_sum(dl_zeros(dl, dl_shape2(3, 5)))) == 0, "dl_zeros");
    CHECK(dl_copy_in(x, v) && x->data[0] == 9 && dl_fill(x, 4) && x->data[5] == 4, "setting");
    CHECK(dl_copy_in(x, x->data) && x->data[5] == 4, "onto itself");
    CHECK(dl_softmax(dl_zeros(dl, dl_shape2(3, 0))) != NULL, "rows without elements");
    CHECK(dl_embedding(x, NULL, dl_shape1(0), -1) != NULL, "no indexes");
    test_quiet(dl);
    CHECK(!dl_assign(dl_state(dl, dl_shape0()), DL_NONE), "DL_NONE");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_assign: the value is DL_NONE");
    bad.rank = -1;
    CHECK(!dl_model_new(dl, bad), "rank -1");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_model_new: [] is no shape");
    dl_free(dl);
}

static void persistent_tensors(void)
{
    const long live = count_live;
    dl_ctx *dl = dl_new(1);
    dl_tensor *p = dl_param(dl, dl_shape2(2, 3), dl_init_constant(3)), *s, *x;
    long with;
    test_quiet(dl);
    CHECK(p->requires_grad && p->grad && p->grad[5] == 0 && p->data[5] == 3, "dl_param");
    CHECK((uintptr_t)p->data % 64 == 0 && (uintptr_t)p->grad % 64 == 0, "aligned");
    s = dl_state(dl, dl_shape1(3));
    CHECK(!s->requires_grad && !s->grad && s->data[2] == 0, "dl_state");
    dl_tape_clear(dl);
    dl_tape_clear(dl);
    CHECK(p->data[0] == 3 && dl_neg(p) != NULL, "they outlive the tape");
    with = count_live;
    dl_tensor_free(s);
    CHECK(count_live == with - 1, "dl_tensor_free");
    dl_tensor_free(NULL);
    dl_tensor_free(DL_NONE);
    x = dl_ones(dl, dl_shape1(2));
    dl_tensor_free(x);
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_tensor_free: the tensor is on the tape; dl_tape_clear "
                "frees it");
    CHECK(dl_param(dl, dl_shape2(0, 3), dl_init_he_normal())->size == 0, "an empty parameter");
    dl_free(dl);
    CHECK(count_live == live, "%ld blocks lost", count_live - live);
}

/* ---- initializers ---- */

typedef struct moments { double mean, std, low, high; } moments;

static moments measure(const dl_tensor *t)
{
    moments m = { 0, 0, 0, 0 };
    m.low = m.high = (double)t->data[0];
    for (dl_int i = 0; i < t->size; i++) {
        double x = (double)t->data[i];
        m.mean += x / (double)t->size;
        m.std += x * x / (double)t->size;
        m.low = fmin(m.low, x);
        m.high = fmax(m.high, x);
    }
    m.std = sqrt(m.std - m.mean * m.mean);
    return m;
}

/* Mean, standard deviation and range. A dense weight [60,40] and a convolution's [20,10,3,4], with
   fans 40, 60 and 120, 240. limit: the range's half for a uniform, 0 for a normal. */
static void initializers(void)
{
    const struct { const char *name; dl_init init; bool conv; double mean, std, limit; } rows[] = {
        { "zeros",    dl_init_zeros(),              false, 0, 0, 0 },
        { "constant", dl_init_constant(0.5),        false, 0.5, 0, 0 },
        { "uniform",  dl_init_uniform(1, 4),        false, 2.5, 3 / sqrt(12.0), 1.5 },
        { "normal",   dl_init_normal(2, 0.5),       false, 2, 0.5, 0 },
        { "glorot u", dl_init_glorot_uniform(),     false, 0, sqrt(2.0 / 100), sqrt(6.0 / 100) },
        { "glorot n", dl_init_glorot_normal(),      false, 0, sqrt(2.0 / 100), 0 },
        { "he u",     dl_init_he_uniform(),         false, 0, sqrt(2.0 / 40), sqrt(6.0 / 40) },
        { "he n",     dl_init_he_normal(),          false, 0, sqrt(2.0 / 40), 0 },
        { "glorot u", dl_init_glorot_uniform(),     true, 0, sqrt(2.0 / 360), sqrt(6.0 / 360) },
        { "glorot n", dl_init_glorot_normal(),      true, 0, sqrt(2.0 / 360), 0 },
        { "he u",     dl_init_he_uniform(),         true, 0, sqrt(2.0 / 120), sqrt(6.0 / 120) },
        { "he n",     dl_init_he_normal(),          true, 0, sqrt(2.0 / 120), 0 },
        { "torch",    dl_init_torch(40),            false, 0, sqrt(1.0 / 120), sqrt(1.0 / 40) },
        { "torch 0",  dl_init_torch(0),             false, 0, 0, 0 }
    };
    dl_ctx *dl = dl_new(21);
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        dl_shape s = rows[k].conv ? dl_shape4(20, 10, 3, 4) : dl_shape2(60, 40);
        dl_tensor *w = dl_param(dl, s, rows[k].init);
        moments m = measure(w);
        const double std = rows[k].std, limit = rows[k].limit, n = (double)w->size, tiny = 1e-6;
        CHECK(fabs(m.mean - rows[k].mean) <= 4 * std / sqrt(n) + tiny, "%s: mean %g",
              rows[k].name, m.mean);
        CHECK(fabs(m.std - std) <= 4 * std / sqrt(2 * n) + tiny, "%s: std %g, not %g",
              rows[k].name, m.std, std);
        if (limit > 0) {
            double low = rows[k].mean - limit, high = rows[k].mean + limit, near = 0.01 * limit;
            CHECK(m.low >= low - tiny && m.low < low + near && m.high <= high + tiny &&
                  m.high > high - near, "%s: %g .. %g", rows[k].name, m.low, m.high);
        }
        else if (std > 0)
            CHECK(m.high > rows[k].mean + 2.5 * std && m.low < rows[k].mean - 2.5 * std,
                  "%s: no normal has only %g .. %g", rows[k].name, m.low, m.high);
    }
    dl_free(dl);
}

/* Rows or columns, whichever are fewer, have length gain and right angles. */
static void orthogonal(void)
{
    const dl_shape shapes_[] = { dl_shape2(8, 8), dl_shape2(5, 20), dl_shape2(20, 5),
                                 dl_shape2(1, 7), dl_shape2(7, 1), dl_shape4(6, 2, 3, 3) };
    dl_ctx *dl = dl_new(22);
    for (int k = 0; k < 6; k++) {
        dl_tensor *w = dl_param(dl, shapes_[k], dl_init_orthogonal(1.5));
        dl_int R = w->shape.dim[0], C = w->size / R, n = R < C ? R : C, len = R < C ? C : R;
        for (dl_int i = 0; i < n; i++)
            for (dl_int j = 0; j <= i; j++) {
                double dot = 0;
                for (dl_int e = 0; e < len; e++)
                    dot += R < C ? (double)w->data[i * C + e] * (double)w->data[j * C + e]
                                 : (double)w->data[e * C + i] * (double)w->data[e * C + j];
                CHECK_CLOSE(dot, i == j ? 2.25 : 0, 0, 1e-5);
            }
    }
    dl_free(dl);
}

/* One seed gives one network; another seed, and another draw, another one. */
static void seeds(void)
{
    const dl_init kinds[] = { dl_init_uniform(-1, 1), dl_init_normal(0, 1), dl_init_he_normal(),
                              dl_init_glorot_uniform(), dl_init_orthogonal(1) };
    for (int k = 0; k < 5; k++) {
        dl_ctx *a = dl_new(7), *b = dl_new(7), *c = dl_new(8);
        dl_tensor *u = dl_param(a, dl_shape2(9, 4), kinds[k]);
        dl_tensor *v = dl_param(b, dl_shape2(9, 4), kinds[k]);
        dl_tensor *w = dl_param(c, dl_shape2(9, 4), kinds[k]);
        const size_t bytes = 36 * sizeof(dl_real);
        CHECK(memcmp(u->data, v->data, bytes) == 0, "kind %d: the same seed", k);
        CHECK(memcmp(u->data, w->data, bytes) != 0, "kind %d: another seed", k);
        CHECK(dl_initialize(u, kinds[k]) && memcmp(u->data, v->data, bytes) != 0, "again");
        CHECK(dl_initialize(v, kinds[k]) && memcmp(u->data, v->data, bytes) == 0, "both again");
        dl_free(a);
        dl_free(b);
        dl_free(c);
    }
}

/* An init that was not made by a function of the library. */
static void no_init(void)
{
    dl_ctx *dl = dl_new(7);
    test_quiet(dl);
    dl_tensor *p = dl_param(dl, dl_shape2(2, 2), dl_init_constant(3));
    dl_init none = dl_init_zeros();
    none.kind = (dl_init_kind)(DL_INIT_ORTHOGONAL + 1);
    CHECK(!dl_initialize(p, none) && p->data[3] == 3, "initialized");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_initialize: no kind 8; make it with");
    CHECK(!dl_param(dl, dl_shape1(2), none), "made");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "no kind 8");
    dl_free(dl);
}

static void random_tensors(void)
{
    dl_ctx *dl = dl_new(3);
    moments m = measure(dl_rand(dl, dl_shape1(10000)));
    CHECK(m.low >= 0 && m.low < 0.001 && m.high < 1 && m.high > 0.999, "%g .. %g", m.low, m.high);
    CHECK_CLOSE(m.mean, 0.5, 0, 0.012);
    m = measure(dl_randn(dl, dl_shape1(10000)));
    CHECK_CLOSE(m.mean, 0, 0, 0.04);
    CHECK_CLOSE(m.std, 1, 0, 0.03);
    dl_free(dl);
}

/* All or none. */
static void freezing(void)
{
    dl_ctx *dl = dl_new(1);
    dl_tensor *w = dl_param(dl, dl_shape1(2), dl_init_zeros()), *both[2];
    both[0] = w;
    both[1] = dl_neg(w);
    test_quiet(dl);
    CHECK(dl_freeze(&w, 1) && !w->requires_grad && dl_unfreeze(&w, 1) && w->requires_grad, "one");
    CHECK(!dl_freeze(both, 2) && w->requires_grad, "the result of an operation");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_neg");
    both[1] = dl_state(dl, dl_shape1(2));
    CHECK(dl_freeze(both, 2) && !w->requires_grad, "a state has none anyway");
    CHECK(!dl_unfreeze(both, 2) && !w->requires_grad, "but can't have one");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_param");
    both[1] = NULL;
    CHECK(!dl_freeze(both, 2) && !dl_unfreeze(NULL, 1) && dl_freeze(NULL, 0) && !dl_freeze(&w, -1),
          "NULL, and less than none");
    dl_free(dl);
}

int main(void)
{
    TEST(freezing);
    TEST(shapes);
    TEST(making);
    TEST(persistent_tensors);
    TEST(initializers);
    TEST(orthogonal);
    TEST(seeds);
    TEST(no_init);
    TEST(random_tensors);
    return test_end();
}
