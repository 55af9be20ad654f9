#!/usr/bin/env bash
# Compares two builds of the library in one run, in which they take turns:
#
#     ci/bench-compare.sh OLD_LIBDIR NEW_LIBDIR [--map sharded --workload hit,50/50 ...]
#
# A LIBDIR is what ci/build.sh makes, of whatever commit: target/portolan/lib. Other arguments go to the benchmark (--help
# tells).
usage="usage: ci/bench-compare.sh OLD_LIBDIR NEW_LIBDIR [argument of the benchmark]..."
[ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
old=$(realpath "$1")
new=$(realpath "$2")
shift 2
source "$(dirname "$0")/common.sh"
ci/build.sh
exec cargo run --quiet --release --manifest-path benches/Cargo.toml --target-dir target/benches -- --compare "$old" "$new" "$@"
