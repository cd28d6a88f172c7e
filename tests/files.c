/* Tests of the room >>files: weights as safetensors. */
#define _FILE_OFFSET_BITS 64     /* readdir of 32 bits fails on large file systems */
#include <stddef.h>
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"
#include <time.h>
#if defined(__unix__) || defined(__APPLE__)
#define POSIX 1
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#else
#define POSIX 0
#endif

static bool quick(void) { return getenv("DL_QUICK") != NULL; }

/* A path for files of this run only: tests of other builds may be running. */
static const char *temporary(const char *end)
{
    static char path[700];
    snprintf(path, sizeof path, "%.500s/dlh-%lx-%lx%s", test_dir(), (unsigned long)time(NULL),
             (unsigned long)(uintptr_t)&end, end);
    return path;
}

static bool exists(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f) fclose(f);
    return f != NULL;
}

#if POSIX
static size_t dir_length(const char *path) { return (size_t)(strrchr(path, '/') + 1 - path); }
#endif

/* Files beside path whose names begin with its own: path itself, and what saving left behind. */
static int beside(const char *path)
{
    int n = exists(path);
#if POSIX
    const size_t dir = dir_length(path);
    char name[1000];
    struct dirent *e;
    snprintf(name, sizeof name, "%.*s", (int)dir, path);
    DIR *d = opendir(name);
    for (n = 0; d && (e = readdir(d)) != NULL;)
        n += strncmp(e->d_name, path + dir, strlen(path + dir)) == 0;
    if (d) closedir(d);
#endif
    return n;
}

/* Blocks that live, but for the report on the last load, which the context keeps. */
static long live_of(const dl_ctx *dl) { return count_live - (dl_last_load(dl) != NULL); }

/* A model 2 - 3 - 1: dense_1.weight [3,2], dense_1.bias [3], dense_2.weight [1,3], dense_2.bias
   [1]; the weights are start, start + 0.5, start + 1, ... */
static dl_model *small_model(dl_ctx *dl, double start)
{
    dl_model *m = dl_model_new(dl, dl_shape1(2));
    int i;
    dl_int k;
    dl_model_add_dense(m, 3, DL_RELU);
    dl_model_add_dense(m, 1, DL_LINEAR);
    for (i = 0; i < dl_model_tensor_count(m); i++) {
        dl_tensor *t = dl_model_param(m, i);
        for (k = 0; k < t->size; k++, start += 0.5) t->data[k] = (dl_real)start;
    }
    return m;
}

/* All 13 numbers of it. */
static void weights(const dl_model *m, dl_real w[13])
{
    int i, at = 0;
    dl_int k;
    memset(w, 0, 13 * sizeof *w);
    for (i = 0; i < dl_model_tensor_count(m); i++)
        for (k = 0; k < dl_model_param(m, i)->size; k++) w[at++] = dl_model_param(m, i)->data[k];
}

/* Are its numbers start, start + 0.5, ...? */
static bool is_weights(const dl_model *m, double start)
{
    dl_real w[13];
    int i;
    weights(m, w);
    for (i = 0; i < 13; i++) if (w[i] != (dl_real)(start + 0.5 * i)) return false;
    return true;
}

/* ---- making files by hand ---- */

#define SMALL_DATA 52 /* 13 numbers of F32 */
static const char small_header[] =
    "{\"dense_1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
    "\"dense_1.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]},"
    "\"dense_2.weight\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[36,48]},"
    "\"dense_2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[48,52]}}";

/* x as an IEEE number of 4 or 8 bytes, the least significant byte first; for x that are 0, or a
   whole number of eighths of magnitude 1/8 to 128. */
static void put_number(uint8_t *p, double x, int bytes)
{
    const int fraction_bits = bytes == 4 ? 23 : 52, bias = bytes == 4 ? 127 : 1023;
    uint64_t bits = 0;
    int e = 0, i;
    double a = fabs(x);
    if (a > 0) {
        while (a >= 2) { a /= 2; e++; }
        while (a < 1) { a *= 2; e--; }
        bits = (uint64_t)(e + bias) << fraction_bits |
               (uint64_t)((a - 1) * 1024) << (fraction_bits - 10);
        if (x < 0) bits |= (uint64_t)1 << (bytes * 8 - 1);
    }
    for (i = 0; i < bytes; i++) p[i] = (uint8_t)(bits >> (8 * i));
}

/* A file with this header and n numbers start, start + 0.5, ... of so many bytes; for free. */
static uint8_t *make_file(const char *header, double start, int n, int bytes, size_t *size)
{
    const size_t length = strlen(header);
    uint8_t *p = (uint8_t *)malloc(8 + length + (size_t)(n * bytes) + 1);
    int i;
    for (i = 0; i < 8; i++) p[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(p + 8, header, length);
    for (i = 0; i < n; i++) put_number(p + 8 + length + i * bytes, start + 0.5 * i, bytes);
    *size = 8 + length + (size_t)(n * bytes);
    return p;
}

/* Load size bytes from memory of just that size. */
static bool load_exact(dl_model *m, const uint8_t *bytes, size_t size)
{
    uint8_t *p = (uint8_t *)malloc(size ? size : 1);
    bool ok;
    if (size) memcpy(p, bytes, size);
    ok = dl_model_load_weights_from_memory(m, p, size, NULL);
    free(p);
    return ok;
}

/* Load a file made of this header and 13 numbers from 7 on. */
static bool load_header(dl_model *m, const char *header)
{
    size_t size;
    uint8_t *p = make_file(header, 7, 13, 4, &size);
    bool ok = load_exact(m, p, size);
    free(p);
    return ok;
}

/* small_header with the first occurrence of from replaced by to. */
static const char *changed(const char *from, const char *to)
{
    static char text[4096];
    const char *at = strstr(small_header, from);
    if (!CHECK(at, "no %s in the header", from)) return small_header;
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - small_header), small_header, to,
             at + strlen(from));
    return text;
}

