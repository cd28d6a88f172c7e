//@ solution
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
//@ wrong no-bias
            dl_real sum = 0;
            for (dl_int k = 0; k < D; k++) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
//@ wrong w-transposed
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += x[i * D + k] * w[k * M + j];
            y[i * M + j] = sum;
//@ wrong last-product
            for (dl_int k = 0; k < D; k++) y[i * M + j] = x[i * D + k] * w[j * D + k];
//@ wrong added
            y[i * M + j] += b[j];
            for (dl_int k = 0; k < D; k++) y[i * M + j] += x[i * D + k] * w[j * D + k];
//@ wrong out-of-bounds
            dl_real sum = b[j];
            for (dl_int k = 0; k <= D; k++) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
//@ wrong truncated
            int sum = (int)b[j];
            for (dl_int k = 0; k < D; k++) sum += (int)(x[i * D + k] * w[j * D + k]);
            y[i * M + j] = (dl_real)sum;
//@ wrong only-first
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += x[k] * w[j * D + k];
            y[i * M + j] = sum;
//@ wrong wrong-sign
            dl_real sum = -b[j];
            for (dl_int k = 0; k < D; k++) sum += x[i * D + k] * w[j * D + k];
            y[i * M + j] = sum;
