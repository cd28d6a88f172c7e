/* 17 - trust: nets can be fooled, do not say why, and give away what they were trained on.

   The documents name these as open problems (S0 and S2 in their summaries, S1 in section 6, S3 in
   section 7). Each of them can be measured, and so can what helps, and what that costs.

   Adversarial examples: the gradient says how each pixel must change to make the loss grow (FGSM);
   many small steps find worse (PGD). A net that is trained on such images withstands them.
   Explanations: which pixels spoke for this class? The gradient (saliency), and integrated
   gradients, whose parts add up to the score. Whether they mean anything is tested: erase what they
   name. Privacy: a net is surer of images that it has seen, and so tells who was in its training
   data. Noise on gradients that are clipped one sample at a time bounds that, by a number epsilon
   that can be proved.

       gcc -O2 examples/17_trust.c -o trust -lm && ./trust        (-fopenmp for all cores)

   @F S3-7.3  x' = x + eps sign(dL/dx)                               Goodfellow et al., 2015
   @F S3-7.2  IG_i = x_i mean_a dz_c(a x)/dx_i,  sum_i IG_i = z_c(x) - z_c(0)   Sundararajan, 2017
   @F S2-8    g = (sum_i clip(g_i, C) + N(0, (sigma C)^2)) / B       Abadi et al., 2016          */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { PIXELS = 784, TESTED = 1000, POINTS = 9, PGD = 10, SHOWN = 6, PATH = 32, ERASED = 50,
       SEEN = 2000, ODD = 20, GUARDS = 4, ORDERS = 64 };
static const double EPS = 0.1;                           /* how much a pixel may change          */
static const double SAMPLED = 0.05, SIGMA = 1.5, DELTA = 1e-4;        /* of private training     */

/* Behind main: what is measured, for the last line, and shown, and how. */
typedef struct found { double y[5][POINTS], left[3], missing, got[GUARDS][4], epsilon; } found;
static ex_options options(int argc, char **argv);
static void show_attacks(dl_model *plain, dl_model *hardened, const dl_data *test, found *f,
                         ex_page *page, bool quiet);
static void show_explained(dl_model *plain, dl_model *hardened, const dl_data *test, found *f,
                           ex_page *page, bool quiet);
static void show_privacy(const dl_data *all, const dl_data *test, int epochs, found *f,
                         ex_page *page, bool quiet);
static void show_result(const found *f, double seconds);

static dl_model *new_net(dl_ctx *dl, int units, double dropout) {    /* 784 - units - 10         */
    dl_model *m = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_model_add_flatten(m);
    dl_model_add_dense(m, units, DL_RELU);
    if (dropout > 0) dl_model_add_dropout(m, dropout);
    dl_model_add_dense(m, 10, DL_LINEAR);                /* scores z, no probabilities           */
    return m;
}

static double between(double v, double lo, double hi) { return v < lo ? lo : v > hi ? hi : v; }

/* Adversarial examples: x changed by at most eps a pixel so that the loss grows. steps 1 is FGSM,
   more are PGD, which starts at random and is put back into the cube of +-eps after each step. */
static dl_tensor *attack(dl_model *net, dl_tensor *x, const int32_t *label, double eps, int steps) {
    const double size = steps > 1 ? 2.5 * eps / steps : eps;
    dl_tensor *bad = dl_from(x->ctx, x->shape, x->data);
    for (dl_int i = 0; bad && steps > 1 && i < x->size; i++)
        bad->data[i] += (dl_real)(eps * (2 * dl_rng_uniform(dl_ctx_rng(x->ctx)) - 1));
    dl_set_requires_grad(bad, true);
    dl_freeze(dl_model_params(net), dl_model_tensor_count(net));
    for (int k = 0; k < steps; k++) {
        dl_mark mark = dl_tape_mark(x->ctx);
        if (!dl_backward(dl_cross_entropy_sum(dl_model_forward(net, bad), label))) break;
        for (dl_int i = 0; i < x->size; i++) {
            const double g = (double)bad->grad[i], was = (double)x->data[i];
            const double v = (double)bad->data[i] + size * ((g > 0) - (g < 0));
            bad->data[i] = (dl_real)between(between(v, was - eps, was + eps), 0, 1);
        }
        dl_tape_release(x->ctx, mark);
    }
    dl_unfreeze(dl_model_params(net), dl_model_tensor_count(net));
    return dl_detach(bad);
}

