//@ solution
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = j <= i ? (dl_real)exp(s / (dl_real)sqrt((double)D)) : 0;
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong no-mask
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = (dl_real)exp(s / (dl_real)sqrt((double)D));
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong no-root
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = j <= i ? (dl_real)exp(s) : 0;
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong by-D
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = j <= i ? (dl_real)exp(s / (dl_real)D) : 0;
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong exchanged
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[j * D + d] * k[i * D + d];
            p[i * T + j] = j <= i ? (dl_real)exp(s / (dl_real)sqrt((double)D)) : 0;
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong no-sum
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = j <= i ? (dl_real)exp(s / (dl_real)sqrt((double)D)) : 0;
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= 1 + 0 * sum;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong late-mask
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = (dl_real)exp(s / (dl_real)sqrt((double)D));
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] = j <= i ? p[i * T + j] / sum : 0;
        for (dl_int m = 0; m < M; m++) {
            y[i * M + m] = 0;
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
//@ wrong added
        dl_real sum = 0;
        for (dl_int j = 0; j < T; j++) {
            dl_real s = 0;
            for (dl_int d = 0; d < D; d++) s += q[i * D + d] * k[j * D + d];
            p[i * T + j] = j <= i ? (dl_real)exp(s / (dl_real)sqrt((double)D)) : 0;
            sum += p[i * T + j];
        }
        for (dl_int j = 0; j < T; j++) p[i * T + j] /= sum;
        for (dl_int m = 0; m < M; m++) {
            for (dl_int j = 0; j < T; j++) y[i * M + m] += p[i * T + j] * v[j * M + m];
        }
