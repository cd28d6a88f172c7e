/* 11 - two convolutions deep: S4's program, line for line, and why its learning rate must be 1.

   S4 (section 5) builds conv 32 - conv 64 - maxpool - dropout .25 - flatten - dense 128 - dropout
   .5 - dense 10 softmax in Keras; its lines stand quoted beside ours. Two things S4 does not say:
   - its labels are never made one-hot, though its loss needs it (keras.utils.to_categorical).
     dl.h does that when the loss is categorical cross-entropy and the data has class numbers;
   - keras.optimizers.Adadelta() meant lr = 1.0 when it was written. Today it means lr = .001, with
     which the same twelve epochs end at about 84 % instead of 99 %. So we train with both.

       gcc -O2 examples/11_deep_cnn.c -o deep_cnn -lm && ./deep_cnn   (add -fopenmp for all cores)
       ./deep_cnn --full         S4's 12 epochs on all 60,000 images, and only with lr = 1.0;
                                 --full --lr 0.001 the same as today's Keras would do it

   @F S4-5  one-hot y, categorical cross-entropy:  L = -1/N sum_i sum_c y_ic log p_ic
   @F S4-5  Adadelta:  a = .95 a + .05 g^2;   d = g sqrt(u + eps) / sqrt(a + eps);
                       u = .95 u + .05 d^2;   w = w - lr d                         eps = 1e-7

   Adadelta's step d is g times the ratio of the root mean square of its own past steps to that of
   the past gradients: it has w's units and finds its size by itself, so lr is 1 by design. With
   lr = .001 it takes a thousandth of the step that it thinks it takes.                          */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* S4's program, with this learning rate. */
static dl_model *train_net(dl_ctx *dl, const ex_options *o, double lr, const dl_data *train,
                           const dl_data *test) {
    /* (x_train, y_train), (x_test, y_test) = mnist.load_data()        main has done that        */
    /* x_train = x_train.reshape(x_train.shape[0], 28, 28, 1) ...      [1,28,28], channels first */
    /* x_train = x_train.astype('float32');  x_train /= 255  ...       the data set does that    */

    dl_model *model = dl_model_new(dl, dl_shape3(1, 28, 28)); /* model = Sequential()            */
    /* model.add(Conv2D(32, kernel_size=(3, 3), activation='relu', input_shape=(28, 28, 1)))     */
    dl_model_add_conv2d(model, 32, 3, DL_RELU);
    dl_model_add_conv2d(model, 64, 3, DL_RELU);   /* model.add(Conv2D(64, (3, 3), activation=..  */
    dl_model_add_max_pooling2d(model, 2);         /* model.add(MaxPooling2D(pool_size=(2, 2)))   */
    dl_model_add_dropout(model, 0.25);            /* model.add(Dropout(0.25))                    */
    dl_model_add_flatten(model);                  /* model.add(Flatten())                        */
    dl_model_add_dense(model, 128, DL_RELU);      /* model.add(Dense(128, activation='relu'))    */
    dl_model_add_dropout(model, 0.5);             /* model.add(Dropout(0.5))                     */
    dl_model_add_dense(model, 10, DL_SOFTMAX);    /* model.add(Dense(10, activation='softmax'))  */

    /* model.compile(loss=keras.losses.categorical_crossentropy,                                 */
    /*               optimizer=keras.optimizers.Adadelta(), metrics=['accuracy'])                */
    dl_model_compile(model, DL_CATEGORICAL_CROSSENTROPY, dl_adadelta(lr));

    /* model.fit(x_train, y_train, batch_size=128, epochs=12, verbose=1,                         */
    /*           validation_data=(x_test, y_test))                                               */
    dl_fit fit = dl_fit_default();
    fit.batch_size = o->batch;
    fit.epochs = o->epochs;
    fit.validation = test;                        /* the test set, as in S4: see 10_cnn.c        */
    fit.verbose = o->quiet ? 0 : 1;
    dl_model_fit(model, train, &fit);
    return model;
}

/* Adadelta by hand, one step for a weight with gradient g: its state, and the step d for lr = 1. */
static const double rho = 0.95, eps = 1e-7;
typedef struct adadelta { double a, u; } adadelta;
static double step_by_hand(adadelta *s, double g) {
    s->a = rho * s->a + (1 - rho) * g * g;            /* mean square of the gradients          */
    const double d = g * sqrt(s->u + eps) / sqrt(s->a + eps);
    s->u = rho * s->u + (1 - rho) * d * d;            /* mean square of the steps              */
    return d;
}

