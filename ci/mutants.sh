#!/usr/bin/env bash
# Plants the bugs of ci/mutants in a copy of the tree, one at a time, and shows that the test named for each fails.
#
#   ci/mutants.sh                     all of them: an hour
#   ci/mutants.sh NAME ...            those named
#   ci/mutants.sh --changed COMMIT [SECONDS]   those in files that have changed since a commit; it plants no further bug after so
#                                     many seconds
#   ci/mutants.sh --check             only checks that each bug fits the source: seconds
#   ci/mutants.sh --tests             only checks that there is a test for each bug, among those that cargo runs
#
# ci/plant/src/main.rs says what a bug's file looks like. Its test is one of:
#   lib FILTER, rust TEST [FILTER], models FILTER (under loom, the quick ones), slow-models FILTER, schedules [FILTER] (whole maps under
#   shuttle), c PROGRAM, cpp, go, no-panic
# Each test must first pass without a bug. A test that then takes more than twice as long counts as failed. Ends with an error if a
# bug survives. target/reliability/mutants.tsv keeps: name, what, test, killed or survived, seconds.
source "$(dirname "$0")/common.sh"
plant=$(made plant build --quiet --release --manifest-path ci/plant/Cargo.toml --target-dir target/plant)
if [ "${1-}" = --check ]; then
    cargo test --quiet --manifest-path ci/plant/Cargo.toml --target-dir target/plant
    exec "$plant" check .
