/* dl.h - deep learning in one C header.                                               >>hello

   What it is: tensors, automatic differentiation, layers, optimizers and data loaders in plain
   C99 (and C++11), to be read as well as run. It needs a C compiler and nothing else.

   How to use it: in exactly ONE of your source files write

       #define DL_IMPLEMENTATION
       #include "dl.h"

   in all others only #include "dl.h". Build with  cc -O2 program.c -lm  and add -fopenmp if you
   want more than one core. Ten lines that train a network on handwritten digits:

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

   The comments quote five documents as S0 to S4 with the section, e.g. "S1 3.3"; docs/ has the
   tutorial that goes through them, and says where they are wrong. Licence: at the end (MIT).  */

/* ---------------------------------------------------------------------------- >>contents ----
   Search for a tag with its two arrows to get to a room; the room's implementation has the same
   tag with -impl behind it.

     >>hello        what this is, how to use it
     >>contents     this list
     >>terms        the letters and words the comments use
     >>rules        what holds for every function: ownership, errors, gradients, determinism
     >>options      the macros that configure a build, and version, types
     >>errors       error codes, the sticky error, the callback
     >>memory       the context: dl_new, dl_free, threads
     >>rng          random numbers
     >>kernels      floor 1: formulas on arrays, forward and backward
     >>tensors      floor 2: shapes, tensors, initializers
     >>tape         floor 2: recording, dl_backward, marks, no-grad, custom ops
     >>ops          floor 2: arithmetic, matmul, activations, reductions
     >>layers       floor 3: layers of a model
     >>losses       loss functions on tensors, and by Keras' names
     >>optimizers   gradient descent in all its variants, schedules, clipping
     >>model        floor 3: compile, fit, evaluate, predict, summary
     >>data         data sets, IDX and MNIST, mini-batches
     >>files        what is read from and written to disk
     >>debug        printing tensors, checking gradients
     then, below DL_IMPLEMENTATION, the same with -impl, and
     >>platform-impl  the only compiler and system #ifdefs
     >>fast-impl      the fast matrix product and vector functions
     >>history  >>licence
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
              dl_backward calls until dl_zero_grad.
   Shapes     Images are NCHW. Weights have PyTorch's layouts: linear [out,in]. A negative axis
              counts from the end, as in NumPy.
   Options    A struct of options comes filled in from its _default function; a zero means zero.
   Results    One seed gives one result, bit for bit, for any number of threads, on one build
              and instruction set.
   Threads    A context belongs to one thread at a time; two contexts share nothing.
   NaN        goes through every function; ReLU of NaN is NaN.
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
   DL_REFERENCE       one   every operation runs the readable kernel, for debugging and teaching
   DL_MAX_DIMS              6, the highest rank of a tensor; fixed
   ------------------------------------------------------------------------------------------ */

#define DL_VERSION_MAJOR 0
#define DL_VERSION_MINOR 1
#define DL_VERSION_PATCH 0
#define DL_VERSION (DL_VERSION_MAJOR * 10000 + DL_VERSION_MINOR * 100 + DL_VERSION_PATCH)

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#ifndef DL_REAL
#define DL_REAL float
#endif
#define DLI_REAL_IS_float  1
#define DLI_REAL_IS_double 2
#define DLI_CAT_(a, b) a##b
#define DLI_CAT(a, b) DLI_CAT_(a, b)
#if DLI_CAT(DLI_REAL_IS_, DL_REAL) == 1
#define DLI_DOUBLE 0
#elif DLI_CAT(DLI_REAL_IS_, DL_REAL) == 2
#define DLI_DOUBLE 1
#else
#error "dl.h: DL_REAL must be the word float or the word double"
#endif

#define DL_MAX_DIMS 6
#define DL_NAME_MAX 32

#if defined(DL_STATIC) && defined(__GNUC__)
#define DL_DEF static __attribute__((unused))
#elif defined(DL_STATIC)
#define DL_DEF static
#else
#define DL_DEF extern
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
DL_DEF bool dl_fail(dl_ctx *dl, dl_code code, const char *format, ...)
#if defined(__GNUC__) && !defined(__MINGW32__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

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

/* Use up to n threads (1 or more; needs OpenMP, else always 1). The default is what OpenMP would
   use. Results do not depend on it. False when n < 1. */
DL_DEF bool dl_set_threads(dl_ctx *dl, int n);
DL_DEF int dl_threads(const dl_ctx *dl);

/* One line about this build: version, number type, instruction set, threads. Owned by the
   context; "" of NULL. */
DL_DEF const char *dl_info(dl_ctx *dl);

/* --------------------------------------------------------------------------------- >>rng ----
   Number i of a stream is mix(key + i * 0x9E3779B97F4A7C15): SplitMix64 (Steele, Lea, Flood:
   Fast splittable pseudorandom number generators, OOPSLA 2014), which is a hash of a counter, so
   any number can be had without the ones before it. Integers and uniforms are the same on every
   machine; normals as far as log and cos are. */
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

/* A random order of 0 .. n-1 (Fisher-Yates) into order[n]. */
DL_DEF void dl_rng_permutation(dl_rng *r, int32_t *order, dl_int n);

/* ----------------------------------------------------------------------------- >>kernels ----
   Floor 1. Pure functions on arrays: outputs first, inputs next, sizes last; no allocation, no
   globals, no input or output, no check of what is passed. A backward takes dy = dL/dy and ADDS
   to dx, dw, db; where it says so, one of them may be NULL when it is not wanted. All arrays are
   the caller's; outputs must not overlap inputs unless it says so. */

/* y[N,M] = x[N,D] w[M,D]^T + b[M]; b may be NULL.   @F S0-3.1 S3-3.1 S4-4: y = f(Wx + b)
   With f = identity this is the layer's z; an activation below makes it y. */
DL_DEF void dlk_linear_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                               dl_int N, dl_int D, dl_int M);
/* dx[N,D] += dy w,  dw[M,D] += dy^T x,  db[M] += sum over N of dy;  each may be NULL.
   @F S1-3.2: dL/dw_j = sum_i dL/dz_i dz_i/dw_j, with i the sample. */
DL_DEF void dlk_linear_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int M);

/* y[N,M] = a[N,K] b[K,M], the plain matrix product. */
DL_DEF void dlk_matmul_forward(dl_real *y, const dl_real *a, const dl_real *b,
                               dl_int N, dl_int K, dl_int M);
/* da[N,K] += dy b^T,  db[K,M] += a^T dy;  each may be NULL. */
DL_DEF void dlk_matmul_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                                const dl_real *b, dl_int N, dl_int K, dl_int M);

/* Row kernels of arithmetic with broadcasting. sa and sb are the steps of a and b: 1 walks
   along, 0 repeats one element. y[i] = a[i*sa] op b[i*sb], i < n. In the backward da or db may be
   NULL; with step 0 the gradient sums into the one element that was repeated. */
DL_DEF void dlk_add_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_add_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_sub_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_sub_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_mul_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_mul_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_div_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_div_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb);
/* y = max(a, b) and min(a, b). Where a = b each side gets half of dy, as in PyTorch. */
DL_DEF void dlk_maximum_forward(dl_real *y, const dl_real *a, const dl_real *b,
                                dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_maximum_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                                 const dl_real *b, dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_minimum_forward(dl_real *y, const dl_real *a, const dl_real *b,
                                dl_int n, dl_int sa, dl_int sb);
DL_DEF void dlk_minimum_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                                 const dl_real *b, dl_int n, dl_int sa, dl_int sb);

/* Elementwise functions: y[i] = f(x[i]), dx[i] += dy[i] f'(x[i]), i < n. All backwards have the
   same arguments, so that one caller serves all; each uses x or y, whichever is simpler. y may be
   x in the forward. p and q are the function's constants, 0 where it has none. */
typedef void (*dlk_unary_forward_fn)(dl_real *y, const dl_real *x, dl_int n, double p, double q);
typedef void (*dlk_unary_backward_fn)(dl_real *dx, const dl_real *dy, const dl_real *y,
                                      const dl_real *x, dl_int n, double p, double q);

/* The list of them: X(name, formula, derivative, what it is).  p, q: see the formula.
   @F S0-2.2: activation functions (also transfer functions); S3-2.1, S4-4: ReLU, sigmoid, tanh */