/* Train, on the images as they are or (eps > 0) on what an attack of so many steps makes of
   them. */
static void train(dl_model *net, const dl_data *data, const ex_options *o, double eps, int steps) {
    dl_ctx *dl = dl_data_ctx(data);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_torch_adam(0.001), dl_model_params(net),
                                         dl_model_tensor_count(net));
    dl_loader *loader = dl_loader_new(data, o->batch, true);
    dl_batch b;
    for (int epoch = 0; epoch < o->epochs; epoch++)
        while (dl_loader_next(loader, &b)) {
            dl_tensor *x = eps > 0 ? attack(net, b.x, b.labels, eps, steps) : b.x;
            dl_optimizer_zero_grad(opt);
            dl_backward(dl_cross_entropy(dl_model_forward(net, x), b.labels));
            dl_optimizer_step(opt);
            dl_tape_clear(dl);
        }
    dl_loader_free(loader);
    dl_optimizer_free(opt);
}

/* Explanations: sum += part dz_c/dx at scale x, where c is the label of each image. */
static void add_gradient(dl_model *net, const dl_tensor *x, const int32_t *label, double scale,
                         double part, dl_real *sum) {
    dl_ctx *dl = x->ctx;
    dl_mark mark = dl_tape_mark(dl);
    dl_tensor *at = dl_from(dl, x->shape, x->data);
    for (dl_int i = 0; at && i < x->size; i++) at->data[i] *= (dl_real)scale;
    dl_set_requires_grad(at, true);
    dl_tensor *z = dl_model_forward(net, at), *one = dl_one_hot(dl, label, x->shape.dim[0], 10);
    if (z && one && dl_backward_from(z, one->data))
        for (dl_int i = 0; i < x->size; i++) sum[i] += (dl_real)part * at->grad[i];
    dl_tape_release(dl, mark);
}

/* x times the mean gradient on the way from a black image to x. */
static dl_tensor *integrated(dl_model *net, dl_tensor *x, const int32_t *label) {
    dl_tensor *s = dl_zeros(x->ctx, x->shape);
    for (int k = 0; s && k < PATH; k++)
        add_gradient(net, x, label, (k + 0.5) / (double)PATH, 1 / (double)PATH, s->data);
    return dl_mul(s, x);
}

/* Privacy: training with differential privacy (DP-SGD). In each step every sample takes part with
   probability q; its own gradient is clipped to the norm clip; to the sum goes noise of
   deviation sigma clip. So no sample can show by more than the noise hides. */
static void train_private(dl_model *net, const dl_data *data, int steps, double q, double sigma,
                          double clip) {
    dl_ctx *dl = dl_data_ctx(data);
    dl_rng *r = dl_ctx_rng(dl);
    dl_tensor *const *w = dl_model_params(net);
    const int n = dl_model_tensor_count(net);
    const double expected = q * (double)dl_data_count(data);
    dl_optimizer *opt = dl_optimizer_new(dl, dl_torch_adam(0.005), w, n);
    double *sum = ex_room(dl, (size_t)dl_model_param_count(net));
    for (int step = 0; sum && step < steps && dl_error(dl) == DL_OK; step++) {
        memset(sum, 0, (size_t)dl_model_param_count(net) * sizeof *sum);
        for (dl_int i = 0; i < dl_data_count(data); i++) {
            if (dl_rng_uniform(r) >= q) continue;
            dl_tensor *x = dl_reshape(dl_data_sample(data, i), dl_shape4(1, 1, 28, 28));
            dl_optimizer_zero_grad(opt);
            dl_tensor *loss = dl_cross_entropy(dl_model_forward(net, x), dl_data_labels(data) + i);
            if (!dl_backward(loss)) break;
            dl_clip_grad_norm(w, n, clip);
            double *s = sum;
            for (int k = 0; k < n; k++)
                for (dl_int j = 0; j < w[k]->size; j++) *s++ += (double)w[k]->grad[j];
            dl_tape_clear(dl);
        }
        double *s = sum;
        for (int k = 0; k < n; k++)
            for (dl_int j = 0; w[k]->grad && j < w[k]->size; j++)
                w[k]->grad[j] = (dl_real)((*s++ + sigma * clip * dl_rng_normal(r)) / expected);
        dl_optimizer_step(opt);
    }
    free(sum);
    dl_optimizer_free(opt);
}

