/* train.c - makes the two nets that the playground is shipped with: digits.safetensors and poet.bf16.

       cc -O2 -fopenmp examples/playground/train.c -o train -lm && ./train build/poems.txt

   Run from the repository's root; with a second argument, only the poet is trained. build.py writes
   the text of poems; the files go to
   examples/playground/. A few minutes. The page never needs this program, only what it made. */
#include <stdio.h>
#define DL_IMPLEMENTATION
#include "../../dl.h"

#include "play.h"
#include "points.c"
#include "digits.c"
#include "convolve.c"
#include "race.c"
#include "memory.c"
#include "language.c"

/* The convolutional net, on all 60,000 pictures, shifted, turned and scaled, so that it knows what
   a drawing looks like. */
static bool train_digits(void)
{
    dl_ctx *dl = dl_new(42);
    dl_data *train = dl_mnist_load(dl, "data/mnist", DL_TRAIN);
    dl_data *test = dl_mnist_load(dl, "data/mnist", DL_TEST);
    dl_model *m = digit_net(dl, 1);
    dl_loader *batches = dl_loader_new(train, 64, true), *all = dl_loader_new(test, 500, false);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_adam(0.001), dl_model_params(m),
                                         dl_model_tensor_count(m));
    dl_augment change = dl_augment_default();
    dl_schedule cosine = dl_schedule_cosine(8, 0.02);
    dl_batch b;
    change.shift = 0.08;
    change.rotate = 15;
    change.scale = 0.15;
    for (int e = 0; e < 8 && dl_error(dl) == DL_OK; e++) {
        dl_optimizer_set_lr(opt, 0.001 * dl_schedule_factor(&cosine, e));
        while (dl_loader_next(batches, &b)) {
            b.x = dl_augment_batch(b.x, &change, NULL);
            digit_update(m, opt, &b);
            dl_tape_clear(dl);
        }
        double right = 0;
        dl_set_no_grad(dl, true);
        while (dl_loader_next(all, &b)) {
            int32_t said[500];
            dl_argmax_axis(said, dl_model_forward(m, b.x), 1);
            right += (double)b.size * dl_accuracy(said, b.labels, b.size);
            dl_tape_clear(dl);
        }
        dl_set_no_grad(dl, false);
        printf("digits: epoch %d, %.2f %% of the test pictures right\n", e + 1, right / 100);
    }
    const bool ok = dl_model_save(m, "examples/playground/digits.safetensors");
    dl_free(dl);
    return ok;
}

/* Numbers of 16 bits: the upper half of a float, rounded. */
static bool save_poet(float *const *best)
{
    FILE *f = fopen("examples/playground/poet.bf16", "wb");
    if (!f) return false;
    for (int i = 0; i < LANGUAGE_PARAMS; i++)
        for (dl_int k = 0; k < language.p[i]->size; k++) {
            uint32_t u;
            memcpy(&u, &best[i][k], 4);
            u = (u + 0x7FFF + (u >> 16 & 1)) >> 16;
            fputc((int)(u & 255), f);
            fputc((int)(u >> 8), f);
        }
    return fclose(f) == 0;
}

/* The small transformer, on the poems of a file of numbers: signs, poems, test, then the poems. */
static bool train_poet(const char *path)
{
    int signs, poems, test;
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%d %d %d", &signs, &poems, &test) != 3) return false;
    int32_t *poem = (int32_t *)malloc(sizeof(int32_t) * (size_t)poems * LANGUAGE_T);
    float *best[LANGUAGE_PARAMS];
    for (int i = 0; poem && i < poems * LANGUAGE_T; i++)
        if (fscanf(f, "%d", &poem[i]) != 1) return false;
    fclose(f);
    if (!poem || !language_begin(poem, poems, test, signs, 0.003, 1)) return false;
    for (int i = 0; i < LANGUAGE_PARAMS; i++)
        best[i] = (float *)malloc(sizeof(float) * (size_t)language.p[i]->size);
    double least = 1e9, loss = 0;
    for (int u = 1; u <= 2400; u++) {
        dl_optimizer_set_lr(language.opt, 0.003 * (1 + cos(3.14159265 * u / 2400)) / 2 + 1e-5);
        loss = language_train(16, 0, 1);
        if (u % 100) continue;
        double sum = 0;
        for (int i = 0; i + 16 <= test; i += 16) sum += 16 * language_test(i, 16);
        sum /= test / 16 * 16;
        printf("poet: %d updates, loss %.3f, test %.3f, perplexity %.1f\n", u, loss, sum, exp(sum));
        if (sum >= least) continue;
        least = sum;
        for (int i = 0; i < LANGUAGE_PARAMS; i++)
            play_put(best[i], language.p[i]->data, language.p[i]->size);
    }
    return save_poet(best);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 1;
    const bool digits_ok = argc > 2 || train_digits(), poet_ok = train_poet(argv[1]);
    if (!digits_ok || !poet_ok) fprintf(stderr, "%s\n", play_error());
    return !digits_ok || !poet_ok;
}
