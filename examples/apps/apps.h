/* apps.h - what the applications share: reading their data, dealing it into folds, the simulated
   worlds they learn in, drawing. Nothing here is deep learning: to learn that, read the programs.

     data        ex_fold, ex_commonest, ex_always_mean, ex_one_column, ex_quantile, ex_nearest
     tables      ex_table_classes, ex_list_add, ex_useless, ex_list_useless, ex_describe,
                 ex_importance
     sound       ex_sound_load, ex_spectrogram
     road        ex_track_new, ex_track_off, ex_car_on, ex_car_see, ex_car_driver, ex_ride_step,
                 ex_page_track
     board       ex_largest, ex_board_print, ex_board_ask
     ratings     ex_films, ex_votes, ex_averages, ex_rating_rmse, ex_films_liked, ex_rating_right
     texts       ex_praise_load, ex_sign_bytes, ex_passages_load, ex_count, ex_shared
     sentences   ex_sentence_new, ex_sentence_load, ex_role_count, ex_role_guess
     numerals    ex_numeral_set, ex_numeral_right, ex_hold_out, ex_number
     files       ex_write, ex_silent
     showing     ex_print_share, ex_show_pictures, ex_page_report, ex_page_samples, ex_page_bars,
                 ex_show_columns, ex_show_losses

   All functions are static inline, so that a program may leave some unused without a warning. */
#ifndef APPS_H_INCLUDED
#define APPS_H_INCLUDED
#include "../example.h"

/* -------------------------------------------------------------------------------- data ---- */

/* Cross-validation: the numbers 0 .. n-1 in row[n], dealt by the seed, those of part f of `folds`
   last. Returns how many stand before them, to learn from. */
static inline int ex_fold(int32_t *row, int n, int folds, int f, int seed) {
    dl_rng r = dl_rng_new((uint64_t)seed, 1);
    int learn = 0;
    dl_rng_permutation(&r, row, n);
    for (int i = 0; i < n; i++) {
        const int32_t here = row[i];
        if (i % folds == f) continue;
        memmove(row + learn + 1, row + learn, (size_t)(i - learn) * sizeof *row);
        row[learn++] = here;
    }
    return learn;
}

/* What anyone can say without a net: the class that is commonest in `learn`. */
static inline int ex_commonest(const dl_data *learn) {
    int best = 0;
    dl_int most = 0;
    for (int k = 0; k < dl_data_classes(learn); k++) {
        dl_int count = 0;
        for (dl_int i = 0; i < dl_data_count(learn); i++) count += dl_data_labels(learn)[i] == k;
        if (count <= most) continue;
        best = k;
        most = count;
    }
    return best;
}

/* And of numbers: what always saying their mean in `learn` is worth in `hold`. */
static inline dl_regression ex_always_mean(const dl_data *learn, const dl_data *hold) {
    const dl_int n = dl_data_count(hold), of = dl_data_count(learn);
    double mean = 0;
    for (dl_int i = 0; i < of; i++) mean += (double)dl_data_targets(learn)[i] / (double)of;
    const dl_tensor *said = dl_full(dl_data_ctx(hold), dl_shape1(n), mean);
    return dl_regression_of(said ? said->data : NULL, dl_data_targets(hold), said ? n : 0, 1);
}

/* The best that one column can do without a net: in `learn`, note the commonest class (of 50 at
   most) for each of its texts, and say that of `hold`. Which column: the one with most right in
   `learn`, which the last column must name. Returns how many are right in `hold`. */
static inline int ex_one_column(const dl_table *learn, const dl_data *train, const dl_table *hold,
                                const dl_data *test) {
    enum { MOST = 50 };
    int best = -1, right = 0;
    for (int c = 0; c + 1 < dl_table_column_count(learn); c++) {
        const dl_column *k = dl_table_column(learn, c);
        int found = 0, hits = 0;
        for (int v = 0; v <= k->categories; v++) {                    /* the last: missing */
            const char *want = v < k->categories ? k->category[v] : "";
            int count[MOST] = {0}, say = 0;
            for (dl_int i = 0; i < dl_table_row_count(learn); i++) {
                const char *text = dl_table_text(learn, i, c);
                if (strcmp(text ? text : "", want) == 0) count[dl_data_labels(train)[i]]++;
            }
            for (int d = 0; d < dl_data_classes(train); d++) say = count[d] > count[say] ? d : say;
            found += count[say];
            for (dl_int i = 0; i < dl_table_row_count(hold); i++) {
                const char *text = dl_table_text(hold, i, c);
                hits += strcmp(text ? text : "", want) == 0 && dl_data_labels(test)[i] == say;
            }
        }
        if (found <= best) continue;
        best = found;
        right = hits;
    }
    return right;
}

/* For qsort: numbers, the smallest first. */
static inline int ex_by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The number that a part of x[n], and of one more like them, is not larger than (the largest, if n
   is too small to say): x_(k) of the sorted x_(1) .. x_(n), k = ceil(part (n + 1)). Sorts x. */
static inline double ex_quantile(double *x, int n, double part) {
    const int k = (int)ceil(part * (n + 1));
    qsort(x, (size_t)n, sizeof *x, ex_by_size);
    return x[(k < n ? k : n) - 1];
}

/* Of n rows of `size` numbers, each `step` behind the one before, in groups of `group` rows: the
   one, j, in another group than row i that has the least sum_k (x_jk - x_ik)^2. */
static inline int ex_nearest(const dl_real *x, int n, int step, int size, int i, int group) {
    double best = HUGE_VAL;
    int nearest = 0;
    for (int j = 0; j < n; j++) {
        const dl_real *a = x + i * step, *b = x + j * step;
        double d = 0;
        for (int k = 0; k < size; k++) d += pow((double)a[k] - (double)b[k], 2);
        if (j / group == i / group || d >= best) continue;
        best = d;
        nearest = j;
    }
    return nearest;
}

/* ------------------------------------------------------------------------------ tables ---- */

/* A table of so many rows whose column `class` has so many texts; --table names another. */
static inline dl_table *ex_table_classes(dl_ctx *dl, const char *path, int rows, int classes) {
    dl_table *t = ex_table(dl, path, "table FILE", 0);
    const dl_column *k = dl_table_column(t, dl_table_find(t, "class"));
    if (!t || (k && k->categories == classes && dl_table_row_count(t) == rows)) return t;
    dl_fail(dl, DL_ERR_FORMAT, "%s: needs a column 'class' with %d texts, and %d rows", path,
            classes, rows);
    return NULL;
}

/* Append the parts of "a,b" to a list of `most` places that ends with NULL. */
static inline void ex_list_add(const char **list, int most, const char *text) {
    static char room[4000];
    static size_t used;
    int n = 0;
    while (list[n]) n++;
    while (text && *text && n + 1 < most) {
        const size_t length = strcspn(text, ",");
        if (used + length + 1 > sizeof room) break;
        memcpy(room + used, text, length);
        if (length) list[n++] = room + used;
        room[used + length] = 0;
        used += length + 1;
        text += length + (text[length] == ',');
    }
    list[n] = NULL;
}

