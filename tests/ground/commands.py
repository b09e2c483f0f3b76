"""Running the installed `kagiya` as an operator would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

KAGIYA: Final = str(Path(sys.executable).with_name("kagiya"))
TIMEOUT_S: Final = 60


def run_kagiya(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, with its output as text."""
    return subprocess.run(
        [KAGIYA, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
