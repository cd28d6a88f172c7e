//@ solution
        const dl_real to = x[i] + (g[i] > 0 ? eps : g[i] < 0 ? -eps : 0);
        bad[i] = to < 0 ? 0 : to > 1 ? 1 : to;
//@ wrong downhill
        const dl_real to = x[i] - (g[i] > 0 ? eps : g[i] < 0 ? -eps : 0);
        bad[i] = to < 0 ? 0 : to > 1 ? 1 : to;
//@ wrong no-sign
        const dl_real to = x[i] + eps * g[i];
        bad[i] = to < 0 ? 0 : to > 1 ? 1 : to;
//@ wrong not-put-back
        const dl_real to = x[i] + (g[i] > 0 ? eps : g[i] < 0 ? -eps : 0);
        bad[i] = to;
//@ wrong zero-moves
        const dl_real to = x[i] + (g[i] >= 0 ? eps : -eps);
        bad[i] = to < 0 ? 0 : to > 1 ? 1 : to;
//@ wrong one-side
        const dl_real to = x[i] + (g[i] > 0 ? eps : g[i] < 0 ? -eps : 0);
        bad[i] = to > 1 ? 1 : to;
