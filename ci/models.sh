#!/usr/bin/env bash
# The protocols under a model checker: every interleaving of a few threads, on the real source. Arguments go to the tests.
source "$(dirname "$0")/common.sh"
RUSTFLAGS="--cfg loom" exec cargo test --quiet --release --lib --target-dir target/models -- models "$@"
