/* augment.c - tests of augmentation: each change by itself, seeds, in dl_model_fit, errors. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

enum { N = 6, C = 2, H = 5, W = 4, SIZE = C * H * W };

static dl_tensor *images(dl_ctx *dl)
{
    dl_real x[N * SIZE];
    test_fill(x, N * SIZE, 3, -1, 1);
    return dl_from(dl, dl_shape4(N, C, H, W), x);
}

static void nothing(void)
{
    dl_ctx *dl = dl_new(1);
    dl_augment a = dl_augment_default();
    dl_tensor *x = images(dl), *y = dl_augment_batch(x, &a, NULL);
    CHECK(y && y != x && memcmp(x->data, y->data, sizeof(dl_real) * N * SIZE) == 0, "%s",
          dl_error_text(dl));
    a.rotate = 1e-300;                        /* the way through the pixels, but no change */
    y = dl_augment_batch(x, &a, NULL);
    CHECK(memcmp(x->data, y->data, sizeof(dl_real) * N * SIZE) == 0, "no rotation");
    dl_free(dl);
}

static void flips(void)
{
    dl_ctx *dl = dl_new(1);
    dl_augment a = dl_augment_default();
    dl_tensor *x = images(dl), *y;
    int flipped = 0, trials = 0;
    a.flip_h = 1;
    y = dl_augment_batch(x, &a, NULL);
    for (int i = 0; i < N * C * H; i++)
        for (int j = 0; j < W; j++)
            CHECK(y->data[i * W + j] == x->data[i * W + W - 1 - j], "left-right %d %d", i, j);
    a.flip_h = 0;
    a.flip_v = 1;
    y = dl_augment_batch(x, &a, NULL);
    for (int k = 0; k < N * C; k++)
        for (int i = 0; i < H * W; i++)
            CHECK(y->data[k * H * W + i] == x->data[k * H * W + (H - 1 - i / W) * W + i % W],
                  "top-bottom %d %d", k, i);
    a.flip_v = 0;
    a.flip_h = 0.25;
    for (int k = 0; k < 200; k++) {
        y = dl_augment_batch(x, &a, NULL);
        for (int n = 0; n < N; n++, trials++)
            flipped += memcmp(y->data + n * SIZE, x->data + n * SIZE, SIZE * sizeof(dl_real)) != 0;
    }
    CHECK(fabs(flipped / (double)trials - 0.25) < 0.04, "%d of %d flipped", flipped, trials);
    dl_free(dl);
}

/* The mass of a spot in an even image stays (bilinear), and its centre moves as it should. */
static void geometry(void)
{
    enum { S = 33 };
    dl_ctx *dl = dl_new(1);
    dl_real x[S * S] = {0};
    double largest_shift = 0, largest_angle = 0, least_area = 9, most_area = 0;
    x[16 * S + 26] = x[16 * S + 25] = x[15 * S + 26] = x[15 * S + 25] = 1;     /* right of centre */
    for (int k = 0; k < 300; k++) {
        dl_augment a = dl_augment_default();
        double mass = 0, ci = 0, cj = 0;
        const int what = k % 3;
        if (what == 0) a.shift = 0.1;
        if (what == 1) a.rotate = 30;
        if (what == 2) a.scale = 0.2;
        dl_tensor *y = dl_augment_batch(dl_from(dl, dl_shape4(1, 1, S, S), x), &a, NULL);
        for (int i = 0; i < S; i++)
            for (int j = 0; j < S; j++) {
                mass += (double)y->data[i * S + j];
                ci += (double)y->data[i * S + j] * (i - 16);
                cj += (double)y->data[i * S + j] * (j - 16);
            }
        ci /= mass;
        cj /= mass;
        if (what == 0) {
            CHECK(fabs(mass - 4) < 1e-4, "shift changed the mass to %g", mass);
            largest_shift = fmax(largest_shift, fmax(fabs(ci + 0.5), fabs(cj - 9.5)));
        } else if (what == 1) {
            CHECK(fabs(sqrt(ci * ci + cj * cj) - sqrt(0.25 + 9.5 * 9.5)) < 0.1, "radius");
            largest_angle = fmax(largest_angle, fabs(atan2(ci, cj) - atan2(-0.5, 9.5)));
        } else {
            CHECK(fabs(cj / 9.5 - sqrt(mass / 4)) < 0.1, "area %g, distance %g", mass, cj);
            least_area = fmin(least_area, mass / 4);
            most_area = fmax(most_area, mass / 4);
        }
        dl_tape_clear(dl);
    }
    CHECK(largest_shift <= 3.3 + 1e-3 && largest_shift > 3, "shift %g", largest_shift);
    CHECK(largest_angle < 30.5 / 57.29578 && largest_angle > 28 / 57.29578, "%g degrees",
          largest_angle * 57.29578);
    CHECK(least_area > 0.55 && least_area < 0.75 && most_area < 1.6 && most_area > 1.3,
          "areas %g to %g", least_area, most_area);
    dl_free(dl);
}

