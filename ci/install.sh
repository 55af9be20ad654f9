#!/usr/bin/env bash
# PREFIX=/usr/local DESTDIR= ci/install.sh: header, C++ header, versioned shared library, static library, portolan.pc.
# PREFIX is where the files will be used; DESTDIR, for makers of packages, is put before it while they are written.
source "$(dirname "$0")/common.sh"
source ci/installed-files.sh

# Under sudo there may be no cargo: then what `make build` left is installed.
if command -v cargo >/dev/null || [ ! -e "$lib/libportolan.so.$version" ]; then ci/build.sh; fi

install -d "$to_include" "$to_lib/pkgconfig"
install -m 644 include/portolan.h bindings/cpp/portolan.hpp "$to_include"
install -m 755 --strip "$lib/libportolan.so.$version" "$to_lib"
ln -sfn "libportolan.so.$version" "$to_lib/libportolan.so.$major"
ln -sfn "libportolan.so.$major" "$to_lib/libportolan.so"
install -m 644 "$lib/libportolan.a" "$to_lib"
ci/portolan.pc.sh "$version" "$prefix" "$prefix/lib" "$prefix/include" >"$to_lib/pkgconfig/portolan.pc"
chmod 644 "$to_lib/pkgconfig/portolan.pc"

# The loader finds a library in /usr/local/lib only after this; it is not ours to do for a package, nor without root.
if [ -z "${DESTDIR-}" ] && [ "$(id -u)" = 0 ]; then PATH=$PATH:/sbin ldconfig; fi
echo "installed Portolan $version below ${DESTDIR-}$prefix"
