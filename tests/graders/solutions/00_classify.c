//@ solution
        dl_real best = 0;
        for (dl_int c = 0; c < C; c++) {
            dl_real score = b[c];
            for (dl_int k = 0; k < D; k++) score += x[i * D + k] * w[c * D + k];
            if (c > 0 && score <= best) continue;
            best = score;
            label[i] = (int32_t)c;
        }
//@ wrong from-zero
        dl_real best = 0;
        label[i] = 0;
        for (dl_int c = 0; c < C; c++) {
            dl_real score = b[c];
            for (dl_int k = 0; k < D; k++) score += x[i * D + k] * w[c * D + k];
            if (score > best) { best = score; label[i] = (int32_t)c; }
        }
//@ wrong smallest
        dl_real best = 0;
        for (dl_int c = 0; c < C; c++) {
            dl_real score = b[c];
            for (dl_int k = 0; k < D; k++) score += x[i * D + k] * w[c * D + k];
            if (c == 0 || score < best) { best = score; label[i] = (int32_t)c; }
        }
//@ wrong no-bias
        dl_real best = 0;
        for (dl_int c = 0; c < C; c++) {
            dl_real score = 0;
            for (dl_int k = 0; k < D; k++) score += x[i * D + k] * w[c * D + k];
            if (c == 0 || score > best) { best = score; label[i] = (int32_t)c; }
        }
//@ wrong last-of-equal
        dl_real best = 0;
        for (dl_int c = 0; c < C; c++) {
            dl_real score = b[c];
            for (dl_int k = 0; k < D; k++) score += x[i * D + k] * w[c * D + k];
            if (c == 0 || score >= best) { best = score; label[i] = (int32_t)c; }
        }
