//@ solution
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * g[i] / (dl_real)sqrt(a[i] + eps);
//@ wrong old-mean
        w[i] -= lr * g[i] / (dl_real)sqrt(a[i] + eps);
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
//@ wrong eps-outside
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * g[i] / ((dl_real)sqrt(a[i]) + eps);
//@ wrong no-root
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * g[i] / (a[i] + eps);
//@ wrong exchanged
        a[i] = (1 - rho) * a[i] + rho * g[i] * g[i];
        w[i] -= lr * g[i] / (dl_real)sqrt(a[i] + eps);
//@ wrong adagrad
        a[i] += g[i] * g[i];
        w[i] -= lr * g[i] / (dl_real)sqrt(a[i] + eps);
//@ wrong not-squared
        a[i] = rho * a[i] + (1 - rho) * g[i];
        w[i] -= lr * g[i] / (dl_real)sqrt(a[i] + eps);
//@ wrong untouched
        const dl_real mean = rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * g[i] / (dl_real)sqrt(mean + eps);
//@ wrong no-gradient
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr / (dl_real)sqrt(a[i] + eps);
//@ wrong old-kept
        a[i] += rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * g[i] / (dl_real)sqrt(a[i] + eps);
//@ wrong power-zero
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * g[i] / (dl_real)pow(a[i] + eps, 1/2);
