//@ solution
            db[j] += d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
//@ wrong exchanged
            db[j] += d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] += d * x[i * D + k];
                dw[j * D + k] += d * w[j * D + k];
            }
//@ wrong bias-in-loop
            for (dl_int k = 0; k < D; k++) {
                db[j] += d;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
//@ wrong last-only
            db[j] += d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] = d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
//@ wrong last-only
            db[j] = d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
//@ wrong ratio
            db[j] += d / (dl_real)N;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k] / (dl_real)N;
            }
//@ wrong sign
            db[j] -= d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] -= d * w[j * D + k];
                dw[j * D + k] -= d * x[i * D + k];
            }
//@ wrong overwritten
            if (i == 0) db[j] = 0;
            db[j] += d;
            for (dl_int k = 0; k < D; k++) {
                if (j == 0) dx[i * D + k] = 0;
                if (i == 0) dw[j * D + k] = 0;
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] += d * x[i * D + k];
            }
//@ wrong last-only
            db[j] += d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] += d * w[j * D + k];
                dw[j * D + k] = d * x[i * D + k];
            }
//@ wrong last-only
            db[j] = d;
            for (dl_int k = 0; k < D; k++) {
                dx[i * D + k] = d * w[j * D + k];
                dw[j * D + k] = d * x[i * D + k];
            }
