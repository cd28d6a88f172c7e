//@ solution
        const dl_real sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0;
        g[i] += l1 * sign + 2 * l2 * w[i];
//@ wrong no-two
        const dl_real sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0;
        g[i] += l1 * sign + l2 * w[i];
//@ wrong no-sign
        g[i] += l1 + 2 * l2 * w[i];
//@ wrong absolute
        g[i] += l1 * (dl_real)fabs(w[i]) + 2 * l2 * w[i];
//@ wrong payments
        g[i] += l1 * (dl_real)fabs(w[i]) + l2 * w[i] * w[i];
//@ wrong corner
        const dl_real sign = w[i] >= 0 ? 1 : -1;
        g[i] += l1 * sign + 2 * l2 * w[i];
//@ wrong minus
        const dl_real sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0;
        g[i] -= l1 * sign + 2 * l2 * w[i];
//@ wrong overwritten
        const dl_real sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0;
        g[i] = l1 * sign + 2 * l2 * w[i];
