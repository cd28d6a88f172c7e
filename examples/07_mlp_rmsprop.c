/* 07 - handwritten digits with the model API: S0's program, line for line.

   S0 (项目实践) builds 784 - 512 relu - 10 softmax in Keras and trains it with RMSprop. Its lines
   stand quoted beside ours. S0 leaves out loading the images; we load them: 28 x 28 bytes, scaled
   to 0 .. 1 and flattened to 784 numbers.

       gcc -O2 examples/07_mlp_rmsprop.c -o mlp -lm && ./mlp          (add -fopenmp for all cores)

   @F S0-4.1  y = f(W x + b), twice: f = ReLU, then softmax: y_c = e^{z_c} / sum_k e^{z_k}
   @F S0-5    loss  L = -1/N sum_i log y_{i, label_i}                 (sparse cross-entropy)
   @F S0-4.3  RMSprop:  a = .9 a + .1 g^2,  W = W - .001 g / sqrt(a + 1e-7),  g = dL/dW         */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

/* The 512 rows of W are 28 x 28 pictures: what each hidden unit looks for. And the curve. */
static void write_page(ex_page *page, dl_model *net, const ex_image *digit, int digits,
                       const ex_image *worst, int worsts, dl_metrics test) {
    enum { SHOWN = 24 };
    dl_tensor *w = dl_model_param(net, 0);
    int n = 0, units = w ? (int)w->shape.dim[0] : 0;
    const dl_epoch *history = dl_model_history(net, &n);
    double *accuracy = (double *)malloc(2 * (size_t)(n + 1) * sizeof(double));
    double *flat = accuracy ? accuracy + n : NULL, largest = 0;
    ex_curve curve[2];
    ex_axes axes;
    ex_image im[SHOWN];
    if (accuracy == NULL || w == NULL) { free(accuracy); return; }

    ex_page_text(page, 0, "Test accuracy %.2f %%, test loss %.4f. · 测试准确率 %.2f %%，测试损失 %.4f。",
                 100 * test.accuracy, test.loss, 100 * test.accuracy, test.loss);
    ex_page_text(page, 2, "Learning curve · 学习曲线");
    for (int i = 0; i < n; i++) {
        accuracy[i] = 100 * history[i].accuracy;
        flat[i] = 100 * test.accuracy;
    }
    memset(&axes, 0, sizeof axes);
    axes.title = "Accuracy after each epoch · 每轮之后的准确率";
    axes.x_label = "epoch · 轮";
    axes.y_label = "accuracy, % · 准确率";
    curve[0].name = "training · 训练";
    curve[0].x = NULL, curve[0].y = accuracy, curve[0].n = n;
    curve[1].name = "test, at the end · 测试";
    curve[1].x = NULL, curve[1].y = flat, curve[1].n = n;
    ex_page_plot(page, axes, curve, 2);

    ex_page_text(page, 2, "Ten test digits and what the net says · 十个测试数字与网络的回答");
    ex_page_images(page, digit, digits, 0, 1, 3);
    ex_page_text(page, 2, "The worst mistakes: sure, and wrong · 最严重的错误：自信却答错");
    ex_page_images(page, worst, worsts, 0, 1, 3);

    ex_page_text(page, 2, "What hidden units look for · 隐藏单元在寻找什么");
    ex_page_text(page, 0, "Each picture is a row of W, 784 weights. Dark: ink here excites the "
                 "unit; light: ink here calms it. · 每幅图是 W 的一行（784 个权重）。深色：此处有墨则激发该单元；"
                 "浅色：此处有墨则抑制它。");
    for (int i = 0; i < SHOWN && i < units; i++) {
        im[i].pixel = w->data + i * 784;
        im[i].height = im[i].width = 28;
        snprintf(im[i].caption, sizeof im[i].caption, "unit %d", i);
    }
    for (int i = 0; i < SHOWN && i < units; i++)
        for (int j = 0; j < 784; j++) largest = fmax(largest, fabs((double)im[i].pixel[j]));
    ex_page_images(page, im, units < SHOWN ? units : SHOWN, -largest / 2, largest / 2, 3);
    free(accuracy);
}

