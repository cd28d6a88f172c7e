/* points.c - panel 1: a net learns to tell points in the plane apart (chapters 1 to 5).

   The net is a chain of dense layers, built and trained by floor 3. To show what happens inside,
   walk() computes the same formulas by floor 2 and keeps every z and every a. */

enum { POINT_LAYERS = 33 };               /* hidden layers and the last one */

static struct {
    dl_ctx    *dl;
    dl_model  *net;
    dl_data   *train, *test;
    dl_loader *batches;
    dl_layer  *dense[POINT_LAYERS];
    int        layers, classes;           /* classes 0: regression */
    int        features;                  /* a bit for each that is in use */
    float     *shown;                     /* what the page reads */
    float      score[2];
} points;

/* What the net may see of a point: x1, x2, x1^2, x2^2, x1 x2, sin x1, sin x2. */
static int point_features(float *out, double x1, double x2)
{
    const double all[7] = {x1, x2, x1 * x1, x2 * x2, x1 * x2, sin(x1), sin(x2)};
    int n = 0;
    for (int k = 0; k < 7; k++)
        if (points.features >> k & 1) out[n++] = (float)all[k];
    return n;
}

static int point_feature_count(void)
{
    float all[7];
    return point_features(all, 0, 0);
}

FOR_PAGE(points_begin) void points_begin(int seed, int features)
{
    dl_ctx *dl = play_begin(points.dl, seed);
    free(points.shown);
    memset(&points, 0, sizeof points);
    points.dl = dl;
    points.features = features;
}

static dl_data *point_data(const float *xy, const float *target, int n)
{
    const int F = point_feature_count();
    float *x = (float *)malloc(sizeof(float) * (size_t)(n * F) + 1);
    int32_t *label = (int32_t *)malloc(sizeof(int32_t) * (size_t)n + 1);
    dl_data *d = NULL;
    for (int i = 0; x && label && i < n; i++) {
        point_features(x + i * F, xy[2 * i], xy[2 * i + 1]);
        label[i] = (int32_t)target[i];
    }
    if (x && label)
        d = points.classes > 0
            ? dl_data_from_arrays(points.dl, x, n, dl_shape1(F), label, points.classes)
            : dl_data_from_targets(points.dl, x, n, dl_shape1(F), target, dl_shape1(1));
    free(x);
    free(label);
    return d;
}

/* train + test points xy[.][2] with their classes 0 .. classes-1 (classes 0: any numbers). */
FOR_PAGE(points_data) int points_data(const float *xy, const float *target, int train, int test,
                                      int classes)
{
    points.classes = classes;
    points.train = point_data(xy, target, train);
    points.test = test > 0 ? point_data(xy + 2 * train, target + train, test) : NULL;
    return points.train != NULL;
}

FOR_PAGE(points_net) int points_net(int layers, const int *units, int activation, double dropout,
                                    double l1, double l2)
{
    points.net = dl_model_new(points.dl, dl_shape1(point_feature_count()));
    points.layers = layers + 1;
    for (int k = 0; k <= layers && k < POINT_LAYERS; k++) {
        dl_dense o = dl_dense_default(1, DL_LINEAR);
        if (k < layers) {
            o.units = units[k];
            o.activation = (dl_activation)activation;
            if (activation == DL_RELU) o.weight_init = dl_init_he_uniform();
        } else if (points.classes > 0) {
            o.units = points.classes;
            o.activation = DL_SOFTMAX;
        }
        o.l1 = l1;
        o.l2 = l2;
        points.dense[k] = dl_model_add_dense_with(points.net, &o);
        if (k < layers && dropout > 0) dl_model_add_dropout(points.net, dropout);
    }
    return points.net && points.dense[layers] != NULL;
}

