#!/usr/bin/env bash
# ci/c-tests.sh [--valgrind] [NAME ...]: compiles the programs in tests/c (all, or those named) with
# strict warnings and runs them with the shared library. With --valgrind they run under valgrind,
# and an error or a leak makes them fail.
source "$(dirname "$0")/common.sh"
ci/build.sh
under=()
if [ "${1-}" = --valgrind ]; then
    shift
    under=(valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible --fair-sched=yes)
    export PORTOLAN_OPS=${PORTOLAN_OPS:-2000} # repetitions in a test; under valgrind they take some forty times as long
fi
portolan_flags --cflags --libs
mkdir -p target/c
sources=(tests/c/*.c)
[ $# = 0 ] || { sources=("${@/#/tests/c/}"); sources=("${sources[@]/%/.c}"); }
for source in "${sources[@]}"; do
    program=target/c/$(basename "$source" .c)
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wpedantic -Werror -pthread "$kinds" "$source" -o "$program" "${flags[@]}"
    start=$SECONDS
    timeout --foreground 600 "${under[@]}" "$program" || { echo "$source: exit status $?" >&2; exit 1; }
    echo "$source: $((SECONDS - start)) s"
done
