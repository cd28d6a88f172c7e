//@ solution
    for (dl_int j = 0; j < H; j++) {
        dl_real z = b1[j];
        for (dl_int k = 0; k < D; k++) z += x[k] * w1[j * D + k];
        h[j] = z > 0 ? z : 0;
    }
    for (dl_int m = 0; m < M; m++) {
        dl_real z = b2[m];
        for (dl_int j = 0; j < H; j++) z += h[j] * w2[m * H + j];
        y[m] = 1 / (1 + (dl_real)exp(-z));
    }
//@ wrong no-relu
    for (dl_int j = 0; j < H; j++) {
        h[j] = b1[j];
        for (dl_int k = 0; k < D; k++) h[j] += x[k] * w1[j * D + k];
    }
    for (dl_int m = 0; m < M; m++) {
        dl_real z = b2[m];
        for (dl_int j = 0; j < H; j++) z += h[j] * w2[m * H + j];
        y[m] = 1 / (1 + (dl_real)exp(-z));
    }
//@ wrong no-sigmoid
    for (dl_int j = 0; j < H; j++) {
        dl_real z = b1[j];
        for (dl_int k = 0; k < D; k++) z += x[k] * w1[j * D + k];
        h[j] = z > 0 ? z : 0;
    }
    for (dl_int m = 0; m < M; m++) {
        y[m] = b2[m];
        for (dl_int j = 0; j < H; j++) y[m] += h[j] * w2[m * H + j];
    }
//@ wrong no-bias
    for (dl_int j = 0; j < H; j++) {
        dl_real z = b1[j];
        for (dl_int k = 0; k < D; k++) z += x[k] * w1[j * D + k];
        h[j] = z > 0 ? z : 0;
    }
    for (dl_int m = 0; m < M; m++) {
        dl_real z = 0;
        for (dl_int j = 0; j < H; j++) z += h[j] * w2[m * H + j];
        y[m] = 1 / (1 + (dl_real)exp(-z));
    }
//@ wrong untouched
    for (dl_int m = 0; m < M; m++) {
        dl_real z = b2[m];
        for (dl_int j = 0; j < H; j++) {
            dl_real s = b1[j];
            for (dl_int k = 0; k < D; k++) s += x[k] * w1[j * D + k];
            z += (s > 0 ? s : 0) * w2[m * H + j];
        }
        y[m] = 1 / (1 + (dl_real)exp(-z));
    }
