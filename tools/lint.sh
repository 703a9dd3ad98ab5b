#!/usr/bin/env bash
# lint.sh [FILE...]: checks that need no compiler. Without FILE: every file of the project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=0

complain() { # MESSAGE LINES: reports the lines, if there are any
    [ -z "$2" ] && return
    printf '%s\n%s\n' "$1" "$2" >&2
    failed=1
}

all_files() {
    git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f -not -path './build*' -printf '%P\n'
}

# matching PATTERN: the files whose path matches, if they exist
matching() {
    local file
    for file in "${files[@]}"; do
        if [[ $file =~ $1 && -f $file ]]; then echo "$file"; fi
    done
}

# found PATTERN FILE...: path, line and text of each match
found() {
    local pattern=$1
    shift
    [ $# -eq 0 ] || LC_ALL=C.UTF-8 grep -nHP -- "$pattern" "$@" || true
}

if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(all_files); fi
mapfile -t documents < <(matching '\.md$')
mapfile -t sources < <(matching '^(src|include|tests|fuzz)/.*\.[ch]$')
mapfile -t library < <(matching '^src/.*\.[ch]$' | grep -v '^src/cli/')
mapfile -t texts < <(matching '\.(c|h|md|sh|py|cmake|txt|css|js)$|^run$')
mapfile -t builders < <(matching '\.(cmake|txt|json)$|^run$')
mapfile -t spelled < <(matching '^(src|include|docs|python|tools|cmake)/.*\.(c|h|md|sh|py|cmake|css|js)$|^[A-Z]+\.md$|^run$')

# Tables and code cannot be wrapped.
complain "longer than 110 columns:" "$(found '^(?!\|)(?! {4}).{111,}' "${documents[@]}")"
complain "the library never prints, exits or aborts:" \
    "$(found '(?<![\w.>])(exit|_exit|abort|printf|puts|putchar|perror)\(|fprintf\((stderr|stdout)' "${library[@]}")"
complain "a file of the maker's machine, or an unfinished place:" \
    "$(found '(?<![\w.$}~-])/(work|home/(?!somebody)|root)/\w|\b(TO''DO|FIX''ME|XX''X)\b' "${texts[@]}")"
complain "-ffast-math changes results:" "$(found '-ffast-''math' "${builders[@]}")"
complain "blanks at the end of a line:" "$(found '[ \t]+$' "${texts[@]}")"

# Language: tools/prose.txt names phrases and what to write instead. Of the sources, texts between quotes count.
prose() {
    local pattern instead
    while IFS=$'\t' read -r pattern instead; do
        [[ $pattern == \#* || -z $pattern ]] && continue
        complain "write instead: $instead" \
            "$({ found "(?i)$pattern" "${prose_documents[@]}"; found "(?i)^([^\"]|\"([^\"\\\\]|\\\\.)*\")*\"([^\"\\\\]|\\\\.)*($pattern)" "${library[@]}" "${cli[@]}"; } || true)"
    done <tools/prose.txt
}
mapfile -t prose_documents < <(matching '\.md$|^python/differnet/.*\.py$|^src/station/page/texts\.js$' | grep -v '^CHANGELOG\.md$')
mapfile -t cli < <(matching '^src/cli/.*\.c$')
prose

# Other versions format differently.
if [ ${#sources[@]} -gt 0 ] && clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    clang-format --dry-run --Werror "${sources[@]}" || failed=1
fi
if [ ${#spelled[@]} -gt 0 ] && command -v codespell >/dev/null; then
    codespell "${spelled[@]}" || failed=1
fi
exit "$failed"
