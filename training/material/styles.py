"""What music.py plays: General MIDI programs (counted from 0), scales, progressions and styles of bands."""

import dataclasses

# Choir Aahs, Voice Oohs, Synth Voice, the voice lead and the choir pad imitate voices: never used.
LEFT_OUT = {52, 53, 54, 85, 91}
EFFECTS = range(120, 128)
PROGRAMS = [p for p in range(120) if p not in LEFT_OUT]

# Instruments that go on sounding while the key is held: their loudness and pitch can be shaped within a note.
SUSTAINED = {*range(16, 24), 29, 30, *range(40, 45), *range(48, 52), *range(56, 96), 109, 110, 111} - LEFT_OUT

# The ones that a detector may take for a voice: reeds, bows, brass, pipes, leads, bent strings, tuned drums.
VOICE_LIKE = [
    20,
    21,
    22,
    23,
    29,
    30,
    35,
    *range(40, 44),
    *range(56, 61),
    *range(64, 72),
    *range(73, 85),
    87,
    104,
    106,
]
VOICE_LIKE += [109, 110, 111, 116, 117]

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "hijaz": (0, 1, 4, 5, 7, 8, 10),
}
# For melodies alone.
PENTATONICS = [(0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 1, 5, 7, 8)]
MELODIC = [*SCALES.values(), *PENTATONICS, (0, 3, 5, 6, 7, 10), (0, 2, 4, 6, 8, 10), tuple(range(12))]

# Degrees of the scale, a bar each.
POP = [(0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 4, 3), (3, 4, 0, 5), (0, 2, 3, 4)]
ROCK = [(0, 6, 3, 0), (0, 3, 6, 3), (0, 5, 6, 0), (0, 0, 3, 4), (0, 2, 5, 6)]
JAZZ = [(1, 4, 0, 0), (0, 5, 1, 4), (2, 5, 1, 4), (3, 6, 2, 5, 1, 4, 0, 0)]
BLUES = [(0, 0, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4), (0, 3, 0, 0, 3, 3, 0, 0, 4, 4, 0, 0)]
STILL = [(0, 0, 0, 0), (0, 0, 3, 3), (0, 0, 5, 5), (0, 1, 0, 1), (0, 6, 0, 6)]

# Letters of the drum patterns: kick, snare, rim, clap, hi-hat closed, by pedal and open, ride, crash, tambourine,
# cowbell, maracas, congas (g, l, n), claves, cuicas (i, j) and guiro.
DRUMS = {"k": 36, "s": 38, "r": 37, "c": 39, "h": 42, "p": 44, "o": 46, "d": 51, "x": 49, "a": 54, "b": 56, "m": 70}
DRUMS |= {"g": 63, "l": 64, "n": 62, "w": 75, "i": 78, "j": 79, "y": 73}


@dataclasses.dataclass
class Style:
    """Patterns are one bar each and their steps divide it evenly.

    drums: a row for each drum, such as "k:x...x...": X loud, x, o soft.   comp: x chord, digits single chord notes.
    bass: r root, 3, 5, 8 octave, 7 below the next root.   Everywhere . is a rest and - holds the note before it.
    """

    tempo: tuple
    drums: list
    bass: list
    comp: list
    progressions: list
    scales: list
    bass_programs: list
    comp_programs: list
    lead_programs: list
    pad_programs: list = ()
    beats: int = 4  # in a bar
    swing: float = 0.0  # share of an eighth by which the offbeat comes late
    kits: tuple = (0,)
    lead: float = 0.8  # chance of a lead
    chord: int = 3  # notes of a chord


