#!/usr/bin/env bash
# Builds what is shipped into target/portolan/lib: the shared library with its links, the static library, portolan.pc.
source "$(dirname "$0")/common.sh"
ci/deps.sh build

mkdir -p "$lib/pkgconfig"
exec 9>"$out/.lock" # two builds at once would mix each other's files
flock 9

# One crate type at a time: together with the rlib, rustc would leave link-time optimisation out without a word. And in a
# target directory of its own: `cargo build --release` would put its files, made in that way, at the same place.
for type in cdylib staticlib; do
    cargo rustc --quiet --locked --release --lib --crate-type $type --target-dir target/shipped
done
built_so=target/shipped/release/libportolan.so
built_a=target/shipped/release/libportolan.a

if [ ! "$lib/libportolan.so.$version" -nt "$built_so" ]; then
    cp "$built_so" "$out/new.so"
    mv "$out/new.so" "$lib/libportolan.so.$version" # a running program keeps the file it has mapped
fi
ln -sfn "libportolan.so.$version" "$lib/libportolan.so.$major"
ln -sfn "libportolan.so.$major" "$lib/libportolan.so"

# rustc's archive holds Rust's standard library with global names, which clash with those of any other Rust static library in
# the same program. So: one object, without what no ptl_ function reaches, in which all names but ptl_* are local.
if [ ! "$lib/libportolan.a" -nt "$built_a" ]; then
    work=$(mktemp -d "$out/static.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    nm --defined-only --extern-only --format=posix "$built_a" 2>/dev/null | sed -n 's/^\(ptl_[^ ]*\) .*/-u \1/p' >"$work/roots"
    # Groups are dissolved: a local name in a group would lose its section to another library's group of the same name.
    ld -r --gc-sections --force-group-allocation @"$work/roots" --whole-archive "$built_a" -o "$work/portolan.o"
    # LLVM's bitcode, run together by ld, is bitcode no more, and tools that try to read it fail.
    objcopy --wildcard --keep-global-symbol='ptl_*' --strip-debug -R .llvmbc -R .llvmcmd "$work/portolan.o"
    ar rcsD "$work/libportolan.a" "$work/portolan.o"
    mv "$work/libportolan.a" "$lib/libportolan.a"
fi

# For programs built inside the tree, which run without LD_LIBRARY_PATH. `make install` writes its own.
ci/portolan.pc.sh "$version" "$root" "$lib" "$root/include" in-tree >"$out/new.pc"
mv "$out/new.pc" "$lib/pkgconfig/portolan.pc"
