//@ solution
            w[j * D + k] /= std[k];
            b[j] -= w[j * D + k] * mean[k];
//@ wrong old-weight
            b[j] -= w[j * D + k] * mean[k];
            w[j * D + k] /= std[k];
//@ wrong divided-twice
            w[j * D + k] /= std[k];
            b[j] -= w[j * D + k] * mean[k] / std[k];
//@ wrong times-std
            b[j] -= w[j * D + k] * mean[k] / std[k];
            w[j * D + k] *= std[k];
//@ wrong plus
            w[j * D + k] /= std[k];
            b[j] += w[j * D + k] * mean[k];
//@ wrong no-bias
            w[j * D + k] /= std[k];
            (void)mean;
            b[j] += 0;
//@ wrong mean-alone
            w[j * D + k] /= std[k];
            b[j] -= mean[k] / std[k];
//@ wrong out-of-bounds
            w[j * D + k] /= std[k];
            b[k] -= w[j * D + k] * mean[k];
