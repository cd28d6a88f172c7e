/* 02 - loss: how wrong is an answer? Mean squared error, softmax and cross-entropy, by hand and by
   kernel; why nobody computes log(softmax(z)); what each loss teaches a net that is sure and wrong.

   S2 (4) names the loss function (cost function) and gives no formula; all five programs use one.

       gcc -O2 examples/02_loss.c -o loss -lm && ./loss

   @F S2-4     MSE            L = 1/n sum_i (y_i - t_i)^2
   @F S2-4     softmax        p_c = e^{z_c} / sum_k e^{z_k}
   @F S4-5     cross-entropy  L = -log p_t = log sum_k e^{z_k} - z_t                              */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

enum { C = 3, FEATURES = 4, ROWS = 150, STEPS = 200 };
static const dl_real z[C] = {2, 1, -1};                  /* three scores; the right class is 0 */
static const int32_t label = 0;

/* Softmax and cross-entropy, out loud. */
static double by_hand(bool quiet) {
    double e[C], sum = 0, loss;
    for (int c = 0; c < C; c++) {
        e[c] = exp((double)z[c]);
        sum += e[c];
    }
    loss = -log(e[label] / sum);
    if (quiet) return loss;
    for (int c = 0; c < C; c++) printf("  e^z%d = e^%g = %.4f\n", c, (double)z[c], e[c]);
    printf(EX("  their sum = %.4f\n", "  和 = %.4f\n"), sum);
    for (int c = 0; c < C; c++) printf("  p%d = %.4f / %.4f = %.4f\n", c, e[c], sum, e[c] / sum);
    printf("  L = -log p%d = -log %.4f = %.4f\n", (int)label, e[label] / sum, loss);
    return loss;
}

/* Iris: four measurements, each to mean 0 and standard deviation 1; the species as 0, 1, 2. */
static bool iris_load(dl_ctx *dl, const char *path, dl_real *x, int32_t *t) {
    const double n = ROWS;
    const dl_table *table = ex_table(dl, path, "table FILE", ROWS);
    const dl_data *iris = table ? dl_encoder_data(dl_encoder_new(table, NULL), table) : NULL;
    if (!iris || dl_data_classes(iris) != C || dl_data_shape(iris).dim[0] != FEATURES)
        return dl_fail(dl, DL_ERR_FORMAT, "%s: it needs %d measurements and %d species", path,
                       FEATURES, C);
    for (int i = 0; i < ROWS; i++) {
        const dl_tensor *flower = dl_data_sample(iris, i);
        if (!flower) return false;
        memcpy(x + i * FEATURES, flower->data, FEATURES * sizeof *x);
        t[i] = dl_data_labels(iris)[i];
    }
    for (int k = 0; k < FEATURES; k++) {
        double mean = 0, square = 0;
        for (int i = 0; i < ROWS; i++) mean += (double)x[i * FEATURES + k] / n;
        for (int i = 0; i < ROWS; i++) square += pow((double)x[i * FEATURES + k] - mean, 2) / n;
        for (int i = 0; i < ROWS; i++)
            x[i * FEATURES + k] = (dl_real)(((double)x[i * FEATURES + k] - mean) / sqrt(square));
    }
    return true;
}

/* One layer, 4 -> 3, trained by gradient descent on all 150 flowers: with cross-entropy, or with
   the mean squared error of the probabilities. curve: the right answers after 0, 1, ... steps, in
   percent. */
static void train(dl_ctx *dl, const dl_real *x, const int32_t *t, bool squared, double *curve) {
    dl_tensor *W = dl_param(dl, dl_shape2(C, FEATURES), dl_init_zeros());
    dl_tensor *b = dl_param(dl, dl_shape1(C), dl_init_zeros());
    dl_tensor *theta[2] = {W, b};
    dl_optimizer *descent = dl_optimizer_new(dl, dl_sgd(0.5), theta, 2);
    for (int step = 0; step <= STEPS && !dl_error(dl); step++) {
        dl_tensor *scores = dl_linear(dl_from(dl, dl_shape2(ROWS, FEATURES), x), W, b);
        dl_tensor *loss = squared ? dl_mse(dl_softmax(scores), dl_one_hot(dl, t, ROWS, C))
                                  : dl_cross_entropy(scores, t);
        if (scores == NULL) break;
        for (int i = 0; i < ROWS; i++)
            curve[step] += 100 / (double)ROWS * (ex_argmax(scores->data + i * C, C) == t[i]);
        dl_optimizer_zero_grad(descent);
        dl_backward(loss);
        dl_optimizer_step(descent);
        dl_tape_clear(dl);
    }
}

/* Behind main: large scores, the curves, the page. */
static void show(const double *cross, const double *squared, ex_page *page, bool quiet);

