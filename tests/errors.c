/* errors.c - tests of >>errors: the sticky error, every message about shapes and arguments, and
   NULL passed to every function there is. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <ctype.h>

static dl_ctx *dl;

static void code_texts(void)
{
    for (int i = 0; i < (int)DLI_ERROR_COUNT; i++) {
        const char *text = dl_code_text((dl_code)i);
        CHECK(text && strlen(text) > 5 && strcmp(text, "unknown error") != 0, "code %d", i);
        for (int k = 0; k < i; k++)
            CHECK(strcmp(text, dl_code_text((dl_code)k)) != 0, "%d and %d: %s", i, k, text);
    }
    CHECK(strcmp(dl_code_text(DL_OK), "no error") == 0, "%s", dl_code_text(DL_OK));
    CHECK(strcmp(dl_code_text(DLI_ERROR_COUNT), "unknown error") == 0, "one too many");
}

typedef struct seen { int calls; dl_code code; char text[512]; } seen;

static void note(dl_code code, const char *text, void *user)
{
    seen *s = (seen *)user;
    s->calls++;
    s->code = code;
    snprintf(s->text, sizeof s->text, "%s", text);
}

/* The first error stays, with its text, until it is cleared; the callback hears only of it. */
static void first_error_stays(void)
{
    seen s = { 0, DL_OK, "" };
    char x[1000];
    dl = dl_new(1);
    dl_set_error_callback(dl, note, &s);
    CHECK(dl_error(dl) == DL_OK && dl_error_text(dl)[0] == 0, "a new context has none");
    CHECK(!dl_fail(dl, DL_ERR_FILE, "number %d", 1), "dl_fail is false");
    CHECK(!dl_fail(dl, DL_ERR_RANGE, "number %d", 2), "dl_fail is false");
    CHECK(dl_error(dl) == DL_ERR_FILE && strcmp(dl_error_text(dl), "number 1") == 0, "the first");
    CHECK(s.calls == 1 && s.code == DL_ERR_FILE && strcmp(s.text, "number 1") == 0, "called once");
    dl_clear_error(dl);
    CHECK(dl_error(dl) == DL_OK && dl_error_text(dl)[0] == 0, "cleared");
    CHECK(!dl_fail(dl, DL_OK, "nothing") && dl_error(dl) == DL_OK && s.calls == 1, "DL_OK is none");
    memset(x, 'x', sizeof x - 1);
    x[sizeof x - 1] = 0;
    dl_fail(dl, DL_ERR_STATE, "%s", x);
    CHECK(strlen(dl_error_text(dl)) == 511 && s.calls == 2, "a long text is cut off");
    dl_free(dl);
}

/* A chain fails once, with the message of its cause. */
static void chain_fails_once(void)
{
    seen s = { 0, DL_OK, "" };
    dl_tensor *x, *y;
    dl = dl_new(1);
    dl_set_error_callback(dl, note, &s);
    x = dl_ones(dl, dl_shape2(128, 784));
    y = dl_matmul(x, dl_ones(dl, dl_shape2(512, 10)));
    CHECK(!dl_backward(dl_mean(dl_square(dl_sub(dl_softmax(dl_relu(y)), x)))), "the chain");
    CHECK(s.calls == 1, "%d errors", s.calls);
    CHECK(strcmp(s.text, "dl_matmul: [128,784] x [512,10]: inner dimensions 784 and 512 differ")
          == 0, "%s", s.text);
    dl_free(dl);
}

/* ---- messages, in full ---- */

