/* parts.c - the parts of dl.h that make bench measures by themselves. One command a line:

       peak 2                      operations a second of 2 threads that do nothing but multiply-add
       product nt 128 512 784 2    seconds for a product (see worker.h) on up to 2 threads
       op                          seconds that one operation on the tape costs, there and back
       step width 512              seconds for a training step of a network of that width, 1 thread

   It looks at private functions of dl.h, for there is no public one for a product A^T B. */
#include "worker.h"
#define DL_IMPLEMENTATION
#include "../../dl.h"

/* ---- the arithmetic limit ----
   Twelve vectors, each multiplied and added to over and over: nothing is loaded, nothing waits for
   another, so no program can do more in that time. Two operations an element. */
#define SPIN(name, attributes, V, WIDTH) \
    typedef float V __attribute__((vector_size(4 * WIDTH))); \
    attributes static float name(int n) \
    { \
        V a[12], x = { 0 }, sum = { 0 }; \
        x += 0.5f; \
        _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) a[i] = x * (float)(n + i); \
        for (int k = 0; k < n; k++) \
            _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) a[i] = a[i] * x + x; \
        for (int i = 0; i < 12; i++) sum += a[i]; \
        return sum[0]; \
    }
typedef struct spin { float (*run)(int n); int width; } spin;
SPIN(spin_base, , vector4, 4)
#if defined(__x86_64__)
SPIN(spin_avx2, __attribute__((target("avx2,fma"))), vector8, 8)
SPIN(spin_avx512, __attribute__((target("avx512f"))), vector16, 16)
static spin spin_pick(void)
{
    spin base = { spin_base, 4 }, avx2 = { spin_avx2, 8 }, avx512 = { spin_avx512, 16 };
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") ? avx512
           : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2 : base;
}
#else
static spin spin_pick(void)
{
    spin base = { spin_base, 4 };
    return base;
}
#endif

/* The best of many short runs: what this CPU can do at most, with its neighbours as they are. */
static double peak(int threads)
{
    const int again = 100000;
    spin s = spin_pick();
    double best = 0;
    volatile float sink = 0;
    for (int trial = 0; trial < 100; trial++) {
        double seconds = now(), speed;
        int t;
        DLI_OMP(omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1))
        for (t = 0; t < threads; t++) {
            float result = s.run(again);
            if (t == 0) sink = result;
        }
        seconds = now() - seconds;
        speed = 2.0 * 12 * s.width * again * threads / seconds;
        if (speed > best) best = speed;
    }
    (void)sink;
    return best;
}

/* ---- the product ---- */

typedef struct task { dl_ctx *dl; matmul p; } task;

/* As the layers call it: forward (nt), backward to the input (nn) and to the weights (tn). */
static void multiply(void *argument)
{
    const task *t = (const task *)argument;
    const matmul *p = &t->p;
    if (p->kind[0] == 't')
        dli_fast_linear_backward(t->dl, NULL, false, p->c, false, NULL, p->a, p->b, NULL, p->k,
                                 p->n, p->m);
    else if (p->kind[1] == 't')
        dli_fast_linear_forward(t->dl, p->c, p->a, p->b, NULL, p->m, p->k, p->n);
    else
        dli_fast_linear_backward(t->dl, p->c, false, NULL, false, NULL, p->a, NULL, p->b, p->m,
                                 p->n, p->k);
}

static double seconds_of_product(const char *line)
{
    task t;
    double seconds = NAN;
    if (!matmul_of(&t.p, line)) return NAN;
    t.dl = dl_new(1);
    if (dl_set_threads(t.dl, t.p.threads)) seconds = median_seconds(multiply, &t);
    dl_free(t.dl);
    return seconds;
}

/* ---- the tape: a chain of additions of two numbers, so that all they cost is the tape ---- */

enum { CHAIN = 1000 };
static void chain(void *argument)
{
    dl_tensor *p = (dl_tensor *)argument, *y = p;
    for (int i = 0; i < CHAIN; i++) y = dl_add(y, p);
    dl_backward(dl_sum(y));
    dl_tape_clear(p->ctx);
}

static double seconds_of_op(void)
{
    dl_ctx *dl = dl_new(1);
    double seconds = median_seconds(chain, dl_param(dl, dl_shape1(2), dl_init_zeros())) / CHAIN;
    dl_free(dl);
    return seconds;
}

/* ---- growth: one training step of a network in which one size is `size` ----
   batch: of 784-512-10; width: of three layers; depth: of layers of 256; side: of an image under
   two convolutions with 16 filters; time: steps of an LSTM of 128 units. The first letter tells. */
typedef struct lesson { dl_model *net; dl_data *data; dl_fit fit; } lesson;
static void learn(void *argument)
{
    lesson *l = (lesson *)argument;
    dl_model_fit(l->net, l->data, &l->fit);
}

static dl_model *network(dl_ctx *dl, const char *what, int size, dl_shape *in)
{
    dl_model *m;
    dl_conv_layer conv = dl_conv_layer_default(16, 3, DL_RELU);
    *in = what[0] == 'b' ? dl_shape1(784) : what[0] == 'w' ? dl_shape1(size)
          : what[0] == 'd' ? dl_shape1(256) : what[0] == 's' ? dl_shape3(1, size, size)
          : dl_shape2(size, 28);
    m = dl_model_new(dl, *in);
    switch (what[0]) {
    case 'b': dl_model_add_dense(m, 512, DL_RELU); break;
    case 'w':
        for (int i = 0; i < 3; i++) dl_model_add_dense(m, size, DL_RELU);
        break;
    case 'd':
        for (int i = 0; i < size; i++) dl_model_add_dense(m, 256, DL_RELU);
        break;
    case 's':
        conv.conv.same = true;
        for (int i = 0; i < 2; i++) dl_model_add_conv2d_with(m, &conv);
        dl_model_add_global_average_pooling2d(m);
        break;
    default: dl_model_add_lstm(m, 128, false); break;
    }
    dl_model_add_dense(m, 10, DL_SOFTMAX);
    return m;
}

static double seconds_of_step(const char *what, int size)
{
    enum { STEPS = 2 };
    dl_ctx *dl = dl_new(1);
    dl_shape in;
    lesson l;
    double seconds = NAN;
    l.fit = dl_fit_default();
    l.fit.epochs = 1;
    l.fit.verbose = 0;
    l.fit.batch_size = what[0] == 'b' ? size : what[0] == 's' ? 16 : 128;
    l.net = network(dl, what, size, &in);
    if (l.net && dl_set_threads(dl, 1) &&
        dl_model_compile(l.net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_sgd(1e-4))) {
        dl_int count = (dl_int)l.fit.batch_size * STEPS;
        dl_tensor *x = dl_param(dl, dl_shape2(count, dl_shape_size(in)), dl_init_uniform(0, 1));
        int32_t *labels = (int32_t *)calloc((size_t)count, sizeof *labels);
        l.data = dl_data_from_arrays(dl, x->data, count, in, labels, 10);
        seconds = median_seconds(learn, &l) / STEPS;
        free(labels);
    }
    dl_free(dl);
    return seconds;
}

static double answer(const char *line)
{
    char what[16];
    int n;
    if (sscanf(line, "peak %d", &n) == 1) return n > 0 ? peak(n) : NAN;
    if (sscanf(line, "step %15s %d", what, &n) == 2) return n > 0 ? seconds_of_step(what, n) : NAN;
    return strncmp(line, "op", 2) == 0 ? seconds_of_op() : seconds_of_product(line);
}

int main(void) { return answer_all("parts of dl.h", answer); }
