#!/usr/bin/env python3
"""Golden values for the operations and losses of dl.h (floor 2): what PyTorch gives in float64.

    python3 tests/golden_ops.py    (needs torch and numpy) writes tests/golden/ops_*.txt

Of a case NAME: inputs NAME_x0, NAME_x1 ..., targets NAME_t (no gradient), the output NAME_y, its
gradient NAME_dy, and the gradients NAME_dx0 ... that follow from it. The C side has the same names
in a table. Inputs are distinct multiples of 2^-12 that stay off every kink.
Also rng.txt: SplitMix64 and what dl.h builds on it, computed here from the paper's formulas.
"""
import itertools
import os

import numpy as np
import torch
import torch.nn.functional as F

from golden import HERE, File

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(7)


def vals(*shape, lo=-2.0, hi=2.0):
    """Distinct numbers between lo and hi in a random order, multiples of 2^-12."""
    n = int(np.prod(shape))
    v = lo + (hi - lo) * (rng.permutation(n) + rng.uniform(0.3, 0.7)) / max(n, 1)
    return (np.round(v * 4096) / 4096).reshape(shape)


def pos(*shape):
    return vals(*shape, lo=0.3, hi=3.0)


def case(out, name, f, *inputs, target=None):
    xs = [torch.tensor(x, requires_grad=True) for x in inputs]
    y = f(*xs) if target is None else f(*xs, torch.tensor(target))
    dy = vals(*y.shape)
    gs = torch.autograd.grad(y, xs, torch.tensor(dy), allow_unused=True)
    for i, x in enumerate(inputs):
        out.put("%s_x%d" % (name, i), x)
    if target is not None:
        out.put(name + "_t", target)
    out.put(name + "_y", y)
    out.put(name + "_dy", dy)
    for i, g in enumerate(gs):
        out.put("%s_dx%d" % (name, i), torch.zeros_like(xs[i]) if g is None else g)


# Pairs of shapes that broadcast: equal, missing and single dimensions on either side, empty ones.
PAIRS = [
    ((), ()), ((), (3,)), ((3,), ()), ((1,), (1,)), ((3,), (3,)), ((1,), (4,)), ((4,), (1,)),
    ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (2, 1)), ((2, 1), (2, 3)),
    ((2, 1), (1, 3)), ((1, 3), (2, 1)), ((2, 3), (1, 1)), ((2, 3), ()), ((3, 1), (4,)),
    ((2, 3, 4), (3, 1)), ((2, 3, 4), (3, 4)), ((2, 3, 4), (4,)), ((2, 1, 4), (1, 3, 1)),
    ((2, 3, 4), (2, 1, 1)), ((2, 3, 4), (2, 1, 4)), ((2, 3, 4), (2, 3, 1)), ((3, 1), (2, 1, 4)),
    ((2, 1, 3, 1), (1, 2, 1, 2)), ((2, 2, 1, 3), (2, 3)), ((2, 2, 3, 2), (1, 2, 1, 1)),
    ((2, 1, 3, 1, 2), (3, 2, 1, 1, 1)[1:]), ((1, 2, 1, 2, 1), (2, 1, 2, 1, 2)),
    ((2, 1, 3, 1, 2, 1), (1, 2, 1, 2, 1, 2)), ((2, 2, 2, 1, 2, 2), (2, 2, 2, 2, 1, 1)),
    ((2, 1, 1, 1, 1, 3), (2, 2, 1, 1, 3)), ((0,), (1,)), ((0,), ()), ((2, 0), (1,)),
    ((2, 0, 3), (3,)), ((1, 3), (0, 1)), ((0, 2), (0, 2)),
]
BINARY = [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div),
          ("maximum", torch.maximum), ("minimum", torch.minimum)]


def broadcast():
    out = File("ops_broadcast", "Pair number K: K_a, K_b, K_dy, and for each op K_op_y, _da, _db")
    for k, (sa, sb) in enumerate(PAIRS):
        a, b = vals(*sa), pos(*sb) * np.where(vals(*sb) > 0, 1, -1) + 1 / 8192
        dy = vals(*np.broadcast_shapes(sa, sb))
        for name, v in ("a", a), ("b", b), ("dy", dy):
            out.put("%d_%s" % (k, name), v)
        for name, f in BINARY:
            ta, tb = torch.tensor(a, requires_grad=True), torch.tensor(b, requires_grad=True)
            y = f(ta, tb)
            da, db = torch.autograd.grad(y, (ta, tb), torch.tensor(dy))
            for part, v in ("y", y), ("da", da), ("db", db):
                out.put("%d_%s_%s" % (k, name, part), v)
    out.close()