static void messages(void)
{
    const int twice[] = { 0, 0 }, far[] = { 0, 2 };
    const int32_t rows[] = { 0, 2 };
    dl_tensor *a, *b, *v, *s, *c, *r6, *list[2];
    dl_ctx *other = dl_new(1);
    dl = dl_new(1);
    test_quiet(dl);
    a = dl_ones(dl, dl_shape2(2, 3));
    b = dl_ones(dl, dl_shape2(2, 4));
    v = dl_ones(dl, dl_shape1(3));
    s = dl_ones(dl, dl_shape0());
    c = dl_ones(dl, dl_shape3(5, 3, 2));
    r6 = dl_ones(dl, dl_shape6(1, 1, 1, 1, 1, 1));
    list[0] = a;
    list[1] = b;
#define SAYS(call, code, text) \
    CHECK(!(call) && strcmp(dl_error_text(dl), text) == 0, "%s", dl_error_text(dl)); \
    CHECK_ERROR(dl, code, "")
#define SHAPE(call, text) SAYS(call, DL_ERR_SHAPE, text)
#define ARGUMENT(call, text) SAYS(call, DL_ERR_ARGUMENT, text)
#define BROADCAST(op) SHAPE(dl_##op(a, b), "dl_" #op ": shapes [2,3] and [2,4] do not broadcast: " \
                            "counted from the right, dimensions must be equal or 1")
    BROADCAST(add); BROADCAST(sub); BROADCAST(mul); BROADCAST(div); BROADCAST(maximum);
    BROADCAST(minimum);
    SHAPE(dl_add(a, c), "dl_add: shapes [2,3] and [5,3,2] do not broadcast: counted from the "
          "right, dimensions must be equal or 1");
    SHAPE(dl_matmul(a, v), "dl_matmul: [2,3] x [3]: both need rank 2 or more");
    SHAPE(dl_matmul(s, a), "dl_matmul: [] x [2,3]: both need rank 2 or more");
    SHAPE(dl_matmul(a, b), "dl_matmul: [2,3] x [2,4]: inner dimensions 3 and 2 differ");
    SHAPE(dl_matmul(dl_ones(dl, dl_shape3(4, 2, 3)), c), "dl_matmul: [4,2,3] x [5,3,2]: the "
          "dimensions in front of the matrices differ");
    SHAPE(dl_matmul(dl_ones(dl, dl_shape4(1, 5, 2, 3)), c), "dl_matmul: [1,5,2,3] x [5,3,2]: the "
          "dimensions in front of the matrices differ");
    SHAPE(dl_linear(a, b, DL_NONE), "dl_linear: x [2,3], weight [2,4]: the weight must be [out,in] "
          "with in = 3, the last dimension of x");
    SHAPE(dl_linear(s, b, DL_NONE), "dl_linear: x [], weight [2,4]: the weight must be [out,in] "
          "with in = 1, the last dimension of x");
    SHAPE(dl_linear(v, c, DL_NONE), "dl_linear: x [3], weight [5,3,2]: the weight must be [out,in] "
          "with in = 3, the last dimension of x");
    SHAPE(dl_linear(v, a, v), "dl_linear: the bias (one for each row of the weight) is [3] and "
          "should be [2]");
    SHAPE(dl_linear(v, a, s), "dl_linear: the bias (one for each row of the weight) is [] and "
          "should be [2]");
    SHAPE(dl_reshape(a, dl_shape2(2, 2)), "dl_reshape: [2,3] has 6 elements and cannot become "
          "[2,2]");
    SHAPE(dl_reshape(a, dl_shape2(4, -1)), "dl_reshape: [2,3] has 6 elements and cannot become "
          "[4,-1]");
    SHAPE(dl_reshape(a, dl_shape2(-1, -1)), "dl_reshape: [2,3] has 6 elements and cannot become "
          "[-1,-1]");
    SHAPE(dl_reshape(a, dl_shape2(-2, -3)), "dl_reshape: [2,3] has 6 elements and cannot become "
          "[-2,-3]");
    SHAPE(dl_reshape(dl_zeros(dl, dl_shape1(0)), dl_shape2(0, -1)), "dl_reshape: [0] has 0 "
          "elements and cannot become [0,-1]");
    SHAPE(dl_flatten(s), "dl_flatten: a single number has no first dimension");
    SHAPE(dl_gather_rows(s, rows, 1), "dl_gather_rows: 1 rows of a tensor of rank 0");
    SHAPE(dl_gather_rows(a, rows, -1), "dl_gather_rows: -1 rows of a tensor of rank 2");
    SAYS(dl_gather_rows(a, rows, 2), DL_ERR_RANGE, "dl_gather_rows: index 2 at position 1 is not "
         "in 0..1");
    SAYS(dl_one_hot(dl, rows, 2, 2), DL_ERR_RANGE, "dl_one_hot: label 2 at position 1 is not in "
         "0..1");
    SHAPE(dl_concat(list, 2, 0), "dl_concat: [2,3] and [2,4] (number 1) differ in more than axis "
          "0");
    list[1] = v;
    SHAPE(dl_concat(list, 2, 1), "dl_concat: [2,3] and [3] (number 1) differ in more than axis 1");
    SHAPE(dl_stack(list, 2, 0), "dl_stack: [2,3] and [3] (number 1) differ");
    list[0] = list[1] = r6;
    SHAPE(dl_stack(list, 2, 0), "dl_stack: [1,1,1,1,1,1] has the highest rank already");
    SHAPE(dl_assign(dl_state(dl, dl_shape1(2)), v), "dl_assign: state [2] and value [3] differ in "
          "size");
    SHAPE(dl_initialize(dl_ones(dl, dl_shape1(2)), dl_init_he_normal()), "dl_initialize: Glorot, "
          "He "
          "and orthogonal need a weight of rank 2 or more, not rank 1");
    CHECK(isnan(dl_item(a)), "dl_item");
    SHAPE(false, "dl_item: the tensor has shape [2,3], not one element");

    ARGUMENT(dl_transpose(a, 0, 2), "dl_transpose: axis 2 of a tensor of rank 2");
    ARGUMENT(dl_transpose(a, -3, 0), "dl_transpose: axis -3 of a tensor of rank 2");
    ARGUMENT(dl_permute(a, far), "dl_permute: axis 2 of a tensor of rank 2");
    ARGUMENT(dl_permute(a, twice), "dl_permute: axis 0 appears twice");
    ARGUMENT(dl_permute(a, NULL), "dl_permute: order is NULL");
    ARGUMENT(dl_slice(a, 2, 0, 1), "dl_slice: axis 2 of a tensor of rank 2");
    ARGUMENT(dl_slice(a, 1, 0, 4), "dl_slice: 0 to 4 is outside axis 1, which has 3 elements");
    ARGUMENT(dl_slice(a, 1, 2, 1), "dl_slice: 2 to 1 is outside axis 1, which has 3 elements");
    ARGUMENT(dl_slice(a, -1, -4, 2), "dl_slice: -4 to 2 is outside axis 1, which has 3 elements");
    ARGUMENT(dl_concat(&s, 1, 0), "dl_concat: axis 0 of a tensor of rank 0");
    ARGUMENT(dl_stack(&s, 1, 1), "dl_stack: axis 1 of a tensor of rank 1");
    ARGUMENT(dl_sum_axis(a, 2, true), "dl_sum_axis: axis 2 of a tensor of rank 2");
    ARGUMENT(dl_mean_axis(s, 0, true), "dl_mean_axis: axis 0 of a tensor of rank 0");
    ARGUMENT(dl_max_axis(a, -3, false), "dl_max_axis: axis -3 of a tensor of rank 2");
    ARGUMENT(dl_dropout(a, 1), "dl_dropout: the probability 1 is not in [0, 1)");
    ARGUMENT(dl_dropout(a, -0.5), "dl_dropout: the probability -0.5 is not in [0, 1)");
    CHECK(!dl_dropout(a, (double)NAN) && dl_error(dl) == DL_ERR_ARGUMENT, "a NaN probability");
    dl_clear_error(dl);
    ARGUMENT(dl_huber(a, a, 0), "dl_huber: delta 0 is not above 0");
    ARGUMENT(dl_add(a, dl_ones(other, dl_shape0())), "dl_add: operands belong to different "
             "contexts");
    ARGUMENT(dl_add(a, DL_NONE), "dl_add: operand 2 is DL_NONE, but can't be left out");
    ARGUMENT(dl_linear(DL_NONE, a, DL_NONE), "dl_linear: operand 1 is DL_NONE, but can't be left "
             "out");
    ARGUMENT(dl_from(dl, dl_shape1(2), NULL), "dl_from: data is NULL");
    ARGUMENT(dl_borrow(dl, dl_shape1(2), NULL), "dl_borrow: data is NULL");
    ARGUMENT(dl_copy_in(a, NULL), "dl_copy_in: data is NULL");
    ARGUMENT(dl_one_hot(dl, NULL, 2, 3), "dl_one_hot: label is NULL");
    ARGUMENT(dl_gather_rows(a, NULL, 2), "dl_gather_rows: index is NULL");
    ARGUMENT(dl_argmax_axis(NULL, a, 0), "dl_argmax_axis: out is NULL");
    dl_free(other);
    dl_free(dl);
}

