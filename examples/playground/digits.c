/* digits.c - panel 2: a net learns handwritten digits, and looks at yours (chapters 7 to 12, 17);
   and panel 7, its speed.

   The last layer gives scores (logits); their softmax is the loss's business in training, and ours
   in predicting: attacks and saliency need the scores themselves. */

enum { DIGIT_PIXELS = 28 * 28, DIGIT_BATCH = 32, DIGIT_TEST = 2000 };

static struct {
    dl_ctx       *dl;
    dl_model     *net;
    dl_optimizer *opt;
    dl_data      *train, *test;
    dl_loader    *batches;
    int           kind;                          /* of the net */
    dl_real       input[DIGIT_PIXELS];           /* what is looked at now */
    float         p[10], answer[DIGIT_TEST][10];
    float         slope[DIGIT_PIXELS], step[3][DIGIT_PIXELS];
    float        *maps;
    void         *file;
} digits;

/* The pictures, a byte a pixel, and their labels: the first train of them to learn from. */
FOR_PAGE(digits_data) int digits_data(const uint8_t *pixels, const uint8_t *label, int train,
                                      int test, int seed)
{
    int32_t *wide = (int32_t *)malloc(sizeof(int32_t) * (size_t)(train + test) + 1);
    const dl_shape shape = dl_shape3(1, 28, 28);
    digits.dl = play_begin(digits.dl, seed);
    digits.net = NULL;
    digits.opt = NULL;
    for (int i = 0; wide && i < train + test; i++) wide[i] = label[i];
    if (wide) {
        digits.train = dl_data_from_bytes(digits.dl, pixels, train, shape, wide, 10);
        digits.test = dl_data_from_bytes(digits.dl, pixels + train * DIGIT_PIXELS, test, shape,
                                         wide + train, 10);
    }
    free(wide);
    digits.batches = dl_loader_new(digits.train, DIGIT_BATCH, true);
    return digits.batches != NULL && test <= DIGIT_TEST;
}

/* A new net, knowing nothing: 0 a layer of 128 units, 1 two convolutions, 2 no hidden layer. */
static dl_model *digit_net(dl_ctx *dl, int kind)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    if (kind == 1) {
        dl_model_add_conv2d(m, 8, 3, DL_RELU);
        dl_model_add_max_pooling2d(m, 2);
        dl_model_add_conv2d(m, 16, 3, DL_RELU);
        dl_model_add_max_pooling2d(m, 2);
    }
    dl_model_add_flatten(m);
    if (kind < 2) dl_model_add_dense(m, kind == 0 ? 128 : 64, DL_RELU);
    dl_model_add_dense(m, 10, DL_LINEAR);
    return m;
}

static int digit_use(dl_model *m, double rate)
{
    dl_optimizer_free(digits.opt);
    dl_model_free(digits.net);
    digits.net = m;
    digits.opt = dl_optimizer_new(digits.dl, dl_adam(rate), dl_model_params(m),
                                  dl_model_tensor_count(m));
    return digits.opt != NULL;
}

FOR_PAGE(digits_forget) int digits_forget(int kind, double rate)
{
    digits.kind = kind;
    return digit_use(digit_net(digits.dl, kind), rate);
}

/* One update; the loss of its batch. What it records is for the caller to clear. */
static double digit_update(dl_model *net, dl_optimizer *opt, const dl_batch *b)
{
    dl_tensor *loss = dl_cross_entropy(dl_model_forward(net, b->x), b->labels);
    const double value = dl_item(loss);
    dl_optimizer_zero_grad(opt);
    return dl_backward(loss) && dl_optimizer_step(opt) ? value : NAN;
}

FOR_PAGE(digits_train) double digits_train(int updates)
{
    double loss = NAN;
    for (int i = 0; i < updates; i++) {
        dl_batch b;
        if (!dl_loader_next(digits.batches, &b) && !dl_loader_next(digits.batches, &b)) return NAN;
        loss = digit_update(digits.net, digits.opt, &b);
        dl_tape_clear(digits.dl);
    }
    return loss;
}

