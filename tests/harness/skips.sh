#!/usr/bin/env bash
# skips.sh PROGRAM: a skipped test is not a passed one (tests/support/support.h).
set -eu
program=$1

# ends LETTERS STATUS LINE: the program ends with that status and prints that line ("": none of its kind).
ends() {
    local status=0 line
    line=$("$program" "$1" 2>/dev/null | grep '^skipped: '; exit "${PIPESTATUS[0]}") || status=$?
    [ "$status" = "$2" ] && [ "$line" = "$3" ] && return
    echo "FAILED: $1: exit status $status, expected $2; \"$line\", expected \"$3\"" >&2
    exit 1
}

ends pp 0 ''
ends ps 0 'skipped: 1 of 2 tests'
ends ss 77 ''
ends pf 1 ''
ends sf 1 ''
ends ff 1 ''
