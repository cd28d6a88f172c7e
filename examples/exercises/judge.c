/* judge.c - judges what a learner's functions gave. With the description of an exercise it becomes
   a program of its own, which starts the child (child.c), hands it calls, takes the arrays back and
   compares them with what it knows: numbers worked out by hand, the kernels of dl.h, difference
   quotients. When they differ it says where, and looks for a pattern that tells why.

       judge DIRECTORY double|float zh|en SEED first|quick|all VERDICTS [ROW ROWS...]

   The directory holds the child. VERDICTS is a file: a line "check ok" or "check failed diagnosis"
   for each check is added to it. first: stop at the first that fails; quick:
   and do not wait long. ROWS: of an exercise that comes in variants, the values of all of them, and
   ROW which of them is the student's. Exit code 0: all passed. */
#include "os.h"
#include <stdarg.h>
#include <time.h>
#include "grader.h"

enum { MOST_TRIALS = 4096, SHAPES = 8, SHOWN = 12, SLOWER = 100 };
static const double timed = 5e-4;                /* seconds that the reference works to be timed */
static const double unset = -98765.4321;         /* what is in an output before the call */

/* One call: its arguments, what they hold afterwards, and what they should hold. */
typedef struct trial {
    int     entry;
    args    a;                  /* before the call                                    */
    double *got[MOST_ARGS];
    double *want[MOST_ARGS];    /* NULL: not judged                                   */
    bool    whole[MOST_ARGS];   /* nothing was written beside the array               */
    double  tolerance;          /* 0: the usual one                                   */
    int32_t times;              /* the call is made, one after the other              */
    double  seconds, reference; /* of processor time for that; the reference's, or 0  */
} trial;

static struct {
    const char *dir, *verdicts;
    bool        is_float, chinese, all, quick;
    uint64_t    seed;
    double      tolerance;
    const char *check;          /* the check that runs                                */
    trial      *trial;
    int         count, done;    /* of trials: how many there are, and how many came back */
    int         failed;
    bool        told;           /* the learner has been told of a failure             */
    char      **variant;        /* all rows of values */
    int         variants;
} J;
const char *variant_row = "";   /* the student's */

#define T(english, chinese_) (J.chinese ? (chinese_) : (english))

static void *need(size_t n) {
    void *p = calloc(n + 1, 1);
    if (p == NULL) exit(3);
    return p;
}
static double *copy(const double *x, dl_int n) {
    double *c = need((size_t)n * sizeof *c);
    memcpy(c, x, (size_t)n * sizeof *c);
    return c;
}

/* ---- random numbers: a hash of the seed and two counters ---- */

static uint64_t mix(uint64_t a, uint64_t b, uint64_t c) {
    dl_rng r = dl_rng_new(J.seed * 1000003u + a, b);
    r.counter = c;
    return dl_rng_u64(&r);
}

/* Fill an argument: values lo + (hi - lo) (2k + 1) / 8192 with different k, so that no two are
   equal (no ties) and none is 0 between -2 and 2 (off the kinks), and floats hold them. */
static void fill(arg *g, const args *a, uint64_t stream) {
    uint64_t h = 0;
    for (const char *c = g->name; *c; c++) h = h * 31 + (unsigned char)*c;
    const uint32_t p = (uint32_t)mix(stream, h, 0) | 1, q = (uint32_t)mix(stream, h, 1) & 4095;
    for (dl_int i = 0; i < g->n; i++) {
        if (g->below) {
            g->value[i] = (double)(mix(stream, h, 2 + (uint64_t)i) %
                                   (uint64_t)a->size[g->below - 'A']);
            continue;
        }
        uint32_t k = (((uint32_t)i ^ q) * p) & 4095;
        k = ((k ^ (k >> 6)) * 2531u) & 4095;
        k = ((k ^ (k >> 5)) * 1493u + q) & 4095;
        g->value[i] = (double)(float)(g->lo + (g->hi - g->lo) * (2.0 * k + 1) / 8192);
    }
}

/* ---- trials ---- */

/* A new trial with arguments of these sizes, all numbers 0 and outputs unset. */
static trial *trial_new(int e, const dl_int *size) {
    if (J.count == MOST_TRIALS) exit(3);
    trial *t = &J.trial[J.count++];
    memset(t, 0, sizeof *t);
    t->entry = e;
    t->times = 1;
    args_read(&t->a, entries[e].list);
    memcpy(t->a.size, size, sizeof t->a.size);
    args_measure(&t->a);
    for (int i = 0; i < t->a.count; i++) {
        arg *g = &t->a.a[i];
        g->value = need((size_t)g->n * sizeof(double));
        if (g->role == '=')
            for (dl_int k = 0; k < g->n; k++) g->value[k] = unset;
    }
    return t;
}
static void trials_free(void) {
    for (; J.count > 0; J.count--) {
        trial *t = &J.trial[J.count - 1];
        for (int i = 0; i < t->a.count; i++) {
            free(t->a.a[i].value);
            free(t->got[i]);
            free(t->want[i]);
        }
    }
}

