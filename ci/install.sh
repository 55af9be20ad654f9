#!/usr/bin/env bash
# PREFIX=/usr/local DESTDIR= ci/install.sh: installs the C and C++ headers, the versioned shared
# library, the static library and portolan.pc. PREFIX is where the files will be used. DESTDIR, for
# packagers, is put before it when they are written.
source "$(dirname "$0")/common.sh"
source ci/installed-files.sh

# Under sudo there may be no cargo; then install what `make build` left.
if command -v cargo >/dev/null || [ ! -e "$lib/libportolan.so.$version" ]; then ci/build.sh; fi

install -d "$to_include" "$to_lib/pkgconfig"
install -m 644 include/portolan.h bindings/cpp/portolan.hpp "$to_include"
install -m 755 --strip "$lib/libportolan.so.$version" "$to_lib"
ln -sfn "libportolan.so.$version" "$to_lib/libportolan.so.$major"
ln -sfn "libportolan.so.$major" "$to_lib/libportolan.so"
install -m 644 "$lib/libportolan.a" "$to_lib"
ci/portolan.pc.sh "$version" "$prefix" "$prefix/lib" "$prefix/include" >"$to_lib/pkgconfig/portolan.pc"
chmod 644 "$to_lib/pkgconfig/portolan.pc"

# The loader finds a library in /usr/local/lib only after ldconfig. Do not run it for a package, and
# it cannot run without root.
if [ -z "${DESTDIR-}" ] && [ "$(id -u)" = 0 ]; then PATH=$PATH:/sbin ldconfig; fi
echo "installed Portolan $version below ${DESTDIR-}$prefix"
