#!/usr/bin/env bash
# Checks that the README's three programs compile as written, run, and print the same. Then runs its
# lines for installing and linking as they stand, the latter with the library in the tree and with the
# one that was installed.
source "$(dirname "$0")/common.sh"
ci/build.sh
work=$out/readme
rm -rf "$work"
mkdir -p "$work/go"
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d; p}" README.md; } # LANGUAGE: the lines between ```LANGUAGE and ```

{
    printf '#include <portolan.h>\n#include <stdio.h>\nint main(void) {\n'
    block c
    printf 'return 0;\n}\n'
} >"$work/readme.c"
{
    printf '#include <portolan.hpp>\n#include <cstdint>\n#include <iostream>\n#include <string>\nint main() {\n'
    block cpp
    printf '}\n'
} >"$work/readme.cpp"
{
    printf 'package main\n\nimport (\n\t"fmt"\n\n\t"github.com/portolan-map/portolan/bindings/go"\n)\n\n'
    printf 'func main() {\n\tif err := readme(); err != nil {\n\t\tpanic(err)\n\t}\n}\n\nfunc readme() error {\n'
    block go | sed 's/^\(.\)/\t\1/'
    printf '}\n'
} >"$work/go/main.go"
cat >"$work/go/go.mod" <<END
module readme

$(grep '^go ' bindings/go/go.mod)

require github.com/portolan-map/portolan/bindings/go v0.0.0

replace github.com/portolan-map/portolan/bindings/go => "$root/bindings/go"
END

portolan_flags --cflags --libs
strict=(-O1 -Wall -Wextra -Wpedantic -Werror -pthread)
"${CC:-cc}" -std=c11 "${strict[@]}" "$work/readme.c" -o "$work/from-c" "${flags[@]}"
"${CXX:-c++}" -std=c++17 "${strict[@]}" "$work/readme.cpp" -o "$work/from-cpp" "${flags[@]}"
[ -z "$(gofmt -l "$work/go")" ] || { echo "gofmt would change the README's Go program" >&2; exit 1; }
(cd "$work/go" && go vet . && go build -o ../from-go .)

for language in c cpp go; do
    printed=$("$work/from-$language")
    [ "$printed" = "Genova 3" ] || { echo "the README's $language program printed: $printed" >&2; exit 1; }
done
echo "the C, C++ and Go programs of the README print: $printed"

# The N-th block of lines without a language after a heading or a bold word, without comments.
lines() { # AFTER N
    awk -v after="$1" -v wanted="$2" '
        index($0, after) == 1 { here = 1 }
        here && /^```/ { inside = !inside; if (inside) number++; next }
        here && inside && number == wanted' README.md | sed 's/ *#.*//' | grep . || { echo "README.md has no such lines: $*" >&2; exit 1; }
}
run() { echo "$1"; (eval "set -e; $1") </dev/null; } # LINES
case $root in *[!A-Za-z0-9/._+-]*) echo "the path of this tree needs eval: the lines for installing and linking are left out"; exit ;; esac
unset PKG_CONFIG_PATH LD_LIBRARY_PATH
programs=$work/programs
mkdir -p "$programs" "$work/home"
cp "$work/readme.c" "$programs/program.c"
cp "$work/readme.cpp" "$programs/program.cpp"
cp tests/static/plugin.c "$programs"
# cargo, rustup and Go have their folders in the real one.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
GOCACHE=$(go env GOCACHE) GOPATH=$(go env GOPATH)
export GOCACHE GOPATH HOME=$work/home
sudo() { DESTDIR=$work/usr-local "$@"; } # the only change: nothing is written outside the tree
install=$(lines '## Install' 1)
at_home=$(lines '## Install' 2)
in_tree=$(lines '## Install' 3)
shared=$(lines '**Shared' 1)
static=$(lines '**Static' 1)
plugin=$(lines '**In a plugin' 1)
module=$(lines '**Go**' 1)
module=${module//\/path\/to\/portolan/$root} # as a user has to
run "$install"
for where in "$at_home" "$in_tree"; do
    eval "$where"
    cd "$programs"
    while read -r line; do
        rm -f a.out plugin.so
        run "$line"
        case $line in *plugin.c*) [ -e plugin.so ] && continue ;; esac
        printed=$(./a.out)
        [ "$printed" = "Genova 3" ] || { echo "$line: the program printed: $printed" >&2; exit 1; }
    done <<<"$shared"$'\n'"$static"$'\n'"$plugin"
    rm -rf "$programs/module" && mkdir "$programs/module" && cd "$programs/module"
    cp "$work/go/main.go" . && go mod init readme 2>/dev/null
    run "$module"
    [ "$(./readme)" = "Genova 3" ]
    cd "$root"
    unset LD_LIBRARY_PATH
done
echo "the README's lines for installing and linking work as they stand"
