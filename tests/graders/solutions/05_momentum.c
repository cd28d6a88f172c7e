//@ solution
        v[i] = mu * v[i] + lr * g[i];
        w[i] -= v[i];
//@ wrong old-speed
        w[i] -= v[i];
        v[i] = mu * v[i] + lr * g[i];
//@ wrong uphill
        v[i] = mu * v[i] + lr * g[i];
        w[i] += v[i];
//@ wrong rate-twice
        v[i] = mu * v[i] + lr * g[i];
        w[i] -= lr * v[i];
//@ wrong mean
        v[i] = mu * v[i] + (1 - mu) * lr * g[i];
        w[i] -= v[i];
//@ wrong no-rate
        v[i] = mu * v[i] + g[i];
        w[i] -= v[i];
//@ wrong untouched
        w[i] -= mu * v[i] + lr * g[i];
//@ wrong plain
        v[i] = lr * g[i];
        w[i] -= v[i];
//@ wrong speed-sign
        v[i] = mu * v[i] - lr * g[i];
        w[i] -= v[i];
//@ wrong old-kept
        v[i] += mu * v[i] + lr * g[i];
        w[i] -= v[i];
