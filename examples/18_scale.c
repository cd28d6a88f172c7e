/* 18 - scale: more data, wider nets, deeper nets; what each brings, and what depth needs.

   The documents expect more of everything: data, depth, power (S1 in sections 5 and 6, S3 in
   section 7, S4 in section 8). We measure it. First nets of three widths on 234 to 60,000 images,
   each with the same number of updates: errors fall like a power of the number of images, as long
   as the net is wide enough for them. Then nets of 2 to 64 layers, built in four ways. Depth alone
   fails: from layer to layer signal and gradient shrink by a factor, or grow. What made hundreds of
   layers possible are two remedies, and they need each other: the shortcut around a layer,
   y = x + f(x), whose derivative is 1 + f'(x) (He et al., 2015), and batch normalization, which
   keeps the size of what a layer adds (Ioffe, Szegedy, 2015).

       gcc -O2 examples/18_scale.c -o scale -lm && ./scale        (-fopenmp for all cores)

   @F S4-8.3  error ~ c n^-a                                      more data
   @F S4-8.1  y = x + f(x),  dL/dx = dL/dy (1 + f'(x))            more depth
   @F S3-7.4  2 operations a weight and image forward, 4 backward: what it costs               */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { WIDTHS = 3, SIZES = 5, DEPTHS = 6, WAYS = 4, NARROW = 32, DEEP_IMAGES = 4000,
       DEEP_EPOCHS = 5, DEEPEST = 64 };

/* ---------------------------------------------------------------- more data, more width ---- */

/* Errors in percent on new images, of a net with so many units, after so many updates. */
static double error_of(const dl_data *train, const dl_data *test, int units, int batch,
                       double updates) {
    const double count = (double)dl_data_count(train);
    dl_model *m = dl_model_new(dl_data_ctx(train), dl_shape1(784));
    dl_model_add_dense(m, units, DL_RELU);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    dl_fit fit = dl_fit_default();
    fit.batch_size = batch;
    fit.epochs = (int)ceil(updates * fmin(batch, count) / count);   /* no batch is larger */
    fit.verbose = 0;
    dl_model_fit(m, train, &fit);
    const double error = 100 - 100 * dl_model_evaluate(m, test).accuracy;
    dl_model_free(m);
    return error;
}

/* ---------------------------------------------------------------------------- more depth ---- */

/* A layer behind x: f(x), or with skip x + f(x). */
static dl_layer *block(dl_model *m, dl_layer *x, bool skip, bool norm) {
    dl_model_at(m, x);
    dl_dense dense = dl_dense_default(NARROW, norm ? DL_LINEAR : DL_RELU);
    dense.weight_init = dl_init_glorot_uniform();        /* the default: made for tanh            */
    dl_layer *y = dl_model_add_dense_with(m, &dense);
    if (norm) y = dl_model_add_batch_normalization(m);
    if (norm) y = dl_model_add_activation(m, DL_RELU);
    return skip ? dl_model_add_add(m, x, y) : y;
}

/* 784 - depth layers of NARROW - 10. */
static dl_model *deep_net(dl_ctx *dl, int depth, bool skip, bool norm) {
    dl_model *m = dl_model_new(dl, dl_shape1(784));
    dl_layer *x = dl_model_add_dense(m, NARROW, DL_RELU);
    for (int k = 1; k < depth; k++) x = block(m, x, skip, norm);
    dl_model_add_dense(m, 10, DL_LINEAR);                /* logits; the loss makes the softmax    */
    dl_optim adam = dl_adam(0.001);
    adam.clip_norm = 1;                                  /* gradients of 1e10 shall not end it    */
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, adam);
    return m;
}

/* ------------------------------------------------------------------------- the program ---- */

/* Behind main: what is measured and shown, and how. */
static double power_of(const double *n, const double *error, int count);
static void gradient_norms(dl_model *m, const dl_batch *b, double *norm);
static void show_width(const int *units, const double *n, double error[WIDTHS][SIZES],
                       double images, ex_page *page, bool quiet);
