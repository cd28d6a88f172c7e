/* recommend - what would they like that they have not seen? A table of users and items, most of it
   empty, is written as the product of two thin ones: a few numbers for each user (what they like),
   a few for each item (what it offers). Both are learned from the cells that are known, and their
   product fills in the others.

       gcc -O2 examples/apps/recommend.c -o recommend -lm && ./recommend

   score(u, i) = mean + a_u + b_i + p_u . q_i         (Koren, Bell, Volinsky: IEEE Computer, 2009)

   1. films: 300 viewers, 100 films. SYNTHETIC, drawn here: no free set of ratings was found. But so
      the truth is known, also of what nobody rated.
   2. real choices: 16 votes of 435 members of Congress, a fifth of them hidden (data/README.md).

   With six seeds: an error of 0.64 to 0.69, by averages 0.85 to 0.93; of the votes 80 to 82 %
   right, by the majority 53 to 58 %.
   @F S3-5.4: recommendation */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { TASTES = 8, TOP = 5 };

/* p_u . q_i + a_u + b_i for n pairs of a user and an item. */
static dl_tensor *score(dl_tensor *const *w, const int32_t *user, const int32_t *item, int n) {
    dl_tensor *p = dl_embedding(w[0], user, dl_shape1(n), -1);
    dl_tensor *q = dl_embedding(w[1], item, dl_shape1(n), -1);
    dl_tensor *a = dl_embedding(w[2], user, dl_shape1(n), -1);
    dl_tensor *b = dl_embedding(w[3], item, dl_shape1(n), -1);
    return dl_add(dl_sum_axis(dl_mul(p, q), 1, false), dl_sum_axis(dl_add(a, b), 1, false));
}

/* Learn w from the cells that are known; yes_no: values are 0 and 1, the score is a logit. Then
   score all cells: said[n]. */
static void factorize(dl_ctx *dl, const ex_ratings *c, bool yes_no, const ex_options *o,
                      dl_tensor **w, dl_real *said) {
    static int32_t order[EX_CELLS], user[EX_CELLS], item[EX_CELLS];
    static dl_real value[EX_CELLS];
    const dl_real mean = yes_no ? 0 : (dl_real)c->mean;
    w[0] = dl_param(dl, dl_shape2(c->users, TASTES), dl_init_normal(0, 0.1));
    w[1] = dl_param(dl, dl_shape2(c->items, TASTES), dl_init_normal(0, 0.1));
    w[2] = dl_param(dl, dl_shape2(c->users, 1), dl_init_zeros());
    w[3] = dl_param(dl, dl_shape2(c->items, 1), dl_init_zeros());
    dl_optim adam = dl_adamw(0.01);
    adam.weight_decay = 0.3;                      /* few cells for each user: keep p and q small */
    dl_optimizer *opt = dl_optimizer_new(dl, adam, w, 4);
    for (int epoch = 0; epoch < o->epochs && dl_error(dl) == DL_OK; epoch++) {
        dl_rng_permutation(dl_ctx_rng(dl), order, c->train);
        for (int at = 0; at < c->train; at += o->batch) {
            const int n = at + o->batch < c->train ? o->batch : c->train - at;
            for (int k = 0; k < n; k++) {
                user[k] = c->user[order[at + k]];
                item[k] = c->item[order[at + k]];
                value[k] = c->value[order[at + k]] - mean;
            }
            dl_tensor *s = score(w, user, item, n), *t = dl_from(dl, dl_shape1(n), value);
            dl_optimizer_zero_grad(opt);
            dl_backward(yes_no ? dl_bce(s, t) : dl_mse(s, t));
            dl_optimizer_step(opt);
            dl_tape_clear(dl);
        }
    }
    const dl_tensor *s = score(w, c->user, c->item, c->n);
    for (int k = 0; s && k < c->n; k++) said[k] = s->data[k] + mean;
    dl_tape_clear(dl);
}

