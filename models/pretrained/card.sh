#!/usr/bin/env bash
# Measures the shipped models and writes what it finds into MODEL_CARD.md, between the comments that name each block. From the
# root of the repository:
#
#     models/pretrained/card.sh DATA WORK PYTHON [BLOCK...]
#
# DATA is the data root as for `streamer train --data`, WORK a folder for mixes and the models of the cross-corpus tables, which
# is where the time goes, PYTHON an interpreter with training/peers/requirements.txt. Other detectors are
# asked once for each state of the recipe. Blocks: scores late drift corpora cost.
set -euo pipefail
data=$1 work=$2 python=$3
shift 3
[ $# -gt 0 ] || set -- scores late drift corpora cost
recipe=training/recipes/vad-causal.json
card=models/pretrained/MODEL_CARD.md
mkdir -p "$work"
for block in "$@"; do
	grep -qx "<!-- $block -->" "$card" || { echo "card.sh: $card has no line <!-- $block -->" >&2 && exit 1; }
done
go build -o "$work/streamer" ./cmd/streamer
export STREAMER_DATA=$data

# put NAME: standard input becomes what stands between <!-- NAME --> and <!-- /NAME -->.
put() {
	cat >"$work/$1.text"
	[ -s "$work/$1.text" ] || { echo "card.sh: nothing to write as $1" >&2 && return 1; }
	{ printf '```\n' && cat "$work/$1.text" && printf '```\n'; } >"$work/$1.block"
	awk -v name="$1" -v block="$work/$1.block" '
		$0 == "<!-- /" name " -->" { inside = 0 }
		!inside { print }
		$0 == "<!-- " name " -->" { inside = 1; while ((getline line < block) > 0) print line }
	' "$card" >"$work/card" && cp "$work/card" "$card"
}

# ours leaves the corpora out behind the first table, and of the paired differences those without one of our models.
ours() { awk '/^Segments/ { later = 1 } /^Differences/ { pairs = 1 } (!later || !/^corpus/) && (!pairs || !/ - / || / vad /)'; }

block_scores() {
	local probs=() answers
	answers=$work/answers-$(sha256sum <"$recipe" | cut -c1-12)
	if [ ! -e "$answers/done" ]; then
		rm -rf "$work/mixes"
		"$work/streamer" eval --write "$work/mixes" "$recipe"
		"$python" training/peers/score.py --out "$answers" "$work/mixes"
		touch "$answers/done"
	fi
	for d in webrtc silero ten rnnoise; do probs+=(--probs "$answers/$d.jsonl"); done
	"$work/streamer" eval "${probs[@]}" "$recipe" >"$work/scores.txt"
	ours <"$work/scores.txt" | put scores
	"$work/streamer" eval --reliability docs/reliability.png "$recipe" >/dev/null # of ours alone
}

# late: the model that waits between the two ends.
block_late() {
	local models=()
	for mode in causal delay80 bidirectional; do models+=(--model "models/pretrained/vad-$mode.safetensors"); done
	"$work/streamer" eval "${models[@]}" "$recipe" | awk '/ energy/ { next } 1' | ours | put late
}

block_drift() { "$work/streamer" eval --drift "$recipe" | put drift; }

block_corpora() {
	local steps=2500
	for corpus in librispeech picovoice_coffee speech_commands; do
		"$work/streamer" train --without "$corpus" --steps $steps --out "$work/without-$corpus" "$recipe" >&2
		printf 'train --without %s --steps %d, eval --only %s\n' "$corpus" $steps "$corpus"
		"$work/streamer" eval --only "$corpus" --model "$work/without-$corpus/vad-causal.safetensors" "$recipe" |
			awk '/^group/ || / vad-causal  / { print } /^onset/ { exit }'
		echo
	done | put corpora
}

block_cost() { go test ./pipeline -run '^$' -bench Session -benchtime 2s | grep -E '^(cpu|Benchmark)' | put cost; }

for block in "$@"; do "block_$block"; done
