#!/usr/bin/env bash
# Draws the results of the last benchmark run into docs/benchmarks, and writes its tables into
# docs/benchmarks.md.
source "$(dirname "$0")/common.sh"
ci/build.sh
exec cargo run --quiet --release --manifest-path benches/Cargo.toml --target-dir target/benches -- \
    --charts docs/benchmarks --report docs/benchmarks.md
