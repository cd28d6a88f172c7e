/* 10 - a convolutional net: S2's program, line for line, what its filters see, and its mistakes.

   S2 (section 5) builds conv 32 3x3 relu - maxpool 2x2 - flatten - dense 128 relu - dense 10
   softmax in Keras; its lines stand quoted beside ours. S2 writes x_train = ... for its data; we
   take MNIST, or with --data data/fashion-mnist pictures of clothes (data/fetch.sh brings them).
   Keras' images are [28,28,1], channels last; ours are [1,28,28], channels first.

       gcc -O2 examples/10_cnn.c -o cnn -lm && ./cnn                  (add -fopenmp for all cores)

   @F S1-3.3  Y[o,p,q] = b_o + sum_{c,u,v} X[c, p+u, q+v] K[o,c,u,v]     32 maps of 26 x 26
   @F S1-3.4  Z[o,p,q] = max_{u,v in 0,1} relu(Y)[o, 2p+u, 2q+v]         32 maps of 13 x 13

   A dense layer that makes 32 x 26 x 26 numbers of 784 needs 17 million weights. The convolution
   needs 32 x 9, because it looks for the same thing everywhere: most of the 693,962 parameters are
   in the dense layer behind it, (32 * 13 * 13 + 1) * 128.

   S2 validates on the test set. Looking at it is harmless; choosing by it (the epoch to stop at,
   the number of filters) is not: what was chosen by these 10,000 images is too good on them, and
   no third set is left to tell. To choose, put training images aside: see 12. */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { FILTERS = 32, TOLD = 10, WORST = 10 };

/* S2's program. Its x_train = ... and y_train = ... are what main has loaded. */
static dl_model *train_net(dl_ctx *dl, const ex_options *o, const dl_data *train,
                           const dl_data *test) {
    dl_model *net = dl_model_new(dl, dl_shape3(1, 28, 28));    /* model = tf.keras.Sequential([  */
    /*     layers.Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)),                */
    dl_model_add_conv2d(net, FILTERS, 3, DL_RELU);
    /*     layers.MaxPooling2D((2, 2)),                                                          */
    dl_model_add_max_pooling2d(net, 2);
    /*     layers.Flatten(),                                                                     */
    dl_model_add_flatten(net);
    /*     layers.Dense(128, activation='relu'),                                                 */
    dl_model_add_dense(net, 128, DL_RELU);
    /*     layers.Dense(10, activation='softmax')                                                */
    dl_model_add_dense(net, 10, DL_SOFTMAX);                   /* ])                             */

    /* model.compile(optimizer='adam', loss='sparse_categorical_crossentropy',                   */
    /*               metrics=['accuracy'])                                                       */
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    if (!o->quiet) dl_model_summary(net);

    /* model.fit(x_train, y_train, epochs=5, validation_data=(x_test, y_test))                   */
    dl_fit fit = dl_fit_default();
    fit.epochs = o->epochs;
    fit.batch_size = o->batch;
    fit.validation = test;                         /* as S2 does: watch it, choose nothing by it */
    fit.verbose = o->quiet ? 0 : 1;
    dl_model_fit(net, train, &fit);
    return net;
}

/* Behind main: the mistakes, the filters and the maps. */
static void show(dl_model *net, const dl_data *test, dl_metrics result, ex_page *page,
                 const ex_options *o);

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;
    o.batch = 32;                                  /* Keras' default                             */
    ex_parse(&o, argc, argv, EX("S2's program: conv 32 - maxpool - dense 128 - dense 10, Adam, on "
                                "MNIST; two minutes",
                                "S2 的程序：卷积 32 - 最大池化 - 全连接 128 - 全连接 10，Adam，MNIST；两分钟"),
             "data epochs batch limit seed threads html save quiet", NULL, 0);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN);   /* x_train = ...  y_train = ...               */
    dl_data *test = ex_mnist(dl, &o, DL_TEST);     /* x_test = ...   y_test = ...                */
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("A convolutional net and what it sees", "卷积神经网络看到了什么"));

    dl_model *net = train_net(dl, &o, train, test);
    dl_metrics result = dl_model_evaluate(net, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (o.save) dl_model_save_weights(net, o.save);
    if (!o.quiet) printf(EX("Test accuracy: %.4f\n", "测试准确率：%.4f\n"), result.accuracy);
    if (!o.quiet || o.html) show(net, test, result, &page, &o);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld", result.accuracy,
                  result.loss, ex_fit_seconds(net), (long long)dl_model_param_count(net));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* Square k of t [...,size,size] as a picture, its largest number made 1 or -1: faint ones show. */