static void show_depth(double seen[WAYS][DEPTHS], double fresh[WAYS][DEPTHS],
                       double norm[WAYS][DEEPEST], ex_page *page, bool quiet);

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 2;
    o.batch = 100;
    o.limit = 60000;
    ex_parse(&o, argc, argv, EX("more data, wider nets, deeper nets, and what depth needs; "
                                "half a minute", "更多数据，更宽，更深，以及深度需要什么；半分钟"),
             "data epochs batch limit seed threads html quiet", NULL, 0);
    dl_ctx *dl = ex_begin(&o);
    dl_data *all = ex_mnist(dl, &o, DL_TRAIN), *test = dl_mnist_load(dl, o.data, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Scale", "规模"));
    const double start = ex_seconds();

    /* Width and data, with as many updates each. */
    const int units[WIDTHS] = {8, 32, 128}, most = (int)dl_data_count(all);
    const double updates = fmax(1, floor((double)o.epochs * most / o.batch));
    double n[SIZES], error[WIDTHS][SIZES];
    for (int w = 0; w < WIDTHS; w++)
        for (int k = 0; k < SIZES; k++) {
            const int count = most >> (2 * (SIZES - 1 - k)) > 0 ? most >> (2 * (SIZES - 1 - k)) : 1;
            dl_data *some = dl_data_take(all, 0, count);
            n[k] = count;
            error[w][k] = error_of(some, test, units[w], o.batch, updates);
            dl_data_free(some);
        }
    show_width(units, n, error, updates * fmin(o.batch, most), &page, o.quiet);

    /* Depth, in four ways. */
    dl_data *few = dl_data_take(all, 0, most < DEEP_IMAGES ? most : DEEP_IMAGES);
    double seen[WAYS][DEPTHS], fresh[WAYS][DEPTHS], norm[WAYS][DEEPEST];
    dl_loader *loader = dl_loader_new(few, 500, false);
    dl_batch b;
    if (!dl_loader_next(loader, &b)) return ex_end(dl, &o);
    dl_fit fit = dl_fit_default();
    fit.epochs = DEEP_EPOCHS;
    fit.batch_size = 50;
    fit.verbose = 0;
    for (int way = 0; way < WAYS; way++)
        for (int d = 0; d < DEPTHS; d++) {
            dl_model *m = deep_net(dl, 2 << d, way % 2 == 1, way >= 2);
            gradient_norms(m, &b, norm[way]);            /* that of the deepest stays             */
            dl_model_fit(m, few, &fit);
            seen[way][d] = 100 * dl_model_evaluate(m, few).accuracy;
            fresh[way][d] = 100 * dl_model_evaluate(m, test).accuracy;
            dl_model_free(m);
        }
    const double seconds = ex_seconds() - start;
    if (dl_error(dl)) return ex_end(dl, &o);
    show_depth(seen, fresh, norm, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    ex_result("error_least=%.2f error_most=%.2f error_narrow=%.2f power=%.3f plain_deep=%.1f "
              "shortcut_deep=%.1f normalized_deep=%.1f both_deep=%.1f vanished=%.1e seconds=%.2f",
              error[WIDTHS - 1][0], error[WIDTHS - 1][SIZES - 1], error[0][SIZES - 1],
              power_of(n, error[WIDTHS - 1], SIZES), seen[0][DEPTHS - 1], seen[1][DEPTHS - 1],
              seen[2][DEPTHS - 1], seen[3][DEPTHS - 1], norm[0][0], seconds);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* a of error = c n^-a: minus the slope of the line through the logarithms (least squares); 0 if all
   n are the same. */
static double power_of(const double *n, const double *error, int count) {
    double mx = 0, my = 0, xy = 0, xx = 0;
    for (int i = 0; i < count; i++) {
        mx += log(n[i]) / count;
        my += log(error[i]) / count;
    }
    for (int i = 0; i < count; i++) {
        xy += (log(n[i]) - mx) * (log(error[i]) - my);
        xx += (log(n[i]) - mx) * (log(n[i]) - mx);
    }
    return xx > 0 ? -xy / xx : 0;
}

/* The norm of dL/dW of each hidden layer, front to back, on b, before any training. */
static void gradient_norms(dl_model *m, const dl_batch *b, double *norm) {
    dl_ctx *dl = b->x->ctx;
    dl_mark mark = dl_tape_mark(dl);
    dl_backward(dl_cross_entropy(dl_model_forward(m, dl_flatten(b->x)), b->labels));
    for (int i = 0, k = 0; i < dl_model_tensor_count(m) - 2; i++) {
        const dl_tensor *w = dl_model_param(m, i);
        double sum = 0;
        if (w->shape.rank != 2) continue;                /* a bias, or a norm's                   */
        for (dl_int j = 0; w->grad && j < w->size; j++) sum += pow((double)w->grad[j], 2);
        norm[k++] = sqrt(sum);
    }
    dl_tape_release(dl, mark);
}

/* images: how many a net has seen in all its updates, of the most data. */
static void show_width(const int *units, const double *n, double error[WIDTHS][SIZES],
                       double images, ex_page *page, bool quiet) {
    const ex_axes axes = {EX("Errors on new images", "新图像上的错误率"),
                          EX("training images: each mark has four times as many, up to the last",
                             "训练图像：每一格是前一格的四倍，直到最后"),
                          EX("errors, % (each line ten times)", "错误率（%，每格十倍）"), 0, 0, 1, 100,
                          true};
    ex_curve curve[WIDTHS];
    char name[WIDTHS][40];
    ex_show_text(page, quiet, 2, EX("More data, more width: errors on new images, in percent",
                                    "更多的数据，更宽的网络：新图像上的错误率（%%）"));
    ex_page_formula(page, "error ≈ c n⁻ᵃ");
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("units|n = %.0f|n = %.0f|n = %.0f|a|10^9 operations",
                                      "单元|n = %.0f|n = %.0f|n = %.0f|a|运算，10^9 次"),
                n[0], n[SIZES / 2], n[SIZES - 1]);
    for (int k = 0; k < WIDTHS; k++) {
        const double *e = error[k], weights = 795.0 * units[k] + 10;
        snprintf(name[k], sizeof name[k], EX("%d units", "%d 个单元"), units[k]);
        curve[k] = ex_curve_of(name[k], NULL, e, SIZES);
        ex_show_row(page, quiet, false, "%d|%.1f|%.1f|%.1f|%.2f|%.0f", units[k], e[0], e[SIZES / 2],
                    e[SIZES - 1], power_of(n, e, SIZES), 6 * weights * images / 1e9);
    }
    ex_page_table(page, false);
    ex_page_figure(page, "18-data", EX("Errors on new images by the number of training images, for "
                                       "nets of three widths", "错误率与训练图像数，三种宽度的网络"));
    ex_page_plot(page, axes, curve, WIDTHS);
}

static void show_depth(double seen[WAYS][DEPTHS], double fresh[WAYS][DEPTHS],
                       double norm[WAYS][DEEPEST], ex_page *page, bool quiet) {
    const char *way[WAYS] = {EX("layers alone", "只有层"), EX("shortcuts", "残差"),
                             EX("normalized", "归一化"), EX("both", "两样都有")};
    const ex_axes axes = {EX("How much of the training data is learned", "训练集学会了多少"),
                          EX("layers, as a power of 2: from 2 to 64", "层数，2 的几次方：从 2 到 64"),
                          EX("training accuracy, %", "训练准确率（%）"), 0, 0, 0, 100, false};
    const ex_axes front = {EX("The gradient of each of 64 layers, before training",
                              "64 层各自的梯度，训练之前"),
                           EX("layer, 1 is the first", "第几层，1 是最前面"),
                           EX("norm of ∂L/∂W", "∂L/∂W 的范数"), 0, 0, 0, 0, true};
    ex_curve curve[WAYS], slope[WAYS];
    ex_show_text(page, quiet, 2, EX("More depth: training accuracy in percent (new images)",
                                    "更深：训练准确率（%%）（括号里是新图像）"));
    ex_page_formula(page, "y = x + f(x),   ∂L/∂x = ∂L/∂y (1 + f′(x))");
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("layers|2|8|32|64|gradient at 64",
                                      "层数|2|8|32|64|64 层的梯度"));
    for (int k = 0; k < WAYS; k++) {
        char cell[DEPTHS][24];
        curve[k] = ex_curve_of(way[k], NULL, seen[k], DEPTHS);
        slope[k] = ex_curve_of(way[k], NULL, norm[k], DEEPEST);
        for (int d = 0; d < DEPTHS; d++)
            snprintf(cell[d], sizeof cell[d], "%.0f (%.0f)", seen[k][d], fresh[k][d]);
        ex_show_row(page, quiet, false, "%s|%s|%s|%s|%s|%.1e", way[k], cell[0], cell[2], cell[4],
                    cell[5], norm[k][0]);
    }
    ex_page_table(page, false);
    ex_show_text(page, quiet, 0, EX("Gradient at 64: the norm of dL/dW of the first of 64 layers, "
                                    "before training.", "64 层的梯度：训练之前，64 层中第一层 dL/dW 的范数。"));
    ex_page_figure(page, "18-depth", EX("Training accuracy by depth: only shortcuts and norms "
                                        "together still learn with 64 layers",
                                        "训练准确率与深度：64 层时，只有残差与归一化合起来还学得会"));
    ex_page_plot(page, axes, curve, WAYS);
    ex_page_figure(page, "18-gradients", EX("The norm of the gradient in each of 64 layers",
                                            "64 层里每一层梯度的范数"));
    ex_page_plot(page, front, slope, WAYS);
    ex_show_now_you(page, quiet,
                    EX("64 layers, each with a derivative of 0.7. By what factor has the gradient "
                       "shrunk at the first? With a shortcut around each, of 1 + 0.02?",
                       "64 层，每层的导数是 0.7。到第一层，梯度缩小到几分之几？如果每层有残差，"
                       "导数是 1 + 0.02 呢？"),
                    EX("0.7^64 = 1.2e-10; 1.02^64 = 3.6.",
                       "0.7 的 64 次方是 1.2e-10；1.02 的 64 次方是 3.6。"));
}
