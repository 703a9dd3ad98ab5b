#!/usr/bin/env bash
# wheel_root.sh WHEEL: installs the wheel with pip in a clean root of Debian that has Python and nothing of ours, and runs
# the first notebook there, whose image_AUROC must be 1. A wheel for another processor runs the notebook's code with a
# smaller network, without Jupyter. Not part of ./run test.
. "$(dirname "$0")/root.sh"

case $1 in
*aarch64.whl) architecture=arm64 ;;
*) architecture=amd64 ;;
esac
make_root "$architecture" python3,python3-venv,ca-certificates
mkdir -p "$root/project/docs" "$root/project/tools"
cp -r "$source/docs/notebooks" "$root/project/docs"
cp -r "$source/dummy_dataset" "$root/project"
cp "$source/tools/notebooks.py" "$root/project/tools"
cp "$1" "$root/tmp"
inside python3 -m venv /venv
pip=(inside /venv/bin/pip --quiet --disable-pip-version-check install)
how=--check
if is_emulated "$architecture"; then
    how=--plain
    sed -i 's/\\"fc_internal\\": 256,/\\"img_size\\": [128, 128], \\"n_scales\\": 1, \\"fc_internal\\": 64,/' \
        "$root/project/docs/notebooks/first_model.ipynb"
    grep -q 'img_size' "$root/project/docs/notebooks/first_model.ipynb"
else
    "${pip[@]}" nbclient ipykernel
fi
"${pip[@]}" "/tmp/$(basename "$1")[pandas]"
inside /venv/bin/differnet --version
inside /venv/bin/python /project/tools/notebooks.py $how first_model | tee "$root/tmp/said"
grep -q '^image_AUROC 1\(\.0*\)\?$' "$root/tmp/said"
echo "clean root, $architecture: $(basename "$1") installed, the first notebook run"
