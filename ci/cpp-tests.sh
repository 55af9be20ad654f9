#!/usr/bin/env bash
# Compiles the programs in tests/cpp strictly, as C++17 and C++20, with and without exceptions, and runs each.
source "$(dirname "$0")/common.sh"
ci/build.sh
portolan_flags --cflags --libs
mkdir -p target/cpp
for source in tests/cpp/*.cpp; do
    for options in -std=c++17 -std=c++20 '-std=c++17 -fno-exceptions'; do
        program=target/cpp/$(basename "$source" .cpp)${options// /}
        # shellcheck disable=SC2086 # the options are several words
        "${CXX:-c++}" $options -O1 -g -Wall -Wextra -Wpedantic -Werror -pthread -Ibindings/cpp "$source" -o "$program" "${flags[@]}"
        "$program" || { echo "$source ($options): exit status $?" >&2; exit 1; }
        echo "$source $options"
    done
done
