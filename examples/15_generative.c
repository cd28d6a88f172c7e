/* 15 - nets that make something: an autoencoder and a GAN.

   S1 (section 2.4) describes the autoencoder: an encoder squeezes the input into a short code, a
   decoder rebuilds the input from it. It learns without labels: the input is its own target. (S1
   says it generates; a plain autoencoder reconstructs. It does not know how codes are distributed,
   so it cannot sample.) Here: a code of 2 numbers, drawn as a map of digits, and a code of 32 that
   removes noise: noisy digits go in, clean ones are the target.

   S1 (section 5) and S3 (section 7) name the GAN: a generator turns random numbers into points, a
   discriminator tells them from real ones, and each learns against the other. The data are 8 small
   clouds on a ring, so that one sees what GANs get wrong: they tend to make only some of them.

       gcc -O2 examples/15_generative.c -o generative -lm && ./generative  (-fopenmp for all cores)

   @F S1-2.4  code = f(x),  x' = g(code),  L = |x' - x|^2 (here: cross-entropy of each pixel)
   @F S1-5    D: -log D(x) - log(1 - D(G(z)));   G: -log D(G(z))     (Goodfellow et al., 2014)   */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

enum { PIXELS = 784, MAP = 12, SHOWN = 8, MODES = 8, Z = 8, WIDTH = 64, POINTS = 2000 };
typedef struct mlp { dl_tensor *p[8]; int layers; } mlp;

static mlp mlp_new(dl_ctx *dl, const int *size, int layers) {
    mlp m = {{NULL}, layers};
    for (int k = 0; k < layers; k++) {
        m.p[2 * k] = dl_param(dl, dl_shape2(size[k + 1], size[k]), dl_init_he_normal());
        m.p[2 * k + 1] = dl_param(dl, dl_shape1(size[k + 1]), dl_init_zeros());
    }
    return m;
}

/* Linear layers with leaky ReLU between them; none behind the last. */
static dl_tensor *mlp_forward(const mlp *m, dl_tensor *x) {
    for (int k = 0; k < m->layers; k++) {
        x = dl_linear(x, m->p[2 * k], m->p[2 * k + 1]);
        if (k + 1 < m->layers) x = dl_leaky_relu(x, 0.2);
    }
    return x;
}

/* Encoder and decoder trained together; with noise, on x + noise, clipped. Returns the mean
   squared error of a test pixel. */
static double autoencoder(dl_ctx *dl, const ex_options *o, const dl_data *train,
                          const dl_data *test, int code, double noise, mlp *encoder, mlp *decoder) {
    const int down[4] = {PIXELS, 256, 64, code}, up[4] = {code, 64, 256, PIXELS};
    dl_tensor *all[12];
    *encoder = mlp_new(dl, down, 3);
    *decoder = mlp_new(dl, up, 3);
    memcpy(all, encoder->p, sizeof all / 2);
    memcpy(all + 6, decoder->p, sizeof all / 2);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_torch_adam(0.002), all, 12);
    dl_loader *loader = dl_loader_new(train, o->batch, true);
    dl_batch b;
    double sum = 0;
    for (int epoch = 0; epoch < o->epochs; epoch++) {
        double loss_sum = 0;
        while (dl_loader_next(loader, &b)) {
            dl_tensor *x = dl_flatten(b.x), *in = x;
            if (noise > 0) in = dl_clamp(dl_add(x, dl_mul_scalar(dl_randn(dl, x->shape), noise)), 0, 1);
            dl_tensor *y = mlp_forward(decoder, mlp_forward(encoder, in));   /* logits of pixels */
            dl_tensor *loss = dl_bce(y, x);
            loss_sum += dl_item(loss);
            dl_zero_grad(opt);
            dl_backward(loss);
            dl_step(opt);
            dl_tape_clear(dl);
        }
        if (!o->quiet) printf("  code of %2d%s, epoch %d: loss %.4f\n", code, noise > 0 ? ", noise" : "",
                              epoch + 1, loss_sum / (double)dl_loader_batches(loader));
    }
    dl_loader_free(loader);
    dl_optimizer_free(opt);
    bool was = dl_no_grad(dl, true);
    loader = dl_loader_new(test, 500, false);
    while (dl_loader_next(loader, &b)) {
        dl_tensor *x = dl_flatten(b.x), *in = x;
        if (noise > 0) in = dl_clamp(dl_add(x, dl_mul_scalar(dl_randn(dl, x->shape), noise)), 0, 1);
        sum += dl_item(dl_mse(dl_sigmoid(mlp_forward(decoder, mlp_forward(encoder, in))), x)) *
               (double)b.size / (double)test->count;
        dl_tape_clear(dl);
    }
    dl_loader_free(loader);
    dl_no_grad(dl, was);
    return sum;
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

