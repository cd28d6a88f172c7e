//@ solution
        const dl_real d = dh[j] * (1 - h[j] * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong no-slope
        const dl_real d = dh[j] * (1 + 0 * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong slope-of-old
        const dl_real d = dh[j] * (1 - h0[j] * h0[j] + 0 * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong sigmoid
        const dl_real d = dh[j] * h[j] * (1 - h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong no-square
        const dl_real d = dh[j] * (1 - h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong transposed-wh
        const dl_real d = dh[j] * (1 - h[j] * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[l * H + j];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong no-db
        const dl_real d = dh[j] * (1 - h[j] * h[j]);
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong no-dh0
        const dl_real d = dh[j] * (1 - h[j] * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dwh[j * H + l] += d * h0[l];
        }
//@ wrong new-state
        const dl_real d = dh[j] * (1 - h[j] * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h[l] + 0 * h0[l];
        }
//@ wrong overwritten
        const dl_real d = dh[j] * (1 - h[j] * h[j]);
        db[j] += d;
        for (dl_int k = 0; k < D; k++) {
            dx[k] += d * wx[j * D + k];
            dwx[j * D + k] += d * x[k];
        }
        for (dl_int l = 0; l < H; l++) {
            if (j == 0) dh0[l] = 0;
            dh0[l] += d * wh[j * H + l];
            dwh[j * H + l] += d * h0[l];
        }
