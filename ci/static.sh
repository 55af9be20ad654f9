#!/usr/bin/env bash
# Links the static library into a C program together with another Rust static library, which panics,
# allocates and has threads too.
source "$(dirname "$0")/common.sh"
ci/build.sh
cargo build --quiet --locked --release --manifest-path tests/static/neighbour/Cargo.toml --target-dir target/neighbour
portolan_flags --cflags
cflags=("${flags[@]}")
portolan_flags --variable=static_libs
mkdir -p target/c
neighbour=target/neighbour/release/libneighbour.a
link() { "${CC:-cc}" -std=c11 -O1 -Wall -Wextra -Wpedantic -Werror -pthread "${cflags[@]}" tests/static/main.c -o target/c/static "$@"; }

# Whichever comes first on the command line, each library must use its own copy of what both
# contain.
link "${flags[@]}" "$neighbour" -lpthread -ldl -lm && target/c/static
link "$neighbour" "${flags[@]}" && target/c/static
if ldd target/c/static | grep portolan; then echo "the program still needs the shared library" >&2; exit 1; fi
