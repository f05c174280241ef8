"""What voices.py and music.py share: writing clips as 16 kHz mono FLAC and listing them in a manifest."""

import csv
import os

import numpy
import soundfile
import soxr

RATE = 16000
COLUMNS = ["path", "seconds", "sample_rate", "speaker", "label_or_transcript", "split"]


def read(path):
    """(samples, rate): float64 in [-1, 1], channels averaged."""
    samples, rate = soundfile.read(path, always_2d=True)
    return samples.mean(axis=1), rate


def to_rate(samples, rate):
    """The samples at RATE, by an anti-aliased resampler."""
    return samples if rate == RATE else soxr.resample(samples, rate, RATE, quality="VHQ")


def without_dc(samples):
    """The samples without what lies under 10 Hz, fading in up to 25 Hz: some instruments and voices have an offset."""
    spectrum = numpy.fft.rfft(samples)
    hertz = numpy.fft.rfftfreq(len(samples), 1 / RATE)
    return numpy.fft.irfft(spectrum * numpy.clip((hertz - 10) / 15, 0, 1), len(samples))


def levels(samples, frame=RATE // 50):
    """Level of each 20 ms frame in dB relative to full scale; a last frame that is not full is left out."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return 10 * numpy.log10((frames**2).mean(axis=1) + 1e-12)


def active(samples, under_peak=30):
    """Share of the 20 ms frames that are at most so many dB under the 95th percentile, and that percentile."""
    db = levels(samples)
    if len(db) == 0:
        return 0.0, -120.0
    peak = numpy.percentile(db, 95)
    return float((db > peak - under_peak).mean()), float(peak)


class Output:
    """A folder of clips and their manifest, which is written by close."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []
        self.seconds = 0.0

    def add(self, path, samples, speaker, label, split):
        """Writes the clip, held just under full scale, and notes it."""
        peak = numpy.abs(samples).max()
        if peak > 0.99:
            samples = samples * (0.99 / peak)
        full = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        pcm = numpy.round(samples * 32767).astype(numpy.int16)
        soundfile.write(full, pcm, RATE, format="FLAC", subtype="PCM_16")
        seconds = len(samples) / RATE
        self.rows.append([path, f"{seconds:.3f}", RATE, speaker, label, split])
        self.seconds += seconds

    def close(self):
        with open(os.path.join(self.folder, "manifest.csv"), "w", newline="", encoding="utf-8") as f:
            table = csv.writer(f, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(self.rows)


class Deck:
    """Draws items in random order, each once before any comes again."""

    def __init__(self, items, rng):
        self.items, self.rng, self.left = list(items), rng, []

    def draw(self):
        if not self.left:
            self.left = self.rng.sample(self.items, len(self.items))
        return self.left.pop()
