/* example.h - what the example programs share: options, drawing in the terminal, one HTML page.

   It needs dl.h, libc and libm. Include it after dl.h. Nothing here is deep learning: to learn
   that, read the programs and dl.h.

     language    EX("English", "中文"), ex_width, ex_pad, ex_decode
     options     ex_options_default, ex_flag, ex_parse, ex_begin, ex_end, ex_seconds,
                 ex_fit_seconds, ex_result
     data        ex_room, ex_larger, ex_mnist, ex_argmax, ex_image_of, ex_digit, ex_worst
     worlds      ex_board (tic-tac-toe), ex_cart (a pole on a cart)
     terminal    ex_say, ex_print_wrapped, ex_print_now_you, ex_draw (pictures), ex_curve_of,
                 ex_draw_plot (curves)
     page        ex_page_open, ex_page_text, ex_page_formula, ex_page_table, ex_page_row,
                 ex_page_figure, ex_page_images, ex_page_pictures (PNG), ex_page_plot,
                 ex_page_graph, ex_page_products, ex_page_matrix, ex_page_history,
                 ex_page_close: one file, inline SVG, no network
     both        ex_show_text, ex_show_row, ex_show_predictions, ex_show_grids (matrices),
                 ex_show_now_you
     more        ex_fit, ex_param_count, ex_table, ex_table_read, ex_lines, ex_series

   All functions are static inline, so that a program may leave some unused without a warning.   */
#ifndef EXAMPLE_H_INCLUDED
#define EXAMPLE_H_INCLUDED

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#include <io.h>
#ifdef __cplusplus
extern "C" {
#endif
__declspec(dllimport) int __stdcall SetConsoleOutputCP(unsigned);
__declspec(dllimport) unsigned __stdcall GetConsoleOutputCP(void);
#ifdef __cplusplus
}
#endif
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef __GNUC__
#define EX_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define EX_PRINTF(f, a)
#endif

/* ---------------------------------------------------------------------------- language ---- */

/* Programs speak English or Chinese: --lang zh, or what LC_ALL, LC_MESSAGES or LANG begin with. The
   line "result:" and error messages are English in both. */
static bool ex_chinese;
#define EX(english, chinese) (ex_chinese ? (chinese) : (english))

static inline bool ex_locale_is_chinese(void) {
    const char *lang = getenv("LC_ALL");
    if (lang == NULL || *lang == 0) lang = getenv("LC_MESSAGES");
    if (lang == NULL || *lang == 0) lang = getenv("LANG");
    return lang && strncmp(lang, "zh", 2) == 0;
}

/* The columns that text (UTF-8) takes in a terminal: two for a Chinese character. */
static inline int ex_width(const char *text) {
    int width = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p >= 0xe3) width += 2;                    /* from U+3000 on: Han and full-width */
        else if ((*p & 0xc0) != 0x80) width++;
    return width;
}

/* Print text and spaces up to width columns: before it where right is true. */
static inline void ex_pad(const char *text, int width, bool right) {
    const int spaces = width - ex_width(text) > 0 ? width - ex_width(text) : 0;
    if (right) printf("%*s%s", spaces, "", text);
    else printf("%s%*s", text, spaces, "");
}

/* The sign at s, 1 to 4 bytes of UTF-8, as its Unicode number; moves s on. -1: no UTF-8. */
static inline int32_t ex_decode(const char **s) {
    static const int32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)*s;
    int bytes = p[0] < 0x80 ? 1 : p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 :
                p[0] < 0xF8 ? 4 : 0;
    int32_t c = bytes == 1 ? p[0] : p[0] & (0x7F >> bytes);
    for (int i = 1; i < bytes; i++) {
        if ((p[i] & 0xC0) != 0x80) return -1;      /* also at the line's end */
        c = c << 6 | (p[i] & 0x3F);
    }
    if (bytes == 0 || c < least[bytes] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return -1;
    *s += bytes;
    return c;
}

/* ----------------------------------------------------------------------------- options ---- */

/* What the command line can set. A program changes the defaults before ex_parse. */
typedef struct ex_options {
    const char *data;     /* directory of the four MNIST files                     */
    int         epochs;
    int         batch;
    int         limit;    /* training samples to use; 0 is all                     */
    int         seed;
    int         threads;  /* 0: what OpenMP would use                              */
    const char *html;     /* write a page with pictures here; NULL: none           */
    const char *save;     /* write the trained weights here; NULL: don't           */
    bool        quiet;    /* print the result line only                            */
    const char *lang;     /* zh or en                                              */
    const char *words;    /* what --help calls the arguments that are no options   */
                          /* ("MODEL IMAGE..."); NULL: there are none              */
    const char **word;    /* they themselves, word[word_count]                     */
    int         word_count, words_most;  /* how many there are, and may be         */
} ex_options;

/* What programs print is UTF-8; on Windows the console must be told, and gets its own back. */
#ifdef _WIN32
static unsigned ex_console_before;
static inline void ex_console_restore(void) { SetConsoleOutputCP(ex_console_before); }
static inline void ex_console_utf8(void) {
    ex_console_before = GetConsoleOutputCP();
    if (ex_console_before != 0 && SetConsoleOutputCP(65001)) atexit(ex_console_restore);
}
#else
static inline void ex_console_utf8(void) {}
#endif

/* The defaults, and the language, so that EX can be used from here on. */
static inline ex_options ex_options_default(int argc, char **argv) {
    ex_options o;
    memset(&o, 0, sizeof o);
    o.lang = ex_locale_is_chinese() ? "zh" : "en";
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0) o.lang = argv[i] + 7;
        if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc) o.lang = argv[i + 1];
    }
    ex_chinese = strcmp(o.lang, "zh") == 0;
    ex_console_utf8();
    o.data = "data/mnist";
    o.epochs = 5;
    o.batch = 32;
    o.seed = 42;
    return o;
}

enum { EX_COMMON = 10 };   /* options that programs share; the last, --lang, is every program's */
typedef enum ex_kind { EX_FLAG, EX_INT, EX_REAL, EX_TEXT, EX_DIR, EX_WORDS } ex_kind;

/* One option: its name without "--", what kind of value, where it goes (bool, int, double or
   const char * by kind; EX_TEXT is a file), the values allowed, and what --help says. */
typedef struct ex_option {
    const char *name;
    ex_kind     kind;
    void       *value;
    double      lo, hi;
    const char *help;
} ex_option;

/* Is a flag ("--full") on the command line? For defaults that depend on it, before ex_parse. */
static inline bool ex_flag(int argc, char **argv, const char *flag) {
    bool there = false;
    for (int i = 1; i < argc; i++) there = there || strcmp(argv[i], flag) == 0;
    return there;
}

/* Is a word in a list of words with spaces between them? */
static inline bool ex_word_in(const char *word, const char *list) {
    size_t n = strlen(word);
    const char *p = list;
    while ((p = strstr(p, word)) != NULL) {
        if ((p == list || p[-1] == ' ') && (p[n] == 0 || p[n] == ' ')) return true;
        p += n;
    }
    return false;
}

/* Print what --help says: of the common options those in uses. called is the program as it was
   called: build/13_rnn. */
static inline void ex_help(const char *called, const char *program, const char *about,
                           const char *words, const char *uses, const ex_option *opt, int n) {
    printf(EX("%s: %s\n\nusage: %s [options]%s%s\n\nOptions (what they are if you say nothing):\n",
              "%s：%s\n\n用法：%s [选项]%s%s\n\n选项（括号里是默认值）：\n"), program, about, called,
           words ? " " : "", words ? words : "");
    for (int i = 0; i < n; i++) {
        static const char *const of_kind[] = {"", " N", " N", " FILE", " DIR", " TEXT"};
        char left[40], value[64] = "";
        if (i < EX_COMMON - 1 && !ex_word_in(opt[i].name, uses)) continue;
        snprintf(left, sizeof left, "--%s%s", opt[i].name,
                 strcmp(opt[i].name, "lang") == 0 ? " zh" : of_kind[opt[i].kind]);
        if (opt[i].kind == EX_INT && *(int *)opt[i].value >= 0)  /* below 0: it depends */
            snprintf(value, sizeof value, " (%d)", *(int *)opt[i].value);
        if (opt[i].kind == EX_REAL) snprintf(value, sizeof value, " (%g)", *(double *)opt[i].value);
        if (opt[i].kind >= EX_TEXT) {
            const char *now = *(const char **)opt[i].value;
            snprintf(value, sizeof value, " (%s)", now && *now ? now : EX("none", "无"));
        }
        printf("  %-16s %s%s\n", left, opt[i].help, value);
    }
    printf("  %-16s %s\n", "--help", EX("this text", "显示这些"));
}

/* Exit with 1 if path cannot be written, before time is spent on what would go there. A file that
   is there stays as it is, and none is left behind. */
static inline void ex_check_output(const char *program, const char *option, const char *path) {
    FILE *f = path ? fopen(path, "rb") : NULL;
    const bool is_new = f == NULL && errno == ENOENT;
    if (path == NULL) return;
    if (f) fclose(f);
    f = fopen(path, "ab");
    if (f == NULL) {
        fprintf(stderr, "%s: --%s: cannot write %s: %s\n", program, option, path, strerror(errno));
        exit(1);
    }
    fclose(f);
    if (is_new) remove(path);
}

