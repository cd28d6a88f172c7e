#!/usr/bin/env python3
"""Golden values for the optimizers and schedules of dl.h: what PyTorch and Keras give in float64.

    python3 tests/golden_optimizers.py    (needs torch, numpy and keras 3)

writes tests/golden/optimizers.txt and schedules.txt. Last run with PyTorch 2.13 and Keras 3.15.
"""
import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

from golden import File, f32

torch.set_default_dtype(torch.float64)
keras.config.set_floatx("float64")
rng = np.random.default_rng(2026)
STEPS = 10


def uniform(lo, hi, *shape):
    return f32(rng.uniform(lo, hi, shape))


class Torch:
    """One of PyTorch's optimizers for the weights w, with learning rates that may change."""

    defaults = dict(
        sgd=dict(), momentum=dict(mu=0.9), nesterov=dict(mu=0.9), adagrad=dict(eps=1e-10),
        adadelta=dict(rho=0.9, eps=1e-6), rmsprop=dict(rho=0.99, eps=1e-8),
        adam=dict(beta1=0.9, beta2=0.999, eps=1e-8),
        adamw=dict(beta1=0.9, beta2=0.999, eps=1e-8, wd=0.01))

    def __init__(self, kind, w, wd=None):
        t = torch.optim
        self.w = torch.tensor(w, requires_grad=True)
        make = dict(
            sgd=lambda p: t.SGD(p, lr=1), momentum=lambda p: t.SGD(p, lr=1, momentum=0.9),
            nesterov=lambda p: t.SGD(p, lr=1, momentum=0.9, nesterov=True),
            adagrad=lambda p: t.Adagrad(p), adadelta=lambda p: t.Adadelta(p),
            rmsprop=lambda p: t.RMSprop(p), adam=lambda p: t.Adam(p), adamw=lambda p: t.AdamW(p))
        self.opt = make[kind]([self.w])
        if wd is not None:
            self.opt.param_groups[0]["weight_decay"] = wd

    def now(self):
        return self.w.detach().numpy().copy()

    def step(self, g, lr):
        self.opt.param_groups[0]["lr"] = lr
        self.w.grad = torch.tensor(g)
        self.opt.step()


class Keras:
    """The same with Keras'."""

    defaults = dict(
        sgd=dict(), momentum=dict(mu=0.9), nesterov=dict(mu=0.9), adagrad=dict(start=0.1, eps=1e-7),
        adadelta=dict(rho=0.95, eps=1e-7), rmsprop=dict(rho=0.9, eps=1e-7),
        adam=dict(beta1=0.9, beta2=0.999, eps=1e-7),
        adamw=dict(beta1=0.9, beta2=0.999, eps=1e-7, wd=0.004))

    def __init__(self, kind, w, wd=None, **more):
        k = keras.optimizers
        make = dict(
            sgd=lambda **o: k.SGD(1.0, **o), momentum=lambda **o: k.SGD(1.0, 0.9, **o),
            nesterov=lambda **o: k.SGD(1.0, 0.9, True, **o), adagrad=k.Adagrad,
            adadelta=k.Adadelta, rmsprop=k.RMSprop, adam=k.Adam, adamw=k.AdamW)
        if wd is not None:
            more["weight_decay"] = wd
        self.w = keras.Variable(w)
        self.opt = make[kind](**more)
        self.opt.build([self.w])

    def now(self):
        return self.w.value.detach().numpy().copy()

    def step(self, g, lr):
        self.opt.learning_rate = lr
        self.opt.apply([keras.ops.convert_to_tensor(g)], [self.w])


FRAMES = dict(torch=Torch, keras=Keras)
RATES = dict(sgd=0.05, momentum=0.05, nesterov=0.05, adagrad=0.05, adadelta=1.0, rmsprop=0.01,
             adam=0.01, adamw=0.01)


def trajectory(opt, g, lr, l1=0.0, l2=0.0):
    ws = []
    for i in range(len(g)):
        w = opt.now()
        opt.step(g[i] + l1 * np.sign(w) + 2 * l2 * w, lr[i])
        ws.append(opt.now())
    return np.stack(ws)


