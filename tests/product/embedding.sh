#!/usr/bin/env bash
# The program of docs/embedding.md on frames from memory gives the scores of predict.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

sed -n '/^```c$/,/^```$/p' docs/embedding.md | sed '1d;$d' >"$work/judge.c"
[ "$(wc -l <"$work/judge.c")" -le 40 ] || fail "the program has more than 40 lines"
"${CC:-cc}" -std=c17 -Wall -Wextra -Werror -Iinclude "$work/judge.c" -o "$work/judge" -L"$build" -ldiffernet \
    -Wl,-rpath,"$build"
"${CXX:-c++}" -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ include/differnet.h include/differnet_tools.h

expect 0 "$differnet" train "${small[@]}" --quiet
model=$results/v1/model.safetensors
score_of() { # FILE: as predict gives it, with six digits
    expect 0 "$differnet" predict "$model" "$1"
    printf '%.6f' "$(sed 's/.*"raw_score":\([^,]*\),.*/\1/' "$work/out")"
}
pixels_of() { # FILE.ppm or .pgm with a header of 13 bytes: 61 by 45 pixels
    tail -c +14 "tests/fixtures/formats/$1"
}

pixels_of part.ppm | "$work/judge" "$model" 61 45 rgb >"$work/rgb"
holds "$work/rgb" " $(score_of tests/fixtures/formats/part.ppm)"
pixels_of part.pgm | "$work/judge" "$model" 61 45 grey >"$work/grey"
holds "$work/grey" " $(score_of tests/fixtures/formats/part.pgm)"
pixels_of part.ppm | "$work/judge" "$model" 61 45 bgr >"$work/bgr"
cmp -s "$work/rgb" "$work/bgr" && fail "red and blue are not told apart"
[ "$(wc -l <"$work/bgr")" = 1 ] || fail "no line for the BGR frame"
status=0
"$work/judge" "$work/nowhere" 1 1 grey <include/differnet.h 2>"$work/err" || status=$?
[ "$status" = 1 ] || fail "exit status $status for a missing model"
holds "$work/err" "nowhere"
