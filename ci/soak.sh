#!/usr/bin/env bash
# ci/soak.sh: what takes too long for every change, half an hour in all; PORTOLAN_SOAK (1800) seconds, roughly.
source "$(dirname "$0")/common.sh"
seconds=${PORTOLAN_SOAK:-1800}
echo "== sanitizers"
ci/sanitize.sh
echo "== histories"
ci/linear.sh $((seconds * 2000))
echo "== memory"
ci/memory.sh $((seconds / 4))
echo "== fuzzing"
ci/fuzz.sh $((seconds / 6))
echo "== stress"
PORTOLAN_SECONDS=$((seconds / 60)) ci/stress.sh
