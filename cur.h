/* --------------------------------------------------------------------------- >>fast-impl ---- */

#if !DLI_DOUBLE && !defined(DL_REFERENCE)
#define DLI_FAST 1
#else
#define DLI_FAST 0
#endif

#if DLI_FAST
/* Matrix products and array loops at full vector speed.

   Everything above this room is written to be read; this room is written to be fast, and every
   function in it is tested against its readable twin. Four ideas carry it.

   1. Vectors. A CPU multiplies 4 (SSE2, NEON), 8 (AVX2) or 16 (AVX-512) floats with one
      instruction. Simple loops over arrays are left to the compiler's vectorizer: each is one
      plain body, written once, which DLI_OPS compiles again for every instruction set. The
      matrix product is too delicate for that and names its vectors (GCC and clang let a type be
      "16 floats" and give it + and *). dli_fast_pick asks the CPU what it has and returns the
      table of functions to use; nothing else in dl.h knows which set is running.

   2. Tiles. C = A B needs two loads for every multiply-add if done element by element. A tile of
      MR x NR elements of C held in registers needs only MR + NR loads for MR * NR multiply-adds:

                       b[k][0..NR-1]   one row of B, NR/W vectors
            a[0][k]    +-----------+
            a[1][k]    |   acc     |   acc[i][j] += a[i][k] * b[k][j],   k = 0 .. K-1
             ...       |  MR x NR  |   a[i][k] is one float, broadcast to a whole vector
            a[MR-1][k] +-----------+

      MR and NR are chosen so that acc just fits the registers (8 x 32 in AVX-512's 32 registers
      of 16; 6 x 16 in AVX2's 16 registers of 8).

   3. Packing. The tile wants its NR floats of B side by side for k = 0, 1, 2 ... A matrix with
      1000 columns has them 4000 bytes apart, or, transposed, one by one. So a block of B is first
      copied into panels of NR columns, in exactly the order the tile reads them; the copy costs
      K N moves and serves 2 M K N operations. The copy is told the strides of its source, and
      that is all that distinguishes A B, A B^T and A^T B. Missing columns of the last panel
      are zeros: the tile never needs to know about edges.

   4. Blocking. The caches are small: a block of B (KC x NC) should stay in L2 while all of A
      passes by, and one panel (KC x NR) in L1. Hence three outer loops around the tiles.

   Threads divide C, never K, so each element is summed in one order whatever the number of
   threads, and results are equal bit for bit.
   */

/* ---- what the compiler offers ---- */

#if defined(__GNUC__) && !defined(DL_NO_SIMD)
#define DLI_SIMD 1
#define DLI_INLINE static inline __attribute__((always_inline))
#else
#define DLI_SIMD 0
#if defined(_MSC_VER)
#define DLI_INLINE static __forceinline
#else
#define DLI_INLINE static inline
#endif
#endif
#if DLI_SIMD && (defined(__x86_64__) || defined(__i386__))
#define DLI_X86 1
#else
#define DLI_X86 0
#endif

/* DLI_VEC_CODE: vectorize the loops of this function (gcc's -O2 hardly would), and fuse a*b+c
   where the CPU can, whatever the command line says. clang does both by itself. */
#if DLI_SIMD && !defined(__clang__)
#define DLI_VEC_CODE __attribute__((optimize("tree-loop-vectorize", "vect-cost-model=dynamic", \
                                             "fp-contract=fast", "no-trapping-math")))
#define DLI_UNROLL _Pragma("GCC unroll 16")
#elif DLI_SIMD
#define DLI_VEC_CODE
#define DLI_UNROLL _Pragma("clang loop unroll(full)")
#else
#define DLI_VEC_CODE
#define DLI_UNROLL
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT ON
#endif
#if DLI_X86 && defined(__clang__)
#define DLI_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"), \
                                  min_vector_width(512))) DLI_VEC_CODE
#elif DLI_X86
#define DLI_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma," \
                                         "prefer-vector-width=512"))) DLI_VEC_CODE
#endif
#if DLI_X86
#define DLI_AVX2 __attribute__((target("avx2,fma"))) DLI_VEC_CODE
#endif

#if DLI_OPENMP
#define DLI_OMP(x) _Pragma(#x)
#else
#define DLI_OMP(x)
#endif
#if DLI_SIMD
#define DLI_RESTRICT __restrict__
#elif defined(_MSC_VER)
#define DLI_RESTRICT __restrict
#else
#define DLI_RESTRICT
#endif

DLI_INLINE dl_int dli_min(dl_int a, dl_int b) { return a < b ? a : b; }
DLI_INLINE dl_int dli_ceil_div(dl_int a, dl_int b) { return (a + b - 1) / b; }

/* ---- exp, tanh, sigmoid, GELU, one lane at a time ----

   No branches and no tables, so the vectorizer turns each into straight vector code. The
   coefficients were fitted for dl.h by Remez exchange in 40-digit arithmetic (tests/fit.py).

   exp x = 2^n exp f,  n = round(x / ln 2),  f = x - n ln 2 in [-0.347, 0.347]. Adding 1.5 * 2^23
   leaves n in the low bits of the sum. ln 2 is subtracted in two parts so that f is exact.
   exp f - 1 = f + f^2 P(f), P of degree 4, relative error 1.4e-8: keeping the 1 apart is what
   makes tanh accurate near 0. Measured over every float, worst of all instruction sets:
   see the table in tests. Overflow gives inf, underflow runs through denormals to 0, NaN stays
   NaN. */

DLI_INLINE float dli_float_of_bits(uint32_t u) { float f; memcpy(&f, &u, 4); return f; }
DLI_INLINE uint32_t dli_bits_of_float(float f) { uint32_t u; memcpy(&u, &f, 4); return u; }

DLI_INLINE float dli_absf(float x) { return dli_float_of_bits(dli_bits_of_float(x) & 0x7FFFFFFFu); }
/* c ? a : b without a branch for the compiler to be clever about. */
DLI_INLINE float dli_select(int c, float a, float b)
{
    uint32_t m = 0u - (uint32_t)c;
    return dli_float_of_bits((dli_bits_of_float(a) & m) | (dli_bits_of_float(b) & ~m));
}

/* Splits x and returns exp(f) - 1; *n is the power of two still to multiply by. */
DLI_INLINE float dli_expm1_reduced(float x, int32_t *n)
{
    const float magic = 12582912.0f;                                   /* 1.5 * 2^23 */
    float t = x * 1.44269504f + magic, q = t - magic, f, p;
    *n = (int32_t)(dli_bits_of_float(t) - 0x4B400000u);
    f = x - q * 0.693145752f;
    f = f - q * 1.42860677e-6f;
    p = 0.00139465305f * f + 0.00836663137f;
    p = p * f + 0.0416662811f;
    p = p * f + 0.166665427f;
    p = p * f + 0.5f;
    return f + f * f * p;
}
DLI_INLINE float dli_pow2(int32_t n)             /* -126 <= n <= 127; garbage in, garbage out */
{
    return dli_float_of_bits((uint32_t)(n + 127) << 23);
}
DLI_INLINE float dli_expf(float x)
{
    int32_t n, h;
    float e;
    x = dli_select(x > 89.0f, 89.0f, x);                               /* false for NaN */
    x = dli_select(x < -104.0f, -104.0f, x);
    e = 1.0f + dli_expm1_reduced(x, &n);
    h = n >> 1;                                                        /* 2^n may not fit a float */
    return e * dli_pow2(h) * dli_pow2(n - h);
}
DLI_INLINE float dli_tanhf(float x)          /* -(exp(-2|x|) - 1) / (exp(-2|x|) + 1), sign of x */
{
    uint32_t sign = dli_bits_of_float(x) & 0x80000000u;
    float a = dli_absf(x), q, s, e;
    int32_t n;
    a = dli_select(a > 10.0f, 10.0f, a);
    q = dli_expm1_reduced(-2.0f * a, &n);
    s = dli_pow2(n);
    e = s * q + (s - 1.0f);                                            /* exp(-2a) - 1 */
    return dli_float_of_bits(dli_bits_of_float(-e / (2.0f + e)) ^ sign);
}
/* Below -88.7 the true value is a denormal; this gives 0. */
DLI_INLINE float dli_sigmoidf(float x) { return 1.0f / (1.0f + dli_expf(-x)); }
/* With the slope, s (1 - s) without the cancellation. */
DLI_INLINE float dli_sigmoid_slope(float x, float *slope)
{
    float e = dli_expf(-dli_absf(x)), r = 1.0f / (1.0f + e);
    *slope = e * r * r;
    return dli_select(x < 0.0f, e * r, r);
}

/* GELU: x Phi(x), Phi the normal distribution. Its tail is exp(-a^2/2) t P(t) with
   t = 1 / (1 + 0.35 a), a = |x|, P of degree 8, relative error 3.2e-8 on [0, 14]. */
DLI_INLINE float dli_phif(float x, float *density)                      /* Phi(x), and its slope */
{
    float a = dli_absf(x), t, p, e;
    a = dli_select(a > 15.0f, 15.0f, a);
    t = 1.0f / (1.0f + 0.35f * a);
    e = dli_expf(-0.5f * a * a);
    p = -0.0291459434f * t + 0.143971753f;
    p = p * t - 0.25571435f;
    p = p * t + 0.159174249f;
    p = p * t - 0.0231098822f;
    p = p * t + 0.105508018f;
    p = p * t + 0.119832865f;
    p = p * t + 0.13986187f;
    p = p * t + 0.139621404f;
    p = e * t * p;
    *density = e * 0.398942280f;
    return dli_select(x < 0.0f, p, 1.0f - p);
}
DLI_INLINE float dli_geluf(float x) { float d; return x * dli_phif(x, &d); }
DLI_INLINE float dli_gelu_slope(float x)
{
    float d, p = dli_phif(x, &d);
    return p + x * d;
}
/* The tanh form, x (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), is x sigmoid(2u). */
DLI_INLINE float dli_gelu_tanhf(float x)
{
    return x * dli_sigmoidf(1.59576912f * (x + 0.044715f * x * x * x));
}
DLI_INLINE float dli_gelu_tanh_slope(float x)
{
    float d, s = dli_sigmoid_slope(1.59576912f * (x + 0.044715f * x * x * x), &d);
    return s + x * d * (1.59576912f * (1.0f + 0.134145f * x * x));
}

/* 1 / sqrt(v) for v >= 0: a guess from the bits (halving the exponent), good to 3.5 %, and three
   steps of Newton's method, each squaring the error; 2 ulp. No square root or division, so it is
   faster than the instructions, and sqrtf (which may set errno) would keep the vectorizer out. */
DLI_INLINE float dli_rsqrtf(float v)
{
    float h = 0.5f * v, y = dli_float_of_bits(0x5F3759DFu - (dli_bits_of_float(v) >> 1));
    y = y * (1.5f - h * y * y);
    y = y * (1.5f - h * y * y);
    y = y * (1.5f - h * y * y);
    return dli_select(v > 3.4e38f, 0.0f, y);
}
DLI_INLINE float dli_sqrtf(float v) { return dli_select(v > 3.4e38f, v, v * dli_rsqrtf(v)); }

/* A random 32-bit number for element i of a stream: the counter is spread by a multiply and
   mixed by the finisher of MurmurHash3 (A. Appleby, public domain) with the key let in twice.
   32-bit lanes only, so it vectorizes; integers only, so it is the same on every machine. */
DLI_INLINE uint32_t dli_hash32(uint32_t i, uint32_t key0, uint32_t key1)
{
    uint32_t h = i * 0x9E3779B1u + key0;
    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= (h >> 13) ^ key1;
    h *= 0xC2B2AE35u;
    return h ^ (h >> 16);
}

/* ---- loops over arrays: one plain body each ----
   In place (y == x) is allowed wherever both are named; nothing else may overlap. A function
   with `add` adds to its result instead of overwriting it. */

#define DLI_MAP(name, expr) \
    DLI_INLINE void dli_##name##_body(float *y, const float *x, dl_int n) \
    { \
        dl_int i; \
        for (i = 0; i < n; i++) { float v = x[i]; y[i] = expr; } \
    }
#define DLI_MAP_BACK(name, expr)            /* dx = or += dy * slope; v is x or y */ \
    DLI_INLINE void dli_##name##_body(float *dx, const float *dy, const float *x, dl_int n, \
                                      int add) \
    { \
        dl_int i; \
        if (add) for (i = 0; i < n; i++) { float v = x[i], g = dy[i]; dx[i] += expr; } \
        else     for (i = 0; i < n; i++) { float v = x[i], g = dy[i]; dx[i] = expr; } \
    }
DLI_MAP(vexp, dli_expf(v))
DLI_MAP(vtanh, dli_tanhf(v))
DLI_MAP(vsigmoid, dli_sigmoidf(v))
DLI_MAP(vgelu, dli_geluf(v))
DLI_MAP(vgelu_tanh, dli_gelu_tanhf(v))
DLI_MAP(vrelu, v < 0.0f ? 0.0f : v)                                    /* lets NaN through */
DLI_MAP_BACK(vtanh_back, g * (1.0f - v * v))                           /* v is the output */
DLI_MAP_BACK(vsigmoid_back, g * (v * (1.0f - v)))                      /* v is the output */
DLI_MAP_BACK(vrelu_back, (v <= 0.0f ? 0.0f : g))                       /* input or output */
DLI_MAP_BACK(vgelu_back, g * dli_gelu_slope(v))                        /* v is the input */
DLI_MAP_BACK(vgelu_tanh_back, g * dli_gelu_tanh_slope(v))              /* v is the input */

