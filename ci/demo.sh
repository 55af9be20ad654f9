#!/usr/bin/env bash
# Builds all and shows it: Go's sync.Map as the judge of every kind, the words of a real source tree, and a map drawn.
source "$(dirname "$0")/common.sh"
ci/deps.sh demo
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
chapter() { printf '\n%s%s%s\n%s\n\n' "$bold" "$1" "$plain" "$2"; }

echo "building (the first time, a minute or two)"
ci/build-examples.sh
trace=target/examples/demo.trace

chapter "1. Go's sync.Map is the judge" "Random operations on sync.Map and on each kind, every result compared; then eight goroutines at once."
target/examples/go/syncmap -short -trace $trace
chapter "   and the same from C" "The operations and results that were recorded from sync.Map, replayed through the C interface."
target/examples/c/replay $trace

chapter "2. The words of a real source tree" "Threads add into one map; every count is compared with a plain single-threaded count."
target/examples/c/wordcount --check

chapter "3. Inside a map" "A small table as it fills, overflows and grows; then how read and dirty map trade places."
target/examples/c/anatomy --svg target/examples/anatomy.svg
printf '\nThe same as a picture: %s\n' target/examples/anatomy.svg
