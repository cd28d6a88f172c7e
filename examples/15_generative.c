/* 15 - nets that make something: an autoencoder and a GAN.

   S1 (section 2.4) describes the autoencoder: an encoder squeezes the input into a short code, a
   decoder rebuilds the input from it. It learns without labels: the input is its own target. (S1
   says it generates; a plain autoencoder reconstructs. It does not know how codes are distributed,
   so it cannot sample.) Here: a code of 2 numbers, drawn as a map of digits, and a code of 32 that
   removes noise: noisy digits go in, clean ones are the target.

   S1 (section 5) and S3 (section 7) name the GAN: a generator turns random numbers into points, a
   discriminator tells them from real ones, and each learns against the other. The data are 8 small
   clouds on a ring, so that one sees what GANs get wrong: they tend to make only some of them.
   With --digits the two nets are convolutional and learn to draw digits.

       gcc -O2 examples/15_generative.c -o generative -lm && ./generative  (-fopenmp for all cores)
       ./generative --digits        the GAN draws digits: some minutes

   @F S1-2.4  code = f(x),  x' = g(code),  L = |x' - x|^2 (here: cross-entropy of each pixel)
   @F S1-5    D: -log D(x) - log(1 - D(G(z)));   G: -log D(G(z))     (Goodfellow et al., 2014)   */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { PIXELS = 784, MAP = 12, SHOWN = 8, MODES = 8, Z = 64, POINTS = 2000, SHOTS = 5, GRID = 40,
       DRAWN = 200 };
typedef struct mlp { dl_tensor *p[6]; } mlp;           /* three layers: W, b, W, b, W, b */

static mlp mlp_new(dl_ctx *dl, int in, int a, int b, int out) {
    const int size[4] = {in, a, b, out};
    mlp m;
    for (int k = 0; k < 3; k++) {
        m.p[2 * k] = dl_param(dl, dl_shape2(size[k + 1], size[k]), dl_init_he_normal());
        m.p[2 * k + 1] = dl_param(dl, dl_shape1(size[k + 1]), dl_init_zeros());
    }
    return m;
}

/* Linear layers with leaky ReLU between them; none behind the last. */
static dl_tensor *mlp_forward(const mlp *m, dl_tensor *x) {
    for (int k = 0; k < 3; k++) {
        x = dl_linear(x, m->p[2 * k], m->p[2 * k + 1]);
        if (k < 2) x = dl_leaky_relu(x, 0.2);
    }
    return x;
}

static dl_tensor *add_noise(dl_tensor *x, double size) {
    return x ? dl_add(x, dl_mul_scalar(dl_randn(x->ctx, x->shape), size)) : NULL;
}

/* ------------------------------------------------------------------------- autoencoder ---- */

typedef struct autoencoder { mlp encoder, decoder; double noise; } autoencoder;

static dl_tensor *spoil(const autoencoder *a, dl_tensor *x) {
    return a->noise > 0 ? dl_clamp(add_noise(x, a->noise), 0, 1) : x;
}

/* x' = g(f(in)), as logits: sigmoid of them are pixels. */
static dl_tensor *rebuild(const autoencoder *a, dl_tensor *in) {
    return mlp_forward(&a->decoder, mlp_forward(&a->encoder, in));
}

/* Train encoder and decoder together. Returns the mean squared error of a test pixel. */
static double autoencoder_fit(dl_ctx *dl, const ex_options *o, autoencoder *a, int code,
                              const dl_data *train, const dl_data *test) {
    dl_tensor *all[12];
    a->encoder = mlp_new(dl, PIXELS, 256, 64, code);
    a->decoder = mlp_new(dl, code, 64, 256, PIXELS);
    memcpy(all, a->encoder.p, sizeof all / 2);
    memcpy(all + 6, a->decoder.p, sizeof all / 2);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_torch_adam(0.002), all, 12);
    dl_loader *loader = dl_loader_new(train, o->batch, true);
    dl_batch b;
    double error = 0;
    for (int epoch = 0; epoch < o->epochs; epoch++) {
        double sum = 0;
        while (dl_loader_next(loader, &b)) {
            dl_tensor *x = dl_flatten(b.x);
            dl_tensor *loss = dl_bce(rebuild(a, spoil(a, x)), x);  /* the target is x itself */
            sum += dl_item(loss);
            dl_zero_grad(opt);
            dl_backward(loss);
            dl_step(opt);
            dl_tape_clear(dl);
        }
        if (!o->quiet) printf("  code of %2d%s, epoch %d: loss %.4f\n", code,
                              a->noise > 0 ? ", noise" : "", epoch + 1,
                              sum / (double)dl_loader_batches(loader));
    }
    dl_loader_free(loader);
    dl_optimizer_free(opt);
    loader = dl_loader_new(test, 500, false);
    dl_no_grad(dl, true);
    while (dl_loader_next(loader, &b)) {
        dl_tensor *x = dl_flatten(b.x);
        error += dl_item(dl_mse(dl_sigmoid(rebuild(a, spoil(a, x))), x)) * (double)b.size;
        dl_tape_clear(dl);
    }
    dl_no_grad(dl, false);
    dl_loader_free(loader);
    return error / (double)test->count;
}

