//@ solution
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong flipped-kernel
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + K - 1 - u) * K + K - 1 - v];
                            }
//@ wrong no-stride
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p + u - P, j = q + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong no-padding
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - 0 * P, j = q * s + v - 0 * P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong plus-padding
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u + P, j = q * s + v + P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong one-channel
                    for (dl_int c = 0; c < 1; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong rows-columns
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + v) * K + u];
                            }
//@ wrong out-of-bounds
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong edge
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i <= 0 || i >= H || j <= 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong no-channel
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C) * K + u) * K + v];
                            }
//@ wrong edge
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i <= 0 || i >= H || j < 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong edge
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j <= 0 || j >= W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong bounds
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= W || j < 0 || j >= H || i * W + j >= H * W) continue;
                                sum += x[((n * C + c) * H + i) * W + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
//@ wrong sides
                    for (dl_int c = 0; c < C; c++)
                        for (dl_int u = 0; u < K; u++)
                            for (dl_int v = 0; v < K; v++) {
                                const dl_int i = p * s + u - P, j = q * s + v - P;
                                if (i < 0 || i >= H || j < 0 || j >= W || i * H + j >= H * W) continue;
                                sum += x[((n * C + c) * W + i) * H + j] *
                                       w[((m * C + c) * K + u) * K + v];
                            }
