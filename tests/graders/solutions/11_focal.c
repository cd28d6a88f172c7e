//@ solution
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = r * pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong cross-entropy
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = r * pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong sum
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q));
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = r * pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong power-of-q
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = r * pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong cross-entropy-backward
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = -1 + 0 * q * r;
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong half-a-product
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = -pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong no-r
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong sum-backward
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = r * pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += dloss * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
//@ wrong no-dloss
void focal_forward(dl_real *loss, dl_real *p, const dl_real *z, const int32_t *label, dl_int N, dl_int C,
                   dl_real r)
{
    loss[0] = 0;
    for (dl_int i = 0; i < N; i++, p += C, z += C) {
        dl_real sum = 0;
        for (dl_int c = 0; c < C; c++) sum += p[c] = (dl_real)exp(z[c]);
        for (dl_int c = 0; c < C; c++) p[c] /= sum;
        const dl_real q = p[label[i]];
        loss[0] -= (dl_real)(pow(1 - q, r) * log(q)) / (dl_real)N;
    }
}

void focal_backward(dl_real *dz, dl_real dloss, const dl_real *p, const int32_t *label, dl_int N, dl_int C,
                    dl_real r)
{
    for (dl_int i = 0; i < N; i++) {
        const double q = p[i * C + label[i]];
        const double s = r * pow(1 - q, r - 1) * q * log(q) - pow(1 - q, r);
        for (dl_int c = 0; c < C; c++)
            dz[i * C + c] += 1 / (dl_real)N * (dl_real)s * ((dl_real)(c == label[i]) - p[i * C + c]);
    }
}
