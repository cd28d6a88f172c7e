#!/usr/bin/env python3
"""Turn a Keras 3 model, Sequential or functional, into a file that dl_model_load takes whole:
    python3 keras_to_dl.py model.keras model.safetensors     (or import it and call convert)
Images [H,W,C] become [C,H,W], so what stands behind a Flatten has its numbers permuted; kernels
become PyTorch's; a GRU's gates z, r, h become r, z, n. What cannot be said in a dl.h model is
refused, by the name of the layer."""
import json, re, struct, sys
import numpy as np
RECURRENT = dict(SimpleRNN='rnn_tanh', LSTM='lstm', GRU='gru')

def need(ok, layer, what):
    if not ok: raise ValueError(f'{layer.name}: {what} has no counterpart in dl.h')

def recurrent(layer, end=''):
    c, w, kind = layer.get_config(), layer.get_weights(), type(layer).__name__
    need(kind in RECURRENT and c['activation'] == 'tanh' and c.get('reset_after', True) and
         c.get('recurrent_activation', 'sigmoid') == 'sigmoid' and not c['stateful'] and
         c['go_backwards'] == (end != ''), layer, str(c))
    gates = np.arange(w[1].shape[1]).reshape(-1, layer.units)
    order = (gates[[1, 0, 2]] if kind == 'GRU' else gates).ravel()
    bias = np.vstack([w[2] if len(w) > 2 else order * 0, order * 0])
    own = dict(weight_ih=w[0].T, weight_hh=w[1].T, bias_ih=bias[0], bias_hh=bias[1])
    return dict(kind=RECURRENT[kind], bidirectional=False, units=layer.units, return_sequences=c[
        'return_sequences']), {f'{name}_l0{end}': v[order] for name, v in own.items()}

def one(layer, kind, shape, perms):
    """Options, tensors and the new permutation of one layer; shape is that of its first input."""
    c, w, perm, image = layer.get_config().get, layer.get_weights(), perms[0], len(shape) == 3
    if kind in RECURRENT: return *recurrent(layer), None
    if kind == 'Bidirectional':
        a, b = recurrent(layer.forward_layer), recurrent(layer.backward_layer, '_reverse')
        need(c('merge_mode') == 'concat' and a[0] == b[0], layer, 'this pair of layers')
        return dict(a[0], bidirectional=True), {**a[1], **b[1]}, None
    f, same, names = c('activation', 'linear'), c('padding') == 'same', ['weight', 'bias']
    zero, glorot = dict(kind='constant', a=0, b=0), dict(kind='glorot_uniform', a=0, b=0)
    base = dict(activation=f, bias=c('use_bias'), l1=0, l2=0, bias_init=zero, weight_init=glorot)
    conv = {**base, 'filters': c('filters'), 'kernel': c('kernel_size'), 'conv.same': same,
            'conv.before': [0, 0], 'conv.after': [0, 0], 'conv.output_padding': [0, 0],
            'conv.stride': c('strides'), 'conv.dilation': c('dilation_rate'),
            'conv.groups': c('groups', 1)}
    pool = dict(kernel=c('pool_size'), stride=c('strides'), before=[0, 0], after=[0, 0], same=same,
                count_padding=kind[0] == 'M')            # of a maximum it says nothing
    norm = dict(momentum=1 - c('momentum', .99) if kind[0] == 'B' else .01, eps=c('epsilon'),
                axes=1, groups=1, weight=c('scale'), bias=c('center'))
    options = dict(
        Dense=dict(base, units=c('units')), Conv2D=conv, Conv2DTranspose=conv, MaxPooling2D=pool,
        AveragePooling2D=pool, BatchNormalization=norm, LayerNormalization=norm, Flatten=None,
        Dropout=dict(rate=c('rate')), Activation=dict(activation=f), Add=None,
        Concatenate=dict(axis=0 if image else -1), GlobalAveragePooling2D=None,
        Embedding=dict(words=c('input_dim'), units=c('output_dim')))
    need(kind in options and c('data_format', 'channels_last') == 'channels_last', layer, kind)
    need(f in 'linear relu sigmoid tanh softmax elu gelu silu softplus'.split() and not (
        image and (f == 'softmax' or kind == 'Dense')), layer, f'{kind} with {f} on {shape}')
    if kind[:4] == 'Conv' and w:
        w[0] = w[0].transpose(3, 2, 0, 1)
        need(kind == 'Conv2D' or np.all(np.less_equal(c('strides'), c('kernel_size'))) and
             not c('output_padding'), layer, 'this padding')
    elif kind == 'Dense':
        w[0], perm = (w[0] if perm is None else w[0][perm]).T, None
    elif kind in ('BatchNormalization', 'LayerNormalization'):
        names = ['weight'] * c('scale') + ['bias'] * c('center') + ['running_mean', 'running_var']
        need(c('axis') in (-1, [-1], len(shape), [len(shape)]) and len(shape) != (
            3 if kind[0] == 'L' else 2), layer, f"axis {c('axis')} of {shape}")
        w = w if perm is None else [v[perm] for v in w]
    elif kind in ('Add', 'Concatenate'):
        need(all(p is None for p in perms) and c('axis', -1) in (-1, len(shape)), layer, kind)
    elif kind == 'Flatten' and image:                     # where each of ours stands in Keras'
        perm = np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
    return options[kind], dict(zip(names, w)), perm

def convert(model, path):
    graph, layers, tensors, count = getattr(model, '_functional', model), [], {}, {}
    nodes = [n for _, level in sorted(graph._nodes_by_depth.items(), reverse=True) for n in level]
    number, perm = {id(graph.inputs[0]): -1}, {-1: None}
    for node in nodes[1:]:                                # the first is the input
        layer, kind = node.operation, type(node.operation).__name__
        need(node.input_tensors and layer not in count, layer, 'a second input or use')
        count[kind], count[layer] = count.get(kind, 0) + 1, 1
        from_, n = [number[id(t)] for t in node.input_tensors], len(layers)
        shape = node.input_tensors[0].shape[1:]
        options, own, perm[n] = one(layer, kind, shape, [perm[i] for i in from_])
        prefix = 'rnn' if kind == 'SimpleRNN' else re.sub('(?<=[a-zD])(?=[A-Z][a-z])', '_', kind)
        tensors.update({f'{prefix.lower()}_{count[kind]}.{k}': np.ascontiguousarray(v, '<f4')
                        for k, v in own.items()})
        number[id(node.outputs[0])] = n
        layers.append({'type': kind, 'from': from_, **({'options': options} if options else {})})
    out, shape = [number[id(t)] for t in graph.outputs], list(graph.inputs[0].shape[1:])
    need(all(perm[i] is None for i in out), model, 'a Flatten of an image at the end')
    text = json.dumps(dict(needs=2, input=shape[2:] + shape[:2], layers=layers, outputs=out))
    header, at = {'__metadata__': {'dl_model': text}}, 0
    for name, v in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': v.shape, 'data_offsets': [at, at + v.nbytes]}
        at += v.nbytes
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(json.dumps(header))) + json.dumps(header).encode())
        f.writelines(tensors.values())

if __name__ == '__main__':
    import keras
    convert(keras.saving.load_model(sys.argv[1]), sys.argv[2])
