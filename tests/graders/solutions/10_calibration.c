//@ solution
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b && !(drawer == B && b == B - 1)) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        if (count > 0) sure[b] /= (dl_real)count;
        if (count > 0) right[b] /= (dl_real)count;
    }
//@ wrong one-is-lost
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        if (count > 0) sure[b] /= (dl_real)count;
        if (count > 0) right[b] /= (dl_real)count;
    }
//@ wrong divided-by-N
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b && !(drawer == B && b == B - 1)) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        if (count > 0) sure[b] /= (dl_real)count;
        if (count > 0) right[b] /= (dl_real)N;
    }
//@ wrong both-by-N
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b && !(drawer == B && b == B - 1)) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        if (count > 0) sure[b] /= (dl_real)N;
        if (count > 0) right[b] /= (dl_real)N;
    }
//@ wrong one-goes-first
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b && !(drawer == B && b == 0)) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        if (count > 0) sure[b] /= (dl_real)count;
        if (count > 0) right[b] /= (dl_real)count;
    }
//@ wrong nan
    for (dl_int b = 0; b < B; b++) {
        dl_int count = 0;
        sure[b] = right[b] = 0;
        for (dl_int i = 0; i < N; i++) {
            const dl_int drawer = (dl_int)(p[i] * (dl_real)B);
            if (drawer != b && !(drawer == B && b == B - 1)) continue;
            sure[b] += p[i];
            right[b] += (dl_real)hit[i];
            count++;
        }
        sure[b] /= (dl_real)count;
        right[b] /= (dl_real)count;
    }