/* ---- NULL ---- */

static void null_context(void)
{
    const dl_real v[] = { 1 };
    const int32_t l[] = { 0 };
    const dl_shape s = dl_shape1(1);
    dl_tensor *p = NULL;
    dl_mark m = dl_tape_mark(NULL);
    CHECK(dl_error(NULL) == DL_ERR_MEMORY && dl_error_text(NULL)[0] != 0, "no message");
    dl_clear_error(NULL);
    dl_set_error_callback(NULL, note, NULL);
    CHECK(!dl_fail(NULL, DL_ERR_FILE, "x"), "dl_fail");
    dl_free(NULL);
    CHECK(!dl_set_threads(NULL, 1) && dl_threads(NULL) == 0, "threads");
    CHECK(strcmp(dl_info(NULL), "") == 0, "%s", dl_info(NULL));
    CHECK(!dl_ctx_rng(NULL), "dl_ctx_rng");
    CHECK(!dl_param(NULL, s, dl_init_zeros()) && !dl_state(NULL, s), "persistent tensors");
    CHECK(!dl_param_from(NULL, s, v) && !dl_param_from(NULL, s, NULL), "dl_param_from");
    CHECK(!dl_set_name(NULL, "x") && !dl_set_name(DL_NONE, "x"), "dl_set_name");
    CHECK(!dl_save(NULL, "x", &p, 1) && !dl_load(NULL, "x", &p, 1, NULL), "lists");
    CHECK(!dl_load_from_memory(NULL, v, 4, &p, 1, NULL), "a list from memory");
    CHECK(!dl_zeros(NULL, s) && !dl_ones(NULL, s) && !dl_full(NULL, s, 1), "constants");
    CHECK(!dl_rand(NULL, s) && !dl_randn(NULL, s), "random tensors");
    CHECK(!dl_from(NULL, s, v) && !dl_borrow(NULL, s, (dl_real *)v), "arrays");
    CHECK(!dl_from(NULL, s, NULL) && !dl_borrow(NULL, s, NULL), "no arrays");
    CHECK(!dl_one_hot(NULL, l, 1, 1) && !dl_one_hot(NULL, NULL, 1, 1), "dl_one_hot");
    dl_tape_clear(NULL);
    CHECK(!dl_tape_release(NULL, m), "marks");
    dl_set_tape_limit(NULL, 1);
    CHECK(dl_tape_bytes(NULL) == 0 && dl_tape_limit(NULL) == 0, "dl_tape_bytes");
    CHECK(!dl_no_grad(NULL) && dl_training(NULL), "what the modes are");
    CHECK(!dl_set_no_grad(NULL, true) && dl_set_training(NULL, false), "modes");
    CHECK(!dl_op_custom(NULL, NULL, s, NULL, 0, NULL, NULL, NULL, 0), "dl_op_custom");
    CHECK(!dl_optimizer_new(NULL, dl_sgd(0.1), &p, 1), "dl_optimizer_new");
    CHECK(!dl_model_new(NULL, s) && !dl_model_clone(NULL, NULL), "models");
    CHECK(!dl_data_from_arrays(NULL, v, 1, s, l, 1), "dl_data_from_arrays");
    CHECK(!dl_data_from_targets(NULL, v, 1, s, v, s), "dl_data_from_targets");
    CHECK(!dl_data_borrow_arrays(NULL, v, 1, s, l, 1), "dl_data_borrow_arrays");
    CHECK(!dl_data_borrow_targets(NULL, v, 1, s, v, s), "dl_data_borrow_targets");
    CHECK(!dl_idx_from_memory(NULL, v, 4, v, 4, 1), "dl_idx_from_memory");
    CHECK(!dl_idx_load(NULL, "a", "b", 1) && !dl_mnist_load(NULL, "a", DL_TEST), "files");
    CHECK(!dl_gradcheck(NULL, NULL, NULL, NULL, 0).ok, "dl_gradcheck");
}

