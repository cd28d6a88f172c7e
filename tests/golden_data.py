#!/usr/bin/env python3
"""Golden values for the tests of data, pictures and metrics: PyTorch's and scikit-learn's.

    python3 tests/golden_data.py    (needs torch, numpy, scikit-learn) writes tests/golden/data_*.txt

The format is that of golden.py.
"""
import numpy as np
import torch
import torch.nn.functional as F
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve

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


def metrics():
    f = File("data_metrics", "scikit-learn's metrics of scores with ties, of classes, of numbers")
    y = rng.integers(0, 2, 60)
    p = f32(np.clip(np.round(rng.normal(0.35 + 0.3 * y, 0.25), 1), 0, 1) * 0.97 + 0.01)
    fpr, tpr, threshold = sk.roc_curve(y, p, drop_intermediate=False)
    share, mean = calibration_curve(y, p, n_bins=7)
    f.put("y", y)
    f.put("p", p)
    f.put("auc", sk.roc_auc_score(y, p))
    f.put("average_precision", sk.average_precision_score(y, p))
    f.put("roc", np.stack([threshold, fpr, tpr], 1)[1:])
    f.put("binary_log_loss", sk.log_loss(y, p))
    f.put("calibration", np.stack([mean, share], 1))
    bins = np.ceil(p * 7).astype(int)
    f.put("ece", sum(abs((p - y)[bins == b].sum()) for b in range(1, 8)) / 60)
    z = uniform(-2, 2, 40, 4)
    z[:, 3] -= 9                                          # a class that is never called
    t = rng.integers(0, 4, 40)
    q = torch.softmax(torch.tensor(z), 1).numpy()
    f.put("z", z)
    f.put("q", q)
    f.put("t", t)
    f.put("log_loss", sk.log_loss(t, f32(q) / f32(q).sum(1, keepdims=True), labels=range(4)))
    f.put("balanced_accuracy", sk.balanced_accuracy_score(t, z.argmax(1)))
    f.put("matthews", sk.matthews_corrcoef(t, z.argmax(1)))
    a, b = uniform(-1, 1, 20, 3), uniform(-1, 1, 20, 3) * 0.3
    a[:, 2] = 0.5
    f.put("targets", a)
    f.put("outputs", a + b)
    f.put("r2", sk.r2_score(a, a + b, multioutput="raw_values"))
    f.close()


if __name__ == "__main__":
    entropy()
    resize()
    metrics()