int main(int argc, char **argv) {
    found f;
    const ex_options o = options(argc, argv);
    dl_ctx *dl = ex_begin(&o);
    dl_data *data = ex_mnist(dl, &o, DL_TRAIN), *tests = ex_mnist(dl, &o, DL_TEST);
    dl_data *all = dl_mnist_load(dl, o.data, DL_TRAIN), *test = dl_data_take(tests, 0, TESTED);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Trust", "可信度"));
    const double start = ex_seconds();
    dl_model *plain = new_net(dl, 128, 0), *hardened = new_net(dl, 128, 0);
    train(plain, data, &o, 0, 0);
    train(hardened, data, &o, EPS, 5);
    show_attacks(plain, hardened, test, &f, &page, o.quiet);
    show_explained(plain, hardened, test, &f, &page, o.quiet);
    show_privacy(all, test, o.epochs, &f, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK) show_result(&f, ex_seconds() - start);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static ex_options options(int argc, char **argv) {
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 10;
    o.batch = 100;
    o.limit = 10000;
    ex_parse(&o, argc, argv, EX("adversarial images, explanations, what a net gives away; a "
                                "minute",
                                "对抗样本，解释，网络泄漏什么；一分钟"),
             "data epochs batch limit seed threads html quiet", NULL, 0);
    return o;
}

/* The share of data that is still recognized, in percent; steps 0: each pixel +-eps at random. */
static double accuracy(dl_model *net, const dl_data *data, double eps, int steps) {
    dl_ctx *dl = dl_data_ctx(data);
    dl_loader *loader = dl_loader_new(data, 500, false);
    dl_batch b;
    int32_t said[500];
    double right = 0;
    while (dl_loader_next(loader, &b)) {
        for (dl_int i = 0; steps == 0 && i < b.x->size; i++) {
            const double noise = dl_rng_int(dl_ctx_rng(dl), 2) ? eps : -eps;
            b.x->data[i] = (dl_real)between((double)b.x->data[i] + noise, 0, 1);
        }
        dl_tensor *x = steps > 0 && eps > 0 ? attack(net, b.x, b.labels, eps, steps) : b.x;
        if (dl_argmax_axis(said, dl_model_predict(net, x), 1))
            right += dl_accuracy(said, b.labels, b.size) * (double)b.size;
        dl_tape_clear(dl);
    }
    dl_loader_free(loader);
    return 100 * right / (double)dl_data_count(data);
}

/* |dz_c/dx|: which pixels would change the score most? */
static dl_tensor *saliency(dl_model *net, const dl_tensor *x, const int32_t *label) {
    dl_tensor *s = dl_zeros(x->ctx, x->shape);
    if (s) add_gradient(net, x, label, 1, 1, s->data);
    return dl_abs(s);
}

/* By how much the parts of integrated gradients miss z_c(x) - z_c(0): the most, relative to it. */
static double incomplete(dl_model *net, dl_tensor *x, const int32_t *label,
                         const dl_tensor *parts) {
    dl_tensor *z = dl_model_predict(net, x), *z0 = dl_model_predict(net, dl_mul_scalar(x, 0));
    double worst = 0;
    for (dl_int n = 0; z && z0 && parts && n < x->shape.dim[0]; n++) {
        const double want = (double)(z->data[10 * n + label[n]] - z0->data[10 * n + label[n]]);
        double sum = 0;
        for (int i = 0; i < PIXELS; i++) sum += (double)parts->data[n * PIXELS + i];
        worst = ex_larger(worst, fabs(sum - want) / fmax(1, fabs(want)));
    }
    return worst;
}

/* Erase (blacken) the ERASED pixels of each image with the largest parts. */
static dl_tensor *erase(dl_tensor *x, dl_tensor *parts) {
    if (parts == NULL) return NULL;
    dl_tensor *y = dl_from(x->ctx, x->shape, x->data), *p = dl_from(x->ctx, x->shape, parts->data);
    for (dl_int n = 0; y && p && n < x->shape.dim[0] * ERASED; n++) {
        dl_real *of = p->data + n / ERASED * PIXELS;
        const int i = ex_argmax(of, PIXELS);
        y->data[n / ERASED * PIXELS + i] = 0;
        of[i] = -1e9f;
    }
    return y;
}

/* The attacker's score of each sample: minus its loss. The surer the net, the likelier it has seen
   it. Returns the area under the ROC: 0.5 is guessing, 1 is certainty. */
static double leak(dl_model *net, const dl_data *seen, const dl_data *unseen) {
    dl_ctx *dl = dl_data_ctx(seen);
    const dl_data *both[2] = {seen, unseen};
    static dl_real score[2 * SEEN];
    static int32_t member[2 * SEEN];
    int n = 0;
    for (int k = 0; k < 2; k++) {
        dl_loader *loader = dl_loader_new(both[k], 500, false);
        dl_batch b;
        while (dl_loader_next(loader, &b)) {
            dl_tensor *log_p = dl_log_softmax(dl_model_predict(net, b.x));
            for (int i = 0; log_p && i < b.size && n < 2 * SEEN; i++) {
                score[n] = log_p->data[10 * i + b.labels[i]];
                member[n++] = k == 0;
            }
            dl_tape_clear(dl);
        }
        dl_loader_free(loader);
    }
    return dl_auc(dl, score, member, n);
}

/* The epsilon that is proved for such a training, at delta: the probability of any outcome changes
   by at most a factor of e^epsilon when one person's sample is added or removed, but for delta. By
   Renyi divergences of whole orders a (Mironov, Talwar, Zhang, 2019):
   R(a) = ln(sum_k C(a,k) (1-q)^(a-k) q^k e^((k^2-k) / 2 sigma^2)) / (a-1). */
static double epsilon_of(int steps, double q, double sigma, double delta) {
    double least = INFINITY;
    for (int a = 2; a <= ORDERS; a++) {
        double term[ORDERS + 1], most = -INFINITY, sum = 0;
        for (int k = 0; k <= a; k++) {
            term[k] = lgamma(a + 1) - lgamma(k + 1) - lgamma(a - k + 1) + (a - k) * log(1 - q) +
                      k * log(q) + (k * k - k) / (2 * sigma * sigma);
            most = fmax(most, term[k]);
        }
        for (int k = 0; k <= a; k++) sum += exp(term[k] - most);
        least = fmin(least, (steps * (most + log(sum)) + log(1 / delta)) / (a - 1));
    }
    return least;
}

/* 2 SEEN images in random order, every ODD-th with a wrong label, as there are mistakes in any
   register: a net can only know them by heart. The first half is seen in training. */
static void new_people(const dl_data *all, dl_data *seen[2], dl_data *unseen[2]) {
    static dl_real x[2 * SEEN * PIXELS];
    static int32_t order[60000], label[2 * SEEN], odd[SEEN / ODD];
    dl_ctx *dl = dl_data_ctx(all);
    const dl_int n = dl_data_count(all) < 60000 ? dl_data_count(all) : 60000;
    if (n < 2 * SEEN)
        dl_fail(dl, DL_ERR_ARGUMENT, "%d images are needed, not %d", 2 * SEEN, (int)n);
    dl_rng_permutation(dl_ctx_rng(dl), order, n);
    for (int i = 0; n >= 2 * SEEN && i < 2 * SEEN; i++) {
        dl_tensor *im = dl_data_sample(all, order[i]);
        if (im) memcpy(x + i * PIXELS, im->data, PIXELS * sizeof *x);
        label[i] = dl_data_labels(all)[order[i]];
        if (i % ODD == 0) label[i] = (label[i] + 1 + (int32_t)dl_rng_int(dl_ctx_rng(dl), 9)) % 10;
        dl_tape_clear(dl);
    }
    for (int i = 0; i < SEEN / ODD; i++) odd[i] = i * ODD;
    seen[0] = dl_data_borrow_arrays(dl, x, SEEN, dl_shape3(1, 28, 28), label, 10);
    unseen[0] = dl_data_borrow_arrays(dl, x + SEEN * PIXELS, SEEN, dl_shape3(1, 28, 28),
                                      label + SEEN, 10);
    seen[1] = dl_data_pick(seen[0], odd, SEEN / ODD);
    unseen[1] = dl_data_pick(unseen[0], odd, SEEN / ODD);
}

/* A net for the people that were seen, and how it is kept from telling: 0 not at all, 1 by dropout
   and L2, 2 by augmentation, 3 by differential privacy. */
static dl_model *guarded(const dl_data *seen, int guard, int epochs) {
    dl_model *m = new_net(dl_data_ctx(seen), guard == 3 ? 32 : 128, guard == 1 ? 0.5 : 0);
    dl_augment augment = dl_augment_default();
    augment.shift = 0.08;
    augment.rotate = 12;
    augment.scale = 0.1;
    dl_fit fit = dl_fit_default();
    fit.epochs = 4 * epochs;
    fit.batch_size = 50;
    fit.verbose = 0;
    if (guard == 2) fit.augment = &augment;
    dl_optim adam = dl_torch_adam(0.001);
    if (guard == 1) adam.l2 = 1e-3;
    if (guard < 3) dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, adam);
    if (guard < 3) dl_model_fit(m, seen, &fit);
    else train_private(m, seen, 30 * epochs, SAMPLED, SIGMA, 1);
    return m;
}

