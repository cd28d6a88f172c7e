/* grader.h - how an exercise is described to those who judge it (tests/graders/README.md tells how
   to write one). A description tests/graders/NN_name.c is compiled twice: into the child, together
   with the learner's file, where CHILD is defined and a call reaches the learner's function; and
   into the judge, where the same call reaches the reference. */
#ifndef GRADER_H_INCLUDED
#define GRADER_H_INCLUDED
#include "exercise.h"

enum { MOST_ARGS = 16, MOST_ENTRIES = 6, MOST_HANDS = 8, MOST_MISTAKES = 16 };

/* One argument of a call, read from an entry's list. */
typedef struct arg {
    char    name[16];
    char    role;               /* '=' is set, '+' is added to, '~' is changed, ' ' is read only  */
    bool    may_be_null, null;
    char    below;              /* whole numbers 0 .. (that size) - 1; 0: real numbers            */
    int     rank;               /* 0: a single number                                             */
    char    dim[6][8];          /* "N", "4H", "7"                                                 */
    double  lo, hi;             /* the range of random values                                     */
    dl_int  n, size[6];
    double *value;              /* n numbers                                                      */
    void   *data;               /* the same as dl_real or int32_t, which the function gets        */
} arg;
typedef struct args {
    arg    a[MOST_ARGS];
    int    count;
    dl_int size[26];            /* of the letters A .. Z */
} args;

static inline arg *args_find(args *a, const char *name) {
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->a[i].name, name) == 0) return &a->a[i];
    return NULL;
}
static inline arg *args_need(args *a, const char *name) {
    arg *found = args_find(a, name);
    if (found) return found;
    fprintf(stderr, "grader: there is no argument %s\n", name);
    exit(3);
}

/* What a call is made of. R(x): the array x; L(label): an array of whole numbers; I(N): a size;
   S(lr): a single real number. */
#define R(name) ((dl_real *)args_need(a, #name)->data)
#define L(name) ((int32_t *)args_need(a, #name)->data)
#define I(letter) (a->size[#letter[0] - 'A'])
#define S(name) (args_need(a, #name)->value[0])

/* Exercises that come in variants: the row of values by which is judged, "a=2|>y=(0.33, -0.43)|".
   V(a): the value of a in it as a number; variant_cell("a") as a text. */
extern const char *variant_row;
static inline const char *variant_cell(const char *name) {
    static char text[4][80];
    static int turn;
    const size_t n = strlen(name);
    turn = (turn + 1) % 4;
    for (const char *c = variant_row; *c; c += strcspn(c, "|"), c += *c == '|') {
        c += *c == '>';
        if (strncmp(c, name, n) != 0 || c[n] != '=') continue;
        snprintf(text[turn], sizeof text[turn], "%.*s", (int)strcspn(c + n + 1, "|"), c + n + 1);
        return text[turn];
    }
    fprintf(stderr, "grader: no variant has a value %s\n", name);
    exit(3);
}
#define V(name) strtod(variant_cell(#name), NULL)

/* $a in a text becomes the value, and "(1, 2; 3, 4)" the list 1,2,3,4. */
static inline void variant_expand(char *to, size_t size, const char *from) {
    size_t n = 0;
    while (*from && n + 1 < size) {
        char name[24];
        if (*from != '$') { to[n++] = *from++; continue; }
        from++;
        const size_t k = strspn(from, "abcdefghijklmnopqrstuvwxyz");
        snprintf(name, sizeof name, "%.*s", (int)k, from);
        from += k;
        for (const char *c = variant_cell(name); *c && n + 1 < size; c++)
            if (strchr("() ", *c) == NULL) to[n++] = *c == ';' ? ',' : *c;
    }
    to[n] = 0;
}

typedef void (*call_fn)(args *a);

/* A function that is called: the learner's, or in the judge its reference. */
typedef struct entry {
    const char *function;       /* its name, for messages                                         */
    const char *list;           /* "=y[N,M] x[N,D] w[M,D] b[M]?"                                  */
    call_fn     call;
    int         forward;        /* of a backward: 1 + the number of its forward among the entries */
} entry;

#ifdef CHILD
#define REFERENCE(function, kernel)
#define JUDGE(call) NULL
#define LEARNERS(call) call
#else
/* The learner's function, in the judge: a kernel of dl.h. */
#define REFERENCE(function, kernel) static const kernel##_fn function = kernel;
#define JUDGE(call) call           /* the judge has it alone: a forward that gradients need    */
#define LEARNERS(call) NULL        /* the child has it alone: there is no reference            */
#endif

