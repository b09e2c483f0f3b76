"""Rules of the linter that a requirement rests on are in force."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("written", ["import random\n", "from random import randbytes\n"])
@pytest.mark.parametrize(
    "where", ["provisioning/jobs/draws.py", "devices/draws.py", "web/draws.py", "tests/draws.py"]
)
def test_the_random_module_is_refused_everywhere(written: str, where: str) -> None:
    """Secrets come from the operating system's generator (R50)."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    command = [ruff, "check", "--stdin-filename", where, "--output-format", "concise", "-"]
    found = subprocess.run(command, cwd=ROOT, input=written, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "TID251 `random" in found.stdout