/* A call with a copy of the arguments here, in the judge; the copies are the caller's. */
static args call_with(call_fn call, const args *a) {
    args b = *a;
    for (int i = 0; i < b.count; i++) {
        arg *g = &b.a[i];
        g->value = copy(g->value, g->n);
        g->data = g->null ? NULL : g->value;
        if (!g->below) continue;
        int32_t *whole = need((size_t)g->n * sizeof *whole);
        for (dl_int k = 0; k < g->n; k++) whole[k] = (int32_t)g->value[k];
        g->data = whole;
    }
    call(&b);
    for (int i = 0; i < b.count; i++) {
        arg *g = &b.a[i];
        if (!g->below) continue;
        for (dl_int k = 0; k < g->n; k++) g->value[k] = (double)((int32_t *)g->data)[k];
        free(g->data);
    }
    return b;
}
static args call_here(int e, const args *a) { return call_with(entries[e].call, a); }
static void args_free(args *a) {
    for (int i = 0; i < a->count; i++) free(a->a[i].value);
}

/* What the reference says, where nothing else is wanted yet. */
static void want_reference(trial *t) {
    if (entries[t->entry].call == NULL) return;
    args b = call_here(t->entry, &t->a);
    for (int i = 0; i < b.count; i++)
        if (b.a[i].role != ' ' && !b.a[i].null && t->want[i] == NULL)
            t->want[i] = copy(b.a[i].value, b.a[i].n);
    args_free(&b);
}

/* ---- running the child ---- */

static void path_in(char *path, const char *name) { snprintf(path, OS_PATH, "%s/%s", J.dir, name); }

/* What the child may use of the processor, whatever the reference needs. */
static int child_seconds(void) { return J.quick ? 1 : 2; }

/* Make all trials' calls in the child. True when it came to the end; else job says how it ended,
   and *done how many calls came back. */
static bool run_child(os_job *job, int *done) {
    char in[OS_PATH], out[OS_PATH], text[OS_PATH], child[OS_PATH], box[OS_PATH];
    path_in(in, "calls");
    path_in(out, "box/arrays");
    os_box(box, J.dir);
    path_in(text, "printed");
    path_in(child, J.is_float ? "child-float" : "child-double");
    FILE *f = fopen(in, "wb");
    if (f == NULL) exit(3);
    for (int c = 0; c < J.count; c++) {
        const trial *t = &J.trial[c];
        const int32_t which = t->entry;
        fwrite(&which, sizeof which, 1, f);
        fwrite(&t->times, sizeof t->times, 1, f);
        fwrite(t->a.size, sizeof t->a.size, 1, f);
        for (int i = 0; i < t->a.count; i++) {
            fputc(t->a.a[i].null, f);
            fwrite(t->a.a[i].value, sizeof(double), (size_t)t->a.a[i].n, f);
        }
    }
    fclose(f);
    remove(out);
    os_program p;
    memset(&p, 0, sizeof p);
    p.word[0] = child;
    p.word[1] = in;
    p.word[2] = out;
    p.word[3] = variant_row;
    p.out = text;
    p.cpu = child_seconds();
    p.wall = J.all ? 15 : 60;
    p.memory = strcmp(getenv("SANITIZED") ? getenv("SANITIZED") : "", "1") == 0 && !J.is_float
             ? 0 : 1024;                                  /* the sanitizer has a limit of its own */
    p.jail = box;
    p.look[0] = child;
    p.look[1] = in;
    p.alone = J.all;
    static int slow;                        /* in a class nobody waits for one student for ever */
    static const os_job stopped = {.end = OS_SLOW};
    *job = slow < 2 ? os_run(&p) : stopped;
    slow += job->end == OS_SLOW;
    *done = 0;
    f = os_kind(out) == 'f' ? fopen(out, "rb") : NULL;         /* no link, and no pipe */
    for (; f && *done < J.count; ++*done) {
        trial *t = &J.trial[*done];
        bool came = true;
        for (int i = 0; i < t->a.count && came; i++) {
            const int mark = fgetc(f);
            const size_t n = (size_t)t->a.a[i].n;
            t->whole[i] = mark == 1;
            t->got[i] = need(n * sizeof(double));
            came = (mark == 1 || mark == 2) && fread(t->got[i], sizeof(double), n, f) == n;
        }
        came = came && fread(&t->seconds, sizeof t->seconds, 1, f) == 1;
        if (!came) break;
    }
    if (f) fclose(f);
    return job->end == OS_EXITED && job->code == 0 && *done == J.count;
}

/* ---- comparing ---- */

static bool close_to(double a, double b, double scale, double tolerance) {
    if (a == b || (a != a && b != b)) return true;
    if (isinf(a) || isinf(b)) return false;
    return fabs(a - b) <= tolerance * fabs(b) + tolerance * scale;
}
static double largest(const double *x, dl_int n) {
    double m = 0;
    for (dl_int i = 0; i < n; i++)
        if (fabs(x[i]) > m && fabs(x[i]) < (double)INFINITY) m = fabs(x[i]);
    return m;
}
/* Are a and b the same n numbers? Numbers are measured by the largest of b. */
static bool same(const double *a, const double *b, dl_int n) {
    const double scale = largest(b, n);
    for (dl_int i = 0; i < n; i++)
        if (!close_to(a[i], b[i], scale, 10 * J.tolerance)) return false;
    return true;
}
static dl_int first_wrong(const trial *t, int k, dl_int *wrong) {
    const arg *g = &t->a.a[k];
    double scale = largest(t->want[k], g->n);
    if (g->role != '=') scale = fmax(scale, largest(g->value, g->n));    /* what it is added to */
    for (int m = 0; J.is_float && m < t->a.count; m++) {       /* what went in may have cancelled */
        const arg *in = &t->a.a[m];
        if (in->role != '=' && !in->below)
            scale = fmax(scale, 0.05 * fmin(1000, largest(in->value, in->n)));
    }
    dl_int first = -1;
    *wrong = 0;
    for (dl_int i = 0; i < g->n; i++) {
        if (close_to(t->got[k][i], t->want[k][i],
                     the_grader.secret ? 0 : scale > 0 ? scale : 1e-3,
                     t->tolerance > 0 ? t->tolerance : J.tolerance)) continue;
        if (first < 0) first = i;
        ++*wrong;
    }
    return first;
}

