#!/usr/bin/env bash
# Builds what is shipped into target/portolan/lib: the shared library with its links, the static
# library, portolan.pc.
source "$(dirname "$0")/common.sh"
ci/deps.sh build

mkdir -p "$lib/pkgconfig"
exec 9>"$out/.lock" # two builds at once would mix their files
flock 9

# One crate type at a time: together with the rlib, rustc silently leaves out link-time
# optimisation. In a target directory of its own: otherwise `cargo build --release`, which builds
# them together, would overwrite these files.
for type in cdylib staticlib; do
    cargo rustc --quiet --locked --release --lib --crate-type $type --target-dir target/shipped
done
built_so=target/shipped/release/libportolan.so
built_a=target/shipped/release/libportolan.a

if [ ! "$lib/libportolan.so.$version" -nt "$built_so" ]; then
    cp "$built_so" "$out/new.so"
    mv "$out/new.so" "$lib/libportolan.so.$version" # a running program keeps the file that it has mapped
fi
ln -sfn "libportolan.so.$version" "$lib/libportolan.so.$major"
ln -sfn "libportolan.so.$major" "$lib/libportolan.so"

# rustc's archive contains Rust's standard library with global names. They would clash with those of
# any other Rust static library in the same program. So link everything that a ptl_ function reaches
# into one object, and make all names local except ptl_*.
if [ ! "$lib/libportolan.a" -nt "$built_a" ]; then
    work=$(mktemp -d "$out/static.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    nm --defined-only --extern-only --format=posix "$built_a" 2>/dev/null | sed -n 's/^\(ptl_[^ ]*\) .*/-u \1/p' >"$work/roots"
    # Dissolve section groups: otherwise the linker may drop the section of a local name in favour
    # of another library's group of the same name.
    ld -r --gc-sections --force-group-allocation @"$work/roots" --whole-archive "$built_a" -o "$work/portolan.o"
    # ld has joined the sections of LLVM bitcode. The result is not valid bitcode, and tools that
    # try to read it fail.
    objcopy --wildcard --keep-global-symbol='ptl_*' --strip-debug -R .llvmbc -R .llvmcmd "$work/portolan.o"
    ar rcsD "$work/libportolan.a" "$work/portolan.o"
    mv "$work/libportolan.a" "$lib/libportolan.a"
fi

# For programs built inside the tree, which run without LD_LIBRARY_PATH. `make install` writes its
# own portolan.pc.
ci/portolan.pc.sh "$version" "$root" "$lib" "$root/include" in-tree >"$out/new.pc"
mv "$out/new.pc" "$lib/pkgconfig/portolan.pc"