/* SHOWN pictures in a row, of x, with the net's opinion of them if there is a net. */
static void show_row_of(dl_model *net, const dl_tensor *x, const int32_t *label, double hi,
                        const char *id, const char *caption, ex_page *page, bool quiet) {
    ex_image im[SHOWN];
    if (!x) return;
    dl_tensor *same = dl_from(x->ctx, x->shape, x->data);
    dl_tensor *p = net ? dl_softmax(dl_model_predict(net, same)) : NULL;
    for (int i = 0; i < SHOWN; i++) {
        im[i] = ex_image_of(x->data + i * PIXELS, 28, 28, "");
        if (p == NULL) continue;
        const int said = ex_argmax(p->data + 10 * i, 10);
        snprintf(im[i].caption, sizeof im[i].caption, "%s%d %.0f%%", said == label[i] ? "" : "✗ ",
                 said, 100 * (double)p->data[10 * i + said]);
    }
    ex_show_text(page, quiet, 0, "%s", caption);
    if (!quiet) ex_draw(im, SHOWN, 0, hi);
    ex_page_figure(page, id, caption);
    ex_page_images(page, im, SHOWN, 0, hi, 3);
}

/* y: accuracies under noise, FGSM, PGD, and of the hardened net under FGSM, PGD, for pixels changed
   by k / 4 of EPS. */