/* After a pass, the learner's function takes the place of a kernel in dl.h's table, and trains. */
#ifdef TRAIN
#define TRAINS(kernel, function) static void train_put(dl_kernels *k) { k->kernel = function; }
#else
#define TRAINS(kernel, function)
#endif

/* Numbers worked out by hand: sizes, inputs and (where given; else the reference says them)
   outputs: "N=1 D=2 x=1,2 y=0.5". */
typedef struct hand { int entry; const char *text; } hand;

/* A mistake that learners make: a wrong function, and what to tell who wrote it. */
typedef struct mistake {
    const char *name;           /* what tests call it: "no-bias"                                  */
    int         entry;
    call_fn     call;
    const char *en, *zh;
} mistake;

typedef struct grader {
    hand        hand[MOST_HANDS];
    mistake     mistake[MOST_MISTAKES];
    const char *ranges;                 /* sizes of random shapes, if not 1 .. 7: "K=1..3 N=4..4" */
    const char *names;                  /* of sizes, if not their letters; - for none: "S=s J=-"  */
    void      (*sizes)(args *a);         /* sizes that follow from others, in a->size             */
    void      (*explain)(args *a, const arg *out, dl_int i, FILE *f);   /* how out[i] comes about */
    bool        nan;                     /* check that a NaN goes through                         */
    bool        rows;                    /* check that samples do not mix                         */
    bool        secret;                  /* do not print what is wanted                           */
    bool        inexact;                 /* no comparison in float (a thing of chance, a count)   */
    double      tolerance;               /* relative; 0: 1e-9 in double, 2e-5 in float            */
} grader;

extern const entry entries[MOST_ENTRIES];
#ifndef CHILD
extern const grader the_grader;
#endif

/* ---- reading an entry's list ---- */

/* "4H+1" of the sizes: a sum of letters and numbers, a number in front of a letter multiplies. */
static inline dl_int args_size(const args *a, const char *text) {
    dl_int sum = 0;
    while (*text) {
        dl_int factor = 1;
        if (*text >= '0' && *text <= '9') {
            char *end;
            factor = (dl_int)strtol(text, &end, 10);
            text = end;
        }
        if (*text >= 'A' && *text <= 'Z') factor *= a->size[*text++ - 'A'];
        sum += factor;
        if (*text == '+') text++;
        else if (*text) { fprintf(stderr, "grader: what is the size %s?\n", text); exit(3); }
    }
    return sum;
}

/* The arguments of a list like "=y[N,M] x[N,D](-1,1) label[N]#M b[M]? lr(.1,.5)", without sizes. */
static inline void args_read(args *a, const char *with_variant) {
    char text[400], *list = text;
    variant_expand(text, sizeof text, with_variant);
    memset(a, 0, sizeof *a);
    while (*list) {
        arg *g = &a->a[a->count];
        g->role = ' ';
        g->lo = -2;
        g->hi = 2;
        while (*list == ' ') list++;
        if (*list == 0) break;
        if (strchr("=+~", *list)) g->role = *list++;
        size_t n = strcspn(list, " [](?#");
        if (n == 0 || n > 15 || a->count == MOST_ARGS) {
            fprintf(stderr, "grader: a list of arguments is not understood at: %s\n", list);
            exit(3);
        }
        memcpy(g->name, list, n);
        list += n;
        while (*list && *list != ' ') switch (*list++) {
            case '[':
                while (*list && list[-1] != ']') {
                    n = strcspn(list, ",]");
                    if (n > 7 || g->rank == 6) exit(3);
                    memcpy(g->dim[g->rank++], list, n);
                    list += n + (list[n] != 0);
                }
                break;
            case '(':
                g->lo = strtod(list, &list);
                g->hi = strtod(list + 1, &list);
                list++;
                break;
            case '?': g->may_be_null = true; break;
            case '#': g->below = *list++; break;
            default:
                fprintf(stderr, "grader: a list of arguments is not understood at: %s\n", list - 1);
                exit(3);
        }
        a->count++;
    }
}

/* The sizes of all arguments, from those of the letters. */
static inline void args_measure(args *a) {
    for (int i = 0; i < a->count; i++) {
        arg *g = &a->a[i];
        g->n = 1;
        for (int k = 0; k < g->rank; k++) g->n *= g->size[k] = args_size(a, g->dim[k]);
    }
}

#endif /* GRADER_H_INCLUDED */