/* Can nothing be learned from a column? It counts the rows, or hardly two of them share a text. */
static inline bool ex_useless(const dl_column *k, dl_int rows) {
    const bool counts = k->kind == DL_COLUMN_NUMBER && k->missing == 0 && k->mean == k->median &&
                        k->high - k->low + 1 == (double)rows && rows > 20;
    return counts || k->categories > dl_encoding_default().max_categories;
}

/* Append to a list of `most` places the useless columns of a table, but for the target. */
static inline void ex_list_useless(const char **list, int most, const dl_table *t,
                                   const char *target) {
    int n = 0;
    while (list[n]) n++;
    for (int c = 0; c < dl_table_column_count(t) && n + 1 < most; c++) {
        const dl_column *k = dl_table_column(t, c);
        if (ex_useless(k, dl_table_row_count(t)) && strcmp(k->name, target) != 0)
            list[n++] = k->name;
    }
    list[n] = NULL;
}

/* What is in a column, in a few words. */
static inline void ex_describe(const dl_column *k, char *text, size_t size) {
    int n = 0;
    text[0] = 0;
    if (k->kind == DL_COLUMN_NUMBER || k->kind == DL_COLUMN_DATE)
        snprintf(text, size, EX("%.6g to %.6g, median %.6g", "%.6g 到 %.6g，中位数 %.6g"), k->low,
                 k->high, k->median);
    if (k->categories > 5)
        snprintf(text, size, EX("%d texts, such as %.40s", "%d 种文字，例如 %.40s"), k->categories,
                 k->category[0]);
    for (int i = 0; i < k->categories && k->categories <= 5; i++)
        n += snprintf(text + n, size - (size_t)n, "%s%.20s %ld", i ? ", " : "", k->category[i],
                      (long)k->category_count[i]);
}

/* How much worse a net becomes when a column's values are dealt out anew among the rows, on average
   of some rounds: L(column mixed) - L, where L is the cross-entropy of classes, else the root mean
   squared error. One number for each column, to be freed, or NULL on failure. */
static inline double *ex_importance(dl_model *m, const dl_encoder *e, const dl_data *d,
                                    int rounds) {
    const int D = dl_encoder_feature_count(e), columns = dl_encoder_column_count(e);
    const dl_int n = dl_data_count(d);
    const bool classes = dl_data_classes(d) > 0;
    dl_ctx *dl = dl_data_ctx(d);
    dl_loader *loader = dl_loader_new(d, n, false);
    dl_batch all;
    dl_tensor *mixed_x = dl_zeros(dl, dl_shape2(n, D));
    int32_t *order = (int32_t *)malloc((size_t)n * sizeof *order);
    if (!order) dl_fail(dl, DL_ERR_MEMORY, "there is no memory to mix %lld rows", (long long)n);
    double *worse = mixed_x && order && dl_loader_next(loader, &all)
                        ? ex_room(dl, (size_t)columns) : NULL;
    const double base = dl_model_evaluate(m, d).loss;
    dl_rng r = dl_rng_new(1, 0);
    for (int c = 0; worse && c < columns; c++) {
        const dl_coder *k = dl_encoder_column(e, c);
        for (int round = 0; round < rounds; round++) {
            dl_real *x = mixed_x->data;
            memcpy(x, all.x->data, (size_t)(n * D) * sizeof *x);
            dl_rng_permutation(&r, order, n);
            for (dl_int i = 0; i < n; i++)
                memcpy(x + i * D + k->first, all.x->data + order[i] * D + k->first,
                       (size_t)k->count * sizeof *x);
            dl_data *mixed = classes
                ? dl_data_borrow_arrays(dl, x, n, dl_shape1(D), dl_data_labels(d),
                                        dl_data_classes(d))
                : dl_data_borrow_targets(dl, x, n, dl_shape1(D), dl_data_targets(d), dl_shape1(1));
            const double loss = dl_model_evaluate(m, mixed).loss;
            worse[c] += (classes ? loss - base : sqrt(loss) - sqrt(base)) / rounds;
            dl_data_free(mixed);
        }
    }
    dl_loader_free(loader);
    free(order);
    return worse;
}

/* ------------------------------------------------------------------------------- sound ---- */

enum { EX_RATE = 8000, EX_LONGEST = 2 * EX_RATE, EX_WINDOW = 256, EX_HOP = 80, EX_BANDS = 24,
       EX_FRAMES = 32 };
static const double ex_pi = 3.14159265358979323846;

/* A recording: n samples, -1 to 1. */
typedef struct ex_sound { float x[EX_LONGEST]; int n; } ex_sound;

/* A WAV file: "RIFF" size "WAVE", then pieces, each a name, a size and so many bytes. "fmt " says
   how the samples are (1 channel, 8000 a second, 8 bits unsigned or 16 bits signed), "data" has
   them. */
static inline bool ex_sound_load(dl_ctx *dl, const char *path, const char *option, ex_sound *s) {
    static unsigned char b[2 * EX_LONGEST + 1000];
    FILE *f = fopen(path, "rb");
    if (!f)
        return dl_fail(dl, DL_ERR_FILE, "%s: no such file; run this from the repository's root, or "
                       "say where the recordings are with --%s", path, option);
    const size_t size = fread(b, 1, sizeof b, f);
    size_t at = 12, bits = 0;
    fclose(f);
    s->n = 0;
    if (size < 20 || memcmp(b, "RIFF", 4) != 0 || memcmp(b + 8, "WAVE", 4) != 0) at = size;
    while (at + 8 <= size) {
        const size_t n = b[at + 4] | (size_t)b[at + 5] << 8 | (size_t)b[at + 6] << 16;
        const unsigned char *p = b + at + 8;
        if (b[at + 7] || n > size - at - 8) break;
        if (memcmp(b + at, "fmt ", 4) == 0 && n >= 16 && p[0] == 1 && p[2] == 1 &&
            (p[4] | p[5] << 8) == EX_RATE) bits = p[14];
        if (memcmp(b + at, "data", 4) == 0 && (bits == 8 || bits == 16))
            for (size_t i = 0; i + bits / 8 <= n && s->n < EX_LONGEST; i += bits / 8)
                s->x[s->n++] = bits == 8 ? (float)(p[i] - 128) / 128
                                         : (float)(int16_t)(p[i] | p[i + 1] << 8) / 32768;
        at += 8 + n + n % 2;
    }
    return s->n > 2 * EX_WINDOW || dl_fail(dl, DL_ERR_FORMAT, "%s: this must be a WAV file of 8000 "
                                           "samples a second, one channel, 8 or 16 bits", path);
}

