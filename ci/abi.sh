#!/usr/bin/env bash
# ci/abi.sh [--update]: holds the C interface as the header gives it now against the one in tests/abi/portolan.abi, and builds a program
# with the header of the first version and runs it with the library of today. --update writes the dump anew: for additions, and only
# for those (docs/abi.md).
source "$(dirname "$0")/common.sh"
ci/deps.sh abi
ci/build.sh
work=$root/target/abi
mkdir -p "$work"

# A library of the header's functions with empty bodies: what a C compiler makes of the header is the interface. The real one is
# compiled from Rust, whose types the debugger's information describes in Rust's terms.
{
    echo '#include <portolan.h>'
    # From each line that begins a function to the semicolon that ends it.
    sed -n '/^[a-z].*\<ptl_[a-z0-9_]*(/,/;/p' include/portolan.h | sed 's/;$/ { __builtin_trap(); }/'
} >"$work/header.c"
"${CC:-cc}" -std=c11 -g -O0 -w -shared -fPIC -Iinclude "$work/header.c" -o "$work/libheader.so"
diff <(nm --defined-only --extern-only --format=posix "$work/libheader.so" | sed -n 's/^\(ptl_[^ ]*\) .*/\1/p' | sort) ci/symbols.txt ||
    { echo "the functions of the header were not all read" >&2; exit 1; }
abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/libheader.so" >"$work/portolan.abi"

if [ "${1-}" = --update ]; then
    cp "$work/portolan.abi" tests/abi/portolan.abi
    exit
fi
if ! abidiff tests/abi/portolan.abi "$work/portolan.abi" >"$work/difference"; then
    cat "$work/difference" >&2
    echo "the interface has changed; docs/abi.md says what may, and ci/abi.sh --update takes it over" >&2
    exit 1
fi

# Numbers that the first header gave stay as they are; but for the version.
numbers() { sed -n 's/^#define \(PTL_[A-Z0-9_]*\) \(-\?[0-9][0-9a-fx]*\)$/\1 \2/p' "$1" | grep -v '^PTL_VERSION' | sort; }
lost=$(comm -23 <(numbers tests/abi/first/portolan.h) <(numbers include/portolan.h))
[ -z "$lost" ] || { printf 'the header no longer has\n%s\n' "$lost" >&2; exit 1; }

portolan_flags --libs
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wpedantic -Werror -Itests/abi/first tests/abi/first.c -o "$work/first" "${flags[@]}"
"$work/first"
echo "$(wc -l <ci/symbols.txt) functions as in tests/abi/portolan.abi; a program with the first header runs"
