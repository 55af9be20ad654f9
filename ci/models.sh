#!/usr/bin/env bash
# ci/models.sh [--quick] [ARGUMENT...]: runs the protocols between threads under a model checker,
# which tries every interleaving of a few threads on the real source. --quick leaves out the models
# that take minutes. Arguments go to the tests.
source "$(dirname "$0")/common.sh"
log=$root/target/models.log
mkdir -p target
if [ "${1-}" = --quick ]; then
    shift
    set -- "${slow_models[@]/#/--skip=}" "$@"
fi
RUSTFLAGS="$models_flags" cargo test --quiet --release --lib --target-dir target/models -- models "$@" | tee "$log"
[ $# != 0 ] || record models "$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1 models of the real source under loom, every interleaving within their bounds/p' "$log")"
