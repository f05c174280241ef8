#!/usr/bin/env python3
"""Makes instrumental music and sound effects from General MIDI instruments: see README.md.

    python3 music.py --out DIR [--minutes 110] [--seed 1]

A clip is composed by rule as a MIDI file, rendered by fluidsynth with one of two sound fonts and kept as FLAC.
Solos and duos imitate what takes a detector in: one line in the range of a voice, with glides, vibrato, swells and
the rhythm of syllables. The same seed and the same version of fluidsynth give the same files; more minutes only add.
"""

import argparse
import os
import random
import shutil
import subprocess
import tempfile

import numpy

import bands
import common
import smf
import solos
import styles

SOUND_FONTS = [("/usr/share/sounds/sf2/FluidR3_GM.sf2", 0.7), ("/usr/share/sounds/sf2/TimGM6mb.sf2", 0.3)]
RENDER_RATE = 32000
SHORTEST, LONGEST = 20.0, 30.0  # seconds of a clip
KINDS = {"solo": 0.27, "duo": 0.09, "band": 0.58, "effects": 0.06}
DEV_EVERY = 12  # one clip in so many is held out


def effects(song, rng, seconds):
    """Sounds of the effect programs and single drums, at any pitch, some of them gliding."""
    programs = rng.sample(styles.EFFECTS, rng.choice([1, 2, 3]))
    for channel, program in enumerate(programs):
        part = smf.Part(song, channel, program)
        solos.settings(part, rng)
        beat = rng.uniform(0, 2)
        while beat < seconds:
            length = rng.choice([0.2, 0.5, 1, 2, 4, 6])
            if rng.random() < 0.3:
                for i in range(20):
                    part.bend(beat + length * i / 20, 4 - 8 * i / 20)
            part.note(beat, length, rng.choice([36, 48, 60, 60, 60, 72, rng.randrange(30, 90)]), rng.uniform(60, 120))
            beat += length * rng.uniform(0.3, 1.5)
    drums = smf.Part(song, 9, 0)
    for _ in range(rng.choice([0, 10, 30])):
        drums.note(rng.uniform(0, seconds), 0.5, rng.randrange(27, 88), rng.uniform(50, 110))
    return "effects"


def render(mid, wav, font, rng):
    """The MIDI file as sound at RATE, unscaled."""
    options = {
        "synth.reverb.active": rng.choice([0, 1, 1]),
        "synth.reverb.room-size": round(rng.uniform(0.1, 0.95), 2),
        "synth.reverb.damp": round(rng.uniform(0, 0.8), 2),
        "synth.reverb.level": round(rng.uniform(0.2, 0.9), 2),
        "synth.chorus.active": rng.choice([0, 1]),
        "synth.chorus.depth": round(rng.uniform(2, 12), 1),
        "synth.cpu-cores": 1,
        "synth.dynamic-sample-loading": 1,
    }
    settings = [o for name, value in options.items() for o in ("-o", f"{name}={value}")]
    flags = f"-n -i -q -g 0.2 -r {RENDER_RATE} -O float -T wav".split()
    command = ["fluidsynth", *flags, "-F", wav, *settings, font, mid]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return common.to_rate(*common.read(wav))


def compose(kind, rng, decks, seconds, mid):
    """Writes the MIDI file; returns the folder that the clip belongs to."""
    name = decks["style"].draw() if kind == "band" else None
    song = smf.Song(rng.uniform(*styles.STYLES[name].tempo) if name else 60)
    if kind == "band":
        folder = bands.band(song, name, rng, decks, seconds)
    elif kind == "effects":
        folder = effects(song, rng, seconds)
    else:
        folder = solos.solo(song, rng, decks, seconds, together=1 if kind == "solo" else 2)
    song.write(mid)
    return folder


def finish(samples, rng, seconds):
    """Cut to length, ends faded, peak at a random level; None when there is hardly anything to hear."""
    samples = common.without_dc(samples[: int(seconds * common.RATE)])
    share, peak = common.active(samples, under_peak=40)
    if peak < -60 or share < 0.15:
        return None
    fade = numpy.linspace(0, 1, common.RATE // 50)
    samples[: len(fade)] *= fade
    samples[-len(fade) :] *= fade[::-1]
    return samples * (10 ** (rng.uniform(-20, -3) / 20) / numpy.abs(samples).max())


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", required=True, help="folder for the clips and manifest.csv")
    p.add_argument("--minutes", type=float, default=110)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    missing = [f for f, _ in SOUND_FONTS if not os.path.exists(f)]
    if missing or not shutil.which("fluidsynth"):  # without a font it renders silence, and there is no end to it
        raise SystemExit(f"{missing[0] if missing else 'fluidsynth'} is not installed: see README.md")
    deck_rng = random.Random(f"{args.seed} decks")
    other = [p for p in styles.PROGRAMS if p not in styles.VOICE_LIKE]
    items = {"any": styles.PROGRAMS, "voice-like": styles.VOICE_LIKE, "other": other, "style": list(styles.STYLES)}
    decks = {name: common.Deck(values, deck_rng) for name, values in items.items()}
    out, index = common.Output(args.out), 0
    with tempfile.TemporaryDirectory() as folder:
        mid, wav = os.path.join(folder, "clip.mid"), os.path.join(folder, "clip.wav")
        while out.seconds < args.minutes * 60:
            rng = random.Random(f"{args.seed} clip {index}")
            seconds = rng.uniform(SHORTEST, LONGEST)
            kind = rng.choices(list(KINDS), KINDS.values())[0]
            style = compose(kind, rng, decks, seconds, mid)
            font = rng.choices([f for f, _ in SOUND_FONTS], [share for _, share in SOUND_FONTS])[0]
            samples = finish(render(mid, wav, font, rng), rng, seconds)
            if samples is not None:
                label = "effects" if kind == "effects" else "music"
                split = "dev" if index % DEV_EVERY == DEV_EVERY - 1 else "train"
                out.add(f"midi/{style}/{index:04d}.flac", samples, f"midi-{index:04d}", label, split)
            index += 1
    out.close()
    print(f"{len(out.rows)} clips of {index}, {out.seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
