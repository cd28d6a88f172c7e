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
   @F S2-3    early stopping: keep the epoch that was best on validation data
   @F S4-9.3  precision = TP / (TP + FP),  recall = TP / (TP + FN),  F1 = 2 P R / (P + R)         */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { VALIDATION = 2000, ASIDE = 50000, REMEDIES = 7, EARLY = 4, TRIED = 16, ROUNDS = 4 };

/* How to build and train a net. */
typedef struct config {
    const char *name;
    double l1, l2, dropout, lr;
    bool   augment, early;
    int    units, filters;                /* filters 0: no convolution                           */
} config;

/* What a net is trained on and measured by, for how long; and its losses after each epoch. */
typedef struct lab {
    const dl_data *train, *validation;
    int            batch, epochs;
    double        *loss;                  /* on train, then on validation; NULL: not wanted      */
} lab;

/* How a net does in the end; and a net in the race, its validation accuracy after each round, %. */
typedef struct outcome { dl_metrics seen, fresh; int epochs; } outcome;
typedef struct racer { config c; dl_model *model; double accuracy[ROUNDS]; } racer;

/* Behind main: what is measured besides, sorted and shown. */
static bool watch(dl_model *m, const dl_epoch *e, void *user);
static void sort_nets(racer *net, int n, int r);
static void show_gaps(const config *c, const outcome *r, const lab *l, ex_page *page, bool quiet);
static void show_best(const racer *net, int first, const dl_data *test, ex_page *page, bool quiet);
static void show_result(const racer *best, dl_metrics tested, const outcome *r, double seconds);

/* The net that c describes. */
static dl_model *build(dl_ctx *dl, const config *c) {
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    if (c->filters) dl_model_add_conv2d(m, c->filters, 3, DL_RELU);
    if (c->filters) dl_model_add_max_pooling2d(m, 2);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, c->units, DL_RELU);
    if (c->dropout > 0) dl_model_add_dropout(m, c->dropout);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    dl_optim adam = dl_adam(c->lr);
    adam.l1 = c->l1;                      /* adds l1 sign(w) + 2 l2 w to each gradient           */
    adam.l2 = c->l2;
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, adam);
    return m;
}

/* Train m by c, from where it is. */
static void train_by(dl_model *m, const config *c, lab *l) {
    dl_augment augment = dl_augment_default();
    augment.shift = 0.08;
    augment.rotate = 12;
    augment.scale = 0.1;
    dl_fit fit = dl_fit_default();
    fit.epochs = l->epochs;
    fit.batch_size = l->batch;
    fit.verbose = 0;
    if (c->augment) fit.augment = &augment;
    if (c->early) fit.validation = l->validation;
    fit.early_stopping = c->early;
    if (c->early) fit.patience = 5;       /* wait so many epochs for something better            */
    if (l->loss) fit.on_epoch = watch;
    fit.user = l;
    dl_model_fit(m, l->train, &fit);
}

/* A random configuration; numbers whose size is unknown are drawn by their logarithm. */
static config random_config(dl_rng *r) {
    config c = {"", 0, 0, 0, 0, false, false, 0, 0};
    c.units = (int)pow(2, 5 + 4 * dl_rng_uniform(r));                 /* 32 .. 511               */
    c.filters = 8 * (int)dl_rng_int(r, 3);                            /* 0, 8, 16                */
    c.lr = pow(10, -4 + 2 * dl_rng_uniform(r));                       /* .0001 .. .01            */
    c.dropout = 0.6 * dl_rng_uniform(r);
    c.l2 = pow(10, -7 + 4 * dl_rng_uniform(r));                       /* 1e-7 .. .001            */
    c.augment = dl_rng_int(r, 2) == 1;
    return c;
}

/* Successive halving: 16 nets, then the better 8, 4, 2, each round twice as long. The best is
   net[0]; only it still has its model. */
