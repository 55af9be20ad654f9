#!/usr/bin/env bash
# ci/sanitize.sh: runs the C and C++ tests, and the recorder of histories, under AddressSanitizer
# with UndefinedBehaviorSanitizer and under ThreadSanitizer, each time with an instrumented library.
# Runs the Rust tests under AddressSanitizer. Stable compilers do not accept -Zsanitizer, hence
# RUSTC_BOOTSTRAP. There are no suppressions.
source "$(dirname "$0")/common.sh"
ci/deps.sh sanitize
export RUSTC_BOOTSTRAP=1
target=$(rustc -vV | sed -n 's/^host: //p')
work=$root/target/sanitize
runtimes=$(rustc --print target-libdir)

# The standard library is not instrumented; the compiler refuses the mixture unless told that it is
# intended. (src/base/sync/locks.rs uses the cfg tsan.)
rust_flags() {
    local flags="-Zsanitizer=$1 -Cunsafe-allow-abi-mismatch=sanitizer"
    [ "$1" != thread ] || flags+=" --cfg tsan"
    echo "$flags"
}
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 PORTOLAN_OPS=${PORTOLAN_OPS:-20000}

# programs SANITIZER COMPILER-OPTIONS: runs the C and C++ tests with a library instrumented like
# them.
programs() {
    local sanitizer=$1 options=$2
    RUSTFLAGS=$(rust_flags "$sanitizer") cargo rustc --quiet --locked --release --lib --crate-type staticlib --target "$target" --target-dir "$work/$sanitizer"
    local archive=$work/$sanitizer/$target/release/libportolan.a program source
    for source in tests/c/*.c tests/cpp/*.cpp tests/linear/record/record.c; do
        program=$work/$sanitizer/$(basename "$source")
        case $source in
        *.c) compile=(clang -std=c11 -D_GNU_SOURCE) ;;
        *) compile=(clang++ -std=c++17 -Ibindings/cpp) ;;
        esac
        # shellcheck disable=SC2086 # the options are several words
        "${compile[@]}" -O1 -g $options "$kinds" -Iinclude -pthread -c "$source" -o "$program.o"
        # rustc's own sanitizer runtime: clang's may be older than what rustc's code calls.
        "${compile[0]}" -pthread "$program.o" "$archive" -Wl,--whole-archive "$runtimes/librustc-stable_rt.${sanitizer:0:1}san.a" -Wl,--no-whole-archive \
            -Wl,--export-dynamic -ldl -lm -o "$program"
        arguments=()
        [[ $source != */record.c ]] || arguments=(20000) # calls
        "$program" "${arguments[@]}" >"$program.log" 2>&1 || { tail -n 50 "$program.log" >&2; echo "$source fails under $sanitizer" >&2; exit 1; }
        echo "$source under $sanitizer: $(grep ' passed, ' "$program.log" || wc -l <"$program.log")"
    done
}

# The vptr check needs a part of the runtime that rustc does not ship.
programs address "-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all"
programs thread "-fsanitize=thread"

# The Rust tests run under AddressSanitizer only. They order their threads by the standard library's
# thread::scope, which ThreadSanitizer cannot see; the C tests use pthread_join, which it sees.
export RUSTFLAGS
RUSTFLAGS=$(rust_flags address)
tests=(cargo test --quiet --locked --release --target "$target" --target-dir "$work/address-tests")
ASAN_OPTIONS=detect_leaks=0 "${tests[@]}" --lib # some leave tables behind
# Skipped: the test measures the memory of the process, which now includes the sanitizer's.
"${tests[@]}" --test conformance --test promises --test model -- --skip shrinking_gives_pages_back_to_the_system
record sanitize "AddressSanitizer with UndefinedBehaviorSanitizer, and ThreadSanitizer: every program in tests/c and tests/cpp, and the recorder of histories; AddressSanitizer: the Rust tests. No report, no suppression"
