/* memory.c - tests of >>memory: contexts, what dl_free frees, and files that disagree. */
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

/* Everything a context can own, and nothing freed by hand. */
static void free_frees_everything(void)
{
    const long live = count_live;
    const dl_real v[] = { 1, 2, 3, 4 };
    const int32_t labels[] = { 0, 1 };
    dl_ctx *dl = dl_new(1);
    dl_tensor *w = dl_param(dl, dl_shape2(30, 40), dl_init_he_normal());
    dl_model *m = dl_model_new(dl, dl_shape1(2));
    dl_data *d = dl_data_from_arrays(dl, v, 2, dl_shape1(2), labels, 2), *a, *b;
    dl_fit fit = dl_fit_default();
    dl_batch batch;
    dl_state(dl, dl_shape1(5));
    dl_optimizer_new(dl, dl_adam(0.1), &w, 1);
    dl_model_add_dense(m, 3, DL_RELU);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    CHECK(dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.01)), "compile");
    fit.verbose = 0;
    CHECK(dl_model_fit(m, d, &fit), "fit");
    CHECK(dl_data_split(d, 0.5, &a, &b) && dl_data_take(d, 0, 1), "views");
    CHECK(dl_loader_next(dl_loader_new(d, 2, true), &batch), "loader");
    CHECK(dl_model_clone(dl, m) != NULL, "clone");
    dl_keep(w);
    CHECK(dl_conv2d(dl_ones(dl, dl_shape4(1, 3, 8, 8)), dl_ones(dl, dl_shape4(4, 3, 3, 3)), DL_NONE,
                    NULL) != NULL, "a convolution, which takes scratch memory");
    for (int i = 0; i < 300; i++) dl_ones(dl, dl_shape1(10000));
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    CHECK(count_live > live + 10, "%ld blocks", count_live - live);
    dl_free(dl);
    CHECK(count_live == live, "%ld blocks lost", count_live - live);
    dl_free(NULL);
}

/* Two contexts share nothing: errors, random numbers, modes, tapes, threads. */
static void two_contexts(void)
{
    dl_ctx *a = dl_new(1), *b = dl_new(1);
    dl_tensor *x = dl_ones(a, dl_shape1(2)), *y = dl_ones(b, dl_shape1(2));
    const size_t bytes = dl_tape_bytes(b);
    test_quiet(a);
    test_quiet(b);
    dl_fail(a, DL_ERR_FILE, "mine");
    CHECK(dl_error(a) == DL_ERR_FILE && dl_error(b) == DL_OK, "errors");
    dl_clear_error(a);
    dl_rng_u64(dl_ctx_rng(a));
    CHECK(dl_ctx_rng(b)->counter == 0, "random numbers");
    dl_set_training(a, false);
    dl_set_no_grad(a, true);
    CHECK(dl_set_training(b, true) && !dl_set_no_grad(b, false), "modes");
    dl_tape_clear(a);
    CHECK(!dl_neg(x) && dl_neg(y), "tapes");
    CHECK_ERROR(a, DL_ERR_STALE, "dl_neg");
    dl_ones(a, dl_shape1(1000000));
    CHECK(dl_tape_bytes(b) == bytes && dl_tape_bytes(a) > bytes, "memory");
    dl_free(a);
    CHECK(dl_item(dl_sum(dl_neg(y))) == -2, "the other one lives on");
    dl_free(b);
}

static void threads_and_info(void)
{
    dl_ctx *dl = dl_new(1);
    test_quiet(dl);
    CHECK(dl_threads(dl) >= 1, "%d", dl_threads(dl));
    CHECK(dl_set_threads(dl, 1) && dl_threads(dl) == 1, "one");
    CHECK(!dl_set_threads(dl, 0) && dl_threads(dl) == 1, "none");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_set_threads: 0 threads; give 1 to 1024");
    CHECK(!dl_set_threads(dl, 1025) && dl_threads(dl) == 1, "more than any machine has");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_set_threads: 1025 threads; give 1 to 1024");
    CHECK(strstr(dl_info(dl), sizeof(dl_real) == 4 ? "float" : "double"), "%s", dl_info(dl));
    CHECK(strncmp(dl_info(dl), "dl.h ", 5) == 0 && strstr(dl_info(dl), "1 thread"), "%s",
          dl_info(dl));
    dl_free(dl);
}

