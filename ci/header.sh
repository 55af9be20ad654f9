#!/usr/bin/env bash
# Checks that the header and its initialisers compile alone, with strict warnings, in every
# supported dialect of C and C++ and with each compiler that is installed; and that the first
# program in its manual compiles, links and does what the manual says.
source "$(dirname "$0")/common.sh"
work=$root/target/header
mkdir -p "$work"
cat >"$work/alone.c" <<'PROGRAM'
#include "portolan.h"
#include "portolan.h"
ptl_map_options options = PTL_MAP_OPTIONS_INIT;
ptl_stats stats = PTL_STATS_INIT;
ptl_bucket bucket = PTL_BUCKET_INIT;
ptl_status (*release)(ptl_map *) = ptl_map_release;
#if PTL_VERSION_NUMBER != (PTL_VERSION_MAJOR << 16 | PTL_VERSION_MINOR << 8 | PTL_VERSION_PATCH)
#error "the version"
#endif
PROGRAM

compiled=0
strictly() { # COMPILER LANGUAGE STANDARD
    command -v "$1" >/dev/null || return 0
    "$1" -x "$2" -std="$3" -Wall -Wextra -Wpedantic -Werror -Iinclude -c "$work/alone.c" -o "$work/alone.o"
    compiled=$((compiled + 1))
}
for standard in c89 c99 c11 c17; do strictly gcc c $standard; strictly clang c $standard; done
for standard in c++11 c++20; do strictly g++ c++ $standard; strictly clang++ c++ $standard; done
[ $compiled -ge 6 ] || { echo "only $compiled compilations: gcc and g++ are needed" >&2; exit 1; }

ci/build.sh
sed -n 's,^ \*\( \{5\}\)\{0\,1\},,; /^#include <stdio.h>/,/^}/p' include/portolan.h >"$work/program.c"
portolan_flags --cflags --libs
gcc -std=c99 -Wall -Wextra -Wpedantic -Werror "$work/program.c" -o "$work/program" "${flags[@]}"
printed=$("$work/program")
[ "$printed" = Tagus ] || { echo "the header's program printed '$printed'" >&2; exit 1; }
echo "$compiled compilations; the header's program ran"
