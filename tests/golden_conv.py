#!/usr/bin/env python3
"""Golden values for tests/conv.c, pool.c and norm.c: what PyTorch computes, in float64.

    python3 tests/golden_conv.py      (needs torch and numpy) writes tests/golden/conv_*.txt ...

Format as golden.py writes it: "name rank dim ..." and the numbers. Inputs are multiples of 1/64, so
that a float holds them and their products exactly. Keras is not needed: its "same" padding is
worked out here from its definition, output = ceil(input / stride), with plain Python loops, and a
transposed convolution with "same" as the gradient of the "same" convolution.
"""
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
rng = np.random.default_rng(3)


def values(*shape):
    return rng.integers(-96, 97, shape) / 64.0


def distinct(*shape):
    """No two equal, so that every maximum is one."""
    n = int(np.prod(shape))
    return (rng.permutation(n) - n // 2).reshape(shape) / 64.0


class File:
    def __init__(self, name, comment):
        self.path = os.path.join(HERE, name + ".txt")
        self.lines = ["# %s" % line for line in comment.strip().split("\n")]

    def put(self, name, a):
        if isinstance(a, torch.Tensor):
            a = a.detach().numpy()
        a = np.asarray(a, dtype=np.float64)
        self.lines.append(" ".join([name, str(a.ndim)] + [str(d) for d in a.shape]))
        flat = ["%.17g" % v for v in a.reshape(-1)]
        for i in range(0, len(flat), 16):
            self.lines.append(" ".join(flat[i:i + 16]))

    def case(self, name, f, inputs):
        """y = f(inputs), and the gradients of sum(y dy): _y, _dy, and _k, _dk for each input k."""
        t = {k: torch.tensor(np.asarray(v), requires_grad=True) for k, v in inputs.items()}
        y = f(**t)
        dy = values(*y.shape)
        y.backward(torch.tensor(dy))
        self.put(name + "_y", y)
        self.put(name + "_dy", dy)
        for k, v in t.items():
            self.put("%s_%s" % (name, k), v)
            self.put("%s_d%s" % (name, k), v.grad)

    def close(self):
        with open(self.path, "w") as f:
            f.write("\n".join(self.lines) + "\n")


def same(size, kernel, stride, dilation=1):
    """Keras' padding before and after."""
    out = math.ceil(size / stride)
    total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def loops(x, w, stride, before, out, dilation):
    """The formula of SEEDS.md, one product at a time."""
    N, C, H, W = x.shape
    M, _, KH, KW = w.shape
    y = np.zeros((N, M, out[0], out[1]))
    for n, m, p, q, c, u, v in np.ndindex(N, M, out[0], out[1], C, KH, KW):
        i = p * stride[0] + u * dilation[0] - before[0]
        j = q * stride[1] + v * dilation[1] - before[1]
        if 0 <= i < H and 0 <= j < W:
            y[n, m, p, q] += x[n, c, i, j] * w[m, c, u, v]
    return y


# N C H W M KH KW | stride, padding, dilation (each h, w) | groups, bias
CONV = [
    (1, 1, 3, 3, 1, 2, 2, (1, 1), (0, 0), (1, 1), 1, 0),
    (2, 3, 5, 7, 4, 3, 3, (1, 1), (0, 0), (1, 1), 1, 1),
    (1, 2, 7, 5, 3, 3, 2, (2, 1), (1, 0), (1, 1), 1, 1),
    (2, 4, 6, 5, 6, 3, 3, (1, 2), (2, 1), (1, 1), 2, 1),
    (1, 3, 8, 7, 3, 2, 3, (1, 1), (0, 2), (2, 1), 3, 1),
    (2, 2, 9, 7, 4, 3, 2, (3, 2), (2, 3), (2, 3), 2, 0),
    (1, 4, 1, 1, 5, 1, 1, (1, 1), (0, 0), (1, 1), 1, 1),
    (3, 2, 4, 5, 2, 1, 1, (2, 3), (1, 1), (1, 1), 1, 1),
    (1, 1, 5, 5, 2, 5, 5, (1, 1), (0, 0), (1, 1), 1, 1),
    (1, 2, 3, 4, 2, 5, 4, (2, 2), (3, 3), (1, 1), 1, 1),
    (1, 6, 5, 4, 6, 3, 3, (1, 1), (1, 1), (1, 1), 6, 0),
]
# N C H W M KH KW | stride | dilation
SAME = [
    (1, 1, 4, 5, 1, 2, 2, (1, 1), (1, 1)),
    (2, 2, 5, 6, 3, 4, 2, (1, 1), (1, 1)),
    (1, 2, 7, 6, 2, 3, 3, (2, 2), (1, 1)),
    (1, 1, 8, 5, 2, 2, 5, (3, 2), (1, 1)),
    (1, 2, 6, 7, 1, 2, 3, (1, 1), (3, 2)),
    (1, 1, 5, 5, 1, 1, 1, (2, 3), (1, 1)),
]
# N C L M K | stride padding dilation groups bias
CONV1 = [
    (2, 3, 9, 4, 3, 1, 0, 1, 1, 1),
    (1, 4, 11, 6, 4, 2, 3, 2, 2, 1),
    (1, 2, 7, 2, 7, 1, 0, 1, 1, 0),
]
# N C H W M KH KW | stride padding dilation (each h, w) | output padding | groups bias
TRANS = [
    (1, 1, 3, 3, 1, 2, 2, (1, 1), (0, 0), (1, 1), (0, 0), 1, 0),
    (2, 3, 4, 5, 2, 3, 3, (2, 2), (1, 1), (1, 1), (1, 1), 1, 1),
    (1, 4, 3, 2, 6, 2, 4, (3, 1), (0, 2), (1, 1), (2, 0), 2, 1),
    (1, 2, 3, 4, 2, 3, 2, (1, 2), (1, 0), (2, 3), (1, 2), 1, 1),
    (2, 2, 1, 3, 2, 1, 1, (2, 3), (0, 0), (1, 1), (1, 2), 2, 1),
]
# N C H W M KH KW | stride
TRANS_SAME = [
    (1, 2, 3, 4, 2, 3, 3, (2, 2)), (1, 1, 4, 3, 2, 4, 2, (2, 3)), (1, 1, 2, 3, 1, 5, 5, (1, 2))]


def conv():
    out = File("conv_conv2d", """
Convolutions. conv2d_K_size: N C H W M KH KW, stride, padding, dilation (each height, width),
groups, bias; then _x _w _b, _y, _dy and the gradients _dx _dw _db. same_K_size: N C H W M KH KW,
stride, dilation, with Keras' "same" padding. conv1d_K_size: N C L M K stride padding dilation groups
bias.""")
    for k, (N, C, H, W, M, KH, KW, s, p, d, g, bias) in enumerate(CONV):
        name = "conv2d_%d" % k
        out.put(name + "_size", [N, C, H, W, M, KH, KW, *s, *p, *d, g, bias])
        inputs = {"x": values(N, C, H, W), "w": values(M, C // g, KH, KW)}
        if bias:
            inputs["b"] = values(M)
        out.case(name, lambda x, w, b=None: F.conv2d(x, w, b, s, p, d, g), inputs)
    for k, (N, C, H, W, M, KH, KW, s, d) in enumerate(SAME):
        name = "same_%d" % k
        out.put(name + "_size", [N, C, H, W, M, KH, KW, *s, *d])
        top, bottom = same(H, KH, s[0], d[0])
        left, right = same(W, KW, s[1], d[1])
        x, w = values(N, C, H, W), values(M, C, KH, KW)

        def f(x, w):
            y = F.conv2d(F.pad(x, (left, right, top, bottom)), w, None, s, 0, d)
            size = (math.ceil(H / s[0]), math.ceil(W / s[1]))
            check = loops(x.detach().numpy(), w.detach().numpy(), s, (top, left), size, d)
            assert y.shape[2:] == size and np.array_equal(y.detach().numpy(), check)
            return y
        out.case(name, f, {"x": x, "w": w})
    for k, (N, C, L, M, K, s, p, d, g, bias) in enumerate(CONV1):
        name = "conv1d_%d" % k
        out.put(name + "_size", [N, C, L, M, K, s, p, d, g, bias])
        inputs = {"x": values(N, C, L), "w": values(M, C // g, K)}
        if bias:
            inputs["b"] = values(M)
        out.case(name, lambda x, w, b=None: F.conv1d(x, w, b, s, p, d, g), inputs)
    out.close()
    out = File("conv_transpose", """
Transposed convolutions. trans_K_size: N C H W M KH KW, stride, padding, dilation, output padding
(each height, width), groups, bias; tsame_K_size: N C H W M KH KW, stride, with Keras' "same".
up_K_size: N C H W and the factors of nearest upsampling.""")
    for k, (N, C, H, W, M, KH, KW, s, p, d, op, g, bias) in enumerate(TRANS):
        name = "trans_%d" % k
        out.put(name + "_size", [N, C, H, W, M, KH, KW, *s, *p, *d, *op, g, bias])
        inputs = {"x": values(N, C, H, W), "w": values(C, M // g, KH, KW)}
        if bias:
            inputs["b"] = values(M)
        out.case(name, lambda x, w, b=None: F.conv_transpose2d(x, w, b, s, p, op, g, d), inputs)
    for k, (N, C, H, W, M, KH, KW, s) in enumerate(TRANS_SAME):
        name = "tsame_%d" % k
        out.put(name + "_size", [N, C, H, W, M, KH, KW, *s])

        def f(x, w):
            top, bottom = same(H * s[0], KH, s[0])
            left, right = same(W * s[1], KW, s[1])
            z = torch.zeros(N, M, H * s[0], W * s[1], requires_grad=True)
            conv = F.conv2d(F.pad(z, (left, right, top, bottom)), w, None, s)
            assert conv.shape == x.shape
            return torch.autograd.grad(conv, z, x, create_graph=True)[0]
        out.case(name, f, {"x": values(N, C, H, W), "w": values(C, M, KH, KW)})
    for k, (N, C, H, W, fh, fw) in enumerate([(2, 3, 2, 3, 2, 2), (1, 1, 3, 1, 1, 3)]):
        name = "up_%d" % k
        out.put(name + "_size", [N, C, H, W, fh, fw])
        out.case(name, lambda x: F.interpolate(x, scale_factor=(fh, fw), mode="nearest"),
                 {"x": values(N, C, H, W)})
    out.close()


# N C H W KH KW | stride padding
POOL = [
    (2, 3, 4, 6, 2, 2, (2, 2), (0, 0)),
    (1, 2, 5, 7, 3, 2, (2, 1), (1, 0)),
    (1, 1, 7, 5, 3, 3, (1, 1), (1, 1)),
    (3, 1, 5, 5, 2, 3, (3, 2), (1, 1)),
    (1, 2, 3, 4, 3, 4, (1, 1), (0, 0)),
    (1, 1, 6, 6, 4, 5, (3, 3), (2, 2)),
]
# N C H W KH KW | stride
SAME_POOL = [
    (1, 1, 5, 7, 2, 2, (2, 2)), (2, 1, 5, 6, 3, 4, (1, 1)), (1, 2, 7, 8, 3, 5, (2, 3))]


def pool():
    out = File("conv_pool", """
Pooling. max_K, avg_K (padding counts), avgx_K (it does not): _size N C H W KH KW, stride, padding.
samemax_K, sameavg_K: with Keras' "same": _size N C H W KH KW, stride. global_0: the mean of each
plane. No two elements of an x are equal.""")
    for k, (N, C, H, W, KH, KW, s, p) in enumerate(POOL):
        size, x = [N, C, H, W, KH, KW, *s, *p], distinct(N, C, H, W)
        for kind, f in [("max", lambda x: F.max_pool2d(x, (KH, KW), s, p)),
                        ("avg", lambda x: F.avg_pool2d(x, (KH, KW), s, p)),
                        ("avgx", lambda x: F.avg_pool2d(x, (KH, KW), s, p,
                                                        count_include_pad=False))]:
            out.put("%s_%d_size" % (kind, k), size)
            out.case("%s_%d" % (kind, k), f, {"x": x})
    for k, (N, C, H, W, KH, KW, s) in enumerate(SAME_POOL):
        top, bottom = same(H, KH, s[0])
        left, right = same(W, KW, s[1])
        pad, x = (left, right, top, bottom), distinct(N, C, H, W)

        def fmax(x):
            return F.max_pool2d(F.pad(x, pad, value=-math.inf), (KH, KW), s)

        def favg(x):
            one = F.avg_pool2d(F.pad(torch.ones_like(x), pad), (KH, KW), s)
            return F.avg_pool2d(F.pad(x, pad), (KH, KW), s) / one
        for kind, f in [("samemax", fmax), ("sameavg", favg)]:
            out.put("%s_%d_size" % (kind, k), [N, C, H, W, KH, KW, *s])
            out.case("%s_%d" % (kind, k), f, {"x": x})
    out.case("global_0", lambda x: x.mean((2, 3)), {"x": values(2, 3, 3, 5)})
    out.close()


def norm():
    out = File("conv_norm", """
Normalizations. batch_K: x, w, b; _momentum_eps; _rm _rv before, _rm1 _rv1 after a training step,
and that step's _y, _dy, gradients; inf_K the same in inference with _rm1 _rv1. plain_0: without
w and b.
layer_K: the axes in _axes, _eps. group_K: _groups, _eps.""")
    for k, (shape, momentum, eps) in enumerate([((5, 3), .1, 1e-5), ((2, 3, 4, 5), .1, 1e-5),
                                                ((1, 2, 3, 3), .01, 1e-3), ((3, 4, 7), .25, 1e-3)]):
        C = shape[1]
        off = (rng.integers(-64, 64, C) / 16.0).reshape([1, C] + [1] * (len(shape) - 2))
        x = values(*shape) + off
        rm, rv = values(C), np.abs(values(C)) + .25
        rm1, rv1 = torch.tensor(rm), torch.tensor(rv)
        inputs = {"x": x, "w": values(C), "b": values(C)}
        out.put("batch_%d_momentum_eps" % k, [momentum, eps])
        out.put("batch_%d_rm" % k, rm)
        out.put("batch_%d_rv" % k, rv)
        out.case("batch_%d" % k, lambda x, w, b:
                 F.batch_norm(x, rm1, rv1, w, b, True, momentum, eps), inputs)
        out.put("batch_%d_rm1" % k, rm1)
        out.put("batch_%d_rv1" % k, rv1)
        out.case("inf_%d" % k, lambda x, w, b:
                 F.batch_norm(x, rm1, rv1, w, b, False, momentum, eps), inputs)
    out.case("plain_0", lambda x: F.batch_norm(x, None, None, None, None, True, .1, 1e-5),
             {"x": values(3, 2, 3)})
    for k, (shape, axes, eps) in enumerate([((4, 7), 1, 1e-5), ((2, 3, 5), 1, 1e-3),
                                            ((2, 3, 2, 3), 3, 1e-5), ((3, 5), 2, 1e-5)]):
        last = shape[len(shape) - axes:]
        out.put("layer_%d_axes" % k, axes)
        out.put("layer_%d_eps" % k, eps)
        out.case("layer_%d" % k, lambda x, w, b: F.layer_norm(x, last, w, b, eps),
                 {"x": values(*shape), "w": values(*last), "b": values(*last)})
    for k, (shape, groups, eps) in enumerate([((2, 6, 3, 2), 3, 1e-5), ((1, 4, 5), 1, 1e-3),
                                              ((3, 4, 2, 3), 4, 1e-5), ((2, 6), 2, 1e-5)]):
        C = shape[1]
        out.put("group_%d_groups" % k, groups)
        out.put("group_%d_eps" % k, eps)
        out.case("group_%d" % k, lambda x, w, b: F.group_norm(x, groups, w, b, eps),
                 {"x": values(*shape), "w": values(C), "b": values(C)})
    out.close()


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    conv()
    pool()
    norm()
