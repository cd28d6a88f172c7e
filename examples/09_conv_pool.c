/* 09 - convolution and pooling, every product of them.

   A convolution slides a small array of weights, the kernel, over an image; each output is the sum
   of the products of the kernel and the piece of image under it. S1 (3.3) has the right products
   with the wrong bounds, and in 3.4 a pooling that does not depend on the place. Here both are put
   right, worked out by hand and compared with dl.h's kernels:
   1. the 3x3 example: S1's formula as it stands, and what every library computes;
   2. its gradients;
   3. a 5x5 patch with padding and stride;
   4. max-pooling, and where its gradient goes;
   5. the edges of a real digit.

       gcc -O2 examples/09_conv_pool.c -o conv_pool -lm && ./conv_pool

   @F S1-3.3  Y[p,q] = b + sum_{u,v} X[p s + u - P, q s + v - P] K[u,v],   X = 0 outside the image
              H' = floor((H + 2P - k) / s) + 1                  s stride, P padding, k kernel size
   @F S1-3.4  Y[p,q] = max_{0 <= u,v < k} X[p s + u, q s + v];   dX gets dY at the argmax, else 0 */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* x[i,j] of n x n numbers, 0 outside. */
static double at(const dl_real *x, int n, int i, int j) {
    return i < 0 || j < 0 || i >= n || j >= n ? 0 : (double)x[i * n + j];
}

/* The sum of n products a[i] b[i], name[row,column], out loud unless quiet. */
static double added(const char *name, int row, int column, const double *a, const double *b, int n,
                    bool quiet) {
    double sum = 0;
    ex_say(quiet, "   %s[%d,%d]", name, row, column);
    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
        ex_say(quiet, b[i] < 0 ? "%s%g*(%g)" : "%s%g*%g", i ? " + " : " = ", a[i], b[i]);
    }
    ex_say(quiet, " = %g\n", sum);
    return sum;
}

/* y = x * w by hand, the first `told` outputs out loud; returns the largest difference from y. */
static double hand_convolve(const dl_real *y, const dl_real *x, const dl_real *w, int H, int k,
                            int s, int P, int told) {
    const int n = (H + 2 * P - k) / s + 1;
    double a[25], b[25], worst = 0;
    for (int p = 0; p < n; p++)
        for (int q = 0; q < n; q++) {
            for (int u = 0; u < k; u++)
                for (int v = 0; v < k; v++) {
                    a[u * k + v] = at(x, H, p * s + u - P, q * s + v - P);
                    b[u * k + v] = (double)w[u * k + v];
                }
            const double sum = added("Y", p, q, a, b, k * k, p * n + q >= told);
            worst = ex_larger(worst, fabs(sum - (double)y[p * n + q]));
        }
    return worst;
}

/* Behind main: the rest by hand, which returns the largest difference, and what is shown. */
static double show_gradients(const dl_real *dx, const dl_real *dk, const dl_real *dy,
                             const dl_real *x, const dl_real *k, ex_page *page, bool quiet);
static double show_pool(const dl_real *y, const dl_real *dx, const dl_real *x, const dl_real *dy,
                        ex_page *page, bool quiet);
static void show_readings(const dl_real *x, const dl_real *k, const dl_real *y,
                          const dl_real *flipped, const dl_real *s1, ex_page *page, bool quiet);
static void show_patch(const dl_real *k, const dl_real *y, int n, int s, int P, ex_page *page,
                       bool quiet);
static void show_edges(const dl_real *x, const dl_real *up, const dl_real *across, ex_page *page,
                       bool quiet);

/* y = x * w for H x H numbers, a kernel of k x k (to 5 x 5), stride s, P zeros around; and by
   hand. */
static double convolve(dl_real *y, const dl_real *x, const dl_real *w, int H, int k, int s, int P,
                       int told) {
    const int n = (H + 2 * P - k) / s + 1;
    /*                      N  C  H  W  M  OH OW KH KW stride padding dilation groups            */
    const dlk_conv2d_size z = {1, 1, H, H, 1, n, n, k, k, s, s, P, P, 1, 1, 1};
    dlk_conv2d_forward(y, x, w, NULL, &z);
    return hand_convolve(y, x, w, H, k, s, P, told);
}

/* 1. X = 1 .. 9 and K = [[1,0],[0,-1]] in three readings: as a library reads it, K flipped, and S1
   3.3 as it is printed. 2. The gradients of the first. */
