/* survive.c - training that is cut and goes on: dl_model_fit's checkpoints end with the bits of an
   undisturbed training, belong to their options and data, and are refused when damaged;
   dl_optimizer_save and dl_optimizer_load.

       cc -std=c99 -I. tests/survive.c -o build/survive -lm && build/survive

   survive train CHECKPOINT WEIGHTS trains one network, to be killed and started again by
   tests/survive.sh; survive train "" WEIGHTS without a checkpoint.  */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

enum { SAMPLES = 50, SIDE = 6, CLASSES = 3, BATCH = 8 };
static char path[1100];

/* What a training has that others have not. */
typedef struct plan {
    int  kind;                  /* of the optimizer */
    bool stopping, augment, split, ema, plateau, shuffle;
    int  accumulate;
} plan;

static volatile int stop;       /* what a signal handler would set ... */
static int64_t stop_at;         /* ... here after so many updates */
static int64_t seen;            /* the updates that the callback has seen in one process */
static dl_tensor *count;        /* a user's own state: the updates of all processes */

static bool on_batch(dl_model *m, const dl_step *s, void *user)
{
    (void)m;
    (void)user;
    if (s->updates > seen) count->data[0] += 1;
    seen = s->updates;
    if (stop_at && s->updates >= stop_at) stop = 1;
    return true;
}

static dl_optim optimizer(const plan *p)
{
    dl_optim o = p->kind == 0 ? dl_adam(0.01) : p->kind == 1 ? dl_torch_momentum(0.05, 0.9)
               : p->kind == 2 ? dl_torch_adamw(0.3) : p->kind == 3 ? dl_adadelta(1)
               : dl_sgd(p->kind == 4 ? 0.05 : 3);
    if (p->ema) o.ema = 0.9;
    return o;
}

static dl_data *data_set(dl_ctx *dl, uint64_t seed)
{
    static dl_real x[SAMPLES * SIDE * SIDE];
    static int32_t y[SAMPLES];
    dl_rng r = dl_rng_new(seed, 1);
    for (int i = 0; i < SAMPLES; i++) {
        y[i] = (int32_t)dl_rng_int(&r, CLASSES);
        for (int k = 0; k < SIDE * SIDE; k++)
            x[i * SIDE * SIDE + k] = (dl_real)(dl_rng_uniform(&r) + (k % CLASSES == y[i]) * 0.5);
    }
    return dl_data_from_arrays(dl, x, SAMPLES, dl_shape3(1, SIDE, SIDE), y, CLASSES);
}

static dl_model *network(dl_ctx *dl, const plan *p)
{
    dl_model *m = dl_model_new(dl, dl_shape3(1, SIDE, SIDE));
    dl_model_add_conv2d(m, 4, 3, DL_RELU);
    dl_model_add_batch_normalization(m);
    dl_model_add_flatten(m);
    dl_model_add_dropout(m, 0.3);
    dl_model_add_dense(m, CLASSES, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, optimizer(p));
    return m;
}

static dl_fit options(const plan *p, const dl_augment *a)
{
    dl_fit f = dl_fit_default();
    f.epochs = 5;
    f.batch_size = BATCH;
    f.verbose = 0;
    f.shuffle = p->shuffle;
    f.accumulate = p->accumulate;
    f.early_stopping = p->stopping;
    if (p->stopping) f.patience = 2;
    if (p->kind == 4) f.min_delta = 100;               /* never better than the first epoch */
    if (p->split) f.validation_split = 0.2;
    if (p->augment) f.augment = a;
    f.schedule = p->plateau ? dl_schedule_plateau(0.5, 1) : dl_schedule_cosine(20, 0.1);
    f.schedule.per_update = !p->plateau;
    f.checkpoint = path;
    f.checkpoint_updates = true;
    f.checkpoint_every = p->kind == 0 ? 2 : 1000;       /* saving waits for the disk */
    f.resume = true;
    f.on_batch = on_batch;
    f.stop = &stop;
    return f;
}

/* What a training has come to. */
typedef struct result {
    uint8_t  weight[8192];              /* as a file */
    size_t   weights;
    int      epochs;
    dl_epoch epoch[8];
    double   lr, counted, loss;
    bool     ok, stopped;
} result;