/* "y[1,2]" */
static void element(char *text, size_t size, const arg *g, dl_int i) {
    size_t n = (size_t)snprintf(text, size, "%s", g->name);
    for (int k = 0; k < g->rank; k++) {
        dl_int below = 1;
        for (int m = k + 1; m < g->rank; m++) below *= g->size[m];
        n += (size_t)snprintf(text + n, size - n, "%s%ld", k ? "," : "[",
                              (long)(i / below % g->size[k]));
    }
    if (g->rank > 0) snprintf(text + n, size - n, "]");
}

/* What the exercise calls a size: its letter, or what the description's names say. In one of four
   buffers in turn. */
static const char *dim_name(const char *dim) {
    static char text[4][8];
    static int turn;
    turn = (turn + 1) % 4;
    const char key[3] = {dim[0], '=', 0};
    const char *at = dim[1] == 0 && the_grader.names ? strstr(the_grader.names, key) : NULL;
    if (at == NULL || sscanf(at + 2, "%7s", text[turn]) != 1) return dim;
    return text[turn];
}

#include "diagnose.h"

/* ---- telling ---- */

/* nan has a sign on some machines. In one of two buffers in turn. */
static const char *number(double x) {
    static char text[2][32];
    static int turn;
    turn = !turn;
    if (x != x) return "nan";
    snprintf(text[turn], sizeof text[turn], "%.6g", x);
    return text[turn];
}

static void print_numbers(const char *name, const arg *g, const double *x) {
    printf("      %-8s", name);
    const dl_int row = g->rank > 1 ? g->size[g->rank - 1] : g->n;
    for (dl_int i = 0; i < g->n && i < SHOWN; i++)
        printf(i > 0 && i % row == 0 ? "  | %s" : " %s", number(x[i]));
    printf(g->n > SHOWN ? " ...\n" : "\n");
}
static void print_sizes(const args *a) {
    bool any = false;
    for (int i = 0; i < 26; i++)
        if (a->size[i] > 0) {
            const char letter[2] = {(char)('A' + i), 0};
            if (strcmp(dim_name(letter), "-") == 0) continue;
            printf("%s%s=%ld", any ? ", " : "  (", dim_name(letter), (long)a->size[i]);
            any = true;
        }
    printf(any ? ")\n" : "\n");
}
/* The names of the checks. */
static const char *check_title(void) {
    static const char *const title[][3] = {
        {"hand", "numbers worked out by hand", "手算的数"},
        {"shapes", "random numbers of odd shapes", "各种形状的随机数"},
        {"gradient", "gradient check: against difference quotients", "梯度检验：与差商比较"},
        {"adds", "gradients are added to what is there", "梯度要加到原有的数上"},
        {"null", "an array that may be NULL is NULL", "可以是 NULL 的数组真的是 NULL"},
        {"nan", "a NaN goes through", "NaN 要传下去"},
        {"rows", "samples do not mix", "样本互不相干"},
        {"time", "not many times slower than the reference", "不比参考实现慢太多"},
        {"float", "the same in single precision", "单精度下同样的检查"},
    };
    if (the_grader.secret) return T("your numbers", "你写的数");
    for (size_t i = 0; i < sizeof title / sizeof *title; i++)
        if (strcmp(title[i][0], J.check) == 0) return T(title[i][1], title[i][2]);
    return J.check;
}

/* What the learner's function printed, at most a dozen lines, without reports of the sanitizer. */
static void print_printed(void) {
    char path[OS_PATH], line[400];
    path_in(path, "printed");
    FILE *f = fopen(path, "r");
    for (int n = 0; f && fgets(line, sizeof line, f) && n < 12; n++) {
        if (strstr(line, "=====") || strstr(line, "runtime error")) break;
        if (n == 0) printf(T("    your code printed:\n", "    你的程序打印了：\n"));
        printf("      > %.200s%s", line, strchr(line, '\n') ? "" : "\n");
    }
    if (f) fclose(f);
}

static void verdict(const char *diagnosis) {
    FILE *f = fopen(J.verdicts, "a");
    if (f == NULL) exit(3);
    if (diagnosis) fprintf(f, "%s failed %s\n", J.check, diagnosis);
    else fprintf(f, "%s ok\n", J.check);
    fclose(f);
    if (diagnosis) J.failed++;
}

