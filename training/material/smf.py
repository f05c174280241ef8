"""A small writer of Standard MIDI Files (format 0). Times are in beats; a Part is one instrument on one channel."""

import struct

PPQ = 480  # ticks in a beat
BEND_RANGE = 12  # semitones of a full pitch bend
VOLUME, PAN, EXPRESSION, MODULATION, REVERB, CHORUS = 7, 10, 11, 1, 91, 93


def variable_length(n):
    """n in groups of 7 bits, all but the last with the high bit set."""
    out = [n & 127]
    while n := n >> 7:
        out.insert(0, n & 127 | 128)
    return bytes(out)


class Song:
    def __init__(self, tempo):
        self.tempo = tempo  # beats a minute
        self.events = []  # (tick, order, message): notes end before others begin, settings come between

    def add(self, beat, order, *message):
        self.events.append((max(0, round(beat * PPQ)), order, bytes(message)))

    def write(self, path):
        track = variable_length(0) + b"\xff\x51\x03" + struct.pack(">I", round(60e6 / self.tempo))[1:]
        now = 0
        for tick, _, message in sorted(self.events, key=lambda e: e[:2]):
            track += variable_length(tick - now) + message
            now = tick
        track += variable_length(0) + b"\xff\x2f\x00"
        with open(path, "wb") as f:
            f.write(b"MThd" + struct.pack(">IHHH", 6, 0, 1, PPQ) + b"MTrk" + struct.pack(">I", len(track)) + track)


class Part:
    def __init__(self, song, channel, program):
        self.song, self.channel, self.program = song, channel, program
        song.add(0, 0, 0xC0 | channel, program)
        for number, value in ((101, 0), (100, 0), (6, BEND_RANGE)):  # the range of the pitch bend
            self.control(0, number, value)

    def note(self, beat, length, key, velocity):
        key, velocity = min(127, max(0, round(key))), min(127, max(1, round(velocity)))
        self.song.add(beat, 2, 0x90 | self.channel, key, velocity)
        self.song.add(max(beat + length, beat + 0.01), 0, 0x80 | self.channel, key, 0)

    def control(self, beat, number, value):
        self.song.add(beat, 1, 0xB0 | self.channel, number, min(127, max(0, round(value))))

    def bend(self, beat, semitones):
        value = min(16383, max(0, 8192 + round(semitones / BEND_RANGE * 8192)))
        self.song.add(beat, 1, 0xE0 | self.channel, value & 127, value >> 7)