/* ---- writing ---- */

static void written_bytes(void)
{
    const int w = (int)sizeof(dl_real);
    const char *path = temporary(".safetensors"), *type = w == 4 ? "F32" : "F64";
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, -2);
    char header[1000];
    uint8_t *want, *got;
    size_t size, length;
    snprintf(header, sizeof header,
             "{\"__metadata__\":{\"format\":\"pt\"},"
             "\"dense_1.weight\":{\"dtype\":\"%s\",\"shape\":[3,2],\"data_offsets\":[0,%d]},"
             "\"dense_1.bias\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[%d,%d]},"
             "\"dense_2.weight\":{\"dtype\":\"%s\",\"shape\":[1,3],\"data_offsets\":[%d,%d]},"
             "\"dense_2.bias\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[%d,%d]}}",
             type, 6 * w, type, 6 * w, 9 * w, type, 9 * w, 12 * w, type, 12 * w, 13 * w);
    while (strlen(header) % 8) strcat(header, " ");
    want = make_file(header, -2, 13, w, &length);
    CHECK(dl_model_save_weights(m, path), "%s", dl_error_text(dl));
    got = test_slurp(path, &size);
    if (CHECK(got && size == length, "%d bytes, not %d", (int)size, (int)length))
        CHECK(memcmp(got, want, size) == 0, "is  %.*s\nnot %s", (int)size - 8 - 13 * w,
              (const char *)got + 8, header);
    CHECK(size > 0 && (size - (size_t)(13 * w)) % 8 == 0, "numbers are aligned");
    CHECK(beside(path) == 1, "the temporary file is gone");
    free(got);
    free(want);
    remove(path);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* What is written comes back bit for bit: also NaN, infinities, -0 and the smallest numbers. */
static void round_trip(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    dl_model *m = small_model(dl, 1), *n = small_model(other, 100), *o;
    dl_real a[13], b[13];
    uint32_t version = dl_model_param(n, 0)->version;
    dl_real *w = dl_model_param(m, 0)->data;
    w[0] = (dl_real)NAN;
    w[1] = (dl_real)INFINITY;
    w[2] = (dl_real)-INFINITY;
    w[3] = (dl_real)-0.0;
    w[4] = (dl_real)1e-40;
    w[5] = (dl_real)0.1;
    CHECK(dl_model_save_weights(m, path), "%s", dl_error_text(dl));
    CHECK(dl_model_load_weights(n, path, NULL), "%s", dl_error_text(other));
    weights(m, a);
    weights(n, b);
    CHECK(memcmp(a, b, sizeof a) == 0, "the same bits");
    CHECK(dl_model_param(n, 0)->version != version, "backward notices the change");
    CHECK(dl_model_save_weights(n, path), "over the old file: %s", dl_error_text(dl));
    o = small_model(dl, 3);
    CHECK(dl_model_load_weights(o, path, NULL), "%s", dl_error_text(dl));
    weights(o, b);
    CHECK(memcmp(a, b, sizeof a) == 0, "the same bits again");
    remove(path);
    dl_free(dl);
    dl_free(other);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* A larger model, so that the writer's buffer is filled more than once and at odd places. */
static void larger(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = dl_model_new(dl, dl_shape1(67)), *n = dl_model_new(dl, dl_shape1(67));
    int i;
    dl_model_add_dense(m, 31, DL_RELU);
    dl_model_add_dense(m, 17, DL_RELU);
    dl_model_add_dense(n, 31, DL_RELU);
    dl_model_add_dense(n, 17, DL_RELU);
    for (i = 0; i < 4; i++)
        test_fill(dl_model_param(m, i)->data, dl_model_param(m, i)->size, (unsigned)i, -1, 1);
    CHECK(dl_model_save_weights(m, path) && dl_model_load_weights(n, path, NULL), "%s",
          dl_error_text(dl));
    for (i = 0; i < 4; i++)
        CHECK(memcmp(dl_model_param(m, i)->data, dl_model_param(n, i)->data,
                     (size_t)dl_model_param(m, i)->size * sizeof(dl_real)) == 0, "tensor %d", i);
    remove(path);
    dl_free(dl);
}

static void save_errors(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1), *n = small_model(dl, 2);
    char name[1000];
    size_t size;
    uint8_t *p;
    int i;
    static const char *const bad[] = { "a\"b", "a\\b", "a\nb", "a\x7F", "__metadata__", "\xFF",
        "\xC0\xAF", "\xED\xA0\x80", "a\xC3", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80", "\x80", "dense_1.weight" };
    CHECK(!dl_model_save_weights(NULL, path), "NULL fails silently");
    CHECK(!dl_model_save_weights(m, NULL), "no path");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_save_weights: the path is NULL");
    CHECK(!dl_model_save_weights(m, "no/such/place/w"), "no directory");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_model_save_weights: cannot write no/such/place/w: ");
    CHECK(!dl_model_save_weights(m, ""), "an empty path");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_model_save_weights: cannot write : ");
    CHECK(dl_model_save_weights(n, path), "%s", dl_error_text(dl));
    for (i = 0; i < (int)(sizeof bad / sizeof *bad); i++) {
        dl_set_name(dl_model_param(m, 1), bad[i]);
        CHECK(!dl_model_save_weights(m, path), "name %d", i);
        snprintf(name, sizeof name, "tensor 1 is named '%s'; names must be unique, of UTF-8",
                 bad[i]);
        CHECK_ERROR(dl, DL_ERR_ARGUMENT, name);
        CHECK(beside(path) == 1 && dl_model_load_weights(n, path, NULL) && is_weights(n, 2),
              "the old file is as it was");
    }
    remove(path);
    dl_set_name(dl_model_param(m, 1), "\xE5\xB1\x82\xC3\xA4\xF0\x9F\x98\x80");
    dl_set_name(dl_model_param(n, 1), "\xE5\xB1\x82\xC3\xA4\xF0\x9F\x98\x80");
    CHECK(dl_model_save_weights(m, path) && dl_model_load_weights(n, path, NULL) &&
          is_weights(n, 1),
          "UTF-8: %s", dl_error_text(dl));
    remove(path);
    dl_set_name(dl_model_param(n, 1), "dense_1.bias");
    dl_set_name(dl_model_param(m, 1), "2");
    dl_set_name(dl_model_param(m, 2), "");
    CHECK(!dl_model_save_weights(m, path) && !exists(path), "a name like another one's number");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "tensor 2 is named '2'");
    dl_set_name(dl_model_param(m, 2), "dense_2.weight");
    dl_set_name(dl_model_param(m, 1), "dense_1.bias");

    CHECK(!dl_model_save_weights(m, "."), "a directory is in the way");
    CHECK_ERROR(dl, DL_ERR_FILE, POSIX ? "dl_model_save_weights: cannot replace .: it is a directory"
                                       : "dl_model_save_weights: cannot ");

    CHECK(dl_model_save_weights(m, path), "%s", dl_error_text(dl));
    p = test_slurp(path, &size);
    CHECK(p && size > 13 * sizeof(dl_real), "still there");
    free(p);
    remove(path);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* A file as others may have left it: path with an ending, holding "mine". */
static void leave(char *name, size_t size, const char *path, const char *end)
{
    snprintf(name, size, "%s%s", path, end);
    FILE *f = fopen(name, "wb");
    if (!CHECK(f, "cannot write %s", name)) return;
    fputs("mine", f);
    fclose(f);
}

static bool is_mine(const char *name)
{
    size_t size;
    uint8_t *p = test_slurp(name, &size);
    const bool mine = p && size == 4 && memcmp(p, "mine", 4) == 0;
    free(p);
    return mine;
}

/* Other files beside the one that is saved stay, but for what a killed save left. */
static void others(void)
{
    static const char *const kept[] = { ".tmp", ".dl-0123456789abcdef", ".dl-0123456789abcdeg.tmp",
        ".dl-0123456789abcdef.tmp2", "2.dl-0123456789abcdef.tmp", ".dl-A123456789abcdef.tmp" };
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1);
    char name[1000];
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) leave(name, sizeof name, path, kept[i]);
    leave(name, sizeof name, path, ".dl-0123456789abcdef.tmp");
    CHECK(dl_model_save_weights(m, path) && dl_model_load_weights(m, path, NULL), "%s",
          dl_error_text(dl));
    CHECK(exists(name) == !POSIX, "what nobody holds is removed");
    remove(name);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        snprintf(name, sizeof name, "%s%s", path, kept[i]);
        CHECK(is_mine(name), "%s", name);
        remove(name);
    }
    remove(path);
    dl_free(dl);
}

