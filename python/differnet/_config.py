"""Settings: the keys of ``differnet config``."""

from __future__ import annotations

import ctypes as c
import enum
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Union

import numpy as np

from ._library import check, library, path_bytes

PathLike = Union[str, "os.PathLike[str]"]
Paths = Union[PathLike, Iterable[PathLike], None]
#: Keys and values, or a YAML file that holds them.
Settings = Union[Mapping[str, Any], PathLike, None]


@dataclass(frozen=True)
class ConfigKey:
    """A setting: its default as YAML, and what it means, with its range."""

    name: str
    default: str
    comment: str


def config_keys() -> Dict[str, ConfigKey]:
    """All settings by name, as ``differnet config`` lists them."""
    keys: Dict[str, ConfigKey] = {}
    index = 0
    while True:
        found = library.dn_config_key_at(index)
        if not found:
            return keys
        texts = (found.contents.name, found.contents.default_value, found.contents.comment)
        key = ConfigKey(*(text.decode() for text in texts))
        keys[key.name], index = key, index + 1


def _plain(key: str, value: Any) -> Any:
    """The value in types that JSON has."""
    if isinstance(value, enum.Enum):
        return _plain(key, value.value)
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        return [_plain(key, each) for each in value]
    if isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{key} is {type(value).__name__}, expected a number, text, bool, path or list of numbers")


class Config:
    """A dn_config within ``with``: a YAML file or mapping, then `more`; None leaves a key as it is."""

    def __init__(self, settings: Settings = None, more: Optional[Mapping[str, Any]] = None) -> None:
        self.handle = c.c_void_p()
        check("dn_config_create", c.byref(self.handle))
        try:
            values = dict(settings) if isinstance(settings, Mapping) else {}
            values.update(more or {})
            self._load(None if isinstance(settings, Mapping) else settings)
            for key, value in values.items():
                if value is not None:
                    self._set(str(key), value)
        except BaseException:
            self.close()
            raise

    def _load(self, path: Optional[PathLike]) -> None:
        if path is not None:
            check("dn_config_load", self.handle, path_bytes(path))

    def _set(self, key: str, value: Any) -> None:
        # JSON is YAML, so any value goes through it.
        check("dn_config_set", self.handle, key.encode(), json.dumps(_plain(key, value), ensure_ascii=False).encode())

    def close(self) -> None:
        library.dn_config_destroy(self.handle)

    def __enter__(self) -> c.c_void_p:
        return self.handle

    def __exit__(self, *_: object) -> None:
        self.close()


def plain_folders(good: Paths, bad: Paths) -> Dict[str, str]:
    """The keys that name plain folders of pictures in place of a data set."""

    def parts(name: str, paths: Paths) -> List[str]:
        several: Any = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths if paths is not None else [])
        return [f"{name}={os.fspath(path)}" for path in several]

    named = parts("good", good) + parts("bad", bad)
    if any("|" in part for part in named):
        raise ValueError("a path of good or bad holds |")
    if named and not named[0].startswith("good="):
        raise ValueError("bad alone: also name good pictures")
    return {"dataset_path": "|".join(named), "class_name": ""} if named else {}


def with_folders(settings: Settings, good: Paths, bad: Paths, more: Mapping[str, Any]) -> Dict[str, Any]:
    """`more`, and the keys of plain folders; ValueError if both name pictures."""
    folders = plain_folders(good, bad)
    named = {**settings, **more} if isinstance(settings, Mapping) else more
    if folders and "dataset_path" in named:
        raise ValueError("dataset_path and good both name pictures")
    return {**folders, **more}


def resumed(directory: PathLike) -> Optional[Path]:
    """The settings of an unfinished training."""
    kept = Path(directory) / "config.yaml"
    return kept if kept.exists() else None
