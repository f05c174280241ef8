#!/usr/bin/env python3
"""Makes synthesised speech of many voices and languages: see README.md.

    python3 voices.py --out DIR [--minutes 75] [--seed 1]

Every utterance has a voice, a language, a pitch, a rate and a text of its own. The texts are made here: numbers,
dates and times, which the synthesisers speak in their language, pseudo-words of syllables.py, and small English
sentences. The same seed and the same versions of the synthesisers give the same files; more minutes only add to them.
"""

import argparse
import collections
import os
import random
import re
import subprocess
import tempfile

import numpy

import common
import syllables

SHARES = {"espeak": 0.60, "flite": 0.13, "festival": 0.27}  # of the minutes
SHORTEST, LONGEST = 0.3, 10.0  # seconds of an utterance
TRIES = 5  # texts to try before giving an utterance up

# Held out as split "dev". Dev languages are spoken by dev variants only, and no one else uses these.
DEV_LANGUAGES = "am cy et ht ka pl ta th tn uk".split()
DEV_VARIANTS = "f4 m6 steph2 edward whisperf klatt4 pablo".split()
DEV_FESTIVAL = ["czech_krb", "hy_fi_mv_diphone"]

FLITE = ["slt", "rms", "awb", "kal16"] * 3 + ["kal", "awb_time"]  # kal is 8 kHz, awb_time can only tell the time

# Voice, language of its text, encoding it reads. Those built from models or units (hts, clunits) keep their own pitch.
FESTIVAL = [
    ("cmu_us_slt_arctic_hts", "en", "ascii"),
    ("kal_diphone", "en", "ascii"),
    ("ked_diphone", "en", "ascii"),
    ("czech_dita", "cs", "iso-8859-2"),
    ("czech_krb", "cs", "iso-8859-2"),
    ("czech_machac", "cs", "iso-8859-2"),
    ("czech_ph", "cs", "iso-8859-2"),
    ("lp_diphone", "it", "iso-8859-1"),
    ("pc_diphone", "it", "iso-8859-1"),
    ("suo_fi_lj_diphone", "fi", "iso-8859-1"),
    ("hy_fi_mv_diphone", "fi", "iso-8859-1"),
    ("upc_ca_ona_hts", "ca", "iso-8859-15"),
    ("msu_ru_nsh_clunits", "ru", "utf-8"),
    ("hindi_NSK_diphone", "hi", "utf-8"),
    ("marathi_NSK_diphone", "mr", "utf-8"),
    ("telugu_NSK_diphone", "te", "utf-8"),
]

# Texts.

NOUNS = """dog river teacher window market garden doctor song winter engine mountain letter bridge kitchen ship
question farmer orange village shoulder television umbrella judge measure church uncle breakfast thunder pleasure
machine""".split()
VERBS = """sees follows remembers builds breaks carries paints watches finds loses teaches hears pushes washes chooses
changes answers covers forgets buys""".split()
ADJECTIVES = """small bright heavy quiet yellow strange early frozen gentle huge broken cheap thirsty wooden young
dangerous usual empty smooth fresh""".split()
ADVERBS = "slowly again today twice outside already together never easily quite often suddenly yesterday".split()
OPENINGS = "well;yes;no;please wait;listen;I think;of course;oh;in the morning;to be honest".split(";")
SHORT = """yes no stop go hello thanks maybe left right up down on off seven sure what why please look okay help ah oh
wait good three nine open close start""".split()


def noun(rng):
    return [rng.choice(["the", "a", "my", "her", "this"]), rng.choice(ADJECTIVES + [""] * 9), rng.choice(NOUNS)]


def clause(rng):
    words = [*noun(rng), rng.choice(VERBS), *noun(rng), rng.choice(ADVERBS + [""] * 6)]
    return " ".join(w for w in words if w)


