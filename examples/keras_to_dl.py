#!/usr/bin/env python3
"""Turn a Keras 3 model, Sequential or functional, into a file that dl_model_load takes whole:
    python3 keras_to_dl.py model.keras model.safetensors     (or import it and call convert)
Images [H,W,C] become [C,H,W], so what follows a Flatten is permuted; kernels become as PyTorch's, a
GRU's gates r, z, n. What it does not know it refuses, by the names of layer and setting."""
import json, re, sys
import keras, numpy as np
from safetensors.numpy import save_file
RECURRENT = dict(SimpleRNN='rnn_tanh', LSTM='lstm', GRU='gru')
ONLY = dict(recurrent_activation='sigmoid', reset_after=True, stateful=False, return_state=False,
            merge_mode='concat', mask_zero=False, keepdims=False, data_format='channels_last',
            output_padding=None)                             # settings that have but one value

def need(ok, layer, what):
    if not ok: raise ValueError(f'{layer.name}: {what} cannot be converted; another way is '
                                "model.export(path, format='onnx'), then dl_onnx_load")

def settings(layer, **only):
    for k, v in {**ONLY, **only}.items():
        need((c := layer.get_config().get(k, v)) == v, layer, f'{k}={c!r}')

def recurrent(layer, end=''):
    w, kind = layer.get_weights(), type(layer).__name__
    need(kind in RECURRENT, layer, f'{kind} in Bidirectional')
    settings(layer, activation='tanh', go_backwards=end != '')
    gates = np.arange(w[1].shape[1]).reshape(-1, layer.units)
    order = (gates[[1, 0, 2]] if kind == 'GRU' else gates).ravel()
    bias = np.vstack([w[2] if len(w) > 2 else order * 0, order * 0])
    own = dict(weight_ih=w[0].T, weight_hh=w[1].T, bias_ih=bias[0], bias_hh=bias[1])
    own = {f'{name}_l0{end}': v[order] for name, v in own.items()}
    return dict(kind=RECURRENT[kind], bidirectional=False, units=layer.units,
                return_sequences=layer.return_sequences), own

def one(layer, kind, shapes, perms):   # options, tensors, permutation; shapes and perms: of inputs
    need(hasattr(layer, 'get_weights'), layer, f'the operation {kind}')
    c, w, perm, shape = layer.get_config().get, layer.get_weights(), perms[0], shapes[0]
    image = len(shape) == 3
    if kind in RECURRENT: return *recurrent(layer), None
    if kind == 'Bidirectional':
        a, b = recurrent(layer.forward_layer), recurrent(layer.backward_layer, '_reverse')
        need(a[0] == b[0], layer, 'a pair of different layers')
        return dict(a[0], bidirectional=True), {**a[1], **b[1]}, None
    f, same, names = c('activation', 'linear'), c('padding') == 'same', ['weight', 'bias']
    zero, glorot, o = dict(kind='constant', a=0, b=0), dict(kind='glorot_uniform', a=0, b=0), [0, 0]
    base = dict(activation=f, bias=c('use_bias'), l1=0, l2=0, bias_init=zero, weight_init=glorot)
    conv = {**base, 'filters': c('filters'), 'kernel': c('kernel_size'), 'conv.before': o,
            'conv.after': o, 'conv.output_padding': o, 'conv.same': same, 'conv.stride':
            c('strides'), 'conv.dilation': c('dilation_rate'), 'conv.groups': c('groups', 1)}
    pool = dict(kernel=c('pool_size'), stride=c('strides'), before=o, after=o, same=same,
                count_padding=kind[0] == 'M')            # a maximum never counts it
    norm = dict(momentum=1 - c('momentum', .99) if kind[0] == 'B' else .01, eps=c('epsilon'),
                axes=1, groups=1, weight=c('scale'), bias=c('center'))
    options = dict(
        Dense=dict(base, units=c('units')), Conv2D=conv, Conv2DTranspose=conv, MaxPooling2D=pool,
        AveragePooling2D=pool, BatchNormalization=norm, LayerNormalization=norm, Flatten=None,
        Dropout=dict(rate=c('rate')), Activation=dict(activation=f), Add=None,
        Concatenate=dict(axis=0 if image else -1), GlobalAveragePooling2D=None,
        Embedding=dict(words=c('input_dim'), units=c('output_dim')))
    need(kind in options, layer, f'the layer {kind}')
    need(f in 'linear relu sigmoid tanh softmax elu gelu silu softplus'.split() and not (
        image and (f == 'softmax' or kind == 'Dense')), layer, f'{kind} with {f} on {shape}')
    if kind[:4] == 'Conv' and w:
        w[0] = w[0].transpose(3, 2, 0, 1)
        need(kind == 'Conv2D' or np.all(np.less_equal(c('strides'), c('kernel_size'))), layer,
             f"strides={c('strides')} above kernel_size={c('kernel_size')}")
    elif kind == 'Dense':
        w[0], perm = (w[0] if perm is None else w[0][perm]).T, None
    elif kind in ('BatchNormalization', 'LayerNormalization'):
        names = ['weight'] * c('scale') + ['bias'] * c('center') + ['running_mean', 'running_var']
        need(c('axis') in (-1, [-1], len(shape), [len(shape)]) and len(shape) != (
            3 if kind[0] == 'L' else 2), layer, f"axis {c('axis')} of {shape}")
        w = w if perm is None else [v[perm] for v in w]
    elif kind in ('Add', 'Concatenate'):
        need(all(p is None for p in perms) and c('axis', -1) in (-1, len(shape)) and
             (kind != 'Add' or len(set(shapes)) == 1), layer, f'{kind} of {shapes}')
    elif kind == 'Flatten' and image:                     # where each of ours stands in Keras'
        perm = np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
    return options[kind], dict(zip(names, w)), perm