/* X_k = sum_t x_t exp(-2 pi i k t / n), n a power of two: of the even x, of the odd x, joined. */
static inline void ex_fft(const double *re, const double *im, int n, int step, double *out_re,
                          double *out_im) {
    if (n == 1) {
        *out_re = *re;
        *out_im = *im;
        return;
    }
    ex_fft(re, im, n / 2, 2 * step, out_re, out_im);
    ex_fft(re + step, im + step, n / 2, 2 * step, out_re + n / 2, out_im + n / 2);
    for (int k = 0; k < n / 2; k++) {
        const double c = cos(2 * ex_pi * k / n), s = -sin(2 * ex_pi * k / n);
        const double a = out_re[k], b = out_im[k], x = out_re[k + n / 2], y = out_im[k + n / 2];
        out_re[k] = a + c * x - s * y;
        out_im[k] = b + s * x + c * y;
        out_re[k + n / 2] = a - c * x + s * y;
        out_im[k + n / 2] = b - s * x - c * y;
    }
}

/* A sound faster (and higher) by `speed`, with noise of a part of its own strength: into
   x[2 EX_LONGEST]. Returns its length. */
static inline int ex_sound_vary(const ex_sound *s, double speed, double noise, dl_rng *r,
                                float *x) {
    const int most = 2 * EX_LONGEST, n = (int)(s->n / speed) < most ? (int)(s->n / speed) : most;
    double energy = 0;
    for (int i = 0; i < s->n; i++) energy += (double)s->x[i] * (double)s->x[i] / s->n;
    for (int i = 0; i < n; i++) {
        const double t = i * speed, part = t - floor(t);
        const int at = (int)t < s->n - 2 ? (int)t : s->n - 2;
        x[i] = (float)((1 - part) * (double)s->x[at] + part * (double)s->x[at + 1]);
        if (noise > 0) x[i] += (float)(noise * sqrt(energy) * dl_rng_normal(r));
    }
    return n;
}

/* The power of a window of EX_WINDOW samples in bands as wide as ears hear: mel = log(1 + f / 700).
   Returns their sum. */
static inline double ex_sound_bands(const float *x, double band[EX_BANDS]) {
    const double highest = log(1 + (double)(EX_RATE / 2) / 700);
    double re[EX_WINDOW], im[EX_WINDOW], a[EX_WINDOW], b[EX_WINDOW], total = 0;
    for (int i = 0; i < EX_WINDOW; i++) {
        re[i] = (double)x[i] * (0.5 - 0.5 * cos(2 * ex_pi * i / (double)EX_WINDOW));
        im[i] = 0;
    }
    ex_fft(re, im, EX_WINDOW, 1, a, b);
    for (int k = 0; k < EX_BANDS; k++) band[k] = 0;
    for (int k = 3; k < EX_WINDOW / 2; k++) {                        /* from 94 Hz on */
        const double mel = log(1 + k * (double)EX_RATE / (double)EX_WINDOW / 700);
        const int at = (int)(mel / highest * (double)EX_BANDS);
        band[at] += a[k] * a[k] + b[k] * b[k];
    }
    for (int k = 0; k < EX_BANDS; k++) total += band[k];
    return total;
}

/* The spectrogram [EX_BANDS,EX_FRAMES] of a sound, as it is or varied: faster or slower, with
   noise, cut off at the ends. Time is stretched to EX_FRAMES; of each band its mean is taken off,
   so that it does not matter how a microphone sounds. */
static inline void ex_spectrogram(const ex_sound *s, bool varied, dl_rng *r, dl_real *picture) {
    static float x[2 * EX_LONGEST];
    static double power[2 * EX_LONGEST / EX_HOP][EX_BANDS], total[2 * EX_LONGEST / EX_HOP];
    const double speed = varied ? 0.75 + 0.6 * dl_rng_uniform(r) : 1;
    const double noise = varied ? 0.1 * dl_rng_uniform(r) : 0;
    const int n = ex_sound_vary(s, speed, noise, r, x);
    double loudest = 1e-12;
    int frames = 0, first = 0;
    for (; frames * EX_HOP + EX_WINDOW <= n; frames++) {
        total[frames] = ex_sound_bands(x + frames * EX_HOP, power[frames]);
        loudest = fmax(loudest, total[frames]);
    }
    int last = frames - 1;
    while (first < last && total[first] < 1e-3 * loudest) first++;   /* silence on both sides */
    while (first < last && total[last] < 1e-3 * loudest) last--;
    if (varied) {
        const int part = (last - first) / 7 + 1;
        first += (int)dl_rng_int(r, part);
        last -= (int)dl_rng_int(r, part);
    }
    for (int k = 0; k < EX_BANDS; k++) {
        dl_real *row = picture + (EX_BANDS - 1 - k) * EX_FRAMES;
        double mean = 0;
        for (int t = 0; t < EX_FRAMES; t++) {
            const int at = first + (last - first) * t / (EX_FRAMES - 1);
            const double v = log10(power[at][k] / loudest + 1e-5);
            row[t] = (dl_real)v;
            mean += v / (double)EX_FRAMES;
        }
        for (int t = 0; t < EX_FRAMES; t++) row[t] -= (dl_real)mean;
    }
}

/* -------------------------------------------------------------------------------- road ---- */

/* A round track, a circle with bends around (0, 0), 2 wide; a car; what it sees of the road. */
enum { EX_BENDS = 4, EX_SIGHT = 12, EX_SEEN = EX_SIGHT * EX_SIGHT };
typedef struct ex_track { double size[EX_BENDS], phase[EX_BENDS]; } ex_track;
typedef struct ex_car { double x, y, heading; } ex_car;

/* A track drawn by chance. */
static inline ex_track ex_track_new(dl_rng *r) {
    ex_track t;
    for (int k = 0; k < EX_BENDS; k++) {
        t.size[k] = 1.2 * dl_rng_uniform(r) / (k + 1);
        t.phase[k] = 2 * ex_pi * dl_rng_uniform(r);
    }
    return t;
}

/* The middle of the road in direction a from the centre: its distance, and how that changes. */
static inline double ex_track_middle(const ex_track *t, double a, double *slope) {
    double r = 10;
    *slope = 0;
    for (int k = 0; k < EX_BENDS; k++) {
        r += t->size[k] * cos((k + 2) * a + t->phase[k]);
        *slope -= t->size[k] * (k + 2) * sin((k + 2) * a + t->phase[k]);
    }
    return r;
}

/* How far (x, y) is from the middle; the lane ends at 1. */
static inline double ex_track_off(const ex_track *t, double x, double y) {
    double slope, r = ex_track_middle(t, atan2(y, x), &slope);
    return fabs(hypot(x, y) - r) / sqrt(1 + slope * slope / (r * r));
}

/* A car on the middle of the road, in its direction. */
static inline ex_car ex_car_on(const ex_track *t, double a) {
    double slope, r = ex_track_middle(t, a, &slope);
    ex_car c = {r * cos(a), r * sin(a), a + ex_pi / 2 - atan2(slope, r)};
    return c;
}

