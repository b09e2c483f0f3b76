"""What differs between two files of one institution's profile, key by key, for the eyes of an approver."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any


def changes(before: str, after: str) -> list[tuple[str, str, str]]:
    """Each key whose value differs, with both values as written in the file; empty where there is none."""
    old, new = dict(_leaves("", tomllib.loads(before))), dict(_leaves("", tomllib.loads(after)))
    keys = sorted(old.keys() | new.keys())
    return [(key, old.get(key, ""), new.get(key, "")) for key in keys if old.get(key) != new.get(key)]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, inner)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, 1):
            yield from _leaves(f"{path}[{number}]", item)
    else:
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