def ops():
    out = File("ops_cases", "Operations; see golden_ops.py, and the table in ops.c")

    def c(name, f, *inputs):
        case(out, name, f, *inputs)

    x = vals(2, 3, 2)
    for name, f in [
            ("neg", torch.neg), ("exp", torch.exp), ("square", torch.square),
            ("cube", lambda x: x ** 3), ("abs", torch.abs),
            ("clamp", lambda x: x.clamp(-0.6, 0.8)), ("sigmoid", torch.sigmoid),
            ("tanh", torch.tanh), ("relu", torch.relu),
            ("leaky_relu", lambda x: F.leaky_relu(x, 0.1)), ("elu", lambda x: F.elu(x, 1.5)),
            ("gelu", F.gelu), ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")),
            ("silu", F.silu), ("softplus", F.softplus), ("add_scalar", lambda x: x + 1.5),
            ("sub_scalar", lambda x: x - 1.5), ("mul_scalar", lambda x: x * -2.5),
            ("div_scalar", lambda x: x / 3), ("scalar_sub", lambda x: 2 - x)]:
        c(name, f, x)
    for name, f in [("log", torch.log), ("sqrt", torch.sqrt), ("pow", lambda x: x ** 1.75),
                    ("scalar_div", lambda x: -2 / x)]:
        c(name, f, pos(2, 3, 2))
    c("relu_scalar", torch.relu, vals(lo=0.5, hi=1))
    c("exp_empty", torch.exp, vals(2, 0))

    for shape in [(), (5,), (1, 4), (4, 1), (3, 5), (2, 2, 3), (3, 0)]:
        tag = "x".join(map(str, shape)) or "scalar"
        c("softmax_" + tag, lambda x: torch.softmax(x, -1), vals(*shape))
        c("log_softmax_" + tag, lambda x: torch.log_softmax(x, -1), vals(*shape))

    for shape in [(4,), (1, 4), (3, 4), (2, 3, 4), (0, 4)]:
        tag = "x".join(map(str, shape))
        c("linear_" + tag, F.linear, vals(*shape), vals(5, 4), vals(5))
        c("linear_nobias_" + tag, F.linear, vals(*shape), vals(5, 4))
    c("linear_1", F.linear, vals(2, 1), vals(1, 1), vals(1))
    c("linear_from_nothing", F.linear, vals(3, 0), vals(2, 0), vals(2))

    for i, (sa, sb) in enumerate([
            ((2, 3), (3, 4)), ((1, 1), (1, 5)), ((5, 1), (1, 1)), ((1, 4), (4, 1)),
            ((7, 2), (2, 3)), ((3, 2, 4), (3, 4, 2)), ((3, 2, 4), (4, 2)), ((2, 4), (3, 4, 2)),
            ((2, 2, 2, 3), (2, 2, 3, 2)), ((2, 2, 2, 3), (3, 1)), ((1, 3), (2, 2, 3, 2)),
            ((2, 1, 1, 2, 1, 3), (2, 1, 1, 2, 3, 2)), ((2, 0), (0, 3)), ((0, 2), (2, 3)),
            ((0, 2, 2), (2, 3)), ((2, 2), (0, 2, 3))]):
        c("matmul_%d" % i, torch.matmul, vals(*sa), vals(*sb))

    for order in itertools.permutations(range(3)):
        c("permute_" + "".join(map(str, order)), lambda x: x.permute(order), vals(2, 3, 4))
    for order in (4, 3, 2, 1, 0), (1, 0, 4, 2, 3), (3, 4, 0, 1, 2), (0, 2, 1, 4, 3):
        c("permute_" + "".join(map(str, order)), lambda x: x.permute(order), vals(2, 1, 3, 2, 2))
    c("permute_543210", lambda x: x.permute(5, 4, 3, 2, 1, 0), vals(2, 1, 2, 3, 1, 2))
    c("permute_negative", lambda x: x.permute(-1, 0, -2), vals(2, 3, 4))
    c("permute_0", lambda x: x.permute(0), vals(3))
    c("permute_scalar", lambda x: x.permute(()), vals())
    c("permute_empty", lambda x: x.permute(2, 0, 1), vals(2, 0, 3))
    c("transpose", lambda x: x.transpose(0, 1), vals(3, 4))
    c("transpose_ends", lambda x: x.transpose(0, -1), vals(2, 3, 4))
    c("transpose_same", lambda x: x.transpose(1, 1), vals(2, 3))

    c("slice_0", lambda x: x[1:3], vals(4, 2, 3))
    c("slice_1", lambda x: x[:, 0:1], vals(4, 2, 3))
    c("slice_2", lambda x: x[:, :, 1:3], vals(4, 2, 3))
    c("slice_negative", lambda x: x[:, :, -3:-1], vals(2, 2, 4))
    c("slice_all", lambda x: x[:, 0:3], vals(2, 3))
    c("slice_none", lambda x: x[:, 1:1], vals(2, 3))
    c("slice_vector", lambda x: x[2:5], vals(6))
    c("slice_twice", lambda x: x[0:3] * x[1:4], vals(4, 2))

    for axis in 0, 1, 2:
        shapes = [(2, 3, 2) for _ in range(3)]
        for k, s in enumerate(shapes):
            shapes[k] = s[:axis] + (k + 1,) + s[axis + 1:]
        c("concat_%d" % axis, lambda *x: torch.cat(x, axis), *[vals(*s) for s in shapes])
    c("concat_last", lambda *x: torch.cat(x, -1), vals(2, 1), vals(2, 3))
    c("concat_empty", lambda *x: torch.cat(x, 1), vals(2, 2), vals(2, 0), vals(2, 1))
    c("concat_one", lambda x: torch.cat([x], 0), vals(2, 3))
    c("concat_again", lambda x, y: torch.cat([x, y, x], 0), vals(2, 3), vals(1, 3))
    c("stack_0", lambda *x: torch.stack(x, 0), vals(2, 3), vals(2, 3), vals(2, 3))
    c("stack_1", lambda *x: torch.stack(x, 1), vals(2, 3), vals(2, 3))
    c("stack_last", lambda *x: torch.stack(x, -1), vals(2, 3), vals(2, 3))
    c("stack_scalars", lambda *x: torch.stack(x, 0), vals(), vals(), vals())
    c("stack_again", lambda x: torch.stack([x, x], 1), vals(3))

    c("gather_1", lambda x: x[[3, 0, 3]], vals(4))
    c("gather_2", lambda x: x[[1, 1, 2, 1, 0]], vals(3, 2))
    c("gather_3", lambda x: x[[1, 0]], vals(2, 2, 3))
    c("gather_none", lambda x: x[[]], vals(3, 2))

    c("sum", torch.sum, vals(2, 3, 4))
    c("mean", torch.mean, vals(2, 3, 4))
    c("max", torch.max, vals(2, 3, 4))
    c("sum_scalar", torch.sum, vals())
    c("sum_empty", torch.sum, vals(2, 0))
    for axis in 0, 1, 2, -1, -3:
        for keep in False, True:
            tag = "%d%s" % (axis % 3, "_keep" if keep else "") + ("_negative" if axis < 0 else "")
            c("sum_" + tag, lambda x: x.sum(axis, keep), vals(2, 3, 4))
            c("mean_" + tag, lambda x: x.mean(axis, keep), vals(2, 3, 4))
            c("max_" + tag, lambda x: x.max(axis, keep)[0], vals(2, 3, 4))
    c("sum_vector", lambda x: x.sum(0), vals(5))
    c("sum_over_none", lambda x: x.sum(1), vals(2, 0))
    c("max_beside_none", lambda x: x.max(0)[0], vals(2, 0))

    c("reshape", lambda x: x.reshape(4, 6), vals(2, 3, 4))
    c("reshape_open", lambda x: x.reshape(-1, 2), vals(2, 3, 4))
    c("reshape_rank6", lambda x: x.reshape(2, 1, 3, 1, 2, 2), vals(2, 3, 4))
    c("reshape_scalar", lambda x: x.reshape(()), vals(1, 1))
    c("reshape_twice", lambda x: x.reshape(6, 4).reshape(24), vals(2, 3, 4))
    c("reshape_both", lambda x: x.reshape(3, 2) * x.reshape(6)[2:4], vals(2, 3))
    c("flatten", lambda x: x.reshape(2, 12), vals(2, 3, 4))
    c("flatten_empty", lambda x: x.reshape(0, 3), vals(0, 3))

    c("square_by_mul", lambda x: x * x, vals(2, 3))
    c("double_by_add", lambda x: x + x, vals(2, 3))
    c("ratio_of_itself", lambda x: x / (x * x + 1), vals(2, 3))
    c("linear_itself", lambda x: F.linear(x, x), vals(3, 3))
    c("linear_own_bias", lambda x, w: F.linear(x.reshape(1, 3), w, x), vals(3), vals(3, 3))
    c("matmul_itself", lambda x: x @ x, vals(3, 3))
    c("linear_twice", lambda x, w: F.linear(F.linear(x, w), w), vals(2, 3), vals(3, 3))
    c("diamond", lambda x: (torch.tanh(x) * torch.sigmoid(x) + x).sum(0), vals(3, 2))
    c("mlp", lambda x, w, b, v: F.linear(torch.tanh(F.linear(x, w, b)), v).mean(),
      vals(3, 4), vals(5, 4), vals(5), vals(2, 5))
    c("attention", lambda q, k, v: torch.softmax(q @ k.transpose(-2, -1) / 2, -1) @ v,
      vals(2, 3, 4), vals(2, 3, 4), vals(2, 3, 2))
    out.close()


