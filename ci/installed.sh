#!/usr/bin/env bash
# Runs `make install` into an empty directory, then builds a C and a C++ program there with nothing
# but pkg-config, dynamically and statically. Then into folders with odd names, which must work or be
# refused; and removes it all again.
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

none_left() { # FOLDER WHAT
    if [ -e "$1" ] && find "$1" ! -type d | grep .; then echo "$2 left the files above" >&2; exit 1; fi
}
cd "$root"
[ -e "$prefix/share/licenses/portolan/LICENSE-MIT" ] && [ -e "$prefix/share/licenses/portolan/LICENSE-APACHE" ]
# As if an older version had been installed there before, into another LIBDIR too; and it was moved.
mv "$prefix/lib/libportolan.so.$version" "$prefix/lib/libportolan.so.0.0.9"
mkdir "$prefix/old" && touch "$prefix/old/libportolan.a"
sed -i "s/libportolan.so.$version/libportolan.so.0.0.9/; \$ a old/libportolan.a" "$prefix/share/portolan/installed-files"
PREFIX=$prefix/ ci/install.sh
mv "$prefix" "$prefix 2"
PREFIX="$prefix 2" ci/uninstall.sh
none_left "$prefix 2" "uninstall of two versions"

# Folders of their own, inside the prefix and outside; uninstall knows them by itself.
PREFIX=/opt LIBDIR=/usr/lib/of-its-own/ INCLUDEDIR=/opt/headers DESTDIR=$work/folders ci/install.sh
[ -e "$work/folders/usr/lib/of-its-own/libportolan.a" ] && [ -e "$work/folders/opt/headers/portolan.hpp" ]
grep -q '^libdir=/usr/lib/of-its-own$' "$work/folders/usr/lib/of-its-own/pkgconfig/portolan.pc"
grep -q '^includedir=${prefix}/headers$' "$work/folders/usr/lib/of-its-own/pkgconfig/portolan.pc"
PREFIX=/opt DESTDIR=$work/folders ci/uninstall.sh
none_left "$work/folders" "uninstall with a LIBDIR"
PREFIX=/ DESTDIR=$work/folders ci/install.sh
grep -q '^libdir=/lib$' "$work/folders/lib/pkgconfig/portolan.pc"
PREFIX=/ DESTDIR=$work/folders ci/uninstall.sh
none_left "$work/folders" "uninstall of /"
# What has no list, from before there was one.
PREFIX=/opt DESTDIR=$work/folders ci/install.sh
rm -r "$work/folders/opt/share" && mv "$work/folders/opt/lib/libportolan.so.$version" "$work/folders/opt/lib/libportolan.so.0.0.9"
PREFIX=/opt DESTDIR=$work/folders ci/uninstall.sh
none_left "$work/folders" "uninstall without a list"

for name in "an apostrophe's" 'a "quote"' 'a #number' 'a,comma' '100%' 'a&b|c' 'a*b?c[d]' '{a}<b>`c`' '~a!b^c=d+e@f' 'é'; do
    folder="$work/odd/$name"
    PREFIX=$folder ci/install.sh
    (
        cd "$work"
        export PKG_CONFIG_PATH="$folder/lib/pkgconfig"
        libdir=$folder/lib
        portolan_flags --cflags; cflags=("${flags[@]}")
        portolan_flags --libs
        build c-shared cc -std=c11 program.c "${cflags[@]}" "${flags[@]}" && check c-shared yes
        portolan_flags --variable=static_libs
        build c-static cc -std=c11 program.c "${cflags[@]}" "${flags[@]}" && check c-static no
    )
    PREFIX=$folder ci/uninstall.sh
    none_left "$folder" "uninstall"
done
for name in 'a\b' 'a$b' 'a$(b)' 'a:b' 'a;b' $'a\nb' $'a\n' $'a\tb' 'a '; do
    for variable in PREFIX LIBDIR INCLUDEDIR; do
        if env PREFIX="$work/refused" "$variable=$work/refused/$name" ci/install.sh 2>"$work/message"; then
            echo "installed with $variable=$name" >&2
            exit 1
        fi
        [ ! -e "$work/refused" ] && [ "$(wc -l <"$work/message")" = 1 ] ||
            { cat "$work/message" >&2; echo "$variable=$name must be refused with one line" >&2; exit 1; }
    done
done
