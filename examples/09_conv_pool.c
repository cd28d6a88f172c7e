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

static ex_options o;
static ex_page    page;

static double at(const dl_real *x, int n, int i, int j) {    /* x[i,j], 0 outside                */
    return i < 0 || j < 0 || i >= n || j >= n ? 0 : (double)x[i * n + j];
}

/* Print one more product of a sum: the first after an equals sign. */
static void product(bool first, double a, double b) {
    printf(b < 0 ? "%s%g*(%g)" : "%s%g*%g", first ? " = " : " + ", a, b);
}

/* y = x * w for H x H numbers, a kernel of k x k, stride s, P zeros around: by dl.h, and by hand,
   the first `told` outputs product by product. Returns the largest difference between the two. */
static double convolve(dl_real *y, const dl_real *x, const dl_real *w, int H, int k, int s, int P,
                       int told) {
    const int n = (H + 2 * P - k) / s + 1;
    /*                      N  C  H  W  M  OH OW KH KW stride padding dilation groups            */
    const dlk_conv2d_size z = {1, 1, H, H, 1, n, n, k, k, s, s, P, P, 1, 1, 1};
    double worst = 0;
    dlk_conv2d_forward(y, x, w, NULL, &z);
    for (int p = 0; p < n; p++)
        for (int q = 0; q < n; q++) {
            const bool tell = p * n + q < told && !o.quiet;
            double sum = 0;
            if (tell) printf("   Y[%d,%d]", p, q);
            for (int u = 0; u < k; u++)
                for (int v = 0; v < k; v++) {
                    double a = at(x, H, p * s + u - P, q * s + v - P), b = (double)w[u * k + v];
                    sum += a * b;
                    if (tell) product(u + v == 0, a, b);
                }
            if (tell) printf(" = %g\n", sum);
            worst = fmax(worst, fabs(sum - (double)y[p * n + q]));
        }
    return worst;
}

/* The gradients of y = x * w, stride 1, no padding, by hand: each of them a sum over the outputs it
   went into. Returns the largest difference from dl.h. */
static double differentiate(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                            const dl_real *w, int H, int k) {
    const int n = H - k + 1;
    const dlk_conv2d_size z = {1, 1, H, H, 1, n, n, k, k, 1, 1, 0, 0, 1, 1, 1};
    double worst = 0;
    dlk_conv2d_backward(dx, dw, NULL, dy, x, w, &z);
    for (int i = 0; i < k * k + H * H; i++) {      /* first the kernel's gradients, then the image's */
        const bool of_w = i < k * k, tell = (of_w || (i - k * k) % (H + 1) == 0) && !o.quiet;
        const int r = of_w ? i / k : (i - k * k) / H, c = of_w ? i % k : (i - k * k) % H;
        double sum = 0;
        bool first = true;
        if (tell) printf(of_w ? "   dK[%d,%d]" : "   dX[%d,%d]", r, c);
        for (int p = 0; p < n; p++)
            for (int q = 0; q < n; q++) {
                const double g = (double)dy[p * n + q];
                const double other = of_w ? at(x, H, p + r, q + c) : at(w, k, r - p, c - q);
                if (!of_w && (r < p || c < q || r - p >= k || c - q >= k)) continue;
                sum += g * other;
                if (tell) product(first, g, other);
                first = false;
            }
        if (tell) printf(" = %g\n", sum);
        worst = fmax(worst, fabs(sum - (double)(of_w ? dw[i] : dx[i - k * k])));
    }
    return worst;
}

/* 1. X = 1 .. 9 and K = [[1,0],[0,-1]] in three readings. result: Y[0,0] of the first two, and the
   four numbers of S1 3.3 as it is printed. 2. The gradients of the first. */