#define DLK_UNARY(X)                                                                             \
    X(neg,        "-x",                         "-1",                   "negation")              \
    X(exp,        "e^x",                        "y",                    "exponential")           \
    X(log,        "ln x",                       "1 / x",                "natural logarithm")     \
    X(sqrt,       "sqrt(x)",                    "1 / (2 y)",            "square root")           \
    X(square,     "x^2",                        "2 x",                  "square")                \
    X(pow,        "x^p",                        "p x^(p-1)",            "power")                 \
    X(abs,        "|x|",                        "sign x, 0 at 0",       "absolute value")        \
    X(clamp,      "min(max(x, p), q)",          "1 where p<=x<=q",      "clip to [p, q]")        \
    X(affine,     "p x + q",                    "p",                    "scale and shift")       \
    X(reciprocal, "p / x",                      "-p / x^2",             "p over x")              \
    X(sigmoid,    "1 / (1 + e^-x)",             "y (1 - y)",            "logistic sigmoid")      \
    X(tanh,       "tanh x",                     "1 - y^2",              "hyperbolic tangent")    \
    X(relu,       "max(0, x)",                  "1 where x > 0",        "rectified linear unit") \
    X(leaky_relu, "x > 0 ? x : p x",            "x > 0 ? 1 : p",        "leaky ReLU, slope p")   \
    X(elu,        "x > 0 ? x : p (e^x - 1)",    "x > 0 ? 1 : y + p",    "exponential linear")    \
    X(gelu,       "x Phi(x), Phi by erf",       "Phi(x) + x phi(x)",    "GELU, exact")           \
    X(gelu_tanh,  "x/2 (1 + tanh(s (x + .044715 x^3))), s = sqrt(2/pi)",                         \
                  "by the product rule",                                "GELU, tanh form")       \
    X(silu,       "x sigmoid(x)",               "s + y (1 - s)",        "SiLU (swish)")          \
    X(softplus,   "ln(1 + e^x)",                "sigmoid(x)",           "softplus")

/* dlk_relu_forward, dlk_relu_backward and so on, for every row of the list above. */
#define DLI_DECLARE(name, formula, derivative, what)                                             \
    DL_DEF void dlk_##name##_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q);\
    DL_DEF void dlk_##name##_backward(dl_real *dx, const dl_real *dy, const dl_real *y,          \
                                      const dl_real *x, dl_int n, double p, double q);
DLK_UNARY(DLI_DECLARE)
#undef DLI_DECLARE

/* Each row of [N,C]: y_c = e^(x_c) / sum_k e^(x_k), computed with the row's maximum subtracted,
   which changes nothing but keeps e^x finite. y may be x. */
DL_DEF void dlk_softmax_forward(dl_real *y, const dl_real *x, dl_int N, dl_int C);
/* dx_c += y_c (dy_c - sum_k dy_k y_k) */
DL_DEF void dlk_softmax_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                 dl_int N, dl_int C);
/* Each row of [N,C]: y_c = x_c - log sum_k e^(x_k)   (log-sum-exp, never log of a probability) */
DL_DEF void dlk_log_softmax_forward(dl_real *y, const dl_real *x, dl_int N, dl_int C);
/* dx_c += dy_c - e^(y_c) sum_k dy_k */
DL_DEF void dlk_log_softmax_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                     dl_int N, dl_int C);

/* Inverted dropout: y[i] = keep_i ? x[i] / (1-p) : 0, where keep_i is decided by hashing
   (key, i), so that no mask is stored: drop when hash(key, i) < p. 0 <= p < 1.   @F S1-4
   (Srivastava et al., JMLR 2014) */
DL_DEF void dlk_dropout_forward(dl_real *y, const dl_real *x, dl_int n, double p, uint64_t key);
/* dx[i] += keep_i ? dy[i] / (1-p) : 0, with the same key */
DL_DEF void dlk_dropout_backward(dl_real *dx, const dl_real *dy, dl_int n, double p,
                                 uint64_t key);

/* Losses. loss[0] = scale * sum over the elements or rows; scale 1/n gives the mean, 1 the sum.
   The backward takes dloss = dL/dloss[0].   @F S2-4: cost function
   Mean squared error:  (x - t)^2  over n elements. */
DL_DEF void dlk_mse_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale);
/* dx += dloss scale 2 (x - t) */
DL_DEF void dlk_mse_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale);
/* Mean absolute error:  |x - t| */
DL_DEF void dlk_mae_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale);
/* dx += dloss scale sign(x - t), 0 at 0 */
DL_DEF void dlk_mae_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale);
/* Huber:  d = |x - t|;  d <= delta ? d^2 / 2 : delta (d - delta / 2) */
DL_DEF void dlk_huber_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                              dl_int n, double delta, double scale);
/* dx += dloss scale clip(x - t, -delta, delta) */
DL_DEF void dlk_huber_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                               dl_int n, double delta, double scale);
/* Binary cross-entropy of logits x with targets t in [0,1]:
   -t ln s(x) - (1-t) ln(1 - s(x)) = max(x,0) - x t + ln(1 + e^-|x|),  s the sigmoid */
DL_DEF void dlk_bce_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale);
/* dx += dloss scale (sigmoid(x) - t) */
DL_DEF void dlk_bce_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale);
/* Cross-entropy of logits x[N,C] with a class label[N] each: -log softmax(x)_label. Stores the
   softmax in p[N,C], which the backward needs. p may be x. */
DL_DEF void dlk_cross_entropy_forward(dl_real *loss, dl_real *p, const dl_real *x,
                                      const int32_t *label, dl_int N, dl_int C, double scale);
/* dx[i,c] += dloss scale (p[i,c] - [c == label_i]) */
DL_DEF void dlk_cross_entropy_backward(dl_real *dx, dl_real dloss, const dl_real *p,
                                       const int32_t *label, dl_int N, dl_int C, double scale);
/* Cross-entropy with one-hot or soft targets t[N,C]: -sum_c t_c log softmax(x)_c. p as above. */
DL_DEF void dlk_soft_cross_entropy_forward(dl_real *loss, dl_real *p, const dl_real *x,
                                           const dl_real *t, dl_int N, dl_int C, double scale);
/* dx[i,c] += dloss scale (p[i,c] sum_k t[i,k] - t[i,c]) */
DL_DEF void dlk_soft_cross_entropy_backward(dl_real *dx, dl_real dloss, const dl_real *p,
                                            const dl_real *t, dl_int N, dl_int C, double scale);

/* One update of n weights w by their gradients g. Moments are the caller's, zero at the start
   unless it says otherwise.   @F S0-3.2 S0-3.3 S1-3.1 S3-3.2: W_{t+1} = W_t - eta dL/dW
   Gradient descent:  w -= lr g */
DL_DEF void dlk_sgd_step(dl_real *w, const dl_real *g, dl_int n, double lr);
/* Momentum:  v = mu v + gain g;  w -= rate v;   nesterov:  w -= rate (mu v + gain g).
   PyTorch: gain 1, rate lr.  Keras: gain lr, rate 1.  The same until lr changes. */
DL_DEF void dlk_momentum_step(dl_real *w, const dl_real *g, dl_real *v, dl_int n,
                              double gain, double rate, double mu, bool nesterov);
/* Adagrad:  a += g^2;  w -= lr g / (sqrt(a + eps_in) + eps_out)   (Duchi et al., JMLR 2011)
   Keras has its eps inside the root, PyTorch outside; the other one is 0. */
DL_DEF void dlk_adagrad_step(dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double eps_in, double eps_out);
/* Adadelta:  a = rho a + (1-rho) g^2;  d = g sqrt(u + eps) / sqrt(a + eps);
   u = rho u + (1-rho) d^2;  w -= lr d   (Zeiler, arXiv 1212.5701) */
DL_DEF void dlk_adadelta_step(dl_real *w, const dl_real *g, dl_real *a, dl_real *u, dl_int n,
                              double lr, double rho, double eps);
/* RMSprop:  a = rho a + (1-rho) g^2;  w -= lr g / (sqrt(a + eps_in) + eps_out)
   (Hinton, lecture 6e of Neural Networks for Machine Learning, 2012) */
DL_DEF void dlk_rmsprop_step(dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double rho, double eps_in, double eps_out);
/* Adam:  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  t = 1, 2, ... the update's number
   PyTorch (the paper):  w -= lr m_hat / (sqrt(v_hat) + eps),  m_hat = m / (1 - b1^t), v_hat alike
   Keras (keras_eps):    w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)
   (Kingma, Ba: Adam, ICLR 2015) */
