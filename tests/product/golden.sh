#!/usr/bin/env bash
# A small f32 training on the dummy data set gives the scores of tests/fixtures/golden_scores.csv, which the reference
# backend made. The backbone's weights follow a formula, so other embedded weights change nothing here. oneDNN adds in
# another order, which changed these scores by 4e-7 at most; the tolerance is 1e-5, for processors with other vector
# widths. A commit that changes the scores on purpose replaces the file by the new scores.csv and says why.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

for compute in ${COMPUTE:-auto portable reference}; do
    expect 0 "$differnet" train "${small[@]}" --quiet --set backbone=random --set precision=f32 --set seed=7 \
        --set "compute=$compute" --output "$work/$compute"
    awk -F, -v rtol=1e-5 '
        FNR == 1 { for (i = 1; i <= NF; i++) if ($i == "raw_score") column = i; next }
        NR == FNR { golden[$1] = $column; wanted++; next }
        { seen++; off = $column / golden[$1] - 1; if (off < 0) off = -off; if (off > worst) worst = off
          if (!($1 in golden) || !(off <= rtol)) { print $1 ": " $column ", expected " golden[$1]; bad = 1 } }
        END { print seen " scores, largest relative difference " worst + 0; exit bad || seen != wanted }
    ' tests/fixtures/golden_scores.csv "$work/$compute/DifferNet/dummy_dataset/dummy_class/v1/scores.csv" ||
        fail "compute $compute: other scores than tests/fixtures/golden_scores.csv"
done
