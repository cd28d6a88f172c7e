//@ solution
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] += !T ? dy[i] : u[i] < p ? 0 : dy[i] / (1 - p);
}
//@ wrong dropped-in-evaluation
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) { (void)T; y[i] = u[i] < p ? 0 : x[i] / (1 - p); }
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] += !T ? dy[i] : u[i] < p ? 0 : dy[i] / (1 - p);
}
//@ wrong no-mask
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) { (void)u; dx[i] += T ? dy[i] / (1 - p) : dy[i]; }
}
//@ wrong scaled-in-evaluation
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = T && u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] += !T ? dy[i] : u[i] < p ? 0 : dy[i] / (1 - p);
}
//@ wrong modes-exchanged
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] += !T ? dy[i] : u[i] < p ? 0 : dy[i] / (1 - p);
}
//@ wrong backward-in-evaluation
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) { (void)T; dx[i] += u[i] < p ? 0 : dy[i] / (1 - p); }
}
//@ wrong backward-not-scaled
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] += T && u[i] < p ? 0 : dy[i];
}
//@ wrong overwritten
void dropout_forward(dl_real *y, const dl_real *x, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) y[i] = !T ? x[i] : u[i] < p ? 0 : x[i] / (1 - p);
}

void dropout_backward(dl_real *dx, const dl_real *dy, const dl_real *u, dl_int N, dl_real p, dl_int T)
{
    for (dl_int i = 0; i < N; i++) dx[i] = !T ? dy[i] : u[i] < p ? 0 : dy[i] / (1 - p);
}
