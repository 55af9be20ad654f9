#!/usr/bin/env bash
# ci/linear.sh [CALLS]: records histories of maps through Go and through C, about CALLS calls on
# each of 12 configurations, twice. porcupine judges whether the histories are linearizable.
source "$(dirname "$0")/common.sh"
calls=${1:-100000}
ci/build.sh
portolan_flags --cflags --libs
cd tests/linear
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "gofmt would change: $unformatted" >&2; exit 1; }
go vet ./...
mkdir -p ../../target/linear
log=$root/target/linear/log
PORTOLAN_LINEAR=$calls go test -count=1 -timeout 2h -v ./... >"$log" || { cat "$log" >&2; exit 1; }
grep 'calls, linear\|^ok' "$log"
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wpedantic -Werror -pthread "$kinds" record/record.c -o ../../target/linear/record "${flags[@]}"
go build -o ../../target/linear/check ./check
../../target/linear/record "$calls" | ../../target/linear/check | tee -a "$log"
record linear "$(awk '/calls/ { for (i = 2; i <= NF; i++) { if ($i ~ /^calls/) calls += $(i - 1); if ($i == "met") met += $(i - 1) } }
    END { printf "%.1f million calls, %.1f million of which met another on the same key: linearizable", calls / 1e6, met / 1e6 }' "$log")"
