/* 08 - dropout: S1's program, and what its dropout layer is for.

   S1 (section 4) builds flatten - dense 128 relu - dropout 0.2 - dense 10 softmax in Keras; its
   lines stand quoted beside ours. A net that has seen its training images often enough knows them
   by heart: it does better on them than on new ones. Dropout makes that harder: in each training
   step every hidden unit is left out with probability p. So we train the net twice, without dropout
   and with it, and watch the gap between training and test accuracy.

       gcc -O2 examples/08_dropout.c -o dropout -lm && ./dropout      (add -fopenmp for all cores)

   @F S1-4  training:  y_i = m_i x_i / (1 - p),  m_i = 0 with probability p, else 1
            test:      y_i = x_i        (the 1 / (1 - p) has kept the mean the same)
   @F S1-4  Adam:  m = .9 m + .1 g,  v = .999 v + .001 g^2,  W = W - .001 m_hat / (sqrt(v_hat)+eps)

   The accuracy that fit counts during training is lower than it is: units were missing when it was
   measured. For the gap both sets are measured in evaluation mode, after the epoch. The test set
   is only watched here; nothing is chosen by it.                                               */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* Four numbers through dropout: three steps, then the mean of 10,000. Returns the largest
   difference between the kernel and the hand. */
static double by_hand(double p, bool quiet) {
    enum { N = 4, STEPS = 10000, TOLD = 3 };
    const dl_real x[N] = {1, 2, 3, 4}, dy[N] = {1, 1, 1, 1};
    double mean[N] = {0, 0, 0, 0}, difference = 0;
    for (int step = 1; step <= STEPS; step++) {
        const uint64_t key = (uint64_t)step;             /* another key, other units missing      */
        dl_real y[N], dx[N] = {0, 0, 0, 0};
        double m[N];
        dlk_dropout_forward(y, x, N, p, key);
        dlk_dropout_backward(dx, dy, N, p, key);
        for (int i = 0; i < N; i++) {
            m[i] = y[i] > 0;                             /* the kernel's mask: kept or dropped    */
            double hand = m[i] * (double)x[i] / (1 - p);
            mean[i] += hand / (double)STEPS;
            difference = ex_larger(difference, fabs(hand - (double)y[i]));
        }
        if (step <= TOLD)
            ex_say(quiet, EX("  step %d:  m = (%g, %g, %g, %g)  y = (%g, %g, %g, %g)  "
                             "dx = (%g, %g, %g, %g)\n",
                             "  第 %d 步：m = (%g, %g, %g, %g)  y = (%g, %g, %g, %g)  "
                             "dx = (%g, %g, %g, %g)\n"), step, m[0], m[1], m[2], m[3],
                   (double)y[0], (double)y[1], (double)y[2], (double)y[3],
                   (double)dx[0], (double)dx[1], (double)dx[2], (double)dx[3]);
    }
    ex_say(quiet, EX("  mean of %d steps:  y = (%.1f, %.1f, %.1f, %.1f)\n\n",
                     "  %d 步的平均：y = (%.1f, %.1f, %.1f, %.1f)\n\n"), STEPS, mean[0], mean[1],
           mean[2], mean[3]);
    return difference;
}

/* What is measured after each epoch, in evaluation mode: all units are there. */
typedef struct watch {
    const dl_data *train, *test;
    double        *train_accuracy, *test_accuracy, *test_loss;   /* one an epoch; accuracies in % */
    double         gap;                                          /* after the last                */
    bool           quiet;
} watch;

