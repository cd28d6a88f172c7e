#!/usr/bin/env python3
"""Golden values for the tests of dl.h: what PyTorch computes, in float64.

    python3 tests/golden.py        (needs torch, numpy and mpmath) writes tests/golden/*.txt

The files are committed, so only who changes this program needs PyTorch. Format: a list of arrays,
each a line "name rank dim dim ..." and then its numbers in row-major order; # begins a comment
line. tests/test.h reads them. All inputs are numbers that a float holds exactly, so that a float
build starts from the same numbers.

The optimizers' come from golden_optimizers.py.
"""
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
rng = np.random.default_rng(2026)


def f32(a):
    """a, rounded so that a float holds it."""
    return np.asarray(a, dtype=np.float32).astype(np.float64)


def uniform(lo, hi, *shape):
    return f32(rng.uniform(lo, hi, shape))


class File:
    def __init__(self, name, comment):
        self.path = os.path.join(HERE, name + ".txt")
        self.lines = ["# %s" % line for line in comment.strip().split("\n")]

    def put(self, name, a):
        if isinstance(a, torch.Tensor):
            a = a.detach().numpy()
        a = np.asarray(a, dtype=np.float64)
        self.lines.append(" ".join([name, str(a.ndim)] + [str(d) for d in a.shape]))
        row = a.shape[-1] if a.ndim else 1
        flat = ["%.17g" % v for v in a.reshape(-1)]
        for i in range(0, len(flat), max(1, min(row, 8))):
            self.lines.append(" ".join(flat[i:i + max(1, min(row, 8))]))

    def close(self):
        with open(self.path, "w") as f:
            f.write("\n".join(self.lines) + "\n")


def grad(f, *inputs, dy=None):
    """y = f(inputs) and dL/dinput for each, for L = sum(y dy)."""
    ts = [torch.tensor(a, requires_grad=True) for a in inputs]
    y = f(*ts)
    dy = torch.ones_like(y) if dy is None else torch.tensor(dy)
    gs = torch.autograd.grad(y, ts, dy, allow_unused=True)
    return y, [torch.zeros_like(t) if g is None else g for t, g in zip(ts, gs)]


# ------------------------------------------------------------------------------------- unary ----

def unary():
    out = File("unary", """
Elementwise functions. NAME_K_pq: the constants p, q; _x, _dy: inputs; _y = f(x), _dx = dy f'(x).
_sx, _sy, _sdx: NaN, infinities, zeros and large numbers, with dy = 1.""")
    any_x = np.concatenate([uniform(-4, 4, 14), [0.0, -0.5, 1.25]])
    positive = np.concatenate([uniform(0.01, 6, 14), [1.0, 4.0, 0.25]])
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 80, -80, 1000, -1000])
    rows = [
        ("neg", 0, 0, any_x, lambda x: -x),
        ("exp", 0, 0, any_x, torch.exp),
        ("log", 0, 0, positive, torch.log),
        ("sqrt", 0, 0, positive, torch.sqrt),
        ("square", 0, 0, any_x, torch.square),
        ("pow", 2, 0, any_x, lambda x: x.pow(2)),
        ("pow", 3, 0, any_x, lambda x: x.pow(3)),
        ("pow", 1, 0, any_x, lambda x: x.pow(1)),
        ("pow", 0, 0, any_x, lambda x: x.pow(0)),
        ("pow", 0.5, 0, positive, lambda x: x.pow(0.5)),
        ("pow", -1.5, 0, positive, lambda x: x.pow(-1.5)),
        ("abs", 0, 0, any_x, torch.abs),
        ("clamp", -0.5, 1.25, any_x, lambda x: x.clamp(-0.5, 1.25)),
        ("clamp", 0.1, 0.7, any_x, lambda x: x.clamp(0.1, 0.7)),
        ("clamp", 1, -1, any_x, lambda x: x.clamp(1, -1)),
        ("affine", 2.5, -0.75, any_x, lambda x: 2.5 * x - 0.75),
        ("reciprocal", 1, 0, positive, lambda x: 1 / x),
        ("reciprocal", -3, 0, positive, lambda x: -3 / x),
        ("sigmoid", 0, 0, any_x, torch.sigmoid),
        ("tanh", 0, 0, any_x, torch.tanh),
        ("relu", 0, 0, any_x, torch.relu),
        ("leaky_relu", 0.01, 0, any_x, lambda x: F.leaky_relu(x, 0.01)),
        ("leaky_relu", 0.2, 0, any_x, lambda x: F.leaky_relu(x, 0.2)),
        ("elu", 1, 0, any_x, F.elu),
        ("elu", 0.5, 0, any_x, lambda x: F.elu(x, 0.5)),
        ("gelu", 0, 0, any_x, F.gelu),
        ("gelu_tanh", 0, 0, any_x, lambda x: F.gelu(x, approximate="tanh")),
        ("silu", 0, 0, any_x, F.silu),
        ("softplus", 0, 0, any_x, F.softplus),
        ("over", -4, 0, any_x, lambda x: x / -4),
    ]
    count = {}
    for name, p, q, x, f in rows:
        k = count[name] = count.get(name, -1) + 1
        if name != "over":          # it has the dy of the one before: the numbers that follow stay
            dy = uniform(-2, 2, len(x))
        y, (dx,) = grad(f, x, dy=dy)
        sy, (sdx,) = grad(f, special)
        for what, a in (("pq", [p, q]), ("x", x), ("dy", dy), ("y", y), ("dx", dx),
                        ("sx", special), ("sy", sy), ("sdx", sdx)):
            out.put("%s_%d_%s" % (name, k, what), a)
    for name in count:
        out.put("%s_cases" % name, count[name] + 1)
    out.close()