/* A NULL tensor means "failed before": every operation passes it on, without a new error. */
static void null_tensor(void)
{
    typedef dl_tensor *(*unary)(dl_tensor *x);
    typedef dl_tensor *(*binary)(dl_tensor *a, dl_tensor *b);
    typedef dl_tensor *(*reduce)(dl_tensor *x, int axis, bool keep);
    typedef dl_tensor *(*with_number)(dl_tensor *x, double c);
    const unary u[] = { dl_neg, dl_exp, dl_log, dl_sqrt, dl_square, dl_abs, dl_sigmoid, dl_tanh,
                        dl_relu, dl_gelu, dl_gelu_tanh, dl_silu, dl_softplus, dl_softmax,
                        dl_log_softmax, dl_flatten, dl_sum, dl_mean, dl_max, dl_min,
                        dl_detach };
    const binary b[] = { dl_add, dl_sub, dl_mul, dl_div, dl_maximum, dl_minimum, dl_matmul, dl_mse,
                         dl_mse_sum, dl_mae, dl_mae_sum, dl_bce, dl_bce_sum, dl_soft_cross_entropy,
                         dl_soft_cross_entropy_sum };
    const reduce r[] = { dl_sum_axis, dl_mean_axis, dl_max_axis, dl_min_axis };
    const with_number n[] = { dl_add_scalar, dl_sub_scalar, dl_mul_scalar, dl_div_scalar, dl_pow,
                              dl_leaky_relu, dl_elu, dl_dropout };
    const dl_real one = 1;
    const int32_t l[] = { 0 };
    const int order[] = { 0 };
    int32_t out[1];
    char text[16];
    dl_tensor *x, *list[2], *none = NULL;
    dl = dl_new(1);
    test_quiet(dl);
    x = dl_ones(dl, dl_shape2(1, 1));
    for (size_t i = 0; i < sizeof u / sizeof u[0]; i++)
        CHECK(!u[i](NULL) && (!u[i](DL_NONE) || u[i] == dl_detach), "unary %d", (int)i);
    for (size_t i = 0; i < sizeof b / sizeof b[0]; i++)
        CHECK(!b[i](NULL, x) && !b[i](x, NULL) && !b[i](NULL, NULL), "binary %d", (int)i);
    for (size_t i = 0; i < sizeof r / sizeof r[0]; i++) CHECK(!r[i](NULL, 0, true), "%d", (int)i);
    for (size_t i = 0; i < sizeof n / sizeof n[0]; i++) CHECK(!n[i](NULL, 0.5), "%d", (int)i);
    CHECK(!dl_scalar_sub(1, NULL) && !dl_scalar_div(1, NULL) && !dl_clamp(NULL, 0, 1), "numbers");
    CHECK(!dl_linear(NULL, x, x) && !dl_linear(x, NULL, x) && !dl_linear(x, x, NULL), "dl_linear");
    CHECK(!dl_reshape(NULL, dl_shape1(1)) && !dl_transpose(NULL, 0, 0), "shapes");
    CHECK(!dl_permute(NULL, order) && !dl_slice(NULL, 0, 0, 1), "shapes");
    list[0] = x;
    list[1] = NULL;
    CHECK(!dl_concat(list, 2, 0) && !dl_concat(NULL, 2, 0) && !dl_concat(list, 0, 0), "dl_concat");
    CHECK(!dl_stack(list, 2, 0) && !dl_stack(NULL, 2, 0) && !dl_stack(list, -1, 0), "dl_stack");
    CHECK(!dl_gather_rows(NULL, l, 1), "dl_gather_rows");
    CHECK(!dl_argmax_axis(out, NULL, 0) && dl_argmax(NULL) == -1, "dl_argmax");
    CHECK(!dl_huber(NULL, x, 1) && !dl_huber(x, NULL, 1) && !dl_huber_sum(NULL, x, 1), "dl_huber");
    CHECK(!dl_cross_entropy(NULL, l) && !dl_cross_entropy_sum(NULL, l), "dl_cross_entropy");
    CHECK(!dl_activate(NULL, DL_RELU), "dl_activate");
    CHECK(!dl_initialize(NULL, dl_init_zeros()) && isnan(dl_item(NULL)), "dl_initialize, dl_item");
    CHECK(!dl_fill(NULL, 1) && !dl_copy_in(NULL, &one) && !dl_copy_in(NULL, NULL), "setting");
    CHECK(!dl_assign(NULL, x) && !dl_assign(x, NULL) && !dl_keep(NULL), "dl_assign, dl_keep");
    CHECK(!dl_set_requires_grad(NULL, true) && !dl_set_requires_grad(DL_NONE, true), "dl_set_requires_grad");
    CHECK(!dl_kernel_table(NULL) && !dl_reference(NULL) && !dl_set_isa(NULL, "base"), "no context");
    CHECK(strcmp(dl_isa(NULL), "") == 0, "dl_isa");
    dl_kernel_table_reset(NULL);
    dl_set_reference(NULL, true);
    dl_freeze(NULL, 3);
    dl_freeze(&none, 1);
    dl_unfreeze(NULL, 3);
    dl_unfreeze(&none, 1);
    dl_tensor_free(NULL);
    CHECK(!dl_backward(NULL) && !dl_backward_from(NULL, &one), "dl_backward");
    CHECK(dl_format(NULL, 0, NULL) == 6 && dl_format(text, sizeof text, NULL) == 6, "dl_format");
    CHECK(dl_error(dl) == DL_OK, "a NULL tensor made a new error: %s", dl_error_text(dl));
    dl_free(dl);
}

