#!/usr/bin/env bash
# ci/linear.sh [CALLS]: records histories of maps, through Go and through C, and has porcupine judge whether they are linearizable; about
# so many calls in each of 8 sorts of maps, twice.
source "$(dirname "$0")/common.sh"
calls=${1:-125000}
ci/build.sh
portolan_flags --cflags --libs
cd tests/linear
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet ./...
PORTOLAN_LINEAR=$calls go test -count=1 -timeout 2h -v ./... | grep -v '^=== \|no test files'
mkdir -p ../../target/linear
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wpedantic -Werror -pthread record/record.c -o ../../target/linear/record "${flags[@]}"
go build -o ../../target/linear/check ./check
../../target/linear/record "$calls" | ../../target/linear/check
