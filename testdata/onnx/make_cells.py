#!/usr/bin/env python3
"""Makes the goldens of the cells that PyTorch lacks with ONNX Runtime, as small safetensors files.

    pip install onnx onnxruntime numpy safetensors
    python3 make_cells.py

    gru-before       GRU with linear_before_reset=0: the reset gate before the product (Cho et al. 2014)
    lstm-peephole    LSTM with P: the gates see the memory (Gers et al. 2002)
    lstm             LSTM, a check of this script: PyTorch has it too

Each is a graph of one layer, causal or bidirectional, from zeros or from a given state, with a sigmoid head on
the outputs of both directions side by side. All is time-major and float32: x [steps, lanes, input], h0, c0, f32.hn
and f32.cn [directions, lanes, hidden], f32.out [steps, lanes, directions*hidden], f32.prob [steps, lanes, outputs].

Weights have the names and the order of rows of the engine, which is PyTorch's: r, z, n and i, f, g, o, and i, f, o
for the three vectors of <cell>.weight_peep_l0[_reverse]. ONNX_ORDER turns them into ONNX's. The same net is
computed a second time in float64 by NumPy, from the equations and the engine's order; nothing is written unless
both agree to 1e-5.
"""
import json
import pathlib
import platform

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
VERSIONS = {
    "onnx": onnx.__version__,
    "onnxruntime": onnxruntime.__version__,
    "numpy": np.__version__,
    "python": platform.python_version(),
    "machine": platform.machine(),
}
GATES = {"gru-before": 3, "lstm": 4, "lstm-peephole": 4}
ONNX_ORDER = {
    "gru-before": [1, 0, 2],  # z, r, h of r, z, n
    "lstm": [0, 3, 1, 2],  # i, o, f, c of i, f, g, o
    "lstm-peephole": [0, 3, 1, 2],
    "peep": [0, 2, 1],  # i, o, f of i, f, o
}
DIRECTIONS = ("", "_reverse")


def make_net(rng, cell, inputs, hidden, directions, outputs=2):
    def uniform(*shape):
        return rng.uniform(-1.5, 1.5, shape).astype(np.float32) / np.float32(hidden**0.5)

    net, rows = {}, GATES[cell] * hidden
    for end in DIRECTIONS[:directions]:
        net[f"{cell}.weight_ih_l0{end}"] = uniform(rows, inputs)
        net[f"{cell}.weight_hh_l0{end}"] = uniform(rows, hidden)
        net[f"{cell}.bias_ih_l0{end}"] = uniform(rows)
        net[f"{cell}.bias_hh_l0{end}"] = uniform(rows)
        if cell == "lstm-peephole":
            net[f"{cell}.weight_peep_l0{end}"] = 2 * uniform(3 * hidden)
    return net | {"head.weight": uniform(outputs, directions * hidden), "head.bias": uniform(outputs)}


