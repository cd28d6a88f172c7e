#!/usr/bin/env python3
"""Golden values of recurrent nets, embeddings, attention and transformers, by PyTorch in float64.

    python3 tests/golden_rnn.py        (needs torch and numpy) writes tests/golden/rnn_*.txt and
                                       tests/golden/attention.txt

Format as in golden.py. Gradients are those of L = sum(y dy) + sum(h dh) (+ sum(c dc)).
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import File

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)
rng = np.random.default_rng(7)


def uniform(lo, hi, *shape):
    """Multiples of 2^-10, which a float holds and which are short to write."""
    return np.round(rng.uniform(lo, hi, shape) * 1024) / 1024


def fill(module, size=0.6):
    """Short random numbers into all parameters; larger than PyTorch's own, so that gates move."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.tensor(uniform(-size, size, *p.shape)))


def grads(outputs, weights, inputs):
    """Gradients of sum_k outputs_k weights_k."""
    loss = sum((o * w).sum() for o, w in zip(outputs, weights))
    gs = torch.autograd.grad(loss, inputs, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(inputs, gs)]


def leaf(*shape, size=1.0):
    return torch.tensor(uniform(-size, size, *shape), requires_grad=True)


# ----------------------------------------------------------------------------------- recurrent ----

def recurrent(name, make, gates, lstm):
    out = File("rnn_" + name, """
%s. K_size: N T D H layers directions bias lengths states. K_x, K_w0 ... (PyTorch's order), K_len,
K_h0, K_c0; K_y, K_h, K_c; K_dy, K_dh, K_dc; gradients K_gx, K_gw0 ..., K_gh0, K_gc0.""" % name)
    # N, T, D, H, layers, directions, bias, lengths, states
    cases = [(1, 1, 1, 1, 1, 1, 1, 0, 0),
             (2, 3, 2, 3, 1, 1, 1, 0, 1),
             (1, 7, 3, 2, 1, 1, 0, 0, 0),
             (3, 4, 2, 3, 2, 1, 1, 0, 1),
             (3, 5, 3, 2, 1, 2, 1, 1, 1),
             (4, 5, 2, 3, 2, 2, 1, 1, 1),
             (2, 1, 5, 4, 1, 2, 1, 0, 0),
             (3, 4, 1, 2, 3, 1, 1, 1, 0)]
    if name == "relu":
        cases = [cases[1], cases[5]]
    for k, (n, t, d, h, layers, dirs, bias, lengths, states) in enumerate(cases):
        net = make(d, h, num_layers=layers, bidirectional=dirs == 2, bias=bool(bias),
                   batch_first=True)
        fill(net)
        x = leaf(n, t, d)
        h0, c0 = leaf(layers * dirs, n, h), leaf(layers * dirs, n, h)
        state = None if not states else (h0, c0) if lstm else h0
        lens = None
        if lengths:
            lens = [t] + [int(v) for v in rng.integers(1, t + 1, n - 1)]
            lens[-1] = 1
            y, s = net(pack_padded_sequence(x, torch.tensor(lens), batch_first=True,
                                            enforce_sorted=False), state)
            y, _ = pad_packed_sequence(y, batch_first=True, total_length=t)
        else:
            y, s = net(x, state)
        hn, cn = s if lstm else (s, s)
        dy, dh, dc = (torch.tensor(uniform(-1, 1, *o.shape)) for o in (y, hn, cn))
        ws = list(net.parameters())
        outputs, douts = ([y, hn, cn], [dy, dh, dc]) if lstm else ([y, hn], [dy, dh])
        gs = grads(outputs, douts, [x, h0, c0] + ws)
        out.put("%d_size" % k, [n, t, d, h, layers, dirs, bias, lengths, states])
        for what, a in (("x", x), ("y", y), ("h", hn), ("dy", dy), ("dh", dh), ("gx", gs[0])):
            out.put("%d_%s" % (k, what), a)
        if lstm:
            out.put("%d_c" % k, cn)
            out.put("%d_dc" % k, dc)
        if lengths:
            out.put("%d_len" % k, lens)
        if states:
            for what, a in (("h0", h0), ("gh0", gs[1])) + ((("c0", c0), ("gc0", gs[2]))
                                                           if lstm else ()):
                out.put("%d_%s" % (k, what), a)
        for i, (w, g) in enumerate(zip(ws, gs[3:])):
            out.put("%d_w%d" % (k, i), w)
            out.put("%d_gw%d" % (k, i), g)
    out.put("cases", len(cases))
    out.close()