# ----------------------------------------------------------------------------------- softmax ----

def softmax():
    out = File("softmax", """
Softmax and log-softmax of the rows of x[N,C]: K_x, K_dy; K_y, K_dx of softmax; K_ly, K_ldx of
log-softmax. The last ones are far from 0, where e^x overflows.""")
    xs = [uniform(-3, 3, 3, 5), uniform(-3, 3, 1, 1), uniform(-3, 3, 4, 1), uniform(-3, 3, 2, 7),
          uniform(-3, 3, 1, 33), f32(uniform(-3, 3, 3, 4) + 1000), f32(uniform(-60, 60, 3, 6)),
          np.array([[1e30, 1e30, 0], [-1e30, 0, 1], [-1000, -1001, -1002]])]
    xs[-1] = f32(xs[-1])
    for k, x in enumerate(xs):
        dy = uniform(-2, 2, *x.shape)
        y, (dx,) = grad(lambda t: torch.softmax(t, -1), x, dy=dy)
        ly, (ldx,) = grad(lambda t: torch.log_softmax(t, -1), x, dy=dy)
        for what, a in (("x", x), ("dy", dy), ("y", y), ("dx", dx), ("ly", ly), ("ldx", ldx)):
            out.put("%d_%s" % (k, what), a)
    out.put("cases", len(xs))
    out.close()


# ------------------------------------------------------------------------------------ linear ----

def linear():
    out = File("linear", """
K_x [N,D], K_w [M,D], K_b [M], K_dy [N,M]: K_y = x w^T + b, K_y0 without b; K_dx, K_dw, K_db.""")
    sizes = [(1, 1, 1), (3, 5, 2), (2, 1, 4), (1, 7, 3), (5, 3, 1), (4, 17, 9), (7, 33, 13)]
    for k, (n, d, m) in enumerate(sizes):
        x, w, b = uniform(-1, 1, n, d), uniform(-1, 1, m, d), uniform(-1, 1, m)
        dy = uniform(-1, 1, n, m)
        y, (dx, dw, db) = grad(F.linear, x, w, b, dy=dy)
        y0, _ = grad(lambda x, w: F.linear(x, w), x, w)
        for what, a in (("x", x), ("w", w), ("b", b), ("dy", dy), ("y", y), ("y0", y0),
                        ("dx", dx), ("dw", dw), ("db", db)):
            out.put("%d_%s" % (k, what), a)
    out.put("cases", len(sizes))
    out.close()