/* What did it learn? Ten digits, then the mistakes it was surest of. */
static void show(dl_model *net, const dl_data *test, dl_metrics result, ex_page *page, bool quiet) {
    enum { DIGITS = 10, WORST = 5 };
    ex_image digit[DIGITS], worst[WORST];
    dl_int index[WORST];
    int worsts, digits = dl_data_count(test) < DIGITS ? (int)dl_data_count(test) : DIGITS;
    dl_real *p = (dl_real *)malloc((size_t)dl_data_count(test) * 10 * sizeof *p);
    if (p && ex_predict(net, test, p)) {
        for (int i = 0; i < digits; i++) digit[i] = ex_digit(test, i, p + 10 * i);
        worsts = ex_worst(test, p, index, WORST);
        for (int i = 0; i < worsts; i++) worst[i] = ex_digit(test, index[i], p + 10 * index[i]);
        if (!quiet) {
            printf("\nTen test digits, what the net says, and how sure it is:\n\n");
            ex_draw(digit, digits, 0, 1);
            printf("The worst mistakes: what it said, how sure it was, what it is:\n\n");
            ex_draw(worst, worsts, 0, 1);
            printf("Now you: change 512 to 32 in examples/07_mlp_rmsprop.c and run again.\n"
                   "What do the other 480 units buy, and what do they cost?\n\n");
        }
        if (page->f) write_page(page, net, digit, digits, worst, worsts, result);
    }
    free(p);
}

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;
    o.batch = 128;
    ex_parse(&o, argc, argv, "S0's program: 784 - 512 relu - 10 softmax, RMSprop, on MNIST",
             "data epochs batch limit seed threads html save quiet", NULL, 0);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN);  /* train_images, train_labels                  */
    dl_data *test = ex_mnist(dl, &o, DL_TEST);    /* test_images, test_labels                    */
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "Handwritten digits with an MLP · 用多层感知机识别手写数字");

    /* 定义神经网络结构: define the structure of the network                                     */
    /* model = models.Sequential()                                                               */
    dl_model *net = dl_model_new(dl, dl_shape1(28 * 28));
    /* model.add(layers.Dense(512, activation='relu', input_shape=(28 * 28,)))                   */
    dl_model_add_dense(net, 512, DL_RELU);
    /* model.add(layers.Dense(10, activation='softmax'))                                         */
    dl_model_add_dense(net, 10, DL_SOFTMAX);

    /* 编译模型: compile the model                                                               */
    /* model.compile(optimizer='rmsprop', loss='sparse_categorical_crossentropy',                */
    /*               metrics=['accuracy'])                                                       */
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_rmsprop(0.001));
    if (!o.quiet) dl_model_summary(net);

    /* 训练模型: train the model                                                                 */
    /* model.fit(train_images, train_labels, epochs=5, batch_size=128)                           */
    dl_fit fit = dl_fit_default();
    fit.epochs = o.epochs;
    fit.batch_size = o.batch;
    fit.verbose = o.quiet ? 0 : 1;
    dl_model_fit(net, train, &fit);

    /* 评估模型: evaluate the model                                                              */
    /* test_loss, test_acc = model.evaluate(test_images, test_labels)                            */
    dl_metrics result = dl_model_evaluate(net, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    /* print('Test accuracy:', test_acc)                                                         */
    if (!o.quiet) printf("Test accuracy: %.4f\n", result.accuracy);

    /* That was S0's program. */
    if (o.save) dl_model_save_weights(net, o.save);
    show(net, test, result, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld", result.accuracy,
                  result.loss, ex_fit_seconds(net), (long long)dl_model_param_count(net));
    return ex_end(dl, &o);
}
