//@ solution
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    const dl_real slope = $k;
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-slope * af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    const dl_real slope = $k;
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-slope * af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * slope * f * (1 - f);
    }
}
//@ wrong swapped
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = f * h0[k] + (1 - f) * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * f * (1 - f);
    }
}
//@ wrong no-reset
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * f * (1 - f);
    }
}
//@ wrong no-tanh
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * f * (1 - f);
    }
}
//@ wrong one-door
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += dh[k] * (n - h0[k]) * f * (1 - f);
    }
}
//@ wrong other-door
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (d * un[k] + 0 * h0[k]) * f * (1 - f);
    }
}
//@ wrong no-gate-slope
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]);
    }
}
//@ wrong no-slope
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f;
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * f * (1 - f);
    }
}
//@ wrong dun-no-f
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d;
        dh0[k] += dh[k] * (1 - f);
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * f * (1 - f);
    }
}
//@ wrong swapped-backward
void mgu_forward(dl_real *h, const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0,
                 dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k]));
        h[k] = (1 - f) * h0[k] + f * (dl_real)tanh(an[k] + f * un[k]);
    }
}

void mgu_backward(dl_real *daf, dl_real *dan, dl_real *dun, dl_real *dh0, const dl_real *dh,
                  const dl_real *af, const dl_real *an, const dl_real *un, const dl_real *h0, dl_int H)
{
    for (dl_int k = 0; k < H; k++) {
        const dl_real f = 1 / (1 + (dl_real)exp(-af[k])), n = (dl_real)tanh(an[k] + f * un[k]);
        const dl_real d = dh[k] * f * (1 - n * n);
        dan[k] += d;
        dun[k] += d * f;
        dh0[k] += dh[k] * f;
        daf[k] += (dh[k] * (n - h0[k]) + d * un[k]) * f * (1 - f);
    }
}
