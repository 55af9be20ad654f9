#!/usr/bin/env bash
# PREFIX=/usr/local LIBDIR=$PREFIX/lib INCLUDEDIR=$PREFIX/include DESTDIR= ci/install.sh: installs the C
# and C++ headers, the versioned shared library, the static library, portolan.pc and the licences, and
# the list of these files, by which ci/uninstall.sh of any version removes them.
source "$(dirname "$0")/common.sh"
source ci/installed-files.sh

# Under sudo there may be no cargo; then install what `make build` left.
if command -v cargo >/dev/null || [ ! -e "$lib/libportolan.so.$version" ]; then ci/build.sh; fi

# First the list, with what earlier versions have put there: should something fail, what is there can
# be removed.
licences=$at/share/licenses/portolan
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=("$includeat/portolan.h" "$includeat/portolan.hpp" "$libat/libportolan.so.$version" "$libat/libportolan.so.$major"
    "$libat/libportolan.so" "$libat/libportolan.a" "$libat/pkgconfig/portolan.pc" "$licences/LICENSE-MIT" "$licences/LICENSE-APACHE" "$list")
install -d "$to$at/share/portolan"
{ list_of "${files[@]}"; [ ! -e "$to$list" ] || cat "$to$list"; } | sort -u >"$work/list"
install -m 644 "$work/list" "$to$list"

install -d "$to$includeat" "$to$libat/pkgconfig" "$to$licences"
install -m 644 include/portolan.h bindings/cpp/portolan.hpp "$to$includeat"
install -m 755 --strip "$lib/libportolan.so.$version" "$to$libat"
ln -sfn "libportolan.so.$version" "$to$libat/libportolan.so.$major"
ln -sfn "libportolan.so.$major" "$to$libat/libportolan.so"
install -m 644 "$lib/libportolan.a" "$to$libat"
printf '%s\n' "$pc" >"$work/portolan.pc"
install -m 644 "$work/portolan.pc" "$to$libat/pkgconfig"
install -m 644 LICENSE-MIT LICENSE-APACHE "$to$licences"

# The loader finds a library in /usr/local/lib only after ldconfig. Do not run it for a package, and
# it cannot run without root.
if [ -z "$to" ] && [ "$(id -u)" = 0 ]; then PATH=$PATH:/sbin ldconfig; fi
echo "installed Portolan $version below $to$prefix"
