"""Solos and duos for music.py: what a melodic instrument does that may pass for a voice. One beat is one second."""

import smf
import styles

VOICE = (40, 67)  # keys of 82 to 392 Hz


class Player:
    """One melodic instrument: where it plays, on which scale and with which habits."""

    def __init__(self, part, rng, low, high, scale, root):
        self.part, self.rng, self.scale = part, rng, scale
        keys = [k for k in range(low, high + 1) if (k - root) % 12 in scale]
        self.keys = keys
        self.at = rng.randrange(len(keys))
        self.loud = rng.uniform(70, 120)
        self.glide = rng.choice([0, 0.2, 0.6, 0.9])  # chance of gliding into a note
        self.vibrato = rng.choice([0, 0, 40, 80, 120])  # depth of the mod wheel
        self.swell = rng.random() < 0.6
        self.sustained = part.program in styles.SUSTAINED

    def step(self, furthest=3):
        """The next key: mostly near the last one."""
        leap = self.rng.choice([-1, 1]) * self.rng.choice([0, 1, 1, 1, 1, 2, 2, furthest, 2 * furthest])
        self.at = min(len(self.keys) - 1, max(0, self.at + leap))
        return self.keys[self.at]

    def bend(self, beat, start, end, seconds):
        """A glide of the pitch from start to end, in semitones around the note."""
        count = max(2, int(seconds / 0.012))
        for i in range(count + 1):
            x = i / count
            self.part.bend(beat + x * seconds, start + (end - start) * x * x * (3 - 2 * x))

    def play(self, beat, length, key, velocity):
        """A note with the player's habits."""
        if self.rng.random() < self.glide:
            seconds = min(length * 0.6, self.rng.uniform(0.04, 0.25))
            self.bend(beat, self.rng.choice([-4, -3, -2, -2, -1, 1, 2]), 0, seconds)
        else:
            self.part.bend(beat, 0)
        if self.sustained and length > 0.25:
            self.shape(beat, length)
        self.part.note(beat, length, key, velocity)

    def shape(self, beat, length):
        """Swell and late vibrato over a note."""
        peak = self.rng.uniform(0.1, 0.9)
        for i in range(int(length / 0.03)):
            x = i * 0.03 / length
            if self.swell:
                rise = x / peak if x < peak else (1 - x) / (1 - peak)
                self.part.control(beat + i * 0.03, smf.EXPRESSION, 55 + 72 * rise)
            self.part.control(beat + i * 0.03, smf.MODULATION, self.vibrato * min(1, max(0, 2.5 * x - 0.5)))

    def sing(self, beat, end):
        """A phrase of notes of uneven length."""
        unit = self.rng.uniform(0.12, 0.35)
        while beat < end:
            length = unit * self.rng.choice([1, 1, 1, 2, 2, 3, 4, 0.5])
            self.play(beat, length * self.rng.uniform(0.8, 1.05), self.step(), self.loud + self.rng.uniform(-15, 10))
            beat += length
        return beat

    def talk(self, beat, end):
        """Syllables: the loudness dips three to seven times a second while the pitch falls and is accented."""
        rate, fall = self.rng.uniform(3, 7), self.rng.uniform(0, 5)
        key, start = self.step(), beat
        if self.sustained:
            self.part.note(beat, end - beat, key, self.loud)
        pitch = self.rng.uniform(0, 3)
        while beat < end - 0.05:
            length = min(end - beat, self.rng.uniform(0.6, 1.6) / rate)
            target = self.rng.choice([0, 1, 2, -1, 4, -2]) - fall * (beat - start) / (end - start)
            if not self.sustained:
                self.part.note(beat, length * 0.9, key, self.loud + self.rng.uniform(-25, 10))
            self.bend(beat, pitch, target, length * 0.8)
            self.syllable(beat, length)
            pitch, beat = target, beat + length
        self.part.control(beat, smf.EXPRESSION, 110)
        return beat

    def syllable(self, beat, length):
        """Loudness up and down once, with a stop at the end now and then."""
        deep = self.rng.choice([5, 30, 50, 70])
        for i in range(max(3, int(length / 0.012))):
            x = i * 0.012 / length
            rise = min(1, x / 0.25) if x < 0.6 else max(0, (1 - x) / 0.4)
            self.part.control(beat + i * 0.012, smf.EXPRESSION, deep + (120 - deep) * rise)

    def hold(self, beat, end):
        """One long note."""
        self.play(beat, end - beat, self.step(), self.loud)
        return end

    def run(self, beat, end):
        """Quick notes up and down, or a trill."""
        unit, way = self.rng.uniform(0.06, 0.14), self.rng.choice([-1, 1])
        trill = self.rng.random() < 0.3
        self.part.bend(beat, 0)
        while beat < end:
            way = -way if trill or not 0 <= self.at + way < len(self.keys) else way
            self.at = min(len(self.keys) - 1, max(0, self.at + way))
            self.part.note(beat, unit * 0.95, self.keys[self.at], self.loud + self.rng.uniform(-15, 10))
            beat += unit
        return beat

    def chords(self, beat, end):
        """Two to four notes at once."""
        self.part.bend(beat, 0)
        while beat < end:
            length = self.rng.choice([0.2, 0.3, 0.4, 0.6, 0.9])
            self.step()
            for i in range(self.rng.choice([2, 3, 3, 4])):
                key = self.keys[min(len(self.keys) - 1, self.at + 2 * i)]
                self.part.note(beat, length, key, self.loud - 10 + self.rng.uniform(-10, 10))
            beat += length
        return beat

    def perform(self, seconds, beat=0.0):
        """Phrases with breaths between them."""
        habits = [self.sing, self.sing, self.talk, self.talk, self.hold, self.run, self.chords]
        favourite = self.rng.choice(habits)
        short = self.rng.random() < 0.3  # calls and answers rather than long lines
        while beat < seconds:
            manner = favourite if self.rng.random() < 0.65 else self.rng.choice(habits)
            phrase = self.rng.uniform(0.15, 0.8) if short else self.rng.uniform(0.8, 4.0)
            self.part.control(beat, smf.EXPRESSION, 110)
            self.part.control(beat, smf.MODULATION, 0)
            beat = manner(beat, beat + phrase)
            if self.rng.random() < 0.75:
                beat += self.rng.choice([0.1, 0.2, 0.3, 0.5, 0.8, 1.3, 2.0])


def settings(part, rng, volume=100):
    part.control(0, smf.VOLUME, volume)
    part.control(0, smf.REVERB, rng.choice([0, 20, 40, 60, 100]))
    part.control(0, smf.CHORUS, rng.choice([0, 0, 20, 60]))


def solo(song, rng, decks, seconds, together=1):
    """One instrument, often two by turns, or two together that answer, accompany or follow one another."""
    root, scale = rng.randrange(12), rng.choice(styles.MELODIC)
    turn = seconds / 2 if together == 1 and rng.random() < 0.5 else seconds
    spans = [(0, turn), (turn, seconds)] if turn < seconds else [(0, seconds)] * together
    for channel, (start, end) in enumerate(spans):
        deck = decks["voice-like"] if rng.random() < 0.5 else decks["other"]
        part = smf.Part(song, channel, deck.draw())
        settings(part, rng, 110 if channel == 0 else rng.randrange(60, 110))
        if rng.random() < 0.65:
            low, high = VOICE
        else:
            low = rng.randrange(28, 72)
            high = low + rng.randrange(12, 25)
        Player(part, rng, low, high, scale, root).perform(end, start + rng.choice([0, 0, 0.3, 1.0]))
    return "solo" if together == 1 else "duo"
