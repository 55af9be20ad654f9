#!/usr/bin/env bash
# A short comparison with other maps. Arguments go to the benchmark (--help lists them).
source "$(dirname "$0")/common.sh"
ci/build.sh
exec cargo run --quiet --release --manifest-path benches/Cargo.toml --target-dir target/benches -- "$@"
