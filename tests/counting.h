/* counting.h - an allocator that counts, can be told to fail, and sees what is written behind a
   block; include it before dl.h. */
#ifndef COUNTING_H
#define COUNTING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long count_calls;      /* allocations tried so far              */
static long count_live;       /* blocks that have not been freed       */
static long count_fail_at;    /* this allocation fails; 0: none does   */
static size_t count_largest;  /* bytes of the largest asked for so far  */
static size_t count_bytes;    /* bytes of blocks that are not freed     */
static size_t count_peak;     /* the most of them since count_peak_start */

/* In front of each block its size; behind it bytes that nobody may change. */
enum { COUNT_FRONT = 64, COUNT_BEHIND = 16 };

static void *count_block(void *p, size_t n)
{
    if (!p) return NULL;
    memcpy(p, &n, sizeof n);
    count_bytes += n;
    if (count_bytes > count_peak) count_peak = count_bytes;
    memset((char *)p + COUNT_FRONT + n, 0xA5, COUNT_BEHIND);
    return (char *)p + COUNT_FRONT;
}

/* The block as malloc gave it; a test that writes behind one ends here. */
static void *count_checked(void *p)
{
    char *block = (char *)p - COUNT_FRONT;
    size_t n;
    memcpy(&n, block, sizeof n);
    for (int i = 0; i < COUNT_BEHIND; i++)
        if ((unsigned char)block[COUNT_FRONT + n + (size_t)i] != 0xA5) {
            fprintf(stderr, "FAIL: byte %d behind a block of %lu bytes was written\n", i,
                    (unsigned long)n);
            abort();
        }
    count_bytes -= n;
    return block;
}

static void *count_malloc(size_t n)
{
    void *p;
    if (n > count_largest) count_largest = n;
    if (++count_calls == count_fail_at) return NULL;
    p = n > SIZE_MAX - 80 ? NULL : count_block(malloc(COUNT_FRONT + n + COUNT_BEHIND), n);
    if (p) count_live++;
    return p;
}

static void count_free(void *p)
{
    if (!p) return;
    count_live--;
    free(count_checked(p));
}

static void *count_realloc(void *p, size_t n)
{
    void *q;
    if (!p) return count_malloc(n);
    if (++count_calls == count_fail_at || n > SIZE_MAX - 80) return NULL;
    q = realloc(count_checked(p), COUNT_FRONT + n + COUNT_BEHIND);
    return count_block(q, n);
}

static inline void count_peak_start(void) { count_peak = count_bytes; }

#define DL_MALLOC(n)     count_malloc(n)
#define DL_REALLOC(p, n) count_realloc(p, n)
#define DL_FREE(p)       count_free(p)

#endif