static double three_by_three(double result[6]) {
    const dl_real x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, k[4] = {1, 0, 0, -1}, kf[4] = {-1, 0, 0, 1};
    const dl_real dy[4] = {1, 2, 3, 4};
    dl_real y[4], flipped[4], s1[4] = {0, 0, 0, 0}, dx[9] = {0}, dk[4] = {0};
    const ex_grid g[3] = {{EX("Y, cross-correlation", "Y，互相关"), y, 2, 0, 0, 0, 0},
                          {EX("Y, K flipped", "Y，K 翻转"), flipped, 2, 0, 0, 0, 0},
                          {EX("Y, S1 3.3 to the letter", "Y，照 S1（3.3）"), s1, 2, 0, 0, 0, 0}};
    const ex_grid d[3] = {{"dL/dY", dy, 2, 0, 0, 0, 2}, {"dL/dK", dk, 2, 0, 0, 0, 0},
                          {"dL/dX", dx, 3, 0, 1, 1, 1}};
    double worst;
    ex_show_text(&page, o.quiet, 2, EX("1. A 3x3 image, a 2x2 kernel: four products an output",
                                       "1. 3×3 的图像，2×2 的卷积核：每个输出四个乘积"));
    worst = convolve(y, x, k, 3, 2, 1, 0, 4);
    worst = fmax(worst, convolve(flipped, x, kf, 3, 2, 1, 0, 0));
    for (int j = 0; j < 4; j++)          /* to the letter: i, j from 0 to k-1, K = 0 outside     */
        for (int i = 0; i < 4; i++)
            s1[j] += (dl_real)(at(x, 3, i / 2, i % 2) * at(k, 2, i / 2 - j / 2, i % 2 - j % 2));
    ex_page_figure(&page, "09-products", EX("One output of a convolution: four products and their sum",
                                            "卷积的一个输出：四个乘积与它们的和"));
    ex_page_products(&page, x, 3, k, 2, y);
    ex_show_text(&page, o.quiet, 0,
                 EX("Every library computes a cross-correlation. The convolution of mathematics flips K "
                    "first. S1 3.3 leaves the piece of image where it is while the output moves.",
                    "所有的库算的都是互相关。数学里的卷积先翻转 K。S1（3.3）的式子里，输出动了，图像的那一块却不动。"));
    ex_page_figure(&page, "09-readings", EX("Three readings of one formula", "同一个公式的三种读法"));
    ex_show_grids(g, 3, &page, o.quiet);

    ex_show_text(&page, o.quiet, 2, EX("2. Its gradients", "2. 它的梯度"));
    worst = fmax(worst, differentiate(dx, dk, dy, x, k, 3, 2));
    ex_page_figure(&page, "09-gradient", EX("Gradients of the kernel and of the image",
                                            "卷积核与图像的梯度"));
    ex_show_grids(d, 3, &page, o.quiet);
    ex_page_text(&page, 0, EX("The pixel in the middle went into all four outputs.",
                              "中间的像素进了全部四个输出。"));
    result[0] = (double)y[0];
    result[1] = (double)flipped[0];
    for (int j = 0; j < 4; j++) result[2 + j] = (double)s1[j];
    return worst;
}

/* A stroke in 5x5 pixels. */
static const dl_real stroke[25] = {0, 0, 0, 2, 9, 0, 0, 3, 9, 4, 0, 2, 9,
                                   5, 0, 1, 9, 6, 0, 0, 8, 7, 0, 0, 0};

/* 3. It convolved with padding and stride. */
static double patch(void) {
    enum { S = 2, P = 1, N = (5 + 2 * P - 3) / S + 1 };
    const dl_real k[9] = {-1, -1, -1, 0, 0, 0, 1, 1, 1};
    dl_real y[N * N];
    const ex_grid g[3] = {{"X", stroke, 5, P, -P, S - P, 3}, {"K", k, 3, 0, 0, 0, 3},
                          {"Y", y, N, 0, 0, 1, 1}};
    ex_show_text(&page, o.quiet, 2, EX("3. Padding and stride: P = %d, s = %d", "3. 填充与步幅：P = %d，s = %d"),
                 P, S);
    const double worst = convolve(y, stroke, k, 5, 3, S, P, 2);
    ex_show_text(&page, o.quiet, 0, EX("Zeros around X (dashed on the page); the piece moves by s.",
                                       "X 四周补零（网页上是虚线），每次移动 s。"));
    ex_page_figure(&page, "09-padding", EX("A 5x5 image with zeros around it, the kernel, the output",
                                           "四周补零的 5×5 图像、卷积核、输出"));
    ex_show_grids(g, 3, &page, o.quiet);
    return worst;
}

/* 4. Max-pooling of its upper left 4x4, forward and backward. */
static double pool(void) {
    const dlk_pool2d_size two = {1, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0};
    const dl_real dy[4] = {1, 10, 100, 1000};
    dl_real corner[16], y[4], dx[16] = {0};
    int32_t where[4];
    const ex_grid g[4] = {{"X", corner, 4, 0, 0, 2, 2}, {"Y = max", y, 2, 0, 0, 1, 1},
                          {"dL/dY", dy, 2, 0, 0, 1, 1}, {"dL/dX", dx, 4, 0, 1, 3, 1}};
    double worst = 0;
    ex_show_text(&page, o.quiet, 2, EX("4. Max-pooling, 2x2, and its gradient", "4. 2×2 的最大池化，和它的梯度"));
    for (int i = 0; i < 16; i++) corner[i] = stroke[i / 4 * 5 + i % 4];
    dlk_max_pool2d_forward(y, where, corner, &two);
    dlk_max_pool2d_backward(dx, dy, where, &two);
    for (int j = 0; j < 4; j++) {
        const int first = j / 2 * 8 + j % 2 * 2;
        int best = first;                          /* the first of equal ones wins: > and not >= */
        if (!o.quiet) printf("   Y[%d,%d] = max(", j / 2, j % 2);
        for (int i = 0; i < 4; i++) {
            const int here = first + i / 2 * 4 + i % 2;
            if (corner[here] > corner[best]) best = here;
            if (!o.quiet) printf("%s%g", i ? ", " : "", (double)corner[here]);
        }
        if (!o.quiet) printf(EX(") = %g = X[%d,%d]; there dL/dX = %g\n", ") = %g = X[%d,%d]，这里 dL/dX = %g\n"),
                             (double)y[j], best / 4, best % 4, (double)dx[best]);
        worst = fmax(worst, where[j] == best ? fabs((double)(dx[best] - dy[j])) : 1);
    }
    ex_show_text(&page, o.quiet, 0, EX("The gradient goes to the largest of each 2x2; the twelve others get 0.",
                                       "梯度只传给每个 2×2 里最大的数，其余十二个得 0。"));
    ex_page_figure(&page, "09-pool", EX("Max-pooling forwards, and its gradient backwards",
                                        "最大池化的前向，与梯度的反向"));
    ex_show_grids(g, 4, &page, o.quiet);
    return worst;
}

