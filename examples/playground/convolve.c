/* convolve.c - panel 3: convolution and pooling, every product shown (chapter 9). The kernels of
   floor 1, called on plain arrays. */

enum { CONVOLVE_SIDE = 32 };

static struct {
    float   conv[CONVOLVE_SIDE * CONVOLVE_SIDE], pool[CONVOLVE_SIDE * CONVOLVE_SIDE / 4];
    int32_t at[CONVOLVE_SIDE * CONVOLVE_SIDE / 4];
} convolved;

/* x [side,side] seen through w [3,3]: y [side-2,side-2]; NULL for another side. */
FOR_PAGE(convolve) const float *convolve(const float *x, int side, const float *w)
{
    if (side < 4 || side > CONVOLVE_SIDE) return NULL;
    dlk_conv2d_size s = {1, 1, side, side, 1, side - 2, side - 2, 3, 3, 1, 1, 0, 0, 1, 1, 1};
    dlk_conv2d_forward(convolved.conv, x, w, NULL, &s);
    return convolved.conv;
}

/* The largest of each 2 x 2 of y, which convolve has left: [(side-2)/2, (side-2)/2]; and where it
   was, row * (side-2) + column. */
FOR_PAGE(convolve_pool) const float *convolve_pool(int side)
{
    const int n = side - 2;
    dlk_pool2d_size s = {1, n, n, n / 2, n / 2, 2, 2, 2, 2, 0, 0};
    dlk_max_pool2d_forward(convolved.pool, convolved.at, convolved.conv, &s);
    return convolved.pool;
}
FOR_PAGE(convolve_pool_at) const int32_t *convolve_pool_at(void) { return convolved.at; }