DL_DEF void dlk_adam_step(dl_real *w, const dl_real *g, dl_real *m, dl_real *v, dl_int n,
                          double lr, double b1, double b2, double eps, int64_t t, bool keras_eps);
/* What regularization and clipping do to a gradient:  g = scale g + l2 w + l1 sign(w) */
DL_DEF void dlk_decay_grad(dl_real *g, const dl_real *w, dl_int n, double scale, double l1,
                           double l2);

/* ----------------------------------------------------------------------------- >>tensors ---- */

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
DL_DEF bool dl_shape_equal(dl_shape a, dl_shape b);

/* A tensor: numbers in row-major order, their shape, and their gradient. Read the fields freely;
   write data only between dl_tape_clear and the next use, and only through the pointer. */
struct dl_tensor {
    dl_real *data;            /* size elements                                              */
    dl_real *grad;            /* dL/d(data), same shape; NULL until a backward gets here     */
    dl_int   size;
    dl_shape shape;
    dl_ctx  *ctx;
    bool     requires_grad;   /* backward computes grad                                     */
    char     name[DL_NAME_MAX];      /* "" or e.g. "dense_1.weight"                         */
    /* private: */
    uint64_t generation;      /* which life of the tape it belongs to                       */
    uint32_t version;         /* grows when data is changed; backward compares              */
    uint32_t pass;            /* the last backward that reached it                          */
    struct dli_node *node;    /* the operation that made it, NULL for a leaf                */
    dl_tensor *base;          /* whose data and gradient it shares, or NULL                 */
};

/* An operand left out: no bias, no mask, no state. */
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
/* He: U(-r, r), r = sqrt(6 / fan_in), or N(0, 2 / fan_in); for ReLU (He et al., ICCV 2015). */
DL_DEF dl_init dl_init_he_uniform(void);
DL_DEF dl_init dl_init_he_normal(void);
/* U(-r, r), r = 1 / sqrt(fan_in): what PyTorch's nn.Linear gives both its weight and its bias. */
DL_DEF dl_init dl_init_torch(dl_int fan_in);
/* gain times a matrix with orthonormal rows or columns (Saxe et al., ICLR 2014); rank >= 2, the
   dimensions after the first count as one. */
DL_DEF dl_init dl_init_orthogonal(double gain);

/* Fill t anew by init, with numbers from the context's stream. False on a bad shape. */
DL_DEF bool dl_initialize(dl_tensor *t, dl_init init);

/* A parameter: a persistent tensor that requires a gradient (grad is there from the start, all
   zeros). NULL without memory. Free with dl_tensor_free or dl_free. */
DL_DEF dl_tensor *dl_param(dl_ctx *dl, dl_shape shape, dl_init init);

/* A persistent tensor of zeros without gradient: the state of a recurrent net, a running mean.
   Change it with dl_assign. Free as above. */
DL_DEF dl_tensor *dl_state(dl_ctx *dl, dl_shape shape);

/* Free a persistent tensor; NULL is allowed, a tape tensor is an error. */
DL_DEF void dl_tensor_free(dl_tensor *t);

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
DL_DEF bool dl_requires_grad(dl_tensor *t, bool on);

/* Freeze n parameters: operations recorded from now on send them no gradient, but send it
   through to what is below (a GAN's other half). Unfreeze undoes it. */
DL_DEF void dl_freeze(dl_tensor *const *params, int n);
DL_DEF void dl_unfreeze(dl_tensor *const *params, int n);

/* -------------------------------------------------------------------------------- >>tape ---- */

/* Forget all operations and tape tensors; the memory is used again. Call it once a step, after
   dl_step. A tape tensor used after this is an error (DL_ERR_STALE). */
DL_DEF void dl_tape_clear(dl_ctx *dl);

/* Release what was recorded after a mark; marks nest like brackets. */
typedef struct dl_mark { uint64_t generation; dl_int tensors, chunk, used; struct dli_node *node; }
    dl_mark;
DL_DEF dl_mark dl_tape_mark(dl_ctx *dl);
DL_DEF bool dl_tape_release(dl_ctx *dl, dl_mark mark);

/* The most bytes the tape may take (default 4 GiB, 1 GiB on 32-bit machines), and how many it has
   taken from the system. */
DL_DEF void dl_tape_limit(dl_ctx *dl, size_t bytes);
DL_DEF size_t dl_tape_bytes(const dl_ctx *dl);

/* Compute dL/dt for every tensor t that the scalar loss depends on and that requires a gradient:
   the chain rule, from the last operation to the first. Each operation sends its gradient to its
   inputs once all of its own has come in:  delta^l = (W^{l+1})^T delta^{l+1} * f'(z^l).
   @F S0-3.2 S1-3.2 S2-3 S3-3.2 S4-3
   False (and no gradient touched): loss is not a scalar, needs no gradient, was already gone back
   through (add losses that share a graph first), or a parameter changed since it was used. */
DL_DEF bool dl_backward(dl_tensor *loss);
/* The same from any tensor y with a given dy = dL/dy, y->size elements. */
DL_DEF bool dl_backward_from(dl_tensor *y, const dl_real *dy);

/* Record nothing (true) or record again (false): for evaluation. Returns what it was before. */
DL_DEF bool dl_no_grad(dl_ctx *dl, bool on);

/* Training mode (true at the start of a context: dropout drops) or evaluation mode (false).
   Returns what it was before. */
DL_DEF bool dl_training(dl_ctx *dl, bool on);

/* An operation of your own. forward fills out->data from in[0..n-1]->data; backward adds to
   in[k]->grad (where it is not NULL) from out->grad. Either returns false after dl_fail to stop.
   user points to a copy of user_bytes bytes that lives as long as the operation. */
typedef bool (*dl_op_fn)(dl_tensor *out, dl_tensor *const *in, int n, void *user);
DL_DEF dl_tensor *dl_op_custom(dl_ctx *dl, const char *name, dl_shape shape,
                               dl_tensor *const *in, int n, dl_op_fn forward, dl_op_fn backward,
                               const void *user, size_t user_bytes);

/* --------------------------------------------------------------------------------- >>ops ----
   Every function here returns a new tape tensor, or NULL on failure (NULL in, a stale tensor,
   shapes that do not fit, no memory), and records itself so that dl_backward can go back. */

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

/* y = x w^T + b: x [...,D], w [M,D], b [M] or DL_NONE; y [...,M].   @F S0-3.1 S3-3.1 S4-4 */
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

/* Elements start .. stop-1 of one axis; negative ones count from its end. Copies. */
DL_DEF dl_tensor *dl_slice(dl_tensor *x, int axis, dl_int start, dl_int stop);

/* Join n tensors along an existing axis, or along a new one. */
DL_DEF dl_tensor *dl_concat(dl_tensor *const *x, int n, int axis);
DL_DEF dl_tensor *dl_stack(dl_tensor *const *x, int n, int axis);

/* Rows index[0..n-1] of x [R,...]: [n,...]. The indexes are copied; each in 0 .. R-1. */
DL_DEF dl_tensor *dl_gather_rows(dl_tensor *x, const int32_t *index, dl_int n);

/* Sum, mean, maximum of all elements (a scalar), or along one axis, which is dropped or, with
   keep, left with length 1. The gradient of a maximum goes to the first element that has it. */
DL_DEF dl_tensor *dl_sum(dl_tensor *x);
DL_DEF dl_tensor *dl_mean(dl_tensor *x);
DL_DEF dl_tensor *dl_max(dl_tensor *x);
DL_DEF dl_tensor *dl_sum_axis(dl_tensor *x, int axis, bool keep);
DL_DEF dl_tensor *dl_mean_axis(dl_tensor *x, int axis, bool keep);
DL_DEF dl_tensor *dl_max_axis(dl_tensor *x, int axis, bool keep);

/* The index of the first maximum along an axis into out (as many as x without that axis), or of
   the whole tensor: -1 on failure. NaN counts as a maximum. */
DL_DEF bool dl_argmax_axis(int32_t *out, const dl_tensor *x, int axis);
DL_DEF dl_int dl_argmax(const dl_tensor *x);

