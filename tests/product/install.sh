#!/usr/bin/env bash
# An installed tree serves pkg-config and CMake users; the header is C++ too.
. "$(dirname "$0")/lib.sh" "$@"

cmake --install "$build" --prefix "$work/prefix" >"$work/log" || { cat "$work/log" >&2; fail "install"; }
cat >"$work/user.c" <<'C'
#include <differnet_tools.h>
#include <stdio.h>
int main(void) {
    dn_error error = {DN_OK, ""};
    dn_model *model = NULL;
    dn_status status = dn_model_open("nowhere.safetensors", NULL, &model, &error);
    printf("%s|%d|%s\n", dn_version(), status == DN_ERROR_IO, error.message);
    return 0;
}
C
pc=$(dirname "$(find "$work/prefix" -name differnet.pc)")
lib=$(dirname "$pc")
sed -i "s|^prefix=.*|prefix=$work/prefix|" "$pc/differnet.pc"
flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs differnet)
# shellcheck disable=SC2086
cc -Wall -Werror "$work/user.c" -o "$work/user" $flags
LD_LIBRARY_PATH=$lib "$work/user" >"$work/out"
holds "$work/out" "|1|nowhere.safetensors"
cp "$work/user.c" "$work/user.cpp"
# shellcheck disable=SC2086
c++ -std=c++17 -Wall -Wextra -Werror "$work/user.cpp" -o "$work/user_cpp" $flags

# The SONAME and CMake's version check promise the same: 0.MINOR before 1.0, later MAJOR (docs/abi.md).
version=$("$work/prefix/bin/differnet" --version | sed 's/^differnet //')
major=${version%%.*} minor=${version#*.}
minor=${minor%%.*}
abi=$major
[ "$major" != 0 ] || abi=0.$minor
soname=$(readelf -d "$lib/libdiffernet.so" | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
[ "$soname" = "libdiffernet.so.$abi" ] || fail "the SONAME is $soname in version $version"
if [ "$major" = 0 ]; then other=0.$((minor + 1)); else other=$((major + 1)); fi

cat >"$work/CMakeLists.txt" <<C
cmake_minimum_required(VERSION 3.22)
project(user C)
find_package(differnet $other QUIET)
if(differnet_FOUND)
  message(FATAL_ERROR "version $version passes for $other")
endif()
find_package(differnet $abi REQUIRED)
add_executable(user_cmake user.c)
target_link_libraries(user_cmake differnet::differnet)
C
cmake -S "$work" -B "$work/b" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "find_package"; }
cmake --build "$work/b" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "CMake user"; }
"$work/b/user_cmake" >/dev/null

"$work/prefix/bin/differnet" --version >/dev/null
# The installed data set is found under any prefix.
mkdir "$work/elsewhere"
(cd "$work/elsewhere" && expect 0 "$work/prefix/bin/differnet" train "${small[@]}" --quiet)
holds "$work/out" "image_AUROC"
[ -s "$work/prefix/share/man/man1/differnet.1" ] || fail "no man page"
bash -n "$work/prefix/share/bash-completion/completions/differnet"
complete=$(bash -c '. "$1"; COMP_WORDS=(differnet train --see) COMP_CWORD=2; _differnet; echo "${COMPREPLY[*]}"' - \
    "$work/prefix/share/bash-completion/completions/differnet")
[ "$complete" = --seed ] || fail "completing \"train --see\" gives \"$complete\""
holds "$work/prefix/share/zsh/vendor-completions/_differnet" '#compdef differnet'
exported=$(nm -D --defined-only "$lib/libdiffernet.so" | awk '{print $3}' | grep -v '^dn_' || true)
[ -z "$exported" ] || fail "exports more than dn_: $exported"
