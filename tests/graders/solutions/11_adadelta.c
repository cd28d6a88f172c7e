//@ solution
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
//@ wrong no-roots
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (u[i] + eps) / (a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
//@ wrong eps-beside-root
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * ((dl_real)sqrt(u[i]) + eps) / ((dl_real)sqrt(a[i]) + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
//@ wrong u-of-gradient
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * g[i] * g[i];
        w[i] -= lr * d;
//@ wrong u-of-lr-d
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * lr * d * lr * d;
        w[i] -= lr * d;
//@ wrong old-a
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
//@ wrong plus
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] += lr * d;
//@ wrong rmsprop
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * 1 / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
//@ wrong no-lr
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= d;
//@ wrong no-mean
        a[i] = rho * a[i] + g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + d * d;
        w[i] -= lr * d;
//@ wrong old-kept
        a[i] += rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] = rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
//@ wrong old-kept
        a[i] = rho * a[i] + (1 - rho) * g[i] * g[i];
        const dl_real d = g[i] * (dl_real)sqrt(u[i] + eps) / (dl_real)sqrt(a[i] + eps);
        u[i] += rho * u[i] + (1 - rho) * d * d;
        w[i] -= lr * d;
