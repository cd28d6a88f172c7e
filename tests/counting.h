/* counting.h - an allocator that counts, can be told to fail, and sees what is written behind a
   block; include it before dl.h. It is defined where the library is: in the file that includes both,
   or, with DL_IMPLEMENTED, in the library that the tests share. */
#ifndef COUNTING_H
#define COUNTING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern long count_calls;      /* allocations tried so far               */
extern long count_live;       /* blocks that have not been freed        */
extern long count_fail_at;    /* this allocation fails; 0: none does    */
extern size_t count_largest;  /* bytes of the largest asked for so far  */
extern size_t count_bytes;    /* bytes of blocks that are not freed     */
extern size_t count_peak;     /* the most of them since count_peak_start */

static inline void count_peak_start(void) { count_peak = count_bytes; }

#ifndef DL_IMPLEMENTED
long count_calls, count_live, count_fail_at;
size_t count_largest, count_bytes, count_peak;

/* In front of each block its size; behind it bytes that nobody may change. The address sanitizer
   sees who touches either. */
enum { COUNT_FRONT = 64, COUNT_BEHIND = 16 };
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define COUNT_LOCK(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define COUNT_UNLOCK(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define COUNT_LOCK(p, n)   ((void)(p), (void)(n))
#define COUNT_UNLOCK(p, n) ((void)(p), (void)(n))
#endif

static void *count_block(void *p, size_t n)
{
    if (!p) return NULL;
    memcpy(p, &n, sizeof n);
    count_bytes += n;
    if (count_bytes > count_peak) count_peak = count_bytes;
    memset((char *)p + COUNT_FRONT + n, 0xA5, COUNT_BEHIND);
    COUNT_LOCK(p, COUNT_FRONT);
    COUNT_LOCK((char *)p + COUNT_FRONT + n, COUNT_BEHIND);
    return (char *)p + COUNT_FRONT;
}

/* The block as malloc gave it; a test that writes behind one ends here. */
static void *count_checked(void *p)
{
    char *block = (char *)p - COUNT_FRONT;
    size_t n;
    COUNT_UNLOCK(block, COUNT_FRONT);
    memcpy(&n, block, sizeof n);
    COUNT_UNLOCK(p, n + COUNT_BEHIND);
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
    if (n > count_largest) count_largest = n;
    if (++count_calls == count_fail_at || n > SIZE_MAX - 80) return NULL;
    q = realloc(count_checked(p), COUNT_FRONT + n + COUNT_BEHIND);
    return count_block(q, n);
}

#define DL_MALLOC(n)     count_malloc(n)
#define DL_REALLOC(p, n) count_realloc(p, n)
#define DL_FREE(p)       count_free(p)
#endif

#endif
