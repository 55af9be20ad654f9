#!/usr/bin/env bash
# Builds everything and shows it: checks every kind against Go's sync.Map, counts the words of a
# source tree, draws a map.
source "$(dirname "$0")/common.sh"
ci/deps.sh demo
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
chapter() { printf '\n%s%s%s\n%s\n\n' "$bold" "$1" "$plain" "$2"; }

echo "building (the first time, a minute or two)"
ci/build-examples.sh
trace=target/examples/demo.trace

chapter "1. Every kind agrees with Go's sync.Map" "Runs random operations on sync.Map and on each kind and compares every result; then eight goroutines at once."
target/examples/go/syncmap -short -trace $trace
chapter "   The same from C" "Replays the operations and results recorded from sync.Map through the C interface."
target/examples/c/replay $trace

chapter "2. The words of a source tree" "Threads add their counts to one map; each count is compared with a single-threaded one."
target/examples/c/wordcount --check

chapter "3. Inside a map" "A small table fills, overflows and grows; then the read map and the dirty map trade places."
target/examples/c/anatomy --svg target/examples/anatomy.svg
printf '\nAs a picture: %s\n' target/examples/anatomy.svg