#if POSIX
/* Symbolic links stay, and so do permissions; a device is no file to replace. */
static void links_and_modes(void)
{
    char path[600], link1[1000], link2[1000];
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1), *n = small_model(dl, 2);
    struct stat s;
    snprintf(path, sizeof path, "%s", temporary(".safetensors"));
    snprintf(link1, sizeof link1, "%s.one", path);
    snprintf(link2, sizeof link2, "%s.two", path);
    CHECK(symlink(path + dir_length(path), link1) == 0 && symlink(link1, link2) == 0, "links");
    CHECK(dl_model_save_weights(m, link2), "nothing there yet: %s", dl_error_text(dl));
    CHECK(lstat(path, &s) == 0 && S_ISREG(s.st_mode), "the file is where the links lead");
    CHECK(chmod(path, 0604) == 0, "chmod");
    CHECK(dl_model_save_weights(n, link2) && dl_model_load_weights(m, path, NULL) &&
          is_weights(m, 2),
          "%s", dl_error_text(dl));
    CHECK(lstat(path, &s) == 0 && (s.st_mode & 07777) == 0604, "mode %o", (unsigned)s.st_mode);
    CHECK(lstat(link2, &s) == 0 && S_ISLNK(s.st_mode), "the link is still one");
    CHECK(lstat(link1, &s) == 0 && S_ISLNK(s.st_mode), "and the other");
    CHECK(beside(path) == 3, "%d files", beside(path));
    remove(link2);
    CHECK(symlink(link2, link2) == 0, "a link to itself");
    CHECK(!dl_model_save_weights(m, link2), "saved into a circle");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_model_save_weights: cannot write ");
    CHECK(!dl_model_save_weights(m, "/dev/null"), "a device");
    CHECK_ERROR(dl, DL_ERR_FILE, "cannot replace /dev/null: it is a directory or a device");
    remove(link1);
    remove(link2);
    remove(path);
    dl_free(dl);
}

/* A full disk: no room for the new file, and the old one is as it was. */
static void disk_full(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1), *n = small_model(dl, 2);
    struct rlimit old, low;
    CHECK(dl_model_save_weights(m, path), "%s", dl_error_text(dl));
    if (!CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0, "getrlimit")) return;
    low = old;
    low.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0, "setrlimit");
    CHECK(!dl_model_save_weights(n, path), "there is no room");
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_ERROR(dl, DL_ERR_FILE, "; it is as it was");
    CHECK(beside(path) == 1, "the temporary file is gone");
    CHECK(dl_model_load_weights(n, path, NULL) && is_weights(n, 1), "the old file is as it was");
    remove(path);
    dl_free(dl);
}

