#!/usr/bin/env bash
# Runs the experiments of docs/COURSE.md, and writes what they print into it, and pictures and JSON into docs/course. From the root
# of the repository:
#
#     docs/course.sh WORK [NAME...]
#
# WORK is a folder for scratch files. NAMEs are those of `streamer lab`, and `quick` for the quick forms that tests compare with; without
# any, all of them.
set -euo pipefail
work=$1
shift
page=docs/COURSE.md
mkdir -p "$work" docs/course
go build -o "$work/streamer" ./cmd/streamer
[ $# -gt 0 ] || set -- $("$work/streamer" lab | cut -d ' ' -f 1) quick

# put NAME: standard input becomes what stands between <!-- NAME --> and <!-- /NAME -->.
put() {
	grep -qx "<!-- $1 -->" "$page" || { echo "course.sh: $page has no line <!-- $1 -->" >&2 && return 1; }
	cat >"$work/text"
	[ -s "$work/text" ] || { echo "course.sh: nothing to write as $1" >&2 && return 1; }
	{ printf '```\n' && cat "$work/text" && printf '```\n'; } >"$work/block"
	awk -v name="$1" -v block="$work/block" '
		$0 == "<!-- /" name " -->" { inside = 0 }
		!inside { print }
		$0 == "<!-- " name " -->" { inside = 1; while ((getline line < block) > 0) print line }
	' "$page" >"$work/page" && cp "$work/page" "$page"
}

for name in "$@"; do
	if [ "$name" = quick ]; then
		"$work/streamer" lab --quick --json all >docs/course/quick.jsonl
	else
		"$work/streamer" lab --out docs/course "$name" | put "$name"
	fi
done