/* What the car sees: EX_SIGHT x EX_SIGHT cells in front of it, 1 where there is road. */
static inline void ex_car_see(const ex_track *t, const ex_car *c, dl_real *picture) {
    for (int i = 0; i < EX_SEEN; i++) {
        const double ahead = (EX_SIGHT - i / EX_SIGHT - 0.5) * 0.35;
        const double side = (EX_SIGHT / 2 - i % EX_SIGHT - 0.5) * 0.35;
        const double x = c->x + ahead * cos(c->heading) - side * sin(c->heading);
        const double y = c->y + ahead * sin(c->heading) + side * cos(c->heading);
        picture[i] = ex_track_off(t, x, y) < 1;
    }
}

/* The driver knows the map: steer for a point of the middle some way ahead (pure pursuit). */
static inline double ex_car_driver(const ex_track *t, const ex_car *c) {
    const ex_car goal = ex_car_on(t, atan2(c->y, c->x) + 0.15);
    const double dx = goal.x - c->x, dy = goal.y - c->y;
    const double w = 2 * sin(atan2(dy, dx) - c->heading) / hypot(dx, dy);
    return w < -1 ? -1 : w > 1 ? 1 : w;
}

/* One step of 0.25: turn the wheel, be turned by the wind, go on. Returns by which angle around the
   centre. */
static inline double ex_car_step(ex_car *c, double wheel, double wind) {
    const double before = atan2(c->y, c->x);
    c->heading += 0.25 * wheel;
    c->heading += wind;
    c->x += 0.25 * cos(c->heading);
    c->y += 0.25 * sin(c->heading);
    const double turned = atan2(c->y, c->x) - before;
    return turned < -ex_pi ? turned + 2 * ex_pi : turned > ex_pi ? turned - 2 * ex_pi : turned;
}

/* A ride: which part of a lap it is, 1 at most, and where each step has led. */
enum { EX_STEPS = 280 };
typedef struct ex_ride { double part, path[EX_STEPS][2]; int steps; } ex_ride;

/* One step of a ride. */
static inline void ex_ride_step(ex_ride *d, ex_car *c, double wheel, double wind) {
    d->part = fmin(1, d->part + ex_car_step(c, wheel, wind) / (2 * ex_pi));
    d->path[d->steps][0] = c->x;
    d->path[d->steps++][1] = c->y;
}

/* A way of n points on the page; style: attributes of its line. */
static inline void ex_page_way(ex_page *p, double (*at)[2], int n, const char *style) {
    fputs("<polyline fill=\"none\" points=\"", p->f);
    for (int i = 0; i < n; i++)
        fprintf(p->f, "%.1f,%.1f ", 300 + 20 * at[i][0], 300 - 20 * at[i][1]);
    fprintf(p->f, "\" %s/>\n", style);
}

/* The lane of a track, and two rides on it: the first dashed, the second solid. */
static inline void ex_page_track(ex_page *p, const ex_track *t, ex_ride ride[2]) {
    double lane[181][2];
    if (!p->f) return;
    for (int i = 0; i <= 180; i++) {
        const ex_car c = ex_car_on(t, i * ex_pi / 90);
        lane[i][0] = c.x;
        lane[i][1] = c.y;
    }
    ex_svg_begin(p, 600, 600);
    ex_page_way(p, lane, 181, "stroke=\"#ccc\" stroke-width=\"40\"");
    ex_page_way(p, ride[0].path, ride[0].steps,
                "stroke=\"#D55E00\" stroke-width=\"3\" stroke-dasharray=\"7 4\"");
    ex_page_way(p, ride[1].path, ride[1].steps, "stroke=\"#0072B2\" stroke-width=\"3\"");
    ex_svg_end(p);
}

/* ------------------------------------------------------------------------------- board ---- */

/* Which of x[n] is the largest; of equal ones any. */
static inline int ex_largest(const double *x, int n, dl_rng *r) {
    int k = 0, equal = 1;
    for (int i = 1; i < n; i++) {
        const double more = x[i] - x[k];
        equal = more > 1e-9 ? 1 : more < -1e-9 ? equal : equal + 1;
        if (more > 1e-9 || (more > -1e-9 && dl_rng_int(r, equal) == 0)) k = i;
    }
    return k;
}

/* ex_board in the terminal; sign: how -1, 0 and 1 are drawn, empty cells by their numbers. */
static inline void ex_board_print(const ex_board *b, const char *sign) {
    for (int i = 0; i < 9; i++)
        printf("%s%c%s", i % 3 ? " " : "   ", b->cell[i] ? sign[b->cell[i] + 1] : '1' + i,
               i % 3 == 2 ? "\n" : "");
}

/* A person's move, cell 0 to 8; -1: the input has ended, or is q. */
static inline int ex_board_ask(const ex_board *b) {
    char line[64];
    for (;;) {
        printf(EX("your move: ", "你走："));
        fflush(stdout);
        const bool ended = !fgets(line, sizeof line, stdin);
        if (ended) printf("\n");
        if (ended || *line == 'q') return -1;
        const int i = atoi(line) - 1;
        if (i >= 0 && i < 9 && b->cell[i] == 0) return i;
        printf(EX("There is no such free cell.\n", "没有这个空格。\n"));
    }
}

/* ----------------------------------------------------------------------------- ratings ---- */

enum { EX_VIEWERS = 300, EX_FILMS = 100, EX_GENRES = 3, EX_MEMBERS = 435, EX_VOTES = 16,
       EX_CELLS = 7000 };

/* A table of users and items of which n cells are known, in random order: the first `train` are to
   learn from, the others hidden. naive: what averages say. */
typedef struct ex_ratings {
    int     users, items, n, train;
    int32_t user[EX_CELLS], item[EX_CELLS];
    dl_real value[EX_CELLS], naive[EX_CELLS];
    double  mean;
} ex_ratings;

/* Viewers with tastes, films with qualities, and what comes of it: ratings 1 to 5. Made up; so it
   is known how much each viewer likes each film, also those not rated. */
static inline void ex_films(dl_rng *r, ex_ratings *c, double truth[EX_VIEWERS][EX_FILMS]) {
    static double taste[EX_VIEWERS][EX_GENRES + 1], film[EX_FILMS][EX_GENRES + 1];
    static int32_t order[EX_VIEWERS * EX_FILMS];
    for (int u = 0; u < EX_VIEWERS; u++)
        for (int g = 0; g <= EX_GENRES; g++) taste[u][g] = dl_rng_normal(r);
    for (int i = 0; i < EX_FILMS; i++)
        for (int g = 0; g <= EX_GENRES; g++) film[i][g] = dl_rng_normal(r);
    for (int u = 0; u < EX_VIEWERS; u++)
        for (int i = 0; i < EX_FILMS; i++) {
            truth[u][i] = 3.3 + 0.3 * taste[u][EX_GENRES] + 0.4 * film[i][EX_GENRES];
            for (int g = 0; g < EX_GENRES; g++) truth[u][i] += 0.45 * taste[u][g] * film[i][g];
        }
    c->users = EX_VIEWERS;
    c->items = EX_FILMS;
    c->n = 6000;
    c->train = 4800;
    dl_rng_permutation(r, order, EX_VIEWERS * EX_FILMS);
    for (int k = 0; k < c->n; k++) {
        const int u = order[k] / EX_FILMS, i = order[k] % EX_FILMS;
        const double v = floor(truth[u][i] + 0.4 * dl_rng_normal(r) + 0.5);
        c->user[k] = u;
        c->item[k] = i;
        c->value[k] = (dl_real)(v < 1 ? 1 : v > 5 ? 5 : v);
    }
}