/* ------------------------------------------------------------------------------ >>layers ----
   Layers are added to a model in the order data flows through them; sizes of inputs are worked
   out. Each function returns the layer (the model owns it) or NULL. Parameters are named
   "dense_1.weight", "dense_1.bias" and so on. */

/* Activations a layer can end with. X(constant, Keras' name) */
#define DL_ACTIVATIONS(X)                                                                        \
    X(DL_LINEAR, "linear") X(DL_RELU, "relu") X(DL_SIGMOID, "sigmoid") X(DL_TANH, "tanh")        \
    X(DL_SOFTMAX, "softmax") X(DL_LEAKY_RELU, "leaky_relu") X(DL_ELU, "elu") X(DL_GELU, "gelu")  \
    X(DL_SILU, "silu") X(DL_SOFTPLUS, "softplus")
#define DLI_ENUM(code, text) code,
typedef enum dl_activation { DL_ACTIVATIONS(DLI_ENUM) DLI_ACTIVATION_COUNT } dl_activation;
#undef DLI_ENUM

/* f(x) by its constant (Keras' constants: leaky slope 0.2 there, PyTorch's 0.01 here). */
DL_DEF dl_tensor *dl_activate(dl_tensor *x, dl_activation f);
/* Keras' name of it, e.g. "relu". */
DL_DEF const char *dl_activation_name(dl_activation f);

#define DL_LAYER_PARAMS 8
/* A layer, for reading: dl_model_layer(m, i) gives it. */
struct dl_layer {
    char          name[DL_NAME_MAX - 12]; /* "dense_1"                              */
    const char   *type;                   /* "Dense", as Keras prints it            */
    dl_shape      input, output;          /* of one sample, without the batch       */
    dl_activation activation;
    dl_tensor    *param[DL_LAYER_PARAMS]; /* its trainable tensors                  */
    int           params;
    double        l1, l2;                 /* weight penalty, 0 for none             */
    dl_model     *model;
    /* private: */
    dl_tensor *(*forward)(dl_layer *l, dl_tensor *x);
    double        rate;                   /* of dropout                             */
};

/* Options of a dense layer; dl_dense_default fills in Keras' defaults: Glorot uniform, bias 0. */
typedef struct dl_dense {
    int           units;
    dl_activation activation;
    dl_init       weight_init, bias_init;
    bool          bias;            /* false: no bias                                */
    double        l1, l2;          /* adds l1 sum|w| + l2 sum w^2 to the loss       */
} dl_dense;
DL_DEF dl_dense dl_dense_default(int units, dl_activation activation);

/* y = f(W x + b).   @F S0-3.1 S3-3.1 S4-4 */
DL_DEF dl_layer *dl_model_add_dense(dl_model *m, int units, dl_activation activation);
DL_DEF dl_layer *dl_model_add_dense_with(dl_model *m, const dl_dense *options);
/* [C,H,W] to [C*H*W].   @F S1-4 */
DL_DEF dl_layer *dl_model_add_flatten(dl_model *m);
/* An activation as a layer of its own. */
DL_DEF dl_layer *dl_model_add_activation(dl_model *m, dl_activation activation);
/* Dropout with probability p, in training only.   @F S1-4 */
DL_DEF dl_layer *dl_model_add_dropout(dl_model *m, double p);

/* ------------------------------------------------------------------------------ >>losses ----
   Each returns a scalar tensor: the mean over all elements (or over rows for the cross-entropies);
   the _sum twin the sum. Formulas at the kernels of the same name.   @F S2-4 */
DL_DEF dl_tensor *dl_mse(dl_tensor *x, dl_tensor *target);
DL_DEF dl_tensor *dl_mse_sum(dl_tensor *x, dl_tensor *target);
DL_DEF dl_tensor *dl_mae(dl_tensor *x, dl_tensor *target);
DL_DEF dl_tensor *dl_mae_sum(dl_tensor *x, dl_tensor *target);
DL_DEF dl_tensor *dl_huber(dl_tensor *x, dl_tensor *target, double delta);
DL_DEF dl_tensor *dl_huber_sum(dl_tensor *x, dl_tensor *target, double delta);
/* Binary cross-entropy from logits; targets in [0,1]. */
DL_DEF dl_tensor *dl_bce(dl_tensor *logits, dl_tensor *target);
DL_DEF dl_tensor *dl_bce_sum(dl_tensor *logits, dl_tensor *target);
/* Cross-entropy from logits [...,C] and one class number a row, 0 .. C-1, copied to the tape. It
   is the negative log-likelihood of the labels: training with it is maximum likelihood. */
DL_DEF dl_tensor *dl_cross_entropy(dl_tensor *logits, const int32_t *labels);
DL_DEF dl_tensor *dl_cross_entropy_sum(dl_tensor *logits, const int32_t *labels);
/* Cross-entropy from logits [...,C] and one-hot or soft targets of the same shape. */
DL_DEF dl_tensor *dl_soft_cross_entropy(dl_tensor *logits, dl_tensor *target);
DL_DEF dl_tensor *dl_soft_cross_entropy_sum(dl_tensor *logits, dl_tensor *target);

/* Losses of a model, by Keras' names. The cross-entropies are computed from logits: of a last
   layer with softmax (or sigmoid) fused with it, else of the last layer's output as it is. */
#define DL_LOSSES(X)                                                                             \
    X(DL_MSE,                             "mean_squared_error")                                  \
    X(DL_MAE,                             "mean_absolute_error")                                 \
    X(DL_HUBER,                           "huber")                                               \
    X(DL_BINARY_CROSSENTROPY,             "binary_crossentropy")                                 \
    X(DL_CATEGORICAL_CROSSENTROPY,        "categorical_crossentropy")                            \
    X(DL_SPARSE_CATEGORICAL_CROSSENTROPY, "sparse_categorical_crossentropy")
#define DLI_ENUM(code, text) code,
typedef enum dl_loss { DL_LOSSES(DLI_ENUM) DLI_LOSS_COUNT } dl_loss;
#undef DLI_ENUM

/* Keras' name of a loss. */
DL_DEF const char *dl_loss_name(dl_loss loss);

/* -------------------------------------------------------------------------- >>optimizers ---- */

/* Which update, and its constants. Made by the functions below; change fields before use. */
typedef enum dl_optim_kind {
    DL_SGD, DL_MOMENTUM, DL_NESTEROV, DL_ADAGRAD, DL_ADADELTA, DL_RMSPROP, DL_ADAM, DL_ADAMW
} dl_optim_kind;
typedef struct dl_optim {
    dl_optim_kind kind;
    bool   torch;              /* PyTorch's formula; false: Keras'                            */
    double lr;                 /* learning rate                                               */
    double momentum;           /* mu of momentum and Nesterov                                 */
    double rho;                /* decay of the mean square: RMSprop, Adadelta                 */
    double beta1, beta2;       /* Adam's decays                                               */
    double eps;
    double start;              /* Adagrad's accumulator starts here                           */
    double weight_decay;       /* AdamW: w -= lr weight_decay w before the update             */
    double l1, l2;             /* added to the gradient: l1 sign(w) + l2 w                    */
    double clip_norm;          /* scale all gradients so that their norm is at most this      */
    double clip_value;         /* clip every gradient to [-clip_value, clip_value]            */
} dl_optim;                    /* both clips: INFINITY for off                                */

/* Keras 3's defaults and formulas; lr is the learning rate (Keras' default in brackets).
   @F S0-2.4 S1-4 S4-5: optimization algorithms
   SGD [.01]; momentum, Nesterov (mu .9 usual); Adagrad [.001] start .1, eps 1e-7; Adadelta [.001]
   rho .95, eps 1e-7; RMSprop [.001] rho .9, eps 1e-7; Adam [.001] .9, .999, 1e-7; AdamW [.001]
   weight_decay .004. */
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
   weight_decay .01. */
DL_DEF dl_optim dl_torch_sgd(double lr);
DL_DEF dl_optim dl_torch_momentum(double lr, double mu);
DL_DEF dl_optim dl_torch_nesterov(double lr, double mu);
DL_DEF dl_optim dl_torch_adagrad(double lr);
DL_DEF dl_optim dl_torch_adadelta(double lr);
DL_DEF dl_optim dl_torch_rmsprop(double lr);
DL_DEF dl_optim dl_torch_adam(double lr);
DL_DEF dl_optim dl_torch_adamw(double lr);

