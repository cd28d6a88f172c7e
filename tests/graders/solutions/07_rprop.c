//@ solution
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)$up, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)$down, least);
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
        last[i] = g[i];
    }
}
//@ wrong no-limits
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    (void)least;
    (void)most;
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = step[i] * (dl_real)1.2;
        if (p < 0) step[i] = step[i] * (dl_real)0.5;
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
        last[i] = g[i];
    }
}
//@ wrong exchanged
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p < 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p > 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
        last[i] = g[i];
    }
}
//@ wrong step-late
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        last[i] = g[i];
    }
}
//@ wrong by-gradient
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] -= step[i] * g[i];
        last[i] = g[i];
    }
}
//@ wrong zero-shrinks
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        else step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
        last[i] = g[i];
    }
}
//@ wrong memory-first
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        last[i] = g[i];
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
    }
}
//@ wrong untouched
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] -= step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
    }
}
//@ wrong uphill
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] += step[i] * (dl_real)((g[i] > 0) - (g[i] < 0));
        last[i] = g[i];
    }
}
//@ wrong one-sign
void rprop_step(dl_real *w, dl_real *step, dl_real *last, const dl_real *g, dl_int N, dl_real least,
                dl_real most)
{
    for (dl_int i = 0; i < N; i++) {
        const dl_real p = g[i] * last[i];
        if (p > 0) step[i] = (dl_real)fmin(step[i] * (dl_real)1.2, most);
        if (p < 0) step[i] = (dl_real)fmax(step[i] * (dl_real)0.5, least);
        w[i] -= step[i] * (dl_real)(g[i] > 0);
        last[i] = g[i];
    }
}