/* No layer, optimizer, model, data set, loader, schedule. */
static void null_objects(void)
{
    dl_dense dense = dl_dense_default(2, DL_RELU);
    dl_metrics e = dl_model_evaluate(NULL, NULL);
    dl_data *a, *b;
    dl_batch batch;
    int n = 5;
    CHECK(!dl_model_add_dense(NULL, 2, DL_RELU) && !dl_model_add_dense_with(NULL, &dense), "dense");
    CHECK(!dl_model_add_flatten(NULL) && !dl_model_add_activation(NULL, DL_RELU), "layers");
    CHECK(!dl_model_add_dropout(NULL, 0.5) && !dl_model_add(NULL, NULL, NULL), "dl_model_add");
    CHECK(!dl_layer_param(NULL, "w", dl_shape1(1), dl_init_zeros()) &&
          !dl_layer_state(NULL, "s", dl_shape1(1), 0) && !dl_layer_set_outputs(NULL, 1) &&
          !dl_layer_set_frozen(NULL, true) && !dl_layer_frozen(NULL), "layers");
    CHECK(!dl_register_layer(NULL, NULL) && !dl_find_layer(NULL, NULL) &&
          !dl_register_loss(NULL, NULL) && !dl_find_loss(NULL, NULL) &&
          !dl_register_metric(NULL, NULL) && !dl_find_metric(NULL, NULL), "names");
    CHECK(!dl_model_add_metric(NULL, NULL) && dl_model_metric_index(NULL, "x") == -1 &&
          dl_model_metric_count(NULL) == 0, "metrics");
    CHECK(isnan(dl_model_train_batch(NULL, NULL).loss) &&
          isnan(dl_model_evaluate_batch(NULL, NULL).loss), "batches");
    CHECK(!dl_model_set_batch_size(NULL, 1) && dl_model_batch_size(NULL) == 0 &&
          !dl_model_logits(NULL, NULL), "dl_model_logits");
    dl_optimizer_free(NULL);
    dl_optimizer_zero_grad(NULL);
    CHECK(!dl_optimizer_step(NULL) && !dl_optimizer_set_lr(NULL, 1), "dl_optimizer_step");
    dl_optimizer_desc(NULL);
    CHECK(isnan(dl_clip_grad_norm(NULL, 1, 1)), "dl_clip_grad_norm");
    CHECK(isnan(dl_schedule_factor(NULL, 1)), "dl_schedule_factor");
    dl_schedule_observe(NULL, 1);
    dl_model_free(NULL);
    CHECK(!dl_model_compile(NULL, DL_MSE, dl_sgd(1)), "dl_model_compile");
    CHECK(!dl_model_fit(NULL, NULL, NULL), "dl_model_fit");
    CHECK(!dl_model_history(NULL, &n) && n == 0, "dl_model_history: %d", n);
    CHECK(!dl_model_history(NULL, NULL), "dl_model_history");
    CHECK(isnan(e.loss) && isnan(e.accuracy), "dl_model_evaluate");
    CHECK(!dl_model_predict(NULL, NULL) && !dl_model_forward(NULL, NULL), "dl_model_forward");
    CHECK(dl_model_tensor_count(NULL) == 0 && dl_model_param_count(NULL) == 0, "parameters");
    CHECK(!dl_model_param(NULL, 0) && !dl_model_find(NULL, "x"), "parameters");
    CHECK(!dl_model_params(NULL) && dl_model_layer_count(NULL) == 0, "parameters");
    CHECK(!dl_model_layer(NULL, 0) && !dl_model_optimizer(NULL), "dl_model_layer");
    CHECK(!dl_model_step(NULL, NULL) && !dl_model_reset_state(NULL), "steps");
    CHECK(!dl_model_share(NULL, NULL) && dl_model_share_count(NULL) == 0, "dl_model_share");
    CHECK(!dl_layer_carry(NULL, 0, dl_shape0()), "dl_layer_carry");
    CHECK(!dl_model_stopped(NULL), "dl_model_stopped");
    CHECK(!dl_model_export_c(NULL, "x", NULL) && dl_model_c_size(NULL, NULL).flash == -1 &&
          dl_model_export_c_to_memory(NULL, NULL, 0, NULL) == 0 && dl_export_c_default().tests == 3,
          "dl_model_export_c");
    CHECK(dl_model_input_shape(NULL, 0).rank < 0 && dl_model_output_shape(NULL, 0).rank < 0,
          "shapes of a model");
    CHECK(!dl_onnx_save(NULL, "x") && !dl_onnx_load(NULL, "x", NULL) &&
          dl_onnx_save_to_memory(NULL, NULL, 0) == 0 &&
          !dl_onnx_load_from_memory(NULL, NULL, 0, NULL), "dl_onnx");
    dl_onnx_line(NULL, "#y = Relu(#x)");
    dl_onnx_floats(NULL, "c", dl_shape1(1), NULL, 1);
    dl_onnx_wholes(NULL, "c", NULL, 0);
    dl_c_function(NULL, NULL);
    dl_c_line(NULL, "%d", 1);
    dl_c_scratch(NULL, 1);
    dl_c_carry(NULL, 1);
    dl_c_same(NULL);
    CHECK(!dl_c_in_place(NULL) && !dl_c_trace(NULL, NULL) && dl_c_input(NULL, 0).rank == 0 &&
          dl_c_output(NULL, 0).rank == 0, "dl_c_in_place");
    CHECK(dl_model_save_weights_to_memory(NULL, NULL, 0) == 0 &&
          dl_save_to_memory(NULL, NULL, 0, NULL, 0) == 0, "dl_save_to_memory");
    CHECK(!dl_model_set_class_names(NULL, NULL, 0) && !dl_model_class_name(NULL, 0) &&
          !dl_model_class_names(NULL) && !dl_data_class_name(NULL, 0) &&
          !dl_data_class_names(NULL), "dl_model_class_names");
    CHECK(!dl_model_set_scaling(NULL, NULL) && dl_model_scaling(NULL).factor == 1 &&
          dl_data_scaling(NULL).factor == dl_scaling_default().factor, "dl_model_scaling");
    CHECK(!dl_optimizer_save(NULL, "x") && !dl_optimizer_load(NULL, "x"), "dl_optimizer_save");
    CHECK(dl_optimizer_save_to_memory(NULL, NULL, 0) == 0 &&
          !dl_optimizer_load_from_memory(NULL, NULL, 0), "dl_optimizer_save_to_memory");
    CHECK(!dl_model_at(NULL, NULL) && !dl_model_outputs(NULL, NULL, 0), "graphs");
    CHECK(!dl_model_add_from(NULL, NULL, NULL, NULL, 0) && !dl_model_reuse(NULL, NULL), "graphs");
    CHECK(!dl_model_add_add(NULL, NULL, NULL) && !dl_model_add_concat(NULL, NULL, 0), "joints");
    CHECK(!dl_model_add_concat_along(NULL, NULL, 0, 0), "dl_model_add_concat_along");
    CHECK(!dl_model_add_input(NULL, dl_shape0()), "dl_model_add_input");
    CHECK(dl_model_input_count(NULL) == 0 && dl_model_output_count(NULL) == 0, "counts");
    CHECK(!dl_model_compile_outputs(NULL, NULL, NULL, dl_sgd(1)), "dl_model_compile_outputs");
    CHECK(!dl_model_predict_all(NULL, NULL, NULL), "dl_model_predict_all");
    CHECK(!dl_model_forward_all(NULL, NULL, NULL), "dl_model_forward_all");
    dl_data_free(NULL);
    dl_source source = dl_source_default();
    CHECK(!dl_data_from_source(NULL, &source), "dl_data_from_source");
    CHECK(!dl_data_ctx(NULL) && dl_data_count(NULL) == 0 && dl_data_shape(NULL).rank == 0 &&
          dl_data_classes(NULL) == 0 && !dl_data_has_targets(NULL), "what a data set is");
    CHECK(!dl_data_labels(NULL) && !dl_data_targets(NULL) && !dl_data_weights(NULL), "its answers");
    CHECK(!dl_data_from_bytes(NULL, NULL, 0, dl_shape0(), NULL, 0), "dl_data_from_bytes");
    CHECK(!dl_data_pick(NULL, NULL, 0) && !dl_data_concat(NULL, 0) && !dl_data_weighted(NULL, NULL),
          "dl_data_pick");
    CHECK(!dl_image_from_memory(NULL, NULL, 0, 0) && !dl_image_load(NULL, "x", 0), "dl_image_load");
    CHECK(!dl_image_save(NULL, "x") && !dl_resize(NULL, 1, 1, DL_AREA), "dl_resize");
    CHECK(dl_image_save_to_memory(NULL, NULL, 0) == 0 && !dl_data_images(NULL, "x", NULL) &&
          dl_data_unreadable(NULL) == 0 && dl_images_default().channels == 3, "dl_data_images");
    CHECK(!dl_image_crop(NULL, 0, 0, 1, 1, 0) && !dl_image_pad(NULL, 0, 0, 0, 0, 0), "cuts");
    CHECK(!dl_image_grey(NULL) && !dl_image_normalize(NULL, NULL, NULL), "colours");
    CHECK(!dl_image_to_mnist(NULL, NULL), "dl_image_to_mnist");
    CHECK(!dl_data_split_random(NULL, 0.5, NULL, &a, &b), "dl_data_split_random");
    CHECK(!dl_data_fold(NULL, 2, 0, NULL, &a, &b), "dl_data_fold");
    CHECK(!dl_model_predict_data(NULL, NULL), "dl_model_predict_data");
    CHECK(!dl_cross_entropy_with(NULL, NULL, NULL), "dl_cross_entropy_with");
    CHECK(dl_loss_entropy(NULL).user == NULL, "dl_loss_entropy");
    CHECK(dl_data_target_shape(NULL).rank == 0, "dl_data_target_shape");
    dl_loader_restart(NULL);
    CHECK(!dl_data_take(NULL, 0, 1) && !dl_data_split(NULL, 0.5, &a, &b), "views");
    CHECK(!dl_data_sample(NULL, 0) && !dl_loader_new(NULL, 1, false), "data");
    dl_loader_free(NULL);
    CHECK(!dl_loader_next(NULL, &batch) && dl_loader_batch_count(NULL) == 0, "loaders");
    CHECK(!dl_model_save_weights(NULL, "x") && !dl_model_load_weights(NULL, "x", NULL), "weights");
    CHECK(!dl_model_load_weights_from_memory(NULL, "x", 1, NULL), "weights");
    dl_model_summary(NULL);
}