/* The name of a kind, e.g. "RMSprop". */
DL_DEF const char *dl_optim_name(dl_optim_kind kind);

/* An optimizer for n parameters; it owns its moments and touches only these tensors. NULL when an
   option is out of range, a parameter is not one, or without memory. */
DL_DEF dl_optimizer *dl_optimizer_new(dl_ctx *dl, dl_optim desc, dl_tensor *const *params, int n);
DL_DEF void dl_optimizer_free(dl_optimizer *o);

/* Set the gradients of its parameters to zero. */
DL_DEF void dl_zero_grad(dl_optimizer *o);

/* One update of all its parameters that are not frozen. Clipping and l1, l2 change grad in place.
   False, and nothing updated, when a gradient is NaN or infinite under clip_norm. */
DL_DEF bool dl_step(dl_optimizer *o);

/* Its options as they are now (lr may have been changed), and a new learning rate. */
DL_DEF dl_optim dl_optimizer_desc(const dl_optimizer *o);
DL_DEF bool dl_optimizer_set_lr(dl_optimizer *o, double lr);

/* Scale the gradients of n parameters so that their common norm is at most max_norm; returns the
   norm they had. */
DL_DEF double dl_clip_grad_norm(dl_tensor *const *params, int n, double max_norm);

/* Learning-rate schedules: dl_schedule_factor(&s, i) is what to multiply the learning rate by in
   step i = 0, 1, ... (epochs in dl_model_fit). */
typedef enum dl_schedule_kind {
    DL_SCHEDULE_CONSTANT, DL_SCHEDULE_STEP, DL_SCHEDULE_EXPONENTIAL, DL_SCHEDULE_COSINE,
    DL_SCHEDULE_PLATEAU
} dl_schedule_kind;
typedef struct dl_schedule {
    dl_schedule_kind kind;
    double gamma;    /* factor of step, exponential and plateau; what cosine ends at         */
    int    steps;    /* step: every so many; cosine: total; plateau: patience                */
    int    warmup;   /* linear from 1/warmup to 1 in the first so many steps, before the rest */
    double best, factor;  /* of plateau: what it saw                                          */
    int    wait;
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
DL_DEF double dl_schedule_factor(const dl_schedule *s, int step);
DL_DEF void dl_schedule_observe(dl_schedule *s, double loss);

/* ------------------------------------------------------------------------------- >>model ----
   A sequential model: layers, a loss, an optimizer.   @F S0-4 S1-4 S2-5 S4-5: the programs */

/* A model without layers for samples of this shape (no batch dimension). Free with dl_model_free
   or dl_free. */
DL_DEF dl_model *dl_model_new(dl_ctx *dl, dl_shape input);
DL_DEF void dl_model_free(dl_model *m);

/* Fix loss and optimizer (desc is copied). Layers can't be added afterwards; compiling again
   starts a new optimizer. False when the last layer does not suit the loss. */
DL_DEF bool dl_model_compile(dl_model *m, dl_loss loss, dl_optim optimizer);

/* What an epoch gave. Values not computed are NaN. */
typedef struct dl_epoch {
    int    epoch, epochs;             /* 1 .. epochs                                          */
    double loss, accuracy;            /* mean over the epoch's training batches as they went  */
    double val_loss, val_accuracy;    /* on the validation data, after the epoch              */
    double lr, seconds;
} dl_epoch;

/* Options of dl_model_fit; dl_fit_default fills in Keras' defaults. */
typedef struct dl_fit {
    int    epochs;                /* 1                                                        */
    int    batch_size;            /* 32                                                       */
    bool   shuffle;               /* true: a new order every epoch                            */
    const dl_data *validation;    /* NULL: none                                               */
    double validation_split;      /* 0; else the last fraction of the training data           */
    bool   early_stopping;        /* false; stop when val_loss (loss without validation) has  */
    int    patience;              /* 3      not improved by min_delta for so many epochs      */
    double min_delta;             /* 0                                                        */
    bool   restore_best;          /* true: and take the best epoch's weights back             */
    dl_schedule schedule;         /* constant; counts epochs                                  */
    int    verbose;               /* 1: a progress bar on a terminal, else a line an epoch;
                                     2: a line an epoch; 0: nothing                           */
    /* Called after each epoch; return false to stop. What it records on the tape is released. */
    bool (*on_epoch)(dl_model *m, const dl_epoch *e, void *user);
    void  *user;
} dl_fit;
DL_DEF dl_fit dl_fit_default(void);

/* Train. data holds samples of the model's input shape. False, with the weights as they are then,
   when something fails; a loss that is NaN or infinite stops with the layer's name.
   @F S0-2 S1-3.2 S2-3 S3-3.3 S4-3: the training loop */
DL_DEF bool dl_model_fit(dl_model *m, const dl_data *data, const dl_fit *options);

/* What the epochs of the last fit gave: *n of them, owned by the model. */
DL_DEF const dl_epoch *dl_model_history(const dl_model *m, int *n);

/* Loss and accuracy (NaN for a regression) over a data set, in evaluation mode. Changes nothing.
   Both NaN on failure. */
typedef struct dl_metrics { double loss, accuracy; } dl_metrics;
DL_DEF dl_metrics dl_model_evaluate(dl_model *m, const dl_data *data);

/* The outputs (probabilities after a softmax) for a batch x [N,...], in evaluation mode, without
   gradient; on the tape. */
DL_DEF dl_tensor *dl_model_predict(dl_model *m, dl_tensor *x);

/* The layers' output for x [N,...] in the context's mode, recorded: a model as a part of a formula
   on floor 2. */
DL_DEF dl_tensor *dl_model_forward(dl_model *m, dl_tensor *x);

/* Parameters: how many tensors (and numbers in them), the i-th, the one with a name; all as an
   array of dl_model_param_count tensors owned by the model. */
DL_DEF int dl_model_param_count(const dl_model *m);
DL_DEF int64_t dl_model_param_size(const dl_model *m);
DL_DEF dl_tensor *dl_model_param(const dl_model *m, int i);
DL_DEF dl_tensor *dl_model_find(const dl_model *m, const char *name);
DL_DEF dl_tensor *const *dl_model_params(const dl_model *m);
DL_DEF int dl_model_layer_count(const dl_model *m);
DL_DEF dl_layer *dl_model_layer(const dl_model *m, int i);

/* A copy, with its weights but without optimizer state, in another (or the same) context. */
DL_DEF dl_model *dl_model_clone(dl_ctx *into, const dl_model *m);

#ifndef DL_NO_STDIO
/* Print the layers with output shapes and parameter counts, as Keras does. */
DL_DEF void dl_model_summary(const dl_model *m);
#endif

/* -------------------------------------------------------------------------------- >>data ----
   A data set keeps images as bytes and turns a batch at a time into numbers. It may be a view of
   another; the storage lives as long as any of them. */

typedef enum dl_split { DL_TRAIN, DL_TEST } dl_split;

/* A data set, for reading. */
struct dl_data {
    dl_ctx  *ctx;
    dl_int   count;           /* samples                                                      */
    dl_shape shape;           /* of one sample, e.g. [1,28,28]                                */
    int      classes;         /* labels are 0 .. classes-1; 0: no labels                      */
    dl_shape target_shape;    /* of one target; used when there are targets                   */
    const uint8_t *bytes;     /* count samples as bytes, or NULL                              */
    const dl_real *values;    /* count samples as numbers, or NULL                            */
    const int32_t *labels;    /* count labels, or NULL                                        */
    const dl_real *targets;   /* count targets, or NULL                                       */
    double   scale;           /* bytes times this are the numbers: 1/255                      */
    struct dli_storage *storage;  /* private: owns the arrays                                 */
};

/* Copy count samples x (each of shape) with class labels 0 .. classes-1, or with targets y (each
   of target_shape). NULL with a message for a label out of range (named with its position). */
DL_DEF dl_data *dl_data_from_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                    const int32_t *labels, int classes);
DL_DEF dl_data *dl_data_from_targets(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                     const dl_real *y, dl_shape target_shape);
/* The same, but keep the caller's arrays, which must outlive the data set. */
DL_DEF dl_data *dl_data_borrow_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                      const int32_t *labels, int classes);
DL_DEF dl_data *dl_data_borrow_targets(dl_ctx *dl, const dl_real *x, dl_int count,
                                       dl_shape shape, const dl_real *y, dl_shape target_shape);