/* What the decoder makes of a grid of codes, mean +- 2 deviations of those of the test digits. */
static void draw_map(dl_ctx *dl, const autoencoder *a, const dl_data *test, dl_real *map) {
    dl_real grid[MAP * MAP * 2];
    double sum[2] = {0, 0}, square[2] = {0, 0};
    for (int i = 0; i < 1000; i++, dl_tape_clear(dl)) {
        dl_tensor *c = mlp_forward(&a->encoder, dl_flatten(dl_data_sample(test, i)));
        for (int k = 0; c && k < 2; k++) {
            sum[k] += (double)c->data[k] / 1000;
            square[k] += (double)c->data[k] * (double)c->data[k] / 1000;
        }
    }
    for (int i = 0; i < MAP * MAP * 2; i++) {
        int at = i % 2 ? i / 2 / MAP : i / 2 % MAP;
        double sd = sqrt(square[i % 2] - sum[i % 2] * sum[i % 2]);
        grid[i] = (dl_real)(sum[i % 2] + sd * (4.0 * at / (MAP - 1) - 2));
    }
    dl_tensor *y = mlp_forward(&a->decoder, dl_from(dl, dl_shape2(MAP * MAP, 2), grid));
    y = dl_sigmoid(y);
    for (int i = 0; y && i < MAP * MAP * PIXELS; i++) {         /* 12 x 12 pictures to one */
        int row = i / PIXELS / MAP * 28 + i % PIXELS / 28, column = i / PIXELS % MAP * 28 + i % 28;
        map[row * MAP * 28 + column] = y->data[i];
    }
}

/* --------------------------------------------------------------------------------- GAN ---- */

/* For digits: 64 numbers to 32 x 7 x 7, then twice twice the size (transposed convolutions), each
   but the last followed by batch normalization (always with the batch's own mean and variance). */
static mlp drawer_new(dl_ctx *dl) {
    mlp m = {{dl_param(dl, dl_shape2(32 * 7 * 7, Z), dl_init_normal(0, 0.1)),
              dl_param(dl, dl_shape1(32 * 7 * 7), dl_init_zeros()),
              dl_param(dl, dl_shape4(32, 16, 4, 4), dl_init_normal(0, 0.05)),
              dl_param(dl, dl_shape1(16), dl_init_zeros()),
              dl_param(dl, dl_shape4(16, 1, 4, 4), dl_init_normal(0, 0.05)),
              dl_param(dl, dl_shape1(1), dl_init_zeros())}};
    return m;
}
static dl_tensor *norm(dl_tensor *x) {
    return dl_relu(dl_batch_norm(x, DL_NONE, DL_NONE, DL_NONE, DL_NONE, 0.1, 1e-5));
}
static dl_tensor *draw(const mlp *m, dl_tensor *z) {
    dl_conv_options twice = dl_conv2d_default();
    if (z == NULL) return NULL;
    twice.stride[0] = twice.stride[1] = 2;
    twice.before[0] = twice.before[1] = twice.after[0] = twice.after[1] = 1;
    dl_tensor *x = dl_reshape(dl_linear(z, m->p[0], m->p[1]), dl_shape4(z->shape.dim[0], 32, 7, 7));
    x = norm(dl_conv_transpose2d(norm(x), m->p[2], m->p[3], &twice));
    return dl_flatten(dl_sigmoid(dl_conv_transpose2d(x, m->p[4], m->p[5], &twice)));
}

