//@ solution
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < T; i++) mean += x[i * D + k] / (dl_real)T;
        for (dl_int i = 0; i < T; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)T;
        const dl_real std = var > 0 ? (dl_real)sqrt(var) : 1;
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong leak
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < N; i++) mean += x[i * D + k] / (dl_real)N;
        for (dl_int i = 0; i < N; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)N;
        const dl_real std = var > 0 ? (dl_real)sqrt(var) : 1;
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong training-only
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < T; i++) mean += x[i * D + k] / (dl_real)T;
        for (dl_int i = 0; i < T; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)T;
        const dl_real std = var > 0 ? (dl_real)sqrt(var) : 1;
        for (dl_int i = 0; i < T; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong unbiased
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < T; i++) mean += x[i * D + k] / (dl_real)T;
        for (dl_int i = 0; i < T; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)(T - 1);
        const dl_real std = var > 0 ? (dl_real)sqrt(var) : 1;
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong no-root
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < T; i++) mean += x[i * D + k] / (dl_real)T;
        for (dl_int i = 0; i < T; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)T;
        const dl_real std = var > 0 ? var : 1;
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong divisor
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < T; i++) mean += x[i * D + k] / (dl_real)N;
        for (dl_int i = 0; i < T; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)N;
        const dl_real std = var > 0 ? (dl_real)sqrt(var) : 1;
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong nan
    for (dl_int k = 0; k < D; k++) {
        dl_real mean = 0, var = 0;
        for (dl_int i = 0; i < T; i++) mean += x[i * D + k] / (dl_real)T;
        for (dl_int i = 0; i < T; i++)
            var += (x[i * D + k] - mean) * (x[i * D + k] - mean) / (dl_real)T;
        const dl_real std = (dl_real)sqrt(var);
        for (dl_int i = 0; i < N; i++)
            x[i * D + k] = (x[i * D + k] - mean) / std;
    }
//@ wrong own-scale
    for (dl_int k = 0; k < 2 * D; k++) {
        const dl_int from = k < D ? 0 : T, to = k < D ? T : N;
        dl_real mean = 0, var = 0;
        for (dl_int i = from; i < to; i++) mean += x[i * D + k % D] / (dl_real)(to - from);
        for (dl_int i = from; i < to; i++)
            var += (x[i * D + k % D] - mean) * (x[i * D + k % D] - mean) / (dl_real)(to - from);
        const dl_real std = var > 0 ? (dl_real)sqrt(var) : 1;
        for (dl_int i = from; i < to; i++)
            x[i * D + k % D] = (x[i * D + k % D] - mean) / std;
    }