static void halve(dl_ctx *dl, racer net[TRIED], lab l) {
    for (int k = 0; k < TRIED; k++) {
        net[k].c = random_config(dl_ctx_rng(dl));
        net[k].model = build(dl, &net[k].c);
    }
    for (int r = 0; r < ROUNDS; r++) {
        const int alive = TRIED >> r;
        for (int i = 0; i < alive; i++) {
            train_by(net[i].model, &net[i].c, &l);                    /* goes on training        */
            net[i].accuracy[r] = 100 * dl_model_evaluate(net[i].model, l.validation).accuracy;
        }
        sort_nets(net, alive, r);
        for (int i = alive / 2; i < alive; i++) dl_model_free(net[i].model);
        l.epochs *= 2;
    }
}

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 40;
    o.limit = 1000;
    ex_parse(&o, argc, argv, EX("overfitting, what helps against it, and choosing a model; a "
                                "minute", "过拟合，对付它的办法，以及选择模型；一分钟"),
             "data epochs batch limit seed threads html save quiet", NULL, 0);
    const config remedy[REMEDIES] = {
        {EX("nothing", "无"), 0, 0, 0, 0.001, false, false, 256, 0},
        {EX("L1, 0.0001", "L1 正则，0.0001"), 1e-4, 0, 0, 0.001, false, false, 256, 0},
        {EX("L2, 0.001", "L2 正则，0.001"), 0, 1e-3, 0, 0.001, false, false, 256, 0},
        {EX("dropout, 0.5", "丢弃法，0.5"), 0, 0, 0.5, 0.001, false, false, 256, 0},
        {EX("early stopping", "提前停止"), 0, 0, 0, 0.001, false, true, 256, 0},
        {EX("augmentation", "数据增强"), 0, 0, 0, 0.001, true, false, 256, 0},
        {EX("augmented, dropout", "增强，丢弃 0.3"), 0, 0, 0.3, 0.001, true, false, 256, 0}};
    dl_ctx *dl = ex_begin(&o);
    dl_data *all = dl_mnist_load(dl, o.data, DL_TRAIN), *test = dl_mnist_load(dl, o.data, DL_TEST);
    dl_data *train = dl_data_take(all, 0, o.limit > 0 && o.limit < ASIDE ? o.limit : ASIDE);
    dl_data *validation = dl_data_take(all, ASIDE, VALIDATION);
    double *loss = dl_error(dl) ? NULL : ex_room(dl, 2 * REMEDIES * (size_t)o.epochs);
    if (loss == NULL) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Generalization", "泛化"));
    const double start = ex_seconds();

    /* One remedy after the other, and the gap each leaves. */
    outcome r[REMEDIES];
    lab l[REMEDIES];
    for (int k = 0; k < REMEDIES; k++) {
        const lab one = {train, validation, o.batch, o.epochs, loss + 2 * k * o.epochs};
        dl_model *m = build(dl, &remedy[k]);
        l[k] = one;
        train_by(m, &remedy[k], &l[k]);
        r[k].seen = dl_model_evaluate(m, train);
        r[k].fresh = dl_model_evaluate(m, validation);
        dl_model_history(m, &r[k].epochs);
        dl_model_free(m);
    }
    show_gaps(remedy, r, l, &page, o.quiet);
    free(loss);

    /* Choose by validation data, then look at the test data, once. */
    racer net[TRIED];
    const lab race = {train, validation, o.batch, o.epochs >= 20 ? o.epochs / 20 : 1, NULL};
    halve(dl, net, race);
    const double seconds = ex_seconds() - start;
    const dl_metrics tested = dl_model_evaluate(net[0].model, test);
    if (o.save) dl_model_save_weights(net[0].model, o.save);
    if (dl_error(dl)) return ex_end(dl, &o);
    show_best(net, race.epochs, test, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    show_result(&net[0], tested, r, seconds);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* After each epoch: the losses in evaluation mode, where nothing is dropped or distorted. */
static bool watch(dl_model *m, const dl_epoch *e, void *user) {
    const lab *l = (const lab *)user;
    l->loss[e->epoch - 1] = dl_model_evaluate(m, l->train).loss;
    l->loss[l->epochs + e->epoch - 1] = dl_model_evaluate(m, l->validation).loss;
    return true;
}

/* The best first, by their accuracy after round r; equal ones keep their order. */
static void sort_nets(racer *net, int n, int r) {
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && net[k - 1].accuracy[r] < net[k].accuracy[r]; k--) {
            const racer better = net[k];
            net[k] = net[k - 1];
            net[k - 1] = better;
        }
}

