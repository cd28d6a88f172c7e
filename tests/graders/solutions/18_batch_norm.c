//@ solution
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        if (T) {
            mean[c] = keep * mean[c] + (1 - keep) * m;
            var[c] = keep * var[c] + (1 - keep) * v;
        } else {
            m = mean[c];
            v = var[c];
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
//@ wrong batch-in-prediction
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        if (T) {
            mean[c] = keep * mean[c] + (1 - keep) * m;
            var[c] = keep * var[c] + (1 - keep) * v;
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
//@ wrong shares
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        if (T) {
            mean[c] = (1 - keep) * mean[c] + keep * m;
            var[c] = (1 - keep) * var[c] + keep * v;
        } else {
            m = mean[c];
            v = var[c];
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
//@ wrong always-renewed
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        const dl_real old_m = mean[c], old_v = var[c];
        mean[c] = keep * mean[c] + (1 - keep) * m;
        var[c] = keep * var[c] + (1 - keep) * v;
        if (!T) {
            m = old_m;
            v = old_v;
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
//@ wrong running-in-training
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        if (T) {
            mean[c] = keep * mean[c] + (1 - keep) * m;
            var[c] = keep * var[c] + (1 - keep) * v;
        }
        m = mean[c];
        v = var[c];
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
//@ wrong n-minus-1
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)(N > 1 ? N - 1 : 1);
        if (T) {
            mean[c] = keep * mean[c] + (1 - keep) * m;
            var[c] = keep * var[c] + (1 - keep) * v;
        } else {
            m = mean[c];
            v = var[c];
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (dl_real)sqrt(v + (dl_real)0.00001) + b[c];
//@ wrong no-root
        dl_real m = 0, v = 0;
        for (dl_int n = 0; n < N; n++) m += x[n * C + c] / (dl_real)N;
        for (dl_int n = 0; n < N; n++) v += (x[n * C + c] - m) * (x[n * C + c] - m) / (dl_real)N;
        if (T) {
            mean[c] = keep * mean[c] + (1 - keep) * m;
            var[c] = keep * var[c] + (1 - keep) * v;
        } else {
            m = mean[c];
            v = var[c];
        }
        for (dl_int n = 0; n < N; n++)
            y[n * C + c] = w[c] * (x[n * C + c] - m) / (v + (dl_real)0.00001) + b[c];