/* Ten processes save to one path at once: all succeed, and the file is always that of one. In
   the second half of the rounds they are killed on the way. */
static void ten_writers(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m[10], *n = small_model(dl, 100);
    const int rounds = quick() ? 6 : 40;
    for (int k = 0; k < 10; k++) m[k] = small_model(dl, k);
    CHECK(dl_model_save_weights(m[0], path), "%s", dl_error_text(dl));
    for (int i = 0; i < rounds; i++) {
        const bool kill_them = i >= rounds / 2;
        pid_t child[10];
        int failed = 0, whole = 0;
        for (int k = 0; k < 10; k++) {
            if ((child[k] = fork()) != 0) continue;
            bool ok = true;
            for (int j = 0; ok && j < (kill_them ? 1000 : 3); j++)
                ok = dl_model_save_weights(m[k], path);
            _exit(ok ? 0 : 1);
        }
        for (int k = 0; k < 10; k++) {
            int status;
            if (kill_them) {
                usleep(500);
                kill(child[k], SIGKILL);
            }
            CHECK(waitpid(child[k], &status, 0) == child[k], "wait");
            failed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
            if (!CHECK(dl_model_load_weights(n, path, NULL), "%s", dl_error_text(dl))) break;
            for (int from = 0; from < 10; from++) whole += is_weights(n, from);
        }
        CHECK(failed == 0 && whole == 10, "round %d: %d of 10 failed, %d files whole", i, failed,
              whole);
        if (!kill_them) CHECK(beside(path) == 1, "%d files are left", beside(path));
    }
    CHECK(dl_model_save_weights(m[0], path), "%s", dl_error_text(dl));
    CHECK(beside(path) == 1, "what the killed left is gone: %d files", beside(path));
    remove(path);
    dl_free(dl);
}
#endif

/* ---- reading ---- */

static void reads(void)
{
    static const char other[] = /* all the same to a reader of JSON */
        "{ \"dense_2.bias\" : {\"shape\":[1], \"data_offsets\" : [ 0 , 4 ],\n"
        "\"dtype\":\"F32\"},\r\n"
        "\"dense_2.weight\":{\"dtype\":\"F32\",\"shape\":[1,3],\"data_offsets\":[4,16]},\t"
        "\"dense_1.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[16,28]},"
        "\"dense_1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[28,52]} }   ";
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1);
    dl_real w[13];
    size_t size;
    uint8_t *p;
    CHECK(load_header(m, small_header) && is_weights(m, 7), "%s", dl_error_text(dl));
    CHECK(load_header(m, other), "%s", dl_error_text(dl));
    weights(m, w); /* the file begins with dense_2.bias, then comes dense_2.weight */
    CHECK(w[12] == 7 && w[9] == (dl_real)7.5 && w[6] == 9 && w[0] == (dl_real)10.5,
          "other order: %g %g %g %g", (double)w[12], (double)w[9], (double)w[6], (double)w[0]);
    small_model(dl, 0);
    CHECK(load_header(m, changed("{\"dense_1.w",
        "{\"__metadata__\":{\"a\":\"\\u00e4\\ud83d\\ude00\\n\\\"\\\\\",\"b\":\"\"},\"dense_1.w")) &&
        is_weights(m, 7), "metadata: %s", dl_error_text(dl));
    CHECK(load_header(m, changed("dense_1.w", "dense\\u005F1.\\u0077")), "escapes in a name: %s",
          dl_error_text(dl));
    CHECK(load_header(m, changed("{\"dtype\"",
        "{\"x\":[1,-2.5e+3,0,true,false,null,{},[],[[\"]\"]],{\"y\":{\"z\":0.1E-7}}],\"dtype\"")),
        "unknown keys are passed over: %s", dl_error_text(dl));
    p = make_file("{\"dense_1.weight\":{\"dtype\":\"F64\",\"shape\":[3,2],\"data_offsets\":[0,48]},"
                  "\"dense_1.bias\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[48,72]},"
                  "\"dense_2.weight\":{\"dtype\":\"F64\",\"shape\":[1,3],\"data_offsets\":[72,96]},"
                  "\"dense_2.bias\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[96,104]}}",
                  -3, 13, 8, &size);
    CHECK(load_exact(m, p, size) && is_weights(m, -3), "F64: %s", dl_error_text(dl));
    memcpy(p + size - 8, "\0\0\0\0\0\0\xF0\x7E", 8); /* about 1e303 */
    CHECK(load_exact(m, p, size), "%s", dl_error_text(dl));
    CHECK_CLOSE(dl_model_find(m, "dense_2.bias")->data[0],
                sizeof(dl_real) == 4 ? (double)INFINITY : ldexp(1, 1008), 0, 0);
    p[size - 1] = 0xFE;                              /* and about -1e303 */
    CHECK(load_exact(m, p, size), "%s", dl_error_text(dl));
    CHECK_CLOSE(dl_model_find(m, "dense_2.bias")->data[0],
                sizeof(dl_real) == 4 ? -(double)INFINITY : -ldexp(1, 1008), 0, 0);
    free(p);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

#define ENTRY "should have a dtype, a shape of at most 6 sizes and two data_offsets"

