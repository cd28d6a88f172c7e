//@ solution
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * ((dl_real)((c > 0) - (c < 0)) + decay * w[i]);
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong memory-first
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        m[i] = b2 * m[i] + (1 - b2) * g[i];
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * ((dl_real)((c > 0) - (c < 0)) + decay * w[i]);
    }
}
//@ wrong no-sign
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * (c + decay * w[i]);
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong sign-of-gradient
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        w[i] -= lr * ((dl_real)((g[i] > 0) - (g[i] < 0)) + decay * w[i]);
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong decay-inside
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i] + decay * w[i];
        w[i] -= lr * ((dl_real)((c > 0) - (c < 0)));
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong no-decay
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    (void)decay;
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * ((dl_real)((c > 0) - (c < 0)));
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong decay-without-lr
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * (dl_real)((c > 0) - (c < 0)) + decay * w[i];
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong decay-after
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * (dl_real)((c > 0) - (c < 0));
        w[i] -= lr * decay * w[i];
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
//@ wrong stored-mixture
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    (void)b2;
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * ((dl_real)((c > 0) - (c < 0)) + decay * w[i]);
        m[i] = c;
    }
}
//@ wrong uphill
void lion_step(dl_real *w, dl_real *m, const dl_real *g, dl_int N, dl_real lr, dl_real b1, dl_real b2,
               dl_real decay)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real c = b1 * m[i] + (1 - b1) * g[i];
        w[i] -= lr * ((dl_real)((c < 0) - (c > 0)) + decay * w[i]);
        m[i] = b2 * m[i] + (1 - b2) * g[i];
    }
}
