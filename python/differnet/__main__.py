"""The command line: ``python -m differnet``, or ``differnet`` where the wheel is installed."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Becomes the bundled command, else the one on the system or in the source tree."""
    here = Path(__file__).resolve()
    for command in (here.parent / "_bundled/bin/differnet", here.parents[2] / "build/differnet"):
        if command.exists():
            break
    else:
        # The wheel's own script, which has the same name, would call itself for ever.
        script = Path(sys.argv[0]).resolve().parent
        others = [p for p in os.get_exec_path() if Path(p).resolve() != script]
        found = shutil.which("differnet", path=os.pathsep.join(others))
        if found is None:
            sys.exit("differnet: the command is not installed: install the wheel that ./run wheel builds")
        command = Path(found)
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    os.execv(command, ["differnet", *sys.argv[1:]])


if __name__ == "__main__":
    main()
