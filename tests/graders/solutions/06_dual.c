//@ solution
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - y * y) * a.d};
    return r;
}
//@ wrong product-of-derivatives
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - y * y) * a.d};
    return r;
}
//@ wrong one-term
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - y * y) * a.d};
    return r;
}
//@ wrong plus
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v + a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - y * y) * a.d};
    return r;
}
//@ wrong wrong-order
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.v * b.d - a.d * b.v) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - y * y) * a.d};
    return r;
}
//@ wrong not-squared
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / b.v};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - y * y) * a.d};
    return r;
}
//@ wrong no-chain
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, 1 - y * y};
    return r;
}
//@ wrong no-slope
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, a.d};
    return r;
}
//@ wrong square-of-a
dual dual_mul(dual a, dual b)
{
    dual r = {a.v * b.v, a.d * b.v + a.v * b.d};
    return r;
}

dual dual_div(dual a, dual b)
{
    dual r = {a.v / b.v, (a.d * b.v - a.v * b.d) / (b.v * b.v)};
    return r;
}

dual dual_tanh(dual a)
{
    const dl_real y = (dl_real)tanh(a.v);
    dual r = {y, (1 - a.v * a.v) * a.d};
    return r;
}
