#!/usr/bin/env bash
# The protocols under a model checker: every interleaving of a few threads, on the real source. Arguments go to the tests.
source "$(dirname "$0")/common.sh"
log=$root/target/models.log
mkdir -p target
RUSTFLAGS="--cfg loom" cargo test --quiet --release --lib --target-dir target/models -- models "$@" | tee "$log"
[ $# != 0 ] || record models "$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1 models of the real source under loom, every interleaving within their bounds/p' "$log")"
