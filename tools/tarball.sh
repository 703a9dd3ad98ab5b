#!/usr/bin/env bash
# tarball.sh BUILD: packs what the build folder installs together with the shared libraries that it needs (all but the C
# library's own) and their copyright notices: BUILD/differnet-VERSION-linux-MACHINE.tar.gz. Runs where it is unpacked. The
# build must be one of preset "tarball", whose programs look for libraries in ../lib first.
set -euo pipefail
build=$1
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
name=differnet-$version-linux-$(uname -m)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/$name
cmake --install "$build" --prefix "$root" --strip >/dev/null

# The C library must be that of the machine.
needed() {
    ldd "$root/bin/differnet" | awk '$2 == "=>" {print $3}' |
        grep -vE '/(libc|libm|libpthread|libdl|librt|libresolv)\.so\.[0-9]+$' | grep -v "^$root/"
}
for library in $(needed); do
    cp -L "$library" "$root/lib/"
    package=$(dpkg-query -S "*$(realpath "$library" | sed "s:^/usr::")" 2>/dev/null | sed -n '1s/:.*//p' || true)
    [ -z "$package" ] || install -D -m 644 "/usr/share/doc/$package/copyright" "$root/share/doc/differnet/libraries/$package"
done
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$stage" -czf "$build/$name.tar.gz" "$name"
echo "$build/$name.tar.gz"
