#!/bin/sh
# Makes the pictures of docs/LABELS.md, from the root of the repository:
#
#     sh docs/labels/make.sh
#
# The speech is synthesised. Needs Go, espeak-ng and sox; the pictures are as reproducible as those two (1.51, 14.4.2).
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A sentence with stops and pauses, and under it the faint noise of a recording.
espeak-ng -v en-us -s 150 -w "$scratch/said.wav" \
	"Frames are labelled in the clean recording. A stop, inside a word, is speech; a pause is not."
sox -R "$scratch/said.wav" -r 16000 -c 1 -b 16 "$scratch/speech.wav" norm -12 pad 0.5 1.3
seconds=$(sox --i -D "$scratch/speech.wav")
sox -R -n -r 16000 -c 1 -b 16 "$scratch/floor.wav" synth "$seconds" pinknoise vol 0.001
sox -R -m -v 1 "$scratch/speech.wav" -v 1 "$scratch/floor.wav" -b 16 "$scratch/sentence.wav"
printf 'path,seconds,sample_rate,speaker,label_or_transcript,split\nsentence.wav,,16000,,,\n' >"$scratch/clips.csv"

go run ./cmd/streamer eval --picture docs/labels "$scratch/sentence.wav"
go run ./cmd/streamer eval --picture docs/labels --data "$scratch" docs/labels/mix.json
