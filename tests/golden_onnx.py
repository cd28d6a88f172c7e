#!/usr/bin/env python3
"""Writes the graphs of PyTorch, Keras and scikit-learn that tests/onnx.c reads, and what ONNX Runtime
makes of them, to tests/golden/onnx/:  python3 tests/golden_onnx.py
With a directory: have ONNX Runtime run what tests/onnx.c wrote there, and print the hashes of the
files:  DL_GOLDEN_OUT=dir build/tests/onnx-float; python3 tests/golden_onnx.py dir"""
import glob, os, sys
import numpy as np

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden', 'onnx')

def run(path, arrays):
    import onnxruntime as rt
    session = rt.InferenceSession(path, providers=['CPUExecutionProvider'])
    feeds = {}
    for i, a in zip(session.get_inputs(), arrays):
        feeds[i.name] = a.astype({'tensor(int64)': np.int64, 'tensor(int32)': np.int32}
                                 .get(i.type, np.float32))
    return session.run(None, feeds)

def check(where):
    import onnx, onnxruntime
    print('# seen by onnx', onnx.__version__, 'onnxruntime', onnxruntime.__version__)
    for path in sorted(glob.glob(os.path.join(where, '*.onnx'))):
        name = os.path.basename(path)[:-5]
        onnx.checker.check_model(onnx.load(path), full_check=True)
        def arrays(letter):
            n = len(glob.glob(os.path.join(where, f'{name}_{letter}[0-9]*.npy')))
            return [np.load(os.path.join(where, f'{name}_{letter}{k}.npy')) for k in range(n)]
        got, want = run(path, arrays('x')), arrays('y')
        assert len(got) == len(want), name
        for a, b in zip(got, want):
            assert a.size == b.size, (name, a.shape, b.shape)
            error = np.abs(a.reshape(b.shape) - b).max() / max(np.abs(b).max(), 1e-9)
            assert error <= 1e-5, (name, error)
        h = 0xCBF29CE484222325
        for b in open(path, 'rb').read():
            h = (h ^ b) * 0x100000001B3 & (1 << 64) - 1
        if not name.startswith('tuned_'):                   # whose bits depend on the machine
            print(name, f'{h:016x}')


# ---- the graphs of others ----