/* And back: 28 x 28 to 14 x 14 to 7 x 7 to one logit. */
static mlp judge_new(dl_ctx *dl) {
    mlp m = {{dl_param(dl, dl_shape4(16, 1, 4, 4), dl_init_he_normal()),
              dl_param(dl, dl_shape1(16), dl_init_zeros()),
              dl_param(dl, dl_shape4(32, 16, 4, 4), dl_init_he_normal()),
              dl_param(dl, dl_shape1(32), dl_init_zeros()),
              dl_param(dl, dl_shape2(1, 32 * 7 * 7), dl_init_normal(0, 0.02)),
              dl_param(dl, dl_shape1(1), dl_init_zeros())}};
    return m;
}
static dl_tensor *judge(const mlp *m, dl_tensor *x) {
    dl_conv_options half = dl_conv2d_default();
    if (x == NULL) return NULL;
    half.stride[0] = half.stride[1] = 2;
    half.before[0] = half.before[1] = half.after[0] = half.after[1] = 1;
    x = dl_reshape(x, dl_shape4(x->shape.dim[0], 1, 28, 28));
    x = dl_leaky_relu(dl_conv2d(x, m->p[0], m->p[1], &half), 0.2);
    x = dl_leaky_relu(dl_conv2d(x, m->p[2], m->p[3], &half), 0.2);
    return dl_linear(dl_flatten(x), m->p[4], m->p[5]);
}

/* n real points: 8 clouds of deviation 0.1 on a ring of radius 2. */
static dl_tensor *ring(dl_ctx *dl, int n) {
    dl_tensor *x = dl_mul_scalar(dl_randn(dl, dl_shape2(n, 2)), 0.1);
    for (int i = 0; x && i < n; i++) {
        double a = 6.283185307179586 / MODES * (double)dl_rng_int(dl_ctx_rng(dl), MODES);
        x->data[2 * i] += (dl_real)(2 * cos(a));
        x->data[2 * i + 1] += (dl_real)(2 * sin(a));
    }
    return x;
}

/* How many clouds have at least 1 % of the points within 3 deviations, and how many points have
   a cloud. */
static int covered(const dl_real *p, int n, double *good) {
    int modes = 0, near[MODES] = {0};
    *good = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < MODES; k++) {
            double a = 6.283185307179586 / MODES * k;
            if (hypot((double)p[2 * i] - 2 * cos(a), (double)p[2 * i + 1] - 2 * sin(a)) < 0.3) {
                near[k]++;
                *good += 1.0 / n;
            }
        }
    for (int k = 0; k < MODES; k++) modes += near[k] >= n / 100;
    return modes;
}

/* The same for drawn digits: which class has the nearest real one? Classes with at least 1 %. */
static int classes(dl_ctx *dl, const dl_data *real, const dl_real *drawn, int n) {
    int count[10] = {0}, found = 0, images = real->count < 2000 ? (int)real->count : 2000;
    double *best = (double *)malloc((size_t)n * sizeof *best);
    int *label = (int *)calloc((size_t)n, sizeof *label);
    for (int k = 0; best && label && k < images; k++, dl_tape_clear(dl)) {
        dl_tensor *x = dl_data_sample(real, k);
        for (int i = 0; x && i < n; i++) {
            double d = 0;
            for (int j = 0; j < PIXELS; j++)
                d += (double)((x->data[j] - drawn[i * PIXELS + j]) *
                              (x->data[j] - drawn[i * PIXELS + j]));
            if (k == 0 || d < best[i]) best[i] = d, label[i] = real->labels[k];
        }
    }
    for (int i = 0; label && i < n; i++) count[label[i]]++;
    for (int c = 0; c < 10; c++) found += count[c] * 100 >= n && count[c] > 0;
    free(best), free(label);
    return found;
}

/* Train a GAN on the ring, or on digits if there are any. made: what the generator makes of the
   same n random z after each fifth of the steps, SHOTS times n points. */
