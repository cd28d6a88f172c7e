/* nets.h - nets with every kind of layer of floor 3, and those of the documents, for tests of what
   writes whole nets: export.c, onnx.c. Each has a net_own besides, with a layer of its own. */
#ifndef DL_NETS_H
#define DL_NETS_H

/* ---- nets, one for each kind of layer, and those of the documents ---- */

/* Weights a trained net could have: biases and statistics that are not 0 and 1. */
static void shake(dl_model *m)
{
    for (int i = 0; i < dl_model_layer_count(m); i++) {
        const dl_layer *l = dl_model_layer(m, i);
        for (int k = 0; k < l->params + l->states && !l->shared; k++) {
            dl_tensor *t = k < l->params ? l->param[k] : l->state[k - l->params];
            for (dl_int j = 0; j < t->size; j++) {
                const double wave = sin(0.7 * (double)j + i + 3 * k);
                t->data[j] += (dl_real)(k < l->params ? 0.1 * wave : 0.3 + 0.2 * wave);
            }
        }
    }
}

static dl_model *vector_net(dl_ctx *dl, int n) { return dl_model_new(dl, dl_shape1(n)); }
static dl_model *image_net(dl_ctx *dl, int C, int H, int W)
{
    return dl_model_new(dl, dl_shape3(C, H, W));
}
static dl_model *sequence_net(dl_ctx *dl, int T, int D)
{
    return dl_model_new(dl, dl_shape2(T, D));
}

static dl_model *net_dense(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 20);
    dl_dense o = dl_dense_default(16, DL_RELU);
    o.bias = false;
    dl_model_add_dense(m, 30, DL_RELU);
    dl_model_add_dropout(m, 0.5);
    dl_model_add_dense_with(m, &o);
    dl_model_add_dense(m, 7, DL_SOFTMAX);
    return m;
}

static dl_model *net_single(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 3);
    dl_model_add_dense(m, 1, DL_SIGMOID);
    return m;
}

static dl_model *net_empty(dl_ctx *dl) { return vector_net(dl, 5); }

static dl_model *net_rows(dl_ctx *dl)                      /* softmax and dense on rows */
{
    dl_model *m = sequence_net(dl, 4, 6);
    dl_model_add_time_distributed(m, 5, DL_TANH);
    dl_model_add_batch_normalization(m);                   /* of rows: not to be folded */
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    return m;
}

static dl_model *net_activations(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 9);
    dl_layer *x = dl_model_add_dense(m, 9, DL_LINEAR), *all[16];
    int n = 0;
    for (int a = 0; a < (int)DLI_ACTIVATION_COUNT; a++) {
        dl_model_at(m, x);
        all[n++] = dl_model_add_activation(m, (dl_activation)a);
    }
    dl_model_add_concat(m, all, n);
    return m;
}

static dl_model *net_wide_activations(dl_ctx *dl)          /* far out, where e^x overflows */
{
    dl_model *m = vector_net(dl, 4);
    dl_layer *x = dl_model_add_dense(m, 16, DL_LINEAR), *all[16];
    int n = 0;
    for (dl_int i = 0; i < 64; i++) x->param[0]->data[i] = (dl_real)((double)i * 9 - 300);
    for (int a = 0; a < (int)DLI_ACTIVATION_COUNT; a++) {
        dl_model_at(m, x);
        if (a != DL_LINEAR) all[n++] = dl_model_add_activation(m, (dl_activation)a);
    }
    dl_model_outputs(m, all, n);
    return m;
}

static dl_model *net_graph(dl_ctx *dl)          /* residual, the same twice, shared weights, views */
{
    dl_model *m = vector_net(dl, 8);
    dl_layer *a = dl_model_add_dense(m, 8, DL_RELU), *list[3];
    dl_layer *b = dl_model_add_add(m, NULL, a);
    dl_layer *again = dl_model_reuse(m, a);
    dl_layer *twice = dl_model_add_add(m, again, again);
    dl_layer *flat = dl_model_add_reshape(m, dl_shape2(2, 4));
    dl_model_at(m, twice);
    dl_layer *soft = dl_model_add_activation(m, DL_SOFTMAX);  /* not over what flat shows */
    dl_model_at(m, flat);
    list[0] = dl_model_add_flatten(m);
    list[1] = soft;
    list[2] = b;
    dl_model_add_from(m, dl_find_layer(NULL, "Add"), NULL, list, 3);
    return m;
}