/* Images and labels in IDX, the format of MNIST: big-endian, magic 00 00 08 rank. Samples are
   [1,H,W]. Checked: magic, counts, lengths, label range. classes 0: the largest label + 1. */
DL_DEF dl_data *dl_idx_from_memory(dl_ctx *dl, const void *images, size_t image_bytes,
                                   const void *labels, size_t label_bytes, int classes);
#ifndef DL_NO_STDIO
DL_DEF dl_data *dl_idx_load(dl_ctx *dl, const char *images, const char *labels, int classes);

/* MNIST (or Fashion-MNIST) from the four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
   t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte in a directory: [1,28,28], 10 classes. */
DL_DEF dl_data *dl_mnist_load(dl_ctx *dl, const char *dir, dl_split split);
#endif

/* Free a data set; views of it stay valid. */
DL_DEF void dl_data_free(dl_data *d);

/* Views that share storage: count samples from first on; and a split in two, the second with the
   last fraction (0 .. 1) of the samples. */
DL_DEF dl_data *dl_data_take(const dl_data *d, dl_int first, dl_int count);
DL_DEF bool dl_data_split(const dl_data *d, double fraction, dl_data **first, dl_data **second);

/* Sample i as a batch of one [1,...] on the tape, its numbers scaled. NULL when i is outside. */
DL_DEF dl_tensor *dl_data_sample(const dl_data *d, dl_int i);

/* A mini-batch: x [N,...] on the tape; labels[N] (owned by the loader) or targets y [N,...] on the
   tape, whichever the data has, else NULL. */
typedef struct dl_batch {
    dl_tensor     *x, *y;
    const int32_t *labels;
    dl_int         size;      /* N; the last batch of an epoch may be smaller                */
    dl_int         number;    /* 0, 1, ... in this epoch                                      */
} dl_batch;

/* Mini-batches of a data set, in a new random order every epoch when shuffle is true. Free with
   dl_loader_free or dl_free. The data set must outlive it. */
DL_DEF dl_loader *dl_loader_new(const dl_data *d, dl_int batch_size, bool shuffle);
DL_DEF void dl_loader_free(dl_loader *l);

/* The next batch; false at the end of the epoch (the next call starts a new one) and on failure.
   while (dl_loader_next(loader, &batch)) { ... } is one epoch. */
DL_DEF bool dl_loader_next(dl_loader *l, dl_batch *batch);

/* Batches in an epoch. */
DL_DEF dl_int dl_loader_batches(const dl_loader *l);

/* ------------------------------------------------------------------------------- >>files ---- */

#ifndef DL_NO_STDIO
/* Write all parameters of a model as safetensors (a JSON header of names, shapes and offsets, then
   little-endian floats); PyTorch's safetensors reads it. False on failure, the old file kept. */
DL_DEF bool dl_model_save_weights(const dl_model *m, const char *path);

/* Read them back into a model with the same layers; names and shapes must match. False, and the
   model as it was, on failure. */
DL_DEF bool dl_model_load_weights(dl_model *m, const char *path);
#endif
/* The same from a buffer. */
DL_DEF bool dl_model_load_weights_from_memory(dl_model *m, const void *bytes, size_t size);

/* ------------------------------------------------------------------------------- >>debug ---- */

/* Write t as NumPy prints it, e.g. "[[1, 2], [3, 4]]", long axes elided with "...", into buffer
   (always terminated); returns the length it has or would have, as snprintf. */
DL_DEF int dl_format(char *buffer, size_t size, const dl_tensor *t);
#ifndef DL_NO_STDIO
/* Print name, shape and elements. */
DL_DEF void dl_print(const dl_tensor *t);
#endif

/* Compare dl_backward with central differences (f(p+h) - f(p-h)) / 2h for every element of n
   parameters. f builds the loss anew from them (they are changed and put back) and returns it. */
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
#endif /* DL_H_INCLUDED */

/* ==============================================================================================
   Implementation: the same rooms in the same order.
   ============================================================================================== */
#if defined(DL_IMPLEMENTATION) && !defined(DL_IMPLEMENTED)
#define DL_IMPLEMENTED

/* ----------------------------------------------------------------------- >>platform-impl ---- */

/* ------------------------------------------------------------------------- >>errors-impl ---- */

/* ------------------------------------------------------------------------- >>memory-impl ---- */

/* ---------------------------------------------------------------------------- >>rng-impl ---- */

/* Random number i of the stream key, without computing the ones before it: step i of SplitMix64. */
static uint64_t dli_hash(uint64_t key, uint64_t i)
{
    uint64_t z = key + (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* ------------------------------------------------------------------------ >>kernels-impl ----
   How to read this room. Each forward is a loop around one formula; the backward under it quotes
   the forward line it inverts as "forward: ..." and does what the chain rule says: an input's
   gradient is the output's gradient times the derivative of that line, added up over all places
   where the input was used. That is why every backward says += (or -=) and never =.

   Single formulas are computed in double, also when dl_real is float: the functions of math.h
   then serve both, and no digits are lost between two roundings. Sums of a matrix product stay in
   dl_real, for speed. These loops are what the fast twins are tested against.

   Comparisons decide where a NaN goes: every one with a NaN is false. So ReLU asks "x <= 0 ? 0 :
   x", which lets a NaN through, and not "x > 0 ? x : 0", which would hide it.
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
    if (db) /* b[j] went into y[i,j] for every sample i, with the factor 1 */
        for (dl_int i = 0; i < N; i++)
            for (dl_int j = 0; j < M; j++) db[j] += dy[i * M + j];
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

/* Arithmetic. With a step of 0, a[i * sa] is the same element every time; its gradient is then
   the sum over all i, which the += of the backward does by itself. */
DL_DEF void dlk_add_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) y[i] = a[i * sa] + b[i * sb];
}

/* forward: y = a + b; both derivatives are 1 */
DL_DEF void dlk_add_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    (void)a; (void)b;
    if (da) for (dl_int i = 0; i < n; i++) da[i * sa] += dy[i];
    if (db) for (dl_int i = 0; i < n; i++) db[i * sb] += dy[i];
}

DL_DEF void dlk_sub_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) y[i] = a[i * sa] - b[i * sb];
}

/* forward: y = a - b; the derivatives are 1 and -1 */
DL_DEF void dlk_sub_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    (void)a; (void)b;
    if (da) for (dl_int i = 0; i < n; i++) da[i * sa] += dy[i];
    if (db) for (dl_int i = 0; i < n; i++) db[i * sb] -= dy[i];
}

DL_DEF void dlk_mul_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) y[i] = a[i * sa] * b[i * sb];
}

/* forward: y = a b; dy/da = b, dy/db = a */
DL_DEF void dlk_mul_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    if (da) for (dl_int i = 0; i < n; i++) da[i * sa] += dy[i] * b[i * sb];
    if (db) for (dl_int i = 0; i < n; i++) db[i * sb] += dy[i] * a[i * sa];
}

DL_DEF void dlk_div_forward(dl_real *y, const dl_real *a, const dl_real *b,
                            dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) y[i] = a[i * sa] / b[i * sb];
}

/* forward: y = a / b; dy/da = 1 / b, dy/db = -a / b^2, written as (a / b) / b because b^2 may be
   too small or too large for a float */
DL_DEF void dlk_div_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                             const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    if (da) for (dl_int i = 0; i < n; i++) da[i * sa] += dy[i] / b[i * sb];
    if (db)
        for (dl_int i = 0; i < n; i++) db[i * sb] -= dy[i] * (a[i * sa] / b[i * sb]) / b[i * sb];
}

/* u != u is true for a NaN only: a NaN on either side comes out. */
DL_DEF void dlk_maximum_forward(dl_real *y, const dl_real *a, const dl_real *b,
                                dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) {
        const dl_real u = a[i * sa], v = b[i * sb];
        y[i] = u > v || u != u ? u : v;
    }
}

/* forward: y = max(a, b); the larger side gets dy, the other nothing, equal ones half each */
DL_DEF void dlk_maximum_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                                 const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) {
        const dl_real u = a[i * sa], v = b[i * sb];
        const dl_real share = u == v ? dy[i] / 2 : dy[i];
        if (da && !(u < v)) da[i * sa] += share;
        if (db && !(u > v)) db[i * sb] += share;
    }
}

