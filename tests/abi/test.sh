#!/usr/bin/env bash
# What abi.sh lets pass and what it refuses, on small libraries. Skipped where abigail-tools are not installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v abidiff >/dev/null || { echo "no abidiff: skipped"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# library NAME SONAME MEMBERS FUNCTIONS
library() {
    mkdir -p "$work/$1"
    printf '#include <stddef.h>\ntypedef struct dn_result { %s } dn_result;\n%s\n' "$3" "$4" >"$work/$1/api.h"
    printf '#include "api.h"\n%s\n' "${4//;/ { return 0; \}}" >"$work/$1/api.c"
    "${CC:-cc}" -g -shared -fPIC -w -Wl,-soname,"$2" "$work/$1/api.c" -o "$work/$1/api.so"
    "$here/abi.sh" describe "$work/$1/api.so" "$work/$1" >"$work/$1.xml"
}

# finds STATUS OLD NEW
finds() {
    local status=0
    "$here/abi.sh" compare "$work/$2.xml" "$work/$3.xml" >"$work/log" 2>&1 || status=$?
    [ "$status" = "$1" ] && return
    cat "$work/log" >&2
    echo "FAILED: from $2 to $3: exit status $status, expected $1" >&2
    exit 1
}

f='int dn_f(dn_result *result);' g='int dn_g(int number);'
library one lib.so.1 'size_t struct_size; double a; double b;' "$f"
library more lib.so.1 'size_t struct_size; double a; double b;' "$f $g"
library grown lib.so.1 'size_t struct_size; double a; double b; double c; int d[2];' "$f"
library moved lib.so.1 'size_t struct_size; double b; double a;' "$f"
library between lib.so.1 'size_t struct_size; double a; double c; double b; double d;' "$f"
library wider lib.so.1 'size_t struct_size; double a; long double b;' "$f"
library number lib.so.1 'size_t struct_size; double a; long b;' "$f"
library fixed lib.so.1 'double a; double b;' "$f"
library fixed_grown lib.so.1 'double a; double b; double c;' "$f"
library two lib.so.2 'float a;' "$g"
finds 0 one one
finds 0 one more # a new function
finds 1 more one # a function is gone
finds 0 one grown
finds 1 grown one
finds 1 one moved
finds 1 one between
finds 1 one wider
finds 1 one number
finds 1 fixed fixed_grown # a struct without a size
finds 0 one two           # another SONAME