def cells():
    out = File("rnn_cells", """
Single cells: KIND_x, _h0, _c0, _w0 .. _w3; _h, _c; _dh, _dc; gradients _gx, _gh0, _gc0, _gw0 ...""")
    kinds = [("rnn", nn.RNNCell, {}), ("relu", nn.RNNCell, {"nonlinearity": "relu"}),
             ("lstm", nn.LSTMCell, {}), ("gru", nn.GRUCell, {})]
    for name, cell, args in kinds:
        net = cell(3, 4, **args)
        fill(net)
        x, h0, c0 = leaf(2, 3), leaf(2, 4), leaf(2, 4)
        lstm = name == "lstm"
        h, c = net(x, (h0, c0)) if lstm else (net(x, h0), torch.zeros(2, 4))
        dh, dc = torch.tensor(uniform(-1, 1, 2, 4)), torch.tensor(uniform(-1, 1, 2, 4))
        ws = list(net.parameters())
        gs = grads([h, c], [dh, dc], [x, h0, c0] + ws)
        for what, a in (("x", x), ("h0", h0), ("c0", c0), ("h", h), ("c", c), ("dh", dh),
                        ("dc", dc), ("gx", gs[0]), ("gh0", gs[1]), ("gc0", gs[2])):
            out.put("%s_%s" % (name, what), a)
        for i, (w, g) in enumerate(zip(ws, gs[3:])):
            out.put("%s_w%d" % (name, i), w)
            out.put("%s_gw%d" % (name, i), g)
    out.close()


# ----------------------------------------------------------------------------------- attention ----

