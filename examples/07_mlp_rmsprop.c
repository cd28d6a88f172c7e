/* 07 - handwritten digits with the model API: S0's program, line for line.

   S0 (项目实践) builds 784 - 512 relu - 10 softmax in Keras and trains it with RMSprop. Its lines
   stand quoted beside ours. S0 leaves out loading the images; we load them: 28 x 28 bytes, scaled
   to 0 .. 1 and flattened to 784 numbers.

       gcc -O2 examples/07_mlp_rmsprop.c -o mlp -lm && ./mlp          (add -fopenmp for all cores)

   @F S0-4.1  y = f(W x + b), twice: f = ReLU, then softmax: y_c = e^{z_c} / sum_k e^{z_k}
   @F S0-5    loss  L = -1/N sum_i log y_{i, label_i}                 (sparse cross-entropy)
   @F S0-4.3  RMSprop:  a = .9 a + .1 g^2,  W = W - .001 g / sqrt(a + 1e-7),  g = dL/dW         */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* Behind main: the curve, ten digits, the worst mistakes, the weights. */
static void show(dl_model *net, const dl_data *test, dl_metrics result, ex_page *page, bool quiet);

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;
    o.batch = 128;
    ex_parse(&o, argc, argv, EX("S0's program: 784 - 512 relu - 10 softmax, RMSprop, on MNIST; 20 "
                                "seconds", "S0 的程序：784 - 512 relu - 10 softmax，RMSprop，MNIST；20 秒"),
             "data epochs batch limit seed threads html save quiet", NULL, 0);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN);  /* train_images, train_labels                  */
    dl_data *test = ex_mnist(dl, &o, DL_TEST);    /* test_images, test_labels                    */
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Handwritten digits with an MLP", "用多层感知机识别手写数字"));

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
    if (!o.quiet) printf(EX("Test accuracy: %.4f\n", "测试准确率：%.4f\n"), result.accuracy);

    /* That was S0's program. */
    if (o.save) dl_model_save_weights(net, o.save);
    show(net, test, result, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld", result.accuracy,
                  result.loss, ex_fit_seconds(net), (long long)dl_model_param_count(net));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* The 512 rows of W are 28 x 28 pictures: what each hidden unit looks for. */
static void show_units(dl_model *net, ex_page *page) {
    enum { SHOWN = 24 };
    dl_tensor *w = dl_model_param(net, 0);
    ex_image im[SHOWN];
    double largest = 0;
    if (w == NULL || page->f == NULL) return;
    const int units = w->shape.dim[0] < SHOWN ? (int)w->shape.dim[0] : SHOWN;
    for (int i = 0; i < units; i++) {
        im[i] = ex_image_of(w->data + i * 784, 28, 28, "");
        snprintf(im[i].caption, sizeof im[i].caption, EX("unit %d", "单元 %d"), i);
        for (int j = 0; j < 784; j++) largest = fmax(largest, fabs((double)im[i].pixel[j]));
    }
    ex_page_text(page, 2, EX("What hidden units look for", "隐藏单元在寻找什么"));
    ex_page_text(page, 0, EX("Each picture is a row of W, 784 weights. Dark: ink here excites the "
                             "unit; light: ink here calms it.",
                             "每幅图是 W 的一行，784 个权重。深色：此处有墨，单元兴奋；浅色：此处有墨，单元安静。"));
    ex_page_figure(page, "07-units", EX("The weights of 24 hidden units as pictures",
                                        "24 个隐藏单元的权重，画成图"));
    ex_page_images(page, im, units, -largest / 2, largest / 2, 3);
}

/* Everything that is not S0's program: the curve, ten digits, the worst mistakes, the weights. */
static void show(dl_model *net, const dl_data *test, dl_metrics result, ex_page *page, bool quiet) {
    ex_page_formula(page, "a = ReLU(W1 x + b1),   y = softmax(W2 a + b2)");
    ex_page_text(page, 0, EX("Test accuracy %.2f %%, test loss %.4f.",
                             "测试准确率 %.2f %%，测试损失 %.4f。"), 100 * result.accuracy, result.loss);
    ex_page_figure(page, "07-curve", EX("Training accuracy after each epoch", "每轮之后的训练准确率"));
    ex_page_history(page, net);
    ex_show_predictions(net, test, page, quiet);
    show_units(net, page);
    ex_show_now_you(page, quiet,
                    EX("change 512 to 32 in examples/07_mlp_rmsprop.c and run again. What do the "
                       "other 480 units buy, and what do they cost?",
                       "把 examples/07_mlp_rmsprop.c 里的 512 改成 32，再运行。"
                       "另外 480 个单元换来什么，代价是什么？"),
                    EX("About three points of test accuracy, for sixteen times the parameters "
                       "(25,450 and 407,050).",
                       "大约 3 个百分点的测试准确率，参数是十六倍（25450 与 407050）。"));
}
