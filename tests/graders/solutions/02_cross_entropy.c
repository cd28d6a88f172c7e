//@ solution
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = row[0], sum = 0;
        for (dl_int c = 1; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += m + (dl_real)log(sum) - row[label[i]];
    }
    loss[0] = total / (dl_real)N;
//@ wrong is-sum
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = row[0], sum = 0;
        for (dl_int c = 1; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        loss[0] += m + (dl_real)log(sum) - row[label[i]];
    }
//@ wrong negative
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = row[0], sum = 0;
        for (dl_int c = 1; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += row[label[i]] - m - (dl_real)log(sum);
    }
    loss[0] = total / (dl_real)N;
//@ wrong no-label
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = row[0], sum = 0;
        for (dl_int c = 1; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += m + (dl_real)log(sum);
    }
    loss[0] = total / (dl_real)N;
//@ wrong no-shift-back
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = row[0], sum = 0;
        for (dl_int c = 1; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += (dl_real)log(sum) - row[label[i]];
    }
    loss[0] = total / (dl_real)N;
//@ wrong nan
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(x[i * C + c]);
        total -= (dl_real)log((dl_real)exp(x[i * C + label[i]]) / sum);
    }
    loss[0] = total / (dl_real)N;
//@ wrong batch-max
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = x[0], sum = 0;
        for (dl_int c = 0; c < N * C; c++) if (x[c] > m) m = x[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += m + (dl_real)log(sum) - row[label[i]];
    }
    loss[0] = total / (dl_real)N;
//@ wrong max-from-zero
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = 0, sum = 0;
        for (dl_int c = 0; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += m + (dl_real)log(sum) - row[label[i]];
    }
    loss[0] = total / (dl_real)N;
//@ wrong zero
    dl_real total = 0;
    for (dl_int i = 0; i < N; i++) {
        const dl_real *row = x + i * C;
        dl_real m = row[0], sum = 0;
        for (dl_int c = 0; c < C; c++) if (row[c] > m) m = row[c];
        for (dl_int c = 0; c < C; c++) sum += (dl_real)exp(row[c] - m);
        total += m + (dl_real)log(sum) - row[label[i]];
    }
    loss[0] = total * (1 / N);
