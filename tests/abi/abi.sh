#!/usr/bin/env bash
# The library's ABI against that of the last release (docs/abi.md). Needs Debian's abigail-tools and a library with debug
# information (preset debug).
#     abi.sh baseline LIBRARY    writes tests/abi/baseline.xml: part of a release
#     abi.sh check LIBRARY       fails where a program that was linked with the last release would break
#     abi.sh describe LIBRARY HEADERS, abi.sh compare OLD NEW    the parts of that, for its own test
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(dirname "$(dirname "$here")")
baseline=$here/baseline.xml

# What the public headers declare, without the builder's folders and the libraries that are linked.
describe() { # LIBRARY HEADERS
    abidw --headers-dir "$2" --drop-private-types --drop-undefined-syms --no-show-locs --no-corpus-path \
        --no-comp-dir-path --type-id-style hash "$1" |
        sed -e "s|path='$source/|path='|" -e '/<elf-needed>/,/<\/elf-needed>/d'
}

soname() { # FILE
    sed -n "s/.*soname='\([^']*\)'.*/\1/p" "$1" | head -n 1
}

# The structs of a description that may grow at their end: those that begin with their size, and those that only the
# library makes and hands out one by one.
may_grow() { # FILE
    echo dn_progress dn_config_key
    awk -F "'" '/<class-decl name=/ { struct = $2 } /<var-decl name=/ && struct {
        if ($2 == "struct_size") print struct
        struct = ""
    }' "$1"
}

# Whether abidiff's report of leaf changes says nothing but that such structs grew: every line must be one that is known.
only_growth() { # FILE; the report on standard input
    awk -v structs="$(may_grow "$1" | tr '\n' ' ')" '
        BEGIN { count = split(structs, names, " "); for (i = 1; i <= count; i++) grows[names[i]] = 1 }
        /^$/ || /^Leaf changes summary: / || /^Changed leaf types summary: / { next }
        /^Removed\/Changed\/Added (functions|variables) summary: 0 Removed, 0 Changed, / { next }
        match($0, /^\047struct [a-z_]+\047 changed:$/) { split($0, words, /[ \047]/); if (words[3] in grows) next }
        /^  type size changed from [0-9]+ to [0-9]+ \(in bits\)$/ && $7 > $5 { size = $5; next }
        /^  [0-9]+ data member insertions?:$/ { next }
        /^    \047.*\047, at offset [0-9]+ \(in bits\)$/ && $(NF - 2) >= size { next }
        { refused = 1 }
        END { exit refused }'
}

# New functions are welcome, and so is growth.
compare() { # OLD NEW
    local report
    if [ "$(soname "$1")" != "$(soname "$2")" ]; then
        echo "abi: $(soname "$1") is $(soname "$2") now: programs are linked anew, so that anything may differ"
        return
    fi
    report=$(abidiff --no-added-syms --leaf-changes-only "$1" "$2") && return
    echo "$report"
    [ -n "$report" ] && only_growth "$1" <<<"$report" && return
    echo "abi: programs that were linked with the last release may break; docs/abi.md says what may change when" >&2
    return 1
}

case "${1:-} $#" in
'baseline 2')
    describe "$2" "$source/include" >"$baseline.new"
    mv "$baseline.new" "$baseline"
    ;;
'check 2')
    now=$(mktemp)
    trap 'rm -f "$now"' EXIT
    describe "$2" "$source/include" >"$now"
    compare "$baseline" "$now"
    ;;
'describe 3')
    describe "$2" "$3"
    ;;
'compare 3')
    compare "$2" "$3"
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
