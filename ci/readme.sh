#!/usr/bin/env bash
# Checks that the README's three programs compile as written, run, and print the same.
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
"${CXX:-c++}" -std=c++17 "${strict[@]}" -Ibindings/cpp "$work/readme.cpp" -o "$work/from-cpp" "${flags[@]}"
[ -z "$(gofmt -l "$work/go")" ] || { echo "gofmt would change the README's Go program" >&2; exit 1; }
(cd "$work/go" && go vet . && go build -o ../from-go .)

for language in c cpp go; do
    printed=$("$work/from-$language")
    [ "$printed" = "Genova 3" ] || { echo "the README's $language program printed: $printed" >&2; exit 1; }
done
echo "the C, C++ and Go programs of the README print: $printed"