def keep(name, arrays):
    """The graph's inputs and what ONNX Runtime makes of them, as tensors x0, x1, ..., y0 ..."""
    import onnx
    from safetensors.numpy import save_file
    path = os.path.join(GOLDEN, name + '.onnx')
    model = onnx.load(path, load_external_data=False)
    for part in [*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        if len(part.metadata_props):
            del part.metadata_props[:]                      # where in Python it came from: large
    onnx.save(model, path)
    got = run(path, arrays)
    floats = [y for y in got if isinstance(y, np.ndarray) and y.dtype.kind == 'f']
    if not floats:                                          # a list of dictionaries: ZipMap's
        floats = [np.array([[row[k] for k in sorted(row)] for row in got[1]], np.float32)]
    save_file({f'{letter}{k}': np.ascontiguousarray(a, np.float32)
               for letter, some in (('x', arrays), ('y', floats)) for k, a in enumerate(some)},
              os.path.join(GOLDEN, name + '.safetensors'))

def torch_graphs():
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.b1 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
            self.c2, self.b2 = nn.Conv2d(8, 8, 3, padding=1, groups=2), nn.BatchNorm2d(8)
            self.fc = nn.Linear(8, 4)
            self.b1.running_mean.normal_()
            self.b2.running_var.uniform_(0.5, 2)
        def forward(self, x):
            x = torch.relu(self.b1(self.c1(x)))
            x = F.max_pool2d(torch.relu(x + self.b2(self.c2(x))), 2)
            return torch.softmax(self.fc(x.mean((2, 3))), -1)
    class Words(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.words = nn.Embedding(20, 6)
            self.net = kind(6, 5, batch_first=True, bidirectional=True, num_layers=2)
            self.fc = nn.Linear(10, 3)
        def forward(self, w):
            return self.fc(self.net(self.words(w))[0][:, -1])
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.l1 = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation='gelu')
            self.l2 = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
            self.fc = nn.Linear(8, 3)
        def forward(self, x):
            return self.fc(self.l2(self.l1(x)).mean(1))
    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.up = nn.Conv2d(1, 4, 3, 2, 1), nn.ConvTranspose2d(4, 4, 3, 2, 1, 1)
            self.group, self.each = nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True)
            self.slope, self.out = nn.PReLU(4), nn.Conv2d(8, 2, 1)
        def forward(self, x):
            d = self.slope(self.group(self.down(x)))
            u = F.interpolate(d, scale_factor=2, mode='bilinear', align_corners=False)
            y = F.pad(torch.cat([u, self.each(self.up(d))], 1), (1, 1, 1, 1), mode='reflect')
            y = F.avg_pool2d(self.out(y), 3, 1, 1, count_include_pad=False)
            return y, d.flatten(1).amax(1, keepdim=True)
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(4, 6), nn.Linear(3, 6)
        def forward(self, a, b):
            x, y = torch.split(F.silu(self.a(a)) * F.hardswish(self.b(b)), [2, 4], 1)
            return (torch.tanh(x), (y.clamp(-0.5, 0.5) ** 2).sum(1, keepdim=True),
                    torch.where(y > 0, y, y.exp() - 1))
    class Activations(nn.Module):
        def forward(self, x):
            all = (nn.ELU(), nn.SELU(), nn.CELU(2.), nn.LeakyReLU(.2), nn.Softplus(), nn.Softsign(),
                   nn.Hardsigmoid(), nn.Hardswish(), nn.GELU(), nn.GELU('tanh'), nn.Mish(),
                   nn.LogSoftmax(1), nn.ReLU6(), nn.Tanh(), nn.Sigmoid(), nn.SiLU())
            return torch.cat([f(x) for f in all], 1)
    class Shapes(nn.Module):
        def forward(self, x):
            n, c, h, w = x.shape
            y = x.reshape(n, c * h, w).transpose(1, 2)
            z = x.permute(0, 2, 3, 1).reshape(n, -1)
            return (y[:, 1:, ::2].reshape(n, -1), z[:, -3:].expand(n, 3).unsqueeze(2).repeat(1, 1, 2),
                    x.flip(2), torch.roll(x, 1, 3), x.min(2).values, x.max(1).values,
                    x.mean((1, 3)), x.norm(dim=1), F.interpolate(x, size=(7, 9), mode='nearest'),
                    F.interpolate(x, size=(7, 3), mode='bilinear', align_corners=True),
                    torch.stack([x, x], 1), F.pixel_shuffle(x[:, :, :4, :4], 2))
    class Sound(nn.Module):
        def __init__(self):
            super().__init__()
            self.c = nn.Conv1d(3, 6, 5, stride=2, padding=2, dilation=2)
            self.t = nn.ConvTranspose1d(6, 4, 4, stride=2, padding=1)
            self.m, self.a = nn.MaxPool1d(3, 2, 1, ceil_mode=True), nn.AvgPool1d(2)
        def forward(self, x):
            return self.a(self.m(self.t(torch.relu(self.c(x))))).mean(-1)

    class Einsum(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.gate = (nn.Linear(4, 8) for _ in range(4))
            self.w = nn.Parameter(torch.randn(2, 4, 3))
        def forward(self, x):
            q, k, v = (f(x).view(-1, 5, 2, 4) for f in (self.q, self.k, self.v))
            a = torch.einsum('bqhd, bkhd -> bhqk', q, k / 2).softmax(-1)
            y = torch.einsum('bhqk,bkhd->bqhd', a, v)
            g = torch.sigmoid(self.gate(x)).view(-1, 5, 2, 4)
            all = (torch.einsum('bqhd,hdo->boq', y, self.w), torch.einsum('...id,...jd,...j->...di', y, g, g[..., 0]),
                   torch.einsum('bqhd->hb', y).t(), torch.einsum('bq,bk->bkq', y[:, :, 0, 0], g[:, :, 1, 1]))
            return torch.cat([a.flatten(1) for a in all], 1)

    torch.manual_seed(1)
    r, words = torch.randn, lambda: torch.randint(0, 20, (3, 7))
    mlp = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(.3), nn.Linear(8, 3), nn.Softmax(1))
    for name, net, x, dynamo, dynamic in (
            ('mlp', mlp, (r(3, 6),), True, True), ('mlp_one', mlp, (r(1, 6),), False, False),
            ('residual', Residual(), (r(3, 3, 8, 8),), True, True),
            ('lstm', Words(nn.LSTM), (words(),), False, True),
            ('gru', Words(nn.GRU), (words(),), True, True),
            ('rnn', Words(nn.RNN), (words(),), True, True),
            ('encoder', Encoder(), (r(3, 5, 8),), True, True),
            ('unet', UNet(), (r(3, 1, 8, 8),), True, True),
            ('two', Two(), (r(3, 4), r(3, 3)), True, True),
            ('activations', Activations(), (r(3, 5) * 2,), False, True),
            ('shapes', Shapes(), (r(3, 4, 6, 5),), False, True),
            ('sound', Sound(), (r(3, 3, 24),), True, True),
            ('einsum', Einsum(), (r(3, 5, 4),), False, True)):
        path = os.path.join(GOLDEN, f'torch_{name}.onnx')
        names = [f'x{i}' for i in range(len(x))]
        if dynamo:
            torch.onnx.export(net.eval(), x, path, dynamo=True, external_data=False, verbose=False,
                              input_names=names, dynamic_shapes=tuple({0: 'N'} for _ in x))
        else:
            torch.onnx.export(net.eval(), x, path, dynamo=False, input_names=names,
                              dynamic_axes={i: {0: 'N'} for i in names} if dynamic else None)
        keep(f'torch_{name}', [a.numpy() for a in x])
    class Attention(nn.Module):                             # operators of set 23
        def __init__(self):
            super().__init__()
            self.norm, self.qkv = nn.RMSNorm(8), nn.Linear(8, 24)
            self.norm.weight = nn.Parameter(torch.rand(8))
            self.register_buffer('seen', torch.rand(5, 5) > .3)
        def forward(self, x):
            q, k, v = self.qkv(self.norm(x)).view(-1, 5, 3, 2, 4).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            y = F.scaled_dot_product_attention(q, y, v, attn_mask=self.seen, scale=.3)
            return y.transpose(1, 2).flatten(2)
    x = r(3, 5, 8)
    torch.onnx.export(Attention().eval(), (x,), os.path.join(GOLDEN, 'torch_attention.onnx'), opset_version=23,
                      external_data=False, verbose=False, dynamic_shapes=({0: 'N'},))
    keep('torch_attention', [x.numpy()])
    net = nn.Sequential(nn.Linear(6, 48), nn.Tanh(), nn.Linear(48, 3))     # as it comes: two files
    path = os.path.join(GOLDEN, 'beside.onnx')
    torch.onnx.export(net.eval(), (r(1, 6),), path, verbose=False)
    keep('beside', [r(1, 6).numpy()])

