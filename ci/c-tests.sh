#!/usr/bin/env bash
# ci/c-tests.sh [--valgrind] [NAME ...]: compiles the programs in tests/c strictly and runs them against the shared library,
# all or those that are named; with --valgrind under it, where an error or a leak fails.
source "$(dirname "$0")/common.sh"
ci/build.sh
under=()
if [ "${1-}" = --valgrind ]; then
    shift
    under=(valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible --fair-sched=yes)
    export PORTOLAN_OPS=${PORTOLAN_OPS:-2000} # what a test repeats; valgrind runs it some forty times slower
fi
portolan_flags --cflags --libs
mkdir -p target/c
sources=(tests/c/*.c)
[ $# = 0 ] || { sources=("${@/#/tests/c/}"); sources=("${sources[@]/%/.c}"); }
for source in "${sources[@]}"; do
    program=target/c/$(basename "$source" .c)
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wpedantic -Werror -pthread "$source" -o "$program" "${flags[@]}"
    start=$SECONDS
    timeout --foreground 600 "${under[@]}" "$program" || { echo "$source: exit status $?" >&2; exit 1; }
    echo "$source: $((SECONDS - start)) s"
done