def convert(model, path):
    graph, tensors, first = getattr(model, '_functional', model), {}, {}
    need(hasattr(graph, '_nodes_by_depth'), model, 'a model that does not begin with keras.Input')
    shapes = [list(t.shape[3:] + t.shape[1:3]) for t in graph.inputs]             # C in front
    need(None not in sum(shapes, []), model, f'the open size in {shapes}')
    for layer in graph.layers: settings(layer)
    layers = [{'type': 'InputLayer', 'from': [], 'options': {'shape': s}} for s in shapes[1:]]
    known = {id(t): (i - 1, None) for i, t in enumerate(graph.inputs)}   # number, permutation
    for node in (n for _, level in sorted(graph._nodes_by_depth.items(), reverse=True)
                 for n in level if n.input_tensors):
        layer, kind = node.operation, type(node.operation).__name__
        from_, perms = zip(*[known[id(t)] for t in node.input_tensors])
        if layer in first:                                # its weights once more
            need(len(perms) == 1 and perms[0] is None, layer, 'this second use')
            more, perm = {'shared': first[layer][0]}, first[layer][1]
        else:
            options, own, perm = one(layer, kind, [t.shape[1:] for t in node.input_tensors], perms)
            more = {'options': options} if options else {}
            name = 'rnn' if kind == 'SimpleRNN' else re.sub('(?<=[a-zD])(?=[A-Z][a-z])', '_', kind)
            name = f'{name.lower()}_{1 + sum(kind == type(l).__name__ for l in first)}.'
            tensors.update({name + k: np.array(v, '<f4', order='C') for k, v in own.items()})
        known[id(node.outputs[0])] = here = len(layers), perm
        first.setdefault(layer, here)
        layers.append({'type': kind, 'from': from_, **more})
    out, perms = zip(*[known[id(t)] for t in graph.outputs])
    need(min(out) >= len(shapes) - 1 and all(p is None for p in perms), model,
         'an input, or a Flatten of an image, as an output')
    text = json.dumps(dict(needs=2, input=shapes[0], layers=layers, outputs=out))
    save_file(tensors, path, {'dl_model': text})

if __name__ == '__main__':
    convert(keras.saving.load_model(sys.argv[1]), sys.argv[2])
