//@ solution
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt($eps + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt($eps + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong mean-taken-off
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] / (dl_real)C;
        dl_real var = 0;
        for (dl_int c = 0; c < C; c++) var += (x[c] - mean) * (x[c] - mean) / (dl_real)C;
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * (x[c] - mean) / (dl_real)sqrt(1 + var);
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong sum-of-squares
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c];
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong no-root
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / ((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong no-eps
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * x[c] / (dl_real)sqrt(mean);
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
}
//@ wrong eps-outside
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / ((dl_real)1 + (dl_real)sqrt(mean));
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong direct-only
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c]);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong sum-backward
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c];
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong plus
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] + r * r * x[c] * back);
            dw[c] += dy[c] * r * x[c];
        }
    }
}
//@ wrong dw-without-r
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] += dy[c] * x[c];
        }
    }
}
//@ wrong overwritten
void rms_norm_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, y += C) {
        dl_real mean = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) y[c] = w[c] * r * x[c];
    }
}

void rms_norm_backward(dl_real *dx, dl_real *dw, const dl_real *dy, const dl_real *x, const dl_real *w,
                       dl_int N, dl_int C)
{
    for (dl_int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        dl_real mean = 0, back = 0;
        for (dl_int c = 0; c < C; c++) mean += x[c] * x[c] / (dl_real)C;
        for (dl_int c = 0; c < C; c++) back += dy[c] * w[c] * x[c] / (dl_real)C;
        const dl_real r = 1 / (dl_real)sqrt((dl_real)1 + mean);
        for (dl_int c = 0; c < C; c++) {
            dx[c] += r * (dy[c] * w[c] - r * r * x[c] * back);
            dw[c] = (n ? dw[c] : 0) + dy[c] * r * x[c];
        }
    }
}
