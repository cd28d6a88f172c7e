/* dl.h - deep learning in one C header.                                               >>hello

   What it is: tensors, automatic differentiation, layers, optimizers and data loaders in plain
   C99 (and C++11), to be read as well as run. It needs a C compiler and nothing else.

   How to use it: in exactly ONE of your source files write

       #define DL_IMPLEMENTATION
       #include "dl.h"

   in all others only #include "dl.h". (The linker says "undefined reference to dl_...": no file
   has that line; "multiple definition of dl_...": more than one has.) Build with
   cc -O2 program.c -lm  and add -fopenmp if you want more than one core. Ten lines that train a
   network on handwritten digits:

       dl_ctx  *dl    = dl_new(42);
       dl_data *train = dl_mnist_load(dl, "data/mnist", DL_TRAIN);
       dl_data *test  = dl_mnist_load(dl, "data/mnist", DL_TEST);
       dl_model *net  = dl_model_new(dl, dl_shape1(784));
       dl_model_add_dense(net, 512, DL_RELU);
       dl_model_add_dense(net, 10, DL_SOFTMAX);
       dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_rmsprop(0.001));
       dl_fit fit = dl_fit_default();  fit.epochs = 5;  fit.batch_size = 128;
       dl_model_fit(net, train, &fit);
       printf("Test accuracy: %.4f\n", dl_model_evaluate(net, test).accuracy);
       dl_free(dl);

   How to read it: three floors, each built only from the floor below.

     floor 1  kernels        dlk_*  pure functions on arrays, one formula each. Start here to see
                                    how a formula becomes a loop.
     floor 2  tensors, tape  dl_*   a dl_tensor knows its shape and its gradient; the tape
                                    remembers what was computed, and dl_backward walks it back.
     floor 3  models         dl_model_*, dl_data_*   what Keras users know.

   Left out on purpose: GPUs; numbers other than float and double in computations; graphs that are
   rewritten before they run (an operation runs when it is called, where a debugger sees it); views
   with strides (reshape shares, all else copies); bindings to other languages; whatever would need
   another library to compile.

   "@F S1-3.3" beside a formula means: it stands in section 3.3 of S1. S0 to S4 are five Chinese
   introductions to deep learning that the programs in examples/ follow, and put right where they
   are wrong; you need none of them to read on. Licence: at the end (MIT).  */

/* ---------------------------------------------------------------------------- >>contents ----
   Search for a tag with its two arrows to get to a room; the room's implementation has the same
   tag with -impl behind it. The number: lines of both halves.

     >>hello            40  what this is, how to use it
     >>contents         50  this map
     >>terms            10  the letters and words the comments use
     >>rules            30  what holds for every function: ownership, errors, gradients, names
     >>options          90  the macros that configure a build, and version, types
     >>errors          400  error codes, the sticky error, the callback; text in every locale
     >>memory          200  the context: dl_new, dl_free, threads, the instruction set
     >>rng             130  random numbers
     >>kernels        1900  floor 1: formulas on arrays, forward and backward: dense, images,
                           sequences; the table by which operations call them, and how to replace
                           one
     >>tensors         700  floor 2: shapes, tensors, initializers
     >>tape            400  floor 2: recording, dl_backward, marks, an operation of your own
     >>ops            2600  floor 2: arithmetic, activations, sums, convolution, recurrence ...
     >>layers         1700  floor 3: layers of a model, by descriptions, and one of your own
     >>losses          440  loss functions on tensors, and those of models, by descriptions
     >>optimizers      800  gradient descent in all its variants, schedules, groups, averages
     >>model          2200  floor 3: graphs of layers, compile, fit, evaluate, predict; metrics
     >>data           1300  data sets and sources of your own, IDX, splits, mini-batches
     >>images          800  pictures: files, sizes, a photographed digit, augmentation
     >>files          2500  whole models, weights of others, tensors, .npy
     >>debug           200  printing tensors, checking gradients
     then, below DL_IMPLEMENTATION, the same with -impl, and
     >>platform-impl   400  compiler and system #ifdefs (all but those of fast-impl)
     >>fast-impl      4000  the fast twins: products, convolutions, recurrence, vectors, threads
     >>history  >>licence

   Who calls whom: a room calls those below it, never one above.

     floor 3    files    debug                          saving; looking inside
                  |        |
                model ---- data                         fit: batches, forward, loss, backward, step
                  |
                layers   losses   optimizers            each a table of descriptions
                  |        |          |
     floor 2    ops -------'          |                 check shapes, call a kernel, record
                  |                   |
                tape  tensors         |                 dl_backward walks the records back
                  |                   |
                the table of kernels -'                 dl_kernel_table(dl), one entry a kernel
                  |              |
     floor 1    kernels      fast-impl                  the loop to read; its fast twin
                  |              |
     ground     memory  rng  errors  platform
   ------------------------------------------------------------------------------------------ */

/* ------------------------------------------------------------------------------- >>terms ----
   N     samples in a batch              C, H, W   channels, height, width of an image
   T     time steps of a sequence        D, M      features in, features out
   n     elements of a flat array        [N,D]     shape, row-major: x[i,j] is x[i*D + j]
   x, y  input and output of a function  w, b      weights and bias
   dx    dL/dx: how much the loss L grows when x does; it has x's shape. Likewise dy, dw, db.
   epoch one pass over the training data   batch   the samples of one update
   logit a score before the softmax        label   a class number 0 .. classes-1
   tape  the list of operations recorded since the last dl_tape_clear
   leaf  a tensor that no operation made: a parameter or an input
   ------------------------------------------------------------------------------------------ */

/* ------------------------------------------------------------------------------- >>rules ----
   Names      dl_ public, dlk_ kernels, DL_ macros and constants; dli_ and DLI_ are private.
   Errors     Nothing here exits or asserts. A function that makes something returns NULL when it
              fails, one that does something returns false, one that gives a number returns NaN.
              NULL passed in means "failed before" and yields NULL, so a formula needs one check
              at its end. The first error stays in the context (dl_error, dl_error_text) until
              dl_clear_error, and is printed once to stderr unless a callback is set. A failed
              call leaves its outputs as they were. An operand left out is DL_NONE, never NULL.
   Ownership  dl_free(ctx) frees everything made from ctx. What an operation returns lives on
              the tape until dl_tape_clear; parameters, models, optimizers, data sets and
              loaders live until their own _free or dl_free. Functions whose name says borrow
              keep the caller's pointer; all others copy.
   Gradients  A backward kernel ADDS to dx, dw, db. Gradients of parameters accumulate over
              dl_backward calls until dl_optimizer_zero_grad.
   Shapes     Images are NCHW. Weights have PyTorch's layouts: linear [out,in]. A negative axis
              counts from the end, as in NumPy.
   Options    A struct of options comes filled in from its _default function; a zero means zero,
              a NULL pointer means the defaults. An option that a thing does not use is refused.
   Arguments  The object or context first, then outputs, inputs, sizes, options, a callback and
              its user. dl_set_x(object, value) sets what dl_x(object) tells; numbers of things
              are _count.
   Your own   What can be added to the library (layers, losses, metrics, optimizers) is described
              by a static struct that begins with its name, as the library's own are.
   Results    One seed gives one result, bit for bit, for any number of threads, on one build
              and instruction set.
   Threads    A context belongs to one thread at a time; two contexts share nothing.
   NaN        goes through every function; ReLU of NaN is NaN. Optimizers refuse NaN gradients.
   ------------------------------------------------------------------------------------------ */

#ifndef DL_H_INCLUDED
#define DL_H_INCLUDED

/* ----------------------------------------------------------------------------- >>options ----
   Define before including dl.h. "All" means the same in every file that includes it, "one" means
   only where DL_IMPLEMENTATION is.

   DL_IMPLEMENTATION  one   compile the functions here
   DL_REAL            all   the number type: float (default) or double
   DL_STATIC          all   every function static: each file that includes has its own copy
   DL_MALLOC(n), DL_REALLOC(p,n), DL_FREE(p)
                      one   your allocator; all three or none
   DL_NO_STDIO        all   leave out everything that opens files or prints
   DL_NO_SIMD         one   no vector code: plain C only
   DL_NO_THREADS      one   no OpenMP, even with -fopenmp
   DL_USE_CBLAS       one   dense layers, matmul, attention and such convolutions as become a matrix
                            product call your BLAS (cblas.h; link -lopenblas or another); it is
                            double that gains by it: in float the products here are as fast
   DL_USE_STB_IMAGE   one   read pictures (PNG, JPEG, BMP) and files packed by gzip with Sean
                            Barrett's stb_image.h (Debian: libstb-dev; github.com/nothings/stb).
                            dl.h only declares what it calls; as always with stb, one of your files
                            says #define STB_IMAGE_IMPLEMENTATION and #include "stb_image.h"; that
                            may be this one, before or after dl.h (before it, when it is static)
   DL_NO_IMAGES, DL_NO_SEQUENCES, DL_NO_MODEL, DL_NO_DATA, DL_NO_FILES
                      all   leave out what you do not use; a program of tensors and tape that leaves
                            out all five compiles in two thirds of the time. In this order:
                            convolution, pooling and pictures; recurrent nets, embedding and
                            attention; layers, models and metrics; data sets (and with them models);
                            saving and loading. The kernels of floor 1 are always there
   DL_IMPLEMENTED     one   ignore DL_IMPLEMENTATION: there is one elsewhere (examples and tests
                            are built so)
   DL_MAX_DIMS              6, the highest rank of a tensor; fixed
   ------------------------------------------------------------------------------------------ */

#define DL_VERSION_MAJOR 0
#define DL_VERSION_MINOR 2
#define DL_VERSION_PATCH 0
#define DL_VERSION (DL_VERSION_MAJOR * 10000 + DL_VERSION_MINOR * 100 + DL_VERSION_PATCH)

#ifndef DL_REAL
#define DL_REAL float
#endif
#define DLI_REAL_IS_float  1
#define DLI_REAL_IS_double 2
#define DLI_REAL_IS_long   0 *      /* so that long double is 0, too */
#define DLI_CAT_(a, b) a##b
#define DLI_CAT(a, b) DLI_CAT_(a, b)
#define DLI_DOUBLE ((DLI_CAT(DLI_REAL_IS_, DL_REAL) + 0) == 2)

/* What cannot work is said in one sentence: compilers go on after an #error, so all the rest is in
   its #else. */
#if defined(_MSC_VER) && _MSC_VER < 1900
#error "dl.h: needs Visual C++ 2015 or later"
#elif defined(__cplusplus) && __cplusplus < 201103L && !defined(_MSC_VER)
#error "dl.h: needs C++11 or later (-std=c++11)"
#elif !defined(__cplusplus) && !defined(_MSC_VER) && \
      (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 199901L)
#error "dl.h: needs C99 or later (-std=c99)"
#elif (DLI_CAT(DLI_REAL_IS_, DL_REAL) + 0) == 0
#error "dl.h: DL_REAL must be the word float or the word double"
#else
#define DLI_GOOD_COMPILER

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#define DL_MAX_DIMS 6
#define DL_NAME_MAX 256

#if defined(DL_STATIC) && defined(__GNUC__)
#define DL_DEF static __attribute__((unused))
#elif defined(DL_STATIC)
#define DL_DEF static
#else
#define DL_DEF extern
#endif

/* The compiler checks arguments `from` on against the format, argument f. */
#if defined(__GNUC__) && !defined(__MINGW32__)
#define DLI_PRINTF(f, from) __attribute__((format(printf, f, from)))
#else
#define DLI_PRINTF(f, from)
#endif

#if defined(DL_NO_DATA) && !defined(DL_NO_MODEL)
#define DL_NO_MODEL
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef DL_REAL   dl_real;  /* an element of a tensor                                      */
typedef ptrdiff_t dl_int;   /* a size or an index; signed, so that loops and differences are safe */

typedef struct dl_ctx dl_ctx;
typedef struct dl_tensor dl_tensor;
typedef struct dl_optimizer dl_optimizer;
typedef struct dl_layer dl_layer;
typedef struct dl_model dl_model;
typedef struct dl_data dl_data;
typedef struct dl_loader dl_loader;
typedef struct dl_augment dl_augment;
typedef struct dl_batch dl_batch;

/* ------------------------------------------------------------------------------ >>errors ---- */

/* Every error code with the sentence that explains it. */
#define DL_ERRORS(X)                                                        \
    X(DL_OK,           "no error")                                          \
    X(DL_ERR_MEMORY,   "out of memory")                                     \
    X(DL_ERR_SHAPE,    "shapes do not fit together")                        \
    X(DL_ERR_ARGUMENT, "an argument is out of its range")                   \
    X(DL_ERR_FILE,     "a file cannot be opened, read or written")          \
    X(DL_ERR_FORMAT,   "a file or buffer is not what it should be")         \
    X(DL_ERR_RANGE,    "a label or index is outside its range")             \
    X(DL_ERR_STALE,    "a tensor from before the last dl_tape_clear")       \
    X(DL_ERR_STATE,    "the call does not fit what happened before it")     \
    X(DL_ERR_NUMERIC,  "NaN or infinity where a number is needed")          \
    X(DL_ERR_LIMIT,    "a set limit was reached")                           \
    X(DL_ERR_VERSION,  "files were compiled with different dl.h settings")

#define DLI_ENUM(code, text) code,
typedef enum dl_code { DL_ERRORS(DLI_ENUM) DLI_ERROR_COUNT } dl_code;
#undef DLI_ENUM

/* Called for the first error instead of printing it; text is valid until dl_clear_error. */
typedef void (*dl_error_fn)(dl_code code, const char *text, void *user);

/* The first error since the last dl_clear_error, or DL_OK. Of a NULL context: DL_ERR_MEMORY. */
DL_DEF dl_code dl_error(const dl_ctx *dl);

/* Its text, e.g. "dl_matmul: [128,784] x [512,10]: inner dimensions 784 and 512 differ"; "" when
   there is none. The context owns it. */
DL_DEF const char *dl_error_text(const dl_ctx *dl);

/* Forget the error, so that the next one is kept. */
DL_DEF void dl_clear_error(dl_ctx *dl);

/* Have errors handed to fn(code, text, user) instead of printed; NULL prints again. */
DL_DEF void dl_set_error_callback(dl_ctx *dl, dl_error_fn fn, void *user);

/* Report an error of your own (from a custom op, say): printf-like; keeps only the first.
   Returns false, so that a failing function can end with it. */
DLI_PRINTF(3, 4)
DL_DEF bool dl_fail(dl_ctx *dl, dl_code code, const char *format, ...);

/* The fixed sentence of a code, e.g. "out of memory"; a static string, never NULL. */
DL_DEF const char *dl_code_text(dl_code code);

/* ------------------------------------------------------------------------------ >>memory ---- */

/* A new context: memory, randomness, errors, threads. All random numbers follow from seed.
   NULL without memory, or (with a message) when this file was compiled with another DL_REAL or
   version of dl.h than the implementation. Free with dl_free. */
#define dl_new(seed) dl_new_checked((seed), sizeof(dl_real), DL_VERSION)
DL_DEF dl_ctx *dl_new_checked(uint64_t seed, size_t real_size, int version);

/* Free the context and all that was made from it: tensors, models, optimizers, data sets.
   NULL is allowed. */
DL_DEF void dl_free(dl_ctx *dl);

/* Use up to n threads (1 to 1024; needs OpenMP, else always 1). The default is what OpenMP would
   use. Results do not depend on it. False for another n, or without memory.
   fork() and OpenMP: once a process has run something on several threads, a child that it forks
   hangs when it does so as well (in GCC's library, libgomp). dl_set_threads(dl, 1) in the child, or
   fork before the first operation. */
DL_DEF bool dl_set_threads(dl_ctx *dl, int n);
/* How many there are; 0 of NULL. */
DL_DEF int dl_threads(const dl_ctx *dl);

/* One line about this build: version, number type, instruction set, threads. Owned by the
   context; "" of NULL. */
DL_DEF const char *dl_info(dl_ctx *dl);

/* --------------------------------------------------------------------------------- >>rng ----
   Number i of a stream is mix(key + (i + 1) * 0x9E3779B97F4A7C15): SplitMix64 (Steele, Lea, Flood:
   Fast splittable pseudorandom number generators, OOPSLA 2014), which is a hash of a counter, so
   any number can be had without the ones before it. Integers and uniforms are the same on every
   machine; normals as far as log and cos are. From a NULL stream come 0 and NaN. */
typedef struct dl_rng {
    uint64_t key;      /* which stream              */
    uint64_t counter;  /* numbers drawn from it yet */
} dl_rng;

/* A stream of its own for each (seed, stream) pair. */
DL_DEF dl_rng dl_rng_new(uint64_t seed, uint64_t stream);

/* The context's own stream (parameters are initialized from it); NULL of NULL. */
DL_DEF dl_rng *dl_ctx_rng(dl_ctx *dl);

/* The next 64 random bits. */
DL_DEF uint64_t dl_rng_u64(dl_rng *r);

/* Uniform in [0, 1), 53 bits. */
DL_DEF double dl_rng_uniform(dl_rng *r);

/* Normal with mean 0 and standard deviation 1 (Box-Muller: sqrt(-2 ln u1) cos(2 pi u2)). */
DL_DEF double dl_rng_normal(dl_rng *r);

/* Uniform in 0 .. n-1 without bias; 0 when n < 1. */
DL_DEF dl_int dl_rng_int(dl_rng *r, dl_int n);

/* A random order of 0 .. n-1 (Fisher-Yates) into order[n]; n is 2^31 - 1 at most. */
DL_DEF void dl_rng_permutation(dl_rng *r, int32_t *order, dl_int n);

/* ----------------------------------------------------------------------------- >>kernels ----
   Floor 1. Pure functions on arrays: outputs first, inputs next, sizes last; no allocation, no
   globals, no input or output, no check of what is passed. A backward takes dy = dL/dy and ADDS to
   dx, dw, db; where it says so, one of them may be NULL when it is not wanted. A gradient has the
   shape of what it is the gradient of. All arrays are dense, row by row, and the caller's; outputs
   must not overlap inputs unless it says so. Letters: N samples, C channels or classes, H x W an
   image, T steps, D inputs, M outputs; n numbers whose arrangement does not matter.

   DL_KERNEL(dlk_name, parameters) declares that function and the type of a pointer to it,
   dlk_name_fn. The operations call all of them by pointers: see "the table of kernels"
   at the end of this room. */
#define DL_KERNEL(name, ...)                                                                     \
    typedef void (*name##_fn)(__VA_ARGS__);                                                      \
    DL_DEF void name(__VA_ARGS__)

/* y[N,M] = x[N,D] w[M,D]^T + b[M]; b may be NULL.   @F S0-4.1 S3-3.1 S4-4: y = f(Wx + b)
   With f = identity this is the layer's z; an activation below makes it y. */
DL_KERNEL(dlk_linear_forward, dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
          dl_int N, dl_int D, dl_int M);
/* dx[N,D] += dy w,  dw[M,D] += dy^T x,  db[M] += sum over N of dy;  each may be NULL.
   @F S1-3.2: dL/dw_j = sum_i dL/dz_i dz_i/dw_j, with i the sample. */
DL_KERNEL(dlk_linear_backward, dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
          const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int M);

/* y[N,M] = a[N,K] b[K,M], the plain matrix product. */
DL_KERNEL(dlk_matmul_forward, dl_real *y, const dl_real *a, const dl_real *b, dl_int N, dl_int K,
          dl_int M);
/* da[N,K] += dy b^T,  db[K,M] += a^T dy;  each may be NULL. */
DL_KERNEL(dlk_matmul_backward, dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
          const dl_real *b, dl_int N, dl_int K, dl_int M);

/* Row kernels of arithmetic with broadcasting: y[i] = a[i*sa] op b[i*sb], i < n. sa and sb are the
   steps of a and b: 1 walks along, 0 repeats one element. In the backward da or db may be NULL, a
   and b not; with step 0 the gradient sums (in double) into the one element that was repeated.

   The list of them: X(A, name, y, da, db, formula, what it is). y, da and db are C: what y becomes,
   and what is added to da and db; A is whatever the caller of the list wants to pass on. Of equal a
   and b in a maximum each gets half of dy, as in PyTorch; a != a is true for a NaN only, so that a
   NaN on either side comes out. The derivative of a / b by b is -a / b^2, written as (a / b) / b
   because b^2 may leave the range of numbers. */
#define DLK_BINARY(X, A)                                                                         \
    X(A, add, a + b, dy, dy, "a + b", "sum")                                                     \
    X(A, sub, a - b, dy, -dy, "a - b", "difference")                                             \
    X(A, mul, a * b, dy * b, dy * a, "a b", "product")                                           \
    X(A, div, a / b, dy / b, -dy * (a / b) / b, "a / b", "quotient")                             \
    X(A, maximum, a > b || a != a ? a : b, a < b ? 0 : a == b ? dy / 2 : dy,                     \
               a > b ? 0 : a == b ? dy / 2 : dy, "max(a, b)", "the larger one")                  \
    X(A, minimum, a < b || a != a ? a : b, a > b ? 0 : a == b ? dy / 2 : dy,                     \
               a < b ? 0 : a == b ? dy / 2 : dy, "min(a, b)", "the smaller one")

/* dlk_add_forward, dlk_add_backward and so on, for every row of the list above. */
#define DLI_DECLARE(A, name, value, to_a, to_b, formula, what)                                   \
    DL_KERNEL(dlk_##name##_forward, dl_real *y, const dl_real *a, const dl_real *b,              \
                              dl_int n, dl_int sa, dl_int sb);                                   \
    DL_KERNEL(dlk_##name##_backward, dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,\
                               const dl_real *b, dl_int n, dl_int sa, dl_int sb);
DLK_BINARY(DLI_DECLARE, 0)
#undef DLI_DECLARE

/* Elementwise functions: y[i] = f(x[i]), dx[i] += dy[i] f'(x[i]), i < n. All backwards have the
   same arguments, none of them NULL, so that one caller serves all; each uses x or y, whichever is
   simpler. y may be x in the forward. p and q are the function's constants, 0 where it has none. */
typedef void (*dlk_unary_forward_fn)(dl_real *y, const dl_real *x, dl_int n, double p, double q);
typedef void (*dlk_unary_backward_fn)(dl_real *dx, const dl_real *dy, const dl_real *y,
                                      const dl_real *x, dl_int n, double p, double q);

/* The list of them: X(A, name, y, dx, formula, what it is). y and dx are C: what y becomes for the
   element x, and what is added to dx for the element dy. From a line come the kernels (written out
   for one of them in >>kernels-impl) and, in float, their vector twins; so a new function is one
   line here and a call of DLI_UNARY in >>ops-impl. The names that begin with dli_ are functions of
   x in double for the kernels and in float for the twins:
     dli_exp, dli_expm1, dli_tanh, dli_abs   as in math.h
     dli_sigmoid(x) = 1 / (1 + e^-x)         dli_slope(x) = its derivative, s (1 - s)
     dli_softplus(x) = ln(1 + e^x)
     dli_phi(x), dli_density(x)              the normal distribution: (1 + erf(x / sqrt 2)) / 2 and
                                             its derivative, e^(-x^2 / 2) / sqrt(2 pi)
     dli_bend(x), dli_bend_slope(x)          2 sqrt(2/pi) (x + .044715 x^3), and its derivative
     dli_fade(x, e) = x e, where e goes to 0 faster than x to infinity: 0, not NaN, at infinity
   The slopes of sigmoid and tanh come from y, which needs no second e^x. Where y has rounded to 1
   or -1 they are 0: in float from |x| = 17 and 9 on, and some digits are gone before that. What is
   lost is less than the rounding of 1.
   Comparisons decide where a NaN goes: every one with a NaN is false. So ReLU asks "x < 0 ? 0 : x",
   which lets a NaN through, and not "x > 0 ? x : 0", which would hide it.
   @F S0-2.2: activation functions (also transfer functions); S3-2.1, S4-4: ReLU, sigmoid, tanh */
#define DLK_UNARY(X, A) DLK_UNARY_VECTOR(X, A) DLK_UNARY_EXACT(X, A)
#define DLK_UNARY_VECTOR(X, A) DLK_UNARY_WIDE(X, A) DLK_UNARY_NARROW(X, A)
/* Those that networks spend their time in: a twin for every instruction set. */
#define DLK_UNARY_WIDE(X, A)                                                                     \
    X(A, exp, dli_exp(x), dy * y, "e^x", "exponential")                                          \
    X(A, affine, p * x + q, p * dy, "p x + q", "scale and shift")                                \
    X(A, sigmoid, dli_sigmoid(x), dy * y * (1 - y), "1 / (1 + e^-x)", "logistic sigmoid")        \
    X(A, tanh, dli_tanh(x), dy * (1 - y * y), "tanh x", "hyperbolic tangent")                    \
    X(A, relu, x < 0 ? 0 : x, x <= 0 ? 0 : dy, "max(0, x)", "rectified linear unit")             \
    X(A, gelu, dli_fade(x, dli_phi(x)), dy * (dli_phi(x) + dli_fade(x, dli_density(x))),         \
            "x Phi(x), Phi by erf", "GELU, exact")                                               \
    X(A, gelu_tanh, dli_fade(x, dli_sigmoid(dli_bend(x))), dy * (dli_sigmoid(dli_bend(x)) +      \
                     dli_fade(x * dli_bend_slope(x), dli_slope(dli_bend(x)))),                   \
                 "x/2 (1 + tanh(s (x + .044715 x^3))), s = sqrt(2/pi)", "GELU, tanh form")
/* Those with one twin, of the vectors that every CPU has: less code, and fast enough. */
#define DLK_UNARY_NARROW(X, A)                                                                   \
    X(A, neg, -x, -dy, "-x", "negation")                                                         \
    X(A, square, x * x, 2 * (dy * x), "x^2", "square")                                           \
    X(A, abs, dli_abs(x), x > 0 ? dy : x < 0 ? -dy : 0, "|x|, slope 0 at 0", "absolute value")   \
    X(A, clamp, (x < (dl_real)p ? (dl_real)p : x) > (dl_real)q ? (dl_real)q :                    \
                 x < (dl_real)p ? (dl_real)p : x,                                                \
             (dl_real)p <= x && x <= (dl_real)q ? dy : 0, "min(max(x, p), q)", "clip to [p, q]") \
    X(A, leaky_relu, x > 0 ? x : dli_fade(x, p), x > 0 ? dy : dli_fade(dy, p),                   \
                  "x > 0 ? x : p x", "leaky ReLU, slope p")                                      \
    X(A, elu, x > 0 ? x : p * dli_expm1(x), x > 0 ? dy : dy * p * dli_exp(x),                    \
           "x > 0 ? x : p (e^x - 1)", "exponential linear")                                      \
    X(A, silu, dli_fade(x, dli_sigmoid(x)), dy * (dli_sigmoid(x) + dli_fade(x, dli_slope(x))),   \
            "x sigmoid(x)", "SiLU (swish)")                                                      \
    X(A, softplus, dli_softplus(x), dy * dli_sigmoid(x), "ln(1 + e^x)", "softplus")

/* Those without a vector twin: in float, too, they divide by a p in double, and have all digits.
   x^0 is constant: without the test, 0 times the infinite 0^-1 would make its derivative at 0 a
   NaN. */
#define DLK_UNARY_EXACT(X, A)                                                                    \
    X(A, over, x / p, dy / p, "x / p", "x over p")                                               \
    X(A, reciprocal, p / x, -dy * (p / x) / x, "p / x", "p over x")                              \
    X(A, log, log(x), dy / x, "ln x", "natural logarithm")                                       \
    X(A, sqrt, sqrt(x), dy / (2 * y), "sqrt(x)", "square root")                                  \
    X(A, pow, pow(x, p), p == 0 ? 0 : dy * p * pow(x, p - 1), "x^p", "power")

/* dlk_relu_forward, dlk_relu_backward and so on, for every row of the list above. */
#define DLI_DECLARE(A, name, value, gradient, formula, what)                                     \
    DL_KERNEL(dlk_##name##_forward, dl_real *y, const dl_real *x, dl_int n, double p, double q); \
    DL_KERNEL(dlk_##name##_backward, dl_real *dx, const dl_real *dy, const dl_real *y,           \
              const dl_real *x, dl_int n, double p, double q);
DLK_UNARY(DLI_DECLARE, 0)
#undef DLI_DECLARE

/* Sums along an axis of x [outer,n,inner]: y[o,i] = scale sum_k x[o,k,i], in double, for many small
   numbers make a large one; scale is 1, or 1/n for a mean, which exists where the sum overflows. */
DL_KERNEL(dlk_sum_forward, dl_real *y, const dl_real *x, dl_int outer, dl_int n, dl_int inner,
          double scale);
/* dx[o,k,i] += scale dy[o,i] */
DL_KERNEL(dlk_sum_backward, dl_real *dx, const dl_real *dy, dl_int outer, dl_int n, dl_int inner,
          double scale);

/* Each row of [N,C]: y_c = e^(x_c) / sum_k e^(x_k), computed with the row's maximum subtracted,
   which changes nothing but keeps e^x finite. y may be x. A logit of +infinity takes all, which is
   the limit (several share); a row of -infinity has none and becomes NaN. */
DL_KERNEL(dlk_softmax_forward, dl_real *y, const dl_real *x, dl_int N, dl_int C);
/* dx_c += y_c (dy_c - sum_k dy_k y_k) */
DL_KERNEL(dlk_softmax_backward, dl_real *dx, const dl_real *dy, const dl_real *y, dl_int N,
          dl_int C);
/* Each row of [N,C]: y_c = x_c - log sum_k e^(x_k)   (log-sum-exp, never log of a probability) */
DL_KERNEL(dlk_log_softmax_forward, dl_real *y, const dl_real *x, dl_int N, dl_int C);
/* dx_c += dy_c - e^(y_c) sum_k dy_k */
DL_KERNEL(dlk_log_softmax_backward, dl_real *dx, const dl_real *dy, const dl_real *y, dl_int N,
          dl_int C);

/* Inverted dropout of x[n]: y[i] = keep_i ? x[i] / (1-p) : 0, where keep_i is decided by hashing
   (key, i), so that no mask is stored: drop when hash(key, i), 24 bits of it, < p. 0 <= p < 1.
   Every build drops the same elements.   @F S1-4
   (Srivastava et al., JMLR 2014) */
DL_KERNEL(dlk_dropout_forward, dl_real *y, const dl_real *x, dl_int n, double p, uint64_t key);
/* dx[i] += keep_i ? dy[i] / (1-p) : 0, with the same key */
DL_KERNEL(dlk_dropout_backward, dl_real *dx, const dl_real *dy, dl_int n, double p, uint64_t key);

/* Losses of x[n] with targets t[n], or of rows x[N,C]. loss[0] = scale * sum over the elements or
   rows; scale 1/n gives the mean, 1 the sum. The backward takes dloss = dL/dloss[0].
   @F S2-4: cost function
   Mean squared error:  (x - t)^2 */
DL_KERNEL(dlk_mse_forward, dl_real *loss, const dl_real *x, const dl_real *t, dl_int n,
          double scale);
/* dx += dloss scale 2 (x - t) */
DL_KERNEL(dlk_mse_backward, dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
          dl_int n, double scale);
/* Mean absolute error:  |x - t| */
DL_KERNEL(dlk_mae_forward, dl_real *loss, const dl_real *x, const dl_real *t, dl_int n,
          double scale);
/* dx += dloss scale sign(x - t), 0 at 0 */
DL_KERNEL(dlk_mae_backward, dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
          dl_int n, double scale);
/* Huber, delta > 0:  d = |x - t|;  d <= delta ? d^2 / 2 : delta (d - delta / 2) */
DL_KERNEL(dlk_huber_forward, dl_real *loss, const dl_real *x, const dl_real *t, dl_int n,
          double delta, double scale);
/* dx += dloss scale clip(x - t, -delta, delta) */
DL_KERNEL(dlk_huber_backward, dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
          dl_int n, double delta, double scale);
/* Binary cross-entropy of logits x with targets t in [0,1]:
   -t ln s(x) - (1-t) ln(1 - s(x)) = max(x,0) - x t + ln(1 + e^-|x|),  s the sigmoid */
DL_KERNEL(dlk_bce_forward, dl_real *loss, const dl_real *x, const dl_real *t, dl_int n,
          double scale);
/* dx += dloss scale (sigmoid(x) - t) */
DL_KERNEL(dlk_bce_backward, dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
          dl_int n, double scale);
/* Cross-entropy of logits x[N,C] with a class label[N] each, 0 .. C-1: -log softmax(x)_label.
   Stores the softmax in p[N,C], which the backward needs. p may be x. */
DL_KERNEL(dlk_cross_entropy_forward, dl_real *loss, dl_real *p, const dl_real *x,
          const int32_t *label, dl_int N, dl_int C, double scale);
/* dx[i,c] += dloss scale (p[i,c] - [c == label_i]) */
DL_KERNEL(dlk_cross_entropy_backward, dl_real *dx, dl_real dloss, const dl_real *p,
          const int32_t *label, dl_int N, dl_int C, double scale);
/* Cross-entropy with one-hot or soft targets t[N,C]: -sum_c t_c log softmax(x)_c. p as above. */
DL_KERNEL(dlk_soft_cross_entropy_forward, dl_real *loss, dl_real *p, const dl_real *x,
          const dl_real *t, dl_int N, dl_int C, double scale);
/* dx[i,c] += dloss scale (p[i,c] sum_k t[i,k] - t[i,c]) */
DL_KERNEL(dlk_soft_cross_entropy_backward, dl_real *dx, dl_real dloss, const dl_real *p,
          const dl_real *t, dl_int N, dl_int C, double scale);

/* One update of weights w[n] by their gradients g[n], with the learning rate lr. Moments v[n],
   a[n], u[n], m[n] are the caller's, zero at the start unless it says otherwise; what they keep of
   their past (mu, rho, b1, b2) is below 1. Where g is squared, g^2 must be a finite dl_real, and
   eps not so small that it and g^2 both are 0 (dl_optimizer_step sees to it).
   @F S0-4.2 S0-4.3 S1-3.1 S3-3.2: W_{t+1} = W_t - eta dL/dW
   Gradient descent:  w -= lr g */
DL_KERNEL(dlk_sgd_step, dl_real *w, const dl_real *g, dl_int n, double lr);
/* Momentum:  v = mu v + gain g;  w -= rate v;   nesterov:  w -= rate (mu v + gain g).
   PyTorch: gain 1, rate lr.  Keras: gain lr, rate 1.  The same until lr changes. */
DL_KERNEL(dlk_momentum_step, dl_real *w, const dl_real *g, dl_real *v, dl_int n, double gain,
          double rate, double mu, bool nesterov);
/* Adagrad:  a += g^2;  w -= lr g / (sqrt(a + eps_in) + eps_out)   (Duchi et al., JMLR 2011)
   Keras has its eps inside the root, PyTorch outside; the other one is 0. */
DL_KERNEL(dlk_adagrad_step, dl_real *w, const dl_real *g, dl_real *a, dl_int n, double lr,
          double eps_in, double eps_out);
/* Adadelta:  a = rho a + (1-rho) g^2;  d = g sqrt(u + eps) / sqrt(a + eps);
   u = rho u + (1-rho) d^2;  w -= lr d   (Zeiler, arXiv 1212.5701) */
DL_KERNEL(dlk_adadelta_step, dl_real *w, const dl_real *g, dl_real *a, dl_real *u, dl_int n,
          double lr, double rho, double eps);
/* RMSprop:  a = rho a + (1-rho) g^2;  w -= lr g / (sqrt(a + eps_in) + eps_out)
   (Hinton, lecture 6e of Neural Networks for Machine Learning, 2012) */
DL_KERNEL(dlk_rmsprop_step, dl_real *w, const dl_real *g, dl_real *a, dl_int n, double lr,
          double rho, double eps_in, double eps_out);
/* Adam:  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  t = 1, 2, ... the update's number
   PyTorch (the paper):  w -= lr m_hat / (sqrt(v_hat) + eps),  m_hat = m / (1 - b1^t), v_hat alike
   Keras (keras_eps):    w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)
   (Kingma, Ba: Adam, ICLR 2015) */
DL_KERNEL(dlk_adam_step, dl_real *w, const dl_real *g, dl_real *m, dl_real *v, dl_int n, double lr,
          double b1, double b2, double eps, int64_t t, bool keras_eps);
/* What clipping and penalties do to a gradient:  g = scale g + l1 sign(w) + 2 l2 w, the last two
   being the gradient of l1 sum |w| + l2 sum w^2; g[n], w[n]. */
DL_KERNEL(dlk_decay_grad, dl_real *g, const dl_real *w, dl_int n, double scale, double l1,
          double l2);

/* ---- images: convolution, pooling, normalization ----

   A kernel (a small array of weights) slides over an image: output position p, q looks at the
   input rows p stride + u dilation - top, u = 0 .. KH-1, and the columns alike. Outside the image
   there are zeros. How many there are below and on the right follows from OH and OW. With P zeros
   on either side OH = floor((H + 2 P - (KH-1) dilation - 1) / stride) + 1. */

/* The sizes of a convolution. One-dimensional: H = KH = OH = 1. */
typedef struct dlk_conv2d_size {
    dl_int N, C, H, W;               /* input x [N,C,H,W]                                       */
    dl_int M, OH, OW;                /* output y [N,M,OH,OW]                                    */
    dl_int KH, KW;                   /* kernel w [M,C/groups,KH,KW]                             */
    dl_int stride_h, stride_w;       /* how far it moves each time, 1 or more                   */
    dl_int top, left;                /* zeros above and on the left of the image                */
    dl_int dilation_h, dilation_w;   /* distance of the rows and columns it looks at; 1: dense  */
    dl_int groups;                   /* group g: C/groups inputs make M/groups outputs; 1: all  */
} dlk_conv2d_size;

/* y[n,m,p,q] = b_m + sum_{c,u,v} x[n,c, p s + u - top, q s + v - left] w[m,c,u,v]   (dilation 1,
   s the stride; x = 0 outside; b may be NULL). A cross-correlation: a convolution in the sense of
   mathematics flips w. X = 1..9 in 3x3 and K = [[1,0],[0,-1]] give -4 everywhere, flipped +4.
   @F S1-3.3, with the bounds put right: i runs x .. x+k_h-1 there, not 0 .. k_h-1 */
DL_KERNEL(dlk_conv2d_forward, dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
          const dlk_conv2d_size *s);
/* dx[n,c,i,j] += sum of dy[n,m,p,q] w[m,c,u,v] over all that looked at i, j;
   dw[m,c,u,v] += sum of dy[n,m,p,q] x[n,c,i,j];  db[m] += sum of dy[n,m,p,q];  each may be NULL */
DL_KERNEL(dlk_conv2d_backward, dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
          const dl_real *x, const dl_real *w, const dlk_conv2d_size *s);

/* Transposed convolution: the way of a convolution's gradient, used forward, so that a stride makes
   the image larger. Here w is [C,M/groups,KH,KW] and the input is what slides:
   y[n,m, i s + u - top, j s + v - left] += x[n,c,i,j] w[c,m,u,v], from y = b_m (b may be NULL);
   what falls outside OH x OW is dropped. OH = (H-1) s - 2 P + (KH-1) dilation + 1 + output padding.
   (Zeiler et al., Deconvolutional networks, CVPR 2010) */
DL_KERNEL(dlk_conv_transpose2d_forward, dl_real *y, const dl_real *x, const dl_real *w,
          const dl_real *b, const dlk_conv2d_size *s);
/* dx += what a convolution of dy gives; dw, db as above; each may be NULL */
DL_KERNEL(dlk_conv_transpose2d_backward, dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
          const dl_real *x, const dl_real *w, const dlk_conv2d_size *s);

/* Nearest neighbours: y[k,p,q] = x[k, p / fh, q / fw], whole-number division; x [planes,H,W],
   y [planes, H fh, W fw]. planes is N times C. */
DL_KERNEL(dlk_upsample2d_forward, dl_real *y, const dl_real *x, dl_int planes, dl_int H, dl_int W,
          dl_int fh, dl_int fw);
/* dx[k,i,j] += sum of dy over the fh x fw copies of i, j */
DL_KERNEL(dlk_upsample2d_backward, dl_real *dx, const dl_real *dy, dl_int planes, dl_int H,
          dl_int W, dl_int fh, dl_int fw);

/* The sizes of a pooling: x [planes,H,W], y [planes,OH,OW], planes = N C, a window of KH x KW. */
typedef struct dlk_pool2d_size {
    dl_int planes, H, W, OH, OW, KH, KW;
    dl_int stride_h, stride_w, top, left;
} dlk_pool2d_size;

/* y[k,p,q] = max over u, v of x[k, p s + u - top, q s + v - left], places outside left out; at is
   where the maximum was, i W + j (the first of equal ones; a NaN counts as largest). Every window
   must touch the image.   @F S1-3.4, put right: there the maximum did not depend on the place */
DL_KERNEL(dlk_max_pool2d_forward, dl_real *y, int32_t *at, const dl_real *x,
          const dlk_pool2d_size *s);
/* dx[k, at] += dy[k,p,q]: the gradient goes to the one that won */
DL_KERNEL(dlk_max_pool2d_backward, dl_real *dx, const dl_real *dy, const int32_t *at,
          const dlk_pool2d_size *s);

/* y[k,p,q] = (sum over u, v of x[k, p s + u - top, q s + v - left]) / count, count = KH KW with
   count_padding (PyTorch's default), else how many of the places are inside (Keras). */
DL_KERNEL(dlk_avg_pool2d_forward, dl_real *y, const dl_real *x, const dlk_pool2d_size *s,
          bool count_padding);
/* dx[k,i,j] += dy[k,p,q] / count, for every window p, q that i, j is in */
DL_KERNEL(dlk_avg_pool2d_backward, dl_real *dx, const dl_real *dy, const dlk_pool2d_size *s,
          bool count_padding);

/* Batch normalization, of x [N,C,S]; S = H W, 1 for plain rows. First the statistics of each
   channel over N and S:  mean[C], var[C] = mean of (x - mean)^2.   (Ioffe, Szegedy, ICML 2015) */
DL_KERNEL(dlk_batch_stats, dl_real *mean, dl_real *var, const dl_real *x, dl_int N, dl_int C,
          dl_int S);
/* y = w_c (x - mean_c) / sqrt(var_c + eps) + b_c, with the statistics of the batch in training
   (batch true: what rounding took from the mean is made good) and the running ones afterwards;
   w[C] and b[C] may be NULL (1 and 0). */
DL_KERNEL(dlk_batch_norm_forward, dl_real *y, const dl_real *x, const dl_real *mean,
          const dl_real *var, const dl_real *w, const dl_real *b, dl_int N, dl_int C, dl_int S,
          double eps, bool batch);
/* With h = (x - mean) / sqrt(var + eps), r = 1 / sqrt(var + eps):  dw += sum dy h,  db += sum dy,
   dx += w r (dy - [mean of dy + h mean of dy h]);  the brackets only when mean and var came from
   this x (batch true), through which x works, too. dx, dw, db, w may be NULL. */
DL_KERNEL(dlk_batch_norm_backward, dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
          const dl_real *x, const dl_real *mean, const dl_real *var, const dl_real *w, dl_int N,
          dl_int C, dl_int S, double eps, bool batch);
/* What inference will use, all [C]:  run_mean += a (mean - run_mean),
   run_var += a (var count / (count - 1) - run_var), count = N S values a channel, above 1; the
   quotient makes var unbiased. a is PyTorch's momentum (.1); Keras' momentum (.99) is 1 - a, and
   it leaves the quotient out. */
DL_KERNEL(dlk_batch_norm_update, dl_real *run_mean, dl_real *run_var, const dl_real *mean,
          const dl_real *var, dl_int C, double count, double a);

/* Layer normalization: the same with the statistics of each row of x [N,D] by itself, and w[D],
   b[D] (NULL: 1 and 0). Stores mean[N] and var[N] for the backward.   (Ba et al., 2016) */
DL_KERNEL(dlk_layer_norm_forward, dl_real *y, dl_real *mean, dl_real *var, const dl_real *x,
          const dl_real *w, const dl_real *b, dl_int N, dl_int D, double eps);
/* g = dy w:  dx += r (g - mean of g - h mean of g h) over a row;  dw += sum over N of dy h,
   db += sum over N of dy;  dx, dw, db, w may be NULL. */
DL_KERNEL(dlk_layer_norm_backward, dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
          const dl_real *x, const dl_real *mean, const dl_real *var, const dl_real *w, dl_int N,
          dl_int D, double eps);

/* Group normalization of x [N,C,S]: the statistics of C/groups channels of one sample together,
   mean[N,groups] and var alike; w[C] and b[C] for each channel (NULL: 1 and 0). (Wu, He, 2018) */
DL_KERNEL(dlk_group_norm_forward, dl_real *y, dl_real *mean, dl_real *var, const dl_real *x,
          const dl_real *w, const dl_real *b, dl_int N, dl_int C, dl_int S, dl_int groups,
          double eps);
/* as for layers, the means over a group */
DL_KERNEL(dlk_group_norm_backward, dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
          const dl_real *x, const dl_real *mean, const dl_real *var, const dl_real *w, dl_int N,
          dl_int C, dl_int S, dl_int groups, double eps);

/* ---- sequences: recurrent nets, embedding, attention ---- */

/* Recurrent nets. A state h[H] is carried from step to step (the LSTM has a second one, its memory
   c[H]); each step reads x_t[D] and the state before it. Weights as in PyTorch: w_ih[G*H,D],
   w_hh[G*H,H], biases b_ih[G*H] and b_hh[G*H] (each may be NULL), G gates above one another. Every
   step begins with
     a = W_ih x_t + b_ih,   u = W_hh h_{t-1} + b_hh        (two calls of dlk_linear_forward)
   and ends with an elementwise part, the gates. They are all in which the kinds differ, and have
   kernels of their own, of one step of one sample. */
typedef struct dlk_recurrent_step {
    dl_real       *a, *u;     /* [G*H] the two sums; the backward puts dL/da and dL/du there */
    dl_real       *h, *c;     /* [H] the state after the step; c of the LSTM only            */
    const dl_real *h0, *c0;   /* [H] the state before it                                     */
    dl_real       *gate;      /* what backward needs of the step, see each kind              */
} dlk_recurrent_step;
/* The backwards walk back in time: dh[H] (and dc[H]) hold dL/dh on entry, and on return what the
   gates hand to the state before; the part through u is still to be added. They SET a and u.
   Simple RNN, G = 1:  h = f(a + u), f = tanh or ReLU; gate is not used.   @F S1-2.3
   @F S1-3.5: h_t = tanh(W_x x_t + W_h h_{t-1} + b)   (Elman, Cognitive Science 1990)
   Backward: da = du = dh f'(a + u), from h alone: tanh' = 1 - h^2, ReLU' = 1 where h > 0. */
DL_KERNEL(dlk_rnn_gates_forward, const dlk_recurrent_step *s, dl_int H);
DL_KERNEL(dlk_rnn_gates_backward, dl_real *dh, dl_real *dc, const dlk_recurrent_step *s, dl_int H);
DL_KERNEL(dlk_rnn_relu_gates_forward, const dlk_recurrent_step *s, dl_int H);
DL_KERNEL(dlk_rnn_relu_gates_backward, dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
          dl_int H);
/* LSTM, G = 4:  i, f, g, o = s, s, tanh, s of (a + u), s the sigmoid;
   c = f c0 + i g,  h = o tanh c.   gate[4H] keeps i, f, g, o.
   (Hochreiter, Schmidhuber, Neural Computation 1997, with Gers' forget gate) */
DL_KERNEL(dlk_lstm_gates_forward, const dlk_recurrent_step *s, dl_int H);
DL_KERNEL(dlk_lstm_gates_backward, dl_real *dh, dl_real *dc, const dlk_recurrent_step *s, dl_int H);
/* GRU, G = 3, in PyTorch's form:  r = s(a_r + u_r),  z = s(a_z + u_z),  n = tanh(a_n + r u_n);
   h = (1 - z) n + z h0.   gate[4H] keeps r, z, n, u_n.   (Cho et al., EMNLP 2014) */
DL_KERNEL(dlk_gru_gates_forward, const dlk_recurrent_step *s, dl_int H);
DL_KERNEL(dlk_gru_gates_backward, dl_real *dh, dl_real *dc, const dlk_recurrent_step *s, dl_int H);

/* Whole sequences, one layer in one direction. */
typedef struct dlk_recurrent_size {
    dl_int         N, T, D, H;   /* samples, steps, inputs, units                               */
    const int32_t *length;       /* [N] steps of each sample, 0 .. T; NULL: all have T          */
    bool           reverse;      /* from a sample's last step to its first                      */
} dlk_recurrent_size;
typedef struct dlk_recurrent_arrays {
    const dl_real *x;                          /* [N,T,D]                                       */
    const dl_real *w_ih, *w_hh, *b_ih, *b_hh;  /* the weights                                   */
    const dl_real *h0, *c0;                    /* [N,H] the states before the first step        */
    dl_real       *y;                          /* [N,T,H] h after every step, 0 behind length   */
    dl_real       *hn, *cn;                    /* [N,H] the states after the last step          */
    dl_real       *saved;                      /* for the backward: LSTM [N,T,5H], GRU [N,T,4H],
                                                  simple ones nothing: may be NULL              */
    dl_real       *work;                       /* scratch, [2(G+1)H]                            */
} dlk_recurrent_arrays;                        /* c0, cn: of the LSTM, else NULL                */
typedef struct dlk_recurrent_grads {
    const dl_real *dy;                         /* [N,T,H] or NULL, if y was not used            */
    const dl_real *dhn, *dcn;                  /* [N,H] of hn and cn, not NULL; dcn: the LSTM's */
    dl_real       *dx, *dw_ih, *dw_hh, *db_ih, *db_hh, *dh0, *dc0;   /* each may be NULL        */
} dlk_recurrent_grads;

/* y, hn (and cn) of x and the weights, from the states h0 (and c0). Behind a sample's length
   nothing is read. States that start anew are arrays of zeros, not NULL.
   @F S1-3.5: h_t = f(h_{t-1}, x_t) */
DL_KERNEL(dlk_rnn_forward, const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
DL_KERNEL(dlk_rnn_relu_forward, const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
DL_KERNEL(dlk_lstm_forward, const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
DL_KERNEL(dlk_gru_forward, const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
/* Backpropagation through time, on the arrays as the forward left them. */
DL_KERNEL(dlk_rnn_backward, const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
          const dlk_recurrent_size *s);
DL_KERNEL(dlk_rnn_relu_backward, const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
          const dlk_recurrent_size *s);
DL_KERNEL(dlk_lstm_backward, const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
          const dlk_recurrent_size *s);
DL_KERNEL(dlk_gru_backward, const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
          const dlk_recurrent_size *s);

/* Embedding: row i of y[n,E] is row index[i] of w[V,E]; every index in 0 .. V-1. It is a linear
   layer on one-hot rows without the multiplications by 0 and 1. */
DL_KERNEL(dlk_embedding_forward, dl_real *y, const dl_real *w, const int32_t *index, dl_int n,
          dl_int E);
/* dw[index[i]] += dy[i]; nothing for index[i] == padding (-1: there is none). */
DL_KERNEL(dlk_embedding_backward, dl_real *dw, const dl_real *dy, const int32_t *index, dl_int n,
          dl_int E, dl_int padding);

/* Sinusoidal positions y[T,E]: y[t,2i] = sin(t w_i), y[t,2i+1] = cos(t w_i), w_i = 10000^(-2i/E).
   (Vaswani et al.: Attention is all you need, 2017) */
DL_KERNEL(dlk_positional_encoding, dl_real *y, dl_int T, dl_int E);

/* Scaled dot-product attention of one sequence: queries q[R,D], keys k[S,D], values v[S,M].
     s_ij = q_i . k_j / sqrt(D) + mask_ij;   p_i = softmax(s_i);   y_i = sum_j p_ij v_j
   mask[R,S] may be NULL; -INFINITY in it hides key j from query i, as causal does for j > i. What
   is hidden has no part in y_i, whatever it holds, NaN included. A query that sees no key gets
   p = 0 and y = 0. Keeps p[R,S] for the backward.
   @F S4-1: GPT-3's attention   (Vaswani et al., 2017) */
typedef struct dlk_attention_size {
    dl_int R, S, D, M;           /* queries, keys, numbers of a key, of a value */
    bool   causal;
} dlk_attention_size;
DL_KERNEL(dlk_attention_forward, dl_real *y, dl_real *p, const dl_real *q, const dl_real *k,
          const dl_real *v, const dl_real *mask, const dlk_attention_size *s);
/* dq[R,D], dk[S,D], dv[S,M] are added to, each may be NULL; ds[S] is scratch. A pair with p = 0
   has no part in the gradients either. */
DL_KERNEL(dlk_attention_backward, dl_real *dq, dl_real *dk, dl_real *dv, dl_real *ds,
          const dl_real *dy, const dl_real *p, const dl_real *q, const dl_real *k, const dl_real *v,
          const dlk_attention_size *s);
/* The softmax in the middle of it, alone: p[R,S] holds q_i . k_j on entry, p_ij on return; scale
   is the 1 / sqrt(D) above. */
DL_KERNEL(dlk_attention_softmax, dl_real *p, const dl_real *mask, dl_int R, dl_int S, double scale,
          bool causal);

/* ---- end of sequences ---- */

/* ---- the table of kernels ----

   A context has a table of pointers to the kernels, and the operations call no other ones. At the
   start all of them are the library's own, and then an operation may run a faster twin of a kernel
   instead: the same numbers up to rounding, by vector instructions and threads. Any of them can be
   replaced:
       dl_kernel_table(dl)->linear_backward = my_linear_backward;
   and from then on every linear layer of this context goes back through my_linear_backward; so
   does whatever the twins would have done in one go with it. What was recorded before goes back as
   it was recorded. */

/* Every kernel that an operation or an optimizer calls. */
#define DLI_BINARY_PAIR(X, name, y, da, db, formula, what) X(name##_forward) X(name##_backward)
#define DLI_UNARY_PAIR(X, name, y, dx, formula, what) X(name##_forward) X(name##_backward)
#define DL_KERNELS(X)                                                                            \
    X(linear_forward)             X(linear_backward)                                             \
    X(matmul_forward)             X(matmul_backward)                                             \
    DLK_BINARY(DLI_BINARY_PAIR, X) DLK_UNARY(DLI_UNARY_PAIR, X)                                  \
    X(sum_forward)                X(sum_backward)                                                \
    X(softmax_forward)            X(softmax_backward)                                            \
    X(log_softmax_forward)        X(log_softmax_backward)                                        \
    X(dropout_forward)            X(dropout_backward)                                            \
    X(mse_forward)                X(mse_backward)                                                \
    X(mae_forward)                X(mae_backward)                                                \
    X(huber_forward)              X(huber_backward)                                              \
    X(bce_forward)                X(bce_backward)                                                \
    X(cross_entropy_forward)      X(cross_entropy_backward)                                      \
    X(soft_cross_entropy_forward) X(soft_cross_entropy_backward)                                 \
    X(conv2d_forward)             X(conv2d_backward)                                             \
    X(conv_transpose2d_forward)   X(conv_transpose2d_backward)                                   \
    X(upsample2d_forward)         X(upsample2d_backward)                                         \
    X(max_pool2d_forward)         X(max_pool2d_backward)                                         \
    X(avg_pool2d_forward)         X(avg_pool2d_backward)                                         \
    X(batch_norm_forward)         X(batch_norm_backward)                                         \
    X(batch_stats)                X(batch_norm_update)                                           \
    X(layer_norm_forward)         X(layer_norm_backward)                                         \
    X(group_norm_forward)         X(group_norm_backward)                                         \
    X(rnn_forward)                X(rnn_backward)                                                \
    X(rnn_relu_forward)           X(rnn_relu_backward)                                           \
    X(lstm_forward)               X(lstm_backward)                                               \
    X(gru_forward)                X(gru_backward)                                                \
    X(embedding_forward)          X(embedding_backward)                                          \
    X(attention_forward)          X(attention_backward)                                          \
    X(attention_softmax)          X(positional_encoding)                                         \
    X(sgd_step)                   X(momentum_step)                                               \
    X(adagrad_step)               X(adadelta_step)                                               \
    X(rmsprop_step)               X(adam_step)                                                   \
    X(decay_grad)

/* The table: dlk_linear_forward_fn linear_forward; and so on. */
typedef struct dl_kernels {
#define DLI_FIELD(name) dlk_##name##_fn name;
    DL_KERNELS(DLI_FIELD)
#undef DLI_FIELD
} dl_kernels;

/* The context's table, to be read or changed; NULL of NULL. Entries must not be NULL. */
DL_DEF dl_kernels *dl_kernel_table(dl_ctx *dl);
/* Make all entries the library's own again. */
DL_DEF void dl_kernel_table_reset(dl_ctx *dl);

/* With true, operations call the table's kernels, never their twins: what a debugger steps through
   is then what stands here. It can be thrown at any time; false is the default. */
DL_DEF void dl_set_reference(dl_ctx *dl, bool on);
DL_DEF bool dl_reference(const dl_ctx *dl);

/* Choose the instruction set of the twins, by default the best that this CPU has: "avx512", "avx2"
   (x86), "base" (what every CPU of its kind has: SSE2, NEON). False, and nothing changed, for a
   name that this build or CPU does not have; the message says which there are. In double there are
   no twins, and only "base". */
DL_DEF bool dl_set_isa(dl_ctx *dl, const char *name);
/* Its name; "" of NULL. */
DL_DEF const char *dl_isa(const dl_ctx *dl);

/* ----------------------------------------------------------------------------- >>tensors ----
   A tensor is an array with a shape, a gradient of the same shape, and the context it belongs to.
   There are two kinds. Persistent ones (dl_param, dl_state, dl_keep) live until they are freed:
   what is learned, and what must outlive a step. All others live on the tape: results of
   operations and the data they begin with, gone with dl_tape_clear. Everything here is about
   making them, filling them and moving numbers between the two kinds. */

/* A shape: rank 0 is a single number. */
typedef struct dl_shape {
    int    rank;
    dl_int dim[DL_MAX_DIMS];
} dl_shape;

/* Shapes of rank 0 to 6. One dimension may be -1 where a function says it is worked out. */
DL_DEF dl_shape dl_shape0(void);
DL_DEF dl_shape dl_shape1(dl_int a);
DL_DEF dl_shape dl_shape2(dl_int a, dl_int b);
DL_DEF dl_shape dl_shape3(dl_int a, dl_int b, dl_int c);
DL_DEF dl_shape dl_shape4(dl_int a, dl_int b, dl_int c, dl_int d);
DL_DEF dl_shape dl_shape5(dl_int a, dl_int b, dl_int c, dl_int d, dl_int e);
DL_DEF dl_shape dl_shape6(dl_int a, dl_int b, dl_int c, dl_int d, dl_int e, dl_int f);

/* The product of the dimensions (1 of rank 0); -1 when the rank or a dimension is negative or
   the product overflows. */
DL_DEF dl_int dl_shape_size(dl_shape s);
/* The same rank and dimensions? */
DL_DEF bool dl_shape_equal(dl_shape a, dl_shape b);

/* A tensor: numbers in row-major order, their shape, and their gradient. Read the fields freely.
   To change numbers use dl_copy_in, dl_fill or dl_assign, which dl_backward notices; whoever writes
   to data directly must do it while nothing on the tape has used the tensor. */
struct dl_tensor {
    dl_real *data;            /* size elements                                              */
    dl_real *grad;            /* dL/d(data), same shape; NULL until a backward gets here     */
    dl_int   size;
    dl_shape shape;
    dl_ctx  *ctx;
    bool     requires_grad;   /* backward computes grad                                     */
    const char *name;         /* "" or e.g. "dense_1.weight"                                 */
    /* private: */
    uint64_t generation;      /* which life of the tape it belongs to                       */
    uint32_t version;         /* grows when data is changed; backward compares              */
    uint32_t pass;            /* the last backward that reached it                          */
    bool     fresh;           /* grad is to be zeroed before it is added to                 */
    bool     wanted;          /* the operation that backward is at sends it a gradient      */
    dl_tensor *reached;       /* the one that was given its grad before this one            */
    struct dli_node *node;    /* the operation that made it, NULL for a leaf                */
    dl_tensor *base;          /* whose gradient it shares, or NULL                          */
    dl_int   offset;          /* where in base's gradient its own begins                    */
    dl_tensor *owner;         /* whose data it shares, or NULL                              */
    uint64_t serial;          /* tensors made before it                                     */
    int      lent;            /* so many models of other contexts read its data             */
    bool     borrowed;        /* it reads another context's                                 */
};

/* An operand left out: no bias, no mask, no state. It is a tensor of its own, for NULL means
   something else: that what should have made the operand has failed. NULL passes silently through
   every function (its cause has been reported); DL_NONE where an operand is needed is an error
   (reported if another operand tells the context). */
#define DL_NONE (dl_none())
DL_DEF dl_tensor *dl_none(void);

/* How a parameter starts. Made by the functions below, used by dl_param and the layers. */
typedef enum dl_init_kind {
    DL_INIT_CONSTANT, DL_INIT_UNIFORM, DL_INIT_NORMAL, DL_INIT_GLOROT_UNIFORM,
    DL_INIT_GLOROT_NORMAL, DL_INIT_HE_UNIFORM, DL_INIT_HE_NORMAL, DL_INIT_ORTHOGONAL
} dl_init_kind;
typedef struct dl_init { dl_init_kind kind; double a, b; } dl_init;

/* All elements 0, or all c. */
DL_DEF dl_init dl_init_zeros(void);
DL_DEF dl_init dl_init_constant(double c);
/* Uniform in [lo, hi); normal with the given mean and standard deviation. */
DL_DEF dl_init dl_init_uniform(double lo, double hi);
DL_DEF dl_init dl_init_normal(double mean, double std);
/* Glorot: U(-r, r), r = sqrt(6 / (fan_in + fan_out)), or N(0, 2 / (fan_in + fan_out)).
   Keras' default for kernels (Glorot, Bengio, AISTATS 2010). Of a weight [out,in,k...]:
   fan_in = in k..., fan_out = out k... */
DL_DEF dl_init dl_init_glorot_uniform(void);
DL_DEF dl_init dl_init_glorot_normal(void);
/* He: U(-r, r), r = sqrt(6 / fan_in), or N(0, 2 / fan_in); for ReLU (He et al., ICCV 2015). The
   weight of a transposed convolution is [in,out,k...]; its layer takes in k... for fan_in all the
   same, for that is what it adds up (Keras and PyTorch take out k...). */
DL_DEF dl_init dl_init_he_uniform(void);
DL_DEF dl_init dl_init_he_normal(void);
/* U(-r, r), r = 1 / sqrt(fan_in): what PyTorch's nn.Linear gives both its weight and its bias. */
DL_DEF dl_init dl_init_torch(dl_int fan_in);
/* gain times a matrix with orthonormal rows or columns (Saxe et al., ICLR 2014); rank >= 2, the
   dimensions after the first count as one. */
DL_DEF dl_init dl_init_orthogonal(double gain);

/* Fill t anew by init, with numbers from the context's stream. False for an init that no function
   above has made, or one that does not fit t's shape. */
DL_DEF bool dl_initialize(dl_tensor *t, dl_init init);

/* A parameter: a persistent tensor that requires a gradient (grad is there from the start, all
   zeros). NULL without memory. Free with dl_tensor_free or dl_free. */
DL_DEF dl_tensor *dl_param(dl_ctx *dl, dl_shape shape, dl_init init);
/* The same with a copy of the numbers at data (row-major) to start from: weights from elsewhere. */
DL_DEF dl_tensor *dl_param_from(dl_ctx *dl, dl_shape shape, const dl_real *data);

/* A persistent tensor of zeros without gradient: the state of a recurrent net, a running mean.
   Change it with dl_assign. Free as above. */
DL_DEF dl_tensor *dl_state(dl_ctx *dl, dl_shape shape);

/* Free a persistent tensor; NULL is allowed, a tape tensor is an error. Not while an optimizer or
   what is on the tape still uses it, and not one of a model's, which frees its own. */
DL_DEF void dl_tensor_free(dl_tensor *t);

/* Name a tensor, for messages and dl_save: a copy, at most DL_NAME_MAX - 1 bytes. False when it is
   longer. */
DL_DEF bool dl_set_name(dl_tensor *t, const char *name);

/* Tensors on the tape, without gradient: zeros, all ones, all c, uniform in [0,1), standard
   normal. NULL on failure; gone after dl_tape_clear. */
DL_DEF dl_tensor *dl_zeros(dl_ctx *dl, dl_shape shape);
DL_DEF dl_tensor *dl_ones(dl_ctx *dl, dl_shape shape);
DL_DEF dl_tensor *dl_full(dl_ctx *dl, dl_shape shape, double c);
DL_DEF dl_tensor *dl_rand(dl_ctx *dl, dl_shape shape);
DL_DEF dl_tensor *dl_randn(dl_ctx *dl, dl_shape shape);

/* A tape tensor with a copy of the size elements at data; and one that borrows the caller's
   array, which must outlive the tape and stay unchanged until then. */
DL_DEF dl_tensor *dl_from(dl_ctx *dl, dl_shape shape, const dl_real *data);
DL_DEF dl_tensor *dl_borrow(dl_ctx *dl, dl_shape shape, dl_real *data);

/* One row of zeros with a 1 at the label each: [N,classes] from label[N], every label in
   0 .. classes-1.   @F S4-5: to_categorical */
DL_DEF dl_tensor *dl_one_hot(dl_ctx *dl, const int32_t *label, dl_int N, dl_int classes);

/* The one element of a tensor of size 1; NaN of NULL or (an error) of any other size. */
DL_DEF double dl_item(const dl_tensor *t);

/* Set t's elements: all c; or from t->size elements at data. False on failure. */
DL_DEF bool dl_fill(dl_tensor *t, double c);
DL_DEF bool dl_copy_in(dl_tensor *t, const dl_real *data);

/* state = value, element by element (same size); allocates nothing. state must be persistent. */
DL_DEF bool dl_assign(dl_tensor *state, const dl_tensor *value);

/* A persistent copy of t without gradient that outlives the tape: how to take a result home. */
DL_DEF dl_tensor *dl_keep(const dl_tensor *t);

/* The same numbers with no way back: gradients stop here. Shares t's data. */
DL_DEF dl_tensor *dl_detach(dl_tensor *t);

/* Ask for (or stop) the gradient of a leaf: of an input, say, to see what the net looks at. */
DL_DEF bool dl_set_requires_grad(dl_tensor *t, bool on);

/* Freeze n parameters: operations recorded from now on send them no gradient, but send it
   through to what is below (a GAN's other half). Unfreeze undoes it. False, and nothing changed, if
   one of them is NULL, the result of an operation, or (unfreeze) without gradient. */
DL_DEF bool dl_freeze(dl_tensor *const *params, int n);
DL_DEF bool dl_unfreeze(dl_tensor *const *params, int n);

/* -------------------------------------------------------------------------------- >>tape ----
   While a formula is computed, each operation writes down what it has read and made. That list is
   the tape. dl_backward reads it from its end to its beginning and applies the chain rule to one
   operation after the other: by the time it gets to one, the gradient of its result is complete,
   for all that have used the result stand behind it. A step of training is
       forward (record) - dl_backward - dl_optimizer_step - dl_optimizer_zero_grad - dl_tape_clear.
   */

/* Forget all operations and tape tensors; the memory is used again. Call it once a step, after
   dl_optimizer_step. A tape tensor used after this is an error (DL_ERR_STALE), which is noticed
   at least until the next dl_tape_clear. */
DL_DEF void dl_tape_clear(dl_ctx *dl);

/* Release what was recorded after a mark; marks nest like brackets. Tensors of that part must not
   be used any more: new ones take their places. False, and nothing released, when the mark is from
   before a dl_tape_clear or inside one that was released. */
typedef struct dl_mark {
    uint64_t generation, serial;
    dl_int   tensors, chunk, used;
    struct dli_node *node;
    dl_tensor *reached;
} dl_mark;
DL_DEF dl_mark dl_tape_mark(dl_ctx *dl);
DL_DEF bool dl_tape_release(dl_ctx *dl, dl_mark mark);

/* The most bytes the tape may take (default 4 GiB, 1 GiB on 32-bit machines; not less than it has
   already), that number, and how many it has taken from the system. */
DL_DEF void dl_set_tape_limit(dl_ctx *dl, size_t bytes);
DL_DEF size_t dl_tape_limit(const dl_ctx *dl);
DL_DEF size_t dl_tape_bytes(const dl_ctx *dl);

/* Compute dL/dt for every tensor t that the scalar loss depends on and that requires a gradient:
   the chain rule, from the last operation to the first. Each operation sends its gradient to its
   inputs once all of its own has come in:  delta^l = (W^{l+1})^T delta^{l+1} * f'(z^l).
   @F S0-4.2 S1-3.2 S2-3 S3-3.2 S4-3
   False (and no gradient touched): loss is not a scalar, needs no gradient, was already gone back
   through (add losses that share a graph first), or a tensor of the graph changed since it was
   used. False, with gradients half done: an operation failed on the way (no memory, or a custom
   one). */
DL_DEF bool dl_backward(dl_tensor *loss);
/* The same from any tensor y with a given dy = dL/dy, y->size elements. */
DL_DEF bool dl_backward_from(dl_tensor *y, const dl_real *dy);

/* Record nothing (true) or record again (false): for evaluation. Returns what it was before, which
   dl_no_grad tells without changing it. */
DL_DEF bool dl_set_no_grad(dl_ctx *dl, bool on);
DL_DEF bool dl_no_grad(const dl_ctx *dl);

/* Training mode (true at the start of a context: dropout drops) or evaluation mode (false).
   Returns what it was before, which dl_training tells without changing it. */
DL_DEF bool dl_set_training(dl_ctx *dl, bool on);
DL_DEF bool dl_training(const dl_ctx *dl);

/* An operation of your own. forward fills out->data from in[0..n-1]->data; backward adds to
   in[k]->grad (where it is not NULL) from out->grad. Either returns false after dl_fail to stop.
   They get user: a copy of user_bytes bytes at it, that lives as long as the operation; with
   user_bytes 0 the pointer itself, which then must stay valid as long. */
typedef bool (*dl_op_fn)(dl_tensor *out, dl_tensor *const *in, int n, void *user);
DL_DEF dl_tensor *dl_op_custom(dl_ctx *dl, const char *name, dl_shape shape,
                               dl_tensor *const *in, int n, dl_op_fn forward, dl_op_fn backward,
                               const void *user, size_t user_bytes);

/* --------------------------------------------------------------------------------- >>ops ----
   What formulas are made of: arithmetic, activations, matrix products, changes of shape, sums,
   images, sequences. The formulas stand at the kernels of the same names, in floor 1; here is what
   shapes they take. Every function returns a new tape tensor, or NULL on failure (NULL in, a stale
   tensor, shapes that do not fit, no memory), and records itself so that dl_backward can go
   back. So a formula is written as it is read, and checked once, at its end:

       dl_tensor *h = dl_tanh(dl_linear(x, w1, b1));           x [N,D], w1 [H,D], b1 [H]: h [N,H]
       dl_tensor *e = dl_sub(dl_linear(h, w2, DL_NONE), t);    w2 [1,H], t [N,1]
       dl_tensor *loss = dl_mean(dl_mul(e, e));                the mean squared error, a scalar
       if (!dl_backward(loss)) puts(dl_error_text(dl));        w1->grad and the others are there

   Read on in any order: each part (images and sequences among them) needs only what is here. How
   an operation is made stands at the beginning of >>ops-impl, and dl_softmax is the shortest whole
   one; one of your own is made with dl_op_custom. */

/* a op b with NumPy's broadcasting: shapes are aligned at the right, a dimension of 1 (or a
   missing one) is repeated. Formulas at dlk_add_forward and its neighbours. */
DL_DEF dl_tensor *dl_add(dl_tensor *a, dl_tensor *b);
DL_DEF dl_tensor *dl_sub(dl_tensor *a, dl_tensor *b);
DL_DEF dl_tensor *dl_mul(dl_tensor *a, dl_tensor *b);
DL_DEF dl_tensor *dl_div(dl_tensor *a, dl_tensor *b);
DL_DEF dl_tensor *dl_maximum(dl_tensor *a, dl_tensor *b);
DL_DEF dl_tensor *dl_minimum(dl_tensor *a, dl_tensor *b);

/* x + c, x - c, x * c, x / c, c - x, c / x for a number c. */
DL_DEF dl_tensor *dl_add_scalar(dl_tensor *x, double c);
DL_DEF dl_tensor *dl_sub_scalar(dl_tensor *x, double c);
DL_DEF dl_tensor *dl_mul_scalar(dl_tensor *x, double c);
DL_DEF dl_tensor *dl_div_scalar(dl_tensor *x, double c);
DL_DEF dl_tensor *dl_scalar_sub(double c, dl_tensor *x);
DL_DEF dl_tensor *dl_scalar_div(double c, dl_tensor *x);

/* Elementwise functions; formulas in the list DLK_UNARY. */
DL_DEF dl_tensor *dl_neg(dl_tensor *x);
DL_DEF dl_tensor *dl_exp(dl_tensor *x);
DL_DEF dl_tensor *dl_log(dl_tensor *x);
DL_DEF dl_tensor *dl_sqrt(dl_tensor *x);
DL_DEF dl_tensor *dl_square(dl_tensor *x);
DL_DEF dl_tensor *dl_pow(dl_tensor *x, double p);
DL_DEF dl_tensor *dl_abs(dl_tensor *x);
DL_DEF dl_tensor *dl_clamp(dl_tensor *x, double lo, double hi);

/* Activations; formulas in the list DLK_UNARY. PyTorch's defaults: slope 0.01, alpha 1. */
DL_DEF dl_tensor *dl_sigmoid(dl_tensor *x);
DL_DEF dl_tensor *dl_tanh(dl_tensor *x);
DL_DEF dl_tensor *dl_relu(dl_tensor *x);
DL_DEF dl_tensor *dl_leaky_relu(dl_tensor *x, double slope);
DL_DEF dl_tensor *dl_elu(dl_tensor *x, double alpha);
DL_DEF dl_tensor *dl_gelu(dl_tensor *x);
DL_DEF dl_tensor *dl_gelu_tanh(dl_tensor *x);
DL_DEF dl_tensor *dl_silu(dl_tensor *x);
DL_DEF dl_tensor *dl_softplus(dl_tensor *x);

/* Softmax and its logarithm over the last axis. */
DL_DEF dl_tensor *dl_softmax(dl_tensor *x);
DL_DEF dl_tensor *dl_log_softmax(dl_tensor *x);

/* Dropout with probability p in training mode; x itself in evaluation mode or with p = 0. */
DL_DEF dl_tensor *dl_dropout(dl_tensor *x, double p);

/* y = x w^T + b: x [...,D], w [M,D], b [M] or DL_NONE; y [...,M].   @F S0-4.1 S3-3.1 S4-4 */
DL_DEF dl_tensor *dl_linear(dl_tensor *x, dl_tensor *w, dl_tensor *b);

/* The matrix product [N,K] x [K,M]; with further dimensions in front, one product for each
   (they must be equal, or one of the two has none). */
DL_DEF dl_tensor *dl_matmul(dl_tensor *a, dl_tensor *b);

/* The same elements in another shape; one dimension may be -1 (worked out). Shares data and
   gradient. dl_flatten keeps the first dimension: [N,...] becomes [N,D].   @F S1-4 S2-5 */
DL_DEF dl_tensor *dl_reshape(dl_tensor *x, dl_shape shape);
DL_DEF dl_tensor *dl_flatten(dl_tensor *x);

/* Swap two axes; or all of them: axis i of the result is axis order[i] of x. Copies. */
DL_DEF dl_tensor *dl_transpose(dl_tensor *x, int axis1, int axis2);
DL_DEF dl_tensor *dl_permute(dl_tensor *x, const int *order);

/* Elements start .. stop-1 of one axis; negative ones count from its end, and a stop of DL_END is
   the end. Copies. */
#define DL_END PTRDIFF_MAX
DL_DEF dl_tensor *dl_slice(dl_tensor *x, int axis, dl_int start, dl_int stop);

/* Join n tensors along an existing axis, or along a new one. */
DL_DEF dl_tensor *dl_concat(dl_tensor *const *x, int n, int axis);
DL_DEF dl_tensor *dl_stack(dl_tensor *const *x, int n, int axis);

/* Rows index[0..n-1] of x [R,...]: [n,...]. The indexes are copied; each in 0 .. R-1. */
DL_DEF dl_tensor *dl_gather_rows(dl_tensor *x, const int32_t *index, dl_int n);

/* Sum, mean, maximum, minimum of all elements (a scalar), or along one axis, which is dropped or,
   with keep, left with length 1. The gradient of a maximum or minimum goes to the first element
   that has it; the first NaN is both. */
DL_DEF dl_tensor *dl_sum(dl_tensor *x);
DL_DEF dl_tensor *dl_mean(dl_tensor *x);
DL_DEF dl_tensor *dl_max(dl_tensor *x);
DL_DEF dl_tensor *dl_min(dl_tensor *x);
DL_DEF dl_tensor *dl_sum_axis(dl_tensor *x, int axis, bool keep);
DL_DEF dl_tensor *dl_mean_axis(dl_tensor *x, int axis, bool keep);
DL_DEF dl_tensor *dl_max_axis(dl_tensor *x, int axis, bool keep);
DL_DEF dl_tensor *dl_min_axis(dl_tensor *x, int axis, bool keep);

/* The index of the first maximum along an axis into out (as many as x without that axis), or of
   the whole tensor: -1 on failure. NaN counts as a maximum. */
DL_DEF bool dl_argmax_axis(int32_t *out, const dl_tensor *x, int axis);
DL_DEF dl_int dl_argmax(const dl_tensor *x);

#ifndef DL_NO_IMAGES
/* ---- images: convolution, pooling, normalization ----
   Formulas at the kernels of the same name. Of two numbers the first is for height, the second
   for width. */

/* Options of a convolution; dl_conv_default fills in PyTorch's: 1, no padding, 1, 1, 0. */
typedef struct dl_conv {
    int  stride[2];           /* how far the kernel moves, 1 or more                            */
    int  before[2];           /* rows of zeros above, columns of zeros on the left              */
    int  after[2];            /* below, on the right                                            */
    bool same;                /* as Keras means it: an output of ceil(input / stride), and as   */
                              /* many zeros as that takes, an odd one after; before and after   */
                              /* stay 0. false: as they say; all 0 is Keras' "valid"            */
    int  dilation[2];         /* distance of the kernel's rows and columns in x; 1: dense       */
    int  groups;              /* channels fall in so many groups that don't see each other      */
    int  output_padding[2];   /* transposed only: rows and columns added after, below stride    */
} dl_conv;
DL_DEF dl_conv dl_conv_default(void);

/* Convolution (cross-correlation): x [N,C,H,W], w [M,C/groups,KH,KW], b [M] or DL_NONE;
   y [N,M,OH,OW], OH = floor((H + before + after - (KH-1) dilation - 1) / stride) + 1. options NULL:
   the defaults. @F S1-3.3 */
DL_DEF dl_tensor *dl_conv2d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                            const dl_conv *options);
/* The same along one axis: x [N,C,L], w [M,C/groups,K], y [N,M,OL]; of two numbers in the options
   the second stays as it is by default. */
DL_DEF dl_tensor *dl_conv1d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                            const dl_conv *options);
/* Transposed: x [N,C,H,W], w [C,M/groups,KH,KW], b [M] or DL_NONE; y [N,M,OH,OW], OH = (H-1) stride
   - before - after + (KH-1) dilation + 1 + output_padding; with same, H stride. */
DL_DEF dl_tensor *dl_conv_transpose2d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                                      const dl_conv *options);

/* Every pixel fh times below itself and fw times beside: [N,C,H,W] becomes [N,C,H fh,W fw]. */
DL_DEF dl_tensor *dl_upsample_nearest2d(dl_tensor *x, int fh, int fw);

/* Options of a pooling; dl_pool_default(k): a window of k x k that moves by k, no padding, and
   count_padding true. NULL in their place: dl_pool_default(2). Padding must be smaller than the
   window. */
typedef struct dl_pool {
    int  kernel[2], stride[2];
    int  before[2], after[2];
    bool same;                /* as for convolutions                                            */
    bool count_padding;       /* the average divides by the whole window (PyTorch's             */
                              /* count_include_pad); false: by its part in the image (Keras);   */
                              /* a maximum has no use for it: there it stays true               */
} dl_pool;
DL_DEF dl_pool dl_pool_default(int kernel);

/* Maximum or average of each window: x [N,C,H,W], y [N,C,OH,OW], OH = floor((H + before + after -
   kernel) / stride) + 1. Padding is never a maximum; the gradient goes to the first of equal
   maxima.   @F S1-3.4 */
DL_DEF dl_tensor *dl_max_pool2d(dl_tensor *x, const dl_pool *options);
DL_DEF dl_tensor *dl_avg_pool2d(dl_tensor *x, const dl_pool *options);
/* The mean of each channel: [N,C,H,W] becomes [N,C]. */
DL_DEF dl_tensor *dl_global_avg_pool2d(dl_tensor *x);
#endif

/* Batch normalization of x [N,C] or [N,C,...]: each channel by its mean and variance over all else.
   In training mode those of the batch, which also move the running ones (states [C], the mean
   starting at 0, the variance at 1) unless under dl_set_no_grad: run += momentum (batch - run), the
   variance made unbiased; PyTorch's default momentum is .1, eps 1e-5 (Keras' momentum .99 is our
   .01; its eps 1e-3). In evaluation mode the running ones. weight and bias [C] and the running
   pair may be DL_NONE: then 1, 0, and the batch's in both modes. With a single value a channel
   y = bias, and the running ones stay. */
DL_DEF dl_tensor *dl_batch_norm(dl_tensor *x, dl_tensor *weight, dl_tensor *bias,
                                dl_tensor *running_mean, dl_tensor *running_var, double momentum,
                                double eps);
/* Layer normalization over the last `axes` axes of x, each sample by itself; weight and bias have
   the shape of these axes, or are DL_NONE. PyTorch's default eps is 1e-5, Keras' 1e-3. */
DL_DEF dl_tensor *dl_layer_norm(dl_tensor *x, int axes, dl_tensor *weight, dl_tensor *bias,
                                double eps);
/* Group normalization of x [N,C,...]: C/groups channels of a sample together; groups divides C.
   weight and bias [C] or DL_NONE. eps as above. */
DL_DEF dl_tensor *dl_group_norm(dl_tensor *x, int groups, dl_tensor *weight, dl_tensor *bias,
                                double eps);

/* ---- sequences: recurrent nets, embedding, attention ----
   A batch of sequences is [N,T,D]: N samples of T steps of D numbers. Samples that are shorter are
   filled up at their end, and lengths says where each ends; what stands behind has no influence,
   were it NaN. There are three ways through a sequence:
     dl_rnn, dl_lstm, dl_gru   step after step, with a state [N,H] that remembers: whole layers at
                               once (quick), or step by step in a loop of your own (the _cell ones)
     dl_attention              every step looks at all others, and weighs them by how well its
                               query fits their keys; dl_multihead_attention maps and splits first
     dl_transformer_encoder, _decoder   attention and a small dense net in turns, made of the
                               operations above: read their bodies as recipes
   Words come in by dl_embedding; attention, which does not see order, learns it from
   dl_positional_encoding. */

/* The kinds of recurrent net; formulas at dlk_rnn_gates_forward, dlk_lstm_..., dlk_gru_... */
typedef enum dl_recurrent_kind { DL_RNN_TANH, DL_RNN_RELU, DL_LSTM, DL_GRU } dl_recurrent_kind;
#ifndef DL_NO_SEQUENCES

/* Options of recurrent nets; dl_recurrent_default fills in: 1 layer, one direction, no dropout,
   all samples of full length. NULL in the place of options means these. */
typedef struct dl_recurrent {
    int            layers;         /* 1 or more, each fed with all outputs of the one below     */
    bool           bidirectional;  /* a second net reads backwards; K = 2 directions, else 1    */
    double         dropout;        /* between layers, in training mode; 0 .. below 1, and 0 of a
                                      single layer                                              */
    const int32_t *lengths;        /* N numbers 1 .. T, copied to the tape; NULL: all T         */
} dl_recurrent;
DL_DEF dl_recurrent dl_recurrent_default(void);

/* What a recurrent net gives: tape tensors. All are NULL on failure. */
typedef struct dl_sequence {
    dl_tensor *y;   /* [N,T,K*H] the top layer's state after every step, 0 behind a sample's end;
                       with two directions, the forward one's H numbers first                   */
    dl_tensor *h;   /* [layers*K,N,H] the last state of every layer and direction: at each sample's
                       last step (its first, of the direction that reads backwards)             */
    dl_tensor *c;   /* the same of the LSTM's memory; of the other kinds NULL                   */
} dl_sequence;

/* Run x [N,T,D] through a recurrent net. w: 4 tensors a layer and direction, in PyTorch's order:
   w_ih [G*H,in], w_hh [G*H,H], b_ih [G*H], b_hh [G*H] (biases may be DL_NONE) of layer 0, of
   layer 0 reversed if bidirectional, of layer 1 ...; in is D in layer 0 and K*H above. h0, c0:
   states [layers*K,N,H] to start from, or DL_NONE for zeros. Gradients flow to x, w, h0, c0. A
   PyTorch state_dict's tensors can be copied in as they are.   @F S1-3.5 S1-2.3
   To feed a long text in chunks (truncated backpropagation through time) keep the state:
       h = dl_state(dl, dl_shape3(1, N, H));  ...
       r = dl_gru(x, w, h, NULL);  loss = ...;  dl_backward(loss);  dl_optimizer_step(opt);
       dl_assign(h, r.h);  dl_tape_clear(dl);
   Without dl_optimizer_step in between, dl_detach(r.h) is a state whose gradient stops there. */
DL_DEF dl_sequence dl_rnn(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                          const dl_recurrent *options);
DL_DEF dl_sequence dl_rnn_relu(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                               const dl_recurrent *options);
DL_DEF dl_sequence dl_lstm(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0, dl_tensor *c0,
                           const dl_recurrent *options);
DL_DEF dl_sequence dl_gru(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                          const dl_recurrent *options);

/* How many tensors w has: 4 * layers * K; and make them, as PyTorch does: all uniform in
   [-1/sqrt(H), 1/sqrt(H)). They are parameters, to be freed like those. False on failure, with
   nothing made. */
DL_DEF int dl_recurrent_param_count(const dl_recurrent *options);
DL_DEF bool dl_recurrent_init(dl_ctx *dl, dl_tensor **w, dl_recurrent_kind kind, dl_int D,
                              dl_int H, const dl_recurrent *options);

/* A single step: x [N,D] and the state h [N,H] (and c) before it, or DL_NONE for zeros, to the
   state after it, [N,H]; w: one layer's 4 tensors, as above. Unrolling a net by hand is a loop over
   these. Of dl_lstm_cell's result y and h are the same tensor.   @F S1-3.5 */
DL_DEF dl_tensor *dl_rnn_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h);
DL_DEF dl_tensor *dl_rnn_relu_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h);
DL_DEF dl_sequence dl_lstm_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h, dl_tensor *c);
DL_DEF dl_tensor *dl_gru_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h);

/* Rows of w [V,E] by index: the result has shape [index's shape..., E]. Indexes in 0 .. V-1,
   copied to the tape. The row `padding` gets no gradient; -1: there is none. */
DL_DEF dl_tensor *dl_embedding(dl_tensor *w, const int32_t *index, dl_shape shape, dl_int padding);

/* The sinusoidal positions [T,E] of dlk_positional_encoding, to be added to x [N,T,E]. (Learned
   positions are a parameter [T,E].) */
DL_DEF dl_tensor *dl_positional_encoding(dl_ctx *dl, dl_int T, dl_int E);

/* Scaled dot-product attention softmax(q k^T / sqrt(D) + mask) v: q [N,...,R,D], k [N,...,S,D],
   v [N,...,S,M], with the same dimensions in front (heads, say); y [N,...,R,M].
   mask: DL_NONE, or numbers that are added to the scores, -INFINITY where a query must not look
   (what stands there has no part in y or gradients, NaN included):
   [R,S], or [N,R,S], or with all dimensions in front. It gets no gradient.
   lengths: NULL, or how many keys each of the N samples has, 0 .. S; what is behind them is not
   even read. causal: query i sees keys 0 .. i only. A query that sees nothing gives 0. */
DL_DEF dl_tensor *dl_attention(dl_tensor *q, dl_tensor *k, dl_tensor *v, dl_tensor *mask,
                               const int32_t *lengths, bool causal);

/* Multi-head attention: q [N,R,E], k and v [N,S,E] (self-attention: all three x) are mapped by a
   linear layer each, split into heads of E/heads numbers, attended to, joined and mapped by a
   last layer: y [N,R,E]. w as in PyTorch: in_proj_weight [3E,E] (q, k, v above one another),
   in_proj_bias [3E], out_proj.weight [E,E], out_proj.bias [E]; biases may be DL_NONE. mask,
   lengths, causal as above, the same for all heads. */
DL_DEF dl_tensor *dl_multihead_attention(dl_tensor *q, dl_tensor *k, dl_tensor *v,
                                         dl_tensor *const *w, int heads, dl_tensor *mask,
                                         const int32_t *lengths, bool causal);

/* Options of a transformer's blocks; dl_transformer_default fills in PyTorch's. */
typedef struct dl_transformer {
    int    heads;        /* 8                                                                 */
    bool   norm_first;   /* false: x = norm(x + f(x)); true: x = x + f(norm(x)), which trains
                            without warmup                                                    */
    bool   gelu;         /* false: ReLU between the two linear layers; true: GELU             */
    double dropout;      /* 0.1, in training mode, on f(x) and after the activation; PyTorch also
                            drops attention weights, which is not done here                   */
    double eps;          /* 1e-5, of the layer norms                                          */
    bool   causal;       /* false; a decoder's own positions, which dl_transformer_decoder
                            always hides                                                      */
    const int32_t *lengths;         /* NULL; or steps of each sample of x                     */
    const int32_t *memory_lengths;  /* NULL; or steps of each sample of memory (decoder only) */
} dl_transformer;
DL_DEF dl_transformer dl_transformer_default(void);

/* One encoder block on x [N,T,E]:  self-attention, then linear [F,E] - activation - linear [E,F],
   each with a residual connection and a layer norm. options NULL: the defaults.
   w: DL_ENCODER_PARAMS tensors, in the order of PyTorch's TransformerEncoderLayer.state_dict():
     self_attn.in_proj_weight [3E,E], .in_proj_bias [3E], .out_proj.weight [E,E], .out_proj.bias
     [E], linear1.weight [F,E], .bias [F], linear2.weight [E,F], .bias [E], norm1.weight [E],
     .bias [E], norm2.weight [E], .bias [E]
   With options.causal it is the block of GPT.   @F S4-1   (Vaswani et al., 2017) */
#define DL_ENCODER_PARAMS 12
DL_DEF dl_tensor *dl_transformer_encoder(dl_tensor *x, dl_tensor *const *w,
                                         const dl_transformer *options);

/* One decoder block: causal self-attention on x [N,R,E], then attention to memory [N,S,E], the
   encoder's output, then the two linear layers. w: DL_DECODER_PARAMS tensors, in the order of
   TransformerDecoderLayer.state_dict(): self_attn (4), multihead_attn (4), linear1 (2), linear2
   (2), norm1, norm2, norm3 (2 each). */
#define DL_DECODER_PARAMS 18
DL_DEF dl_tensor *dl_transformer_decoder(dl_tensor *x, dl_tensor *memory, dl_tensor *const *w,
                                         const dl_transformer *options);

/* Make the parameters of a block with E features and F in the middle, as PyTorch starts them:
   in_proj Glorot uniform, the linear layers U(-1/sqrt(in), 1/sqrt(in)), attention's biases 0,
   norms 1 and 0. False on failure, with nothing made. */
DL_DEF bool dl_transformer_encoder_init(dl_ctx *dl, dl_tensor **w, dl_int E, dl_int F);
DL_DEF bool dl_transformer_decoder_init(dl_ctx *dl, dl_tensor **w, dl_int E, dl_int F);
#endif

/* ---- end of sequences ---- */

/* ------------------------------------------------------------------------------ >>layers ----
   A layer is described by a dl_layer_type: a name, its options, and two functions. build looks at
   the shapes that come in, says what shape comes out and makes the parameters; forward is a
   formula of >>ops. A layer of your own is made as the library's are (all of them stand in
   >>layers-impl, the shortest first). One that lets each feature through as far as it opens a
   gate, y = x * sigmoid(W x):

       static bool gate_build(dl_layer *l)
       {
           const dl_int D = l->input[0].dim[0];
           return dl_layer_param(l, "weight", dl_shape2(D, D), dl_init_glorot_uniform()) != NULL;
       }
       static void gate_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
       {
           y[0] = dl_mul(x[0], dl_sigmoid(dl_linear(x[0], l->param[0], DL_NONE)));
       }
       static const dl_layer_type gate = { "Gate", "gate", 0, NULL, 1, gate_build, gate_forward,
                                           NULL };
       ...
       dl_model_add(m, &gate, NULL);

   Layers are added to a model in the order data flows through them; sizes of inputs are worked
   out. Each function below returns the layer (the model owns it) or NULL; a model that a layer
   could not be added to will not compile. Parameters are named "dense_1.weight", "dense_1.bias"
   and so on. */

/* Activations a layer can end with. X(constant, Keras' name, formula, lowest and highest value) */
#define DL_ACTIVATIONS(X)                                                                        \
    X(DL_LINEAR,     "linear",     x,                      -INFINITY, INFINITY)                  \
    X(DL_RELU,       "relu",       dl_relu(x),             0,         INFINITY)                  \
    X(DL_SIGMOID,    "sigmoid",    dl_sigmoid(x),          0,         1)                         \
    X(DL_TANH,       "tanh",       dl_tanh(x),             -1,        1)                         \
    X(DL_SOFTMAX,    "softmax",    dl_softmax(x),          0,         1)                         \
    X(DL_LEAKY_RELU, "leaky_relu", dl_leaky_relu(x, 0.01), -INFINITY, INFINITY)                  \
    X(DL_ELU,        "elu",        dl_elu(x, 1),           -1,        INFINITY)                  \
    X(DL_GELU,       "gelu",       dl_gelu(x),             -0.17,     INFINITY)                  \
    X(DL_SILU,       "silu",       dl_silu(x),             -0.2785,   INFINITY)                  \
    X(DL_SOFTPLUS,   "softplus",   dl_softplus(x),         0,         INFINITY)
#define DLI_ENUM(code, text, formula, low, high) code,
typedef enum dl_activation { DL_ACTIVATIONS(DLI_ENUM) DLI_ACTIVATION_COUNT } dl_activation;
#undef DLI_ENUM

/* f(x) by its constant, of x's shape, on the tape; x itself for DL_LINEAR (the leaky slope is
   PyTorch's 0.01, not Keras' 0.2). NULL when x is, and with a message for any other constant.
   @F S0-3.1 S2-4: y = f(W x + b) */
DL_DEF dl_tensor *dl_activate(dl_tensor *x, dl_activation f);
/* Keras' name of it, e.g. "relu"; "unknown" for any other constant. Static: not to be freed. */
DL_DEF const char *dl_activation_name(dl_activation f);

#ifndef DL_NO_MODEL
#ifndef DL_NO_IMAGES
/* Options of convolution layers; dl_conv_layer_default fills in Keras' defaults: stride 1, no
   padding, Glorot uniform with fan_in = k k C and fan_out = k k filters, bias 0. */
typedef struct dl_conv_layer {
    int             filters;       /* output channels                               */
    int             kernel[2];     /* height, width; of one dimension both alike    */
    dl_conv conv;          /* stride, same or other padding, dilation, groups */
    dl_activation   activation;
    dl_init         weight_init, bias_init;
    bool            bias;          /* false: no bias                                */
    double          l1, l2;        /* adds l1 sum|w| + l2 sum w^2 to the loss       */
} dl_conv_layer;
DL_DEF dl_conv_layer dl_conv_layer_default(int filters, int kernel, dl_activation activation);
#endif

/* Options of normalization layers; dl_norm_layer_default fills in Keras' defaults: momentum .01
   (1 - Keras' .99), eps 1e-3, weight 1 and bias 0 that are trained, the last axis. One difference
   stays: the running variance is unbiased, as in PyTorch. A layer refuses what it does not use. */
typedef struct dl_norm_layer {
    double momentum;               /* batch norm: of its running statistics         */
    double eps;
    bool   weight, bias;           /* false: 1 and 0, not trained                   */
    int    axes;                   /* layer norm: over so many last axes, 1         */
    int    groups;                 /* group norm: so many groups of channels, 1     */
} dl_norm_layer;
DL_DEF dl_norm_layer dl_norm_layer_default(void);

/* Options of a dense layer; dl_dense_default fills in Keras' defaults: Glorot uniform, bias 0. */
typedef struct dl_dense {
    int           units;
    dl_activation activation;
    dl_init       weight_init, bias_init;
    bool          bias;            /* false: no bias                                */
    double        l1, l2;          /* adds l1 sum|w| + l2 sum w^2 to the loss       */
} dl_dense;
DL_DEF dl_dense dl_dense_default(int units, dl_activation activation);

/* ---- descriptions: what a kind of layer is ---- */

/* One option of a layer, so that it can be checked, saved and read back without knowing more. */
typedef enum dl_field_kind {
    DL_FIELD_INT, DL_FIELD_BOOL, DL_FIELD_DOUBLE,
    DL_FIELD_ENUM,            /* an enum, saved as one of names                               */
    DL_FIELD_ACTIVATION,      /* a dl_activation, saved by its name                           */
    DL_FIELD_SHAPE,           /* a dl_shape                                                   */
    DL_FIELD_INIT             /* a dl_init                                                    */
} dl_field_kind;
typedef struct dl_field {
    const char   *name;
    dl_field_kind kind;
    int           count;      /* so many of them in a row: 2 for int kernel[2], else 1        */
    size_t        offset;     /* offsetof(options, member)                                    */
    const char *const *names; /* of DL_FIELD_ENUM: one for each value, then NULL; else NULL   */
} dl_field;

/* Written as a static const struct; it must outlive the models that have such a layer. build
   returns false after dl_fail; NULL: there is nothing to build. destroy frees what build put into
   l->own, also after a build that failed; NULL: nothing to do. Options are copied as bytes:
   whatever they point to must outlive the layer. */
typedef struct dl_layer_type {
    const char     *name;          /* "Dense": in summaries and files                */
    const char     *prefix;        /* "dense": its layers are dense_1, dense_2 ...   */
    size_t          options_size;  /* sizeof its options; 0: it has none             */
    const dl_field *fields;        /* its options, until one named NULL; or NULL     */
    int             inputs;        /* tensors it reads; 0: as many as come           */
    bool          (*build)(dl_layer *l);
    void          (*forward)(dl_layer *l, dl_tensor *const *x, dl_tensor **y);
    void          (*destroy)(dl_layer *l);
} dl_layer_type;

/* A layer, for reading: dl_model_layer(m, i) gives it. forward computes y[0 .. outputs-1] of
   shapes [N, output[k]...] from x[0 .. inputs-1]; the model applies the activation to each, or
   fuses it with the loss. In evaluation what forward has put on the tape, its results too, may be
   gone before the next layer but one runs: keep state with dl_layer_state and dl_assign. */
struct dl_layer {
    const dl_layer_type *type;
    const char   *name;                   /* "dense_1"                              */
    const void   *options;                /* its own copy                           */
    int           inputs, outputs;
    dl_shape     *input, *output;         /* of one sample each, without the batch  */
    dl_tensor   **param;                  /* its trainable tensors                  */
    dl_tensor   **state;                  /* its tensors that are not trained       */
    int           params, states;
    dl_activation activation;             /* linear, unless build sets another      */
    double        l1, l2;                 /* adds l1 sum|w| + l2 sum w^2 of param[0] to the loss;
                                             0 unless build sets them; may be changed */
    void         *own;                    /* the type's, for whatever else it needs */
    bool          frozen;                 /* see dl_layer_set_frozen                */
    bool          built;                  /* no more parameters, states, outputs    */
    dl_ctx       *ctx;
    dl_model     *model;
    dl_layer    **from;                   /* the layers whose outputs it reads, one after the
                                             other; NULL there: the model's first input */
    int           froms;
    dl_layer     *shared;                 /* whose weights it has (dl_model_reuse), or NULL */
    void        (*step)(dl_layer *l, dl_tensor *const *x, dl_tensor **y);
                                          /* for dl_model_step, set by build: forward for one step
                                             [N,1,...] of [N,T,...]. forward itself, when each step
                                             stands for itself; one that goes on from
                                             dl_layer_carry; or NULL: it needs all steps at once */
    /* private: */
    dl_tensor    *carry[2];               /* see dl_layer_carry                     */
    bool          timed;                  /* what it reads has steps                */
    int           index;                  /* dl_model_layer(model, index)           */
    int           place;                  /* of its outputs among all the model's   */
    int           readers, last;          /* layers that read it; the last of these */
    int           goal;                   /* the model's output of this number, or -1 */
};

/* Add a layer of any type, yours or the library's; options: what type->options_size says. It reads
   what the layer before it gives (or the one that dl_model_at names), all of its outputs. */
DL_DEF dl_layer *dl_model_add(dl_model *m, const dl_layer_type *type, const void *options);

/* ---- graphs: models that are more than a chain ----
   A new layer reads the one that was added before it. dl_model_at says otherwise: a residual block
   around two convolutions with padding (options same), x + conv(conv(x)), is

       dl_layer *x = dl_model_add_conv2d_with(m, &same);
       dl_model_add_conv2d_with(m, &same);
       dl_layer *y = dl_model_add_conv2d_with(m, &same);
       dl_model_add_add(m, x, y);
       dl_model_add_activation(m, DL_RELU);

   Layers can only read what is there already, so there are no cycles. NULL for a layer to read is
   the model's first input. Each function fails (false, NULL) for a layer of another model. */

/* What the next layer reads: all outputs of this one. */
DL_DEF bool dl_model_at(dl_model *m, dl_layer *layer);
/* Add a layer of any type that reads n layers, all their outputs in this order, wherever
   dl_model_at is. */
DL_DEF dl_layer *dl_model_add_from(dl_model *m, const dl_layer_type *type, const void *options,
                                   dl_layer *const *from, int n);
/* a + b, of equal shapes. */
DL_DEF dl_layer *dl_model_add_add(dl_model *m, dl_layer *a, dl_layer *b);
/* n layers' outputs side by side, along the first axis of a sample: the channels of [C,H,W]; or
   along another, counted without the batch (-1 is the last: the numbers of each step of [T,D]). All
   other axes are equal. */
DL_DEF dl_layer *dl_model_add_concat(dl_model *m, dl_layer *const *from, int n);
DL_DEF dl_layer *dl_model_add_concat_along(dl_model *m, dl_layer *const *from, int n, int axis);
/* Run a layer once more, with the same weights, on what the next layer would read (of the same
   shape). The result stands for this second run and is named "dense_1:2"; its weights are counted
   and saved once, and their gradients are added up. */
DL_DEF dl_layer *dl_model_reuse(dl_model *m, dl_layer *layer);
/* A further input of the model, samples of this shape; the next layer reads it. The inputs are
   numbered as they are added; the first is that of dl_model_new. */
DL_DEF dl_layer *dl_model_add_input(dl_model *m, dl_shape shape);
/* What the model gives: the (first) outputs of n layers. Without it, or with n 0, that of the layer
   that was added last. */
DL_DEF bool dl_model_outputs(dl_model *m, dl_layer *const *list, int n);
/* How many inputs and outputs it has. */
DL_DEF int dl_model_input_count(const dl_model *m);
DL_DEF int dl_model_output_count(const dl_model *m);

/* For build, and refused afterwards: a trainable tensor, named after the layer ("dense_1.weight"),
   behind those that are there in l->param; a state, all c at the start, saved and cloned but not
   trained, in l->state; and room for n outputs (there is 1, of the shape of input[0], until build
   changes it). NULL or false without memory or for a bad shape: return false then. */
DL_DEF dl_tensor *dl_layer_param(dl_layer *l, const char *name, dl_shape shape, dl_init init);
DL_DEF dl_tensor *dl_layer_state(dl_layer *l, const char *name, dl_shape shape, double c);
DL_DEF bool dl_layer_set_outputs(dl_layer *l, int n);

/* For step: what the layer carries from one step to the next, number k (0 or 1), of this shape;
   zeros before the first step. Change it with dl_assign. NULL without memory, or when a sequence
   has begun with another shape. */
DL_DEF dl_tensor *dl_layer_carry(dl_layer *l, int k, dl_shape shape);

/* Freeze a layer (or thaw it): its parameters are not trained, and it runs in evaluation mode: a
   batch normalization uses its running statistics and leaves them alone, as with Keras' trainable
   = false. (dl_freeze on its parameters stops the gradients only; the statistics go on moving, as
   in PyTorch.) False without a layer. */
DL_DEF bool dl_layer_set_frozen(dl_layer *l, bool on);
DL_DEF bool dl_layer_frozen(const dl_layer *l);

/* Make a type known by its name, for whoever reads names from a file; the library's own are known.
   False when another one has the name. The description must outlive dl. */
DL_DEF bool dl_register_layer(dl_ctx *dl, const dl_layer_type *type);
/* The type with this name, or NULL; with dl NULL only among the library's. */
DL_DEF const dl_layer_type *dl_find_layer(dl_ctx *dl, const char *name);

/* ---- the library's layers; a _with twin takes options, NULL: the defaults where there are ---- */

/* y = f(W x + b).   @F S0-4.1 S3-3.1 S4-4 */
DL_DEF dl_layer *dl_model_add_dense(dl_model *m, int units, dl_activation activation);
DL_DEF dl_layer *dl_model_add_dense_with(dl_model *m, const dl_dense *options);
/* [C,H,W] to [C*H*W].   @F S1-4 */
DL_DEF dl_layer *dl_model_add_flatten(dl_model *m);
/* An activation as a layer of its own. */
DL_DEF dl_layer *dl_model_add_activation(dl_model *m, dl_activation activation);
/* Dropout with probability p, in training only.   @F S1-4 */
DL_DEF dl_layer *dl_model_add_dropout(dl_model *m, double p);

#ifndef DL_NO_IMAGES
/* ---- layers for images; a sample is [C,H,W] (channels first; Keras has them last) ---- */

/* Convolution: filters kernels of kernel x kernel over all channels.   @F S1-3.3 S2-5 S4-5 */
DL_DEF dl_layer *dl_model_add_conv2d(dl_model *m, int filters, int kernel,
                                     dl_activation activation);
DL_DEF dl_layer *dl_model_add_conv2d_with(dl_model *m, const dl_conv_layer *options);
/* The same over sequences [C,L]. */
DL_DEF dl_layer *dl_model_add_conv1d(dl_model *m, int filters, int kernel,
                                     dl_activation activation);
DL_DEF dl_layer *dl_model_add_conv1d_with(dl_model *m, const dl_conv_layer *options);
/* Transposed convolution; the output is (H-1) stride + max(kernel, stride) high, as in Keras, or
   with same H stride. Other padding crops. */
DL_DEF dl_layer *dl_model_add_conv2d_transpose(dl_model *m, int filters, int kernel, int stride,
                                               dl_activation activation);
DL_DEF dl_layer *dl_model_add_conv2d_transpose_with(dl_model *m, const dl_conv_layer *options);
/* Every pixel factor x factor times. */
DL_DEF dl_layer *dl_model_add_upsampling2d(dl_model *m, int factor);
/* The maximum or average of each window of size x size, side by side. Padding never counts, as in
   Keras; with options, count_padding decides.   @F S1-3.4 S2-5 S4-5 */
DL_DEF dl_layer *dl_model_add_max_pooling2d(dl_model *m, int size);
DL_DEF dl_layer *dl_model_add_max_pooling2d_with(dl_model *m, const dl_pool *options);
DL_DEF dl_layer *dl_model_add_average_pooling2d(dl_model *m, int size);
DL_DEF dl_layer *dl_model_add_average_pooling2d_with(dl_model *m, const dl_pool *options);
/* The mean of each channel: [C,H,W] becomes [C]. */
DL_DEF dl_layer *dl_model_add_global_average_pooling2d(dl_model *m);
#endif
/* The same numbers in another shape of one sample; one dimension may be -1. */
DL_DEF dl_layer *dl_model_add_reshape(dl_model *m, dl_shape shape);
/* Batch normalization of channels [C,...]. "..._1.weight", "bias" (Keras: gamma, beta) are trained;
   "running_mean", "running_var" are states: saved and cloned with the model, not trained. */
DL_DEF dl_layer *dl_model_add_batch_normalization(dl_model *m);
DL_DEF dl_layer *dl_model_add_batch_normalization_with(dl_model *m, const dl_norm_layer *options);
/* Layer normalization, over the last axis (or more of them). */
DL_DEF dl_layer *dl_model_add_layer_normalization(dl_model *m);
DL_DEF dl_layer *dl_model_add_layer_normalization_with(dl_model *m, const dl_norm_layer *options);
/* Group normalization of channels [C,...]; groups divides C. */
DL_DEF dl_layer *dl_model_add_group_normalization(dl_model *m, int groups);
DL_DEF dl_layer *dl_model_add_group_normalization_with(dl_model *m, const dl_norm_layer *options);

#ifndef DL_NO_SEQUENCES
/* ---- sequences: samples are [T,D], T steps of D numbers ---- */

/* A recurrent layer with units numbers of state: the last step's state [units], or with
   return_sequences the states of all steps [T,units]. It starts from zeros. Weights are uniform in
   [-1/sqrt(units), 1/sqrt(units)) and named as PyTorch's ("lstm_1.weight_ih_l0"; Keras starts
   kernels with Glorot and orthogonal values and has no second bias). rnn is the simple one, with
   tanh.   @F S1-2.3 S1-3.5 */
DL_DEF dl_layer *dl_model_add_rnn(dl_model *m, int units, bool return_sequences);
DL_DEF dl_layer *dl_model_add_lstm(dl_model *m, int units, bool return_sequences);
DL_DEF dl_layer *dl_model_add_gru(dl_model *m, int units, bool return_sequences);
/* Two nets of this kind, one reading forwards and one backwards, their states side by side:
   [2*units] (each direction's last state) or [T,2*units]. */
DL_DEF dl_layer *dl_model_add_bidirectional(dl_model *m, dl_recurrent_kind kind, int units,
                                            bool return_sequences);
/* A vector of units numbers for each of the words 0 .. words-1; normal numbers at the start.
   Samples [T] of word numbers become [T,units]. A number out of range is an error. */
DL_DEF dl_layer *dl_model_add_embedding(dl_model *m, int words, int units);
/* Self-attention with so many heads, [T,E] to [T,E]; causal: no step sees a later one. Starts as
   PyTorch's MultiheadAttention. (A whole block: add residuals with dl_model_add_add.) */
DL_DEF dl_layer *dl_model_add_multihead_attention(dl_model *m, int heads, bool causal);
/* A dense layer for every step by itself: [T,D] to [T,units]. The same as dl_model_add_dense, which
   works on the last dimension whatever is in front of it. */
DL_DEF dl_layer *dl_model_add_time_distributed(dl_model *m, int units, dl_activation activation);
#endif

/* ---- end of sequences ---- */
#endif /* DL_NO_MODEL */

/* ------------------------------------------------------------------------------ >>losses ----
   A loss is one number for how wrong a prediction is; training looks for the weights that make it
   small. First the losses as functions of tensors, for formulas of your own; then the descriptions
   of losses that dl_model_compile takes (DL_MSE ...), which call these functions.

   Which one? Each is the negative log-likelihood of the targets t, but for constants, when they
   scatter about the prediction x in a certain way; so it is the likely data that choose the loss:

       numbers, Gaussian noise       -ln e^{-(x - t)^2 / 2 s^2}  ~  (x - t)^2      dl_mse
       numbers, with wild outliers   -ln e^{-|x - t| / s}        ~  |x - t|        dl_mae
       Gaussian nearby, wild far off                                               dl_huber
       yes or no                     -t ln p - (1 - t) ln(1 - p), p = sigmoid(x)   dl_bce
       one of C classes              -ln p_t,                     p = softmax(x)   dl_cross_entropy

   The last two take the scores x (logits) and make the probabilities themselves, for p is 0 in
   numbers long before its logarithm is infinite.   @F S2-4

   Each function returns a new scalar tensor on the tape: the mean over all elements (for the
   cross-entropies over rows, all axes but the last); the _sum twin gives the sum. NULL with a
   message when shapes differ, when the target requires a gradient (losses have none for it:
   dl_detach), or for a label out of its range. */

/* Mean squared error: the mean of (x - target)^2.  x, target: of one shape.   @F S2-4 */
DL_DEF dl_tensor *dl_mse(dl_tensor *x, dl_tensor *target);
DL_DEF dl_tensor *dl_mse_sum(dl_tensor *x, dl_tensor *target);
/* Mean absolute error: the mean of |x - target|.  x, target: of one shape. */
DL_DEF dl_tensor *dl_mae(dl_tensor *x, dl_tensor *target);
DL_DEF dl_tensor *dl_mae_sum(dl_tensor *x, dl_tensor *target);
/* Huber's: with d = |x - target|, d^2 / 2 up to d = delta (above 0), beyond it the tangent
   delta (d - delta / 2).  x, target: of one shape. */
DL_DEF dl_tensor *dl_huber(dl_tensor *x, dl_tensor *target, double delta);
DL_DEF dl_tensor *dl_huber_sum(dl_tensor *x, dl_tensor *target, double delta);
/* Binary cross-entropy, -t ln p - (1 - t) ln(1 - p) with p = sigmoid(logits).  logits, target: of
   one shape, targets in [0,1].   @F S2-4 */
DL_DEF dl_tensor *dl_bce(dl_tensor *logits, dl_tensor *target);
DL_DEF dl_tensor *dl_bce_sum(dl_tensor *logits, dl_tensor *target);
/* Cross-entropy, -ln softmax(logits)_label.  logits [...,C], labels: one class number 0 .. C-1 a
   row, copied to the tape.   @F S2-4 */
DL_DEF dl_tensor *dl_cross_entropy(dl_tensor *logits, const int32_t *labels);
DL_DEF dl_tensor *dl_cross_entropy_sum(dl_tensor *logits, const int32_t *labels);
/* The same against probabilities, -sum_c t_c ln softmax(logits)_c.  logits, target: [...,C], target
   one-hot or soft. */
DL_DEF dl_tensor *dl_soft_cross_entropy(dl_tensor *logits, dl_tensor *target);
DL_DEF dl_tensor *dl_soft_cross_entropy_sum(dl_tensor *logits, dl_tensor *target);

/* Cross-entropy with more to it, as PyTorch defines it. Row i with label y has the targets
   t[c] = smoothing / C, and 1 - smoothing more for c = y; each term is weighted by its class:
   l_i = -sum_c w[c] t[c] log softmax(x_i)_c. Rows whose label is ignore do not count. The result is
   the sum of l_i divided by the sum of w[y]; 0 when no row counts. */
typedef struct dl_entropy {
    const double *class_weight;   /* NULL: all 1; else [C], 0 or more; not copied             */
    double        smoothing;      /* 0 .. 1                                                   */
    int32_t       ignore;         /* -100; any number                                         */
} dl_entropy;
DL_DEF dl_entropy dl_entropy_default(void);
DL_DEF dl_tensor *dl_cross_entropy_with(dl_tensor *logits, const int32_t *labels,
                                        const dl_entropy *options);

#ifndef DL_NO_MODEL
/* ---- losses of a model ----
   A loss is described by a dl_loss: a function of what the model gives and what it should give,
   that returns one number, the mean over the batch. Those of the library are made of the functions
   above; one of your own is two lines and may stand wherever DL_MSE may:

       static dl_tensor *cubic(dl_tensor *z, dl_tensor *target, const void *user)
       {
           return dl_mean(dl_pow(dl_abs(dl_sub(z, target)), 3));
       }
       static const dl_loss my_loss = { "cubic", cubic, NULL, NULL, DL_LINEAR, NULL };
       ...
       dl_model_compile(m, &my_loss, dl_adam(.001));

   It must outlive the models compiled with it. It has of_targets, or of_labels, or both: of_targets
   gets z [N,...] and targets of the same shape, of_labels z [...,C] and N class numbers.
   logits: DL_SOFTMAX or DL_SIGMOID when z are to be scores (logits), of a last layer with this
   activation, which is then left out, or of a linear one, as they are; targets must lie in [0,1]
   then, and labels become one-hot rows (softmax) or the numbers 0 and 1 (sigmoid) for of_targets.
   DL_LINEAR: z is what the model predicts. user is handed to the functions.
   weighted is the same where samples weigh weight[N]: each sample's loss times its weight, the sum
   divided by N (Keras' sample_weight). It gets either the target or the labels, the other one is
   NULL. A loss without it is refused where samples weigh. */
typedef struct dl_loss {
    const char   *name;
    dl_tensor  *(*of_targets)(dl_tensor *z, dl_tensor *target, const void *user);
    dl_tensor  *(*of_labels)(dl_tensor *z, const int32_t *labels, const void *user);
    dl_tensor  *(*weighted)(dl_tensor *z, dl_tensor *target, const int32_t *labels,
                            dl_tensor *weight, const void *user);
    dl_activation logits;
    const void   *user;
} dl_loss;

/* The library's, with Keras' names. The cross-entropies are computed from logits. (So the softmax
   belongs into the last layer: dl_model_compile refuses one before, say, a dropout.)
   DL_CATEGORICAL_CROSSENTROPY compares with rows of probabilities, one-hot or soft: the data set's
   targets, or its labels, which are made one-hot (Keras leaves that to to_categorical). The sparse
   one takes labels only; for labels both give the same numbers. Huber has delta 1. */
#define DL_MSE                             dl_find_loss(NULL, "mean_squared_error")
#define DL_MAE                             dl_find_loss(NULL, "mean_absolute_error")
#define DL_HUBER                           dl_find_loss(NULL, "huber")
#define DL_BINARY_CROSSENTROPY             dl_find_loss(NULL, "binary_crossentropy")
#define DL_CATEGORICAL_CROSSENTROPY        dl_find_loss(NULL, "categorical_crossentropy")
#define DL_SPARSE_CATEGORICAL_CROSSENTROPY dl_find_loss(NULL, "sparse_categorical_crossentropy")

/* The sparse one with options (NULL: none), which must outlive the models compiled with it: fill a
   dl_loss in with it and compile with that. A data set may have one class more than the model has
   outputs, when that class is to be ignored. */
DL_DEF dl_loss dl_loss_entropy(const dl_entropy *options);

/* Make a loss known by its name, for whoever reads names from a file. False when another one has
   the name. */
DL_DEF bool dl_register_loss(dl_ctx *dl, const dl_loss *loss);
/* The loss with this name, or NULL; with dl NULL only among the library's. */
DL_DEF const dl_loss *dl_find_loss(dl_ctx *dl, const char *name);
#endif

/* -------------------------------------------------------------------------- >>optimizers ----
   An optimizer changes weights w so that the loss L falls. Those here are one family; each mends
   what the one before it leaves open.   @F S0-2.4 S1-4 S4-5: optimization algorithms

     SGD       w -= lr g              The gradient g = dL/dw points uphill: go the other way.
     momentum  v = mu v + g           In a narrow valley g points across more than along. A sum of
               w -= lr v              past gradients cancels the one and adds up the other.
     Nesterov  w -= lr (mu v + g)     The same, looking ahead to where v is about to lead.
     Adagrad   a += g^2               One lr is too large for some weights, too small for others:
               w -= lr g / sqrt(a)    divide each gradient by the size that it has had so far.
     RMSprop   a = r a + (1 - r) g^2  Adagrad's sum only grows, and its steps die out: a running
               w -= lr g / sqrt(a)    mean forgets.
     Adadelta  w -= lr d g / sqrt(a)  g / sqrt(a) has no unit, but w may have one: times d, the
                                      size of w's past steps.
     Adam      w -= lr m / sqrt(v)    Momentum (m) over RMSprop (v), two running means that are
                                      corrected for their start at 0.
     AdamW     w -= lr decay w        Weights that should stay small shrink by themselves. As a part
                                      of g that pull would be divided by sqrt(v), too.

   Each step of training is

       dl_optimizer_zero_grad(opt);  loss = ...;  dl_backward(loss);  dl_optimizer_step(opt);

   and dl_model_fit does just that. Gradients add up: k batches act as one k times as large if
   dl_backward runs for each, on its loss divided by k, while only the first of them zeroes and
   only the last one steps (dl_fit.accumulate). Read dlk_sgd_step to dlk_adam_step in >>kernels for
   the whole formulas, then from here on: the options (dl_optim), the functions that fill them in,
   the optimizer itself, learning-rate schedules, and last how to make a kind of your own. */

/* Which kind, and its numbers. Made by the functions below; change fields before use. An optimizer
   refuses, by name, a number that is out of range or that its kind does not use. */
typedef struct dl_optim_type dl_optim_type;
typedef struct dl_optim {
    const dl_optim_type *type; /* which kind                                                   */
    double lr;                 /* learning rate                                                */
    double momentum;           /* mu of momentum and Nesterov                                  */
    double rho;                /* decay of the mean square: RMSprop, Adadelta                  */
    double beta1, beta2;       /* Adam's decays                                                */
    double eps;                /* what keeps the divisor from 0; Adagrad to Adam               */
    double start;              /* what the states start at: Adagrad's sum                      */
    double own[4];             /* numbers of a kind of your own                                */
    /* For every kind. All of these but ema change grad, in this order: */
    double clip_norm;          /* INFINITY; scale all gradients to this common norm at most    */
    double clip_value;         /* INFINITY; then limit each element to [-clip_value, clip_value] */
    double l1, l2;             /* 0; then add the gradient of l1 sum |w| + l2 sum w^2          */
    double weight_decay;       /* PyTorch's kinds, but AdamW, add weight_decay w to the gradient;
                                  Keras' and both AdamW: w -= lr weight_decay w before the update */
    double ema;                /* 0; else keep averages of the weights: after each update
                                  average = ema average + (1 - ema) w, the first time w        */
} dl_optim;

/* Keras 3's defaults and formulas; lr is the learning rate (Keras' default in brackets).
   SGD [.01]; momentum, Nesterov (mu .9 usual); Adagrad [.001] start .1, eps 1e-7; Adadelta [.001]
   rho .95, eps 1e-7; RMSprop [.001] rho .9, eps 1e-7; Adam [.001] .9, .999, 1e-7; AdamW [.001]
   weight_decay .004. Adam's correction counts the optimizer's updates, the same for all its
   parameters: one that was frozen for long starts with steps of up to 3.2 lr. */
DL_DEF dl_optim dl_sgd(double lr);
DL_DEF dl_optim dl_momentum(double lr, double mu);
DL_DEF dl_optim dl_nesterov(double lr, double mu);
DL_DEF dl_optim dl_adagrad(double lr);
DL_DEF dl_optim dl_adadelta(double lr);
DL_DEF dl_optim dl_rmsprop(double lr);
DL_DEF dl_optim dl_adam(double lr);
DL_DEF dl_optim dl_adamw(double lr);

/* PyTorch 2's defaults and formulas: Adagrad [.01] start 0, eps 1e-10; Adadelta [1.0] rho .9,
   eps 1e-6; RMSprop [.01] rho (alpha) .99, eps 1e-8; Adam [.001] eps 1e-8; AdamW [.001]
   weight_decay .01. Adam's correction counts the updates of each parameter by itself. */
DL_DEF dl_optim dl_torch_sgd(double lr);
DL_DEF dl_optim dl_torch_momentum(double lr, double mu);
DL_DEF dl_optim dl_torch_nesterov(double lr, double mu);
DL_DEF dl_optim dl_torch_adagrad(double lr);
DL_DEF dl_optim dl_torch_adadelta(double lr);
DL_DEF dl_optim dl_torch_rmsprop(double lr);
DL_DEF dl_optim dl_torch_adam(double lr);
DL_DEF dl_optim dl_torch_adamw(double lr);

/* An optimizer for n parameters, which must outlive it; it owns its states and touches only these
   tensors. NULL when an option is out of range or not the kind's, a parameter is not one, or
   without memory. Free with dl_optimizer_free or dl_free. */
DL_DEF dl_optimizer *dl_optimizer_new(dl_ctx *dl, dl_optim desc, dl_tensor *const *params, int n);
DL_DEF void dl_optimizer_free(dl_optimizer *o);

/* Set the gradients of its parameters to zero. */
DL_DEF void dl_optimizer_zero_grad(dl_optimizer *o);

/* One update of all its parameters that are not frozen. False, and no weight or state changed, when
   a gradient is NaN or infinite, or when its kind squares gradients (Adagrad to AdamW) and one has
   a norm above 1e14 (1e149 in double), of which a sum of squares would overflow. */
DL_DEF bool dl_optimizer_step(dl_optimizer *o);

/* Its options as they are now, and the learning rate alone (NaN of NULL), which can be changed
   between steps. False, and the old one stays, when lr is negative or no number. */
DL_DEF dl_optim dl_optimizer_desc(const dl_optimizer *o);
DL_DEF double dl_optimizer_lr(const dl_optimizer *o);
DL_DEF bool dl_optimizer_set_lr(dl_optimizer *o, double lr);

/* Let n of its parameters have a learning rate of their own, lr_factor times the optimizer's, and
   a weight decay of their own (biases and norms often do without). False, and nothing changed,
   when one is not its parameter or a number is negative or none. */
DL_DEF bool dl_optimizer_set_group(dl_optimizer *o, dl_tensor *const *params, int n,
                                   double lr_factor, double weight_decay);
/* The options as they apply to one parameter; of a tensor that is not its own, lr is NaN. */
DL_DEF dl_optim dl_optimizer_group(const dl_optimizer *o, const dl_tensor *param);

/* With desc.ema: put the averages where the weights are, to evaluate or save them, and the weights
   back. In between there are no steps. False, and nothing changed, without averages. Running
   statistics (batch norm) are not weights and stay. What stands there now: true for averages. */
DL_DEF bool dl_optimizer_set_averaged(dl_optimizer *o, bool averaged);
DL_DEF bool dl_optimizer_averaged(const dl_optimizer *o);

/* Scale the gradients of n parameters so that their common norm is at most max_norm, as PyTorch's
   clip_grad_norm_; frozen ones do not count. Returns the norm that they had; where it is NaN or
   infinite they stay as they are. NaN also (with an error) for a max_norm that is not 0 or more. */
DL_DEF double dl_clip_grad_norm(dl_tensor *const *params, int n, double max_norm);

/* A learning-rate schedule: dl_schedule_factor(&s, i) is what to multiply the learning rate by in
   step i = 0, 1, ... which dl_model_fit counts in epochs or, if per_update is set, in updates:

       dl_optimizer_set_lr(opt, .001 * dl_schedule_factor(&s, i));

   Made by the functions below; set warmup, per_update afterwards. */
typedef struct dl_schedule {
    const char *name;
    /* i >= 0 counts from the end of the warm-up. */
    double (*factor)(const struct dl_schedule *s, int64_t i);
    /* NULL, or told the loss that is watched after each epoch, by dl_schedule_observe. */
    void (*observe)(struct dl_schedule *s, double loss);
    void  *user;       /* a function's of your own                                             */
    double gamma;      /* factor of step, exponential and plateau; what cosine ends at         */
    int    steps;      /* step: every so many; cosine: total; plateau: patience                */
    int    warmup;     /* 0; linear from 1/warmup to 1 in the first so many steps              */
    bool   per_update; /* false: dl_model_fit counts epochs; true: updates                     */
    double best, now;  /* plateau: the best loss it saw, its factor                            */
    int    wait;       /* plateau: losses since the best                                       */
} dl_schedule;
DL_DEF dl_schedule dl_schedule_constant(void);
/* gamma^floor(i / every) */
DL_DEF dl_schedule dl_schedule_step(int every, double gamma);
/* gamma^i */
DL_DEF dl_schedule dl_schedule_exponential(double gamma);
/* last + (1 - last) (1 + cos(pi i / total)) / 2, last after total steps */
DL_DEF dl_schedule dl_schedule_cosine(int total, double last);
/* times gamma whenever the loss told to dl_schedule_observe has not improved for patience calls */
DL_DEF dl_schedule dl_schedule_plateau(double gamma, int patience);
/* A function of your own: factor(s, i), which finds user in s->user. */
DL_DEF dl_schedule dl_schedule_of(double (*factor)(const dl_schedule *s, int64_t i), void *user);

/* The factor of a step; NaN, which dl_optimizer_set_lr refuses, when a number of the schedule makes
   no sense: gamma negative or NaN, steps below 1, warmup or step below 0. */
DL_DEF double dl_schedule_factor(const dl_schedule *s, int64_t step);
DL_DEF void dl_schedule_observe(dl_schedule *s, double loss);

/* ---- a kind of optimizer of your own ----
   Describe it in a dl_optim_type, as the library does its own; dl_optim_default(&type, lr) then
   goes wherever dl_adam(lr) would:

       static void sign_step(const dl_update *u)                         -- w -= lr sign(mean g)
       {
           dl_real *m = u->state[0];
           const double b = u->options->beta1;
           for (dl_int i = 0; i < u->n; i++) {
               m[i] = (dl_real)(b * m[i] + (1 - b) * u->g[i]);
               u->w[i] -= (dl_real)(u->options->lr * ((m[i] > 0) - (m[i] < 0)));
           }
       }
       static const dl_optim_type sign = { "sign", sign_step, 1, false, true, false,
                                           { DL_OPTION(beta1, 0.9, 0, 1) } };                */

/* What a step function gets: one parameter with its gradient (checked, clipped, with penalties)
   and its states, arrays of n. */
typedef struct dl_update {
    dl_ctx         *dl;
    dl_real        *w;         /* [n] to be changed                                            */
    const dl_real  *g;         /* [n] dL/dw                                                    */
    dl_real *const *state;     /* state[0 .. type->states - 1][n], to be changed               */
    dl_int          n;
    int64_t         t;         /* 1, 2, ...: the update's number, counted as type->torch says  */
    const dl_optim *options;   /* lr with the group's factor in it                             */
} dl_update;

/* A number that a kind uses: its name (in messages and files), where it stands in dl_optim, its
   default, and the range that is taken. For own[0] to own[3], { "gain", DL_OWN(0), 1, 0, 9 }. */
typedef struct dl_optim_option {
    const char *name;
    size_t      at;
    double      initial, lo, hi;
} dl_optim_option;
#define DL_OPTION(field, initial, lo, hi) { #field, offsetof(dl_optim, field), initial, lo, hi }
#define DL_OPTION_MAX 8
#define DL_OWN(i) (offsetof(dl_optim, own) + (i) * sizeof(double))

struct dl_optim_type {
    const char *name;                       /* for messages and files                          */
    void (*step)(const dl_update *u);
    int  states;                            /* arrays kept for a parameter, at most 4; they
                                               start at options.start, which is 0 if not used  */
    bool torch;                             /* t counts the updates of each parameter, as in
                                               PyTorch; false: the optimizer's, as in Keras    */
    bool decoupled;                         /* weight_decay goes off the weights; false: is
                                               added to the gradient                           */
    bool squares;                           /* gradients are squared: too large ones refused   */
    dl_optim_option option[DL_OPTION_MAX];  /* what it uses; the first without a name ends them */
};

/* Options of this kind (one of yours, or found by name) with their defaults. */
DL_DEF dl_optim dl_optim_default(const dl_optim_type *type, double lr);

/* Make a kind known by its name, for whoever reads names from a file. False when another one has
   the name. */
DL_DEF bool dl_register_optim(dl_ctx *dl, const dl_optim_type *type);
/* The kind with this name, or NULL; with dl NULL only among the library's: "SGD", "momentum",
   "Nesterov", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW"; PyTorch's: "torch.SGD" ... */
DL_DEF const dl_optim_type *dl_find_optim(dl_ctx *dl, const char *name);

#ifndef DL_NO_MODEL
/* ------------------------------------------------------------------------------- >>model ----
   A chain or graph of layers, a loss, an optimizer.   @F S0-5 S1-4 S2-5 S4-5: the programs
   Make one (dl_model_new), add layers (see >>layers), dl_model_compile it with a loss and an
   optimizer, dl_model_fit it to data, then dl_model_evaluate and dl_model_predict. For a loop of
   your own there are single steps (dl_model_train_batch), and dl_model_forward makes a model a part
   of any formula. Below stand in this order: compiling; metrics; training; predicting, time step by
   time step if need be; looking inside, copies, threads; and how good predictions are. */

/* A model without layers for samples of this shape (no batch dimension). Free with dl_model_free
   or dl_free. When a layer can't be added, the model never works, whatever becomes of the error: no
   network is trained that lacks a layer. */
DL_DEF dl_model *dl_model_new(dl_ctx *dl, dl_shape input);
DL_DEF void dl_model_free(dl_model *m);

/* Fix loss and optimizer (desc is copied). Layers can't be added afterwards; compiling again
   starts a new optimizer. False when layers and loss can't work together: a softmax over one unit
   (it is always 1), a cross-entropy on the output of a ReLU, and the like; the message says what to
   do instead. Fit and evaluate refuse targets that the last layer can't reach: outside [0,1] for a
   cross-entropy, or for another loss, most of them outside what its activation gives (a tanh, say,
   with targets from 0 to 100). */
DL_DEF bool dl_model_compile(dl_model *m, const dl_loss *loss, dl_optim optimizer);
/* The same for a model with several outputs: loss[k] for output k, their sum is minimized, each
   times weight[k] (NULL: 1). Accuracy and metrics are those of output 0. Such a model, or one with
   several inputs, is trained by dl_model_train_batch. */
DL_DEF bool dl_model_compile_outputs(dl_model *m, const dl_loss *const *loss, const double *weight,
                                     dl_optim optimizer);

/* ---- metrics during training ---- */

#define DL_METRIC_MAX 8       /* metrics a model may have besides accuracy */

/* A batch and what the model made of it: what a metric looks at. */
typedef struct dl_outcome {
    dl_tensor     *output;    /* [N,...], what dl_model_predict gives                        */
    dl_tensor     *scores;    /* what the loss got: logits, where it takes logits            */
    dl_tensor     *target;    /* in the output's shape, or NULL                              */
    const int32_t *labels;    /* N class numbers, or NULL                                    */
    dl_int         size;      /* N                                                           */
    const dl_loss *loss;
} dl_outcome;

/* A metric: a number about many batches, such as the share of right answers. state is state_size
   bytes, all zero before the first batch; add counts a batch in (false after dl_fail), result gives
   the number. result is called once after the last add, also when something failed, and frees what
   add has allocated. The description must outlive the model. */
typedef struct dl_metric {
    const char *name;
    size_t      state_size;
    bool      (*add)(void *state, const dl_outcome *o, const void *user);
    double    (*result)(void *state, const void *user);
    const void *user;
} dl_metric;

/* Have a metric computed in fit and evaluate, beside accuracy, which is always there ("accuracy",
   NaN for a loss without classes). The i-th added is metric[i] in dl_epoch and dl_metrics. False
   when there are DL_METRIC_MAX, or one of this name, or without memory. */
DL_DEF bool dl_model_add_metric(dl_model *m, const dl_metric *metric);
/* The i of a metric that was added, by its name; -1 when there is none. */
DL_DEF int dl_model_metric_index(const dl_model *m, const char *name);
/* How many have been added. */
DL_DEF int dl_model_metric_count(const dl_model *m);

/* Make a metric known by its name, for whoever reads names from a file. False when another one has
   the name. */
DL_DEF bool dl_register_metric(dl_ctx *dl, const dl_metric *metric);
/* The metric with this name, or NULL; with dl NULL only the library's: "accuracy". */
DL_DEF const dl_metric *dl_find_metric(dl_ctx *dl, const char *name);

/* ---- training ---- */

/* What an epoch gave. Values not computed are NaN. */
typedef struct dl_epoch {
    int    epoch, epochs;             /* 1 .. epochs                                          */
    double loss, accuracy;            /* mean over the epoch's training batches as they went  */
    double val_loss, val_accuracy;    /* on the validation data, after the epoch              */
    double lr, seconds;
    double metric[DL_METRIC_MAX];     /* those added, of training and of validation           */
    double val_metric[DL_METRIC_MAX];
} dl_epoch;

/* What one batch gave, for on_batch. */
typedef struct dl_step {
    int     epoch;                    /* 1 ...                                                */
    dl_int  batch, batches;           /* 1 .. batches of this epoch; -1: a stream's, unknown  */
    int64_t updates;                  /* of the weights since dl_model_fit began              */
    double  loss;                     /* of this batch                                        */
    double  lr;
} dl_step;

/* Options of dl_model_fit; dl_fit_default fills in Keras' defaults, except for early stopping (in
   Keras: patience 0, and the last weights stay). */
typedef struct dl_fit {
    int    epochs;                /* 1                                                        */
    int    batch_size;            /* 32                                                       */
    int    accumulate;            /* 1; update the weights once in so many batches, as if they
                                     were one (but for a batch norm's statistics)             */
    bool   shuffle;               /* true: a new order every epoch                            */
    const dl_data *validation;    /* NULL: none. With the optimizer's ema, it is the averages
                                     that are validated, watched and restored                 */
    double validation_split;      /* 0; or, without validation, the last fraction of the
                                     training data, as it lies there: a bad choice for sorted
                                     data, such as MNIST, whose images are ordered by writer
                                     (its last ones are easier)                                */
    bool   early_stopping;        /* false; stop when val_loss (loss without validation) has  */
    int    patience;              /* 3      not improved by min_delta for so many epochs      */
    double min_delta;             /* 0                                                        */
    bool   restore_best;          /* true: and take the best epoch's weights back             */
    dl_schedule schedule;         /* constant; counts epochs, or updates. Afterwards the
                                     optimizer has the learning rate back that it had before  */
    const double *class_weight;   /* NULL; else a number for each class: how much its samples
                                     count in the training loss (Keras' class_weight)         */
    const dl_augment *augment;    /* NULL; else changes the images of every training batch    */
    const char *checkpoint;       /* NULL; else a file that training goes on from after a crash:
                                     see "training that survives" in >>files                  */
    int    checkpoint_every;      /* 1; write it after so many epochs, and at the end         */
    bool   checkpoint_updates;    /* false; true: after so many updates of the weights        */
    bool   resume;                /* false; true: go on from the checkpoint, if there is one  */
    dl_tensor *const *state;      /* NULL; persistent tensors of yours that go in there too,  */
    int    state_count;           /* 0      with different names or none                      */
    const volatile int *stop;     /* NULL; training ends after the update in which *stop has become
                                     other than 0, by a signal handler of yours, say          */
    int    verbose;               /* 1: a progress bar on a terminal, else a line an epoch;
                                     2: a line an epoch; 0: nothing                           */
    /* Called after each batch and after each epoch; return false to stop (the epoch ends there).
       What they record on the tape is released. */
    bool (*on_batch)(dl_model *m, const dl_step *s, void *user);
    bool (*on_epoch)(dl_model *m, const dl_epoch *e, void *user);
    void  *user;
} dl_fit;
DL_DEF dl_fit dl_fit_default(void);

/* Train. data holds samples of the model's input shape. False, with the weights as they are then
   (early stopping: the best epoch's), when something fails; a loss or a weight that becomes NaN or
   infinite stops with the layer's name.
   @F S0-3 S1-3.2 S2-3 S3-3.3 S4-3: the training loop */
DL_DEF bool dl_model_fit(dl_model *m, const dl_data *data, const dl_fit *options);

/* Did the last fit end early because of fit.stop? */
DL_DEF bool dl_model_stopped(const dl_model *m);

/* What the epochs of the last fit gave: *n of them, owned by the model. */
DL_DEF const dl_epoch *dl_model_history(const dl_model *m, int *n);

/* Loss (with the layers' penalties, as in training), accuracy (NaN for a regression) and the
   metrics that were added, over a data set, in evaluation mode. Changes nothing. All NaN on
   failure. */
typedef struct dl_metrics { double loss, accuracy, metric[DL_METRIC_MAX]; } dl_metrics;
DL_DEF dl_metrics dl_model_evaluate(dl_model *m, const dl_data *data);

/* One step of training on one batch, or its evaluation: what dl_model_fit is made of. b->x is
   [N,...], b->size N, and either b->labels or b->y is there; of a model with several inputs or
   outputs, the others' are b->more_x and b->more_y. Of the loss before the update. What it records
   is released. All NaN on failure. */
DL_DEF dl_metrics dl_model_train_batch(dl_model *m, const dl_batch *b);
DL_DEF dl_metrics dl_model_evaluate_batch(dl_model *m, const dl_batch *b);

/* How many samples evaluate, predict and the reports take at a time: 128, or what the last fit took
   (of a small model more). What they need is bounded by it. False when n is below 1. */
DL_DEF bool dl_model_set_batch_size(dl_model *m, dl_int n);
DL_DEF dl_int dl_model_batch_size(const dl_model *m);

/* Its optimizer since dl_model_compile (to change the learning rate, say), NULL before; the model
   owns it, until it is compiled again. */
DL_DEF dl_optimizer *dl_model_optimizer(const dl_model *m);

/* ---- using it ---- */

/* The outputs (probabilities after a softmax) for a batch x [N,...], in evaluation mode, without
   gradient; on the tape. Computed dl_model_batch_size samples at a time. Of a model with several
   outputs, the first. */
DL_DEF dl_tensor *dl_model_predict(dl_model *m, dl_tensor *x);
/* The same with all inputs and outputs: x[dl_model_input_count(m)], y[dl_model_output_count(m)].
   False, and y as it was, on failure. */
DL_DEF bool dl_model_predict_all(dl_model *m, dl_tensor **y, dl_tensor *const *x);

/* The outputs for a whole data set, [count,...] on the tape, its samples read and computed a batch
   at a time. NULL on failure, and of a stream that does not know its count. */
DL_DEF dl_tensor *dl_model_predict_data(dl_model *m, const dl_data *data);

/* The same without the last layer's softmax or sigmoid, if it has one: its scores (logits), which
   tell apart what the probabilities 0 and 1 do not. */
DL_DEF dl_tensor *dl_model_logits(dl_model *m, dl_tensor *x);

/* The layers' output [N,...] for x [N,...] in the context's mode, recorded: a model as a part of a
   formula on floor 2. Of several outputs the first. NULL, with a message, for an x that does not
   fit. */
DL_DEF dl_tensor *dl_model_forward(dl_model *m, dl_tensor *x);
/* The same with all inputs and outputs: x[dl_model_input_count(m)], y[dl_model_output_count(m)].
   False, and y as it was, on failure. */
DL_DEF bool dl_model_forward_all(dl_model *m, dl_tensor **y, dl_tensor *const *x);

/* The next time step: for x [N,...], one step of each of N sequences, what the model would give
   after it, in evaluation mode, on the tape: [N,...]. A model for samples [T,D] takes [N,D], and T
   steps give what dl_model_predict gives for [N,T,D] at once, but there may be any number of steps.
   Recurrent layers go on from where the last step left them, until dl_model_reset_state sets them
   back to zeros; no memory is allocated after the first step. NULL when a layer needs all steps at
   once (a bidirectional one, attention, pooling over time ...), or when N is not that of the step
   before; after any other failure, reset the state. */
DL_DEF dl_tensor *dl_model_step(dl_model *m, dl_tensor *x);
/* Begin new sequences. False without a model. */
DL_DEF bool dl_model_reset_state(dl_model *m);

/* Parameters: how many tensors they are; how many numbers that makes (Keras' count_params); the
   i-th tensor; the one with a name (NULL when there is none); all, as an array of
   dl_model_tensor_count(m) owned by the model. To freeze the first layer:
   dl_layer_set_frozen(dl_model_layer(m, 0), true). */
DL_DEF int dl_model_tensor_count(const dl_model *m);
DL_DEF int64_t dl_model_param_count(const dl_model *m);
DL_DEF dl_tensor *dl_model_param(const dl_model *m, int i);
DL_DEF dl_tensor *dl_model_find(const dl_model *m, const char *name);
DL_DEF dl_tensor *const *dl_model_params(const dl_model *m);
DL_DEF int dl_model_layer_count(const dl_model *m);
DL_DEF dl_layer *dl_model_layer(const dl_model *m, int i);

/* A copy, with its weights but without loss, metrics and optimizer, in another (or the same)
   context. */
DL_DEF dl_model *dl_model_clone(dl_ctx *into, const dl_model *m);

/* The same model in another context, to predict in another thread: its weights are m's, read only
   (no number is copied), its workspace, batch norms' statistics and time steps its own. Called on
   the thread that uses m's context, while nobody uses `into`; afterwards `into` may go to a thread
   of its own. As long as such models live, m and its weights do not change and are not freed:
   training, loading, (un)freezing, dl_model_free and dl_free of its context fail with a message.
   A shared model is not trained, loaded, or shared again. NULL on failure; free it with
   dl_model_free, or dl_free of its context, in its own thread. */
DL_DEF dl_model *dl_model_share(dl_ctx *into, dl_model *m);
/* How many there are. */
DL_DEF int dl_model_share_count(const dl_model *m);

#ifndef DL_NO_STDIO
/* Print the layers with output shapes and parameter counts, as Keras does; what is frozen counts as
   non-trainable. When the model is not a chain, a column says what each layer reads. */
DL_DEF void dl_model_summary(const dl_model *m);
#endif

/* ---- metrics: how good are the predictions?   @F S4-9.3: accuracy, recall, F1 ----
   Of the samples that were called class c, the share that are c is its precision; of those that
   are c, the share that were found is its recall; F1 = 2 precision recall / (precision + recall).
   0/0 counts as 0 everywhere: a class that was never predicted has precision 0. */

/* The share of n predicted classes that equal the labels; NaN when n < 1 or without arrays. */
DL_DEF double dl_accuracy(const int32_t *predicted, const int32_t *label, dl_int n);

/* The share of rows of scores [N,C] whose label is among the k best; of equal scores the lower
   class is better, a NaN is never good. NaN on failure: k < 1, a label outside 0 .. C-1. */
DL_DEF double dl_top_k_accuracy(const dl_tensor *scores, const int32_t *label, int k);

/* A classification report. confusion[i * classes + j]: how many of class i were called j. */
typedef struct dl_class_score { double precision, recall, f1; int64_t support; } dl_class_score;
typedef struct dl_report {
    int      classes;
    int64_t  count;               /* samples                                                 */
    const int64_t *confusion;     /* [classes, classes]                                      */
    const dl_class_score *score;  /* [classes]; support: samples that are of the class       */
    double   accuracy;
    dl_class_score macro;         /* the mean over classes                                   */
    dl_class_score weighted;      /* the mean over classes, weighted by support              */
    dl_class_score micro;         /* from the sums over classes: all equal to the accuracy   */
} dl_report;

/* From n predicted classes and labels, all in 0 .. classes-1; or from a compiled model's
   predictions for a data set with classes. NULL on failure. Free with dl_report_free or dl_free. */
DL_DEF dl_report *dl_report_new(dl_ctx *dl, const int32_t *predicted, const int32_t *label,
                                dl_int n, int classes);
DL_DEF dl_report *dl_model_report(dl_model *m, const dl_data *data);
DL_DEF void dl_report_free(dl_report *r);

/* Write the report as scikit-learn prints it into buffer (always terminated); returns the length
   it has or would have, as snprintf. names: one for each class, or NULL for 0, 1, 2 ... */
DL_DEF int dl_report_format(char *buffer, size_t size, const dl_report *r,
                            const char *const *names);
#ifndef DL_NO_STDIO
/* Print it; then the confusion matrix, a row for each true class. */
DL_DEF void dl_report_print(const dl_report *r, const char *const *names);
#endif

/* Errors of predictions p [n,outputs] against targets t [n,outputs]: mse = mean of (t - p)^2, rmse
   its root, mae = mean of |t - p|; and the mean over the outputs of
   r2 = 1 - sum (t - p)^2 / sum (t - mean t)^2: 1 is perfect, 0 no better than the mean. When all t
   of an output are equal, its r2 is 1 for p = t, else 0, as in scikit-learn. All NaN when n or
   outputs < 1, and on failure. */
typedef struct dl_regression { double mse, rmse, mae, r2; } dl_regression;
DL_DEF dl_regression dl_regression_of(const dl_real *predicted, const dl_real *target, dl_int n,
                                      dl_int outputs);
/* The same of a compiled model's outputs for a data set with targets. */
DL_DEF dl_regression dl_model_regression(dl_model *m, const dl_data *data);
#endif

#ifndef DL_NO_DATA
/* -------------------------------------------------------------------------------- >>data ----
   A data set is a number of samples of one shape, each with a label, a target or neither. Where
   they come from is a dl_source: arrays, MNIST's files, pictures in folders, or a function of
   yours. Samples are read a batch at a time, so a set may be larger than memory. A data set may be
   a view of others; the source is closed with the last of them. Read in this order: a source of
   your own (dl_source), data in memory (dl_data_from_...), IDX and MNIST, parts of data sets
   (take, split, pick, concat, fold, weighted), mini-batches (dl_loader). */

typedef enum dl_split { DL_TRAIN, DL_TEST } dl_split;

/* A source of samples. The library's own data sets are made from the same descriptor. It has
   either read, which gives any samples, or next, which gives them one after another: a stream. Of
   a stream the count may be unknown, and it is shuffled by drawing from a buffer of so many
   samples; it can't be split, picked from, or asked for all its labels. */
typedef struct dl_source {
    dl_int   count;           /* samples: 0 to 2^31 - 1; of a stream also -1: unknown         */
    dl_shape shape;           /* of one sample, rank 5 at most                                */
    int      classes;         /* labels are 0 .. classes-1; 0: no labels                      */
    bool     targets;         /* each sample has a target of target_shape, and no label       */
    dl_shape target_shape;
    /* Read the samples index[n] (0 .. count-1, in any order): x [n,shape]; labels[n] or
       y [n,target_shape] if it has them. A pointer that is NULL is not wanted now. False on failure
       (dl_fail says why; else a general message is made). Labels are checked. */
    bool (*read)(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                 dl_real *y);
    /* The next samples, n at most, likewise; how many they are: 0 at the end, -1 on failure. */
    dl_int (*next)(void *user, dl_int n, dl_real *x, int32_t *labels, dl_real *y);
    dl_int buffer;            /* 1024: samples that a stream's shuffling draws from           */
    /* NULL, or called before the first batch of an epoch, of an evaluation and of a prediction: a
       source that reads on from where it is goes back to its start. False on failure. A stream
       without it can be read once. */
    bool (*rewind)(void *user);
    void (*close)(void *user);  /* NULL, or called when the last data set of the source goes  */
    void *user;
} dl_source;

/* Everything 0 and NULL, but for buffer. */
DL_DEF dl_source dl_source_default(void);

/* A data set of a source, which is copied. NULL with a message when a field makes no sense; close
   is then not called. Free with dl_data_free or dl_free. */
DL_DEF dl_data *dl_data_from_source(dl_ctx *dl, const dl_source *source);

/* What a data set is: its context; how many samples (-1: a stream that does not know); the shape of
   one; how many classes (0: it has no labels); does it have targets, and of which shape. Of NULL:
   NULL, 0, false. */
DL_DEF dl_ctx *dl_data_ctx(const dl_data *d);
DL_DEF dl_int dl_data_count(const dl_data *d);
DL_DEF dl_shape dl_data_shape(const dl_data *d);
DL_DEF int dl_data_classes(const dl_data *d);
DL_DEF bool dl_data_has_targets(const dl_data *d);
DL_DEF dl_shape dl_data_target_shape(const dl_data *d);

/* All its labels [count], all its targets [count,target_shape], all its samples' weights [count];
   owned by the data set. Labels and targets of a dl_source are read once and kept. NULL when it has
   none (no weights: all weigh 1), and on failure. */
DL_DEF const int32_t *dl_data_labels(const dl_data *d);
DL_DEF const dl_real *dl_data_targets(const dl_data *d);
DL_DEF const dl_real *dl_data_weights(const dl_data *d);

/* Copy count samples x (each of shape, rank 5 at most) with class labels 0 .. classes-1, or with
   targets y (each of target_shape). labels NULL and classes 0: data without labels. NULL with a
   message for a label out of range (named with its position). */
DL_DEF dl_data *dl_data_from_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                    const int32_t *labels, int classes);
DL_DEF dl_data *dl_data_from_targets(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                     const dl_real *y, dl_shape target_shape);
/* The same, but keep the caller's arrays, which must outlive the data set. */
DL_DEF dl_data *dl_data_borrow_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                      const int32_t *labels, int classes);
DL_DEF dl_data *dl_data_borrow_targets(dl_ctx *dl, const dl_real *x, dl_int count,
                                       dl_shape shape, const dl_real *y, dl_shape target_shape);
/* Copy bytes, such as images: each, divided by 255, is a number in [0,1]. A quarter (in double an
   eighth) of the memory that numbers take. */
DL_DEF dl_data *dl_data_from_bytes(dl_ctx *dl, const uint8_t *x, dl_int count, dl_shape shape,
                                   const int32_t *labels, int classes);

/* Images and labels in IDX, the format of MNIST: big-endian, magic 00 00 08 rank. Samples are
   [1,H,W]. Checked: magic, counts, lengths, label range. classes 0: the largest label + 1.
   labels NULL: data without labels. The bytes are copied. They may be packed by gzip, where
   DL_USE_STB_IMAGE is defined. NULL with a message on failure. */
DL_DEF dl_data *dl_idx_from_memory(dl_ctx *dl, const void *images, size_t image_bytes,
                                   const void *labels, size_t label_bytes, int classes);
#ifndef DL_NO_STDIO
/* The same from two files (labels may be NULL). */
DL_DEF dl_data *dl_idx_load(dl_ctx *dl, const char *images, const char *labels, int classes);

/* MNIST (or Fashion-MNIST) from the four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
   t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte in a directory: [1,28,28], 10 classes. Where one
   is missing, the same name with .gz will do. NULL with a message on failure. */
DL_DEF dl_data *dl_mnist_load(dl_ctx *dl, const char *dir, dl_split split);
#endif

/* Free a data set; views of it stay valid. */
DL_DEF void dl_data_free(dl_data *d);

/* Views that share storage: count samples from first on; and a split in two, the second with the
   last fraction (0 .. 1) of the samples, rounded to a whole number of them. */
DL_DEF dl_data *dl_data_take(const dl_data *d, dl_int first, dl_int count);
DL_DEF bool dl_data_split(const dl_data *d, double fraction, dl_data **first, dl_data **second);

/* Views that read from the data sets they were made of: the samples index[n], in this order, any of
   them as often as wished; the samples of n data sets of one kind, one behind the other; and the
   same samples with weights: sample i counts weight[i] times (0 or more; times what it weighed
   before) in the loss of fit and evaluate. The lists are copied. NULL on failure. */
DL_DEF dl_data *dl_data_pick(const dl_data *d, const int32_t *index, dl_int n);
DL_DEF dl_data *dl_data_concat(const dl_data *const *list, int n);
DL_DEF dl_data *dl_data_weighted(const dl_data *d, const dl_real *weight);

/* How samples are dealt out: one seed deals alike every time. */
typedef struct dl_folds {
    bool     shuffle;         /* true; else in the order they lie in                          */
    bool     stratify;        /* false; true: each part gets its share of each class          */
    const int32_t *group;     /* NULL; else [count]: samples of one group (of one patient, one
                                 writer) stay together; not with stratify                     */
    uint64_t seed;            /* 0                                                            */
} dl_folds;
DL_DEF dl_folds dl_folds_default(void);

/* A split by chance: the second gets a fraction of the samples, to within one (of each class; of
   groups, as near as they allow). And k-fold cross-validation: k parts of the same size, of which
   the i-th (0 .. k-1) is the test, the others together are for training.   @F S2-9.3 */
DL_DEF bool dl_data_split_random(const dl_data *d, double fraction, const dl_folds *options,
                                 dl_data **first, dl_data **second);
DL_DEF bool dl_data_fold(const dl_data *d, int k, int i, const dl_folds *options, dl_data **train,
                         dl_data **test);

/* Sample i as a batch of one [1,...] on the tape. NULL when i is outside. */
DL_DEF dl_tensor *dl_data_sample(const dl_data *d, dl_int i);

/* A mini-batch: x [N,...] on the tape; labels[N] (owned by the loader, until the next batch) or
   targets y [N,...] on the tape, whichever the data has, else NULL. Fill in one of your own from
   zeros (memset). */
struct dl_batch {
    dl_tensor     *x, *y;
    const int32_t *labels;
    dl_int         size;      /* N; the last batch of an epoch may be smaller                */
    dl_int         number;    /* 0, 1, ... in this epoch                                      */
    dl_tensor     *weight;    /* [N]: how much each sample counts, or NULL: 1                 */
    dl_tensor *const *more_x; /* of a model with several inputs: the second [N,...] and so on */
    dl_tensor *const *more_y; /* of one with several outputs: the second's targets and so on  */
};

/* Mini-batches of a data set, in a new random order every epoch when shuffle is true. Free with
   dl_loader_free or dl_free. It keeps the storage alive: the data set may be freed first. NULL
   with a message for a batch size below 1 or an empty data set. */
DL_DEF dl_loader *dl_loader_new(const dl_data *d, dl_int batch_size, bool shuffle);
DL_DEF void dl_loader_free(dl_loader *l);

/* The next batch; false at the end of the epoch (the next call starts a new one) and on failure
   (dl_error tells which; batch is left as it was).
   while (dl_loader_next(loader, &batch)) { ... } is one epoch. A loop that was left by break goes
   on in the middle when it is entered again; dl_loader_restart before it starts a new epoch. */
DL_DEF bool dl_loader_next(dl_loader *l, dl_batch *batch);
DL_DEF void dl_loader_restart(dl_loader *l);

/* Batches in an epoch; -1 of a stream that does not know. */
DL_DEF dl_int dl_loader_batch_count(const dl_loader *l);
#endif

#ifndef DL_NO_IMAGES
/* ------------------------------------------------------------------------------ >>images ----
   Pictures are tensors [C,H,W], a batch of them [N,C,H,W], numbers from 0 (black) to 1. What makes
   new pictures of old ones here returns a new tensor on the tape, without gradient. In this order:
   files, sizes and cuts, a photographed digit, augmentation. */

#define DL_IMAGE_PIXELS_MAX ((dl_int)1 << 26)     /* larger pictures are refused: 64 million */
#define DL_IMAGE_ANY 16                           /* see below                               */

/* The picture in n bytes that are a PNG, JPEG or BMP file; channels: 1 grey, 3 colours (red, green,
   blue), 2 or 4 the same and opacity, 0 as many as the file has. When the file has opacity, but 1
   or 3 channels are asked for, the picture is laid on white paper. channels | DL_IMAGE_ANY lets
   stb_image try whatever else it knows (GIF, TGA, PSD, ...). Format and size are looked at before
   anything is decoded. [C,H,W] on the tape; NULL with a message, which says so where dl.h was
   compiled without DL_USE_STB_IMAGE. */
DL_DEF dl_tensor *dl_image_from_memory(dl_ctx *dl, const void *bytes, size_t n, int channels);
#ifndef DL_NO_STDIO
/* The same of a file. */
DL_DEF dl_tensor *dl_image_load(dl_ctx *dl, const char *path, int channels);

/* Write x, [C,H,W] with 1 to 4 channels or [H,W], as a PNG file (not compressed; needs nothing
   else). Numbers below 0 count as 0, above 1 as 1. */
DL_DEF bool dl_image_save(const dl_tensor *x, const char *path);
#endif

/* How new pixels are made of old ones: DL_BILINEAR weighs them by their distance, over as many as
   become one where the picture shrinks (PyTorch: interpolate, bilinear, antialias=True); DL_AREA
   takes the mean of those that a new pixel touches (mode='area'). */
typedef enum dl_resampling { DL_BILINEAR, DL_AREA } dl_resampling;

/* x [...,H,W] with another height and width. */
DL_DEF dl_tensor *dl_resize(dl_tensor *x, dl_int height, dl_int width, dl_resampling how);

/* A window of x [...,H,W]: the pixel (top, left) and what is below and right of it; what lies
   outside of x becomes fill. And x with so many pixels more on each side. */
DL_DEF dl_tensor *dl_image_crop(dl_tensor *x, dl_int top, dl_int left, dl_int height, dl_int width,
                                double fill);
DL_DEF dl_tensor *dl_image_pad(dl_tensor *x, dl_int top, dl_int bottom, dl_int left, dl_int right,
                               double fill);

/* x [...,3,H,W] in grey: .299 red + .587 green + .114 blue, as eyes see it: [...,1,H,W]. */
DL_DEF dl_tensor *dl_image_grey(dl_tensor *x);

/* (x - mean[c]) / deviation[c] for each channel c of x [...,C,H,W]; C numbers each. */
DL_DEF dl_tensor *dl_image_normalize(dl_tensor *x, const double *mean, const double *deviation);

/* A photo, scan or drawing x [C,H,W] of one digit, 1 or 3 channels, made into what MNIST is:
   [1,28,28], white on black. The paper is what varies slowly (uneven light), ink what differs from
   it, darker or lighter, in one colour; specks are left out, strokes get MNIST's thickness, the
   digit is fitted into 20 x 20 and its centre of mass moved to the middle. steps: NULL, or where to
   put three pictures of the way: the ink, the digit cut out in black and white, its 20 x 20.
   NULL with a message when there is nothing to see. */
DL_DEF dl_tensor *dl_image_to_mnist(dl_tensor *x, dl_tensor **steps);

/* ---- augmentation: new images from old ones ----
   Each image of a batch is shifted, rotated, scaled and mirrored by a random amount of its own, in
   one step: output pixel (p, q) is taken from where that transformation has it come from, between
   four pixels in proportion (bilinear), fill outside the image. Then noise is added. */
struct dl_augment {
    double shift;         /* up to this share of height and width, each way: 0 .. 1          */
    double rotate;        /* up to so many degrees, each way: 0 .. 180                       */
    double scale;         /* larger or smaller by a factor from 1 - scale to 1 + scale: 0 .. <1 */
    double flip_h;        /* the probability of exchanging left and right                    */
    double flip_v;        /* the probability of exchanging top and bottom                    */
    double noise;         /* standard deviation of normal noise                              */
    double fill;          /* what is outside the image                                       */
};

/* All 0: changes nothing. */
DL_DEF dl_augment dl_augment_default(void);

/* x [N,C,H,W] changed as a tells (NULL: a copy; with noise alone any shape): a new tensor on the
   tape, without gradient. Random numbers from r, or with NULL from the context's stream; one seed,
   one result. NULL on failure. */
DL_DEF dl_tensor *dl_augment_batch(dl_tensor *x, const dl_augment *a, dl_rng *r);
#endif

#ifndef DL_NO_FILES
/* ------------------------------------------------------------------------------- >>files ----
   From where                          to where            by
     a model made here                 a file              dl_model_save
     that file, or keras_to_dl.py's    a whole model       dl_model_load
     a model made here                 PyTorch, others     dl_model_save_weights
     PyTorch's state_dict              a model made here   dl_model_load_weights
     PyTorch's state_dict              tensors, floor 2    dl_load
     NumPy's .npy                      one tensor          dl_npy_load, dl_npy_save

   Read first what a file looks like, then whole models, weights, .npy. All but the last are
   safetensors files (PyTorch: safetensors.torch.save_file(net.state_dict(), path)):

       8 bytes   N, the length of the header, the least significant byte first
       N bytes   {"dense_1.weight":{"dtype":"F32","shape":[512,784],"data_offsets":[0,1605632]},
                 ...,"__metadata__":{...}}, JSON padded with spaces
       the rest  the numbers, row-major, little-endian; data_offsets count from here

   What is written is float, or double where DL_REAL is; read are F64, F32, F16, BF16, integers and
   booleans. Nothing in a file is believed: sizes are checked before memory is taken for them, and a
   file that is refused changes nothing. Bytes behind the last tensor are let be. Paths are UTF-8.

   Saving loses nothing: the new file is written beside the old one, under a random name that ends
   in .dl-0123456789abcdef.tmp, flushed to the disk and renamed. Whoever is killed in between, or
   saves to the same path at the same time, leaves a whole file, the old or a new one. What a killed
   save left behind is removed by the next one to the same path. A symbolic link stays, and
   the file that it leads to is replaced; the permissions stay. (On Windows the link is replaced; a
   system where C's rename does not replace a file refuses, and the old one stays.)

   Functions that save to memory write into the caller's buffer of room bytes if that is enough, and
   return how many bytes it takes; so ask first with a buffer NULL of 0 bytes. They return 0 on
   failure.
   ------------------------------------------------------------------------------------------ */

#ifndef DL_NO_MODEL
/* ---- whole models ----
   A file of a whole model is a file of its weights with one entry more in its "__metadata__":
   "dl_model", JSON text:

       {"needs":1,"input":[4],"layers":[
         {"type":"Dense","name":"dense_1","options":{"units":3,"activation":"relu",
            "weight_init":{"kind":"glorot_uniform","a":0,"b":0}, ..., "bias":true,"l1":0,"l2":0},
          "now":{"activation":"relu","l1":0,"l2":0,"frozen":false}}, ...],
        "batch_size":128,"metrics":[],"loss":["mean_squared_error"],"loss_weights":[1],
        "optimizer":{"type":"Adam","options":{"lr":0.001,"momentum":0, ...}}}

     needs      the version of this format that a reader must know, not that of the library: 1; 2
                where the model is no chain of layers (from, shared, outputs)
     input      the shape of a sample
     layers     in their order. type: dl_layer_type.name. name: must be what the layer is called
                here, if it is there. options: every field of the type by its name, several numbers
                as a list, an enum by its name. now: what stands in dl_layer and may have been
                changed since; may be left out. Parameters and states are the tensors
                "dense_1.weight", "batch_normalization_1.running_mean" ...
     from       (in a layer) the numbers of the layers that it reads, 0 the first, -1 the model's
                input; left out: the one before it. shared: the number of the one whose weights it
                has; it has no options then
     outputs    the numbers of the layers that give the model's outputs; left out: the last one
     the rest   may be left out; loss, loss_weights (one for each output) and optimizer, with all
                numbers of dl_optim, only together.
   A number that is infinite or none is a string: "inf", "-inf", "nan". Keys that are not known are
   refused. With parts (dl_models_save) the entry is called prefix + "dl_model". */

#ifndef DL_NO_STDIO
/* Save a model: layers with all their options, weights, states, loss and optimizer (its options,
   not its moments). False on failure, the old file kept: also for a layer whose type has options
   but no table of fields, or the name of another type that is known. */
DL_DEF bool dl_model_save(const dl_model *m, const char *path);

/* Load it: a new model, compiled if it was, that predicts the same bits (with the same DL_REAL and
   instruction set). Types of your own must be made known first (dl_register_layer, _loss, _metric,
   _optim). NULL with a message on failure. Free with dl_model_free or dl_free. */
DL_DEF dl_model *dl_model_load(dl_ctx *dl, const char *path);
#endif
/* The same to the caller's buffer, and from a buffer. */
DL_DEF size_t dl_model_save_to_memory(const dl_model *m, void *buffer, size_t room);
DL_DEF dl_model *dl_model_load_from_memory(dl_ctx *dl, const void *bytes, size_t size);

#ifndef DL_NO_STDIO
/* Several models of this context in one file, each with a prefix of its own for its names, such as
   "generator." (none may begin with another); and one of them out of such a file. */
DL_DEF bool dl_models_save(dl_ctx *dl, const char *path, dl_model *const *models,
                           const char *const *prefixes, int n);
DL_DEF dl_model *dl_model_load_part(dl_ctx *dl, const char *path, const char *prefix);
#endif
/* The same to the caller's buffer, and from a buffer. */
DL_DEF size_t dl_models_save_to_memory(dl_ctx *dl, void *buffer, size_t room,
                                       dl_model *const *models, const char *const *prefixes, int n);
DL_DEF dl_model *dl_model_load_part_from_memory(dl_ctx *dl, const void *bytes, size_t size,
                                                const char *prefix);
#endif

#ifndef DL_NO_MODEL
/* ---- training that survives ----
       fit.checkpoint = "run.safetensors";  fit.resume = true;

   A training that was killed at any moment, started again, ends with the weights that it would have
   had undisturbed, bit for bit (on the same build and instruction set; on another there is a
   warning, unless fit.verbose is 0). A missing file starts anew; fit.epochs is the total. To end on
   Ctrl-C, let a handler of your own set a variable and give fit.stop its address: training ends
   after the update, with a checkpoint, and dl_model_stopped tells.

   The file is a safetensors file, written as >>files says. It holds
     weights.NAME           parameters and running statistics, as they are
     Adam.0.NAME ...        the optimizer: see dl_optimizer_save
     state.NAME             the tensors in fit.state
     checkpoint.best        the weights of the best epoch, for early stopping
     checkpoint.history     22 numbers of each epoch, in dl_epoch's order
     checkpoint.place       epoch, samples of it that are done, their loss and accuracy, updates,
                            the schedule's and early stopping's memory, random streams
     checkpoint.options     the options, layers and data it was made with, as numbers or hashes:
                            with others it is refused, and the message names what differs
   where counts, places, options and history are double numbers, cut into four of 16 bits each. Of
   data, up to 64 samples are compared; a stream can't go on from its middle and is refused. With
   accumulate, it is written when a group is complete.
   Metrics of your own see only what comes after, in the epoch that was cut through. */
#endif

/* ---- weights, of one's own or others' ---- */

/* A tensor's name in a file, and here. Or the beginning of names, when theirs ends in "." or is "":
   { "encoder.", "dense_1." } has encoder.weight read into dense_1.weight. */
typedef struct dl_rename { const char *theirs, *ours; } dl_rename;

/* How a file's tensors find those here. dl_loading_default: by their names, all of them. */
typedef struct dl_loading {
    const char *prefix;        /* ""; only tensors whose names begin so, which is then cut off */
    const dl_rename *renames;  /* NULL; then the first of them that applies, if one does */
    int   renames_count;       /* 0 */
    bool  in_order;            /* false; whatever the layers are called: what is first in the file,
                                  by the names with numbers compared as such ("2.weight" before
                                  "10.weight"), to the first layer here, and so on; the last parts
                                  of names ("weight", "running_mean") must fit */
    bool  partial;             /* false; take what fits by name and shape, and leave the rest here
                                  as it was (at least one must fit) */
} dl_loading;
DL_DEF dl_loading dl_loading_default(void);

/* How the last load of tensors in this context went; NULL before the first. Owned by the context,
   until the next. Integer counters that nobody here asks for (num_batches_tracked) pass by. */
typedef struct dl_load_report {
    int loaded;                /* tensors here that were found in the file, in their shape */
    int unused;                /* tensors of the file (with the prefix) that are not here */
    int missing;               /* tensors here that are not in the file */
    int different;             /* tensors of another shape there than here */
    int passed;                /* integer counters that passed by */
    const char *text;          /* a line for each unused, missing and different one; "" for none */
} dl_load_report;
DL_DEF const dl_load_report *dl_last_load(const dl_ctx *dl);

#ifndef DL_NO_MODEL
#ifndef DL_NO_STDIO
/* Write all parameters (and running statistics) of a model; PyTorch's safetensors reads them. The
   layers themselves are not written: build the model anew, then load. False on failure, the old
   file kept: also for a tensor whose name is __metadata__, another one's, no UTF-8, or has quotes,
   backslashes or control characters in it. */
DL_DEF bool dl_model_save_weights(const dl_model *m, const char *path);

/* Read them back into a model with the same layers; names and shapes must match, or as options
   tell (NULL: dl_loading_default). False, and the model as it was, on failure: the message names
   the first tensor that did not fit and counts them, dl_last_load names them all. */
DL_DEF bool dl_model_load_weights(dl_model *m, const char *path, const dl_loading *options);
#endif
/* The same from a buffer. */
DL_DEF bool dl_model_load_weights_from_memory(dl_model *m, const void *bytes, size_t size,
                                              const dl_loading *options);
#endif

#ifndef DL_NO_STDIO
/* The same for nets of floor 2: write n tensors (parameters, states) of this context, and read them
   back into n tensors with the same names and shapes, in any order. One without a name goes by its
   number in the list: "0", "1", ... False on failure: the old file is kept, the tensors are as they
   were. */
DL_DEF bool dl_save(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n);
DL_DEF bool dl_load(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n,
                    const dl_loading *options);
#endif
/* Read them from a buffer. */
DL_DEF bool dl_load_from_memory(dl_ctx *dl, const void *bytes, size_t size,
                                dl_tensor *const *tensors, int n, const dl_loading *options);

#ifndef DL_NO_STDIO
/* What an optimizer knows beside its options, to go on after its parameters were saved and loaded:
   the states and averages of each ("Adam.0.NAME", "Adam.1.NAME"), its step count, and the learning
   rate ("Adam.counts"). Load into an optimizer of the same kind for parameters of the same names
   (or numbers) and sizes. False, and nothing changed, on failure. */
DL_DEF bool dl_optimizer_save(dl_optimizer *o, const char *path);
DL_DEF bool dl_optimizer_load(dl_optimizer *o, const char *path);
#endif
/* The same to the caller's buffer, and from a buffer. */
DL_DEF size_t dl_optimizer_save_to_memory(dl_optimizer *o, void *buffer, size_t room);
DL_DEF bool dl_optimizer_load_from_memory(dl_optimizer *o, const void *bytes, size_t size);

#ifndef DL_NO_SEQUENCES
/* Name the tensors w of dl_lstm (all kinds), dl_multihead_attention and dl_transformer_encoder or
   _decoder as PyTorch's modules do ("weight_ih_l0", "self_attn.in_proj_weight"), with prefix in
   front: "", or "layers.0." for a module's part. Then dl_load reads a state_dict as it is, and
   load_state_dict what dl_save writes. DL_NONE (no bias) is passed over. False on failure. */
DL_DEF bool dl_recurrent_set_names(dl_tensor *const *w, const char *prefix,
                                   const dl_recurrent *options);
DL_DEF bool dl_multihead_attention_set_names(dl_tensor *const *w, const char *prefix);
DL_DEF bool dl_transformer_encoder_set_names(dl_tensor *const *w, const char *prefix);
DL_DEF bool dl_transformer_decoder_set_names(dl_tensor *const *w, const char *prefix);
#endif

/* ---- one tensor, for NumPy ---- */

#ifndef DL_NO_STDIO
/* A .npy file as a tensor without gradient that stays until dl_tensor_free or dl_free. C or Fortran
   order, either byte order; f2 f4 f8, i1 to i8, u1 to u8, bool become numbers of DL_REAL. NULL with
   a message on failure: another dtype, a rank above DL_MAX_DIMS, a file cut off. */
DL_DEF dl_tensor *dl_npy_load(dl_ctx *dl, const char *path);
/* Write t: C order, little-endian, f4 (f8 where DL_REAL is double). False on failure. */
DL_DEF bool dl_npy_save(const dl_tensor *t, const char *path);
#endif
/* The same from a buffer, and to the caller's. */
DL_DEF dl_tensor *dl_npy_load_from_memory(dl_ctx *dl, const void *bytes, size_t size);
DL_DEF size_t dl_npy_save_to_memory(const dl_tensor *t, void *buffer, size_t room);
#endif

/* ------------------------------------------------------------------------------- >>debug ---- */

/* Write t as NumPy prints it, e.g. "[[1, 2], [3, 4]]", long axes elided with "...", into buffer
   (always terminated); returns the length it has or would have, as snprintf. */
DL_DEF int dl_format(char *buffer, size_t size, const dl_tensor *t);
#ifndef DL_NO_STDIO
/* Print name, shape and elements. */
DL_DEF void dl_print(const dl_tensor *t);
#endif

/* Compare dl_backward with central differences (f(p+h) - f(p-h)) / 2h for every element of n
   parameters. f builds the loss anew from them (they are changed and put back) and returns it.
   The running statistics of a batch norm in it move once: use evaluation mode, or a clone. */
typedef dl_tensor *(*dl_loss_fn)(dl_ctx *dl, void *user);
typedef struct dl_gradcheck_report {
    bool   ok;               /* every element within tolerance, and not all gradients zero    */
    dl_int checked;          /* elements                                                      */
    dl_int failed;
    int    worst_param;      /* of the largest relative error: which parameter, which element */
    dl_int worst_index;
    double analytic, numeric, error;
    double largest;          /* the largest |gradient| seen: 0 means a vacuous check          */
} dl_gradcheck_report;
/* error = max(0, |a - n| - floor) / max(|a|, |n|) must be <= tolerance. With DL_REAL double:
   h 1e-5, tolerance 1e-6, floor 1e-9. With float: h 1e-2, 2e-2, 1e-3, for a rough look. */
DL_DEF dl_gradcheck_report dl_gradcheck(dl_ctx *dl, dl_loss_fn f, void *user,
                                        dl_tensor *const *params, int n);

#ifdef __cplusplus
}
#endif
#endif /* DLI_GOOD_COMPILER */
#endif /* DL_H_INCLUDED */

/* ==============================================================================================
   Implementation: the same rooms in the same order.
   ============================================================================================== */
#if defined(DL_IMPLEMENTATION) && !defined(DL_IMPLEMENTED) && defined(DLI_GOOD_COMPILER)
#define DL_IMPLEMENTED

/* ----------------------------------------------------------------------- >>platform-impl ---- */

#if defined(DL_MALLOC) + defined(DL_REALLOC) + defined(DL_FREE) == 1 || \
    defined(DL_MALLOC) + defined(DL_REALLOC) + defined(DL_FREE) == 2
#error "dl.h: define all of DL_MALLOC, DL_REALLOC and DL_FREE, or none of them"
#elif defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
      defined(_M_FP_FAST)
#error "dl.h: -ffast-math and -Ofast take away every check for NaN; use -O2 or -O3"
#else

#if defined(DL_NO_IMAGES) || defined(DL_NO_SEQUENCES) || defined(DL_NO_MODEL) || \
    defined(DL_NO_DATA) || defined(DL_NO_FILES)
#define DLI_PART_ONLY        /* some private functions then have nobody who calls them */
#endif
#if defined(DLI_PART_ONLY) && defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

#include <stdlib.h>
#ifndef DL_MALLOC
#define DL_MALLOC(n)     malloc(n)
#define DL_REALLOC(p, n) realloc(p, n)
#define DL_FREE(p)       free(p)
#endif

#include <float.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>   /* vsnprintf; everything that prints or opens files is under DL_NO_STDIO */
#include <string.h>
#include <time.h>
#if defined(_MSC_VER)
#include <intrin.h>
#endif

#if defined(_OPENMP) && !defined(DL_NO_THREADS)
#include <omp.h>
#define DLI_OPENMP 1
#else
#define DLI_OPENMP 0
#endif

#if defined(DL_USE_CBLAS)
#include <cblas.h>
#endif

/* What is used of stb_image, as its header declares it; without it nothing can be read. */
#if defined(DL_USE_STB_IMAGE)
#define DLI_STB true
#ifndef STBI_INCLUDE_STB_IMAGE_H
#ifdef __cplusplus
extern "C" {
#endif
extern unsigned char *stbi_load_from_memory(const unsigned char *p, int bytes, int *width,
                                            int *height, int *channels, int wanted);
extern int stbi_info_from_memory(const unsigned char *p, int bytes, int *width, int *height,
                                 int *channels);
extern const char *stbi_failure_reason(void);
extern void stbi_image_free(void *p);
extern int stbi_zlib_decode_noheader_buffer(char *to, int room, const char *from, int bytes);
#ifdef __cplusplus
}
#endif
#endif
static const char *dli_stb_reason(void)
{
    const char *reason = stbi_failure_reason();
    return reason ? reason : "unknown reason";
}
static bool dli_stb_info(const uint8_t *p, int bytes, int *W, int *H, int *C)
{
    return stbi_info_from_memory(p, bytes, W, H, C) != 0;
}
static uint8_t *dli_stb_load(const uint8_t *p, int bytes, int channels)
{
    int W, H, C;
    return stbi_load_from_memory(p, bytes, &W, &H, &C, channels);
}
static void dli_stb_free(uint8_t *p) { stbi_image_free(p); }
static int dli_stb_inflate(uint8_t *to, int room, const uint8_t *from, int bytes)
{
    return stbi_zlib_decode_noheader_buffer((char *)to, room, (const char *)from, bytes);
}
#else
#define DLI_STB false
static const char *dli_stb_reason(void) { return ""; }
static bool dli_stb_info(const uint8_t *p, int bytes, int *W, int *H, int *C)
{
    return p && bytes && W && H && C && DLI_STB;
}
static uint8_t *dli_stb_load(const uint8_t *p, int bytes, int channels)
{
    (void)p;
    (void)bytes;
    (void)channels;
    return NULL;
}
static void dli_stb_free(uint8_t *p) { (void)p; }
static int dli_stb_inflate(uint8_t *to, int room, const uint8_t *from, int bytes)
{
    (void)to;
    (void)room;
    (void)from;
    (void)bytes;
    return -1;
}
#endif

/* Under AddressSanitizer, memory that the tape has released can be made untouchable. */
#if defined(__SANITIZE_ADDRESS__)
#define DLI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DLI_ASAN 1
#endif
#endif
#ifdef DLI_ASAN
/* As sanitizer/asan_interface.h has them, which not every compiler brings along. */
#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
__attribute__((access(none, 1)))   /* else gcc takes it that fresh memory is read here */
#endif
void __asan_poison_memory_region(void const volatile *p, size_t n);
void __asan_unpoison_memory_region(void const volatile *p, size_t n);
#ifdef __cplusplus
}
#endif
#define DLI_POISON(p, n)   __asan_poison_memory_region(p, n)
#define DLI_UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define DLI_POISON(p, n)   ((void)(p), (void)(n))
#define DLI_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* ---- terminals and files ----
   Paths are UTF-8, also on Windows. A file is saved under a name of its own beside the one it
   replaces, flushed to the disk and only then renamed, so that at every moment the old or the new
   one is there, whole. What the system has to do for it:

     dli_file_read    an old file, for reading
     dli_file_mode    the permissions of a file, DLI_NO_FILE, or DLI_ODD_FILE for what cannot be
                      replaced: a directory, a device, a pipe
     dli_file_follow  where symbolic links lead, so that the link stays and its file is replaced
     dli_file_create  a new file; fails when there is one of that name
     dli_file_finish  flush, close, rename. There is no moment without a file: nothing is removed
     dli_file_remove  away with one
     dli_file_sweep   remove what saves that were killed have left behind: files of the same name
                      but for its random digits that no living process holds. On Unix a lock
                      (flock) tells, which dies with its process; on Windows they are those that
                      nobody has open, and an hour old; elsewhere none is touched. */

#ifndef DL_NO_STDIO
#include <errno.h>
#define DLI_PATH_MAX 4096
#define DLI_NO_FILE  -1
#define DLI_ODD_FILE -2

/* The bytes of a path in front of the file's own name, with the slash. */
static size_t dli_dir_length(const char *path)
{
#if defined(_WIN32)
    const char *slashes = "/\\:";
#else
    const char *slashes = "/";
#endif
    size_t n = strlen(path);
    while (n > 0 && !strchr(slashes, path[n - 1])) n--;
    return n;
}

/* Names of temporary files end in .dl-, 16 random digits and .tmp: are two alike but for those? */
static bool dli_same_but_digits(const char *a, const char *b)
{
    const size_t n = strlen(a), digits = n - 20;
    return n > 20 && strlen(b) == n && memcmp(a, b, digits) == 0 &&
           strspn(a + digits, "0123456789abcdef") == 16 && strcmp(a + n - 4, b + n - 4) == 0;
}

#if !defined(_WIN32)
static FILE *dli_file_read(const char *path) { return fopen(path, "rb"); }
static void dli_file_remove(const char *path) { remove(path); }
#endif

#if defined(__unix__) || defined(__APPLE__)
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__STRICT_ANSI__) && !defined(__cplusplus)    /* which -std=c99 hides */
FILE *fdopen(int fd, const char *mode);
int fileno(FILE *f);
int fsync(int fd);
ssize_t readlink(const char *path, char *to, size_t room);
#endif

static bool dli_is_terminal(void) { return isatty(1) != 0; }

static int dli_file_mode(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0) return DLI_NO_FILE;
    return S_ISREG(s.st_mode) ? (int)(s.st_mode & 07777) : DLI_ODD_FILE;
}

/* The path in to[DLI_PATH_MAX] is replaced by what it leads to; errno on failure. */
static bool dli_file_follow(char *to)
{
    for (int links = 0; links < 40; links++) {
        char next[DLI_PATH_MAX];
        const ssize_t n = readlink(to, next, sizeof next - 1);
        if (n < 0) return true;                   /* not a link, or nothing there yet */
        next[n] = 0;
        const size_t dir = next[0] == '/' ? 0 : dli_dir_length(to);
        errno = ENAMETOOLONG;
        if (dir + (size_t)n >= DLI_PATH_MAX) return false;
        strcpy(to + dir, next);
    }
    errno = ELOOP;
    return false;
}

static bool dli_file_lock(int fd, int how)
{
    while (flock(fd, how) != 0)
        if (errno != EINTR) return false;
    return true;
}

static FILE *dli_file_create(const char *path, int mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode < 0 ? 0666 : mode & 0777);
    struct stat s;
    FILE *f = NULL;
    if (fd < 0) return NULL;
    dli_file_lock(fd, LOCK_EX);                   /* not everywhere: then nobody sweeps, either */
    if (fstat(fd, &s) == 0 && s.st_nlink == 0) errno = EEXIST;    /* a sweeper came before the */
    else if (mode < 0 || chmod(path, (mode_t)mode) == 0) f = fdopen(fd, "wb"); /* lock: next name */
    if (f) return f;
    const int error = errno;
    close(fd);
    remove(path);
    errno = error;
    return NULL;
}

/* The directory that a file is in. */
static const char *dli_dir_of(char dir[DLI_PATH_MAX], const char *path)
{
    const size_t n = dli_dir_length(path);
    memcpy(dir, path, n);
    strcpy(dir + n, ".");
    return dir;
}

static bool dli_file_finish(FILE *f, const char *temporary, const char *path)
{
    const bool ok = fflush(f) == 0 && fsync(fileno(f)) == 0 && rename(temporary, path) == 0;
    const int error = errno;
    char dir[DLI_PATH_MAX];
    fclose(f);                                    /* and with it the lock */
    const int fd = open(dli_dir_of(dir, path), O_RDONLY);
    if (fd >= 0) {                                /* the new name is on the disk when its */
        fsync(fd);                                /* directory is                         */
        close(fd);
    }
    errno = error;
    return ok;
}

static void dli_file_sweep(const char *temporary)
{
    char path[DLI_PATH_MAX];
    const size_t n = dli_dir_length(temporary);
    const struct dirent *entry;
    DIR *dir = opendir(dli_dir_of(path, temporary));
    while (dir && (entry = readdir(dir)) != NULL) {
        if (!dli_same_but_digits(entry->d_name, temporary + n)) continue;
        strcpy(path + n, entry->d_name);
        const int fd = open(path, O_WRONLY | O_NONBLOCK);
        if (fd < 0) continue;
        if (dli_file_lock(fd, LOCK_EX | LOCK_NB)) remove(path);
        close(fd);
    }
    if (dir) closedir(dir);
}

#elif defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <wchar.h>
#ifdef __cplusplus
extern "C" {
#endif
__declspec(dllimport) int __stdcall MoveFileExW(const wchar_t *from, const wchar_t *to,
                                                unsigned long flags);
__declspec(dllimport) int __stdcall MultiByteToWideChar(unsigned page, unsigned long flags,
                                                        const char *from, int bytes, wchar_t *to,
                                                        int room);
__declspec(dllimport) int __stdcall WideCharToMultiByte(unsigned page, unsigned long flags,
                                                        const wchar_t *from, int n, char *to,
                                                        int room, const char *other, int *used);
#ifdef __cplusplus
}
#endif

/* UTF-8 (65001; 8: and nothing else), or else the encoding that the system has for old programs. */
static const wchar_t *dli_wide(wchar_t wide[DLI_PATH_MAX], const char *path)
{
    if (!MultiByteToWideChar(65001, 8, path, -1, wide, DLI_PATH_MAX) &&
        !MultiByteToWideChar(0, 0, path, -1, wide, DLI_PATH_MAX)) wide[0] = 0;
    return wide;
}

static bool dli_is_terminal(void) { return _isatty(1) != 0; }
static bool dli_file_follow(char *to) { return to != NULL; }

static FILE *dli_file_read(const char *path)
{
    wchar_t wide[DLI_PATH_MAX];
    return _wfopen(dli_wide(wide, path), L"rb");
}

static void dli_file_remove(const char *path)
{
    wchar_t wide[DLI_PATH_MAX];
    _wremove(dli_wide(wide, path));
}

static int dli_file_mode(const char *path)
{
    wchar_t wide[DLI_PATH_MAX];
    struct _stat64 s;
    if (_wstat64(dli_wide(wide, path), &s) != 0) return DLI_NO_FILE;
    return (s.st_mode & _S_IFMT) == _S_IFREG ? (int)(s.st_mode & 0777) : DLI_ODD_FILE;
}

static FILE *dli_file_create(const char *path, int mode)
{
    wchar_t wide[DLI_PATH_MAX];
    const int fd = _wopen(dli_wide(wide, path), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY |
                          _O_NOINHERIT, _S_IREAD | _S_IWRITE);
    (void)mode;
    return fd < 0 ? NULL : _fdopen(fd, "wb");
}

static bool dli_file_finish(FILE *f, const char *temporary, const char *path)
{
    wchar_t from[DLI_PATH_MAX], to[DLI_PATH_MAX];
    bool ok = fflush(f) == 0 && _commit(_fileno(f)) == 0;
    ok = fclose(f) == 0 && ok;
    if (!ok) return false;
    errno = EACCES;                               /* what it mostly is: somebody has it open */
    return MoveFileExW(dli_wide(from, temporary), dli_wide(to, path), 1 | 8) != 0;
}                                                 /* 1: replace; 8: write through */

static void dli_file_sweep(const char *temporary)
{
    char path[DLI_PATH_MAX];
    wchar_t wide[DLI_PATH_MAX];
    const size_t n = dli_dir_length(temporary);
    struct _wfinddata_t found;
    snprintf(path, sizeof path, "%.*s*.tmp", (int)(strlen(temporary) - 20), temporary);
    const intptr_t list = _wfindfirst(dli_wide(wide, path), &found);
    for (int more = list == -1 ? -1 : 0; more == 0; more = _wfindnext(list, &found)) {
        WideCharToMultiByte(65001, 0, found.name, -1, path + n, DLI_PATH_MAX - (int)n, NULL, NULL);
        if (dli_same_but_digits(path + n, temporary + n) &&
            difftime(time(NULL), (time_t)found.time_write) > 3600) dli_file_remove(path);
    }
    if (list != -1) _findclose(list);
}

#else
static bool dli_is_terminal(void) { return false; }
static bool dli_file_follow(char *to) { return to != NULL; }
static void dli_file_sweep(const char *temporary) { (void)temporary; }
static int dli_file_mode(const char *path) { return path ? DLI_NO_FILE : DLI_ODD_FILE; }

static FILE *dli_file_create(const char *path, int mode)
{
    FILE *f = fopen(path, "rb");                  /* C99 cannot do better; the name is random */
    (void)mode;
    if (!f) return fopen(path, "wb");
    fclose(f);
    return NULL;
}

static bool dli_file_finish(FILE *f, const char *temporary, const char *path)
{
    const bool ok = fflush(f) == 0;
    return fclose(f) == 0 && ok && rename(temporary, path) == 0;
}
#endif
#endif

/* isnan, without the macros of some C libraries that warn about their own insides. */
static bool dli_isnan(double x) { return x != x; }

/* Seconds from some fixed moment, by the best clock this compiler mode shows us. */
static double dli_now(void)
{
#if DLI_OPENMP
    return omp_get_wtime();
#elif defined(CLOCK_MONOTONIC) && !defined(_WIN32)
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
#elif defined(TIME_UTC) && !defined(_WIN32)
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
#else
    return (double)clock() / CLOCKS_PER_SEC;          /* on Windows, this is wall-clock time */
#endif
}

/* ---- vectors, for the fast room ---- */

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
/* gcc for Windows does not align the stack for vectors of 32 bytes and more (its bug 54412): there
   the narrow ones have to do. */
#if DLI_SIMD && (defined(__x86_64__) || defined(__i386__)) && \
    (!defined(_WIN32) || defined(__clang__))
#define DLI_X86 1
#else
#define DLI_X86 0
#endif

/* The old arithmetic of i386 (x87) computes with 64 binary digits and rounds to a float when it
   happens to store one. The fast room counts on the rounding, the kernels, which compute in double,
   do not: there they run alone. gcc -msse2 -mfpmath=sse brings the fast room back. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#define DLI_EXCESS 1
#else
#define DLI_EXCESS 0
#endif

/* Ask for the cache line at p. */
#if DLI_SIMD
#define DLI_PREFETCH(p) __builtin_prefetch(p)
#else
#define DLI_PREFETCH(p) ((void)(p))
#endif

/* DLI_VEC_CODE: vectorize the loops of this function (gcc's -O2 hardly would), and fuse a*b+c
   where the CPU can, whatever the command line says. clang does both by itself. */
#if DLI_SIMD && !defined(__clang__)
#define DLI_VEC_CODE __attribute__((optimize("tree-loop-vectorize", "vect-cost-model=dynamic", \
                                             "fp-contract=fast", "no-trapping-math")))
#define DLI_UNROLL _Pragma("GCC unroll 16")
#define DLI_IVDEP _Pragma("GCC ivdep")
#define DLI_LANES _Pragma("GCC unroll 8") for (dl_int l = 0; l < 16; l++)
#elif DLI_SIMD
#define DLI_VEC_CODE
#define DLI_UNROLL _Pragma("clang loop unroll(full)")
#define DLI_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define DLI_VEC_CODE
#define DLI_UNROLL
#define DLI_IVDEP
#endif
/* 16 sums side by side. gcc makes vectors of them; unrolled after that, they stay in registers. */
#ifndef DLI_LANES
#define DLI_LANES for (dl_int l = 0; l < 16; l++)
#endif
/* ... if told to. What was set is set again at the end; where clang cannot push it, by DEFAULT. */
#if defined(__clang__) && (defined(__x86_64__) || defined(__i386__))
#pragma float_control(push)
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

/* *n, which several threads may change, plus more. */
static int dli_atomic_add(int *n, int more)
{
#if defined(__GNUC__)
    return __atomic_add_fetch(n, more, __ATOMIC_ACQ_REL);
#elif defined(_MSC_VER)
    return (int)_InterlockedExchangeAdd((volatile long *)n, more) + more;
#else
    return *n += more;               /* elsewhere: free what is shared in one thread at a time */
#endif
}

/* ------------------------------------------------------------------------- >>errors-impl ---- */

#define DLI_ALIGN        64                    /* a cache line; every array starts on one       */
#define DLI_THREADS_MAX  1024                  /* more than any machine of this time has        */
#define DLI_ARENA_CHUNKS 64                    /* each doubles the arena: more than enough      */
#define DLI_PERSISTENT   UINT64_MAX            /* the generation of tensors off the tape        */

/* In front of everything a context owns, so that dl_free finds it. */
typedef struct dli_object {
    struct dli_object *prev, *next;
    dl_ctx *ctx;
    void (*destroy)(void *object);             /* frees what the object points to, or NULL      */
} dli_object;

typedef struct dli_node dli_node;

/* The tape's memory: chunks that are handed out from the front and taken back all at once. */
typedef struct dli_arena {
    void  *memory[DLI_ARENA_CHUNKS];           /* as allocated                                  */
    char  *base[DLI_ARENA_CHUNKS];             /* aligned                                       */
    dl_int size[DLI_ARENA_CHUNKS];
    int    chunks;                             /* allocated                                     */
    dl_int chunk, used;                        /* where the next bytes come from                */
} dli_arena;

/* Tensor headers of one generation of the tape, in blocks of 64, 128, 256, ... */
typedef struct dli_slab { dl_tensor *block[40]; int blocks; dl_int count; } dli_slab;

/* The kinds of work that may run on several threads; the sizes of one kind are comparable. */
#define DLI_JOB_UNARY(A, name, value, gradient, formula, what) \
    DLI_JOB_##name##_forward, DLI_JOB_##name##_backward,
typedef enum dli_job_kind {
    DLI_JOB_PRODUCT, DLI_JOB_THIN_PRODUCT, DLI_JOB_CONV, DLI_JOB_CONV_BACK, DLI_JOB_POOL,
    DLI_JOB_POOL_BACK, DLI_JOB_RECUR, DLI_JOB_RECUR_BACK, DLI_JOB_DROPOUT,
    DLI_JOB_BATCH_NORM, DLI_JOB_BATCH_NORM_BACK, DLI_JOB_GROUP_NORM, DLI_JOB_GROUP_NORM_BACK,
    DLI_JOB_SQUARES, DLI_JOB_SGD, DLI_JOB_MOMENTUM, DLI_JOB_RMSPROP, DLI_JOB_ADADELTA,
    DLI_JOB_ADAM, DLK_UNARY_VECTOR(DLI_JOB_UNARY, 0) DLI_JOB_KINDS
} dli_job_kind;

/* What is known about jobs of one kind and about one size: see dli_job_start. */
typedef struct dli_pace {
    float rate[2], sum;                        /* seconds a unit, one thread and all; in a trial */
    int   way, runs, stay;                     /* the better one; jobs so far, and since it is  */
    int   wait, gap, tried;                    /* jobs until the next trial, then; in a trial   */
} dli_pace;
#define DLI_JOB_LEAST   15                     /* jobs of less than 2^15 units run on one thread */
#define DLI_JOB_OCTAVES 24

#define DLI_SHAPE_TEXT 136                     /* bytes for a shape in a message                */

/* How much of Adam's means is there after t steps: 1 - b1^t, 1 - b2^t. */
typedef struct dli_adam_start { double b1, b2, c1, c2; int64_t t; } dli_adam_start;

struct dl_ctx {
    dl_code     code;                          /* the first error                               */
    char        text[512];
    dl_error_fn error_fn;
    void       *error_user;
    dl_rng      rng;
    uint64_t    seed;
    int         threads;
    bool        training, no_grad, closing;
    dli_object  objects;                       /* head of the list of all persistent objects    */
    dli_arena   arena;
    dli_slab    slab[2];                       /* generations alternate between two slabs       */
    uint64_t    generation;
    uint64_t    serial;                        /* number of tape tensors so far                 */
    uint32_t    pass;                          /* number of backward passes so far              */
    dli_node   *last;                          /* the newest operation on the tape              */
    dl_tensor  *reached;                       /* the last one given a gradient on the tape     */
    dl_int      to_go;                         /* operations that backward has yet to get to    */
    size_t      tape_bytes, tape_limit;
    void       *work;                          /* scratch for one operation at a time           */
    size_t      work_size;
    dl_kernels  kernels;                       /* what the operations call                      */
    bool        reference;                     /* ... and never a fast twin instead             */
    const struct dli_fast *fast;               /* the twins' functions, NULL in double          */
    void       *product_memory, *product_work; /* where matrix products pack; the same, aligned */
    dli_pace    pace[DLI_JOB_KINDS][DLI_JOB_OCTAVES];       /* one thread or all?            */
    dli_adam_start adam;                       /* as the last step needed it                    */
    char        info[160];
    char        shape_text[4][DLI_SHAPE_TEXT];
    unsigned    shape_texts;                   /* used in turn                                  */
    const char *advice;                        /* what helps when the tape is full, or NULL     */
    struct dli_registered *registered;         /* the user's descriptions, by name              */
    int         lent;                          /* models of other contexts that read its own    */
    struct dl_load_report *load_report;        /* of the last file of tensors, or NULL          */
};

/* A data set: samples first .. first+count-1 of a source, which its views share. */
struct dl_data {
    dl_ctx  *ctx;
    dl_int   first, count;
    dl_shape shape, target_shape;
    int      classes;
    bool     labels, targets;
    struct dli_storage *storage;
};

struct dl_loader {
    dl_data  data;                  /* a view of its own, so that the storage stays   */
    dl_int   batch_size;
    dl_int   next;                  /* samples of this epoch handed out yet           */
    dl_rng   rng;
    bool     shuffle;
    int32_t *order;                 /* the epoch's, or NULL: a stream, or not shuffled */
    int32_t *labels;                /* room for a batch's labels                      */
    dl_real *x, *y;                 /* a shuffled stream's buffer: filled samples     */
    int32_t *buffered;              /* and their labels                               */
    dl_int   filled;
    bool     dry;                   /* the stream has no more                         */
};

/* ---- text ----
   printf writes the point of a number as the program's locale has it: "0,75" in German, two bytes
   in Pashto. All text is made by dli_format and dli_print instead, which know printf's conversions
   (but for wide characters and %n) and write a point, nan and inf everywhere. */

/* Where text goes: to a file; or to a buffer, cut off at size bytes, the last of which is left for
   a 0. length counts all of it. quoted: it stands in a string, so \ comes before " and \. */
typedef struct dli_text { char *at; size_t size, length; FILE *file; bool quoted; } dli_text;

static void dli_put_some(dli_text *out, const char *s, size_t n)
{
    if (out->quoted && n > 1) {
        for (size_t i = 0; i < n; i++) dli_put_some(out, s + i, 1);
        return;
    }
    if (out->quoted && n > 0 && (*s == '"' || *s == '\\')) {
        out->quoted = false;
        dli_put_some(out, "\\", 1);
        out->quoted = true;
    }
#ifndef DL_NO_STDIO
    if (out->file) fwrite(s, 1, n, out->file);
#endif
    if (out->length + 1 < out->size) {
        const size_t room = out->size - 1 - out->length;
        memcpy(out->at + out->length, s, n < room ? n : room);
    }
    out->length += n;
}

static void dli_put(dli_text *out, const char *s) { dli_put_some(out, s, strlen(s)); }

/* n bytes of s in a field of so many (on the left of it when width is negative), filled up with
   spaces, or with zeros behind the sign. */
static void dli_put_field(dli_text *out, const char *s, size_t n, int width, bool zeros)
{
    const size_t sign = zeros ? strspn(s, "+- ") : 0;
    dli_put_some(out, s, sign);
    for (int i = (int)n; i < width; i++) dli_put(out, zeros ? "0" : " ");
    dli_put_some(out, s + sign, n - sign);
    for (int i = (int)n; width < 0 && i < -width; i++) dli_put(out, " ");
}

/* x by a format such as "%.*f". What is neither a digit, a sign nor a letter is the point. */
static void dli_double_text(char *s, size_t size, const char *format, int precision, double x)
{
    static const char others[] = "0123456789abcdefinpxABCDEFPX+- ";
    if (fabs(x) <= DBL_MAX) snprintf(s, size, format, precision, x);
    else strcpy(s, x != x ? "nan" : x > 0 ? "inf" : "-inf");
    char *point = s + strspn(s, others);
    const size_t bytes = strcspn(point, others);
    if (bytes == 0) return;
    *point = '.';
    memmove(point + 1, point + bytes, strlen(point + bytes) + 1);
}

/* The next argument of printf, of the size that its modifier tells: l, L for ll, j, z, t. */
static long long dli_next_integer(va_list *args, char size, bool sign)
{
    if (size == 'L' || size == 'j') return va_arg(*args, long long);
    if ((size == 'z' || size == 't') && sign) return va_arg(*args, ptrdiff_t);
    if (size == 'z' || size == 't') return (long long)va_arg(*args, size_t);
    if (size == 'l' && sign) return va_arg(*args, long);
    if (size == 'l') return (long long)va_arg(*args, unsigned long);
    return sign ? va_arg(*args, int) : (long long)va_arg(*args, unsigned);
}

/* A width or precision: a number in the format, or * for an argument. *f moves behind it. */
static int dli_format_count(const char **f, va_list *args)
{
    int n = 0;
    if (**f == '*') {
        ++*f;
        return va_arg(*args, int);
    }
    for (; **f >= '0' && **f <= '9'; ++*f) n = n < 1000 ? n * 10 + (**f - '0') : n;
    return n;
}

/* One conversion, f behind its %; where the format goes on. The platform's snprintf makes the text,
   but for the width: it would count the bytes of its point. */
static const char *dli_put_conversion(dli_text *out, const char *f, va_list *args)
{
    char format[16] = "%", s[512] = "%", size = 0;
    const char *text = s;
    int flags = 1, precision = -1;
    bool left = false, zeros = false;
    for (; *f && strchr("-+ #0", *f); f++) {
        left = left || *f == '-';
        zeros = zeros || *f == '0';
        if (*f != '-' && *f != '0' && flags < 4) format[flags++] = *f;
    }
    const int width = dli_format_count(&f, args);
    if (*f == '.') {
        f++;
        precision = dli_format_count(&f, args);
    }
    for (; *f && strchr("hlqjztL", *f); f++) size = size == 'l' || *f == 'q' ? 'L' : *f;
    if (!*f) return f;
    const char kind = *f;
    const bool whole = strchr("diuxXo", kind) != NULL;
    snprintf(format + flags, 8, ".*%s%c", whole ? "ll" : "", kind);
    if (whole) snprintf(s, sizeof s, format, precision,
                        dli_next_integer(args, size, kind == 'd' || kind == 'i'));
    else if (kind == 'c') s[0] = (char)va_arg(*args, int);
    else if (kind == 's') text = va_arg(*args, const char *);
    else if (kind == 'p') snprintf(s, sizeof s, "%p", va_arg(*args, void *));
    else if (kind != '%') dli_double_text(s, sizeof s, format, precision, size == 'L'
                                          ? (double)va_arg(*args, long double)
                                          : va_arg(*args, double));
    if (!text) text = "(null)";
    size_t n = 0;
    while ((kind != 's' || precision < 0 || n < (size_t)precision) && text[n]) n++;
    zeros = zeros && !left && kind != 's' && !(whole && precision >= 0) && !strchr(s, 'n');
    dli_put_field(out, text, n, left && width > 0 ? -width : width, zeros);
    return f + 1;
}

static void dli_put_args(dli_text *out, const char *format, va_list args)
{
    va_list rest;
    va_copy(rest, args);
    while (*format) {
        const size_t plain = strcspn(format, "%");
        dli_put_some(out, format, plain);
        format += plain;
        if (*format) format = dli_put_conversion(out, format + 1, &rest);
    }
    va_end(rest);
}

DLI_PRINTF(2, 3)
static void dli_putf(dli_text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    dli_put_args(out, format, args);
    va_end(args);
}

/* vsnprintf: the length, and as much of the text as fits, terminated. */
static int dli_format_args(char *buffer, size_t size, const char *format, va_list args)
{
    dli_text out = { buffer, size, 0, NULL, false };
    dli_put_args(&out, format, args);
    if (size > 0) buffer[out.length < size ? out.length : size - 1] = 0;
    return (int)out.length;
}

DLI_PRINTF(3, 4)
static int dli_format(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = dli_format_args(buffer, size, format, args);
    va_end(args);
    return length;
}

#ifndef DL_NO_STDIO
DLI_PRINTF(1, 2)
static void dli_print(const char *format, ...)
{
    dli_text out = { NULL, 0, 0, stdout, false };
    va_list args;
    va_start(args, format);
    dli_put_args(&out, format, args);
    va_end(args);
}
#endif

#define DLI_TEXT(code, text) text,
static const char *const dli_code_texts[] = { DL_ERRORS(DLI_TEXT) };
#undef DLI_TEXT

DL_DEF const char *dl_code_text(dl_code code)
{
    const int i = (int)code;
    return i >= 0 && i < (int)DLI_ERROR_COUNT ? dli_code_texts[i] : "unknown error";
}

DL_DEF dl_code dl_error(const dl_ctx *dl) { return dl ? dl->code : DL_ERR_MEMORY; }

DL_DEF const char *dl_error_text(const dl_ctx *dl)
{
    return dl ? dl->text : "the context is NULL: dl_new failed";
}

DL_DEF void dl_clear_error(dl_ctx *dl)
{
    if (!dl) return;
    dl->code = DL_OK;
    dl->text[0] = 0;
}

DL_DEF void dl_set_error_callback(dl_ctx *dl, dl_error_fn fn, void *user)
{
    if (!dl) return;
    dl->error_fn = fn;
    dl->error_user = user;
}

DL_DEF bool dl_fail(dl_ctx *dl, dl_code code, const char *format, ...)
{
    va_list args;
    if (!dl || dl->code != DL_OK || code == DL_OK) return false;
    dl->code = code;
    va_start(args, format);
    dli_format_args(dl->text, sizeof dl->text, format, args);
    va_end(args);
    if (dl->error_fn) dl->error_fn(code, dl->text, dl->error_user);
#ifndef DL_NO_STDIO
    else fprintf(stderr, "dl.h: %s\n", dl->text);
#endif
    return false;
}

static bool dli_no_memory(dl_ctx *c, const char *who, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return dl_fail(c, DL_ERR_MEMORY, "%s: out of memory (more asked for than this machine can "
                       "address; take a smaller batch or smaller sizes)", who);
    return dl_fail(c, DL_ERR_MEMORY, "%s: out of memory (%.1f MB asked for)", who,
                   (double)bytes / 1e6);
}

static bool dli_null(dl_ctx *c, const char *who, const char *what)
{
    return dl_fail(c, DL_ERR_ARGUMENT, "%s: %s is NULL", who, what);
}

/* ------------------------------------------------------------------------- >>memory-impl ---- */

static char *dli_align(void *p)
{
    uintptr_t a = (uintptr_t)p;
    return (char *)p + (size_t)((DLI_ALIGN - a % DLI_ALIGN) % DLI_ALIGN);
}

/* Memory that its owner frees with DL_FREE; NULL with a message when there is none. */
static void *dli_malloc(dl_ctx *c, const char *who, size_t bytes)
{
    void *p = bytes < SIZE_MAX / 2 ? DL_MALLOC(bytes) : NULL;
    if (!p) dli_no_memory(c, who, bytes);
    return p;
}

/* The same zeroed: count elements of size bytes. */
static void *dli_alloc(dl_ctx *c, const char *who, size_t count, size_t size)
{
    if (count == 0) count = 1;
    const size_t bytes = size > SIZE_MAX / count ? SIZE_MAX : count * size;
    void *p = dli_malloc(c, who, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

/* size zeroed bytes that the context owns; destroy is called before they are freed. */
static void *dli_object_new(dl_ctx *c, const char *who, size_t size, void (*destroy)(void *))
{
    const size_t bytes = size > SIZE_MAX / 2 ? size : sizeof(dli_object) + size;
    dli_object *o = (dli_object *)dli_alloc(c, who, 1, bytes);
    if (!o) return NULL;
    o->ctx = c;
    o->destroy = destroy;
    o->prev = &c->objects;
    o->next = c->objects.next;
    o->next->prev = o;
    c->objects.next = o;
    return o + 1;
}

static void dli_object_free(void *object)
{
    if (!object) return;
    dli_object *o = (dli_object *)object - 1;
    if (o->destroy) o->destroy(object);
    o->prev->next = o->next;
    o->next->prev = o->prev;
    DL_FREE(o);
}

DLI_INLINE dl_int dli_min(dl_int a, dl_int b) { return a < b ? a : b; }
DLI_INLINE dl_int dli_larger(dl_int a, dl_int b) { return a > b ? a : b; }

/* Sizes of work memory, in numbers. What is too large to be had stays DLI_HUGE, whatever is added
   to it or multiplied: so sizes are computed without a care and refused once, by dli_work. */
#define DLI_HUGE (PTRDIFF_MAX / (dl_int)sizeof(dl_real) / 64 * 16)
DLI_INLINE dl_int dli_plus(dl_int a, dl_int b) { return a > DLI_HUGE - b ? DLI_HUGE : a + b; }
DLI_INLINE dl_int dli_times(dl_int a, dl_int b)
{
    return b > 0 && a > DLI_HUGE / b ? DLI_HUGE : a * b;
}
/* Bytes of so many numbers; of too many, more than there can be. */
DLI_INLINE size_t dli_bytes_of(dl_int n)
{
    return n < DLI_HUGE ? (size_t)n * sizeof(dl_real) : SIZE_MAX;
}

/* Free what a tensor has beside its own memory: its name, if it has one. */
static void dli_tensor_destroy(void *object)
{
    const char *name = ((dl_tensor *)object)->name;
    if (name && name[0]) DL_FREE((void *)(uintptr_t)name);
}

/* Scratch memory for the operation at hand, aligned; the next call may hand out the same. */
static void *dli_work(dl_ctx *c, const char *who, size_t bytes)
{
    if (bytes > c->work_size) {
        void *p = dli_malloc(c, who, bytes > SIZE_MAX / 2 ? bytes : bytes + DLI_ALIGN);
        if (!p) return NULL;
        if (c->work) DL_FREE(c->work);
        c->work = p;
        c->work_size = bytes;
    }
    return dli_align(c->work);
}

/* Choose the fast functions for this CPU and give n threads room to pack; in >>fast-impl. */
static bool dli_fast_start(dl_ctx *c, int threads);
static const char *dli_fast_name(const dl_ctx *c);

DL_DEF dl_ctx *dl_new_checked(uint64_t seed, size_t real_size, int version)
{
    if (real_size != sizeof(dl_real) || version != DL_VERSION) {
#ifndef DL_NO_STDIO
        fprintf(stderr, "dl.h: dl_new: this file was compiled with version %d and %d-byte "
                "numbers, the implementation with %d and %d; define DL_REAL alike "
                "in all files and rebuild them\n", version, (int)real_size, DL_VERSION,
                (int)sizeof(dl_real));
#endif
        return NULL;
    }
    dl_ctx *c = (dl_ctx *)DL_MALLOC(sizeof *c);
    if (!c) return NULL;
    memset(c, 0, sizeof *c);
    c->objects.prev = c->objects.next = &c->objects;
    c->seed = seed;
    c->rng = dl_rng_new(seed, 0);
    dl_kernel_table_reset(c);
    c->training = true;
    c->generation = 1;
    c->tape_limit = (size_t)(sizeof(void *) > 4 ? UINT64_C(1) << 32 : UINT64_C(1) << 30);
#if DLI_OPENMP
    const int threads = (int)dli_min(omp_get_max_threads(), DLI_THREADS_MAX);
#else
    const int threads = 1;
#endif
    if (!dli_fast_start(c, threads)) {
        DL_FREE(c);
        return NULL;
    }
    return c;
}

DL_DEF void dl_free(dl_ctx *dl)
{
    if (!dl) return;
    const int lent = dli_atomic_add(&dl->lent, 0);
    if (lent) {
        dl_fail(dl, DL_ERR_STATE, "dl_free: %d models of other contexts share weights of this one "
                "(dl_model_share); free them first", lent);
        return;
    }
    dl->closing = true;
    while (dl->objects.next != &dl->objects) dli_object_free(dl->objects.next + 1);
    for (int i = 0; i < dl->arena.chunks; i++) {
        DLI_UNPOISON(dl->arena.base[i], (size_t)dl->arena.size[i]);
        DL_FREE(dl->arena.memory[i]);
    }
    for (int s = 0; s < 2; s++)
        for (int b = 0; b < dl->slab[s].blocks; b++) {
            dl_tensor *block = dl->slab[s].block[b];
            for (dl_int i = 0; i < (dl_int)64 << b; i++) dli_tensor_destroy(block + i);
            DL_FREE(block);
        }
    if (dl->work) DL_FREE(dl->work);
    if (dl->product_memory) DL_FREE(dl->product_memory);
    DL_FREE(dl);
}

DL_DEF bool dl_set_threads(dl_ctx *dl, int n)
{
    if (!dl) return false;
    if (n < 1 || n > DLI_THREADS_MAX)            /* beyond its limits OpenMP ends the program */
        return dl_fail(dl, DL_ERR_ARGUMENT, "dl_set_threads: %d threads; give 1 to %d", n,
                       DLI_THREADS_MAX);
    if (!dli_fast_start(dl, DLI_OPENMP ? n : 1))
        return dl_fail(dl, DL_ERR_MEMORY, "dl_set_threads: out of memory for %d threads", n);
    memset(dl->pace, 0, sizeof dl->pace);        /* other threads, other times */
    return true;
}

DL_DEF int dl_threads(const dl_ctx *dl) { return dl ? dl->threads : 0; }

DL_DEF const char *dl_info(dl_ctx *dl)
{
    if (!dl) return "";
    dli_format(dl->info, sizeof dl->info, "dl.h %d.%d.%d, %s, %s, %d thread%s", DL_VERSION_MAJOR,
             DL_VERSION_MINOR, DL_VERSION_PATCH, DLI_DOUBLE ? "double" : "float",
             dli_fast_name(dl), dl->threads, dl->threads == 1 ? "" : "s");
    return dl->info;
}

#ifndef DL_NO_STDIO
/* What an errno means; 0 when the C library did not set one, which C99 leaves open. */
static const char *dli_reason(int error) { return error ? strerror(error) : "unknown reason"; }

/* A whole file into memory that the caller frees with DL_FREE, its length into *size. How long it
   is shows only when it has been read: asking first gives nonsense for pipes and directories.
   NULL with a message that ends in hint. */
static uint8_t *dli_read_file(dl_ctx *c, const char *who, const char *path, const char *hint,
                              size_t *size)
{
    errno = 0;
    FILE *f = dli_file_read(path);
    if (!f) {
        dl_fail(c, DL_ERR_FILE, "%s: cannot open %s: %s%s", who, path, dli_reason(errno), hint);
        return NULL;
    }
    size_t room = (size_t)1 << 15, used = 0;
    uint8_t *p = NULL, *more;
    do {
        room *= 2;
        more = room > SIZE_MAX / 2 ? NULL
                                   : (uint8_t *)(p ? DL_REALLOC(p, room) : DL_MALLOC(room));
        if (more) p = more;
        if (more) used += fread(p + used, 1, room - used, f);
    } while (more && used == room);
    const bool read = more && !ferror(f);
    if (!more) dli_no_memory(c, who, room);
    else if (!read)
        dl_fail(c, DL_ERR_FILE, "%s: cannot read %s: %s%s", who, path, dli_reason(errno), hint);
    fclose(f);
    *size = used;
    if (read) return p;
    if (p) DL_FREE(p);
    return NULL;
}
#endif

/* ---------------------------------------------------------------------------- >>rng-impl ---- */

/* SplitMix64's mixing of 64 bits: every input bit flips about half of the output bits. */
static uint64_t dli_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Number i of the stream with this key. */
static uint64_t dli_hash(uint64_t key, uint64_t i)
{
    return dli_mix(key + (i + 1) * UINT64_C(0x9E3779B97F4A7C15));
}

DL_DEF dl_rng dl_rng_new(uint64_t seed, uint64_t stream)
{
    const dl_rng r = { dli_hash(dli_mix(seed), dli_mix(stream + 1)), 0 };
    return r;
}

DL_DEF dl_rng *dl_ctx_rng(dl_ctx *dl) { return dl ? &dl->rng : NULL; }

DL_DEF uint64_t dl_rng_u64(dl_rng *r) { return r ? dli_hash(r->key, r->counter++) : 0; }

DL_DEF double dl_rng_uniform(dl_rng *r)
{
    if (!r) return (double)NAN;
    return (double)(dl_rng_u64(r) >> 11) * (1.0 / 9007199254740992.0);      /* 2^-53 */
}

/* Uniform in [lo, hi) as a dl_real: one draw in 3 * 10^7 is so close to hi that a float rounds it
   to hi, and becomes the number below. */
static dl_real dli_uniform(dl_rng *r, double lo, double hi)
{
    const volatile dl_real x = (dl_real)(lo + (hi - lo) * dl_rng_uniform(r));  /* on x87, too */
    if ((double)x < hi || !(lo < hi)) return x;
    return (dl_real)(DLI_DOUBLE ? nextafter((double)x, lo)
                                : (double)nextafterf((float)x, (float)lo));
}

DL_DEF double dl_rng_normal(dl_rng *r)
{
    const double u1 = 1.0 - dl_rng_uniform(r);                                    /* in (0, 1] */
    const double u2 = dl_rng_uniform(r);
    return sqrt(-2.0 * log(u1)) * cos(6.283185307179586 * u2);
}

DL_DEF dl_int dl_rng_int(dl_rng *r, dl_int n)
{
    if (!r || n < 1) return 0;
    const uint64_t range = (uint64_t)n;
    const uint64_t limit = UINT64_MAX - UINT64_MAX % range;       /* so that none is favoured */
    uint64_t u;
    do u = dl_rng_u64(r); while (u >= limit);
    return (dl_int)(u % range);
}

DL_DEF void dl_rng_permutation(dl_rng *r, int32_t *order, dl_int n)
{
    if (!r || !order) return;
    for (dl_int i = 0; i < n; i++) order[i] = (int32_t)i;
    for (dl_int i = n - 1; i > 0; i--) {
        const dl_int j = dl_rng_int(r, i + 1);
        const int32_t t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}

/* CRC-32, the remainder of the bits divided by a polynomial, four bits at a time. */
static uint32_t dli_crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    uint32_t table[16];
    for (uint32_t i = 0; i < 16; i++) {
        table[i] = i;
        for (int bit = 0; bit < 4; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
    }
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc = crc >> 4 ^ table[(crc ^ p[i]) & 15];
        crc = crc >> 4 ^ table[(crc ^ p[i] >> 4) & 15];
    }
    return ~crc;
}

/* ---- sorting ----
   n pairs by key, those of one key by place. Heapsort: the largest of a heap goes to its end, then
   the rest is made a heap again. */
typedef struct dli_ranked { double key; dl_int at; } dli_ranked;

static bool dli_before(const dli_ranked *a, const dli_ranked *b)
{
    return a->key < b->key || (a->key == b->key && a->at < b->at);
}

/* Let r[at] sink to where the heap r[0 .. n-1] has it. */
static void dli_sink(dli_ranked *r, dl_int at, dl_int n)
{
    const dli_ranked down = r[at];
    for (dl_int child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && dli_before(&r[child], &r[child + 1])) child++;
        if (!dli_before(&down, &r[child])) break;
        r[at] = r[child];
        at = child;
    }
    r[at] = down;
}

static void dli_sort_ranked(dli_ranked *r, dl_int n)
{
    for (dl_int i = n / 2 - 1; i >= 0; i--) dli_sink(r, i, n);
    for (dl_int end = n - 1; end > 0; end--) {
        const dli_ranked largest = r[0];
        r[0] = r[end];
        r[end] = largest;
        dli_sink(r, 0, end);
    }
}

/* ------------------------------------------------------------------------ >>kernels-impl ----
   How to read this room. Each forward is a loop around one formula; the backward under it quotes
   the forward line it inverts as "forward: ..." and does what the chain rule says: an input's
   gradient is the output's gradient times the derivative of that line, added up over all places
   where the input was used. That is why every backward says += (or -=) and never =.

   Single formulas are computed in double, also when dl_real is float: the functions of math.h
   then serve both, and no digits are lost between two roundings. Sums of a matrix product stay in
   dl_real, for speed. These loops are what the fast twins are tested against.

   ------------------------------------------------------------------------------------------ */

/* Each output is a dot product of a row of x and a row of w, both walked along in memory. */
DL_DEF void dlk_linear_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                               dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = b ? b[j] : 0;
            for (dl_int k = 0; k < D; k++) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
        }
}

/* db[m] += the sum of dy[n,m,i] over the N samples and, in an image, its S places. In double: of a
   float sum of a million equal terms the third digit is wrong. */
static void dli_bias_backward(dl_real *db, const dl_real *dy, dl_int N, dl_int M, dl_int S)
{
    for (dl_int m = 0; m < M; m++) {
        double sum = 0;
        for (dl_int n = 0; n < N; n++)
            for (dl_int i = 0; i < S; i++) sum += (double)dy[(n * M + m) * S + i];
        db[m] += (dl_real)sum;
    }
}

/* forward: y[i,j] = b[j] + sum_k x[i,k] w[j,k]
   Three loops over the same products, in three orders, so that the inner one runs along memory. */
DL_DEF void dlk_linear_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int M)
{
    if (dx) /* x[i,k] went into y[i,j] for every j, with the factor w[j,k] */
        for (dl_int i = 0; i < N; i++)
            for (dl_int j = 0; j < M; j++)
                for (dl_int k = 0; k < D; k++) dx[i * D + k] += dy[i * M + j] * w[j * D + k];
    if (dw) /* w[j,k] went into y[i,j] for every sample i, with the factor x[i,k] */
        for (dl_int j = 0; j < M; j++)
            for (dl_int i = 0; i < N; i++)
                for (dl_int k = 0; k < D; k++) dw[j * D + k] += dy[i * M + j] * x[i * D + k];
    if (db) dli_bias_backward(db, dy, N, M, 1); /* b[j] went into every y[i,j], with the factor 1 */
}

/* In the order i, k, j the inner loop adds a multiple of a row of b to a row of y, so that all
   of it runs along memory; i, j, k would jump through b by M elements a step. */
DL_DEF void dlk_matmul_forward(dl_real *y, const dl_real *a, const dl_real *b,
                               dl_int N, dl_int K, dl_int M)
{
    for (dl_int i = 0; i < N; i++) {
        for (dl_int j = 0; j < M; j++) y[i * M + j] = 0;
        for (dl_int k = 0; k < K; k++)
            for (dl_int j = 0; j < M; j++) y[i * M + j] += a[i * K + k] * b[k * M + j];
    }
}

/* forward: y[i,j] += a[i,k] b[k,j] */
DL_DEF void dlk_matmul_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                                const dl_real *b, dl_int N, dl_int K, dl_int M)
{
    if (da)
        for (dl_int i = 0; i < N; i++)
            for (dl_int k = 0; k < K; k++) {
                dl_real sum = 0;
                for (dl_int j = 0; j < M; j++) sum += dy[i * M + j] * b[k * M + j];
                da[i * K + k] += sum;
            }
    if (db)
        for (dl_int i = 0; i < N; i++)
            for (dl_int k = 0; k < K; k++)
                for (dl_int j = 0; j < M; j++) db[k * M + j] += a[i * K + k] * dy[i * M + j];
}

/* Arithmetic, from the list DLK_BINARY. The line X(mul, a * b, dy * b, dy * a, ...) becomes

       DL_DEF void dlk_mul_forward(dl_real *ys, const dl_real *as, const dl_real *bs,
                                   dl_int n, dl_int sa, dl_int sb)
       {
           for (dl_int i = 0; i < n; i++) {
               const dl_real a = as[i * sa], b = bs[i * sb];
               ys[i] = a * b;
           }
       }

   and a backward of two such loops, one for da with dy * b, one for db with dy * a. */
#define DLI_BINARY_FORWARD(A, name, value, to_a, to_b, formula, what)                            \
    DL_DEF void dlk_##name##_forward(dl_real *ys, const dl_real *as, const dl_real *bs,          \
                                     dl_int n, dl_int sa, dl_int sb)                             \
    {                                                                                            \
        for (dl_int i = 0; i < n; i++) {                                                         \
            const dl_real a = as[i * sa], b = bs[i * sb];                                        \
            ys[i] = value;                                                                       \
        }                                                                                        \
    }
DLK_BINARY(DLI_BINARY_FORWARD, 0)

/* With a step of 0, a[i * sa] is the same element every time: its gradient is the sum over all i,
   taken in double, as a float sum of a million equal terms is wrong in the third digit. */
#define DLI_BINARY_EACH(gradient, add)                                                           \
    for (dl_int i = 0; i < n; i++) {                                                             \
        const dl_real a = as[i * sa], b = bs[i * sb], dy = dys[i], g = gradient;                 \
        (void)a; (void)b;                                                                        \
        add;                                                                                     \
    }
#define DLI_BINARY_HALF(ds, step, gradient)                                                      \
    if (ds && step != 0) DLI_BINARY_EACH(gradient, ds[i * step] += g)                            \
    if (ds && step == 0 && n > 0) {                                                              \
        double sum = 0;                                                                          \
        DLI_BINARY_EACH(gradient, sum += (double)g)                                              \
        ds[0] += (dl_real)sum;                                                                   \
    }
#define DLI_BINARY_BACKWARD(A, name, value, to_a, to_b, formula, what)                           \
    DL_DEF void dlk_##name##_backward(dl_real *da, dl_real *db, const dl_real *dys,              \
                                      const dl_real *as, const dl_real *bs,                      \
                                      dl_int n, dl_int sa, dl_int sb)                            \
    {                                                                                            \
        DLI_BINARY_HALF(da, sa, to_a)                                                            \
        DLI_BINARY_HALF(db, sb, to_b)                                                            \
    }
DLK_BINARY(DLI_BINARY_BACKWARD, 0)

/* ---- elementwise functions, from the list DLK_UNARY ----
   First the functions that its expressions call, in double. */
DLI_INLINE double dli_exp(double x) { return exp(x); }
DLI_INLINE double dli_expm1(double x) { return expm1(x); }    /* e^x - 1, exact near 0 */
DLI_INLINE double dli_tanh(double x) { return tanh(x); }
DLI_INLINE double dli_abs(double x) { return fabs(x); }

/* For a very negative x, e^-x is infinite and the quotient 0, as it should: no test needed. */
static double dli_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* s (1 - s) = e^-x / (1 + e^-x)^2, which is the same for -x: with |x| nothing overflows, and unlike
   1 - s it keeps its digits where s is nearly 1. */
static double dli_slope(double x)
{
    const double e = exp(-fabs(x));
    return e / ((1 + e) * (1 + e));
}

/* ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|): the power is never above 1, so nothing overflows.
   log1p(u) is ln(1 + u) without losing a small u. */
static double dli_softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

/* (1 + erf(x / sqrt 2)) / 2; with erfc(u) = 1 - erf(u) it is one term, and keeps its digits where
   Phi is small. */
static double dli_phi(double x)
{
    return erfc(-x * 0.70710678118654752440) / 2;
}

static double dli_density(double x)
{
    return 0.39894228040143267794 * exp(-x * x / 2);
}

/* The tanh form of GELU has (1 + tanh u) / 2 for Phi, which is sigmoid(2 u): one term, again. */
static double dli_bend(double x)
{
    return 1.59576912160573071176 * (x + 0.044715 * x * x * x);
}

static double dli_bend_slope(double x)
{
    return 1.59576912160573071176 * (1 + 3 * 0.044715 * x * x);
}

/* x == x is false for a NaN, which goes on. */
static double dli_fade(double x, double e)
{
    return e == 0 && x == x ? copysign(0.0, x) : x * e;
}

/* The line X(tanh, dli_tanh(x), dy * (1 - y * y), ...) becomes

       DL_DEF void dlk_tanh_forward(dl_real *ys, const dl_real *xs, dl_int n, double p, double q)
       {
           for (dl_int i = 0; i < n; i++) {
               const double x = (double)xs[i];
               ys[i] = (dl_real)(tanh(x));
           }
       }
       DL_DEF void dlk_tanh_backward(dl_real *dxs, const dl_real *dys, const dl_real *ys,
                                     const dl_real *xs, dl_int n, double p, double q)
       {
           for (dl_int i = 0; i < n; i++) {
               const double y = (double)ys[i], dy = (double)dys[i];
               dxs[i] += (dl_real)(dy * (1 - y * y));
           }
       }

   The backward may use x or y. y is at hand and often simpler, but has been rounded: ELU's
   derivative p e^x is also y + p, which is 0 where y has been rounded to -p. */
#define DLI_UNARY_KERNELS(A, name, value, gradient, formula, what)                               \
    DL_DEF void dlk_##name##_forward(dl_real *ys, const dl_real *xs, dl_int n, double p,         \
                                     double q)                                                   \
    {                                                                                            \
        (void)p; (void)q;                                                                        \
        for (dl_int i = 0; i < n; i++) {                                                         \
            const double x = (double)xs[i];                                                      \
            ys[i] = (dl_real)(value);                                                            \
        }                                                                                        \
    }                                                                                            \
    DL_DEF void dlk_##name##_backward(dl_real *dxs, const dl_real *dys, const dl_real *ys,       \
                                      const dl_real *xs, dl_int n, double p, double q)           \
    {                                                                                            \
        (void)p; (void)q;                                                                        \
        for (dl_int i = 0; i < n; i++) {                                                         \
            const double x = (double)xs[i], y = (double)ys[i], dy = (double)dys[i];              \
            (void)x; (void)y;                                                                    \
            dxs[i] += (dl_real)(gradient);                                                       \
        }                                                                                        \
    }
DLK_UNARY(DLI_UNARY_KERNELS, 0)

/* The sum of n elements, step apart, each times scale. Long ones are halved, so that rounding
   errors grow with log n, not n; short ones are four sums, none of which waits for another. */
static double dli_sum_of(const dl_real *x, dl_int n, dl_int step, double scale)
{
    const dl_int half = n / 2;
    if (n > 512)
        return dli_sum_of(x, half, step, scale) +
               dli_sum_of(x + half * step, n - half, step, scale);
    double part[4] = { 0, 0, 0, 0 };
    for (dl_int k = 0; k < n; k++) part[k % 4] += scale * (double)x[k * step];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

DL_DEF void dlk_sum_forward(dl_real *y, const dl_real *x, dl_int outer, dl_int n, dl_int inner,
                            double scale)
{
    for (dl_int o = 0; o < outer; o++)
        for (dl_int i = 0; i < inner; i++) {
            const dl_real *from = x + o * n * inner + i;
            double sum = scale * dli_sum_of(from, n, inner, 1);
            if (n > 0 && !(fabs(sum) < INFINITY)) sum = dli_sum_of(from, n, inner, scale);
            *y++ = (dl_real)sum;
        }
}

/* forward: y[o,i] = scale sum_k x[o,k,i]; each x[o,k,i] has the derivative scale */
DL_DEF void dlk_sum_backward(dl_real *dx, const dl_real *dy, dl_int outer, dl_int n, dl_int inner,
                             double scale)
{
    for (dl_int o = 0; o < outer; o++, dy += inner)
        for (dl_int k = 0; k < n; k++)
            for (dl_int i = 0; i < inner; i++) *dx++ += (dl_real)(scale * (double)dy[i]);
}

/* Softmax: y_c = e^(x_c) / sum_k e^(x_k). A large x makes e^x overflow; but a number m subtracted
   from all x cancels, e^(x_c - m) / sum_k e^(x_k - m), and with m the row's largest element no
   power is above 1, and the sum, in which that element counts 1, not below. Likewise
     log y_c = x_c - m - log sum_k e^(x_k - m)         (log-sum-exp)
   never takes the logarithm of a y that has become 0. A NaN in the row makes the sum NaN. */
static double dli_row_max(const dl_real *x, dl_int C)
{
    double max = -(double)INFINITY;
    for (dl_int c = 0; c < C; c++)
        if ((double)x[c] > max) max = (double)x[c];
    return max;
}

/* x - max. A logit of +infinity takes all (several share), which is the limit; without the test it
   would be infinity - infinity. A row of -infinity has no limit: NaN. */
static double dli_below_max(double x, double max)
{
    return x == max && max > 0 ? 0 : x - max;
}

static double dli_row_sum_exp(const dl_real *x, dl_int C, double max)
{
    double sum = 0;
    for (dl_int c = 0; c < C; c++) sum += exp(dli_below_max((double)x[c], max));
    return sum;
}

/* y may be x. */
static void dli_softmax_row(dl_real *y, const dl_real *x, dl_int C, double max, double sum)
{
    for (dl_int c = 0; c < C; c++) y[c] = (dl_real)(exp(dli_below_max((double)x[c], max)) / sum);
}

DL_DEF void dlk_softmax_forward(dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
    for (dl_int i = 0; i < N; i++, x += C, y += C) {
        const double max = dli_row_max(x, C);
        dli_softmax_row(y, x, C, max, dli_row_sum_exp(x, C, max));
    }
}

/* forward: y_k = e^(x_k) / sum; dy_k/dx_c = y_k ([k == c] - y_c). Summed over k:
   dx_c = y_c dy_c - y_c sum_k dy_k y_k */
DL_DEF void dlk_softmax_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                 dl_int N, dl_int C)
{
    for (dl_int i = 0; i < N; i++, dx += C, dy += C, y += C) {
        double sum = 0;
        for (dl_int c = 0; c < C; c++) sum += (double)dy[c] * (double)y[c];
        for (dl_int c = 0; c < C; c++) dx[c] += (dl_real)((double)y[c] * ((double)dy[c] - sum));
    }
}

DL_DEF void dlk_log_softmax_forward(dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
    for (dl_int i = 0; i < N; i++, x += C, y += C) {
        const double max = dli_row_max(x, C), log_sum = log(dli_row_sum_exp(x, C, max));
        for (dl_int c = 0; c < C; c++)
            y[c] = (dl_real)(dli_below_max((double)x[c], max) - log_sum);
    }
}

/* forward: y_k = x_k - log sum; dy_k/dx_c = [k == c] - softmax_c, and softmax_c = e^(y_c) */
DL_DEF void dlk_log_softmax_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                     dl_int N, dl_int C)
{
    for (dl_int i = 0; i < N; i++, dx += C, dy += C, y += C) {
        double sum = 0;
        for (dl_int c = 0; c < C; c++) sum += (double)dy[c];
        for (dl_int c = 0; c < C; c++) dx[c] += (dl_real)((double)dy[c] - exp((double)y[c]) * sum);
    }
}

/* A random 32-bit number for element i of a stream, so that nothing need be stored to have it
   again: the counter is spread by a multiply and mixed by the finisher of MurmurHash3 (A.
   Appleby, public domain) with the key let in twice.
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

/* The top 24 bits of the hash, as a number in [0, 1), fall below p with probability p. */
static bool dli_keep(uint64_t key, dl_int i, double p)
{
    const uint32_t key0 = (uint32_t)key + (uint32_t)((uint64_t)i >> 32);
    return (dli_hash32((uint32_t)i, key0, (uint32_t)(key >> 32)) >> 8) * (1.0 / 16777216) >= p;
}

/* What is kept grows by 1 / (1 - p), so that the mean stays and evaluation needs no correction. */
DL_DEF void dlk_dropout_forward(dl_real *y, const dl_real *x, dl_int n, double p, uint64_t key)
{
    const dl_real scale = (dl_real)(1 / (1 - p));
    for (dl_int i = 0; i < n; i++) y[i] = dli_keep(key, i, p) ? x[i] * scale : 0;
}

/* forward: y[i] = keep_i ? x[i] / (1 - p) : 0; the same key drops the same elements */
DL_DEF void dlk_dropout_backward(dl_real *dx, const dl_real *dy, dl_int n, double p,
                                 uint64_t key)
{
    const dl_real scale = (dl_real)(1 / (1 - p));
    for (dl_int i = 0; i < n; i++) dx[i] += dli_keep(key, i, p) ? dy[i] * scale : 0;
}

/* Losses. Sums run in double: a float sum of a million equal terms is wrong in the third digit. The
   scale is multiplied in early, so that a mean is finite where the sum would not be; 0 * scale is
   0, or a NaN for 1/0, the scale of the mean of nothing. */

DL_DEF void dlk_mse_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale)
{
    double sum = 0 * scale;
    for (dl_int i = 0; i < n; i++) {
        const double d = (double)x[i] - (double)t[i];
        sum += scale * d * d;
    }
    loss[0] = (dl_real)sum;
}

/* forward: sum += d^2, d = x - t; the derivative is 2 d */
DL_DEF void dlk_mse_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale)
{
    const double s = (double)dloss * scale;
    for (dl_int i = 0; i < n; i++) dx[i] += (dl_real)(s * 2 * ((double)x[i] - (double)t[i]));
}

DL_DEF void dlk_mae_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale)
{
    double sum = 0 * scale;
    for (dl_int i = 0; i < n; i++) sum += scale * fabs((double)x[i] - (double)t[i]);
    loss[0] = (dl_real)sum;
}

/* forward: sum += |x - t|; the derivative is the sign */
DL_DEF void dlk_mae_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale)
{
    const dl_real s = (dl_real)((double)dloss * scale);
    for (dl_int i = 0; i < n; i++) dx[i] += x[i] > t[i] ? s : x[i] < t[i] ? -s : 0;
}

DL_DEF void dlk_huber_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                              dl_int n, double delta, double scale)
{
    double sum = 0 * scale;
    for (dl_int i = 0; i < n; i++) {
        const double d = fabs((double)x[i] - (double)t[i]);
        sum += scale * (d <= delta ? d * d / 2 : delta * (d - delta / 2));
    }
    loss[0] = (dl_real)sum;
}

/* forward: sum += d <= delta ? d^2 / 2 : delta (d - delta / 2); a parabola that goes on as a
   straight line, so the slope x - t grows up to delta and stays there */
DL_DEF void dlk_huber_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                               dl_int n, double delta, double scale)
{
    const double s = (double)dloss * scale;
    for (dl_int i = 0; i < n; i++) {
        const double d = (double)x[i] - (double)t[i];
        dx[i] += (dl_real)(s * (d > delta ? delta : d < -delta ? -delta : d));
    }
}

/* -t ln s(x) - (1 - t) ln(1 - s(x)): no logarithm of a number that may have become 0, if written
   with -ln s(x) = ln(1 + e^-x) and, as 1 - s(x) = s(-x), -ln(1 - s(x)) = ln(1 + e^x). These two
   differ by x, so the sum is ln(1 + e^-|x|), the smaller of them, plus |x| times the target's share
   of the larger one: 1 - t on the right, t on the left. A certain network (x = 40) that is right
   (t = 1) thus costs e^-40, not the 0 or the NaN of x - x t. */
DL_DEF void dlk_bce_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale)
{
    double sum = 0 * scale;
    for (dl_int i = 0; i < n; i++) {
        const double u = (double)x[i], wrong = u > 0 ? 1 - (double)t[i] : (double)t[i];
        sum += scale * (dli_fade(fabs(u), wrong) + log1p(exp(-fabs(u))));
    }
    loss[0] = (dl_real)sum;
}

/* forward: sum += ln(1 + e^x) - x t, in other words; the derivative is s(x) - t, which on the right
   is (1 - t) - s(-x) */
DL_DEF void dlk_bce_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale)
{
    const double s = (double)dloss * scale;
    for (dl_int i = 0; i < n; i++) {
        const double u = (double)x[i], v = (double)t[i];
        dx[i] += (dl_real)(s * (u > 0 ? 1 - v - dli_sigmoid(-u) : dli_sigmoid(u) - v));
    }
}

/* The loss is read from x before p is written, because p may be x. */
DL_DEF void dlk_cross_entropy_forward(dl_real *loss, dl_real *p, const dl_real *x,
                                      const int32_t *label, dl_int N, dl_int C, double scale)
{
    double total = 0 * scale;
    for (dl_int i = 0; i < N; i++, x += C, p += C) {
        const double max = dli_row_max(x, C), sum = dli_row_sum_exp(x, C, max);
        total -= scale * (dli_below_max((double)x[label[i]], max) - log(sum));
        dli_softmax_row(p, x, C, max, sum);
    }
    loss[0] = (dl_real)total;
}

/* forward: total -= x_label - max - log(sum), that is log sum_k e^(x_k) - x_label. The first term
   has the derivative p_c (see the softmax), the second 1 at the label: what the network said
   minus what it should have said. */
DL_DEF void dlk_cross_entropy_backward(dl_real *dx, dl_real dloss, const dl_real *p,
                                       const int32_t *label, dl_int N, dl_int C, double scale)
{
    const double s = (double)dloss * scale;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++)
            dx[i * C + c] += (dl_real)(s * ((double)p[i * C + c] - (c == label[i] ? 1 : 0)));
}

/* A target of 0 adds nothing, even where the logit is -infinity: 0 log 0 counts as 0. */
DL_DEF void dlk_soft_cross_entropy_forward(dl_real *loss, dl_real *p, const dl_real *x,
                                           const dl_real *t, dl_int N, dl_int C, double scale)
{
    double total = 0 * scale;
    for (dl_int i = 0; i < N; i++, x += C, t += C, p += C) {
        const double max = dli_row_max(x, C), sum = dli_row_sum_exp(x, C, max), log_sum = log(sum);
        for (dl_int c = 0; c < C; c++)
            if (t[c] != 0)
                total -= scale * (double)t[c] * (dli_below_max((double)x[c], max) - log_sum);
        dli_softmax_row(p, x, C, max, sum);
    }
    loss[0] = (dl_real)total;
}

/* forward: total -= t_k (x_k - log sum), for every k; each k gives t_k p_c, and k = c also -t_c */
DL_DEF void dlk_soft_cross_entropy_backward(dl_real *dx, dl_real dloss, const dl_real *p,
                                            const dl_real *t, dl_int N, dl_int C, double scale)
{
    const double s = (double)dloss * scale;
    for (dl_int i = 0; i < N; i++, dx += C, p += C, t += C) {
        double sum = 0;
        for (dl_int k = 0; k < C; k++) sum += (double)t[k];
        for (dl_int c = 0; c < C; c++) dx[c] += (dl_real)(s * ((double)p[c] * sum - (double)t[c]));
    }
}

/* Optimizers. A moment that only decays ends among the denormal numbers, the ones just above 0,
   with which processors compute many times slower (Adam: six times). Before it gets there, or its
   product with a learning rate does, it becomes 0. */
#define DLI_MOMENT_MIN (DLI_DOUBLE ? 1e-300 : 1e-34)
static dl_real dli_flush(double moment)
{
    return fabs(moment) < DLI_MOMENT_MIN ? 0 : (dl_real)moment;
}

DL_DEF void dlk_sgd_step(dl_real *w, const dl_real *g, dl_int n, double lr)
{
    for (dl_int i = 0; i < n; i++) w[i] -= (dl_real)(lr * (double)g[i]);
}

DL_DEF void dlk_momentum_step(dl_real *w, const dl_real *g, dl_real *v, dl_int n,
                              double gain, double rate, double mu, bool nesterov)
{
    for (dl_int i = 0; i < n; i++) {
        const double push = gain * (double)g[i];
        const double vi = mu * (double)v[i] + push;
        v[i] = dli_flush(vi);
        w[i] -= (dl_real)(rate * (nesterov ? mu * vi + push : vi));
    }
}

DL_DEF void dlk_adagrad_step(dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double eps_in, double eps_out)
{
    for (dl_int i = 0; i < n; i++) {
        const double gi = (double)g[i];
        const double ai = (double)a[i] + gi * gi;
        a[i] = (dl_real)ai;
        w[i] -= (dl_real)(lr * gi / (sqrt(ai + eps_in) + eps_out));
    }
}

/* a is the mean square of the gradients, u that of the steps d: their quotient gives d the unit
   of the weights, which a gradient does not have. */
DL_DEF void dlk_adadelta_step(dl_real *w, const dl_real *g, dl_real *a, dl_real *u, dl_int n,
                              double lr, double rho, double eps)
{
    for (dl_int i = 0; i < n; i++) {
        const double gi = (double)g[i];
        const double ai = rho * (double)a[i] + (1 - rho) * gi * gi;
        const double d = gi * sqrt((double)u[i] + eps) / sqrt(ai + eps);
        a[i] = dli_flush(ai);
        u[i] = dli_flush(rho * (double)u[i] + (1 - rho) * d * d);
        w[i] -= (dl_real)(lr * d);
    }
}

DL_DEF void dlk_rmsprop_step(dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double rho, double eps_in, double eps_out)
{
    for (dl_int i = 0; i < n; i++) {
        const double gi = (double)g[i];
        const double ai = rho * (double)a[i] + (1 - rho) * gi * gi;
        a[i] = dli_flush(ai);
        w[i] -= (dl_real)(lr * gi / (sqrt(ai + eps_in) + eps_out));
    }
}

/* m and v start at 0, so in the first steps they are too small by 1 - b^t: that is corrected. */
DL_DEF void dlk_adam_step(dl_real *w, const dl_real *g, dl_real *m, dl_real *v, dl_int n,
                          double lr, double b1, double b2, double eps, int64_t t, bool keras_eps)
{
    const double c1 = 1 - pow(b1, (double)t), c2 = 1 - pow(b2, (double)t);
    for (dl_int i = 0; i < n; i++) {
        const double gi = (double)g[i];
        const double mi = b1 * (double)m[i] + (1 - b1) * gi;
        const double vi = b2 * (double)v[i] + (1 - b2) * gi * gi;
        m[i] = dli_flush(mi);
        v[i] = dli_flush(vi);
        if (keras_eps) w[i] -= (dl_real)(lr * sqrt(c2) / c1 * mi / (sqrt(vi) + eps));
        else           w[i] -= (dl_real)(lr * (mi / c1) / (sqrt(vi / c2) + eps));
    }
}

DL_DEF void dlk_decay_grad(dl_real *g, const dl_real *w, dl_int n, double scale, double l1,
                           double l2)
{
    for (dl_int i = 0; i < n; i++) {
        const double wi = (double)w[i], sign = wi > 0 ? 1 : wi < 0 ? -1 : 0;
        g[i] = (dl_real)(scale * (double)g[i] + 2 * l2 * wi + l1 * sign);
    }
}

/* ---- images: convolution, pooling, normalization ---- */

/* sum, plus what output m of sample n sees at p, q. Group g of the outputs sees only group g of the
   inputs: channel c0 and the C/groups - 1 after it. */
static dl_real dli_conv2d_at(dl_real sum, const dl_real *x, const dl_real *w,
                             const dlk_conv2d_size *s, dl_int n, dl_int m, dl_int p, dl_int q)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups;
    const dl_int c0 = n * s->C + m / Mg * Cg;                   /* first input plane it sees */
    for (dl_int c = 0; c < Cg; c++)
        for (dl_int u = 0; u < s->KH; u++)
            for (dl_int v = 0; v < s->KW; v++) {
                const dl_int i = p * s->stride_h + u * s->dilation_h - s->top;
                const dl_int j = q * s->stride_w + v * s->dilation_w - s->left;
                if (i < 0 || i >= s->H || j < 0 || j >= s->W) continue;
                sum += x[((c0 + c) * s->H + i) * s->W + j] *
                       w[((m * Cg + c) * s->KH + u) * s->KW + v];
            }
    return sum;
}

DL_DEF void dlk_conv2d_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                               const dlk_conv2d_size *s)
{
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int m = 0; m < s->M; m++)
            for (dl_int p = 0; p < s->OH; p++)
                for (dl_int q = 0; q < s->OW; q++)
                    *y++ = dli_conv2d_at(b ? b[m] : 0, x, w, s, n, m, p, q);
}

/* forward: sum += x[n,c,i,j] w[m,c,u,v]
   All seven loops again: each product sends dy times the one factor to the other. */
DL_DEF void dlk_conv2d_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                const dl_real *x, const dl_real *w, const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups;
    if (db) dli_bias_backward(db, dy, s->N, s->M, s->OH * s->OW);
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int m = 0; m < s->M; m++) {
            const dl_int c0 = n * s->C + m / Mg * Cg;
            for (dl_int p = 0; p < s->OH; p++)
                for (dl_int q = 0; q < s->OW; q++) {
                    const dl_real g = dy[((n * s->M + m) * s->OH + p) * s->OW + q];
                    for (dl_int c = 0; c < Cg; c++)
                        for (dl_int u = 0; u < s->KH; u++)
                            for (dl_int v = 0; v < s->KW; v++) {
                                const dl_int i = p * s->stride_h + u * s->dilation_h - s->top;
                                const dl_int j = q * s->stride_w + v * s->dilation_w - s->left;
                                const dl_int at_x = ((c0 + c) * s->H + i) * s->W + j;
                                const dl_int at_w = ((m * Cg + c) * s->KH + u) * s->KW + v;
                                if (i < 0 || i >= s->H || j < 0 || j >= s->W) continue;
                                if (dx) dx[at_x] += g * w[at_w];
                                if (dw) dw[at_w] += g * x[at_x];
                            }
                }
        }
}

/* A transposed convolution from x to y is the gradient of a convolution from y to x; of that, these
   are the sizes. Its kernels w [M',C'/groups,KH,KW] are ours, as M' = C and C' = M. */
static dlk_conv2d_size dli_swap(const dlk_conv2d_size *s)
{
    dlk_conv2d_size t = *s;
    t.C = s->M;
    t.H = s->OH;
    t.W = s->OW;
    t.M = s->C;
    t.OH = s->H;
    t.OW = s->W;
    return t;
}

/* Every input paints the kernel, times itself, onto the output: what a convolution's backward does
   to its dx, with x in the place of dy. */
DL_DEF void dlk_conv_transpose2d_forward(dl_real *y, const dl_real *x, const dl_real *w,
                                         const dl_real *b, const dlk_conv2d_size *s)
{
    const dlk_conv2d_size t = dli_swap(s);
    const dl_int size = s->OH * s->OW;
    for (dl_int k = 0; k < s->N * s->M; k++)
        for (dl_int i = 0; i < size; i++) y[k * size + i] = b ? b[k % s->M] : 0;
    dlk_conv2d_backward(y, NULL, NULL, x, NULL, w, &t);
}

/* forward: y += the gradient of a convolution of y, by x. It is linear in x and in w: dx is the
   convolution of dy, and dw that convolution's dw, of the input dy and the gradient x. */
DL_DEF void dlk_conv_transpose2d_backward(dl_real *dx, dl_real *dw, dl_real *db,
                                          const dl_real *dy, const dl_real *x, const dl_real *w,
                                          const dlk_conv2d_size *s)
{
    const dlk_conv2d_size t = dli_swap(s);
    if (db) dli_bias_backward(db, dy, s->N, s->M, s->OH * s->OW);
    if (dw) dlk_conv2d_backward(NULL, dw, NULL, x, dy, w, &t);
    for (dl_int n = 0; dx && n < t.N; n++)
        for (dl_int m = 0; m < t.M; m++)
            for (dl_int p = 0; p < t.OH; p++)
                for (dl_int q = 0; q < t.OW; q++)
                    *dx++ += dli_conv2d_at(0, dy, w, &t, n, m, p, q);
}

DL_DEF void dlk_upsample2d_forward(dl_real *y, const dl_real *x, dl_int planes, dl_int H, dl_int W,
                                   dl_int fh, dl_int fw)
{
    for (dl_int k = 0; k < planes; k++)
        for (dl_int p = 0; p < H * fh; p++)
            for (dl_int q = 0; q < W * fw; q++)
                y[(k * H * fh + p) * W * fw + q] = x[(k * H + p / fh) * W + q / fw];
}

/* forward: y[k,p,q] = x[k, p / fh, q / fw] */
DL_DEF void dlk_upsample2d_backward(dl_real *dx, const dl_real *dy, dl_int planes, dl_int H,
                                    dl_int W, dl_int fh, dl_int fw)
{
    for (dl_int k = 0; k < planes; k++)
        for (dl_int p = 0; p < H * fh; p++)
            for (dl_int q = 0; q < W * fw; q++)
                dx[(k * H + p / fh) * W + q / fw] += dy[(k * H * fh + p) * W * fw + q];
}

/* The part of a window along one axis that is inside: from begin to end - 1. */
typedef struct dli_span { dl_int begin, end; } dli_span;

static dli_span dli_window(dl_int start, dl_int kernel, dl_int size)
{
    const dli_span s = { start < 0 ? 0 : start, start + kernel > size ? size : start + kernel };
    return s;
}

/* best is kept only while it is at least as large as what comes: a NaN that comes fails the
   comparison and takes over, and a NaN that is there (best != best) stays. */
DL_DEF void dlk_max_pool2d_forward(dl_real *y, int32_t *at, const dl_real *x,
                                   const dlk_pool2d_size *s)
{
    for (dl_int k = 0; k < s->planes; k++, x += s->H * s->W)
        for (dl_int p = 0; p < s->OH; p++)
            for (dl_int q = 0; q < s->OW; q++) {
                const dli_span rows = dli_window(p * s->stride_h - s->top, s->KH, s->H);
                const dli_span cols = dli_window(q * s->stride_w - s->left, s->KW, s->W);
                dl_int first = rows.begin * s->W + cols.begin;
                dl_real best = x[first];
                for (dl_int i = rows.begin; i < rows.end; i++)
                    for (dl_int j = cols.begin; j < cols.end; j++)
                        if (!(best >= x[i * s->W + j] || best != best)) {
                            first = i * s->W + j;
                            best = x[first];
                        }
                *y++ = best;
                *at++ = (int32_t)first;
            }
}

/* forward: y[k,p,q] = x[k, at]; the derivative is 1 there and 0 elsewhere */
DL_DEF void dlk_max_pool2d_backward(dl_real *dx, const dl_real *dy, const int32_t *at,
                                    const dlk_pool2d_size *s)
{
    for (dl_int k = 0; k < s->planes; k++, dx += s->H * s->W)
        for (dl_int i = 0; i < s->OH * s->OW; i++) dx[*at++] += *dy++;
}

DL_DEF void dlk_avg_pool2d_forward(dl_real *y, const dl_real *x, const dlk_pool2d_size *s,
                                   bool count_padding)
{
    for (dl_int k = 0; k < s->planes; k++, x += s->H * s->W)
        for (dl_int p = 0; p < s->OH; p++)
            for (dl_int q = 0; q < s->OW; q++) {
                double sum = 0;
                const dli_span rows = dli_window(p * s->stride_h - s->top, s->KH, s->H);
                const dli_span cols = dli_window(q * s->stride_w - s->left, s->KW, s->W);
                const dl_int count = count_padding ? s->KH * s->KW :
                                     (rows.end - rows.begin) * (cols.end - cols.begin);
                for (dl_int i = rows.begin; i < rows.end; i++)
                    for (dl_int j = cols.begin; j < cols.end; j++) sum += (double)x[i * s->W + j];
                *y++ = (dl_real)(sum / (double)count);
            }
}

/* forward: y[k,p,q] = sum / count; each of the summands has the derivative 1 / count */
DL_DEF void dlk_avg_pool2d_backward(dl_real *dx, const dl_real *dy, const dlk_pool2d_size *s,
                                    bool count_padding)
{
    for (dl_int k = 0; k < s->planes; k++, dx += s->H * s->W)
        for (dl_int p = 0; p < s->OH; p++)
            for (dl_int q = 0; q < s->OW; q++) {
                const dli_span rows = dli_window(p * s->stride_h - s->top, s->KH, s->H);
                const dli_span cols = dli_window(q * s->stride_w - s->left, s->KW, s->W);
                const dl_int count = count_padding ? s->KH * s->KW :
                                     (rows.end - rows.begin) * (cols.end - cols.begin);
                const dl_real g = (dl_real)((double)*dy++ / (double)count);
                for (dl_int i = rows.begin; i < rows.end; i++)
                    for (dl_int j = cols.begin; j < cols.end; j++) dx[i * s->W + j] += g;
            }
}

/* Normalization: y = w h + b, h = (x - mean) / sqrt(var + eps). All lies in x - mean, which may be
   tiny beside x: of 1000000.1, 1000000.2, 1000000.3 only the seventh and eighth digit count. So

   - the variance is the mean of the squares around the mean, in a second pass. The mean of the
     squares minus the square of the mean would be one pass, but loses all these digits;
   - what rounding took from the mean, to a dl_real or while adding up, is found by looking again:
     it is the mean of the differences x - mean, which are small and keep their digits. Then
     x - mean - rest is exact. The rest isn't stored for the backward, which finds it in x again;
   - the first estimate is x_0 + mean of (x - x_0), so that no sum of large numbers overflows, and
     equal numbers have exactly their own mean. */

/* The mean of x - m; x stands in `runs` runs of len elements, with their starts gap apart. */
static double dli_mean_from(double m, const dl_real *x, dl_int runs, dl_int len, dl_int gap)
{
    double sum = 0;
    for (dl_int n = 0; n < runs; n++)
        for (dl_int i = 0; i < len; i++) sum += (double)x[n * gap + i] - m;
    return sum / ((double)runs * (double)len);
}

/* Sets the mean, and returns the variance around it. */
static double dli_statistics(dl_real *mean, const dl_real *x, dl_int runs, dl_int len, dl_int gap)
{
    const double first = (double)x[0], m = first + dli_mean_from(first, x, runs, len, gap);
    const double rest = dli_mean_from(m, x, runs, len, gap);
    double squares = 0;
    for (dl_int n = 0; n < runs; n++)
        for (dl_int i = 0; i < len; i++) {
            const double d = (double)x[n * gap + i] - m - rest;
            squares += d * d;
        }
    *mean = (dl_real)(m + rest);
    return squares / ((double)runs * (double)len);
}

DL_DEF void dlk_batch_stats(dl_real *mean, dl_real *var, const dl_real *x,
                            dl_int N, dl_int C, dl_int S)
{
    for (dl_int c = 0; c < C; c++)
        var[c] = (dl_real)dli_statistics(&mean[c], x + c * S, N, S, C * S);
}

DL_DEF void dlk_batch_norm_forward(dl_real *y, const dl_real *x, const dl_real *mean,
                                   const dl_real *var, const dl_real *w, const dl_real *b,
                                   dl_int N, dl_int C, dl_int S, double eps, bool batch)
{
    for (dl_int c = 0; c < C; c++) {
        const double m = (double)mean[c];
        const double rest = batch ? dli_mean_from(m, x + c * S, N, S, C * S) : 0;
        const double scale = (w ? (double)w[c] : 1) / sqrt((double)var[c] + eps);
        const double shift = b ? (double)b[c] : 0;
        for (dl_int n = 0; n < N; n++)
            for (dl_int i = (n * C + c) * S; i < (n * C + c + 1) * S; i++)
                y[i] = (dl_real)(scale * ((double)x[i] - m - rest) + shift);
    }
}

/* forward: y = w h + b,  h = (x - mean) r,  r = (var + eps)^(-1/2)
   Let g = w dy = dL/dh. x works on h directly, with the factor r. When the mean is that of x, it
   follows every x by 1/count, and all h go down by r/count: together -r mean(g). When var is that
   of x, it grows by 2 (x - mean) / count, r by -1/2 r^3 of that, so each h' by -h' h r / count:
   together -r h mean(g h). */
DL_DEF void dlk_batch_norm_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                    const dl_real *x, const dl_real *mean, const dl_real *var,
                                    const dl_real *w, dl_int N, dl_int C, dl_int S, double eps,
                                    bool batch)
{
    const double count = (double)N * (double)S;
    for (dl_int c = 0; c < C; c++) {
        const double m = (double)mean[c], r = 1 / sqrt((double)var[c] + eps);
        const double rest = batch ? dli_mean_from(m, x + c * S, N, S, C * S) : 0;
        double sum = 0, sum_h = 0;                              /* of dy and of dy h */
        for (dl_int n = 0; n < N; n++)
            for (dl_int i = (n * C + c) * S; i < (n * C + c + 1) * S; i++) {
                sum += (double)dy[i];
                sum_h += (double)dy[i] * ((double)x[i] - m - rest) * r;
            }
        if (dw) dw[c] += (dl_real)sum_h;
        if (db) db[c] += (dl_real)sum;
        for (dl_int n = 0; dx && n < N; n++)
            for (dl_int i = (n * C + c) * S; i < (n * C + c + 1) * S; i++) {
                const double h = ((double)x[i] - m - rest) * r;
                const double through = batch ? (sum + h * sum_h) / count : 0;
                dx[i] += (dl_real)((w ? (double)w[c] : 1) * r * ((double)dy[i] - through));
            }
    }
}

DL_DEF void dlk_batch_norm_update(dl_real *run_mean, dl_real *run_var, const dl_real *mean,
                                  const dl_real *var, dl_int C, double count, double a)
{
    for (dl_int c = 0; c < C; c++) {
        const double unbiased = (double)var[c] * count / (count - 1);
        run_mean[c] += (dl_real)(a * ((double)mean[c] - (double)run_mean[c]));
        run_var[c] += (dl_real)(a * (unbiased - (double)run_var[c]));
    }
}

/* A layer is one group with as many channels as a row has elements. */
DL_DEF void dlk_layer_norm_forward(dl_real *y, dl_real *mean, dl_real *var, const dl_real *x,
                                   const dl_real *w, const dl_real *b, dl_int N, dl_int D,
                                   double eps)
{
    dlk_group_norm_forward(y, mean, var, x, w, b, N, D, 1, 1, eps);
}

DL_DEF void dlk_layer_norm_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                    const dl_real *x, const dl_real *mean, const dl_real *var,
                                    const dl_real *w, dl_int N, dl_int D, double eps)
{
    dlk_group_norm_backward(dx, dw, db, dy, x, mean, var, w, N, D, 1, 1, eps);
}

/* x is walked group by group: D = C/groups S elements in a row of memory; element i belongs to
   channel c0 + i / S. */
DL_DEF void dlk_group_norm_forward(dl_real *y, dl_real *mean, dl_real *var, const dl_real *x,
                                   const dl_real *w, const dl_real *b, dl_int N, dl_int C,
                                   dl_int S, dl_int groups, double eps)
{
    const dl_int D = C / groups * S;
    for (dl_int k = 0; k < N * groups; k++, x += D, y += D) {
        const dl_int c0 = k % groups * (C / groups);
        const double v = dli_statistics(&mean[k], x, 1, D, D), r = 1 / sqrt(v + eps);
        const double m = (double)mean[k], rest = dli_mean_from(m, x, 1, D, D);
        var[k] = (dl_real)v;
        for (dl_int i = 0; i < D; i++) {
            const dl_int c = c0 + i / S;
            const double h = ((double)x[i] - m - rest) * r;
            y[i] = (dl_real)((w ? (double)w[c] : 1) * h + (b ? (double)b[c] : 0));
        }
    }
}

/* forward: y = w_c h + b_c,  h = (x - mean) r; dx as in the batch norm, but w differs inside a
   group, so g = dy w is what the means are taken of */
DL_DEF void dlk_group_norm_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                    const dl_real *x, const dl_real *mean, const dl_real *var,
                                    const dl_real *w, dl_int N, dl_int C, dl_int S, dl_int groups,
                                    double eps)
{
    const dl_int D = C / groups * S;
    for (dl_int k = 0; k < N * groups; k++) {
        const dl_int c0 = k % groups * (C / groups), at = k * D;
        const double m = (double)mean[k], rest = dli_mean_from(m, x + at, 1, D, D);
        const double r = 1 / sqrt((double)var[k] + eps);
        double sum = 0, sum_h = 0;                              /* of g and of g h */
        for (dl_int c = c0; c < c0 + C / groups; c++) {
            double one = 0, one_h = 0;                          /* of dy and of dy h */
            for (dl_int i = at + (c - c0) * S; i < at + (c - c0 + 1) * S; i++) {
                one += (double)dy[i];
                one_h += (double)dy[i] * ((double)x[i] - m - rest) * r;
            }
            sum += w ? one * (double)w[c] : one;
            sum_h += w ? one_h * (double)w[c] : one_h;
            if (dw) dw[c] += (dl_real)one_h;
            if (db) db[c] += (dl_real)one;
        }
        for (dl_int i = 0; dx && i < D; i++) {
            const double h = ((double)x[at + i] - m - rest) * r;
            const double g = (double)dy[at + i] * (w ? (double)w[c0 + i / S] : 1);
            dx[at + i] += (dl_real)(r * (g - (sum + h * sum_h) / (double)D));
        }
    }
}

/* ---- sequences: recurrent nets, embedding, attention ----

   Backpropagation through time. Unrolled, a recurrent net is a deep net whose layers, the steps,
   share their weights:

            y_1          y_2          y_3
             |            |            |
     h_0 -> step -> h_1 -> step -> h_2 -> step -> h_3        step: a = W_ih x + b_ih
             |            |            |                           u = W_hh h_{t-1} + b_hh
            x_1          x_2          x_3                          h_t = gates(a, u, h_{t-1})

   h_t reaches the loss in two ways, by y_t and by the steps after it, so its gradient is a sum:
     dL/dh_t = dy_t + W_hh^T du_{t+1} + (what gates of step t+1 let past them: z dh in the GRU)
   The walk back keeps it in dh. Each step turns dh into da and du by the gates' own derivatives,
   and the two linear layers do the rest; every step adds to the same gradients of the weights,
   dW_hh = sum_t du_t h_{t-1}^T. Going back T steps multiplies by W_hh^T and the gates' slopes T
   times: that is why gradients vanish or explode, and what LSTM and GRU were made against.

   The slopes come from the gates' values, as in PyTorch: s' = s (1 - s), tanh' = 1 - tanh^2. Close
   to 1 a gate has few digits left to say how close, and its slope has no more. */

DL_DEF void dlk_rnn_gates_forward(const dlk_recurrent_step *s, dl_int H)
{
    for (dl_int k = 0; k < H; k++) s->h[k] = (dl_real)tanh((double)(s->a[k] + s->u[k]));
}

/* forward: h = tanh(a + u); a and u have the same gradient, and h0 is reached through u only */
DL_DEF void dlk_rnn_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                   dl_int H)
{
    (void)dc;
    for (dl_int k = 0; k < H; k++) {
        s->a[k] = s->u[k] = dh[k] * (1 - s->h[k] * s->h[k]);
        dh[k] = 0;
    }
}

DL_DEF void dlk_rnn_relu_gates_forward(const dlk_recurrent_step *s, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real sum = s->a[k] + s->u[k];
        s->h[k] = sum <= 0 ? 0 : sum;
    }
}

/* forward: h = max(a + u, 0) */
DL_DEF void dlk_rnn_relu_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                        dl_int H)
{
    (void)dc;
    for (dl_int k = 0; k < H; k++) {
        s->a[k] = s->u[k] = s->h[k] <= 0 ? 0 : dh[k];
        dh[k] = 0;
    }
}

/* The gates are H numbers each, one above the other: i at k, f at H + k, g at 2H + k, o at 3H + k.
   i and f decide what is written to the memory and what is kept of it, o what is shown. */
DL_DEF void dlk_lstm_gates_forward(const dlk_recurrent_step *s, dl_int H)
{
    const dl_real *a = s->a, *u = s->u;
    for (dl_int k = 0; k < H; k++) {
        const double i = dli_sigmoid((double)(a[k] + u[k]));
        const double f = dli_sigmoid((double)(a[H + k] + u[H + k]));
        const double g = tanh((double)(a[2 * H + k] + u[2 * H + k]));
        const double o = dli_sigmoid((double)(a[3 * H + k] + u[3 * H + k]));
        const double c = f * (double)s->c0[k] + i * g;
        s->gate[k] = (dl_real)i;
        s->gate[H + k] = (dl_real)f;
        s->gate[2 * H + k] = (dl_real)g;
        s->gate[3 * H + k] = (dl_real)o;
        s->c[k] = (dl_real)c;
        s->h[k] = (dl_real)(o * tanh(c));
    }
}

/* forward: i = s(a_i + u_i) ...;  c = f c0 + i g;  h = o tanh c. Backward, in reverse order:
     h = o tanh c:       do = dh tanh c,   dc += dh o (1 - tanh^2 c)
     c = f c0 + i g:     df = dc c0,  di = dc g,  dg = dc i,   and to the step before: dc f
     i = s(a_i + u_i):   da_i = du_i = di i (1 - i);  f and o alike, g with 1 - g^2
   The memory's gradient comes from two sides, from h and from the step after, and goes on to c0
   with nothing but the factor f in its way: where f is near 1, it neither vanishes nor explodes. */
DL_DEF void dlk_lstm_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                    dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const double i = (double)s->gate[k], f = (double)s->gate[H + k];
        const double g = (double)s->gate[2 * H + k], o = (double)s->gate[3 * H + k];
        const double t = tanh((double)s->c[k]), dhk = (double)dh[k];
        const double dck = (double)dc[k] + dhk * o * (1 - t * t);
        s->a[k] = (dl_real)(dck * g * i * (1 - i));
        s->a[H + k] = (dl_real)(dck * (double)s->c0[k] * f * (1 - f));
        s->a[2 * H + k] = (dl_real)(dck * i * (1 - g * g));
        s->a[3 * H + k] = (dl_real)(dhk * t * o * (1 - o));
        dc[k] = (dl_real)(dck * f);
        dh[k] = 0;
    }
    for (dl_int k = 0; k < 4 * H; k++) s->u[k] = s->a[k];
}

/* r decides how much of the old state the new proposal n sees, z how much of it stays. */
DL_DEF void dlk_gru_gates_forward(const dlk_recurrent_step *s, dl_int H)
{
    const dl_real *a = s->a, *u = s->u;
    for (dl_int k = 0; k < H; k++) {
        const double r = dli_sigmoid((double)(a[k] + u[k]));
        const double z = dli_sigmoid((double)(a[H + k] + u[H + k]));
        const double n = tanh((double)a[2 * H + k] + r * (double)u[2 * H + k]);
        s->gate[k] = (dl_real)r;
        s->gate[H + k] = (dl_real)z;
        s->gate[2 * H + k] = (dl_real)n;
        s->gate[3 * H + k] = u[2 * H + k];
        s->h[k] = (dl_real)((1 - z) * n + z * (double)s->h0[k]);
    }
}

/* forward: n = tanh(a_n + r u_n);  h = (1 - z) n + z h0. Backward, in reverse order:
     h = (1 - z) n + z h0:   dn = dh (1 - z),  dz = dh (h0 - n),   and past the gates: dh z
     n = tanh(a_n + r u_n):  da_n = dn (1 - n^2),  du_n = da_n r,  dr = da_n u_n
     r = s(a_r + u_r):       da_r = du_r = dr r (1 - r);  z alike */
DL_DEF void dlk_gru_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                   dl_int H)
{
    (void)dc;
    for (dl_int k = 0; k < H; k++) {
        const double r = (double)s->gate[k], z = (double)s->gate[H + k];
        const double n = (double)s->gate[2 * H + k], u_n = (double)s->gate[3 * H + k];
        const double dhk = (double)dh[k], da_n = dhk * (1 - z) * (1 - n * n);
        s->a[k] = s->u[k] = (dl_real)(da_n * u_n * r * (1 - r));
        s->a[H + k] = s->u[H + k] = (dl_real)(dhk * ((double)s->h0[k] - n) * z * (1 - z));
        s->a[2 * H + k] = (dl_real)da_n;
        s->u[2 * H + k] = (dl_real)(da_n * r);
        dh[k] = (dl_real)(dhk * z);
    }
}

/* The kinds, in the order of dl_recurrent_kind: how many gates there are and how many times H
   numbers a step keeps (the LSTM its memory behind the gates), and the gates themselves. */
typedef struct dli_cell {
    dl_int gates, kept;
    void (*forward)(const dlk_recurrent_step *s, dl_int H);
    void (*backward)(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s, dl_int H);
} dli_cell;

static const dli_cell dli_cells[] = {
    { 1, 0, dlk_rnn_gates_forward, dlk_rnn_gates_backward },
    { 1, 0, dlk_rnn_relu_gates_forward, dlk_rnn_relu_gates_backward },
    { 4, 5, dlk_lstm_gates_forward, dlk_lstm_gates_backward },
    { 3, 4, dlk_gru_gates_forward, dlk_gru_gates_backward }
};

/* Where the t-th step of sample n's walk is: returns its row of [N,T]. In reverse the walk starts
   at the sample's own last step. The state before it is the one that the step before has left. */
static dl_int dli_recurrent_step(dlk_recurrent_step *at, const dlk_recurrent_arrays *r,
                                 const dlk_recurrent_size *s, const dli_cell *cell, dl_int n,
                                 dl_int t)
{
    const dl_int H = s->H, keep = cell->kept * H, L = s->length ? s->length[n] : s->T;
    const dl_int row = n * s->T + (s->reverse ? L - 1 - t : t);
    const dl_int before = s->reverse ? row + 1 : row - 1;
    at->a = r->work;
    at->u = r->work + cell->gates * H;
    at->h = r->y + row * H;
    at->h0 = t == 0 ? r->h0 + n * H : r->y + before * H;
    at->gate = r->saved ? r->saved + row * keep : NULL;
    at->c = NULL;
    at->c0 = NULL;
    if (r->cn) {
        at->c = at->gate + 4 * H;
        at->c0 = t == 0 ? r->c0 + n * H : r->saved + before * keep + 4 * H;
    }
    return row;
}

/* Every sample for itself: its steps in order, each from the state the one before has left. */
static void dli_recurrent_steps(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s,
                                const dli_cell *cell)
{
    const dl_int H = s->H, wide = cell->gates * H;
    for (dl_int n = 0; n < s->N; n++) {
        const dl_int L = s->length ? s->length[n] : s->T;
        const dl_real *h = r->h0 + n * H, *c = r->cn ? r->c0 + n * H : NULL;
        for (dl_int t = 0; t < L; t++) {
            dlk_recurrent_step at;
            const dl_int row = dli_recurrent_step(&at, r, s, cell, n, t);
            dlk_linear_forward(at.a, r->x + row * s->D, r->w_ih, r->b_ih, 1, s->D, wide);
            dlk_linear_forward(at.u, at.h0, r->w_hh, r->b_hh, 1, H, wide);
            cell->forward(&at, H);
            h = at.h;
            c = at.c;
        }
        for (dl_int k = 0; k < H; k++) r->hn[n * H + k] = h[k];
        for (dl_int k = 0; r->cn && k < H; k++) r->cn[n * H + k] = c[k];
        for (dl_int k = L * H; k < s->T * H; k++) r->y[n * s->T * H + k] = 0;
    }
}

/* forward: h_t, c_t = gates(W_ih x_t + b_ih, W_hh h_{t-1} + b_hh, h_{t-1}, c_{t-1}), y_t = h_t.
   From the last step to the first; dh and dc have what came from the steps after t. */
static void dli_recurrent_steps_back(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                                     const dlk_recurrent_size *s, const dli_cell *cell)
{
    const dl_int D = s->D, H = s->H, wide = cell->gates * H;
    dl_real *dh = r->work + 2 * wide, *dc = dh + H;
    for (dl_int n = 0; n < s->N; n++) {
        for (dl_int k = 0; k < H; k++) dh[k] = d->dhn[n * H + k];
        for (dl_int k = 0; r->cn && k < H; k++) dc[k] = d->dcn[n * H + k];
        for (dl_int t = (s->length ? s->length[n] : s->T) - 1; t >= 0; t--) {
            dlk_recurrent_step at;
            const dl_int row = dli_recurrent_step(&at, r, s, cell, n, t);
            for (dl_int k = 0; d->dy && k < H; k++) dh[k] += d->dy[row * H + k];
            cell->backward(dh, dc, &at, H);
            dlk_linear_backward(d->dx ? d->dx + row * D : NULL, d->dw_ih, d->db_ih, at.a,
                                r->x + row * D, r->w_ih, 1, D, wide);
            dlk_linear_backward(dh, d->dw_hh, d->db_hh, at.u, at.h0, r->w_hh, 1, H, wide);
        }
        for (dl_int k = 0; d->dh0 && k < H; k++) d->dh0[n * H + k] += dh[k];
        for (dl_int k = 0; d->dc0 && k < H; k++) d->dc0[n * H + k] += dc[k];
    }
}

DL_DEF void dlk_rnn_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s)
{
    dli_recurrent_steps(r, s, &dli_cells[DL_RNN_TANH]);
}
DL_DEF void dlk_rnn_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                             const dlk_recurrent_size *s)
{
    dli_recurrent_steps_back(d, r, s, &dli_cells[DL_RNN_TANH]);
}
DL_DEF void dlk_rnn_relu_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s)
{
    dli_recurrent_steps(r, s, &dli_cells[DL_RNN_RELU]);
}
DL_DEF void dlk_rnn_relu_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                                  const dlk_recurrent_size *s)
{
    dli_recurrent_steps_back(d, r, s, &dli_cells[DL_RNN_RELU]);
}
DL_DEF void dlk_lstm_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s)
{
    dli_recurrent_steps(r, s, &dli_cells[DL_LSTM]);
}
DL_DEF void dlk_lstm_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                              const dlk_recurrent_size *s)
{
    dli_recurrent_steps_back(d, r, s, &dli_cells[DL_LSTM]);
}
DL_DEF void dlk_gru_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s)
{
    dli_recurrent_steps(r, s, &dli_cells[DL_GRU]);
}
DL_DEF void dlk_gru_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                             const dlk_recurrent_size *s)
{
    dli_recurrent_steps_back(d, r, s, &dli_cells[DL_GRU]);
}

DL_DEF void dlk_embedding_forward(dl_real *y, const dl_real *w, const int32_t *index, dl_int n,
                                  dl_int E)
{
    for (dl_int i = 0; i < n; i++)
        for (dl_int j = 0; j < E; j++) y[i * E + j] = w[index[i] * E + j];
}

/* forward: y[i] = w[index[i]]; a row that was taken twice gets both gradients */
DL_DEF void dlk_embedding_backward(dl_real *dw, const dl_real *dy, const int32_t *index, dl_int n,
                                   dl_int E, dl_int padding)
{
    for (dl_int i = 0; i < n; i++)
        for (dl_int j = 0; index[i] != padding && j < E; j++) dw[index[i] * E + j] += dy[i * E + j];
}

/* Slow and fast clocks, as the hands of a clock show the time: each pair of columns turns at its
   own speed, so no two positions look the same, and t + d is t rotated by an angle that depends
   on d only. */
DL_DEF void dlk_positional_encoding(dl_real *y, dl_int T, dl_int E)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int j = 0; j < E; j++) {
            const double angle = (double)t * pow(10000, -(double)(j - j % 2) / (double)E);
            y[t * E + j] = (dl_real)(j % 2 == 0 ? sin(angle) : cos(angle));
        }
}

/* Is key j hidden from query i? */
static bool dli_hidden(const dl_real *mask, bool causal, dl_int i, dl_int j, dl_int S)
{
    return (causal && j > i) || (mask && (double)mask[i * S + j] == -(double)INFINITY);
}

DL_DEF void dlk_attention_softmax(dl_real *p, const dl_real *mask, dl_int R, dl_int S,
                                  double scale, bool causal)
{
    for (dl_int i = 0; i < R; i++, p += S) {
        for (dl_int j = 0; j < S; j++) /* -infinity whatever the score is, which may be NaN */
            p[j] = dli_hidden(mask, causal, i, j, S) ? -(dl_real)INFINITY
                 : (dl_real)(scale * (double)p[j] + (mask ? (double)mask[i * S + j] : 0));
        const double max = dli_row_max(p, S);
        const double sum = dli_row_sum_exp(p, S, max); /* NaN: all are -infinity, or one NaN */
        for (dl_int j = 0; j < S; j++) {
            const bool hidden = (double)p[j] == -(double)INFINITY;
            p[j] = hidden ? 0 : (dl_real)(exp(dli_below_max((double)p[j], max)) / sum);
        }
    }
}

/* For each query: how well every key fits, the softmax of that, and the mean of the values with
   these weights. What is hidden is left out, not multiplied by 0: 0 times NaN is NaN. */
DL_DEF void dlk_attention_forward(dl_real *y, dl_real *p, const dl_real *q, const dl_real *k,
                                  const dl_real *v, const dl_real *mask,
                                  const dlk_attention_size *s)
{
    const dl_int R = s->R, S = s->S, D = s->D, M = s->M;
    dlk_linear_forward(p, q, k, NULL, R, D, S);         /* the keys as a layer's weights */
    dlk_attention_softmax(p, mask, R, S, 1 / sqrt((double)D), s->causal);
    for (dl_int i = 0; i < R; i++) {
        for (dl_int m = 0; m < M; m++) y[i * M + m] = 0;
        for (dl_int j = 0; j < S; j++)
            for (dl_int m = 0; m < M && !dli_hidden(mask, s->causal, i, j, S); m++)
                y[i * M + m] += p[i * S + j] * v[j * M + m];
    }
}

/* forward: y_i = sum_j p_ij v_j;  p_i = softmax(s_i);  s_ij = q_i . k_j / sqrt(D) + mask_ij.
     y_i = sum_j p_ij v_j:   dp_ij = dy_i . v_j,   dv_j += p_ij dy_i
     softmax:                ds_ij = p_ij (dp_ij - sum_k p_ik dp_ik)
     s_ij:                   dq_i += ds_ij k_j / sqrt(D),   dk_j += ds_ij q_i / sqrt(D) */
DL_DEF void dlk_attention_backward(dl_real *dq, dl_real *dk, dl_real *dv, dl_real *ds,
                                   const dl_real *dy, const dl_real *p, const dl_real *q,
                                   const dl_real *k, const dl_real *v,
                                   const dlk_attention_size *s)
{
    const dl_int S = s->S, D = s->D, M = s->M;
    const dl_real scale = (dl_real)(1 / sqrt((double)D));
    for (dl_int i = 0; i < s->R; i++, p += S, dy += M) {
        dl_real sum = 0;
        for (dl_int j = 0; j < S; j++) { /* ds holds dL/dp_ij first */
            ds[j] = 0;
            if ((double)p[j] == 0) continue;
            for (dl_int m = 0; m < M; m++) ds[j] += dy[m] * v[j * M + m];
            for (dl_int m = 0; dv && m < M; m++) dv[j * M + m] += p[j] * dy[m];
            sum += ds[j] * p[j];
        }
        for (dl_int j = 0; j < S; j++) {
            if ((double)p[j] == 0) continue;
            ds[j] = p[j] * (ds[j] - sum) * scale;
            for (dl_int d = 0; dq && d < D; d++) dq[i * D + d] += ds[j] * k[j * D + d];
            for (dl_int d = 0; dk && d < D; d++) dk[j * D + d] += ds[j] * q[i * D + d];
        }
    }
}

/* ---- end of sequences ---- */

/* ---- the table of kernels ---- */

DL_DEF dl_kernels *dl_kernel_table(dl_ctx *dl) { return dl ? &dl->kernels : NULL; }

#define DLI_ENTRY(name) dlk_##name,
static const dl_kernels dli_own_kernels = { DL_KERNELS(DLI_ENTRY) };
#undef DLI_ENTRY

DL_DEF void dl_kernel_table_reset(dl_ctx *dl)
{
    if (dl) dl->kernels = dli_own_kernels;
}

DL_DEF void dl_set_reference(dl_ctx *dl, bool on)
{
    if (dl) dl->reference = on;
}

DL_DEF bool dl_reference(const dl_ctx *dl) { return dl ? dl->reference : false; }

/* --------------------------------------------------------------------------- >>fast-impl ----
   Matrix products and array loops at full vector speed.

   Everything above this room is written to be read; this room is written to be fast, and every
   function in it is tested against its readable twin. Read in this order:

       tiles, packing, blocking (here), then dli_gemm_serial    a matrix product on one thread
       dli_gemm_part, dli_gemm                                  its parts for several
       "how many threads a job is worth", dli_multiply          one or all, learned by timing
       "convolution, stride 1", dli_conv_run                    the same tile on images; Winograd
       "recurrent layers"                                       the same tile through time
       "twins of the kernels"                                   what the operations call

   and of the rest (functions of one variable, loops over arrays, sums, softmax, norms) what you
   need: each stands by itself.

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
      copied into panels of NR columns, in exactly the order the tile reads them:

            B, k down        NR     NR              packed: panel 0, then panel 1 ...
            b00 b01 b02 b03 | b04 b05 ..            b00 b01 b02 b03 b10 b11 b12 b13 b20 ...
            b10 b11 b12 b13 | b14 b15 ..            b04 b05  0   0  b14 b15  0   0  b24 ...

      The copy costs K N moves and serves 2 M K N operations. It is told the strides of its source,
      and that is all that distinguishes A B, A B^T and A^T B. Missing columns of the last panel
      are zeros: the tile never needs to know about edges. A is packed likewise, MR rows a panel.

   4. Blocking. The caches are small: a block of B (KC x NC) should stay in L2 while all of A
      passes by, and one panel (KC x NR) in L1. Hence three outer loops around the tiles:

            for k0 by KC                     a slice of K: C is added to after the first
                for j0 by NC                 pack B[k0..][j0..], KC x NC
                    for i0 by MC             pack A[i0..][k0..], MC x KC
                        for j by NR          a panel of B, in L1
                            for i by MR      a tile: K runs innermost, in registers

      What is read once or twice is not worth packing: the tile then reads it where it stands, by
      pointers to the rows of A (tile_rows) or offsets of the rows of B (tile_off).

   5. Threads divide C, never K, so each element is summed in one order whatever the number of
      threads, and results are equal bit for bit. Sums across samples are cut into chunks that do
      not depend on the threads, and added in order. */

#if !DLI_DOUBLE && !DLI_EXCESS
#define DLI_FAST 1
#else
#define DLI_FAST 0
#endif

/* What is done with the sums of a convolution before they are written: nothing, ReLU, ReLU and
   2 x 2 max-pooling. Writing first and doing it in a second pass costs more than the sums. */
typedef enum dli_conv_end { DLI_END_LINEAR, DLI_END_RELU, DLI_END_RELU_POOL } dli_conv_end;

/* A convolution's arrays. Without dy it runs forward: y = conv(x, w) + b, or with add y +=, to its
   end; if that is pooling, won says which of the four. With dy (and no b) it runs backward: dx, to
   which is added with add (else it is overwritten), dw and db (added to); each may be NULL. */
typedef struct dli_conv_arrays {
    const dl_real *x, *w, *b;
    dl_real *y;
    int32_t *won;
    const dl_real *dy;
    dl_real *dx, *dw, *db;
    bool add;
} dli_conv_arrays;

#if DLI_FAST
DLI_INLINE dl_int dli_ceil_div(dl_int a, dl_int b) { return (a + b - 1) / b; }
DLI_INLINE dl_int dli_round_up(dl_int n, dl_int unit) { return dli_ceil_div(n, unit) * unit; }

/* ---- exp, tanh, sigmoid, GELU, one lane at a time ----

   No branches and no tables, so the vectorizer turns each into straight vector code. The
   coefficients were fitted for dl.h by Remez exchange in 40-digit arithmetic (tests/fit.py).

   exp x = 2^n exp f,  n = round(x / ln 2),  f = x - n ln 2 in [-0.347, 0.347]. Adding 1.5 * 2^23
   leaves n in the low bits of the sum. ln 2 is subtracted in two parts so that f is exact.
   exp f - 1 = f + f^2 P(f), P of degree 4, relative error 1.4e-8: keeping the 1 apart is what
   makes tanh accurate near 0. Overflow gives inf, underflow runs through denormals to 0, NaN
   stays NaN. Worst errors in ulps, of all instruction sets, as tests/fast.c measures them: exp
   1.1, tanh 2.6, sigmoid 2.6; GELU 3.5 and its tanh form 2.2, in ulps of x or y, whichever is
   larger (far to the left GELU loses relative digits, like every formula in float). */

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
    const float t = x * 1.44269504f + magic, q = t - magic;
    const float f = x - q * 0.693145752f - q * 1.42860677e-6f;
    float p = 0.00139465305f * f + 0.00836663137f;
    *n = (int32_t)(dli_bits_of_float(t) - 0x4B400000u);
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
    int32_t n;
    x = dli_select(x > 89.0f, 89.0f, x);                               /* false for NaN */
    x = dli_select(x < -104.0f, -104.0f, x);
    const float e = 1.0f + dli_expm1_reduced(x, &n);
    const int32_t h = n >> 1;                                          /* 2^n may not fit a float */
    return e * dli_pow2(h) * dli_pow2(n - h);
}
DLI_INLINE float dli_expm1_below(float x)    /* exp(x) - 1 for x <= 0; above, garbage */
{
    int32_t n;
    const float q = dli_expm1_reduced(dli_select(x < -20.0f, -20.0f, x), &n), s = dli_pow2(n);
    return s * q + (s - 1.0f);
}
DLI_INLINE float dli_with_sign(float y, float x)     /* y, made negative where x is: also -0 */
{
    return dli_float_of_bits(dli_bits_of_float(y) | (dli_bits_of_float(x) & 0x80000000u));
}
DLI_INLINE float dli_expm1f(float x) { return dli_with_sign(dli_expm1_below(x), x); }
DLI_INLINE float dli_tanhf(float x)          /* (1 - exp(-2|x|)) / (1 + exp(-2|x|)), sign of x */
{
    const float e = dli_expm1_below(-2.0f * dli_absf(x));
    return dli_with_sign((0.0f - e) / (2.0f + e), x);                  /* not -e: that is -0 at 0 */
}
DLI_INLINE float dli_sigmoidf(float x)       /* e^-|x| never overflows, and may be a denormal */
{
    const float e = dli_expf(-dli_absf(x)), r = 1.0f / (1.0f + e);
    return dli_select(x < 0.0f, e, 1.0f) * r;
}
DLI_INLINE float dli_slopef(float x)         /* s (1 - s) without the cancellation */
{
    const float e = dli_expf(-dli_absf(x)), r = 1.0f / (1.0f + e);
    return e * r * r;
}
/* ln(1 + u), 0 <= u <= 1, is 2 artanh s with s = u / (2 + u): 2 s + s^3 P(s^2), P of degree 3,
   relative error 4.5e-9. */
DLI_INLINE float dli_softplusf(float x)
{
    const float u = dli_expf(-dli_absf(x)), s = u / (2.0f + u), z = s * s;
    float p = 0.28004563f * z + 0.28003502f;
    p = p * z + 0.40021408f;
    p = p * z + 0.6666642f;
    return dli_select(x > 0.0f, x, 0.0f) + (2.0f * s + s * z * p);
}

/* The tail of Phi is exp(-a^2/2) t P(t) with t = 1 / (1 + 0.35 a), a = |x|, P of degree 8, relative
   error 3.2e-8 on [0, 14]; at 15 it is 0. */
DLI_INLINE float dli_bellf(float x)          /* exp(-x^2 / 2) */
{
    const float a = dli_absf(x), c = dli_select(a > 15.0f, 15.0f, a);
    return dli_expf(-0.5f * c * c);
}
DLI_INLINE float dli_densityf(float x) { return 0.398942280f * dli_bellf(x); }
DLI_INLINE float dli_phif(float x)
{
    const float a = dli_absf(x), t = 1.0f / (1.0f + 0.35f * dli_select(a > 15.0f, 15.0f, a));
    float p = -0.0291459434f * t + 0.143971753f;
    p = p * t - 0.25571435f;
    p = p * t + 0.159174249f;
    p = p * t - 0.0231098822f;
    p = p * t + 0.105508018f;
    p = p * t + 0.119832865f;
    p = p * t + 0.13986187f;
    p = p * t + 0.139621404f;
    p = dli_bellf(x) * t * p;
    return dli_select(x < 0.0f, p, 1.0f - p);
}
DLI_INLINE float dli_bendf(float x) { return 1.59576912f * (x + 0.044715f * x * x * x); }
DLI_INLINE float dli_bend_slopef(float x) { return 1.59576912f * (1.0f + 0.134145f * x * x); }
DLI_INLINE float dli_fadef(float x, float e)     /* where e is 0: only the sign of x e */
{
    const uint32_t gone = 0u - (uint32_t)((e == 0.0f) & (x == x));
    return dli_float_of_bits(dli_bits_of_float(x * e) & ~(gone & 0x7FFFFFFFu));
}

/* 1 / sqrt(v) for finite v >= 0: a guess from the bits (halving the exponent), good to 3.5 %, and
   three steps of Newton's method, each squaring the error; 2 ulp. No square root or division, so it
   is faster than the instructions; sqrtf (which may set errno) would keep the vectorizer out. */
DLI_INLINE float dli_rsqrtf(float v)
{
    float h = 0.5f * v, y = dli_float_of_bits(0x5F3759DFu - (dli_bits_of_float(v) >> 1));
    y = y * (1.5f - h * y * y);
    y = y * (1.5f - h * y * y);
    return y * (1.5f - h * y * y);
}
DLI_INLINE float dli_sqrtf(float v) { return v * dli_rsqrtf(v); }

/* ---- loops over arrays: one plain body each ----
   Above each body stands its line, result, name, parameters and arguments, as a macro: DLI_BODY
   makes the head of the body from it, and the table of functions (DLI_OPS, below) a field, and a
   copy of the body for every instruction set.
   In place (y == x) is allowed wherever both are named; nothing else may overlap, and DLI_IVDEP
   tells the compiler, which would else add a slow twin of every loop for that case. A function
   with `add` adds to its result instead of overwriting it. */

#define DLI_BODY(ret, name, params, args) DLI_INLINE ret dli_##name##_body params

/* v if on, else 0, by a mask that is made before the loop: one loop serves both. */
DLI_INLINE uint32_t dli_mask(int on) { return on ? 0xFFFFFFFFu : 0u; }
DLI_INLINE float dli_masked(float v, uint32_t mask)
{
    return dli_float_of_bits(dli_bits_of_float(v) & mask);
}

/* The twins of the elementwise kernels: the expressions of DLK_UNARY once more, in float. From here
   on the functions they call are those from above; nothing else in dl.h calls them. X(silu, ...)
   becomes the fields silu_forward and silu_backward. */
#define dli_exp        dli_expf
#define dli_expm1      dli_expm1f
#define dli_tanh       dli_tanhf
#define dli_abs        dli_absf
#define dli_sigmoid    dli_sigmoidf
#define dli_slope      dli_slopef
#define dli_softplus   dli_softplusf
#define dli_phi        dli_phif
#define dli_density    dli_densityf
#define dli_bend       dli_bendf
#define dli_bend_slope dli_bend_slopef
#define dli_fade       dli_fadef
#define DLI_TWIN_PAIR(X, name, value, gradient, formula, what)                                   \
    X(void, name##_forward, (float *ys, const float *xs, dl_int n, float p, float q),            \
      (ys, xs, n, p, q))                                                                         \
    X(void, name##_backward, (float *dxs, const float *dys, const float *ys, const float *xs,    \
                              dl_int n, float p, float q, int add),                              \
      (dxs, dys, ys, xs, n, p, q, add))
#define DLI_TWIN_BODIES(A, name, value, gradient, formula, what)                                 \
    DLI_INLINE void dli_##name##_forward_body(float *ys, const float *xs, dl_int n, float p,     \
                                              float q)                                           \
    {                                                                                            \
        (void)p; (void)q;                                                                        \
        DLI_IVDEP for (dl_int i = 0; i < n; i++) {                                               \
            const float x = xs[i];                                                               \
            ys[i] = value;                                                                       \
        }                                                                                        \
    }                                                                                            \
    DLI_INLINE void dli_##name##_backward_body(float *dxs, const float *dys, const float *ys,    \
                                               const float *xs, dl_int n, float p, float q,      \
                                               int add)                                          \
    {                                                                                            \
        const uint32_t old = dli_mask(add);                                                      \
        (void)p; (void)q;                                                                        \
        DLI_IVDEP for (dl_int i = 0; i < n; i++) {                                               \
            const float x = xs[i], y = ys[i], dy = dys[i];                                       \
            (void)x; (void)y;                                                                    \
            dxs[i] = dli_masked(dxs[i], old) + (gradient);                                       \
        }                                                                                        \
    }
DLK_UNARY_VECTOR(DLI_TWIN_BODIES, 0)

#define DLI_axpy(X) X(void, axpy, (float *y, float a, const float *x, dl_int n), (y, a, x, n))
DLI_axpy(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) y[i] += a * x[i];
}
#define DLI_add(X) X(void, add, (float *y, const float *a, const float *b, dl_int n), (y, a, b, n))
DLI_add(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) y[i] = a[i] + b[i];
}
#define DLI_mul(X) X(void, mul, (float *y, const float *a, const float *b, dl_int n), (y, a, b, n))
DLI_mul(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) y[i] = a[i] * b[i];
}
/* y may be any of the others. */
#define DLI_mul_add(X) X(void, mul_add, \
    (float *y, const float *a, const float *b, const float *c, dl_int n), (y, a, b, c, n))
DLI_mul_add(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) y[i] = a[i] * b[i] + c[i];
}
#define DLI_bytes(X) X(void, bytes, \
    (float *y, const unsigned char *x, dl_int n, float scale), (y, x, n, scale))
DLI_bytes(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) y[i] = (float)x[i] * scale;
}
/* Bias and ReLU on a block of C: col[j] is added down each column, row[i] along each row. */
#define DLI_bias_act(X) X(void, bias_act, \
    (float *c, dl_int ldc, dl_int m, dl_int n, const float *col, const float *row, int relu), \
    (c, ldc, m, n, col, row, relu))
DLI_bias_act(DLI_BODY)
{
    for (dl_int i = 0; i < m; i++, c += ldc) {
        const float r = row ? row[i] : 0.0f;
        if (col) for (dl_int j = 0; j < n; j++) c[j] += col[j];
        if (row) for (dl_int j = 0; j < n; j++) c[j] += r;
        if (relu) for (dl_int j = 0; j < n; j++) c[j] = c[j] < 0.0f ? 0.0f : c[j];
    }
}

/* ---- sums and maxima ----
   A sum waits for each of its additions, four clock ticks or so, and of a vector it would use one
   element. So 16 of them run side by side in `lane` l = i % 16, and are joined at the end. Floats
   are added up 64 in a lane at most; these sums go into a double, so that rows of any length keep
   their digits. */
#define DLI_FLOAT_SUM 1024                               /* 16 lanes of 64 */

DLI_INLINE float dli_join(const float *lane)    /* in order: of a tree clang makes a knot */
{
    float sum = 0.0f;
    DLI_UNROLL for (dl_int l = 0; l < 16; l++) sum += lane[l];
    return sum;
}
/* The sum of the x[i]. */
#define DLI_vsum(X) X(double, vsum, (const float *x, dl_int n), (x, n))
DLI_vsum(DLI_BODY)
{
    double sum = 0.0;
    for (dl_int i = 0, end; i < n; i = end) {
        float s[16] = { 0 }, t = 0.0f;
        end = dli_min(n, i + DLI_FLOAT_SUM);
        for (; i + 16 <= end; i += 16) DLI_LANES s[l] += x[i + l];
        for (; i < end; i++) t += x[i];
        sum += (double)(end < 16 ? t : dli_join(s) + t);
    }
    return sum;
}
#define DLI_vmax(X) X(float, vmax, (const float *x, dl_int n), (x, n))
DLI_vmax(DLI_BODY)
{
    float s[16], top = x[0];
    dl_int i = 0;
    DLI_LANES s[l] = top;
    for (; i + 16 <= n; i += 16) DLI_LANES s[l] = x[i + l] > s[l] ? x[i + l] : s[l];
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    for (dl_int l = 0; n >= 16 && l < 16; l++) top = s[l] > top ? s[l] : top;
    return top;
}
/* The sum of a[i] (x[i] - m). */
#define DLI_moment(X) X(double, moment, \
    (const float *a, const float *x, float m, dl_int n), (a, x, m, n))
DLI_moment(DLI_BODY)
{
    double sum = 0.0;
    for (dl_int i = 0, end; i < n; i = end) {
        float s[16] = { 0 }, t = 0.0f;
        end = dli_min(n, i + DLI_FLOAT_SUM);
        for (; i + 16 <= end; i += 16) DLI_LANES s[l] += a[i + l] * (x[i + l] - m);
        for (; i < end; i++) t += a[i] * (x[i] - m);
        sum += (double)(end < 16 ? t : dli_join(s) + t);
    }
    return sum;
}
/* y[j] = sum of a[i] b[j * ldb + i], i < k, for j < n: four rows of b at a time. */
#define DLI_dots(X) X(void, dots, \
    (float *DLI_RESTRICT y, const float *DLI_RESTRICT a, const float *DLI_RESTRICT b, dl_int ldb, \
     dl_int n, dl_int k), \
    (y, a, b, ldb, n, k))
DLI_dots(DLI_BODY)
{
    for (dl_int j = 0; j < n; j += 4) {
        const float *r[4];
        float s[4][16] = { { 0 } }, t[4] = { 0 };
        dl_int i = 0;
        for (int q = 0; q < 4; q++) r[q] = b + dli_min(j + q, n - 1) * ldb;
        for (; i + 16 <= k; i += 16)
            DLI_UNROLL for (int q = 0; q < 4; q++) DLI_LANES s[q][l] += a[i + l] * r[q][i + l];
        for (; i < k; i++)
            DLI_UNROLL for (int q = 0; q < 4; q++) t[q] += a[i] * r[q][i];
        for (dl_int q = 0; q < 4 && j + q < n; q++) y[j + q] = dli_join(s[q]) + t[q];
    }
}
/* s[j] += sum over rows of x: the gradient of a bias. Rows are taken in order. */
#define DLI_col_sums(X) X(void, col_sums, \
    (float *s, const float *x, dl_int ldx, dl_int m, dl_int n), (s, x, ldx, m, n))
DLI_col_sums(DLI_BODY)
{
    dl_int i = 0;
    for (; i + 4 <= m; i += 4, x += 4 * ldx)
        for (dl_int j = 0; j < n; j++)
            s[j] += (x[j] + x[ldx + j]) + (x[2 * ldx + j] + x[3 * ldx + j]);
    for (; i < m; i++, x += ldx)
        for (dl_int j = 0; j < n; j++) s[j] += x[j];
}
/* Of each column j < n of the rows x and g, ldx apart, three sums: sum[0][j] += g, sum[1][j] += d,
   sum[2][j] += g d, where d = x - m[j]; with g NULL, sum[1][j] += d and sum[2][j] += d^2. A single
   long row is many short ones, 16 columns wide. Of sum, whole sixteens are written. */
#define DLI_STRIP 256                            /* columns at a time; floats of scratch */
#define DLI_moments(X) X(void, moments, \
    (double (*sum)[DLI_STRIP], const float *g, const float *x, const float *m, dl_int ldx, \
     dl_int rows, dl_int n), \
    (sum, g, x, m, ldx, rows, n))
DLI_INLINE void dli_moments_add(float (*s)[16], dl_int l, float g, float d)
{
    s[0][l] += g;
    s[1][l] += d;
    s[2][l] += g * d;
}
DLI_INLINE void dli_spread_add(float (*s)[16], dl_int l, float d)
{
    s[1][l] += d;
    s[2][l] += d * d;
}
DLI_moments(DLI_BODY)
{
    for (dl_int i0 = 0; i0 < rows; i0 += 64)             /* 64 rows of 16 columns */
        for (dl_int j = 0; j < n; j += 16) {
            const dl_int end = dli_min(rows, i0 + 64), wide = dli_min(16, n - j);
            const float *gj = g ? g + j : NULL, *xj = x + j, *mj = m + j;
            float s[3][16] = { { 0 } };
            if (wide == 16 && g)
                for (dl_int i = i0; i < end; i++)
                    DLI_LANES dli_moments_add(s, l, gj[i * ldx + l], xj[i * ldx + l] - mj[l]);
            else if (wide == 16)
                for (dl_int i = i0; i < end; i++)
                    DLI_LANES dli_spread_add(s, l, xj[i * ldx + l] - mj[l]);
            else
                for (dl_int i = i0; i < end; i++)
                    for (dl_int l = 0; l < wide; l++) {
                        const float d = xj[i * ldx + l] - mj[l];
                        dli_moments_add(s, l, g ? gj[i * ldx + l] : d, d);
                    }
            for (int k = g ? 0 : 1; k < 3; k++) DLI_LANES sum[k][j + l] += (double)s[k][l];
        }
}
/* y = a (x - m) + b, dx += a dy + b (x - m) + c: of a row, and of columns */
#define DLI_affine(X) X(void, affine, \
    (float *DLI_RESTRICT y, const float *DLI_RESTRICT x, float m, float a, float b, dl_int n), \
    (y, x, m, a, b, n))
DLI_affine(DLI_BODY)
{
    for (dl_int i = 0; i < n; i++) y[i] = a * (x[i] - m) + b;
}
#define DLI_affine_back(X) X(void, affine_back, \
    (float *DLI_RESTRICT dx, const float *DLI_RESTRICT dy, const float *DLI_RESTRICT x, float m, \
     float a, float b, float c, dl_int n), (dx, dy, x, m, a, b, c, n))
DLI_affine_back(DLI_BODY)
{
    for (dl_int i = 0; i < n; i++) dx[i] += a * dy[i] + (b * (x[i] - m) + c);
}
#define DLI_col_affine(X) X(void, col_affine, \
    (float *DLI_RESTRICT y, const float *DLI_RESTRICT x, const float *DLI_RESTRICT m, \
     const float *DLI_RESTRICT a, const float *DLI_RESTRICT b, dl_int n), (y, x, m, a, b, n))
DLI_col_affine(DLI_BODY)
{
    for (dl_int j = 0; j < n; j++) y[j] = a[j] * (x[j] - m[j]) + b[j];
}
#define DLI_col_affine_back(X) X(void, col_affine_back, \
    (float *DLI_RESTRICT dx, const float *DLI_RESTRICT dy, const float *DLI_RESTRICT x, \
     const float *DLI_RESTRICT m, const float *DLI_RESTRICT a, const float *DLI_RESTRICT b, \
     const float *DLI_RESTRICT c, dl_int n), (dx, dy, x, m, a, b, c, n))
DLI_col_affine_back(DLI_BODY)
{
    for (dl_int j = 0; j < n; j++) dx[j] += a[j] * dy[j] + (b[j] * (x[j] - m[j]) + c[j]);
}

/* ---- optimizers: one pass over weights, gradients and moments ----
   The formulas of dlk_momentum_step to dlk_adam_step, with what does not depend on the element
   computed before. Moments below DLI_MOMENT_MIN become 0, as there, and none is infinite: for that
   dl_optimizer_step looks at the gradients. */
DLI_INLINE float dli_flushf(float m) { return dli_absf(m) < 1e-34f ? 0.0f : m; }
DLI_INLINE float dli_flush_square(float v) { return v < 1e-34f ? 0.0f : v; }

/* The largest |x|. The bits of a float without its sign are an integer that grows with it, up to
   infinity and then NaN: comparing these, no NaN is lost. */
#define DLI_top(X) X(float, top, (const float *x, dl_int n), (x, n))
DLI_top(DLI_BODY)
{
    int32_t top = 0;
    for (dl_int i = 0; i < n; i++) {
        const int32_t a = (int32_t)(dli_bits_of_float(x[i]) & 0x7FFFFFFFu);
        top = a > top ? a : top;
    }
    return dli_float_of_bits((uint32_t)top);
}
/* v = mu v + gain g;  w -= rate (nesterov ? mu v + gain g : v) */
#define DLI_momentum(X) X(void, momentum, \
    (float *w, const float *g, float *v, dl_int n, float gain, float rate, float mu, \
     int nesterov), \
    (w, g, v, n, gain, rate, mu, nesterov))
DLI_momentum(DLI_BODY)
{
    const float pk = nesterov ? 1.0f : 0.0f, vk = nesterov ? mu : 1.0f;
    DLI_IVDEP for (dl_int i = 0; i < n; i++) {
        const float push = gain * g[i], s = mu * v[i] + push;
        v[i] = dli_flushf(s);
        w[i] -= rate * (pk * push + vk * s);
    }
}
/* s = keep s + gain g^2;  w -= lr g / (sqrt(s + eps_in) + eps_out): RMSprop, and Adagrad with
   keep = gain = 1. Without eps_out there is no division. */
#define DLI_rmsprop(X) X(void, rmsprop, \
    (float *w, const float *g, float *s, dl_int n, float lr, float keep, float gain, \
     float eps_in, float eps_out), \
    (w, g, s, n, lr, keep, gain, eps_in, eps_out))
DLI_rmsprop(DLI_BODY)
{
    if (eps_out == 0.0f)
        DLI_IVDEP for (dl_int i = 0; i < n; i++) {
            s[i] = dli_flush_square(keep * s[i] + gain * (g[i] * g[i]));
            w[i] -= lr * g[i] * dli_rsqrtf(s[i] + eps_in);
        }
    else
        DLI_IVDEP for (dl_int i = 0; i < n; i++) {
            s[i] = dli_flush_square(keep * s[i] + gain * (g[i] * g[i]));
            w[i] -= lr * g[i] / (dli_sqrtf(s[i] + eps_in) + eps_out);
        }
}
/* a = rho a + (1-rho) g^2;  d = g sqrt(u + eps) / sqrt(a + eps);
   u = rho u + (1-rho) d^2;  w -= lr d */
#define DLI_adadelta(X) X(void, adadelta, \
    (float *w, const float *g, float *a, float *u, dl_int n, float lr, float rho, \
     float one_minus_rho, float eps), \
    (w, g, a, u, n, lr, rho, one_minus_rho, eps))
DLI_adadelta(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) {
        const float p = rho * a[i] + one_minus_rho * (g[i] * g[i]);
        const float d = g[i] * dli_sqrtf(u[i] + eps) * dli_rsqrtf(p + eps);
        const float q = rho * u[i] + one_minus_rho * (d * d);
        a[i] = dli_flush_square(p);
        u[i] = dli_flush_square(q);
        w[i] -= lr * d;
    }
}
/* m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  w -= step m / (sqrt(v) + eps). The caller has
   folded the bias corrections into step and eps. */
#define DLI_adam(X) X(void, adam, \
    (float *w, const float *g, float *m, float *v, dl_int n, float b1, float one_minus_b1, \
     float b2, float one_minus_b2, float step, float eps), \
    (w, g, m, v, n, b1, one_minus_b1, b2, one_minus_b2, step, eps))
DLI_adam(DLI_BODY)
{
    DLI_IVDEP for (dl_int i = 0; i < n; i++) {
        const float a = b1 * m[i] + one_minus_b1 * g[i];
        const float q = b2 * v[i] + one_minus_b2 * (g[i] * g[i]);
        m[i] = dli_flushf(a);
        v[i] = dli_flush_square(q);
        w[i] -= step * a / (dli_sqrtf(q) + eps);
    }
}
/* y = keep ? scale x : 0 (or y +=, for the gradient: same key and first, same mask). Element i
   is dropped when its 24 random bits are below drop24 = p * 2^24. */
#define DLI_dropout(X) X(void, dropout, \
    (float *y, const float *x, dl_int n, uint32_t first, uint32_t key0, uint32_t key1, \
     int32_t drop24, float scale, int add), \
    (y, x, n, first, key0, key1, drop24, scale, add))
DLI_dropout(DLI_BODY)
{
    const uint32_t old = dli_mask(add);
    DLI_IVDEP for (dl_int i = 0; i < n; i++) {
        int32_t r = (int32_t)(dli_hash32(first + (uint32_t)i, key0, key1) >> 8);
        y[i] = dli_masked(y[i], old) + dli_select(r < drop24, 0.0f, scale * x[i]);
    }
}

/* ---- packing ----
   Copies an n x k matrix, element (j, i) at src[j * js + i * ks], into panels of w rows:
   panel p holds dst[i * w + l] = element (p w + l, i). Rows past n are zeros. js or ks is 1. */
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
    for (dl_int l = 0; l < 4; l++)
        for (dl_int i = 0; i < 4; i++) dst[i * ld + l] = src[l * ls + i];
}
#endif
/* dst[i * ld + l] = src[l * ls + i] for l < rows, i < cols */
#define DLI_transpose(X) X(void, transpose, \
    (float *dst, dl_int ld, const float *src, dl_int ls, dl_int rows, dl_int cols), \
    (dst, ld, src, ls, rows, cols))
DLI_transpose(DLI_BODY)
{
    const dl_int r4 = rows & ~(dl_int)3, c4 = cols & ~(dl_int)3;
    for (dl_int l = 0; l < r4; l += 4)
        for (dl_int i = 0; i < c4; i += 4)
            dli_transpose4(dst + i * ld + l, ld, src + l * ls + i, ls);
    for (dl_int l = 0; l < rows; l++)
        for (dl_int i = l < r4 ? c4 : 0; i < cols; i++) dst[i * ld + l] = src[l * ls + i];
}
DLI_INLINE void dli_copy8(float *dst, const float *src) { memcpy(dst, src, 8 * sizeof(float)); }
#define DLI_pack(X) X(void, pack, \
    (float *dst, const float *src, dl_int js, dl_int ks, dl_int n, dl_int k, dl_int w), \
    (dst, src, js, ks, n, k, w))
DLI_pack(DLI_BODY)
{
    for (dl_int j = 0; j < n; j += w, dst += w * k, src += w * js) {
        dl_int rows = dli_min(w, n - j);
        if (rows < w) memset(dst, 0, sizeof(float) * (size_t)(w * k));
        if (js == 1)
            for (dl_int i = 0; i < k; i++) {
                dl_int l = 0;
                for (; l + 8 <= rows; l += 8) dli_copy8(dst + i * w + l, src + i * ks + l);
                for (; l < rows; l++) dst[i * w + l] = src[i * ks + l];
            }
        else
            for (dl_int i = 0; i < k; i += 64)               /* 64 rows of dst stay in L1 */
                dli_transpose_body(dst + i * w, w, src + i, js, rows, dli_min(64, k - i));
    }
}

#ifndef DL_NO_IMAGES
/* ---- convolution and pooling: the loops over images ----
   Rows of images are short (26 floats), a bad fit for vectors of 16. So whole groups of 16 are
   processed even past the end of a row: what is written too far is the start of the next row,
   which comes next and is written again. Only the last rows need care. */

/* dst[i][y][x] = src[i][y][x] for i < c, y < h, x < w; dst has planes of ps floats and rows of ld,
   src is dense. gate, shaped like src, lets only through what stands where it is positive: src is
   then the gradient of a ReLU whose output is gate. */
#define DLI_place(X) X(void, place, \
    (float *DLI_RESTRICT dst, dl_int ps, dl_int ld, const float *DLI_RESTRICT src, \
     const float *DLI_RESTRICT gate, dl_int c, dl_int h, dl_int w), \
    (dst, ps, ld, src, gate, c, h, w))
DLI_place(DLI_BODY)
{
    for (dl_int i = 0; i < c; i++)
        for (dl_int y = 0; y < h; y++, src += w) {
            float *d = dst + i * ps + y * ld;
            if (!gate) {
                for (dl_int x = 0; x < w; x++) d[x] = src[x];
                continue;
            }
            for (dl_int x = 0; x < w; x++) d[x] = dli_select(gate[x] <= 0.0f, 0.0f, src[x]);
            gate += w;
        }
}
/* dst[rows][cols] = or += relu?(src + bias), src having rows of lds > cols floats and at least
   16 readable after the last. */
#define DLI_crop(X) X(void, crop, \
    (float *DLI_RESTRICT dst, const float *DLI_RESTRICT src, dl_int lds, dl_int rows, \
     dl_int cols, float bias, int relu, int add), \
    (dst, src, lds, rows, cols, bias, relu, add))
DLI_crop(DLI_BODY)
{
    const float *end = dst + rows * cols;
    for (dl_int r = 0; r < rows; r++, src += lds) {
        float *d = dst + r * cols;
        dl_int x = 0;
        if (add) {
            for (; x < cols; x++) d[x] += src[x] + bias;
            continue;
        }
        for (; x < cols && d + x + 16 <= end; x += 16)
            for (dl_int l = 0; l < 16; l++) {
                float v = src[x + l] + bias;
                d[x + l] = relu && v < 0.0f ? 0.0f : v;
            }
        for (; x < cols; x++) {
            float v = src[x] + bias;
            d[x] = relu && v < 0.0f ? 0.0f : v;
        }
    }
}
/* Candidate i of a maximum (bits v, from candidate k): the first of equals, the first NaN wins. */
DLI_INLINE void dli_pool2_try(uint32_t *v, uint32_t *k, float x, uint32_t i)
{
    float best = dli_float_of_bits(*v);
    uint32_t m = (0u - (uint32_t)!(best >= x)) & (0u - (uint32_t)(best == best));
    *v = (dli_bits_of_float(x) & m) | (*v & ~m);
    *k = (i & m) | (*k & ~m);
}
/* The largest of four, each plus bias and, with least = 0, through ReLU (else least is -inf). Says
   which, 0 1 / 2 3, or 4 where ReLU lets no gradient through. */
DLI_INLINE int32_t dli_pool2_one(float *y, const float *a, const float *b, float bias, float least)
{
    float x0 = a[0] + bias, x1 = a[1] + bias, x2 = b[0] + bias, x3 = b[1] + bias;
    uint32_t k = 0, v = dli_bits_of_float(x0 < least ? least : x0);
    dli_pool2_try(&v, &k, x1 < least ? least : x1, 1);
    dli_pool2_try(&v, &k, x2 < least ? least : x2, 2);
    dli_pool2_try(&v, &k, x3 < least ? least : x3, 3);
    *y = dli_float_of_bits(v);
    return (int32_t)(*y <= 0.0f && least == 0.0f ? 4u : k);
}
/* Max-pooling 2 x 2, stride 2, of one plane with rows of ld to y, arg [oh, ow]. What may be read
   ends at xend, what may be written at yend. */
#define DLI_pool2(X) X(void, pool2, \
    (float *DLI_RESTRICT y, int32_t *DLI_RESTRICT arg, const float *yend, \
     const float *DLI_RESTRICT x, const float *xend, dl_int ld, dl_int oh, dl_int ow, float bias, \
     int relu), \
    (y, arg, yend, x, xend, ld, oh, ow, bias, relu))
DLI_pool2(DLI_BODY)
{
    const float least = relu ? 0.0f : -INFINITY;
    for (dl_int r = 0; r < oh; r++, y += ow, arg += ow) {
        const float *a = x + 2 * r * ld, *b = a + ld;
        dl_int j = 0;
        for (; j < ow && y + j + 16 <= yend && b + 2 * j + 32 <= xend; j += 16)
            for (dl_int l = j; l < j + 16; l++)
                arg[l] = dli_pool2_one(y + l, a + 2 * l, b + 2 * l, bias, least);
        for (; j < ow; j++) arg[j] = dli_pool2_one(y + j, a + 2 * j, b + 2 * j, bias, least);
    }
}
/* Backward: planes [h, w], ps apart and with rows of ld, become dy where arg points, 0 elsewhere.
   Between the rows of a plane and behind it, too, zeros are written, up to `end`. */
#define DLI_unpool2(X) X(void, unpool2, \
    (float *DLI_RESTRICT dx, dl_int ps, dl_int ld, const float *end, \
     const float *DLI_RESTRICT dy, const int32_t *DLI_RESTRICT arg, dl_int planes, dl_int h, \
     dl_int w), \
    (dx, ps, ld, end, dy, arg, planes, h, w))
DLI_unpool2(DLI_BODY)
{
    const dl_int oh = h / 2, ow = w / 2;
    const float *dyend = dy + planes * oh * ow;
    for (dl_int p = 0; p < planes; p++)
        for (dl_int r = 0; r < h; r++) {
            float *d = dx + p * ps + r * ld;
            const int32_t k = r & 1 ? 2 : 0;
            dl_int j = 0;
            if (r >= 2 * oh) {                           /* an odd row or column got nothing */
                for (; j < w; j++) d[j] = 0.0f;
                continue;
            }
            for (; j < ow && d + 2 * j + 32 <= end && dy + j + 16 <= dyend; j += 16)
                for (dl_int l = j; l < j + 16; l++) {
                    d[2 * l] = dli_select(arg[l] == k, dy[l], 0.0f);
                    d[2 * l + 1] = dli_select(arg[l] == k + 1, dy[l], 0.0f);
                }
            for (; j < ow; j++) {
                d[2 * j] = arg[j] == k ? dy[j] : 0.0f;
                d[2 * j + 1] = arg[j] == k + 1 ? dy[j] : 0.0f;
            }
            for (dl_int l = 2 * ow; l < w || l < 2 * j; l++) d[l] = 0.0f;
            if (r & 1) {
                dy += ow;
                arg += ow;
            }
        }
}

/* ---- the transforms of 3 x 3 convolution by Winograd's way (explained below) ----
   Each works along a row of tiles, 16 at a time; what they write too far is written again, or lies
   in the room behind. Outputs do not overlap, which DLI_IVDEP tells the compiler. */

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpass-failed"         /* it unrolls first, then vectorizes */
#endif
/* v[4i + j][tile] = (B^T d B)[i][j] of the 4 x 4 floats d at src[2 ty][2 tx], rows ld apart; the 16
   planes of v are vs apart. */
#define DLI_wino_in(X) X(void, wino_in, \
    (float *DLI_RESTRICT v, dl_int vs, const float *DLI_RESTRICT src, dl_int ld, dl_int th, \
     dl_int tw), \
    (v, vs, src, ld, th, tw))
DLI_wino_in(DLI_BODY)
{
    for (dl_int ty = 0; ty < th; ty++, v += tw, src += 2 * ld)
        for (dl_int tx = 0; tx < tw; tx += 16)
            DLI_UNROLL for (dl_int i = 0; i < 4; i++) {  /* B^T d, a row of it */
                const float *a = src + 2 * tx + (i == 0 ? 0 : i == 2 ? 2 : 1) * ld;
                const float *b = src + 2 * tx + (i == 2 ? 1 : i == 3 ? 3 : 2) * ld;
                const float sign = i == 1 ? 1.0f : -1.0f;
                float *to = v + 4 * i * vs + tx;
                DLI_IVDEP for (dl_int l = 0; l < 16; l++) {
                    float t0 = a[2 * l] + sign * b[2 * l];
                    float t1 = a[2 * l + 1] + sign * b[2 * l + 1];
                    float t2 = a[2 * l + 2] + sign * b[2 * l + 2];
                    float t3 = a[2 * l + 3] + sign * b[2 * l + 3];
                    to[l] = t0 - t2;
                    to[vs + l] = t1 + t2;
                    to[2 * vs + l] = t2 - t1;
                    to[3 * vs + l] = t1 - t3;
                }
            }
}
/* dst[2 ty + i][2 tx + j] = (A^T m A)[i][j] of the 4 x 4 numbers m[4i + j][tile], ms apart. Rows of
   dst are ld apart, 2 tw rounded up to 32. */
#define DLI_wino_out(X) X(void, wino_out, \
    (float *DLI_RESTRICT dst, dl_int ld, const float *DLI_RESTRICT m, dl_int ms, dl_int th, \
     dl_int tw), \
    (dst, ld, m, ms, th, tw))
DLI_wino_out(DLI_BODY)
{
    for (dl_int ty = 0; ty < th; ty++, m += tw, dst += 2 * ld)
        for (dl_int tx = 0; tx < tw; tx += 16)
            DLI_UNROLL for (dl_int i = 0; i < 2; i++) {  /* A^T m, a row of it: 0 1 2 or 1 2 3 */
                const float *a = m + 4 * i * ms + tx, *b = a + 4 * ms, *c = b + 4 * ms;
                const float sign = i ? -1.0f : 1.0f;
                float *to = dst + i * ld + 2 * tx;
                DLI_IVDEP for (dl_int l = 0; l < 16; l++) {
                    float s0 = a[l] + sign * (b[l] + c[l]);
                    float s1 = a[ms + l] + sign * (b[ms + l] + c[ms + l]);
                    float s2 = a[2 * ms + l] + sign * (b[2 * ms + l] + c[2 * ms + l]);
                    float s3 = a[3 * ms + l] + sign * (b[3 * ms + l] + c[3 * ms + l]);
                    to[2 * l] = s0 + s1 + s2;
                    to[2 * l + 1] = s1 - s2 - s3;
                }
            }
}
/* v[4i + j][tile] = (A g A^T)[i][j] of the 2 x 2 floats g at src[2 ty][2 tx]. */
#define DLI_wino_grad(X) X(void, wino_grad, \
    (float *DLI_RESTRICT v, dl_int vs, const float *DLI_RESTRICT src, dl_int ld, dl_int th, \
     dl_int tw), \
    (v, vs, src, ld, th, tw))
DLI_wino_grad(DLI_BODY)
{
    for (dl_int ty = 0; ty < th; ty++, v += tw, src += 2 * ld)
        for (dl_int tx = 0; tx < tw; tx += 16)
            DLI_UNROLL for (dl_int i = 0; i < 4; i++) {  /* A g: a, a + b, a - b, -b */
                const float *a = src + 2 * tx, *b = a + ld;
                const float p = i < 3 ? 1.0f : 0.0f, q = i == 0 ? 0.0f : i == 1 ? 1.0f : -1.0f;
                float *to = v + 4 * i * vs + tx;
                DLI_IVDEP for (dl_int l = 0; l < 16; l++) {
                    float t0 = p * a[2 * l] + q * b[2 * l];
                    float t1 = p * a[2 * l + 1] + q * b[2 * l + 1];
                    to[l] = t0;
                    to[vs + l] = t0 + t1;
                    to[2 * vs + l] = t0 - t1;
                    to[3 * vs + l] = -t1;
                }
            }
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
#endif

#ifndef DL_NO_SEQUENCES
/* ---- recurrent cells ----
   One step of any number of units side by side. Forward turns the sums under the gates into the
   gates; backward, in place of the gates, into the gradients of those sums. */

/* tc = tanh c. dh, dc: gradients of h and c after the step; dc becomes that of cp. */
#define DLI_lstm_back(X) X(void, lstm_back, \
    (const float *DLI_RESTRICT dh, float *DLI_RESTRICT dc, float *DLI_RESTRICT gi, \
     float *DLI_RESTRICT gf, float *DLI_RESTRICT gq, float *DLI_RESTRICT go, \
     const float *DLI_RESTRICT tc, const float *DLI_RESTRICT cp, dl_int n), \
    (dh, dc, gi, gf, gq, go, tc, cp, n))
DLI_lstm_back(DLI_BODY)
{
    for (dl_int j = 0; j < n; j++) {
        const float i = gi[j], f = gf[j], q = gq[j], o = go[j], t = tc[j];
        const float d = dc[j] + dh[j] * o * (1.0f - t * t);
        gi[j] = d * q * (i * (1.0f - i));
        gf[j] = d * cp[j] * (f * (1.0f - f));
        gq[j] = d * i * (1.0f - q * q);
        go[j] = dh[j] * t * (o * (1.0f - o));
        dc[j] = d * f;
    }
}
/* dh: gradient of h; becomes the part of hp's that does not pass through a gate. */
#define DLI_gru_back(X) X(void, gru_back, \
    (float *DLI_RESTRICT dh, float *DLI_RESTRICT gr, float *DLI_RESTRICT gz, \
     float *DLI_RESTRICT gqh, float *DLI_RESTRICT gqx, const float *DLI_RESTRICT hp, dl_int n), \
    (dh, gr, gz, gqh, gqx, hp, n))
DLI_gru_back(DLI_BODY)
{
    for (dl_int j = 0; j < n; j++) {
        const float r = gr[j], z = gz[j], qh = gqh[j], q = gqx[j], d = dh[j];
        const float dq = d * (1.0f - z) * (1.0f - q * q);
        gr[j] = dq * qh * (r * (1.0f - r));
        gz[j] = d * (hp[j] - q) * (z * (1.0f - z));
        gqh[j] = dq * r;
        gqx[j] = dq;
        dh[j] = d * z;
    }
}
/* dst[m][n] = src and dst += src, rows ldd and lds apart */
#define DLI_copy_rows(X) X(void, copy_rows, \
    (float *DLI_RESTRICT dst, dl_int ldd, const float *DLI_RESTRICT src, dl_int lds, dl_int m, \
     dl_int n), \
    (dst, ldd, src, lds, m, n))
DLI_copy_rows(DLI_BODY)
{
    for (dl_int i = 0; i < m; i++, dst += ldd, src += lds) {
        dl_int j = 0;
        for (; j + 8 <= n; j += 8) dli_copy8(dst + j, src + j);
        for (; j < n; j++) dst[j] = src[j];
    }
}
#define DLI_add_rows(X) X(void, add_rows, \
    (float *DLI_RESTRICT dst, dl_int ldd, const float *DLI_RESTRICT src, dl_int lds, dl_int m, \
     dl_int n), \
    (dst, ldd, src, lds, m, n))
DLI_add_rows(DLI_BODY)
{
    for (dl_int i = 0; i < m; i++, dst += ldd, src += lds)
        for (dl_int j = 0; j < n; j++) dst[j] += src[j];
}
#endif

/* ---- the table of functions, one for each instruction set ---- */

#ifndef DL_NO_IMAGES
#define DLI_WINO_OPS(X)  DLI_wino_in(X) DLI_wino_out(X) DLI_wino_grad(X)
#define DLI_IMAGE_OPS(X) DLI_place(X) DLI_crop(X) DLI_pool2(X) DLI_unpool2(X)
#else
#define DLI_WINO_OPS(X)
#define DLI_IMAGE_OPS(X)
#endif
#ifndef DL_NO_SEQUENCES
#define DLI_CELL_OPS(X) DLI_lstm_back(X) DLI_gru_back(X)
#define DLI_ROWS_OPS(X) DLI_copy_rows(X) DLI_add_rows(X)
#else
#define DLI_CELL_OPS(X)
#define DLI_ROWS_OPS(X)
#endif
/* Each has its own copy for every instruction set ... */
#define DLI_OPS(X) \
    DLK_UNARY_WIDE(DLI_TWIN_PAIR, X) \
    DLI_col_sums(X) DLI_dots(X) DLI_vsum(X) DLI_vmax(X) DLI_moment(X) DLI_moments(X) \
    DLI_affine(X) DLI_affine_back(X) DLI_col_affine(X) DLI_col_affine_back(X) DLI_dropout(X) \
    DLI_WINO_OPS(X) DLI_CELL_OPS(X)
/* ... but these wait for memory or run along short rows: AVX-512 takes AVX2's ... */
#define DLI_FLAT_OPS(X) \
    DLI_axpy(X) DLI_add(X) DLI_mul(X) DLI_mul_add(X) DLI_bytes(X) DLI_bias_act(X) DLI_top(X) \
    DLI_momentum(X) DLI_rmsprop(X) DLI_adadelta(X) DLI_adam(X) DLI_transpose(X) DLI_pack(X) \
    DLI_IMAGE_OPS(X) DLI_ROWS_OPS(X)
/* ... and one copy of these serves all. */
#define DLI_NARROW_OPS(X) DLK_UNARY_NARROW(DLI_TWIN_PAIR, X)

/* C[mr][nr] = or += sum of A[i][k] B[k][j] over k < n, in three forms. tile: both are packed.
   tile_off: row k of B is b + off[k]. tile_rows: A is read where it stands, by mr pointers to its
   rows, each in runs of `run` with `gap` floats between them; n is a multiple of run. */
#define DLI_TILE_ARGS     (float *c, dl_int ldc, int add, dl_int n, const float *a, const float *b)
#define DLI_TILE_OFF_ARGS (float *c, dl_int ldc, int add, dl_int n, const float *a, \
                           const float *b, const dl_int *off)
#define DLI_TILE_ROWS_ARGS (float *c, dl_int ldc, int add, dl_int n, const float *const *rows, \
                            dl_int run, dl_int gap, const float *b)

#define DLI_FIELD(ret, name, params, args) ret (*name) params;
typedef struct dli_fast {
    const char *name;
    dl_int mr, nr;                                       /* the tile */
    void (*tile) DLI_TILE_ARGS;
    void (*tile_off) DLI_TILE_OFF_ARGS;
    void (*tile_rows) DLI_TILE_ROWS_ARGS;
    DLI_OPS(DLI_FIELD) DLI_FLAT_OPS(DLI_FIELD) DLI_NARROW_OPS(DLI_FIELD)
} dli_fast;

/* The tile, for V a vector of W floats (or float itself, W = 1) and NV of them in a row. What is
   needed next is asked for early, while the products keep the CPU busy: a tile of C to add to, and
   with AHEAD the panel of B to the right of this one. This is the one body behind backslashes,
   since C has no other way to give a function a type: written as loops over floats, gcc finds the
   same registers, but clang keeps acc in memory and stores all of it for every k. */
#define DLI_ALL_K    for (k = 0; k < n; k++)
#define DLI_K_IN_RUNS for (skip = 0, end = run; end <= n; end += run, skip += gap) \
                          for (; k < end; k++)
#define DLI_TILE(fn, attr, V, W, MR, NV, ARGS, LOOP, A_IK, B_K, AHEAD) \
    attr static void fn ARGS \
    { \
        const V zero = { 0 }; \
        V acc[MR][NV], bv[NV]; \
        dl_int i, j, k = 0, skip, end; \
        (void)skip; (void)end; \
        if (add) { \
            DLI_UNROLL for (i = 0; i < MR; i++) DLI_PREFETCH(c + i * ldc); \
        } \
        DLI_UNROLL for (i = 0; i < MR; i++) \
            DLI_UNROLL for (j = 0; j < NV; j++) acc[i][j] = zero; \
        LOOP { \
            const float *bk = B_K; \
            if (AHEAD) { DLI_PREFETCH(bk + NV * W); DLI_PREFETCH(bk + NV * W + 16); } \
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
#define DLI_RETURN_double return
#define DLI_TILES(set, flat, attr, V, W, MR, NV) \
    DLI_TILE(dli_tile_##set, attr, V, W, MR, NV, DLI_TILE_ARGS, DLI_ALL_K, a[k * MR + i], \
             b + k * (NV * W), 0) \
    DLI_TILE(dli_tile_off_##set, attr, V, W, MR, NV, DLI_TILE_OFF_ARGS, DLI_ALL_K, \
             a[k * MR + i], b + off[k], 1) \
    DLI_TILE(dli_tile_rows_##set, attr, V, W, MR, NV, DLI_TILE_ROWS_ARGS, DLI_K_IN_RUNS, \
             rows[i][k + skip], b + k * (NV * W), 0) \
    DLI_OPS(DLI_DEFINE_##set) \
    static const dli_fast dli_fast_##set = { \
        #set, MR, NV * W, dli_tile_##set, dli_tile_off_##set, dli_tile_rows_##set \
        DLI_OPS(DLI_ENTRY_##set) DLI_FLAT_OPS(DLI_ENTRY_##flat) DLI_NARROW_OPS(DLI_ENTRY_base) \
    };
#define DLI_DEFINE(set, attr, ret, name, params, args) \
    attr static ret dli_##name##_##set params { DLI_RETURN_##ret dli_##name##_body args; }
#define DLI_DEFINE_base(ret, name, params, args) \
    DLI_DEFINE(base, DLI_VEC_CODE, ret, name, params, args)
#define DLI_ENTRY_base(ret, name, params, args) , dli_##name##_base

DLI_FLAT_OPS(DLI_DEFINE_base)
DLI_NARROW_OPS(DLI_DEFINE_base)
#if DLI_SIMD
DLI_TILES(base, base, DLI_VEC_CODE, dli_v4, 4, 4, 2)                         /* SSE2, NEON */
#else
DLI_TILES(base, base, DLI_VEC_CODE, float, 1, 4, 4)
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
DLI_FLAT_OPS(DLI_DEFINE_avx2)
DLI_TILES(avx2, avx2, DLI_AVX2, dli_v8, 8, 6, 2)
DLI_TILES(avx512, avx2, DLI_AVX512, dli_v16, 16, 8, 2)
#endif

/* Each set's CPUs have the sets in front of it. */
static const dli_fast *const dli_fast_sets[] = {
    &dli_fast_base,
#if DLI_X86
    &dli_fast_avx2, &dli_fast_avx512
#endif
};
/* The last that this CPU has. */
static const dli_fast *dli_fast_pick(void)
{
#if DLI_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return &dli_fast_base;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return &dli_fast_avx512;
    return &dli_fast_avx2;
#else
    return &dli_fast_base;
#endif
}

/* Runs `call` over 0 .. n-1 in blocks of at most 16384, `at` the start and `len` the length of
   a block. The blocks do not depend on the number of threads, so neither do results. */
#define DLI_BLOCK ((dl_int)16384)
#define DLI_SPLIT(n, threads, at, len, call) \
    do { \
        const dl_int dli_n = (n), dli_blocks = dli_ceil_div(dli_n, DLI_BLOCK); \
        DLI_OMP(omp parallel for num_threads(threads) if (dli_blocks > 1)) \
        for (dl_int dli_b = 0; dli_b < dli_blocks; dli_b++) { \
            dl_int at = dli_b * DLI_BLOCK, len = dli_min(DLI_BLOCK, dli_n - at); \
            call; \
        } \
        (void)(threads); \
    } while (0)

/* For t = 0 .. threads - 1, each on a thread of its own. */
#define DLI_EACH_THREAD(t, threads) \
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if ((threads) > 1)) \
    for (int t = 0; t < (threads); t++)

/* ---- functions made of the table's ---- */

/* The sum of a row of any length; if it leaves the range of floats, in double. */
static double dli_row_sum(const dli_fast *f, const float *x, dl_int n)
{
    double sum = f->vsum(x, n);
    if (fabs(sum) < (double)INFINITY) return sum;
    sum = 0.0;
    for (dl_int i = 0; i < n; i++) sum += (double)x[i];
    return sum;
}

/* s[j] += the sum of column j of x [m,n], rows by the 64 into a double. */
static void dli_bias_sums(const dli_fast *f, float *s, const float *x, dl_int m, dl_int n)
{
    for (dl_int j0 = 0; j0 < n; j0 += DLI_STRIP) {
        const dl_int len = dli_min(DLI_STRIP, n - j0);
        double sum[DLI_STRIP] = { 0 };
        for (dl_int i = 0; i < m; i += 64) {
            float part[DLI_STRIP];
            memset(part, 0, sizeof(float) * (size_t)len);
            f->col_sums(part, x + i * n + j0, n, dli_min(64, m - i), len);
            for (dl_int j = 0; j < len; j++) sum[j] += (double)part[j];
        }
        for (dl_int j = 0; j < len; j++) s[j0 + j] += (float)sum[j];
    }
}

/* Half of a sum's gradient, da += sign dy, and of a product's, da += dy b. A step of 0 means one
   number, repeated along the row. */
static void dli_half_sum_back(const dli_fast *f, float *da, dl_int sa, const float *dy,
                              float sign, dl_int n)
{
    if (da && sa) f->axpy(da, sign, dy, n);
    else if (da) *da += sign * (float)dli_row_sum(f, dy, n);
}
static void dli_half_mul_back(const dli_fast *f, float *da, dl_int sa, const float *dy,
                              const float *b, dl_int sb, dl_int n)
{
    if (!da) return;
    if (sa && sb) f->mul_add(da, dy, b, da, n);
    else if (sa) f->axpy(da, *b, dy, n);
    else if (sb) *da += (float)f->moment(dy, b, 0.0f, n);
    else *da += (float)((double)*b * dli_row_sum(f, dy, n));
}

/* ---- softmax ----
   All of them start with x - top, the row's maximum taken off so that nothing overflows, and end
   with e^(x - top) over their sum; see dlk_softmax_forward. Those named dli_fast_ are twins of the
   kernels and return what these do. */

/* y = x - its maximum, which is returned. */
static float dli_below_top(const dli_fast *f, float *y, const float *x, dl_int n)
{
    const float top = f->vmax(x, n);
    if (top < INFINITY) f->affine_forward(y, x, n, 1, -top);
    else for (dl_int i = 0; i < n; i++) y[i] = (float)dli_below_max((double)x[i], (double)top);
    return top;
}
/* y over its sum, which is returned. */
static double dli_to_one(const dli_fast *f, float *y, dl_int n)
{
    const double sum = dli_row_sum(f, y, n);
    f->affine_forward(y, y, n, (float)(1.0 / sum), 0);
    return sum;
}
/* One exp runs over all rows together: a classifier's rows of 10 would leave vectors half empty.
   With labels it returns the sum over rows of -log y[label]. */
static double dli_softmax_loss(const dli_fast *f, float *y, const float *x, const int32_t *label,
                               dl_int rows, dl_int n)
{
    double loss = 0.0;
    for (dl_int r = 0; n > 0 && r < rows; r++) {
        const double own = label ? (double)x[r * n + label[r]] : 0.0;    /* y may be x */
        const double top = (double)dli_below_top(f, y + r * n, x + r * n, n);
        if (label) loss -= dli_below_max(own, top);
    }
    f->exp_forward(y, y, rows * n, 0, 0);
    for (dl_int r = 0; n > 0 && r < rows; r++) {
        const double sum = dli_to_one(f, y + r * n, n);
        if (label) loss += log(sum);
    }
    return loss;
}
static void dli_fast_softmax_forward(dl_ctx *c, dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
    dli_softmax_loss(c->fast, y, x, NULL, N, C);
}
static void dli_fast_cross_entropy_forward(dl_ctx *c, dl_real *loss, dl_real *p, const dl_real *x,
                                           const int32_t *label, dl_int N, dl_int C, double scale)
{
    loss[0] = (dl_real)(scale * dli_softmax_loss(c->fast, p, x, label, N, C));
}
static void dli_fast_softmax_backward(dl_ctx *c, dl_real *dx, const dl_real *dy, const dl_real *y,
                                      dl_int N, dl_int C)
{
    const dli_fast *f = c->fast;
    float t[DLI_STRIP];
    for (dl_int r = 0; r < N; r++, dx += C, dy += C, y += C) {
        const float sum = (float)f->moment(dy, y, 0.0f, C);
        for (dl_int i = 0; i < C; i += DLI_STRIP) {
            const dl_int len = dli_min(DLI_STRIP, C - i);
            f->affine_forward(t, dy + i, len, 1, -sum);
            f->mul_add(dx + i, t, y + i, dx + i, len);
        }
    }
}
static void dli_fast_log_softmax_forward(dl_ctx *c, dl_real *y, const dl_real *x, dl_int N,
                                         dl_int C)
{
    const dli_fast *f = c->fast;
    float e[DLI_STRIP];
    for (dl_int r = 0; C > 0 && r < N; r++, y += C, x += C) {
        double sum = 0.0;
        dli_below_top(f, y, x, C);
        for (dl_int i = 0; i < C; i += DLI_STRIP) {
            const dl_int len = dli_min(DLI_STRIP, C - i);
            f->exp_forward(e, y + i, len, 0, 0);
            sum += f->vsum(e, len);
        }
        f->affine_forward(y, y, C, 1, (float)-log(sum));
    }
}
static void dli_fast_log_softmax_backward(dl_ctx *c, dl_real *dx, const dl_real *dy,
                                          const dl_real *y, dl_int N, dl_int C)
{
    const dli_fast *f = c->fast;
    float t[DLI_STRIP];
    for (dl_int r = 0; r < N; r++, dx += C, dy += C, y += C) {
        const float sum = (float)dli_row_sum(f, dy, C);
        for (dl_int i = 0; i < C; i += DLI_STRIP) {
            const dl_int len = dli_min(DLI_STRIP, C - i);
            f->exp_forward(t, y + i, len, 0, 0);
            f->add(dx + i, dx + i, dy + i, len);
            f->axpy(dx + i, -sum, t, len);
        }
    }
}
/* A logit of minus infinity is fine where its target is 0; that row is left to the kernel. */
static void dli_fast_soft_cross_entropy_forward(dl_ctx *c, dl_real *loss, dl_real *p,
                                                const dl_real *x, const dl_real *t, dl_int N,
                                                dl_int C, double scale)
{
    const dli_fast *f = c->fast;
    double total = 0.0;
    for (dl_int r = 0; C > 0 && r < N; r++, p += C, x += C, t += C) {
        const float top = f->vmax(x, C);
        const double dot = f->moment(t, x, top, C);
        if (!(fabs(dot) < (double)INFINITY)) {
            float one;
            dlk_soft_cross_entropy_forward(&one, p, x, t, 1, C, 1);
            total += (double)one;
            continue;
        }
        f->affine_forward(p, x, C, 1, -top);
        f->exp_forward(p, p, C, 0, 0);
        total += log(dli_to_one(f, p, C)) * dli_row_sum(f, t, C) - dot;
    }
    loss[0] = (dl_real)(scale * total);
}
#ifndef DL_NO_SEQUENCES
/* Rows in which everything is hidden, or a score is not finite, are left to the kernel. */
static void dli_fast_attention_softmax(dl_ctx *c, dl_real *p, const dl_real *mask, dl_int R,
                                       dl_int S, double scale, bool causal)
{
    const dli_fast *f = c->fast;
    if (S == 0) return;
    for (dl_int i = 0; i < R; i++, p += S) {
        const dl_int seen = causal && i + 1 < S ? i + 1 : S;
        f->affine_forward(p, p, seen, (float)scale, 0);
        /* Were a score infinite, its sum with a mask of -infinity would be NaN, not hidden. */
        const bool add = mask && f->vsum(p, seen) * 0.0 == 0.0;
        if (add) f->add(p, p, mask + i * S, seen);
        const float top = f->vmax(p, seen);
        if (add == (mask != NULL) && top > -INFINITY && top < INFINITY) {
            f->affine_forward(p, p, seen, 1, -top);
            f->exp_forward(p, p, seen, 0, 0);
            dli_to_one(f, p, seen);
        } else dlk_attention_softmax(p, mask && !add ? mask + i * S : NULL, 1, seen, 1, false);
        memset(p + seen, 0, sizeof(float) * (size_t)(S - seen));
    }
}
#endif

/* ---- normalization ----
   y = w h + b, h = (x - mean) r, r = (var + eps)^(-1/2), where some numbers share a mean and a
   variance: those of a channel (batch norm), of a group of channels of one sample (group norm), of
   a row (layer norm, a group norm whose channels have one number each). Read dli_norm_sums, then
   dli_stats, which is all that a forward needs, then dli_line_of, which is the backward.

   What shares a mean lies in runs of adjacent floats; or, in a batch norm of vectors, in a column,
   and a strip of columns is done at once. Each channel, row or strip belongs to one thread.

   Statistics. All digits lie in x - mean, see dlk_batch_stats. Here a mean is a float m and a rest.
   The first 8 numbers give m; one pass over all gives the sums of d = x - m and of d^2, of small
   numbers both, and with them rest = mean of d and var = mean of d^2 - rest^2. Only where m lies
   farther off than the numbers scatter, so that the difference would lose digits, is it moved and
   the pass repeated. Then a (x - m - rest) + b is a (x - m) + (b - a rest): the rest costs nothing.

   Backward. Let g = w dy = dL/dh. As dlk_batch_norm_backward derives it,
     dx = r (g - mean of g - h mean of g h),   over the `count` numbers that share the mean.
   h is r (x - m - rest), so that is a line in g and x - m:
     dx = r g + slope (x - m) + shift,   slope = -r^3 sum of g (x - m - rest) / count,
                                         shift = -r sum of g / count - slope rest
   and all of it follows from three sums of one pass: of g, of x - m (count times the rest) and of
   g (x - m). */

/* The numbers that share a mean: `runs` runs of len floats, gap apart; or, if columns is set, each
   of the len columns of these runs by itself. */
typedef struct dli_shared {
    dl_int runs, len, gap;
    bool   columns;
} dli_shared;

/* Of each mean (one, or one a column), the sums of g, of x - m and of g (x - m), in sum[0] to
   sum[2]; with g NULL only those of x - m and of its square. m has 16 equal numbers, or one a
   column. */
static void dli_norm_sums(const dli_fast *f, double (*sum)[DLI_STRIP], const float *g,
                          const float *x, const float *m, const dli_shared *p)
{
    const dl_int rows = p->len / 16, end = rows * 16;
    const int first = g ? 0 : 1;
    if (p->columns) {
        const size_t cols = (size_t)dli_round_up(p->len, 16);
        for (int k = first; k < 3; k++) memset(sum[k], 0, cols * sizeof(double));
        f->moments(sum, g, x, m, p->gap, p->runs, p->len);
        return;
    }
    for (int k = first; k < 3; k++) memset(sum[k], 0, 16 * sizeof(double));
    for (dl_int n = 0; n < p->runs; n++, x += p->gap) {
        const float *gn = g ? g + n * p->gap : NULL;
        if (rows > 0) f->moments(sum, gn, x, m, 16, rows, 16);
        if (p->len > end) f->moments(sum, gn ? gn + end : NULL, x + end, m, 16, 1, p->len - end);
    }
    for (int k = first; k < 3; k++)
        DLI_UNROLL for (dl_int l = 1; l < 16; l++) sum[k][0] += sum[k][l];
}

typedef struct dli_stat { float mean; double rest, var; } dli_stat;

/* The statistics of p, of one mean or of each column. Where squares leave the range of floats (or
   are NaN), in double. */
static void dli_stats(const dli_fast *f, dli_stat *st, const float *x, const dli_shared *p)
{
    const dl_int cols = p->columns ? p->len : 1, step = p->columns ? p->gap : 1;
    const dl_int few = dli_min(8, p->columns ? p->runs : p->len);
    const double count = (double)p->runs * (p->columns ? 1 : (double)p->len);
    double sum[3][DLI_STRIP];
    float m[DLI_STRIP];
    bool again = true;
    for (dl_int j = 0; j < cols; j++) {
        float off = 0.0f;
        for (dl_int i = 1; i < few; i++) off += x[j + i * step] - x[j];
        st[j].mean = x[j] + off / (float)few;
        st[j].rest = 0.0;
    }
    for (int pass = 0; pass < 3 && again; pass++) {
        for (dl_int j = 0; j < cols; j++)
            m[j] = st[j].mean = (float)((double)st[j].mean + st[j].rest);
        for (dl_int l = 1; !p->columns && l < 16; l++) m[l] = m[0];
        dli_norm_sums(f, sum, NULL, x, m, p);
        again = false;
        for (dl_int j = 0; j < cols; j++) {
            const double rest = sum[1][j] / count, var = sum[2][j] / count - rest * rest;
            st[j].rest = rest;
            st[j].var = var < 0.0 ? 0.0 : var;
            if (rest * rest > st[j].var) again = true;
        }
    }
    for (dl_int j = 0; j < cols; j++) {
        const dl_int len = p->columns ? 1 : p->len;
        if (st[j].var < (double)FLT_MAX) continue;
        st[j].var = dli_statistics(&st[j].mean, x + j, p->runs, len, p->gap);
        st[j].rest = dli_mean_from((double)st[j].mean, x + j, p->runs, len, p->gap);
    }
}

/* The backward's line, and the sum of g (x - mean). */
typedef struct dli_line {
    double rest, sum_d;
    float  slope, shift;
} dli_line;

static dli_line dli_line_of(double sum_g, double sum_x, double sum_gx, double count, double r)
{
    dli_line l;
    l.rest = sum_x / count;
    l.sum_d = sum_gx - l.rest * sum_g;
    const double slope = -r * r * r * l.sum_d / count;
    l.slope = (float)slope;
    l.shift = (float)(-r * sum_g / count - slope * l.rest);
    return l;
}

/* Batch norm of channel c of x [N,C,S], or with S = 1 of a strip of len channels from c on. */
static void dli_channels_forward(const dli_fast *f, float *y, const float *x, const dli_stat *st,
                                 const float *w, const float *b, dl_int N, dl_int C, dl_int S,
                                 double eps, dl_int c, dl_int len)
{
    float m[DLI_STRIP], scale[DLI_STRIP], shift[DLI_STRIP];
    for (dl_int j = 0; j < len; j++) {
        const double a = (w ? (double)w[c + j] : 1.0) / sqrt((double)(float)st[j].var + eps);
        m[j] = st[j].mean;
        scale[j] = (float)a;
        shift[j] = (float)((b ? (double)b[c + j] : 0.0) - a * st[j].rest);
    }
    for (dl_int at = c * S; at < N * C * S; at += C * S)
        if (S > 1) f->affine(y + at, x + at, m[0], scale[0], shift[0], S);
        else f->col_affine(y + at, x + at, m, scale, shift, len);
}

/* With `own`, as dlk_batch_stats and dlk_batch_norm_forward in one, while the channel is near; else
   by the mean and var given. */
static void dli_batch_forward(const dli_fast *f, float *y, float *mean, float *var, bool own,
                              const float *x, const float *w, const float *b, dl_int N, dl_int C,
                              dl_int S, double eps, int threads)
{
    const dl_int step = S > 1 ? 1 : DLI_STRIP;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (dl_int c = 0; c < C; c += step) {
        const dl_int len = dli_min(step, C - c);
        const dli_shared p = { N, S > 1 ? S : len, C * S, S == 1 };
        dli_stat st[DLI_STRIP];
        if (own) dli_stats(f, st, x + c * S, &p);
        for (dl_int j = 0; j < len; j++)
            if (own) {
                mean[c + j] = (float)((double)st[j].mean + st[j].rest);
                var[c + j] = (float)st[j].var;
            } else {
                st[j].mean = mean[c + j];
                st[j].rest = 0.0;
                st[j].var = (double)var[c + j];
            }
        dli_channels_forward(f, y, x, st, w, b, N, C, S, eps, c, len);
    }
    (void)threads;
}

/* As dlk_batch_norm_backward. One value a channel is its own mean, and no gradient gets through,
   exactly none: that is left to the kernel. */
static void dli_batch_backward(const dli_fast *f, float *dx, float *dw, float *db, const float *dy,
                               const float *x, const float *mean, const float *var,
                               const float *w, dl_int N, dl_int C, dl_int S, double eps,
                               bool batch, int threads)
{
    const dl_int step = S > 1 ? 1 : DLI_STRIP;
    const double count = (double)N * (double)S;
    if (batch && N * S == 1) {
        dlk_batch_norm_backward(dx, dw, db, dy, x, mean, var, w, N, C, S, eps, batch);
        return;
    }
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (dl_int c = 0; c < C; c += step) {
        const dl_int len = dli_min(step, C - c);
        const dli_shared p = { N, S > 1 ? S : len, C * S, S == 1 };
        double sum[3][DLI_STRIP];
        float m[DLI_STRIP], a[DLI_STRIP], slope[DLI_STRIP], shift[DLI_STRIP];
        for (dl_int j = 0; j < (S > 1 ? 16 : len); j++) m[j] = mean[S > 1 ? c : c + j];
        dli_norm_sums(f, sum, dy + c * S, x + c * S, m, &p);
        for (dl_int j = 0; j < len; j++) {
            const double r = 1 / sqrt((double)var[c + j] + eps), wc = w ? (double)w[c + j] : 1.0;
            const dli_line l = dli_line_of(sum[0][j], batch ? sum[1][j] : 0, sum[2][j], count, r);
            if (dw) dw[c + j] += (float)(l.sum_d * r);
            if (db) db[c + j] += (float)sum[0][j];
            a[j] = (float)(wc * r);
            slope[j] = (float)wc * l.slope;
            shift[j] = (float)wc * l.shift;
        }
        for (dl_int at = c * S; dx && at < N * C * S; at += C * S) {
            if (!batch && S > 1) f->axpy(dx + at, a[0], dy + at, S);
            else if (!batch) f->mul_add(dx + at, dy + at, a, dx + at, len);
            else if (S > 1)
                f->affine_back(dx + at, dy + at, x + at, m[0], a[0], slope[0], shift[0], S);
            else f->col_affine_back(dx + at, dy + at, x + at, m, a, slope, shift, len);
        }
    }
    (void)threads;
}

/* As dlk_group_norm_forward: rows of D = C/groups S elements. A row whose variance is no float is
   left to it. */
static void dli_group_forward(const dli_fast *f, float *y, float *mean, float *var,
                              const float *x, const float *w, const float *b, dl_int N, dl_int C,
                              dl_int S, dl_int groups, double eps, int threads)
{
    const dl_int Cg = C / groups, D = Cg * S;
    const dli_shared p = { 1, D, D, false };
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (dl_int k = 0; k < N * groups; k++) {
        const float *row = x + k * D;
        const float *wk = w ? w + k % groups * Cg : NULL, *bk = b ? b + k % groups * Cg : NULL;
        float *to = y + k * D;
        dli_stat s;
        dli_stats(f, &s, row, &p);
        const float r = (float)(1 / sqrt(s.var + eps)), shift = (float)(-r * s.rest);
        mean[k] = (float)((double)s.mean + s.rest);
        var[k] = (float)s.var;
        if (!(s.var < (double)FLT_MAX)) {
            dlk_group_norm_forward(to, mean + k, var + k, row, wk, bk, 1, Cg, S, 1, eps);
            continue;
        }
        if (S == 1) f->affine(to, row, s.mean, r, shift, D);
        if (S == 1 && w && b) f->mul_add(to, to, wk, bk, D);
        else if (S == 1 && w) f->mul(to, to, wk, D);
        else if (S == 1 && b) f->add(to, to, bk, D);
        for (dl_int c = 0; S > 1 && c < Cg; c++)
            f->affine(to + c * S, row + c * S, s.mean, w ? r * wk[c] : r,
                      (w ? shift * wk[c] : shift) + (b ? bk[c] : 0.0f), S);
    }
    (void)threads;
}
/* A row of a group norm backward: first the sums, then dx += ..., and what the row gives to the
   weights of its channels. They have S numbers each, or with S = 1 a strip of them is done at once.
   dx, dw, db, w may be NULL. */
static void dli_group_row_back(const dli_fast *f, float *dx, float *dw, float *db, const float *dy,
                               const float *x, float mean, double r, const float *w, dl_int Cg,
                               dl_int S)
{
    const dl_int D = Cg * S;
    double sum[3][DLI_STRIP], all[3] = { 0.0, 0.0, 0.0 };
    float m[16], t[DLI_STRIP];
    dli_line line = { 0, 0, 0, 0 };
    for (dl_int l = 0; l < 16; l++) m[l] = mean;
    for (int pass = 0; pass < 2; pass++) {
        for (dl_int i = 0, len; i < D; i += len) {
            len = S > 1 ? S : dli_min(DLI_STRIP, D - i);
            const dl_int c = i / S;
            const double wc = S > 1 && w ? (double)w[c] : 1.0;
            const float *g = dy + i;
            if (S == 1 && w) {
                f->mul(t, g, w + c, len);
                g = t;
            }
            if (pass == 0) {
                const dli_shared p = { 1, len, len, false };
                dli_norm_sums(f, sum, g, x + i, m, &p);
                all[0] += wc * sum[0][0];
                all[1] += sum[1][0];
                all[2] += wc * sum[2][0];
                continue;
            }
            if (dx) f->affine_back(dx + i, g, x + i, mean, (float)(r * wc), line.slope,
                                   line.shift, len);
            if (S > 1) {
                const double one = dw || db ? f->vsum(dy + i, S) : 0.0;
                if (db) db[c] += (float)one;
                if (dw) dw[c] += (float)(r * (f->moment(dy + i, x + i, mean, S) - line.rest * one));
                continue;
            }
            if (db) f->add(db + c, db + c, dy + i, len);
            if (!dw) continue;
            f->affine(t, x + i, mean, (float)r, (float)(-r * line.rest), len);
            f->mul_add(dw + c, t, dy + i, dw + c, len);
        }
        if (pass == 0) line = dli_line_of(all[0], all[1], all[2], (double)D, r);
    }
}
/* As dlk_group_norm_backward. The rows are cut into chunks, which no number of threads changes;
   each adds up what its rows give to the weights in its part of work, [chunks,2,C] floats. A row of
   one element has no gradient. */
static dl_int dli_group_chunks(dl_int N, dl_int S, dl_int groups)
{
    return dli_min(dli_min(8, N * groups), 1 + N * S / 8);
}
static void dli_group_backward(const dli_fast *f, float *dx, float *dw, float *db,
                               const float *dy, const float *x, const float *mean,
                               const float *var, const float *w, dl_int N, dl_int C, dl_int S,
                               dl_int groups, double eps, float *work, int threads)
{
    const dl_int Cg = C / groups, D = Cg * S, rows = N * groups;
    const dl_int chunks = dli_group_chunks(N, S, groups);
    if (D == 1) {
        dlk_group_norm_backward(dx, dw, db, dy, x, mean, var, w, N, C, S, groups, eps);
        return;
    }
    memset(work, 0, sizeof(float) * (size_t)(chunks * 2 * C));
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (dl_int i = 0; i < chunks; i++)
        for (dl_int k = rows * i / chunks; k < rows * (i + 1) / chunks; k++) {
            const dl_int c0 = k % groups * Cg;
            float *to = work + 2 * i * C + c0;
            dli_group_row_back(f, dx ? dx + k * D : NULL, dw ? to : NULL, db ? to + C : NULL,
                               dy + k * D, x + k * D, mean[k], 1 / sqrt((double)var[k] + eps),
                               w ? w + c0 : NULL, Cg, S);
        }
    for (dl_int i = 0; i < chunks; i++) {
        if (dw) f->add(dw, dw, work + 2 * i * C, C);
        if (db) f->add(db, db, work + (2 * i + 1) * C, C);
    }
    (void)threads;
}

/* ---- matrix product ---- */

/* C = A B (m x k times k x n), or C += A B, then optionally + bias, then ReLU. Element (i, j) of
   A is a[i * ars + j * acs], and so on: a transposed matrix is one with its strides swapped. */
typedef struct dli_product {
    dl_int m, n, k;
    const float *a, *b;
    float *c;
    dl_int ars, acs, brs, bcs, crs, ccs;                 /* from row to row, column to column */
    int add;
    const float *col_bias, *row_bias;                    /* [n], [m], or NULL */
    int relu;
    const float *packed_b;                               /* all of b, from pack, or NULL */
    int by_dots, whole_k;                                /* set by dli_gemm for all its parts: */
} dli_product;                                           /* so that K is cut alike in all */

/* c[m,n] = a[m,k] b[k,n], all row-major and dense; ta, tb: stored transposed, a[k,m] and b[n,k]. */
static dli_product dli_product_of(dl_int m, dl_int n, dl_int k, const float *a, const float *b,
                                  float *c, int ta, int tb)
{
    dli_product p;
    memset(&p, 0, sizeof p);
    p.m = m;
    p.n = n;
    p.k = k;
    p.a = a;
    p.ars = ta ? 1 : k;
    p.acs = ta ? m : 1;
    p.b = b;
    p.brs = tb ? 1 : n;
    p.bcs = tb ? k : 1;
    p.c = c;
    p.crs = n;
    p.ccs = 1;
    return p;
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

/* A tile at the edge of C, or with columns not adjacent: by way of the stack. */
static void dli_tile_out(const dli_fast *f, const dli_product *p, float *c, dl_int m, dl_int n,
                         int add, const float *t)
{
    if (p->crs == 1 && !add) {
        f->transpose(c, p->ccs, t, f->nr, m, n);
        return;
    }
    for (dl_int i = 0; i < m; i++)
        for (dl_int j = 0; j < n; j++) {
            float *out = c + i * p->crs + j * p->ccs;
            *out = add ? *out + t[i * f->nr + j] : t[i * f->nr + j];
        }
}

/* A block of a product: rows i0 .. i0 + m - 1 of A and columns j0 .. j0 + n - 1 of B, of which the
   k columns and rows from k0 on. pa: A packed; NULL: it is read where it stands, by pointers to its
   rows. pb: B packed, in panels b_panel floats apart. off: B is read where it stands, row l off[l]
   behind row k0, and pb is what is left at the end, less than a panel. */
typedef struct dli_gemm_block {
    dl_int i0, j0, k0, m, n, k;
    const float *pa, *pb;
    dl_int b_panel;
    const dl_int *off;
} dli_gemm_block;

static void dli_gemm_block_run(const dli_fast *f, const dli_product *p, const dli_gemm_block *q)
{
    const int add = p->add || q->k0 > 0;
    const float *pb = q->pb;
    for (dl_int j = 0; j < q->n; j += f->nr) {
        const dl_int n = dli_min(f->nr, q->n - j);
        const bool in_place = q->off && n == f->nr;
        const float *b = in_place ? p->b + q->k0 * p->brs + q->j0 + j : pb;
        for (dl_int i = 0; i < q->m; i += f->mr) {
            const dl_int m = dli_min(f->mr, q->m - i);
            float *c = p->c + (q->i0 + i) * p->crs + (q->j0 + j) * p->ccs;
            float t[DLI_MAX_MR * DLI_MAX_NR];
            const bool edge = m < f->mr || n < f->nr || p->ccs != 1;
            float *to = edge ? t : c;
            const dl_int ld = edge ? f->nr : p->crs;
            const float *rows[DLI_MAX_MR];
            if (in_place) f->tile_off(to, ld, add && !edge, q->k, q->pa + i * q->k, b, q->off);
            else if (q->pa) f->tile(to, ld, add && !edge, q->k, q->pa + i * q->k, b);
            else {
                for (dl_int l = 0; l < f->mr; l++)       /* past the edge: repeat the last row */
                    rows[l] = p->a + (q->i0 + dli_min(i + l, q->m - 1)) * p->ars + q->k0;
                f->tile_rows(to, ld, add && !edge, q->k, rows, q->k, 0, b);
            }
            if (edge) dli_tile_out(f, p, c, m, n, add, t);
        }
        if (!q->off) pb += q->b_panel;
    }
}

/* n split into equal blocks of at most `most`, each a multiple of `unit`. */
static dl_int dli_even_block(dl_int n, dl_int most, dl_int unit)
{
    return dli_ceil_div(dli_ceil_div(n, dli_ceil_div(n, most)), unit) * unit;
}

/* A product on one thread. Packing pays when what is packed is read often: A with adjacent k is
   read where it stands if C has few columns, B with adjacent n if C has few rows (36 with AVX2, so
   that batches of 32 don't pack a weight to read it six times). work may be NULL if B is packed and
   A has adjacent k. */
static void dli_gemm_serial(const dli_fast *f, const dli_product *p, float *work)
{
    const bool whole_k = p->acs == 1 && (p->packed_b || p->whole_k);
    const bool b_stays = !p->packed_b && !whole_k && p->bcs == 1 && p->m <= 6 * f->mr;
    const bool a_stays = p->acs == 1 && !b_stays && (p->packed_b || p->n <= 8 * f->nr);
    const dl_int kc = whole_k ? p->k : dli_even_block(p->k, DLI_KC, 1);
    const dl_int mc = dli_even_block(p->m, DLI_MC, f->mr);
    const dl_int nc = dli_even_block(p->n, DLI_NC, f->nr);
    float *pa = a_stays ? NULL : work + (dl_int)DLI_KC * (DLI_NC + DLI_MAX_NR);
    dl_int off[DLI_KC];
    dli_gemm_block q;
    for (dl_int l = 0; b_stays && l < kc; l++) off[l] = l * p->brs;
    q.off = b_stays ? off : NULL;
    for (q.k0 = 0; q.k0 < p->k; q.k0 += kc)
        for (q.j0 = 0; q.j0 < p->n; q.j0 += nc) {
            const float *b = p->packed_b ? NULL : p->b + q.k0 * p->brs + q.j0 * p->bcs;
            q.k = dli_min(kc, p->k - q.k0);
            q.n = dli_min(nc, p->n - q.j0);
            q.pb = p->packed_b ? p->packed_b + q.j0 * p->k + q.k0 * f->nr : work;
            q.b_panel = f->nr * (p->packed_b ? p->k : q.k);
            const dl_int packed = b_stays ? q.n / f->nr * f->nr : 0;        /* from here on */
            if (!p->packed_b && packed < q.n)
                f->pack(work, b + packed * p->bcs, p->bcs, p->brs, q.n - packed, q.k, f->nr);
            for (q.i0 = 0; q.i0 < p->m; q.i0 += mc) {
                q.m = dli_min(mc, p->m - q.i0);
                q.pa = pa;
                if (!a_stays)
                    f->pack(pa, p->a + q.i0 * p->ars + q.k0 * p->acs, p->ars, p->acs, q.m, q.k,
                            f->mr);
                dli_gemm_block_run(f, p, &q);
            }
        }
}

/* The part of p that thread t of `threads` computes: a rectangle of C in whole tiles. The grid
   of threads is the one whose rectangles need the least reading of A and B. */
static dli_product dli_gemm_part(const dli_fast *f, const dli_product *p, int t, int threads)
{
    dli_product q = *p;
    const dl_int mt = dli_ceil_div(p->m, f->mr), nt = dli_ceil_div(p->n, f->nr);
    dl_int down = 1, best = 0;
    for (dl_int d = 1; d <= threads; d++) {
        const dl_int rows = dli_ceil_div(mt, d), cols = dli_ceil_div(nt, threads / d);
        const dl_int cost = rows * cols * 64 + rows * f->mr + cols * f->nr;
        if (threads % d != 0 || (d > 1 && cost >= best)) continue;
        best = cost;
        down = d;
    }
    const dl_int across = threads / down;
    const dl_int i0 = mt * (t / across) / down * f->mr, j0 = nt * (t % across) / across * f->nr;
    const dl_int i1 = dli_min(p->m, mt * (t / across + 1) / down * f->mr);
    const dl_int j1 = dli_min(p->n, nt * (t % across + 1) / across * f->nr);
    q.m = dli_larger(i1 - i0, 0);
    q.n = dli_larger(j1 - j0, 0);
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
    q.m = p->n;
    q.n = p->m;
    q.a = p->b;
    q.ars = p->bcs;
    q.acs = p->brs;
    q.b = p->a;
    q.brs = p->acs;
    q.bcs = p->ars;
    q.crs = p->ccs;
    q.ccs = p->crs;
    q.col_bias = p->row_bias;
    q.row_bias = p->col_bias;
    return q;
}

/* With one or two rows of A and B's k adjacent, packing costs more than the product, and B's speed
   from memory is all that counts: plain dot products. (crs, ccs: C is dense along a row.) */
static void dli_gemm_dots(const dli_fast *f, const dli_product *p)
{
    float y[DLI_STRIP];
    for (dl_int i = 0; i < p->m; i++)
        for (dl_int j = 0; j < p->n; j += DLI_STRIP) {
            dl_int n = dli_min(DLI_STRIP, p->n - j);
            float *c = p->c + i * p->crs + j;
            f->dots(y, p->a + i * p->ars, p->b + j * p->bcs, p->bcs, n, p->k);
            if (p->add) f->add(c, c, y, n);
            else memcpy(c, y, sizeof(float) * (size_t)n);
        }
}

/* The product, on so many threads; work: dli_gemm_work_bytes. */
static void dli_gemm(const dli_fast *f, const dli_product *whole, int threads, void *work)
{
    dli_product p = *whole;
    if (p.m <= 0 || p.n <= 0) return;
    if (p.k <= 0 && !p.add) {
        for (dl_int i = 0; i < p.m; i++)
            for (dl_int j = 0; j < p.n; j++) p.c[i * p.crs + j * p.ccs] = 0.0f;
    }
    p.by_dots = p.m <= 2 && p.acs == 1 && p.brs == 1 && !p.packed_b;
    if (!p.packed_b && !p.by_dots &&                     /* fill the tile; pack the smaller one */
        ((p.n <= f->nr / 2 && p.m > p.n) ||
         (p.acs == 1 && p.brs == 1 && p.m > f->nr / 2 && 2 * p.m <= p.n)))
        p = dli_product_transposed(&p);
    p.whole_k = p.acs == 1 && p.ccs != 1 && p.n <= 8 * f->nr &&          /* C is written once */
                dli_times(p.n + f->nr, p.k) <= (dl_int)DLI_KC * DLI_NC;
    if (dli_times(p.m * p.n, p.k) < 32 * 32 * 32) threads = 1;   /* not worth waking anyone */
    DLI_EACH_THREAD(t, threads) {
        dli_product q = dli_gemm_part(f, &p, t, threads);
        if (q.m > 0 && q.n > 0) {
            if (q.k > 0 && q.by_dots) dli_gemm_dots(f, &q);
            else if (q.k > 0) dli_gemm_serial(f, &q, (float *)work + t * DLI_WORK_FLOATS);
            if (q.ccs != 1) q = dli_product_transposed(&q);      /* finish along C's own rows */
            if (q.col_bias || q.row_bias || q.relu)
                f->bias_act(q.c, q.crs, q.m, q.n, q.col_bias, q.row_bias, q.relu);
        }
    }
}

/* ---- how many threads a job is worth ----
   Waking threads and waiting for the last of them costs a few microseconds on a quiet machine, and
   many milliseconds on one that is busy with other things, when a thread does not get its core.
   No fixed size tells which jobs are worth it, so it is measured. Results are the same either way.

   Jobs of one kind take about the same time for a unit of work (an element, a multiplication) if
   they are of about the same size. So for each kind and each power of two the seconds a unit takes
   are known with one thread and with all: exact sizes do not matter, and a batch of a length never
   seen before runs like its neighbours.

       way 1  . . . . . . . x . . . . . . . . .        . a job, all threads at work: better
                     trial ^        late ^ ^  \
       way 0                                   o o o o o o ? ? ? ?        o one thread
                                                         trial of 4  \ . . .  better again

   The better way's rate follows its jobs as a moving average over 16, for what counts is the mean:
   now and then a late thread costs less than a core gained, often one costs more. (A job counts 10
   times the average at most: a machine that slept teaches nothing.) The other way is tried after
   16 jobs, then after 32, up to 512: if that job was slower than the average of the way in use,
   one is enough; if not, up to four are tried, for chance is often fast once. Who is called back
   soon after a change must wait longer for the next: so a machine that is busy half of the time
   costs a few jobs in 512. */
typedef struct dli_timer {
    dli_pace *pace;
    double    start, work;
    int       way, threads;
} dli_timer;

/* The way of the next job: 0, one thread, or 1, all. */
static int dli_pace_way(const dli_pace *p)
{
    if (p->runs < 4) return p->runs / 2;                 /* at first, each way twice */
    return p->wait > 0 ? p->way : !p->way;
}
static void dli_pace_change(dli_pace *p, int way)
{
    p->way = way;
    p->stay = 0;
}
static void dli_pace_trial(dli_pace *p, float rate)
{
    p->sum += rate;
    p->tried++;
    const float mean = p->sum / (float)p->tried;
    if (mean < p->rate[p->way] && p->tried < 4) return;
    p->rate[!p->way] = mean;
    p->sum = 0;
    p->tried = 0;
    if (mean < p->rate[p->way]) dli_pace_change(p, !p->way);
    else p->gap = (int)dli_min(2 * p->gap, 512);
    p->wait = p->gap;
}
/* A job went this way, at this rate. */
static void dli_pace_learn(dli_pace *p, int way, float rate)
{
    float *known = &p->rate[way];
    if (p->runs < 4) {                       /* the first also touches memory or starts threads */
        if (p->runs % 2 == 0 || rate < *known) *known = rate;
        p->way = p->rate[1] < p->rate[0];
        p->wait = p->gap = 16;
        p->runs++;
    } else if (way != p->way) dli_pace_trial(p, rate);
    else {
        *known += ((rate < 10 * *known ? rate : 10 * *known) - *known) / 16;
        p->wait--;
        if (p->stay < 256) p->stay++;
        if (*known < 1.05f * p->rate[!way]) return;
        p->gap = p->stay < 256 ? (int)dli_min(2 * p->gap, 512) : 16;
        p->wait = p->gap;
        dli_pace_change(p, !way);
    }
}

/* What is known about such jobs; NULL: they are not worth waking anyone. */
static dli_pace *dli_pace_of(dl_ctx *c, dli_job_kind kind, double work)
{
    int log2;
    if (c->threads == 1) return NULL;
    frexp(work, &log2);
    log2 -= 1 + DLI_JOB_LEAST;
    if (log2 < 0) return NULL;
    return &c->pace[kind][dli_min(log2, DLI_JOB_OCTAVES - 1)];
}
static dli_timer dli_job_start(dl_ctx *c, dli_job_kind kind, double work)
{
    dli_timer t;
    t.pace = dli_pace_of(c, kind, work);
    t.work = work;
    t.way = t.pace ? dli_pace_way(t.pace) : 0;
    t.threads = t.way ? c->threads : 1;
    t.start = t.pace ? dli_now() : 0;
    return t;
}
static void dli_job_end(const dli_timer *t)
{
    if (t->pace) dli_pace_learn(t->pace, t->way, (float)((dli_now() - t->start) / t->work));
}

/* DLI_SPLIT with as many threads as it is worth; kind tells sorts of work apart. */
#define DLI_SPREAD(c, kind, n, at, len, call) \
    do { \
        dli_timer dli_t = dli_job_start(c, kind, (double)(n)); \
        DLI_SPLIT(n, dli_t.threads, at, len, call); \
        dli_job_end(&dli_t); \
    } while (0)

/* c = a b, or with add c +=, as dli_product_of has them; bias [n] or NULL is added to each row. */
static bool dli_multiply(dl_ctx *ctx, dl_int m, dl_int n, dl_int k, const float *a, bool ta,
                         const float *b, bool tb, const float *bias, float *c, bool add)
{
    const dli_job_kind kind = dli_min(m, n) < 16 ? DLI_JOB_THIN_PRODUCT : DLI_JOB_PRODUCT;
    const dli_timer t = dli_job_start(ctx, kind, (double)m * (double)n * (double)k);
    dli_product p = dli_product_of(m, n, k, a, b, c, ta, tb);
    p.col_bias = bias;
    p.add = add;
    dli_gemm(ctx->fast, &p, t.threads, ctx->product_work);
    dli_job_end(&t);
    return true;
}

/* s[j] += the sum of column j of x [m,n] */
static bool dli_add_columns(dl_ctx *ctx, float *s, const float *x, dl_int m, dl_int n)
{
    dli_bias_sums(ctx->fast, s, x, m, n);
    return true;
}

#ifndef DL_NO_IMAGES
/* ---- convolution, stride 1 ----

   y[m][oy][ox] = sum over c, ky, kx of w[m][c][ky][kx] x[c][oy + ky][ox + kx] is a product of the
   weights, [M, K] with K = C kh kw, and a matrix whose row k = (c, ky, kx) is the image shifted
   by (ky, kx). Building that matrix (im2col) costs kh kw copies of the image. But if the output
   is computed at the width of the (padded) input, every row is simply the image from
   off[k] = (c hp + ky) wp + kx on: nothing need be built, the tile reads the image itself.

       image, wp = 6       rows of the matrix, 3 x 3        sums, at the image's width
       a b c d e f         k = (0, 0)  a b c d e f g h ..   y y y y . .
       g h i j k l         k = (0, 1)  b c d e f g h i ..   y y y y . .
       m n o p q r         k = (1, 0)  g h i j k l m n ..
       s t u v w x         k = (1, 1)  h i j k l m n o ..   dots: kernels across the edge

   The kw - 1 columns computed too many, some 8 %, are dropped when bias and ReLU are applied.

   The gradient for x is a convolution of dy, padded by k - 1 - p, with the weights flipped and
   their first two dimensions exchanged: dli_conv_reversed; its forward pass is run. The gradient
   for w is dWt[k][m] = sum over positions p of x[off[k] + p] dy[m][p]: rows of the tile are shifted
   images again, dy is packed.

   3 x 3 kernels with 8 channels and more take 2.25 times fewer multiplications by Winograd's way
   (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms
   for Convolutional Neural Networks, CVPR 2016). In one dimension, two outputs

       y0 = d0 g0 + d1 g1 + d2 g2,   y1 = d1 g0 + d2 g1 + d3 g2

   of a kernel g take six. With m0 = (d0 - d2) g0,  m1 = (d1 + d2) (g0 + g1 + g2) / 2,
   m2 = (d2 - d1) (g0 - g1 + g2) / 2,  m3 = (d1 - d3) g2  they are

       y0 = m0 + m1 + m2,   y1 = m1 - m2 - m3:

   four, since what concerns g alone is computed once. As matrices: y = A^T [(G g) * (B^T d)]. In
   two dimensions, y = A^T [(G g G^T) * (B^T d B)] A makes 2 x 2 outputs from 4 x 4 inputs by 16
   multiplications, not 36. Summed over channels, each of the 16 is a matrix product:

       image [C]   B^T d B    16 planes [C, tiles]  --.
       kernels     G g G^T    16 planes [M, C]      ---+- 16 products [M, tiles] -- A^T m A -- y
       once for all samples                         --'   a few output planes at a time

   Backward for the kernel: dU = (A dy A^T) (B^T d B)^T, dg = G^T dU G.

   Read in this order: dli_conv_of (the sizes), dli_conv_job_of (where things stand in memory),
   dli_direct_sample (the plain way), dli_wino_sample, dli_conv_forward, then the gradients. */
typedef struct dli_conv {
    const dli_fast *f;
    dlk_conv2d_size s;                  /* top and left are the padding of both sides */
    dli_conv_end end;                   /* what is done before y is written */
    bool reversed;                      /* the gradient for x: weights [C, M, KH, KW], flipped */
    dl_int k, hp, wp, tiles;            /* K, the padded image; positions computed */
    dl_int in, out;                     /* floats of a sample of x and of y */
    bool wino;                          /* Winograd's way, in th x tw tiles; tp: */
    dl_int th, tw, tp;                  /* their number, rounded up to the tiles of the product */
    dl_int raw;                         /* floats of sums at a time */
} dli_conv;

#define DLI_WINO_GROUP 4                                 /* times mr output planes at a time */
#define DLI_WINO_MOST ((dl_int)1 << 18)                  /* planes times tiles: 16 MB transformed */

static dli_conv dli_conv_of(const dli_fast *f, const dlk_conv2d_size *s, dli_conv_end end)
{
    const dl_int pool = end == DLI_END_RELU_POOL ? 2 : 1;
    dli_conv v;
    v.f = f;
    v.s = *s;
    v.end = end;
    v.reversed = false;
    v.k = s->C * s->KH * s->KW;
    v.hp = s->H + 2 * s->top;
    v.wp = s->W + 2 * s->left;
    v.tiles = dli_round_up(dli_plus(dli_times(s->OH - 1, v.wp), s->OW), f->nr);
    v.in = s->C * s->H * s->W;
    v.out = s->M * (s->OH / pool) * (s->OW / pool);
    v.th = dli_ceil_div(s->OH, 2);
    v.tw = dli_ceil_div(s->OW, 2);
    v.tp = dli_round_up(v.th * v.tw, f->nr);
    v.wino = s->KH == 3 && s->KW == 3 && s->C >= 8 && s->M >= 8 && 4 * v.th * v.tw >= 3 * v.tp &&
             v.tp <= DLI_WINO_MOST / s->C && v.tp <= DLI_WINO_MOST / s->M &&
             s->N >= 4;                                  /* fewer do not pay for U */
    v.raw = v.wino ? 2 * v.th * dli_round_up(2 * v.tw, 32) + 16 * DLI_WINO_GROUP * f->mr * v.tp
                   : dli_times(f->mr, v.tiles + 32);
    return v;
}
/* The convolution whose forward pass is the gradient for x of v. */
static dli_conv dli_conv_reversed(const dli_conv *v)
{
    dlk_conv2d_size s = dli_swap(&v->s);
    s.top = s.KH - 1 - s.top;
    s.left = s.KW - 1 - s.left;
    dli_conv r = dli_conv_of(v->f, &s, DLI_END_LINEAR);
    r.reversed = true;
    return r;
}
/* Floats of n planes in each of the 16 parts, with room to write too far. */
static dl_int dli_wino_part(const dli_conv *v, dl_int n) { return n * v->tp + 16; }

/* A forward pass, or the gradients that are asked for: the same arrays, and where things stand in
   the work memory, in floats. Only what this job needs is there.

       offsets rows packed scratch sums | own: image grad raw tiles tiles_grad panel | own ...
       of all threads                     of the first thread, `each` floats           ...   total

   The gradient of the sums, unpooled and masked, has planes of gp floats and rows of gw, with
   ph and pw zeros around it. */
#define DLI_CHUNKS 8
typedef struct dli_conv_job {
    dli_conv v, pass;                   /* what runs forward: v itself or, for dx, its reverse, */
    float *to;                          /* to y or dx (NULL: not asked for) */
    dli_conv_arrays a;
    bool weights, wino;                 /* are their gradients asked for; by Winograd's way? */
    dl_int chunks, chunk;               /* their sums over samples: how many; floats of one */
    dl_int ph, pw, gw, gp;
    dl_int offsets, rows, packed, scratch, sums, own;
    dl_int image, grad, raw, tiles, tiles_grad, panel, each, total;
    float *work;
} dli_conv_job;

/* The next n floats of a memory of which *used are taken. */
static dl_int dli_take(dl_int *used, dl_int n)
{
    const dl_int at = *used;
    *used = dli_plus(at, dli_plus(n, 15) / 16 * 16);
    return at;
}
/* The same for n offsets. */
static dl_int dli_take_offsets(dl_int *used, dl_int n)
{
    return dli_take(used, dli_times(n, (dl_int)(sizeof(dl_int) / sizeof(float))));
}
/* What the gradient of the weights takes beside the passes. */
static void dli_conv_take_weights(dli_conv_job *j)
{
    const dli_conv *v = &j->v;
    const dlk_conv2d_size *s = &v->s;
    const dl_int mr = v->f->mr, nr = v->f->nr, cols = dli_round_up(s->M, nr);
    j->chunk = j->wino ? dli_times(16 * dli_round_up(s->M, mr), dli_round_up(s->C, nr))
                       : dli_times(dli_round_up(v->k, mr), cols);
    j->chunk = dli_plus(j->chunk, cols);                                         /* db */
    j->rows = dli_take_offsets(&j->own, dli_larger(v->k, s->M));
    j->sums = dli_take(&j->own, dli_times(j->chunk, j->chunks));
    j->panel = dli_take(&j->each, dli_times((j->wino ? v->th * v->tw : s->OH * s->OW) + 3, nr));
    if (j->wino) j->tiles_grad = dli_take(&j->each, 16 * dli_wino_part(v, s->M));
}
/* The job for at most so many threads. It needs memory for j.total floats, aligned, as j.work. */
static dli_conv_job dli_conv_job_of(const dli_fast *f, const dlk_conv2d_size *s, dli_conv_end end,
                                    const dli_conv_arrays *a, int threads)
{
    const dl_int slack = f->nr + 32;
    dl_int tiles = 0;
    dli_conv_job j;
    memset(&j, 0, sizeof j);
    j.v = dli_conv_of(f, s, end);
    j.pass = a->dy ? dli_conv_reversed(&j.v) : j.v;
    j.to = a->dy ? a->dx : a->y;
    j.a = *a;
    j.weights = a->dw || a->db;
    j.wino = j.weights && j.v.wino && s->top < 2 && s->left < 2;    /* a border of 0 is enough */
    j.chunks = dli_min(s->N, DLI_CHUNKS);
    j.image = dli_take(&j.each, dli_plus(dli_times(dli_plus(dli_times(s->C, j.v.hp), 2), j.v.wp),
                                         slack));
    if (a->dy) {
        j.ph = a->dx ? j.pass.s.top : j.wino;
        j.pw = a->dx ? j.pass.s.left : j.wino;
        j.gw = s->OW + 2 * j.pw;
        j.gp = dli_times(j.gw, s->OH + 2 * j.ph);
        j.grad = dli_take(&j.each, dli_plus(dli_plus(dli_times(s->M, j.gp), dli_times(2, j.gw)),
                                            slack));
    }
    j.raw = j.each;
    if (j.to) {
        const dl_int C = j.pass.s.C, k = j.pass.k, taps = j.pass.wino ? 16 * C : k;
        j.offsets = dli_take_offsets(&j.own, k);
        j.packed = dli_take(&j.own, dli_times(dli_round_up(j.pass.s.M, f->mr), taps));
        j.scratch = dli_take(&j.own, dli_times(f->mr, dli_plus(k, dli_times(16, C))));
        j.raw = dli_take(&j.each, dli_plus(j.pass.raw, slack));
        if (j.pass.wino) tiles = 16 * dli_wino_part(&j.pass, C);
    }
    if (j.wino) tiles = dli_larger(tiles, 16 * dli_wino_part(&j.v, s->C));
    j.tiles = dli_take(&j.each, tiles);
    if (j.weights) dli_conv_take_weights(&j);
    j.total = dli_plus(j.own, dli_times(j.each, threads));
    return j;
}

/* Where thread t keeps its own, with zeros: the borders of image and gradient, and what is read
   behind a row of sums, to be written over. */
static float *dli_conv_own(const dli_conv_job *j, int t)
{
    float *own = j->work + j->own + t * j->each;
    memset(own, 0, sizeof(float) * (size_t)j->tiles);
    return own;
}
/* off[k] for k = (c, ky, kx]; by Winograd's way, of the tiles of so many planes. Returns off. */
static const dl_int *dli_conv_offsets(dl_int *off, const dli_conv *v, bool wino, dl_int planes)
{
    dl_int *to = off;
    for (dl_int c = 0; c < planes; c++) {
        if (wino) *to++ = c * v->tp;
        for (dl_int i = 0; i < v->s.KH && !wino; i++)
            for (dl_int j = 0; j < v->s.KW; j++) *to++ = (c * v->hp + i) * v->wp + j;
    }
    return off;
}
/* The padded image of sample n: x itself where there is nothing to pad and enough may be read
   behind it, else a copy, whose borders are zero. */
static const float *dli_conv_image(const dli_conv_job *j, dl_int n, float *own)
{
    const dli_conv *v = &j->v;
    const dlk_conv2d_size *s = &v->s;
    const float *x = j->a.x + n * v->in;
    float *image = own + j->image;
    const dl_int past = 2 * v->wp + v->f->nr + 32;
    if (s->top == 0 && s->left == 0 && (s->N - 1 - n) * v->in >= past) return x;
    v->f->place(image + s->top * v->wp + s->left, v->hp * v->wp, v->wp, x, NULL, s->C, s->H,
                s->W);
    return image;
}

/* The kernels U = G g G^T, [16][kernels], of w [kernels, 3, 3]. */
static void dli_wino_kernels(float *u, const float *w, dl_int kernels)
{
    for (dl_int n = 0; n < kernels; n++, w += 9, u++) {
        float t[4][3];
        for (dl_int i = 0; i < 3; i++) {
            const float a = w[i], b = 0.5f * w[3 + i], c = w[6 + i], h = 0.5f * (a + c);
            t[0][i] = a;
            t[1][i] = h + b;
            t[2][i] = h - b;
            t[3][i] = c;
        }
        for (dl_int i = 0; i < 4; i++) {
            const float a = t[i][0], b = 0.5f * t[i][1], c = t[i][2], h = 0.5f * (a + c);
            float *to = u + 4 * i * kernels;
            to[0] = a;
            to[kernels] = h + b;
            to[2 * kernels] = h - b;
            to[3 * kernels] = c;
        }
    }
}
/* dw += G^T dU G; dU as [16] parts, this kernel's elements `part` apart. */
static void dli_wino_kernel_back(float *dw, const float *du, dl_int part)
{
    float t[3][4];
    for (dl_int i = 0; i < 4; i++) {
        const float *d = du + i * part;
        const float h = 0.5f * d[4 * part], g = 0.5f * d[8 * part];
        t[0][i] = d[0] + h + g;
        t[1][i] = h - g;
        t[2][i] = h + g + d[12 * part];
    }
    for (dl_int i = 0; i < 3; i++) {
        const float h = 0.5f * t[i][1], g = 0.5f * t[i][2];
        dw[3 * i] += t[i][0] + h + g;
        dw[3 * i + 1] += h - g;
        dw[3 * i + 2] += h + g + t[i][3];
    }
}

/* The weights of a reversed convolution, rows m to m + n - 1: [n, C, KH, KW]. */
static void dli_conv_flip(float *rows, const dlk_conv2d_size *s, const float *w, dl_int m, dl_int n)
{
    const dl_int taps = s->KH * s->KW;
    for (dl_int j = m; j < m + n; j++)
        for (dl_int c = 0; c < s->C; c++, rows += taps)
            for (dl_int i = 0; i < taps; i++)
                rows[i] = w[(c * s->M + j) * taps + taps - 1 - i];
}
/* Packs the weights for the pass, mr rows at a time. */
static void dli_conv_pack(const dli_conv_job *j)
{
    const dli_conv *v = &j->pass;
    const dli_fast *f = v->f;
    const dl_int C = v->s.C, M = v->s.M, mp = dli_round_up(M, f->mr);
    float *packed = j->work + j->packed, *scratch = j->work + j->scratch;
    float *u = scratch + f->mr * v->k;
    for (dl_int m = 0; m < M; m += f->mr) {
        const dl_int n = dli_min(f->mr, M - m), kernels = n * C;
        const float *rows = j->a.w + m * v->k;
        if (v->reversed) {
            dli_conv_flip(scratch, &v->s, j->a.w, m, n);
            rows = scratch;
        }
        if (!v->wino) {
            f->pack(packed + m * v->k, rows, v->k, 1, n, v->k, f->mr);
            continue;
        }
        dli_wino_kernels(u, rows, kernels);
        for (dl_int t = 0; t < 16; t++)
            f->pack(packed + (t * mp + m) * C, u + t * kernels, C, 1, n, C, f->mr);
    }
}

/* Plane m of the pass's result for sample n, from its sums in rows of ld; behind them 32 floats
   can be read. */
static void dli_conv_finish(const dli_conv_job *j, dl_int n, dl_int m, const float *sums, dl_int ld)
{
    const dli_conv *v = &j->pass;
    const dlk_conv2d_size *s = &v->s;
    const dl_int at = n * v->out + m * (v->out / s->M);
    const float b = j->a.b ? j->a.b[m] : 0.0f;
    if (v->end == DLI_END_RELU_POOL)
        v->f->pool2(j->to + at, j->a.won + at, j->to + (n + 1) * v->out, sums,
                    sums + s->OH * ld + 32, ld, s->OH / 2, s->OW / 2, b, 1);
    else
        v->f->crop(j->to + at, sums, ld, s->OH, s->OW, b, v->end == DLI_END_RELU, j->a.add);
}
/* Sample n of the pass: image is convolved with packed weights, MR output planes at a time. */
static void dli_direct_sample(const dli_conv_job *j, dl_int n, const float *image, float *own)
{
    const dli_conv *v = &j->pass;
    const dli_fast *f = v->f;
    const dl_int *off = (const dl_int *)(const void *)(j->work + j->offsets);
    const dl_int ld = v->tiles + 32;
    float *raw = own + j->raw;
    for (dl_int m = 0; m < v->s.M; m += f->mr) {
        for (dl_int k = 0; k < v->k; k += DLI_KC) {
            const float *panel = j->work + j->packed + m * v->k + k * f->mr;
            for (dl_int p = 0; p < v->tiles; p += f->nr)
                f->tile_off(raw + p, ld, k > 0, dli_min(DLI_KC, v->k - k), panel, image + p,
                            off + k);
        }
        for (dl_int i = m; i < m + f->mr && i < v->s.M; i++)
            dli_conv_finish(j, n, i, raw + (i - m) * ld, v->wp);
    }
}
/* tiles = B^T d B of an image. */
static void dli_wino_tiles(const dli_conv *v, float *tiles, const float *image)
{
    for (dl_int c = 0; c < v->s.C; c++)
        v->f->wino_in(tiles + c * v->tp, dli_wino_part(v, v->s.C), image + c * v->hp * v->wp,
                      v->wp, v->th, v->tw);
}
/* The same by Winograd's way. */
static void dli_wino_sample(const dli_conv_job *j, dl_int n, const float *image, float *own)
{
    const dli_conv *v = &j->pass;
    const dli_fast *f = v->f;
    const dl_int *off = (const dl_int *)(const void *)(j->work + j->offsets);
    const dl_int M = v->s.M, C = v->s.C, mp = dli_round_up(M, f->mr);
    const dl_int ld = dli_round_up(2 * v->tw, 32), group = DLI_WINO_GROUP * f->mr;
    const dl_int part = group * v->tp;
    const float *packed = j->work + j->packed;
    float *raw = own + j->raw, *tiles = own + j->tiles, *products = raw + 2 * v->th * ld;
    dli_wino_tiles(v, tiles, image);
    for (dl_int m0 = 0; m0 < M; m0 += group) {
        const dl_int m1 = dli_min(mp, m0 + group);
        for (dl_int t = 0; t < 16; t++)
            for (dl_int p = 0; p < v->tp; p += f->nr)
                for (dl_int m = m0; m < m1; m += f->mr)
                    f->tile_off(products + t * part + (m - m0) * v->tp + p, v->tp, 0, C,
                                packed + (t * mp + m) * C, tiles + t * dli_wino_part(v, C) + p,
                                off);
        for (dl_int m = m0; m < m1 && m < M; m++) {
            f->wino_out(raw, ld, products + (m - m0) * v->tp, part, v->th, v->tw);
            dli_conv_finish(j, n, m, raw, ld);
        }
    }
}
/* Thread t's part of a forward pass: each thread takes its samples. */
static void dli_conv_forward(const dli_conv_job *j, int t, int threads)
{
    const dl_int N = j->v.s.N, end = N * (t + 1) / threads;
    float *own = dli_conv_own(j, t);
    for (dl_int n = N * t / threads; n < end; n++)
        (j->pass.wino ? dli_wino_sample : dli_direct_sample)(j, n, dli_conv_image(j, n, own), own);
}

/* out[i][j] = or += sum over n positions of row i of x and column j of the panel [n][nr]. Row i
   of count starts at x + off[i], in runs with gaps; rows of out are ld apart. */
static void dli_rows_product(const dli_fast *f, float *out, dl_int ld, int add, const float *x,
                             const dl_int *off, dl_int count, dl_int n, dl_int run, dl_int gap,
                             const float *panel)
{
    for (dl_int i = 0; i < count; i += f->mr) {
        const float *rows[DLI_MAX_MR];
        for (dl_int l = 0; l < f->mr; l++) rows[l] = x + off[dli_min(i + l, count - 1)];
        f->tile_rows(out + i * ld, ld, add, n, rows, run, gap, panel);
    }
}
/* The gradient of the weights: adds one sample's dWt [K, M] and db [M] to the sums of its chunk, or
   sets them. The gradient of the sample's sums starts at g. */
static void dli_direct_weights(const dli_conv_job *j, float *dwt, float *db, const float *image,
                               const float *g, bool first, float *own)
{
    const dli_conv *v = &j->v;
    const dli_fast *f = v->f;
    const dlk_conv2d_size *s = &v->s;
    const dl_int *rows = (const dl_int *)(const void *)(j->work + j->rows);
    const dl_int ld = dli_round_up(s->M, f->nr), area = s->OH * s->OW;
    float *panel = own + j->panel;
    if (first) memset(db, 0, sizeof(float) * (size_t)ld);
    for (dl_int m = 0; m < s->M; m += f->nr) {
        const dl_int cols = dli_min(f->nr, s->M - m);
        if (cols < f->nr) memset(panel, 0, sizeof(float) * (size_t)(area * f->nr));
        for (dl_int r = 0; r < s->OH; r++)        /* as [position][NR], in blocks of 4 x 4 */
            f->transpose(panel + r * s->OW * f->nr, f->nr, g + m * j->gp + r * j->gw, j->gp, cols,
                         dli_round_up(s->OW, 4));
        dli_rows_product(f, dwt + m, ld, !first, image, rows, v->k, area, s->OW, v->wp - s->OW,
                         panel);
        dli_bias_sums(f, db + m, panel, area, f->nr);
    }
}
/* The same by Winograd's way, for dU [16][M][C]. */
static void dli_wino_weights(const dli_conv_job *j, float *du, float *db, const float *image,
                             const float *g, bool first, float *own)
{
    const dli_conv *v = &j->v;
    const dli_fast *f = v->f;
    const dl_int *rows = (const dl_int *)(const void *)(j->work + j->rows);
    const dl_int M = v->s.M, C = v->s.C, n = v->th * v->tw;
    const dl_int ld = dli_round_up(C, f->nr), mp = dli_round_up(M, f->mr);
    float *tiles = own + j->tiles, *tiles_grad = own + j->tiles_grad, *panel = own + j->panel;
    dli_wino_tiles(v, tiles, image);
    for (dl_int m = 0; m < M; m++) {
        const float *plane = g + m * j->gp;
        db[m] = (first ? 0.0f : db[m]) + (float)f->vsum(plane, (v->s.OH - 1) * j->gw + v->s.OW);
        f->wino_grad(tiles_grad + m * v->tp, dli_wino_part(v, M), plane, j->gw, v->th, v->tw);
    }
    for (dl_int t = 0; t < 16; t++)
        for (dl_int c = 0; c < C; c += f->nr) {
            const dl_int cols = dli_min(f->nr, C - c);
            if (cols < f->nr) memset(panel, 0, sizeof(float) * (size_t)(n * f->nr));
            f->transpose(panel, f->nr, tiles + t * dli_wino_part(v, C) + c * v->tp, v->tp, cols, n);
            dli_rows_product(f, du + t * mp * ld + c, ld, !first,
                             tiles_grad + t * dli_wino_part(v, M), rows, M, n, n, 0, panel);
        }
}
/* The sum of all chunks' gradients goes to dw and db. */
static void dli_conv_add_weights(const dli_conv_job *j)
{
    const dli_fast *f = j->v.f;
    const dl_int M = j->v.s.M, K = j->v.k;
    const dl_int ldw = dli_round_up(M, f->nr), ldu = dli_round_up(j->v.s.C, f->nr);
    float *sums = j->work + j->sums;
    const float *db = sums + j->chunk - ldw;
    for (dl_int c = 1; c < j->chunks; c++) f->add(sums, sums, sums + c * j->chunk, j->chunk);
    for (dl_int m = 0; m < M && j->a.dw; m++)
        for (dl_int k = 0; k < K; k += j->wino ? 9 : 1)
            if (j->wino) dli_wino_kernel_back(j->a.dw + m * K + k, sums + m * ldu + k / 9,
                                              dli_round_up(M, f->mr) * ldu);
            else j->a.dw[m * K + k] += sums[k * ldw + m];
    for (dl_int m = 0; m < M && j->a.db; m++) j->a.db[m] += db[m];
}
/* The gradient of the sums of sample n, unpooled and masked, to g. */
static void dli_conv_grad(const dli_conv_job *j, dl_int n, float *g, const float *end)
{
    const dli_conv *v = &j->v;
    const dlk_conv2d_size *s = &v->s;
    const dl_int at = n * v->out;
    if (v->end == DLI_END_RELU_POOL)
        v->f->unpool2(g, j->gp, j->gw, end, j->a.dy + at, j->a.won + at, s->M, s->OH, s->OW);
    else
        v->f->place(g, j->gp, j->gw, j->a.dy + at,
                    v->end == DLI_END_RELU ? j->a.y + at : NULL, s->M, s->OH, s->OW);
}
/* Thread t's part of the gradients. The samples are cut into 8 chunks, each summed in order into
   its own dWt; the chunks are added in order. A sample's gradient is unpooled and masked once, for
   dx and dw. */
static void dli_conv_backward(const dli_conv_job *j, int t, int threads)
{
    const dl_int N = j->v.s.N, ldw = dli_round_up(j->v.s.M, j->v.f->nr);
    float *own = dli_conv_own(j, t), *grad = own + j->grad, *g = grad + j->ph * j->gw + j->pw;
    for (dl_int chunk = t; chunk < j->chunks; chunk += threads) {
        const dl_int first = N * chunk / j->chunks, end = N * (chunk + 1) / j->chunks;
        float *dwt = j->work + j->sums + chunk * j->chunk, *db = dwt + j->chunk - ldw;
        for (dl_int n = first; n < end; n++) {
            dli_conv_grad(j, n, g, own + j->raw);
            if (j->weights)
                (j->wino ? dli_wino_weights : dli_direct_weights)(
                    j, dwt, db, dli_conv_image(j, n, own), g, n == first, own);
            if (j->to) (j->pass.wino ? dli_wino_sample : dli_direct_sample)(j, n, grad, own);
        }
    }
}

static void dli_conv_job_run(const dli_conv_job *j, int threads)
{
    dl_int *off = (dl_int *)(void *)(j->work + j->offsets);
    dl_int *rows = (dl_int *)(void *)(j->work + j->rows);
    if (j->to) {
        dli_conv_offsets(off, &j->pass, j->pass.wino, j->pass.s.C);
        dli_conv_pack(j);
    }
    if (j->weights) dli_conv_offsets(rows, &j->v, j->wino, j->wino ? j->v.s.M : j->v.s.C);
    DLI_EACH_THREAD(t, threads) (j->a.dy ? dli_conv_backward : dli_conv_forward)(j, t, threads);
    if (j->weights) dli_conv_add_weights(j);
}

/* Is this a convolution as above? Stride 1, dense, one group, padded evenly. */
static bool dli_conv_is_plain(const dlk_conv2d_size *s)
{
    return s->N > 0 && s->M > 0 && s->groups == 1 && s->stride_h == 1 && s->stride_w == 1 &&
           s->dilation_h == 1 && s->dilation_w == 1 && s->top < s->KH && s->left < s->KW &&
           s->OH == s->H + 2 * s->top - s->KH + 1 && s->OW == s->W + 2 * s->left - s->KW + 1;
}
/* Such a convolution to its end, forwards or backwards; false without memory. */
static bool dli_conv_run(dl_ctx *c, const dlk_conv2d_size *s, dli_conv_end end,
                         const dli_conv_arrays *a)
{
    const double multiplications = (double)(s->N * s->M * s->OH * s->OW) *
                                   (double)(s->C * s->KH * s->KW);
    dli_conv_job j = dli_conv_job_of(c->fast, s, end, a, c->threads);
    j.work = (float *)dli_work(c, "convolution", dli_bytes_of(j.total));
    if (!j.work) return false;
    const dli_timer t = dli_job_start(c, a->dy ? DLI_JOB_CONV_BACK : DLI_JOB_CONV,
                                      multiplications * (a->dx && a->dw ? 2 : 1));
    dli_conv_job_run(&j, t.threads);
    dli_job_end(&t);
    return true;
}

/* ---- max-pooling: 2 x 2 windows side by side ----

       x   a b | c d       y   max a b e f,  max c d g h       at   0 1    which of the window's
           e f | g h                                                2 3    four was the largest

   Two rows of x give one of y, 16 windows at a time. Backward writes dy where `at` points and zeros
   beside it, so that dx is written once and never read. */

static bool dli_pool_plain(const dlk_pool2d_size *s)
{
    return s->KH == 2 && s->KW == 2 && s->stride_h == 2 && s->stride_w == 2 &&
           s->top == 0 && s->left == 0 && s->OH == s->H / 2 && s->OW == s->W / 2;
}
static void dli_fast_max_pool2d_forward(dl_ctx *c, dl_real *y, int32_t *at, const dl_real *x,
                                        const dlk_pool2d_size *s)
{
    const dl_int in = s->H * s->W, out = s->OH * s->OW, planes = s->planes;
    const dli_timer job = dli_job_start(c, DLI_JOB_POOL, (double)(planes * in));
    DLI_EACH_THREAD(t, job.threads) {
        const dl_int stop = planes * (t + 1) / job.threads;
        for (dl_int k = planes * t / job.threads; k < stop; k++)
            c->fast->pool2(y + k * out, at + k * out, y + stop * out, x + k * in,
                           x + planes * in, s->W, s->OH, s->OW, 0.0f, 0);
    }
    dli_job_end(&job);
}
/* With add false, dx is overwritten. */
static void dli_fast_max_pool2d_backward(dl_ctx *c, dl_real *dx, bool add, const dl_real *dy,
                                         const int32_t *at, const dlk_pool2d_size *s)
{
    const dl_int in = s->H * s->W, out = s->OH * s->OW, planes = s->planes;
    for (dl_int i = 0; add && i < planes * out; i++) {
        const dl_int p = i / s->OW % s->OH * 2 + at[i] / 2, q = i % s->OW * 2 + at[i] % 2;
        dx[i / out * in + p * s->W + q] += dy[i];
    }
    if (add) return;
    const dli_timer job = dli_job_start(c, DLI_JOB_POOL_BACK, (double)(planes * in));
    DLI_EACH_THREAD(t, job.threads) {
        const dl_int j = planes * t / job.threads, stop = planes * (t + 1) / job.threads;
        c->fast->unpool2(dx + j * in, in, s->W, dx + stop * in, dy + j * out, at + j * out,
                         stop - j, s->H, s->W);
    }
    dli_job_end(&job);
}
#endif

#ifndef DL_NO_SEQUENCES
/* ---- recurrent layers ----

   A step's gates are [x_t | 1 | h_{t-1}] times [w_ih | b | w_hh]^T: one product with weights packed
   once for all steps, on rows in which x, 1 and h stand side by side.

        x_t   1  h_{t-1}             panel 0   panel 1
      +------+-+--------+          +---------+---------+
      | D    |1|  H     | sample 0 |  w_ih^T |         | D         the sums under gate g,
      |      |1|        |   x      +---------+---------+       =   nr units (a panel) at a time,
      |      |1|        |          |  biases |         | 1         then the cell, which makes h_t:
      +------+-+--------+          +---------+---------+           the next rows' last H columns
                                   |  w_hh^T |         | H
                                   +---------+---------+

   Read in this order: dli_recurrent_pack (weights as panels), dli_recurrent_step_panel with
   dli_recurrent_sums and dli_recurrent_gates (one step of one panel), dli_recurrent_forward (all
   steps); then dli_recurrent_panel_back (the gates of one step), dli_recurrent_sums_back (from
   their gradients to the step before), dli_recurrent_weights, and dli_recurrent_backward, which
   calls them. What happens when, for one thread's samples:

      forward, t = 0 .. T-1                          backward, t = T-1 .. 0
        x_t into the rows, packed for later            dh += dy_t, panel by panel
        panel by panel: the sums of all gates          the gates -> gradients dg of their sums
          -> gates -> h_t (c_t) -> y_t, next row       dh of step t-1 = dg w_hh;  dx_t += dg w_ih
                                                     once, behind all steps: dw = rows^T dg

   Samples do not meet, so each thread takes its own through all steps without waiting for anybody.
   What backward needs stays in `saved`; backward leaves the gates' gradients there, and the
   gradient of all weights, biases included, is one product over all steps: rows^T times these.

   Gates and states are kept as the tile of the product likes them: a gate is cut into panels of nr
   units, and a panel holds its nr floats of each step and sample, one behind the other:

      gate 0                                     gate 1 ...
      panel 0                     panel 1 ...
      step 0            step 1 ...
      sample 0 | 1 | 2  0 | 1 | 2                each box: nr floats, one a unit

   So a tile writes adjacent memory, the arithmetic of the cell runs through a step's samples
   without a seam while they are in the cache, and the gradients are already packed as B of the last
   product. Its A, all rows [x | 1 | h], is packed step by step too, in panels of mr columns. Units
   that fill up the last panel have weights 0; as 0 times infinity is NaN, nothing of theirs goes
   into sums.

   GRU's candidate q = tanh(qx + r qh) needs the sums over x and over h apart. Its gates are r, z,
   qh, qx; qh leaves out the columns of x and qx those of h. */
typedef struct dli_recurrent {
    const dli_fast *f;
    dl_recurrent_kind kind;
    dlk_recurrent_arrays a;
    dlk_recurrent_size s;
    dl_int gates, panels, nr;                            /* panels of one gate, nr units each */
    dl_int units, wide;                                  /* panels * nr, gates * units */
    dl_int rows, k, k_up;                                /* T N; D + 1 + H, and in whole mr */
    float *xh, *gate, *cells;                            /* in saved: rows [x | 1 | h] packed; */
} dli_recurrent;                                         /* gates; c (LSTM), h (GRU), else NULL */

static dli_recurrent dli_recurrent_sizes(const dli_fast *f, dl_recurrent_kind kind,
                                         const dlk_recurrent_size *s)
{
    dli_recurrent p;
    memset(&p, 0, sizeof p);
    p.f = f;
    p.kind = kind;
    p.s = *s;
    p.gates = kind == DL_LSTM || kind == DL_GRU ? 4 : 1;
    p.nr = f->nr;
    p.panels = dli_ceil_div(s->H, p.nr);
    p.units = p.panels * p.nr;
    p.wide = p.gates * p.units;
    p.rows = s->T * s->N;
    p.k = s->D + 1 + s->H;
    p.k_up = dli_round_up(p.k, f->mr);
    return p;
}
static dli_recurrent dli_recurrent_of(const dli_fast *f, dl_recurrent_kind kind,
                                      const dlk_recurrent_arrays *a, const dlk_recurrent_size *s)
{
    dli_recurrent p = dli_recurrent_sizes(f, kind, s);
    p.a = *a;
    p.xh = a->saved;
    p.gate = p.xh + p.rows * p.k_up;
    p.cells = p.gates > 1 ? p.gate + p.rows * p.wide : NULL;
    return p;
}
/* How many floats saved and work must have, in double, which does not overflow. Of the states there
   is one more than of steps: the first one. */
static void dli_recurrent_floats(const dli_fast *f, dl_recurrent_kind kind,
                                 const dlk_recurrent_size *s, double *saved, double *work)
{
    const dli_recurrent p = dli_recurrent_sizes(f, kind, s);
    const double N = (double)s->N, rows = (double)p.rows, wide = (double)p.wide;
    *saved = rows * (double)(p.k_up + p.wide) + (p.gates > 1 ? (rows + N) * (double)p.units : 0);
    *work = N * (double)(2 * p.units + p.wide + p.nr + 2 * p.k) +
            wide * (double)(p.units + dli_round_up(s->D, p.nr) + 2 * p.k_up);
}
/* Which row of [N,T] sample n is at in its step t, in reverse its last one first; -1: it has no
   such step. */
static dl_int dli_recurrent_row(const dli_recurrent *p, dl_int n, dl_int t)
{
    const dl_int steps = p->s.length ? p->s.length[n] : p->s.T;
    if (t >= steps) return -1;
    return n * p->s.T + (p->s.reverse ? steps - 1 - t : t);
}
/* Gates g .. g + result - 1 look at columns k0 .. k0 + k - 1 of [x | 1 | h]. */
static dl_int dli_recurrent_columns(const dli_recurrent *p, dl_int g, dl_int *k0, dl_int *k)
{
    const bool gru = p->kind == DL_GRU, qh = gru && g == 2, qx = gru && g == 3;
    *k0 = qh ? p->s.D : 0;
    *k = (qx ? p->s.D + 1 : p->k) - *k0;
    return !gru ? p->gates : g == 0 ? 2 : 1;
}
/* The row of PyTorch's weights where gate g starts. */
static dl_int dli_recurrent_weight(const dli_recurrent *p, dl_int g)
{
    return (p->kind == DL_GRU ? dli_min(g, 2) : g) * p->s.H;
}
static float dli_recurrent_bias(const dli_recurrent *p, dl_int g, dl_int unit)
{
    const dl_int j = dli_recurrent_weight(p, g) + unit;
    float b = 0.0f;
    if (p->a.b_ih && !(p->kind == DL_GRU && g == 2)) b += p->a.b_ih[j];
    if (p->a.b_hh && !(p->kind == DL_GRU && g == 3)) b += p->a.b_hh[j];
    return b;
}
/* How many units panel u has. */
static dl_int dli_recurrent_cols(const dli_recurrent *p, dl_int u)
{
    return dli_min(p->nr, p->s.H - u * p->nr);
}
/* Where panel u of gate 0 has sample n's nr floats of step t; and of the states before it. */
static float *dli_recurrent_gate(const dli_recurrent *p, dl_int u, dl_int t, dl_int n)
{
    return p->gate + (u * p->rows + t * p->s.N + n) * p->nr;
}
static float *dli_recurrent_cell(const dli_recurrent *p, dl_int u, dl_int t, dl_int n)
{
    return p->cells + ((u * (p->s.T + 1) + t) * p->s.N + n) * p->nr;
}
/* m rows of H units: those of panel u as [m, nr], with zeros behind the last unit. */
static void dli_recurrent_to_panel(const dli_recurrent *p, float *panel, const float *x, dl_int u,
                                   dl_int m)
{
    p->f->pack(panel, x + u * p->nr, 1, p->s.H, dli_recurrent_cols(p, u), m, p->nr);
}
/* The samples of thread w: whole tiles, from the first returned to *end - 1. */
static dl_int dli_recurrent_share(const dli_recurrent *p, int w, int threads, dl_int *end)
{
    const dl_int tiles = dli_ceil_div(p->s.N, p->f->mr);
    *end = dli_min(p->s.N, tiles * (w + 1) / threads * p->f->mr);
    return tiles * w / threads * p->f->mr;
}
/* How many of m samples are run through the cell together, for its data to stay in L1; one by one
   if they differ in their steps. */
#define DLI_RECURRENT_RUN 16
static dl_int dli_recurrent_run(const dli_recurrent *p, dl_int m)
{
    return p->s.length ? 1 : dli_min(m, DLI_RECURRENT_RUN);
}

/* The weights of every gate as B of a product; gate g's start at packed + g * units * k. */
static void dli_recurrent_pack(const dli_recurrent *p, float *packed, float *joined)
{
    const dl_int D = p->s.D, H = p->s.H;
    for (dl_int g = 0; g < p->gates; g++) {
        const dl_int row = dli_recurrent_weight(p, g);
        dl_int k0, k;
        dli_recurrent_columns(p, g, &k0, &k);
        for (dl_int j = 0; j < H; j++) {                 /* [w_ih | b | w_hh], row by row */
            float *to = joined + j * p->k;
            memcpy(to, p->a.w_ih + (row + j) * D, sizeof(float) * (size_t)D);
            to[D] = dli_recurrent_bias(p, g, j);
            memcpy(to + D + 1, p->a.w_hh + (row + j) * H, sizeof(float) * (size_t)H);
        }
        p->f->pack(packed + g * p->units * p->k, joined + k0, p->k, 1, H, k, p->nr);
    }
}
/* The sums of panel u of gate g, for m samples with their rows at xh. With one or two samples the
   weights are read where they are (packed is NULL). */
static void dli_recurrent_sums(const dli_recurrent *p, dl_int g, dl_int u, const float *packed,
                               const float *xh, float *sums, dl_int m)
{
    const dl_int D = p->s.D, H = p->s.H, unit = u * p->nr;
    const dl_int row = dli_recurrent_weight(p, g) + unit;
    dl_int k0, k;
    dli_recurrent_columns(p, g, &k0, &k);
    dli_product q = dli_product_of(m, p->nr, k, xh + k0, NULL, sums, 0, 0);
    q.ars = p->k;
    if (packed) {
        q.packed_b = packed + g * p->units * p->k + unit * k;
        dli_gemm_serial(p->f, &q, NULL);
        return;
    }
    q.n = dli_recurrent_cols(p, u);
    for (dl_int s = 0; s < m; s++)
        for (dl_int j = 0; j < p->nr; j++)
            sums[s * p->nr + j] = j < q.n ? dli_recurrent_bias(p, g, unit + j) : 0.0f;
    q.add = 1;
    q.a = xh;
    q.k = q.bcs = D;
    q.b = p->a.w_ih + row * D;
    if (k0 == 0) dli_gemm_dots(p->f, &q);
    q.a = xh + D + 1;
    q.k = q.bcs = H;
    q.b = p->a.w_hh + row * H;
    if (k0 + k == p->k) dli_gemm_dots(p->f, &q);
}
/* The gates on n units: from the sums under gate 0, 1 ..., `gate` floats apart, to the gates and h,
   and to the LSTM's c; before: the c or the GRU's h before. */
static void dli_recurrent_gates(const dli_recurrent *p, float *h, float *c, float *g, dl_int gate,
                                const float *before, dl_int n)
{
    const dli_fast *f = p->f;
    f->sigmoid_forward(g, g, n, 0, 0);
    f->sigmoid_forward(g + gate, g + gate, n, 0, 0);
    if (p->kind == DL_LSTM) {                            /* c = f c + i q;  h = o tanh c */
        f->tanh_forward(g + 2 * gate, g + 2 * gate, n, 0, 0);
        f->sigmoid_forward(g + 3 * gate, g + 3 * gate, n, 0, 0);
        f->mul(c, g, g + 2 * gate, n);
        f->mul_add(c, g + gate, before, c, n);
        f->tanh_forward(h, c, n, 0, 0);
        f->mul(h, h, g + 3 * gate, n);
    } else {                                             /* q = tanh(qx + r qh), where qx was; */
        f->mul_add(g + 3 * gate, g, g + 2 * gate, g + 3 * gate, n);
        f->tanh_forward(g + 3 * gate, g + 3 * gate, n, 0, 0);
        f->affine_forward(h, g + 3 * gate, n, -1, 0);    /* h = q + z (before - q) */
        f->add(h, h, before, n);
        f->mul_add(h, h, g + gate, g + 3 * gate, n);
    }
}
/* Step t forward, panel u of all gates, for samples n0 .. n0 + m - 1. rows: theirs, [x | 1 | h];
   to: where to put the h after the step, rows ldt apart. h: scratch, [m, nr]. */
static void dli_recurrent_step_panel(const dli_recurrent *p, const float *packed,
                                     const float *rows, float *to, dl_int ldt, dl_int t, dl_int u,
                                     dl_int n0, dl_int m, float *h)
{
    const dl_int T = p->s.T, H = p->s.H, nr = p->nr, gate = p->units * p->rows;
    const dl_int cols = dli_recurrent_cols(p, u), unit = u * nr;
    float *now = dli_recurrent_gate(p, u, t, n0);
    for (dl_int g = 0; g < p->gates; g++)
        dli_recurrent_sums(p, g, u, packed, rows, now + g * gate, m);
    for (dl_int s = 0, run; s < m; s += run) {
        const dl_int row = dli_recurrent_row(p, n0 + s, t);
        const dl_int n = nr * (run = dli_recurrent_run(p, m - s));
        float *g0 = now + s * nr, *out = h + s * nr, *to_s = to + s * ldt + unit;
        float *before = p->cells ? dli_recurrent_cell(p, u, t, n0 + s) : NULL;
        float *after = before ? before + p->s.N * nr : NULL;
        if (row < 0) {                                   /* its state stays, its y is 0 */
            memcpy(to_s, rows + s * p->k + p->s.D + 1 + unit, sizeof(float) * (size_t)cols);
            if (after) memcpy(after, before, sizeof(float) * (size_t)nr);
            memset(p->a.y + ((n0 + s) * T + t) * H + unit, 0, sizeof(float) * (size_t)cols);
            continue;
        }
        if (p->kind == DL_LSTM) dli_recurrent_gates(p, out, after, g0, gate, before, n);
        else if (p->kind == DL_GRU) dli_recurrent_gates(p, out = after, NULL, g0, gate, before, n);
        else if (p->kind == DL_RNN_TANH) p->f->tanh_forward(out = g0, g0, n, 0, 0);
        else p->f->relu_forward(out = g0, g0, n, 0, 0);
        p->f->copy_rows(to_s, ldt, out, nr, run, cols);
        p->f->copy_rows(p->a.y + row * H + unit, T * H, out, nr, run, cols);
    }
}
/* Into row [x | 1 | h] of sample n the x of its step t, and the 1. */
static void dli_recurrent_input(const dli_recurrent *p, float *row, dl_int n, dl_int t)
{
    const dl_int from = dli_recurrent_row(p, n, t), D = p->s.D;
    if (from < 0) memset(row, 0, sizeof(float) * (size_t)D);
    else memcpy(row, p->a.x + from * D, sizeof(float) * (size_t)D);
    row[D] = 1.0f;
}
/* As dlk_rnn_forward and so on; T > 0. */
static void dli_recurrent_forward(const dli_recurrent *p, int threads)
{
    const dli_fast *f = p->f;
    const dl_int N = p->s.N, T = p->s.T, D = p->s.D, H = p->s.H;
    const bool few = N <= 2, lstm = p->kind == DL_LSTM;
    float *packed = p->a.work, *rows = packed + p->wide * p->k, *scratch = rows + 2 * N * p->k;
    if (!few) dli_recurrent_pack(p, packed, rows);
    DLI_EACH_THREAD(w, threads) {
        dl_int n1, n0 = dli_recurrent_share(p, w, threads, &n1);
        if (n0 >= n1) continue;
        const dl_int m = n1 - n0;
        f->copy_rows(rows + n0 * p->k + D + 1, p->k, p->a.h0 + n0 * H, H, m, H);
        for (dl_int u = 0; p->cells && u < p->panels; u++)
            dli_recurrent_to_panel(p, dli_recurrent_cell(p, u, 0, n0),
                                   (lstm ? p->a.c0 : p->a.h0) + n0 * H, u, m);
        for (dl_int t = 0; t < T; t++) {                 /* rows of this step and of the next */
            float *now = rows + (t % 2 * N + n0) * p->k;
            float *next = rows + ((t + 1) % 2 * N + n0) * p->k;
            const bool last = t + 1 == T;
            for (dl_int s = 0; s < m; s++) dli_recurrent_input(p, now + s * p->k, n0 + s, t);
            for (dl_int j = 0; j < p->k; j += f->mr)
                f->pack(p->xh + j * p->rows + (t * N + n0) * f->mr, now + j, 1, p->k,
                        dli_min(f->mr, p->k - j), m, f->mr);
            for (dl_int u = 0; u < p->panels; u++)
                dli_recurrent_step_panel(p, few ? NULL : packed, now,
                                         last ? p->a.hn + n0 * H : next + D + 1, last ? H : p->k,
                                         t, u, n0, m, scratch + n0 * p->nr);
        }
        for (dl_int u = 0; lstm && u < p->panels; u++)
            f->copy_rows(p->a.cn + n0 * H + u * p->nr, H, dli_recurrent_cell(p, u, T, n0), p->nr,
                         m, dli_recurrent_cols(p, u));
    }
}

/* Backward's scratch. dh, dc: gradients of the states, [panel][sample][nr]; dg: those of one step's
   gates, rows [sample][wide], as A of the products with packed_h and packed_x. */
typedef struct dli_recurrent_scratch {
    float *dh, *dc, *dg, *packed_h, *packed_x;
} dli_recurrent_scratch;

/* Panel u of step t backward: the gates become the gradients of their sums, dh and dc those of the
   states before; of dh, only what does not pass through a gate. */
static void dli_recurrent_panel_back(const dli_recurrent *p, const dli_recurrent_scratch *b,
                                     const float *dy, dl_int t, dl_int u, dl_int n0, dl_int m)
{
    const dli_fast *f = p->f;
    const dl_int H = p->s.H, nr = p->nr, gate = p->units * p->rows;
    const dl_int cols = dli_recurrent_cols(p, u);
    float *now = dli_recurrent_gate(p, u, t, n0), tanh_c[DLI_RECURRENT_RUN * DLI_MAX_NR];
    for (dl_int s = 0, run; s < m; s += run) {
        const dl_int row = dli_recurrent_row(p, n0 + s, t), at = (u * p->s.N + n0 + s) * nr;
        const dl_int n = nr * (run = dli_recurrent_run(p, m - s));
        const float *before = p->cells ? dli_recurrent_cell(p, u, t, n0 + s) : NULL;
        float *g0 = now + s * nr, *dh = b->dh + at;
        if (dy && row >= 0) f->add_rows(dh, nr, dy + row * H + u * nr, p->s.T * H, run, cols);
        if (row < 0)
            for (dl_int g = 0; g < p->gates; g++)
                memset(g0 + g * gate, 0, sizeof(float) * (size_t)nr);
        else if (p->kind == DL_LSTM) {                   /* tanh c: quicker again than kept */
            f->tanh_forward(tanh_c, before + p->s.N * nr, n, 0, 0);
            f->lstm_back(dh, b->dc + at, g0, g0 + gate, g0 + 2 * gate, g0 + 3 * gate, tanh_c,
                         before, n);
        } else if (p->kind == DL_GRU)
            f->gru_back(dh, g0, g0 + gate, g0 + 2 * gate, g0 + 3 * gate, before, n);
        else if (p->kind == DL_RNN_TANH) f->tanh_backward(g0, dh, g0, g0, n, 0, 0, 0);
        else f->relu_backward(g0, dh, g0, g0, n, 0, 0, 0);
        if (row >= 0 && p->s.length && p->kind != DL_GRU)
            memset(dh, 0, sizeof(float) * (size_t)n);
        for (dl_int g = 0; g < p->gates; g++)            /* dg's units behind the last stay 0 */
            f->copy_rows(b->dg + (n0 + s) * p->wide + g * p->units + u * nr, p->wide,
                         g0 + g * gate, nr, run, cols);
    }
}
/* From the gradients of the gates' sums, in b->dg, to dh of the step before and to dx; samples
   n0 .. n0 + m - 1 of step t. */
static void dli_recurrent_sums_back(const dli_recurrent *p, const dli_recurrent_scratch *b,
                                    float *dx, dl_int t, dl_int n0, dl_int m)
{
    const dl_int T = p->s.T, D = p->s.D;
    const bool uneven = p->s.length && p->s.reverse;     /* then x's rows are anywhere */
    dli_product q = dli_product_of(m, p->nr, p->kind == DL_GRU ? 3 * p->units : p->wide,
                                   b->dg + n0 * p->wide, NULL, NULL, 0, 0);
    q.ars = p->wide;
    q.add = p->kind == DL_GRU || p->s.length;            /* to what bypasses the gates */
    for (dl_int u = 0; u < p->panels; u++) {
        q.packed_b = b->packed_h + u * p->nr * q.k;
        q.c = b->dh + (u * p->s.N + n0) * p->nr;
        dli_gemm_serial(p->f, &q, NULL);
    }
    q.m = uneven ? 1 : m;
    q.n = D;
    q.crs = T * D;
    q.add = 1;
    for (dl_int g = 0, count; dx && g < p->gates; g += count) {
        dl_int k0, k;
        count = dli_recurrent_columns(p, g, &k0, &k);
        q.k = count * p->units;
        q.packed_b = b->packed_x + g * p->units * dli_round_up(D, p->nr);
        for (dl_int s = 0; k0 == 0 && s < m; s += q.m) {
            const dl_int row = uneven ? dli_recurrent_row(p, n0 + s, t)
                                      : (n0 + s) * T + (p->s.reverse ? T - 1 - t : t);
            q.a = b->dg + (n0 + s) * p->wide + g * p->units;
            q.c = dx + row * D;
            if (row >= 0) dli_gemm_serial(p->f, &q, NULL);
        }
    }
}
/* to = w [gates, cols] packed as B of a product with gates' gradients, g0 .. g0 + count - 1. */
static void dli_recurrent_pack_back(const dli_recurrent *p, float *to, const float *w, dl_int cols,
                                    dl_int g0, dl_int count, float *joined)
{
    const size_t bytes = sizeof(float) * (size_t)(p->s.H * cols);
    memset(joined, 0, sizeof(float) * (size_t)(count * p->units * cols));
    for (dl_int g = 0; g < count; g++)                   /* units that fill up a panel: zeros */
        memcpy(joined + g * p->units * cols, w + dli_recurrent_weight(p, g0 + g) * cols, bytes);
    p->f->pack(to, joined, 1, cols, cols, count * p->units, p->nr);
}
/* dw [columns, wide] = A B, both packed: columns c0 .. c0 + columns - 1 of [x | 1 | h], in whole
   panels, times the gates' gradients from gate g on; all steps and samples at once. */
static void dli_recurrent_product(const dli_recurrent *p, float *dw, dl_int c0, dl_int columns,
                                  dl_int g, dl_int wide, int threads)
{
    const dl_int mr = p->f->mr, nr = p->nr, down = columns / mr, tiles = down * (wide / nr);
    DLI_EACH_THREAD(w, threads)
        for (dl_int k0 = 0; k0 < p->rows; k0 += DLI_KC)
            for (dl_int i = tiles * w / threads; i < tiles * (w + 1) / threads; i++) {
                const dl_int row = i % down * mr, col = i / down * nr;
                p->f->tile(dw + row * wide + col, wide, k0 > 0, dli_min(DLI_KC, p->rows - k0),
                           p->xh + (c0 + row) * p->rows + k0 * mr,
                           p->gate + (g * p->units + col) * p->rows + k0 * nr);
            }
}
/* The gradients of all weights and biases. */
static void dli_recurrent_weights(const dli_recurrent *p, const dlk_recurrent_grads *to, float *dw,
                                  int threads)
{
    const dli_fast *f = p->f;
    const dl_int D = p->s.D, H = p->s.H;
    for (dl_int g = 0, count; g < p->gates; g += count) {
        dl_int k0, k;
        count = dli_recurrent_columns(p, g, &k0, &k);
        const dl_int wide = count * p->units, c0 = k0 / f->mr * f->mr;
        dli_recurrent_product(p, dw, c0, dli_round_up(k0 + k - c0, f->mr), g, wide, threads);
        DLI_OMP(omp parallel for num_threads(threads) if (threads > 1))
        for (dl_int i = g; i < g + count; i++) {         /* from [columns, units] to PyTorch's */
            const dl_int row = dli_recurrent_weight(p, i);
            float *turned = dw + p->wide * p->k_up + i * H * p->k, *unit = turned - k0;
            f->transpose(turned, k, dw + (k0 - c0) * wide + (i - g) * p->units, wide, k, H);
            for (dl_int j = row; j < row + H; j++, unit += k) {
                if (to->dw_ih && k0 == 0) f->axpy(to->dw_ih + j * D, 1.0f, unit, D);
                if (to->db_ih && k0 == 0) to->db_ih[j] += unit[D];
                if (to->db_hh && k0 + k == p->k) to->db_hh[j] += unit[D];
                if (to->dw_hh && k0 + k == p->k) f->axpy(to->dw_hh + j * H, 1.0f, unit + D + 1, H);
            }
        }
    }
}
/* As dlk_rnn_backward and so on; uses up what forward has saved. */
static void dli_recurrent_backward(const dli_recurrent *p, const dlk_recurrent_grads *to,
                                   int threads)
{
    const dl_int N = p->s.N, H = p->s.H, d_up = dli_round_up(p->s.D, p->nr);
    const bool lstm = p->kind == DL_LSTM;
    dli_recurrent_scratch b;
    b.dh = p->a.work;
    b.dc = b.dh + N * p->units;
    b.dg = b.dc + N * p->units;
    b.packed_h = b.dg + N * p->wide;
    b.packed_x = b.packed_h + p->wide * p->units;
    float *dw = b.packed_x + p->wide * d_up;
    dli_recurrent_pack_back(p, b.packed_h, p->a.w_hh, H, 0, p->kind == DL_GRU ? 3 : p->gates, dw);
    for (dl_int g = 0, count; to->dx && g < p->gates; g += count) {
        dl_int k0, k;
        count = dli_recurrent_columns(p, g, &k0, &k);
        if (k0 == 0)
            dli_recurrent_pack_back(p, b.packed_x + g * p->units * d_up, p->a.w_ih, p->s.D, g,
                                    count, dw);
    }
    memset(b.dg, 0, sizeof(float) * (size_t)(N * p->wide));
    DLI_EACH_THREAD(w, threads) {
        dl_int n1, n0 = dli_recurrent_share(p, w, threads, &n1);
        if (n0 >= n1) continue;
        const dl_int m = n1 - n0;
        for (dl_int u = 0; u < p->panels; u++) {
            const dl_int at = (u * N + n0) * p->nr;
            dli_recurrent_to_panel(p, b.dh + at, to->dhn + n0 * H, u, m);
            if (lstm) dli_recurrent_to_panel(p, b.dc + at, to->dcn + n0 * H, u, m);
        }
        for (dl_int t = p->s.T - 1; t >= 0; t--) {
            for (dl_int u = 0; u < p->panels; u++)
                dli_recurrent_panel_back(p, &b, to->dy, t, u, n0, m);
            dli_recurrent_sums_back(p, &b, to->dx, t, n0, m);
        }
        for (dl_int u = 0; u < p->panels; u++) {
            const dl_int from = (u * N + n0) * p->nr, at = n0 * H + u * p->nr;
            const dl_int cols = dli_recurrent_cols(p, u);
            if (to->dh0) p->f->add_rows(to->dh0 + at, H, b.dh + from, p->nr, m, cols);
            if (to->dc0) p->f->add_rows(to->dc0 + at, H, b.dc + from, p->nr, m, cols);
        }
    }
    dli_recurrent_weights(p, to, dw, threads);
}
#endif

#else
/* Without twins there is one set, of nothing, and what may be asked for is not done (false). */
typedef struct dli_fast { const char *name; } dli_fast;
static const dli_fast dli_fast_base = { "base" };
static const dli_fast *const dli_fast_sets[] = { &dli_fast_base };
static const dli_fast *dli_fast_pick(void) { return &dli_fast_base; }
static size_t dli_gemm_work_bytes(int threads) { return threads > 0 ? 0 : SIZE_MAX; }
static bool dli_undone(const void *first, ...) { return first == NULL; }
#define dli_multiply                 dli_undone
#define dli_add_columns              dli_undone
#define dli_conv_is_plain            dli_undone
#define dli_conv_run                 dli_undone
#define dli_pool_plain               dli_undone
#define dli_fast_max_pool2d_forward  dli_undone
#define dli_fast_max_pool2d_backward dli_undone
#define dli_recurrent_floats         dli_undone
#endif /* DLI_FAST */

DL_DEF bool dl_set_isa(dl_ctx *dl, const char *name)
{
    char all[64];
    if (!dl) return false;
    if (!name) return dli_null(dl, "dl_set_isa", "name");
    const dli_fast *const *set = dli_fast_sets, *best = dli_fast_pick();
    for (int at = 0;; set++) {
        if (strcmp((*set)->name, name) == 0) {
            dl->fast = *set;
            memset(dl->pace, 0, sizeof dl->pace);
            return true;
        }
        at += snprintf(all + at, sizeof all - (size_t)at, "%s%s", at ? ", " : "", (*set)->name);
        if (*set == best) break;
    }
    return dl_fail(dl, DL_ERR_ARGUMENT, "dl_set_isa: '%.40s' is none of the instruction sets that "
                   "this build and CPU have: %s", name, all);
}

DL_DEF const char *dl_isa(const dl_ctx *dl)
{
    return dl ? dl->fast->name : "";
}

static bool dli_fast_start(dl_ctx *c, int threads)
{
    void *p = DL_MALLOC(dli_gemm_work_bytes(threads) + DLI_ALIGN);
    if (!p) return false;
    if (c->product_memory) DL_FREE(c->product_memory);
    c->product_memory = p;
    c->product_work = dli_align(p);
    if (!c->fast) c->fast = dli_fast_pick();
    c->threads = threads;
    return true;
}

static const char *dli_fast_name(const dl_ctx *c)
{
    return DLI_FAST && !c->reference ? dl_isa(c) : "plain kernels";
}

/* ---- twins of the kernels ----
   An operation that calls kernel `name` writes DLI_RUN(c, name, arguments). Where the table's entry
   is the library's own and reference is off that is dli_fast_name(c, arguments), the twin, which
   takes threads and scratch from the context; else it is the entry. Some twins can overwrite a
   gradient instead of adding to it, and say so by parameters of their own. */

/* Is the entry the library's own, and may something faster run in its place? */
#define DLI_OURS(c, name) (!(c)->reference && (c)->kernels.name == dlk_##name)
#define DLI_RUN_TWIN(c, name, ...) \
    (DLI_OURS(c, name) ? dli_fast_##name(c, __VA_ARGS__) : (c)->kernels.name(__VA_ARGS__))
#define DLI_TWIN(c, name) (DLI_FAST && DLI_OURS(c, name))
/* DLI_RUN_ADD: the same for a backward whose twin can overwrite, for which add is false. */
#if DLI_FAST
#define DLI_RUN(c, name, ...) DLI_RUN_TWIN(c, name, __VA_ARGS__)
#define DLI_RUN_ADD(c, name, add, ...) \
    (DLI_OURS(c, name) ? dli_fast_##name(c, add, __VA_ARGS__) : (c)->kernels.name(__VA_ARGS__))
#else                                                    /* no twins but those of products */
#define DLI_RUN(c, name, ...) (c)->kernels.name(__VA_ARGS__)
#define DLI_RUN_ADD(c, name, add, ...) (c)->kernels.name(__VA_ARGS__)
#endif

#if defined(DL_USE_CBLAS)
#define DLI_BLAS(m, n, k, a, ta, b, tb, c, add) dli_blas(m, n, k, a, ta, b, tb, c, add)
/* c [m,n] = a [m,k] b [k,n], or c +=; ta, tb: stored transposed. False, and nothing done, if there
   is nothing to multiply or a size is too large for the BLAS. */
static bool dli_blas(dl_int m, dl_int n, dl_int k, const dl_real *a, bool ta, const dl_real *b,
                     bool tb, dl_real *c, bool add)
{
    const CBLAS_TRANSPOSE ca = ta ? CblasTrans : CblasNoTrans, cb = tb ? CblasTrans : CblasNoTrans;
    const int M = (int)m, N = (int)n, K = (int)k;
    if (m < 1 || n < 1 || k < 1 || m > INT32_MAX || n > INT32_MAX || k > INT32_MAX) return false;
#if DLI_DOUBLE
    cblas_dgemm(CblasRowMajor, ca, cb, M, N, K, 1, a, ta ? M : K, b, tb ? K : N, add, c, N);
#else
    cblas_sgemm(CblasRowMajor, ca, cb, M, N, K, 1, a, ta ? M : K, b, tb ? K : N, add, c, N);
#endif
    return true;
}
#else
#define DLI_BLAS(m, n, k, a, ta, b, tb, c, add) false
#endif

static void dli_fast_linear_forward(dl_ctx *c, dl_real *y, const dl_real *x, const dl_real *w,
                                    const dl_real *b, dl_int N, dl_int D, dl_int M)
{
    if (DLI_BLAS(N, M, D, x, false, w, true, y, false)) {
        for (dl_int i = 0; b && i < N; i++)
            for (dl_int j = 0; j < M; j++) y[i * M + j] += b[j];
    } else if (!dli_multiply(c, N, M, D, x, false, w, true, b, y, false))
        dlk_linear_forward(y, x, w, b, N, D, M);
}

/* out [m,n] = or += a b, by the BLAS or the room above. Else false, but out is cleared if it is not
   to be added to: what is left is for the kernels, which skip a NULL. */
static bool dli_multiplied(dl_ctx *c, dl_int m, dl_int n, dl_int k, const dl_real *a, bool ta,
                           const dl_real *b, bool tb, dl_real *out, bool add)
{
    if (DLI_BLAS(m, n, k, a, ta, b, tb, out, add) ||
        dli_multiply(c, m, n, k, a, ta, b, tb, NULL, out, add))
        return true;
    if (!add) memset(out, 0, (size_t)(m * n) * sizeof *out);
    return false;
}

/* With add_dx false, dx is overwritten; dw likewise. */
static void dli_fast_linear_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw, bool add_dw,
                                     dl_real *db, const dl_real *dy, const dl_real *x,
                                     const dl_real *w, dl_int N, dl_int D, dl_int M)
{
    if (dx && dli_multiplied(c, N, D, M, dy, false, w, false, dx, add_dx)) dx = NULL;
    if (dw && dli_multiplied(c, M, D, N, dy, true, x, false, dw, add_dw)) dw = NULL;
    if (db && dli_add_columns(c, db, dy, N, M)) db = NULL;
    dlk_linear_backward(dx, dw, db, dy, x, w, N, D, M);
}

static void dli_fast_matmul_forward(dl_ctx *c, dl_real *y, const dl_real *a, const dl_real *b,
                                    dl_int N, dl_int K, dl_int M)
{
    if (!dli_multiplied(c, N, M, K, a, false, b, false, y, false))
        dlk_matmul_forward(y, a, b, N, K, M);
}

static void dli_fast_matmul_backward(dl_ctx *c, dl_real *da, dl_real *db, const dl_real *dy,
                                     const dl_real *a, const dl_real *b, dl_int N, dl_int K,
                                     dl_int M)
{
    if (da && dli_multiplied(c, N, K, M, dy, false, b, true, da, true)) da = NULL;
    if (db && dli_multiplied(c, K, M, N, a, true, dy, false, db, true)) db = NULL;
    dlk_matmul_backward(da, db, dy, a, b, N, K, M);
}

/* Those that no entry of the table names. They say whether they did it. */
#if DLI_FAST
#define DLI_PICK(way, name, value, gradient, formula, what) \
    if (kernel == dlk_##name##_##way) { \
        fast = c->fast->name##_##way; \
        kind = DLI_JOB_##name##_##way; \
    }
static bool dli_fast_unary_forward(dl_ctx *c, dlk_unary_forward_fn kernel, float *y,
                                   const float *x, dl_int n, double p, double q)
{
    void (*fast)(float *, const float *, dl_int, float, float) = NULL;
    dli_job_kind kind = DLI_JOB_KINDS;
    DLK_UNARY_VECTOR(DLI_PICK, forward)
    if (!fast) return false;
    DLI_SPREAD(c, kind, n, at, len, fast(y + at, x + at, len, (float)p, (float)q));
    return true;
}
static bool dli_fast_unary_backward(dl_ctx *c, dlk_unary_backward_fn kernel, float *dx, bool add,
                                    const float *dy, const float *y, const float *x, dl_int n,
                                    double p, double q)
{
    void (*fast)(float *, const float *, const float *, const float *, dl_int, float, float,
                 int) = NULL;
    dli_job_kind kind = DLI_JOB_KINDS;
    DLK_UNARY_VECTOR(DLI_PICK, backward)
    if (!fast) return false;
    DLI_SPREAD(c, kind, n, at, len, fast(dx + at, dy + at, y + at, x + at, len, (float)p,
                                         (float)q, add));
    return true;
}

static bool dli_fast_row(const dli_fast *f, dlk_add_forward_fn kernel, float *y, const float *a,
                         const float *b, dl_int n, dl_int sa, dl_int sb)
{
    const bool sum = kernel == dlk_add_forward, product = kernel == dlk_mul_forward;
    const bool dense = sa == 1 && sb == 1, one = sa + sb == 1 && sa * sb == 0;
    if (dense && (sum || product)) (sum ? f->add : f->mul)(y, a, b, n);
    else if (dense && kernel == dlk_sub_forward) {
        f->affine_forward(y, b, n, -1, -0.0f);
        f->add(y, y, a, n);
    } else if (one && (sum || product)) {
        const float k = sa ? *b : *a;                    /* adding -0 keeps every sign */
        f->affine_forward(y, sa ? a : b, n, sum ? 1 : k, sum ? k : -0.0f);
    } else return false;
    return true;
}
static bool dli_fast_row_back(const dli_fast *f, dlk_add_backward_fn kernel, float *da, float *db,
                              const float *dy, const float *a, const float *b, dl_int n,
                              dl_int sa, dl_int sb)
{
    const bool sum = kernel == dlk_add_backward, difference = kernel == dlk_sub_backward;
    if (sa < 0 || sa > 1 || sb < 0 || sb > 1) return false;
    if (sum || difference) {
        dli_half_sum_back(f, da, sa, dy, 1, n);
        dli_half_sum_back(f, db, sb, dy, sum ? 1.0f : -1.0f, n);
    } else if (kernel == dlk_mul_backward) {
        dli_half_mul_back(f, da, sa, dy, b, sb, n);
        dli_half_mul_back(f, db, sb, dy, a, sa, n);
    } else return false;
    return true;
}

/* From the end, where a cache may still have what was written last. */
static double dli_fast_top(dl_ctx *c, const float *x, dl_int n)
{
    double top = 0, part[64];
    for (dl_int end = n; end > 0 && top < INFINITY; end -= 64 * DLI_BLOCK) {
        const dl_int count = dli_min(end, 64 * DLI_BLOCK);
        DLI_SPREAD(c, DLI_JOB_SQUARES, count, at, len,
                   part[at / DLI_BLOCK] = (double)c->fast->top(x + end - at - len, len));
        for (dl_int k = 0; k * DLI_BLOCK < count && top < INFINITY; k++)
            if (!(part[k] <= top)) top = part[k];
    }
    return top;
}
static double dli_fast_squares(dl_ctx *c, const float *x, dl_int n)
{
    double sum = 0, part[64];                      /* of blocks that no thread count changes */
    for (dl_int i = 0; i < n; i += 64 * DLI_BLOCK) {
        const float *xi = x + i;
        const dl_int count = dli_min(n - i, 64 * DLI_BLOCK);
        DLI_SPREAD(c, DLI_JOB_SQUARES, count, at, len,
                   part[at / DLI_BLOCK] = c->fast->moment(xi + at, xi + at, 0, len));
        for (dl_int k = 0; k * DLI_BLOCK < count; k++) sum += part[k];
    }
    return sum;
}
static bool dli_fast_decay(const dli_fast *f, float *w, dl_int n, double rate)
{
    f->axpy(w, -(float)rate, w, n);
    return true;
}
static bool dli_fast_bytes(const dli_fast *f, float *y, const uint8_t *x, dl_int n, double scale)
{
    f->bytes(y, x, n, (float)scale);
    return true;
}
#else
#define dli_fast_unary_forward  dli_undone
#define dli_fast_unary_backward dli_undone
#define dli_fast_row            dli_undone
#define dli_fast_row_back       dli_undone
#define dli_fast_top            dli_undone
#define dli_fast_squares        dli_undone
#define dli_fast_decay          dli_undone
#define dli_fast_bytes          dli_undone
#endif

/* An elementwise function, by its kernel: the library's own may have a twin. */
static void dli_unary_forward(dl_ctx *c, dlk_unary_forward_fn kernel, dl_real *y,
                              const dl_real *x, dl_int n, double p, double q)
{
    if (!c->reference && dli_fast_unary_forward(c, kernel, y, x, n, p, q)) return;
    kernel(y, x, n, p, q);
}

static void dli_unary_backward(dl_ctx *c, dlk_unary_backward_fn kernel, dl_real *dx, bool add,
                               const dl_real *dy, const dl_real *y, const dl_real *x, dl_int n,
                               double p, double q)
{
    if (!c->reference && dli_fast_unary_backward(c, kernel, dx, add, dy, y, x, n, p, q)) return;
    if (!add) memset(dx, 0, (size_t)n * sizeof *dx);
    kernel(dx, dy, y, x, n, p, q);
}

/* A row of arithmetic on two tensors, steps sa and sb apart (0: the same number again). */
static void dli_binary_row(dl_ctx *c, dlk_add_forward_fn kernel, dl_real *y, const dl_real *a,
                           const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    if (c->reference || !dli_fast_row(c->fast, kernel, y, a, b, n, sa, sb))
        kernel(y, a, b, n, sa, sb);
}

static void dli_binary_row_back(dl_ctx *c, dlk_add_backward_fn kernel, dl_real *da, dl_real *db,
                                const dl_real *dy, const dl_real *a, const dl_real *b, dl_int n,
                                dl_int sa, dl_int sb)
{
    if (c->reference || !dli_fast_row_back(c->fast, kernel, da, db, dy, a, b, n, sa, sb))
        kernel(da, db, dy, a, b, n, sa, sb);
}

/* The sum of n squares; in the fast room it is infinite or too small where they leave the range of
   a float. */
static double dli_squares(dl_ctx *c, const dl_real *x, dl_int n)
{
    if (DLI_FAST && !c->reference) return dli_fast_squares(c, x, n);
    double sum = 0;
    for (dl_int i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

/* The largest |x|; NaN or infinity if one is. */
static double dli_top(dl_ctx *c, const dl_real *x, dl_int n)
{
    if (DLI_FAST && !c->reference) return dli_fast_top(c, x, n);
    double top = 0;
    for (dl_int i = 0; i < n && top < INFINITY; i++) {
        const double a = fabs((double)x[i]);
        if (!(a <= top)) top = a;
    }
    return top;
}

/* w -= rate w: AdamW's decay */
static void dli_decay_weights(const dl_ctx *c, dl_real *w, dl_int n, double rate)
{
    if (DLI_OURS(c, affine_forward) && dli_fast_decay(c->fast, w, n, rate)) return;
    c->kernels.affine_forward(w, w, n, 1 - rate, 0);
}

/* Bytes to numbers. */
static void dli_bytes_to_real(dl_ctx *c, dl_real *y, const uint8_t *x, dl_int n, double scale)
{
    if (!c->reference && dli_fast_bytes(c->fast, y, x, n, scale)) return;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)((double)x[i] * scale);
}

#if DLI_FAST
/* What dlk_decay_grad does to a gradient, and g *= scale alone. */
static void dli_fast_decay_grad(const dl_ctx *c, dl_real *g, const dl_real *w, dl_int n,
                                double scale, double l1, double l2)
{
    if (l1 == 0) {
        if (scale != 1) c->fast->affine_forward(g, g, n, (float)scale, 0);
        if (l2 != 0) c->fast->axpy(g, (float)(2 * l2), w, n);
    } else dlk_decay_grad(g, w, n, scale, l1, l2);
}

/* Dropout's y from x, or with add true the same thing backwards: dx += from dy. */
static void dli_fast_dropout_backward(dl_ctx *c, bool add, dl_real *y, const dl_real *x, dl_int n,
                                      double p, uint64_t key)
{
    const int32_t drop24 = (int32_t)ceil(p * 16777216);
    DLI_SPREAD(c, DLI_JOB_DROPOUT, n, at, len,
               c->fast->dropout(y + at, x + at, len, (uint32_t)at,
                                (uint32_t)key + (uint32_t)((uint64_t)at >> 32),
                                (uint32_t)(key >> 32), drop24, (float)(1 / (1 - p)), add));
}
static void dli_fast_dropout_forward(dl_ctx *c, dl_real *y, const dl_real *x, dl_int n, double p,
                                     uint64_t key)
{
    dli_fast_dropout_backward(c, false, y, x, n, p, key);
}

static void dli_fast_sgd_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_int n, double lr)
{
    DLI_SPREAD(c, DLI_JOB_SGD, n, at, len, c->fast->axpy(w + at, -(float)lr, g + at, len));
}

static void dli_fast_momentum_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *v, dl_int n,
                                   double gain, double rate, double mu, bool nesterov)
{
    DLI_SPREAD(c, DLI_JOB_MOMENTUM, n, at, len,
               c->fast->momentum(w + at, g + at, v + at, len, (float)gain, (float)rate, (float)mu,
                                 nesterov));
}

static void dli_fast_adagrad_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                                  double lr, double eps_in, double eps_out)
{
    DLI_SPREAD(c, DLI_JOB_RMSPROP, n, at, len,
               c->fast->rmsprop(w + at, g + at, a + at, len, (float)lr, 1, 1, (float)eps_in,
                                (float)eps_out));
}

static void dli_fast_adadelta_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_real *u,
                                   dl_int n, double lr, double rho, double eps)
{
    DLI_SPREAD(c, DLI_JOB_ADADELTA, n, at, len,
               c->fast->adadelta(w + at, g + at, a + at, u + at, len, (float)lr, (float)rho,
                                 (float)(1 - rho), (float)eps));
}

static void dli_fast_rmsprop_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                                  double lr, double rho, double eps_in, double eps_out)
{
    DLI_SPREAD(c, DLI_JOB_RMSPROP, n, at, len,
               c->fast->rmsprop(w + at, g + at, a + at, len, (float)lr, (float)rho,
                                (float)(1 - rho), (float)eps_in, (float)eps_out));
}

static void dli_fast_adam_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *m, dl_real *v,
                               dl_int n, double lr, double b1, double b2, double eps, int64_t t,
                               bool keras_eps)
{
    dli_adam_start *k = &c->adam;
    if (k->t != t || k->b1 != b1 || k->b2 != b2) {           /* the same for all parameters */
        k->t = t;
        k->b1 = b1;
        k->b2 = b2;
        k->c1 = 1 - pow(b1, (double)t);
        k->c2 = 1 - pow(b2, (double)t);
    }
    const double root = sqrt(k->c2);
    const float step = (float)(lr * root / k->c1);
    const float e = (float)(keras_eps ? eps : eps * root);
    DLI_SPREAD(c, DLI_JOB_ADAM, n, at, len,
               c->fast->adam(w + at, g + at, m + at, v + at, len, (float)b1, (float)(1 - b1),
                             (float)b2, (float)(1 - b2), step, e));
}

/* The normalizations. Of batch norm's forward only evaluation (batch false) has a twin of its own;
   in training it and dlk_batch_stats are one job, dli_batch_norm_train. */
static void dli_fast_batch_norm_forward(dl_ctx *ctx, dl_real *y, const dl_real *x,
                                        const dl_real *mean, const dl_real *var, const dl_real *w,
                                        const dl_real *b, dl_int N, dl_int C, dl_int S, double eps,
                                        bool batch)
{
    const dli_timer t = dli_job_start(ctx, DLI_JOB_BATCH_NORM, (double)(N * C * S));
    if (batch) dlk_batch_norm_forward(y, x, mean, var, w, b, N, C, S, eps, batch);
    else dli_batch_forward(ctx->fast, y, (float *)mean, (float *)var, false, x, w, b, N, C, S, eps,
                           t.threads);
    dli_job_end(&t);
}
static void dli_fast_batch_norm_backward(dl_ctx *ctx, dl_real *dx, dl_real *dw, dl_real *db,
                                         const dl_real *dy, const dl_real *x, const dl_real *mean,
                                         const dl_real *var, const dl_real *w, dl_int N, dl_int C,
                                         dl_int S, double eps, bool batch)
{
    const dli_timer t = dli_job_start(ctx, DLI_JOB_BATCH_NORM_BACK, (double)(N * C * S));
    dli_batch_backward(ctx->fast, dx, dw, db, dy, x, mean, var, w, N, C, S, eps, batch, t.threads);
    dli_job_end(&t);
}

static void dli_fast_group_norm_forward(dl_ctx *ctx, dl_real *y, dl_real *mean, dl_real *var,
                                        const dl_real *x, const dl_real *w, const dl_real *b,
                                        dl_int N, dl_int C, dl_int S, dl_int groups, double eps)
{
    const dli_timer t = dli_job_start(ctx, DLI_JOB_GROUP_NORM, (double)(N * C * S));
    dli_group_forward(ctx->fast, y, mean, var, x, w, b, N, C, S, groups, eps, t.threads);
    dli_job_end(&t);
}
static void dli_fast_group_norm_backward(dl_ctx *ctx, dl_real *dx, dl_real *dw, dl_real *db,
                                         const dl_real *dy, const dl_real *x, const dl_real *mean,
                                         const dl_real *var, const dl_real *w, dl_int N, dl_int C,
                                         dl_int S, dl_int groups, double eps)
{
    const size_t bytes = sizeof(float) * (size_t)(2 * dli_group_chunks(N, S, groups) * C);
    float *work = (float *)dli_work(ctx, "dl_backward", bytes);
    if (!work) return;
    const dli_timer t = dli_job_start(ctx, DLI_JOB_GROUP_NORM_BACK, (double)(N * C * S));
    dli_group_backward(ctx->fast, dx, dw, db, dy, x, mean, var, w, N, C, S, groups, eps, work,
                       t.threads);
    dli_job_end(&t);
}

/* Layer norm is group norm with every feature a channel, and one group. */
static void dli_fast_layer_norm_forward(dl_ctx *c, dl_real *y, dl_real *mean, dl_real *var,
                                        const dl_real *x, const dl_real *w, const dl_real *b,
                                        dl_int N, dl_int D, double eps)
{
    dli_fast_group_norm_forward(c, y, mean, var, x, w, b, N, D, 1, 1, eps);
}
static void dli_fast_layer_norm_backward(dl_ctx *c, dl_real *dx, dl_real *dw, dl_real *db,
                                         const dl_real *dy, const dl_real *x, const dl_real *mean,
                                         const dl_real *var, const dl_real *w, dl_int N, dl_int D,
                                         double eps)
{
    dli_fast_group_norm_backward(c, dx, dw, db, dy, x, mean, var, w, N, D, 1, 1, eps);
}
#endif

/* Statistics of the batch and the norm by them. The twins of both can do it in one: the channel is
   still in the cache when it is normalized. */
static void dli_batch_norm_train(dl_ctx *ctx, dl_real *y, dl_real *mean, dl_real *var,
                                 const dl_real *x, const dl_real *w, const dl_real *b, dl_int N,
                                 dl_int C, dl_int S, double eps)
{
#if DLI_FAST
    if (DLI_OURS(ctx, batch_stats) && DLI_OURS(ctx, batch_norm_forward)) {
        const dli_timer t = dli_job_start(ctx, DLI_JOB_BATCH_NORM, (double)(N * C * S));
        dli_batch_forward(ctx->fast, y, mean, var, true, x, w, b, N, C, S, eps, t.threads);
        dli_job_end(&t);
        return;
    }
#endif
    ctx->kernels.batch_stats(mean, var, x, N, C, S);
    ctx->kernels.batch_norm_forward(y, x, mean, var, w, b, N, C, S, eps, true);
}

#ifndef DL_NO_IMAGES
/* ---- convolution: what the operations call ----
   Stride 1 runs in the fast room. All else becomes a matrix product by im2col: column p,q of the
   matrix col [C/groups KH KW, OH OW] lists all that the kernel looks at from p, q; then
   y [M/groups, OH OW] = w [M/groups, C/groups KH KW] col. */

/* Where the places q stride + offset are inside 0 .. size-1: from *lo to *hi - 1, of n. */
static void dli_inside(dl_int *lo, dl_int *hi, dl_int offset, dl_int stride, dl_int size, dl_int n)
{
    *lo = offset < 0 ? (-offset - 1) / stride + 1 : 0;       /* rounded up; a stride may be huge */
    *hi = offset < size ? (size - offset - 1) / stride + 1 : 0;
    *hi = dli_min(*hi, n);
    *lo = dli_min(*lo, *hi);
}

/* One group of one sample from x to col: each row of col is a piece of a row of x, with zeros where
   the kernel looks outside. */
static void dli_im2col(dl_real *col, const dl_real *x, const dlk_conv2d_size *s)
{
    const dl_int rows = s->C / s->groups * s->KH * s->KW, step = s->stride_w;
    dl_int q, lo, hi;
    for (dl_int r = 0; r < rows; r++) {
        const dl_int c = r / s->KW / s->KH, u = r / s->KW % s->KH, v = r % s->KW;
        const dl_int off = v * s->dilation_w - s->left;
        for (dl_int p = 0; p < s->OH; p++, col += s->OW) {
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
    dl_int lo, hi;
    for (dl_int r = 0; r < rows; r++) {
        const dl_int c = r / s->KW / s->KH, u = r / s->KW % s->KH, v = r % s->KW;
        const dl_int off = v * s->dilation_w - s->left;
        dli_inside(&lo, &hi, off, step, s->W, s->OW);
        for (dl_int p = 0; p < s->OH; p++, dcol += s->OW) {
            const dl_int i = p * s->stride_h + u * s->dilation_h - s->top;
            if (i < 0 || i >= s->H) continue;
            for (dl_int q = lo; q < hi; q++) dx[(c * s->H + i) * s->W + q * step + off] += dcol[q];
        }
    }
}

/* Scratch for col and behind it dcol or a group of y, whichever is larger; NULL without memory.
   (The products called meanwhile have scratch of their own.) */
static dl_int dli_col_size(const dlk_conv2d_size *s)
{
    const dl_int K = s->C / s->groups * s->KH * s->KW, Mg = s->M / s->groups;
    return dli_times(dli_times(dli_plus(K, dli_larger(K, Mg)), s->OH), s->OW);
}
static dl_real *dli_col(dl_ctx *c, const dlk_conv2d_size *s)
{
    return (dl_real *)dli_work(c, "convolution", dli_bytes_of(dli_col_size(s)));
}

/* y = the convolution, or y += it; false without memory. */
static bool dli_fast_conv2d_forward(dl_ctx *c, dl_real *y, bool add, const dl_real *x,
                                    const dl_real *w, const dl_real *b, const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups, P = s->OH * s->OW;
    const dl_int K = Cg * s->KH * s->KW;
    if (dli_conv_is_plain(s)) {
        const dli_conv_arrays a = { x, w, b, y, NULL, NULL, NULL, NULL, NULL, add };
        return dli_conv_run(c, s, DLI_END_LINEAR, &a);
    }
    dl_real *col = dli_col(c, s);
    if (!col) return false;
    for (dl_int k = 0; k < s->N * s->groups; k++, x += Cg * s->H * s->W, y += Mg * P) {
        const dl_int g = k % s->groups;
        dl_real *out = add ? col + K * P : y;
        dli_im2col(col, x, s);
        DLI_RUN_TWIN(c, matmul_forward, out, w + g * Mg * K, col, Mg, K, P);
        for (dl_int i = 0; add && i < Mg * P; i++) y[i] += out[i];
        for (dl_int m = 0; b && m < Mg; m++)
            for (dl_int i = 0; i < P; i++) y[m * P + i] += b[g * Mg + m];
    }
    return true;
}

/* With add_dx false, dx is overwritten. */
static bool dli_fast_conv2d_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw, dl_real *db,
                                     const dl_real *dy, const dl_real *x, const dl_real *w,
                                     const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups, P = s->OH * s->OW;
    const dl_int K = Cg * s->KH * s->KW, plane = Cg * s->H * s->W;
    if (dli_conv_is_plain(s)) {
        const dli_conv_arrays a = { x, w, NULL, NULL, NULL, dy, dx, dw, db, add_dx };
        return dli_conv_run(c, s, DLI_END_LINEAR, &a);
    }
    dl_real *col = dli_col(c, s);
    if (!col) return false;
    dl_real *dcol = col + K * P;
    if (dx && !add_dx) memset(dx, 0, (size_t)(s->N * s->C * s->H * s->W) * sizeof *dx);
    if (db) dli_bias_backward(db, dy, s->N, s->M, P);
    for (dl_int k = 0; k < s->N * s->groups; k++, dy += Mg * P) {
        const dl_int g = k % s->groups;
        if (dw) dli_im2col(col, x + k * plane, s);
        if (dx) memset(dcol, 0, (size_t)(K * P) * sizeof *dcol);
        DLI_RUN_TWIN(c, matmul_backward, dw ? dw + g * Mg * K : NULL, dx ? dcol : NULL, dy,
                     dx ? w + g * Mg * K : NULL, col, Mg, K, P);
        if (dx) dli_col2im(dx + k * plane, dcol, s);
    }
    return true;
}

static bool dli_fast_conv_transpose2d_forward(dl_ctx *c, dl_real *y, const dl_real *x,
                                              const dl_real *w, const dl_real *b,
                                              const dlk_conv2d_size *s)
{
    const dlk_conv2d_size t = dli_swap(s);
    const dl_int size = s->OH * s->OW;
    for (dl_int k = 0; b && k < s->N * s->M; k++)
        for (dl_int i = 0; i < size; i++) y[k * size + i] = b[k % s->M];
    return dli_fast_conv2d_backward(c, y, b != NULL, NULL, NULL, x, NULL, w, &t);
}

static bool dli_fast_conv_transpose2d_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw,
                                               dl_real *db, const dl_real *dy, const dl_real *x,
                                               const dl_real *w, const dlk_conv2d_size *s)
{
    const dlk_conv2d_size t = dli_swap(s);
    if (dx && !dli_fast_conv2d_forward(c, dx, add_dx, dy, w, NULL, &t)) return false;
    if (db) dli_bias_backward(db, dy, s->N, s->M, s->OH * s->OW);
    return !dw || dli_fast_conv2d_backward(c, NULL, true, dw, NULL, x, dy, NULL, &t);
}
#endif

#ifndef DL_NO_SEQUENCES
/* ---- sequences: what the operations call ----
   First the recurrent layers: how much memory they need, whether kernel or twin runs, the run.
   Then attention, made of products (whose twins may be an external BLAS, also in double) and a
   softmax. */

/* How many elements a recurrent layer saves, and how many of scratch it needs; in double, which
   does not overflow. fast: the functions of the twin, or NULL for the kernels. */
static void dli_recurrent_room(const struct dli_fast *fast, dl_recurrent_kind kind,
                               const dlk_recurrent_size *s, double *saved, double *work)
{
    *saved = (double)s->N * (double)s->T * (double)(dli_cells[kind].kept * s->H);
    *work = 2 * (double)(dli_cells[kind].gates + 1) * (double)s->H;
    if (fast) dli_recurrent_floats(fast, kind, s, saved, work);
}

/* The kernels of one kind, and the twin's functions if it may run instead of them: chosen by the
   forward, whose choice the backward keeps, for what is saved is laid out differently. Nothing to
   run through is left to the kernels. */
typedef struct dli_recurrent_way {
    dlk_rnn_forward_fn forward;
    dlk_rnn_backward_fn backward;
    const struct dli_fast *fast;
} dli_recurrent_way;

static dli_recurrent_way dli_recurrent_choose(const dl_ctx *c, dl_recurrent_kind kind,
                                              const dlk_recurrent_size *s)
{
#define DLI_WAY(name)                                                                            \
    { c->kernels.name##_forward, c->kernels.name##_backward,                                     \
      DLI_TWIN(c, name##_forward) && DLI_TWIN(c, name##_backward) ? c->fast : NULL }
    const dli_recurrent_way ways[] = { DLI_WAY(rnn), DLI_WAY(rnn_relu), DLI_WAY(lstm),
                                       DLI_WAY(gru) };
#undef DLI_WAY
    dli_recurrent_way way = ways[kind];
    if (s->N == 0 || s->T == 0 || s->D == 0) way.fast = NULL;
    return way;
}

/* Forward, or with d backward. */
static void dli_run_recurrent(dl_ctx *c, const dli_recurrent_way *way, dl_recurrent_kind kind,
                              const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                              const dlk_recurrent_size *s)
{
#if DLI_FAST
    if (way->fast) {
        const double cost = (double)(s->N * s->T) * (double)(s->D + s->H) *
                            (double)(dli_cells[kind].gates * s->H);
        const dli_recurrent p = dli_recurrent_of(way->fast, kind, r, s);
        const dli_timer t = dli_job_start(c, d ? DLI_JOB_RECUR_BACK : DLI_JOB_RECUR, cost);
        if (d) dli_recurrent_backward(&p, d, t.threads);
        else dli_recurrent_forward(&p, t.threads);
        dli_job_end(&t);
        return;
    }
#endif
    (void)c;
    (void)kind;
    if (d) way->backward(d, r, s);
    else way->forward(r, s);
}

/* Is there neither NaN nor infinity in x? (A sum that overflows says no, too.) */
static bool dli_finite(const dl_ctx *c, const dl_real *x, dl_int n)
{
#if DLI_FAST
    const double sum = c->fast->vsum(x, n);
#else
    const double sum = dli_sum_of(x, n, 1, 1);
    (void)c;
#endif
    return sum - sum == 0;
}

/* Attention of one sequence, as at dlk_attention_forward: K is laid out like a linear layer's
   weight, so q K^T is that layer's product. Products multiply what is hidden by 0, which does not
   hide NaN and infinity: these are left to the kernel. */
static void dli_fast_attention_forward(dl_ctx *c, dl_real *y, dl_real *p, const dl_real *q,
                                       const dl_real *k, const dl_real *v, const dl_real *mask,
                                       const dlk_attention_size *s)
{
    const dl_int R = s->R, S = s->S, D = s->D, M = s->M;
    if ((mask || s->causal) && !(dli_finite(c, q, R * D) && dli_finite(c, k, S * D) &&
                                 dli_finite(c, v, S * M))) {
        dlk_attention_forward(y, p, q, k, v, mask, s);
        return;
    }
    DLI_RUN_TWIN(c, linear_forward, p, q, k, NULL, R, D, S);
    DLI_RUN(c, attention_softmax, p, mask, R, S, 1 / sqrt((double)D), s->causal);
    DLI_RUN_TWIN(c, matmul_forward, y, p, v, R, S, M);
}

/* work: 2 R S elements, and S at least */
static void dli_fast_attention_backward(dl_ctx *c, dl_real *dq, dl_real *dk, dl_real *dv,
                                        dl_real *work, const dl_real *dy, const dl_real *p,
                                        const dl_real *q, const dl_real *k, const dl_real *v,
                                        const dlk_attention_size *s)
{
    const dl_int R = s->R, S = s->S, D = s->D, M = s->M;
    if (!(dli_finite(c, dy, R * M) && dli_finite(c, q, R * D) && dli_finite(c, k, S * D) &&
          dli_finite(c, v, S * M))) {
        dlk_attention_backward(dq, dk, dv, work, dy, p, q, k, v, s);
        return;
    }
    dl_real *dp = work, *ds = work + R * S;
    const dl_real scale = (dl_real)(1 / sqrt((double)D));
    memset(work, 0, (size_t)(2 * R * S) * sizeof *work);
    DLI_RUN_TWIN(c, matmul_backward, dp, dv, dy, p, v, R, S, M);
    DLI_RUN(c, softmax_backward, ds, dp, p, R, S);
    for (dl_int i = 0; i < R * S; i++) ds[i] *= scale;
    if (DLI_OURS(c, linear_backward))
        dli_fast_linear_backward(c, dq, true, dk, true, NULL, ds, q, k, R, D, S);
    else c->kernels.linear_backward(dq, dk, NULL, ds, q, k, R, D, S);
}
#endif

/* ---- end of sequences ---- */

/* ------------------------------------------------------------------------ >>tensors-impl ----
   First shapes; then the memory of the tape: an arena, out of which bytes are handed from front to
   back, and two slabs of tensor headers, which the generations of the tape use in turn, so that a
   tensor of the last one can still be looked at and refused. Then tensors, made from both. */

DL_DEF dl_shape dl_shape6(dl_int a, dl_int b, dl_int c, dl_int d, dl_int e, dl_int f)
{
    const dl_shape s = { 6, { a, b, c, d, e, f } };
    return s;
}

/* The first rank dimensions of s; the rest is 0, so that equal shapes are equal bytes. */
static dl_shape dli_rank(dl_shape s, int rank)
{
    s.rank = rank;
    for (int i = rank < 0 ? 0 : rank; i < DL_MAX_DIMS; i++) s.dim[i] = 0;
    return s;
}

DL_DEF dl_shape dl_shape0(void) { return dli_rank(dl_shape6(0, 0, 0, 0, 0, 0), 0); }
DL_DEF dl_shape dl_shape1(dl_int a) { return dli_rank(dl_shape6(a, 0, 0, 0, 0, 0), 1); }
DL_DEF dl_shape dl_shape2(dl_int a, dl_int b) { return dli_rank(dl_shape6(a, b, 0, 0, 0, 0), 2); }
DL_DEF dl_shape dl_shape3(dl_int a, dl_int b, dl_int c)
{
    return dli_rank(dl_shape6(a, b, c, 0, 0, 0), 3);
}
DL_DEF dl_shape dl_shape4(dl_int a, dl_int b, dl_int c, dl_int d)
{
    return dli_rank(dl_shape6(a, b, c, d, 0, 0), 4);
}
DL_DEF dl_shape dl_shape5(dl_int a, dl_int b, dl_int c, dl_int d, dl_int e)
{
    return dli_rank(dl_shape6(a, b, c, d, e, 0), 5);
}

/* A sample's shape with the batch dimension in front of it. */
static dl_shape dli_batch_shape(dl_int n, dl_shape s)
{
    for (int i = s.rank; i > 0 && s.rank < DL_MAX_DIMS; i--) s.dim[i] = s.dim[i - 1];
    s.dim[0] = n;
    s.rank++;                       /* rank 7 is refused by whoever makes a tensor of it */
    return s;
}

DL_DEF dl_int dl_shape_size(dl_shape s)
{
    double all = 1;                 /* without the zeros: products of some dims fit as well */
    dl_int size = 1;
    if (s.rank < 0 || s.rank > DL_MAX_DIMS) return -1;
    for (int i = 0; i < s.rank; i++) {
        if (s.dim[i] < 0) return -1;
        if (s.dim[i] > 0) all *= (double)s.dim[i];
    }
    if (all > (double)(PTRDIFF_MAX / (dl_int)sizeof(dl_real) / 4)) return -1;
    for (int i = 0; i < s.rank; i++) size *= s.dim[i];
    return size;
}

DL_DEF bool dl_shape_equal(dl_shape a, dl_shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++) if (a.dim[i] != b.dim[i]) return false;
    return true;
}

/* "[128,784]" into s, for messages. */
static const char *dli_shape_text(char s[DLI_SHAPE_TEXT], dl_shape shape)
{
    dli_text out = { s, DLI_SHAPE_TEXT, 0, NULL, false };
    for (int i = 0; i < shape.rank && i < DL_MAX_DIMS; i++)
        dli_putf(&out, "%s%lld", i ? "," : "[", (long long)shape.dim[i]);
    dli_put(&out, shape.rank > 0 ? "]" : "[]");
    s[out.length] = 0;
    return s;
}

/* The same for messages with up to four shapes, in memory of the context. */
static const char *dli_shown(dl_ctx *c, dl_shape shape)
{
    return dli_shape_text(c->shape_text[c->shape_texts++ % 4], shape);
}

/* What a function that makes a tensor returns when it has failed:
   return DLI_REFUSE(c, code, format, ...); */
static dl_tensor *dli_no_tensor(bool failed)
{
    (void)failed;
    return NULL;
}
#define DLI_REFUSE(c, code, ...) dli_no_tensor(dl_fail(c, code, __VA_ARGS__))

/* The size of a shape about to be allocated, or -1 with a message. */
static dl_int dli_checked_size(dl_ctx *c, const char *who, dl_shape shape)
{
    const dl_int n = dl_shape_size(shape);
    if (n < 0)
        dl_fail(c, DL_ERR_SHAPE, "%s: %s is no shape: dimensions must be 0 or more, the rank 0 to "
                "%d, and the elements must fit in memory", who, dli_shown(c, shape), DL_MAX_DIMS);
    return n;
}

/* One recorded operation. The tape is the list of them, newest first: an operation's inputs are
   always older than its output, so walking the list is walking the graph from loss to leaves. */
struct dli_node {
    dli_node   *prev;               /* the operation recorded before this one                   */
    const char *op;                 /* "dl_relu", for messages                                  */
    void      (*backward)(dli_node *);  /* from out's gradient to those of in; NULL for views   */
    dl_tensor  *out;
    dl_tensor **in;                 /* n inputs, and their versions when they were used         */
    uint32_t   *in_version;
    bool       *in_wanted;          /* which of them required a gradient then                   */
    int         n;
    bool        spent;              /* a backward has gone through here                         */
    bool        failed;             /* and went wrong                                           */
    void       *state;              /* what backward must know: a struct of the operation's own */
};

/* Append a chunk with room for n bytes to the arena, larger each time. */
static bool dli_more_tape(dl_ctx *c, const char *who, size_t n)
{
    dli_arena *a = &c->arena;
    const size_t left = c->tape_limit - c->tape_bytes;
    size_t size = c->tape_bytes / 2 > (size_t)1 << 20 ? c->tape_bytes / 2 : (size_t)1 << 20;
    if (size > left) size = left;
    if (size < n) size = n;
    if (size > left || a->chunks == DLI_ARENA_CHUNKS)
        return dl_fail(c, DL_ERR_LIMIT, "%s: the tape holds %.1f MB and may not take %.1f MB more "
                       "(limit %.1f MB); %s, or raise dl_set_tape_limit", who,
                       (double)c->tape_bytes / 1e6, (double)n / 1e6, (double)c->tape_limit / 1e6,
                       c->advice ? c->advice : "call dl_tape_clear after every step");
    void *p = dli_malloc(c, who, size + DLI_ALIGN);
    if (!p) return false;
    a->memory[a->chunks] = p;
    a->base[a->chunks] = dli_align(p);
    a->size[a->chunks] = (dl_int)size;
    DLI_POISON(a->base[a->chunks], size);
    a->chunks++;
    c->tape_bytes += size;
    return true;
}

/* n bytes of tape memory, not zeroed. */
static void *dli_tape_alloc(dl_ctx *c, const char *who, size_t n)
{
    dli_arena *a = &c->arena;
    dl_int chunk = a->chunk, used = a->used;
    if (n > PTRDIFF_MAX / 2) {
        dli_no_memory(c, who, n);
        return NULL;
    }
    n = (n + DLI_ALIGN - 1) / DLI_ALIGN * DLI_ALIGN;
    while (chunk < a->chunks && a->size[chunk] - used < (dl_int)n) {
        chunk++;
        used = 0;
    }
    if (chunk == a->chunks && !dli_more_tape(c, who, n)) return NULL;
    char *p = a->base[chunk] + used;
    a->chunk = chunk;
    a->used = used + (dl_int)n;
    DLI_UNPOISON(p, n);
    return p;
}

/* Header i of a slab: block b holds headers 64 (2^b - 1) and the 64 2^b - 1 after it. */
static dl_tensor *dli_header(dli_slab *s, dl_int i)
{
    int b = 0;
    while (i >= (dl_int)64 << b) i -= (dl_int)64 << b++;
    return s->block[b] + i;
}

/* Room for more headers, in both slabs, so that the next generation need not allocate. */
static bool dli_more_headers(dl_ctx *c, const char *who)
{
    const int blocks = c->slab[c->generation % 2].blocks + 1;
    for (int k = 0; k < 2; k++) {
        dli_slab *s = &c->slab[k];
        while (s->blocks < blocks) {
            const size_t n = s->blocks < 40 ? (size_t)64 << s->blocks : SIZE_MAX;
            void *block = dli_alloc(c, who, n, sizeof(dl_tensor));
            if (!block) return false;
            s->block[s->blocks++] = (dl_tensor *)block;
        }
    }
    return true;
}

/* A new tape tensor that views data, n elements: the size of its shape. */
static dl_tensor *dli_tape_header(dl_ctx *c, const char *who, dl_shape shape, dl_int n,
                                  dl_real *data)
{
    dli_slab *s = &c->slab[c->generation % 2];
    if (s->count == ((dl_int)64 << s->blocks) - 64 && !dli_more_headers(c, who)) return NULL;
    dl_tensor *t = dli_header(s, s->count++);
    dli_tensor_destroy(t);                     /* of the tensor that was here before */
    memset(t, 0, sizeof *t);
    t->data = data;
    t->size = n;
    t->shape = shape;
    for (int i = shape.rank; i < DL_MAX_DIMS; i++) t->shape.dim[i] = 0;
    t->ctx = c;
    t->generation = c->generation;
    t->serial = c->serial++;
    t->name = "";
    return t;
}
static dl_tensor *dli_tape_view(dl_ctx *c, const char *who, dl_shape shape, dl_real *data)
{
    const dl_int n = c ? dli_checked_size(c, who, shape) : -1;
    return n < 0 ? NULL : dli_tape_header(c, who, shape, n, data);
}

/* A new tape tensor with room for its elements, not filled. */
static dl_tensor *dli_tape_tensor(dl_ctx *c, const char *who, dl_shape shape)
{
    const dl_int n = c ? dli_checked_size(c, who, shape) : -1;
    if (n < 0) return NULL;
    dl_real *data = (dl_real *)dli_tape_alloc(c, who, (size_t)n * sizeof *data);
    return data ? dli_tape_header(c, who, shape, n, data) : NULL;
}

/* A new tape tensor of this shape that shares the data of x from offset on. */
static dl_tensor *dli_share(const char *who, dl_tensor *x, dl_shape shape, dl_int offset)
{
    dl_tensor *t = dli_tape_view(x->ctx, who, shape, x->data + offset);
    if (t) t->owner = x->owner ? x->owner : x;
    return t;
}

/* The version of its data, wherever that is kept. */
static uint32_t *dli_version(dl_tensor *t)
{
    return t->owner ? &t->owner->version : &t->version;
}

static bool dli_alive(const dl_tensor *t)
{
    return t->generation == DLI_PERSISTENT || t->generation == t->ctx->generation;
}

DL_DEF dl_tensor *dl_none(void)
{
    static dl_tensor none;
    return &none;
}

/* Is t usable by function who? NULL fails silently: its cause has been reported. */
static bool dli_usable(const char *who, const dl_tensor *t)
{
    if (!t || !t->ctx) return false;
    if (dli_alive(t)) return true;
    return dl_fail(t->ctx, DL_ERR_STALE, "%s: the tensor %s%sis from before the last "
                   "dl_tape_clear or dl_tape_release; take results home with dl_keep, and state "
                   "with dl_assign", who, t->name, t->name[0] ? " " : "");
}

/* May the numbers of t be changed? Not while models of other contexts read them, nor from there. */
static bool dli_writable(const char *who, dl_tensor *t)
{
    if (t->borrowed)
        return dl_fail(t->ctx, DL_ERR_STATE, "%s: %s belongs to a model of another context "
                       "(dl_model_share) and is read only", who, t->name);
    const int lent = t->generation == DLI_PERSISTENT ? dli_atomic_add(&t->lent, 0) : 0;
    return !lent || dl_fail(t->ctx, DL_ERR_STATE, "%s: %d models of other contexts share %s "
                            "(dl_model_share); free them first", who, lent, t->name);
}

/* A persistent tensor: object, header, data and gradient in one piece of memory. */
static dl_tensor *dli_persistent(dl_ctx *c, const char *who, dl_shape shape, bool grad)
{
    const dl_int n = c ? dli_checked_size(c, who, shape) : -1;
    if (n < 0) return NULL;
    const size_t bytes = ((size_t)n * sizeof(dl_real) + DLI_ALIGN - 1) / DLI_ALIGN * DLI_ALIGN;
    const size_t room = sizeof(dl_tensor) + DLI_ALIGN + bytes * (grad ? 2 : 1);
    dl_tensor *t = (dl_tensor *)dli_object_new(c, who, room, dli_tensor_destroy);
    if (!t) return NULL;
    t->name = "";
    t->data = (dl_real *)(void *)dli_align(t + 1);
    t->grad = grad ? (dl_real *)(void *)((char *)t->data + bytes) : NULL;
    t->size = n;
    t->shape = dli_rank(shape, shape.rank);
    t->ctx = c;
    t->requires_grad = grad;
    t->generation = DLI_PERSISTENT;
    return t;
}

DL_DEF dl_init dl_init_zeros(void) { return dl_init_constant(0); }

static dl_init dli_init(dl_init_kind kind, double a, double b)
{
    const dl_init init = { kind, a, b };
    return init;
}

DL_DEF dl_init dl_init_constant(double c) { return dli_init(DL_INIT_CONSTANT, c, 0); }
DL_DEF dl_init dl_init_uniform(double lo, double hi) { return dli_init(DL_INIT_UNIFORM, lo, hi); }
DL_DEF dl_init dl_init_normal(double mean, double std)
{
    return dli_init(DL_INIT_NORMAL, mean, std);
}
DL_DEF dl_init dl_init_glorot_uniform(void) { return dli_init(DL_INIT_GLOROT_UNIFORM, 0, 0); }
DL_DEF dl_init dl_init_glorot_normal(void) { return dli_init(DL_INIT_GLOROT_NORMAL, 0, 0); }
DL_DEF dl_init dl_init_he_uniform(void) { return dli_init(DL_INIT_HE_UNIFORM, 0, 0); }
DL_DEF dl_init dl_init_he_normal(void) { return dli_init(DL_INIT_HE_NORMAL, 0, 0); }
DL_DEF dl_init dl_init_orthogonal(double gain) { return dli_init(DL_INIT_ORTHOGONAL, gain, 0); }
DL_DEF dl_init dl_init_torch(dl_int fan_in)
{
    double r = fan_in > 0 ? 1 / sqrt((double)fan_in) : 0;
    return dl_init_uniform(-r, r);
}

/* Rows (or, of a tall matrix, columns) of w[R,C] made orthonormal by Gram-Schmidt, each projected
   twice for the sake of rounding, then scaled by gain. w holds normal numbers. */
static void dli_orthogonalize(dl_real *w, dl_int R, dl_int C, double gain)
{
    const bool tall = R > C;
    const dl_int n = tall ? C : R, len = tall ? R : C;      /* n vectors of len numbers */
    const dl_int vs = tall ? 1 : C, es = tall ? C : 1;      /* steps between vectors, elements */
    for (dl_int i = 0; i < n; i++) {
        dl_real *v = w + i * vs;
        for (int twice = 0; twice < 2; twice++)
            for (dl_int j = 0; j < i; j++) {
                const dl_real *u = w + j * vs;
                double dot = 0;
                for (dl_int k = 0; k < len; k++) dot += (double)u[k * es] * (double)v[k * es];
                for (dl_int k = 0; k < len; k++) v[k * es] -= (dl_real)(dot * (double)u[k * es]);
            }
        double square = 0;
        for (dl_int k = 0; k < len; k++) square += (double)v[k * es] * (double)v[k * es];
        const double norm = sqrt(square);
        for (dl_int k = 0; k < len; k++) v[k * es] = (dl_real)((double)v[k * es] / norm);
    }
    for (dl_int i = 0; i < R * C; i++) w[i] = (dl_real)((double)w[i] * gain);
}

/* Fill t uniformly from [a, b), or normally with mean a and standard deviation b. */
static void dli_draw(dl_tensor *t, bool uniform, double a, double b)
{
    dl_rng *r = &t->ctx->rng;
    for (dl_int i = 0; i < t->size; i++)
        t->data[i] = uniform ? dli_uniform(r, a, b) : (dl_real)(a + b * dl_rng_normal(r));
}

DL_DEF bool dl_initialize(dl_tensor *t, dl_init init)
{
    const char *who = "dl_initialize";
    const bool scaled = init.kind >= DL_INIT_GLOROT_UNIFORM;    /* to the weight's fans */
    if (!dli_usable(who, t) || !dli_writable(who, t)) return false;
    if ((int)init.kind < 0 || (int)init.kind > (int)DL_INIT_ORTHOGONAL)
        return dl_fail(t->ctx, DL_ERR_ARGUMENT, "%s: no kind %d; make it with one of the functions "
                       "dl_init_...", who, (int)init.kind);
    if (scaled && t->shape.rank < 2)
        return dl_fail(t->ctx, DL_ERR_SHAPE, "%s: Glorot, He and orthogonal need a weight of rank "
                       "2 or more, not rank %d", who, t->shape.rank);
    ++*dli_version(t);
    if (t->size == 0) return true;
    const dl_int out = scaled ? t->shape.dim[0] : 1, in = scaled ? t->shape.dim[1] : 1;
    const dl_int rest = t->size / out / in;
    const double fan_in = (double)(in * rest), both = fan_in + (double)(out * rest);
    switch (init.kind) {
    case DL_INIT_CONSTANT:
        for (dl_int i = 0; i < t->size; i++) t->data[i] = (dl_real)init.a;
        break;
    case DL_INIT_UNIFORM: dli_draw(t, true, init.a, init.b); break;
    case DL_INIT_NORMAL: dli_draw(t, false, init.a, init.b); break;
    case DL_INIT_GLOROT_UNIFORM: dli_draw(t, true, -sqrt(6 / both), sqrt(6 / both)); break;
    case DL_INIT_GLOROT_NORMAL: dli_draw(t, false, 0, sqrt(2 / both)); break;
    case DL_INIT_HE_UNIFORM: dli_draw(t, true, -sqrt(6 / fan_in), sqrt(6 / fan_in)); break;
    case DL_INIT_HE_NORMAL: dli_draw(t, false, 0, sqrt(2 / fan_in)); break;
    case DL_INIT_ORTHOGONAL:
        dli_draw(t, false, 0, 1);
        dli_orthogonalize(t->data, out, t->size / out, init.a);
    }
    return true;
}

DL_DEF dl_tensor *dl_param(dl_ctx *dl, dl_shape shape, dl_init init)
{
    dl_tensor *t = dli_persistent(dl, "dl_param", shape, true);
    if (t && !dl_initialize(t, init)) {
        dli_object_free(t);
        return NULL;
    }
    return t;
}

/* t, just made by who, with a copy of the numbers at data; NULL with a message if that is NULL. */
static dl_tensor *dli_filled(dl_ctx *c, const char *who, dl_tensor *t, const dl_real *data)
{
    if (!data) return dli_no_tensor(dli_null(c, who, "data"));
    if (t) memcpy(t->data, data, (size_t)t->size * sizeof *data);
    return t;
}

DL_DEF dl_tensor *dl_param_from(dl_ctx *dl, dl_shape shape, const dl_real *data)
{
    const char *who = "dl_param_from";
    return dli_filled(dl, who, data ? dli_persistent(dl, who, shape, true) : NULL, data);
}

DL_DEF dl_tensor *dl_state(dl_ctx *dl, dl_shape shape)
{
    return dli_persistent(dl, "dl_state", shape, false);
}

DL_DEF void dl_tensor_free(dl_tensor *t)
{
    if (!t || !t->ctx) return;
    if (t->generation != DLI_PERSISTENT)
        dl_fail(t->ctx, DL_ERR_ARGUMENT, "dl_tensor_free: the tensor is on the tape; "
                "dl_tape_clear frees it");
    else if (t->borrowed || dli_writable("dl_tensor_free", t)) dli_object_free(t);
}

DL_DEF bool dl_set_name(dl_tensor *t, const char *name)
{
    const char *who = "dl_set_name";
    if (!dli_usable(who, t)) return false;
    if (!name) return dli_null(t->ctx, who, "name");
    const size_t n = strlen(name);
    if (n >= DL_NAME_MAX)
        return dl_fail(t->ctx, DL_ERR_ARGUMENT, "%s: '%.100s' is longer than %d bytes", who, name,
                       DL_NAME_MAX - 1);
    char *copy = n == 0 ? NULL : (char *)dli_alloc(t->ctx, who, n + 1, 1);
    if (n > 0 && !copy) return false;
    if (copy) memcpy(copy, name, n + 1);
    dli_tensor_destroy(t);                       /* the name that it had */
    t->name = copy ? copy : "";
    return true;
}

DL_DEF dl_tensor *dl_full(dl_ctx *dl, dl_shape shape, double c)
{
    dl_tensor *t = dli_tape_tensor(dl, "dl_full", shape);
    if (t) for (dl_int i = 0; i < t->size; i++) t->data[i] = (dl_real)c;
    return t;
}

DL_DEF dl_tensor *dl_zeros(dl_ctx *dl, dl_shape shape) { return dl_full(dl, shape, 0); }
DL_DEF dl_tensor *dl_ones(dl_ctx *dl, dl_shape shape) { return dl_full(dl, shape, 1); }

/* A tape tensor drawn from a distribution; NULL without memory. */
static dl_tensor *dli_drawn(dl_ctx *c, const char *who, dl_shape shape, dl_init init)
{
    dl_tensor *t = dli_tape_tensor(c, who, shape);
    return t && dl_initialize(t, init) ? t : NULL;
}

DL_DEF dl_tensor *dl_rand(dl_ctx *dl, dl_shape shape)
{
    return dli_drawn(dl, "dl_rand", shape, dl_init_uniform(0, 1));
}

DL_DEF dl_tensor *dl_randn(dl_ctx *dl, dl_shape shape)
{
    return dli_drawn(dl, "dl_randn", shape, dl_init_normal(0, 1));
}

DL_DEF dl_tensor *dl_from(dl_ctx *dl, dl_shape shape, const dl_real *data)
{
    return dli_filled(dl, "dl_from", data ? dli_tape_tensor(dl, "dl_from", shape) : NULL, data);
}

DL_DEF dl_tensor *dl_borrow(dl_ctx *dl, dl_shape shape, dl_real *data)
{
    if (data) return dli_tape_view(dl, "dl_borrow", shape, data);
    dli_null(dl, "dl_borrow", "data");
    return NULL;
}

/* Are all n indexes in 0 .. limit-1? Else a message that names the first bad one. */
static bool dli_check_index(dl_ctx *c, const char *who, const char *what, const int32_t *index,
                            dl_int n, dl_int limit)
{
    for (dl_int i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= limit)
            return dl_fail(c, DL_ERR_RANGE, "%s: %s %d at position %lld is not in 0..%lld", who,
                           what, (int)index[i], (long long)i, (long long)limit - 1);
    return true;
}

/* Of n tensors; those that are NULL do not count. */
static bool dli_all_finite(dl_tensor *const *t, int n)
{
    for (int k = 0; k < n; k++)
        for (dl_int i = 0; t[k] && i < t[k]->size; i++)
            if (!(fabs((double)t[k]->data[i]) <= DBL_MAX)) return false;
    return true;
}

DL_DEF dl_tensor *dl_one_hot(dl_ctx *dl, const int32_t *label, dl_int N, dl_int classes)
{
    const char *who = "dl_one_hot";
    if (!label) return dli_no_tensor(dli_null(dl, who, "label"));
    if (!dl || !dli_check_index(dl, who, "label", label, N, classes)) return NULL;
    dl_tensor *t = dli_tape_tensor(dl, who, dl_shape2(N, classes));
    if (!t) return NULL;
    memset(t->data, 0, (size_t)t->size * sizeof *t->data);
    for (dl_int i = 0; i < N; i++) t->data[i * classes + label[i]] = 1;
    return t;
}

DL_DEF double dl_item(const dl_tensor *t)
{
    if (!dli_usable("dl_item", t)) return (double)NAN;
    if (t->size == 1) return (double)t->data[0];
    dl_fail(t->ctx, DL_ERR_SHAPE, "dl_item: the tensor has shape %s, not one element",
            dli_shown(t->ctx, t->shape));
    return (double)NAN;
}

DL_DEF bool dl_fill(dl_tensor *t, double c)
{
    return dli_usable("dl_fill", t) && dl_initialize(t, dl_init_constant(c));
}

DL_DEF bool dl_copy_in(dl_tensor *t, const dl_real *data)
{
    if (!dli_usable("dl_copy_in", t) || !dli_writable("dl_copy_in", t)) return false;
    if (!data) return dli_null(t->ctx, "dl_copy_in", "data");
    memmove(t->data, data, (size_t)t->size * sizeof *data);
    ++*dli_version(t);
    return true;
}

DL_DEF bool dl_assign(dl_tensor *state, const dl_tensor *value)
{
    const char *who = "dl_assign";
    if (!dli_usable(who, state)) return false;
    dl_ctx *c = state->ctx;
    if (value == DL_NONE) return dl_fail(c, DL_ERR_ARGUMENT, "%s: the value is DL_NONE", who);
    if (!dli_usable(who, value)) return false;
    if (state->generation != DLI_PERSISTENT)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: the first tensor is on the tape; make it with "
                       "dl_state or dl_param", who);
    if (state->size != value->size)
        return dl_fail(c, DL_ERR_SHAPE, "%s: state %s and value %s differ in size", who,
                       dli_shown(c, state->shape), dli_shown(c, value->shape));
    return dl_copy_in(state, value->data);
}

DL_DEF dl_tensor *dl_keep(const dl_tensor *t)
{
    if (!dli_usable("dl_keep", t)) return NULL;
    dl_tensor *k = dli_persistent(t->ctx, "dl_keep", t->shape, false);
    if (k) memcpy(k->data, t->data, (size_t)t->size * sizeof *t->data);
    return k;
}

DL_DEF dl_tensor *dl_detach(dl_tensor *t)
{
    if (!dli_usable("dl_detach", t)) return NULL;
    return dli_share("dl_detach", t, t->shape, 0);
}

DL_DEF bool dl_set_requires_grad(dl_tensor *t, bool on)
{
    const char *who = "dl_set_requires_grad";
    if (!dli_usable(who, t) || !dli_writable(who, t)) return false;
    if (t->node)
        return dl_fail(t->ctx, DL_ERR_STATE, "%s: the tensor is the result of %s, not a leaf; "
                       "dl_detach it first", who, t->node->op);
    if (on && !t->grad && t->generation == DLI_PERSISTENT)
        return dl_fail(t->ctx, DL_ERR_STATE, "%s: a dl_state or dl_keep tensor has no gradient; "
                       "make it with dl_param", who);
    t->requires_grad = on;
    return true;
}

/* All of them or none: the first walk only asks. */
static bool dli_set_frozen(dl_tensor *const *params, int n, bool frozen)
{
    if (n < 0) return false;
    for (int walk = 0; walk < 2; walk++)
        for (int i = 0; i < n; i++) {
            const bool was = params && params[i] && params[i]->requires_grad;
            if (!params || !dl_set_requires_grad(params[i], !frozen)) return false;
            if (walk == 0) params[i]->requires_grad = was;
        }
    return true;
}

DL_DEF bool dl_freeze(dl_tensor *const *params, int n) { return dli_set_frozen(params, n, true); }
DL_DEF bool dl_unfreeze(dl_tensor *const *params, int n)
{
    return dli_set_frozen(params, n, false);
}

/* --------------------------------------------------------------------------- >>tape-impl ----
   In this order: marks, which are places in the arena, the slab and the two lists (of operations,
   and of tensors that were given a gradient), so that a release only has to go back to them; what
   an operation needs to record itself (dli_inputs, dli_result; see >>ops-impl); gradients, which
   are given when a backward first reaches a tensor and set to zero when it is first added to; then
   dl_backward, two walks along the list; and operations of the user's own. */

DL_DEF dl_mark dl_tape_mark(dl_ctx *dl)
{
    const dl_mark none = { 0, 0, 0, 0, 0, NULL, NULL };
    if (!dl) return none;
    const dl_mark m = { dl->generation, dl->serial, dl->slab[dl->generation % 2].count,
                        dl->arena.chunk, dl->arena.used, dl->last, dl->reached };
    return m;
}

/* Take back the gradient arrays that were given since `until` was the last to get one: first from
   the tensors that have arrays of their own, then from those that share theirs. */
static void dli_unreach(dl_ctx *c, dl_tensor *until)
{
    for (dl_tensor *t = c->reached; t != until; t = t->reached) {
        t->grad = NULL;
        t->fresh = false;
    }
    for (dl_tensor *t = c->reached; t != until; t = t->reached)
        if (t->base && t->base->grad) t->grad = t->base->grad + t->offset;
    c->reached = until;
}

DL_DEF bool dl_tape_release(dl_ctx *dl, dl_mark mark)
{
    if (!dl) return false;
    dli_arena *a = &dl->arena;
    dli_slab *s = &dl->slab[dl->generation % 2];
    if (mark.generation != dl->generation || mark.tensors > s->count ||
        (mark.tensors > 0 && dli_header(s, mark.tensors - 1)->serial >= mark.serial))
        return dl_fail(dl, DL_ERR_STATE, "dl_tape_release: the mark is from before a "
                       "dl_tape_clear, or an older mark was released already");
    dli_unreach(dl, mark.reached);             /* older tensors lose gradients of this part */
    for (dl_int i = mark.tensors; i < s->count; i++) dli_header(s, i)->generation = 0;
    s->count = mark.tensors;
    for (dl_int i = mark.chunk; i <= a->chunk && i < a->chunks; i++) {
        const dl_int from = i == mark.chunk ? mark.used : 0;
        const dl_int to = i == a->chunk ? a->used : a->size[i];
        DLI_POISON(a->base[i] + from, (size_t)(to - from));
    }
    a->chunk = mark.chunk;
    a->used = mark.used;
    dl->last = mark.node;
    return true;
}

DL_DEF void dl_tape_clear(dl_ctx *dl)
{
    if (!dl) return;
    const dl_mark start = { dl->generation, 0, 0, 0, 0, NULL, NULL };
    dl_tape_release(dl, start);
    dl->generation++;                          /* the other slab: old headers stay readable, */
    dl->slab[dl->generation % 2].count = 0;    /* so that using one is caught                */
}

DL_DEF void dl_set_tape_limit(dl_ctx *dl, size_t bytes)
{
    if (dl) dl->tape_limit = bytes > dl->tape_bytes ? bytes : dl->tape_bytes;
}

DL_DEF size_t dl_tape_limit(const dl_ctx *dl) { return dl ? dl->tape_limit : 0; }
DL_DEF size_t dl_tape_bytes(const dl_ctx *dl) { return dl ? dl->tape_bytes : 0; }

DL_DEF bool dl_set_no_grad(dl_ctx *dl, bool on)
{
    const bool was = dl_no_grad(dl);
    if (dl) dl->no_grad = on;
    return was;
}

DL_DEF bool dl_no_grad(const dl_ctx *dl) { return dl ? dl->no_grad : false; }

DL_DEF bool dl_set_training(dl_ctx *dl, bool on)
{
    const bool was = dl_training(dl);
    if (dl) dl->training = on;
    return was;
}

DL_DEF bool dl_training(const dl_ctx *dl) { return dl ? dl->training : true; }

/* Check the n inputs of operation who: none failed, none left out, none stale, all of one context,
   which is returned; NULL when something is wrong. */
static dl_ctx *dli_inputs(const char *who, dl_tensor *const *in, int n)
{
    dl_ctx *c = NULL;
    if (!in || n < 1) return NULL;
    for (int i = 0; i < n; i++) {
        if (!in[i]) return NULL;
        if (!c) c = in[i]->ctx;
    }
    for (int i = 0; i < n; i++) {
        if (!in[i]->ctx)
            dl_fail(c, DL_ERR_ARGUMENT, "%s: operand %d is DL_NONE, but can't be left out", who,
                    i + 1);
        else if (in[i]->ctx != c)
            dl_fail(c, DL_ERR_ARGUMENT, "%s: operands belong to different contexts", who);
        if (in[i]->ctx != c || !dli_usable(who, in[i])) return NULL;
    }
    return c;
}

/* Record on the tape that out came from in[0..n-1], if a gradient will ever be wanted: then (and
   only then) out->node is set afterwards. The node gets a copy of the bytes at state. False
   without memory. */
static bool dli_record(dl_tensor *out, const char *op, dl_tensor *const *in, int n,
                       void (*backward)(dli_node *), const void *state, size_t bytes)
{
    dl_ctx *c = out->ctx;
    bool wanted = false;
    for (int i = 0; i < n; i++) wanted = wanted || in[i]->requires_grad;
    if (!wanted || c->no_grad) return true;
    const size_t room = (bytes + 15) / 16 * 16;          /* so that what is behind it is aligned */
    dli_node *node = (dli_node *)dli_tape_alloc(c, op, sizeof *node + room + (size_t)n *
                                                (sizeof *node->in + sizeof *node->in_version +
                                                 sizeof *node->in_wanted));
    if (!node) return false;
    node->state = bytes ? memcpy(node + 1, state, bytes) : NULL;
    node->in = (dl_tensor **)(void *)((char *)(node + 1) + room);
    node->in_version = (uint32_t *)(void *)(node->in + n);
    node->in_wanted = (bool *)(void *)(node->in_version + n);
    for (int i = 0; i < n; i++) {
        node->in[i] = in[i];
        node->in_version[i] = *dli_version(in[i]);
        node->in_wanted[i] = in[i]->requires_grad;
    }
    node->n = n;
    node->op = op;
    node->backward = backward;
    node->out = out;
    node->spent = node->failed = false;
    node->prev = c->last;
    c->last = node;
    out->node = node;
    out->requires_grad = true;
    return true;
}

/* The result of an operation: a tape tensor, recorded. Its elements are still to be computed. */
static dl_tensor *dli_result_with(dl_ctx *c, const char *op, dl_shape shape, dl_tensor *const *in,
                                  int n, void (*backward)(dli_node *), const void *state,
                                  size_t bytes)
{
    dl_tensor *y = dli_tape_tensor(c, op, shape);
    return y && dli_record(y, op, in, n, backward, state, bytes) ? y : NULL;
}
/* The same for an operation whose backward needs nothing but its operands and its result. */
static dl_tensor *dli_result(dl_ctx *c, const char *op, dl_shape shape, dl_tensor *const *in,
                             int n, void (*backward)(dli_node *))
{
    return dli_result_with(c, op, shape, in, n, backward, NULL, 0);
}

/* A view of x's elements from offset on in another shape (they must be there): it shares data and
   gradient. That is also how an operation returns several tensors: it fills one, and its results
   are views of that. */
static dl_tensor *dli_view(const char *op, dl_tensor *x, dl_shape shape, dl_int offset)
{
    dl_tensor *y = dli_share(op, x, shape, offset);
    if (!y || !dli_record(y, op, &x, 1, NULL, NULL, 0)) return NULL;
    if (y->node) {
        y->base = x->base ? x->base : x;
        y->offset = x->offset + offset;
        y->grad = y->base->grad ? y->base->grad + y->offset : NULL;
    }
    return y;
}

/* The gradient array that a backward adds to; NULL when t, as an input of the operation that is
   gone back through, wants none. The first use in a backward pass sets it to zero. */
static dl_real *dli_grad(dl_tensor *t)
{
    dl_tensor *root = t->base ? t->base : t;
    if (!t->wanted || !root->grad) return NULL;
    if (root->fresh) {
        memset(root->grad, 0, (size_t)root->size * sizeof *root->grad);
        root->fresh = false;
    }
    return root->grad + t->offset;
}

/* The same for a backward that can overwrite instead, with *add false; afterwards *add says whether
   it must add. (To a view of a part it must: the rest has to be set to zero all the same.) */
static dl_real *dli_grad_or_set(dl_tensor *t, bool *add)
{
    dl_tensor *root = t->base ? t->base : t;
    *add = *add || !root->fresh || t->size != root->size;
    if (*add) return dli_grad(t);
    if (!t->wanted || !root->grad) return NULL;
    root->fresh = false;
    return root->grad;
}

/* Note that t's gradient array is new. */
static void dli_reached(dl_tensor *t)
{
    t->reached = t->ctx->reached;
    t->ctx->reached = t;
}

/* This backward pass goes through t, and through the operation that made it. */
static void dli_pass_through(dl_tensor *t)
{
    if (t->pass == t->ctx->pass) return;
    t->pass = t->ctx->pass;
    if (t->node) t->ctx->to_go++;
}

/* Give t a gradient array before a backward pass reaches it, and mark it as reached. */
static bool dli_reach(dl_tensor *t, const char *op)
{
    dl_tensor *root = t->base ? t->base : t;
    if (!root->grad) {
        root->grad = (dl_real *)dli_tape_alloc(t->ctx, op, (size_t)root->size * sizeof(dl_real));
        if (!root->grad) return false;
        root->fresh = true;
        dli_reached(root);
    }
    if (!t->grad) {
        t->grad = root->grad + t->offset;
        dli_reached(t);
    }
    dli_pass_through(root);
    dli_pass_through(t);
    return true;
}

/* First walk: find what the result depends on, and refuse before anything is changed. to_go counts
   the operations that have been found and not yet been got to. When there are none left, *end is
   the last one: below it there may be a long tape that has nothing to do with y. */
static bool dli_backward_check(dl_tensor *y, const dli_node **end)
{
    dl_ctx *c = y->ctx;
    c->pass++;
    c->to_go = 0;
    *end = NULL;
    if (!dli_reach(y, "dl_backward")) return false;
    for (dli_node *node = y->node; c->to_go > 0; node = node->prev) {
        if (node->out->pass != c->pass) continue;
        c->to_go--;
        *end = node;
        if (node->spent)
            return dl_fail(c, DL_ERR_STATE, "dl_backward: %s has been gone back through already; "
                           "add losses that share a graph (dl_add) and go back once, or compute "
                           "them anew", node->op);
        if (node->backward && node->out->version != 0)
            return dl_fail(c, DL_ERR_STATE, "dl_backward: the result of %s was changed by dl_fill, "
                           "dl_copy_in or dl_initialize; use dl_detach, or another operation",
                           node->op);
        for (int i = 0; i < node->n; i++) {
            dl_tensor *in = node->in[i];
            if (*dli_version(in) != node->in_version[i])
                return dl_fail(c, DL_ERR_STATE, "dl_backward: an input of %s%s%s was changed "
                               "after it was used; update parameters after dl_backward, and "
                               "compute the loss anew", node->op, in->name[0] ? ", " : "",
                               in->name);
            if (node->in_wanted[i] && !dli_reach(in, node->op)) return false;
        }
    }
    return true;
}

DL_DEF bool dl_backward_from(dl_tensor *y, const dl_real *dy)
{
    if (!dli_usable("dl_backward", y)) return false;
    dl_ctx *c = y->ctx;
    dl_tensor *before = c->reached;
    if (!dy) return dli_null(c, "dl_backward_from", "dy");
    if (!y->requires_grad)
        return dl_fail(c, DL_ERR_STATE, "dl_backward: the result depends on nothing that requires "
                       "a gradient (or all that does is frozen, or dl_set_no_grad was on)");
    const dli_node *end;
    if (!dli_backward_check(y, &end)) {
        dli_unreach(c, before);
        return false;
    }
    y->wanted = true;
    dl_real *g = dli_grad(y);
    for (dl_int i = 0; i < y->size; i++) g[i] += dy[i];
    for (dli_node *node = y->node; node; node = node == end ? NULL : node->prev) {
        if (node->out->pass != c->pass) continue;
        for (int i = 0; i < node->n; i++) node->in[i]->wanted = node->in_wanted[i];
        node->out->wanted = true;
        node->spent = true;
        if (node->backward) node->backward(node);
        if (node->failed) return false;
    }
    return true;
}

DL_DEF bool dl_backward(dl_tensor *loss)
{
    const dl_real one = 1;
    if (!dli_usable("dl_backward", loss)) return false;
    if (loss->size != 1)
        return dl_fail(loss->ctx, DL_ERR_SHAPE, "dl_backward: the loss has shape %s, not one "
                       "element; use dl_mean or dl_sum, or dl_backward_from",
                       dli_shown(loss->ctx, loss->shape));
    return dl_backward_from(loss, &one);
}

/* The callback back and what it is passed; room for gradients that it shall not see. */
typedef struct dli_custom_state {
    dl_op_fn  backward;
    void     *user;
    dl_real **hidden;
} dli_custom_state;

static void dli_custom_back(dli_node *node)
{
    const dli_custom_state *s = (const dli_custom_state *)node->state;
    dli_grad(node->out);
    for (int i = 0; i < node->n; i++) {          /* the callback sees NULL where none is wanted */
        s->hidden[i] = node->in[i]->grad;
        if (!dli_grad(node->in[i])) node->in[i]->grad = NULL;
    }
    if (!s->backward(node->out, node->in, node->n, s->user)) {
        dl_fail(node->out->ctx, DL_ERR_STATE, "%s: its backward failed", node->op);
        node->failed = true;
    }
    for (int i = node->n - 1; i >= 0; i--) node->in[i]->grad = s->hidden[i];
}

DL_DEF dl_tensor *dl_op_custom(dl_ctx *dl, const char *name, dl_shape shape,
                               dl_tensor *const *in, int n, dl_op_fn forward, dl_op_fn backward,
                               const void *user, size_t user_bytes)
{
    dl_ctx *c = dli_inputs(name ? name : "dl_op_custom", in, n);
    if (!dl) return NULL;
    if (!name || !forward || !backward || !in || n < 1 || (c && dl != c) || (user_bytes && !user))
        return DLI_REFUSE(dl, DL_ERR_ARGUMENT, "dl_op_custom: name, forward and backward are "
                          "needed, and one or more operands of this context");
    if (!c) return NULL;
    if (user_bytes > SIZE_MAX / 2) return dli_no_tensor(dli_no_memory(c, name, user_bytes));
    const size_t length = strlen(name) + 1;      /* the name is kept, behind the user's bytes */
    char *copy = (char *)dli_tape_alloc(c, name, user_bytes + length);
    dli_custom_state s = { backward, (void *)(uintptr_t)user, NULL };
    s.hidden = (dl_real **)dli_tape_alloc(c, name, (size_t)n * sizeof *s.hidden);
    if (!copy || !s.hidden) return NULL;
    if (user_bytes) s.user = memcpy(copy, user, user_bytes);
    memcpy(copy + user_bytes, name, length);
    dl_tensor *y = dli_result_with(c, copy + user_bytes, shape, in, n, dli_custom_back, &s,
                                   sizeof s);
    if (!y) return NULL;
    if (!forward(y, in, n, s.user))
        return DLI_REFUSE(c, DL_ERR_STATE, "%s: its forward failed", name);
    y->version = 0;                              /* forward may have used dl_copy_in to fill it */
    return y;
}

/* ---------------------------------------------------------------------------- >>ops-impl ----
   An operation is three thoughts, and is written as them:

       check     dli_inputs: are all operands alive, given, of one context? Then the shapes; what
                 does not fit is said with both of them. Up to here nothing has been changed.
       record    dli_result makes the tensor for the result and writes the operation down on the
                 tape, if a gradient can ever be asked for: its operands, its function back, and a
                 copy of what that must know (a struct dli_NAME_state of its own). Arrays that it
                 needs are made on the tape before, so that there is one place that can fail.
       compute   a kernel out of the context's table, or its twin: DLI_RUN.

   The function back is the mirror image: dli_grad(out) is what has come in, dli_grad(in) where it
   goes on to (NULL if nobody wants it), and the kernel's backward adds the one to the other.
   dl_softmax is all of that in twenty lines; read it first, then dl_linear and dl_matmul. The rest
   of this room is in the order of the declarations. */

/* ---- elementwise functions ---- */

typedef struct dli_unary_state { dlk_unary_backward_fn backward; double p, q; } dli_unary_state;

static void dli_unary_back(dli_node *node)
{
    const dli_unary_state *s = (const dli_unary_state *)node->state;
    dl_tensor *x = node->in[0], *y = node->out;
    const dl_real *dy = dli_grad(y);
    bool add = false;
    dl_real *dx = dli_grad_or_set(x, &add);
    dli_unary_backward(x->ctx, s->backward, dx, add, dy, y->data, x->data, x->size, s->p, s->q);
}

static dl_tensor *dli_unary(const char *op, dl_tensor *x, dlk_unary_forward_fn forward,
                            dlk_unary_backward_fn backward, double p, double q)
{
    const dli_unary_state s = { backward, p, q };
    dl_ctx *c = dli_inputs(op, &x, 1);
    dl_tensor *y = c ? dli_result_with(c, op, x->shape, &x, 1, dli_unary_back, &s, sizeof s) : NULL;
    if (y) dli_unary_forward(c, forward, y->data, x->data, x->size, p, q);
    return y;
}

/* The table of x's context; of an x that has failed, any. */
static const dl_kernels *dli_kernels_of(const dl_tensor *x)
{
    return x && x->ctx ? &x->ctx->kernels : &dli_own_kernels;
}

#define DLI_UNARY_AS(op, name, x, p, q) \
    dli_unary(op, x, dli_kernels_of(x)->name##_forward, dli_kernels_of(x)->name##_backward, p, q)
#define DLI_UNARY(name, x, p, q) DLI_UNARY_AS("dl_" #name, name, x, p, q)

DL_DEF dl_tensor *dl_neg(dl_tensor *x) { return DLI_UNARY(neg, x, 0, 0); }
DL_DEF dl_tensor *dl_exp(dl_tensor *x) { return DLI_UNARY(exp, x, 0, 0); }
DL_DEF dl_tensor *dl_log(dl_tensor *x) { return DLI_UNARY(log, x, 0, 0); }
DL_DEF dl_tensor *dl_sqrt(dl_tensor *x) { return DLI_UNARY(sqrt, x, 0, 0); }
DL_DEF dl_tensor *dl_square(dl_tensor *x) { return DLI_UNARY(square, x, 0, 0); }
DL_DEF dl_tensor *dl_pow(dl_tensor *x, double p) { return DLI_UNARY(pow, x, p, 0); }
DL_DEF dl_tensor *dl_abs(dl_tensor *x) { return DLI_UNARY(abs, x, 0, 0); }
DL_DEF dl_tensor *dl_clamp(dl_tensor *x, double lo, double hi)
{
    return DLI_UNARY(clamp, x, lo, hi);
}
DL_DEF dl_tensor *dl_sigmoid(dl_tensor *x) { return DLI_UNARY(sigmoid, x, 0, 0); }
DL_DEF dl_tensor *dl_tanh(dl_tensor *x) { return DLI_UNARY(tanh, x, 0, 0); }
DL_DEF dl_tensor *dl_relu(dl_tensor *x) { return DLI_UNARY(relu, x, 0, 0); }
DL_DEF dl_tensor *dl_leaky_relu(dl_tensor *x, double slope)
{
    return DLI_UNARY(leaky_relu, x, slope, 0);
}
DL_DEF dl_tensor *dl_elu(dl_tensor *x, double alpha) { return DLI_UNARY(elu, x, alpha, 0); }
DL_DEF dl_tensor *dl_gelu(dl_tensor *x) { return DLI_UNARY(gelu, x, 0, 0); }
DL_DEF dl_tensor *dl_gelu_tanh(dl_tensor *x) { return DLI_UNARY(gelu_tanh, x, 0, 0); }
DL_DEF dl_tensor *dl_silu(dl_tensor *x) { return DLI_UNARY(silu, x, 0, 0); }
DL_DEF dl_tensor *dl_softplus(dl_tensor *x) { return DLI_UNARY(softplus, x, 0, 0); }

#define DLI_AFFINE(op, x, p, q) DLI_UNARY_AS(op, affine, x, p, q)

DL_DEF dl_tensor *dl_add_scalar(dl_tensor *x, double c)
{
    return DLI_AFFINE("dl_add_scalar", x, 1, c);
}
DL_DEF dl_tensor *dl_sub_scalar(dl_tensor *x, double c)
{
    return DLI_AFFINE("dl_sub_scalar", x, 1, -c);
}
DL_DEF dl_tensor *dl_mul_scalar(dl_tensor *x, double c)
{
    return DLI_AFFINE("dl_mul_scalar", x, c, -0.0);     /* -0 + -0 is -0, -0 + 0 is 0 */
}

/* x / c; not x (1 / c), which rounds twice: 49 / 49 would not be 1 */
DL_DEF dl_tensor *dl_div_scalar(dl_tensor *x, double c)
{
    return DLI_UNARY_AS("dl_div_scalar", over, x, c, 0);
}
DL_DEF dl_tensor *dl_scalar_sub(double c, dl_tensor *x)
{
    return DLI_AFFINE("dl_scalar_sub", x, -1, c);
}
DL_DEF dl_tensor *dl_scalar_div(double c, dl_tensor *x)
{
    return DLI_UNARY_AS("dl_scalar_div", reciprocal, x, c, 0);
}

/* ---- arithmetic with broadcasting ---- */

/* How two operands walk along the result: in dimension d of the walk (innermost first: n[0] is the
   length of a row) a advances by sa[d] elements and b by sb[d]; 0 means it is repeated. */
typedef struct dli_walk {
    int    rank;
    dl_int n[DL_MAX_DIMS], sa[DL_MAX_DIMS], sb[DL_MAX_DIMS];
} dli_walk;

/* Dimension d of s counted from the right, 1 where it has none. */
static dl_int dli_dim_from_right(dl_shape s, int d)
{
    return d < s.rank ? s.dim[s.rank - 1 - d] : 1;
}

/* The broadcast shape of a and b; rank -1 when they do not fit. */
static dl_shape dli_broadcast(dl_shape a, dl_shape b)
{
    dl_shape y = dli_rank(a, a.rank > b.rank ? a.rank : b.rank);
    for (int d = 0; d < y.rank; d++) {
        const dl_int m = dli_dim_from_right(a, d), n = dli_dim_from_right(b, d);
        if (m != n && m != 1 && n != 1) y.rank = -1;
        else y.dim[y.rank - 1 - d] = m == 1 ? n : m;
    }
    return y;
}

/* The walk over shape y = dli_broadcast(a, b), with as few and as long dimensions as possible. */
static dli_walk dli_walk_of(dl_shape y, dl_shape a, dl_shape b)
{
    dli_walk w;
    memset(&w, 0, sizeof w);
    dl_int step_a = 1, step_b = 1;
    if (dl_shape_equal(a, b)) {                         /* most often: a single row */
        w.rank = 1;
        w.n[0] = dl_shape_size(y);
        w.sa[0] = w.sb[0] = 1;
        return w;
    }
    for (int d = 0; d < y.rank; d++) {
        const dl_int na = dli_dim_from_right(a, d), nb = dli_dim_from_right(b, d);
        const dl_int n = dli_dim_from_right(y, d);
        const dl_int sa = na == 1 ? 0 : step_a, sb = nb == 1 ? 0 : step_b;
        const int r = w.rank, last = r - 1;
        if (n == 1) continue;
        if (r > 0 && sa == w.sa[last] * w.n[last] && sb == w.sb[last] * w.n[last])
            w.n[last] *= n;                             /* continues the one before: join them */
        else {
            w.n[r] = n;
            w.sa[r] = sa;
            w.sb[r] = sb;
            w.rank++;
        }
        step_a *= na;
        step_b *= nb;
    }
    if (w.rank == 0) w.n[w.rank++] = dl_shape_size(y);  /* a single element (or none) */
    return w;
}

/* Where row `row` of the walk starts in a and b. */
static void dli_walk_row(const dli_walk *w, dl_int row, dl_int *a, dl_int *b)
{
    *a = *b = 0;
    for (int d = 1; d < w->rank; d++) {
        *a += row % w->n[d] * w->sa[d];
        *b += row % w->n[d] * w->sb[d];
        row /= w->n[d];
    }
}

typedef struct dli_binary_state { dlk_add_backward_fn backward; dli_walk walk; } dli_binary_state;

static void dli_binary_back(dli_node *node)
{
    const dli_binary_state *s = (const dli_binary_state *)node->state;
    const dli_walk *w = &s->walk;
    const dl_int n = w->n[0];
    dl_tensor *a = node->in[0], *b = node->in[1], *y = node->out;
    dl_real *da = dli_grad(a), *db = dli_grad(b);
    const dl_real *dy = dli_grad(y);
    for (dl_int row = 0; n > 0 && row < y->size / n; row++) {
        dl_int ia, ib;
        dli_walk_row(w, row, &ia, &ib);
        dli_binary_row_back(y->ctx, s->backward, da ? da + ia : NULL, db ? db + ib : NULL,
                            dy + row * n, a->data + ia, b->data + ib, n, w->sa[0], w->sb[0]);
    }
}

static dl_tensor *dli_binary(const char *op, dl_tensor *a, dl_tensor *b,
                             dlk_add_forward_fn forward, dlk_add_backward_fn backward)
{
    dl_tensor *in[2] = { a, b };
    dl_ctx *c = dli_inputs(op, in, 2);
    if (!c) return NULL;
    const dl_shape shape = dli_broadcast(a->shape, b->shape);
    if (shape.rank < 0)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "%s: shapes %s and %s do not broadcast: counted from "
                          "the right, dimensions must be equal or 1", op, dli_shown(c, a->shape),
                          dli_shown(c, b->shape));
    const dli_binary_state s = { backward, dli_walk_of(shape, a->shape, b->shape) };
    const dli_walk *w = &s.walk;
    const dl_int n = w->n[0];
    dl_tensor *y = dli_result_with(c, op, shape, in, 2, dli_binary_back, &s, sizeof s);
    for (dl_int row = 0; y && n > 0 && row < y->size / n; row++) {
        dl_int ia, ib;
        dli_walk_row(w, row, &ia, &ib);
        dli_binary_row(c, forward, y->data + row * n, a->data + ia, b->data + ib, n, w->sa[0],
                       w->sb[0]);
    }
    return y;
}

#define DLI_BINARY(name, a, b) \
    dli_binary("dl_" #name, a, b, dli_kernels_of(a)->name##_forward, \
               dli_kernels_of(a)->name##_backward)

DL_DEF dl_tensor *dl_add(dl_tensor *a, dl_tensor *b) { return DLI_BINARY(add, a, b); }
DL_DEF dl_tensor *dl_sub(dl_tensor *a, dl_tensor *b) { return DLI_BINARY(sub, a, b); }
DL_DEF dl_tensor *dl_mul(dl_tensor *a, dl_tensor *b) { return DLI_BINARY(mul, a, b); }
DL_DEF dl_tensor *dl_div(dl_tensor *a, dl_tensor *b) { return DLI_BINARY(div, a, b); }
DL_DEF dl_tensor *dl_maximum(dl_tensor *a, dl_tensor *b) { return DLI_BINARY(maximum, a, b); }
DL_DEF dl_tensor *dl_minimum(dl_tensor *a, dl_tensor *b) { return DLI_BINARY(minimum, a, b); }

/* ---- rows: softmax, dropout ---- */

static dl_int dli_last(dl_shape s) { return s.rank ? s.dim[s.rank - 1] : 1; }
/* How many rows the last axis has; not size / last, for rows may be empty. */
static dl_int dli_rows(const dl_tensor *t)
{
    dl_int rows = 1;
    for (int d = 0; d < t->shape.rank - 1; d++) rows *= t->shape.dim[d];
    return rows;
}

static void dli_softmax_back(dli_node *node)
{
    dl_tensor *y = node->out;
    DLI_RUN(y->ctx, softmax_backward, dli_grad(node->in[0]), dli_grad(y), y->data, dli_rows(y),
            dli_last(y->shape));
}

DL_DEF dl_tensor *dl_softmax(dl_tensor *x)
{
    dl_ctx *c = dli_inputs("dl_softmax", &x, 1);
    dl_tensor *y = c ? dli_result(c, "dl_softmax", x->shape, &x, 1, dli_softmax_back) : NULL;
    if (y) DLI_RUN(c, softmax_forward, y->data, x->data, dli_rows(x), dli_last(x->shape));
    return y;
}

static void dli_log_softmax_back(dli_node *node)
{
    dl_tensor *y = node->out;
    DLI_RUN(y->ctx, log_softmax_backward, dli_grad(node->in[0]), dli_grad(y), y->data, dli_rows(y),
            dli_last(y->shape));
}

DL_DEF dl_tensor *dl_log_softmax(dl_tensor *x)
{
    dl_ctx *c = dli_inputs("dl_log_softmax", &x, 1);
    dl_tensor *y = c ? dli_result(c, "dl_log_softmax", x->shape, &x, 1, dli_log_softmax_back)
                     : NULL;
    if (y) DLI_RUN(c, log_softmax_forward, y->data, x->data, dli_rows(x), dli_last(x->shape));
    return y;
}

typedef struct dli_dropout_state { double p; uint64_t key; } dli_dropout_state;

static void dli_dropout_back(dli_node *node)
{
    const dli_dropout_state *s = (const dli_dropout_state *)node->state;
    dl_tensor *x = node->in[0];
    const dl_real *dy = dli_grad(node->out);
    bool add = !DLI_TWIN(x->ctx, dropout_backward);
    dl_real *dx = dli_grad_or_set(x, &add);
    if (dx) DLI_RUN_ADD(x->ctx, dropout_backward, add, dx, dy, x->size, s->p, s->key);
}

DL_DEF dl_tensor *dl_dropout(dl_tensor *x, double p)
{
    dl_ctx *c = dli_inputs("dl_dropout", &x, 1);
    if (!c) return NULL;
    if (!(p >= 0 && p < 1))
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "dl_dropout: the probability %g is not in [0, 1)",
                          p);
    if (!c->training || p == 0) return x;
    const dli_dropout_state s = { p, dl_rng_u64(&c->rng) };
    dl_tensor *y = dli_result_with(c, "dl_dropout", x->shape, &x, 1, dli_dropout_back, &s,
                                   sizeof s);
    if (y) DLI_RUN(c, dropout_forward, y->data, x->data, x->size, p, s.key);
    return y;
}

/* ---- linear and matmul ---- */

/* Is t left out, or has it this shape? Else a message. */
static bool dli_check_shape(dl_ctx *c, const char *op, const char *what, const dl_tensor *t,
                            dl_shape shape)
{
    return t == DL_NONE || dl_shape_equal(t->shape, shape) ||
           dl_fail(c, DL_ERR_SHAPE, "%s: %s is %s and should be %s", op, what,
                   dli_shown(c, t->shape), dli_shown(c, shape));
}

static void dli_linear_back(dli_node *node)
{
    dl_tensor *x = node->in[0], *w = node->in[1];
    dl_ctx *c = x->ctx;
    const dl_real *dy = dli_grad(node->out);
    const bool ours = DLI_OURS(c, linear_backward);
    bool add_dx = !ours, add_dw = !ours;
    dl_real *dx = dli_grad_or_set(x, &add_dx), *dw = dli_grad_or_set(w, &add_dw);
    dl_real *db = node->n > 2 ? dli_grad(node->in[2]) : NULL;
    const dl_int N = dli_rows(x), D = w->shape.dim[1], M = w->shape.dim[0];
    if (ours)
        dli_fast_linear_backward(c, dx, add_dx, dw, add_dw, db, dy, x->data, w->data, N, D, M);
    else c->kernels.linear_backward(dx, dw, db, dy, x->data, w->data, N, D, M);
}

DL_DEF dl_tensor *dl_linear(dl_tensor *x, dl_tensor *w, dl_tensor *b)
{
    dl_tensor *in[3] = { x, w, b };
    const int n = b == DL_NONE ? 2 : 3;
    dl_ctx *c = dli_inputs("dl_linear", in, n);
    if (!c) return NULL;
    if (w->shape.rank != 2 || x->shape.rank < 1 || dli_last(x->shape) != w->shape.dim[1])
        return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_linear: x %s, weight %s: the weight must be "
                          "[out,in] with in = %lld, the last dimension of x",
                          dli_shown(c, x->shape), dli_shown(c, w->shape),
                          (long long)dli_last(x->shape));
    const dl_int D = w->shape.dim[1], M = w->shape.dim[0];
    if (!dli_check_shape(c, "dl_linear", "the bias (one for each row of the weight)", b,
                         dl_shape1(M)))
        return NULL;
    dl_shape shape = x->shape;
    shape.dim[shape.rank - 1] = M;
    dl_tensor *y = dli_result(c, "dl_linear", shape, in, n, dli_linear_back);
    if (y) DLI_RUN_TWIN(c, linear_forward, y->data, x->data, w->data, n == 3 ? b->data : NULL,
                        dli_rows(x), D, M);
    return y;
}

/* How many products; the step from one to the next in a and b (0: the same again); their sizes. */
typedef struct dli_matmul_state { dl_int count, step_a, step_b, N, K, M; } dli_matmul_state;

static void dli_matmul_back(dli_node *node)
{
    const dli_matmul_state *s = (const dli_matmul_state *)node->state;
    dl_tensor *a = node->in[0], *b = node->in[1];
    dl_real *da = dli_grad(a), *db = dli_grad(b);
    const dl_real *dy = dli_grad(node->out);
    for (dl_int i = 0; i < s->count; i++)
        DLI_RUN_TWIN(a->ctx, matmul_backward, da ? da + i * s->step_a : NULL,
                     db ? db + i * s->step_b : NULL, dy + i * s->N * s->M,
                     a->data + i * s->step_a, b->data + i * s->step_b, s->N, s->K, s->M);
}

DL_DEF dl_tensor *dl_matmul(dl_tensor *a, dl_tensor *b)
{
    dl_tensor *in[2] = { a, b };
    dl_ctx *c = dli_inputs("dl_matmul", in, 2);
    if (!c) return NULL;
    const int ra = a->shape.rank, rb = b->shape.rank;
    const dl_int *da = a->shape.dim, *db = b->shape.dim;
    if (ra < 2 || rb < 2)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_matmul: %s x %s: both need rank 2 or more",
                          dli_shown(c, a->shape), dli_shown(c, b->shape));
    if (da[ra - 1] != db[rb - 2])
        return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_matmul: %s x %s: inner dimensions %lld and %lld "
                          "differ", dli_shown(c, a->shape), dli_shown(c, b->shape),
                          (long long)da[ra - 1], (long long)db[rb - 2]);
    bool fits = ra == rb || ra == 2 || rb == 2;
    for (int d = 0; fits && ra == rb && d < ra - 2; d++) fits = da[d] == db[d];
    if (!fits)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_matmul: %s x %s: the dimensions in front of the "
                          "matrices differ", dli_shown(c, a->shape), dli_shown(c, b->shape));
    dli_matmul_state s = { 1, 0, 0, da[ra - 2], da[ra - 1], db[rb - 1] };
    if (ra > 2) s.step_a = s.N * s.K;
    if (rb > 2) s.step_b = s.K * s.M;
    dl_shape shape = ra >= rb ? a->shape : b->shape;
    for (int d = 0; d < shape.rank - 2; d++) s.count *= shape.dim[d];
    shape.dim[shape.rank - 2] = s.N;
    shape.dim[shape.rank - 1] = s.M;
    dl_tensor *y = dli_result_with(c, "dl_matmul", shape, in, 2, dli_matmul_back, &s, sizeof s);
    for (dl_int i = 0; y && i < s.count; i++)
        DLI_RUN_TWIN(c, matmul_forward, y->data + i * s.N * s.M, a->data + i * s.step_a,
                     b->data + i * s.step_b, s.N, s.K, s.M);
    return y;
}

/* ---- shapes: reshape, permute, slice, concat, gather ---- */

DL_DEF dl_tensor *dl_reshape(dl_tensor *x, dl_shape shape)
{
    dl_ctx *c = dli_inputs("dl_reshape", &x, 1);
    if (!c) return NULL;
    const dl_shape wanted = shape;
    int open = -1;
    for (int d = 0; d < shape.rank && d < DL_MAX_DIMS && open < 0; d++)
        if (shape.dim[d] == -1) open = d;
    if (open >= 0) {
        shape.dim[open] = 1;
        const dl_int known = dl_shape_size(shape);
        shape.dim[open] = known > 0 ? x->size / known : -1;
    }
    if (dl_shape_size(shape) != x->size)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_reshape: %s has %lld elements and cannot become %s",
                          dli_shown(c, x->shape), (long long)x->size, dli_shown(c, wanted));
    return dli_view("dl_reshape", x, shape, 0);
}

DL_DEF dl_tensor *dl_flatten(dl_tensor *x)
{
    if (!dli_usable("dl_flatten", x)) return NULL;
    if (x->shape.rank < 1)
        return DLI_REFUSE(x->ctx, DL_ERR_SHAPE, "dl_flatten: a single number has no first "
                          "dimension");
    dl_int rest = 1;
    for (int d = 1; d < x->shape.rank; d++) rest *= x->shape.dim[d];
    return dl_reshape(x, dl_shape2(x->shape.dim[0], rest));
}

/* The axis that `axis` means for this rank, or -1 with a message. */
static int dli_axis(dl_ctx *c, const char *op, int axis, int rank)
{
    const int a = axis < 0 ? axis + rank : axis;
    if (a >= 0 && a < rank) return a;
    dl_fail(c, DL_ERR_ARGUMENT, "%s: axis %d of a tensor of rank %d", op, axis, rank);
    return -1;
}

/* Copy (or, with add, add) between a tensor and its permuted twin: walks the permuted shape n in
   order; step[d] is the step along it in the other tensor. `scatter` says which one is written. */
static void dli_permute_walk(dl_real *out, const dl_real *in, const dl_int *n, const dl_int *step,
                             int rank, bool scatter)
{
    dl_int at[DL_MAX_DIMS] = { 0 }, i = 0, j = 0;
    const dl_int inner = rank ? n[rank - 1] : 1, s = rank ? step[rank - 1] : 0;
    for (int d = 0; d < rank; d++) if (n[d] == 0) return;
    for (;;) {
        if (scatter) for (dl_int k = 0; k < inner; k++) out[j + k * s] += in[i + k];
        else         for (dl_int k = 0; k < inner; k++) out[i + k] = in[j + k * s];
        i += inner;
        int d = rank - 2;
        for (; d >= 0; d--) {                           /* count like an odometer */
            j += step[d];
            if (++at[d] < n[d]) break;
            j -= step[d] * n[d];
            at[d] = 0;
        }
        if (d < 0) return;
    }
}

/* The step in x along each axis of the result. */
typedef struct dli_permute_state { dl_int step[DL_MAX_DIMS]; } dli_permute_state;

static void dli_permute_back(dli_node *node)
{
    const dli_permute_state *s = (const dli_permute_state *)node->state;
    const dl_shape *shape = &node->out->shape;
    dl_real *dx = dli_grad(node->in[0]);
    if (dx) dli_permute_walk(dx, dli_grad(node->out), shape->dim, s->step, shape->rank, true);
}

static dl_tensor *dli_permute(const char *op, dl_tensor *x, const int *order)
{
    dl_int stride[DL_MAX_DIMS];
    dli_permute_state s;
    dl_shape shape = x->shape;
    const int r = shape.rank;
    for (int d = r - 1; d >= 0; d--) stride[d] = d == r - 1 ? 1 : stride[d + 1] * shape.dim[d + 1];
    memset(&s, 0, sizeof s);
    for (int d = 0; d < r; d++) {
        shape.dim[d] = x->shape.dim[order[d]];
        s.step[d] = stride[order[d]];
    }
    dl_tensor *y = dli_result_with(x->ctx, op, shape, &x, 1, dli_permute_back, &s, sizeof s);
    if (y) dli_permute_walk(y->data, x->data, shape.dim, s.step, r, false);
    return y;
}

DL_DEF dl_tensor *dl_permute(dl_tensor *x, const int *order)
{
    dl_ctx *c = dli_inputs("dl_permute", &x, 1);
    int axes[DL_MAX_DIMS];
    if (!c) return NULL;
    if (!order) return dli_no_tensor(dli_null(c, "dl_permute", "order"));
    for (int d = 0; d < x->shape.rank; d++) {
        axes[d] = dli_axis(c, "dl_permute", order[d], x->shape.rank);
        if (axes[d] < 0) return NULL;
        for (int e = 0; e < d; e++)
            if (axes[e] == axes[d])
                return DLI_REFUSE(c, DL_ERR_ARGUMENT, "dl_permute: axis %d appears twice",
                                  axes[d]);
    }
    return dli_permute("dl_permute", x, axes);
}

DL_DEF dl_tensor *dl_transpose(dl_tensor *x, int axis1, int axis2)
{
    dl_ctx *c = dli_inputs("dl_transpose", &x, 1);
    if (!c) return NULL;
    const int a = dli_axis(c, "dl_transpose", axis1, x->shape.rank);
    const int b = a < 0 ? a : dli_axis(c, "dl_transpose", axis2, x->shape.rank);
    if (b < 0) return NULL;
    int axes[DL_MAX_DIMS];
    for (int d = 0; d < x->shape.rank; d++) axes[d] = d == a ? b : d == b ? a : d;
    return dli_permute("dl_transpose", x, axes);
}

/* A shape seen from one axis: outer blocks of n slices of inner elements. */
typedef struct dli_axis_view { dl_int outer, n, inner; } dli_axis_view;

static dli_axis_view dli_along(dl_shape s, int axis)
{
    dli_axis_view v = { 1, s.dim[axis], 1 };
    for (int d = 0; d < s.rank; d++) {
        if (d < axis) v.outer *= s.dim[d];
        if (d > axis) v.inner *= s.dim[d];
    }
    return v;
}

/* count blocks of len elements, to_step and from_step apart, are copied, or added, to `to`. */
static void dli_blocks_copy(dl_real *to, dl_int to_step, const dl_real *from, dl_int from_step,
                            dl_int count, dl_int len)
{
    for (dl_int o = 0; o < count; o++)
        memcpy(to + o * to_step, from + o * from_step, (size_t)len * sizeof *to);
}
static void dli_blocks_add(dl_real *to, dl_int to_step, const dl_real *from, dl_int from_step,
                           dl_int count, dl_int len)
{
    for (dl_int o = 0; o < count; o++)
        for (dl_int i = 0; i < len; i++) to[o * to_step + i] += from[o * from_step + i];
}

/* x along the axis; where the slice starts, and how long it is, in elements of a block. */
typedef struct dli_slice_state { dli_axis_view x; dl_int start, len; } dli_slice_state;

static void dli_slice_back(dli_node *node)
{
    const dli_slice_state *s = (const dli_slice_state *)node->state;
    dl_real *dx = dli_grad(node->in[0]);
    if (dx)
        dli_blocks_add(dx + s->start, s->x.n * s->x.inner, dli_grad(node->out), s->len, s->x.outer,
                       s->len);
}

DL_DEF dl_tensor *dl_slice(dl_tensor *x, int axis, dl_int start, dl_int stop)
{
    dl_ctx *c = dli_inputs("dl_slice", &x, 1);
    if (!c || (axis = dli_axis(c, "dl_slice", axis, x->shape.rank)) < 0) return NULL;
    const dli_axis_view v = dli_along(x->shape, axis);
    const dl_int from = start < 0 ? start + v.n : start;
    const dl_int to = stop == DL_END ? v.n : stop < 0 ? stop + v.n : stop;
    if (from < 0 || to < from || to > v.n)
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "dl_slice: %lld to %lld is outside axis %d, which "
                          "has %lld elements", (long long)start,
                          (long long)(stop == DL_END ? v.n : stop), axis, (long long)v.n);
    const dli_slice_state s = { v, from * v.inner, (to - from) * v.inner };
    dl_shape shape = x->shape;
    shape.dim[axis] = to - from;
    dl_tensor *y = dli_result_with(c, "dl_slice", shape, &x, 1, dli_slice_back, &s, sizeof s);
    if (y) dli_blocks_copy(y->data, s.len, x->data + s.start, v.n * v.inner, v.outer, s.len);
    return y;
}

typedef struct dli_concat_state { int axis; } dli_concat_state;

static void dli_concat_back(dli_node *node)
{
    const int axis = ((const dli_concat_state *)node->state)->axis;
    const dli_axis_view all = dli_along(node->out->shape, axis);
    const dl_real *dy = dli_grad(node->out);
    for (int k = 0; k < node->n; k++) {
        const dl_int len = node->in[k]->shape.dim[axis] * all.inner;
        dl_real *dx = dli_grad(node->in[k]);
        if (dx) dli_blocks_add(dx, len, dy, all.n * all.inner, all.outer, len);
        dy += len;
    }
}

DL_DEF dl_tensor *dl_concat(dl_tensor *const *x, int n, int axis)
{
    dl_ctx *c = dli_inputs("dl_concat", x, n);
    if (!c || (axis = dli_axis(c, "dl_concat", axis, x[0]->shape.rank)) < 0) return NULL;
    dl_shape shape = x[0]->shape;
    for (int k = 1; k < n; k++) {
        dl_shape other = x[k]->shape;
        const dl_int more = other.rank > axis ? other.dim[axis] : 0;
        other.dim[axis] = shape.dim[axis];
        if (!dl_shape_equal(shape, other))
            return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_concat: %s and %s (number %d) differ in more "
                              "than axis %d", dli_shown(c, x[0]->shape), dli_shown(c, x[k]->shape),
                              k, axis);
        shape.dim[axis] += more;
    }
    const dli_concat_state s = { axis };
    dl_tensor *y = dli_result_with(c, "dl_concat", shape, x, n, dli_concat_back, &s, sizeof s);
    const dli_axis_view all = dli_along(shape, axis);
    dl_int start = 0;
    for (int k = 0; y && k < n; k++) {
        const dl_int len = x[k]->shape.dim[axis] * all.inner;
        dli_blocks_copy(y->data + start, all.n * all.inner, x[k]->data, len, all.outer, len);
        start += len;
    }
    return y;
}

DL_DEF dl_tensor *dl_stack(dl_tensor *const *x, int n, int axis)
{
    dl_ctx *c = dli_inputs("dl_stack", x, n);
    if (!c || (axis = dli_axis(c, "dl_stack", axis, x[0]->shape.rank + 1)) < 0) return NULL;
    dl_shape shape = x[0]->shape;
    if (shape.rank == DL_MAX_DIMS)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_stack: %s has the highest rank already",
                          dli_shown(c, shape));
    for (int d = shape.rank++; d > axis; d--) shape.dim[d] = shape.dim[d - 1];
    shape.dim[axis] = 1;
    dl_tensor **views = (dl_tensor **)dli_tape_alloc(c, "dl_stack", (size_t)n * sizeof *views);
    for (int k = 0; views && k < n; k++) {
        if (!dl_shape_equal(x[k]->shape, x[0]->shape))
            return DLI_REFUSE(c, DL_ERR_SHAPE, "dl_stack: %s and %s (number %d) differ",
                              dli_shown(c, x[0]->shape), dli_shown(c, x[k]->shape), k);
        views[k] = dl_reshape(x[k], shape);
    }
    return views ? dl_concat(views, n, axis) : NULL;
}

/* A copy of n indexes on the tape. */
static int32_t *dli_tape_copy(dl_ctx *c, const char *op, const int32_t *index, dl_int n)
{
    int32_t *copy = (int32_t *)dli_tape_alloc(c, op, (size_t)n * sizeof *copy);
    if (copy && index) memcpy(copy, index, (size_t)n * sizeof *copy);
    return copy;
}

/* n rows of len elements; the number of one that gets no gradient. */
typedef struct dli_rows_state { const int32_t *index; dl_int n, len, padding; } dli_rows_state;

static void dli_rows_back(dli_node *node)
{
    const dli_rows_state *s = (const dli_rows_state *)node->state;
    dl_real *dx = dli_grad(node->in[0]);
    if (dx) node->out->ctx->kernels.embedding_backward(dx, dli_grad(node->out), s->index, s->n,
                                                       s->len, s->padding);
}

/* A tensor for n rows of x [R,...] by index, recorded and still to be filled. */
static dl_tensor *dli_take_rows(const char *op, dl_tensor *x, const int32_t *index, dl_int n,
                                dl_shape shape, dl_int padding)
{
    dl_ctx *c = x->ctx;
    const dl_int rows = x->shape.dim[0];
    if (!index && n > 0) return dli_no_tensor(dli_null(c, op, "index"));
    if (!dli_check_index(c, op, "index", index, n, rows)) return NULL;
    const dli_rows_state s = { dli_tape_copy(c, op, index, n), n, rows ? x->size / rows : 0,
                               padding };
    return s.index ? dli_result_with(c, op, shape, &x, 1, dli_rows_back, &s, sizeof s) : NULL;
}

DL_DEF dl_tensor *dl_gather_rows(dl_tensor *x, const int32_t *index, dl_int n)
{
    const char *op = "dl_gather_rows";
    dl_ctx *c = dli_inputs(op, &x, 1);
    if (!c) return NULL;
    if (x->shape.rank < 1 || n < 0)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "%s: %lld rows of a tensor of rank %d", op,
                          (long long)n, x->shape.rank);
    dl_shape shape = x->shape;
    shape.dim[0] = n;
    dl_tensor *y = dli_take_rows(op, x, index, n, shape, -1);
    const dl_int len = y && n ? y->size / n : 0;
    for (dl_int i = 0; i < n && len > 0; i++)
        memcpy(y->data + i * len, x->data + index[i] * len, (size_t)len * sizeof *y->data);
    return y;
}

/* ---- reductions ---- */

/* What is to be reduced, *axis of x or (axis NULL) all of it: *v, and the shape that is left. */
static bool dli_reduce(const char *op, const dl_tensor *x, const int *axis, bool keep,
                       dli_axis_view *v, dl_shape *shape)
{
    if (!dli_usable(op, x)) return false;
    const dli_axis_view all = { 1, x->size, 1 };
    *v = all;
    *shape = dl_shape0();
    if (!axis) return true;
    const int a = dli_axis(x->ctx, op, *axis, x->shape.rank);
    if (a < 0) return false;
    *v = dli_along(x->shape, a);
    *shape = x->shape;
    shape->dim[a] = 1;
    if (keep) return true;
    for (int d = a; d < x->shape.rank - 1; d++) shape->dim[d] = x->shape.dim[d + 1];
    *shape = dli_rank(*shape, x->shape.rank - 1);
    return true;
}

/* How x is summed; the factor, 1 for a sum and 1/n for a mean. */
typedef struct dli_sum_state { dli_axis_view v; double scale; } dli_sum_state;

static void dli_sum_back(dli_node *node)
{
    const dli_sum_state *s = (const dli_sum_state *)node->state;
    dl_real *dx = dli_grad(node->in[0]);
    if (dx)
        node->out->ctx->kernels.sum_backward(dx, dli_grad(node->out), s->v.outer, s->v.n,
                                             s->v.inner, s->scale);
}

static dl_tensor *dli_sum(const char *op, dl_tensor *x, const int *axis, bool keep, bool mean)
{
    dli_sum_state s;
    dl_shape shape;
    if (!dli_reduce(op, x, axis, keep, &s.v, &shape)) return NULL;
    s.scale = mean ? 1 / (double)s.v.n : 1;
    dl_tensor *y = dli_result_with(x->ctx, op, shape, &x, 1, dli_sum_back, &s, sizeof s);
    if (y) x->ctx->kernels.sum_forward(y->data, x->data, s.v.outer, s.v.n, s.v.inner, s.scale);
    return y;
}

DL_DEF dl_tensor *dl_sum(dl_tensor *x) { return dli_sum("dl_sum", x, NULL, false, false); }
DL_DEF dl_tensor *dl_mean(dl_tensor *x) { return dli_sum("dl_mean", x, NULL, false, true); }
DL_DEF dl_tensor *dl_sum_axis(dl_tensor *x, int axis, bool keep)
{
    return dli_sum("dl_sum_axis", x, &axis, keep, false);
}
DL_DEF dl_tensor *dl_mean_axis(dl_tensor *x, int axis, bool keep)
{
    return dli_sum("dl_mean_axis", x, &axis, keep, true);
}

/* How x is searched, and where in it each maximum (or minimum) was. */
typedef struct dli_max_state { dli_axis_view v; int32_t *at; } dli_max_state;

/* Where in x number i of the chosen ones is. */
static dl_int dli_max_place(const dli_max_state *s, dl_int i)
{
    const dl_int inner = s->v.inner;
    return (i / inner * s->v.n + s->at[i]) * inner + i % inner;
}

static void dli_max_back(dli_node *node)
{
    const dli_max_state *s = (const dli_max_state *)node->state;
    const dl_real *dy = dli_grad(node->out);
    dl_real *dx = dli_grad(node->in[0]);
    for (dl_int i = 0; dx && i < s->v.outer * s->v.inner; i++) dx[dli_max_place(s, i)] += dy[i];
}

/* The index of the first maximum (or, with least, minimum; in any case of the first NaN) of n > 0
   elements, step apart. */
static dl_int dli_choose(const dl_real *x, dl_int n, dl_int step, bool least)
{
    dl_int best = 0;
    for (dl_int k = 1; k < n && !dli_isnan(x[best * step]); k++) {
        const dl_real a = x[k * step], b = x[best * step];
        if ((least ? a < b : a > b) || dli_isnan(a)) best = k;
    }
    return best;
}

/* The same in every row of a view, of x; the indexes into at. */
static void dli_choose_all(int32_t *at, const dl_real *x, const dli_axis_view *v, bool least)
{
    for (dl_int i = 0; i < v->outer * v->inner; i++)
        at[i] = (int32_t)dli_choose(x + i / v->inner * v->n * v->inner + i % v->inner, v->n,
                                    v->inner, least);
}

/* Is there something to choose, and does its index fit an int32_t? */
static bool dli_check_choice(const char *op, const dl_tensor *x, dl_int n)
{
    return (n > 0 && n <= INT32_MAX) ||
           dl_fail(x->ctx, DL_ERR_SHAPE, "%s: %s has no elements (or too many) to choose from", op,
                   dli_shown(x->ctx, x->shape));
}

static dl_tensor *dli_max(const char *op, dl_tensor *x, const int *axis, bool keep, bool least)
{
    dli_max_state s;
    dl_shape shape;
    if (!dli_reduce(op, x, axis, keep, &s.v, &shape) || !dli_check_choice(op, x, s.v.n))
        return NULL;
    const dl_int count = s.v.outer * s.v.inner;
    s.at = (int32_t *)dli_tape_alloc(x->ctx, op, (size_t)count * sizeof *s.at);
    dl_tensor *y = s.at ? dli_result_with(x->ctx, op, shape, &x, 1, dli_max_back, &s, sizeof s)
                        : NULL;
    if (!y) return NULL;
    dli_choose_all(s.at, x->data, &s.v, least);
    for (dl_int i = 0; i < count; i++) y->data[i] = x->data[dli_max_place(&s, i)];
    return y;
}

DL_DEF dl_tensor *dl_max(dl_tensor *x) { return dli_max("dl_max", x, NULL, false, false); }
DL_DEF dl_tensor *dl_min(dl_tensor *x) { return dli_max("dl_min", x, NULL, false, true); }
DL_DEF dl_tensor *dl_max_axis(dl_tensor *x, int axis, bool keep)
{
    return dli_max("dl_max_axis", x, &axis, keep, false);
}
DL_DEF dl_tensor *dl_min_axis(dl_tensor *x, int axis, bool keep)
{
    return dli_max("dl_min_axis", x, &axis, keep, true);
}

DL_DEF bool dl_argmax_axis(int32_t *out, const dl_tensor *x, int axis)
{
    const char *op = "dl_argmax_axis";
    dli_axis_view v;
    dl_shape shape;
    if (!dli_reduce(op, x, &axis, false, &v, &shape)) return false;
    if (!out) return dli_null(x->ctx, op, "out");
    if (!dli_check_choice(op, x, v.n)) return false;
    dli_choose_all(out, x->data, &v, false);
    return true;
}

DL_DEF dl_int dl_argmax(const dl_tensor *x)
{
    if (!dli_usable("dl_argmax", x)) return -1;
    if (x->size > 0) return dli_choose(x->data, x->size, 1, false);
    dl_fail(x->ctx, DL_ERR_SHAPE, "dl_argmax: the tensor is empty");
    return -1;
}

#ifndef DL_NO_IMAGES
/* ---- images: convolution, pooling, normalization ---- */

/* A kernel sliding along height and width: all sizes in 64 bits, so that nothing overflows. In one
   dimension the height is 1, and the caller's numbers are those of the width. */
typedef struct dli_slide {
    int     dims;
    int64_t in[2], kernel[2], stride[2], dilation[2], before[2], after[2], out[2];
    int64_t span[2];                     /* how far the kernel reaches, (kernel - 1) dilation + 1 */
} dli_slide;

/* The caller's numbers into s; false with a message where one can't be. */
static bool dli_slide_start(dl_ctx *c, const char *op, dli_slide *s, const dl_int *in,
                            const dl_int *kernel, const dl_conv *o, int dims)
{
    s->dims = dims;
    for (int i = 0; i < 2; i++) {
        const int k = i - (2 - dims);
        s->in[i] = k < 0 ? 1 : in[k];
        s->kernel[i] = k < 0 ? 1 : kernel[k];
        s->stride[i] = k < 0 ? 1 : o->stride[k];
        s->dilation[i] = k < 0 ? 1 : o->dilation[k];
        s->before[i] = k < 0 ? 0 : o->before[k];
        s->after[i] = k < 0 ? 0 : o->after[k];
        if (s->kernel[i] < 1 || s->stride[i] < 1 || s->dilation[i] < 1)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: kernel %lld, stride %lld, dilation %lld: each "
                           "must be 1 or more", op, (long long)s->kernel[i],
                           (long long)s->stride[i], (long long)s->dilation[i]);
        if (s->before[i] < 0 || s->after[i] < 0)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: padding %lld before and %lld after: neither "
                           "may be negative", op, (long long)s->before[i], (long long)s->after[i]);
        if (s->in[i] > INT32_MAX || s->kernel[i] > INT32_MAX)
            return dl_fail(c, DL_ERR_SHAPE, "%s: input %lld or kernel %lld is too large", op,
                           (long long)s->in[i], (long long)s->kernel[i]);
        s->span[i] = (s->kernel[i] - 1) * s->dilation[i] + 1;
    }
    return true;
}

/* "5x5", or "5" in one dimension. */
static const char *dli_size_text(char s[DLI_SHAPE_TEXT], const int64_t *size, int dims)
{
    if (dims == 1) dli_format(s, DLI_SHAPE_TEXT, "%lld", (long long)size[1]);
    else dli_format(s, DLI_SHAPE_TEXT, "%lldx%lld", (long long)size[0], (long long)size[1]);
    return s;
}

/* "kernel 5x5 does not fit input 3x3 with padding 1+0, 0+0; ..." */
static bool dli_slide_misfit(dl_ctx *c, const char *op, const dli_slide *s, const char *verb,
                             const char *advice)
{
    char k[DLI_SHAPE_TEXT], d[DLI_SHAPE_TEXT], in[DLI_SHAPE_TEXT];
    char high[64] = "", wide[64] = "without padding";
    if (s->before[0] || s->after[0] || s->before[1] || s->after[1]) {
        if (s->dims > 1) dli_format(high, sizeof high, "with padding %lld+%lld, ",
                                    (long long)s->before[0], (long long)s->after[0]);
        dli_format(wide, sizeof wide, "%s%lld+%lld", s->dims > 1 ? "" : "with padding ",
                   (long long)s->before[1], (long long)s->after[1]);
    }
    const bool dilated = s->dilation[0] > 1 || s->dilation[1] > 1;
    return dl_fail(c, DL_ERR_SHAPE, "%s: kernel %s%s%s %s input %s %s%s%s", op,
                   dli_size_text(k, s->kernel, s->dims), dilated ? " with dilation " : "",
                   dilated ? dli_size_text(d, s->dilation, s->dims) : "", verb,
                   dli_size_text(in, s->in, s->dims), high, wide, advice);
}

/* Work out the padding of "same" and the output's size. */
static bool dli_slide_fit(dl_ctx *c, const char *op, dli_slide *s, bool same)
{
    for (int i = 0; i < 2 && same; i++) {
        const int64_t out = (s->in[i] + s->stride[i] - 1) / s->stride[i];
        const int64_t all = (out - 1) * s->stride[i] + s->span[i] - s->in[i];
        s->before[i] = all > 0 ? all / 2 : 0;
        s->after[i] = all > 0 ? all - all / 2 : 0;
    }
    for (int i = 0; i < 2; i++) {
        const int64_t room = s->in[i] + s->before[i] + s->after[i];
        s->out[i] = room < s->span[i] ? 0 : (room - s->span[i]) / s->stride[i] + 1;
        if (s->in[i] < 1 || s->out[i] < 1 || room > INT32_MAX)
            return dli_slide_misfit(c, op, s, "does not fit",
                                    s->dims > 1 && s->in[1] <= 4 && s->in[0] > 4 * s->in[1]
                                    ? "; is the image [C,H,W], channels first?"
                                    : "; make it smaller, or pad the input (same = true in the "
                                      "options)");
    }
    return true;
}

/* The output's size of a transposed convolution, and with same its cropping: the padding of the
   "same" convolution that makes the input from the output. */
static bool dli_slide_grow(dl_ctx *c, const char *op, dli_slide *s, bool same, const int *extra)
{
    for (int i = 0; i < 2; i++) {
        if (extra[i] < 0 || (extra[i] >= s->stride[i] && extra[i] >= s->dilation[i]))
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: output padding %d must be 0 or more and below "
                           "the stride %lld or the dilation %lld", op, extra[i],
                           (long long)s->stride[i], (long long)s->dilation[i]);
        const int64_t over = s->span[i] - s->stride[i];
        if (same) s->before[i] = over > 0 ? over / 2 : 0;
        s->out[i] = same ? s->in[i] * s->stride[i]
                         : (s->in[i] - 1) * s->stride[i] + s->span[i] + extra[i] - s->before[i] -
                           s->after[i];
        if (s->in[i] < 1 || s->out[i] < 1 || s->out[i] > INT32_MAX || s->before[i] > INT32_MAX)
            return dli_slide_misfit(c, op, s, "on", " leaves no output; pad less");
    }
    return true;
}

DL_DEF dl_conv dl_conv_default(void)
{
    dl_conv o;
    memset(&o, 0, sizeof o);
    o.stride[0] = o.stride[1] = o.dilation[0] = o.dilation[1] = o.groups = 1;
    return o;
}

/* The sizes; transposed or not; what was done with the sums at once, and then which pixel won in
   each pooling. */
typedef struct dli_conv_state {
    dlk_conv2d_size size;
    bool            transposed;
    dli_conv_end    end;
    int32_t        *won;
} dli_conv_state;

static void dli_conv_back(dli_node *node)
{
    const dli_conv_state *st = (const dli_conv_state *)node->state;
    const dlk_conv2d_size *s = &st->size;
    const dl_tensor *w = node->in[1];
    dl_tensor *x = node->in[0];
    dl_ctx *c = x->ctx;
    const dl_real *dy = dli_grad(node->out);
    const bool fused = st->end != DLI_END_LINEAR;            /* then it was ours, and stays so */
    const bool ours = fused || (st->transposed ? DLI_OURS(c, conv_transpose2d_backward)
                                               : DLI_OURS(c, conv2d_backward));
    bool add = !ours;
    dl_real *dx = dli_grad_or_set(x, &add), *dw = dli_grad(node->in[1]);
    dl_real *db = node->n > 2 ? dli_grad(node->in[2]) : NULL;
    if (fused) {
        const dli_conv_arrays a = { x->data, w->data, NULL, node->out->data, st->won, dy, dx, dw,
                                    db, add };
        node->failed = !dli_conv_run(c, s, st->end, &a);
    } else if (ours)
        node->failed = !(st->transposed ? dli_fast_conv_transpose2d_backward
                                        : dli_fast_conv2d_backward)(c, dx, add, dw, db, dy,
                                                                    x->data, w->data, s);
    else
        (st->transposed ? c->kernels.conv_transpose2d_backward
                        : c->kernels.conv2d_backward)(dx, dw, db, dy, x->data, w->data, s);
}

/* How much of what follows a convolution of size s may be done with it: what the fast room does
   not know, or what has been replaced, may not. */
static dli_conv_end dli_conv_fuse(const dl_ctx *c, const dli_conv_state *s, dli_conv_end end)
{
    const bool conv = DLI_OURS(c, conv2d_forward) && DLI_OURS(c, conv2d_backward);
    const bool relu = DLI_OURS(c, relu_forward) && DLI_OURS(c, relu_backward);
    const bool pool = DLI_OURS(c, max_pool2d_forward) && DLI_OURS(c, max_pool2d_backward);
    if (!s->transposed && dli_conv_is_plain(&s->size) && conv && relu)
        return end == DLI_END_RELU_POOL && !pool ? DLI_END_RELU : end;
    return DLI_END_LINEAR;
}

/* Is every option used? */
static bool dli_conv_used(dl_ctx *c, const char *op, const dl_conv *o, int dims, bool transposed)
{
    const bool padded = o->before[0] || o->before[1] || o->after[0] || o->after[1];
    const bool second = o->stride[1] != 1 || o->dilation[1] != 1 || o->before[1] || o->after[1];
    const bool grown = o->output_padding[0] || o->output_padding[1];
    const char *unused = grown && !transposed ? "output_padding is for transposed convolutions"
                       : grown && o->same     ? "with same, output_padding must be 0"
                       : padded && o->same    ? "with same, before and after must be 0"
                       : second && dims == 1  ? "in one dimension only the first number counts"
                       : NULL;
    return !unused ||
           dl_fail(c, DL_ERR_ARGUMENT, "%s: an option that is not used: %s", op, unused);
}

/* Do input, weight, bias (or DL_NONE) and options belong together? */
static bool dli_conv_check(dl_ctx *c, const char *op, const dl_tensor *x, const dl_tensor *w,
                           const dl_tensor *b, const dl_conv *o, int dims, bool transposed)
{
    const char *t = dli_shown(c, x->shape), *r = dli_shown(c, w->shape);
    if (x->shape.rank != dims + 2 || w->shape.rank != dims + 2)
        return dl_fail(c, DL_ERR_SHAPE, "%s: input %s and weight %s must be %s and %s", op, t, r,
                       dims == 1 ? "[N,C,L]" : "[N,C,H,W]", dims == 1 ? "[M,C/groups,K]" :
                       transposed ? "[C,M/groups,KH,KW]" : "[M,C/groups,KH,KW]");
    if (!dli_conv_used(c, op, o, dims, transposed)) return false;
    const dl_int C = x->shape.dim[1], first = w->shape.dim[0], next = w->shape.dim[1];
    if (C < 1 || first < 1 || next < 1)
        return dl_fail(c, DL_ERR_SHAPE, "%s: input %s and weight %s must have channels, at least "
                       "one", op, t, r);
    if (o->groups < 1 || C % o->groups || first % o->groups)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: %d groups do not divide the channels of input %s "
                       "and the weight %s", op, o->groups, t, r);
    const dl_int seen = transposed ? first : next * o->groups;
    const dl_int M = transposed ? next * o->groups : first;
    if (seen != C)
        return dl_fail(c, DL_ERR_SHAPE, "%s: input %s has %lld channels, weight %s in %d group%s "
                       "takes %lld", op, t, (long long)C, r, o->groups, o->groups == 1 ? "" : "s",
                       (long long)seen);
    return dli_check_shape(c, op, "the bias (one for each output channel)", b, dl_shape1(M));
}

/* All sizes of a convolution that has been checked. */
static bool dli_conv_fit(dl_ctx *c, const char *op, dlk_conv2d_size *s, const dl_tensor *x,
                         const dl_tensor *w, const dl_conv *o, int dims, bool transposed)
{
    dli_slide v;
    if (!dli_slide_start(c, op, &v, x->shape.dim + 2, w->shape.dim + 2, o, dims) ||
        !(transposed ? dli_slide_grow(c, op, &v, o->same, o->output_padding)
                     : dli_slide_fit(c, op, &v, o->same)))
        return false;
    s->N = x->shape.dim[0];
    s->C = x->shape.dim[1];
    s->M = transposed ? w->shape.dim[1] * o->groups : w->shape.dim[0];
    s->groups = o->groups;
    s->H = (dl_int)v.in[0];
    s->W = (dl_int)v.in[1];
    s->OH = (dl_int)v.out[0];
    s->OW = (dl_int)v.out[1];
    s->KH = (dl_int)v.kernel[0];
    s->KW = (dl_int)v.kernel[1];
    s->stride_h = (dl_int)v.stride[0];
    s->stride_w = (dl_int)v.stride[1];
    s->dilation_h = (dl_int)v.dilation[0];
    s->dilation_w = (dl_int)v.dilation[1];
    s->top = (dl_int)v.before[0];
    s->left = (dl_int)v.before[1];
    return true;
}

/* y = the convolution; false without memory. */
static bool dli_conv_compute(dl_ctx *c, const dli_conv_state *state, dl_real *y, const dl_real *x,
                             const dl_real *w, const dl_real *b)
{
    const dlk_conv2d_size *s = &state->size;
    if (state->end != DLI_END_LINEAR) {
        const dli_conv_arrays a = { x, w, b, y, state->won, NULL, NULL, NULL, NULL, false };
        return dli_conv_run(c, s, state->end, &a);
    }
    if (state->transposed && DLI_OURS(c, conv_transpose2d_forward))
        return dli_fast_conv_transpose2d_forward(c, y, x, w, b, s);
    if (!state->transposed && DLI_OURS(c, conv2d_forward))
        return dli_fast_conv2d_forward(c, y, false, x, w, b, s);
    (state->transposed ? c->kernels.conv_transpose2d_forward
                       : c->kernels.conv2d_forward)(y, x, w, b, s);
    return true;
}

/* All convolutions: along dims axes, transposed or not. *end is what the caller will do with the
   result; as much of it as can be done at once is done, and *end says what. */
static dl_tensor *dli_convolve(const char *op, dl_tensor *x, dl_tensor *w, dl_tensor *b,
                               const dl_conv *options, int dims, bool transposed,
                               dli_conv_end *end)
{
    const dl_conv o = options ? *options : dl_conv_default();
    dl_tensor *in[3] = { x, w, b };
    const int n = b == DL_NONE ? 2 : 3;
    dl_ctx *c = dli_inputs(op, in, n);
    dli_conv_state s;
    memset(&s, 0, sizeof s);
    s.transposed = transposed;
    if (!c || !dli_conv_check(c, op, x, w, b, &o, dims, transposed) ||
        !dli_conv_fit(c, op, &s.size, x, w, &o, dims, transposed))
        return NULL;
    *end = s.end = dli_conv_fuse(c, &s, *end);
    const dl_int half = s.end == DLI_END_RELU_POOL ? 2 : 1;
    const dlk_conv2d_size *z = &s.size;
    const dl_shape shape = dims == 1 ? dl_shape3(z->N, z->M, z->OW)
                                     : dl_shape4(z->N, z->M, z->OH / half, z->OW / half);
    if (half == 2) {
        const dl_int size = dli_checked_size(c, op, shape);
        if (size < 0) return NULL;
        s.won = (int32_t *)dli_tape_alloc(c, op, (size_t)size * sizeof *s.won);
        if (!s.won) return NULL;
    }
    dl_tensor *y = dli_result_with(c, op, shape, in, n, dli_conv_back, &s, sizeof s);
    return y && dli_conv_compute(c, &s, y->data, x->data, w->data, n == 3 ? b->data : NULL) ? y
                                                                                         : NULL;
}

DL_DEF dl_tensor *dl_conv2d(dl_tensor *x, dl_tensor *w, dl_tensor *b, const dl_conv *options)
{
    dli_conv_end end = DLI_END_LINEAR;
    return dli_convolve("dl_conv2d", x, w, b, options, 2, false, &end);
}

DL_DEF dl_tensor *dl_conv1d(dl_tensor *x, dl_tensor *w, dl_tensor *b, const dl_conv *options)
{
    dli_conv_end end = DLI_END_LINEAR;
    return dli_convolve("dl_conv1d", x, w, b, options, 1, false, &end);
}

DL_DEF dl_tensor *dl_conv_transpose2d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                                      const dl_conv *options)
{
    dli_conv_end end = DLI_END_LINEAR;
    return dli_convolve("dl_conv_transpose2d", x, w, b, options, 2, true, &end);
}

/* Is x an image [N,C,H,W]? */
static bool dli_image(const char *op, dl_tensor *x)
{
    return x->shape.rank == 4 ||
           dl_fail(x->ctx, DL_ERR_SHAPE, "%s: input %s must be [N,C,H,W]", op,
                   dli_shown(x->ctx, x->shape));
}

typedef struct dli_upsample_state { int fh, fw; } dli_upsample_state;

static void dli_upsample_back(dli_node *node)
{
    const dli_upsample_state *s = (const dli_upsample_state *)node->state;
    dl_tensor *x = node->in[0];
    const dl_int *d = x->shape.dim;
    x->ctx->kernels.upsample2d_backward(dli_grad(x), dli_grad(node->out), d[0] * d[1], d[2], d[3],
                                        s->fh, s->fw);
}

DL_DEF dl_tensor *dl_upsample_nearest2d(dl_tensor *x, int fh, int fw)
{
    const char *op = "dl_upsample_nearest2d";
    const dli_upsample_state s = { fh, fw };
    dl_ctx *c = dli_inputs(op, &x, 1);
    if (!c || !dli_image(op, x)) return NULL;
    const dl_int *d = x->shape.dim;
    if (fh < 1 || fw < 1 || d[2] > INT32_MAX / fh || d[3] > INT32_MAX / fw)
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: factors %d and %d must be 1 or more, and the "
                          "image not too large", op, fh, fw);
    dl_tensor *y = dli_result_with(c, op, dl_shape4(d[0], d[1], d[2] * fh, d[3] * fw), &x, 1,
                                   dli_upsample_back, &s, sizeof s);
    if (y) c->kernels.upsample2d_forward(y->data, x->data, d[0] * d[1], d[2], d[3], fh, fw);
    return y;
}

DL_DEF dl_pool dl_pool_default(int kernel)
{
    dl_pool o;
    memset(&o, 0, sizeof o);
    o.kernel[0] = o.kernel[1] = o.stride[0] = o.stride[1] = kernel;
    o.count_padding = true;
    return o;
}

/* The sizes; of an average, whether padding counts; of a maximum, where each was, and whether the
   twin says so, which numbers the places in its own way. */
typedef struct dli_pool_state {
    dlk_pool2d_size size;
    bool            count_padding, twin;
    int32_t        *at;
} dli_pool_state;

static void dli_max_pool_back(dli_node *node)
{
    const dli_pool_state *s = (const dli_pool_state *)node->state;
    dl_ctx *c = node->out->ctx;
    const dl_real *dy = dli_grad(node->out);
    bool add = !s->twin;
    dl_real *dx = dli_grad_or_set(node->in[0], &add);
    if (s->twin) dli_fast_max_pool2d_backward(c, dx, add, dy, s->at, &s->size);
    else c->kernels.max_pool2d_backward(dx, dy, s->at, &s->size);
}

static void dli_avg_pool_back(dli_node *node)
{
    const dli_pool_state *s = (const dli_pool_state *)node->state;
    node->out->ctx->kernels.avg_pool2d_backward(dli_grad(node->in[0]), dli_grad(node->out),
                                                &s->size, s->count_padding);
}

/* The output's size of a pooling (in out[2]) and its padding, resolved in o. */
static bool dli_pool_fit(dl_ctx *c, const char *op, dl_int H, dl_int W, dl_pool *o, bool max,
                         dl_int *out)
{
    if (max && !o->count_padding)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: an option that is not used: count_padding false is "
                       "for averages; a maximum never counts padding", op);
    const dl_int in[2] = { H, W }, kernel[2] = { o->kernel[0], o->kernel[1] };
    dl_conv way = dl_conv_default();
    memcpy(way.stride, o->stride, sizeof way.stride);
    memcpy(way.before, o->before, sizeof way.before);
    memcpy(way.after, o->after, sizeof way.after);
    way.same = o->same;
    dli_slide s;
    if (!dli_conv_used(c, op, &way, 2, false) || !dli_slide_start(c, op, &s, in, kernel, &way, 2) ||
        !dli_slide_fit(c, op, &s, o->same))
        return false;
    for (int i = 0; i < 2; i++) {
        if (s.before[i] >= s.kernel[i] || s.after[i] >= s.kernel[i])
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: padding %lld+%lld must be smaller than the "
                           "kernel %dx%d, or a window would see padding only", op,
                           (long long)s.before[i], (long long)s.after[i], o->kernel[0],
                           o->kernel[1]);
        o->before[i] = (int)s.before[i];
        o->after[i] = (int)s.after[i];
        out[i] = (dl_int)s.out[i];
    }
    return H <= INT32_MAX / W || dl_fail(c, DL_ERR_SHAPE, "%s: input %lldx%lld is too large", op,
                                         (long long)H, (long long)W);
}

static dl_tensor *dli_pool(const char *op, dl_tensor *x, const dl_pool *options, bool max)
{
    dl_ctx *c = dli_inputs(op, &x, 1);
    dl_pool o = options ? *options : dl_pool_default(2);
    dl_int out[2] = { 0, 0 };
    dli_pool_state s;
    if (!c || !dli_image(op, x)) return NULL;
    const dl_int *d = x->shape.dim;
    if (!dli_pool_fit(c, op, d[2], d[3], &o, max, out)) return NULL;
    const dl_shape shape = dl_shape4(d[0], d[1], out[0], out[1]);
    const dl_int n = dli_checked_size(c, op, shape);
    if (n < 0) return NULL;
    memset(&s, 0, sizeof s);
    s.size.planes = d[0] * d[1];
    s.size.H = d[2];
    s.size.W = d[3];
    s.size.OH = out[0];
    s.size.OW = out[1];
    s.size.KH = o.kernel[0];
    s.size.KW = o.kernel[1];
    s.size.stride_h = o.stride[0];
    s.size.stride_w = o.stride[1];
    s.size.top = o.before[0];
    s.size.left = o.before[1];
    s.count_padding = o.count_padding;
    s.twin = max && DLI_TWIN(c, max_pool2d_forward) && DLI_TWIN(c, max_pool2d_backward) &&
             dli_pool_plain(&s.size);
    if (max && !(s.at = (int32_t *)dli_tape_alloc(c, op, (size_t)n * sizeof *s.at))) return NULL;
    dl_tensor *y = dli_result_with(c, op, shape, &x, 1, max ? dli_max_pool_back
                                                            : dli_avg_pool_back, &s, sizeof s);
    if (!y) return NULL;
    if (!max) c->kernels.avg_pool2d_forward(y->data, x->data, &s.size, s.count_padding);
    else if (s.twin) dli_fast_max_pool2d_forward(c, y->data, s.at, x->data, &s.size);
    else c->kernels.max_pool2d_forward(y->data, s.at, x->data, &s.size);
    return y;
}

DL_DEF dl_tensor *dl_max_pool2d(dl_tensor *x, const dl_pool *options)
{
    return dli_pool("dl_max_pool2d", x, options, true);
}

DL_DEF dl_tensor *dl_avg_pool2d(dl_tensor *x, const dl_pool *options)
{
    return dli_pool("dl_avg_pool2d", x, options, false);
}

DL_DEF dl_tensor *dl_global_avg_pool2d(dl_tensor *x)
{
    if (!dli_usable("dl_global_avg_pool2d", x) || !dli_image("dl_global_avg_pool2d", x))
        return NULL;
    const dl_int *d = x->shape.dim;
    return dl_mean_axis(dl_reshape(x, dl_shape3(d[0], d[1], d[2] * d[3])), 2, false);
}
#endif

/* What is normalized together: a channel over the batch, by the batch's own statistics or by the
   running ones; all of a sample; a group of a sample's channels. */
typedef enum dli_norm_kind { DLI_NORM_BATCH, DLI_NORM_RUNNING, DLI_NORM_LAYER, DLI_NORM_GROUP }
    dli_norm_kind;

typedef struct dli_norm_state {
    dli_norm_kind kind;
    dl_int        N, C, S, groups;       /* x [N,C,S]; of a layer norm [N,C], and S is 1       */
    dl_int        count;                 /* of means, and of variances                         */
    double        eps;
    dl_real      *mean, *var;
    int           w, b;                  /* which operands weight and bias are; 0: left out    */
} dli_norm_state;

static void dli_norm_back(dli_node *node)
{
    const dli_norm_state *s = (const dli_norm_state *)node->state;
    dl_tensor *x = node->in[0];
    dl_ctx *c = x->ctx;
    const dl_real *dy = dli_grad(node->out), *w = s->w ? node->in[s->w]->data : NULL;
    dl_real *dx = dli_grad(x), *dw = s->w ? dli_grad(node->in[s->w]) : NULL;
    dl_real *db = s->b ? dli_grad(node->in[s->b]) : NULL;
    if (s->kind == DLI_NORM_GROUP)
        DLI_RUN(c, group_norm_backward, dx, dw, db, dy, x->data, s->mean, s->var, w, s->N, s->C,
                s->S, s->groups, s->eps);
    else if (s->kind == DLI_NORM_LAYER)
        DLI_RUN(c, layer_norm_backward, dx, dw, db, dy, x->data, s->mean, s->var, w, s->N, s->C,
                s->eps);
    else
        DLI_RUN(c, batch_norm_backward, dx, dw, db, dy, x->data, s->mean, s->var, w, s->N, s->C,
                s->S, s->eps, s->kind == DLI_NORM_BATCH);
}

static bool dli_norm_check(const char *op, const dl_tensor *x, int rank, double eps)
{
    if (x->shape.rank < rank || x->size == 0)
        return dl_fail(x->ctx, DL_ERR_SHAPE, "%s: input %s must be of rank %d or more and not "
                       "empty", op, dli_shown(x->ctx, x->shape), rank);
    if (!(eps >= 0))
        return dl_fail(x->ctx, DL_ERR_ARGUMENT, "%s: eps %g must be 0 or more", op, eps);
    return true;
}

/* Every normalization; s comes with its first six fields and leaves with all of them. shape is that
   of weight and bias, run the running mean and variance of DLI_NORM_RUNNING. */
static dl_tensor *dli_normalize(const char *op, dl_tensor *x, dl_tensor *weight, dl_tensor *bias,
                                dl_shape shape, dl_tensor *const *run, dli_norm_state *s)
{
    dl_tensor *in[3] = { x, x, x };
    int n = 1;
    if (weight != DL_NONE) in[s->w = n++] = weight;
    if (bias != DL_NONE) in[s->b = n++] = bias;
    dl_ctx *c = dli_inputs(op, in, n);
    if (!c || !dli_check_shape(c, op, "the weight", weight, shape) ||
        !dli_check_shape(c, op, "the bias", bias, shape))
        return NULL;
    s->mean = (dl_real *)dli_tape_alloc(c, op, 2 * (size_t)s->count * sizeof *s->mean);
    if (!s->mean) return NULL;
    s->var = s->mean + s->count;
    dl_tensor *y = dli_result_with(c, op, x->shape, in, n, dli_norm_back, s, sizeof *s);
    if (!y) return NULL;
    const dl_real *w = s->w ? weight->data : NULL, *b = s->b ? bias->data : NULL;
    if (s->kind == DLI_NORM_GROUP)
        DLI_RUN(c, group_norm_forward, y->data, s->mean, s->var, x->data, w, b, s->N, s->C, s->S,
                s->groups, s->eps);
    else if (s->kind == DLI_NORM_LAYER)
        DLI_RUN(c, layer_norm_forward, y->data, s->mean, s->var, x->data, w, b, s->N, s->C,
                s->eps);
    else if (s->kind == DLI_NORM_BATCH)
        dli_batch_norm_train(c, y->data, s->mean, s->var, x->data, w, b, s->N, s->C, s->S, s->eps);
    else {
        const size_t bytes = (size_t)s->count * sizeof *s->mean;
        memcpy(s->mean, run[0]->data, bytes);
        memcpy(s->var, run[1]->data, bytes);
        DLI_RUN(c, batch_norm_forward, y->data, x->data, s->mean, s->var, w, b, s->N, s->C, s->S,
                s->eps, false);
    }
    return y;
}

DL_DEF dl_tensor *dl_batch_norm(dl_tensor *x, dl_tensor *weight, dl_tensor *bias,
                                dl_tensor *running_mean, dl_tensor *running_var, double momentum,
                                double eps)
{
    const char *op = "dl_batch_norm";
    dl_tensor *run[2] = { running_mean, running_var };
    const bool running = running_mean != DL_NONE;
    dl_ctx *c = dli_inputs(op, &x, 1);
    if (!c || !running_mean || !running_var || !dli_norm_check(op, x, 2, eps)) return NULL;
    if (running == (running_var == DL_NONE) || !(momentum >= 0 && momentum <= 1) ||
        (running && (running_mean->requires_grad || running_var->requires_grad)))
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: running mean and variance must both be given, "
                          "as made by dl_state, or neither; momentum %g must be in [0, 1]", op,
                          momentum);
    const dl_int N = x->shape.dim[0], C = x->shape.dim[1];
    dli_norm_state s = { c->training || !running ? DLI_NORM_BATCH : DLI_NORM_RUNNING, N, C,
                         x->size / N / C, 1, C, eps, NULL, NULL, 0, 0 };
    if (running && (dli_inputs(op, run, 2) != c ||
                    !dli_check_shape(c, op, "the running mean", run[0], dl_shape1(C)) ||
                    !dli_check_shape(c, op, "the running variance", run[1], dl_shape1(C))))
        return NULL;
    dl_tensor *y = dli_normalize(op, x, weight, bias, dl_shape1(C), run, &s);
    if (y && running && s.kind == DLI_NORM_BATCH && !c->no_grad && N * s.S > 1) {
        c->kernels.batch_norm_update(run[0]->data, run[1]->data, s.mean, s.var, C,
                                     (double)(N * s.S), momentum);
        ++*dli_version(run[0]);
        ++*dli_version(run[1]);
    }
    return y;
}

DL_DEF dl_tensor *dl_layer_norm(dl_tensor *x, int axes, dl_tensor *weight, dl_tensor *bias,
                                double eps)
{
    const char *op = "dl_layer_norm";
    dl_ctx *c = dli_inputs(op, &x, 1);
    if (!c || !dli_norm_check(op, x, 1, eps)) return NULL;
    if (axes < 1 || axes > x->shape.rank)
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: the last %d axes of input %s", op, axes,
                          dli_shown(c, x->shape));
    dl_shape shape = x->shape;
    dl_int C = 1;
    for (int d = 0; d < axes; d++) {
        shape.dim[d] = x->shape.dim[x->shape.rank - axes + d];
        C *= shape.dim[d];
    }
    const dl_int N = x->size / C;
    dli_norm_state s = { DLI_NORM_LAYER, N, C, 1, 1, N, eps, NULL, NULL, 0, 0 };
    return dli_normalize(op, x, weight, bias, dli_rank(shape, axes), NULL, &s);
}

DL_DEF dl_tensor *dl_group_norm(dl_tensor *x, int groups, dl_tensor *weight, dl_tensor *bias,
                                double eps)
{
    const char *op = "dl_group_norm";
    dl_ctx *c = dli_inputs(op, &x, 1);
    if (!c || !dli_norm_check(op, x, 2, eps)) return NULL;
    const dl_int N = x->shape.dim[0], C = x->shape.dim[1];
    if (groups < 1 || C % groups)
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: %d groups do not divide the %lld channels of "
                          "input %s", op, groups, (long long)C, dli_shown(c, x->shape));
    dli_norm_state s = { DLI_NORM_GROUP, N, C, x->size / N / C, groups, N * groups, eps, NULL,
                         NULL, 0, 0 };
    return dli_normalize(op, x, weight, bias, dl_shape1(C), NULL, &s);
}

#ifndef DL_NO_SEQUENCES
/* ---- sequences: recurrent nets, embedding, attention ----
   dl_lstm and its like stand on three steps: dli_recurrent_net walks over layers and directions,
   dli_recurrent_layer is the operation that is recorded (one for a whole layer, not one for each
   time step), and the kernels walk over time. Its result is one array with y, h and c behind one
   another; what the caller gets are views of it. So the gradients of all three are complete when
   the tape gets back to the operation, whichever of them were used. Attention is one operation for
   all samples and heads, that keeps the probabilities. What comes after it, multi-head attention
   and the transformers' blocks, records nothing itself: it is made of other operations. */

#define DLI_STACK_MAX 1000                    /* so that numbers of weights fit an int */

DL_DEF dl_recurrent dl_recurrent_default(void)
{
    const dl_recurrent o = { 1, false, 0, NULL };
    return o;
}

/* dli_inputs for up to 8 operands, of which all but the first `needed` may be left out. */
static dl_ctx *dli_some_inputs(const char *op, dl_tensor *const *in, int n, int needed)
{
    dl_tensor *given[8];
    int k = 0;
    for (int i = 0; i < n; i++) if (i < needed || in[i] != DL_NONE) given[k++] = in[i];
    return dli_inputs(op, given, k);
}

static bool dli_check_lengths(dl_ctx *c, const char *op, const int32_t *length, dl_int N,
                              dl_int least, dl_int most)
{
    for (dl_int n = 0; length && n < N; n++)
        if (length[n] < least || length[n] > most)
            return dl_fail(c, DL_ERR_RANGE, "%s: length %d of sample %lld is not in %lld..%lld", op,
                           (int)length[n], (long long)n, (long long)least, (long long)most);
    return true;
}

/* What a recurrent layer's node keeps: the arrays, and its operands x, w_ih, w_hh, b_ih, b_hh, h0,
   c0. NULL are those that the node does not know: biases left out, and states without gradient,
   which are copied, so that they may be changed between forward and backward. */
typedef struct dli_recurrent_state {
    dl_recurrent_kind    kind;
    dli_recurrent_way    way;
    dlk_recurrent_arrays arrays;
    dlk_recurrent_size   size;
    dl_tensor           *in[7], *y;
} dli_recurrent_state;

static dl_real *dli_recurrent_grad(const dli_recurrent_state *s, int i)
{
    return s->in[i] ? dli_grad(s->in[i]) : NULL;
}

static void dli_recurrent_back(dli_node *node)
{
    dl_ctx *c = node->out->ctx;
    dli_recurrent_state *s = (dli_recurrent_state *)node->state;
    const dl_int n = s->size.N * s->size.H;
    double saved, work;
    dli_recurrent_room(s->way.fast, s->kind, &s->size, &saved, &work);
    s->arrays.work = (dl_real *)dli_work(c, node->op, (size_t)work * sizeof(dl_real));
    node->failed = !s->arrays.work;
    if (node->failed) return;
    const dl_real *dout = dli_grad(node->out);      /* of y, hn and cn, one behind the other */
    const dl_real *dhn = dout + n * s->size.T;
    const dlk_recurrent_grads d = {
        s->y->pass == c->pass ? dout : NULL, dhn, dhn + n, dli_recurrent_grad(s, 0),
        dli_recurrent_grad(s, 1), dli_recurrent_grad(s, 2), dli_recurrent_grad(s, 3),
        dli_recurrent_grad(s, 4), dli_recurrent_grad(s, 5), dli_recurrent_grad(s, 6) };
    dli_run_recurrent(c, &s->way, s->kind, &d, &s->arrays, &s->size);
}

/* A copy on the tape of n numbers of t, or n zeros if t is left out: what is saved for backward
   must not change when the caller assigns to a state. */
static dl_real *dli_tape_state(dl_ctx *c, const char *op, const dl_tensor *t, dl_int n)
{
    dl_real *copy = (dl_real *)dli_tape_alloc(c, op, (size_t)n * sizeof *copy);
    if (!copy) return NULL;
    if (t == DL_NONE) memset(copy, 0, (size_t)n * sizeof *copy);
    else memcpy(copy, t->data, (size_t)n * sizeof *copy);
    return copy;
}

/* x with zeros behind each sample's end: whatever stands there, even NaN, has no influence. */
static dl_real *dli_tape_padded(dl_ctx *c, const char *op, const dl_tensor *x,
                                const int32_t *length)
{
    const dl_int step = x->shape.dim[2], all = x->shape.dim[1] * step;
    dl_real *copy = dli_tape_state(c, op, x, x->size);
    for (dl_int n = 0; copy && n < x->shape.dim[0]; n++)
        memset(copy + n * all + length[n] * step, 0, (size_t)(all - length[n] * step) *
                                                     sizeof *copy);
    return copy;
}

/* Has a recurrent layer with x the weights and states it needs? H by the height of w_hh. */
static bool dli_check_recurrent(dl_ctx *c, const char *op, dl_recurrent_kind kind,
                                dl_tensor *const *in, dl_int N, dl_int D)
{
    const dl_int G = dli_cells[kind].gates;
    const dl_int H = in[2]->shape.rank == 2 ? in[2]->shape.dim[1] : 0;
    if (H < 1)
        return dl_fail(c, DL_ERR_SHAPE, "%s: w_hh is %s and should be [%d*H,H]", op,
                       dli_shown(c, in[2]->shape), (int)G);
    return dli_check_shape(c, op, "w_ih", in[1], dl_shape2(G * H, D)) &&
           dli_check_shape(c, op, "w_hh", in[2], dl_shape2(G * H, H)) &&
           dli_check_shape(c, op, "b_ih", in[3], dl_shape1(G * H)) &&
           dli_check_shape(c, op, "b_hh", in[4], dl_shape1(G * H)) &&
           dli_check_shape(c, op, "h0 of a layer", in[5], dl_shape2(N, H)) &&
           dli_check_shape(c, op, "c0 of a layer", in[6], dl_shape2(N, H));
}

/* The arrays of a layer whose results are out; false without memory. */
static bool dli_recurrent_fill(dl_ctx *c, const char *op, dli_recurrent_state *s,
                               dl_tensor *const *in, const dl_sequence *out, double saved,
                               double work)
{
    const dl_int n = s->size.N * s->size.H;
    const bool lstm = s->kind == DL_LSTM;
    dlk_recurrent_arrays *a = &s->arrays;
    a->x = s->size.length ? dli_tape_padded(c, op, in[0], s->size.length) : in[0]->data;
    a->w_ih = in[1]->data;
    a->w_hh = in[2]->data;
    a->b_ih = in[3]->data;                  /* NULL if left out */
    a->b_hh = in[4]->data;
    a->h0 = dli_tape_state(c, op, in[5], n);
    a->c0 = dli_tape_state(c, op, in[6], lstm ? n : 0);
    a->y = out->y->data;
    a->hn = out->h->data;
    a->cn = lstm ? out->c->data : NULL;
    a->saved = (dl_real *)dli_tape_alloc(c, op, (size_t)saved * sizeof *a->saved);
    a->work = (dl_real *)dli_work(c, op, (size_t)work * sizeof *a->work);
    return a->x && a->h0 && a->c0 && a->saved && a->work;
}

/* What failed, as a sequence. */
static dl_sequence dli_no_sequence(void)
{
    const dl_sequence none = { NULL, NULL, NULL };
    return none;
}

/* One layer in one direction: x [N,T,D] to y [N,T,H], h and c [1,N,H]. These are views of the
   operation's one output, so that all their gradients come in before it is gone back through. */
static dl_sequence dli_recurrent_layer(const char *op, dl_recurrent_kind kind, dl_tensor *x,
                                       dl_tensor *const *w, dl_tensor *h0, dl_tensor *c0,
                                       const int32_t *length, bool reverse)
{
    dl_tensor *in[7] = { x, w[0], w[1], w[2], w[3], h0, c0 }, *known[7];
    dl_ctx *c = dli_some_inputs(op, in, 7, 3);
    if (!c || !dli_check_recurrent(c, op, kind, in, x->shape.dim[0], x->shape.dim[2]))
        return dli_no_sequence();
    const dl_int N = x->shape.dim[0], T = x->shape.dim[1], H = w[1]->shape.dim[1];
    const dlk_recurrent_size size = { N, T, x->shape.dim[2], H, length, reverse };
    const dli_recurrent_way way = dli_recurrent_choose(c, kind, &size);
    double saved, work;
    dli_recurrent_room(way.fast, kind, &size, &saved, &work);
    const double bytes = (saved + work + (double)(T + 2) * (double)N * (double)H) *
                         (double)sizeof(dl_real);
    if (bytes >= (double)(PTRDIFF_MAX / 2)) {
        dl_fail(c, DL_ERR_MEMORY, "%s: out of memory (%.1f MB asked for); run through a long "
                "sequence in parts", op, bytes / 1e6);
        return dli_no_sequence();
    }
    dli_recurrent_state *s = (dli_recurrent_state *)dli_tape_alloc(c, op, sizeof *s);
    if (!s) return dli_no_sequence();
    s->kind = kind;
    s->way = way;
    s->size = size;
    int knows = 0;
    for (int i = 0; i < 7; i++) {
        const bool leave = in[i] == DL_NONE || (i >= 5 && !in[i]->requires_grad);
        s->in[i] = leave ? NULL : in[i];
        if (!leave) known[knows++] = in[i];
    }
    const bool lstm = kind == DL_LSTM;
    const dl_int n = N * H;
    dl_tensor *all = dli_result(c, op, dl_shape1(n * (T + (lstm ? 2 : 1))), known, knows,
                                dli_recurrent_back);
    if (!all) return dli_no_sequence();
    dl_sequence out;
    out.y = s->y = dli_view(op, all, dl_shape3(N, T, H), 0);
    out.h = dli_view(op, all, dl_shape3(1, N, H), n * T);
    out.c = lstm ? dli_view(op, all, dl_shape3(1, N, H), n * (T + 1)) : NULL;
    const dl_mark mark = dl_tape_mark(c);
    if (!out.y || !out.h || (lstm && !out.c) ||
        !dli_recurrent_fill(c, op, s, in, &out, saved, work))
        return dli_no_sequence();
    dli_run_recurrent(c, &s->way, kind, NULL, &s->arrays, &s->size);
    if (all->node) all->node->state = s;
    else dl_tape_release(c, mark);          /* no backward will ask for the gates */
    return out;
}

/* Part i of a state [layers*K,N,H] as [N,H]; DL_NONE of DL_NONE. */
static dl_tensor *dli_state_part(const char *op, dl_tensor *state, int i)
{
    if (state == DL_NONE) return state;
    const dl_int N = state->shape.dim[1], H = state->shape.dim[2];
    return dli_view(op, state, dl_shape2(N, H), i * N * H);
}

/* The checks that a stack of layers needs beside those of each layer. */
static bool dli_check_stack(dl_ctx *c, const char *op, const dl_tensor *x, dl_tensor *const *w,
                            const dl_tensor *h0, const dl_tensor *c0, const dl_recurrent *o)
{
    if (!w) return dli_null(c, op, "w");
    if (o->layers < 1 || o->layers > DLI_STACK_MAX || !(o->dropout >= 0 && o->dropout < 1))
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: %d layers with dropout %g: layers must be 1 or "
                       "more, the dropout in [0, 1)", op, o->layers, o->dropout);
    if (o->layers == 1 && o->dropout > 0)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: dropout %g is for between layers, and there is "
                       "one: use dl_dropout on the result", op, o->dropout);
    if (x->shape.rank != 3 || x->shape.dim[1] < 1)
        return dl_fail(c, DL_ERR_SHAPE, "%s: x is %s and should be [N,T,D] with T >= 1", op,
                       dli_shown(c, x->shape));
    const int parts = o->layers * (o->bidirectional ? 2 : 1);
    for (int i = 0; i < 2; i++) {
        const dl_tensor *t = i == 0 ? h0 : c0;
        if (t != DL_NONE && (t->shape.rank != 3 || t->shape.dim[0] != parts))
            return dl_fail(c, DL_ERR_SHAPE, "%s: %s is %s and should be [%d,N,H]: one state for "
                           "each layer and direction", op, i == 0 ? "h0" : "c0",
                           dli_shown(c, t->shape), parts);
    }
    for (int i = 0; i < 4 * parts; i++) {
        if (!w[i]) return false;
        if (w[i] == DL_NONE && i % 4 < 2)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: weight %d is left out; only biases may be", op,
                           i);
    }
    return dli_check_lengths(c, op, o->lengths, x->shape.dim[0], 1, x->shape.dim[1]);
}

/* All layers and directions. */
static dl_sequence dli_recurrent_net(const char *op, dl_recurrent_kind kind, dl_tensor *x,
                                     dl_tensor *const *w, dl_tensor *h0, dl_tensor *c0,
                                     const dl_recurrent *options)
{
    const dl_recurrent o = options ? *options : dl_recurrent_default();
    dl_tensor *in[3] = { x, h0, c0 };
    dl_ctx *c = dli_some_inputs(op, in, 3, 1);
    if (!c || !dli_check_stack(c, op, x, w, h0, c0, &o)) return dli_no_sequence();
    const int K = o.bidirectional ? 2 : 1, parts = o.layers * K;
    int32_t *length = o.lengths ? dli_tape_copy(c, op, o.lengths, x->shape.dim[0]) : NULL;
    dl_tensor **h = (dl_tensor **)dli_tape_alloc(c, op, (size_t)parts * 2 * sizeof *h);
    if (!h || (o.lengths && !length)) return dli_no_sequence();
    dl_tensor **m = h + parts;                       /* the LSTM's memories */
    for (int layer = 0; layer < o.layers; layer++) {
        dl_tensor *y[2];
        for (int k = 0; k < K; k++) {
            const int i = layer * K + k;
            const dl_sequence part =
                dli_recurrent_layer(op, kind, x, w + 4 * i, dli_state_part(op, h0, i),
                                    dli_state_part(op, c0, i), length, k == 1);
            if (!part.y) return part;
            y[k] = part.y;
            h[i] = part.h;
            m[i] = part.c;
        }
        x = K == 1 ? y[0] : dl_concat(y, 2, 2);
        if (layer + 1 < o.layers) x = dl_dropout(x, o.dropout);
        if (!x) return dli_no_sequence();
    }
    dl_sequence out = { x, NULL, NULL };
    out.h = parts == 1 ? h[0] : dl_concat(h, parts, 0);
    if (kind == DL_LSTM) out.c = parts == 1 ? m[0] : dl_concat(m, parts, 0);
    return out.h && (kind != DL_LSTM || out.c) ? out : dli_no_sequence();
}

DL_DEF dl_sequence dl_rnn(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                          const dl_recurrent *options)
{
    return dli_recurrent_net("dl_rnn", DL_RNN_TANH, x, w, h0, DL_NONE, options);
}
DL_DEF dl_sequence dl_rnn_relu(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                               const dl_recurrent *options)
{
    return dli_recurrent_net("dl_rnn_relu", DL_RNN_RELU, x, w, h0, DL_NONE, options);
}
DL_DEF dl_sequence dl_lstm(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0, dl_tensor *c0,
                           const dl_recurrent *options)
{
    return dli_recurrent_net("dl_lstm", DL_LSTM, x, w, h0, c0, options);
}
DL_DEF dl_sequence dl_gru(dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                          const dl_recurrent *options)
{
    return dli_recurrent_net("dl_gru", DL_GRU, x, w, h0, DL_NONE, options);
}

DL_DEF int dl_recurrent_param_count(const dl_recurrent *options)
{
    const dl_recurrent o = options ? *options : dl_recurrent_default();
    return o.layers < 1 || o.layers > DLI_STACK_MAX ? 0 : 4 * o.layers * (o.bidirectional ? 2 : 1);
}

/* Parameters that are to be made: their shapes, and how they start. */
typedef struct dli_params {
    int      n;
    dl_shape shape[DL_DECODER_PARAMS];
    dl_init  init[DL_DECODER_PARAMS];
} dli_params;

static void dli_params_add(dli_params *p, dl_shape shape, dl_init init)
{
    p->shape[p->n] = shape;
    p->init[p->n++] = init;
}

/* Make them, into w; all or none. */
static bool dli_params_make(dl_ctx *dl, dl_tensor **w, const dli_params *p)
{
    dl_tensor *made[DL_DECODER_PARAMS];
    for (int i = 0; i < p->n; i++) {
        made[i] = dl_param(dl, p->shape[i], p->init[i]);
        if (made[i]) continue;
        while (i > 0) dl_tensor_free(made[--i]);
        return false;
    }
    memcpy(w, made, (size_t)p->n * sizeof *w);
    return true;
}

DL_DEF bool dl_recurrent_init(dl_ctx *dl, dl_tensor **w, dl_recurrent_kind kind, dl_int D,
                              dl_int H, const dl_recurrent *options)
{
    const int n = dl_recurrent_param_count(options), K = options && options->bidirectional ? 2 : 1;
    if (!w || !dl) return false;
    if (n == 0 || D < 1 || H < 1 || H > INT32_MAX / 4 || D > INT32_MAX / 4)
        return dl_fail(dl, DL_ERR_ARGUMENT, "dl_recurrent_init: %lld inputs, %lld units, %d "
                       "layers: give 1 or more of each", (long long)D, (long long)H,
                       options ? options->layers : 1);
    const dl_int G = kind == DL_LSTM ? 4 : kind == DL_GRU ? 3 : 1;
    const dl_init init = dl_init_torch(H);
    for (int i = 0; i < n; i += 4) {
        dli_params p;
        p.n = 0;
        dli_params_add(&p, dl_shape2(G * H, i < 4 * K ? D : K * H), init);
        dli_params_add(&p, dl_shape2(G * H, H), init);
        dli_params_add(&p, dl_shape1(G * H), init);
        dli_params_add(&p, dl_shape1(G * H), init);
        if (dli_params_make(dl, w + i, &p)) continue;
        while (i > 0) dl_tensor_free(w[--i]);
        return false;
    }
    return true;
}

/* A cell is a sequence of one step; views make [N,D] one and its result a cell's. */
static dl_sequence dli_one_step(const char *op, dl_recurrent_kind kind, dl_tensor *x,
                                dl_tensor *const *w, dl_tensor *h, dl_tensor *c)
{
    if (!dli_inputs(op, &x, 1) || !w || !w[0] || !w[1] || !w[2] || !w[3]) return dli_no_sequence();
    if (x->shape.rank != 2) {
        dl_fail(x->ctx, DL_ERR_SHAPE, "%s: x is %s and should be [N,D]", op,
                dli_shown(x->ctx, x->shape));
        return dli_no_sequence();
    }
    x = dl_reshape(x, dl_shape3(x->shape.dim[0], 1, x->shape.dim[1]));
    if (!x) return dli_no_sequence();
    dl_sequence out = dli_recurrent_layer(op, kind, x, w, h, c, NULL, false);
    if (!out.y) return out;
    const dl_shape state = dl_shape2(out.h->shape.dim[1], out.h->shape.dim[2]);
    out.y = out.h = dl_reshape(out.h, state);
    if (out.c) out.c = dl_reshape(out.c, state);
    return out.h && (kind != DL_LSTM || out.c) ? out : dli_no_sequence();
}

DL_DEF dl_tensor *dl_rnn_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h)
{
    return dli_one_step("dl_rnn_cell", DL_RNN_TANH, x, w, h, DL_NONE).h;
}
DL_DEF dl_tensor *dl_rnn_relu_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h)
{
    return dli_one_step("dl_rnn_relu_cell", DL_RNN_RELU, x, w, h, DL_NONE).h;
}
DL_DEF dl_sequence dl_lstm_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h, dl_tensor *c)
{
    return dli_one_step("dl_lstm_cell", DL_LSTM, x, w, h, c);
}
DL_DEF dl_tensor *dl_gru_cell(dl_tensor *x, dl_tensor *const *w, dl_tensor *h)
{
    return dli_one_step("dl_gru_cell", DL_GRU, x, w, h, DL_NONE).h;
}

DL_DEF dl_tensor *dl_embedding(dl_tensor *w, const int32_t *index, dl_shape shape, dl_int padding)
{
    const char *op = "dl_embedding";
    dl_ctx *c = dli_inputs(op, &w, 1);
    const dl_int n = c ? dli_checked_size(c, op, shape) : -1;
    if (n < 0) return NULL;
    if (w->shape.rank != 2 || shape.rank == DL_MAX_DIMS || padding < -1 ||
        padding >= w->shape.dim[0])
        return DLI_REFUSE(c, DL_ERR_SHAPE, "%s: weight %s, padding %lld: the weight must be [V,E], "
                          "the padding -1 .. V-1, and the indexes' rank below %d", op,
                          dli_shown(c, w->shape), (long long)padding, DL_MAX_DIMS);
    shape.dim[shape.rank++] = w->shape.dim[1];
    dl_tensor *y = dli_take_rows(op, w, index, n, shape, padding);
    if (y) c->kernels.embedding_forward(y->data, w->data, index, n, w->shape.dim[1]);
    return y;
}

DL_DEF dl_tensor *dl_positional_encoding(dl_ctx *dl, dl_int T, dl_int E)
{
    dl_tensor *y = dl ? dli_tape_tensor(dl, "dl_positional_encoding", dl_shape2(T, E)) : NULL;
    if (y) dl->kernels.positional_encoding(y->data, T, E);
    return y;
}

/* What attention's node keeps. */
typedef struct dli_attention_state {
    dlk_attention_size size;
    dl_int         B, heads;        /* matrices, and how many of them a sample has              */
    const int32_t *length;          /* keys of each sample, or NULL                             */
    dl_real       *p;               /* [B,R,S]                                                  */
} dli_attention_state;

/* The sizes of matrix b, which sees as many keys as its sample has. */
static dlk_attention_size dli_attention_seen(const dli_attention_state *s, dl_int b)
{
    dlk_attention_size size = s->size;
    if (s->length) size.S = s->length[b / s->heads];
    return size;
}

static void dli_attention_back(dli_node *node)
{
    dl_ctx *c = node->out->ctx;
    const dli_attention_state *s = (const dli_attention_state *)node->state;
    const dl_int R = s->size.R, S = s->size.S, D = s->size.D, M = s->size.M;
    const dl_real *dy = dli_grad(node->out), *q = node->in[0]->data, *k = node->in[1]->data;
    const dl_real *v = node->in[2]->data;
    dl_real *dq = dli_grad(node->in[0]), *dk = dli_grad(node->in[1]), *dv = dli_grad(node->in[2]);
    const dl_mark mark = dl_tape_mark(c);
    dl_real *work = (dl_real *)dli_tape_alloc(c, node->op, (size_t)(2 * R * S) * sizeof *work);
    if (!work) {
        node->failed = true;
        return;
    }
    for (dl_int b = 0; b < s->B; b++) {
        const dlk_attention_size seen = dli_attention_seen(s, b);
        if (seen.S > 0)
            DLI_RUN_TWIN(c, attention_backward, dq ? dq + b * R * D : NULL,
                         dk ? dk + b * S * D : NULL, dv ? dv + b * S * M : NULL, work,
                         dy + b * R * M, s->p + b * R * S, q + b * R * D, k + b * S * D,
                         v + b * S * M, &seen);
    }
    dl_tape_release(c, mark);
}

/* How many matrices share a mask: all B, those of a sample, or 1; 0 with a message when the mask
   does not fit. */
static dl_int dli_check_mask(dl_ctx *c, const char *op, const dl_tensor *mask, dl_shape q, dl_int S,
                             dl_int B, dl_int heads)
{
    const dl_int R = q.dim[q.rank - 2];
    dl_shape all = q;
    all.dim[q.rank - 1] = S;
    if (mask->requires_grad)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: the mask requires a gradient, which is not "
                       "computed; use dl_detach on it", op);
    if (dl_shape_equal(mask->shape, dl_shape2(R, S))) return B > 0 ? B : 1;
    if (dl_shape_equal(mask->shape, dl_shape3(q.dim[0], R, S))) return heads;
    if (dl_shape_equal(mask->shape, all)) return 1;
    return dl_fail(c, DL_ERR_SHAPE, "%s: mask %s does not fit: %lld queries and %lld keys need "
                   "[R,S], [N,R,S], or all dimensions of the queries in front", op,
                   dli_shown(c, mask->shape), (long long)R, (long long)S);
}

/* Do queries, keys and values fit together? If so *size and the result's shape. */
static bool dli_check_attention(dl_ctx *c, const char *op, const dl_tensor *q, const dl_tensor *k,
                                const dl_tensor *v, dlk_attention_size *size, dl_shape *y)
{
    const int rank = q->shape.rank;
    dl_shape key = q->shape, value = q->shape;
    *y = q->shape;
    bool fits = rank >= 3 && k->shape.rank == rank && v->shape.rank == rank;
    if (fits) {
        key.dim[rank - 2] = value.dim[rank - 2] = size->S = k->shape.dim[rank - 2];
        y->dim[rank - 1] = value.dim[rank - 1] = size->M = v->shape.dim[rank - 1];
        size->R = q->shape.dim[rank - 2];
        size->D = q->shape.dim[rank - 1];
        fits = dl_shape_equal(key, k->shape) && dl_shape_equal(value, v->shape) && size->D > 0;
    }
    return fits ||
           dl_fail(c, DL_ERR_SHAPE, "%s: queries %s, keys %s, values %s should be [N,...,R,D], "
                   "[N,...,S,D], [N,...,S,M]", op, dli_shown(c, q->shape), dli_shown(c, k->shape),
                   dli_shown(c, v->shape));
}

/* All matrices, one after the other. mask: one for `share` matrices, or NULL; part: room for the
   columns of one that are for the keys that are there. */
static void dli_attention_run(dl_ctx *c, dl_real *y, const dli_attention_state *s, const dl_real *q,
                              const dl_real *k, const dl_real *v, const dl_real *mask,
                              dl_int share, dl_real *part)
{
    const dl_int R = s->size.R, S = s->size.S, D = s->size.D, M = s->size.M;
    for (dl_int b = 0; b < s->B; b++) {
        const dlk_attention_size seen = dli_attention_seen(s, b);
        const dl_real *m = mask ? mask + b / share * R * S : NULL;
        if (m && seen.S < S) {
            for (dl_int i = 0; i < R; i++)
                memcpy(part + i * seen.S, m + i * S, (size_t)seen.S * sizeof *part);
            m = part;
        }
        if (seen.S == 0) memset(y + b * R * M, 0, (size_t)(R * M) * sizeof *y);
        else DLI_RUN_TWIN(c, attention_forward, y + b * R * M, s->p + b * R * S, q + b * R * D,
                          k + b * S * D, v + b * S * M, m, &seen);
    }
}

DL_DEF dl_tensor *dl_attention(dl_tensor *q, dl_tensor *k, dl_tensor *v, dl_tensor *mask,
                               const int32_t *lengths, bool causal)
{
    const char *op = "dl_attention";
    dl_tensor *in[4] = { q, k, v, mask };
    dl_ctx *c = dli_some_inputs(op, in, 4, 3);
    dl_shape shape;
    dlk_attention_size size;
    if (!c || !dli_check_attention(c, op, q, k, v, &size, &shape)) return NULL;
    size.causal = causal;
    const dl_int N = shape.dim[0], B = dl_shape_size(dli_rank(shape, shape.rank - 2));
    const dl_int heads = N > 0 ? B / N : 1, scores = size.R * size.S;
    if (!dli_check_lengths(c, op, lengths, N, 0, size.S)) return NULL;
    const dl_real *m = mask == DL_NONE ? NULL : mask->data;
    const dl_int share = m ? dli_check_mask(c, op, mask, q->shape, size.S, B, heads) : 1;
    if (share == 0 || dli_checked_size(c, op, dl_shape4(2, B, size.R, size.S)) < 0) return NULL;
    dli_attention_state s = { size, B, heads, NULL, NULL };
    s.p = (dl_real *)dli_tape_alloc(c, op, (size_t)(B * scores) * sizeof *s.p);
    dl_real *part = (dl_real *)dli_tape_alloc(c, op, (size_t)(lengths && m ? scores : 0) *
                                                     sizeof *part);
    if (lengths) s.length = dli_tape_copy(c, op, lengths, N);
    if (!s.p || !part || (lengths && !s.length)) return NULL;
    dl_tensor *y = dli_result_with(c, op, shape, in, 3, dli_attention_back, &s, sizeof s);
    if (y) dli_attention_run(c, y->data, &s, q->data, k->data, v->data, m, share, part);
    return y;
}

/* One of the three maps that lie above one another in in_proj, and its result split into heads:
   [N,T,E] to [N,heads,T,E/heads]. */
static dl_tensor *dli_in_proj(const char *op, dl_tensor *x, dl_tensor *const *w, int i, int heads)
{
    const dl_int E = w[0]->shape.dim[1];
    dl_tensor *weight = dli_view(op, w[0], dl_shape2(E, E), i * E * E);
    dl_tensor *bias = w[1] == DL_NONE ? w[1] : dli_view(op, w[1], dl_shape1(E), i * E);
    dl_tensor *y = dl_linear(x, weight, bias);
    y = y ? dl_reshape(y, dl_shape4(y->shape.dim[0], y->shape.dim[1], heads, E / heads)) : NULL;
    return dl_transpose(y, 1, 2);
}

/* Keys and values that no query sees must not reach the gradients of the maps either, where they
   would be multiplied by 0: if x holds NaN or infinity, a copy with zeros in their rows. */
typedef struct dli_seen_state { const bool *seen; } dli_seen_state;

static void dli_seen_back(dli_node *node)
{
    const bool *seen = ((const dli_seen_state *)node->state)->seen;
    const dl_int E = node->out->shape.dim[2];
    const dl_real *dy = dli_grad(node->out);
    dl_real *dx = dli_grad(node->in[0]);
    for (dl_int i = 0; dx && i < node->out->size; i++) if (seen[i / E]) dx[i] += dy[i];
}

static dl_tensor *dli_seen_rows(const char *op, dl_tensor *x, dl_int R, int heads,
                                const dl_tensor *mask, const int32_t *lengths, bool causal)
{
    dl_ctx *c = x->ctx;
    const dl_int N = x->shape.dim[0], S = x->shape.dim[1], E = x->shape.dim[2];
    if (dli_finite(c, x->data, x->size) || R == 0) return x;
    /* the mask's matrices of one sample are `many`; a mask that does not fit is found out later */
    dl_int masks = mask == DL_NONE ? 0 : mask->size / (R * S);
    const dl_int many = masks == N * heads ? heads : 1;
    if (masks != 1 && masks != N * many) masks = 0;
    dli_seen_state s;
    bool *seen = (bool *)dli_tape_alloc(c, op, (size_t)(N * S) * sizeof *seen);
    s.seen = seen;
    dl_tensor *y = seen ? dli_result_with(c, op, x->shape, &x, 1, dli_seen_back, &s, sizeof s)
                        : NULL;
    for (dl_int n = 0; y && n < N; n++)
        for (dl_int j = 0; j < S; j++) {
            bool *at = &seen[n * S + j];
            *at = false;
            for (dl_int i = 0; i < R * many && !(lengths && j >= lengths[n]); i++)
                if (!dli_hidden(NULL, causal, i % R, j, S) &&
                    !(masks && dli_hidden(mask->data, false, i + (masks > 1 ? n * many * R : 0), j,
                                          S)))
                    *at = true;
            for (dl_int e = 0; e < E; e++)
                y->data[(n * S + j) * E + e] = *at ? x->data[(n * S + j) * E + e] : 0;
        }
    return y;
}

DL_DEF dl_tensor *dl_multihead_attention(dl_tensor *q, dl_tensor *k, dl_tensor *v,
                                         dl_tensor *const *w, int heads, dl_tensor *mask,
                                         const int32_t *lengths, bool causal)
{
    const char *op = "dl_multihead_attention";
    if (!w) return NULL;
    dl_tensor *in[8] = { q, k, v, w[0], w[2], w[1], w[3], mask };
    dl_ctx *c = dli_some_inputs(op, in, 8, 5);
    if (!c) return NULL;
    const dl_int E = q->shape.rank == 3 ? q->shape.dim[2] : 0;
    if (E < 1 || k->shape.rank != 3 || v->shape.rank != 3 || k->shape.dim[2] != E ||
        v->shape.dim[2] != E || heads < 1 || E % heads != 0)
        return DLI_REFUSE(c, DL_ERR_SHAPE, "%s: queries %s, keys %s, values %s and %d heads: "
                          "should be [N,R,E], [N,S,E], [N,S,E] with E a multiple of the heads", op,
                          dli_shown(c, q->shape), dli_shown(c, k->shape), dli_shown(c, v->shape),
                          heads);
    if (!dli_check_shape(c, op, "in_proj_weight", w[0], dl_shape2(3 * E, E)) ||
        !dli_check_shape(c, op, "in_proj_bias", w[1], dl_shape1(3 * E)))
        return NULL;
    if (mask != DL_NONE || lengths || causal) {
        k = dli_seen_rows(op, k, q->shape.dim[1], heads, mask, lengths, causal);
        v = dli_seen_rows(op, v, q->shape.dim[1], heads, mask, lengths, causal);
        if (!k || !v) return NULL;
    }
    dl_tensor *y = dl_attention(dli_in_proj(op, q, w, 0, heads), dli_in_proj(op, k, w, 1, heads),
                                dli_in_proj(op, v, w, 2, heads), mask, lengths, causal);
    return dl_linear(dl_reshape(dl_transpose(y, 1, 2), q->shape), w[2], w[3]);
}

DL_DEF dl_transformer dl_transformer_default(void)
{
    const dl_transformer o = { 8, false, false, 0.1, 1e-5, false, NULL, NULL };
    return o;
}

/* The beginning of a sublayer: what its f is applied to. */
static dl_tensor *dli_sublayer(dl_tensor *x, dl_tensor *const *norm, const dl_transformer *o)
{
    return o->norm_first ? dl_layer_norm(x, 1, norm[0], norm[1], o->eps) : x;
}

/* Its end: x + f, with the norm behind it if it was not in front. */
static dl_tensor *dli_residual(dl_tensor *x, dl_tensor *f, dl_tensor *const *norm,
                               const dl_transformer *o)
{
    dl_tensor *y = dl_add(x, dl_dropout(f, o->dropout));
    return o->norm_first ? y : dl_layer_norm(y, 1, norm[0], norm[1], o->eps);
}

/* The sublayer of attention to memory, or (DL_NONE) to x itself. */
static dl_tensor *dli_attend(dl_tensor *x, dl_tensor *memory, dl_tensor *const *w,
                             dl_tensor *const *norm, const int32_t *lengths, bool causal,
                             const dl_transformer *o)
{
    dl_tensor *z = dli_sublayer(x, norm, o);
    if (memory == DL_NONE) memory = z;
    z = dl_multihead_attention(z, memory, memory, w, o->heads, DL_NONE, lengths, causal);
    return dli_residual(x, z, norm, o);
}

/* A block; memory: DL_NONE makes it an encoder's. In w first the attentions, then the two linear
   layers, then the norms. */
static dl_tensor *dli_transformer(const char *op, dl_tensor *x, dl_tensor *memory,
                                  dl_tensor *const *w, const dl_transformer *o)
{
    const bool decoder = memory != DL_NONE;
    if (!dli_usable(op, x)) return NULL;
    for (int i = 0; i < (decoder ? DL_DECODER_PARAMS : DL_ENCODER_PARAMS); i++)
        if (!w || !w[i]) return NULL;
    dl_tensor *const *linear = w + (decoder ? 8 : 4), *const *norm = linear + 4;
    x = dli_attend(x, DL_NONE, w, norm, o->lengths, decoder || o->causal, o);
    norm += 2;
    if (decoder) {
        x = dli_attend(x, memory, w + 4, norm, o->memory_lengths, false, o);
        norm += 2;
    }
    dl_tensor *z = dl_linear(dli_sublayer(x, norm, o), linear[0], linear[1]);
    z = dl_dropout(o->gelu ? dl_gelu(z) : dl_relu(z), o->dropout);
    return dli_residual(x, dl_linear(z, linear[2], linear[3]), norm, o);
}

DL_DEF dl_tensor *dl_transformer_encoder(dl_tensor *x, dl_tensor *const *w,
                                         const dl_transformer *options)
{
    const char *op = "dl_transformer_encoder";
    const dl_transformer o = options ? *options : dl_transformer_default();
    if (x && o.memory_lengths)
        return DLI_REFUSE(x->ctx, DL_ERR_ARGUMENT, "%s: an encoder has no memory: leave "
                          "memory_lengths NULL", op);
    return dli_transformer(op, x, DL_NONE, w, &o);
}

DL_DEF dl_tensor *dl_transformer_decoder(dl_tensor *x, dl_tensor *memory, dl_tensor *const *w,
                                         const dl_transformer *options)
{
    const char *op = "dl_transformer_decoder";
    const dl_transformer o = options ? *options : dl_transformer_default();
    dl_tensor *in[2] = { x, memory };
    return dli_inputs(op, in, 2) ? dli_transformer(op, x, memory, w, &o) : NULL;
}

/* Parameters of `attentions` attention layers, the two linear layers and the norms. */
static bool dli_transformer_init(dl_ctx *dl, dl_tensor **w, const char *op, dl_int E, dl_int F,
                                 int attentions)
{
    dli_params p;
    p.n = 0;
    if (!w || !dl) return false;
    if (E < 1 || F < 1 || E > INT32_MAX / 4 || F > INT32_MAX / 4)
        return dl_fail(dl, DL_ERR_ARGUMENT, "%s: %lld features, %lld in the middle: give 1 or more "
                       "of each", op, (long long)E, (long long)F);
    for (int i = 0; i < attentions; i++) {
        dli_params_add(&p, dl_shape2(3 * E, E), dl_init_glorot_uniform());
        dli_params_add(&p, dl_shape1(3 * E), dl_init_zeros());
        dli_params_add(&p, dl_shape2(E, E), dl_init_torch(E));
        dli_params_add(&p, dl_shape1(E), dl_init_zeros());
    }
    dli_params_add(&p, dl_shape2(F, E), dl_init_torch(E));
    dli_params_add(&p, dl_shape1(F), dl_init_torch(E));
    dli_params_add(&p, dl_shape2(E, F), dl_init_torch(F));
    dli_params_add(&p, dl_shape1(E), dl_init_torch(F));
    for (int i = 0; i <= attentions; i++) {
        dli_params_add(&p, dl_shape1(E), dl_init_constant(1));
        dli_params_add(&p, dl_shape1(E), dl_init_zeros());
    }
    return dli_params_make(dl, w, &p);
}

DL_DEF bool dl_transformer_encoder_init(dl_ctx *dl, dl_tensor **w, dl_int E, dl_int F)
{
    return dli_transformer_init(dl, w, "dl_transformer_encoder_init", E, F, 1);
}
DL_DEF bool dl_transformer_decoder_init(dl_ctx *dl, dl_tensor **w, dl_int E, dl_int F)
{
    return dli_transformer_init(dl, w, "dl_transformer_decoder_init", E, F, 2);
}
#endif

/* ---- end of sequences ---- */

/* From here on nothing is called for each element: gcc makes these rooms small, which compiles in
   nine tenths of the time. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#define DLI_SMALL
#pragma GCC push_options
#pragma GCC optimize("Os")
#endif

/* ------------------------------------------------------------------------- >>layers-impl ----
   Read in this order: dl_model_add_from, which makes a layer from its description, whosever that
   is (dli_layer_new: its memory; dli_layer_build: its shapes and parameters; dli_layer_join: its
   place in the model). Then the layers, from the shortest (flatten) on, each as its fields, its
   forward and its build. A forward is mostly one formula of >>ops, and gives the output before the
   activation, which the model applies or fuses with the loss. The table behind them says what is
   what; at the end stand the functions that add a layer of the table.

   A weight W [M,D] begins at random, so that neurons differ, and of such a size that signals keep
   theirs: of inputs with variance v and independent weights with variance s^2 around 0, the sum
   y = sum_d w_d x_d has the variance D s^2 v, and on the way back dx has M s^2 times that of dy.
   Glorot's s^2 = 2 / (D + M) lies between what the two want, 1 / D and 1 / M; a ReLU halves what
   passes it, so He's is 2 / D. */

#define DLI_NAME(code, text, formula, low, high) text,
#define DLI_CASE(code, text, formula, low, high) case code: return formula;
static const char *const dli_activation_names[] = { DL_ACTIVATIONS(DLI_NAME) NULL };

DL_DEF const char *dl_activation_name(dl_activation f)
{
    const int i = (int)f;
    return i >= 0 && i < (int)DLI_ACTIVATION_COUNT ? dli_activation_names[i] : "unknown";
}

DL_DEF dl_tensor *dl_activate(dl_tensor *x, dl_activation f)
{
    switch (f) {
    DL_ACTIVATIONS(DLI_CASE)
    case DLI_ACTIVATION_COUNT: break;
    }
    if (x && x->ctx) dl_fail(x->ctx, DL_ERR_ARGUMENT, "dl_activate: no activation %d", (int)f);
    return NULL;
}

#ifndef DL_NO_MODEL
#define DLI_METRICS (1 + DL_METRIC_MAX)      /* accuracy, then the user's */

/* What one output is to become. */
typedef struct dli_goal { const dl_loss *loss; double weight; } dli_goal;

struct dl_model {
    dl_ctx       *ctx;
    dl_shape      input;         /* the first                                           */
    dl_layer    **layer;
    int           layers;
    int           inputs;        /* 1, and one for each layer without from              */
    dl_layer     *at;            /* what the next layer reads, NULL: the first input    */
    dl_layer    **out;           /* what it gives; NULL: the last layer's               */
    int           outs;
    int           places;        /* tensors under way in a forward: the first input (place 0),
                                    all outputs of all layers, and again the model's outputs */
    bool          chain;         /* each layer reads the one before it                  */
    dl_int        rows;          /* sequences that dl_model_step is in the middle of, or 0 */
    dl_model     *owner;         /* whose weights it reads, in another context; or NULL */
    int           shares;        /* models that read its own                            */
    dli_goal     *goal;          /* one for each output, since compile                  */
    dl_tensor   **tensor;        /* all parameters, then all states                     */
    int           params, tensors;
    const char   *lacks;         /* the type of a layer that could not be added, or NULL */
    bool          fitting;       /* dl_model_fit is at work                             */
    bool          stopped;       /* the last one ended because of fit.stop              */
    bool          compiled;
    const dl_loss *loss;
    const dl_metric *metric[DLI_METRICS];
    void         *metric_state[2][DLI_METRICS];  /* of training, of evaluation        */
    int           metrics;
    dl_optimizer *optimizer;
    dl_int        batch_size;    /* samples that evaluating takes at a time             */
    dl_epoch     *history;
    int           epochs;        /* in history                                          */
    struct dli_file *source;     /* while it is loaded: where the tensors come from     */
};

/* Is the model there, with all its layers? A network that lacks one is never used. */
static bool dli_model_whole(const char *who, const dl_model *m)
{
    return m && (!m->lacks ||
                 dl_fail(m->ctx, DL_ERR_STATE, "%s: a layer (%s) could not be added to this "
                         "model, which lacks it; build the model anew", who, m->lacks));
}

/* So many bytes, and as many more as a double behind them needs to lie right. */
static size_t dli_padded(size_t bytes)
{
    return (bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}

/* A copy of count pointers with room for so many more, in place of old; NULL, and old as it was,
   without memory. */
static void *dli_grown(dl_ctx *c, const char *who, void *old, int count, int more)
{
    void *p = dli_alloc(c, who, (size_t)count + (size_t)more, sizeof old);
    if (!p) return NULL;
    if (old) memcpy(p, old, (size_t)count * sizeof old);
    if (old) DL_FREE(old);
    return p;
}

static void dli_layer_free(dl_layer *l)
{
    if (l->type->destroy && !l->shared) l->type->destroy(l);
    for (int k = 0; !l->ctx->closing && k < 2; k++) dl_tensor_free(l->carry[k]);
    for (int i = 0; !l->ctx->closing && !l->shared && i < l->params + l->states; i++)
        dl_tensor_free(i < l->params ? l->param[i] : l->state[i - l->params]);
    if (l->param && !l->shared) DL_FREE(l->param);
    if (l->state && !l->shared) DL_FREE(l->state);
    if (l->output) DL_FREE(l->output);
    DL_FREE(l);
}

/* Is the layer still being built? */
static bool dli_layer_open(const dl_layer *l)
{
    return l && (!l->built || dl_fail(l->ctx, DL_ERR_STATE, "%s: parameters, states and outputs "
                                      "are made by the build of its type", l->name));
}

DL_DEF bool dl_layer_set_outputs(dl_layer *l, int n)
{
    if (!dli_layer_open(l)) return false;
    if (n < 1)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %d outputs; give 1 or more", l->name, n);
    dl_shape *output = (dl_shape *)dli_alloc(l->ctx, l->name, (size_t)n, sizeof *output);
    if (!output) return false;
    for (int i = 0; i < n && l->inputs; i++) output[i] = l->input[0];
    if (l->output) DL_FREE(l->output);
    l->output = output;
    l->outputs = n;
    return true;
}

/* What layer l reads as its k-th source gives: so many tensors, of these shapes. */
static int dli_source_outputs(const dl_layer *from) { return from ? from->outputs : 1; }
static const dl_shape *dli_source_shapes(const dl_model *m, const dl_layer *from)
{
    return from ? from->output : &m->input;
}

/* A layer behind these others, not yet part of the model: header, options, shapes that come in,
   sources and name lie in one piece of memory. */
static dl_layer *dli_layer_new(dl_model *m, const dl_layer_type *type, const void *options,
                               dl_layer *const *from, int froms)
{
    int inputs = 0, number = 1;
    for (int i = 0; i < froms; i++) inputs += dli_source_outputs(from[i]);
    for (int i = 0; i < m->layers; i++)
        number += m->layer[i]->type == type && !m->layer[i]->shared;
    const size_t shapes = (size_t)inputs * sizeof(dl_shape), name = strlen(type->prefix) + 32;
    const size_t sources = dli_padded((size_t)froms * sizeof *from);
    const size_t bytes = dli_padded(type->options_size);
    dl_layer *l = (dl_layer *)dli_alloc(m->ctx, "dl_model_add", 1,
                                        sizeof *l + shapes + sources + bytes + name);
    if (!l) return NULL;
    l->type = type;
    l->ctx = m->ctx;
    l->model = m;
    l->inputs = inputs;
    l->froms = froms;
    l->input = (dl_shape *)(void *)(l + 1);
    l->from = (dl_layer **)(void *)(l->input + inputs);
    char *copy = (char *)l->from + sources;
    l->options = options ? memcpy(copy, options, type->options_size) : NULL;
    l->name = copy + bytes;
    dli_format(copy + bytes, name, "%s_%d", type->prefix, number);
    dl_shape *input = l->input;
    for (int i = 0; i < froms; i++) {
        const int n = dli_source_outputs(from[i]);
        memcpy(input, dli_source_shapes(m, from[i]), (size_t)n * sizeof *input);
        l->from[i] = from[i];
        input += n;
    }
    if (dl_layer_set_outputs(l, 1)) return l;
    DL_FREE(l);
    return NULL;
}

/* Bytes of one value of a field. */
static size_t dli_field_size(dl_field_kind kind)
{
    return kind == DL_FIELD_DOUBLE ? sizeof(double) : kind == DL_FIELD_BOOL ? sizeof(bool)
         : kind == DL_FIELD_SHAPE ? sizeof(dl_shape) : kind == DL_FIELD_INIT ? sizeof(dl_init)
         : sizeof(int);
}

/* Is what lies at `at` something that an option of this field can be? */
static bool dli_layer_field(const dl_layer *l, const dl_field *f, const char *at)
{
    const char *const *names = f->kind == DL_FIELD_ACTIVATION ? dli_activation_names : f->names;
    if (f->kind == DL_FIELD_DOUBLE) {
        double v;
        memcpy(&v, at, sizeof v);
        return !dli_isnan(v) ||
               dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %s is NaN", l->name, f->name);
    }
    if (!names) return true;
    int v, n = 0;
    memcpy(&v, at, sizeof v);
    while (names[n]) n++;
    return (v >= 0 && v < n) || dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: no %s %d; there are 0 to %d",
                                        l->name, f->name, v, n - 1);
}

static bool dli_layer_fields(const dl_layer *l)
{
    const char *options = (const char *)l->options;
    for (const dl_field *f = l->type->fields; f && f->name; f++)
        for (int k = 0; k < f->count; k++)
            if (!dli_layer_field(l, f, options + f->offset + (size_t)k * dli_field_size(f->kind)))
                return false;
    return true;
}

static bool dli_input_build(dl_layer *l);

/* Let the type build the layer, and look at what it has made of it. */
static bool dli_layer_build(dl_layer *l)
{
    const dl_layer_type *t = l->type;
    char s[DLI_SHAPE_TEXT];
    if (t->options_size && !l->options)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: the options are NULL", l->name);
    if (t->inputs && t->inputs != l->inputs)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: reads %d tensor%s, but the layer before it gives "
                       "%d", l->name, t->inputs, t->inputs == 1 ? "" : "s", l->inputs);
    if (l->inputs == 0 && t->build != dli_input_build)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: reads nothing; give it one or more layers",
                       l->name);
    if (!dli_layer_fields(l)) return false;
    if (t->build && !t->build(l))
        return dl_fail(l->ctx, DL_ERR_STATE, "%s: its build failed", l->name);
    if (!(l->l1 >= 0 && l->l1 <= DBL_MAX && l->l2 >= 0 && l->l2 <= DBL_MAX))
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: the penalties l1 %g and l2 %g must be 0 or "
                       "more", l->name, l->l1, l->l2);
    if ((int)l->activation < 0 || (int)l->activation >= (int)DLI_ACTIVATION_COUNT)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: no activation %d", l->name,
                       (int)l->activation);
    for (int i = 0; i < l->outputs; i++)
        if (dl_shape_size(dli_batch_shape(1, l->output[i])) < 0)
            return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: an output of shape %s is impossible",
                           l->name, dli_shape_text(s, l->output[i]));
    return true;
}

/* Work out for layer i, after those before it, whom it reads, and that it does so last. */
static void dli_connect(dl_model *m, int i)
{
    dl_layer *l = m->layer[i], *before = i ? m->layer[i - 1] : NULL;
    if (i == 0) m->places = 1;
    if (i == 0) m->chain = !m->out;
    if (before && !m->out) before->goal = -1;
    l->index = i;
    l->place = m->places;
    m->places += l->outputs;
    l->readers = l->last = 0;
    l->goal = m->out ? -1 : 0;
    if (l->froms != 1 || l->from[0] != before || l->shared) m->chain = false;
    for (int k = 0; k < l->froms; k++) {
        if (!l->from[k]) continue;
        l->from[k]->readers++;
        l->from[k]->last = i;
    }
}

/* Make a built layer part of its model, whose list has all parameters in front of all states. */
static bool dli_layer_join(dl_layer *l)
{
    const char *who = "dl_model_add";
    dl_model *m = l->model;
    const int states = m->tensors - m->params, params = l->shared ? 0 : l->params;
    const int more = l->shared ? 0 : l->params + l->states;
    dl_tensor **tensor = (dl_tensor **)dli_grown(m->ctx, who, m->tensor, m->tensors, more);
    if (!tensor) return false;
    m->tensor = tensor;
    dl_layer **layer = (dl_layer **)dli_grown(m->ctx, who, m->layer, m->layers, 1);
    if (!layer) return false;
    m->layer = layer;
    layer[m->layers++] = l;
    l->built = true;
    tensor += m->params;
    memmove(tensor + params, tensor, (size_t)states * sizeof *tensor);
    for (int i = 0; i < params; i++) tensor[i] = l->param[i];
    for (int i = params; i < more; i++) tensor[states + i] = l->state[i - params];
    m->params += params;
    m->tensors += more;
    m->at = l;
    dli_connect(m, m->layers - 1);
    return true;
}

/* Can this model still be added to, with what reads these layers? */
static bool dli_model_open(const char *who, const dl_model *m, dl_layer *const *from, int n)
{
    if (m->compiled)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: the model is compiled already; add layers "
                       "before dl_model_compile", who);
    for (int i = 0; i < n; i++)
        if (from[i] && from[i]->model != m)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %s is a layer of another model", who,
                           from[i]->name);
    return true;
}

/* l has become part of m, or has not: then m lacks it, unless m was complete before. */
static dl_layer *dli_layer_added(dl_model *m, dl_layer *l, const char *name, bool built)
{
    if (l && built && dli_layer_join(l)) return l;
    if (l) dli_layer_free(l);
    if (!m->compiled) m->lacks = name;
    return NULL;
}

/* A new layer, if that can be: its type has what it needs, and what it reads is there. */
static dl_layer *dli_layer_for(dl_model *m, const dl_layer_type *type, const void *options,
                               dl_layer *const *from, int n)
{
    char who[100];
    if (!type || !type->name || !type->prefix || !type->forward) {
        dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_add: a type needs name, prefix and forward");
        return NULL;
    }
    if (n < 0 || n > INT32_MAX / 1024 || (n > 0 && !from)) {
        dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_add: %s reads %d layers; give a list of 1 or "
                "more", type->name, n);
        return NULL;
    }
    dli_format(who, sizeof who, "dl_model_add: %s", type->name);
    return dli_model_open(who, m, from, n) ? dli_layer_new(m, type, options, from, n) : NULL;
}

DL_DEF dl_layer *dl_model_add_from(dl_model *m, const dl_layer_type *type, const void *options,
                                   dl_layer *const *from, int n)
{
    if (!m) return NULL;
    dl_layer *l = dli_layer_for(m, type, options, from, n);
    return dli_layer_added(m, l, type && type->name ? type->name : "without a type",
                           l && dli_layer_build(l));
}

DL_DEF dl_layer *dl_model_add(dl_model *m, const dl_layer_type *type, const void *options)
{
    const bool input = type && type->build == dli_input_build;
    return m ? dl_model_add_from(m, type, options, &m->at, !input) : NULL;
}

DL_DEF bool dl_model_at(dl_model *m, dl_layer *layer)
{
    if (!m || !dli_model_open("dl_model_at", m, &layer, 1)) return false;
    m->at = layer;
    return true;
}

DL_DEF bool dl_model_outputs(dl_model *m, dl_layer *const *list, int n)
{
    const char *who = "dl_model_outputs";
    if (!m) return false;
    if (n < 0 || (n > 0 && !list))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %d layers; give a list of 1 or more, or 0 for "
                       "the last one", who, n);
    for (int i = 0; i < n; i++) {
        if (!list[i])
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: number %d is NULL: no layer gives it", who,
                           i);
        for (int k = 0; k < i; k++)
            if (list[k] == list[i])
                return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %s is there twice", who,
                               list[i]->name);
    }
    if (!dli_model_open(who, m, list, n)) return false;
    dl_layer **out = n ? (dl_layer **)dli_alloc(m->ctx, who, (size_t)n, sizeof *out) : NULL;
    if (n && !out) return false;
    for (int i = 0; i < n; i++) out[i] = list[i];
    if (m->out) DL_FREE(m->out);
    m->out = out;
    m->outs = n;
    for (int i = 0; i < m->layers; i++) dli_connect(m, i);
    for (int k = 0; k < n; k++) out[k]->goal = k;
    return true;
}

DL_DEF int dl_model_input_count(const dl_model *m) { return m ? m->inputs : 0; }
DL_DEF int dl_model_output_count(const dl_model *m) { return m ? (m->out ? m->outs : 1) : 0; }

/* t, named "dense_1.weight", at the end of one of the layer's two lists. */
static dl_tensor *dli_layer_tensor(dl_layer *l, dl_tensor *t, const char *name, dl_tensor ***list,
                                   int *count)
{
    char full[DL_NAME_MAX + 1];                  /* one more byte: too long is seen as such */
    dl_tensor **longer = t ? (dl_tensor **)dli_grown(l->ctx, l->name, *list, *count, 1) : NULL;
    dli_format(full, sizeof full, "%s.%s", l->name, name);
    if (longer) {
        *list = longer;
        longer[(*count)++] = t;
        return dl_set_name(t, full) ? t : NULL;
    }
    if (t) dl_tensor_free(t);
    return NULL;
}

#ifndef DL_NO_FILES
static bool dli_layer_stored(const dl_layer *l, const char *name, dl_shape shape);
#else
static bool dli_layer_stored(const dl_layer *l, const char *name, dl_shape shape)
{
    return l && name && shape.rank >= 0;
}
#endif

/* The next parameter of l, in a shared model: a header of its own, its owner's numbers. */
static dl_tensor *dli_borrowed(const dl_layer *l, dl_shape shape)
{
    const dl_layer *of = l->model->owner->layer[l->model->layers];
    dl_tensor *from = l->params < of->params ? of->param[l->params] : NULL;
    if (!from || !dl_shape_equal(from->shape, shape))
        return DLI_REFUSE(l->ctx, DL_ERR_STATE, "%s: built anew, it has other parameters", l->name);
    dl_tensor *t = dli_persistent(l->ctx, l->name, dl_shape1(0), false);
    if (!t) return NULL;
    t->shape = from->shape;
    t->size = from->size;
    t->data = from->data;
    t->borrowed = true;
    return t;
}

DL_DEF dl_tensor *dl_layer_param(dl_layer *l, const char *name, dl_shape shape, dl_init init)
{
    if (!dli_layer_open(l) || !name || !dli_layer_stored(l, name, shape)) return NULL;
    if (l->model->owner)
        return dli_layer_tensor(l, dli_borrowed(l, shape), name, &l->param, &l->params);
    if (l->model->source) init = dl_init_zeros();             /* its numbers come from there */
    return dli_layer_tensor(l, dl_param(l->ctx, shape, init), name, &l->param, &l->params);
}

DL_DEF dl_tensor *dl_layer_state(dl_layer *l, const char *name, dl_shape shape, double c)
{
    if (!dli_layer_open(l) || !name || !dli_layer_stored(l, name, shape)) return NULL;
    dl_tensor *t = dli_layer_tensor(l, dl_state(l->ctx, shape), name, &l->state, &l->states);
    return dl_fill(t, c) ? t : NULL;
}

DL_DEF dl_tensor *dl_layer_carry(dl_layer *l, int k, dl_shape shape)
{
    if (!l) return NULL;
    if (k < 0 || k > 1)
        return DLI_REFUSE(l->ctx, DL_ERR_ARGUMENT, "%s: it may carry tensors 0 and 1, not %d",
                          l->name, k);
    dl_tensor *t = l->carry[k];
    if (t && dl_shape_equal(t->shape, shape)) return t;
    if (t && l->model->rows)
        return DLI_REFUSE(l->ctx, DL_ERR_STATE, "%s: it carries %s, not %s; call "
                          "dl_model_reset_state first", l->name, dli_shown(l->ctx, t->shape),
                          dli_shown(l->ctx, shape));
    dl_tensor_free(t);
    l->carry[k] = dl_state(l->ctx, shape);
    return l->carry[k];
}

DL_DEF bool dl_layer_set_frozen(dl_layer *l, bool on)
{
    if (l && l->shared) l = l->shared;
    if (!l || !(on ? dl_freeze : dl_unfreeze)(l->param, l->params)) return false;
    l->frozen = on;
    return true;
}

DL_DEF bool dl_layer_frozen(const dl_layer *l)
{
    return l && (l->shared ? l->shared->frozen : l->frozen);
}

/* An option that is a member of struct o, and one that is two of them in a row; the options of a
   layer that has only one. */
#define DLI_E(o, member, kind)  { #member, DL_FIELD_##kind, 1, offsetof(o, member), NULL }
#define DLI_E2(o, member, kind) { #member, DL_FIELD_##kind, 2, offsetof(o, member), NULL }
#define DLI_E_END { NULL, DL_FIELD_INT, 0, 0, NULL }
#define DLI_E_ONE(name, kind) { { name, DL_FIELD_##kind, 1, 0, NULL }, DLI_E_END }

/* The options of layer l, which are of this type. */
#define DLI_O(type) ((const type *)l->options)

/* A forward that is one formula of x[0], the first of what layer l reads. */
#define DLI_FORWARD(name, formula)                                                               \
    static void name(dl_layer *l, dl_tensor *const *x, dl_tensor **y)                            \
    {                                                                                            \
        (void)l;                                                                                 \
        y[0] = formula;                                                                          \
    }

/* ---- flatten, activation, dropout, reshape ---- */

DLI_FORWARD(dli_flatten_forward, dl_flatten(x[0]))
static bool dli_flatten_build(dl_layer *l)
{
    l->output[0] = dl_shape1(dl_shape_size(l->input[0]));
    return true;
}

static const dl_field dli_activation_fields[] = DLI_E_ONE("activation", ACTIVATION);
DLI_FORWARD(dli_same_forward, x[0])
static bool dli_activation_build(dl_layer *l)
{
    l->activation = *DLI_O(dl_activation);
    if (l->input[0].rank > 1) l->step = dli_same_forward;
    return true;
}

static const dl_field dli_dropout_fields[] = DLI_E_ONE("rate", DOUBLE);
DLI_FORWARD(dli_dropout_layer_forward, dl_dropout(x[0], *DLI_O(double)))
static bool dli_dropout_build(dl_layer *l)
{
    const double p = *DLI_O(double);
    l->step = dli_same_forward;                  /* in evaluation nothing is dropped */
    return (p >= 0 && p < 1) || dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: the probability %g is not in "
                                        "[0, 1)", l->name, p);
}

static const dl_field dli_reshape_fields[] = DLI_E_ONE("shape", SHAPE);
DLI_FORWARD(dli_reshape_layer_forward,
            dl_reshape(x[0], dli_batch_shape(x[0]->shape.dim[0], l->output[0])))
static bool dli_reshape_build(dl_layer *l)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    const dl_shape shape = *DLI_O(dl_shape);
    const dl_int size = dl_shape_size(l->input[0]);
    const bool ok = shape.rank >= 0 && shape.rank < DL_MAX_DIMS;
    dl_int known = 1;
    int open = -1;
    l->output[0] = dli_rank(shape, ok ? shape.rank : 0);
    for (int d = 0; d < l->output[0].rank; d++) {
        if (shape.dim[d] == -1 && open < 0) open = d;
        else known = shape.dim[d] < 1 || known > size ? 0 : known * shape.dim[d];
    }
    if (open >= 0 && known > 0) l->output[0].dim[open] = size / known;
    return (ok && dl_shape_size(l->output[0]) == size) ||
           dl_fail(l->ctx, DL_ERR_SHAPE, "%s: %s has %lld elements and cannot become %s", l->name,
                   dli_shape_text(s, l->input[0]), (long long)size, dli_shape_text(t, shape));
}

/* ---- graphs: inputs, joints, shared weights ---- */

static const dl_field dli_input_fields[] = DLI_E_ONE("shape", SHAPE);
static bool dli_input_build(dl_layer *l)
{
    l->output[0] = *DLI_O(dl_shape);
    if (l->froms)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: an input reads no layer", l->name);
    if (dli_checked_size(l->ctx, l->name, l->output[0]) < 0) return false;
    l->model->inputs++;
    return true;
}

/* Do all inputs have this shape, but for the length of one axis (-1: none)? */
static bool dli_inputs_alike(const dl_layer *l, dl_shape shape, int axis, const char *trouble)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    for (int i = 0; i < l->inputs; i++) {
        dl_shape other = l->input[i];
        if (axis >= 0 && axis < other.rank) other.dim[axis] = shape.dim[axis];
        if (!dl_shape_equal(other, shape))
            return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: samples of %s and %s %s", l->name,
                           dli_shape_text(s, shape), dli_shape_text(t, l->input[i]), trouble);
    }
    return true;
}

static void dli_add_layer_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    y[0] = x[0];
    for (int i = 1; i < l->inputs; i++) y[0] = dl_add(y[0], x[i]);
}
static bool dli_add_build(dl_layer *l)
{
    l->step = dli_add_layer_forward;
    return dli_inputs_alike(l, l->input[0], -1, "cannot be added; make the shapes equal (a 1 x 1 "
                            "convolution or a dense layer does)");
}

static const dl_field dli_concat_fields[] = DLI_E_ONE("axis", INT);
/* The axis of a sample, counted from the front. */
static int dli_concat_axis(const dl_layer *l)
{
    return *DLI_O(int) < 0 ? *DLI_O(int) + l->input[0].rank : *DLI_O(int);
}
DLI_FORWARD(dli_concat_layer_forward, dl_concat(x, l->inputs, 1 + dli_concat_axis(l)))
static bool dli_concat_build(dl_layer *l)
{
    char s[DLI_SHAPE_TEXT];
    const int axis = dli_concat_axis(l);
    if (axis < 0 || axis >= l->input[0].rank)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: samples of %s have no axis %d", l->name,
                       dli_shape_text(s, l->input[0]), *DLI_O(int));
    dli_format(s, sizeof s, "do not join along axis %d: all other axes must be equal", axis);
    if (!dli_inputs_alike(l, l->input[0], axis, s)) return false;
    for (int i = 1; i < l->inputs; i++) l->output[0].dim[axis] += l->input[i].dim[axis];
    if (axis > 0) l->step = dli_concat_layer_forward;
    return true;
}

/* l, new, becomes a further run of `of`: it has its tensors. */
static bool dli_layer_share(dl_layer *l, dl_layer *of)
{
    const char *who = "dl_model_reuse";
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    int runs = 2;
    for (int i = 0; i < of->model->layers; i++) runs += of->model->layer[i]->shared == of;
    dli_format((char *)(uintptr_t)l->name, strlen(of->name) + 12, "%s:%d", of->name, runs);
    l->shared = of;
    if (of->froms == 0 || l->inputs != of->inputs)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: %s reads %d tensors, but here are %d", who,
                       of->name, of->inputs, l->inputs);
    for (int i = 0; i < l->inputs; i++)
        if (!dl_shape_equal(l->input[i], of->input[i]))
            return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: %s reads samples of %s, not %s", who,
                           of->name, dli_shape_text(s, of->input[i]),
                           dli_shape_text(t, l->input[i]));
    if (!dl_layer_set_outputs(l, of->outputs)) return false;
    memcpy(l->output, of->output, (size_t)of->outputs * sizeof *l->output);
    l->param = of->param;
    l->params = of->params;
    l->state = of->state;
    l->states = of->states;
    l->options = of->options;
    l->activation = of->activation;
    l->step = of->step;
    l->own = of->own;
    return true;
}

DL_DEF dl_layer *dl_model_reuse(dl_model *m, dl_layer *layer)
{
    const char *who = "dl_model_reuse";
    if (!m) return NULL;
    if (!layer) dli_null(m->ctx, who, "the layer");
    if (!layer || !dli_model_open(who, m, &layer, 1))
        return dli_layer_added(m, NULL, layer ? layer->type->name : "reused", false);
    if (layer->shared) layer = layer->shared;
    dl_layer *l = dli_layer_new(m, layer->type, NULL, &m->at, 1);
    return dli_layer_added(m, l, layer->type->name, l && dli_layer_share(l, layer));
}

/* ---- dense ---- */

DL_DEF dl_dense dl_dense_default(int units, dl_activation activation)
{
    dl_dense d;
    memset(&d, 0, sizeof d);
    d.units = units;
    d.activation = activation;
    d.weight_init = dl_init_glorot_uniform();
    d.bias_init = dl_init_zeros();
    d.bias = true;
    return d;
}

static const dl_field dli_dense_fields[] = {
    DLI_E(dl_dense, units, INT), DLI_E(dl_dense, activation, ACTIVATION),
    DLI_E(dl_dense, weight_init, INIT), DLI_E(dl_dense, bias_init, INIT),
    DLI_E(dl_dense, bias, BOOL), DLI_E(dl_dense, l1, DOUBLE), DLI_E(dl_dense, l2, DOUBLE),
    DLI_E_END };

/* Weight and bias of a layer, each if it has one. */
static bool dli_layer_weights(dl_layer *l, bool weight, dl_shape weight_shape, dl_init weight_init,
                              bool bias, dl_shape bias_shape, dl_init bias_init)
{
    if (!bias && (bias_init.kind != DL_INIT_CONSTANT || bias_init.a != 0))
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: bias_init is not used without bias", l->name);
    return (!weight || dl_layer_param(l, "weight", weight_shape, weight_init)) &&
           (!bias || dl_layer_param(l, "bias", bias_shape, bias_init));
}

static dl_tensor *dli_layer_bias(const dl_layer *l)
{
    return l->params > 1 ? l->param[1] : DL_NONE;
}

DLI_FORWARD(dli_dense_forward, dl_linear(x[0], l->param[0], dli_layer_bias(l)))
static bool dli_dense_build(dl_layer *l)
{
    const dl_dense *o = DLI_O(dl_dense);
    if (l->input[0].rank == 0)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: its input is a single number; give the model an "
                       "input shape of rank 1 or more", l->name);
    if (o->units < 1)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %d units; give 1 or more", l->name, o->units);
    l->output[0].dim[l->output[0].rank - 1] = o->units;
    l->activation = o->activation;
    l->l1 = o->l1;
    l->l2 = o->l2;
    if (l->input[0].rank > 1) l->step = dli_dense_forward;
    return dli_layer_weights(l, true, dl_shape2(o->units, dli_last(l->input[0])), o->weight_init,
                             o->bias, dl_shape1(o->units), o->bias_init);
}

#ifndef DL_NO_IMAGES
/* ---- layers for images ---- */

/* Does the layer get an image (or, with dims 1, a sequence)? */
static bool dli_layer_image(const dl_layer *l, int dims)
{
    char s[DLI_SHAPE_TEXT];
    const char *wanted = dims == 1 ? "a sequence [C,L]; with one channel it is [1,L]"
                                   : "an image [C,H,W]; a grey one is [1,H,W]";
    return l->input[0].rank == dims + 1 ||
           dl_fail(l->ctx, DL_ERR_SHAPE, "%s: its input is %s, not %s", l->name,
                   dli_shape_text(s, l->input[0]), wanted);
}

DL_DEF dl_conv_layer dl_conv_layer_default(int filters, int kernel, dl_activation activation)
{
    dl_conv_layer o;
    memset(&o, 0, sizeof o);
    o.filters = filters;
    o.kernel[0] = o.kernel[1] = kernel;
    o.conv = dl_conv_default();
    o.activation = activation;
    o.weight_init = dl_init_glorot_uniform();
    o.bias_init = dl_init_zeros();
    o.bias = true;
    return o;
}

static const dl_field dli_conv_fields[] = {
    DLI_E(dl_conv_layer, filters, INT), DLI_E2(dl_conv_layer, kernel, INT),
    DLI_E2(dl_conv_layer, conv.stride, INT), DLI_E2(dl_conv_layer, conv.before, INT),
    DLI_E2(dl_conv_layer, conv.after, INT), DLI_E(dl_conv_layer, conv.same, BOOL),
    DLI_E2(dl_conv_layer, conv.dilation, INT), DLI_E(dl_conv_layer, conv.groups, INT),
    DLI_E2(dl_conv_layer, conv.output_padding, INT), DLI_E(dl_conv_layer, activation, ACTIVATION),
    DLI_E(dl_conv_layer, weight_init, INIT), DLI_E(dl_conv_layer, bias_init, INIT),
    DLI_E(dl_conv_layer, bias, BOOL), DLI_E(dl_conv_layer, l1, DOUBLE),
    DLI_E(dl_conv_layer, l2, DOUBLE), DLI_E_END };

DLI_FORWARD(dli_conv1d_layer_forward, dl_conv1d(x[0], l->param[0], dli_layer_bias(l),
                                                &DLI_O(dl_conv_layer)->conv))
DLI_FORWARD(dli_conv2d_layer_forward, dl_conv2d(x[0], l->param[0], dli_layer_bias(l),
                                                &DLI_O(dl_conv_layer)->conv))
DLI_FORWARD(dli_conv_transpose_layer_forward,
            dl_conv_transpose2d(x[0], l->param[0], dli_layer_bias(l), &DLI_O(dl_conv_layer)->conv))

/* Work out a convolution layer's output and make its parameters. */
static bool dli_conv_build(dl_layer *l)
{
    const dl_conv_layer *o = DLI_O(dl_conv_layer);
    const bool transposed = l->type->forward == dli_conv_transpose_layer_forward;
    const int dims = l->type->forward == dli_conv1d_layer_forward ? 1 : 2;
    const dl_int C = l->input[0].dim[0], groups = o->conv.groups;
    if (!dli_layer_image(l, dims) || !dli_conv_used(l->ctx, l->name, &o->conv, dims, transposed))
        return false;
    if (dims == 1 && o->kernel[1] != o->kernel[0])
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: kernel %dx%d, but in one dimension only the "
                       "first number counts; set both alike", l->name, o->kernel[0], o->kernel[1]);
    if (o->filters < 1 || groups < 1 || C < 1 || C % groups || o->filters % groups)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %d filters in %d groups on %lld channels: "
                       "filters and groups must be 1 or more, and groups divide both", l->name,
                       o->filters, o->conv.groups, (long long)C);
    const dl_shape shape = dl_shape4(transposed ? C : o->filters,
                                     (transposed ? o->filters : C) / groups, o->kernel[0],
                                     o->kernel[1]);
    dli_slide s;
    if (!dli_slide_start(l->ctx, l->name, &s, l->input[0].dim + 1, shape.dim + 2, &o->conv, dims) ||
        !(transposed ? dli_slide_grow(l->ctx, l->name, &s, o->conv.same, o->conv.output_padding)
                     : dli_slide_fit(l->ctx, l->name, &s, o->conv.same)))
        return false;
    l->output[0].dim[0] = o->filters;
    for (int i = 0; i < dims; i++) l->output[0].dim[1 + i] = (dl_int)s.out[2 - dims + i];
    l->activation = o->activation;
    l->l1 = o->l1;
    l->l2 = o->l2;
    dl_init init = o->weight_init;
    const double fan_in = (double)(C / groups) * o->kernel[0] * (dims > 1 ? o->kernel[1] : 1);
    if (transposed && init.kind == DL_INIT_HE_UNIFORM)       /* dl_initialize would take out k... */
        init = dl_init_uniform(-sqrt(6 / fan_in), sqrt(6 / fan_in));
    if (transposed && init.kind == DL_INIT_HE_NORMAL) init = dl_init_normal(0, sqrt(2 / fan_in));
    return dli_layer_weights(l, true, dli_rank(shape, dims + 2), init, o->bias,
                             dl_shape1(o->filters), o->bias_init);
}

static const dl_field dli_upsampling_fields[] = DLI_E_ONE("factor", INT);
DLI_FORWARD(dli_upsampling_layer_forward, dl_upsample_nearest2d(x[0], *DLI_O(int), *DLI_O(int)))
static bool dli_upsampling_build(dl_layer *l)
{
    const int factor = *DLI_O(int);
    if (!dli_layer_image(l, 2)) return false;
    for (int i = 1; i < 3; i++) {
        if (factor < 1 || l->input[0].dim[i] > INT32_MAX / factor)
            return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: factor %d must be 1 or more, and the "
                           "image not too large", l->name, factor);
        l->output[0].dim[i] *= factor;
    }
    return true;
}

static const dl_field dli_pool_fields[] = {
    DLI_E2(dl_pool, kernel, INT), DLI_E2(dl_pool, stride, INT), DLI_E2(dl_pool, before, INT),
    DLI_E2(dl_pool, after, INT), DLI_E(dl_pool, same, BOOL), DLI_E(dl_pool, count_padding, BOOL),
    DLI_E_END };
DLI_FORWARD(dli_max_pool_layer_forward, dl_max_pool2d(x[0], DLI_O(dl_pool)))
DLI_FORWARD(dli_avg_pool_layer_forward, dl_avg_pool2d(x[0], DLI_O(dl_pool)))
static bool dli_pool_build(dl_layer *l)
{
    if (!dli_layer_image(l, 2)) return false;
    dl_pool fitted = *DLI_O(dl_pool);
    return dli_pool_fit(l->ctx, l->name, l->input[0].dim[1], l->input[0].dim[2], &fitted,
                        l->type->forward == dli_max_pool_layer_forward, l->output[0].dim + 1);
}

DLI_FORWARD(dli_global_pool_layer_forward, dl_global_avg_pool2d(x[0]))
static bool dli_global_pool_build(dl_layer *l)
{
    l->output[0] = dl_shape1(l->input[0].dim[0]);
    return dli_layer_image(l, 2);
}
#endif

/* ---- normalizations ---- */

DL_DEF dl_norm_layer dl_norm_layer_default(void)
{
    dl_norm_layer o;
    memset(&o, 0, sizeof o);
    o.momentum = 0.01;
    o.eps = 1e-3;
    o.weight = o.bias = true;
    o.axes = o.groups = 1;
    return o;
}

static const dl_field dli_norm_fields[] = {
    DLI_E(dl_norm_layer, momentum, DOUBLE), DLI_E(dl_norm_layer, eps, DOUBLE),
    DLI_E(dl_norm_layer, weight, BOOL), DLI_E(dl_norm_layer, bias, BOOL),
    DLI_E(dl_norm_layer, axes, INT), DLI_E(dl_norm_layer, groups, INT), DLI_E_END };

static dl_tensor *dli_norm_weight(const dl_layer *l)
{
    return DLI_O(dl_norm_layer)->weight ? l->param[0] : DL_NONE;
}
static dl_tensor *dli_norm_bias(const dl_layer *l)
{
    return DLI_O(dl_norm_layer)->bias ? l->param[l->params - 1] : DL_NONE;
}

/* Check the options that every normalization shares, and that those it has no use for are left
   alone; then make weight and bias, of this shape. */
static bool dli_norm_build(dl_layer *l, dl_shape shape, bool momentum, bool axes, bool groups)
{
    const dl_norm_layer *o = DLI_O(dl_norm_layer), unused = dl_norm_layer_default();
    if (l->input[0].rank < 1 || dl_shape_size(l->input[0]) < 1)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: its input has no channels", l->name);
    if (!(o->eps >= 0) || !(o->momentum >= 0 && o->momentum <= 1))
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: momentum %g must be in [0, 1], eps %g 0 or "
                       "more", l->name, o->momentum, o->eps);
    const char *name = !momentum && o->momentum != unused.momentum ? "momentum"
                     : !axes && o->axes != unused.axes ? "axes"
                     : !groups && o->groups != unused.groups ? "groups" : NULL;
    if (name)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: it has no use for %s; leave that as "
                       "dl_norm_layer_default gives it", l->name, name);
    return dli_layer_weights(l, o->weight, shape, dl_init_constant(1), o->bias, shape,
                             dl_init_zeros());
}

DLI_FORWARD(dli_batch_norm_layer_forward,
            dl_batch_norm(x[0], dli_norm_weight(l), dli_norm_bias(l), l->state[0], l->state[1],
                          DLI_O(dl_norm_layer)->momentum, DLI_O(dl_norm_layer)->eps))
static bool dli_batch_norm_build(dl_layer *l)
{
    const dl_shape channels = dl_shape1(l->input[0].dim[0]);
    return dli_norm_build(l, channels, true, false, false) &&
           dl_layer_state(l, "running_mean", channels, 0) &&
           dl_layer_state(l, "running_var", channels, 1);
}

DLI_FORWARD(dli_layer_norm_layer_forward,
            dl_layer_norm(x[0], DLI_O(dl_norm_layer)->axes, dli_norm_weight(l), dli_norm_bias(l),
                          DLI_O(dl_norm_layer)->eps))
static bool dli_layer_norm_build(dl_layer *l)
{
    char s[DLI_SHAPE_TEXT];
    const dl_shape in = l->input[0];
    const int axes = DLI_O(dl_norm_layer)->axes;
    dl_shape shape = dl_shape0();
    if (axes < 1 || axes > in.rank)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: the last %d axes of %s", l->name, axes,
                       dli_shape_text(s, in));
    for (int d = in.rank - axes; d < in.rank; d++) shape.dim[shape.rank++] = in.dim[d];
    if (axes < in.rank) l->step = dli_layer_norm_layer_forward;
    return dli_norm_build(l, shape, false, true, false);
}

DLI_FORWARD(dli_group_norm_layer_forward,
            dl_group_norm(x[0], DLI_O(dl_norm_layer)->groups, dli_norm_weight(l), dli_norm_bias(l),
                          DLI_O(dl_norm_layer)->eps))
static bool dli_group_norm_build(dl_layer *l)
{
    const int groups = DLI_O(dl_norm_layer)->groups;
    const dl_int C = l->input[0].dim[0];
    if (groups < 1 || C % groups)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %d groups do not divide %lld channels",
                       l->name, groups, (long long)C);
    return dli_norm_build(l, dl_shape1(C), false, false, true);
}

#ifndef DL_NO_SEQUENCES
/* ---- sequences ---- */

static const char *const dli_recurrent_names[] = { "rnn_tanh", "rnn_relu", "lstm", "gru", NULL };
typedef struct dli_recurrent_options {
    dl_recurrent_kind kind;
    int  units;
    bool bidirectional, return_sequences;
} dli_recurrent_options;
static const dl_field dli_recurrent_fields[] = {
    { "kind", DL_FIELD_ENUM, 1, offsetof(dli_recurrent_options, kind), dli_recurrent_names },
    DLI_E(dli_recurrent_options, units, INT), DLI_E(dli_recurrent_options, bidirectional, BOOL),
    DLI_E(dli_recurrent_options, return_sequences, BOOL), DLI_E_END };

/* One step [N,1,D], from the state that the last one has left. */
static void dli_recurrent_layer_step(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const dli_recurrent_options *o = DLI_O(dli_recurrent_options);
    const dl_int N = x[0]->shape.dim[0], H = o->units;
    const bool lstm = o->kind == DL_LSTM;
    dl_tensor *h = dl_layer_carry(l, 0, dl_shape3(1, N, H));
    dl_tensor *c = lstm ? dl_layer_carry(l, 1, dl_shape3(1, N, H)) : DL_NONE;
    if (!h || !c) return;
    const dl_sequence r = dli_recurrent_net(l->name, o->kind, x[0], l->param, h, c, NULL);
    if (!r.y || !dl_assign(h, r.h) || (lstm && !dl_assign(c, r.c))) return;
    y[0] = o->return_sequences ? r.y : dl_reshape(r.y, dl_shape2(N, H));
}

static bool dli_recurrent_build(dl_layer *l)
{
    static const char *const names[] = { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0",
        "bias_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse",
        "bias_hh_l0_reverse" };
    const dli_recurrent_options *o = DLI_O(dli_recurrent_options);
    const dl_int G = o->kind == DL_LSTM ? 4 : o->kind == DL_GRU ? 3 : 1, H = o->units;
    const dl_int T = l->input[0].dim[0], D = l->input[0].dim[1];
    const int K = o->bidirectional ? 2 : 1;
    char s[DLI_SHAPE_TEXT];
    if (l->input[0].rank != 2 || T < 1 || H < 1)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: %d units for samples of %s; it needs samples "
                       "[T,D] and 1 or more units", l->name, o->units,
                       dli_shape_text(s, l->input[0]));
    l->output[0] = o->return_sequences ? dl_shape2(T, K * H) : dl_shape1(K * H);
    if (!o->bidirectional) l->step = dli_recurrent_layer_step;
    for (int i = 0; i < 4 * K; i++) {
        const dl_shape shape = i % 4 == 0 ? dl_shape2(G * H, D) : i % 4 == 1 ? dl_shape2(G * H, H)
                                                                             : dl_shape1(G * H);
        if (!dl_layer_param(l, names[i], shape, dl_init_torch(H))) return false;
    }
    return true;
}

static void dli_recurrent_layer_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const dli_recurrent_options *own = DLI_O(dli_recurrent_options);
    dl_recurrent o = dl_recurrent_default();
    o.bidirectional = own->bidirectional;
    const dl_sequence r = dli_recurrent_net(l->name, own->kind, x[0], l->param, DL_NONE, DL_NONE,
                                            &o);
    y[0] = r.y;
    if (own->return_sequences || !r.h) return;
    dl_tensor *h = o.bidirectional ? dl_transpose(r.h, 0, 1) : r.h;     /* [K,N,H] to [N,K,H] */
    y[0] = dl_reshape(h, dl_shape2(x[0]->shape.dim[0], l->output[0].dim[0]));
}

typedef struct dli_embedding_options { int words, units; } dli_embedding_options;
static const dl_field dli_embedding_fields[] = {
    DLI_E(dli_embedding_options, words, INT), DLI_E(dli_embedding_options, units, INT), DLI_E_END };

/* A model's inputs are numbers of type DL_REAL, so a word number is one, too; a float tells whole
   numbers apart up to 2^24. */
#define DLI_WORDS_MAX (sizeof(dl_real) == 4 ? 1 << 24 : INT32_MAX)

static void dli_embedding_layer_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y)
{
    const dl_int words = l->param[0]->shape.dim[0], n = x[0]->size;
    int32_t *index = (int32_t *)dli_tape_alloc(l->ctx, l->name, (size_t)n * sizeof *index);
    for (dl_int i = 0; index && i < n; i++) {
        const double word = (double)x[0]->data[i];
        if (!(word >= 0 && word < (double)words && word == floor(word))) {
            dl_fail(l->ctx, DL_ERR_RANGE, "%s: word %g at position %lld is not a whole number in "
                    "0..%lld", l->name, word, (long long)i, (long long)words - 1);
            return;
        }
        index[i] = (int32_t)word;
    }
    if (index) y[0] = dl_embedding(l->param[0], index, x[0]->shape, -1);
}
static bool dli_embedding_build(dl_layer *l)
{
    const dli_embedding_options *o = DLI_O(dli_embedding_options);
    if (o->words < 1 || o->units < 1 || l->input[0].rank >= DL_MAX_DIMS - 1)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: %d words, %d units: give 1 or more of each, "
                       "and samples of rank below %d", l->name, o->words, o->units,
                       DL_MAX_DIMS - 1);
    if (o->words > DLI_WORDS_MAX)
        return dl_fail(l->ctx, DL_ERR_LIMIT, "%s: %d words, but a model's inputs are floats, which "
                       "tell only %d whole numbers apart; define DL_REAL double, or call "
                       "dl_embedding, whose indexes are int32_t", l->name, o->words,
                       DLI_WORDS_MAX);
    l->output[0].dim[l->output[0].rank++] = o->units;
    l->step = dli_embedding_layer_forward;
    return dl_layer_param(l, "weight", dl_shape2(o->words, o->units), dl_init_normal(0, 1)) != NULL;
}

typedef struct dli_attention_options { int heads; bool causal; } dli_attention_options;
static const dl_field dli_attention_fields[] = {
    DLI_E(dli_attention_options, heads, INT), DLI_E(dli_attention_options, causal, BOOL),
    DLI_E_END };
DLI_FORWARD(dli_attention_layer_forward,
            dl_multihead_attention(x[0], x[0], x[0], l->param, DLI_O(dli_attention_options)->heads,
                                   DL_NONE, NULL, DLI_O(dli_attention_options)->causal))
static bool dli_attention_build(dl_layer *l)
{
    char s[DLI_SHAPE_TEXT];
    const dl_int E = l->input[0].rank == 2 ? l->input[0].dim[1] : 0;
    const int heads = DLI_O(dli_attention_options)->heads;
    if (E < 1 || heads < 1 || E % heads)
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: %d heads for samples of %s; it needs samples "
                       "[T,E] with E a multiple of the heads", l->name, heads,
                       dli_shape_text(s, l->input[0]));
    return dl_layer_param(l, "in_proj_weight", dl_shape2(3 * E, E), dl_init_glorot_uniform()) &&
           dl_layer_param(l, "in_proj_bias", dl_shape1(3 * E), dl_init_zeros()) &&
           dl_layer_param(l, "out_proj.weight", dl_shape2(E, E), dl_init_torch(E)) &&
           dl_layer_param(l, "out_proj.bias", dl_shape1(E), dl_init_zeros());
}
#endif /* DL_NO_SEQUENCES */

/* ---- all of them, and the functions that add them ---- */

static const dl_layer_type dli_layer_types[] = {
    { "Flatten", "flatten", 0, NULL, 1, dli_flatten_build, dli_flatten_forward, NULL },
    { "Activation", "activation", sizeof(dl_activation), dli_activation_fields, 1,
      dli_activation_build, dli_same_forward, NULL },
    { "Dropout", "dropout", sizeof(double), dli_dropout_fields, 1, dli_dropout_build,
      dli_dropout_layer_forward, NULL },
    { "Reshape", "reshape", sizeof(dl_shape), dli_reshape_fields, 1, dli_reshape_build,
      dli_reshape_layer_forward, NULL },
    { "InputLayer", "input", sizeof(dl_shape), dli_input_fields, 0, dli_input_build,
      dli_same_forward, NULL },
    { "Add", "add", 0, NULL, 0, dli_add_build, dli_add_layer_forward, NULL },
    { "Concatenate", "concatenate", sizeof(int), dli_concat_fields, 0, dli_concat_build,
      dli_concat_layer_forward, NULL },
    { "Dense", "dense", sizeof(dl_dense), dli_dense_fields, 1, dli_dense_build, dli_dense_forward,
      NULL },
    { "BatchNormalization", "batch_normalization", sizeof(dl_norm_layer), dli_norm_fields, 1,
      dli_batch_norm_build, dli_batch_norm_layer_forward, NULL },
    { "LayerNormalization", "layer_normalization", sizeof(dl_norm_layer), dli_norm_fields, 1,
      dli_layer_norm_build, dli_layer_norm_layer_forward, NULL },
    { "GroupNormalization", "group_normalization", sizeof(dl_norm_layer), dli_norm_fields, 1,
      dli_group_norm_build, dli_group_norm_layer_forward, NULL },
#ifndef DL_NO_IMAGES
    { "Conv1D", "conv1d", sizeof(dl_conv_layer), dli_conv_fields, 1, dli_conv_build,
      dli_conv1d_layer_forward, NULL },
    { "Conv2D", "conv2d", sizeof(dl_conv_layer), dli_conv_fields, 1, dli_conv_build,
      dli_conv2d_layer_forward, NULL },
    { "Conv2DTranspose", "conv2d_transpose", sizeof(dl_conv_layer), dli_conv_fields, 1,
      dli_conv_build, dli_conv_transpose_layer_forward, NULL },
    { "UpSampling2D", "up_sampling2d", sizeof(int), dli_upsampling_fields, 1, dli_upsampling_build,
      dli_upsampling_layer_forward, NULL },
    { "MaxPooling2D", "max_pooling2d", sizeof(dl_pool), dli_pool_fields, 1, dli_pool_build,
      dli_max_pool_layer_forward, NULL },
    { "AveragePooling2D", "average_pooling2d", sizeof(dl_pool), dli_pool_fields, 1, dli_pool_build,
      dli_avg_pool_layer_forward, NULL },
    { "GlobalAveragePooling2D", "global_average_pooling2d", 0, NULL, 1, dli_global_pool_build,
      dli_global_pool_layer_forward, NULL },
#endif
#ifndef DL_NO_SEQUENCES
#define DLI_RECURRENT_TYPE(name, prefix) { name, prefix, sizeof(dli_recurrent_options),          \
      dli_recurrent_fields, 1, dli_recurrent_build, dli_recurrent_layer_forward, NULL }
    DLI_RECURRENT_TYPE("SimpleRNN", "rnn"), DLI_RECURRENT_TYPE("LSTM", "lstm"),
    DLI_RECURRENT_TYPE("GRU", "gru"), DLI_RECURRENT_TYPE("Bidirectional", "bidirectional"),
    { "Embedding", "embedding", sizeof(dli_embedding_options), dli_embedding_fields, 1,
      dli_embedding_build, dli_embedding_layer_forward, NULL },
    { "MultiHeadAttention", "multihead_attention", sizeof(dli_attention_options),
      dli_attention_fields, 1, dli_attention_build, dli_attention_layer_forward, NULL },
#endif
};

static dl_layer *dli_add(dl_model *m, const char *type, const void *options)
{
    return dl_model_add(m, dl_find_layer(NULL, type), options);
}

DL_DEF dl_layer *dl_model_add_flatten(dl_model *m) { return dli_add(m, "Flatten", NULL); }
DL_DEF dl_layer *dl_model_add_activation(dl_model *m, dl_activation activation)
{
    return dli_add(m, "Activation", &activation);
}
DL_DEF dl_layer *dl_model_add_dropout(dl_model *m, double p) { return dli_add(m, "Dropout", &p); }
DL_DEF dl_layer *dl_model_add_reshape(dl_model *m, dl_shape shape)
{
    return dli_add(m, "Reshape", &shape);
}

DL_DEF dl_layer *dl_model_add_input(dl_model *m, dl_shape shape)
{
    return dli_add(m, "InputLayer", &shape);
}
DL_DEF dl_layer *dl_model_add_add(dl_model *m, dl_layer *a, dl_layer *b)
{
    dl_layer *from[2];
    from[0] = a;
    from[1] = b;
    return dl_model_add_from(m, dl_find_layer(NULL, "Add"), NULL, from, 2);
}
DL_DEF dl_layer *dl_model_add_concat_along(dl_model *m, dl_layer *const *from, int n, int axis)
{
    return dl_model_add_from(m, dl_find_layer(NULL, "Concatenate"), &axis, from, n);
}
DL_DEF dl_layer *dl_model_add_concat(dl_model *m, dl_layer *const *from, int n)
{
    return dl_model_add_concat_along(m, from, n, 0);
}

DL_DEF dl_layer *dl_model_add_dense_with(dl_model *m, const dl_dense *options)
{
    return dli_add(m, "Dense", options);
}
DL_DEF dl_layer *dl_model_add_dense(dl_model *m, int units, dl_activation activation)
{
    const dl_dense o = dl_dense_default(units, activation);
    return dli_add(m, "Dense", &o);
}

#ifndef DL_NO_IMAGES
DL_DEF dl_layer *dl_model_add_conv2d_with(dl_model *m, const dl_conv_layer *options)
{
    return dli_add(m, "Conv2D", options);
}
DL_DEF dl_layer *dl_model_add_conv2d(dl_model *m, int filters, int kernel,
                                     dl_activation activation)
{
    const dl_conv_layer o = dl_conv_layer_default(filters, kernel, activation);
    return dli_add(m, "Conv2D", &o);
}
DL_DEF dl_layer *dl_model_add_conv1d_with(dl_model *m, const dl_conv_layer *options)
{
    return dli_add(m, "Conv1D", options);
}
DL_DEF dl_layer *dl_model_add_conv1d(dl_model *m, int filters, int kernel,
                                     dl_activation activation)
{
    const dl_conv_layer o = dl_conv_layer_default(filters, kernel, activation);
    return dli_add(m, "Conv1D", &o);
}
DL_DEF dl_layer *dl_model_add_conv2d_transpose_with(dl_model *m, const dl_conv_layer *options)
{
    return dli_add(m, "Conv2DTranspose", options);
}
DL_DEF dl_layer *dl_model_add_conv2d_transpose(dl_model *m, int filters, int kernel, int stride,
                                               dl_activation activation)
{
    dl_conv_layer o = dl_conv_layer_default(filters, kernel, activation);
    o.conv.stride[0] = o.conv.stride[1] = stride;
    if (stride > kernel) o.conv.output_padding[0] = o.conv.output_padding[1] = stride - kernel;
    return dli_add(m, "Conv2DTranspose", &o);
}
DL_DEF dl_layer *dl_model_add_upsampling2d(dl_model *m, int factor)
{
    return dli_add(m, "UpSampling2D", &factor);
}
DL_DEF dl_layer *dl_model_add_max_pooling2d_with(dl_model *m, const dl_pool *options)
{
    const dl_pool o = options ? *options : dl_pool_default(2);
    return dli_add(m, "MaxPooling2D", &o);
}
DL_DEF dl_layer *dl_model_add_max_pooling2d(dl_model *m, int size)
{
    const dl_pool o = dl_pool_default(size);
    return dli_add(m, "MaxPooling2D", &o);
}
DL_DEF dl_layer *dl_model_add_average_pooling2d_with(dl_model *m, const dl_pool *options)
{
    const dl_pool o = options ? *options : dl_pool_default(2);
    return dli_add(m, "AveragePooling2D", &o);
}
DL_DEF dl_layer *dl_model_add_average_pooling2d(dl_model *m, int size)
{
    const dl_pool o = dl_pool_default(size);
    return dli_add(m, "AveragePooling2D", &o);
}
DL_DEF dl_layer *dl_model_add_global_average_pooling2d(dl_model *m)
{
    return dli_add(m, "GlobalAveragePooling2D", NULL);
}
#endif

static dl_layer *dli_add_norm(dl_model *m, const char *type, const dl_norm_layer *options)
{
    const dl_norm_layer o = options ? *options : dl_norm_layer_default();
    return dli_add(m, type, &o);
}
DL_DEF dl_layer *dl_model_add_batch_normalization_with(dl_model *m, const dl_norm_layer *options)
{
    return dli_add_norm(m, "BatchNormalization", options);
}
DL_DEF dl_layer *dl_model_add_batch_normalization(dl_model *m)
{
    return dli_add_norm(m, "BatchNormalization", NULL);
}
DL_DEF dl_layer *dl_model_add_layer_normalization_with(dl_model *m, const dl_norm_layer *options)
{
    return dli_add_norm(m, "LayerNormalization", options);
}
DL_DEF dl_layer *dl_model_add_layer_normalization(dl_model *m)
{
    return dli_add_norm(m, "LayerNormalization", NULL);
}
DL_DEF dl_layer *dl_model_add_group_normalization_with(dl_model *m, const dl_norm_layer *options)
{
    return dli_add_norm(m, "GroupNormalization", options);
}
DL_DEF dl_layer *dl_model_add_group_normalization(dl_model *m, int groups)
{
    dl_norm_layer o = dl_norm_layer_default();
    o.groups = groups;
    return dli_add(m, "GroupNormalization", &o);
}

#ifndef DL_NO_SEQUENCES
static dl_layer *dli_add_recurrent(dl_model *m, const char *type, dl_recurrent_kind kind, int units,
                                   bool bidirectional, bool return_sequences)
{
    const dli_recurrent_options o = { kind, units, bidirectional, return_sequences };
    return dli_add(m, type, &o);
}
DL_DEF dl_layer *dl_model_add_rnn(dl_model *m, int units, bool return_sequences)
{
    return dli_add_recurrent(m, "SimpleRNN", DL_RNN_TANH, units, false, return_sequences);
}
DL_DEF dl_layer *dl_model_add_lstm(dl_model *m, int units, bool return_sequences)
{
    return dli_add_recurrent(m, "LSTM", DL_LSTM, units, false, return_sequences);
}
DL_DEF dl_layer *dl_model_add_gru(dl_model *m, int units, bool return_sequences)
{
    return dli_add_recurrent(m, "GRU", DL_GRU, units, false, return_sequences);
}
DL_DEF dl_layer *dl_model_add_bidirectional(dl_model *m, dl_recurrent_kind kind, int units,
                                            bool return_sequences)
{
    return dli_add_recurrent(m, "Bidirectional", kind, units, true, return_sequences);
}
DL_DEF dl_layer *dl_model_add_embedding(dl_model *m, int words, int units)
{
    const dli_embedding_options o = { words, units };
    return dli_add(m, "Embedding", &o);
}
DL_DEF dl_layer *dl_model_add_multihead_attention(dl_model *m, int heads, bool causal)
{
    const dli_attention_options o = { heads, causal };
    return dli_add(m, "MultiHeadAttention", &o);
}
DL_DEF dl_layer *dl_model_add_time_distributed(dl_model *m, int units, dl_activation activation)
{
    return dl_model_add_dense(m, units, activation);
}
#endif

#endif /* DL_NO_MODEL */

/* ---- types by their names ---- */

/* What dl_register_... was told, newest first: descriptions, which all begin with their name. */
struct dli_registered { struct dli_registered *next; char kind; const void *type; };

static const char *dli_name_of(const void *description)
{
    return *(const char *const *)description;
}

static const void *dli_registered_find(const dl_ctx *c, char kind, const char *name)
{
    for (const struct dli_registered *r = c ? c->registered : NULL; r; r = r->next)
        if (r->kind == kind && strcmp(dli_name_of(r->type), name) == 0) return r->type;
    return NULL;
}

/* known: what already goes by that name, or NULL. */
static bool dli_register(dl_ctx *c, char kind, const void *type, const void *known)
{
    if (known)
        return known == type || dl_fail(c, DL_ERR_ARGUMENT, "dl_register: there is another '%.100s'"
                                        " already", dli_name_of(type));
    struct dli_registered *r = (struct dli_registered *)dli_object_new(c, "dl_register", sizeof *r,
                                                                       NULL);
    if (!r) return false;
    r->next = c->registered;
    r->kind = kind;
    r->type = type;
    c->registered = r;
    return true;
}

#ifndef DL_NO_MODEL
DL_DEF const dl_layer_type *dl_find_layer(dl_ctx *dl, const char *name)
{
    for (size_t i = 0; name && i < sizeof dli_layer_types / sizeof dli_layer_types[0]; i++)
        if (strcmp(dli_layer_types[i].name, name) == 0) return &dli_layer_types[i];
    return name ? (const dl_layer_type *)dli_registered_find(dl, 'L', name) : NULL;
}

DL_DEF bool dl_register_layer(dl_ctx *dl, const dl_layer_type *type)
{
    return dl && type && type->name &&
           dli_register(dl, 'L', type, dl_find_layer(dl, type->name));
}
#endif

/* ------------------------------------------------------------------------- >>losses-impl ----
   Two ops do all the work: dli_pair compares two tensors element by element, dli_cross_entropy rows
   of scores with labels or probabilities. The public functions choose a kernel, and mean or sum.
   Last, the table of the losses that models know, as a user would describe them.

   A loss keeps for its backward the scale of its sum, 1 or (of a mean) 1 / n, and the kernel of the
   table that goes back. The cross-entropies keep the softmax, too, for their gradient is made of
   nothing else. With t the one-hot row of the label,

       L = -sum_c t_c ln p_c = sum_c t_c (ln sum_k e^{z_k} - z_c)
       dL/dz_j = e^{z_j} / sum_k e^{z_k} - t_j = p_j - t_j        (as sum_c t_c = 1)

   what the model says minus what is true, without a second exponential; likewise the binary one,
   sigmoid(z) - t. Neither vanishes when a model is confidently wrong, as the gradient of a squared
   error behind a sigmoid does: its factor p (1 - p) is 0 there. */

/* What the losses that compare two tensors element by element keep. */
typedef struct dli_pair_state {
    dlk_mse_backward_fn   backward;       /* of MSE, MAE or binary cross-entropy              */
    dlk_huber_backward_fn huber;          /* or this one                                      */
    double scale, delta;
} dli_pair_state;

static void dli_pair_back(dli_node *node)
{
    const dli_pair_state *s = (const dli_pair_state *)node->state;
    const dl_tensor *x = node->in[0], *t = node->in[1];
    const dl_real dloss = dli_grad(node->out)[0];
    dl_real *dx = dli_grad(node->in[0]);
    if (dx && s->backward) s->backward(dx, dloss, x->data, t->data, x->size, s->scale);
    else if (dx) s->huber(dx, dloss, x->data, t->data, x->size, s->delta, s->scale);
}

/* Two operands of one shape, the second one without gradient? */
static dl_ctx *dli_check_targets(const char *op, dl_tensor *const *in)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs(op, in, 2);
    if (!c) return NULL;
    if (!dl_shape_equal(in[0]->shape, in[1]->shape)) {
        dl_fail(c, DL_ERR_SHAPE, "%s: predictions %s and targets %s differ in shape", op,
                dli_shape_text(s, in[0]->shape), dli_shape_text(t, in[1]->shape));
        return NULL;
    }
    if (in[1]->requires_grad) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the targets require a gradient, which losses do not "
                "compute; use dl_detach on them", op);
        return NULL;
    }
    return c;
}

/* forward and backward: of one of them, or NULL for Huber's with delta. */
static dl_tensor *dli_pair(const char *op, dl_tensor *x, dl_tensor *target,
                           dlk_mse_forward_fn forward, dlk_mse_backward_fn backward, double delta,
                           bool mean)
{
    dl_tensor *in[2];
    in[0] = x;
    in[1] = target;
    dl_ctx *c = dli_check_targets(op, in);
    if (!c) return NULL;
    if (!(delta > 0))
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: delta %g is not above 0", op, delta);
    dli_pair_state s;
    s.backward = backward;
    s.huber = c->kernels.huber_backward;
    s.scale = mean ? 1 / (double)x->size : 1;
    s.delta = delta;
    dl_tensor *y = dli_result_with(c, op, dl_shape0(), in, 2, dli_pair_back, &s, sizeof s);
    if (y && forward) forward(y->data, x->data, target->data, x->size, s.scale);
    else if (y) c->kernels.huber_forward(y->data, x->data, target->data, x->size, delta, s.scale);
    return y;
}

/* One of the table, where there is a context to have one. */
#define DLI_PAIR(op, x, target, name, mean)                                                      \
    dli_pair(op, x, target, (x) && (x)->ctx ? (x)->ctx->kernels.name##_forward : NULL,           \
             (x) && (x)->ctx ? (x)->ctx->kernels.name##_backward : NULL, 1, mean)

DL_DEF dl_tensor *dl_mse(dl_tensor *x, dl_tensor *target)
{
    return DLI_PAIR("dl_mse", x, target, mse, true);
}
DL_DEF dl_tensor *dl_mse_sum(dl_tensor *x, dl_tensor *target)
{
    return DLI_PAIR("dl_mse_sum", x, target, mse, false);
}
DL_DEF dl_tensor *dl_mae(dl_tensor *x, dl_tensor *target)
{
    return DLI_PAIR("dl_mae", x, target, mae, true);
}
DL_DEF dl_tensor *dl_mae_sum(dl_tensor *x, dl_tensor *target)
{
    return DLI_PAIR("dl_mae_sum", x, target, mae, false);
}
DL_DEF dl_tensor *dl_huber(dl_tensor *x, dl_tensor *target, double delta)
{
    return dli_pair("dl_huber", x, target, NULL, NULL, delta, true);
}
DL_DEF dl_tensor *dl_huber_sum(dl_tensor *x, dl_tensor *target, double delta)
{
    return dli_pair("dl_huber_sum", x, target, NULL, NULL, delta, false);
}
DL_DEF dl_tensor *dl_bce(dl_tensor *logits, dl_tensor *target)
{
    return DLI_PAIR("dl_bce", logits, target, bce, true);
}
DL_DEF dl_tensor *dl_bce_sum(dl_tensor *logits, dl_tensor *target)
{
    return DLI_PAIR("dl_bce_sum", logits, target, bce, false);
}

typedef struct dli_cross_entropy_state {
    dlk_cross_entropy_backward_fn      labels_backward;
    dlk_soft_cross_entropy_backward_fn targets_backward;
    const dl_real *p;                     /* [N,C] the softmax                                */
    const int32_t *label;                 /* [N], or NULL: the targets are the second operand */
    dl_int N, C;
    double scale;
} dli_cross_entropy_state;

static void dli_cross_entropy_back(dli_node *node)
{
    const dli_cross_entropy_state *s = (const dli_cross_entropy_state *)node->state;
    const dl_real dloss = dli_grad(node->out)[0];
    dl_real *dx = dli_grad(node->in[0]);
    if (dx && s->label) s->labels_backward(dx, dloss, s->p, s->label, s->N, s->C, s->scale);
    else if (dx)
        s->targets_backward(dx, dloss, s->p, node->in[1]->data, s->N, s->C, s->scale);
}

/* Cross-entropy with labels, or (labels NULL) with the targets in[1]. */
static dl_tensor *dli_cross_entropy(dl_ctx *c, const char *op, dl_tensor *const *in,
                                    const int32_t *labels, bool mean)
{
    const dl_int N = dli_rows(in[0]), C = dli_last(in[0]->shape);
    if (labels && !dli_check_index(c, op, "label", labels, N, C)) return NULL;
    dl_real *p = (dl_real *)dli_tape_alloc(c, op, (size_t)(N * C) * sizeof *p);
    int32_t *label = labels ? (int32_t *)dli_tape_alloc(c, op, (size_t)N * sizeof *label) : NULL;
    if (!p || (labels && !label)) return NULL;
    if (labels) memcpy(label, labels, (size_t)N * sizeof *label);
    dli_cross_entropy_state s;
    s.labels_backward = c->kernels.cross_entropy_backward;
    s.targets_backward = c->kernels.soft_cross_entropy_backward;
    s.p = p;
    s.label = label;
    s.N = N;
    s.C = C;
    s.scale = mean ? 1 / (double)N : 1;
    dl_tensor *y = dli_result_with(c, op, dl_shape0(), in, labels ? 1 : 2, dli_cross_entropy_back,
                                   &s, sizeof s);
    if (!y) return NULL;
    if (labels) DLI_RUN(c, cross_entropy_forward, y->data, p, in[0]->data, label, N, C, s.scale);
    else DLI_RUN(c, soft_cross_entropy_forward, y->data, p, in[0]->data, in[1]->data, N, C,
                 s.scale);
    if (c->kernels.softmax_forward != dlk_softmax_forward)     /* somebody else's probabilities */
        c->kernels.softmax_forward(p, in[0]->data, N, C);
    return y;
}

static dl_tensor *dli_label_loss(const char *op, dl_tensor *logits, const int32_t *labels,
                                 bool mean)
{
    dl_ctx *c = dli_inputs(op, &logits, 1);
    if (!c) return NULL;
    if (!labels) return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: the labels are NULL", op);
    return dli_cross_entropy(c, op, &logits, labels, mean);
}

static dl_tensor *dli_soft_loss(const char *op, dl_tensor *logits, dl_tensor *target, bool mean)
{
    dl_tensor *in[2];
    in[0] = logits;
    in[1] = target;
    dl_ctx *c = dli_check_targets(op, in);
    return c ? dli_cross_entropy(c, op, in, NULL, mean) : NULL;
}

DL_DEF dl_tensor *dl_cross_entropy(dl_tensor *logits, const int32_t *labels)
{
    return dli_label_loss("dl_cross_entropy", logits, labels, true);
}
DL_DEF dl_tensor *dl_cross_entropy_sum(dl_tensor *logits, const int32_t *labels)
{
    return dli_label_loss("dl_cross_entropy_sum", logits, labels, false);
}
DL_DEF dl_tensor *dl_soft_cross_entropy(dl_tensor *logits, dl_tensor *target)
{
    return dli_soft_loss("dl_soft_cross_entropy", logits, target, true);
}
DL_DEF dl_tensor *dl_soft_cross_entropy_sum(dl_tensor *logits, dl_tensor *target)
{
    return dli_soft_loss("dl_soft_cross_entropy_sum", logits, target, false);
}

DL_DEF dl_entropy dl_entropy_default(void)
{
    dl_entropy o;
    memset(&o, 0, sizeof o);
    o.ignore = -100;
    return o;
}

/* Targets in which weights, smoothing and ignored rows are contained, so that the cross-entropy
   with them is what is asked for. *total: the sum of the weights of the rows that count. */
static dl_tensor *dli_entropy_targets(const char *op, const dl_tensor *z, const int32_t *labels,
                                      const dl_entropy *o, double *total)
{
    const dl_int N = dli_rows(z), C = dli_last(z->shape);
    bool good = labels && o->smoothing >= 0 && o->smoothing <= 1;
    *total = 0;
    for (dl_int k = 0; good && o->class_weight && k < C; k++)
        good = o->class_weight[k] >= 0 && o->class_weight[k] <= DBL_MAX;
    if (!good)
        return DLI_REFUSE(z->ctx, DL_ERR_ARGUMENT, "%s: the labels must be there, the smoothing %g "
                          "from 0 to 1, the class weights 0 or more", op, o->smoothing);
    dl_tensor *t = dli_tape_tensor(z->ctx, op, z->shape);
    if (!t) return NULL;
    memset(t->data, 0, (size_t)t->size * sizeof *t->data);
    for (dl_int i = 0; i < N; i++) {
        const int32_t y = labels[i];
        dl_real *row = t->data + i * C;
        if (y == o->ignore) continue;
        if (!dli_check_index(z->ctx, op, "label", &y, 1, C)) return NULL;
        for (dl_int k = 0; k < C; k++) {
            const double share = o->smoothing / (double)C + (k == y ? 1 - o->smoothing : 0);
            row[k] = (dl_real)(share * (o->class_weight ? o->class_weight[k] : 1));
        }
        *total += o->class_weight ? o->class_weight[y] : 1;
    }
    return t;
}

DL_DEF dl_tensor *dl_cross_entropy_with(dl_tensor *logits, const int32_t *labels,
                                        const dl_entropy *options)
{
    const char *op = "dl_cross_entropy_with";
    const dl_entropy defaults = dl_entropy_default();
    double total;
    if (!dli_inputs(op, &logits, 1)) return NULL;
    dl_tensor *t = dli_entropy_targets(op, logits, labels, options ? options : &defaults, &total);
    return dl_mul_scalar(dl_soft_cross_entropy_sum(logits, t), total > 0 ? 1 / total : 0);
}

#ifndef DL_NO_MODEL
/* ---- losses of a model ---- */

/* Each row of x times its weight; w is [N]. */
static dl_tensor *dli_weigh(dl_tensor *x, dl_tensor *w)
{
    dl_shape shape = w->shape;
    if (!x) return NULL;
    shape.rank = x->shape.rank;
    for (int i = 1; i < shape.rank; i++) shape.dim[i] = 1;
    return dl_mul(x, dl_reshape(w, shape));
}

/* A loss that is one formula of z and the targets or labels; and the mean of one that is a formula
   for each element, times the weight of its sample. */
#define DLI_LOSS(name, answers, formula)                                                         \
    static dl_tensor *name(dl_tensor *z, answers, const void *user)                              \
    {                                                                                            \
        (void)user;                                                                              \
        return formula;                                                                          \
    }
#define DLI_WEIGHTED(name, formula)                                                              \
    static dl_tensor *name(dl_tensor *z, dl_tensor *target, const int32_t *labels,               \
                           dl_tensor *weight, const void *user)                                  \
    {                                                                                            \
        (void)labels;                                                                            \
        (void)user;                                                                              \
        return dl_mean(dli_weigh(formula, weight));                                              \
    }
DLI_LOSS(dli_loss_mse, dl_tensor *target, dl_mse(z, target))
DLI_WEIGHTED(dli_weighted_mse, dl_square(dl_sub(z, target)))
DLI_LOSS(dli_loss_mae, dl_tensor *target, dl_mae(z, target))
DLI_WEIGHTED(dli_weighted_mae, dl_abs(dl_sub(z, target)))
DLI_LOSS(dli_loss_bce, dl_tensor *target, dl_bce(z, target))
DLI_WEIGHTED(dli_weighted_bce, dl_sub(dl_softplus(z), dl_mul(z, target)))
DLI_LOSS(dli_loss_huber, dl_tensor *target, dl_huber(z, target, 1))
/* With d = z - t and c = d, but within [-1,1]: c^2 / 2 + c (d - c) is d^2 / 2 or |d| - 1/2. */
static dl_tensor *dli_huber_elements(dl_tensor *d)
{
    dl_tensor *c = dl_clamp(d, -1, 1);
    return dl_add(dl_mul_scalar(dl_square(c), 0.5), dl_mul(c, dl_sub(d, c)));
}
DLI_WEIGHTED(dli_weighted_huber, dli_huber_elements(dl_sub(z, target)))
DLI_LOSS(dli_loss_soft, dl_tensor *target, dl_soft_cross_entropy(z, target))
DLI_LOSS(dli_loss_sparse, const int32_t *labels,
         user ? dl_cross_entropy_with(z, labels, (const dl_entropy *)user)
              : dl_cross_entropy(z, labels))
/* The weights become part of the targets. */
static dl_tensor *dli_weighted_soft(dl_tensor *z, dl_tensor *target, const int32_t *labels,
                                    dl_tensor *weight, const void *user)
{
    const dl_entropy defaults = dl_entropy_default();
    const dl_entropy *o = user ? (const dl_entropy *)user : &defaults;
    double total = (double)dli_rows(z);
    if (labels) target = dli_entropy_targets("dl_model_fit", z, labels, o, &total);
    return dl_mul_scalar(dl_soft_cross_entropy_sum(z, dli_weigh(target, weight)),
                         total > 0 ? 1 / total : 0);
}

DL_DEF const dl_loss *dl_find_loss(dl_ctx *dl, const char *name)
{
    static const dl_loss all[] = {
        { "mean_squared_error", dli_loss_mse, NULL, dli_weighted_mse, DL_LINEAR, NULL },
        { "mean_absolute_error", dli_loss_mae, NULL, dli_weighted_mae, DL_LINEAR, NULL },
        { "huber", dli_loss_huber, NULL, dli_weighted_huber, DL_LINEAR, NULL },
        { "binary_crossentropy", dli_loss_bce, NULL, dli_weighted_bce, DL_SIGMOID, NULL },
        { "categorical_crossentropy", dli_loss_soft, NULL, dli_weighted_soft, DL_SOFTMAX, NULL },
        { "sparse_categorical_crossentropy", NULL, dli_loss_sparse, dli_weighted_soft, DL_SOFTMAX,
          NULL } };
    for (size_t i = 0; name && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0) return &all[i];
    return name ? (const dl_loss *)dli_registered_find(dl, 'l', name) : NULL;
}

DL_DEF dl_loss dl_loss_entropy(const dl_entropy *options)
{
    dl_loss loss = *DL_SPARSE_CATEGORICAL_CROSSENTROPY;
    loss.user = options;
    return loss;
}

DL_DEF bool dl_register_loss(dl_ctx *dl, const dl_loss *loss)
{
    return dl && loss && loss->name && dli_register(dl, 'l', loss, dl_find_loss(dl, loss->name));
}
#endif

/* --------------------------------------------------------------------- >>optimizers-impl ----
   An optimizer is a list of parameters, each with its states (running means of what its gradient
   was), and a kind, which says how many states there are and how one step changes them and the
   weights. The formulas themselves are kernels of floor 1; a kind picks one and its numbers. In
   this order: the kinds, the check of options, the optimizer, what a step does, schedules. */

/* A state that only decays would end among the denormals, so below DLI_MOMENT_MIN it becomes 0
   (see >>kernels-impl). Beside an eps of at least 1e-12, or 1e-24 where it is added to a square,
   the 1e-17 (1e-34) that is missing then does not show. In double likewise. */
#define DLI_EPS_MIN    (DLI_DOUBLE ? 1e-140 : 1e-12)
#define DLI_EPS_IN_MIN (DLI_DOUBLE ? 1e-280 : 1e-24)
/* Squares up to this norm can be added up 10^10 times. */
#define DLI_SQUARES_MAX (DLI_DOUBLE ? 1e149 : 1e14)
#define DLI_NUMBER_MAX (DLI_DOUBLE ? DBL_MAX : (double)FLT_MAX)

/* ---- the kinds: w -= lr times ... ---- */

/* g */
static void dli_update_sgd(const dl_update *u)
{
    DLI_RUN(u->dl, sgd_step, u->w, u->g, u->n, u->options->lr);
}
/* v = mu v + g; Keras' v contains lr */
static void dli_roll(const dl_update *u, bool nesterov)
{
    const dl_optim *o = u->options;
    const bool torch = o->type->torch;
    DLI_RUN(u->dl, momentum_step, u->w, u->g, u->state[0], u->n, torch ? 1 : o->lr,
            torch ? o->lr : 1, o->momentum, nesterov);
}
static void dli_update_momentum(const dl_update *u) { dli_roll(u, false); }
/* mu v + g */
static void dli_update_nesterov(const dl_update *u) { dli_roll(u, true); }
/* g / sqrt(a); a += g^2. Keras has its eps inside the root, PyTorch outside. */
static void dli_update_adagrad(const dl_update *u)
{
    const dl_optim *o = u->options;
    const double out = o->type->torch ? o->eps : 0;
    DLI_RUN(u->dl, adagrad_step, u->w, u->g, u->state[0], u->n, o->lr, o->eps - out, out);
}
/* g sqrt(u / a); a, u: running means of g^2 and of the square of this */
static void dli_update_adadelta(const dl_update *u)
{
    const dl_optim *o = u->options;
    DLI_RUN(u->dl, adadelta_step, u->w, u->g, u->state[0], u->state[1], u->n, o->lr, o->rho,
            o->eps);
}
/* g / sqrt(a); a: a running mean of g^2 */
static void dli_update_rmsprop(const dl_update *u)
{
    const dl_optim *o = u->options;
    const double out = o->type->torch ? o->eps : 0;
    DLI_RUN(u->dl, rmsprop_step, u->w, u->g, u->state[0], u->n, o->lr, o->rho, o->eps - out, out);
}
/* m / sqrt(v): running means of g and g^2. Keras adds eps before v is corrected, PyTorch after. */
static void dli_update_adam(const dl_update *u)
{
    const dl_optim *o = u->options;
    DLI_RUN(u->dl, adam_step, u->w, u->g, u->state[0], u->state[1], u->n, o->lr, o->beta1, o->beta2,
            o->eps, u->t, !o->type->torch);
}

#define DLI_BELOW_1 (1 - DBL_EPSILON)
#define DLI_NONE_USED { NULL, 0, 0, 0, 0 }
#define DLI_MU DL_OPTION(momentum, 0, 0, 1)
#define DLI_START(value) DL_OPTION(start, value, 0, DLI_NUMBER_MAX)
#define DLI_RHO(value) DL_OPTION(rho, value, 0, 1)
#define DLI_EPS(value) DL_OPTION(eps, value, DLI_EPS_MIN, DLI_NUMBER_MAX)
#define DLI_EPS_IN(value) DL_OPTION(eps, value, DLI_EPS_IN_MIN, DLI_NUMBER_MAX)
#define DLI_BETAS DL_OPTION(beta1, 0.9, 0, DLI_BELOW_1), DL_OPTION(beta2, 0.999, 0, DLI_BELOW_1)
#define DLI_DECAY(value) DL_OPTION(weight_decay, value, 0, DLI_NUMBER_MAX)

/* name, step, states, torch, decoupled, squares, options */
static const dl_optim_type dli_optim_types[] = {
    { "SGD", dli_update_sgd, 0, false, true, false, { DLI_NONE_USED } },
    { "momentum", dli_update_momentum, 1, false, true, false, { DLI_MU } },
    { "Nesterov", dli_update_nesterov, 1, false, true, false, { DLI_MU } },
    { "Adagrad", dli_update_adagrad, 1, false, true, true, { DLI_START(0.1), DLI_EPS_IN(1e-7) } },
    { "Adadelta", dli_update_adadelta, 2, false, true, true, { DLI_RHO(0.95), DLI_EPS_IN(1e-7) } },
    { "RMSprop", dli_update_rmsprop, 1, false, true, true, { DLI_RHO(0.9), DLI_EPS_IN(1e-7) } },
    { "Adam", dli_update_adam, 2, false, true, true, { DLI_BETAS, DLI_EPS(1e-7) } },
    { "AdamW", dli_update_adam, 2, false, true, true,
      { DLI_BETAS, DLI_EPS(1e-7), DLI_DECAY(0.004) } },
    { "torch.SGD", dli_update_sgd, 0, true, false, false, { DLI_NONE_USED } },
    { "torch.momentum", dli_update_momentum, 1, true, false, false, { DLI_MU } },
    { "torch.Nesterov", dli_update_nesterov, 1, true, false, false, { DLI_MU } },
    { "torch.Adagrad", dli_update_adagrad, 1, true, false, true,
      { DLI_START(0), DLI_EPS(1e-10) } },
    { "torch.Adadelta", dli_update_adadelta, 2, true, false, true,
      { DLI_RHO(0.9), DLI_EPS_IN(1e-6) } },
    { "torch.RMSprop", dli_update_rmsprop, 1, true, false, true, { DLI_RHO(0.99), DLI_EPS(1e-8) } },
    { "torch.Adam", dli_update_adam, 2, true, false, true, { DLI_BETAS, DLI_EPS(1e-8) } },
    { "torch.AdamW", dli_update_adam, 2, true, true, true,
      { DLI_BETAS, DLI_EPS(1e-8), DLI_DECAY(0.01) } },
};

DL_DEF const dl_optim_type *dl_find_optim(dl_ctx *dl, const char *name)
{
    for (size_t i = 0; name && i < sizeof dli_optim_types / sizeof dli_optim_types[0]; i++)
        if (strcmp(dli_optim_types[i].name, name) == 0) return &dli_optim_types[i];
    return name ? (const dl_optim_type *)dli_registered_find(dl, 'o', name) : NULL;
}

DL_DEF bool dl_register_optim(dl_ctx *dl, const dl_optim_type *type)
{
    return dl && type && type->name && dli_register(dl, 'o', type, dl_find_optim(dl, type->name));
}

/* The numbers of dl_optim: those that only some kinds use, and with a range those that all do. */
static const dl_optim_option dli_optim_numbers[] = {
    DL_OPTION(momentum, 0, 0, 0), DL_OPTION(rho, 0, 0, 0), DL_OPTION(beta1, 0, 0, 0),
    DL_OPTION(beta2, 0, 0, 0), DL_OPTION(eps, 0, 0, 0), DL_OPTION(start, 0, 0, 0),
    { "own[0]", DL_OWN(0), 0, 0, 0 }, { "own[1]", DL_OWN(1), 0, 0, 0 },
    { "own[2]", DL_OWN(2), 0, 0, 0 }, { "own[3]", DL_OWN(3), 0, 0, 0 },
    DL_OPTION(lr, 0, 0, DLI_NUMBER_MAX), DL_OPTION(weight_decay, 0, 0, DLI_NUMBER_MAX),
    DL_OPTION(l1, 0, 0, DLI_NUMBER_MAX), DL_OPTION(l2, 0, 0, DLI_NUMBER_MAX),
    DL_OPTION(ema, 0, 0, DLI_BELOW_1) };
#define DLI_OPTIM_NUMBERS (sizeof dli_optim_numbers / sizeof dli_optim_numbers[0])

static bool dli_is_number(size_t at)
{
    for (size_t k = 0; k < DLI_OPTIM_NUMBERS; k++) if (dli_optim_numbers[k].at == at) return true;
    return false;
}

/* The option of this kind that stands at this place of dl_optim; NULL when it has none. */
static const dl_optim_option *dli_option_at(const dl_optim_type *type, size_t at)
{
    for (int k = 0; k < DL_OPTION_MAX && type->option[k].name; k++)
        if (type->option[k].at == at) return &type->option[k];
    return NULL;
}

DL_DEF dl_optim dl_optim_default(const dl_optim_type *type, double lr)
{
    dl_optim o;
    memset(&o, 0, sizeof o);
    o.type = type;
    o.lr = lr;
    o.clip_norm = o.clip_value = INFINITY;
    for (int k = 0; type && k < DL_OPTION_MAX && type->option[k].name; k++)
        if (dli_is_number(type->option[k].at))
            memcpy((char *)&o + type->option[k].at, &type->option[k].initial, sizeof(double));
    return o;
}

static dl_optim dli_optim(const char *name, double lr)
{
    return dl_optim_default(dl_find_optim(NULL, name), lr);
}
static dl_optim dli_with_mu(const char *name, double lr, double mu)
{
    dl_optim o = dli_optim(name, lr);
    o.momentum = mu;
    return o;
}
DL_DEF dl_optim dl_sgd(double lr) { return dli_optim("SGD", lr); }
DL_DEF dl_optim dl_momentum(double lr, double mu) { return dli_with_mu("momentum", lr, mu); }
DL_DEF dl_optim dl_nesterov(double lr, double mu) { return dli_with_mu("Nesterov", lr, mu); }
DL_DEF dl_optim dl_adagrad(double lr) { return dli_optim("Adagrad", lr); }
DL_DEF dl_optim dl_adadelta(double lr) { return dli_optim("Adadelta", lr); }
DL_DEF dl_optim dl_rmsprop(double lr) { return dli_optim("RMSprop", lr); }
DL_DEF dl_optim dl_adam(double lr) { return dli_optim("Adam", lr); }
DL_DEF dl_optim dl_adamw(double lr) { return dli_optim("AdamW", lr); }
DL_DEF dl_optim dl_torch_sgd(double lr) { return dli_optim("torch.SGD", lr); }
DL_DEF dl_optim dl_torch_momentum(double lr, double mu)
{
    return dli_with_mu("torch.momentum", lr, mu);
}
DL_DEF dl_optim dl_torch_nesterov(double lr, double mu)
{
    return dli_with_mu("torch.Nesterov", lr, mu);
}
DL_DEF dl_optim dl_torch_adagrad(double lr) { return dli_optim("torch.Adagrad", lr); }
DL_DEF dl_optim dl_torch_adadelta(double lr) { return dli_optim("torch.Adadelta", lr); }
DL_DEF dl_optim dl_torch_rmsprop(double lr) { return dli_optim("torch.RMSprop", lr); }
DL_DEF dl_optim dl_torch_adam(double lr) { return dli_optim("torch.Adam", lr); }
DL_DEF dl_optim dl_torch_adamw(double lr) { return dli_optim("torch.AdamW", lr); }

/* Is every option of o in its range, and 0 when its kind does not use it? Else false with a
   message. */
static bool dli_check_optim(dl_ctx *c, const char *who, const dl_optim *o)
{
    const dl_optim_type *type = o->type;
    if (!type || !type->name || !type->step || type->states < 0 || type->states > 4)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: a dl_optim_type needs a name, a step and 0 to 4 "
                       "states", who);
    for (int k = 0; k < DL_OPTION_MAX && type->option[k].name; k++)
        if (!dli_is_number(type->option[k].at))
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: option %s of %s is no number of dl_optim; "
                           "write DL_OPTION(field, ...) or DL_OWN(i)", who, type->option[k].name,
                           type->name);
    for (size_t k = 0; k < DLI_OPTIM_NUMBERS; k++) {
        const dl_optim_option *any = &dli_optim_numbers[k], *used = dli_option_at(type, any->at);
        const dl_optim_option *range = used ? used : any;
        double value;
        memcpy(&value, (const char *)o + any->at, sizeof value);
        if (value >= range->lo && value <= range->hi) continue;
        if (range->hi > 0 || used)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: %s of %s is %g, outside [%g, %g]", who,
                           range->name, type->name, value, range->lo, range->hi);
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: %s is %g, but %s does not use it; leave it 0, or "
                       "take a kind that does", who, range->name, value, type->name);
    }
    if (!(o->clip_norm > 0) || !(o->clip_value > 0))
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: clip_norm %g and clip_value %g must be above 0 "
                       "(INFINITY for off)", who, o->clip_norm, o->clip_value);
    return true;
}

/* What is kept for a parameter. */
typedef struct dli_slot {
    dl_real *state[5];         /* as many as the kind has; behind them the average, with ema */
    int64_t  updates;
    double   lr_factor, weight_decay;
} dli_slot;

struct dl_optimizer {
    dl_ctx     *ctx;
    dl_optim    desc;
    int         n;
    dl_tensor **param;         /* [n]                                             */
    dli_slot   *slot;          /* [n]                                             */
    dl_real    *memory;        /* behind all states and averages                  */
    int64_t     updates;
    bool        averaged;      /* weights and averages have changed places        */
};

static void dli_optimizer_destroy(void *object)
{
    dl_optimizer *o = (dl_optimizer *)object;
    if (o->param) DL_FREE(o->param);
    if (o->slot) DL_FREE(o->slot);
    if (o->memory) DL_FREE(o->memory);
}

/* Are these n different parameters of this context? */
static bool dli_check_params(dl_ctx *dl, const char *who, dl_tensor *const *params, int n)
{
    if (n < 1) return dl_fail(dl, DL_ERR_ARGUMENT, "%s: %d parameters; give 1 or more", who, n);
    for (int i = 0; i < n; i++) {
        if (!dli_usable(who, params[i])) return false;
        const char *name = params[i]->name, *space = name[0] ? " " : "";
        if (params[i]->generation != DLI_PERSISTENT || !params[i]->grad || params[i]->ctx != dl)
            return dl_fail(dl, DL_ERR_ARGUMENT, "%s: tensor %d%s%s is no parameter of this "
                           "context; make it with dl_param", who, i, space, name);
        for (int j = 0; j < i; j++)
            if (params[j] == params[i])
                return dl_fail(dl, DL_ERR_ARGUMENT, "%s: tensors %d and %d are the same%s%s; it "
                               "would be updated twice", who, j, i, space, name);
    }
    return true;
}

DL_DEF dl_optimizer *dl_optimizer_new(dl_ctx *dl, dl_optim desc, dl_tensor *const *params, int n)
{
    const char *who = "dl_optimizer_new";
    if (!dl || !params || !dli_check_optim(dl, who, &desc) || !dli_check_params(dl, who, params, n))
        return NULL;
    const int states = desc.type->states, arrays = states + (desc.ema > 0);
    size_t total = 0;
    for (int i = 0; i < n; i++) total += (size_t)params[i]->size;
    dl_optimizer *o = (dl_optimizer *)dli_object_new(dl, who, sizeof *o, dli_optimizer_destroy);
    if (!o) return NULL;
    o->ctx = dl;
    o->desc = desc;
    o->n = n;
    o->param = (dl_tensor **)dli_alloc(dl, who, (size_t)n, sizeof *o->param);
    o->slot = (dli_slot *)dli_alloc(dl, who, (size_t)n, sizeof *o->slot);
    o->memory = (dl_real *)dli_alloc(dl, who, total * (size_t)arrays, sizeof *o->memory);
    if (!o->param || !o->slot || !o->memory) {
        dli_object_free(o);
        return NULL;
    }
    dl_real *at = o->memory;
    for (int i = 0; i < n; i++) {
        o->param[i] = params[i];
        o->slot[i].lr_factor = 1;
        o->slot[i].weight_decay = desc.weight_decay;
        for (int k = 0; k < arrays; k++, at += params[i]->size) {
            o->slot[i].state[k] = at;
            for (dl_int j = 0; j < params[i]->size; j++)
                at[j] = k < states ? (dl_real)desc.start : params[i]->data[j];
        }
    }
    return o;
}

DL_DEF void dl_optimizer_free(dl_optimizer *o) { dli_object_free(o); }

DL_DEF void dl_optimizer_zero_grad(dl_optimizer *o)
{
    for (int i = 0; o && i < o->n; i++) {
        memset(o->param[i]->grad, 0, (size_t)o->param[i]->size * sizeof(dl_real));
        o->param[i]->fresh = false;
    }
}

/* ---- a step ---- */

/* The norm of n numbers; of very large or small ones as a multiple of the largest, so that no
   square over- or underflows. */
static double dli_norm_of(dl_ctx *c, const dl_real *x, dl_int n)
{
    double sum = dli_squares(c, x, n);
    if (sum > 1e-20 && sum < INFINITY) return sqrt(sum);
    const double top = dli_top(c, x, n);
    if (!(top > 0 && top < INFINITY)) return top;
    sum = 0;
    for (dl_int i = 0; i < n; i++) sum += (double)x[i] / top * ((double)x[i] / top);
    return top * sqrt(sum);
}

DL_DEF double dl_clip_grad_norm(dl_tensor *const *params, int n, double max_norm)
{
    double norm = params ? 0 : NAN;
    for (int i = 0; params && i < n; i++) {
        const dl_tensor *p = params[i];
        if (!dli_usable("dl_clip_grad_norm", params[i])) return NAN;
        if (!(max_norm >= 0)) {
            dl_fail(p->ctx, DL_ERR_ARGUMENT, "dl_clip_grad_norm: the norm %g is not 0 or more",
                    max_norm);
            return NAN;
        }
        if (!p->requires_grad || !p->grad) continue;
        const double one = dli_norm_of(p->ctx, p->grad, p->size);
        norm = dli_isnan(norm) || dli_isnan(one) ? NAN : hypot(norm, one);   /* hypot(NAN, inf)! */
    }
    for (int i = 0; norm > max_norm && norm < INFINITY && i < n; i++)
        if (params[i]->requires_grad && params[i]->grad)
            DLI_RUN(params[i]->ctx, decay_grad, params[i]->grad, params[i]->data, params[i]->size,
                    max_norm / (norm + 1e-6), 0, 0);                         /* as PyTorch */
    return norm;
}

/* Report the gradient of parameter i, which has this norm. */
static bool dli_bad_gradient(const dl_optimizer *o, int i, double norm)
{
    char number[32];
    const char *name = o->param[i]->name;
    snprintf(number, sizeof number, "parameter %d", i);
    if (!name[0]) name = number;
    if (!(norm < INFINITY))
        return dl_fail(o->ctx, DL_ERR_NUMERIC, "dl_optimizer_step: the gradient of %s is NaN or "
                       "infinite; nothing was updated. A lower learning rate may help", name);
    return dl_fail(o->ctx, DL_ERR_NUMERIC, "dl_optimizer_step: the gradient of %s has the norm "
                   "%g, too large for %s, which squares it (limit %g); nothing was updated. Set "
                   "clip_norm, or scale the loss", name, norm, o->desc.type->name,
                   DLI_SQUARES_MAX);
}

/* Are all gradients finite, and no norm above the limit? This reads all of them once more, so it
   goes from the last to the first: it begins with what backward has just written and ends with
   what the update will begin with, which both may still lie in a cache. 10^16 numbers of limit *
   1e-8 have the norm limit: only larger ones are squared. */
static bool dli_check_gradients(const dl_optimizer *o, double limit)
{
    for (int i = o->n - 1; i >= 0; i--) {
        const dl_tensor *p = o->param[i];
        if (!p->requires_grad) continue;
        double size = dli_top(o->ctx, p->grad, p->size);
        if (size > limit * 1e-8) size = dli_norm_of(o->ctx, p->grad, p->size);
        if (!(size < INFINITY && size <= limit)) return dli_bad_gradient(o, i, size);
    }
    return true;
}

/* Check all gradients; then clip them and add penalties, if there are any, and check again. */
static bool dli_prepare_gradients(const dl_optimizer *o)
{
    const dl_optim *d = &o->desc;
    const double limit = d->type->squares ? DLI_SQUARES_MAX : INFINITY;
    const bool clip = d->clip_norm < INFINITY;
    bool penalty = d->l1 > 0 || d->l2 > 0;
    for (int i = 0; i < o->n; i++)
        if (!d->type->decoupled && o->slot[i].weight_decay > 0) penalty = true;
    const bool changed = clip || penalty || d->clip_value < INFINITY;
    const double norm = clip ? dl_clip_grad_norm(o->param, o->n, d->clip_norm) : INFINITY;
    if (!(norm < INFINITY) && !dli_check_gradients(o, changed ? INFINITY : limit)) return false;
    if (clip && !(norm < INFINITY)) return dli_bad_gradient(o, 0, norm);   /* of all together */
    if (!changed) return true;
    for (int i = 0; i < o->n; i++) {
        dl_tensor *p = o->param[i];
        const double l2 = d->l2 + (d->type->decoupled ? 0 : o->slot[i].weight_decay / 2);
        if (!p->requires_grad) continue;
        if (d->clip_value < INFINITY)
            o->ctx->kernels.clamp_forward(p->grad, p->grad, p->size, -d->clip_value,
                                          d->clip_value);
        if (d->l1 > 0 || l2 > 0)
            DLI_RUN(o->ctx, decay_grad, p->grad, p->data, p->size, 1, d->l1, l2);
    }
    return (!penalty && norm <= limit) || dli_check_gradients(o, limit);
}

/* The number of a parameter; -1 when it is none of the optimizer's. */
static int dli_param_index(const dl_optimizer *o, const dl_tensor *param)
{
    int i = o ? o->n - 1 : -1;
    while (i >= 0 && o->param[i] != param) i--;
    return i;
}

/* The options as they apply to one parameter. */
static dl_optim dli_slot_desc(const dl_optimizer *o, int i)
{
    dl_optim d = o->desc;
    d.lr *= o->slot[i].lr_factor;
    d.weight_decay = o->slot[i].weight_decay;
    return d;
}

DL_DEF dl_optim dl_optimizer_group(const dl_optimizer *o, const dl_tensor *param)
{
    const int i = dli_param_index(o, param);
    return i >= 0 ? dli_slot_desc(o, i) : dl_sgd(NAN);
}

static void dli_update_param(dl_optimizer *o, int i)
{
    const dl_optim d = dli_slot_desc(o, i);
    dl_tensor *p = o->param[i];
    dli_slot *s = &o->slot[i];
    s->updates++;
    const dl_update u = { o->ctx, p->data, p->grad, s->state, p->size,
                          d.type->torch ? s->updates : o->updates, &d };
    if (d.type->decoupled && d.weight_decay > 0)
        dli_decay_weights(o->ctx, p->data, p->size, d.lr * d.weight_decay);
    d.type->step(&u);
    p->version++;
}

/* Can all parameters be written to? */
static bool dli_params_writable(const char *who, const dl_optimizer *o)
{
    for (int i = 0; i < o->n; i++) if (!dli_writable(who, o->param[i])) return false;
    return true;
}

DL_DEF bool dl_optimizer_step(dl_optimizer *o)
{
    if (!o) return false;
    if (o->averaged)
        return dl_fail(o->ctx, DL_ERR_STATE, "dl_optimizer_step: the parameters hold their "
                       "averages; call dl_optimizer_set_averaged(o, false) first");
    if (!dli_params_writable("dl_optimizer_step", o) || !dli_prepare_gradients(o)) return false;
    o->updates++;
    for (int i = 0; i < o->n; i++) if (o->param[i]->requires_grad) dli_update_param(o, i);
    for (int i = 0; o->desc.ema > 0 && i < o->n; i++) {
        const dl_tensor *p = o->param[i];
        const double keep = o->updates > 1 ? o->desc.ema : 0;        /* average = keep average + */
        DLI_RUN(o->ctx, decay_grad, o->slot[i].state[o->desc.type->states], p->data, p->size, keep,
                0, (1 - keep) / 2);
    }
    return true;
}

DL_DEF bool dl_optimizer_set_averaged(dl_optimizer *o, bool averaged)
{
    if (!o) return false;
    if (!(o->desc.ema > 0))
        return dl_fail(o->ctx, DL_ERR_STATE, "dl_optimizer_set_averaged: no averages are kept; set "
                       "ema in the options of the optimizer");
    if (!dli_params_writable("dl_optimizer_set_averaged", o)) return false;
    for (int i = 0; averaged != o->averaged && i < o->n; i++) {
        dl_tensor *p = o->param[i];
        dl_real *average = o->slot[i].state[o->desc.type->states];
        for (dl_int k = 0; k < p->size; k++) {
            const dl_real w = p->data[k];
            p->data[k] = average[k];
            average[k] = w;
        }
        p->version++;
    }
    o->averaged = averaged;
    return true;
}

DL_DEF bool dl_optimizer_averaged(const dl_optimizer *o) { return o && o->averaged; }

DL_DEF dl_optim dl_optimizer_desc(const dl_optimizer *o) { return o ? o->desc : dl_sgd(NAN); }
DL_DEF double dl_optimizer_lr(const dl_optimizer *o) { return o ? o->desc.lr : NAN; }

DL_DEF bool dl_optimizer_set_lr(dl_optimizer *o, double lr)
{
    if (!o) return false;
    dl_optim d = o->desc;
    d.lr = lr;
    if (!dli_check_optim(o->ctx, "dl_optimizer_set_lr", &d)) return false;
    o->desc.lr = lr;
    return true;
}

DL_DEF bool dl_optimizer_set_group(dl_optimizer *o, dl_tensor *const *params, int n,
                                   double lr_factor, double weight_decay)
{
    const char *who = "dl_optimizer_set_group";
    if (!o || !params) return false;
    if (!(lr_factor >= 0 && lr_factor <= DLI_NUMBER_MAX) ||
        !(weight_decay >= 0 && weight_decay <= DLI_NUMBER_MAX))
        return dl_fail(o->ctx, DL_ERR_ARGUMENT, "%s: lr_factor %g and weight_decay %g must be 0 or "
                       "more", who, lr_factor, weight_decay);
    for (int k = 0; k < n; k++)
        if (dli_param_index(o, params[k]) < 0)
            return dl_fail(o->ctx, DL_ERR_ARGUMENT, "%s: tensor %d is none of the optimizer's %d "
                           "parameters", who, k, o->n);
    for (int k = 0; k < n; k++) {
        dli_slot *s = &o->slot[dli_param_index(o, params[k])];
        s->lr_factor = lr_factor;
        s->weight_decay = weight_decay;
    }
    return true;
}

/* ---- schedules ---- */

static double dli_constant_factor(const dl_schedule *s, int64_t i)
{
    (void)s;
    (void)i;
    return 1;
}
static double dli_step_factor(const dl_schedule *s, int64_t i)
{
    return pow(s->gamma, (double)(i / s->steps));
}
static double dli_cosine_factor(const dl_schedule *s, int64_t i)
{
    const double part = i < s->steps ? (double)i / s->steps : 1;
    return s->gamma + (1 - s->gamma) * (1 + cos(3.141592653589793 * part)) / 2;
}
static double dli_plateau_factor(const dl_schedule *s, int64_t i)
{
    (void)i;
    return s->now;
}
static void dli_plateau_observe(dl_schedule *s, double loss)
{
    if (loss < s->best) {
        s->best = loss;
        s->wait = 0;
    } else if (++s->wait >= s->steps) {
        s->now *= s->gamma;
        s->wait = 0;
    }
}

static dl_schedule dli_schedule(const char *name, double (*factor)(const dl_schedule *, int64_t),
                                double gamma, int steps)
{
    dl_schedule s;
    memset(&s, 0, sizeof s);
    s.name = name;
    s.factor = factor;
    s.gamma = gamma;
    s.steps = steps;
    s.best = INFINITY;
    s.now = 1;
    return s;
}

DL_DEF dl_schedule dl_schedule_constant(void)
{
    return dli_schedule("constant", dli_constant_factor, 1, 1);
}
DL_DEF dl_schedule dl_schedule_step(int every, double gamma)
{
    return dli_schedule("step", dli_step_factor, gamma, every);
}
DL_DEF dl_schedule dl_schedule_exponential(double gamma)
{
    return dli_schedule("exponential", dli_step_factor, gamma, 1);
}
DL_DEF dl_schedule dl_schedule_cosine(int total, double last)
{
    return dli_schedule("cosine", dli_cosine_factor, last, total);
}
DL_DEF dl_schedule dl_schedule_plateau(double gamma, int patience)
{
    dl_schedule s = dli_schedule("plateau", dli_plateau_factor, gamma, patience);
    s.observe = dli_plateau_observe;
    return s;
}
DL_DEF dl_schedule dl_schedule_of(double (*factor)(const dl_schedule *s, int64_t i), void *user)
{
    dl_schedule s = dli_schedule("own", factor, 1, 1);
    s.user = user;
    return s;
}

/* Do its numbers make sense? Else false, with a message unless c is NULL. */
static bool dli_check_schedule(dl_ctx *c, const char *who, const dl_schedule *s)
{
    if (!s->factor) return dl_fail(c, DL_ERR_ARGUMENT, "%s: a schedule without a function", who);
    if (s->gamma >= 0 && s->gamma < INFINITY && s->steps >= 1 && s->warmup >= 0) return true;
    return dl_fail(c, DL_ERR_ARGUMENT, "%s: schedule %s with gamma %g, steps %d, warmup %d: gamma "
                   "must be 0 or more, steps 1 or more, warmup 0 or more", who,
                   s->name ? s->name : "?", s->gamma, s->steps, s->warmup);
}

DL_DEF double dl_schedule_factor(const dl_schedule *s, int64_t step)
{
    if (!s || step < 0 || !dli_check_schedule(NULL, "", s)) return NAN;
    if (step < s->warmup) return (double)(step + 1) / s->warmup;
    return s->factor(s, step - s->warmup);
}

DL_DEF void dl_schedule_observe(dl_schedule *s, double loss)
{
    if (s && s->observe) s->observe(s, loss);
}

#ifndef DL_NO_MODEL
/* -------------------------------------------------------------------------- >>model-impl ----
   Read dli_batch_gradient first: a batch goes forward through the layers, a loss compares what
   comes out with what should, and its gradient goes back. All else is around it, in this order:
   compile, which refuses what can't learn; dli_graph_forward, the one walk through the layers;
   predict and single time steps; what data must be like; loss and metrics of a batch; one step of
   training, and what to say when it diverges; evaluate; fit, from dl_model_fit at its end up to one
   batch; copies; the summary; measures of quality. Evaluating anything, in the middle of training
   too, happens inside a dli_scope, which puts everything back.

   What a step minimizes is the mean loss of the batch and the layers' penalties,
   L = 1/N sum_i L_i + sum_w (l1 |w| + l2 w^2); the penalties pull at each weight with
   l1 sign(w) + 2 l2 w. When several batches make one update (accumulate), each with its n_k of the
   N samples adds n_k / N of its gradient: the sum is that of one large batch, as
   1/N sum_i L_i = sum_k n_k / N (1/n_k sum_{i in k} L_i), with the penalties counted once. */

/* In >>data-impl. */
static bool dli_data_batch(const dl_data *d, const int32_t *order, dl_int first, dl_int n,
                           int32_t *labels, dl_batch *batch);
static int dli_loader_next(dl_loader *l, dl_batch *batch);
static bool dli_is_stream(const dl_data *d);

/* What evaluating in the middle of training, and training itself, must leave as it was. */
typedef struct dli_scope {
    dl_mark mark;
    dl_rng  rng;
    bool    training, no_grad, own_rng;
    const char *advice;
} dli_scope;

/* A mark on the tape, and training mode with gradients; or evaluation mode, without, and with
   random numbers of its own. */
static dli_scope dli_scope_begin(dl_ctx *c, bool training)
{
    dli_scope s;
    s.mark = dl_tape_mark(c);
    s.rng = c->rng;
    s.own_rng = !training;
    s.training = dl_set_training(c, training);
    s.no_grad = dl_set_no_grad(c, !training);
    s.advice = c->advice;
    if (s.own_rng) c->rng = dl_rng_new(c->rng.key, c->rng.counter);
    c->advice = training ? "take smaller batches (batch_size and accumulate of dl_model_fit)"
                         : "take fewer samples at a time (dl_model_set_batch_size)";
    return s;
}

static void dli_scope_end(dl_ctx *c, const dli_scope *s)
{
    if (s->mark.generation == c->generation) dl_tape_release(c, s->mark);
    else dl_tape_clear(c);                       /* a callback has cleared the tape: go on so */
    dl_set_training(c, s->training);
    dl_set_no_grad(c, s->no_grad);
    if (s->own_rng) c->rng = s->rng;
    c->advice = s->advice;
}

/* A scope for the user's own code: it finds the modes as they are. */
static dli_scope dli_scope_callback(dl_ctx *c)
{
    const dli_scope s = dli_scope_begin(c, false);
    dl_set_training(c, s.training);
    dl_set_no_grad(c, s.no_grad);
    c->advice = NULL;
    return s;
}

/* One more (or less) model reads the numbers of m. */
static void dli_lend(dl_model *m, int more)
{
    dl_ctx *c = m->ctx;
    for (int i = 0; i < m->params; i++) dli_atomic_add(&m->tensor[i]->lent, more);
    dli_atomic_add(&m->shares, more);
    dli_atomic_add(&c->lent, more);              /* the last: now m may be freed, then c */
}

/* Can m's weights change, or is it shared or a share? */
static bool dli_model_own(const char *who, dl_model *m)
{
    const int shares = dl_model_share_count(m);
    if (m->owner)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: the weights belong to a model of another context "
                       "(dl_model_share) and are read only", who);
    return !shares || dl_fail(m->ctx, DL_ERR_STATE, "%s: %d models of other contexts share the "
                              "weights (dl_model_share); free them first", who, shares);
}

static void dli_model_destroy(void *object)
{
    dl_model *m = (dl_model *)object;
    dl_model *owner = m->owner;
    if (!m->ctx->closing) dl_optimizer_free(m->optimizer);    /* dl_free does it by itself */
    for (int i = 0; i < m->layers; i++) dli_layer_free(m->layer[i]);
    for (int i = 0; i < m->metrics; i++) DL_FREE(m->metric_state[0][i]);
    if (m->layer) DL_FREE(m->layer);
    if (m->out) DL_FREE(m->out);
    if (m->goal) DL_FREE(m->goal);
    if (m->tensor) DL_FREE(m->tensor);
    if (m->history) DL_FREE(m->history);
    if (owner) dli_lend(owner, -1);
}

DL_DEF dl_model *dl_model_new(dl_ctx *dl, dl_shape input)
{
    if (!dl || dli_checked_size(dl, "dl_model_new", input) < 0 ||
        dli_checked_size(dl, "dl_model_new", dli_batch_shape(1, input)) < 0)
        return NULL;
    dl_model *m = (dl_model *)dli_object_new(dl, "dl_model_new", sizeof *m, dli_model_destroy);
    if (!m) return NULL;
    m->ctx = dl;
    m->input = dli_rank(input, input.rank);
    m->inputs = m->places = 1;
    m->chain = true;
    m->batch_size = 128;
    if (dl_model_add_metric(m, dl_find_metric(NULL, "accuracy"))) return m;
    dl_model_free(m);
    return NULL;
}

DL_DEF void dl_model_free(dl_model *m)
{
    if (m && (m->owner || dli_model_own("dl_model_free", m))) dli_object_free(m);
}

/* ---- compile ---- */

/* The layer that gives the model's k-th output. */
static dl_layer *dli_output_layer(const dl_model *m, int k)
{
    return m->out ? m->out[k] : m->layers ? m->layer[m->layers - 1] : NULL;
}
static const dl_layer *dli_last_layer(const dl_model *m) { return dli_output_layer(m, 0); }

static dl_shape dli_output_shape(const dl_model *m, int k)
{
    return m->layers ? dli_output_layer(m, k)->output[0] : m->input;
}

/* Does the loss contain the last activation, so that it gets what is before it? */
static bool dli_fused(const dl_model *m) { return m->loss && m->loss->logits != DL_LINEAR; }

/* Do the logits that a cross-entropy needs come from a layer that has made probabilities of them
   already? The last such layer, with nothing but layers without weights behind it; else NULL. */
static const dl_layer *dli_early_probabilities(const dl_layer *l)
{
    while (l->params == 0 && l->froms == 1 && l->from[0]) {
        l = l->from[0];
        if (l->activation == DL_SOFTMAX || l->activation == DL_SIGMOID) return l;
        if (l->activation != DL_LINEAR) break;
    }
    return NULL;
}

/* Does output k go together with its loss? What can never learn is refused. */
static bool dli_check_layers(const dl_model *m, int k, const dl_loss *loss)
{
    const dl_layer *last = dli_output_layer(m, k);
    const char *f = dl_activation_name(loss->logits);
    for (int i = 0; i < m->layers; i++)
        if (m->layer[i]->activation == DL_SOFTMAX && dli_last(m->layer[i]->output[0]) == 1)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: %s has a softmax over one "
                           "unit, which is always 1; for yes or no use DL_SIGMOID and "
                           "DL_BINARY_CROSSENTROPY, or one unit for each class",
                           m->layer[i]->name);
    if (last->outputs != 1)
        return dl_fail(m->ctx, DL_ERR_SHAPE, "dl_model_compile: %s has %d outputs; a loss compares "
                       "one", last->name, last->outputs);
    if (loss->logits == DL_LINEAR) return true;
    if (last->activation != loss->logits && last->activation != DL_LINEAR)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: %s needs a last layer with %s "
                       "(or linear, for logits), but %s has %s", loss->name, f, last->name,
                       dl_activation_name(last->activation));
    if (loss->logits == DL_SOFTMAX && dli_last(last->output[0]) < 2)
        return dl_fail(m->ctx, DL_ERR_SHAPE, "dl_model_compile: %s compares classes, but %s has "
                       "only %lld output; give it one for each class, or use "
                       "DL_BINARY_CROSSENTROPY", loss->name, last->name,
                       (long long)dli_last(last->output[0]));
    const dl_layer *early = dli_early_probabilities(last);
    return !early ||
           dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: %s would take what %s gives for "
                   "logits, but %s has made probabilities of them with its %s; give %s linear and "
                   "the last layer %s", loss->name, last->name, early->name,
                   dl_activation_name(early->activation), early->name, f);
}

/* Is every layer there for something? */
static bool dli_check_graph(const dl_model *m)
{
    for (int i = 0; i < m->layers; i++)
        if (m->layer[i]->readers == 0 && m->layer[i]->goal < 0)
            return dl_fail(m->ctx, DL_ERR_STATE, "dl_model_compile: nothing reads %s, and it is no "
                           "output; name the outputs with dl_model_outputs", m->layer[i]->name);
    return true;
}

DL_DEF bool dl_model_compile_outputs(dl_model *m, const dl_loss *const *loss, const double *weight,
                                     dl_optim optimizer)
{
    const char *who = "dl_model_compile";
    const int n = dl_model_output_count(m);
    if (!dli_model_whole(who, m)) return false;
    if (m->owner) return dli_model_own(who, m);
    if (m->params == 0)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: the model has no parameters; add layers first",
                       who);
    if (!dli_check_graph(m)) return false;
    for (int k = 0; k < n; k++) {
        const dl_loss *l = loss ? loss[k] : NULL;
        if (!l || !l->name || (!l->of_targets && !l->of_labels))
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the loss is NULL, or has neither name nor "
                           "function", who);
        if (k > 0 && !l->of_targets)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: output %d is compared with targets, which "
                           "%s does not take", who, k, l->name);
        if (l->logits != DL_LINEAR && l->logits != DL_SOFTMAX && l->logits != DL_SIGMOID)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %s wants logits of %s; it can be softmax, "
                           "sigmoid or linear", who, l->name, dl_activation_name(l->logits));
        if (weight && !(weight[k] >= 0 && weight[k] <= DBL_MAX))
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the weight %g of output %d must be 0 or "
                           "more", who, weight[k], k);
        if (!dli_check_layers(m, k, l)) return false;
    }
    dli_goal *goal = (dli_goal *)dli_alloc(m->ctx, who, (size_t)n, sizeof *goal);
    dl_optimizer *o = goal ? dl_optimizer_new(m->ctx, optimizer, m->tensor, m->params) : NULL;
    if (!o) {
        if (goal) DL_FREE(goal);
        return false;
    }
    for (int k = 0; k < n; k++) {
        goal[k].loss = loss[k];
        goal[k].weight = weight ? weight[k] : 1;
    }
    dl_optimizer_free(m->optimizer);
    if (m->goal) DL_FREE(m->goal);
    m->optimizer = o;
    m->goal = goal;
    m->loss = loss[0];
    m->compiled = true;
    return true;
}

DL_DEF bool dl_model_compile(dl_model *m, const dl_loss *loss, dl_optim optimizer)
{
    if (m && !m->lacks && m->outs > 1)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: the model has %d outputs, but "
                       "here is one loss; give each its own with dl_model_compile_outputs",
                       m->outs);
    return dl_model_compile_outputs(m, &loss, NULL, optimizer);
}

/* ---- a batch through the layers ---- */

/* Is y [N, sample...]? */
static bool dli_is_batch(const dl_tensor *y, dl_int N, const dl_shape *sample)
{
    bool same = y->shape.rank == sample->rank + 1 && y->shape.dim[0] == N;
    for (int d = 0; same && d < sample->rank; d++) same = y->shape.dim[d + 1] == sample->dim[d];
    return same;
}

/* Is y what layer l said it would give for a batch of N? */
static bool dli_layer_gave(const dl_layer *l, int k, const dl_tensor *y, dl_int N)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    return dli_is_batch(y, N, &l->output[k]) ||
           dl_fail(l->ctx, DL_ERR_SHAPE, "%s: its forward gave %s where its build said %s",
                   l->name, dli_shape_text(s, y->shape),
                   dli_shape_text(t, dli_batch_shape(N, l->output[k])));
}

/* What layer l makes of x; raw: before the activation; step: of one time step. */
static bool dli_layer_forward(dl_layer *l, dl_tensor *const *x, dl_tensor **y, bool raw, bool step)
{
    const dl_int N = x[0]->shape.dim[0];
    const bool frozen = dl_layer_frozen(l), training = frozen && dl_set_training(l->ctx, false);
    (step ? l->step : l->type->forward)(l, x, y);
    if (frozen) dl_set_training(l->ctx, training);
    for (int k = 0; k < l->outputs; k++) {
        if (!y[k])
            return dl_fail(l->ctx, DL_ERR_STATE, "%s: its %s gave no output %d", l->name,
                           step ? "step" : "forward", k);
        if (!step && !dli_layer_gave(l, k, y[k], N)) return false;
        if (!raw) y[k] = dl_activate(y[k], l->activation);
        if (!y[k]) return false;
    }
    return true;
}

/* What layer l reads, out of all that is under way: as it lies there, or put together. */
static dl_tensor *const *dli_layer_reads(const dl_layer *l, dl_tensor **value)
{
    if (l->froms == 1) return value + (l->from[0] ? l->from[0]->place : 0);
    dl_tensor **x = (dl_tensor **)dli_tape_alloc(l->ctx, l->name, (size_t)l->inputs * sizeof *x);
    dl_tensor **to = x;
    for (int k = 0; x && k < l->froms; k++) {
        const int n = dli_source_outputs(l->from[k]);
        memcpy(to, value + (l->from[k] ? l->from[k]->place : 0), (size_t)n * sizeof *to);
        to += n;
    }
    return x;
}

#ifndef DL_NO_IMAGES
/* Windows of 2 x 2, side by side? */
static bool dli_pool_halves(const dl_pool *o)
{
    return o->kernel[0] == 2 && o->kernel[1] == 2 && o->stride[0] == 2 && o->stride[1] == 2 &&
           !o->same && o->before[0] + o->before[1] + o->after[0] + o->after[1] == 0;
}
#endif

/* If l is a convolution with ReLU, x through it and, if next is one, the 2 x 2 max-pooling behind
   it: one operation where the fast room has it, else one after the other. How many layers these
   are, or 0. */
static int dli_conv_layers_forward(const dl_layer *l, const dl_layer *next, dl_tensor **x)
{
#ifndef DL_NO_IMAGES
    if (l->type->forward != dli_conv2d_layer_forward || l->activation != DL_RELU) return 0;
    const dl_conv *o = &DLI_O(dl_conv_layer)->conv;
    const bool pool = next && next->type->forward == dli_max_pool_layer_forward &&
                      next->activation == DL_LINEAR &&
                      dli_pool_halves((const dl_pool *)next->options);
    dli_conv_end end = pool ? DLI_END_RELU_POOL : DLI_END_RELU;
    *x = dli_convolve("dl_conv2d", *x, l->param[0], dli_layer_bias(l), o, 2, false, &end);
    if (end == DLI_END_LINEAR) *x = dl_relu(*x);
    if (pool && end != DLI_END_RELU_POOL) *x = dl_max_pool2d(*x, (const dl_pool *)next->options);
    return pool ? 2 : 1;
#else
    return l == next && x;                        /* never: there are no such layers */
#endif
}

/* Bytes of tape memory taken since the mark. */
static dl_int dli_tape_since(const dl_ctx *c, dl_mark mark)
{
    dl_int n = c->arena.used - mark.used;
    for (dl_int i = mark.chunk; i < c->arena.chunk; i++) n += c->arena.size[i];
    return n;
}

/* Which outputs stay before their activation: none, the first, those whose loss wants it so. */
typedef enum dli_raw { DLI_RAW_NONE, DLI_RAW_FIRST, DLI_RAW_LOSS } dli_raw;

static bool dli_is_raw(const dl_layer *l, dli_raw raw)
{
    if (l->goal < 0 || raw == DLI_RAW_NONE) return false;
    return raw == DLI_RAW_FIRST ? l->goal == 0
                                : l->model->goal[l->goal].loss->logits != DL_LINEAR;
}

/* Everything is kept for a backward; or dropped as soon as nobody reads it; or x is a time step. */
typedef enum dli_way { DLI_KEEP, DLI_DROP, DLI_STEP } dli_way;

/* What is under way in a forward. */
typedef struct dli_flow {
    dl_model   *m;
    dl_tensor **value;      /* the first input, then what each layer gave, at its place; NULL before
                               it runs, and again when nobody reads it any more                 */
    dl_tensor **out;        /* behind them: the model's outputs                                 */
    dl_tensor *const *x;    /* the next input                                                   */
    dli_raw     raw;
    dli_way     way;
    dl_mark     mark;       /* of what may be dropped                                           */
    int        *live, lives; /* places of what came after the mark and was not dropped          */
    dl_int      size;       /* numbers in these                                                 */
} dli_flow;

/* Layer i. A convolution may take the pooling behind it along: how many layers these were, 0 on
   failure. */
static int dli_flow_layer(dli_flow *f, int i)
{
    const dl_model *m = f->m;
    dl_layer *l = m->layer[i], *next = i + 1 < m->layers ? m->layer[i + 1] : NULL;
    const bool alone = next && l->readers == 1 && l->goal < 0 && next->froms == 1 &&
                       next->from[0] == l;
    const bool raw = dli_is_raw(l, f->raw);
    int layers = 1;
    if (l->froms == 0) f->value[l->place] = *f->x++;
    else {
        dl_tensor *const *x = dli_layer_reads(l, f->value);
        if (!x) return 0;
        dl_tensor *fused = x[0];
        layers = raw ? 0 : dli_conv_layers_forward(l, alone ? next : NULL, &fused);
        if (layers > 1) l = next;
        if (layers > 0) f->value[l->place] = fused;
        else if (!dli_layer_forward(l, x, f->value + l->place, raw, f->way == DLI_STEP && l->timed))
            return 0;
    }
    dl_tensor **y = f->value + l->place;
    if (l->goal >= 0) f->out[l->goal] = y[0];
    if (raw && l->readers > 0) y[0] = dl_activate(y[0], l->activation);
    return !y[0] ? 0 : layers > 0 ? layers : 1;
}

/* n tensors from this place on must be kept as long as others read them; or need not any more. */
static void dli_flow_count(dli_flow *f, int place, int n, bool keep)
{
    for (int v = place; v < place + n; v++) {
        if (!f->value[v]) continue;
        f->size += keep ? f->value[v]->size : -f->value[v]->size;
        if (keep) f->live[f->lives++] = v;
        else f->value[v] = NULL;
    }
}

/* Move what is still read to the mark and release the rest. (Some may share their numbers with
   others, so all wait in scratch memory.) Called once in so many bytes as are moved, so that the
   whole forward stays linear. */
static bool dli_flow_pack(dli_flow *f)
{
    dl_ctx *c = f->m->ctx;
    const char *who = "dl_model_predict";
    const size_t bytes = (size_t)f->size * sizeof(dl_real);
    int n = 0;
    for (int i = 0; i < f->lives; i++) if (f->value[f->live[i]]) f->live[n++] = f->live[i];
    char *scratch = (char *)dli_work(c, who, bytes + (size_t)n * sizeof(dl_shape) + DLI_ALIGN);
    if (!scratch) return false;
    dl_shape *shape = (dl_shape *)(void *)dli_align(scratch + bytes);
    dl_real *data = (dl_real *)(void *)scratch;
    for (int i = 0; i < n; i++) {
        const dl_tensor *t = f->value[f->live[i]];
        memcpy(data, t->data, (size_t)t->size * sizeof *data);
        data += t->size;
        shape[i] = t->shape;
    }
    dl_tape_release(c, f->mark);
    data = (dl_real *)(void *)scratch;
    for (int i = 0; i < n; i++) {
        dl_tensor *t = dli_tape_tensor(c, who, shape[i]);
        if (!t) return false;
        memcpy(t->data, data, (size_t)t->size * sizeof *data);
        data += t->size;
        f->value[f->live[i]] = t;
    }
    f->lives = n;
    return true;
}

/* Bytes that a forward may leave lying about before they are worth the copies. */
#define DLI_DROP_BYTES 65536

/* Layers first .. last have run: let go of what only they have read. */
static bool dli_flow_drop(dli_flow *f, int first, int last)
{
    const dl_layer *l = f->m->layer[last];
    for (int i = first; i <= last; i++)
        for (int k = 0; k < f->m->layer[i]->froms; k++) {
            const dl_layer *from = f->m->layer[i]->from[k];
            if (from && from->last == i) dli_flow_count(f, from->place, from->outputs, false);
        }
    dli_flow_count(f, l->place, l->outputs, true);
    if (l->readers == 0) dli_flow_count(f, l->place, l->outputs, false);
    if (l->goal >= 0) dli_flow_count(f, f->m->places + l->goal, 1, true);
    return dli_tape_since(f->m->ctx, f->mark) < 2 * f->size * (dl_int)sizeof(dl_real) +
                                                DLI_DROP_BYTES || dli_flow_pack(f);
}

/* x[inputs] through all layers: the model's outputs, behind f.value; or NULL. */
static dl_tensor **dli_graph_forward(dl_model *m, dl_tensor *const *x, dli_raw raw, dli_way way)
{
    const size_t n = (size_t)(m->places + dl_model_output_count(m));
    const size_t bytes = n * (sizeof *x + (way == DLI_DROP ? sizeof(int) : 0));
    dli_flow f;
    f.m = m;
    f.value = x ? (dl_tensor **)dli_tape_alloc(m->ctx, "dl_model_forward", bytes) : NULL;
    if (!f.value) return NULL;
    memset(f.value, 0, bytes);
    f.out = f.value + m->places;
    f.live = (int *)(void *)(f.value + n);
    f.lives = 0;
    f.size = 0;
    f.raw = raw;
    f.way = way;
    f.x = x + 1;
    f.value[0] = x[0];
    if (m->layers == 0) f.out[0] = x[0];
    if (way == DLI_DROP) f.mark = dl_tape_mark(m->ctx);
    for (int i = 0, layers; i < m->layers; i += layers) {
        layers = dli_flow_layer(&f, i);
        if (layers == 0 || (way == DLI_DROP && !dli_flow_drop(&f, i, i + layers - 1))) return NULL;
    }
    return f.out;
}

/* Input k's shape of one sample. */
static const dl_shape *dli_input_shape(const dl_model *m, int k)
{
    for (int i = 0; k > 0; i++)
        if (m->layer[i]->froms == 0 && --k == 0) return m->layer[i]->output;
    return &m->input;
}

/* The batch x in the shape of the model's input k: [N,1,28,28] is as good as [N,784]. */
static dl_tensor *dli_model_input(const char *who, const dl_model *m, int k, dl_tensor *x)
{
    if (!dli_usable(who, x)) return NULL;
    const dl_shape *sample = dli_input_shape(m, k);
    const dl_int N = x->shape.rank ? x->shape.dim[0] : 0;
    if (x->ctx != m->ctx)
        return DLI_REFUSE(m->ctx, DL_ERR_ARGUMENT, "%s: the input belongs to another context", who);
    if (dli_is_batch(x, N, sample)) return x;
    const dl_shape want = dli_batch_shape(N, *sample);
    if (x->shape.rank < 1 || dl_shape_size(want) != x->size)
        return DLI_REFUSE(m->ctx, DL_ERR_SHAPE, "%s: input %s does not fit the model, whose "
                          "samples are %s; the input's first dimension counts samples, 1 for a "
                          "single one", who, dli_shown(m->ctx, x->shape),
                          dli_shown(m->ctx, *sample));
    return dl_reshape(x, want);
}

/* All inputs: the first one, then the others; NULL on failure. */
static dl_tensor **dli_model_inputs(const char *who, const dl_model *m, dl_tensor *first,
                                    dl_tensor *const *more)
{
    if (m->inputs > 1 && !more) {
        dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the model has %d inputs, but here is one; give the "
                "others too (dl_model_predict_all, dl_model_forward_all, a batch's more_x)", who,
                m->inputs);
        return NULL;
    }
    dl_tensor **x = (dl_tensor **)dli_tape_alloc(m->ctx, who, (size_t)m->inputs * sizeof *x);
    for (int k = 0; x && k < m->inputs; k++) {
        x[k] = dli_model_input(who, m, k, k ? more[k - 1] : first);
        if (!x[k]) return NULL;
        if (x[k]->shape.dim[0] != x[0]->shape.dim[0]) {
            dl_fail(m->ctx, DL_ERR_SHAPE, "%s: input %d has %lld samples, the first has %lld", who,
                    k, (long long)x[k]->shape.dim[0], (long long)x[0]->shape.dim[0]);
            return NULL;
        }
    }
    return x;
}

/* All outputs for all inputs, recorded. */
static dl_tensor **dli_forward(dl_model *m, dl_tensor *first, dl_tensor *const *more)
{
    const char *who = "dl_model_forward";
    return dli_model_whole(who, m)
         ? dli_graph_forward(m, dli_model_inputs(who, m, first, more), DLI_RAW_NONE, DLI_KEEP)
         : NULL;
}

DL_DEF dl_tensor *dl_model_forward(dl_model *m, dl_tensor *x)
{
    dl_tensor **out = dli_forward(m, x, NULL);
    return out ? out[0] : NULL;
}

DL_DEF bool dl_model_forward_all(dl_model *m, dl_tensor **y, dl_tensor *const *x)
{
    dl_tensor **out = x && y ? dli_forward(m, x[0], x + 1) : NULL;
    if (out) memcpy(y, out, (size_t)dl_model_output_count(m) * sizeof *y);
    return out != NULL;
}

/* n rows of each input from row `at` on, through the layers, into the first outs of out. */
static bool dli_predict_rows(const char *who, dl_model *m, dl_tensor *const *x, dl_int at, dl_int n,
                             dl_tensor *const *out, int outs, dli_raw raw)
{
    dl_tensor **part = (dl_tensor **)dli_tape_alloc(m->ctx, who, (size_t)m->inputs * sizeof *part);
    for (int k = 0; part && k < m->inputs; k++) {
        dl_shape shape = x[k]->shape;
        shape.dim[0] = n;
        part[k] = dli_share(who, x[k], shape, at * (x[k]->size / x[k]->shape.dim[0]));
        if (!part[k]) return false;
    }
    dl_tensor **y = dli_graph_forward(m, part, raw, DLI_DROP);
    for (int k = 0; y && k < outs; k++)
        memcpy(out[k]->data + at * (y[k]->size / n), y[k]->data,
               (size_t)y[k]->size * sizeof *y[k]->data);
    return y != NULL;
}

/* The first outs outputs for x in evaluation mode, batch_size rows at a time, so that no more than
   that is ever under way. They lie on the tape, as their list does; NULL on failure. */
static dl_tensor **dli_predict(const char *who, dl_model *m, dl_tensor *first,
                               dl_tensor *const *more, int outs, dli_raw raw)
{
    if (!dli_model_whole(who, m)) return NULL;
    dl_tensor **x = dli_model_inputs(who, m, first, more);
    dl_tensor **out = x ? (dl_tensor **)dli_tape_alloc(m->ctx, who, (size_t)outs * sizeof *out)
                        : NULL;
    if (!out) return NULL;
    const dl_int N = x[0]->shape.dim[0];
    bool ok = true;
    for (int k = 0; ok && k < outs; k++) {
        out[k] = dli_tape_tensor(m->ctx, who, dli_batch_shape(N, dli_output_shape(m, k)));
        ok = out[k] != NULL;
    }
    for (dl_int at = 0; ok && at < N; at += m->batch_size) {
        const dli_scope scope = dli_scope_begin(m->ctx, false);
        ok = dli_predict_rows(who, m, x, at, dli_min(m->batch_size, N - at), out, outs, raw);
        dli_scope_end(m->ctx, &scope);
    }
    return ok ? out : NULL;
}

DL_DEF dl_tensor *dl_model_predict(dl_model *m, dl_tensor *x)
{
    dl_tensor **y = dli_predict("dl_model_predict", m, x, NULL, 1, DLI_RAW_NONE);
    return y ? y[0] : NULL;
}

DL_DEF bool dl_model_predict_all(dl_model *m, dl_tensor **y, dl_tensor *const *x)
{
    const int n = dl_model_output_count(m);
    if (!x || !y) return false;
    dl_tensor **out = dli_predict("dl_model_predict", m, x[0], x + 1, n, DLI_RAW_NONE);
    if (out) memcpy(y, out, (size_t)n * sizeof *y);
    return out != NULL;
}

DL_DEF dl_tensor *dl_model_logits(dl_model *m, dl_tensor *x)
{
    const dl_activation f = m && m->layers ? dli_last_layer(m)->activation : DL_LINEAR;
    dl_tensor **y = dli_predict("dl_model_logits", m, x, NULL, 1,
                                f == DL_SOFTMAX || f == DL_SIGMOID ? DLI_RAW_FIRST : DLI_RAW_NONE);
    return y ? y[0] : NULL;
}

/* ---- one time step at a time ---- */

/* Which layers read steps, and can all of them take one at a time? What has a lower rank than what
   it was made of has no steps any more. *timed: does the model's output have them? */
static bool dli_check_steps(dl_model *m, bool *timed)
{
    const char *who = "dl_model_step";
    if (m->inputs > 1 || m->input.rank < 1)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the model has %d inputs of rank %d; there "
                       "must be one, of samples [T,...]", who, m->inputs, m->input.rank);
    *timed = true;
    for (int i = 0; i < m->layers; i++) {
        dl_layer *l = m->layer[i];
        int of = 0;
        for (int k = 0; k < l->froms; k++) {
            const dl_layer *from = l->from[k];
            of += !from || (from->timed && from->output[0].rank >= from->input[0].rank);
        }
        l->timed = of > 0;
        if (l->timed && (!l->step || of < l->froms))
            return dl_fail(m->ctx, DL_ERR_STATE, "%s: %s (%s) needs all time steps at once; give "
                           "whole sequences to dl_model_predict", who, l->name, l->type->name);
        if (l->goal == 0) *timed = l->timed && l->output[0].rank >= l->input[0].rank;
    }
    return true;
}

DL_DEF dl_tensor *dl_model_step(dl_model *m, dl_tensor *x)
{
    const char *who = "dl_model_step";
    bool timed = false;
    if (!dli_model_whole(who, m) || !dli_usable(who, x) || !dli_check_steps(m, &timed)) return NULL;
    const dl_int T = m->input.dim[0], N = x->shape.rank ? x->shape.dim[0] : 0;
    dl_shape one = m->input;
    one.dim[0] = 1;
    if (x->ctx != m->ctx || T < 1 || N < 1 || dl_shape_size(dli_batch_shape(N, one)) != x->size)
        return DLI_REFUSE(m->ctx, DL_ERR_SHAPE, "%s: a step of %s does not fit the model, whose "
                          "samples are %s: give [N,...], one step of each of N sequences", who,
                          dli_shown(m->ctx, x->shape), dli_shown(m->ctx, m->input));
    if (m->rows && m->rows != N)
        return DLI_REFUSE(m->ctx, DL_ERR_STATE, "%s: a step of %lld sequences, but there are %lld "
                          "on their way; dl_model_reset_state begins new ones", who, (long long)N,
                          (long long)m->rows);
    dl_shape shape = dli_output_shape(m, 0);
    for (int i = 0; timed && i + 1 < shape.rank; i++) shape.dim[i] = shape.dim[i + 1];
    dl_tensor *out = dli_tape_tensor(m->ctx, who,
                                     dli_batch_shape(N, dli_rank(shape, shape.rank - timed)));
    if (!out) return NULL;
    const dli_scope scope = dli_scope_begin(m->ctx, false);
    dl_tensor *step = dl_reshape(x, dli_batch_shape(N, one));
    dl_tensor **y = dli_graph_forward(m, step ? &step : NULL, DLI_RAW_NONE, DLI_STEP);
    bool ok = y != NULL;
    if (ok && y[0]->size != out->size)
        ok = dl_fail(m->ctx, DL_ERR_SHAPE, "%s: the step gave %s", who,
                     dli_shown(m->ctx, y[0]->shape));
    if (ok) memcpy(out->data, y[0]->data, (size_t)out->size * sizeof *out->data);
    dli_scope_end(m->ctx, &scope);
    m->rows = N;
    return ok ? out : NULL;
}

DL_DEF bool dl_model_reset_state(dl_model *m)
{
    if (!m) return false;
    m->rows = 0;
    for (int i = 0; i < m->layers; i++)
        for (int k = 0; k < 2; k++)
            if (m->layer[i]->carry[k]) dl_fill(m->layer[i]->carry[k], 0);
    return true;
}

DL_DEF bool dl_model_set_batch_size(dl_model *m, dl_int n)
{
    if (!m) return false;
    if (n < 1)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_set_batch_size: %lld samples; give 1 or "
                       "more", (long long)n);
    m->batch_size = n;
    return true;
}

DL_DEF dl_int dl_model_batch_size(const dl_model *m) { return m ? m->batch_size : 0; }

/* ---- data, loss and metrics ---- */

/* Where the values of each activation lie: from [0] to [1]. */
#define DLI_RANGE(code, text, formula, low, high) { low, high },
static const double dli_activation_range[][2] = { DL_ACTIVATIONS(DLI_RANGE) };

/* The layer that made the numbers that l gives: l, or one behind which nothing changes them. */
static const dl_layer *dli_bounding_layer(const dl_layer *l)
{
    while (l->activation == DL_LINEAR && l->froms == 1 && l->from[0] &&
           (l->type->forward == dli_flatten_forward || l->type->forward == dli_same_forward ||
            l->type->forward == dli_reshape_layer_forward ||
            l->type->forward == dli_dropout_layer_forward))
        l = l->from[0];
    return l;
}

/* Can the layer of output k give what n targets ask for? For a cross-entropy each must be a
   probability (else there is no lowest loss); for others some may lie outside (they are noisy,
   say), but when most of them do, training can only fail. */
static bool dli_check_range(const char *who, const dl_model *m, int k, const dl_real *target,
                            dl_int n)
{
    const dl_layer *last = dli_bounding_layer(dli_output_layer(m, k));
    const dl_loss *loss = m->goal[k].loss;
    const bool fused = loss->logits != DL_LINEAR;
    const double *range = dli_activation_range[fused ? loss->logits : last->activation];
    dl_int outside = 0;
    for (dl_int i = 0; i < n; i++)
        outside += (double)target[i] < range[0] || (double)target[i] > range[1];
    if (fused && outside)
        return dl_fail(m->ctx, DL_ERR_RANGE, "%s: %s compares probabilities, but %lld of %lld "
                       "targets lie outside [0,1]; scale them, or take a linear last layer and "
                       "DL_MSE", who, loss->name, (long long)outside, (long long)n);
    return 2 * outside <= n ||
           dl_fail(m->ctx, DL_ERR_RANGE, "%s: %lld of %lld targets lie outside [%g,%g], which is "
                   "all that %s with its %s can give; scale them, or make it linear", who,
                   (long long)outside, (long long)n, range[0], range[1], last->name,
                   dl_activation_name(last->activation));
}

/* Does the loss take labels of so many classes (0: unknown), one for each sample? */
static bool dli_check_labels(const char *who, const dl_model *m, int classes)
{
    char s[DLI_SHAPE_TEXT];
    const dl_shape out = dli_output_shape(m, 0);
    const long long units = (long long)dli_last(out);
    if (dli_last(out) != dl_shape_size(out))
        return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: there is one label for each sample, but the "
                       "model's output is %s; dl_model_add_flatten before the last layer makes it "
                       "one row", who, dli_shape_text(s, out));
    if (m->loss->logits == DL_SIGMOID && (classes > 2 || units != 1))
        return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %s with labels is for 2 classes and 1 output, "
                       "not for %d and %lld", who, m->loss->name, classes, units);
    const dl_entropy *o = m->loss->of_labels == dli_loss_sparse
                        ? (const dl_entropy *)m->loss->user : NULL;
    if (o && o->ignore == units) classes--;              /* the last class is to be ignored */
    return m->loss->logits != DL_SOFTMAX || classes <= units ||
           dl_fail(m->ctx, DL_ERR_SHAPE, "%s: the data set has %d classes, but the last layer only "
                   "%lld outputs", who, classes, units);
}

/* Is the loss made for labels (its own way, or as one-hot rows or numbers 0 and 1)? */
static bool dli_takes_labels(const dl_loss *loss)
{
    return loss->of_labels || loss->logits != DL_LINEAR;
}

/* Do labels (of so many classes, 0: unknown) or n targets for N samples fit the first output and
   its loss? Then those of a data set or batch are what it learns. */
static bool dli_check_answers(const char *who, const dl_model *m, const char *whose, bool labels,
                              int classes, bool targets, dl_int n, dl_int N)
{
    const dl_int M = dl_shape_size(dli_output_shape(m, 0));
    const bool wanted = m->loss->of_targets != NULL;
    if (labels && dli_takes_labels(m->loss)) return dli_check_labels(who, m, classes);
    if (!targets || !wanted)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %s needs %s, which the %s does not have; %s "
                       "gives them", who, m->loss->name, wanted ? "targets" : "class labels", whose,
                       wanted ? "dl_data_from_targets" : "dl_data_from_arrays");
    return n == N * M ||
           dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %lld targets for %lld samples with %lld outputs", who,
                   (long long)n, (long long)N, (long long)M);
}

/* Can the model be trained or evaluated on this data set? */
static bool dli_check_data(const char *who, const dl_model *m, const dl_data *d)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    const dl_int n = d->count * dl_shape_size(d->target_shape);
    if (!m->compiled)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: call dl_model_compile first", who);
    if (m->inputs > 1 || m->outs > 1)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: a data set has one input and one target, the "
                       "model %d and %d; use dl_model_train_batch and dl_model_evaluate_batch", who,
                       m->inputs, dl_model_output_count(m));
    if (d->ctx != m->ctx)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the data set belongs to another context", who);
    if (d->count == 0) return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the data set is empty", who);
    if (dl_data_weights(d) && !m->loss->weighted)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the samples have weights, for which %s has no "
                       "function (weighted in dl_loss)", who, m->loss->name);
    if (dl_shape_size(d->shape) != dl_shape_size(m->input))
        return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: samples of %s do not fit the model's input %s",
                       who, dli_shape_text(s, d->shape), dli_shape_text(t, m->input));
    if (!dli_check_answers(who, m, "data set", d->labels, d->classes, d->targets, n, d->count))
        return false;
    if (d->labels && dli_takes_labels(m->loss)) return true;
    if (dli_is_stream(d)) return true;
    const dl_real *targets = dl_data_targets(d);
    return targets && dli_check_range(who, m, 0, targets, n);
}

/* The targets of a batch in the shape of the outputs z; labels become numbers or one-hot rows. */
static dl_tensor *dli_batch_targets(const dl_model *m, const dl_batch *b, const dl_tensor *z)
{
    if (!b->labels) return dl_reshape(b->y, z->shape);
    if (m->loss->logits == DL_SOFTMAX)
        return dl_reshape(dl_one_hot(m->ctx, b->labels, b->size, dli_last(z->shape)), z->shape);
    if (!dli_check_index(m->ctx, m->loss->name, "label", b->labels, b->size, 2)) return NULL;
    dl_tensor *y = dli_tape_tensor(m->ctx, "dl_model_fit", z->shape);
    for (dl_int i = 0; y && i < y->size; i++) y->data[i] = (dl_real)b->labels[i];
    return y;
}

/* The penalties that layers with l1 or l2 add to the loss:  l1 sum |w| + l2 sum w^2. */
static dl_tensor *dli_add_penalties(const dl_model *m, dl_tensor *loss)
{
    for (int i = 0; i < m->layers; i++) {
        const dl_layer *l = m->layer[i];
        if (l->shared) continue;
        if (l->params && l->l1 > 0)
            loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_abs(l->param[0])), l->l1));
        if (l->params && l->l2 > 0)
            loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_square(l->param[0])), l->l2));
    }
    return loss;
}

/* The loss of output k, z, for a batch. */
static dl_tensor *dli_output_loss(const dl_model *m, int k, dl_tensor *z, const dl_batch *b)
{
    const dl_loss *l = m->goal[k].loss;
    const bool of_labels = k == 0 && b->labels && l->of_labels;
    dl_tensor *target = of_labels ? NULL : k ? dl_reshape(b->more_y[k - 1], z->shape)
                                             : dli_batch_targets(m, b, z);
    dl_tensor *loss = b->weight && (of_labels || target)
                    ? l->weighted(z, target, of_labels ? b->labels : NULL, b->weight, l->user)
                    : of_labels ? l->of_labels(z, b->labels, l->user)
                    : target ? l->of_targets(z, target, l->user) : NULL;
    if (!loss) return DLI_REFUSE(m->ctx, DL_ERR_STATE, "%s: the loss gave nothing", l->name);
    if (loss->size != 1)
        return DLI_REFUSE(m->ctx, DL_ERR_SHAPE, "%s: the loss is %s, not one number; end it with "
                          "dl_mean", l->name, dli_shown(m->ctx, loss->shape));
    return m->goal[k].weight == 1 ? loss : dl_mul_scalar(loss, m->goal[k].weight);
}

/* The loss of all outputs z for a batch. */
static dl_tensor *dli_batch_loss(const dl_model *m, dl_tensor *const *z, const dl_batch *b)
{
    if (!z) return NULL;
    dl_tensor *loss = dli_output_loss(m, 0, z[0], b);
    for (int k = 1; loss && k < m->outs; k++) loss = dl_add(loss, dli_output_loss(m, k, z[k], b));
    return loss ? dli_add_penalties(m, loss) : NULL;
}

/* What is summed up over batches; which: 0 in training, 1 in evaluation, for that may happen in
   the middle of it. */
typedef struct dli_tally { dl_model *m; int which; double loss, size; } dli_tally;

static dli_tally dli_tally_start(dl_model *m, int which)
{
    dli_tally t;
    for (int i = 0; i < m->metrics; i++)
        memset(m->metric_state[which][i], 0, m->metric[i]->state_size);
    t.m = m;
    t.which = which;
    t.loss = t.size = 0;
    return t;
}

/* Count a batch in, with its outputs z and their loss. */
static bool dli_tally_add(dli_tally *t, const dl_batch *b, dl_tensor *z, double loss)
{
    dl_model *m = t->m;
    const bool no_grad = dl_set_no_grad(m->ctx, true);
    dl_outcome o;
    bool ok = true;
    o.scores = o.output = z;
    if (dli_fused(m) && m->metrics > 1) o.output = dl_activate(z, dli_last_layer(m)->activation);
    o.target = b->y ? dl_reshape(b->y, z->shape) : NULL;
    o.labels = b->labels;
    o.size = b->size;
    o.loss = m->loss;
    if (!o.output || (b->y && !o.target)) ok = false;
    for (int i = 0; ok && i < m->metrics; i++)
        ok = m->metric[i]->add(m->metric_state[t->which][i], &o, m->metric[i]->user) ||
             dl_fail(m->ctx, DL_ERR_STATE, "%s: the metric failed", m->metric[i]->name);
    dl_set_no_grad(m->ctx, no_grad);
    t->loss += loss * (double)b->size;
    t->size += (double)b->size;
    return ok;
}

static dl_metrics dli_no_metrics(void)
{
    dl_metrics r;
    r.loss = r.accuracy = NAN;
    for (int i = 0; i < DL_METRIC_MAX; i++) r.metric[i] = NAN;
    return r;
}

/* What it comes to; all NaN if something has failed. */
static dl_metrics dli_tally_end(const dli_tally *t, bool ok)
{
    const dl_model *m = t->m;
    dl_metrics r = dli_no_metrics();
    if (ok) r.loss = t->loss / t->size;
    for (int i = 0; i < m->metrics; i++) {
        const double v = m->metric[i]->result(m->metric_state[t->which][i], m->metric[i]->user);
        if (ok) *(i == 0 ? &r.accuracy : &r.metric[i - 1]) = v;
    }
    return r;
}

/* ---- one step ---- */

#define DLI_LOWER_RATE "lower the learning rate, or set the optimizer's clip_norm"

/* The first layer with NaN or infinity in its weights or in what it gave, and which of the two. */
static const char *dli_diverged_layer(const dl_model *m, dl_tensor *const *value, const char **what)
{
    for (int i = 0; i < m->layers; i++) {
        const dl_layer *l = m->layer[i];
        const bool weights = dli_all_finite(l->param, l->params);
        if (weights && dli_all_finite(value + l->place, l->outputs)) continue;
        *what = weights ? "the output of layer " : "the weights of layer ";
        return l->name;
    }
    *what = "the loss itself";
    return "";
}

/* Report a loss that is NaN or infinite: where along the layers, which made z of x, did it start?
   epoch 0: a single batch, outside dl_model_fit. */
static bool dli_diverged(dl_model *m, const dl_batch *b, dl_tensor *const *x, dl_tensor *const *z,
                         int epoch, double loss)
{
    const char *cure = "clean the data set", *what = "the training data", *name = "";
    char place[80] = "dl_model_train_batch";
    if (dli_all_finite(x, m->inputs)) {
        what = "the targets of the training data";
        if (dli_all_finite(&b->y, 1) && dli_all_finite(b->more_y, m->outs - 1)) {
            cure = DLI_LOWER_RATE;
            name = dli_diverged_layer(m, z - m->places, &what);
        }
    }
    if (epoch) dli_format(place, sizeof place, "dl_model_fit: epoch %d, batch %lld", epoch,
                          (long long)b->number + 1);
    return dl_fail(m->ctx, DL_ERR_NUMERIC, "%s: the loss is %s; NaN or infinity first in %s%s. Try "
                   "this: %s", place, dli_isnan(loss) ? "NaN" : "infinite", what, name, cure);
}

/* Report weights that are NaN or infinite: after the last update no loss would tell. */
static bool dli_check_weights(const dl_model *m, int epoch)
{
    for (int i = 0; i < m->params; i++)
        if (!dli_all_finite(&m->tensor[i], 1))
            return dl_fail(m->ctx, DL_ERR_NUMERIC, "dl_model_fit: epoch %d: the last update made "
                           "%s NaN or infinite. Try this: " DLI_LOWER_RATE, epoch,
                           m->tensor[i]->name);
    return true;
}

/* Forward, loss, backward: the gradients of a batch, times share, are added to those of the
   batches before it, or with first take their place.   @F S0-3 S1-3.2 S3-3.3 S4-3 */
static bool dli_batch_gradient(dl_model *m, const dl_batch *b, bool first, double share, int epoch,
                               dli_tally *tally)
{
    const dl_real dloss = (dl_real)share;
    dl_tensor **x = dli_model_inputs("dl_model_fit", m, b->x, b->more_x);
    dl_tensor **z = dli_graph_forward(m, x, DLI_RAW_LOSS, DLI_KEEP);
    dl_tensor *loss = dli_batch_loss(m, z, b);
    if (!loss) return false;
    const double value = dl_item(loss);
    if (!(fabs(value) <= DBL_MAX)) return dli_diverged(m, b, x, z, epoch, value);
    if (!dli_tally_add(tally, b, z[0], value)) return false;
    for (int i = 0; first && i < m->params; i++) m->tensor[i]->fresh = true;
    return dl_backward_from(loss, &dloss);
}

/* The update. Gradients that no backward has reached are zero. */
static bool dli_apply_gradients(dl_model *m)
{
    for (int i = 0; i < m->params; i++) {
        m->tensor[i]->wanted = true;
        dli_grad(m->tensor[i]);
    }
    return dl_optimizer_step(m->optimizer);
}

/* Are targets for the outputs behind the first there? */
static bool dli_check_more(const char *who, const dl_model *m, const dl_batch *b)
{
    for (int k = 1; k < m->outs; k++) {
        const dl_tensor *y = b->more_y ? b->more_y[k - 1] : NULL;
        const dl_int size = b->size * dl_shape_size(m->out[k]->output[0]);
        if (!y)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: output %d (%s) has no targets in the "
                           "batch's more_y", who, k, m->out[k]->name);
        if (!dli_usable(who, y)) return false;
        if (y->size != size)
            return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %lld targets for output %d (%s), which gives "
                           "%lld", who, (long long)y->size, k, m->out[k]->name, (long long)size);
        if (!dli_check_range(who, m, k, y->data, size)) return false;
    }
    return true;
}

/* Is this a batch for the model? */
static bool dli_check_batch(const char *who, const dl_model *m, const dl_batch *b)
{
    if (!m->compiled)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: call dl_model_compile first", who);
    if (!dli_usable(who, b->x) || (b->y && !dli_usable(who, b->y))) return false;
    if (b->size < 1 || b->x->shape.rank < 1 || b->x->shape.dim[0] != b->size)
        return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: the batch's size is %lld, its x has %lld "
                       "samples", who, (long long)b->size,
                       (long long)(b->x->shape.rank ? b->x->shape.dim[0] : 0));
    for (int k = 0; b->weight && k < dl_model_output_count(m); k++)
        if (!dli_usable(who, b->weight) || b->weight->size != b->size || !m->goal[k].loss->weighted)
            return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %lld weights for %lld samples, and %s must "
                           "be a loss with the function weighted", who, (long long)b->weight->size,
                           (long long)b->size, m->goal[k].loss->name);
    return dli_check_more(who, m, b) &&
           dli_check_answers(who, m, "batch", b->labels != NULL, 0, b->y != NULL,
                             b->y ? b->y->size : 0, b->size) &&
           ((b->labels && dli_takes_labels(m->loss)) ||
            dli_check_range(who, m, 0, b->y->data, b->y->size));
}

DL_DEF dl_metrics dl_model_train_batch(dl_model *m, const dl_batch *b)
{
    const char *who = "dl_model_train_batch";
    if (!m || !b || !dli_check_batch(who, m, b) || !dli_model_own(who, m)) return dli_no_metrics();
    if (m->fitting) {
        dl_fail(m->ctx, DL_ERR_STATE, "%s: not while dl_model_fit is at work", who);
        return dli_no_metrics();
    }
    const dli_scope scope = dli_scope_begin(m->ctx, true);
    dli_tally t = dli_tally_start(m, 1);
    const bool ok = dli_batch_gradient(m, b, true, 1, 0, &t) && dli_apply_gradients(m);
    dli_scope_end(m->ctx, &scope);
    return dli_tally_end(&t, ok);
}

/* What the model gives in evaluation, as the loss wants it or as it is. */
static dl_tensor **dli_evaluate_forward(const char *who, dl_model *m, const dl_batch *b,
                                        dli_raw raw)
{
    return dli_graph_forward(m, dli_model_inputs(who, m, b->x, b->more_x), raw, DLI_DROP);
}

/* Called for each batch of a data set, from sample `first` on, with what the model gives for it. */
typedef bool (*dli_batch_fn)(const dl_batch *b, dl_tensor **z, dl_int first, void *user);

static bool dli_each_batch(const char *who, dl_model *m, const dl_data *data, dli_raw raw,
                           dli_batch_fn fn, void *user)
{
    bool ok = true, more = true;
    for (dl_int at = 0; ok && more && at != data->count;) {
        const dli_scope scope = dli_scope_begin(m->ctx, false);
        dl_batch b;
        ok = dli_data_batch(data, NULL, at, m->batch_size, NULL, &b);
        more = ok && b.size > 0;
        if (more) {
            dl_tensor **z = dli_evaluate_forward(who, m, &b, raw);
            ok = z && fn(&b, z, at, user);
            at += b.size;
        }
        if (ok && !more && (at == 0 || data->count > 0))
            ok = dl_fail(m->ctx, DL_ERR_STATE, "%s: the stream ended after %lld samples", who,
                         (long long)at);
        dli_scope_end(m->ctx, &scope);
    }
    return ok;
}

static bool dli_copy_outputs(const dl_batch *b, dl_tensor **z, dl_int first, void *user)
{
    dl_real *out = (dl_real *)user + first * (z[0]->size / b->size);
    memcpy(out, z[0]->data, (size_t)z[0]->size * sizeof *out);
    return true;
}

/* Is it known how many there will be? */
static bool dli_check_count(const char *who, const dl_data *d)
{
    return d->count >= 0 ||
           dl_fail(d->ctx, DL_ERR_STATE, "%s: the stream does not know how many samples it has; go "
                   "through it with a loader, a batch at a time", who);
}

DL_DEF dl_tensor *dl_model_predict_data(dl_model *m, const dl_data *data)
{
    const char *who = "dl_model_predict_data";
    if (!data || !dli_model_whole(who, m) || !dli_check_count(who, data)) return NULL;
    if (data->ctx != m->ctx)
        return DLI_REFUSE(m->ctx, DL_ERR_ARGUMENT, "%s: the data set belongs to another context",
                          who);
    const dl_shape shape = dli_batch_shape(data->count, dli_output_shape(m, 0));
    dl_tensor *y = dli_tape_tensor(m->ctx, who, shape);
    return y && dli_each_batch(who, m, data, DLI_RAW_NONE, dli_copy_outputs, y->data) ? y : NULL;
}

static bool dli_evaluate_batch(const dl_batch *b, dl_tensor **z, dl_int first, void *user)
{
    dli_tally *t = (dli_tally *)user;
    const dl_tensor *loss = dli_batch_loss(t->m, z, b);
    (void)first;
    return loss && dli_tally_add(t, b, z[0], dl_item(loss));
}

DL_DEF dl_metrics dl_model_evaluate_batch(dl_model *m, const dl_batch *b)
{
    const char *who = "dl_model_evaluate_batch";
    if (!m || !b || !dli_check_batch(who, m, b)) return dli_no_metrics();
    const dli_scope scope = dli_scope_begin(m->ctx, false);
    dli_tally t = dli_tally_start(m, 1);
    const bool ok = dli_evaluate_batch(b, dli_evaluate_forward(who, m, b, DLI_RAW_LOSS), 0, &t);
    dli_scope_end(m->ctx, &scope);
    return dli_tally_end(&t, ok);
}

DL_DEF dl_metrics dl_model_evaluate(dl_model *m, const dl_data *data)
{
    const char *who = "dl_model_evaluate";
    if (!m || !data || !dli_check_data(who, m, data)) return dli_no_metrics();
    dli_tally t = dli_tally_start(m, 1);
    return dli_tally_end(&t, dli_each_batch(who, m, data, DLI_RAW_LOSS, dli_evaluate_batch, &t));
}

/* ---- fit ---- */

DL_DEF dl_fit dl_fit_default(void)
{
    dl_fit o;
    memset(&o, 0, sizeof o);
    o.epochs = 1;
    o.batch_size = 32;
    o.accumulate = 1;
    o.checkpoint_every = 1;
    o.shuffle = true;
    o.patience = 3;
    o.restore_best = true;
    o.schedule = dl_schedule_constant();
    o.verbose = 1;
    return o;
}

#ifndef DL_NO_STDIO
#define DLI_PROGRESS_TEXT 160
/* The bar of a running epoch: Epoch 1/5 [=======>      ] 230/469 loss 0.2563 */
static const char *dli_progress_text(char text[DLI_PROGRESS_TEXT], const dl_step *s, int epochs,
                                     double loss)
{
    char bar[25];
    const int full = s->batches > 0 ? (int)(24 * s->batch / s->batches) : 0;
    for (int i = 0; i < 24; i++) bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[24] = 0;
    if (s->batches < 0)
        dli_format(text, DLI_PROGRESS_TEXT, "Epoch %d/%d batch %lld loss %.4f ", s->epoch, epochs,
                   (long long)s->batch, loss);
    else dli_format(text, DLI_PROGRESS_TEXT, "Epoch %d/%d [%s] %lld/%lld loss %.4f ", s->epoch,
                    epochs, bar, (long long)s->batch, (long long)s->batches, loss);
    return text;
}

static void dli_print_value(const char *before, const char *name, double value)
{
    if (!dli_isnan(value)) dli_print(" - %s%s %.4f", before, name, value);
}

static void dli_print_epoch(const dl_model *m, const dl_epoch *e, bool over_bar)
{
    if (over_bar) dli_print("\r%*s\r", 78, "");
    dli_print("Epoch %d/%d - %.1fs - loss %.4f", e->epoch, e->epochs, e->seconds, e->loss);
    dli_print_value("", "accuracy", e->accuracy);
    for (int i = 0; i < m->metrics - 1; i++)
        dli_print_value("", m->metric[i + 1]->name, e->metric[i]);
    dli_print_value("val_", "loss", e->val_loss);
    dli_print_value("val_", "accuracy", e->val_accuracy);
    for (int i = 0; i < m->metrics - 1; i++)
        dli_print_value("val_", m->metric[i + 1]->name, e->val_metric[i]);
    dli_print("\n");
    fflush(stdout);
}
#endif

/* One fit as it runs. */
typedef struct dli_run {
    dl_model      *m;
    const dl_fit  *o;
    dl_data       *train, *validation;   /* views, freed at the end                       */
    dl_loader     *loader;
    dl_schedule    schedule;
    double         lr, best;             /* the learning rate at the start, best loss yet */
    int            wait;                 /* epochs since the best                         */
    dl_real       *best_weights;         /* of all tensors, or NULL                       */
    int64_t        updates;
    bool           scheduled, bar, stop; /* stop: a callback said so                      */
    bool           cut;                  /* ... or fit.stop, in the middle of an epoch    */
    dl_rng         order;                /* the loader's stream when it began             */
    dli_tally      tally;                /* what it gave so far, and when it began        */
    double         start;
} dli_run;

/* Write the checkpoint; go on from it, if it is wanted and there. In >>files-impl. */
static bool dli_run_save(dli_run *r);
static bool dli_run_resume(dli_run *r);

/* Copy all tensors of the model to (or, with restore, from) one array. */
static void dli_copy_weights(dl_model *m, dl_real *all, bool restore)
{
    for (int i = 0; i < m->tensors; i++) {
        dl_tensor *t = m->tensor[i];
        if (restore) dl_copy_in(t, all);
        else memcpy(all, t->data, (size_t)t->size * sizeof *all);
        all += t->size;
    }
}

static bool dli_check_fit(const dl_model *m, const dl_fit *o, const dl_data *data)
{
    const char *who = "dl_model_fit";
    bool weights = !o->class_weight || (data->labels && m->loss->weighted);
    for (int k = 0; o->class_weight && k < data->classes; k++)
        weights = weights && o->class_weight[k] >= 0 && o->class_weight[k] <= DBL_MAX;
    if (!weights)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: class_weight needs data with labels, numbers "
                       "of 0 or more, and a loss with the function weighted", who);
    if (o->accumulate > 1 && data->count < 0)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: a stream that does not know its count can't "
                       "accumulate batches", who);
    if (o->epochs < 0 || o->batch_size < 1 || o->accumulate < 1)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %d epochs with batch size %d, accumulating "
                       "%d; the epochs must be 0 or more, the others 1 or more", who, o->epochs,
                       o->batch_size, o->accumulate);
    if (!(o->validation_split >= 0 && o->validation_split < 1))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: validation_split %g is not in [0, 1)", who,
                       o->validation_split);
    if (o->checkpoint ? o->checkpoint_every < 1
                      : o->resume || o->state || o->state_count || o->checkpoint_updates)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: checkpoint_every must be 1 or more, and "
                       "without a path in checkpoint there are no resume, state and "
                       "checkpoint_updates", who);
    if (o->checkpoint && (dli_is_stream(data) || (o->validation && dli_is_stream(o->validation))))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: no checkpoint of a stream, which can't go on "
                       "from its middle; train on data that is read in any order", who);
    if (o->validation && o->validation_split > 0)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: validation and validation_split %g: give one "
                       "of them", who, o->validation_split);
    if (o->verbose < 0 || o->verbose > 2)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: verbose %d is not 0, 1 or 2", who, o->verbose);
    const dl_fit usual = dl_fit_default();
    if (!o->early_stopping && (o->patience != usual.patience || o->min_delta != usual.min_delta ||
                               o->restore_best != usual.restore_best))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: patience, min_delta and restore_best are not "
                       "used without early_stopping; set that, or leave them as dl_fit_default "
                       "gives them", who);
    return (o->patience >= 0 && o->min_delta >= 0) ||
           dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: patience %d and min_delta %g must be 0 or more",
                   who, o->patience, o->min_delta);
}

/* The views that are trained and validated on, and a loader for the first. */
static bool dli_run_data(dli_run *r, const dl_data *data)
{
    const dl_fit *o = r->o;
    dl_ctx *c = r->m->ctx;
    if (o->validation || o->validation_split == 0) {
        r->train = dl_data_take(data, 0, data->count);
        if (o->validation) r->validation = dl_data_take(o->validation, 0, o->validation->count);
    } else if (!dl_data_split(data, o->validation_split, &r->train, &r->validation)) return false;
    if (r->train && r->validation && (r->train->count == 0 || r->validation->count == 0))
        return dl_fail(c, DL_ERR_ARGUMENT, "dl_model_fit: validation_split %g leaves %lld samples "
                       "for training and %lld for validation", o->validation_split,
                       (long long)r->train->count, (long long)r->validation->count);
    r->loader = dl_loader_new(r->train, o->batch_size, o->shuffle);
    return r->loader && (!o->validation || r->validation);
}

/* How many samples are evaluated at a time after a fit: as many as it took, but of a small model so
   many that its widest layer gives 32,768 numbers, for each batch has a cost of its own. */
static dl_int dli_evaluation_batch(const dl_model *m, dl_int batch)
{
    dl_int widest = dl_shape_size(m->input);
    for (int i = 0; i < m->layers; i++)
        for (int k = 0; k < m->layer[i]->outputs; k++) {
            const dl_int size = dl_shape_size(m->layer[i]->output[k]);
            if (size > widest) widest = size;
        }
    return widest > 0 && 32768 / widest > batch ? 32768 / widest : batch;
}

static bool dli_run_start(dli_run *r, const dl_data *data)
{
    const char *who = "dl_model_fit";
    dl_model *m = r->m;
    const dl_fit *o = r->o;
    size_t total = 0;
    if (!dli_check_data(who, m, data)) return false;
    if (o->validation && !dli_check_data("dl_model_fit: validation", m, o->validation))
        return false;
    if (data->labels && data->classes == 1 && dli_takes_labels(m->loss))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: all labels are 0; of one class there is "
                       "nothing to learn", who);
    r->lr = dl_optimizer_lr(m->optimizer);
    r->best = INFINITY;
    if (!dli_check_fit(m, o, data) || !dli_run_data(r, data)) return false;
    for (int i = 0; i < m->tensors; i++) total += (size_t)m->tensor[i]->size;
    if (o->early_stopping && o->restore_best) {
        r->best_weights = (dl_real *)dli_alloc(m->ctx, who, total, sizeof(dl_real));
        if (!r->best_weights) return false;
    }
    dl_epoch *history = (dl_epoch *)dli_alloc(m->ctx, who, (size_t)o->epochs, sizeof *history);
    if (!history) return false;
    if (m->history) DL_FREE(m->history);
    m->history = history;
    m->epochs = 0;
    m->batch_size = dli_evaluation_batch(m, o->batch_size);
    r->schedule = o->schedule;
    if (!dli_check_schedule(m->ctx, who, &o->schedule)) return false;
    r->scheduled = o->schedule.factor != dli_constant_factor || o->schedule.warmup > 0;
#ifndef DL_NO_STDIO
    r->bar = o->verbose == 1 && dli_is_terminal();
#endif
    return !o->resume || dli_run_resume(r);
}

static void dli_run_end(dli_run *r)
{
    if (r->best_weights) {
        if (r->best < INFINITY) dli_copy_weights(r->m, r->best_weights, true);
        DL_FREE(r->best_weights);
    }
    if (r->scheduled) dl_optimizer_set_lr(r->m->optimizer, r->lr);   /* for the next fit */
    dl_loader_free(r->loader);
    dl_data_free(r->train);
    dl_data_free(r->validation);
}

/* The learning rate of this epoch or update. */
static bool dli_run_schedule(dli_run *r, int64_t step)
{
    return !r->scheduled || dl_optimizer_set_lr(r->m->optimizer, r->lr *
                                                dl_schedule_factor(&r->schedule, step));
}

/* An update is done: write a checkpoint, if it is time for one, and see whether to stop. */
static bool dli_run_updated(dli_run *r)
{
    const dl_fit *o = r->o;
    if (o->stop && *o->stop) r->cut = r->stop = true;
    return !o->checkpoint ||
           !(r->cut || (o->checkpoint_updates && r->updates % o->checkpoint_every == 0)) ||
           dli_run_save(r);
}

/* Each sample of a batch counts as much as its class, times its own weight. */
static bool dli_weigh_classes(dl_ctx *c, dl_batch *b, const double *class_weight)
{
    dl_tensor *w = dli_tape_tensor(c, "dl_model_fit", dl_shape1(b->size));
    for (dl_int i = 0; w && i < b->size; i++)
        w->data[i] = (dl_real)(class_weight[b->labels[i]] *
                               (b->weight ? (double)b->weight->data[i] : 1));
    b->weight = w;
    return w != NULL;
}

/* Train on the s->batch-th batch of the epoch, and update the weights when its group is complete.
   A group of accumulate batches counts as one: each adds its share of the samples. */
static bool dli_run_batch(dli_run *r, dl_batch *b, dl_step *s)
{
    const dl_fit *o = r->o;
    const dl_int place = (s->batch - 1) % o->accumulate;
    const dl_int left = r->train->count - (s->batch - 1 - place) * o->batch_size;
    const dl_int group = o->accumulate == 1 ? b->size : left / o->batch_size < o->accumulate
                       ? left : (dl_int)o->accumulate * o->batch_size;
    const bool last = place == o->accumulate - 1 || s->batch == s->batches;
    const double before = r->tally.loss;
#ifndef DL_NO_IMAGES
    if (o->augment) b->x = dl_augment_batch(b->x, o->augment, NULL);
#endif
    if (o->class_weight && !dli_weigh_classes(r->m->ctx, b, o->class_weight)) return false;
    if (!dli_batch_gradient(r->m, b, place == 0, (double)b->size / (double)group, s->epoch,
                            &r->tally))
        return false;
    if (last) {
        if (r->schedule.per_update && !dli_run_schedule(r, r->updates)) return false;
        if (!dli_apply_gradients(r->m)) return false;
        r->updates++;
    }
    s->updates = r->updates;
    s->loss = (r->tally.loss - before) / (double)b->size;
    s->lr = dl_optimizer_lr(r->m->optimizer);
    if (o->on_batch) {
        const dli_scope scope = dli_scope_callback(r->m->ctx);
        r->stop = !o->on_batch(r->m, s, o->user);
        dli_scope_end(r->m->ctx, &scope);
    }
    return r->stop || !last || dli_run_updated(r);
}

/* Train one epoch, or what is left of it, and fill in what it gave. */
static bool dli_run_epoch(dli_run *r, dl_epoch *e)
{
    dl_ctx *c = r->m->ctx;
    if (r->loader->next == 0) {
        r->tally = dli_tally_start(r->m, 0);
        r->start = dli_now();
        r->order = r->loader->rng;
    }
    double shown = dli_now();
    bool ok = true, more = true;
    dl_step s;
    memset(&s, 0, sizeof s);
    s.epoch = e->epoch;
    s.batches = dl_loader_batch_count(r->loader);
    while (ok && more && !r->stop) {
        const dl_mark mark = dl_tape_mark(c);
        dl_batch b;
        const int got = dli_loader_next(r->loader, &b);
        more = got > 0;
        ok = got >= 0;
        if (more) {
            s.batch = b.number + 1;
            ok = dli_run_batch(r, &b, &s);
        }
        if (ok && more && r->bar && dli_now() - shown > 0.1) {
            shown = dli_now();
#ifndef DL_NO_STDIO
            char text[DLI_PROGRESS_TEXT];
            dli_print("\r%s", dli_progress_text(text, &s, e->epochs,
                                              r->tally.loss / r->tally.size));
            fflush(stdout);
#endif
        }
        if (mark.generation == c->generation) dl_tape_release(c, mark);
    }
    const dl_metrics t = dli_tally_end(&r->tally, ok);
    e->seconds = dli_now() - r->start;
    e->loss = t.loss;
    e->accuracy = t.accuracy;
    memcpy(e->metric, t.metric, sizeof t.metric);
    return ok && dli_check_weights(r->m, e->epoch);
}

/* Early stopping: remember the best epoch; false when patience has run out. */
static bool dli_run_watch(dli_run *r, double loss)
{
    if (!r->o->early_stopping) return true;
    if (loss < r->best - r->o->min_delta) {
        r->best = loss;
        r->wait = 0;
        if (r->best_weights) dli_copy_weights(r->m, r->best_weights, false);
        return true;
    }
    return ++r->wait < r->o->patience;
}

/* One epoch with all that belongs to it: schedule, validation, history, output, callback. */
static bool dli_run_step(dli_run *r, int epoch)
{
    dl_model *m = r->m;
    dl_epoch *e = &m->history[epoch];
    dl_metrics v = dli_no_metrics();
    if (!r->schedule.per_update && !dli_run_schedule(r, epoch)) return false;
    e->epoch = epoch + 1;
    e->epochs = r->o->epochs;
    if (!dli_run_epoch(r, e)) return false;
    if (r->cut) return true;
    e->lr = m->optimizer->desc.lr;
    const bool averaged = dl_optimizer_desc(m->optimizer).ema > 0 &&
                          dl_optimizer_set_averaged(m->optimizer, true);
    if (r->validation) v = dl_model_evaluate(m, r->validation);
    e->val_loss = v.loss;
    e->val_accuracy = v.accuracy;
    memcpy(e->val_metric, v.metric, sizeof v.metric);
    const double watched = r->validation ? v.loss : e->loss;
    dl_schedule_observe(&r->schedule, watched);
    if (!dli_run_watch(r, watched)) r->stop = true;
    if (averaged) dl_optimizer_set_averaged(m->optimizer, false);
    if (r->validation && dli_isnan(v.loss) && dl_error(m->ctx)) return false;
    m->epochs = epoch + 1;
#ifndef DL_NO_STDIO
    if (r->o->verbose) dli_print_epoch(m, e, r->bar);
#endif
    if (r->o->on_epoch) {
        const dli_scope scope = dli_scope_callback(m->ctx);
        if (!r->o->on_epoch(m, e, r->o->user)) r->stop = true;
        dli_scope_end(m->ctx, &scope);
    }
    dl_loader_restart(r->loader);                     /* where a callback has ended the epoch */
    const bool due = !r->o->checkpoint_updates && m->epochs % r->o->checkpoint_every == 0;
    return !r->o->checkpoint || !(due || r->stop || m->epochs == r->o->epochs) || dli_run_save(r);
}

DL_DEF bool dl_model_fit(dl_model *m, const dl_data *data, const dl_fit *options)
{
    const dl_fit defaults = dl_fit_default();
    dli_run r;
    if (!m || !data || !dli_model_own("dl_model_fit", m)) return false;
    if (m->fitting)
        return dl_fail(m->ctx, DL_ERR_STATE, "dl_model_fit: called from its own on_epoch or "
                       "on_batch");
    memset(&r, 0, sizeof r);
    r.m = m;
    r.o = options ? options : &defaults;
    const dli_scope scope = dli_scope_begin(m->ctx, true);
    m->fitting = true;
    bool ok = dli_run_start(&r, data);
    for (int i = m->epochs; ok && !r.stop && i < r.o->epochs; i++) ok = dli_run_step(&r, i);
    dli_run_end(&r);
    m->stopped = r.cut;
    m->fitting = false;
    dli_scope_end(m->ctx, &scope);
    return ok;
}

DL_DEF bool dl_model_stopped(const dl_model *m) { return m && m->stopped; }

DL_DEF const dl_epoch *dl_model_history(const dl_model *m, int *n)
{
    if (n) *n = m ? m->epochs : 0;
    return m ? m->history : NULL;
}

/* ---- what a model is made of ---- */

DL_DEF dl_optimizer *dl_model_optimizer(const dl_model *m) { return m ? m->optimizer : NULL; }
DL_DEF int dl_model_tensor_count(const dl_model *m) { return m ? m->params : 0; }
DL_DEF dl_tensor *const *dl_model_params(const dl_model *m) { return m ? m->tensor : NULL; }
DL_DEF int dl_model_layer_count(const dl_model *m) { return m ? m->layers : 0; }

static int64_t dli_sum_sizes(dl_tensor *const *t, int n)
{
    int64_t sum = 0;
    for (int i = 0; i < n; i++) sum += t[i]->size;
    return sum;
}

DL_DEF int64_t dl_model_param_count(const dl_model *m)
{
    return m ? dli_sum_sizes(m->tensor, m->params) : 0;
}

DL_DEF dl_tensor *dl_model_param(const dl_model *m, int i)
{
    return m && i >= 0 && i < m->params ? m->tensor[i] : NULL;
}

DL_DEF dl_tensor *dl_model_find(const dl_model *m, const char *name)
{
    for (int i = 0; m && name && i < m->tensors; i++)
        if (strcmp(m->tensor[i]->name, name) == 0) return m->tensor[i];
    return NULL;
}

DL_DEF dl_layer *dl_model_layer(const dl_model *m, int i)
{
    return m && i >= 0 && i < m->layers ? m->layer[i] : NULL;
}

/* The layer of `into` that stands where l stands in its own model. */
static dl_layer *dli_same_layer(const dl_model *into, const dl_layer *l)
{
    return l ? into->layer[l->index] : NULL;
}

/* Add to a model what from is in another one, reading the same; with its numbers, unless they are
   its owner's. list: room for what it reads. */
static bool dli_clone_layer(dl_model *into, const dl_layer *from, dl_layer **list)
{
    for (int k = 0; k < from->froms; k++) list[k] = dli_same_layer(into, from->from[k]);
    if (from->shared) into->at = list[0];
    dl_layer *l = from->shared
                ? dl_model_reuse(into, dli_same_layer(into, from->shared))
                : dl_model_add_from(into, from->type, from->options, list, from->froms);
    if (!l || l->params != from->params || l->states != from->states) return false;
    for (int k = 0; !into->owner && k < l->params; k++) {
        if (!dl_assign(l->param[k], from->param[k])) return false;
        l->param[k]->requires_grad = from->param[k]->requires_grad;
    }
    for (int k = 0; k < l->states; k++)
        if (!dl_assign(l->state[k], from->state[k])) return false;
    l->activation = from->activation;
    l->l1 = from->l1;
    l->l2 = from->l2;
    l->frozen = from->frozen;
    return true;
}

/* m once more, with copies of its weights or, with an owner (m itself), with its weights. */
static dl_model *dli_model_copy(dl_ctx *into, const dl_model *m, dl_model *owner)
{
    const dl_rng rng = into->rng;              /* layers draw numbers, which are not kept */
    dl_model *copy = dl_model_new(into, m->input);
    int most = m->outs;
    for (int i = 0; i < m->layers; i++)
        if (m->layer[i]->froms > most) most = m->layer[i]->froms;
    dl_layer **list = copy ? (dl_layer **)dli_alloc(into, "dl_model_clone", (size_t)most,
                                                    sizeof *list) : NULL;
    bool ok = list != NULL;
    if (copy && owner) {
        copy->owner = owner;
        copy->batch_size = owner->batch_size;
        dli_lend(owner, 1);
    }
    for (int i = 0; ok && i < m->layers; i++) ok = dli_clone_layer(copy, m->layer[i], list);
    for (int k = 0; ok && k < m->outs; k++) list[k] = dli_same_layer(copy, m->out[k]);
    ok = ok && (!m->out || dl_model_outputs(copy, list, m->outs));
    if (list) DL_FREE(list);
    if (ok) copy->at = dli_same_layer(copy, m->at);
    into->rng = rng;
    if (ok) return copy;
    dl_model_free(copy);
    return NULL;
}

DL_DEF dl_model *dl_model_clone(dl_ctx *into, const dl_model *m)
{
    return into && dli_model_whole("dl_model_clone", m) ? dli_model_copy(into, m, NULL) : NULL;
}

DL_DEF dl_model *dl_model_share(dl_ctx *into, dl_model *m)
{
    const char *who = "dl_model_share";
    if (!into || !dli_model_whole(who, m)) return NULL;
    if (m->owner || m->fitting || into == m->ctx) {
        dl_fail(m->ctx, DL_ERR_STATE, "%s: %s", who, m->owner ? "share the owner of the weights"
                : m->fitting ? "not while dl_model_fit is at work"
                : "the other model needs a context of its own (dl_new)");
        return NULL;
    }
    return dli_model_copy(into, m, m);
}

DL_DEF int dl_model_share_count(const dl_model *m)
{
    return m ? dli_atomic_add((int *)(uintptr_t)&m->shares, 0) : 0;
}

#ifndef DL_NO_STDIO
/* 407050 as "407,050". */
static const char *dli_thousands(char s[32], int64_t n)
{
    char digits[24];
    const int len = dli_format(digits, sizeof digits, "%lld", (long long)n);
    int at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-') s[at++] = ',';
        s[at++] = digits[i];
    }
    s[at] = 0;
    return s;
}

/* What the columns of the summary say of layer l; the last one names whom it reads. */
typedef char dli_row[4][200];
static void dli_summary_row(dli_row row, const dl_layer *l)
{
    dli_text shape = { row[1], sizeof row[1], 0, NULL, false };
    dli_text from = { row[3], sizeof row[3], 0, NULL, false };
    memset(row, 0, sizeof(dli_row));
    dli_format(row[0], sizeof row[0], "%s (%s)", l->name, l->type->name);
    dli_put(&shape, "(None");
    for (int k = 0; k < l->output[0].rank; k++)
        dli_putf(&shape, ", %lld", (long long)l->output[0].dim[k]);
    dli_put(&shape, ")");
    dli_thousands(row[2], l->shared ? 0 : dli_sum_sizes(l->param, l->params) +
                                          dli_sum_sizes(l->state, l->states));
    for (int k = 0; k < l->froms; k++)
        dli_putf(&from, "%s%s", k ? ", " : "", l->from[k] ? l->from[k]->name : "input");
}

static void dli_summary_rule(int width)
{
    while (width-- > 0) putchar('_');
    putchar('\n');
}

DL_DEF void dl_model_summary(const dl_model *m)
{
    dli_row row;
    char number[32];
    int width[4] = { 27, 21, 12, 12 };                   /* columns grow with what is in them */
    int64_t trained = 0;
    if (!m) return;
    for (int i = 0; i < m->layers; i++) {
        dli_summary_row(row, m->layer[i]);
        for (int k = 0; k < 4; k++)
            if ((int)strlen(row[k]) > width[k]) width[k] = (int)strlen(row[k]);
    }
    const int all = width[0] + width[1] + width[2] + 5 + (m->chain ? 0 : width[3] + 2);
    dli_summary_rule(all);
    dli_print(" %-*s  %-*s  %*s%s\n", width[0], "Layer (type)", width[1], "Output shape", width[2],
              "Param #", m->chain ? "" : "  Connected to");
    dli_summary_rule(all);
    for (int i = 0; i < m->layers; i++) {
        const char *gap = m->chain || m->layer[i]->froms == 0 ? "" : "  ";
        dli_summary_row(row, m->layer[i]);
        dli_print(" %-*s  %-*s  %*s%s%s\n", width[0], row[0], width[1], row[1], width[2], row[2],
                  gap, *gap ? row[3] : "");
    }
    const int64_t total = dli_sum_sizes(m->tensor, m->tensors);
    for (int i = 0; i < m->params; i++)
        if (m->tensor[i]->requires_grad) trained += m->tensor[i]->size;
    dli_summary_rule(all);
    dli_print(" Total params: %s", dli_thousands(number, total));
    dli_print(" (%.2f MB)\n", (double)total * (double)sizeof(dl_real) / 1048576);
    dli_print(" Trainable params: %s\n", dli_thousands(number, trained));
    dli_print(" Non-trainable params: %s\n", dli_thousands(number, total - trained));
    dli_summary_rule(all);
}
#endif

/* ---- metrics ---- */

/* The class that a row of C scores or targets names; of one number: is it above the threshold? */
static int32_t dli_class(const dl_real *z, dl_int C, double threshold)
{
    return C == 1 ? (double)z[0] > threshold : (int32_t)dli_choose(z, C, 1, false);
}

/* Accuracy: how many rows name the right class, of how many. */
static bool dli_accuracy_add(void *state, const dl_outcome *o, const void *user)
{
    double *sum = (double *)state;                           /* right, of */
    const bool yes_no = o->loss->logits == DL_SIGMOID;       /* each number for itself */
    const dl_int C = yes_no ? 1 : dli_last(o->scores->shape);
    const dl_int rows = yes_no ? o->scores->size : dli_rows(o->scores);
    dl_int right = 0, of = rows;
    (void)user;
    if (o->loss->logits == DL_LINEAR && !(o->labels && rows == o->size && C > 1)) return true;
    for (dl_int i = 0; i < rows; i++) {
        right += dli_class(o->scores->data + i * C, C, 0) ==
                 (o->labels ? o->labels[i] : dli_class(o->target->data + i * C, C, 0.5));
        of -= o->labels && !yes_no && o->labels[i] >= C;           /* the class to be ignored */
    }
    if (of < 1) return true;
    const double samples = o->labels ? (double)of : (double)o->size;
    sum[0] += (double)right * samples / (double)of;
    sum[1] += samples;
    return true;
}

static double dli_accuracy_result(void *state, const void *user)
{
    const double *sum = (const double *)state;
    (void)user;
    return sum[1] > 0 ? sum[0] / sum[1] : NAN;
}

DL_DEF const dl_metric *dl_find_metric(dl_ctx *dl, const char *name)
{
    static const dl_metric accuracy = { "accuracy", 2 * sizeof(double), dli_accuracy_add,
                                        dli_accuracy_result, NULL };
    if (!name) return NULL;
    return strcmp(name, accuracy.name) == 0
         ? &accuracy : (const dl_metric *)dli_registered_find(dl, 'm', name);
}

DL_DEF bool dl_register_metric(dl_ctx *dl, const dl_metric *metric)
{
    return dl && metric && metric->name &&
           dli_register(dl, 'm', metric, dl_find_metric(dl, metric->name));
}

DL_DEF bool dl_model_add_metric(dl_model *m, const dl_metric *metric)
{
    const char *who = "dl_model_add_metric";
    if (!m) return false;
    if (!metric || !metric->name || !metric->add || !metric->result)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: a metric needs name, add and result", who);
    for (int i = 0; i < m->metrics; i++)
        if (strcmp(m->metric[i]->name, metric->name) == 0)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: there is '%s' already", who, metric->name);
    if (m->metrics == DLI_METRICS)
        return dl_fail(m->ctx, DL_ERR_LIMIT, "%s: '%s' would be one more than %d", who,
                       metric->name, DL_METRIC_MAX);
    if (m->fitting)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: not while dl_model_fit is at work", who);
    const size_t bytes = (metric->state_size + sizeof(double) - 1) / sizeof(double) *
                         sizeof(double);
    char *states = (char *)dli_alloc(m->ctx, who, 2, bytes > 0 ? bytes : 1);
    if (!states) return false;
    m->metric_state[0][m->metrics] = states;
    m->metric_state[1][m->metrics] = states + bytes;
    m->metric[m->metrics++] = metric;
    return true;
}

DL_DEF int dl_model_metric_index(const dl_model *m, const char *name)
{
    for (int i = 1; m && name && i < m->metrics; i++)
        if (strcmp(m->metric[i]->name, name) == 0) return i - 1;
    return -1;
}

DL_DEF int dl_model_metric_count(const dl_model *m) { return m ? m->metrics - 1 : 0; }

DL_DEF double dl_accuracy(const int32_t *predicted, const int32_t *label, dl_int n)
{
    dl_int right = 0;
    if (!predicted || !label || n < 1) return NAN;
    for (dl_int i = 0; i < n; i++) right += predicted[i] == label[i];
    return (double)right / (double)n;
}

DL_DEF double dl_top_k_accuracy(const dl_tensor *scores, const int32_t *label, int k)
{
    const char *who = "dl_top_k_accuracy";
    char s[DLI_SHAPE_TEXT];
    dl_int right = 0;
    if (!label || !dli_usable(who, scores)) return NAN;
    if (scores->shape.rank != 2 || scores->size == 0 || k < 1) {
        dl_fail(scores->ctx, DL_ERR_SHAPE, "%s: scores %s must be [N,C] and not empty, k = %d 1 or "
                "more", who, dli_shape_text(s, scores->shape), k);
        return NAN;
    }
    const dl_int N = scores->shape.dim[0], C = scores->shape.dim[1];
    if (!dli_check_index(scores->ctx, who, "label", label, N, C)) return NAN;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *x = scores->data + i * C, own = x[label[i]];
        dl_int better = 0;                             /* classes in front of the right one */
        for (dl_int c = 0; c < C; c++) better += x[c] > own || (x[c] == own && c < label[i]);
        right += better < k && !dli_isnan((double)own);
    }
    return (double)right / (double)N;
}

static double dli_ratio(double a, double b) { return b != 0 ? a / b : 0; }

/* From how many were found, predicted and there. */
static dl_class_score dli_class_score(int64_t hits, int64_t predicted, int64_t support)
{
    dl_class_score s;
    s.precision = dli_ratio((double)hits, (double)predicted);
    s.recall = dli_ratio((double)hits, (double)support);
    s.f1 = dli_ratio(2 * s.precision * s.recall, s.precision + s.recall);
    s.support = support;
    return s;
}

static void dli_add_score(dl_class_score *sum, const dl_class_score *s, double weight)
{
    sum->precision += weight * s->precision;
    sum->recall += weight * s->recall;
    sum->f1 += weight * s->f1;
    sum->support += s->support;
}

DL_DEF dl_report *dl_report_new(dl_ctx *dl, const int32_t *predicted, const int32_t *label,
                                dl_int n, int classes)
{
    const char *who = "dl_report_new";
    if (!dl || !predicted || !label) return NULL;
    if (n < 1 || classes < 1 || classes > 10000) {
        dl_fail(dl, DL_ERR_ARGUMENT, "%s: %lld samples of %d classes; give 1 or more samples, and "
                "1 to 10000 classes", who, (long long)n, classes);
        return NULL;
    }
    if (!dli_check_index(dl, who, "label", label, n, classes) ||
        !dli_check_index(dl, who, "prediction", predicted, n, classes))
        return NULL;
    const size_t k = (size_t)classes;
    dl_report *r = (dl_report *)dli_object_new(dl, who, sizeof *r + k * sizeof *r->score +
                                                        k * k * sizeof *r->confusion, NULL);
    if (!r) return NULL;
    dl_class_score *score = (dl_class_score *)(void *)(r + 1);
    int64_t *confusion = (int64_t *)(void *)(score + classes), hits = 0;
    for (dl_int i = 0; i < n; i++) confusion[label[i] * classes + predicted[i]]++;
    for (int a = 0; a < classes; a++) {
        int64_t support = 0, called = 0;
        for (int b = 0; b < classes; b++) {
            support += confusion[a * classes + b];
            called += confusion[b * classes + a];
        }
        hits += confusion[a * classes + a];
        score[a] = dli_class_score(confusion[a * classes + a], called, support);
        dli_add_score(&r->macro, &score[a], 1 / (double)classes);
        dli_add_score(&r->weighted, &score[a], (double)support / (double)n);
    }
    r->micro = dli_class_score(hits, n, n);
    r->accuracy = (double)hits / (double)n;
    r->classes = classes;
    r->count = n;
    r->confusion = confusion;
    r->score = score;
    return r;
}

DL_DEF void dl_report_free(dl_report *r) { dli_object_free(r); }

/* Classes of the samples: as they are, as they were called. */
typedef struct dli_called { int32_t *label, *predicted; } dli_called;

static bool dli_report_batch(const dl_batch *b, dl_tensor **z, dl_int first, void *user)
{
    dli_called *to = (dli_called *)user;
    const dl_int C = dli_last(z[0]->shape);
    for (dl_int i = 0; i < b->size; i++) {
        to->predicted[first + i] = dli_class(z[0]->data + i * C, C, 0);
        to->label[first + i] = b->labels ? b->labels[i] : dli_class(b->y->data + i * C, C, 0.5);
    }
    return true;
}

DL_DEF dl_report *dl_model_report(dl_model *m, const dl_data *data)
{
    const char *who = "dl_model_report";
    if (!m || !data || !dli_check_data(who, m, data) || !dli_check_count(who, data)) return NULL;
    const dl_shape out = dli_output_shape(m, 0);
    const int C = (int)dl_shape_size(out);
    if (!dli_fused(m) || out.rank != 1 || (m->loss->logits == DL_SIGMOID && C != 1)) {
        dl_fail(m->ctx, DL_ERR_STATE, "%s: the model does not tell classes apart: it needs a "
                "cross-entropy loss and one row of outputs a sample", who);
        return NULL;
    }
    dl_report *r = NULL;
    dli_called of;
    of.label = (int32_t *)dli_alloc(m->ctx, who, (size_t)data->count, 2 * sizeof *of.label);
    if (!of.label) return NULL;
    of.predicted = of.label + data->count;
    if (dli_each_batch(who, m, data, DLI_RAW_LOSS, dli_report_batch, &of))
        r = dl_report_new(m->ctx, of.predicted, of.label, data->count, C == 1 ? 2 : C);
    DL_FREE(of.label);
    return r;
}

static void dli_put_score(dli_text *out, int width, const char *name, const dl_class_score *s)
{
    dli_putf(out, "%*s  %9.2f %9.2f %9.2f %9lld\n", width, name, s->precision, s->recall, s->f1,
                 (long long)s->support);
}

static void dli_put_report(dli_text *out, const dl_report *r, const char *const *names)
{
    char number[24];
    int width = (int)strlen("weighted avg");
    for (int c = 0; names && c < r->classes; c++)
        if ((int)strlen(names[c]) > width) width = (int)strlen(names[c]);
    dli_putf(out, "%*s  %9s %9s %9s %9s\n\n", width, "", "precision", "recall", "f1-score",
                 "support");
    for (int c = 0; c < r->classes; c++) {
        dli_format(number, sizeof number, "%d", c);
        dli_put_score(out, width, names ? names[c] : number, &r->score[c]);
    }
    dli_putf(out, "\n%*s  %9s %9s %9.2f %9lld\n", width, "accuracy", "", "", r->accuracy,
                 (long long)r->count);
    dli_put_score(out, width, "macro avg", &r->macro);
    dli_put_score(out, width, "weighted avg", &r->weighted);
}

DL_DEF int dl_report_format(char *buffer, size_t size, const dl_report *r,
                            const char *const *names)
{
    dli_text out = { buffer, buffer ? size : 0, 0, NULL, false };
    if (r) dli_put_report(&out, r, names);
    if (out.size) buffer[out.length < size ? out.length : size - 1] = 0;
    return (int)out.length;
}

#ifndef DL_NO_STDIO
DL_DEF void dl_report_print(const dl_report *r, const char *const *names)
{
    dli_text out = { NULL, 0, 0, stdout, false };
    if (!r) return;
    dli_put_report(&out, r, names);
    dli_print("\nconfusion (row: true class, column: predicted)\n");
    for (int i = 0; i < r->classes * r->classes; i++)
        dli_print("%6lld%s", (long long)r->confusion[i],
                  i % r->classes == r->classes - 1 ? "\n" : " ");
}
#endif

DL_DEF dl_regression dl_regression_of(const dl_real *predicted, const dl_real *target, dl_int n,
                                      dl_int outputs)
{
    dl_regression r;
    r.mse = r.rmse = r.mae = r.r2 = NAN;
    if (!predicted || !target || n < 1 || outputs < 1) return r;
    const double count = (double)n * (double)outputs;
    r.mse = r.mae = r.r2 = 0;
    for (dl_int k = 0; k < outputs; k++) {
        const double first = (double)target[k];      /* equal targets have exactly no spread */
        double squares = 0, mean = 0, spread = 0;
        for (dl_int i = k; i < n * outputs; i += outputs) {
            const double d = (double)predicted[i] - (double)target[i];
            squares += d * d;
            r.mae += fabs(d) / count;
            mean += ((double)target[i] - first) / (double)n;
        }
        for (dl_int i = k; i < n * outputs; i += outputs) {
            const double d = (double)target[i] - first - mean;
            spread += d * d;
        }
        r.mse += squares / count;
        r.r2 += (spread != 0 ? 1 - squares / spread : squares == 0 ? 1 : 0) / (double)outputs;
    }
    r.rmse = sqrt(r.mse);
    return r;
}

DL_DEF dl_regression dl_model_regression(dl_model *m, const dl_data *data)
{
    const char *who = "dl_model_regression";
    dl_regression r = dl_regression_of(NULL, NULL, 0, 0);
    if (!m || !data || !dli_check_data(who, m, data) || !dli_check_count(who, data)) return r;
    if (dli_fused(m) || !data->targets) {
        dl_fail(m->ctx, DL_ERR_STATE, "%s: needs a data set with targets, and a model whose loss "
                "is no cross-entropy", who);
        return r;
    }
    const dl_int M = dl_shape_size(dli_output_shape(m, 0));
    dl_real *z = (dl_real *)dli_alloc(m->ctx, who, (size_t)data->count, (size_t)M * sizeof *z);
    if (z && dli_each_batch(who, m, data, DLI_RAW_LOSS, dli_copy_outputs, z))
        r = dl_regression_of(z, dl_data_targets(data), data->count, M);
    if (z) DL_FREE(z);
    return r;
}
#endif /* DL_NO_MODEL */

#ifndef DL_NO_DATA
/* --------------------------------------------------------------------------- >>data-impl ----
   In this order: a data set and how its samples are read, by number or one after another; the
   source of arrays in memory and that of IDX files; data sets made of others; batches. A data set
   is a small view (struct dl_data) of a storage that it shares with other views; the storage holds
   the source. All reading goes through dli_data_read (of a stream, dli_stream_next), so whatever
   is true of one kind of source is true of all. */

/* What a data set and its views share. Labels and targets are here from the start when they are
   arrays, else from when they are asked for; cache is then what they are in. */
struct dli_storage {
    int            references;
    bool           begun;                   /* a stream has been read from            */
    dl_source      source;
    const int32_t *labels;
    const dl_real *targets;
    void          *cache;
    dl_real       *weights;                 /* [source.count], or NULL: all weigh 1   */
};

static void dli_storage_release(struct dli_storage *s)
{
    if (!s || --s->references > 0) return;
    if (s->source.close) s->source.close(s->source.user);
    if (s->cache) DL_FREE(s->cache);
    if (s->weights) DL_FREE(s->weights);
    DL_FREE(s);
}

static void dli_data_destroy(void *object) { dli_storage_release(((dl_data *)object)->storage); }

DL_DEF dl_source dl_source_default(void)
{
    dl_source s;
    memset(&s, 0, sizeof s);
    s.buffer = 1024;
    return s;
}

/* One sample (or target) must not be empty, and with the batch dimension in front it must still be
   a shape. */
static bool dli_check_sample(dl_ctx *c, const char *who, const char *what, dl_int count,
                             dl_shape shape)
{
    char s[DLI_SHAPE_TEXT];
    if (dl_shape_size(shape) < 1 || shape.rank >= DL_MAX_DIMS)
        return dl_fail(c, DL_ERR_SHAPE, "%s: %s of shape %s: dimensions must be 1 or more, and the "
                       "rank at most %d", who, what, dli_shape_text(s, shape), DL_MAX_DIMS - 1);
    return dl_shape_size(dli_batch_shape(count, shape)) >= 0 ||
           dl_fail(c, DL_ERR_SHAPE, "%s: %lld %ss of shape %s are more than memory can hold", who,
                   (long long)count, what, dli_shape_text(s, shape));
}

/* What is NULL on failure. */
static dl_data *dli_no_data(bool failed)
{
    (void)failed;
    return NULL;
}
#define DLI_REJECT(c, code, ...) dli_no_data(dl_fail(c, code, __VA_ARGS__))

/* Does what a source says of its samples make sense? Only a stream may not know how many. */
static bool dli_check_source(dl_ctx *c, const char *who, const dl_source *s)
{
    const bool unknown = s->next && s->count == -1;
    const dl_int count = unknown ? s->buffer : s->count;
    if ((s->count < 0 && !unknown) || s->count > INT32_MAX)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: %lld samples; a data set holds 0 to %ld", who,
                       (long long)s->count, (long)INT32_MAX);
    if (s->classes < 0 || (s->classes > 0 && s->targets))
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: %d classes%s; give 1 or more for labels, or 0", who,
                       s->classes, s->targets ? ", and targets" : "");
    if (s->next && (s->buffer < 1 || s->buffer > INT32_MAX))
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: a stream is shuffled through a buffer of %lld "
                       "samples; give 1 or more", who, (long long)s->buffer);
    return dli_check_sample(c, who, "sample", count, s->shape) &&
           (!s->targets || dli_check_sample(c, who, "target", count, s->target_shape));
}

/* The data set of a source that dli_check_source has found good. */
static dl_data *dli_data_new(dl_ctx *c, const char *who, const dl_source *source)
{
    dl_data *d = (dl_data *)dli_object_new(c, who, sizeof *d, dli_data_destroy);
    if (!d) return NULL;
    d->storage = (struct dli_storage *)dli_alloc(c, who, 1, sizeof *d->storage);
    if (!d->storage) {
        dli_object_free(d);
        return NULL;
    }
    d->storage->references = 1;
    d->storage->source = *source;
    d->ctx = c;
    d->count = source->count;
    d->shape = dli_rank(source->shape, source->shape.rank);
    d->classes = source->classes;
    d->labels = source->classes > 0;
    d->targets = source->targets;
    if (d->targets) d->target_shape = dli_rank(source->target_shape, source->target_shape.rank);
    return d;
}

DL_DEF dl_data *dl_data_from_source(dl_ctx *dl, const dl_source *source)
{
    const char *who = "dl_data_from_source";
    if (!dl) return NULL;
    if (!source || !source->read == !source->next)
        return DLI_REJECT(dl, DL_ERR_ARGUMENT, "%s: the source is NULL, or it has not one of the "
                          "functions read and next", who);
    return dli_check_source(dl, who, source) ? dli_data_new(dl, who, source) : NULL;
}

DL_DEF dl_ctx *dl_data_ctx(const dl_data *d) { return d ? d->ctx : NULL; }
DL_DEF dl_int dl_data_count(const dl_data *d) { return d ? d->count : 0; }
DL_DEF dl_shape dl_data_shape(const dl_data *d) { return d ? d->shape : dl_shape0(); }
DL_DEF int dl_data_classes(const dl_data *d) { return d ? d->classes : 0; }
DL_DEF bool dl_data_has_targets(const dl_data *d) { return d && d->targets; }
DL_DEF dl_shape dl_data_target_shape(const dl_data *d) { return d ? d->target_shape : dl_shape0(); }

/* ---- reading ---- */

static bool dli_is_stream(const dl_data *d) { return d->storage->source.next != NULL; }

/* Can samples be had in any order? */
static bool dli_check_order(const char *who, const dl_data *d)
{
    return !dli_is_stream(d) ||
           dl_fail(d->ctx, DL_ERR_STATE, "%s: the samples of a stream come one after another; this "
                   "needs a source that reads any of them, or arrays", who);
}

/* A pass over the data begins. */
static bool dli_data_begin(const dl_data *d)
{
    const char *who = "a batch of a data set";
    struct dli_storage *s = d->storage;
    if (dli_is_stream(d) && s->begun && !s->source.rewind)
        return dl_fail(d->ctx, DL_ERR_STATE, "%s: its stream has been read; to read it once more "
                       "its source needs the function rewind", who);
    s->begun = true;
    return !s->source.rewind || s->source.rewind(s->source.user) ||
           dl_fail(d->ctx, DL_ERR_FILE, "%s: its source could not go back to its start", who);
}

/* Samples order[first .. first+n-1] (without an order: first .. first+n-1) of d, which the caller
   knows to exist, into x, labels and y; each may be NULL. */
static bool dli_data_read(const dl_data *d, const int32_t *order, dl_int first, dl_int n,
                          dl_real *x, int32_t *labels, dl_real *y)
{
    const char *who = "a batch of a data set";
    const dl_source *s = &d->storage->source;
    const dl_int D = dl_shape_size(d->shape), M = dl_shape_size(d->target_shape);
    int32_t index[512];
    dl_int k;
    for (dl_int at = 0; at < n; at += k) {
        k = dli_min(n - at, 512);
        for (dl_int i = 0; i < k; i++)
            index[i] = (int32_t)(d->first + (order ? order[first + at + i] : first + at + i));
        if (!s->read(s->user, index, k, x ? x + at * D : NULL, labels ? labels + at : NULL,
                     y ? y + at * M : NULL))
            return dl_fail(d->ctx, DL_ERR_FILE, "%s: its source could not read %lld samples, the "
                           "first of them number %ld", who, (long long)k, (long)index[0]);
    }
    return !labels || dli_check_index(d->ctx, who, "label", labels, n, d->classes);
}

/* The next samples of a stream, n at most: how many there were, -1 on failure. */
static dl_int dli_stream_next(const dl_data *d, dl_int n, dl_real *x, int32_t *labels, dl_real *y)
{
    const char *who = "a batch of a data set";
    const dl_source *s = &d->storage->source;
    const dl_int got = n > 0 ? s->next(s->user, n, x, labels, y) : 0;
    if (got < 0 || got > n)
        dl_fail(d->ctx, DL_ERR_FILE, "%s: its stream gave %lld samples where up to %lld were "
                "asked for", who, (long long)got, (long long)n);
    else if (!labels || dli_check_index(d->ctx, who, "label", labels, got, d->classes)) return got;
    return -1;
}

/* Read all labels or targets of a source, once; false without them. */
static bool dli_data_answers(const dl_data *d)
{
    struct dli_storage *s = d->storage;
    dl_data all = *d;
    if (s->labels || s->targets) return true;
    if (!dli_check_order("dl_data_labels", d)) return false;
    all.first = 0;
    all.count = s->source.count;
    s->cache = dli_alloc(d->ctx, "dl_data_labels", (size_t)all.count, d->labels ? sizeof(int32_t) :
                         (size_t)dl_shape_size(d->target_shape) * sizeof(dl_real));
    int32_t *labels = d->labels ? (int32_t *)s->cache : NULL;
    dl_real *targets = d->targets ? (dl_real *)s->cache : NULL;
    if (!s->cache) return false;
    if (!dli_data_read(&all, NULL, 0, all.count, NULL, labels, targets)) {
        DL_FREE(s->cache);
        s->cache = NULL;
        return false;
    }
    s->labels = labels;
    s->targets = targets;
    return true;
}

DL_DEF const int32_t *dl_data_labels(const dl_data *d)
{
    return d && d->labels && dli_data_answers(d) ? d->storage->labels + d->first : NULL;
}

DL_DEF const dl_real *dl_data_targets(const dl_data *d)
{
    return d && d->targets && dli_data_answers(d)
         ? d->storage->targets + d->first * dl_shape_size(d->target_shape) : NULL;
}

DL_DEF const dl_real *dl_data_weights(const dl_data *d)
{
    return d && d->storage->weights ? d->storage->weights + d->first : NULL;
}

/* ---- the source of all data that lies in memory ----
   Samples are numbers, or bytes that times scale are numbers. */
typedef struct dli_arrays {
    dl_ctx        *ctx;
    const uint8_t *bytes;
    const dl_real *values;
    const int32_t *labels;
    const dl_real *targets;
    dl_int         D, M;                    /* elements of a sample and of a target   */
    void          *own[3];                  /* to be freed: samples, labels, targets  */
} dli_arrays;

static bool dli_arrays_read(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                            dl_real *y)
{
    const dli_arrays *a = (const dli_arrays *)user;
    for (dl_int i = 0; i < n; i++) {
        const dl_int k = index[i];
        if (x && a->bytes)
            dli_bytes_to_real(a->ctx, x + i * a->D, a->bytes + k * a->D, a->D, 1.0 / 255);
        else if (x) memcpy(x + i * a->D, a->values + k * a->D, (size_t)a->D * sizeof *x);
        if (labels) labels[i] = a->labels[k];
        if (y) memcpy(y + i * a->M, a->targets + k * a->M, (size_t)a->M * sizeof *y);
    }
    return true;
}

static void dli_arrays_close(void *user)
{
    dli_arrays *a = (dli_arrays *)user;
    for (int i = 0; i < 3; i++) if (a->own[i]) DL_FREE(a->own[i]);
    DL_FREE(a);
}

/* n elements of size bytes, copied for a->own[i]; NULL of NULL, and without memory. */
static void *dli_arrays_copy(dli_arrays *a, const char *who, int i, const void *from, dl_int n,
                             size_t size)
{
    a->own[i] = from ? dli_alloc(a->ctx, who, (size_t)n, size) : NULL;
    if (a->own[i] && n > 0) memcpy(a->own[i], from, (size_t)n * size);
    return a->own[i];
}

/* Copies of all that is given, in its place. */
static bool dli_arrays_own(dli_arrays *a, const char *who, dl_int n)
{
    const bool bytes = a->bytes != NULL, labels = a->labels != NULL, targets = a->targets != NULL;
    a->bytes = (const uint8_t *)dli_arrays_copy(a, who, 0, a->bytes, n * a->D, 1);
    if (!bytes)
        a->values = (const dl_real *)dli_arrays_copy(a, who, 0, a->values, n * a->D,
                                                     sizeof(dl_real));
    a->labels = (const int32_t *)dli_arrays_copy(a, who, 1, a->labels, n, sizeof(int32_t));
    a->targets = (const dl_real *)dli_arrays_copy(a, who, 2, a->targets, n * a->M,
                                                  sizeof(dl_real));
    return a->own[0] && (!labels || a->labels) && (!targets || a->targets);
}

/* A data set like source of the given arrays: what lies in given->own goes over to it when it
   succeeds; the rest it borrows or copies. */
static dl_data *dli_data_of_arrays(dl_ctx *c, const char *who, const dl_source *source,
                                   const dli_arrays *given, bool borrow)
{
    const dl_int n = source->count;
    if (!c) return NULL;
    if ((!given->values && !given->bytes) || (source->targets && !given->targets))
        return DLI_REJECT(c, DL_ERR_ARGUMENT, "%s: the %s are NULL", who,
                          given->values || given->bytes ? "targets" : "samples");
    if ((given->labels != NULL) != (source->classes > 0))
        return DLI_REJECT(c, DL_ERR_ARGUMENT, "%s: labels %s, but %d classes; labels are "
                          "0..classes-1, data without labels has NULL and 0", who,
                          given->labels ? "given" : "are NULL", source->classes);
    if (!dli_check_source(c, who, source) ||
        (given->labels && !dli_check_index(c, who, "label", given->labels, n, source->classes)))
        return NULL;
    dli_arrays *a = (dli_arrays *)dli_alloc(c, who, 1, sizeof *a);
    if (!a) return NULL;
    *a = *given;
    a->ctx = c;
    a->D = dl_shape_size(source->shape);
    a->M = dl_shape_size(source->target_shape);
    dl_source s = *source;
    s.read = dli_arrays_read;
    s.close = dli_arrays_close;
    s.user = a;
    dl_data *d = borrow || dli_arrays_own(a, who, n) ? dli_data_new(c, who, &s) : NULL;
    if (d) {
        d->storage->labels = a->labels;
        d->storage->targets = a->targets;
        return d;
    }
    if (borrow) memset(a->own, 0, sizeof a->own);
    dli_arrays_close(a);
    return NULL;
}

static dl_source dli_source_of(dl_int count, dl_shape shape, int classes)
{
    dl_source s = dl_source_default();
    s.count = count;
    s.shape = shape;
    s.classes = classes;
    return s;
}

/* The four ways to make a data set of numbers: with labels, or (y) with targets. */
static dl_data *dli_data_of_numbers(dl_ctx *c, const char *who, dl_source source, const dl_real *x,
                                    const int32_t *labels, const dl_real *y, bool borrow)
{
    dli_arrays a;
    memset(&a, 0, sizeof a);
    a.values = x;
    a.labels = labels;
    a.targets = y;
    return dli_data_of_arrays(c, who, &source, &a, borrow);
}

static dl_source dli_source_of_targets(dl_int count, dl_shape shape, dl_shape target_shape)
{
    dl_source s = dli_source_of(count, shape, 0);
    s.targets = true;
    s.target_shape = target_shape;
    return s;
}

DL_DEF dl_data *dl_data_from_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                    const int32_t *labels, int classes)
{
    return dli_data_of_numbers(dl, "dl_data_from_arrays", dli_source_of(count, shape, classes), x,
                               labels, NULL, false);
}

DL_DEF dl_data *dl_data_borrow_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                      const int32_t *labels, int classes)
{
    return dli_data_of_numbers(dl, "dl_data_borrow_arrays", dli_source_of(count, shape, classes), x,
                               labels, NULL, true);
}

DL_DEF dl_data *dl_data_from_targets(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                     const dl_real *y, dl_shape target_shape)
{
    return dli_data_of_numbers(dl, "dl_data_from_targets",
                               dli_source_of_targets(count, shape, target_shape), x, NULL, y,
                               false);
}

DL_DEF dl_data *dl_data_borrow_targets(dl_ctx *dl, const dl_real *x, dl_int count,
                                       dl_shape shape, const dl_real *y, dl_shape target_shape)
{
    return dli_data_of_numbers(dl, "dl_data_borrow_targets",
                               dli_source_of_targets(count, shape, target_shape), x, NULL, y, true);
}

DL_DEF dl_data *dl_data_from_bytes(dl_ctx *dl, const uint8_t *x, dl_int count, dl_shape shape,
                                   const int32_t *labels, int classes)
{
    const dl_source s = dli_source_of(count, shape, classes);
    dli_arrays a;
    memset(&a, 0, sizeof a);
    a.bytes = x;
    a.labels = labels;
    return dli_data_of_arrays(dl, "dl_data_from_bytes", &s, &a, false);
}

DL_DEF void dl_data_free(dl_data *d) { dli_object_free(d); }

/* A file (or a copy of one from memory): its name for messages, its bytes, how many. */
typedef struct dli_idx_file {
    const char *name;
    uint8_t    *p;
    size_t      bytes;
} dli_idx_file;

/* ---- gzip ---- */

/* Four bytes, the least significant first. */
static uint32_t dli_four_bytes(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Where the packed data begin: behind 10 bytes, and an extra field, a name, a comment, a check sum
   as the flags say. 0 when that is beyond the end. */
static size_t dli_gzip_header(const uint8_t *p, size_t bytes)
{
    const int flags = bytes > 18 ? p[3] : 0;
    size_t at = 10;
    if (bytes < 18 || p[2] != 8) return 0;
    if (flags & 4) at += 2 + p[10] + ((size_t)p[11] << 8);
    for (int text = 8; text <= 16; text *= 2) {
        if (!(flags & text)) continue;
        while (at < bytes && p[at]) at++;
        at++;
    }
    if (flags & 2) at += 2;
    return at + 8 <= bytes ? at : 0;
}

/* If f is packed by gzip, unpack it. What it says of its size is believed no further than a packed
   byte can become 1032. */
static bool dli_unpack(dl_ctx *c, const char *who, dli_idx_file *f)
{
    if (f->bytes < 2 || f->p[0] != 0x1F || f->p[1] != 0x8B) return true;
    const size_t at = dli_gzip_header(f->p, f->bytes);
    const uint32_t size = at ? dli_four_bytes(f->p + f->bytes - 4) : 0;
    if (!DLI_STB)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s is compressed by gzip; unpack it first (gunzip), "
                       "or define DL_USE_STB_IMAGE, see >>options", who, f->name);
    if (!at || size / 1032 > f->bytes || size > INT_MAX || f->bytes > INT_MAX)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s is cut off, or no gzip file that can be read", who,
                       f->name);
    uint8_t *p = (uint8_t *)dli_alloc(c, who, size, 1);
    if (!p) return false;
    const int got = dli_stb_inflate(p, (int)size, f->p + at, (int)(f->bytes - at - 8));
    if (got != (int)size || dli_crc32(0, p, size) != dli_four_bytes(f->p + f->bytes - 8)) {
        DL_FREE(p);
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s is damaged: what gzip packed in it does not come "
                       "out whole", who, f->name);
    }
    DL_FREE(f->p);
    f->p = p;
    f->bytes = size;
    return true;
}

/* ---- IDX ----
   A header of 4 + 4 rank bytes, then one byte an element:
       00 00 08 rank    8: the elements are unsigned bytes
       count ...        rank sizes of 4 bytes, the most significant one first
   Nothing in it is believed: the sizes must account for every byte that is there. */

/* Read the header of f with the rank it must have into count[rank]. */
static bool dli_idx_header(dl_ctx *c, const char *who, const dli_idx_file *f, int rank,
                           dl_int *count)
{
    const uint8_t *p = f->p;
    const size_t header = 4 + 4 * (size_t)rank;
    double need = 1;
    if (f->bytes < header)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s has %llu bytes, but the IDX header alone takes "
                       "%d", who, f->name, (unsigned long long)f->bytes, (int)header);
    if (p[0] != 0 || p[1] != 0 || p[2] != 8 || p[3] != rank)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s begins with %02X %02X %02X %02X; IDX %s begin "
                       "with 00 00 08 %02X%s", who, f->name, p[0], p[1], p[2], p[3],
                       rank == 1 ? "labels" : "images", rank,
                       p[2] == 8 && p[3] == 4 - rank ? " (are images and labels swapped?)" : "");
    for (int i = 0; i < rank; i++) {
        const uint8_t *q = p + 4 + 4 * i;
        const uint32_t n = (uint32_t)q[0] << 24 | (uint32_t)q[1] << 16 | (uint32_t)q[2] << 8 | q[3];
        need *= (double)n;          /* exact up to 2^53, and far too big for any memory above */
        if (n > INT32_MAX)
            return dl_fail(c, DL_ERR_FORMAT, "%s: size %d in the header of %s is %lu; the most "
                           "is %ld", who, i + 1, f->name, (unsigned long)n, (long)INT32_MAX);
        count[i] = (dl_int)n;
    }
    const double have = (double)(f->bytes - header);
    return have == need ||
           dl_fail(c, DL_ERR_FORMAT, "%s: %s is %s: its header promises %.0f bytes of data, "
                   "but %.0f follow", who, f->name, have < need ? "cut off" : "too long", need,
                   have);
}

/* A data set of images and labels (labels->p may be NULL). It takes over the images' memory. */
static dl_data *dli_idx_data(dl_ctx *c, const char *who, dli_idx_file *images,
                             const dli_idx_file *labels, int classes)
{
    dl_int size[3], count = 0;
    int32_t most = -1;
    if (classes < 0)
        return DLI_REJECT(c, DL_ERR_ARGUMENT, "%s: %d classes; give 1 or more, or 0 for the "
                          "largest label + 1", who, classes);
    if (!dli_idx_header(c, who, images, 3, size) ||
        (labels->p && !dli_idx_header(c, who, labels, 1, &count)))
        return NULL;
    if (labels->p && count != size[0])
        return DLI_REJECT(c, DL_ERR_FORMAT, "%s: %s has %lld images, but %s has %lld labels", who,
                          images->name, (long long)size[0], labels->name, (long long)count);
    int32_t *label = labels->p ? (int32_t *)dli_alloc(c, who, (size_t)count, sizeof *label) : NULL;
    if (labels->p && !label) return NULL;
    for (dl_int i = 0; i < count; i++) {
        label[i] = labels->p[8 + i];
        if (label[i] > most) most = label[i];
    }
    const dl_source s = dli_source_of(size[0], dl_shape3(1, size[1], size[2]),
                                      !label ? 0 : classes ? classes : most + 1);
    dli_arrays a;
    memset(&a, 0, sizeof a);
    a.bytes = images->p + 16;
    a.labels = label;
    a.own[0] = images->p;
    a.own[1] = label;
    dl_data *d = dli_data_of_arrays(c, who, &s, &a, true);
    if (d) images->p = NULL;
    else if (label) DL_FREE(label);
    return d;
}

/* The same of files that may be packed; both are freed or taken over. */
static dl_data *dli_idx(dl_ctx *c, const char *who, dli_idx_file *images, dli_idx_file *labels,
                        int classes)
{
    const bool ok = dli_unpack(c, who, images) && (!labels->p || dli_unpack(c, who, labels));
    dl_data *d = ok ? dli_idx_data(c, who, images, labels, classes) : NULL;
    if (images->p) DL_FREE(images->p);
    if (labels->p) DL_FREE(labels->p);
    return d;
}

static dli_idx_file dli_idx_copy(dl_ctx *c, const char *who, const char *name, const void *from,
                                 size_t bytes)
{
    dli_idx_file f = { name, NULL, bytes };
    if (from) f.p = (uint8_t *)dli_alloc(c, who, bytes, 1);
    if (f.p) memcpy(f.p, from, bytes);
    return f;
}

DL_DEF dl_data *dl_idx_from_memory(dl_ctx *dl, const void *images, size_t image_bytes,
                                   const void *labels, size_t label_bytes, int classes)
{
    const char *who = "dl_idx_from_memory";
    if (!dl) return NULL;
    if (!images) return DLI_REJECT(dl, DL_ERR_ARGUMENT, "%s: the images are NULL", who);
    dli_idx_file image = dli_idx_copy(dl, who, "images", images, image_bytes);
    dli_idx_file label = dli_idx_copy(dl, who, "labels", labels, label_bytes);
    if (image.p && (label.p || !labels)) return dli_idx(dl, who, &image, &label, classes);
    if (image.p) DL_FREE(image.p);
    if (label.p) DL_FREE(label.p);
    return NULL;
}

#ifndef DL_NO_STDIO
static dl_data *dli_idx_load(dl_ctx *c, const char *who, const char *images, const char *labels,
                             int classes, const char *hint)
{
    dli_idx_file image = { images, NULL, 0 }, label = { labels, NULL, 0 };
    image.p = dli_read_file(c, who, images, hint, &image.bytes);
    if (image.p && labels) label.p = dli_read_file(c, who, labels, hint, &label.bytes);
    if (image.p && (label.p || !labels)) return dli_idx(c, who, &image, &label, classes);
    if (image.p) DL_FREE(image.p);
    return NULL;
}

DL_DEF dl_data *dl_idx_load(dl_ctx *dl, const char *images, const char *labels, int classes)
{
    const char *who = "dl_idx_load";
    if (!dl) return NULL;
    if (!images) return DLI_REJECT(dl, DL_ERR_ARGUMENT, "%s: the path of the images is NULL", who);
    return dli_idx_load(dl, who, images, labels, classes, "");
}

/* The path of a file of MNIST: packed when only that is there. */
static void dli_mnist_path(char *path, size_t room, const char *dir, const char *part,
                           const char *what)
{
    const size_t n = strlen(dir);
    const char *slash = n == 0 || dir[n - 1] == '/' || dir[n - 1] == '\\' ? "" : "/";
    dli_format(path, room, "%s%s%s-%s-ubyte.gz", dir, slash, part, what);
    FILE *f = fopen(path, "rb");
    path[strlen(path) - 3] = 0;
    FILE *plain = f ? fopen(path, "rb") : NULL;
    if (f && !plain) path[strlen(path)] = '.';
    if (f) fclose(f);
    if (plain) fclose(plain);
}

DL_DEF dl_data *dl_mnist_load(dl_ctx *dl, const char *dir, dl_split split)
{
    const char *who = "dl_mnist_load", *part = split == DL_TRAIN ? "train" : "t10k";
    if (!dl) return NULL;
    if (!dir) return DLI_REJECT(dl, DL_ERR_ARGUMENT, "%s: the directory is NULL", who);
    if (split != DL_TRAIN && split != DL_TEST)
        return DLI_REJECT(dl, DL_ERR_ARGUMENT, "%s: split %d is not DL_TRAIN or DL_TEST", who,
                          (int)split);
    const size_t room = strlen(dir) + 40;                  /* "/train-labels-idx1-ubyte.gz" */
    char *images = (char *)dli_alloc(dl, who, 2, room), *labels = images + room;
    if (!images) return NULL;
    dli_mnist_path(images, room, dir, part, "images-idx3");
    dli_mnist_path(labels, room, dir, part, "labels-idx1");
    dl_data *d = dli_idx_load(dl, who, images, labels, 10, "; run from the repository's root, "
                              "or pass the directory that holds MNIST's four files");
    if (d && (d->shape.dim[1] != 28 || d->shape.dim[2] != 28)) {
        dl_fail(dl, DL_ERR_FORMAT, "%s: the images in %s are %lld x %lld, MNIST's are 28 x 28; "
                "dl_idx_load takes any size", who, images, (long long)d->shape.dim[1],
                (long long)d->shape.dim[2]);
        dl_data_free(d);
        d = NULL;
    }
    DL_FREE(images);
    return d;
}
#endif

/* ---- views: some samples in a row ---- */

static dl_data *dli_data_view(const dl_data *d, const char *who, dl_int first, dl_int count)
{
    dl_data *v = (dl_data *)dli_object_new(d->ctx, who, sizeof *v, dli_data_destroy);
    if (!v) return NULL;
    *v = *d;
    v->first += first;
    v->count = count;
    v->storage->references++;
    return v;
}

DL_DEF dl_data *dl_data_take(const dl_data *d, dl_int first, dl_int count)
{
    const char *who = "dl_data_take";
    if (!d) return NULL;
    if (first == 0 && count == d->count) return dli_data_view(d, who, first, count);
    if (!dli_check_order(who, d)) return NULL;
    if (first < 0 || count < 0 || first > d->count || count > d->count - first)
        return DLI_REJECT(d->ctx, DL_ERR_RANGE, "%s: %lld samples from %lld on are not in the data "
                          "set's %lld", who, (long long)count, (long long)first,
                          (long long)d->count);
    return dli_data_view(d, who, first, count);
}

/* Both or none. */
static bool dli_two(dl_data *a, dl_data *b, dl_data **first, dl_data **second)
{
    if (!a || !b) {
        dl_data_free(a);
        dl_data_free(b);
        return false;
    }
    *first = a;
    *second = b;
    return true;
}

/* Can d be split so? */
static bool dli_check_split(const char *who, const dl_data *d, double fraction,
                            dl_data *const *first, dl_data *const *second)
{
    if (!(fraction >= 0 && fraction <= 1) || !first || !second)
        return dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: fraction %g must be from 0 to 1, and both "
                       "results have a place to go", who, fraction);
    return dli_check_order(who, d);
}

DL_DEF bool dl_data_split(const dl_data *d, double fraction, dl_data **first, dl_data **second)
{
    const char *who = "dl_data_split";
    if (!d || !dli_check_split(who, d, fraction, first, second)) return false;
    const dl_int n = (dl_int)floor((double)d->count * fraction + 0.5);
    return dli_two(dli_data_view(d, who, 0, d->count - n),
                   dli_data_view(d, who, d->count - n, n), first, second);
}

/* ---- data sets made of others ----
   Their source reads the samples of its parts, one part behind the other, in an order of its
   own: views by a list, concatenation and weights are one thing. */
typedef struct dli_parts {
    dl_data *part;                          /* views that keep the parts' storage     */
    int32_t *start;                         /* [parts + 1] where each part begins     */
    int32_t *index;                         /* [count], or NULL: as they lie          */
    int      parts;
} dli_parts;

/* The part that sample i is in; i becomes its number there. */
static int dli_part_of(const dli_parts *v, int32_t *i)
{
    int p = 0;
    if (v->index) *i = v->index[*i];
    while (*i >= v->start[p + 1]) p++;
    *i -= v->start[p];
    return p;
}

static bool dli_parts_read(void *user, const int32_t *index, dl_int n, dl_real *x, int32_t *labels,
                           dl_real *y)
{
    const dli_parts *v = (const dli_parts *)user;
    const dl_int D = dl_shape_size(v->part->shape), M = dl_shape_size(v->part->target_shape);
    int32_t from[512];
    dl_int run;
    for (dl_int at = 0; at < n; at += run) {           /* as many of one part as follow */
        from[0] = index[at];
        const int p = dli_part_of(v, &from[0]);
        for (run = 1; at + run < n; run++) {
            from[run] = index[at + run];
            if (dli_part_of(v, &from[run]) != p) break;
        }
        if (!dli_data_read(&v->part[p], from, 0, run, x ? x + at * D : NULL,
                           labels ? labels + at : NULL, y ? y + at * M : NULL))
            return false;
    }
    return true;
}

static bool dli_parts_rewind(void *user)
{
    const dli_parts *v = (const dli_parts *)user;
    for (int p = 0; p < v->parts; p++) if (!dli_data_begin(&v->part[p])) return false;
    return true;
}

static void dli_parts_close(void *user)
{
    dli_parts *v = (dli_parts *)user;
    for (int p = 0; p < v->parts; p++) dli_storage_release(v->part[p].storage);
    if (v->part) DL_FREE(v->part);
    if (v->start) DL_FREE(v->start);
    if (v->index) DL_FREE(v->index);
    DL_FREE(v);
}

/* Do the parts have samples of one kind? Their number, or -1. */
static dl_int dli_check_parts(const char *who, const dl_data *const *part, int parts)
{
    dl_int count = 0;
    for (int p = 0; p < parts; p++) {
        char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
        const dl_data *a = part[0], *b = part[p];
        if (!b || !dli_check_order(who, b)) return -1;
        if (a->ctx != b->ctx || a->labels != b->labels || a->targets != b->targets ||
            !dl_shape_equal(a->shape, b->shape) ||
            (a->targets && !dl_shape_equal(a->target_shape, b->target_shape))) {
            dl_fail(a->ctx, DL_ERR_SHAPE, "%s: data set %d, of samples %s, and the first, of "
                    "samples %s, differ in shape, in having labels or targets, or in context", who,
                    p, dli_shape_text(s, b->shape), dli_shape_text(t, a->shape));
            return -1;
        }
        count += b->count;
    }
    return count;
}

/* The weights of the parts' samples in this order, times weight; false without memory. */
static bool dli_parts_weights(const char *who, dl_data *d, const dli_parts *v,
                              const dl_real *weight)
{
    bool any = weight != NULL;
    for (int p = 0; p < v->parts; p++) any = any || v->part[p].storage->weights;
    if (!any) return true;
    dl_real *w = (dl_real *)dli_alloc(d->ctx, who, (size_t)d->count, sizeof *w);
    for (dl_int i = 0; w && i < d->count; i++) {
        int32_t k = (int32_t)i;
        const dl_real *own = dl_data_weights(&v->part[dli_part_of(v, &k)]);
        w[i] = (dl_real)((weight ? (double)weight[i] : 1) * (own ? (double)own[k] : 1));
    }
    d->storage->weights = w;
    return w != NULL;
}

/* The samples index[count] (NULL: all) of the parts, one behind the other, times weight. */
static dl_data *dli_data_of_parts(const char *who, const dl_data *const *part, int parts,
                                  const int32_t *index, dl_int count, const dl_real *weight)
{
    const dl_int all = dli_check_parts(who, part, parts);
    dl_ctx *c = part[0] ? part[0]->ctx : NULL;
    if (all < 0 || (index && !dli_check_index(c, who, "sample", index, count, all))) return NULL;
    dl_source s = dli_source_of(index ? count : all, part[0]->shape, 0);
    for (int p = 0; p < parts; p++) if (part[p]->classes > s.classes) s.classes = part[p]->classes;
    s.targets = part[0]->targets;
    s.target_shape = part[0]->target_shape;
    dli_parts *v = dli_check_source(c, who, &s) ? (dli_parts *)dli_alloc(c, who, 1, sizeof *v)
                                                : NULL;
    if (!v) return NULL;
    v->part = (dl_data *)dli_alloc(c, who, (size_t)parts, sizeof *v->part);
    v->start = (int32_t *)dli_alloc(c, who, (size_t)parts + 1, sizeof *v->start);
    if (index) v->index = (int32_t *)dli_alloc(c, who, (size_t)count, sizeof *v->index);
    s.read = dli_parts_read;
    s.rewind = dli_parts_rewind;
    s.close = dli_parts_close;
    s.user = v;
    dl_data *d = v->part && v->start && (v->index || !index) ? dli_data_new(c, who, &s) : NULL;
    if (!d) {
        dli_parts_close(v);
        return NULL;
    }
    for (int p = 0; p < parts; p++) {
        v->part[p] = *part[p];
        v->part[p].storage->references++;
        v->start[p + 1] = v->start[p] + (int32_t)part[p]->count;
    }
    v->parts = parts;
    if (index) memcpy(v->index, index, (size_t)count * sizeof *index);
    if (dli_parts_weights(who, d, v, weight)) return d;
    dl_data_free(d);
    return NULL;
}

DL_DEF dl_data *dl_data_pick(const dl_data *d, const int32_t *index, dl_int n)
{
    if (!d) return NULL;
    if (!index || n < 0)
        return DLI_REJECT(d->ctx, DL_ERR_ARGUMENT, "dl_data_pick: %lld samples, and the list is "
                          "%s", (long long)n, index ? "there" : "NULL");
    return dli_data_of_parts("dl_data_pick", &d, 1, index, n, NULL);
}

DL_DEF dl_data *dl_data_concat(const dl_data *const *list, int n)
{
    if (!list || n < 1 || !list[0]) return NULL;
    return dli_data_of_parts("dl_data_concat", list, n, NULL, 0, NULL);
}

DL_DEF dl_data *dl_data_weighted(const dl_data *d, const dl_real *weight)
{
    if (!d) return NULL;
    if (!weight) return DLI_REJECT(d->ctx, DL_ERR_ARGUMENT, "dl_data_weighted: no weights");
    for (dl_int i = 0; i < d->count; i++)
        if (!((double)weight[i] >= 0 && (double)weight[i] <= DBL_MAX))
            return DLI_REJECT(d->ctx, DL_ERR_RANGE, "dl_data_weighted: the weight %g of sample "
                              "%lld must be 0 or more", (double)weight[i], (long long)i);
    return dli_data_of_parts("dl_data_weighted", &d, 1, NULL, 0, weight);
}

/* ---- folds ---- */

DL_DEF dl_folds dl_folds_default(void)
{
    dl_folds o;
    memset(&o, 0, sizeof o);
    o.shuffle = true;
    return o;
}

/* The order in which samples are dealt: those of a group, or of a class, lie together. NULL without
   memory. */
static dli_ranked *dli_deal_order(const dl_data *d, const char *who, const dl_folds *o,
                                  const int32_t *label)
{
    const uint64_t mix = dl_rng_new(o->seed, 0).key;
    dli_ranked *r = (dli_ranked *)dli_alloc(d->ctx, who, (size_t)d->count, sizeof *r);
    for (dl_int i = 0; r && i < d->count; i++) {
        const uint32_t of = o->group ? (uint32_t)o->group[i] : (uint32_t)i;
        r[i].key = o->shuffle ? dli_hash32(of, (uint32_t)mix, (uint32_t)(mix >> 32)) : of;
        if (label) r[i].key += 4294967296.0 * (double)label[i];
        r[i].at = i;                             /* the hash sends no two numbers to one */
    }
    if (r) dli_sort_ranked(r, d->count);
    return r;
}

/* Deal the samples into n folds: fold[i] becomes that of sample i. A sample, or all samples of its
   group, goes to the fold that lacks most of what it is to get, share[f] of all; to stratify, most
   of the sample's class, and of those the one that lacks most of all. */
static bool dli_deal(const dl_data *d, const char *who, const double *share, int n,
                     const dl_folds *o, int32_t *fold)
{
    const int32_t *label = o->stratify ? dl_data_labels(d) : NULL;
    const int classes = o->stratify ? d->classes : 1;
    if (o->stratify && (!label || o->group))
        return dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: to stratify takes labels, and no groups", who);
    double *lacks = (double *)dli_alloc(d->ctx, who, (size_t)n, ((size_t)classes + 1) *
                                                                sizeof *lacks);
    dli_ranked *r = lacks ? dli_deal_order(d, who, o, label) : NULL;
    for (dl_int i = 0; r && i < d->count; i++) {
        lacks[0]++;
        lacks[1 + (label ? label[i] : 0)]++;
    }
    for (int f = n - 1; r && f >= 0; f--)
        for (int k = 0; k <= classes; k++) lacks[f * (classes + 1) + k] = share[f] * lacks[k];
    for (dl_int i = 0, end; r && i < d->count; i = end) {
        const dl_int k = r[i].at;
        int best = 0;
        for (end = i + 1; o->group && end < d->count && r[end].key == r[i].key;) end++;
        for (int f = 1; f < n; f++) {
            const double *a = lacks + f * (classes + 1), *b = lacks + best * (classes + 1);
            const double more = a[1 + (label ? label[k] : 0)] - b[1 + (label ? label[k] : 0)];
            if (more > 1e-6 || (more > -1e-6 && a[0] > b[0] + 1e-6)) best = f;
        }
        lacks[best * (classes + 1)] -= (double)(end - i);
        lacks[best * (classes + 1) + 1 + (label ? label[k] : 0)] -= (double)(end - i);
        for (dl_int j = i; j < end; j++) fold[r[j].at] = best;
    }
    if (lacks) DL_FREE(lacks);
    if (r) DL_FREE(r);
    return r != NULL;
}

/* Deal into n folds by share; *second becomes fold f, *first all others. */
static bool dli_split_by(const dl_data *d, const char *who, const double *share, int n, int f,
                         const dl_folds *options, dl_data **first, dl_data **second)
{
    const dl_folds defaults = dl_folds_default();
    int32_t *fold = (int32_t *)dli_alloc(d->ctx, who, (size_t)d->count, 2 * sizeof *fold);
    int32_t *list = fold + d->count;
    dl_data *part[2] = { NULL, NULL };
    bool ok = fold && dli_deal(d, who, share, n, options ? options : &defaults, fold);
    for (int k = 0; ok && k < 2; k++) {
        dl_int at = 0;
        for (dl_int i = 0; i < d->count; i++)
            if ((fold[i] == f) == (k == 1)) list[at++] = (int32_t)i;
        part[k] = dli_data_of_parts(who, &d, 1, list, at, NULL);
    }
    ok = ok && dli_two(part[0], part[1], first, second);
    if (fold) DL_FREE(fold);
    return ok;
}

DL_DEF bool dl_data_split_random(const dl_data *d, double fraction, const dl_folds *options,
                                 dl_data **first, dl_data **second)
{
    const char *who = "dl_data_split_random";
    const double share[2] = { 1 - fraction, fraction };
    return d && dli_check_split(who, d, fraction, first, second) &&
           dli_split_by(d, who, share, 2, 1, options, first, second);
}

DL_DEF bool dl_data_fold(const dl_data *d, int k, int i, const dl_folds *options, dl_data **train,
                         dl_data **test)
{
    const char *who = "dl_data_fold";
    if (!d || !dli_check_split(who, d, 0, train, test)) return false;
    if (k < 2 || k > d->count || i < 0 || i >= k)
        return dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: fold %d of %d of %lld samples; give 2 folds "
                       "or more, and as many samples, and count them from 0", who, i, k,
                       (long long)d->count);
    double *share = (double *)dli_alloc(d->ctx, who, (size_t)k, sizeof *share);
    for (int f = 0; share && f < k; f++) share[f] = 1 / (double)k;
    const bool ok = share && dli_split_by(d, who, share, k, i, options, train, test);
    if (share) DL_FREE(share);
    return ok;
}

/* ---- batches ---- */

/* What the samples order[first .. first+n-1] weigh, as a tensor [n] on the tape. */
static dl_tensor *dli_batch_weight(const dl_data *d, const char *who, const int32_t *order,
                                   dl_int first, dl_int n)
{
    const dl_real *own = dl_data_weights(d);
    dl_tensor *w = dli_tape_tensor(d->ctx, who, dl_shape1(n));
    for (dl_int i = 0; w && i < n; i++) w->data[i] = own[order ? order[first + i] : first + i];
    return w;
}

/* Room for a batch of n samples on the tape; their labels go into labels[n] or, when that is NULL,
   to the tape as well. */
static bool dli_batch_room(const dl_data *d, const char *who, dl_int n, int32_t *labels,
                           dl_batch *b)
{
    memset(b, 0, sizeof *b);
    b->x = dli_tape_tensor(d->ctx, who, dli_batch_shape(n, d->shape));
    b->size = n;
    if (b->x && d->targets)
        b->y = dli_tape_tensor(d->ctx, who, dli_batch_shape(n, d->target_shape));
    if (b->x && d->labels)
        b->labels = labels ? labels
                  : (const int32_t *)dli_tape_alloc(d->ctx, who, (size_t)n * sizeof *labels);
    return b->x && (!d->targets || b->y) && (!d->labels || b->labels);
}

/* A batch turns out to be of n samples only. */
static void dli_batch_cut(dl_batch *b, dl_int n)
{
    dl_tensor *t[2] = { b->x, b->y };
    for (int i = 0; i < 2; i++) {
        if (!t[i]) continue;
        t[i]->size = t[i]->size / b->size * n;
        t[i]->shape.dim[0] = n;
    }
    b->size = n;
}

/* Up to n samples from order[first] on (without an order: from first on) as a batch; of a stream,
   the next ones, and none at its end. Their labels go into labels[n], or to the tape. False, and
   *batch as it was, on failure. */
static bool dli_data_batch(const dl_data *d, const int32_t *order, dl_int first, dl_int n,
                           int32_t *labels, dl_batch *batch)
{
    const char *who = "a batch of a data set";
    const bool stream = dli_is_stream(d);
    dl_batch b;
    if (d->count >= 0) n = dli_min(n, d->count - first);
    if (!dli_batch_room(d, who, n, labels, &b) || (first == 0 && !dli_data_begin(d))) return false;
    int32_t *label = (int32_t *)(uintptr_t)b.labels;
    dl_real *y = b.y ? b.y->data : NULL;
    if (stream) {
        const dl_int got = dli_stream_next(d, n, b.x->data, label, y);
        if (got < 0) return false;
        if (got < n) dli_batch_cut(&b, got);
    } else if (!dli_data_read(d, order, first, n, b.x->data, label, y)) return false;
    if (dl_data_weights(d) && !(b.weight = dli_batch_weight(d, who, order, first, n))) return false;
    *batch = b;
    return true;
}

DL_DEF dl_tensor *dl_data_sample(const dl_data *d, dl_int i)
{
    const char *who = "dl_data_sample";
    if (!d || !dli_check_order(who, d)) return NULL;
    if (i < 0 || i >= d->count)
        return DLI_REFUSE(d->ctx, DL_ERR_RANGE, "%s: there is no sample %lld; the data set has "
                          "%lld, from 0 on", who, (long long)i, (long long)d->count);
    dl_tensor *x = dli_tape_tensor(d->ctx, who, dli_batch_shape(1, d->shape));
    return x && dli_data_read(d, NULL, i, 1, x->data, NULL, NULL) ? x : NULL;
}

static void dli_loader_destroy(void *object)
{
    dl_loader *l = (dl_loader *)object;
    dli_storage_release(l->data.storage);
    if (l->labels) DL_FREE(l->labels);
    if (l->x) DL_FREE(l->x);
}

/* Memory for what a loader keeps. */
static bool dli_loader_room(dl_loader *l, const char *who)
{
    const dl_data *d = &l->data;
    const dl_int D = dl_shape_size(d->shape), M = d->targets ? dl_shape_size(d->target_shape) : 0;
    const bool stream = dli_is_stream(d);
    const dl_int more = !l->shuffle ? 0 : stream ? d->storage->source.buffer : d->count;
    l->labels = (int32_t *)dli_alloc(d->ctx, who, (size_t)(l->batch_size + more),
                                     sizeof *l->labels);
    if (!l->labels) return false;
    if (!stream) l->order = l->shuffle ? l->labels + l->batch_size : NULL;
    else if (l->shuffle) {
        l->x = (dl_real *)dli_alloc(d->ctx, who, (size_t)more, (size_t)(D + M) * sizeof *l->x);
        if (!l->x) return false;
        l->y = d->targets ? l->x + more * D : NULL;
        l->buffered = d->labels ? l->labels + l->batch_size : NULL;
    }
    return true;
}

DL_DEF dl_loader *dl_loader_new(const dl_data *d, dl_int batch_size, bool shuffle)
{
    const char *who = "dl_loader_new";
    if (!d) return NULL;
    if (batch_size < 1 || d->count == 0) {
        if (batch_size < 1)
            dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: batch size %lld; give 1 or more", who,
                    (long long)batch_size);
        else dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: the data set is empty", who);
        return NULL;
    }
    dl_loader *l = (dl_loader *)dli_object_new(d->ctx, who, sizeof *l, dli_loader_destroy);
    if (!l) return NULL;
    l->data = *d;
    l->data.storage->references++;
    l->batch_size = d->count < 0 ? batch_size : dli_min(batch_size, d->count);
    l->shuffle = shuffle;
    if (!dli_loader_room(l, who)) {
        dli_object_free(l);
        return NULL;
    }
    /* A stream of its own: what else draws from the context's does not change the order, and a
       loader that does not shuffle (for evaluating, say) has drawn nothing at all. */
    if (shuffle) l->rng = dl_rng_new(dl_rng_u64(&d->ctx->rng), 0);
    return l;
}

DL_DEF void dl_loader_free(dl_loader *l) { dli_object_free(l); }

DL_DEF dl_int dl_loader_batch_count(const dl_loader *l)
{
    if (!l) return 0;
    return l->data.count < 0 ? -1
         : l->data.count / l->batch_size + (l->data.count % l->batch_size > 0);
}

DL_DEF void dl_loader_restart(dl_loader *l)
{
    if (!l) return;
    l->next = l->filled = 0;
    l->dry = false;
}

/* A batch of a stream, its samples drawn from a buffer that is filled up after each. */
static bool dli_loader_draw(dl_loader *l, dl_batch *batch)
{
    const dl_data *d = &l->data;
    const dl_int D = dl_shape_size(d->shape), M = dl_shape_size(d->target_shape);
    const dl_int room = d->storage->source.buffer;
    const dl_int most = d->count < 0 ? l->batch_size : dli_min(l->batch_size, d->count - l->next);
    dl_batch b;
    dl_int n = 0;
    if (!dli_batch_room(d, "a batch of a data set", most, l->labels, &b) ||
        (l->next == 0 && !dli_data_begin(d)))
        return false;
    for (; n < most; n++) {
        while (!l->dry && l->filled < room) {
            const dl_int at = l->filled;
            const dl_int got = dli_stream_next(d, room - at, l->x + at * D,
                                               l->buffered ? l->buffered + at : NULL,
                                               l->y ? l->y + at * M : NULL);
            if (got < 0) return false;
            l->dry = got == 0;
            l->filled += got;
        }
        if (l->filled == 0) break;
        const dl_int i = dl_rng_int(&l->rng, l->filled), last = --l->filled;
        memcpy(b.x->data + n * D, l->x + i * D, (size_t)D * sizeof *l->x);
        memcpy(l->x + i * D, l->x + last * D, i == last ? 0 : (size_t)D * sizeof *l->x);
        if (l->buffered) {
            l->labels[n] = l->buffered[i];
            l->buffered[i] = l->buffered[last];
        }
        if (!l->y) continue;
        memcpy(b.y->data + n * M, l->y + i * M, (size_t)M * sizeof *l->y);
        memcpy(l->y + i * M, l->y + last * M, i == last ? 0 : (size_t)M * sizeof *l->y);
    }
    if (n < most) dli_batch_cut(&b, n);
    *batch = b;
    return true;
}

/* The next batch: 1; 0 at the end of the epoch; -1 on failure. */
static int dli_loader_next(dl_loader *l, dl_batch *batch)
{
    const dl_data *d = &l->data;
    const dl_rng rng = l->rng;
    dl_batch b;
    if (l->next == d->count) {
        dl_loader_restart(l);
        return 0;
    }
    if (l->next == 0 && l->order) dl_rng_permutation(&l->rng, l->order, d->count);
    if (!(l->x ? dli_loader_draw(l, &b)
               : dli_data_batch(d, l->order, l->next, l->batch_size, l->labels, &b))) {
        if (l->next == 0) l->rng = rng;     /* the next try shuffles alike */
        return -1;
    }
    if (b.size == 0) {                      /* a stream's end */
        const dl_int had = l->next;
        dl_loader_restart(l);
        if (had == 0 || d->count >= 0)
            dl_fail(d->ctx, DL_ERR_STATE, "dl_loader_next: the stream ended after %lld of %lld "
                    "samples", (long long)had, (long long)(d->count < 0 ? 1 : d->count));
        return had == 0 || d->count >= 0 ? -1 : 0;
    }
    b.number = l->next / l->batch_size;
    l->next += b.size;
    *batch = b;
    return 1;
}

DL_DEF bool dl_loader_next(dl_loader *l, dl_batch *batch)
{
    return l && batch && dli_loader_next(l, batch) > 0;
}

#endif /* DL_NO_DATA */

#ifndef DL_NO_IMAGES
/* ------------------------------------------------------------------------- >>images-impl ---- */

/* ---- files ---- */

/* A picture as stb_image decodes it: [H,W,channels] bytes, free with dli_stb_free. */
typedef struct dli_picture {
    uint8_t *p;
    int      H, W, C, channels;               /* C: channels wanted; one more than that: opacity */
} dli_picture;

#define DLI_WHY 200                           /* bytes for a reason */

static bool dli_known_picture(const uint8_t *p, size_t n)
{
    static const char *const start[3] = { "\x89PNG\r\n\x1A\n", "\xFF\xD8\xFF", "BM" };
    for (int i = 0; i < 3; i++)
        if (n > strlen(start[i]) && memcmp(p, start[i], strlen(start[i])) == 0) return true;
    return false;
}

/* What the header says, before anything is decoded; why[DLI_WHY] on failure. Needs no context, as
   several threads do it at once. */
static bool dli_picture_info(dli_picture *out, const uint8_t *p, size_t n, int channels, char *why)
{
    const bool any = (channels & DL_IMAGE_ANY) != 0;
    const char *text = NULL;
    channels &= ~DL_IMAGE_ANY;
    memset(out, 0, sizeof *out);
    why[0] = 0;
    if (!DLI_STB)
        text = "dl.h was compiled without DL_USE_STB_IMAGE, so it can't read pictures; see "
               ">>options";
    else if (channels < 0 || channels > 4)
        text = "channels must be 1 to 4, or 0 for the file's own";
    else if (n > INT_MAX) text = "it has more than 2^31 - 1 bytes";
    else if (!any && !dli_known_picture(p, n))
        text = "it is no PNG, JPEG or BMP file (channels | DL_IMAGE_ANY tries other formats)";
    else if (!dli_stb_info(p, (int)n, &out->W, &out->H, &out->channels))
        text = dli_stb_reason();
    else if (out->W < 1 || out->H < 1 || out->W > DL_IMAGE_PIXELS_MAX / out->H)
        dli_format(why, DLI_WHY, "it is %d x %d pixels; the most is %lld", out->W, out->H,
                   (long long)DL_IMAGE_PIXELS_MAX);
    if (text) dli_format(why, DLI_WHY, "%s", text);
    out->C = channels ? channels : out->channels;
    if (channels && out->channels % 2 == 0) out->channels = channels + channels % 2;
    else out->channels = out->C;
    return why[0] == 0;
}

static bool dli_picture_decode(dli_picture *out, const uint8_t *p, size_t n, int channels,
                               char *why)
{
    if (!dli_picture_info(out, p, n, channels, why)) return false;
    out->p = dli_stb_load(p, (int)n, out->channels);
    if (!out->p) dli_format(why, DLI_WHY, "%s", dli_stb_reason());
    return out->p != NULL;
}

/* Bytes [H,W,channels] become numbers x [C,H,W], on white where they are not opaque. */
static void dli_picture_numbers(dl_real *x, const dli_picture *d)
{
    const dl_int n = (dl_int)d->H * d->W;
    for (dl_int i = 0; i < n; i++) {
        const uint8_t *p = d->p + i * d->channels;
        const double opaque = d->channels > d->C ? p[d->C] / 255.0 : 1;
        for (int c = 0; c < d->C; c++)
            x[c * n + i] = (dl_real)(1 - opaque * (1 - p[c] / 255.0));
    }
}

static dl_tensor *dli_image_of(dl_ctx *c, const char *who, const char *name, const uint8_t *p,
                               size_t n, int channels)
{
    dli_picture d;
    char why[DLI_WHY];
    if (!dli_picture_decode(&d, p, n, channels, why))
        return DLI_REFUSE(c, DL_ERR_FORMAT, "%s: cannot read %s: %s", who, name, why);
    dl_tensor *x = dli_tape_tensor(c, who, dl_shape3(d.C, d.H, d.W));
    if (x) dli_picture_numbers(x->data, &d);
    dli_stb_free(d.p);
    return x;
}

DL_DEF dl_tensor *dl_image_from_memory(dl_ctx *dl, const void *bytes, size_t n, int channels)
{
    const char *who = "dl_image_from_memory";
    if (!dl) return NULL;
    if (!bytes) return DLI_REFUSE(dl, DL_ERR_ARGUMENT, "%s: the bytes are NULL", who);
    return dli_image_of(dl, who, "the picture", (const uint8_t *)bytes, n, channels);
}

#ifndef DL_NO_STDIO
DL_DEF dl_tensor *dl_image_load(dl_ctx *dl, const char *path, int channels)
{
    const char *who = "dl_image_load";
    size_t n;
    if (!dl) return NULL;
    if (!path) return DLI_REFUSE(dl, DL_ERR_ARGUMENT, "%s: the path is NULL", who);
    uint8_t *p = dli_read_file(dl, who, path, "", &n);
    dl_tensor *x = p ? dli_image_of(dl, who, path, p, n, channels) : NULL;
    if (p) DL_FREE(p);
    return x;
}

/* A PNG file is a signature and chunks: length, name, data, check sum of name and data; numbers
   have their most significant byte first. */
static uint8_t *dli_png_number(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(v >> (24 - 8 * i));
    return to + 4;
}

/* Finish the chunk whose n bytes of data lie at to + 8. */
static uint8_t *dli_png_chunk(uint8_t *to, const char *name, size_t n)
{
    dli_png_number(to, (uint32_t)n);
    memcpy(to + 4, name, 4);
    return dli_png_number(to + 8 + n, dli_crc32(0, to + 4, n + 4));
}

/* The n bytes of pixels as zlib stores what it does not compress: blocks of up to 65535 bytes. */
static uint8_t *dli_png_store(uint8_t *to, const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;                    /* Adler's check sum */
    *to++ = 0x78;
    *to++ = 1;
    for (size_t at = 0, len; at < n; at += len) {
        len = n - at < 65535 ? n - at : 65535;
        *to++ = at + len == n;                /* the last one? */
        for (int i = 0; i < 4; i++) *to++ = (uint8_t)((i < 2 ? len : ~len) >> 8 * (i % 2));
        memcpy(to, p + at, len);
        to += len;
    }
    for (size_t i = 0; i < n; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return dli_png_number(to, b << 16 | a);
}

/* The file of pixels [H,W,C]; each row has a byte 0 in front. Its length into *bytes. */
static void dli_png(uint8_t *file, const uint8_t *p, size_t n, dl_int H, dl_int W, dl_int C,
                    size_t *bytes)
{
    static const uint8_t kind[5] = { 0, 0, 4, 2, 6 };
    uint8_t *to = file;
    memcpy(to, "\x89PNG\r\n\x1A\n", 8);
    to += 8;
    dli_png_number(dli_png_number(to + 8, (uint32_t)W), (uint32_t)H);
    to[16] = 8;                               /* bits */
    to[17] = kind[C];
    memset(to + 18, 0, 3);
    to = dli_png_chunk(to, "IHDR", 13);
    to = dli_png_chunk(to, "IDAT", (size_t)(dli_png_store(to + 8, p, n) - to - 8));
    *bytes = (size_t)(dli_png_chunk(to, "IEND", 0) - file);
}

DL_DEF bool dl_image_save(const dl_tensor *x, const char *path)
{
    const char *who = "dl_image_save";
    char s[DLI_SHAPE_TEXT];
    if (!dli_usable(who, x)) return false;
    const int rank = x->shape.rank;
    const dl_int C = rank == 3 ? x->shape.dim[0] : 1, H = rank > 1 ? x->shape.dim[rank - 2] : 0;
    const dl_int W = rank > 1 ? x->shape.dim[rank - 1] : 0;
    if (!path || rank > 3 || C < 1 || C > 4 || H < 1 || W < 1 || W > DL_IMAGE_PIXELS_MAX / H)
        return dl_fail(x->ctx, DL_ERR_SHAPE, "%s: a picture has 1 to 4 channels [C,H,W], and a "
                       "path; this is %s", who, dli_shape_text(s, x->shape));
    const size_t n = (size_t)(H * (1 + W * C)), room = n + n / 65535 * 5 + 100;
    uint8_t *p = (uint8_t *)dli_alloc(x->ctx, who, n + room, 1), *to = p;
    size_t bytes;
    if (!p) return false;
    for (dl_int i = 0; i < H; i++) {
        *to++ = 0;                            /* the row is not a difference to another */
        for (dl_int k = 0; k < W * C; k++) {
            const double v = (double)x->data[(k % C * H + i) * W + k / C];
            *to++ = (uint8_t)(v > 0 ? v < 1 ? v * 255 + 0.5 : 255 : 0);
        }
    }
    dli_png(to, p, n, H, W, C, &bytes);
    errno = 0;
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(to, 1, bytes, f) == bytes;
    if (f) ok = fclose(f) == 0 && ok;
    if (!ok)
        dl_fail(x->ctx, DL_ERR_FILE, "%s: cannot write %s: %s", who, path, dli_reason(errno));
    DL_FREE(p);
    return ok;
}
#endif

/* ---- sizes and cuts ---- */

/* Of x [...,H,W]: the number of planes, H and W; false when it has none. */
static bool dli_planes(const char *who, dl_tensor *x, dl_int *planes, dl_int *H, dl_int *W)
{
    char s[DLI_SHAPE_TEXT];
    if (!dli_inputs(who, &x, 1)) return false;
    if (x->shape.rank < 2 || x->size < 1)
        return dl_fail(x->ctx, DL_ERR_SHAPE, "%s: %s is not [...,H,W]", who,
                       dli_shape_text(s, x->shape));
    *H = x->shape.dim[x->shape.rank - 2];
    *W = x->shape.dim[x->shape.rank - 1];
    *planes = x->size / (*H * *W);
    return true;
}

/* A new tensor like x with H rows and W columns. */
static dl_tensor *dli_image_like(const char *who, const dl_tensor *x, dl_int H, dl_int W)
{
    dl_shape shape = x->shape;
    if (H < 1 || W < 1)
        return DLI_REFUSE(x->ctx, DL_ERR_SHAPE, "%s: a picture of %lld x %lld pixels", who,
                          (long long)H, (long long)W);
    shape.dim[shape.rank - 2] = H;
    shape.dim[shape.rank - 1] = W;
    return dli_tape_tensor(x->ctx, who, shape);
}

/* Which old pixels of a row a new one is made of: from first on, weight[count] in sum 1. */
typedef struct dli_blend { dl_int first, count; double *weight; } dli_blend;

/* Old pixels that a new one may need. */
static dl_int dli_blend_most(dl_int in, dl_int out) { return 2 * dli_larger(in / out, 1) + 4; }

/* New pixel i of out lies at scale (i + 1/2) among the old. */
static void dli_blend_fill(dli_blend *m, dl_int in, dl_int out, dl_resampling how)
{
    const double scale = (double)in / (double)out, reach = scale > 1 ? scale : 1;
    for (dl_int i = 0; i < out; i++, m++) {
        const double centre = scale * ((double)i + 0.5);
        double sum = 0;
        m->first = how == DL_AREA ? i * in / out : dli_larger((dl_int)(centre - reach + 0.5), 0);
        const dl_int end = how == DL_AREA ? ((i + 1) * in + out - 1) / out
                                          : dli_min((dl_int)(centre + reach + 0.5), in);
        m->count = end - m->first;
        for (dl_int k = 0; k < m->count; k++) {
            const double far = fabs((double)(m->first + k) + 0.5 - centre) / reach;
            m->weight[k] = how == DL_AREA ? 1 : far < 1 ? 1 - far : 0;
            sum += m->weight[k];
        }
        for (dl_int k = 0; k < m->count; k++) m->weight[k] /= sum;
    }
}

/* The new pixel of a row (or column) x, whose old pixels are step numbers apart. */
static double dli_blend_at(const dli_blend *m, const dl_real *x, dl_int step)
{
    double sum = 0;
    for (dl_int k = 0; k < m->count; k++) sum += m->weight[k] * (double)x[(m->first + k) * step];
    return sum;
}

DL_DEF dl_tensor *dl_resize(dl_tensor *x, dl_int height, dl_int width, dl_resampling how)
{
    const char *who = "dl_resize";
    dl_int planes, H, W;
    if (!dli_planes(who, x, &planes, &H, &W)) return NULL;
    if (how != DL_BILINEAR && how != DL_AREA)
        return DLI_REFUSE(x->ctx, DL_ERR_ARGUMENT, "%s: %d is not DL_BILINEAR or DL_AREA", who,
                          (int)how);
    dl_tensor *y = dli_image_like(who, x, height, width);
    if (!y) return NULL;
    const dl_int down = dli_blend_most(H, height), across = dli_blend_most(W, width);
    dli_blend *rows = (dli_blend *)dli_alloc(x->ctx, who, (size_t)(height + width), sizeof *rows);
    double *weight = (double *)dli_alloc(x->ctx, who, (size_t)(height * down + width * across),
                                         sizeof *weight);
    dl_real *half = (dl_real *)dli_work(x->ctx, who, (size_t)(H * width) * sizeof *half);
    dli_blend *columns = rows + height;
    const bool ok = rows && weight && half;
    for (dl_int i = 0; ok && i < height + width; i++, weight += i <= height ? down : across)
        rows[i].weight = weight;
    if (ok) weight = rows[0].weight;
    if (ok) dli_blend_fill(rows, H, height, how);
    if (ok) dli_blend_fill(columns, W, width, how);
    for (dl_int p = 0; ok && p < planes; p++) {
        for (dl_int i = 0; i < H * width; i++)
            half[i] = (dl_real)dli_blend_at(&columns[i % width], x->data + (p * H + i / width) * W,
                                            1);
        for (dl_int i = 0; i < height * width; i++)
            y->data[p * height * width + i] =
                (dl_real)dli_blend_at(&rows[i / width], half + i % width, width);
    }
    if (rows) DL_FREE(rows);
    if (weight) DL_FREE(weight);
    return ok ? y : NULL;
}

static dl_tensor *dli_cropped(const char *who, dl_tensor *x, dl_int top, dl_int left,
                              dl_int height, dl_int width, double fill)
{
    dl_int planes, H, W;
    if (!dli_planes(who, x, &planes, &H, &W)) return NULL;
    dl_tensor *y = dli_image_like(who, x, height, width);
    for (dl_int i = 0; y && i < planes * height; i++) {
        const dl_int row = i % height + top;
        const dl_real *from = x->data + (i / height * H + row) * W;
        for (dl_int j = 0; j < width; j++) {
            const dl_int column = j + left;
            const bool inside = row >= 0 && row < H && column >= 0 && column < W;
            y->data[i * width + j] = inside ? from[column] : (dl_real)fill;
        }
    }
    return y;
}

DL_DEF dl_tensor *dl_image_crop(dl_tensor *x, dl_int top, dl_int left, dl_int height, dl_int width,
                                double fill)
{
    return dli_cropped("dl_image_crop", x, top, left, height, width, fill);
}

DL_DEF dl_tensor *dl_image_pad(dl_tensor *x, dl_int top, dl_int bottom, dl_int left, dl_int right,
                               double fill)
{
    dl_int planes, H, W;
    return dli_planes("dl_image_pad", x, &planes, &H, &W)
         ? dli_cropped("dl_image_pad", x, -top, -left, H + top + bottom, W + left + right, fill)
         : NULL;
}

/* The channels of x [...,C,H,W]. */
static dl_int dli_channels(const dl_tensor *x)
{
    return x->shape.rank > 2 ? x->shape.dim[x->shape.rank - 3] : 1;
}

DL_DEF dl_tensor *dl_image_grey(dl_tensor *x)
{
    const char *who = "dl_image_grey";
    dl_int planes, H, W;
    if (!dli_planes(who, x, &planes, &H, &W)) return NULL;
    if (dli_channels(x) != 3)
        return DLI_REFUSE(x->ctx, DL_ERR_SHAPE, "%s: %s is not [...,3,H,W]", who,
                          dli_shown(x->ctx, x->shape));
    dl_shape shape = x->shape;
    shape.dim[shape.rank - 3] = 1;
    dl_tensor *y = dli_tape_tensor(x->ctx, who, shape);
    const dl_int n = H * W;
    for (dl_int i = 0; y && i < y->size; i++) {
        const dl_real *p = x->data + i / n * 3 * n + i % n;
        y->data[i] = (dl_real)(0.299 * (double)p[0] + 0.587 * (double)p[n] +
                               0.114 * (double)p[2 * n]);
    }
    return y;
}

DL_DEF dl_tensor *dl_image_normalize(dl_tensor *x, const double *mean, const double *deviation)
{
    const char *who = "dl_image_normalize";
    dl_int planes, H, W;
    if (!dli_planes(who, x, &planes, &H, &W)) return NULL;
    const dl_int C = dli_channels(x);
    bool good = mean && deviation;
    for (dl_int c = 0; good && c < C; c++)
        good = fabs(mean[c]) <= DBL_MAX && deviation[c] > 0 && deviation[c] <= DBL_MAX;
    if (!good)
        return DLI_REFUSE(x->ctx, DL_ERR_ARGUMENT, "%s: needs a mean, and a deviation above 0, for "
                          "each of %lld channels", who, (long long)C);
    dl_tensor *y = dli_tape_tensor(x->ctx, who, x->shape);
    for (dl_int i = 0; y && i < x->size; i++) {
        const dl_int c = i / (H * W) % C;
        y->data[i] = (dl_real)(((double)x->data[i] - mean[c]) / deviation[c]);
    }
    return y;
}

/* ---- a photographed digit ---- */

#define DLI_DIGIT 200                         /* the longer side of the digit cut out           */
#define DLI_STROKE 23                         /* the thickness that strokes get there           */

/* The paper of a plane x [H,W] is  a + b u + c v + d u^2 + e u v + f v^2, u and v from -1 to 1,
   fitted to all pixels by least squares, then again and again with less weight for those that are
   off (w = 1 / (1 + (r / s)^2), s the mean deviation): so the ink is left out. y = x - paper. */
static void dli_without_paper(dl_real *y, const dl_real *x, dl_int H, dl_int W)
{
    double a[6] = { 0 }, spread = 1;
    for (int round = 0; round < 12; round++) {
        double m[6][7] = { { 0 } }, off = 0, all = 0;
        for (dl_int i = 0; i < H * W; i++) {
            const double v = 2 * (double)(i / W) / (double)H - 1;
            const double u = 2 * (double)(i % W) / (double)W - 1;
            const double p[7] = { 1, u, v, u * u, u * v, v * v, (double)x[i] };
            double r = (double)x[i];
            for (int k = 0; k < 6; k++) r -= a[k] * p[k];
            const double w = round ? 1 / (1 + r * r / (spread * spread)) : 1;
            for (int j = 0; j < 6; j++)
                for (int k = j; k < 7; k++) m[j][k] += w * p[j] * p[k];
            off += w * fabs(r);
            all += w;
            if (round == 11) y[i] = (dl_real)r;
        }
        spread = 0.5 * off / all + 0.004;
        for (int j = 0; j < 6; j++) {                    /* Gauss; m is symmetric */
            m[j][j] += 1e-9 * all;
            for (int i = j + 1; i < 6; i++) {
                const double f = m[j][i] / m[j][j];
                for (int k = i; k < 7; k++) m[i][k] -= f * m[j][k];
            }
        }
        for (int j = 5; j >= 0; j--) {
            a[j] = m[j][6];
            for (int k = j + 1; k < 6; k++) a[j] -= m[j][k] * a[k];
            a[j] /= m[j][j];
        }
    }
}

/* ink [H,W]: how far each pixel of d [C,H,W], which is without paper, goes the way in which the
   strongest deviate. */
static void dli_ink(dl_real *ink, const dl_real *d, dl_int C, dl_int n)
{
    double way[3] = { 0 }, length = 0;
    for (dl_int i = 0; i < n; i++) {
        double square = 0;
        for (dl_int c = 0; c < C; c++) square += (double)d[c * n + i] * (double)d[c * n + i];
        for (dl_int c = 0; c < C; c++) way[c] += square * (double)d[c * n + i];
    }
    for (dl_int c = 0; c < C; c++) length += way[c] * way[c];
    for (dl_int i = 0; i < n; i++) {
        double sum = 0;
        for (dl_int c = 0; c < C; c++) sum += way[c] * (double)d[c * n + i];
        ink[i] = (dl_real)(sum > 0 ? sum / sqrt(length) : 0);
    }
}

/* Otsu's threshold: it parts the numbers into two classes whose means are as far apart as can be,
   each class counted with its size. *high: the mean of the upper class. */
static double dli_otsu(const dl_real *x, dl_int n, double *high)
{
    double top = 0, best = -1, at = 0, sum = 0, low_sum = 0;
    dl_int count[256] = { 0 }, low = 0;
    for (dl_int i = 0; i < n; i++) if ((double)x[i] > top) top = (double)x[i];
    *high = top;
    if (!(top > 0)) return 0;
    for (dl_int i = 0; i < n; i++) {
        const int k = (int)((double)x[i] / top * 255);
        count[k]++;
        sum += k;
    }
    for (int k = 0; k < 255; k++) {
        low += count[k];
        low_sum += (double)count[k] * k;
        if (low == 0 || low == n) continue;
        const double above = (sum - low_sum) / (double)(n - low), below = low_sum / (double)low;
        const double apart = (double)low * (double)(n - low) * (above - below) * (above - below);
        if (apart <= best) continue;
        best = apart;
        at = (k + 1) * top / 255;
        *high = above * top / 255;
    }
    return at;
}

/* Number the connected pieces of ink above a threshold, 1 on, into piece [H,W]; 0: none. mass[k]:
   the ink of piece k, a quarter of it when it touches the border. How many there are. */
static int32_t dli_pieces(int32_t *piece, double *mass, int32_t *stack, const dl_real *ink,
                          double threshold, dl_int H, dl_int W)
{
    int32_t pieces = 0;
    for (dl_int start = 0; start < H * W; start++) {
        if (piece[start] || !((double)ink[start] > threshold)) continue;
        bool border = false;
        dl_int waiting = 1;
        mass[++pieces] = 0;
        piece[start] = pieces;
        stack[0] = (int32_t)start;
        while (waiting > 0) {
            const dl_int at = stack[--waiting], i = at / W, j = at % W;
            mass[pieces] += (double)ink[at];
            border = border || i == 0 || j == 0 || i == H - 1 || j == W - 1;
            for (int k = 0; k < 9; k++) {
                const dl_int p = i + k / 3 - 1, q = j + k % 3 - 1, next = p * W + q;
                if (p < 0 || q < 0 || p >= H || q >= W || piece[next] ||
                    !((double)ink[next] > threshold))
                    continue;
                piece[next] = pieces;
                stack[waiting++] = (int32_t)next;
            }
        }
        if (border) mass[pieces] /= 4;
    }
    return pieces;
}

/* The rectangle of x [H,W] that holds all above a half: top, left, height, width. */
static void dli_box(const dl_real *x, dl_int H, dl_int W, dl_int box[4])
{
    dl_int top = H, left = W, bottom = -1, right = -1;
    for (dl_int i = 0; i < H * W; i++) {
        if (!(x[i] > (dl_real)0.5)) continue;
        top = dli_min(top, i / W);
        bottom = dli_larger(bottom, i / W);
        left = dli_min(left, i % W);
        right = dli_larger(right, i % W);
    }
    box[0] = top;
    box[1] = left;
    box[2] = bottom - top + 1;
    box[3] = right - left + 1;
}

/* What is within r of a pixel of x [H,W] that is `of` (0 or 1) becomes so, too. */
static void dli_grow(dl_real *y, const dl_real *x, dl_int H, dl_int W, double r, int of)
{
    const dl_int reach = (dl_int)r;
    memcpy(y, x, (size_t)(H * W) * sizeof *y);
    for (dl_int i = 1; i < H - 1; i++)
        for (dl_int j = 1; j < W - 1; j++) {
            const dl_real *p = x + i * W + j;
            if (p[0] != (dl_real)of || (p[-1] == p[0] && p[1] == p[0] && p[-W] == p[0] &&
                                        p[W] == p[0]))
                continue;                                /* not at an edge */
            for (dl_int k = -reach; k <= reach; k++)
                for (dl_int l = -reach; l <= reach; l++)
                    if ((double)(k * k + l * l) <= r * r && i + k >= 0 && i + k < H && j + l >= 0 &&
                        j + l < W)
                        y[(i + k) * W + j + l] = (dl_real)of;
        }
}

/* The ink of a picture x [C,H,W], only that of the digit, 0 to 1: [1,H,W]; NULL when there is
   none. */
static dl_tensor *dli_digit_ink(dl_tensor *x)
{
    const char *who = "dl_image_to_mnist";
    dl_ctx *c = x->ctx;
    const dl_int C = dli_channels(x), H = x->shape.dim[1], W = x->shape.dim[2], n = H * W;
    double high, main = 0, noise = 0;
    dl_tensor *d = dli_tape_tensor(c, who, x->shape);
    dl_tensor *ink = dli_tape_tensor(c, who, dl_shape3(1, H, W));
    int32_t *piece = (int32_t *)dli_tape_alloc(c, who, (size_t)n * 2 * sizeof *piece);
    double *mass = (double *)dli_tape_alloc(c, who, ((size_t)n + 1) * sizeof *mass);
    if (!d || !ink || !piece || !mass) return NULL;
    memset(piece, 0, (size_t)n * sizeof *piece);
    for (dl_int k = 0; k < C; k++) dli_without_paper(d->data + k * n, x->data + k * n, H, W);
    dli_ink(ink->data, d->data, C, n);
    const double threshold = dli_otsu(ink->data, n, &high);
    for (dl_int i = 0; i < n; i++)
        if ((double)ink->data[i] <= threshold) noise += (double)ink->data[i] / (double)n;
    if (!(high > 0.04) || high < 4 * noise)
        return DLI_REFUSE(c, DL_ERR_ARGUMENT, "%s: there is nothing to see: ink and paper differ "
                          "by %.3f, paper and paper by %.3f", who, high, noise);
    const int32_t pieces = dli_pieces(piece, mass, piece + n, ink->data, threshold, H, W);
    for (int32_t k = 1; k <= pieces; k++) if (mass[k] > main) main = mass[k];
    for (dl_int i = 0; i < n; i++) {
        const double v = ((double)ink->data[i] / high - 0.2) / 0.6;
        const bool speck = piece[i] && mass[piece[i]] < 0.04 * main;
        ink->data[i] = (dl_real)(v < 0 || speck ? 0 : v < 1 ? v : 1);
        if (!piece[i] && v > 0.5) ink->data[i] = (dl_real)0.5;
    }
    return ink;
}

/* The digit in ink, cut out, in black and white, its strokes of one thickness: that is twice their
   area divided by the length of their edges (on a grid, 1.27 times too long). */
static dl_tensor *dli_digit_cut(dl_tensor *ink)
{
    const char *who = "dl_image_to_mnist";
    const dl_int margin = DLI_STROKE + 2;
    dl_int box[4], edges = 0, area = 0;
    dli_box(ink->data, ink->shape.dim[1], ink->shape.dim[2], box);
    if (box[2] < 1)
        return DLI_REFUSE(ink->ctx, DL_ERR_ARGUMENT, "%s: there is nothing to see", who);
    const double zoom = (double)DLI_DIGIT / (double)dli_larger(box[2], box[3]);
    dl_tensor *y = dl_image_crop(ink, box[0], box[1], box[2], box[3], 0);
    y = dl_resize(y, dli_larger((dl_int)((double)box[2] * zoom + 0.5), 1),
                  dli_larger((dl_int)((double)box[3] * zoom + 0.5), 1), DL_BILINEAR);
    y = dl_image_pad(y, margin, margin, margin, margin, 0);
    if (!y) return NULL;
    const dl_int H = y->shape.dim[1], W = y->shape.dim[2];
    for (dl_int i = 0; i < y->size; i++) y->data[i] = y->data[i] > (dl_real)0.5;
    for (dl_int i = W; i < y->size; i++) {
        area += y->data[i] > 0;
        edges += (y->data[i] != y->data[i - 1]) + (y->data[i] != y->data[i - W]);
    }
    const double stroke = edges ? 2 * (double)area / (0.79 * (double)edges) : DLI_STROKE;
    const double more = (DLI_STROKE - stroke) / 2, less = -more < 0.3 * stroke ? -more
                                                                            : 0.3 * stroke;
    dl_tensor *z = dli_tape_tensor(y->ctx, who, y->shape);
    if (z) dli_grow(z->data, y->data, H, W, more > 0 ? more : less, more > 0);
    return z;
}

/* The digit of cut as 20 x 20 (its longer side), then on 28 x 28 with its centre in the middle. */
static dl_tensor *dli_digit_fit(dl_tensor *cut, dl_tensor **fitted)
{
    dl_int box[4];
    double sum = 0, mean[2] = { 0, 0 };
    dli_box(cut->data, cut->shape.dim[1], cut->shape.dim[2], box);
    if (box[2] < 1)
        return DLI_REFUSE(cut->ctx, DL_ERR_ARGUMENT, "dl_image_to_mnist: there is nothing to see");
    const double zoom = 20.0 / (double)dli_larger(box[2], box[3]);
    dl_tensor *y = dl_image_crop(cut, box[0], box[1], box[2], box[3], 0);
    y = dl_resize(y, dli_larger((dl_int)((double)box[2] * zoom + 0.5), 1),
                  dli_larger((dl_int)((double)box[3] * zoom + 0.5), 1), DL_AREA);
    if (!y) return NULL;
    const dl_int H = y->shape.dim[1], W = y->shape.dim[2];
    for (dl_int i = 0; i < H * W; i++) {
        sum += (double)y->data[i];
        mean[0] += (double)y->data[i] * ((double)(i / W) + 0.5);
        mean[1] += (double)y->data[i] * ((double)(i % W) + 0.5);
    }
    const dl_int top = (dl_int)floor(14 - mean[0] / sum + 0.5);
    const dl_int left = (dl_int)floor(14 - mean[1] / sum + 0.5);
    *fitted = y;
    return dl_image_crop(y, dli_larger(H - 28, -dli_larger(top, 0)),
                         dli_larger(W - 28, -dli_larger(left, 0)), 28, 28, 0);
}

DL_DEF dl_tensor *dl_image_to_mnist(dl_tensor *x, dl_tensor **steps)
{
    const char *who = "dl_image_to_mnist";
    dl_int planes, H, W;
    if (!dli_planes(who, x, &planes, &H, &W)) return NULL;
    if ((planes != 1 && planes != 3) || H < 3 || W < 3 || !dli_all_finite(&x, 1))
        return DLI_REFUSE(x->ctx, DL_ERR_SHAPE, "%s: %s must be [1,H,W] or [3,H,W], 3 x 3 pixels "
                          "or more, finite numbers", who, dli_shown(x->ctx, x->shape));
    dl_tensor *y = dli_tape_tensor(x->ctx, who, dl_shape3(1, 28, 28)), *step[3];
    if (!y) return NULL;
    const dl_mark mark = dl_tape_mark(x->ctx);
    const double zoom = 320.0 / (double)dli_larger(H, W);
    step[0] = dl_reshape(x, dl_shape3(planes, H, W));
    if (zoom < 1)
        step[0] = dl_resize(step[0], dli_larger((dl_int)((double)H * zoom), 3),
                            dli_larger((dl_int)((double)W * zoom), 3), DL_AREA);
    step[0] = step[0] ? dli_digit_ink(step[0]) : NULL;
    step[1] = step[0] ? dli_digit_cut(step[0]) : NULL;
    dl_tensor *last = step[1] ? dli_digit_fit(step[1], &step[2]) : NULL;
    for (dl_int i = 0; last && i < y->size; i++)                   /* sums may round above 1 */
        y->data[i] = last->data[i] > 1 ? 1 : last->data[i];
    if (last && steps) memcpy(steps, step, sizeof step);
    else dl_tape_release(x->ctx, mark);
    return last ? y : NULL;
}

/* ---- augmentation ---- */

DL_DEF dl_augment dl_augment_default(void)
{
    dl_augment a;
    memset(&a, 0, sizeof a);
    return a;
}

/* The value of plane x[H,W] at (i, j), between its four neighbours; fill outside. */
static double dli_bilinear(const dl_real *x, dl_int H, dl_int W, double i, double j, double fill)
{
    const double top = floor(i), left = floor(j);
    double sum = 0;
    if (!(i > -1 && i < (double)H && j > -1 && j < (double)W)) return fill;
    for (int k = 0; k < 4; k++) {
        const dl_int p = (dl_int)top + k / 2, q = (dl_int)left + k % 2;
        const double rows = k / 2 ? i - top : top + 1 - i;
        const double columns = k % 2 ? j - left : left + 1 - j, share = rows * columns;
        const bool inside = p >= 0 && p < H && q >= 0 && q < W;
        if (share > 0) sum += share * (inside ? (double)x[p * W + q] : fill);
    }
    return sum;
}

/* One image [C,H,W]. (u, v) is the pixel's place seen from the shifted centre; turned back by the
   angle, divided by the zoom and mirrored it is where the pixel came from. */
static void dli_augment_image(dl_real *y, const dl_real *x, dl_int C, dl_int H, dl_int W,
                              const dl_augment *a, dl_rng *r)
{
    const double cy = (double)(H - 1) / 2, cx = (double)(W - 1) / 2;
    const double dy = a->shift * (double)H * (2 * dl_rng_uniform(r) - 1);
    const double dx = a->shift * (double)W * (2 * dl_rng_uniform(r) - 1);
    const double angle = a->rotate * (2 * dl_rng_uniform(r) - 1) * 3.14159265358979323846 / 180;
    const double zoom = 1 + a->scale * (2 * dl_rng_uniform(r) - 1);
    const double down = dl_rng_uniform(r) < a->flip_v ? -1 : 1;
    const double right = dl_rng_uniform(r) < a->flip_h ? -1 : 1;
    const double cosine = cos(angle) / zoom, sine = sin(angle) / zoom;
    for (dl_int p = 0; p < H; p++)
        for (dl_int q = 0; q < W; q++) {
            const double u = (double)p - cy - dy, v = (double)q - cx - dx;
            const double i = cy + down * (cosine * u - sine * v);
            const double j = cx + right * (sine * u + cosine * v);
            for (dl_int c = 0; c < C; c++)
                y[(c * H + p) * W + q] =
                    (dl_real)dli_bilinear(x + c * H * W, H, W, i, j, a->fill);
        }
}

DL_DEF dl_tensor *dl_augment_batch(dl_tensor *x, const dl_augment *a, dl_rng *r)
{
    const char *who = "dl_augment_batch";
    dl_ctx *c = dli_inputs(who, &x, 1);
    const dl_augment none = dl_augment_default();
    char s[DLI_SHAPE_TEXT];
    if (!c) return NULL;
    if (!a) a = &none;
    if (!(a->shift >= 0 && a->shift <= 1 && a->rotate >= 0 && a->rotate <= 180 && a->scale >= 0 &&
          a->scale < 1 && a->flip_h >= 0 && a->flip_h <= 1 && a->flip_v >= 0 && a->flip_v <= 1 &&
          a->noise >= 0 && fabs(a->fill) <= DBL_MAX)) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: shift %g, rotate %g, scale %g, flip_h %g, flip_v %g, "
                "noise %g, fill %g: one is out of its range", who, a->shift, a->rotate, a->scale,
                a->flip_h, a->flip_v, a->noise, a->fill);
        return NULL;
    }
    const bool moves = a->shift > 0 || a->rotate > 0 || a->scale > 0 || a->flip_h > 0 ||
                       a->flip_v > 0;
    if (moves && x->shape.rank != 4) {
        dl_fail(c, DL_ERR_SHAPE, "%s: input %s must be [N,C,H,W]", who,
                dli_shape_text(s, x->shape));
        return NULL;
    }
    dl_tensor *y = dli_tape_tensor(c, who, x->shape);
    if (!y) return NULL;
    const uint64_t key = dl_rng_u64(r ? r : &c->rng);            /* a stream for each image */
    const dl_int n = x->shape.rank ? x->shape.dim[0] : 1, size = n ? x->size / n : 0;
    for (dl_int i = 0; i < n; i++) {
        dl_rng own = dl_rng_new(key, (uint64_t)i);
        const dl_real *from = x->data + i * size;
        dl_real *to = y->data + i * size;
        if (moves)
            dli_augment_image(to, from, x->shape.dim[1], x->shape.dim[2], x->shape.dim[3], a, &own);
        else memcpy(to, from, (size_t)size * sizeof *to);
        for (dl_int k = 0; a->noise > 0 && k < size; k++)
            to[k] += (dl_real)(a->noise * dl_rng_normal(&own));
    }
    return y;
}
#endif

#ifndef DL_NO_FILES
/* -------------------------------------------------------------------------- >>files-impl ----
   Read in this order: numbers of other types; JSON, which becomes a list of values (dli_json_read);
   bytes that come in (dli_source) and go out (dli_write); a safetensors file (dli_file_open); which
   tensor here is which one there (dli_load_list); a model as text (dli_put_model) and out of it
   (dli_build_model); PyTorch's names; .npy.

   A file comes from anywhere, so the readers believe nothing in it: a size is checked against the
   bytes that are there before memory is taken for it, and what is loaded into is touched only when
   all has been checked. Every function that opens a file has a twin for bytes in memory; both are
   the same function inside, which is told the path or, for memory, dli_buffer.
   ------------------------------------------------------------------------------------------ */

/* ---- numbers of other types ---- */

/* A type of numbers: its name in safetensors, its kind as NumPy has it (and B for bfloat16, the
   upper half of a float), its bytes. */
typedef struct dli_dtype { const char *name; char kind; int width; } dli_dtype;
static const dli_dtype dli_dtypes[] = {
    { "F64", 'f', 8 }, { "F32", 'f', 4 }, { "F16", 'f', 2 }, { "BF16", 'B', 2 }, { "I64", 'i', 8 },
    { "I32", 'i', 4 }, { "I16", 'i', 2 }, { "I8", 'i', 1 }, { "U64", 'u', 8 }, { "U32", 'u', 4 },
    { "U16", 'u', 2 }, { "U8", 'u', 1 }, { "BOOL", 'b', 1 } };
#define DLI_DTYPES (sizeof dli_dtypes / sizeof dli_dtypes[0])

static double dli_float_value(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

/* A half: a sign, 5 bits of exponent, 10 of the fraction. */
static double dli_half_value(uint64_t bits)
{
    const int e = (int)(bits >> 10 & 31), m = (int)(bits & 1023);
    const double size = e == 31 ? (m ? (double)NAN : (double)INFINITY)
                      : e == 0 ? ldexp(m, -24) : ldexp(1024 + m, e - 25);
    return bits >> 15 ? -size : size;
}

static double dli_number_of(uint64_t bits, const dli_dtype *d)
{
    const uint64_t sign = (uint64_t)1 << (8 * d->width - 1);
    double v;
    switch (d->kind) {
    case 'f':
        if (d->width == 4) return dli_float_value((uint32_t)bits);
        if (d->width == 2) return dli_half_value(bits);
        memcpy(&v, &bits, sizeof v);
        return v;
    case 'B': return dli_float_value((uint32_t)bits << 16);
    case 'i': return bits & sign ? -(double)(~bits & (sign - 1)) - 1 : (double)bits;
    case 'b': return bits != 0;
    default:  return (double)bits;
    }
}

/* n bytes as one number. They are put together one by one: that is right on machines of either byte
   order; for the usual ones compilers know these shifts for a load. */
DLI_INLINE uint64_t dli_get_bytes(const uint8_t *p, int n, bool big)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[big ? i : n - 1 - i];
    return v;
}

/* The number at p. A double that no float can be becomes infinite: C leaves its cast undefined. */
static dl_real dli_read_real(const uint8_t *p, const dli_dtype *d, bool big)
{
    if (d->kind == 'f' && d->width == 4 && !big)
        return (dl_real)dli_float_value((uint32_t)dli_get_bytes(p, 4, false));
    const double v = dli_number_of(dli_get_bytes(p, d->width, big), d);
    if (!DLI_DOUBLE && v > (double)FLT_MAX) return (dl_real)INFINITY;
    if (!DLI_DOUBLE && v < -(double)FLT_MAX) return (dl_real)-INFINITY;
    return (dl_real)v;
}

/* The low n bytes of v, the least significant one first. */
DLI_INLINE void dli_put_bytes(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++) p[i] = (uint8_t)(v >> 8 * i & 0xFF);
}

/* In a file the least significant byte comes first; on most machines, too. */
static void dli_put_reals(dli_text *out, const dl_real *x, dl_int n)
{
    const uint16_t one = 1;
    const bool little = *(const uint8_t *)&one == 1;
    if (little) dli_put_some(out, (const char *)x, (size_t)n * sizeof *x);
    for (dl_int i = 0; !little && i < n; i++) {
        char swapped[sizeof *x];
        for (size_t k = 0; k < sizeof *x; k++)
            swapped[k] = ((const char *)&x[i])[sizeof *x - 1 - k];
        dli_put_some(out, swapped, sizeof *x);
    }
}

/* ---- text ---- */

/* How many bytes the UTF-8 character at p takes, of n that are there; 0 when it is none. A byte
   says how many follow; they all begin with the bits 10. Refused are longer forms than needed
   (C0 AF for a slash), the halves of UTF-16's pairs, and what is above 10FFFF. */
static int dli_utf8(const uint8_t *p, size_t n)
{
    const int bytes = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 :
                      p[0] < 0xF5 ? 4 : 0;
    if (bytes == 0 || (size_t)bytes > n) return 0;
    for (int i = 1; i < bytes; i++) if ((p[i] & 0xC0) != 0x80) return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F)) return 0;
    return bytes;
}

/* Is a name one that every reader takes: UTF-8 without quotes, backslashes, control characters? */
static bool dli_good_name(const char *name)
{
    for (const char *s = name; *s;) {
        const int n = dli_utf8((const uint8_t *)s, strlen(s));
        if (n == 0 || (uint8_t)*s < ' ' || *s == '"' || *s == '\\' || *s == 0x7F) return false;
        s += n;
    }
    return true;
}

/* ---- bytes that come in ---- */

/* What stands in place of a path for bytes in memory. */
static const char dli_buffer[] = "the buffer";

/* Bytes being read, and what to complain of. */
typedef struct dli_source {
    dl_ctx     *ctx;
    const char *who, *from;         /* the function, and the path or dli_buffer               */
    const uint8_t *bytes;
    size_t      size;
    uint8_t    *own;                /* the bytes, for DL_FREE; NULL: they are the caller's    */
} dli_source;

/* They are not what they should be: why. */
DLI_PRINTF(2, 3)
static bool dli_bad(const dli_source *s, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    dli_format_args(text, sizeof text, format, args);
    va_end(args);
    return dl_fail(s->ctx, DL_ERR_FORMAT, "%s: %s: %s", s->who, s->from, text);
}

/* False with a message. */
static bool dli_source_open(dli_source *s, dl_ctx *c, const char *who, const char *from,
                            const void *bytes, size_t size)
{
    const dli_source given = { c, who, from, (const uint8_t *)bytes, size, NULL };
    *s = given;
    if (!from) return dli_null(c, who, "the path");
#ifndef DL_NO_STDIO
    if (from != dli_buffer) s->bytes = s->own = dli_read_file(c, who, from, "", &s->size);
    if (from != dli_buffer && !s->own) return false;
#endif
    return s->bytes ? s->size <= PTRDIFF_MAX || dli_bad(s, "it is too large")
                    : dli_null(c, who, "the buffer");
}

static void dli_source_close(dli_source *s) { if (s->own) DL_FREE(s->own); }

/* ---- JSON ----
   A text becomes a list of its values, in their order. An array is followed by its elements, an
   object by its members, a key and a value in turn; size tells where the next value is, behind all
   of these. A number stays text until somebody asks for it. */
typedef struct dli_json {
    char        kind;      /* { [ "   1 a whole number, . another one   t f n true, false, null */
    const char *text;      /* of a string: decoded, with a 0; else where it stands in the text  */
    dl_int      size;      /* values, itself included */
} dli_json;

/* The values behind v that are its elements; in an object only the keys. */
#define DLI_JSON_EACH(e, v) \
    const dli_json *e = (v) + 1; e < (v) + (v)->size; e += e->size
#define DLI_JSON_EACH_KEY(e, v) \
    const dli_json *e = (v) + 1; e < (v) + (v)->size; e += 1 + e[1].size

#define DLI_JSON_DEPTH 16

/* A text on its way into values. Every function leaves p where it stopped. wrong is what should
   have been there; once it is set, everything fails. Nothing reads at or behind end. */
typedef struct dli_scan {
    const uint8_t *p, *end;
    const char *wrong;
    dli_json   *value;     /* where the values go                                               */
    dl_int      count;
    char       *text;      /* where the next string goes, which takes no more room than here    */
    bool        python;    /* as Python writes it: 'a', (1, 2,), True                           */
} dli_scan;

static bool dli_scan_wrong(dli_scan *j, const char *expected)
{
    if (!j->wrong) j->wrong = expected;
    return false;
}

/* The byte at p if there is one, else -1. */
static int dli_scan_byte(const dli_scan *j) { return j->p < j->end ? *j->p : -1; }

/* The same, behind white space. */
static int dli_scan_peek(dli_scan *j)
{
    int b = dli_scan_byte(j);
    while (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
        j->p++;
        b = dli_scan_byte(j);
    }
    return b;
}

/* Is c next? Then go past it. */
static bool dli_scan_take(dli_scan *j, char c)
{
    if (j->wrong || dli_scan_peek(j) != c) return false;
    j->p++;
    return true;
}

/* The four hexadecimal digits behind \u, or -1. */
static int dli_scan_hex(dli_scan *j)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int v = 0;
    for (int i = 0; i < 4; i++, j->p++) {
        const int b = dli_scan_byte(j);
        const char *at = b > 0 ? strchr(digits, b) : NULL;
        if (!at) {
            dli_scan_wrong(j, "four hexadecimal digits");
            return -1;
        }
        v = v * 16 + (int)(at - digits) - (at - digits > 15 ? 6 : 0);
    }
    return v;
}

/* What stands behind a backslash: a code point, or -1. */
static int dli_scan_escape(dli_scan *j)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const int b = dli_scan_byte(j);
    const char *known = b > 0 ? strchr(from, b) : NULL;
    if (!known && b != 'u') {
        dli_scan_wrong(j, "one of \"\\/bfnrtu");
        return -1;
    }
    j->p++;
    if (known) return to[known - from];
    const int high = dli_scan_hex(j);
    if (high < 0xD800 || high > 0xDFFF) return high;
    int low = -1;
    if (high < 0xDC00 && j->end - j->p >= 6 && j->p[0] == '\\' && j->p[1] == 'u') {
        j->p += 2;
        low = dli_scan_hex(j);
    }
    if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
    dli_scan_wrong(j, "the other half of a surrogate pair");
    return -1;
}

/* A string, decoded to UTF-8. A control character becomes "?": the text may end up in a message on
   someone's terminal. */
static bool dli_scan_string(dli_scan *j)
{
    const int quote = dli_scan_peek(j);
    if (quote != '"' && !(j->python && quote == '\'')) return dli_scan_wrong(j, "a string");
    for (j->p++; dli_scan_byte(j) != quote;) {
        char out[4];
        int b = dli_scan_byte(j), bytes = b < ' ' ? 0 : dli_utf8(j->p, (size_t)(j->end - j->p));
        if (b < ' ') return dli_scan_wrong(j, "the end of the string");
        if (bytes == 0) return dli_scan_wrong(j, "UTF-8");
        if (b == '\\') {
            j->p++;
            if ((b = dli_scan_escape(j)) < 0) return false;
            bytes = b < 0x80 ? 1 : b < 0x800 ? 2 : b < 0x10000 ? 3 : 4;
            out[0] = (char)((0xF00 >> bytes & 0xFF) | b >> 6 * (bytes - 1));
            for (int i = 1; i < bytes; i++)
                out[i] = (char)(0x80 | (b >> 6 * (bytes - 1 - i) & 0x3F));
        } else {
            memcpy(out, j->p, (size_t)bytes);
            j->p += bytes;
        }
        if (bytes == 1) out[0] = (char)(b < ' ' || b == 0x7F ? '?' : b);
        for (int i = 0; i < bytes; i++) *j->text++ = out[i];
    }
    *j->text++ = 0;
    j->p++;
    return true;
}

/* Is the next byte one of these? Then go past it. */
static bool dli_scan_any(dli_scan *j, const char *of)
{
    const int b = dli_scan_byte(j);
    if (b <= 0 || !strchr(of, b)) return false;
    j->p++;
    return true;
}

/* One or more digits. */
static bool dli_scan_digits(dli_scan *j)
{
    const uint8_t *start = j->p;
    while (dli_scan_any(j, "0123456789")) {}
    return j->p > start || dli_scan_wrong(j, "a digit");
}

static bool dli_scan_number(dli_scan *j, char *kind)
{
    dli_scan_any(j, "-");
    if (!dli_scan_any(j, "0") && !dli_scan_digits(j)) return false;
    const uint8_t *whole = j->p;
    if (dli_scan_any(j, ".") && !dli_scan_digits(j)) return false;
    if (dli_scan_any(j, "eE")) {
        dli_scan_any(j, "+-");
        if (!dli_scan_digits(j)) return false;
    }
    *kind = j->p == whole ? '1' : '.';
    return true;
}

static bool dli_scan_word(dli_scan *j, char *kind)
{
    static const char *const words[] = { "true", "false", "null", "True", "False", "None" };
    for (int i = j->python ? 3 : 0; i < (j->python ? 6 : 3); i++) {
        const size_t n = strlen(words[i]);
        if ((size_t)(j->end - j->p) < n || memcmp(j->p, words[i], n) != 0) continue;
        *kind = words[i % 3][0];          /* True is true */
        j->p += n;
        return true;
    }
    return dli_scan_wrong(j, "a value");
}

static bool dli_scan_list(dli_scan *j, int open, int depth);

/* Any value; at most depth arrays and objects may be nested in it. */
static bool dli_scan_value(dli_scan *j, int depth)
{
    const int b = dli_scan_peek(j);
    const bool string = b == '"' || (b == '\'' && j->python);
    const bool list = b == '{' || b == '[' || (b == '(' && j->python);
    dli_json v = { b == '{' ? '{' : list ? '[' : '"', string ? j->text : (const char *)j->p, 0 };
    const dl_int at = j->count++;
    const bool ok = string ? dli_scan_string(j)
                  : b == '-' || (b >= '0' && b <= '9') ? dli_scan_number(j, &v.kind)
                  : !list ? dli_scan_word(j, &v.kind)
                  : depth == 0 ? dli_scan_wrong(j, "less nesting") : dli_scan_list(j, b, depth - 1);
    v.size = j->count - at;
    j->value[at] = v;
    return ok;
}

/* The elements of an array, the members of an object. */
static bool dli_scan_list(dli_scan *j, int open, int depth)
{
    const char close = open == '{' ? '}' : open == '[' ? ']' : ')';
    j->p++;
    if (dli_scan_take(j, close)) return true;
    do {
        if (open == '{') {
            const int quote = dli_scan_peek(j);
            if (quote != '"' && quote != '\'') return dli_scan_wrong(j, "a string");
            if (!dli_scan_value(j, 0)) return false;
            if (!dli_scan_take(j, ':')) return dli_scan_wrong(j, ":");
        }
        if (!dli_scan_value(j, depth)) return false;
    } while (dli_scan_take(j, ',') && !(j->python && dli_scan_peek(j) == close));
    return dli_scan_take(j, close) || dli_scan_wrong(j, open == '{' ? ", or }" : ", or ]");
}

/* The values of a text that is an object; for DL_FREE. There is about one at most for every second
   byte, and strings get no longer, so memory is taken once. NULL with a message. */
static dli_json *dli_json_read(const dli_source *s, const char *what, const void *text, size_t size,
                               bool python)
{
    dli_scan j;
    const size_t most = size / 2 + DLI_JSON_DEPTH + 2;
    dli_json *value = (dli_json *)dli_alloc(s->ctx, s->who, most + size / sizeof *value + 1,
                                            sizeof *value);
    if (!value) return NULL;
    memset(&j, 0, sizeof j);
    j.p = (const uint8_t *)text;
    j.end = j.p + size;
    j.python = python;
    j.value = value;
    j.text = (char *)(value + most);
    if (dli_scan_byte(&j) != '{') dli_scan_wrong(&j, "{");
    else if (dli_scan_value(&j, DLI_JSON_DEPTH) && dli_scan_peek(&j) != -1)
        dli_scan_wrong(&j, "a space: it is behind the last }");
    if (!j.wrong) return value;
    dli_bad(s, "%s: byte %lld of %lld should be %s", what,
            (long long)(j.p - (const uint8_t *)text), (long long)size, j.wrong);
    DL_FREE(value);
    return NULL;
}

/* The member of an object, or NULL. */
static const dli_json *dli_json_find(const dli_json *v, const char *key)
{
    for (DLI_JSON_EACH_KEY(e, v)) if (strcmp(e->text, key) == 0) return e + 1;
    return NULL;
}

/* A number; inf and nan are written as strings. strtod wants the locale's point. */
static bool dli_json_double(const dli_json *v, double *x)
{
    char half[16], s[100];
    size_t n = 0;
    if (v->kind == '"') {
        char *end;
        *x = strtod(v->text, &end);
        return end != v->text && !*end && !(fabs(*x) <= DBL_MAX);
    }
    if (v->kind != '1' && v->kind != '.') return false;
    const int point = snprintf(half, sizeof half, "%.1f", 0.5) - 2;
    for (const char *p = v->text; *p && strchr("+-.0123456789eE", *p); p++) {
        if (n + sizeof half > sizeof s) return false;
        n += (size_t)snprintf(s + n, sizeof half, "%.*s", *p == '.' ? point : 1,
                              *p == '.' ? half + 1 : p);
    }
    *x = strtod(s, NULL);
    return true;
}

/* A whole number from lo to hi. */
static bool dli_json_whole(const dli_json *v, double lo, double hi, double *x)
{
    return v->kind == '1' && dli_json_double(v, x) && *x >= lo && *x <= hi;
}

/* The largest size that is read: a double holds it. */
#define DLI_WHOLE_MAX (PTRDIFF_MAX < INT64_MAX ? (double)PTRDIFF_MAX : 9007199254740992.0)

/* A list of whole numbers from lo on; no more than a shape has. */
static bool dli_json_shape(const dli_json *v, double lo, dl_shape *s)
{
    double x;
    memset(s, 0, sizeof *s);
    if (v->kind != '[') return false;
    for (DLI_JSON_EACH(e, v)) {
        if (s->rank == DL_MAX_DIMS ||
            !dli_json_whole(e, lo, DLI_WHOLE_MAX, &x)) return false;
        s->dim[s->rank++] = (dl_int)x;
    }
    return true;
}

/* Has v, called so in messages, only members with these names, or may it have others, too? None of
   the names may be there twice. They begin structs of step bytes, until NULL. */
static bool dli_check_object(const dli_source *s, const dli_json *v, const char *of,
                             const void *names, size_t step, bool others)
{
    if (!v || v->kind != '{') return dli_bad(s, "%.255s should be an object { }", of);
    for (DLI_JSON_EACH_KEY(e, v)) {
        const char *const *name = (const char *const *)names;
        while (*name && strcmp(*name, e->text) != 0)
            name = (const char *const *)(const void *)((const char *)name + step);
        if (*name ? dli_json_find(v, e->text) == e + 1 : others) continue;
        return *name ? dli_bad(s, "%.255s has the key '%s' twice", of, e->text)
                     : dli_bad(s, "the key '%.63s' of %.255s is not known here; it may come from a "
                               "newer dl.h", e->text, of);
    }
    return true;
}

/* ---- bytes that go out ---- */

/* What writes a file: as text into memory or an open file, or (nowhere to write) to count bytes. */
typedef void (*dli_put_fn)(dli_text *out, const void *what);

#ifndef DL_NO_STDIO
/* A file in the making: see the part on files in >>platform-impl. */
typedef struct dli_saving {
    dl_ctx     *ctx;
    const char *who, *path;
    FILE       *file;                           /* write here */
    char        target[DLI_PATH_MAX], temporary[DLI_PATH_MAX];
} dli_saving;

/* Bits that nobody can tell beforehand: the system's if it has some, the time and an address. */
static uint64_t dli_noise(uint64_t attempt)
{
    uint64_t bits[3] = { 0, (uint64_t)time(NULL), (uint64_t)(uintptr_t)&bits };
    FILE *f = fopen("/dev/urandom", "rb");
    if (f) {
        setvbuf(f, NULL, _IONBF, 0);
        if (fread(bits, sizeof *bits, 1, f) != 1) bits[0] = 0;
        fclose(f);
    }
    bits[1] ^= (uint64_t)(dli_now() * 1e9);
    return dli_hash(bits[0] ^ dli_mix(bits[1]) ^ dli_mix(bits[2]), attempt);
}

/* Open a file for what shall become path. False with a message. */
static bool dli_save_begin(dli_saving *s, dl_ctx *c, const char *who, const char *path)
{
    s->ctx = c;
    s->who = who;
    s->path = path;
    s->file = NULL;
    if (!path) return dli_null(c, who, "the path");
    const int mode = dli_file_mode(path);
    if (mode == DLI_ODD_FILE)
        return dl_fail(c, DL_ERR_FILE, "%s: cannot replace %s: it is a directory or a device; "
                       "give the path of a file", who, path);
    errno = path[0] ? ENAMETOOLONG : ENOENT;
    bool ok = path[0] != 0 && (size_t)snprintf(s->target, DLI_PATH_MAX - 64, "%s", path) <
                              DLI_PATH_MAX - 64 && dli_file_follow(s->target);
    for (uint64_t attempt = 0; ok && !s->file && attempt < 100; attempt++) {
        const size_t dir = dli_dir_length(s->target);
        const uint64_t noise = dli_noise(attempt);
        snprintf(s->temporary, DLI_PATH_MAX, "%.*s%.200s.dl-%08lx%08lx.tmp", (int)dir, s->target,
                 s->target + dir, (unsigned long)(noise >> 32),
                 (unsigned long)(noise & UINT32_MAX));
        if (attempt == 0) dli_file_sweep(s->temporary);
        errno = 0;
        s->file = dli_file_create(s->temporary, mode);
        ok = s->file || errno == EEXIST;
    }
    return s->file || dl_fail(c, DL_ERR_FILE, "%s: cannot write %s: %s", who, path,
                              dli_reason(errno));
}

/* When all was written (ok), put the file where it belongs; else away with it. */
static bool dli_save_end(dli_saving *s, bool ok)
{
    int error = errno;
    if (ok) {
        if (dli_file_finish(s->file, s->temporary, s->target)) return true;
        error = errno;
    } else fclose(s->file);
    dli_file_remove(s->temporary);
    return dl_fail(s->ctx, DL_ERR_FILE, "%s: cannot write %s: %s; it is as it was", s->who, s->path,
                   dli_reason(error));
}
#endif

/* Write a file or, when path is dli_buffer, into a buffer that has room for it. How many bytes it
   takes; 0 with a message on failure. */
static size_t dli_write(dl_ctx *c, const char *who, const char *path, void *buffer, size_t room,
                        dli_put_fn put, const void *what)
{
    dli_text out = { NULL, 0, 0, NULL, false };
    put(&out, what);
    const size_t size = out.length;
    out.length = 0;
    if (path == dli_buffer) {
        out.at = (char *)buffer;
        out.size = size + 1;
        if (buffer && size <= room) put(&out, what);
        return size;
    }
#ifndef DL_NO_STDIO
    dli_saving s;
    if (!dli_save_begin(&s, c, who, path)) return 0;
    out.file = s.file;
    errno = 0;
    put(&out, what);
    if (dli_save_end(&s, !ferror(s.file))) return size;
#endif
    (void)c;
    (void)who;
    return 0;
}

/* ---- a safetensors file ---- */

/* What the header says of one tensor, and what has become of it here: 0, or one of the letters
   (l)oaded, (u)nused, (d)ifferent shape, (p)assed by. */
typedef struct dli_entry {
    const char *name, *type;
    const dli_dtype *dtype;         /* NULL: one that is not known  */
    dl_shape    shape;
    dl_int      begin, end;         /* bytes of the data            */
    char        fate;
} dli_entry;

typedef struct dli_file {
    dli_source  source;
    dli_json   *header;
    const dli_json *metadata;       /* the value of "__metadata__", or NULL         */
    const uint8_t *data;            /* what is behind the header                    */
    dl_int      data_size;
    dli_entry  *entry;              /* by their names                               */
    dl_int      entries;
    const char *prefix;             /* of the names that are meant                  */
} dli_file;

/* Read what stands behind a tensor's name; other keys are passed over. Does it fit the file? */
static bool dli_read_entry(const dli_file *f, const dli_json *key, dli_entry *e)
{
    static const char *const names[] = { "dtype", "shape", "data_offsets", NULL };
    const dli_source *s = &f->source;
    const dli_json *v = key + 1;
    char text[DLI_SHAPE_TEXT];
    dl_shape place;
    memset(e, 0, sizeof *e);
    e->name = key->text;
    if (!dli_check_object(s, v, e->name, names, sizeof *names, true)) return false;
    const dli_json *type = dli_json_find(v, "dtype"), *shape = dli_json_find(v, "shape");
    const dli_json *offsets = dli_json_find(v, "data_offsets");
    if (!type || type->kind != '"' || !shape || !dli_json_shape(shape, 0, &e->shape) || !offsets ||
        !dli_json_shape(offsets, 0, &place) || place.rank != 2)
        return dli_bad(s, "tensor '%.255s' should have a dtype, a shape of at most %d sizes and "
                       "two data_offsets", e->name, DL_MAX_DIMS);
    e->type = type->text;
    e->begin = place.dim[0];
    e->end = place.dim[1];
    for (size_t i = 0; i < DLI_DTYPES; i++)
        if (strcmp(dli_dtypes[i].name, e->type) == 0) e->dtype = &dli_dtypes[i];
    const dl_int size = dl_shape_size(e->shape), bytes = e->end - e->begin;
    if (bytes >= 0 && e->end <= f->data_size &&
        (!e->dtype || (size >= 0 && size <= f->data_size / e->dtype->width &&
                       size * e->dtype->width == bytes)))
        return true;
    return dli_bad(s, "tensor '%.255s' is said to be bytes %lld to %lld of %lld, and %s of %.15s",
                   e->name, (long long)e->begin, (long long)e->end, (long long)f->data_size,
                   dli_shape_text(text, e->shape), e->type);
}

/* Read the header: into f->metadata and f->entry. */
static bool dli_read_header(dli_file *f)
{
    const dli_source *s = &f->source;
    const uint64_t size = s->size < 8 ? 0 : dli_get_bytes(s->bytes, 8, false);
    if (s->size < 8 || size > s->size - 8)
        return dli_bad(s, "it is cut off, or no safetensors file: of its %llu bytes the header "
                       "should take 8 + %llu", (unsigned long long)s->size,
                       (unsigned long long)size);
    f->data = s->bytes + 8 + size;
    f->data_size = (dl_int)(s->size - 8 - (size_t)size);
    f->header = dli_json_read(s, "its header is no safetensors header", s->bytes + 8, (size_t)size,
                              false);
    if (!f->header) return false;
    size_t count = 0;
    for (DLI_JSON_EACH_KEY(e, f->header)) count++;
    f->entry = (dli_entry *)dli_alloc(s->ctx, s->who, count, sizeof *f->entry);
    if (!f->entry) return false;
    for (DLI_JSON_EACH_KEY(e, f->header)) {
        if (strcmp(e->text, "__metadata__") != 0) {
            if (!dli_read_entry(f, e, &f->entry[f->entries++])) return false;
        } else if (f->metadata) return dli_bad(s, "its header has the key '%s' twice", e->text);
        else f->metadata = e + 1;
    }
    return true;
}

static int dli_by_name(const void *a, const void *b)
{
    return strcmp(((const dli_entry *)a)->name, ((const dli_entry *)b)->name);
}

static int dli_by_place(const void *a, const void *b)
{
    const dli_entry *x = (const dli_entry *)a, *y = (const dli_entry *)b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1)
                                : (x->end > y->end) - (x->end < y->end);
}

/* Is every byte up to the end of the last tensor in exactly one of them, and every name there once?
   So what is made of the tensors takes memory in proportion to the file. */
static bool dli_check_places(dli_file *f)
{
    dl_int end = 0;
    qsort(f->entry, (size_t)f->entries, sizeof *f->entry, dli_by_place);
    for (dl_int i = 0; i < f->entries; i++) {
        const dli_entry *e = &f->entry[i];
        if (e->begin < end && dli_by_name(&e[-1], e) != 0)
            return dli_bad(&f->source, "tensors '%.128s' and '%.128s' overlap", e[-1].name,
                           e->name);
        if (e->begin < end) break;                                /* twice: see below */
        if (e->begin > end)
            return dli_bad(&f->source, "bytes %lld to %lld of the data are in no tensor",
                           (long long)end, (long long)e->begin);
        end = e->end;
    }
    qsort(f->entry, (size_t)f->entries, sizeof *f->entry, dli_by_name);
    for (dl_int i = 1; i < f->entries; i++)
        if (dli_by_name(&f->entry[i - 1], &f->entry[i]) == 0)
            return dli_bad(&f->source, "tensor '%.255s' is there twice", f->entry[i].name);
    return true;
}

static void dli_file_close(dli_file *f)
{
    if (f->entry) DL_FREE(f->entry);
    if (f->header) DL_FREE(f->header);
    dli_source_close(&f->source);
}

/* Look through the bytes of a file. False with a message; else close it. */
static bool dli_file_open(dli_file *f, dl_ctx *c, const char *who, const char *from,
                          const void *bytes, size_t size)
{
    memset(f, 0, sizeof *f);
    f->prefix = "";
    if (!dli_source_open(&f->source, c, who, from, bytes, size)) return false;
    if (dli_read_header(f) && dli_check_places(f)) return true;
    dli_file_close(f);
    return false;
}

static bool dli_begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Does nobody miss it? Counters of whole numbers, of which there are none here. */
static bool dli_counter(const dli_entry *e)
{
    return e->dtype && e->dtype->kind != 'f' && e->dtype->kind != 'B';
}

/* Can the numbers of this tensor be read? */
static bool dli_readable(const dli_file *f, const dli_entry *e)
{
    return e->dtype || dli_bad(&f->source, "tensor '%.255s' has type %.15s; F64, F32, F16, BF16, "
                               "integers and BOOL can be read", e->name, e->type);
}

static void dli_copy_from(const dli_file *f, const dli_entry *e, dl_tensor *t)
{
    const uint8_t *p = f->data + e->begin;
    for (dl_int i = 0; i < t->size; i++, p += e->dtype->width)
        t->data[i] = dli_read_real(p, e->dtype, false);
    ++*dli_version(t);
}

/* ---- tensors that go into a file or come out of one ---- */

/* A tensor, its name in the file, and what the file has of it, once that is known. */
typedef struct dli_item {
    dl_tensor  *tensor;
    const char *name;
    const dli_entry *found;
} dli_item;

/* Some of them, which are one model's or nobody's, and how their names begin. */
typedef struct dli_part {
    dl_tensor *const *tensor;
    int               tensors;
    const char       *prefix;
    const dl_model   *model;
} dli_part;

/* What is saved or loaded, and the function that does it. */
typedef struct dli_list {
    dl_ctx     *ctx;
    const char *who, *what;         /* "dl_save", "the list" */
    const dli_part *part;
    int         parts;
    bool        whole;              /* the models, too */
    dli_item   *item;               /* and behind them their names; for DL_FREE */
    int         items;
} dli_list;

/* A tensor without a name goes by its number. */
static bool dli_list_make(dli_list *l, dl_ctx *c, const char *who, const char *what,
                          const dli_part *part, int parts)
{
    size_t bytes = 0;
    for (int k = 0; k < parts; k++)
        for (int i = 0; i < part[k].tensors; i++)
            bytes += sizeof(dli_item) + strlen(part[k].prefix) +
                     strlen(part[k].tensor[i]->name) + 12;
    const dli_list made = { c, who, what, part, parts, false,
                            (dli_item *)dli_alloc(c, who, bytes, 1), 0 };
    *l = made;
    if (!l->item) return false;
    for (int k = 0; k < parts; k++) l->items += part[k].tensors;
    dli_item *item = l->item;
    char *name = (char *)(item + l->items);
    for (int k = 0; k < parts; k++)
        for (int i = 0; i < part[k].tensors; i++, item++) {
            item->tensor = part[k].tensor[i];
            item->name = name;
            name += dli_format(name, 2 * DL_NAME_MAX, "%s%s", part[k].prefix, item->tensor->name);
            if (!item->tensor->name[0]) name += dli_format(name, 12, "%d", i);
            name++;
        }
    return true;
}

/* The list of a caller's tensors, if they are all usable. NULL means that making one has failed. */
static bool dli_list_of(dli_list *l, dli_part *part, dl_ctx *c, const char *who,
                        dl_tensor *const *tensor, int n)
{
    const dli_part whole = { tensor, n, "", NULL };
    if (!c) return false;
    if (!tensor || n < 1)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: there are no tensors; give 1 or more", who);
    if (dli_inputs(who, tensor, n) != c)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: a tensor is NULL or of another context", who);
    *part = whole;
    return dli_list_make(l, c, who, "the list", part, 1);
}

#ifndef DL_NO_MODEL
static bool dli_list_of_model(dli_list *l, dli_part *part, const dl_model *m, const char *who)
{
    if (!m) return false;
    const dli_part whole = { m->tensor, m->tensors, "", m };
    *part = whole;
    return dli_list_make(l, m->ctx, who, "the model", part, 1);
}
#endif

/* ---- loading into tensors ---- */

DL_DEF dl_loading dl_loading_default(void)
{
    dl_loading o;
    memset(&o, 0, sizeof o);
    o.prefix = "";
    return o;
}

DL_DEF const dl_load_report *dl_last_load(const dl_ctx *dl) { return dl ? dl->load_report : NULL; }

/* The entry is for this item, or (NULL) for nobody. */
static bool dli_assign_entry(const dli_file *f, dli_item *item, dli_entry *e)
{
    e->fate = dli_counter(e) ? 'p' : 'u';
    if (!item) return true;
    if (!dli_readable(f, e)) return false;
    if (item->found)
        return dli_bad(&f->source, "'%.99s' and '%.99s' are both for tensor '%.99s'",
                       item->found->name, e->name, item->name);
    item->found = e;
    e->fate = dl_shape_equal(e->shape, item->tensor->shape) ? 'l' : 'd';
    return true;
}

/* Which tensor of the list is meant by a name behind o->prefix? The first renaming that applies
   tells. NULL: none. */
static dli_item *dli_find_item(const dli_list *l, const dl_loading *o, const char *name)
{
    const char *ours = "";
    for (int i = 0; i < o->renames_count; i++) {
        const char *theirs = o->renames[i].theirs;
        const size_t n = strlen(theirs);
        const bool begin = n == 0 || theirs[n - 1] == '.';
        if (!dli_begins(name, theirs) || (!begin && name[n])) continue;
        name += n;
        ours = o->renames[i].ours;
        break;
    }
    const size_t n = strlen(ours);
    for (int i = 0; i < l->items; i++)
        if (dli_begins(l->item[i].name, ours) && strcmp(l->item[i].name + n, name) == 0)
            return &l->item[i];
    return NULL;
}

/* Find the tensors of the list by their names. */
static bool dli_match_names(dli_file *f, const dli_list *l, const dl_loading *o)
{
    for (dli_entry *e = f->entry; e < f->entry + f->entries; e++)
        if (dli_begins(e->name, o->prefix) &&
            !dli_assign_entry(f, dli_find_item(l, o, e->name + strlen(o->prefix)), e))
            return false;
    return true;
}

/* "2.weight" before "10.weight": runs of digits are compared as numbers. */
static int dli_by_number(const void *x, const void *y)
{
    static const char digits[] = "0123456789";
    const char *a = ((const dli_entry *)x)->name, *b = ((const dli_entry *)y)->name;
    for (; *a && *b; a++, b++) {
        if (!strchr(digits, *a) || !strchr(digits, *b)) {
            if (*a != *b) return (uint8_t)*a < (uint8_t)*b ? -1 : 1;
            continue;
        }
        const unsigned long long m = strtoull(a, NULL, 10), n = strtoull(b, NULL, 10);
        if (m != n) return m < n ? -1 : 1;
        a += strspn(a, digits) - 1;
        b += strspn(b, digits) - 1;
    }
    return (*a != 0) - (*b != 0);
}

/* Find the tensors by their order. A name's last part is what stands here behind the layer's
   ("weight"); in front of it is the same in the file for all tensors of a layer. The layer's first
   tensor takes the first of the file that is free and whose last part is the same, whereby the
   others' names are known. */
static bool dli_match_order(dli_file *f, const dli_list *l, const dl_loading *o)
{
    qsort(f->entry, (size_t)f->entries, sizeof *f->entry, dli_by_number);
    dli_entry *end = f->entry + f->entries;
    for (dli_item *i = l->item; i < l->item + l->items; i++) {
        const char *point = strchr(i->name, '.'), *part = point ? point + 1 : i->name;
        const size_t layer = (size_t)(part - i->name), bytes = strlen(part);
        const dli_item *first = l->item;
        while (strncmp(first->name, i->name, layer) != 0) first++;
        if (first != i && !first->found) continue;
        const size_t ours = first->found ? strlen(first->found->name) + layer -
                                           strlen(first->name) : 0;
        for (dli_entry *e = f->entry; e < end && !i->found; e++) {
            const size_t n = strlen(e->name) - bytes;
            if (!e->fate && dli_begins(e->name, o->prefix) && n <= strlen(e->name) &&
                strcmp(e->name + n, part) == 0 && (n == 0 || e->name[n - 1] == '.') &&
                (first == i || (n == ours && strncmp(e->name, first->found->name, n) == 0)) &&
                !dli_assign_entry(f, i, e)) return false;
        }
    }
    for (dli_entry *e = f->entry; e < end; e++)
        if (!e->fate && dli_begins(e->name, o->prefix)) dli_assign_entry(f, NULL, e);
    return true;
}

/* ---- what did not fit ---- */

/* A line of the report; instead: what the file has. */
static int dli_put_misfit(dli_text *out, const char *kind, const char *name, dl_shape shape,
                          const dli_entry *instead)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dli_putf(out, "%s %.255s %s", kind, name, dli_shape_text(s, shape));
    if (instead)
        dli_putf(out, ", in the file %.255s %s", instead->name, dli_shape_text(t, instead->shape));
    dli_put(out, "\n");
    return 1;
}

static void dli_put_misfits(dli_text *out, dl_load_report *r, const dli_file *f, const dli_list *l)
{
    memset(r, 0, sizeof *r);
    out->length = 0;
    for (const dli_item *i = l->item; i < l->item + l->items; i++)
        if (i->found && i->found->fate == 'd')
            r->different += dli_put_misfit(out, "different", i->name, i->tensor->shape, i->found);
    for (const dli_item *i = l->item; i < l->item + l->items; i++)
        if (!i->found)
            r->missing += dli_put_misfit(out, "missing", i->name, i->tensor->shape, NULL);
    for (const dli_entry *e = f->entry; e < f->entry + f->entries; e++) {
        r->loaded += e->fate == 'l';
        r->passed += e->fate == 'p';
        if (e->fate == 'u') r->unused += dli_put_misfit(out, "unused", e->name, e->shape, NULL);
    }
}

/* Keep the report, and say whether all is well. */
static bool dli_report(const dli_file *f, const dli_list *l, const dl_loading *o)
{
    dl_load_report counts;
    dli_text out = { NULL, 0, 0, NULL, false };
    dli_put_misfits(&out, &counts, f, l);
    out.size = out.length + 1;
    dl_load_report *r = (dl_load_report *)dli_object_new(l->ctx, l->who, sizeof *r + out.size,
                                                         NULL);
    if (!r) return false;
    out.at = (char *)(r + 1);
    dli_put_misfits(&out, r, f, l);
    r->text = out.at;
    dli_object_free(l->ctx->load_report);
    l->ctx->load_report = r;
    if (r->unused + r->missing + r->different == 0 || (o->partial && r->loaded > 0)) return true;
    return dl_fail(l->ctx, r->different ? DL_ERR_SHAPE : DL_ERR_FORMAT, "%s: %s does not fit %s: "
                   "%.*s (in all %d unused, %d missing, %d of another shape, %d good: see "
                   "dl_last_load)", l->who, f->source.from, l->what, (int)strcspn(r->text, "\n"),
                   r->text, r->unused, r->missing, r->different, r->loaded);
}

static bool dli_check_loading(const dli_list *l, const dl_loading *o)
{
    if (!o->prefix || o->renames_count < 0 || (o->renames_count > 0 && !o->renames))
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: a prefix or renames that are NULL", l->who);
    for (int i = 0; i < o->renames_count; i++)
        if (!o->renames[i].theirs || !o->renames[i].ours)
            return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: rename %d has a NULL", l->who, i);
    if (o->in_order && o->renames_count > 0)
        return dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: in_order needs no renames", l->who);
    for (int i = 0; i < l->items; i++)
        if (!dli_writable(l->who, l->item[i].tensor)) return false;
    return true;
}

/* Load the list, and free it. */
static bool dli_load_list(dli_list *l, const char *from, const void *bytes, size_t size,
                          const dl_loading *options)
{
    const dl_loading o = options ? *options : dl_loading_default();
    dli_file f;
    bool ok = dli_check_loading(l, &o);
    if (ok && dli_file_open(&f, l->ctx, l->who, from, bytes, size)) {
        ok = (o.in_order ? dli_match_order : dli_match_names)(&f, l, &o) && dli_report(&f, l, &o);
        for (const dli_item *i = l->item; ok && i < l->item + l->items; i++)
            if (i->found && i->found->fate == 'l') dli_copy_from(&f, i->found, i->tensor);
        dli_file_close(&f);
    } else ok = false;
    DL_FREE(l->item);
    return ok;
}

static bool dli_load_tensors(dl_ctx *c, const char *who, const char *from, const void *bytes,
                             size_t size, dl_tensor *const *tensors, int n, const dl_loading *o)
{
    dli_list l;
    dli_part part;
    return dli_list_of(&l, &part, c, who, tensors, n) && dli_load_list(&l, from, bytes, size, o);
}

#ifndef DL_NO_MODEL
static bool dli_load_weights(dl_model *m, const char *who, const char *from, const void *bytes,
                             size_t size, const dl_loading *o)
{
    dli_list l;
    dli_part part;
    return dli_list_of_model(&l, &part, m, who) && dli_load_list(&l, from, bytes, size, o);
}

#endif

/* ---- a model as text ----
   Its layers, optimizer and the rest are told field by field, by tables like those of the layers'
   options: one function writes whatever a table names, one reads it (see below). */

#ifndef DL_NO_MODEL
#define DLI_MODEL_FORMAT 2              /* the highest "needs" that is understood here */

static const char *const dli_init_names[] = { "constant", "uniform", "normal", "glorot_uniform",
    "glorot_normal", "he_uniform", "he_normal", "orthogonal", NULL };

static const dl_field dli_init_fields[] = {
    { "kind", DL_FIELD_ENUM, 1, offsetof(dl_init, kind), dli_init_names },
    DLI_E(dl_init, a, DOUBLE), DLI_E(dl_init, b, DOUBLE), DLI_E_END };

/* What may have been changed in a layer after it was built. */
static const dl_field dli_layer_now[] = {
    DLI_E(dl_layer, activation, ACTIVATION), DLI_E(dl_layer, l1, DOUBLE),
    DLI_E(dl_layer, l2, DOUBLE), DLI_E(dl_layer, frozen, BOOL), DLI_E_END };

/* The numbers of an optimizer; those that its kind does not use are 0. */
static const dl_field dli_optim_fields[] = {
    DLI_E(dl_optim, lr, DOUBLE), DLI_E(dl_optim, momentum, DOUBLE), DLI_E(dl_optim, rho, DOUBLE),
    DLI_E(dl_optim, beta1, DOUBLE), DLI_E(dl_optim, beta2, DOUBLE), DLI_E(dl_optim, eps, DOUBLE),
    DLI_E(dl_optim, start, DOUBLE), { "own", DL_FIELD_DOUBLE, 4, offsetof(dl_optim, own), NULL },
    DLI_E(dl_optim, weight_decay, DOUBLE), DLI_E(dl_optim, l1, DOUBLE), DLI_E(dl_optim, l2, DOUBLE),
    DLI_E(dl_optim, clip_norm, DOUBLE), DLI_E(dl_optim, clip_value, DOUBLE),
    DLI_E(dl_optim, ema, DOUBLE), DLI_E_END };

/* The names that a field's values have, or NULL. */
static const char *const *dli_field_names(const dl_field *f)
{
    return f->kind == DL_FIELD_ACTIVATION ? dli_activation_names
         : f->kind == DL_FIELD_ENUM ? f->names : NULL;
}

/* x with as many digits as it takes to read the same number back. */
static void dli_put_number(dli_text *out, double x)
{
    char s[40];
    double back;
    const dli_json v = { '.', s, 1 };
    for (int digits = 6; digits <= 17; digits++) {
        dli_format(s, sizeof s, fabs(x) <= DBL_MAX ? "%.*g" : "\"%.*g\"", digits, x);
        if (s[0] == '"' || (dli_json_double(&v, &back) && memcmp(&back, &x, sizeof x) == 0)) break;
    }
    dli_put(out, s);
}

static void dli_put_shape(dli_text *out, dl_shape s)
{
    dli_put(out, "[");
    for (int k = 0; k < s.rank; k++) dli_putf(out, k ? ",%lld" : "%lld", (long long)s.dim[k]);
    dli_put(out, "]");
}

static void dli_put_fields(dli_text *out, const dl_field *fields, const void *base);

/* One value of a field's kind, which lies at `at`. */
static void dli_put_value(dli_text *out, const dl_field *f, const void *at)
{
    const char *const *names = dli_field_names(f);
    if (names) dli_putf(out, "\"%s\"", names[*(const int *)at]);
    else if (f->kind == DL_FIELD_BOOL) dli_put(out, *(const bool *)at ? "true" : "false");
    else if (f->kind == DL_FIELD_DOUBLE) dli_put_number(out, *(const double *)at);
    else if (f->kind == DL_FIELD_SHAPE) dli_put_shape(out, *(const dl_shape *)at);
    else if (f->kind == DL_FIELD_INIT) dli_put_fields(out, dli_init_fields, at);
    else dli_putf(out, "%d", *(const int *)at);
}

/* All fields of a struct. */
static void dli_put_fields(dli_text *out, const dl_field *fields, const void *base)
{
    dli_put(out, "{");
    for (const dl_field *f = fields; f && f->name; f++) {
        dli_putf(out, "%s\"%s\":%s", f != fields ? "," : "", f->name, f->count > 1 ? "[" : "");
        for (int k = 0; k < f->count; k++) {
            if (k) dli_put(out, ",");
            dli_put_value(out, f, (const char *)base + f->offset +
                                  (size_t)k * dli_field_size(f->kind));
        }
        if (f->count > 1) dli_put(out, "]");
    }
    dli_put(out, "}");
}

/* Layers by their numbers; -1 for the model's first input. */
static void dli_put_layers(dli_text *out, dl_layer *const *list, int n)
{
    dli_put(out, "[");
    for (int k = 0; k < n; k++) dli_putf(out, k ? ",%d" : "%d", list[k] ? list[k]->index : -1);
    dli_put(out, "]");
}

static void dli_put_layer(dli_text *out, const dl_layer *l)
{
    dli_putf(out, "{\"type\":\"%s\",\"name\":\"%s\"", l->type->name, l->name);
    if (!l->model->chain) {
        dli_put(out, ",\"from\":");
        dli_put_layers(out, l->from, l->froms);
    }
    if (l->shared) dli_putf(out, ",\"shared\":%d", l->shared->index);
    else if (l->type->options_size) {
        dli_put(out, ",\"options\":");
        dli_put_fields(out, l->type->fields, l->options);
    }
    dli_put(out, ",\"now\":");
    dli_put_fields(out, dli_layer_now, l);
    dli_put(out, "}");
}

static void dli_put_compiled(dli_text *out, const dl_model *m)
{
    const dl_optim o = dl_optimizer_desc(m->optimizer);
    for (int k = 0; k < dl_model_output_count(m); k++)
        dli_putf(out, "%s\"%s\"", k ? "," : ",\"loss\":[", m->goal[k].loss->name);
    for (int k = 0; k < dl_model_output_count(m); k++) {
        dli_put(out, k ? "," : "],\"loss_weights\":[");
        dli_put_number(out, m->goal[k].weight);
    }
    dli_putf(out, "],\"optimizer\":{\"type\":\"%s\",\"options\":", o.type->name);
    dli_put_fields(out, dli_optim_fields, &o);
    dli_put(out, "}");
}

static void dli_put_model(dli_text *out, const dl_model *m)
{
    dli_putf(out, "{\"needs\":%d,\"input\":", m->chain ? 1 : 2);
    dli_put_shape(out, m->input);
    dli_put(out, ",\"layers\":[");
    for (int i = 0; i < m->layers; i++) {
        if (i) dli_put(out, ",");
        dli_put_layer(out, m->layer[i]);
    }
    dli_put(out, m->out ? "],\"outputs\":" : "]");
    if (m->out) dli_put_layers(out, m->out, m->outs);
    dli_putf(out, ",\"batch_size\":%lld,\"metrics\":[", (long long)m->batch_size);
    for (int i = 1; i < m->metrics; i++)
        dli_putf(out, "%s\"%s\"", i > 1 ? "," : "", m->metric[i]->name);
    dli_put(out, "]");
    if (m->compiled) dli_put_compiled(out, m);
    dli_put(out, "}");
}

/* Is what goes by this name, if anything does, the thing itself? */
static bool dli_check_known(const dl_model *m, const char *who, const char *name, const void *known,
                            const void *own)
{
    if (!dli_good_name(name))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the name '%s' is no UTF-8, or has quotes, "
                       "backslashes or control characters in it", who, name);
    return !known || known == own ||
           dl_fail(m->ctx, DL_ERR_STATE, "%s: '%s' is not what this name stands for here: another "
                   "of that name is known, and would be loaded; rename it", who, name);
}

/* Can the model be told by names and fields? */
static bool dli_check_savable(const dl_model *m, const char *who)
{
    if (!dli_model_whole(who, m)) return false;
    bool ok = true;
    for (int i = 0; ok && i < m->layers; i++) {
        const dl_layer_type *t = m->layer[i]->type;
        ok = dli_check_known(m, who, t->name, dl_find_layer(m->ctx, t->name), t);
        if (ok && t->options_size && !t->fields)
            return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %s: type %s has options but no table of "
                           "fields, so they cannot be saved", who, m->layer[i]->name, t->name);
    }
    for (int i = 1; ok && i < m->metrics; i++)
        ok = dli_check_known(m, who, m->metric[i]->name, dl_find_metric(m->ctx, m->metric[i]->name),
                             m->metric[i]);
    for (int k = 0; ok && m->compiled && k < dl_model_output_count(m); k++) {
        const dl_loss *loss = m->goal[k].loss;
        ok = dli_check_known(m, who, loss->name, dl_find_loss(m->ctx, loss->name), loss);
    }
    const dl_optim_type *kind = m->compiled ? dl_optimizer_desc(m->optimizer).type : NULL;
    return ok && (!kind ||
                  dli_check_known(m, who, kind->name, dl_find_optim(m->ctx, kind->name), kind));
}
#endif

/* ---- writing a safetensors file ---- */

/* Is the name of item i one that every reader takes, and not yet taken in this list? */
static bool dli_check_name(const dli_list *l, int i)
{
    const char *name = l->item[i].name;
    bool good = dli_good_name(name) && strcmp(name, "__metadata__") != 0;
    for (int k = 0; good && k < i; k++) good = strcmp(l->item[k].name, name) != 0;
    return good || dl_fail(l->ctx, DL_ERR_ARGUMENT, "%s: tensor %d is named '%s'; names must be "
                           "unique, of UTF-8 without quotes, backslashes and control characters, "
                           "and not __metadata__", l->who, i, name);
}

static void dli_put_header(dli_text *out, const dli_list *l)
{
    long long at = 0;
    dli_put(out, "{\"__metadata__\":{\"format\":\"pt\"");
#ifndef DL_NO_MODEL
    for (int k = 0; l->whole && k < l->parts; k++) {
        dli_putf(out, ",\"%sdl_model\":\"", l->part[k].prefix);
        out->quoted = true;
        dli_put_model(out, l->part[k].model);
        out->quoted = false;
        dli_put(out, "\"");
    }
#endif
    dli_put(out, "}");
    for (const dli_item *i = l->item; i < l->item + l->items; i++) {
        const dl_tensor *t = i->tensor;
        const long long end = at + (long long)t->size * (long long)sizeof(dl_real);
        dli_putf(out, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", i->name, DLI_DOUBLE ? "F64" : "F32");
        for (int k = 0; k < t->shape.rank; k++)
            dli_putf(out, k ? ",%lld" : "%lld", (long long)t->shape.dim[k]);
        dli_putf(out, "],\"data_offsets\":[%lld,%lld]}", at, end);
        at = end;
    }
    dli_put(out, "}");
    while (out->length % 8 != 0) dli_put(out, " ");     /* so that the numbers are aligned */
}

static void dli_put_list(dli_text *out, const void *what)
{
    const dli_list *l = (const dli_list *)what;
    dli_text header = { NULL, 0, 0, NULL, false };
    uint8_t length[8];
    dli_put_header(&header, l);
    dli_put_bytes(length, header.length, 8);
    dli_put_some(out, (const char *)length, 8);
    dli_put_header(out, l);
    for (const dli_item *i = l->item; i < l->item + l->items; i++)
        dli_put_reals(out, i->tensor->data, i->tensor->size);
}

/* Write the list, and free it. */
static size_t dli_save_list(dli_list *l, const char *path, void *buffer, size_t room)
{
    bool ok = true;
    for (int i = 0; ok && i < l->items; i++) ok = dli_check_name(l, i);
#ifndef DL_NO_MODEL
    for (int k = 0; ok && l->whole && k < l->parts; k++)
        ok = dli_check_savable(l->part[k].model, l->who);
#endif
    const size_t size = ok ? dli_write(l->ctx, l->who, path, buffer, room, dli_put_list, l) : 0;
    DL_FREE(l->item);
    return size;
}

#ifndef DL_NO_MODEL
static size_t dli_save_model(const dl_model *m, const char *who, bool whole, const char *path,
                             void *buffer, size_t room)
{
    dli_list l;
    dli_part part;
    if (!dli_list_of_model(&l, &part, m, who)) return 0;
    l.whole = whole;
    return dli_save_list(&l, path, buffer, room);
}

/* Several models, a part of the file for each. */
static size_t dli_save_models(dl_ctx *c, const char *who, dl_model *const *models,
                              const char *const *prefixes, int n, const char *path, void *buffer,
                              size_t room)
{
    dli_list l;
    size_t size = 0;
    bool ok = models && prefixes && n > 0;
    if (!c) return 0;
    dli_part *part = ok ? (dli_part *)dli_alloc(c, who, (size_t)n, sizeof *part) : NULL;
    if (ok && !part) return 0;
    for (int i = 0; ok && i < n; i++) {
        ok = models[i] && models[i]->ctx == c && prefixes[i] && dli_good_name(prefixes[i]) &&
             strlen(prefixes[i]) < DL_NAME_MAX;
        for (int k = 0; ok && k < i; k++)
            ok = !dli_begins(prefixes[k], prefixes[i]) && !dli_begins(prefixes[i], prefixes[k]);
        const dli_part whole = { ok ? models[i]->tensor : NULL, ok ? models[i]->tensors : 0,
                                 prefixes[i], models[i] };
        part[i] = whole;
    }
    if (!ok)
        dl_fail(c, DL_ERR_ARGUMENT, "%s: give 1 or more models of this context, each with a prefix "
                "of less than %d bytes that does not begin with another's", who, DL_NAME_MAX);
    if (ok && dli_list_make(&l, c, who, "the models", part, n)) {
        l.whole = true;
        size = dli_save_list(&l, path, buffer, room);
    }
    if (part) DL_FREE(part);
    return size;
}

/* ---- a model from its text ---- */

/* What is named in the text and not known here: what it is, and what to do. */
static bool dli_unknown(const dli_file *f, const char *what, const char *name, const char *advice)
{
    return dli_bad(&f->source, "the %s '%.63s' is not known here%s", what, name, advice);
}

/* The text of a string, "" if it is none. */
static const char *dli_json_text(const dli_json *v) { return v && v->kind == '"' ? v->text : ""; }

static bool dli_take_fields(const dli_file *f, const dli_json *v, const char *of,
                            const dl_field *fields, void *base);

/* One value of a field's kind, to where it lies. */
static bool dli_take_value(const dli_file *f, const dli_json *v, const char *of,
                           const dl_field *field, void *to)
{
    const char *const *names = dli_field_names(field);
    const char *expected = "a whole number, not too large";
    double x = 0;
    int i = 0;
    bool ok;
    if (names) {
        while (names[i] && strcmp(names[i], dli_json_text(v)) != 0) i++;
        ok = names[i] != NULL;
        expected = "a name that is known here";
        *(int *)to = ok ? i : 0;
    } else if (field->kind == DL_FIELD_BOOL) {
        ok = v->kind == 't' || v->kind == 'f';
        expected = "true or false";
        *(bool *)to = v->kind == 't';
    } else if (field->kind == DL_FIELD_DOUBLE) {
        ok = dli_json_double(v, (double *)to);
        expected = "a number";
    } else if (field->kind == DL_FIELD_SHAPE) {
        ok = dli_json_shape(v, -1, (dl_shape *)to);
        expected = "a list of at most 6 whole numbers";
    } else if (field->kind == DL_FIELD_INIT) {
        return dli_take_fields(f, v, field->name, dli_init_fields, to);
    } else {
        ok = dli_json_whole(v, -2147483647, 2147483647, &x);
        *(int *)to = (int)x;
    }
    return ok || dli_bad(&f->source, "'%.63s' of %.255s should be %s%s%.63s", field->name, of,
                         expected, v->kind == '"' ? ", not " : "", dli_json_text(v));
}

/* All fields of a struct, and nothing else, out of an object that is called so in messages. */
static bool dli_take_fields(const dli_file *f, const dli_json *v, const char *of,
                            const dl_field *fields, void *base)
{
    static const dl_field none = DLI_E_END;
    if (!fields) fields = &none;
    if (!dli_check_object(&f->source, v, of, fields, sizeof *fields, false)) return false;
    for (const dl_field *field = fields; field->name; field++) {
        const dli_json *e = dli_json_find(v, field->name), *end = e ? e + e->size : NULL;
        if (!e) return dli_bad(&f->source, "'%.63s' is missing in %.255s", field->name, of);
        char *to = (char *)base + field->offset;
        int k = 0;
        if (field->count > 1 && e->kind == '[') e++;
        for (; k < field->count && e < end; k++, e += e->size, to += dli_field_size(field->kind))
            if (!dli_take_value(f, e, of, field, to)) return false;
        if (k < field->count || e < end)
            return dli_bad(&f->source, "'%.63s' of %.255s should be a list of %d", field->name, of,
                           field->count);
    }
    return true;
}

/* The options of a layer or an optimizer of this type. */
static bool dli_take_options(const dli_file *f, const dli_json *v, const char *type,
                             const dl_field *fields, void *options)
{
    char of[128];
    dli_format(of, sizeof of, "the options of %.99s", type);
    return dli_take_fields(f, dli_json_find(v, "options"), of, fields, options);
}

/* The entry of the file that a model's tensor of this name has; NULL when there is none. */
static dli_entry *dli_entry_of(const dli_file *f, const char *name)
{
    char full[3 * DL_NAME_MAX];
    dli_entry key;
    memset(&key, 0, sizeof key);
    dli_format(full, sizeof full, "%s%s", f->prefix, name);
    key.name = full;
    return (dli_entry *)bsearch(&key, f->entry, (size_t)f->entries, sizeof key, dli_by_name);
}

/* Before a tensor of a loaded layer is made: does the file have it, in this shape? */
static bool dli_layer_stored(const dl_layer *l, const char *name, dl_shape shape)
{
    const dli_file *f = l->model->source;
    char full[2 * DL_NAME_MAX], s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    if (!f) return true;
    dli_format(full, sizeof full, "%s.%s", l->name, name);
    dli_entry *e = dli_entry_of(f, full);
    if (!e || e->fate)
        return dli_bad(&f->source, "tensor '%.99s%.99s' %s is missing, or two layers share it",
                       f->prefix, full, dli_shape_text(s, shape));
    if (!dl_shape_equal(e->shape, shape))
        return dl_fail(l->ctx, DL_ERR_SHAPE, "%s: tensor '%.99s' is %s in %s, but its layer makes "
                       "it %s", f->source.who, e->name, dli_shape_text(s, e->shape), f->source.from,
                       dli_shape_text(t, shape));
    e->fate = 'l';
    return dli_readable(f, e);
}

/* The layers in a list of numbers, *n of them; for DL_FREE. NULL with a message. */
static dl_layer **dli_take_layers(const dli_file *f, const dl_model *m, const dli_json *v, int *n)
{
    double x;
    *n = 0;
    dl_layer **list = (dl_layer **)dli_alloc(m->ctx, f->source.who, (size_t)v->size, sizeof *list);
    bool ok = v->kind == '[' && v->size < 1 << 30;
    for (DLI_JSON_EACH(e, v)) {
        ok = list && ok && dli_json_whole(e, -1, m->layers - 1, &x);
        if (ok) list[(*n)++] = x < 0 ? NULL : m->layer[(int)x];
    }
    if (list && ok) return list;
    if (list) DL_FREE(list);
    dli_bad(&f->source, "from and outputs should be lists of layers' numbers, from -1 to %d",
            m->layers - 1);
    return NULL;
}

/* Add a layer of this type, where its "from" and "shared" tell. */
static dl_layer *dli_build_from(const dli_file *f, dl_model *m, const dli_json *v,
                                const dl_layer_type *t, const void *options)
{
    const dli_json *from = dli_json_find(v, "from"), *shared = dli_json_find(v, "shared");
    dl_layer *l = NULL;
    double x;
    int n;
    if (!from && !shared) return dl_model_add(m, t, options);
    if (!from) from = v;                                     /* no list: refused */
    dl_layer **list = dli_take_layers(f, m, from, &n);
    if (!list) return NULL;
    if (!shared) l = dl_model_add_from(m, t, options, list, n);
    else if (n != 1 || !dli_json_whole(shared, 0, m->layers - 1, &x))
        dli_bad(&f->source, "what is shared should be a layer's number, and from one");
    else if (dl_model_at(m, list[0])) l = dl_model_reuse(m, m->layer[(int)x]);
    DL_FREE(list);
    return l;
}

/* What may have been changed in a layer after it was built; and its numbers. */
static bool dli_build_rest(const dli_file *f, dl_layer *l, const dli_json *v)
{
    dl_layer rest = *l;
    const dli_json *name = dli_json_find(v, "name"), *now = dli_json_find(v, "now");
    rest.frozen = false;
    if (name && strcmp(dli_json_text(name), l->name) != 0)
        return dli_unknown(f, "layer", dli_json_text(name), ": its name must be the one it gets "
                           "when it is added");
    if (now && !dli_take_fields(f, now, l->name, dli_layer_now, &rest)) return false;
    if (!(rest.l1 >= 0 && rest.l1 <= DBL_MAX && rest.l2 >= 0 && rest.l2 <= DBL_MAX))
        return dli_bad(&f->source, "penalties of %g and %g in %s", rest.l1, rest.l2, l->name);
    l->activation = rest.activation;
    l->l1 = rest.l1;
    l->l2 = rest.l2;
    for (int k = 0; !l->shared && k < l->params + l->states; k++) {
        dl_tensor *t = k < l->params ? l->param[k] : l->state[k - l->params];
        const dli_entry *e = dli_entry_of(f, t->name);
        if (e) dli_copy_from(f, e, t);
    }
    return !rest.frozen || dl_layer_set_frozen(l, true);
}

static bool dli_build_layer(const dli_file *f, dl_model *m, const dli_json *v)
{
    static const char *const names[] = { "type", "name", "options", "now", "from", "shared", NULL };
    if (!dli_check_object(&f->source, v, "a layer", names, sizeof *names, false)) return false;
    const char *type = dli_json_text(dli_json_find(v, "type"));
    const dl_layer_type *t = dl_find_layer(m->ctx, type);
    if (!t)
        return dli_unknown(f, "type of layer", type, "; one of your own is made known by "
                           "dl_register_layer before");
    void *options = NULL;
    if (t->options_size && !dli_json_find(v, "shared")) {
        options = dli_alloc(m->ctx, f->source.who, 1, t->options_size);
        if (!options || !dli_take_options(f, v, type, t->fields, options)) {
            if (options) DL_FREE(options);
            return false;
        }
    }
    dl_layer *l = dli_build_from(f, m, v, t, options);
    if (options) DL_FREE(options);
    return l && dli_build_rest(f, l, v);
}

static bool dli_build_metrics(const dli_file *f, dl_model *m, const dli_json *v)
{
    if (v->kind != '[') return dli_bad(&f->source, "'metrics' should be a list");
    for (DLI_JSON_EACH(e, v)) {
        const dl_metric *metric = dl_find_metric(m->ctx, dli_json_text(e));
        if (!metric)
            return dli_unknown(f, "metric", dli_json_text(e),
                               "; dl_register_metric makes it known");
        if (!dl_model_add_metric(m, metric)) return false;
    }
    return true;
}

static bool dli_build_optim(const dli_file *f, dl_ctx *c, const dli_json *v, dl_optim *o)
{
    static const char *const names[] = { "type", "options", NULL };
    if (!dli_check_object(&f->source, v, "the optimizer", names, sizeof *names, false))
        return false;
    const char *type = dli_json_text(dli_json_find(v, "type"));
    const dl_optim_type *t = dl_find_optim(c, type);
    if (!t) return dli_unknown(f, "optimizer", type, "; dl_register_optim makes it known");
    *o = dl_optim_default(t, 0);
    return dli_take_options(f, v, type, dli_optim_fields, o);
}

/* Losses, one for each output, and optimizer. */
static bool dli_build_compiled(const dli_file *f, dl_model *m, const dli_json *v)
{
    const dli_json *losses = dli_json_find(v, "loss"), *weights = dli_json_find(v, "loss_weights");
    const dli_json *optimizer = dli_json_find(v, "optimizer");
    const int n = dl_model_output_count(m);
    dl_optim o;
    if (!losses && !optimizer) return true;
    if (!losses || losses->kind != '[' || losses->size != 1 + n || !weights ||
        weights->kind != '[' || weights->size != 1 + n)
        return dli_bad(&f->source, "the model lacks a loss and a loss weight for each of its %d "
                       "outputs", n);
    if (!optimizer) return dli_bad(&f->source, "the model lacks 'optimizer'");
    double *weight = (double *)dli_alloc(m->ctx, f->source.who, (size_t)n,
                                         sizeof *weight + sizeof(dl_loss *));
    if (!weight) return false;
    const dl_loss **loss = (const dl_loss **)(void *)(weight + n);
    bool ok = true;
    for (int k = 0; ok && k < n; k++) {
        const char *name = dli_json_text(losses + 1 + k);
        loss[k] = dl_find_loss(m->ctx, name);
        if (!loss[k]) ok = dli_unknown(f, "loss", name, "; dl_register_loss makes it known");
        else if (!dli_json_double(weights + 1 + k, &weight[k]))
            ok = dli_bad(&f->source, "'loss_weights' should be numbers");
    }
    ok = ok && dli_build_optim(f, m->ctx, optimizer, &o) &&
         dl_model_compile_outputs(m, loss, weight, o);
    DL_FREE(weight);
    return ok;
}

#define DLI_LAYERS_MAX 10000            /* in a file; what adding them costs grows as the square */

static bool dli_build_layers(dli_file *f, dl_model *m, const dli_json *v)
{
    if (!v || v->kind != '[') return dli_bad(&f->source, "the model lacks a list 'layers'");
    for (DLI_JSON_EACH(e, v)) {
        if (m->layers == DLI_LAYERS_MAX) return dli_bad(&f->source, "there are too many layers");
        if (!dli_build_layer(f, m, e)) return false;
    }
    for (dl_int i = 0; i < f->entries; i++)
        if (!f->entry[i].fate && dli_begins(f->entry[i].name, f->prefix) &&
            !dli_counter(&f->entry[i]))
            return dli_bad(&f->source, "tensor '%.255s' is not in the model", f->entry[i].name);
    return true;
}

/* The model out of its text; *made as soon as there is one. Whatever else a file is to tell of a
   model becomes a further name here (and a higher version where a reader must not miss it). */
static bool dli_build_model(dli_file *f, const dli_json *v, dl_model **made)
{
    static const char *const names[] = { "needs", "input", "layers", "outputs", "batch_size",
                                         "metrics", "loss", "loss_weights", "optimizer", NULL };
    const dli_json *needs = dli_json_find(v, "needs"), *input = dli_json_find(v, "input");
    const dli_json *outputs = dli_json_find(v, "outputs"), *batch = dli_json_find(v, "batch_size");
    const dli_json *metrics = dli_json_find(v, "metrics");
    double x;
    dl_shape shape;
    if (!needs || !dli_json_whole(needs, 0, 1e9, &x))
        return dli_bad(&f->source, "the model lacks 'needs', the version of the format");
    if (x > DLI_MODEL_FORMAT)
        return dli_bad(&f->source, "it needs a newer dl.h: it is written in version %g of the "
                       "format; this one knows %d", x, DLI_MODEL_FORMAT);
    if (!dli_check_object(&f->source, v, "the model", names, sizeof *names, false)) return false;
    if (!input || !dli_json_shape(input, 0, &shape))
        return dli_bad(&f->source, "the model lacks 'input', a list of at most %d whole numbers",
                       DL_MAX_DIMS);
    dl_model *m = *made = dl_model_new(f->source.ctx, shape);
    if (!m) return false;
    m->source = f;
    bool ok = dli_build_layers(f, m, dli_json_find(v, "layers"));
    m->source = NULL;
    if (ok && outputs) {
        int n;
        dl_layer **list = dli_take_layers(f, m, outputs, &n);
        ok = list && dl_model_outputs(m, list, n);
        if (list) DL_FREE(list);
    }
    if (ok && batch)
        ok = dli_json_whole(batch, 1, 2147483647, &x) ? dl_model_set_batch_size(m, (dl_int)x)
           : dli_bad(&f->source, "'batch_size' should be a whole number from 1 on");
    return ok && (!metrics || dli_build_metrics(f, m, metrics)) &&
           dli_build_compiled(f, m, v);
}

/* The text of the model in the metadata; NULL with a message. */
static const char *dli_model_text(const dli_file *f)
{
    char key[DL_NAME_MAX + 16];
    dli_format(key, sizeof key, "%sdl_model", f->prefix);
    const bool object = f->metadata && f->metadata->kind == '{';
    const dli_json *v = object ? dli_json_find(f->metadata, key) : NULL;
    if (v && v->kind == '"') return v->text;
    dli_bad(&f->source, "it has no '%.99s' in its metadata: it holds weights, not a model "
            "(dl_model_load_weights), or parts with other prefixes (dl_model_load_part)", key);
    return NULL;
}

static dl_model *dli_load_model(dl_ctx *c, const char *who, const char *from, const void *bytes,
                                size_t size, const char *prefix)
{
    dli_file f;
    dl_model *m = NULL;
    if (!c) return NULL;
    if (!prefix || strlen(prefix) >= DL_NAME_MAX) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the prefix is NULL or too long", who);
        return NULL;
    }
    if (!dli_file_open(&f, c, who, from, bytes, size)) return NULL;
    f.prefix = prefix;
    const dl_rng rng = c->rng;                    /* layers may draw numbers, which are not kept */
    const char *text = dli_model_text(&f);
    dli_json *tree = !text ? NULL : dli_json_read(&f.source, "its text of the model is not as it "
                                                  "should be", text, strlen(text), false);
    if (tree && !dli_build_model(&f, tree, &m) && m) {
        dl_model_free(m);
        m = NULL;
    }
    if (tree) DL_FREE(tree);
    dli_file_close(&f);
    c->rng = rng;
    return m;
}

#endif

/* ---- optimizers, and training that goes on ----
   What is kept beside tensors is put into some: a bundle has headers for them, a list of a file is
   made of its parts. Numbers come first, so that they are looked at before anything is changed. */

typedef struct dli_bundle {
    dl_ctx     *ctx;
    const char *who;
    double     *number;             /* [numbers] of all kinds, one after the other  */
    dl_real    *cut;                /* the same in four parts each                  */
    dl_tensor  *view, **list;       /* headers                                      */
    int         numbers, used, views, parts, early;    /* early: views of numbers   */
    dli_part    part[10];
    char        prefix[6][DL_NAME_MAX];
    dli_list    read;               /* when it is read                              */
} dli_bundle;

static void dli_bundle_free(dli_bundle *b)
{
    if (b->number) DL_FREE(b->number);
    if (b->cut) DL_FREE(b->cut);
    if (b->view) DL_FREE(b->view);
    if (b->list) DL_FREE(b->list);
    if (b->read.item) DL_FREE(b->read.item);
}

static bool dli_bundle_make(dli_bundle *b, dl_ctx *c, const char *who, int numbers, int views)
{
    memset(b, 0, sizeof *b);
    b->ctx = c;
    b->who = who;
    b->numbers = numbers;
    b->number = (double *)dli_alloc(c, who, (size_t)numbers, sizeof *b->number);
    b->cut = (dl_real *)dli_alloc(c, who, (size_t)numbers * 4, sizeof *b->cut);
    b->view = (dl_tensor *)dli_alloc(c, who, (size_t)views, sizeof *b->view);
    b->list = (dl_tensor **)dli_alloc(c, who, (size_t)views, sizeof *b->list);
    return b->number && b->cut && b->view && b->list;
}

static void dli_bundle_part(dli_bundle *b, const char *prefix, dl_tensor *const *list, int n)
{
    const dli_part part = { list, n, prefix, NULL };
    if (n > 0) b->part[b->parts++] = part;
}

/* One more tensor, in the last part if that has the same prefix. */
static void dli_bundle_add(dli_bundle *b, const char *prefix, const char *name, dl_real *data,
                           dl_shape shape)
{
    dl_tensor *v = &b->view[b->views];
    v->ctx = b->ctx;
    v->data = data;
    v->shape = shape;
    v->size = dl_shape_size(shape);
    v->name = name;
    v->generation = DLI_PERSISTENT;
    b->list[b->views] = v;
    if (b->parts && b->part[b->parts - 1].prefix == prefix) b->part[b->parts - 1].tensors++;
    else dli_bundle_part(b, prefix, b->list + b->views, 1);
    b->views++;
}

/* n numbers, to be filled in or read at the place that is returned. */
static double *dli_bundle_numbers(dli_bundle *b, const char *prefix, const char *name, int n)
{
    double *at = b->number + b->used;
    if (n > 0) dli_bundle_add(b, prefix, name, b->cut + 4 * b->used, dl_shape1(4 * n));
    b->used += n;
    b->early = b->views;
    return at;
}

/* All numbers into four parts of 16 bits, which a float holds exactly; and back. */
static void dli_bundle_cut(dli_bundle *b)
{
    for (int i = 0; i < 4 * b->numbers; i++) {
        uint64_t bits;
        memcpy(&bits, &b->number[i / 4], sizeof bits);
        b->cut[i] = (dl_real)(bits >> 16 * (i % 4) & 0xFFFF);
    }
}
static void dli_bundle_join(dli_bundle *b)
{
    for (int i = 0; i < b->numbers; i++) {
        uint64_t bits = 0;
        for (int k = 0; k < 4; k++) {
            const dl_real x = b->cut[4 * i + k];
            bits |= (x >= 0 && x <= 0xFFFF ? (uint64_t)x : 0) << 16 * k;
        }
        memcpy(&b->number[i], &bits, sizeof bits);
    }
}

static size_t dli_bundle_save(dli_bundle *b, const char *path, void *buffer, size_t room)
{
    dli_list l;
    dli_bundle_cut(b);
    return dli_list_make(&l, b->ctx, b->who, "it", b->part, b->parts)
         ? dli_save_list(&l, path, buffer, room) : 0;
}

/* The numbers from a file that has all of it; and, when they turn out good, the rest. */
static bool dli_bundle_read(dli_bundle *b, dli_file *f, const char *what)
{
    const dl_loading o = dl_loading_default();
    dli_list *l = &b->read;
    if (!dli_list_make(l, b->ctx, b->who, what, b->part, b->parts) || !dli_check_loading(l, &o) ||
        !dli_match_names(f, l, &o) || !dli_report(f, l, &o))
        return false;
    for (int i = 0; i < b->early; i++) dli_copy_from(f, l->item[i].found, l->item[i].tensor);
    dli_bundle_join(b);
    return true;
}
static void dli_bundle_take(const dli_bundle *b, const dli_file *f)
{
    for (const dli_item *i = b->read.item + b->early; i < b->read.item + b->read.items; i++)
        dli_copy_from(f, i->found, i->tensor);
}

/* An optimizer's counts: learning rate, updates, updates of each parameter. */
static double *dli_bundle_counts(dli_bundle *b, const dl_optimizer *o)
{
    dli_format(b->prefix[5], DL_NAME_MAX, "%s.", o->desc.type->name);
    double *count = dli_bundle_numbers(b, b->prefix[5], "counts", 2 + o->n);
    count[0] = o->desc.lr;
    count[1] = (double)o->updates;
    for (int i = 0; i < o->n; i++) count[2 + i] = (double)o->slot[i].updates;
    return count;
}
static int dli_state_count(const dl_optimizer *o)
{
    return o->desc.type->states + (o->desc.ema > 0);
}
static void dli_bundle_states(dli_bundle *b, const dl_optimizer *o)
{
    for (int k = 0; k < dli_state_count(o); k++) {
        dli_format(b->prefix[k], DL_NAME_MAX, "%s.%d.", o->desc.type->name, k);
        for (int i = 0; i < o->n; i++)
            dli_bundle_add(b, b->prefix[k], o->param[i]->name, o->slot[i].state[k],
                           o->param[i]->shape);
    }
}
/* Are all of them counts, 0, 1, 2 ...? */
static bool dli_whole_numbers(const dli_bundle *b, const double *x, int n)
{
    for (int i = 0; i < n; i++)
        if (!(x[i] >= 0 && x[i] <= 9007199254740992.0 && x[i] == floor(x[i])))
            return dl_fail(b->ctx, DL_ERR_FORMAT, "%s: a count is %g; the file is damaged", b->who,
                           x[i]);
    return true;
}
static bool dli_good_counts(const dli_bundle *b, const dl_optimizer *o, const double *count)
{
    dl_optim d = o->desc;
    d.lr = count[0];
    return dli_check_optim(b->ctx, b->who, &d) && dli_whole_numbers(b, count + 1, 1 + o->n);
}
static void dli_take_counts(dl_optimizer *o, const double *count)
{
    o->desc.lr = count[0];
    o->updates = (int64_t)count[1];
    for (int i = 0; i < o->n; i++) o->slot[i].updates = (int64_t)count[2 + i];
}

/* Where its counts are, or NULL. */
static double *dli_optimizer_bundle(dli_bundle *b, dl_optimizer *o, const char *who)
{
    memset(b, 0, sizeof *b);
    if (!o) return NULL;
    if (o->averaged)
        dl_fail(o->ctx, DL_ERR_STATE, "%s: the parameters hold their averages; call "
                "dl_optimizer_set_averaged(o, false) first", who);
    if (o->averaged ||
        !dli_bundle_make(b, o->ctx, who, 2 + o->n, 1 + o->n * dli_state_count(o)))
        return NULL;
    double *count = dli_bundle_counts(b, o);
    dli_bundle_states(b, o);
    return count;
}
static size_t dli_optimizer_save(dl_optimizer *o, const char *who, const char *path, void *buffer,
                                 size_t room)
{
    dli_bundle b;
    const size_t size = dli_optimizer_bundle(&b, o, who)
                      ? dli_bundle_save(&b, path, buffer, room) : 0;
    dli_bundle_free(&b);
    return size;
}
static bool dli_optimizer_load(dl_optimizer *o, const char *who, const char *from,
                               const void *bytes, size_t size)
{
    dli_bundle b;
    dli_file f;
    const double *count = dli_optimizer_bundle(&b, o, who);
    bool ok = count && dli_file_open(&f, o->ctx, who, from, bytes, size);
    if (ok) {
        ok = dli_bundle_read(&b, &f, "the optimizer") && dli_good_counts(&b, o, count);
        if (ok) {
            dli_bundle_take(&b, &f);
            dli_take_counts(o, count);
        }
        dli_file_close(&f);
    }
    dli_bundle_free(&b);
    return ok;
}

DL_DEF size_t dl_optimizer_save_to_memory(dl_optimizer *o, void *buffer, size_t room)
{
    return dli_optimizer_save(o, "dl_optimizer_save_to_memory", dli_buffer, buffer, room);
}
DL_DEF bool dl_optimizer_load_from_memory(dl_optimizer *o, const void *bytes, size_t size)
{
    return dli_optimizer_load(o, "dl_optimizer_load_from_memory", dli_buffer, bytes, size);
}

#ifndef DL_NO_STDIO
DL_DEF bool dl_optimizer_save(dl_optimizer *o, const char *path)
{
    return dli_optimizer_save(o, "dl_optimizer_save", path, NULL, 0) > 0;
}
DL_DEF bool dl_optimizer_load(dl_optimizer *o, const char *path)
{
    return dli_optimizer_load(o, "dl_optimizer_load", path, NULL, 0);
}
#endif

#if !defined(DL_NO_MODEL) && !defined(DL_NO_STDIO)
/* Where a training is: 64 bits each, first whole numbers, last the random streams of the context
   and the loader. */
enum { DLI_PLACE_WHOLE = 6 };
typedef struct dli_place {
    double epochs, next, updates, wait, schedule_wait, stop;
    double best, schedule_best, schedule_now, loss, size, accuracy[2], seconds, build;
    dl_rng stream[2];
} dli_place;
#define DLI_PLACE ((int)(sizeof(dli_place) / sizeof(double)))
#define DLI_HISTORY ((int)((sizeof(dl_epoch) - offsetof(dl_epoch, loss)) / sizeof(double)))

/* A hash of text or numbers as a number that a double holds. */
static double dli_hashed(uint64_t before, const void *bytes, size_t n)
{
    const uint8_t *p = (const uint8_t *)bytes;
    for (size_t i = 0; i < n; i++) before = dli_hash(before, p[i]);
    return (double)(before >> 12);
}
static double dli_hashed_model(const dl_model *m)
{
    double h = 0;
    for (int i = 0; i < m->layers; i++) {
        char text[4096];
        dli_text out = { text, sizeof text, 0, NULL, false };
        dli_put_layer(&out, m->layer[i]);
        h = dli_hashed((uint64_t)h, text, out.length < sizeof text ? out.length : sizeof text - 1);
    }
    return h;
}
/* Of up to 64 samples, all over the data set. */
static double dli_hashed_data(const dl_data *d)
{
    int32_t order[64], labels[64];
    dl_batch b;
    const dl_mark mark = dl_tape_mark(d->ctx);
    const dl_int n = dli_min(d->count, 64);
    double h = (double)d->count;
    for (dl_int i = 0; i < n; i++) order[i] = (int32_t)((double)i * (double)d->count / (double)n);
    if (!dli_data_batch(d, order, 0, n, labels, &b)) return NAN;
    h = dli_hashed((uint64_t)h, b.x->data, (size_t)b.x->size * sizeof(dl_real));
    if (b.labels) h = dli_hashed((uint64_t)h, b.labels, (size_t)n * sizeof *b.labels);
    if (b.y) h = dli_hashed((uint64_t)h, b.y->data, (size_t)b.y->size * sizeof(dl_real));
    if (b.weight) h = dli_hashed((uint64_t)h, b.weight->data, (size_t)n * sizeof(dl_real));
    dl_tape_release(d->ctx, mark);
    return h;
}

typedef struct dli_option { const char *name; double value; } dli_option;
enum { DLI_RUN_OPTIONS = 24 + (int)DLI_OPTIM_NUMBERS };

/* All that must be the same when a training goes on. */
static void dli_run_options(const dli_run *r, dli_option *to)
{
    const dl_fit *o = r->o;
    const dl_schedule *s = &o->schedule;
    const dl_optimizer *p = r->m->optimizer;
    double groups = 0, losses = 0, augment = 0, classes = 0;
#ifndef DL_NO_IMAGES
    if (o->augment) augment = dli_hashed(0, o->augment, sizeof *o->augment);
#endif
    if (o->class_weight)
        classes = dli_hashed(0, o->class_weight, (size_t)r->train->classes * sizeof(double));
    for (int i = 0; i < p->n; i++)
        groups = dli_hashed((uint64_t)groups, &p->slot[i].lr_factor, 2 * sizeof(double));
    for (int i = 0; i < dl_model_output_count(r->m); i++)
        losses = dli_hashed((uint64_t)losses, r->m->goal[i].loss->name,
                            strlen(r->m->goal[i].loss->name));
    const dli_option row[DLI_RUN_OPTIONS - (int)DLI_OPTIM_NUMBERS] = {
        { "batch_size", (double)o->batch_size }, { "accumulate", (double)o->accumulate },
        { "shuffle", (double)o->shuffle }, { "validation_split", o->validation_split },
        { "early_stopping", (double)o->early_stopping }, { "patience", (double)o->patience },
        { "min_delta", o->min_delta }, { "restore_best", (double)o->restore_best },
        { "schedule", dli_hashed(0, s->name ? s->name : "", strlen(s->name ? s->name : "")) },
        { "schedule.gamma", s->gamma },
        { "schedule.steps", (double)s->steps }, { "schedule.warmup", (double)s->warmup },
        { "schedule.per_update", (double)s->per_update }, { "augment", augment },
        { "class_weight", classes },
        { "clip_norm of the optimizer", p->desc.clip_norm },
        { "clip_value of the optimizer", p->desc.clip_value },
        { "learning rate", r->lr }, { "parameter groups", groups }, { "loss", losses },
        { "layers", dli_hashed_model(r->m) }, { "training data", dli_hashed_data(r->train) },
        { "validation data", r->validation ? dli_hashed_data(r->validation) : 0 },
        { "model.batch_size", (double)r->m->batch_size } };
    memcpy(to, row, sizeof row);
    to += sizeof row / sizeof row[0];
    for (size_t i = 0; i < DLI_OPTIM_NUMBERS; i++, to++) {
        to->name = dli_optim_numbers[i].name;
        to->value = 0;
        if (dli_optim_numbers[i].at != offsetof(dl_optim, lr))       /* that may move */
            memcpy(&to->value, (const char *)&p->desc + dli_optim_numbers[i].at, sizeof(double));
    }
}

/* A training and its bundle. */
typedef struct dli_kept_run {
    dli_bundle b;
    dli_run   *r;
    int        epochs;                   /* in history */
    dli_option option[DLI_RUN_OPTIONS];
    double    *place, *options, *history, *count;
} dli_kept_run;

static double dli_build(const dl_ctx *c)
{
    char text[64];
    return dli_hashed(DL_VERSION, text, (size_t)dli_format(text, sizeof text, "%d %s",
                                                           (int)sizeof(dl_real), dli_fast_name(c)));
}

static bool dli_run_bundle(dli_kept_run *k, dli_run *r, int epochs)
{
    const dl_optimizer *o = r->m->optimizer;
    const dl_fit *f = r->o;
    dli_bundle *b = &k->b;
    size_t total = 0;
    memset(k, 0, sizeof *k);
    k->r = r;
    k->epochs = epochs;
    dli_run_options(r, k->option);
    if (f->state_count > 0 && (!f->state ||
        dli_inputs("dl_model_fit: state", f->state, f->state_count) != r->m->ctx))
        return dl_fail(r->m->ctx, DL_ERR_ARGUMENT, "dl_model_fit: state: a tensor is NULL or of "
                       "another context");
    const int numbers = DLI_PLACE + DLI_RUN_OPTIONS + epochs * DLI_HISTORY + 2 + o->n;
    if (!dli_bundle_make(b, o->ctx, "dl_model_fit", numbers, 5 + o->n * dli_state_count(o)))
        return false;
    const char *own = "checkpoint.";
    k->place = dli_bundle_numbers(b, own, "place", DLI_PLACE);
    k->options = dli_bundle_numbers(b, own, "options", DLI_RUN_OPTIONS);
    k->history = dli_bundle_numbers(b, own, "history", epochs * DLI_HISTORY);
    k->count = dli_bundle_counts(b, o);
    dli_bundle_states(b, o);
    for (int i = 0; i < r->m->tensors; i++) total += (size_t)r->m->tensor[i]->size;
    if (r->best_weights) dli_bundle_add(b, own, "best", r->best_weights, dl_shape1((dl_int)total));
    dli_bundle_part(b, "weights.", r->m->tensor, r->m->tensors);
    dli_bundle_part(b, "state.", f->state, f->state_count);
    return true;
}

static bool dli_run_save(dli_run *r)
{
    const dl_loader *l = r->loader;
    const dl_ctx *c = r->m->ctx;
    dli_kept_run k;
    dli_place p;
    bool ok = dli_run_bundle(&k, r, r->m->epochs);
    if (ok) {
        memset(&p, 0, sizeof p);
        p.epochs = r->m->epochs;
        p.next = (double)l->next;
        p.updates = (double)r->updates;
        p.wait = r->wait;
        p.schedule_wait = r->schedule.wait;
        p.stop = r->stop && !r->cut;
        p.stream[0] = c->rng;
        p.stream[1] = l->next ? r->order : l->rng;
        p.best = r->best;
        p.schedule_best = r->schedule.best;
        p.schedule_now = r->schedule.now;
        p.loss = r->tally.loss;
        p.size = r->tally.size;
        memcpy(p.accuracy, r->m->metric_state[0][0], sizeof p.accuracy);
        p.seconds = dli_now() - r->start;
        p.build = dli_build(c);
        memcpy(k.place, &p, sizeof p);
        for (int i = 0; i < DLI_RUN_OPTIONS; i++) k.options[i] = k.option[i].value;
        for (int i = 0; i < k.epochs; i++)
            memcpy(k.history + i * DLI_HISTORY, &r->m->history[i].loss,
                   DLI_HISTORY * sizeof(double));
        ok = dli_bundle_save(&k.b, r->o->checkpoint, NULL, 0) > 0;
    }
    dli_bundle_free(&k.b);
    return ok;
}

/* Does the checkpoint belong to this training, and can it be true? */
static bool dli_good_run(const dli_kept_run *k)
{
    const dli_run *r = k->r;
    dl_ctx *c = r->m->ctx;
    dli_place p;
    memcpy(&p, k->place, sizeof p);
    for (int i = 0; i < DLI_RUN_OPTIONS; i++)
        if (memcmp(&k->options[i], &k->option[i].value, sizeof(double)) != 0)
            return dl_fail(c, DL_ERR_STATE, "dl_model_fit: the checkpoint %s was made with another "
                           "%s (%.10g, now %.10g); give the same options and data, or start anew "
                           "without it", r->o->checkpoint, k->option[i].name, k->options[i],
                           k->option[i].value);
    if (!dli_whole_numbers(&k->b, k->place, DLI_PLACE_WHOLE) ||
        !dli_good_counts(&k->b, r->m->optimizer, k->count))
        return false;
    if (p.epochs != k->epochs || p.next > (double)r->train->count || p.wait > INT32_MAX ||
        p.schedule_wait > INT32_MAX || !(p.schedule_now >= 0 && p.schedule_now < INFINITY) ||
        !(p.size == p.next || p.next == 0) ||
        p.updates > k->count[1] || p.stop > 1)
        return dl_fail(c, DL_ERR_FORMAT, "dl_model_fit: the checkpoint %s contradicts itself; it "
                       "is damaged", r->o->checkpoint);
    return true;
}

static void dli_take_run(dli_kept_run *k)
{
    dli_run *r = k->r;
    dl_loader *l = r->loader;
    dli_place p;
    memcpy(&p, k->place, sizeof p);
    dli_take_counts(r->m->optimizer, k->count);
    r->m->epochs = k->epochs;
    r->updates = (int64_t)p.updates;
    r->wait = (int)p.wait;
    r->schedule.wait = (int)p.schedule_wait;
    r->schedule.best = p.schedule_best;
    r->schedule.now = p.schedule_now;
    r->stop = p.stop > 0;
    r->best = p.best;
    r->m->ctx->rng = p.stream[0];
    r->order = l->rng = p.stream[1];
    l->next = (dl_int)p.next;
    if (l->next && l->order) dl_rng_permutation(&l->rng, l->order, l->data.count);
    r->tally = dli_tally_start(r->m, 0);
    r->tally.loss = p.loss;
    r->tally.size = p.size;
    memcpy(r->m->metric_state[0][0], p.accuracy, sizeof p.accuracy);
    r->start = dli_now() - p.seconds;
    for (int i = 0; i < k->epochs; i++) {
        dl_epoch *e = &r->m->history[i];
        memcpy(&e->loss, k->history + i * DLI_HISTORY, DLI_HISTORY * sizeof(double));
        e->epoch = i + 1;
        e->epochs = r->o->epochs;
    }
    if (p.build != dli_build(r->m->ctx) && r->o->verbose)
        dli_print("dl_model_fit: the checkpoint %s is from another build or instruction set; "
                  "training goes on, but not to the same bits\n", r->o->checkpoint);
}

static bool dli_run_resume(dli_run *r)
{
    dl_ctx *c = r->m->ctx;
    dli_kept_run k;
    dli_file f;
    if (dli_file_mode(r->o->checkpoint) == DLI_NO_FILE) return true;
    if (!dli_file_open(&f, c, "dl_model_fit", r->o->checkpoint, NULL, 0)) return false;
    const dli_entry *history = dli_entry_of(&f, "checkpoint.history");
    const dl_int size = history && history->shape.rank == 1 ? history->shape.dim[0] : 0;
    const dl_int epochs = size / (4 * DLI_HISTORY);
    bool ok = epochs <= r->o->epochs ||
              dl_fail(c, DL_ERR_STATE, "dl_model_fit: the checkpoint %s has %lld epochs behind it; "
                      "epochs is the total, and %d are fewer", r->o->checkpoint, (long long)epochs,
                      r->o->epochs);
    if (ok) {
        ok = dli_run_bundle(&k, r, (int)epochs) &&
             dli_bundle_read(&k.b, &f, "this training") && dli_good_run(&k);
        if (ok) {
            dli_bundle_take(&k.b, &f);
            dli_take_run(&k);
        }
        dli_bundle_free(&k.b);
    }
    dli_file_close(&f);
    return ok;
}
#endif

/* ---- PyTorch's names ---- */

#ifndef DL_NO_SEQUENCES
static bool dli_set_name(dl_tensor *t, const char *prefix, const char *name)
{
    char full[DL_NAME_MAX + 64];
    if (!t || !prefix) return false;
    if (t == DL_NONE) return true;
    dli_format(full, sizeof full, "%s%s", prefix, name);
    return dl_set_name(t, full);
}

static bool dli_set_names(dl_tensor *const *w, const char *prefix, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (!w || !dli_set_name(w[i], prefix, names[i])) return false;
    return true;
}

DL_DEF bool dl_recurrent_set_names(dl_tensor *const *w, const char *prefix,
                                   const dl_recurrent *options)
{
    static const char *const names[] = { "weight_ih", "weight_hh", "bias_ih", "bias_hh" };
    const int n = dl_recurrent_param_count(options), K = options && options->bidirectional ? 2 : 1;
    for (int i = 0; i < n; i++) {
        char name[64];
        dli_format(name, sizeof name, "%s_l%d%s", names[i % 4], i / 4 / K,
                   K == 2 && i / 4 % 2 ? "_reverse" : "");
        if (!w || !dli_set_name(w[i], prefix, name)) return false;
    }
    return n > 0;
}

DL_DEF bool dl_multihead_attention_set_names(dl_tensor *const *w, const char *prefix)
{
    static const char *const names[] = { "in_proj_weight", "in_proj_bias", "out_proj.weight",
                                         "out_proj.bias" };
    return dli_set_names(w, prefix, names, 4);
}

static const char *const dli_block_names[] = {
    "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
    "self_attn.out_proj.bias", "multihead_attn.in_proj_weight", "multihead_attn.in_proj_bias",
    "multihead_attn.out_proj.weight", "multihead_attn.out_proj.bias", "linear1.weight",
    "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias",
    "norm2.weight", "norm2.bias", "norm3.weight", "norm3.bias" };

DL_DEF bool dl_transformer_encoder_set_names(dl_tensor *const *w, const char *prefix)
{
    return dli_set_names(w, prefix, dli_block_names, 4) &&
           dli_set_names(w + 4, prefix, dli_block_names + 8, 8);
}

DL_DEF bool dl_transformer_decoder_set_names(dl_tensor *const *w, const char *prefix)
{
    return dli_set_names(w, prefix, dli_block_names, DL_DECODER_PARAMS);
}
#endif

/* ---- .npy ----
   93 'N' 'U' 'M' 'P' 'Y', the version (two bytes), the length of the header (2 bytes, from version
   2 on 4), then the header as Python writes a dict:
   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, then the numbers. */

/* The type that NumPy calls so, e.g. ">f4"; NULL when it is not known here. */
static const dli_dtype *dli_npy_type(const char *descr)
{
    for (size_t i = 0; i < DLI_DTYPES; i++) {
        const dli_dtype *d = &dli_dtypes[i];
        const bool order = descr[0] && strchr(d->width > 1 ? "<>" : "<>|=", descr[0]);
        if (order && d->kind == descr[1] && d->kind != 'B' && descr[2] == '0' + d->width &&
            !descr[3]) return d;
    }
    return NULL;
}

/* The numbers at p into t; in Fortran's order the first index runs fastest. */
static void dli_npy_take(dl_tensor *t, const uint8_t *p, const dli_dtype *d, bool big, bool fortran)
{
    for (dl_int i = 0; i < t->size; i++) {
        dl_int at = fortran ? 0 : i, rest = i, step = t->size;
        for (int k = t->shape.rank - 1; fortran && k >= 0; k--) {
            step /= t->shape.dim[k];
            at += rest % t->shape.dim[k] * step;
            rest /= t->shape.dim[k];
        }
        t->data[i] = dli_read_real(p + at * d->width, d, big);
    }
}

/* The tensor that the header tells of, from the numbers at p; NULL with a message. */
static dl_tensor *dli_npy_tensor(const dli_source *s, const dli_json *header, const uint8_t *p)
{
    static const char *const names[] = { "descr", "fortran_order", "shape", NULL };
    char text[DLI_SHAPE_TEXT];
    dl_shape shape;
    if (!dli_check_object(s, header, "its header", names, sizeof *names, false)) return NULL;
    const dli_json *descr = dli_json_find(header, names[0]);
    const dli_json *order = dli_json_find(header, names[1]);
    const dli_json *dims = dli_json_find(header, names[2]);
    if (!descr || descr->kind != '"' || !order || !strchr("tf", order->kind) || !dims ||
        !dli_json_shape(dims, 0, &shape)) {
        dli_bad(s, "its header should have a descr of one type, fortran_order, and a shape of at "
                "most %d sizes", DL_MAX_DIMS);
        return NULL;
    }
    const dli_dtype *d = dli_npy_type(descr->text);
    const dl_int n = dl_shape_size(shape);
    const size_t left = (size_t)(s->bytes + s->size - p);
    if (!d)
        dli_bad(s, "it has numbers of type '%.31s'; f2 f4 f8, i1 to i8, u1 to u8 and b1 can be "
                "read", descr->text);
    else if (n < 0 || (size_t)n > left / (size_t)d->width)
        dli_bad(s, "it is cut off: %s numbers of %d bytes do not fit in the %llu bytes behind its "
                "header", dli_shape_text(text, shape), d->width, (unsigned long long)left);
    else {
        dl_tensor *t = dl_state(s->ctx, shape);
        if (t) dli_npy_take(t, p, d, descr->text[0] == '>', order->kind == 't');
        return t;
    }
    return NULL;
}

static dl_tensor *dli_npy_load(dl_ctx *c, const char *who, const char *from, const void *bytes,
                               size_t size)
{
    dli_source s;
    dl_tensor *t = NULL;
    if (!c || !dli_source_open(&s, c, who, from, bytes, size)) return NULL;
    const int width = s.size > 8 && s.bytes[6] > 1 ? 4 : 2;
    const size_t front = 8 + (size_t)width;
    const uint64_t length = s.size < front ? 0 : dli_get_bytes(s.bytes + 8, width, false);
    if (s.size < front || memcmp(s.bytes, "\x93NUMPY", 6) != 0 || s.bytes[6] < 1 ||
        s.bytes[6] > 3 || length > s.size - front)
        dli_bad(&s, "it is cut off, or no .npy file of version 1 to 3");
    else {
        const uint8_t *text = s.bytes + front;
        dli_json *header = dli_json_read(&s, "its header is no .npy header", text, (size_t)length,
                                         true);
        if (header) t = dli_npy_tensor(&s, header, text + length);
        if (header) DL_FREE(header);
    }
    dli_source_close(&s);
    return t;
}

/* All that stands in front of the numbers has a length that is a multiple of 64. */
static void dli_put_npy(dli_text *out, const void *what)
{
    const dl_tensor *t = (const dl_tensor *)what;
    char room[256];
    uint8_t length[2];
    dli_text dict = { room, sizeof room, 0, NULL, false };
    dli_putf(&dict, "{'descr': '<f%d', 'fortran_order': False, 'shape': (", (int)sizeof(dl_real));
    for (int k = 0; k < t->shape.rank; k++)
        dli_putf(&dict, k ? " %lld," : "%lld,", (long long)t->shape.dim[k]);
    if (t->shape.rank > 1) dict.length--;                        /* (3,) but (3, 4) */
    dli_put(&dict, "), }");
    while (dict.length % 64 != 53) dli_put(&dict, " ");
    dli_put(&dict, "\n");
    dli_put_bytes(length, dict.length, 2);
    dli_put_some(out, "\x93NUMPY\1\0", 8);
    dli_put_some(out, (const char *)length, 2);
    dli_put_some(out, room, dict.length);
    dli_put_reals(out, t->data, t->size);
}

static size_t dli_npy_save(const dl_tensor *t, const char *who, const char *path, void *buffer,
                           size_t room)
{
    return dli_usable(who, t) ? dli_write(t->ctx, who, path, buffer, room, dli_put_npy, t) : 0;
}

/* ---- what the room offers: from and to memory, and the same for files ---- */

DL_DEF bool dl_load_from_memory(dl_ctx *dl, const void *bytes, size_t size,
                                dl_tensor *const *tensors, int n, const dl_loading *options)
{
    return dli_load_tensors(dl, "dl_load_from_memory", dli_buffer, bytes, size, tensors, n,
                            options);
}
DL_DEF dl_tensor *dl_npy_load_from_memory(dl_ctx *dl, const void *bytes, size_t size)
{
    return dli_npy_load(dl, "dl_npy_load_from_memory", dli_buffer, bytes, size);
}
DL_DEF size_t dl_npy_save_to_memory(const dl_tensor *t, void *buffer, size_t room)
{
    return dli_npy_save(t, "dl_npy_save_to_memory", dli_buffer, buffer, room);
}

#ifndef DL_NO_STDIO
DL_DEF bool dl_save(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n)
{
    dli_list l;
    dli_part part;
    return dli_list_of(&l, &part, dl, "dl_save", tensors, n) && dli_save_list(&l, path, NULL, 0);
}
DL_DEF bool dl_load(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n,
                    const dl_loading *options)
{
    return dli_load_tensors(dl, "dl_load", path, NULL, 0, tensors, n, options);
}
DL_DEF dl_tensor *dl_npy_load(dl_ctx *dl, const char *path)
{
    return dli_npy_load(dl, "dl_npy_load", path, NULL, 0);
}
DL_DEF bool dl_npy_save(const dl_tensor *t, const char *path)
{
    return dli_npy_save(t, "dl_npy_save", path, NULL, 0) > 0;
}
#endif

#ifndef DL_NO_MODEL
DL_DEF size_t dl_model_save_to_memory(const dl_model *m, void *buffer, size_t room)
{
    return dli_save_model(m, "dl_model_save_to_memory", true, dli_buffer, buffer, room);
}
DL_DEF dl_model *dl_model_load_from_memory(dl_ctx *dl, const void *bytes, size_t size)
{
    return dli_load_model(dl, "dl_model_load_from_memory", dli_buffer, bytes, size, "");
}
DL_DEF size_t dl_models_save_to_memory(dl_ctx *dl, void *buffer, size_t room,
                                       dl_model *const *models, const char *const *prefixes, int n)
{
    return dli_save_models(dl, "dl_models_save_to_memory", models, prefixes, n, dli_buffer, buffer,
                           room);
}
DL_DEF dl_model *dl_model_load_part_from_memory(dl_ctx *dl, const void *bytes, size_t size,
                                                const char *prefix)
{
    return dli_load_model(dl, "dl_model_load_part_from_memory", dli_buffer, bytes, size, prefix);
}
DL_DEF bool dl_model_load_weights_from_memory(dl_model *m, const void *bytes, size_t size,
                                              const dl_loading *options)
{
    return dli_load_weights(m, "dl_model_load_weights_from_memory", dli_buffer, bytes, size,
                            options);
}

#ifndef DL_NO_STDIO
DL_DEF bool dl_model_save(const dl_model *m, const char *path)
{
    return dli_save_model(m, "dl_model_save", true, path, NULL, 0) > 0;
}
DL_DEF dl_model *dl_model_load(dl_ctx *dl, const char *path)
{
    return dli_load_model(dl, "dl_model_load", path, NULL, 0, "");
}
DL_DEF bool dl_models_save(dl_ctx *dl, const char *path, dl_model *const *models,
                           const char *const *prefixes, int n)
{
    return dli_save_models(dl, "dl_models_save", models, prefixes, n, path, NULL, 0) > 0;
}
DL_DEF dl_model *dl_model_load_part(dl_ctx *dl, const char *path, const char *prefix)
{
    return dli_load_model(dl, "dl_model_load_part", path, NULL, 0, prefix);
}
DL_DEF bool dl_model_save_weights(const dl_model *m, const char *path)
{
    return dli_save_model(m, "dl_model_save_weights", false, path, NULL, 0) > 0;
}
DL_DEF bool dl_model_load_weights(dl_model *m, const char *path, const dl_loading *options)
{
    return dli_load_weights(m, "dl_model_load_weights", path, NULL, 0, options);
}
#endif
#endif
#endif /* DL_NO_FILES */

#if !defined(DL_NO_MODEL) && (defined(DL_NO_FILES) || defined(DL_NO_STDIO))
static bool dli_run_save(dli_run *r)
{
    return dl_fail(r->m->ctx, DL_ERR_ARGUMENT, "dl_model_fit: no checkpoint, for dl.h was built "
                   "without files (DL_NO_FILES, DL_NO_STDIO)");
}
static bool dli_run_resume(dli_run *r) { return dli_run_save(r); }
#endif

/* -------------------------------------------------------------------------- >>debug-impl ---- */

/* What stands between two elements of an axis: a comma, and in rows one line end between rows, two
   between matrices and so on, as in NumPy. */
static void dli_put_comma(dli_text *out, int axis, int rank, bool rows)
{
    dli_put(out, ",");
    for (int i = axis + 1; rows && i < rank; i++) dli_put(out, "\n");
    for (int i = rows && axis < rank - 1 ? -axis : 0; i <= 0; i++) dli_put(out, " ");
}

/* The part of a tensor of this shape that starts at x, from an axis on: [a, b, c, ..., y, z]. */
static void dli_put_axis(dli_text *out, const dl_real *x, dl_shape shape, int axis, bool rows)
{
    if (axis == shape.rank) {
        dli_putf(out, "%g", (double)x[0]);
        return;
    }
    const dl_int n = shape.dim[axis];
    dl_int step = 1;
    for (int d = axis + 1; d < shape.rank; d++) step *= shape.dim[d];
    dli_put(out, "[");
    for (dl_int i = 0; i < n; i++) {
        if (i > 0) dli_put_comma(out, axis, shape.rank, rows);
        if (n > 6 && i == 3) {
            dli_put(out, "...");
            dli_put_comma(out, axis, shape.rank, rows);
            i = n - 3;
        }
        dli_put_axis(out, x + i * step, shape, axis + 1, rows);
    }
    dli_put(out, "]");
}

static void dli_put_tensor(dli_text *out, const dl_tensor *t, bool rows)
{
    if (!t) dli_put(out, "(null)");
    else if (!t->ctx) dli_put(out, "(none)");
    else if (!dli_usable("dl_format", t)) dli_put(out, "(stale)");
    else dli_put_axis(out, t->data, t->shape, 0, rows);
}

DL_DEF int dl_format(char *buffer, size_t size, const dl_tensor *t)
{
    dli_text out = { buffer, buffer ? size : 0, 0, NULL, false };
    dli_put_tensor(&out, t, false);
    if (out.size > 0) buffer[out.length < size ? out.length : size - 1] = 0;
    return (int)out.length;
}

#ifndef DL_NO_STDIO
DL_DEF void dl_print(const dl_tensor *t)
{
    char s[DLI_SHAPE_TEXT];
    dli_text out = { NULL, 0, 0, stdout, false };
    if (t && t->ctx && dli_alive(t))
        dli_print("%s %s =%s", t->name[0] ? t->name : "tensor", dli_shape_text(s, t->shape),
                  t->shape.rank > 1 ? "\n" : " ");
    dli_put_tensor(&out, t, true);
    dli_put(&out, "\n");
}
#endif

/* What a gradient check puts back when it is done. */
typedef struct dli_check {
    dl_ctx    *ctx;
    dl_loss_fn f;
    void      *user;
    dl_mark    mark;
    dl_rng     rng;
    bool       training, no_grad;
} dli_check;

static void dli_check_restore(const dli_check *k)
{
    dl_tape_release(k->ctx, k->mark);
    k->ctx->rng = k->rng;
    k->ctx->training = k->training;
    k->ctx->no_grad = k->no_grad;
}

/* The loss, with the random numbers of every other call; NaN on failure. */
static bool dli_check_loss(const dli_check *k, double *loss)
{
    k->ctx->no_grad = true;
    dl_tensor *t = k->f(k->ctx, k->user);
    *loss = t ? dl_item(t) : (double)NAN;
    dli_check_restore(k);
    return t != NULL;
}

/* (f(p+h) - f(p-h)) / 2h in p, an element of a parameter. 2h is taken as what the rounded p+h and
   p-h really differ by. False when f fails. */
static bool dli_numeric_gradient(const dli_check *k, dl_real *p, double h, double *gradient)
{
    const dl_real old = *p, above = (dl_real)((double)old + h), below = (dl_real)((double)old - h);
    double plus, minus;
    *p = above;
    bool ok = dli_check_loss(k, &plus);
    *p = below;
    ok = ok && dli_check_loss(k, &minus);
    *p = old;
    if (ok) *gradient = (plus - minus) / ((double)above - (double)below);
    return ok;
}

/* The gradients of all parameters, one behind the other, out of the tensors or back into them. */
static void dli_copy_grads(dl_real *all, dl_tensor *const *params, int n, bool back)
{
    for (int i = 0; i < n; all += params[i++]->size) {
        dl_real *g = params[i]->grad;
        if (g) memcpy(back ? g : all, back ? all : g, (size_t)params[i]->size * sizeof *g);
    }
}

/* Analytic against numeric gradient of element j of parameter i: into the report. */
static void dli_compare(dl_gradcheck_report *r, int i, dl_int j, double analytic, double numeric)
{
    const double tolerance = DLI_DOUBLE ? 1e-6 : 2e-2, floor = DLI_DOUBLE ? 1e-9 : 1e-3;
    const double larger = fmax(fabs(analytic), fabs(numeric));
    const double excess = fabs(analytic - numeric) - floor;
    double error = excess > 0 ? excess / larger : 0;
    if (dli_isnan(analytic) || dli_isnan(numeric) || larger > DBL_MAX) error = (double)INFINITY;
    r->checked++;
    if (!(error <= tolerance)) r->failed++;
    if (fabs(analytic) > r->largest) r->largest = fabs(analytic);
    if (r->worst_param < 0 || error > r->error) {
        r->worst_param = i;
        r->worst_index = j;
        r->analytic = analytic;
        r->numeric = numeric;
        r->error = error;
    }
}

DL_DEF dl_gradcheck_report dl_gradcheck(dl_ctx *dl, dl_loss_fn f, void *user,
                                        dl_tensor *const *params, int n)
{
    const double h = DLI_DOUBLE ? 1e-5 : 1e-2;
    dl_gradcheck_report r;
    dl_int total = 0;
    memset(&r, 0, sizeof r);
    r.worst_param = -1;
    r.worst_index = -1;
    if (!dl) return r;
    bool ok = f && params && n >= 1;
    for (int i = 0; ok && i < n; i++) {
        ok = params[i] && params[i]->ctx == dl && dli_usable("dl_gradcheck", params[i]) &&
             params[i]->requires_grad && !params[i]->node;
        if (ok) total += params[i]->size;
    }
    if (!ok) {
        dl_fail(dl, DL_ERR_ARGUMENT, "dl_gradcheck: it needs a function and one or more "
                "parameters of this context, leaves that require a gradient");
        return r;
    }
    dl_real *saved = (dl_real *)dli_alloc(dl, "dl_gradcheck", (size_t)total * 2, sizeof *saved);
    if (!saved) return r;
    dl_real *analytic = saved + total;
    dli_copy_grads(saved, params, n, false);
    const dli_check k = { dl, f, user, dl_tape_mark(dl), dl->rng, dl->training, dl->no_grad };

    dl->no_grad = false;
    dli_copy_grads(analytic, params, n, true);       /* all zeros: dli_alloc has cleared them */
    ok = dl_backward(f(dl, user));
    if (ok) dli_copy_grads(analytic, params, n, false);
    dli_check_restore(&k);
    for (int i = 0; ok && i < n; i++)
        for (dl_int j = 0; ok && j < params[i]->size; j++) {
            double numeric = 0;
            ok = dli_numeric_gradient(&k, params[i]->data + j, h, &numeric);
            if (ok) dli_compare(&r, i, j, (double)*analytic++, numeric);
        }
    dli_copy_grads(saved, params, n, true);
    DL_FREE(saved);
    r.ok = ok && r.failed == 0 && r.largest > 0;
    return r;
}

#ifdef DLI_SMALL
#pragma GCC pop_options
#endif
#if defined(DLI_PART_ONLY) && defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#if defined(__clang__) && (defined(__x86_64__) || defined(__i386__))
#pragma float_control(pop)
#elif defined(__clang__)
#pragma STDC FP_CONTRACT DEFAULT
#endif
#endif /* the implementation can be compiled */
#endif /* DL_IMPLEMENTATION */

/* ----------------------------------------------------------------------------- >>history ----
   0.2.0  Names of one school; a table of kernels that can be replaced one by one; layers, losses,
          metrics, optimizers, schedules and sources of data of one's own; rooms can be left out.
   0.1.0  First version: dense, convolutional and recurrent networks, attention; three floors.
   ------------------------------------------------------------------------------------------ */

/* ----------------------------------------------------------------------------- >>licence ----
   MIT License

   Copyright (c) 2026 the dl.h authors

   Permission is hereby granted, free of charge, to any person obtaining a copy of this software
   and associated documentation files (the "Software"), to deal in the Software without
   restriction, including without limitation the rights to use, copy, modify, merge, publish,
   distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
   Software is furnished to do so, subject to the following conditions:

   The above copyright notice and this permission notice shall be included in all copies or
   substantial portions of the Software.

   THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING
   BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
   NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
   DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
   OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
   ------------------------------------------------------------------------------------------ */
