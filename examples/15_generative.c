/* 15 - nets that make something: an autoencoder and a GAN.

   S1 (section 2.4) describes the autoencoder: an encoder squeezes the input into a short code, a
   decoder rebuilds the input from it. It learns without labels: the input is its own target. (S1
   says it generates; a plain autoencoder reconstructs. It does not know how codes are distributed,
   so it cannot sample.) Here: a code of 2 numbers, drawn as a map of digits, and a code of 32 that
   removes noise: noisy digits go in, clean ones are the target.

   S1 (section 5) and S3 (section 7) name the GAN: a generator turns random numbers into points, a
   discriminator tells them from real ones, and each learns against the other. The data are 8 small
   clouds on a ring, so that one sees what GANs get wrong: they tend to make only some of them.
   With --digits the same two nets, made wider, learn to draw digits: rough ones, for such nets do
   not know that pixels have neighbours.

   The smallest GAN has two numbers, and is worked out first: it circles around the goal.

       gcc -O2 examples/15_generative.c -o generative -lm && ./generative  (-fopenmp for all cores)
       ./generative --digits        the GAN draws digits: some minutes

   @F S1-2.4  code = f(x),  x' = g(code),  L = |x' - x|^2 (here: cross-entropy of each pixel)
   @F S1-5    D: -log D(x) - log(1 - D(G(z)));   G: -log D(G(z))     (Goodfellow et al., 2014)
              with D = sigmoid(u):  dL_D/du = D - 1 (real), D (made);   dL_G/du = D - 1          */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { PIXELS = 784, SHOWN = 8, MAP = 12, MODES = 8, POINTS = 2000, DRAWN = 200, NEAREST = 2000,
       GRID = 40, SHOTS = 5, CIRCLE = 120 };

typedef struct autoencoder { dl_tensor *p[12]; double noise; } autoencoder;
typedef struct gan { dl_ctx *dl; dl_tensor *g[6], *d[6]; dl_optimizer *g_opt, *d_opt; } gan;

/* Behind main: what is read, measured and shown, and how; the smallest GAN. */
static ex_options options(int argc, char **argv, int *steps, bool *digits);
static dl_tensor *next_real(dl_ctx *dl, dl_loader *digits);
static void show_epoch(const autoencoder *a, int code, int epoch, double loss);
static void show_autoencoders(const autoencoder *a, const dl_data *test, ex_page *page, bool quiet);
static void show_circle(ex_page *page, bool quiet);
static void look(dl_tensor *x, const dl_data *digits, int step, const double loss[2], bool quiet);
static void show_shots(dl_ctx *dl, bool digits, ex_page *page, bool quiet);
static void show_result(bool digits, double seconds);

/* Three linear layers, p = W, b, W, b, W, b, with leaky ReLU between them. */
static void mlp_init(dl_ctx *dl, dl_tensor **p, int in, int a, int b, int out) {
    const int size[4] = {in, a, b, out};
    for (int k = 0; k < 3; k++) {
        p[2 * k] = dl_param(dl, dl_shape2(size[k + 1], size[k]), dl_init_he_normal());
        p[2 * k + 1] = dl_param(dl, dl_shape1(size[k + 1]), dl_init_zeros());
    }
}

static dl_tensor *mlp(dl_tensor *const *p, dl_tensor *x) {
    x = dl_leaky_relu(dl_linear(x, p[0], p[1]), 0.2);
    x = dl_leaky_relu(dl_linear(x, p[2], p[3]), 0.2);
    return dl_linear(x, p[4], p[5]);
}

static dl_tensor *add_noise(dl_tensor *x, double size) {
    return x && size > 0 ? dl_add(x, dl_mul_scalar(dl_randn(x->ctx, x->shape), size)) : x;
}

/* What the autoencoder is given of x. */
static dl_tensor *spoil(const autoencoder *a, dl_tensor *x) {
    return dl_clamp(add_noise(x, a->noise), 0, 1);
}

/* x' = g(f(in)), as logits: sigmoid of them are pixels. S1 section 2.4 */
static dl_tensor *rebuild(const autoencoder *a, dl_tensor *in) {
    return mlp(a->p + 6, mlp(a->p, in));
}

