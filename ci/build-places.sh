#!/usr/bin/env bash
# Builds a copy of the tree with each setting that makes cargo put its files elsewhere: each time, the
# libraries must be those of the source as it is. The copy lies in a folder with an odd name, and
# programs are built from there too.
source "$(dirname "$0")/common.sh"
ci/deps.sh build
scratch=$(mktemp -d "$root/target/places.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
tree="$scratch/it's a \"tree\", #1"
mkdir "$tree"
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xf - -C "$tree"
cd "$tree"
unset CARGO_BUILD_TARGET CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR PKG_CONFIG_PATH CFLAGS LDFLAGS
# Quick to build, rather than quick.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0
host=$(rustc -vV | sed -n 's/^host: //p')
source=src/ffi/version.rs
cp -p $source "$scratch/without"
{ cat $source; printf '#[unsafe(no_mangle)]\npub extern "C" fn ptl_second() {}\n'; } >"$scratch/with"

builds() { # WHAT with|without SETTING...: the function ptl_second must be in both libraries, or in none
    local library names found
    cp -p "$scratch/$2" $source
    env "${@:3}" ci/build.sh
    for library in libportolan.so libportolan.a; do
        names=$(nm --defined-only --format=posix "target/portolan/lib/$library")
        found=without
        if grep -q '^ptl_second ' <<<"$names"; then found=with; fi
        [ $found = "$2" ] || { echo "$1: $library is an old one" >&2; exit 1; }
    done
    echo "$1: built"
}
builds "no setting" without
folders=(CARGO_TARGET_DIR="$scratch/one" CARGO_BUILD_TARGET_DIR="$scratch/two" CARGO_BUILD_BUILD_DIR="$scratch/three")
builds "the environment" with CARGO_BUILD_TARGET="$host" "${folders[@]}"
builds "no setting, again" without # everything is up to date, and older than what is there
printf '[build]\ntarget = ["%s"]\ntarget-dir = "elsewhere"\n' "$host" >.cargo/config.toml
touch "$scratch/without" # cargo goes by the time of a file
builds "a configuration file" without "${folders[@]}"
if CARGO_BUILD_TARGET=no-such-target ci/build.sh >"$scratch/log" 2>&1; then echo "built for a target that does not exist" >&2; exit 1; fi

# Programs from the tree: they know where the library is, and a static one starts.
portolan_flags() { eval "flags=($(PKG_CONFIG_PATH="$tree/target/portolan/lib/pkgconfig" pkg-config "$@" portolan))"; }
cp tests/installed/program.c tests/installed/program.cpp "$scratch"
cd "$scratch"
unset LD_LIBRARY_PATH
portolan_flags --cflags --libs
cc program.c "${flags[@]}" -o c-shared && ./c-shared
c++ -std=c++17 program.cpp "${flags[@]}" -o cpp-shared && ./cpp-shared
portolan_flags --static --cflags --libs
cc -static-pie program.c "${flags[@]}" -o c-static && ./c-static

# A tree that portolan.pc cannot name: one line, and nothing built.
mv "$tree" "$scratch/a\$tree" && cd "$scratch/a\$tree" && rm -rf target
if ci/build.sh 2>"$scratch/log"; then echo "portolan.pc cannot name this tree, but it was built" >&2; exit 1; fi
[ "$(wc -l <"$scratch/log")" = 1 ] && [ ! -e target/shipped ] || { cat "$scratch/log" >&2; echo "not refused with one line" >&2; exit 1; }
