#!/usr/bin/env bash
# Compiles the programs in tests/cpp with strict warnings, as C++17 and C++20, with and without
# exceptions, and runs each. One more program is compiled half with exceptions and half without.
source "$(dirname "$0")/common.sh"
ci/build.sh
portolan_flags --cflags --libs
mkdir -p target/cpp
strict=(-O1 -g -Wall -Wextra -Wpedantic -Werror -pthread "$kinds")
for source in tests/cpp/*.cpp; do
    for options in -std=c++17 -std=c++20 '-std=c++17 -fno-exceptions'; do
        program=target/cpp/$(basename "$source" .cpp)${options// /}
        # shellcheck disable=SC2086 # the options are several words
        "${CXX:-c++}" $options "${strict[@]}" "$source" -o "$program" "${flags[@]}"
        "$program" || { echo "$source ($options): exit status $?" >&2; exit 1; }
        echo "$source $options"
    done
done

# The linker takes the definition that it finds first, so try both orders of the halves.
for mode in -fexceptions -fno-exceptions; do
    "${CXX:-c++}" -std=c++17 $mode "${strict[@]}" -c tests/cpp/mixed/mixed.cpp -o target/cpp/mixed$mode.o "${flags[@]}"
done
for halves in '-fexceptions -fno-exceptions' '-fno-exceptions -fexceptions'; do
    program=target/cpp/mixed${halves// /}
    # shellcheck disable=SC2086,SC2046 # the halves are several words
    "${CXX:-c++}" -pthread $(printf 'target/cpp/mixed%s.o ' $halves) -o "$program" "${flags[@]}"
    "$program" || { echo "tests/cpp/mixed ($halves): exit status $?" >&2; exit 1; }
    echo "tests/cpp/mixed $halves"
done
