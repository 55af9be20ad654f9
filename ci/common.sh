# Sourced by the other scripts: where the tree is, which version it has, where the build goes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"

version=$(sed -n 's/^version *= *"\(.*\)"$/\1/p' Cargo.toml | head -n 1)
major=${version%%.*}
out=$root/target/portolan # what is built for C
lib=$out/lib

# Where the installers of Rust and Go put them, should the shell's profile not say so.
PATH=$PATH:${CARGO_HOME:-${HOME-}/.cargo}/bin:/usr/local/go/bin
export PKG_CONFIG_PATH=$lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}

# Go's build cache does not look at headers outside its packages; at this it does.
header=-DPORTOLAN_HEADER=$(cksum <include/portolan.h | cut -d ' ' -f 1)
[[ ${CGO_CFLAGS=-g -O2} == *$header* ]] || export CGO_CFLAGS="$CGO_CFLAGS $header"

# What a check has shown, a line for docs/reliability.md (ci/reliability.sh): NAME TEXT
record() {
    mkdir -p "$root/target/reliability"
    printf '%s\n' "$2" >"$root/target/reliability/$1"
}

# The models that take a minute and more.
# shellcheck disable=SC2034 # for the scripts that source this
slow_models=(a_read_map_that_comes_back a_delete_finds_its_key a_shape_from_the_middle a_bucket_that_comes_back)

# pkg-config's answer, word by word into the array `flags`: a path in it may hold spaces.
portolan_flags() { eval "flags=($(pkg-config "$@" portolan))"; }
