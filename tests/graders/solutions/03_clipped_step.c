//@ solution
    double sum = 0;
    for (dl_int i = 0; i < N; i++) sum += (double)g[i] * (double)g[i];
    const double length = sqrt(sum), s = length > most ? most / length : 1;
    for (dl_int i = 0; i < N; i++) w[i] -= (dl_real)(lr * s * (double)g[i]);
//@ wrong unclipped
    for (dl_int i = 0; i < N; i++) w[i] -= (dl_real)(lr * (double)g[i]);
//@ wrong no-root
    double sum = 0;
    for (dl_int i = 0; i < N; i++) sum += (double)g[i] * (double)g[i];
    const double s = sum > most ? most / sum : 1;
    for (dl_int i = 0; i < N; i++) w[i] -= (dl_real)(lr * s * (double)g[i]);
//@ wrong always
    double sum = 0;
    for (dl_int i = 0; i < N; i++) sum += (double)g[i] * (double)g[i];
    for (dl_int i = 0; i < N; i++) w[i] -= (dl_real)(lr * most / sqrt(sum) * (double)g[i]);
//@ wrong each
    for (dl_int i = 0; i < N; i++) {
        double d = (double)g[i];
        if (d > most) d = most;
        if (d < -most) d = -most;
        w[i] -= (dl_real)(lr * d);
    }
//@ wrong sign
    double sum = 0;
    for (dl_int i = 0; i < N; i++) sum += (double)g[i] * (double)g[i];
    const double length = sqrt(sum), s = length > most ? most / length : 1;
    for (dl_int i = 0; i < N; i++) w[i] += (dl_real)(lr * s * (double)g[i]);