/* The option that is called name[length], "--epochs"; NULL: there is none. */
static inline const ex_option *ex_option_find(const ex_option *opt, int n, const char *name,
                                              size_t length) {
    const ex_option *found = NULL;
    for (int k = 0; k < n && strncmp(name, "--", 2) == 0; k++)
        if (strlen(opt[k].name) + 2 == length && strncmp(name + 2, opt[k].name, length - 2) == 0)
            found = &opt[k];
    return found;
}

/* Give an option the value text; exits with 2 if that is none for it. */
static inline void ex_option_set(const char *program, const ex_option *p, const char *text) {
    if (text == NULL || *text == 0) {
        fprintf(stderr, "%s: --%s needs a value after it. Try --help.\n", program, p->name);
        exit(2);
    }
    if (p->kind >= EX_TEXT) {
        *(const char **)p->value = text;
        return;
    }
    char *end;
    const double x = strtod(text, &end);
    const bool good = end != text && *end == 0 && x >= p->lo && x <= p->hi;
    if (!good || (p->kind == EX_INT && x != floor(x))) {
        fprintf(stderr, "%s: --%s needs a %snumber from %.10g to %.10g, not \"%s\".\n", program,
                p->name, p->kind == EX_INT ? "whole " : "", p->lo, p->hi, text);
        exit(2);
    }
    if (p->kind == EX_INT) *(int *)p->value = (int)x;
    else *(double *)p->value = x;
}

/* Read the command line into o and into the program's own options extra[n_extra]. uses names the
   common options that mean something to this program, separated by spaces. --help prints them and
   exits; a bad option or value says what is wrong and exits with 2, a page or weights that cannot
   be written with 1. */
static inline void ex_parse(ex_options *o, int argc, char **argv, const char *about,
                            const char *uses, const ex_option *extra, int n_extra) {
    ex_option opt[32] = {
        {"data", EX_DIR, NULL, 0, 0, EX("the directory with the four MNIST files",
                                        "四个 MNIST 文件所在的目录")},
        {"epochs", EX_INT, NULL, 1, 100000, EX("passes over the training data", "训练轮数")},
        {"batch", EX_INT, NULL, 1, 1000000, EX("samples for one update", "每次更新用的样本数")},
        {"limit", EX_INT, NULL, 0, INT_MAX, EX("train on the first N samples only, 0 is all",
                                               "只用前 N 个训练样本，0 表示全部")},
        {"seed", EX_INT, NULL, 0, INT_MAX, EX("where the random numbers start", "随机数种子")},
        {"threads", EX_INT, NULL, 0, 1024, EX("threads, 0 is as many as there are cores",
                                              "线程数，0 表示与处理器核数相同")},
        {"html", EX_TEXT, NULL, 0, 0, EX("write a page with pictures", "写一个带图的网页")},
        {"save", EX_TEXT, NULL, 0, 0, EX("write the trained weights (safetensors)",
                                         "保存训练好的权重（safetensors）")},
        {"quiet", EX_FLAG, NULL, 0, 0, EX("print nothing but the last line", "只输出最后一行")},
        {"lang", EX_TEXT, NULL, 0, 0, EX("zh: Chinese, en: English", "zh：中文，en：英文")}};
    void *const value[EX_COMMON] = {&o->data, &o->epochs, &o->batch, &o->limit, &o->seed,
                                    &o->threads, &o->html, &o->save, &o->quiet, &o->lang};
    const char *called = argc > 0 && argv[0] ? argv[0] : "program", *program = called, *slash;
    int n = EX_COMMON;
    for (int i = 0; i < EX_COMMON; i++) opt[i].value = value[i];
    for (int i = 0; i < n_extra && n < 32; i++) opt[n++] = extra[i];
    while ((slash = strpbrk(program, "/\\")) != NULL) program = slash + 1;

    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *text = strchr(argv[i], '=');
        const size_t length = text ? (size_t)(text - name) : strlen(name);
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
            ex_help(called, program, about, o->words, uses, opt, n);
            exit(0);
        }
        const ex_option *p = ex_option_find(opt, n, name, length);
        if (p == NULL && o->words && name[0] != '-') {
            if (o->word_count == o->words_most) {
                fprintf(stderr, "%s: too many arguments: %s. Try --help.\n", program, name);
                exit(2);
            }
            o->word[o->word_count++] = name;
            continue;
        }
        if (p == NULL) {
            fprintf(stderr, "%s: there is no option %s. Try --help.\n", program, name);
            exit(2);
        }
        if (p - opt < EX_COMMON - 1 && !ex_word_in(p->name, uses))
            fprintf(stderr, "%s: note: --%s changes nothing here\n", program, p->name);
        if (p->kind == EX_FLAG) {
            if (text) {
                fprintf(stderr, "%s: --%s takes no value. Try --help.\n", program, p->name);
                exit(2);
            }
            *(bool *)p->value = true;
            continue;
        }
        if (text) text++;
        else if (i + 1 < argc) text = argv[++i];
        ex_option_set(program, p, text);
    }
    if (strcmp(o->lang, "zh") != 0 && strcmp(o->lang, "en") != 0) {
        fprintf(stderr, "%s: --lang needs zh or en, not \"%s\".\n", program, o->lang);
        exit(2);
    }
    if (ex_word_in("html", uses)) ex_check_output(program, "html", o->html);
    if (ex_word_in("save", uses)) ex_check_output(program, "save", o->save);
}

/* A context with the seed and the threads of the command line. */
static inline dl_ctx *ex_begin(const ex_options *o) {
    dl_ctx *dl = dl_new((uint64_t)o->seed);
    if (o->threads > 0) dl_set_threads(dl, o->threads);
    return dl;
}

/* Is there a file or directory? */
static inline bool ex_exists(const char *path) {
#ifdef _WIN32
    return _access(path, 0) == 0;
#else
    return access(path, F_OK) == 0;
#endif
}

/* What main returns: frees the context; 1 after an error (which dl.h has printed), with a word on
   what to do about it; else 0. */
static inline int ex_end(dl_ctx *dl, const ex_options *o) {
    dl_code code = dl_error(dl);
    bool images = strstr(dl_error_text(dl), o->data) != NULL;  /* the message names their place */
    const bool packed = strstr(dl_error_text(dl), "compressed by gzip") != NULL;
    if (images && code == DL_ERR_FILE && ex_exists(o->data))
        fprintf(stderr, "%s needs all four files of MNIST; data/mnist has them.\n", o->data);
    else if (images && code == DL_ERR_FILE)
        fprintf(stderr, "The images are in data/mnist: run this from the repository's root, or say "
                "where they are\nwith --data DIR.\n");
    if (images && code == DL_ERR_FORMAT && !packed)
        fprintf(stderr, "The file is damaged. Fetch it again (data/mnist/SHA256SUMS says what it "
                "should be), or name\nanother directory with --data DIR.\n");
    if (dl == NULL) fprintf(stderr, "there is no memory to start\n");
    dl_free(dl);
    return code == DL_OK ? 0 : 1;
}

/* Seconds on a clock that runs on; only differences mean something. */
static inline double ex_seconds(void) {
#if defined(_OPENMP)
    return omp_get_wtime();
#elif defined(TIME_UTC) && !defined(_WIN32)
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
#else  /* one thread: its processor time is near enough (and on Windows it is the wall clock) */
    return (double)clock() / CLOCKS_PER_SEC;
#endif
}

/* Seconds all epochs of the last dl_model_fit took, without what on_epoch did between them. */
static inline double ex_fit_seconds(const dl_model *m) {
    int n = 0;
    double sum = 0;
    const dl_epoch *e = dl_model_history(m, &n);
    for (int i = 0; i < n; i++) sum += e[i].seconds;
    return sum;
}

/* The last line of a program: "result: name=value name=value ...", for people and scripts. */
static inline void ex_result(const char *format, ...) EX_PRINTF(1, 2);
static inline void ex_result(const char *format, ...) {
    va_list a;
    va_start(a, format);
    printf("result: ");
    vprintf(format, a);
    printf("\n");
    va_end(a);
    fflush(stdout);
}

/* -------------------------------------------------------------------------------- data ---- */

/* Room for n numbers, zeros at first, to be freed; NULL, and an error of dl's, if there is none. */
static inline double *ex_room(dl_ctx *dl, size_t n) {
    double *x = (double *)calloc(n ? n : 1, sizeof *x);
    if (x == NULL) dl_fail(dl, DL_ERR_MEMORY, "there is no memory for %.0f numbers", (double)n);
    return x;
}

/* The larger of two differences. fmax would pass over one that is no number, and so hide it. */
static inline double ex_larger(double a, double b) { return a >= b || a != a ? a : b; }

/* MNIST from --data; of the training images only the first --limit. */
static inline dl_data *ex_mnist(dl_ctx *dl, const ex_options *o, dl_split split) {
    dl_data *d = dl_mnist_load(dl, o->data, split);
    if (d && split == DL_TRAIN && o->limit > 0 && o->limit < dl_data_count(d))
        return dl_data_take(d, 0, o->limit);
    return d;
}

/* A picture: height x width numbers, borrowed, and what stands below it. */
typedef struct ex_image {
    const dl_real *pixel;
    int            height, width;
    char           caption[40];
} ex_image;

/* One of these. */
static inline ex_image ex_image_of(const dl_real *pixel, int height, int width,
                                   const char *caption) {
    ex_image im;
    im.pixel = pixel;
    im.height = height;
    im.width = width;
    snprintf(im.caption, sizeof im.caption, "%s", caption);
    return im;
}

