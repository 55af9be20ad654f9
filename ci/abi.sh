#!/usr/bin/env bash
# ci/abi.sh [--update]: compares the C interface of today's header with the dump in
# tests/abi/portolan.abi. Builds a program with the header of the first version and runs it with
# today's library. --update rewrites the dump; use it only for additions (docs/abi.md).
source "$(dirname "$0")/common.sh"
ci/deps.sh abi
ci/build.sh
work=target/abi # relative: the dump names it
mkdir -p "$work"

# The interface is what a C compiler makes of the header. So build a library of the header's
# functions with trivial bodies. The real library would not do: it is compiled from Rust, and its
# debug information describes Rust's types.
{
    echo '#include <portolan.h>'
    # From the line on which a declaration begins to the semicolon that ends it.
    sed -n '/^[a-z].*\<ptl_[a-z0-9_]*(/{ :more; /;$/!{ N; b more }; s/;$/ { __builtin_trap(); }/p }' include/portolan.h
} >"$work/header.c"
"${CC:-cc}" -std=c11 -g -O0 -w -shared -fPIC -Iinclude "$work/header.c" -o "$work/libheader.so"
diff <(nm --defined-only --extern-only --format=posix "$work/libheader.so" | sed -n 's/^\(ptl_[^ ]*\) .*/\1/p' | sort) ci/symbols.txt ||
    { echo "some functions of the header were not read" >&2; exit 1; }
abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/libheader.so" >"$work/portolan.abi"

if [ "${1-}" = --update ]; then
    cp "$work/portolan.abi" tests/abi/portolan.abi
    exit
fi
if ! abidiff tests/abi/portolan.abi "$work/portolan.abi" >"$work/difference"; then
    cat "$work/difference" >&2
    echo "the interface has changed; docs/abi.md says which changes are allowed; ci/abi.sh --update accepts them" >&2
    exit 1
fi

# The numbers of the first header never change, except the version.
numbers() { sed -n 's/^#define \(PTL_[A-Z0-9_]*\) \(-\?[0-9][0-9a-fx]*\)$/\1 \2/p' "$1" | grep -v '^PTL_VERSION' | sort; }
lost=$(comm -23 <(numbers tests/abi/first/portolan.h) <(numbers include/portolan.h))
[ -z "$lost" ] || { printf 'missing from the header, or changed:\n%s\n' "$lost" >&2; exit 1; }

portolan_flags --libs
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wpedantic -Werror -Itests/abi/first tests/abi/first.c -o "$work/first" "${flags[@]}"
"$work/first"
echo "$(wc -l <ci/symbols.txt) functions match tests/abi/portolan.abi; a program with the first header runs"