def matmul():
    out = File("matmul", """
K_a [N,K], K_b [K,M], K_dy [N,M]: K_y = a b, K_da, K_db.
batchK_*: torch.matmul with further dimensions in front.""")
    sizes = [(1, 1, 1), (3, 5, 2), (2, 1, 4), (1, 7, 3), (5, 3, 1), (4, 17, 9), (9, 11, 19)]
    for k, (n, d, m) in enumerate(sizes):
        a, b, dy = uniform(-1, 1, n, d), uniform(-1, 1, d, m), uniform(-1, 1, n, m)
        y, (da, db) = grad(torch.matmul, a, b, dy=dy)
        for what, v in (("a", a), ("b", b), ("dy", dy), ("y", y), ("da", da), ("db", db)):
            out.put("%d_%s" % (k, what), v)
    out.put("cases", len(sizes))
    batches = [((2, 3, 4), (2, 4, 5)), ((3, 2, 5), (5, 3)), ((4, 3), (2, 3, 2)),
               ((2, 3, 2, 4), (2, 3, 4, 3)), ((2, 1, 3, 5), (5, 2))]
    for k, (sa, sb) in enumerate(batches):
        a, b = uniform(-1, 1, *sa), uniform(-1, 1, *sb)
        dy = uniform(-1, 1, *np.matmul(a, b).shape)
        y, (da, db) = grad(torch.matmul, a, b, dy=dy)
        for what, v in (("a", a), ("b", b), ("dy", dy), ("y", y), ("da", da), ("db", db)):
            out.put("batch%d_%s" % (k, what), v)
    out.put("batch_cases", len(batches))
    out.close()


# --------------------------------------------------------------------------------- arithmetic ----

def arithmetic():
    out = File("arithmetic", """
Arithmetic with broadcasting. Inputs of shape pair K: K_a, K_b, K_dy; then OP_K_y, OP_K_da,
OP_K_db for OP add, sub, mul, div, maximum, minimum. a and b are equal in places.""")
    shapes = [((5,), (5,)), ((7,), (1,)), ((1,), (3,)), ((1,), (1,)), ((), (4,)), ((), ()),
              ((3, 4), (4,)), ((3, 1), (1, 5)), ((2, 3, 4), (3, 1)), ((2, 1, 4), (1, 3, 1)),
              ((4, 1), (2, 1, 5)), ((1, 5, 1, 3), (2, 1, 2, 1)), ((2, 1, 1, 2, 1, 3), (3, 1, 2, 1))]
    ops = [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div),
           ("maximum", torch.maximum), ("minimum", torch.minimum)]
    for k, (sa, sb) in enumerate(shapes):
        a, b = (f32(np.round(uniform(-3, 3, *s) * 2) / 2) for s in (sa, sb))
        b = np.where(b == 0, 0.5, b)
        dy = uniform(-2, 2, *np.broadcast_shapes(sa, sb))
        out.put("%d_a" % k, a)
        out.put("%d_b" % k, b)
        out.put("%d_dy" % k, dy)
        for name, f in ops:
            y, (da, db) = grad(f, a, b, dy=dy)
            out.put("%s_%d_y" % (name, k), y)
            out.put("%s_%d_da" % (name, k), da)
            out.put("%s_%d_db" % (name, k), db)
    out.put("cases", len(shapes))
    special = np.array([np.nan, 1, np.inf, -np.inf, np.inf, 0, np.nan])
    other = np.array([1, np.nan, np.inf, 2, -np.inf, 0, np.nan])
    out.put("special_a", special)
    out.put("special_b", other)
    for name, f in ops:
        y, (da, db) = grad(f, special, other)
        out.put("%s_special_y" % name, y)
        out.put("%s_special_da" % name, da)
        out.put("%s_special_db" % name, db)
    out.close()


# ------------------------------------------------------------------------------------- losses ----