/* Which of p[n] is the largest; of equal ones the first. */
static inline int ex_argmax(const dl_real *p, int n) {
    int best = 0;
    for (int i = 1; i < n; i++)
        if (p[i] > p[best]) best = i;
    return best;
}

/* Sample i of d, with the class that p[10] makes most likely: "7  99%", or when that is wrong
   "9 99% is 4". The pixels are on the tape. */
static inline ex_image ex_digit(const dl_data *d, dl_int i, const dl_real *p) {
    ex_image im;
    dl_tensor *x = dl_data_sample(d, i);
    int said = ex_argmax(p, dl_data_classes(d));
    int percent = (int)floor(100 * (double)p[said]);
    im.pixel = x ? x->data : NULL;
    im.height = im.width = 28;
    const int is = dl_data_labels(d)[i];
    if (said == is) snprintf(im.caption, sizeof im.caption, "%d  %d%%", said, percent);
    else snprintf(im.caption, sizeof im.caption, EX("%d %d%% is %d", "%d %d%% 实为 %d"), said,
                  percent, is);
    return im;
}

/* The k samples that are wrong and most sure of it, the worst first, into index; returns how many
   there are (at most k). p has dl_data_count(d) rows of probabilities. */
static inline int ex_worst(const dl_data *d, const dl_real *p, dl_int *index, int k) {
    int found = 0, c = dl_data_classes(d);
    for (dl_int i = 0; i < dl_data_count(d); i++) {
        int said = ex_argmax(p + i * c, c), at;
        if (said == dl_data_labels(d)[i]) continue;
        at = found < k ? found++ : k;          /* insertion sort, keeping the first k */
        while (at > 0) {
            const dl_real *q = p + index[at - 1] * c;
            if (q[ex_argmax(q, c)] >= p[i * c + said]) break;
            if (at < k) index[at] = index[at - 1];
            at--;
        }
        if (at < k) index[at] = i;
    }
    return found;
}

/* ------------------------------------------------------------------------------ worlds ---- */

/* Tic-tac-toe as the one sees it whose turn it is: 1 is mine, -1 the other's, 0 empty. */
typedef struct ex_board { int cell[9]; } ex_board;

/* Make a move on an empty cell. 1: it wins; 0: the board is full; -1: the game goes on, and the
   sides change. */
static inline int ex_board_move(ex_board *b, int move) {
    static const int line[8][3] = {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {0, 3, 6},
                                   {1, 4, 7}, {2, 5, 8}, {0, 4, 8}, {2, 4, 6}};
    bool full = true;
    b->cell[move] = 1;
    for (int k = 0; k < 8; k++)
        if (b->cell[line[k][0]] + b->cell[line[k][1]] + b->cell[line[k][2]] == 3) return 1;
    for (int k = 0; k < 9; k++) full = full && b->cell[k] != 0;
    for (int k = 0; k < 9 && !full; k++) b->cell[k] = -b->cell[k];
    return full ? 0 : -1;
}

/* A cart of 1 kg and on it, on a hinge, a pole of 0.1 kg and 1 m (Barto, Sutton, Anderson, 1983):
   place and speed (m, m/s), angle and its speed (rad, rad/s). */
typedef struct ex_cart { double x, v, angle, w; } ex_cart;

/* At rest but for a little chance. */
static inline ex_cart ex_cart_new(dl_rng *r) {
    ex_cart c;
    c.x = 0.1 * dl_rng_uniform(r) - 0.05;
    c.v = 0.1 * dl_rng_uniform(r) - 0.05;
    c.angle = 0.1 * dl_rng_uniform(r) - 0.05;
    c.w = 0.1 * dl_rng_uniform(r) - 0.05;
    return c;
}

/* 0.02 s later, pushed with 10 N to the left (0) or right (1). False: the pole has fallen (over 12
   degrees) or the cart is off its track. */
static inline bool ex_cart_push(ex_cart *c, int action) {
    const double f = action ? 10 : -10, all = 1.1, ml = 0.1 * 0.5, k = cos(c->angle);
    const double a = (f + ml * c->w * c->w * sin(c->angle)) / all;
    const double spin = (9.8 * sin(c->angle) - k * a) / (0.5 * (4.0 / 3 - 0.1 * k * k / all));
    c->x += 0.02 * c->v;
    c->angle += 0.02 * c->w;
    c->v += 0.02 * (a - ml * spin * k / all);
    c->w += 0.02 * spin;
    return fabs(c->x) < 2.4 && fabs(c->angle) < 12 * 3.14159265 / 180;
}

/* What a net sees of it: four numbers of about the same size. */
static inline void ex_cart_look(dl_real x[4], const ex_cart *c) {
    x[0] = (dl_real)c->x;
    x[1] = (dl_real)c->v;
    x[2] = (dl_real)(10 * c->angle);
    x[3] = (dl_real)c->w;
}

/* ---------------------------------------------------------------------------- terminal ---- */

/* Print in the terminal, unless quiet. */
static inline void ex_say(bool quiet, const char *format, ...) EX_PRINTF(2, 3);
static inline void ex_say(bool quiet, const char *format, ...) {
    va_list a;
    va_start(a, format);
    if (!quiet) vprintf(format, a);
    va_end(a);
}

/* The bytes of text up to where a line may be broken: before a space, or behind a Chinese character
   that no mark follows which may not begin a line. */
static inline size_t ex_unbroken(const char *text) {
    size_t n = 0;
    while (text[n] && text[n] != ' ') {
        const bool wide = (unsigned char)text[n] >= 0xe3;
        const char *next = text + n + 1;
        while (((unsigned char)*next & 0xc0) == 0x80) next++;
        n = (size_t)(next - text);
        bool mark = false;
        for (const char *m = "，。、：；）？！”"; *m; m += 3) mark |= strncmp(next, m, 3) == 0;
        if (!mark && (wide || (unsigned char)*next >= 0xe3)) break;
    }
    return n;
}

/* Print text in lines of at most 96 columns. */
static inline void ex_print_wrapped(const char *text) {
    int column = 0;
    while (*text) {
        char word[200];
        const int space = *text == ' ' && column > 0;
        while (*text == ' ') text++;
        size_t n = ex_unbroken(text);
        if (n >= sizeof word) n = sizeof word - 1;
        memcpy(word, text, n);
        word[n] = 0;
        text += n;
        if (column > 0 && column + space + ex_width(word) > 96) {
            printf("\n%s", word);
            column = ex_width(word);
        } else {
            printf("%s%s", space ? " " : "", word);
            column += space + ex_width(word);
        }
    }
    printf("\n");
}

/* A task for the reader. */
static inline void ex_print_now_you(const char *question) {
    printf("\n%s", EX("Now you: ", "轮到你："));
    ex_print_wrapped(question);
}

/* Is the output a terminal, and no file? */
static inline bool ex_on_terminal(void) {
#ifdef _WIN32
    return _isatty(1) != 0;
#else
    return isatty(1) != 0;
#endif
}

/* Can the terminal show half blocks in grey? NO_COLOR=1 says no (https://no-color.org). */
static inline bool ex_has_grey(void) {
#ifdef _WIN32
    return false;  /* its console may be set to another code page */
#else
    const char *term = getenv("TERM"), *lang = getenv("LC_ALL"), *no = getenv("NO_COLOR");
    if (lang == NULL || *lang == 0) lang = getenv("LC_CTYPE");
    if (lang == NULL || *lang == 0) lang = getenv("LANG");
    return ex_on_terminal() && (no == NULL || *no == 0) && term && strcmp(term, "dumb") != 0 &&
           lang && (strstr(lang, "UTF-8") || strstr(lang, "utf8") || strstr(lang, "UTF8"));
#endif
}

/* How many columns a line of the output has. */
static inline int ex_columns(void) {
    const char *columns = getenv("COLUMNS");
    if (columns && atoi(columns) > 20) return atoi(columns);
#if !defined(_WIN32) && defined(TIOCGWINSZ)
    struct winsize w;
    if (ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_col > 20) return w.ws_col;
#endif
    return ex_on_terminal() ? 80 : 130;
}

/* The mean of a part of a picture, 0 .. 1 for lo .. hi; pixels outside of it count as lo. */
static inline double ex_mean(const ex_image *im, int y, int x, int h, int w, double lo, double hi) {
    double sum = 0;
    for (int i = y; i < y + h; i++)
        for (int j = x; j < x + w; j++)
            if (im->pixel && i < im->height && j < im->width)
                sum += ((double)im->pixel[i * im->width + j] - lo) / (hi - lo);
    sum /= h * w;
    return sum < 0 ? 0 : sum > 1 ? 1 : sum;
}

/* One pixel as one of 16 greys. */
static inline int ex_level(const ex_image *im, int y, int x, double lo, double hi) {
    return (int)(15.999 * ex_mean(im, y, x, 1, 1, lo, hi));
}

/* Draw n pictures side by side, lo black and hi white, the margins they have in common cut off.
   A character is two pixels, one above the other: half blocks in grey where the terminal can,
   else characters of growing ink. Half blocks are readable at half the size, too, and get it where
   fewer than five pictures fit into a line. */