FOR_PAGE(points_compile) int points_compile(int optimizer, double rate, int batch)
{
    const dl_loss *loss = points.classes > 0 ? DL_SPARSE_CATEGORICAL_CROSSENTROPY : DL_MSE;
    dl_loader_free(points.batches);
    points.batches = dl_loader_new(points.train, batch, true);
    return points.batches && dl_model_compile(points.net, loss, play_optimizer(optimizer, rate));
}

FOR_PAGE(points_rate) int points_rate(double rate)
{
    return dl_optimizer_set_lr(dl_model_optimizer(points.net), rate);
}

/* So many updates of the weights; the loss of the last batch, NaN when something failed. */
FOR_PAGE(points_train) double points_train(int updates)
{
    double loss = NAN;
    for (int i = 0; i < updates; i++) {
        dl_batch batch;
        if (!dl_loader_next(points.batches, &batch) &&        /* false once: an epoch's end */
            !dl_loader_next(points.batches, &batch)) return NAN;
        loss = dl_model_train_batch(points.net, &batch).loss;
        dl_tape_clear(points.dl);
        if (isnan(loss)) break;
    }
    return loss;
}

/* Loss and accuracy: on the training points (0), on the test points (1). */
FOR_PAGE(points_score) const float *points_score(int test)
{
    dl_metrics m;
    m.loss = m.accuracy = NAN;
    if (!test || points.test) m = dl_model_evaluate(points.net, test ? points.test : points.train);
    points.score[0] = (float)m.loss;
    points.score[1] = (float)m.accuracy;
    return points.score;
}

/* z[k] = W a[k-1] + b, a[k] = f(z[k]) for every layer k. */
static void point_walk(dl_tensor *x, dl_tensor **z, dl_tensor **a)
{
    for (int k = 0; k < points.layers; k++) {
        dl_layer *l = points.dense[k];
        z[k] = dl_linear(k > 0 ? a[k - 1] : x, l->param[0], l->param[1]);
        a[k] = dl_activate(z[k], l->activation);
    }
}

static float *point_room(dl_int floats)
{
    free(points.shown);
    points.shown = (float *)malloc(sizeof(float) * (size_t)floats + 1);
    if (!points.shown) play_note(DL_ERR_MEMORY, "out of memory", NULL);
    return points.shown;
}

/* How many of a layer's units are drawn: all of the last layer, most of the others. */
static dl_int point_shown(int k, int most)
{
    const dl_int U = points.dense[k]->param[0]->shape.dim[0];
    return k + 1 == points.layers || U < most ? U : most;
}

/* What the units that are drawn answer at side x side places of the square from -reach to reach,
   the first row on top: for each a map of side * side numbers. */
FOR_PAGE(points_map) const float *points_map(int side, double reach, int most)
{
    const int F = point_feature_count(), n = side * side;
    dl_tensor *z[POINT_LAYERS], *a[POINT_LAYERS], *x = dl_zeros(points.dl, dl_shape2(n, F));
    const bool before = dl_set_no_grad(points.dl, true);
    dl_int units = 0;
    for (int i = 0; x && i < n; i++)
        point_features(x->data + i * F, reach * (2.0 * (i % side) + 1 - side) / side,
                       reach * (side - 1 - 2.0 * (i / side)) / side);
    point_walk(x, z, a);
    for (int k = 0; k < points.layers; k++) units += point_shown(k, most);
    float *out = point_room(units * n);
    for (int k = 0; out && k < points.layers; k++) {
        const dl_int U = points.dense[k]->param[0]->shape.dim[0];
        for (dl_int u = 0; a[k] && u < point_shown(k, most); u++)
            for (int i = 0; i < n; i++) *out++ = a[k]->data[i * U + u];
    }
    dl_set_no_grad(points.dl, before);
    dl_tape_clear(points.dl);
    return points.shown;
}

/* One number for each unit of the hidden layers: 1 when it answers 0 to every training point (a
   dead unit: no gradient will ever reach its weights again), else 0. */
