#!/usr/bin/env python3
"""Ask other voice activity detectors about a folder of recordings.

For each detector one file <detector>.jsonl is written, one line a recording,

    {"file": "clean-0000.wav", "model": "silero 6.2.3", "hop_s": 0.032, "latency_s": 0.0, "prob": [0.01, ...]}

as `streamer eval --probs FILE` reads it. prob[i] is about the audio of [i*hop_s, (i+1)*hop_s) and depends on no audio
after (i+1)*hop_s + latency_s. A detector starts afresh with each recording. Its cost goes to stderr.
"""

import argparse
import ctypes
import json
import os
import sys
import time
import wave
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy starts its threads

try:
    import numpy as np
except ImportError as missing:
    sys.exit(f"score.py: {missing}: install requirements.txt as README.md says")

RATE = 16000


class Failure(Exception):
    """What the user is told, without a traceback."""


def folder_of(package):
    """The folder of an installed package, found without importing it (which would ask for what we don't need)."""
    spec = find_spec(package)
    if spec is None:
        raise ImportError(f"package {package} is not installed")
    return Path(spec.submodule_search_locations[0])


# A detector takes a recording as rows of `hop` samples and gives one answer a row. The answer to row i is about row
# i - delay; to give it, the detector has heard the row to its end and `ahead` samples more.