static inline void ex_draw(const ex_image *im, int n, double lo, double hi) {
    bool grey = ex_has_grey();
    int y0 = INT_MAX, y1 = 0, x0 = INT_MAX, x1 = 0, zoom = 1, cells, row, columns = ex_columns();
    for (int k = 0; k < n; k++)
        for (int i = 0; im[k].pixel && i < im[k].height; i++)
            for (int j = 0; j < im[k].width; j++)
                if (((double)im[k].pixel[i * im[k].width + j] - lo) / (hi - lo) > 0.1) {
                    y0 = i < y0 ? i : y0;
                    y1 = i > y1 ? i : y1;
                    x0 = j < x0 ? j : x0;
                    x1 = j > x1 ? j : x1;
                }
    if (y0 > y1) return;  /* nothing to see */
    if (grey && n > 3 && (columns + 2) / (x1 - x0 + 1 + 2) < 5) zoom = 2;
    cells = (x1 - x0 + zoom) / zoom;
    if (cells < 11) cells = 11;  /* room for the caption */
    row = (columns + 2) / (cells + 2);
    if (row < 1) row = 1;
    if (n > row && n % row) row = (n + (n + row - 1) / row - 1) / ((n + row - 1) / row);
    for (int k = 0; k < n; k += row) {
        int last = k + row < n ? k + row : n;
        for (int y = y0; y <= y1; y += 2 * zoom) {
            for (int i = k; i < last; i++) {
                for (int c = 0; c < cells; c++) {
                    int x = x0 + c * zoom;
                    if (grey) {
                        double up = ex_mean(&im[i], y, x, zoom, zoom, lo, hi);
                        double down = ex_mean(&im[i], y + zoom, x, zoom, zoom, lo, hi);
                        printf("\x1b[38;5;%d;48;5;%dm\xe2\x96\x80", 232 + (int)(23.5 * up),
                               232 + (int)(23.5 * down));
                    } else {
                        double v = ex_mean(&im[i], y, x, 2 * zoom, zoom, lo, hi);
                        putchar(" .:-=+*#%@"[(int)(9.999 * v)]);
                    }
                }
                printf(grey ? "\x1b[0m  " : "  ");
            }
            putchar('\n');
        }
        for (int i = k; i < last; i++) ex_pad(im[i].caption, cells + 2, false);
        printf("\n\n");
    }
}

/* A curve: n points; x NULL is 1, 2, ... n. */
typedef struct ex_curve {
    const char   *name;    /* NULL: a thin grey line, not in the legend */
    const double *x, *y;
    int           n;
} ex_curve;

/* What the axes say and span; x0 == x1 (or y0 == y1): as the curves need. */
typedef struct ex_axes {
    const char *title, *x_label, *y_label;
    double      x0, x1, y0, y1;
    bool        log_y;     /* powers of ten                             */
} ex_axes;

/* One of these. */
static inline ex_curve ex_curve_of(const char *name, const double *x, const double *y, int n) {
    ex_curve c;
    c.name = name;
    c.x = x;
    c.y = y;
    c.n = n;
    return c;
}

/* x of point i. */
static inline double ex_curve_x(const ex_curve *c, int i) { return c->x ? c->x[i] : i + 1; }

/* Work out the ranges that were left open. */
static inline void ex_range(ex_axes *a, const ex_curve *c, int n) {
    bool ax = a->x0 >= a->x1, ay = a->y0 >= a->y1;
    double x0 = HUGE_VAL, x1 = -HUGE_VAL, y0 = HUGE_VAL, y1 = -HUGE_VAL;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < c[k].n; i++) {
            double x = ex_curve_x(&c[k], i), y = c[k].y[i];
            if (!(fabs(x) < 1e300) || !(fabs(y) < 1e300) || (a->log_y && y <= 0)) continue;
            x0 = x < x0 ? x : x0;
            x1 = x > x1 ? x : x1;
            y0 = y < y0 ? y : y0;
            y1 = y > y1 ? y : y1;
        }
    if (!(x0 < x1)) {
        x1 = x0 < 1e300 ? x0 + 1 : 1;
        x0 = x1 - 1;
    }
    if (!(y0 < y1)) {
        y1 = y0 < 1e300 ? y0 + 0.5 : 1;
        y0 = y1 - 1;
    }
    if (ax) a->x0 = x0;
    if (ax) a->x1 = x1;
    if (!ay) return;
    a->y0 = a->log_y ? pow(10, floor(log10(y0))) : y0 - 0.04 * (y1 - y0);
    a->y1 = a->log_y ? pow(10, ceil(log10(y1))) : y1 + 0.04 * (y1 - y0);
}

/* Where a value lies between the ends of its axis: 0 .. 1, kept a little around that. */
static inline double ex_part(double v, double lo, double hi, bool logarithm) {
    double t = logarithm ? (log10(v > 1e-300 ? v : 1e-300) - log10(lo)) / (log10(hi) - log10(lo))
                         : (v - lo) / (hi - lo);
    return t < -0.5 ? -0.5 : t > 1.5 ? 1.5 : t;
}

/* The character that draws curve k: the first of its name, or a, b, c ... */
static inline char ex_letter(const ex_curve *c, int k) {
    const char *name = c[k].name;
    return name == NULL ? '.' : (unsigned char)*name < 128 ? *name : (char)('a' + k);
}

/* Draw curves with characters, 60 x 15. */
static inline void ex_draw_plot(ex_axes a, const ex_curve *c, int n) {
    enum { W = 60, H = 15 };
    const double wide = W, tall = H;
    char grid[H][W + 1];
    ex_range(&a, c, n);
    for (int r = 0; r < H; r++) {
        memset(grid[r], ' ', W);
        grid[r][W] = 0;
        for (int j = 0; j < W; j++) {   /* the axes through 0, where they can be seen */
            double px = a.x0 + (a.x1 - a.x0) * (j + 0.5) / wide, sx = (a.x1 - a.x0) / wide;
            double py = a.y1 - (a.y1 - a.y0) * (r + 0.5) / tall, sy = (a.y1 - a.y0) / tall;
            if (!a.log_y && fabs(py) <= sy / 2) grid[r][j] = '-';
            if (fabs(px) <= sx / 2) grid[r][j] = '|';
        }
    }
    for (int k = 0; k < n; k++)
        for (int i = 0; i < c[k].n; i++) {
            int j = (int)floor(ex_part(ex_curve_x(&c[k], i), a.x0, a.x1, false) * wide);
            int r = (int)floor((1 - ex_part(c[k].y[i], a.y0, a.y1, a.log_y)) * tall);
            if (j == W) j--;
            if (r == H) r--;
            if (j >= 0 && j < W && r >= 0 && r < H) grid[r][j] = ex_letter(c, k);
        }
    for (int r = 0; r < H; r++) {
        if (r == 0) printf("%9.3g |%s\n", a.y1, grid[r]);
        else if (r == H - 1) printf("%9.3g |%s\n", a.y0, grid[r]);
        else printf("          |%s\n", grid[r]);
    }
    printf("           %-10.3g%*.3g\n          ", a.x0, W - 10, a.x1);
    for (int k = 0; k < n; k++)
        if (c[k].name) printf(" %c: %s ", ex_letter(c, k), c[k].name);
    printf("\n");
}

/* -------------------------------------------------------------------------------- page ---- */

/* A page being written; f NULL (no --html) makes every function here do nothing. */
typedef struct ex_page {
    FILE       *f;
    const char *path;
    int         plots;          /* drawn so far: numbers their clip paths      */
    int         width[12];      /* of a table's columns in the terminal        */
    const char *id, *about;     /* of the next figure, from ex_page_figure     */
} ex_page;

/* Write text with the characters that mean something to HTML escaped. */
static inline void ex_page_escape(ex_page *p, const char *text) {
    for (; p->f && *text; text++) {
        if (*text == '<') fputs("&lt;", p->f);
        else if (*text == '>') fputs("&gt;", p->f);
        else if (*text == '&') fputs("&amp;", p->f);
        else if (*text == '"') fputs("&quot;", p->f);
        else fputc(*text, p->f);
    }
}

/* Start the page, if the command line asks for one; done before the training, so that a path that
   cannot be written is known at once. */
static inline ex_page ex_page_open(const ex_options *o, const char *title) {
    ex_page p;
    memset(&p, 0, sizeof p);
    if (o->html == NULL) return p;
    p.path = o->html;
    p.f = fopen(o->html, "wb");
    if (p.f == NULL) {
        fprintf(stderr, "cannot write the page %s: %s\n", o->html, strerror(errno));
        exit(1);
    }
    fprintf(p.f, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"%s\">\n"
            "<head><meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-"
            "width, initial-scale=1\"/>\n<title>", EX("en", "zh-CN"));
    ex_page_escape(&p, title);
    fputs("</title>\n<style>\n"
          "body{font:17px/1.6 system-ui,'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',"
          "sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#111;background:#fff}\n"
          "h1{font-size:1.6em}h2{font-size:1.25em;margin-top:2em}\n"
          "svg{display:block;margin:1em 0}\n"            /* on a phone as large as it is */
          "@media print,(min-width:640px){svg{width:100%;height:auto}}\n"
          ".formula{text-align:center;font:italic 1.2em/2 'STIX Two Math','Cambria Math',"
          "'Times New Roman',serif;overflow-x:auto;white-space:pre}\n"
          ".wide{overflow-x:auto}table{border-collapse:collapse;margin:1em 0}"
          "td,th{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:right;"
          "font-variant-numeric:tabular-nums;white-space:nowrap}\n"
          "td:first-child,th:first-child{text-align:left}\n"
          "details{margin:1em 0;padding:.5em 1em;border-left:4px solid #0072B2;background:#f3f7fa}"
          "summary{cursor:pointer}\n</style></head>\n<body>\n<h1>", p.f);
    ex_page_escape(&p, title);
    fputs("</h1>\n", p.f);
    return p;
}