DL_DEF void dlk_minimum_forward(dl_real *y, const dl_real *a, const dl_real *b,
                                dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) {
        const dl_real u = a[i * sa], v = b[i * sb];
        y[i] = u < v || u != u ? u : v;
    }
}

/* forward: y = min(a, b); the smaller side gets dy, the other nothing, equal ones half each */
DL_DEF void dlk_minimum_backward(dl_real *da, dl_real *db, const dl_real *dy, const dl_real *a,
                                 const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
    for (dl_int i = 0; i < n; i++) {
        const dl_real u = a[i * sa], v = b[i * sb];
        const dl_real share = u == v ? dy[i] / 2 : dy[i];
        if (da && !(u > v)) da[i * sa] += share;
        if (db && !(u < v)) db[i * sb] += share;
    }
}

/* Elementwise functions, in the order of the list DLK_UNARY. (void)p says that p is not used. */

DL_DEF void dlk_neg_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = -x[i];
}

/* forward: y = -x */
DL_DEF void dlk_neg_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                             dl_int n, double p, double q)
{
    (void)y; (void)x; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] -= dy[i];
}

DL_DEF void dlk_exp_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)exp((double)x[i]);
}

/* forward: y = e^x, its own derivative */
DL_DEF void dlk_exp_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                             dl_int n, double p, double q)
{
    (void)x; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += dy[i] * y[i];
}

DL_DEF void dlk_log_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)log((double)x[i]);
}

/* forward: y = ln x; y' = 1 / x */
DL_DEF void dlk_log_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                             dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += dy[i] / x[i];
}

DL_DEF void dlk_sqrt_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)sqrt((double)x[i]);
}

/* forward: y = x^(1/2); y' = 1/2 x^(-1/2) = 1 / (2 y), which is infinite at 0 */
DL_DEF void dlk_sqrt_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                              dl_int n, double p, double q)
{
    (void)x; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += dy[i] / (2 * y[i]);
}

DL_DEF void dlk_square_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = x[i] * x[i];
}

/* forward: y = x x; y' = 2 x */
DL_DEF void dlk_square_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                const dl_real *x, dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += dy[i] * 2 * x[i];
}

DL_DEF void dlk_pow_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)pow((double)x[i], p);
}

/* forward: y = x^p; y' = p x^(p-1). x^0 is constant: without the test, 0 times the infinite
   0^-1 would make its derivative at 0 a NaN. */
DL_DEF void dlk_pow_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                             dl_int n, double p, double q)
{
    (void)y; (void)q;
    if (p == 0) return;
    for (dl_int i = 0; i < n; i++) dx[i] += (dl_real)((double)dy[i] * p * pow((double)x[i], p - 1));
}

DL_DEF void dlk_abs_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)fabs((double)x[i]);
}

/* forward: y = |x|; y' = sign x. At 0 any slope from -1 to 1 would do; 0 is the usual choice. */
DL_DEF void dlk_abs_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                             dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0;
}

/* p and q are rounded to dl_real first, so that x == p is inside the range in float, too. */
DL_DEF void dlk_clamp_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    const dl_real lo = (dl_real)p, hi = (dl_real)q;
    for (dl_int i = 0; i < n; i++) {
        const dl_real v = x[i] < lo ? lo : x[i]; /* max(x, p) */
        y[i] = v > hi ? hi : v;                  /* min(v, q) */
    }
}

/* forward: y = min(max(x, p), q); 1 inside, borders included, 0 outside */
DL_DEF void dlk_clamp_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                               dl_int n, double p, double q)
{
    const dl_real lo = (dl_real)p, hi = (dl_real)q;
    (void)y;
    for (dl_int i = 0; i < n; i++) dx[i] += lo <= x[i] && x[i] <= hi ? dy[i] : 0;
}

DL_DEF void dlk_affine_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)(p * (double)x[i] + q);
}

/* forward: y = p x + q; y' = p */
DL_DEF void dlk_affine_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                const dl_real *x, dl_int n, double p, double q)
{
    (void)y; (void)x; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += (dl_real)(p * (double)dy[i]);
}

DL_DEF void dlk_reciprocal_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)(p / (double)x[i]);
}

/* forward: y = p / x; y' = -p / x^2 */
DL_DEF void dlk_reciprocal_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                    const dl_real *x, dl_int n, double p, double q)
{
    (void)y; (void)q;
    for (dl_int i = 0; i < n; i++)
        dx[i] -= (dl_real)((double)dy[i] * p / ((double)x[i] * (double)x[i]));
}

/* For a very negative x, e^-x is infinite and the quotient 0, as it should: no test needed. */
static double dli_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

DL_DEF void dlk_sigmoid_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)dli_sigmoid((double)x[i]);
}

/* forward: y = 1 / (1 + e^-x); y' = e^-x / (1 + e^-x)^2 = y (1 - y) */
DL_DEF void dlk_sigmoid_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                 const dl_real *x, dl_int n, double p, double q)
{
    (void)x; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += dy[i] * y[i] * (1 - y[i]);
}

DL_DEF void dlk_tanh_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)tanh((double)x[i]);
}

/* forward: y = tanh x; y' = 1 - y^2 */
DL_DEF void dlk_tanh_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                              dl_int n, double p, double q)
{
    (void)x; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += dy[i] * (1 - y[i] * y[i]);
}

DL_DEF void dlk_relu_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

/* forward: y = x <= 0 ? 0 : x; where the output was cut off, x has no influence */
DL_DEF void dlk_relu_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                              dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += x[i] <= 0 ? 0 : dy[i];
}

DL_DEF void dlk_leaky_relu_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : (dl_real)(p * (double)x[i]);
}

/* forward: y = x > 0 ? x : p x */
DL_DEF void dlk_leaky_relu_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                    const dl_real *x, dl_int n, double p, double q)
{
    (void)y; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += x[i] > 0 ? dy[i] : (dl_real)(p * (double)dy[i]);
}

/* expm1(x) is e^x - 1 without the cancellation near 0. */
DL_DEF void dlk_elu_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : (dl_real)(p * expm1((double)x[i]));
}

/* forward: y = x > 0 ? x : p (e^x - 1); on the left y' = p e^x = y + p */
DL_DEF void dlk_elu_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                             dl_int n, double p, double q)
{
    (void)q;
    for (dl_int i = 0; i < n; i++)
        dx[i] += x[i] > 0 ? dy[i] : (dl_real)((double)dy[i] * ((double)y[i] + p));
}

/* Phi(x), the normal distribution function: (1 + erf(x / sqrt 2)) / 2. With erfc(u) = 1 - erf(u)
   it is one term, and keeps its digits where Phi is small. */
static double dli_phi(double x)
{
    return erfc(-x * 0.70710678118654752440) / 2;
}

DL_DEF void dlk_gelu_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)((double)x[i] * dli_phi((double)x[i]));
}

/* forward: y = x Phi(x); y' = Phi(x) + x phi(x), phi(x) = e^(-x^2 / 2) / sqrt(2 pi) */
DL_DEF void dlk_gelu_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                              dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) {
        const double v = (double)x[i];
        const double density = 0.39894228040143267794 * exp(-v * v / 2);
        dx[i] += (dl_real)((double)dy[i] * (dli_phi(v) + v * density));
    }
}

/* The t of y = x/2 (1 + t): tanh(sqrt(2/pi) (x + .044715 x^3)). */
static double dli_gelu_t(double x)
{
    return tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x));
}

DL_DEF void dlk_gelu_tanh_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) {
        const double v = (double)x[i];
        y[i] = (dl_real)(v / 2 * (1 + dli_gelu_t(v)));
    }
}

/* forward: y = x/2 (1 + t); y' = (1 + t) / 2 + x/2 t', t' = (1 - t^2) sqrt(2/pi) (1 + 3 c x^2) */
DL_DEF void dlk_gelu_tanh_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                   const dl_real *x, dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) {
        const double v = (double)x[i], t = dli_gelu_t(v);
        const double dt = (1 - t * t) * 0.79788456080286535588 * (1 + 3 * 0.044715 * v * v);
        dx[i] += (dl_real)((double)dy[i] * ((1 + t) / 2 + v / 2 * dt));
    }
}

DL_DEF void dlk_silu_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)((double)x[i] * dli_sigmoid((double)x[i]));
}

