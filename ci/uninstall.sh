#!/usr/bin/env bash
# PREFIX=/usr/local DESTDIR= ci/uninstall.sh: removes what ci/install.sh put there.
source "$(dirname "$0")/common.sh"
source ci/installed-files.sh

rm -f "$to_include/portolan.h" "$to_include/portolan.hpp" "$to_lib/libportolan.a" "$to_lib/pkgconfig/portolan.pc" \
    "$to_lib/libportolan.so" "$to_lib/libportolan.so.$major" "$to_lib/libportolan.so.$version"
if [ -z "${DESTDIR-}" ] && [ "$(id -u)" = 0 ]; then PATH=$PATH:/sbin ldconfig; fi
echo "removed Portolan $version from below ${DESTDIR-}$prefix"
