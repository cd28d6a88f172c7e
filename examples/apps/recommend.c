/* recommend - what would they like that they have not seen? A table of users and items, most of it
   empty, is written as the product of two thin ones: a few numbers for each user (what they like),
   a few for each item (what it offers). Both are learned from the cells that are known, and their
   product fills in the others.

       gcc -O2 examples/apps/recommend.c -o recommend -lm && ./recommend

   score(u, i) = mean + a_u + b_i + p_u . q_i         (Koren, Bell, Volinsky: IEEE Computer, 2009)

   1. films: 300 viewers, 100 films. SYNTHETIC, drawn here: no free set of ratings was found. But so
      the truth is known, also of what nobody rated.
   2. real choices: 16 votes of 435 members of Congress, a fifth of them hidden (data/README.md).

   With six seeds: an error of 0.64 to 0.69, by averages 0.85 to 0.93; of the votes 80 to 82 % right,
   by the majority 53 to 58 %.
   @F S3-5.4: recommendation */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { VIEWERS = 300, FILMS = 100, GENRES = 3, MEMBERS = 435, VOTES = 16, MOST = 7000, TOP = 5 };

/* n known cells in random order: of the first `train` we learn, the others are hidden. */
typedef struct cells {
    int users, items, n, train;
    int32_t user[MOST], item[MOST];
    dl_real value[MOST], naive[MOST], said[MOST];    /* naive: by averages; said: by the product */
    double mean;
} cells;

static dl_tensor *score(dl_tensor *const *p, const int32_t *u, const int32_t *i, int n) {
    dl_tensor *like = dl_embedding(p[0], u, dl_shape1(n), -1);
    dl_tensor *offer = dl_embedding(p[1], i, dl_shape1(n), -1);
    dl_tensor *own = dl_add(dl_embedding(p[2], u, dl_shape1(n), -1),
                            dl_embedding(p[3], i, dl_shape1(n), -1));
    return dl_add(dl_sum_axis(dl_mul(like, offer), 1, false), dl_sum_axis(own, 1, false));
}

/* Learn p from the first train cells; yes_no: values 0 and 1, as logits. Then fill in said[n]. */
static void factorize(dl_ctx *dl, cells *c, dl_tensor **p, bool yes_no, const ex_options *o) {
    static int32_t order[MOST], u[MOST], i[MOST];
    static dl_real value[MOST];
    p[0] = dl_param(dl, dl_shape2(c->users, 8), dl_init_normal(0, 0.1));
    p[1] = dl_param(dl, dl_shape2(c->items, 8), dl_init_normal(0, 0.1));
    p[2] = dl_param(dl, dl_shape2(c->users, 1), dl_init_zeros());
    p[3] = dl_param(dl, dl_shape2(c->items, 1), dl_init_zeros());
    dl_optim adam = dl_adamw(0.01);
    adam.weight_decay = 0.3;                      /* few cells for each user: keep p and q small */
    dl_optimizer *opt = dl_optimizer_new(dl, adam, p, 4);
    for (int epoch = 0; epoch < o->epochs && dl_error(dl) == DL_OK; epoch++) {
        dl_rng_permutation(dl_ctx_rng(dl), order, c->train);
        for (int at = 0; at < c->train; at += o->batch) {
            const int n = at + o->batch < c->train ? o->batch : c->train - at;
            for (int k = 0; k < n; k++) {
                const int cell = order[at + k];
                u[k] = c->user[cell], i[k] = c->item[cell];
                value[k] = c->value[cell] - (dl_real)(yes_no ? 0 : c->mean);
            }
            dl_tensor *s = score(p, u, i, n), *t = dl_from(dl, dl_shape1(n), value);
            dl_optimizer_zero_grad(opt);
            dl_backward(yes_no ? dl_bce(s, t) : dl_mse(s, t));
            dl_optimizer_step(opt);
            dl_tape_clear(dl);
        }
    }
    dl_tensor *s = score(p, c->user, c->item, c->n);
    for (int k = 0; s && k < c->n; k++)
        c->said[k] = s->data[k] + (dl_real)(yes_no ? 0 : c->mean);
    dl_tape_clear(dl);
}

/* By averages: the mean, how much above it this user's cells are, and this item's. Sums of few cells
   are divided by 5 more than there are, which keeps them near 0. */