/* The calls of a trial took these seconds, and that is too long; at_least: they were stopped. */
static void tell_slow(const trial *t, double seconds, bool at_least) {
    printf("\n  %s: %s", check_title(), entries[t->entry].function);
    print_sizes(&t->a);
    printf(T("    The numbers are right, but it takes %s%.0f times as long as the reference\n"
             "    (%.2g seconds of processor time for %ld calls; %d times as long is allowed).\n"
             "    Is there a loop too many, or something in the innermost loop that could be done\n"
             "    once before it?\n",
             "    数是对的，但用时是参考实现的%s %.0f 倍\n"
             "    （%.2g 秒处理器时间，共 %ld 次调用；最多允许 %d 倍）。\n"
             "    是不是多了一层循环？最里层有没有什么，可以在循环之前只做一次？\n"),
           at_least ? T("more than ", "超过") : "", seconds / t->reference, seconds,
           (long)t->times, SLOWER);
    verdict("slow");
}
/* Is it more than SLOWER times slower than the reference? */
static bool is_slow(const trial *t) {
    return t->reference > 0 && t->seconds > SLOWER * t->reference;
}

/* The child did not come to the end. */
static void tell_crash(const os_job *job, const trial *t) {
    char path[OS_PATH], line[400], where[100] = "", what[200] = "";
    const char *diagnosis = "crash";
    path_in(path, "printed");
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        char *at = strstr(line, "AddressSanitizer: "), *c;
        if (at) sscanf(at + 18, "%199s", what);
        if ((at = strstr(line, "LeakSanitizer: ")) != NULL) strcpy(what, "leak");
        if ((at = strstr(line, "runtime error: ")) != NULL) snprintf(what, sizeof what, "%s",
                                                                     at + 15);
        for (c = line; where[0] == 0 && (c = strstr(c, ".c:")) != NULL; c++) {
            char *begin = c;
            while (begin > line && begin[-1] != ' ' && begin[-1] != '/') begin--;
            if (*begin >= '0' && *begin <= '9' && atoi(c + 3) > 0)
                snprintf(where, sizeof where, "%.*s:%d", (int)(c + 2 - begin), begin, atoi(c + 3));
        }
    }
    if (f) fclose(f);
    what[strcspn(what, "\r\n")] = 0;
    if (job->end == OS_SLOW && t->reference > 0) {
        tell_slow(t, child_seconds(), true);
        return;
    }
    printf("\n  %s: %s", check_title(), entries[t->entry].function);
    print_sizes(&t->a);
    if (job->end == OS_SLOW) {
        diagnosis = "slow";
        printf(T("    It did not come to an end in %d seconds. A loop that never ends? Look at\n"
                 "    what each loop counts, and where it stops.\n",
                 "    %d 秒还没有算完。是不是有一个不会结束的循环？\n"
                 "    看看每个循环数的是什么，到哪里为止。\n"),
               child_seconds());
    } else if (strstr(what, "overflow") && !strstr(what, "signed") &&
               strcmp(what, "stack-overflow") != 0) {
        diagnosis = "out-of-bounds";
        printf(T("    It reads or writes outside an array (%s), here: %s\n"
                 "    Look at the index, and at where the loops end.\n",
                 "    读写到了数组外面（%s），在这里：%s\n    看看下标，再看看循环到哪里为止。\n"),
               what, where[0] ? where : "?");
    } else if (strcmp(what, "leak") == 0) {
        diagnosis = "leak";
        printf(T("    It allocates memory and does not free it. (No allocation is needed here.)\n",
                 "    分配了内存，没有释放。（这里其实不需要分配。）\n"));
    } else if (what[0]) {
        printf(T("    It crashed: %s, here: %s\n", "    程序崩溃了：%s，在这里：%s\n"), what,
               where[0] ? where : "?");
    } else if (job->end == OS_CRASHED) {
        printf(T("    It crashed (%s). Usually that is an index outside an array, or a NULL.\n",
                 "    程序崩溃了（%s）。多半是下标越界，或者用了 NULL。\n"),
#ifdef _WIN32
               "access violation");
#else
               strsignal(job->code));
#endif
    } else {
        diagnosis = "exit";
        printf(T("    It ended the program itself (exit code %d). A function should return.\n",
                 "    它自己结束了程序（退出码 %d）。这个函数只应当返回。\n"), job->code);
    }
    print_printed();
    verdict(diagnosis);
}

