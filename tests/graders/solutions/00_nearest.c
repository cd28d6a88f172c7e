//@ solution
    for (dl_int i = 0; i < N; i++) {
        dl_real least = 0;
        for (dl_int m = 0; m < M; m++) {
            dl_real d = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real q = x[i * D + k] - known[m * D + k];
                d += q * q;
            }
            if (m == 0 || d < least) {
                least = d;
                label[i] = known_label[m];
            }
        }
    }
//@ wrong index
    for (dl_int i = 0; i < N; i++) {
        dl_real least = 0;
        for (dl_int m = 0; m < M; m++) {
            dl_real d = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real q = x[i * D + k] - known[m * D + k];
                d += q * q;
            }
            if (m == 0 || d < least) { least = d; label[i] = (int32_t)m; }
        }
    }
//@ wrong farthest
    for (dl_int i = 0; i < N; i++) {
        dl_real least = 0;
        for (dl_int m = 0; m < M; m++) {
            dl_real d = 0;
            for (dl_int k = 0; k < D; k++) {
                const dl_real q = x[i * D + k] - known[m * D + k];
                d += q * q;
            }
            if (m == 0 || d > least) { least = d; label[i] = known_label[m]; }
        }
    }
//@ wrong not-squared
    for (dl_int i = 0; i < N; i++) {
        dl_real least = 0;
        for (dl_int m = 0; m < M; m++) {
            dl_real d = 0;
            for (dl_int k = 0; k < D; k++) d += x[i * D + k] - known[m * D + k];
            if (m == 0 || d < least) { least = d; label[i] = known_label[m]; }
        }
    }
//@ wrong untouched
    for (dl_int i = 0; i < N; i++) {
        dl_real least = 0;
        for (dl_int m = 0; m < M; m++) {
            dl_real d = 0;
            for (dl_int k = 0; k < D; k++) d += (x[i * D + k] - known[m * D + k]) *
                                                (x[i * D + k] - known[m * D + k]);
            if (d < least) { least = d; label[i] = known_label[m]; }
        }
    }
