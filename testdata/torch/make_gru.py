#!/usr/bin/env python3
"""Makes the recurrent goldens: PyTorch's GRU, loss, gradients and AdamW, as small safetensors files.

    pip install torch numpy safetensors
    python3 make_gru.py

Everything is time-major, as PyTorch has it without batch_first: x is [steps, lanes, input], and the value of
lane b at step t is x[t, b]. Weights and inputs are float32. What is computed from them is stored twice where
both are of use: "f64.*" was computed in float64 from the same float32 numbers and is the truth, "f32.*" is
what PyTorch's float32 path answers. Names of weights are those of a torch.nn.Module with the members gru
(nn.GRU) and head (nn.Linear); input.mean and input.scale normalise a frame: (x - mean) * scale.

    loss = sum(mask * bce(sigmoid(logit), y)) / sum(mask)

A gradient is named after its tensor: f64.grad.gru.weight_hh_l0 and so on; f64.grad.x and f64.grad.h0 are those
of the input and of the initial state.
"""
import copy
import json
import pathlib
import platform

import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
VERSIONS = {
    "torch": torch.__version__,
    "numpy": np.__version__,
    "python": platform.python_version(),
    "machine": platform.machine(),
}


class Net(torch.nn.Module):
    def __init__(self, inputs, hidden, layers, bidirectional, outputs, normalise):
        super().__init__()
        self.gru = torch.nn.GRU(inputs, hidden, layers, bidirectional=bidirectional)
        self.head = torch.nn.Linear(hidden * (2 if bidirectional else 1), outputs)
        mean = torch.randn(inputs) * 3 - 6 if normalise else torch.zeros(inputs)
        scale = torch.rand(inputs) * 0.3 + 0.3 if normalise else torch.ones(inputs)
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, x, h0=None):
        """Returns the logits, the outputs of the top layer and the final hidden states."""
        out, hn = self.gru((x - self.mean) * self.scale, h0)
        return self.head(out), out, hn

    def weights(self):
        named = {k: v for k, v in self.state_dict().items() if k not in ("mean", "scale")}
        return named | {"input.mean": self.mean, "input.scale": self.scale}


def save(name, tensors):
    arrays = {k: v.detach().numpy().copy() if torch.is_tensor(v) else np.asarray(v) for k, v in tensors.items()}
    for k, v in arrays.items():
        want = np.float64 if k.startswith("f64.") else np.float32
        assert v.dtype == want and np.isfinite(v).all(), (name, k, v.dtype)
    path = HERE / f"{name}.safetensors"
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path, metadata={"made_by": json.dumps(VERSIONS)})
    print(f"{path.name:28} {path.stat().st_size:8} bytes")


def make_net(seed, inputs, hidden, layers=1, bidirectional=False, outputs=2, normalise=False, gain=1.0):
    torch.manual_seed(seed)
    net = Net(inputs, hidden, layers, bidirectional, outputs, normalise)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(gain)
    return net


def frames(net, steps, lanes):
    """Frames that are standard normal once the net has normalised them."""
    return torch.randn(steps, lanes, net.mean.numel()) / net.scale + net.mean


def targets(steps, lanes, outputs):
    """Labels, a few of them soft, and weights, a quarter of them 0 and some 0.5."""
    y = torch.randint(0, 2, (steps, lanes, outputs)).float()
    y[::5] = y[::5] * 0.75 + 0.125
    mask = (torch.rand(steps, lanes, outputs) > 0.25).float()
    mask[::4] *= 0.5
    return y, mask


def loss_of(logits, y, mask):
    return F.binary_cross_entropy_with_logits(logits, y, weight=mask, reduction="sum") / mask.sum()


def in64(net, *tensors):
    return copy.deepcopy(net).double(), *(None if t is None else t.double() for t in tensors)


def grads(net, **others):
    named = dict(net.named_parameters()) | others
    return {f"f64.grad.{k}": p.grad for k, p in named.items() if p is not None}


def case(name, net, steps, lanes, initial=False, backward=True):
    x = frames(net, steps, lanes)
    y, mask = targets(steps, lanes, net.head.out_features)
    rows = net.gru.num_layers * (2 if net.gru.bidirectional else 1)
    h0 = torch.randn(rows, lanes, net.gru.hidden_size) * 0.5 if initial else None
    record = net.weights() | {"x": x} | ({"h0": h0} if initial else {})
    with torch.no_grad():
        logits, out, hn = net(x, h0)
        record |= {"f32.out": out, "f32.hn": hn, "f32.prob": torch.sigmoid(logits)}
    wide, x, h0, y64, mask64 = in64(net, x, h0, y, mask)
    for leaf in filter(torch.is_tensor, (x, h0)):
        leaf.requires_grad_()
    logits, out, hn = wide(x, h0)
    record |= {"f64.out": out, "f64.hn": hn, "f64.prob": torch.sigmoid(logits)}
    if backward:
        loss = loss_of(logits, y64, mask64)
        loss.backward()
        record |= {"y": y, "mask": mask, "f64.loss": loss} | grads(wide, x=x, h0=h0)
    save(name, record)