DLI_INLINE void dli_axpy_body(float *y, float a, const float *x, dl_int n)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] += a * x[i];
}
DLI_INLINE void dli_scale_body(float *y, float a, const float *x, dl_int n)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a * x[i];
}
DLI_INLINE void dli_add_body(float *y, const float *a, const float *b, dl_int n)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a[i] + b[i];
}
DLI_INLINE void dli_mul_body(float *y, const float *a, const float *b, dl_int n)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a[i] * b[i];
}
DLI_INLINE void dli_bytes_body(float *y, const unsigned char *x, dl_int n, float scale)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = (float)x[i] * scale;
}
/* Bias and ReLU on a block of C: col[j] is added down each column, row[i] along each row. */
DLI_INLINE void dli_bias_act_body(float *c, dl_int ldc, dl_int m, dl_int n, const float *col,
                                  const float *row, int relu)
{
    dl_int i, j;
    for (i = 0; i < m; i++, c += ldc) {
        float r = row ? row[i] : 0.0f;
        if (col) for (j = 0; j < n; j++) c[j] += col[j];
        if (row) for (j = 0; j < n; j++) c[j] += r;
        if (relu) for (j = 0; j < n; j++) c[j] = c[j] < 0.0f ? 0.0f : c[j];
    }
}
/* s[j] += sum over rows of x: the gradient of a bias. Rows are taken in order. */
DLI_INLINE void dli_col_sums_body(float *s, const float *x, dl_int ldx, dl_int m, dl_int n)
{
    dl_int i, j;
    for (i = 0; i + 4 <= m; i += 4, x += 4 * ldx)
        for (j = 0; j < n; j++)
            s[j] += (x[j] + x[ldx + j]) + (x[2 * ldx + j] + x[3 * ldx + j]);
    for (; i < m; i++, x += ldx)
        for (j = 0; j < n; j++) s[j] += x[j];
}
/* 16 running sums (or maxima) side by side keep the vector units busy; joined at the end. */
DLI_INLINE float dli_vsum_body(const float *x, dl_int n)
{
    float s[16] = { 0 }, t = 0.0f;
    dl_int i, l;
    for (i = 0; i + 16 <= n; i += 16)
        for (l = 0; l < 16; l++) s[l] += x[i + l];
    for (; i < n; i++) t += x[i];
    if (n < 16) return t;
    for (l = 8; l > 0; l /= 2)
        for (i = 0; i < l; i++) s[i] += s[i + l];
    return s[0] + t;
}
DLI_INLINE float dli_vmax_body(const float *x, dl_int n)
{
    float s[16], t = x[0];
    dl_int i, l;
    for (l = 0; l < 16; l++) s[l] = t;
    for (i = 0; i + 16 <= n; i += 16)
        for (l = 0; l < 16; l++) s[l] = x[i + l] > s[l] ? x[i + l] : s[l];
    for (; i < n; i++) t = x[i] > t ? x[i] : t;
    if (n < 16) return t;
    for (l = 0; l < 16; l++) t = s[l] > t ? s[l] : t;
    return t;
}
/* Softmax of each row, the row's maximum taken off first so that nothing overflows. One exp runs
   over all rows together: a classifier's rows of 10 would leave vectors half empty. */
DLI_INLINE void dli_softmax_body(float *y, const float *x, dl_int rows, dl_int n)
{
    dl_int r, i;
    for (r = 0; r < rows; r++) {
        float top = dli_vmax_body(x + r * n, n);
        for (i = 0; i < n; i++) y[r * n + i] = x[r * n + i] - top;
    }
    dli_vexp_body(y, y, rows * n);
    for (r = 0; r < rows; r++) {
        float inv = 1.0f / dli_vsum_body(y + r * n, n);
        for (i = 0; i < n; i++) y[r * n + i] *= inv;
    }
}
DLI_INLINE void dli_log_softmax_body(float *y, const float *x, dl_int rows, dl_int n)
{
    dl_int r, i;
    for (r = 0; r < rows; r++, y += n, x += n) {
        float top = dli_vmax_body(x, n), e[64], sum = 0.0f, shift;
        for (i = 0; i < n; i += 64) {
            dl_int l, len = dli_min(64, n - i);
            for (l = 0; l < len; l++) e[l] = dli_expf(x[i + l] - top);
            sum += dli_vsum_body(e, len);
        }
        shift = logf(sum);
        for (i = 0; i < n; i++) y[i] = (x[i] - top) - shift;
    }
}

/* ---- optimizers: one pass over weights, gradients and moments ----
   A moment that has decayed below 1e-30 is set to 0: left alone it would sink into the
   denormals, where each operation can cost a hundred ordinary ones. */
#define DLI_TINY(v) ((v) < 1e-30f && (v) > -1e-30f ? 0.0f : (v))

DLI_INLINE void dli_sgd_body(float *w, const float *g, dl_int n, float lr, float decay)
{
    dl_int i;
    for (i = 0; i < n; i++) w[i] -= lr * (g[i] + decay * w[i]);
}
/* v = mu v + (1 - damp) g;  w -= lr (nesterov ? g + mu v : v) */
DLI_INLINE void dli_momentum_body(float *w, const float *g, float *v, dl_int n, float lr,
                                  float mu, float one_minus_damp, float decay, int nesterov)
{
    const float gk = nesterov ? 1.0f : 0.0f, vk = nesterov ? mu : 1.0f;
    dl_int i;
    for (i = 0; i < n; i++) {
        float d = g[i] + decay * w[i], s = mu * v[i] + one_minus_damp * d;
        s = DLI_TINY(s);
        v[i] = s;
        w[i] -= lr * (gk * d + vk * s);
    }
}
/* s = rho s + (1 - rho) g^2;  w -= lr g / sqrt(s + eps) */
DLI_INLINE void dli_rmsprop_body(float *w, const float *g, float *s, dl_int n, float lr,
                                 float rho, float one_minus_rho, float eps, float decay)
{
    dl_int i;
    for (i = 0; i < n; i++) {
        float d = g[i] + decay * w[i], v = rho * s[i] + one_minus_rho * (d * d);
        v = DLI_TINY(v);
        s[i] = v;
        w[i] -= lr * d * dli_rsqrtf(v + eps);
    }
}
/* m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  w -= step m / (sqrt(v) + eps). The caller has
   folded the bias corrections into step and eps. decay is added to the gradient (Adam), shrink
   multiplies the weight (AdamW: 1 - lr * decay; otherwise 1). */
DLI_INLINE void dli_adam_body(float *w, const float *g, float *m, float *v, dl_int n, float b1,
                              float one_minus_b1, float b2, float one_minus_b2, float step,
                              float eps, float decay, float shrink)
{
    dl_int i;
    for (i = 0; i < n; i++) {
        float d = g[i] + decay * w[i];
        float a = b1 * m[i] + one_minus_b1 * d, q = b2 * v[i] + one_minus_b2 * (d * d);
        a = DLI_TINY(a);
        q = DLI_TINY(q);
        m[i] = a;
        v[i] = q;
        w[i] = w[i] * shrink - step * a / (dli_sqrtf(q) + eps);
    }
}
/* y = keep ? scale x : 0 (or y +=, for the gradient: same key and first, same mask). Element i
   is dropped when its 24 random bits are below drop24 = p * 2^24. */
DLI_INLINE void dli_dropout_body(float *y, const float *x, dl_int n, uint32_t first,
                                 uint32_t key0, uint32_t key1, int32_t drop24, float scale, int add)
{
    dl_int i;
    if (add) {
        for (i = 0; i < n; i++) {
            int32_t r = (int32_t)(dli_hash32(first + (uint32_t)i, key0, key1) >> 8);
            y[i] += r < drop24 ? 0.0f : scale * x[i];
        }
    } else {
        for (i = 0; i < n; i++) {
            int32_t r = (int32_t)(dli_hash32(first + (uint32_t)i, key0, key1) >> 8);
            y[i] = r < drop24 ? 0.0f : scale * x[i];
        }
    }
}

/* ---- packing ----
   Copies an n x k matrix, element (j, i) at src[j * js + i * ks], into panels of w rows:
   panel p holds dst[i * w + l] = element (p w + l, i). Rows past n are zeros. */
#if DLI_SIMD
typedef float dli_v4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t dli_i4 __attribute__((vector_size(16)));
#if defined(__clang__)
#define DLI_LO(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define DLI_HI(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define DLI_LL(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define DLI_HH(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#else
#define DLI_LO(a, b) __builtin_shuffle(a, b, lo)
#define DLI_HI(a, b) __builtin_shuffle(a, b, hi)
#define DLI_LL(a, b) __builtin_shuffle(a, b, ll)
#define DLI_HH(a, b) __builtin_shuffle(a, b, hh)
#endif
/* dst[i * ld + l] = src[l * ls + i], 4 x 4, by interleaving halves twice */
DLI_INLINE void dli_transpose4(float *dst, dl_int ld, const float *src, dl_int ls)
{
#if !defined(__clang__)
    const dli_i4 lo = { 0, 4, 1, 5 }, hi = { 2, 6, 3, 7 };
    const dli_i4 ll = { 0, 1, 4, 5 }, hh = { 2, 3, 6, 7 };
#endif
    dli_v4 a = *(const dli_v4 *)src, b = *(const dli_v4 *)(src + ls);
    dli_v4 c = *(const dli_v4 *)(src + 2 * ls), d = *(const dli_v4 *)(src + 3 * ls);
    dli_v4 p = DLI_LO(a, b), q = DLI_LO(c, d), r = DLI_HI(a, b), s = DLI_HI(c, d);
    *(dli_v4 *)dst = DLI_LL(p, q);
    *(dli_v4 *)(dst + ld) = DLI_HH(p, q);
    *(dli_v4 *)(dst + 2 * ld) = DLI_LL(r, s);
    *(dli_v4 *)(dst + 3 * ld) = DLI_HH(r, s);
}
#else
DLI_INLINE void dli_transpose4(float *dst, dl_int ld, const float *src, dl_int ls)
{
    dl_int i, l;
    for (l = 0; l < 4; l++)
        for (i = 0; i < 4; i++) dst[i * ld + l] = src[l * ls + i];
}
#endif
/* dst[i * ld + l] = src[l * ls + i] for l < rows, i < cols */
DLI_INLINE void dli_transpose_body(float *dst, dl_int ld, const float *src, dl_int ls,
                                   dl_int rows, dl_int cols)
{
    dl_int i, l, r4 = rows & ~(dl_int)3, c4 = cols & ~(dl_int)3;
    for (l = 0; l < r4; l += 4)
        for (i = 0; i < c4; i += 4) dli_transpose4(dst + i * ld + l, ld, src + l * ls + i, ls);
    for (l = 0; l < r4; l++)
        for (i = c4; i < cols; i++) dst[i * ld + l] = src[l * ls + i];
    for (l = r4; l < rows; l++)
        for (i = 0; i < cols; i++) dst[i * ld + l] = src[l * ls + i];
}
DLI_INLINE void dli_copy8(float *dst, const float *src) { memcpy(dst, src, 8 * sizeof(float)); }
DLI_INLINE void dli_pack_body(float *dst, const float *src, dl_int js, dl_int ks, dl_int n,
                              dl_int k, dl_int w)
{
    dl_int j, i, l;
    for (j = 0; j < n; j += w, dst += w * k, src += w * js) {
        dl_int rows = dli_min(w, n - j);
        if (rows < w) memset(dst, 0, sizeof(float) * (size_t)(w * k));
        if (js == 1)
            for (i = 0; i < k; i++) {
                for (l = 0; l + 8 <= rows; l += 8) dli_copy8(dst + i * w + l, src + i * ks + l);
                for (; l < rows; l++) dst[i * w + l] = src[i * ks + l];
            }
        else if (ks == 1)
            for (i = 0; i < k; i += 64)                      /* 64 rows of dst stay in L1 */
                dli_transpose_body(dst + i * w, w, src + i, js, rows, dli_min(64, k - i));
        else
            for (i = 0; i < k; i++)
                for (l = 0; l < rows; l++) dst[i * w + l] = src[l * js + i * ks];
    }
}

/* ---- convolution and pooling: the loops over images ----
   Rows of images are short (26 floats), a bad fit for vectors of 16. So whole groups of 16 are
   processed even past the end of a row: what is written too far is the start of the next row,
   which comes next and is written again. Only the last rows need care. */