/* Train to the end, or until `stop_at` updates; with a context of its own, as a process would. */
static result train(const plan *p, bool keep)
{
    result r;
    dl_augment a = dl_augment_default();
    dl_ctx *dl = dl_new(7);
    test_quiet(dl);
    memset(&r, 0, sizeof r);
    a.shift = 0.2;
    a.flip_h = 0.5;
    dl_data *d = data_set(dl, 3);
    dl_model *m = network(dl, p);
    dl_fit f = options(p, &a);
    count = dl_state(dl, dl_shape1(1));
    seen = 0;
    stop = 0;
    f.state = &count;
    f.state_count = 1;
    if (!keep) {
        f.checkpoint = NULL;
        f.state = NULL;
        f.state_count = 0;
        f.resume = f.checkpoint_updates = false;
    }
    r.ok = dl_model_fit(m, d, &f);
    r.stopped = dl_model_stopped(m);
    r.weights = dl_model_save_to_memory(m, r.weight, sizeof r.weight);
    CHECK(r.weights > 0 && r.weights <= sizeof r.weight, "%d bytes", (int)r.weights);
    const dl_epoch *e = dl_model_history(m, &r.epochs);
    memcpy(r.epoch, e, (size_t)r.epochs * sizeof *e);
    r.lr = dl_optimizer_lr(dl_model_optimizer(m));
    r.counted = (double)count->data[0];
    r.loss = dl_model_evaluate(m, d).loss;
    CHECK(r.ok && dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
    return r;
}

static bool same(double a, double b) { return a == b || (a != a && b != b); }

/* Everything but the time is what it would have been. */
static void compare(const result *r, const result *want, int number)
{
    CHECK(r->weights == want->weights &&
          memcmp(r->weight, want->weight, r->weights) == 0,
          "plan %d, stop at %d: the weights", number, (int)stop_at);
    CHECK(r->epochs == want->epochs, "plan %d: %d epochs, not %d", number, r->epochs, want->epochs);
    for (int i = 0; i < r->epochs && i < want->epochs; i++) {
        const dl_epoch *a = &r->epoch[i], *b = &want->epoch[i];
        CHECK(a->epoch == b->epoch && a->epochs == b->epochs && same(a->loss, b->loss) &&
              same(a->accuracy, b->accuracy) && same(a->val_loss, b->val_loss) &&
              same(a->val_accuracy, b->val_accuracy) && same(a->lr, b->lr),
              "plan %d, stop at %d, epoch %d: loss %.17g, not %.17g", number, (int)stop_at, i,
              a->loss, b->loss);
    }
    CHECK(r->lr == want->lr && same(r->loss, want->loss), "plan %d: rate, loss", number);
}

/* Stopped after any update, in one process after the other: the end is the same, bit for bit. */
static void goes_on(void)
{
    static const plan plans[] = {
        { 0, true, true, true, false, false, true, 1 },
        { 1, false, false, false, false, true, true, 3 },
        { 2, true, false, true, true, true, false, 1 },
        { 3, false, true, true, true, false, true, 2 },
        { 4, true, false, false, false, false, true, 1 },
        { 5, false, false, true, false, true, true, 1 } };
    for (int k = 0; k < (int)(sizeof plans / sizeof plans[0]); k++) {
        stop_at = 0;
        const result want = train(&plans[k], false);
        for (int every = 1; every <= 12; every += 4) {
            result r;
            int processes = 0;
            remove(path);
            stop_at = 0;
            do {
                stop_at += every;
                r = train(&plans[k], true);
                CHECK(r.stopped || r.epochs == want.epochs, "it has ended");
            } while (r.stopped && ++processes < 100);
            compare(&r, &want, k);
            if (r.counted != 0) CHECK(processes > 0, "stopped");
            const result again = train(&plans[k], true);          /* nothing is left to do */
            compare(&again, &want, k);
            CHECK(again.counted == r.counted, "one's own state: %g", again.counted);
        }
        remove(path);
    }
    stop_at = 0;
}

static dl_int nothing(void *user, dl_int n, dl_real *x, int32_t *labels, dl_real *y)
{
    (void)user;
    (void)n;
    (void)x;
    (void)labels;
    (void)y;
    return 0;
}

/* Other options, layers or data are refused by name, and the model is as it was. */
static void refusals(void)
{
    static const plan p = { 0, true, true, true, false, false, true, 1 };
    static const char *const text[] = {
        "another batch_size (8, now 9)", "another accumulate (1, now 2)", "another shuffle",
        "another validation_split (0.2, now 0.3", "another patience (2, now 3)", "min_delta",
        "another schedule (", "another schedule.gamma", "another augment", "another learning rate",
        "another training data", "5 epochs", "another beta1 (0.9, now 0.8)", "another layers",
        "another class_weight", "another training data" };
    dl_augment a = dl_augment_default();
    a.shift = 0.2;
    a.flip_h = 0.5;
    remove(path);
    stop_at = 3;
    train(&p, true);
    stop_at = 0;
    static const double classes[CLASSES] = { 1, 2, 1 };
    static dl_real weight[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) weight[i] = i < SAMPLES / 2 ? 1 : 2;
    for (int k = 0; k < 16; k++) {
        dl_ctx *dl = dl_new(7);
        test_quiet(dl);
        dl_data *d = data_set(dl, k == 10 ? 4 : 3);
        dl_model *m = network(dl, &p);
        dl_augment b = a;
        dl_fit f = options(&p, &b);
        dl_optim o = optimizer(&p);
        count = dl_state(dl, dl_shape1(1));
        f.state = &count;
        f.state_count = 1;
        if (k == 0) f.batch_size = 9;
        if (k == 1) f.accumulate = 2;
        if (k == 2) f.shuffle = false;
        if (k == 3) f.validation_split = 0.3;
        if (k == 4) f.patience = 3;
        if (k == 5) f.min_delta = 0.5;
        if (k == 6) f.schedule = dl_schedule_exponential(0.1);
        if (k == 7) f.schedule.gamma = 0.2;
        if (k == 8) b.shift = 0.3;
        if (k == 9) dl_optimizer_set_lr(dl_model_optimizer(m), 0.5);
        o.beta1 = 0.8;
        if (k == 12) dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, o);
        if (k == 14) f.class_weight = classes;
        if (k == 15) d = dl_data_weighted(d, weight);
        if (k == 13) dl_layer_set_frozen(dl_model_layer(m, 0), true);
        const dl_real before = dl_model_param(m, 0)->data[0];
        if (k == 11) f.epochs = 0;
        else {
            CHECK(!dl_model_fit(m, d, &f), "taken: %s", text[k]);
            CHECK_ERROR(dl, DL_ERR_STATE, text[k]);
        }
        CHECK(dl_model_param(m, 0)->data[0] == before, "%s: the weights", text[k]);
        dl_free(dl);
    }
    dl_ctx *dl = dl_new(7);
    test_quiet(dl);
    dl_data *d = data_set(dl, 3);
    dl_model *m = network(dl, &p);
    dl_fit f = options(&p, &a);
    CHECK(!dl_model_fit(m, d, &f), "without the state");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "survive.safetensors does not fit this training");
    f.checkpoint_every = 0;
    CHECK(!dl_model_fit(m, d, &f), "every 0");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "checkpoint_every must be 1 or more");
    f.checkpoint_every = 1;
    f.checkpoint = NULL;
    CHECK(!dl_model_fit(m, d, &f), "resume without a path");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "without a path in checkpoint there are no resume");
    dl_fit plain = dl_fit_default();
    plain.verbose = plain.checkpoint_every = 0;
    CHECK(dl_model_fit(network(dl, &p), d, &plain), "no checkpoint, after every 0 epochs");
    f = options(&p, &a);
    f.state = (dl_tensor *const *)&d;
    f.state = NULL;
    f.state_count = 1;
    CHECK(!dl_model_fit(m, d, &f), "a count without tensors");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_fit: state: a tensor is NULL");
    dl_source s = dl_source_default();
    s.count = -1;
    s.shape = dl_shape3(1, SIDE, SIDE);
    s.classes = CLASSES;
    s.next = nothing;
    f = options(&p, NULL);
    f.validation_split = 0;
    CHECK(!dl_model_fit(m, dl_data_from_source(dl, &s), &f), "a stream");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_fit: no checkpoint of a stream");
    CHECK(!dl_model_stopped(NULL) && !dl_model_stopped(m), "not stopped");
    dl_free(dl);
    remove(path);
}

