#!/bin/sh
# ci/portolan.pc.sh VERSION PREFIX LIBDIR INCLUDEDIR [in-tree]: prints portolan.pc. With in-tree,
# programs remember where the library was. The C compiler adds its unwinder (libgcc_s, libgcc_eh) by
# itself; portolan.pc lists everything else that Rust's standard library needs.
escape() { printf '%s' "$1" | sed 's/ /\\ /g'; }
below_prefix() { case $1 in "$prefix"/*) printf '${prefix}%s' "$(escape "${1#"$prefix"}")" ;; *) escape "$1" ;; esac; }
prefix=$2
cat <<END
prefix=$(escape "$prefix")
libdir=$(below_prefix "$3")
includedir=$(below_prefix "$4")
# The static library by name, for programs that are otherwise linked dynamically.
static_libs=\${libdir}/libportolan.a -lpthread -ldl -lm

Name: portolan
Description: Go's family of concurrent maps for every language that can call C
Version: $1
Cflags: -I\${includedir}
Libs: -L\${libdir}${5:+ -Wl,-rpath,\${libdir\}} -lportolan
Libs.private: -lpthread -ldl -lm
END
