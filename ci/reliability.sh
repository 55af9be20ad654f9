#!/usr/bin/env bash
# Writes the end of docs/reliability.md: what the last runs have shown, and the planted bugs. The
# evidence is in target/reliability, written by ci/models.sh, ci/schedules.sh, ci/linear.sh,
# ci/memory.sh, ci/fuzz.sh, ci/sanitize.sh and ci/mutants.sh.
source "$(dirname "$0")/common.sh"
evidence=target/reliability
page=docs/reliability.md
mark='<!-- evidence -->'
{
    sed "/^$mark\$/q" "$page"
    printf '\n%s, %s processors.\n\n' "$(rustc --version | cut -d ' ' -f 1,2)" "$(nproc)"
    echo '| check | command | what it has shown | at commit |'
    echo '|---|---|---|---|'
    for row in 'models:`ci/models.sh`' 'schedules:`ci/schedules.sh SCHEDULES`' 'linear:`ci/linear.sh CALLS`' 'sanitize:`ci/sanitize.sh`' 'memory:`ci/memory.sh SECONDS`' \
        'fuzz:`make fuzz`' 'mutants:`make mutants`'; do
        name=${row%%:*}
        [ -e "$evidence/$name" ] || { echo "there is no evidence of $name: run it first" >&2; exit 1; }
        printf '| %s | %s | %s |\n' "$name" "${row#*:}" "$(cat "$evidence/$name")"
    done
    printf '\n### The planted bugs\n\nNOT marks a bug that no test finds yet.\n\n| part | planted bug | found by | seconds |\n|---|---|---|---|\n'
    sort "$evidence/mutants.tsv" | while IFS=$'\t' read -r name what test outcome seconds; do
        printf '| %s | %s | %s%s | %s |\n' "${name%%-*}" "${what%.}" "$([ "$outcome" = killed ] || echo "NOT: ")" "$test" "$seconds"
    done
} >"$page.new"
mv "$page.new" "$page"
