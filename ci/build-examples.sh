#!/usr/bin/env bash
# Builds the C examples into target/examples/c and the Go examples into target/examples/go.
source "$(dirname "$0")/common.sh"
ci/build.sh
portolan_flags --cflags --libs
mkdir -p target/examples/c target/examples/go
for source in examples/c/*.c; do
    program=target/examples/c/$(basename "$source" .c)
    "${CC:-cc}" -std=c11 -O2 -g -Wall -Wextra -Wpedantic -Werror -pthread "$source" -o "$program" "${flags[@]}"
done
cd examples/go
go build -o "$root/target/examples/go/" ./...