def losses():
    out = File("losses", """
K_x, K_t: prediction (or logits) and target, [n]. LOSS_K_mean, LOSS_K_sum: the losses; LOSS_K_dmean,
LOSS_K_dsum: their gradients. LOSS: mse, mae, huber (delta 1), huber5 (delta .5), bce (targets K_p).
ceK_x [N,C], ceK_label [N], ceK_soft [N,C] (rows add to 1 but in ce3) with ceK_* and softK_*.""")
    bce = F.binary_cross_entropy_with_logits
    kinds = [("mse", F.mse_loss, "t"), ("mae", F.l1_loss, "t"), ("huber", F.huber_loss, "t"),
             ("huber5", lambda x, t, reduction: F.huber_loss(x, t, reduction, 0.5), "t"),
             ("bce", lambda x, t, reduction: bce(x, t, reduction=reduction), "p")]
    xs = [uniform(-3, 3, 1), uniform(-3, 3, 7), uniform(-3, 3, 12), f32(uniform(-90, 90, 9))]
    for k, x in enumerate(xs):
        t, p = uniform(-3, 3, len(x)), uniform(0, 1, len(x))
        if len(x) > 5:
            t[2], t[3], t[4] = x[2], x[3] - 0.25, x[4] + 0.25  # exactly right, and nearly
            t = f32(t)
            p[0], p[1] = 0, 1
        out.put("%d_x" % k, x)
        out.put("%d_t" % k, t)
        out.put("%d_p" % k, p)
        for name, f, target in kinds:
            to = torch.tensor(t if target == "t" else p)
            for how in ("mean", "sum"):
                y, (dx,) = grad(lambda v: f(v, to, reduction=how), x)
                out.put("%s_%d_%s" % (name, k, how), y)
                out.put("%s_%d_d%s" % (name, k, how), dx)
    out.put("cases", len(xs))
    xs = [uniform(-3, 3, 4, 5), uniform(-3, 3, 1, 2), uniform(-3, 3, 3, 1), uniform(-3, 3, 5, 10),
          f32(uniform(-50, 50, 3, 4) + 500)]
    for k, x in enumerate(xs):
        n, c = x.shape
        label = rng.integers(0, c, n)
        soft = f32(rng.dirichlet(np.ones(c), n))
        if k == 3:
            soft = uniform(0, 1, n, c)
            soft[0] = 0
            soft[0, 4] = 1
        out.put("ce%d_x" % k, x)
        out.put("ce%d_label" % k, label)
        out.put("ce%d_soft" % k, soft)
        for name, to in (("ce", torch.tensor(label)), ("soft", torch.tensor(soft))):
            for how in ("mean", "sum"):
                y, (dx,) = grad(lambda v: F.cross_entropy(v, to, reduction=how), x)
                out.put("%s%d_%s" % (name, k, how), y)
                out.put("%s%d_d%s" % (name, k, how), dx)
    out.put("ce_cases", len(xs))
    out.close()


# ------------------------------------------------------------------------------------ limits ----

