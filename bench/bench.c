/* bench.c - what dl.h takes for an epoch. bench/run.py starts it, writes one command a line to it
   and reads one answer a line, so that it and PyTorch can take turns:

       epoch S0 2 6000     train program S0 with 2 threads for an epoch of 6000 images: seconds
       test S0 2           accuracy on the test images so far
       free S0 2           forget that network
       peak 2              GFLOP/s of 2 threads that only multiply, on data in their first cache
       op                  nanoseconds that one operation on the tape costs, forward and backward

   With BENCH_CPU set, seconds are CPU time: all that can be compared on a busy machine.

   By hand: echo epoch S0 1 6000 | build/bench */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const rows[8] = { "S0", "S1", "S3", "S2", "S4", "RNN", "LSTM", "GRU" };
enum { S0, S1, S3, S2, S4, RNN, LSTM, GRU, MAX_THREADS = 64 };
typedef struct run { dl_ctx *dl; dl_model *net; dl_data *train, *test; int images; } run;
static run runs[8][MAX_THREADS + 1];

/* The networks of the five documents, and the three recurrent ones; PyTorch's twins are in
   torch_bench.py. */
static dl_model *network(dl_ctx *dl, int row)
{
    dl_model *m = dl_model_new(dl, row >= RNN ? dl_shape2(28, 28)
                                  : row == S2 || row == S4 ? dl_shape3(1, 28, 28) : dl_shape1(784));
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

static double seconds_now(void)
{
    return getenv("BENCH_CPU") ? (double)clock() / CLOCKS_PER_SEC : dli_now();
}

static double seconds_of_epoch(run *r, int row, int threads, int images)
{
    static const int batch[8] = { 128, 32, 100, 32, 128, 128, 128, 128 };
    dl_fit fit = dl_fit_default();
    double start;
    if (!r->dl) {
        dl_data *all;
        r->dl = dl_new(1);
        dl_set_threads(r->dl, threads);
        all = dl_mnist_load(r->dl, "data/mnist", DL_TRAIN);
        r->train = dl_data_take(all, 0, images);
        r->test = dl_mnist_load(r->dl, "data/mnist", DL_TEST);
        r->net = network(r->dl, row);
    }
    fit.epochs = 1;
    fit.batch_size = batch[row];
    fit.verbose = 0;
    start = seconds_now();
    dl_model_fit(r->net, r->train, &fit);
    return dl_error(r->dl) ? NAN : seconds_now() - start;
}

/* The best of many short runs: what this CPU can do at most, with its neighbours as they are. */
static double peak(int threads)
{
    double best = 0;
#if DLI_FAST
    const dli_fast *f = dli_fast_pick();
    const dl_int k = 256, again = 200;
    float *memory = (float *)calloc((size_t)threads, 32768 * sizeof(float));
    for (int trial = 0; memory && trial < 50; trial++) {
        double seconds = dli_now(), speed;
        int t;
        DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
        for (t = 0; t < threads; t++) {
            float *a = memory + 32768 * t, *b = a + k * f->mr, *c = b + k * f->nr;
            for (dl_int i = 0; i < again; i++) f->tile(c, f->nr, 0, k, a, b);
        }
        seconds = dli_now() - seconds;
        speed = 2e-9 * (double)(f->mr * f->nr * k * again * threads) / seconds;
        if (speed > best) best = speed;
    }
    free(memory);
#else
    (void)threads;
#endif
    return best;
}

/* A chain of additions of two numbers: all that they cost is the tape. */
static double nanoseconds_per_op(void)
{
    enum { CHAIN = 1000, AGAIN = 200 };
    dl_ctx *dl = dl_new(1);
    dl_tensor *p = dl_param(dl, dl_shape1(2), dl_init_zeros());
    double best = INFINITY;
    for (int trial = 0; trial < AGAIN; trial++) {
        double seconds = dli_now();
        dl_tensor *y = p;
        for (int i = 0; i < CHAIN; i++) y = dl_add(y, p);
        dl_backward(dl_sum(y));
        dl_tape_clear(dl);
        seconds = dli_now() - seconds;
        if (seconds < best) best = seconds;
    }
    dl_free(dl);
    return best / CHAIN * 1e9;
}

int main(void)
{
    char line[128], what[16], name[16];
    while (fgets(line, sizeof line, stdin)) {
        int threads = 1, images = 6000, row;
        double answer = NAN;
        if (sscanf(line, "%15s %15s", what, name) < 1) continue;
        if (strcmp(what, "peak") == 0) answer = peak(atoi(name));
        else if (strcmp(what, "op") == 0) answer = nanoseconds_per_op();
        else if (sscanf(line, "%15s %15s %d %d", what, name, &threads, &images) >= 2 &&
                 threads >= 1 && threads <= MAX_THREADS) {
            for (row = 0; row < 8 && strcmp(rows[row], name) != 0; row++) {}
            if (row < 8) {
                run *r = &runs[row][threads];
                if (strcmp(what, "epoch") == 0) answer = seconds_of_epoch(r, row, threads, images);
                if (strcmp(what, "test") == 0 && r->dl)
                    answer = dl_model_evaluate(r->net, r->test).accuracy;
                if (strcmp(what, "free") == 0) {
                    dl_free(r->dl);
                    memset(r, 0, sizeof *r);
                    answer = 0;
                }
            }
        }
        printf("%.9g\n", answer);
        fflush(stdout);
    }
    return 0;
}
