#!/usr/bin/env bash
# cross.sh arm64 [-R PATTERN]: builds for another processor in build-arm64/ and runs tests there under qemu-user.
# The libraries come from Debian's mirror into build-arm64/root; nothing on this machine changes. Needs
# gcc-aarch64-linux-gnu, qemu-user-static and debootstrap, and root for the latter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "${1:-}" = arm64 ] || { echo "usage: cross.sh arm64 [CTEST OPTION]..." >&2; exit 2; }
shift
build=$PWD/build-arm64 root=$PWD/build-arm64/root
suite=${SUITE:-bookworm} mirror=${MIRROR:-http://deb.debian.org/debian}
packages=libc6-dev,libdnnl-dev,libjpeg-dev,libpng-dev,libtiff-dev,libwebp-dev,libyaml-dev,libcjson-dev,libzip-dev,zlib1g-dev
packages+=,nettle-dev,libprotobuf-c-dev,libonnx-dev,libcmocka-dev,libgomp1,libmicrohttpd-dev,libsqlite3-dev,libcurl4-gnutls-dev
packages+=,libmosquitto-dev

# debootstrap finds what the packages depend on; they are unpacked, never configured, so no program of theirs runs.
if [ ! -e "$root/.complete" ]; then
    rm -rf "$root"
    debootstrap --foreign --arch=arm64 --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$build.log"
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --extract "$package" "$root"
    done
    touch "$root/.complete"
fi
[ -f "$build/build.ninja" ] || cmake -S . -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/arm64.cmake -DDIFFERNET_ROOT="$root" \
    -DCMAKE_BUILD_TYPE=Release -DDIFFERNET_WERROR=ON ${CROSS_OPTIONS:-}
cmake --build "$build"
ctest --test-dir "$build" --output-on-failure "$@"
