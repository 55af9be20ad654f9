#!/usr/bin/env bash
# The names that leave the libraries are those in ci/symbols.txt, all ptl_; the shared one has its SONAME and is never unloaded.
# After a function has been added: ci/symbols.sh --update. A name that is gone breaks every program that uses it (docs/abi.md).
source "$(dirname "$0")/common.sh"
ci/build.sh
shared=$lib/libportolan.so.$version

names() { sed 's/ .*//' | sort -u; }
exported=$(nm --dynamic --defined-only --format=posix "$shared" | names)
if [ "${1-}" = --update ]; then echo "$exported" >ci/symbols.txt; fi

if grep -v '^ptl_' <<<"$exported"; then echo "the names above leave the shared library and are not ptl_" >&2; exit 1; fi
diff ci/symbols.txt <(echo "$exported") || { echo "the shared library's names (>) are not those of ci/symbols.txt (<)" >&2; exit 1; }
diff ci/symbols.txt <(nm --extern-only --defined-only --format=posix "$lib/libportolan.a" | sed '/:$/d; /^$/d' | names) ||
    { echo "the static library's global names (>) are not those of ci/symbols.txt (<)" >&2; exit 1; }

dynamic=$(readelf --dynamic --wide "$shared")
grep -q "(SONAME).*\[libportolan\.so\.$major\]" <<<"$dynamic" || { echo "SONAME is not libportolan.so.$major" >&2; exit 1; }
grep -q '(FLAGS_1).*NODELETE' <<<"$dynamic" || { echo "the shared library is not marked NODELETE" >&2; exit 1; }
echo "$(wc -l <ci/symbols.txt) names, in both libraries the same"
