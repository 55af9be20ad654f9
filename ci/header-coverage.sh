#!/usr/bin/env bash
# Checks that the C tests call each function of the header, and expect each status that its comment
# names: EXPECT(PTL_E_NULL, ptl_map_load(…)), or UNTIL.
# PTL_E_HANDLE, PTL_E_CONCURRENT and PTL_E_REENTRANT are expected of a whole list of calls in
# tests/c/every_call.h: REFUSE(ptl_map_load(…)) puts a call on the list, and
# every_call_answers(PTL_E_HANDLE, …) runs it.
# PTL_E_INTERNAL needs a fault in the library, which only a test inside it can plant:
# src/ffi/boundary.rs.
source "$(dirname "$0")/common.sh"

# One line per function: its name, then the statuses that the items of its comment begin with.
promised=$(awk '
    /^ \* - PTL_/ { list = $0; sub(/^ \* - /, "", list); sub(/:.*/, "", list); gsub(/,/, "", list); statuses = statuses " " list }
    match($0, /ptl_[a-z0-9_]+\(/) && !/^ \*/ && !/typedef|#define/ { print substr($0, RSTART, RLENGTH - 1) statuses }
    !/^ \*/ { statuses = "" }
' include/portolan.h)
tests=$(cat tests/c/*.[ch] | tr '\n' ' ')

functions=0 statuses=0 missing=0
lacks() { echo "$1" >&2; missing=$((missing + 1)); }
while read -r function promises; do
    functions=$((functions + 1))
    grep -q "\<$function(" <<<"$tests" || lacks "$function is never called"
    refused=$(grep -c "REFUSE($function(" <<<"$tests" || true)
    for status in $promises; do
        statuses=$((statuses + 1))
        case $status in
        PTL_E_INTERNAL) continue ;;
        PTL_E_HANDLE | PTL_E_CONCURRENT | PTL_E_REENTRANT)
            [ "$refused" = 0 ] || ! grep -q "every_call_answers($status, " <<<"$tests" || continue ;;
        esac
        grep -qE "(EXPECT|UNTIL)\($status, [^;]*\<$function\(" <<<"$tests" || lacks "$function: no test expects $status"
    done
done <<<"$promised"

known=$(grep -c '^ptl_status ptl_\|^struct ptl_u64 ptl_\|^const char \*ptl_\|^uint32_t ptl_' include/portolan.h)
[ "$functions" = "$known" ] || lacks "read $functions functions from the header, which has $known"
[ "$missing" = 0 ] || { echo "$missing missing" >&2; exit 1; }
echo "$functions functions and $statuses statuses, each with a test"