def losses():
    out = File("ops_losses", "Loss functions; see golden_ops.py, and the table in losses.c")
    for shape in [(3, 4), (1, 1), (), (2, 2, 3)]:
        tag = "x".join(map(str, shape)) or "scalar"
        for how in "mean", "sum":
            end = tag + ("_sum" if how == "sum" else "")
            x, t = vals(*shape), vals(*shape) + 1 / 8192
            case(out, "mse_" + end, lambda x, t: F.mse_loss(x, t, reduction=how), x, target=t)
            case(out, "mae_" + end, lambda x, t: F.l1_loss(x, t, reduction=how), x, target=t)
            case(out, "huber_" + end,
                 lambda x, t: F.huber_loss(x, t, delta=0.75, reduction=how), x, target=t)
            case(out, "bce_" + end,
                 lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction=how), x,
                 target=vals(*shape, lo=0, hi=1))
    labels = [2, 0, 4, 4, 1, 3]
    for shape in [(5,), (1, 5), (3, 5), (2, 3, 5), (3, 1)]:
        tag = "x".join(map(str, shape))
        n = int(np.prod(shape[:-1]))
        want = torch.tensor(labels[:n] if shape[-1] > 1 else [0] * n)
        soft = vals(*shape, lo=0, hi=1)
        for how in "mean", "sum":
            end = tag + ("_sum" if how == "sum" else "")
            case(out, "cross_entropy_" + end, lambda x: F.cross_entropy(
                x.reshape(-1, shape[-1]), want, reduction=how), vals(*shape))
            case(out, "soft_cross_entropy_" + end, lambda x, t: F.cross_entropy(
                x.reshape(-1, shape[-1]), t.reshape(-1, shape[-1]), reduction=how), vals(*shape),
                target=soft)
    # Logits that are far apart: log-sum-exp must not overflow.
    big = np.array([[900.0, -900, 0], [-1000, -1000, -1000.5]])
    case(out, "cross_entropy_big", lambda x: F.cross_entropy(x, torch.tensor([1, 2])), big)
    case(out, "bce_big", lambda x, t: F.binary_cross_entropy_with_logits(x, t),
         np.array([900.0, -900, 900, -900]), target=np.array([1.0, 0, 0, 1]))
    out.close()