static dl_model *net_inputs(dl_ctx *dl)         /* two inputs; outputs: an input, a view of another */
{
    dl_model *m = vector_net(dl, 6);
    dl_layer *first = dl_model_add_dense(m, 4, DL_TANH);
    dl_layer *second = dl_model_add_input(m, dl_shape2(2, 3));
    dl_layer *flat = dl_model_add_flatten(m), *list[3], *out[4];
    list[0] = first;
    list[1] = flat;
    out[0] = dl_model_add_concat(m, list, 2);
    out[1] = dl_model_add_flatten(m);
    out[2] = second;
    out[3] = first;
    dl_model_outputs(m, out, 4);
    return m;
}

static dl_model *net_concat(dl_ctx *dl)
{
    dl_model *m = sequence_net(dl, 3, 4);
    dl_layer *list[3];
    list[0] = dl_model_add_dense(m, 2, DL_RELU);
    list[1] = NULL;
    dl_model_at(m, NULL);
    list[2] = dl_model_add_dense(m, 5, DL_SIGMOID);
    list[0] = dl_model_add_concat_along(m, list, 3, -1);
    dl_model_at(m, NULL);
    list[1] = dl_model_add_dense(m, 11, DL_LINEAR);
    dl_model_add_concat(m, list, 2);
    return m;
}

static dl_model *net_conv2d(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 3, 11, 9);
    dl_conv_layer o = dl_conv_layer_default(8, 3, DL_LINEAR);
    o.conv.same = true;
    dl_model_add_conv2d_with(m, &o);
    dl_model_add_batch_normalization(m);                   /* folded */
    dl_model_add_activation(m, DL_RELU);
    o = dl_conv_layer_default(6, 3, DL_RELU);
    o.conv.groups = 2;
    o.conv.stride[0] = 2;
    o.conv.before[1] = 1;
    o.conv.after[0] = 2;
    o.kernel[1] = 2;
    o.bias = false;
    dl_model_add_conv2d_with(m, &o);
    dl_model_add_batch_normalization(m);                   /* behind ReLU: not folded */
    o = dl_conv_layer_default(6, 2, DL_LINEAR);            /* depthwise, dilated, without bias */
    o.conv.groups = 6;
    o.conv.dilation[0] = o.conv.dilation[1] = 2;
    o.bias = false;
    dl_model_add_conv2d_with(m, &o);
    dl_model_add_batch_normalization(m);                   /* folded: a bias comes to be */
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 4, DL_SOFTMAX);
    return m;
}

static dl_model *net_conv1d(dl_ctx *dl)
{
    dl_model *m = sequence_net(dl, 2, 17);
    dl_conv_layer o = dl_conv_layer_default(6, 4, DL_RELU);
    o.conv.stride[0] = 2;
    o.conv.same = true;
    dl_model_add_conv1d_with(m, &o);
    dl_model_add_conv1d(m, 4, 3, DL_TANH);
    return m;
}

static dl_model *net_transpose(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 4, 3, 5);
    dl_conv_layer o = dl_conv_layer_default(6, 3, DL_LINEAR);
    o.conv.groups = 2;
    o.conv.same = true;
    o.conv.stride[0] = o.conv.stride[1] = 2;
    dl_model_add_conv2d_transpose_with(m, &o);
    dl_model_add_batch_normalization(m);
    dl_model_add_conv2d_transpose(m, 3, 2, 3, DL_TANH);
    o = dl_conv_layer_default(2, 3, DL_LINEAR);
    o.conv.before[0] = 1;
    o.conv.dilation[1] = 2;
    o.bias = false;
    dl_model_add_conv2d_transpose_with(m, &o);
    return m;
}