/* Softmax of the scores of n test pictures from the one numbered first on, [n,10]. */
FOR_PAGE(digits_test) const float *digits_test(int first, int n)
{
    dl_data *part = dl_data_take(digits.test, first, n);
    dl_loader *all = dl_loader_new(part, n, false);
    dl_batch b;
    dl_set_training(digits.dl, false);
    dl_set_no_grad(digits.dl, true);
    if (dl_loader_next(all, &b)) {
        dl_tensor *p = dl_softmax(dl_model_forward(digits.net, b.x));
        play_put(digits.answer[first], p ? p->data : NULL, n * 10);
    }
    dl_set_no_grad(digits.dl, false);
    dl_set_training(digits.dl, true);
    dl_loader_free(all);
    dl_data_free(part);
    dl_tape_clear(digits.dl);
    return digits.answer[first];
}

/* Look at a drawing rgba [height,width,4]: what it becomes, 28 x 28; NULL when there is nothing. */
FOR_PAGE(digits_draw) const float *digits_draw(const uint8_t *rgba, int width, int height)
{
    dl_tensor *x = dl_zeros(digits.dl, dl_shape3(1, height, width)), *step[3] = {0};
    for (int i = 0; x && i < width * height; i++)
        x->data[i] = (dl_real)(1 - (1 - (0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] +
                                         0.114 * rgba[4 * i + 2]) / 255) * rgba[4 * i + 3] / 255);
    dl_tensor *y = dl_image_to_mnist(x, step);
    if (y) play_put(digits.input, y->data, DIGIT_PIXELS);
    for (int k = 0; y && k < 3; k++) {
        dl_tensor *s = dl_resize(step[k], 28, 28, DL_AREA);
        play_put(digits.step[k], s ? s->data : NULL, DIGIT_PIXELS);
    }
    dl_tape_clear(digits.dl);
    return y ? digits.input : NULL;
}
FOR_PAGE(digits_input) const float *digits_input(void) { return digits.input; }
/* The way there: the ink, the digit cut out, its 20 x 20, each as 28 x 28. */
FOR_PAGE(digits_steps) const float *digits_steps(void) { return digits.step[0]; }

/* Look at a test picture. */
FOR_PAGE(digits_pick) const float *digits_pick(int i)
{
    dl_tensor *x = dl_data_sample(digits.test, i);
    if (x) play_put(digits.input, x->data, DIGIT_PIXELS);
    dl_tape_clear(digits.dl);
    return digits.input;
}

/* The scores of x [28,28], and with label >= 0 the slope of its loss in every pixel. */
static dl_tensor *digit_scores(const dl_real *pixels, int label, float *slope)
{
    const int32_t wanted = label;
    dl_set_training(digits.dl, false);
    dl_tensor *x = dl_from(digits.dl, dl_shape4(1, 1, 28, 28), pixels);
    if (label >= 0) dl_set_requires_grad(x, true);
    dl_tensor *y = dl_model_forward(digits.net, x);
    if (label >= 0) {
        dl_backward(dl_cross_entropy(y, &wanted));
        play_put(slope, x ? x->grad : NULL, DIGIT_PIXELS);
        dl_optimizer_zero_grad(digits.opt);
    }
    dl_set_training(digits.dl, true);
    return y;
}

/* The ten probabilities of what is looked at. */
FOR_PAGE(digits_answer) const float *digits_answer(void)
{
    dl_tensor *p = dl_softmax(digit_scores(digits.input, -1, NULL));
    play_put(digits.p, p ? p->data : NULL, 10);
    dl_tape_clear(digits.dl);
    return digits.p;
}

/* Saliency: how much each pixel changes the score of digit c, |d score_c / dx|. */
FOR_PAGE(digits_saliency) const float *digits_saliency(int c)
{
    dl_real one[10] = {0};
    one[c] = 1;
    dl_set_training(digits.dl, false);
    dl_tensor *x = dl_from(digits.dl, dl_shape4(1, 1, 28, 28), digits.input);
    dl_set_requires_grad(x, true);
    dl_backward_from(dl_model_forward(digits.net, x), one);
    for (int i = 0; i < DIGIT_PIXELS; i++)
        digits.slope[i] = x && x->grad ? fabsf(x->grad[i]) : 0;
    dl_optimizer_zero_grad(digits.opt);
    dl_set_training(digits.dl, true);
    dl_tape_clear(digits.dl);
    return digits.slope;
}

