#!/usr/bin/env python3
"""Makes the goldens of models that wait a little: a row convolution over a GRU, and a bidirectional GRU in blocks.

    pip install torch numpy safetensors
    python3 make_lookahead.py

Layouts, names and precisions are those of make_gru.py, from which this borrows. The row convolution is Conv1d with as
many groups as channels, row-conv.weight_l1 [channels, context+1], its input padded with zeros on the right; frames
that would need the padding have no weight in the loss. `blocks` is [frames of a block, frames to its right].
"""
import torch
from torch.nn import functional as F

from make_gru import grads, in64, loss_of, make_net, save, targets


class RowConv(torch.nn.Module):
    """The recurrent layer of a net, and a row convolution between it and the head."""

    def __init__(self, net, context):
        super().__init__()
        self.gru, self.head, self.context = net.gru, net.head, context
        width = net.gru.hidden_size
        self.conv = torch.nn.Conv1d(width, width, context + 1, groups=width, bias=False)

    def forward(self, x):
        out = self.gru(x)[0]                                                  # [steps, lanes, width]
        return self.head(self.conv(F.pad(out.permute(1, 2, 0), (0, self.context))).permute(2, 0, 1))


class Blocks(torch.nn.Module):
    """A bidirectional stack of GRUs, layer by layer so that the forward state can be taken where a block ends."""

    def __init__(self, net, block, right):
        super().__init__()
        self.gru, self.head, self.block, self.right = net.gru, net.head, block, right

    def cell(self, layer, suffix, x, h0):
        """One direction of one layer from h0 [lanes, hidden]; returns all states [steps, lanes, hidden]."""
        names = (f"{kind}_l{layer}{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        weights = [getattr(self.gru, name) for name in names]
        return torch.gru(x, h0[None], weights, True, 1, 0.0, False, False, False)[0]

    def forward(self, x):
        lanes, hidden = x.shape[1], self.gru.hidden_size
        carried = [x.new_zeros(lanes, hidden) for _ in range(self.gru.num_layers)]
        answers = []
        for first in range(0, len(x), self.block):
            y, keep = x[first:first + self.block + self.right], min(self.block, len(x) - first)
            for layer in range(self.gru.num_layers):
                forward = self.cell(layer, "", y, carried[layer])
                backward = self.cell(layer, "_reverse", y.flip(0), x.new_zeros(lanes, hidden)).flip(0)
                carried[layer] = forward[keep - 1]
                y = torch.cat([forward, backward], 2)
            answers.append(self.head(y[:keep]))
        return torch.cat(answers)


def case(name, net, steps, lanes, renamed, unanswered=0, **others):
    x = torch.randn(steps, lanes, net.gru.input_size)
    y, mask = targets(steps, lanes, net.head.out_features)
    mask[steps - unanswered:] = 0
    wide, x64, y64, mask64 = in64(net, x, y, mask)
    logits = wide(x64)
    loss = loss_of(logits, y64, mask64)
    loss.backward()
    record = net.state_dict() | grads(wide) | {"f64.loss": loss, "f64.prob": torch.sigmoid(logits)}
    record = {renamed(k): v.squeeze(1) if "conv" in k else v for k, v in record.items()}
    size = net.gru.input_size
    others |= {"input.mean": torch.zeros(size), "input.scale": torch.ones(size)}
    save(name, record | {"x": x, "y": y, "mask": mask} | others)


def main():
    net = RowConv(make_net(61, 5, 8), 4)
    case("row_conv", net, 20, 3, lambda k: k.replace("conv.weight", "row-conv.weight_l1"), unanswered=4)
    for name, block, right in (("blocks", 4, 3), ("blocks_long_right", 2, 7)):
        case(name, Blocks(make_net(62, 5, 6, layers=2, bidirectional=True), block, right), 22, 3, lambda k: k,
             blocks=torch.tensor([float(block), float(right)]))


if __name__ == "__main__":
    main()
