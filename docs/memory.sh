#!/usr/bin/env bash
# What a stream costs a worker in memory: the figures of docs/OPERATIONS.md. From the root of the repository, with curl:
#
#     docs/memory.sh 0 50 200
#     FLAGS="--final none" docs/memory.sh 0 50 200
#
# For each number of streams a worker is started, with a NATS server in its process, and a recording is played to all of them in real time.
# Ten seconds in, the heap is read after a collection, and what the process has resident.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$scratch"' EXIT
go build -o "$scratch/streamer" ./cmd/streamer
http=127.0.0.1:9464 nats=127.0.0.1:4252

figure() { curl -sf "http://$http/metrics" | awk -v name="$1" '$1 == name { printf "%.0f", $2 / 1024 }'; }

echo "streams   heap KiB   resident KiB   queued"
for n in "$@"; do
	mkdir "$scratch/$n"
	for i in $(seq "$n"); do ln -s "$PWD/cmd/streamer/demo/demo.wav" "$scratch/$n/s$i.wav"; done
	"$scratch/streamer" serve --embedded --listen "$nats" --http "$http" ${FLAGS:-} 2>/dev/null &
	until curl -sf "http://$http/readyz" >/dev/null; do sleep 0.1; done
	if [ "$n" -gt 0 ]; then "$scratch/streamer" publish --server "nats://$nats" "$scratch/$n"/*.wav 2>/dev/null & fi
	sleep 10
	resident=$(figure process_resident_memory_bytes)
	curl -sf "http://$http/debug/pprof/heap?gc=1" >/dev/null
	printf '%7d %10d %14d %8d\n' "$n" "$(figure go_memstats_heap_alloc_bytes)" "$resident" "$(figure streamer_queued_bytes)"
	kill $(jobs -p) 2>/dev/null || true
	wait
done