def truncated(name, net, steps, lanes, restart):
    """Two windows: the state goes on into the second, its gradient does not; lane `restart` begins it anew."""
    record = dict(net.weights())
    wide, h = copy.deepcopy(net).double(), None
    for window in ("1", "2"):
        x = frames(net, steps, lanes)
        y, mask = targets(steps, lanes, net.head.out_features)
        record |= {f"x{window}": x, f"y{window}": y, f"mask{window}": mask}
        wide.zero_grad()
        if h is not None:
            h = h.detach().clone()
            h[:, restart] = 0
        logits, _, h = wide(x.double(), h)
        loss = loss_of(logits, y.double(), mask.double())
        loss.backward()
        named = {k.replace("grad.", f"grad{window}."): v.clone() for k, v in grads(wide).items()}
        record |= named | {f"f64.prob{window}": torch.sigmoid(logits), f"f64.loss{window}": loss, f"f64.h{window}": h}
    save(name, record)


def training(name, net, steps, lanes, rates, decay, clip):
    """Consecutive updates by AdamW with clipping and carried state; before batch 3 lane 0 begins anew."""
    record = dict(net.weights()) | {"lr": np.float32(rates), "decay": np.float32(decay), "clip": np.float32(clip)}
    wide, h = copy.deepcopy(net).double(), None
    optimiser = torch.optim.AdamW(wide.parameters(), lr=0.0, weight_decay=float(np.float32(decay)))
    losses, norms = [], []
    for i, rate in enumerate(np.float32(rates), 1):
        x = frames(net, steps, lanes)
        y, mask = targets(steps, lanes, net.head.out_features)
        record |= {f"x{i}": x, f"y{i}": y, f"mask{i}": mask}
        if h is not None:
            h = h.detach().clone()
        if i == 3:
            h[:, 0] = 0
        optimiser.zero_grad()
        logits, _, h = wide(x.double(), h)
        loss = loss_of(logits, y.double(), mask.double())
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(wide.parameters(), float(np.float32(clip))).item())
        optimiser.param_groups[0]["lr"] = float(rate)
        optimiser.step()
        losses.append(loss.item())
        record |= {f"f64.after{i}.{k}": p.detach().clone() for k, p in wide.named_parameters()}
    print("    norms before clipping:", [f"{n:.3f}" for n in norms])
    save(name, record | {"f64.losses": np.float64(losses), "f64.norms": np.float64(norms)})


def adamw(name):
    """Five steps of two tensors with given gradients; the rate changes, decay is on, nothing is clipped."""
    torch.manual_seed(9)
    rates, decay, betas, eps = np.float32([1e-2, 2e-2, 1e-2, 5e-3, 1e-3]), np.float32(0.125), (0.9, 0.98), 1e-8
    start = {"a": torch.randn(4, 3), "b": torch.randn(5)}
    record = {"lr": rates, "decay": decay} | start
    record |= {"f64.beta1": np.float64(betas[0]), "f64.beta2": np.float64(betas[1]), "f64.eps": np.float64(eps)}
    params = {k: torch.nn.Parameter(v.double()) for k, v in start.items()}
    optimiser = torch.optim.AdamW(params.values(), lr=0.0, betas=betas, eps=eps, weight_decay=float(decay))
    for i, rate in enumerate(rates, 1):
        for k, p in params.items():
            g = torch.randn(p.shape) * 10.0 ** (i - 8)  # from tiny, where eps counts, to ordinary
            record[f"grad{i}.{k}"], p.grad = g, g.double()
        optimiser.param_groups[0]["lr"] = float(rate)
        optimiser.step()
        record |= {f"f64.after{i}.{k}": p.detach().clone() for k, p in params.items()}
    save(name, record)


def clipping(name):
    """clip_grad_norm_ of the same gradients to a norm below theirs and to one above."""
    torch.manual_seed(10)
    given = {"a": torch.randn(4, 3), "b": torch.randn(5)}
    record = {f"grad.{k}": v for k, v in given.items()}
    for case_name, limit in (("tight", 0.5), ("loose", 50.0)):
        params = [torch.nn.Parameter(torch.zeros(v.shape, dtype=torch.float64)) for v in given.values()]
        for p, g in zip(params, given.values()):
            p.grad = g.double()
        norm = torch.nn.utils.clip_grad_norm_(params, limit)
        record |= {"f64.norm": norm, f"f64.{case_name}": np.float64(limit)}
        record |= {f"f64.{case_name}.{k}": p.grad for k, p in zip(given, params)}
    save(name, record)


def main():
    torch.set_num_threads(1)
    case("gru_1layer", make_net(1, 5, 7, gain=1.5), 11, 3)
    case("gru_2layer", make_net(2, 5, 7, layers=2, gain=1.5), 11, 3)
    case("gru_bi", make_net(3, 5, 7, bidirectional=True, gain=1.5), 11, 3)
    case("gru_bi2", make_net(4, 5, 7, layers=2, bidirectional=True, normalise=True, gain=1.5), 11, 3)
    case("gru_initial", make_net(5, 5, 7, layers=2, normalise=True, gain=1.5), 11, 3, initial=True)
    case("gru_bi_initial", make_net(6, 5, 7, layers=2, bidirectional=True, gain=1.5), 11, 3, initial=True)
    case("gru_100steps", make_net(7, 40, 64, outputs=1, normalise=True), 100, 2, backward=False)
    case("gru_bi_100steps", make_net(8, 20, 24, layers=2, bidirectional=True, outputs=1), 100, 2, backward=False)
    truncated("gru_truncated", make_net(11, 5, 7, layers=2, normalise=True, gain=1.5), 8, 3, restart=1)
    training("gru_training", make_net(12, 5, 7, layers=2, gain=1.5), 8, 3,
             rates=[1e-2, 2e-2, 1e-2, 5e-3, 1e-3], decay=0.125, clip=0.125)
    adamw("adamw")
    clipping("clip")


if __name__ == "__main__":
    main()