/* Images and sequences: no tensor in any place that needs one, no options (the defaults), and no
   array of weights. */
static void null_images_and_sequences(void)
{
    const dl_recurrent one = dl_recurrent_default();
    const dl_transformer block = dl_transformer_default();
    dl_tensor *x, *none[32] = { NULL };
    dl_model *m = NULL;
    dl = dl_new(1);
    test_quiet(dl);
    x = dl_ones(dl, dl_shape3(1, 2, 4));
    CHECK(!dl_conv1d(NULL, x, x, NULL) && !dl_conv1d(x, NULL, DL_NONE, NULL), "dl_conv1d");
    CHECK(!dl_conv_transpose2d(NULL, x, x, NULL) && !dl_conv_transpose2d(x, NULL, x, NULL), "conv");
    CHECK(!dl_avg_pool2d(NULL, NULL) && !dl_group_norm(NULL, 1, x, x, 1e-5), "pool, norm");
    CHECK(!dl_rnn_relu(NULL, none, DL_NONE, &one).y && !dl_rnn_relu(x, none, x, &one).y, "rnn");
    CHECK(!dl_gru(NULL, none, DL_NONE, &one).y && !dl_gru(x, none, DL_NONE, &one).h, "gru");
    CHECK(!dl_rnn_cell(NULL, none, x) && !dl_rnn_cell(x, none, x), "dl_rnn_cell");
    CHECK(!dl_rnn_relu_cell(NULL, none, x) && !dl_rnn_relu_cell(x, none, x), "dl_rnn_relu_cell");
    CHECK(!dl_gru_cell(NULL, none, x) && !dl_lstm_cell(NULL, none, x, x).h, "cells");
    CHECK(!dl_embedding(NULL, NULL, dl_shape1(1), -1), "dl_embedding");
    CHECK(!dl_attention(NULL, x, x, DL_NONE, NULL, true), "dl_attention: q");
    CHECK(!dl_attention(x, x, NULL, DL_NONE, NULL, true), "dl_attention: v");
    CHECK(!dl_attention(x, x, x, NULL, NULL, true), "dl_attention: mask");
    CHECK(!dl_multihead_attention(NULL, x, x, none, 2, DL_NONE, NULL, false), "multihead: q");
    CHECK(!dl_multihead_attention(x, x, x, none, 2, DL_NONE, NULL, false), "multihead: weights");
    CHECK(!dl_transformer_encoder(NULL, none, &block), "encoder");
    CHECK(!dl_transformer_encoder(x, none, &block), "encoder: weights");
    CHECK(!dl_transformer_decoder(NULL, x, none, &block), "decoder: x");
    CHECK(!dl_transformer_decoder(x, NULL, none, &block), "decoder: memory");
    CHECK(dl_error(dl) == DL_OK, "a NULL tensor made a new error: %s", dl_error_text(dl));
    dl_rnn_relu(x, NULL, DL_NONE, &one);           /* no array: refused, with an error or without */
    dl_gru(x, none, DL_NONE, NULL);
    dl_rnn_cell(x, NULL, x);
    dl_gru_cell(x, NULL, x);
    dl_lstm_cell(x, NULL, x, x);
    dl_embedding(x, NULL, dl_shape1(1), -1);
    dl_multihead_attention(x, x, x, NULL, 2, DL_NONE, NULL, false);
    dl_transformer_encoder(x, NULL, &block);
    dl_transformer_encoder(x, none, NULL);
    dl_transformer_decoder(x, x, NULL, &block);
    dl_recurrent_param_count(NULL);
    CHECK(!dl_recurrent_init(NULL, none, DL_GRU, 1, 1, &one), "dl_recurrent_init");
    dl_clear_error(dl);
    CHECK(!dl_recurrent_init(dl, NULL, DL_GRU, 1, 1, &one), "dl_recurrent_init");
    CHECK(!dl_transformer_encoder_init(NULL, none, 4, 4), "no context");
    CHECK(!dl_transformer_decoder_init(NULL, none, 4, 4), "no context");
    CHECK(!dl_transformer_encoder_init(dl, NULL, 4, 4), "no array");
    CHECK(!dl_transformer_decoder_init(dl, NULL, 4, 4), "no array");
    CHECK(!dl_model_add_rnn(m, 1, true) && !dl_model_add_lstm(m, 1, true), "layers");
    CHECK(!dl_model_add_gru(m, 1, true), "layers");
    CHECK(!dl_model_add_bidirectional(m, DL_GRU, 1, true), "layers");
    CHECK(!dl_model_add_embedding(m, 1, 1), "layers");
    CHECK(!dl_model_add_time_distributed(m, 1, DL_RELU), "layers");
    CHECK(!dl_model_add_multihead_attention(m, 1, true), "layers");
    dl_free(dl);
}

