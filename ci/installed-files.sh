# Sourced by install.sh and uninstall.sh: the directories for the files.
prefix=${PREFIX:-/usr/local}
case $prefix in /*) ;; *) echo "PREFIX must be an absolute path, not $prefix" >&2; exit 2 ;; esac
to_include=${DESTDIR-}$prefix/include
to_lib=${DESTDIR-}$prefix/lib