/* dst[c][h + 2ph][w + 2pw] = src[c][h][w] with zeros around (negative: cropped). */
DLI_INLINE void dli_pad_body(float *dst, const float *src, dl_int c, dl_int h, dl_int w,
                             dl_int ph, dl_int pw)
{
    const dl_int hp = h + 2 * ph, wp = w + 2 * pw, skip = pw < 0 ? -pw : 0, left = pw + skip;
    dl_int i, y, x;
    for (i = 0; i < c; i++, src += h * w)
        for (y = 0; y < hp; y++, dst += wp) {
            const float *row = src + (y - ph) * w + skip;
            if (y < ph || y >= h + ph) {
                for (x = 0; x < wp; x++) dst[x] = 0.0f;
            } else {
                for (x = 0; x < left; x++) dst[x] = 0.0f;
                for (x = 0; x < w - 2 * skip; x++) dst[left + x] = row[x];
                for (x = left + w - 2 * skip; x < wp; x++) dst[x] = 0.0f;
            }
        }
}
/* dst[rows][cols] = or += relu?(src + bias), src having rows of lds > cols floats and at least
   16 readable after the last. */
DLI_INLINE void dli_crop_body(float *DLI_RESTRICT dst, const float *DLI_RESTRICT src, dl_int lds,
                              dl_int rows, dl_int cols, float bias, int relu, int add)
{
    dl_int r, x, l;
    for (r = 0; r < rows; r++, src += lds) {
        float *d = dst + r * cols;
        const float *end = dst + rows * cols;
        if (add) {
            for (x = 0; x < cols; x++) d[x] += src[x] + bias;
            continue;
        }
        for (x = 0; x < cols && d + x + 16 <= end; x += 16)
            for (l = 0; l < 16; l++) {
                float v = src[x + l] + bias;
                d[x + l] = relu && v < 0.0f ? 0.0f : v;
            }
        for (; x < cols; x++) {
            float v = src[x] + bias;
            d[x] = relu && v < 0.0f ? 0.0f : v;
        }
    }
}
/* Max-pooling 2 x 2, stride 2, of planes [h, w] to [h/2, w/2]; arg says which of the four won,
   0 1 / 2 3, the first of equals. NaN wins, as in PyTorch. */
DLI_INLINE uint32_t dli_pool2_one(float *y, const float *a, const float *b)
{
    const float x[4] = { a[0], a[1], b[0], b[1] };
    uint32_t v = dli_bits_of_float(x[0]), k = 0, i;
    DLI_UNROLL for (i = 1; i < 4; i++) {
        uint32_t m = (0u - (uint32_t)(x[i] > dli_float_of_bits(v))) |
                     (0u - (uint32_t)(x[i] != x[i]));
        v = (dli_bits_of_float(x[i]) & m) | (v & ~m);
        k = (i & m) | (k & ~m);
    }
    *y = dli_float_of_bits(v);
    return k;
}
DLI_INLINE void dli_pool2_body(float *DLI_RESTRICT y, unsigned char *DLI_RESTRICT arg,
                               const float *DLI_RESTRICT x, dl_int planes, dl_int h, dl_int w)
{
    const dl_int oh = h / 2, ow = w / 2;
    const float *end = x + planes * h * w, *yend = y + planes * oh * ow;
    dl_int p, r, j, l;
    for (p = 0; p < planes; p++, x += h * w)
        for (r = 0; r < oh; r++, y += ow, arg += ow) {
            const float *a = x + 2 * r * w, *b = a + w;
            for (j = 0; j < ow && y + j + 16 <= yend && b + 2 * j + 32 <= end; j += 16) {
                uint32_t k[16];
                for (l = 0; l < 16; l++)
                    k[l] = dli_pool2_one(y + j + l, a + 2 * (j + l), b + 2 * (j + l));
                for (l = 0; l < 16; l++) arg[j + l] = (unsigned char)k[l];
            }
            for (; j < ow; j++)
                arg[j] = (unsigned char)dli_pool2_one(y + j, a + 2 * j, b + 2 * j);
        }
}
/* dx = the gradient of pool2: dy where arg points, 0 elsewhere. Overwrites dx. */
DLI_INLINE void dli_pool2_back_body(float *DLI_RESTRICT dx, const float *DLI_RESTRICT dy,
                                    const unsigned char *DLI_RESTRICT arg, dl_int planes,
                                    dl_int h, dl_int w)
{
    const dl_int oh = h / 2, ow = w / 2;
    const float *end = dx + planes * h * w, *dyend = dy + planes * oh * ow;
    dl_int p, r, j, l;
    for (p = 0; p < planes; p++)
        for (r = 0; r < h; r++, dx += w) {
            const int32_t k = r & 1 ? 2 : 0;
            if (r >= 2 * oh) {                           /* an odd row or column got nothing */
                for (j = 0; j < w; j++) dx[j] = 0.0f;
                continue;
            }
            for (j = 0; j < ow && dx + 2 * j + 32 <= end && dy + j + 16 <= dyend; j += 16) {
                int32_t q[16];
                for (l = 0; l < 16; l++) q[l] = (int32_t)arg[j + l] - k;
                for (l = 0; l < 16; l++) {
                    dx[2 * (j + l)] = q[l] == 0 ? dy[j + l] : 0.0f;
                    dx[2 * (j + l) + 1] = q[l] == 1 ? dy[j + l] : 0.0f;
                }
            }
            for (; j < ow; j++) {
                dx[2 * j] = arg[j] == k ? dy[j] : 0.0f;
                dx[2 * j + 1] = arg[j] == k + 1 ? dy[j] : 0.0f;
            }
            if (w & 1) dx[w - 1] = 0.0f;
            if (r & 1) { dy += ow; arg += ow; }
        }
}

/* The gates of a recurrent step, of one sample: formulas at dlk_lstm_gates_forward and the others.
   The gates lie above one another, H apart, and each is a stream of its own. */
DLI_INLINE void dli_lstm_gates_body(float *DLI_RESTRICT h, float *DLI_RESTRICT c,
                                    float *DLI_RESTRICT i, float *DLI_RESTRICT f,
                                    float *DLI_RESTRICT g, float *DLI_RESTRICT o,
                                    const float *DLI_RESTRICT u, const float *DLI_RESTRICT c0,
                                    dl_int H)
{
    dl_int k;
    for (k = 0; k < H; k++) {
        float ik = dli_sigmoidf(i[k] + u[k]), fk = dli_sigmoidf(f[k] + u[H + k]);
        float gk = dli_tanhf(g[k] + u[2 * H + k]), ok = dli_sigmoidf(o[k] + u[3 * H + k]);
        float ck = fk * c0[k] + ik * gk;
        i[k] = ik;
        f[k] = fk;
        g[k] = gk;
        o[k] = ok;
        c[k] = ck;
        h[k] = ok * dli_tanhf(ck);
    }
}
/* In place: i, f, g, o become da. */
DLI_INLINE void dli_lstm_gates_back_body(float *DLI_RESTRICT i, float *DLI_RESTRICT f,
                                         float *DLI_RESTRICT g, float *DLI_RESTRICT o,
                                         float *DLI_RESTRICT dh, float *DLI_RESTRICT dc,
                                         const float *DLI_RESTRICT c,
                                         const float *DLI_RESTRICT c0, dl_int H)
{
    dl_int k;
    for (k = 0; k < H; k++) {
        float ik = i[k], fk = f[k], gk = g[k], ok = o[k], dhk = dh[k], t = dli_tanhf(c[k]);
        float dck = dc[k] + dhk * ok * (1.0f - t * t);
        i[k] = dck * gk * (ik * (1.0f - ik));
        f[k] = dck * c0[k] * (fk * (1.0f - fk));
        g[k] = dck * ik * (1.0f - gk * gk);
        o[k] = dhk * t * (ok * (1.0f - ok));
        dc[k] = dck * fk;
        dh[k] = 0.0f;
    }
}
DLI_INLINE void dli_gru_gates_body(float *DLI_RESTRICT h, float *DLI_RESTRICT r,
                                   float *DLI_RESTRICT z, float *DLI_RESTRICT n,
                                   const float *DLI_RESTRICT u, const float *DLI_RESTRICT h0,
                                   dl_int H)
{
    dl_int k;
    for (k = 0; k < H; k++) {
        float rk = dli_sigmoidf(r[k] + u[k]), zk = dli_sigmoidf(z[k] + u[H + k]);
        float nk = dli_tanhf(n[k] + rk * u[2 * H + k]);
        r[k] = rk;
        z[k] = zk;
        n[k] = nk;
        h[k] = (1.0f - zk) * nk + zk * h0[k];
    }
}
/* In place: r, z, n become da and ur, uz, un become du. */
DLI_INLINE void dli_gru_gates_back_body(float *DLI_RESTRICT r, float *DLI_RESTRICT z,
                                        float *DLI_RESTRICT n, float *DLI_RESTRICT ur,
                                        float *DLI_RESTRICT uz, float *DLI_RESTRICT un,
                                        float *DLI_RESTRICT dh, const float *DLI_RESTRICT h0,
                                        dl_int H)
{
    dl_int k;
    for (k = 0; k < H; k++) {
        float rk = r[k], zk = z[k], nk = n[k], dhk = dh[k];
        float dn = dhk * (1.0f - zk) * (1.0f - nk * nk);
        r[k] = ur[k] = dn * un[k] * (rk * (1.0f - rk));
        z[k] = uz[k] = dhk * (h0[k] - nk) * (zk * (1.0f - zk));
        n[k] = dn;
        un[k] = dn * rk;
        dh[k] = dhk * zk;
    }
}

/* ---- the table of functions, one for each instruction set ---- */

#define DLI_PMAP (float *y, const float *x, dl_int n)
#define DLI_AMAP (y, x, n)
#define DLI_PBACK (float *dx, const float *dy, const float *x, dl_int n, int add)
#define DLI_ABACK (dx, dy, x, n, add)
/* One line an operation: result, name, parameters, arguments. */
#define DLI_OPS(X) \
    X(void, vexp, DLI_PMAP, DLI_AMAP) \
    X(void, vtanh, DLI_PMAP, DLI_AMAP) \
    X(void, vsigmoid, DLI_PMAP, DLI_AMAP) \
    X(void, vgelu, DLI_PMAP, DLI_AMAP) \
    X(void, vgelu_tanh, DLI_PMAP, DLI_AMAP) \
    X(void, vrelu, DLI_PMAP, DLI_AMAP) \
    X(void, vtanh_back, DLI_PBACK, DLI_ABACK) \
    X(void, vsigmoid_back, DLI_PBACK, DLI_ABACK) \
    X(void, vrelu_back, DLI_PBACK, DLI_ABACK) \
    X(void, vgelu_back, DLI_PBACK, DLI_ABACK) \
    X(void, vgelu_tanh_back, DLI_PBACK, DLI_ABACK) \
    X(void, axpy, (float *y, float a, const float *x, dl_int n), (y, a, x, n)) \
    X(void, scale, (float *y, float a, const float *x, dl_int n), (y, a, x, n)) \
    X(void, add, (float *y, const float *a, const float *b, dl_int n), (y, a, b, n)) \
    X(void, mul, (float *y, const float *a, const float *b, dl_int n), (y, a, b, n)) \
    X(void, bytes, (float *y, const unsigned char *x, dl_int n, float scale), (y, x, n, scale)) \
    X(void, bias_act, (float *c, dl_int ldc, dl_int m, dl_int n, const float *col, \
      const float *row, int relu), (c, ldc, m, n, col, row, relu)) \
    X(void, col_sums, (float *s, const float *x, dl_int ldx, dl_int m, dl_int n), \
      (s, x, ldx, m, n)) \
    X(float, vsum, (const float *x, dl_int n), (x, n)) \
    X(float, vmax, (const float *x, dl_int n), (x, n)) \
    X(void, softmax, (float *y, const float *x, dl_int rows, dl_int n), (y, x, rows, n)) \
    X(void, log_softmax, (float *y, const float *x, dl_int rows, dl_int n), (y, x, rows, n)) \
    X(void, sgd, (float *w, const float *g, dl_int n, float lr, float decay), \
      (w, g, n, lr, decay)) \
    X(void, momentum, (float *w, const float *g, float *v, dl_int n, float lr, float mu, \
      float one_minus_damp, float decay, int nesterov), \
      (w, g, v, n, lr, mu, one_minus_damp, decay, nesterov)) \
    X(void, rmsprop, (float *w, const float *g, float *s, dl_int n, float lr, float rho, \
      float one_minus_rho, float eps, float decay), \
      (w, g, s, n, lr, rho, one_minus_rho, eps, decay)) \
    X(void, adam, (float *w, const float *g, float *m, float *v, dl_int n, float b1, \
      float one_minus_b1, float b2, float one_minus_b2, float step, float eps, float decay, \
      float shrink), \
      (w, g, m, v, n, b1, one_minus_b1, b2, one_minus_b2, step, eps, decay, shrink)) \
    X(void, dropout, (float *y, const float *x, dl_int n, uint32_t first, uint32_t key0, \
      uint32_t key1, int32_t drop24, float scale, int add), \
      (y, x, n, first, key0, key1, drop24, scale, add)) \
    X(void, transpose, (float *dst, dl_int ld, const float *src, dl_int ls, dl_int rows, \
      dl_int cols), (dst, ld, src, ls, rows, cols)) \
    X(void, pad, (float *dst, const float *src, dl_int c, dl_int h, dl_int w, dl_int ph, \
      dl_int pw), (dst, src, c, h, w, ph, pw)) \
    X(void, crop, (float *dst, const float *src, dl_int lds, dl_int rows, dl_int cols, \
      float bias, int relu, int add), (dst, src, lds, rows, cols, bias, relu, add)) \
    X(void, pool2, (float *y, unsigned char *arg, const float *x, dl_int planes, dl_int h, \
      dl_int w), (y, arg, x, planes, h, w)) \
    X(void, pool2_back, (float *dx, const float *dy, const unsigned char *arg, dl_int planes, \
      dl_int h, dl_int w), (dx, dy, arg, planes, h, w)) \
    X(void, pack, (float *dst, const float *src, dl_int js, dl_int ks, dl_int n, dl_int k, \
      dl_int w), (dst, src, js, ks, n, k, w)) \
    X(void, lstm_gates, (float *h, float *c, float *gate, const float *u, const float *c0, \
      dl_int H), (h, c, gate, gate + H, gate + 2 * H, gate + 3 * H, u, c0, H)) \
    X(void, lstm_gates_back, (float *gate, float *dh, float *dc, const float *c, \
      const float *c0, dl_int H), \
      (gate, gate + H, gate + 2 * H, gate + 3 * H, dh, dc, c, c0, H)) \
    X(void, gru_gates, (float *h, float *gate, const float *u, const float *h0, dl_int H), \
      (h, gate, gate + H, gate + 2 * H, u, h0, H)) \
    X(void, gru_gates_back, (float *gate, float *u, float *dh, const float *h0, dl_int H), \
      (gate, gate + H, gate + 2 * H, u, u + H, u + 2 * H, dh, h0, H))