/* Behind main: such steps, and the kernel's; what is shown. */
static double show_steps(ex_page *page, bool quiet);
static void show(dl_model *const *model, const double *lr, int runs, const dl_data *test,
                 ex_page *page, bool quiet);

int main(int argc, char **argv) {
    enum { SOME = 4000, FEW = 3, ALL = 12 };
    bool full = false;
    int tested = 0;
    double lr[2] = {1.0, 0.001};
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[3] = {
        {"full", EX_FLAG, &full, 0, 0, EX("12 epochs of all images, not 3 of 4000",
                                          "全部图像 12 轮，不是 4000 张 3 轮")},
        {"lr", EX_REAL, &lr[0], 0, 100, EX("Adadelta's learning rate", "Adadelta 的学习率")},
        {"test", EX_INT, &tested, 0, 10000, EX("test on the first N images only, 0 is all",
                                               "只用前 N 张测试图像，0 表示全部")}};
    full = ex_flag(argc, argv, "--full");
    o.epochs = full ? ALL : FEW;                  /* --epochs and --limit still change these     */
    o.limit = full ? 0 : SOME;
    o.batch = 128;
    ex_parse(&o, argc, argv, EX("S4's program: conv 32 - conv 64 - maxpool - dense 128 - 10, "
                                "Adadelta; a minute, --full a quarter of an hour",
                                "S4 的程序：conv 32 - conv 64 - maxpool - dense 128 - 10，"
                                "Adadelta；一分钟，--full 一刻钟"),
             "data epochs batch limit seed threads html save quiet", extra, 3);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (tested > 0 && test) test = dl_data_take(test, 0, tested);
    dl_model *model[2] = {NULL, NULL};
    dl_metrics score[2];
    const int runs = full ? 1 : 2;
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("A deeper convolutional net", "更深的卷积神经网络"));
    ex_page_formula(&page, "d = g √(u + ε) / √(a + ε),   w ← w − η d");
    const double difference = show_steps(&page, o.quiet);

    for (int k = 0; k < runs; k++) {
        ex_show_text(&page, o.quiet, 2, EX("Adadelta with lr = %g, %lld images, epochs: %d",
                                           "Adadelta，lr = %g，%lld 张图，轮数：%d"), lr[k],
                     (long long)dl_data_count(train), o.epochs);
        model[k] = train_net(dl, &o, lr[k], train, test);
        score[k] = dl_model_evaluate(model[k], test);  /* score = model.evaluate(x_test, y_test) */
        if (dl_error(dl)) return ex_end(dl, &o);
        /* print('Test loss:', score[0]);  print('Test accuracy:', score[1])                     */
        ex_show_text(&page, o.quiet, 0, EX("Test loss %.4f, test accuracy %.4f",
                                           "测试损失 %.4f，测试准确率 %.4f"),
                     score[k].loss, score[k].accuracy);
    }
    if (!o.quiet) printf("\n");
    if (!o.quiet) dl_model_summary(model[0]);
    if (o.save) dl_model_save_weights(model[0], o.save);
    show(model, lr, runs, test, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    char small[40] = "";
    if (!full) snprintf(small, sizeof small, " accuracy_small_lr=%.4f", score[1].accuracy);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld%s "
                  "difference=%.1g", score[0].accuracy, score[0].loss, ex_fit_seconds(model[0]),
                  (long long)dl_model_param_count(model[0]), small, difference);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* One weight whose gradient is always g: Adadelta's state and its steps, with lr = 1 and .001.
   Returns the largest difference between the kernel's steps and the hand's, in parts of them. */