/* Samples that can be read until a switch is turned, then no more than a batch of them. */
static bool readable;
static bool read_zeros(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                       dl_real *y)
{
    (void)user;
    (void)index;
    (void)y;
    memset(x, 0, (size_t)n * SIDE * SIDE * sizeof *x);
    for (dl_int i = 0; labels && i < n; i++) labels[i] = (int32_t)(i % CLASSES);
    return readable || n <= BATCH;
}

/* Data that can't be looked at are no reason to write a checkpoint over a good one. */
static void unreadable(void)
{
    static const plan p = { 0, false, false, false, false, false, true, 1 };
    static uint8_t before[200000], after[200000];
    dl_ctx *dl = dl_new(7);
    test_quiet(dl);
    dl_source s = dl_source_default();
    s.count = SAMPLES;
    s.shape = dl_shape3(1, SIDE, SIDE);
    s.classes = CLASSES;
    s.read = read_zeros;
    readable = true;
    dl_data *d = dl_data_from_source(dl, &s);
    dl_fit f = options(&p, NULL);
    f.epochs = 1;
    f.on_batch = NULL;
    f.stop = NULL;
    remove(path);
    CHECK(dl_model_fit(network(dl, &p), d, &f), "%s", dl_error_text(dl));
    size_t size = 0;
    for (int resume = 0; resume < 2; resume++) {
        FILE *file = fopen(path, "rb");
        if (!CHECK(file != NULL, "no checkpoint")) return;
        const size_t n = fread(resume ? after : before, 1, sizeof after, file);
        fclose(file);
        if (resume) CHECK(n == size && memcmp(before, after, n) == 0, "the old one stands");
        size = n;
        f.resume = resume > 0;
        readable = false;
        dl_model *m = network(dl, &p);
        CHECK(!dl_model_fit(m, d, &f), "data that can't be read");
        CHECK_ERROR(dl, DL_ERR_FILE, "a batch of a data set: its source could not read");
        readable = true;
    }
    dl_free(dl);
    remove(path);
}

