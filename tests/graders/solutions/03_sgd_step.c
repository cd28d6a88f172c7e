//@ solution
    for (dl_int i = 0; i < N; i++) w[i] -= (dl_real)lr * g[i];
//@ wrong uphill
    for (dl_int i = 0; i < N; i++) w[i] += (dl_real)lr * g[i];
//@ wrong no-rate
    for (dl_int i = 0; i < N; i++) w[i] -= g[i];
//@ wrong only-step
    for (dl_int i = 0; i < N; i++) w[i] = -(dl_real)lr * g[i];
//@ wrong ratio
    for (dl_int i = 0; i < N; i++) w[i] -= (dl_real)lr * g[i] / (dl_real)N;
//@ wrong off-by-one
    for (dl_int i = 0; i < N - 1; i++) w[i] -= (dl_real)lr * g[i];
//@ wrong off-by-one
    for (dl_int i = 1; i < N; i++) w[i] -= (dl_real)lr * g[i];
