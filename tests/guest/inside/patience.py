"""The shipped profiles with longer timeouts: one emulated processor is host and device at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from devices.profile_files import SHIPPED

_TIMEOUT: Final = re.compile(r"^((?:identify|open|operation|flash)_timeout_s) = ([0-9.]+)", re.MULTILINE)
_LONGER_S: Final = 3.0


def patient_profiles(folder: Path) -> Path:
    """Written to `folder`, which is returned; everything but the timeouts is as shipped."""
    folder.mkdir(exist_ok=True)
    for file in SHIPPED.glob("*.toml"):
        if file.stem != "example":
            text = _TIMEOUT.sub(_longer, file.read_text(encoding="utf-8"))
            (folder / file.name).write_text(text, encoding="utf-8")
    return folder


def _longer(found: re.Match[str]) -> str:
    return f"{found[1]} = {float(found[2]) + _LONGER_S}"