static void show_attacks(dl_model *plain, dl_model *hardened, const dl_data *test, found *f,
                         ex_page *page, bool quiet) {
    double (*y)[POINTS] = f->y, eps[POINTS];
    const ex_axes axes = {EX("Images recognized, by how much pixels change", "像素改动多少，还认得多少"),
                          EX("ε, the change of a pixel at most", "ε，每个像素最多改动多少"),
                          EX("accuracy, %", "准确率（%）"), 0, 0, 0, 100, false};
    const ex_curve curve[5] = {{EX("noise", "噪声"), eps, y[0], POINTS},
                               {"FGSM", eps, y[1], POINTS}, {"PGD", eps, y[2], POINTS},
                               {EX("hardened, FGSM", "加固，FGSM"), eps, y[3], POINTS},
                               {EX("hardened, PGD", "加固，PGD"), eps, y[4], POINTS}};
    ex_show_text(page, quiet, 2, EX("Adversarial examples: accuracy in percent", "对抗样本：准确率（%%）"));
    ex_page_formula(page, "x′ = x + ε sign(∂L/∂x)");
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("pixel change|noise|FGSM|PGD|hardened FGSM|hardened PGD",
                                      "像素改动|噪声|FGSM|PGD|加固，FGSM|加固，PGD"));
    for (int k = 0; k < POINTS; k++) {
        eps[k] = k * EPS / 4;
        y[0][k] = accuracy(plain, test, eps[k], 0);
        y[1][k] = accuracy(plain, test, eps[k], 1);
        y[2][k] = accuracy(plain, test, eps[k], PGD);
        y[3][k] = accuracy(hardened, test, eps[k], 1);
        y[4][k] = accuracy(hardened, test, eps[k], PGD);
        if (k % 2 == 0)
            ex_show_row(page, quiet, false, "%.2f|%.1f|%.1f|%.1f|%.1f|%.1f", eps[k], y[0][k],
                        y[1][k], y[2][k], y[3][k], y[4][k]);
    }
    ex_page_table(page, false);
    ex_page_figure(page, "17-attacks", EX("Accuracy under noise, FGSM and PGD, plain and hardened",
                                          "噪声、FGSM、PGD 之下的准确率，普通网络与加固（对抗训练）的网络"));
    ex_page_plot(page, axes, curve, 5);
}