/* An adversarial change: steps small steps uphill on the loss of the right answer (or downhill on
   that of the wanted one, wanted >= 0), each pixel changed by size at most. digits_answer then
   speaks about the changed picture. */
FOR_PAGE(digits_attack) const float *digits_attack(int right, int wanted, double size, int steps)
{
    float slope[DIGIT_PIXELS];
    const dl_real step = (dl_real)(size / steps), sign = wanted >= 0 ? -step : step;
    for (int k = 0; k < steps; k++) {
        digit_scores(digits.input, wanted >= 0 ? wanted : right, slope);
        for (int i = 0; i < DIGIT_PIXELS; i++) {
            dl_real *x = &digits.input[i];
            *x += slope[i] > 0 ? sign : slope[i] < 0 ? -sign : 0;
            *x = *x < 0 ? 0 : *x > 1 ? 1 : *x;
        }
        dl_tape_clear(digits.dl);
    }
    return digits.input;
}

/* What the first layers make of the picture. Of a convolutional net: 8 kernels [3,3], 8 maps
   [26,26], 16 maps [11,11]; of the others: the weights of the first layer's first 16 units (10),
   [28,28] each. */
FOR_PAGE(digits_maps) const float *digits_maps(void)
{
    dl_layer *l = dl_model_layer(digits.net, digits.kind == 1 ? 0 : 1);
    const dl_pool two = dl_pool_default(2);
    float *out;
    free(digits.maps);
    digits.maps = out = (float *)malloc(sizeof(float) * 16 * DIGIT_PIXELS);
    if (!out) return NULL;
    if (digits.kind != 1) {
        play_put(out, l->param[0]->data, (digits.kind == 0 ? 16 : 10) * DIGIT_PIXELS);
        return digits.maps;
    }
    dl_layer *second = dl_model_layer(digits.net, 2);
    const bool before = dl_set_no_grad(digits.dl, true);
    dl_tensor *x = dl_from(digits.dl, dl_shape4(1, 1, 28, 28), digits.input);
    dl_tensor *a = dl_relu(dl_conv2d(x, l->param[0], l->param[1], NULL));
    dl_tensor *b = dl_relu(dl_conv2d(dl_max_pool2d(a, &two), second->param[0], second->param[1],
                                     NULL));
    out = play_put(out, l->param[0]->data, 8 * 9);
    out = play_put(out, a ? a->data : NULL, 8 * 26 * 26);
    play_put(out, b ? b->data : NULL, 16 * 11 * 11);
    dl_set_no_grad(digits.dl, before);
    dl_tape_clear(digits.dl);
    return digits.maps;
}

/* The model as a file (its size; digits_file is where it lies), and one that takes its place. */
FOR_PAGE(digits_save) int digits_save(void)
{
    const size_t n = dl_model_save_to_memory(digits.net, NULL, 0);
    free(digits.file);
    digits.file = malloc(n ? n : 1);
    return digits.file ? (int)dl_model_save_to_memory(digits.net, digits.file, n) : 0;
}
FOR_PAGE(digits_file) const void *digits_file(void) { return digits.file; }

/* The same as a C file that needs nothing, its weights as int8 if wanted: its size. */
FOR_PAGE(digits_export) int digits_export(int int8)
{
    dl_export_c o = dl_export_c_default();
    o.name = "digits";
    o.int8 = int8 != 0;
    o.data = digits.test;
    const size_t n = dl_model_export_c_to_memory(digits.net, NULL, 0, &o);
    free(digits.file);
    digits.file = malloc(n ? n : 1);
    return digits.file ? (int)dl_model_export_c_to_memory(digits.net, digits.file, n, &o) : 0;
}

/* Gives a net the weights of another of the same layers; false when they are not the same. Only a
   softmax at its end may differ, since ours gives scores. */