static void gan(dl_ctx *dl, const ex_options *o, int steps, const dl_data *digits, dl_real *made,
                int n) {
    const int z = digits ? Z : 8, batch = digits ? 64 : 256, size = digits ? PIXELS : 2;
    const double rate = digits ? 0.0005 : 0.001;
    dl_tensor *(*make)(const mlp *, dl_tensor *) = digits ? draw : mlp_forward;
    dl_tensor *(*tell)(const mlp *, dl_tensor *) = digits ? judge : mlp_forward;
    mlp g = digits ? drawer_new(dl) : mlp_new(dl, z, 64, 64, 2);
    mlp d = digits ? judge_new(dl) : mlp_new(dl, 2, 64, 64, 1);
    dl_optim adam = dl_torch_adam(rate);
    adam.beta1 = 0.5;                              /* momentum makes the two chase each other */
    dl_optimizer *g_opt = dl_optimizer_new(dl, adam, g.p, 6);
    dl_optimizer *d_opt = dl_optimizer_new(dl, adam, d.p, 6);
    dl_schedule cosine = dl_schedule_cosine(steps, 0.05);
    dl_loader *loader = digits ? dl_loader_new(digits, batch, true) : NULL;
    dl_tensor *always = dl_state(dl, dl_shape2(n, z));
    for (dl_int i = 0; always && i < always->size; i++)
        always->data[i] = (dl_real)dl_rng_normal(dl_ctx_rng(dl));
    const int clear = steps / 2;                   /* when the fog is gone: see below */
    for (int step = 0, shot = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        dl_batch b;
        dl_tensor *real = NULL;
        if (loader) {
            if (!dl_loader_next(loader, &b)) continue;         /* the epoch's end: once more */
            real = dl_flatten(b.x);
        } else real = ring(dl, batch);
        dl_int N = real ? real->shape.dim[0] : 0;
        dl_tensor *yes = dl_ones(dl, dl_shape2(N, 1)), *no = dl_zeros(dl, dl_shape2(N, 1));
        dl_tensor *fake = make(&g, dl_randn(dl, dl_shape2(N, z)));
        dl_optimizer_set_lr(g_opt, rate * dl_schedule_factor(&cosine, step));
        dl_optimizer_set_lr(d_opt, rate * dl_schedule_factor(&cosine, step));
        /* Both kinds of points are shown through a fog that lifts: at first the ring is one cloud, and every
           part of it tells the generator where to go. Without it, 3 of 8 clouds are found. */
        double fog = step < clear ? 1.0 - (double)step / clear : 0;
        if (!digits) real = add_noise(real, fog), fake = add_noise(fake, fog);
        /* The discriminator: real ones are real, made ones are not. */
        dl_tensor *d_loss = dl_add(dl_bce(tell(&d, real), yes),
                                   dl_bce(tell(&d, dl_detach(fake)), no));
        dl_zero_grad(d_opt);
        dl_backward(d_loss);
        dl_step(d_opt);
        /* The generator: be taken for real. The discriminator is frozen, but hands on gradients. */
        dl_freeze(d.p, 6);
        dl_tensor *g_loss = dl_bce(tell(&d, fake), yes);
        dl_zero_grad(g_opt);
        dl_backward(g_loss);
        dl_step(g_opt);
        dl_unfreeze(d.p, 6);
        while (shot < SHOTS && (step + 1) * SHOTS >= (shot + 1) * steps) {
            dl_real *now = made + (size_t)shot++ * (size_t)n * (size_t)size;
            dl_no_grad(dl, true);
            dl_tensor *y = make(&g, always);
            if (y) memcpy(now, y->data, (size_t)y->size * sizeof *now);
            dl_no_grad(dl, false);
            if (!o->quiet) {
                double good = 0;
                int found = digits ? classes(dl, digits, now, n) : covered(now, n, &good);
                printf("  step %5d: D %.3f, G %.3f; %d of %d %s found", step + 1, dl_item(d_loss),
                       dl_item(g_loss), found, digits ? 10 : 8, digits ? "digits" : "clouds");
                if (digits) printf("\n");
                else printf(", %.0f %% of the points in one\n", 100 * good);
            }
        }
        dl_tape_clear(dl);
    }
    dl_loader_free(loader);
}

/* -------------------------------------------------------------------------------- page ---- */

/* Pictures with one caption, in the terminal and in the page. */
static void show(ex_page *page, bool quiet, const char *english, const char *chinese,
                 const dl_real *pixels, int n, int side, double hi, int zoom) {
    ex_image im[2 * SHOWN];
    memset(im, 0, sizeof im);
    for (int i = 0; i < n; i++) {
        im[i].pixel = pixels + i * side * side;
        im[i].height = im[i].width = side;
    }
    if (!quiet && side <= GRID) printf("%s:\n\n", english), ex_draw(im, n, 0, hi);
    ex_page_text(page, 0, "%s · %s", english, chinese);
    ex_page_images(page, im, n, 0, hi, zoom);
}

