//@ solution
    for (dl_int e = 0; e < E; e++) {
        for (dl_int k = 0; k <= D; k++) g[k] = 0;
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
        b[0] -= lr * g[D];
    }
//@ wrong no-bias
    for (dl_int e = 0; e < E; e++) {
        for (dl_int k = 0; k <= D; k++) g[k] = 0;
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
    }
//@ wrong stale
    for (dl_int k = 0; k <= D; k++) g[k] = 0;
    for (dl_int e = 0; e < E; e++) {
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
        b[0] -= lr * g[D];
    }
//@ wrong each-sample
    for (dl_int e = 0; e < E; e++) {
        for (dl_int i = 0; i < N; i++) {
            for (dl_int k = 0; k <= D; k++) g[k] = 0;
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
            for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
            b[0] -= lr * g[D];
        }
    }
//@ wrong untouched
    for (dl_int e = 0; e < E; e++) {
        for (dl_int k = 0; k <= D; k++) g[k] = 0;
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
        b[0] -= lr * g[D];
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
        }
    }
//@ wrong bias-not-zeroed
    for (dl_int e = 0; e < E; e++) {
        for (dl_int k = 0; k < D; k++) g[k] = 0;
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
        b[0] -= lr * g[D];
    }
//@ wrong zero-inside
    for (dl_int e = 0; e < E; e++) {
        for (dl_int i = 0; i < N; i++) {
            for (dl_int k = 0; k <= D; k++) g[k] = 0;
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
            
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
        b[0] -= lr * g[D];
    }
//@ wrong bias-inside
    for (dl_int e = 0; e < E; e++) {
        for (dl_int k = 0; k <= D; k++) g[k] = 0;
        for (dl_int i = 0; i < N; i++) {
            dl_real y = b[0];
            for (dl_int k = 0; k < D; k++) y += w[k] * x[i * D + k];
            const dl_real d = 2 * (y - t[i]) / (dl_real)N;
            for (dl_int k = 0; k < D; k++) g[k] += d * x[i * D + k];
            g[D] += d;
            b[0] -= lr * g[D];
        }
        for (dl_int k = 0; k < D; k++) w[k] -= lr * g[k];
        
    }
