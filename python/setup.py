"""Builds the package with the library in it, or says what to do where there is none.

``pip install ./python`` takes the library that DIFFERNET_LIBRARY names or ../build holds, and the command beside
it; both need the shared libraries of this machine, so the wheel is for this machine. With libdiffernet installed
on the system the package stays without one. ``./run wheel`` makes the wheel for other machines.
"""

import ctypes.util
import os
import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
MISSING = """
differnet: libdiffernet is neither installed nor built, and the package is of no use without it. One of:
    ./run wheel && pip install build-wheel/differnet-*.whl    a wheel with everything in it (Debian and relatives)
    ./run build && pip install ./python                 builds ../build/libdiffernet.so first
    DIFFERNET_LIBRARY=/path/libdiffernet.so pip install ./python
"""


def built_library():
    """The library to put into the package; None: the system has one."""
    named = os.environ.get("DIFFERNET_LIBRARY")
    built = Path(named) if named else HERE.parent / "build/libdiffernet.so"
    if built.is_file():
        return built.resolve()
    if named:
        sys.exit(f"\ndiffernet: DIFFERNET_LIBRARY names {named}, which is no file\n")
    if ctypes.util.find_library("differnet"):
        return None
    sys.exit(MISSING)


class BuildWithLibrary(build_py):
    def run(self):
        bundled = Path(self.build_lib) / "differnet/_bundled"
        shutil.rmtree(bundled, ignore_errors=True)  # an earlier build's
        super().run()
        if LIBRARY is None or getattr(self, "editable_mode", False):
            return
        for folder, file in (("lib", LIBRARY), ("bin", LIBRARY.parent / "differnet")):
            if file.is_file():
                (bundled / folder).mkdir(parents=True, exist_ok=True)
                name = "libdiffernet.so" if folder == "lib" else file.name
                shutil.copy(file, bundled / folder / name)


class WithLibrary(Distribution):
    def has_ext_modules(self):
        """Whether the wheel is for this kind of machine only."""
        return LIBRARY is not None


LIBRARY = built_library() if {"bdist_wheel", "editable_wheel", "build", "install"} & set(sys.argv) else None
setup(cmdclass={"build_py": BuildWithLibrary}, distclass=WithLibrary)