/* An array of trial t is wrong, first at i. */
static void tell_wrong(const trial *t, int k, dl_int i, dl_int wrong) {
    const arg *g = &t->a.a[k];
    char name[80], text[2000] = "";
    const double before = J.tolerance;
    if (t->tolerance > 0) J.tolerance = t->tolerance;
    const char *diagnosis = diagnose(t, k, text, sizeof text);
    J.tolerance = before;
    verdict(diagnosis);
    if (J.all && J.told) return;
    element(name, sizeof name, g, i);
    printf("\n  %s: %s", check_title(), entries[t->entry].function);
    print_sizes(&t->a);
    if (the_grader.secret)
        printf(T("    %s is %s, and that is too %s\n", "    %s 是 %s，%s\n"), name,
               number(t->got[k][i]),
               t->got[k][i] < t->want[k][i] ? T("small", "太小了") : T("large", "太大了"));
    else
        printf(T("    %s is %s, wanted %s\n", "    %s 是 %s，应当是 %s\n"), name,
               number(t->got[k][i]), number(t->want[k][i]));
    if (g->n > 1 && wrong > 1)
        printf(T("    (%ld of its %ld numbers differ)\n", "    （%ld 个数不对，一共 %ld 个）\n"),
               (long)wrong, (long)g->n);
    if (!the_grader.secret && g->n > 1) {
        print_numbers(T("yours", "你的"), g, t->got[k]);
        print_numbers(T("wanted", "应当是"), g, t->want[k]);
    }
    for (int m = 0; m < t->a.count; m++) {
        const arg *in = &t->a.a[m];
        if (in->role == '=' || in->n > SHOWN) continue;
        if (in->null) printf("      %-8s NULL\n", in->name);
        else if (in->role != '+' || largest(in->value, in->n) > 0)
            print_numbers(in->name, in, in->value);
    }
    if (the_grader.explain && strcmp(J.check, "gradient") != 0) {
        printf("    ");
        args b = t->a;
        for (int m = 0; m < b.count; m++) b.a[m].data = b.a[m].value;       /* dl_real is double */
        the_grader.explain(&b, g, i, stdout);
    }
    if (text[0]) printf("    -> %s\n", text);
    print_printed();
}

/* The child's answers are the measure of other calls, or too slow: forget that they were made. */
static void forget_answers(void) {
    for (int c = 0; c < J.count; c++)
        for (int i = 0; i < J.trial[c].a.count; i++) {
            free(J.trial[c].got[i]);
            J.trial[c].got[i] = NULL;
        }
}

/* Run the trials there are, and judge them: one check. Removes them. */
static bool judge(const char *check) {
    os_job job;
    int done;
    J.check = check;
    if (J.count == 0 || (J.failed && !J.all)) {
        trials_free();
        return true;
    }
    const int before = J.failed;
    bool ended = run_child(&job, &done), slow = false;
    for (int c = 0; c < done; c++) slow = slow || is_slow(&J.trial[c]);
    if (ended && slow) {                         /* the machine may have been busy: once more */
        forget_answers();
        ended = run_child(&job, &done);
    }
    J.done = done;
    for (int c = 0; c < done && J.failed == before; c++) {
        const trial *t = &J.trial[c];
        for (int k = 0; k < t->a.count && J.failed == before; k++) {
            dl_int wrong = 0, i;
            const arg *g = &t->a.a[k];
            if (!t->whole[k]) {
                printf(T("\n  %s\n    It writes outside the array %s.\n",
                         "\n  %s\n    写到了数组 %s 的外面。\n"), check_title(), g->name);
                verdict("out-of-bounds");
            } else if (g->role == ' ' && !g->null && !same(t->got[k], g->value, g->n)) {
                printf(T("\n  %s\n    %s is an input, and was changed.\n",
                         "\n  %s\n    %s 是输入，却被改动了。\n"), check_title(), g->name);
                verdict("input-changed");
            } else if (t->want[k] && (i = first_wrong(t, k, &wrong)) >= 0)
                tell_wrong(t, k, i, wrong);
        }
        if (J.failed == before && is_slow(t)) tell_slow(t, t->seconds, false);
    }
    if (!ended && J.failed == before) tell_crash(&job,
                                                 &J.trial[done < J.count ? done : J.count - 1]);
    if (J.failed == before) verdict(NULL);
    else J.told = true;
    trials_free();
    return J.failed == before;
}

/* ---- the checks ---- */

/* Numbers "x=1,2": into the argument, or as what is wanted of it. */
static void hand_number(trial *t, const char *name, const char *list) {
    const arg *g = args_need(&t->a, name);
    const int k = (int)(g - t->a.a);
    double *to = g->value;
    dl_int n = 0;
    if (g->role == '=' || ((g->role == '+' || g->role == '~') && t->want[k])) exit(3);
    for (; *list && *list != ' '; n++) {
        char *end;
        const double v = strtod(list, &end);
        if (end == list || n == g->n) {
            fprintf(stderr, "grader: hand numbers of %s: not %ld numbers\n", name, (long)g->n);
            exit(3);
        }
        to[n] = v;
        list = *end == ',' ? end + 1 : end;
    }
    if (n != g->n) {
        fprintf(stderr, "grader: hand numbers of %s: %ld, not %ld\n", name, (long)n, (long)g->n);
        exit(3);
    }
}

/* Numbers worked out by hand have few digits: where there is a reference they are compared with it
   (a fault of the description, if they differ) and its digits are wanted; else three are enough. */
static void hand_digits(trial *t) {
    if (entries[t->entry].call == NULL) {
        t->tolerance = J.tolerance > 1e-3 ? J.tolerance : 1e-3;
        return;
    }
    args b = call_here(t->entry, &t->a);
    for (int i = 0; i < b.count; i++) {
        for (dl_int k = 0; t->want[i] && k < b.a[i].n; k++) {
            if (close_to(t->want[i][k], b.a[i].value[k], largest(b.a[i].value, b.a[i].n), 1e-3))
                continue;
            fprintf(stderr, "grader: hand numbers: %s[%ld] is %g, the reference says %g\n",
                    b.a[i].name, (long)k, t->want[i][k], b.a[i].value[k]);
            exit(3);
        }
        free(t->want[i]);
        t->want[i] = NULL;
    }
    args_free(&b);
}