/* What the next figure is called in the pages of docs/ (id: 01-net), and what it shows, for those
   who cannot see it. A figure without an id stays in this page. */
static inline void ex_page_figure(ex_page *p, const char *id, const char *about) {
    p->id = id;
    p->about = about;
}

/* Begin a figure of width x height units, as wide as the page, or to be pushed aside on a phone;
   ex_svg_end ends it. */
static inline void ex_svg_begin(ex_page *p, int width, int height) {
    fprintf(p->f, "<div class=\"wide\"><svg xmlns=\"http://www.w3.org/2000/svg\" "
            "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" style=\"max-width:%dpx\" "
            "font-family=\"system-ui,'Noto Sans CJK SC',sans-serif\" role=\"img\"", width, height,
            width, height, width + width / 3);
    if (p->id) fprintf(p->f, " id=\"%s\" aria-labelledby=\"%s-t\"", p->id, p->id);
    fputs(">", p->f);
    if (p->id) fprintf(p->f, "<title id=\"%s-t\">", p->id);
    if (p->id) ex_page_escape(p, p->about);
    if (p->id) fputs("</title>", p->f);
    fprintf(p->f, "\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height);
    p->id = NULL;
}
static inline void ex_svg_end(ex_page *p) { fputs("</svg></div>\n", p->f); }

/* A formula, a line of its own: y = f(W x + b). */
static inline void ex_page_formula(ex_page *p, const char *formula) {
    if (p->f == NULL) return;
    fputs("<p class=\"formula\">", p->f);
    ex_page_escape(p, formula);
    fputs("</p>\n", p->f);
}

/* A heading (level 2) or a paragraph (level 0), printf-like. */
static inline void ex_page_text(ex_page *p, int level, const char *format, ...) EX_PRINTF(3, 4);
static inline void ex_page_text(ex_page *p, int level, const char *format, ...) {
    char text[2000];
    va_list a;
    if (p->f == NULL) return;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    fputs(level ? "<h2>" : "<p>", p->f);
    ex_page_escape(p, text);
    fputs(level ? "</h2>\n" : "</p>\n", p->f);
}

/* Begin a table, or end it. */
static inline void ex_page_table(ex_page *p, bool begin) {
    if (p->f) fputs(begin ? "<div class=\"wide\"><table>\n" : "</table></div>\n", p->f);
}

/* A row of a table, printf-like, with | between its cells. The first row is the head. */
static inline void ex_page_row(ex_page *p, bool head, const char *format, ...) EX_PRINTF(3, 4);
static inline void ex_page_row(ex_page *p, bool head, const char *format, ...) {
    char text[1000], *cell = text;
    va_list a;
    if (p->f == NULL) return;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    fputs("<tr>", p->f);
    while (cell) {
        char *next = strchr(cell, '|');
        if (next) *next++ = 0;
        fputs(head ? "<th>" : "<td>", p->f);
        ex_page_escape(p, cell);
        fputs(head ? "</th>" : "</td>", p->f);
        cell = next;
    }
    fputs("</tr>\n", p->f);
}

/* Text in the terminal and on the page, as by ex_page_text. */
static inline void ex_show_text(ex_page *p, bool quiet, int level, const char *format, ...)
    EX_PRINTF(4, 5);
static inline void ex_show_text(ex_page *p, bool quiet, int level, const char *format, ...) {
    char text[2000];
    va_list a;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    ex_page_text(p, level, "%s", text);
    if (quiet) return;
    if (level) printf("\n");
    ex_print_wrapped(text);
}

/* A row of a table in both, as by ex_page_row, the head first; in the terminal a column is about
   as wide as its head. */
static inline void ex_show_row(ex_page *p, bool quiet, bool head, const char *format, ...)
    EX_PRINTF(4, 5);
static inline void ex_show_row(ex_page *p, bool quiet, bool head, const char *format, ...) {
    char text[1000], *cell = text;
    va_list a;
    va_start(a, format);
    vsnprintf(text, sizeof text, format, a);
    va_end(a);
    ex_page_row(p, head, "%s", text);
    for (int k = 0; cell && k < 12 && !quiet; k++) {
        char *next = strchr(cell, '|');
        if (next) *next++ = 0;
        const int least = k ? 11 : 16, width = ex_width(cell) + 2;
        if (head) p->width[k] = width > least ? width : least;
        ex_pad(cell, p->width[k], k > 0);
        cell = next;
    }
    if (!quiet) printf("\n");
}

/* A task for the reader: in the terminal the question, on the page its answer too, folded. */
static inline void ex_show_now_you(ex_page *p, bool quiet, const char *question,
                                   const char *answer) {
    if (!quiet) ex_print_now_you(question);
    if (p->f == NULL) return;
    fputs("<p><b>", p->f);
    ex_page_escape(p, EX("Now you: ", "轮到你："));
    fputs("</b>", p->f);
    ex_page_escape(p, question);
    fprintf(p->f, "</p>\n<details><summary>%s</summary>\n", EX("The answer", "答案"));
    ex_page_escape(p, answer);
    fputs("</details>\n", p->f);
}

/* Text in a figure, its start, middle or end (anchor) at (x, y); more: other attributes. */
static inline void ex_svg_text(ex_page *p, double x, double y, const char *anchor, int size,
                               const char *more, const char *text) {
    fprintf(p->f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" %s>", x, y,
            anchor, size, more);
    ex_page_escape(p, text);
    fputs("</text>\n", p->f);
}

/* Pictures side by side, lo white and hi black (ink on paper), each pixel zoom units of a figure
   that is 600 wide. A picture is one path for each of 15 greys, made of horizontal runs. */
static inline void ex_page_images(ex_page *p, const ex_image *im, int n, double lo, double hi,
                                  int zoom) {
    enum { WIDE = 600, GAP = 10, CAPTION = 22 };
    int tall = 0, cell = 0;
    if (p->f == NULL) return;
    for (int k = 0; k < n; k++) {
        if (im[k].pixel == NULL) return;
        tall = im[k].height * zoom > tall ? im[k].height * zoom : tall;
        cell = im[k].width * zoom > cell ? im[k].width * zoom : cell;
        if (9 * ex_width(im[k].caption) > cell) cell = 9 * ex_width(im[k].caption);
    }
    int row = (WIDE + GAP) / (cell + GAP) > 0 ? (WIDE + GAP) / (cell + GAP) : 1;
    const int rows = (n + row - 1) / row;
    if (rows) row = (n + rows - 1) / rows;               /* rows of equal length */
    ex_svg_begin(p, row * (cell + GAP) - GAP, rows * (tall + CAPTION + GAP));
    for (int k = 0; k < n; k++) {
        const int w = im[k].width, h = im[k].height;
        const int left = k % row * (cell + GAP) + (cell - w * zoom) / 2;
        const int top = k / row * (tall + CAPTION + GAP);
        fprintf(p->f, "<g transform=\"translate(%d %d)\"><g transform=\"scale(%d)\" "
                "shape-rendering=\"crispEdges\">", left, top, zoom);
        for (int level = 1; level < 16; level++) {
            bool open = false;
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w;) {
                    int start = x;
                    while (x < w && ex_level(&im[k], y, x, lo, hi) == level) x++;
                    if (x == start) {
                        x++;
                        continue;
                    }
                    if (!open) fprintf(p->f, "<path fill=\"#%x%x%x\" d=\"", 15 - level, 15 - level,
                                       15 - level);
                    open = true;
                    fprintf(p->f, "M%d %dh%dv1h-%dz", start, y, x - start, x - start);
                }
            if (open) fputs("\"/>", p->f);
        }
        fprintf(p->f, "</g><rect width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#999\"/>",
                w * zoom, h * zoom);
        ex_svg_text(p, w * zoom / 2.0, h * zoom + 16, "middle", 15, "", im[k].caption);
        fputs("</g>\n", p->f);
    }
    ex_svg_end(p);
}

#ifndef DL_NO_IMAGES
/* A picture [C,H,W], a PNG file inside the page. */
static inline void ex_page_png(ex_page *p, dl_tensor *x) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t n = dl_image_save_to_memory(x, NULL, 0);
    unsigned char *b = n ? (unsigned char *)calloc(n + 3, 1) : NULL;
    if (b == NULL) return;
    dl_image_save_to_memory(x, b, n);
    fputs("data:image/png;base64,", p->f);
    for (size_t i = 0; i < n; i += 3) {
        const unsigned v = (unsigned)b[i] << 16 | (unsigned)b[i + 1] << 8 | b[i + 2];
        for (int k = 0; k < 4; k++)
            fputc(i + (size_t)k > n ? '=' : digit[v >> (18 - 6 * k) & 63], p->f);
    }
    free(b);
}