/* Votes of members of Congress from a table: y is 1, n 0; a missing cell is neither. */
static inline bool ex_votes(dl_ctx *dl, const char *path, const char *option, ex_ratings *c) {
    static int32_t order[EX_MEMBERS * EX_VOTES];
    const dl_table *t = ex_table(dl, path, option, EX_MEMBERS);
    if (!t) return false;
    if (dl_table_column_count(t) <= EX_VOTES)
        return dl_fail(dl, DL_ERR_FORMAT, "%s: it needs %d votes", path, EX_VOTES);
    c->users = EX_MEMBERS;
    c->items = EX_VOTES;
    c->n = 0;
    dl_rng_permutation(dl_ctx_rng(dl), order, EX_MEMBERS * EX_VOTES);
    for (int k = 0; k < EX_MEMBERS * EX_VOTES; k++) {
        const int u = order[k] / EX_VOTES, i = order[k] % EX_VOTES;
        const char *text = dl_table_text(t, u, i);
        if (!text) continue;
        c->user[c->n] = u;
        c->item[c->n] = i;
        c->value[c->n++] = *text == 'y';
    }
    c->train = c->n * 4 / 5;
    return true;
}

/* What averages say: the mean, how much above it this item's cells are, and (of_users) this user's.
   Sums of few cells are divided by 5 more than there are, which keeps them near 0. */
static inline void ex_averages(ex_ratings *c, bool of_users) {
    double user[EX_MEMBERS] = {0}, item[EX_FILMS] = {0};
    int users[EX_MEMBERS] = {0}, items[EX_FILMS] = {0};
    c->mean = 0;
    for (int k = 0; k < c->train; k++) c->mean += (double)c->value[k] / c->train;
    for (int k = 0; k < c->train; k++) {
        item[c->item[k]] += (double)c->value[k] - c->mean;
        items[c->item[k]]++;
    }
    for (int i = 0; i < c->items; i++) item[i] /= items[i] + 5;
    for (int k = 0; k < c->train && of_users; k++) {
        user[c->user[k]] += (double)c->value[k] - c->mean - item[c->item[k]];
        users[c->user[k]]++;
    }
    for (int u = 0; u < c->users; u++) user[u] /= users[u] + 5;
    for (int k = 0; k < c->n; k++)
        c->naive[k] = (dl_real)(c->mean + item[c->item[k]] + user[c->user[k]]);
}

/* The root mean squared error of what is said of the hidden cells. */
static inline double ex_rating_rmse(const ex_ratings *c, const dl_real *said) {
    const int hidden = c->n - c->train;
    return dl_regression_of(said + c->train, c->value + c->train, hidden, 1).rmse;
}

/* How much viewers would like the `top` films that each has not rated and that have the highest
   scores, on average: of viewer u, film i it is score[step u + i] (step 0: the same for all). */
static inline double ex_films_liked(const ex_ratings *c, double truth[EX_VIEWERS][EX_FILMS],
                                    const dl_real *score, int step, int top) {
    static bool rated[EX_VIEWERS][EX_FILMS];
    const double n = EX_VIEWERS * top;
    double sum = 0;
    memset(rated, 0, sizeof rated);
    for (int k = 0; k < c->n; k++) rated[c->user[k]][c->item[k]] = true;
    for (int u = 0; u < EX_VIEWERS; u++) {
        dl_real left[EX_FILMS];
        for (int i = 0; i < EX_FILMS; i++) left[i] = rated[u][i] ? -100 : score[step * u + i];
        for (int t = 0; t < top; t++) {
            const int i = ex_argmax(left, EX_FILMS);
            sum += truth[u][i] / n;
            left[i] = -100;
        }
    }
    return sum;
}

/* The share of hidden yes and no that is on the right side of a border. */
static inline double ex_rating_right(const ex_ratings *c, const dl_real *said, double border) {
    double sum = 0;
    for (int k = c->train; k < c->n; k++)
        sum += ((double)said[k] > border) == (c->value[k] > 0);
    return sum / (c->n - c->train);
}

/* ------------------------------------------------------------------------------- texts ---- */

/* n texts that praise (1) or blame (0), from the lines "+<tab>text" and "-<tab>text" of dir/name;
   --reviews names another dir. */
static inline bool ex_praise_load(dl_ctx *dl, const char *dir, const char *name, int n,
                                  const char **text, int32_t *praise) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    const dl_table *lines = ex_lines(dl, path, "reviews DIR", n);
    for (int i = 0; lines && i < n; i++) {
        const char *mark = dl_table_text(lines, i, 0);
        text[i] = dl_table_text(lines, i, 1);
        praise[i] = mark && *mark == '+';
        if (!mark || strchr("+-", *mark) == NULL || !text[i])
            return dl_fail(dl, DL_ERR_FORMAT, "%s: line %d needs + or -, a tab and a text", path,
                           i + 1);
    }
    return lines != NULL;
}

/* A passage of EX_LINES sentences. */
enum { EX_LINES = 5 };
typedef struct ex_passage { const char *line[EX_LINES]; } ex_passage;

/* n passages, and which line of each says it all: the one with a * in front. */
static inline bool ex_passages_load(dl_ctx *dl, const char *path, int n, ex_passage *p,
                                    int32_t *best) {
    const dl_table *t = ex_lines(dl, path, "passages FILE", n * EX_LINES);
    for (int i = 0; t && i < n; i++) {
        int marks = 0;
        for (int k = 0; k < EX_LINES; k++) {
            const char *line = dl_table_text(t, i * EX_LINES + k, 0);
            if (!line) line = "";                            /* it begins with a tab */
            p[i].line[k] = line + (*line == '*');
            marks += *line == '*';
            if (*line == '*') best[i] = k;
        }
        if (marks != 1)
            return dl_fail(dl, DL_ERR_FORMAT, "%s: line %lld: of %d lines one must have a * in "
                           "front", path, (long long)dl_table_line(t, i * EX_LINES), EX_LINES);
    }
    return t != NULL;
}

/* How many words of a list, NULL behind the last, are in a text. */
static inline int ex_count(const char *text, const char *const *list) {
    int n = 0;
    for (; *list; list++) n += strstr(text, *list) != NULL;
    return n;
}

/* The share of neighbouring signs (3 bytes each) of sentence k that other sentences have, too. */
static inline double ex_shared(const ex_passage *p, int k) {
    const char *s = p->line[k];
    int all = 0, found = 0;
    for (; strlen(s) >= 6; s += 3) {
        char pair[7] = "";
        bool seen = false;
        memcpy(pair, s, 6);
        for (int j = 0; j < EX_LINES; j++) seen = seen || (j != k && strstr(p->line[j], pair));
        found += seen;
        all++;
    }
    return all ? (double)found / all : 0;
}

