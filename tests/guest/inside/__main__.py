"""`python -m tests.guest.inside`: pytest in the guest, with the arguments left in the results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

RESULTS: Final = Path("/opt/results")


def main() -> int:
    """pytest's exit code."""
    arguments = (RESULTS / "arguments").read_text(encoding="utf-8").splitlines()
    own = [f"--confcutdir={Path(__file__).parent}", "-p", "no:cacheprovider", "-p", "pytest_timeout"]
    own += ["-o", "addopts=-ra --strict-markers --strict-config", f"--junitxml={RESULTS / 'junit.xml'}"]
    own += ["-v", "--timeout=900", "--durations=15"]
    return int(pytest.main([*own, *arguments]))


if __name__ == "__main__":
    sys.exit(main())
