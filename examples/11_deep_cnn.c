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
   @F S4-5  Adadelta:  a = .95 a + .05 g^2;   s = g sqrt(d + eps) / sqrt(a + eps);
                       d = .95 d + .05 s^2;   w = w - lr s                         eps = 1e-7

   Adadelta's step s is g times the ratio of the root mean square of its own past steps to that of
   the past gradients: it has w's units and finds its size by itself, so lr is 1 by design. With
   lr = .001 it takes a thousandth of the step that it thinks it takes.                          */
#define DL_IMPLEMENTATION
#include "../dl.h"
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

/* The accuracies of both learning rates, epoch by epoch, in one plot. */
static void write_page(ex_page *page, dl_model *const *model, const double *lr, int runs) {
    ex_axes axes = {"Validation accuracy · 验证准确率", "epoch · 轮", "accuracy, % · 准确率",
                    0, 0, 0, 0, false};
    const dl_epoch *history;
    double *y[2] = {NULL, NULL};
    char name[2][64];
    ex_curve c[2];
    int n = 0;
    for (int k = 0; k < runs; k++) {
        history = dl_model_history(model[k], &n);
        y[k] = (double *)malloc((size_t)(n + 1) * sizeof *y[k]);
        for (int i = 0; y[k] && i < n; i++) y[k][i] = 100 * history[i].val_accuracy;
        snprintf(name[k], sizeof name[k], "Adadelta, lr = %g", lr[k]);
        c[k].name = name[k], c[k].x = NULL, c[k].y = y[k], c[k].n = y[k] ? n : 0;
    }
    ex_page_plot(page, axes, c, runs);
    ex_page_table(page, true);
    ex_page_row(page, true, "epoch · 轮|lr|loss · 损失|validation loss · 验证损失|"
                "validation accuracy · 验证准确率");
    for (int k = 0; k < runs; k++) {
        history = dl_model_history(model[k], &n);
        for (int i = 0; i < n; i++)
            ex_page_row(page, false, "%d|%g|%.4f|%.4f|%.2f %%", history[i].epoch, lr[k],
                        history[i].loss, history[i].val_loss, 100 * history[i].val_accuracy);
        free(y[k]);
    }
    ex_page_table(page, false);
}

int main(int argc, char **argv) {
    enum { SOME = 4000, FEW = 3, ALL = 12 };
    bool full = false;
    double lr[2] = {1.0, 0.001};
    ex_option extra[2] = {{"full", EX_FLAG, NULL, 0, 0, "12 epochs of all images, not 3 of 4000"},
                          {"lr", EX_REAL, NULL, 0, 100, "Adadelta's learning rate"}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = FEW;
    o.limit = SOME;
    o.batch = 128;
    for (int i = 1; i < argc; i++)                /* --epochs and --limit still change these     */
        if (strcmp(argv[i], "--full") == 0) o.epochs = ALL, o.limit = 0;
    extra[0].value = &full, extra[1].value = &lr[0];
    ex_parse(&o, argc, argv, "S4's program: conv 32 - conv 64 - maxpool - dense 128 - 10, Adadelta",
             "data epochs batch limit seed threads html save quiet", extra, 2);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    dl_model *model[2] = {NULL, NULL};
    dl_metrics score[2];
    const int runs = full ? 1 : 2;
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "A deeper convolutional net · 更深的卷积神经网络");

    for (int k = 0; k < runs; k++) {
        if (!o.quiet) printf("Adadelta with lr = %g, %lld images, %d epochs:\n", lr[k],
                             train ? (long long)dl_data_count(train) : 0, o.epochs);
        model[k] = train_net(dl, &o, lr[k], train, test);
        score[k] = dl_model_evaluate(model[k], test);  /* score = model.evaluate(x_test, y_test) */
        if (dl_error(dl)) return ex_end(dl, &o);
    }
    if (o.save) dl_model_save_weights(model[0], o.save);
    if (!o.quiet) {
        dl_model_summary(model[0]);
        printf("Test loss: %.4f\n", score[0].loss);          /* print('Test loss:', score[0])     */
        printf("Test accuracy: %.4f\n", score[0].accuracy);  /* print('Test accuracy:', score[1]) */
    }
    /* That was S4's program. */
    if (!o.quiet && !full)
        printf("With lr = %g, today's default of Keras: %.4f. S4's own run: --full\n",
               lr[1], score[1].accuracy);
    ex_page_text(&page, 0, "Test accuracy %.2f %%, test loss %.4f, with lr = %g. · lr = %g 时测试准确率 "
                 "%.2f %%，测试损失 %.4f。", 100 * score[0].accuracy, score[0].loss, lr[0], lr[0],
                 100 * score[0].accuracy, score[0].loss);
    write_page(&page, model, lr, runs);
    ex_show_predictions(model[0], test, &page, o.quiet);
    if (!o.quiet)
        printf("Now you: replace dl_adadelta(lr) by dl_adam(0.001). Which one learns faster? Then\n"
               "take the two dropout layers out. What becomes of the two losses?\n\n");
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK && full)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld",
                  score[0].accuracy, score[0].loss, ex_fit_seconds(model[0]),
                  (long long)dl_model_param_count(model[0]));
    else if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld "
                  "accuracy_small_lr=%.4f", score[0].accuracy, score[0].loss,
                  ex_fit_seconds(model[0]), (long long)dl_model_param_count(model[0]),
                  score[1].accuracy);
    return ex_end(dl, &o);
}
