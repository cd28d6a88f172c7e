/* 09 - convolution and pooling, every product of them.

   A convolution slides a small array of weights, the kernel, over an image; each output is the sum
   of the products of the kernel and the piece of image under it. S1 (3.3) has the right products
   with the wrong bounds, and in 3.4 a pooling that does not depend on the place. Here both are put
   right, worked out by hand and compared with dl.h's kernels:
   1. the 3x3 example: S1's formula as it stands, and what every library computes;
   2. a 5x5 patch with padding and stride;
   3. max-pooling, and where its gradient goes;
   4. the edges of a real digit.

       gcc -O2 examples/09_conv_pool.c -o conv_pool -lm && ./conv_pool

   @F S1-3.3  Y[p,q] = b + sum_{u,v} X[p s + u - P, q s + v - P] K[u,v],   X = 0 outside the image
              H' = floor((H + 2P - k) / s) + 1                  s stride, P padding, k kernel size
   @F S1-3.4  Y[p,q] = max_{0 <= u,v < k} X[p s + u, q s + v];   dX gets dY at the argmax, else 0 */
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "example.h"

static ex_options o;
static ex_page    page;

static double at(const dl_real *x, int n, int i, int j) {    /* x[i,j], 0 outside                */
    return i < 0 || j < 0 || i >= n || j >= n ? 0 : (double)x[i * n + j];
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
    for (int j = 0; j < n * n; j++) {              /* p = j / n, q = j % n                       */
        const bool tell = j < told && !o.quiet;
        double sum = 0;
        if (tell) printf("   Y[%d,%d] =", j / n, j % n);
        for (int i = 0; i < k * k; i++) {          /* u = i / k, v = i % k                       */
            double a = at(x, H, j / n * s + i / k - P, j % n * s + i % k - P), b = (double)w[i];
            sum += a * b;
            if (tell) printf("%s%g*%g", i ? " + " : " ", a, b);
        }
        if (tell) printf(" = %g\n", sum);
        worst = fmax(worst, fabs(sum - (double)y[j]));
    }
    return worst;
}

/* 1. X = 1 .. 9 and K = [[1,0],[0,-1]] in three readings. result: Y[0,0] of the first two, and the
   four numbers of S1 3.3 as it is printed. */
static double three_by_three(double result[6]) {
    const dl_real x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, k[4] = {1, 0, 0, -1}, kf[4] = {-1, 0, 0, 1};
    dl_real y[4], flipped[4], s1[4] = {0, 0, 0, 0};
    const ex_grid g[3] = {{"X", x, 3, 0, 0, 0, 2}, {"K", k, 2, 0, 0, 0, 2},
                          {"Y, cross-correlation · 互相关", y, 2, 0, 0, 0, 1}};
    const ex_grid f[2] = {{"Y, K flipped · K 翻转", flipped, 2, 0, 0, 0, 0},
                          {"S1 3.3 as printed · S1 原式", s1, 2, 0, 0, 0, 0}};
    double worst;
    if (!o.quiet) printf("1. A 3x3 image, a 2x2 kernel; each output is a sum of four products:\n\n");
    worst = convolve(y, x, k, 3, 2, 1, 0, 4);
    worst = fmax(worst, convolve(flipped, x, kf, 3, 2, 1, 0, 0));
    for (int j = 0; j < 4; j++)          /* to the letter: i, j from 0 to k-1, K = 0 outside     */
        for (int i = 0; i < 4; i++)
            s1[j] += (dl_real)(at(x, 3, i / 2, i % 2) * at(k, 2, i / 2 - j / 2, i % 2 - j % 2));
    ex_page_text(&page, 2, "1. Four products an output · 每个输出四个乘积");
    ex_page_text(&page, 0, "The yellow piece of X times K, product by product, added up: 1*1 + 2*0 "
                 "+ 4*0 + 5*(-1) = -4, the yellow Y. · X 的黄色部分与 K 逐项相乘再相加，得到黄色的 Y。");
    if (!o.quiet) printf("\n");
    ex_show_grids(g, 3, &page, o.quiet);
    if (!o.quiet)
        printf("   This is a cross-correlation: what all libraries compute. The convolution of\n"
               "   mathematics flips K, which gives %+g; a net that learns K does not care.\n"
               "   S1 3.3 prints y(x,y) = sum_{i=0}^{k_h-1} sum_{j=0}^{k_w-1} x(i,j) k(i-x, j-y).\n"
               "   There i, j never leave the image's first corner: the piece of image does not\n"
               "   move with the output. Right: i = x .. x+k_h-1, j = y .. y+k_w-1.\n\n",
               (double)flipped[0]);
    ex_page_text(&page, 0, "Flipped, K gives +4 (convolution in mathematics). S1 3.3 lets i, j run "
                 "from 0 to k-1; right: i = x..x+k_h-1, j = y..y+k_w-1. · 数学上的卷积要翻转 K，得 +4。"
                 "S1 3.3 的求和范围应为 i = x..x+k_h-1，j = y..y+k_w-1。");
    ex_show_grids(f, 2, &page, o.quiet);
    result[0] = (double)y[0], result[1] = (double)flipped[0];
    for (int j = 0; j < 4; j++) result[2 + j] = (double)s1[j];
    return worst;
}

