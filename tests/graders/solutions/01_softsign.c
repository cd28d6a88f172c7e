//@ solution
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
    const dl_real a = $a;
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + a * (dl_real)fabs(x[i]));
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
    const dl_real a = $a;
    for (dl_int i = 0; i < N; i++) {
        const dl_real d = 1 + a * (dl_real)fabs(x[i]);
        dx[i] += dy[i] / (d * d);
    }
}
//@ wrong no-abs
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + x[i]);
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
}
//@ wrong not-squared
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + (dl_real)fabs(x[i]));
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) dx[i] += dy[i] / (1 + (dl_real)fabs(x[i]));
}
//@ wrong missing-slope
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + (dl_real)fabs(x[i]));
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) dx[i] += dy[i];
}
//@ wrong sign
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + (dl_real)fabs(x[i]));
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real d = 1 + (dl_real)fabs(x[i]);
        dx[i] -= dy[i] / (d * d);
    }
}
//@ wrong overwritten
void softsign_forward(dl_real *y, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) y[i] = x[i] / (1 + (dl_real)fabs(x[i]));
}

void softsign_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int N)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real d = 1 + (dl_real)fabs(x[i]);
        dx[i] = dy[i] / (d * d);
    }
}
