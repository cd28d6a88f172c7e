/* summary - the one sentence that says it all. An extractive summary invents nothing: it picks. A
   net gives each sentence of a passage a score, from what can be counted in it, and the softmax of
   the scores says which of the five to pick.

       gcc -O2 examples/apps/summary.c -o summary -lm && ./summary

   score_i = w2 . relu(W1 f_i + b1), the same net for every sentence (f_i: where it stands, how long
   it is, how much of it the others say, too, ...);  p = softmax(score_1 .. score_5)

   40 Chinese passages, WRITTEN FOR THIS PROGRAM (data/summaries/README.md), as were the words that
   are looked for; ten nets, each tried on the four passages that it has not seen. With six seeds 28
   to 33 of 40 are right, by the best simple rule 18.
   @F S3-5.3: summaries   @F S4-6: language */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

/* What is known of a sentence: which of the five it is, how much of it others say, too, how many
   words of results, details and reference it has, and how long it is. */
enum { PLACE, SHARED = EX_LINES, RESULT, DETAIL, REFERS, LENGTH, FEATURES };
enum { PASSAGES = 40, FOLDS = 10, SHOWN = 3 };

static void features(const ex_passage *p, int k, dl_real *f) {
    static const char *const result[] = {"最后", "终于", "结果", "表明", "证明", "结论", "发现", "决定",
                                         "宣布", "建议", "提醒", "如今", "起", "由于", "因为", "成", NULL};
    static const char *const detail[] = {"他说", "说，", "其次", "有的", "有人", "一半", "平均", "还",
                                         "也", "每", NULL};
    static const char *const refers[] = {"他", "她", "它", "这", "那", NULL};
    const char *s = p->line[k];
    char start[4] = "";
    double mean = 0;
    for (int j = 0; j < EX_LINES; j++) mean += (double)strlen(p->line[j]) / (double)EX_LINES;
    memcpy(start, s, strlen(s) < 3 ? strlen(s) : 3);
    for (int j = 0; j < EX_LINES; j++) f[j] = j == k;
    f[SHARED] = (dl_real)(4 * ex_shared(p, k));
    f[RESULT] = (dl_real)ex_count(s, result);
    f[DETAIL] = (dl_real)ex_count(s, detail);
    f[REFERS] = (dl_real)ex_count(start, refers);
    f[LENGTH] = (dl_real)(2 * ((double)strlen(s) / mean - 1));
}

static dl_model *learn(const dl_data *train, const ex_options *o) {
    dl_model *net = dl_model_new(dl_data_ctx(train), dl_shape2(EX_LINES, FEATURES));
    dl_model_add_time_distributed(net, 8, DL_RELU);
    dl_model_add_time_distributed(net, 1, DL_LINEAR);
    dl_model_add_flatten(net);
    dl_model_add_activation(net, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adamw(0.01));
    const dl_fit fit = ex_fit(o);
    dl_model_fit(net, train, &fit);
    return net;
}

/* Without a net: the sentence that has most of a feature. */
static int most(dl_real x[EX_LINES][FEATURES], int feature) {
    int best = 0;
    for (int k = 1; k < EX_LINES; k++) best = x[k][feature] > x[best][feature] ? k : best;
    return best;
}

/* How many are right: the first sentence, the one in the place that is right most often, the
   longest, the one that shares most with the others, and the net's. */
typedef struct score { int first, place, longest, central, net; } score;
static void show(const ex_passage *p, const int32_t *best, const int32_t *said, const score *s);

int main(int argc, char **argv) {
    static dl_real x[PASSAGES][EX_LINES][FEATURES];
    ex_passage p[PASSAGES];
    int32_t best[PASSAGES], row[PASSAGES], said[PASSAGES];
    const char *path = "data/summaries/passages.txt";
    int place[EX_LINES] = {0};
    score s = {0, 0, 0, 0, 0};
    double seconds = 0;
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {{"passages", EX_TEXT, &path, 0, 0, EX("the passages", "文章")}};
    o.epochs = 30;
    o.batch = 8;
    ex_parse(&o, argc, argv, EX("which sentence says it all? 2 seconds", "哪一句话说出了全文的意思？2 秒"),
             "epochs batch seed threads quiet", own, 1);
    dl_ctx *dl = ex_begin(&o);
    if (!ex_passages_load(dl, path, PASSAGES, p, best)) return ex_end(dl, &o);
    for (int i = 0; i < PASSAGES; i++)
        for (int k = 0; k < EX_LINES; k++) features(&p[i], k, x[i][k]);
    const dl_data *all = dl_data_borrow_arrays(dl, x[0][0], PASSAGES,
                                               dl_shape2(EX_LINES, FEATURES), best, EX_LINES);
    for (int f = 0; f < FOLDS; f++) {
        const int n = ex_fold(row, PASSAGES, FOLDS, f, o.seed), holds = PASSAGES - n;
        int32_t answer[PASSAGES];
        dl_model *net = learn(dl_data_pick(all, row, n), &o);
        dl_tensor *y = dl_model_predict_data(net, dl_data_pick(all, row + n, holds));
        if (!dl_argmax_axis(answer, y, 1)) return ex_end(dl, &o);
        for (int i = 0; i < holds; i++) said[row[n + i]] = answer[i];
        seconds += ex_fit_seconds(net);
        dl_model_free(net);
        dl_tape_clear(dl);
    }
    for (int i = 0; i < PASSAGES; i++) {
        place[best[i]]++;
        s.longest += most(x[i], LENGTH) == best[i];
        s.central += most(x[i], SHARED) == best[i];
        s.net += said[i] == best[i];
    }
    s.first = place[0];
    for (int k = 0; k < EX_LINES; k++) s.place = place[k] > s.place ? place[k] : s.place;
    const double share = 1 / (double)PASSAGES, naive = fmax(s.place, fmax(s.longest, s.central));
    if (!o.quiet) show(p, best, said, &s);
    ex_result("test_accuracy=%.4f naive=%.4f first=%.4f longest=%.4f passages=%d seconds=%.2f",
              s.net * share, naive * share, s.first * share, s.longest * share, PASSAGES, seconds);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(const ex_passage *p, const int32_t *best, const int32_t *said, const score *s) {
    for (int i = 0; i < SHOWN; i++) {
        for (int k = 0; k < EX_LINES; k++)
            printf("%s %s\n", k == said[i] ? "=>" : "  ", p[i].line[k]);
        if (said[i] != best[i])
            printf(EX("   (should be: %s)\n", "  （应当是：%s）\n"), p[i].line[best[i]]);
        printf("\n");
    }
    printf(EX("Right, of %d passages (written for this):\n", "%d 篇（为本程序而写）中选对的：\n"), PASSAGES);
    printf("%6d  %s\n", s->first, EX("the first sentence", "第一句"));
    printf("%6d  %s\n", s->place, EX("the place that is right most often", "最常选对的位置"));
    printf("%6d  %s\n", s->longest, EX("the longest", "最长的一句"));
    printf("%6d  %s\n", s->central, EX("the one that shares most with the others",
                                      "与别的句子相同最多的一句"));
    printf("%6d  %s\n\n", s->net, EX("the net, on passages that it has not seen (give or take 3)",
                                    "网络，对没见过的文章（误差约 3 篇）"));
}