/* 2. and 3. A stroke in 5x5 pixels: convolved with padding and stride; its corner pooled. */
static double patch(void) {
    const dl_real x[25] = {0, 0, 0, 2, 9, 0, 0, 3, 9, 4, 0, 2, 9,
                           5, 0, 1, 9, 6, 0, 0, 8, 7, 0, 0, 0};
    const dl_real k[9] = {-1, -1, -1, 0, 0, 0, 1, 1, 1}, dy[4] = {1, 10, 100, 1000};
    const dlk_pool2d_size two = {1, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0};
    dl_real y[9], corner[16], top[4], dx[16] = {0};
    const ex_grid g[3] = {{"X, P = 1", x, 5, 1, -1, 1, 3}, {"K", k, 3, 0, 0, 0, 3},
                          {"Y, s = 2", y, 3, 0, 0, 1, 1}};
    const ex_grid h[4] = {{"X", corner, 4, 0, 0, 2, 2}, {"Y = max", top, 2, 0, 0, 1, 1},
                          {"dL/dY", dy, 2, 0, 0, 1, 1}, {"dL/dX", dx, 4, 0, 1, 3, 1}};
    int32_t where[4];
    double worst;
    if (!o.quiet) printf("2. A 5x5 patch, zeros around it (P = 1, shown as .), stride s = 2:\n"
                       "   floor((5 + 2*1 - 3) / 2) + 1 = 3 rows. The first three outputs:\n\n");
    worst = convolve(y, x, k, 5, 3, 2, 1, 3);
    ex_page_text(&page, 2, "2. Padding and stride · 填充与步幅");
    ex_page_text(&page, 0, "Zeros around X (dashed); the piece moves by s = 2. · X 四周补零（虚线），每次移动 s = 2。");
    if (!o.quiet) printf("\n");
    ex_show_grids(g, 3, &page, o.quiet);
    if (!o.quiet) printf("3. Max-pooling, 2x2, of its upper left 4x4, forward and backward:\n\n");
    for (int i = 0; i < 16; i++) corner[i] = x[i / 4 * 5 + i % 4];
    dlk_max_pool2d_forward(top, where, corner, &two);
    dlk_max_pool2d_backward(dx, dy, where, &two);
    for (int j = 0; j < 4; j++) {
        int best = j / 2 * 8 + j % 2 * 2;          /* the first of equal ones wins: > and not >= */
        if (!o.quiet) printf("   Y[%d,%d] = max(", j / 2, j % 2);
        for (int i = 0, place = best; i < 4; i++) {
            int here = place + i / 2 * 4 + i % 2;
            if (corner[here] > corner[best]) best = here;
            if (!o.quiet) printf("%s%g", i ? ", " : "", (double)corner[here]);
        }
        if (!o.quiet) printf(") = %g = X[%d,%d]; there dL/dX = dL/dY[%d,%d] = %g\n", (double)top[j],
                           best / 4, best % 4, j / 2, j % 2, (double)dx[best]);
        worst = fmax(worst, where[j] == best ? fabs((double)(corner[best] - top[j])) : 1);
        worst = fmax(worst, fabs((double)(dx[best] - dy[j])));
    }
    ex_page_text(&page, 2, "3. Max-pooling and its gradient · 最大池化及其梯度");
    ex_page_text(&page, 0, "The gradient goes to the largest of each 2x2; the others get 0. · "
                 "梯度只传给每个 2x2 中最大的数，其余为 0。");
    if (!o.quiet) printf("\n");
    ex_show_grids(h, 4, &page, o.quiet);
    if (!o.quiet)
        printf("   The twelve that lost get 0; of equal ones the first wins. S1 3.4 takes the max\n"
               "   over i, j in W of x(i,j), one W for all outputs: they would all be equal.\n\n");
    return worst;
}

