//@ solution
        const dl_real i = s(a[k]);
        const dl_real f = s(a[H + k]);
        const dl_real g = (dl_real)tanh(a[2 * H + k]);
        const dl_real o = s(a[3 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * (dl_real)tanh(c[k]);
//@ wrong no-tanh
        const dl_real i = s(a[k]);
        const dl_real f = s(a[H + k]);
        const dl_real g = (dl_real)tanh(a[2 * H + k]);
        const dl_real o = s(a[3 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * c[k];
//@ wrong g-sigmoid
        const dl_real i = s(a[k]);
        const dl_real f = s(a[H + k]);
        const dl_real g = s(a[2 * H + k]);
        const dl_real o = s(a[3 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * (dl_real)tanh(c[k]);
//@ wrong as-given
        const dl_real i = s(a[k]);
        const dl_real f = s(a[H + k]);
        const dl_real g = s(a[2 * H + k]);
        const dl_real o = s(a[3 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * (c[k]);
//@ wrong i-f-swapped
        const dl_real i = s(a[H + k]);
        const dl_real f = s(a[k]);
        const dl_real g = (dl_real)tanh(a[2 * H + k]);
        const dl_real o = s(a[3 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * (dl_real)tanh(c[k]);
//@ wrong o-before-g
        const dl_real i = s(a[k]);
        const dl_real f = s(a[H + k]);
        const dl_real g = (dl_real)tanh(a[3 * H + k]);
        const dl_real o = s(a[2 * H + k]);
        c[k] = f * c0[k] + i * g;
        h[k] = o * (dl_real)tanh(c[k]);
