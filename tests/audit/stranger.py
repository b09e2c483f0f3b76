"""Somebody outside who has the example program, the log's name and its public key."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

from provisioning.services import Services
from tests.audit.conftest import KEY_ID, ORIGIN

PROGRAM: Final = Path(__file__).parents[2] / "docs" / "examples" / "verify_audit_proof.py"


def imports() -> set[str]:
    """Every module that the program imports."""
    found = set()
    for part in ast.walk(ast.parse(PROGRAM.read_text())):
        if isinstance(part, ast.Import):
            found |= {name.name.split(".")[0] for name in part.names}
        if isinstance(part, ast.ImportFrom):
            found.add((part.module or "").split(".")[0])
    return found


def check(services: Services, file: Path, origin: str = ORIGIN, key: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program by itself, far from our code."""
    assert services.settings.audit is not None
    key = key or services.settings.audit.public_keys[KEY_ID].hex()
    command = [sys.executable, "-I", str(PROGRAM), origin, key, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=file.parent, timeout=60)
