//@ solution
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + on * g * v[t + 1] - v[t] + on * g * k * sum;
        adv[t] = sum;
    }
//@ wrong no-end
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = 1 + 0 * (dl_real)end[t];
        sum = r[t] + on * g * v[t + 1] - v[t] + on * g * k * sum;
        adv[t] = sum;
    }
//@ wrong sum-goes-on
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + on * g * v[t + 1] - v[t] + g * k * sum;
        adv[t] = sum;
    }
//@ wrong value-goes-on
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + g * v[t + 1] - v[t] + on * g * k * sum;
        adv[t] = sum;
    }
//@ wrong no-k
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + on * g * v[t + 1] - v[t] + on * g * sum + 0 * k;
        adv[t] = sum;
    }
//@ wrong no-values
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + 0 * v[t] + on * g * k * sum;
        adv[t] = sum;
    }
//@ wrong one-step
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + on * g * v[t + 1] - v[t] + 0 * k;
        adv[t] = sum;
    }
//@ wrong no-last-value
    dl_real sum = 0;
    for (dl_int t = T - 1; t >= 0; t--) {
        const dl_real on = end[t] ? 0 : 1;
        sum = r[t] + (t < T - 1 ? on * g * v[t + 1] : 0) - v[t] + on * g * k * sum;
        adv[t] = sum;
    }
