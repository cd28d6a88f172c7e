#!/usr/bin/env python3
"""The way PyTorch or Keras -> ONNX -> dl.h -> one C file, for small nets as users write them: each is
exported, loaded, written as C, compiled without a warning and compared with what Python computes.
    python3 tests/onnx_c.py [name ...]        needs torch, onnx, onnxscript, keras; prints a line a net"""
import os, subprocess, sys, tempfile, warnings
os.environ['KERAS_BACKEND'] = 'torch'
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
warnings.filterwarnings('ignore')

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXPORTER = r'''
#define DL_IMPLEMENTATION
#include "dl.h"
int main(int argc, char **argv)
{
    dl_ctx *dl = dl_new(1);
    dl_model *m = argc > 2 ? dl_onnx_load(dl, argv[1], NULL) : NULL;
    dl_export_c o = dl_export_c_default();
    o.int8 = argc > 3;
    const bool ok = m && dl_model_export_c(m, argv[2], &o);
    dl_free(dl);
    return !ok;
}
'''
RUNNER = r'''
#define NET_IMPLEMENTATION
#define NET_SELFTEST
#include "net.h"
#include <stdio.h>
static float in[NET_IN], out[NET_OUT], work[NET_WORK];
int main(void)
{
    if (net_selftest(in, out, work) || fread(in, sizeof in, 1, stdin) != 1) return 1;
    net_predict(in, out, work);
    fwrite(out, sizeof out, 1, stdout);
    fprintf(stderr, "%d", NET_FLASH);
    return 0;
}
'''

class Of(nn.Module):                                        # a forward in one line
    def __init__(self, forward, **layers):
        super().__init__()
        self.f = forward
        for name, layer in layers.items(): setattr(self, name, layer)
    def forward(self, *x): return self.f(self, *x)

