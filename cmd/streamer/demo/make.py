#!/usr/bin/env python3
"""Makes the recording of `streamer demo`: synthesised speech in synthetic noise.

    python3 make.py

It writes, beside itself:

    demo.wav   16 kHz, 16-bit, mono
    demo.txt   where speech is:  start TAB end TAB speech   (Audacity labels, seconds)
    words.txt  where each word is: start TAB end TAB word

The times are known, not measured by ear: every sentence is synthesised clean, its silent ends are cut off at
a fixed threshold, and it is placed at a chosen moment. Noise comes last. Word times are the synthesisers' own.

Needs flite, espeak-ng with its shared library (the only way to its word times) and sox. The noise is seeded;
the speech is as reproducible as the versions of the synthesisers (flite 2.2, espeak-ng 1.51).
"""
import array
import ctypes
import ctypes.util
import math
import os
import random
import subprocess
import tempfile
import wave

RATE = 16000
SEED = 20240607
SNR_DB = 11.0  # power of the sentences over power of the noise
SPEECH_RMS = 0.08
SILENCE_DB = -32.0  # cut the ends while 5 ms stay this far under the loudest 5 ms
LEAD, TAIL = 0.9, 1.0  # seconds of noise alone at both ends

# synthesiser, voice, level in dB, text, pause after it in seconds
LINES = [
    ("flite", "slt", 0, "audio arrives in small pieces", 0.85),
    ("espeak", "en-us", -2, "every answer comes early", 1.1),
    ("flite", "rms", 0, "stop", 0.7),
    ("flite", "slt", -4, "then the whole recording is heard again", 0.95),
    ("flite", "awb", -1, "and both are compared", 0.0),
]


def read_wav(path):
    with wave.open(path) as w:
        assert w.getsampwidth() == 2 and w.getnchannels() == 1
        return w.getframerate(), array.array("h", w.readframes(w.getnframes()))


def to_rate(rate, samples):
    """Samples as floats at RATE, through sox without dither."""
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1"]
    cmd = ["sox", "-D", *raw, "-r", str(rate), "-", *raw, "-r", str(RATE), "-", "rate", "-v"]
    out = subprocess.run(cmd, input=samples.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    return [x / 32768 for x in array.array("h", out)]


def phones(voice, text, path):
    """flite's phones with their end times, silence included, and the sound itself at path."""
    cmd = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", path]
    out = subprocess.run(cmd, capture_output=True, text=True, check=True).stdout
    pairs = [p.rsplit(":", 1) for p in out.split()]
    return [(name, float(end)) for name, end in pairs]


def flite(voice, text):
    """(samples, [(word, start, end)]): a word has as many phones in the sentence as when it stands alone."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "u.wav")
        said = phones(voice, text, path)
        samples = to_rate(*read_wav(path))
        spans, start = [], 0.0
        for name, end in said:
            if name != "pau":
                spans.append((start, end))
            start = end
        words, i = [], 0
        for word in text.split():
            n = sum(name != "pau" for name, _ in phones(voice, word, path))
            words.append((word, spans[i][0], spans[i + n - 1][1]))
            i += n
        assert i == len(spans), f"phones of {text!r} do not add up"
    return samples, words


class EspeakEvent(ctypes.Structure):
    """espeak_EVENT of speak_lib.h; sample is the position in the sound, text_position counts from 1."""

    _fields_ = [("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
                ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
                ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8)]


def espeak(voice, text):
    """(samples, [(word, start, end)]): a word ends where the next begins."""
    lib = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
    rate = lib.espeak_Initialize(2, 0, None, 0)  # 2: synchronous retrieval
    assert rate > 0 and lib.espeak_SetVoiceByName(voice.encode()) == 0
    sound, starts = array.array("h"), []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(EspeakEvent))
    def collect(wav, n, events):
        i = 0
        while events[i].type != 0:
            if events[i].type == 1:  # a word begins
                starts.append((events[i].text_position - 1, events[i].length, events[i].sample))
            i += 1
        if wav:
            sound.extend(wav[:n])
        return 0

    lib.espeak_SetSynthCallback(collect)
    data = text.encode()
    assert lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None) == 0  # 1: by character, 1: UTF-8
    assert [text[at:at + n] for at, n, _ in starts] == text.split(), f"word events of {text!r} do not match"
    ends = [s for _, _, s in starts[1:]] + [len(sound)]
    words = [(text[at:at + n], s / rate, e / rate) for (at, n, s), e in zip(starts, ends)]
    return to_rate(rate, sound), words


def trim(samples):
    """First and last sample that are not silence, by blocks of 5 ms."""
    n = RATE // 200
    power = [sum(x * x for x in samples[i:i + n]) for i in range(0, len(samples) - n + 1, n)]
    floor = max(power) * 10 ** (SILENCE_DB / 10)
    loud = [i for i, p in enumerate(power) if p >= floor]
    return loud[0] * n, (loud[-1] + 1) * n


def pink(n, rnd):
    """Pink-like noise: five one-pole filters an octave and a half apart over white noise, plus a little white."""
    poles = [(math.exp(-2 * math.pi * f / RATE), f ** -0.5) for f in (25, 75, 220, 660, 2000)]
    state = [0.0] * len(poles)
    out = []
    for _ in range(n + RATE):
        white = rnd.gauss(0, 1)
        for k, (a, gain) in enumerate(poles):
            state[k] = a * state[k] + (1 - a) * white * gain * 40
        out.append(sum(state) + 0.05 * white)
    return out[RATE:]  # the first second fills the filters


def rms(x):
    return math.sqrt(sum(v * v for v in x) / len(x))


def place():
    """Clean track, speech labels and word labels."""
    track, speech, words = [0.0] * int(LEAD * RATE), [], []
    for engine, voice, db, text, pause in LINES:
        samples, said = {"flite": flite, "espeak": espeak}[engine](voice, text)
        first, last = trim(samples)
        gain = SPEECH_RMS * 10 ** (db / 20) / rms(samples[first:last])
        shift, end = len(track) - first, len(track) + last - first
        for word, a, b in said:
            a = max(shift + round(a * RATE), len(track))
            words.append((a, min(shift + round(b * RATE), end), word))
        speech.append((len(track), end, "speech"))
        track += [gain * x for x in samples[first:last]] + [0.0] * int(pause * RATE)
    return track + [0.0] * int(TAIL * RATE), speech, words


def write_labels(path, rows):
    with open(path, "w") as f:
        for a, b, text in rows:
            f.write(f"{a / RATE:.6f}\t{b / RATE:.6f}\t{text}\n")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    track, speech, words = place()
    loud = [x for a, b, _ in speech for x in track[a:b]]
    noise = pink(len(track), random.Random(SEED))
    gain = rms(loud) / rms(noise) * 10 ** (-SNR_DB / 20)
    mix = [x + gain * v for x, v in zip(track, noise)]
    assert max(abs(x) for x in mix) < 1, "clipped: lower SPEECH_RMS"
    with wave.open(os.path.join(here, "demo.wav"), "wb") as w:
        w.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        w.writeframes(array.array("h", [round(x * 32767) for x in mix]).tobytes())
    write_labels(os.path.join(here, "demo.txt"), speech)
    write_labels(os.path.join(here, "words.txt"), words)
    print(f"{len(mix) / RATE:.2f} s, {len(speech)} sentences, {len(words)} words, noise at -{SNR_DB:g} dB")


if __name__ == "__main__":
    main()
