/* 10 - a convolutional net: S2's program, line for line, and what its filters see.

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
   no third set is left to tell. To choose, split the training set: fit.validation_split, see 12. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { FILTERS = 32, TOLD = 10 };

/* Square number k of t [...,size,size] as a picture, divided by the largest of its numbers (without
   sign), so that faint ones can be seen. */
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
static void show_maps(dl_model *model, const dl_data *test, ex_page *page, bool quiet) {
    dl_ctx *dl = dl_data_ctx(test);
    dl_mark mark = dl_tape_mark(dl);
    bool was = dl_set_no_grad(dl, true);
    dl_tensor *x = dl_data_sample(test, 0), *w = dl_model_param(model, 0);
    dl_pool two = dl_pool_default(2);
    dl_tensor *y = dl_relu(dl_conv2d(x, w, dl_model_param(model, 1), NULL));  /* the first layer  */
    dl_tensor *z = dl_max_pool2d(y, &two);                                    /* and the second   */
    dl_tensor *w4 = dl_upsample_nearest2d(w, 4, 4);           /* each weight 4 x 4 pixels, to see */
    dl_tensor *mean = dl_global_avg_pool2d(z);                /* how much is in each map          */
    ex_image filter[FILTERS], map[FILTERS], pooled[FILTERS], told[2][TOLD], input;
    if (mean && w4) {
        for (int k = 0; k < FILTERS; k++)
            filter[k] = square(w4, k), map[k] = square(y, k), pooled[k] = square(z, k);
        for (int n = 0; n < TOLD; n++) {              /* the maps with most in them, one by one   */
            const int best = ex_argmax(mean->data, FILTERS);
            told[0][n] = filter[best], told[1][n] = pooled[best];
            mean->data[best] = -1;
        }
        if (!quiet) {
            printf("The %d filters with most to say about the first test image, 3 x 3 weights:\n"
                   "bright or full above 0, grey or = about 0, dark or empty below (all %d with\n"
                   "--html):\n\n", TOLD, FILTERS);
            ex_draw(told[0], TOLD, -1, 1);
            printf("What they make of the image, after ReLU and pooling, 13 x 13:\n\n");
            ex_draw(told[1], TOLD, 0, 1);
        }
        input = square(x, 0);
        snprintf(input.caption, sizeof input.caption, "input · 输入");
        ex_page_text(page, 2, "The 32 filters, 3 x 3 weights each · 32 个卷积核");
        ex_page_text(page, 0, "Dark: ink here makes the output larger; light: smaller. Each "
                     "picture has its own scale. · 深色：此处有墨则输出变大；浅色：变小。每幅图各自缩放。");
        ex_page_images(page, filter, FILTERS, -1, 1, 4);
        ex_page_text(page, 2, "An image and its 32 maps after ReLU, 26 x 26 · 一幅图像的 32 个特征图");
        ex_page_images(page, &input, 1, 0, 1, 3);
        ex_page_images(page, map, FILTERS, 0, 1, 4);
        ex_page_text(page, 2, "After max-pooling, 13 x 13 · 最大池化之后");
        ex_page_images(page, pooled, FILTERS, 0, 1, 8);
    }
    dl_set_no_grad(dl, was);
    dl_tape_release(dl, mark);
}

int main(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;
    o.batch = 32;                                  /* Keras' default                             */
    ex_parse(&o, argc, argv, "S2's program: conv 32 - maxpool - dense 128 - dense 10, Adam",
             "data epochs batch limit seed threads html save quiet", NULL, 0);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN);   /* x_train = ...  y_train = ...               */
    dl_data *test = ex_mnist(dl, &o, DL_TEST);     /* x_test = ...   y_test = ...                */
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "A convolutional net and what it sees · 卷积神经网络看到了什么");

    dl_model *model = dl_model_new(dl, dl_shape3(1, 28, 28));  /* model = tf.keras.Sequential([  */
    /*     layers.Conv2D(32, (3, 3), activation='relu', input_shape=(28, 28, 1)),                */
    dl_model_add_conv2d(model, FILTERS, 3, DL_RELU);
    /*     layers.MaxPooling2D((2, 2)),                                                          */
    dl_model_add_max_pooling2d(model, 2);
    /*     layers.Flatten(),                                                                     */
    dl_model_add_flatten(model);
    /*     layers.Dense(128, activation='relu'),                                                 */
    dl_model_add_dense(model, 128, DL_RELU);
    /*     layers.Dense(10, activation='softmax')                                                */
    dl_model_add_dense(model, 10, DL_SOFTMAX);                 /* ])                             */

    /* model.compile(optimizer='adam', loss='sparse_categorical_crossentropy',                   */
    /*               metrics=['accuracy'])                                                       */
    dl_model_compile(model, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    if (!o.quiet) dl_model_summary(model);

    /* model.fit(x_train, y_train, epochs=5, validation_data=(x_test, y_test))                   */
    dl_fit fit = dl_fit_default();
    fit.epochs = o.epochs;
    fit.batch_size = o.batch;
    fit.validation = test;                         /* as S2 does: watch it, choose nothing by it */
    fit.verbose = o.quiet ? 0 : 1;
    dl_model_fit(model, train, &fit);

    /* That was S2's program. */
    dl_metrics result = dl_model_evaluate(model, test);
    if (dl_error(dl)) return ex_end(dl, &o);
    if (o.save) dl_model_save_weights(model, o.save);
    if (!o.quiet) {
        printf("Test accuracy: %.4f\n", result.accuracy);
        if (strstr(o.data, "fashion"))
            printf("0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, "
                   "7 sneaker, 8 bag, 9 boot\n");
    }
    ex_page_text(&page, 0, "Test accuracy %.2f %%, test loss %.4f. · 测试准确率 %.2f %%，测试损失 %.4f。",
                 100 * result.accuracy, result.loss, 100 * result.accuracy, result.loss);
    ex_page_text(&page, 0, "The validation data here is the test set, as in S2: to watch, not to "
                 "choose by. · 与 S2 一样，这里用测试集作验证：只可观察，不可据以选择。");
    ex_page_history(&page, model);
    ex_show_predictions(model, test, &page, o.quiet);
    show_maps(model, test, &page, o.quiet);
    if (!o.quiet)
        printf("Now you: leave the convolution and the pooling out. How many parameters remain,\n"
               "and what is the test accuracy? Then try --data data/fashion-mnist.\n\n");
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%lld", result.accuracy,
                  result.loss, ex_fit_seconds(model), (long long)dl_model_param_count(model));
    return ex_end(dl, &o);
}
