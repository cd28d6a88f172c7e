/* 12 - generalization: a net that knows its training images by heart, and what helps.

   A large net on few images soon makes no mistake on them, and goes on making mistakes on new
   ones: it overfits. S4 (9.3, 9.4) names the remedies. We train one net on 1,000 digits with each
   of them and measure the gap between training images and new ones, all in evaluation mode. The
   new ones are validation data: 2,000 images of the training set put aside. Not its last 2,000:
   MNIST is ordered by writer, and these are 4 points easier than the test images. Validation data
   must be like the data that will come.

   Then AutoML, which S1 (section 5) calls a part of the future: let the machine choose structure
   and constants. Successive halving (Jamieson, Talwalkar, AISTATS 2016): try 16 random
   configurations for a few epochs each, drop the worse half, double the epochs, again, till one is
   left. The choice is made by validation data only. The test data are used once, at the end: a
   number that was used to choose can no longer be believed.

       gcc -O2 examples/12_generalize.c -o generalize -lm && ./generalize

   @F S4-9.4  L2:  L + l2 sum w^2      L1:  L + l1 sum |w|       large weights cost
   @F S1-4    dropout:  y = m x / (1 - p)                        no unit can rely on another
   @F S1-6    augmentation: shift, rotate, scale at random       never the same image twice
   @F S2-3    early stopping: keep the epoch that was best on validation data                    */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { VALIDATION = 2000, ASIDE = 50000, REMEDIES = 7, TRIED = 16, ROUNDS = 4 };

static ex_options o;
static ex_page    page;
static dl_ctx    *dl;
static dl_data   *train, *validation;

/* How to build and train a net. */
typedef struct config {
    const char *name;
    double l1, l2, dropout;
    bool   augment, early;
    int    units, filters;                /* filters 0: no convolution                           */
    double lr;
} config;

static dl_model *build(const config *c) {
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_dense hidden = dl_dense_default(c->units, DL_RELU);
    hidden.l1 = c->l1, hidden.l2 = c->l2;
    if (c->filters) {
        dl_model_add_conv2d(m, c->filters, 3, DL_RELU);
        dl_model_add_max_pooling2d(m, 2);
    }
    dl_model_add_flatten(m);
    dl_model_add_dense_with(m, &hidden);
    if (c->dropout > 0) dl_model_add_dropout(m, c->dropout);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(c->lr));
    return m;
}

/* Accuracy and loss without the penalties of L1 and L2, which are not to be compared. */
static dl_metrics plain(dl_model *m, const dl_data *d) {
    dl_layer *hidden = dl_model_layer(m, 1);              /* behind the flatten layer            */
    dl_metrics r;
    memset(&r, 0, sizeof r);
    if (hidden == NULL) return r;                         /* the model could not be built        */
    const double l1 = hidden->l1, l2 = hidden->l2;
    hidden->l1 = hidden->l2 = 0;
    r = dl_model_evaluate(m, d);
    hidden->l1 = l1, hidden->l2 = l2;
    return r;
}

static bool watch_epoch(dl_model *m, const dl_epoch *e, void *user) {
    ((double *)user)[e->epoch - 1] = plain(m, validation).loss;
    return true;
}

/* Train by c for some epochs, from where the model is. loss, if not NULL, gets the loss on new
   images after each. */
static void train_by(dl_model *m, const config *c, int epochs, double *loss) {
    dl_augment augment = dl_augment_default();
    dl_fit fit = dl_fit_default();
    augment.shift = 0.08, augment.rotate = 12, augment.scale = 0.1;
    if (c->augment) fit.augment = &augment;
    fit.epochs = epochs, fit.batch_size = o.batch, fit.verbose = 0;
    if (c->early) {
        fit.validation = validation;
        fit.early_stopping = true;
        fit.patience = 5;                 /* wait so many epochs for something better            */
    }
    if (loss) fit.on_epoch = watch_epoch, fit.user = loss;
    dl_model_fit(m, train, &fit);
}

