#!/usr/bin/env python3
"""Finds circles of source files, from the symbols of a build's object files, and counts the rooms' lines.

    tools/rooms.py [BUILD]        the build folder; build/ if none is named

A file is above another when it uses a symbol that the other one defines. Files that are above each other form a
circle: they can be understood only together. Ends with 1 and names them where there is one.
"""
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent
MOST_LINES = 3000
# Rooms of their own inside another room's folder (cmake/Rooms.cmake).
SUB_ROOMS = ("api/estimate", "api/holdout", "api/parts", "api/results", "cli/help", "cli/station", "cli/verbs",
             "cli/watch", "compute/cpu", "compute/onednn", "compute/portable", "compute/reference", "dataset/names",
             "detect/calibration", "detect/features", "detect/tiles", "image/encode", "image/formats",
             "image/transform", "program/watch", "report/html", "station/api", "station/archive", "station/base",
             "station/config", "station/http", "station/models", "station/page", "station/run", "station/sinks",
             "station/watch", "tensors/write", "train/choices", "train/features")


def objects(build):
    """Object file of each source file of the library and of the command line; left-over objects do not count."""
    found = {}
    for folder in sorted(build.glob("CMakeFiles/objects_*.dir")) + [build / "CMakeFiles/differnet_cli.dir"]:
        for path in folder.glob("src/**/*.c.o"):
            name = path.relative_to(folder / "src").with_suffix("")
            if (SOURCE / "src" / name).exists():
                found[str(name)] = path
    return found


def symbols(path):
    """The symbols that an object file defines for others, and those that it takes from others."""
    lines = subprocess.run(["nm", "--extern-only", "--format=posix", path], check=True, capture_output=True, text=True)
    defined, used = set(), set()
    for name, kind, *_ in (line.split() for line in lines.stdout.splitlines()):
        (used if kind in "Uw" else defined).add(name)
    return defined, used


def links(files):
    """Of each file the files below it, each with a symbol that it uses."""
    table = {name: symbols(path) for name, path in files.items()}
    home = {symbol: name for name, (defined, _) in table.items() for symbol in defined}
    below = {name: {} for name in files}
    for name, (_, used) in table.items():
        for symbol in sorted(used & home.keys()):
            if home[symbol] != name:
                below[name].setdefault(home[symbol], symbol)
    return below


def reachable(below, start):
    seen, stack = set(), list(below[start])
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack.extend(below[name])
    return seen


def circles(below):
    reach = {name: reachable(below, name) for name in below}
    found = {frozenset(other for other in reach[name] if name in reach[other]) for name in below if name in reach[name]}
    return sorted(found, key=sorted)


def room_of(path):
    name = str(path.relative_to(SOURCE / "src"))
    return next((room for room in SUB_ROOMS if name.startswith(room + "/")), name.split("/")[0])


def count_lines():
    lines = {}
    for path in (SOURCE / "src").rglob("*.[ch]"):
        room = room_of(path)
        lines[room] = lines.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    for room, count in sorted(lines.items()):
        print(f"{room:<18} {count:5} lines" + ("  warning: more than a room should hold" if count > MOST_LINES else ""))


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "build")
    files = objects(build)
    if not files:
        sys.exit(f"rooms: {build}: holds no object files; build first")
    below, bad = links(files), 0
    for circle in circles(below):
        bad += 1
        print("circle of files:")
        for name in sorted(circle):
            for other in sorted(set(below[name]) & circle):
                print(f"    {name} uses {below[name][other]} of {other}")
    count_lines()
    print(f"{len(files)} files, {bad} circles")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