/* 5. Where brightness changes: Sobel's kernels. */
static void edges(const dl_data *test, dl_int which) {
    const dl_real kernel[2][9] = {{-1, -2, -1, 0, 0, 0, 1, 2, 1}, {-1, 0, 1, -2, 0, 2, -1, 0, 1}};
    const char *const name[4] = {EX("a digit", "数字"), EX("up, down", "上下"), EX("left, right", "左右"),
                                 EX("both", "合起来")};
    dl_tensor *x = dl_data_sample(test, which);
    dl_tensor *y = dl_zeros(dl_data_ctx(test), dl_shape3(4, 28, 28));
    ex_image im[4];
    if (x == NULL || y == NULL) return;
    for (int k = 0; k < 2; k++)
        convolve(y->data + (k + 1) * 784, x->data, kernel[k], 28, 3, 1, 1, 0);
    for (int i = 0; i < 784; i++) {
        double up = (double)y->data[784 + i], across = (double)y->data[2 * 784 + i];
        y->data[i] = 4 * x->data[i];               /* as bright as an edge from 0 to 1           */
        y->data[784 + i] = (dl_real)fabs(up);
        y->data[2 * 784 + i] = (dl_real)fabs(across);
        y->data[3 * 784 + i] = (dl_real)sqrt(up * up + across * across);
    }
    for (int k = 0; k < 4; k++) im[k] = ex_image_of(y->data + k * 784, 28, 28, name[k]);
    ex_show_text(&page, o.quiet, 2, EX("5. The edges of a digit", "5. 数字的边缘"));
    ex_show_text(&page, o.quiet, 0,
                 EX("|Y| for K = [[-1,-2,-1],[0,0,0],[1,2,1]] (Sobel), for its transpose, and the root of "
                    "the sum of squares.",
                    "K = [[-1,-2,-1],[0,0,0],[1,2,1]]（Sobel）的 |Y|，K 转置后的 |Y|，以及两者平方和的根。"));
    ex_page_figure(&page, "09-edges", EX("A digit, its horizontal and vertical edges, and both",
                                         "一个数字，它的横边、竖边，以及合起来"));
    ex_page_images(&page, im, 4, 0, 4, 5);
    if (!o.quiet) ex_draw(im, 4, 0, 4);
}

int main(int argc, char **argv) {
    int digit = 0;
    double r[6], worst;
    o = ex_options_default(argc, argv);
    ex_option extra[1] = {{"digit", EX_INT, NULL, 0, 9999, EX("which test image's edges", "用哪张测试图像的边缘")}};
    extra[0].value = &digit;
    ex_parse(&o, argc, argv, EX("every product of a convolution and of max-pooling; edges of a digit; at "
                                "once", "卷积与最大池化的每个乘积；一个数字的边缘；立刻完成"),
             "data html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    page = ex_page_open(&o, EX("Convolution and pooling", "卷积与池化"));
    ex_page_formula(&page, "Y[p,q] = b + Σ X[ps+u−P, qs+v−P] K[u,v]");

    worst = three_by_three(r);
    worst = fmax(worst, patch());
    worst = fmax(worst, pool());
    edges(test, digit);
    ex_show_now_you(&page, o.quiet,
                    EX("With a kernel of 3x3 and P = 1: which K moves an image one pixel to the right? "
                       "Which one blurs it?",
                       "3×3 的卷积核，P = 1：哪个 K 把图像向右移一个像素？哪个 K 让它模糊？"),
                    EX("To the right: 1 in the middle of the left column, else 0, for then Y[p,q] = "
                       "X[p,q-1]. Blurred: nine times 1/9, the mean of the neighbourhood.",
                       "向右：左边一列的中间是 1，其余是 0，于是 Y[p,q] = X[p,q-1]。模糊：九个 1/9，也就是邻域的平均。"));
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("correlation=%g convolution=%g s1_00=%g s1_01=%g s1_10=%g s1_11=%g difference=%g",
                  r[0], r[1], r[2], r[3], r[4], r[5], worst);
    return ex_end(dl, &o);
}