/* 4. Where brightness changes: Sobel's kernels. */
static void edges(const dl_data *test, dl_int which) {
    const dl_real kernel[2][9] = {{-1, -2, -1, 0, 0, 0, 1, 2, 1}, {-1, 0, 1, -2, 0, 2, -1, 0, 1}};
    static const char *const name[4] = {"a digit", "up, down", "left, right", "both"};
    dl_tensor *x = dl_data_sample(test, which);
    dl_tensor *y = dl_zeros(dl_data_ctx(test), dl_shape3(4, 28, 28));
    ex_image im[4];
    if (x == NULL || y == NULL) return;
    for (int k = 0; k < 2; k++)
        convolve(y->data + (k + 1) * 784, x->data, kernel[k], 28, 3, 1, 1, 0);
    for (int i = 0; i < 784; i++) {
        double up = (double)y->data[784 + i], across = (double)y->data[2 * 784 + i];
        y->data[i] = 4 * x->data[i];               /* as bright as an edge from 0 to 1           */
        y->data[784 + i] = (dl_real)fabs(up), y->data[2 * 784 + i] = (dl_real)fabs(across);
        y->data[3 * 784 + i] = (dl_real)sqrt(up * up + across * across);
    }
    for (int k = 0; k < 4; k++) {
        im[k].pixel = y->data + k * 784, im[k].height = im[k].width = 28;
        snprintf(im[k].caption, sizeof im[k].caption, "%s", name[k]);
    }
    ex_page_text(&page, 2, "4. Edges of a digit · 数字的边缘");
    ex_page_text(&page, 0, "|X * K| for K = [[-1,-2,-1],[0,0,0],[1,2,1]], for its transpose, and "
                 "the root of the sum of squares. · 上下边缘、左右边缘，以及两者平方和的根。");
    ex_page_images(&page, im, 4, 0, 4, 5);
    if (o.quiet) return;
    printf("4. Where a digit's brightness changes: |X * K| for K = [[-1,-2,-1],[0,0,0],[1,2,1]]\n"
           "   (Sobel), for its transpose, and the root of the sum of squares:\n\n");
    ex_draw(im, 4, 0, 4);
    printf("Now you: which K moves an image one pixel to the right? Which one blurs it?\n\n");
}

int main(int argc, char **argv) {
    int digit = 0;
    double r[6], worst;
    ex_option extra[1] = {{"digit", EX_INT, NULL, 0, 9999, "which test image's edges"}};
    o = ex_options_default(argc, argv);
    extra[0].value = &digit;
    ex_parse(&o, argc, argv, "every product of a convolution and of max-pooling; edges of a digit",
             "data html quiet", extra, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *test = ex_mnist(dl, &o, DL_TEST);
    if (dl_error(dl)) return ex_end(dl, &o);
    page = ex_page_open(&o, "Convolution and pooling · 卷积与池化");

    worst = three_by_three(r);
    worst = fmax(worst, patch());
    edges(test, digit);
    ex_page_close(&page, o.quiet);
    if (dl_error(dl) == DL_OK)
        ex_result("correlation=%g convolution=%g s1_00=%g s1_01=%g s1_10=%g s1_11=%g difference=%g",
                  r[0], r[1], r[2], r[3], r[4], r[5], worst);
    return ex_end(dl, &o);
}
