#!/usr/bin/env bash
# ci/dlopen.sh [ROUNDS]: a program that is not linked with the library opens it, uses it from
# threads and closes it, many times; then again under valgrind.
source "$(dirname "$0")/common.sh"
ci/build.sh
mkdir -p target/c
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -pthread "$kinds" -Iinclude tests/dlopen/dlopen.c -o target/c/dlopen -ldl
target/c/dlopen "$lib/libportolan.so" "${1:-300}"
valgrind --quiet --error-exitcode=99 --leak-check=full target/c/dlopen "$lib/libportolan.so" 5
