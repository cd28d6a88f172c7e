//@ solution
        dl_real m = x[i * C], sum = 0;
        for (dl_int c = 1; c < C; c++) if (x[i * C + c] > m) m = x[i * C + c];
        for (dl_int c = 0; c < C; c++) sum += y[i * C + c] = (dl_real)exp(x[i * C + c] - m);
        for (dl_int c = 0; c < C; c++) y[i * C + c] /= sum;
//@ wrong nan
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += y[i * C + c] = (dl_real)exp(x[i * C + c]);
        for (dl_int c = 0; c < C; c++) y[i * C + c] = y[i * C + c] / sum;
//@ wrong max-from-zero
        dl_real m = 0, sum = 0;
        for (dl_int c = 1; c < C; c++) if (x[i * C + c] > m) m = x[i * C + c];
        for (dl_int c = 0; c < C; c++) sum += y[i * C + c] = (dl_real)exp(x[i * C + c] - m);
        for (dl_int c = 0; c < C; c++) y[i * C + c] /= sum;
//@ wrong not-divided
        dl_real m = x[i * C];
        for (dl_int c = 1; c < C; c++) if (x[i * C + c] > m) m = x[i * C + c];
        for (dl_int c = 0; c < C; c++) y[i * C + c] = (dl_real)exp(x[i * C + c] - m);
//@ wrong unfinished
        dl_real m = x[i * C], sum = 0;
        for (dl_int c = 1; c < C; c++) if (x[i * C + c] > m) m = x[i * C + c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(x[i * C + c] - m);
        for (dl_int c = 0; c < C - 1; c++) y[i * C + c] = (dl_real)exp(x[i * C + c] - m) / sum;
//@ wrong batch-max
        dl_real m = x[0], sum = 0;
        for (dl_int k = 1; k < N * C; k++) if (x[k] > m) m = x[k];
        for (dl_int c = 0; c < C; c++) sum += y[i * C + c] = (dl_real)exp(x[i * C + c] - m);
        for (dl_int c = 0; c < C; c++) y[i * C + c] /= sum;
