#!/usr/bin/env bash
# ci/no-panic.sh: shows for both libraries that no panic reaches the edge of a C function, where it
# would abort the program.
#
# The compiler gives each C function a landing for such a panic: a call of panic_cannot_unwind. It
# leaves the landing out only where it has proved, through all calls, that nothing can panic outside
# the handler in src/ffi/boundary.rs. So none of our functions may have the landing. Rust's standard
# library has some; if the script finds none even there, Rust has changed the name.
source "$(dirname "$0")/common.sh"
ci/build.sh
functions=$(wc -l <ci/symbols.txt)

for library in "$lib/libportolan.so.$version" "$lib/libportolan.a"; do
    objdump --disassemble --reloc --demangle --no-show-raw-insn "$library" | awk -v library="$library" -v functions="$functions" '
        function fail(why) { print library ": " why; failed = 1 }
        /^[0-9a-f]+ <.*>:$/ { sub(/^[^ ]* /, ""); sub(/:$/, ""); name = $0; seen += name ~ /^<ptl_/ }
        /^[ \t]+[0-9a-f]+:.*panic_cannot_unwind/ { landings++; if (name ~ /ptl_|portolan/) unproved[name] }
        END {
            for (name in unproved) fail("a panic may reach the edge of " name)
            if (seen != functions) fail(seen + 0 " C functions were read, not " functions)
            if (!landings) fail("nothing calls panic_cannot_unwind, not even the standard library")
            exit failed
        }' >&2
done
echo "no panic reaches the edge of any of the $functions C functions, in either library"