/* C[mr][nr] = or += sum over k. A is packed (a) or given as mr row pointers (rows); row k of B
   is b + k * nr (packed) or b + off[k] (convolution: see below). */
typedef void dli_tile_fn(float *c, dl_int ldc, int add, dl_int k, const float *a,
                         const float *const *rows, const float *b, const dl_int *off);

#define DLI_FIELD(ret, name, params, args) ret (*name) params;
typedef struct dli_fast {
    const char *name;
    dl_int mr, nr;                                       /* the tile */
    dli_tile_fn *tile, *tile_rows, *tile_off;
    DLI_OPS(DLI_FIELD)
} dli_fast;

/* The tile, for V a vector of W floats (or float itself, W = 1) and NV of them in a row. */
#define DLI_TILE(fn, attr, V, W, MR, NV, A_IK, B_K) \
    attr static void fn(float *c, dl_int ldc, int add, dl_int n, const float *a, \
                        const float *const *rows, const float *b, const dl_int *off) \
    { \
        const V zero = { 0 }; \
        V acc[MR][NV], bv[NV]; \
        dl_int i, j, k; \
        (void)a; (void)rows; (void)off; \
        DLI_UNROLL for (i = 0; i < MR; i++) \
            DLI_UNROLL for (j = 0; j < NV; j++) acc[i][j] = zero; \
        for (k = 0; k < n; k++) { \
            const float *bk = B_K; \
            DLI_UNROLL for (j = 0; j < NV; j++) bv[j] = *(const V *)(bk + j * W); \
            DLI_UNROLL for (i = 0; i < MR; i++) \
                DLI_UNROLL for (j = 0; j < NV; j++) acc[i][j] += bv[j] * (A_IK); \
        } \
        DLI_UNROLL for (i = 0; i < MR; i++) \
            DLI_UNROLL for (j = 0; j < NV; j++) { \
                V *out = (V *)(c + i * ldc + j * W); \
                if (add) acc[i][j] += *out; \
                *out = acc[i][j]; \
            } \
    }

/* Everything one instruction set needs: its tiles, its copy of every loop, its table. `return`
   of a void call is not C, hence DLI_RETURN. */
