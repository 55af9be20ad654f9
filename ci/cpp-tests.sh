#!/usr/bin/env bash
# Compiles the programs in tests/cpp with strict warnings, as C++17 and C++20, with and without
# exceptions, and runs each. One more program is compiled half with exceptions and half without. Whole
# maps of all pairs of types are compiled; and mistakes, which the compiler must answer with one
# sentence.
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

# Optimised, so that the compiler also looks for what may be uninitialised; by others that are there,
# and without exceptions, only read.
portolan_flags --cflags
whole() { "$@" -std=c++17 -Wall -Wextra -Wpedantic -Werror -c tests/cpp/whole/whole.cpp -o target/cpp/whole.o "${flags[@]}"; echo "tests/cpp/whole: $*"; }
whole "${CXX:-c++}" -O2
whole "${CXX:-c++}" -fno-exceptions -fsyntax-only
if command -v clang++ >/dev/null; then whole clang++ -fsyntax-only; fi
while read -r number sentence; do
    log=target/cpp/refused.log
    if LC_ALL=C "${CXX:-c++}" -std=c++17 -DREFUSED="$number" -c tests/cpp/refused/refused.cpp -o target/cpp/refused.o "${flags[@]}" 2>$log; then
        echo "tests/cpp/refused: mistake $number compiles" >&2
        exit 1
    fi
    [ "$(grep -c 'error:' $log)" = 1 ] && grep 'error:' $log | grep -qF "$sentence" ||
        { cat $log >&2; echo "tests/cpp/refused: mistake $number is not answered by: $sentence" >&2; exit 1; }
done < <(sed -n 's,^#el\?if REFUSED == \([0-9]*\) // ,\1 ,p' tests/cpp/refused/refused.cpp)
echo "tests/cpp/refused"