/* Pictures in rows, each `wide` units wide and with a caption; small ones show their pixels. */
static inline void ex_page_pictures(ex_page *p, dl_tensor *const *x, const char *const *caption,
                                    int n, int wide) {
    if (p->f == NULL) return;
    fputs("<div style=\"display:flex;flex-wrap:wrap;gap:12px;margin:1em 0\">\n", p->f);
    for (int k = 0; k < n; k++) {
        if (x[k] == NULL) continue;
        fprintf(p->f, "<figure style=\"margin:0;width:%dpx\"><img alt=\"", wide);
        ex_page_escape(p, caption[k]);
        fputs("\" src=\"", p->f);
        ex_page_png(p, x[k]);
        fprintf(p->f, "\" style=\"display:block;width:%dpx;height:%dpx;object-fit:contain;"
                "background:#eee;%s\"/><figcaption style=\"font-size:13px;line-height:1.3;"
                "margin-top:4px\">", wide, wide,
                x[k]->shape.dim[x[k]->shape.rank - 1] < wide ? "image-rendering:pixelated" : "");
        ex_page_escape(p, caption[k]);
        fputs("</figcaption></figure>\n", p->f);
    }
    fputs("</div>\n", p->f);
}
#endif

/* The mark of curve k at (x, y): its shape tells curves apart where colours cannot. */
static inline void ex_svg_mark(ex_page *p, int k, double x, double y, const char *colour) {
    static const char *const shape[8] = {
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", "m-3.5 -3.5h7v7h-7z", "m0 -5l5 8h-10z",
        "m0 -5l5 5l-5 5l-5 -5z", "m-4 -4l8 8m0 -8l-8 8", "m0 -5v10m-5 -5h10", "m0 5l5 -8h-10z",
        "m-4 -4l8 8m0 -8l-8 8m4 -9v10m-5 -5h10"};
    fprintf(p->f, "<path d=\"M%.1f %.1f%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x,
            y, shape[k % 8], k % 2 ? "#fff" : colour, colour);
}

/* A step of 1, 2 or 5 times a power of ten that gives about n ticks over a span. */
static inline double ex_tick(double span, int n) {
    double raw = span / n, ten = pow(10, floor(log10(raw)));
    return raw / ten < 1.5 ? ten : raw / ten < 3.5 ? 2 * ten : raw / ten < 7.5 ? 5 * ten : 10 * ten;
}

/* What a name takes in a legend with its line before it; m and w are wider than the rest. */
static inline int ex_legend_width(const char *name) {
    int wide = 66 + 8 * ex_width(name);
    for (const char *s = name; *s; s++) wide += strchr("mwMW", *s) ? 5 : 0;
    return wide;
}

/* Where the axes of a plot are: left, top, width, height. Narrow: it is read on a phone, too. */
static const double ex_plot_l = 74, ex_plot_t = 40, ex_plot_w = 500, ex_plot_h = 330;

static inline double ex_plot_x(const ex_axes *a, double v) {
    return ex_plot_l + ex_plot_w * ex_part(v, a->x0, a->x1, false);
}

static inline double ex_plot_y(const ex_axes *a, double v) {
    return ex_plot_t + ex_plot_h * (1 - ex_part(v, a->y0, a->y1, a->log_y));
}

/* A grid line at v, and the number that stands there. */
static inline void ex_plot_tick_x(ex_page *p, const ex_axes *a, double v, const char *number) {
    const double x = ex_plot_x(a, v);
    fprintf(p->f, "<path d=\"M%.1f %.1fv%.1f\" stroke=\"#ddd\"/>\n", x, ex_plot_t, ex_plot_h);
    ex_svg_text(p, x, ex_plot_t + ex_plot_h + 18, "middle", 14, "", number);
}

static inline void ex_plot_tick_y(ex_page *p, const ex_axes *a, double v, const char *number) {
    const double y = ex_plot_y(a, v);
    fprintf(p->f, "<path d=\"M%.1f %.1fh%.1f\" stroke=\"#ddd\"/>\n", ex_plot_l, y, ex_plot_w);
    ex_svg_text(p, ex_plot_l - 8, y + 5, "end", 14, "", number);
}

/* Grid, ticks, frame, and what stands beside them; counted: x are 1, 2, 3 ... */
static inline void ex_plot_axes(ex_page *p, const ex_axes *a, bool counted) {
    const double L = ex_plot_l, T = ex_plot_t, W = ex_plot_w, H = ex_plot_h;
    char s[64];
    ex_svg_text(p, L, 24, "start", 17, "font-weight=\"bold\"", a->title);
    double tick = ex_tick(a->x1 - a->x0, 5);
    if (counted && tick < 1) tick = 1;                       /* there is no epoch 1.5 */
    for (double v = ceil(a->x0 / tick - 1e-6) * tick; v <= a->x1 + tick * 1e-6; v += tick) {
        snprintf(s, sizeof s, "%.6g", fabs(v) < tick * 1e-6 ? 0.0 : v);
        ex_plot_tick_x(p, a, v, s);
    }
    if (a->log_y) {
        const int every = (int)ceil((log10(a->y1) - log10(a->y0)) / 8);
        for (int e = (int)floor(log10(a->y0) + 0.5); e <= log10(a->y1) + 1e-6; e += every) {
            snprintf(s, sizeof s, e >= -3 && e <= 4 ? "%g" : "%.0e", pow(10, e));
            ex_plot_tick_y(p, a, pow(10, e), s);
        }
    } else {
        tick = ex_tick(a->y1 - a->y0, 6);
        for (double v = ceil(a->y0 / tick - 1e-6) * tick; v <= a->y1 + tick * 1e-6; v += tick) {
            snprintf(s, sizeof s, "%.6g", fabs(v) < tick * 1e-6 ? 0.0 : v);
            ex_plot_tick_y(p, a, v, s);
        }
    }
    fprintf(p->f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
            "stroke=\"#333\"/>\n", L, T, W, H);
    ex_svg_text(p, L + W / 2, T + H + 42, "middle", 15, "", a->x_label);
    snprintf(s, sizeof s, "transform=\"rotate(-90 18 %.1f)\"", T + H / 2);
    ex_svg_text(p, 18, T + H / 2, "middle", 15, s, a->y_label);
}

/* A curve, and eight marks on it if it has a name: that of number k. */
static inline void ex_plot_curve(ex_page *p, const ex_axes *a, const ex_curve *c, int k,
                                 const char *ink, const char *dash) {
    bool pen = false;
    fprintf(p->f, "<g clip-path=\"url(#c%d)\"><path fill=\"none\" stroke=\"%s\" "
            "stroke-width=\"%d\" stroke-dasharray=\"%s\" d=\"", p->plots, ink, c->name ? 2 : 1,
            dash);
    for (int i = 0; i < c->n; i++) {
        const double x = ex_plot_x(a, ex_curve_x(c, i)), y = ex_plot_y(a, c->y[i]);
        if (x == x && y == y) fprintf(p->f, "%c%.1f %.1f", pen ? 'L' : 'M', x, y);
        pen = x == x && y == y;
    }
    fputs("\"/></g>\n", p->f);
    for (int i = c->n / 16; c->name && i < c->n; i += c->n > 8 ? c->n / 8 : 1) {
        const double x = ex_part(ex_curve_x(c, i), a->x0, a->x1, false);
        const double y = ex_part(c->y[i], a->y0, a->y1, a->log_y);
        if (x >= 0 && x <= 1 && y >= 0 && y <= 1)
            ex_svg_mark(p, k, ex_plot_x(a, ex_curve_x(c, i)), ex_plot_y(a, c->y[i]), ink);
    }
}

/* Where a name of such a width begins in the legend; *left, *line: where the next one may. */
static inline int ex_legend_place(int wide, int *left, int *line) {
    if (*left > ex_plot_l && *left + wide > ex_plot_l + ex_plot_w) {
        *left = (int)ex_plot_l;
        *line += 1;
    }
    *left += wide;
    return *left - wide;
}

/* A line plot with axes, ticks, grid and legend; colours (Okabe and Ito's, safe for the colour
   blind), dashes and marks differ, so that it can be read in greyscale. */
static inline void ex_page_plot(ex_page *p, ex_axes a, const ex_curve *c, int n) {
    static const char *const colour[8] = {"#0072B2", "#D55E00", "#009E73", "#000000",
                                          "#CC79A7", "#56B4E9", "#B8860B", "#666666"};
    static const char *const dashes[4] = {"none", "7 4", "2 3", "9 3 2 3"};
    const double L = ex_plot_l, T = ex_plot_t, W = ex_plot_w, H = ex_plot_h;
    int named = 0, left = (int)L, line = 0;
    if (p->f == NULL) return;
    ex_range(&a, c, n);
    for (int k = 0; k < n; k++)                          /* how many lines the legend takes */
        if (c[k].name) ex_legend_place(ex_legend_width(c[k].name), &left, &line);
    ex_svg_begin(p, (int)(L + W + 16), (int)(T + H + 66 + 24 * (line + 1)));
    fprintf(p->f, "<clipPath id=\"c%d\"><rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" "
            "height=\"%.0f\"/></clipPath>\n", ++p->plots, L, T, W, H);
    ex_plot_axes(p, &a, n > 0 && c[n - 1].x == NULL);
    left = (int)L;
    line = 0;
    for (int k = 0; k < n; k++) {
        const char *ink = c[k].name ? colour[named % 8] : "#aaa";
        const char *dash = c[k].name ? dashes[named % 4] : "none";
        ex_plot_curve(p, &a, &c[k], named, ink, dash);
        if (c[k].name == NULL) continue;
        const int at = ex_legend_place(ex_legend_width(c[k].name), &left, &line);
        const double key = T + H + 72 + 24 * line;
        fprintf(p->f, "<path d=\"M%d %.1fh34\" stroke=\"%s\" stroke-width=\"2\" "
                "stroke-dasharray=\"%s\"/>\n", at, key, ink, dash);
        ex_svg_mark(p, named, at + 17, key, ink);
        ex_svg_text(p, at + 42, key + 5, "start", 15, "", c[k].name);
        named++;
    }
    ex_svg_end(p);
}

