"""Loading the library, and freeing what it gives."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import differnet
import pytest
from differnet import _library
from support import COMMAND, PICTURES


class Owner:
    pass


def test_handles_are_freed_with_their_owner(monkeypatch):
    freed = []

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def free(handle):
        freed.append(handle)

    monkeypatch.setattr(_library.c, "CFUNCTYPE", lambda *_: lambda _: lambda handle, _: free(handle))
    owners = [Owner() for _ in range(200)]
    for number, owner in enumerate(owners):
        _library.free_with(owner, "dn_map_free", ctypes.c_void_p(number + 1))
    del owners[:150], owner
    assert len(freed) >= 149
    more = [Owner() for _ in range(400)]
    for owner in more:
        _library.free_with(owner, "dn_map_free", ctypes.c_void_p(1))
    assert len(_library._frees) < 550 + 64  # dead ones are forgotten
    del more, owners, owner


def test_an_interrupt_is_not_lost_while_a_model_is_freed(run):
    """It strikes in the middle of a destructor, where Python would drop what is raised."""
    caught = 0
    for _ in range(20):
        try:
            model = differnet.Model.load(run.model_path)
            model.predict_one(PICTURES[0])
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
            signal.setitimer(signal.ITIMER_REAL, 1e-4)
            del model
            signal.sigtimedwait([], 5)
        except KeyboardInterrupt:
            caught += 1
    assert caught == 20


def run_python(code, **environment):
    path = {"PYTHONPATH": os.pathsep.join([str(Path(differnet.__file__).parents[1]), *sys.path])}
    environment = {**os.environ, **path, **environment}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_a_library_that_cannot_be_loaded(tmp_path):
    (tmp_path / "lib.so").write_text("text")
    failed = run_python("import differnet", DIFFERNET_LIBRARY=str(tmp_path / "lib.so"))
    assert failed.returncode == 1 and "./run wheel" in failed.stderr and "lib.so" in failed.stderr


def test_openmp_spins_less_unless_told(monkeypatch):
    code = "import differnet, os; print(os.environ['GOMP_SPINCOUNT'])"
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    assert run_python(code).stdout == "2000\n"
    assert run_python(code, GOMP_SPINCOUNT="7").stdout == "7\n"


def test_the_command():
    if not COMMAND.exists():
        pytest.skip("the command is not built")
    code = "import sys; sys.argv[1:] = ['--version']; from differnet.__main__ import main; main()"
    ran = run_python(code, PATH=f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}")
    assert ran.returncode == 0 and differnet.version() in ran.stdout