/* A bright stroke becomes wider and narrower, by a pixel at most, and so does a dark one. */
static void thickness(void)
{
    enum { S = 9 };
    dl_ctx *dl = dl_new(1);
    dl_augment a = dl_augment_default();
    dl_real x[S * S] = {0};
    double least = 9, most = 0;
    for (int i = 0; i < S; i++) x[i * S + 3] = x[i * S + 4] = x[i * S + 5] = 1;
    a.thickness = 1;
    for (int k = 0; k < 200; k++) {
        dl_tensor *y = dl_augment_batch(dl_from(dl, dl_shape4(1, 1, S, S), x), &a, NULL);
        double wide = 0;
        for (int j = 0; j < S; j++) wide += (double)y->data[4 * S + j];
        CHECK(y->data[4 * S + 4] == 1 && y->data[4 * S + 1] == 0, "beyond a pixel");
        CHECK(y->data[4 * S + 2] == y->data[4 * S + 6], "both sides alike");
        least = fmin(least, wide);
        most = fmax(most, wide);
        dl_tape_clear(dl);
    }
    CHECK(least < 1.1 && least >= 1 && most > 4.9 && most <= 5, "3 became %g to %g", least, most);
    a.thickness = 0.25;
    const dl_tensor *y = dl_augment_batch(dl_from(dl, dl_shape4(1, 1, S, S), x), &a, NULL);
    CHECK(fabs((double)y->data[2]) <= 0.25, "a quarter of a pixel");
    dl_free(dl);
}

static void fill_and_noise(void)
{
    dl_ctx *dl = dl_new(1);
    dl_augment a = dl_augment_default();
    dl_tensor *y, *flat = dl_full(dl, dl_shape2(100, 100), 5);
    double mean = 0, square = 0;
    a.shift = 1;
    a.fill = 7;
    y = dl_augment_batch(dl_full(dl, dl_shape4(4, 1, 8, 8), 7), &a, NULL);
    for (int i = 0; i < 256; i++) CHECK(fabs((double)y->data[i] - 7) < 1e-5, "fill");
    a = dl_augment_default();
    a.noise = 0.5;
    y = dl_augment_batch(flat, &a, NULL);                  /* noise alone: any shape */
    for (int i = 0; i < 10000; i++) {
        mean += (double)y->data[i] / 10000;
        square += ((double)y->data[i] - 5) * ((double)y->data[i] - 5) / 10000;
    }
    CHECK(fabs(mean - 5) < 0.02 && fabs(sqrt(square) - 0.5) < 0.02, "mean %g, deviation %g", mean,
          sqrt(square));
    dl_free(dl);
}

