/* memory.c - panel 5: what recurrent nets remember (chapter 13): gradients over time, and the
   forecast of a monthly series. */

enum { MEMORY_BACK = 60, MEMORY_WINDOW = 12, MEMORY_MONTHS = 144, MEMORY_TEST = 24,
       MEMORY_SAMPLES = MEMORY_MONTHS - 2 * MEMORY_WINDOW };

static struct {
    dl_ctx    *dl;
    dl_model  *net;
    dl_loader *batches;
    dl_real    in[MEMORY_SAMPLES][MEMORY_WINDOW], out[MEMORY_SAMPLES];
    float      month[MEMORY_MONTHS], said[MEMORY_SAMPLES], norm[MEMORY_BACK];
} memory;

/* |dL/dx| at the input t = 0 .. 59 steps back, where L is the sum of the last state of a random net
   with H units: kind 0 RNN, 1 LSTM, 2 GRU; its recurrent weights multiplied by scale. */
FOR_PAGE(memory_gradient) const float *memory_gradient(int kind, double scale, double forget,
                                                       int seed)
{
    const dl_recurrent_kind kinds[3] = {DL_RNN_TANH, DL_LSTM, DL_GRU};
    enum { D = 8, H = 32 };
    dl_ctx *dl = play_begin(NULL, seed);
    dl_tensor *w[4], *x = dl_randn(dl, dl_shape3(1, MEMORY_BACK, D)), *h = NULL;
    memset(memory.norm, 0, sizeof memory.norm);
    if (dl_recurrent_init(dl, w, kinds[kind], D, H, NULL)) {
        for (dl_int i = 0; i < w[1]->size; i++) w[1]->data[i] *= (dl_real)scale;
        for (int i = H; kind > 0 && i < 2 * H; i++) w[2]->data[i] += (dl_real)forget;
        dl_set_requires_grad(x, true);
        h = kind == 0 ? dl_rnn(x, w, DL_NONE, NULL).h : kind == 1
                      ? dl_lstm(x, w, DL_NONE, DL_NONE, NULL).h : dl_gru(x, w, DL_NONE, NULL).h;
        dl_backward(dl_sum(h));
    }
    for (int t = 0; h && x->grad && t < MEMORY_BACK; t++) {
        double s = 0;
        for (int i = 0; i < D; i++) {
            const double g = (double)x->grad[(MEMORY_BACK - 1 - t) * D + i];
            s += g * g;
        }
        memory.norm[t] = (float)sqrt(s);
    }
    dl_free(dl);
    return memory.norm;
}

/* A new net of units (kind as above) for a series of 144 months. It learns the growth since the
   year before, y_t = 10 (log x_t - log x_{t-12}), from the last 12; the last 24 months are for
   testing. */
FOR_PAGE(memory_begin) int memory_begin(const float *month, int kind, int units, double rate,
                                        int seed)
{
    memory.dl = play_begin(memory.dl, seed);
    memcpy(memory.month, month, sizeof memory.month);
    for (int s = 0; s < MEMORY_SAMPLES; s++)
        for (int t = 0; t <= MEMORY_WINDOW; t++) {
            const double y = 10 * (log((double)month[s + 12 + t]) - log((double)month[s + t]));
            *(t < MEMORY_WINDOW ? &memory.in[s][t] : &memory.out[s]) = (dl_real)y;
        }
    memory.net = dl_model_new(memory.dl, dl_shape2(MEMORY_WINDOW, 1));
    if (kind == 0) dl_model_add_rnn(memory.net, units, false);
    if (kind == 1) dl_model_add_lstm(memory.net, units, false);
    if (kind == 2) dl_model_add_gru(memory.net, units, false);
    dl_model_add_dense(memory.net, 1, DL_LINEAR);
    dl_data *d = dl_data_from_targets(memory.dl, memory.in[0], MEMORY_SAMPLES - MEMORY_TEST,
                                      dl_shape2(MEMORY_WINDOW, 1), memory.out, dl_shape1(1));
    memory.batches = dl_loader_new(d, 16, true);
    return memory.batches && dl_model_compile(memory.net, DL_MSE, dl_adam(rate));
}

FOR_PAGE(memory_train) double memory_train(int updates)
{
    double loss = NAN;
    for (int i = 0; i < updates; i++) {
        dl_batch b;
        if (!dl_loader_next(memory.batches, &b) && !dl_loader_next(memory.batches, &b)) return NAN;
        loss = dl_model_train_batch(memory.net, &b).loss;
        dl_tape_clear(memory.dl);
    }
    return loss;
}

/* The forecast, one month ahead, of months 24 .. 143, in passengers. */
FOR_PAGE(memory_forecast) const float *memory_forecast(void)
{
    dl_tensor *x = dl_from(memory.dl, dl_shape3(MEMORY_SAMPLES, MEMORY_WINDOW, 1), memory.in[0]);
    dl_tensor *y = dl_model_predict(memory.net, x);
    for (int s = 0; y && s < MEMORY_SAMPLES; s++)
        memory.said[s] = (float)((double)memory.month[s + 12] * exp((double)y->data[s] / 10));
    dl_tape_clear(memory.dl);
    return memory.said;
}
