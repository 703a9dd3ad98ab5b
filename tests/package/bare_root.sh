#!/usr/bin/env bash
# bare_root.sh TARBALL: unpacks the relocatable tarball (`./run tarball`) in a root that contains only the C library, and
# trains, tests and predicts there. Needs root; not part of ./run test.
set -euo pipefail
root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf "$root"' EXIT
mkdir -p "$root/opt" "$root/tmp" "$root/proc"
mount -t proc proc "$root/proc" # the dynamic linker asks it where the program lies
tar -C "$root/opt" -xzf "$1"
home=/opt/$(ls "$root/opt")

# Copies the dynamic linker and only the libraries of the C library's package.
for file in $(ldd "$root$home/bin/differnet" | grep -oE '/[^ ]*/(ld-linux|libc|libm|libpthread|libdl|librt|libresolv)[^ ]*\.so[^ ]*'); do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done
inside() { chroot "$root" "$home/bin/differnet" "$@"; }
inside --version
inside train --quiet --set 'img_size=[96, 96]' --set n_scales=1 --set fc_internal=32 --set n_coupling_blocks=2 \
    --set n_transforms=1 --set n_transforms_test=2 --set meta_epochs=2 --set sub_epochs=1 --output /tmp/results
model=/tmp/results/DifferNet/dummy_dataset/dummy_class/v1/model.safetensors
test -s "$root$model"
inside test "$model"
inside predict "$model" "$home/share/differnet/dummy_dataset/dummy_class/test" | tail -n 1
echo "bare root: unpacked, trained, tested, predicted"
