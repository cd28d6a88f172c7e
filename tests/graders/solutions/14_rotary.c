//@ solution
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c - x[k + 1] * s;
            y[k + 1] = x[k] * s + x[k + 1] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c + dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c - dy[k] * s;
        }
}
//@ wrong other-way
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c + x[k + 1] * s;
            y[k + 1] = x[k + 1] * c - x[k] * s;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c + dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c - dy[k] * s;
        }
}
//@ wrong no-place
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c - x[k + 1] * s;
            y[k + 1] = x[k] * s + x[k + 1] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c + dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c - dy[k] * s;
        }
}
//@ wrong from-one
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)(t + 1) * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c - x[k + 1] * s;
            y[k + 1] = x[k] * s + x[k + 1] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)(t + 1) * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c + dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c - dy[k] * s;
        }
}
//@ wrong overwritten-x
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c - x[k + 1] * s;
            y[k + 1] = y[k] * s + x[k + 1] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c + dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c - dy[k] * s;
        }
}
//@ wrong halves
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = t * K * 2 + i;
            y[k] = x[k] * c - x[k + K] * s;
            y[k + K] = x[k] * s + x[k + K] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c + dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c - dy[k] * s;
        }
}
//@ wrong not-back
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c - x[k + 1] * s;
            y[k + 1] = x[k] * s + x[k + 1] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] * c - dy[k + 1] * s;
            dx[k + 1] += dy[k + 1] * c + dy[k] * s;
        }
}
//@ wrong not-turned
void rotary_forward(dl_real *y, const dl_real *x, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            y[k] = x[k] * c - x[k + 1] * s;
            y[k + 1] = x[k] * s + x[k + 1] * c;
        }
}

void rotary_backward(dl_real *dx, const dl_real *dy, const dl_real *w, dl_int T, dl_int K)
{
    for (dl_int t = 0; t < T; t++)
        for (dl_int i = 0; i < K; i++) {
            const dl_real angle = (dl_real)t * w[i], c = (dl_real)cos(angle), s = (dl_real)sin(angle);
            const dl_int k = (t * K + i) * 2;
            dx[k] += dy[k] + 0 * (c + s);
            dx[k + 1] += dy[k + 1];
        }
}
