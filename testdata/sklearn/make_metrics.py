#!/usr/bin/env python3
"""Makes the goldens of the frame metrics with scikit-learn, as one small safetensors file.

    pip install scikit-learn numpy safetensors
    python3 make_metrics.py

For each CASE:

    CASE.score, CASE.label   float32; label is 1 for speech and 0 for none
    CASE.weight              float32, in the weighted case only: weight of the frame
    CASE.roc_auc             roc_auc_score; a tie between the two classes counts a half
    CASE.tpr5                true-positive rate at 5 % false positives on the curve of roc_curve (every
                             threshold kept): the highest point at 5 % exactly, else the straight line
                             between its two neighbours
    CASE.tpr5_step           the same without interpolation: the highest rate that a threshold reaches
                             with at most 5 % false positives
    CASE.fpr, CASE.tpr       the curve itself
"""
import json
import pathlib
import platform

import numpy as np
import sklearn
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score, roc_curve

RATE = 0.05


def cases():
    rng = np.random.default_rng(30)

    def mixture(n, share, distance):
        label = (rng.random(n) < share).astype(np.float32)
        return (1 / (1 + np.exp(-(rng.standard_normal(n) + distance * (label - 0.5))))).astype(np.float32), label

    yield "plain", *mixture(200, 0.5, 1.5), None
    score, label = mixture(240, 0.4, 1.5)
    yield "ties", np.round(score, 1).astype(np.float32), label, None
    yield "rare", *mixture(300, 0.03, 2.0), None
    yield "worse_than_chance", *mixture(100, 0.5, -1.0), None
    label = np.float32([0, 1] * 20)
    yield "constant", np.full(40, 0.5, np.float32), label, None
    yield "perfect", label * np.float32(0.5) + np.linspace(0.1, 0.3, 40, dtype=np.float32), label, None
    # 20 negatives put a point of the curve at 5 % exactly, with two rates above it.
    yield "on_the_point", np.float32([.95, .9, .85, .8, .7, .6] + [i / 40 for i in range(20)]), \
        np.float32([1, 0, 1, 1, 1, 1] + [0] * 19 + [1]), None
    score, label = mixture(160, 0.5, 1.0)
    yield "weighted", np.round(score, 1).astype(np.float32), label, \
        rng.choice(np.float32([0, 0.5, 1, 2]), 160).astype(np.float32)


def at_rate(fpr, tpr):
    i = np.searchsorted(fpr, RATE, side="right") - 1
    if fpr[i] == RATE or i + 1 == len(fpr):
        return tpr[i], tpr[i]
    share = (RATE - fpr[i]) / (fpr[i + 1] - fpr[i])
    return tpr[i] + share * (tpr[i + 1] - tpr[i]), tpr[i]


def main():
    record = {}
    for name, score, label, weight in cases():
        fpr, tpr, _ = roc_curve(label, score, sample_weight=weight, drop_intermediate=False)
        auc = roc_auc_score(label, score, sample_weight=weight)
        smooth, step = at_rate(fpr, tpr)
        record |= {f"{name}.score": score, f"{name}.label": label, f"{name}.fpr": fpr, f"{name}.tpr": tpr}
        record |= {f"{name}.{k}": np.float64(v) for k, v in
                   (("roc_auc", auc), ("tpr5", smooth), ("tpr5_step", step))}
        if weight is not None:
            record[f"{name}.weight"] = weight
        print(f"{name:18} n {len(score)} speech {int(label.sum()):3} auc {auc:.6f} tpr5 {smooth:.6f} step {step:.6f}")
    path = pathlib.Path(__file__).parent / "metrics.safetensors"
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()}
    save_file({k: np.ascontiguousarray(v) for k, v in record.items()}, path, metadata={"made_by": json.dumps(versions)})
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
