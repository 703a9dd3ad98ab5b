#!/usr/bin/env python3
"""wheel.py BUILD: packs the Python package with the library, the command and the shared libraries that they need.

Writes BUILD/differnet-VERSION-py3-none-manylinux_X_Y_MACHINE.whl, where X.Y is this machine's C library. Bundled
libraries get names of their own, as auditwheel gives them, so that those of other packages are not taken for them.
Needs patchelf; the notices of the bundled libraries are those of Debian's packages.
"""

import base64
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What PEP 600 lets a wheel expect of every machine, as far as this library needs it.
ALLOWED = re.compile(r"(lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)|ld-linux.*|linux-vdso)\.so")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed_by(program):
    """Paths of the libraries to bundle, by the name under which they are looked for."""
    found = {}
    for line in output_of("ldd", program).splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if "not found" in path:
            sys.exit(f"wheel: {program} needs {name}, which is not installed")
        if arrow and not ALLOWED.match(name):
            found[name] = Path(path.split()[0])
    return found


def bundle(libraries, folder):
    """Copies them; the new names by the old ones."""
    names = {}
    for name, path in libraries.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        names[name] = name.replace(".so", f"-{digest}.so", 1)
        shutil.copy(path.resolve(), folder / names[name])
        (folder / names[name]).chmod(0o755)
        subprocess.run(["patchelf", "--set-soname", names[name], folder / names[name]], check=True)
    return names


def rename_needed(file, names, rpath):
    wanted = output_of("patchelf", "--print-needed", file).split()
    replace = [word for name in wanted if name in names for word in ("--replace-needed", name, names[name])]
    if replace:
        subprocess.run(["patchelf", *replace, file], check=True)
    subprocess.run(["patchelf", "--set-rpath", rpath, file], check=True)


def notices(libraries, folder):
    """Copyright notices of the packages that the libraries come from, and ours."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    for path in libraries.values():
        # Packages list /lib or /usr/lib, which are one folder.
        listed = output_of("dpkg-query", "-S", "*" + re.sub("^/usr", "", str(path.resolve())))
        package = listed.split(":")[0]
        shutil.copy(f"/usr/share/doc/{package}/copyright", folder / f"{package}.txt")


def requirements(project):
    """What pip installs with the package, and with its extras."""
    lines = [f"Requires-Dist: {name}\n" for name in project["dependencies"]]
    for extra, names in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}\n")
        lines += [f'Requires-Dist: {name}; extra == "{extra}"\n' for name in names]
    return "".join(lines)


def metadata(version, folder):
    project = tomllib.loads((ROOT / "python/pyproject.toml").read_text())["project"]
    if project["version"] != version:
        sys.exit(f"wheel: python/pyproject.toml has version {project['version']}, the build {version}")
    licences = "".join(f"License-File: licenses/{p.name}\n" for p in sorted((folder / "licenses").iterdir()))
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: differnet\nVersion: {version}\nSummary: {project['description']}\n"
        f"Requires-Python: {project['requires-python']}\nLicense: MIT\n{licences}{requirements(project)}"
        "Description-Content-Type: text/markdown\n\n" + (ROOT / "python/README.md").read_text()
    )
    scripts = "".join(f"{name} = {function}\n" for name, function in project["scripts"].items())
    (folder / "entry_points.txt").write_text(f"[console_scripts]\n{scripts}")


def pack(stage, info, wheel):
    """The archive with its list of digests; equal content gives equal bytes."""
    record = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name, data, mode):
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)

        for path in sorted(p for p in stage.rglob("*") if p.is_file()):
            name, data = path.relative_to(stage).as_posix(), path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}\n")
            add(name, data, 0o755 if os.access(path, os.X_OK) else 0o644)
        record.append(f"{info}/RECORD,,\n")
        add(f"{info}/RECORD", "".join(record), 0o644)


def main(build):
    version = re.search(r"^CMAKE_PROJECT_VERSION:STATIC=(.*)$", (build / "CMakeCache.txt").read_text(), re.M).group(1)
    glibc = os.confstr("CS_GNU_LIBC_VERSION").split()[1].replace(".", "_")
    tag, info = f"py3-none-manylinux_{glibc}_{platform.machine()}", f"differnet-{version}.dist-info"
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        package, bundled = stage / "differnet", stage / "differnet/_bundled"
        shutil.copytree(ROOT / "python/differnet", package, ignore=shutil.ignore_patterns("__pycache__"))
        (bundled / "lib").mkdir(parents=True)
        (bundled / "bin").mkdir()
        shutil.copy((build / "libdiffernet.so").resolve(), bundled / "lib/libdiffernet.so")
        shutil.copy(build / "differnet", bundled / "bin/differnet")
        libraries = {**needed_by(build / "libdiffernet.so"), **needed_by(build / "differnet")}
        names = bundle(libraries, bundled / "lib")
        for library in (bundled / "lib").iterdir():
            rename_needed(library, names, "$ORIGIN")
        rename_needed(bundled / "bin/differnet", names, "$ORIGIN/../lib")
        notices(libraries, stage / info / "licenses")
        metadata(version, stage / info)
        (stage / info / "WHEEL").write_text(
            f"Wheel-Version: 1.0\nGenerator: differnet\nRoot-Is-Purelib: false\nTag: {tag}\n"
        )
        wheel = build / f"differnet-{version}-{tag}.whl"
        pack(stage, info, wheel)
    print(wheel)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: wheel.py BUILD")
    main(Path(sys.argv[1]).resolve())
