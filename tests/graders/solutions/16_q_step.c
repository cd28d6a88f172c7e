//@ solution
        dl_real best = table[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
//@ wrong from-zero
        dl_real best = 0;
        for (dl_int b = 0; b < A; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
//@ wrong no-end
        dl_real best = table[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = r[n] + discount * best + 0 * (dl_real)end[n];
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
//@ wrong old-state
        dl_real best = table[s[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (table[s[n] * A + b] > best) best = table[s[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
//@ wrong not-last
        dl_real best = table[next[n] * A];
        for (dl_int b = 0; b < A - 1; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : discount * best);
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
//@ wrong no-discount
        dl_real best = table[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = r[n] + (end[n] ? 0 : best + 0 * discount);
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
//@ wrong no-reward
        dl_real best = table[next[n] * A];
        for (dl_int b = 0; b < A; b++)
            if (table[next[n] * A + b] > best) best = table[next[n] * A + b];
        const dl_real q = end[n] ? 0 : r[n] + discount * best;
        table[s[n] * A + a[n]] += alpha * (q - table[s[n] * A + a[n]]);