static dl_model *net_pools(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 2, 13, 12);
    dl_pool o = dl_pool_default(3);
    dl_model_add_max_pooling2d(m, 2);
    o.stride[0] = 2;
    o.stride[1] = 1;
    o.before[0] = o.after[1] = 1;
    dl_model_add_average_pooling2d_with(m, &o);
    o.count_padding = false;
    dl_model_add_average_pooling2d_with(m, &o);
    dl_model_add_upsampling2d(m, 3);
    o = dl_pool_default(2);
    o.same = true;
    o.stride[0] = o.stride[1] = 3;
    dl_model_add_max_pooling2d_with(m, &o);
    dl_model_add_activation(m, DL_SILU);
    dl_model_add_global_average_pooling2d(m);
    return m;
}

static dl_model *net_norms(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 4, 5, 3);
    dl_norm_layer o = dl_norm_layer_default();
    dl_model_add_batch_normalization(m);
    dl_model_add_group_normalization(m, 2);
    dl_model_add_layer_normalization(m);
    o.axes = 2;
    o.weight = false;
    dl_model_add_layer_normalization_with(m, &o);
    o.bias = false;
    o.axes = 3;
    dl_model_add_layer_normalization_with(m, &o);
    o = dl_norm_layer_default();
    o.weight = false;
    dl_model_add_batch_normalization_with(m, &o);
    return m;
}

static dl_model *net_standardized(dl_ctx *dl)              /* as tables of numbers have it */
{
    dl_real x[12 * 6];
    dl_model *m = sequence_net(dl, 2, 3);
    test_fill(x, 72, 3, -5, 9);
    dl_data *train = dl_data_from_arrays(dl, x, 12, dl_shape2(2, 3), NULL, 0);
    dl_model_add_standardize(m, train);
    dl_model_add_gru(m, 3, true);
    return m;
}

static dl_model *net_standardized_image(dl_ctx *dl)
{
    dl_real x[10 * 8];
    dl_model *m = image_net(dl, 2, 2, 2);
    test_fill(x, 80, 4, 0, 255);
    dl_model_add_standardize(m, dl_data_from_arrays(dl, x, 10, dl_shape3(2, 2, 2), NULL, 0));
    dl_model_add_conv2d(m, 3, 2, DL_RELU);
    return m;
}

static dl_model *net_folded_dense(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 10);
    dl_layer *a = dl_model_add_dense(m, 10, DL_LINEAR);
    dl_layer *n = dl_model_add_batch_normalization(m);
    dl_model_add_activation(m, DL_RELU);
    dl_model_reuse(m, a);                                  /* neither a nor n can be folded */
    dl_model_reuse(m, n);
    dl_model_add_dense(m, 10, DL_LINEAR);
    dl_model_add_batch_normalization(m);                   /* this one is */
    dl_model_add_dense(m, 5, DL_SOFTMAX);
    return m;
}

static dl_model *net_recurrent(dl_ctx *dl, int which, bool all)
{
    dl_model *m = sequence_net(dl, 6, 5);
    if (which == 0) dl_model_add_rnn(m, 7, all);
    if (which == 1) dl_model_add_lstm(m, 7, all);
    if (which == 2) dl_model_add_gru(m, 7, all);
    dl_model_add_dense(m, 4, DL_TANH);
    return m;
}
static dl_model *net_rnn(dl_ctx *dl) { return net_recurrent(dl, 0, true); }
static dl_model *net_rnn_last(dl_ctx *dl) { return net_recurrent(dl, 0, false); }
static dl_model *net_lstm(dl_ctx *dl) { return net_recurrent(dl, 1, true); }
static dl_model *net_lstm_last(dl_ctx *dl) { return net_recurrent(dl, 1, false); }
static dl_model *net_gru(dl_ctx *dl) { return net_recurrent(dl, 2, true); }
static dl_model *net_gru_last(dl_ctx *dl) { return net_recurrent(dl, 2, false); }

static dl_model *net_deep_recurrent(dl_ctx *dl)
{
    dl_model *m = sequence_net(dl, 8, 4);
    dl_layer *x = dl_model_add_dense(m, 6, DL_LINEAR);
    dl_layer *y = dl_model_add_gru(m, 6, true);
    dl_model_add_add(m, x, y);
    dl_model_add_layer_normalization(m);
    dl_model_add_dropout(m, 0.2);
    dl_model_add_lstm(m, 5, false);
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    return m;
}