static double three_by_three(dl_real y[4], dl_real flipped[4], dl_real s1[4], ex_page *page,
                             bool quiet) {
    const dl_real x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, k[4] = {1, 0, 0, -1}, kf[4] = {-1, 0, 0, 1};
    const dl_real dy[4] = {1, 2, 3, 4};
    const dlk_conv2d_size size = {1, 1, 3, 3, 1, 2, 2, 2, 2, 1, 1, 0, 0, 1, 1, 1};
    dl_real dx[9] = {0}, dk[4] = {0};
    ex_show_text(page, quiet, 2, EX("1. A 3x3 image, a 2x2 kernel: four products an output",
                                    "1. 3×3 的图像，2×2 的卷积核：每个输出四个乘积"));
    double worst = convolve(y, x, k, 3, 2, 1, 0, quiet ? 0 : 4);
    worst = ex_larger(worst, convolve(flipped, x, kf, 3, 2, 1, 0, 0));
    for (int j = 0; j < 4; j++)          /* to the letter: i, j from 0 to k-1, K = 0 outside     */
        for (int i = 0; i < 4; i++)
            s1[j] += (dl_real)(at(x, 3, i / 2, i % 2) * at(k, 2, i / 2 - j / 2, i % 2 - j % 2));
    show_readings(x, k, y, flipped, s1, page, quiet);
    ex_show_text(page, quiet, 2, EX("2. Its gradients", "2. 它的梯度"));
    dlk_conv2d_backward(dx, dk, NULL, dy, x, k, &size);
    return ex_larger(worst, show_gradients(dx, dk, dy, x, k, page, quiet));
}

/* A stroke in 5x5 pixels. */
static const dl_real stroke[25] = {0, 0, 0, 2, 9, 0, 0, 3, 9, 4, 0, 2, 9,
                                   5, 0, 1, 9, 6, 0, 0, 8, 7, 0, 0, 0};

/* 3. It convolved with padding and stride. */
static double patch(ex_page *page, bool quiet) {
    enum { S = 2, P = 1, N = (5 + 2 * P - 3) / S + 1 };
    const dl_real k[9] = {-1, -1, -1, 0, 0, 0, 1, 1, 1};
    dl_real y[N * N];
    ex_show_text(page, quiet, 2, EX("3. Padding and stride: P = %d, s = %d",
                                    "3. 填充与步幅：P = %d，s = %d"), P, S);
    const double worst = convolve(y, stroke, k, 5, 3, S, P, quiet ? 0 : 2);
    show_patch(k, y, N, S, P, page, quiet);
    return worst;
}

/* 4. Max-pooling of its upper left 4x4, forward and backward. */
static double pool(ex_page *page, bool quiet) {
    const dlk_pool2d_size two = {1, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0};
    const dl_real dy[4] = {1, 10, 100, 1000};
    dl_real corner[16], y[4], dx[16] = {0};
    int32_t where[4];
    ex_show_text(page, quiet, 2, EX("4. Max-pooling, 2x2, and its gradient",
                                    "4. 2×2 的最大池化，和它的梯度"));
    for (int i = 0; i < 16; i++) corner[i] = stroke[i / 4 * 5 + i % 4];
    dlk_max_pool2d_forward(y, where, corner, &two);
    dlk_max_pool2d_backward(dx, dy, where, &two);
    return show_pool(y, dx, corner, dy, page, quiet);
}

/* 5. Where brightness changes: Sobel's kernels. */
static void edges(const dl_data *test, dl_int which, ex_page *page, bool quiet) {
    const dl_real kernel[2][9] = {{-1, -2, -1, 0, 0, 0, 1, 2, 1}, {-1, 0, 1, -2, 0, 2, -1, 0, 1}};
    static dl_real y[2][784];
    const dl_tensor *x = dl_data_sample(test, which);
    if (x == NULL) return;
    for (int i = 0; i < 2; i++) convolve(y[i], x->data, kernel[i], 28, 3, 1, 1, 0);
    show_edges(x->data, y[0], y[1], page, quiet);
}

