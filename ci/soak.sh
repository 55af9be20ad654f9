#!/usr/bin/env bash
# ci/soak.sh: the checks that take too long to run for every change. PORTOLAN_SOAK (1800) is roughly
# how many seconds they take.
source "$(dirname "$0")/common.sh"
seconds=${PORTOLAN_SOAK:-1800}
part() { # NAME COMMAND...: prints a heading, the command's output, and the seconds it took
    echo "== $1"
    local start=$SECONDS
    "${@:2}"
    echo "-- $((SECONDS - start)) s"
}
part sanitizers env PORTOLAN_OPS=$((seconds * 3)) ci/sanitize.sh
part histories ci/linear.sh $((seconds * 1000)) # twice on each of 12 configurations: more than forty million in total
part "opened and closed a thousand times" ci/dlopen.sh 1000
part models ci/models.sh
part schedules ci/schedules.sh $((seconds / 9))
part memory ci/memory.sh $((seconds / 6))
part fuzzing ci/fuzz.sh $((seconds / 15))
part stress env PORTOLAN_SECONDS=$((seconds / 120)) ci/stress.sh
echo "all in $SECONDS s"
