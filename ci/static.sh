#!/usr/bin/env bash
# Links the static library into a C program together with another Rust static library, which panics,
# allocates and has threads too.
source "$(dirname "$0")/common.sh"
ci/build.sh
neighbour=$(made libneighbour.a build --quiet --locked --release --manifest-path tests/static/neighbour/Cargo.toml --target-dir target/neighbour)
portolan_flags --cflags
cflags=("${flags[@]}")
portolan_flags --variable=static_libs
mkdir -p target/c
link() { "${CC:-cc}" -std=c11 -O1 -Wall -Wextra -Wpedantic -Werror -pthread "${cflags[@]}" tests/static/main.c -o target/c/static "$@"; }

# Whichever comes first on the command line, each library must use its own copy of what both
# contain.
link "${flags[@]}" "$neighbour" -lpthread -ldl -lm && target/c/static
link "$neighbour" "${flags[@]}" && target/c/static
if ldd target/c/static | grep portolan; then echo "the program still needs the shared library" >&2; exit 1; fi

# A plugin that has the library inside, opened by a program that has it too: the plugin shows none of
# its names, and each uses its own copy. The program has the shared library, or the static one and
# shows all its names to plugins.
portolan_flags --variable=static_libs
strict=("${CC:-cc}" -D_GNU_SOURCE -std=c11 -O1 -Wall -Wextra -Werror "${cflags[@]}")
"${strict[@]}" -shared -fPIC tests/static/plugin.c "${flags[@]}" -o target/c/plugin.so
if nm --dynamic --defined-only target/c/plugin.so | grep ' ptl_'; then echo "the plugin shows the names above" >&2; exit 1; fi
"${strict[@]}" tests/static/host.c -o target/c/host-static -rdynamic "$lib/libportolan.a" -lpthread -ldl -lm
portolan_flags --libs
"${strict[@]}" tests/static/host.c -o target/c/host "${flags[@]}" -ldl
for host in host host-static; do
    target/c/$host target/c/plugin.so || { echo "$host and its plugin do not use a copy each: $?" >&2; exit 1; }
done