static void gan(dl_ctx *dl, const ex_options *o, int steps, dl_real *points) {
    const int g_size[4] = {Z, WIDTH, WIDTH, 2}, d_size[4] = {2, WIDTH, WIDTH, 1};
    enum { N = 256 };
    mlp g = mlp_new(dl, g_size, 3), d = mlp_new(dl, d_size, 3);
    dl_optim adam = dl_torch_adam(0.001);
    adam.beta1 = 0.5;                              /* momentum makes the two chase each other */
    dl_optimizer *g_opt = dl_optimizer_new(dl, adam, g.p, 6);
    dl_optimizer *d_opt = dl_optimizer_new(dl, adam, d.p, 6);
    dl_schedule cosine = dl_schedule_cosine(steps, 0.05);
    const int clear = steps * 3 / 4;               /* when the fog is gone: see below */
    for (int step = 0; step < steps && dl_error(dl) == DL_OK; step++) {
        dl_tensor *yes = dl_ones(dl, dl_shape2(N, 1)), *no = dl_zeros(dl, dl_shape2(N, 1));
        dl_tensor *fake = mlp_forward(&g, dl_randn(dl, dl_shape2(N, Z)));
        dl_optimizer_set_lr(g_opt, 0.001 * dl_schedule_factor(&cosine, step));
        dl_optimizer_set_lr(d_opt, 0.001 * dl_schedule_factor(&cosine, step));
        /* Both kinds are shown through a fog that lifts: at first the ring is one cloud, and every
           part of it tells the generator where to go. Without it, 3 of 8 clouds are found. */
        double fog = step < clear ? 1.0 - (double)step / clear : 0;
        dl_tensor *real = dl_add(ring(dl, N), dl_mul_scalar(dl_randn(dl, dl_shape2(N, 2)), fog));
        fake = dl_add(fake, dl_mul_scalar(dl_randn(dl, dl_shape2(N, 2)), fog));
        /* The discriminator: real ones are real, made ones are not. */
        dl_tensor *d_loss = dl_add(dl_bce(mlp_forward(&d, real), yes),
                                   dl_bce(mlp_forward(&d, dl_detach(fake)), no));
        dl_zero_grad(d_opt);
        dl_backward(d_loss);
        dl_step(d_opt);
        /* The generator: be taken for real. The discriminator is frozen, but hands the gradient on. */
        dl_freeze(d.p, 6);
        dl_tensor *g_loss = dl_bce(mlp_forward(&d, fake), yes);
        dl_zero_grad(g_opt);
        dl_backward(g_loss);
        dl_step(g_opt);
        dl_unfreeze(d.p, 6);
        if (!o->quiet && (step + 1) % (steps / 5 > 0 ? steps / 5 : 1) == 0) {
            double good, loss_d = dl_item(d_loss), loss_g = dl_item(g_loss);
            bool was = dl_no_grad(dl, true);
            int modes = covered(mlp_forward(&g, dl_randn(dl, dl_shape2(POINTS, Z)))->data, POINTS, &good);
            dl_no_grad(dl, was);
            printf("  step %5d: D %.3f, G %.3f; clouds found %d of 8, good points %.0f %%\n", step + 1,
                   loss_d, loss_g, modes, 100 * good);
        }
        dl_tape_clear(dl);
    }
    dl_no_grad(dl, true);
    dl_tensor *made = mlp_forward(&g, dl_randn(dl, dl_shape2(POINTS, Z)));
    if (made) memcpy(points, made->data, 2 * POINTS * sizeof *points);
    dl_no_grad(dl, false);
    dl_tape_clear(dl);
}