static dl_model *net_bidirectional(dl_ctx *dl)
{
    dl_model *m = sequence_net(dl, 6, 5);
    dl_model_add_bidirectional(m, DL_LSTM, 4, true);
    dl_model_add_bidirectional(m, DL_RNN_RELU, 3, true);
    dl_model_add_bidirectional(m, DL_GRU, 4, false);
    return m;
}

static dl_model *net_words(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 7);
    dl_model_add_embedding(m, 12, 6);
    dl_model_add_lstm(m, 8, true);
    dl_model_add_dense(m, 12, DL_SOFTMAX);
    return m;
}

static dl_model *net_attention(dl_ctx *dl)
{
    dl_model *m = sequence_net(dl, 5, 8);
    dl_model_add_multihead_attention(m, 2, true);
    dl_model_add_multihead_attention(m, 4, false);
    return m;
}

static dl_model *net_encoder(dl_ctx *dl)         /* a block of a transformer's encoder, for words */
{
    dl_model *m = vector_net(dl, 6);
    dl_layer *x = dl_model_add_embedding(m, 20, 8), *y;
    for (int i = 0; i < 2; i++) {
        y = dl_model_add_multihead_attention(m, 2, false);
        dl_model_add_add(m, x, y);
        x = dl_model_add_layer_normalization(m);
        dl_model_add_dense(m, 16, DL_GELU);
        y = dl_model_add_dense(m, 8, DL_LINEAR);
        dl_model_add_add(m, x, y);
        x = dl_model_add_layer_normalization(m);
    }
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 3, DL_SOFTMAX);
    return m;
}

static dl_model *net_resnet(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 1, 12, 12);
    dl_conv_layer o = dl_conv_layer_default(8, 3, DL_LINEAR);
    o.conv.same = true;
    dl_layer *x = dl_model_add_conv2d_with(m, &o);
    for (int i = 0; i < 2; i++) {
        dl_model_add_batch_normalization(m);
        dl_model_add_activation(m, DL_RELU);
        dl_model_add_conv2d_with(m, &o);
        dl_layer *y = dl_model_add_batch_normalization(m);
        dl_model_add_add(m, x, y);
        x = dl_model_add_activation(m, DL_RELU);
    }
    dl_model_add_global_average_pooling2d(m);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}

/* The documents' nets. */
static dl_model *net_s0(dl_ctx *dl)
{
    dl_model *m = vector_net(dl, 784);
    dl_model_add_dense(m, 512, DL_RELU);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}
static dl_model *net_s1(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 1, 28, 28);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 128, DL_RELU);
    dl_model_add_dropout(m, 0.2);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}
static dl_model *net_s2(dl_ctx *dl)
{
    dl_model *m = image_net(dl, 1, 28, 28);
    dl_model_add_conv2d(m, 32, 3, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_conv2d(m, 64, 3, DL_RELU);
    dl_model_add_max_pooling2d(m, 2);
    dl_model_add_conv2d(m, 64, 3, DL_RELU);
    dl_model_add_flatten(m);
    dl_model_add_dense(m, 64, DL_RELU);
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}

static dl_model *net_own(dl_ctx *dl);

typedef struct net { const char *name; dl_model *(*make)(dl_ctx *dl); } net;
#define NET(name) { #name, net_##name }
static const net list[] = {
    NET(dense), NET(single), NET(empty), NET(rows), NET(activations), NET(wide_activations),
    NET(graph), NET(inputs), NET(concat), NET(conv2d), NET(conv1d), NET(transpose), NET(pools),
    NET(norms), NET(standardized), NET(standardized_image), NET(folded_dense),
    NET(rnn), NET(rnn_last), NET(lstm), NET(lstm_last), NET(gru), NET(gru_last), NET(deep_recurrent), NET(bidirectional), NET(words), NET(attention),
    NET(encoder), NET(resnet), NET(own), NET(s0), NET(s1), NET(s2) };
#define NETS (sizeof list / sizeof list[0])

#endif
