//@ solution
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most)) / sum;
        }
    }
}
//@ wrong no-mean
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most)) / sum;
        }
    }
}
//@ wrong no-r
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp((x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K));
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp((x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most)) / sum;
        }
    }
}
//@ wrong equal-shares
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] / (dl_real)(K * K) + 0 * sum;
        }
    }
}
//@ wrong winner-takes-all
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            if (x[at] == most) dx[at] += dy[k];
        }
    }
}
//@ wrong times-r
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most)) / sum * r;
        }
    }
}
//@ wrong divided-by-r
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most)) / sum / r;
        }
    }
}
//@ wrong no-sum
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = x[place(k, 0, OW, K)], sum = 0;
        for (dl_int i = 1; i < K * K; i++) most = (dl_real)fmax(most, x[place(k, i, OW, K)]);
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most));
        }
    }
}
//@ wrong overflow
static dl_int place(dl_int k, dl_int i, dl_int OW, dl_int K)        /* number i of window k */
{
    return ((k / OW * K + i / K) * OW + k % OW) * K + i % K;
}

void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = 0 * x[place(k, 0, OW, K)], sum = 0;
        most += 0;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        dl_real most = 0 * x[place(k, 0, OW, K)], sum = 0;
        most += 0;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[place(k, i, OW, K)] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int at = place(k, i, OW, K);
            dx[at] += dy[k] * (dl_real)exp(r * (x[at] - most)) / sum;
        }
    }
}
//@ wrong one-max
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = x[0], sum = 0;
        for (dl_int i = 0; i < C * OH * OW * K * K; i++) most = x[i] > most ? x[i] : most;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (at[i / K * OW * K + i % K] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_int at = (k / OW * K * OW + k % OW) * K;
        dl_real most = x[at], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = x[at + i / K * OW * K + i % K] > most ? x[at + i / K * OW * K + i % K] : most;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[at + i / K * OW * K + i % K] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int to = at + i / K * OW * K + i % K;
            dx[to] += dy[k] * (dl_real)exp(r * (x[to] - most)) / sum;
        }
    }
}
