#!/usr/bin/env bash
# ci/fuzz.sh [SECONDS]: fuzzes the interfaces and compares them with a model, for SECONDS (60) on
# each processor. Operations run with libFuzzer under AddressSanitizer (PORTOLAN_ASAN=0 turns that
# off if the compiler lacks it); the Go binding runs with go test -fuzz. Starts from the inputs in
# tests/fuzz/corpus. Findings go to target/fuzz; any finding is an error.
source "$(dirname "$0")/common.sh"
ci/deps.sh test
seconds=${1:-60} jobs=$(nproc)
corpus=$root/target/fuzz/corpus
mkdir -p "$corpus" target/fuzz/found

# The flags that cargo-fuzz passes: they count every edge and trace every comparison. Stable
# compilers do not accept -Zsanitizer, hence RUSTC_BOOTSTRAP.
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
if [ "${PORTOLAN_ASAN-1}" = 1 ]; then
    export RUSTC_BOOTSTRAP=1
    flags+=" -Zsanitizer=address"
fi
target=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS=$flags cargo build --quiet --locked --release --manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzz/build --target "$target"

log=$root/target/fuzz/operations.log
# The limits are generous: a map keeps memory that readers may still look at, and long chains take
# time; neither is a bug. A leak at the end fails the run.
(cd target/fuzz/found && "../build/$target/release/operations" "$corpus" "$root/tests/fuzz/corpus" -max_total_time="$seconds" \
    -jobs="$jobs" -workers="$jobs" -max_len=2000 -len_control=0 -timeout=60 -rss_limit_mb=4096 -print_final_stats=1) >"$log" 2>&1 ||
    { tail -n 50 "$log" >&2; echo "operations: the fuzzer found something, see target/fuzz/found and $log" >&2; exit 1; }
runs=$(sed -n 's/^stat::number_of_executed_units: //p' target/fuzz/found/fuzz-*.log | awk '{ all += $1 } END { print all }')
edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' target/fuzz/found/fuzz-*.log | sort -n | tail -n 1)
echo "operations: $runs runs, $edges edges"

ci/build.sh
cd bindings/go
log=$root/target/fuzz/go.log
go test -run '^$' -fuzz FuzzMap -fuzztime "${seconds}s" . >"$log" || { cat "$log" >&2; exit 1; }
go_runs=$(sed -n 's/.* execs: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
echo "Go: $go_runs runs"
record fuzz "$seconds s on $jobs processors: $runs sequences of calls through C and Rust under AddressSanitizer ($edges edges of the code), $go_runs through Go: all agree with the model"
