#!/usr/bin/env bash
# Checks gofmt and go vet for the Go examples and the Go binding. Tests the binding: plainly, with
# the race detector, and with garbage collection as often as possible, which finds objects that are
# not kept alive during a call.
source "$(dirname "$0")/common.sh"
ci/build.sh
for module in examples/go bindings/go; do
    cd "$root/$module"
    unformatted=$(gofmt -l .)
    [ -z "$unformatted" ] || { echo "gofmt would change in $module: $unformatted" >&2; exit 1; }
    go vet ./...
done
# -count=1: Go's test cache does not notice that libportolan.so has changed.
go test -count=1 ./...
go test -count=1 -race ./...
GOGC=1 go test -count=1 -race -short ./...
