#!/usr/bin/env python3
"""Makes the spoken digits of this folder: one FLAC file for each synthesised voice.

    make_digits.py            make every file anew, then check them and print the tables
    make_digits.py --check    only check the files that are there

Needs Python 3 (standard library only) and the programs of these Debian 12 packages. The files here were made
with these versions and Python 3.11.7 on amd64:

    espeak-ng, espeak-ng-data   1.51+dfsg-10+deb12u2
    flite, libflite1            2.2-5
    festival                    1:2.5.0-9
    festvox-kdlpc16k            1.4.0-6.1        (ked_diphone)
    festvox-us-slt-hts          0.2010.10.25-4   (cmu_us_slt_arctic_hts)
    festlex-cmu, festlex-poslex 2.4-2, 2.4-1
    sox                         14.4.2+git20190427-3.5
    flac                        1.4.2+ds-2

    apt-get install espeak-ng flite festival festvox-kdlpc16k festvox-us-slt-hts festlex-cmu festlex-poslex \\
        sox flac

Checking needs only flac. The same versions on the same kind of machine write the same bytes.

A file has ten slots of one second at 16 kHz, mono, 16 bit; slot i holds the word i. A word begins 0.05 to
0.25 s into its slot and peaks at -20 to -6 dBFS. Both are drawn from SEED and the voice's name, so that a voice
added or taken away leaves the others as they are. Around the words is digital silence. The lowest two bits of every sample are
zero: that takes a fifth off the files, and the rounding stays 64 dB or more below the peak of the word.
"""

import array
import hashlib
import math
import os
import random
import re
import subprocess
import sys
import tempfile

SEED = 20240607
RATE = 16000
SLOT = RATE
WORDS = "zero one two three four five six seven eight nine".split()
FIRST, LAST = 0.05, 0.25  # where in its slot a word may begin, in seconds
LOUDEST, SOFTEST = -6.0, -20.0  # its peak, in dBFS
STEP = 4  # samples are multiples of it: 14 bits of 16, for smaller files
LONGEST = 1.0 - LAST  # so that a word fits wherever it begins

# name: accent, variant, pitch (0..99), speed (words a minute)
ESPEAK = {
    "train_espeak_gb_plain": ("en-gb", "", 50, 150),
    "train_espeak_gb_f1": ("en-gb", "f1", 62, 170),
    "train_espeak_gb_m2": ("en-gb", "m2", 24, 142),
    "train_espeak_gb_annie": ("en-gb", "Annie", 70, 205),
    "train_espeak_us_f2": ("en-us", "f2", 58, 135),
    "train_espeak_us_m1": ("en-us", "m1", 36, 185),
    "train_espeak_us_f5": ("en-us", "f5", 80, 160),
    "train_espeak_us_klatt2": ("en-us", "klatt2", 45, 148),
    "train_espeak_scotland_m3": ("en-gb-scotland", "m3", 30, 165),
    "train_espeak_scotland_f3": ("en-gb-scotland", "f3", 66, 145),
    "train_espeak_scotland_adam": ("en-gb-scotland", "adam", 52, 195),
    "train_espeak_rp_f4": ("en-gb-x-rp", "f4", 55, 155),
    "train_espeak_rp_m7": ("en-gb-x-rp", "m7", 20, 175),
    "train_espeak_rp_belinda": ("en-gb-x-rp", "belinda", 76, 140),
    "train_espeak_nyc_m4": ("en-us-nyc", "m4", 40, 158),
    "train_espeak_nyc_linda": ("en-us-nyc", "linda", 64, 180),
    "train_espeak_nyc_grandpa": ("en-us-nyc", "grandpa", 33, 190),
    "train_espeak_lancaster_m5": ("en-gb-x-gbclan", "m5", 48, 152),
    "train_espeak_lancaster_alicia": ("en-gb-x-gbclan", "Alicia", 72, 168),
    "train_espeak_lancaster_m8": ("en-gb-x-gbclan", "m8", 27, 200),
    "test_espeak_caribbean_m6": ("en-029", "m6", 42, 162),
    "test_espeak_caribbean_steph": ("en-029", "steph", 60, 178),
    "test_espeak_westmidlands_andy": ("en-gb-x-gbcwmd", "Andy", 38, 172),
}

# name: voice, mean pitch in Hz, durations times this
FLITE = {
    "train_flite_kal_low": ("kal16", 90, 1.0),
    "train_flite_kal_high": ("kal16", 135, 0.85),
    "train_flite_rms_low": ("rms", 95, 0.8),
    "train_flite_rms_high": ("rms", 150, 0.7),
    "train_flite_awb_low": ("awb", 115, 0.78),
    "train_flite_awb_high": ("awb", 185, 0.7),
    "test_flite_slt": ("slt", 175, 0.85),
}

# name: voice, durations times this (None: the voice has its own and cannot be told)
FESTIVAL = {
    "test_festival_ked": ("ked_diphone", 0.95),
    "test_festival_slt": ("cmu_us_slt_arctic_hts", None),
}

