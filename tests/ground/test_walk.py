"""The whole walk with a demonstration from the command line, by the interfaces that others call."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.fixtures.ports import free_port
from tests.fixtures.processes import end
from tests.ground.walk import walk

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60.0


def test_the_walk(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "provisioning", "demo", "--port", str(free_port()), "--data", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        until_s = time.monotonic() + READY_WITHIN_S
        while not (tmp_path / "demo.json").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until_s
            time.sleep(0.05)
        assert len(walk(tmp_path / "demo.json")) == 4
    finally:
        end(process)
