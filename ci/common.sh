# Sourced by the other scripts: the root of the tree, its version, where builds go.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"

version=$(sed -n 's/^version *= *"\(.*\)"$/\1/p' Cargo.toml | head -n 1)
major=${version%%.*}
out=$root/target/portolan # what is built for C
lib=$out/lib

# Rust's and Go's installers put them here; the shell's profile may not say so.
PATH=$PATH:${CARGO_HOME:-${HOME-}/.cargo}/bin:/usr/local/go/bin
export PKG_CONFIG_PATH=$lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}

# Go's build cache ignores headers outside its packages, but it notices a changed flag. So the flag
# carries the header's checksum.
header=-DPORTOLAN_HEADER=$(cksum <include/portolan.h | cut -d ' ' -f 1)
[[ ${CGO_CFLAGS=-g -O2} == *$header* ]] || export CGO_CFLAGS="$CGO_CFLAGS $header"

# Tells tests in C and C++ which kinds the header has (tests/c/kinds.h).
kinds="-DKINDS(X)=$(sed -n 's/^#define PTL_MAP_\([A-Z_]*\) [0-9]*$/X(\L\1)/p' include/portolan.h | paste -sd ' ')"

# record NAME TEXT: keeps what a check has shown, and for which source: a row for
# docs/reliability.md (ci/reliability.sh).
record() {
    mkdir -p "$root/target/reliability"
    printf '%s | %s\n' "$2" "$(git describe --always --dirty)" >"$root/target/reliability/$1"
}

# What the models are compiled with.
# shellcheck disable=SC2034 # for the scripts that source this
models_flags="--cfg loom -C debug-assertions"

# The models that take a minute or more.
# shellcheck disable=SC2034 # for the scripts that source this
slow_models=(a_read_map_that_comes_back a_delete_finds_its_key a_shape_from_the_middle a_bucket_that_comes_back)

# made FILE CARGO-ARGUMENT...: runs cargo with a --target-dir below target, and prints where the file
# of that name is which it made. Only cargo knows: CARGO_BUILD_TARGET and cargo's configuration files
# change the folder.
made() {
    local file=$1 paths
    shift
    paths=$(cargo "$@" --message-format=json-render-diagnostics |
        sed -n "/\"reason\":\"compiler-artifact\"/s,.*/\(target/[^\"]*/$file\)\".*,\1,p" | sort -u) || return
    case $paths in
    '') echo "cargo $* made no $file for this target" >&2; return 1 ;;
    *$'\n'*) echo "cargo made $file for several targets; choose one: CARGO_BUILD_TARGET=$(rustc -vV | sed -n 's/^host: //p')" >&2; return 1 ;;
    esac
    printf '%s\n' "$paths"
}

# Puts pkg-config's answer into the array `flags`, one word each: a path may contain spaces.
portolan_flags() { eval "flags=($(pkg-config "$@" portolan))"; }