static void load_errors(void)
{
    static const struct { const char *from, *to, *part; dl_code code; } bad[] = {
        /* what does not fit the model */
        { "[3,2]", "[2,3]", "different dense_1.weight [3,2], in the file dense_1.weight [2,3]",
          DL_ERR_SHAPE },
        { "[3]", "[3,1]", "different dense_1.bias [3], in the file dense_1.bias [3,1]",
          DL_ERR_SHAPE },
        { "[1]", "[]", "different dense_2.bias [1], in the file dense_2.bias []", DL_ERR_SHAPE },
        { "dense_1.b", "dense_7.b", "the buffer does not fit the model: missing dense_1.bias [3] "
          "(in all 1 unused, 1 missing", DL_ERR_FORMAT },
        { ",\"dense_2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[48,52]}", "",
          "missing dense_2.bias [1] (in all 0 unused, 1 missing", DL_ERR_FORMAT },
        { "dense_1.bias", "dense_1.weight", "tensor 'dense_1.weight' is there twice",
          DL_ERR_FORMAT },
        { "\"dense_1.bias\"", "\"dense_1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],"
          "\"data_offsets\":[0,24]},\"dense_1.bias\"", "tensor 'dense_1.weight' is there twice",
          DL_ERR_FORMAT },
        { "F32", "BF16", "'dense_1.weight' is said to be bytes 0 to 24 of 52, and [3,2] of BF16",
          DL_ERR_FORMAT },
        { "F32", "a very long type name", "has type a very long typ;", DL_ERR_FORMAT },
        { "dense_1.bias\":{\"dtype\":\"F32\",\"shape\":[3]", "a\\u001b[31mb\":{\"dtype\":\"F32\","
          "\"shape\":[4]", "tensor 'a?[31mb' is said", DL_ERR_FORMAT },
        { "dense_1.bias\":{\"dtype\":\"F32\",\"shape\":[3]", "a\177b\":{\"dtype\":\"F32\","
          "\"shape\":[4]", "tensor 'a?b' is said", DL_ERR_FORMAT },
        /* offsets */
        { "[0,24]", "[0,20]", "'dense_1.weight' is said to be bytes 0 to 20 of 52, "
          "and [3,2] of F32", DL_ERR_FORMAT },
        { "F32", "F64", "bytes 0 to 24 of 52, and [3,2] of F64", DL_ERR_FORMAT },
        { "[24,36]", "[36,24]", "bytes 36 to 24 of 52", DL_ERR_FORMAT },
        { "[48,52]", "[52,56]", "bytes 52 to 56 of 52", DL_ERR_FORMAT },
        { "[48,52]", "[9223372036854775803,9223372036854775807]",
          ENTRY, DL_ERR_FORMAT },
        { "[24,36]", "[20,32]", "tensors 'dense_1.weight' and 'dense_1.bias' overlap",
          DL_ERR_FORMAT },
        /* JSON */
        { "{\"dense_1", "[\"dense_1", "byte 0 of ", DL_ERR_FORMAT },
        { "{\"dense_1", " {\"dense_1", "byte 0 of ", DL_ERR_FORMAT },
        { "[48,52]}}", "[48,52]}", "should be , or }", DL_ERR_FORMAT },
        { "[48,52]}}", "[48,52]}}}", "should be a space: it is behind the last }", DL_ERR_FORMAT },
        { "[48,52]}}", "[48,52]},}", "should be a string", DL_ERR_FORMAT },
        { "[48,52]}}", "[48,52],}}", "should be a string", DL_ERR_FORMAT },
        { "[48,52]}}", "[48,52]", "should be , or }", DL_ERR_FORMAT },
        { "{\"dense_1", "{,\"dense_1", "byte 1 of ", DL_ERR_FORMAT },
        { "t\":{\"dtype\"", "t\":[\"dtype\"", "should be , or ]", DL_ERR_FORMAT },
        { "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}", "7",
          "dense_1.bias should be an object { }", DL_ERR_FORMAT },
        { "\"dtype\":", "\"dtype\"", "should be :", DL_ERR_FORMAT },
        { "\"dtype\":\"F32\"", "\"dtype\":32", ENTRY, DL_ERR_FORMAT },
        { "\"dtype\":\"F32\",", "", ENTRY, DL_ERR_FORMAT },
        { "\"shape\":[3,2],", "", ENTRY, DL_ERR_FORMAT },
        { ",\"data_offsets\":[0,24]", "", ENTRY, DL_ERR_FORMAT },
        { "\"shape\":[3,2]", "\"shape\":[3,2],\"shape\":[3,2]",
          "dense_1.weight has the key 'shape' twice",
          DL_ERR_FORMAT },
        { "[3,2]", "3", ENTRY, DL_ERR_FORMAT },
        { "[3,2]", "[3,2", "should be , or ]", DL_ERR_FORMAT },
        { "[3,2]", "[3,]", "should be a value", DL_ERR_FORMAT },
        { "[3,2]", "[-3,2]", ENTRY, DL_ERR_FORMAT },
        { "[3,2]", "[3.0,2]", ENTRY, DL_ERR_FORMAT },
        { "[3,2]", "[03,2]", "should be , or ]", DL_ERR_FORMAT },
        { "[3,2]", "[1,1,1,1,1,3,2]", ENTRY, DL_ERR_FORMAT },
        { "[3,2]", "[9223372036854775808,2]", ENTRY, DL_ERR_FORMAT },
        { "[0,24]", "[0,24,3]", ENTRY, DL_ERR_FORMAT },
        { "[0,24]", "[24]", ENTRY, DL_ERR_FORMAT },
        { "dense_1", "dense\xED\xA0\x80", "should be UTF-8", DL_ERR_FORMAT },
        { "dense_1", "dense\n1", "should be the end of the string", DL_ERR_FORMAT },
        { "dense_1", "dense\\x1", "should be one of", DL_ERR_FORMAT },
        { "dense_1", "dense\\u12G1", "should be four hexadecimal digits", DL_ERR_FORMAT },
        { "dense_1", "dense\\ud800", "other half of a surrogate pair", DL_ERR_FORMAT },
        { "dense_1", "dense\\udc00", "other half of a surrogate pair", DL_ERR_FORMAT },
        { "dense_1", "dense\\ud800\\u0041", "other half of a surrogate pair", DL_ERR_FORMAT },
        { "{\"dtype\"", "{\"x\":nul,\"dtype\"", "should be a value", DL_ERR_FORMAT },
        { "{\"dtype\"", "{\"x\":-,\"dtype\"", "should be a digit", DL_ERR_FORMAT },
        { "{\"dtype\"", "{\"x\":1.,\"dtype\"", "should be a digit", DL_ERR_FORMAT },
        { "{\"dtype\"", "{\"x\":1e,\"dtype\"", "should be a digit", DL_ERR_FORMAT },
        { "{\"dtype\"", "{\"x\":[1 2],\"dtype\"", "should be , or ]", DL_ERR_FORMAT },
        { "{\"dtype\"", "{\"x\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]],\"dtype\"",
          "should be less nesting", DL_ERR_FORMAT }
    };
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1);
    uint32_t version = dl_model_param(m, 0)->version;
    size_t i, size;
    uint8_t *p;
    long before = live_of(dl);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!load_header(m, changed(bad[i].from, bad[i].to)), "%s as %s", bad[i].from, bad[i].to);
        CHECK_ERROR(dl, bad[i].code, bad[i].part);
    }
    p = make_file(small_header, 1, 14, 4, &size);
    CHECK(load_exact(m, p, size), "bytes behind the last tensor: %s", dl_error_text(dl));
    version++;
    CHECK(dl_last_load(dl)->loaded == 4, "%d tensors", dl_last_load(dl)->loaded);
    memset(p, 0xFF, 8);
    CHECK(!load_exact(m, p, size), "a header of 2^64 - 1 bytes");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "bytes the header should take 8 + 18446744073709551615");
    free(p);
    CHECK(!dl_model_load_weights_from_memory(m, NULL, 8, NULL), "no buffer");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_load_weights_from_memory: the buffer is NULL");
    CHECK(!dl_model_load_weights(m, NULL, NULL), "no path");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_model_load_weights: the path is NULL");
    CHECK(!dl_model_load_weights(m, "no-such-file", NULL), "no file");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_model_load_weights: cannot open no-such-file: ");
    CHECK(!dl_model_load_weights(m, ".", NULL), "a directory");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_model_load_weights: cannot ");
    CHECK(!dl_model_load_weights(NULL, "x", NULL) &&
          !dl_model_load_weights_from_memory(NULL, "x", 1, NULL),
          "NULL fails silently");
    CHECK(is_weights(m, 1) && dl_model_param(m, 0)->version == version, "the model is as it was");
    CHECK(live_of(dl) == before, "%ld blocks left", live_of(dl) - before);
    dl_free(dl);
}