int main(int argc, char **argv) {
    static dl_real x[ROWS * FEATURES];
    static int32_t t[ROWS];
    static double cross[STEPS + 1], squared[STEPS + 1];
    const char *table = "data/iris/iris.csv";
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[] = {{"table", EX_TEXT, &table, 0, 0, EX("the iris table", "鸢尾花表")}};
    ex_parse(&o, argc, argv, EX("MSE, softmax, cross-entropy, and why log-sum-exp; at once",
                                "均方误差、softmax、交叉熵，以及为什么用 log-sum-exp；立刻完成"),
             "html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    ex_page page = ex_page_open(&o, EX("Loss: how wrong is an answer?", "损失：答得有多错？"));

    ex_say(o.quiet, EX("Scores z = (2, 1, -1), the right class is 0:\n",
                       "得分 z = (2, 1, -1)，正确的类是 0：\n"));
    const double loss = by_hand(o.quiet);
    if (iris_load(dl, table, x, t)) {
        train(dl, x, t, false, cross);
        train(dl, x, t, true, squared);
    }
    if (dl_error(dl)) return ex_end(dl, &o);
    show(cross, squared, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    ex_result("loss=%.4f iris_cross_entropy=%.4f iris_mse=%.4f", loss, cross[STEPS] / 100,
              squared[STEPS] / 100);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* The same through the kernel, for scores k times as large; and as log(softmax), in float, which
   breaks as soon as e^z is no float any more. */
static void large_scores(void) {
    static const double times[4] = {1, 10, 50, 100};
    printf(EX("\n   scores                 log of softmax      log-sum-exp\n",
              "\n   得分                   先 softmax 再 log   log-sum-exp\n"));
    for (int i = 0; i < 4; i++) {
        dl_real s[C], p[C], loss = 0;
        float sum = 0;
        for (int c = 0; c < C; c++) s[c] = z[c] * (dl_real)times[i];
        for (int c = 0; c < C; c++) sum += expf((float)s[c]);
        dlk_cross_entropy_forward(&loss, p, s, &label, 1, C, 1.0);
        printf("   (%4g, %4g, %5g)  %14g  %17g\n", (double)s[0], (double)s[1], (double)s[2],
               (double)-logf(expf((float)s[0]) / sum), (double)loss);
    }
}

/* One unit with the sigmoid, target 1: loss and slope against the score. */
enum { POINTS = 121 };
typedef struct unit {
    double score[POINTS], mse[POINTS], bce[POINTS], mse_slope[POINTS], bce_slope[POINTS];
} unit;
static void losses_of_a_unit(unit *u) {
    for (int i = 0; i < POINTS; i++) {
        u->score[i] = -6 + 12.0 * i / (POINTS - 1);
        const double y = 1 / (1 + exp(-u->score[i]));
        u->mse[i] = (y - 1) * (y - 1);
        u->mse_slope[i] = 2 * (y - 1) * y * (1 - y);     /* dL/dz = dL/dy f'(z) */
        u->bce[i] = -log(y);
        u->bce_slope[i] = y - 1;                         /* f' has cancelled */
    }
}

static void show(const double *cross, const double *squared, ex_page *page, bool quiet) {
    unit u;
    ex_curve two[2] = {{EX("cross-entropy", "交叉熵"), u.score, u.bce, POINTS},
                       {EX("squared error", "平方误差"), u.score, u.mse, POINTS}};
    ex_axes axes = {EX("Loss of one unit, target 1", "一个单元的损失，目标是 1"),
                    EX("score z", "得分 z"), "L", -6, 6, 0, 6.2, false};
    ex_axes slope = {EX("What each teaches: dL/dz", "各教多少：dL/dz"), EX("score z", "得分 z"),
                     "dL/dz", -6, 6, -1.05, 0.1, false};
    ex_axes race = {EX("Iris: right answers", "鸢尾花：答对的比例"), EX("step", "步"), "%", 0, 0, 60, 100,
                    false};
    losses_of_a_unit(&u);
    if (!quiet) large_scores();
    ex_say(quiet, EX("\nIris, right answers after 10, 50, 200 steps of gradient descent:\n"
                     "  cross-entropy  %5.1f %5.1f %5.1f %%\n"
                     "  squared error  %5.1f %5.1f %5.1f %%\n",
                     "\n鸢尾花，梯度下降 10、50、200 步之后答对的比例：\n"
                     "  交叉熵    %5.1f %5.1f %5.1f %%\n  平方误差  %5.1f %5.1f %5.1f %%\n"),
           cross[10], cross[50], cross[200], squared[10], squared[50], squared[200]);
    ex_page_formula(page, "p = softmax(z),   L = -log p_t = log Σ e^z - z_t");
    ex_page_figure(page, "02-loss", EX("Cross-entropy and squared error of a sigmoid unit with "
                                       "target 1 against its score",
                                       "目标为 1 的 sigmoid 单元：交叉熵与平方误差随得分的变化"));
    ex_page_plot(page, axes, two, 2);
    two[0].y = u.bce_slope;
    two[1].y = u.mse_slope;
    ex_page_figure(page, "02-slope", EX("Their slopes: -1 and almost 0 where the unit is sure and "
                                        "wrong", "它们的斜率：自信却答错时，一个是 -1，一个接近 0"));
    ex_page_plot(page, slope, two, 2);
    ex_page_text(page, 0, EX("On the left the unit is sure and wrong. Cross-entropy pushes with "
                             "full force there, the squared error hardly at all.",
                             "左边的单元自信却答错：交叉熵全力推它，平方误差几乎不推。"));
    two[0].x = two[1].x = NULL;
    two[0].n = two[1].n = STEPS + 1;
    two[0].y = cross;
    two[1].y = squared;
    ex_page_figure(page, "02-iris", EX("Share of right answers on iris after each step, for both "
                                       "losses", "两种损失下，每一步之后鸢尾花答对的比例"));
    ex_page_plot(page, race, two, 2);
    ex_show_now_you(page, quiet,
                    EX("a net gives all ten digits the same probability. What is its "
                       "cross-entropy?",
                       "一个网络给十个数字同样的概率，它的交叉熵是多少？"),
                    EX("log 10 = 2.3026: what an untrained net begins with.",
                       "log 10 = 2.3026：没有训练的网络就从这里开始。"));
}