#define DLI_RETURN_void
#define DLI_RETURN_float return
#define DLI_TILES(set, attr, V, W, MR, NV) \
    DLI_TILE(dli_tile_##set, attr, V, W, MR, NV, a[k * MR + i], b + k * (NV * W)) \
    DLI_TILE(dli_tile_rows_##set, attr, V, W, MR, NV, rows[i][k], b + k * (NV * W)) \
    DLI_TILE(dli_tile_off_##set, attr, V, W, MR, NV, a[k * MR + i], b + off[k]) \
    DLI_OPS(DLI_DEFINE_##set) \
    static const dli_fast dli_fast_##set = { \
        #set, MR, NV * W, dli_tile_##set, dli_tile_rows_##set, dli_tile_off_##set \
        DLI_OPS(DLI_ENTRY_##set) \
    };
#define DLI_DEFINE(set, attr, ret, name, params, args) \
    attr static ret dli_##name##_##set params { DLI_RETURN_##ret dli_##name##_body args; }
#define DLI_DEFINE_base(ret, name, params, args) \
    DLI_DEFINE(base, DLI_VEC_CODE, ret, name, params, args)
#define DLI_ENTRY_base(ret, name, params, args) , dli_##name##_base

#if DLI_SIMD
DLI_TILES(base, DLI_VEC_CODE, dli_v4, 4, 4, 2)                         /* SSE2, NEON */
#else
DLI_TILES(base, DLI_VEC_CODE, float, 1, 4, 4)
#endif

#if DLI_X86
typedef float dli_v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float dli_v16 __attribute__((vector_size(64), aligned(4), may_alias));
#define DLI_DEFINE_avx2(ret, name, params, args) \
    DLI_DEFINE(avx2, DLI_AVX2, ret, name, params, args)
#define DLI_ENTRY_avx2(ret, name, params, args) , dli_##name##_avx2
#define DLI_DEFINE_avx512(ret, name, params, args) \
    DLI_DEFINE(avx512, DLI_AVX512, ret, name, params, args)
#define DLI_ENTRY_avx512(ret, name, params, args) , dli_##name##_avx512
DLI_TILES(avx2, DLI_AVX2, dli_v8, 8, 6, 2)
DLI_TILES(avx512, DLI_AVX512, dli_v16, 16, 8, 2)
#endif

static const dli_fast *dli_fast_pick(void)
{
#if DLI_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("fma"))
        return &dli_fast_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &dli_fast_avx2;
#endif
    return &dli_fast_base;
}

/* Runs `call` over 0 .. n-1 in blocks of at most 16384, `at` the start and `len` the length of
   a block. The blocks do not depend on the number of threads, so neither do results. */
#define DLI_BLOCK ((dl_int)16384)
#define DLI_SPLIT(n, threads, at, len, call) \
    do { \
        const dl_int dli_n = (n), dli_blocks = dli_ceil_div(dli_n, DLI_BLOCK); \
        dl_int dli_b; \
        DLI_OMP(omp parallel for num_threads(threads) if (dli_blocks > 1)) \
        for (dli_b = 0; dli_b < dli_blocks; dli_b++) { \
            dl_int at = dli_b * DLI_BLOCK, len = dli_min(DLI_BLOCK, dli_n - at); \
            call; \
        } \
        (void)(threads); \
    } while (0)

/* ---- matrix product ---- */

/* C = A B (m x k times k x n), or C += A B, then optionally + bias, then ReLU. Element (i, j) of
   A is a[i * ars + j * acs], and so on: a transposed matrix is one with its strides swapped. */
typedef struct dli_product {
    dl_int m, n, k;
    const float *a;  dl_int ars, acs;
    const float *b;  dl_int brs, bcs;
    float *c;        dl_int crs, ccs;
    int add;
    const float *col_bias, *row_bias;                    /* [n], [m], or NULL */
    int relu;
    const float *packed_b;                               /* from dli_gemm_pack, or NULL */
} dli_product;

/* The three products of a linear layer, all matrices row-major and dense:
   nn: C[m,n] = A[m,k] B[k,n];  nt: C = A[m,k] B[n,k]^T;  tn: C = A[k,m]^T B[k,n]. */
static dli_product dli_product_of(dl_int m, dl_int n, dl_int k, const float *a, const float *b,
                                  float *c, int ta, int tb)
{
    dli_product p;
    memset(&p, 0, sizeof p);
    p.m = m; p.n = n; p.k = k;
    p.a = a; p.ars = ta ? 1 : k; p.acs = ta ? m : 1;
    p.b = b; p.brs = tb ? 1 : n; p.bcs = tb ? k : 1;
    p.c = c; p.crs = n; p.ccs = 1;
    return p;
}
DLI_INLINE dli_product dli_product_nn(dl_int m, dl_int n, dl_int k, const float *a,
                                      const float *b, float *c)
{
    return dli_product_of(m, n, k, a, b, c, 0, 0);
}
DLI_INLINE dli_product dli_product_nt(dl_int m, dl_int n, dl_int k, const float *a,
                                      const float *b, float *c)
{
    return dli_product_of(m, n, k, a, b, c, 0, 1);
}
DLI_INLINE dli_product dli_product_tn(dl_int m, dl_int n, dl_int k, const float *a,
                                      const float *b, float *c)
{
    return dli_product_of(m, n, k, a, b, c, 1, 0);
}

/* Block sizes, in floats: a packed block of A fits L2, a panel of B and of A fit L1. */
#ifndef DLI_KC
#define DLI_KC 512
#define DLI_MC 192
#define DLI_NC 512
#endif
#define DLI_MAX_MR 16
#define DLI_MAX_NR 32
#define DLI_WORK_FLOATS ((dl_int)DLI_KC * (DLI_MC + DLI_MAX_MR + DLI_NC + DLI_MAX_NR))

/* Bytes of 64-byte aligned memory dli_gemm needs. */
static size_t dli_gemm_work_bytes(int threads)
{
    return (size_t)threads * (size_t)DLI_WORK_FLOATS * sizeof(float);
}

/* One tile of C, at the edges (or with columns not adjacent) by way of the stack. */
static void dli_tile_edge(const dli_fast *f, const dli_product *p, float *c, dl_int m, dl_int n,
                          int add, dl_int k, const float *a, const float *const *rows,
                          const float *b)
{
    float t[DLI_MAX_MR * DLI_MAX_NR];
    dl_int i, j;
    (rows ? f->tile_rows : f->tile)(t, f->nr, 0, k, a, rows, b, NULL);
    for (i = 0; i < m; i++)
        for (j = 0; j < n; j++) {
            float *out = c + i * p->crs + j * p->ccs;
            *out = add ? *out + t[i * f->nr + j] : t[i * f->nr + j];
        }
}

/* The block of C at (i0, j0), m x n, += A block times packed B. A with adjacent k is read where
   it stands, through row pointers; otherwise it has been packed. */
static void dli_gemm_block(const dli_fast *f, const dli_product *p, dl_int i0, dl_int j0,
                           dl_int k0, dl_int m, dl_int n, dl_int k, int add, const float *pa,
                           const float *pb, dl_int b_panel)
{
    dl_int i, j, l;
    for (j = 0; j < n; j += f->nr, pb += b_panel)
        for (i = 0; i < m; i += f->mr) {
            float *c = p->c + (i0 + i) * p->crs + (j0 + j) * p->ccs;
            const float *rows[DLI_MAX_MR], *a = pa ? pa + i * k : NULL;
            dl_int mm = dli_min(f->mr, m - i), nn = dli_min(f->nr, n - j);
            if (!pa)
                for (l = 0; l < f->mr; l++)              /* past the edge: repeat the last row */
                    rows[l] = p->a + (i0 + dli_min(i + l, m - 1)) * p->ars + k0;
            if (mm < f->mr || nn < f->nr || p->ccs != 1)
                dli_tile_edge(f, p, c, mm, nn, add, k, a, pa ? NULL : rows, pb);
            else
                (pa ? f->tile : f->tile_rows)(c, p->crs, add, k, a, rows, pb, NULL);
        }
}

/* n split into equal blocks of at most `most`, each a multiple of `unit`. */
static dl_int dli_even_block(dl_int n, dl_int most, dl_int unit)
{
    return dli_ceil_div(dli_ceil_div(n, dli_ceil_div(n, most)), unit) * unit;
}

static void dli_gemm_serial(const dli_fast *f, const dli_product *p, float *work)
{
    const dl_int kc = p->packed_b ? p->k : dli_even_block(p->k, DLI_KC, 1);
    const dl_int mc = dli_even_block(p->m, DLI_MC, f->mr);
    const dl_int nc = dli_even_block(p->n, DLI_NC, f->nr);
    float *bbuf = work, *abuf = work + (dl_int)DLI_KC * (DLI_NC + DLI_MAX_NR);
    dl_int k0, j0, i0;
    for (k0 = 0; k0 < p->k; k0 += kc)
        for (j0 = 0; j0 < p->n; j0 += nc) {
            dl_int k = dli_min(kc, p->k - k0), n = dli_min(nc, p->n - j0);
            const float *pb = p->packed_b ? p->packed_b + j0 * k : bbuf;
            if (!p->packed_b)
                f->pack(bbuf, p->b + k0 * p->brs + j0 * p->bcs, p->bcs, p->brs, n, k, f->nr);
            for (i0 = 0; i0 < p->m; i0 += mc) {
                dl_int m = dli_min(mc, p->m - i0);
                int direct = p->acs == 1;
                if (!direct)
                    f->pack(abuf, p->a + i0 * p->ars + k0 * p->acs, p->ars, p->acs, m, k, f->mr);
                dli_gemm_block(f, p, i0, j0, k0, m, n, k, p->add || k0 > 0,
                               direct ? NULL : abuf, pb, f->nr * k);
            }
        }
}

/* The part of p that thread t of `threads` computes: a rectangle of C in whole tiles. The grid
   of threads is the one whose rectangles need the least reading of A and B. */
static dli_product dli_gemm_part(const dli_fast *f, const dli_product *p, int t, int threads)
{
    dli_product q = *p;
    dl_int mt = dli_ceil_div(p->m, f->mr), nt = dli_ceil_div(p->n, f->nr), down = 1, d, best = 0;
    dl_int i0, i1, j0, j1, across;
    for (d = 1; d <= threads; d++)
        if (threads % d == 0) {
            dl_int rows = dli_ceil_div(mt, d), cols = dli_ceil_div(nt, threads / d);
            dl_int cost = rows * cols * 64 + rows * f->mr + cols * f->nr;
            if (d == 1 || cost < best) { best = cost; down = d; }
        }
    across = threads / down;
    i0 = mt * (t / across) / down * f->mr;
    i1 = dli_min(p->m, mt * (t / across + 1) / down * f->mr);
    j0 = nt * (t % across) / across * f->nr;
    j1 = dli_min(p->n, nt * (t % across + 1) / across * f->nr);
    q.m = i1 > i0 ? i1 - i0 : 0;
    q.n = j1 > j0 ? j1 - j0 : 0;
    q.a += i0 * p->ars;
    q.b += j0 * p->bcs;
    q.c += i0 * p->crs + j0 * p->ccs;
    if (q.packed_b) q.packed_b += j0 * p->k;
    if (q.col_bias) q.col_bias += j0;
    if (q.row_bias) q.row_bias += i0;
    return q;
}

/* A product with few columns fills the tile badly; its transpose, C^T = B^T A^T, fills it well. */
static dli_product dli_product_transposed(const dli_product *p)
{
    dli_product q = *p;
    q.m = p->n; q.n = p->m;
    q.a = p->b; q.ars = p->bcs; q.acs = p->brs;
    q.b = p->a; q.brs = p->acs; q.bcs = p->ars;
    q.crs = p->ccs; q.ccs = p->crs;
    q.col_bias = p->row_bias; q.row_bias = p->col_bias;
    return q;
}

static void dli_gemm(const dli_fast *f, const dli_product *whole, int threads, void *work)
{
    dli_product p = *whole;
    int t;
    if (p.m <= 0 || p.n <= 0) return;
    if (p.k <= 0 && !p.add) {
        dl_int i, j;
        for (i = 0; i < p.m; i++)
            for (j = 0; j < p.n; j++) p.c[i * p.crs + j * p.ccs] = 0.0f;
    }
    if (p.n <= f->nr / 2 && p.m > p.n && !p.packed_b) p = dli_product_transposed(&p);
    if (p.m * p.n * p.k < 32 * 32 * 32) threads = 1;     /* not worth waking anyone */
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (t = 0; t < threads; t++) {
        dli_product q = dli_gemm_part(f, &p, t, threads);
        if (q.m > 0 && q.n > 0) {
            if (q.k > 0) dli_gemm_serial(f, &q, (float *)work + t * DLI_WORK_FLOATS);
            if (q.ccs != 1) {                            /* finish along C's own rows */
                float *c = q.c;
                dl_int rows = q.n;
                f->bias_act(c, q.ccs, rows, q.m, q.row_bias, q.col_bias, q.relu);
            } else if (q.col_bias || q.row_bias || q.relu) {
                f->bias_act(q.c, q.crs, q.m, q.n, q.col_bias, q.row_bias, q.relu);
            }
        }
    }
}

/* Packs a B that will be used many times (recurrent weights, inference) whole. */
static size_t dli_gemm_pack_bytes(const dli_fast *f, dl_int k, dl_int n)
{
    return (size_t)(dli_ceil_div(n, f->nr) * f->nr * k) * sizeof(float);
}
static void dli_gemm_pack(const dli_fast *f, float *dst, const float *b, dl_int brs, dl_int bcs,
                          dl_int k, dl_int n)
{
    f->pack(dst, b, bcs, brs, n, k, f->nr);
}

/* ---- convolution, stride 1 ----

   y[m][oy][ox] = sum over c, ky, kx of w[m][c][ky][kx] x[c][oy + ky][ox + kx] is a product of the
   weights, [M, K] with K = C kh kw, and a matrix whose row k = (c, ky, kx) is the image shifted
   by (ky, kx). Building that matrix (im2col) costs kh kw copies of the image. But if the output
   is computed at the width of the (padded) input, every row is simply the image from
   off[k] = (c hp + ky) wp + kx on: nothing need be built, the tile reads the image itself. The
   kw - 1 columns computed too many, some 8 %, are dropped when bias and ReLU are applied.

   The gradient for x is a convolution of dy, padded by k - 1 - p, with the weights flipped and
   their first two dimensions exchanged. The gradient for w is dWt[k][m] = sum over positions p
   of x[off[k] + p] dy[m][p]: rows of the tile are shifted images again, dy is packed. */
typedef struct dli_conv {
    dl_int n, c, h, w;                                   /* x [n, c, h, w] */
    dl_int m, kh, kw, ph, pw;                            /* weights [m, c, kh, kw], padding */
} dli_conv;

typedef struct dli_conv_size { dl_int k, hp, wp, oh, ow, p, tiles, image, plane; } dli_conv_size;

static dl_int dli_round_up(dl_int n, dl_int unit) { return dli_ceil_div(n, unit) * unit; }

static dli_conv_size dli_conv_sizes(const dli_fast *f, const dli_conv *v)
{
    dli_conv_size z;
    z.k = v->c * v->kh * v->kw;
    z.hp = v->h + 2 * v->ph;
    z.wp = v->w + 2 * v->pw;
    z.oh = z.hp - v->kh + 1;
    z.ow = z.wp - v->kw + 1;
    z.p = (z.oh - 1) * z.wp + z.ow;                      /* positions computed */
    z.tiles = dli_round_up(z.p, f->nr);
    z.image = dli_round_up(v->c * z.hp * z.wp + f->nr, 16);     /* padded image, room to overrun */
    z.plane = v->m * z.oh * z.ow;                        /* floats of y for one sample */
    return z;
}
/* off[k] for k = (c, ky, kx) */
static void dli_conv_offsets(const dli_conv *v, const dli_conv_size *z, dl_int *off)
{
    dl_int c, i, j;
    for (c = 0; c < v->c; c++)
        for (i = 0; i < v->kh; i++)
            for (j = 0; j < v->kw; j++) *off++ = (c * z->hp + i) * z->wp + j;
}
/* The convolution whose forward pass is the gradient for x of v. */
static dli_conv dli_conv_reversed(const dli_fast *f, const dli_conv *v)
{
    dli_conv_size z = dli_conv_sizes(f, v);
    dli_conv r;
    r.n = v->n; r.c = v->m; r.h = z.oh; r.w = z.ow;
    r.m = v->c; r.kh = v->kh; r.kw = v->kw;
    r.ph = v->kh - 1 - v->ph;
    r.pw = v->kw - 1 - v->pw;
    return r;
}
/* Bytes of 64-byte aligned work memory for the forward and both backward passes of v. */
#define DLI_CHUNKS 8
static size_t dli_conv_pass_floats(const dli_fast *f, const dli_conv *v, int threads)
{
    dli_conv_size z = dli_conv_sizes(f, v);
    dl_int weights = dli_round_up(v->m, f->mr) * z.k + 16;
    dl_int own = z.image + dli_round_up(f->mr * (z.tiles + 16), 16)
               + dli_round_up(v->c * v->h * v->w, 16);
    return (size_t)(weights + own * threads) + (size_t)z.k * sizeof(dl_int) / sizeof(float) + 32;
}
static size_t dli_conv_work_bytes(const dli_fast *f, const dli_conv *v, int threads)
{
    dli_conv r = dli_conv_reversed(f, v);
    dli_conv_size z = dli_conv_sizes(f, v);
    size_t forward = dli_conv_pass_floats(f, v, threads);
    size_t back = dli_conv_pass_floats(f, &r, threads) + (size_t)(z.k * v->m);
    dl_int sums = dli_round_up(z.k, f->mr) * dli_round_up(v->m, f->nr) + dli_round_up(v->m, 16);
    dl_int own = z.image + dli_round_up(z.p * f->nr, 16) + dli_round_up(z.plane, 16);
    size_t weights = (size_t)(sums * DLI_CHUNKS + own * threads)
                   + (size_t)z.k * sizeof(dl_int) / sizeof(float) + 32;
    if (back > forward) forward = back;
    if (weights > forward) forward = weights;
    return forward * sizeof(float);
}

/* One sample: the padded image is convolved with packed weights, MR output planes at a time. */
static void dli_conv_image(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                           float *y, const float *image, const float *packed, const dl_int *off,
                           const float *bias, int relu, int add, float *raw)
{
    dl_int m, j, i, k, ld = z->tiles + 16;
    for (m = 0; m < v->m; m += f->mr) {
        for (k = 0; k < z->k; k += DLI_KC) {
            dl_int kk = dli_min(DLI_KC, z->k - k);
            for (j = 0; j < z->tiles; j += f->nr)
                f->tile_off(raw + j, ld, k > 0, kk, packed + m * z->k + k * f->mr, NULL,
                            image + j, off + k);
        }
        for (i = 0; i < f->mr && m + i < v->m; i++)
            f->crop(y + (m + i) * z->oh * z->ow, raw + i * ld, z->wp, z->oh, z->ow,
                    bias ? bias[m + i] : 0.0f, relu, add);
    }
}
/* y = or += conv(mask?(x), w) + bias, then ReLU. `mask`, if not NULL, is shaped like x and lets
   x through only where it is positive: x is then the gradient of a ReLU whose output is mask. */
static void dli_conv_pass(const dli_fast *f, const dli_conv *v, float *y, const float *x,
                          const float *mask, const float *w, const float *bias, int relu,
                          int add, int threads, void *work)
{
    const dli_conv_size z = dli_conv_sizes(f, v);
    const dl_int in = v->c * v->h * v->w, raw_floats = dli_round_up(f->mr * (z.tiles + 16), 16);
    dl_int *off = (dl_int *)work;
    float *packed = (float *)work
                  + dli_round_up(z.k * (dl_int)(sizeof(dl_int) / sizeof(float)), 16);
    float *own = packed + dli_round_up(dli_round_up(v->m, f->mr) * z.k, 16);
    int t;
    dli_conv_offsets(v, &z, off);
    f->pack(packed, w, z.k, 1, v->m, z.k, f->mr);
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (t = 0; t < threads; t++) {
        float *image = own + t * (z.image + raw_floats + dli_round_up(in, 16));
        float *raw = image + z.image, *masked = raw + raw_floats;
        dl_int s, s0 = v->n * t / threads, s1 = v->n * (t + 1) / threads;
        memset(image, 0, sizeof(float) * (size_t)z.image);
        memset(raw, 0, sizeof(float) * (size_t)raw_floats);
        for (s = s0; s < s1; s++) {
            const float *from = x + s * in;
            if (mask) {
                f->vrelu_back(masked, from, mask + s * in, in, 0);
                from = masked;
            }
            f->pad(image, from, v->c, v->h, v->w, v->ph, v->pw);
            dli_conv_image(f, v, &z, y + s * z.plane, image, packed, off, bias, relu, add, raw);
        }
    }
}
/* y = conv(x, w) + bias (or NULL), then ReLU if asked. */
static void dli_conv_forward(const dli_fast *f, const dli_conv *v, float *y, const float *x,
                             const float *w, const float *bias, int relu, int threads, void *work)
{
    dli_conv_pass(f, v, y, x, NULL, w, bias, relu, 0, threads, work);
}
/* dx = or += the gradient for x. y_relu: the forward output if it had a ReLU, else NULL. */
static void dli_conv_back_data(const dli_fast *f, const dli_conv *v, float *dx, const float *dy,
                               const float *y_relu, const float *w, int add, int threads,
                               void *work)
{
    const dli_conv r = dli_conv_reversed(f, v);
    const dl_int taps = v->kh * v->kw;
    float *flipped = (float *)work;
    dl_int m, c, i;
    for (m = 0; m < v->m; m++)
        for (c = 0; c < v->c; c++)
            for (i = 0; i < taps; i++)
                flipped[(c * v->m + m) * taps + i] = w[(m * v->c + c) * taps + taps - 1 - i];
    dli_conv_pass(f, &r, dx, dy, y_relu, flipped, NULL, 0, add, threads,
                  flipped + dli_round_up(v->m * v->c * taps, 16));
}

/* Adds one sample's dWt [K, M] and db [M] (NULL: none) to the sums of its chunk. */
static void dli_conv_weights_image(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                                   float *dwt, float *db, const float *image, const float *dy,
                                   int first, float *panel)
{
    const dl_int ldw = dli_round_up(v->m, f->nr), area = z->oh * z->ow, gap = z->wp - z->ow;
    dl_int m, k, i, r;
    for (m = 0; m < v->m; m += f->nr) {
        dl_int cols = dli_min(f->nr, v->m - m);
        for (r = 0; r < z->oh; r++) {                    /* dy as [position][NR], 0 in the gaps */
            float *to = panel + r * z->wp * f->nr;
            dl_int n = r < z->oh - 1 ? dli_round_up(z->ow, 4) : z->ow;
            if (cols < f->nr) memset(to, 0, sizeof(float) * (size_t)(z->ow * f->nr));
            f->transpose(to, f->nr, dy + m * area + r * z->ow, area, cols, dli_min(n, z->wp));
            if (r < z->oh - 1)
                memset(to + z->ow * f->nr, 0, sizeof(float) * (size_t)(gap * f->nr));
        }
        for (k = 0; k < z->k; k += f->mr) {
            const float *rows[DLI_MAX_MR];
            for (i = 0; i < f->mr; i++) {
                dl_int q = dli_min(k + i, z->k - 1), c = q / (v->kh * v->kw);
                dl_int tap = q % (v->kh * v->kw);
                rows[i] = image + (c * z->hp + tap / v->kw) * z->wp + tap % v->kw;
            }
            f->tile_rows(dwt + k * ldw + m, ldw, !first, z->p, NULL, rows, panel, NULL);
        }
    }
    if (db)
        for (m = 0; m < v->m; m++)
            db[m] = (first ? 0.0f : db[m]) + f->vsum(dy + m * area, area);
}
/* dw [M, C, kh, kw] += and db [M] += (or NULL). The samples are cut into 8 chunks, each summed in
   order into its own dWt; the chunks are added in order. */
static void dli_conv_back_weights(const dli_fast *f, const dli_conv *v, float *dw, float *db,
                                  const float *x, const float *dy, const float *y_relu,
                                  int threads, void *work)
{
    const dli_conv_size z = dli_conv_sizes(f, v);
    const dl_int in = v->c * v->h * v->w, ldw = dli_round_up(v->m, f->nr);
    const dl_int sums = dli_round_up(z.k, f->mr) * ldw + dli_round_up(v->m, 16);
    const dl_int panel_floats = dli_round_up(z.p * f->nr, 16);
    const dl_int chunks = dli_min(v->n, DLI_CHUNKS);
    float *all = (float *)work, *own = all + sums * DLI_CHUNKS;
    dl_int m, k, c;
    int t;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (t = 0; t < threads; t++) {
        float *image = own + t * (z.image + panel_floats + dli_round_up(z.plane, 16));
        float *panel = image + z.image, *masked = panel + panel_floats;
        dl_int chunk, s;
        memset(image, 0, sizeof(float) * (size_t)z.image);
        for (chunk = t; chunk < chunks; chunk += threads) {
            float *dwt = all + chunk * sums, *dbc = dwt + sums - dli_round_up(v->m, 16);
            dl_int s0 = v->n * chunk / chunks, s1 = v->n * (chunk + 1) / chunks;
            for (s = s0; s < s1; s++) {
                const float *g = dy + s * z.plane;
                if (y_relu) {
                    f->vrelu_back(masked, g, y_relu + s * z.plane, z.plane, 0);
                    g = masked;
                }
                f->pad(image, x + s * in, v->c, v->h, v->w, v->ph, v->pw);
                dli_conv_weights_image(f, v, &z, dwt, db ? dbc : NULL, image, g, s == s0, panel);
            }
        }
    }
    for (c = 1; c < chunks; c++) f->add(all, all, all + c * sums, sums);
    for (m = 0; m < v->m; m++)
        for (k = 0; k < z.k; k++) dw[m * z.k + k] += all[k * ldw + m];
    if (db)
        for (m = 0; m < v->m; m++) db[m] += all[sums - dli_round_up(v->m, 16) + m];
}
#endif /* DLI_FAST */

static bool dli_fast_start(dl_ctx *c, int threads)
{
#if DLI_FAST
    size_t bytes = dli_gemm_work_bytes(threads) + DLI_ALIGN;
    void *p = DL_MALLOC(bytes);
    if (!p) return dli_no_memory(c, "dl_set_threads", bytes);
    if (c->product_memory) DL_FREE(c->product_memory);
    c->product_memory = p;
    c->product_work = dli_align(p);
    c->fast = dli_fast_pick();
#endif
    c->threads = threads;
    return true;
}

static const char *dli_fast_name(const dl_ctx *c)
{
#if DLI_FAST
    return c->fast->name;
#else
    (void)c;
    return "plain kernels";
#endif
}

#if DLI_FAST
/* ---- how many threads a job is worth ----
   Waking threads and waiting for the last of them costs a few microseconds on a quiet machine, and
   many milliseconds on one that is busy with other things, when a thread does not get its core.
   No fixed size tells which jobs are worth it, so it is measured: a job of each size is timed with
   one thread and with all, runs the faster way, and now and then tries the other one again.
   Results are the same either way. A time that is better than before counts at once, a worse one
   (chance, perhaps) by a quarter. */
typedef struct dli_timer { dli_job *job; double start; int way, threads; } dli_timer;

static dli_timer dli_job_start(dl_ctx *c, double size)
{
    dli_timer t;
    dli_job *j = &c->job[dli_mix((uint64_t)(size * 64)) % DLI_JOBS];
    memset(&t, 0, sizeof t);
    t.threads = 1;
    if (c->threads == 1 || size < 32768) return t;
    if (j->size != size) {                      /* new here, or in the place of another size */
        memset(j, 0, sizeof *j);
        j->size = size;
        j->next = 4;
        j->gap = 32;
    }
    t.way = j->seconds[1] < j->seconds[0];
    if (j->runs < 4) t.way = j->runs & 1;       /* at first, each way twice */
    else if (j->runs == j->next) {
        t.way = !t.way;
        if (j->gap < 1024) j->gap *= 2;
        j->next += j->gap;
    }
    if (j->runs < 1000000000) j->runs++;
    t.job = j;
    t.threads = t.way ? c->threads : 1;
    t.start = dli_now();
    return t;
}

static void dli_job_end(const dli_timer *t)
{
    double seconds, *known;
    bool was_better;
    if (!t->job) return;
    seconds = dli_now() - t->start;
    known = &t->job->seconds[t->way];
    was_better = *known < t->job->seconds[!t->way];
    if (t->job->runs <= 4 || seconds < *known) *known = seconds;
    else *known += (seconds - *known) / 4;
    if ((*known < t->job->seconds[!t->way]) != was_better) {       /* a change: look again soon */
        t->job->gap = 32;
        t->job->next = t->job->runs + 32;
    }
}

/* DLI_SPLIT with as many threads as it is worth; kind tells sorts of work apart. */
#define DLI_SPREAD(c, kind, n, at, len, call) \
    do { \
        dli_timer dli_t = dli_job_start(c, (double)(n) + (kind) / 64.0); \
        DLI_SPLIT(n, dli_t.threads, at, len, call); \
        dli_job_end(&dli_t); \
    } while (0)
#endif

/* ---- what the operations call: the fast twin where there is one, else the readable kernel ---- */

#if DLI_FAST
static void dli_product_run(dl_ctx *c, dli_product p, bool add)
{
    dli_timer t = dli_job_start(c, (double)p.m * (double)p.n * (double)p.k);
    p.add = add;
    dli_gemm(c->fast, &p, t.threads, c->product_work);
    dli_job_end(&t);
}
#endif

static void dli_linear_forward(dl_ctx *c, dl_real *y, const dl_real *x, const dl_real *w,
                               const dl_real *b, dl_int N, dl_int D, dl_int M)
{
#if DLI_FAST
    dli_product p = dli_product_nt(N, M, D, x, w, y);
    p.col_bias = b;
    dli_product_run(c, p, false);
#else
    (void)c;
    dlk_linear_forward(y, x, w, b, N, D, M);
#endif
}

/* With add_dx false, dx is overwritten. */
static void dli_linear_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw, dl_real *db,
                                const dl_real *dy, const dl_real *x, const dl_real *w, dl_int N,
                                dl_int D, dl_int M)
{
#if DLI_FAST
    if (dx) dli_product_run(c, dli_product_nn(N, D, M, dy, w, dx), add_dx);
    if (dw) dli_product_run(c, dli_product_tn(M, D, N, dy, x, dw), true);
    if (db) c->fast->col_sums(db, dy, M, N, M);
#else
    (void)c;
    if (dx && !add_dx) memset(dx, 0, (size_t)(N * D) * sizeof *dx);
    dlk_linear_backward(dx, dw, db, dy, x, w, N, D, M);
#endif
}

static void dli_matmul_forward(dl_ctx *c, dl_real *y, const dl_real *a, const dl_real *b,
                               dl_int N, dl_int K, dl_int M)
{
#if DLI_FAST
    dli_product_run(c, dli_product_nn(N, M, K, a, b, y), false);
#else
    (void)c;
    dlk_matmul_forward(y, a, b, N, K, M);
#endif
}

static void dli_matmul_backward(dl_ctx *c, dl_real *da, dl_real *db, const dl_real *dy,
                                const dl_real *a, const dl_real *b, dl_int N, dl_int K, dl_int M)
{
#if DLI_FAST
    if (da) dli_product_run(c, dli_product_nt(N, K, M, dy, b, da), true);
    if (db) dli_product_run(c, dli_product_tn(K, M, N, a, dy, db), true);
#else
    (void)c;
    dlk_matmul_backward(da, db, dy, a, b, N, K, M);
#endif
}

static void dli_unary_forward(dl_ctx *c, dlk_unary_forward_fn kernel, dl_real *y,
                              const dl_real *x, dl_int n, double p, double q)
{
#if DLI_FAST
    void (*fast)(float *, const float *, dl_int) =
        kernel == dlk_relu_forward      ? c->fast->vrelu :
        kernel == dlk_sigmoid_forward   ? c->fast->vsigmoid :
        kernel == dlk_tanh_forward      ? c->fast->vtanh :
        kernel == dlk_gelu_forward      ? c->fast->vgelu :
        kernel == dlk_gelu_tanh_forward ? c->fast->vgelu_tanh :
        kernel == dlk_exp_forward       ? c->fast->vexp : NULL;
    if (fast) {
        DLI_SPREAD(c, 1, n, at, len, fast(y + at, x + at, len));
        return;
    }
#endif
    (void)c;
    kernel(y, x, n, p, q);
}

static void dli_unary_backward(dl_ctx *c, dlk_unary_backward_fn kernel, dl_real *dx, bool add,
                               const dl_real *dy, const dl_real *y, const dl_real *x, dl_int n,
                               double p, double q)
{
#if DLI_FAST
    void (*fast)(float *, const float *, const float *, dl_int, int) =
        kernel == dlk_relu_backward      ? c->fast->vrelu_back :
        kernel == dlk_sigmoid_backward   ? c->fast->vsigmoid_back :
        kernel == dlk_tanh_backward      ? c->fast->vtanh_back :
        kernel == dlk_gelu_backward      ? c->fast->vgelu_back :
        kernel == dlk_gelu_tanh_backward ? c->fast->vgelu_tanh_back : NULL;
    if (fast) {
        const dl_real *v = kernel == dlk_sigmoid_backward || kernel == dlk_tanh_backward ? y : x;
        DLI_SPREAD(c, 2, n, at, len, fast(dx + at, dy + at, v + at, len, add));
        return;
    }
#endif
    (void)c;
    if (!add) memset(dx, 0, (size_t)n * sizeof *dx);
    kernel(dx, dy, y, x, n, p, q);
}

static void dli_softmax_forward(dl_ctx *c, dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
#if DLI_FAST
    c->fast->softmax(y, x, N, C);
#else
    (void)c;
    dlk_softmax_forward(y, x, N, C);
#endif
}

static void dli_rmsprop_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double rho, double eps_in, double eps_out)
{
#if DLI_FAST
    if (eps_out == 0) {
        DLI_SPREAD(c, 3, n, at, len,
                   c->fast->rmsprop(w + at, g + at, a + at, len, (float)lr, (float)rho,
                                    (float)(1 - rho), (float)eps_in, 0));
        return;
    }
#endif
    (void)c;
    dlk_rmsprop_step(w, g, a, n, lr, rho, eps_in, eps_out);
}

static void dli_adam_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *m, dl_real *v,
                          dl_int n, double lr, double b1, double b2, double eps, int64_t t,
                          bool keras_eps)
{
#if DLI_FAST
    double root = sqrt(1 - pow(b2, (double)t));        /* of the bias correction of v */
    float step = (float)(lr * root / (1 - pow(b1, (double)t)));
    float e = (float)(keras_eps ? eps : eps * root);
    DLI_SPREAD(c, 4, n, at, len,
               c->fast->adam(w + at, g + at, m + at, v + at, len, (float)b1, (float)(1 - b1),
                             (float)b2, (float)(1 - b2), step, e, 0, 1));
#else
    (void)c;
    dlk_adam_step(w, g, m, v, n, lr, b1, b2, eps, t, keras_eps);
#endif
}

/* Bytes to numbers. */
static void dli_bytes_to_real(dl_ctx *c, dl_real *y, const uint8_t *x, dl_int n, double scale)
{
#if DLI_FAST
    c->fast->bytes(y, x, n, (float)scale);
#else
    dl_int i;
    (void)c;
    for (i = 0; i < n; i++) y[i] = (dl_real)((double)x[i] * scale);
#endif
}

/* ---- convolution: what the operations call ----
   Stride 1 runs in the fast room. All else becomes a matrix product by im2col: column p,q of the
   matrix col [C/groups KH KW, OH OW] lists all that the kernel looks at from p, q; then
   y [M/groups, OH OW] = w [M/groups, C/groups KH KW] col. */

#ifdef DL_REFERENCE
#define DLI_REFERENCE 1
#else
#define DLI_REFERENCE 0
#endif

#if DLI_FAST
/* Is this a convolution that the fast room knows? Stride 1, dense, one group, padded evenly. */
static bool dli_conv_plain(dli_conv *v, const dlk_conv2d_size *s)
{
    v->n = s->N; v->c = s->C; v->h = s->H; v->w = s->W;
    v->m = s->M; v->kh = s->KH; v->kw = s->KW; v->ph = s->top; v->pw = s->left;
    return s->N > 0 && s->M > 0 && s->groups == 1 && s->stride_h == 1 && s->stride_w == 1 &&
           s->dilation_h == 1 && s->dilation_w == 1 && s->top < s->KH && s->left < s->KW &&
           s->OH == s->H + 2 * s->top - s->KH + 1 && s->OW == s->W + 2 * s->left - s->KW + 1;
}
#endif

/* Where the places q stride + offset are inside 0 .. size-1: from *lo to *hi - 1, of n. */
static void dli_inside(dl_int *lo, dl_int *hi, dl_int offset, dl_int stride, dl_int size, dl_int n)
{
    *lo = offset < 0 ? (-offset + stride - 1) / stride : 0;
    *hi = offset < size ? (size - offset + stride - 1) / stride : 0;
    if (*hi > n) *hi = n;
    if (*lo > *hi) *lo = *hi;
}

/* One group of one sample from x to col: each row of col is a piece of a row of x, with zeros where
   the kernel looks outside. */
static void dli_im2col(dl_real *col, const dl_real *x, const dlk_conv2d_size *s)
{
    const dl_int rows = s->C / s->groups * s->KH * s->KW, step = s->stride_w;
    dl_int r, p, q, lo, hi;
    for (r = 0; r < rows; r++) {
        const dl_int c = r / s->KW / s->KH, u = r / s->KW % s->KH, v = r % s->KW;
        const dl_int off = v * s->dilation_w - s->left;
        for (p = 0; p < s->OH; p++, col += s->OW) {
            const dl_int i = p * s->stride_h + u * s->dilation_h - s->top;
            dli_inside(&lo, &hi, off, step, s->W, s->OW);
            if (i < 0 || i >= s->H) lo = hi = s->OW;
            for (q = 0; q < lo; q++) col[q] = 0;
            for (; q < hi; q++) col[q] = x[(c * s->H + i) * s->W + q * step + off];
            for (; q < s->OW; q++) col[q] = 0;
        }
    }
}

/* Back: dx += dcol, each element where it came from. */
static void dli_col2im(dl_real *dx, const dl_real *dcol, const dlk_conv2d_size *s)
{
    const dl_int rows = s->C / s->groups * s->KH * s->KW, step = s->stride_w;
    dl_int r, p, q, lo, hi;
    for (r = 0; r < rows; r++) {
        const dl_int c = r / s->KW / s->KH, u = r / s->KW % s->KH, v = r % s->KW;
        const dl_int off = v * s->dilation_w - s->left;
        dli_inside(&lo, &hi, off, step, s->W, s->OW);
        for (p = 0; p < s->OH; p++, dcol += s->OW) {
            const dl_int i = p * s->stride_h + u * s->dilation_h - s->top;
            if (i < 0 || i >= s->H) continue;
            for (q = lo; q < hi; q++) dx[(c * s->H + i) * s->W + q * step + off] += dcol[q];
        }
    }
}

/* Scratch for col and behind it dcol or a group of y, whichever is larger; NULL without memory.
   (The products called meanwhile have scratch of their own.) */
static dl_real *dli_col(dl_ctx *c, const char *op, const dlk_conv2d_size *s)
{
    const dl_int K = s->C / s->groups * s->KH * s->KW, Mg = s->M / s->groups;
    const dl_int n = dl_shape_size(dl_shape3(K + (K > Mg ? K : Mg), s->OH, s->OW));
    if (n >= 0) return (dl_real *)dli_work(c, op, (size_t)n * sizeof(dl_real));
    dl_fail(c, DL_ERR_MEMORY, "%s: the input is too large", op);
    return NULL;
}

#if DLI_FAST
/* Multiplications in a convolution. */
static double dli_conv_cost(const dlk_conv2d_size *s)
{
    return (double)(s->N * s->M * s->OH * s->OW) * (double)(s->C / s->groups * s->KH * s->KW);
}
#endif

/* y = the convolution, or y += it; false without memory. */
static bool dli_conv2d_forward(dl_ctx *c, dl_real *y, const dl_real *x, const dl_real *w,
                               const dl_real *b, const dlk_conv2d_size *s, bool add)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups, P = s->OH * s->OW;
    const dl_int K = Cg * s->KH * s->KW;
    dl_real *col;
    dl_int k, m, i;
    if (DLI_REFERENCE) {
        dlk_conv2d_forward(y, x, w, b, s);
        return true;
    }
#if DLI_FAST
    {
        dli_conv v;
        dli_timer t;
        void *work;
        if (dli_conv_plain(&v, s)) {
            work = dli_work(c, "dl_conv2d", dli_conv_work_bytes(c->fast, &v, c->threads));
            if (!work) return false;
            t = dli_job_start(c, dli_conv_cost(s));
            if (add) dli_conv_pass(c->fast, &v, y, x, NULL, w, b, 0, 1, t.threads, work);
            else dli_conv_forward(c->fast, &v, y, x, w, b, 0, t.threads, work);
            dli_job_end(&t);
            return true;
        }
    }
#endif
    if (!(col = dli_col(c, "dl_conv2d", s))) return false;
    for (k = 0; k < s->N * s->groups; k++, x += Cg * s->H * s->W, y += Mg * P) {
        const dl_int g = k % s->groups;
        dl_real *out = add ? col + K * P : y;
        dli_im2col(col, x, s);
        dli_matmul_forward(c, out, w + g * Mg * K, col, Mg, K, P);
        for (i = 0; add && i < Mg * P; i++) y[i] += out[i];
        for (m = 0; b && m < Mg; m++)
            for (i = 0; i < P; i++) y[m * P + i] += b[g * Mg + m];
    }
    return true;
}

