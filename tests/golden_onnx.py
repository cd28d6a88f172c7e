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
        print(name, f'{h:016x}')

if __name__ == '__main__':
    check(sys.argv[1])
