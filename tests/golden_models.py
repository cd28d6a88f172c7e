#!/usr/bin/env python3
"""Writes the files of PyTorch and NumPy that tests/models.c reads:  python3 tests/golden_models.py
With a directory: have PyTorch read what tests/models.c wrote there, and print the hashes of the
files:  DL_GOLDEN_OUT=dir build/tests/models-float; python3 tests/golden_models.py dir"""
import os, sys
import numpy as np
import torch
from torch import nn
from safetensors.torch import load_file, save_file

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')

def cnn():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(24, 5))

def save(name, net, x, y, dtype=None):
    tensors = {'net.' + k: (v.to(dtype) if dtype and v.is_floating_point() else v).contiguous()
               for k, v in net.state_dict().items()}
    tensors.update({'io.x': x.contiguous(), 'io.y': y.detach().contiguous()})
    save_file(tensors, os.path.join(GOLDEN, name + '.safetensors'))

def write():
    torch.manual_seed(1)
    for name, kind in (('rnn', nn.RNN), ('lstm', nn.LSTM), ('gru', nn.GRU)):
        net = kind(3, 4, num_layers=2, bidirectional=True, batch_first=True)
        x = torch.randn(2, 5, 3)
        save('models_' + name, net, x, net(x)[0])
    x = torch.randn(2, 5, 8)
    net = nn.MultiheadAttention(8, 2, batch_first=True)
    nn.init.normal_(net.in_proj_bias)
    nn.init.normal_(net.out_proj.bias)
    save('models_mha', net, x, net(x, x, x)[0])
    net = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    for p in net.parameters():
        nn.init.normal_(p, std=0.5)
    save('models_encoder', net, x, net(x))
    net = cnn()
    for _ in range(3):
        net(torch.randn(4, 3, 8, 6) * 2 + 1)                # moves the running statistics
    x = torch.randn(2, 3, 8, 6)
    save('models_cnn', net.eval(), x, net(x))
    for name, dtype in (('models_cnn_f16', torch.float16), ('models_cnn_bf16', torch.bfloat16)):
        half = cnn().eval()
        half.load_state_dict({k: v.to(dtype).to(v.dtype) for k, v in net.state_dict().items()})
        save(name, half, x, half(x), dtype)
    os.makedirs(os.path.join(GOLDEN, 'npy'), exist_ok=True)
    for t in 'f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1'.split():
        a = np.array([[0, 1, 2], [3, 4, 100 if t[0] == 'u' else -100]]).astype(t)
        for sign, order in ('<', 'little'), ('>', 'big'):
            for layout in 'CF':
                np.save(os.path.join(GOLDEN, 'npy', f'{t}_{order}_{layout}.npy'),
                        np.asarray(a, dtype=sign + t, order=layout))
    np.save(os.path.join(GOLDEN, 'npy', 'complex.npy'), np.zeros(2, '<c8'))
    np.save(os.path.join(GOLDEN, 'npy', 'text.npy'), np.array(['ab', 'c']))
    np.save(os.path.join(GOLDEN, 'npy', 'record.npy'), np.zeros(2, [('a', '<f4'), ('b', '<i4')]))

def check(where):
    print('# seen by torch', torch.__version__, 'numpy', np.__version__)
    path = lambda name: os.path.join(where, name)
    net, tensors = cnn().eval(), load_file(path('cnn.safetensors'))
    ours = {'conv2d_1': '0', 'batch_normalization_1': '1', 'dense_1': '5'}
    net.load_state_dict({ours[k.split('.')[0]] + '.' + k.split('.', 1)[1]: v
                         for k, v in tensors.items()})
    x, y = np.load(path('cnn_x.npy')), np.load(path('cnn_y.npy'))
    np.testing.assert_allclose(net(torch.from_numpy(x)).detach().numpy(), y, 1e-5, 1e-5)
    nn.LSTM(3, 4, bidirectional=True).load_state_dict(load_file(path('lstm.safetensors')))
    block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    nn.TransformerEncoder(block, 1).load_state_dict(load_file(path('encoder.safetensors')))
    assert np.load(path('array.npy')).shape == (2, 3, 4)
    for name in 'cnn.safetensors', 'array.npy', 'lstm.safetensors', 'encoder.safetensors':
        h = 0xCBF29CE484222325
        for b in open(path(name), 'rb').read():
            h = (h ^ b) * 0x100000001B3 & (1 << 64) - 1
        print(name, f'{h:016x}')

write() if len(sys.argv) < 2 else check(sys.argv[1])
