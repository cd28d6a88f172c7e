//@ solution
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = $eps;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * (dl_real)sqrt(sum);
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = $eps;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += dloss * r * w[j * D + k] / length;
    }
}
//@ wrong squares
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * sum;
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += dloss * r * w[j * D + k] / length;
    }
}
//@ wrong one-length
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += sum;
    }
    loss[0] = r * (dl_real)sqrt(loss[0]);
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += dloss * r * w[j * D + k] / length;
    }
}
//@ wrong l1
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += (dl_real)fabs(w[j * D + k]);
        loss[0] += r * sum;
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += dloss * r * w[j * D + k] / length;
    }
}
//@ wrong squares-backward
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * (dl_real)sqrt(sum);
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += 2 * dloss * r * w[j * D + k];
    }
}
//@ wrong no-length
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * (dl_real)sqrt(sum);
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += dloss * r * w[j * D + k];
    }
}
//@ wrong half
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * (dl_real)sqrt(sum);
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += dloss * r * w[j * D + k] / length / 2;
    }
}
//@ wrong no-dloss
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * (dl_real)sqrt(sum);
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D && length > 0; k++) dw[j * D + k] += r * w[j * D + k] / length;
    }
}
//@ wrong nan
void group_forward(dl_real *loss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    loss[0] = 0;
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        loss[0] += r * (dl_real)sqrt(sum);
    }
}

void group_backward(dl_real *dw, dl_real dloss, const dl_real *w, dl_int M, dl_int D, dl_real r)
{
    for (dl_int j = 0; j < M; j++) {
        dl_real sum = 0;
        for (dl_int k = 0; k < D; k++) sum += w[j * D + k] * w[j * D + k];
        const dl_real length = (dl_real)sqrt(sum);
        for (dl_int k = 0; k < D; k++) dw[j * D + k] += dloss * r * w[j * D + k] / length;
    }
}