/* Damaged files are refused with a message, or are as good as whole ones; no crash. */
static void damaged(void)
{
    static const plan p = { 0, true, false, false, false, false, true, 1 };
    static uint8_t bytes[200000], bad[200000];
    remove(path);
    stop_at = 3;
    train(&p, true);
    stop_at = 0;
    FILE *file = fopen(path, "rb");
    if (!CHECK(file != NULL, "no file")) return;
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    dl_rng r = dl_rng_new(5, 5);
    const int rounds = getenv("DL_QUICK") ? 100 : 600;
    int refused = 0;
    for (int k = 0; k < rounds; k++) {
        size_t n = size;
        memcpy(bad, bytes, size);
        if (k % 4 == 0) n = (size_t)dl_rng_int(&r, (dl_int)size);
        else for (int i = 0; i < 1 + k % 3; i++)
            bad[dl_rng_int(&r, k % 2 ? (dl_int)size : 12000)] = (uint8_t)dl_rng_int(&r, 256);
        file = fopen(path, "wb");
        fwrite(bad, 1, n, file);
        fclose(file);
        dl_ctx *dl = dl_new(7);
        test_quiet(dl);
        dl_data *d = data_set(dl, 3);
        dl_model *m = network(dl, &p);
        dl_fit f = options(&p, NULL);
        f.stop = NULL;
        count = dl_state(dl, dl_shape1(1));
        f.state = &count;
        f.state_count = 1;
        f.epochs = 1;
        const bool ok = dl_model_fit(m, d, &f);
        CHECK(ok == (dl_error(dl) == DL_OK), "a refusal without a message");
        refused += !ok;
        dl_free(dl);
    }
    CHECK(refused > rounds / 2, "only %d of %d were refused", refused, rounds);
    remove(path);
}

/* ------------------------------------------------------------------------------ optimizers ---- */

static void steps(dl_optimizer *o, dl_tensor **p, int from, int to)
{
    for (int t = from; t < to; t++) {
        for (int i = 0; i < 2; i++)
            for (dl_int k = 0; k < p[i]->size; k++)
                p[i]->grad[k] = (dl_real)((double)((t * 7 + k * 3 + i) % 5 - 2) * 0.1);
        CHECK(dl_optimizer_step(o), "step");
    }
}