/* With add_dx false, dx is overwritten. */
static bool dli_conv2d_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw, dl_real *db,
                                const dl_real *dy, const dl_real *x, const dl_real *w,
                                const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups, P = s->OH * s->OW;
    const dl_int K = Cg * s->KH * s->KW, plane = Cg * s->H * s->W;
    dl_real *col, *dcol;
    dl_int k, m, i;
#if DLI_FAST
    {
        dli_conv v;
        dli_timer t;
        void *work;
        if (dli_conv_plain(&v, s)) {
            work = dli_work(c, "dl_conv2d", dli_conv_work_bytes(c->fast, &v, c->threads));
            if (!work) return false;
            t = dli_job_start(c, dli_conv_cost(s) + 0.25);
            if (dx) dli_conv_back_data(c->fast, &v, dx, dy, NULL, w, add_dx, t.threads, work);
            if (dw) dli_conv_back_weights(c->fast, &v, dw, db, x, dy, NULL, t.threads, work);
            dli_job_end(&t);
            for (k = 0; !dw && db && k < s->N * s->M; k++)
                db[k % s->M] += c->fast->vsum(dy + k * P, P);
            return true;
        }
    }
#endif
    if (dx && !add_dx) memset(dx, 0, (size_t)(s->N * s->C * s->H * s->W) * sizeof *dx);
    if (DLI_REFERENCE) {
        dlk_conv2d_backward(dx, dw, db, dy, x, w, s);
        return true;
    }
    if (!(col = dli_col(c, "dl_conv2d", s))) return false;
    dcol = col + K * P;
    for (k = 0; k < s->N * s->groups; k++, dy += Mg * P) {
        const dl_int g = k % s->groups;
        if (dw) dli_im2col(col, x + k * plane, s);
        if (dx) memset(dcol, 0, (size_t)(K * P) * sizeof *dcol);
        dli_matmul_backward(c, dw ? dw + g * Mg * K : NULL, dx ? dcol : NULL, dy,
                            dx ? w + g * Mg * K : NULL, col, Mg, K, P);
        if (dx) dli_col2im(dx + k * plane, dcol, s);
        for (m = 0; db && m < Mg; m++)
            for (i = 0; i < P; i++) db[g * Mg + m] += dy[m * P + i];
    }
    return true;
}