/* The bytes of the sign (UTF-8) at p. */
static inline size_t ex_sign_bytes(const char *p) {
    size_t n = 1;
    while (((unsigned char)p[n] & 0xc0) == 0x80 && n < 4) n++;
    return n;
}

/* --------------------------------------------------------------------------- sentences ---- */

/* Chinese sentences whose words have roles: 施 who does it, 动 what is done, 受 what it is done to,
   给 who gets it, 时 when, 地 where, - none. Words are numbers: 0 nothing, EX_NEW one not known. */
enum { EX_ROLES = 7, EX_LEXICON = 200, EX_WORD = 16, EX_SENTENCE = 16, EX_NEW = 1 };
typedef struct ex_sentence { int32_t word[EX_SENTENCE], role[EX_SENTENCE]; int n; } ex_sentence;
static const char *const ex_role[EX_ROLES] = {"-", "施", "动", "受", "给", "时", "地"};

/* A letter stands for a word out of a list; ? after it: or none. Everything else is itself. */
static const char *const ex_pattern[] = {
    "T? S T? A? 在P? V 了 O", "T? S T? A? 在P? V O", "T? S 正在 V O", "T? S 没有 V O", "S V 过 O",
    "T? S T? A? 在P? 把 O V 了", "T? S A? 把 O V 完 了", "T? O T? A? 被 S V 了", "O T? A? 被 S V 了",
    "O 让 S V 了", "O 叫 S V 了", "T? O A? 被 V 了", "O ， S A? V 了", "O ， S T? V 过", "O 是 S V 的",
    "T? S A? V 给 R O", "T? S A? V 了 R O", "S V R O", "T? S A? 给 R V 了 O", "T? S A? 把 O V 给 了 R",
    "T? S A? 把 O V 给 R", "T? S 把 O V 到 P", "S 把 O V 在 P", "O 被 S V 到 P", "T? S 在P V O",
    "S 用 X V O", "T? S 给 R V O"};
static const struct { char letter; int role; const char *words; } ex_list[] = {
    {'S', 1, "小明 小红 爸爸 妈妈 老师 学生 小王 张三 李四 朋友 猫 狗 老人 男孩 女孩 他 她 我 我们 他们"},
    {'O', 3, "苹果 书 门 车 菜 电脑 衣服 球 照片 狗 小明 学生 房子 水 面包 玩具 雨伞 树 他 小红"},
    {'V', 2, "吃 买 卖 打 看 洗 修 找到 打开 关上 拿走 批评 表扬 帮助 喜欢 写 读 送 借 画 推倒 搬"},
    {'R', 4, "小刚 小丽 妹妹 爷爷 同桌 客人 他 我 老师 学生"},
    {'T', 5, "昨天 今天 早上 晚上 下午 去年 上个月 刚才 星期天"},
    {'P', 6, "学校 家里 公园 商店 教室 路上 车站 图书馆 房间里 门口"},
    {'A', 0, "已经 也 终于 常常 刚 都 就 又"}, {'X', 0, "手 刀 钥匙 笔 布"},
    {'M', 3, "个 本 只 辆 张 件 位 条"}, {'Q', 3, "一 两 三 那 这"}};

/* The number of a word; with add, a new one gets the next. */
static inline int ex_word_number(const char *w, bool add) {
    static char word[EX_LEXICON][EX_WORD] = {"", "?"};
    static int words = 2;
    for (int i = 0; i < words; i++)
        if (strcmp(word[i], w) == 0) return i;
    if (!add || words == EX_LEXICON || strlen(w) >= EX_WORD) return EX_NEW;
    strcpy(word[words], w);
    return words++;
}

/* Word n of a text with spaces between its words, "" behind the last. */
static inline void ex_word_at(const char *text, int n, char w[EX_WORD]) {
    while (n-- > 0 && (text = strchr(text, ' ')) != NULL) text++;
    const size_t length = text ? strcspn(text, " ") : 0;
    memcpy(w, text ? text : "", length);
    w[length] = 0;
}

/* Append a word and its role to a sentence; hide: all that can be seen is that there is one. */
static inline void ex_sentence_add(ex_sentence *s, const char *w, int role, bool hide) {
    if (s->n == EX_SENTENCE) return;
    s->word[s->n] = hide ? EX_NEW : ex_word_number(w, true);
    s->role[s->n++] = role;
}

/* A word of the list for a letter, now and then with 一 本 or 我 的 before it. */
static inline void ex_sentence_expand(ex_sentence *s, char letter, dl_rng *r) {
    char w[EX_WORD];
    size_t k = 0;
    int n = 0;
    while (ex_list[k].letter != letter) k++;
    for (ex_word_at(ex_list[k].words, n, w); *w; ex_word_at(ex_list[k].words, n, w)) n++;
    ex_word_at(ex_list[k].words, (int)dl_rng_int(r, n), w);
    const int role = ex_list[k].role;
    if (letter == 'O' && dl_rng_uniform(r) < 0.3) {
        ex_sentence_expand(s, 'Q', r);
        ex_sentence_expand(s, 'M', r);
    } else if (role == 1 || role == 3) {
        const double u = dl_rng_uniform(r);
        if (u < 0.15) ex_sentence_add(s, "我", role, u < 0.08);
        if (u < 0.15) ex_sentence_add(s, "的", role, false);
        else if (u < 0.25) ex_sentence_add(s, "那个", role, true);
    }
    ex_sentence_add(s, w, role, dl_rng_uniform(r) < (role == 0 || role == 5 ? 0.1 : 0.5));
}

/* A sentence after one of the patterns. Half of its words, of those that the lists have, are
   hidden: only that there is one can be seen. */
static inline ex_sentence ex_sentence_new(dl_rng *r) {
    const dl_int patterns = (dl_int)(sizeof ex_pattern / sizeof *ex_pattern);
    ex_sentence s = {{0}, {0}, 0};
    char w[EX_WORD];
    const char *p = ex_pattern[dl_rng_int(r, patterns)];
    for (int k = 0;; k++) {
        ex_word_at(p, k, w);
        const size_t n = strlen(w);
        if (n == 0) return s;
        if (w[n - 1] == '?' && dl_rng_uniform(r) < 0.6) continue;
        const bool in = strncmp(w, "在P", 4) == 0, letter = w[0] >= 'A' && w[0] <= 'Z';
        if (in) ex_sentence_add(&s, "在", 0, false);
        if (in) ex_sentence_expand(&s, 'P', r);
        else if (letter) ex_sentence_expand(&s, w[0], r);
        else ex_sentence_add(&s, w, 0, false);
    }
}

/* How often a word, and a place in a sentence, had each role in sentences that were counted. */
typedef struct ex_role_counts {
    int of_place[EX_SENTENCE][EX_ROLES], of_word[EX_LEXICON][EX_ROLES];
} ex_role_counts;

/* Count those of a sentence. */
static inline void ex_role_count(ex_role_counts *c, const ex_sentence *s) {
    for (int t = 0; t < s->n; t++) {
        c->of_place[t][s->role[t]]++;
        c->of_word[s->word[t]][s->role[t]]++;
    }
}

