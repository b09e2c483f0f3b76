"""Small files that survive a killed process: written beside, flushed, then renamed over the old one."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put `data` at `path` atomically: after a kill at any instant the old bytes are there or the new."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def replace_json(path: Path, value: Any) -> None:
    """As `replace_file`, for one JSON document."""
    replace_file(path, json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")