/* The model's own message for a file, with its path. */
static void load_file_errors(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1), *other = dl_model_new(dl, dl_shape1(3));
    char text[1000];
    FILE *f;
    dl_model_add_dense(other, 3, DL_RELU);
    CHECK(dl_model_save_weights(m, path), "%s", dl_error_text(dl));
    CHECK(!dl_model_load_weights(other, path, NULL), "another model");
    snprintf(text, sizeof text, "%s does not fit the model: different dense_1.weight [3,3], "
             "in the file dense_1.weight [3,2] (in all 2 unused", path);
    CHECK_ERROR(dl, DL_ERR_SHAPE, text);
    dl_tensor *theirs = dl_param(dl, dl_shape2(3, 2), dl_init_zeros());
    dl_set_name(theirs, "0.weight");
    CHECK(dl_save(dl, path, &theirs, 1), "%s", dl_error_text(dl));
    CHECK(!dl_model_load_weights(m, path, NULL), "other names");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "0 good: see dl_last_load); where names differ, try "
                "dl_loading.in_order or renames");
    if (CHECK((f = fopen(path, "wb")) != NULL, "can't write %s", path)) fclose(f);
    CHECK(!dl_model_load_weights(m, path, NULL), "an empty file");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "is cut off, or no safetensors file: of its 0 bytes");
    CHECK(!dl_model_load_weights_from_memory(m, "PK\3\4 archive/data.pkl", 21, NULL), "a .pt file");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "save_file(net.state_dict(), path)");
    CHECK(!dl_npy_load_from_memory(dl, "PK\3\4 arr_0.npy", 14), "an .npz file");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "np.save(path, array)");
    remove(path);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Cut off after every byte: an error, nothing read behind the end, the model as it was. */
static void truncated(void)
{
    static const char names[] =
        "{\"a\\u00e4\\ud83d\\ude00\":{\"x\":[true,-1.5e+7,null],\"dtype\":\"";
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1);
    size_t size, n;
    uint8_t *p = make_file(small_header, 7, 13, 4, &size);
    for (n = 0; n < size; n++) {
        CHECK(!load_exact(m, p, n), "%d of %d bytes", (int)n, (int)size);
        CHECK_ERROR(dl, DL_ERR_FORMAT, n < size - SMALL_DATA ? "is cut off, or no safetensors"
                                                             : "is said to be bytes");
    }
    for (n = 1; n < sizeof names; n++) { /* the file ends with the header */
        size_t bytes;
        char header[sizeof names];
        uint8_t *q;
        memcpy(header, names, n);
        header[n] = 0;
        q = make_file(header, 0, 0, 4, &bytes);
        CHECK(!load_exact(m, q, bytes), "%s", header);
        CHECK_ERROR(dl, DL_ERR_FORMAT, "its header is no safetensors header");
        free(q);
    }
    for (n = 0; n < strlen(small_header); n++) { /* only the header is cut off */
        size_t bytes;
        char header[1000];
        uint8_t *q;
        memcpy(header, small_header, n);
        header[n] = 0;
        q = make_file(header, 7, 13, 4, &bytes);
        CHECK(!load_exact(m, q, bytes), "%d bytes of header", (int)n);
        CHECK_ERROR(dl, DL_ERR_FORMAT, "");
        free(q);
    }
    CHECK(is_weights(m, 1), "the model is as it was");
    CHECK(load_exact(m, p, size) && is_weights(m, 7), "whole: %s", dl_error_text(dl));
    free(p);
    dl_free(dl);
}