def keras_graphs():
    os.environ['KERAS_BACKEND'] = 'torch'
    import keras
    from keras import layers as L
    keras.utils.set_random_seed(1)
    for name, layers, shape in (
            ('mlp', [L.Dense(8, activation='relu'), L.Dense(3, activation='softmax')], (6,)),
            ('cnn', [L.Conv2D(4, 3, padding='same', activation='relu'), L.BatchNormalization(),
                     L.MaxPooling2D(2), L.Conv2D(5, 3, activation='gelu'),
                     L.GlobalAveragePooling2D(), L.Dense(3)], (8, 8, 3)),
            ('lstm', [L.LSTM(6), L.Dense(2)], (5, 4))):
        m = keras.Sequential([keras.Input(shape)] + layers)
        x = np.random.RandomState(0).randn(3, *shape).astype(np.float32)
        m(x)
        m.export(os.path.join(GOLDEN, f'keras_{name}.onnx'), format='onnx', verbose=False)
        keep(f'keras_{name}', [x])

def sklearn_graphs():
    from skl2onnx import to_onnx
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    r = np.random.RandomState(0)
    x, how = r.randn(80, 5).astype(np.float32), dict(hidden_layer_sizes=(8, 6), random_state=0)
    plain = {'options': {'zipmap': False}}
    for name, model, y, o in (
            ('three', make_pipeline(StandardScaler(), MLPClassifier(**how)), r.randint(0, 3, 80), plain),
            ('two', MLPClassifier(activation='tanh', **how), r.randint(0, 2, 80), plain),
            ('names', MLPClassifier(**how), np.array(['a', 'b', 'c'])[r.randint(0, 3, 80)], {}),
            ('regressor', MLPRegressor(activation='logistic', **how), r.randn(80), {})):
        with open(os.path.join(GOLDEN, f'sklearn_{name}.onnx'), 'wb') as f:
            f.write(to_onnx(model.fit(x, y), x[:1], **o).SerializeToString())
        keep(f'sklearn_{name}', [x[:3]])

