//@ solution
    for (dl_int k = 0; k < D; k++) out[k] = sigma * c * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong batch-clipped
    dl_real square = 0;
    for (dl_int k = 0; k < D; k++) {
        out[k] = 0;
        for (dl_int b = 0; b < B; b++) out[k] += g[b * D + k];
        square += out[k] * out[k];
    }
    const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
    for (dl_int k = 0; k < D; k++) out[k] = (out[k] * by + sigma * c * z[k]) / (dl_real)B;
//@ wrong noise-without-c
    for (dl_int k = 0; k < D; k++) out[k] = sigma * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong as-given
    dl_real square = 0;
    for (dl_int k = 0; k < D; k++) {
        out[k] = 0;
        for (dl_int b = 0; b < B; b++) out[k] += g[b * D + k];
        square += out[k] * out[k];
    }
    const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
    for (dl_int k = 0; k < D; k++) out[k] = (out[k] * by + z[k] * sigma) / (dl_real)B;
//@ wrong short-ones-grow
    for (dl_int k = 0; k < D; k++) out[k] = sigma * c * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = c / length;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong no-root
    for (dl_int k = 0; k < D; k++) out[k] = sigma * c * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = square, by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong noise-not-divided
    for (dl_int k = 0; k < D; k++) out[k] = sigma * c * z[k] * (dl_real)B;
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong each-number
    for (dl_int k = 0; k < D; k++) out[k] = sigma * c * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += (by > 2 ? 0 : g[b * D + k] > c ? c : g[b * D + k] < -c ? -c : g[b * D + k]);
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong no-noise
    for (dl_int k = 0; k < D; k++) out[k] = 0 * sigma * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= (dl_real)B;
//@ wrong no-mean
    for (dl_int k = 0; k < D; k++) out[k] = sigma * c * z[k];
    for (dl_int b = 0; b < B; b++) {
        dl_real square = 0;
        for (dl_int k = 0; k < D; k++) square += g[b * D + k] * g[b * D + k];
        const dl_real length = (dl_real)sqrt(square), by = length > c ? c / length : 1;
        for (dl_int k = 0; k < D; k++) out[k] += by * g[b * D + k];
    }
    for (dl_int k = 0; k < D; k++) out[k] /= 1;