static void by_averages(cells *c, bool items_only) {
    double user[MEMBERS + VIEWERS] = {0}, item[FILMS] = {0};
    int users[MEMBERS + VIEWERS] = {0}, items[FILMS] = {0};
    c->mean = 0;
    for (int k = 0; k < c->train; k++) c->mean += (double)c->value[k] / c->train;
    for (int k = 0; k < c->train; k++)
        item[c->item[k]] += (double)c->value[k] - c->mean, items[c->item[k]]++;
    for (int k = 0; k < c->items; k++) item[k] /= items[k] + 5;
    for (int k = 0; k < c->train; k++)
        user[c->user[k]] += (double)c->value[k] - c->mean - item[c->item[k]], users[c->user[k]]++;
    for (int k = 0; k < c->users; k++) user[k] = items_only ? 0 : user[k] / (users[k] + 5);
    for (int k = 0; k < c->n; k++)
        c->naive[k] = (dl_real)(c->mean + item[c->item[k]] + user[c->user[k]]);
}

/* The root mean squared error of s on the hidden cells. */
static double rmse(const cells *c, const dl_real *s) {
    double sum = 0;
    for (int k = c->train; k < c->n; k++)
        sum += pow((double)s[k] - (double)c->value[k], 2) / (c->n - c->train);
    return sqrt(sum);
}

/* How many of the hidden cells are on the right side of a border. */
static double right(const cells *c, const dl_real *s, double border) {
    double sum = 0;
    for (int k = c->train; k < c->n; k++)
        sum += ((double)s[k] > border) == (c->value[k] > 0);
    return sum / (c->n - c->train);
}

/* Viewers with tastes, films with qualities, and what comes of it: ratings 1 to 5. */
static void draw_films(dl_rng *r, cells *c, double truth[VIEWERS][FILMS]) {
    double taste[VIEWERS][GENRES + 1], film[FILMS][GENRES + 1];
    int32_t order[VIEWERS * FILMS];
    for (int u = 0; u < VIEWERS; u++)
        for (int g = 0; g <= GENRES; g++) taste[u][g] = dl_rng_normal(r);
    for (int i = 0; i < FILMS; i++)
        for (int g = 0; g <= GENRES; g++) film[i][g] = dl_rng_normal(r);
    for (int u = 0; u < VIEWERS; u++)
        for (int i = 0; i < FILMS; i++) {
            truth[u][i] = 3.3 + 0.3 * taste[u][GENRES] + 0.4 * film[i][GENRES];
            for (int g = 0; g < GENRES; g++) truth[u][i] += 0.45 * taste[u][g] * film[i][g];
        }
    c->users = VIEWERS, c->items = FILMS, c->n = 6000, c->train = 4800;
    dl_rng_permutation(r, order, VIEWERS * FILMS);
    for (int k = 0; k < c->n; k++) {
        c->user[k] = order[k] / FILMS, c->item[k] = order[k] % FILMS;
        const double v = floor(truth[c->user[k]][c->item[k]] + 0.4 * dl_rng_normal(r) + 0.5);
        c->value[k] = (dl_real)(v < 1 ? 1 : v > 5 ? 5 : v);
    }
}

/* The TOP films that a viewer has not rated, by s: how much would they like them, on average? */
static double liked(const cells *c, double truth[VIEWERS][FILMS], dl_tensor *const *p) {
    static bool rated[VIEWERS][FILMS];
    double sum = 0;
    for (int k = 0; k < c->n; k++) rated[c->user[k]][c->item[k]] = true;
    for (int u = 0; u < VIEWERS; u++) {
        dl_real s[FILMS];
        for (int i = 0; i < FILMS; i++) {
            s[i] = p[3]->data[i];
            for (int g = 0; g < 8 && p[0]; g++) s[i] += p[0]->data[8 * u + g] * p[1]->data[8 * i + g];
            if (rated[u][i]) s[i] = -100;
        }
        for (int t = 0; t < TOP; t++) {
            const int i = ex_argmax(s, FILMS);
            sum += truth[u][i] / (VIEWERS * TOP);
            s[i] = -100;
        }
    }
    return sum;
}

