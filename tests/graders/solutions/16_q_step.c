//@ solution
        dl_real best = Q[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (Q[next[n] * A + b] > best) best = Q[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
//@ wrong from-zero
        dl_real best = 0;
        for (dl_int b = 0; b < A; b++)
            if (Q[next[n] * A + b] > best) best = Q[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
//@ wrong no-end
        dl_real best = Q[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (Q[next[n] * A + b] > best) best = Q[next[n] * A + b];
        const dl_real q = r[n] + discount * best + 0 * (dl_real)end[n];
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
//@ wrong old-state
        dl_real best = Q[s[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (Q[s[n] * A + b] > best) best = Q[s[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
//@ wrong not-last
        dl_real best = Q[next[n] * A];
        for (dl_int b = 0; b < A - 1; b++)
            if (Q[next[n] * A + b] > best) best = Q[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
//@ wrong no-discount
        dl_real best = Q[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (Q[next[n] * A + b] > best) best = Q[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : best + 0 * discount);
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
//@ wrong no-reward
        dl_real best = Q[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (Q[next[n] * A + b] > best) best = Q[next[n] * A + b];
        const dl_real q = end[n] ? 0 : r[n] + discount * best;
        Q[s[n] * A + a[n]] += alpha * (q - Q[s[n] * A + a[n]]);