/* What did it look at? left: accuracies without what was chosen at random, by saliency, by
   integrated gradients; missing: by how much the parts of the last miss their sum. */
static void explain(dl_model *net, const dl_batch *b, found *f) {
    dl_tensor *x = b->x, *some = dl_rand(x->ctx, x->shape);
    dl_tensor *ink = dl_minimum(dl_ones(x->ctx, x->shape), dl_mul_scalar(x, 1e6));
    dl_tensor *grad = saliency(net, x, b->labels), *parts = integrated(net, x, b->labels);
    dl_tensor *erased[3];
    int32_t said[500];
    erased[0] = erase(x, dl_mul(some, ink));
    erased[1] = erase(x, grad);
    erased[2] = erase(x, parts);
    for (int k = 0; k < 3; k++) {
        dl_argmax_axis(said, dl_model_predict(net, erased[k]), 1);
        f->left[k] = 100 * dl_accuracy(said, b->labels, b->size);
    }
    f->missing = incomplete(net, x, b->labels, parts);
}

/* Images before and after the attack; what the net looked at, and whether that is so. */
static void show_explained(dl_model *plain, dl_model *hardened, const dl_data *test, found *f,
                           ex_page *page, bool quiet) {
    dl_loader *loader = dl_loader_new(test, 500, false);
    dl_batch b;
    if (!dl_loader_next(loader, &b)) return;
    show_row_of(plain, b.x, b.labels, 1, "17-before", EX("Test images and what the net says",
                "测试图像，和网络的回答"), page, quiet);
    show_row_of(plain, attack(plain, b.x, b.labels, EPS, PGD), b.labels, 1, "17-after",
                EX("The same, each pixel changed by at most 0.1", "同样的图像，每个像素最多改动 0.1"),
                page, quiet);
    explain(plain, &b, f);
    ex_show_text(page, quiet, 2, EX("Explanations", "解释"));
    ex_page_formula(page, "IGᵢ = xᵢ · meanₐ ∂z(a x)/∂xᵢ,   Σᵢ IGᵢ = z(x) − z(0)");
    show_row_of(NULL, saliency(plain, b.x, b.labels), b.labels, 0.8, "17-saliency",
                EX("Saliency: how much each pixel would change the score",
                   "显著图：每个像素能让得分改变多少"), page, true);
    show_row_of(NULL, integrated(plain, b.x, b.labels), b.labels, 0.5, "17-integrated",
                EX("Integrated gradients: what each pixel adds to the score",
                   "积分梯度：每个像素给得分添了多少"), page, true);
    show_row_of(NULL, saliency(hardened, b.x, b.labels), b.labels, 0.3, "17-hardened",
                EX("Saliency of the hardened net", "对抗训练的网络的显著图"), page, true);
    ex_show_text(page, quiet, 0, EX("The parts add up to z(x) - z(0), but for %.1f %% at most. "
                                    "With %d pixels of each image erased, it still recognizes: "
                                    "%.1f %% if they are ink at random, %.1f %% if saliency "
                                    "chose them, %.1f %% if integrated gradients did.",
                                    "各部分加起来就是 z(x) - z(0)，最多差 %.1f%%。每张图像抹掉 %d 个像素，还认得的："
                                    "随机抹墨迹 %.1f%%，按显著图抹 %.1f%%，按积分梯度抹 %.1f%%。"),
                 100 * f->missing, ERASED, f->left[0], f->left[1], f->left[2]);
    dl_tape_clear(dl_data_ctx(test));
}