def by_hand():
    """Graphs of single operators, with what exporters write seldom; and such as must be refused."""
    import onnx
    from onnx import TensorProto as T, helper as h
    r = np.random.RandomState(0)
    def tensor(name, a, type=T.FLOAT, raw=False):
        a = np.asarray(a)
        if raw:
            return onnx.numpy_helper.from_array(a, name)
        return h.make_tensor(name, type, a.shape, a.flatten().tolist())
    def write(name, nodes, shape, tensors=(), opset=17, x=None, outputs=('y',), untyped=False,
              batch='N'):
        graph = h.make_graph([h.make_node(op, i, o, name=f'{op}_{k}', **a)
                              for k, (op, i, o, a) in enumerate(nodes)], 'g',
                             [h.make_tensor_value_info('x', T.FLOAT, [batch] + shape)],
                             [onnx.ValueInfoProto(name=o) if untyped else
                              h.make_tensor_value_info(o, T.FLOAT, None) for o in outputs], tensors)
        onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid('', opset)], ir_version=8),
                  os.path.join(GOLDEN, name + '.onnx'))
        if x is not False:
            keep(name, [r.randn(3 if batch == 'N' else 1, *shape).astype(np.float32) if x is None else x])
    w = r.randn(4, 5)
    cast = [('Cast', ['w'], ['wf'], {'to': T.FLOAT}), ('MatMul', ['x', 'wf'], ['y'], {})]
    write('hand_half', cast, [4], [tensor('w', w, T.FLOAT16)])
    write('hand_half_raw', cast, [4], [tensor('w', w.astype(np.float16), raw=True)])
    write('hand_bfloat', cast, [4], [tensor('w', w, T.BFLOAT16)])
    write('hand_double', cast, [4], [tensor('w', w, T.DOUBLE)])
    write('hand_bytes', cast, [4], [tensor('w', np.round(w * 20), T.INT8)])
    write('hand_softmax11', [('Softmax', ['x'], ['y'], {})], [3, 4], opset=11)
    write('hand_old', [('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['n'], {}),
                       ('Upsample', ['n', 'up'], ['u'], {'mode': 'nearest'}),
                       ('Pad', ['u'], ['p'], {'mode': 'edge', 'pads': [0, 0, 1, 0, 0, 0, 2, 1]}),
                       ('Slice', ['p'], ['q'], {'starts': [1, -3], 'ends': [5, 100], 'axes': [2, 3]}),
                       ('ReduceMean', ['q'], ['a'], {'axes': [2, 3], 'keepdims': 0}),
                       ('Unsqueeze', ['a'], ['e'], {'axes': [1]}), ('Clip', ['e'], ['y'], {'min': -.5})],
          [2, 3, 3], [tensor('s', [1., 2]), tensor('b', [0., 1]), tensor('m', [.1, .2]),
                      tensor('v', [1., 2]), tensor('up', [1., 1, 2, 2])], opset=9)
    H = 3
    lstm = [('Transpose', ['x'], ['t'], {'perm': [1, 0, 2]}),
            ('LSTM', ['t', 'W', 'R', 'B'], ['s', 'h', 'c'], {'hidden_size': H, 'direction': 'reverse'}),
            ('Transpose', ['h'], ['hh'], {'perm': [1, 0, 2]}), ('Transpose', ['s'], ['ss'], {'perm': [2, 0, 1, 3]})]
    write('hand_reverse', lstm, [4, 2], [tensor('W', r.randn(1, 4 * H, 2)), tensor('R', r.randn(1, 4 * H, H)),
                                         tensor('B', r.randn(1, 8 * H))], outputs=('hh', 'ss'))
    k = lambda out, a: ('Constant', [], [out], {'value': tensor(out, np.asarray(a, np.float32))})
    write('hand_constants', [k('k', [.5]), k('b', [1.] * 5), ('MatMul', ['x', 'w'], ['a'], {}),
                             ('Mul', ['a', 'k'], ['c'], {}), ('Add', ['c', 'b'], ['y'], {})], [4],
          [tensor('w', w)])
    write('hand_weights', [k('w', w), k('k', [.5]), ('MatMul', ['x', 'w'], ['a'], {}),
                           ('Mul', ['a', 'k'], ['y'], {})], [4])
    write('hand_copied', [('Identity', ['s'], ['v'], {}), ('Identity', ['b'], ['m'], {}),   # as PyTorch
                          ('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], {})], [2, 2],
          [tensor('s', [1., 2]), tensor('b', [.5, 1])], x=np.arange(12, dtype=np.float32).reshape(3, 2, 2))
    whole = lambda name, a: tensor(name, a, T.INT64)
    write('hand_softmax', [('Reshape', ['x', 's'], ['a'], {}), ('Softmax', ['a'], ['y'], {'axis': 1})],
          [6], [whole('s', [1, 2, 3])], batch=1)
    write('hand_three', [('Reshape', ['x', 's'], ['y'], {})], [6], [whole('s', [3, -1])], batch=1, x=False)
    write('hand_cross', [('ReduceMax', ['x'], ['a'], {'keepdims': 0}), ('Div', ['x', 'a'], ['y'], {})],
          [6], batch=1)
    to = lambda a, b, t: ('Cast', [a], [b], {'to': t})
    write('hand_nan', [('Sqrt', ['x'], ['a'], {}), *[n for i, op in enumerate(('Equal', 'LessOrEqual', 'Less',
          'GreaterOrEqual', 'Greater')) for n in ((op, ['a', 'k'], [f'b{i}'], {}), to(f'b{i}', f'c{i}', 1))],
          ('Concat', [f'c{i}' for i in range(5)], ['y'], {'axis': 1})], [5], [tensor('k', [1.])])
    write('hand_whole', [('Mul', ['x', 'ten'], ['a'], {}), to('a', 'b', T.INT64), ('Neg', ['b'], ['c'], {}),
                         ('Abs', ['b'], ['d'], {}), ('Clip', ['c', 'low'], ['e'], {}),
                         ('ReduceMax', ['b'], ['f'], {'axes': [1]}),
                         *[n for i in 'cdef' for n in (('Div', [i, 'two'], [i + '2'], {}), to(i + '2', i + '3', 1))],
                         ('Concat', ['c3', 'd3', 'e3', 'f3'], ['y'], {'axis': 1})], [5],
          [tensor('ten', [10.]), whole('two', [2]), whole('low', -3)])
    write('hand_resize10', [('Resize', ['x', 's'], ['y'], {'mode': 'linear'})], [1, 3, 4],
          [tensor('s', [1., 1, 1, 2])], opset=10)
    write('hand_resize', [('Resize', ['x', '', 's'], ['y'], {'mode': 'linear'})], [1, 3, 3],
          [tensor('s', [1., 1, 2, 1.3])])
    write('hand_narrow', [('Mul', ['x', 'ten'], ['a'], {}), to('a', 'b', T.INT64),
                          *[n for i in (2, 3, 4, 5) for n in (to('b', f'c{i}', i), to(f'c{i}', f'd{i}', 1))],
                          ('Concat', ['d2', 'd3', 'd4', 'd5'], ['y'], {'axis': 1})], [5], [tensor('ten', [1e5])])
    some = np.array([[1, 2, 3, -4], [5, 300, 7, -129], [-9, 10, 0, 70]], np.float32)
    write('hand_pow', [to('x', 'a', T.INT64), ('Pow', ['a', 'two'], ['b'], {}), ('Div', ['b', 'two'], ['c'], {}),
                       to('c', 'y', 1)], [4], [whole('two', [2])], x=some)
    write('hand_slice', [('Slice', ['x', 'a', 'b', 'c', 'd'], ['y'], {})], [4],
          [whole(n, [v]) for n, v in (('a', -100), ('b', -2 ** 63), ('c', 1), ('d', -1))])
    write('hand_resize_nearest', [('Resize', ['x', 's'], ['y'], {'mode': 'nearest'})], [1, 5],
          [tensor('s', [1., 1, .6])], opset=10)
    write('hand_last', [('Softmax', ['x'], ['y'], {'axis': 0})], [6], batch=1)
    def branch(outputs, *nodes, tensors=()):
        return h.make_graph([h.make_node(op, i, o, **a) for op, i, o, a in nodes], 'branch', [],
                            [h.make_tensor_value_info(o, T.FLOAT, None) for o in outputs], tensors)
    inner = ('If', ['c'], ['d'], {'then_branch': branch(['d1'], ('Neg', ['a'], ['d1'], {})),
                                  'else_branch': branch(['d2'], ('Abs', ['a'], ['d2'], {}))})
    write('hand_if', [('Shape', ['x'], ['s'], {}), ('Gather', ['s', 'one'], ['n'], {}),
                      ('Equal', ['n', 'four'], ['b'], {}), ('If', ['b'], ['a'], {
                          'then_branch': branch(['a1'], ('Mul', ['x', 'w'], ['a1'], {}),
                                                tensors=[tensor('w', w[0, :4])]),
                          'else_branch': branch(['a2'], ('MatMul', ['x', 'x'], ['a2'], {}))}),
                      ('ReduceMax', ['x'], ['m'], {'keepdims': 0}), ('Greater', ['m', 'far'], ['c'], {}),
                      ('Not', ['c'], ['e'], {}), ('If', ['e'], ['f', 'g'], {
                          'then_branch': branch(['d', 'x1'], inner, ('Add', ['x', 'a'], ['x1'], {})),
                          'else_branch': branch(['x2', 'x3'], ('Neg', ['x'], ['x2'], {}), ('Neg', ['a'], ['x3'], {}))}),
                      ('Concat', ['f', 'g'], ['y'], {'axis': 1})], [4],
          [whole('one', 1), whole('four', 4), tensor('far', 100.)])
    write('hand_trilu', [('Trilu', ['x', 'k'], ['a'], {}), ('Trilu', ['x'], ['b'], {'upper': 0}),
                         ('Sub', ['a', 'b'], ['y'], {})], [2, 3, 4], [whole('k', 1)])
    write('hand_val', [('MatMul', ['x', 'w'], ['a'], {}), ('Mul', ['a', 'val_3'], ['y'], {})], [4],
          [tensor('w', w), tensor('val_3', [.5])])
    write('hand_choice', [('ReduceSum', ['x'], ['s'], {'keepdims': 0}), ('Greater', ['s', 'zero'], ['b'], {}),
                          ('If', ['b'], ['y'], {'then_branch': branch(['n'], ('Neg', ['x'], ['n'], {})),
                                                'else_branch': branch(['i'], ('Identity', ['x'], ['i'], {}))})],
          [6], [tensor('zero', 0.)], batch=1)
    ties = np.array([[[1, -2, 2.5, .5], [-.5, 0, -1.5, 3.5], [1, 1, -4, 2.5]]] * 3, np.float32)
    ties[1] -= .25
    ties[2, 0, 1] = np.nan
    write('hand_functions', [(op, ['x'], [op], {}) for op in ('Round', 'Sign', 'Atan')] +
          [('IsNaN', ['x'], ['n'], {}), to('n', 'm', 1)], [3, 4], x=ties, outputs=('Round', 'Sign', 'Atan', 'm'))
    write('hand_sums', [('CumSum', ['x', 'one'], ['a'], {}), ('CumSum', ['x', 'two'], ['b'], {'reverse': 1}),
                        ('CumSum', ['x', 'last'], ['c'], {'exclusive': 1}),
                        ('ReduceLogSumExp', ['x', 'axes'], ['d'], {'keepdims': 0}), ('ReduceLogSumExp', ['x', 'ones'], ['e'], {}),
                        ('Mul', ['x', 'ten'], ['f'], {}), to('f', 'g', T.INT64), ('CumSum', ['g', 'two'], ['h'], {
                            'reverse': 1, 'exclusive': 1}), to('h', 'i', 1)], [5, 4], opset=18,
          tensors=[whole('one', 1), whole('two', 2), whole('last', -1), whole('axes', [1, 2]), whole('ones', [1]), tensor('ten', 10.)],
          outputs=('a', 'b', 'c', 'd', 'e', 'i'))
    known = np.where(ties == ties, ties, 0)
    write('hand_chosen', [('TopK', ['x', 'two'], ['a', 'b'], {}), to('b', 'c', 1),
                          ('TopK', ['x', 'two'], ['d', 'e'], {'axis': 1, 'largest': 0}), to('e', 'f', 1),
                          ('ArgMax', ['x'], ['j'], {'axis': 1}), ('GatherElements', ['x', 'j'], ['k'], {'axis': 1})],
          [3, 4], [whole('two', [2])], x=known, outputs=('a', 'c', 'd', 'f', 'k'))
    write('hand_largest', [('ArgMin', ['x'], ['g'], {'axis': 2, 'keepdims': 0}), to('g', 'h', 1),
                           ('OneHot', ['g', 'four', 'values'], ['i'], {'axis': 1}),
                           ('ArgMax', ['x'], ['j'], {'axis': 1}), ('OneHot', ['j', 'three', 'values'], ['q'], {}),
                           ('Gather', ['w', 'g'], ['o'], {}), ('Pad', ['x', 'pads'], ['p'], {'mode': 'wrap'})],
          [3, 4], [whole('three', 3), whole('four', 4), tensor('values', [-.5, 2.]), tensor('w', w),
                   whole('pads', [0, 1, 2, 0, 2, 1])], opset=19, x=known, outputs=('h', 'i', 'q', 'o', 'p'))
    write('hand_places', [('Transpose', ['x'], ['t'], {'perm': [1, 2, 0]}), ('GatherND', ['t', 'k'], ['a'], {}),
                          ('GatherND', ['t', 'l'], ['b'], {}), ('Transpose', ['a'], ['c'], {'perm': [1, 0]}),
                          ('Transpose', ['b'], ['d'], {'perm': [3, 0, 1, 2]})], [3, 4],
          [whole('k', [[0, 1], [2, -1], [-3, 0]]), whole('l', [[[2], [0]], [[-2], [1]]])], outputs=('c', 'd'))
    one = [('Relu', ['x'], ['y'], {})]
    bad = lambda name, nodes, tensors=(), **a: write('bad_' + name, nodes, [4], tensors, x=False, **a)
    bad('cycle', [('Add', ['x', 'b'], ['a'], {}), ('Relu', ['a'], ['b'], {}), ('Relu', ['b'], ['y'], {})])
    bad('twice', one + one)
    bad('opset', one, opset=999)
    bad('output', one, outputs=('z',))
    bad('huge', [('ConstantOfShape', ['n'], ['c'], {}), ('Add', ['x', 'c'], ['y'], {})],
        [tensor('n', [100000, 100000, 4], T.INT64)])
    bad('size', [('Expand', ['x', 'n'], ['y'], {})], [tensor('n', [2 ** 40, 2 ** 40, 4], T.INT64)])
    bad('type', [('Reshape', ['x', 'n'], ['y'], {})], [tensor('n', [2., 2])])
    bad('shapes', [('MatMul', ['x', 'w'], ['y'], {})], [tensor('w', w.T)])
    bad('inputs', [('Relu', ['x', 'x'], ['y'], {})])
    bad('dictionary', [('Relu', ['x'], ['a'], {}), ('ZipMap', [''], ['y'], {'domain': 'ai.onnx.ml'})],
        untyped=True)
    bad('left_out', [('ReduceSum', ['', ''], ['a'], {}), ('Equal', ['a', 'a'], ['b'], {}),
                     ('Cast', ['b'], ['c'], {'to': 1}), ('Add', ['x', 'c'], ['y'], {})])
    for name, op, a in (('cast', 'Cast', 'to'), ('constant', 'Constant', 'value_int')):
        bad(name, [(op, ['x'][:op == 'Cast'], ['a'], {a: 7}), ('Cast', ['a'], ['b'], {'to': 1}),
                   ('Add', ['x', 'b'], ['y'], {})])
        m = onnx.load(os.path.join(GOLDEN, f'bad_{name}.onnx'))
        m.graph.node[0].attribute[0].ClearField('i')                      # it has no value
        onnx.save(m, os.path.join(GOLDEN, f'bad_{name}.onnx'))
    bad('nodes', one)                                       # 40 fields 1 that are no nodes
    m = onnx.load(os.path.join(GOLDEN, 'bad_nodes.onnx'))
    graph = m.graph.SerializeToString() + b'\x08\x05' * 40
    m.ClearField('graph')
    with open(os.path.join(GOLDEN, 'bad_nodes.onnx'), 'wb') as f:
        f.write(m.SerializeToString() + b'\x3a' + bytes([len(graph) & 127 | 128, len(graph) >> 7]) + graph)
    for name, op, gates, usual in (('lstm', 'LSTM', 4, ['Tanh', 'Sigmoid', 'Tanh']), ('rnn', 'RNN', 1, ['Relu', 'Tanh'])):
        n = 2 if op == 'RNN' else 1
        bad(name, [('Reshape', ['x', 's'], ['a'], {}), (op, ['a', 'W', 'R'], ['b', 'y'], {
                'hidden_size': 1, 'activations': usual, 'direction': ['', 'forward', 'bidirectional'][n]})],
            [tensor('W', np.ones((n, gates, 4))), tensor('R', np.ones((n, gates, 1))), whole('s', [1, -1, 4])])
    bad('mod', [('Mod', ['x', 'k'], ['a'], {}), ('Cast', ['a'], ['y'], {'to': 1})], [tensor('k', 2.)])
    bad('long', [('Reshape', ['x', 's'], ['y'], {})], [whole('s', [3, 2 ** 62, -1])])
    bad('split', [('Split', ['x', 's'], ['y', 'z'], {'axis': 1})], [whole('s', [1, 2])])
    bad('mixed', [to('x', 'a', T.INT64), ('Add', ['a', 'x'], ['y'], {})])
    bad('sigmoid', [to('x', 'a', T.INT64), ('Sigmoid', ['a'], ['b'], {}), to('b', 'y', 1)])
    bad('empty', [('ConstantOfShape', ['s'], ['a'], {}), ('Concat', ['a', 'a'], ['b'], {'axis': 1}),
                  ('Size', ['b'], ['c'], {}), to('c', 'd', 1), ('Add', ['x', 'd'], ['y'], {})],
        [whole('s', [0, 2 ** 30])])
    bad('bound', [('Clip', ['x', 'k'], ['y'], {})], [tensor('k', [1., 2.])])
    bad('ends', one, outputs=('y', 'y'))
    bad('again', [('Softmax', ['x'], ['y'], {'axis': 1})])
    m = onnx.load(os.path.join(GOLDEN, 'bad_again.onnx'))
    m.graph.node[0].attribute.append(h.make_attribute('axis', 0))
    onnx.save(m, os.path.join(GOLDEN, 'bad_again.onnx'))
    small = [('Equal', ['k', 'l'], ['c'], {}), ('If', ['c'], ['a'], {'then_branch': branch(
        ['b'], ('Relu', ['x'], ['b'], {})), 'else_branch': branch(['x'])})]
    bad('branch', small + [('Add', ['a', 'b'], ['y'], {})], [whole('k', 1), whole('l', 2)])
    bad('branches', small[:1] + [('If', ['c'], ['y'], {'then_branch': branch(['x']),
                                                       'else_branch': branch(['x', 'x'])})], [whole('k', 1), whole('l', 2)])
    for name, op, k in (('matmul', 'MatMul', [[1]] * 4), ('large', 'Add', 2 ** 40 + 1), ('odd', 'Add', 2 ** 24 + 1)):
        bad(name, [to('x', 'a', T.INT64), (op, ['a', 'k'], ['b'], {}), to('b', 'y', 1)], [whole('k', k)])
    bad('flatten', [('Flatten', ['x'], ['y'], {'axis': 9})])
    einsum = lambda name, equation, inputs: bad('einsum_' + name, [('Einsum', inputs, ['y'], {'equation': equation})],
                                                [tensor('w', w)])
    for name, equation, inputs in (('implicit', 'ij,jk', ['x', 'w']), ('sizes', 'ij,ki->kj', ['x', 'w']),
            ('many', 'ij,jk->ik', ['x']), ('few', 'ij->ij', ['x', 'w']), ('letters', 'ij,jk->il', ['x', 'w']),
            ('twice', 'ii,jk->jk', ['x', 'w']), ('again', 'ij,jk->ii', ['x', 'w']), ('axes', 'ijk->ik', ['x']),
            ('dots', '.i.j.k.,.->.', ['x', 'w']), ('empty', '', ['x']), ('arrow', 'ij-', ['x']),
            ('rank', 'ab,cd,ef,gh->abcdefgh', ['x', 'w', 'w', 'w'])):
        einsum(name, equation, inputs)
    inf = np.array([[1, -np.inf, 2, 0], [-np.inf] * 4, [3, 3, -1, -np.inf]], np.float32)
    write('hand_edges', [('ReduceLogSumExp', ['x'], ['a'], {'axes': [1]}), ('Exp', ['a'], ['b'], {}),
                         ('OneHot', ['k', 'four', 'values'], ['c'], {}), ('Exp', ['c'], ['d'], {}),
                         ('Reshape', ['d', 's'], ['e'], {}), ('Add', ['b', 'e'], ['y'], {})], [4],
          [whole('k', [-1, -3, 1, 3, 4, -5]), whole('four', 4), tensor('values', [-np.inf, .5]), whole('s', [1, -1])], x=inf)
    write('hand_top9', [('TopK', ['x'], ['y', 'i'], {'k': 2}), ('Cast', ['i'], ['j'], {'to': 1})], [4], opset=9,
          x=np.array([[1, 4, 3, 2], [2, 2, 5, 5], [0, -1, -2, -3]], np.float32), outputs=('y', 'j'))
    bad('einsum_long', [('Einsum', ['x'], ['y'], {'equation': 'ij' + ' ' * 100 + '->ij'})])
    bad('einsum_minus', [('Einsum', ['x'], ['y'], {'equation': 'i-j>i'})])
    bad('einsum_spaces', [('Einsum', ['w'], ['a'], {'equation': '. ' * 45 + '->'}), ('Add', ['x', 'a'], ['y'], {})],
        [tensor('w', np.ones([1] * 6))])
    bad('elements', [('GatherElements', ['x', 'k'], ['y'], {'axis': 1})], [whole('k', [0, 3])])
    bad('gather_nd', [('GatherND', ['x', 'k'], ['y'], {})], [whole('k', [[0, 0, 0]])])
    bad('top', [('TopK', ['x', 'k'], ['y', 'z'], {})], [whole('k', [5])])
    bad('depth', [('Cast', ['x'], ['a'], {'to': 7}), ('OneHot', ['a', 'k', 'l'], ['y'], {})],
        [whole('k', -1), tensor('l', [0., 1.])])
    outside = tensor('w', w)
    outside.ClearField('float_data')
    outside.data_location = T.EXTERNAL
    outside.external_data.add(key='location', value='w.bin')
    bad('external', [('MatMul', ['x', 'w'], ['y'], {})], [outside])

def write():
    os.makedirs(GOLDEN, exist_ok=True)
    by_hand()
    keras_graphs()
    sklearn_graphs()
    torch_graphs()

if __name__ == '__main__':
    write() if len(sys.argv) < 2 else check(sys.argv[1])
