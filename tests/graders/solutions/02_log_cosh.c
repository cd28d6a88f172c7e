//@ solution
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
    double sum = 0;
    for (dl_int i = 0; i < N; i++) {
        const double d = $a * fabs((double)(x[i] - t[i]));
        sum += (d + log(1 + exp(-2 * d)) - log(2)) / $a;
    }
    loss[0] = (dl_real)(sum / (double)N);
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
    for (dl_int i = 0; i < N; i++) dx[i] += (dl_real)tanh($a * (x[i] - t[i])) / (dl_real)N;
}
//@ wrong different
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
    double sum = 0;
    for (dl_int i = 0; i < N; i++) sum += log(cosh((double)(x[i] - t[i])));
    loss[0] = (dl_real)(sum / (double)N);
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
}
//@ wrong no-log2
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
    double sum = 0;
    for (dl_int i = 0; i < N; i++) {
        const double d = fabs((double)(x[i] - t[i]));
        sum += d + log(1 + exp(-2 * d));
    }
    loss[0] = (dl_real)(sum / (double)N);
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
}
//@ wrong no-mean
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
    double sum = 0;
    for (dl_int i = 0; i < N; i++) {
        const double d = fabs((double)(x[i] - t[i]));
        sum += d + log(1 + exp(-2 * d)) - log(2);
    }
    loss[0] = (dl_real)(sum / (double)N);
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
    for (dl_int i = 0; i < N; i++) dx[i] += (dl_real)tanh(x[i] - t[i]);
}
//@ wrong sign
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
    double sum = 0;
    for (dl_int i = 0; i < N; i++) {
        const double d = fabs((double)(x[i] - t[i]));
        sum += d + log(1 + exp(-2 * d)) - log(2);
    }
    loss[0] = (dl_real)(sum / (double)N);
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
    for (dl_int i = 0; i < N; i++) dx[i] -= (dl_real)tanh(x[i] - t[i]) / (dl_real)N;
}
//@ wrong overwritten
void log_cosh_forward(dl_real *loss, const dl_real *x, const dl_real *t, dl_int N)
{
    double sum = 0;
    for (dl_int i = 0; i < N; i++) {
        const double d = fabs((double)(x[i] - t[i]));
        sum += d + log(1 + exp(-2 * d)) - log(2);
    }
    loss[0] = (dl_real)(sum / (double)N);
}

void log_cosh_backward(dl_real *dx, const dl_real *x, const dl_real *t, dl_int N)
{
    for (dl_int i = 0; i < N; i++) dx[i] = (dl_real)tanh(x[i] - t[i]) / (dl_real)N;
}