static bool digit_copy(dl_model *to, const dl_model *from)
{
    const int layers = dl_model_layer_count(to), n = dl_model_tensor_count(to);
    dl_tensor *const *p = dl_model_params(to), *const *q = dl_model_params(from);
    bool same = dl_model_layer_count(from) == layers && dl_model_tensor_count(from) == n;
    for (int i = 0; same && i < layers; i++) {
        const dl_layer *a = dl_model_layer(to, i), *b = dl_model_layer(from, i);
        same = a->type == b->type && (a->activation == b->activation ||
                                      (i + 1 == layers && b->activation == DL_SOFTMAX));
    }
    for (int i = 0; same && i < n; i++) same = dl_shape_equal(p[i]->shape, q[i]->shape);
    for (int i = 0; same && i < n; i++) play_put(p[i]->data, q[i]->data, p[i]->size);
    return same;
}

FOR_PAGE(digits_load) int digits_load(const void *bytes, int n, double rate)
{
    dl_model *m = dl_model_load_from_memory(digits.dl, bytes, (size_t)n);
    if (!m) return 0;
    for (int kind = 0; kind < 3; kind++) {
        dl_model *net = digit_net(digits.dl, kind);
        if (digit_copy(net, m)) {
            dl_model_free(m);
            digits.kind = kind;
            return digit_use(net, rate);
        }
        dl_model_free(net);
    }
    dl_model_free(m);
    return dl_fail(digits.dl, DL_ERR_FORMAT, "this file's net is none of the page's three");
}
FOR_PAGE(digits_kind) int digits_kind(void) { return digits.kind; }
FOR_PAGE(digits_parameters) int digits_parameters(void)
{
    return (int)dl_model_param_count(digits.net);
}

/* ---- speed: S0's program, 784-512-10 with RMSprop, 128 pictures a step ---- */

static struct {
    dl_ctx    *dl;
    dl_model  *net;
    dl_loader *batches;
    int        parts;                     /* of a step, where the page has to answer in between */
    int        size;                      /* pictures of the last part; an epoch's end has fewer */
} speed;

FOR_PAGE(speed_begin) int speed_begin(const uint8_t *pixels, const uint8_t *label, int n, int parts)
{
    int32_t *wide = (int32_t *)malloc(sizeof(int32_t) * (size_t)n + 1);
    speed.dl = play_begin(speed.dl, 42);
    for (int i = 0; wide && i < n; i++) wide[i] = label[i];
    dl_data *d = dl_data_from_bytes(speed.dl, pixels, n, dl_shape1(DIGIT_PIXELS), wide, 10);
    free(wide);
    speed.net = dl_model_new(speed.dl, dl_shape1(DIGIT_PIXELS));
    dl_model_add_dense(speed.net, 512, DL_RELU);
    dl_model_add_dense(speed.net, 10, DL_SOFTMAX);
    speed.batches = dl_loader_new(d, 128 / parts, true);
    speed.parts = parts;
    return speed.batches && dl_model_compile(speed.net, DL_SPARSE_CATEGORICAL_CROSSENTROPY,
                                             dl_rmsprop(0.001));
}

/* Part number part of a step, its loss; gradients add up, and with the last the weights change. */
FOR_PAGE(speed_step) double speed_step(int part)
{
    dl_optimizer *opt = dl_model_optimizer(speed.net);
    dl_batch b;
    if (!dl_loader_next(speed.batches, &b) && !dl_loader_next(speed.batches, &b)) return NAN;
    double value = NAN;
    speed.size = (int)b.size;
    if (speed.parts == 1) {
        value = dl_model_train_batch(speed.net, &b).loss;
    } else {
        dl_tensor *const *p = dl_model_params(speed.net);
        dl_tensor *hidden = dl_relu(dl_linear(b.x, p[0], p[1]));
        dl_tensor *loss = dl_cross_entropy(dl_linear(hidden, p[2], p[3]), b.labels);
        if (part == 0) dl_optimizer_zero_grad(opt);
        bool ok = dl_backward(dl_div_scalar(loss, speed.parts));
        value = dl_item(loss);
        if (ok && part + 1 == speed.parts) ok = dl_optimizer_step(opt);
    }
    dl_tape_clear(speed.dl);
    return value;
}

FOR_PAGE(speed_size) int speed_size(void) { return speed.size; }
FOR_PAGE(speed_info) const char *speed_info(void) { return dl_info(speed.dl); }
