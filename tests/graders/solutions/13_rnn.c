//@ solution
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong no-state
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += 0 * wh[0] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong from-zero
            (void)h0;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += t == 0 ? 0 : wh[j * H + l] * y[(t - 1) * H + l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong transposed-wh
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[l * H + j] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong no-tanh
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * old[l];
            y[t * H + j] = sum;
//@ wrong transposed-wx
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[k * H + j] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong no-bias
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = 0 * b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong always-h0
            const dl_real *old = h0;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong first-x
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * old[l];
            y[t * H + j] = (dl_real)tanh(sum);
//@ wrong new-state
            const dl_real *old = t == 0 ? h0 : y + (t - 1) * H;
            dl_real sum = b[j];
            for (dl_int k = 0; k < D; k++) sum += wx[j * D + k] * x[t * D + k];
            for (dl_int l = 0; l < H; l++) sum += wh[j * H + l] * (l < j ? y[t * H + l] : old[l]);
            y[t * H + j] = (dl_real)tanh(sum);