def by_onnx(net, cell, x, h0, c0):
    """The answers of ONNX Runtime; a state that is None is not given to it."""
    ends = [end for end in DIRECTIONS if f"{cell}.weight_ih_l0{end}" in net]
    hidden = net[f"{cell}.weight_hh_l0"].shape[1]

    def blocks(name, order):
        """A tensor of each direction, [directions, ...], its blocks of hidden rows in ONNX's order."""
        each = [net[f"{cell}.{name}_l0{end}"] for end in ends]
        return np.stack([np.concatenate([a.reshape(-1, hidden, *a.shape[1:])[i] for i in order]) for a in each])

    order = ONNX_ORDER[cell]
    given = {"W": blocks("weight_ih", order), "R": blocks("weight_hh", order),
             "B": np.concatenate([blocks("bias_ih", order), blocks("bias_hh", order)], axis=1)}
    given |= {k: v for k, v in (("initial_h", h0), ("initial_c", c0)) if v is not None}
    given |= {"head": net["head.weight"].T, "bias": net["head.bias"]}
    attributes = {"hidden_size": hidden, "direction": "forward" if len(ends) == 1 else "bidirectional"}
    names = ["X", "W", "R", "B", "", "initial_h" if h0 is not None else ""]
    if cell == "gru-before":
        kind, answers, attributes = "GRU", ["hn"], attributes | {"linear_before_reset": 0}
    else:
        kind, answers, attributes = "LSTM", ["hn", "cn"], attributes | {"input_forget": 0}
        names.append("initial_c" if c0 is not None else "")
    if cell == "lstm-peephole":
        given["P"] = blocks("weight_peep", ONNX_ORDER["peep"])
        names.append("P")
    given["shape"] = np.int64([len(x), x.shape[1], len(ends) * hidden])
    graph = helper.make_graph(
        [helper.make_node(kind, names, ["Y", *answers], **attributes),
         helper.make_node("Transpose", ["Y"], ["beside"], perm=[0, 2, 1, 3]),
         helper.make_node("Reshape", ["beside", "shape"], ["out"]),
         helper.make_node("MatMul", ["out", "head"], ["product"]),
         helper.make_node("Add", ["product", "bias"], ["logits"]),
         helper.make_node("Sigmoid", ["logits"], ["prob"])],
        "net",
        [helper.make_tensor_value_info("X", onnx.TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(k, onnx.TensorProto.FLOAT, [None] * 3) for k in ["out", "prob", *answers]],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in given.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip(["out", "prob", *answers], session.run(None, {"X": x})))


def by_numpy(net, cell, x, h0, c0):
    """The same from the equations, in float64."""
    net = {k: v.astype(np.float64) for k, v in net.items()}
    hidden = net[f"{cell}.weight_hh_l0"].shape[1]
    outs, hn, cn = [], [], []
    for d, end in enumerate(DIRECTIONS):
        if f"{cell}.weight_ih_l0{end}" not in net:
            break
        wi, wh, bi, bh = (net[f"{cell}.{k}_l0{end}"] for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        p = net.get(f"{cell}.weight_peep_l0{end}", np.zeros(3 * hidden)).reshape(3, hidden)
        h, c = (np.zeros((x.shape[1], hidden)) if s is None else s[d].astype(np.float64) for s in (h0, c0))
        out = np.empty((*x.shape[:2], hidden))
        for t in range(len(x))[:: -1 if end else 1]:
            gx, gh = (np.split(g, GATES[cell], axis=1) for g in (x[t] @ wi.T + bi, h @ wh.T + bh))
            if cell == "gru-before":
                r, z = sigmoid(gx[0] + gh[0]), sigmoid(gx[1] + gh[1])
                n = np.tanh(gx[2] + (r * h) @ wh[2 * hidden:].T + bh[2 * hidden:])
                h = (1 - z) * n + z * h
            else:
                i, f = sigmoid(gx[0] + gh[0] + p[0] * c), sigmoid(gx[1] + gh[1] + p[1] * c)
                c = f * c + i * np.tanh(gx[2] + gh[2])
                h = sigmoid(gx[3] + gh[3] + p[2] * c) * np.tanh(c)
            out[t] = h
        outs, hn, cn = outs + [out], hn + [h], cn + [c]
    out = np.concatenate(outs, axis=-1)
    named = {"out": out, "prob": sigmoid(out @ net["head.weight"].T + net["head.bias"]), "hn": np.stack(hn)}
    return named | ({} if cell == "gru-before" else {"cn": np.stack(cn)})


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def case(name, seed, cell, directions, initial, steps=11, lanes=3, inputs=4, hidden=5):
    rng = np.random.default_rng(seed)
    net = make_net(rng, cell, inputs, hidden, directions)
    x = rng.standard_normal((steps, lanes, inputs)).astype(np.float32)
    h0 = c0 = None
    record = net | {"input.mean": np.zeros(inputs, np.float32), "input.scale": np.ones(inputs, np.float32), "x": x}
    if initial:
        record["h0"] = h0 = (rng.standard_normal((directions, lanes, hidden)) * 0.5).astype(np.float32)
        if cell != "gru-before":
            record["c0"] = c0 = rng.standard_normal((directions, lanes, hidden)).astype(np.float32)
    got, want = by_onnx(net, cell, x, h0, c0), by_numpy(net, cell, x, h0, c0)
    assert got.keys() == want.keys()
    worst = max(np.abs(got[k] - want[k]).max() for k in want)
    assert worst < 1e-5, (name, worst)
    record |= {f"f32.{k}": v for k, v in got.items()}
    assert all(v.dtype == np.float32 and np.isfinite(v).all() for v in record.values())
    path = HERE / f"{name}.safetensors"
    save_file({k: np.ascontiguousarray(v) for k, v in record.items()}, path, metadata={"made_by": json.dumps(VERSIONS)})
    print(f"{path.name:46} {path.stat().st_size:8} bytes, {worst:.1e} from NumPy")


def main():
    for seed, cell in enumerate(GATES, 200):
        case(f"cells_{cell}_1layer", seed, cell, 1, False)
        case(f"cells_{cell}_bi", seed + 10, cell, 2, False)
        case(f"cells_{cell}_initial", seed + 20, cell, 1, True)
        case(f"cells_{cell}_bi_initial", seed + 30, cell, 2, True)


if __name__ == "__main__":
    main()
