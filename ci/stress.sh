#!/usr/bin/env bash
# Runs the timed tests and those with random input for longer: PORTOLAN_SECONDS (30) each.
source "$(dirname "$0")/common.sh"
ci/deps.sh test
ci/build-examples.sh
seconds=${PORTOLAN_SECONDS:-30}
export PORTOLAN_SECONDS=$seconds PROPTEST_CASES=$((seconds * 100))

echo "== Rust, optimised"
CARGO_PROFILE_RELEASE_LTO=off cargo test --quiet --locked --release --target-dir target/stress
echo "== C"
ci/c-tests.sh
ci/dlopen.sh $((seconds * 20))
echo "== Go, race detector, constant garbage collection"
(cd bindings/go && GOGC=1 go test -race -count=$((seconds / 30 + 1)) ./...)
echo "== every kind against Go's sync.Map"
target/examples/go/syncmap -ops $((seconds * 100000))