/* Into memory go the same bytes as into a file, and nothing where there is too little room. */
static void to_memory(void)
{
    const char *path = temporary(".safetensors");
    uint8_t file[1000], buffer[1000];
    dl_ctx *dl = dl_new(1);
    dl_model *m = dl_model_new(dl, dl_shape1(3));
    dl_model_add_dense(m, 2, DL_RELU);
    dl_tensor *const *list = dl_model_params(m);
    for (int whole = 0; whole < 2; whole++) {
        CHECK(whole ? dl_model_save_weights(m, path) : dl_save(dl, path, list, 2), "%s",
              dl_error_text(dl));
        FILE *f = fopen(path, "rb");
        if (!CHECK(f != NULL, "a file")) break;
        const size_t size = fread(file, 1, sizeof file, f);
        fclose(f);
        memset(buffer, 7, sizeof buffer);
        for (size_t room = size - 1; room <= size; room++) {
            const size_t n = whole ? dl_model_save_weights_to_memory(m, buffer, room)
                                   : dl_save_to_memory(dl, buffer, room, list, 2);
            CHECK(n == size, "%d bytes, not %d", (int)n, (int)size);
            CHECK(room < size ? buffer[0] == 7 : memcmp(buffer, file, size) == 0, "what is there");
        }
        CHECK(whole ? dl_model_load_weights_from_memory(m, buffer, size, NULL)
                    : dl_load_from_memory(dl, buffer, size, list, 2, NULL), "%s",
              dl_error_text(dl));
    }
    remove(path);
    dl_free(dl);
}

/* Random changes and lengths: no crash, no leak, and when it fails, the model as it was. */
static void fuzz(void)
{
    static const char alphabet[] = "{}[]\",:0129.-+eE\\u dFtrueoffsets";
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1);
    dl_rng r = dl_rng_new(3, 4);
    size_t size, n;
    uint8_t *p = make_file(small_header, 1, 13, 4, &size), *q = (uint8_t *)malloc(size);
    int i, k, good = 0, rounds = quick() ? 500 : 30000;
    long before = live_of(dl);
    for (i = 0; i < rounds; i++) {
        memcpy(q, p, size);
        n = dl_rng_int(&r, 8) ? size : (size_t)dl_rng_int(&r, (dl_int)size + 1);
        for (k = (int)dl_rng_int(&r, 4); k > 0; k--) {
            dl_int at = dl_rng_int(&r, (dl_int)size);
            if (dl_rng_int(&r, 4) == 0) at = dl_rng_int(&r, 8);
            q[at] = (uint8_t)(dl_rng_int(&r, 2) ? dl_rng_int(&r, 256)
                                                : alphabet[dl_rng_int(&r, sizeof alphabet - 1)]);
        }
        if (load_exact(m, q, n)) {
            good++;
            load_exact(m, p, size);
        } else if (dl_error(dl) == DL_OK) CHECK(false, "failed without an error");
        else if (!is_weights(m, 1)) CHECK(false, "changed by a failure");
        dl_clear_error(dl);
    }
    CHECK(good > rounds / 10 && good < rounds, "%d of %d changed files are valid", good, rounds);
    CHECK(live_of(dl) == before, "%ld blocks left", live_of(dl) - before);
    free(p);
    free(q);
    dl_free(dl);
}

/* Without memory at any point: no crash, no leak, no change, no file left over. */
static void out_of_memory(void)
{
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1), *n = small_model(dl, 2);
    bool ok = false;
    long k, before = live_of(dl);
    for (k = 1; k < 100 && !ok; k++) {
        count_fail_at = count_calls + k;
        ok = dl_model_save_weights(m, path);
        count_fail_at = 0;
        CHECK(ok == exists(path) && beside(path) == ok, "files when call %ld failed", k);
        if (!ok) CHECK_ERROR(dl, DL_ERR_MEMORY, "dl_model_save_weights: out of memory");
        CHECK(live_of(dl) == before, "%ld blocks left when call %ld failed", live_of(dl) - before,
              k);
    }
    CHECK(ok && k > 2, "saved in the end, try %ld", k);
    for (k = 1, ok = false; k < 100 && !ok; k++) {
        count_fail_at = count_calls + k;
        ok = dl_model_load_weights(n, path, NULL);
        count_fail_at = 0;
        CHECK(is_weights(n, ok ? 1 : 2), "weights when call %ld failed", k);
        if (!ok) CHECK_ERROR(dl, DL_ERR_MEMORY, "dl_model_load_weights: out of memory");
        CHECK(live_of(dl) == before, "%ld blocks left when call %ld failed", live_of(dl) - before,
              k);
    }
    CHECK(ok && k > 2, "loaded in the end, try %ld", k);
    remove(path);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Loading in between forward and backward is noticed, as any change of a parameter is. */
static void stale_graph(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_model *m = small_model(dl, 1);
    dl_real x[2] = { 1, 2 };
    dl_tensor *loss = dl_mean(dl_model_forward(m, dl_from(dl, dl_shape2(1, 2), x)));
    CHECK(loss && load_header(m, small_header), "%s", dl_error_text(dl));
    CHECK(!dl_backward(loss), "backward through changed weights");
    CHECK_ERROR(dl, DL_ERR_STATE, "was changed after it was used");
    dl_free(dl);
}

