#!/usr/bin/env python3
"""Makes the goldens of the other cells and losses: PyTorch's RNN and LSTM, mixed stacks, padding, tokens, CTC.

    pip install torch numpy safetensors
    python3 make_cells.py

Everything is as make_gru.py has it: time-major, weights and inputs float32, "f64.*" computed in float64 from
the same float32 numbers, "f32.*" by PyTorch's float32 path, gradients as "f64.grad.<tensor>". What differs:

    rnn. rnn-relu. gru. lstm.    begin the names of a layer's weights; layers are counted through a whole stack
    h0, f64.hn, f32.hn           [rows, lanes, hidden], one row for each l0, l0_reverse, l1, ...
    c0, f64.cn, f32.cn           the same of those rows that are LSTMs
    lengths                      [lanes]; steps from there on are padding, where x, y and mask hold numbers that
                                 must not count: f64.loss leaves them out, f64.grad.x is 0 there, out is 0
    input.embedding              [tokens, width] instead of mean and scale: x [steps, lanes, 1] holds numbers of
                                 tokens, prob is a softmax, the loss is the cross-entropy of
    classes                      [steps, lanes], -1 where the row does not count

In the CTC goldens logits are [steps, lanes, outputs] with blank 0, labels [lanes, most] filled up with zeros,
label_lengths and lengths [lanes]; f64.losses [lanes] are -ln p of each lane and f64.grad.logits is the gradient
of f64.loss, their sum divided by the number of lanes.
"""
import re

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from make_gru import frames, in64, loss_of, np, save, targets

MODULES = {
    "rnn": lambda *sizes, **kw: nn.RNN(*sizes, nonlinearity="tanh", **kw),
    "rnn-relu": lambda *sizes, **kw: nn.RNN(*sizes, nonlinearity="relu", **kw),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}


class Stack(nn.Module):
    """Modules one on the other, each given as (cell, layers, bidirectional), and a head on the last."""

    def __init__(self, inputs, hidden, parts, outputs, normalise, tokens):
        super().__init__()
        self.hidden, self.parts, self.recurrent = hidden, parts, nn.ModuleList()
        self.embedding = nn.Embedding(tokens, inputs) if tokens else None
        width = inputs
        for cell, layers, bidirectional in parts:
            self.recurrent.append(MODULES[cell](width, hidden, layers, bidirectional=bidirectional))
            width = hidden * (2 if bidirectional else 1)
        self.head = nn.Linear(width, outputs)
        self.register_buffer("mean", torch.randn(inputs) * 3 - 6 if normalise else torch.zeros(inputs))
        self.register_buffer("scale", torch.rand(inputs) * 0.3 + 0.3 if normalise else torch.ones(inputs))

    def forward(self, x, h0=None, c0=None, lengths=None):
        """Returns the logits, the outputs of the top layer and the final states h and, if there are any, c."""
        steps = len(x)
        out = self.embedding(x[..., 0].long()) if self.embedding else (x - self.mean) * self.scale
        if lengths is not None:
            out = pack_padded_sequence(out, lengths, enforce_sorted=False)
        hn, cn = [], []
        for module in self.recurrent:
            start = h0 if c0 is None else (h0, c0)
            out, last = module(out, start)
            for states, s in zip((hn, cn), last if isinstance(last, tuple) else (last,)):
                states.append(s)
        if lengths is not None:
            out, _ = pad_packed_sequence(out, total_length=steps)
        return self.head(out), out, torch.cat(hn), torch.cat(cn) if cn else None

    def weights(self):
        """The parameters by the engine's names."""
        named = {"input.embedding": self.embedding.weight} if self.embedding else {}
        first = 0
        for (cell, layers, _), module in zip(self.parts, self.recurrent):
            for k, p in module.named_parameters():
                named[f"{cell}." + re.sub(r"_l(\d+)", lambda m: f"_l{first + int(m[1])}", k)] = p
            first += layers
        return named | {f"head.{k}": p for k, p in self.head.named_parameters()}

    def inputs(self):
        return {} if self.embedding else {"input.mean": self.mean, "input.scale": self.scale}