static ex_image square(dl_tensor *t, int k) {
    const int size = (int)t->shape.dim[t->shape.rank - 1];
    dl_real *x = t->data + k * size * size;
    double largest = 1e-30;
    ex_image im = {x, size, size, ""};
    for (int i = 0; i < size * size; i++) largest = fmax(largest, fabs((double)x[i]));
    for (int i = 0; i < size * size; i++) x[i] = (dl_real)((double)x[i] / largest);
    snprintf(im.caption, sizeof im.caption, "%d", k);
    return im;
}

/* The 32 kernels, and what they make of one image: maps before and after pooling. */
static void show_maps(dl_model *net, const dl_data *test, ex_page *page, bool quiet) {
    dl_tensor *x = dl_data_sample(test, 0), *w = dl_model_param(net, 0);
    if (w == NULL || w->shape.rank != 4) return;            /* no convolution, no maps           */
    dl_pool two = dl_pool_default(2);
    dl_tensor *y = dl_relu(dl_conv2d(x, w, dl_model_param(net, 1), NULL));  /* the first layer   */
    dl_tensor *z = dl_max_pool2d(y, &two);                                  /* and the second    */
    dl_tensor *w4 = dl_upsample_nearest2d(w, 4, 4);         /* each weight 4 x 4 pixels, to see  */
    dl_tensor *mean = dl_global_avg_pool2d(z);              /* how much is in each map           */
    ex_image filter[FILTERS], map[FILTERS], pooled[FILTERS], told[2][TOLD];
    if (mean == NULL || w4 == NULL) return;
    for (int k = 0; k < FILTERS; k++) {
        filter[k] = square(w4, k);
        map[k] = square(y, k);
        pooled[k] = square(z, k);
    }
    for (int n = 0; n < TOLD; n++) {                   /* the maps with most in them, one by one */
        const int best = ex_argmax(mean->data, FILTERS);
        told[0][n] = filter[best];
        told[1][n] = pooled[best];
        mean->data[best] = -1;
    }
    if (!quiet) {
        printf(EX("\nThe %d filters with most to say about the first test image, 3 x 3 weights: "
                  "bright or\nfull above 0, grey or = about 0, dark or empty below.\n\n",
                  "\n对第一张测试图像反应最强的 %d 个卷积核，3 × 3 个权重：亮的或满的大于 0，灰的或 =\n"
                  "在 0 左右，暗的或空的小于 0。\n\n"), TOLD);
        ex_draw(told[0], TOLD, -1, 1);
        printf(EX("What they make of it, after ReLU and pooling, 13 x 13:\n\n",
                  "它们的特征图，ReLU 与池化之后，13 × 13：\n\n"));
        ex_draw(told[1], TOLD, 0, 1);
    }
    ex_page_text(page, 2, EX("The 32 filters, 3 x 3 weights each", "32 个卷积核，各有 3 × 3 个权重"));
    ex_page_text(page, 0, EX("Dark: ink here makes the output larger; light: smaller. Each picture "
                             "has its own scale.",
                             "深色：此处有墨，输出变大；浅色：变小。每幅图各自缩放。"));
    ex_page_figure(page, "10-filters", EX("The 32 learned filters as pictures",
                                          "学到的 32 个卷积核，画成图"));
    ex_page_images(page, filter, FILTERS, -1, 1, 5);
    ex_page_text(page, 2, EX("A seven, and its 32 maps after ReLU, 26 x 26",
                             "一个 7，与它的 32 幅特征图，ReLU 之后，26 × 26"));
    ex_page_figure(page, "10-maps", EX("32 feature maps of a seven, before pooling",
                                       "一个 7 的 32 幅特征图，池化之前"));
    ex_page_images(page, map, FILTERS, 0, 1, 2);
    ex_page_text(page, 2, EX("After max-pooling, 13 x 13", "最大池化之后，13 × 13"));
    ex_page_images(page, pooled, FILTERS, 0, 1, 4);
}

