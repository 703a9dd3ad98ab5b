"""The product itself on the generated tasks: a DifferNet per task and backbone, shortened.

    python tasks.py --output DIR
    python flows.py --tasks DIR --differnet ../../build/differnet BACKBONE...

A backbone is a .safetensors file in torchvision's layout, or `random` (He). Prints a row of image_AUROC per task.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

SHORT = ("train_rotations=bank:8", "n_transforms_test=8", "meta_epochs=1", "sub_epochs=96", "fc_internal=512", "checkpoint=0",
         "save_model=false")


def auroc_of(a, backbone, task, place):
    settings = [word for setting in SHORT for word in ("--set", setting)]
    command = [a.differnet, "train", "--json", "--data", a.tasks, "--class", task, "--backbone", backbone, "--seed", a.seed,
               "--threads", a.threads, "--precision", a.precision, "--output", place / task,
               "--set", f"cache_dir={place / 'cache'}", *settings]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{task}: {done.stderr}")
    return json.loads(done.stdout)["image_AUROC"]["value"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbones", nargs="+")
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--differnet", required=True)
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    a = parser.parse_args()
    tasks = sorted(path.name for path in a.tasks.iterdir() if path.is_dir())
    for name in a.backbones:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            found = {task: round(auroc_of(a, name, task, place), 4) for task in tasks}
        print(json.dumps({"backbone": name, "mean": round(sum(found.values()) / len(found), 4), **found}), flush=True)


if __name__ == "__main__":
    main()
