#!/usr/bin/env bash
# cross.sh arm64 [CTEST OPTION]...: builds for another processor in build-arm64/, runs the unit tests (or those that the
# options choose) and a training under qemu-user, and makes a Debian package and a wheel. The libraries come from
# Debian's mirror into build-arm64/root; nothing on this machine changes. Needs gcc-aarch64-linux-gnu, qemu-user-static,
# debootstrap, patchelf, dpkg-dev, and root for debootstrap.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "${1:-}" = arm64 ] || { echo "usage: cross.sh arm64 [CTEST OPTION]..." >&2; exit 2; }
shift
build=$PWD/build-arm64 root=$PWD/build-arm64/root multiarch=aarch64-linux-gnu
suite=${SUITE:-bookworm} mirror=${MIRROR:-http://deb.debian.org/debian}
packages=libc6-dev,libdnnl-dev,libjpeg-dev,libpng-dev,libtiff-dev,libwebp-dev,libyaml-dev,libcjson-dev,libzip-dev,zlib1g-dev
packages+=,nettle-dev,libprotobuf-c-dev,libonnx-dev,libcmocka-dev,libgomp1,libmicrohttpd-dev,libsqlite3-dev,libcurl4-gnutls-dev
packages+=,libmosquitto-dev

# The package database that dpkg would have written, with where the files lie on this machine: dpkg-shlibdeps (deb.sh)
# and wheel.py ask it which package a library belongs to.
record() { # PACKAGE.deb
    local name part
    name=$(dpkg-deb -f "$1" Package)
    { dpkg-deb -f "$1"; printf 'Status: install ok installed\n\n'; } >>"$root/known/status"
    dpkg-deb --fsys-tarfile "$1" | tar -t | sed -E "s,^\./(lib/|),./usr/\1,; s,^\./usr/usr/,./usr/,; s,^\.,$root,; s,/$,," \
        >"$root/known/info/$name.list"
    for part in shlibs symbols; do
        dpkg-deb -I "$1" $part >"$root/known/info/$name.$part" 2>/dev/null || rm "$root/known/info/$name.$part"
    done
}

# debootstrap finds what the packages depend on; they are unpacked, never configured, so no program of theirs runs.
fetch_root() {
    rm -rf "$root"
    debootstrap --foreign --arch=arm64 --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$build/root.log"
    mkdir -p "$root/known/info" "$root/known/updates" "$root/known/triggers"
    local package
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --extract "$package" "$root"
        record "$package"
    done
    # Links such as libz.so's to /lib would lead out of the root, and the linker would take libz.a.
    local link
    find "$root/usr/lib" -type l -lname '/*' | while read -r link; do
        ln -sfn "$root$(readlink "$link")" "$link"
    done
    touch "$root/.complete"
}

# What is installed; "differnet" would be the command alone.
program=(--target libdiffernet.so differnet_cli differnet_static)

configure() { # FOLDER OPTION...
    local folder=$1
    shift
    # The paths of Debian's package: one build serves the tests and the package.
    [ -f "$folder/build.ninja" ] || cmake -S . -B "$folder" -G Ninja -DCMAKE_TOOLCHAIN_FILE=cmake/arm64.cmake \
        -DDIFFERNET_ROOT="$root" -DCMAKE_BUILD_TYPE=Release -DDIFFERNET_WERROR=ON -DCMAKE_INSTALL_PREFIX=/usr \
        -DCMAKE_INSTALL_LIBDIR=lib/$multiarch "$@" ${CROSS_OPTIONS:-} >/dev/null
}

# Loops of our own are left to the compiler: it must have made vector code of them.
check_vectors() {
    local object count
    for object in cpu/coupling cpu/elementwise cpu/sums cpu/activation_gates portable/product portable/windows; do
        count=$($multiarch-objdump -d "$build/CMakeFiles/objects_compute_${object%/*}.dir/src/compute/$object.c.o" |
            grep -c 'v[0-9]*\.\(4s\|2d\|16b\|8h\)' || true)
        echo "cross: compute/$object.c: $count NEON instructions"
        [ "$count" -gt 0 ] || { echo "cross: no vector code in $object.c" >&2; return 1; }
    done
}

mkdir -p "$build"
[ -e "$root/.complete" ] || fetch_root
configure "$build"
cmake --build "$build" "${program[@]}" -- --quiet
check_vectors
tools/deb.sh "$build"
configure "$build-wheel" -DDIFFERNET_TESTS=OFF -DDIFFERNET_STATION=OFF -DDIFFERNET_CLI_SHARED=ON
cmake --build "$build-wheel" "${program[@]}" -- --quiet
tools/wheel.py "$build-wheel"

# Scripts that call build/differnet call it under qemu. The training gives the numbers of x86-64; the reference backend would
# take half an hour, and the unit tests compare it with oneDNN.
mkdir -p "$build/emulated"
printf '#!/bin/sh\nQEMU_LD_PREFIX=%s exec qemu-aarch64-static %s/differnet "$@"\n' "$root" "$build" >"$build/emulated/differnet"
chmod +x "$build/emulated/differnet"
COMPUTE=auto tests/product/golden.sh "$build/emulated" "$PWD"
cmake --build "$build" -- --quiet
[ $# -gt 0 ] || set -- -L unit
ctest --test-dir "$build" --output-on-failure "$@"
