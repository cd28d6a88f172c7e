//@ solution
        const dl_real keep = w[i];
        w[i] = keep + h;
        const dl_real up = loss(w, N);
        w[i] = keep - h;
        const dl_real down = loss(w, N);
        w[i] = keep;
        g[i] = (up - down) / (2 * h);
//@ wrong one-side
        const dl_real before = loss(w, N);
        w[i] += h;
        g[i] = (loss(w, N) - before) / h;
        w[i] -= h;
//@ wrong not-put-back
        w[i] += h;
        const dl_real up = loss(w, N);
        w[i] -= 2 * h;
        g[i] = (up - loss(w, N)) / (2 * h);
//@ wrong by-h
        w[i] += h;
        const dl_real up = loss(w, N);
        w[i] -= 2 * h;
        g[i] = (up - loss(w, N)) / h;
        w[i] += h;
//@ wrong all-moved
        for (dl_int k = 0; k < N; k++) w[k] += h;
        const dl_real up = loss(w, N);
        for (dl_int k = 0; k < N; k++) w[k] -= 2 * h;
        g[i] = (up - loss(w, N)) / (2 * h);
        for (dl_int k = 0; k < N; k++) w[k] += h;
//@ wrong sign
        w[i] -= h;
        const dl_real down = loss(w, N);
        w[i] += 2 * h;
        g[i] = (down - loss(w, N)) / (2 * h);
        w[i] -= h;
//@ wrong h-on-top
        const dl_real keep = w[i];
        w[i] = keep + h;
        const dl_real up = loss(w, N);
        w[i] = keep - h;
        g[i] = (up - loss(w, N)) / 2 * h;
        w[i] = keep;
