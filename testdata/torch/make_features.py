#!/usr/bin/env python3
"""Makes the log-mel golden with librosa, told explicitly what the default recipe of package features is.

    pip install librosa torch numpy scipy safetensors
    python3 make_features.py

    16 kHz; symmetric Hann window of 400 samples every 160; FFT 512, the window padded with zeros; power
    spectrum; 40 triangles from 20 to 7800 Hz, HTK mel scale 2595 log10(1 + f/700), linear in Hz, peak 1;
    ln(power + 1e-6). Frame i covers the samples [(i+1)*160 - 400, (i+1)*160); before the start is silence,
    and silence completes the last frame.

The signal is 0.5 s less 10 samples: 80 ms of digital silence, then a rising chirp in seeded noise whose level
falls by 40 dB. It is computed in float64 from float32 samples. A second computation by torch (float64, the
frames cut out by hand) must agree to 1e-9 before anything is written.
"""
import json
import pathlib
import platform

import librosa
import numpy as np
import scipy
import torch
from safetensors.numpy import save_file

RATE, WINDOW, HOP, NFFT, MELS, LOW, HIGH, FLOOR = 16000, 400, 160, 512, 40, 20.0, 7800.0, 1e-6


def signal():
    n = RATE // 2 - 10
    rng = np.random.default_rng(20)
    t = np.arange(n) / RATE
    chirp = 0.25 * np.sin(2 * np.pi * (150 * t + 0.5 * (6000 - 150) / t[-1] * t**2))
    noise = rng.standard_normal(n) * 0.1 * 10 ** (-2 * t / t[-1])
    x = np.clip(chirp + noise, -1, 1)
    x[: RATE * 80 // 1000] = 0
    return x.astype(np.float32)


def by_librosa(x, bank):
    count = -(-len(x) // HOP)
    # librosa centres a short window within the n_fft samples of its frame.
    lead = (NFFT - WINDOW) // 2
    left = WINDOW - HOP + lead
    padded = np.pad(x.astype(np.float64), (left, count * HOP - len(x) + NFFT))
    window = scipy.signal.windows.hann(WINDOW, sym=True)
    spectrum = librosa.stft(padded, n_fft=NFFT, hop_length=HOP, win_length=WINDOW, window=window,
                            center=False, dtype=np.complex128)[:, :count]
    return np.log(bank @ np.abs(spectrum) ** 2 + FLOOR).T


def by_torch(x, bank):
    count = -(-len(x) // HOP)
    padded = torch.nn.functional.pad(torch.from_numpy(x).double(), (WINDOW - HOP, count * HOP - len(x)))
    window = torch.hann_window(WINDOW, periodic=False, dtype=torch.float64)
    power = torch.fft.rfft(padded.unfold(0, WINDOW, HOP) * window, n=NFFT).abs() ** 2
    return torch.log(power @ torch.from_numpy(bank.T.copy()) + FLOOR).numpy()


def main():
    x = signal()
    bank = librosa.filters.mel(sr=RATE, n_fft=NFFT, n_mels=MELS, fmin=LOW, fmax=HIGH, htk=True, norm=None,
                               dtype=np.float64)
    logmel = by_librosa(x, bank)
    assert logmel.shape == (50, MELS) and np.abs(logmel - by_torch(x, bank)).max() < 1e-9
    versions = {"librosa": librosa.__version__, "torch": torch.__version__, "numpy": np.__version__,
                "scipy": scipy.__version__, "python": platform.python_version()}
    path = pathlib.Path(__file__).parent / "logmel.safetensors"
    save_file({"samples": x, "f64.logmel": np.ascontiguousarray(logmel)}, path, metadata={"made_by": json.dumps(versions)})
    print(path.name, path.stat().st_size, "bytes", versions, "range", logmel.min(), logmel.max())


if __name__ == "__main__":
    main()