/* Early stopping keeps the smallest loss, not the highest accuracy: say so where it shows. */
static void explain_early(const outcome *r, const double *loss, ex_page *page, bool quiet) {
    const dl_metrics nothing = r[0].fresh, early = r[EARLY].fresh;
    const double points = 100 * (nothing.accuracy - early.accuracy);
    const double n = VALIDATION, chance = 100 * sqrt(nothing.accuracy * (1 - nothing.accuracy) / n);
    int best = 0;
    for (int i = 1; i < r[EARLY].epochs; i++)
        if (loss[i] < loss[best]) best = i;
    if (r[EARLY].epochs >= r[0].epochs || points <= 0 || early.loss >= nothing.loss) return;
    if (!quiet) printf("\n");
    ex_show_text(page, quiet, 0,
                 EX("Why is early stopping below nothing? It goes by the loss, and took back the "
                    "weights of epoch %d: loss %.3f. Whoever trains on gets %.1f points more of "
                    "the answers right, yet a loss of %.3f, because the wrong answers grow surer. "
                    "And %.1f points are %.0f of 2,000 images; chance alone makes %.1f (a standard "
                    "deviation).",
                    "提前停止为什么比“无”还低？它看的是损失，取回了第 %d 轮的权重：损失 %.3f。接着练，"
                    "答对的多 %.1f 个百分点，损失却是 %.3f，因为答错的越来越自信。再说，%.1f 个百分点是 2000 张里的 "
                    "%.0f 张；单凭运气就会差 %.1f 个百分点（一个标准差）。"),
                 best + 1, early.loss, points, nothing.loss, points, points * n / 100, chance);
}

static void show_gaps(const config *c, const outcome *r, const lab *l, ex_page *page, bool quiet) {
    ex_axes gap = {EX("Loss on training images and on new ones", "训练图像与新图像上的损失"),
                   EX("epoch", "轮"), EX("cross-entropy", "交叉熵"), 0, 0, 0, 0.7, false};
    ex_axes axes = {EX("Loss on new images", "新图像上的损失"), EX("epoch", "轮"),
                    EX("cross-entropy", "交叉熵"), 0, 0, 0.1, 0.7, false};
    const int n = l[0].epochs;
    ex_curve curve[REMEDIES];
    const ex_curve four[4] = {
        {EX("nothing: training", "无：训练"), NULL, l[0].loss, n},
        {EX("nothing: new", "无：新图像"), NULL, l[0].loss + n, n},
        {EX("augmented, dropout: training", "增强，丢弃：训练"), NULL, l[REMEDIES - 1].loss, n},
        {EX("augmented, dropout: new", "增强，丢弃：新图像"), NULL, l[REMEDIES - 1].loss + n, n}};
    ex_page_formula(page, EX("gap = accuracy in training − accuracy on new data",
                             "差距 = 训练准确率 − 新数据上的准确率"));
    ex_show_text(page, quiet, 2, EX("Remedies against overfitting: %d images, %d epochs",
                                    "对付过拟合的办法：%d 张图像，%d 轮"), (int)dl_data_count(l[0].train), n);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("remedy              |training, %%|new, %%|gap|loss on new|"
                                      "epochs",
                                      "办法              |训练（%%）|新图像（%%）|差距|新图像损失|轮数"));
    for (int k = 0; k < REMEDIES; k++) {
        const double seen = 100 * r[k].seen.accuracy, fresh = 100 * r[k].fresh.accuracy;
        curve[k] = ex_curve_of(c[k].name, NULL, l[k].loss + n, r[k].epochs);
        ex_show_row(page, quiet, false, "%s|%.1f|%.1f|%.1f|%.3f|%d", c[k].name, seen, fresh,
                    seen - fresh, r[k].fresh.loss, r[k].epochs);
    }
    ex_page_table(page, false);
    explain_early(r, l[EARLY].loss + n, page, quiet);
    ex_page_figure(page, "12-gap", EX("Without a remedy the training loss falls to 0 and the loss "
                                      "on new images rises; with two remedies both fall",
                                      "没有办法时，训练损失降到 0，新图像的损失回升；用两种办法，两者都下降"));
    ex_page_plot(page, gap, four, 4);
    ex_page_figure(page, "12-remedies", EX("The loss on new images, a curve for each remedy",
                                           "新图像上的损失，每种办法一条曲线"));
    ex_page_plot(page, axes, curve, REMEDIES);
}