int main(int argc, char **argv) {
    static dl_real map[MAP * MAP * PIXELS], shown[3][SHOWN * PIXELS], points[2 * POINTS];
    static double density[40 * 40];
    int steps = 4000, modes;
    double good, error[2];
    mlp enc[2], dec[2];
    ex_option extra[1] = {{"steps", EX_INT, NULL, 1, 1000000, "updates of the GAN"}};
    ex_options o = ex_options_default();
    o.epochs = 3;
    o.batch = 64;
    o.limit = 20000;
    extra[0].value = &steps;
    ex_parse(&o, argc, argv, "autoencoder (map, denoising) and GAN on a ring of clouds",
             "data epochs batch limit seed threads html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "Autoencoder and GAN · 自编码器与生成对抗网络");
    double start = ex_seconds();
    if (!o.quiet) printf("Autoencoder\n");
    error[0] = autoencoder(dl, &o, train, test, 2, 0, &enc[0], &dec[0]);
    error[1] = autoencoder(dl, &o, train, test, 32, 0.5, &enc[1], &dec[1]);
    if (dl_error(dl)) return ex_end(dl, &o);

    /* The map: decode a grid of codes that covers where the test digits lie. */
    dl_no_grad(dl, true);
    dl_real lo[2] = {0, 0}, hi[2] = {0, 0}, grid[MAP * MAP * 2];
    for (int i = 0; i < 1000; i++, dl_tape_clear(dl)) {
        dl_tensor *c = mlp_forward(&enc[0], dl_flatten(dl_data_sample(test, i)));
        for (int k = 0; k < 2 && c; k++) {
            if (c->data[k] < lo[k]) lo[k] = c->data[k];
            if (c->data[k] > hi[k]) hi[k] = c->data[k];
        }
    }
    for (int i = 0; i < MAP * MAP * 2; i++)
        grid[i] = lo[i % 2] + (hi[i % 2] - lo[i % 2]) * (dl_real)((i % 2 ? i / 2 / MAP : i / 2 % MAP) + 0.5) / MAP;
    dl_tensor *y = dl_sigmoid(mlp_forward(&dec[0], dl_from(dl, dl_shape2(MAP * MAP, 2), grid)));
    if (y) memcpy(map, y->data, sizeof map);
    for (int i = 0; i < SHOWN; i++, dl_tape_clear(dl)) {          /* clean, noisy, cleaned */
        dl_tensor *x = dl_flatten(dl_data_sample(test, i));
        dl_tensor *bad = dl_clamp(dl_add(x, dl_mul_scalar(dl_randn(dl, x->shape), 0.5)), 0, 1);
        y = dl_sigmoid(mlp_forward(&dec[1], mlp_forward(&enc[1], bad)));
        if (!y) return ex_end(dl, &o);
        memcpy(shown[0] + i * PIXELS, x->data, PIXELS * sizeof(dl_real));
        memcpy(shown[1] + i * PIXELS, bad->data, PIXELS * sizeof(dl_real));
        memcpy(shown[2] + i * PIXELS, y->data, PIXELS * sizeof(dl_real));
    }
    dl_no_grad(dl, false);

    if (!o.quiet) printf("\nGAN: %d points make a step\n", 256);
    gan(dl, &o, steps, points);
    modes = covered(points, POINTS, &good);
    double seconds = ex_seconds() - start;
    ex_image im[MAP * MAP];
    const char *row[3] = {"real · 原图", "noisy · 加噪", "cleaned · 去噪"};
    memset(im, 0, sizeof im);
    for (int r = 0; r < 3; r++) {
        for (int i = 0; i < SHOWN; i++) {
            im[i].pixel = shown[r] + i * PIXELS, im[i].height = im[i].width = 28;
            snprintf(im[i].caption, sizeof im[i].caption, "%s", i == 0 ? row[r] : "");
        }
        if (!o.quiet) ex_draw(im, SHOWN, 0, 1);
        ex_page_images(&page, im, SHOWN, 0, 1, 3);
    }
    for (int i = 0; i < MAP * MAP; i++)
        im[i].pixel = map + i * PIXELS, im[i].height = im[i].width = 28, im[i].caption[0] = 0;
    ex_page_text(&page, 2, "A map of digits: what the decoder makes of codes (x, y) · 数字地图");
    ex_page_images(&page, im, MAP * MAP, 0, 1, 1);
    for (int i = 0; i < POINTS; i++) {
        int cx = (int)(((double)points[2 * i] + 3) / 6 * 40), cy = (int)(((double)points[2 * i + 1] + 3) / 6 * 40);
        if (cx >= 0 && cx < 40 && cy >= 0 && cy < 40) density[cy * 40 + cx]++;
    }
    for (int r = 0; r < 40 && !o.quiet; r += 2) {
        printf("  ");
        for (int c = 0; c < 40; c++)
            putchar(" .:*#"[(int)fmin(4, ceil((density[r * 40 + c] + density[(r + 1) * 40 + c]) / 6))]);
        putchar('\n');
    }
    if (!o.quiet) printf("The GAN found %d of 8 clouds; %.0f %% of its points lie in one.\n", modes, 100 * good);
    ex_page_text(&page, 0, "GAN: %d of 8 clouds, %.0f %% of the points in one.", modes, 100 * good);
    ex_page_close(&page, o.quiet);
    ex_result("modes=%d good_points=%.3f map_error=%.4f denoise_error=%.4f seconds=%.2f", modes, good,
              error[0], error[1], seconds);
    return ex_end(dl, &o);
}
