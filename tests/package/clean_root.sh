#!/usr/bin/env bash
# clean_root.sh BUILD|PACKAGE.deb: makes the Debian package of a build folder (cmake --preset deb), or takes one, installs
# it with apt in a clean root, runs the demo there, and the tests of tests/package/debian/, which are in the form of
# autopkgtest's. A package for another processor trains a tiny network instead of the demo. Not part of ./run test.
. "$(dirname "$0")/root.sh"

package=$1
if [ -d "$1" ]; then
    package=$("$source/tools/deb.sh" "$1" | tail -n 1)
fi
architecture=$(dpkg-deb -f "$package" Architecture)
make_root "$architecture" ""
cp "$package" "$root/tmp/differnet.deb"
install_inside /tmp/differnet.deb
inside differnet --version

tiny=(--set 'img_size=[96, 96]' --set n_scales=1 --set fc_internal=32 --set n_coupling_blocks=2
    --set n_transforms=1 --set n_transforms_test=2 --set meta_epochs=2 --set sub_epochs=1)
if ! is_emulated "$architecture" && [ -z "${TINY:-}" ]; then tiny=(); fi
inside differnet train --quiet "${tiny[@]}" --output /tmp/results | tee "$root/tmp/demo"
test -s "$root/tmp/results/DifferNet/dummy_dataset/dummy_class/v1/model.safetensors"
[ ${#tiny[@]} -gt 0 ] || grep -q 'image_AUROC *1\b' "$root/tmp/demo"
echo "clean root, $architecture: installed, trained"

# Tests: NAME... / Depends: PACKAGE, ...
mkdir "$root/tests"
cp -r "$source/tests/package/debian" "$source/docs" "$root/tests"
sed -n 's/^Tests: //p' "$source/tests/package/debian/control" | tr -s ' ' '\n' | while read -r name; do
    depends=$(grep -A 2 "^Tests:.*\b$name\b" "$source/tests/package/debian/control" | sed -n 's/^Depends: differnet,* *//p' | tr -d ,)
    # shellcheck disable=SC2086
    [ -z "$depends" ] || install_inside $depends
    mkdir "$root/tests/$name"
    inside AUTOPKGTEST_TMP="/tests/$name" "/tests/debian/$name" </dev/null
    echo "clean root, $architecture: test $name passed"
done
inside dpkg --purge differnet >/dev/null
[ ! -e "$root/usr/share/differnet" ] && [ ! -e "$root/usr/bin/differnet" ]
echo "clean root, $architecture: removed"
