#!/usr/bin/env python3
"""notebooks.py [--check]: runs docs/notebooks/*.ipynb and writes their outputs back.

With --check nothing is written, and it fails if a cell fails or a notebook was committed without outputs. Needs
nbclient and ipykernel.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "docs/notebooks"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tidy(notebook):
    """Without what differs from machine to machine."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in code_cells(notebook):
        cell.metadata = {}


def run(path, only_check):
    notebook = nbformat.read(path, as_version=4)
    if only_check and not any(cell.outputs for cell in code_cells(notebook)):
        sys.exit(f"{path.name} has no outputs: run tools/notebooks.py")
    NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(path.parent)}}).execute()
    if not only_check:
        tidy(notebook)
        nbformat.write(notebook, path)
    print(f"{path.name}: {len(code_cells(notebook))} cells")


def main():
    for path in sorted(FOLDER.glob("*.ipynb")):
        run(path, sys.argv[1:] == ["--check"])


if __name__ == "__main__":
    main()