def act(layer): return nn.Sequential(nn.Linear(6, 8), layer, nn.Linear(8, 3))
def conv(i, o, k=3, **more): return nn.Sequential(nn.Conv2d(i, o, k, padding=k // 2, **more), nn.BatchNorm2d(o), nn.ReLU())
def attend(s, x):
    q, k, v = s.qkv(x).view(-1, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
    mask = torch.full((5, 5), float('-inf')).triu(1)
    return s.out((torch.softmax(q @ k.transpose(-2, -1) / 2 + mask, -1) @ v).transpose(1, 2).reshape(-1, 5, 8))
def pooled(s, w):
    m = (w != 0).float().unsqueeze(-1)
    return s.fc((s.e(w) * m).sum(1) / m.sum(1).clamp(min=1))
IMAGE, SERIES, WORDS = (1, 3, 16, 16), (1, 10, 6), ('words', 1, 7)

def nets():
    yield 'mlp', nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3), nn.Softmax(-1)), [(1, 6)]
    yield 'mlp_log_softmax', nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3), nn.LogSoftmax(1)), [(1, 6)]
    yield 'lenet', nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5),
        nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 10)), [(1, 1, 28, 28)]
    yield 'residual', Of(lambda s, x: s.fc(torch.relu(s.a(x) + s.skip(x)).mean((2, 3))), a=nn.Sequential(conv(3, 8),
        nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)), skip=nn.Conv2d(3, 8, 1), fc=nn.Linear(8, 4)), [IMAGE]
    yield 'depthwise', nn.Sequential(conv(3, 8, stride=2), conv(8, 8, groups=8), conv(8, 12, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5)), [IMAGE]
    yield 'mobile', nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Hardswish(), nn.Conv2d(8, 16, 1), nn.ReLU6(),
        nn.Conv2d(16, 16, 5, 1, 2, groups=16), nn.Hardsigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), [IMAGE]
    yield 'unet', Of(lambda s, x: (lambda a: s.o(torch.cat([a, s.up(s.b(F.max_pool2d(a, 2)))], 1)))(s.a(x)), a=conv(3, 6),
        b=conv(6, 8), up=nn.ConvTranspose2d(8, 6, 2, 2), o=nn.Conv2d(12, 2, 1)), [IMAGE]
    yield 'squeeze', Of(lambda s, x: s.c(x) * s.se(s.c(x)), c=conv(3, 8), se=nn.Sequential(nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(8, 2, 1), nn.SiLU(), nn.Conv2d(2, 8, 1), nn.Sigmoid())), [IMAGE]
    for kind in nn.LSTM, nn.GRU, nn.RNN:
        yield kind.__name__.lower(), Of(lambda s, x: s.fc(s.r(x)[0][:, -1]), r=kind(6, 8, batch_first=True),
            fc=nn.Linear(8, 3)), [SERIES]
    yield 'bilstm', Of(lambda s, x: s.fc(s.r(x)[0].mean(1)), r=nn.LSTM(6, 5, 2, batch_first=True, bidirectional=True),
        fc=nn.Linear(10, 3)), [SERIES]
    yield 'lstm_state', Of(lambda s, x: s.fc(s.r(x)[1][0][-1]), r=nn.LSTM(6, 8, batch_first=True), fc=nn.Linear(8, 3)), [SERIES]
    yield 'encoder', Of(lambda s, x: s.fc(s.l(x).mean(1)), l=nn.TransformerEncoderLayer(6, 2, 12, batch_first=True),
        fc=nn.Linear(6, 3)), [SERIES]
    yield 'encoder_words', Of(lambda s, w: s.fc(s.l(s.e(w) + s.p)[:, 0]), e=nn.Embedding(20, 8), fc=nn.Linear(8, 3),
        p=nn.Parameter(torch.randn(7, 8)), l=nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation='gelu',
        norm_first=True)), [WORDS]
    yield 'attention', Of(attend, qkv=nn.Linear(8, 24), out=nn.Linear(8, 8)), [(1, 5, 8)]
    yield 'multihead', Of(lambda s, x: s.a(x, x, x)[0], a=nn.MultiheadAttention(6, 3, batch_first=True)), [SERIES]
    yield 'conv1d', Of(lambda s, x: s.n(x.transpose(1, 2)), n=nn.Sequential(nn.Conv1d(6, 8, 3, padding=1), nn.BatchNorm1d(8),
        nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, dilation=2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 4))), [SERIES]
    for layer in nn.GELU(), nn.GELU('tanh'), nn.SiLU(), nn.Mish(), nn.ELU(0.5), nn.SELU(), nn.LeakyReLU(0.1), nn.PReLU(8), \
            nn.Softplus(), nn.Softsign(), nn.LayerNorm(8), nn.GLU(), nn.Hardtanh():
        name = type(layer).__name__.lower() + ('_tanh' if getattr(layer, 'approximate', '') == 'tanh' else '')
        yield name, act(layer) if name != 'glu' else nn.Sequential(nn.Linear(6, 16), layer, nn.Linear(8, 3)), [(1, 6)]
    yield 'groupnorm', nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(4, 8), nn.ReLU(), nn.Conv2d(8, 4, 3, 2),
        nn.InstanceNorm2d(4, affine=True)), [IMAGE]
    yield 'words', Of(lambda s, w: s.fc(s.e(w).mean(1)), e=nn.Embedding(20, 6), fc=nn.Linear(6, 3)), [WORDS]
    yield 'words_masked', Of(pooled, e=nn.Embedding(20, 6), fc=nn.Linear(6, 3)), [WORDS]
    yield 'words_gru', Of(lambda s, w: s.fc(s.r(s.e(w))[1][-1]), e=nn.Embedding(20, 6), r=nn.GRU(6, 5, batch_first=True),
        fc=nn.Linear(5, 3)), [WORDS]
    yield 'autoencoder', nn.Sequential(nn.Linear(16, 6), nn.ReLU(), nn.Linear(6, 2), nn.Linear(2, 6), nn.ReLU(),
        nn.Linear(6, 16), nn.Sigmoid()), [(1, 16)]
    yield 'conv_autoencoder', nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(6, 3, 3, 2, 1, 1,
        groups=3), nn.Sigmoid()), [IMAGE]
    yield 'adaptive', nn.Sequential(conv(3, 4), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64, 3)), [IMAGE]
    yield 'nearest', nn.Sequential(conv(3, 4), nn.Upsample(scale_factor=2), nn.Conv2d(4, 2, 3, padding=1)), [IMAGE]
    yield 'bilinear', nn.Sequential(conv(3, 4), nn.Upsample(size=(20, 24), mode='bilinear'), nn.Conv2d(4, 2, 1)), [IMAGE]
    yield 'pixel_shuffle', nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.PixelShuffle(2)), [IMAGE]
    yield 'two_inputs', Of(lambda s, x, y: s.o(torch.cat([s.a(x), s.b(y)], 1)), a=conv1(3), b=nn.Linear(5, 4),
        o=nn.Linear(8, 2)), [IMAGE, (1, 5)]
    yield 'two_outputs', Of(lambda s, x: (s.a(s.n(x)), torch.sigmoid(s.b(s.n(x)))), n=nn.Linear(6, 8), a=nn.Linear(8, 3),
        b=nn.Linear(8, 1)), [(1, 6)]
    yield 'padding', nn.Sequential(nn.ReflectionPad2d(2), nn.Conv2d(3, 4, 5), nn.ZeroPad2d((1, 0, 2, 1)), nn.MaxPool2d(3, 2)), [IMAGE]
    yield 'normalized', Of(lambda s, x: F.normalize(s.a(x), dim=1) @ s.w.t(), a=nn.Linear(6, 8), w=nn.Parameter(torch.randn(4, 8))), [(1, 6)]
    yield 'where', Of(lambda s, x: torch.where(s.a(x) > 0, s.a(x), -0.1 * s.a(x)).amax(-1), a=nn.Linear(6, 8)), [SERIES]
    yield 'each_step', Of(lambda s, x: s.r(s.c(x.view(-1, 1, 4, 4)).flatten(1).view(-1, 3, 8))[0], c=nn.Sequential(
        nn.Conv2d(1, 2, 3, 2, 1), nn.BatchNorm2d(2)), r=nn.GRU(8, 4, batch_first=True)), [(1, 3, 16)]

