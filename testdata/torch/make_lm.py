#!/usr/bin/env python3
"""Makes the goldens of the language model: the same nets trained on the same sentences in the same order, by PyTorch.

    pip install torch numpy safetensors
    python3 make_lm.py

lm_train.txt is what is trained on, lm_test.txt what the perplexity is of: lines that are words of small letters with
spaces between them. First weights and the order of the sentences come from the same generator as the program's (PCG of
Go's math/rand/v2), which is written out here, so that nothing has to be handed over. Stored are the recipe, the sums of
the first weights, the loss of every update before it is made, and the perplexity of both texts after the last:

    f64.recipe  vocabulary, embedding (0: one-hot), hidden, lanes, window, steps, lr, clip, weight decay, seed
    f64.start   sum of the squares of the first values of each tensor, in the order of the program
    f64.losses  in float64, the truth; f32.losses as PyTorch trains in float32
    f64.train, f64.test  perplexity of the texts; f32.train, f32.test

Each sentence begins with the zero vector and ends with <EOS>. Sentences are taken a window after the other; the state
goes on, the gradient stops.
"""
import json
import math
import pathlib
import platform

import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
VERSIONS = {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version(), "machine": platform.machine()}
EOS, UNK, NONE = 0, 1, -1


class PCG:
    """math/rand/v2's NewPCG, Float64 and Perm."""

    def __init__(self, seed1, seed2):
        self.state = seed1 << 64 | seed2

    def uint64(self):
        mul = 2549297995355413924 << 64 | 4865540595714422341
        inc = 6364136223846793005 << 64 | 1442695040888963407
        self.state = (self.state * mul + inc) % (1 << 128)
        hi, lo = self.state >> 64, self.state % (1 << 64)
        hi ^= hi >> 32
        hi = hi * 0xDA942042E4DD58B5 % (1 << 64)
        hi ^= hi >> 48
        return hi * (lo | 1) % (1 << 64)

    def float64(self):
        return (self.uint64() % (1 << 53)) / (1 << 53)

    def below(self, n):
        if n & (n - 1) == 0:
            return self.uint64() & (n - 1)
        while True:
            product = self.uint64() * n
            if product % (1 << 64) >= (1 << 64) % n:
                return product >> 64

    def perm(self, n):
        p = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            p[i], p[j] = p[j], p[i]
        return p


def vocabulary(sentences):
    count = {}
    for s in sentences:
        for t in s:
            count[t] = count.get(t, 0) + 1
    tokens = ["<EOS>", "<UNK>"] + sorted(count, key=lambda t: (-count[t], t))
    return {t: i for i, t in enumerate(tokens)}


class Net(torch.nn.Module):
    def __init__(self, cell, tokens, embedding, hidden, seed):
        super().__init__()
        self.tokens, width = tokens, embedding or tokens
        self.cell = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](width, hidden)
        self.head = torch.nn.Linear(hidden, tokens)
        self.table = torch.nn.Parameter(torch.zeros(tokens, width)) if embedding else None
        rng = PCG(seed, 0x6E6574)  # "net"
        bound = 1 / math.sqrt(hidden)
        with torch.no_grad():
            for p in self.ordered():
                edge = 1.0 if p is self.table else bound
                p.copy_(torch.tensor([(2 * rng.float64() - 1) * edge for _ in range(p.numel())], dtype=torch.float32).view_as(p))

    def ordered(self):
        c = self.cell
        table = [] if self.table is None else [self.table]
        return table + [c.weight_ih_l0, c.weight_hh_l0, c.bias_ih_l0, c.bias_hh_l0, self.head.weight, self.head.bias]

    def forward(self, x, h):
        """x is [steps, lanes] of numbers, NONE among them."""
        dtype = self.head.weight.dtype
        if self.table is None:
            rows = F.one_hot(x.clamp(min=0), self.tokens).to(dtype)
        else:
            rows = self.table[x.clamp(min=0)]
        out, h = self.cell(rows * (x != NONE).to(dtype).unsqueeze(-1), h)
        return self.head(out), h


