/* credit - who will pay back? 1,000 loans of a German bank, 300 of which went bad. A loan lost
   costs the bank five times what a good customer turned away does; so it is not the number of
   mistakes that counts, but what they cost. And not all that is in the table may be used: a bank
   must not ask for sex or nationality.

       gcc -O2 examples/apps/credit.c -o credit -lm && ./credit

   Five nets, each tried on the fifth of the applicants that it has not seen. With six seeds 0.50 to
   0.57 for each applicant; to lend to nobody costs 0.70. Data: data/README.md.
   @F S2-6: finance   @F S1-6: structured data */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { LOANS = 1000, FOLDS = 5, LOST = 5, REFUSED = 1, POINTS = 99 };    /* LOST, REFUSED: costs */

/* p[i]: the probability that applicant i does not pay, said by a net that has not seen i. */
typedef struct opinion {
    double  p[LOANS], seconds;
    int32_t paid[LOANS];
    int64_t parameters;
} opinion;

static dl_model *learn(const dl_data *train, const ex_options *o) {
    dl_model *net = dl_model_new(dl_data_ctx(train), dl_data_shape(train));
    dl_model_add_standardize(net, train);
    dl_model_add_dropout(net, 0.3);
    dl_model_add_dense(net, 16, DL_RELU);
    dl_model_add_dropout(net, 0.3);
    dl_model_add_dense(net, 2, DL_SOFTMAX);              /* 0 bad, 1 good */
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adamw(0.003));
    const dl_fit fit = ex_fit(o);
    dl_model_fit(net, train, &fit);
    return net;
}

/* FOLDS nets, each asked about the applicants that it has not seen; drop: columns to leave out. */
static bool ask(const dl_table *all, const char *const *drop, const ex_options *o, opinion *of) {
    int32_t row[LOANS];
    for (int f = 0; f < FOLDS; f++) {
        const int n = ex_fold(row, LOANS, FOLDS, f, o->seed), holds = LOANS - n;
        dl_table *rows = dl_table_pick(all, row, n), *others = dl_table_pick(all, row + n, holds);
        dl_encoding how = dl_encoding_default();
        how.drop = drop;
        dl_encoder *e = dl_encoder_new(rows, &how);
        dl_data *train = dl_encoder_data(e, rows), *test = dl_encoder_data(e, others);
        dl_model *net = learn(train, o);
        dl_tensor *y = dl_model_predict_data(net, test);
        if (!y) return false;
        for (int i = 0; i < holds; i++) {
            of->p[row[n + i]] = (double)y->data[2 * i];
            of->paid[row[n + i]] = dl_data_labels(test)[i];
        }
        of->seconds += ex_fit_seconds(net);
        of->parameters = dl_model_param_count(net);
        dl_model_free(net);
        dl_tape_clear(dl_data_ctx(train));
    }
    return true;
}

/* To refuse is right where LOST p > REFUSED (1 - p). */
static const double best = (double)REFUSED / (LOST + REFUSED);

typedef struct verdict { double cost; int lost, refused; } verdict;

/* Refuse where p is above a threshold: the cost of an applicant, and how many mistakes of each. */
static verdict judge(const opinion *of, double above) {
    verdict v = {0, 0, 0};
    for (int i = 0; i < LOANS; i++)
        if (of->p[i] > above) v.refused += of->paid[i];
        else v.lost += !of->paid[i];
    v.cost = (LOST * v.lost + REFUSED * v.refused) / (double)LOANS;
    return v;
}

static void show(const ex_options *o, const verdict v[5], const opinion *fair);

int main(int argc, char **argv) {
    static const char *const unfair[] = {"personal_status", "foreign_worker", "age", NULL};
    static opinion fair, with_all;
    const char *path = "data/credit/credit.csv";
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {{"table", EX_TEXT, &path, 0, 0, EX("the table", "表格文件")}};
    o.epochs = 30;
    ex_parse(&o, argc, argv, EX("who will pay back? What mistakes cost; 2 seconds",
                                "谁会还款？犯错的代价；2 秒"),
             "epochs batch seed threads html quiet", own, 1);
    dl_ctx *dl = ex_begin(&o);
    const dl_table *all = ex_table_classes(dl, path, LOANS, 2);
    if (!all || !ask(all, NULL, &o, &with_all) || !ask(all, unfair, &o, &fair))
        return ex_end(dl, &o);
    const verdict v[5] = {judge(&fair, 2), judge(&fair, -1), judge(&fair, 0.5), judge(&fair, best),
                          judge(&with_all, best)};
    show(&o, v, &fair);
    ex_result("cost=%.4f naive_cost=%.4f half_cost=%.4f unfair_cost=%.4f applicants=%d "
              "seconds=%.2f parameters=%lld", v[3].cost, fmin(v[0].cost, v[1].cost),
              v[2].cost, v[4].cost, LOANS, fair.seconds + with_all.seconds,
              (long long)fair.parameters);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* What each way of lending costs, and the cost by the threshold. */
static void show(const ex_options *o, const verdict v[5], const opinion *fair) {
    ex_page page = ex_page_open(o, EX("Credit: what mistakes cost", "信贷：犯错的代价"));
    ex_show_text(&page, o->quiet, 0,
                 EX("%d applicants, each judged by a net that has not seen them. A loan lost costs "
                    "%d, a good customer turned away %d. To refuse is right where %d p > 1 - p, p "
                    "> %.3f.",
                    "%d 位申请人，每一位都由没有见过他的网络来判断。坏账的代价是 %d，拒绝一位好客户的代价是 "
                    "%d。%d p > 1 - p 时应当拒绝，即 p > %.3f。"), LOANS, LOST, REFUSED, LOST, best);
    const char *const what[5] = {EX("lend to everybody", "人人都贷"), EX("lend to nobody", "谁也不贷"),
                                 EX("the net, refuse at p > 0.5", "网络，p > 0.5 就拒绝"),
                                 EX("the net, refuse at p > 1/6", "网络，p > 1/6 就拒绝"),
                                 EX("with sex, age, nationality", "加上性别、年龄、国籍")};
    ex_page_table(&page, true);
    ex_show_row(&page, o->quiet, true, "%-28s|%s", "", EX("lost loans|refused wrongly|cost each",
                                                        "坏账|错误拒绝|平均代价"));
    for (int k = 0; k < 5; k++)
        ex_show_row(&page, o->quiet, false, "%s|%d|%d|%.3f", what[k], v[k].lost, v[k].refused,
                    v[k].cost);
    ex_page_table(&page, false);
    double above[POINTS], cost[POINTS];
    for (int k = 0; k < POINTS; k++) {
        above[k] = (k + 1) / 100.0;
        cost[k] = judge(fair, above[k]).cost;
    }
    const ex_axes axes = {EX("What one applicant costs on average", "每位申请人的平均代价"),
                          EX("refuse above this probability", "高于这个概率就拒绝"), EX("cost", "代价"),
                          0, 1, 0, 0, false};
    const ex_curve curve = {EX("the net", "网络"), above, cost, POINTS};
    ex_page_plot(&page, axes, &curve, 1);
    ex_show_now_you(&page, o->quiet,
                    EX("sex, age and nationality are left out. Can the net still know them?",
                       "性别、年龄和国籍已经去掉。网络还能知道它们吗？"),
                    EX("In part: housing, job and years at work tell about age, and so on. Leaving "
                       "a column out is not enough to be fair; one has to look at the decisions.",
                       "部分可以：住房、职业、工龄透露年龄，等等。去掉一列还不等于公平，要看它的决定。"));
    ex_page_close(&page, o->quiet);
}