static void without_memory(void)
{
    count_fail_at = count_calls + 1;
    CHECK(dl_new(1) == NULL, "dl_new");
    count_fail_at = 0;
    CHECK(dl_error(NULL) == DL_ERR_MEMORY, "what a NULL context says");
}

/* Files that were compiled with another DL_REAL or version: NULL, and a message on stderr. */
/* Work memory that is missing: of whom, and how much, where that is a number at all. */
static void without_work_memory(void)
{
    dl_ctx *dl = dl_new(4);
    dl_conv o = dl_conv_default();
    test_quiet(dl);
    o.stride[0] = o.stride[1] = 2;
    dl_tensor *x = dl_ones(dl, dl_shape4(1, 2, 5, 5)), *w = dl_ones(dl, dl_shape4(2, 2, 3, 3));
    CHECK(dl_relu(x) != NULL, "%s", dl_error_text(dl));
    count_fail_at = count_calls + 1;
    CHECK(dl_conv_transpose2d(x, w, DL_NONE, &o) == NULL, "without memory");
    count_fail_at = 0;
    CHECK_ERROR(dl, DL_ERR_MEMORY, "convolution: out of memory (");
    CHECK(dl_conv_transpose2d(x, w, DL_NONE, &o) != NULL, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void files_that_disagree(void)
{
    const size_t other = sizeof(dl_real) == 4 ? 8 : 4;
    CHECK(!dl_new_checked(1, other, DL_VERSION), "another DL_REAL");
    CHECK(!dl_new_checked(1, sizeof(dl_real), DL_VERSION + 1), "another version");
}

/* Sizes that overflow are refused before anything is allocated. */
static void sizes_are_checked(void)
{
    const dl_int huge = PTRDIFF_MAX / 2, big = (dl_int)1 << (4 * sizeof(dl_int) - 2);
    dl_ctx *dl = dl_new(1);
    dl_real one = 1;
    dl_shape many = dl_shape1(1);
    dl_tensor *x, *y;
    long calls;
    test_quiet(dl);
    x = dl_ones(dl, dl_shape2(1, 1));
    dl_zeros(dl, dl_shape1(1));
    calls = count_calls;
#define REFUSED(call) CHECK(!(call), #call); \
    CHECK_ERROR(dl, DL_ERR_SHAPE, "is no shape: dimensions must be 0 or more, the rank 0 to 6, " \
                "and the elements must fit in memory")
    REFUSED(dl_zeros(dl, dl_shape1(huge)));
    REFUSED(dl_zeros(dl, dl_shape1(-3)));
    REFUSED(dl_full(dl, dl_shape3(huge, huge, huge), 1));
    REFUSED(dl_rand(dl, dl_shape2(0, -1)));
    REFUSED(dl_randn(dl, dl_shape3(0, huge, huge)));
    REFUSED(dl_from(dl, dl_shape2(huge, 8), &one));
    REFUSED(dl_borrow(dl, dl_shape2(huge, 8), &one));
    REFUSED(dl_param(dl, dl_shape2(huge, 8), dl_init_zeros()));
    REFUSED(dl_state(dl, dl_shape2(8, huge)));
    many.rank = 7;
    REFUSED(dl_zeros(dl, many));
    many.rank = INT32_MAX;
    REFUSED(dl_zeros(dl, many));
    many.rank = -1;
    REFUSED(dl_zeros(dl, many));
    CHECK(count_calls == calls, "%ld allocations", count_calls - calls);
    CHECK(!dl_reshape(x, dl_shape3(huge, huge, -1)), "reshape");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_reshape: [1,1] has 1 elements and cannot become [");
    /* no numbers at all in the factors, more than there can be in the product */
    x = dl_zeros(dl, dl_shape2(big, 0));
    y = dl_zeros(dl, dl_shape2(0, big));
    REFUSED(dl_matmul(x, y));
    x = dl_zeros(dl, dl_shape3(0, big, 1));
    y = dl_zeros(dl, dl_shape3(0, 1, big));
    REFUSED(dl_add(x, y));
    dl_free(dl);
}

int main(void)
{
    TEST(free_frees_everything);
    TEST(two_contexts);
    TEST(threads_and_info);
    TEST(without_memory);
    TEST(without_work_memory);
    TEST(files_that_disagree);
    TEST(sizes_are_checked);
    return test_end();
}
