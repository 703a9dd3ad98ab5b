#!/usr/bin/env python3
"""python_reference.py [--check]: writes docs/python.md from the docstrings in python/differnet/.

With --check it writes nothing and fails if the file is not what it would write. Reads the sources only.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE, OUTPUT = ROOT / "python/differnet", ROOT / "docs/python.md"
WIDTH = 110
HEAD = """# Python: the reference

Written by `tools/python_reference.py` from the docstrings. `python/README.md` says how to install and begin;
`docs/coming-from-anomalib.md` and `docs/coming-from-the-original.md` translate what you know;
`docs/notebooks/` has two notebooks.

- **Arrays** are uint8, RGB, [height, width, 3]; regions are in pixels of the picture as it was given.
- **Threads**: calls run without the GIL. Several threads may use one `Model`, train, or evaluate at a time;
  numbers do not depend on the number of threads.
- **Ctrl-C** stops training, evaluation, calibration and scoring within one batch and raises
  `KeyboardInterrupt`. Files are written completely or not at all. Only the main thread receives it.
- **Errors** are `differnet.Error` and its subclasses, with the library's message; each is also the kind of
  Python's own that fits.
"""
#: Heading, module, names; None: the names that differnet exports from the module.
SECTIONS = [
    ("Training", "_train", ["train", "TrainingRun", "Callback"]),
    ("Models", "_model", ["Model"]),
    ("Results", "_result", ["Results", "Result", "Region", "Verdict"]),
    ("Data sets, files, this machine", "_train", ["check", "verify", "import_weights", "benchmark"]),
    ("", "_files", ["info", "export"]),
    ("", "_library", ["version"]),
    ("Settings", "_config", ["config_keys", "ConfigKey"]),
    ("Progress", "_observer", ["Progress", "Stage"]),
    ("Pictures", "_images", ["Image", "Images"]),
    ("Errors", "_errors", None),
    ("scikit-learn: differnet.sklearn", "sklearn", ["DifferNetDetector"]),
    ("TensorBoard and MLflow: differnet.callbacks", "callbacks", ["TensorBoard", "MLflow"]),
]


def plain(text):
    """Docstrings' markup as Markdown's."""
    return text.replace("``", "`")


def wrapped(text, indent=""):
    return textwrap.fill(plain(text), WIDTH, initial_indent=indent and "- ", subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def prose(docstring):
    """Paragraphs, list items and examples, wrapped."""
    parts = []
    for paragraph in re.split(r"\n\n+", docstring.strip()):
        lines = paragraph.splitlines()
        if lines[0].startswith(">>>"):
            parts.append("\n".join("    " + line for line in lines))
        elif lines[0].startswith("- "):
            items = re.split(r"\n(?=- )", paragraph)
            parts.append("\n".join(wrapped(" ".join(item[2:].split()), "  ") for item in items))
        else:
            parts.append(wrapped(" ".join(paragraph.split())))
    return "\n\n".join(parts)


def docstring_of(node):
    return ast.get_docstring(node) or ""


def signature(name, function, is_method):
    arguments = function.args
    if is_method and arguments.args:
        arguments = ast.arguments(**{**vars(arguments), "args": arguments.args[1:]})
    returned = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    line = f"    {name}({ast.unparse(arguments)}){returned}"
    if len(line) <= WIDTH:
        return line
    inner = textwrap.fill(ast.unparse(arguments), WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return f"    {name}(\n{textwrap.indent(inner, ' ' * 8)}\n    ){returned}"


def comments_of(lines, node):
    """The `#:` comment of an assignment: behind it, or in the lines above."""
    behind = re.search(r"#: (.*)$", lines[node.end_lineno - 1])
    if behind:
        return behind.group(1)
    above, number = [], node.lineno - 2
    while number >= 0 and lines[number].strip().startswith("#:"):
        above.insert(0, lines[number].strip()[2:].strip())
        number -= 1
    return " ".join(above)


def field_of(lines, body, index):
    """A line of the table of members: name, type, meaning."""
    node = body[index]
    following = body[index + 1] if index + 1 < len(body) else None
    meaning = comments_of(lines, node)
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        meaning = meaning or " ".join(str(following.value.value).split())
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    kind = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ast.unparse(node.value)
    kind = kind.replace("|", "\\|")
    return f"| `{target.id}` | `{kind}` | {plain(meaning)} |"


def members_of(lines, node):
    rows = [
        field_of(lines, node.body, index)
        for index, each in enumerate(node.body)
        if isinstance(each, (ast.Assign, ast.AnnAssign))
        and not ast.unparse(each.target if isinstance(each, ast.AnnAssign) else each.targets[0]).startswith("_")
    ]
    return "\n".join(["| member | type | meaning |", "|---|---|---|", *rows]) if rows else ""


def methods_of(name, node):
    parts = []
    for each in node.body:
        if not isinstance(each, ast.FunctionDef) or each.name.startswith("_") or not docstring_of(each):
            continue
        decorators = [ast.unparse(decorator) for decorator in each.decorator_list]
        if "property" in decorators:
            head = f"    {name}.{each.name}: {ast.unparse(each.returns)}"
        else:
            head = signature(f"{name}.{each.name}", each, "staticmethod" not in decorators)
        parts += [head, prose(docstring_of(each))]
    return parts


def class_of(lines, node):
    parts = [f"### {node.name}"]
    made = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    if made and node.name != "Model":
        parts.append(signature(node.name, made[0], True))
    parts += [prose(docstring_of(node)), members_of(lines, node), *methods_of(node.name, node)]
    return parts


def error_line(node):
    return f"- `{node.name}({', '.join(ast.unparse(base) for base in node.bases)})`: {docstring_of(node)}"


def entry(lines, tree, name):
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return class_of(lines, node)
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return [f"### {name}", signature(name, node, False), prose(docstring_of(node))]
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return [f"### {name}", wrapped(comments_of(lines, node))]
    sys.exit(f"python_reference: {name} is not in the package")


def section(heading, module, names):
    text = (PACKAGE / f"{module}.py").read_text()
    lines, tree = text.splitlines(), ast.parse(text)
    parts = [f"## {heading}"] if heading else []
    if names is None:
        parts.append("\n".join(error_line(node) for node in tree.body if isinstance(node, ast.ClassDef)))
    for name in names or []:
        parts += entry(lines, tree, name)
    return parts


def exported():
    """What `import differnet` offers."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    return set(ast.literal_eval(tree.body[-1].value))


def reference():
    parts = [HEAD.rstrip()]
    for heading, module, names in SECTIONS:
        parts += section(heading, module, names)
    text = "\n\n".join(part for part in parts if part) + "\n"
    missing = [name for name in sorted(exported()) if f"### {name}\n" not in text and f"- `{name}(" not in text]
    if missing:
        sys.exit(f"python_reference: no section for {', '.join(missing)}")
    return text


def main():
    text = reference()
    if sys.argv[1:] != ["--check"]:
        OUTPUT.write_text(text)
    elif not OUTPUT.exists() or OUTPUT.read_text() != text:
        sys.exit("docs/python.md is not what the docstrings say: run tools/python_reference.py and commit it")


if __name__ == "__main__":
    main()
