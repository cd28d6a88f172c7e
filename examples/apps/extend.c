/* extend - what dl.h does not have, added without touching it: a layer, a loss, a metric, an
   optimizer and a kernel of our own, together in one net that learns handwritten digits.

       gcc -O2 examples/apps/extend.c -o extend -lm && ./extend

   Each is a static struct of a few functions, as dl.h's own are, and stands where dl.h's would.

   layer      Maxout: y_j = max_k (W_k x + b_k)_j, a learned activation (Goodfellow et al., 2013)
   loss       cross-entropy with smoothed labels: .9 + .01 for the right digit, .01 for the others
   metric     the recall of the digit that is recognized worst: what an accuracy hides
   optimizer  Lion: w moves by lr against the sign of a mean of gradients (Chen et al., 2023)
   kernel     every dense product, counted on its way to dl.h's readable loop
   @F S4-4 S2-4 S4-9.3 S0-2.4 S1-3.1 */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

/* ---- a layer: options, build, forward (dl_c_trace writes its operations into C files) ---- */
typedef struct maxout_options { int units, pieces; } maxout_options;
static const dl_field maxout_fields[] = {                /* so that it can be checked and saved */
    {"units", DL_FIELD_INT, 1, offsetof(maxout_options, units), NULL},
    {"pieces", DL_FIELD_INT, 1, offsetof(maxout_options, pieces), NULL},
    {NULL, DL_FIELD_INT, 0, 0, NULL}};
static bool maxout_build(dl_layer *l) {
    const maxout_options *o = (const maxout_options *)l->options;
    const dl_int D = l->input[0].dim[0], rows = (dl_int)o->units * o->pieces;
    if (o->units < 1 || o->pieces < 1 || l->input[0].rank != 1)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: give units, pieces, and samples [D]", l->name);
    l->output[0] = dl_shape1(o->units);
    return dl_layer_param(l, "weight", dl_shape2(rows, D), dl_init_glorot_uniform()) &&
           dl_layer_param(l, "bias", dl_shape1(rows), dl_init_zeros());
}
static void maxout_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y) {
    const maxout_options *o = (const maxout_options *)l->options;
    dl_tensor *z = dl_linear(x[0], l->param[0], l->param[1]);
    y[0] = dl_max_axis(dl_reshape(z, dl_shape3(-1, o->units, o->pieces)), 2, false);
}
static const dl_layer_type maxout = {"Maxout", "maxout", sizeof(maxout_options), maxout_fields, 1,
                                     maxout_build, maxout_forward, NULL, dl_c_trace, NULL};

/* ---- a loss: a function of the scores (DL_SOFTMAX: before the softmax) and one-hot rows ---- */
static dl_tensor *smoothed_loss(dl_tensor *z, dl_tensor *target, const void *user) {
    const double e = *(const double *)user, classes = (double)z->shape.dim[1];
    return dl_soft_cross_entropy(z, dl_add_scalar(dl_mul_scalar(target, 1 - e), e / classes));
}
static const double tenth = 0.1;
static const dl_loss smoothed = {"smoothed", smoothed_loss, NULL, NULL, DL_SOFTMAX, &tenth};

/* ---- a metric: count over the batches, then one number ---- */
typedef struct tally { double found[10], all[10]; } tally;
static bool worst_add(void *state, const dl_outcome *o, const void *user) {
    tally *t = (tally *)state;
    (void)user;
    for (dl_int i = 0; i < o->size; i++) {
        t->found[o->labels[i]] += ex_argmax(o->output->data + 10 * i, 10) == o->labels[i];
        t->all[o->labels[i]]++;
    }
    return true;
}
static double worst_result(void *state, const void *user) {
    const tally *t = (const tally *)state;
    double least = 1;
    (void)user;
    for (int k = 0; k < 10; k++)
        if (t->all[k] > 0) least = fmin(least, t->found[k] / t->all[k]);
    return least;
}
static const dl_metric worst = {"worst_recall", sizeof(tally), worst_add, worst_result, NULL};

/* ---- an optimizer: one step for one array of weights w, with gradients g and one state m ---- */
static void lion_step(const dl_update *u) {
    const dl_optim *o = u->options;
    dl_real *m = u->state[0];
    for (dl_int i = 0; i < u->n; i++) {
        const double g = (double)u->g[i], c = o->beta1 * (double)m[i] + (1 - o->beta1) * g;
        u->w[i] -= (dl_real)(o->lr * ((c > 0) - (c < 0)));
        m[i] = (dl_real)(o->beta2 * (double)m[i] + (1 - o->beta2) * g);
    }
}
static const dl_optim_type lion = {"Lion", lion_step, 1, false, true, false,
                                   {DL_OPTION(beta1, 0.9, 0, 1), DL_OPTION(beta2, 0.99, 0, 1)}};

/* ---- a kernel: the loop that dl_linear runs ---- */
static double products;
static void counting_linear(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                            dl_int N, dl_int D, dl_int M) {
    products += (double)N * (double)D * (double)M;
    dlk_linear_forward(y, x, w, b, N, D, M);
}

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 3;
    o.limit = 6000;
    ex_parse(&o, argc, argv, EX("a layer, loss, metric, optimizer and kernel of our own; 5 seconds",
                                "我们自己的层、损失、指标、优化器和内核；5 秒"),
             "data epochs batch limit seed threads quiet", NULL, 0);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    const maxout_options hidden = {32, 4};                  /* units, pieces */
    dl_model *net = dl_model_new(dl, dl_shape1(784));
    dl_model_add(net, &maxout, &hidden);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_model_compile(net, &smoothed, dl_optim_default(&lion, 0.0003));
    dl_model_add_metric(net, &worst);
    if (dl) dl_kernel_table(dl)->linear_forward = counting_linear;
    dl_fit fit = ex_fit(&o);
    fit.verbose = o.quiet ? 0 : 2;
    dl_model_fit(net, train, &fit);
    const dl_metrics m = dl_model_evaluate(net, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (!o.quiet) ex_print_now_you(EX("a Maxout of 1 piece is linear. What does it lose?\n",
                                      "只有 1 段的 Maxout 是线性的。它失去什么？\n"));
    ex_result("test_accuracy=%.4f test_loss=%.4f worst_recall=%.4f products=%.3g seconds=%.2f "
              "parameters=%lld", m.accuracy, m.loss, m.metric[0], products, ex_fit_seconds(net),
              (long long)dl_model_param_count(net));
    return ex_end(dl, &o);
}
