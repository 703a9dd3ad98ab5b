#!/usr/bin/env python3
"""wheel.py BUILD: packs the Python package with the library, the command and the shared libraries that they need.

BUILD is that of `cmake --preset wheel`, or of tools/cross.sh. Writes BUILD/differnet-VERSION-py3-none-
manylinux_X_Y_MACHINE.whl, where X.Y is the C library that it was built with. Bundled libraries get names of their own,
as auditwheel gives them, so that those of other packages are not taken for them. Needs patchelf; the notices of the
bundled libraries are those of Debian's packages.
"""

import base64
import hashlib
import os
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
# e_machine of an ELF file's header.
MACHINES = {62: "x86_64", 183: "aarch64"}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class System:
    """Where libraries and their packages are: this machine, or the root that tools/cross.sh fetched."""

    def __init__(self, build):
        self.cache = (build / "CMakeCache.txt").read_text()
        self.machine = MACHINES[int.from_bytes((build / "libdiffernet.so").read_bytes()[18:20], "little")]
        other = self.setting("DIFFERNET_ROOT")
        self.root = Path(other or "/")
        self.dpkg_query, self.ldd = ["dpkg-query"], ["ldd"]
        if other:
            self.dpkg_query.append(f"--admindir={other}/known")
            loader = f"{other}/usr/lib/{self.machine}-linux-gnu/ld-linux-{self.machine}.so.1"
            self.ldd = [f"qemu-{self.machine}-static", "-L", other, loader, "--list"]

    def setting(self, name):
        """A value of CMake's cache, None if there is none."""
        found = re.search(f"^{name}:[A-Z]*=(.*)$", self.cache, re.M)
        return found and found.group(1)

    def c_library(self):
        """Its version, such as 2.36."""
        return output_of(*self.dpkg_query, "-W", "-f", "${Version}", "libc6").split("-")[0]

    def needed_by(self, program):
        """Paths of the libraries to bundle, by the name under which they are looked for."""
        found = {}
        for line in output_of(*self.ldd, program).splitlines():
            name, arrow, path = line.strip().partition(" => ")
            if "not found" in path:
                sys.exit(f"wheel: {program} needs {name}, which is not installed")
            if arrow and not ALLOWED.match(Path(name).name):
                inside = self.root / path.split()[0].lstrip("/")
                found[name] = inside if inside.exists() else Path(path.split()[0])
        return found

    def package_of(self, library):
        # Packages list /lib or /usr/lib, which are one folder.
        place = re.sub("^usr/", "", library.resolve().relative_to(self.root.resolve()).as_posix())
        return output_of(*self.dpkg_query, "-S", f"*/{place}").split(":")[0]


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


def notices(system, libraries, folder):
    """Copyright notices of the packages that the libraries come from, and ours."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    for path in libraries.values():
        package = system.package_of(path)
        shutil.copy(system.root / f"usr/share/doc/{package}/copyright", folder / f"{package}.txt")


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


def bundle_all(system, build, folder):
    """Library, command and what they need into lib/ and bin/ of `folder`; the libraries that are others'."""
    lib, command = folder / "lib", folder / "bin/differnet"
    lib.mkdir(parents=True)
    command.parent.mkdir()
    shutil.copy((build / "libdiffernet.so").resolve(), lib / "libdiffernet.so")
    shutil.copy(build / "differnet", command)
    libraries = {**system.needed_by(build / "libdiffernet.so"), **system.needed_by(build / "differnet")}
    own = {name for name in libraries if name.startswith("libdiffernet.so")}
    libraries = {name: path for name, path in libraries.items() if name not in own}
    # Another name than that of an installed library, which a program may have loaded.
    subprocess.run(["patchelf", "--set-soname", "libdiffernet.so", lib / "libdiffernet.so"], check=True)
    names = {**bundle(libraries, lib), **dict.fromkeys(own, "libdiffernet.so")}
    for library in lib.iterdir():
        rename_needed(library, names, "$ORIGIN")
    rename_needed(command, names, "$ORIGIN/../lib")
    return libraries


def main(build):
    system = System(build)
    version = system.setting("CMAKE_PROJECT_VERSION")
    tag = f"py3-none-manylinux_{system.c_library().replace('.', '_')}_{system.machine}"
    info = f"differnet-{version}.dist-info"
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        package = stage / "differnet"
        shutil.copytree(ROOT / "python/differnet", package, ignore=shutil.ignore_patterns("__pycache__", "_bundled"))
        libraries = bundle_all(system, build, package / "_bundled")
        notices(system, libraries, stage / info / "licenses")
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