/* Train encoder and decoder together. */
static void autoencoder_fit(dl_ctx *dl, const ex_options *o, autoencoder *a, int code,
                            const dl_data *train) {
    mlp_init(dl, a->p, PIXELS, 256, 64, code);
    mlp_init(dl, a->p + 6, code, 64, 256, PIXELS);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_torch_adam(0.002), a->p, 12);
    dl_loader *loader = dl_loader_new(train, o->batch, true);
    dl_batch b;
    for (int epoch = 0; epoch < o->epochs; epoch++) {
        double sum = 0;
        while (dl_loader_next(loader, &b)) {
            dl_tensor *x = dl_flatten(b.x);
            dl_tensor *loss = dl_bce(rebuild(a, spoil(a, x)), x);  /* the target is x itself */
            sum += dl_item(loss);
            dl_optimizer_zero_grad(opt);
            dl_backward(loss);
            dl_optimizer_step(opt);
            dl_tape_clear(dl);
        }
        if (!o->quiet) show_epoch(a, code, epoch + 1, sum / (double)dl_loader_batch_count(loader));
    }
    dl_loader_free(loader);
    dl_optimizer_free(opt);
}

/* One update of the discriminator and one of the generator, from real samples and made ones. Both
   are seen through a fog, noise that lifts as training goes on: at first the ring is one cloud, and
   every part of it tells the generator where to go. Losses of both: loss[2]. */
static void gan_step(gan *a, dl_tensor *real, dl_tensor *fake, double fog, double loss[2]) {
    const dl_shape one = dl_shape2(real ? real->shape.dim[0] : 1, 1);
    dl_tensor *yes = dl_ones(a->dl, one), *no = dl_zeros(a->dl, one);
    real = add_noise(real, fog);
    fake = add_noise(fake, fog);
    /* S1 section 5. The discriminator: -log D(x) - log(1 - D(G(z))) */
    dl_tensor *d_loss = dl_add(dl_bce(mlp(a->d, real), yes),
                               dl_bce(mlp(a->d, dl_detach(fake)), no));
    dl_optimizer_zero_grad(a->d_opt);
    dl_backward(d_loss);
    dl_optimizer_step(a->d_opt);
    /* The generator: -log D(G(z)). The discriminator is frozen, but hands on gradients. */
    dl_freeze(a->d, 6);
    dl_tensor *g_loss = dl_bce(mlp(a->d, fake), yes);
    dl_optimizer_zero_grad(a->g_opt);
    dl_backward(g_loss);
    dl_optimizer_step(a->g_opt);
    dl_unfreeze(a->d, 6);
    loss[0] = dl_item(d_loss);
    loss[1] = dl_item(g_loss);
}

/* Train a GAN on the ring, or on digits if there are any. It is looked at after each fifth. */
static void gan_fit(dl_ctx *dl, const dl_data *digits, int steps, bool quiet) {
    const int size = digits ? 64 : 8;                              /* of z */
    const int clear = digits ? steps * 3 / 4 : steps / 2;          /* the fog is gone */
    const double rate = digits ? 0.0003 : 0.001;
    dl_tensor *always = dl_keep(dl_randn(dl, dl_shape2(digits ? DRAWN : POINTS, size)));
    gan a = {dl, {NULL}, {NULL}, NULL, NULL};
    mlp_init(dl, a.g, size, digits ? 256 : 64, digits ? 512 : 64, digits ? PIXELS : 2);
    mlp_init(dl, a.d, digits ? PIXELS : 2, digits ? 512 : 64, digits ? 256 : 64, 1);
    dl_optim adam = dl_torch_adam(rate);
    adam.beta1 = 0.5;                              /* momentum makes the two chase each other */
    a.g_opt = dl_optimizer_new(dl, adam, a.g, 6);
    a.d_opt = dl_optimizer_new(dl, adam, a.d, 6);
    const dl_schedule cosine = dl_schedule_cosine(steps, 0.05);
    dl_loader *loader = digits ? dl_loader_new(digits, 128, true) : NULL;
    for (int step = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        double loss[2];
        dl_tensor *real = next_real(dl, loader);
        dl_tensor *fake = mlp(a.g, dl_randn(dl, dl_shape2(real ? real->shape.dim[0] : 1, size)));
        if (digits) fake = dl_sigmoid(fake);                       /* pixels are 0 .. 1 */
        dl_optimizer_set_lr(a.g_opt, rate * dl_schedule_factor(&cosine, step));
        dl_optimizer_set_lr(a.d_opt, rate * dl_schedule_factor(&cosine, step));
        gan_step(&a, real, fake, step < clear ? 1.0 - (double)step / clear : 0, loss);
        if ((step + 1) * SHOTS / steps > step * SHOTS / steps)
            look(mlp(a.g, always), digits, step + 1, loss, quiet);
        dl_tape_clear(dl);
    }
    dl_loader_free(loader);
}

