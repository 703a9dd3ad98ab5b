# Shared by clean_root.sh and wheel_root.sh, which need root, debootstrap and the package mirror: a root of Debian that
# knows nothing of this machine, also of another processor's (qemu-user-static).
set -euo pipefail
suite=${SUITE:-bookworm} mirror=${MIRROR:-}
source=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
root=$(mktemp -d)
chmod 755 "$root"
misc=/proc/sys/fs/binfmt_misc registered=
leave() {
    umount "$root/proc" "$root/dev/pts" "$root/dev" 2>/dev/null || true
    [ -z "$registered" ] || echo -1 >$misc/qemu-aarch64
    rm -rf --one-file-system "$root"
}
trap leave EXIT

is_emulated() { # ARCHITECTURE
    [ "$1" != "$(dpkg --print-architecture)" ]
}

# The kernel then starts qemu for each program of that processor; Debian's binfmt-support registers the same.
emulate() {
    [ -e $misc/register ] || mount -t binfmt_misc none $misc
    [ -e $misc/qemu-aarch64 ] && return
    printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:' \
        '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F' \
        >$misc/register
    registered=yes
}

make_root() { # ARCHITECTURE PACKAGES, with commas between
    if is_emulated "$1"; then emulate; fi
    debootstrap --variant=minbase --arch="$1" ${2:+--include="$2"} "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
        tail "$root.log" >&2
        return 1
    }
    rm "$root.log"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    [ ! -e /dev/pts/ptmx ] || mount --bind /dev/pts "$root/dev/pts" # apt writes its log through a terminal
    # The package manager and pip reach their mirrors as they do outside.
    cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
    rm "$root/etc/apt/sources.list"
    cp -rL /etc/apt/. "$root/etc/apt/"
    mkdir -p "$root/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || true
}

# The caller's environment stays outside, but for the way to the mirrors.
mapfile -t way_out < <(env | grep -iE '^(https?_proxy|no_proxy|pip_(index_url|extra_index_url|trusted_host|cert))=')
inside() {
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${way_out[@]}" \
        DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root "$@"
}
install_inside() {
    inside apt-get update -qq
    inside apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