static double show_steps(ex_page *page, bool quiet) {
    enum { STEPS = 1000 };
    static const int told[6] = {1, 2, 3, 10, 100, 1000};
    static double size[STEPS];
    const double g = 1;
    const dl_real kg = (dl_real)g;
    adadelta s = {0, 0};
    double difference = 0;
    dl_real w = 0, ka = 0, ku = 0, w2 = 0, ka2 = 0, ku2 = 0;
    const ex_curve curve = {EX("step with lr = 1, g = 1", "lr = 1、g = 1 时的步子"), NULL, size, STEPS};
    const ex_axes axes = {EX("How Adadelta's step grows", "Adadelta 的步子怎样变长"),
                          EX("update", "第几次更新"), EX("step, in thousandths", "步子（千分之一）"),
                          0, 1050, 0, 3, false};
    ex_show_text(page, quiet, 2, EX("Adadelta by hand: g = %g in each step, w = 0 at first",
                                    "手算 Adadelta：每步 g = %g，w 从 0 开始"), g);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("t|a|u|step d|w, lr 1|w, lr .001",
                                      "t|a|u|步子 d|w，lr 1|w，lr .001"));
    for (int t = 1, k = 0; t <= STEPS; t++) {
        const dl_real before = w;
        const double d = step_by_hand(&s, g);
        dlk_adadelta_step(&w, &kg, &ka, &ku, 1, 1.0, rho, eps);
        dlk_adadelta_step(&w2, &kg, &ka2, &ku2, 1, 0.001, rho, eps);
        difference = ex_larger(difference, fabs((double)(before - w) - d) / d);
        size[t - 1] = 1000 * d;
        if (k == 6 || t != told[k]) continue;
        ex_show_row(page, quiet, false, "%d|%.4f|%.3g|%.6f|%.4g|%.4g", t, s.a, s.u, d, (double)w,
                    (double)w2);
        k++;
    }
    ex_page_table(page, false);
    ex_page_figure(page, "11-steps", EX("Adadelta's step, update by update, for a gradient of 1",
                                        "梯度恒为 1 时，Adadelta 每次更新的步子"));
    ex_page_plot(page, axes, &curve, 1);
    return difference;
}

/* Everything that is not S4's program: the accuracies of both learning rates, the mistakes. */
static void show(dl_model *const *model, const double *lr, int runs, const dl_data *test,
                 ex_page *page, bool quiet) {
    ex_axes axes = {EX("Validation accuracy", "验证准确率"), EX("epoch", "轮"),
                    EX("accuracy, %", "准确率（%）"), 0, 0, 0, 100, false};
    double *y[2] = {NULL, NULL};
    char name[2][64];
    ex_curve c[2];
    int n = 0;
    for (int k = 0; k < runs; k++) {
        const dl_epoch *history = dl_model_history(model[k], &n);
        y[k] = ex_room(dl_data_ctx(test), (size_t)n);
        for (int i = 0; y[k] && i < n; i++) y[k][i] = 100 * history[i].val_accuracy;
        snprintf(name[k], sizeof name[k], "Adadelta, lr = %g", lr[k]);
        c[k] = ex_curve_of(name[k], NULL, y[k], y[k] ? n : 0);
    }
    ex_page_figure(page, "11-curve", EX("Validation accuracy after each epoch, for two learning "
                                        "rates",
                                        "两个学习率，每轮之后的验证准确率"));
    ex_page_plot(page, axes, c, runs);
    ex_page_table(page, true);
    ex_page_row(page, true, EX("epoch|lr|loss|validation loss|validation accuracy",
                               "轮|lr|损失|验证损失|验证准确率"));
    for (int k = 0; k < runs; k++) {
        const dl_epoch *history = dl_model_history(model[k], &n);
        for (int i = 0; i < n; i++)
            ex_page_row(page, false, "%d|%g|%.4f|%.4f|%.2f %%", history[i].epoch, lr[k],
                        history[i].loss, history[i].val_loss, 100 * history[i].val_accuracy);
        free(y[k]);
    }
    ex_page_table(page, false);
    ex_show_predictions(model[0], test, page, quiet);
    ex_show_now_you(page, quiet,
                    EX("replace dl_adadelta(lr) by dl_adam(0.001). Which one learns faster? Then "
                       "take the two dropout layers out. What becomes of the two losses?",
                       "把 dl_adadelta(lr) 换成 dl_adam(0.001)，谁学得快？再去掉两个丢弃层，"
                       "两种损失各有什么变化？"),
                    EX("In the first epochs Adam is ahead. Without dropout the training loss falls "
                       "much faster, and the validation loss comes to lie above it: a gap.",
                       "头几轮 Adam 快。没有丢弃层，训练损失降得快得多，验证损失反而比它高：差距出现了。"));
}
