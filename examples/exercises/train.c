/* train.c - the learner's kernel trains MNIST. Compiled as one with the learner's file and the
   description of the exercise, whose TRAINS says which kernel is replaced, and linked with dl.h:

       train zh|en NET DIRECTORY        the directory holds the four files of (some of) MNIST

   The same net is trained twice from the same seed, by dl.h's kernels and by the learner's. What is
   shown is a score and no verdict. */
#include "dl.h"
#include "../example.h"

const char *variant_row = "";

/* The nets, with the optimizers that somebody may want to replace. */
static dl_model *train_net(dl_ctx *dl, const char *net) {
    const bool rows = strcmp(net, "rnn") == 0 || strcmp(net, "lstm") == 0 || strcmp(net,
                                                                                    "gru") == 0;
    const bool cnn = strcmp(net, "cnn") == 0;
    dl_model *m = dl_model_new(dl, cnn ? dl_shape3(1, 28, 28) : rows ? dl_shape2(28, 28)
                                                                     : dl_shape1(28 * 28));
    if (cnn) {
        dl_model_add_conv2d(m, 8, 3, DL_RELU);
        dl_model_add_max_pooling2d(m, 2);
        dl_model_add_flatten(m);
    } else if (strcmp(net, "rnn") == 0) dl_model_add_rnn(m, 32, false);
    else if (strcmp(net, "lstm") == 0) dl_model_add_lstm(m, 32, false);
    else if (strcmp(net, "gru") == 0) dl_model_add_gru(m, 32, false);
    else dl_model_add_dense(m, 64, strcmp(net, "sigmoid") == 0 ? DL_SIGMOID
                                   : strcmp(net, "tanh") == 0 ? DL_TANH : DL_RELU);
    if (strcmp(net, "dropout") == 0) dl_model_add_dropout(m, 0.2);
    if (strcmp(net, "batch_norm") == 0) dl_model_add_batch_normalization(m);
    if (strcmp(net, "layer_norm") == 0) dl_model_add_layer_normalization(m);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    const dl_optim how = strcmp(net, "sgd") == 0 ? dl_sgd(0.1)
                       : strcmp(net, "momentum") == 0 ? dl_momentum(0.05, 0.9)
                       : strcmp(net, "adagrad") == 0 ? dl_adagrad(0.02)
                       : strcmp(net, "adadelta") == 0 ? dl_adadelta(1.0)
                       : strcmp(net, "rmsprop") == 0 ? dl_rmsprop(0.002) : dl_adam(0.003);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, how);
    return m;
}

typedef struct train_result { double accuracy, seconds; } train_result;
/* Train it, with the learner's kernel or without. digits: draw what it reads then. */
static train_result train_run(dl_ctx *dl, const char *net, bool theirs, int digits,
                              const char *mnist) {
    dl_data *train = dl_mnist_load(dl, mnist, DL_TRAIN), *test = dl_mnist_load(dl, mnist, DL_TEST);
    dl_kernel_table_reset(dl);
    if (theirs) train_put(dl_kernel_table(dl));
    dl_model *m = train_net(dl, net);
    dl_fit fit = dl_fit_default();
    fit.epochs = 3;
    fit.batch_size = 32;
    fit.verbose = 0;
    const double start = ex_seconds();
    dl_model_fit(m, train, &fit);
    train_result r;
    r.seconds = ex_seconds() - start;
    r.accuracy = dl_model_evaluate(m, test).accuracy;
    const dl_data *some = digits > 0 ? dl_data_take(test, 0, digits) : NULL;
    const dl_tensor *p = some ? dl_model_predict_data(m, some) : NULL;
    if (p) {
        ex_image image[100];
        printf(EX("\n  Digits that it has never seen, read by your code:\n\n",
                  "\n  它从没见过的数字，由你的代码来认：\n\n"));
        for (int i = 0; i < digits; i++) image[i] = ex_digit(some, i, p->data + 10 * i);
        ex_draw(image, digits, 0, 1);
    }
    return r;
}

int main(int argc, char **argv) {
    if (argc != 4) return 3;
    ex_chinese = strcmp(argv[1], "zh") == 0;
    ex_console_utf8();
    dl_ctx *dl = dl_new(42), *dl2 = dl_new(42);
    printf(EX("\n  Your code trains MNIST (%s, 2000 images, 3 epochs) ...\n",
              "\n  你的代码在训练 MNIST（%s，2000 张图，3 轮）……\n"), argv[2]);
    fflush(stdout);
    const train_result ours = train_run(dl, argv[2], false, 0, argv[3]);
    const train_result theirs = train_run(dl2, argv[2], true, 5, argv[3]);
    if (dl_error(dl) != DL_OK || dl_error(dl2) != DL_OK) return 3;
    printf(EX("                 test accuracy   seconds\n  dl.h           %12.1f%%  %8.2f\n"
              "  your kernel    %12.1f%%  %8.2f   (%.1f times the time: normal for plain loops)\n",
              "                 测试准确率      秒\n  dl.h           %11.1f%%  %8.2f\n"
              "  你的内核       %11.1f%%  %8.2f   （用时是 %.1f 倍；朴素的循环，这很正常）\n"),
           100 * ours.accuracy, ours.seconds, 100 * theirs.accuracy, theirs.seconds,
           theirs.seconds / ours.seconds);
    dl_free(dl);
    dl_free(dl2);
    return 0;
}
