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

   "@F S1-3.3" beside a formula means: it stands in section 3.3 of S1. S0 to S4 are five Chinese
   introductions to deep learning that the programs in examples/ follow, and put right where they
   are wrong; you need none of them to read on. Licence: at the end (MIT).  */

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
     >>kernels      floor 1: formulas on arrays, forward and backward: dense, images, sequences
     >>tensors      floor 2: shapes, tensors, initializers
     >>tape         floor 2: recording, dl_backward, marks, no-grad, an operation of your own
     >>ops          floor 2: arithmetic, activations, reductions, convolution, recurrence ...
     >>layers       floor 3: layers of a model; what to do for a layer of your own
     >>losses       loss functions on tensors, and by Keras' names
     >>optimizers   gradient descent in all its variants, their defaults, schedules, clipping
     >>model        floor 3: compile, fit, evaluate, predict, summary; metrics
     >>data         data sets, IDX and MNIST, mini-batches, augmentation
     >>files        saving and loading weights
     >>debug        printing tensors, checking gradients
     then, below DL_IMPLEMENTATION, the same with -impl, and
     >>platform-impl  compiler and system #ifdefs (all but those of fast-impl)
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
              dl_backward calls until dl_optimizer_zero_grad.
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
   DL_USE_CBLAS       one   dense layers, matmul, attention and such convolutions as become a matrix
                            product call your BLAS (cblas.h; link -lopenblas or another); it is
                            double that gains by it: in float the products here are as fast
   DL_REFERENCE       one   every operation runs the readable kernel, for debugging and teaching
   DL_IMPLEMENTED     one   ignore DL_IMPLEMENTATION: there is one elsewhere (examples and tests
                            are built so)
   DL_MAX_DIMS              6, the highest rank of a tensor; fixed
   ------------------------------------------------------------------------------------------ */

#define DL_VERSION_MAJOR 0
#define DL_VERSION_MINOR 2
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
#define DL_NAME_MAX 64

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
typedef struct dl_augment dl_augment;

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

/* Use up to n threads (1 to 1024; needs OpenMP, else always 1). The default is what OpenMP would
   use. Results do not depend on it. False for another n, or without memory. */
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
   (key, i), so that no mask is stored: drop when hash(key, i), 24 bits of it, < p. 0 <= p < 1.
   Every build drops the same elements.   @F S1-4
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
DL_DEF void dlk_conv2d_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                               const dlk_conv2d_size *s);
/* dx[n,c,i,j] += sum of dy[n,m,p,q] w[m,c,u,v] over all that looked at i, j;
   dw[m,c,u,v] += sum of dy[n,m,p,q] x[n,c,i,j];  db[m] += sum of dy[n,m,p,q];  each may be NULL */
DL_DEF void dlk_conv2d_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                const dl_real *x, const dl_real *w, const dlk_conv2d_size *s);

/* Transposed convolution: the way of a convolution's gradient, used forward, so that a stride makes
   the image larger. Here w is [C,M/groups,KH,KW] and the input is what slides:
   y[n,m, i s + u - top, j s + v - left] += x[n,c,i,j] w[c,m,u,v], from y = b_m (b may be NULL);
   what falls outside OH x OW is dropped. OH = (H-1) s - 2 P + (KH-1) dilation + 1 + output padding.
   (Zeiler et al., Deconvolutional networks, CVPR 2010) */
DL_DEF void dlk_conv_transpose2d_forward(dl_real *y, const dl_real *x, const dl_real *w,
                                         const dl_real *b, const dlk_conv2d_size *s);
/* dx += what a convolution of dy gives; dw, db as above; each may be NULL */
DL_DEF void dlk_conv_transpose2d_backward(dl_real *dx, dl_real *dw, dl_real *db,
                                          const dl_real *dy, const dl_real *x, const dl_real *w,
                                          const dlk_conv2d_size *s);

/* Nearest neighbours: y[k,p,q] = x[k, p / fh, q / fw], whole-number division; x [planes,H,W],
   y [planes, H fh, W fw]. planes is N times C. */
DL_DEF void dlk_upsample2d_forward(dl_real *y, const dl_real *x, dl_int planes, dl_int H, dl_int W,
                                   dl_int fh, dl_int fw);
/* dx[k,i,j] += sum of dy over the fh x fw copies of i, j */
DL_DEF void dlk_upsample2d_backward(dl_real *dx, const dl_real *dy, dl_int planes, dl_int H,
                                    dl_int W, dl_int fh, dl_int fw);

/* The sizes of a pooling: x [planes,H,W], y [planes,OH,OW], planes = N C, a window of KH x KW. */
typedef struct dlk_pool2d_size {
    dl_int planes, H, W, OH, OW, KH, KW;
    dl_int stride_h, stride_w, top, left;
} dlk_pool2d_size;

/* y[k,p,q] = max over u, v of x[k, p s + u - top, q s + v - left], places outside left out; at is
   where the maximum was, i W + j (the first of equal ones; a NaN counts as largest). Every window
   must touch the image.   @F S1-3.4, put right: there the maximum did not depend on the place */
DL_DEF void dlk_max_pool2d_forward(dl_real *y, int32_t *at, const dl_real *x,
                                   const dlk_pool2d_size *s);
/* dx[k, at] += dy[k,p,q]: the gradient goes to the one that won */
DL_DEF void dlk_max_pool2d_backward(dl_real *dx, const dl_real *dy, const int32_t *at,
                                    const dlk_pool2d_size *s);

/* y[k,p,q] = (sum over u, v of x[k, p s + u - top, q s + v - left]) / count, count = KH KW with
   count_padding (PyTorch's default), else how many of the places are inside (Keras). */
DL_DEF void dlk_avg_pool2d_forward(dl_real *y, const dl_real *x, const dlk_pool2d_size *s,
                                   bool count_padding);
/* dx[k,i,j] += dy[k,p,q] / count, for every window p, q that i, j is in */
DL_DEF void dlk_avg_pool2d_backward(dl_real *dx, const dl_real *dy, const dlk_pool2d_size *s,
                                    bool count_padding);

/* Batch normalization, of x [N,C,S]; S = H W, 1 for plain rows. First the statistics of each
   channel over N and S:  mean[C], var[C] = mean of (x - mean)^2.   (Ioffe, Szegedy, ICML 2015) */
DL_DEF void dlk_batch_stats(dl_real *mean, dl_real *var, const dl_real *x,
                            dl_int N, dl_int C, dl_int S);
/* y = w_c (x - mean_c) / sqrt(var_c + eps) + b_c, with the statistics of the batch in training and
   the running ones afterwards; w[C] and b[C] may be NULL (1 and 0). */
DL_DEF void dlk_batch_norm_forward(dl_real *y, const dl_real *x, const dl_real *mean,
                                   const dl_real *var, const dl_real *w, const dl_real *b,
                                   dl_int N, dl_int C, dl_int S, double eps);
/* With h = (x - mean) / sqrt(var + eps), r = 1 / sqrt(var + eps):  dw += sum dy h,  db += sum dy,
   dx += w r (dy - [mean of dy + h mean of dy h]);  the brackets only when mean and var came from
   this x (batch true), through which x works, too. dx, dw, db, w may be NULL. */
DL_DEF void dlk_batch_norm_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                    const dl_real *x, const dl_real *mean, const dl_real *var,
                                    const dl_real *w, dl_int N, dl_int C, dl_int S, double eps,
                                    bool batch);
/* What inference will use, n[C] values at a time:  run_mean += a (mean - run_mean),
   run_var += a (var count / (count - 1) - run_var), count = N S values a channel, above 1; the
   quotient makes var unbiased. a is PyTorch's momentum (.1); Keras' momentum (.99) is 1 - a, and
   it leaves the quotient out. */
DL_DEF void dlk_batch_norm_update(dl_real *run_mean, dl_real *run_var, const dl_real *mean,
                                  const dl_real *var, dl_int C, double count, double a);

/* Layer normalization: the same with the statistics of each row of x [N,D] by itself, and w[D],
   b[D] (NULL: 1 and 0). Stores mean[N] and var[N] for the backward.   (Ba et al., 2016) */
DL_DEF void dlk_layer_norm_forward(dl_real *y, dl_real *mean, dl_real *var, const dl_real *x,
                                   const dl_real *w, const dl_real *b, dl_int N, dl_int D,
                                   double eps);
/* g = dy w:  dx += r (g - mean of g - h mean of g h) over a row;  dw += sum over N of dy h,
   db += sum over N of dy;  dx, dw, db, w may be NULL. */
DL_DEF void dlk_layer_norm_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                    const dl_real *x, const dl_real *mean, const dl_real *var,
                                    const dl_real *w, dl_int N, dl_int D, double eps);

/* Group normalization of x [N,C,S]: the statistics of C/groups channels of one sample together,
   mean[N,groups] and var alike; w[C] and b[C] for each channel (NULL: 1 and 0). (Wu, He, 2018) */
DL_DEF void dlk_group_norm_forward(dl_real *y, dl_real *mean, dl_real *var, const dl_real *x,
                                   const dl_real *w, const dl_real *b, dl_int N, dl_int C,
                                   dl_int S, dl_int groups, double eps);
/* as for layers, the means over a group */
DL_DEF void dlk_group_norm_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                    const dl_real *x, const dl_real *mean, const dl_real *var,
                                    const dl_real *w, dl_int N, dl_int C, dl_int S, dl_int groups,
                                    double eps);

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
   @F S1-3.5: h_t = tanh(W_x x_t + W_h h_{t-1} + b)      (Elman, Cognitive Science 1990)
   Backward: da = du = dh f'(a + u), from h alone: tanh' = 1 - h^2, ReLU' = 1 where h > 0. */
DL_DEF void dlk_rnn_gates_forward(const dlk_recurrent_step *s, dl_int H);
DL_DEF void dlk_rnn_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                   dl_int H);
DL_DEF void dlk_rnn_relu_gates_forward(const dlk_recurrent_step *s, dl_int H);
DL_DEF void dlk_rnn_relu_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                        dl_int H);
/* LSTM, G = 4:  i, f, g, o = s, s, tanh, s of (a + u), s the sigmoid;
   c = f c0 + i g,  h = o tanh c.   gate[4H] keeps i, f, g, o.
   (Hochreiter, Schmidhuber, Neural Computation 1997, with Gers' forget gate) */
DL_DEF void dlk_lstm_gates_forward(const dlk_recurrent_step *s, dl_int H);
DL_DEF void dlk_lstm_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                    dl_int H);
/* GRU, G = 3, in PyTorch's form:  r = s(a_r + u_r),  z = s(a_z + u_z),  n = tanh(a_n + r u_n);
   h = (1 - z) n + z h0.   gate[4H] keeps r, z, n, u_n.   (Cho et al., EMNLP 2014) */
DL_DEF void dlk_gru_gates_forward(const dlk_recurrent_step *s, dl_int H);
DL_DEF void dlk_gru_gates_backward(dl_real *dh, dl_real *dc, const dlk_recurrent_step *s,
                                   dl_int H);

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
    dl_real       *saved;                      /* for the backward: LSTM [N,T,5H], GRU [N,T,4H] */
    dl_real       *work;                       /* scratch, [2(G+1)H]                            */
} dlk_recurrent_arrays;                        /* c0, cn: of the LSTM, else NULL                */
typedef struct dlk_recurrent_grads {
    const dl_real *dy;                         /* [N,T,H] or NULL, if y was not used            */
    const dl_real *dhn, *dcn;                  /* [N,H]                                         */
    dl_real       *dx, *dw_ih, *dw_hh, *db_ih, *db_hh, *dh0, *dc0;   /* added to; may be NULL   */
} dlk_recurrent_grads;

/* y, hn (and cn) of x and the weights, from the states h0 (and c0). Behind a sample's length nothing
   is read. States that start anew are arrays of zeros, not NULL.
   @F S1-3.5: h_t = f(h_{t-1}, x_t) */
DL_DEF void dlk_rnn_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
DL_DEF void dlk_rnn_relu_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
DL_DEF void dlk_lstm_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
DL_DEF void dlk_gru_forward(const dlk_recurrent_arrays *r, const dlk_recurrent_size *s);
/* Backpropagation through time, on the arrays as the forward left them. */
DL_DEF void dlk_rnn_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                             const dlk_recurrent_size *s);
DL_DEF void dlk_rnn_relu_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                                  const dlk_recurrent_size *s);
DL_DEF void dlk_lstm_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                              const dlk_recurrent_size *s);
DL_DEF void dlk_gru_backward(const dlk_recurrent_grads *d, const dlk_recurrent_arrays *r,
                             const dlk_recurrent_size *s);

/* Embedding: y[i] = w[index[i]], rows of w[V,E], i < n; every index in 0 .. V-1. It is a linear
   layer on one-hot rows without the multiplications by 0 and 1. */
DL_DEF void dlk_embedding_forward(dl_real *y, const dl_real *w, const int32_t *index, dl_int n,
                                  dl_int E);
/* dw[index[i]] += dy[i]; nothing for index[i] == padding (-1: there is none). */
DL_DEF void dlk_embedding_backward(dl_real *dw, const dl_real *dy, const int32_t *index, dl_int n,
                                   dl_int E, dl_int padding);

/* Sinusoidal positions: y[t,2i] = sin(t w_i), y[t,2i+1] = cos(t w_i), w_i = 10000^(-2i/E); t < T,
   E columns.   (Vaswani et al.: Attention is all you need, 2017) */
DL_DEF void dlk_positional_encoding(dl_real *y, dl_int T, dl_int E);

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
DL_DEF void dlk_attention_forward(dl_real *y, dl_real *p, const dl_real *q, const dl_real *k,
                                  const dl_real *v, const dl_real *mask,
                                  const dlk_attention_size *s);
/* dq[R,D], dk[S,D], dv[S,M] are added to, each may be NULL; ds[S] is scratch. A pair with p = 0
   has no part in the gradients either. */
DL_DEF void dlk_attention_backward(dl_real *dq, dl_real *dk, dl_real *dv, dl_real *ds,
                                   const dl_real *dy, const dl_real *p, const dl_real *q,
                                   const dl_real *k, const dl_real *v,
                                   const dlk_attention_size *s);
/* The softmax in the middle of it, alone: p[R,S] holds q_i . k_j on entry, p_ij on return. */
DL_DEF void dlk_attention_softmax(dl_real *p, const dl_real *mask, dl_int R, dl_int S,
                                  double scale, bool causal);

/* ---- end of sequences ---- */

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
    char     name[DL_NAME_MAX];      /* "" or e.g. "dense_1.weight"                         */
    /* private: */
    uint64_t generation;      /* which life of the tape it belongs to                       */
    uint32_t version;         /* grows when data is changed; backward compares              */
    uint32_t pass;            /* the last backward that reached it                          */
    bool     fresh;           /* grad is to be zeroed before it is added to                 */
    bool     wanted;          /* the operation that backward is at sends it a gradient      */
    struct dli_node *node;    /* the operation that made it, NULL for a leaf                */
    dl_tensor *base;          /* whose gradient it shares, or NULL                          */
    dl_int   offset;          /* where in base's gradient its own begins                    */
    dl_tensor *owner;         /* whose data it shares, or NULL                              */
    uint64_t serial;          /* tensors made before it                                     */
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
   through to what is below (a GAN's other half). Unfreeze undoes it. */
DL_DEF void dl_freeze(dl_tensor *const *params, int n);
DL_DEF void dl_unfreeze(dl_tensor *const *params, int n);

/* -------------------------------------------------------------------------------- >>tape ---- */

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
   @F S0-3.2 S1-3.2 S2-3 S3-3.2 S4-3
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
                              /* are then not used. false: as they say; all 0 is Keras' "valid" */
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
/* The same along one axis: x [N,C,L], w [M,C/groups,K], y [N,M,OL]; of the options the first of
   two numbers counts. */
DL_DEF dl_tensor *dl_conv1d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                            const dl_conv *options);
/* Transposed: x [N,C,H,W], w [C,M/groups,KH,KW], b [M] or DL_NONE; y [N,M,OH,OW], OH = (H-1) stride
   - before - after + (KH-1) dilation + 1 + output_padding; with same, H stride. */
DL_DEF dl_tensor *dl_conv_transpose2d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                                      const dl_conv *options);

/* Every pixel fh times below itself and fw times beside: [N,C,H,W] becomes [N,C,H fh,W fw]. */
DL_DEF dl_tensor *dl_upsample_nearest2d(dl_tensor *x, int fh, int fw);

/* Options of a pooling; dl_pool_default(k): a window of k x k that moves by k, no padding, and
   count_padding true. Padding must be smaller than the window. */
typedef struct dl_pool {
    int  kernel[2], stride[2];
    int  before[2], after[2];
    bool same;                /* as for convolutions                                            */
    bool count_padding;       /* the average divides by the whole window (PyTorch's             */
                              /* count_include_pad); false: by its part in the image (Keras)    */
} dl_pool;
DL_DEF dl_pool dl_pool_default(int kernel);

/* Maximum or average of each window: x [N,C,H,W], y [N,C,OH,OW], OH = floor((H + before + after -
   kernel) / stride) + 1. Padding is never a maximum; the gradient goes to the first of equal
   maxima.   @F S1-3.4 */
DL_DEF dl_tensor *dl_max_pool2d(dl_tensor *x, const dl_pool *options);
DL_DEF dl_tensor *dl_avg_pool2d(dl_tensor *x, const dl_pool *options);
/* The mean of each channel: [N,C,H,W] becomes [N,C]. */
DL_DEF dl_tensor *dl_global_avg_pool2d(dl_tensor *x);

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

/* ---- sequences: recurrent nets, embedding, attention ---- */

/* The kinds of recurrent net; formulas at dlk_rnn_gates_forward, dlk_lstm_..., dlk_gru_... */
typedef enum dl_recurrent_kind { DL_RNN_TANH, DL_RNN_RELU, DL_LSTM, DL_GRU } dl_recurrent_kind;

/* Options of recurrent nets; dl_recurrent_default fills in: 1 layer, one direction, no dropout,
   all samples of full length. NULL in the place of options means these. */
typedef struct dl_recurrent {
    int            layers;         /* 1 or more, each fed with all outputs of the one below     */
    bool           bidirectional;  /* a second net reads backwards; K = 2 directions, else 1    */
    double         dropout;        /* between layers, in training mode; 0 .. below 1            */
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
   state after it, [N,H]; w: one layer's 4 tensors. Unrolling a net by hand is a loop over these.
   Of dl_lstm_cell's result y and h are the same tensor.   @F S1-3.5 */
DL_DEF dl_tensor *dl_rnn_cell(dl_tensor *x, dl_tensor *h, dl_tensor *const *w);
DL_DEF dl_tensor *dl_rnn_relu_cell(dl_tensor *x, dl_tensor *h, dl_tensor *const *w);
DL_DEF dl_sequence dl_lstm_cell(dl_tensor *x, dl_tensor *h, dl_tensor *c, dl_tensor *const *w);
DL_DEF dl_tensor *dl_gru_cell(dl_tensor *x, dl_tensor *h, dl_tensor *const *w);

/* Rows of w [V,E] by index: the result has shape [index's shape..., E]. Indexes in 0 .. V-1,
   copied to the tape. The row `padding` gets no gradient; -1: there is none. */
DL_DEF dl_tensor *dl_embedding(dl_tensor *w, const int32_t *index, dl_shape shape, dl_int padding);

/* The sinusoidal positions [T,E] of dlk_positional_encoding, to be added to x [N,T,E]. (Learned
   positions are a parameter [T,E].) */
DL_DEF dl_tensor *dl_positional_encoding(dl_ctx *dl, dl_int T, dl_int E);

/* Scaled dot-product attention softmax(q k^T / sqrt(D) + mask) v: q [N,...,R,D], k [N,...,S,D],
   v [N,...,S,M], with the same dimensions in front (heads, say); y [N,...,R,M].
   mask: DL_NONE, or numbers that are added to the scores, -INFINITY where a query must not look:
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
    const int32_t *memory_lengths;  /* NULL; or steps of each sample of memory                */
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

/* ---- end of sequences ---- */

/* ------------------------------------------------------------------------------ >>layers ----
   Layers are added to a model in the order data flows through them; sizes of inputs are worked
   out. Each function returns the layer (the model owns it) or NULL. Parameters are named
   "dense_1.weight", "dense_1.bias" and so on.
   A layer of your own is a function of tensors: write the network on floor 2, where any formula of
   >>ops is a layer, dl_op_custom (in >>tape) one with a derivative by hand, and dl_model_forward
   takes in a model's layers; train it with a loop as in examples/06_mlp_autograd.c. */

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

/* Options of convolution layers; dl_conv_layer_default fills in Keras' defaults: stride 1, no
   padding, Glorot uniform with fan_in = k k C and fan_out = k k filters, bias 0. */
typedef struct dl_conv_layer {
    int             filters;       /* output channels                               */
    int             kernel[2];     /* height, width; of one dimension only [0]      */
    dl_conv conv;          /* stride, same or other padding, dilation, groups */
    dl_activation   activation;
    dl_init         weight_init, bias_init;
    bool            bias;          /* false: no bias                                */
    double          l1, l2;        /* adds l1 sum|w| + l2 sum w^2 to the loss       */
} dl_conv_layer;
DL_DEF dl_conv_layer dl_conv_layer_default(int filters, int kernel, dl_activation activation);

/* Options of normalization layers; dl_norm_layer_default fills in Keras' defaults: momentum .01
   (1 - Keras' .99), eps 1e-3, weight 1 and bias 0 that are trained, the last axis. One difference
   stays: the running variance is unbiased, as in PyTorch. */
typedef struct dl_norm_layer {
    double momentum;               /* of the running statistics of a batch norm     */
    double eps;
    bool   weight, bias;           /* false: 1 and 0, not trained                   */
    int    axes;                   /* layer norm: over so many last axes            */
} dl_norm_layer;
DL_DEF dl_norm_layer dl_norm_layer_default(void);

#define DL_LAYER_PARAMS 8
#define DL_LAYER_STATES 4
/* A layer, for reading: dl_model_layer(m, i) gives it. */
struct dl_layer {
    char          name[DL_NAME_MAX - 24]; /* "dense_1"                              */
    const char   *type;                   /* "Dense", as Keras prints it            */
    dl_shape      input, output;          /* of one sample, without the batch       */
    dl_activation activation;
    dl_tensor    *param[DL_LAYER_PARAMS]; /* its trainable tensors                  */
    int           params;
    dl_tensor    *state[DL_LAYER_STATES]; /* its tensors that are not trained       */
    int           states;
    double        l1, l2;                 /* penalty of param[0], 0: none; may be set */
    dl_model     *model;
    /* private: */
    dl_tensor *(*forward)(dl_layer *l, dl_tensor *x);  /* up to, not with, the activation */
    double        rate;                   /* of dropout                             */
    dl_conv conv;                 /* of convolutions                        */
    dl_pool pool;                 /* of poolings                            */
    dl_norm_layer norm;                   /* of normalizations                      */
    int           n[2];                   /* factors of upsampling; groups          */
    dl_recurrent_kind kind;               /* of a recurrent layer ...               */
    bool          bidirectional, sequences;  /* ... both directions, return all steps */
    int           heads;                  /* of an attention layer ...              */
    bool          causal;                 /* ... which hides the future             */
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
DL_DEF dl_layer *dl_model_add_group_normalization_with(dl_model *m, int groups,
                                                       const dl_norm_layer *options);

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
   PyTorch's MultiheadAttention. (Residual connections need floor 2: dl_transformer_encoder.) */
DL_DEF dl_layer *dl_model_add_multihead_attention(dl_model *m, int heads, bool causal);
/* A dense layer for every step by itself: [T,D] to [T,units]. The same as dl_model_add_dense, which
   works on the last dimension whatever is in front of it. */
DL_DEF dl_layer *dl_model_add_time_distributed(dl_model *m, int units, dl_activation activation);

/* ---- end of sequences ---- */

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
   layer with softmax (or sigmoid) fused with it, else of the last layer's output as it is. (So the
   softmax belongs into the last layer: dl_model_compile refuses one before, say, a dropout.)
   DL_CATEGORICAL_CROSSENTROPY compares with rows of probabilities, one-hot or soft: the data set's
   targets, or its labels, which are made one-hot (Keras leaves that to to_categorical). The sparse
   one takes labels only; for labels both give the same numbers. */
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

/* An optimizer for n parameters, which must outlive it; it owns its moments and touches only these
   tensors. NULL when an option is out of range, a parameter is not one, or without memory. Free
   with dl_optimizer_free or dl_free. */
DL_DEF dl_optimizer *dl_optimizer_new(dl_ctx *dl, dl_optim desc, dl_tensor *const *params, int n);
DL_DEF void dl_optimizer_free(dl_optimizer *o);

/* Set the gradients of its parameters to zero. */
DL_DEF void dl_optimizer_zero_grad(dl_optimizer *o);

/* One update of all its parameters that are not frozen. Clipping and l1, l2 change grad in place.
   False, and nothing updated, when a gradient is NaN or infinite under clip_norm. */
DL_DEF bool dl_optimizer_step(dl_optimizer *o);

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
   or dl_free. When a layer can't be added, dl_model_compile and dl_model_forward fail, too, until
   dl_clear_error: no network is trained that lacks a layer. */
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

/* Options of dl_model_fit; dl_fit_default fills in Keras' defaults, except for early stopping (in
   Keras: patience 0, and the last weights stay). */
typedef struct dl_fit {
    int    epochs;                /* 1                                                        */
    int    batch_size;            /* 32                                                       */
    bool   shuffle;               /* true: a new order every epoch                            */
    const dl_data *validation;    /* NULL: none                                               */
    double validation_split;      /* 0; else the last fraction of the training data, as it lies
                                     there: a bad choice for sorted data, such as MNIST, whose
                                     images are ordered by writer (its last ones are easier)   */
    bool   early_stopping;        /* false; stop when val_loss (loss without validation) has  */
    int    patience;              /* 3      not improved by min_delta for so many epochs      */
    double min_delta;             /* 0                                                        */
    bool   restore_best;          /* true: and take the best epoch's weights back             */
    dl_schedule schedule;         /* constant; counts epochs. Afterwards the optimizer has
                                     the learning rate back that it had before                */
    const dl_augment *augment;    /* NULL; else changes the images of every training batch    */
    int    verbose;               /* 1: a progress bar on a terminal, else a line an epoch;
                                     2: a line an epoch; 0: nothing                           */
    /* Called after each epoch; return false to stop. What it records on the tape is released. */
    bool (*on_epoch)(dl_model *m, const dl_epoch *e, void *user);
    void  *user;
} dl_fit;
DL_DEF dl_fit dl_fit_default(void);

/* Train. data holds samples of the model's input shape. False, with the weights as they are then
   (early stopping: the best epoch's), when something fails; a loss or a weight that becomes NaN or
   infinite stops with the layer's name.
   @F S0-2 S1-3.2 S2-3 S3-3.3 S4-3: the training loop */
DL_DEF bool dl_model_fit(dl_model *m, const dl_data *data, const dl_fit *options);

/* What the epochs of the last fit gave: *n of them, owned by the model. */
DL_DEF const dl_epoch *dl_model_history(const dl_model *m, int *n);

/* Loss (with the layers' penalties, as in training) and accuracy (NaN for a regression) over a
   data set, in evaluation mode. Changes nothing. Both NaN on failure. */
typedef struct dl_metrics { double loss, accuracy; } dl_metrics;
DL_DEF dl_metrics dl_model_evaluate(dl_model *m, const dl_data *data);

/* Its optimizer since dl_model_compile (to change the learning rate, say); the model owns it. */
DL_DEF dl_optimizer *dl_model_optimizer(const dl_model *m);

/* The outputs (probabilities after a softmax) for a batch x [N,...], in evaluation mode, without
   gradient; on the tape. */
DL_DEF dl_tensor *dl_model_predict(dl_model *m, dl_tensor *x);

/* The layers' output for x [N,...] in the context's mode, recorded: a model as a part of a formula
   on floor 2. */
DL_DEF dl_tensor *dl_model_forward(dl_model *m, dl_tensor *x);

/* Parameters: how many tensors they are; how many numbers that makes (Keras' count_params); the
   i-th tensor; the one with a name (NULL when there is none); all, as an array of
   dl_model_tensor_count(m) owned by the model. To freeze the first layer:
   dl_freeze(dl_model_params(m), 2). */
DL_DEF int dl_model_tensor_count(const dl_model *m);
DL_DEF int64_t dl_model_param_count(const dl_model *m);
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

/* Errors of n predicted numbers: mse = mean of (t - p)^2, rmse its root, mae = mean of |t - p|,
   r2 = 1 - sum (t - p)^2 / sum (t - mean t)^2: 1 is perfect, 0 no better than the mean. When all t
   are equal, r2 is 1 for p = t, else 0, as in scikit-learn. All NaN when n < 1, and on failure. */
typedef struct dl_regression { double mse, rmse, mae, r2; } dl_regression;
DL_DEF dl_regression dl_regression_of(const dl_real *predicted, const dl_real *target, dl_int n);
/* The same of a compiled model's outputs for a data set with targets. */
DL_DEF dl_regression dl_model_regression(dl_model *m, const dl_data *data);

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

/* Images and labels in IDX, the format of MNIST: big-endian, magic 00 00 08 rank. Samples are
   [1,H,W]. Checked: magic, counts, lengths, label range. classes 0: the largest label + 1.
   labels NULL: data without labels. The bytes are copied. NULL with a message on failure. */
DL_DEF dl_data *dl_idx_from_memory(dl_ctx *dl, const void *images, size_t image_bytes,
                                   const void *labels, size_t label_bytes, int classes);
#ifndef DL_NO_STDIO
/* The same from two files (labels may be NULL). */
DL_DEF dl_data *dl_idx_load(dl_ctx *dl, const char *images, const char *labels, int classes);

/* MNIST (or Fashion-MNIST) from the four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
   t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte in a directory: [1,28,28], 10 classes. NULL
   with a message on failure. */
DL_DEF dl_data *dl_mnist_load(dl_ctx *dl, const char *dir, dl_split split);
#endif

/* Free a data set; views of it stay valid. */
DL_DEF void dl_data_free(dl_data *d);

/* Views that share storage: count samples from first on; and a split in two, the second with the
   last fraction (0 .. 1) of the samples, rounded to a whole number of them. */
DL_DEF dl_data *dl_data_take(const dl_data *d, dl_int first, dl_int count);
DL_DEF bool dl_data_split(const dl_data *d, double fraction, dl_data **first, dl_data **second);

/* Sample i as a batch of one [1,...] on the tape, its numbers scaled. NULL when i is outside. */
DL_DEF dl_tensor *dl_data_sample(const dl_data *d, dl_int i);

/* A mini-batch: x [N,...] on the tape; labels[N] (owned by the loader, until the next batch) or
   targets y [N,...] on the tape, whichever the data has, else NULL. */
typedef struct dl_batch {
    dl_tensor     *x, *y;
    const int32_t *labels;
    dl_int         size;      /* N; the last batch of an epoch may be smaller                */
    dl_int         number;    /* 0, 1, ... in this epoch                                      */
} dl_batch;

/* Mini-batches of a data set, in a new random order every epoch when shuffle is true. Free with
   dl_loader_free or dl_free. It keeps the storage alive: the data set may be freed first. NULL
   with a message for a batch size below 1 or an empty data set. */
DL_DEF dl_loader *dl_loader_new(const dl_data *d, dl_int batch_size, bool shuffle);
DL_DEF void dl_loader_free(dl_loader *l);

/* The next batch; false at the end of the epoch (the next call starts a new one) and on failure
   (dl_error tells which; batch is left as it was).
   while (dl_loader_next(loader, &batch)) { ... } is one epoch. */
DL_DEF bool dl_loader_next(dl_loader *l, dl_batch *batch);

/* Batches in an epoch. */
DL_DEF dl_int dl_loader_batch_count(const dl_loader *l);

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

/* x [N,C,H,W] changed as a tells (with noise alone any shape): a new tensor on the tape, without
   gradient. Random numbers from r, or with NULL from the context's stream; one seed, one result.
   NULL on failure. */
DL_DEF dl_tensor *dl_augment_batch(dl_tensor *x, const dl_augment *a, dl_rng *r);

/* ------------------------------------------------------------------------------- >>files ---- */

#ifndef DL_NO_STDIO
/* Write all parameters (and running statistics) of a model as safetensors (a JSON header of names,
   shapes and offsets, then little-endian floats); PyTorch's safetensors reads it. The layers
   themselves are not written: build the model anew, then load. False on failure, the old file
   kept. */
DL_DEF bool dl_model_save_weights(const dl_model *m, const char *path);

/* Read them back into a model with the same layers; names and shapes must match. False, and the
   model as it was, on failure. */
DL_DEF bool dl_model_load_weights(dl_model *m, const char *path);
#endif
/* The same from a buffer. */
DL_DEF bool dl_model_load_weights_from_memory(dl_model *m, const void *bytes, size_t size);

#ifndef DL_NO_STDIO
/* The same for nets of floor 2: write n tensors (parameters, states) of this context, and read them
   back into n tensors with the same names and shapes, in any order. One without a name goes by its
   number in the list: "0", "1", ... False on failure: the old file is kept, the tensors are as they
   were. */
DL_DEF bool dl_save(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n);
DL_DEF bool dl_load(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n);
#endif
/* Read them from a buffer. */
DL_DEF bool dl_load_from_memory(dl_ctx *dl, const void *bytes, size_t size,
                                dl_tensor *const *tensors, int n);

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
#endif /* DL_H_INCLUDED */

/* ==============================================================================================
   Implementation: the same rooms in the same order.
   ============================================================================================== */
#if defined(DL_IMPLEMENTATION) && !defined(DL_IMPLEMENTED)
#define DL_IMPLEMENTED

/* ----------------------------------------------------------------------- >>platform-impl ---- */

#if !defined(DL_MALLOC) && !defined(DL_REALLOC) && !defined(DL_FREE)
#include <stdlib.h>
#define DL_MALLOC(n)     malloc(n)
#define DL_REALLOC(p, n) realloc(p, n)
#define DL_FREE(p)       free(p)
#elif !defined(DL_MALLOC) || !defined(DL_REALLOC) || !defined(DL_FREE)
#error "dl.h: define all of DL_MALLOC, DL_REALLOC and DL_FREE, or none of them"
#endif

#include <float.h>
#include <stdarg.h>
#include <stdio.h>   /* vsnprintf; everything that prints or opens files is under DL_NO_STDIO */
#include <string.h>
#include <time.h>

#if defined(__FAST_MATH__)
#error "dl.h: -ffast-math and -Ofast take away every check for NaN; use -O2 or -O3"
#endif

#if defined(_OPENMP) && !defined(DL_NO_THREADS)
#include <omp.h>
#define DLI_OPENMP 1
#else
#define DLI_OPENMP 0
#endif

#if defined(DL_USE_CBLAS) && !defined(DL_REFERENCE)
#include <cblas.h>
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

#ifndef DL_NO_STDIO
#if defined(_WIN32)
#include <io.h>
static bool dli_is_terminal(void) { return _isatty(1) != 0; }
#elif defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
static bool dli_is_terminal(void) { return isatty(1) != 0; }
#else
static bool dli_is_terminal(void) { return false; }
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
#elif DLI_SIMD
#define DLI_VEC_CODE
#define DLI_UNROLL _Pragma("clang loop unroll(full)")
#define DLI_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define DLI_VEC_CODE
#define DLI_UNROLL
#define DLI_IVDEP
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

/* What is known about jobs of one size: see dli_job_start. */
typedef struct dli_job { double size, seconds[2]; int runs, next, gap; } dli_job;
#define DLI_JOBS 64

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
    size_t      tape_bytes, tape_limit;
    void       *work;                          /* scratch for one operation at a time           */
    size_t      work_size;
    const struct dli_fast *fast;               /* this CPU's functions, NULL for plain kernels  */
    void       *product_memory, *product_work; /* where matrix products pack; the same, aligned */
    dli_job     job[DLI_JOBS];                 /* how long work took with one and all threads   */
    char        info[160];
};

#define DLI_TEXT(code, text) text,
static const char *const dli_code_texts[] = { DL_ERRORS(DLI_TEXT) };
#undef DLI_TEXT

DL_DEF const char *dl_code_text(dl_code code)
{
    int i = (int)code;
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
    vsnprintf(dl->text, sizeof dl->text, format, args);
    va_end(args);
    if (dl->error_fn) dl->error_fn(code, dl->text, dl->error_user);
#ifndef DL_NO_STDIO
    else fprintf(stderr, "dl.h: %s\n", dl->text);
#endif
    return false;
}

static bool dli_no_memory(dl_ctx *c, const char *who, size_t bytes)
{
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

/* size zeroed bytes that the context owns; destroy is called before they are freed. */
static void *dli_object_new(dl_ctx *c, const char *who, size_t size, void (*destroy)(void *))
{
    dli_object *o;
    if (size > SIZE_MAX / 2) return dli_no_memory(c, who, size), (void *)NULL;
    o = (dli_object *)DL_MALLOC(sizeof *o + size);
    if (!o) return dli_no_memory(c, who, size), (void *)NULL;
    memset(o, 0, sizeof *o + size);
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
    dli_object *o;
    if (!object) return;
    o = (dli_object *)object - 1;
    if (o->destroy) o->destroy(object);
    o->prev->next = o->next;
    o->next->prev = o->prev;
    DL_FREE(o);
}

/* Plain memory that its owner frees with DL_FREE; count elements of size bytes, zeroed. */
static void *dli_alloc(dl_ctx *c, const char *who, size_t count, size_t size)
{
    void *p = NULL;
    if (count == 0) count = 1;
    if (size <= SIZE_MAX / count) p = DL_MALLOC(count * size);
    if (!p) return dli_no_memory(c, who, size > SIZE_MAX / count ? SIZE_MAX : count * size),
                   (void *)NULL;
    memset(p, 0, count * size);
    return p;
}

/* Scratch memory for the operation at hand, aligned; the next call may hand out the same. */
static void *dli_work(dl_ctx *c, const char *who, size_t bytes)
{
    if (bytes > c->work_size) {
        void *p = bytes < SIZE_MAX - DLI_ALIGN ? DL_MALLOC(bytes + DLI_ALIGN) : NULL;
        if (!p) return dli_no_memory(c, who, bytes), (void *)NULL;
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
    dl_ctx *c;
    int threads = 1;
    if (real_size != sizeof(dl_real) || version != DL_VERSION) {
#ifndef DL_NO_STDIO
        fprintf(stderr, "dl.h: dl_new: this file was compiled with version %d and %d-byte "
                "numbers, the implementation with %d and %d; define DL_REAL alike "
                "in all files and rebuild them\n", version, (int)real_size, DL_VERSION,
                (int)sizeof(dl_real));
#endif
        return NULL;
    }
    c = (dl_ctx *)DL_MALLOC(sizeof *c);
    if (!c) return NULL;
    memset(c, 0, sizeof *c);
    c->objects.prev = c->objects.next = &c->objects;
    c->seed = seed;
    c->rng = dl_rng_new(seed, 0);
    c->training = true;
    c->generation = 1;
    c->tape_limit = (size_t)(sizeof(void *) > 4 ? UINT64_C(1) << 32 : UINT64_C(1) << 30);
#if DLI_OPENMP
    threads = omp_get_max_threads();
    if (threads > DLI_THREADS_MAX) threads = DLI_THREADS_MAX;
#endif
    if (!dli_fast_start(c, threads)) {
        DL_FREE(c);
        return NULL;
    }
    return c;
}

DL_DEF void dl_free(dl_ctx *dl)
{
    int i, s;
    if (!dl) return;
    dl->closing = true;
    while (dl->objects.next != &dl->objects) dli_object_free(dl->objects.next + 1);
    for (i = 0; i < dl->arena.chunks; i++) {
        DLI_UNPOISON(dl->arena.base[i], (size_t)dl->arena.size[i]);
        DL_FREE(dl->arena.memory[i]);
    }
    for (s = 0; s < 2; s++)
        for (i = 0; i < dl->slab[s].blocks; i++) DL_FREE(dl->slab[s].block[i]);
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
    return true;
}

DL_DEF int dl_threads(const dl_ctx *dl) { return dl ? dl->threads : 0; }

DL_DEF const char *dl_info(dl_ctx *dl)
{
    if (!dl) return "";
    snprintf(dl->info, sizeof dl->info, "dl.h %d.%d.%d, %s, %s, %d thread%s", DL_VERSION_MAJOR,
             DL_VERSION_MINOR, DL_VERSION_PATCH, DLI_DOUBLE ? "double" : "float",
             dli_fast_name(dl), dl->threads, dl->threads == 1 ? "" : "s");
    return dl->info;
}

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
    dl_rng r;
    r.key = dli_hash(dli_mix(seed), dli_mix(stream + 1));
    r.counter = 0;
    return r;
}

DL_DEF dl_rng *dl_ctx_rng(dl_ctx *dl) { return dl ? &dl->rng : NULL; }

DL_DEF uint64_t dl_rng_u64(dl_rng *r) { return r ? dli_hash(r->key, r->counter++) : 0; }

DL_DEF double dl_rng_uniform(dl_rng *r)
{
    if (!r) return (double)NAN;
    return (double)(dl_rng_u64(r) >> 11) * (1.0 / 9007199254740992.0);      /* 2^-53 */
}

DL_DEF double dl_rng_normal(dl_rng *r)
{
    double u1 = 1.0 - dl_rng_uniform(r);                                    /* in (0, 1] */
    double u2 = dl_rng_uniform(r);
    return sqrt(-2.0 * log(u1)) * cos(6.283185307179586 * u2);
}

DL_DEF dl_int dl_rng_int(dl_rng *r, dl_int n)
{
    uint64_t range = (uint64_t)n, limit, u;
    if (!r || n < 1) return 0;
    limit = UINT64_MAX - UINT64_MAX % range;   /* a multiple of n, so no number is favoured */
    do u = dl_rng_u64(r); while (u >= limit);
    return (dl_int)(u % range);
}

DL_DEF void dl_rng_permutation(dl_rng *r, int32_t *order, dl_int n)
{
    dl_int i;
    if (!r || !order) return;
    for (i = 0; i < n; i++) order[i] = (int32_t)i;
    for (i = n - 1; i > 0; i--) {
        dl_int j = dl_rng_int(r, i + 1);
        int32_t t = order[i];
        order[i] = order[j];
        order[j] = t;
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

/* ---- images: convolution, pooling, normalization ---- */

/* Six loops: for every output, over everything that the kernel looks at from there. Group g of the
   outputs sees only group g of the inputs: channel c0 and the C/groups - 1 after it. */
DL_DEF void dlk_conv2d_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *b,
                               const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups;
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int m = 0; m < s->M; m++) {
            const dl_int c0 = n * s->C + m / Mg * Cg;           /* first input plane it sees */
            for (dl_int p = 0; p < s->OH; p++)
                for (dl_int q = 0; q < s->OW; q++) {
                    dl_real sum = b ? b[m] : 0;
                    for (dl_int c = 0; c < Cg; c++)
                        for (dl_int u = 0; u < s->KH; u++)
                            for (dl_int v = 0; v < s->KW; v++) {
                                const dl_int i = p * s->stride_h + u * s->dilation_h - s->top;
                                const dl_int j = q * s->stride_w + v * s->dilation_w - s->left;
                                if (i < 0 || i >= s->H || j < 0 || j >= s->W) continue;
                                sum += x[((c0 + c) * s->H + i) * s->W + j] *
                                       w[((m * Cg + c) * s->KH + u) * s->KW + v];
                            }
                    y[((n * s->M + m) * s->OH + p) * s->OW + q] = sum;
                }
        }
}

/* forward: sum += x[n,c,i,j] w[m,c,u,v]
   The same loops again: each product sends dy times the one factor to the other. */
DL_DEF void dlk_conv2d_backward(dl_real *dx, dl_real *dw, dl_real *db, const dl_real *dy,
                                const dl_real *x, const dl_real *w, const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups;
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int m = 0; m < s->M; m++) {
            const dl_int c0 = n * s->C + m / Mg * Cg;
            for (dl_int p = 0; p < s->OH; p++)
                for (dl_int q = 0; q < s->OW; q++) {
                    const dl_real g = dy[((n * s->M + m) * s->OH + p) * s->OW + q];
                    if (db) db[m] += g;
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

/* What conv2d's backward does to dx, with x in the place of dy: every input paints the kernel,
   times itself, onto the output. */
DL_DEF void dlk_conv_transpose2d_forward(dl_real *y, const dl_real *x, const dl_real *w,
                                         const dl_real *b, const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups, size = s->OH * s->OW;
    for (dl_int k = 0; k < s->N * s->M; k++)
        for (dl_int i = 0; i < size; i++) y[k * size + i] = b ? b[k % s->M] : 0;
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int c = 0; c < s->C; c++) {
            const dl_int m0 = n * s->M + c / Cg * Mg;           /* first output plane it paints */
            for (dl_int i = 0; i < s->H; i++)
                for (dl_int j = 0; j < s->W; j++)
                    for (dl_int m = 0; m < Mg; m++)
                        for (dl_int u = 0; u < s->KH; u++)
                            for (dl_int v = 0; v < s->KW; v++) {
                                const dl_int p = i * s->stride_h + u * s->dilation_h - s->top;
                                const dl_int q = j * s->stride_w + v * s->dilation_w - s->left;
                                if (p < 0 || p >= s->OH || q < 0 || q >= s->OW) continue;
                                y[((m0 + m) * s->OH + p) * s->OW + q] +=
                                    x[((n * s->C + c) * s->H + i) * s->W + j] *
                                    w[((c * Mg + m) * s->KH + u) * s->KW + v];
                            }
        }
}

/* forward: y[n,m,p,q] += x[n,c,i,j] w[c,m,u,v] */
DL_DEF void dlk_conv_transpose2d_backward(dl_real *dx, dl_real *dw, dl_real *db,
                                          const dl_real *dy, const dl_real *x, const dl_real *w,
                                          const dlk_conv2d_size *s)
{
    const dl_int Cg = s->C / s->groups, Mg = s->M / s->groups, size = s->OH * s->OW;
    if (db)
        for (dl_int k = 0; k < s->N * s->M; k++)
            for (dl_int i = 0; i < size; i++) db[k % s->M] += dy[k * size + i];
    for (dl_int n = 0; n < s->N; n++)
        for (dl_int c = 0; c < s->C; c++) {
            const dl_int m0 = n * s->M + c / Cg * Mg;
            for (dl_int i = 0; i < s->H; i++)
                for (dl_int j = 0; j < s->W; j++)
                    for (dl_int m = 0; m < Mg; m++)
                        for (dl_int u = 0; u < s->KH; u++)
                            for (dl_int v = 0; v < s->KW; v++) {
                                const dl_int p = i * s->stride_h + u * s->dilation_h - s->top;
                                const dl_int q = j * s->stride_w + v * s->dilation_w - s->left;
                                const dl_int at_x = ((n * s->C + c) * s->H + i) * s->W + j;
                                const dl_int at_y = ((m0 + m) * s->OH + p) * s->OW + q;
                                const dl_int at_w = ((c * Mg + m) * s->KH + u) * s->KW + v;
                                if (p < 0 || p >= s->OH || q < 0 || q >= s->OW) continue;
                                if (dx) dx[at_x] += dy[at_y] * w[at_w];
                                if (dw) dw[at_w] += dy[at_y] * x[at_x];
                            }
        }
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
static void dli_window(dl_int *begin, dl_int *end, dl_int start, dl_int kernel, dl_int size)
{
    *begin = start < 0 ? 0 : start;
    *end = start + kernel > size ? size : start + kernel;
}

/* best is kept only while it is at least as large as what comes: a NaN that comes fails the
   comparison and takes over, and a NaN that is there (best != best) stays. */
DL_DEF void dlk_max_pool2d_forward(dl_real *y, int32_t *at, const dl_real *x,
                                   const dlk_pool2d_size *s)
{
    dl_int i0, i1, j0, j1;
    for (dl_int k = 0; k < s->planes; k++, x += s->H * s->W)
        for (dl_int p = 0; p < s->OH; p++)
            for (dl_int q = 0; q < s->OW; q++) {
                dli_window(&i0, &i1, p * s->stride_h - s->top, s->KH, s->H);
                dli_window(&j0, &j1, q * s->stride_w - s->left, s->KW, s->W);
                dl_int first = i0 * s->W + j0;
                dl_real best = x[first];
                for (dl_int i = i0; i < i1; i++)
                    for (dl_int j = j0; j < j1; j++)
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
    dl_int i0, i1, j0, j1;
    for (dl_int k = 0; k < s->planes; k++, x += s->H * s->W)
        for (dl_int p = 0; p < s->OH; p++)
            for (dl_int q = 0; q < s->OW; q++) {
                double sum = 0;
                dli_window(&i0, &i1, p * s->stride_h - s->top, s->KH, s->H);
                dli_window(&j0, &j1, q * s->stride_w - s->left, s->KW, s->W);
                const dl_int count = count_padding ? s->KH * s->KW : (i1 - i0) * (j1 - j0);
                for (dl_int i = i0; i < i1; i++)
                    for (dl_int j = j0; j < j1; j++) sum += (double)x[i * s->W + j];
                *y++ = (dl_real)(sum / (double)count);
            }
}

/* forward: y[k,p,q] = sum / count; each of the summands has the derivative 1 / count */
DL_DEF void dlk_avg_pool2d_backward(dl_real *dx, const dl_real *dy, const dlk_pool2d_size *s,
                                    bool count_padding)
{
    dl_int i0, i1, j0, j1;
    for (dl_int k = 0; k < s->planes; k++, dx += s->H * s->W)
        for (dl_int p = 0; p < s->OH; p++)
            for (dl_int q = 0; q < s->OW; q++) {
                dli_window(&i0, &i1, p * s->stride_h - s->top, s->KH, s->H);
                dli_window(&j0, &j1, q * s->stride_w - s->left, s->KW, s->W);
                const dl_int count = count_padding ? s->KH * s->KW : (i1 - i0) * (j1 - j0);
                const dl_real g = (dl_real)((double)*dy++ / (double)count);
                for (dl_int i = i0; i < i1; i++)
                    for (dl_int j = j0; j < j1; j++) dx[i * s->W + j] += g;
            }
}

/* First the mean, then the squares around it: the mean of the squares minus the square of the mean
   would be one pass, but loses all digits when the mean is large. */
DL_DEF void dlk_batch_stats(dl_real *mean, dl_real *var, const dl_real *x,
                            dl_int N, dl_int C, dl_int S)
{
    const double count = (double)N * (double)S;
    for (dl_int c = 0; c < C; c++) {
        double sum = 0, squares = 0;
        for (dl_int n = 0; n < N; n++)
            for (dl_int i = 0; i < S; i++) sum += (double)x[(n * C + c) * S + i];
        for (dl_int n = 0; n < N; n++)
            for (dl_int i = 0; i < S; i++) {
                const double d = (double)x[(n * C + c) * S + i] - sum / count;
                squares += d * d;
            }
        mean[c] = (dl_real)(sum / count);
        var[c] = (dl_real)(squares / count);
    }
}

DL_DEF void dlk_batch_norm_forward(dl_real *y, const dl_real *x, const dl_real *mean,
                                   const dl_real *var, const dl_real *w, const dl_real *b,
                                   dl_int N, dl_int C, dl_int S, double eps)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int c = 0; c < C; c++) {
            const double scale = (w ? (double)w[c] : 1) / sqrt((double)var[c] + eps);
            const double shift = b ? (double)b[c] : 0;
            for (dl_int i = (n * C + c) * S; i < (n * C + c + 1) * S; i++)
                y[i] = (dl_real)(scale * ((double)x[i] - (double)mean[c]) + shift);
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
        double sum = 0, sum_h = 0;                              /* of dy and of dy h */
        for (dl_int n = 0; n < N; n++)
            for (dl_int i = (n * C + c) * S; i < (n * C + c + 1) * S; i++) {
                sum += (double)dy[i];
                sum_h += (double)dy[i] * ((double)x[i] - m) * r;
            }
        if (dw) dw[c] += (dl_real)sum_h;
        if (db) db[c] += (dl_real)sum;
        for (dl_int n = 0; dx && n < N; n++)
            for (dl_int i = (n * C + c) * S; i < (n * C + c + 1) * S; i++) {
                const double h = ((double)x[i] - m) * r;
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
        double sum = 0, squares = 0;
        for (dl_int i = 0; i < D; i++) sum += (double)x[i];
        for (dl_int i = 0; i < D; i++) {
            const double d = (double)x[i] - sum / (double)D;
            squares += d * d;
        }
        mean[k] = (dl_real)(sum / (double)D);
        var[k] = (dl_real)(squares / (double)D);
        const double r = 1 / sqrt((double)var[k] + eps);
        for (dl_int i = 0; i < D; i++) {
            const dl_int c = c0 + i / S;
            const double h = ((double)x[i] - (double)mean[k]) * r;
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
        const double m = (double)mean[k], r = 1 / sqrt((double)var[k] + eps);
        double sum = 0, sum_h = 0;                              /* of g and of g h */
        for (dl_int i = 0; i < D; i++) {
            const dl_int c = c0 + i / S;
            const double d = (double)dy[at + i], h = ((double)x[at + i] - m) * r;
            const double g = w ? d * (double)w[c] : d;
            sum += g;
            sum_h += g * h;
            if (dw) dw[c] += (dl_real)(d * h);
            if (db) db[c] += (dl_real)d;
        }
        for (dl_int i = 0; dx && i < D; i++) {
            const double h = ((double)x[at + i] - m) * r;
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

/* forward: h_t, c_t = gates(W_ih x_t + b_ih, W_hh h_{t-1} + b_hh, h_{t-1}, c_{t-1}), y_t = h_t. From
   the last step to the first; dh and dc have what came from the steps after t. */
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
            p[j] = hidden ? 0 : (dl_real)(exp((double)p[j] - max) / sum);
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
    for (dl_int i = 0; i < R; i++)
        for (dl_int j = 0; j < S; j++) {
            p[i * S + j] = 0;
            for (dl_int d = 0; d < D; d++) p[i * S + j] += q[i * D + d] * k[j * D + d];
        }
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

/* --------------------------------------------------------------------------- >>fast-impl ---- */

#if !DLI_DOUBLE && !defined(DL_REFERENCE)
#define DLI_FAST 1
#else
#define DLI_FAST 0
#endif

/* What is done with the sums of a convolution before they are written: nothing, ReLU, ReLU and
   2 x 2 max-pooling. Writing first and doing it in a second pass costs more than the sums. */
typedef enum dli_conv_end { DLI_END_LINEAR, DLI_END_RELU, DLI_END_RELU_POOL } dli_conv_end;

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

DLI_INLINE dl_int dli_min(dl_int a, dl_int b) { return a < b ? a : b; }
DLI_INLINE dl_int dli_ceil_div(dl_int a, dl_int b) { return (a + b - 1) / b; }

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

/* GELU is x Phi(x), Phi the normal distribution; its slope is Phi(x) + x Phi'(x). The tail of Phi
   is exp(-a^2/2) t P(t) with t = 1 / (1 + 0.35 a), a = |x|, P of degree 8, relative error 3.2e-8
   on [0, 14]. Returns Phi(x) and its slope. */
DLI_INLINE float dli_normal(float x, float *slope)
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
    *slope = e * 0.398942280f;
    return dli_select(x < 0.0f, p, 1.0f - p);
}
/* The tanh form of GELU puts (1 + tanh u) / 2 = sigmoid(2u) for Phi, with
   u = sqrt(2 / pi) (x + 0.044715 x^3). */
DLI_INLINE float dli_normal_tanh(float x, float *slope)
{
    float u = 1.59576912f * (x + 0.044715f * x * x * x), d, s = dli_sigmoid_slope(u, &d);
    *slope = d * (1.59576912f * (1.0f + 0.134145f * x * x));
    return s;
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

/* ---- loops over arrays: one plain body each ----
   Above each body stands its line, result, name, parameters and arguments, as a macro: DLI_BODY
   makes the head of the body from it, and the table of functions (DLI_OPS, below) a field, and a
   copy of the body for every instruction set.
   In place (y == x) is allowed wherever both are named; nothing else may overlap. A function
   with `add` adds to its result instead of overwriting it. */

#define DLI_BODY(ret, name, params, args) DLI_INLINE ret dli_##name##_body params

/* Bodies of one shape: y = f(x), and its backward, dx = or += dy slope. */
#define DLI_MAP(X, name) X(void, name, (float *y, const float *x, dl_int n), (y, x, n))
#define DLI_MAP_BACK(X, name) X(void, name, \
    (float *dx, const float *dy, const float *x, dl_int n, int add), (dx, dy, x, n, add))
/* v if on, else 0, by a mask that is made before the loop: one loop serves both. */
DLI_INLINE uint32_t dli_mask(int on) { return on ? 0xFFFFFFFFu : 0u; }
DLI_INLINE float dli_masked(float v, uint32_t mask)
{
    return dli_float_of_bits(dli_bits_of_float(v) & mask);
}

#define DLI_vexp(X) DLI_MAP(X, vexp)
DLI_vexp(DLI_BODY)
{
    for (dl_int i = 0; i < n; i++) y[i] = dli_expf(x[i]);
}
#define DLI_vtanh(X) DLI_MAP(X, vtanh)
DLI_vtanh(DLI_BODY)
{
    for (dl_int i = 0; i < n; i++) y[i] = dli_tanhf(x[i]);
}
#define DLI_vsigmoid(X) DLI_MAP(X, vsigmoid)
DLI_vsigmoid(DLI_BODY)
{
    for (dl_int i = 0; i < n; i++) y[i] = dli_sigmoidf(x[i]);
}
#define DLI_vrelu(X) DLI_MAP(X, vrelu)
DLI_vrelu(DLI_BODY)
{
    for (dl_int i = 0; i < n; i++) y[i] = x[i] < 0.0f ? 0.0f : x[i];     /* lets NaN through */
}
#define DLI_vtanh_back(X) DLI_MAP_BACK(X, vtanh_back)
DLI_vtanh_back(DLI_BODY)                     /* x is the output */
{
    const uint32_t old = dli_mask(add);
    for (dl_int i = 0; i < n; i++) {
        const float v = x[i], g = dy[i];
        dx[i] = dli_masked(dx[i], old) + g * (1.0f - v * v);
    }
}
#define DLI_vsigmoid_back(X) DLI_MAP_BACK(X, vsigmoid_back)
DLI_vsigmoid_back(DLI_BODY)                     /* x is the output */
{
    const uint32_t old = dli_mask(add);
    for (dl_int i = 0; i < n; i++) {
        const float v = x[i], g = dy[i];
        dx[i] = dli_masked(dx[i], old) + g * (v * (1.0f - v));
    }
}
#define DLI_vrelu_back(X) DLI_MAP_BACK(X, vrelu_back)
DLI_vrelu_back(DLI_BODY)                     /* x is input or output */
{
    const uint32_t old = dli_mask(add);
    for (dl_int i = 0; i < n; i++) {
        const float v = x[i], g = dy[i];
        dx[i] = dli_masked(dx[i], old) + dli_select(v <= 0.0f, 0.0f, g);
    }
}

/* Phi and its slope, in either form, for GELU */
#define DLI_normals(X) X(void, normals, \
    (float *DLI_RESTRICT phi, float *DLI_RESTRICT slope, const float *DLI_RESTRICT x, dl_int n), \
    (phi, slope, x, n))
DLI_normals(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) phi[i] = dli_normal(x[i], &slope[i]);
}
#define DLI_normals_tanh(X) X(void, normals_tanh, \
    (float *DLI_RESTRICT phi, float *DLI_RESTRICT slope, const float *DLI_RESTRICT x, dl_int n), \
    (phi, slope, x, n))
DLI_normals_tanh(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) phi[i] = dli_normal_tanh(x[i], &slope[i]);
}
#define DLI_offset(X) X(void, offset, (float *y, float a, const float *x, dl_int n), (y, a, x, n))
DLI_offset(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = x[i] + a;
}
#define DLI_axpy(X) X(void, axpy, (float *y, float a, const float *x, dl_int n), (y, a, x, n))
DLI_axpy(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] += a * x[i];
}
#define DLI_scale(X) X(void, scale, (float *y, float a, const float *x, dl_int n), (y, a, x, n))
DLI_scale(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a * x[i];
}
#define DLI_add(X) X(void, add, (float *y, const float *a, const float *b, dl_int n), (y, a, b, n))
DLI_add(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a[i] + b[i];
}
#define DLI_mul(X) X(void, mul, (float *y, const float *a, const float *b, dl_int n), (y, a, b, n))
DLI_mul(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a[i] * b[i];
}
#define DLI_bytes(X) X(void, bytes, \
    (float *y, const unsigned char *x, dl_int n, float scale), (y, x, n, scale))
DLI_bytes(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = (float)x[i] * scale;
}
/* Bias and ReLU on a block of C: col[j] is added down each column, row[i] along each row. */
#define DLI_bias_act(X) X(void, bias_act, \
    (float *c, dl_int ldc, dl_int m, dl_int n, const float *col, const float *row, int relu), \
    (c, ldc, m, n, col, row, relu))
DLI_bias_act(DLI_BODY)
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
#define DLI_col_sums(X) X(void, col_sums, \
    (float *s, const float *x, dl_int ldx, dl_int m, dl_int n), (s, x, ldx, m, n))
DLI_col_sums(DLI_BODY)
{
    dl_int i, j;
    for (i = 0; i + 4 <= m; i += 4, x += 4 * ldx)
        for (j = 0; j < n; j++)
            s[j] += (x[j] + x[ldx + j]) + (x[2 * ldx + j] + x[3 * ldx + j]);
    for (; i < m; i++, x += ldx)
        for (j = 0; j < n; j++) s[j] += x[j];
}
/* y[j] = sum of a[i] b[j * ldb + i], i < k, for j < n: four rows of b at a time, 16 sums each. */
#define DLI_dots(X) X(void, dots, \
    (float *DLI_RESTRICT y, const float *DLI_RESTRICT a, const float *DLI_RESTRICT b, dl_int ldb, \
     dl_int n, dl_int k), \
    (y, a, b, ldb, n, k))
DLI_dots(DLI_BODY)
{
    dl_int j, i, l, q;
    for (j = 0; j < n; j += 4) {
        const float *r0 = b + j * ldb, *r1 = b + dli_min(j + 1, n - 1) * ldb;
        const float *r2 = b + dli_min(j + 2, n - 1) * ldb, *r3 = b + dli_min(j + 3, n - 1) * ldb;
        float s0[16] = { 0 }, s1[16] = { 0 }, s2[16] = { 0 }, s3[16] = { 0 }, t[4] = { 0 };
        for (i = 0; i + 16 <= k; i += 16) {
            for (l = 0; l < 16; l++) s0[l] += a[i + l] * r0[i + l];
            for (l = 0; l < 16; l++) s1[l] += a[i + l] * r1[i + l];
            for (l = 0; l < 16; l++) s2[l] += a[i + l] * r2[i + l];
            for (l = 0; l < 16; l++) s3[l] += a[i + l] * r3[i + l];
        }
        for (l = 0; i + l < k; l++) {
            s0[l] += a[i + l] * r0[i + l];
            s1[l] += a[i + l] * r1[i + l];
            s2[l] += a[i + l] * r2[i + l];
            s3[l] += a[i + l] * r3[i + l];
        }
        for (l = 0; l < 16; l++) {
            t[0] += s0[l];
            t[1] += s1[l];
            t[2] += s2[l];
            t[3] += s3[l];
        }
        for (q = 0; q < 4 && j + q < n; q++) y[j + q] = t[q];
    }
}
/* 16 running sums (or maxima) side by side keep the vector units busy; joined at the end. */
#define DLI_vsum(X) X(float, vsum, (const float *x, dl_int n), (x, n))
DLI_vsum(DLI_BODY)
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
#define DLI_vmax(X) X(float, vmax, (const float *x, dl_int n), (x, n))
DLI_vmax(DLI_BODY)
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
/* The sum of (a - am)(x - m). Floats are added up 16 sums side by side, 64 each at most; these go
   into a double, so that rows of any length keep their digits. */
#define DLI_moment(X) X(double, moment, \
    (const float *a, float am, const float *x, float m, dl_int n), (a, am, x, m, n))
DLI_moment(DLI_BODY)
{
    double sum = 0.0;
    dl_int i, j, l;
    for (i = 0; i < n; i += 1024) {
        const dl_int end = dli_min(n, i + 1024);
        float s[16] = { 0 };
        for (j = i; j + 16 <= end; j += 16)
            for (l = 0; l < 16; l++) s[l] += (a[j + l] - am) * (x[j + l] - m);
        for (l = 0; j + l < end; l++) s[l] += (a[j + l] - am) * (x[j + l] - m);
        for (l = 0; l < 16; l++) sum += (double)s[l];
    }
    return sum;
}
/* y = a (x - m) + b */
#define DLI_affine(X) X(void, affine, \
    (float *DLI_RESTRICT y, const float *DLI_RESTRICT x, float m, float a, float b, dl_int n), \
    (y, x, m, a, b, n))
DLI_affine(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) y[i] = a * (x[i] - m) + b;
}
/* dx += a dy + b (x - m) + c */
#define DLI_affine_back(X) X(void, affine_back, \
    (float *DLI_RESTRICT dx, const float *DLI_RESTRICT dy, const float *DLI_RESTRICT x, float m, \
     float a, float b, float c, dl_int n), \
    (dx, dy, x, m, a, b, c, n))
DLI_affine_back(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) dx[i] += a * dy[i] + (b * (x[i] - m) + c);
}
/* ---- optimizers: one pass over weights, gradients and moments ----
   A moment that has decayed below 1e-30 is set to 0: left alone it would sink into the
   denormals, where each operation can cost a hundred ordinary ones. */
#define DLI_TINY(v) ((v) < 1e-30f && (v) > -1e-30f ? 0.0f : (v))

/* v = mu v + gain g;  w -= rate (nesterov ? mu v + gain g : v) */
#define DLI_momentum(X) X(void, momentum, \
    (float *w, const float *g, float *v, dl_int n, float gain, float rate, float mu, \
     int nesterov), \
    (w, g, v, n, gain, rate, mu, nesterov))
DLI_momentum(DLI_BODY)
{
    const float pk = nesterov ? 1.0f : 0.0f, vk = nesterov ? mu : 1.0f;
    dl_int i;
    for (i = 0; i < n; i++) {
        float push = gain * g[i], s = mu * v[i] + push;
        s = DLI_TINY(s);
        v[i] = s;
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
    dl_int i;
    for (i = 0; i < n; i++) {
        float v = keep * s[i] + gain * (g[i] * g[i]);
        s[i] = DLI_TINY(v);
    }
    if (eps_out == 0.0f)
        for (i = 0; i < n; i++) w[i] -= lr * g[i] * dli_rsqrtf(s[i] + eps_in);
    else
        for (i = 0; i < n; i++) w[i] -= lr * g[i] / (dli_sqrtf(s[i] + eps_in) + eps_out);
}
/* a = rho a + (1-rho) g^2;  d = g sqrt(u + eps) / sqrt(a + eps);
   u = rho u + (1-rho) d^2;  w -= lr d */
#define DLI_adadelta(X) X(void, adadelta, \
    (float *w, const float *g, float *a, float *u, dl_int n, float lr, float rho, \
     float one_minus_rho, float eps), \
    (w, g, a, u, n, lr, rho, one_minus_rho, eps))
DLI_adadelta(DLI_BODY)
{
    dl_int i;
    for (i = 0; i < n; i++) {
        float p = rho * a[i] + one_minus_rho * (g[i] * g[i]), q = u[i], d;
        p = DLI_TINY(p);
        d = g[i] * dli_sqrtf(q + eps) * dli_rsqrtf(p + eps);
        q = rho * q + one_minus_rho * (d * d);
        a[i] = p;
        u[i] = DLI_TINY(q);
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
    dl_int i;
    for (i = 0; i < n; i++) {
        float a = b1 * m[i] + one_minus_b1 * g[i], q = b2 * v[i] + one_minus_b2 * (g[i] * g[i]);
        a = DLI_TINY(a);
        q = DLI_TINY(q);
        m[i] = a;
        v[i] = q;
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
    for (dl_int i = 0; i < n; i++) {
        int32_t r = (int32_t)(dli_hash32(first + (uint32_t)i, key0, key1) >> 8);
        y[i] = dli_masked(y[i], old) + dli_select(r < drop24, 0.0f, scale * x[i]);
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
#define DLI_transpose(X) X(void, transpose, \
    (float *dst, dl_int ld, const float *src, dl_int ls, dl_int rows, dl_int cols), \
    (dst, ld, src, ls, rows, cols))
DLI_transpose(DLI_BODY)
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
#define DLI_pack(X) X(void, pack, \
    (float *dst, const float *src, dl_int js, dl_int ks, dl_int n, dl_int k, dl_int w), \
    (dst, src, js, ks, n, k, w))
DLI_pack(DLI_BODY)
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

/* dst[i][y][x] = src[i][y][x] for i < c, y < h, x < w; dst has planes of ps floats and rows of ld,
   src is dense. gate, shaped like src, lets only through what stands where it is positive: src is
   then the gradient of a ReLU whose output is gate. */
#define DLI_place(X) X(void, place, \
    (float *DLI_RESTRICT dst, dl_int ps, dl_int ld, const float *DLI_RESTRICT src, \
     const float *DLI_RESTRICT gate, dl_int c, dl_int h, dl_int w), \
    (dst, ps, ld, src, gate, c, h, w))
DLI_place(DLI_BODY)
{
    dl_int i, y, x;
    for (i = 0; i < c; i++)
        for (y = 0; y < h; y++, src += w) {
            float *d = dst + i * ps + y * ld;
            if (!gate) {
                for (x = 0; x < w; x++) d[x] = src[x];
                continue;
            }
            for (x = 0; x < w; x++) d[x] = dli_select(gate[x] <= 0.0f, 0.0f, src[x]);
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
    dl_int r, j, l;
    for (r = 0; r < oh; r++, y += ow, arg += ow) {
        const float *a = x + 2 * r * ld, *b = a + ld;
        const float least = relu ? 0.0f : -INFINITY;
        for (j = 0; j < ow && y + j + 16 <= yend && b + 2 * j + 32 <= xend; j += 16)
            for (l = j; l < j + 16; l++)
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
    dl_int p, r, j, l;
    for (p = 0; p < planes; p++)
        for (r = 0; r < h; r++) {
            float *d = dx + p * ps + r * ld;
            const int32_t k = r & 1 ? 2 : 0;
            if (r >= 2 * oh) {                           /* an odd row or column got nothing */
                for (j = 0; j < w; j++) d[j] = 0.0f;
                continue;
            }
            for (j = 0; j < ow && d + 2 * j + 32 <= end && dy + j + 16 <= dyend; j += 16)
                for (l = j; l < j + 16; l++) {
                    d[2 * l] = dli_select(arg[l] == k, dy[l], 0.0f);
                    d[2 * l + 1] = dli_select(arg[l] == k + 1, dy[l], 0.0f);
                }
            for (; j < ow; j++) {
                d[2 * j] = arg[j] == k ? dy[j] : 0.0f;
                d[2 * j + 1] = arg[j] == k + 1 ? dy[j] : 0.0f;
            }
            for (l = 2 * ow; l < w || l < 2 * j; l++) d[l] = 0.0f;
            if (r & 1) { dy += ow; arg += ow; }
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
    dl_int ty, tx, l, i;
    for (ty = 0; ty < th; ty++, v += tw, src += 2 * ld)
        for (tx = 0; tx < tw; tx += 16)
            DLI_UNROLL for (i = 0; i < 4; i++) {         /* B^T d, a row of it */
                const float *a = src + 2 * tx + (i == 0 ? 0 : i == 2 ? 2 : 1) * ld;
                const float *b = src + 2 * tx + (i == 2 ? 1 : i == 3 ? 3 : 2) * ld;
                const float sign = i == 1 ? 1.0f : -1.0f;
                float *to = v + 4 * i * vs + tx;
                DLI_IVDEP for (l = 0; l < 16; l++) {
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
    dl_int ty, tx, l, i;
    for (ty = 0; ty < th; ty++, m += tw, dst += 2 * ld)
        for (tx = 0; tx < tw; tx += 16)
            DLI_UNROLL for (i = 0; i < 2; i++) {         /* A^T m, a row of it: 0 1 2 or 1 2 3 */
                const float *a = m + 4 * i * ms + tx, *b = a + 4 * ms, *c = b + 4 * ms;
                const float sign = i ? -1.0f : 1.0f;
                float *to = dst + i * ld + 2 * tx;
                DLI_IVDEP for (l = 0; l < 16; l++) {
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
    dl_int ty, tx, l, i;
    for (ty = 0; ty < th; ty++, v += tw, src += 2 * ld)
        for (tx = 0; tx < tw; tx += 16)
            DLI_UNROLL for (i = 0; i < 4; i++) {         /* A g: a, a + b, a - b, -b */
                const float *a = src + 2 * tx, *b = a + ld;
                const float p = i < 3 ? 1.0f : 0.0f, q = i == 0 ? 0.0f : i == 1 ? 1.0f : -1.0f;
                float *to = v + 4 * i * vs + tx;
                DLI_IVDEP for (l = 0; l < 16; l++) {
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

/* ---- recurrent cells ----
   One step of any number of units side by side. Forward turns the sums under the gates into the
   gates; backward, in place of the gates, into the gradients of those sums. */

/* c = f cp + i q */
#define DLI_lstm_state(X) X(void, lstm_state, \
    (float *DLI_RESTRICT c, const float *DLI_RESTRICT gi, const float *DLI_RESTRICT gf, \
     const float *DLI_RESTRICT gq, const float *DLI_RESTRICT cp, dl_int n), \
    (c, gi, gf, gq, cp, n))
DLI_lstm_state(DLI_BODY)
{
    dl_int j;
    for (j = 0; j < n; j++) c[j] = gf[j] * cp[j] + gi[j] * gq[j];
}
/* tc = tanh c. dh, dc: gradients of h and c after the step; dc becomes that of cp. */
#define DLI_lstm_back(X) X(void, lstm_back, \
    (const float *DLI_RESTRICT dh, float *DLI_RESTRICT dc, float *DLI_RESTRICT gi, \
     float *DLI_RESTRICT gf, float *DLI_RESTRICT gq, float *DLI_RESTRICT go, \
     const float *DLI_RESTRICT tc, const float *DLI_RESTRICT cp, dl_int n), \
    (dh, dc, gi, gf, gq, go, tc, cp, n))
DLI_lstm_back(DLI_BODY)
{
    dl_int j;
    for (j = 0; j < n; j++) {
        float i = gi[j], f = gf[j], q = gq[j], o = go[j], t = tc[j];
        float d = dc[j] + dh[j] * o * (1.0f - t * t);
        gi[j] = d * q * (i * (1.0f - i));
        gf[j] = d * cp[j] * (f * (1.0f - f));
        gq[j] = d * i * (1.0f - q * q);
        go[j] = dh[j] * t * (o * (1.0f - o));
        dc[j] = d * f;
    }
}
/* h = (1 - z) q + z hp */
#define DLI_gru_state(X) X(void, gru_state, \
    (float *DLI_RESTRICT h, const float *DLI_RESTRICT gz, const float *DLI_RESTRICT gq, \
     const float *DLI_RESTRICT hp, dl_int n), \
    (h, gz, gq, hp, n))
DLI_gru_state(DLI_BODY)
{
    dl_int j;
    for (j = 0; j < n; j++) h[j] = gq[j] + gz[j] * (hp[j] - gq[j]);
}
/* dh: gradient of h; becomes the part of hp's that does not pass through a gate. */
#define DLI_gru_back(X) X(void, gru_back, \
    (float *DLI_RESTRICT dh, float *DLI_RESTRICT gr, float *DLI_RESTRICT gz, \
     float *DLI_RESTRICT gqh, float *DLI_RESTRICT gqx, const float *DLI_RESTRICT hp, dl_int n), \
    (dh, gr, gz, gqh, gqx, hp, n))
DLI_gru_back(DLI_BODY)
{
    dl_int j;
    for (j = 0; j < n; j++) {
        float r = gr[j], z = gz[j], qh = gqh[j], q = gqx[j], d = dh[j];
        float dq = d * (1.0f - z) * (1.0f - q * q);
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
    dl_int i, j;
    for (i = 0; i < m; i++, dst += ldd, src += lds) {
        for (j = 0; j + 8 <= n; j += 8) dli_copy8(dst + j, src + j);
        for (; j < n; j++) dst[j] = src[j];
    }
}
#define DLI_add_rows(X) X(void, add_rows, \
    (float *DLI_RESTRICT dst, dl_int ldd, const float *DLI_RESTRICT src, dl_int lds, dl_int m, \
     dl_int n), \
    (dst, ldd, src, lds, m, n))
DLI_add_rows(DLI_BODY)
{
    dl_int i, j;
    for (i = 0; i < m; i++, dst += ldd, src += lds)
        for (j = 0; j < n; j++) dst[j] += src[j];
}

/* ---- the table of functions, one for each instruction set ---- */

#define DLI_OPS(X) \
    DLI_vexp(X) DLI_vtanh(X) DLI_vsigmoid(X) DLI_vrelu(X) DLI_vtanh_back(X) DLI_vsigmoid_back(X) \
    DLI_vrelu_back(X) DLI_axpy(X) DLI_scale(X) DLI_add(X) DLI_mul(X) DLI_bytes(X) DLI_bias_act(X) \
    DLI_col_sums(X) DLI_dots(X) DLI_vsum(X) DLI_vmax(X) DLI_moment(X) DLI_affine(X) \
    DLI_affine_back(X) DLI_normals(X) DLI_normals_tanh(X) DLI_offset(X) DLI_momentum(X) \
    DLI_rmsprop(X) DLI_adadelta(X) DLI_adam(X) DLI_dropout(X) DLI_transpose(X) DLI_place(X) \
    DLI_crop(X) DLI_pool2(X) DLI_unpool2(X) DLI_wino_in(X) DLI_wino_out(X) DLI_wino_grad(X) \
    DLI_lstm_state(X) DLI_lstm_back(X) DLI_gru_state(X) DLI_gru_back(X) DLI_copy_rows(X) \
    DLI_add_rows(X) DLI_pack(X)

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
    DLI_OPS(DLI_FIELD)
} dli_fast;

/* The tile, for V a vector of W floats (or float itself, W = 1) and NV of them in a row. What is
   needed next is asked for early, while the products keep the CPU busy: a tile of C to add to, and
   with AHEAD the panel of B to the right of this one. */
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
#define DLI_TILES(set, attr, V, W, MR, NV) \
    DLI_TILE(dli_tile_##set, attr, V, W, MR, NV, DLI_TILE_ARGS, DLI_ALL_K, a[k * MR + i], \
             b + k * (NV * W), 0) \
    DLI_TILE(dli_tile_off_##set, attr, V, W, MR, NV, DLI_TILE_OFF_ARGS, DLI_ALL_K, \
             a[k * MR + i], b + off[k], 1) \
    DLI_TILE(dli_tile_rows_##set, attr, V, W, MR, NV, DLI_TILE_ROWS_ARGS, DLI_K_IN_RUNS, \
             rows[i][k + skip], b + k * (NV * W), 0) \
    DLI_OPS(DLI_DEFINE_##set) \
    static const dli_fast dli_fast_##set = { \
        #set, MR, NV * W, dli_tile_##set, dli_tile_off_##set, dli_tile_rows_##set \
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

/* ---- functions made of the table's ---- */

#define DLI_STRIP 256                                    /* floats of scratch on the stack */

/* The sum of a row of any length: vsum's floats go into a double before digits are lost. */
static double dli_row_sum(const dli_fast *f, const float *x, dl_int n)
{
    double sum = 0.0;
    dl_int i;
    for (i = 0; i < n; i += 1024) sum += (double)f->vsum(x + i, dli_min(1024, n - i));
    return sum;
}

/* y = GELU(x), exact or in its tanh form */
static void dli_gelu_forward(const dli_fast *f, float *y, const float *x, dl_int n, int tanh_form)
{
    float phi[DLI_STRIP], slope[DLI_STRIP];
    dl_int i;
    for (i = 0; i < n; i += DLI_STRIP) {
        dl_int len = dli_min(DLI_STRIP, n - i);
        (tanh_form ? f->normals_tanh : f->normals)(phi, slope, x + i, len);
        f->mul(y + i, phi, x + i, len);
    }
}
/* dx = or += dy (Phi(x) + x Phi'(x)) */
static void dli_gelu_backward(const dli_fast *f, float *dx, const float *dy, const float *x,
                              dl_int n, int add, int tanh_form)
{
    float phi[DLI_STRIP], slope[DLI_STRIP];
    dl_int i;
    for (i = 0; i < n; i += DLI_STRIP) {
        dl_int len = dli_min(DLI_STRIP, n - i);
        (tanh_form ? f->normals_tanh : f->normals)(phi, slope, x + i, len);
        f->mul(slope, slope, x + i, len);
        f->add(phi, phi, slope, len);
        f->mul(phi, phi, dy + i, len);
        if (add) f->add(dx + i, dx + i, phi, len);
        else memcpy(dx + i, phi, sizeof(float) * (size_t)len);
    }
}
/* Softmax of each row, the row's maximum taken off first so that nothing overflows. One exp runs
   over all rows together: a classifier's rows of 10 would leave vectors half empty. With labels it
   returns the sum over rows of -log y[label]. */
static double dli_softmax_loss(const dli_fast *f, float *y, const float *x, const int32_t *label,
                               dl_int rows, dl_int n)
{
    double loss = 0.0;
    dl_int r;
    if (n == 0) return 0.0;
    for (r = 0; r < rows; r++) {
        float top = f->vmax(x + r * n, n);
        if (label) loss -= (double)x[r * n + label[r]] - (double)top;
        f->offset(y + r * n, -top, x + r * n, n);
    }
    f->vexp(y, y, rows * n);
    for (r = 0; r < rows; r++) {
        float sum = f->vsum(y + r * n, n);
        if (label) loss += log((double)sum);
        f->scale(y + r * n, 1.0f / sum, y + r * n, n);
    }
    return loss;
}
static void dli_log_softmax(const dli_fast *f, float *y, const float *x, dl_int rows, dl_int n)
{
    float e[DLI_STRIP];
    dl_int r, i;
    if (n == 0) return;
    for (r = 0; r < rows; r++, y += n, x += n) {
        float sum = 0.0f;
        f->offset(y, -f->vmax(x, n), x, n);
        for (i = 0; i < n; i += DLI_STRIP) {
            dl_int len = dli_min(DLI_STRIP, n - i);
            f->vexp(e, y + i, len);
            sum += f->vsum(e, len);
        }
        f->offset(y, -logf(sum), y, n);
    }
}

/* dx += y (dy - sum of dy y) for each row */
static void dli_softmax_rows_back(const dli_fast *f, float *dx, const float *dy, const float *y,
                                  dl_int rows, dl_int n)
{
    float t[DLI_STRIP];
    dl_int r, i;
    for (r = 0; r < rows; r++, dx += n, dy += n, y += n) {
        const float sum = (float)f->moment(dy, 0.0f, y, 0.0f, n);
        for (i = 0; i < n; i += DLI_STRIP) {
            dl_int len = dli_min(DLI_STRIP, n - i);
            f->offset(t, -sum, dy + i, len);
            f->mul(t, t, y + i, len);
            f->add(dx + i, dx + i, t, len);
        }
    }
}
/* dx += dy - e^y sum of dy for each row */
static void dli_log_softmax_rows_back(const dli_fast *f, float *dx, const float *dy,
                                      const float *y, dl_int rows, dl_int n)
{
    float t[DLI_STRIP];
    dl_int r, i;
    for (r = 0; r < rows; r++, dx += n, dy += n, y += n) {
        const float sum = (float)dli_row_sum(f, dy, n);
        for (i = 0; i < n; i += DLI_STRIP) {
            dl_int len = dli_min(DLI_STRIP, n - i);
            f->vexp(t, y + i, len);
            f->add(dx + i, dx + i, dy + i, len);
            f->axpy(dx + i, -sum, t, len);
        }
    }
}
/* As dlk_soft_cross_entropy_forward with scale 1. A logit of minus infinity is fine where its
   target is 0; that row is left to the kernel. */
static double dli_soft_rows(const dli_fast *f, float *p, const float *x, const float *t,
                            dl_int rows, dl_int n)
{
    double loss = 0.0;
    dl_int r;
    for (r = 0; n > 0 && r < rows; r++, p += n, x += n, t += n) {
        const float top = f->vmax(x, n);
        const double dot = f->moment(t, 0.0f, x, top, n);
        float sum;
        if (dli_isnan(dot)) {
            dlk_soft_cross_entropy_forward(&sum, p, x, t, 1, n, 1);
            loss += (double)sum;
            continue;
        }
        f->offset(p, -top, x, n);
        f->vexp(p, p, n);
        sum = f->vsum(p, n);
        f->scale(p, 1.0f / sum, p, n);
        loss += log((double)sum) * dli_row_sum(f, t, n) - dot;
    }
    return loss;
}
/* As dlk_attention_softmax. Rows in which everything is hidden are left to it. */
static void dli_attention_probs(const dli_fast *f, float *p, const float *mask, dl_int R, dl_int S,
                                double scale, bool causal)
{
    dl_int i;
    if (S == 0) return;
    for (i = 0; i < R; i++, p += S) {
        const dl_int seen = causal && i + 1 < S ? i + 1 : S;
        float top;
        f->scale(p, (float)scale, p, seen);
        if (mask) f->add(p, p, mask + i * S, seen);
        top = f->vmax(p, seen);
        if (top > -INFINITY) {
            f->offset(p, -top, p, seen);
            f->vexp(p, p, seen);
            f->scale(p, 1.0f / f->vsum(p, seen), p, seen);
        } else dlk_attention_softmax(p, NULL, 1, seen, 1, false);
        memset(p + seen, 0, sizeof(float) * (size_t)(S - seen));
    }
}
/* Half of a product's gradient: da += dy b, or of a number repeated along the row (sa or sb 0) */
static void dli_mul_back(const dli_fast *f, float *da, dl_int sa, const float *dy, const float *b,
                         dl_int sb, dl_int n)
{
    float t[DLI_STRIP];
    dl_int i;
    if (!da) return;
    if (sa == 0)
        *da += (float)(sb ? f->moment(dy, 0.0f, b, 0.0f, n)
                          : (double)*b * dli_row_sum(f, dy, n));
    else if (sb == 0) f->axpy(da, *b, dy, n);
    else
        for (i = 0; i < n; i += DLI_STRIP) {
            dl_int len = dli_min(DLI_STRIP, n - i);
            f->mul(t, dy + i, b + i, len);
            f->add(da + i, da + i, t, len);
        }
}

/* ---- normalization ----
   Three walks through memory. Where a channel has S > 1 elements side by side, in batch and group
   norms of images, each such row has one mean and one factor. A layer norm (S = 1) has one mean a
   row but weights for each column; a batch norm of vectors (S = 1) has all that for each column,
   and goes through strips of columns. Each channel, row or strip belongs to one thread. */

/* Of a row of n: the mean, and the mean square around it. */
static void dli_row_stats(const dli_fast *f, float *mean, float *var, const float *x, dl_int n)
{
    *mean = (float)(dli_row_sum(f, x, n) / (double)n);
    *var = (float)(f->moment(x, *mean, x, *mean, n) / (double)n);
}
/* Channel c of a batch [N,C,S], S > 1. */
static void dli_channel_stats(const dli_fast *f, float *mean, float *var, const float *x,
                              dl_int N, dl_int C, dl_int S, dl_int c)
{
    double sum = 0.0, squares = 0.0;
    dl_int n;
    for (n = 0; n < N; n++) sum += dli_row_sum(f, x + (n * C + c) * S, S);
    *mean = (float)(sum / ((double)N * (double)S));
    for (n = 0; n < N; n++)
        squares += f->moment(x + (n * C + c) * S, *mean, x + (n * C + c) * S, *mean, S);
    *var = (float)(squares / ((double)N * (double)S));
}
/* Columns of x [N,C] (S = 1), len <= DLI_STRIP of them from x on: sum[j] = sum over the rows of
   a (x - m), or with a NULL of (x - m)^2. */
static void dli_strip_moment(const dli_fast *f, double *sum, const float *a, const float *x,
                             const float *minus_m, dl_int N, dl_int C, dl_int len)
{
    float h[DLI_STRIP], s[DLI_STRIP];
    dl_int n, j;
    for (j = 0; j < len; j++) { s[j] = 0.0f; sum[j] = 0.0; }
    for (n = 0; n < N; n++) {
        f->add(h, x + n * C, minus_m, len);
        f->mul(h, h, a ? a + n * C : h, len);
        f->add(s, s, h, len);
        if (n % 64 == 63 || n == N - 1)                  /* into double before digits are lost */
            for (j = 0; j < len; j++) { sum[j] += (double)s[j]; s[j] = 0.0f; }
    }
}
static void dli_strip_stats(const dli_fast *f, float *mean, float *var, const float *x, dl_int N,
                            dl_int C, dl_int len)
{
    double sum[DLI_STRIP] = { 0 };
    float s[DLI_STRIP];
    dl_int n, j;
    for (n = 0; n < N; n += 64) {
        for (j = 0; j < len; j++) s[j] = 0.0f;
        f->col_sums(s, x + n * C, C, dli_min(64, N - n), len);
        for (j = 0; j < len; j++) sum[j] += (double)s[j];
    }
    for (j = 0; j < len; j++) {
        mean[j] = (float)(sum[j] / (double)N);
        s[j] = -mean[j];
    }
    dli_strip_moment(f, sum, NULL, x, s, N, C, len);
    for (j = 0; j < len; j++) var[j] = (float)(sum[j] / (double)N);
}

/* As dlk_batch_stats. */
static void dli_norm_stats(const dli_fast *f, float *mean, float *var, const float *x, dl_int N,
                           dl_int C, dl_int S, int threads)
{
    const dl_int step = S > 1 ? 1 : DLI_STRIP;
    dl_int c;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (c = 0; c < C; c += step)
        if (S > 1) dli_channel_stats(f, mean + c, var + c, x, N, C, S, c);
        else dli_strip_stats(f, mean + c, var + c, x + c, N, C, dli_min(step, C - c));
    (void)threads;
}
/* As dlk_batch_norm_forward. */
static void dli_norm_forward(const dli_fast *f, float *y, const float *x, const float *mean,
                             const float *var, const float *w, const float *b, dl_int N,
                             dl_int C, dl_int S, double eps, int threads)
{
    const dl_int step = S > 1 ? 1 : DLI_STRIP;
    dl_int c;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (c = 0; c < C; c += step) {
        float minus_m[DLI_STRIP], a[DLI_STRIP], *to;
        dl_int n, j, len = dli_min(step, C - c);
        for (j = 0; j < len; j++) {
            minus_m[j] = -mean[c + j];
            a[j] = (float)((w ? (double)w[c + j] : 1.0) / sqrt((double)var[c + j] + eps));
        }
        for (n = 0; n < N; n++) {
            to = y + (n * C + c) * S;
            if (S > 1) {
                f->affine(to, x + (n * C + c) * S, mean[c], a[0], b ? b[c] : 0.0f, S);
                continue;
            }
            f->add(to, x + n * C + c, minus_m, len);
            f->mul(to, to, a, len);
            if (b) f->add(to, to, b + c, len);
        }
    }
    (void)threads;
}
/* dx, a strip of columns [N,C]:  dx += a dy + b (x - m) + c, or with b NULL dx += a dy */
static void dli_strip_affine_back(const dli_fast *f, float *dx, const float *dy, const float *x,
                                  const float *minus_m, const float *a, const float *b,
                                  const float *c, dl_int N, dl_int C, dl_int len)
{
    float h[DLI_STRIP], g[DLI_STRIP];
    dl_int n;
    for (n = 0; n < N; n++) {
        f->mul(g, dy + n * C, a, len);
        if (b) {
            f->add(h, x + n * C, minus_m, len);
            f->mul(h, h, b, len);
            f->add(h, h, c, len);
            f->add(g, g, h, len);
        }
        f->add(dx + n * C, dx + n * C, g, len);
    }
}
/* As dlk_batch_norm_backward, with dx = a dy + b (x - m) + c. */
static void dli_norm_backward(const dli_fast *f, float *dx, float *dw, float *db, const float *dy,
                              const float *x, const float *mean, const float *var,
                              const float *w, dl_int N, dl_int C, dl_int S, double eps,
                              bool batch, int threads)
{
    const dl_int step = S > 1 ? 1 : DLI_STRIP;
    const double count = (double)N * (double)S;
    dl_int c0;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (c0 = 0; c0 < C; c0 += step) {
        const dl_int len = dli_min(step, C - c0);
        const float *xc = x + c0 * S, *dyc = dy + c0 * S;
        double sum[DLI_STRIP] = { 0 }, sum_h[DLI_STRIP] = { 0 };
        float minus_m[DLI_STRIP], a[DLI_STRIP], b[DLI_STRIP], c[DLI_STRIP];
        dl_int n, j;
        for (j = 0; j < len; j++) { minus_m[j] = -mean[c0 + j]; a[j] = 0.0f; }
        for (n = 0; S > 1 && n < N; n++) {
            sum[0] += dli_row_sum(f, dyc + n * C * S, S);
            sum_h[0] += f->moment(dyc + n * C * S, 0.0f, xc + n * C * S, mean[c0], S);
        }
        for (n = 0; S == 1 && n < N; n += 64) {
            for (j = 0; j < len; j++) a[j] = 0.0f;
            f->col_sums(a, dyc + n * C, C, dli_min(64, N - n), len);
            for (j = 0; j < len; j++) sum[j] += (double)a[j];
        }
        if (S == 1) dli_strip_moment(f, sum_h, dyc, xc, minus_m, N, C, len);
        for (j = 0; j < len; j++) {
            const double r = 1 / sqrt((double)var[c0 + j] + eps);
            const double rw = w ? r * (double)w[c0 + j] : r;
            if (dw) dw[c0 + j] += (float)(sum_h[j] * r);
            if (db) db[c0 + j] += (float)sum[j];
            a[j] = (float)rw;
            b[j] = (float)(-rw * r * r * sum_h[j] / count);
            c[j] = (float)(-rw * sum[j] / count);
        }
        for (n = 0; dx && S > 1 && n < N; n++) {
            float *to = dx + (n * C + c0) * S;
            const dl_int at = n * C * S;
            if (batch) f->affine_back(to, dyc + at, xc + at, mean[c0], a[0], b[0], c[0], S);
            else f->axpy(to, a[0], dyc + at, S);
        }
        if (dx && S == 1)
            dli_strip_affine_back(f, dx + c0, dyc, xc, minus_m, a, batch ? b : NULL, c, N, C, len);
    }
    (void)threads;
}

/* As dlk_group_norm_forward: rows of D = C/groups S elements. */
static void dli_group_forward(const dli_fast *f, float *y, float *mean, float *var,
                              const float *x, const float *w, const float *b, dl_int N, dl_int C,
                              dl_int S, dl_int groups, double eps, int threads)
{
    const dl_int Cg = C / groups, D = Cg * S;
    dl_int k;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (k = 0; k < N * groups; k++) {
        const dl_int c0 = k % groups * Cg;
        const float *row = x + k * D;
        float *to = y + k * D, r;
        dl_int c;
        dli_row_stats(f, mean + k, var + k, row, D);
        r = (float)(1 / sqrt((double)var[k] + eps));
        if (S == 1) {
            f->affine(to, row, mean[k], r, 0.0f, D);
            if (w) f->mul(to, to, w + c0, D);
            if (b) f->add(to, to, b + c0, D);
        }
        for (c = 0; S > 1 && c < Cg; c++)
            f->affine(to + c * S, row + c * S, mean[k], w ? r * w[c0 + c] : r,
                      b ? b[c0 + c] : 0.0f, S);
    }
    (void)threads;
}
/* Row k of a group norm backward: dx += r (g - (sum g + h sum g h) / D), g = dy w. */
static void dli_group_row_back(const dli_fast *f, float *dx, const float *dy, const float *x,
                               float m, double r, const float *w, dl_int Cg, dl_int S)
{
    const dl_int D = Cg * S;
    double sum = 0.0, sum_h = 0.0;
    float strip[DLI_STRIP], b, c;
    dl_int i, len;
    int pass;
    for (pass = 0; pass < 2; pass++) {                   /* first the sums, then dx */
        b = (float)(-r * r * r * sum_h / (double)D);
        c = (float)(-r * sum / (double)D);
        for (i = 0; i < D; i += len) {
            const double wc = S > 1 && w ? (double)w[i / S] : 1.0;       /* one for the segment, */
            const float *g = dy + i;
            len = dli_min(DLI_STRIP, S > 1 ? S - i % S : D - i);
            if (S == 1 && w) f->mul(strip, g, w + i, len), g = strip;    /* or one each */
            if (pass == 0) {
                sum += wc * (double)f->vsum(g, len);
                sum_h += wc * f->moment(g, 0.0f, x + i, m, len);
            } else f->affine_back(dx + i, g, x + i, m, (float)(r * wc), b, c, len);
        }
    }
}
/* As dlk_group_norm_backward. */
static void dli_group_backward(const dli_fast *f, float *dx, float *dw, float *db,
                               const float *dy, const float *x, const float *mean,
                               const float *var, const float *w, dl_int N, dl_int C, dl_int S,
                               dl_int groups, double eps, int threads)
{
    const dl_int Cg = C / groups, D = Cg * S, step = S > 1 ? 1 : DLI_STRIP;
    dl_int k, at;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (k = 0; k < N * groups; k++)
        if (dx)
            dli_group_row_back(f, dx + k * D, dy + k * D, x + k * D, mean[k],
                               1 / sqrt((double)var[k] + eps), w ? w + k % groups * Cg : NULL,
                               Cg, S);
    DLI_OMP(omp parallel for num_threads(threads) schedule(static) if (threads > 1))
    for (at = 0; at < C; at += step) {                   /* weights: channel or strip by itself */
        float h[DLI_STRIP];
        dl_int n, c, len;
        for (n = 0; (dw || db) && n < N; n++)
            for (c = at; c < dli_min(C, at + step); c += len) {
                const dl_int row = n * groups + c / Cg, from = (n * C + c) * S;
                const double r = 1 / sqrt((double)var[row] + eps);
                len = S > 1 ? 1 : dli_min(dli_min(C, at + step) - c, Cg - c % Cg);
                if (S > 1) {
                    if (dw)
                        dw[c] += (float)(r * f->moment(dy + from, 0.0f, x + from, mean[row], S));
                    if (db) db[c] += (float)dli_row_sum(f, dy + from, S);
                    continue;
                }
                f->affine(h, x + from, mean[row], (float)r, 0.0f, len);
                f->mul(h, h, dy + from, len);
                if (dw) f->add(dw + c, dw + c, h, len);
                if (db) f->add(db + c, db + c, dy + from, len);
            }
    }
    (void)threads;
}

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
    const float *packed_b;                               /* all of b, from pack, or NULL */
    int by_dots, whole_k;                                /* set by dli_gemm for all its parts: */
} dli_product;                                           /* so that K is cut alike in all */

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

/* A tile at the edge of C, or with columns not adjacent: by way of the stack. */
static void dli_tile_out(const dli_fast *f, const dli_product *p, float *c, dl_int m, dl_int n,
                         int add, const float *t)
{
    dl_int i, j;
    if (p->crs == 1 && !add) {
        f->transpose(c, p->ccs, t, f->nr, m, n);
        return;
    }
    for (i = 0; i < m; i++)
        for (j = 0; j < n; j++) {
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
    dl_int i, j, l;
    for (j = 0; j < q->n; j += f->nr) {
        const dl_int n = dli_min(f->nr, q->n - j);
        const bool in_place = q->off && n == f->nr;
        const float *b = in_place ? p->b + q->k0 * p->brs + q->j0 + j : pb;
        for (i = 0; i < q->m; i += f->mr) {
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
                for (l = 0; l < f->mr; l++)              /* past the edge: repeat the last row */
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
   read where it stands if C has few columns, B with adjacent n if C has few rows. work may be NULL
   if B is packed and A has adjacent k. */
static void dli_gemm_serial(const dli_fast *f, const dli_product *p, float *work)
{
    const bool whole_k = p->acs == 1 && (p->packed_b || p->whole_k);
    const bool b_stays = !p->packed_b && !whole_k && p->bcs == 1 && p->m <= 4 * f->mr;
    const bool a_stays = p->acs == 1 && !b_stays && (p->packed_b || p->n <= 8 * f->nr);
    const dl_int kc = whole_k ? p->k : dli_even_block(p->k, DLI_KC, 1);
    const dl_int mc = dli_even_block(p->m, DLI_MC, f->mr);
    const dl_int nc = dli_even_block(p->n, DLI_NC, f->nr);
    float *pa = a_stays ? NULL : work + (dl_int)DLI_KC * (DLI_NC + DLI_MAX_NR);
    dl_int off[DLI_KC], l, packed;
    dli_gemm_block q;
    for (l = 0; b_stays && l < kc; l++) off[l] = l * p->brs;
    q.off = b_stays ? off : NULL;
    for (q.k0 = 0; q.k0 < p->k; q.k0 += kc)
        for (q.j0 = 0; q.j0 < p->n; q.j0 += nc) {
            const float *b = p->packed_b ? NULL : p->b + q.k0 * p->brs + q.j0 * p->bcs;
            q.k = dli_min(kc, p->k - q.k0);
            q.n = dli_min(nc, p->n - q.j0);
            q.pb = p->packed_b ? p->packed_b + q.j0 * p->k + q.k0 * f->nr : work;
            q.b_panel = f->nr * (p->packed_b ? p->k : q.k);
            packed = b_stays ? q.n / f->nr * f->nr : 0;  /* from here on */
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

/* With one or two rows of A and B's k adjacent, packing costs more than the product, and B's speed
   from memory is all that counts: plain dot products. (crs, ccs: C is dense along a row.) */
static void dli_gemm_dots(const dli_fast *f, const dli_product *p)
{
    float y[DLI_STRIP];
    dl_int i, j;
    for (i = 0; i < p->m; i++)
        for (j = 0; j < p->n; j += DLI_STRIP) {
            dl_int n = dli_min(DLI_STRIP, p->n - j);
            float *c = p->c + i * p->crs + j;
            f->dots(y, p->a + i * p->ars, p->b + j * p->bcs, p->bcs, n, p->k);
            if (p->add) f->add(c, c, y, n);
            else memcpy(c, y, sizeof(float) * (size_t)n);
        }
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
    p.by_dots = p.m <= 2 && p.acs == 1 && p.brs == 1 && !p.packed_b;
    if (!p.packed_b && !p.by_dots &&                     /* fill the tile; pack the smaller one */
        ((p.n <= f->nr / 2 && p.m > p.n) ||
         (p.acs == 1 && p.brs == 1 && p.m > f->nr / 2 && 2 * p.m <= p.n)))
        p = dli_product_transposed(&p);
    p.whole_k = p.acs == 1 && p.ccs != 1 && p.n <= 8 * f->nr &&          /* C is written once */
                (p.n + f->nr) * p.k <= (dl_int)DLI_KC * DLI_NC;
    if (p.m * p.n * p.k < 32 * 32 * 32) threads = 1;     /* not worth waking anyone */
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (t = 0; t < threads; t++) {
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

/* ---- convolution, stride 1 ----

   y[m][oy][ox] = sum over c, ky, kx of w[m][c][ky][kx] x[c][oy + ky][ox + kx] is a product of the
   weights, [M, K] with K = C kh kw, and a matrix whose row k = (c, ky, kx) is the image shifted
   by (ky, kx). Building that matrix (im2col) costs kh kw copies of the image. But if the output
   is computed at the width of the (padded) input, every row is simply the image from
   off[k] = (c hp + ky) wp + kx on: nothing need be built, the tile reads the image itself. The
   kw - 1 columns computed too many, some 8 %, are dropped when bias and ReLU are applied.

   The gradient for x is a convolution of dy, padded by k - 1 - p, with the weights flipped and
   their first two dimensions exchanged. The gradient for w is dWt[k][m] = sum over positions p
   of x[off[k] + p] dy[m][p]: rows of the tile are shifted images again, dy is packed.

   3 x 3 kernels with 8 channels and more take 2.25 times fewer multiplications by Winograd's way
   (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms
   for Convolutional Neural Networks, CVPR 2016). In one dimension, two outputs

       y0 = d0 g0 + d1 g1 + d2 g2,   y1 = d1 g0 + d2 g1 + d3 g2

   of a kernel g take six. With m0 = (d0 - d2) g0,  m1 = (d1 + d2) (g0 + g1 + g2) / 2,
   m2 = (d2 - d1) (g0 - g1 + g2) / 2,  m3 = (d1 - d3) g2  they are

       y0 = m0 + m1 + m2,   y1 = m1 - m2 - m3:

   four, since what concerns g alone is computed once. As matrices: y = A^T [(G g) * (B^T d)]. In
   two dimensions, y = A^T [(G g G^T) * (B^T d B)] A makes 2 x 2 outputs from 4 x 4 inputs by 16
   multiplications, not 36. Summed over channels, each of the 16 is a matrix product, [M, C] times
   [C, tiles]. Backward for the kernel: dU = (A dy A^T) (B^T d B)^T, dg = G^T dU G. */
typedef struct dli_conv {
    dl_int n, c, h, w;                                   /* x [n, c, h, w] */
    dl_int m, kh, kw, ph, pw;                            /* weights [m, c, kh, kw], padding */
    dli_conv_end end;                                    /* what is done before y is written */
} dli_conv;

typedef struct dli_conv_size {
    dl_int k, hp, wp, oh, ow, tiles;    /* K, the padded image, the sums; positions computed */
    dl_int in, out;                     /* floats of a sample of x and of y */
    bool wino;                          /* Winograd's way, in th x tw tiles; tp: */
    dl_int th, tw, tp;                  /* their number, rounded up to the tiles of the product */
    dl_int raw;                         /* floats of sums at a time */
} dli_conv_size;

#define DLI_WINO_GROUP 4                                 /* times mr output planes at a time */
#define DLI_WINO_MOST ((dl_int)1 << 18)                  /* planes times tiles: 16 MB transformed */
static dl_int dli_round_up(dl_int n, dl_int unit) { return dli_ceil_div(n, unit) * unit; }

static dli_conv_size dli_conv_sizes(const dli_fast *f, const dli_conv *v)
{
    const dl_int pool = v->end == DLI_END_RELU_POOL ? 2 : 1;
    dli_conv_size z;
    z.k = v->c * v->kh * v->kw;
    z.hp = v->h + 2 * v->ph;
    z.wp = v->w + 2 * v->pw;
    z.oh = z.hp - v->kh + 1;
    z.ow = z.wp - v->kw + 1;
    z.tiles = dli_round_up((z.oh - 1) * z.wp + z.ow, f->nr);
    z.in = v->c * v->h * v->w;
    z.out = v->m * (z.oh / pool) * (z.ow / pool);
    z.th = dli_ceil_div(z.oh, 2);
    z.tw = dli_ceil_div(z.ow, 2);
    z.tp = dli_round_up(z.th * z.tw, f->nr);
    z.wino = v->kh == 3 && v->kw == 3 && v->c >= 8 && v->m >= 8 && 4 * z.th * z.tw >= 3 * z.tp &&
             z.tp <= DLI_WINO_MOST / v->c && z.tp <= DLI_WINO_MOST / v->m &&
             v->n >= 4;                                  /* fewer do not pay for U */
    z.raw = z.wino ? 2 * z.th * dli_round_up(2 * z.tw, 32) + 16 * DLI_WINO_GROUP * f->mr * z.tp
                   : f->mr * (z.tiles + 32);
    return z;
}
/* Does the gradient of the weights go Winograd's way? dy then needs a border of zeros. */
static bool dli_conv_wino_weights(const dli_conv *v, const dli_conv_size *z)
{
    return z->wino && v->ph < 2 && v->pw < 2;
}
/* Floats of n planes in each of the 16 parts, with room to write too far. */
static dl_int dli_wino_part(const dli_conv_size *z, dl_int n) { return n * z->tp + 16; }
/* The convolution whose forward pass is the gradient for x of v. */
static dli_conv dli_conv_reversed(const dli_fast *f, const dli_conv *v)
{
    dli_conv_size z = dli_conv_sizes(f, v);
    dli_conv r;
    r.n = v->n; r.c = v->m; r.h = z.oh; r.w = z.ow;
    r.m = v->c; r.kh = v->kh; r.kw = v->kw;
    r.ph = v->kh - 1 - v->ph;
    r.pw = v->kw - 1 - v->pw;
    r.end = DLI_END_LINEAR;
    return r;
}
#define DLI_CHUNKS 8
/* Where things stand in the work memory, in floats, behind the offsets; every thread has an own
   part. In the own part, behind x padded: the gradient of the sums padded, sums, the gradient
   packed; and Winograd's transforms of x and of the gradient. */
typedef struct dli_conv_plan {
    dl_int packed, sums, chunk, own, each;
    dl_int grad, raw, panel, tiles, tiles_grad;
} dli_conv_plan;

static dl_int dli_larger(dl_int a, dl_int b) { return a > b ? a : b; }
static dl_int dli_conv_packed(const dli_fast *f, const dli_conv *v, const dli_conv_size *z)
{
    return dli_round_up(v->m, f->mr) * (z->wino ? 16 * v->c : z->k);
}
static dli_conv_plan dli_conv_plan_of(const dli_fast *f, const dli_conv *v)
{
    const dli_conv r = dli_conv_reversed(f, v);
    const dli_conv_size z = dli_conv_sizes(f, v), b = dli_conv_sizes(f, &r);
    const bool wino = dli_conv_wino_weights(v, &z);
    const dl_int slack = f->nr + 32, rows = wino ? z.th * z.tw : z.oh * z.ow;
    const dl_int scratch = 16 * v->m * v->c + z.k * v->m;
    dl_int tiles = z.wino ? 16 * dli_wino_part(&z, v->c) : 0;
    dli_conv_plan p;
    if (b.wino) tiles = dli_larger(tiles, 16 * dli_wino_part(&b, v->m));
    p.packed = dli_round_up(dli_larger(z.k, b.k) * (dl_int)(sizeof(dl_int) / sizeof(float)), 16);
    p.sums = p.packed + dli_round_up(dli_larger(dli_conv_packed(f, v, &z),
                                                dli_conv_packed(f, &r, &b)), 16);
    p.chunk = wino ? 16 * dli_round_up(v->m, f->mr) * dli_round_up(v->c, f->nr)
                   : dli_round_up(z.k, f->mr) * dli_round_up(v->m, f->nr);
    p.chunk += dli_round_up(v->m, f->nr);                /* db */
    p.own = p.sums + dli_round_up(p.chunk * DLI_CHUNKS + scratch, 16);
    p.grad = dli_round_up(v->c * z.hp * z.wp + 2 * z.wp + slack, 16);
    p.raw = p.grad + dli_round_up(v->m * (z.oh + 2 * dli_larger(r.ph, 1)) *
                                  (z.ow + 2 * dli_larger(r.pw, 1)) + 2 * b.wp + slack, 16);
    p.panel = p.raw + dli_round_up(dli_larger(z.raw, b.raw) + slack, 16);
    p.tiles = p.panel + dli_round_up((rows + 3) * f->nr, 16);
    p.tiles_grad = p.tiles + tiles;
    p.each = p.tiles_grad + (wino ? 16 * dli_wino_part(&z, v->m) : 0);
    return p;
}
/* Bytes of 64-byte aligned work memory for the forward and backward passes of v. */
static size_t dli_conv_work_bytes(const dli_fast *f, const dli_conv *v, int threads)
{
    dli_conv_plan p = dli_conv_plan_of(f, v);
    return (size_t)(p.own + p.each * threads) * sizeof(float);
}
/* off[k] for k = (c, ky, kx), or Winograd's for k = c */
static void dli_conv_offsets(const dli_conv *v, const dli_conv_size *z, dl_int *off)
{
    dl_int c, i, j;
    for (c = 0; z->wino && c < v->c; c++) off[c] = c * z->tp;
    if (z->wino) return;
    for (c = 0; c < v->c; c++)
        for (i = 0; i < v->kh; i++)
            for (j = 0; j < v->kw; j++) *off++ = (c * z->hp + i) * z->wp + j;
}
/* The padded image of sample s: x itself where there is nothing to pad and enough may be read
   behind it, else a copy in image, whose borders are zero. */
static const float *dli_conv_image(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                                   const float *x, dl_int s, float *image)
{
    const dl_int past = 2 * z->wp + f->nr + 32;
    x += s * z->in;
    if (v->ph == 0 && v->pw == 0 && (v->n - 1 - s) * z->in >= past) return x;
    f->place(image + v->ph * z->wp + v->pw, z->hp * z->wp, z->wp, x, NULL, v->c, v->h, v->w);
    return image;
}

/* The kernels U = G g G^T, [16][M][C], of w [M, C, 3, 3]. */
static void dli_wino_kernels(float *u, const float *w, dl_int kernels)
{
    dl_int n, i;
    for (n = 0; n < kernels; n++, w += 9, u++) {
        float t[4][3];
        for (i = 0; i < 3; i++) {
            float a = w[i], b = 0.5f * w[3 + i], c = w[6 + i], h = 0.5f * (a + c);
            t[0][i] = a; t[1][i] = h + b; t[2][i] = h - b; t[3][i] = c;
        }
        for (i = 0; i < 4; i++) {
            float a = t[i][0], b = 0.5f * t[i][1], c = t[i][2], h = 0.5f * (a + c);
            float *to = u + 4 * i * kernels;
            to[0] = a; to[kernels] = h + b; to[2 * kernels] = h - b; to[3 * kernels] = c;
        }
    }
}
/* dw += G^T dU G; dU as [16] parts, this kernel's elements `part` apart. */
static void dli_wino_kernel_back(float *dw, const float *du, dl_int part)
{
    float t[3][4];
    dl_int i;
    for (i = 0; i < 4; i++) {
        const float *d = du + i * part;
        float h = 0.5f * d[4 * part], g = 0.5f * d[8 * part];
        t[0][i] = d[0] + h + g; t[1][i] = h - g; t[2][i] = h + g + d[12 * part];
    }
    for (i = 0; i < 3; i++) {
        float h = 0.5f * t[i][1], g = 0.5f * t[i][2];
        dw[3 * i] += t[i][0] + h + g;
        dw[3 * i + 1] += h - g;
        dw[3 * i + 2] += h + g + t[i][3];
    }
}
/* Packs the weights for dli_conv_sample; scratch: 16 M C floats. */
static void dli_conv_pack(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                          float *packed, const float *w, float *scratch)
{
    dl_int t, part = v->m * v->c;
    if (!z->wino) {
        f->pack(packed, w, z->k, 1, v->m, z->k, f->mr);
        return;
    }
    dli_wino_kernels(scratch, w, part);
    for (t = 0; t < 16; t++)
        f->pack(packed + t * dli_round_up(v->m, f->mr) * v->c, scratch + t * part, v->c, 1, v->m,
                v->c, f->mr);
}

/* Plane i of y from its sums, in rows of ld; behind them 32 floats can be read. */
static void dli_conv_finish(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                            float *y, int32_t *arg, dl_int i, const float *sums, dl_int ld,
                            const float *bias, int add)
{
    const dl_int plane = z->out / v->m;
    const float b = bias ? bias[i] : 0.0f;
    if (v->end == DLI_END_RELU_POOL)
        f->pool2(y + i * plane, arg + i * plane, y + z->out, sums, sums + z->oh * ld + 32, ld,
                 z->oh / 2, z->ow / 2, b, 1);
    else
        f->crop(y + i * plane, sums, ld, z->oh, z->ow, b, v->end == DLI_END_RELU, add);
}
/* One sample: image is convolved with packed weights, MR output planes at a time, into y (or added
   to y, if the end is linear). */
static void dli_direct_sample(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                              float *y, int32_t *arg, const float *image, const float *packed,
                              const dl_int *off, const float *bias, int add, float *raw)
{
    const dl_int ld = z->tiles + 32;
    dl_int m, j, i, k;
    for (m = 0; m < v->m; m += f->mr) {
        for (k = 0; k < z->k; k += DLI_KC) {
            dl_int kk = dli_min(DLI_KC, z->k - k);
            for (j = 0; j < z->tiles; j += f->nr)
                f->tile_off(raw + j, ld, k > 0, kk, packed + m * z->k + k * f->mr, image + j,
                            off + k);
        }
        for (i = m; i < m + f->mr && i < v->m; i++)
            dli_conv_finish(f, v, z, y, arg, i, raw + (i - m) * ld, z->wp, bias, add);
    }
}
/* The same by Winograd's way. tiles: B^T d B of the image. */
static void dli_wino_sample(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                            float *y, int32_t *arg, const float *tiles, const float *packed,
                            const dl_int *off, const float *bias, int add, float *raw)
{
    const dl_int ld = dli_round_up(2 * z->tw, 32), mp = dli_round_up(v->m, f->mr);
    const dl_int group = DLI_WINO_GROUP * f->mr, part = group * z->tp;
    float *products = raw + 2 * z->th * ld;
    dl_int m0, m, j, t;
    for (m0 = 0; m0 < v->m; m0 += group) {
        const dl_int m1 = dli_min(mp, m0 + group);
        for (t = 0; t < 16; t++)
            for (j = 0; j < z->tp; j += f->nr)
                for (m = m0; m < m1; m += f->mr)
                    f->tile_off(products + t * part + (m - m0) * z->tp + j, z->tp, 0, v->c,
                                packed + (t * mp + m) * v->c,
                                tiles + t * dli_wino_part(z, v->c) + j, off);
        for (m = m0; m < m1 && m < v->m; m++) {
            f->wino_out(raw, ld, products + (m - m0) * z->tp, part, z->th, z->tw);
            dli_conv_finish(f, v, z, y, arg, m, raw, ld, bias, add);
        }
    }
}
/* tiles = B^T d B of an image of c planes. */
static void dli_wino_tiles(const dli_fast *f, const dli_conv_size *z, dl_int c, float *tiles,
                           const float *image)
{
    dl_int i;
    for (i = 0; i < c; i++)
        f->wino_in(tiles + i * z->tp, dli_wino_part(z, c), image + i * z->hp * z->wp, z->wp, z->th,
                   z->tw);
}
/* One sample in the way that z says; own: the thread's part of the work memory. */
static void dli_conv_sample(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                            const dli_conv_plan *p, float *y, int32_t *arg, const float *image,
                            const float *packed, const dl_int *off, const float *bias, int add,
                            float *own)
{
    float *raw = own + p->raw, *tiles = own + p->tiles;
    if (z->wino) {
        dli_wino_tiles(f, z, v->c, tiles, image);
        dli_wino_sample(f, v, z, y, arg, tiles, packed, off, bias, add, raw);
    } else
        dli_direct_sample(f, v, z, y, arg, image, packed, off, bias, add, raw);
}
/* y = conv(x, w) + bias (or NULL), to its end; if that is pooling, arg says which of the four won.
   With add, y += conv. */
static void dli_conv_forward(const dli_fast *f, const dli_conv *v, float *y, int32_t *arg,
                             const float *x, const float *w, const float *bias, int add,
                             int threads, void *work)
{
    const dli_conv_size z = dli_conv_sizes(f, v);
    const dli_conv_plan p = dli_conv_plan_of(f, v);
    dl_int *off = (dl_int *)work;
    float *packed = (float *)work + p.packed;
    int t;
    dli_conv_offsets(v, &z, off);
    dli_conv_pack(f, v, &z, packed, w, (float *)work + p.sums);
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (t = 0; t < threads; t++) {
        float *own = (float *)work + p.own + t * p.each;
        dl_int s, s1 = v->n * (t + 1) / threads;
        memset(own, 0, sizeof(float) * (size_t)p.grad);
        for (s = v->n * t / threads; s < s1; s++)
            dli_conv_sample(f, v, &z, &p, y + s * z.out, arg ? arg + s * z.out : NULL,
                            dli_conv_image(f, v, &z, x, s, own), packed, off, bias, add, own);
    }
}

/* Adds one sample's dWt [K, M] and db [M] to the sums of its chunk, or sets them. The gradient of
   the sums starts at g and has planes of gp floats and rows of gw. */
static void dli_conv_sample_weights(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                                    float *dwt, float *db, const float *image, const float *g,
                                    dl_int gp, dl_int gw, int first, float *panel)
{
    const dl_int ldw = dli_round_up(v->m, f->nr), area = z->oh * z->ow, taps = v->kh * v->kw;
    dl_int m, k, i, r;
    if (first) memset(db, 0, sizeof(float) * (size_t)ldw);
    for (m = 0; m < v->m; m += f->nr) {
        dl_int cols = dli_min(f->nr, v->m - m);
        if (cols < f->nr) memset(panel, 0, sizeof(float) * (size_t)(area * f->nr));
        for (r = 0; r < z->oh; r++)                      /* as [position][NR], in blocks of 4 x 4 */
            f->transpose(panel + r * z->ow * f->nr, f->nr, g + m * gp + r * gw, gp, cols,
                         dli_round_up(z->ow, 4));
        for (k = 0; k < z->k; k += f->mr) {
            const float *rows[DLI_MAX_MR];
            for (i = 0; i < f->mr; i++) {
                const dl_int l = dli_min(k + i, z->k - 1), tap = l % taps;
                rows[i] = image + (l / taps * z->hp + tap / v->kw) * z->wp + tap % v->kw;
            }
            f->tile_rows(dwt + k * ldw + m, ldw, !first, area, rows, z->ow, z->wp - z->ow, panel);
        }
        f->col_sums(db + m, panel, f->nr, area, f->nr);
    }
}

/* The same by Winograd's way, for dU [16][M][C]; tiles: B^T d B of the image. */
static void dli_wino_sample_weights(const dli_fast *f, const dli_conv *v, const dli_conv_size *z,
                                    float *du, float *db, const float *tiles, float *tiles_grad,
                                    const float *g, dl_int gp, dl_int gw, int first, float *panel)
{
    const dl_int ld = dli_round_up(v->c, f->nr), mp = dli_round_up(v->m, f->mr), n = z->th * z->tw;
    const float *rows[DLI_MAX_MR];
    dl_int m, c, t, i;
    for (m = 0; m < v->m; m++) {
        db[m] = (first ? 0.0f : db[m]) + f->vsum(g + m * gp, (z->oh - 1) * gw + z->ow);
        f->wino_grad(tiles_grad + m * z->tp, dli_wino_part(z, v->m), g + m * gp, gw, z->th, z->tw);
    }
    for (t = 0; t < 16; t++)
        for (c = 0; c < v->c; c += f->nr) {
            const float *part = tiles_grad + t * dli_wino_part(z, v->m);
            const dl_int cols = dli_min(f->nr, v->c - c);
            if (cols < f->nr) memset(panel, 0, sizeof(float) * (size_t)(n * f->nr));
            f->transpose(panel, f->nr, tiles + t * dli_wino_part(z, v->c) + c * z->tp, z->tp, cols,
                         n);
            for (m = 0; m < v->m; m += f->mr) {
                for (i = 0; i < f->mr; i++) rows[i] = part + dli_min(m + i, v->m - 1) * z->tp;
                f->tile_rows(du + (t * mp + m) * ld + c, ld, !first, n, rows, n, 0, panel);
            }
        }
}

/* Where the gradients of a convolution come from and go to. */
typedef struct dli_conv_grads {
    const float *dy, *y;                                 /* y is asked if its end is ReLU */
    const int32_t *arg;                                  /* if its end is pooling */
    float *dx;  int add_dx;                              /* NULL, overwritten, or added to */
    float *dw, *db;                                      /* NULL or added to */
} dli_conv_grads;

/* The weights of the reversed convolution: flipped, their first dimensions exchanged. */
static void dli_conv_flip(const dli_conv *v, float *flipped, const float *w)
{
    const dl_int taps = v->kh * v->kw;
    dl_int m, c, i;
    for (m = 0; m < v->m; m++)
        for (c = 0; c < v->c; c++)
            for (i = 0; i < taps; i++)
                flipped[(c * v->m + m) * taps + i] = w[(m * v->c + c) * taps + taps - 1 - i];
}
/* The samples are cut into 8 chunks, each summed in order into its own dWt; the chunks are added in
   order. A sample's gradient is unpooled and masked once, for dx and dw. */
static void dli_conv_backward(const dli_fast *f, const dli_conv *v, const dli_conv_grads *to,
                              const float *x, const float *w, int threads, void *work)
{
    const dli_conv r = dli_conv_reversed(f, v);
    const dli_conv_size z = dli_conv_sizes(f, v), b = dli_conv_sizes(f, &r);
    const dli_conv_plan p = dli_conv_plan_of(f, v);
    const bool weights = to->dw || to->db, wino = weights && dli_conv_wino_weights(v, &z);
    const dl_int ph = to->dx ? r.ph : wino, pw = to->dx ? r.pw : wino;       /* zeros around dy */
    const dl_int gw = z.ow + 2 * pw, gp = gw * (z.oh + 2 * ph), chunks = dli_min(v->n, DLI_CHUNKS);
    const dl_int ldw = dli_round_up(v->m, f->nr), ldu = dli_round_up(v->c, f->nr);
    dl_int *off = (dl_int *)work, m, k, c;
    float *packed = (float *)work + p.packed, *sums = (float *)work + p.sums;
    int t;
    dli_conv_offsets(&r, &b, off);
    if (to->dx) {
        dli_conv_flip(v, sums, w);
        dli_conv_pack(f, &r, &b, packed, sums, sums + z.k * v->m);
    }
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (t = 0; t < threads; t++) {
        float *own = (float *)work + p.own + t * p.each;
        float *grad = own + p.grad, *g = grad + ph * gw + pw;
        dl_int chunk, s;
        memset(own, 0, sizeof(float) * (size_t)p.raw);
        for (chunk = t; chunk < chunks; chunk += threads) {
            float *dwt = sums + chunk * p.chunk, *db = dwt + p.chunk - ldw;
            dl_int s0 = v->n * chunk / chunks, s1 = v->n * (chunk + 1) / chunks;
            for (s = s0; s < s1; s++) {
                const float *dy = to->dy + s * z.out, *from = NULL;
                if (v->end == DLI_END_RELU_POOL)
                    f->unpool2(g, gp, gw, own + p.raw, dy, to->arg + s * z.out, v->m, z.oh, z.ow);
                else
                    f->place(g, gp, gw, dy, v->end == DLI_END_RELU ? to->y + s * z.out : NULL,
                             v->m, z.oh, z.ow);
                if (weights) from = dli_conv_image(f, v, &z, x, s, own);
                if (wino) {
                    dli_wino_tiles(f, &z, v->c, own + p.tiles, from);
                    dli_wino_sample_weights(f, v, &z, dwt, db, own + p.tiles, own + p.tiles_grad,
                                            g, gp, gw, s == s0, own + p.panel);
                } else if (weights)
                    dli_conv_sample_weights(f, v, &z, dwt, db, from, g, gp, gw, s == s0,
                                            own + p.panel);
                if (to->dx)
                    dli_conv_sample(f, &r, &b, &p, to->dx + s * z.in, NULL, grad, packed, off,
                                    NULL, to->add_dx, own);
            }
        }
    }
    if (!weights) return;
    for (c = 1; c < chunks; c++) f->add(sums, sums, sums + c * p.chunk, p.chunk);
    for (m = 0; m < v->m && to->dw; m++)
        for (k = 0; k < z.k; k += wino ? 9 : 1)
            if (wino) dli_wino_kernel_back(to->dw + m * z.k + k, sums + m * ldu + k / 9,
                                           dli_round_up(v->m, f->mr) * ldu);
            else to->dw[m * z.k + k] += sums[k * ldw + m];
    for (m = 0; m < v->m && to->db; m++) to->db[m] += sums[p.chunk - ldw + m];
}

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

   Samples do not meet, so each thread takes its own through all steps without waiting for anybody.
   What backward needs stays in `saved`; backward leaves the gates' gradients there, and the gradient
   of all weights, biases included, is one product over all steps, rows^T times gates' gradients.

   Gates and states are kept as the tile of the product likes them: a gate is cut into panels of nr
   units, and a panel holds its nr floats of each step and sample, one behind the other:

      gate 0                                     gate 1 ...
      panel 0                     panel 1 ...
      step 0            step 1 ...
      sample 0 | 1 | 2  0 | 1 | 2                each box: nr floats, one a unit

   So a tile writes adjacent memory, the arithmetic of the cell runs through a step's samples without
   a seam while they are in the cache, and the gradients are already packed as B of the last product.
   Its A, all rows [x | 1 | h], is packed step by step too, in panels of mr columns. Units that fill
   up the last panel have weights 0; as 0 times infinity is NaN, nothing of theirs goes into sums.

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

static dli_recurrent dli_recurrent_of(const dli_fast *f, dl_recurrent_kind kind,
                                      const dlk_recurrent_arrays *a, const dlk_recurrent_size *s)
{
    dli_recurrent p;
    p.f = f;
    p.kind = kind;
    p.a = *a;
    p.s = *s;
    p.gates = kind == DL_LSTM || kind == DL_GRU ? 4 : 1;
    p.nr = f->nr;
    p.panels = dli_ceil_div(s->H, p.nr);
    p.units = p.panels * p.nr;
    p.wide = p.gates * p.units;
    p.rows = s->T * s->N;
    p.k = s->D + 1 + s->H;
    p.k_up = dli_round_up(p.k, f->mr);
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
    const double N = (double)s->N, T = (double)s->T;
    const double gates = kind == DL_LSTM || kind == DL_GRU ? 4 : 1;
    const double units = (double)dli_round_up(s->H, f->nr), wide = gates * units;
    const double k = (double)(s->D + 1 + s->H), k_up = (double)dli_round_up(s->D + 1 + s->H, f->mr);
    *saved = N * T * (k_up + wide) + (gates > 1 ? (T + 1) * N * units : 0);
    *work = N * (2 * units + wide + (double)f->nr + 2 * k) +
            wide * (units + (double)dli_round_up(s->D, f->nr) + 2 * k_up);
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
/* Where panel u of gate 0 has sample n's nr floats of step t; and of the states before that step. */
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
    f->vsigmoid(g, g, n);
    f->vsigmoid(g + gate, g + gate, n);
    if (p->kind == DL_LSTM) {                            /* c = f c + i q;  h = o tanh c */
        f->vtanh(g + 2 * gate, g + 2 * gate, n);
        f->vsigmoid(g + 3 * gate, g + 3 * gate, n);
        f->lstm_state(c, g, g + gate, g + 2 * gate, before, n);
        f->vtanh(h, c, n);
        f->mul(h, h, g + 3 * gate, n);
    } else {                                             /* q = tanh(qx + r qh), where qx was */
        f->mul(h, g, g + 2 * gate, n);
        f->add(g + 3 * gate, g + 3 * gate, h, n);
        f->vtanh(g + 3 * gate, g + 3 * gate, n);
        f->gru_state(h, g + gate, g + 3 * gate, before, n);
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
        else (p->kind == DL_RNN_TANH ? p->f->vtanh : p->f->vrelu)(out = g0, g0, n);
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
    int w;
    if (!few) dli_recurrent_pack(p, packed, rows);
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (w = 0; w < threads; w++) {
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
            f->vtanh(tanh_c, before + p->s.N * nr, n);
            f->lstm_back(dh, b->dc + at, g0, g0 + gate, g0 + 2 * gate, g0 + 3 * gate, tanh_c,
                         before, n);
        } else if (p->kind == DL_GRU)
            f->gru_back(dh, g0, g0 + gate, g0 + 2 * gate, g0 + 3 * gate, before, n);
        else (p->kind == DL_RNN_TANH ? f->vtanh_back : f->vrelu_back)(g0, dh, g0, n, 0);
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
    int w;
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (w = 0; w < threads; w++)
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
        dl_int k0, k, i;
        count = dli_recurrent_columns(p, g, &k0, &k);
        const dl_int wide = count * p->units, c0 = k0 / f->mr * f->mr;
        dli_recurrent_product(p, dw, c0, dli_round_up(k0 + k - c0, f->mr), g, wide, threads);
        DLI_OMP(omp parallel for num_threads(threads) if (threads > 1))
        for (i = g; i < g + count; i++) {                /* from [columns, units] to PyTorch's */
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
    int w;
    dli_recurrent_pack_back(p, b.packed_h, p->a.w_hh, H, 0, p->kind == DL_GRU ? 3 : p->gates, dw);
    for (dl_int g = 0, count; to->dx && g < p->gates; g += count) {
        dl_int k0, k;
        count = dli_recurrent_columns(p, g, &k0, &k);
        if (k0 == 0)
            dli_recurrent_pack_back(p, b.packed_x + g * p->units * d_up, p->a.w_ih, p->s.D, g,
                                    count, dw);
    }
    memset(b.dg, 0, sizeof(float) * (size_t)(N * p->wide));
    DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
    for (w = 0; w < threads; w++) {
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

#endif /* DLI_FAST */

static bool dli_fast_start(dl_ctx *c, int threads)
{
#if DLI_FAST
    size_t bytes = dli_gemm_work_bytes(threads) + DLI_ALIGN;
    void *p = DL_MALLOC(bytes);
    if (!p) return false;
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

/* What is known of jobs of this size: among the 8 places from its hash on, where it is, or else the
   one that was used least. */
static dli_job *dli_job_find(dl_ctx *c, double size)
{
    const uint64_t hash = dli_mix((uint64_t)(size * 64));
    dli_job *j, *least = NULL;
    int i;
    for (i = 0; i < 8; i++) {
        j = &c->job[(hash + (uint64_t)i) % DLI_JOBS];
        if (j->size == size) return j;
        if (!least || j->runs < least->runs) least = j;
    }
    return least;
}
static dli_timer dli_job_start(dl_ctx *c, double size)
{
    dli_timer t;
    dli_job *j;
    memset(&t, 0, sizeof t);
    t.threads = 1;
    if (c->threads == 1 || size < 32768) return t;
    j = dli_job_find(c, size);
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

#if defined(DL_USE_CBLAS) && !defined(DL_REFERENCE)
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
    dl_int i, j;
    (void)c;
    if (DLI_BLAS(N, M, D, x, false, w, true, y, false)) {
        for (i = 0; b && i < N; i++)
            for (j = 0; j < M; j++) y[i * M + j] += b[j];
    } else {
#if DLI_FAST
        dli_product p = dli_product_nt(N, M, D, x, w, y);
        p.col_bias = b;
        dli_product_run(c, p, false);
#else
        dlk_linear_forward(y, x, w, b, N, D, M);
#endif
    }
}

/* With add_dx false, dx is overwritten; dw likewise. */
static void dli_linear_backward(dl_ctx *c, dl_real *dx, bool add_dx, dl_real *dw, bool add_dw,
                                dl_real *db, const dl_real *dy, const dl_real *x,
                                const dl_real *w, dl_int N, dl_int D, dl_int M)
{
    if (dx && DLI_BLAS(N, D, M, dy, false, w, false, dx, add_dx)) dx = NULL;
    if (dw && DLI_BLAS(M, D, N, dy, true, x, false, dw, add_dw)) dw = NULL;
#if DLI_FAST
    if (dx) dli_product_run(c, dli_product_nn(N, D, M, dy, w, dx), add_dx);
    if (dw) dli_product_run(c, dli_product_tn(M, D, N, dy, x, dw), add_dw);
    if (db) c->fast->col_sums(db, dy, M, N, M);
#else
    (void)c;
    if (dx && !add_dx) memset(dx, 0, (size_t)(N * D) * sizeof *dx);
    if (dw && !add_dw) memset(dw, 0, (size_t)(M * D) * sizeof *dw);
    dlk_linear_backward(dx, dw, db, dy, x, w, N, D, M);
#endif
}

static void dli_matmul_forward(dl_ctx *c, dl_real *y, const dl_real *a, const dl_real *b,
                               dl_int N, dl_int K, dl_int M)
{
    if (DLI_BLAS(N, M, K, a, false, b, false, y, false)) return;
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
    if (da && DLI_BLAS(N, K, M, dy, false, b, true, da, true)) da = NULL;
    if (db && DLI_BLAS(K, M, N, a, true, dy, false, db, true)) db = NULL;
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
        kernel == dlk_exp_forward       ? c->fast->vexp : NULL;
    if (fast) {
        DLI_SPREAD(c, 1, n, at, len, fast(y + at, x + at, len));
        return;
    }
    if (kernel == dlk_affine_forward) {                  /* p x + q */
        c->fast->scale(y, (float)p, x, n);
        if (q != 0) c->fast->offset(y, (float)q, y, n);
        return;
    }
    if (kernel == dlk_gelu_forward || kernel == dlk_gelu_tanh_forward) {
        int form = kernel == dlk_gelu_tanh_forward;
        DLI_SPREAD(c, 5, n, at, len, dli_gelu_forward(c->fast, y + at, x + at, len, form));
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
        kernel == dlk_tanh_backward      ? c->fast->vtanh_back : NULL;
    if (fast) {
        const dl_real *v = kernel == dlk_sigmoid_backward || kernel == dlk_tanh_backward ? y : x;
        DLI_SPREAD(c, 2, n, at, len, fast(dx + at, dy + at, v + at, len, add));
        return;
    }
    if (kernel == dlk_affine_backward) {
        if (add) c->fast->axpy(dx, (float)p, dy, n);
        else c->fast->scale(dx, (float)p, dy, n);
        return;
    }
    if (kernel == dlk_gelu_backward || kernel == dlk_gelu_tanh_backward) {
        int form = kernel == dlk_gelu_tanh_backward;
        DLI_SPREAD(c, 6, n, at, len,
                   dli_gelu_backward(c->fast, dx + at, dy + at, x + at, len, add, form));
        return;
    }
#endif
    (void)c;
    if (!add) memset(dx, 0, (size_t)n * sizeof *dx);
    kernel(dx, dy, y, x, n, p, q);
}

typedef void (*dli_binary_forward)(dl_real *, const dl_real *, const dl_real *,
                                   dl_int, dl_int, dl_int);
typedef void (*dli_binary_backward)(dl_real *, dl_real *, const dl_real *, const dl_real *,
                                    const dl_real *, dl_int, dl_int, dl_int);

/* A row of a sum or product of two tensors, steps sa and sb apart (0: the same number again). */
static void dli_binary_row(dl_ctx *c, dli_binary_forward kernel, dl_real *y, const dl_real *a,
                           const dl_real *b, dl_int n, dl_int sa, dl_int sb)
{
#if DLI_FAST
    const bool sum = kernel == dlk_add_forward, product = kernel == dlk_mul_forward;
    if ((sum || product) && sa == 1 && sb == 1) {
        (sum ? c->fast->add : c->fast->mul)(y, a, b, n);
        return;
    }
    if (kernel == dlk_sub_forward && sa == 1 && sb == 1) {
        c->fast->scale(y, -1.0f, b, n);
        c->fast->add(y, y, a, n);
        return;
    }
    if ((sum || product) && sa + sb == 1 && sa * sb == 0) {
        (sum ? c->fast->offset : c->fast->scale)(y, sa ? *b : *a, sa ? a : b, n);
        return;
    }
#endif
    (void)c;
    kernel(y, a, b, n, sa, sb);
}

static void dli_binary_row_back(dl_ctx *c, dli_binary_backward kernel, dl_real *da, dl_real *db,
                                const dl_real *dy, const dl_real *a, const dl_real *b, dl_int n,
                                dl_int sa, dl_int sb)
{
#if DLI_FAST
    const bool steps = (sa == 0 || sa == 1) && (sb == 0 || sb == 1);
    if (kernel == dlk_add_backward && steps) {
        if (da && sa) c->fast->add(da, da, dy, n);
        if (db && sb) c->fast->add(db, db, dy, n);
        if (da && !sa) *da += (float)dli_row_sum(c->fast, dy, n);
        if (db && !sb) *db += (float)dli_row_sum(c->fast, dy, n);
        return;
    }
    if (kernel == dlk_sub_backward && sa == 1 && sb == 1) {
        if (da) c->fast->add(da, da, dy, n);
        if (db) c->fast->axpy(db, -1.0f, dy, n);
        return;
    }
    if (kernel == dlk_mul_backward && steps) {
        dli_mul_back(c->fast, da, sa, dy, b, sb, n);
        dli_mul_back(c->fast, db, sb, dy, a, sa, n);
        return;
    }
#endif
    (void)c;
    kernel(da, db, dy, a, b, n, sa, sb);
}

/* The sum of n numbers, and y += a. */
static double dli_sum_of(const dl_ctx *c, const dl_real *x, dl_int n)
{
#if DLI_FAST
    return dli_row_sum(c->fast, x, n);
#else
    double sum = 0;
    dl_int i;
    (void)c;
    for (i = 0; i < n; i++) sum += (double)x[i];
    return sum;
#endif
}
static void dli_add_number(const dl_ctx *c, dl_real *y, dl_real a, dl_int n)
{
#if DLI_FAST
    c->fast->offset(y, a, y, n);
#else
    dl_int i;
    (void)c;
    for (i = 0; i < n; i++) y[i] += a;
#endif
}

/* What dlk_decay_grad does to a gradient, and g *= scale alone. */
static void dli_decay_grad(const dl_ctx *c, dl_real *g, const dl_real *w, dl_int n, double scale,
                           double l1, double l2)
{
#if DLI_FAST
    if (l1 == 0) {
        if (scale != 1) c->fast->scale(g, (float)scale, g, n);
        if (l2 != 0) c->fast->axpy(g, (float)l2, w, n);
        return;
    }
#endif
    (void)c;
    dlk_decay_grad(g, w, n, scale, l1, l2);
}

/* w -= rate w: AdamW's decay */
static void dli_decay_weights(const dl_ctx *c, dl_real *w, dl_int n, double rate)
{
#if DLI_FAST
    c->fast->axpy(w, -(float)rate, w, n);
#else
    (void)c;
    dlk_affine_forward(w, w, n, 1 - rate, 0);
#endif
}

static void dli_softmax_forward(dl_ctx *c, dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
#if DLI_FAST
    dli_softmax_loss(c->fast, y, x, NULL, N, C);
#else
    (void)c;
    dlk_softmax_forward(y, x, N, C);
#endif
}

static void dli_softmax_backward(dl_ctx *c, dl_real *dx, const dl_real *dy, const dl_real *y,
                                 dl_int N, dl_int C)
{
#if DLI_FAST
    dli_softmax_rows_back(c->fast, dx, dy, y, N, C);
#else
    (void)c;
    dlk_softmax_backward(dx, dy, y, N, C);
#endif
}

static void dli_log_softmax_backward(dl_ctx *c, dl_real *dx, const dl_real *dy, const dl_real *y,
                                     dl_int N, dl_int C)
{
#if DLI_FAST
    dli_log_softmax_rows_back(c->fast, dx, dy, y, N, C);
#else
    (void)c;
    dlk_log_softmax_backward(dx, dy, y, N, C);
#endif
}

static void dli_log_softmax_forward(dl_ctx *c, dl_real *y, const dl_real *x, dl_int N, dl_int C)
{
#if DLI_FAST
    dli_log_softmax(c->fast, y, x, N, C);
#else
    (void)c;
    dlk_log_softmax_forward(y, x, N, C);
#endif
}

/* Dropout's y from x, or with add true the same thing backwards: dx += from dy. */
static void dli_dropout(dl_ctx *c, dl_real *y, const dl_real *x, dl_int n, double p, uint64_t key,
                        bool add)
{
#if DLI_FAST
    const int32_t drop24 = (int32_t)ceil(p * 16777216);
    DLI_SPREAD(c, 7, n, at, len,
               c->fast->dropout(y + at, x + at, len, (uint32_t)at,
                                (uint32_t)key + (uint32_t)((uint64_t)at >> 32),
                                (uint32_t)(key >> 32), drop24, (float)(1 / (1 - p)), add));
#else
    (void)c;
    if (add) dlk_dropout_backward(y, x, n, p, key);
    else dlk_dropout_forward(y, x, n, p, key);
#endif
}

/* Cross-entropy with labels, as at dlk_cross_entropy_forward. */
static void dli_cross_entropy_forward(dl_ctx *c, dl_real *loss, dl_real *p, const dl_real *x,
                                      const int32_t *label, dl_int N, dl_int C, double scale)
{
#if DLI_FAST
    loss[0] = (dl_real)(scale * dli_softmax_loss(c->fast, p, x, label, N, C));
#else
    (void)c;
    dlk_cross_entropy_forward(loss, p, x, label, N, C, scale);
#endif
}

/* The same with soft targets t [N,C]. */
static void dli_soft_cross_entropy_forward(dl_ctx *c, dl_real *loss, dl_real *p, const dl_real *x,
                                           const dl_real *t, dl_int N, dl_int C, double scale)
{
#if DLI_FAST
    loss[0] = (dl_real)(scale * dli_soft_rows(c->fast, p, x, t, N, C));
#else
    (void)c;
    dlk_soft_cross_entropy_forward(loss, p, x, t, N, C, scale);
#endif
}

static void dli_sgd_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_int n, double lr)
{
#if DLI_FAST
    DLI_SPREAD(c, 8, n, at, len, c->fast->axpy(w + at, -(float)lr, g + at, len));
#else
    (void)c;
    dlk_sgd_step(w, g, n, lr);
#endif
}

static void dli_momentum_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *v, dl_int n,
                              double gain, double rate, double mu, bool nesterov)
{
#if DLI_FAST
    DLI_SPREAD(c, 9, n, at, len,
               c->fast->momentum(w + at, g + at, v + at, len, (float)gain, (float)rate, (float)mu,
                                 nesterov));
#else
    (void)c;
    dlk_momentum_step(w, g, v, n, gain, rate, mu, nesterov);
#endif
}

static void dli_adagrad_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double eps_in, double eps_out)
{
#if DLI_FAST
    DLI_SPREAD(c, 3, n, at, len,
               c->fast->rmsprop(w + at, g + at, a + at, len, (float)lr, 1, 1, (float)eps_in,
                                (float)eps_out));
#else
    (void)c;
    dlk_adagrad_step(w, g, a, n, lr, eps_in, eps_out);
#endif
}

static void dli_adadelta_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_real *u,
                              dl_int n, double lr, double rho, double eps)
{
#if DLI_FAST
    DLI_SPREAD(c, 10, n, at, len,
               c->fast->adadelta(w + at, g + at, a + at, u + at, len, (float)lr, (float)rho,
                                 (float)(1 - rho), (float)eps));
#else
    (void)c;
    dlk_adadelta_step(w, g, a, u, n, lr, rho, eps);
#endif
}

static void dli_rmsprop_step(dl_ctx *c, dl_real *w, const dl_real *g, dl_real *a, dl_int n,
                             double lr, double rho, double eps_in, double eps_out)
{
#if DLI_FAST
    DLI_SPREAD(c, 3, n, at, len,
               c->fast->rmsprop(w + at, g + at, a + at, len, (float)lr, (float)rho,
                                (float)(1 - rho), (float)eps_in, (float)eps_out));
#else
    (void)c;
    dlk_rmsprop_step(w, g, a, n, lr, rho, eps_in, eps_out);
#endif
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
                             (float)b2, (float)(1 - b2), step, e));
#else
    (void)c;
    dlk_adam_step(w, g, m, v, n, lr, b1, b2, eps, t, keras_eps);
#endif
}

/* The normalizations, each as its kernel. */
static void dli_batch_norm_forward(dl_ctx *ctx, dl_real *y, const dl_real *x, dl_real *mean,
                                   dl_real *var, const dl_real *w, const dl_real *b, dl_int N,
                                   dl_int C, dl_int S, double eps, bool stats)
{
#if DLI_FAST
    dli_timer t = dli_job_start(ctx, (double)(N * C * S) + 11 / 64.0);
    if (stats) dli_norm_stats(ctx->fast, mean, var, x, N, C, S, t.threads);
    dli_norm_forward(ctx->fast, y, x, mean, var, w, b, N, C, S, eps, t.threads);
    dli_job_end(&t);
#else
    (void)ctx;
    if (stats) dlk_batch_stats(mean, var, x, N, C, S);
    dlk_batch_norm_forward(y, x, mean, var, w, b, N, C, S, eps);
#endif
}

static void dli_batch_norm_backward(dl_ctx *ctx, dl_real *dx, dl_real *dw, dl_real *db,
                                    const dl_real *dy, const dl_real *x, const dl_real *mean,
                                    const dl_real *var, const dl_real *w, dl_int N, dl_int C,
                                    dl_int S, double eps, bool batch)
{
#if DLI_FAST
    dli_timer t = dli_job_start(ctx, (double)(N * C * S) + 12 / 64.0);
    dli_norm_backward(ctx->fast, dx, dw, db, dy, x, mean, var, w, N, C, S, eps, batch, t.threads);
    dli_job_end(&t);
#else
    (void)ctx;
    dlk_batch_norm_backward(dx, dw, db, dy, x, mean, var, w, N, C, S, eps, batch);
#endif
}

static void dli_group_norm_forward(dl_ctx *ctx, dl_real *y, dl_real *mean, dl_real *var,
                                   const dl_real *x, const dl_real *w, const dl_real *b, dl_int N,
                                   dl_int C, dl_int S, dl_int groups, double eps)
{
#if DLI_FAST
    dli_timer t = dli_job_start(ctx, (double)(N * C * S) + 13 / 64.0);
    dli_group_forward(ctx->fast, y, mean, var, x, w, b, N, C, S, groups, eps, t.threads);
    dli_job_end(&t);
#else
    (void)ctx;
    dlk_group_norm_forward(y, mean, var, x, w, b, N, C, S, groups, eps);
#endif
}

static void dli_group_norm_backward(dl_ctx *ctx, dl_real *dx, dl_real *dw, dl_real *db,
                                    const dl_real *dy, const dl_real *x, const dl_real *mean,
                                    const dl_real *var, const dl_real *w, dl_int N, dl_int C,
                                    dl_int S, dl_int groups, double eps)
{
#if DLI_FAST
    dli_timer t = dli_job_start(ctx, (double)(N * C * S) + 14 / 64.0);
    dli_group_backward(ctx->fast, dx, dw, db, dy, x, mean, var, w, N, C, S, groups, eps,
                       t.threads);
    dli_job_end(&t);
#else
    (void)ctx;
    dlk_group_norm_backward(dx, dw, db, dy, x, mean, var, w, N, C, S, groups, eps);
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
static bool dli_conv_is_plain(const dlk_conv2d_size *s)
{
    return s->N > 0 && s->M > 0 && s->groups == 1 && s->stride_h == 1 && s->stride_w == 1 &&
           s->dilation_h == 1 && s->dilation_w == 1 && s->top < s->KH && s->left < s->KW &&
           s->OH == s->H + 2 * s->top - s->KH + 1 && s->OW == s->W + 2 * s->left - s->KW + 1;
}
static dli_conv dli_conv_of(const dlk_conv2d_size *s, dli_conv_end end)
{
    dli_conv v;
    v.n = s->N; v.c = s->C; v.h = s->H; v.w = s->W;
    v.m = s->M; v.kh = s->KH; v.kw = s->KW; v.ph = s->top; v.pw = s->left;
    v.end = end;
    return v;
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

#if DLI_FAST
/* The convolution to its end, in the fast room; s is plain. */
static bool dli_conv_run(dl_ctx *c, dl_real *y, int32_t *arg, const dl_real *x,
                         const dl_real *w, const dl_real *b, const dlk_conv2d_size *s,
                         dli_conv_end end, bool add)
{
    const dli_conv v = dli_conv_of(s, end);
    dli_timer t;
    void *work = dli_work(c, "dl_conv2d", dli_conv_work_bytes(c->fast, &v, c->threads));
    if (!work) return false;
    t = dli_job_start(c, dli_conv_cost(s) + (int)end / 64.0);
    dli_conv_forward(c->fast, &v, y, arg, x, w, b, add, t.threads, work);
    dli_job_end(&t);
    return true;
}
static bool dli_conv_run_back(dl_ctx *c, const dli_conv_grads *to, const dl_real *x,
                              const dl_real *w, const dlk_conv2d_size *s, dli_conv_end end)
{
    const dli_conv v = dli_conv_of(s, end);
    dli_timer t;
    void *work = dli_work(c, "dl_conv2d", dli_conv_work_bytes(c->fast, &v, c->threads));
    if (!work) return false;
    t = dli_job_start(c, dli_conv_cost(s) + 0.25 + (int)end / 64.0);
    dli_conv_backward(c->fast, &v, to, x, w, t.threads, work);
    dli_job_end(&t);
    return true;
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
    if (dli_conv_is_plain(s)) return dli_conv_run(c, y, NULL, x, w, b, s, DLI_END_LINEAR, add);
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
    if (dli_conv_is_plain(s)) {
        dli_conv_grads to;
        memset(&to, 0, sizeof to);
        to.dy = dy; to.dx = dx; to.add_dx = add_dx; to.dw = dw; to.db = db;
        return dli_conv_run_back(c, &to, x, w, s, DLI_END_LINEAR);
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

/* ---- max-pooling: 2 x 2 windows side by side run in the fast room; at is then 0 to 3 ---- */

static bool dli_pool_plain(const dlk_pool2d_size *s)
{
    return DLI_FAST && s->KH == 2 && s->KW == 2 && s->stride_h == 2 && s->stride_w == 2 &&
           s->top == 0 && s->left == 0 && s->OH == s->H / 2 && s->OW == s->W / 2;
}

static void dli_max_pool2d_forward(dl_ctx *c, dl_real *y, int32_t *at, const dl_real *x,
                                   const dlk_pool2d_size *s)
{
#if DLI_FAST
    if (dli_pool_plain(s)) {
        const dl_int in = s->H * s->W, out = s->OH * s->OW, planes = s->planes;
        dli_timer t = dli_job_start(c, (double)(planes * in) + 0.5);
        int i;
        DLI_OMP(omp parallel for num_threads(t.threads) if (t.threads > 1))
        for (i = 0; i < t.threads; i++) {
            dl_int k, stop = planes * (i + 1) / t.threads;
            for (k = planes * i / t.threads; k < stop; k++)
                c->fast->pool2(y + k * out, at + k * out, y + stop * out, x + k * in,
                               x + planes * in, s->W, s->OH, s->OW, 0.0f, 0);
        }
        dli_job_end(&t);
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
    dl_int k, p, q;
#if DLI_FAST
    if (dli_pool_plain(s) && !add) {
        const dl_int in = s->H * s->W, out = s->OH * s->OW, planes = s->planes;
        dli_timer t = dli_job_start(c, (double)(planes * in) + 0.625);
        int i;
        DLI_OMP(omp parallel for num_threads(t.threads) if (t.threads > 1))
        for (i = 0; i < t.threads; i++) {
            dl_int j = planes * i / t.threads, stop = planes * (i + 1) / t.threads;
            c->fast->unpool2(dx + j * in, in, s->W, dx + stop * in, dy + j * out, at + j * out,
                             stop - j, s->H, s->W);
        }
        dli_job_end(&t);
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
            for (q = 0; q < s->OW; q++, at++)
                dx[(2 * p + *at / 2) * s->W + 2 * q + *at % 2] += *dy++;
}

/* ---- sequences ---- */

/* How many elements a recurrent layer saves, and how many of scratch it needs; in double, which does
   not overflow. fast: of the twin, else of the kernels. */
static void dli_recurrent_room(const dl_ctx *c, dl_recurrent_kind kind, bool fast,
                               const dlk_recurrent_size *s, double *saved, double *work)
{
#if DLI_FAST
    if (fast) {
        dli_recurrent_floats(c->fast, kind, s, saved, work);
        return;
    }
#endif
    (void)c;
    (void)fast;
    *saved = (double)s->N * (double)s->T * (double)(dli_cells[kind].kept * s->H);
    *work = 2 * (double)(dli_cells[kind].gates + 1) * (double)s->H;
}

#if DLI_FAST
static dli_timer dli_recurrent_start(dl_ctx *c, dl_recurrent_kind kind, const dlk_recurrent_size *s,
                                     double which)
{
    return dli_job_start(c, (double)(s->N * s->T) * (double)(dli_cells[kind].gates * s->H) *
                            (double)(s->D + s->H) + which);
}
#endif

/* One layer in one direction by the twin of dlk_rnn_forward and so on. */
static void dli_recurrent_twin(dl_ctx *c, dl_recurrent_kind kind, const dlk_recurrent_arrays *r,
                               const dlk_recurrent_size *s)
{
#if DLI_FAST
    const dli_recurrent p = dli_recurrent_of(c->fast, kind, r, s);
    dli_timer t = dli_recurrent_start(c, kind, s, 0.125);
    dli_recurrent_forward(&p, t.threads);
    dli_job_end(&t);
#else
    (void)c;
    (void)kind;
    (void)r;
    (void)s;
#endif
}

static void dli_recurrent_twin_back(dl_ctx *c, dl_recurrent_kind kind, const dlk_recurrent_grads *d,
                                    const dlk_recurrent_arrays *r, const dlk_recurrent_size *s)
{
#if DLI_FAST
    const dli_recurrent p = dli_recurrent_of(c->fast, kind, r, s);
    dli_timer t = dli_recurrent_start(c, kind, s, 0.375);
    dli_recurrent_backward(&p, d, t.threads);
    dli_job_end(&t);
#else
    (void)c;
    (void)kind;
    (void)d;
    (void)r;
    (void)s;
#endif
}

/* Is there neither NaN nor infinity in x? (A sum that overflows says no, too.) */
static bool dli_finite(const dl_ctx *c, const dl_real *x, dl_int n)
{
    dl_real sum = 0;
#if DLI_FAST
    sum = c->fast->vsum(x, n);
#else
    (void)c;
    for (dl_int i = 0; i < n; i++) sum += x[i];
#endif
    return (double)(sum - sum) == 0;
}

/* Attention of one sequence, as at dlk_attention_forward: K is laid out like a linear layer's
   weight, so q K^T is that layer's product. Products multiply what is hidden by 0, which does not
   hide NaN and infinity: these are left to the kernel. */
static void dli_attention_forward(dl_ctx *c, dl_real *y, dl_real *p, const dl_real *q,
                                  const dl_real *k, const dl_real *v, const dl_real *mask,
                                  const dlk_attention_size *s)
{
    const dl_int R = s->R, S = s->S, D = s->D, M = s->M;
    if (DLI_REFERENCE || ((mask || s->causal) && !(dli_finite(c, q, R * D) &&
                                                   dli_finite(c, k, S * D) &&
                                                   dli_finite(c, v, S * M)))) {
        dlk_attention_forward(y, p, q, k, v, mask, s);
        return;
    }
    dli_linear_forward(c, p, q, k, NULL, R, D, S);
#if DLI_FAST
    dli_attention_probs(c->fast, p, mask, R, S, 1 / sqrt((double)D), s->causal);
#else
    dlk_attention_softmax(p, mask, R, S, 1 / sqrt((double)D), s->causal);
#endif
    dli_matmul_forward(c, y, p, v, R, S, M);
}

/* work: 2 R S elements, and S at least */
static void dli_attention_backward(dl_ctx *c, dl_real *dq, dl_real *dk, dl_real *dv, dl_real *work,
                                   const dl_real *dy, const dl_real *p, const dl_real *q,
                                   const dl_real *k, const dl_real *v, const dlk_attention_size *s)
{
    const dl_int R = s->R, S = s->S, D = s->D, M = s->M;
    if (DLI_REFERENCE || !(dli_finite(c, dy, R * M) && dli_finite(c, q, R * D) &&
                           dli_finite(c, k, S * D) && dli_finite(c, v, S * M))) {
        dlk_attention_backward(dq, dk, dv, work, dy, p, q, k, v, s);
        return;
    }
    dl_real *dp = work, *ds = work + R * S;
    const dl_real scale = (dl_real)(1 / sqrt((double)D));
    memset(work, 0, (size_t)(2 * R * S) * sizeof *work);
    dli_matmul_backward(c, dp, dv, dy, p, v, R, S, M);
    dli_softmax_backward(c, ds, dp, p, R, S);
    for (dl_int i = 0; i < R * S; i++) ds[i] *= scale;
    dli_linear_backward(c, dq, true, dk, true, NULL, ds, q, k, R, D, S);
}

/* ---- end of sequences ---- */

/* ------------------------------------------------------------------------ >>tensors-impl ---- */

DL_DEF dl_shape dl_shape6(dl_int a, dl_int b, dl_int c, dl_int d, dl_int e, dl_int f)
{
    dl_shape s;
    s.rank = 6;
    s.dim[0] = a; s.dim[1] = b; s.dim[2] = c; s.dim[3] = d; s.dim[4] = e; s.dim[5] = f;
    return s;
}

/* The first rank dimensions of s; the rest is 0, so that equal shapes are equal bytes. */
static dl_shape dli_rank(dl_shape s, int rank)
{
    int i;
    s.rank = rank;
    for (i = rank < 0 ? 0 : rank; i < DL_MAX_DIMS; i++) s.dim[i] = 0;
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
    int i;
    for (i = s.rank; i > 0 && s.rank < DL_MAX_DIMS; i--) s.dim[i] = s.dim[i - 1];
    s.dim[0] = n;
    s.rank++;                       /* rank 7 is refused by whoever makes a tensor of it */
    return s;
}

DL_DEF dl_int dl_shape_size(dl_shape s)
{
    dl_int size = 1, limit = PTRDIFF_MAX / (dl_int)sizeof(dl_real) / 4;
    bool empty = false;
    int i;
    if (s.rank < 0 || s.rank > DL_MAX_DIMS) return -1;
    for (i = 0; i < s.rank; i++) {      /* without the zeros: products of some dims fit as well */
        if (s.dim[i] < 0) return -1;
        if (s.dim[i] == 0) { empty = true; continue; }
        if (size > limit / s.dim[i]) return -1;
        size *= s.dim[i];
    }
    return empty ? 0 : size;
}

DL_DEF bool dl_shape_equal(dl_shape a, dl_shape b)
{
    int i;
    if (a.rank != b.rank) return false;
    for (i = 0; i < a.rank; i++) if (a.dim[i] != b.dim[i]) return false;
    return true;
}

#define DLI_SHAPE_TEXT 136
/* "[128,784]" into s, for messages. */
static const char *dli_shape_text(char s[DLI_SHAPE_TEXT], dl_shape shape)
{
    int i, at = snprintf(s, DLI_SHAPE_TEXT, "[");
    for (i = 0; i < shape.rank && i < DL_MAX_DIMS; i++)
        at += snprintf(s + at, (size_t)(DLI_SHAPE_TEXT - at), i ? ",%lld" : "%lld",
                       (long long)shape.dim[i]);
    snprintf(s + at, (size_t)(DLI_SHAPE_TEXT - at), "]");
    return s;
}

/* The size of a shape about to be allocated, or -1 with a message. */
static dl_int dli_checked_size(dl_ctx *c, const char *who, dl_shape shape)
{
    char s[DLI_SHAPE_TEXT];
    dl_int n = dl_shape_size(shape);
    if (n < 0)
        dl_fail(c, DL_ERR_SHAPE, "%s: %s is no shape: dimensions must be 0 or more, the rank 0 to "
                "%d, and the elements must fit in memory", who, dli_shape_text(s, shape),
                DL_MAX_DIMS);
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
    dl_int      i[6];               /* what the operation wants to remember: sizes, axes ...    */
    double      p, q;               /* ... its constants                                        */
    uint64_t    key;                /* ... its dropout key                                      */
    void       *save;               /* ... memory on the tape                                   */
    dlk_unary_backward_fn unary;    /* ... which elementwise function                           */
    void      (*binary)(dl_real *, dl_real *, const dl_real *, const dl_real *, const dl_real *,
                        dl_int, dl_int, dl_int);
    dl_op_fn    custom;
    dl_real   **hidden;             /* ... gradients that a custom backward shall not see       */
};

/* n bytes of tape memory, not zeroed. */
static void *dli_tape_alloc(dl_ctx *c, const char *who, size_t n)
{
    dli_arena *a = &c->arena;
    dl_int chunk = a->chunk, used = a->used;
    size_t size;
    char *p;
    if (n > PTRDIFF_MAX / 2) return dli_no_memory(c, who, n), (void *)NULL;
    n = (n + DLI_ALIGN - 1) / DLI_ALIGN * DLI_ALIGN;
    while (chunk < a->chunks && a->size[chunk] - used < (dl_int)n) {
        chunk++;
        used = 0;
    }
    if (chunk == a->chunks) {                        /* no chunk has room: take a bigger one */
        size = c->tape_bytes / 2 > (size_t)1 << 20 ? c->tape_bytes / 2 : (size_t)1 << 20;
        if (size > c->tape_limit - c->tape_bytes) size = c->tape_limit - c->tape_bytes;
        if (size < n) size = n;
        if (size > c->tape_limit - c->tape_bytes || a->chunks == DLI_ARENA_CHUNKS) {
            dl_fail(c, DL_ERR_LIMIT, "%s: the tape holds %.1f MB and may not take %.1f MB more "
                    "(limit %.1f MB); call dl_tape_clear after every step, or "
                    "raise dl_set_tape_limit",
                    who, (double)c->tape_bytes / 1e6, (double)n / 1e6,
                    (double)c->tape_limit / 1e6);
            return NULL;
        }
        p = (char *)DL_MALLOC(size + DLI_ALIGN);
        if (!p) return dli_no_memory(c, who, size), (void *)NULL;
        a->memory[a->chunks] = p;
        a->base[a->chunks] = dli_align(p);
        a->size[a->chunks] = (dl_int)size;
        a->chunks++;
        c->tape_bytes += size;
        DLI_POISON(a->base[chunk], size);
    }
    p = a->base[chunk] + used;
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
    int k;
    for (k = 0; k < 2; k++) {
        dli_slab *s = &c->slab[k];
        while (s->blocks < blocks) {
            size_t bytes = ((size_t)64 << s->blocks) * sizeof(dl_tensor);
            if (s->blocks == 40 || !(s->block[s->blocks] = (dl_tensor *)DL_MALLOC(bytes)))
                return dli_no_memory(c, who, bytes);
            memset(s->block[s->blocks++], 0, bytes);
        }
    }
    return true;
}

/* A new tape tensor that views data. */
static dl_tensor *dli_tape_view(dl_ctx *c, const char *who, dl_shape shape, dl_real *data)
{
    dli_slab *s;
    dl_tensor *t;
    dl_int n;
    if (!c || (n = dli_checked_size(c, who, shape)) < 0) return NULL;
    s = &c->slab[c->generation % 2];
    if (s->count == ((dl_int)64 << s->blocks) - 64 && !dli_more_headers(c, who)) return NULL;
    t = dli_header(s, s->count++);
    memset(t, 0, sizeof *t);
    t->data = data;
    t->size = n;
    t->shape = dli_rank(shape, shape.rank);
    t->ctx = c;
    t->generation = c->generation;
    t->serial = c->serial++;
    return t;
}

/* A new tape tensor with room for its elements, not filled. */
static dl_tensor *dli_tape_tensor(dl_ctx *c, const char *who, dl_shape shape)
{
    dl_real *data;
    dl_int n;
    if (!c || (n = dli_checked_size(c, who, shape)) < 0) return NULL;
    data = (dl_real *)dli_tape_alloc(c, who, (size_t)n * sizeof *data);
    return data ? dli_tape_view(c, who, shape, data) : NULL;
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

/* A persistent tensor: object, header, data and gradient in one piece of memory. */
static dl_tensor *dli_persistent(dl_ctx *c, const char *who, dl_shape shape, bool grad)
{
    dl_tensor *t;
    dl_int n;
    size_t bytes, room;
    if (!c || (n = dli_checked_size(c, who, shape)) < 0) return NULL;
    bytes = ((size_t)n * sizeof(dl_real) + DLI_ALIGN - 1) / DLI_ALIGN * DLI_ALIGN;
    room = sizeof *t + DLI_ALIGN + bytes * (grad ? 2 : 1);
    t = (dl_tensor *)dli_object_new(c, who, room, NULL);
    if (!t) return NULL;
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
    dl_init init;
    init.kind = kind;
    init.a = a;
    init.b = b;
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
    bool tall = R > C;
    dl_int n = tall ? C : R, len = tall ? R : C;            /* n vectors of len numbers */
    dl_int vs = tall ? 1 : C, es = tall ? C : 1;            /* steps between vectors, elements */
    dl_int i, j, k;
    int twice;
    for (i = 0; i < n; i++) {
        dl_real *v = w + i * vs;
        double norm = 0;
        for (twice = 0; twice < 2; twice++)
            for (j = 0; j < i; j++) {
                const dl_real *u = w + j * vs;
                double dot = 0;
                for (k = 0; k < len; k++) dot += (double)u[k * es] * (double)v[k * es];
                for (k = 0; k < len; k++) v[k * es] -= (dl_real)(dot * (double)u[k * es]);
            }
        for (k = 0; k < len; k++) norm += (double)v[k * es] * (double)v[k * es];
        norm = sqrt(norm);
        for (k = 0; k < len; k++) v[k * es] = (dl_real)((double)v[k * es] / norm);
    }
    for (i = 0; i < R * C; i++) w[i] = (dl_real)((double)w[i] * gain);
}

DL_DEF bool dl_initialize(dl_tensor *t, dl_init init)
{
    double a = init.a, b = init.b, fan_in, fan_out;
    bool uniform = false, scaled = init.kind >= DL_INIT_GLOROT_UNIFORM;
    dl_int i, rest;
    dl_rng *r;
    if (!dli_usable("dl_initialize", t)) return false;
    r = &t->ctx->rng;
    if (scaled && t->shape.rank < 2)
        return dl_fail(t->ctx, DL_ERR_SHAPE, "dl_initialize: Glorot, He and orthogonal need a "
                       "weight of rank 2 or more, not rank %d", t->shape.rank);
    ++*dli_version(t);
    if (t->size == 0) return true;
    rest = scaled ? t->size / t->shape.dim[0] / t->shape.dim[1] : 1;
    fan_in = scaled ? (double)(t->shape.dim[1] * rest) : 1;
    fan_out = scaled ? (double)(t->shape.dim[0] * rest) : 1;
    switch (init.kind) {
    case DL_INIT_CONSTANT:
        for (i = 0; i < t->size; i++) t->data[i] = (dl_real)a;
        return true;
    case DL_INIT_UNIFORM: uniform = true; break;
    case DL_INIT_NORMAL: break;
    case DL_INIT_GLOROT_UNIFORM: uniform = true; b = sqrt(6 / (fan_in + fan_out)); a = -b; break;
    case DL_INIT_GLOROT_NORMAL: a = 0; b = sqrt(2 / (fan_in + fan_out)); break;
    case DL_INIT_HE_UNIFORM: uniform = true; b = sqrt(6 / fan_in); a = -b; break;
    case DL_INIT_HE_NORMAL: a = 0; b = sqrt(2 / fan_in); break;
    case DL_INIT_ORTHOGONAL: a = 0; b = 1; break;
    }
    for (i = 0; i < t->size; i++)
        t->data[i] = (dl_real)(uniform ? a + (b - a) * dl_rng_uniform(r)
                                       : a + b * dl_rng_normal(r));
    if (init.kind == DL_INIT_ORTHOGONAL)
        dli_orthogonalize(t->data, t->shape.dim[0], t->size / t->shape.dim[0], init.a);
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

DL_DEF dl_tensor *dl_param_from(dl_ctx *dl, dl_shape shape, const dl_real *data)
{
    dl_tensor *t = NULL;
    if (!data) dli_null(dl, "dl_param_from", "data");
    else t = dli_persistent(dl, "dl_param_from", shape, true);
    if (t) memcpy(t->data, data, (size_t)t->size * sizeof *data);
    return t;
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
    else dli_object_free(t);
}

DL_DEF bool dl_set_name(dl_tensor *t, const char *name)
{
    if (!dli_usable("dl_set_name", t)) return false;
    if (!name) return dli_null(t->ctx, "dl_set_name", "name");
    if (strlen(name) >= DL_NAME_MAX)
        return dl_fail(t->ctx, DL_ERR_ARGUMENT, "dl_set_name: '%.100s' is longer than %d bytes",
                       name, DL_NAME_MAX - 1);
    memcpy(t->name, name, strlen(name) + 1);
    return true;
}

DL_DEF dl_tensor *dl_full(dl_ctx *dl, dl_shape shape, double c)
{
    dl_tensor *t = dli_tape_tensor(dl, "dl_full", shape);
    dl_int i;
    if (t) for (i = 0; i < t->size; i++) t->data[i] = (dl_real)c;
    return t;
}

DL_DEF dl_tensor *dl_zeros(dl_ctx *dl, dl_shape shape) { return dl_full(dl, shape, 0); }
DL_DEF dl_tensor *dl_ones(dl_ctx *dl, dl_shape shape) { return dl_full(dl, shape, 1); }

DL_DEF dl_tensor *dl_rand(dl_ctx *dl, dl_shape shape)
{
    dl_tensor *t = dli_tape_tensor(dl, "dl_rand", shape);
    if (t) dl_initialize(t, dl_init_uniform(0, 1));
    return t;
}

DL_DEF dl_tensor *dl_randn(dl_ctx *dl, dl_shape shape)
{
    dl_tensor *t = dli_tape_tensor(dl, "dl_randn", shape);
    if (t) dl_initialize(t, dl_init_normal(0, 1));
    return t;
}

DL_DEF dl_tensor *dl_from(dl_ctx *dl, dl_shape shape, const dl_real *data)
{
    dl_tensor *t = NULL;
    if (!data) dli_null(dl, "dl_from", "data");
    else t = dli_tape_tensor(dl, "dl_from", shape);
    if (t) memcpy(t->data, data, (size_t)t->size * sizeof *data);
    return t;
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
    dl_int i;
    for (i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= limit)
            return dl_fail(c, DL_ERR_RANGE, "%s: %s %d at position %lld is not in 0..%lld", who,
                           what, (int)index[i], (long long)i, (long long)limit - 1);
    return true;
}

DL_DEF dl_tensor *dl_one_hot(dl_ctx *dl, const int32_t *label, dl_int N, dl_int classes)
{
    dl_tensor *t;
    dl_int i;
    if (!label) dli_null(dl, "dl_one_hot", "label");
    if (!dl || !label || !dli_check_index(dl, "dl_one_hot", "label", label, N, classes))
        return NULL;
    t = dl_zeros(dl, dl_shape2(N, classes));
    if (t) for (i = 0; i < N; i++) t->data[i * classes + label[i]] = 1;
    return t;
}

DL_DEF double dl_item(const dl_tensor *t)
{
    char s[DLI_SHAPE_TEXT];
    if (!dli_usable("dl_item", t)) return (double)NAN;
    if (t->size == 1) return (double)t->data[0];
    dl_fail(t->ctx, DL_ERR_SHAPE, "dl_item: the tensor has shape %s, not one element",
            dli_shape_text(s, t->shape));
    return (double)NAN;
}

DL_DEF bool dl_fill(dl_tensor *t, double c)
{
    return dli_usable("dl_fill", t) && dl_initialize(t, dl_init_constant(c));
}

DL_DEF bool dl_copy_in(dl_tensor *t, const dl_real *data)
{
    if (!dli_usable("dl_copy_in", t)) return false;
    if (!data) return dli_null(t->ctx, "dl_copy_in", "data");
    memmove(t->data, data, (size_t)t->size * sizeof *data);
    ++*dli_version(t);
    return true;
}

DL_DEF bool dl_assign(dl_tensor *state, const dl_tensor *value)
{
    char s[DLI_SHAPE_TEXT], v[DLI_SHAPE_TEXT];
    if (!dli_usable("dl_assign", state)) return false;
    if (value == DL_NONE)
        return dl_fail(state->ctx, DL_ERR_ARGUMENT, "dl_assign: the value is DL_NONE");
    if (!dli_usable("dl_assign", value)) return false;
    if (state->generation != DLI_PERSISTENT)
        return dl_fail(state->ctx, DL_ERR_ARGUMENT, "dl_assign: the first tensor is on the tape; "
                       "make it with dl_state or dl_param");
    if (state->size != value->size)
        return dl_fail(state->ctx, DL_ERR_SHAPE, "dl_assign: state %s and value %s differ in size",
                       dli_shape_text(s, state->shape), dli_shape_text(v, value->shape));
    return dl_copy_in(state, value->data);
}

DL_DEF dl_tensor *dl_keep(const dl_tensor *t)
{
    dl_tensor *k;
    if (!dli_usable("dl_keep", t)) return NULL;
    k = dli_persistent(t->ctx, "dl_keep", t->shape, false);
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
    if (!dli_usable("dl_set_requires_grad", t)) return false;
    if (t->node)
        return dl_fail(t->ctx, DL_ERR_STATE, "dl_set_requires_grad: the tensor is the result of "
                       "%s, "
                       "not a leaf; dl_detach it first", t->node->op);
    if (on && !t->grad && t->generation == DLI_PERSISTENT)
        return dl_fail(t->ctx, DL_ERR_STATE, "dl_set_requires_grad: a dl_state or dl_keep "
                       "tensor has "
                       "no gradient; make it with dl_param");
    t->requires_grad = on;
    return true;
}

DL_DEF void dl_freeze(dl_tensor *const *params, int n)
{
    int i;
    for (i = 0; params && i < n; i++) dl_set_requires_grad(params[i], false);
}

DL_DEF void dl_unfreeze(dl_tensor *const *params, int n)
{
    int i;
    for (i = 0; params && i < n; i++) dl_set_requires_grad(params[i], true);
}

/* --------------------------------------------------------------------------- >>tape-impl ---- */

DL_DEF dl_mark dl_tape_mark(dl_ctx *dl)
{
    dl_mark m;
    memset(&m, 0, sizeof m);
    if (!dl) return m;
    m.generation = dl->generation;
    m.serial = dl->serial;
    m.tensors = dl->slab[dl->generation % 2].count;
    m.chunk = dl->arena.chunk;
    m.used = dl->arena.used;
    m.node = dl->last;
    return m;
}

/* Was p, which may be NULL, taken from the arena after the mark? */
static bool dli_after_mark(const dli_arena *a, dl_mark mark, const dl_real *p)
{
    uintptr_t at = (uintptr_t)p;
    dl_int i;
    for (i = mark.chunk; p && i < a->chunks; i++) {
        uintptr_t base = (uintptr_t)a->base[i];
        if (at >= base + (uintptr_t)(i == mark.chunk ? mark.used : 0) &&
            at < base + (uintptr_t)a->size[i])
            return true;
    }
    return false;
}

DL_DEF bool dl_tape_release(dl_ctx *dl, dl_mark mark)
{
    dli_slab *s;
    dl_int i;
    if (!dl) return false;
    s = &dl->slab[dl->generation % 2];
    if (mark.generation != dl->generation || mark.tensors > s->count ||
        (mark.tensors > 0 && dli_header(s, mark.tensors - 1)->serial >= mark.serial))
        return dl_fail(dl, DL_ERR_STATE, "dl_tape_release: the mark is from before a "
                       "dl_tape_clear, or an older mark was released already");
    for (i = mark.tensors; i < s->count; i++) dli_header(s, i)->generation = 0;
    for (i = 0; i < mark.tensors; i++)         /* older tensors lose gradients of this part */
        if (dli_after_mark(&dl->arena, mark, dli_header(s, i)->grad)) dli_header(s, i)->grad = NULL;
    s->count = mark.tensors;
    for (i = mark.chunk; i < dl->arena.chunks; i++) {
        dl_int from = i == mark.chunk ? mark.used : 0;
        DLI_POISON(dl->arena.base[i] + from, (size_t)(dl->arena.size[i] - from));
    }
    dl->arena.chunk = mark.chunk;
    dl->arena.used = mark.used;
    dl->last = mark.node;
    return true;
}

DL_DEF void dl_tape_clear(dl_ctx *dl)
{
    dl_mark start;
    if (!dl) return;
    memset(&start, 0, sizeof start);
    start.generation = dl->generation;
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
    bool was = dl ? dl->no_grad : false;
    if (dl) dl->no_grad = on;
    return was;
}

DL_DEF bool dl_no_grad(const dl_ctx *dl) { return dl ? dl->no_grad : false; }

DL_DEF bool dl_set_training(dl_ctx *dl, bool on)
{
    bool was = dl ? dl->training : true;
    if (dl) dl->training = on;
    return was;
}

DL_DEF bool dl_training(const dl_ctx *dl) { return dl ? dl->training : true; }

/* Check the n inputs of operation who: none failed, none left out, none stale, all of one context,
   which is returned; NULL when something is wrong. */
static dl_ctx *dli_inputs(const char *who, dl_tensor *const *in, int n)
{
    dl_ctx *c = NULL;
    int i;
    if (!in || n < 1) return NULL;
    for (i = 0; i < n; i++) {
        if (!in[i]) return NULL;
        if (!c) c = in[i]->ctx;
    }
    for (i = 0; i < n; i++) {
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
   only then) out->node is set afterwards. False without memory. */
static bool dli_record(dl_tensor *out, const char *op, dl_tensor *const *in, int n,
                       void (*backward)(dli_node *))
{
    dl_ctx *c = out->ctx;
    dli_node *node;
    bool wanted = false;
    int i;
    for (i = 0; i < n; i++) wanted = wanted || in[i]->requires_grad;
    if (!wanted || c->no_grad) return true;
    node = (dli_node *)dli_tape_alloc(c, op, sizeof *node + (size_t)n *
                                      (sizeof *node->in + sizeof *node->in_version +
                                       sizeof *node->in_wanted));
    if (!node) return false;
    memset(node, 0, sizeof *node);
    node->in = (dl_tensor **)(void *)(node + 1);
    node->in_version = (uint32_t *)(void *)(node->in + n);
    node->in_wanted = (bool *)(void *)(node->in_version + n);
    for (i = 0; i < n; i++) {
        node->in[i] = in[i];
        node->in_version[i] = *dli_version(in[i]);
        node->in_wanted[i] = in[i]->requires_grad;
    }
    node->n = n;
    node->op = op;
    node->backward = backward;
    node->out = out;
    node->prev = c->last;
    c->last = node;
    out->node = node;
    out->requires_grad = true;
    return true;
}

/* The result of an operation: a tape tensor, recorded. Its elements are still to be computed. */
static dl_tensor *dli_result(dl_ctx *c, const char *op, dl_shape shape, dl_tensor *const *in,
                             int n, void (*backward)(dli_node *))
{
    dl_tensor *y = dli_tape_tensor(c, op, shape);
    return y && dli_record(y, op, in, n, backward) ? y : NULL;
}

/* A view of x's elements from offset on in another shape (they must be there): it shares data and
   gradient. That is also how an operation returns several tensors: it fills one, and its results
   are views of that. */
static dl_tensor *dli_view(const char *op, dl_tensor *x, dl_shape shape, dl_int offset)
{
    dl_tensor *y = dli_share(op, x, shape, offset);
    if (!y || !dli_record(y, op, &x, 1, NULL)) return NULL;
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

/* The same for a backward that can overwrite instead: *add says whether it must add. (To a view
   of a part it must: the rest has to be set to zero all the same.) */
static dl_real *dli_grad_or_set(dl_tensor *t, bool *add)
{
    dl_tensor *root = t->base ? t->base : t;
    *add = !root->fresh || t->size != root->size;
    if (*add) return dli_grad(t);
    if (!t->wanted || !root->grad) return NULL;
    root->fresh = false;
    return root->grad;
}

/* Give t a gradient array before a backward pass reaches it, and mark it as reached. */
static bool dli_reach(dl_tensor *t, const char *op)
{
    dl_tensor *root = t->base ? t->base : t;
    if (!root->grad) {
        root->grad = (dl_real *)dli_tape_alloc(t->ctx, op, (size_t)root->size * sizeof(dl_real));
        if (!root->grad) return false;
        root->fresh = true;
    }
    t->grad = root->grad + t->offset;
    t->pass = root->pass = t->ctx->pass;
    return true;
}

/* Take back a gradient array that dli_reach gave and no one has filled. */
static void dli_unreach(dl_tensor *t)
{
    dl_tensor *root = t->base ? t->base : t;
    if (root->generation != DLI_PERSISTENT && root->fresh) {
        root->grad = NULL;
        root->fresh = false;
    }
    t->grad = root->grad ? root->grad + t->offset : NULL;
}

/* What a backward that was refused has reached is as before. */
static void dli_backward_undo(dl_tensor *y)
{
    dli_node *node;
    int i;
    dli_unreach(y);
    for (node = y->node; node; node = node->prev)
        for (i = 0; node->out->pass == y->ctx->pass && i < node->n; i++)
            if (node->in[i]->pass == y->ctx->pass) dli_unreach(node->in[i]);
}

/* First walk: find what the result depends on, and refuse before anything is changed. */
static bool dli_backward_check(dl_tensor *y)
{
    dl_ctx *c = y->ctx;
    dli_node *node;
    int i;
    c->pass++;
    if (!dli_reach(y, "dl_backward")) return false;
    for (node = y->node; node; node = node->prev) {
        if (node->out->pass != c->pass) continue;
        if (node->spent)
            return dl_fail(c, DL_ERR_STATE, "dl_backward: %s has been gone back through already; "
                           "add losses that share a graph (dl_add) and go back once, or compute "
                           "them anew", node->op);
        if (node->backward && node->out->version != 0)
            return dl_fail(c, DL_ERR_STATE, "dl_backward: the result of %s was changed by dl_fill, "
                           "dl_copy_in or dl_initialize; use dl_detach, or another operation",
                           node->op);
        for (i = 0; i < node->n; i++) {
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
    dl_ctx *c;
    dli_node *node;
    dl_real *g;
    dl_int i;
    if (!dli_usable("dl_backward", y)) return false;
    c = y->ctx;
    if (!dy) return dli_null(c, "dl_backward_from", "dy");
    if (!y->requires_grad)
        return dl_fail(c, DL_ERR_STATE, "dl_backward: the result depends on nothing that requires "
                       "a gradient (or all that does is frozen, or dl_set_no_grad was on)");
    if (!dli_backward_check(y)) {
        dli_backward_undo(y);
        return false;
    }
    y->wanted = true;
    g = dli_grad(y);
    for (i = 0; i < y->size; i++) g[i] += dy[i];
    for (node = y->node; node; node = node->prev) {
        if (node->out->pass != c->pass) continue;
        for (i = 0; i < node->n; i++) node->in[i]->wanted = node->in_wanted[i];
        node->out->wanted = true;
        node->spent = true;
        if (node->backward) node->backward(node);
        if (node->failed) return false;
    }
    return true;
}

DL_DEF bool dl_backward(dl_tensor *loss)
{
    char s[DLI_SHAPE_TEXT];
    const dl_real one = 1;
    if (!dli_usable("dl_backward", loss)) return false;
    if (loss->size != 1)
        return dl_fail(loss->ctx, DL_ERR_SHAPE, "dl_backward: the loss has shape %s, not one "
                       "element; use dl_mean or dl_sum, or dl_backward_from",
                       dli_shape_text(s, loss->shape));
    return dl_backward_from(loss, &one);
}

static void dli_custom_back(dli_node *node)
{
    int i;
    dli_grad(node->out);
    for (i = 0; i < node->n; i++) {              /* the callback sees NULL where none is wanted */
        node->hidden[i] = node->in[i]->grad;
        if (!dli_grad(node->in[i])) node->in[i]->grad = NULL;
    }
    if (!node->custom(node->out, node->in, node->n, node->save)) {
        dl_fail(node->out->ctx, DL_ERR_STATE, "%s: its backward failed", node->op);
        node->failed = true;
    }
    for (i = node->n - 1; i >= 0; i--) node->in[i]->grad = node->hidden[i];
}

DL_DEF dl_tensor *dl_op_custom(dl_ctx *dl, const char *name, dl_shape shape,
                               dl_tensor *const *in, int n, dl_op_fn forward, dl_op_fn backward,
                               const void *user, size_t user_bytes)
{
    dl_tensor *y;
    dl_ctx *c = dli_inputs(name ? name : "dl_op_custom", in, n);
    char *copy;
    void *pass;
    dl_real **hidden;
    size_t length;
    if (!dl) return NULL;
    if (!name || !forward || !backward || !in || n < 1 || (c && dl != c) || (user_bytes && !user)) {
        dl_fail(dl, DL_ERR_ARGUMENT, "dl_op_custom: name, forward and backward are needed, and "
                "one or more operands of this context");
        return NULL;
    }
    if (!c) return NULL;
    length = strlen(name) + 1;                   /* the name is kept, behind the user's bytes */
    if (user_bytes > SIZE_MAX / 2) return dli_no_memory(c, name, user_bytes), (dl_tensor *)NULL;
    copy = (char *)dli_tape_alloc(c, name, user_bytes + length);
    hidden = (dl_real **)dli_tape_alloc(c, name, (size_t)n * sizeof *hidden);
    if (!copy || !hidden) return NULL;
    if (user_bytes) memcpy(copy, user, user_bytes);
    memcpy(copy + user_bytes, name, length);
    pass = user_bytes ? copy : (void *)(uintptr_t)user;
    y = dli_result(c, copy + user_bytes, shape, in, n, dli_custom_back);
    if (!y) return NULL;
    if (y->node) {
        y->node->save = pass;
        y->node->custom = backward;
        y->node->hidden = hidden;
    }
    if (!forward(y, in, n, pass)) {
        dl_fail(c, DL_ERR_STATE, "%s: its forward failed", name);
        return NULL;
    }
    y->version = 0;                              /* forward may have used dl_copy_in to fill it */
    return y;
}

/* ---------------------------------------------------------------------------- >>ops-impl ---- */

/* ---- elementwise functions ---- */

static void dli_unary_back(dli_node *node)
{
    dl_tensor *x = node->in[0], *y = node->out;
    const dl_real *dy = dli_grad(y);
    bool add;
    dl_real *dx = dli_grad_or_set(x, &add);
    dli_unary_backward(x->ctx, node->unary, dx, add, dy, y->data, x->data, x->size, node->p,
                       node->q);
}

static dl_tensor *dli_unary(const char *op, dl_tensor *x, dlk_unary_forward_fn forward,
                            dlk_unary_backward_fn backward, double p, double q)
{
    dl_ctx *c = dli_inputs(op, &x, 1);
    dl_tensor *y = c ? dli_result(c, op, x->shape, &x, 1, dli_unary_back) : NULL;
    if (!y) return NULL;
    if (y->node) {
        y->node->unary = backward;
        y->node->p = p;
        y->node->q = q;
    }
    dli_unary_forward(c, forward, y->data, x->data, x->size, p, q);
    return y;
}

#define DLI_UNARY(name, x, p, q) \
    dli_unary("dl_" #name, x, dlk_##name##_forward, dlk_##name##_backward, p, q)

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

#define DLI_AFFINE(op, x, p, q) \
    dli_unary(op, x, dlk_affine_forward, dlk_affine_backward, p, q)

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
    return DLI_AFFINE("dl_mul_scalar", x, c, 0);
}

/* y = x / p; not x (1 / p), which rounds twice: 49 / 49 would not be 1 */
static void dli_over_forward(dl_real *y, const dl_real *x, dl_int n, double p, double q)
{
    (void)q;
    for (dl_int i = 0; i < n; i++) y[i] = (dl_real)((double)x[i] / p);
}

/* forward: y = x / p; y' = 1 / p */
static void dli_over_backward(dl_real *dx, const dl_real *dy, const dl_real *y, const dl_real *x,
                              dl_int n, double p, double q)
{
    (void)y; (void)x; (void)q;
    for (dl_int i = 0; i < n; i++) dx[i] += (dl_real)((double)dy[i] / p);
}

DL_DEF dl_tensor *dl_div_scalar(dl_tensor *x, double c)
{
    return dli_unary("dl_div_scalar", x, dli_over_forward, dli_over_backward, c, 0);
}
DL_DEF dl_tensor *dl_scalar_sub(double c, dl_tensor *x)
{
    return DLI_AFFINE("dl_scalar_sub", x, -1, c);
}
DL_DEF dl_tensor *dl_scalar_div(double c, dl_tensor *x)
{
    return dli_unary("dl_scalar_div", x, dlk_reciprocal_forward, dlk_reciprocal_backward, c, 0);
}

/* ---- arithmetic with broadcasting ---- */

/* How two operands walk along the result: in dimension d of the walk, which has n[d] steps, a
   advances by sa[d] elements and b by sb[d]; 0 means it is repeated. */
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
    int d;
    for (d = 0; d < y.rank; d++) {
        dl_int m = dli_dim_from_right(a, d), n = dli_dim_from_right(b, d);
        if (m != n && m != 1 && n != 1) y.rank = -1;
        else y.dim[y.rank - 1 - d] = m == 1 ? n : m;
    }
    return y;
}

/* The walk over shape y = dli_broadcast(a, b), with as few and as long dimensions as possible. */
static dli_walk dli_walk_of(dl_shape y, dl_shape a, dl_shape b)
{
    dli_walk w;
    dl_int step_a = 1, step_b = 1;
    int d, r = 0, lo, hi;
    memset(&w, 0, sizeof w);
    for (d = 0; d < y.rank; d++) {                      /* from the right: innermost first */
        dl_int na = dli_dim_from_right(a, d), nb = dli_dim_from_right(b, d);
        dl_int n = dli_dim_from_right(y, d), sa = na == 1 ? 0 : step_a, sb = nb == 1 ? 0 : step_b;
        if (n == 1) continue;
        if (r > 0 && sa == w.sa[r - 1] * w.n[r - 1] && sb == w.sb[r - 1] * w.n[r - 1])
            w.n[r - 1] *= n;                            /* continues the one before: join them */
        else {
            w.n[r] = n;
            w.sa[r] = sa;
            w.sb[r] = sb;
            r++;
        }
        step_a *= na;
        step_b *= nb;
    }
    if (r == 0) w.n[r++] = dl_shape_size(y);            /* a single element (or none) */
    w.rank = r;
    for (lo = 0, hi = r - 1; lo < hi; lo++, hi--) {     /* outermost first, as one would write it */
        dl_int t;
        t = w.n[lo];  w.n[lo] = w.n[hi];    w.n[hi] = t;
        t = w.sa[lo]; w.sa[lo] = w.sa[hi];  w.sa[hi] = t;
        t = w.sb[lo]; w.sb[lo] = w.sb[hi];  w.sb[hi] = t;
    }
    return w;
}

/* Where row `row` of the walk starts in a and b. */
static void dli_walk_row(const dli_walk *w, dl_int row, dl_int *a, dl_int *b)
{
    int d;
    *a = *b = 0;
    for (d = w->rank - 2; d >= 0; d--) {
        *a += row % w->n[d] * w->sa[d];
        *b += row % w->n[d] * w->sb[d];
        row /= w->n[d];
    }
}

static void dli_binary_back(dli_node *node)
{
    dl_tensor *a = node->in[0], *b = node->in[1], *y = node->out;
    dl_real *da = dli_grad(a), *db = dli_grad(b);
    const dl_real *dy = dli_grad(y);
    dli_walk w = dli_walk_of(y->shape, a->shape, b->shape);
    dl_int row, n = w.n[w.rank - 1], ia, ib;
    for (row = 0; n > 0 && row < y->size / n; row++) {
        dli_walk_row(&w, row, &ia, &ib);
        dli_binary_row_back(y->ctx, node->binary, da ? da + ia : NULL, db ? db + ib : NULL,
                            dy + row * n, a->data + ia, b->data + ib, n, w.sa[w.rank - 1],
                            w.sb[w.rank - 1]);
    }
}

static dl_tensor *dli_binary(const char *op, dl_tensor *a, dl_tensor *b,
                             dli_binary_forward forward, dli_binary_backward backward)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_tensor *in[2], *y;
    dl_ctx *c;
    dl_shape shape;
    dli_walk w;
    dl_int row, n, ia, ib;
    in[0] = a;
    in[1] = b;
    if (!(c = dli_inputs(op, in, 2))) return NULL;
    shape = dli_broadcast(a->shape, b->shape);
    if (shape.rank < 0) {
        dl_fail(c, DL_ERR_SHAPE, "%s: shapes %s and %s do not broadcast: counted from the right, "
                "dimensions must be equal or 1", op, dli_shape_text(s, a->shape),
                dli_shape_text(t, b->shape));
        return NULL;
    }
    y = dli_result(c, op, shape, in, 2, dli_binary_back);
    if (!y) return NULL;
    if (y->node) y->node->binary = backward;
    w = dli_walk_of(shape, a->shape, b->shape);
    n = w.n[w.rank - 1];
    for (row = 0; n > 0 && row < y->size / n; row++) {
        dli_walk_row(&w, row, &ia, &ib);
        dli_binary_row(c, forward, y->data + row * n, a->data + ia, b->data + ib, n,
                       w.sa[w.rank - 1], w.sb[w.rank - 1]);
    }
    return y;
}

#define DLI_BINARY(name, a, b) \
    dli_binary("dl_" #name, a, b, dlk_##name##_forward, dlk_##name##_backward)

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
    int d;
    for (d = 0; d < t->shape.rank - 1; d++) rows *= t->shape.dim[d];
    return rows;
}

static void dli_softmax_back(dli_node *node)
{
    dl_tensor *y = node->out;
    dli_softmax_backward(y->ctx, dli_grad(node->in[0]), dli_grad(y), y->data, dli_rows(y),
                         dli_last(y->shape));
}

DL_DEF dl_tensor *dl_softmax(dl_tensor *x)
{
    dl_ctx *c = dli_inputs("dl_softmax", &x, 1);
    dl_tensor *y = c ? dli_result(c, "dl_softmax", x->shape, &x, 1, dli_softmax_back) : NULL;
    if (y) dli_softmax_forward(c, y->data, x->data, dli_rows(x), dli_last(x->shape));
    return y;
}

static void dli_log_softmax_back(dli_node *node)
{
    dl_tensor *y = node->out;
    dli_log_softmax_backward(y->ctx, dli_grad(node->in[0]), dli_grad(y), y->data, dli_rows(y),
                             dli_last(y->shape));
}

DL_DEF dl_tensor *dl_log_softmax(dl_tensor *x)
{
    dl_ctx *c = dli_inputs("dl_log_softmax", &x, 1);
    dl_tensor *y = c ? dli_result(c, "dl_log_softmax", x->shape, &x, 1, dli_log_softmax_back)
                     : NULL;
    if (y) dli_log_softmax_forward(c, y->data, x->data, dli_rows(x), dli_last(x->shape));
    return y;
}

static void dli_dropout_back(dli_node *node)
{
    const dl_real *dy = dli_grad(node->out);
    dl_tensor *x = node->in[0];
    bool add;
    dl_real *dx = dli_grad_or_set(x, &add);
    if (dx) dli_dropout(x->ctx, dx, dy, x->size, node->p, node->key, add);
}

DL_DEF dl_tensor *dl_dropout(dl_tensor *x, double p)
{
    dl_ctx *c = dli_inputs("dl_dropout", &x, 1);
    dl_tensor *y;
    uint64_t key;
    if (!c) return NULL;
    if (!(p >= 0 && p < 1)) {
        dl_fail(c, DL_ERR_ARGUMENT, "dl_dropout: the probability %g is not in [0, 1)", p);
        return NULL;
    }
    if (!c->training || p == 0) return x;
    y = dli_result(c, "dl_dropout", x->shape, &x, 1, dli_dropout_back);
    if (!y) return NULL;
    key = dl_rng_u64(&c->rng);
    if (y->node) {
        y->node->p = p;
        y->node->key = key;
    }
    dli_dropout(c, y->data, x->data, x->size, p, key, false);
    return y;
}

/* ---- linear and matmul ---- */

static void dli_linear_back(dli_node *node)
{
    dl_tensor *x = node->in[0], *w = node->in[1], *b = node->n > 2 ? node->in[2] : NULL;
    dl_int D = w->shape.dim[1], M = w->shape.dim[0];
    const dl_real *dy = dli_grad(node->out);
    bool add, add_dw;
    dl_real *dx = dli_grad_or_set(x, &add), *dw = dli_grad_or_set(w, &add_dw);
    dli_linear_backward(node->out->ctx, dx, add, dw, add_dw, b ? dli_grad(b) : NULL, dy, x->data,
                        w->data, dli_rows(x), D, M);
}

DL_DEF dl_tensor *dl_linear(dl_tensor *x, dl_tensor *w, dl_tensor *b)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_tensor *in[3], *y;
    bool bias = b != DL_NONE;
    dl_ctx *c;
    dl_shape shape;
    in[0] = x;
    in[1] = w;
    in[2] = b;
    if (!(c = dli_inputs("dl_linear", in, bias ? 3 : 2))) return NULL;
    if (w->shape.rank != 2 || x->shape.rank < 1 || dli_last(x->shape) != w->shape.dim[1]) {
        dl_fail(c, DL_ERR_SHAPE, "dl_linear: x %s, weight %s: the weight must be [out,in] with in "
                "= %lld, the last dimension of x", dli_shape_text(s, x->shape),
                dli_shape_text(t, w->shape), (long long)dli_last(x->shape));
        return NULL;
    }
    if (bias && (b->shape.rank != 1 || b->size != w->shape.dim[0])) {
        dl_fail(c, DL_ERR_SHAPE, "dl_linear: bias %s must be [%lld], one for each row of the "
                "weight %s", dli_shape_text(s, b->shape), (long long)w->shape.dim[0],
                dli_shape_text(t, w->shape));
        return NULL;
    }
    shape = x->shape;
    shape.dim[shape.rank - 1] = w->shape.dim[0];
    y = dli_result(c, "dl_linear", shape, in, bias ? 3 : 2, dli_linear_back);
    if (y) dli_linear_forward(c, y->data, x->data, w->data, bias ? b->data : NULL, dli_rows(x),
                              w->shape.dim[1], w->shape.dim[0]);
    return y;
}

/* i: how many products; the step from one to the next in a, b (0: the same again); N, K, M */
static void dli_matmul_back(dli_node *node)
{
    dl_tensor *a = node->in[0], *b = node->in[1];
    dl_real *da = dli_grad(a), *db = dli_grad(b);
    const dl_real *dy = dli_grad(node->out);
    const dl_int *v = node->i;
    dl_int i;
    for (i = 0; i < v[0]; i++)
        dli_matmul_backward(a->ctx, da ? da + i * v[1] : NULL, db ? db + i * v[2] : NULL,
                            dy + i * v[3] * v[5], a->data + i * v[1], b->data + i * v[2], v[3],
                            v[4], v[5]);
}

DL_DEF dl_tensor *dl_matmul(dl_tensor *a, dl_tensor *b)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_tensor *in[2], *y;
    dl_ctx *c;
    dl_shape shape;
    dl_int v[6], i, ra, rb;
    int d;
    bool fits;
    in[0] = a;
    in[1] = b;
    if (!(c = dli_inputs("dl_matmul", in, 2))) return NULL;
    ra = a->shape.rank;
    rb = b->shape.rank;
    if (ra < 2 || rb < 2) {
        dl_fail(c, DL_ERR_SHAPE, "dl_matmul: %s x %s: both need rank 2 or more",
                dli_shape_text(s, a->shape), dli_shape_text(t, b->shape));
        return NULL;
    }
    v[3] = a->shape.dim[ra - 2];
    v[4] = a->shape.dim[ra - 1];
    v[5] = b->shape.dim[rb - 1];
    if (v[4] != b->shape.dim[rb - 2]) {
        dl_fail(c, DL_ERR_SHAPE, "dl_matmul: %s x %s: inner dimensions %lld and %lld differ",
                dli_shape_text(s, a->shape), dli_shape_text(t, b->shape), (long long)v[4],
                (long long)b->shape.dim[rb - 2]);
        return NULL;
    }
    fits = ra == rb || ra == 2 || rb == 2;
    for (d = 0; fits && ra == rb && d < ra - 2; d++) fits = a->shape.dim[d] == b->shape.dim[d];
    if (!fits) {
        dl_fail(c, DL_ERR_SHAPE, "dl_matmul: %s x %s: the dimensions in front of the matrices "
                "differ", dli_shape_text(s, a->shape), dli_shape_text(t, b->shape));
        return NULL;
    }
    shape = ra >= rb ? a->shape : b->shape;
    for (v[0] = 1, d = 0; d < shape.rank - 2; d++) v[0] *= shape.dim[d];
    shape.dim[shape.rank - 2] = v[3];
    shape.dim[shape.rank - 1] = v[5];
    v[1] = ra > 2 ? v[3] * v[4] : 0;
    v[2] = rb > 2 ? v[4] * v[5] : 0;
    y = dli_result(c, "dl_matmul", shape, in, 2, dli_matmul_back);
    if (!y) return NULL;
    if (y->node) memcpy(y->node->i, v, sizeof v);
    for (i = 0; i < v[0]; i++)
        dli_matmul_forward(c, y->data + i * v[3] * v[5], a->data + i * v[1], b->data + i * v[2],
                           v[3], v[4], v[5]);
    return y;
}

/* ---- shapes: reshape, permute, slice, concat, gather ---- */

DL_DEF dl_tensor *dl_reshape(dl_tensor *x, dl_shape shape)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs("dl_reshape", &x, 1);
    dl_shape wanted = shape;
    dl_int known = 1;
    int d, open = -1;
    if (!c) return NULL;
    for (d = 0; d < shape.rank && d < DL_MAX_DIMS && open < 0; d++)
        if (shape.dim[d] == -1) open = d;
    if (open >= 0) {
        shape.dim[open] = 1;
        known = dl_shape_size(shape);
        shape.dim[open] = known > 0 ? x->size / known : -1;
    }
    if (dl_shape_size(shape) != x->size) {
        dl_fail(c, DL_ERR_SHAPE, "dl_reshape: %s has %lld elements and cannot become %s",
                dli_shape_text(s, x->shape), (long long)x->size, dli_shape_text(t, wanted));
        return NULL;
    }
    return dli_view("dl_reshape", x, shape, 0);
}

DL_DEF dl_tensor *dl_flatten(dl_tensor *x)
{
    dl_int rest = 1;
    int d;
    if (!dli_usable("dl_flatten", x)) return NULL;
    if (x->shape.rank < 1) {
        dl_fail(x->ctx, DL_ERR_SHAPE, "dl_flatten: a single number has no first dimension");
        return NULL;
    }
    for (d = 1; d < x->shape.rank; d++) rest *= x->shape.dim[d];
    return dl_reshape(x, dl_shape2(x->shape.dim[0], rest));
}

/* The axis that `axis` means for this rank, or -1 with a message. */
static int dli_axis(dl_ctx *c, const char *op, int axis, int rank)
{
    int a = axis < 0 ? axis + rank : axis;
    if (a >= 0 && a < rank) return a;
    dl_fail(c, DL_ERR_ARGUMENT, "%s: axis %d of a tensor of rank %d", op, axis, rank);
    return -1;
}

/* Copy (or, with add, add) between a tensor and its permuted twin: walks the permuted shape n in
   order; step[d] is the step along it in the other tensor. `scatter` says which one is written. */
static void dli_permute_walk(dl_real *out, const dl_real *in, const dl_int *n, const dl_int *step,
                             int rank, bool scatter)
{
    dl_int at[DL_MAX_DIMS] = {0}, i = 0, j = 0, k, inner = rank ? n[rank - 1] : 1;
    dl_int s = rank ? step[rank - 1] : 0;
    int d;
    for (d = 0; d < rank; d++) if (n[d] == 0) return;
    for (;;) {
        if (scatter) for (k = 0; k < inner; k++) out[j + k * s] += in[i + k];
        else         for (k = 0; k < inner; k++) out[i + k] = in[j + k * s];
        i += inner;
        for (d = rank - 2; d >= 0; d--) {               /* count like an odometer */
            j += step[d];
            if (++at[d] < n[d]) break;
            j -= step[d] * n[d];
            at[d] = 0;
        }
        if (d < 0) return;
    }
}

static void dli_permute_back(dli_node *node)
{
    dl_real *dx = dli_grad(node->in[0]);
    if (dx) dli_permute_walk(dx, dli_grad(node->out), node->out->shape.dim,
                             (const dl_int *)node->save, node->out->shape.rank, true);
}

static dl_tensor *dli_permute(const char *op, dl_tensor *x, const int *order)
{
    dl_ctx *c = x->ctx;
    dl_int stride[DL_MAX_DIMS], *step;
    dl_shape shape = x->shape;
    dl_tensor *y;
    int d, r = shape.rank;
    for (d = r - 1; d >= 0; d--) stride[d] = d == r - 1 ? 1 : stride[d + 1] * shape.dim[d + 1];
    step = (dl_int *)dli_tape_alloc(c, op, DL_MAX_DIMS * sizeof *step);
    if (!step) return NULL;
    for (d = 0; d < r; d++) {
        shape.dim[d] = x->shape.dim[order[d]];
        step[d] = stride[order[d]];
    }
    y = dli_result(c, op, shape, &x, 1, dli_permute_back);
    if (!y) return NULL;
    if (y->node) y->node->save = step;
    dli_permute_walk(y->data, x->data, shape.dim, step, r, false);
    return y;
}

DL_DEF dl_tensor *dl_permute(dl_tensor *x, const int *order)
{
    dl_ctx *c = dli_inputs("dl_permute", &x, 1);
    int axes[DL_MAX_DIMS], d, e;
    if (!c) return NULL;
    if (!order) return dli_null(c, "dl_permute", "order"), (dl_tensor *)NULL;
    for (d = 0; d < x->shape.rank; d++) {
        if ((axes[d] = dli_axis(c, "dl_permute", order[d], x->shape.rank)) < 0) return NULL;
        for (e = 0; e < d; e++)
            if (axes[e] == axes[d]) {
                dl_fail(c, DL_ERR_ARGUMENT, "dl_permute: axis %d appears twice", axes[d]);
                return NULL;
            }
    }
    return dli_permute("dl_permute", x, axes);
}

DL_DEF dl_tensor *dl_transpose(dl_tensor *x, int axis1, int axis2)
{
    dl_ctx *c = dli_inputs("dl_transpose", &x, 1);
    int axes[DL_MAX_DIMS], a, b, d;
    if (!c || (a = dli_axis(c, "dl_transpose", axis1, x->shape.rank)) < 0 ||
        (b = dli_axis(c, "dl_transpose", axis2, x->shape.rank)) < 0)
        return NULL;
    for (d = 0; d < x->shape.rank; d++) axes[d] = d == a ? b : d == b ? a : d;
    return dli_permute("dl_transpose", x, axes);
}

/* A shape seen from one axis: outer blocks of n slices of inner elements. */
typedef struct dli_axis_view { dl_int outer, n, inner; } dli_axis_view;

static dli_axis_view dli_along(dl_shape s, int axis)
{
    dli_axis_view v;
    int d;
    v.outer = v.inner = 1;
    v.n = s.dim[axis];
    for (d = 0; d < s.rank; d++) {
        if (d < axis) v.outer *= s.dim[d];
        if (d > axis) v.inner *= s.dim[d];
    }
    return v;
}

/* i: axis, start */
static void dli_slice_back(dli_node *node)
{
    dli_axis_view x = dli_along(node->in[0]->shape, (int)node->i[0]);
    dl_int o, i, len = node->out->shape.dim[node->i[0]] * x.inner;
    const dl_real *dy = dli_grad(node->out);
    dl_real *dx = dli_grad(node->in[0]);
    for (o = 0; dx && o < x.outer; o++) {
        dl_real *to = dx + (o * x.n + node->i[1]) * x.inner;
        for (i = 0; i < len; i++) to[i] += dy[o * len + i];
    }
}

DL_DEF dl_tensor *dl_slice(dl_tensor *x, int axis, dl_int start, dl_int stop)
{
    dl_ctx *c = dli_inputs("dl_slice", &x, 1);
    dli_axis_view v;
    dl_shape shape;
    dl_tensor *y;
    dl_int o, len, from = start, to = stop;
    if (!c || (axis = dli_axis(c, "dl_slice", axis, x->shape.rank)) < 0) return NULL;
    v = dli_along(x->shape, axis);
    if (start < 0) start += v.n;
    if (stop < 0) stop += v.n;
    if (start < 0 || stop < start || stop > v.n) {
        dl_fail(c, DL_ERR_ARGUMENT, "dl_slice: %lld to %lld is outside axis %d, which has %lld "
                "elements", (long long)from, (long long)to, axis, (long long)v.n);
        return NULL;
    }
    shape = x->shape;
    shape.dim[axis] = stop - start;
    y = dli_result(c, "dl_slice", shape, &x, 1, dli_slice_back);
    if (!y) return NULL;
    if (y->node) {
        y->node->i[0] = axis;
        y->node->i[1] = start;
    }
    len = (stop - start) * v.inner;
    for (o = 0; o < v.outer; o++)
        memcpy(y->data + o * len, x->data + (o * v.n + start) * v.inner,
               (size_t)len * sizeof *y->data);
    return y;
}

/* i: axis */
static void dli_concat_back(dli_node *node)
{
    dli_axis_view all = dli_along(node->out->shape, (int)node->i[0]);
    const dl_real *dy = dli_grad(node->out);
    dl_int k, o, i, start = 0;
    for (k = 0; k < node->n; k++) {
        dl_int len = node->in[k]->shape.dim[node->i[0]] * all.inner;
        dl_real *dx = dli_grad(node->in[k]);
        for (o = 0; dx && o < all.outer; o++)
            for (i = 0; i < len; i++) dx[o * len + i] += dy[o * all.n * all.inner + start + i];
        start += len;
    }
}

DL_DEF dl_tensor *dl_concat(dl_tensor *const *x, int n, int axis)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs("dl_concat", x, n);
    dl_shape shape;
    dli_axis_view all;
    dl_tensor *y;
    dl_int o, start = 0;
    int k;
    if (!c || (axis = dli_axis(c, "dl_concat", axis, x[0]->shape.rank)) < 0) return NULL;
    shape = x[0]->shape;
    for (k = 1; k < n; k++) {
        dl_shape other = x[k]->shape;
        dl_int more = other.rank > axis ? other.dim[axis] : 0;
        other.dim[axis] = shape.dim[axis];
        if (!dl_shape_equal(shape, other)) {
            dl_fail(c, DL_ERR_SHAPE, "dl_concat: %s and %s (number %d) differ in more than axis "
                    "%d", dli_shape_text(s, x[0]->shape), dli_shape_text(t, x[k]->shape), k, axis);
            return NULL;
        }
        shape.dim[axis] += more;
    }
    y = dli_result(c, "dl_concat", shape, x, n, dli_concat_back);
    if (!y) return NULL;
    if (y->node) y->node->i[0] = axis;
    all = dli_along(shape, axis);
    for (k = 0; k < n; k++) {
        dl_int len = x[k]->shape.dim[axis] * all.inner;
        for (o = 0; o < all.outer; o++)
            memcpy(y->data + o * all.n * all.inner + start, x[k]->data + o * len,
                   (size_t)len * sizeof *y->data);
        start += len;
    }
    return y;
}

DL_DEF dl_tensor *dl_stack(dl_tensor *const *x, int n, int axis)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs("dl_stack", x, n);
    dl_tensor **views;
    dl_shape shape;
    int k, d;
    if (!c || (axis = dli_axis(c, "dl_stack", axis, x[0]->shape.rank + 1)) < 0) return NULL;
    shape = x[0]->shape;
    if (shape.rank == DL_MAX_DIMS) {
        dl_fail(c, DL_ERR_SHAPE, "dl_stack: %s has the highest rank already",
                dli_shape_text(s, shape));
        return NULL;
    }
    for (d = shape.rank++; d > axis; d--) shape.dim[d] = shape.dim[d - 1];
    shape.dim[axis] = 1;
    views = (dl_tensor **)dli_tape_alloc(c, "dl_stack", (size_t)n * sizeof *views);
    if (!views) return NULL;
    for (k = 0; k < n; k++) {
        if (!dl_shape_equal(x[k]->shape, x[0]->shape)) {
            dl_fail(c, DL_ERR_SHAPE, "dl_stack: %s and %s (number %d) differ",
                    dli_shape_text(s, x[0]->shape), dli_shape_text(t, x[k]->shape), k);
            return NULL;
        }
        views[k] = dl_reshape(x[k], shape);
    }
    return dl_concat(views, n, axis);
}

/* save: the indexes; i: how many, elements in a row */
static void dli_gather_back(dli_node *node)
{
    const int32_t *index = (const int32_t *)node->save;
    const dl_real *dy = dli_grad(node->out);
    dl_real *dx = dli_grad(node->in[0]);
    dl_int i, j, len = node->i[1];
    for (i = 0; dx && i < node->i[0]; i++)
        for (j = 0; j < len; j++) dx[index[i] * len + j] += dy[i * len + j];
}

/* A copy of n indexes on the tape. */
static int32_t *dli_tape_copy(dl_ctx *c, const char *op, const int32_t *index, dl_int n)
{
    int32_t *copy = (int32_t *)dli_tape_alloc(c, op, (size_t)n * sizeof *copy);
    if (copy && n > 0) memcpy(copy, index, (size_t)n * sizeof *copy);
    return copy;
}

DL_DEF dl_tensor *dl_gather_rows(dl_tensor *x, const int32_t *index, dl_int n)
{
    dl_ctx *c = dli_inputs("dl_gather_rows", &x, 1);
    dl_shape shape;
    dl_tensor *y;
    int32_t *copy;
    dl_int i, len;
    if (!c) return NULL;
    if (!index) return dli_null(c, "dl_gather_rows", "index"), (dl_tensor *)NULL;
    if (x->shape.rank < 1 || n < 0) {
        dl_fail(c, DL_ERR_SHAPE, "dl_gather_rows: %lld rows of a tensor of rank %d", (long long)n,
                x->shape.rank);
        return NULL;
    }
    if (!dli_check_index(c, "dl_gather_rows", "index", index, n, x->shape.dim[0])) return NULL;
    shape = x->shape;
    shape.dim[0] = n;
    len = x->shape.dim[0] ? x->size / x->shape.dim[0] : 0;
    copy = dli_tape_copy(c, "dl_gather_rows", index, n);
    y = copy ? dli_result(c, "dl_gather_rows", shape, &x, 1, dli_gather_back) : NULL;
    if (!y) return NULL;
    if (y->node) {
        y->node->save = copy;
        y->node->i[0] = n;
        y->node->i[1] = len;
    }
    for (i = 0; i < n; i++)
        memcpy(y->data + i * len, x->data + copy[i] * len, (size_t)len * sizeof *y->data);
    return y;
}

/* ---- reductions ---- */

/* The shape without (or with length 1 in) an axis; of a scalar result for axis < 0. */
static dl_shape dli_without(dl_shape s, int axis, bool keep)
{
    int d;
    if (axis < 0) return dl_shape0();
    if (keep) {
        s.dim[axis] = 1;
        return s;
    }
    for (d = axis; d < s.rank - 1; d++) s.dim[d] = s.dim[d + 1];
    return dli_rank(s, s.rank - 1);
}

static dli_axis_view dli_along_or_all(const dl_tensor *x, int axis)
{
    dli_axis_view v;
    if (axis >= 0) return dli_along(x->shape, axis);
    v.outer = v.inner = 1;
    v.n = x->size;
    return v;
}

/* i: axis or -1; p: the factor, 1 for a sum and 1/n for a mean */
static void dli_sum_back(dli_node *node)
{
    dli_axis_view v = dli_along_or_all(node->in[0], (int)node->i[0]);
    const dl_real *dy = dli_grad(node->out);
    dl_real *dx = dli_grad(node->in[0]), scale = (dl_real)node->p;
    dl_int o, k, i;
    for (o = 0; dx && o < v.outer; o++)
        if (v.inner == 1) dli_add_number(node->out->ctx, dx + o * v.n, dy[o] * scale, v.n);
        else
            for (k = 0; k < v.n; k++)
                for (i = 0; i < v.inner; i++)
                    dx[(o * v.n + k) * v.inner + i] += dy[o * v.inner + i] * scale;
}

/* Sum (or mean) along an axis that has been checked, -1 for all; in double, for many small
   numbers make a large one. */
static dl_tensor *dli_sum(const char *op, dl_tensor *x, int axis, bool keep, bool mean)
{
    dli_axis_view v = dli_along_or_all(x, axis);
    dl_tensor *y = dli_result(x->ctx, op, dli_without(x->shape, axis, keep), &x, 1, dli_sum_back);
    double scale = mean ? 1 / (double)v.n : 1;
    dl_int o, k, i;
    if (!y) return NULL;
    if (y->node) {
        y->node->i[0] = axis;
        y->node->p = scale;
    }
    for (o = 0; o < v.outer; o++)
        for (i = 0; i < v.inner; i++) {
            double sum = 0;
            if (v.inner == 1) sum = dli_sum_of(x->ctx, x->data + o * v.n, v.n);
            else
                for (k = 0; k < v.n; k++) sum += (double)x->data[(o * v.n + k) * v.inner + i];
            y->data[o * v.inner + i] = (dl_real)(sum * scale);
        }
    return y;
}

/* save: where each maximum (or minimum) was */
static void dli_max_back(dli_node *node)
{
    const int32_t *at = (const int32_t *)node->save;
    dli_axis_view v = dli_along_or_all(node->in[0], (int)node->i[0]);
    const dl_real *dy = dli_grad(node->out);
    dl_real *dx = dli_grad(node->in[0]);
    dl_int o, i;
    for (o = 0; dx && o < v.outer; o++)
        for (i = 0; i < v.inner; i++)
            dx[(o * v.n + at[o * v.inner + i]) * v.inner + i] += dy[o * v.inner + i];
}

/* The index of the first maximum (or first NaN) of n > 0 elements, step apart. */
static dl_int dli_argmax(const dl_real *x, dl_int n, dl_int step)
{
    dl_int k, best = 0;
    for (k = 1; k < n && !dli_isnan(x[best * step]); k++)
        if (x[k * step] > x[best * step] || dli_isnan(x[k * step])) best = k;
    return best;
}

/* The same for the first minimum. */
static dl_int dli_argmin(const dl_real *x, dl_int n, dl_int step)
{
    dl_int k, best = 0;
    for (k = 1; k < n && !dli_isnan(x[best * step]); k++)
        if (x[k * step] < x[best * step] || dli_isnan(x[k * step])) best = k;
    return best;
}

/* Along an axis that has been checked, -1 for all; choose: dli_argmax or dli_argmin. */
static dl_tensor *dli_max(const char *op, dl_tensor *x, int axis, bool keep,
                          dl_int (*choose)(const dl_real *, dl_int, dl_int))
{
    char s[DLI_SHAPE_TEXT];
    dli_axis_view v = dli_along_or_all(x, axis);
    dl_tensor *y;
    int32_t *at;
    dl_int o, i;
    if (v.n == 0 || v.n > INT32_MAX) {
        dl_fail(x->ctx, DL_ERR_SHAPE, "%s: %s has no elements (or too many) to choose from", op,
                dli_shape_text(s, x->shape));
        return NULL;
    }
    at = (int32_t *)dli_tape_alloc(x->ctx, op, (size_t)(v.outer * v.inner) * sizeof *at);
    y = at ? dli_result(x->ctx, op, dli_without(x->shape, axis, keep), &x, 1, dli_max_back) : NULL;
    if (!y) return NULL;
    if (y->node) {
        y->node->i[0] = axis;
        y->node->save = at;
    }
    for (o = 0; o < v.outer; o++)
        for (i = 0; i < v.inner; i++) {
            const dl_real *from = x->data + o * v.n * v.inner + i;
            dl_int k = choose(from, v.n, v.inner);
            at[o * v.inner + i] = (int32_t)k;
            y->data[o * v.inner + i] = from[k * v.inner];
        }
    return y;
}

DL_DEF dl_tensor *dl_sum(dl_tensor *x)
{
    return dli_usable("dl_sum", x) ? dli_sum("dl_sum", x, -1, false, false) : NULL;
}
DL_DEF dl_tensor *dl_mean(dl_tensor *x)
{
    return dli_usable("dl_mean", x) ? dli_sum("dl_mean", x, -1, false, true) : NULL;
}
DL_DEF dl_tensor *dl_max(dl_tensor *x)
{
    return dli_usable("dl_max", x) ? dli_max("dl_max", x, -1, false, dli_argmax) : NULL;
}
DL_DEF dl_tensor *dl_min(dl_tensor *x)
{
    return dli_usable("dl_min", x) ? dli_max("dl_min", x, -1, false, dli_argmin) : NULL;
}

DL_DEF dl_tensor *dl_sum_axis(dl_tensor *x, int axis, bool keep)
{
    if (!dli_usable("dl_sum_axis", x)) return NULL;
    axis = dli_axis(x->ctx, "dl_sum_axis", axis, x->shape.rank);
    return axis < 0 ? NULL : dli_sum("dl_sum_axis", x, axis, keep, false);
}
DL_DEF dl_tensor *dl_mean_axis(dl_tensor *x, int axis, bool keep)
{
    if (!dli_usable("dl_mean_axis", x)) return NULL;
    axis = dli_axis(x->ctx, "dl_mean_axis", axis, x->shape.rank);
    return axis < 0 ? NULL : dli_sum("dl_mean_axis", x, axis, keep, true);
}
DL_DEF dl_tensor *dl_max_axis(dl_tensor *x, int axis, bool keep)
{
    if (!dli_usable("dl_max_axis", x)) return NULL;
    axis = dli_axis(x->ctx, "dl_max_axis", axis, x->shape.rank);
    return axis < 0 ? NULL : dli_max("dl_max_axis", x, axis, keep, dli_argmax);
}
DL_DEF dl_tensor *dl_min_axis(dl_tensor *x, int axis, bool keep)
{
    if (!dli_usable("dl_min_axis", x)) return NULL;
    axis = dli_axis(x->ctx, "dl_min_axis", axis, x->shape.rank);
    return axis < 0 ? NULL : dli_max("dl_min_axis", x, axis, keep, dli_argmin);
}

DL_DEF bool dl_argmax_axis(int32_t *out, const dl_tensor *x, int axis)
{
    char s[DLI_SHAPE_TEXT];
    dli_axis_view v;
    dl_int o, i;
    if (!dli_usable("dl_argmax_axis", x)) return false;
    if (!out) return dli_null(x->ctx, "dl_argmax_axis", "out");
    axis = dli_axis(x->ctx, "dl_argmax_axis", axis, x->shape.rank);
    if (axis < 0) return false;
    v = dli_along(x->shape, axis);
    if (v.n == 0 || v.n > INT32_MAX)
        return dl_fail(x->ctx, DL_ERR_SHAPE, "dl_argmax_axis: axis %d of %s has no elements (or "
                       "too many) to choose from", axis, dli_shape_text(s, x->shape));
    for (o = 0; o < v.outer; o++)
        for (i = 0; i < v.inner; i++)
            out[o * v.inner + i] = (int32_t)dli_argmax(x->data + o * v.n * v.inner + i, v.n,
                                                       v.inner);
    return true;
}

DL_DEF dl_int dl_argmax(const dl_tensor *x)
{
    if (!dli_usable("dl_argmax", x)) return -1;
    if (x->size == 0) {
        dl_fail(x->ctx, DL_ERR_SHAPE, "dl_argmax: the tensor is empty");
        return -1;
    }
    return dli_argmax(x->data, x->size, 1);
}

/* ---- images: convolution, pooling, normalization ---- */

/* A kernel sliding along height and width: all sizes in 64 bits, so that nothing overflows. */
typedef struct dli_slide {
    int64_t in[2], kernel[2], stride[2], dilation[2], before[2], after[2], out[2];
} dli_slide;

/* "5x5", or "5" in one dimension. */
static const char *dli_size_text(char s[DLI_SHAPE_TEXT], const int64_t *size, int dims)
{
    if (dims == 1) snprintf(s, DLI_SHAPE_TEXT, "%lld", (long long)size[0]);
    else snprintf(s, DLI_SHAPE_TEXT, "%lldx%lld", (long long)size[0], (long long)size[1]);
    return s;
}

/* Work out the padding of "same" and the output's size; false with a message that names all. */
static bool dli_slide_fit(dl_ctx *c, const char *op, dli_slide *s, bool same, int dims)
{
    char k[DLI_SHAPE_TEXT], d[DLI_SHAPE_TEXT + 16] = "", in[DLI_SHAPE_TEXT];
    char pad[DLI_SHAPE_TEXT] = "without padding";
    int64_t span[2];
    int i;
    for (i = 0; i < dims; i++) {
        if (s->kernel[i] < 1 || s->stride[i] < 1 || s->dilation[i] < 1)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: kernel %lld, stride %lld, dilation %lld: each "
                           "must be 1 or more", op, (long long)s->kernel[i],
                           (long long)s->stride[i], (long long)s->dilation[i]);
        span[i] = (s->kernel[i] - 1) * s->dilation[i] + 1;
        if (same) {
            int64_t out = (s->in[i] + s->stride[i] - 1) / s->stride[i];
            int64_t all = (out - 1) * s->stride[i] + span[i] - s->in[i];
            s->before[i] = all > 0 ? all / 2 : 0;
            s->after[i] = all > 0 ? all - all / 2 : 0;
        }
        if (s->before[i] < 0 || s->after[i] < 0)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: padding %lld before and %lld after: neither "
                           "may be negative", op, (long long)s->before[i], (long long)s->after[i]);
    }
    for (i = 0; i < dims; i++) {
        int64_t room = s->in[i] + s->before[i] + s->after[i];
        s->out[i] = room < span[i] ? 0 : (room - span[i]) / s->stride[i] + 1;
        if (s->in[i] >= 1 && s->out[i] >= 1 && room <= INT32_MAX) continue;
        if (s->before[0] || s->after[0] || (dims > 1 && (s->before[1] || s->after[1]))) {
            int at = snprintf(pad, sizeof pad, "with padding %lld+%lld", (long long)s->before[0],
                              (long long)s->after[0]);
            if (dims > 1) snprintf(pad + at, sizeof pad - (size_t)at, ", %lld+%lld",
                                   (long long)s->before[1], (long long)s->after[1]);
        }
        if (s->dilation[0] > 1 || (dims > 1 && s->dilation[1] > 1))
            snprintf(d, sizeof d, " with dilation %s", dli_size_text(in, s->dilation, dims));
        return dl_fail(c, DL_ERR_SHAPE, "%s: kernel %s%s does not fit input %s %s; %s", op,
                       dli_size_text(k, s->kernel, dims), d, dli_size_text(in, s->in, dims), pad,
                       dims > 1 && s->in[1] <= 4 && s->in[0] > 4 * s->in[1]
                           ? "is the image [C,H,W], channels first?"
                           : "make it smaller, or pad the input (same = true in the options)");
    }
    return true;
}

/* The output's size of a transposed convolution, and with same its cropping: the padding of the
   "same" convolution that makes the input from the output. */
static bool dli_slide_grow(dl_ctx *c, const char *op, dli_slide *s, bool same, const int *extra)
{
    int i;
    for (i = 0; i < 2; i++) {
        int64_t span;
        if (s->in[i] < 1 || s->kernel[i] < 1 || s->stride[i] < 1 || s->dilation[i] < 1)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: input %lld, kernel %lld, stride %lld, dilation "
                           "%lld: each must be 1 or more", op, (long long)s->in[i],
                           (long long)s->kernel[i], (long long)s->stride[i],
                           (long long)s->dilation[i]);
        if (s->before[i] < 0 || s->after[i] < 0)
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: padding %lld before and %lld after: neither "
                           "may be negative", op, (long long)s->before[i], (long long)s->after[i]);
        if (extra[i] < 0 || (extra[i] >= s->stride[i] && extra[i] >= s->dilation[i]))
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: output padding %d must be 0 or more and below "
                           "the stride %lld or the dilation %lld", op, extra[i],
                           (long long)s->stride[i], (long long)s->dilation[i]);
        span = (s->kernel[i] - 1) * s->dilation[i] + 1;
        if (same) {
            s->before[i] = span > s->stride[i] ? (span - s->stride[i]) / 2 : 0;
            s->out[i] = s->in[i] * s->stride[i];
        } else {
            s->out[i] = (s->in[i] - 1) * s->stride[i] + span + extra[i];
            s->out[i] -= s->before[i] + s->after[i];
        }
        if (s->out[i] < 1 || s->out[i] > INT32_MAX || s->before[i] > INT32_MAX)
            return dl_fail(c, DL_ERR_SHAPE, "%s: kernel %lldx%lld on input %lldx%lld with padding "
                           "%lld+%lld, %lld+%lld leaves no output; pad less", op,
                           (long long)s->kernel[0], (long long)s->kernel[1], (long long)s->in[0],
                           (long long)s->in[1], (long long)s->before[0], (long long)s->after[0],
                           (long long)s->before[1], (long long)s->after[1]);
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

/* save: the sizes, and behind them what won in each pooling; i: the end */
static void dli_conv_back(dli_node *node)
{
    dl_tensor *x = node->in[0], *w = node->in[1], *b = node->n > 2 ? node->in[2] : NULL;
    const dl_real *dy = dli_grad(node->out);
    bool add;
    dl_real *dx = dli_grad_or_set(x, &add), *dw = dli_grad(w), *db = b ? dli_grad(b) : NULL;
    const dlk_conv2d_size *s = (const dlk_conv2d_size *)node->save;
#if DLI_FAST
    if (node->i[0] != DLI_END_LINEAR) {
        dli_conv_grads to;
        to.dy = dy; to.y = node->out->data; to.arg = (const int32_t *)(const void *)(s + 1);
        to.dx = dx; to.add_dx = add; to.dw = dw; to.db = db;
        node->failed = !dli_conv_run_back(x->ctx, &to, x->data, w->data, s,
                                          (dli_conv_end)node->i[0]);
        return;
    }
#endif
    node->failed = !dli_conv2d_backward(x->ctx, dx, add, dw, db, dy, x->data, w->data,
                                        s);
}

static void dli_conv_transpose_back(dli_node *node)
{
    dl_tensor *x = node->in[0], *w = node->in[1], *b = node->n > 2 ? node->in[2] : NULL;
    const dl_real *dy = dli_grad(node->out);
    bool add;
    dl_real *dx = dli_grad_or_set(x, &add), *dw = dli_grad(w), *db = b ? dli_grad(b) : NULL;
    const dlk_conv2d_size *s = (const dlk_conv2d_size *)node->save;
    node->failed = !dli_conv_transpose2d_backward(x->ctx, dx, add, dw, db, dy, x->data, w->data,
                                                  s);
}

/* All convolutions: along dims axes, transposed or not. *end is what the caller will do with the
   result; as much of it as can be done at once is done, and *end says what. */
static dl_tensor *dli_convolve(const char *op, dl_tensor *x, dl_tensor *w, dl_tensor *b,
                               const dl_conv *options, int dims, bool transposed,
                               dli_conv_end *end)
{
    char t[DLI_SHAPE_TEXT], r[DLI_SHAPE_TEXT];
    dlk_conv2d_size size, *s = &size;
    dli_conv_end done = DLI_END_LINEAR;
    int32_t *won;
    bool ok;
    const char *what = dims == 1 ? "[N,C,L] and [M,C/groups,K]" : transposed
                     ? "[N,C,H,W] and [C,M/groups,KH,KW]" : "[N,C,H,W] and [M,C/groups,KH,KW]";
    dl_conv o = options ? *options : dl_conv_default();
    dl_int C, M, seen;
    dl_tensor *in[3], *y;
    dl_ctx *c;
    dl_shape shape;
    dli_slide slide;
    int i, n = b != DL_NONE ? 3 : 2, last = dims - 1;
    in[0] = x;
    in[1] = w;
    in[2] = b;
    if (!(c = dli_inputs(op, in, n))) return NULL;
    if (x->shape.rank != dims + 2 || w->shape.rank != dims + 2) {
        dl_fail(c, DL_ERR_SHAPE, "%s: input %s and weight %s must be %s", op,
                dli_shape_text(t, x->shape), dli_shape_text(r, w->shape), what);
        return NULL;
    }
    C = x->shape.dim[1];
    if (o.groups < 1 || C < o.groups || C % o.groups || w->shape.dim[0] % o.groups) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: %d groups do not divide the channels of input %s and the "
                "weight %s", op, o.groups, dli_shape_text(t, x->shape),
                dli_shape_text(r, w->shape));
        return NULL;
    }
    M = transposed ? w->shape.dim[1] * o.groups : w->shape.dim[0];
    seen = transposed ? w->shape.dim[0] : w->shape.dim[1] * o.groups;
    if (seen != C) {
        dl_fail(c, DL_ERR_SHAPE, "%s: input %s has %lld channels, weight %s in %d group%s takes "
                "%lld", op, dli_shape_text(t, x->shape), (long long)C,
                dli_shape_text(r, w->shape), o.groups, o.groups == 1 ? "" : "s", (long long)seen);
        return NULL;
    }
    if (n == 3 && (b->shape.rank != 1 || b->size != M)) {
        dl_fail(c, DL_ERR_SHAPE, "%s: bias %s must be [%lld], one for each output channel of "
                "weight %s", op, dli_shape_text(t, b->shape), (long long)M,
                dli_shape_text(r, w->shape));
        return NULL;
    }
    for (i = 0; i < dims; i++) {
        slide.in[i] = x->shape.dim[i + 2];
        slide.kernel[i] = w->shape.dim[i + 2];
        slide.stride[i] = o.stride[i];
        slide.dilation[i] = o.dilation[i];
        slide.before[i] = o.before[i];
        slide.after[i] = o.after[i];
    }
    if (!(transposed ? dli_slide_grow(c, op, &slide, o.same, o.output_padding)
                     : dli_slide_fit(c, op, &slide, o.same, dims)))
        return NULL;
    s->N = x->shape.dim[0]; s->C = C; s->M = M; s->groups = o.groups;
    s->H = s->OH = s->KH = s->stride_h = s->dilation_h = 1;
    s->top = 0;
    if (dims == 2) {
        s->H = (dl_int)slide.in[0];
        s->OH = (dl_int)slide.out[0];
        s->KH = (dl_int)slide.kernel[0];
        s->stride_h = (dl_int)slide.stride[0];
        s->dilation_h = (dl_int)slide.dilation[0];
        s->top = (dl_int)slide.before[0];
    }
    s->W = (dl_int)slide.in[last];
    s->OW = (dl_int)slide.out[last];
    s->KW = (dl_int)slide.kernel[last];
    s->stride_w = (dl_int)slide.stride[last];
    s->dilation_w = (dl_int)slide.dilation[last];
    s->left = (dl_int)slide.before[last];
    shape = dims == 1 ? dl_shape3(s->N, M, s->OW) : dl_shape4(s->N, M, s->OH, s->OW);
#if DLI_FAST
    if (!transposed && dli_conv_is_plain(s)) done = *end;
#endif
    if (done == DLI_END_RELU_POOL)
        for (i = 2; i < 4; i++) shape.dim[i] /= 2;
    s = (dlk_conv2d_size *)dli_tape_alloc(c, op, sizeof *s + (done == DLI_END_RELU_POOL ?
                                          (size_t)dl_shape_size(shape) * sizeof *won : 0));
    y = s ? dli_result(c, op, shape, in, n, transposed ? dli_conv_transpose_back : dli_conv_back)
          : NULL;
    if (!y) return NULL;
    *s = size;
    won = (int32_t *)(void *)(s + 1);
    if (y->node) {
        y->node->save = s;
        y->node->i[0] = done;
    }
    *end = done;
    b = n == 3 ? b : NULL;
#if DLI_FAST
    if (done != DLI_END_LINEAR)
        ok = dli_conv_run(c, y->data, won, x->data, w->data, b ? b->data : NULL, s, done, false);
    else
#endif
    if (transposed)
        ok = dli_conv_transpose2d_forward(c, y->data, x->data, w->data, b ? b->data : NULL, s);
    else
        ok = dli_conv2d_forward(c, y->data, x->data, w->data, b ? b->data : NULL, s, false);
    return ok ? y : NULL;
}

DL_DEF dl_tensor *dl_conv2d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                            const dl_conv *options)
{
    dli_conv_end end = DLI_END_LINEAR;
    return dli_convolve("dl_conv2d", x, w, b, options, 2, false, &end);
}

DL_DEF dl_tensor *dl_conv1d(dl_tensor *x, dl_tensor *w, dl_tensor *b,
                            const dl_conv *options)
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
    char t[DLI_SHAPE_TEXT];
    return x->shape.rank == 4 ||
           dl_fail(x->ctx, DL_ERR_SHAPE, "%s: input %s must be [N,C,H,W]", op,
                   dli_shape_text(t, x->shape));
}

/* i: fh, fw */
static void dli_upsample_back(dli_node *node)
{
    dl_tensor *x = node->in[0];
    const dl_int *d = x->shape.dim;
    dlk_upsample2d_backward(dli_grad(x), dli_grad(node->out), d[0] * d[1], d[2], d[3], node->i[0],
                            node->i[1]);
}

DL_DEF dl_tensor *dl_upsample_nearest2d(dl_tensor *x, int fh, int fw)
{
    const char *op = "dl_upsample_nearest2d";
    dl_ctx *c = dli_inputs(op, &x, 1);
    const dl_int *d;
    dl_tensor *y;
    if (!c || !dli_image(op, x)) return NULL;
    d = x->shape.dim;
    if (fh < 1 || fw < 1 || d[2] > INT32_MAX / fh || d[3] > INT32_MAX / fw) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: factors %d and %d must be 1 or more, and the image not "
                "too large", op, fh, fw);
        return NULL;
    }
    y = dli_result(c, op, dl_shape4(d[0], d[1], d[2] * fh, d[3] * fw), &x, 1, dli_upsample_back);
    if (!y) return NULL;
    if (y->node) {
        y->node->i[0] = fh;
        y->node->i[1] = fw;
    }
    dlk_upsample2d_forward(y->data, x->data, d[0] * d[1], d[2], d[3], fh, fw);
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

/* save: the sizes, and behind them where the maxima were */
static void dli_max_pool_back(dli_node *node)
{
    const dlk_pool2d_size *s = (const dlk_pool2d_size *)node->save;
    const dl_real *dy = dli_grad(node->out);
    bool add;
    dl_real *dx = dli_grad_or_set(node->in[0], &add);
    dli_max_pool2d_backward(node->out->ctx, dx, add, dy, (const int32_t *)(const void *)(s + 1), s);
}

/* i: count_padding; save: the sizes */
static void dli_avg_pool_back(dli_node *node)
{
    dlk_avg_pool2d_backward(dli_grad(node->in[0]), dli_grad(node->out),
                            (const dlk_pool2d_size *)node->save, node->i[0] != 0);
}

/* The output's size of a pooling (in out[2]) and its padding, resolved in o. */
static bool dli_pool_fit(dl_ctx *c, const char *op, dl_int H, dl_int W, dl_pool *o,
                         dl_int *out)
{
    dli_slide s;
    int i;
    s.in[0] = H;
    s.in[1] = W;
    for (i = 0; i < 2; i++) {
        s.kernel[i] = o->kernel[i];
        s.stride[i] = o->stride[i];
        s.dilation[i] = 1;
        s.before[i] = o->before[i];
        s.after[i] = o->after[i];
    }
    if (!dli_slide_fit(c, op, &s, o->same, 2)) return false;
    for (i = 0; i < 2; i++) {
        if (s.before[i] >= s.kernel[i] || s.after[i] >= s.kernel[i])
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: padding %lld+%lld must be smaller than the "
                           "kernel %dx%d, or a window would see padding only", op,
                           (long long)s.before[i], (long long)s.after[i], o->kernel[0],
                           o->kernel[1]);
        o->before[i] = (int)s.before[i];
        o->after[i] = (int)s.after[i];
        out[i] = (dl_int)s.out[i];
    }
    if (H > INT32_MAX / W)
        return dl_fail(c, DL_ERR_SHAPE, "%s: input %lldx%lld is too large", op, (long long)H,
                       (long long)W);
    return true;
}

static dl_tensor *dli_pool(const char *op, dl_tensor *x, const dl_pool *options, bool max)
{
    dl_ctx *c = dli_inputs(op, &x, 1);
    dl_pool o;
    dlk_pool2d_size *s;
    dl_int out[2] = {0, 0}, n;
    dl_shape shape;
    dl_tensor *y;
    if (!c || !dli_image(op, x)) return NULL;
    if (!options) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the options are NULL; dl_pool_default makes some", op);
        return NULL;
    }
    o = *options;
    shape = x->shape;
    if (!dli_pool_fit(c, op, shape.dim[2], shape.dim[3], &o, out)) return NULL;
    shape.dim[2] = out[0];
    shape.dim[3] = out[1];
    n = max ? dl_shape_size(shape) : 0;                   /* a size that fails fails again below */
    s = (dlk_pool2d_size *)dli_tape_alloc(c, op, sizeof *s + (size_t)(n > 0 ? n : 0) * 4);
    y = s ? dli_result(c, op, shape, &x, 1, max ? dli_max_pool_back : dli_avg_pool_back) : NULL;
    if (!y) return NULL;
    s->planes = shape.dim[0] * shape.dim[1];
    s->H = x->shape.dim[2];
    s->W = x->shape.dim[3];
    s->OH = out[0];
    s->OW = out[1];
    s->KH = o.kernel[0];
    s->KW = o.kernel[1];
    s->stride_h = o.stride[0];
    s->stride_w = o.stride[1];
    s->top = o.before[0];
    s->left = o.before[1];
    if (y->node) {
        y->node->save = s;
        y->node->i[0] = o.count_padding;
    }
    if (max) dli_max_pool2d_forward(c, y->data, (int32_t *)(void *)(s + 1), x->data, s);
    else dlk_avg_pool2d_forward(y->data, x->data, s, o.count_padding);
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
    const dl_int *d;
    if (!dli_usable("dl_global_avg_pool2d", x) || !dli_image("dl_global_avg_pool2d", x))
        return NULL;
    d = x->shape.dim;
    return dl_mean_axis(dl_reshape(x, dl_shape3(d[0], d[1], d[2] * d[3])), 2, false);
}

/* Put x and those of weight and bias that are not DL_NONE into in; their number, 0 on failure. */
static int dli_norm_inputs(const char *op, dl_tensor **in, dl_tensor *x, dl_tensor *weight,
                           dl_tensor *bias)
{
    int n = 0;
    in[n++] = x;
    if (weight != DL_NONE) in[n++] = weight;
    if (bias != DL_NONE) in[n++] = bias;
    return dli_inputs(op, in, n) ? n : 0;
}

/* Has t (unless it is DL_NONE) this shape? */
static bool dli_norm_shape(const char *op, const char *what, dl_tensor *t, dl_shape shape,
                           const dl_tensor *x)
{
    char r[DLI_SHAPE_TEXT], s[DLI_SHAPE_TEXT], u[DLI_SHAPE_TEXT];
    return t == DL_NONE || dl_shape_equal(t->shape, shape) ||
           dl_fail(x->ctx, DL_ERR_SHAPE, "%s: %s %s must be %s for input %s", op, what,
                   dli_shape_text(r, t->shape), dli_shape_text(s, shape),
                   dli_shape_text(u, x->shape));
}

/* i: N, C, S, groups (0 for a batch norm, -1 for one with running statistics), has weight, has
   bias; p: eps; save: mean, and behind it var */
static void dli_norm_back(dli_node *node)
{
    const dl_int *v = node->i, groups = v[3];
    dl_tensor *x = node->in[0], *w = v[4] ? node->in[1] : NULL;
    dl_tensor *b = v[5] ? node->in[v[4] + 1] : NULL;
    dl_real *dx = dli_grad(x), *dw = w ? dli_grad(w) : NULL, *db = b ? dli_grad(b) : NULL;
    const dl_real *dy = dli_grad(node->out), *mean = (const dl_real *)node->save;
    const dl_real *weight = w ? w->data : NULL;
    if (groups > 0)
        dli_group_norm_backward(x->ctx, dx, dw, db, dy, x->data, mean, mean + v[0] * groups,
                                weight, v[0], v[1], v[2], groups, node->p);
    else
        dli_batch_norm_backward(x->ctx, dx, dw, db, dy, x->data, mean, mean + v[1], weight, v[0],
                                v[1], v[2], node->p, groups == 0);
}

/* The result of a normalization, with room for `stats` means and variances in *mean. */
static dl_tensor *dli_norm_result(const char *op, dl_tensor *const *in, int n, bool weight,
                                  dl_int N, dl_int C, dl_int S, dl_int groups, double eps,
                                  dl_int stats, dl_real **mean)
{
    dl_ctx *c = in[0]->ctx;
    dl_tensor *y;
    *mean = (dl_real *)dli_tape_alloc(c, op, 2 * (size_t)stats * sizeof **mean);
    y = *mean ? dli_result(c, op, in[0]->shape, in, n, dli_norm_back) : NULL;
    if (y && y->node) {
        y->node->i[0] = N;
        y->node->i[1] = C;
        y->node->i[2] = S;
        y->node->i[3] = groups;
        y->node->i[4] = weight;
        y->node->i[5] = n - 1 - weight;
        y->node->p = eps;
        y->node->save = *mean;
    }
    return y;
}

static bool dli_norm_check(dl_tensor *x, const char *op, int rank, double eps)
{
    char s[DLI_SHAPE_TEXT];
    if (x->shape.rank < rank || x->size == 0)
        return dl_fail(x->ctx, DL_ERR_SHAPE, "%s: input %s must be of rank %d or more and not "
                       "empty", op, dli_shape_text(s, x->shape), rank);
    if (!(eps >= 0))
        return dl_fail(x->ctx, DL_ERR_ARGUMENT, "%s: eps %g must be 0 or more", op, eps);
    return true;
}

DL_DEF dl_tensor *dl_batch_norm(dl_tensor *x, dl_tensor *weight, dl_tensor *bias,
                                dl_tensor *running_mean, dl_tensor *running_var, double momentum,
                                double eps)
{
    const char *op = "dl_batch_norm";
    dl_tensor *in[3], *run[3], *y;
    dl_int N, C, S;
    dl_real *mean;
    bool running = running_mean != DL_NONE, batch;
    int n = dli_norm_inputs(op, in, x, weight, bias);
    dl_ctx *c;
    run[0] = x;
    run[1] = running_mean;
    run[2] = running_var;
    if (n == 0 || !running_mean || !running_var || !dli_norm_check(x, op, 2, eps)) return NULL;
    c = x->ctx;
    N = x->shape.dim[0];
    C = x->shape.dim[1];
    S = x->size / N / C;
    if (running == (running_var == DL_NONE) || !(momentum >= 0 && momentum <= 1) ||
        (running && (running_mean->requires_grad || running_var->requires_grad))) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: running mean and variance must both be given, as made by "
                "dl_state, or neither; momentum %g must be in [0, 1]", op, momentum);
        return NULL;
    }
    if (running && !dli_inputs(op, run, 3)) return NULL;
    if (!dli_norm_shape(op, "weight", weight, dl_shape1(C), x) ||
        !dli_norm_shape(op, "bias", bias, dl_shape1(C), x) ||
        !dli_norm_shape(op, "running mean", running_mean, dl_shape1(C), x) ||
        !dli_norm_shape(op, "running variance", running_var, dl_shape1(C), x))
        return NULL;
    batch = c->training || !running;
    y = dli_norm_result(op, in, n, weight != DL_NONE, N, C, S, batch ? 0 : -1, eps, C, &mean);
    if (!y) return NULL;
    if (!batch) {
        memcpy(mean, running_mean->data, (size_t)C * sizeof *mean);
        memcpy(mean + C, running_var->data, (size_t)C * sizeof *mean);
    }
    dli_batch_norm_forward(c, y->data, x->data, mean, mean + C,
                           weight != DL_NONE ? weight->data : NULL,
                           bias != DL_NONE ? bias->data : NULL, N, C, S, eps, batch);
    if (running && batch && !c->no_grad && N * S > 1) {
        dlk_batch_norm_update(running_mean->data, running_var->data, mean, mean + C, C,
                              (double)(N * S), momentum);
        ++*dli_version(running_mean);
        ++*dli_version(running_var);
    }
    return y;
}

/* Both per-sample normalizations; shape is that of weight and bias. */
static dl_tensor *dli_group_norm(const char *op, dl_tensor *x, dl_tensor *weight, dl_tensor *bias,
                                 dl_shape shape, dl_int N, dl_int C, dl_int S, dl_int groups,
                                 double eps)
{
    dl_tensor *in[3], *y;
    dl_real *mean;
    int n = dli_norm_inputs(op, in, x, weight, bias);
    if (n == 0 || !dli_norm_shape(op, "weight", weight, shape, x) ||
        !dli_norm_shape(op, "bias", bias, shape, x))
        return NULL;
    y = dli_norm_result(op, in, n, weight != DL_NONE, N, C, S, groups, eps, N * groups, &mean);
    if (y)
        dli_group_norm_forward(x->ctx, y->data, mean, mean + N * groups, x->data,
                               weight != DL_NONE ? weight->data : NULL,
                               bias != DL_NONE ? bias->data : NULL, N, C, S, groups, eps);
    return y;
}

DL_DEF dl_tensor *dl_layer_norm(dl_tensor *x, int axes, dl_tensor *weight, dl_tensor *bias,
                                double eps)
{
    char s[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs("dl_layer_norm", &x, 1);
    dl_shape shape;
    dl_int D = 1;
    int d;
    if (!c || !dli_norm_check(x, "dl_layer_norm", 1, eps)) return NULL;
    if (axes < 1 || axes > x->shape.rank) {
        dl_fail(c, DL_ERR_ARGUMENT, "dl_layer_norm: the last %d axes of input %s", axes,
                dli_shape_text(s, x->shape));
        return NULL;
    }
    shape = x->shape;
    for (d = 0; d < axes; d++) D *= shape.dim[d] = x->shape.dim[x->shape.rank - axes + d];
    return dli_group_norm("dl_layer_norm", x, weight, bias, dli_rank(shape, axes), x->size / D, D,
                          1, 1, eps);
}

DL_DEF dl_tensor *dl_group_norm(dl_tensor *x, int groups, dl_tensor *weight, dl_tensor *bias,
                                double eps)
{
    char s[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs("dl_group_norm", &x, 1);
    dl_int N, C;
    if (!c || !dli_norm_check(x, "dl_group_norm", 2, eps)) return NULL;
    N = x->shape.dim[0];
    C = x->shape.dim[1];
    if (groups < 1 || C % groups) {
        dl_fail(c, DL_ERR_ARGUMENT, "dl_group_norm: %d groups do not divide the %lld channels of "
                "input %s", groups, (long long)C, dli_shape_text(s, x->shape));
        return NULL;
    }
    return dli_group_norm("dl_group_norm", x, weight, bias, dl_shape1(C), N, C, x->size / N / C,
                          groups, eps);
}

/* ---- sequences: recurrent nets, embedding, attention ---- */

DL_DEF dl_recurrent dl_recurrent_default(void)
{
    dl_recurrent o;
    o.layers = 1;
    o.bidirectional = false;
    o.dropout = 0;
    o.lengths = NULL;
    return o;
}

/* dli_inputs for a list in which all operands but the first may be left out. */
static dl_ctx *dli_some_inputs(const char *op, dl_tensor *const *in, int n)
{
    dl_tensor *given[32];
    dl_ctx *c;
    int i, k = 0;
    for (i = 0; i < n && k < 32; i++) if (in[i] != DL_NONE) given[k++] = in[i];
    c = dli_inputs(op, given, k);
    if (!c || in[0] != DL_NONE) return c;
    dl_fail(c, DL_ERR_ARGUMENT, "%s: operand 1 is DL_NONE, but can't be left out", op);
    return NULL;
}

/* Is t left out, or has it this shape? Else a message. */
static bool dli_check_shape(dl_ctx *c, const char *op, const char *what, const dl_tensor *t,
                            dl_shape shape)
{
    char s[DLI_SHAPE_TEXT], u[DLI_SHAPE_TEXT];
    if (t == DL_NONE || dl_shape_equal(t->shape, shape)) return true;
    return dl_fail(c, DL_ERR_SHAPE, "%s: %s is %s and should be %s", op, what,
                   dli_shape_text(s, t->shape), dli_shape_text(u, shape));
}

static bool dli_check_lengths(dl_ctx *c, const char *op, const int32_t *length, dl_int N,
                              dl_int least, dl_int most)
{
    dl_int n;
    for (n = 0; length && n < N; n++)
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
    bool                 fast;              /* the twin has run forward, so it goes back */
    dlk_recurrent_arrays arrays;
    dlk_recurrent_size   size;
    dl_tensor           *in[7], *y;
} dli_recurrent_state;

static dl_real *dli_recurrent_grad(const dli_recurrent_state *s, int i)
{
    return s->in[i] ? dli_grad(s->in[i]) : NULL;
}

/* save: a dli_recurrent_state */
static void dli_recurrent_back(dli_node *node)
{
    static void (*const plain[])(const dlk_recurrent_grads *, const dlk_recurrent_arrays *,
                                 const dlk_recurrent_size *) =
        { dlk_rnn_backward, dlk_rnn_relu_backward, dlk_lstm_backward, dlk_gru_backward };
    dl_ctx *c = node->out->ctx;
    dli_recurrent_state *s = (dli_recurrent_state *)node->save;
    const dl_int n = s->size.N * s->size.H;
    double saved, work;
    dlk_recurrent_grads d;
    dli_recurrent_room(c, s->kind, s->fast, &s->size, &saved, &work);
    s->arrays.work = (dl_real *)dli_work(c, node->op, (size_t)work * sizeof(dl_real));
    if (!s->arrays.work) {
        node->failed = true;
        return;
    }
    const dl_real *dout = dli_grad(node->out);      /* of y, hn and cn, one behind the other */
    d.dy = s->y->pass == c->pass ? dout : NULL;
    d.dhn = dout + n * s->size.T;
    d.dcn = d.dhn + n;
    d.dx = dli_recurrent_grad(s, 0);
    d.dw_ih = dli_recurrent_grad(s, 1);
    d.dw_hh = dli_recurrent_grad(s, 2);
    d.db_ih = dli_recurrent_grad(s, 3);
    d.db_hh = dli_recurrent_grad(s, 4);
    d.dh0 = dli_recurrent_grad(s, 5);
    d.dc0 = dli_recurrent_grad(s, 6);
    if (s->fast) dli_recurrent_twin_back(c, s->kind, &d, &s->arrays, &s->size);
    else plain[s->kind](&d, &s->arrays, &s->size);
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
    char s[DLI_SHAPE_TEXT];
    const dl_int G = dli_cells[kind].gates;
    const dl_int H = in[2]->shape.rank == 2 ? in[2]->shape.dim[1] : 0;
    if (H < 1)
        return dl_fail(c, DL_ERR_SHAPE, "%s: w_hh is %s and should be [%d*H,H]", op,
                       dli_shape_text(s, in[2]->shape), (int)G);
    return dli_check_shape(c, op, "w_ih", in[1], dl_shape2(G * H, D)) &&
           dli_check_shape(c, op, "w_hh", in[2], dl_shape2(G * H, H)) &&
           dli_check_shape(c, op, "b_ih", in[3], dl_shape1(G * H)) &&
           dli_check_shape(c, op, "b_hh", in[4], dl_shape1(G * H)) &&
           dli_check_shape(c, op, "h0 of a layer", in[5], dl_shape2(N, H)) &&
           dli_check_shape(c, op, "c0 of a layer", in[6], dl_shape2(N, H));
}

/* Can that many elements be asked for? */
static bool dli_check_room(dl_ctx *c, const char *op, double n)
{
    const double bytes = n * (double)sizeof(dl_real);
    if (bytes < (double)(PTRDIFF_MAX / 2)) return true;
    return dl_fail(c, DL_ERR_MEMORY, "%s: out of memory (%.1f MB asked for); run through a long "
                   "sequence in parts", op, bytes / 1e6);
}

/* One layer in one direction: x [N,T,D] to y [N,T,H], h and c [1,N,H]. These are views of the
   operation's one output, so that all their gradients come in before it is gone back through. */
static dl_sequence dli_recurrent_layer(const char *op, dl_recurrent_kind kind, dl_tensor *x,
                                       dl_tensor *const *w, dl_tensor *h0, dl_tensor *c0,
                                       const int32_t *length, bool reverse)
{
    static void (*const plain[])(const dlk_recurrent_arrays *, const dlk_recurrent_size *) =
        { dlk_rnn_forward, dlk_rnn_relu_forward, dlk_lstm_forward, dlk_gru_forward };
    const dl_sequence none = { NULL, NULL, NULL };
    const bool lstm = kind == DL_LSTM;
    dl_tensor *in[7], *known[7];
    dl_sequence out = none;
    double saved, work;
    int known_count = 0;
    in[0] = x;
    for (int i = 0; i < 4; i++) in[1 + i] = w[i];
    in[5] = h0;
    in[6] = c0;
    dl_ctx *c = dli_some_inputs(op, in, 7);
    if (!c || !dli_check_recurrent(c, op, kind, in, x->shape.dim[0], x->shape.dim[2])) return none;
    dli_recurrent_state *s = (dli_recurrent_state *)dli_tape_alloc(c, op, sizeof *s);
    if (!s) return none;
    for (int i = 0; i < 7; i++) {
        const bool leave = in[i] == DL_NONE || (i >= 5 && !in[i]->requires_grad);
        s->in[i] = leave ? NULL : in[i];
        if (!leave) known[known_count++] = in[i];
    }
    const dl_int N = x->shape.dim[0], T = x->shape.dim[1], H = w[1]->shape.dim[1], n = N * H;
    s->kind = kind;
    s->size.N = N;
    s->size.T = T;
    s->size.D = x->shape.dim[2];
    s->size.H = H;
    s->size.length = length;
    s->size.reverse = reverse;
    s->fast = DLI_FAST && N > 0 && T > 0 && s->size.D > 0;  /* else there is nothing to run through */
    dli_recurrent_room(c, kind, s->fast, &s->size, &saved, &work);
    if (!dli_check_room(c, op, saved) || !dli_check_room(c, op, work) ||
        !dli_check_room(c, op, ((double)T + 2) * (double)N * (double)H))
        return none;
    dl_tensor *all = dli_result(c, op, dl_shape1(n * (T + (lstm ? 2 : 1))), known, known_count,
                                dli_recurrent_back);
    if (!all) return none;
    out.y = dli_view(op, all, dl_shape3(N, T, H), 0);
    out.h = dli_view(op, all, dl_shape3(1, N, H), n * T);
    out.c = lstm ? dli_view(op, all, dl_shape3(1, N, H), n * (T + 1)) : NULL;
    const dl_mark mark = dl_tape_mark(c);
    dlk_recurrent_arrays *a = &s->arrays;
    a->saved = (dl_real *)dli_tape_alloc(c, op, (size_t)saved * sizeof *a->saved);
    a->h0 = dli_tape_state(c, op, h0, n);
    a->c0 = dli_tape_state(c, op, c0, lstm ? n : 0);
    a->x = length ? dli_tape_padded(c, op, x, length) : x->data;
    a->work = (dl_real *)dli_work(c, op, (size_t)work * sizeof *a->work);
    if (!out.y || !out.h || (lstm && !out.c) || !a->saved || !a->h0 || !a->c0 || !a->work ||
        (length && !a->x))
        return none;
    a->w_ih = w[0]->data;
    a->w_hh = w[1]->data;
    a->b_ih = w[2]->data;                   /* NULL if left out */
    a->b_hh = w[3]->data;
    a->y = out.y->data;
    a->hn = out.h->data;
    a->cn = lstm ? out.c->data : NULL;
    if (s->fast) dli_recurrent_twin(c, kind, a, &s->size);
    else plain[kind](a, &s->size);
    s->y = out.y;
    if (all->node) all->node->save = s;
    else dl_tape_release(c, mark);          /* no backward will ask for the gates */
    return out;
}

/* Part i of a state [layers*K,N,H] as [N,H]; DL_NONE of DL_NONE. */
static dl_tensor *dli_state_part(const char *op, dl_tensor *state, int i)
{
    dl_int N, H;
    if (state == DL_NONE) return state;
    N = state->shape.dim[1];
    H = state->shape.dim[2];
    return dli_view(op, state, dl_shape2(N, H), i * N * H);
}

/* The checks that a stack of layers needs beside those of each layer. */
static dl_ctx *dli_check_stack(const char *op, dl_tensor *x, dl_tensor *const *w, dl_tensor *h0,
                               dl_tensor *c0, const dl_recurrent *o, int parts)
{
    char s[DLI_SHAPE_TEXT];
    dl_tensor *in[3], *state[2];
    dl_ctx *c;
    int i;
    in[0] = x;
    in[1] = state[0] = h0;
    in[2] = state[1] = c0;
    if (!(c = dli_some_inputs(op, in, 3))) return NULL;
    if (!w) {
        dli_null(c, op, "w");
        return NULL;
    }
    if (o->layers < 1 || o->layers > 1000 || !(o->dropout >= 0 && o->dropout < 1)) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: %d layers with dropout %g: layers must be 1 or more, the "
                "dropout in [0, 1)", op, o->layers, o->dropout);
        return NULL;
    }
    if (x->shape.rank != 3 || x->shape.dim[1] < 1) {
        dl_fail(c, DL_ERR_SHAPE, "%s: x is %s and should be [N,T,D] with T >= 1", op,
                dli_shape_text(s, x->shape));
        return NULL;
    }
    for (i = 0; i < 2; i++)
        if (state[i] != DL_NONE && (state[i]->shape.rank != 3 || state[i]->shape.dim[0] != parts)) {
            dl_fail(c, DL_ERR_SHAPE, "%s: %s is %s and should be [%d,N,H]: one state for each "
                    "layer and direction", op, i ? "c0" : "h0",
                    dli_shape_text(s, state[i]->shape), parts);
            return NULL;
        }
    for (i = 0; i < 4 * parts; i++) {
        if (!w[i]) return NULL;
        if (w[i] == DL_NONE && i % 4 < 2) {
            dl_fail(c, DL_ERR_ARGUMENT, "%s: weight %d is left out; only biases may be", op, i);
            return NULL;
        }
    }
    return dli_check_lengths(c, op, o->lengths, x->shape.dim[0], 1, x->shape.dim[1]) ? c : NULL;
}

/* All layers and directions. */
static dl_sequence dli_recurrent_net(const char *op, dl_recurrent_kind kind, dl_tensor *x,
                                 dl_tensor *const *w, dl_tensor *h0, dl_tensor *c0,
                                 const dl_recurrent *options)
{
    dl_recurrent o = options ? *options : dl_recurrent_default();
    dl_sequence out = { NULL, NULL, NULL }, none = { NULL, NULL, NULL }, part;
    int K = o.bidirectional ? 2 : 1, parts, i, k, layer;
    dl_tensor *y[2], **h, **m;
    int32_t *length = NULL;
    dl_ctx *c;
    parts = o.layers > 0 && o.layers <= 1000 ? o.layers * K : 0;
    if (!(c = dli_check_stack(op, x, w, h0, c0, &o, parts))) return none;
    if (o.lengths && !(length = dli_tape_copy(c, op, o.lengths, x->shape.dim[0]))) return none;
    h = (dl_tensor **)dli_tape_alloc(c, op, (size_t)parts * 2 * sizeof *h);
    if (!h) return none;
    m = h + parts;
    for (layer = 0; layer < o.layers; layer++) {
        for (k = 0; k < K; k++) {
            i = layer * K + k;
            part = dli_recurrent_layer(op, kind, x, w + 4 * i, dli_state_part(op, h0, i),
                                 dli_state_part(op, c0, i), length, k == 1);
            if (!part.y) return none;
            y[k] = part.y;
            h[i] = part.h;
            m[i] = part.c;
        }
        x = K == 1 ? y[0] : dl_concat(y, 2, 2);
        if (x && layer + 1 < o.layers) x = dl_dropout(x, o.dropout);
        if (!x) return none;
    }
    out.y = x;
    out.h = parts == 1 ? h[0] : dl_concat(h, parts, 0);
    if (kind == DL_LSTM) out.c = parts == 1 ? m[0] : dl_concat(m, parts, 0);
    return out.h && (kind != DL_LSTM || out.c) ? out : none;
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
    dl_recurrent o = options ? *options : dl_recurrent_default();
    return o.layers < 1 || o.layers > 1000 ? 0 : 4 * o.layers * (o.bidirectional ? 2 : 1);
}

/* n parameters with these shapes and initial values into w; all or none. */
static bool dli_make_params(dl_ctx *dl, dl_tensor **w, int n, const dl_shape *shape,
                            const dl_init *init)
{
    dl_tensor *made[32];
    int i;
    for (i = 0; i < n && i < 32; i++)
        if (!(made[i] = dl_param(dl, shape[i], init[i]))) {
            while (i > 0) dl_tensor_free(made[--i]);
            return false;
        }
    for (i = 0; i < n; i++) w[i] = made[i];
    return true;
}

DL_DEF bool dl_recurrent_init(dl_ctx *dl, dl_tensor **w, dl_recurrent_kind kind, dl_int D,
                              dl_int H, const dl_recurrent *options)
{
    int n = dl_recurrent_param_count(options), K = options && options->bidirectional ? 2 : 1, i;
    dl_int G = kind == DL_LSTM ? 4 : kind == DL_GRU ? 3 : 1;
    dl_shape shape[4];
    dl_init init[4];
    if (!w || !dl) return false;
    if (n == 0 || D < 1 || H < 1 || H > INT32_MAX || D > INT32_MAX)
        return dl_fail(dl, DL_ERR_ARGUMENT, "dl_recurrent_init: %lld inputs, %lld units, %d "
                       "layers: give 1 or more of each", (long long)D, (long long)H,
                       options ? options->layers : 1);
    shape[1] = dl_shape2(G * H, H);
    shape[2] = shape[3] = dl_shape1(G * H);
    for (i = 0; i < 4; i++) init[i] = dl_init_torch(H);
    for (i = 0; i < n; i += 4) {
        shape[0] = dl_shape2(G * H, i < 4 * K ? D : K * H);
        if (!dli_make_params(dl, w + i, 4, shape, init)) {
            while (i > 0) dl_tensor_free(w[--i]);
            return false;
        }
    }
    return true;
}

/* A cell is a sequence of one step; views make [N,D] one and its result a cell's. */
static dl_sequence dli_one_step(const char *op, dl_recurrent_kind kind, dl_tensor *x, dl_tensor *h,
                            dl_tensor *c, dl_tensor *const *w)
{
    char s[DLI_SHAPE_TEXT];
    dl_sequence out = { NULL, NULL, NULL }, none = { NULL, NULL, NULL };
    dl_shape state;
    if (!dli_inputs(op, &x, 1) || !w || !w[0] || !w[1] || !w[2] || !w[3]) return none;
    if (x->shape.rank != 2) {
        dl_fail(x->ctx, DL_ERR_SHAPE, "%s: x is %s and should be [N,D]", op,
                dli_shape_text(s, x->shape));
        return none;
    }
    x = dl_reshape(x, dl_shape3(x->shape.dim[0], 1, x->shape.dim[1]));
    if (x) out = dli_recurrent_layer(op, kind, x, w, h, c, NULL, false);
    if (!out.y) return none;
    state = dl_shape2(out.h->shape.dim[1], out.h->shape.dim[2]);
    out.y = out.h = dl_reshape(out.h, state);
    if (out.c) out.c = dl_reshape(out.c, state);
    return out.h && (kind != DL_LSTM || out.c) ? out : none;
}

DL_DEF dl_tensor *dl_rnn_cell(dl_tensor *x, dl_tensor *h, dl_tensor *const *w)
{
    return dli_one_step("dl_rnn_cell", DL_RNN_TANH, x, h, DL_NONE, w).h;
}
DL_DEF dl_tensor *dl_rnn_relu_cell(dl_tensor *x, dl_tensor *h, dl_tensor *const *w)
{
    return dli_one_step("dl_rnn_relu_cell", DL_RNN_RELU, x, h, DL_NONE, w).h;
}
DL_DEF dl_sequence dl_lstm_cell(dl_tensor *x, dl_tensor *h, dl_tensor *c, dl_tensor *const *w)
{
    return dli_one_step("dl_lstm_cell", DL_LSTM, x, h, c, w);
}
DL_DEF dl_tensor *dl_gru_cell(dl_tensor *x, dl_tensor *h, dl_tensor *const *w)
{
    return dli_one_step("dl_gru_cell", DL_GRU, x, h, DL_NONE, w).h;
}

/* save: the indexes; i: how many, padding */
static void dli_embedding_back(dli_node *node)
{
    dl_real *dw = dli_grad(node->in[0]);
    if (dw) dlk_embedding_backward(dw, dli_grad(node->out), (const int32_t *)node->save,
                                   node->i[0], node->in[0]->shape.dim[1], node->i[1]);
}

DL_DEF dl_tensor *dl_embedding(dl_tensor *w, const int32_t *index, dl_shape shape, dl_int padding)
{
    char s[DLI_SHAPE_TEXT];
    dl_ctx *c = dli_inputs("dl_embedding", &w, 1);
    dl_int n;
    int32_t *copy;
    dl_tensor *y;
    if (!c || (n = dli_checked_size(c, "dl_embedding", shape)) < 0) return NULL;
    if (!index && n > 0) {
        dli_null(c, "dl_embedding", "index");
        return NULL;
    }
    if (w->shape.rank != 2 || shape.rank == DL_MAX_DIMS || padding < -1 ||
        padding >= w->shape.dim[0]) {
        dl_fail(c, DL_ERR_SHAPE, "dl_embedding: weight %s, padding %lld: the weight must be [V,E], "
                "the padding -1 .. V-1, and the indexes' rank below %d",
                dli_shape_text(s, w->shape), (long long)padding, DL_MAX_DIMS);
        return NULL;
    }
    if (!dli_check_index(c, "dl_embedding", "index", index, n, w->shape.dim[0])) return NULL;
    shape.dim[shape.rank++] = w->shape.dim[1];
    copy = dli_tape_copy(c, "dl_embedding", index, n);
    y = copy ? dli_result(c, "dl_embedding", shape, &w, 1, dli_embedding_back) : NULL;
    if (!y) return NULL;
    if (y->node) {
        y->node->save = copy;
        y->node->i[0] = n;
        y->node->i[1] = padding;
    }
    dlk_embedding_forward(y->data, w->data, copy, n, w->shape.dim[1]);
    return y;
}

DL_DEF dl_tensor *dl_positional_encoding(dl_ctx *dl, dl_int T, dl_int E)
{
    dl_tensor *y = dl ? dli_tape_tensor(dl, "dl_positional_encoding", dl_shape2(T, E)) : NULL;
    if (y) dlk_positional_encoding(y->data, T, E);
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

/* save: a dli_attention_state */
static void dli_attention_back(dli_node *node)
{
    dl_ctx *c = node->out->ctx;
    const dli_attention_state *s = (const dli_attention_state *)node->save;
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
            dli_attention_backward(c, dq ? dq + b * R * D : NULL, dk ? dk + b * S * D : NULL,
                                   dv ? dv + b * S * M : NULL, work, dy + b * R * M,
                                   s->p + b * R * S, q + b * R * D, k + b * S * D, v + b * S * M,
                                   &seen);
    }
    dl_tape_release(c, mark);
}

/* How many matrices share a mask: all B, those of a sample, or 1; 0 with a message when the mask
   does not fit. */
static dl_int dli_check_mask(dl_ctx *c, const char *op, const dl_tensor *mask, dl_shape q, dl_int S,
                             dl_int B, dl_int heads)
{
    char s[DLI_SHAPE_TEXT];
    const dl_int R = q.dim[q.rank - 2];
    dl_shape all = q;
    all.dim[q.rank - 1] = S;
    if (mask->requires_grad) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the mask requires a gradient, which is not computed; use "
                "dl_detach on it", op);
        return 0;
    }
    if (dl_shape_equal(mask->shape, dl_shape2(R, S))) return B > 0 ? B : 1;
    if (dl_shape_equal(mask->shape, dl_shape3(q.dim[0], R, S))) return heads;
    if (dl_shape_equal(mask->shape, all)) return 1;
    dl_fail(c, DL_ERR_SHAPE, "%s: mask %s does not fit: %lld queries and %lld keys need [R,S], "
            "[N,R,S], or all dimensions of the queries in front", op,
            dli_shape_text(s, mask->shape), (long long)R, (long long)S);
    return 0;
}

/* Do queries, keys and values fit together? If so *size and the result's shape. */
static bool dli_check_attention(dl_ctx *c, const char *op, const dl_tensor *q, const dl_tensor *k,
                                const dl_tensor *v, dlk_attention_size *size, dl_shape *y)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT], u[DLI_SHAPE_TEXT];
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
                   "[N,...,S,D], [N,...,S,M]", op, dli_shape_text(s, q->shape),
                   dli_shape_text(t, k->shape), dli_shape_text(u, v->shape));
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
        else dli_attention_forward(c, y + b * R * M, s->p + b * R * S, q + b * R * D,
                                   k + b * S * D, v + b * S * M, m, &seen);
    }
}

DL_DEF dl_tensor *dl_attention(dl_tensor *q, dl_tensor *k, dl_tensor *v, dl_tensor *mask,
                               const int32_t *lengths, bool causal)
{
    const char *op = "dl_attention";
    dl_tensor *in[4];
    dl_shape shape;
    dlk_attention_size size;
    in[0] = q;
    in[1] = k;
    in[2] = v;
    in[3] = mask;
    dl_ctx *c = dli_some_inputs(op, in, 4);
    if (!c) return NULL;
    if (k == DL_NONE || v == DL_NONE) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: keys and values can't be left out", op);
        return NULL;
    }
    if (!dli_check_attention(c, op, q, k, v, &size, &shape)) return NULL;
    const dl_int N = shape.dim[0], B = dl_shape_size(dli_rank(shape, shape.rank - 2));
    const dl_int heads = N > 0 ? B / N : 1;
    size.causal = causal;
    if (!dli_check_lengths(c, op, lengths, N, 0, size.S)) return NULL;
    const dl_int share = mask == DL_NONE ? 1
                       : dli_check_mask(c, op, mask, q->shape, size.S, B, heads);
    if (share == 0 || dli_checked_size(c, op, dl_shape4(2, B, size.R, size.S)) < 0) return NULL;
    const dl_int scores = size.R * size.S;
    dli_attention_state *s = (dli_attention_state *)dli_tape_alloc(c, op, sizeof *s);
    dl_real *p = (dl_real *)dli_tape_alloc(c, op, (size_t)(B * scores) * sizeof *p);
    int32_t *length = lengths ? dli_tape_copy(c, op, lengths, N) : NULL;
    dl_real *part = (dl_real *)dli_tape_alloc(c, op, (size_t)(lengths && mask != DL_NONE ? scores
                                                                                         : 0) *
                                                     sizeof *part);
    dl_tensor *y = s && p && part && (length || !lengths)
                 ? dli_result(c, op, shape, in, 3, dli_attention_back) : NULL;
    if (!y) return NULL;
    s->size = size;
    s->B = B;
    s->heads = heads;
    s->length = length;
    s->p = p;
    if (y->node) y->node->save = s;
    dli_attention_run(c, y->data, s, q->data, k->data, v->data,
                      mask == DL_NONE ? NULL : mask->data, share, part);
    return y;
}

/* [N,T,E] to [N,heads,T,E/heads]. */
static dl_tensor *dli_split_heads(dl_tensor *x, int heads)
{
    dl_tensor *y = dl_reshape(x, dl_shape4(x->shape.dim[0], x->shape.dim[1], heads,
                                           x->shape.dim[2] / heads));
    return dl_transpose(y, 1, 2);
}

/* One of the three maps that lie above one another in in_proj. */
static dl_tensor *dli_in_proj(const char *op, dl_tensor *x, dl_tensor *const *w, int i,
                              int heads)
{
    dl_int E = w[0]->shape.dim[1];
    dl_tensor *weight = dli_view(op, w[0], dl_shape2(E, E), i * E * E);
    dl_tensor *bias = w[1] == DL_NONE ? w[1] : dli_view(op, w[1], dl_shape1(E), i * E);
    dl_tensor *y = dl_linear(x, weight, bias);
    return y ? dli_split_heads(y, heads) : NULL;
}

DL_DEF dl_tensor *dl_multihead_attention(dl_tensor *q, dl_tensor *k, dl_tensor *v,
                                         dl_tensor *const *w, int heads, dl_tensor *mask,
                                         const int32_t *lengths, bool causal)
{
    const char *op = "dl_multihead_attention";
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT], u[DLI_SHAPE_TEXT];
    dl_tensor *in[8], *y;
    dl_ctx *c;
    dl_int E;
    int i;
    in[0] = q;
    in[1] = k;
    in[2] = v;
    in[3] = mask;
    for (i = 0; i < 4; i++) if (!w || !(in[4 + i] = w[i])) return NULL;
    if (!(c = dli_some_inputs(op, in, 8))) return NULL;
    if (k == DL_NONE || v == DL_NONE || w[0] == DL_NONE || w[2] == DL_NONE) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: only biases and the mask can be left out", op);
        return NULL;
    }
    E = q->shape.rank == 3 ? q->shape.dim[2] : 0;
    if (E < 1 || k->shape.rank != 3 || v->shape.rank != 3 || k->shape.dim[2] != E ||
        v->shape.dim[2] != E || heads < 1 || E % heads != 0) {
        dl_fail(c, DL_ERR_SHAPE, "%s: queries %s, keys %s, values %s and %d heads: should be "
                "[N,R,E], [N,S,E], [N,S,E] with E a multiple of the heads", op,
                dli_shape_text(s, q->shape), dli_shape_text(t, k->shape),
                dli_shape_text(u, v->shape), heads);
        return NULL;
    }
    if (!dli_check_shape(c, op, "in_proj_weight", w[0], dl_shape2(3 * E, E)) ||
        !dli_check_shape(c, op, "in_proj_bias", w[1], dl_shape1(3 * E)))
        return NULL;
    y = dl_attention(dli_in_proj(op, q, w, 0, heads), dli_in_proj(op, k, w, 1, heads),
                     dli_in_proj(op, v, w, 2, heads), mask, lengths, causal);
    y = y ? dl_transpose(y, 1, 2) : NULL;
    y = y ? dl_reshape(y, q->shape) : NULL;
    return y ? dl_linear(y, w[2], w[3]) : NULL;
}

DL_DEF dl_transformer dl_transformer_default(void)
{
    dl_transformer o;
    o.heads = 8;
    o.norm_first = false;
    o.gelu = false;
    o.dropout = 0.1;
    o.eps = 1e-5;
    o.causal = false;
    o.lengths = o.memory_lengths = NULL;
    return o;
}

/* linear - activation - linear, w: the two weights and biases */
static dl_tensor *dli_feed_forward(dl_tensor *x, dl_tensor *const *w, const dl_transformer *o)
{
    dl_tensor *y = dl_linear(x, w[0], w[1]);
    y = o->gelu ? dl_gelu(y) : dl_relu(y);
    return dl_linear(dl_dropout(y, o->dropout), w[2], w[3]);
}

/* The end of a sublayer: x + f, with the norm behind it if it was not in front. */
static dl_tensor *dli_residual(dl_tensor *x, dl_tensor *f, dl_tensor *const *norm,
                               const dl_transformer *o)
{
    dl_tensor *y = dl_add(x, dl_dropout(f, o->dropout));
    return o->norm_first ? y : dl_layer_norm(y, 1, norm[0], norm[1], o->eps);
}

/* Its beginning: what f is applied to. */
static dl_tensor *dli_sublayer(dl_tensor *x, dl_tensor *const *norm, const dl_transformer *o)
{
    return o->norm_first ? dl_layer_norm(x, 1, norm[0], norm[1], o->eps) : x;
}

/* Are all n weights there? NULL means that making them has failed. */
static bool dli_all_given(dl_tensor *const *w, int n)
{
    int i;
    for (i = 0; i < n; i++) if (!w || !w[i]) return false;
    return true;
}

DL_DEF dl_tensor *dl_transformer_encoder(dl_tensor *x, dl_tensor *const *w,
                                         const dl_transformer *options)
{
    dl_transformer o = options ? *options : dl_transformer_default();
    dl_tensor *z;
    if (!dli_usable("dl_transformer_encoder", x) || !dli_all_given(w, DL_ENCODER_PARAMS))
        return NULL;
    z = dli_sublayer(x, w + 8, &o);
    z = dl_multihead_attention(z, z, z, w, o.heads, DL_NONE, o.lengths, o.causal);
    x = dli_residual(x, z, w + 8, &o);
    z = dli_feed_forward(dli_sublayer(x, w + 10, &o), w + 4, &o);
    return dli_residual(x, z, w + 10, &o);
}

DL_DEF dl_tensor *dl_transformer_decoder(dl_tensor *x, dl_tensor *memory, dl_tensor *const *w,
                                         const dl_transformer *options)
{
    dl_transformer o = options ? *options : dl_transformer_default();
    dl_tensor *z;
    if (!dli_usable("dl_transformer_decoder", x) || !dli_all_given(w, DL_DECODER_PARAMS))
        return NULL;
    z = dli_sublayer(x, w + 12, &o);
    z = dl_multihead_attention(z, z, z, w, o.heads, DL_NONE, o.lengths, true);
    x = dli_residual(x, z, w + 12, &o);
    z = dl_multihead_attention(dli_sublayer(x, w + 14, &o), memory, memory, w + 4, o.heads,
                               DL_NONE, o.memory_lengths, false);
    x = dli_residual(x, z, w + 14, &o);
    z = dli_feed_forward(dli_sublayer(x, w + 16, &o), w + 8, &o);
    return dli_residual(x, z, w + 16, &o);
}

/* Parameters of `attentions` attention layers, the two linear layers and the norms. */
static bool dli_transformer_init(dl_ctx *dl, dl_tensor **w, const char *op, dl_int E, dl_int F,
                                 int attentions)
{
    dl_shape shape[DL_DECODER_PARAMS];
    dl_init init[DL_DECODER_PARAMS];
    int n = 0, i;
    if (!w || !dl) return false;
    if (E < 1 || F < 1 || E > INT32_MAX || F > INT32_MAX)
        return dl_fail(dl, DL_ERR_ARGUMENT, "%s: %lld features, %lld in the middle: give 1 or more "
                       "of each", op, (long long)E, (long long)F);
    for (i = 0; i < attentions; i++) {
        shape[n] = dl_shape2(3 * E, E); init[n++] = dl_init_glorot_uniform();
        shape[n] = dl_shape1(3 * E);    init[n++] = dl_init_zeros();
        shape[n] = dl_shape2(E, E);     init[n++] = dl_init_torch(E);
        shape[n] = dl_shape1(E);        init[n++] = dl_init_zeros();
    }
    shape[n] = dl_shape2(F, E); init[n++] = dl_init_torch(E);
    shape[n] = dl_shape1(F);    init[n++] = dl_init_torch(E);
    shape[n] = dl_shape2(E, F); init[n++] = dl_init_torch(F);
    shape[n] = dl_shape1(E);    init[n++] = dl_init_torch(F);
    for (i = 0; i <= attentions; i++) {
        shape[n] = dl_shape1(E); init[n++] = dl_init_constant(1);
        shape[n] = dl_shape1(E); init[n++] = dl_init_zeros();
    }
    return dli_make_params(dl, w, n, shape, init);
}

DL_DEF bool dl_transformer_encoder_init(dl_ctx *dl, dl_tensor **w, dl_int E, dl_int F)
{
    return dli_transformer_init(dl, w, "dl_transformer_encoder_init", E, F, 1);
}
DL_DEF bool dl_transformer_decoder_init(dl_ctx *dl, dl_tensor **w, dl_int E, dl_int F)
{
    return dli_transformer_init(dl, w, "dl_transformer_decoder_init", E, F, 2);
}

/* ---- end of sequences ---- */

/* ------------------------------------------------------------------------- >>layers-impl ---- */

#define DLI_NAME(code, text) text,
static const char *const dli_activation_names[] = { DL_ACTIVATIONS(DLI_NAME) };
#undef DLI_NAME

DL_DEF const char *dl_activation_name(dl_activation f)
{
    int i = (int)f;
    return i >= 0 && i < (int)DLI_ACTIVATION_COUNT ? dli_activation_names[i] : "unknown";
}

DL_DEF dl_tensor *dl_activate(dl_tensor *x, dl_activation f)
{
    switch (f) {
    case DL_LINEAR:     return x;
    case DL_RELU:       return dl_relu(x);
    case DL_SIGMOID:    return dl_sigmoid(x);
    case DL_TANH:       return dl_tanh(x);
    case DL_SOFTMAX:    return dl_softmax(x);
    case DL_LEAKY_RELU: return dl_leaky_relu(x, 0.01);
    case DL_ELU:        return dl_elu(x, 1);
    case DL_GELU:       return dl_gelu(x);
    case DL_SILU:       return dl_silu(x);
    case DL_SOFTPLUS:   return dl_softplus(x);
    case DLI_ACTIVATION_COUNT: break;
    }
    if (x && x->ctx) dl_fail(x->ctx, DL_ERR_ARGUMENT, "dl_activate: no activation %d", (int)f);
    return NULL;
}

struct dl_model {
    dl_ctx       *ctx;
    dl_shape      input;
    dl_layer    **layer;
    int           layers;
    dl_tensor   **tensor;        /* all parameters, then all states                     */
    int           params, tensors;
    bool          broken;        /* a layer could not be added                          */
    bool          fitting;       /* dl_model_fit is at work                             */
    bool          compiled;
    bool          fused;         /* the last activation is part of the loss             */
    dl_loss       loss;
    dl_optimizer *optimizer;
    dl_epoch     *history;
    int           epochs;        /* in history                                          */
};

/* Is the model there, with all its layers? What is missing has been reported. */
static bool dli_model_whole(const dl_model *m)
{
    return m && !(m->broken && m->ctx->code != DL_OK);
}

/* A layer of this type at the model's end, named type_1, type_2, ... ; not yet part of it. */
static dl_layer *dli_layer_new(dl_model *m, const char *type, const char *name,
                               dl_tensor *(*forward)(dl_layer *, dl_tensor *))
{
    dl_layer *l;
    int i, number = 1;
    if (!m) return NULL;
    if (m->compiled) {
        dl_fail(m->ctx, DL_ERR_STATE, "dl_model_add_%s: the model is compiled already; add layers "
                "before dl_model_compile", name);
        return NULL;
    }
    if (dli_model_whole(m)) m->broken = false;        /* an earlier failure was forgiven */
    l = (dl_layer *)dli_alloc(m->ctx, "dl_model_add", 1, sizeof *l);
    if (!l) {
        m->broken = true;
        return NULL;
    }
    for (i = 0; i < m->layers; i++) number += strcmp(m->layer[i]->type, type) == 0;
    snprintf(l->name, sizeof l->name, "%s_%d", name, number);
    l->type = type;
    l->forward = forward;
    l->model = m;
    l->input = l->output = m->layers ? m->layer[m->layers - 1]->output : m->input;
    return l;
}

static void dli_layer_free(dl_layer *l)
{
    int i;
    for (i = 0; i < l->params; i++) dl_tensor_free(l->param[i]);
    for (i = 0; i < l->states; i++) dl_tensor_free(l->state[i]);
    DL_FREE(l);
}

/* A trainable tensor of the layer, named after it: "dense_1.weight". False without memory. */
static bool dli_layer_param(dl_layer *l, const char *name, dl_shape shape, dl_init init)
{
    dl_tensor *t = dl_param(l->model->ctx, shape, init);
    if (!t) return false;
    snprintf(t->name, sizeof t->name, "%.39s.%.20s", l->name, name);
    l->param[l->params++] = t;
    return true;
}

/* A tensor of the layer that is not trained, all c at the start, such as
   "batch_normalization_1.running_var". False without memory. */
static bool dli_layer_state(dl_layer *l, const char *name, dl_shape shape, double c)
{
    dl_tensor *t = dl_state(l->model->ctx, shape);
    if (!t) return false;
    snprintf(t->name, sizeof t->name, "%s.%s", l->name, name);
    l->state[l->states++] = t;
    return dl_fill(t, c);
}

/* Make a finished layer part of its model; NULL, and the layer freed, when something failed. */
static dl_layer *dli_layer_add(dl_layer *l, bool ok)
{
    dl_model *m = l->model;
    dl_layer **layer;
    dl_tensor **tensor;
    size_t tensors = (size_t)(m->tensors + l->params + l->states);
    int i, k, at = 0;
    layer = ok ? (dl_layer **)dli_alloc(m->ctx, "dl_model_add", (size_t)m->layers + 1,
                                        sizeof *layer) : NULL;
    tensor = layer ? (dl_tensor **)dli_alloc(m->ctx, "dl_model_add", tensors, sizeof *tensor)
                   : NULL;
    if (!tensor) {
        if (layer) DL_FREE(layer);
        dli_layer_free(l);
        m->broken = true;
        return NULL;
    }
    for (i = 0; i < m->layers; i++) layer[i] = m->layer[i];
    layer[m->layers++] = l;
    if (m->layer) DL_FREE(m->layer);
    if (m->tensor) DL_FREE(m->tensor);
    m->layer = layer;
    m->tensor = tensor;
    for (i = 0; i < m->layers; i++)
        for (k = 0; k < layer[i]->params; k++) tensor[at++] = layer[i]->param[k];
    m->params = at;
    for (i = 0; i < m->layers; i++)
        for (k = 0; k < layer[i]->states; k++) tensor[at++] = layer[i]->state[k];
    m->tensors = at;
    return l;
}

/* A layer's output before its activation, which the model applies (or fuses with the loss). */
static dl_tensor *dli_layer_bias(dl_layer *l) { return l->params > 1 ? l->param[1] : DL_NONE; }

static dl_tensor *dli_dense_forward(dl_layer *l, dl_tensor *x)
{
    return dl_linear(x, l->param[0], dli_layer_bias(l));
}
static dl_tensor *dli_flatten_forward(dl_layer *l, dl_tensor *x)
{
    (void)l;
    return dl_flatten(x);
}
static dl_tensor *dli_same_forward(dl_layer *l, dl_tensor *x)
{
    (void)l;
    return x;
}
static dl_tensor *dli_dropout_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_dropout(x, l->rate);
}

static bool dli_layer_given(const dl_layer *l, const void *options)
{
    return options || dl_fail(l->model->ctx, DL_ERR_ARGUMENT, "%s: the options are NULL", l->name);
}

/* Take a layer's options over, if they are in their range. */
static bool dli_layer_options(dl_layer *l, dl_activation f, double l1, double l2)
{
    if ((int)f < 0 || (int)f >= (int)DLI_ACTIVATION_COUNT)
        return dl_fail(l->model->ctx, DL_ERR_ARGUMENT, "%s: no activation %d", l->name, (int)f);
    if (!(l1 >= 0 && l1 <= DBL_MAX && l2 >= 0 && l2 <= DBL_MAX))
        return dl_fail(l->model->ctx, DL_ERR_ARGUMENT, "%s: the penalties l1 %g and l2 %g must be "
                       "0 or more", l->name, l1, l2);
    l->activation = f;
    l->l1 = l1;
    l->l2 = l2;
    return true;
}

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

DL_DEF dl_layer *dl_model_add_dense_with(dl_model *m, const dl_dense *options)
{
    dl_layer *l = dli_layer_new(m, "Dense", "dense", dli_dense_forward);
    bool ok;
    if (!l) return NULL;
    ok = dli_layer_given(l, options);
    if (ok && l->input.rank == 0)
        ok = dl_fail(m->ctx, DL_ERR_SHAPE, "%s: its input is a single number; give the model an "
                     "input shape of rank 1 or more", l->name);
    if (ok && options->units < 1)
        ok = dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %d units; give 1 or more", l->name,
                     options->units);
    ok = ok && dli_layer_options(l, options->activation, options->l1, options->l2);
    if (ok) {
        l->output.dim[l->output.rank - 1] = options->units;
        ok = dli_layer_param(l, "weight", dl_shape2(options->units, dli_last(l->input)),
                             options->weight_init) &&
             (!options->bias ||
              dli_layer_param(l, "bias", dl_shape1(options->units), options->bias_init));
    }
    return dli_layer_add(l, ok);
}

DL_DEF dl_layer *dl_model_add_dense(dl_model *m, int units, dl_activation activation)
{
    dl_dense d = dl_dense_default(units, activation);
    return dl_model_add_dense_with(m, &d);
}

DL_DEF dl_layer *dl_model_add_flatten(dl_model *m)
{
    dl_layer *l = dli_layer_new(m, "Flatten", "flatten", dli_flatten_forward);
    if (!l) return NULL;
    l->output = dl_shape1(dl_shape_size(l->input));
    return dli_layer_add(l, true);
}

DL_DEF dl_layer *dl_model_add_activation(dl_model *m, dl_activation activation)
{
    dl_layer *l = dli_layer_new(m, "Activation", "activation", dli_same_forward);
    if (!l) return NULL;
    return dli_layer_add(l, dli_layer_options(l, activation, 0, 0));
}

DL_DEF dl_layer *dl_model_add_dropout(dl_model *m, double p)
{
    dl_layer *l = dli_layer_new(m, "Dropout", "dropout", dli_dropout_layer_forward);
    bool ok;
    if (!l) return NULL;
    ok = p >= 0 && p < 1;
    if (!ok) dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the probability %g is not in [0, 1)", l->name,
                     p);
    l->rate = p;
    return dli_layer_add(l, ok);
}

/* ---- layers for images ---- */

static dl_tensor *dli_conv2d_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_conv2d(x, l->param[0], dli_layer_bias(l), &l->conv);
}
static dl_tensor *dli_conv1d_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_conv1d(x, l->param[0], dli_layer_bias(l), &l->conv);
}
static dl_tensor *dli_conv_transpose_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_conv_transpose2d(x, l->param[0], dli_layer_bias(l), &l->conv);
}
static dl_tensor *dli_upsampling_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_upsample_nearest2d(x, l->n[0], l->n[1]);
}
/* Windows of 2 x 2, side by side? */
static bool dli_pool_halves(const dl_pool *o)
{
    return o->kernel[0] == 2 && o->kernel[1] == 2 && o->stride[0] == 2 && o->stride[1] == 2 &&
           !o->same && o->before[0] + o->before[1] + o->after[0] + o->after[1] == 0;
}
static dl_tensor *dli_max_pool_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_max_pool2d(x, &l->pool);
}
static dl_tensor *dli_avg_pool_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_avg_pool2d(x, &l->pool);
}
static dl_tensor *dli_global_pool_layer_forward(dl_layer *l, dl_tensor *x)
{
    (void)l;
    return dl_global_avg_pool2d(x);
}
static dl_tensor *dli_reshape_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_reshape(x, dli_batch_shape(x->shape.dim[0], l->output));
}
static dl_tensor *dli_norm_weight(dl_layer *l)
{
    return l->norm.weight ? l->param[0] : DL_NONE;
}
static dl_tensor *dli_norm_bias(dl_layer *l)
{
    return l->norm.bias ? l->param[l->norm.weight ? 1 : 0] : DL_NONE;
}
static dl_tensor *dli_batch_norm_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_batch_norm(x, dli_norm_weight(l), dli_norm_bias(l), l->state[0], l->state[1],
                         l->norm.momentum, l->norm.eps);
}
static dl_tensor *dli_layer_norm_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_layer_norm(x, l->norm.axes, dli_norm_weight(l), dli_norm_bias(l), l->norm.eps);
}
static dl_tensor *dli_group_norm_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_group_norm(x, l->n[0], dli_norm_weight(l), dli_norm_bias(l), l->norm.eps);
}

/* Does the layer get an image (or, with dims 1, a sequence)? */
static bool dli_layer_image(const dl_layer *l, int dims)
{
    char s[DLI_SHAPE_TEXT];
    const char *wanted = dims == 1 ? "a sequence [C,L]; with one channel it is [1,L]"
                                   : "an image [C,H,W]; a grey one is [1,H,W]";
    return l->input.rank == dims + 1 ||
           dl_fail(l->model->ctx, DL_ERR_SHAPE, "%s: its input is %s, not %s", l->name,
                   dli_shape_text(s, l->input), wanted);
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

/* Work out a convolution layer's output and make its parameters. */
static bool dli_conv_layer_make(dl_layer *l, const dl_conv_layer *o, int dims, bool transposed)
{
    dl_ctx *c = l->model->ctx;
    dl_int C = l->input.dim[0], groups;
    dl_shape shape;
    dli_slide s;
    int i;
    if (!dli_layer_given(l, o) || !dli_layer_image(l, dims)) return false;
    memset(&s, 0, sizeof s);
    groups = o->conv.groups;
    if (o->filters < 1 || groups < 1 || C < 1 || C % groups || o->filters % groups)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: %d filters in %d groups on %lld channels: filters "
                       "and groups must be 1 or more, and groups divide both", l->name,
                       o->filters, o->conv.groups, (long long)C);
    for (i = 0; i < dims; i++) {
        s.in[i] = l->input.dim[1 + i];
        s.kernel[i] = o->kernel[i];
        s.stride[i] = o->conv.stride[i];
        s.dilation[i] = o->conv.dilation[i];
        s.before[i] = o->conv.before[i];
        s.after[i] = o->conv.after[i];
    }
    if (!(transposed ? dli_slide_grow(c, l->name, &s, o->conv.same, o->conv.output_padding)
                     : dli_slide_fit(c, l->name, &s, o->conv.same, dims)))
        return false;
    shape = dl_shape4(transposed ? C : o->filters, (transposed ? o->filters : C) / groups,
                      o->kernel[0], o->kernel[1]);
    l->output.dim[0] = o->filters;
    for (i = 0; i < dims; i++) l->output.dim[1 + i] = (dl_int)s.out[i];
    l->conv = o->conv;
    return dli_layer_options(l, o->activation, o->l1, o->l2) &&
           dli_layer_param(l, "weight", dli_rank(shape, dims + 2), o->weight_init) &&
           (!o->bias || dli_layer_param(l, "bias", dl_shape1(o->filters), o->bias_init));
}

DL_DEF dl_layer *dl_model_add_conv2d_with(dl_model *m, const dl_conv_layer *options)
{
    dl_layer *l = dli_layer_new(m, "Conv2D", "conv2d", dli_conv2d_layer_forward);
    return l ? dli_layer_add(l, dli_conv_layer_make(l, options, 2, false)) : NULL;
}

DL_DEF dl_layer *dl_model_add_conv2d(dl_model *m, int filters, int kernel,
                                     dl_activation activation)
{
    dl_conv_layer o = dl_conv_layer_default(filters, kernel, activation);
    return dl_model_add_conv2d_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_conv1d_with(dl_model *m, const dl_conv_layer *options)
{
    dl_layer *l = dli_layer_new(m, "Conv1D", "conv1d", dli_conv1d_layer_forward);
    return l ? dli_layer_add(l, dli_conv_layer_make(l, options, 1, false)) : NULL;
}

DL_DEF dl_layer *dl_model_add_conv1d(dl_model *m, int filters, int kernel,
                                     dl_activation activation)
{
    dl_conv_layer o = dl_conv_layer_default(filters, kernel, activation);
    return dl_model_add_conv1d_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_conv2d_transpose_with(dl_model *m, const dl_conv_layer *options)
{
    dl_layer *l = dli_layer_new(m, "Conv2DTranspose", "conv2d_transpose",
                                dli_conv_transpose_layer_forward);
    return l ? dli_layer_add(l, dli_conv_layer_make(l, options, 2, true)) : NULL;
}

DL_DEF dl_layer *dl_model_add_conv2d_transpose(dl_model *m, int filters, int kernel, int stride,
                                               dl_activation activation)
{
    dl_conv_layer o = dl_conv_layer_default(filters, kernel, activation);
    o.conv.stride[0] = o.conv.stride[1] = stride;
    if (stride > kernel) o.conv.output_padding[0] = o.conv.output_padding[1] = stride - kernel;
    return dl_model_add_conv2d_transpose_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_upsampling2d(dl_model *m, int factor)
{
    dl_layer *l = dli_layer_new(m, "UpSampling2D", "up_sampling2d", dli_upsampling_layer_forward);
    bool ok;
    int i;
    if (!l) return NULL;
    ok = dli_layer_image(l, 2);
    for (i = 0; i < 2 && ok; i++) {
        ok = factor >= 1 && l->input.dim[1 + i] <= INT32_MAX / factor;
        if (!ok) dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: factor %d must be 1 or more, and the image "
                         "not too large", l->name, factor);
        else l->output.dim[1 + i] = l->input.dim[1 + i] * factor;
        l->n[i] = factor;
    }
    return dli_layer_add(l, ok);
}

/* Fit a pooling layer to its input. */
static dl_layer *dli_pool_layer(dl_layer *l, const dl_pool *options)
{
    bool ok;
    if (!l) return NULL;
    ok = dli_layer_given(l, options) && dli_layer_image(l, 2);
    if (ok) {
        dl_pool fitted = *options;
        l->pool = *options;
        ok = dli_pool_fit(l->model->ctx, l->name, l->input.dim[1], l->input.dim[2], &fitted,
                          l->output.dim + 1);
    }
    return dli_layer_add(l, ok);
}

DL_DEF dl_layer *dl_model_add_max_pooling2d_with(dl_model *m, const dl_pool *options)
{
    return dli_pool_layer(dli_layer_new(m, "MaxPooling2D", "max_pooling2d",
                                        dli_max_pool_layer_forward), options);
}

DL_DEF dl_layer *dl_model_add_max_pooling2d(dl_model *m, int size)
{
    dl_pool o = dl_pool_default(size);
    return dl_model_add_max_pooling2d_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_average_pooling2d_with(dl_model *m, const dl_pool *options)
{
    return dli_pool_layer(dli_layer_new(m, "AveragePooling2D", "average_pooling2d",
                                        dli_avg_pool_layer_forward), options);
}

DL_DEF dl_layer *dl_model_add_average_pooling2d(dl_model *m, int size)
{
    dl_pool o = dl_pool_default(size);
    return dl_model_add_average_pooling2d_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_global_average_pooling2d(dl_model *m)
{
    dl_layer *l = dli_layer_new(m, "GlobalAveragePooling2D", "global_average_pooling2d",
                                dli_global_pool_layer_forward);
    if (!l) return NULL;
    l->output = dl_shape1(l->input.dim[0]);
    return dli_layer_add(l, dli_layer_image(l, 2));
}

DL_DEF dl_layer *dl_model_add_reshape(dl_model *m, dl_shape shape)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_layer *l = dli_layer_new(m, "Reshape", "reshape", dli_reshape_layer_forward);
    dl_int size, known = 1;
    int d, open = -1;
    bool ok = shape.rank >= 0 && shape.rank < DL_MAX_DIMS;
    if (!l) return NULL;
    size = dl_shape_size(l->input);
    l->output = dli_rank(shape, ok ? shape.rank : 0);
    for (d = 0; d < l->output.rank; d++) {
        if (shape.dim[d] == -1 && open < 0) open = d;
        else known = shape.dim[d] < 1 || known > size ? 0 : known * shape.dim[d];
    }
    if (open >= 0 && known > 0) l->output.dim[open] = size / known;
    if (!ok || dl_shape_size(l->output) != size)
        ok = dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %s has %lld elements and cannot become %s",
                     l->name, dli_shape_text(s, l->input), (long long)size,
                     dli_shape_text(t, shape));
    return dli_layer_add(l, ok);
}

DL_DEF dl_norm_layer dl_norm_layer_default(void)
{
    dl_norm_layer o;
    o.momentum = 0.01;
    o.eps = 1e-3;
    o.weight = o.bias = true;
    o.axes = 1;
    return o;
}

/* Weight and bias of a normalization, of this shape. */
static bool dli_norm_layer_make(dl_layer *l, const dl_norm_layer *o, dl_shape shape)
{
    l->norm = *o;
    if (!(o->eps >= 0) || !(o->momentum >= 0 && o->momentum <= 1))
        return dl_fail(l->model->ctx, DL_ERR_ARGUMENT, "%s: momentum %g must be in [0, 1], eps %g "
                       "0 or more", l->name, o->momentum, o->eps);
    return (!o->weight || dli_layer_param(l, "weight", shape, dl_init_constant(1))) &&
           (!o->bias || dli_layer_param(l, "bias", shape, dl_init_zeros()));
}

/* Does the layer get channels [C,...]? */
static bool dli_layer_channels(const dl_layer *l)
{
    return (l->input.rank > 0 && dl_shape_size(l->input) > 0) ||
           dl_fail(l->model->ctx, DL_ERR_SHAPE, "%s: its input has no channels", l->name);
}

DL_DEF dl_layer *dl_model_add_batch_normalization_with(dl_model *m, const dl_norm_layer *options)
{
    dl_layer *l = dli_layer_new(m, "BatchNormalization", "batch_normalization",
                                dli_batch_norm_layer_forward);
    bool ok;
    if (!l) return NULL;
    ok = dli_layer_given(l, options) && dli_layer_channels(l) &&
         dli_norm_layer_make(l, options, dl_shape1(l->input.dim[0])) &&
         dli_layer_state(l, "running_mean", dl_shape1(l->input.dim[0]), 0) &&
         dli_layer_state(l, "running_var", dl_shape1(l->input.dim[0]), 1);
    return dli_layer_add(l, ok);
}

DL_DEF dl_layer *dl_model_add_batch_normalization(dl_model *m)
{
    dl_norm_layer o = dl_norm_layer_default();
    return dl_model_add_batch_normalization_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_layer_normalization_with(dl_model *m, const dl_norm_layer *options)
{
    char s[DLI_SHAPE_TEXT];
    dl_layer *l = dli_layer_new(m, "LayerNormalization", "layer_normalization",
                                dli_layer_norm_layer_forward);
    dl_shape shape;
    bool ok;
    int d;
    if (!l) return NULL;
    ok = dli_layer_given(l, options) && dli_layer_channels(l);
    if (ok && (options->axes < 1 || options->axes > l->input.rank))
        ok = dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the last %d axes of %s", l->name, options->axes,
                     dli_shape_text(s, l->input));
    if (ok) {
        shape = l->input;
        for (d = 0; d < options->axes; d++)
            shape.dim[d] = l->input.dim[l->input.rank - options->axes + d];
        ok = dli_norm_layer_make(l, options, dli_rank(shape, options->axes));
    }
    return dli_layer_add(l, ok);
}

DL_DEF dl_layer *dl_model_add_layer_normalization(dl_model *m)
{
    dl_norm_layer o = dl_norm_layer_default();
    return dl_model_add_layer_normalization_with(m, &o);
}

DL_DEF dl_layer *dl_model_add_group_normalization_with(dl_model *m, int groups,
                                                       const dl_norm_layer *options)
{
    dl_layer *l = dli_layer_new(m, "GroupNormalization", "group_normalization",
                                dli_group_norm_layer_forward);
    bool ok;
    if (!l) return NULL;
    ok = dli_layer_given(l, options) && dli_layer_channels(l);
    if (ok && (groups < 1 || l->input.dim[0] % groups))
        ok = dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %d groups do not divide %lld channels", l->name,
                     groups, (long long)l->input.dim[0]);
    l->n[0] = groups;
    return dli_layer_add(l, ok && dli_norm_layer_make(l, options, dl_shape1(l->input.dim[0])));
}

DL_DEF dl_layer *dl_model_add_group_normalization(dl_model *m, int groups)
{
    dl_norm_layer o = dl_norm_layer_default();
    return dl_model_add_group_normalization_with(m, groups, &o);
}

/* ---- sequences ---- */

static dl_tensor *dli_recurrent_layer_forward(dl_layer *l, dl_tensor *x)
{
    dl_recurrent o = dl_recurrent_default();
    dl_sequence r;
    dl_tensor *h;
    o.bidirectional = l->bidirectional;
    r = dli_recurrent_net(l->name, l->kind, x, l->param, DL_NONE, DL_NONE, &o);
    if (l->sequences || !r.h) return r.y;
    h = l->bidirectional ? dl_transpose(r.h, 0, 1) : r.h;       /* [K,N,H] to [N,K,H] */
    return h ? dl_reshape(h, dl_shape2(x->shape.dim[0], l->output.dim[0])) : NULL;
}

static dl_layer *dli_add_recurrent(dl_model *m, const char *type, const char *name,
                                   dl_recurrent_kind kind, int units, bool bidirectional,
                                   bool sequences)
{
    static const char *const names[] = { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0",
                                         "bias_hh_l0" };
    char s[DLI_SHAPE_TEXT], full[24];
    dl_layer *l = dli_layer_new(m, type, name, dli_recurrent_layer_forward);
    dl_int G = kind == DL_LSTM ? 4 : kind == DL_GRU ? 3 : 1, H = units, D;
    int i, K = bidirectional ? 2 : 1;
    bool ok;
    if (!l) return NULL;
    ok = l->input.rank == 2 && l->input.dim[0] > 0 && units >= 1;
    if (!ok)
        dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %d units for samples of %s; it needs samples [T,D] and "
                "1 or more units", l->name, units, dli_shape_text(s, l->input));
    l->kind = kind;
    l->bidirectional = bidirectional;
    l->sequences = sequences;
    D = ok ? l->input.dim[1] : 0;
    l->output = sequences ? dl_shape2(l->input.dim[0], K * H) : dl_shape1(K * H);
    for (i = 0; ok && i < 4 * K; i++) {
        dl_shape shape = i % 4 == 0 ? dl_shape2(G * H, D) : i % 4 == 1 ? dl_shape2(G * H, H)
                                                                       : dl_shape1(G * H);
        snprintf(full, sizeof full, "%s%s", names[i % 4], i < 4 ? "" : "_reverse");
        ok = dli_layer_param(l, full, shape, dl_init_torch(H));
    }
    return dli_layer_add(l, ok);
}

DL_DEF dl_layer *dl_model_add_rnn(dl_model *m, int units, bool return_sequences)
{
    return dli_add_recurrent(m, "SimpleRNN", "rnn", DL_RNN_TANH, units, false, return_sequences);
}
DL_DEF dl_layer *dl_model_add_lstm(dl_model *m, int units, bool return_sequences)
{
    return dli_add_recurrent(m, "LSTM", "lstm", DL_LSTM, units, false, return_sequences);
}
DL_DEF dl_layer *dl_model_add_gru(dl_model *m, int units, bool return_sequences)
{
    return dli_add_recurrent(m, "GRU", "gru", DL_GRU, units, false, return_sequences);
}
DL_DEF dl_layer *dl_model_add_bidirectional(dl_model *m, dl_recurrent_kind kind, int units,
                                            bool return_sequences)
{
    return dli_add_recurrent(m, "Bidirectional", "bidirectional", kind, units, true,
                             return_sequences);
}

static dl_tensor *dli_embedding_layer_forward(dl_layer *l, dl_tensor *x)
{
    dl_ctx *c = x->ctx;
    dl_int i, words = l->param[0]->shape.dim[0];
    int32_t *index = (int32_t *)dli_tape_alloc(c, l->name, (size_t)x->size * sizeof *index);
    if (!index) return NULL;
    for (i = 0; i < x->size; i++) {
        const double word = (double)x->data[i];
        if (!(word >= 0 && word < (double)words && word == floor(word))) {
            dl_fail(c, DL_ERR_RANGE, "%s: word %g at position %lld is not a whole number in "
                    "0..%lld", l->name, word, (long long)i, (long long)words - 1);
            return NULL;
        }
        index[i] = (int32_t)x->data[i];
    }
    return dl_embedding(l->param[0], index, x->shape, -1);
}

DL_DEF dl_layer *dl_model_add_embedding(dl_model *m, int words, int units)
{
    dl_layer *l = dli_layer_new(m, "Embedding", "embedding", dli_embedding_layer_forward);
    bool ok;
    if (!l) return NULL;
    ok = words >= 1 && units >= 1 && l->input.rank < DL_MAX_DIMS - 1;
    if (!ok) dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %d words, %d units: give 1 or more of each, and "
                     "samples of rank below %d", l->name, words, units, DL_MAX_DIMS - 1);
    else l->output.dim[l->output.rank++] = units;
    ok = ok && dli_layer_param(l, "weight", dl_shape2(words, units), dl_init_normal(0, 1));
    return dli_layer_add(l, ok);
}

static dl_tensor *dli_attention_layer_forward(dl_layer *l, dl_tensor *x)
{
    return dl_multihead_attention(x, x, x, l->param, l->heads, DL_NONE, NULL, l->causal);
}

DL_DEF dl_layer *dl_model_add_multihead_attention(dl_model *m, int heads, bool causal)
{
    char s[DLI_SHAPE_TEXT];
    dl_layer *l = dli_layer_new(m, "MultiHeadAttention", "multihead_attention",
                                dli_attention_layer_forward);
    dl_int E;
    bool ok;
    if (!l) return NULL;
    E = l->input.rank == 2 ? l->input.dim[1] : 0;
    ok = E > 0 && heads >= 1 && E % heads == 0;
    if (!ok) dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %d heads for samples of %s; it needs samples [T,E] "
                     "with E a multiple of the heads", l->name, heads,
                     dli_shape_text(s, l->input));
    l->heads = heads;
    l->causal = causal;
    ok = ok &&
         dli_layer_param(l, "in_proj_weight", dl_shape2(3 * E, E), dl_init_glorot_uniform()) &&
         dli_layer_param(l, "in_proj_bias", dl_shape1(3 * E), dl_init_zeros()) &&
         dli_layer_param(l, "out_proj.weight", dl_shape2(E, E), dl_init_torch(E)) &&
         dli_layer_param(l, "out_proj.bias", dl_shape1(E), dl_init_zeros());
    return dli_layer_add(l, ok);
}

DL_DEF dl_layer *dl_model_add_time_distributed(dl_model *m, int units, dl_activation activation)
{
    return dl_model_add_dense(m, units, activation);
}

/* ---- end of sequences ---- */

/* ------------------------------------------------------------------------- >>losses-impl ---- */

/* The losses that compare two tensors of one shape, element by element. */
typedef enum dli_pair_loss { DLI_MSE, DLI_MAE, DLI_HUBER, DLI_BCE } dli_pair_loss;

/* i: which loss; p: scale; q: delta */
static void dli_pair_back(dli_node *node)
{
    dl_tensor *x = node->in[0], *t = node->in[1];
    dl_real *dx = dli_grad(x), dloss = dli_grad(node->out)[0];
    if (!dx) return;
    switch ((dli_pair_loss)node->i[0]) {
    case DLI_MSE: dlk_mse_backward(dx, dloss, x->data, t->data, x->size, node->p); break;
    case DLI_MAE: dlk_mae_backward(dx, dloss, x->data, t->data, x->size, node->p); break;
    case DLI_HUBER:
        dlk_huber_backward(dx, dloss, x->data, t->data, x->size, node->q, node->p);
        break;
    case DLI_BCE: dlk_bce_backward(dx, dloss, x->data, t->data, x->size, node->p); break;
    }
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

static dl_tensor *dli_pair(const char *op, dl_tensor *x, dl_tensor *target, dli_pair_loss loss,
                           double delta, bool mean)
{
    dl_tensor *in[2], *y;
    dl_ctx *c;
    double scale;
    in[0] = x;
    in[1] = target;
    if (!(c = dli_check_targets(op, in))) return NULL;
    if (loss == DLI_HUBER && !(delta > 0)) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: delta %g is not above 0", op, delta);
        return NULL;
    }
    y = dli_result(c, op, dl_shape0(), in, 2, dli_pair_back);
    if (!y) return NULL;
    scale = mean ? 1 / (double)x->size : 1;
    if (y->node) {
        y->node->i[0] = loss;
        y->node->p = scale;
        y->node->q = delta;
    }
    switch (loss) {
    case DLI_MSE: dlk_mse_forward(y->data, x->data, target->data, x->size, scale); break;
    case DLI_MAE: dlk_mae_forward(y->data, x->data, target->data, x->size, scale); break;
    case DLI_HUBER:
        dlk_huber_forward(y->data, x->data, target->data, x->size, delta, scale);
        break;
    case DLI_BCE: dlk_bce_forward(y->data, x->data, target->data, x->size, scale); break;
    }
    return y;
}

DL_DEF dl_tensor *dl_mse(dl_tensor *x, dl_tensor *target)
{
    return dli_pair("dl_mse", x, target, DLI_MSE, 0, true);
}
DL_DEF dl_tensor *dl_mse_sum(dl_tensor *x, dl_tensor *target)
{
    return dli_pair("dl_mse_sum", x, target, DLI_MSE, 0, false);
}
DL_DEF dl_tensor *dl_mae(dl_tensor *x, dl_tensor *target)
{
    return dli_pair("dl_mae", x, target, DLI_MAE, 0, true);
}
DL_DEF dl_tensor *dl_mae_sum(dl_tensor *x, dl_tensor *target)
{
    return dli_pair("dl_mae_sum", x, target, DLI_MAE, 0, false);
}
DL_DEF dl_tensor *dl_huber(dl_tensor *x, dl_tensor *target, double delta)
{
    return dli_pair("dl_huber", x, target, DLI_HUBER, delta, true);
}
DL_DEF dl_tensor *dl_huber_sum(dl_tensor *x, dl_tensor *target, double delta)
{
    return dli_pair("dl_huber_sum", x, target, DLI_HUBER, delta, false);
}
DL_DEF dl_tensor *dl_bce(dl_tensor *logits, dl_tensor *target)
{
    return dli_pair("dl_bce", logits, target, DLI_BCE, 0, true);
}
DL_DEF dl_tensor *dl_bce_sum(dl_tensor *logits, dl_tensor *target)
{
    return dli_pair("dl_bce_sum", logits, target, DLI_BCE, 0, false);
}

/* i: rows, classes; p: scale; save: the softmax and behind it, if there are any, the labels */
static void dli_cross_entropy_back(dli_node *node)
{
    const dl_real *p = (const dl_real *)node->save, dloss = dli_grad(node->out)[0];
    dl_real *dx = dli_grad(node->in[0]);
    dl_int N = node->i[0], C = node->i[1];
    if (!dx) return;
    if (node->n == 2)
        dlk_soft_cross_entropy_backward(dx, dloss, p, node->in[1]->data, N, C, node->p);
    else
        dlk_cross_entropy_backward(dx, dloss, p, (const int32_t *)(const void *)(p + N * C), N, C,
                                   node->p);
}

/* Cross-entropy with labels, or (labels NULL) with the targets in[1]. */
static dl_tensor *dli_cross_entropy(dl_ctx *c, const char *op, dl_tensor *const *in,
                                    const int32_t *labels, bool mean)
{
    dl_int N = dli_rows(in[0]), C = dli_last(in[0]->shape);
    double scale = mean ? 1 / (double)N : 1;
    dl_real *p;
    int32_t *copy;
    dl_tensor *y;
    if (labels && !dli_check_index(c, op, "label", labels, N, C)) return NULL;
    p = (dl_real *)dli_tape_alloc(c, op, (size_t)(N * C) * sizeof *p +
                                         (labels ? (size_t)N * sizeof *labels : 0));
    y = p ? dli_result(c, op, dl_shape0(), in, labels ? 1 : 2, dli_cross_entropy_back) : NULL;
    if (!y) return NULL;
    copy = (int32_t *)(void *)(p + N * C);
    if (labels) memcpy(copy, labels, (size_t)N * sizeof *copy);
    if (y->node) {
        y->node->i[0] = N;
        y->node->i[1] = C;
        y->node->p = scale;
        y->node->save = p;
    }
    if (labels) dli_cross_entropy_forward(c, y->data, p, in[0]->data, copy, N, C, scale);
    else dli_soft_cross_entropy_forward(c, y->data, p, in[0]->data, in[1]->data, N, C, scale);
    return y;
}

static dl_tensor *dli_label_loss(const char *op, dl_tensor *logits, const int32_t *labels,
                                 bool mean)
{
    dl_ctx *c = dli_inputs(op, &logits, 1);
    if (!c) return NULL;
    if (!labels) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the labels are NULL", op);
        return NULL;
    }
    return dli_cross_entropy(c, op, &logits, labels, mean);
}

static dl_tensor *dli_soft_loss(const char *op, dl_tensor *logits, dl_tensor *target, bool mean)
{
    dl_tensor *in[2];
    dl_ctx *c;
    in[0] = logits;
    in[1] = target;
    c = dli_check_targets(op, in);
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

#define DLI_NAME(code, text) text,
static const char *const dli_loss_names[] = { DL_LOSSES(DLI_NAME) };
#undef DLI_NAME

DL_DEF const char *dl_loss_name(dl_loss loss)
{
    int i = (int)loss;
    return i >= 0 && i < (int)DLI_LOSS_COUNT ? dli_loss_names[i] : "unknown";
}

/* --------------------------------------------------------------------- >>optimizers-impl ---- */

struct dl_optimizer {
    dl_ctx     *ctx;
    dl_optim    desc;
    int         n;
    dl_tensor **param;
    dl_real   **m, **v;        /* first and second moment of each parameter, or NULL */
    dl_real    *moments;       /* the memory behind all of them                      */
    int64_t     t;             /* updates so far                                     */
};

static dl_optim dli_optim(dl_optim_kind kind, bool torch, double lr)
{
    dl_optim o;
    memset(&o, 0, sizeof o);
    o.kind = kind;
    o.torch = torch;
    o.lr = lr;
    o.clip_norm = o.clip_value = INFINITY;
    o.beta1 = 0.9;
    o.beta2 = 0.999;
    o.eps = torch ? 1e-8 : 1e-7;
    switch (kind) {
    case DL_ADAGRAD:  o.start = torch ? 0 : 0.1; o.eps = torch ? 1e-10 : 1e-7; break;
    case DL_ADADELTA: o.rho = torch ? 0.9 : 0.95; o.eps = torch ? 1e-6 : 1e-7; break;
    case DL_RMSPROP:  o.rho = torch ? 0.99 : 0.9; break;
    case DL_ADAMW:    o.weight_decay = torch ? 0.01 : 0.004; break;
    default: break;
    }
    return o;
}

static dl_optim dli_with_momentum(dl_optim o, double mu)
{
    o.momentum = mu;
    return o;
}

DL_DEF dl_optim dl_sgd(double lr) { return dli_optim(DL_SGD, false, lr); }
DL_DEF dl_optim dl_adagrad(double lr) { return dli_optim(DL_ADAGRAD, false, lr); }
DL_DEF dl_optim dl_adadelta(double lr) { return dli_optim(DL_ADADELTA, false, lr); }
DL_DEF dl_optim dl_rmsprop(double lr) { return dli_optim(DL_RMSPROP, false, lr); }
DL_DEF dl_optim dl_adam(double lr) { return dli_optim(DL_ADAM, false, lr); }
DL_DEF dl_optim dl_adamw(double lr) { return dli_optim(DL_ADAMW, false, lr); }
DL_DEF dl_optim dl_torch_sgd(double lr) { return dli_optim(DL_SGD, true, lr); }
DL_DEF dl_optim dl_torch_adagrad(double lr) { return dli_optim(DL_ADAGRAD, true, lr); }
DL_DEF dl_optim dl_torch_adadelta(double lr) { return dli_optim(DL_ADADELTA, true, lr); }
DL_DEF dl_optim dl_torch_rmsprop(double lr) { return dli_optim(DL_RMSPROP, true, lr); }
DL_DEF dl_optim dl_torch_adam(double lr) { return dli_optim(DL_ADAM, true, lr); }
DL_DEF dl_optim dl_torch_adamw(double lr) { return dli_optim(DL_ADAMW, true, lr); }
DL_DEF dl_optim dl_momentum(double lr, double mu)
{
    return dli_with_momentum(dli_optim(DL_MOMENTUM, false, lr), mu);
}
DL_DEF dl_optim dl_nesterov(double lr, double mu)
{
    return dli_with_momentum(dli_optim(DL_NESTEROV, false, lr), mu);
}
DL_DEF dl_optim dl_torch_momentum(double lr, double mu)
{
    return dli_with_momentum(dli_optim(DL_MOMENTUM, true, lr), mu);
}
DL_DEF dl_optim dl_torch_nesterov(double lr, double mu)
{
    return dli_with_momentum(dli_optim(DL_NESTEROV, true, lr), mu);
}

DL_DEF const char *dl_optim_name(dl_optim_kind kind)
{
    switch (kind) {
    case DL_SGD:      return "SGD";
    case DL_MOMENTUM: return "momentum";
    case DL_NESTEROV: return "Nesterov";
    case DL_ADAGRAD:  return "Adagrad";
    case DL_ADADELTA: return "Adadelta";
    case DL_RMSPROP:  return "RMSprop";
    case DL_ADAM:     return "Adam";
    case DL_ADAMW:    return "AdamW";
    }
    return "unknown";
}

/* How many moment arrays a kind keeps for each parameter. */
static int dli_moments(dl_optim_kind kind)
{
    if (kind == DL_SGD) return 0;
    return kind == DL_ADADELTA || kind == DL_ADAM || kind == DL_ADAMW ? 2 : 1;
}

/* Is every option of o in its range? Else false with a message. */
static bool dli_check_optim(dl_ctx *c, const char *who, const dl_optim *o)
{
    struct { const char *name; double value, lo, hi; } field[11];
    int i, n = 0;
    if ((int)o->kind < DL_SGD || o->kind > DL_ADAMW)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: no optimizer %d", who, (int)o->kind);
#define DLI_OPTION(f, low, high) \
    (field[n].name = #f, field[n].value = o->f, field[n].lo = low, field[n].hi = high, n++)
    DLI_OPTION(lr, 0, DBL_MAX);
    DLI_OPTION(momentum, 0, 1);
    DLI_OPTION(rho, 0, 1);
    DLI_OPTION(beta1, 0, 1 - DBL_EPSILON);
    DLI_OPTION(beta2, 0, 1 - DBL_EPSILON);
    DLI_OPTION(eps, 0, DBL_MAX);
    DLI_OPTION(start, 0, DBL_MAX);
    DLI_OPTION(weight_decay, 0, DBL_MAX);
    DLI_OPTION(l1, 0, DBL_MAX);
    DLI_OPTION(l2, 0, DBL_MAX);
#undef DLI_OPTION
    for (i = 0; i < n; i++)
        if (!(field[i].value >= field[i].lo && field[i].value <= field[i].hi))
            return dl_fail(c, DL_ERR_ARGUMENT, "%s: %s of %s is %g, outside [%g, %g]", who,
                           field[i].name, dl_optim_name(o->kind), field[i].value, field[i].lo,
                           field[i].hi);
    if (!(o->clip_norm > 0) || !(o->clip_value > 0))
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: clip_norm %g and clip_value %g must be above 0 "
                       "(INFINITY for off)", who, o->clip_norm, o->clip_value);
    return true;
}

static void dli_optimizer_destroy(void *object)
{
    dl_optimizer *o = (dl_optimizer *)object;
    if (o->param) DL_FREE(o->param);
    if (o->moments) DL_FREE(o->moments);
}

DL_DEF dl_optimizer *dl_optimizer_new(dl_ctx *dl, dl_optim desc, dl_tensor *const *params, int n)
{
    const char *who = "dl_optimizer_new";
    int i, j, k = dli_moments(desc.kind);
    size_t total = 0, at = 0;
    dl_optimizer *o;
    if (!dl || !params || !dli_check_optim(dl, who, &desc)) return NULL;
    if (n < 1) {
        dl_fail(dl, DL_ERR_ARGUMENT, "%s: %d parameters; give 1 or more", who, n);
        return NULL;
    }
    for (i = 0; i < n; i++) {
        if (!dli_usable(who, params[i])) return NULL;
        if (params[i]->generation != DLI_PERSISTENT || !params[i]->grad || params[i]->ctx != dl) {
            dl_fail(dl, DL_ERR_ARGUMENT, "%s: tensor %d%s%s is no parameter of this context; make "
                    "it with dl_param", who, i, params[i]->name[0] ? " " : "", params[i]->name);
            return NULL;
        }
        for (j = 0; j < i; j++)
            if (params[j] == params[i]) {
                dl_fail(dl, DL_ERR_ARGUMENT, "%s: tensors %d and %d are the same%s%s; it would be "
                        "updated twice", who, j, i, params[i]->name[0] ? " " : "",
                        params[i]->name);
                return NULL;
            }
        total += (size_t)params[i]->size;
    }
    o = (dl_optimizer *)dli_object_new(dl, who, sizeof *o, dli_optimizer_destroy);
    if (!o) return NULL;
    o->ctx = dl;
    o->desc = desc;
    o->n = n;
    o->param = (dl_tensor **)dli_alloc(dl, who, (size_t)n * 3, sizeof *o->param);
    o->moments = (dl_real *)dli_alloc(dl, who, total * (size_t)k, sizeof *o->moments);
    if (!o->param || !o->moments) {
        dli_object_free(o);
        return NULL;
    }
    o->m = (dl_real **)(void *)(o->param + n);
    o->v = o->m + n;
    for (i = 0; i < n; i++) {
        o->param[i] = params[i];
        if (k > 0) { o->m[i] = o->moments + at; at += (size_t)params[i]->size; }
        if (k > 1) { o->v[i] = o->moments + at; at += (size_t)params[i]->size; }
    }
    if (desc.kind == DL_ADAGRAD)
        for (at = 0; at < total; at++) o->moments[at] = (dl_real)desc.start;
    return o;
}

DL_DEF void dl_optimizer_free(dl_optimizer *o) { dli_object_free(o); }

DL_DEF void dl_optimizer_zero_grad(dl_optimizer *o)
{
    int i;
    for (i = 0; o && i < o->n; i++) {
        memset(o->param[i]->grad, 0, (size_t)o->param[i]->size * sizeof(dl_real));
        o->param[i]->fresh = false;
    }
}

DL_DEF double dl_clip_grad_norm(dl_tensor *const *params, int n, double max_norm)
{
    double sum = 0, norm;
    dl_int k;
    int i;
    if (!params) return NAN;
    for (i = 0; i < n; i++) {
        if (!dli_usable("dl_clip_grad_norm", params[i])) return NAN;
        if (!(max_norm >= 0)) {
            dl_fail(params[i]->ctx, DL_ERR_ARGUMENT, "dl_clip_grad_norm: the norm %g is not 0 or "
                    "more", max_norm);
            return NAN;
        }
        if (!params[i]->requires_grad || !params[i]->grad) continue;
        for (k = 0; k < params[i]->size; k++)
            sum += (double)params[i]->grad[k] * (double)params[i]->grad[k];
    }
    norm = sqrt(sum);
    if (norm > max_norm && norm < INFINITY)
        for (i = 0; i < n; i++)
            if (params[i]->requires_grad && params[i]->grad)
                dli_decay_grad(params[i]->ctx, params[i]->grad, params[i]->data, params[i]->size,
                               max_norm / (norm + 1e-6), 0, 0);    /* 1e-6: as PyTorch */
    return norm;
}

/* The update of one parameter, by the formulas of floor 1. */
static void dli_update(dl_optimizer *o, dl_tensor *p, dl_real *m, dl_real *v)
{
    const dl_optim *d = &o->desc;
    dl_real *w = p->data, *g = p->grad;
    double in = d->torch ? 0 : d->eps, out = d->torch ? d->eps : 0;   /* eps and the root */
    dl_int n = p->size;
    if (d->clip_value < INFINITY) dlk_clamp_forward(g, g, n, -d->clip_value, d->clip_value);
    if (d->l1 > 0 || d->l2 > 0) dli_decay_grad(o->ctx, g, w, n, 1, d->l1, d->l2);
    switch (d->kind) {
    case DL_SGD: dli_sgd_step(o->ctx, w, g, n, d->lr); break;
    case DL_MOMENTUM:
    case DL_NESTEROV:
        dli_momentum_step(o->ctx, w, g, m, n, d->torch ? 1 : d->lr, d->torch ? d->lr : 1,
                          d->momentum, d->kind == DL_NESTEROV);
        break;
    case DL_ADAGRAD: dli_adagrad_step(o->ctx, w, g, m, n, d->lr, in, out); break;
    case DL_ADADELTA:
        dli_adadelta_step(o->ctx, w, g, m, v, n, d->lr, d->rho, d->eps);
        break;
    case DL_RMSPROP: dli_rmsprop_step(o->ctx, w, g, m, n, d->lr, d->rho, in, out); break;
    case DL_ADAMW:
        dli_decay_weights(o->ctx, w, n, d->lr * d->weight_decay);
        /* fall through */
    case DL_ADAM:
        dli_adam_step(o->ctx, w, g, m, v, n, d->lr, d->beta1, d->beta2, d->eps, o->t, !d->torch);
        break;
    }
    p->version++;
}

DL_DEF bool dl_optimizer_step(dl_optimizer *o)
{
    int i;
    if (!o) return false;
    if (o->desc.clip_norm < INFINITY) {
        double norm = dl_clip_grad_norm(o->param, o->n, o->desc.clip_norm);
        if (!(norm < INFINITY))
            return dl_fail(o->ctx, DL_ERR_NUMERIC, "dl_optimizer_step: the norm of the "
                           "gradients is %g; a lower learning rate may help", norm);
    }
    o->t++;
    for (i = 0; i < o->n; i++)
        if (o->param[i]->requires_grad) dli_update(o, o->param[i], o->m[i], o->v[i]);
    return true;
}

DL_DEF dl_optim dl_optimizer_desc(const dl_optimizer *o)
{
    return o ? o->desc : dli_optim(DL_SGD, false, NAN);
}

DL_DEF bool dl_optimizer_set_lr(dl_optimizer *o, double lr)
{
    dl_optim d;
    if (!o) return false;
    d = o->desc;
    d.lr = lr;
    if (!dli_check_optim(o->ctx, "dl_optimizer_set_lr", &d)) return false;
    o->desc = d;
    return true;
}

static dl_schedule dli_schedule(dl_schedule_kind kind, double gamma, int steps)
{
    dl_schedule s;
    memset(&s, 0, sizeof s);
    s.kind = kind;
    s.gamma = gamma;
    s.steps = steps;
    s.best = INFINITY;
    s.factor = 1;
    return s;
}

DL_DEF dl_schedule dl_schedule_constant(void) { return dli_schedule(DL_SCHEDULE_CONSTANT, 1, 1); }
DL_DEF dl_schedule dl_schedule_step(int every, double gamma)
{
    return dli_schedule(DL_SCHEDULE_STEP, gamma, every);
}
DL_DEF dl_schedule dl_schedule_exponential(double gamma)
{
    return dli_schedule(DL_SCHEDULE_EXPONENTIAL, gamma, 1);
}
DL_DEF dl_schedule dl_schedule_cosine(int total, double last)
{
    return dli_schedule(DL_SCHEDULE_COSINE, last, total);
}
DL_DEF dl_schedule dl_schedule_plateau(double gamma, int patience)
{
    return dli_schedule(DL_SCHEDULE_PLATEAU, gamma, patience);
}

DL_DEF double dl_schedule_factor(const dl_schedule *s, int step)
{
    int i, steps;
    if (!s || step < 0) return NAN;
    if (step < s->warmup) return (step + 1) / (double)s->warmup;
    i = step - (s->warmup > 0 ? s->warmup : 0);
    steps = s->steps > 0 ? s->steps : 1;
    switch (s->kind) {
    case DL_SCHEDULE_CONSTANT:    return 1;
    case DL_SCHEDULE_STEP:        return pow(s->gamma, (double)(i / steps));
    case DL_SCHEDULE_EXPONENTIAL: return pow(s->gamma, (double)i);
    case DL_SCHEDULE_COSINE:
        if (i > steps) i = steps;
        return s->gamma + (1 - s->gamma) * (1 + cos(3.141592653589793 * i / steps)) / 2;
    case DL_SCHEDULE_PLATEAU:     return s->factor;
    }
    return NAN;
}

DL_DEF void dl_schedule_observe(dl_schedule *s, double loss)
{
    if (!s || s->kind != DL_SCHEDULE_PLATEAU) return;
    if (loss < s->best) {
        s->best = loss;
        s->wait = 0;
    } else if (++s->wait >= s->steps) {
        s->factor *= s->gamma;
        s->wait = 0;
    }
}

/* -------------------------------------------------------------------------- >>model-impl ---- */

static bool dli_data_batch(const dl_data *d, const int32_t *order, dl_int first, dl_int n,
                           int32_t *labels, dl_batch *batch);      /* in >>data-impl */

/* What evaluating in the middle of training must leave as it was. */
typedef struct dli_scope { dl_mark mark; dl_rng rng; bool training, no_grad; } dli_scope;

/* Evaluation mode, no gradients, random numbers of its own, and a mark on the tape. */
static dli_scope dli_scope_begin(dl_ctx *c)
{
    dli_scope s;
    s.mark = dl_tape_mark(c);
    s.rng = c->rng;
    s.training = dl_set_training(c, false);
    s.no_grad = dl_set_no_grad(c, true);
    c->rng = dl_rng_new(c->rng.key, c->rng.counter);
    return s;
}

static void dli_scope_end(dl_ctx *c, const dli_scope *s)
{
    if (s->mark.generation == c->generation) dl_tape_release(c, s->mark);
    else dl_tape_clear(c);                       /* a callback has cleared the tape: go on so */
    dl_set_training(c, s->training);
    dl_set_no_grad(c, s->no_grad);
    c->rng = s->rng;
}

static void dli_model_destroy(void *object)
{
    dl_model *m = (dl_model *)object;
    int i;
    if (!m->ctx->closing) {              /* dl_free frees tensors and optimizers by itself */
        dl_optimizer_free(m->optimizer);
        for (i = 0; i < m->tensors; i++) dl_tensor_free(m->tensor[i]);
    }
    for (i = 0; i < m->layers; i++) DL_FREE(m->layer[i]);
    if (m->layer) DL_FREE(m->layer);
    if (m->tensor) DL_FREE(m->tensor);
    if (m->history) DL_FREE(m->history);
}

DL_DEF dl_model *dl_model_new(dl_ctx *dl, dl_shape input)
{
    dl_model *m;
    if (!dl || dli_checked_size(dl, "dl_model_new", input) < 0 ||
        dli_checked_size(dl, "dl_model_new", dli_batch_shape(1, input)) < 0)
        return NULL;
    m = (dl_model *)dli_object_new(dl, "dl_model_new", sizeof *m, dli_model_destroy);
    if (!m) return NULL;
    m->ctx = dl;
    m->input = dli_rank(input, input.rank);
    return m;
}

DL_DEF void dl_model_free(dl_model *m) { dli_object_free(m); }

static dl_shape dli_output_shape(const dl_model *m)
{
    return m->layers ? m->layer[m->layers - 1]->output : m->input;
}

/* Do the logits that a cross-entropy needs come from a layer that has made probabilities of them
   already? The last such layer, with nothing but layers without weights behind it; else NULL. */
static const dl_layer *dli_early_probabilities(const dl_model *m)
{
    int i;
    for (i = m->layers - 1; i > 0 && m->layer[i]->params == 0; i--) {
        const dl_activation f = m->layer[i - 1]->activation;
        if (f == DL_SOFTMAX || f == DL_SIGMOID) return m->layer[i - 1];
        if (f != DL_LINEAR) break;
    }
    return NULL;
}

DL_DEF bool dl_model_compile(dl_model *m, dl_loss loss, dl_optim optimizer)
{
    const dl_layer *early;
    dl_activation last;
    dl_optimizer *o;
    bool binary = loss == DL_BINARY_CROSSENTROPY;
    bool classes = loss == DL_CATEGORICAL_CROSSENTROPY ||
                   loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY;
    if (!dli_model_whole(m)) return false;
    if (m->params == 0)
        return dl_fail(m->ctx, DL_ERR_STATE, "dl_model_compile: the model has no parameters; add "
                       "layers first");
    if ((int)loss < 0 || loss >= DLI_LOSS_COUNT)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: no loss %d", (int)loss);
    last = m->layer[m->layers - 1]->activation;
    if ((binary && last != DL_SIGMOID && last != DL_LINEAR) ||
        (classes && last != DL_SOFTMAX && last != DL_LINEAR))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: %s needs a last layer with %s "
                       "(or linear, for logits), but %s has %s", dl_loss_name(loss),
                       binary ? "sigmoid" : "softmax", m->layer[m->layers - 1]->name,
                       dl_activation_name(last));
    early = binary || classes ? dli_early_probabilities(m) : NULL;
    if (early)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "dl_model_compile: %s would take what %s gives for "
                       "logits, but %s has made probabilities of them with its %s; give %s linear "
                       "and the last layer %s", dl_loss_name(loss), m->layer[m->layers - 1]->name,
                       early->name, dl_activation_name(early->activation), early->name,
                       binary ? "sigmoid" : "softmax");
    o = dl_optimizer_new(m->ctx, optimizer, m->tensor, m->params);
    if (!o) return false;
    dl_optimizer_free(m->optimizer);
    m->optimizer = o;
    m->loss = loss;
    m->fused = binary || classes;
    m->compiled = true;
    m->broken = false;
    return true;
}

/* A convolution with ReLU and, if there is one, the 2 x 2 max-pooling behind it: one operation
   where the fast room has it, else one after the other. */
static dl_tensor *dli_conv_layers_forward(dl_layer *l, dl_layer *pool, dl_tensor *x)
{
    dli_conv_end end = pool ? DLI_END_RELU_POOL : DLI_END_RELU;
    x = dli_convolve("dl_conv2d", x, l->param[0], dli_layer_bias(l), &l->conv, 2, false, &end);
    if (end == DLI_END_LINEAR) x = dl_relu(x);
    if (pool && end != DLI_END_RELU_POOL) x = dl_max_pool2d(x, &pool->pool);
    return x;
}

/* x through all layers; with logits, without the last activation when the loss contains it. */
static dl_tensor *dli_layers_forward(dl_model *m, dl_tensor *x, bool logits)
{
    int i;
    for (i = 0; i < m->layers && x; i++) {
        dl_layer *l = m->layer[i], *next = i + 1 < m->layers ? m->layer[i + 1] : NULL;
        if (l->forward == dli_conv2d_layer_forward && l->activation == DL_RELU) {
            const bool pool = next && next->forward == dli_max_pool_layer_forward &&
                              next->activation == DL_LINEAR && dli_pool_halves(&next->pool);
            x = dli_conv_layers_forward(l, pool ? next : NULL, x);
            i += pool;
            continue;
        }
        x = l->forward(l, x);
        if (i < m->layers - 1 || !logits || !m->fused) x = dl_activate(x, l->activation);
    }
    return x;
}

/* The batch x in the model's input shape: [N,1,28,28] is as good as [N,784]. */
static dl_tensor *dli_model_input(const char *who, const dl_model *m, dl_tensor *x)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_int n;
    if (!dli_usable(who, x)) return NULL;
    n = x->shape.rank ? x->shape.dim[0] : 0;
    if (x->ctx != m->ctx) {
        dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the input belongs to another context", who);
        return NULL;
    }
    if (x->shape.rank < 1 || dl_shape_size(dli_batch_shape(n, m->input)) != x->size) {
        dl_fail(m->ctx, DL_ERR_SHAPE, "%s: input %s does not fit the model, whose samples are "
                "%s; the input's first dimension counts samples, 1 for a single one", who,
                dli_shape_text(s, x->shape), dli_shape_text(t, m->input));
        return NULL;
    }
    return dl_reshape(x, dli_batch_shape(n, m->input));
}

DL_DEF dl_tensor *dl_model_forward(dl_model *m, dl_tensor *x)
{
    if (!dli_model_whole(m)) return NULL;
    return dli_layers_forward(m, dli_model_input("dl_model_forward", m, x), false);
}

DL_DEF dl_tensor *dl_model_predict(dl_model *m, dl_tensor *x)
{
    const char *who = "dl_model_predict";
    dl_tensor *y, *out = NULL;
    dli_scope scope;
    if (!dli_model_whole(m) || !(x = dli_model_input(who, m, x))) return NULL;
    out = dli_tape_tensor(m->ctx, who, dli_batch_shape(x->shape.dim[0], dli_output_shape(m)));
    if (!out) return NULL;
    scope = dli_scope_begin(m->ctx);
    y = dli_layers_forward(m, x, false);
    if (y) memcpy(out->data, y->data, (size_t)out->size * sizeof *out->data);
    dli_scope_end(m->ctx, &scope);
    return y ? out : NULL;
}

/* Can the model be trained or evaluated on this data set? */
static bool dli_check_data(const char *who, const dl_model *m, const dl_data *d)
{
    char s[DLI_SHAPE_TEXT], t[DLI_SHAPE_TEXT];
    dl_shape out = dli_output_shape(m);
    bool binary = m->loss == DL_BINARY_CROSSENTROPY;
    bool classes = m->loss == DL_CATEGORICAL_CROSSENTROPY ||
                   m->loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY;
    if (!m->compiled)
        return dl_fail(m->ctx, DL_ERR_STATE, "%s: call dl_model_compile first", who);
    if (d->ctx != m->ctx)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the data set belongs to another context", who);
    if (d->count < 1) return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the data set is empty", who);
    if (dl_shape_size(d->shape) != dl_shape_size(m->input))
        return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: samples of %s do not fit the model's input %s",
                       who, dli_shape_text(s, d->shape), dli_shape_text(t, m->input));
    if (d->labels && (classes || binary)) {            /* one label a sample: one row of outputs */
        if (dli_last(out) != dl_shape_size(out))
            return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: there is one label for each sample, but the "
                           "model's output is %s; dl_model_add_flatten before the last layer makes "
                           "it one row", who, dli_shape_text(s, out));
        if (binary && (d->classes > 2 || dli_last(out) != 1))
            return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: %s with labels is for 2 classes and 1 "
                           "output, not for %d and %lld", who, dl_loss_name(m->loss), d->classes,
                           (long long)dli_last(out));
        if (classes && d->classes > dli_last(out))
            return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: the data set has %d classes, but the last "
                           "layer only %lld outputs", who, d->classes, (long long)dli_last(out));
        return true;
    }
    if (!d->targets || m->loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %s needs %s, which the data set does not "
                       "have; make it with %s", who, dl_loss_name(m->loss),
                       m->loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY ? "class labels" : "targets",
                       m->loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY ? "dl_data_from_arrays"
                                                                     : "dl_data_from_targets");
    if (dl_shape_size(d->target_shape) != dl_shape_size(out))
        return dl_fail(m->ctx, DL_ERR_SHAPE, "%s: targets of %s do not fit the model's output %s",
                       who, dli_shape_text(s, d->target_shape), dli_shape_text(t, out));
    return true;
}

/* The targets of a batch in the shape of the outputs z; labels become numbers or one-hot rows. */
static dl_tensor *dli_batch_targets(const dl_model *m, const dl_batch *b, const dl_tensor *z)
{
    dl_tensor *y;
    dl_int i;
    if (!b->labels) return dl_reshape(b->y, z->shape);
    if (m->loss == DL_CATEGORICAL_CROSSENTROPY)
        return dl_reshape(dl_one_hot(m->ctx, b->labels, b->size, dli_last(z->shape)), z->shape);
    y = dli_tape_tensor(m->ctx, "dl_model_fit", z->shape);
    if (y) for (i = 0; i < y->size; i++) y->data[i] = (dl_real)b->labels[i];
    return y;
}

/* The loss of outputs z for a batch. */
static dl_tensor *dli_batch_loss(dl_model *m, dl_tensor *z, const dl_batch *b)
{
    dl_tensor *y;
    if (!z) return NULL;
    if (m->loss == DL_SPARSE_CATEGORICAL_CROSSENTROPY) return dl_cross_entropy(z, b->labels);
    y = dli_batch_targets(m, b, z);
    switch (m->loss) {
    case DL_MSE:                 return dl_mse(z, y);
    case DL_MAE:                 return dl_mae(z, y);
    case DL_HUBER:               return dl_huber(z, y, 1);
    case DL_BINARY_CROSSENTROPY: return dl_bce(z, y);
    default:                     return dl_soft_cross_entropy(z, y);
    }
}

/* The penalties that layers with l1 or l2 add to the loss:  l1 sum |w| + l2 sum w^2. */
static dl_tensor *dli_add_penalties(const dl_model *m, dl_tensor *loss)
{
    int i;
    for (i = 0; i < m->layers; i++) {
        dl_layer *l = m->layer[i];
        if (l->params && l->l1 > 0)
            loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_abs(l->param[0])), l->l1));
        if (l->params && l->l2 > 0)
            loss = dl_add(loss, dl_mul_scalar(dl_sum(dl_square(l->param[0])), l->l2));
    }
    return loss;
}

/* How many rows of the outputs z name the right class; NaN where there are no classes. */
static double dli_correct(const dl_model *m, const dl_tensor *z, const dl_batch *b)
{
    dl_int i, N = b->size, C = dli_last(z->shape), rows = dli_rows(z);
    dl_int right = 0;
    if (m->loss == DL_BINARY_CROSSENTROPY) {                    /* logit above 0: yes */
        for (i = 0; i < z->size; i++)
            right += (z->data[i] > 0) == (b->labels ? b->labels[i] > 0
                                                    : b->y->data[i] > (dl_real)0.5);
        return (double)right * (double)N / (double)z->size;
    }
    if (!m->fused) return NAN;
    for (i = 0; i < rows; i++) {
        dl_int k = dli_argmax(z->data + i * C, C, 1);
        right += k == (b->labels ? (dl_int)b->labels[i] : dli_argmax(b->y->data + i * C, C, 1));
    }
    return (double)right * (double)N / (double)rows;
}

static bool dli_all_finite(const dl_real *x, dl_int n)
{
    dl_int i;
    for (i = 0; i < n; i++) if (!(fabs((double)x[i]) <= DBL_MAX)) return false;
    return true;
}

#define DLI_LOWER_RATE "lower the learning rate, or set the optimizer's clip_norm"

/* Report a loss that is NaN or infinite: where along the layers did it start? */
static bool dli_diverged(dl_model *m, const dl_batch *b, int epoch, double loss)
{
    const char *cure = DLI_LOWER_RATE;
    dli_scope scope = dli_scope_begin(m->ctx);
    dl_tensor *x = dli_model_input("dl_model_fit", m, b->x);
    const char *what = "the loss itself", *name = "";
    int i, k;
    if (x && !dli_all_finite(x->data, x->size)) {
        what = "the training data";
        cure = "clean the data set";
    } else if (b->y && !dli_all_finite(b->y->data, b->y->size)) {
        what = "the targets of the training data";
        cure = "clean the data set";
    } else
        for (i = 0; i < m->layers && x && !name[0]; i++) {
            dl_layer *l = m->layer[i];
            for (k = 0; k < l->params && !name[0]; k++)
                if (!dli_all_finite(l->param[k]->data, l->param[k]->size)) {
                    what = "the weights of layer ";
                    name = l->name;
                }
            x = dl_activate(l->forward(l, x), l->activation);
            if (!name[0] && x && !dli_all_finite(x->data, x->size)) {
                what = "the output of layer ";
                name = l->name;
            }
        }
    dli_scope_end(m->ctx, &scope);
    return dl_fail(m->ctx, DL_ERR_NUMERIC, "dl_model_fit: epoch %d, batch %lld: the loss is %s; "
                   "NaN or infinity first in %s%s. Try this: %s", epoch, (long long)b->number + 1,
                   dli_isnan(loss) ? "NaN" : "infinite", what, name, cure);
}

/* Report weights that are NaN or infinite: after the last update no loss would tell. */
static bool dli_check_weights(const dl_model *m, int epoch)
{
    int i;
    for (i = 0; i < m->params; i++)
        if (!dli_all_finite(m->tensor[i]->data, m->tensor[i]->size))
            return dl_fail(m->ctx, DL_ERR_NUMERIC, "dl_model_fit: epoch %d: the last update made "
                           "%s NaN or infinite. Try this: " DLI_LOWER_RATE, epoch,
                           m->tensor[i]->name);
    return true;
}

/* One step: forward, loss, backward, update. Adds to the sums over samples.
   @F S0-2 S1-3.2 S3-3.3 S4-3 */
static bool dli_train_batch(dl_model *m, const dl_batch *b, int epoch, dl_metrics *sum)
{
    dl_tensor *z = dli_layers_forward(m, dli_model_input("dl_model_fit", m, b->x), true);
    dl_tensor *loss = dli_add_penalties(m, dli_batch_loss(m, z, b));
    double value = dl_item(loss);
    bool ok;
    int i;
    if (!loss) return false;
    if (!(fabs(value) <= DBL_MAX)) return dli_diverged(m, b, epoch, value);
    sum->loss += value * (double)b->size;
    sum->accuracy += dli_correct(m, z, b);
    for (i = 0; i < m->params; i++) m->tensor[i]->fresh = true;
    ok = dl_backward(loss);
    for (i = 0; i < m->params; i++) {            /* gradients that it has not reached are zero */
        m->tensor[i]->wanted = true;
        dli_grad(m->tensor[i]);
    }
    return ok && dl_optimizer_step(m->optimizer);
}

static dl_metrics dli_no_metrics(void)
{
    dl_metrics r;
    r.loss = r.accuracy = NAN;
    return r;
}

DL_DEF dl_metrics dl_model_evaluate(dl_model *m, const dl_data *data)
{
    dl_metrics sum = { 0, 0 };
    dl_batch b;
    const char *who = "dl_model_evaluate";
    dl_int at, n = 256;
    bool ok = true;
    if (!m || !data || !dli_check_data(who, m, data)) return dli_no_metrics();
    for (at = 0; ok && at < data->count; at += n) {
        dli_scope scope = dli_scope_begin(m->ctx);
        dl_tensor *z = NULL, *loss;
        if (n > data->count - at) n = data->count - at;
        if (dli_data_batch(data, NULL, at, n, NULL, &b))
            z = dli_layers_forward(m, dli_model_input(who, m, b.x), true);
        loss = dli_add_penalties(m, dli_batch_loss(m, z, &b));
        ok = loss != NULL;
        if (ok) {
            sum.loss += dl_item(loss) * (double)b.size;
            sum.accuracy += dli_correct(m, z, &b);
        }
        dli_scope_end(m->ctx, &scope);
    }
    if (!ok) return dli_no_metrics();
    sum.loss /= (double)data->count;
    sum.accuracy /= (double)data->count;
    return sum;
}

DL_DEF dl_fit dl_fit_default(void)
{
    dl_fit o;
    memset(&o, 0, sizeof o);
    o.epochs = 1;
    o.batch_size = 32;
    o.shuffle = true;
    o.patience = 3;
    o.restore_best = true;
    o.schedule = dl_schedule_constant();
    o.verbose = 1;
    return o;
}

#ifndef DL_NO_STDIO
/* The bar of a running epoch: Epoch 1/5 [=======>      ] 230/469 loss 0.2563 */
static void dli_progress(int epoch, int epochs, dl_int batch, dl_int batches, double loss)
{
    char bar[25];
    int i, full = (int)(24 * batch / batches);
    for (i = 0; i < 24; i++) bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[24] = 0;
    printf("\rEpoch %d/%d [%s] %lld/%lld loss %.4f ", epoch, epochs, bar, (long long)batch,
           (long long)batches, loss);
    fflush(stdout);
}

static void dli_epoch_line(const dl_epoch *e, bool over_bar)
{
    char line[200];
    int at = snprintf(line, sizeof line, "Epoch %d/%d - %.1fs - loss %.4f", e->epoch, e->epochs,
                      e->seconds, e->loss);
#define DLI_ADD(what, value) \
    if (!dli_isnan(value)) \
        at += snprintf(line + at, sizeof line - (size_t)at, " - " what " %.4f", value)
    DLI_ADD("accuracy", e->accuracy);
    DLI_ADD("val_loss", e->val_loss);
    DLI_ADD("val_accuracy", e->val_accuracy);
#undef DLI_ADD
    if (over_bar) printf("\r%-78s\n", line);
    else printf("%s\n", line);
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
    bool           scheduled, bar;
} dli_run;

/* Copy all tensors of the model to (or, with restore, from) one array. */
static void dli_copy_weights(dl_model *m, dl_real *all, bool restore)
{
    int i;
    for (i = 0; i < m->tensors; i++) {
        dl_tensor *t = m->tensor[i];
        if (restore) dl_copy_in(t, all);
        else memcpy(all, t->data, (size_t)t->size * sizeof *all);
        all += t->size;
    }
}

static bool dli_run_start(dli_run *r, const dl_data *data)
{
    const char *who = "dl_model_fit";
    dl_model *m = r->m;
    const dl_fit *o = r->o;
    dl_epoch *history;
    size_t total = 0;
    int i;
    if (!dli_check_data(who, m, data)) return false;
    if (o->validation && !dli_check_data("dl_model_fit: validation", m, o->validation))
        return false;
    r->lr = m->optimizer->desc.lr;
    r->best = INFINITY;
    if (o->epochs < 0 || o->batch_size < 1)
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: %d epochs with batch size %d; the epochs must "
                       "be 0 or more, the batch size 1 or more", who, o->epochs, o->batch_size);
    if (!(o->validation_split >= 0 && o->validation_split < 1))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: validation_split %g is not in [0, 1)", who,
                       o->validation_split);
    if (o->early_stopping && (o->patience < 0 || !(o->min_delta >= 0)))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: patience %d and min_delta %g must be 0 or "
                       "more", who, o->patience, o->min_delta);
    if (o->validation || o->validation_split == 0) {
        r->train = dl_data_take(data, 0, data->count);
        if (o->validation) r->validation = dl_data_take(o->validation, 0, o->validation->count);
    } else if (!dl_data_split(data, o->validation_split, &r->train, &r->validation)) return false;
    if (r->train && r->validation && (r->train->count < 1 || r->validation->count < 1))
        return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: validation_split %g leaves %lld samples for "
                       "training and %lld for validation", who, o->validation_split,
                       (long long)r->train->count, (long long)r->validation->count);
    r->loader = dl_loader_new(r->train, o->batch_size, o->shuffle);
    if (!r->loader || (o->validation && !r->validation)) return false;
    for (i = 0; i < m->tensors; i++) total += (size_t)m->tensor[i]->size;
    if (o->early_stopping && o->restore_best) {
        r->best_weights = (dl_real *)dli_alloc(m->ctx, who, total, sizeof(dl_real));
        if (!r->best_weights) return false;
    }
    history = (dl_epoch *)dli_alloc(m->ctx, who, (size_t)o->epochs, sizeof *history);
    if (!history) return false;
    if (m->history) DL_FREE(m->history);
    m->history = history;
    m->epochs = 0;
    r->schedule = o->schedule;
    r->scheduled = o->schedule.kind != DL_SCHEDULE_CONSTANT || o->schedule.warmup > 0;
#ifndef DL_NO_STDIO
    r->bar = o->verbose == 1 && dli_is_terminal();
#endif
    return true;
}

static void dli_run_end(dli_run *r)
{
    if (r->best_weights) {
        if (r->best < INFINITY) dli_copy_weights(r->m, r->best_weights, true);
        DL_FREE(r->best_weights);
    }
    if (r->scheduled) r->m->optimizer->desc.lr = r->lr;     /* the next fit starts from it again */
    dl_loader_free(r->loader);
    dl_data_free(r->train);
    dl_data_free(r->validation);
}

/* Train one epoch and fill in what it gave. */
static bool dli_run_epoch(dli_run *r, dl_epoch *e)
{
    dl_ctx *c = r->m->ctx;
    dl_metrics sum = { 0, 0 };
    dl_int n = 0, batches = dl_loader_batch_count(r->loader);
    double start = dli_now(), shown = start;
    dl_batch b;
    bool ok = true, more = true;
    while (ok && more) {
        dl_mark mark = dl_tape_mark(c);
        more = dl_loader_next(r->loader, &b);
        if (more) {
            if (r->o->augment) b.x = dl_augment_batch(b.x, r->o->augment, NULL);
            ok = dli_train_batch(r->m, &b, e->epoch, &sum);
            n += b.size;
#ifndef DL_NO_STDIO
            if (ok && r->bar && dli_now() - shown > 0.1) {
                shown = dli_now();
                dli_progress(e->epoch, e->epochs, b.number + 1, batches, sum.loss / (double)n);
            }
#endif
        }
        dl_tape_release(c, mark);
    }
    (void)batches;
    (void)shown;
    e->seconds = dli_now() - start;
    e->loss = sum.loss / (double)n;
    e->accuracy = sum.accuracy / (double)n;
    return ok && n == r->train->count && dli_check_weights(r->m, e->epoch);
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
static bool dli_run_step(dli_run *r, int epoch, bool *go_on)
{
    dl_model *m = r->m;
    dl_epoch *e = &m->history[epoch];
    dl_metrics v = dli_no_metrics();
    double watched;
    if (r->scheduled &&
        !dl_optimizer_set_lr(m->optimizer, r->lr * dl_schedule_factor(&r->schedule, epoch)))
        return false;
    e->epoch = epoch + 1;
    e->epochs = r->o->epochs;
    e->lr = m->optimizer->desc.lr;
    if (!dli_run_epoch(r, e)) return false;
    if (r->validation) {
        v = dl_model_evaluate(m, r->validation);
        if (dli_isnan(v.loss) && dl_error(m->ctx)) return false;
    }
    e->val_loss = v.loss;
    e->val_accuracy = v.accuracy;
    m->epochs = epoch + 1;
    watched = r->validation ? v.loss : e->loss;
    dl_schedule_observe(&r->schedule, watched);
    *go_on = dli_run_watch(r, watched);
#ifndef DL_NO_STDIO
    if (r->o->verbose) dli_epoch_line(e, r->bar);
#endif
    if (r->o->on_epoch) {
        dli_scope scope = dli_scope_begin(m->ctx);
        dl_set_training(m->ctx, scope.training);
        dl_set_no_grad(m->ctx, scope.no_grad);
        *go_on = r->o->on_epoch(m, e, r->o->user) && *go_on;
        dli_scope_end(m->ctx, &scope);
    }
    return true;
}

DL_DEF bool dl_model_fit(dl_model *m, const dl_data *data, const dl_fit *options)
{
    dl_fit defaults = dl_fit_default();
    dli_run r;
    bool ok, go_on = true, training, no_grad;
    int epoch;
    if (!m || !data) return false;
    if (m->fitting)
        return dl_fail(m->ctx, DL_ERR_STATE, "dl_model_fit: called from its own on_epoch");
    memset(&r, 0, sizeof r);
    r.m = m;
    r.o = options ? options : &defaults;
    training = dl_set_training(m->ctx, true);
    no_grad = dl_set_no_grad(m->ctx, false);
    m->fitting = true;
    ok = dli_run_start(&r, data);
    for (epoch = 0; ok && go_on && epoch < r.o->epochs; epoch++)
        ok = dli_run_step(&r, epoch, &go_on);
    dli_run_end(&r);
    m->fitting = false;
    dl_set_training(m->ctx, training);
    dl_set_no_grad(m->ctx, no_grad);
    return ok;
}

DL_DEF const dl_epoch *dl_model_history(const dl_model *m, int *n)
{
    if (n) *n = m ? m->epochs : 0;
    return m ? m->history : NULL;
}

DL_DEF dl_optimizer *dl_model_optimizer(const dl_model *m) { return m ? m->optimizer : NULL; }
DL_DEF int dl_model_tensor_count(const dl_model *m) { return m ? m->params : 0; }
DL_DEF dl_tensor *const *dl_model_params(const dl_model *m) { return m ? m->tensor : NULL; }
DL_DEF int dl_model_layer_count(const dl_model *m) { return m ? m->layers : 0; }

DL_DEF int64_t dl_model_param_count(const dl_model *m)
{
    int64_t n = 0;
    int i;
    for (i = 0; m && i < m->params; i++) n += m->tensor[i]->size;
    return n;
}

DL_DEF dl_tensor *dl_model_param(const dl_model *m, int i)
{
    return m && i >= 0 && i < m->params ? m->tensor[i] : NULL;
}

DL_DEF dl_tensor *dl_model_find(const dl_model *m, const char *name)
{
    int i;
    for (i = 0; m && name && i < m->tensors; i++)
        if (strcmp(m->tensor[i]->name, name) == 0) return m->tensor[i];
    return NULL;
}

DL_DEF dl_layer *dl_model_layer(const dl_model *m, int i)
{
    return m && i >= 0 && i < m->layers ? m->layer[i] : NULL;
}

/* A copy of tensor t in another context; NULL without memory. */
static dl_tensor *dli_clone_tensor(dl_ctx *into, const dl_tensor *t, bool grad)
{
    dl_tensor *copy = dli_persistent(into, "dl_model_clone", t->shape, grad);
    if (!copy) return NULL;
    memcpy(copy->data, t->data, (size_t)t->size * sizeof *t->data);
    memcpy(copy->name, t->name, sizeof copy->name);
    copy->requires_grad = t->requires_grad;
    return copy;
}

DL_DEF dl_model *dl_model_clone(dl_ctx *into, const dl_model *m)
{
    dl_model *copy = into && dli_model_whole(m) ? dl_model_new(into, m->input) : NULL;
    int i, k;
    for (i = 0; copy && i < m->layers; i++) {
        const dl_layer *from = m->layer[i];
        dl_layer *l = (dl_layer *)dli_alloc(into, "dl_model_clone", 1, sizeof *l);
        bool ok = l != NULL;
        if (ok) {
            *l = *from;
            l->model = copy;
            l->params = l->states = 0;
            for (k = 0; ok && k < from->params; k++, l->params += ok)
                ok = (l->param[k] = dli_clone_tensor(into, from->param[k], true)) != NULL;
            for (k = 0; ok && k < from->states; k++, l->states += ok)
                ok = (l->state[k] = dli_clone_tensor(into, from->state[k], false)) != NULL;
            ok = dli_layer_add(l, ok) != NULL;
        }
        if (!ok) {
            dl_model_free(copy);
            copy = NULL;
        }
    }
    return copy;
}

#ifndef DL_NO_STDIO
/* 407050 as "407,050". */
static const char *dli_thousands(char s[32], int64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n), i, at = 0;
    for (i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-') s[at++] = ',';
        s[at++] = digits[i];
    }
    s[at] = 0;
    return s;
}

static int64_t dli_sum_sizes(dl_tensor *const *t, int n)
{
    int64_t sum = 0;
    int i;
    for (i = 0; i < n; i++) sum += t[i]->size;
    return sum;
}

/* A layer's first two columns of the summary: "conv2d_1 (Conv2D)" and "(None, 32, 26, 26)". */
static void dli_summary_texts(const dl_layer *l, char name[80], char shape[DLI_SHAPE_TEXT + 16])
{
    int k, at = snprintf(shape, DLI_SHAPE_TEXT, "(None");
    snprintf(name, 80, "%s (%s)", l->name, l->type);
    for (k = 0; k < l->output.rank; k++)
        at += snprintf(shape + at, DLI_SHAPE_TEXT + 16 - (size_t)at, ", %lld",
                       (long long)l->output.dim[k]);
    snprintf(shape + at, DLI_SHAPE_TEXT + 16 - (size_t)at, ")");
}

static void dli_summary_rule(int width)
{
    while (width-- > 0) putchar('_');
    putchar('\n');
}

DL_DEF void dl_model_summary(const dl_model *m)
{
    char name[80], number[32], shape[DLI_SHAPE_TEXT + 16];
    int64_t trainable, fixed;
    int i, first = 27, second = 21, width;               /* columns grow with what is in them */
    if (!m) return;
    for (i = 0; i < m->layers; i++) {
        dli_summary_texts(m->layer[i], name, shape);
        if ((int)strlen(name) > first) first = (int)strlen(name);
        if ((int)strlen(shape) > second) second = (int)strlen(shape);
    }
    width = first + second + 17;
    dli_summary_rule(width);
    printf(" %-*s  %-*s  %12s\n", first, "Layer (type)", second, "Output shape", "Param #");
    dli_summary_rule(width);
    for (i = 0; i < m->layers; i++) {
        const dl_layer *l = m->layer[i];
        dli_summary_texts(l, name, shape);
        printf(" %-*s  %-*s  %12s\n", first, name, second, shape,
               dli_thousands(number, dli_sum_sizes(l->param, l->params) +
                                     dli_sum_sizes(l->state, l->states)));
    }
    trainable = dli_sum_sizes(m->tensor, m->params);
    fixed = dli_sum_sizes(m->tensor + m->params, m->tensors - m->params);
    dli_summary_rule(width);
    printf(" Total params: %s", dli_thousands(number, trainable + fixed));
    printf(" (%.2f MB)\n", (double)(trainable + fixed) * (double)sizeof(dl_real) / 1048576);
    printf(" Trainable params: %s\n", dli_thousands(number, trainable));
    printf(" Non-trainable params: %s\n", dli_thousands(number, fixed));
    dli_summary_rule(width);
}
#endif

/* ---- metrics ---- */

DL_DEF double dl_accuracy(const int32_t *predicted, const int32_t *label, dl_int n)
{
    dl_int i, right = 0;
    if (!predicted || !label || n < 1) return NAN;
    for (i = 0; i < n; i++) right += predicted[i] == label[i];
    return (double)right / (double)n;
}

DL_DEF double dl_top_k_accuracy(const dl_tensor *scores, const int32_t *label, int k)
{
    const char *who = "dl_top_k_accuracy";
    char s[DLI_SHAPE_TEXT];
    dl_int i, c, N, C, right = 0;
    if (!label || !dli_usable(who, scores)) return NAN;
    if (scores->shape.rank != 2 || scores->size == 0 || k < 1) {
        dl_fail(scores->ctx, DL_ERR_SHAPE, "%s: scores %s must be [N,C] and not empty, k = %d 1 or "
                "more", who, dli_shape_text(s, scores->shape), k);
        return NAN;
    }
    N = scores->shape.dim[0];
    C = scores->shape.dim[1];
    if (!dli_check_index(scores->ctx, who, "label", label, N, C)) return NAN;
    for (i = 0; i < N; i++) {
        const dl_real *x = scores->data + i * C, own = x[label[i]];
        dl_int better = 0;                             /* classes in front of the right one */
        for (c = 0; c < C; c++) better += x[c] > own || (x[c] == own && c < label[i]);
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
    int64_t *confusion, hits = 0;
    dl_class_score *score;
    dl_report *r;
    size_t k;
    dl_int i;
    int a, b;
    if (!dl || !predicted || !label) return NULL;
    if (n < 1 || classes < 1 || classes > 10000) {
        dl_fail(dl, DL_ERR_ARGUMENT, "%s: %lld samples of %d classes; give 1 or more samples, and "
                "1 to 10000 classes", who, (long long)n, classes);
        return NULL;
    }
    if (!dli_check_index(dl, who, "label", label, n, classes) ||
        !dli_check_index(dl, who, "prediction", predicted, n, classes))
        return NULL;
    k = (size_t)classes;
    r = (dl_report *)dli_object_new(dl, who, sizeof *r + k * sizeof *score +
                                             k * k * sizeof *confusion, NULL);
    if (!r) return NULL;
    score = (dl_class_score *)(void *)(r + 1);
    confusion = (int64_t *)(void *)(score + classes);
    for (i = 0; i < n; i++) confusion[label[i] * classes + predicted[i]]++;
    for (a = 0; a < classes; a++) {
        int64_t support = 0, called = 0;
        for (b = 0; b < classes; b++) {
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

/* A model's outputs (logits, where the loss contains the last activation) for a whole data set,
   in evaluation mode: [count, outputs], to be freed with DL_FREE; NULL on failure. */
static dl_real *dli_outputs(const char *who, dl_model *m, const dl_data *data)
{
    dl_int at, n = 256, M = dl_shape_size(dli_output_shape(m));
    dl_real *out;
    bool ok = true;
    if (!dli_check_data(who, m, data)) return NULL;
    out = (dl_real *)dli_alloc(m->ctx, who, (size_t)data->count,
                               (size_t)(M > 0 ? M : 1) * sizeof *out);
    for (at = 0; out && ok && at < data->count; at += n) {
        dli_scope scope = dli_scope_begin(m->ctx);
        dl_tensor *z = NULL;
        dl_batch b;
        if (n > data->count - at) n = data->count - at;
        if (dli_data_batch(data, NULL, at, n, NULL, &b))
            z = dli_layers_forward(m, dli_model_input(who, m, b.x), true);
        ok = z != NULL;
        if (ok) memcpy(out + at * M, z->data, (size_t)z->size * sizeof *out);
        dli_scope_end(m->ctx, &scope);
    }
    if (out && !ok) {
        DL_FREE(out);
        return NULL;
    }
    return out;
}

DL_DEF dl_report *dl_model_report(dl_model *m, const dl_data *data)
{
    const char *who = "dl_model_report";
    dl_int i, C;
    dl_real *z;
    int32_t *label;                               /* count labels, then count predictions */
    dl_report *r = NULL;
    if (!m || !data) return NULL;
    C = dl_shape_size(dli_output_shape(m));
    if (m->compiled && (!m->fused || dli_output_shape(m).rank != 1 ||
                        (m->loss == DL_BINARY_CROSSENTROPY && C != 1))) {
        dl_fail(m->ctx, DL_ERR_STATE, "%s: the model does not tell classes apart: it needs a "
                "cross-entropy loss and one row of outputs a sample", who);
        return NULL;
    }
    z = dli_outputs(who, m, data);
    label = z ? (int32_t *)dli_alloc(m->ctx, who, (size_t)data->count, 2 * sizeof *label) : NULL;
    if (label) {
        int32_t *predicted = label + data->count;
        for (i = 0; i < data->count; i++) {
            const dl_real *t = data->targets ? data->targets + i * C : NULL;
            predicted[i] = C == 1 ? z[i] > 0 : (int32_t)dli_argmax(z + i * C, C, 1);
            label[i] = data->labels ? data->labels[i]
                     : C == 1 ? t[0] > (dl_real)0.5 : (int32_t)dli_argmax(t, C, 1);
        }
        r = dl_report_new(m->ctx, predicted, label, data->count, C == 1 ? 2 : (int)C);
        DL_FREE(label);
    }
    if (z) DL_FREE(z);
    return r;
}

/* Text into a buffer that may be too small: *at is the length it has or would have. */
static void dli_write(char *buffer, size_t size, int *at, const char *format, ...)
{
    va_list args;
    const bool room = (size_t)*at < size;
    va_start(args, format);
    *at += vsnprintf(room ? buffer + *at : NULL, room ? size - (size_t)*at : 0, format, args);
    va_end(args);
}

static void dli_write_score(char *buffer, size_t size, int *at, int width, const char *name,
                            const dl_class_score *s)
{
    dli_write(buffer, size, at, "%*s  %9.2f %9.2f %9.2f %9lld\n", width, name, s->precision,
              s->recall, s->f1, (long long)s->support);
}

DL_DEF int dl_report_format(char *buffer, size_t size, const dl_report *r,
                            const char *const *names)
{
    char number[24];
    int c, at = 0, width = (int)strlen("weighted avg");
    if (!buffer) size = 0;
    if (size) buffer[0] = 0;
    if (!r) return 0;
    for (c = 0; names && c < r->classes; c++)
        if ((int)strlen(names[c]) > width) width = (int)strlen(names[c]);
    dli_write(buffer, size, &at, "%*s  %9s %9s %9s %9s\n\n", width, "", "precision", "recall",
              "f1-score", "support");
    for (c = 0; c < r->classes; c++) {
        snprintf(number, sizeof number, "%d", c);
        dli_write_score(buffer, size, &at, width, names ? names[c] : number, &r->score[c]);
    }
    dli_write(buffer, size, &at, "\n%*s  %9s %9s %9.2f %9lld\n", width, "accuracy", "", "",
              r->accuracy, (long long)r->count);
    dli_write_score(buffer, size, &at, width, "macro avg", &r->macro);
    dli_write_score(buffer, size, &at, width, "weighted avg", &r->weighted);
    return at;
}

#ifndef DL_NO_STDIO
DL_DEF void dl_report_print(const dl_report *r, const char *const *names)
{
    int length = dl_report_format(NULL, 0, r, names), i, j;
    dli_object *o = r ? (dli_object *)(uintptr_t)r - 1 : NULL;
    char *text = r ? (char *)dli_alloc(o->ctx, "dl_report_print", (size_t)length + 1, 1) : NULL;
    if (!text) return;
    dl_report_format(text, (size_t)length + 1, r, names);
    printf("%s\nconfusion (row: true class, column: predicted)\n", text);
    DL_FREE(text);
    for (i = 0; i < r->classes; i++)
        for (j = 0; j < r->classes; j++)
            printf("%6lld%s", (long long)r->confusion[i * r->classes + j],
                   j == r->classes - 1 ? "\n" : " ");
}
#endif

DL_DEF dl_regression dl_regression_of(const dl_real *predicted, const dl_real *target, dl_int n)
{
    dl_regression r;
    double squares = 0, absolute = 0, sum = 0, spread = 0;
    dl_int i;
    r.mse = r.rmse = r.mae = r.r2 = NAN;
    if (!predicted || !target || n < 1) return r;
    for (i = 0; i < n; i++) {
        const double d = (double)predicted[i] - (double)target[i];
        squares += d * d;
        absolute += fabs(d);
        sum += (double)target[i];
    }
    for (i = 0; i < n; i++) {
        const double d = (double)target[i] - sum / (double)n;
        spread += d * d;
    }
    r.mse = squares / (double)n;
    r.rmse = sqrt(r.mse);
    r.mae = absolute / (double)n;
    r.r2 = spread != 0 ? 1 - squares / spread : squares == 0 ? 1 : 0;
    return r;
}

DL_DEF dl_regression dl_model_regression(dl_model *m, const dl_data *data)
{
    const char *who = "dl_model_regression";
    dl_regression r = dl_regression_of(NULL, NULL, 0);
    dl_real *z;
    if (!m || !data) return r;
    if (m->fused || !data->targets) {
        dl_fail(m->ctx, DL_ERR_STATE, "%s: needs a data set with targets, and a model whose loss "
                "is no cross-entropy", who);
        return r;
    }
    if (!(z = dli_outputs(who, m, data))) return r;
    r = dl_regression_of(z, data->targets, data->count * dl_shape_size(dli_output_shape(m)));
    DL_FREE(z);
    return r;
}

/* --------------------------------------------------------------------------- >>data-impl ---- */

#ifndef DL_NO_STDIO
#include <errno.h>
#endif

/* What a data set and its views share. Borrowed arrays are not in here: both stay NULL. */
struct dli_storage {
    int   references;
    void *samples;                  /* memory of bytes or values, freed with the last reference */
    void *answers;                  /* memory of labels or targets                              */
};

static void dli_storage_release(struct dli_storage *s)
{
    if (!s || --s->references > 0) return;
    if (s->samples) DL_FREE(s->samples);
    if (s->answers) DL_FREE(s->answers);
    DL_FREE(s);
}

static void dli_data_destroy(void *object) { dli_storage_release(((dl_data *)object)->storage); }

/* Elements of one sample (or target), or -1 with a message: it must not be empty, and with the
   batch dimension in front it must still be a shape. */
static dl_int dli_sample_size(dl_ctx *c, const char *who, const char *what, dl_int count,
                              dl_shape shape)
{
    char s[DLI_SHAPE_TEXT];
    dl_int size = dl_shape_size(shape);
    if (size < 1 || shape.rank >= DL_MAX_DIMS) {
        dl_fail(c, DL_ERR_SHAPE, "%s: %s of shape %s: dimensions must be 1 or more, and the rank "
                "at most %d", who, what, dli_shape_text(s, shape), DL_MAX_DIMS - 1);
        return -1;
    }
    if (dl_shape_size(dli_batch_shape(count, shape)) < 0) {
        dl_fail(c, DL_ERR_SHAPE, "%s: %lld %ss of shape %s are more than memory can hold", who,
                (long long)count, what, dli_shape_text(s, shape));
        return -1;
    }
    return size;
}

/* A data set of count samples, and its storage, both without arrays yet. */
static dl_data *dli_data_new(dl_ctx *c, const char *who, dl_int count, dl_shape shape)
{
    dl_data *d;
    if (count < 0 || count > INT32_MAX) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: %lld samples; a data set holds 0 to %ld", who,
                (long long)count, (long)INT32_MAX);
        return NULL;
    }
    if (dli_sample_size(c, who, "sample", count, shape) < 0) return NULL;
    d = (dl_data *)dli_object_new(c, who, sizeof *d, dli_data_destroy);
    if (!d) return NULL;
    d->ctx = c;
    d->count = count;
    d->shape = dli_rank(shape, shape.rank);
    d->scale = 1;
    d->storage = (struct dli_storage *)dli_alloc(c, who, 1, sizeof *d->storage);
    if (!d->storage) {
        dli_object_free(d);
        return NULL;
    }
    d->storage->references = 1;
    return d;
}

/* n elements of size bytes at from: themselves when they are borrowed, else a copy, which *owner
   is to free. NULL without memory. */
static const void *dli_data_array(dl_ctx *c, const char *who, const void *from, dl_int n,
                                  size_t size, bool borrow, void **owner)
{
    if (borrow) return from;
    *owner = dli_alloc(c, who, (size_t)n, size);
    if (*owner && n > 0) memcpy(*owner, from, (size_t)n * size);
    return *owner;
}

/* The four ways to make a data set of arrays: with labels, or (targets true) with targets y. */
static dl_data *dli_data_of_arrays(dl_ctx *c, const char *who, const dl_real *x, dl_int count,
                                   dl_shape shape, const int32_t *labels, int classes,
                                   bool targets, const dl_real *y, dl_shape target_shape,
                                   bool borrow)
{
    dl_data *d;
    dl_int size;
    if (!c || !(d = dli_data_new(c, who, count, shape))) return NULL;
    if (!x || (targets && !y)) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the %s are NULL", who, x ? "targets" : "samples");
        goto failed;
    }
    if (classes < 0 || (labels != NULL) != (classes > 0)) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: labels %s, but %d classes; labels are 0..classes-1, data "
                "without labels has NULL and 0", who, labels ? "given" : "are NULL", classes);
        goto failed;
    }
    if (labels && !dli_check_index(c, who, "label", labels, count, classes)) goto failed;
    size = count * dl_shape_size(shape);
    d->values = (const dl_real *)dli_data_array(c, who, x, size, sizeof *x, borrow,
                                                &d->storage->samples);
    if (!d->values) goto failed;
    if (targets) {
        if ((size = dli_sample_size(c, who, "target", count, target_shape)) < 0) goto failed;
        d->target_shape = dli_rank(target_shape, target_shape.rank);
        d->targets = (const dl_real *)dli_data_array(c, who, y, count * size, sizeof *y, borrow,
                                                     &d->storage->answers);
        if (!d->targets) goto failed;
    }
    if (labels) {
        d->classes = classes;
        d->labels = (const int32_t *)dli_data_array(c, who, labels, count, sizeof *labels, borrow,
                                                    &d->storage->answers);
        if (!d->labels) goto failed;
    }
    return d;
failed:
    dli_object_free(d);
    return NULL;
}

DL_DEF dl_data *dl_data_from_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                    const int32_t *labels, int classes)
{
    return dli_data_of_arrays(dl, "dl_data_from_arrays", x, count, shape, labels, classes, false,
                              NULL, dl_shape0(), false);
}

DL_DEF dl_data *dl_data_from_targets(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                     const dl_real *y, dl_shape target_shape)
{
    return dli_data_of_arrays(dl, "dl_data_from_targets", x, count, shape, NULL, 0, true, y,
                              target_shape, false);
}

DL_DEF dl_data *dl_data_borrow_arrays(dl_ctx *dl, const dl_real *x, dl_int count, dl_shape shape,
                                      const int32_t *labels, int classes)
{
    return dli_data_of_arrays(dl, "dl_data_borrow_arrays", x, count, shape, labels, classes, false,
                              NULL, dl_shape0(), true);
}

DL_DEF dl_data *dl_data_borrow_targets(dl_ctx *dl, const dl_real *x, dl_int count,
                                       dl_shape shape, const dl_real *y, dl_shape target_shape)
{
    return dli_data_of_arrays(dl, "dl_data_borrow_targets", x, count, shape, NULL, 0, true, y,
                              target_shape, true);
}

DL_DEF void dl_data_free(dl_data *d) { dli_object_free(d); }

/* ---- IDX ----
   A header of 4 + 4 rank bytes, then one byte an element:
       00 00 08 rank    8: the elements are unsigned bytes
       count ...        rank sizes of 4 bytes, the most significant one first
   Nothing in it is believed: the sizes must account for every byte that is there. */

/* Read the header of what (a path, or "images") with the rank it must have into count[rank]. */
static bool dli_idx_header(dl_ctx *c, const char *who, const char *what, const uint8_t *p,
                           size_t bytes, int rank, dl_int *count)
{
    const size_t header = 4 + 4 * (size_t)rank;
    double need = 1, have;
    uint32_t n;
    int i;
    if (bytes >= 2 && p[0] == 0x1F && p[1] == 0x8B)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s is compressed by gzip; unpack it first "
                       "(gunzip)", who, what);
    if (bytes < header)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s has %llu bytes, but the IDX header alone takes "
                       "%d", who, what, (unsigned long long)bytes, (int)header);
    if (p[0] != 0 || p[1] != 0 || p[2] != 8 || p[3] != rank)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s begins with %02X %02X %02X %02X; IDX %s begin "
                       "with 00 00 08 %02X%s", who, what, p[0], p[1], p[2], p[3],
                       rank == 1 ? "labels" : "images", rank,
                       p[2] == 8 && p[3] == 4 - rank ? " (are images and labels swapped?)" : "");
    for (i = 0; i < rank; i++) {
        const uint8_t *q = p + 4 + 4 * i;
        n = (uint32_t)q[0] << 24 | (uint32_t)q[1] << 16 | (uint32_t)q[2] << 8 | q[3];
        need *= (double)n;          /* exact up to 2^53, and far too big for any memory above */
        if (n > INT32_MAX)
            return dl_fail(c, DL_ERR_FORMAT, "%s: size %d in the header of %s is %lu; the most "
                           "is %ld", who, i + 1, what, (unsigned long)n, (long)INT32_MAX);
        count[i] = (dl_int)n;
    }
    have = (double)(bytes - header);
    if (have != need)
        return dl_fail(c, DL_ERR_FORMAT, "%s: %s is %s: its header promises %.0f bytes of data, "
                       "but %.0f follow", who, what, have < need ? "cut off" : "too long", need,
                       have);
    return true;
}

/* The sources of a data set: names for messages, bytes, and how many. labels may be NULL. */
typedef struct dli_idx_files {
    const char    *image_name, *label_name;
    const uint8_t *images, *labels;
    size_t         image_bytes, label_bytes;
} dli_idx_files;

/* Check both sources and make a data set of them. With owner, *owner is the memory that images
   are in, and the data set takes it over (*owner becomes NULL); without, the images are copied. */
static dl_data *dli_idx(dl_ctx *c, const char *who, const dli_idx_files *f, int classes,
                        void **owner)
{
    dl_int size[3], labels = 0, i;
    int32_t *label;
    int32_t most = -1;
    dl_data *d;
    if (classes < 0) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: %d classes; give 1 or more, or 0 for the largest label "
                "+ 1", who, classes);
        return NULL;
    }
    if (!dli_idx_header(c, who, f->image_name, f->images, f->image_bytes, 3, size)) return NULL;
    if (f->labels) {
        if (!dli_idx_header(c, who, f->label_name, f->labels, f->label_bytes, 1, &labels))
            return NULL;
        if (labels != size[0]) {
            dl_fail(c, DL_ERR_FORMAT, "%s: %s has %lld images, but %s has %lld labels", who,
                    f->image_name, (long long)size[0], f->label_name, (long long)labels);
            return NULL;
        }
    }
    d = dli_data_new(c, who, size[0], dl_shape3(1, size[1], size[2]));
    if (!d) return NULL;
    if (f->labels) {
        label = (int32_t *)dli_alloc(c, who, (size_t)labels, sizeof *label);
        if (!label) goto failed;
        d->storage->answers = label;
        d->labels = label;
        for (i = 0; i < labels; i++) {
            label[i] = f->labels[8 + i];
            if (label[i] > most) most = label[i];
        }
        d->classes = classes ? classes : most + 1;
        if (!dli_check_index(c, who, "label", label, labels, d->classes)) goto failed;
    }
    d->scale = 1.0 / 255;
    if (owner) {
        d->storage->samples = *owner;
        *owner = NULL;
        d->bytes = f->images + 16;
    } else {
        d->bytes = (const uint8_t *)dli_data_array(c, who, f->images + 16,
                                                   size[0] * size[1] * size[2], 1, false,
                                                   &d->storage->samples);
        if (!d->bytes) goto failed;
    }
    return d;
failed:
    dli_object_free(d);
    return NULL;
}

DL_DEF dl_data *dl_idx_from_memory(dl_ctx *dl, const void *images, size_t image_bytes,
                                   const void *labels, size_t label_bytes, int classes)
{
    dli_idx_files f;
    if (!dl) return NULL;
    f.image_name = "images";
    f.label_name = "labels";
    f.images = (const uint8_t *)images;
    f.labels = (const uint8_t *)labels;
    f.image_bytes = image_bytes;
    f.label_bytes = label_bytes;
    if (!images) {
        dl_fail(dl, DL_ERR_ARGUMENT, "dl_idx_from_memory: the images are NULL");
        return NULL;
    }
    return dli_idx(dl, "dl_idx_from_memory", &f, classes, NULL);
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
    size_t room = (size_t)1 << 16, used = 0, got;
    uint8_t *p, *more;
    FILE *f;
    errno = 0;
    f = fopen(path, "rb");
    if (!f) {
        dl_fail(c, DL_ERR_FILE, "%s: cannot open %s: %s%s", who, path, dli_reason(errno), hint);
        return NULL;
    }
    p = (uint8_t *)DL_MALLOC(room);
    while (p && (got = fread(p + used, 1, room - used, f)) > 0) {
        used += got;
        if (used < room) continue;
        more = room <= SIZE_MAX / 2 ? (uint8_t *)DL_REALLOC(p, room * 2) : NULL;
        if (!more) {
            DL_FREE(p);
            p = NULL;
        } else {
            p = more;
            room *= 2;
        }
    }
    if (!p) dli_no_memory(c, who, room);
    if (p && ferror(f)) {
        dl_fail(c, DL_ERR_FILE, "%s: cannot read %s: %s%s", who, path, dli_reason(errno), hint);
        DL_FREE(p);
        p = NULL;
    }
    fclose(f);
    if (!p) return NULL;
    *size = used;
    more = (uint8_t *)DL_REALLOC(p, used ? used : 1);       /* give back what was too much */
    return more ? more : p;
}

static dl_data *dli_idx_load(dl_ctx *c, const char *who, const char *images, const char *labels,
                             int classes, const char *hint)
{
    dli_idx_files f;
    dl_data *d = NULL;
    void *image_memory, *label_memory = NULL;
    memset(&f, 0, sizeof f);
    f.image_name = images;
    f.label_name = labels;
    image_memory = dli_read_file(c, who, images, hint, &f.image_bytes);
    if (image_memory && labels)
        label_memory = dli_read_file(c, who, labels, hint, &f.label_bytes);
    f.images = (const uint8_t *)image_memory;
    f.labels = (const uint8_t *)label_memory;
    if (image_memory && (label_memory || !labels)) d = dli_idx(c, who, &f, classes, &image_memory);
    if (image_memory) DL_FREE(image_memory);
    if (label_memory) DL_FREE(label_memory);
    return d;
}

DL_DEF dl_data *dl_idx_load(dl_ctx *dl, const char *images, const char *labels, int classes)
{
    if (!dl) return NULL;
    if (!images) {
        dl_fail(dl, DL_ERR_ARGUMENT, "dl_idx_load: the path of the images is NULL");
        return NULL;
    }
    return dli_idx_load(dl, "dl_idx_load", images, labels, classes, "");
}

DL_DEF dl_data *dl_mnist_load(dl_ctx *dl, const char *dir, dl_split split)
{
    const char *who = "dl_mnist_load", *part = split == DL_TRAIN ? "train" : "t10k", *slash;
    size_t length, room;
    char *images, *labels;
    dl_data *d;
    if (!dl) return NULL;
    if (!dir || (split != DL_TRAIN && split != DL_TEST)) {
        if (!dir) dl_fail(dl, DL_ERR_ARGUMENT, "%s: the directory is NULL", who);
        else dl_fail(dl, DL_ERR_ARGUMENT, "%s: split %d is not DL_TRAIN or DL_TEST", who,
                     (int)split);
        return NULL;
    }
    length = strlen(dir);
    room = length + 32;                         /* "/train-labels-idx1-ubyte" and some */
    slash = length == 0 || dir[length - 1] == '/' || dir[length - 1] == '\\' ? "" : "/";
    images = (char *)dli_alloc(dl, who, 2, room);
    if (!images) return NULL;
    labels = images + room;
    snprintf(images, room, "%s%s%s-images-idx3-ubyte", dir, slash, part);
    snprintf(labels, room, "%s%s%s-labels-idx1-ubyte", dir, slash, part);
    d = dli_idx_load(dl, who, images, labels, 10, "; run from the repository's root, or pass the "
                     "directory that holds MNIST's four unpacked files");
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

/* ---- views ---- */

static dl_data *dli_data_view(const dl_data *d, const char *who, dl_int first, dl_int count)
{
    dl_data *v = (dl_data *)dli_object_new(d->ctx, who, sizeof *v, dli_data_destroy);
    if (!v) return NULL;
    *v = *d;
    v->count = count;
    if (v->bytes) v->bytes += first * dl_shape_size(d->shape);
    if (v->values) v->values += first * dl_shape_size(d->shape);
    if (v->labels) v->labels += first;
    if (v->targets) v->targets += first * dl_shape_size(d->target_shape);
    v->storage->references++;
    return v;
}

DL_DEF dl_data *dl_data_take(const dl_data *d, dl_int first, dl_int count)
{
    if (!d) return NULL;
    if (first < 0 || count < 0 || first > d->count || count > d->count - first) {
        dl_fail(d->ctx, DL_ERR_RANGE, "dl_data_take: %lld samples from %lld on are not in the data "
                "set's %lld", (long long)count, (long long)first, (long long)d->count);
        return NULL;
    }
    return dli_data_view(d, "dl_data_take", first, count);
}

DL_DEF bool dl_data_split(const dl_data *d, double fraction, dl_data **first, dl_data **second)
{
    dl_data *a, *b;
    dl_int n;
    if (!d) return false;
    if (!(fraction >= 0 && fraction <= 1) || !first || !second)
        return dl_fail(d->ctx, DL_ERR_ARGUMENT, "dl_data_split: fraction %g must be from 0 to 1, "
                       "and both results have a place to go", fraction);
    n = (dl_int)floor((double)d->count * fraction + 0.5);
    a = dli_data_view(d, "dl_data_split", 0, d->count - n);
    if (!a) return false;
    b = dli_data_view(d, "dl_data_split", d->count - n, n);
    if (!b) {
        dl_data_free(a);
        return false;
    }
    *first = a;
    *second = b;
    return true;
}

/* ---- batches ----
   An order is the numbers of all samples, shuffled; NULL stands for 0, 1, 2, ... */

/* y[n,D] = the rows order[0..n-1] (NULL: 0..n-1) of values [..,D]. */
static void dli_gather_values(dl_real *y, const dl_real *values, const int32_t *order, dl_int n,
                              dl_int D)
{
    dl_int i;
    if (!order) memcpy(y, values, (size_t)(n * D) * sizeof *y);
    else for (i = 0; i < n; i++) memcpy(y + i * D, values + order[i] * D, (size_t)D * sizeof *y);
}

/* The samples order[first .. first+n-1], which the caller knows to exist, as a batch. Their labels
   go into labels[n]; without an order they are used where they are, and labels may be NULL. False,
   and *batch as it was, when the tape has no room. */
static bool dli_data_batch(const dl_data *d, const int32_t *order, dl_int first, dl_int n,
                           int32_t *labels, dl_batch *batch)
{
    const char *who = "a batch of a data set";
    const dl_int D = dl_shape_size(d->shape), skip = order ? 0 : first;
    dl_tensor *x, *y = NULL;
    dl_int i, M = 0;
    x = dli_tape_tensor(d->ctx, who, dli_batch_shape(n, d->shape));
    if (x && d->targets) y = dli_tape_tensor(d->ctx, who, dli_batch_shape(n, d->target_shape));
    if (!x || (d->targets && !y)) return false;
    if (order) order += first;
    if (d->bytes)
        for (i = 0; i < n; i++)
            dli_bytes_to_real(d->ctx, x->data + i * D,
                              d->bytes + (order ? order[i] : first + i) * D, D, d->scale);
    else dli_gather_values(x->data, d->values + skip * D, order, n, D);
    if (y) {
        M = dl_shape_size(d->target_shape);
        dli_gather_values(y->data, d->targets + skip * M, order, n, M);
    }
    if (d->labels && order) for (i = 0; i < n; i++) labels[i] = d->labels[order[i]];
    batch->x = x;
    batch->y = y;
    batch->labels = !d->labels ? NULL : order ? labels : d->labels + first;
    batch->size = n;
    return true;
}

DL_DEF dl_tensor *dl_data_sample(const dl_data *d, dl_int i)
{
    dl_batch b;
    if (!d) return NULL;
    if (i < 0 || i >= d->count) {
        dl_fail(d->ctx, DL_ERR_RANGE, "dl_data_sample: there is no sample %lld; the data set has "
                "%lld, from 0 on", (long long)i, (long long)d->count);
        return NULL;
    }
    return dli_data_batch(d, NULL, i, 1, NULL, &b) ? b.x : NULL;
}

struct dl_loader {
    dl_data  data;                  /* a view of its own, so that the storage stays */
    dl_int   batch_size;
    dl_int   next;                  /* samples of this epoch handed out yet         */
    dl_rng   rng;
    int32_t *order;                 /* the epoch's, or NULL when nothing shuffles   */
    int32_t *labels;                /* behind it: room for a batch's labels         */
};

static void dli_loader_destroy(void *object)
{
    dl_loader *l = (dl_loader *)object;
    dli_storage_release(l->data.storage);
    if (l->order) DL_FREE(l->order);
}

DL_DEF dl_loader *dl_loader_new(const dl_data *d, dl_int batch_size, bool shuffle)
{
    const char *who = "dl_loader_new";
    dl_loader *l;
    if (!d) return NULL;
    if (batch_size < 1 || d->count < 1) {
        if (batch_size < 1)
            dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: batch size %lld; give 1 or more", who,
                    (long long)batch_size);
        else dl_fail(d->ctx, DL_ERR_ARGUMENT, "%s: the data set is empty", who);
        return NULL;
    }
    l = (dl_loader *)dli_object_new(d->ctx, who, sizeof *l, dli_loader_destroy);
    if (!l) return NULL;
    l->data = *d;
    l->data.storage->references++;
    l->batch_size = batch_size < d->count ? batch_size : d->count;
    if (!shuffle) return l;
    l->order = (int32_t *)dli_alloc(d->ctx, who, (size_t)d->count + (size_t)l->batch_size,
                                    sizeof *l->order);
    if (!l->order) {
        dli_object_free(l);
        return NULL;
    }
    l->labels = l->order + d->count;
    /* A stream of its own: what else draws from the context's does not change the order, and a
       loader that does not shuffle (for evaluating, say) has drawn nothing at all. */
    l->rng = dl_rng_new(dl_rng_u64(&d->ctx->rng), 0);
    return l;
}

DL_DEF void dl_loader_free(dl_loader *l) { dli_object_free(l); }

DL_DEF dl_int dl_loader_batch_count(const dl_loader *l)
{
    return l ? l->data.count / l->batch_size + (l->data.count % l->batch_size > 0) : 0;
}

DL_DEF bool dl_loader_next(dl_loader *l, dl_batch *batch)
{
    dl_rng rng;
    dl_int n;
    if (!l || !batch) return false;
    n = l->data.count - l->next;
    if (n == 0) {
        l->next = 0;
        return false;
    }
    if (n > l->batch_size) n = l->batch_size;
    rng = l->rng;
    if (l->next == 0 && l->order) dl_rng_permutation(&l->rng, l->order, l->data.count);
    if (!dli_data_batch(&l->data, l->order, l->next, n, l->labels, batch)) {
        if (l->next == 0) l->rng = rng;     /* the next try shuffles alike */
        return false;
    }
    batch->number = l->next / l->batch_size;
    l->next += n;
    return true;
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
    int k;
    if (!(i > -1 && i < (double)H && j > -1 && j < (double)W)) return fill;
    for (k = 0; k < 4; k++) {
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
    dl_int c, p, q;
    for (p = 0; p < H; p++)
        for (q = 0; q < W; q++) {
            const double u = (double)p - cy - dy, v = (double)q - cx - dx;
            const double i = cy + down * (cosine * u - sine * v);
            const double j = cx + right * (sine * u + cosine * v);
            for (c = 0; c < C; c++)
                y[(c * H + p) * W + q] =
                    (dl_real)dli_bilinear(x + c * H * W, H, W, i, j, a->fill);
        }
}

DL_DEF dl_tensor *dl_augment_batch(dl_tensor *x, const dl_augment *a, dl_rng *r)
{
    const char *who = "dl_augment_batch";
    dl_ctx *c = dli_inputs(who, &x, 1);
    char s[DLI_SHAPE_TEXT];
    dl_tensor *y;
    uint64_t key;
    bool moves;
    dl_int n, i, size;
    if (!c) return NULL;
    if (!a) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: the options are NULL", who);
        return NULL;
    }
    if (!(a->shift >= 0 && a->shift <= 1 && a->rotate >= 0 && a->rotate <= 180 && a->scale >= 0 &&
          a->scale < 1 && a->flip_h >= 0 && a->flip_h <= 1 && a->flip_v >= 0 && a->flip_v <= 1 &&
          a->noise >= 0 && fabs(a->fill) <= DBL_MAX)) {
        dl_fail(c, DL_ERR_ARGUMENT, "%s: shift %g, rotate %g, scale %g, flip_h %g, flip_v %g, "
                "noise %g, fill %g: one is out of its range", who, a->shift, a->rotate, a->scale,
                a->flip_h, a->flip_v, a->noise, a->fill);
        return NULL;
    }
    moves = a->shift > 0 || a->rotate > 0 || a->scale > 0 || a->flip_h > 0 || a->flip_v > 0;
    if (moves && x->shape.rank != 4) {
        dl_fail(c, DL_ERR_SHAPE, "%s: input %s must be [N,C,H,W]", who,
                dli_shape_text(s, x->shape));
        return NULL;
    }
    y = dli_tape_tensor(c, who, x->shape);
    if (!y) return NULL;
    key = dl_rng_u64(r ? r : &c->rng);            /* a stream for each image */
    n = x->shape.rank ? x->shape.dim[0] : 1;
    size = n ? x->size / n : 0;
    for (i = 0; i < n; i++) {
        dl_rng own = dl_rng_new(key, (uint64_t)i);
        const dl_real *from = x->data + i * size;
        dl_real *to = y->data + i * size;
        dl_int k;
        if (moves)
            dli_augment_image(to, from, x->shape.dim[1], x->shape.dim[2], x->shape.dim[3], a, &own);
        else memcpy(to, from, (size_t)size * sizeof *to);
        for (k = 0; a->noise > 0 && k < size; k++)
            to[k] += (dl_real)(a->noise * dl_rng_normal(&own));
    }
    return y;
}

/* -------------------------------------------------------------------------- >>files-impl ----
   safetensors, the whole format:

       8 bytes   N, the length of the header, the least significant byte first
       N bytes   {"dense_1.weight":{"dtype":"F32","shape":[512,784],"data_offsets":[0,1605632]},
                 ...,"__metadata__":{...}}, padded with spaces
       the rest  the numbers, row-major, little-endian; data_offsets count from here

   A file comes from anywhere, so the reader believes nothing in it, and it touches the model only
   when all of it has been checked.
   ------------------------------------------------------------------------------------------ */

/* Numbers are put together byte by byte: that is right on machines of either byte order. */
static uint64_t dli_get_bytes(const uint8_t *p, int n)
{
    uint64_t v = 0;
    while (n-- > 0) v = v << 8 | p[n];
    return v;
}

static dl_real dli_get_real(const uint8_t *p, bool wide)
{
    float f;
    double d;
    uint64_t bits = dli_get_bytes(p, wide ? 8 : 4);
    uint32_t low = (uint32_t)bits;
    memcpy(&f, &low, sizeof f);
    if (!wide) return (dl_real)f;
    memcpy(&d, &bits, sizeof d);
    if (!DLI_DOUBLE && d > (double)FLT_MAX) return (dl_real)INFINITY;  /* C leaves such a cast */
    if (!DLI_DOUBLE && d < -(double)FLT_MAX) return (dl_real)-INFINITY; /* undefined           */
    return (dl_real)d;
}

/* ---- as much JSON as such a header needs ----
   Every function leaves p where it stopped. wrong is what should have been there; once it is set,
   everything fails. Nothing reads at or behind end. */
typedef struct dli_json { const uint8_t *p, *end; const char *wrong; } dli_json;

static bool dli_json_wrong(dli_json *j, const char *expected)
{
    if (!j->wrong) j->wrong = expected;
    return false;
}

/* The byte at p if there is one, else -1. */
static int dli_json_byte(const dli_json *j) { return j->p < j->end ? *j->p : -1; }

/* The same, behind white space. */
static int dli_json_peek(dli_json *j)
{
    int b = dli_json_byte(j);
    while (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
        j->p++;
        b = dli_json_byte(j);
    }
    return b;
}

/* Is c next? Then go past it. */
static bool dli_json_take(dli_json *j, char c)
{
    if (j->wrong || dli_json_peek(j) != c) return false;
    j->p++;
    return true;
}

static bool dli_json_expect(dli_json *j, char c, const char *expected)
{
    return dli_json_take(j, c) || dli_json_wrong(j, expected);
}

/* The four hexadecimal digits behind \u, or -1. */
static int dli_json_hex(dli_json *j)
{
    int i, v = 0;
    for (i = 0; i < 4; i++) {
        int b = dli_json_byte(j);
        if (b >= '0' && b <= '9') v = v * 16 + b - '0';
        else if (b >= 'a' && b <= 'f') v = v * 16 + b - 'a' + 10;
        else if (b >= 'A' && b <= 'F') v = v * 16 + b - 'A' + 10;
        else return dli_json_wrong(j, "four hexadecimal digits"), -1;
        j->p++;
    }
    return v;
}

/* What stands behind a backslash: a code point, or -1. */
static int dli_json_escape(dli_json *j)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int b = dli_json_byte(j), i, low;
    for (i = 0; from[i]; i++)
        if (b == from[i]) {
            j->p++;
            return to[i];
        }
    if (b != 'u') return dli_json_wrong(j, "one of \"\\/bfnrtu"), -1;
    j->p++;
    b = dli_json_hex(j);
    if (b < 0xD800 || b > 0xDFFF) return b;
    if (b > 0xDBFF || j->end - j->p < 6 || j->p[0] != '\\' || j->p[1] != 'u')
        return dli_json_wrong(j, "the other half of a surrogate pair"), -1;
    j->p += 2;
    low = dli_json_hex(j);
    if (low < 0xDC00 || low > 0xDFFF)
        return dli_json_wrong(j, "the other half of a surrogate pair"), -1;
    return 0x10000 + (b - 0xD800) * 0x400 + (low - 0xDC00);
}

/* A string, decoded to UTF-8. What is longer than room - 1 bytes is read but not kept. A control
   character becomes "?": the text may end up in a message on someone's terminal. */
static bool dli_json_string(dli_json *j, char *text, size_t room)
{
    size_t n = 0;
    text[0] = 0;
    if (!dli_json_expect(j, '"', "a string")) return false;
    while (dli_json_byte(j) != '"') {
        char out[4];
        int b = dli_json_byte(j), bytes = 1, i;
        if (b < ' ') return dli_json_wrong(j, "the end of the string");
        j->p++;
        if (b == '\\') {
            if ((b = dli_json_escape(j)) < 0) return false;
            bytes = b < 0x80 ? 1 : b < 0x800 ? 2 : b < 0x10000 ? 3 : 4;
        }
        if (bytes == 1) out[0] = (char)(b < ' ' || b == 0x7F ? '?' : b);
        else {
            out[0] = (char)((0xF00 >> bytes & 0xFF) | b >> 6 * (bytes - 1));
            for (i = 1; i < bytes; i++) out[i] = (char)(0x80 | (b >> 6 * (bytes - 1 - i) & 0x3F));
        }
        for (i = 0; i < bytes; i++)
            if (n + 1 < room) text[n++] = out[i];
    }
    text[n] = 0;
    j->p++;
    return true;
}

/* A whole number 0, 1, ... that a size can be. */
static bool dli_json_count(dli_json *j, dl_int *count)
{
    const dl_int most = PTRDIFF_MAX;
    dl_int n = 0;
    int b = dli_json_peek(j), digits = 0;
    for (; b >= '0' && b <= '9'; b = dli_json_byte(j)) {
        b -= '0';
        if (digits++ && n == 0) return dli_json_wrong(j, "a number without leading zeros");
        if (n > (most - b) / 10) return dli_json_wrong(j, "a smaller number");
        n = n * 10 + b;
        j->p++;
    }
    *count = n;
    return digits > 0 || dli_json_wrong(j, "a whole number");
}

/* [1,2,3]: at most most numbers; how many into *n. */
static bool dli_json_counts(dli_json *j, dl_int *count, int most, int *n)
{
    *n = 0;
    if (!dli_json_expect(j, '[', "[")) return false;
    if (dli_json_take(j, ']')) return true;
    do {
        if (*n == most) return dli_json_wrong(j, "fewer numbers");
        if (!dli_json_count(j, &count[(*n)++])) return false;
    } while (dli_json_take(j, ','));
    return dli_json_expect(j, ']', ", or ]");
}

/* Inside {...}: the next key and its colon. False at the end, or (with j->wrong) without a key. */
static bool dli_json_key(dli_json *j, bool *first, char *key, size_t room)
{
    if (dli_json_take(j, '}')) return false;
    if (!*first && !dli_json_expect(j, ',', ", or }")) return false;
    *first = false;
    return dli_json_string(j, key, room) && dli_json_expect(j, ':', ":");
}

/* One or more digits. */
static bool dli_json_digits(dli_json *j)
{
    const uint8_t *start = j->p;
    while (dli_json_byte(j) >= '0' && dli_json_byte(j) <= '9') j->p++;
    return j->p > start || dli_json_wrong(j, "a digit");
}

static bool dli_json_skip_number(dli_json *j)
{
    if (dli_json_byte(j) == '-') j->p++;
    if (dli_json_byte(j) == '0') j->p++;
    else if (!dli_json_digits(j)) return false;
    if (dli_json_byte(j) == '.') {
        j->p++;
        if (!dli_json_digits(j)) return false;
    }
    if (dli_json_byte(j) == 'e' || dli_json_byte(j) == 'E') {
        j->p++;
        if (dli_json_byte(j) == '+' || dli_json_byte(j) == '-') j->p++;
        if (!dli_json_digits(j)) return false;
    }
    return true;
}

/* Go past any value; at most depth arrays and objects may be nested in it. */
static bool dli_json_skip(dli_json *j, int depth)
{
    static const char *const words[] = { "true", "false", "null" };
    char text[8];
    bool first = true;
    int b, i;
    if (j->wrong) return false;
    b = dli_json_peek(j);
    if (b == '"') return dli_json_string(j, text, sizeof text);
    if (b == '-' || (b >= '0' && b <= '9')) return dli_json_skip_number(j);
    for (i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(j->end - j->p) < n || memcmp(j->p, words[i], n) != 0) continue;
        j->p += n;
        return true;
    }
    if (b != '[' && b != '{') return dli_json_wrong(j, "a value");
    if (depth == 0) return dli_json_wrong(j, "less nesting");
    j->p++;
    if (b == '{') {
        while (dli_json_key(j, &first, text, sizeof text)) dli_json_skip(j, depth - 1);
        return !j->wrong;
    }
    if (dli_json_take(j, ']')) return true;
    do {
        if (!dli_json_skip(j, depth - 1)) return false;
    } while (dli_json_take(j, ','));
    return dli_json_expect(j, ']', ", or ]");
}

/* ---- reading ---- */

#define DLI_JSON_DEPTH 16

/* What the header says of one tensor. */
typedef struct dli_saved {
    bool     found, wide;           /* wide: F64, else F32                                    */
    char     type[16];
    dl_shape shape;
    dl_int   begin, end;
} dli_saved;

/* What is saved or loaded, and the function that does it. */
typedef struct dli_list {
    dl_ctx            *ctx;
    const char        *who, *what;  /* "dl_save", "the list"                                  */
    dl_tensor *const  *tensor;
    int                tensors;
} dli_list;

static dli_list dli_list_of(dl_ctx *c, const char *who, const char *what, dl_tensor *const *tensor,
                            int tensors)
{
    dli_list l;
    l.ctx = c;
    l.who = who;
    l.what = what;
    l.tensor = tensor;
    l.tensors = tensors;
    return l;
}

static dli_list dli_model_list(const dl_model *m, const char *who)
{
    return dli_list_of(m->ctx, who, "the model", m->tensor, m->tensors);
}

/* The list of a caller's tensors, if they are all usable. NULL means that making one has failed. */
static bool dli_check_list(dli_list *l, dl_ctx *c, const char *who, dl_tensor *const *tensor, int n)
{
    *l = dli_list_of(c, who, "the list", tensor, n);
    if (!c) return false;
    if (!tensor || n < 1)
        return dl_fail(c, DL_ERR_ARGUMENT, "%s: there are no tensors; give 1 or more", who);
    return dli_inputs(who, tensor, n) == c ||
           dl_fail(c, DL_ERR_ARGUMENT, "%s: a tensor is NULL or of another context", who);
}

/* The name that tensor i has in a file: its own, or its number. */
static const char *dli_list_name(char number[16], const dli_list *l, int i)
{
    if (l->tensor[i]->name[0]) return l->tensor[i]->name;
    snprintf(number, 16, "%d", i);
    return number;
}

/* A file being read, and where to complain. */
typedef struct dli_weights {
    dl_ctx     *ctx;
    const char *who, *from;         /* the function, and the path or "buffer"                 */
    const uint8_t *header, *data;
    dl_int      header_size, data_size;
    dli_json    json;
} dli_weights;

static bool dli_bad_header(dli_weights *w)
{
    return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: %s: its header is no safetensors header: byte %lld "
                   "of %lld should be %s", w->who, w->from, (long long)(w->json.p - w->header),
                   (long long)w->header_size, w->json.wrong);
}

/* Read {"dtype":...,"shape":...,"data_offsets":...}, in any order; other keys are passed over. */
static bool dli_read_entry(dli_weights *w, dli_saved *s)
{
    dli_json *j = &w->json;
    char key[16];
    bool first = true, type = false, shape = false, offsets = false;
    dl_int offset[2];
    int n;
    memset(s, 0, sizeof *s);
    if (!dli_json_expect(j, '{', "{")) return dli_bad_header(w);
    while (dli_json_key(j, &first, key, sizeof key)) {
        bool *seen = strcmp(key, "dtype") == 0 ? &type : strcmp(key, "shape") == 0 ? &shape :
                     strcmp(key, "data_offsets") == 0 ? &offsets : NULL;
        if (seen && *seen) dli_json_wrong(j, "a key that was not there before");
        else if (!seen) dli_json_skip(j, DLI_JSON_DEPTH);
        else if (seen == &type) dli_json_string(j, s->type, sizeof s->type);
        else if (seen == &shape) dli_json_counts(j, s->shape.dim, DL_MAX_DIMS, &s->shape.rank);
        else if (dli_json_counts(j, offset, 2, &n) && n != 2)
            dli_json_wrong(j, "two offsets before the ]");
        if (seen) *seen = true;
    }
    if (!j->wrong && !(type && shape && offsets))
        dli_json_wrong(j, "behind a dtype, a shape and data_offsets");
    if (j->wrong) return dli_bad_header(w);
    s->begin = offset[0];
    s->end = offset[1];
    return true;
}

/* Does what the header says of a tensor fit the tensor t of that name, and the file? */
static bool dli_check_entry(dli_weights *w, dli_saved *s, const char *name, const dl_tensor *t,
                            const char *what)
{
    char a[DLI_SHAPE_TEXT], b[DLI_SHAPE_TEXT];
    dl_int width;
    if (s->found)
        return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: %s has tensor '%s' twice", w->who, w->from,
                       name);
    if (!dl_shape_equal(s->shape, t->shape))
        return dl_fail(w->ctx, DL_ERR_SHAPE, "%s: tensor '%s' is %s in %s, but %s in %s",
                       w->who, name, dli_shape_text(a, s->shape), w->from,
                       dli_shape_text(b, t->shape), what);
    s->wide = strcmp(s->type, "F64") == 0;
    if (!s->wide && strcmp(s->type, "F32") != 0)
        return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: tensor '%s' in %s has type %s; only F32 and "
                       "F64 can be read", w->who, name, w->from, s->type);
    width = s->wide ? 8 : 4;
    if (s->begin > s->end || s->end > w->data_size || s->end - s->begin != t->size * width)
        return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: tensor '%s' in %s is said to be bytes %lld to "
                       "%lld of %lld; its %lld numbers take %lld", w->who, name, w->from,
                       (long long)s->begin, (long long)s->end, (long long)w->data_size,
                       (long long)t->size, (long long)(t->size * width));
    s->found = true;
    return true;
}

/* Read the header into saved[], one entry a tensor of the list. */
static bool dli_read_header(dli_weights *w, const dli_list *m, dli_saved *saved)
{
    const int n = m->tensors;
    char name[2 * DL_NAME_MAX], a[DLI_SHAPE_TEXT], number[16];
    dli_json *j = &w->json;
    bool first = true;
    int i;
    j->p = w->header;
    j->end = w->header + w->header_size;
    j->wrong = NULL;
    if (dli_json_byte(j) != '{') dli_json_wrong(j, "{");
    else j->p++;
    while (dli_json_key(j, &first, name, sizeof name)) {
        dli_saved s;
        if (strcmp(name, "__metadata__") == 0) {
            dli_json_skip(j, DLI_JSON_DEPTH);
            continue;
        }
        if (!dli_read_entry(w, &s)) return false;
        for (i = 0; i < n; i++) if (strcmp(name, dli_list_name(number, m, i)) == 0) break;
        if (i == n)
            return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: tensor '%s' %s in %s is not in %s%s%s%s",
                           w->who, name, dli_shape_text(a, s.shape), w->from, m->what,
                           n ? ", which begins with '" : ", which has none",
                           n ? dli_list_name(number, m, 0) : "", n ? "'" : "");
        s.found = saved[i].found;
        if (!dli_check_entry(w, &s, name, m->tensor[i], m->what)) return false;
        saved[i] = s;
    }
    if (!j->wrong && dli_json_peek(j) != -1) dli_json_wrong(j, "a space: it is behind the last }");
    return j->wrong ? dli_bad_header(w) : true;
}

/* Is every tensor there, and every byte of the data in exactly one of them? */
static bool dli_check_complete(dli_weights *w, const dli_list *m, const dli_saved *saved)
{
    const int n = m->tensors;
    char a[DLI_SHAPE_TEXT], number[16], other[16];
    dl_int left = w->data_size;
    int i, k;
    for (i = 0; i < n; i++) {
        const dl_tensor *t = m->tensor[i];
        if (!saved[i].found)
            return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: %s's tensor '%s' %s is missing in %s",
                           w->who, m->what, dli_list_name(number, m, i),
                           dli_shape_text(a, t->shape), w->from);
        for (k = 0; k < i; k++)
            if (saved[i].begin < saved[k].end && saved[k].begin < saved[i].end)
                return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: tensors '%s' and '%s' in %s overlap",
                               w->who, dli_list_name(other, m, k), dli_list_name(number, m, i),
                               w->from);
        left -= saved[i].end - saved[i].begin;   /* can't go below 0: they are inside, apart */
    }
    if (left != 0)
        return dl_fail(w->ctx, DL_ERR_FORMAT, "%s: %s has %lld bytes of data, %lld of them in no "
                       "tensor", w->who, w->from, (long long)w->data_size, (long long)left);
    return true;
}

static bool dli_load_list(const dli_list *m, const char *from, const uint8_t *bytes, size_t size)
{
    const char *who = m->who;
    dli_weights w;
    dli_saved *saved;
    const int n = m->tensors;
    uint64_t header;
    dl_int e;
    bool ok;
    int i;
    memset(&w, 0, sizeof w);
    w.ctx = m->ctx;
    w.who = who;
    w.from = from;
    header = size < 8 ? 0 : dli_get_bytes(bytes, 8);
    if (size < 8 || size > PTRDIFF_MAX || header > size - 8)
        return dl_fail(w.ctx, DL_ERR_FORMAT, "%s: %s is cut off, or no safetensors file: of its "
                       "%llu bytes the header should take 8 + %llu", who, from,
                       (unsigned long long)size, (unsigned long long)header);
    w.header = bytes + 8;
    w.header_size = (dl_int)header;
    w.data = w.header + header;
    w.data_size = (dl_int)(size - 8 - (size_t)header);
    saved = (dli_saved *)dli_alloc(w.ctx, who, (size_t)n, sizeof *saved);
    if (!saved) return false;
    ok = dli_read_header(&w, m, saved) && dli_check_complete(&w, m, saved);
    for (i = 0; ok && i < n; i++) {
        dl_tensor *t = m->tensor[i];
        const uint8_t *p = w.data + saved[i].begin;
        for (e = 0; e < t->size; e++, p += saved[i].wide ? 8 : 4)
            t->data[e] = dli_get_real(p, saved[i].wide);
        ++*dli_version(t);
    }
    DL_FREE(saved);
    return ok;
}

DL_DEF bool dl_model_load_weights_from_memory(dl_model *m, const void *bytes, size_t size)
{
    const char *who = "dl_model_load_weights_from_memory";
    dli_list list;
    if (!m) return false;
    if (!bytes) return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the buffer is NULL", who);
    list = dli_model_list(m, who);
    return dli_load_list(&list, "the buffer", (const uint8_t *)bytes, size);
}

DL_DEF bool dl_load_from_memory(dl_ctx *dl, const void *bytes, size_t size,
                                dl_tensor *const *tensors, int n)
{
    const char *who = "dl_load_from_memory";
    dli_list list;
    if (!dli_check_list(&list, dl, who, tensors, n)) return false;
    if (!bytes) return dl_fail(dl, DL_ERR_ARGUMENT, "%s: the buffer is NULL", who);
    return dli_load_list(&list, "the buffer", (const uint8_t *)bytes, size);
}

#ifndef DL_NO_STDIO
static bool dli_load_file(const dli_list *m, const char *path)
{
    uint8_t *bytes;
    size_t size;
    bool ok;
    if (!path) return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the path is NULL", m->who);
    bytes = dli_read_file(m->ctx, m->who, path, "", &size);
    if (!bytes) return false;
    ok = dli_load_list(m, path, bytes, size);
    DL_FREE(bytes);
    return ok;
}

DL_DEF bool dl_model_load_weights(dl_model *m, const char *path)
{
    dli_list list;
    if (!m) return false;
    list = dli_model_list(m, "dl_model_load_weights");
    return dli_load_file(&list, path);
}

DL_DEF bool dl_load(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n)
{
    dli_list list;
    return dli_check_list(&list, dl, "dl_load", tensors, n) && dli_load_file(&list, path);
}

/* ---- writing ---- */

/* The low n bytes of v, the least significant one first. */
static void dli_put_bytes(uint8_t *p, uint64_t v, int n)
{
    int i;
    for (i = 0; i < n; i++) p[i] = (uint8_t)(v >> 8 * i & 0xFF);
}

static bool dli_write_reals(FILE *f, const dl_real *x, dl_int n)
{
#if DLI_DOUBLE
    uint64_t bits;
#else
    uint32_t bits;
#endif
    uint8_t buffer[4096];
    const dl_int most = (dl_int)(sizeof buffer / sizeof bits);
    dl_int i, k;
    for (; n > 0; n -= k, x += k) {
        k = n < most ? n : most;
        for (i = 0; i < k; i++) {
            memcpy(&bits, &x[i], sizeof bits);
            dli_put_bytes(buffer + (size_t)i * sizeof bits, bits, (int)sizeof bits);
        }
        if (fwrite(buffer, sizeof bits, (size_t)k, f) != (size_t)k) return false;
    }
    return true;
}

#define DLI_ENTRY_MAX 384           /* more than a name, six sizes and two offsets can take */

/* The header, for DL_FREE, its length (with padding) into *length; NULL with a message. */
static char *dli_weights_header(const dli_list *m, size_t *length)
{
    const int n = m->tensors;
    const size_t room = ((size_t)n + 1) * DLI_ENTRY_MAX;
    char *text = (char *)dli_alloc(m->ctx, m->who, room, 1), number[16], other[16];
    long long offset = 0, end;
    size_t at;
    int i, k;
    if (!text) return NULL;
    at = (size_t)snprintf(text, room, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (i = 0; i < n; i++) {
        const dl_tensor *t = m->tensor[i];
        const char *name = dli_list_name(number, m, i), *s;
        bool plain = true;
        for (s = name; *s; s++)
            if (*s == '"' || *s == '\\' || (*s > 0 && *s < ' ') || *s == 0x7F) plain = false;
        for (k = 0; k < i; k++)
            if (strcmp(dli_list_name(other, m, k), name) == 0) plain = false;
        if (!plain) {
            dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: tensor %d is named '%s'; names must be "
                    "unique, and without quotes, backslashes and control characters", m->who, i,
                    name);
            DL_FREE(text);
            return NULL;
        }
        at += (size_t)snprintf(text + at, room - at, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                               name, DLI_DOUBLE ? "F64" : "F32");
        for (k = 0; k < t->shape.rank; k++)
            at += (size_t)snprintf(text + at, room - at, k ? ",%lld" : "%lld",
                                   (long long)t->shape.dim[k]);
        end = offset + (long long)t->size * (long long)sizeof(dl_real);
        at += (size_t)snprintf(text + at, room - at, "],\"data_offsets\":[%lld,%lld]}", offset,
                               end);
        offset = end;
    }
    text[at++] = '}';
    while (at % 8 != 0) text[at++] = ' ';       /* so that the numbers are aligned in the file */
    *length = at;
    return text;
}

static bool dli_write_weights(const dli_list *m, const char *path, const char *header,
                              size_t length)
{
    uint8_t size[8];
    FILE *f = fopen(path, "wb");
    bool ok;
    int i, error;
    if (!f) return false;
    dli_put_bytes(size, length, 8);
    ok = fwrite(size, 1, 8, f) == 8 && fwrite(header, 1, length, f) == length;
    for (i = 0; ok && i < m->tensors; i++)
        ok = dli_write_reals(f, m->tensor[i]->data, m->tensor[i]->size);
    error = errno;
    if (fclose(f) != 0) {                       /* a full disk often shows only here */
        if (ok) error = errno;
        ok = false;
    }
    if (!ok) remove(path);
    errno = error;
    return ok;
}

/* Give the file temporary the name path, in place of what has it now. */
static bool dli_replace_file(dl_ctx *c, const char *who, const char *temporary, const char *path)
{
    FILE *f;
    int error;
    if (rename(temporary, path) == 0) return true;
    error = errno;
    f = fopen(path, "rb+");         /* On Windows rename never replaces. If a file (not, say, a */
    if (f) {                        /* directory) is what is in the way, remove it ourselves.   */
        fclose(f);
        if (remove(path) == 0) {
            if (rename(temporary, path) == 0) return true;
            return dl_fail(c, DL_ERR_FILE, "%s: cannot rename %s to %s: %s; the weights are in "
                           "the first of the two", who, temporary, path, dli_reason(errno));
        }
    }
    remove(temporary);
    return dl_fail(c, DL_ERR_FILE, "%s: cannot replace %s: %s", who, path, dli_reason(error));
}

static bool dli_save_list(const dli_list *m, const char *path)
{
    const char *who = m->who;
    char *header, *temporary;
    size_t length, room;
    bool ok = false;
    if (!path) return dl_fail(m->ctx, DL_ERR_ARGUMENT, "%s: the path is NULL", who);
    header = dli_weights_header(m, &length);
    if (!header) return false;
    room = strlen(path) + 8;
    temporary = (char *)dli_alloc(m->ctx, who, room, 1);
    if (temporary) {
        snprintf(temporary, room, "%s.tmp", path);
        errno = 0;
        ok = dli_write_weights(m, temporary, header, length);
        if (ok) ok = dli_replace_file(m->ctx, who, temporary, path);
        else dl_fail(m->ctx, DL_ERR_FILE, "%s: cannot write %s: %s", who, temporary,
                     dli_reason(errno));
        DL_FREE(temporary);
    }
    DL_FREE(header);
    return ok;
}

DL_DEF bool dl_model_save_weights(const dl_model *m, const char *path)
{
    dli_list list;
    if (!m) return false;
    list = dli_model_list(m, "dl_model_save_weights");
    return dli_save_list(&list, path);
}

DL_DEF bool dl_save(dl_ctx *dl, const char *path, dl_tensor *const *tensors, int n)
{
    dli_list list;
    return dli_check_list(&list, dl, "dl_save", tensors, n) && dli_save_list(&list, path);
}
#endif

/* -------------------------------------------------------------------------- >>debug-impl ---- */

/* Text that is cut off at size bytes, but counted to its end; rows: a line for each row. */
typedef struct dli_text { char *at; size_t size, length; bool rows; } dli_text;

static void dli_put(dli_text *out, const char *s)
{
    for (; *s; s++, out->length++)
        if (out->length + 1 < out->size) out->at[out->length] = *s;
}

/* A number in at most 6 digits. NaN and the infinities are spelled here, because C libraries
   differ ("-nan", "1.#INF"), and some locales write a comma for the point. */
static void dli_put_number(dli_text *out, double x)
{
    char s[32], *comma;
    if (dli_isnan(x)) { dli_put(out, "nan"); return; }
    if (fabs(x) > DBL_MAX) { dli_put(out, x > 0 ? "inf" : "-inf"); return; }
    snprintf(s, sizeof s, "%g", x);
    if ((comma = strchr(s, ',')) != NULL) *comma = '.';
    dli_put(out, s);
}

/* What stands between two elements of an axis: a comma, and in rows one line end between rows, two
   between matrices and so on, as in NumPy. */
static void dli_put_comma(dli_text *out, int axis, int rank)
{
    int i;
    dli_put(out, ",");
    for (i = axis + 1; out->rows && i < rank; i++) dli_put(out, "\n");
    if (!out->rows || axis == rank - 1) dli_put(out, " ");
    else for (i = 0; i <= axis; i++) dli_put(out, " ");
}

/* The part of a tensor of this shape that starts at x, from an axis on: [a, b, c, ..., y, z]. */
static void dli_put_axis(dli_text *out, const dl_real *x, dl_shape shape, int axis)
{
    dl_int i, n, step = 1;
    int d;
    if (axis == shape.rank) { dli_put_number(out, (double)x[0]); return; }
    n = shape.dim[axis];
    for (d = axis + 1; d < shape.rank; d++) step *= shape.dim[d];
    dli_put(out, "[");
    for (i = 0; i < n; i++) {
        if (i > 0) dli_put_comma(out, axis, shape.rank);
        if (n > 6 && i == 3) {
            dli_put(out, "...");
            dli_put_comma(out, axis, shape.rank);
            i = n - 3;
        }
        dli_put_axis(out, x + i * step, shape, axis + 1);
    }
    dli_put(out, "]");
}

/* A whole tensor, always terminated; returns the full length. */
static size_t dli_put_tensor(char *buffer, size_t size, const dl_tensor *t, bool rows)
{
    dli_text out;
    out.at = buffer;
    out.size = buffer ? size : 0;
    out.length = 0;
    out.rows = rows;
    if (!t) dli_put(&out, "(null)");
    else if (!t->ctx) dli_put(&out, "(none)");
    else if (!dli_usable("dl_format", t)) dli_put(&out, "(stale)");
    else dli_put_axis(&out, t->data, t->shape, 0);
    if (out.size > 0) buffer[out.length < out.size ? out.length : out.size - 1] = 0;
    return out.length;
}

DL_DEF int dl_format(char *buffer, size_t size, const dl_tensor *t)
{
    return (int)dli_put_tensor(buffer, size, t, false);
}

#ifndef DL_NO_STDIO
DL_DEF void dl_print(const dl_tensor *t)
{
    char s[DLI_SHAPE_TEXT], small[128], *text = small;
    size_t length = dli_put_tensor(small, sizeof small, t, true);
    if (!t || !t->ctx || !dli_alive(t)) {
        printf("%s\n", small);
        return;
    }
    if (length >= sizeof small) {                /* an axis shows 6 at most: never very long */
        text = (char *)dli_alloc(t->ctx, "dl_print", length + 1, 1);
        if (!text) return;
        dli_put_tensor(text, length + 1, t, true);
    }
    printf("%s %s =%s%s\n", t->name[0] ? t->name : "tensor", dli_shape_text(s, t->shape),
           t->shape.rank > 1 ? "\n" : " ", text);
    if (text != small) DL_FREE(text);
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
    dl_tensor *t;
    k->ctx->no_grad = true;
    t = k->f(k->ctx, k->user);
    *loss = t ? dl_item(t) : (double)NAN;
    dli_check_restore(k);
    return t != NULL;
}

/* (f(p+h) - f(p-h)) / 2h in p, an element of a parameter. 2h is taken as what the rounded p+h and
   p-h really differ by. False when f fails. */
static bool dli_numeric_gradient(const dli_check *k, dl_real *p, double h, double *gradient)
{
    const dl_real old = *p;
    double plus, minus, step;
    bool ok;
    *p = (dl_real)((double)old + h);
    step = (double)*p;
    ok = dli_check_loss(k, &plus);
    *p = (dl_real)((double)old - h);
    step -= (double)*p;
    ok = ok && dli_check_loss(k, &minus);
    *p = old;
    if (ok) *gradient = (plus - minus) / step;
    return ok;
}

/* The gradients of all parameters, one behind the other, out of the tensors or back into them. */
static void dli_copy_grads(dl_real *all, dl_tensor *const *params, int n, bool back)
{
    int i;
    for (i = 0; i < n; all += params[i++]->size) {
        dl_real *g = params[i]->grad;
        if (!g) continue;
        if (back) memcpy(g, all, (size_t)params[i]->size * sizeof *g);
        else memcpy(all, g, (size_t)params[i]->size * sizeof *g);
    }
}

/* Analytic against numeric gradient of element j of parameter i: into the report. */
static void dli_compare(dl_gradcheck_report *r, int i, dl_int j, double analytic, double numeric)
{
    const double tolerance = DLI_DOUBLE ? 1e-6 : 2e-2, floor = DLI_DOUBLE ? 1e-9 : 1e-3;
    double larger = fmax(fabs(analytic), fabs(numeric));
    double excess = fabs(analytic - numeric) - floor;
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
    dli_check k;
    dl_tensor *loss;
    dl_real *saved, *analytic;
    dl_int total = 0, j;
    double numeric = 0;
    bool ok;
    int i;
    memset(&r, 0, sizeof r);
    r.worst_param = -1;
    r.worst_index = -1;
    if (!dl) return r;
    ok = f && params && n >= 1;
    for (i = 0; ok && i < n; i++) {
        ok = params[i] && params[i]->ctx == dl && dli_usable("dl_gradcheck", params[i]) &&
             params[i]->requires_grad && !params[i]->node;
        if (ok) total += params[i]->size;
    }
    if (!ok) {
        dl_fail(dl, DL_ERR_ARGUMENT, "dl_gradcheck: it needs a function and one or more "
                "parameters of this context, leaves that require a gradient");
        return r;
    }
    saved = (dl_real *)dli_alloc(dl, "dl_gradcheck", (size_t)total * 2, sizeof *saved);
    if (!saved) return r;
    analytic = saved + total;
    dli_copy_grads(saved, params, n, false);
    k.ctx = dl;
    k.f = f;
    k.user = user;
    k.mark = dl_tape_mark(dl);
    k.rng = dl->rng;
    k.training = dl->training;
    k.no_grad = dl->no_grad;

    dl->no_grad = false;
    dli_copy_grads(analytic, params, n, true);       /* all zeros: dli_alloc has cleared them */
    loss = f(dl, user);
    ok = dl_backward(loss);
    if (ok) dli_copy_grads(analytic, params, n, false);
    dli_check_restore(&k);
    for (i = 0; ok && i < n; i++)
        for (j = 0; ok && j < params[i]->size; j++) {
            ok = dli_numeric_gradient(&k, params[i]->data + j, h, &numeric);
            if (ok) dli_compare(&r, i, j, (double)*analytic++, numeric);
        }
    dli_copy_grads(saved, params, n, true);
    DL_FREE(saved);
    r.ok = ok && r.failed == 0 && r.largest > 0;
    return r;
}

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
