#!/usr/bin/env python3
"""notebooks.py [--check | --plain] [NAME...]: runs docs/notebooks/NAME.ipynb, or all, and writes their outputs back.

With --check nothing is written, and it fails if a cell fails or a notebook was committed without outputs. Needs
nbclient and ipykernel. --plain runs the cells' code and prints what it prints; it needs nothing but Python.
"""

import argparse
import json
import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs/notebooks"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tidy(notebook):
    """Without what differs from machine to machine."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in code_cells(notebook):
        cell.metadata = {}


def run(path, only_check):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    if only_check and not any(cell.outputs for cell in code_cells(notebook)):
        raise SystemExit(f"{path.name} has no outputs: run tools/notebooks.py")
    NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(path.parent)}}).execute()
    if not only_check:
        tidy(notebook)
        nbformat.write(notebook, path)
    printed = [output.text for cell in code_cells(notebook) for output in cell.outputs if "text" in output]
    print(f"{''.join(printed)}{path.name}: {len(code_cells(notebook))} cells")


def run_plainly(path):
    os.chdir(path.parent)
    names = {"__name__": "__main__"}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), path.name, "exec"), names)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("name", nargs="*")
    words = parser.parse_args()
    for path in [FOLDER / f"{name}.ipynb" for name in words.name] or sorted(FOLDER.glob("*.ipynb")):
        run_plainly(path) if words.plain else run(path, words.check)


if __name__ == "__main__":
    main()
