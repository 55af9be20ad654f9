#!/usr/bin/env bash
# Compares Portolan with all its peers, in Rust, C and C++. Without arguments it measures
# everything, which takes hours. Arguments go to the benchmark (--help lists them); where they name
# no maps, workloads or sizes, it takes all.
source "$(dirname "$0")/common.sh"

# What the C and C++ maps need: a command, or the name that pkg-config knows, and Debian's package.
packages=()
command -v c++ >/dev/null || packages+=(g++)
command -v pkg-config >/dev/null || packages+=(pkg-config)
while read -r name package; do
    pkg-config --exists "$name" 2>/dev/null || packages+=("$package")
done <<'LIST'
tbb libtbb-dev
liburcu-cds liburcu-dev
ck libck-dev
glib-2.0 libglib2.0-dev
LIST
if [ ${#packages[@]} -gt 0 ]; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${packages[@]}")
    if ! "${install[@]}" >/dev/null 2>&1 && ! { "${as_root[@]}" apt-get update --quiet && "${install[@]}"; } >/dev/null 2>&1; then
        echo "make bench-peers needs the Debian packages ${packages[*]} (apt-get install ${packages[*]})" >&2
        exit 1
    fi
fi

ci/build.sh
bench=$(made portolan-benches build --quiet --release --features peers --manifest-path benches/Cargo.toml --target-dir target/bench-peers)

everything=(--map all --workload all --entries "1k,1M,10M")
if [ $# -gt 0 ]; then exec "$bench" "${everything[@]}" "$@"; fi
"$bench" "${everything[@]}"
# For strings, only the workloads in which they differ from words.
"$bench" --map all --key string --workload "hit,miss,95/5,50/50,insert,memory,batch64" --entries 1k,1M --keep
# Bytes, in the maps that are measured with them: a million values of a thousand take each map 1.2 GB.
exec "$bench" --map sharded,mutex,dashmap,papaya,scc,hashbrown_mutex,tbb,glib --key string --value 16,100,1000 \
    --workload "hit,insert,overwrite,50/50" --entries 1k,1M --keep