/* A live object, but its other pointers NULL: refused, with an error that says what is missing. */
static void null_arguments(void)
{
    const dl_real v[] = { 1 };
    const dl_shape s = dl_shape1(1);
    dl_model *m;
    dl_data *d;
    dl_loader *loader;
    dl_optimizer *o;
    dl_tensor *w;
    dl = dl_new(1);
    test_quiet(dl);
    m = dl_model_new(dl, s);
    dl_model_add_dense(m, 1, DL_LINEAR);
    dl_model_compile(m, DL_MSE, dl_sgd(0.1));
    d = dl_data_from_targets(dl, v, 1, s, v, s);
    loader = dl_loader_new(d, 1, false);
    w = dl_param(dl, s, dl_init_zeros());
    o = dl_optimizer_new(dl, dl_sgd(0.1), &w, 1);
    CHECK(dl_error(dl) == DL_OK && loader && o, "%s", dl_error_text(dl));
#define REFUSED(call) CHECK(!(call) && dl_error(dl) != DL_OK, #call); dl_clear_error(dl)
    REFUSED(dl_data_from_arrays(dl, NULL, 1, s, NULL, 1));
    REFUSED(dl_data_from_targets(dl, v, 1, s, NULL, s));
    REFUSED(dl_data_borrow_arrays(dl, NULL, 1, s, NULL, 0));
    REFUSED(dl_data_borrow_targets(dl, NULL, 1, s, v, s));
    REFUSED(dl_idx_from_memory(dl, NULL, 9, NULL, 9, 0));
    REFUSED(dl_idx_load(dl, NULL, NULL, 0));
    REFUSED(dl_mnist_load(dl, NULL, DL_TRAIN));
    REFUSED(dl_model_save_weights(m, NULL));
    REFUSED(dl_model_load_weights(m, NULL, NULL));
    REFUSED(dl_model_load_weights_from_memory(m, NULL, 9, NULL));
    REFUSED(dl_data_split(d, 0.5, NULL, NULL));
    CHECK(!dl_optimizer_new(dl, dl_sgd(0.1), NULL, 1), "dl_optimizer_new");
    CHECK(!dl_model_add_dense_with(m, NULL) && !dl_loader_next(loader, NULL), "silent so far");
    CHECK(!dl_model_find(m, NULL) && !dl_model_param(m, -1) && !dl_model_param(m, 99), "find");
    CHECK(!dl_model_layer(m, -1) && !dl_model_layer(m, 99), "dl_model_layer");
    dl_model_fit(m, d, NULL);
    dl_model_predict(m, NULL);
    dl_model_evaluate(m, NULL);
    dl_free(dl);
}

