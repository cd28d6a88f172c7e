/* train.c - dl.h's side of make bench: training and inference, through the public functions alone.
   tests/bench/run.py starts it and writes one command a line:

       epoch S0 2 6000     train program S0 with 2 threads for an epoch of 6000 images: seconds
       test S0 2           accuracy on the test images so far
       free S0 2           forget that network
       predict S0 2 256    seconds for the outputs of 256 images

   By hand: echo epoch S0 1 6000 | build/bench_train */
#include "worker.h"
#define DL_IMPLEMENTATION
#include "../../dl.h"

static const char *const rows[8] = { "S0", "S1", "S3", "S2", "S4", "RNN", "LSTM", "GRU" };
enum { S0, S1, S3, S2, S4, RNN, LSTM, GRU, MAX_THREADS = 64 };
typedef struct run { dl_ctx *dl; dl_model *net; dl_data *train, *test; } run;
static run runs[8][MAX_THREADS + 1];

static dl_shape input_of(int row)
{
    return row >= RNN ? dl_shape2(28, 28)
           : row == S2 || row == S4 ? dl_shape3(1, 28, 28) : dl_shape1(784);
}

/* The networks of the five documents, and the three recurrent ones; PyTorch's twins are in
   torch_bench.py, ONNX Runtime's in ort_bench.py. */
static dl_model *network(dl_ctx *dl, int row)
{
    dl_model *m = dl_model_new(dl, input_of(row));
    dl_optim optimizer = dl_torch_adam(0.001);
    switch (row) {
    case S0:
        dl_model_add_dense(m, 512, DL_RELU);
        optimizer = dl_rmsprop(0.001);
        break;
    case S1: dl_model_add_dense(m, 128, DL_RELU); break;
    case S3: dl_model_add_dense(m, 500, DL_RELU); break;
    case S2:
        dl_model_add_conv2d(m, 32, 3, DL_RELU);
        dl_model_add_max_pooling2d(m, 2);
        dl_model_add_flatten(m);
        dl_model_add_dense(m, 128, DL_RELU);
        break;
    case S4:
        dl_model_add_conv2d(m, 32, 3, DL_RELU);
        dl_model_add_conv2d(m, 64, 3, DL_RELU);
        dl_model_add_max_pooling2d(m, 2);
        dl_model_add_dropout(m, 0.25);
        dl_model_add_flatten(m);
        dl_model_add_dense(m, 128, DL_RELU);
        dl_model_add_dropout(m, 0.5);
        optimizer = dl_torch_adadelta(1.0);
        break;
    case RNN:  dl_model_add_rnn(m, 128, false); break;
    case LSTM: dl_model_add_lstm(m, 128, false); break;
    default:   dl_model_add_gru(m, 128, false); break;
    }
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, optimizer);
    return m;
}

static double seconds_of_epoch(run *r, int row, int threads, int images)
{
    static const int batch[8] = { 128, 32, 100, 32, 128, 128, 128, 128 };
    dl_fit fit = dl_fit_default();
    double start;
    if (!r->dl) {
        r->dl = dl_new(1);
        dl_set_threads(r->dl, threads);
        r->train = dl_data_take(dl_mnist_load(r->dl, "data/mnist", DL_TRAIN), 0, images);
        r->test = dl_mnist_load(r->dl, "data/mnist", DL_TEST);
        r->net = network(r->dl, row);
    }
    fit.epochs = 1;
    fit.batch_size = batch[row];
    fit.verbose = 0;
    start = now();
    dl_model_fit(r->net, r->train, &fit);
    return dl_error(r->dl) ? NAN : now() - start;
}

/* One request: the images are in memory, the answer's first number is looked at. */
typedef struct request { dl_ctx *dl; dl_model *net; dl_tensor *x; float first; } request;
static void predict(void *argument)
{
    request *r = (request *)argument;
    r->first = dl_model_predict(r->net, r->x)->data[0];
    dl_tape_clear(r->dl);
}

static double seconds_of_predict(int row, int threads, int batch)
{
    request r;
    dl_shape in = input_of(row);
    double seconds = NAN;
    r.dl = dl_new(1);
    dl_set_threads(r.dl, threads);
    r.net = network(r.dl, row);
    r.x = dl_param(r.dl, dl_shape2(batch, dl_shape_size(in)), dl_init_uniform(0, 1));
    if (!dl_error(r.dl)) seconds = median_seconds(predict, &r);
    dl_free(r.dl);
    return seconds;
}

static double answer(const char *line)
{
    char what[16], name[16];
    int threads = 1, count = 6000, row = 0;
    run *r;
    if (sscanf(line, "%15s %15s %d %d", what, name, &threads, &count) < 2) return NAN;
    while (row < 8 && strcmp(rows[row], name) != 0) row++;
    if (row == 8 || threads < 1 || threads > MAX_THREADS || count < 1) return NAN;
    r = &runs[row][threads];
    if (strcmp(what, "epoch") == 0) return seconds_of_epoch(r, row, threads, count);
    if (strcmp(what, "predict") == 0) return seconds_of_predict(row, threads, count);
    if (strcmp(what, "test") == 0 && r->dl) return dl_model_evaluate(r->net, r->test).accuracy;
    if (strcmp(what, "free") == 0) {
        dl_free(r->dl);
        memset(r, 0, sizeof *r);
        return 0;
    }
    return NAN;
}

int main(void)
{
    dl_ctx *dl = dl_new(1);
    char about[256];
    snprintf(about, sizeof about, "%s", dl_info(dl));
    dl_free(dl);
    return answer_all(about, answer);
}
