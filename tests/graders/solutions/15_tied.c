//@ solution
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int i = 0; i < N * D; i++) y[i] = 0;
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[k * D + d] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += dy[n * D + d] * c[n * K + k] + dc * x[n * D + d];
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
//@ wrong decoder-order
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int i = 0; i < N * D; i++) y[i] = 0;
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[d * K + k] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += dy[n * D + d] * c[n * K + k] + dc * x[n * D + d];
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
//@ wrong decoder-only
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int i = 0; i < N * D; i++) y[i] = 0;
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[k * D + d] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += dy[n * D + d] * c[n * K + k] + 0 * x[0];
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
//@ wrong encoder-only
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int i = 0; i < N * D; i++) y[i] = 0;
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[k * D + d] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += dc * x[n * D + d] + 0 * c[0];
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
//@ wrong doubled
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int i = 0; i < N * D; i++) y[i] = 0;
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[k * D + d] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += 2 * dy[n * D + d] * c[n * K + k] + 0 * x[0];
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
//@ wrong overwritten
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int i = 0; i < N * D; i++) y[i] = 0;
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[k * D + d] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += dy[n * D + d] * c[n * K + k] + dc * x[n * D + d];
                if (k == 0) dx[n * D + d] = 0;
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
//@ wrong added
void tied_forward(dl_real *y, dl_real *c, const dl_real *x, const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real sum = 0;
            for (dl_int d = 0; d < D; d++) sum += w[k * D + d] * x[n * D + d];
            c[n * K + k] = sum;
            for (dl_int d = 0; d < D; d++) y[n * D + d] += w[k * D + d] * sum;
        }
}

void tied_backward(dl_real *dw, dl_real *dx, const dl_real *dy, const dl_real *x, const dl_real *c,
                   const dl_real *w, dl_int N, dl_int D, dl_int K)
{
    for (dl_int n = 0; n < N; n++)
        for (dl_int k = 0; k < K; k++) {
            dl_real dc = 0;
            for (dl_int d = 0; d < D; d++) dc += dy[n * D + d] * w[k * D + d];
            for (dl_int d = 0; d < D; d++) {
                dw[k * D + d] += dy[n * D + d] * c[n * K + k] + dc * x[n * D + d];
                dx[n * D + d] += dc * w[k * D + d];
            }
        }
}
