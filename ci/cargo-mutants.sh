#!/usr/bin/env bash
# ci/cargo-mutants.sh [ARGUMENT ...]: runs cargo-mutants on src/item, src/table and src/kinds. It changes each
# operator, condition and result in turn and runs the Rust tests, which must fail: first the quick
# model test, then, for changes that pass it, all other tests that exercise this code.
# .cargo/mutants.toml says which changes are left out, and why. Takes hours. Fails if the tests miss
# a change; target/cargo-mutants/mutants.out/missed.txt lists those. Arguments go to cargo mutants,
# for example: --re 'Table<K>::scan'
source "$(dirname "$0")/common.sh"
ci/deps.sh test
command -v cargo-mutants >/dev/null || cargo install --quiet --locked cargo-mutants
out=$root/target/cargo-mutants
mkdir -p "$out"
export CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_DEV_DEBUG=0
mutants() {
    local status=0
    cargo mutants --output "$out" --iterate --baseline skip --jobs "$(nproc)" --colors never "$@" || status=$?
    [ "$status" = 0 ] || [ "$status" = 2 ] || [ "$status" = 3 ] # 2: some were missed, 3: some took too long
}
PROPTEST_CASES=2 mutants --timeout 60 "$@" -- --locked --test model
CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_PROFILE_DEV_OPT_LEVEL=1 mutants --timeout 300 "$@" -- --locked --lib --test conformance --test promises
missed=$(wc -l <"$out/mutants.out/missed.txt")
echo "$missed missed"
[ "$missed" = 0 ]
