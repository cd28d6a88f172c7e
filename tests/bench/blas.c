/* blas.c - OpenBLAS' side of make bench: the matrix product. The library is opened at run time, so
   nothing need be installed to build this:

       echo product nt 128 512 784 2 | build/bench_blas libopenblas.so.0

   NumPy brings a recent OpenBLAS along, whose names have a prefix and whose sizes have 64 bits. */
#include "worker.h"
#include <dlfcn.h>
#include <stdint.h>

typedef void sgemm32(int, int, int, int, int, int, float, const float *, int, const float *, int,
                     float, float *, int);
typedef void sgemm64(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t,
                     const float *, int64_t, float, float *, int64_t);
static struct { sgemm32 *gemm32; sgemm64 *gemm64; void (*threads)(int); char *(*name)(void); } blas;

/* *function = the function called name, or scipy_<name>64_; ISO C has no cast for this. */
static void find(void *library, const char *name, void *function32, void *function64)
{
    char renamed[64];
    void *found = dlsym(library, name);
    if (!found) {
        snprintf(renamed, sizeof renamed, "scipy_%s64_", name);
        found = dlsym(library, renamed);
        function32 = function64;
    }
    memcpy(function32, &found, sizeof found);
}

static void multiply(void *argument)
{
    const matmul *p = (const matmul *)argument;
    const int ta = p->kind[0] == 't' ? 112 : 111, tb = p->kind[1] == 't' ? 112 : 111;
    const int m = p->m, n = p->n, k = p->k, lda = ta == 112 ? m : k, ldb = tb == 112 ? k : n;
    if (blas.gemm32) blas.gemm32(101, ta, tb, m, n, k, 1, p->a, lda, p->b, ldb, 0, p->c, n);
    else blas.gemm64(101, ta, tb, m, n, k, 1, p->a, lda, p->b, ldb, 0, p->c, n);
}

static double answer(const char *line)
{
    matmul p;
    if (!matmul_of(&p, line)) return NAN;
    blas.threads(p.threads);
    multiply(&p);                                        /* all numbers are 1: is it right? */
    for (int i = 0; i < p.m * p.n; i++)
        if (p.c[i] != (float)p.k) return NAN;
    return median_seconds(multiply, &p);
}

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!library) return 1;
    find(library, "cblas_sgemm", &blas.gemm32, &blas.gemm64);
    find(library, "openblas_set_num_threads", &blas.threads, &blas.threads);
    find(library, "openblas_get_config", &blas.name, &blas.name);
    if (!(blas.gemm32 || blas.gemm64) || !blas.threads || !blas.name) return 1;
    return answer_all(blas.name(), answer);
}