/* "N=1 D=2 x=1,2 b=NULL -> y=0.5": in front of the arrow sizes and what goes in, behind it what
   should come out. */
static void check_hand(bool also_float) {
    for (int h = 0; h < MOST_HANDS && the_grader.hand[h].text; h++) {
        char text[1000];
        const char *c = text;
        variant_expand(text, sizeof text, the_grader.hand[h].text);
        dl_int size[26] = {0};
        trial *t = NULL;
        bool results = false;
        while (*c) {
            char name[16];
            const size_t n = strcspn(c, "= ");
            if (n > 15) exit(3);
            if (*c == ' ') { c++; continue; }
            memcpy(name, c, n);
            name[n] = 0;
            c += n + (c[n] == '=');
            if (strcmp(name, "->") == 0) results = true;
            else if (n == 1 && name[0] >= 'A' && name[0] <= 'Z') size[name[0] - 'A'] = atol(c);
            else {
                if (t == NULL) {
                    args b;
                    memset(&b, 0, sizeof b);
                    memcpy(b.size, size, sizeof size);
                    if (the_grader.sizes) the_grader.sizes(&b);
                    t = trial_new(the_grader.hand[h].entry, b.size);
                }
                arg *g = args_need(&t->a, name);
                const int k = (int)(g - t->a.a);
                if (strncmp(c, "NULL", 4) == 0) g->null = true;
                else if (!results) hand_number(t, name, c);
                else {                                 /* read it into a place of its own */
                    double *before = g->value;
                    const char role = g->role;
                    g->value = need((size_t)g->n * sizeof(double));
                    g->role = ' ';
                    hand_number(t, name, c);
                    t->want[k] = g->value;
                    g->value = before;
                    g->role = role;
                }
            }
            c += strcspn(c, " ");
        }
        if (t == NULL) t = trial_new(the_grader.hand[h].entry, size);
        hand_digits(t);
        want_reference(t);
    }
    if (!also_float) judge("hand");
}