int main(int argc, char **argv) {
    int steps = 6000;
    bool digits = false;
    autoencoder a[2] = {{{NULL}, 0}, {{NULL}, 0.5}};
    const ex_options o = options(argc, argv, &steps, &digits);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Autoencoder and GAN", "自编码器与生成对抗网络"));
    const double start = ex_seconds();
    ex_page_formula(&page, "x′ = g(f(x)),   D: −log D(x) − log(1 − D(G(z))),   G: −log D(G(z))");
    ex_show_text(&page, o.quiet, 2, EX("Autoencoder", "自编码器"));
    for (int k = 0; k < 2; k++) autoencoder_fit(dl, &o, &a[k], k ? 32 : 2, train);
    show_autoencoders(a, test, &page, o.quiet);
    show_circle(&page, o.quiet);
    gan_fit(dl, digits ? train : NULL, steps, o.quiet);
    if (dl_error(dl)) return ex_end(dl, &o);
    show_shots(dl, digits, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    show_result(digits, ex_seconds() - start);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* For the last line: errors of both autoencoders; clouds or classes that the GAN has found, and the
   share of points in a cloud. What it made after each fifth, digits or a grid; first the real. */
static struct {
    int     shots, found;
    double  error[2], good;
    dl_real picture[(SHOTS + 1) * SHOWN * PIXELS];
} seen;

static ex_options options(int argc, char **argv, int *steps, bool *digits) {
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {
        {"steps", EX_INT, steps, SHOTS, 1000000, EX("updates of the GAN", "GAN 更新的步数")},
        {"digits", EX_FLAG, digits, 0, 0, EX("the GAN draws digits, not a ring", "GAN 画数字，而不是环")}};
    o.epochs = 3;
    o.batch = 64;
    o.limit = 20000;
    ex_parse(&o, argc, argv, EX("autoencoder (map, denoising) and GAN on a ring of clouds; a "
                                "minute",
                                "自编码器（地图、去噪），以及云环上的生成对抗网络；一分钟"),
             "data epochs batch limit seed threads html quiet", own, 2);
    return o;
}

/* Where cloud k is: 8 on a ring of radius 2. */
static double ring_x(int k) { return 2 * cos(6.283185307179586 / (double)MODES * k); }
static double ring_y(int k) { return 2 * sin(6.283185307179586 / (double)MODES * k); }

/* n real points: the clouds have a deviation of 0.1. */
static dl_tensor *ring(dl_ctx *dl, int n) {
    dl_tensor *x = dl_mul_scalar(dl_randn(dl, dl_shape2(n, 2)), 0.1);
    for (int i = 0; x && i < n; i++) {
        int k = (int)dl_rng_int(dl_ctx_rng(dl), MODES);
        x->data[2 * i] += (dl_real)ring_x(k);
        x->data[2 * i + 1] += (dl_real)ring_y(k);
    }
    return x;
}

/* The next real samples: images, or points of the ring. */
static dl_tensor *next_real(dl_ctx *dl, dl_loader *digits) {
    dl_batch b;
    if (!digits) return ring(dl, 256);
    if (!dl_loader_next(digits, &b) && !dl_loader_next(digits, &b)) return NULL;   /* a new epoch */
    return dl_flatten(b.x);
}

/* The mean squared error of a rebuilt test pixel. */
static double rebuild_error(dl_ctx *dl, const autoencoder *a, const dl_data *test) {
    dl_loader *loader = dl_loader_new(test, 500, false);
    dl_batch b;
    double sum = 0;
    dl_set_no_grad(dl, true);
    while (dl_loader_next(loader, &b)) {
        dl_tensor *x = dl_flatten(b.x);
        sum += dl_item(dl_mse_sum(dl_sigmoid(rebuild(a, spoil(a, x))), x));
        dl_tape_clear(dl);
    }
    dl_set_no_grad(dl, false);
    dl_loader_free(loader);
    return sum / (double)(dl_data_count(test) * PIXELS);
}

static void show_epoch(const autoencoder *a, int code, int epoch, double loss) {
    printf(EX("  code of %2d%s, epoch %d: loss %.4f\n", "  编码 %2d 个数%s，第 %d 轮：损失 %.4f\n"), code,
           a->noise > 0 ? EX(", noise", "，加噪") : "", epoch, loss);
}

/* n pictures of side x side pixels with one caption, in the terminal (small ones) and the page. */
static void show(ex_page *page, bool quiet, const char *caption, const dl_tensor *pictures, int n,
                 int side, double hi) {
    ex_image im[SHOTS * SHOWN];
    if (!pictures) return;
    for (int i = 0; i < n; i++)
        im[i] = ex_image_of(pictures->data + i * side * side, side, side, "");
    quiet = quiet || side > GRID;
    ex_show_text(page, quiet, 0, "%s", caption);
    if (!quiet) ex_draw(im, n < SHOWN ? n : SHOWN, 0, hi);
    ex_page_images(page, im, n, 0, hi, side > GRID || n > SHOWN ? 2 : 3);
}

/* Test digits and what the two autoencoders make of them. Then what a decoder makes of a grid of
   codes, mean +- 2 deviations of those of 1000 test digits. */
static void show_autoencoders(const autoencoder *a, const dl_data *test, ex_page *page,
                              bool quiet) {
    dl_ctx *dl = dl_data_ctx(test);
    const int order[4] = {0, 2, 1, 3};
    ex_page none;
    dl_loader *loader = dl_loader_new(test, 1000, false);
    dl_batch b;
    memset(&none, 0, sizeof none);
    for (int k = 0; k < 2; k++) seen.error[k] = rebuild_error(dl, &a[k], test);
    if (!dl_loader_next(loader, &b)) return;
    dl_tensor *all = dl_flatten(b.x), *x = dl_slice(all, 0, 0, SHOWN), *noisy = spoil(&a[1], x);
    dl_tensor *row[4] = {x, dl_sigmoid(rebuild(&a[0], x)), noisy,
                         dl_sigmoid(rebuild(&a[1], noisy))};
    ex_page_figure(page, "15-rebuilt", EX("Four rows: test digits; rebuilt from 2 numbers; with "
                                          "noise; cleaned by a code of 32",
                                          "四行：测试数字；由两个数重建；加噪之后；用 32 个数的编码去噪"));
    show(page, true, EX("Test digits; rebuilt from 2 numbers; with noise; cleaned by a code of 32",
                        "测试数字；由两个数重建；加噪之后；用 32 个数的编码去噪"),
         dl_concat(row, 4, 0), 4 * SHOWN, 28, 1);
    for (int k = 0; k < 2 && !quiet; k++)
        show(&none, false, k ? EX("Rebuilt from 2 numbers", "由两个数重建") : EX("Test digits", "测试数字"),
             row[k], SHOWN, 28, 1);
    dl_tensor *code = mlp(a->p, all), *mean = dl_mean_axis(code, 0, false);
    dl_tensor *sd = dl_sqrt(dl_mean_axis(dl_square(dl_sub(code, mean)), 0, false));
    dl_tensor *grid = dl_zeros(dl, dl_shape2(MAP * MAP, 2)), *map;
    for (int i = 0; grid && i < MAP * MAP * 2; i++)        /* -2 .. 2; the first goes right */
        grid->data[i] = (dl_real)(4.0 * (i % 2 ? i / 2 / MAP : i / 2 % MAP) / (MAP - 1) - 2);
    map = dl_sigmoid(mlp(a->p + 6, dl_add(mean, dl_mul(grid, sd))));
    map = dl_permute(dl_reshape(map, dl_shape4(MAP, MAP, 28, 28)), order);     /* to one picture */
    ex_page_figure(page, "15-map", EX("What the decoder makes of a grid of codes: a map of digits",
                                      "解码器把一格格编码变成的数字：一张地图"));
    show(page, quiet, EX("A map: the first number goes right, the second down",
                         "数字地图：第一个数向右，第二个数向下"), map, 1, MAP * 28, 1);
    dl_loader_free(loader);
    dl_tape_clear(dl);
}

/* The smallest GAN. Real is always 0; the generator makes the number g; D(x) = sigmoid(w x). One
   step of gradient descent for w, then one for g. Row t of the path: w, g, D(g), both losses. */
static void circle(double path[CIRCLE + 1][5], double w, double g, double eta) {
    for (int t = 0; t <= CIRCLE; t++) {
        const double D = 1 / (1 + exp(-w * g));
        const double row[5] = {w, g, D, -log(0.5) - log(1 - D), -log(D)};     /* D(0) = 1/2 */
        memcpy(path[t], row, sizeof row);
        w -= eta * D * g;                          /* d(-log(1 - D))/du = D,      du/dw = g */
        g -= eta * (1 / (1 + exp(-w * g)) - 1) * w;      /* d(-log D)/du = D - 1, du/dg = w */
    }
}

/* The smallest GAN: three steps in numbers, all of them as a path around where it should end. */
static void show_circle(ex_page *page, bool quiet) {
    static const int shown[9] = {0, 1, 2, 3, 10, 20, 40, 80, CIRCLE};
    double path[CIRCLE + 1][5], w[CIRCLE + 1], g[CIRCLE + 1], zero = 0;
    const ex_axes axes = {EX("A GAN of two numbers", "两个数的 GAN"),
                          EX("w, the discriminator's", "判别器的 w"),
                          EX("g, the generator's", "生成器的 g"), 0, 0, 0, 0, false};
    const ex_curve c[2] = {{EX("the steps, from (0, 1)", "一步步，从 (0, 1) 开始"), w, g, CIRCLE + 1},
                           {EX("where both have learned", "双方都学会的地方"), &zero, &zero, 1}};
    circle(path, 0, 1, 0.5);
    for (int t = 0; t <= CIRCLE; t++) {
        w[t] = path[t][0];
        g[t] = path[t][1];
    }
    ex_show_text(page, quiet, 2, EX("GAN", "生成对抗网络（GAN）"));
    ex_show_text(page, quiet, 2, EX("The smallest GAN", "最小的 GAN"));
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("step|w|g|D(g)|loss of D|loss of G",
                                      "步|w|g|D(g)|D 的损失|G 的损失"));
    for (int i = 0; i < 9; i++) {
        const int t = shown[i];
        ex_show_row(page, quiet, false, "%d|%.4f|%.4f|%.4f|%.4f|%.4f", t, w[t], g[t], path[t][2],
                    path[t][3], path[t][4]);
    }
    ex_page_table(page, false);
    ex_page_figure(page, "15-circle", EX("The path of discriminator and generator: around and "
                                         "around the goal, nearer and nearer",
                                         "判别器与生成器走过的路：绕着目标转，慢慢靠近"));
    ex_page_plot(page, axes, c, 2);
}

/* How many clouds have at least 1 % of the points within 3 deviations; good: the share of points
   that have a cloud. picture: points counted in the squares of a grid, zeros at first. */
static int covered(const dl_tensor *points, double *good, dl_real *picture) {
    const double grid = GRID;
    int modes = 0, near[MODES] = {0};
    *good = 0;
    for (int i = 0; points && i < POINTS; i++) {
        double x = (double)points->data[2 * i], y = (double)points->data[2 * i + 1];
        if (fabs(x) < 3 && fabs(y) < 3)
            picture[(int)((3 - y) / 6 * grid) * GRID + (int)((x + 3) / 6 * grid)]++;
        for (int k = 0; k < MODES; k++) {
            if (hypot(x - ring_x(k), y - ring_y(k)) >= 0.3) continue;
            near[k]++;
            *good += 1 / (double)POINTS;
        }
    }
    for (int k = 0; k < MODES; k++) modes += near[k] >= POINTS / 100;
    return modes;
}

/* The same for drawn digits: classes with at least 1 %. A digit's class is that of the nearest real
   one x, where |drawn - x|^2, or -drawn x + |x|^2 / 2, is least: a linear layer and an argmax. */
static int classes(dl_tensor *drawn, const dl_data *real, dl_real *picture) {
    int count[10] = {0}, found = 0;
    int32_t nearest[DRAWN];
    dl_loader *loader = dl_loader_new(real, NEAREST, false);
    dl_batch b;
    if (drawn && dl_loader_next(loader, &b)) {
        dl_tensor *x = dl_flatten(b.x);
        dl_tensor *half = dl_mul_scalar(dl_sum_axis(dl_square(x), 1, false), -0.5);
        memcpy(picture, drawn->data, SHOWN * PIXELS * sizeof *picture);
        if (dl_argmax_axis(nearest, dl_linear(drawn, x, half), 1))
            for (int i = 0; i < DRAWN; i++) count[b.labels[nearest[i]]]++;
    }
    dl_loader_free(loader);
    for (int c = 0; c < 10; c++) found += count[c] * 100 >= DRAWN;
    return found;
}

/* What the generator makes after a fifth of the steps, judged and kept as a picture. */
static void look(dl_tensor *x, const dl_data *digits, int step, const double loss[2], bool quiet) {
    dl_real *now = seen.picture + ++seen.shots * (digits ? SHOWN * PIXELS : GRID * GRID);
    seen.found = digits ? classes(dl_sigmoid(x), digits, now) : covered(x, &seen.good, now);
    if (quiet) return;
    printf(EX("  step %5d: D %.3f, G %.3f; ", "  第 %5d 步：D %.3f，G %.3f；"), step, loss[0],
           loss[1]);
    if (digits) printf(EX("%d of 10 digits found\n", "找到 10 个数字中的 %d 个\n"), seen.found);
    else printf(EX("%d of 8 clouds found, %.0f %% of the points in one\n",
                   "找到 8 朵云中的 %d 朵，%.0f%% 的点在云里\n"), seen.found, 100 * seen.good);
}

static void show_shots(dl_ctx *dl, bool digits, ex_page *page, bool quiet) {
    double all;
    if (digits) {
        ex_page_figure(page, "15-digits", EX("Digits drawn by the GAN, a row after each fifth of "
                                             "the steps",
                                             "GAN 画的数字，每完成五分之一步数之后一行"));
        show(page, true, EX("Drawn after each fifth of the steps, from the same random numbers",
                            "每完成五分之一步数之后画的，用同样的随机数"),
             dl_from(dl, dl_shape2(SHOTS, SHOWN * PIXELS), seen.picture + SHOWN * PIXELS),
             SHOTS * SHOWN, 28, 1);
    } else {
        covered(ring(dl, POINTS), &all, seen.picture);
        ex_page_figure(page, "15-ring", EX("The real ring of eight clouds, and the points of the "
                                           "GAN after each fifth of the steps",
                                           "真实的八朵云，以及每完成五分之一步数之后 GAN 生成的点"));
        show(page, quiet, EX("The real ring, and what the GAN makes after each fifth of the steps",
                             "真实的环，以及训练每完成五分之一之后 GAN 生成的点"),
             dl_from(dl, dl_shape2(SHOTS + 1, GRID * GRID), seen.picture), SHOTS + 1, GRID, 15);
    }
    ex_show_text(page, quiet, 0, EX("Found: %d of %d.", "找到 %d 个，共 %d 个。"), seen.found,
                 digits ? 10 : MODES);
    ex_show_now_you(page, quiet,
                    EX("the discriminator can tell nothing apart and says 1/2 of everything. What "
                       "are the two losses then?",
                       "判别器什么也分不出，对谁都说 1/2。这时两个损失各是多少？"),
                    EX("D: -log 1/2 - log 1/2 = 1.386. G: -log 1/2 = 0.693. A perfect generator "
                       "ends there; look how near the last steps come.",
                       "D：-log 1/2 - log 1/2 = 1.386。G：-log 1/2 = 0.693。完美的生成器停在那里；"
                       "看看最后几步有多近。"));
}

static void show_result(bool digits, double seconds) {
    ex_result("%s=%d good_points=%.3f map_error=%.4f denoise_error=%.4f seconds=%.2f",
              digits ? "classes" : "modes", seen.found, seen.good, seen.error[0],
              seen.error[1], seconds);
}
