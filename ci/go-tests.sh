#!/usr/bin/env bash
# The Go examples and the Go binding: formatted and vetted. The binding: tested, also with the race detector, also with a
# collection of garbage as often as can be, which finds what is not kept alive during a call.
source "$(dirname "$0")/common.sh"
ci/build.sh
for module in examples/go bindings/go; do
    cd "$root/$module"
    unformatted=$(gofmt -l .)
    [ -z "$unformatted" ] || { echo "gofmt would change, in $module: $unformatted" >&2; exit 1; }
    go vet ./...
done
# -count=1: Go's cache does not see that libportolan.so has changed.
go test -count=1 ./...
go test -count=1 -race ./...
GOGC=1 go test -count=1 -race -short ./...
