#!/usr/bin/env bash
# tutorial_pictures.sh DIFFERNET LITE0 [OPTION]...: makes docs/pictures anew with the commands of docs/tutorial.md; more
# options go to the training. Needs Pillow and Chromium. Look at the pictures before you commit them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
differnet=$(realpath "$1") network=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 "$here/make_tutorial_parts.py" parts
"$differnet" train --good parts/OK --bad parts/NG --backbone "$network" --set train_rotations=even:1 \
    --set n_transforms_test=1 --cross-fit 3 --set report_note='Ask: Anna Berg' "$@"
good=$(grep -oE 'parts/OK/[0-9]+\.png' results/DifferNet/parts/all/v1/scores.csv | head -n 1) # not seen in training
shown=("$good" parts/NG/scratch/000.png parts/NG/chip/000.png)
"$differnet" predict results/DifferNet/parts/all "${shown[@]}" --overlay --regions >rows.jsonl
"$(command -v chromium || command -v chromium-browser)" --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$work/profile" --window-size=1000,900 --screenshot=report.png \
    "file://$work/results/DifferNet/parts/all/v1/report.html" 2>/dev/null

python3 - "$here/../docs/pictures" "${shown[@]}" <<'PYTHON'
import pathlib, sys
from PIL import Image

folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
overlays = [next(pathlib.Path("maps").rglob(f"{name}_overlay.png")) for name in names]
for target, files in ("parts.png", names), ("overlays.png", overlays):
    images = [Image.open(file).convert("RGB") for file in files]
    strip = Image.new("RGB", (sum(i.width for i in images) + 12 * (len(images) - 1), max(i.height for i in images)), "white")
    left = 0
    for image in images:
        strip.paste(image, (left, 0))
        left += image.width + 12
    strip.save(folder / target, optimize=True)
Image.open("report.png").convert("RGB").quantize(255).save(folder / "report.png", optimize=True)
PYTHON