KEYS, GUITARS = [0, 1, 2, 3, 4, 5], [24, 25, 26, 27]
STRINGS, BRASS = [40, 41, 42, 48, 49, 50], [56, 57, 60, 61, 62, 63]
REEDS, PIPES = [64, 65, 66, 67, 68, 69, 71], [72, 73, 74, 75]
LEADS, PADS, MALLETS = [80, 81, 82, 83, 84, 86, 87], [88, 89, 90, 92, 93, 94, 95], [8, 9, 10, 11, 12, 13, 14]
MAJORS = ["major", "major", "mixolydian", "lydian"]
MINORS = ["minor", "minor", "dorian", "harmonic minor", "phrygian"]

STYLES = {
    "pop": Style(
        tempo=(84, 128),
        drums=[
            "k:x...x...x..x.... s:....x.......x... h:x.x.x.x.x.x.x.x.",
            "k:x..x..x.x....... s:....X.......X..o h:xoxoxoxoxoxoxoxo",
            "k:x.....x.x....... c:....x.......x... a:..x...x...x...x.",
        ],
        bass=["r-r-r-r-", "r--r--5-", "r---5---"],
        comp=["x---x---", "1.2.3.2.", "x..x..x.", "1323132313231323"],
        progressions=POP,
        scales=MAJORS,
        bass_programs=[33, 34, 38],
        comp_programs=KEYS + GUITARS + [88],
        lead_programs=KEYS + LEADS + STRINGS + [22, 65, 73],
        pad_programs=PADS + [48, 50],
        kits=(0, 8, 24),
    ),
    "rock": Style(
        tempo=(100, 160),
        drums=[
            "k:x.....x.x....... s:....X.......X... h:x.x.x.x.x.x.x.x.",
            "k:x.x...x.x.x..... s:....X.......X..x d:x...x...x...x...",
        ],
        bass=["r-r-r-r-", "rrrrrrrr", "r-rr5-8-"],
        comp=["x-x-x-x-", "x--x--x-", "xxxxxxxx"],
        progressions=ROCK,
        scales=["mixolydian", "dorian", "minor", "major"],
        bass_programs=[33, 34],
        comp_programs=[27, 28, 29, 30, 18],
        lead_programs=[29, 30, 84, 30, 22],
        pad_programs=[16, 18],
        kits=(0, 8, 16),
        chord=2,
    ),
    "metal": Style(
        tempo=(130, 200),
        drums=[
            "k:xxxxxxxxxxxxxxxx s:....X.......X... d:x...x...x...x...",
            "k:x.xxx.xxx.xxx.xx s:..X...X...X...X. x:x...............",
        ],
        bass=["rrrrrrrrrrrrrrrr", "r.rrr.rrr.rrr.35"],
        comp=["xxxxxxxx", "x.xxx.xxx.xxx.xx"],
        progressions=ROCK,
        scales=["phrygian", "minor", "harmonic minor"],
        bass_programs=[34, 33],
        comp_programs=[30],
        lead_programs=[30, 29, 84],
        pad_programs=[48],
        kits=(16, 0),
        chord=2,
    ),
    "swing": Style(
        tempo=(110, 190),
        drums=["d:x..x.xx..x.x p:...x.....x.. k:o..o..o..o..", "d:x..x.ox..x.o p:...x.....x.. r:.....o.....o"],
        bass=["r--3--5--7--", "r--5--8--7--"],
        comp=["..x.....x...", "x....x......", ".....x..x--."],
        progressions=JAZZ,
        scales=["major", "dorian", "mixolydian"],
        bass_programs=[32, 35],
        comp_programs=[0, 26, 11, 17],
        lead_programs=REEDS + BRASS + [0, 11, 59, 26],
        kits=(32, 40),
        chord=4,
        swing=0.33,
    ),
    "waltz": Style(
        tempo=(90, 180),
        drums=["k:x..... s:..x.x.", "k:x..... p:..x.x. d:x.x.xo", ""],
        bass=["r-----", "r-.5.5"],
        comp=["..x.x.", "1.2.3.", "123232"],
        progressions=POP + JAZZ,
        scales=MAJORS + MINORS,
        bass_programs=[32, 33, 43, 58],
        comp_programs=[0, 21, 24, 6, 46],
        lead_programs=[21, 40, 73, 71, 23, 110, 68],
        pad_programs=[48, 49],
        beats=3,
        kits=(0, 32, 40),
    ),
    "march": Style(
        tempo=(100, 130),
        drums=["k:x...x... s:..xx..xx x:x.......", "k:x.x.x.x. s:xoxxxoxx"],
        bass=["r-5-r-5-", "r.5.r.5."],
        comp=[".x.x.x.x", "x.xxx.xx"],
        progressions=POP,
        scales=["major"],
        bass_programs=[58, 43, 67],
        comp_programs=[61, 60, 57],
        lead_programs=[56, 72, 57, 71, 9],
        kits=(0, 48),
    ),
    "techno": Style(
        tempo=(120, 150),
        drums=[
            "k:X...X...X...X... o:..x...x...x...x. c:....x.......x...",
            "k:X...X...X...X..x h:xoxoxoxoxoxoxoxo r:...x..x....x..x.",
        ],
        bass=[".r.r.r.r", "..rr..rr..rr..r8", "r.r8r.r8r.r8r.r8"],
        comp=["..x...x...x...x.", "1231231231231231", "x..x..x..x..x..."],
        progressions=STILL + ROCK,
        scales=MINORS,
        bass_programs=[38, 39, 87],
        comp_programs=LEADS + [90, 55],
        lead_programs=LEADS + [98, 99],
        pad_programs=PADS,
        kits=(24, 25),
        lead=0.5,
    ),
    "ambient": Style(
        tempo=(50, 80),
        drums=["", "", "y:............x... a:x..............."],
        bass=["r-------", ""],
        comp=["1---2---3---2---", "x-------", ""],
        progressions=STILL + POP,
        scales=MAJORS + MINORS,
        bass_programs=[32, 35, 39, 89],
        comp_programs=MALLETS + PADS + [46, 97, 99, 100],
        lead_programs=PIPES + STRINGS + [77, 79, 92, 100],
        pad_programs=PADS + [48, 49, 50, 101, 103],
        kits=(0, 48),
        lead=0.6,
        chord=4,
    ),
    "orchestral": Style(
        tempo=(60, 150),
        drums=["", "k:x.......x....... x:x...............", "s:x.xxx.xxx.xxx.xx"],
        bass=["r---5---", "r-------", "r.r.5.5."],
        comp=["1.2.3.2.", "x---x---", "xxxxxxxx", "..x...x."],
        progressions=POP + ROCK,
        scales=MAJORS + MINORS,
        bass_programs=[43, 42, 58, 70],
        comp_programs=[45, 48, 46, 60, 61],
        lead_programs=STRINGS + BRASS + REEDS + PIPES + [47],
        pad_programs=[48, 49, 60],
        kits=(48,),
        chord=4,
    ),
    "latin": Style(
        tempo=(90, 140),
        drums=[
            "k:x..x..x.x..x..x. w:x..x..x...x.x... m:xoxoxoxoxoxoxoxo g:..x.....x.....xx",
            "k:x...x...x...x... r:..x..x..x...x..x b:x.x.x.xxx.x.x.xx n:...x...x...x...x",
            "i:x.....x.x....... j:..x.......x.x... y:x.x.x.x.x.x.x.x.",
        ],
        bass=["r..5..8.", "...5..8-", "r--r5--5"],
        comp=["x..x..x...x.x...", ".x.x.xx.", "1.2.32.13.2.12.3"],
        progressions=JAZZ + POP + STILL,
        scales=MAJORS + MINORS,
        bass_programs=[32, 33, 35],
        comp_programs=[0, 24, 25, 12],
        lead_programs=[56, 73, 24, 12, 108, 105, 114, 22],
    ),
    "blues": Style(
        tempo=(60, 120),
        drums=["k:x.....x..... s:...X.....X.. h:x.xx.xx.xx.x", "k:x..x.xx..x.. s:...x.....x.. d:x.xx.xx.xx.x"],
        bass=["r--3--5--3--", "r.rr.r5.57.7"],
        comp=["x.xx.xx.xx.x", "...x.....x..", "..x..x..x..x"],
        progressions=BLUES,
        scales=["mixolydian"],
        bass_programs=[32, 33],
        comp_programs=[0, 16, 18, 25, 27],
        lead_programs=[22, 29, 26, 66, 0, 65],
        kits=(0, 8, 40),
        chord=4,
        swing=0.33,
    ),
    "funk": Style(
        tempo=(90, 120),
        drums=[
            "k:x..x..x...x..x.. s:....X..o.o..X..o h:xxxxxxxxxxxxxxxx",
            "k:x.x....x..x..... s:....X..o....X.o. h:x.xxx.xox.xxx.xo",
        ],
        bass=["r..8..r.r.8.5..7", "r.r...8.r..r5.8."],
        comp=["..x..x....x..x..", "xx.x..x.xx.x..x."],
        progressions=STILL + ROCK,
        scales=["dorian", "mixolydian"],
        bass_programs=[36, 37],
        comp_programs=[27, 28, 7, 16, 4],
        lead_programs=BRASS + [65, 66, 7, 81],
        pad_programs=[61, 62],
        kits=(0, 8, 16),
        chord=4,
    ),
    "music box": Style(
        tempo=(70, 130),
        drums=["", ""],
        bass=["r---5---", ""],
        comp=["12321232", "1.3.2.3.", "1-------"],
        progressions=POP,
        scales=MAJORS,
        bass_programs=[10, 14, 46, 8],
        comp_programs=[10, 8, 9, 15, 112],
        lead_programs=[10, 8, 9, 13, 98, 15, 107, 108],
        lead=1.0,
    ),
    "chiptune": Style(
        tempo=(110, 180),
        drums=["k:x...x...x...x... s:....x.......x... h:x.x.x.x.x.x.x.x.", ""],
        bass=["r.8.r.8.", "r8r8r8r8", "rrr.rr5."],
        comp=["1231231231231231", "12321232", "1.1.2.2.3.3.2.2."],
        progressions=POP + ROCK,
        scales=MAJORS + MINORS,
        bass_programs=[80, 81, 38],
        comp_programs=[80, 81],
        lead_programs=[80, 81, 82, 80],
        kits=(25, 24),
        lead=1.0,
    ),
    "folk": Style(
        tempo=(80, 150),
        drums=[
            "a:x...x.x.x...x.x.",
            "k:x.......x....... m:x.x.x.x.x.x.x.x.",
            "l:x..x..x.x..x..x. g:...x..x....x..x.",
        ],
        bass=["r---5---", "r-------", "r...5..."],
        comp=["1.3.2.3.", "x.xxx.xx", "..x...x."],
        progressions=POP + STILL,
        scales=["major", "dorian", "mixolydian", "hijaz", "harmonic minor"],
        bass_programs=[32, 35, 109, 42],
        comp_programs=[24, 25, 105, 15, 21, 106, 107, 46, 104],
        lead_programs=[22, 40, 73, 74, 75, 77, 78, 79, 104, 106, 109, 110, 111, 21, 105],
    ),
    "reggae": Style(
        tempo=(65, 95),
        drums=[
            "r:........x....... k:........x....... h:x.x.x.x.x.x.x.x.",
            "k:x.......x....... s:........x....... h:..xo..xo..xo..xo",
        ],
        bass=["r..r5.8.", "..r-r-35", "r-5---3-"],
        comp=["..x...x.", "..x...xx"],
        progressions=POP + STILL,
        scales=MAJORS + MINORS,
        bass_programs=[33, 32, 38],
        comp_programs=[27, 16, 18, 0],
        lead_programs=[22, 57, 66, 17, 79, 26],
        pad_programs=[16, 18],
        kits=(0, 25),
    ),
}
