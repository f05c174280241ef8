#!/usr/bin/env bash
# Measures what waiting buys, and writes it into docs/TRADEOFF.md, docs/tradeoff.json and docs/tradeoff.png. From the root of the
# repository, after `streamer train --data DATA --out RUNS training/recipes/vad-tradeoff.json`:
#
#     docs/tradeoff.sh DATA RUNS WORK [BLOCK...]
#
# DATA is the data root as for `streamer train --data`, RUNS the folder of the trained variants, WORK a folder for mixes. Blocks:
#
#     trained   the variants of the recipe, alike but for how they wait
#     shipped   the weights inside the program
#     cost      what hearing blocks costs
set -euo pipefail
data=$1 runs=$2 work=$3
shift 3
[ $# -gt 0 ] || set -- trained shipped cost
page=docs/TRADEOFF.md
mkdir -p "$work"
go build -o "$work/streamer" ./cmd/streamer
export STREAMER_DATA=$data

# put NAME: standard input becomes what stands between <!-- NAME --> and <!-- /NAME -->.
put() {
	cat >"$work/$1.text"
	[ -s "$work/$1.text" ] || { echo "tradeoff.sh: nothing to write as $1" >&2 && return 1; }
	{ printf '```\n' && cat "$work/$1.text" && printf '```\n'; } >"$work/$1.block"
	awk -v name="$1" -v block="$work/$1.block" '
		$0 == "<!-- /" name " -->" { inside = 0 }
		!inside { print }
		$0 == "<!-- " name " -->" { inside = 1; while ((getline line < block) > 0) print line }
	' "$page" >"$work/page" && cp "$work/page" "$page"
}

block_trained() {
	"$work/streamer" compare --runs "$runs" --json --png docs/tradeoff.png training/recipes/vad-tradeoff.json >docs/tradeoff.json
	"$work/streamer" compare --runs "$runs" training/recipes/vad-tradeoff.json | put trained
}

block_shipped() {
	rm -rf "$work/mixes"
	"$work/streamer" eval --write "$work/mixes" training/recipes/vad-causal.json
	"$work/streamer" compare --labels "$work/mixes" "$work"/mixes/{clean,10dB,5dB,0dB,far,phone,quiet}-*.wav | put shipped
}

block_cost() { go test ./models -run '^$' -bench Blocks -benchtime 30x | grep -E '^(cpu|Benchmark)' | put cost; }

for block in "$@"; do
	grep -qx "<!-- $block -->" "$page" || { echo "tradeoff.sh: $page has no line <!-- $block -->" >&2 && exit 1; }
	"block_$block"
done
