"""Runs fuzz targets one after the other until each has had its processor time, and prints a row a target.

    python3 tools/fuzz.py BUILD WORK TARGET... [--seconds 600]    e.g. build-fuzz /tmp/fuzz manifest config

BUILD is a build with DIFFERNET_FUZZ (fuzz/README.md); WORK keeps corpora, logs and findings. A target's first
finding ends its turn; so does SIGINT to the fuzz target itself.
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
INTERRUPTED = 72  # libFuzzer's exit status after SIGINT
LONGEST = {"image": 16384, "pytorch_zip": 16384, "wheel": 16384, "config": 4096, "manifest": 4096}  # others: 8192


def seeds(target):
    """The folders whose files replay as the target's unit test."""
    folders = ["formats", "image", "deep", "near"] if target == "image" else []
    more = [ROOT / "tests/fixtures" / folder for folder in folders]
    return [ROOT / "fuzz/corpus" / target, *more]


def dictionary(target, folder):
    """The keys of the configuration, for the YAML target."""
    if target != "config":
        return []
    keys = [line.split(":")[0] for line in (seeds(target)[0] / "defaults.yaml").read_text().splitlines() if ":" in line]
    path = folder / "config.dict"
    path.write_text("".join(f'"{key}: "\n' for key in keys if key.isidentifier()))
    return [f"-dict={path}"]


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def last_number(log, word):
    """The number that follows a word of libFuzzer's log for the last time."""
    words = log.split()
    places = [i for i, w in enumerate(words[:-1]) if w == word and words[i + 1].isdigit()]
    return int(words[places[-1] + 1]) if places else 0


def fuzz(build, work, target, seconds):
    corpus = work / target
    corpus.mkdir(parents=True, exist_ok=True)
    findings = work / "findings"
    findings.mkdir(exist_ok=True)
    command = [build / "fuzz" / f"fuzz_{target}", *LIMITS, f"-max_len={LONGEST.get(target, 8192)}"]
    command += [f"-artifact_prefix={findings}/{target}-", *dictionary(target, work)]
    start, inputs, edges, status = processor_seconds(), 0, 0, 0
    while status == 0 and seconds - (processor_seconds() - start) >= 1:
        left = seconds - (processor_seconds() - start)
        with open(work / f"{target}.log", "w+", encoding="utf-8", errors="replace") as log:
            run = subprocess.run(
                [*map(str, command), f"-max_total_time={int(left) + 1}", str(corpus), *map(str, seeds(target))],
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
            log.seek(0)
            text = log.read()
        inputs += last_number(text, "stat::number_of_executed_units:")
        edges = max(edges, last_number(text, "cov:"))
        status = run.returncode
    used = processor_seconds() - start
    found = status not in (0, INTERRUPTED)
    print(f"| `fuzz_{target}` | {used:.0f} s | {inputs} | {edges} | {'FINDING' if found else 'none'} |", flush=True)
    return not found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--seconds", type=float, default=600)
    words = parser.parse_args()
    words.work.mkdir(parents=True, exist_ok=True)
    results = [fuzz(words.build, words.work, target, words.seconds) for target in words.targets]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
