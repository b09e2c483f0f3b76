"""A real `kagiya serve` for tests: its own processes, a free port of this machine, ended at the end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from tests.fixtures.ports import free_port
from tests.fixtures.processes import end
from tests.ground.commands import KAGIYA

READY_WITHIN_S: Final = 30.0


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    base_url: str
    log: Path


@contextmanager
def serving(
    settings_file: Path, *options: str, scheme: str = "http", command: Sequence[str] = (KAGIYA,)
) -> Iterator[Served]:
    """Start `kagiya serve` with `options` and wait until it answers. `command`: how kagiya is started."""
    port = free_port()
    log = settings_file.with_name("server.log")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--settings", str(settings_file), "serve", "--bind", f"127.0.0.1:{port}", *options],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=dict(os.environ),
        )
    try:
        base_url = f"{scheme}://127.0.0.1:{port}"
        _wait(process, base_url, log)
        yield Served(process, base_url, log)
    finally:
        end(process)


def _wait(process: subprocess.Popen[bytes], base_url: str, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"{base_url}/healthz", timeout=5, verify=False)  # whoever it says it is, it is up
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())