/* A small net to be drawn with its numbers: column k has size[k] nodes; weight[k][j][i] goes from
   node i of column k to node j of column k + 1. With gradients, dL/dz and dL/dw too. */
enum { EX_GRAPH_NODES = 6 };
typedef struct ex_graph {
    int         columns, size[4];
    const char *name[4];                                   /* "x", "a", "y": node 1 is "x1"    */
    double      value[4][EX_GRAPH_NODES], delta[4][EX_GRAPH_NODES];
    double      weight[3][EX_GRAPH_NODES][EX_GRAPH_NODES], dw[3][EX_GRAPH_NODES][EX_GRAPH_NODES];
    double      bias[3][EX_GRAPH_NODES];
    bool        gradients;
} ex_graph;

/* Add a column of size nodes to g (all zeros at first): their values, and for all but the first
   the weights w[size][before] and biases b[size] that lead to it; dw and delta, or NULL. */
static inline void ex_graph_add(ex_graph *g, const char *name, int size, const dl_real *value,
                                const dl_real *w, const dl_real *b, const dl_real *dw,
                                const dl_real *delta) {
    int k = g->columns++, before = k ? g->size[k - 1] : 0;
    g->size[k] = size;
    g->name[k] = name;
    for (int j = 0; j < size; j++) {
        g->value[k][j] = (double)value[j];
        if (delta) g->delta[k][j] = (double)delta[j];
        if (b) g->bias[k - 1][j] = (double)b[j];
        for (int i = 0; i < before; i++) {
            g->weight[k - 1][j][i] = (double)w[j * before + i];
            if (dw) g->dw[k - 1][j][i] = (double)dw[j * before + i];
        }
    }
    if (dw) g->gradients = true;
}

/* Such a net as a figure. */
static inline void ex_page_graph(ex_page *p, const ex_graph *g) {
    const int STEP = 112, GAP = g->gradients ? 330 : 270;
    int tall = 0;
    char s[96];
    if (p->f == NULL) return;
    for (int k = 0; k < g->columns; k++) tall = g->size[k] > tall ? g->size[k] : tall;
    ex_svg_begin(p, 130 + GAP * (g->columns - 1), tall * STEP);
    for (int pass = 0; pass < 3; pass++)   /* edges, then their labels, then nodes on top */
        for (int k = 0; k < g->columns; k++)
            for (int i = 0; i < g->size[k]; i++) {
                double x = 60 + GAP * k, y = STEP * (i + 0.5 + (tall - g->size[k]) / 2.0);
                for (int j = 0; pass < 2 && k + 1 < g->columns && j < g->size[k + 1]; j++) {
                    double x2 = x + GAP, w = g->weight[k][j][i];
                    double y2 = STEP * (j + 0.5 + (tall - g->size[k + 1]) / 2.0), t = 0.26;
                    if (pass == 0) {
                        double wide = 0.8 + 1.2 * fabs(w);
                        fprintf(p->f, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" stroke-width="
                                "\"%.1f\" stroke-dasharray=\"%s\"/>\n", x, y, x2, y2,
                                w < 0 ? "#D55E00" : "#0072B2", wide > 5 ? 5 : wide,
                                w < 0 ? "6 4" : "none");
                        continue;
                    }
                    if (g->gradients) snprintf(s, sizeof s, "%.3g (%.2f)", w, g->dw[k][j][i]);
                    else snprintf(s, sizeof s, "%.4g", w);
                    ex_svg_text(p, x + t * GAP, y + t * (y2 - y) + 4, "middle", 12,
                                "stroke=\"#fff\" stroke-width=\"6\" paint-order=\"stroke\"", s);
                }
                if (pass < 2) continue;
                fprintf(p->f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"25\" fill=\"#fff\" stroke="
                        "\"#333\" stroke-width=\"1.5\"/>\n", x, y);
                snprintf(s, sizeof s, "%.3g", g->value[k][i]);
                ex_svg_text(p, x, y + 5, "middle", 14, "", s);
                if (k == 0) snprintf(s, sizeof s, "%s%d", g->name[k], i);
                else snprintf(s, sizeof s, "%s%d, b = %.3g", g->name[k], i, g->bias[k - 1][i]);
                ex_svg_text(p, x, y - 31, "middle", 12, "fill=\"#555\"", s);
                if (k == 0 || !g->gradients) continue;
                snprintf(s, sizeof s, "(\xce\xb4 %.2f)", g->delta[k][i]);
                ex_svg_text(p, x, y + 40, "middle", 12, "", s);
            }
    ex_svg_end(p);
}

/* A square of n x n numbers to be shown, with pad zeros around it; the k x k of them from (i, j) on
   are marked, and (0, 0) is the first one inside the zeros. */
typedef struct ex_grid { const char *name; const dl_real *x; int n, pad, i, j, k; } ex_grid;

/* Grids side by side, in the terminal and on the page. */
static inline void ex_show_grids(const ex_grid *g, int count, ex_page *page, bool quiet) {
    const int CELL = 38;
    int rows = 0, left, wide, total = 0;
    char s[64];
    for (int t = 0; t < count; t++) {
        const int m = g[t].n + 2 * g[t].pad;
        rows = m > rows ? m : rows;
        wide = 9 * ex_width(g[t].name);                   /* at least the width of the name */
        total += (m * CELL > wide ? m * CELL : wide) + 30;
    }
    if (page->f)
        ex_svg_begin(page, total, rows * CELL + 40);
    for (int r = -1; r < rows; r++) {
        for (int t = left = 0; t < count; t++) {
            const int m = g[t].n + 2 * g[t].pad, name = ex_width(g[t].name);
            if (!quiet) printf("   ");
            if (!quiet && r == -1) ex_pad(g[t].name, 6 * m, false);
            if (page->f && r == -1)
                ex_svg_text(page, 8 + left, 20, "start", 14, "font-weight=\"bold\"", g[t].name);
            for (int c = 0; r >= 0 && c < m; c++) {
                int i = r - g[t].pad, j = c - g[t].pad, x = 8 + left + c * CELL, y = 30 + r * CELL;
                bool in = i >= g[t].i && j >= g[t].j && i < g[t].i + g[t].k && j < g[t].j + g[t].k;
                bool zero = i < 0 || j < 0 || i >= g[t].n || j >= g[t].n;
                snprintf(s, sizeof s, "%.4g", zero || r >= m ? 0.0
                                                             : (double)g[t].x[i * g[t].n + j]);
                if (!quiet) printf(r >= m ? "      " : in ? "[%4s]" : " %4s ", zero ? "." : s);
                if (page->f == NULL || r >= m) continue;
                fprintf(page->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                        "stroke=\"#333\" stroke-width=\"%s\" stroke-dasharray=\"%s\"/>", x + 1,
                        y + 1, CELL - 2, CELL - 2, in ? "#F5D76E" : "#fff", in ? "2" : ".5",
                        zero ? "2 3" : "none");
                ex_svg_text(page, x + CELL / 2.0, y + 24, "middle", strlen(s) > 3 ? 12 : 15,
                            zero ? "fill=\"#777\"" : "", s);
            }
            wide = 9 * name;
            left += (m * CELL > wide ? m * CELL : wide) + 30;
            if (!quiet && name > 6 * m && r >= 0) printf("%*s", name - 6 * m, "");
        }
        if (!quiet) printf("\n");
    }
    if (!quiet) printf("\n");
    if (page->f) ex_svg_end(page);
}

/* One cell of ex_page_products. */
static inline void ex_svg_cell(ex_page *p, int x, int y, int wide, bool marked, const char *text) {
    fprintf(p->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"44\" fill=\"%s\" "
            "stroke=\"#333\" stroke-width=\"%s\"/>", x, y, wide - 2, marked ? "#F5D76E" : "#fff",
            marked ? "2" : ".5");
    ex_svg_text(p, x + wide / 2.0 - 1, y + 28, "middle", 17, "", text);
}

/* The first output of a convolution: the piece of x[n,n], the kernel k[m,m], their products one by
   one, and their sum in y[n-m+1,n-m+1]. */
