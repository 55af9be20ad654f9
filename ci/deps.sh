#!/usr/bin/env bash
# ci/deps.sh build|test|abi|sanitize|demo|bench-go: checks that the tools for this target are there.
# Installs missing Debian packages if it may (as root, or with sudo that asks for no password).
# Names whatever it cannot install in one line, before anything else happens.
source "$(dirname "$0")/common.sh"
target=$1
packages=() # from Debian
others=()   # from elsewhere

at_least() { printf '%s\n' "$1" "$2" | sort --check=quiet --version-sort; } # WANTED HAVE
command_from() { command -v "$1" >/dev/null || packages+=("$2"); }          # COMMAND PACKAGE

# A tool with a minimum version: NAME WANTED HAVE PACKAGE "where else to get it". Takes Debian's
# package if that is new enough.
version_from() {
    [ -n "$3" ] && at_least "$2" "$3" && return
    local offered
    offered=$(apt-cache policy "$4" 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*:\)\?\([0-9.]*\).*/\2/p')
    if [ -z "$3" ] && [ -n "$offered" ] && at_least "$2" "$offered"; then
        packages+=("$4")
    else
        others+=("$1 $2 or newer ($5)")
    fi
}

rust() {
    local wanted have
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"$/\1/p' Cargo.toml)
    have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || have= # cargo has the compiler's version number
    version_from Rust "$wanted" "$have" cargo "see rust-lang.org/tools/install"
    command_from cc gcc
    command_from objcopy binutils
    [ -e /usr/include/stdio.h ] || packages+=(libc6-dev)
}

rust_checks() {
    cargo fmt --version >/dev/null 2>&1 || component rustfmt rustfmt
    cargo clippy --version >/dev/null 2>&1 || component clippy rust-clippy
}
component() { # COMPONENT PACKAGE
    if command -v rustup >/dev/null; then rustup --quiet component add "$1"; else packages+=("$2"); fi
}

go_and_cgo() {
    local wanted have
    wanted=$(sed -n 's/^go \(.*\)$/\1/p' bindings/go/go.mod)
    have=$(cd bindings/go && go env GOVERSION 2>/dev/null | sed 's/^go//') || have= # go may download the version that go.mod asks for
    version_from Go "$wanted" "$have" golang-go "see go.dev/doc/install"
}

case $target in
build) rust ;;
demo | bench-go) rust; command_from pkg-config pkg-config; go_and_cgo ;;
sanitize) rust; command_from clang clang ;;
abi) rust; command_from pkg-config pkg-config; command_from abidiff abigail-tools ;;
test)
    rust; rust_checks; go_and_cgo
    command_from pkg-config pkg-config; command_from c++ g++; command_from valgrind valgrind; command_from abidiff abigail-tools
    ;;
esac

if [ ${#packages[@]} -gt 0 ] && [ ${#others[@]} = 0 ] && command -v apt-get >/dev/null; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    if "${as_root[@]}" true 2>/dev/null; then
        echo "installing ${packages[*]}"
        log=$(mktemp)
        install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${packages[@]}")
        if "${install[@]}" >"$log" 2>&1 || { "${as_root[@]}" apt-get update --quiet >"$log" 2>&1 && "${install[@]}" >>"$log" 2>&1; }; then
            packages=()
        else
            cat "$log" >&2
        fi
        rm -f "$log"
    fi
fi
[ ${#packages[@]} = 0 ] || others=("the Debian packages ${packages[*]} (apt-get install ${packages[*]})" "${others[@]}")
if [ ${#others[@]} -gt 0 ]; then
    printf 'make %s needs: %s\n' "$target" "$(printf '%s; ' "${others[@]}" | sed 's/; $//')" >&2
    exit 1
fi