/* A transposed convolution is the backward of the convolution whose input is its output. */
static dlk_conv2d_size dli_swap(const dlk_conv2d_size *s)
{
    dlk_conv2d_size t = *s;
    t.C = s->M; t.H = s->OH; t.W = s->OW;
    t.M = s->C; t.OH = s->H; t.OW = s->W;
    return t;
}

static bool dli_conv_transpose2d_forward(dl_ctx *c, dl_real *y, const dl_real *x,
                                         const dl_real *w, const dl_real *b,
                                         const dlk_conv2d_size *s)
{
    const dlk_conv2d_size t = dli_swap(s);
    const dl_int size = s->OH * s->OW;
    dl_int k, i;
    if (DLI_REFERENCE) {
        dlk_conv_transpose2d_forward(y, x, w, b, s);
        return true;
    }
    for (k = 0; b && k < s->N * s->M; k++)
        for (i = 0; i < size; i++) y[k * size + i] = b[k % s->M];
    return dli_conv2d_backward(c, y, b != NULL, NULL, NULL, x, NULL, w, &t);
}

static bool dli_conv_transpose2d_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw,
                                          dl_real *db, const dl_real *dy, const dl_real *x,
                                          const dl_real *w, const dlk_conv2d_size *s)
{
    const dlk_conv2d_size t = dli_swap(s);
    const dl_int size = s->OH * s->OW;
    dl_int k, i;
    if (DLI_REFERENCE) {
        if (dx && !add_dx) memset(dx, 0, (size_t)(s->N * s->C * s->H * s->W) * sizeof *dx);
        dlk_conv_transpose2d_backward(dx, dw, db, dy, x, w, s);
        return true;
    }
    if (dx && !dli_conv2d_forward(c, dx, dy, w, NULL, &t, add_dx)) return false;
    for (k = 0; db && k < s->N * s->M; k++)
        for (i = 0; i < size; i++) db[k % s->M] += dy[k * size + i];
    return !dw || dli_conv2d_backward(c, NULL, true, dw, NULL, x, dy, NULL, &t);
}

/* ---- max-pooling: 2 x 2 windows side by side run in the fast room, with a byte for each ---- */

static bool dli_pool_plain(const dlk_pool2d_size *s)
{
    return DLI_FAST && s->KH == 2 && s->KW == 2 && s->stride_h == 2 && s->stride_w == 2 &&
           s->top == 0 && s->left == 0 && s->OH == s->H / 2 && s->OW == s->W / 2;
}

/* at: room for an int32_t for each element of y. */
static void dli_max_pool2d_forward(dl_ctx *c, dl_real *y, int32_t *at, const dl_real *x,
                                   const dlk_pool2d_size *s)
{
#if DLI_FAST
    if (dli_pool_plain(s)) {
        c->fast->pool2(y, (unsigned char *)at, x, s->planes, s->H, s->W);
        return;
    }
#endif
    (void)c;
    dlk_max_pool2d_forward(y, at, x, s);
}

/* With add false, dx is overwritten. */
static void dli_max_pool2d_backward(dl_ctx *c, dl_real *dx, bool add, const dl_real *dy,
                                    const int32_t *at, const dlk_pool2d_size *s)
{
    const unsigned char *which = (const unsigned char *)at;
    dl_int k, p, q;
#if DLI_FAST
    if (dli_pool_plain(s) && !add) {
        c->fast->pool2_back(dx, dy, which, s->planes, s->H, s->W);
        return;
    }
#endif
    (void)c;
    if (!add) memset(dx, 0, (size_t)(s->planes * s->H * s->W) * sizeof *dx);
    if (!dli_pool_plain(s)) {
        dlk_max_pool2d_backward(dx, dy, at, s);
        return;
    }
    for (k = 0; k < s->planes; k++, dx += s->H * s->W)
        for (p = 0; p < s->OH; p++)
            for (q = 0; q < s->OW; q++, which++)
                dx[(2 * p + *which / 2) * s->W + 2 * q + *which % 2] += *dy++;
}

/* ---- sequences ---- */

/* One recurrent layer in one direction, as the operation and the functions below see it; shapes as
   at dlk_lstm_forward. gate [N,T,G*H]; extra: c [N,T,H] of the LSTM, u [N,T,3H] of the GRU. */
typedef struct dli_rnn {
    dl_recurrent_kind kind;
    bool              reverse;
    dl_int            N, T, D, H, G;
    const int32_t    *length;                                /* NULL: all have T steps */
    const dl_real    *x, *w_ih, *w_hh, *b_ih, *b_hh, *h0, *c0;
    dl_real          *y, *hn, *cn, *gate, *extra;            /* cn of the LSTM only    */
} dli_rnn;

/* Where its gradients go; dh and dc as at dlk_lstm_backward, the others NULL if not wanted. */
typedef struct dli_rnn_grads {
    const dl_real *dy;
    dl_real       *dx, *dh, *dc, *dw_ih, *dw_hh, *db_ih, *db_hh;
} dli_rnn_grads;