VOICES = sorted(list(ESPEAK) + list(FLITE) + list(FESTIVAL), key=lambda v: (v.startswith("test"), v))


def fail(text):
    sys.exit("make_digits: " + text)


def run(*command, text=None):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        fail("%s: %s" % (" ".join(command[:4]), done.stderr.decode(errors="replace").strip()))
    return done.stdout


def check_table():
    """No two eSpeak voices share a variant, a pitch or a speed, and every variant is there: eSpeak takes an
    unknown one for none without a word."""
    for what, values in zip(("variant", "pitch", "speed"), list(zip(*ESPEAK.values()))[1:]):
        if len(set(values)) != len(values):
            fail("two eSpeak voices share a " + what)
    known = set(re.findall(r"!v/(.*?)\s*(?:\(.*)?$", run("espeak-ng", "--voices=variant").decode(), re.M))
    for name, (_, variant, _, _) in ESPEAK.items():
        if variant and variant not in known:
            fail("%s: no variant %s" % (name, variant))


def speak(name, word, wav):
    if name in ESPEAK:
        accent, variant, pitch, speed = ESPEAK[name]
        voice = accent + ("+" + variant if variant else "")
        run("espeak-ng", "-v", voice, "-p", str(pitch), "-s", str(speed), "-a", "60", "-z", "-w", wav, word)
    elif name in FLITE:
        voice, pitch, stretch = FLITE[name]
        run("flite", "-voice", voice, "--setf", "int_f0_target_mean=%g" % pitch,
            "--setf", "duration_stretch=%g" % stretch, "-t", word, "-o", wav)
    else:
        voice, stretch = FESTIVAL[name]
        command = ["text2wave", "-eval", "(voice_%s)" % voice]
        if stretch is not None:
            command += ["-eval", "(Parameter.set 'Duration_Stretch %g)" % stretch]
        run(*command, "-o", wav, text=word.encode() + b"\n")


def samples(data, code):
    values = array.array(code)
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def trimmed(x):
    """x without the silence at its ends: what is 40 dB below its loudest 5 ms, and below which
    the noise of some voices lies. 10 ms are left at each end, and the outer 5 ms of them are faded."""
    step = RATE // 200
    levels = [sum(v * v for v in x[i:i + step]) for i in range(0, len(x) - step + 1, step)]
    floor = max(levels) * 10 ** (-40 / 10)
    loud = [i for i, v in enumerate(levels) if v > floor]
    start, end = max(0, (loud[0] - 2) * step), min(len(x), (loud[-1] + 3) * step)
    y = x[start:end]
    for i in range(step):
        gain = 0.5 - 0.5 * math.cos(math.pi * (i + 0.5) / step)
        y[i] *= gain
        y[-1 - i] *= gain
    return y


def make(name, folder, scratch):
    rng = random.Random("%d %s" % (SEED, name))
    wav = os.path.join(scratch, "word.wav")
    out = array.array("h", bytes(2 * SLOT * len(WORDS)))
    for i, word in enumerate(WORDS):
        speak(name, word, wav)
        raw = samples(run("sox", wav, "-t", "raw", "-e", "signed", "-b", "16", "-L", "-"), "h")
        if max(map(abs, raw)) >= 32767:
            fail("%s: the synthesiser clips %s" % (name, word))
        data = run("sox", "-D", wav, "-t", "raw", "-e", "signed", "-b", "32", "-L", "-",
                   "gain", "-6", "remix", "1", "rate", "-h", str(RATE))
        x = trimmed([float(v) for v in samples(data, "i")])
        peak = 32768 * 10 ** ((SOFTEST + (LOUDEST - SOFTEST) * rng.random()) / 20)
        scale = peak / max(map(abs, x)) / STEP
        x = [STEP * int(math.floor(v * scale + 0.5)) for v in x]
        sound = [j for j, v in enumerate(x) if v]
        x = x[sound[0]:sound[-1] + 1]
        if len(x) > LONGEST * RATE:
            fail("%s: %s lasts %.3f s, more than %.2f s" % (name, word, len(x) / RATE, LONGEST))
        start = i * SLOT + int((FIRST + (LAST - FIRST) * rng.random()) * RATE)
        out[start:start + len(x)] = array.array("h", x)
    if sys.byteorder == "big":
        out.byteswap()
    path = os.path.join(folder, name + ".flac")
    run("flac", "--silent", "--force", "--force-raw-format", "--endian=little", "--sign=signed", "--channels=1",
        "--bps=16", "--sample-rate=%d" % RATE, "-8", "-e", "-p", "--no-seektable", "--no-padding", "-o", path, "-",
        text=out.tobytes())
    # What is left are the frames and the one block that a FLAC file must have.
    run("metaflac", "--remove-all", "--dont-use-padding", path)