def conv1(c): return nn.Sequential(nn.Conv2d(c, 4, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

def keras_nets():
    import keras
    from keras import layers as L
    yield 'k_mlp', [L.Dense(16, 'relu'), L.Dense(3, 'softmax')], [(1, 6)]
    yield 'k_cnn', [L.Conv2D(8, 3, activation='relu'), L.MaxPooling2D(), L.BatchNormalization(), L.SeparableConv2D(8, 3),
        L.GlobalAveragePooling2D(), L.Dense(4)], [(1, 16, 16, 3)]
    yield 'k_lstm', [L.LSTM(6), L.Dense(3)], [SERIES]
    yield 'k_gru', [L.Bidirectional(L.GRU(5, return_sequences=True)), L.GlobalMaxPooling1D(), L.Dense(3)], [SERIES]
    yield 'k_conv1d', [L.Conv1D(8, 3, padding='causal', activation='elu'), L.AveragePooling1D(2), L.Flatten(), L.Dense(3)], [SERIES]
    yield 'k_transpose', [L.Conv2D(6, 3, 2, 'same'), L.Conv2DTranspose(3, 3, 2, 'same'), L.UpSampling2D()], [(1, 8, 8, 3)]
    yield 'k_norm', [L.Dense(8), L.BatchNormalization(), L.Activation('gelu'), L.Dense(2)], [(1, 6)]

def shaken(net):
    for m in net.modules():                                 # statistics that are not 0 and 1
        if isinstance(m, nn.modules.batchnorm._BatchNorm):
            m.running_mean.normal_()
            m.running_var.uniform_(0.5, 2)
    return net.eval()

def attempt(work, path, x, want):
    out = os.path.join(work, 'net.h')
    flash = []
    for int8 in [], ['int8']:
        r = subprocess.run([os.path.join(work, 'exporter'), path, out, *int8], capture_output=True, text=True)
        if r.returncode: return 'NO: ' + r.stderr.strip().splitlines()[0][:150]
        subprocess.run(['gcc', '-std=c99', '-O1', '-Werror', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow',
            '-fsanitize=address,undefined', '-fno-sanitize-recover', '-I', work, os.path.join(work, 'runner.c'), '-o', os.path.join(work, 'runner'), '-lm'], check=True)
        r = subprocess.run([os.path.join(work, 'runner')], capture_output=True,
            input=np.concatenate([a.ravel() for a in x]).astype(np.float32).tobytes())
        if r.returncode: return f'WRONG: selftest {int8} {r.stderr.decode()[:300]}'
        flash.append(int(r.stderr))
        if int8: rounded = np.frombuffer(r.stdout, np.float32)
        else: got = np.frombuffer(r.stdout, np.float32)
    want = np.concatenate([a.ravel() for a in want])
    off, most = np.abs(got - want).max(), np.abs(want).max()
    return f'{"" if off <= 1e-5 * max(most, 1) else "WRONG: "}off {off:.1e} of {most:.2g}, int8 {np.abs(rounded - want).max():.1e}; flash {flash[0]} {flash[1]}'

def main():
    torch.manual_seed(0)
    r = np.random.RandomState(0)
    work = tempfile.mkdtemp(dir=os.environ.get('TMPDIR'))
    for name, text in ('exporter', EXPORTER), ('runner', RUNNER):
        open(os.path.join(work, name + '.c'), 'w').write(text)
    subprocess.run(['gcc', '-O1', '-g', '-fsanitize=address,undefined', '-I', ROOT, os.path.join(work, 'exporter.c'), '-o', os.path.join(work, 'exporter'), '-lm'], check=True)
    fine = tried = 0
    def report(name, path, x, want):
        nonlocal fine, tried
        line = attempt(work, path, x, want)
        fine, tried = fine + line.startswith('off'), tried + 1
        print(f'{name:24} {line}', flush=True)
    def inputs(shapes):
        return [r.randint(0, 20, s[1:]) if s[0] == 'words' else r.randn(*s).astype(np.float32) for s in shapes]
    path = os.path.join(work, 'net.onnx')
    for name, net, shapes in nets():
        if sys.argv[1:] and name not in sys.argv[1:]: continue
        x = inputs(shapes)
        args = tuple(torch.from_numpy(a) for a in x)
        want = shaken(net)(*args)
        want = [a.detach().numpy() for a in (want if isinstance(want, tuple) else [want])]
        for new in False, True:
            torch.onnx.export(net, args, path, dynamo=new, verbose=False)
            report(name + (' (new)' if new else ' (old)'), path, x, want)
    if not sys.argv[1:] or 'keras' in sys.argv[1:]:
        import keras
        for name, layers, shapes in keras_nets():
            net, x = keras.Sequential(layers), inputs(shapes)
            want = [keras.ops.convert_to_numpy(net(x[0]))]
            try:
                net.export(path, format='onnx', verbose=False)
            except Exception as e:
                print(f'{name:24} Keras itself can not: {type(e).__name__}')
                continue
            report(name, path, x, want)
    print(f'torch {torch.__version__}: {fine} of {tried}')

main()
