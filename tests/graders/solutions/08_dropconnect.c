//@ solution
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] >= p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum / (1 - p);
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j] / (1 - p);
                if (u[j * D + k] < p) continue;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong not-scaled
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] >= p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j] / (1 - p);
                if (u[j * D + k] < p) continue;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong others-dropped
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] < p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum / (1 - p);
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j] / (1 - p);
                if (u[j * D + k] < p) continue;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong dense
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0 * p * u[0];
            for (dl_int k = 0; k < D; k++)
                sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j] / (1 - p);
                if (u[j * D + k] < p) continue;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong no-mask
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] >= p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum / (1 - p);
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j] / (1 - p);
                (void)u;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong backward-not-scaled
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] >= p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum / (1 - p);
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j];
                if (u[j * D + k] < p) continue;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong no-mask-for-dw
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] >= p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum / (1 - p);
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = dy[i * M + j] / (1 - p);
                if (u[j * D + k] >= p) dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
//@ wrong overwritten
void dropconnect_forward(dl_real *y, const dl_real *x, const dl_real *w, const dl_real *u, dl_int N,
                         dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++)
                if (u[j * D + k] >= p) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum / (1 - p);
        }
}

void dropconnect_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x,
                          const dl_real *w, const dl_real *u, dl_int N, dl_int D, dl_int M, dl_real p)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                if (j == 0) dx[i * D + k] = 0;
                const dl_real d = dy[i * M + j] / (1 - p);
                if (u[j * D + k] < p) continue;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
}
