/* locale.c - all text of dl.h is the same in every locale: messages, tensors, reports, summaries,
   the lines of a training, files. Locales that are not installed are skipped by name (Debian:
   apt-get install locales-all). */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <locale.h>
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

/* A comma; a point of two bytes; a comma and thousands of three bytes apart. */
static const char *const locales[] = { "de_DE.UTF-8", "ps_AF.UTF-8", "fr_FR.UTF-8" };

static char text[1 << 14];

/* What print(dl) writes to stdout, behind what is in text. */
static void capture(void (*print)(dl_ctx *dl), dl_ctx *dl)
{
#if defined(__unix__) || defined(__APPLE__)
    const size_t at = strlen(text);
    FILE *f = tmpfile();
    fflush(stdout);
    const int old = dup(1);
    if (!CHECK(f && old >= 0 && dup2(fileno(f), 1) == 1, "cannot redirect")) return;
    print(dl);
    fflush(stdout);
    dup2(old, 1);
    close(old);
    rewind(f);
    text[at + fread(text + at, 1, sizeof text - at - 1, f)] = 0;
    fclose(f);
#else
    (void)print;
    (void)dl;
#endif
}

static void print_all(dl_ctx *dl)
{
    const dl_real x[8] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    const int32_t y[4] = { 0, 1, 1, 0 };
    dl_data *data = dl_data_from_arrays(dl, x, 4, dl_shape1(2), y, 2);
    dl_model *m = dl_model_new(dl, dl_shape1(2));
    dl_fit fit = dl_fit_default();
    dl_print(dl_full(dl, dl_shape2(2, 2), 0.75));
    dl_model_add_dense(m, 1200, DL_TANH);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    dl_model_compile(m, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(0));
    dl_model_summary(m);
    fit.verbose = 0;
    dl_model_fit(m, data, &fit);
    dl_report_print(dl_model_report(m, data), NULL);
}

/* All kinds of text, into text. */
static void all_text(void)
{
    dl_ctx *dl = dl_new(3);
    char number[200];
    test_quiet(dl);
    dl_fail(dl, DL_ERR_STATE, "%g|%8.2f|%-8.1f|%e", 0.75, 1234.5, 2.5, 1e10);
    snprintf(text, sizeof text, "%s\n", dl_error_text(dl));
    dl_clear_error(dl);
    dl_set_tape_limit(dl, 1000);
    dl_zeros(dl, dl_shape1(1000000));
    strcat(text, dl_error_text(dl));
    dl_clear_error(dl);
    dl_set_tape_limit(dl, (size_t)1 << 24);
    dl_adam(0.5);
    dl_format(number, sizeof number, dl_full(dl, dl_shape1(2), 0.75));
    strcat(text, number);
    static const char csv[] = "x\n0.75\n-1.5e-3\n.5\n";
    const dl_column *x = dl_table_column(dl_table_from_memory(dl, csv, sizeof csv - 1, NULL), 0);
    CHECK(x && x->low == -1.5e-3 && x->high == 0.75, "numbers of a table");
    dl_csv o = dl_csv_default();
    o.separator = ';';
    o.decimal = ',';
    x = dl_table_column(dl_table_from_memory(dl, "x\n2,5\n0,75\n", 11, &o), 0);
    CHECK(x && x->low == 0.75 && x->high == 2.5, "decimal commas");
    capture(print_all, dl);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    dl_free(dl);
}

static void every_locale(void)
{
    static char want[sizeof text];
    all_text();
    memcpy(want, text, sizeof text);
    CHECK(strstr(want, "0.75| 1234.50|2.5     |1.000000e+10"), "%s", want);
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", locales[i]);
        if (!setlocale(LC_ALL, name)) name[5] = 0;            /* some have it as ps_AF only */
        if (!setlocale(LC_ALL, name)) {
            SKIP("the locale %s is not installed", locales[i]);
            continue;
        }
        snprintf(name, sizeof name, "%.1f", 0.5);
        CHECK(strcmp(name, "0.5") != 0, "%s has a point of its own: %s", locales[i], name);
        all_text();
        CHECK(strcmp(text, want) == 0, "in %s:\n%s\nshould be:\n%s", locales[i], text, want);
        setlocale(LC_ALL, "C");
    }
}

int main(void)
{
    TEST(every_locale);
    return test_end();
}
