//@ solution
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7;
            sum -= t[i * C + c] * (dl_real)log(q);
        }
    loss[0] = sum / (dl_real)N;
//@ wrong mean-of-all
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7;
            sum -= t[i * C + c] * (dl_real)log(q);
        }
    loss[0] = sum / (dl_real)(N * C);
//@ wrong sum
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7;
            sum -= t[i * C + c] * (dl_real)log(q);
        }
    loss[0] = sum;
//@ wrong added
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c] + (dl_real)1e-7;
            sum -= t[i * C + c] * (dl_real)log(q);
        }
    loss[0] = sum / (dl_real)N;
//@ wrong nan
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c];
            sum -= t[i * C + c] * (dl_real)log(q);
        }
    loss[0] = sum / (dl_real)N;
//@ wrong no-sign
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7;
            sum += t[i * C + c] * (dl_real)log(q);
        }
    loss[0] = sum / (dl_real)N;
//@ wrong binary
    dl_real sum = 0;
    for (dl_int i = 0; i < N; i++)
        for (dl_int c = 0; c < C; c++) {
            const dl_real q = p[i * C + c] > (dl_real)1e-7 ? p[i * C + c] : (dl_real)1e-7;
            sum -= t[i * C + c] * (dl_real)log(q) + (1 - t[i * C + c]) * (dl_real)log(1 - p[i * C + c] > (dl_real)1e-7 ? 1 - p[i * C + c] : (dl_real)1e-7);
        }
    loss[0] = sum / (dl_real)N;