/* The race; first is how many epochs its first round had. */
static void show_race(const racer *net, int first, ex_page *page, bool quiet) {
    ex_axes axes = {EX("16 configurations, halved again and again", "16 种配置，一次次减半"),
                    EX("epochs trained", "已训练的轮数"),
                    EX("validation accuracy, %", "验证准确率（%）"), 0, 0, 75, 100, false};
    const config *best = &net[0].c;
    ex_curve curve[TRIED];
    double trained[ROUNDS];
    ex_show_text(page, quiet, 2, EX("A model chosen by the machine: successive halving",
                                    "由机器选择的模型：逐次减半"));
    for (int r = 0; r < ROUNDS; r++) {
        double worst = 100, top = 0;
        trained[r] = first * ((2 << r) - 1);
        for (int k = 0; k < TRIED >> r; k++) {
            curve[k] = ex_curve_of(k ? NULL : EX("chosen", "选中"), trained, net[k].accuracy, r + 1);
            worst = fmin(worst, net[k].accuracy[r]);
            top = fmax(top, net[k].accuracy[r]);
        }
        ex_show_text(page, quiet, 0, EX("%d nets after %g epochs: validation %.1f %% to %.1f %%.",
                                        "%d 个网络，%g 轮之后：验证准确率 %.1f%% 到 %.1f%%。"),
                     TRIED >> r, trained[r], worst, top);
    }
    ex_show_text(page, quiet, 0, EX("Left: %d filters, %d units, dropout %.2f, L2 %.1e, %s, "
                                    "learning rate %.1e.",
                                    "留下的：%d 个卷积核，%d 个单元，丢弃 %.2f，L2 %.1e，%s，学习率 %.1e。"),
                 best->filters, best->units, best->dropout, best->l2,
                 best->augment ? EX("augmented", "数据增强") : EX("not augmented", "不增强"), best->lr);
    ex_page_figure(page, "12-halving", EX("Validation accuracy of 16 nets; the worse half of each "
                                          "round ends there",
                                          "16 个网络的验证准确率；每次较差的一半到此为止"));
    ex_page_plot(page, axes, curve, TRIED);
}

static void show_best(const racer *net, int first, const dl_data *test, ex_page *page, bool quiet) {
    show_race(net, first, page, quiet);
    dl_report *report = dl_model_report(net[0].model, test);
    if (report == NULL) return;
    ex_show_text(page, quiet, 2, EX("The test, looked at once", "测试，只看一次"));
    ex_show_text(page, quiet, 0, EX("Validation %.1f %%: it was chosen for that, so it may "
                                    "flatter. Test: %.1f %%.",
                                    "验证 %.1f%%：正是据此选中的，可能偏高。测试：%.1f%%。"),
                 net[0].accuracy[ROUNDS - 1], 100 * report->accuracy);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("digit|precision|recall|F1|images",
                                      "数字|精确率|召回率|F1|图像数"));
    for (int c = 0; c < report->classes; c++) {
        const dl_class_score s = report->score[c];
        ex_show_row(page, quiet, false, "%d|%.3f|%.3f|%.3f|%lld", c, s.precision, s.recall, s.f1,
                    (long long)s.support);
    }
    ex_page_table(page, false);
    dl_report_free(report);
    ex_show_now_you(page, quiet,
                    EX("more data is the best remedy. Four times the images, a quarter of the "
                       "epochs: --limit 4000 --epochs 10. How large a gap does “nothing” leave?",
                       "更多的数据是最好的办法。图像四倍，轮数四分之一：--limit 4000 --epochs 10。"
                       "“无”留下的差距是多大？"),
                    EX("About 6.5 points instead of 10.9, for as many updates of the weights.",
                       "约 6.5 个百分点，原来是 10.9；更新权重的次数一样。"));
}

static void show_result(const racer *best, dl_metrics tested, const outcome *r, double seconds) {
    const double without = 100 * (r[0].seen.accuracy - r[0].fresh.accuracy);
    const double with = 100 * (r[REMEDIES - 1].seen.accuracy - r[REMEDIES - 1].fresh.accuracy);
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld validation=%.4f "
              "gap_without=%.2f gap_with=%.2f", tested.accuracy, tested.loss, seconds,
              (long long)dl_model_param_count(best->model), best->accuracy[ROUNDS - 1] / 100,
              without, with);
}