/* A file as a string; from tests/ or from the directory above. */
static char *read_all(const char *path)
{
    char *text;
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f) f = fopen(strncmp(path, "tests/", 6) ? "../dl.h" : path + 6, "rb"); /* in tests/ */
    if (!f) return NULL;
    text = (char *)malloc(1 << 20);
    n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

/* Is there a public function with a pointer that no test passes NULL? A function is either named
   above, or called with NULL first in one of these files. Kernels need not: they check nothing. */
static const char *const also[] = { "rng", "debug", "conv", "pool", "norm", "rnn", "attention",
                                    "layers", "imagelayers", "metrics", "augment", "data",
                                    "files", "models", "optimizers", "tables" };

static void every_function_meets_null(void)
{
    char *header = read_all("dl.h"), *self = read_all("tests/errors.c"), *at, name[64];
    char *other[sizeof also / sizeof also[0]];
    int functions = 0, others = (int)(sizeof also / sizeof also[0]);
    for (int i = 0; i < others; i++) {
        snprintf(name, sizeof name, "tests/%s.c", also[i]);
        other[i] = read_all(name);
    }
    if (!CHECK(header && self, "dl.h and errors.c can be read")) return;
    if ((at = strstr(header, "Implementation: the same rooms")) != NULL) *at = 0;
    for (at = header; (at = strstr(at, "\nDL_DEF ")) != NULL; at++) {
        char *open = strchr(at, '('), *begin = open, *end = strchr(open, ';');
        bool found;
        size_t n;
        while (begin[-1] == '_' || isalnum((unsigned char)begin[-1])) begin--;
        n = (size_t)(open - begin);
        snprintf(name, sizeof name, "%.*s", (int)(n < 60 ? n : 60), begin);
        if (!memchr(open, '*', (size_t)(end - open)) || strncmp(name, "dl_", 3) != 0 ||
            strlen(name) > 55)
            continue;
        functions++;
        found = strstr(self, name) != NULL;
        strcat(name, "(NULL");
        for (int i = 0; i < others; i++) found = found || (other[i] && strstr(other[i], name));
        CHECK(found, "no test calls %s)", name);
    }
    for (int i = 0; i < others; i++) free(other[i]);
    CHECK(functions > 120, "%d functions found", functions);
    free(header);
    free(self);
}

int main(void)
{
    TEST(code_texts);
    TEST(first_error_stays);
    TEST(chain_fails_once);
    TEST(messages);
    TEST(null_context);
    TEST(null_tensor);
    TEST(null_objects);
    TEST(null_images_and_sequences);
    TEST(null_arguments);
    TEST(every_function_meets_null);
    return test_end();
}