def limits():
    """Elementwise functions and losses far out: formulas in 80 digits, limits at infinity."""
    import mpmath as mp
    mp.mp.dps = 80
    inf, nan = mp.inf, mp.nan
    out = File("limits", """
Elementwise functions at the edges of the numbers. x: the points; xd: more of them, which only a
double holds. NAME_K_pq: the constants; _y = f(x), _dx = f'(x), and with xd _yd, _dxd: the values,
at infinity the limits. t: targets; LOSS_K_y, _dx, _yd, _dxd: of one element, with target K.""")
    side = [1e-45, 1e-40, 1e-20, 1e-3, 0.5, 1, 3, 5, 8, 12, 15.5, 20, 40, 80, 89, 100, 1000, 1e10,
            1e20, 1e38]
    x = f32([np.nan, np.inf, -np.inf, 0.0, -0.0] + side + [-v for v in side])
    xd = [s * v for v in (5e-324, 1e-300, 1e-160, 40, 700, 750, 1e160, 1e300) for s in (1, -1)]

    def sigmoid(v):
        return mp.mpf(v > 0) if abs(v) > 1e6 else 1 / (1 + mp.exp(-v))

    def slope(v):
        return sigmoid(v) * sigmoid(-v)

    def phi(v):
        return mp.mpf(v > 0) if abs(v) > 1e4 else mp.erfc(-v / mp.sqrt(2)) / 2

    def density(v):
        return mp.mpf(0) if abs(v) > 1e4 else mp.exp(-v * v / 2) / mp.sqrt(2 * mp.pi)

    def exp(v):
        return mp.mpf(0) if v < -1e6 else inf if v > 1e6 else mp.exp(v)

    def fade(v, e):
        return mp.mpf(0) if e == 0 else v * e

    def bend(v):
        return 2 * mp.sqrt(2 / mp.pi) * (v + mp.mpf("0.044715") * v ** 3)

    def bend_slope(v):
        return 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * v ** 2)

    def softplus(v):
        return max(v, 0) + (mp.log1p(mp.exp(-abs(v))) if abs(v) < 1e6 else 0)

    def tanh(v):
        return mp.sign(v) if abs(v) > 1e4 else mp.tanh(v)

    rows = [
        ("neg", 0, 0, lambda v: -v, lambda v: -1),
        ("exp", 0, 0, exp, exp),
        ("square", 0, 0, lambda v: v * v, lambda v: 2 * v),
        ("abs", 0, 0, abs, mp.sign),
        ("clamp", -0.5, 1.25, lambda v: min(max(v, -0.5), 1.25), lambda v: -0.5 <= v <= 1.25),
        ("affine", 2.5, -0.75, lambda v: v * 2.5 - 0.75, lambda v: 2.5),
        ("over", -4, 0, lambda v: v / -4, lambda v: -0.25),
        ("sigmoid", 0, 0, sigmoid, slope),
        ("tanh", 0, 0, tanh, lambda v: 0 if abs(v) > 1e4 else mp.sech(v) ** 2),
        ("relu", 0, 0, lambda v: max(v, 0), lambda v: v > 0),
        ("leaky_relu", 0.25, 0, lambda v: v if v > 0 else v / 4, lambda v: 1 if v > 0 else 0.25),
        ("leaky_relu", 0, 0, lambda v: max(v, 0), lambda v: v > 0),
        ("elu", 1, 0, lambda v: v if v > 0 else mp.expm1(max(v, -1e6)),
         lambda v: 1 if v > 0 else exp(v)),
        ("elu", 0.5, 0, lambda v: v if v > 0 else mp.expm1(max(v, -1e6)) / 2,
         lambda v: 1 if v > 0 else exp(v) / 2),
        ("gelu", 0, 0, lambda v: fade(v, phi(v)), lambda v: phi(v) + fade(v, density(v))),
        ("gelu_tanh", 0, 0, lambda v: fade(v, sigmoid(bend(v))),
         lambda v: sigmoid(bend(v)) + fade(v * bend_slope(v), slope(bend(v)))),
        ("silu", 0, 0, lambda v: fade(v, sigmoid(v)), lambda v: sigmoid(v) + fade(v, slope(v))),
        ("softplus", 0, 0, softplus, sigmoid),
    ]

    def apply(f, a):
        with np.errstate(over="ignore"):
            return [nan if np.isnan(v) else float(mp.mpf(f(mp.mpf(v)))) for v in a]

    out.put("x", x)
    out.put("xd", xd)
    count = {}
    for name, p, q, f, df in rows:
        k = count[name] = count.get(name, -1) + 1
        out.put("%s_%d_pq" % (name, k), [p, q])
        for what, g, a in (("y", f, x), ("dx", df, x), ("yd", f, xd), ("dxd", df, xd)):
            out.put("%s_%d_%s" % (name, k, what), apply(g, a))
    for name in count:
        out.put("%s_cases" % name, count[name] + 1)

    targets = [0, 0.25, 1]
    out.put("t", targets)
    for k, t in enumerate(targets):
        losses = [
            ("mse", lambda v: (v - t) ** 2, lambda v: 2 * (v - t)),
            ("mae", lambda v: abs(v - t), lambda v: mp.sign(v - t)),
            ("huber", lambda v: (v - t) ** 2 / 2 if abs(v - t) <= 1 else abs(v - t) - 0.5,
             lambda v: min(max(v - t, -1), 1)),
            ("bce", lambda v: fade(abs(v), 1 - t if v > 0 else t) + softplus(-abs(v)),
             lambda v: 1 - t - sigmoid(-v) if v > 0 else sigmoid(v) - t),
        ]
        for name, f, df in losses:
            for what, g, a in (("y", f, x), ("dx", df, x), ("yd", f, xd), ("dxd", df, xd)):
                out.put("%s_%d_%s" % (name, k, what), apply(g, a))
    out.close()


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    for section in (unary, softmax, linear, matmul, arithmetic, losses, limits):
        section()
    print(sum(os.path.getsize(os.path.join(HERE, f)) for f in os.listdir(HERE)), "bytes in", HERE)
