#!/usr/bin/env bash
# Compares the Go binding with the maps that Go programs use otherwise; arguments go to the benchmark (--help tells).
# Go fetches one of them, xsync, the first time.
source "$(dirname "$0")/common.sh"
ci/deps.sh bench-go
ci/build.sh
program=$root/target/bench/bench-go
(cd bindings/go/bench && go vet . && go build -o "$program" .)
exec "$program" "$@"
