//@ solution
                    y[((n * C + c) * H + i) * W + j] = x[$at];
//@ wrong just-copied
                    y[((n * C + c) * H + i) * W + j] = x[((n * C + c) * H + i) * W + j];
//@ wrong other-way
                    y[((n * H + i) * W + j) * C + c] = x[((n * C + c) * H + i) * W + j];
//@ wrong rows-columns
                    y[((n * C + c) * H + i) * W + j] = x[((n * W + j) * H + i) * C + c];
//@ wrong added
                    y[((n * C + c) * H + i) * W + j] += x[((n * H + i) * W + j) * C + c];
//@ wrong out-of-bounds
                    y[((n * C + c) * H + i) * W + j] = x[((n * H + i) * W + j) * C + c + 1];
