#!/usr/bin/env python3
"""Golden values for the tests of data, pictures and metrics: PyTorch's and scikit-learn's.

    python3 tests/golden_data.py    (needs torch, numpy, scikit-learn) writes tests/golden/data_*.txt

The format is that of golden.py.
"""
import numpy as np
import torch
import torch.nn.functional as F

from golden import File, f32, uniform

rng = np.random.default_rng(11)


def entropy():
    f = File("data_entropy", "Cross-entropy with class weights, smoothing and ignored labels:\n"
             "loss and gradient as torch.nn.functional.cross_entropy has them.")
    z = uniform(-3, 3, 6, 4)
    w = np.array([0.5, 2.0, 1.0, 0.25])
    y = np.array([0, 3, 2, -100, 1, 3])
    f.put("z", z)
    f.put("w", w)
    f.put("y", y)
    for k, (weight, smooth) in enumerate([(None, 0), (None, .1), (w, 0), (w, .25)]):
        x = torch.tensor(z, requires_grad=True)
        loss = F.cross_entropy(x, torch.tensor(y), label_smoothing=smooth, ignore_index=-100,
                               weight=None if weight is None else torch.tensor(weight))
        loss.backward()
        f.put("loss%d" % k, loss)
        f.put("dz%d" % k, x.grad)
    f.close()


def resize():
    f = File("data_resize", "torch.nn.functional.interpolate, bilinear with antialias=True and area")
    x = uniform(0, 1, 2, 7, 10)
    f.put("x", x)
    for k, (h, w) in enumerate([(3, 4), (7, 10), (14, 23), (5, 17), (1, 1), (20, 2)]):
        t = torch.tensor(x)[None]
        f.put("size%d" % k, np.array([h, w]))
        f.put("bilinear%d" % k, F.interpolate(t, (h, w), mode="bilinear", antialias=True)[0])
        f.put("area%d" % k, F.interpolate(t, (h, w), mode="area")[0])
    f.close()


if __name__ == "__main__":
    entropy()
    resize()