def windows(group, window):
    """Inputs, targets and lengths of a group of sentences, a window after the other."""
    longest = max(map(len, group))
    for at in range(0, longest, window):
        steps = min(window, longest - at)
        x, y = torch.zeros(steps, len(group), dtype=torch.long), torch.full((steps, len(group)), -100)
        for lane, s in enumerate(group):
            for i in range(max(0, min(steps, len(s) - at))):
                x[i, lane], y[i, lane] = s[at + i - 1] if at + i else NONE, s[at + i]
        yield at == 0, x, y


def batches(sentences, lanes, window, seed):
    rng, queue = PCG(seed, 0x6C6D), []  # "lm"
    while True:
        while len(queue) < lanes:
            queue += rng.perm(len(sentences))
        yield from windows([sentences[i] for i in queue[:lanes]], window)
        queue = queue[lanes:]


def loss_of(logits, y, reduction="mean"):
    return F.cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=-100, reduction=reduction)


def perplexity(net, sentences):
    with torch.no_grad():
        total = sum(loss_of(net(x, None)[0], y, "sum").item() for s in sentences for _, x, y in windows([s], len(s)))
    return math.exp(total / sum(map(len, sentences)))


def train(net, sentences, r):
    optimiser = torch.optim.AdamW(net.parameters(), lr=r["lr"], weight_decay=r["decay"])
    losses, h = [], None
    for step, (begin, x, y) in zip(range(r["steps"]), batches(sentences, r["lanes"], r["window"], r["seed"])):
        optimiser.param_groups[0]["lr"] = r["lr"] * 0.5 * (1 + math.cos(math.pi * step / r["steps"]))
        if begin:
            h = None
        elif isinstance(h, tuple):
            h = tuple(v.detach() for v in h)
        else:
            h = h.detach()
        logits, h = net(x, h)
        loss = loss_of(logits, y)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), r["clip"])
        optimiser.step()
        losses.append(loss.item())
    return losses


def golden(name, cell, split, **r):
    texts = [[split(line) for line in (HERE / f"lm_{part}.txt").read_text().splitlines()] for part in ("train", "test")]
    number = vocabulary(texts[0])
    encoded = [[[number.get(t, UNK) for t in s] + [EOS] for s in text] for text in texts]
    keys = "embedding", "hidden", "lanes", "window", "steps", "lr", "clip", "decay", "seed"
    record = {"f64.recipe": np.array([len(number)] + [r[k] for k in keys], dtype=np.float64)}
    for kind, dtype, kept in ("f64", torch.float64, np.float64), ("f32", torch.float32, np.float32):
        net = Net(cell, len(number), r["embedding"], r["hidden"], r["seed"]).to(dtype)
        if kind == "f64":
            record["f64.start"] = np.array([p.square().sum().item() for p in net.ordered()])
        record[f"{kind}.losses"] = np.array(train(net, encoded[0], r), dtype=kept)
        for part, text in zip(("train", "test"), encoded):
            record[f"{kind}.{part}"] = np.array([perplexity(net, text)], dtype=kept)
    path = HERE / f"{name}.safetensors"
    save_file(record, path, metadata={"made_by": json.dumps(VERSIONS)})
    print(f"{path.name:28} {path.stat().st_size:8} bytes", {k: v.tolist() for k, v in record.items() if v.size == 1})


if __name__ == "__main__":
    torch.set_num_threads(1)
    golden("lm_words", "gru", str.split, embedding=16, hidden=32, lanes=16, window=6, steps=600, lr=0.01, clip=1.0, decay=0.01, seed=3)
    golden("lm_characters", "lstm", list, embedding=0, hidden=48, lanes=8, window=24, steps=300, lr=0.01, clip=1.0, decay=0.1, seed=4)
