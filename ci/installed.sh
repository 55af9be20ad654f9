#!/usr/bin/env bash
# Runs `make install` into an empty directory, then builds a C and a C++ program there with nothing
# but pkg-config, dynamically and statically.
source "$(dirname "$0")/common.sh"
ci/build.sh
work=$(mktemp -d "$out/installed.XXXXXX")
trap 'rm -rf "$work"' EXIT
prefix="$work/a prefix" # with a space, which must work too
cp tests/installed/program.c tests/installed/program.cpp "$work"

PREFIX=$prefix ci/install.sh
PREFIX=/opt/portolan DESTDIR=$work/package ci/install.sh
if grep -rI "$root" "$work/package"; then echo "installed files name the source tree" >&2; exit 1; fi
# A prefix may be moved as a whole: pkg-config then derives the new one from the place of
# portolan.pc.
mv "$work/package/opt/portolan" "$work/moved"

cd "$work"
build() { # OUTPUT COMPILER ARGUMENT...: uses nothing but what is installed
    local output=$1
    shift
    "$@" -O1 -Wall -Wextra -Wpedantic -Werror -pthread -o "$output"
}
check() { # PROGRAM NEEDS-PORTOLAN
    local needs=no
    if readelf --dynamic --wide "$1" | grep -q 'NEEDED.*libportolan\.so\.'; then needs=yes; fi
    [ $needs = "$2" ] || { echo "$1 needs the shared library: $needs" >&2; exit 1; }
    LD_LIBRARY_PATH=$libdir "./$1"
}
for place in "$prefix" "$work/moved"; do
    libdir=$place/lib
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    [ -L "$libdir/libportolan.so" ] && [ "$(readlink "$libdir/libportolan.so.$major")" = "libportolan.so.$version" ]
    [ "$(pkg-config --modversion portolan)" = "$version" ]

    portolan_flags --define-prefix --cflags; cflags=("${flags[@]}")
    portolan_flags --define-prefix --libs
    build c-shared cc -std=c11 program.c "${cflags[@]}" "${flags[@]}" && check c-shared yes
    build cpp-shared c++ -std=c++17 program.cpp "${cflags[@]}" "${flags[@]}" && check cpp-shared yes
    portolan_flags --define-prefix --variable=static_libs
    build c-static cc -std=c11 program.c "${cflags[@]}" "${flags[@]}" && check c-static no
    portolan_flags --define-prefix --static --libs
    build c-all-static cc -std=c11 -static program.c "${cflags[@]}" "${flags[@]}" && check c-all-static no
done

cd "$root"
PREFIX=$prefix ci/uninstall.sh
if find "$prefix" ! -type d | grep .; then echo "uninstall left the files above" >&2; exit 1; fi