/* How many elements of scratch the two need. */
static dl_int dli_rnn_forward_work(const dli_rnn *r) { return r->N * (r->G + 1) * r->H; }
static dl_int dli_rnn_backward_work(const dli_rnn *r)
{
    dl_int batched = r->N * r->G * r->H + r->N * r->T * r->H, single = 2 * r->G * r->H;
    return batched > single ? batched : single;
}

static bool dli_is_relu(const dli_rnn *r) { return r->kind == DL_RNN_RELU; }

/* The readable kernels. */
static void dli_rnn_forward_plain(const dli_rnn *r, dl_real *work)
{
    switch (r->kind) {
    case DL_RNN_TANH: case DL_RNN_RELU:
        dlk_rnn_forward(r->y, r->hn, work, r->x, r->h0, r->w_ih, r->w_hh, r->b_ih, r->b_hh,
                        r->length, r->N, r->T, r->D, r->H, r->reverse, dli_is_relu(r));
        break;
    case DL_LSTM:
        dlk_lstm_forward(r->y, r->hn, r->cn, r->gate, r->extra, work, r->x, r->h0, r->c0, r->w_ih,
                         r->w_hh, r->b_ih, r->b_hh, r->length, r->N, r->T, r->D, r->H, r->reverse);
        break;
    case DL_GRU:
        dlk_gru_forward(r->y, r->hn, r->gate, r->extra, r->x, r->h0, r->w_ih, r->w_hh, r->b_ih,
                        r->b_hh, r->length, r->N, r->T, r->D, r->H, r->reverse);
        break;
    }
}

static void dli_rnn_backward_plain(const dli_rnn *r, const dli_rnn_grads *g, dl_real *work)
{
    switch (r->kind) {
    case DL_RNN_TANH: case DL_RNN_RELU:
        dlk_rnn_backward(g->dx, g->dh, g->dw_ih, g->dw_hh, g->db_ih, g->db_hh, work, g->dy, r->y,
                         r->x, r->h0, r->w_ih, r->w_hh, r->length, r->N, r->T, r->D, r->H,
                         r->reverse, dli_is_relu(r));
        break;
    case DL_LSTM:
        dlk_lstm_backward(g->dx, g->dh, g->dc, g->dw_ih, g->dw_hh, g->db_ih, g->db_hh, work, g->dy,
                          r->y, r->gate, r->extra, r->x, r->h0, r->c0, r->w_ih, r->w_hh,
                          r->length, r->N, r->T, r->D, r->H, r->reverse);
        break;
    case DL_GRU:
        dlk_gru_backward(g->dx, g->dh, g->dw_ih, g->dw_hh, g->db_ih, g->db_hh, work,
                         work + 3 * r->H, g->dy, r->y, r->gate, r->extra, r->x, r->h0, r->w_ih,
                         r->w_hh, r->length, r->N, r->T, r->D, r->H, r->reverse);
        break;
    }
}

/* The gates of one sample, forwards and, in place, backwards. */
static void dli_rnn_gates_forward(dl_ctx *c, dl_real *h, const dl_real *a, const dl_real *u,
                                  dl_int H, bool relu)
{
#if DLI_FAST
    c->fast->add(h, a, u, H);
    (relu ? c->fast->vrelu : c->fast->vtanh)(h, h, H);
#else
    (void)c;
    dlk_rnn_gates_forward(h, a, u, H, relu);
#endif
}

static void dli_rnn_gates_backward(dl_ctx *c, dl_real *da, dl_real *dh, const dl_real *h, dl_int H,
                                   bool relu)
{
#if DLI_FAST
    (relu ? c->fast->vrelu_back : c->fast->vtanh_back)(da, dh, h, H, 0);
    memset(dh, 0, (size_t)H * sizeof *dh);
#else
    (void)c;
    dlk_rnn_gates_backward(da, dh, h, H, relu);
#endif
}

static void dli_lstm_gates_forward(dl_ctx *ctx, dl_real *h, dl_real *c, dl_real *gate,
                                   const dl_real *u, const dl_real *c0, dl_int H)
{
#if DLI_FAST
    ctx->fast->lstm_gates(h, c, gate, u, c0, H);
#else
    (void)ctx;
    dlk_lstm_gates_forward(h, c, gate, u, c0, H);
#endif
}

static void dli_lstm_gates_backward(dl_ctx *ctx, dl_real *gate, dl_real *dh, dl_real *dc,
                                    const dl_real *c, const dl_real *c0, dl_int H)
{
#if DLI_FAST
    ctx->fast->lstm_gates_back(gate, dh, dc, c, c0, H);
#else
    (void)ctx;
    dlk_lstm_gates_backward(gate, dh, dc, gate, c, c0, H);
#endif
}

static void dli_gru_gates_forward(dl_ctx *c, dl_real *h, dl_real *gate, const dl_real *u,
                                  const dl_real *h0, dl_int H)
{
#if DLI_FAST
    c->fast->gru_gates(h, gate, u, h0, H);
#else
    (void)c;
    dlk_gru_gates_forward(h, gate, u, h0, H);
#endif
}

static void dli_gru_gates_backward(dl_ctx *c, dl_real *gate, dl_real *u, dl_real *dh,
                                   const dl_real *h0, dl_int H)
{
#if DLI_FAST
    c->fast->gru_gates_back(gate, u, dh, h0, H);
#else
    (void)c;
    dlk_gru_gates_backward(gate, u, dh, gate, u, h0, H);
#endif
}

/* The same, all samples together: one matrix product gives a = W_ih x + b_ih for all samples and
   steps, then each step is one product u = W_hh h + b_hh for all samples, and the gates. A sample
   that has ended keeps its state. work: h [N,H], u [N,G*H]. */
static void dli_rnn_forward_batched(dl_ctx *c, const dli_rnn *r, dl_real *work)
{
    const dl_int N = r->N, T = r->T, H = r->H, GH = r->G * r->H;
    const size_t row_bytes = (size_t)H * sizeof(dl_real);
    dl_real *h = work, *u = work + N * H;
    dl_int n, s;
    dli_linear_forward(c, r->gate, r->x, r->w_ih, r->b_ih, N * T, r->D, GH);
    memcpy(h, r->h0, (size_t)N * row_bytes);
    for (s = 0; s < T; s++) {
        dli_linear_forward(c, u, h, r->w_hh, r->b_hh, N, H, GH);
        for (n = 0; n < N; n++) {
            const dl_int L = r->length ? r->length[n] : T;
            const dl_int row = dli_seq_row(n, T, L, s, r->reverse);
            dl_real *gate = r->gate + row * GH, *y = r->y + row * H;
            if (s >= L) continue;
            switch (r->kind) {
            case DL_RNN_TANH: case DL_RNN_RELU:
                dli_rnn_gates_forward(c, y, gate, u + n * GH, H, dli_is_relu(r));
                break;
            case DL_LSTM:
                dli_lstm_gates_forward(c, y, r->extra + row * H, gate, u + n * GH,
                                       dli_seq_before(r->extra, r->c0, n, row, s, H, r->reverse),
                                       H);
                break;
            case DL_GRU:
                memcpy(r->extra + row * GH, u + n * GH, 3 * row_bytes);
                dli_gru_gates_forward(c, y, gate, u + n * GH, h + n * H, H);
                break;
            }
            memcpy(h + n * H, y, row_bytes);
        }
    }
    for (n = 0; n < N; n++) {
        const dl_int L = r->length ? r->length[n] : T;
        dli_seq_finish(r->y, r->hn, h + n * H, n, T, L, H);
        if (r->kind == DL_LSTM)
            dli_seq_finish(NULL, r->cn, dli_seq_before(r->extra, r->c0, n,
                           dli_seq_row(n, T, L, L, r->reverse), L, H, r->reverse), n, T, L, H);
    }
}

/* Backwards: per step the gates, and one product that takes du through W_hh to the states before;
   at the end one product each for W_ih and W_hh over all samples and steps. da and du overwrite
   the gates (and the GRU's u): nothing goes back through them twice. They are 0 where a sample has
   no step. work: du of one step [N,G*H], the states before all steps [N,T,H]. */
static void dli_rnn_backward_batched(dl_ctx *c, const dli_rnn *r, const dli_rnn_grads *g,
                                     dl_real *work)
{
    const dl_int N = r->N, T = r->T, H = r->H, GH = r->G * r->H;
    const size_t row_bytes = (size_t)H * sizeof(dl_real), gate_bytes = (size_t)GH * sizeof(dl_real);
    dl_real *du = work, *before = work + N * GH;
    dl_real *du_all = r->kind == DL_GRU ? r->extra : r->gate;
    dl_int n, s, k;
    for (s = T - 1; s >= 0; s--) {
        for (n = 0; n < N; n++) {
            const dl_int L = r->length ? r->length[n] : T;
            const dl_int row = s < L ? dli_seq_row(n, T, L, s, r->reverse) : n * T + s;
            dl_real *gate = r->gate + row * GH, *dh = g->dh + n * H;
            const dl_real *h0 = dli_seq_before(r->y, r->h0, n, row, s, H, r->reverse);
            if (s >= L) {
                memset(before + row * H, 0, row_bytes);
                memset(gate, 0, gate_bytes);
                memset(du_all + row * GH, 0, gate_bytes);
            } else {
                memcpy(before + row * H, h0, row_bytes);
                for (k = 0; k < H; k++) dh[k] += g->dy[row * H + k];
                switch (r->kind) {
                case DL_RNN_TANH: case DL_RNN_RELU:
                    dli_rnn_gates_backward(c, gate, dh, r->y + row * H, H, dli_is_relu(r));
                    break;
                case DL_LSTM:
                    dli_lstm_gates_backward(c, gate, dh, g->dc + n * H, r->extra + row * H,
                                            dli_seq_before(r->extra, r->c0, n, row, s, H,
                                                           r->reverse), H);
                    break;
                case DL_GRU:
                    dli_gru_gates_backward(c, gate, r->extra + row * GH, dh, h0, H);
                    break;
                }
            }
            memcpy(du + n * GH, du_all + row * GH, gate_bytes);
        }
        dli_linear_backward(c, g->dh, true, NULL, NULL, du, NULL, r->w_hh, N, H, GH);
    }
    dli_linear_backward(c, g->dx, true, g->dw_ih, g->db_ih, r->gate, r->x, r->w_ih, N * T, r->D,
                        GH);
    dli_linear_backward(c, NULL, true, g->dw_hh, g->db_hh, du_all, before, r->w_hh, N * T, H, GH);
}

static void dli_rnn_forward(dl_ctx *c, const dli_rnn *r, dl_real *work)
{
#ifdef DL_REFERENCE
    (void)c; (void)dli_rnn_forward_batched;
    dli_rnn_forward_plain(r, work);
#else
    (void)dli_rnn_forward_plain;
    dli_rnn_forward_batched(c, r, work);
#endif
}

static void dli_rnn_backward(dl_ctx *c, const dli_rnn *r, const dli_rnn_grads *g, dl_real *work)
{
#ifdef DL_REFERENCE
    (void)c; (void)dli_rnn_backward_batched;
    dli_rnn_backward_plain(r, g, work);
#else
    (void)dli_rnn_backward_plain;
    dli_rnn_backward_batched(c, r, g, work);
#endif
}

/* Attention of one sequence, as at dlk_attention_forward: K is laid out like a linear layer's
   weight, so q K^T is that layer's product. */
static void dli_attention_forward(dl_ctx *c, dl_real *y, dl_real *p, const dl_real *q,
                                  const dl_real *k, const dl_real *v, const dl_real *mask,
                                  dl_int R, dl_int S, dl_int D, dl_int M, bool causal)
{
#ifdef DL_REFERENCE
    (void)c;
    dlk_attention_forward(y, p, q, k, v, mask, R, S, D, M, causal);
#else
    dli_linear_forward(c, p, q, k, NULL, R, D, S);
    dlk_attention_softmax(p, mask, R, S, 1 / sqrt((double)D), causal);
    dli_matmul_forward(c, y, p, v, R, S, M);
#endif
}

/* work: 2 R S elements */
static void dli_attention_backward(dl_ctx *c, dl_real *dq, dl_real *dk, dl_real *dv, dl_real *work,
                                   const dl_real *dy, const dl_real *p, const dl_real *q,
                                   const dl_real *k, const dl_real *v, dl_int R, dl_int S,
                                   dl_int D, dl_int M)
{
#ifdef DL_REFERENCE
    (void)c;
    dlk_attention_backward(dq, dk, dv, work, dy, p, q, k, v, R, S, D, M);
#else
    dl_real *dp = work, *ds = work + R * S, scale = (dl_real)(1 / sqrt((double)D));
    dl_int i;
    memset(work, 0, (size_t)(2 * R * S) * sizeof *work);
    dli_matmul_backward(c, dp, dv, dy, p, v, R, S, M);
    dlk_softmax_backward(ds, dp, p, R, S);
    for (i = 0; i < R * S; i++) ds[i] *= scale;
    dli_linear_backward(c, dq, true, dk, NULL, ds, q, k, R, D, S);
#endif
}

/* ---- end of sequences ---- */

