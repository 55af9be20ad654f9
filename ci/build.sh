#!/usr/bin/env bash
# Builds what is shipped into target/portolan/lib: the shared library with its links, the static
# library; and, for programs built inside the tree, portolan.pc and what it names.
source "$(dirname "$0")/common.sh"
ci/deps.sh build

mkdir -p "$lib/pkgconfig" "$out/include"
exec 9>"$out/.lock" # two builds at once would mix their files
flock 9

# First, for it refuses a path that it cannot hold.
ci/portolan.pc.sh "$version" "$out" "$lib" "$out/include" "$lib/in-tree" >"$out/new.pc"
ln -sfn ../../../include/portolan.h ../../../bindings/cpp/portolan.hpp "$out/include"

# One crate type at a time: together with the rlib, rustc silently leaves out link-time
# optimisation. In a target directory of its own: otherwise `cargo build --release`, which builds
# them together, would overwrite these files.
ship=(rustc --quiet --locked --release --lib --target-dir target/shipped --crate-type)
built_so=$(made libportolan.so "${ship[@]}" cdylib)
built_a=$(made libportolan.a "${ship[@]}" staticlib)

# What is there may come from another folder of cargo's, and be newer: so compare the contents.
if ! cmp --quiet "$built_so" "$lib/libportolan.so.$version"; then
    cp "$built_so" "$out/new.so"
    mv "$out/new.so" "$lib/libportolan.so.$version" # a running program keeps the file that it has mapped
fi
ln -sfn "libportolan.so.$version" "$lib/libportolan.so.$major"
ln -sfn "libportolan.so.$major" "$lib/libportolan.so"

# rustc's archive contains Rust's standard library with global names. They would clash with those of
# any other Rust static library in the same program. So link everything that a ptl_ function reaches
# into one object, and make all names local except ptl_*.
# target/portolan/static.sums keeps what the archive was made from, and what came of it.
if ! sha256sum --check --status "$out/static.sums" 2>/dev/null || ! grep -q "[ *]$built_a\$" "$out/static.sums"; then
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
    sha256sum "$built_a" "target/portolan/lib/libportolan.a" >"$out/static.sums"
fi

# Programs built inside the tree run without LD_LIBRARY_PATH. They are linked with a stub: an empty
# library with the same names, whose own name, which programs record, is the whole path of the real
# one. (A path to search at run time, -rpath, would do as well, but it makes programs crash that are
# linked with -static-pie.) `make install` writes its own portolan.pc.
mkdir -p "$lib/in-tree"
{
    nm --dynamic --defined-only --format=posix "$built_so" | sed -n 's/^\(ptl_[^ ]*\) .*/.globl \1\n.type \1, %function\n\1:/p'
    echo '.section .note.GNU-stack, "", %progbits'
} >"$out/stub.s"
"${CC:-cc}" -c "$out/stub.s" -o "$out/stub.o"
ld -shared -soname "$lib/libportolan.so.$major" "$out/stub.o" -o "$out/new.so"
mv "$out/new.so" "$lib/in-tree/libportolan.so"
mv "$out/new.pc" "$lib/pkgconfig/portolan.pc"