def optimizers():
    out = File("optimizers", """
w0 [n], g [steps,n]: the weights at the start and every step's gradient. For each case, NAME_w
[steps,n]: the weights after each step; NAME_lr [steps]; NAME_opts: mu, rho, beta1, beta2, eps,
start, weight decay, l1, l2. NAME is FRAMEWORK_KIND_VARIANT; variants: plain; lr (it changes
midway); l1 and l2 (the gradient of l1 sum |w| + l2 sum w^2 is added); wd (the framework's own
weight_decay); tiny (gradients tiny_g from weights 0).
FRAMEWORK_ema: averages of the weights of SGD (lr .05) with momentum .9, after each step.
torch_frozen: PyTorch's Adam (lr .01) for a weight that is frozen in the first 5 steps.
keras_frozen: Keras' Adam for the second of two, which is given no gradient in the first 5.
keras_accumulate: Keras' SGD (lr .05) with gradient_accumulation_steps 3.""")
    n = 7
    w0, g = uniform(-1, 1, n), uniform(-1, 1, STEPS, n)
    g[:, 3] = f32(g[:, 3] * 1e-4)  # small gradients, where eps matters
    g[:, 4] = 0                    # none
    g[4:, 5] = 0                   # none any more
    w0[6] = 0
    tiny = f32(g[:, :1] * 10.0 ** np.array([-14, -16, -18, -20, -23, -26, -29]))
    out.put("w0", w0)
    out.put("g", g)
    out.put("tiny_g", tiny)
    for frame, make in FRAMES.items():
        for kind, rate in RATES.items():
            o = dict(dict(mu=0, rho=0, beta1=0, beta2=0, eps=0, start=0, wd=0),
                     **make.defaults[kind])
            for variant in ("plain", "lr", "l1", "l2", "wd", "tiny"):
                l1 = 0.02 if variant == "l1" else 0.0
                l2 = 0.015 if variant == "l2" else 0.0
                wd = 0.03 if variant == "wd" else None
                lr = [rate * (0.3 if variant == "lr" and i >= STEPS // 2 else 1)
                      for i in range(STEPS)]
                name = "%s_%s_%s" % (frame, kind, variant)
                start, push = (0 * w0, tiny) if variant == "tiny" else (w0, g)
                out.put(name + "_w", trajectory(make(kind, start, wd), push, lr, l1, l2))
                out.put(name + "_lr", lr)
                out.put(name + "_opts", [o["mu"], o["rho"], o["beta1"], o["beta2"], o["eps"],
                                         o["start"], o["wd"] if wd is None else wd, l1, l2])
    averages(out, w0, g)
    frozen(out, w0, g)
    k = Keras("sgd", w0, gradient_accumulation_steps=3)
    out.put("keras_accumulate", trajectory(k, g, [0.05] * STEPS))
    out.close()


def averages(out, w0, g):
    t, k = Torch("sgd", w0), Keras("sgd", w0, use_ema=True, ema_momentum=0.9)
    holder = torch.nn.ParameterList([t.w])
    mean = torch.optim.swa_utils.AveragedModel(
        holder, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    ts, ks = [], []
    for i in range(STEPS):
        t.step(g[i], 0.05)
        mean.update_parameters(holder)
        ts.append(mean.module[0].detach().numpy().copy())
        k.step(g[i], 0.05)
        ks.append(k.opt._model_variables_moving_average[0].value.detach().numpy().copy())
    out.put("torch_ema", np.stack(ts))
    out.put("keras_ema", np.stack(ks))


def frozen(out, w0, g):
    t = Torch("adam", w0)
    out.put("torch_frozen", trajectory(t, g[5:], [0.01] * 5))
    a, b = keras.Variable(w0), keras.Variable(w0)
    opt = keras.optimizers.Adam(0.01)
    opt.build([a, b])
    ws = []
    for i in range(STEPS):
        gi = keras.ops.convert_to_tensor(g[i])
        opt.apply([gi] if i < 5 else [gi, gi], [a] if i < 5 else [a, b])
        ws.append(b.value.detach().numpy().copy())
    out.put("keras_frozen", np.stack(ws[5:]))


def schedules():
    out = File("schedules", """
Learning-rate factors of step 0, 1, ...: step_E_G (StepLR every E, gamma G in percent);
exponential_G; cosine_T_L (CosineAnnealingLR, T steps, ends at L percent of the start; steps
0 .. T); noam (LambdaLR: min((i + 1)^-.5, (i + 1) 4^-1.5)).
clipK_g0, clipK_g1: gradients of two parameters; clipK_max; clipK_norm; clipK_c0, clipK_c1: clipped
to the norm exactly; clipK_t0, clipK_t1: as clip_grad_norm_ does, which divides by norm + 1e-6.""")

    def run(make, steps):
        w = torch.zeros(1, requires_grad=True)
        opt = torch.optim.SGD([w], lr=1.0)
        s, factors = make(opt), []
        for _ in range(steps):
            factors.append(opt.param_groups[0]["lr"])
            w.grad = torch.zeros(1)
            opt.step()
            s.step()
        return factors

    sched = torch.optim.lr_scheduler
    out.put("step_3_50", run(lambda o: sched.StepLR(o, 3, 0.5), 12))
    out.put("step_1_90", run(lambda o: sched.StepLR(o, 1, 0.9), 12))
    out.put("exponential_95", run(lambda o: sched.ExponentialLR(o, 0.95), 12))
    out.put("cosine_10_0", run(lambda o: sched.CosineAnnealingLR(o, 10), 11))
    out.put("cosine_7_10", run(lambda o: sched.CosineAnnealingLR(o, 7, 0.1), 8))
    out.put("noam", run(lambda o: sched.LambdaLR(
        o, lambda i: min((i + 1) ** -0.5, (i + 1) * 4 ** -1.5)), 12))
    for k, top in enumerate((1.0, 100.0, 0.25)):
        g = [uniform(-2, 2, 5), uniform(-2, 2, 2, 3)]
        norm = float(np.sqrt(sum((a * a).sum() for a in g)))
        ps = [torch.zeros(a.shape, requires_grad=True) for a in g]
        for p, a in zip(ps, g):
            p.grad = torch.tensor(a)
        out.put("clip%d_max" % k, top)
        out.put("clip%d_norm" % k, torch.nn.utils.clip_grad_norm_(ps, top))
        for i in range(2):
            out.put("clip%d_g%d" % (k, i), g[i])
            out.put("clip%d_c%d" % (k, i), g[i] * min(1.0, top / norm))
            out.put("clip%d_t%d" % (k, i), ps[i].grad)
    out.put("clip_cases", 3)
    out.close()


if __name__ == "__main__":
    optimizers()
    schedules()
    print("optimizers.txt and schedules.txt by PyTorch", torch.__version__, "and Keras",
          keras.__version__)