/* One remedy after the other, and the gap each leaves. */
static void remedies(double gap[REMEDIES]) {
    static const config remedy[REMEDIES] = {
        {"nothing · 无", 0, 0, 0, false, false, 256, 0, 0.001},
        {"L1, 0.0002 · L1 正则", 2e-4, 0, 0, false, false, 256, 0, 0.001},
        {"L2, 0.005 · L2 正则", 0, 5e-3, 0, false, false, 256, 0, 0.001},
        {"dropout, 0.5 · 随机失活", 0, 0, 0.5, false, false, 256, 0, 0.001},
        {"early stopping · 早停", 0, 0, 0, false, true, 256, 0, 0.001},
        {"augmentation · 数据增强", 0, 0, 0, true, false, 256, 0, 0.001},
        {"augmented, dropout · 两者", 0, 0, 0.3, true, false, 256, 0, 0.001}};
    double *loss = (double *)calloc((size_t)o.epochs, REMEDIES * sizeof *loss);
    dl_metrics after[REMEDIES];                           /* on new images                       */
    int least = 0, most = 0;                              /* whose loss, whose accuracy is best  */
    ex_curve curve[REMEDIES];
    ex_axes axes = {"Loss on new images · 新图像上的损失", "epoch · 轮", "cross-entropy · 交叉熵",
                    0, 0, 0.1, 0.7, false};
    if (!o.quiet) printf("%lld images, %d epochs; accuracy in percent, loss on new images:\n\n"
                         "                       training       new     gap    loss   epochs\n",
                         (long long)dl_data_count(train), o.epochs);
    ex_page_text(&page, 2, "Remedies against overfitting · 防止过拟合的办法");
    ex_page_table(&page, true);
    ex_page_row(&page, true, "remedy · 办法|training · 训练|validation · 验证|gap · 差距|"
                "loss · 损失|epochs · 轮");
    for (int k = 0, n; loss && k < REMEDIES && dl_error(dl) == DL_OK; k++) {
        double *y = loss + k * o.epochs;
        dl_model *m = build(&remedy[k]);
        train_by(m, &remedy[k], o.epochs, y);
        const dl_metrics a = plain(m, train), b = plain(m, validation);
        dl_model_history(m, &n);
        const ex_curve c = {remedy[k].name, NULL, y, n};
        curve[k] = c;
        gap[k] = 100 * (a.accuracy - b.accuracy);
        after[k] = b;
        if (b.loss < after[least].loss) least = k;
        if (b.accuracy > after[most].accuracy) most = k;
        dl_model_free(m);
        if (!o.quiet) printf("  %-20.*s %8.1f  %8.1f  %6.1f  %6.3f %8d\n",
                             (int)strcspn(remedy[k].name, "\xc2"), remedy[k].name,
                             100 * a.accuracy, 100 * b.accuracy, gap[k], b.loss, n);
        ex_page_row(&page, false, "%s|%.1f %%|%.1f %%|%.1f|%.3f|%d", remedy[k].name,
                    100 * a.accuracy, 100 * b.accuracy, gap[k], b.loss, n);
    }
    ex_page_table(&page, false);
    if (loss && dl_error(dl) == DL_OK) {
        ex_page_plot(&page, axes, curve, REMEDIES);
        if (!o.quiet)
            printf("\nSmallest loss on new images: %.*s, %.3f (with nothing %.3f).\n"
                   "Best accuracy on them: %.*s, %.1f %% (with nothing %.1f %%).\n",
                   (int)(strstr(remedy[least].name, " \xc2") - remedy[least].name),
                   remedy[least].name, after[least].loss, after[0].loss,
                   (int)(strstr(remedy[most].name, " \xc2") - remedy[most].name),
                   remedy[most].name, 100 * after[most].accuracy, 100 * after[0].accuracy);
    }
    free(loss);
}

/* A random configuration; numbers whose size is unknown are drawn by their logarithm. */
static config random_config(dl_rng *r) {
    config c = {"", 0, 0, 0, false, false, 0, 0, 0};
    c.units = (int)pow(2, 5 + 4 * dl_rng_uniform(r));                 /* 32 .. 511               */
    c.filters = 8 * (int)dl_rng_int(r, 3);                            /* 0, 8, 16                */
    c.lr = pow(10, -4 + 2 * dl_rng_uniform(r));                       /* .0001 .. .01            */
    c.dropout = 0.6 * dl_rng_uniform(r);
    c.l2 = pow(10, -6 + 4 * dl_rng_uniform(r));                       /* 1e-6 .. .01             */
    c.augment = dl_rng_int(r, 2) == 1;
    return c;
}

/* A net in the race, and its validation accuracy in percent after each round. */
typedef struct racer { config c; dl_model *model; double accuracy[ROUNDS]; int rounds; } racer;

