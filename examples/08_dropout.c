/* 08 - dropout: S1's program, and what its dropout layer is for.

   S1 (section 4) builds flatten - dense 128 relu - dropout 0.2 - dense 10 softmax in Keras; its
   lines stand quoted beside ours. A net that has seen its training images often enough knows them
   by heart: it does better on them than on new ones. Dropout makes that harder: in each training
   step every hidden unit is left out with probability p. So we train the net twice, with dropout
   and without, and watch the gap between training and test accuracy.

       gcc -O2 examples/08_dropout.c -o dropout -lm && ./dropout      (add -fopenmp for all cores)

   @F S1-4  training:  y_i = m_i x_i / (1 - p),  m_i = 0 with probability p, else 1
            test:      y_i = x_i        (the 1 / (1 - p) has kept the mean the same)
   @F S1-4  Adam:  m = .9 m + .1 g,  v = .999 v + .001 g^2,  W = W - .001 m_hat / (sqrt(v_hat)+eps)

   The accuracy printed during training is lower than it is: units were missing when it was
   measured. For the gap both sets are measured in evaluation mode, after the epoch. The test set
   is only watched here; nothing is chosen by it.                                               */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

typedef struct watch {
    const dl_data *train, *test;
    double *train_accuracy, *test_accuracy, *gap;   /* percent, one an epoch */
    bool quiet;
} watch;

/* After each epoch: accuracy on both sets, with all units there. */
static bool watch_epoch(dl_model *net, const dl_epoch *e, void *user) {
    watch *w = (watch *)user;
    int i = e->epoch - 1;
    w->train_accuracy[i] = 100 * dl_model_evaluate(net, w->train).accuracy;
    w->test_accuracy[i] = 100 * dl_model_evaluate(net, w->test).accuracy;
    w->gap[i] = w->train_accuracy[i] - w->test_accuracy[i];
    if (!w->quiet)
        printf("  epoch %2d: loss %.4f   training %6.2f %%   test %6.2f %%   gap %5.2f\n", e->epoch,
               e->loss, w->train_accuracy[i], w->test_accuracy[i], w->gap[i]);
    return true;
}

/* S1's program for one dropout rate. */
static dl_model *train_net(dl_ctx *dl, const ex_options *o, double rate, watch *w) {
    /* mnist = tf.keras.datasets.mnist                                                           */
    /* (x_train, y_train), (x_test, y_test) = mnist.load_data()        main has done that        */
    /* x_train = x_train / 255.0                                       the data set does that    */

    dl_model *model = dl_model_new(dl, dl_shape3(1, 28, 28)); /* model = models.Sequential()     */
    /* model.add(layers.Flatten(input_shape=(28, 28)))                                           */
    dl_model_add_flatten(model);
    /* model.add(layers.Dense(128, activation='relu'))                                           */
    dl_model_add_dense(model, 128, DL_RELU);
    /* model.add(layers.Dropout(0.2))                                                            */
    dl_model_add_dropout(model, rate);
    /* model.add(layers.Dense(10, activation='softmax'))                                         */
    dl_model_add_dense(model, 10, DL_SOFTMAX);

    /* model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', ...)              */
    dl_model_compile(model, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));

    dl_fit fit = dl_fit_default();                     /* Keras' default: batches of 32          */
    fit.epochs = o->epochs;
    fit.batch_size = o->batch;
    fit.verbose = 0;
    fit.on_epoch = watch_epoch;
    fit.user = w;
    dl_model_fit(model, w->train, &fit);               /* model.fit(x_train, y_train, epochs=5)  */
    return model;
}

int main(int argc, char **argv) {
    double rate = 0.2, *numbers;
    dl_model *model = NULL;
    dl_metrics result[2];
    watch w[2];
    double gap[2], seconds = 0;
    ex_option extra[1] = {{"rate", EX_REAL, NULL, 0, 0.95, "probability of dropping a unit"}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;
    o.batch = 32;
    extra[0].value = &rate;
    ex_parse(&o, argc, argv, "S1's program: 784 - 128 relu - dropout - 10, and without dropout",
             "data epochs batch limit seed threads html save quiet", extra, 1);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    numbers = (double *)calloc((size_t)o.epochs, 6 * sizeof *numbers);
    if (dl_error(dl) || numbers == NULL) { free(numbers); return ex_end(dl, &o); }
    ex_page page = ex_page_open(&o, "Dropout and the train/test gap · 随机失活与泛化差距");

    for (int k = 1; k >= 0; k--) {   /* without dropout first, then S1's own */
        w[k].train = train, w[k].test = test, w[k].quiet = o.quiet;
        w[k].train_accuracy = numbers + (3 * k + 0) * o.epochs;
        w[k].test_accuracy = numbers + (3 * k + 1) * o.epochs;
        w[k].gap = numbers + (3 * k + 2) * o.epochs;
        if (!o.quiet) printf(k ? "Without dropout:\n" : "With dropout %g:\n", rate);
        model = train_net(dl, &o, k ? 0 : rate, &w[k]);
        /* test_loss, test_acc = model.evaluate(x_test, y_test, verbose=2)                       */
        result[k] = dl_model_evaluate(model, test);
        gap[k] = w[k].gap[o.epochs - 1];
        seconds = ex_fit_seconds(model);
        if (dl_error(dl)) { free(numbers); return ex_end(dl, &o); }
    }
    if (o.save) dl_model_save_weights(model, o.save);
    if (!o.quiet) {
        printf("\nTest accuracy: %.4f\n", result[0].accuracy);  /* print('\nTest accuracy:', ..)  */
        printf("The gap is %.2f points without dropout and %.2f with it.\n", gap[1], gap[0]);
        printf("Now you: few images and many epochs make it wide. Try --limit 2000 --epochs 40,\n"
               "then --rate 0.5 as well. Which gives the best test accuracy?\n\n");
    }
    if (page.f) {
        ex_axes axes = {"Accuracy in evaluation mode · 评估模式下的准确率", "epoch · 轮",
                        "accuracy, % · 准确率", 0, 0, 0, 0, false};
        ex_curve c[4] = {{"no dropout, training · 训练", NULL, NULL, 0},
                         {"no dropout, test · 测试", NULL, NULL, 0},
                         {"dropout, training · 训练", NULL, NULL, 0},
                         {"dropout, test · 测试", NULL, NULL, 0}};
        for (int k = 0; k < 4; k++) {
            c[k].n = o.epochs;
            c[k].y = k % 2 ? w[k < 2].test_accuracy : w[k < 2].train_accuracy;
        }
        ex_page_plot(&page, axes, c, 4);
        ex_page_table(&page, true);
        ex_page_row(&page, true, "after %d epochs · %d 轮之后|training · 训练|test · 测试|gap · 差距",
                    o.epochs, o.epochs);
        for (int k = 1; k >= 0; k--)
            ex_page_row(&page, false, "%s|%.2f %%|%.2f %%|%.2f", k ? "no dropout · 无"
                        : "dropout · 有", w[k].train_accuracy[o.epochs - 1],
                        w[k].test_accuracy[o.epochs - 1], gap[k]);
        ex_page_table(&page, false);
    }
    ex_page_close(&page, o.quiet);
    free(numbers);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld gap=%.2f "
                  "gap_without=%.2f", result[0].accuracy, result[0].loss, seconds,
                  (long long)dl_model_param_count(model), gap[0], gap[1]);
    return ex_end(dl, &o);
}
