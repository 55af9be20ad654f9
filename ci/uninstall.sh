#!/usr/bin/env bash
# PREFIX=/usr/local DESTDIR= ci/uninstall.sh: removes what ci/install.sh put there, of whatever version
# and into whatever LIBDIR and INCLUDEDIR.
source "$(dirname "$0")/common.sh"
source ci/installed-files.sh

if [ -e "$to$list" ]; then
    mapfile -t files <"$to$list"
else # it was installed before there was a list
    files=("$includeat"/portolan.{h,hpp} "$libat"/libportolan.{a,so} "$libat/pkgconfig/portolan.pc")
    for file in "$to$libat"/libportolan.so.[0-9]*; do files+=("${file#"$to"}"); done
fi
for file in "${files[@]}"; do
    case $file in
    /*) rm -f "$to$file" ;;
    ?*) rm -f "$to$at/$file" ;;
    esac
done
rmdir "$to$at/share/portolan" "$to$at/share/licenses/portolan" 2>/dev/null || true
if [ -z "$to" ] && [ "$(id -u)" = 0 ]; then PATH=$PATH:/sbin ldconfig; fi
echo "removed Portolan from below $to$prefix"
