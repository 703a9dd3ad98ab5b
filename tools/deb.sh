#!/usr/bin/env bash
# deb.sh BUILD: packs a build whose prefix is /usr (cmake --preset deb) as BUILD/differnet_VERSION_ARCHITECTURE.deb. lintian,
# where it is installed, must find nothing: what is overridden is so on purpose. Equal content gives equal bytes.
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1764374400}
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
# Of a build for another processor (tools/cross.sh): where its libraries lie, and which package each belongs to.
other=$(sed -n 's/^DIFFERNET_ROOT:[A-Z]*=//p' "$build/CMakeCache.txt")
if [ -n "$other" ]; then
    DEB_HOST_ARCH=$(dpkg-deb -f "$(find "$other/var/cache/apt/archives" -name 'libc6_*.deb')" Architecture)
    export DEB_HOST_ARCH
    known=(--admindir="$other/known" -l"$other/usr/lib/$(dpkg-architecture -a "$DEB_HOST_ARCH" -q DEB_HOST_MULTIARCH 2>/dev/null)")
fi
architecture=${DEB_HOST_ARCH:-$(dpkg --print-architecture)}
# Whoever builds the package and sets Debian's variables is its maintainer; ".invalid" never exists.
maintainer="${DEBFULLNAME:-The DifferNet in C authors} <${DEBEMAIL:-no-address@differnet.invalid}>"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
root=$stage/debian/differnet

DESTDIR=$root cmake --install "$build" --strip >/dev/null
library=$(find "$root/usr/lib" -name 'libdiffernet.so.*' -type f)
soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[libdiffernet\.so\.\(.*\)\].*/\1/p')
doc=$root/usr/share/doc/differnet
mv "$doc/LICENSE" "$stage/LICENSE"
{
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n'
    printf 'Upstream-Name: differnet\n\nFiles: *\n'
    sed -n 's/^Copyright (c) /Copyright: /p' "$stage/LICENSE" | head -n 1
    printf 'License: MIT\n'
    sed -e '1,/^Copyright/d' -e 's/^$/./' -e 's/^/ /' "$stage/LICENSE" | sed '1{/^ \.$/d}'
} >"$doc/copyright"
printf 'differnet (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' "$version" "$maintainer" \
    "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
find "$root/usr/share/man" -type f -exec gzip -9n {} +

# One package for the tool, the library and its headers: who installs it for one of them has the others.
mkdir -p "$root/usr/share/lintian/overrides"
cat >"$root/usr/share/lintian/overrides/differnet" <<'TEXT'
differnet: package-name-doesnt-match-sonames *
differnet: link-to-shared-library-in-wrong-package *
TEXT

mkdir "$root/DEBIAN"
printf 'Source: differnet\n\nPackage: differnet\nArchitecture: %s\n' "$architecture" >"$stage/debian/control"
depends=$(cd "$stage" && dpkg-shlibdeps ${known[@]+"${known[@]}"} -O "debian/differnet/usr/bin/differnet" "${library#"$stage/"}" 2>"$stage/said") || {
    cat "$stage/said" >&2
    exit 1
}
cat >"$root/DEBIAN/control" <<TEXT
Package: differnet
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -k -s "$root/usr" | cut -f 1)
Depends: ${depends#shlibs:Depends=}
Section: science
Priority: optional
Description: finds defects in pictures of parts
 DifferNet (Rudolph et al., WACV 2021) learns from pictures of good parts
 alone and says of new ones whether they are unlike them, and where. This
 package has the command line, the library libdiffernet with its headers, and
 a small data set.
TEXT
printf 'libdiffernet %s differnet (>= %s)\n' "$soname" "$version" >"$root/DEBIAN/shlibs"
printf 'activate-noawait ldconfig\n' >"$root/DEBIAN/triggers"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -type d -exec chmod 755 {} +
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
package=$build/differnet_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >/dev/null
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error,warning "$package" >&2
fi
echo "$package"
