#!/usr/bin/env bash
# ci/schedules.sh [SCHEDULES]: runs whole maps under shuttle. For each scenario, kind, type and hash
# it tries SCHEDULES (30) random schedules of each of two sorts.
source "$(dirname "$0")/common.sh"
export PORTOLAN_SCHEDULES=${1:-30} CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0
log=$root/target/schedules.log
mkdir -p target
RUSTFLAGS="--cfg shuttle -C debug-assertions" cargo test --quiet --locked --release --test schedules --target-dir target/schedules | tee "$log"
record schedules "$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1/p' "$log") scenarios on 32 configurations of maps under shuttle, $((2 * PORTOLAN_SCHEDULES)) schedules each"