def make_stack(seed, inputs, hidden, *parts, outputs=2, normalise=False, tokens=0, gain=1.5):
    torch.manual_seed(seed)
    net = Stack(inputs, hidden, parts, outputs, normalise, tokens)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(gain)
    return net


def answers(net, prefix, link, *args):
    logits, out, hn, cn = net(*args)
    named = {"out": out, "hn": hn, "prob": link(logits)} | ({} if cn is None else {"cn": cn})
    return logits, {prefix + k: v for k, v in named.items()}


def grads(net, **others):
    named = net.weights() | others
    return {f"f64.grad.{k}": p.grad for k, p in named.items() if p is not None}


def case(name, net, steps, lanes, initial=False, lengths=None, backward=True):
    x = frames(net, steps, lanes)
    y, mask = targets(steps, lanes, net.head.out_features)
    h0 = c0 = None
    record = net.weights() | net.inputs() | {"x": x}
    if initial:
        (cell, layers, bidirectional), = net.parts
        rows = layers * (2 if bidirectional else 1)
        record["h0"] = h0 = torch.randn(rows, lanes, net.hidden) * 0.5
        if cell == "lstm":
            record["c0"] = c0 = torch.randn(rows, lanes, net.hidden)
    counts = mask.clone()
    if lengths is not None:
        record["lengths"] = np.float32(lengths)
        for lane, length in enumerate(lengths):
            counts[length:, lane] = 0
    with torch.no_grad():
        record |= answers(net, "f32.", torch.sigmoid, x, h0, c0, lengths)[1]
    wide, x, h0, c0, y64, counts = in64(net, x, h0, c0, y, counts)
    for leaf in filter(torch.is_tensor, (x, h0, c0)):
        leaf.requires_grad_()
    logits, named = answers(wide, "f64.", torch.sigmoid, x, h0, c0, lengths)
    record |= named
    if backward:
        loss = loss_of(logits, y64, counts)
        loss.backward()
        record |= {"y": y, "mask": mask, "f64.loss": loss} | grads(wide, x=x, h0=h0, c0=c0)
    save(name, record)


def classes(name, net, steps, lanes):
    """Tokens in, classes out; a third of the rows has no class."""
    def softmax(logits):
        return torch.softmax(logits, -1)

    outputs = net.head.out_features
    x = torch.randint(0, net.embedding.num_embeddings, (steps, lanes, 1)).float()
    wanted = torch.randint(0, outputs, (steps, lanes))
    wanted[torch.rand(steps, lanes) < 1 / 3] = -1
    record = net.weights() | {"x": x, "classes": wanted.float()}
    with torch.no_grad():
        record |= answers(net, "f32.", softmax, x)[1]
    wide, = in64(net)
    logits, named = answers(wide, "f64.", softmax, x)
    loss = F.cross_entropy(logits.reshape(-1, outputs), wanted.reshape(-1), ignore_index=-1)
    loss.backward()
    save(name, record | named | {"f64.loss": loss} | grads(wide))


def ctc(name, seed, steps, outputs, cases):
    """CTC of random logits; each case is the labels of a lane and the number of its frames."""
    torch.manual_seed(seed)
    lanes, most = len(cases), max(len(labels) for labels, _ in cases)
    given = torch.randn(steps, lanes, outputs) * 2
    labels = torch.zeros(lanes, most)
    for row, (wanted, _) in zip(labels, cases):
        row[:len(wanted)] = torch.tensor(wanted)
    label_lengths = torch.tensor([len(wanted) for wanted, _ in cases])
    lengths = torch.tensor([length for _, length in cases])
    logits = given.double().requires_grad_()
    losses = F.ctc_loss(F.log_softmax(logits, -1), labels.long(), lengths, label_lengths, blank=0, reduction="none")
    loss = losses.sum() / lanes
    loss.backward()
    save(name, {"logits": given, "labels": labels, "label_lengths": label_lengths.float(), "lengths": lengths.float(),
                "f64.losses": losses, "f64.loss": loss, "f64.grad.logits": logits.grad})


