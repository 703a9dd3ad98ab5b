#!/usr/bin/env bash
# clean_root.sh BUILD|PACKAGE.deb: makes the Debian package of a build folder (cmake --preset deb), or takes one, installs it with apt in a root
# made by debootstrap, and trains a tiny network there. Needs root, debootstrap and the package mirror; not part of
# ./run test.
set -euo pipefail
suite=${SUITE:-bookworm} mirror=${MIRROR:-}
root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf "$root"' EXIT

package=$1
if [ -d "$1" ]; then
    package=$("$(dirname "${BASH_SOURCE[0]}")/../../tools/deb.sh" "$1" | tail -n 1)
fi
debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"}
mount -t proc proc "$root/proc"
# The package manager reaches its mirror as it does outside.
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
cp -rL /etc/apt/. "$root/etc/apt/"
cp "$package" "$root/tmp/differnet.deb"
chroot "$root" apt-get update -qq
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /tmp/differnet.deb
chroot "$root" differnet --version
chroot "$root" differnet train --quiet --set 'img_size=[96, 96]' --set n_scales=1 --set fc_internal=32 --set n_coupling_blocks=2 \
    --set n_transforms=1 --set n_transforms_test=2 --set meta_epochs=2 --set sub_epochs=1 --output /tmp/results
chroot "$root" test -s /tmp/results/DifferNet/dummy_dataset/dummy_class/v1/model.safetensors
echo "clean root: installed, trained"
