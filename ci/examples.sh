#!/usr/bin/env bash
# Builds and runs the examples. Each checks itself, the C examples also under valgrind. syncmap must
# find the bug that it plants.
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
run cargo run --quiet --locked --example wordcount
run $c/anatomy --svg target/examples/anatomy.svg >target/examples/anatomy.txt
grep -q '</svg>' target/examples/anatomy.svg

$go/syncmap -short -trace $trace.short >/dev/null
valgrind $c/replay $trace.short
valgrind $c/wordcount --check --threads 4 examples
valgrind $c/anatomy >/dev/null

# On a full disk each must say so and end with status 2.
fails_when_full() { # OUTPUT COMMAND...
    local status=0 message
    message=$("${@:2}" 2>&1 >"$1") || status=$?
    [ "$status" = 2 ] && [ -n "$message" ] || { echo "${*:2} >$1 must report the error and end with status 2, not $status: $message" >&2; exit 1; }
    echo "$message"
}
if [ -c /dev/full ]; then
    echo "-- a full disk"
    fails_when_full /dev/full $c/replay $trace.short
    fails_when_full /dev/full $c/wordcount examples
    fails_when_full /dev/full $c/anatomy
    fails_when_full /dev/null $c/anatomy --svg /dev/full
    fails_when_full /dev/full $go/wordcount examples
    fails_when_full /dev/full $go/syncmap -ops 1000
    fails_when_full /dev/null $go/syncmap -ops 1000 -trace /dev/full
else
    echo "-- a full disk: skipped, there is no /dev/full"
fi
