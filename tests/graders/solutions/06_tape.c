//@ solution
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        if (kind[k] == 0) {
            g[p] += g[M + k];
            g[q] += g[M + k];
        } else {
            g[p] += g[M + k] * v[q];
            g[q] += g[M + k] * v[p];
        }
    }
//@ wrong upwards
    for (dl_int k = 0; k < K; k++) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
        g[q] += kind[k] == 0 ? g[M + k] : g[M + k] * v[p];
    }
//@ wrong sets
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] = kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
        g[q] = kind[k] == 0 ? g[M + k] : g[M + k] * v[p];
    }
//@ wrong own-factor
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] += kind[k] == 0 ? g[M + k] : g[M + k] * v[p];
        g[q] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
    }
//@ wrong left-only
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
    }
//@ wrong sums-only
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] += g[M + k];
        g[q] += g[M + k];
    }
//@ wrong out-of-bounds
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - left[k], q = M + k - right[k] - (M + K);
        g[p] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
        g[q] += kind[k] == 0 ? g[M + k] : g[M + k] * v[p];
    }
//@ wrong one-factor
    for (dl_int k = K - 1; k >= 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
        g[q] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
    }
//@ wrong stops-early
    for (dl_int k = K - 1; k > 0; k--) {
        const dl_int p = M + k - 1 - left[k], q = M + k - 1 - right[k];
        g[p] += kind[k] == 0 ? g[M + k] : g[M + k] * v[q];
        g[q] += kind[k] == 0 ? g[M + k] : g[M + k] * v[p];
    }