/* Sizes of the s-th random shape of an entry: unequal where it can be, N = 1 in the first. */
static void draw_sizes(dl_int *size, int e, int s) {
    args a;
    bool used[26] = {false};
    memset(&a, 0, sizeof a);
    for (const char *c = entries[e].list; *c; c++) {
        if (*c == '[') while (*c && *c != ']') {
            if (*c >= 'A' && *c <= 'Z') used[*c - 'A'] = true;
            c++;
        }
        if (*c == '#') used[c[1] - 'A'] = true;
    }
    for (const char *c = the_grader.ranges; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z') used[*c - 'A'] = true;
    for (int attempt = 0; attempt < 50; attempt++) {
        bool taken[64] = {false}, unequal = true;
        for (int l = 0; l < 26; l++) {
            if (!used[l]) continue;
            long lo = 1, hi = 7;
            const char name[3] = {(char)('A' + l), '=', 0};
            const char *r = the_grader.ranges ? strstr(the_grader.ranges, name) : NULL;
            if (r) sscanf(r + 2, "%ld..%ld", &lo, &hi);
            a.size[l] = lo + (long)(mix((uint64_t)s, 77 + (uint64_t)l, (uint64_t)attempt) %
                                    (uint64_t)(hi - lo + 1));
            if (l == 'N' - 'A' && s == 0 && lo == 1) a.size[l] = 1;
            if (r == NULL && a.size[l] < 64) {
                unequal = unequal && !taken[a.size[l]] && (a.size[l] > 1 || s == 0);
                taken[a.size[l]] = true;
            }
        }
        if (unequal) break;
    }
    if (the_grader.sizes) the_grader.sizes(&a);
    memcpy(size, a.size, sizeof a.size);
}

/* Inputs at random. What a backward takes from its forward, the forward here computes (its
   arguments are kept in *front, which may be NULL). */
static trial *trial_random(int e, int s, bool full, args *front) {
    dl_int size[26];
    const int f = entries[e].forward - 1;
    draw_sizes(size, f >= 0 ? f : e, s);
    if (f >= 0) {
        dl_int more[26];
        draw_sizes(more, e, s);
        for (int l = 0; l < 26; l++) if (size[l] == 0) size[l] = more[l];
    }
    trial *t = trial_new(e, size);
    for (int i = 0; i < t->a.count; i++) {
        arg *g = &t->a.a[i];
        if (g->role == ' ' || g->role == '~' || (full && g->role == '+'))
            fill(g, &t->a, (uint64_t)s);
    }
    if (f < 0 || (entries[f].call == NULL && front == NULL)) return t;
    trial *w = trial_new(f, size);
    for (int i = 0; i < w->a.count; i++) {
        arg *g = &w->a.a[i], *b = args_find(&t->a, g->name);
        if (g->role == ' ' && b) memcpy(g->value, b->value, (size_t)g->n * sizeof(double));
        else if (g->role == ' ') fill(g, &w->a, (uint64_t)s);
    }
    args a = w->a;
    for (int i = 0; i < a.count; i++) a.a[i].value = copy(a.a[i].value, a.a[i].n);
    if (entries[f].call) {
        args out = call_here(f, &a);
        for (int i = 0; i < out.count; i++) {
            arg *b = args_find(&t->a, out.a[i].name);
            if (b && out.a[i].role != ' ' && b->role == ' ')
                memcpy(b->value, out.a[i].value, (size_t)b->n * sizeof(double));
        }
        args_free(&out);
    }
    for (int i = 0; i < w->a.count; i++) free(w->a.a[i].value);
    J.count--;                                                     /* w was only for its sizes */
    if (front) *front = a;
    else args_free(&a);
    return t;
}

static int entry_count(void) {
    int n = 0;
    while (n < MOST_ENTRIES && entries[n].function) n++;
    return n;
}
/* Entries whose name is a learner's: those of the judge alone have none ("-"). */
static bool is_learners(int e) { return entries[e].function[0] != '-'; }

/* full: gradients are not zero before the call. */
static void shapes(bool full, int count) {
    for (int e = 0; e < entry_count(); e++) {
        bool adds = false;
        args a;
        args_read(&a, entries[e].list);
        for (int i = 0; i < a.count; i++) adds = adds || a.a[i].role == '+';
        if (entries[e].call == NULL || !is_learners(e) || (full && !adds)) continue;
        for (int s = 0; s < count; s++) want_reference(trial_random(e, s, full, NULL));
    }
}

static void check_null(void) {
    for (int e = 0; e < entry_count(); e++) {
        if (entries[e].call == NULL || !is_learners(e)) continue;
        args a;
        args_read(&a, entries[e].list);
        for (int i = 0; i < a.count; i++) {
            if (!a.a[i].may_be_null) continue;
            trial *t = trial_random(e, 1, true, NULL);
            t->a.a[i].null = true;
            want_reference(t);
        }
    }
    judge("null");
}

static void check_nan(void) {
    for (int e = 0; e < entry_count(); e++) {
        if (entries[e].call == NULL || !is_learners(e)) continue;
        args a;
        args_read(&a, entries[e].list);
        for (int i = 0; i < a.count; i++) {
            if (a.a[i].role != ' ' || a.a[i].below || a.a[i].rank == 0) continue;
            trial *t = trial_random(e, 1, false, NULL);
            t->a.a[i].value[t->a.a[i].n / 2] = (double)NAN;
            want_reference(t);
        }
    }
    judge("nan");
}

/* Gradients that are not zero before the call; without a reference, the learner's own gradients
   from zero are the measure. */
static void check_adds(void) {
    shapes(true, 3);
    for (int e = 0; e < entry_count(); e++) {
        args a;
        bool adds = false;
        args_read(&a, entries[e].list);
        for (int i = 0; i < a.count; i++) adds = adds || a.a[i].role == '+';
        if (entries[e].call || !is_learners(e) || !adds) continue;
        const int first = J.count;
        trial_random(e, 2, false, NULL);
        trial_random(e, 2, true, NULL);
        os_job job;
        int done;
        if (!run_child(&job, &done)) break;                /* judge() will tell */
        const trial *zero = &J.trial[first];
        trial *t = &J.trial[first + 1];
        for (int i = 0; i < t->a.count; i++) {
            if (t->a.a[i].role != '+') continue;
            t->want[i] = copy(t->a.a[i].value, t->a.a[i].n);
            for (dl_int k = 0; k < t->a.a[i].n; k++) t->want[i][k] += zero->got[i][k];
        }
        forget_answers();
    }
    judge("adds");
}

/* Several samples at once give what each gives alone. */
static void check_rows(void) {
    for (int e = 0; e < entry_count(); e++) {
        if (!is_learners(e)) continue;
        const int first = J.count;
        trial *t = trial_random(e, 2, false, NULL);
        const dl_int N = t->a.size['N' - 'A'];
        for (dl_int r = 0; r < N; r++) {
            dl_int size[26];
            memcpy(size, t->a.size, sizeof size);
            size['N' - 'A'] = 1;
            trial *one = trial_new(e, size);
            for (int i = 0; i < t->a.count; i++) {
                arg *to = &one->a.a[i];
                const arg *from = &t->a.a[i];
                const bool by_row = from->rank > 0 && strcmp(from->dim[0], "N") == 0;
                if (to->role == ' ')
                    memcpy(to->value, from->value + (by_row ? r * to->n : 0),
                           (size_t)to->n * sizeof(double));
            }
        }
        os_job job;
        int done;
        if (!run_child(&job, &done)) break;                /* judge() will tell */
        t = &J.trial[first];
        for (int i = 0; i < t->a.count; i++) {
            const arg *g = &t->a.a[i];
            if (g->role != '=' || g->rank == 0 || strcmp(g->dim[0], "N") != 0) continue;
            t->want[i] = need((size_t)g->n * sizeof(double));
            for (dl_int r = 0; r < N; r++)
                memcpy(t->want[i] + r * (g->n / N), J.trial[first + 1 + r].got[i],
                       (size_t)(g->n / N) * sizeof(double));
        }
        forget_answers();
    }
    judge("rows");
}

/* What must a backward give? With the loss sum of dy[i] y[i] over the forward's outputs, the
   derivative by each input, by moving it h to both sides. The forward is the reference or, where
   there is none, the learner's own. */
static void check_gradient(void) {
    for (int e = 0; e < entry_count(); e++) {
        const int f = entries[e].forward - 1;
        if (f < 0 || !is_learners(e)) continue;
        for (int s = 0; s < 3; s++) {
            const double h = 1e-5;
            args front;
            const int at = J.count;
            trial *t = trial_random(e, s, false, &front);
            (void)t;
            for (int i = 0; i < front.count; i++)                   /* two calls for each element */
                for (dl_int k = 0; k < front.a[i].n; k++) {
                    char name[18];
                    snprintf(name, sizeof name, "d%s", front.a[i].name);
                    const arg *d = args_find(&J.trial[at].a, name);
                    if (front.a[i].role != ' ' || d == NULL || d->role != '+') continue;
                    for (int side = -1; side <= 1; side += 2) {
                        trial *w = trial_new(f, front.size);
                        for (int m = 0; m < front.count; m++)
                            memcpy(w->a.a[m].value, front.a[m].value,
                                   (size_t)front.a[m].n * sizeof(double));
                        w->a.a[i].value[k] += side * h;
                    }
                }
            os_job job;
            int done = J.count;
            if (entries[f].call == NULL && !run_child(&job, &done)) { args_free(&front); break; }
            int at_w = at + 1;
            for (int i = 0; i < front.count; i++) {
                char name[18];
                snprintf(name, sizeof name, "d%s", front.a[i].name);
                arg *d = args_find(&J.trial[at].a, name);
                if (front.a[i].role != ' ' || d == NULL || d->role != '+') continue;
                double *want = need((size_t)d->n * sizeof(double));
                for (dl_int k = 0; k < d->n; k++)
                    for (int side = -1; side <= 1; side += 2) {
                        trial *w = &J.trial[at_w++];
                        args out = w->a;
                        if (entries[f].call) out = call_here(f, &w->a);
                        double loss = 0;
                        for (int m = 0; m < out.count; m++) {
                            if (out.a[m].role != '=') continue;
                            const double *y = entries[f].call ? out.a[m].value : w->got[m];
                            snprintf(name, sizeof name, "d%s", out.a[m].name);
                            const arg *dy = args_find(&J.trial[at].a, name);
                            if (dy == NULL) continue;
                            for (dl_int q = 0; q < out.a[m].n; q++)
                                loss += dy->value[dy->n == 1 ? 0 : q] * y[q];
                        }
                        want[k] += side * loss / (2 * h);
                        if (entries[f].call) args_free(&out);
                    }
                J.trial[at].want[d - J.trial[at].a.a] = want;
            }
            args_free(&front);
            while (J.count > at + 1) {                              /* the calls of the forward */
                trial *w = &J.trial[--J.count];
                for (int i = 0; i < w->a.count; i++) { free(w->a.a[i].value); free(w->got[i]); }
            }
            forget_answers();
        }
    }
    const double before = J.tolerance;
    if (J.tolerance < 1e-6) J.tolerance = 1e-6;
    judge("gradient");
    J.tolerance = before;
}

/* The reference, called so many times, and what it took. */
static struct { call_fn call; int32_t times; double seconds; } clocked;
static void call_clocked(args *a) {
    const clock_t before = clock();
    for (int32_t i = 0; i < clocked.times; i++) clocked.call(a);
    clocked.seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
}

/* As many calls as keep the reference busy for a while, and the same of the learner's. Who prints
   numbers to find a fault is not timed. */
static void check_time(void) {
    char path[OS_PATH];
    path_in(path, "printed");
    FILE *f = fopen(path, "r");
    const bool printed = f && fgetc(f) != EOF;
    if (f) fclose(f);
    if (printed || J.failed || the_grader.secret) return;
    for (int e = 0; e < entry_count(); e++) {
        if (entries[e].call == NULL || !is_learners(e)) continue;
        trial *t = trial_random(e, 1, false, NULL);
        clocked.call = entries[e].call;
        clocked.times = 1;
        do {
            clocked.times *= 2;
            args b = call_with(call_clocked, &t->a);
            args_free(&b);
        } while (clocked.seconds < timed && clocked.times < 1 << 16);
        t->times = clocked.times;
        t->reference = fmax(clocked.seconds, timed);
    }
    judge("time");
}

int main(int argc, char **argv) {
    if (argc < 7) return 3;
    J.dir = argv[1];
    J.is_float = strcmp(argv[2], "float") == 0;
    J.chinese = strcmp(argv[3], "zh") == 0;
    J.seed = strtoull(argv[4], NULL, 10);
    J.all = strcmp(argv[5], "all") == 0;
    J.quick = strcmp(argv[5], "quick") == 0;
    J.verdicts = argv[6];
    J.variants = argc > 8 ? argc - 8 : 0;
    J.variant = argv + 8;
    if (J.variants > 0) variant_row = J.variant[atoi(argv[7])];
    J.trial = need(MOST_TRIALS * sizeof *J.trial);
    J.tolerance = the_grader.tolerance > 0 ? the_grader.tolerance : J.is_float ? 2e-5 : 1e-9;
    if (J.is_float) {
        if (the_grader.inexact) return 0;
        check_hand(true);
        shapes(false, SHAPES);
        judge("float");
        return J.failed > 0;
    }
    check_hand(false);
    shapes(false, SHAPES);
    judge("shapes");
    check_gradient();
    check_adds();
    check_null();
    if (the_grader.nan) check_nan();
    if (the_grader.rows) check_rows();
    check_time();
    return J.failed > 0;
}
