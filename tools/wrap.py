#!/usr/bin/env python3
"""wrap.py FILE...: wraps the prose of Markdown files at 110 columns; tables, code and headings stay."""

import re
import sys
from pathlib import Path

WIDTH = 110
ITEM = re.compile(r"( {0,3}(?:[-*]|\d+\.) +)(.*)")
MARKUP = re.compile(r"([-+*>]|\d+\.|#+)(\s|$)")  # would begin a list, a quotation or a heading


def wrap(words, first, rest):
    """Lines of at most WIDTH columns; `first` and `rest` stand before the first one and the others."""
    lines, line, empty = [], first, True
    for word in words:
        if not empty and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line, empty = rest, True
        line += word if empty else " " + word
        empty = False
    lines.append(line)
    for i in range(1, len(lines)):
        if MARKUP.match(lines[i][len(rest) :]):
            lines[i - 1], last = lines[i - 1].rsplit(" ", 1)
            lines[i] = f"{rest}{last} {lines[i][len(rest):]}"
    return lines


def wrap_document(text):
    out, paragraph, fenced = [], None, False

    def flush():
        nonlocal paragraph
        if paragraph:
            first, rest, words = paragraph
            out.extend(wrap(words, first, rest))
        paragraph = None

    for line in text.split("\n"):
        item = ITEM.match(line)
        if line.startswith("```"):
            fenced = not fenced
        if fenced or not line.strip() or line.startswith(("```", "#")) or line.lstrip().startswith("|"):
            flush()
            out.append(line)
        elif item:
            flush()
            head = item[1].rstrip() + " "
            paragraph = head, " " * len(head), item[2].split()
        elif line.startswith("> "):
            if not paragraph or paragraph[0] != "> ":
                flush()
                paragraph = "> ", "> ", []
            paragraph[2].extend(line[2:].split())
        elif line.startswith("    ") and not paragraph:
            out.append(line)
        elif paragraph:
            paragraph[2].extend(line.split())
        else:
            paragraph = "", "", line.split()
    flush()
    return "\n".join(out)


for name in sys.argv[1:]:
    path = Path(name)
    before = path.read_text(encoding="utf-8")
    after = wrap_document(before)
    if after != before:
        path.write_text(after, encoding="utf-8")
