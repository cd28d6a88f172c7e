//@ solution
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = p * s * W + q * s;
                dl_real best = x[where];
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] > best) {
                            best = x[i * W + j];
                            where = i * W + j;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, dx += H * W)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] += dy[c * OH * OW + k];
}
//@ wrong from-zero
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = p * s * W + q * s;
                dl_real best = 0;
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] > best) {
                            best = x[i * W + j];
                            where = i * W + j;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, dx += H * W)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] += dy[c * OH * OW + k];
}
//@ wrong set-not-added
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = p * s * W + q * s;
                dl_real best = x[where];
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] > best) {
                            best = x[i * W + j];
                            where = i * W + j;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, dx += H * W)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] = dy[c * OH * OW + k];
}
//@ wrong last-wins
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = p * s * W + q * s;
                dl_real best = x[where];
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] >= best) {
                            best = x[i * W + j];
                            where = i * W + j;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, dx += H * W)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] += dy[c * OH * OW + k];
}
//@ wrong in-window
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = 0;
                dl_real best = x[p * s * W + q * s];
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] > best) {
                            best = x[i * W + j];
                            where = (i - p * s) * K + j - q * s;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, dx += H * W)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] += dy[c * OH * OW + k];
}
//@ wrong one-plane
void max_pool_forward(dl_real *y, int32_t *at, const dl_real *x, dl_int C, dl_int H, dl_int W, dl_int K,
                      dl_int s, dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++, x += H * W)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++) {
                dl_int where = p * s * W + q * s;
                dl_real best = x[where];
                for (dl_int i = p * s; i < p * s + K; i++)
                    for (dl_int j = q * s; j < q * s + K; j++)
                        if (x[i * W + j] > best) {
                            best = x[i * W + j];
                            where = i * W + j;
                        }
                *y++ = best;
                *at++ = (int32_t)where;
            }
}

void max_pool_backward(dl_real *dx, const dl_real *dy, const int32_t *at, dl_int C, dl_int H, dl_int W,
                       dl_int OH, dl_int OW)
{
    for (dl_int c = 0; c < C; c++)
        for (dl_int k = 0; k < OH * OW; k++)
            dx[at[c * OH * OW + k]] += dy[c * OH * OW + k];
}
