//@ solution
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = (r - 1) / (dl_real)N;
        d_fake[i] = f / (dl_real)N;
        g_fake[i] = (f - 1) / (dl_real)N;
//@ wrong no-mean
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = (r - 1) / 1;
        d_fake[i] = f / 1;
        g_fake[i] = (f - 1) / 1;
//@ wrong twice
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = (r - 1) / (dl_real)(2 * N);
        d_fake[i] = f / (dl_real)(2 * N);
        g_fake[i] = (f - 1) / (dl_real)(2 * N);
//@ wrong exchanged
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = r / (dl_real)N;
        d_fake[i] = (f - 1) / (dl_real)N;
        g_fake[i] = f / (dl_real)N;
//@ wrong saturating
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = (r - 1) / (dl_real)N;
        d_fake[i] = f / (dl_real)N;
        g_fake[i] = -f / (dl_real)N;
//@ wrong by-D
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = -1 / r / (dl_real)N;
        d_fake[i] = 1 / (1 - f) / (dl_real)N;
        g_fake[i] = -1 / f / (dl_real)N;
//@ wrong uphill
        const dl_real r = 1 / (1 + (dl_real)exp(-real[i]));
        const dl_real f = 1 / (1 + (dl_real)exp(-fake[i]));
        d_real[i] = (1 - r) / (dl_real)N;
        d_fake[i] = -f / (dl_real)N;
        g_fake[i] = (1 - f) / (dl_real)N;
