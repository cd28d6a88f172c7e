/* counting.h - an allocator that counts, and can be told to fail; include it before dl.h. */
#ifndef COUNTING_H
#define COUNTING_H

#include <stdlib.h>

static long count_calls;      /* allocations tried so far              */
static long count_live;       /* blocks that have not been freed       */
static long count_fail_at;    /* this allocation fails; 0: none does   */
static size_t count_largest;  /* bytes of the largest asked for so far  */

static void *count_malloc(size_t n)
{
    void *p;
    if (n > count_largest) count_largest = n;
    if (++count_calls == count_fail_at) return NULL;
    p = malloc(n ? n : 1);
    if (p) count_live++;
    return p;
}

static void count_free(void *p)
{
    if (p) count_live--;
    free(p);
}

static void *count_realloc(void *p, size_t n)
{
    void *q;
    if (++count_calls == count_fail_at) return NULL;
    q = realloc(p, n ? n : 1);
    if (q && !p) count_live++;
    return q;
}

#define DL_MALLOC(n)     count_malloc(n)
#define DL_REALLOC(p, n) count_realloc(p, n)
#define DL_FREE(p)       count_free(p)

#endif