/* Without a net: the commonest role of word t, of a new one that of its place. */
static inline int ex_role_guess(const ex_role_counts *c, const ex_sentence *s, int t) {
    const int *count = s->word[t] == EX_NEW ? c->of_place[t] : c->of_word[s->word[t]];
    int best = 0;
    for (int k = 0; k < EX_ROLES; k++) best = count[k] > count[best] ? k : best;
    return best;
}

/* n lines of word/role, separated by spaces; text gets the words as they are. */
static inline bool ex_sentence_load(dl_ctx *dl, const char *path, const char *option, int n,
                                    ex_sentence *s, char text[][EX_SENTENCE][EX_WORD]) {
    const dl_table *t = ex_lines(dl, path, option, n);
    for (int i = 0; t && i < n; i++) {
        const char *item = dl_table_text(t, i, 0);
        s[i].n = 0;
        if (!item)
            return dl_fail(dl, DL_ERR_FORMAT, "%s: line %lld begins with a tab", path,
                           (long long)dl_table_line(t, i));
        while (*item) {
            const size_t all = strcspn(item, " ");
            const char *slash = (const char *)memchr(item, '/', all);
            const size_t length = slash ? (size_t)(slash - item) : all;
            int k = 0;
            while (slash && k < EX_ROLES && (strlen(ex_role[k]) != all - length - 1 ||
                   memcmp(slash + 1, ex_role[k], all - length - 1) != 0)) k++;
            if (!slash || length >= EX_WORD || k == EX_ROLES || s[i].n == EX_SENTENCE)
                return dl_fail(dl, DL_ERR_FORMAT, "%s: line %lld: at most %d times word/role, not "
                               "%.*s", path, (long long)dl_table_line(t, i), EX_SENTENCE,
                               (int)(all < 60 ? all : 60), item);
            char *word = text[i][s[i].n];
            memcpy(word, item, length);
            word[length] = 0;
            s[i].word[s[i].n] = ex_word_number(word, false);
            s[i].role[s[i].n++] = k;
            item += all + (item[all] == ' ');
        }
    }
    return t != NULL;
}

/* ---------------------------------------------------------------------------- numerals ---- */

/* Numbers of at most EX_DIGITS digits; want: their Chinese numerals as signs, EX_END behind them;
   said: the signs said before each of these, at first EX_START; best: room for what a net says. */
enum { EX_DIGITS = 5, EX_NUMBERS = 100000, EX_NUMERAL = 10, EX_SIGNS = 16, EX_END = 14,
       EX_START = 15, EX_MANY = 1001 };
typedef struct ex_numerals {
    int32_t number[EX_MANY], digit[EX_MANY][EX_DIGITS], want[EX_MANY][EX_NUMERAL],
            said[EX_MANY][EX_NUMERAL], best[EX_MANY][EX_NUMERAL];
} ex_numerals;
static const char *const ex_sign[EX_SIGNS] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九",
                                              "十", "百", "千", "万", "", ""};

/* Number i: 20405 is 二万零四百零五. told: said gets its numeral, too, a sign later. */
static inline void ex_numeral_set(ex_numerals *s, int i, int number, bool told) {
    int32_t *want = s->want[i];
    bool gap = false;
    int n = 0;
    s->number[i] = number;
    for (int place = 4; place >= 0; place--) {
        static const int unit[EX_DIGITS] = {1, 10, 100, 1000, 10000};
        const int k = number / unit[place] % 10;
        s->digit[i][4 - place] = k;
        if (k == 0) gap = n > 0;
        if (k == 0) continue;
        if (gap) want[n++] = 0;                                     /* one 零 for a gap */
        if (!(k == 1 && place == 1 && n == 0)) want[n++] = k;       /* 十 alone, not 一十 */
        if (place > 0) want[n++] = 9 + place;
        gap = false;
    }
    if (n == 0) want[n++] = 0;
    while (n < EX_NUMERAL) want[n++] = EX_END;
    for (int t = 0; t < EX_NUMERAL; t++)
        s->said[i][t] = t == 0 ? EX_START : told ? want[t - 1] : EX_END;
}

/* Is best[i] what it should be? */
static inline bool ex_numeral_right(const ex_numerals *s, int i) {
    return memcmp(s->best[i], s->want[i], sizeof s->want[i]) == 0;
}

/* Deal all numbers into order: the first n are held out. And so is, behind them, one more, if it is
   not below 0. Returns how many. */
static inline int ex_hold_out(dl_rng *r, int32_t *order, bool *held_out, int n, int more) {
    dl_rng_permutation(r, order, EX_NUMBERS);
    if (more >= 0) order[n++] = more;
    for (int i = 0; i < n; i++) held_out[order[i]] = true;
    return n;
}

/* A number that is not held out; short ones as often as long ones. */
static inline int ex_number(dl_rng *r, const bool *held_out) {
    dl_int below = 10, number;
    for (dl_int d = dl_rng_int(r, EX_DIGITS); d > 0; d--) below *= 10;
    do number = dl_rng_int(r, below);
    while (held_out[number]);
    return (int)number;
}

/* ------------------------------------------------------------------------------- files ---- */

/* Write a file; if that cannot be done, --option names another directory. */
static inline bool ex_write(dl_ctx *dl, const char *path, const void *bytes, size_t size,
                            const char *option) {
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(bytes, 1, size, f) == size;
    if (f) ok = fclose(f) == 0 && ok;
    return ok || dl_fail(dl, DL_ERR_FILE, "%s: this file cannot be written; choose another "
                                          "directory with --%s", path, option);
}

/* For dl_set_error_callback: errors are said elsewhere. */
static inline void ex_silent(dl_code code, const char *text, void *user) {
    (void)code;
    (void)text;
    (void)user;
}

/* ----------------------------------------------------------------------------- showing ---- */

/* A line "  93.1 %  by the net". */
static inline void ex_print_share(double share, const char *what) {
    printf("%7.1f %%  %s\n", 100 * share, what);
}

/* n pictures (16 at most) of height x width, `step` numbers apart, lo to hi, in the terminal and on
   the page; if there are several, they are named 0, 1, 2 ... */
static inline void ex_show_pictures(ex_page *p, bool quiet, const dl_real *x, int step, int n,
                                    int height, int width, double lo, double hi) {
    ex_image im[16];
    for (int k = 0; k < n; k++) {
        im[k] = ex_image_of(x + k * step, height, width, "");
        if (n > 1) snprintf(im[k].caption, sizeof im[k].caption, "%d", k);
    }
    if (!quiet) printf("\n");
    if (!quiet) ex_draw(im, n, lo, hi);
    ex_page_images(p, im, n, lo, hi, width < 20 ? 8 : 3);
}