def clipping(name):
    """clip_grad_value_ of the same gradients to a value below many of theirs and to one above all."""
    torch.manual_seed(130)
    given = {"a": torch.randn(4, 3), "b": torch.randn(5)}
    record = {f"grad.{k}": v for k, v in given.items()}
    for case_name, limit in (("tight", 0.5), ("loose", 50.0)):
        params = [nn.Parameter(torch.zeros(v.shape, dtype=torch.float64)) for v in given.values()]
        for p, g in zip(params, given.values()):
            p.grad = g.double()
        nn.utils.clip_grad_value_(params, limit)
        record |= {f"f64.{case_name}": np.float64(limit)}
        record |= {f"f64.{case_name}.{k}": p.grad for k, p in zip(given, params)}
    save(name, record)


def main():
    torch.set_num_threads(1)
    for seed, (cell, inputs, hidden) in enumerate((("rnn", 5, 6), ("rnn-relu", 5, 6), ("lstm", 4, 5)), 100):
        def stack(shape, layers, bidirectional, normalise=False):
            return make_stack(seed + 10 * shape, inputs, hidden, (cell, layers, bidirectional), normalise=normalise)

        case(f"cells_{cell}_1layer", stack(0, 1, False), 11, 3)
        case(f"cells_{cell}_2layer", stack(1, 2, False), 11, 3)
        case(f"cells_{cell}_bi", stack(2, 1, True), 11, 3)
        case(f"cells_{cell}_bi2", stack(3, 2, True, normalise=True), 11, 3)
        case(f"cells_{cell}_initial", stack(4, 2, False, normalise=True), 11, 3, initial=True)
    case("cells_lstm_bi_initial", make_stack(159, 4, 5, ("lstm", 1, True)), 11, 3, initial=True)
    case("cells_mixed", make_stack(160, 4, 5, ("rnn", 1, False), ("lstm", 1, False), ("gru", 1, True), normalise=True),
         11, 3)
    case("cells_lstm_100steps", make_stack(161, 40, 64, ("lstm", 1, False), outputs=1, normalise=True, gain=1.0),
         100, 1, backward=False)
    case("cells_lstm_padded", make_stack(162, 4, 5, ("lstm", 2, False)), 9, 4, lengths=[4, 9, 1, 7])
    case("cells_lstm_bi_padded", make_stack(163, 4, 5, ("lstm", 2, True), normalise=True), 9, 4, lengths=[4, 9, 1, 7])
    classes("cells_lstm_tokens", make_stack(164, 4, 5, ("lstm", 1, False), outputs=7, tokens=11), 11, 3)

    # Lanes that need every one of their frames: as many labels as frames, or with blanks between equal ones.
    ctc("ctc_tiny", 170, 9, 3, [([1, 2], 9), ([1, 1], 8), ([], 5), ([2, 1, 2], 3), ([1, 1], 3), ([1, 2, 2, 1], 9),
                                ([2], 1)])
    ctc("ctc", 171, 12, 6, [([3, 1, 4, 1, 5], 12), ([2, 2, 2], 11), ([], 7), ([5, 4, 3, 2, 1, 5, 4, 3], 8),
                            ([1, 1, 2, 2], 6), ([4], 12)])
    rng = np.random.default_rng(172)
    ctc("ctc_long", 172, 200, 6, [(rng.integers(1, 6, 30).tolist(), 200), (rng.integers(1, 6, 17).tolist(), 163)])
    clipping("clip_value")


if __name__ == "__main__":
    main()
