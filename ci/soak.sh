#!/usr/bin/env bash
# ci/soak.sh: what takes too long for every change; PORTOLAN_SOAK (1800) says how many seconds it is meant to take, roughly.
source "$(dirname "$0")/common.sh"
seconds=${PORTOLAN_SOAK:-1800}
echo "== sanitizers"
ci/sanitize.sh
echo "== histories"
ci/linear.sh $((seconds * 1000)) # twice in each of 12 sorts of maps: above forty million in all, in some four minutes
echo "== opened and closed a thousand times"
ci/dlopen.sh 1000
echo "== schedules"
ci/schedules.sh $((seconds / 6))
echo "== memory"
ci/memory.sh $((seconds / 4))
echo "== fuzzing"
ci/fuzz.sh $((seconds / 6))
echo "== stress"
PORTOLAN_SECONDS=$((seconds / 60)) ci/stress.sh