static void optimizers(void)
{
    static const char *const kinds[] = { "SGD", "momentum", "Nesterov", "Adagrad", "Adadelta",
                                         "RMSprop", "Adam", "AdamW", "torch.Adam",
                                         "torch.Adadelta" };
    static uint8_t buffer[20000];
    for (int k = 0; k < 10; k++)
        for (int ema = 0; ema < 2; ema++) {
            dl_ctx *dl = dl_new(1);
            test_quiet(dl);
            dl_optim desc = dl_optim_default(dl_find_optim(NULL, kinds[k]), 0.05);
            if (ema) desc.ema = 0.5;
            dl_tensor *p[2] = { dl_param(dl, dl_shape1(3), dl_init_constant(1)),
                                dl_param(dl, dl_shape2(2, 2), dl_init_constant(1)) };
            dl_tensor *q[2] = { dl_param(dl, dl_shape1(3), dl_init_constant(1)),
                                dl_param(dl, dl_shape2(2, 2), dl_init_constant(1)) };
            dl_set_name(p[0], "w");
            dl_set_name(q[0], "w");
            dl_optimizer *a = dl_optimizer_new(dl, desc, p, 2);
            dl_freeze(&p[1], 1);
            steps(a, p, 0, 1);
            dl_unfreeze(&p[1], 1);
            steps(a, p, 1, 4);
            dl_optimizer_set_lr(a, 0.03);
            CHECK(dl_optimizer_save(a, path), "%s", dl_error_text(dl));
            const size_t size = dl_optimizer_save_to_memory(a, buffer, sizeof buffer);
            CHECK(size > 0 && size < sizeof buffer, "%d bytes", (int)size);
            for (int from = 0; from < 2; from++) {
                dl_optimizer *b = dl_optimizer_new(dl, desc, q, 2);
                for (int i = 0; i < 2; i++) dl_copy_in(q[i], p[i]->data);
                CHECK(from ? dl_optimizer_load(b, path)
                           : dl_optimizer_load_from_memory(b, buffer, size), "%s",
                      dl_error_text(dl));
                CHECK(dl_optimizer_lr(b) == 0.03, "the rate is %g", dl_optimizer_lr(b));
                if (from) {
                    steps(a, p, 4, 8);
                    steps(b, q, 4, 8);
                    if (ema) dl_optimizer_set_averaged(a, true);
                    if (ema) dl_optimizer_set_averaged(b, true);
                    CHECK(memcmp(p[0]->data, q[0]->data, 3 * sizeof(dl_real)) == 0 &&
                          memcmp(p[1]->data, q[1]->data, 4 * sizeof(dl_real)) == 0, "%s goes on",
                          kinds[k]);
                }
                for (size_t n = 0; !from && n < size; n += 37)
                    CHECK(!dl_optimizer_load_from_memory(b, buffer, n) && dl_error(dl),
                          "cut off at %d", (int)n);
                dl_clear_error(dl);
                dl_optimizer_free(b);
            }
            if (ema) {
                CHECK(!dl_optimizer_save(a, path), "averages");
                CHECK_ERROR(dl, DL_ERR_STATE, "dl_optimizer_save: the parameters hold their aver");
            }
            dl_optimizer *other = dl_optimizer_new(dl, dl_torch_rmsprop(0.1), q, 2);
            CHECK(!dl_optimizer_load(other, path) && dl_optimizer_lr(other) == 0.1, "%s", kinds[k]);
            CHECK_ERROR(dl, DL_ERR_FORMAT, "does not fit the optimizer");
            dl_optimizer *less = dl_optimizer_new(dl, desc, q, 1);
            CHECK(!dl_optimizer_load(less, path), "fewer parameters");
            CHECK_ERROR(dl, DL_ERR_SHAPE, "of another shape");
            dl_free(dl);
        }
    CHECK(!dl_optimizer_save(NULL, path) && !dl_optimizer_load(NULL, path) &&
          !dl_optimizer_save_to_memory(NULL, NULL, 0) &&
          !dl_optimizer_load_from_memory(NULL, buffer, 9), "NULL");
    remove(path);
}

int main(int argc, char **argv)
{
    snprintf(path, sizeof path, "%s/survive.safetensors", test_dir());
    if (argc == 4) {                                    /* train CHECKPOINT WEIGHTS */
        static const plan p = { 0, true, true, true, true, false, true, 1 };
        dl_ctx *dl = dl_new(7);
        dl_augment a = dl_augment_default();
        a.shift = 0.2;
        dl_data *d = data_set(dl, 3);
        dl_model *m = network(dl, &p);
        dl_fit f = options(&p, &a);
        f.epochs = 25;
        f.patience = 100;
        f.on_batch = NULL;
        f.checkpoint = argv[2];
        f.checkpoint_every = 1;
        if (!argv[2][0]) {
            f.checkpoint = NULL;
            f.resume = f.checkpoint_updates = false;
        }
        const bool ok = dl_model_fit(m, d, &f) && dl_model_save_weights(m, argv[3]);
        dl_free(dl);
        return ok ? 0 : 1;
    }
    TEST(optimizers);
    TEST(goes_on);
    TEST(refusals);
    TEST(unreadable);
    TEST(damaged);
    return test_end();
}
