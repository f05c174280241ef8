"""Whole bands for music.py: they play the patterns of styles.py."""

import smf
import solos
import styles


def note_of(scale, degree):
    """Semitones of a degree of the scale that may lie in any octave."""
    octave, step = divmod(degree, len(scale))
    return 12 * octave + scale[step]


def steps(pattern, beats):
    """(beat, length, mark) of every step that begins something; - holds the one before."""
    width = beats / len(pattern) if pattern else 0
    for i, mark in enumerate(pattern):
        if mark not in ".-":
            held = len(pattern[i + 1 :]) - len(pattern[i + 1 :].lstrip("-"))
            yield i * width, (1 + held) * width, mark


class Band:
    """A style, a key, a progression and who plays it."""

    def __init__(self, song, name, rng, decks):
        self.song, self.rng = song, rng
        self.style = style = styles.STYLES[name]
        self.scale = styles.SCALES[rng.choice(style.scales)]
        self.root = rng.randrange(12)
        self.progression = rng.choice(style.progressions)
        self.drum_rows, self.bass_line, self.comp_line = (
            rng.choice(p) for p in (style.drums, style.bass, style.comp)
        )
        self.jitter = rng.choice([0, 0, 0.01, 0.02])  # beats
        self.decks = decks
        self.bass = self.part(0, rng.choice(style.bass_programs), 100)
        self.comp = self.part(1, self.pick(style.comp_programs), rng.randrange(60, 95))
        self.pad = self.lead = None
        if style.pad_programs and rng.random() < 0.7:
            self.pad = self.part(2, self.pick(style.pad_programs), rng.randrange(40, 80))
        if rng.random() < style.lead:
            self.lead = self.part(3, self.pick(style.lead_programs), rng.randrange(80, 115))
        self.drums = self.part(9, rng.choice(style.kits), rng.randrange(70, 110))
        low = rng.choice([45, 55, 60, 67])
        self.player = self.lead and solos.Player(self.lead, rng, low, low + 19, self.scale, self.root)

    def pick(self, programs):
        """One that suits the style, or now and then any."""
        return self.decks["any"].draw() if self.rng.random() < 0.35 else self.rng.choice(programs)

    def part(self, channel, program, volume):
        part = smf.Part(self.song, channel, program)
        solos.settings(part, self.rng, volume)
        return part

    def when(self, beat):
        """The moment with swing and the player's unevenness."""
        late = self.style.swing / 2 if beat % 1 == 0.5 else 0
        return beat + late + self.rng.uniform(0, self.jitter)

    def chord(self, degree, low):
        """Keys of the chord on a degree of the scale, stacked in thirds (two make a fifth) in the octave above low."""
        thirds = (0, 4) if self.style.chord == 2 else range(0, 2 * self.style.chord, 2)
        keys = [self.root + note_of(self.scale, degree + i) for i in thirds]
        return sorted(low + (k - low) % 12 for k in keys)

    def play_bass(self, start, degree, following):
        places = {"r": degree, "3": degree + 2, "5": degree + 4, "8": degree + 7, "7": following - 1}
        for beat, length, mark in steps(self.bass_line, self.style.beats):
            key = 28 + (self.root + note_of(self.scale, places[mark]) - 28) % 12 + (12 if mark == "8" else 0)
            self.bass.note(self.when(start + beat), length * 0.92, key, self.rng.uniform(85, 110))

    def play_comp(self, start, degree):
        keys = self.chord(degree, 52)
        for beat, length, mark in steps(self.comp_line, self.style.beats):
            chosen = keys if mark == "x" else [keys[(int(mark) - 1) % len(keys)]]
            for i, key in enumerate(chosen):
                self.comp.note(self.when(start + beat) + 0.01 * i, length * 0.9, key, self.rng.uniform(65, 100))

    def play_drums(self, start, fill, crash):
        hit = {"X": 118, "x": 95, "o": 60}
        beats = self.style.beats
        for row in self.drum_rows.split():
            drum, pattern = row.split(":")
            for beat, _, mark in steps(pattern, beats):
                if not (fill and beat >= beats / 2):
                    loud = hit[mark] + self.rng.uniform(-12, 8)
                    self.drums.note(self.when(start + beat), 0.2, styles.DRUMS[drum], loud)
        if crash and self.drum_rows:
            self.drums.note(start, 0.5, 49, 105)
        if fill and self.drum_rows:
            for i in range(beats * 2):
                if self.rng.random() < 0.8:
                    key = self.rng.choice([38, 38, 50, 48, 47, 45, 43, 41])
                    self.drums.note(start + beats / 2 + i / 4, 0.2, key, 70 + 40 * i / (2 * beats))

    def play_lead(self, start, degree):
        """A bar of melody on the eighths; the first and the long notes are of the chord."""
        chord = {k % 12 for k in self.chord(degree, 48)}
        beat, second = 0.0, self.song.tempo / 60  # beats in a second
        while beat < self.style.beats:
            length = self.rng.choice([0.25, 0.5, 0.5, 0.5, 1, 1, 1.5, 2])
            length = min(length, self.style.beats - beat)
            if self.rng.random() < 0.8:
                key = self.player.step()
                while (beat == 0 or length >= 1) and key % 12 not in chord and self.rng.random() < 0.9:
                    key = self.player.step(1)
                if self.rng.random() < self.player.glide * 0.5:
                    self.player.bend(start + beat, self.rng.choice([-2, -1]), 0, 0.1 * second)
                else:
                    self.lead.bend(start + beat, 0)
                self.lead.control(start + beat, smf.MODULATION, self.player.vibrato if length >= 1 else 0)
                loud = self.player.loud + self.rng.uniform(-12, 8)
                self.lead.note(self.when(start + beat), length * 0.9, key, loud)
            beat += length

    def perform(self, bars):
        """Sections of a few bars in which parts come and go."""
        section, on = self.rng.choice([2, 4, 4, 8]), {}
        for bar in range(bars):
            if bar % section == 0:
                on = {p: self.rng.random() < 0.8 for p in ("bass", "comp", "pad", "lead", "drums")}
                on["comp"] |= not (on["bass"] or on["lead"])
            start = bar * self.style.beats
            degree, following = (self.progression[(bar + i) % len(self.progression)] for i in (0, 1))
            if on["bass"]:
                self.play_bass(start, degree, following)
            if on["comp"]:
                self.play_comp(start, degree)
            if on["pad"] and self.pad:
                for key in self.chord(degree, 55):
                    self.pad.note(start, self.style.beats * 0.98, key, 75)
            if on["lead"] and self.lead:
                self.play_lead(start, degree)
            if on["drums"]:
                fill = (bar + 1) % section == 0 and self.rng.random() < 0.6
                self.play_drums(start, fill, crash=bar % section == 0)


def band(song, name, rng, decks, seconds):
    beats = styles.STYLES[name].beats
    Band(song, name, rng, decks).perform(int(seconds * song.tempo / 60 / beats) + 1)
    return name.replace(" ", "_")
