//@ solution
    for (dl_int i = 0; i < N; i++) {
        const dl_real y = 1 / (1 + (dl_real)exp(-z[i]));
        dz[i] += (y - t[i]) / (dl_real)N;
    }
//@ wrong is-sum
    for (dl_int i = 0; i < N; i++) {
        const dl_real y = 1 / (1 + (dl_real)exp(-z[i]));
        dz[i] += y - t[i];
    }
//@ wrong squared
    for (dl_int i = 0; i < N; i++) {
        const dl_real y = 1 / (1 + (dl_real)exp(-z[i]));
        dz[i] += (y - t[i]) * y * (1 - y) / (dl_real)N;
    }
//@ wrong nan
    for (dl_int i = 0; i < N; i++) {
        const dl_real y = 1 / (1 + (dl_real)exp(-z[i]));
        dz[i] += (y - t[i]) / (y * (1 - y)) * (y * (1 - y)) / (dl_real)N;
    }
//@ wrong opposite
    for (dl_int i = 0; i < N; i++) {
        const dl_real y = 1 / (1 + (dl_real)exp(-z[i]));
        dz[i] += (t[i] - y) / (dl_real)N;
    }
//@ wrong overwritten
    for (dl_int i = 0; i < N; i++) {
        const dl_real y = 1 / (1 + (dl_real)exp(-z[i]));
        dz[i] = (y - t[i]) / (dl_real)N;
    }