static inline void ex_page_products(ex_page *p, const dl_real *x, int n, const dl_real *k, int m,
                                    const dl_real *y) {
    const int CELL = 46, WIDE = 90, GAP = 56, TOP = 40;
    const int out = n - m + 1, at_k = 10 + n * CELL + GAP, at_p = at_k + m * CELL + GAP;
    const int at_y = at_p + m * WIDE + GAP + 24, width = at_y + out * CELL + 8;
    const double middle = TOP + m * CELL / 2.0 + 6;
    char s[40], sum[1000] = "";
    if (p->f == NULL) return;
    ex_svg_begin(p, width, TOP + n * CELL + 56);
    ex_svg_text(p, 12, 24, "start", 17, "font-weight=\"bold\"", "X");
    ex_svg_text(p, at_k, 24, "start", 17, "font-weight=\"bold\"", "K");
    ex_svg_text(p, at_p, 24, "start", 17, "font-weight=\"bold\"", EX("products", "乘积"));
    ex_svg_text(p, at_y, 24, "start", 17, "font-weight=\"bold\"", "Y");
    for (int i = 0; i < n * n; i++) {
        snprintf(s, sizeof s, "%.4g", (double)x[i]);
        ex_svg_cell(p, 10 + CELL * (i % n), TOP + CELL * (i / n), CELL, i % n < m && i / n < m, s);
    }
    for (int i = 0; i < m * m; i++) {
        const int top = TOP + CELL * (i / m);
        const double a = (double)x[i / m * n + i % m], b = (double)k[i];
        snprintf(s, sizeof s, "%.4g", b);
        ex_svg_cell(p, at_k + CELL * (i % m), top, CELL, true, s);
        snprintf(s, sizeof s, b < 0 ? "%.4g×(%.4g)" : "%.4g×%.4g", a, b);
        ex_svg_cell(p, at_p + WIDE * (i % m), top, WIDE, true, s);
        snprintf(sum + strlen(sum), sizeof sum - strlen(sum), "%s%s", i ? " + " : "", s);
    }
    for (int i = 0; i < out * out; i++) {
        snprintf(s, sizeof s, "%.4g", (double)y[i]);
        ex_svg_cell(p, at_y + CELL * (i % out), TOP + CELL * (i / out), CELL, i == 0, s);
    }
    ex_svg_text(p, at_k - GAP / 2.0 - 1, middle, "middle", 24, "", "⊙");
    ex_svg_text(p, at_p - GAP / 2.0 - 1, middle, "middle", 24, "", "=");
    ex_svg_text(p, at_y - (GAP + 24) / 2.0 - 1, middle, "middle", 24, "", "Σ →");
    snprintf(sum + strlen(sum), sizeof sum - strlen(sum), " = %.4g", (double)y[0]);
    ex_svg_text(p, width / 2.0, TOP + n * CELL + 36, "middle", 18, "", sum);
    ex_svg_end(p);
}

/* x[n,n] from 0, white, to 1, black, below and on the diagonal, with a name at each row and
   column. */
static inline void ex_page_matrix(ex_page *p, const dl_real *x, const char *const *name, int n) {
    const int CELL = 22, LEFT = 36;
    if (p->f == NULL) return;
    ex_svg_begin(p, LEFT + n * CELL + 6, LEFT + n * CELL + 6);
    for (int i = 0; i < n; i++) {
        ex_svg_text(p, LEFT - 6, LEFT + CELL * i + 17, "end", 17, "", name[i]);
        ex_svg_text(p, LEFT + CELL * (i + 0.5), LEFT - 8, "middle", 17, "", name[i]);
        for (int j = 0; j <= i; j++) {
            const int grey = 255 - (int)(255 * fmin(1, (double)x[i * n + j]));
            fprintf(p->f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                    "fill=\"rgb(%d,%d,%d)\" stroke=\"#ccc\" stroke-width=\".5\"/>\n",
                    LEFT + CELL * j, LEFT + CELL * i, CELL, CELL, grey, grey, grey);
        }
    }
    ex_svg_end(p);
}

/* The accuracy of the last dl_model_fit as a plot: in training and, if it was taken, validation. */
static inline void ex_page_history(ex_page *p, const dl_model *m) {
    ex_axes axes = {EX("Accuracy after each epoch", "每轮之后的准确率"), EX("epoch", "轮"),
                    EX("accuracy, %", "准确率（%）"), 0, 0, 0, 0, false};
    int n = 0;
    const dl_epoch *e = dl_model_history(m, &n);
    double *y = p->f ? (double *)malloc(2 * (size_t)(n + 1) * sizeof *y) : NULL;
    for (int i = 0; y && i < n; i++) {
        y[i] = 100 * e[i].accuracy;
        y[n + i] = 100 * e[i].val_accuracy;
    }
    const ex_curve c[2] = {{EX("training", "训练"), NULL, y, n},
                           {EX("validation", "验证"), NULL, y ? y + n : NULL, n}};
    if (y) ex_page_plot(p, axes, c, n > 0 && e[0].val_accuracy >= 0 ? 2 : 1);   /* it may be NaN */
    free(y);
}

/* Ten test images with what the net says, and its worst mistakes, on the terminal and the page. */
static inline void ex_show_predictions(dl_model *m, const dl_data *test, ex_page *page,
                                       bool quiet) {
    enum { SHOWN = 10, WORST = 5 };
    ex_image first[SHOWN], worst[WORST];
    dl_int index[WORST];
    int n = dl_data_count(test) < SHOWN ? (int)dl_data_count(test) : SHOWN, worsts;
    int classes = dl_data_classes(test);
    const dl_tensor *y = quiet && page->f == NULL ? NULL : dl_model_predict_data(m, test);
    if (y == NULL) return;
    for (int i = 0; i < n; i++) first[i] = ex_digit(test, i, y->data + i * classes);
    worsts = ex_worst(test, y->data, index, WORST);
    for (int i = 0; i < worsts; i++)
        worst[i] = ex_digit(test, index[i], y->data + index[i] * classes);
    if (!quiet) {
        printf(EX("\n%d test images, what the net says, and how sure it is:\n\n",
                  "\n%d 张测试图像，网络的回答，以及它有多大把握：\n\n"), n);
        ex_draw(first, n, 0, 1);
        printf(EX("The worst mistakes: what it said, how sure it was, what it is:\n\n",
                  "最严重的错误：网络的回答，有多大把握，实际是什么：\n\n"));
        ex_draw(worst, worsts, 0, 1);
    }
    ex_page_text(page, 2, EX("Test images and what the net says", "测试图像与网络的回答"));
    ex_page_images(page, first, n, 0, 1, 3);
    ex_page_text(page, 2, EX("The worst mistakes: sure, and wrong", "最严重的错误：自信却答错"));
    ex_page_images(page, worst, worsts, 0, 1, 3);
}

/* Finish the page and say where it is; exits with 1 when it could not be written whole. */
static inline void ex_page_close(ex_page *p, bool quiet) {
    bool bad;
    if (p->f == NULL) return;
    fputs("</body>\n</html>\n", p->f);
    bad = ferror(p->f) != 0;
    if (fclose(p->f) != 0) bad = true;
    p->f = NULL;
    if (bad) {
        fprintf(stderr, "cannot write the page %s\n", p->path);
        exit(1);
    }
    if (!quiet) printf(EX("The page with the pictures: %s\n", "带图的网页：%s\n"), p->path);
}

/* ---------------------------------------------------------------------- models and tables ---- */

/* Options for dl_model_fit: epochs and batch of the command line, and not a word. */
static inline dl_fit ex_fit(const ex_options *o) {
    dl_fit fit = dl_fit_default();
    fit.epochs = o->epochs;
    fit.batch_size = o->batch;
    fit.verbose = 0;
    return fit;
}

/* How many numbers w[n] hold. */
static inline long long ex_param_count(dl_tensor *const *w, int n) {
    long long size = 0;
    for (int i = 0; i < n; i++) size += w[i] ? (long long)w[i]->size : 0;
    return size;
}

/* A CSV file with so many rows (0: any number); what is wrong with it, or which --option names
   another, is said. */
static inline dl_table *ex_table_read(dl_ctx *dl, const char *path, const char *option, int rows,
                                      const dl_csv *how) {
    if (!ex_exists(path)) {
        dl_fail(dl, DL_ERR_FILE, "%s: no such file; run this from the repository's root, or say "
                "where it is with --%s", path, option);
        return NULL;
    }
    dl_table *t = dl_table_load(dl, path, how);
    if (!t || rows == 0 || dl_table_row_count(t) == rows) return t;
    dl_fail(dl, DL_ERR_FORMAT, "%s: %lld rows, not %d: it is damaged, or another file", path,
            (long long)dl_table_row_count(t), rows);
    return NULL;
}

/* The same, its cells separated by commas, the first line its columns' names. */
static inline dl_table *ex_table(dl_ctx *dl, const char *path, const char *option, int rows) {
    return ex_table_read(dl, path, option, rows, NULL);
}

/* The lines of a text, without the empty ones, as a table: cells are what tabs separate. */
static inline dl_table *ex_lines(dl_ctx *dl, const char *path, const char *option, int rows) {
    static const char *const nothing[] = {NULL};
    dl_csv how = dl_csv_default();
    how.separator = '\t';
    how.header = 0;
    how.missing = nothing;                         /* a line "-" is a line */
    return ex_table_read(dl, path, option, rows, &how);
}

/* The numbers x[n], all above 0, of a series: the second column of a table with n rows. */
static inline bool ex_series(dl_ctx *dl, const char *path, double *x, int n) {
    const dl_table *t = ex_table(dl, path, "series FILE", n);
    for (int i = 0; t && i < n; i++) {
        const char *text = dl_table_text(t, i, 1);
        x[i] = text ? atof(text) : 0;
        if (!(x[i] > 0))
            return dl_fail(dl, DL_ERR_FORMAT, "%s: line %lld needs a number above 0", path,
                           (long long)dl_table_line(t, i));
    }
    return t != NULL;
}

#endif /* EXAMPLE_H_INCLUDED */
