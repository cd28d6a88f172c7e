//@ solution
    dl_real dw = 0, db = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real error = w[0] * x[i] + b[0] - t[i];
        dw += 2 * error * x[i] / (dl_real)N;
        db += 2 * error / (dl_real)N;
    }
    w[0] -= (dl_real)lr * dw;
    b[0] -= (dl_real)lr * db;
//@ wrong no-mean
    dl_real dw = 0, db = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real error = w[0] * x[i] + b[0] - t[i];
        dw += 2 * error * x[i];
        db += 2 * error;
    }
    w[0] -= (dl_real)lr * dw;
    b[0] -= (dl_real)lr * db;
//@ wrong stale
    dl_real dw = 0, db = 0;
    for (dl_int i = 0; i < N; i++) dw += 2 * (w[0] * x[i] + b[0] - t[i]) * x[i] / (dl_real)N;
    w[0] -= (dl_real)lr * dw;
    for (dl_int i = 0; i < N; i++) db += 2 * (w[0] * x[i] + b[0] - t[i]) / (dl_real)N;
    b[0] -= (dl_real)lr * db;
//@ wrong no-two
    dl_real dw = 0, db = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real error = w[0] * x[i] + b[0] - t[i];
        dw += error * x[i] / (dl_real)N;
        db += error / (dl_real)N;
    }
    w[0] -= (dl_real)lr * dw;
    b[0] -= (dl_real)lr * db;
