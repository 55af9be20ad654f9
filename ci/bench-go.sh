#!/usr/bin/env bash
# Compares the Go binding with other maps that Go programs use. Arguments go to the benchmark
# (--help lists them). The first time, Go downloads one of the maps, xsync.
source "$(dirname "$0")/common.sh"
ci/deps.sh bench-go
ci/build.sh
program=$root/target/bench/bench-go
(cd bindings/go/bench && go vet . && go build -o "$program" .)
exec "$program" "$@"