/* forward: y = x s(x); y' = s + x s (1 - s) = s + y (1 - s) */
DL_DEF void dlk_silu_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                              dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) {
        const double s = dli_sigmoid((double)x[i]);
        dx[i] += (dl_real)((double)dy[i] * (s + (double)y[i] * (1 - s)));
    }
}

/* ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|): the power is never above 1, so nothing overflows.
   log1p(u) is ln(1 + u) without losing a small u. */
static double dli_softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

DL_DEF void dlk_softplus_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)dli_softplus((double)x[i]);
}

/* forward: y = ln(1 + e^x); y' = e^x / (1 + e^x) = sigmoid(x) */
DL_DEF void dlk_softplus_backward(dl_real *dx, const dl_real *dy, const dl_real *y,
                                  const dl_real *x, dl_int n, double p, double q)
{
    (void)y; (void)p; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += (dl_real)((double)dy[i] * dli_sigmoid((double)x[i]));
}

/* Softmax. The largest element of a row, and the sum of e^(x - max): at least 1, as the largest
   element itself gives e^0. A NaN in the row makes the sum NaN. */
static double dli_row_max(const dl_real *x, dl_int C)
{
    double max = -(double)INFINITY;
    for (dl_int c = 0; c < C; c++)
        if ((double)x[c] > max) max = (double)x[c];
    return max;
}

static double dli_row_sum_exp(const dl_real *x, dl_int C, double max)
{
    double sum = 0;
    for (dl_int c = 0; c < C; c++) sum += exp((double)x[c] - max);
    return sum;
}

DL_DEF void dlk_softmax_forward(dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
    for (dl_int i = 0; i < N; i++, x += C, y += C) {
        const double max = dli_row_max(x, C), sum = dli_row_sum_exp(x, C, max);
        for (dl_int c = 0; c < C; c++) y[c] = (dl_real)(exp((double)x[c] - max) / sum);
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
        for (dl_int c = 0; c < C; c++) y[c] = (dl_real)((double)x[c] - max - log_sum);
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

/* The top 53 bits of the hash, as a number in [0, 1), fall below p with probability p. */
static bool dli_keep(uint64_t key, dl_int i, double p)
{
    return (double)(dli_hash(key, (uint64_t)i) >> 11) * (1.0 / 9007199254740992.0) >= p;
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

/* Losses. Sums run in double: a float sum of a million equal terms is wrong in the third digit. */

DL_DEF void dlk_mse_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale)
{
    double sum = 0;
    for (dl_int i = 0; i < n; i++) {
        const double d = (double)x[i] - (double)t[i];
        sum += d * d;
    }
    loss[0] = (dl_real)(scale * sum);
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
    double sum = 0;
    for (dl_int i = 0; i < n; i++) sum += fabs((double)x[i] - (double)t[i]);
    loss[0] = (dl_real)(scale * sum);
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
    double sum = 0;
    for (dl_int i = 0; i < n; i++) {
        const double d = fabs((double)x[i] - (double)t[i]);
        sum += d <= delta ? d * d / 2 : delta * (d - delta / 2);
    }
    loss[0] = (dl_real)(scale * sum);
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

/* -t ln s(x) - (1 - t) ln(1 - s(x)), with -ln s(x) = ln(1 + e^x) - x and -ln(1 - s(x)) =
   ln(1 + e^x), is ln(1 + e^x) - x t: no logarithm of a number that may have become 0. */
DL_DEF void dlk_bce_forward(dl_real *loss, const dl_real *x, const dl_real *t,
                            dl_int n, double scale)
{
    double sum = 0;
    for (dl_int i = 0; i < n; i++) sum += dli_softplus((double)x[i]) - (double)x[i] * (double)t[i];
    loss[0] = (dl_real)(scale * sum);
}

/* forward: sum += ln(1 + e^x) - x t; the derivative is sigmoid(x) - t */
DL_DEF void dlk_bce_backward(dl_real *dx, dl_real dloss, const dl_real *x, const dl_real *t,
                             dl_int n, double scale)
{
    const double s = (double)dloss * scale;
    for (dl_int i = 0; i < n; i++)
        dx[i] += (dl_real)(s * (dli_sigmoid((double)x[i]) - (double)t[i]));
}

/* The loss is read from x before p is written, because p may be x. */
DL_DEF void dlk_cross_entropy_forward(dl_real *loss, dl_real *p, const dl_real *x,
                                      const int32_t *label, dl_int N, dl_int C, double scale)
{
    double total = 0;
    for (dl_int i = 0; i < N; i++, x += C, p += C) {
        const double max = dli_row_max(x, C), sum = dli_row_sum_exp(x, C, max);
        total -= (double)x[label[i]] - max - log(sum);
        for (dl_int c = 0; c < C; c++) p[c] = (dl_real)(exp((double)x[c] - max) / sum);
    }
    loss[0] = (dl_real)(scale * total);
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
    double total = 0;
    for (dl_int i = 0; i < N; i++, x += C, t += C, p += C) {
        const double max = dli_row_max(x, C), sum = dli_row_sum_exp(x, C, max);
        for (dl_int c = 0; c < C; c++)
            if (t[c] != 0) total -= (double)t[c] * ((double)x[c] - max - log(sum));
        for (dl_int c = 0; c < C; c++) p[c] = (dl_real)(exp((double)x[c] - max) / sum);
    }
    loss[0] = (dl_real)(scale * total);
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
   with which processors compute many times slower (Adam: six times). Below 1e-30 it makes no
   difference beside any eps, so it becomes 0. */
static double dli_flush(double moment)
{
    return fabs(moment) < 1e-30 ? 0 : moment;
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
        const double vi = dli_flush(mu * (double)v[i] + push);
        v[i] = (dl_real)vi;
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
        const double ai = dli_flush(rho * (double)a[i] + (1 - rho) * gi * gi);
        const double d = gi * sqrt((double)u[i] + eps) / sqrt(ai + eps);
        a[i] = (dl_real)ai;
        u[i] = (dl_real)dli_flush(rho * (double)u[i] + (1 - rho) * d * d);
        w[i] -= (dl_real)(lr * d);
    }
}

DL_DEF void dlk_rmsprop_step(dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double rho, double eps_in, double eps_out)
{
    for (dl_int i = 0; i < n; i++) {
        const double gi = (double)g[i];
        const double ai = dli_flush(rho * (double)a[i] + (1 - rho) * gi * gi);
        a[i] = (dl_real)ai;
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
        const double mi = dli_flush(b1 * (double)m[i] + (1 - b1) * gi);
        const double vi = dli_flush(b2 * (double)v[i] + (1 - b2) * gi * gi);
        m[i] = (dl_real)mi;
        v[i] = (dl_real)vi;
        if (keras_eps) w[i] -= (dl_real)(lr * sqrt(c2) / c1 * mi / (sqrt(vi) + eps));
        else           w[i] -= (dl_real)(lr * (mi / c1) / (sqrt(vi / c2) + eps));
    }
}

DL_DEF void dlk_decay_grad(dl_real *g, const dl_real *w, dl_int n, double scale, double l1,
                           double l2)
{
    for (dl_int i = 0; i < n; i++) {
        const double wi = (double)w[i], sign = wi > 0 ? 1 : wi < 0 ? -1 : 0;
        g[i] = (dl_real)(scale * (double)g[i] + l2 * wi + l1 * sign);
    }
}

/* --------------------------------------------------------------------------- >>fast-impl ---- */

/* ------------------------------------------------------------------------ >>tensors-impl ---- */

/* --------------------------------------------------------------------------- >>tape-impl ---- */

/* ---------------------------------------------------------------------------- >>ops-impl ---- */

/* ------------------------------------------------------------------------- >>layers-impl ---- */

/* ------------------------------------------------------------------------- >>losses-impl ---- */

/* --------------------------------------------------------------------- >>optimizers-impl ---- */

/* -------------------------------------------------------------------------- >>model-impl ---- */

/* --------------------------------------------------------------------------- >>data-impl ---- */

/* -------------------------------------------------------------------------- >>files-impl ---- */

/* -------------------------------------------------------------------------- >>debug-impl ---- */

#endif /* DL_IMPLEMENTATION */

/* ----------------------------------------------------------------------------- >>history ----
   0.1.0  First version: dense networks on three floors, MNIST.
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