int main(int argc, char **argv) {
    int digit = 0;
    dl_real y[4], flipped[4], s1[4] = {0, 0, 0, 0};
    ex_options o = ex_options_default(argc, argv);
    const ex_option extra[1] = {{"digit", EX_INT, &digit, 0, 9999,
                                 EX("which test image's edges", "用哪张测试图像的边缘")}};
    ex_parse(&o, argc, argv, EX("every product of a convolution and of max-pooling; edges of a "
                                "digit; at once", "卷积与最大池化的每个乘积；一个数字的边缘；立刻完成"),
             "data html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("Convolution and pooling", "卷积与池化"));
    ex_page_formula(&page, "Y[p,q] = b + Σ X[ps+u−P, qs+v−P] K[u,v]");

    double worst = three_by_three(y, flipped, s1, &page, o.quiet);
    worst = ex_larger(worst, patch(&page, o.quiet));
    worst = ex_larger(worst, pool(&page, o.quiet));
    edges(test, digit, &page, o.quiet);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("correlation=%g convolution=%g s1_00=%g s1_01=%g s1_10=%g s1_11=%g difference=%g",
                  (double)y[0], (double)flipped[0], (double)s1[0], (double)s1[1], (double)s1[2],
                  (double)s1[3], worst);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show_readings(const dl_real *x, const dl_real *k, const dl_real *y,
                          const dl_real *flipped, const dl_real *s1, ex_page *page, bool quiet) {
    const ex_grid g[3] = {{EX("Y, cross-correlation", "Y，互相关"), y, 2, 0, 0, 0, 0},
                          {EX("Y, K flipped", "Y，K 翻转"), flipped, 2, 0, 0, 0, 0},
                          {EX("Y, S1 3.3 to the letter", "Y，照 S1（3.3）"), s1, 2, 0, 0, 0, 0}};
    ex_page_figure(page, "09-products", EX("One output of a convolution: four products and their "
                                           "sum", "卷积的一个输出：四个乘积与它们的和"));
    ex_page_products(page, x, 3, k, 2, y);
    ex_show_text(page, quiet, 0,
                 EX("Every library computes a cross-correlation. The convolution of mathematics "
                    "flips K first. S1 3.3 leaves the piece of image where it is while the output "
                    "moves.", "所有的库算的都是互相关。数学里的卷积先翻转 K。"
                    "S1（3.3）的式子里，输出动了，图像的那一块却不动。"));
    ex_page_figure(page, "09-readings", EX("Three readings of one formula", "同一个公式的三种读法"));
    ex_show_grids(g, 3, page, quiet);
}

/* Each gradient is a sum over the outputs that its number went into. */
static double show_gradients(const dl_real *dx, const dl_real *dk, const dl_real *dy,
                             const dl_real *x, const dl_real *k, ex_page *page, bool quiet) {
    const ex_grid g[3] = {{"dL/dY", dy, 2, 0, 0, 0, 2}, {"dL/dK", dk, 2, 0, 0, 0, 0},
                          {"dL/dX", dx, 3, 0, 1, 1, 1}};
    double a[4], b[4], worst = 0;
    for (int i = 0; i < 4 + 9; i++) {              /* first the kernel's, then the image's       */
        const bool of_k = i < 4;
        const int r = of_k ? i / 2 : (i - 4) / 3, c = of_k ? i % 2 : (i - 4) % 3;
        int n = 0;
        for (int p = 0; p < 2; p++)
            for (int q = 0; q < 2; q++) {
                if (!of_k && (r < p || c < q || r - p > 1 || c - q > 1)) continue;
                a[n] = (double)dy[p * 2 + q];
                b[n++] = of_k ? at(x, 3, p + r, q + c) : at(k, 2, r - p, c - q);
            }
        const double sum = added(of_k ? "dK" : "dX", r, c, a, b, n, quiet || !(of_k || r == c));
        worst = ex_larger(worst, fabs(sum - (double)(of_k ? dk[i] : dx[i - 4])));
    }
    ex_page_figure(page, "09-gradient", EX("Gradients of the kernel and of the image",
                                           "卷积核与图像的梯度"));
    ex_show_grids(g, 3, page, quiet);
    ex_page_text(page, 0, EX("The pixel in the middle went into all four outputs.",
                             "中间的像素进了全部四个输出。"));
    return worst;
}

static void show_patch(const dl_real *k, const dl_real *y, int n, int s, int P, ex_page *page,
                       bool quiet) {
    const ex_grid g[3] = {{"X", stroke, 5, P, -P, s - P, 3}, {"K", k, 3, 0, 0, 0, 3},
                          {"Y", y, n, 0, 0, 1, 1}};
    ex_show_text(page, quiet, 0, EX("Zeros around X (dashed on the page); the piece moves by s.",
                                    "X 四周补零（网页上是虚线），每次移动 s。"));
    ex_page_figure(page, "09-padding", EX("A 5x5 image with zeros around it, the kernel, the "
                                          "output", "四周补零的 5×5 图像、卷积核、输出"));
    ex_show_grids(g, 3, page, quiet);
}

static double show_pool(const dl_real *y, const dl_real *dx, const dl_real *x, const dl_real *dy,
                        ex_page *page, bool quiet) {
    const ex_grid g[4] = {{"X", x, 4, 0, 0, 2, 2}, {"Y = max", y, 2, 0, 0, 1, 1},
                          {"dL/dY", dy, 2, 0, 0, 1, 1}, {"dL/dX", dx, 4, 0, 1, 3, 1}};
    double worst = 0;
    for (int j = 0; j < 4; j++) {
        const int first = j / 2 * 8 + j % 2 * 2;
        int best = first;                          /* the first of equal ones wins: > and not >= */
        ex_say(quiet, "   Y[%d,%d] = max(", j / 2, j % 2);
        for (int i = 0; i < 4; i++) {
            const int here = first + i / 2 * 4 + i % 2;
            if (x[here] > x[best]) best = here;
            ex_say(quiet, "%s%g", i ? ", " : "", (double)x[here]);
        }
        ex_say(quiet, EX(") = %g = X[%d,%d]; there dL/dX = %g\n",
                         ") = %g = X[%d,%d]，这里 dL/dX = %g\n"),
               (double)y[j], best / 4, best % 4, (double)dx[best]);
        worst = ex_larger(worst, fabs((double)(y[j] - x[best])));
        worst = ex_larger(worst, fabs((double)(dx[best] - dy[j])));
    }
    ex_show_text(page, quiet, 0, EX("The gradient goes to the largest of each 2x2; the twelve "
                                    "others get 0.",
                                    "梯度只传给每个 2×2 里最大的数，其余十二个得 0。"));
    ex_page_figure(page, "09-pool", EX("Max-pooling forwards, and its gradient backwards",
                                       "最大池化的前向，与梯度的反向"));
    ex_show_grids(g, 4, page, quiet);
    return worst;
}

static void show_edges(const dl_real *x, const dl_real *up, const dl_real *across, ex_page *page,
                       bool quiet) {
    static dl_real shown[4][784];
    const char *const name[4] = {EX("a digit", "数字"), EX("up, down", "上下"),
                                 EX("left, right", "左右"), EX("both", "合起来")};
    ex_image im[4];
    for (int i = 0; i < 784; i++) {
        shown[0][i] = 4 * x[i];                    /* as bright as an edge from 0 to 1           */
        shown[1][i] = (dl_real)fabs((double)up[i]);
        shown[2][i] = (dl_real)fabs((double)across[i]);
        shown[3][i] = (dl_real)hypot((double)up[i], (double)across[i]);
    }
    for (int k = 0; k < 4; k++) im[k] = ex_image_of(shown[k], 28, 28, name[k]);
    ex_show_text(page, quiet, 2, EX("5. The edges of a digit", "5. 数字的边缘"));
    ex_show_text(page, quiet, 0,
                 EX("|Y| for K = [[-1,-2,-1],[0,0,0],[1,2,1]] (Sobel), for its transpose, and the "
                    "root of the sum of squares.",
                    "K = [[-1,-2,-1],[0,0,0],[1,2,1]]（Sobel）的 |Y|，K 转置后的 |Y|，"
                    "以及两者平方和的根。"));
    ex_page_figure(page, "09-edges", EX("A digit, its horizontal and vertical edges, and both",
                                        "一个数字，它的横边、竖边，以及合起来"));
    ex_page_images(page, im, 4, 0, 4, 5);
    if (!quiet) ex_draw(im, 4, 0, 4);
    ex_show_now_you(page, quiet,
                    EX("With a kernel of 3x3 and P = 1: which K moves an image one pixel to the "
                       "right? Which one blurs it?",
                       "3×3 的卷积核，P = 1：哪个 K 把图像向右移一个像素？哪个 K 让它模糊？"),
                    EX("To the right: 1 in the middle of the left column, else 0, for then Y[p,q] "
                       "= X[p,q-1]. Blurred: nine times 1/9, the mean of the neighbourhood.",
                       "向右：左边一列的中间是 1，其余是 0，于是 Y[p,q] = X[p,q-1]。"
                       "模糊：九个 1/9，也就是邻域的平均。"));
}
