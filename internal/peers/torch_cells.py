"""PyTorch's side of the group cells: reads a command a line, answers a line. One thread.

{"cell", "input", "hidden", "tensors": {name: values}, "frames": values}
    builds a layer and takes the frames through it, one by one and all at once; answers the hidden values of both
{"mode": "step" or "sequence", "times": n}
    does that n times: a step goes on to the next of the frames, a sequence is all of them from a state of zeros
"""
import json
import sys
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(1)


# What PyTorch does not have, written with its operations. A step's product with the input is done for all frames at
# once, as its own layers do.


@torch.jit.script
def gru_simple(gx, h, wh, bh, peep):
    out = []
    for t in range(gx.size(0)):
        xz, xn = gx[t].chunk(2)
        hz, hn = F.linear(h[0], wh, bh).chunk(2)
        z = torch.sigmoid(xz + hz)
        n = torch.tanh(xn + hn)
        h = (n + z * (h[0] - n)).unsqueeze(0)
        out.append(h[0])
    return torch.stack(out), h


@torch.jit.script
def gru_before(gx, h, wh, bh, peep):
    k = h.size(1)
    early, late, be, bl = wh[: 2 * k], wh[2 * k :], bh[: 2 * k], bh[2 * k :]
    out = []
    for t in range(gx.size(0)):
        g = torch.sigmoid(gx[t, : 2 * k] + F.linear(h[0], early, be))
        r, z = g.chunk(2)
        n = torch.tanh(gx[t, 2 * k :] + F.linear(r * h[0], late, bl))
        h = (n + z * (h[0] - n)).unsqueeze(0)
        out.append(h[0])
    return torch.stack(out), h


@torch.jit.script
def lstm_peephole(gx, state, wh, bh, peep):
    pi, pf, po = peep.chunk(3)
    h, c = state[0], state[1]
    out = []
    for t in range(gx.size(0)):
        i, f, g, o = (gx[t] + F.linear(h, wh, bh)).chunk(4)
        c, old = torch.sigmoid(f + pf * c) * c + torch.sigmoid(i + pi * c) * torch.tanh(g), c
        h = torch.sigmoid(o + po * c) * torch.tanh(c)
        out.append(h)
    return torch.stack(out), torch.stack([h, c])


class Written:
    """A layer of one of the functions above."""

    def __init__(self, function, states, t, hidden):
        self.function, self.zero = function, torch.zeros(states, hidden)
        self.t = t

    def __call__(self, x, state):
        t = self.t
        gx = F.linear(x, t["weight_ih"], t["bias_ih"])
        return self.function(gx, state, t["weight_hh"], t["bias_hh"], t["weight_peep"])


class Layer:
    """One of PyTorch's own layers."""

    def __init__(self, make, t, inputs, hidden):
        self.layer = make(inputs, hidden)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(self.layer, name + "_l0").data.copy_(t[name])
        h = torch.zeros(1, hidden)
        self.zero = (h, h.clone()) if isinstance(self.layer, torch.nn.LSTM) else h

    def __call__(self, x, state):
        return self.layer(x, state)


OWN = {
    "rnn": lambda i, h: torch.nn.RNN(i, h),
    "rnn-relu": lambda i, h: torch.nn.RNN(i, h, nonlinearity="relu"),
    "gru": torch.nn.GRU,
    "lstm": torch.nn.LSTM,
}
WRITTEN = {"gru-simple": (gru_simple, 1), "gru-before": (gru_before, 1), "lstm-peephole": (lstm_peephole, 2)}


class Run:
    def __init__(self, c):
        inputs, hidden, cell = c["input"], c["hidden"], c["cell"]
        t = {"weight_peep": torch.zeros(0)}
        for name, values in c["tensors"].items():
            v = torch.tensor(values, dtype=torch.float32)
            columns = {"weight_ih": inputs, "weight_hh": hidden}.get(name)
            t[name] = v.view(-1, columns) if columns else v
        self.frames = torch.tensor(c["frames"], dtype=torch.float32).view(-1, inputs)
        self.single = list(self.frames.split(1))
        self.layer = Layer(OWN[cell], t, inputs, hidden) if cell in OWN else Written(*WRITTEN[cell], t, hidden)
        self.state, self.at = self.layer.zero, 0

    def values(self):
        state, one = self.layer.zero, []
        for x in self.single:
            y, state = self.layer(x, state)
            one += y[0].tolist()
        return {"step": one, "sequence": self.layer(self.frames, self.layer.zero)[0].flatten().tolist()}

    def repeat(self, mode, times):
        layer, began = self.layer, time.perf_counter_ns()
        if mode == "sequence":
            for _ in range(times):
                layer(self.frames, layer.zero)
        else:
            single, state, at = self.single, self.state, self.at
            for _ in range(times):
                _, state = layer(single[at], state)
                at = (at + 1) % len(single)
            self.state, self.at = state, at
        return {"ns": time.perf_counter_ns() - began}


def main():
    print(json.dumps({"version": torch.__version__}), flush=True)
    run = None
    with torch.inference_mode():
        for line in sys.stdin:
            command = json.loads(line)
            if "cell" in command:
                run = Run(command)
                answer = run.values()
            else:
                answer = run.repeat(command["mode"], command["times"])
            print(json.dumps(answer), flush=True)


main()