/* How much do viewers like the TOP films that the product chooses for each of them? */
static double liked(const ex_ratings *c, double truth[EX_VIEWERS][EX_FILMS], dl_tensor *const *w) {
    static int32_t user[EX_VIEWERS * EX_FILMS], item[EX_VIEWERS * EX_FILMS];
    for (int k = 0; k < EX_VIEWERS * EX_FILMS; k++) {
        user[k] = k / EX_FILMS;
        item[k] = k % EX_FILMS;
    }
    const dl_tensor *s = score(w, user, item, EX_VIEWERS * EX_FILMS);
    return s ? ex_films_liked(c, truth, s->data, EX_FILMS, TOP) : 0;
}

/* Of the films: the error of the product and of averages, and how much is liked what they choose.
   Of the votes: the share that the product and the majority have right. */
typedef struct result { double error, naive, liked, popular, right, majority; } result;
static void show(const ex_ratings *films, const ex_ratings *votes, const result *s);

int main(int argc, char **argv) {
    static ex_ratings films, votes;
    static double truth[EX_VIEWERS][EX_FILMS];
    static dl_real rating[EX_CELLS], vote[EX_CELLS];
    dl_tensor *w[4], *of_votes[4];
    const char *path = "data/votes/votes.csv";
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {{"table", EX_TEXT, &path, 0, 0, EX("the votes", "表决的表格文件")}};
    o.epochs = 30;
    ex_parse(&o, argc, argv, EX("what would they like that they have not seen? 3 seconds",
                                "还没看过的，他们会喜欢哪些？3 秒"),
             "epochs batch seed threads quiet", own, 1);
    dl_ctx *dl = ex_begin(&o);
    if (!ex_votes(dl, path, "table FILE", &votes)) return ex_end(dl, &o);
    ex_films(dl_ctx_rng(dl), &films, truth);
    const double start = ex_seconds();
    ex_averages(&films, true);
    ex_averages(&votes, false);                   /* with the members' it is worse: 52 % */
    factorize(dl, &films, false, &o, w, rating);
    factorize(dl, &votes, true, &o, of_votes, vote);
    const double seconds = ex_seconds() - start;
    if (dl_error(dl)) return ex_end(dl, &o);
    const result s = {                            /* popular: b_i, the same for all viewers */
        ex_rating_rmse(&films, rating), ex_rating_rmse(&films, films.naive),
        liked(&films, truth, w), ex_films_liked(&films, truth, w[3]->data, 0, TOP),
        ex_rating_right(&votes, vote, 0), ex_rating_right(&votes, votes.naive, 0.5)};
    if (!o.quiet) show(&films, &votes, &s);
    ex_result("rmse=%.4f naive_rmse=%.4f liked=%.3f naive_liked=%.3f votes_right=%.4f "
              "naive_right=%.4f hidden=%d seconds=%.2f", s.error, s.naive, s.liked, s.popular,
              s.right, s.majority, films.n - films.train + votes.n - votes.train, seconds);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(const ex_ratings *films, const ex_ratings *votes, const result *s) {
    printf(EX("1. Films (SYNTHETIC): %d of %d ratings are known, of the hidden %d the error is\n",
              "1. 电影（合成数据）：已知 %d 个，共 %d 格；隐藏的 %d 个评分的误差\n"), films->train,
           EX_VIEWERS * EX_FILMS, films->n - films->train);
    printf("%7.3f    %s\n", s->naive, EX("from the averages of viewer and film",
                                        "由观众和电影的平均得出"));
    printf("%7.3f    %s\n", s->error, EX("from the product", "由乘积得出"));
    printf(EX("   The %d films that each should see: they would rate them, on average\n",
              "   给每人推荐 %d 部，他们会打的分数平均\n"), TOP);
    printf("%7.2f     %s\n", s->popular, EX("if they are what all like best", "如果推荐大家最喜欢的"));
    printf("%7.2f     %s\n", s->liked, EX("if the product chooses", "如果由乘积来选"));
    printf(EX("2. Votes in Congress (real): of %d hidden ones are right\n",
              "2. 国会表决（真实数据）：隐藏的 %d 票，猜对\n"), votes->n - votes->train);
    ex_print_share(s->majority, EX("as the majority voted", "跟着多数"));
    ex_print_share(s->right, EX("by the product", "由乘积得出"));
    printf("\n");
}