/* What each guard costs and brings: accuracy on what was seen and on new images, leak of all and of
   the odd ones. */
static void show_privacy(const dl_data *all, const dl_data *test, int epochs, found *f,
                         ex_page *page, bool quiet) {
    dl_data *seen[2] = {NULL}, *unseen[2] = {NULL};
    const char *name[GUARDS] = {EX("nothing", "无"), EX("dropout, L2", "丢弃法，L2"),
                                EX("augmentation", "数据增强"), EX("private", "差分隐私")};
    ex_show_text(page, quiet, 2, EX("Privacy: was this image in the training data?",
                                    "隐私：这张图像在训练集里吗？"));
    ex_page_formula(page, "g = (Σᵢ clip(gᵢ, C) + N(0, (σC)²)) / B");
    ex_page_table(page, true);
    ex_show_row(page, quiet, true, EX("guard|training, %%|new, %%|leak, all|leak, odd|epsilon",
                                      "办法|训练（%%）|新图像（%%）|泄漏，全部|泄漏，异常|ε"));
    new_people(all, seen, unseen);
    f->epsilon = epsilon_of(30 * epochs, SAMPLED, SIGMA, DELTA);
    for (int k = 0; k < GUARDS; k++) {
        double *got = f->got[k];
        char proved[24];
        dl_model *net = guarded(seen[0], k, epochs);
        got[0] = accuracy(net, seen[0], 0, 1);
        got[1] = accuracy(net, test, 0, 1);
        got[2] = leak(net, seen[0], unseen[0]);
        got[3] = leak(net, seen[1], unseen[1]);
        dl_model_free(net);
        snprintf(proved, sizeof proved, k == GUARDS - 1 ? "%.2f" : "∞", f->epsilon);
        ex_show_row(page, quiet, false, "%s|%.1f|%.1f|%.3f|%.3f|%s", name[k], got[0], got[1],
                    got[2], got[3], proved);
    }
    ex_page_table(page, false);
    ex_show_text(page, quiet, 0, EX("Leak: the area under the attacker's ROC, 0.5 is guessing. "
                                    "Odd: the one image in %d whose label is wrong. Epsilon holds "
                                    "for delta = %g.",
                                    "泄漏：攻击者的 ROC 曲线下面积，0.5 等于瞎猜。异常：每 %d 张里标签错的那"
                                    "一张。ε 对应 δ = %g。"), ODD, DELTA);
    ex_show_now_you(page, quiet,
                    EX("a score is z = w x with w = (1, -2, 0.5). By how much can an attacker "
                       "raise it, if each of the three pixels may change by 0.1?",
                       "得分 z = w x，w = (1, -2, 0.5)。三个像素各可以改动 0.1，攻击者最多能把得分提高多少？"),
                    EX("0.1 (1 + 2 + 0.5) = 0.35: eps times the sum of |w|. With 784 pixels "
                       "that is much.",
                       "0.1×(1 + 2 + 0.5) = 0.35：ε 乘以 |w| 之和。像素有 784 个时，就很可观了。"));
}

static void show_result(const found *f, double seconds) {
    ex_result("accuracy=%.1f noise=%.1f fgsm=%.1f pgd=%.1f hardened=%.1f hardened_pgd=%.1f "
              "missing=%.4f erased_random=%.1f erased=%.1f leak=%.3f leak_odd=%.3f "
              "leak_augmented=%.3f leak_private=%.3f leak_private_odd=%.3f "
              "private_accuracy=%.1f epsilon=%.2f seconds=%.2f", f->y[1][0], f->y[0][4],
              f->y[1][4], f->y[2][4], f->y[3][0], f->y[4][4], f->missing, f->left[0], f->left[2],
              f->got[0][2], f->got[0][3], f->got[2][2], f->got[3][2], f->got[3][3], f->got[3][1],
              f->epsilon, seconds);
}