static bool watch_epoch(dl_model *net, const dl_epoch *e, void *user) {
    watch *w = (watch *)user;
    const int i = e->epoch - 1;
    const dl_metrics test = dl_model_evaluate(net, w->test);
    w->train_accuracy[i] = 100 * dl_model_evaluate(net, w->train).accuracy;
    w->test_accuracy[i] = 100 * test.accuracy;
    w->test_loss[i] = test.loss;
    w->gap = w->train_accuracy[i] - w->test_accuracy[i];
    ex_say(w->quiet,
           EX("  epoch %2d:  training %6.2f %%   test %6.2f %%   gap %5.2f   test loss %.4f\n",
              "  第 %2d 轮：训练 %6.2f %%   测试 %6.2f %%   差距 %5.2f   测试损失 %.4f\n"),
           e->epoch, w->train_accuracy[i], w->test_accuracy[i], w->gap, w->test_loss[i]);
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

/* Behind main: curves, the table, the page. w[0] is without dropout. */
static void show(const watch w[2], double rate, const ex_options *o, ex_page *page);

int main(int argc, char **argv) {
    double rate = 0.2;
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[1] = {{"rate", EX_REAL, &rate, 0, 0.95,
                                 EX("p, how often a unit is dropped", "p，丢弃一个单元的概率")}};
    ex_parse(&o, argc, argv, EX("S1's program: 784 - 128 relu - dropout - 10, and without dropout; "
                                "30 seconds", "S1 的程序：784 - 128 relu - 丢弃 - 10，以及不丢弃；30 秒"),
             "data epochs batch limit seed threads html save quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    watch w[2];
    dl_model *model = NULL;
    if (dl_error(dl)) return ex_end(dl, &o);
    double *numbers = ex_room(dl, 6 * (size_t)o.epochs);
    if (numbers == NULL) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Dropout and the train/test gap", "丢弃法与泛化差距"));

    ex_say(o.quiet, EX("x = (1, 2, 3, 4), p = 0.5, dy = (1, 1, 1, 1):\n",
                       "x = (1, 2, 3, 4)，p = 0.5，dy = (1, 1, 1, 1)：\n"));
    const double difference = by_hand(0.5, o.quiet);
    for (int k = 0; k < 2; k++) {                        /* without dropout, then S1's own        */
        double *mine = numbers + 3 * k * o.epochs;
        const watch start = {train, test, mine, mine + o.epochs, mine + 2 * o.epochs, 0, o.quiet};
        w[k] = start;
        ex_say(o.quiet, k ? EX("With dropout, p = %g:\n", "丢弃，p = %g：\n")
                          : EX("Without dropout:\n", "不丢弃：\n"), rate);
        model = train_net(dl, &o, k ? rate : 0, &w[k]);
    }
    /* test_loss, test_acc = model.evaluate(x_test, y_test, verbose=2)                           */
    dl_metrics result = dl_model_evaluate(model, test);
    if (o.save && dl_error(dl) == DL_OK) dl_model_save_weights(model, o.save);
    if (dl_error(dl) == DL_OK) {
        /* print('\nTest accuracy:', test_acc)                                                   */
        ex_say(o.quiet, EX("\nTest accuracy: %.4f\n", "\n测试准确率：%.4f\n"), result.accuracy);
        show(w, rate, &o, &page);
        ex_page_close(&page, o.quiet);
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld gap=%.2f "
                  "gap_without=%.2f loss_without=%.4f difference=%.2g", result.accuracy,
                  result.loss, ex_fit_seconds(model), (long long)dl_model_param_count(model),
                  w[1].gap, w[0].gap, w[0].test_loss[o.epochs - 1], difference);
    }
    free(numbers);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* A net of 3 inputs, 4 hidden units and 2 outputs in three steps: what is left of it. */
static void show_thin(ex_page *page) {
    enum { STEP = 3, IN = 3, HIDDEN = 4, OUT = 2, WIDE = 240 };
    const int TALL = 220;
    const dl_real ones[HIDDEN] = {1, 1, 1, 1};
    const int size[3] = {IN, HIDDEN, OUT};
    char title[40];
    if (page->f == NULL) return;
    ex_page_figure(page, "08-thin", EX("Three steps, each with other hidden units missing",
                                       "三步训练，每步缺的隐藏单元都不一样"));
    ex_svg_begin(page, STEP * WIDE, TALL + 30);
    for (int s = 0; s < STEP; s++) {
        static const uint64_t key[STEP] = {3, 5, 1};
        dl_real kept[HIDDEN];
        dlk_dropout_forward(kept, ones, HIDDEN, 0.5, key[s]);
        snprintf(title, sizeof title, EX("step %d", "第 %d 步"), s + 1);
        ex_svg_text(page, s * WIDE + WIDE / 2, 20, "middle", 15, "font-weight=\"bold\"", title);
        for (int pass = 0; pass < 2; pass++)              /* edges, then units on top of them */
            for (int k = 0; k < 3; k++)
                for (int i = 0; i < size[k]; i++) {
                    const double x = s * WIDE + 40 + 80 * k, y = 30 + TALL * (i + 0.5) / size[k];
                    const bool off = k == 1 && kept[i] == 0;
                    for (int j = 0; pass == 0 && k < 2 && j < size[k + 1]; j++)
                        if (!off && !(k == 0 && kept[j] == 0))
                            fprintf(page->f, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#333\"/>\n",
                                    x, y, x + 80, 30 + TALL * (j + 0.5) / size[k + 1]);
                    if (pass)
                        fprintf(page->f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"15\" fill=\"%s\" "
                                "stroke=\"%s\" stroke-dasharray=\"%s\"/>\n", x, y,
                                off ? "#fff" : "#cfe3f1", off ? "#999" : "#333",
                                off ? "3 3" : "none");
                }
    }
    ex_svg_end(page);
}

static void show(const watch w[2], double rate, const ex_options *o, ex_page *page) {
    const int last = o->epochs - 1;
    ex_axes axes = {EX("Accuracy in evaluation mode", "评估模式下的准确率"), EX("epoch", "轮"),
                    EX("accuracy, %", "准确率（%）"), 0, 0, 0, 0, false};
    ex_axes loss_axes = {EX("Test loss", "测试损失"), EX("epoch", "轮"), EX("loss", "损失"), 0, 0, 0, 0,
                         false};
    const ex_curve c[4] = {
        {EX("no dropout, training", "不丢弃，训练"), NULL, w[0].train_accuracy, o->epochs},
        {EX("no dropout, test", "不丢弃，测试"), NULL, w[0].test_accuracy, o->epochs},
        {EX("dropout, training", "丢弃，训练"), NULL, w[1].train_accuracy, o->epochs},
        {EX("dropout, test", "丢弃，测试"), NULL, w[1].test_accuracy, o->epochs}};
    const ex_curve loss[2] = {{EX("no dropout", "不丢弃"), NULL, w[0].test_loss, o->epochs},
                              {EX("dropout", "丢弃"), NULL, w[1].test_loss, o->epochs}};
    ex_page_formula(page, EX("training: yᵢ = mᵢ xᵢ / (1 − p),   test: yᵢ = xᵢ",
                             "训练：yᵢ = mᵢ xᵢ / (1 − p)，  测试：yᵢ = xᵢ"));
    show_thin(page);
    ex_page_text(page, 0, EX("Dashed: missing in this step. Their edges carry nothing, forwards or "
                             "backwards.", "虚线：这一步缺席的单元。它们的边向前向后都不传东西。"));
    ex_page_figure(page, o->limit ? "08-few" : "08-gap",
                   EX("Training and test accuracy after each epoch, with dropout and without",
                      "每轮之后的训练与测试准确率，有丢弃与没有丢弃"));
    ex_page_plot(page, axes, c, 4);
    ex_page_figure(page, o->limit ? "08-few-loss" : "08-loss",
                   EX("Test loss after each epoch, with dropout and without",
                      "每轮之后的测试损失，有丢弃与没有丢弃"));
    loss_axes.y1 = w[0].test_loss[0];
    for (int i = 0; i < 2 * o->epochs; i++)              /* the beginning is steep: cut it off    */
        loss_axes.y1 = fmin(loss_axes.y1, w[i % 2].test_loss[i / 2]);
    loss_axes.y0 = 0.9 * loss_axes.y1;
    loss_axes.y1 *= 1.8;
    ex_page_plot(page, loss_axes, loss, 2);
    ex_show_text(page, o->quiet, 2, EX("After %d epochs, p = %g", "%d 轮之后，p = %g"),
                 o->epochs, rate);
    ex_page_table(page, true);
    ex_show_row(page, o->quiet, true, EX("dropout|training|test|gap|test loss",
                                         "丢弃|训练|测试|差距|测试损失"));
    for (int k = 0; k < 2; k++)
        ex_show_row(page, o->quiet, false, "%s|%.2f %%|%.2f %%|%.2f|%.4f",
                    k ? EX("with", "有") : EX("without", "没有"), w[k].train_accuracy[last],
                    w[k].test_accuracy[last], w[k].gap, w[k].test_loss[last]);
    ex_page_table(page, false);
    ex_show_now_you(page, o->quiet,
                    EX("few images and many epochs make the gap wide: --limit 1000 --epochs 30. "
                       "Then --rate 0.5 and --rate 0.9 as well. Which rate has the smallest gap, "
                       "and is it the best net?",
                       "图像少、轮数多，差距就大：--limit 1000 --epochs 30。再加 --rate 0.5 和 --rate 0.9。"
                       "哪个 p 的差距最小？它的网络最好吗？"),
                    EX("0.9, because it spoils the training accuracy: its test accuracy is below "
                       "that without dropout. The best is that of 0.5. A small gap is no aim by "
                       "itself.",
                       "0.9 的最小，因为它连训练准确率也拉低了：测试准确率比不丢弃还低。最好的是 0.5。"
                       "差距小本身不是目的。"));
}