def attention():
    out = File("attention", """
emb_*: embedding with padding 2. pe: sinusoidal positions. sdp_K_*: scaled dot-product attention,
sizes N heads R S D M, causal, lengths, mask (0 none, 1 [R,S], 2 [N,R,S], 3 [N,heads,R,S]).
mha_K_*: multi-head attention: N R S E heads bias causal lengths mask (as above, the same for all
heads). enc_K_*, dec_K_*: transformer
blocks in evaluation mode: N R S E F heads norm_first gelu causal lengths.""")
    w = leaf(7, 3)
    index = [[1, 2, 6, 1], [0, 2, 2, 5]]
    y = F.embedding(torch.tensor(index), w, padding_idx=2)
    dy = torch.tensor(uniform(-1, 1, *y.shape))
    for what, a in (("w", w), ("index", index), ("y", y), ("dy", dy),
                    ("gw", grads([y], [dy], [w])[0])):
        out.put("emb_" + what, a)
    T, E = 11, 6
    pe = np.zeros((T, E))
    position, rate = np.arange(T)[:, None], np.exp(np.arange(0, E, 2) * -(np.log(10000.0) / E))
    pe[:, 0::2], pe[:, 1::2] = np.sin(position * rate), np.cos(position * rate)
    out.put("pe", pe)

    cases = [(1, 1, 1, 1, 1, 1, 0, 0, 0), (2, 1, 3, 4, 2, 3, 0, 0, 0), (2, 2, 4, 4, 3, 2, 1, 0, 0),
             (3, 2, 2, 5, 3, 3, 0, 1, 0), (2, 1, 4, 3, 2, 2, 1, 1, 0), (2, 2, 3, 4, 2, 2, 0, 0, 1),
             (2, 2, 3, 4, 2, 2, 0, 1, 2), (2, 2, 3, 3, 1, 2, 1, 0, 3)]
    for k, (n, heads, r, s, d, m, causal, lengths, mask) in enumerate(cases):
        lead = (n, heads)
        q, key, v = leaf(*lead, r, d, size=2), leaf(*lead, s, d, size=2), leaf(*lead, s, m)
        add = torch.zeros(n, heads, r, s)
        if mask:
            shape = {1: (r, s), 2: (n, r, s), 3: (n, heads, r, s)}[mask]
            a = uniform(-1, 1, *shape)
            a[..., 0, 1] = -np.inf                     # the first query does not see the second key
            out.put("sdp_%d_mask" % k, a)
            a = torch.tensor(a)
            add = add + (a[:, None] if mask == 2 else a)
        if causal:
            add = add.masked_fill(torch.ones(r, s).triu(1).bool(), -np.inf)
        if lengths:
            lens = [s] + [int(l) for l in rng.integers(1, s + 1, n - 1)]
            lens[-1] = 1
            for i, l in enumerate(lens):
                add[i, :, :, l:] = -np.inf
            out.put("sdp_%d_len" % k, lens)
        y = F.scaled_dot_product_attention(q, key, v, attn_mask=add)
        dy = torch.tensor(uniform(-1, 1, *y.shape))
        gs = grads([y], [dy], [q, key, v])
        out.put("sdp_%d_size" % k, [n, heads, r, s, d, m, causal, lengths, mask])
        for what, a in (("q", q), ("k", key), ("v", v), ("y", y), ("dy", dy), ("gq", gs[0]),
                        ("gk", gs[1]), ("gv", gs[2])):
            out.put("sdp_%d_%s" % (k, what), a)
    out.put("sdp_cases", len(cases))

    cases = [(1, 1, 1, 2, 1, 1, 0, 0, 0), (2, 3, 3, 4, 2, 1, 1, 0, 0), (2, 3, 5, 6, 3, 1, 0, 1, 0),
             (2, 4, 4, 4, 4, 0, 1, 1, 0), (2, 3, 4, 4, 2, 1, 0, 1, 1), (2, 3, 3, 6, 3, 1, 1, 0, 2)]
    for k, (n, r, s, e, heads, bias, causal, lengths, mask) in enumerate(cases):
        net = nn.MultiheadAttention(e, heads, bias=bool(bias), batch_first=True)
        fill(net)
        q, key, v = leaf(n, r, e), leaf(n, s, e), leaf(n, s, e)
        lens = [s] + [int(l) for l in rng.integers(1, s + 1, n - 1)]
        pad = torch.arange(s)[None] >= torch.tensor(lens)[:, None]
        add = torch.zeros(n, r, s)
        if mask:
            a = uniform(-1, 1, *((r, s) if mask == 1 else (n, r, s)))
            a[..., 0, 1] = -np.inf
            out.put("mha_%d_mask" % k, a)
            add = add + torch.tensor(a)
        if causal:
            add = add.masked_fill(torch.ones(r, s).triu(1).bool(), -np.inf)
        if lengths:
            add = add.masked_fill(pad[:, None], -np.inf)
        y, _ = net(q, key, v, need_weights=False, attn_mask=add.repeat_interleave(heads, 0))
        dy = torch.tensor(uniform(-1, 1, *y.shape))
        ws = [net.in_proj_weight, net.in_proj_bias, net.out_proj.weight, net.out_proj.bias]
        ws = [p for p in ws if p is not None]
        gs = grads([y], [dy], [q, key, v] + ws)
        out.put("mha_%d_size" % k, [n, r, s, e, heads, bias, causal, lengths, mask])
        out.put("mha_%d_len" % k, lens)
        for what, a in (("q", q), ("k", key), ("v", v), ("y", y), ("dy", dy), ("gq", gs[0]),
                        ("gk", gs[1]), ("gv", gs[2])):
            out.put("mha_%d_%s" % (k, what), a)
        for i, (w, g) in enumerate(zip(ws, gs[3:])):
            out.put("mha_%d_w%d" % (k, i), w)
            out.put("mha_%d_gw%d" % (k, i), g)
    out.put("mha_cases", len(cases))

    cases = [(2, 3, 3, 4, 5, 2, 0, 0, 0, 1), (2, 3, 4, 4, 6, 1, 1, 1, 1, 0)]
    for what, layer in (("enc", nn.TransformerEncoderLayer), ("dec", nn.TransformerDecoderLayer)):
        for k, (n, r, s, e, f, heads, first, gelu, causal, lengths) in enumerate(cases):
            net = layer(e, heads, f, activation="gelu" if gelu else "relu",
                        norm_first=bool(first), batch_first=True)
            fill(net)
            net.train()                                # eval() takes a fast path without gradient
            for mod in net.modules():
                if isinstance(mod, nn.Dropout):
                    mod.p = 0.0
            for mod in net.modules():
                if isinstance(mod, nn.MultiheadAttention):
                    mod.dropout = 0.0
            x, memory = leaf(n, r, e), leaf(n, s, e)
            lens, mlens = [r] + [1] * (n - 1), [2] + [s] * (n - 1)
            pad = torch.arange(r)[None] >= torch.tensor(lens)[:, None]
            mpad = torch.arange(s)[None] >= torch.tensor(mlens)[:, None]
            triangle = torch.ones(r, r).triu(1).bool()
            if what == "enc":
                y = net(x, src_mask=triangle if causal else None,
                        src_key_padding_mask=pad if lengths else None)
            else:
                y = net(x, memory, tgt_mask=triangle,
                        tgt_key_padding_mask=pad if lengths else None,
                        memory_key_padding_mask=mpad if lengths else None)
            dy = torch.tensor(uniform(-1, 1, *y.shape))
            ws = list(net.state_dict(keep_vars=True).values())
            gs = grads([y], [dy], [x, memory] + ws)
            name = "%s_%d_" % (what, k)
            out.put(name + "size", [n, r, s, e, f, heads, first, gelu, causal, lengths])
            out.put(name + "len", lens)
            out.put(name + "mlen", mlens)
            for which, a in (("x", x), ("memory", memory), ("y", y), ("dy", dy), ("gx", gs[0]),
                             ("gmemory", gs[1])):
                out.put(name + which, a)
            for i, (w, g) in enumerate(zip(ws, gs[2:])):
                out.put("%sw%d" % (name, i), w)
                out.put("%sgw%d" % (name, i), g)
        out.put(what + "_cases", len(cases))
    out.close()


def state_dict():
    """What a stock nn.LSTM, as PyTorch initializes it, gives in float32."""
    torch.set_default_dtype(torch.float32)
    out = File("rnn_state_dict", """
A float32 nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True): w0 ..., x, y, h, c.""")
    net = nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(2, 9, 5)
    y, (h, c) = net(x)
    for i, w in enumerate(net.state_dict().values()):
        out.put("w%d" % i, w)
    for what, a in (("x", x), ("y", y), ("h", h), ("c", c)):
        out.put(what, a)
    out.close()


if __name__ == "__main__":
    recurrent("tanh", nn.RNN, 1, False)
    recurrent("relu", lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k), 1, False)
    recurrent("lstm", nn.LSTM, 4, True)
    recurrent("gru", nn.GRU, 3, False)
    cells()
    attention()
    state_dict()