M = (1 << 64) - 1


def mix(z):
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M
    return z ^ z >> 31


def split(key, i):
    """Number i = 0, 1, ... of SplitMix64 with state key."""
    return mix((key + (i + 1) * 0x9E3779B97F4A7C15) & M)


def random():
    """Each 64-bit number as its four 16-bit parts, highest first; a float holds those."""
    out = File("ops_rng", "Random numbers of dl.h; see golden_ops.py, and rng.c")

    def put(name, numbers):
        out.put(name, [[n >> 48 & 65535, n >> 32 & 65535, n >> 16 & 65535, n & 65535]
                       for n in numbers])

    put("key0", [split(0, i) for i in range(4)])
    for seed, stream in [(0, 0), (42, 0), (42, 1), (M, M)]:
        key = split(mix(seed), mix((stream + 1) & M))
        name = "s%d_%d" % (seed % 1000, stream % 1000)
        numbers = [split(key, i) for i in range(8)]
        put(name, numbers)
        u = [(n >> 11) / 2.0 ** 53 for n in numbers]
        out.put(name + "_uniform", u)
        out.put(name + "_normal", [np.sqrt(-2 * np.log(1 - u[i])) * np.cos(2 * np.pi * u[i + 1])
                                   for i in (0, 2, 4, 6)])
    out.close()


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    for section in broadcast, ops, losses, random:
        section()
