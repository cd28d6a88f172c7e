//@ solution
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    const dl_real g = $g;
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += g * d * d;
            }
            y[i * M + j] = (dl_real)exp(-q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    const dl_real g = $g;
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -2 * g * dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
//@ wrong plus
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -2 * dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
//@ wrong root
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(-sqrt(q));
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -2 * dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
//@ wrong no-y
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(-q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -2 * dy[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
//@ wrong same-sign
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(-q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -2 * dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] += d;
            }
}
//@ wrong no-two
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(-q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
//@ wrong sign
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(-q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = 2 * dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
//@ wrong overwritten
void rbf_forward(dl_real *y, const dl_real *x, const dl_real *c, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++) {
            dl_real q = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = x[i * D + k] - c[j * D + k];
                q += d * d;
            }
            y[i * M + j] = (dl_real)exp(-q);
        }
}

void rbf_backward(dl_real *dx, dl_real *dc, const dl_real *dy, const dl_real *x, const dl_real *c,
                  const dl_real *y, dl_int N, dl_int D, dl_int M)
{
    for (dl_int i = 0; i < N; i++)
        for (dl_int j = 0; j < M; j++)
            for (dl_int k = 0; k < D; k++) {
                const dl_real d = -2 * dy[i * M + j] * y[i * M + j] * (x[i * D + k] - c[j * D + k]);
                if (j == 0) dx[i * D + k] = 0;
                dx[i * D + k] += d;
                dc[j * D + k] -= d;
            }
}