/* Lists of tensors: names, numbers for those without, any order, and what is refused. */
static void lists(void)
{
    const dl_real v[6] = { 1, 2, 3, 4, 5, 6 };
    const char *path = temporary(".safetensors");
    dl_ctx *dl = test_quiet_new(1), *other = test_quiet_new(2);
    dl_tensor *a[3], *b[3], *swapped[3];
    char name[DL_NAME_MAX + 1];
    size_t size;
    uint8_t *bytes;
    uint32_t version;
    a[0] = dl_param_from(dl, dl_shape2(2, 3), v);
    a[1] = dl_param_from(dl, dl_shape1(2), v + 4);
    a[2] = dl_state(dl, dl_shape0());
    CHECK(dl_fill(a[2], 7) && dl_set_name(a[1], "bias"), "%s", dl_error_text(dl));
    CHECK(a[0]->requires_grad && a[0]->grad && a[0]->data[5] == 6, "dl_param_from");
    CHECK(!dl_param_from(dl, dl_shape1(2), NULL), "no data");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_param_from: data is NULL");
    memset(name, 'n', sizeof name);
    name[DL_NAME_MAX] = 0;
    CHECK(!dl_set_name(a[1], name) && strcmp(a[1]->name, "bias") == 0, "a name too long");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "is longer than 255 bytes");
    CHECK(!dl_set_name(a[1], NULL), "no name");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_set_name: name is NULL");
    name[DL_NAME_MAX - 1] = 0;
    CHECK(dl_set_name(a[1], name) && dl_set_name(a[1], "bias"), "the longest");

    b[0] = dl_param(other, dl_shape2(2, 3), dl_init_zeros());
    b[1] = dl_param(other, dl_shape1(2), dl_init_zeros());
    b[2] = dl_state(other, dl_shape0());
    dl_set_name(b[1], "bias");
    CHECK(dl_save(dl, path, a, 3), "%s", dl_error_text(dl));
    version = b[0]->version;
    CHECK(dl_load(other, path, b, 3, NULL), "%s", dl_error_text(other));
    CHECK(b[0]->data[0] == 1 && b[0]->data[5] == 6 && b[1]->data[1] == 6 && b[2]->data[0] == 7,
          "the same numbers");
    CHECK(b[0]->version != version, "backward notices the change");

    swapped[0] = b[0];                             /* "0", "1" and "bias" instead of "2" */
    swapped[1] = b[2];
    swapped[2] = b[1];
    CHECK(!dl_load(other, path, swapped, 3, NULL), "another order without a name");
    CHECK_ERROR(other, DL_ERR_FORMAT, "does not fit the list: missing 1 [] (in all 1 unused");
    dl_set_name(b[2], "2");
    dl_fill(b[1], 0);
    CHECK(dl_load(other, path, swapped, 3, NULL) && b[1]->data[0] == 5, "and with one");
    dl_fill(b[0], 0);
    CHECK(!dl_load(other, path, b, 2, NULL) && b[0]->data[0] == 0, "too few");
    CHECK_ERROR(other, DL_ERR_FORMAT, "does not fit the list: unused 2 [] (in all 1 unused");
    bytes = test_slurp(path, &size);
    CHECK(bytes && dl_load_from_memory(other, bytes, size, b, 3, NULL) && b[0]->data[0] == 1,
          "buffer");
    CHECK(!dl_load_from_memory(other, bytes, size - 1, b, 3, NULL), "a buffer cut off");
    CHECK_ERROR(other, DL_ERR_FORMAT, "dl_load_from_memory");
    free(bytes);

    CHECK(!dl_load_from_memory(other, NULL, 9, b, 3, NULL), "no buffer");
    CHECK_ERROR(other, DL_ERR_ARGUMENT, "dl_load_from_memory: the buffer is NULL");
    CHECK(!dl_save(dl, path, b, 3), "tensors of another context");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_save: a tensor is NULL or of another context");
    b[1] = NULL;
    CHECK(!dl_save(other, path, b, 3), "a NULL tensor");
    CHECK_ERROR(other, DL_ERR_ARGUMENT, "dl_save: a tensor is NULL");
    b[1] = DL_NONE;
    CHECK(!dl_save(other, path, b, 3), "DL_NONE");
    CHECK_ERROR(other, DL_ERR_ARGUMENT, "dl_save: operand 2 is DL_NONE");
    CHECK(!dl_save(dl, path, a, 0) && !dl_save(dl, path, NULL, 1), "no tensors");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_save: there are no tensors");
    CHECK(!dl_save(dl, NULL, a, 3), "no path to save to");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_save: the path is NULL");
    CHECK(!dl_load(dl, NULL, a, 3, NULL), "no path to load from");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_load: the path is NULL");
    CHECK(!dl_save(NULL, path, a, 3) && !dl_load(NULL, path, a, 3, NULL), "no context");
    remove(path);
    dl_free(dl);
    dl_free(other);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

int main(void)
{
    TEST(lists);
    TEST(written_bytes);
    TEST(round_trip);
    TEST(larger);
    TEST(save_errors);
    TEST(others);
#if POSIX
    TEST(links_and_modes);
    TEST(disk_full);
    TEST(ten_writers);
#endif
    TEST(reads);
    TEST(load_errors);
    TEST(load_file_errors);
    TEST(truncated);
    TEST(to_memory);
    TEST(fuzz);
    TEST(out_of_memory);
    TEST(stale_graph);
    return test_end();
}
