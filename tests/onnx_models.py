#!/usr/bin/env python3
"""Tries graphs that Python packages carry: writes tests/onnx_models.tsv, one line a graph: what dl.h
makes of it next to ONNX Runtime, or which operator of which node it refuses.
    pip download --no-deps -d wheels magika openwakeword rapidocr-onnxruntime silero-vad
    python3 tests/onnx_models.py wheels"""
import glob, os, re, subprocess, sys, tempfile, zipfile
import numpy as np
import onnxruntime as rt

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OPEN = {'ch_PP-OCRv4_det_infer': [64, 64], 'ch_PP-OCRv4_rec_infer': [48, 64],   # sizes left open
        'ch_ppocr_mobile_v2.0_cls_infer': [48, 192], 'silero_vad_16k_sequence': [4]}
RUNNER = r'''
#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>
int main(int argc, char **argv)              /* graph, where outputs go, inputs */
{
    dl_ctx *dl = dl_new(1);
    dl_shape shape[8];
    dl_tensor *x[8], *y[64];
    char path[1000];
    for (int i = 3; i < argc; i++) {
        x[i - 3] = dl_npy_load(dl, argv[i]);
        shape[i - 3] = x[i - 3]->shape;
        for (int d = 1; d < shape[i - 3].rank; d++) shape[i - 3].dim[d - 1] = shape[i - 3].dim[d];
        shape[i - 3].rank--;
    }
    dl_onnx o = { shape, argc - 3 };
    dl_model *m = dl_onnx_load(dl, argv[1], &o);
    if (!m || !dl_model_predict_all(m, y, x)) return 1;
    for (int k = 0; k < dl_model_output_count(m); k++) {
        snprintf(path, sizeof path, "%s%d.npy", argv[2], k);
        dl_npy_save(y[k], path);
    }
    return 0;
}
'''

def attempt(runner, path, work):
    session = rt.InferenceSession(path, providers=['CPUExecutionProvider'])
    fixed = [i.shape[0] if i.shape else 0 for i in session.get_inputs()]
    whole = any(isinstance(d, int) and d != 1 for d in fixed)
    sizes, files, feeds, r = list(OPEN.get(os.path.basename(path)[:-5], [])), [], {}, np.random.RandomState(0)
    for k, i in enumerate(session.get_inputs()):
        s = [d if isinstance(d, int) else 1 if n == 0 or not sizes and n == 1 and d == 'batch'
             else sizes.pop(0) if sizes else 576 if n == 1 and k == 0 else 1
             for n, d in enumerate(i.shape)]
        x = r.randint(0, 200, s) if 'int' in i.type else r.uniform(-1, 1, s)
        if i.name == 'sr':
            x = np.array(16000)
        feeds[i.name] = np.asarray(x).astype(i.type[7:-1].replace('float', 'float32'))
        files.append(os.path.join(work, f'x{k}.npy'))
        np.save(files[-1], np.asarray(x, np.float32)[None] if whole else np.asarray(x, np.float32))
    out = os.path.join(work, 'y')
    run = subprocess.run([runner, path, out] + files, capture_output=True, text=True)
    if run.returncode:
        text = run.stderr.strip().replace(path, os.path.basename(path))
        return 'refused: ' + re.sub(r'^dl.h: dl_onnx_load: [^:]*: ', '', text or 'crashed')
    worst = 0
    for k, a in enumerate(session.run(None, feeds)):
        b = np.load(f'{out}{k}.npy').reshape(a.shape)
        worst = max(worst, np.abs(a - b).max() / max(np.abs(a).max(), 1))
    return f'equal within {worst:.0e}' if worst <= 1e-5 else f'differs by {worst:.0e}'

def main(where):
    with tempfile.TemporaryDirectory() as work:
        source, runner = os.path.join(work, 'run.c'), os.path.join(work, 'run')
        with open(source, 'w') as f:
            f.write(RUNNER)
        subprocess.check_call(['cc', '-O1', '-I', ROOT, source, '-o', runner, '-lm'])
        lines = ['package\tversion\tfile\tresult']
        for wheel in sorted(glob.glob(os.path.join(where, '*.whl'))):
            name, version = os.path.basename(wheel).split('-')[:2]
            with zipfile.ZipFile(wheel) as z:
                names = sorted(n for n in z.namelist() if n.endswith('.onnx'))
                lines += [f'{name}\t{version}\t-\tcarries no graph'] * (not names)
                for n in names:
                    result = attempt(runner, z.extract(n, work), work)
                    lines.append(f'{name}\t{version}\t{os.path.basename(n)}\t{result}')
                    print(lines[-1])
    with open(os.path.join(ROOT, 'tests', 'onnx_models.tsv'), 'w') as f:
        f.write('\n'.join(lines) + '\n')

main(sys.argv[1])