/* The votes: y 1, n 0, ? not known. */
static bool read_votes(dl_ctx *dl, const char *path, cells *c) {
    dl_table *t = dl_table_load(dl, path, NULL);
    int32_t order[MEMBERS * VOTES];
    if (t && (dl_table_row_count(t) != MEMBERS || dl_table_column_count(t) <= VOTES))
        return dl_fail(dl, DL_ERR_FORMAT, "%s: it needs %d members and %d votes", path, MEMBERS,
                       VOTES);
    if (!t) return false;
    c->users = MEMBERS, c->items = VOTES, c->n = 0;
    dl_rng_permutation(dl_ctx_rng(dl), order, MEMBERS * VOTES);
    for (int k = 0; k < MEMBERS * VOTES; k++) {
        const char *text = dl_table_text(t, order[k] / VOTES, order[k] % VOTES);
        if (!text) continue;
        c->user[c->n] = order[k] / VOTES, c->item[c->n] = order[k] % VOTES;
        c->value[c->n++] = *text == 'y';
    }
    c->train = c->n * 4 / 5;
    return true;
}

int main(int argc, char **argv) {
    static cells films, votes;
    static double truth[VIEWERS][FILMS];
    dl_tensor *p[4] = {NULL, NULL, NULL, NULL}, *q[4], *popular[4] = {NULL, NULL, NULL, NULL};
    const char *path = "data/votes/votes.csv";
    ex_option extra[1] = {{"table", EX_TEXT, NULL, 0, 0, EX("the votes", "表决的表格文件")}};
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 30;
    extra[0].value = &path;
    ex_parse(&o, argc, argv, EX("what would they like that they have not seen? 3 seconds",
                                "还没看过的，他们会喜欢哪些？3 秒"),
             "epochs batch seed threads quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    if (!read_votes(dl, path, &votes)) return ex_end(dl, &o);
    draw_films(dl_ctx_rng(dl), &films, truth);
    const double start = ex_seconds();
    by_averages(&films, false);
    by_averages(&votes, true);               /* with the members it is worse: 52 % */
    factorize(dl, &films, p, false, &o);
    factorize(dl, &votes, q, true, &o);
    const double seconds = ex_seconds() - start;
    if (dl_error(dl)) return ex_end(dl, &o);
    popular[3] = p[3];
    const double by_taste = liked(&films, truth, p), by_all = liked(&films, truth, popular);
    if (!o.quiet) {
        printf(EX("1. Films (SYNTHETIC): %d of %d ratings are known, of the hidden %d the error is\n"
                  "   %.3f from the averages of viewer and film\n   %.3f from the product\n"
                  "   The %d films that each should see: they would rate them\n   %.2f on average, "
                  "if they are what all like best\n   %.2f, if the product chooses\n",
                  "1. 电影（合成数据）：已知 %d 个，共 %d 格；隐藏的 %d 个评分的误差\n"
                  "   %.3f 由观众和电影的平均得出\n   %.3f 由乘积得出\n"
                  "   给每人推荐 %d 部，他们会打的分数平均\n"
                  "   %.2f，如果推荐大家最喜欢的\n   %.2f，如果由乘积来选\n"),
               films.train, VIEWERS * FILMS, films.n - films.train, rmse(&films, films.naive),
               rmse(&films, films.said), TOP, by_all, by_taste);
        printf(EX("2. Votes in Congress (real): of %d hidden ones are right\n"
                  "   %.1f %% as the majority voted\n   %.1f %% by the product\n\n",
                  "2. 国会表决（真实数据）：隐藏的 %d 票，猜对\n"
                  "   %.1f%% 跟着多数\n   %.1f%% 由乘积得出\n\n"),
               votes.n - votes.train, 100 * right(&votes, votes.naive, 0.5),
               100 * right(&votes, votes.said, 0));
    }
    ex_result("rmse=%.4f naive_rmse=%.4f liked=%.3f naive_liked=%.3f votes_right=%.4f "
              "naive_right=%.4f hidden=%d seconds=%.2f", rmse(&films, films.said),
              rmse(&films, films.naive), by_taste, by_all, right(&votes, votes.said, 0),
              right(&votes, votes.naive, 0.5), films.n - films.train + votes.n - votes.train, seconds);
    return ex_end(dl, &o);
}