/* One seed, one result; different images, different changes. */
static void seeds(void)
{
    dl_ctx *dl = dl_new(1);
    dl_augment a = dl_augment_default();
    dl_rng r = dl_rng_new(3, 0), s = dl_rng_new(3, 0), t = dl_rng_new(4, 0);
    dl_real same[2 * SIZE];
    dl_tensor *x = images(dl), *y, *z, *w, *twins;
    a.shift = 0.2; a.rotate = 20; a.scale = 0.1; a.flip_h = 0.5; a.noise = 0.1;
    y = dl_augment_batch(x, &a, &r);
    z = dl_augment_batch(x, &a, &s);
    w = dl_augment_batch(x, &a, &t);
    CHECK(memcmp(y->data, z->data, sizeof(dl_real) * N * SIZE) == 0, "same seed");
    CHECK(memcmp(y->data, w->data, sizeof(dl_real) * N * SIZE) != 0, "another seed");
    z = dl_augment_batch(x, &a, &s);
    CHECK(memcmp(y->data, z->data, sizeof(dl_real) * N * SIZE) != 0, "the next numbers");
    memcpy(same, x->data, sizeof same / 2);
    memcpy(same + SIZE, x->data, sizeof same / 2);
    twins = dl_augment_batch(dl_from(dl, dl_shape4(2, C, H, W), same), &a, &r);
    CHECK(memcmp(twins->data, twins->data + SIZE, sizeof same / 2) != 0, "twins must differ");
    CHECK(!y->requires_grad, "no gradient");
    dl_free(dl);
}

/* dl_model_fit with augmentation: changes what is learned from, and is as reproducible. */
static void in_fit(void)
{
    double loss[3];
    for (int k = 0; k < 3; k++) {
        dl_ctx *dl = dl_new(6);
        dl_model *m = dl_model_new(dl, dl_shape3(C, H, W));
        dl_augment a = dl_augment_default();
        dl_fit fit = dl_fit_default();
        const int32_t label[N] = {0, 1, 0, 1, 0, 1};
        dl_data *d = dl_data_from_arrays(dl, images(dl)->data, N, dl_shape3(C, H, W), label, 2);
        dl_model_add_flatten(m);
        dl_model_add_dense(m, 2, DL_SOFTMAX);
        dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0.1));
        a.noise = 1;
        a.shift = 0.3;
        fit.verbose = 0;
        fit.epochs = 3;
        fit.augment = k < 2 ? &a : NULL;
        CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
        loss[k] = dl_model_evaluate(m, d).loss;
        dl_free(dl);
    }
    CHECK(loss[0] == loss[1], "%.17g %.17g", loss[0], loss[1]);
    CHECK(loss[0] != loss[2], "augmentation changed nothing");
}

static void errors(void)
{
    dl_ctx *dl = dl_new(1);
    dl_augment a = dl_augment_default();
    test_quiet(dl);
    a.scale = 1;
    CHECK(!dl_augment_batch(images(dl), &a, NULL), "scale 1 would divide by 0");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_augment_batch: shift 0, rotate 0, scale 1, ");
    a.scale = 0;
    a.flip_v = NAN;
    CHECK(!dl_augment_batch(images(dl), &a, NULL), "NaN");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "one is out of its range");
    a.flip_v = 1;
    CHECK(!dl_augment_batch(dl_ones(dl, dl_shape2(2, 9)), &a, NULL), "not an image");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "dl_augment_batch: input [2,9] must be [N,C,H,W]");
    dl_tensor *x = images(dl), *same = dl_augment_batch(x, NULL, NULL);
    CHECK(same && memcmp(same->data, x->data, (size_t)x->size * sizeof *x->data) == 0,
          "no options: a copy");
    CHECK(!dl_augment_batch(NULL, &a, NULL) && dl_error(dl) == DL_OK, "NULL");
    CHECK(dl_augment_batch(dl_ones(dl, dl_shape4(0, 1, 2, 2)), &a, NULL) != NULL, "no images");
    dl_free(dl);
}

int main(void)
{
    TEST(nothing);
    TEST(flips);
    TEST(geometry);
    TEST(thickness);
    TEST(fill_and_noise);
    TEST(seeds);
    TEST(in_fit);
    TEST(errors);
    return test_end();
}
