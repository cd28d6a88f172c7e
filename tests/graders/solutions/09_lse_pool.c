//@ solution
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
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
//@ wrong no-mean
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (at[i / K * OW * K + i % K] - most));
        y[k] = most + (dl_real)log(sum) / r;
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
//@ wrong no-r
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp((at[i / K * OW * K + i % K] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K));
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
//@ wrong equal-shares
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
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
            dx[to] += dy[k] / (dl_real)(K * K) + 0 * sum;
        }
    }
}
//@ wrong winner-takes-all
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
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
            if (x[to] == most) dx[to] += dy[k];
        }
    }
}
//@ wrong times-r
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
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
            dx[to] += dy[k] * (dl_real)exp(r * (x[to] - most)) / sum * r;
        }
    }
}
//@ wrong divided-by-r
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
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
            dx[to] += dy[k] * (dl_real)exp(r * (x[to] - most)) / sum / r;
        }
    }
}
//@ wrong no-sum
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
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
            dx[to] += dy[k] * (dl_real)exp(r * (x[to] - most));
        }
    }
}
//@ wrong nan
void lse_pool_forward(dl_real *y, const dl_real *x, dl_int C, dl_int OH, dl_int OW, dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_real *at = x + (k / OW * K * OW + k % OW) * K;
        dl_real most = at[0], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most = at[i / K * OW * K + i % K] > most ? at[i / K * OW * K + i % K] : most;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (at[i / K * OW * K + i % K] - most));
        y[k] = most + (dl_real)log(sum / (dl_real)(K * K)) / r;
    }
}

void lse_pool_backward(dl_real *dx, const dl_real *dy, const dl_real *x, dl_int C, dl_int OH, dl_int OW,
                       dl_int K, dl_real r)
{
    for (dl_int k = 0; k < C * OH * OW; k++) {
        const dl_int at = (k / OW * K * OW + k % OW) * K;
        dl_real most = 0 * x[at], sum = 0;
        for (dl_int i = 0; i < K * K; i++) most += 0;
        for (dl_int i = 0; i < K * K; i++) sum += (dl_real)exp(r * (x[at + i / K * OW * K + i % K] - most));
        for (dl_int i = 0; i < K * K; i++) {
            const dl_int to = at + i / K * OW * K + i % K;
            dx[to] += dy[k] * (dl_real)exp(r * (x[to] - most)) / sum;
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
