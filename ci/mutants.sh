#!/usr/bin/env bash
# ci/mutants.sh [NAME ...]: plants the bugs of ci/mutants/*.patch in a copy of the tree, one at a time, all or those named, and shows
# that a test fails for each. A patch begins with a line that says what is wrong then, and a line "Test: ..." with the test that is to fail:
#   lib FILTER, rust TEST [FILTER], models FILTER (under the model checker, the quick ones), slow-models FILTER, schedules [FILTER] (whole maps
#   under shuttle), c PROGRAM, cpp, go
# A test that takes more than twice as long as without a bug counts as failed. The tests must pass without one; that is seen to first. Ends with an error if a bug survives.
# Keeps target/reliability/mutants.tsv: name, what, test, killed or survived, seconds.
source "$(dirname "$0")/common.sh"
ci/deps.sh test
tree=$root/target/mutants/tree
results=$root/target/reliability/mutants.tsv
log=$root/target/mutants/log
patches=("$root"/ci/mutants/*.patch)
[ $# = 0 ] || { patches=("${@/#/$root/ci/mutants/}"); patches=("${patches[@]/%/.patch}"); }

mkdir -p "$tree" "$(dirname "$results")"
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xmf - -C "$tree" # as new, so that cargo builds again what a bug was in

# Quick to build rather than quick: most of the time goes there.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
unset PKG_CONFIG_PATH

declare -A limit                      # seconds for each test, which may not end
models() { RUSTFLAGS="--cfg loom" cargo test --quiet --locked --release --lib --target-dir target/models -- "$@"; }

run_test() { # LIB|RUST|... ARGUMENT...
    local sort=$1
    shift
    cd "$tree"
    case $sort in
    lib) cargo test --quiet --locked --lib -- "$@" ;;
    rust) cargo test --quiet --locked --test "$1" -- "${@:2}" ;;
    models) models "$@" "${slow_models[@]/#/--skip=}" ;;
    slow-models) models "$@" ;;
    schedules) RUSTFLAGS="--cfg shuttle" cargo test --quiet --locked --release --test schedules --target-dir target/schedules -- "$@" ;;
    c) ci/c-tests.sh "$@" ;;
    cpp) ci/cpp-tests.sh ;;
    go) ci/build.sh && cd bindings/go && PKG_CONFIG_PATH=$tree/target/portolan/lib/pkgconfig go test -count=1 -short ./... ;;
    *) echo "no sort of test is called $sort" >&2; return 0 ;;
    esac
}

# A test as told by a patch, in a group of processes of its own that ends when its time is over: SECONDS TEST
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

test_of() { sed -n 's/^Test: //p' "$1"; }

echo "without a bug, each test passes:"
mapfile -t tests < <(for patch in "${patches[@]}"; do test_of "$patch"; done | sort -u)
for test in "${tests[@]}"; do
    start=$SECONDS
    if ! run_limited 1200 "$test"; then
        tail -n 30 "$log" >&2
        echo "$test fails without a bug" >&2
        exit 1
    fi
    limit[$test]=$((2 * (SECONDS - start) + 30))
    printf '  %s: %d s\n' "$test" $((SECONDS - start))
done

killed=0 survived=0
touch "$results"
for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch) test=$(test_of "$patch") what=$(head -n 1 "$patch") start=$SECONDS
    patch --quiet --strip=1 --directory="$tree" --forward <"$patch" || { echo "$name does not fit the source any more" >&2; exit 1; }
    if run_limited "${limit[$test]}" "$test"; then
        outcome=survived survived=$((survived + 1))
    elif grep -q '^error: could not compile\|^error\[E\|: error: \|\[build failed\]' "$log"; then # rustc, the C and C++ compilers, Go
        grep 'error\|^\./.*go:' "$log" | head -n 3 >&2
        outcome=broken survived=$((survived + 1)) # it shows nothing
    else
        outcome=killed killed=$((killed + 1))
    fi
    patch --quiet --strip=1 --directory="$tree" --reverse <"$patch"
    sed -i "/^$name\t/d" "$results"
    printf '%s\t%s\t%s\t%s\t%d\n' "$name" "$what" "$test" $outcome $((SECONDS - start)) >>"$results"
    printf '%-44s %s by %s, %d s\n' "$name" $outcome "$test" $((SECONDS - start))
done
echo "$killed killed, $survived survived"
# Of all, also when only some ran now; without those whose patch is gone.
for name in $(cut -f 1 "$results"); do [ -e "$root/ci/mutants/$name.patch" ] || sed -i "/^$name\t/d" "$results"; done
record mutants "$(grep -c $'\tkilled\t' "$results") of $(find "$root/ci/mutants" -name '*.patch' | wc -l) planted bugs were found by the test named for them"
[ "$survived" = 0 ]