int main(int argc, char **argv) {
    static dl_real map[MAP * MAP * PIXELS], shown[4][SHOWN * PIXELS], cloud[SHOTS + 1][GRID * GRID];
    int steps = 6000, found;
    bool digits = false;
    double good = 0, error[2];
    autoencoder a[2];
    ex_option extra[2] = {{"steps", EX_INT, NULL, SHOTS, 1000000, "updates of the GAN"},
                          {"digits", EX_FLAG, NULL, 0, 0, "the GAN draws digits, not a ring"}};
    ex_options o = ex_options_default();
    o.epochs = 3;
    o.batch = 64;
    o.limit = 20000;
    extra[0].value = &steps;
    extra[1].value = &digits;
    ex_parse(&o, argc, argv, "autoencoder (map, denoising) and GAN on a ring of clouds",
             "data epochs batch limit seed threads html quiet", extra, 2);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "Autoencoder and GAN · 自编码器与生成对抗网络");
    const int n = digits ? DRAWN : POINTS, size = digits ? PIXELS : 2;
    dl_real *made = (dl_real *)calloc((size_t)SHOTS * (size_t)n * (size_t)size, sizeof *made);
    if (!made) return dl_fail(dl, DL_ERR_MEMORY, "no memory for pictures"), ex_end(dl, &o);
    const dl_real *last = made + (size_t)(SHOTS - 1) * (size_t)n * (size_t)size;
    double start = ex_seconds();
    if (!o.quiet) printf("Autoencoder\n");
    a[0].noise = 0, a[1].noise = 0.5;
    error[0] = autoencoder_fit(dl, &o, &a[0], 2, train, test);
    error[1] = autoencoder_fit(dl, &o, &a[1], 32, train, test);
    if (!o.quiet) printf("\nGAN\n");
    if (dl_error(dl) == DL_OK) gan(dl, &o, steps, digits ? train : NULL, made, n);
    double seconds = ex_seconds() - start;
    if (dl_error(dl)) return ex_end(dl, &o);

    dl_no_grad(dl, true);
    draw_map(dl, &a[0], test, map);
    for (int i = 0; i < SHOWN; i++, dl_tape_clear(dl)) {
        dl_tensor *x = dl_flatten(dl_data_sample(test, i)), *noisy = spoil(&a[1], x), *row[4];
        row[0] = x, row[1] = dl_sigmoid(rebuild(&a[0], x));
        row[2] = noisy, row[3] = dl_sigmoid(rebuild(&a[1], noisy));
        for (int r = 0; r < 4 && row[r]; r++)
            memcpy(shown[r] + i * PIXELS, row[r]->data, PIXELS * sizeof(dl_real));
    }
    ex_page_text(&page, 2, "Autoencoder · 自编码器");
    show(&page, o.quiet, "Test digits", "测试数字", shown[0], SHOWN, 28, 1, 3);
    show(&page, o.quiet, "Rebuilt from 2 numbers", "由两个数重建", shown[1], SHOWN, 28, 1, 3);
    show(&page, o.quiet, "With noise", "加噪", shown[2], SHOWN, 28, 1, 3);
    show(&page, o.quiet, "Cleaned, by a code of 32", "用32维编码去噪", shown[3], SHOWN, 28, 1, 3);
    show(&page, o.quiet, "A map: the first number goes right, the second down",
         "数字地图：第一个数向右，第二个数向下", map, 1, MAP * 28, 1, 2);
    ex_page_text(&page, 2, "GAN · 生成对抗网络");
    if (digits) {
        for (int k = 0; k < SHOTS; k++) {
            char english[64], chinese[64];
            snprintf(english, sizeof english, "Drawn after %d steps", (k + 1) * steps / SHOTS);
            snprintf(chinese, sizeof chinese, "%d 步之后", (k + 1) * steps / SHOTS);
            show(&page, o.quiet, english, chinese, made + (size_t)k * (size_t)n * PIXELS,
                 k + 1 < SHOTS ? SHOWN : 2 * SHOWN, 28, 1, 3);
        }
        found = classes(dl, train, last, n);
    } else {
        dl_tensor *real = ring(dl, POINTS);
        for (int k = 0; real && k <= SHOTS; k++)         /* points to pictures: count them */
            for (int i = 0; i < POINTS; i++) {
                const dl_real *p = k ? made + ((k - 1) * POINTS + i) * 2 : real->data + 2 * i;
                int x = (int)(((double)p[0] + 3) / 6 * GRID);
                int y = (int)((3 - (double)p[1]) / 6 * GRID);
                if (x >= 0 && x < GRID && y >= 0 && y < GRID) cloud[k][y * GRID + x]++;
            }
        found = covered(last, n, &good);
        show(&page, o.quiet, "The real ring, and what the GAN makes after each fifth of the steps",
             "真实的环，以及训练每完成五分之一后GAN生成的点", cloud[0], SHOTS + 1, GRID, 15, 3);
    }
    ex_page_text(&page, 0, "Found: %d of %d. · 找到：%d / %d。", found, digits ? 10 : MODES, found,
                 digits ? 10 : MODES);
    ex_page_close(&page, o.quiet);
    free(made);
    ex_result("%s=%d good_points=%.3f map_error=%.4f denoise_error=%.4f seconds=%.2f",
              digits ? "classes" : "modes", found, good, error[0], error[1], seconds);
    return ex_end(dl, &o);
}