class Silero:
    """The ONNX model of the package, fed as the package's own OnnxWrapper feeds it, which needs torch to do so."""

    hop, delay, ahead = 512, 0, 0
    context = 64  # the model also wants the last samples of the row before

    def __init__(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        path = folder_of("silero_vad") / "data" / "silero_vad.onnx"
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.name = f"silero {version('silero-vad')}"

    def answers(self, rows):
        rows = rows.astype(np.float32) / 32768
        before = np.zeros((len(rows), self.context), np.float32)
        before[1:] = rows[:-1, -self.context :]
        feed = {"state": np.zeros((2, 1, 128), np.float32), "sr": np.array(RATE, np.int64)}
        for row in np.hstack([before, rows]):
            feed["input"] = row[np.newaxis]
            prob, feed["state"] = self.session.run(None, feed)
            yield float(prob[0, 0])


class WebRTC:
    """Yes or no from each of the four modes, from the most lenient to the strictest; the score is the share of yes."""

    hop, delay, ahead = RATE // 100, 0, 0

    def __init__(self):
        import webrtcvad

        self.new = webrtcvad.Vad
        self.name = f"webrtc {version('webrtcvad-wheels')}"

    def answers(self, rows):
        modes = [self.new(mode) for mode in range(4)]  # what a mode learns of the noise depends on what it answered
        for row in rows:
            audio = row.tobytes()
            yield sum(mode.is_speech(audio, RATE) for mode in modes) / 4


class TEN:
    """A prebuilt library that hears one row ahead: its makers' own evaluation holds answer i + 1 against label i."""

    hop, delay, ahead = 256, 1, 0

    def __init__(self):
        from ten_vad import TenVad

        TenVad(self.hop)  # fails here if the library can't be loaded
        self.new = TenVad
        self.name = f"ten {version('ten-vad')}"

    def answers(self, rows):
        vad = self.new(self.hop)
        for row in rows:
            yield vad.process(row)[0]


class RNNoise:
    """The voice probability of a noise suppressor for 48 kHz, with the audio brought to that rate.

    In training, what it answered after hearing a row was held against the label of the row before: hence the delay.
    """

    hop, delay, ahead = RATE // 100, 1, 16

    def __init__(self):
        # The library is called directly: the package around it asks for readers, plots and a resampler of its own.
        files = [p for p in folder_of("pyrnnoise").iterdir() if p.suffix in (".so", ".dylib", ".dll")]
        if not files:
            raise ImportError("package pyrnnoise holds no library for this machine")
        lib = ctypes.CDLL(str(files[0]))
        lib.rnnoise_create.argtypes, lib.rnnoise_create.restype = [ctypes.c_void_p], ctypes.c_void_p
        lib.rnnoise_destroy.argtypes, lib.rnnoise_destroy.restype = [ctypes.c_void_p], None
        lib.rnnoise_process_frame.argtypes = [ctypes.c_void_p] * 3  # state, cleaned audio, audio
        lib.rnnoise_process_frame.restype = ctypes.c_float
        self.lib = lib
        self.name = f"pyrnnoise {version('pyrnnoise')}"

    def answers(self, rows):
        audio = self.tripled(rows.reshape(-1)).reshape(len(rows), -1)
        cleaned = np.empty(audio.shape[1], np.float32)
        state = self.lib.rnnoise_create(None)
        try:
            for row in audio:  # floats in the range of 16-bit numbers
                yield self.lib.rnnoise_process_frame(state, cleaned.ctypes.data, row.ctypes.data)
        finally:
            self.lib.rnnoise_destroy(state)

    def tripled(self, x):
        """The samples at three times the rate: a windowed sinc that looks `ahead` samples to either side."""
        tap = np.arange(-self.ahead, self.ahead + 1)
        out = np.empty((len(x), 3), np.float32)
        for phase in range(3):
            t = tap + phase / 3
            out[:, phase] = np.convolve(x, np.sinc(t) * np.cos(np.pi / 2 * t / (self.ahead + 1)) ** 2, "same")
        return out.reshape(-1)


DETECTORS = {"silero": Silero, "webrtc": WebRTC, "ten": TEN, "rnnoise": RNNoise}


def read(path):
    """The samples of a WAV file, which has to be of 16 kHz, mono and 16 bits."""
    try:
        with wave.open(str(path)) as f:
            rate, channels, bits = f.getframerate(), f.getnchannels(), 8 * f.getsampwidth()
            samples = f.readframes(f.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise Failure(f"{path}: {str(error) or 'cut off'}: give PCM WAV files") from error
    if (rate, channels, bits) != (RATE, 1, 16):
        raise Failure(f"{path}: {rate} Hz, {channels} channel(s), {bits} bits: give {RATE} Hz, mono, 16 bits")
    if not samples:
        raise Failure(f"{path}: holds no audio: take it out of the folder")
    return np.frombuffer(samples, "<i2")


def score(detector, samples):
    """One probability for each hop of the recording, the last hop filled up with zeros."""
    count = -(-len(samples) // detector.hop)
    rows = np.zeros((count + detector.delay, detector.hop), np.int16)
    rows.reshape(-1)[: len(samples)] = samples
    # Six digits keep small probabilities apart, which six decimals would not.
    return [float(f"{p:.6g}") for p in detector.answers(rows)][detector.delay :]


def run(detector, paths, out):
    """Judge all recordings and write the answers; returns the seconds of CPU time that the detector took."""
    latency = (detector.delay * detector.hop + detector.ahead) / RATE
    spent = 0.0
    part = out.with_name(out.name + ".part")
    with open(part, "w", encoding="utf-8") as lines:
        for path in paths:
            samples = read(path)
            start = time.process_time()
            prob = score(detector, samples)
            spent += time.process_time() - start
            line = {"file": path.name, "model": detector.name, "hop_s": detector.hop / RATE, "latency_s": latency}
            lines.write(json.dumps(line | {"prob": prob}) + "\n")
    part.replace(out)
    return spent


def load(name):
    try:
        return DETECTORS[name]()
    except (ImportError, OSError) as error:
        raise Failure(f"{name}: {error}: install it as README.md says, or leave it out with --detectors") from error


def names(text):
    chosen = text.split(",")
    for name in chosen:
        if name not in DETECTORS:
            raise argparse.ArgumentTypeError(f"no detector {name!r}: choose among {','.join(DETECTORS)}")
    return chosen


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="""Example:

    python score.py --out answers mixes
    streamer eval --probs answers/silero.jsonl RECIPE""",
    )
    parser.add_argument("folder", type=Path, help="folder of WAV files: 16 kHz, mono, 16 bits")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="where the answers go (%(default)s)")
    parser.add_argument(
        "--detectors",
        type=names,
        default=list(DETECTORS),
        metavar="NAMES",
        help=f"which to ask, with commas between ({','.join(DETECTORS)})",
    )
    options = parser.parse_args()

    paths = sorted(p for p in options.folder.glob("*") if p.suffix.lower() == ".wav")
    if not paths:
        raise Failure(f"{options.folder}: no WAV file: make some with `streamer eval --write {options.folder} RECIPE`")
    heard = sum(len(read(path)) for path in paths) / RATE  # and what can't be read is found before the work begins
    detectors = {name: load(name) for name in options.detectors}
    options.out.mkdir(parents=True, exist_ok=True)

    print(f"{'detector':<24}{'hop ms':>8}{'files':>8}{'audio s':>10}{'CPU s per s of audio':>22}", file=sys.stderr)
    for name, detector in detectors.items():
        spent = run(detector, paths, options.out / f"{name}.jsonl")
        hop = 1000 * detector.hop / RATE
        print(f"{detector.name:<24}{hop:>8g}{len(paths):>8}{heard:>10.0f}{spent / heard:>22.5f}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as error:
        sys.exit(f"score.py: {error}")
