# Sourced by install.sh and uninstall.sh: the folders for the files. PREFIX, LIBDIR and INCLUDEDIR are
# where the files will be used. DESTDIR, for packagers, is put before them when files are written.
# A name that ends in `at` has no slash at its end and may be empty: a slash and a name can follow.
at=${PREFIX:-/usr/local}
at=${at%"${at##*[!/]}"}
prefix=${at:-/}
libat=${LIBDIR:-$at/lib}
libat=${libat%"${libat##*[!/]}"}
includeat=${INCLUDEDIR:-$at/include}
includeat=${includeat%"${includeat##*[!/]}"}
to=${DESTDIR-}

# Checks the paths, and keeps portolan.pc until it is installed.
pc=$(ci/portolan.pc.sh "$version" "$prefix" "${libat:-/}" "${includeat:-/}")

# The list of what was installed, one path a line, without DESTDIR. What is below PREFIX stands there
# relative to it, so that a prefix can be moved as a whole.
list=$at/share/portolan/installed-files
list_of() { printf '%s\n' "$@" | awk -v at="$at/" 'index($0, at) == 1 { $0 = substr($0, length(at) + 1) } { print }'; }
