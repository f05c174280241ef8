#!/usr/bin/env bash
# Measures what docs/LATENCY.md says, and writes it there. From the root of the repository, on a machine that has nothing else to do:
#
#     docs/latency.sh WORK [BLOCK...]
#
# WORK is a folder for what is made. Blocks:
#
#     latency   one stream, beside the echo
#     many      more streams, other chunks
#     capacity  how many streams fit, and docs/latency.png
#     memory    the capacity under a limit of memory
#     offline   recordings
#     flac      recordings that must be unpacked
#     step      frames
#     again     the first of all once more: do two runs agree?
#     soak      half an hour of streams that come and go; not among those that are run when none is named
set -euo pipefail
work=$1
shift
[ $# -gt 0 ] || set -- latency many capacity memory offline flac step again
page=docs/LATENCY.md
mkdir -p "$work"
go build -o "$work/streamer" ./cmd/streamer
unset STREAMER_DATA NATS_URL NATS_CONTEXT GOGC GOMEMLIMIT

# put NAME: standard input becomes what stands between <!-- NAME --> and <!-- /NAME -->.
put() {
	cat >"$work/$1.text"
	[ -s "$work/$1.text" ] || { echo "latency.sh: nothing to write as $1" >&2 && return 1; }
	{ printf '```\n' && cat "$work/$1.text" && printf '```\n'; } >"$work/$1.block"
	awk -v name="$1" -v block="$work/$1.block" '
		$0 == "<!-- /" name " -->" { inside = 0 }
		!inside { print }
		$0 == "<!-- " name " -->" { inside = 1; while ((getline line < block) > 0) print line }
	' "$page" >"$work/page" && cp "$work/page" "$page"
}

bench() { "$work/streamer" bench "$@"; }

# rows NAME COMMAND...: the three lines that compare worker and echo.
rows() {
	printf '%s\n' "$1"
	shift
	"$@" | grep -E '^ +(p50|worker|echo)|noisy' | sed 's/ *$//'
}

block_latency() { bench latency --rounds 6 | put latency; }
block_many() {
	{
		rows '1 stream, chunks of 2 ms' bench latency --chunk 2ms --rounds 3
		rows '10 streams, chunks of 20 ms' bench latency --streams 10 --rounds 3
		rows '50 streams, chunks of 20 ms' bench latency --streams 50 --rounds 3
		rows '200 streams, chunks of 20 ms' bench latency --streams 200 --rounds 3
		rows '50 streams, chunks of 100 ms' bench latency --streams 50 --chunk 100ms --rounds 3
		rows '1 stream, chunks of 20 ms, without TCP' bench latency --in-process --rounds 3
	} | put many
}
block_capacity() { bench capacity --from 500 --plot docs/latency.png | put capacity; }
block_memory() { GOMEMLIMIT=256MiB "$work/streamer" bench capacity --streams 500,1000,1500,2000 | put memory; }
block_offline() { bench offline | put offline; }
block_flac() { bench offline testdata/digits/*.flac | put flac; }
block_step() { bench step | put step; }
block_again() {
	bench latency --json >"$work/first.json"
	bench latency --json --compare "$work/first.json" --tolerance 0.15 2>"$work/again.txt" >"$work/second.json" || true
	sed "/^\$/d; /^streamer:/d; s|$work/||" "$work/again.txt" | put again
}
block_soak() { bench soak --streams 500 --for 30m | put soak; }

for block in "$@"; do
	grep -qx "<!-- $block -->" "$page" || { echo "latency.sh: $page has no line <!-- $block -->" >&2 && exit 1; }
	"block_$block"
done
