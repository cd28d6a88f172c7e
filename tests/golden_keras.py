#!/usr/bin/env python3
"""Writes the Keras 3 models that tests/models.c loads, by examples/keras_to_dl.py, with an input
and Keras' own output each:  python3 tests/golden_keras.py"""
import os, sys
import numpy as np
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'examples'))
os.environ.setdefault('KERAS_BACKEND', 'torch')
import keras
from keras import layers as L
from safetensors.numpy import save_file
from keras_to_dl import convert

def refused(words, *layers):                    # by the names of layer and setting
    x = y = keras.Input(layers[0])
    for layer in layers[1:]: y = layer(y)
    try: convert(keras.Model(x, y), os.path.join(HERE, 'no', 'such', 'directory'))
    except ValueError as e: assert words in str(e) and 'dl_onnx_load' in str(e), e
    else: raise AssertionError(words)

refused('return_state=True', (5, 3), L.LSTM(2, return_state=True), lambda y: y[0])
refused('reset_after=False', (5, 3), L.GRU(2, reset_after=False))
refused("activation='relu'", (5, 3), L.LSTM(2, activation='relu'))
refused("recurrent_activation='hard_sigmoid'", (5, 3), L.LSTM(
    2, recurrent_activation='hard_sigmoid'))
refused('go_backwards=True', (5, 3), L.LSTM(2, go_backwards=True))
refused("merge_mode='sum'", (5, 3), L.Bidirectional(L.LSTM(2), merge_mode='sum'))
refused('merge_mode=None', (5, 3), L.Bidirectional(L.LSTM(2), merge_mode=None), lambda y: y[1])
refused('mask_zero=True', (5,), L.Embedding(9, 4, mask_zero=True), L.LSTM(2))
refused('Add of [(5, 3), (5, 1)]', (5, 3), lambda y: L.Add()([y, L.Dense(1)(y)]))
refused('an input', (5,), lambda y: [y, L.Dense(2)(y)])
refused('keepdims=True', (5, 4, 3), L.GlobalAveragePooling2D(keepdims=True))

rng = np.random.default_rng(1)

def write(name, model, x):
    for layer in model.layers:                  # numbers that show where they are; variances > 0
        layer.set_weights([rng.uniform(0.5, 1.5, w.shape) if 'variance' in v.path else
                           rng.uniform(-0.5, 0.5, w.shape)
                           for v, w in zip(layer.weights, layer.get_weights())])
    path = os.path.join(HERE, 'golden', name)
    convert(model, path + '.safetensors')
    y = model.predict(list(x) if isinstance(x, tuple) else x, verbose=0)
    y = np.concatenate(y, -1) if isinstance(y, list) else y
    x = np.stack(x) if isinstance(x, tuple) else x.transpose(0, 3, 1, 2) if x.ndim == 4 else x
    save_file({'io.x': np.ascontiguousarray(x, 'f4'), 'io.y': np.asarray(y, 'f4')},
              path + '_io.safetensors')
    for end in '.safetensors', '_io.safetensors':
        os.chmod(path + end, 0o644)

write('keras_cnn', keras.Sequential([
    keras.Input((11, 7, 2)), L.Conv2D(4, (3, 2), padding='same', strides=(2, 1), activation='relu'),
    L.BatchNormalization(), L.MaxPooling2D(2, padding='same'), L.Conv2D(3, 2, groups=1),
    L.Activation('elu'), L.AveragePooling2D((1, 2), strides=1, padding='same'), L.Flatten(),
    L.Dropout(0.5), L.BatchNormalization(), L.Dense(5, activation='tanh'),
    L.Dense(4, activation='softmax')]), rng.normal(size=(2, 11, 7, 2)).astype('f4'))
write('keras_text', keras.Sequential([
    keras.Input((6,)), L.Embedding(9, 5), L.LSTM(4, return_sequences=True), L.LayerNormalization(),
    L.GRU(3, return_sequences=True), L.SimpleRNN(4, return_sequences=True),
    L.Bidirectional(L.GRU(2, return_sequences=True)), L.Flatten(), L.Dense(3)]),
    rng.integers(0, 9, (2, 6)))

x = keras.Input((5, 4, 3))                      # a graph: branches that join, two outputs
a = L.Conv2D(4, 3, padding='same', activation='relu')(x)
b = L.Conv2D(4, 3, padding='same')(a)
b = L.Activation('relu')(L.Add()([a, b]))
up = L.Conv2DTranspose(2, 3, strides=2, padding='same', activation='tanh')(b)
up = L.Conv2DTranspose(4, 3, strides=(3, 2))(L.MaxPooling2D(2)(up))
side = L.GlobalAveragePooling2D()(L.Concatenate()([a, b, x]))
low = L.Dense(6)(L.Flatten()(L.AveragePooling2D(2)(up)))
both = L.BatchNormalization()(L.Concatenate()([side, low]))
last = L.Dense(3, activation='softmax')(both)
write('keras_graph', keras.Model(x, [last, L.Dense(2)(both)]), rng.normal(size=(2, 5, 4, 3)))

inputs = keras.Input((5,)), keras.Input((5,))   # two inputs through the same layers
a, b = inputs
for layer in L.Dense(4, activation='tanh'), L.BatchNormalization(), L.Dense(3):
    a, b = layer(a), layer(b)
write('keras_twins', keras.Model(inputs, L.Dense(2)(L.Concatenate()([a, b]))),
      tuple(rng.normal(size=(2, 2, 5)).astype('f4')))
print('written by Keras', keras.__version__, keras.backend.backend())