/* A report and its confusion matrix as tables of the page. */
static inline void ex_page_report(ex_page *p, const dl_report *r, const char *const *names) {
    if (!p->f) return;
    ex_page_text(p, 2, EX("How good is it?", "效果如何？"));
    ex_page_table(p, true);
    ex_page_row(p, true, "%s", EX("class|precision|recall|F1|pictures", "类别|精确率|召回率|F1|图片数"));
    for (int k = 0; k < r->classes; k++)
        ex_page_row(p, false, "%s|%.3f|%.3f|%.3f|%lld", names[k], r->score[k].precision,
                    r->score[k].recall, r->score[k].f1, (long long)r->score[k].support);
    ex_page_row(p, false, "%s|%.3f|%.3f|%.3f|%lld", EX("mean", "平均"), r->macro.precision,
                r->macro.recall, r->macro.f1, (long long)r->count);
    ex_page_table(p, false);
    ex_page_text(p, 2, EX("What is taken for what?", "什么被认成了什么？"));
    ex_page_text(p, 0, EX("A row for each class, in it how many were called what; those on the "
                          "diagonal are right.", "每类一行，列出各有多少被认成什么；对角线上的是对的。"));
    fputs("<div class=\"wide\"><table>\n<tr><th></th>", p->f);
    for (int k = 0; k < r->classes; k++) {
        fputs("<th>", p->f);
        ex_page_escape(p, names[k]);
        fputs("</th>", p->f);
    }
    for (int i = 0; i < r->classes; i++) {
        fputs("</tr>\n<tr><td>", p->f);
        ex_page_escape(p, names[i]);
        fputs("</td>", p->f);
        for (int k = 0; k < r->classes; k++) {
            const long long n = (long long)r->confusion[i * r->classes + k];
            const double share = (double)n / fmax(1, (double)r->score[i].support);
            fprintf(p->f, "<td style=\"background:rgba(%s,%.2f)\">%lld</td>",
                    i == k ? "0,114,178" : "213,94,0", 0.6 * sqrt(share), n);
        }
    }
    fputs("</tr>\n</table></div>\n", p->f);
}

#ifndef DL_NO_IMAGES
/* n samples of a data set of pictures, index[n], with what the probabilities p of all say. */
static inline void ex_page_samples(ex_page *page, const dl_data *d, const dl_real *p,
                                   const dl_int *index, int n) {
    enum { MOST = 12, WIDE = 104 };
    const char *const *names = dl_data_class_names(d);
    const int classes = dl_data_classes(d);
    dl_tensor *picture[MOST];
    char text[MOST][200];
    const char *caption[MOST];
    for (int k = 0; k < n && k < MOST; k++) {
        const dl_real *of = p + index[k] * classes;
        const int said = ex_argmax(of, classes), is = dl_data_labels(d)[index[k]];
        const double percent = 100 * (double)of[said];
        dl_tensor *x = dl_data_sample(d, index[k]);
        picture[k] = x ? dl_reshape(x, dl_data_shape(d)) : NULL;
        caption[k] = text[k];
        if (said == is) snprintf(text[k], sizeof text[k], "%.80s, %.0f %%", names[said], percent);
        else snprintf(text[k], sizeof text[k], EX("%.60s, %.0f %%: is %.60s",
                                                  "%.60s，%.0f %%：实为 %.60s"), names[said], percent,
                      names[is]);
    }
    ex_page_pictures(page, picture, caption, n < MOST ? n : MOST, WIDE);
}
#endif

/* Ten probabilities as bars, the highest dark. */
static inline void ex_page_bars(ex_page *p, const dl_real *y) {
    const int best = ex_argmax(y, 10);
    if (!p->f) return;
    ex_svg_begin(p, 720, 130);
    for (int k = 0; k < 10; k++) {
        const double x = 72 * k + 12, tall = 80 * (double)y[k];
        char text[16];
        fprintf(p->f, "<rect x=\"%.0f\" y=\"%.1f\" width=\"48\" height=\"%.1f\" fill=\"%s\"/>\n", x,
                100 - tall, tall + 1, k == best ? "#0072B2" : "#b5c7d3");
        snprintf(text, sizeof text, "%d", k);
        ex_svg_text(p, x + 24, 122, "middle", 20, k == best ? "font-weight=\"bold\"" : "", text);
        snprintf(text, sizeof text, "%.1f %%", 100 * (double)y[k]);
        if (y[k] >= (dl_real)0.001) ex_svg_text(p, x + 24, 94 - tall, "middle", 13, "", text);
    }
    ex_svg_end(p);
}

/* A bar for the number x of each column that e has learned from, the longest first, `most` at most;
   x is used up. */
static inline void ex_show_columns(ex_page *p, bool quiet, const dl_encoder *e, double *x,
                                   int most) {
    const int n = x ? dl_encoder_column_count(e) : 0;
    double longest = 1e-12;
    for (int i = 0; i < n; i++) longest = fmax(longest, x[i]);
    if (p->f) ex_svg_begin(p, 640, 12 + 26 * (n < most ? n : most));
    for (int k = 0; k < n && k < most; k++) {
        int best = 0;
        char text[32];
        for (int i = 1; i < n; i++)
            if (x[i] > x[best]) best = i;
        const char *name = dl_encoder_column(e, best)->name;
        const double part = fmax(0, x[best] / longest), y = 12 + 26 * k;
        snprintf(text, sizeof text, "%.4g", x[best]);
        if (!quiet) {
            ex_pad(name, 22, false);
            for (int i = 0; i < 40; i++) printf("%s", part > (i + 0.5) / 40 ? "\xe2\x96\x88" : " ");
            printf(" %s\n", text);
        }
        x[best] = -INFINITY;
        if (!p->f) continue;
        ex_svg_text(p, 170, y + 12, "end", 14, "", name);
        fprintf(p->f, "<rect x=\"178\" y=\"%.0f\" width=\"%.1f\" height=\"16\" "
                "fill=\"#0072B2\"/>\n", y, 1 + 380 * part);
        ex_svg_text(p, 186 + 380 * part, y + 13, "start", 14, "", text);
    }
    if (p->f) ex_svg_end(p);
}

/* Training and validation loss of the last dl_model_fit, epoch by epoch. */
static inline void ex_show_losses(ex_page *p, bool quiet, const dl_model *m) {
    const ex_axes axes = {EX("Loss after each epoch", "每轮之后的损失"), EX("epoch", "轮"),
                          EX("loss", "损失"), 0, 0, 0, 0, true};
    ex_curve c[2] = {{EX("training", "训练"), NULL, NULL, 0},
                     {EX("validation", "验证"), NULL, NULL, 0}};
    const dl_epoch *e = dl_model_history(m, &c[0].n);
    double *y = (double *)malloc(2 * (size_t)(c[0].n + 1) * sizeof *y);
    if (!y) return;
    for (int i = 0; i < c[0].n; i++) {
        y[i] = e[i].loss;
        y[c[0].n + i] = e[i].val_loss;
    }
    c[0].y = y;
    c[1].y = y + c[0].n;
    c[1].n = c[0].n;
    if (!quiet) ex_draw_plot(axes, c, 2);
    ex_page_plot(p, axes, c, 2);
    free(y);
}

#endif /* APPS_H_INCLUDED */
