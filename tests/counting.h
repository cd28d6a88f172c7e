/* counting.h - an allocator that counts, and can be told to fail; include it before dl.h. */
#ifndef COUNTING_H
#define COUNTING_H

#include <stdint.h>
#include <stdlib.h>

static long count_calls;      /* allocations tried so far              */
static long count_live;       /* blocks that have not been freed       */
static long count_fail_at;    /* this allocation fails; 0: none does   */
static size_t count_largest;  /* bytes of the largest asked for so far  */

static size_t count_bytes;    /* bytes that have not been freed        */
static size_t count_peak;     /* the most there were                   */

/* Each block has its size in front. */
enum { COUNT_HEAD = 64 };

static void *count_block(char *p, size_t n)
{
    if (!p) return NULL;
    *(size_t *)(void *)p = n;
    count_live++;
    count_bytes += n;
    if (count_bytes > count_peak) count_peak = count_bytes;
    return p + COUNT_HEAD;
}

static char *count_head(void *p)
{
    char *head = p ? (char *)p - COUNT_HEAD : NULL;
    if (!head) return NULL;
    count_live--;
    count_bytes -= *(size_t *)(void *)head;
    return head;
}

static void *count_malloc(size_t n)
{
    if (n > count_largest) count_largest = n;
    if (++count_calls == count_fail_at || n > SIZE_MAX - COUNT_HEAD) return NULL;
    return count_block((char *)malloc(n + COUNT_HEAD), n);
}

static void count_free(void *p) { free(count_head(p)); }

static void *count_realloc(void *p, size_t n)
{
    size_t old = p ? *(size_t *)(void *)((char *)p - COUNT_HEAD) : 0;
    void *q;
    if (++count_calls == count_fail_at || n > SIZE_MAX - COUNT_HEAD) return NULL;
    q = count_block((char *)realloc(count_head(p), n + COUNT_HEAD), n);
    if (!q && p) {                               /* the old block is still there */
        count_live++;
        count_bytes += old;
    }
    return q;
}

/* Count the peak from now on. */
static inline void count_peak_start(void) { count_peak = count_bytes; }

#define DL_MALLOC(n)     count_malloc(n)
#define DL_REALLOC(p, n) count_realloc(p, n)
#define DL_FREE(p)       count_free(p)

#endif
