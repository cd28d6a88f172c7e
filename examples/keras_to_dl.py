#!/usr/bin/env python3
"""Turn a Keras 3 model into a file that dl_model_load takes whole:

    python3 keras_to_dl.py model.keras model.safetensors     (or import it and call convert)

Of a Sequential model: the layers below. Images [H,W,C] become [C,H,W], so what stands behind a
Flatten has its numbers permuted; kernels become PyTorch's; a GRU's gates z, r, h become r, z, n.
What cannot be said in a dl.h model is refused."""
import json, struct, sys
import numpy as np

PREFIX = {'Dense': 'dense', 'Conv2D': 'conv2d', 'BatchNormalization': 'batch_normalization',
          'LayerNormalization': 'layer_normalization', 'Dropout': 'dropout', 'Flatten': 'flatten',
          'MaxPooling2D': 'max_pooling2d', 'AveragePooling2D': 'average_pooling2d', 'LSTM': 'lstm',
          'GlobalAveragePooling2D': 'global_average_pooling2d', 'Activation': 'activation',
          'Embedding': 'embedding', 'GRU': 'gru', 'SimpleRNN': 'rnn'}
ACTIVATIONS = 'linear relu sigmoid tanh softmax elu gelu silu softplus'.split()
COMMON = dict(weight_init=['glorot_uniform', 0, 0], bias_init=['constant', 0, 0], l1=0, l2=0)

def need(ok, layer, what):
    if not ok:
        raise ValueError(f'{layer.name}: {what} has no counterpart in dl.h')

def recurrent(layer, kind, c, w):
    """Options and tensors of a recurrent layer; Keras has its gates side by side."""
    need(c['activation'] == 'tanh' and c.get('recurrent_activation', 'sigmoid') == 'sigmoid' and
         c.get('reset_after', True) and not (c['go_backwards'] or c['stateful']), layer, str(c))
    G, H = w[1].shape[1] // c['units'], c['units']
    bias = w[2] if len(w) > 2 else np.zeros(G * H)
    pair = bias if bias.ndim == 2 else np.stack([bias, np.zeros(G * H)])
    order = np.arange(G * H).reshape(G, H)
    order = (order[[1, 0, 2]] if kind == 'GRU' else order).ravel()
    return dict(kind={'SimpleRNN': 'rnn_tanh'}.get(kind, kind.lower()), bidirectional=False,
                units=H, return_sequences=c['return_sequences']), dict(
        weight_ih_l0=w[0].T[order], weight_hh_l0=w[1].T[order], bias_ih_l0=pair[0][order],
        bias_hh_l0=pair[1][order])

def one(layer, kind, c, w, shape, perm):
    """Options, tensors and the new permutation of one layer; shape is that of its input."""
    image, same = len(shape) == 3, c.get('padding') == 'same'
    need(c.get('data_format', 'channels_last') == 'channels_last', layer, 'channels_first')
    if kind in ('Dense', 'Conv2D', 'Activation'):
        need(c['activation'] in ACTIVATIONS, layer, f"activation {c['activation']}")
        need(not image or c['activation'] != 'softmax', layer, 'softmax')
    if kind == 'Dense':
        need(not image, layer, 'a dense layer on the channels of an image')
        w[0] = (w[0] if perm is None else w[0][perm]).T
        return dict(COMMON, units=c['units'], activation=c['activation'], bias=c['use_bias']), dict(
            zip(('weight', 'bias'), w)), None
    if kind == 'Conv2D':
        return {**COMMON, 'filters': c['filters'], 'kernel': c['kernel_size'], 'conv.same': same,
                'conv.stride': c['strides'], 'conv.before': [0, 0], 'conv.after': [0, 0],
                'conv.dilation': c['dilation_rate'], 'conv.groups': c['groups'],
                'conv.output_padding': [0, 0], 'activation': c['activation'], 'bias': c['use_bias']
                }, dict(zip(('weight', 'bias'), [w[0].transpose(3, 2, 0, 1)] + w[1:])), None
    if kind in ('BatchNormalization', 'LayerNormalization'):
        batch = kind[0] == 'B'
        need(c['axis'] in (-1, [-1], len(shape), [len(shape)]) and (len(shape) != 2 if batch else
             not image), layer, f"axis {c['axis']} of {shape}")
        names = ['weight'] * c['scale'] + ['bias'] * c['center'] + ['running_mean', 'running_var']
        return dict(momentum=1 - c['momentum'] if batch else 0.01, eps=c['epsilon'], axes=1,
                    groups=1, weight=c['scale'], bias=c['center']), dict(zip(names, w if perm is
                    None else [v[perm] for v in w])), perm
    if kind in ('MaxPooling2D', 'AveragePooling2D'):
        return dict(kernel=c['pool_size'], stride=c['strides'], before=[0, 0], after=[0, 0],
                    same=same, count_padding=False), {}, None
    if kind in ('LSTM', 'GRU', 'SimpleRNN'):
        return *recurrent(layer, kind, c, w), None
    if kind == 'Embedding':
        return dict(words=c['input_dim'], units=c['output_dim']), dict(weight=w[0]), None
    if kind == 'Flatten' and image:                       # where each of ours stands in Keras'
        perm = np.arange(np.prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
    return dict(Dropout=dict(rate=c.get('rate')), Activation=dict(activation=c.get('activation'))
                ).get(kind), {}, perm

def convert(model, path):
    """Write a built Sequential model."""
    shape, perm, layers, tensors, count = list(model.input_shape[1:]), None, [], {}, {}
    text = dict(needs=1, layers=layers, input=shape[2:] + shape[:2] if len(shape) == 3 else shape)
    for layer in model.layers:
        kind = type(layer).__name__
        need(kind in PREFIX, layer, kind)
        count[kind] = count.get(kind, 0) + 1
        name = f'{PREFIX[kind]}_{count[kind]}'
        options, own, perm = one(layer, kind, layer.get_config(), layer.get_weights(), shape, perm)
        layers.append({'type': kind, 'name': name, **({'options': options} if options else {})})
        tensors.update({f'{name}.{k}': np.ascontiguousarray(v, '<f4') for k, v in own.items()})
        shape = list(layer.output.shape[1:])
    need(perm is None and len(shape) < 3, model, 'an image, or a Flatten of one, at the end')
    header, at = {'__metadata__': {'dl_model': json.dumps(text)}}, 0
    for name, v in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': v.shape, 'data_offsets': [at, at + v.nbytes]}
        at += v.nbytes
    head = json.dumps(header).encode()
    with open(path, 'wb') as f:
        f.write(b''.join([struct.pack('<Q', len(head)), head, *map(bytes, tensors.values())]))

if __name__ == '__main__':
    import keras
    convert(keras.saving.load_model(sys.argv[1]), sys.argv[2])
