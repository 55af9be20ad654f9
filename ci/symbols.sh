#!/usr/bin/env bash
# ci/symbols.sh [--update]: checks that both libraries export exactly the names in ci/symbols.txt,
# all of them ptl_, that the shared library has its SONAME, and that it is never unloaded. Use
# --update after you added a function. A name that disappears breaks every program that uses it
# (docs/abi.md).
source "$(dirname "$0")/common.sh"
ci/build.sh
shared=$lib/libportolan.so.$version

names() { sed 's/ .*//' | sort -u; }
exported=$(nm --dynamic --defined-only --format=posix "$shared" | names)
if [ "${1-}" = --update ]; then echo "$exported" >ci/symbols.txt; fi

if grep -v '^ptl_' <<<"$exported"; then echo "the shared library exports the names above, which do not begin with ptl_" >&2; exit 1; fi
diff ci/symbols.txt <(echo "$exported") || { echo "the shared library's names (>) differ from ci/symbols.txt (<)" >&2; exit 1; }
diff ci/symbols.txt <(nm --extern-only --defined-only --format=posix "$lib/libportolan.a" | sed '/:$/d; /^$/d' | names) ||
    { echo "the static library's global names (>) differ from ci/symbols.txt (<)" >&2; exit 1; }

dynamic=$(readelf --dynamic --wide "$shared")
grep -q "(SONAME).*\[libportolan\.so\.$major\]" <<<"$dynamic" || { echo "the SONAME is not libportolan.so.$major" >&2; exit 1; }
grep -q '(FLAGS_1).*NODELETE' <<<"$dynamic" || { echo "the shared library is not marked NODELETE" >&2; exit 1; }
echo "$(wc -l <ci/symbols.txt) names, the same in both libraries"
