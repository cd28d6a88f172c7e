//@ solution
                    db[m] += g;
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                const dl_int at_x = ((n * C + c) * H + i) * W + j;
                                const dl_int at_w = ((m * C + c) * K + u) * K + v;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                dx[at_x] += g * w[at_w];
                                dw[at_w] += g * x[at_x];
                            }
//@ wrong exchanged
                    db[m] += g;
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                const dl_int at_x = ((n * C + c) * H + i) * W + j;
                                const dl_int at_w = ((m * C + c) * K + u) * K + v;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                dx[at_x] += g * x[at_x];
                                dw[at_w] += g * w[at_w];
                            }
//@ wrong flipped
                    db[m] += g;
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                const dl_int at_x = ((n * C + c) * H + i) * W + j;
                                const dl_int at_w = ((m * C + c) * K + u) * K + v;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                dx[at_x] += g * w[((m * C + c) * K + K - 1 - u) * K + K - 1 - v];
                                dw[at_w] += g * x[at_x];
                            }
//@ wrong no-stride
                    db[m] += g;
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p + u - P, j = q + v - P;
                                const dl_int at_x = ((n * C + c) * H + i) * W + j;
                                const dl_int at_w = ((m * C + c) * K + u) * K + v;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                dx[at_x] += g * w[at_w];
                                dw[at_w] += g * x[at_x];
                            }
//@ wrong bias-in-loop
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                const dl_int at_x = ((n * C + c) * H + i) * W + j;
                                const dl_int at_w = ((m * C + c) * K + u) * K + v;
                                if (i < 0 || i >= H || j < 0 || j >= W) { db[m] += g; continue; }
                                dx[at_x] += g * w[at_w]; db[m] += g;
                                dw[at_w] += g * x[at_x];
                            }
//@ wrong no-bias
                    
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                const dl_int at_x = ((n * C + c) * H + i) * W + j;
                                const dl_int at_w = ((m * C + c) * K + u) * K + v;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                dx[at_x] += g * w[at_w];
                                dw[at_w] += g * x[at_x];
                            }
