//@ solution
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        const dl_real m_hat = m[i] / (1 - (dl_real)pow(b1, (double)t));
        const dl_real v_hat = v[i] / (1 - (dl_real)pow(b2, (double)t));
        w[i] -= lr * m_hat / ((dl_real)sqrt(v_hat) + eps);
//@ wrong as-given
        m[i] = b1 * m[i] + g[i] * (1 - b1);
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        const dl_real m_hat = m[i] / (1 - (dl_real)pow(b1, (double)t));
        w[i] -= lr * m_hat / (dl_real)sqrt(v[i] + eps);
//@ wrong eps-in-root
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        const dl_real m_hat = m[i] / (1 - (dl_real)pow(b1, (double)t));
        const dl_real v_hat = v[i] / (1 - (dl_real)pow(b2, (double)t));
        w[i] -= lr * m_hat / (dl_real)sqrt(v_hat + eps);
//@ wrong no-v-hat
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        const dl_real m_hat = m[i] / (1 - (dl_real)pow(b1, (double)t));
        w[i] -= lr * m_hat / ((dl_real)sqrt(v[i]) + eps);
//@ wrong no-hats
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        w[i] -= lr * m[i] / ((dl_real)sqrt(v[i]) + eps);
//@ wrong no-power
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        const dl_real m_hat = m[i] / (1 - (dl_real)pow(b1, (double)t));
        const dl_real v_hat = v[i] / (1 - b2);
        w[i] -= lr * m_hat / ((dl_real)sqrt(v_hat) + eps);
//@ wrong different
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        m[i] /= 1 - (dl_real)pow(b1, (double)t);
        v[i] /= 1 - (dl_real)pow(b2, (double)t);
        w[i] -= lr * m[i] / ((dl_real)sqrt(v[i]) + eps);