/* The mistakes it is most sure of; and how often it is right when it is so and so sure. */
static void show_mistakes(dl_model *net, const dl_data *test, ex_page *page, bool quiet) {
    static const double from[6] = {100, 99, 90, 70, 50, 0};          /* percent sure */
    const int classes = dl_data_classes(test);
    const dl_int count = dl_data_count(test);
    int said[5] = {0}, right[5] = {0};
    dl_int index[WORST];
    ex_image worst[WORST];
    const dl_tensor *y = dl_model_predict_data(net, test);
    if (y == NULL) return;
    const dl_real *p = y->data;
    const int n = ex_worst(test, p, index, WORST);
    for (int i = 0; i < n; i++) worst[i] = ex_digit(test, index[i], p + index[i] * classes);
    for (dl_int i = 0; i < count; i++) {
        const int best = ex_argmax(p + i * classes, classes);
        int k = 0;
        while (100 * (double)p[i * classes + best] < from[k + 1]) k++;
        said[k]++;
        right[k] += best == dl_data_labels(test)[i];
    }
    ex_show_text(page, quiet, 2, EX("Confident mistakes: what it said, how sure it was, what it is",
                                    "自信的错误：它的回答，有多大把握，实际是什么"));
    if (!quiet) printf("\n");
    if (!quiet) ex_draw(worst, n, 0, 1);
    ex_page_figure(page, "10-mistakes", EX("The ten mistakes the net was most sure of",
                                           "网络最自信的十个错误"));
    ex_page_images(page, worst, n, 0, 1, 4);
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("sure, %%|answers|wrong|right, %%",
                                      "把握（%%）|回答个数|答错|答对（%%）"));
    for (int k = 0; k < 5; k++)
        ex_show_row(page, quiet, false, "%g - %g|%d|%d|%.1f", from[k + 1], from[k], said[k],
                    said[k] - right[k], said[k] ? 100.0 * right[k] / said[k] : 0.0);
    ex_page_table(page, false);
}

/* Everything that is not S2's program. */
static void show(dl_model *net, const dl_data *test, dl_metrics result, ex_page *page,
                 const ex_options *o) {
    dl_ctx *dl = dl_data_ctx(test);
    const dl_mark mark = dl_tape_mark(dl);
    const bool was = dl_set_no_grad(dl, true);
    if (!o->quiet && strstr(o->data, "fashion"))
        printf(EX("0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, "
                  "7 sneaker, 8 bag, 9 boot\n",
                  "0 T 恤，1 裤子，2 套衫，3 连衣裙，4 外套，5 凉鞋，6 衬衫，7 运动鞋，8 包，9 靴子\n"));
    ex_page_formula(page, "Y[o,p,q] = b[o] + ∑ X[c, p+u, q+v] K[o,c,u,v]");
    ex_page_text(page, 0, EX("Test accuracy %.2f %%, test loss %.4f. The validation data here is "
                             "the test set, as in S2: to watch, not to choose by.",
                             "测试准确率 %.2f %%，测试损失 %.4f。与 S2 一样，这里用测试集作验证：只可观察，"
                             "不可据以选择。"), 100 * result.accuracy, result.loss);
    ex_page_figure(page, "10-curve", EX("Accuracy in training and in validation, after each epoch",
                                        "每轮之后的训练准确率与验证准确率"));
    ex_page_history(page, net);
    show_mistakes(net, test, page, o->quiet);
    show_maps(net, test, page, o->quiet);
    ex_show_now_you(page, o->quiet,
                    EX("leave the convolution and the pooling out. How many parameters remain, and "
                       "how many mistakes more does the net make?",
                       "去掉卷积与池化这两层。还剩多少参数？错误多了多少？"),
                    EX("(784 + 1) * 128 + (128 + 1) * 10 = 101,770. After five epochs about 230 of "
                       "10,000 test images are wrong, instead of about 160.",
                       "(784 + 1) × 128 + (128 + 1) × 10 = 101770。五轮之后，一万张测试图像里约 230 张答错，"
                       "原来约 160 张。"));
    dl_set_no_grad(dl, was);
    dl_tape_release(dl, mark);
}
