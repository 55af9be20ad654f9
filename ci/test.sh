#!/usr/bin/env bash
# ci/test.sh [STEP ...]: runs every check, or only those named. Stops at the first that fails.
source "$(dirname "$0")/common.sh"
wanted=" $* "
passed=0

finish() { echo "$passed passed, $1 failed"; }

step() { # NAME COMMAND...
    local name=$1 start=$SECONDS
    shift
    [ "$wanted" = "  " ] || [[ $wanted == *" $name "* ]] || return 0
    printf '== %s: %s\n' "$name" "$*"
    if ! "$@" </dev/null; then
        printf 'FAILED at step %s after %d s; run it alone with: ci/test.sh %s\n' "$name" $((SECONDS - start)) "$name"
        finish 1
        exit 1
    fi
    printf '== %s: %d s\n\n' "$name" $((SECONDS - start))
    passed=$((passed + 1))
}

# One call for each: bash takes any further name as an argument of the first script.
scripts() { for script in ci/*.sh; do bash -n "$script" || return; done; ! command -v shellcheck >/dev/null || shellcheck --severity=error ci/*.sh; }

step tools ci/deps.sh test
step scripts scripts
step format cargo fmt --check
step lint cargo clippy --quiet --locked --all-targets -- -D warnings
step mutants ci/mutants.sh --check
step build ci/build.sh
step places ci/build-places.sh
step header ci/header.sh
step coverage ci/header-coverage.sh
step symbols ci/symbols.sh
step no-panic ci/no-panic.sh
step abi ci/abi.sh
step rust cargo test --quiet --locked
step models ci/models.sh --quick
step schedules ci/schedules.sh
step mutant-tests ci/mutants.sh --tests
step linear ci/linear.sh
step c ci/c-tests.sh
step valgrind ci/c-tests.sh --valgrind
step cpp ci/cpp-tests.sh
step dlopen ci/dlopen.sh
step static ci/static.sh
step installed ci/installed.sh
step readme ci/readme.sh
step go ci/go-tests.sh
step examples ci/examples.sh

[ "$passed" -gt 0 ] || { echo "no step is called$wanted; see the list in ci/test.sh" >&2; exit 2; }
finish 0
