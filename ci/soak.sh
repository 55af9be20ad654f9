#!/usr/bin/env bash
# ci/soak.sh: what takes too long for every change; PORTOLAN_SOAK (1800) says how many seconds it is meant to take, roughly.
source "$(dirname "$0")/common.sh"
seconds=${PORTOLAN_SOAK:-1800}
part() { # NAME COMMAND...: a heading, what the command prints, and the seconds that it took
    echo "== $1"
    local start=$SECONDS
    "${@:2}"
    echo "-- $((SECONDS - start)) s"
}
part sanitizers env PORTOLAN_OPS=$((seconds * 3)) ci/sanitize.sh
part histories ci/linear.sh $((seconds * 1000)) # twice in each of 12 sorts of maps: above forty million in all
part "opened and closed a thousand times" ci/dlopen.sh 1000
part models ci/models.sh
part schedules ci/schedules.sh $((seconds / 9))
part memory ci/memory.sh $((seconds / 6))
part fuzzing ci/fuzz.sh $((seconds / 15))
part stress env PORTOLAN_SECONDS=$((seconds / 120)) ci/stress.sh
echo "all in $SECONDS s"