def english(rng):
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(SHORT)
    if kind < 0.35:
        return f"{rng.choice(['where', 'when', 'why'])} is the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}?"
    parts = [clause(rng) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    if rng.random() < 0.3:
        parts.insert(0, rng.choice(OPENINGS))
    return rng.choice([", ", ", and ", ", but "]).join(parts) + "."


def number(rng):
    """A whole number, a decimal fraction, a date or a time."""
    kind = rng.random()
    if kind < 0.6:
        return str(rng.randrange(10 ** rng.choice([1, 1, 2, 2, 3, 4, 5])))
    if kind < 0.75:
        return f"{rng.randrange(1, 29)}.{rng.randrange(1, 13)}.{rng.randrange(1900, 2040)}"
    if kind < 0.9:
        return f"{rng.randrange(24)}:{rng.randrange(10, 60)}"
    return f"{rng.randrange(100)}.{rng.randrange(10)}"


def sentence(language, rng):
    """A few words and numbers with pauses between some of them, or a single one."""
    items = 1 if rng.random() < 0.25 else rng.randrange(2, 10)
    text = ""
    for i in range(items):
        use_word = language in syllables.NO_NUMBERS or syllables.known(language) and rng.random() < 0.8
        text += syllables.word(language, rng) if use_word else number(rng)
        if i < items - 1:
            text += ", " if rng.random() < (0.2 if use_word else 0.5) else " "
    return text + rng.choice([".", ".", "", "?"])


def text_for(language, rng):
    if language == "en" or language.startswith("en-"):
        return english(rng) if rng.random() < 0.75 else sentence("en", rng)
    return sentence(language, rng)


def time_text(rng):
    hour = rng.choice("one two three four five six seven eight nine ten eleven twelve".split())
    about = rng.choice(["exactly", "just after", "a little after", "almost"])
    minutes = rng.choice(
        ["five past", "ten past", "quarter past", "twenty past", "half past", "quarter to", "ten to"]
    )
    return f"The time is now, {about} {minutes} {hour}, in the {rng.choice(['morning', 'afternoon', 'evening'])}."


# Synthesisers: each returns whether wav holds the text, and draws its settings from rng.


def run(command, **options):
    try:
        return subprocess.run(command, capture_output=True, timeout=60, **options)
    except subprocess.TimeoutExpired:
        return None
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is not installed: see README.md") from None


def espeak(voice, text, rng, wav):
    settings = ["-p", rng.randrange(5, 95), "-s", rng.randrange(95, 260), "-g", rng.choice([0, 0, 1, 3]), "-a", 60]
    marked = f'<prosody range="{rng.randrange(20, 180)}%">{text}</prosody>'
    done = run(["espeak-ng", "-v", voice, *map(str, settings), "-m", "-x", "-w", wav, "--", marked])
    if done is None or done.returncode != 0:
        return False
    # A change to English (Spanish for Guarani) is marked so: the voice does not know the script or the word.
    return not re.search(rb"\((en|es)[^)]*\)", done.stdout)


def flite(voice, text, rng, wav):
    settings = {
        "duration_stretch": rng.uniform(0.7, 1.5),
        "int_f0_target_mean": rng.uniform(75, 240),
        "int_f0_target_stddev": rng.uniform(5, 40),
    }
    options = [o for name, value in settings.items() for o in ("--setf", f"{name}={value:.2f}")]
    done = run(["flite", "-voice", voice, *options, "-t", text, "-o", wav])
    return done is not None and done.returncode == 0


FESTIVAL_SCRIPT = """
(define (scale_pitch utt)
  (mapcar (lambda (t) (item.set_feat t 'f0 (* {pitch:.3f} (item.feat t 'f0)))) (utt.relation.leafs utt 'Target))
  utt)
(voice_{voice})
(Parameter.set 'Duration_Stretch {stretch:.3f})
(set! after_analysis_hooks (list scale_pitch))
(set! utt (Utterance Text "{text}"))
(utt.synth utt)
(utt.save.wave utt "{wav}" 'riff)
"""


def festival(voice, encoding, text, rng, wav):
    script = FESTIVAL_SCRIPT.format(
        voice=voice, text=text, wav=wav, pitch=rng.uniform(0.75, 1.5), stretch=rng.uniform(0.75, 1.4)
    )
    file = wav + ".scm"
    with open(file, "w", encoding=encoding, errors="ignore") as f:
        f.write(script)
    done = run(["festival", "-b", file])
    return done is not None and done.returncode == 0


# What is kept.


def clipped(raw, longest=3):
    """Whether more than so many samples in a row are at full scale."""
    return numpy.convolve(numpy.abs(raw) > 0.9999, numpy.ones(longest + 1)).max() > longest


def fault(samples):
    """Why an utterance is no use, or None."""
    seconds = len(samples) / common.RATE
    if not SHORTEST <= seconds <= LONGEST:
        return "length"
    share, peak = common.active(samples)
    if peak < -50 or share * seconds < 0.15:
        return "silence"
    return None


def utterance(say, make_text, rng, wav):
    """(text, samples, None), or (None, None, why not) after some tries."""
    why = "failed"
    for _ in range(TRIES):
        text = make_text(rng)
        if os.path.exists(wav):
            os.remove(wav)
        if not say(text, rng, wav) or not os.path.exists(wav):
            why = "failed"
            continue
        raw, rate = common.read(wav)
        if len(raw) == 0:
            why = "silence"
            continue
        samples = common.without_dc(common.to_rate(raw, rate))
        why = fault(samples) or ("clipped" if clipped(raw) else None)
        if why is None:
            return text, samples, None
    return None, None, why


def espeak_voices():
    """{language: name of its voice}, and the variants, sorted."""
    listed = run(["espeak-ng", "--voices"], text=True).stdout.splitlines()[1:]
    files = [line.split()[4] for line in listed]
    languages = {os.path.basename(f): f for f in files}
    folder = re.search(r"Data at: (.*)", run(["espeak-ng", "--version"], text=True).stdout).group(1).strip()
    return languages, sorted(os.listdir(os.path.join(folder, "voices", "!v")))


# The engines: draw chooses a voice and returns (folder, split, say, make_text).


class Espeak:
    def __init__(self, seed):
        self.rng = random.Random(f"{seed} espeak")
        self.languages, variants = espeak_voices()
        self.deck = common.Deck(sorted(self.languages), self.rng)
        self.dev = common.Deck(DEV_VARIANTS, self.rng)
        self.train = common.Deck([v for v in variants if v not in DEV_VARIANTS], self.rng)

    def draw(self):
        language = self.deck.draw()
        dev = language in DEV_LANGUAGES
        variant = (self.dev if dev else self.train).draw()
        voice = f"{self.languages[language]}+{variant}"
        folder = f"{language}+{variant.replace(' ', '_')}"
        say = lambda text, rng, wav: espeak(voice, text, rng, wav)
        return folder, "dev" if dev else "train", say, lambda rng: text_for(language, rng)


class Flite:
    def __init__(self, seed):
        self.rng = random.Random(f"{seed} flite")
        self.deck = common.Deck(FLITE, self.rng)

    def draw(self):
        voice = self.deck.draw()
        make_text = time_text if voice == "awb_time" else lambda rng: text_for("en", rng)
        say = lambda text, rng, wav: flite(voice, text, rng, wav)
        return f"en-{voice}", "train", say, make_text


class Festival:
    def __init__(self, seed):
        self.rng = random.Random(f"{seed} festival")
        self.deck = common.Deck(FESTIVAL, self.rng)

    def draw(self):
        voice, language, encoding = self.deck.draw()
        split = "dev" if voice in DEV_FESTIVAL else "train"
        say = lambda text, rng, wav: festival(voice, encoding, text, rng, wav)
        return f"{language}-{voice}", split, say, lambda rng: text_for(language, rng)


def make(engine, name, seed, seconds, out, wav):
    """Adds utterances of the engine until they last that long together; returns how many of which were given up."""
    given_up, drawn, start = collections.Counter(), 0, out.seconds
    while out.seconds - start < seconds:
        folder, split, say, make_text = engine.draw()
        rng = random.Random(f"{seed} {name} {drawn}")  # so that what fails changes nothing but itself
        text, samples, why = utterance(say, make_text, rng, wav)
        if why:
            given_up[f"{folder.split('+')[0]} {why}"] += 1
        else:
            out.add(f"{name}/{folder}/{drawn:04d}.flac", samples, f"{name}-{folder}", text, split)
        drawn += 1
        if sum(given_up.values()) > 20 + drawn / 2:
            raise SystemExit(f"{name}: most of it fails: is it installed? {dict(given_up)}")
    return given_up


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--out", required=True, help="folder for the clips and manifest.csv")
    p.add_argument("--minutes", type=float, default=75)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    out = common.Output(args.out)
    with tempfile.TemporaryDirectory() as folder:
        wav = os.path.join(folder, "u.wav")
        for name, engine in (("espeak", Espeak), ("flite", Flite), ("festival", Festival)):
            before = out.seconds
            given_up = make(engine(args.seed), name, args.seed, args.minutes * 60 * SHARES[name], out, wav)
            minutes = (out.seconds - before) / 60
            print(f"{name}: {minutes:.1f} minutes; given up: {dict(sorted(given_up.items()))}", flush=True)
    out.close()


if __name__ == "__main__":
    main()