fi
if [ "${1-}" = --tests ]; then
    missing=0 checked=0
    while read -r sort name filter; do
        case $sort in
        lib) listed=$(cargo test --quiet --locked --lib -- --list "$name") ;;
        rust) listed=$(cargo test --quiet --locked --test "$name" -- --list $filter) ;; # no filter: all
        models | slow-models) listed=$(RUSTFLAGS="$models_flags" cargo test --quiet --locked --release --lib --target-dir target/models -- --list "$name") ;;
        *) continue ;;
        esac
        checked=$((checked + 1))
        grep -q ': test$' <<<"$listed" || { echo "there is no test for: $sort $name $filter" >&2; missing=$((missing + 1)); }
    done < <(sed -n 's/^test: //p' ci/mutants/*.bug | sort -u)
    echo "$checked tests are named, $missing of them do not exist"
    [ "$missing" = 0 ]
    exit
fi

ci/deps.sh test
tree=$root/target/mutants/tree
results=$root/target/reliability/mutants.tsv
log=$root/target/mutants/log
seconds=
case ${1-} in
--changed)
    seconds=${3-}
    mapfile -t files < <(git diff --name-only "$2" -- src bindings)
    [ ${#files[@]} -gt 0 ] || { echo "no source has changed since $2"; exit 0; }
    # In an order that is another one after each commit, so that each gets its turn where there is no time for all.
    chosen=$("$plant" list . "${files[@]}" | sort --random-sort --random-source=<(git rev-parse HEAD HEAD^{tree}))
    ;;
'') chosen=$("$plant" list .) ;;
*) chosen=$(for name in "$@"; do "$plant" list . | grep "^$name	" || echo "no bug is called $name" >&2; done) ;;
esac
[ -n "$chosen" ] || { echo "no bug is planted there"; exit 0; }

mkdir -p "$tree" "$(dirname "$results")"
find "$tree" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} + # what was built there last time stays
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xmf - -C "$tree" # as new, so that cargo builds again what a bug was in
# A bug may leave an import or a variable without a use.
sed -i '1i #![allow(unused)]' "$tree/src/lib.rs"

# Quick to build rather than quick: most of the time goes there.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
# PORTOLAN_SECONDS is for longer tests; each bug was planted for a test of the usual length.
unset PKG_CONFIG_PATH PORTOLAN_SECONDS

declare -A limit # seconds for each test, which may not end
models() { RUSTFLAGS="$models_flags" cargo test --quiet --locked --release --lib --target-dir target/models -- "$@"; }

run_test() { # LIB|RUST|... ARGUMENT...
    local sort=$1
    shift
    cd "$tree"
    case $sort in
    lib) cargo test --quiet --locked --lib -- "$@" ;;
    rust) cargo test --quiet --locked --test "$1" -- "${@:2}" ;;
    models) models "$@" "${slow_models[@]/#/--skip=}" ;;
    slow-models) models "$@" ;;
    schedules) RUSTFLAGS="--cfg shuttle -C debug-assertions" cargo test --quiet --locked --release --test schedules --target-dir target/schedules -- "$@" ;;
    c) ci/c-tests.sh "$@" ;;
    cpp) ci/cpp-tests.sh ;;
    no-panic) CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 ci/no-panic.sh ;; # the proof takes all of the code at once
    go) ci/build.sh && cd bindings/go && PKG_CONFIG_PATH=$tree/target/portolan/lib/pkgconfig go test -count=1 -short ./... ;;
    *) echo "no sort of test is called $sort" >&2; return 0 ;;
    esac
}

# A test as a bug names it, in a group of processes of its own that ends when its time is over: SECONDS TEST
run_limited() {
    local seconds=$1 job watch status=0
    set -m
    # shellcheck disable=SC2086 # a test is several words
    (ulimit -v $((16 << 20)) && run_test $2) >"$log" 2>&1 </dev/null & # 16 GB: some bugs fill whatever there is
    job=$!
    (sleep "$seconds" && kill -KILL -- -"$job") >/dev/null 2>&1 &
    watch=$!
    set +m
    { wait "$job"; } 2>/dev/null || status=$? # without bash's word on what was killed
    kill -KILL -- -"$watch" 2>/dev/null || true
    wait "$watch" 2>/dev/null || true
    return "$status"
}

# Sees to it that a test passes without a bug, and how long it may take with one.
see_it_pass() { # TEST
    [ -z "${limit[$1]-}" ] || return 0
    local start=$SECONDS
    if ! run_limited 1200 "$1"; then
        tail -n 30 "$log" >&2
        echo "$1 fails without a bug" >&2
        exit 1
    fi
    case $1 in lib* | rust* | models* | slow-models* | schedules*) # cargo is content with a filter that no test's name has
        grep -q '^test result: ok\. [1-9]' "$log" || { echo "there is no test for: $1" >&2; exit 1; } ;;
    esac
    limit[$1]=$((2 * (SECONDS - start) + 30))
    printf '%-44s passes without a bug, %d s\n' "$1" $((SECONDS - start))
}

killed=0 survived=0 left=0
touch "$results"
while IFS=$'\t' read -r name test what <&3; do
    if [ -n "$seconds" ] && [ "$SECONDS" -ge "$seconds" ]; then
        left=$((left + 1))
        continue
    fi
    see_it_pass "$test"
    start=$SECONDS
    planted=$("$plant" apply "$tree" "$name")
    if run_limited "${limit[$test]}" "$test"; then
        outcome=survived survived=$((survived + 1))
    elif grep -q '^error: could not compile\|^error\[E\|: error: \|\[build failed\]' "$log"; then # rustc, the C and C++ compilers, Go
        grep 'error\|^\./.*go:' "$log" | head -n 3 >&2
        outcome=broken survived=$((survived + 1)) # it shows nothing
    else
        outcome=killed killed=$((killed + 1))
    fi
    for file in $planted; do
        cp "$file" "$tree/$file"
        [ "$file" != src/lib.rs ] || sed -i '1i #![allow(unused)]' "$tree/$file"
    done
    sed -i "/^$name\t/d" "$results"
    printf '%s\t%s\t%s\t%s\t%d\n' "$name" "$what" "$test" $outcome $((SECONDS - start)) >>"$results"
    printf '%-44s %s by %s, %d s\n' "$name" $outcome "$test" $((SECONDS - start))
done 3<<<"$chosen"
echo "$killed killed, $survived survived$([ $left = 0 ] || echo ", $left had no time")"
# Of all, also when only some ran now; without those that are gone.
for name in $(cut -f 1 "$results"); do [ -e "$root/ci/mutants/$name.bug" ] || sed -i "/^$name\t/d" "$results"; done
record mutants "$(grep -c $'\tkilled\t' "$results") of $(find "$root/ci/mutants" -name '*.bug' | wc -l) planted bugs were found by the test named for them"
[ "$survived" = 0 ]
