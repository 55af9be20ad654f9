#!/usr/bin/env bash
# Builds and runs the examples: each checks itself, the C ones also under valgrind. And syncmap must see the bug it plants.
source "$(dirname "$0")/common.sh"
ci/build-examples.sh
c=target/examples/c
go=target/examples/go
trace=target/examples/syncmap.trace
run() { echo "-- ${*#target/examples/}"; "$@"; }
valgrind() { run command valgrind --quiet --error-exitcode=99 --leak-check=full --fair-sched=yes "$@"; }

run $go/syncmap -trace $trace
run $c/replay $trace
echo "-- go/syncmap -plant"
planted=0
report=$($go/syncmap -short -plant 2>&1) || planted=$?
printf '%s\n' "$report"
[ "$planted" = 1 ] || { echo "syncmap -plant must find the planted bug and end with status 1, not $planted" >&2; exit 1; }

run $c/wordcount --check --threads 8 /usr/include
run $go/wordcount -check -threads 8 /usr/include
run $c/anatomy --svg target/examples/anatomy.svg >target/examples/anatomy.txt
grep -q '</svg>' target/examples/anatomy.svg

$go/syncmap -short -trace $trace.short >/dev/null
valgrind $c/replay $trace.short
valgrind $c/wordcount --check --threads 4 examples
valgrind $c/anatomy >/dev/null
