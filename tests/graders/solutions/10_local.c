//@ solution
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p * $s + u) * W + q * $r + v] * w[(((m * OH + p) * OW + q) * K + u) * K + v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p * $s + u) * W + q * $r + v] += *dy * w[at];
                        dw[at] += *dy * x[(p * $s + u) * W + q * $r + v];
                    }
}
//@ wrong shared
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[(m * OH * OW * K + u) * K + v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * w[at];
                        dw[at] += *dy * x[(p + u) * W + q + v];
                    }
}
//@ wrong rows-columns
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[(((m * OH + p) * OW + q) * K + v) * K + u];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * w[at];
                        dw[at] += *dy * x[(p + u) * W + q + v];
                    }
}
//@ wrong flipped-kernel
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[(((m * OH + p) * OW + q) * K + K - 1 - u) * K + K - 1 - v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * w[at];
                        dw[at] += *dy * x[(p + u) * W + q + v];
                    }
}
//@ wrong no-maps
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[((p * OW + q) * K + u) * K + v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * w[at];
                        dw[at] += *dy * x[(p + u) * W + q + v];
                    }
}
//@ wrong shared-backward
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[(((m * OH + p) * OW + q) * K + u) * K + v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (m * OH * OW * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * w[at];
                        dw[at] += *dy * x[(p + u) * W + q + v];
                    }
}
//@ wrong exchanged
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[(((m * OH + p) * OW + q) * K + u) * K + v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * x[(p + u) * W + q + v];
                        dw[at] += *dy * w[at];
                    }
}
//@ wrong overwritten
void local_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int M, dl_int H, dl_int W, dl_int K,
                   dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, y++) {
                *y = 0;
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++)
                        *y += x[(p + u) * W + q + v] * w[(((m * OH + p) * OW + q) * K + u) * K + v];
            }
}

void local_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                    dl_int M, dl_int H, dl_int W, dl_int K, dl_int OH, dl_int OW)
{
    for (dl_int m = 0; m < M; m++)
        for (dl_int p = 0; p < OH; p++)
            for (dl_int q = 0; q < OW; q++, dy++)
                for (dl_int u = 0; u < K; u++)
                    for (dl_int v = 0; v < K; v++) {
                        const dl_int at = (((m * OH + p) * OW + q) * K + u) * K + v;
                        dx[(p + u) * W + q + v] += *dy * w[at];
                        dw[at] = *dy * x[(p + u) * W + q + v];
                    }
}