/* Successive halving: 16 nets, then the better 8, 4, 2, 1, each round twice as long. */
static racer choose(void) {
    racer net[TRIED];
    ex_curve curve[TRIED];
    ex_axes axes = {"16 configurations, halved four times · 十六种配置，四次减半",
                    "epochs trained · 已训练轮数", "validation accuracy, % · 验证准确率",
                    0, 0, 75, 100, false};
    double epochs[ROUNDS] = {0};
    int alive = TRIED, more = o.epochs / 20 > 1 ? o.epochs / 20 : 1;
    const config *best = &net[0].c;
    char s[160];
    for (int k = 0; k < TRIED; k++) {
        net[k].c = random_config(dl_ctx_rng(dl));
        net[k].model = build(&net[k].c);
    }
    for (int r = 0; r < ROUNDS; r++, more *= 2, alive /= 2) {
        epochs[r] = (r ? epochs[r - 1] : 0) + more;
        for (int i = 0, at; i < alive; i++) {
            racer k = net[i];
            train_by(k.model, &k.c, more, NULL);                      /* goes on training        */
            k.accuracy[r] = 100 * dl_model_evaluate(k.model, validation).accuracy;
            k.rounds = r + 1;
            for (at = i; at > 0 && net[at - 1].accuracy[r] < k.accuracy[r]; at--)
                net[at] = net[at - 1];               /* sorted by insertion, the best first      */
            net[at] = k;
        }
        if (!o.quiet)
            printf("  %2d nets, %3g epochs: %5.1f %% to %5.1f %%, the better half stays\n", alive,
                   epochs[r], net[alive - 1].accuracy[r], net[0].accuracy[r]);
        for (int i = alive / 2; i < alive; i++) dl_model_free(net[i].model);
    }
    snprintf(s, sizeof s, "%d filters, %d units, dropout %.2f, l2 %.1e, %s, lr %.1e",
             best->filters, best->units, best->dropout, best->l2,
             best->augment ? "augmented" : "not augmented", best->lr);
    if (!o.quiet) printf("Left: %s\n", s);
    for (int k = 0; k < TRIED; k++) {
        const ex_curve c = {k ? NULL : "chosen · 选中", epochs, net[k].accuracy, net[k].rounds};
        curve[k] = c;
    }
    ex_page_text(&page, 2, "A model chosen by the machine · 由机器选择的模型");
    ex_page_text(&page, 0, "Grey: dropped. Left · 灰线被淘汰，留下: %s", s);
    ex_page_plot(&page, axes, curve, TRIED);
    return net[0];
}

int main(int argc, char **argv) {
    double gap[REMEDIES] = {0};
    o = ex_options_default(argc, argv);
    o.epochs = 40;
    o.limit = 1000;
    ex_parse(&o, argc, argv, "overfitting, what helps against it, and choosing a model",
             "data epochs batch limit seed threads html save quiet", NULL, 0);
    dl = ex_begin(&o);
    dl_data *all = dl_mnist_load(dl, o.data, DL_TRAIN), *test = dl_mnist_load(dl, o.data, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    train = dl_data_take(all, 0, o.limit > 0 && o.limit < ASIDE ? o.limit : ASIDE);
    validation = dl_data_take(all, ASIDE, VALIDATION);
    if (dl_error(dl)) return ex_end(dl, &o);
    page = ex_page_open(&o, "Generalization · 泛化");

    double start = ex_seconds();
    remedies(gap);
    if (!o.quiet)
        printf("\nSuccessive halving, validation accuracy of the worst and the best net:\n");
    racer chosen = choose();
    double seconds = ex_seconds() - start, flattered = chosen.accuracy[ROUNDS - 1];
    dl_metrics result = dl_model_evaluate(chosen.model, test);      /* once                      */
    if (dl_error(dl)) return ex_end(dl, &o);
    if (o.save) dl_model_save_weights(chosen.model, o.save);
    if (!o.quiet)
        printf("Validation %.1f %%: it was chosen for that, so it may flatter. Test, looked at\n"
               "once: %.1f %%\n\nNow you: more data is the best remedy. Try --limit 10000 --epochs "
               "20.\n\n", flattered, 100 * result.accuracy);
    ex_page_text(&page, 0, "Validation %.1f %% (it was chosen for that); test, looked at once: "
                 "%.1f %%. · 验证 %.1f %%（据此选择）；测试只看一次：%.1f %%。", flattered,
                 100 * result.accuracy, flattered, 100 * result.accuracy);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld validation=%.4f "
                  "gap_without=%.2f gap_with=%.2f", result.accuracy, result.loss, seconds,
                  (long long)dl_model_param_count(chosen.model), flattered / 100, gap[0],
                  gap[REMEDIES - 1]);
    return ex_end(dl, &o);
}
