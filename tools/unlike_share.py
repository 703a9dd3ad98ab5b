#!/usr/bin/env python3
"""How many good pictures become REVIEW because they are unlike those of training (docs/verdict.md).

    tools/unlike_share.py DIFFERNET DATA CLASS...                   # train/good against test/good
    tools/unlike_share.py DIFFERNET DATA CLASS... --pictures 20 --draws 5

With --pictures, N good pictures are drawn from both folders for training and the others are judged, --draws
times. The networks are tiny: only the pictures' plain statistics matter.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

TINY = (
    "img_size=[64,64] n_scales=1 fc_internal=16 n_coupling_blocks=2 n_transforms=1 n_transforms_test=1 "
    "meta_epochs=1 sub_epochs=1 estimate=false val_fraction=0.01 save_model=true"
).split()


def judge(differnet, training, judged):
    """Trains on the pictures of one list; the number of the others that are unlike them."""
    with tempfile.TemporaryDirectory() as work:
        rows = [f"{path},0,train," for path in training]
        Path(work, "list.csv").write_text("\n".join(["image_path,label_index,split,mask_path", *rows]) + "\n")
        command = [differnet, "train", "--quiet", "--threads", "1", "--data", f"{work}/list.csv", "--output", work]
        for setting in TINY:
            command += ["--set", setting]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        model = next(Path(work).rglob("model.safetensors"))
        command = [differnet, "predict", str(model), "--quiet", "--threads", "1", "-"]
        names = "\n".join(map(str, judged)) + "\n"
        found = subprocess.run(command, input=names, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [json.loads(line) for line in found.splitlines()]
    return sum(any("unlike the training" in text for text in row.get("warnings", [])) for row in rows)


def pictures_of(folder):
    return sorted(path for path in folder.iterdir() if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("differnet")
    parser.add_argument("data", type=Path)
    parser.add_argument("classes", nargs="+")
    parser.add_argument("--pictures", type=int, default=0)
    parser.add_argument("--draws", type=int, default=1)
    options = parser.parse_args()
    for name in options.classes:
        folder = options.data.resolve() / name
        training, judged, unlike = pictures_of(folder / "train/good"), pictures_of(folder / "test/good"), 0
        everything, total = training + judged, 0
        for draw in range(options.draws):
            if options.pictures:
                random.Random(draw).shuffle(everything)
                training, judged = everything[: options.pictures], everything[options.pictures :]
            unlike += judge(options.differnet, training, judged)
            total += len(judged)
        print(f"{name}: trained on {len(training)}, {unlike} of {total} good pictures unlike them", flush=True)


if __name__ == "__main__":
    sys.exit(main())
