#!/bin/sh
# ci/portolan.pc.sh VERSION PREFIX LIBDIR INCLUDEDIR [LINKDIR]: prints portolan.pc, or says why one of
# the folders cannot stand in it and fails. LINKDIR goes before LIBDIR when programs are linked. The C
# compiler adds its unwinder (libgcc_s, libgcc_eh) by itself; portolan.pc lists everything else that
# Rust's standard library needs.
LC_ALL=C
export LC_ALL
prefix=$2

# pkg-config prints \, $, ( and ) without the backslash that a shell needs; : and ; would end the
# folder in PKG_CONFIG_PATH or LD_LIBRARY_PATH; a line or a space at the end would be lost.
for folder in "$2" "$3" "$4" ${5+"$5"}; do
    case $folder in
    /*) ;;
    *) echo "not an absolute path: $folder" >&2; exit 2 ;;
    esac
    case $folder in
    *[[:cntrl:]]* | *[\\\$\(\):\;]* | *' ')
        printf 'a path for portolan.pc must not have \\ $ ( ) : ; or a control character, nor end in a space: %s\n' \
            "$(printf '%s' "$folder" | tr '[:cntrl:]' '?')" >&2
        exit 2
        ;;
    esac
done

# pkg-config reads words as a shell does.
escape() { printf '%s' "$1" | sed 's,[]["'"'"' #%&*?{}|<>`!~],\\&,g'; }
below_prefix() { case $1 in "$prefix"/*) printf '${prefix}%s' "$(escape "${1#"$prefix"}")" ;; *) escape "$1" ;; esac; }
cat <<END
prefix=$(escape "$prefix")
libdir=$(below_prefix "$3")
includedir=$(below_prefix "$4")
# The static library by name, for programs that are otherwise linked dynamically. A plugin that has it
# does not export its names.
static_libs=\${libdir}/libportolan.a -Wl,--exclude-libs,libportolan.a -lpthread -ldl -lm

Name: portolan
Description: Go's family of concurrent maps for every language that can call C
Version: $1
Cflags: -I\${includedir}
Libs: ${5+-L$(below_prefix "$5") }-L\${libdir} -lportolan
Libs.private: -Wl,--exclude-libs,libportolan.a -lpthread -ldl -lm
END