def picture(x):
    """How the energy of a word lies over 12 times and 14 bands, as logarithms about their mean."""
    size = 320
    window = [0.5 - 0.5 * math.cos(2 * math.pi * i / size) for i in range(size)]
    bands = [2 * math.cos(2 * math.pi * 200 * 1.25 ** k / RATE) for k in range(14)]
    rows = []
    for t in range(12):
        at = int((len(x) - size) * t / 11)
        frame = [v * w for v, w in zip(x[at:at + size], window)]
        row = []
        for c in bands:  # Goertzel
            a = b = 0.0
            for v in frame:
                a, b = v + c * a - b, a
            row.append(math.log10(a * a + b * b - c * a * b + 1e4))
        rows.append(row)
    flat = [v for row in rows for v in row]
    mean = sum(flat) / len(flat)
    return [v - mean for v in flat]


def apart(p, q):
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(p, q)) / len(p))


def check(folder):
    files = sorted(f for f in os.listdir(folder) if f.endswith(".flac"))
    if files != sorted(v + ".flac" for v in VOICES):
        fail("the files are not those of the table of voices")
    pictures, total, wrong = {}, 0, []
    print("durations in ms")
    print("%-30s" % "voice" + "".join("%6s" % w for w in WORDS) + "  peaks in dBFS   bytes")
    for name in VOICES:
        path = os.path.join(folder, name + ".flac")
        with open(path, "rb") as f:
            head = f.read(42)
        if head[:5] != b"fLaC\x80":
            wrong.append(name + ": more than one block of metadata")
        packed = int.from_bytes(head[18:26], "big")
        shape = (packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & (1 << 36) - 1)
        if shape != (RATE, 1, 16, SLOT * len(WORDS)):
            wrong.append("%s: rate, channels, bits and samples are %s" % ((name, shape)))
        data = run("flac", "--silent", "--decode", "--force-raw-format", "--endian=little", "--sign=signed",
                   "--stdout", path)
        x = samples(data, "h")
        lengths, peaks = [], []
        for i, word in enumerate(WORDS):
            slot = x[i * SLOT:(i + 1) * SLOT]
            sound = [j for j, v in enumerate(slot) if v]
            if not sound:
                fail("%s: nothing in the slot of %s" % (name, word))
            start, end = sound[0], sound[-1] + 1
            body = slot[start:end]
            peak = 20 * math.log10(max(map(abs, body)) / 32768)
            rms = 20 * math.log10(math.sqrt(sum(v * v for v in body) / len(body)) / 32768)
            if not int(FIRST * RATE) <= start <= LAST * RATE:
                wrong.append("%s: %s begins at %.3f s" % (name, word, start / RATE))
            if not SOFTEST - 0.1 <= peak <= LOUDEST + 0.1 or rms < -45:
                wrong.append("%s: %s peaks at %.1f dBFS and has %.1f dBFS" % (name, word, peak, rms))
            if not 0.15 * RATE <= end - start <= LONGEST * RATE:
                wrong.append("%s: %s lasts %.3f s" % (name, word, (end - start) / RATE))
            lengths.append(1000 * (end - start) // RATE)
            peaks.append(peak)
            pictures[name, word] = picture(body)
        size = os.path.getsize(path)
        total += size
        print("%-30s" % name + "".join("%6d" % n for n in lengths)
              + "  %6.1f..%5.1f %8d" % (min(peaks), max(peaks), size))
    print("%d files, %d bytes" % (len(VOICES), total))

    # Words of a voice, and voices with the same word, must not be the same sound.
    by_word = min((apart(pictures[n, v], pictures[n, w]), n, v, w)
                  for n in VOICES for i, v in enumerate(WORDS) for w in WORDS[:i])
    by_voice = min((sum(apart(pictures[n, w], pictures[m, w]) for w in WORDS) / len(WORDS), n, m)
                   for i, n in enumerate(VOICES) for m in VOICES[:i])
    print("nearest words of one voice: %.2f (%s, %s and %s)" % by_word)
    print("nearest voices: %.2f on average over the words (%s and %s)" % by_voice)
    if by_word[0] < 0.2 or by_voice[0] < 0.1:
        wrong.append("two words or two voices are too near to one another")

    train = [n for n in VOICES if n.startswith("train_")]
    for name in VOICES:
        if name in train:
            continue
        heard = [min((apart(pictures[name, w], pictures[n, v]), v) for n in train for v in WORDS)[1] for w in WORDS]
        missed = ["%s as %s" % (w, h) for w, h in zip(WORDS, heard) if w != h]
        print("%s: the nearest training word is right for %d of 10%s" % (
            name, 10 - len(missed), " (%s)" % ", ".join(missed) if missed else ""))
    digest = hashlib.sha256()
    for name in VOICES:
        with open(os.path.join(folder, name + ".flac"), "rb") as f:
            digest.update(f.read())
    print("sha256 of all files, in this order: " + digest.hexdigest())
    if wrong:
        fail("wrong:\n" + "\n".join(wrong))


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    if sys.argv[1:] not in ([], ["--check"]):
        fail("usage: make_digits.py [--check]")
    if not sys.argv[1:]:
        check_table()
        with tempfile.TemporaryDirectory() as scratch:
            for name in VOICES:
                make(name, folder, scratch)
    check(folder)


if __name__ == "__main__":
    main()