FOR_PAGE(points_dead) const float *points_dead(void)
{
    const bool before = dl_set_no_grad(points.dl, true);
    const dl_int n = dl_data_count(points.train);
    dl_loader *all = dl_loader_new(points.train, n, false);
    dl_tensor *z[POINT_LAYERS], *a[POINT_LAYERS];
    dl_batch batch;
    dl_int units = 0;
    for (int k = 0; k + 1 < points.layers; k++) units += points.dense[k]->param[0]->shape.dim[0];
    float *out = point_room(units);
    if (out && dl_loader_next(all, &batch)) {
        point_walk(batch.x, z, a);
        for (int k = 0; k + 1 < points.layers && a[k]; k++) {
            const dl_int U = a[k]->shape.dim[1];
            for (dl_int u = 0; u < U; u++) {
                bool dead = true;
                for (dl_int i = 0; i < n; i++) dead = dead && a[k]->data[i * U + u] == 0;
                *out++ = dead ? 1.0f : 0.0f;
            }
        }
    }
    dl_loader_free(all);
    dl_set_no_grad(points.dl, before);
    dl_tape_clear(points.dl);
    return points.shown;
}

/* For each layer W [out,in], dL/dW, b [out], dL/db, of the units that are drawn, as they are: of the
   last batch. */
FOR_PAGE(points_weights) const float *points_weights(int most)
{
    dl_int n = 0, B = point_feature_count();
    for (int k = 0; k < points.layers; B = point_shown(k++, most))
        n += 2 * point_shown(k, most) * (B + 1);
    float *out = point_room(n);
    B = point_feature_count();
    for (int k = 0; out && k < points.layers; B = point_shown(k++, most)) {
        const dl_tensor *w = points.dense[k]->param[0], *b = points.dense[k]->param[1];
        const dl_int U = point_shown(k, most), wide = w->shape.dim[1];
        for (dl_int u = 0; u < U; u++) out = play_put(out, w->data + u * wide, B);
        for (dl_int u = 0; u < U; u++) out = play_put(out, w->grad ? w->grad + u * wide : NULL, B);
        out = play_put(out, b->data, U);
        out = play_put(out, b->grad, U);
    }
    return points.shown;
}

/* One sample forward and backward: its loss; then for each layer z [out], a [out], dL/dz [out],
   dL/dW [out,in], dL/db [out]. The weights stay, and forget these gradients. */
FOR_PAGE(points_probe) const float *points_probe(double x1, double x2, double target)
{
    float feature[7];
    const int F = point_features(feature, x1, x2);
    const int32_t label = (int32_t)target;
    const dl_real goal = (dl_real)target;
    dl_tensor *z[POINT_LAYERS], *a[POINT_LAYERS], *x = dl_from(points.dl, dl_shape2(1, F), feature);
    dl_optimizer *opt = dl_model_optimizer(points.net);
    dl_int n = 1;
    for (int k = 0; k < points.layers; k++)
        n += 4 * points.dense[k]->param[0]->shape.dim[0] + points.dense[k]->param[0]->size;
    dl_optimizer_zero_grad(opt);
    point_walk(x, z, a);
    dl_tensor *last = z[points.layers - 1];
    dl_tensor *loss = points.classes > 0
                    ? dl_cross_entropy(last, &label)
                    : dl_mse(last, dl_from(points.dl, dl_shape2(1, 1), &goal));
    float *out = dl_backward(loss) ? point_room(n) : NULL;
    if (out) *out++ = (float)dl_item(loss);
    for (int k = 0; out && k < points.layers; k++) {
        out = play_put(out, z[k]->data, z[k]->size);
        out = play_put(out, a[k]->data, a[k]->size);
        out = play_put(out, z[k]->grad, z[k]->size);
        out = play_put(out, points.dense[k]->param[0]->grad, points.dense[k]->param[0]->size);
        out = play_put(out, points.dense[k]->param[1]->grad, points.dense[k]->param[1]->size);
    }
    dl_optimizer_zero_grad(opt);
    dl_tape_clear(points.dl);
    return points.shown;
}
