/* private.c - what only private functions show: text in the C locale, numbers of JSON, hashes, check
   sums, the bar of a training, work space that no machine has. */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <float.h>
#include <limits.h>

/* dli_format writes what the C library's printf writes in the C locale. */
#define SAME(...)                                                                           \
    do {                                                                                    \
        char want[600], got[600];                                                           \
        const int n = snprintf(want, sizeof want, __VA_ARGS__);                             \
        const int k = dli_format(got, sizeof got, __VA_ARGS__);                             \
        CHECK(n == k && strcmp(want, got) == 0, "|%s| (%d), not |%s| (%d)", got, k, want, n); \
    } while (0)

static void as_printf(void)
{
    char text[200];
    const double x[] = { 0, -0.0, 1, -1.5, 0.1, 1e6, 1234567, 1e-5, 1e100, 3e-310, 2.5e9, 99.995 };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        SAME("%g %f %e %G %.0f %.3g|%10.2f|%-10.2f|%010.2f|%+.1f|% g|%#.0f", x[i], x[i], x[i], x[i],
             x[i], x[i], x[i], x[i], x[i], x[i], x[i], x[i]);
        SAME("%*.*f|%-*.*e|%.*g", 12, 3, x[i], 14, 1, x[i], -1, x[i]);
        SAME("%Lf %a", (long double)x[i], x[i]);
    }
    SAME("%d %i %5d|%-5d|%05d|%+d|% d|%.3d", 1, -2, 3, 4, 5, 6, 7, 8);
    SAME("%u %x %X %o %#x %08lx", UINT_MAX, 255u, 255u, 8u, 255u, ULONG_MAX);
    SAME("%ld %lld %lu %llu", LONG_MIN, LLONG_MIN, ULONG_MAX, ULLONG_MAX);
    SAME("%s|%10s|%-10s|%.2s|%*.*s|%.*s", "abc", "abc", "abc", "abc", 6, 1, "abc", 0, "");
    SAME("%c%c %% %5c|%-3c|", 'a', 'b', 'c', 'd');
    SAME("100%% of %s", "it");
    SAME("%s", "");
    if (sizeof(size_t) == sizeof(long)) SAME("%zu %td %jd", SIZE_MAX, (ptrdiff_t)-1, (intmax_t)-5);
    dli_format(text, sizeof text, "%g %f %5g|%-6g|%.1f", (double)INFINITY, -(double)INFINITY,
               (double)NAN, (double)NAN, -(double)NAN);
    CHECK(strcmp(text, "inf -inf   nan|nan   |nan") == 0, "%s", text);
    CHECK(dli_format(text, 4, "%d", 12345) == 5 && strcmp(text, "123") == 0, "%s", text);
    CHECK(dli_format(text, 1, "%g", 0.5) == 3 && text[0] == 0, "%s", text);
    CHECK(dli_format(NULL, 0, "%g|%s", 0.5, "x") == 5, "only the length");
}

/* Numbers as text: what is written reads back as the same bits. */
static void numbers(void)
{
    static const double x[] = { 0, -0.0, 1, -1, 0.1, 1e-7, 1.0 / 3, 0.1 + 0.2, 1e22, 1e23, 1e300,
        5e-324, DBL_MAX, DBL_MIN, -123456789.125, 9007199254740993.0, (double)INFINITY,
        -(double)INFINITY };
    char s[80];
    dl_rng r = dl_rng_new(1, 2);
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = dl_rng_u64(&r);
        double v, back = 0;
        memcpy(&v, &bits, sizeof v);
        if (i < (int)(sizeof x / sizeof *x)) v = x[i];
        else if (i % 2) v = (double)(int)(v != v ? 0 : fmod(v, 1e6)) / 1000;
        if (v != v) continue;
        dli_text out = { s, sizeof s, 0, NULL, false };
        dli_put_number(&out, v);
        s[out.length] = 0;
        const bool quoted = s[0] == '"';
        if (quoted) s[out.length - 1] = 0;
        const dli_json j = { quoted ? '"' : '.', s + quoted, 1 };
        CHECK(dli_json_double(&j, &back) && memcmp(&v, &back, sizeof v) == 0,
              "%.17g as %s gives %.17g", v, s, back);
    }
}

/* The bar, at its start, in the middle and at the end, where there is no arrow any more. */
static void progress_bar(void)
{
    static const struct { dl_int batch; const char *bar; } all[] = {
        { 1, "[>                       ] 1/48" }, { 2, "[=>                      ] 2/48" },
        { 47, "[=======================>] 47/48" }, { 48, "[========================] 48/48" } };
    for (int i = 0; i < 4; i++) {
        char text[DLI_PROGRESS_TEXT], want[100];
        dl_step s;
        memset(&s, 0, sizeof s);
        s.epoch = 2;
        s.batch = all[i].batch;
        s.batches = 48;
        snprintf(want, sizeof want, "Epoch 2/5 %s loss 0.2563 ", all[i].bar);
        CHECK(strcmp(dli_progress_text(text, &s, 5, 0.25631), want) == 0, "\"%s\"", text);
    }
}

static void hashes(void)
{
    CHECK(dli_hash(0, 0) == UINT64_C(0xE220A8397B1DCDAF), "SplitMix64 with seed 0, first number");
    CHECK(dli_hash(0, 1) == UINT64_C(0x6E789E6AA1B965F4), "SplitMix64 with seed 0, second number");
    CHECK(dli_crc32(0, (const uint8_t *)"123456789", 9) == 0xCBF43926u, "the check sum");
}

static void too_much_work(void)
{
    dl_ctx *dl = test_quiet_new(1);
    CHECK(dli_work(dl, "work", dli_bytes_of(dli_times(DLI_HUGE / 2, 3))) == NULL, "too large");
    CHECK_ERROR(dl, DL_ERR_MEMORY, "work: out of memory (more asked for than this machine can");
    dl_free(dl);
}

int main(void)
{
    TEST(as_printf);
    TEST(numbers);
    TEST(progress_bar);
    TEST(hashes);
    TEST(too_much_work);
    return test_end();
}
