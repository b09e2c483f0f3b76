"""`kagiya key rotate` beside a server that verifies: ended at every step, begun again, no code refused (R48)."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from provisioning.cli import group
from provisioning.cli.compose import build_services
from provisioning.rules.roles import Role
from provisioning.settings_file import load_settings
from tests.bench.people import enter_bank, enter_people, fresh_codes
from tests.bench.servers import write_settings
from tests.fixtures.databases import POSTGRESQL, SQLITE
from tests.ground.commands import run_kagiya
from tests.ground.servers import serving

PEOPLE = 250


@pytest.fixture
def settings_file(database_url: str, tmp_path: Path) -> Path:
    """Of a server on a migrated database that is empty so far."""
    return write_settings(tmp_path / "server", database_url)


class Host:
    """The bank's system: sends one good code after another and counts what was not accepted."""

    def __init__(self, settings_file: Path) -> None:
        services = build_services(load_settings(settings_file, {Role.BANK}), {Role.BANK})
        self._codes = fresh_codes(enter_people(services, PEOPLE))
        self._institution = services.institution("dual")
        self._headers = {"Authorization": f"Bearer {enter_bank(services)}"}
        services.store.close()
        self.sent = 0
        self.refused: list[str] = []

    def send(self, http: httpx.Client) -> None:
        token, code = next(self._codes)
        body = {"service_id": self._institution.service_id, "user_id": token.user_id, "otp": code}
        answer = http.post("/api/v1/verify", json=body, headers=self._headers)
        self.sent += 1
        if answer.json().get("outcome") != "accepted":
            self.refused.append(answer.text)


@pytest.mark.parametrize(("database_url", "stride"), [(SQLITE, 1), (POSTGRESQL, 3)], indirect=["database_url"])
def test_a_rotation_that_is_killed_at_any_step_ends_and_refuses_nobody(settings_file: Path, stride: int) -> None:
    host = Host(settings_file)
    vault = settings_file.parent / "keys" / "vault"
    with (
        serving(settings_file, "--role", "bank,verifier", "--workers", "1") as server,
        httpx.Client(base_url=server.base_url, timeout=30) as http,
    ):
        killed_at: list[int] = []
        while _rotate(settings_file, step := 1 + stride * len(killed_at), lambda: host.send(http)):
            killed_at.append(step)
        # three batches, an entry in the audit log, and each file that was written
        assert len(killed_at) * stride >= 10
        shown = json.loads(run_kagiya("--settings", str(settings_file), "key", "status", "--json").stdout)
        assert [(key["kek_id"], key["in_force"], key["rows"]) for key in shown["keys"]] == [
            ("bench", False, {}),
            ("bench-2", True, {"credential": PEOPLE}),
        ]
        assert not shown["rotating"]
        # the server goes on without the old key, which it has never been told about
        (vault / "bench.key").unlink()
        for _ in range(20):
            host.send(http)
    assert host.refused == []
    assert host.sent > 3 * len(killed_at)
    assert {file.name for file in vault.iterdir() if not file.name.startswith(".")} == {
        "bench.pub",
        "bench-2.key",
        "bench-2.pub",
        "current",
    }


def _rotate(settings_file: Path, step: int, meanwhile: Callable[[], None]) -> bool:
    """In a process of its own: whether it was killed, at its step `step`; otherwise it did what it was to do."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(settings_file, step))
    process.start()
    sent = 0
    while process.is_alive() and sent < 8:
        meanwhile()
        sent += 1
    process.join()
    meanwhile()
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def _run(settings_file: Path, step: int) -> None:
    """`kagiya key rotate`, whose steps are counted: whatever is to be on the disk for good, and each commit."""
    left = [step]

    def count(*_: Any) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    fsync, replace, unlink = os.fsync, Path.replace, Path.unlink
    os.fsync = lambda descriptor: (fsync(descriptor), count())[0]
    Path.replace = lambda path, target: (replace(path, target), count())[0]  # type: ignore[method-assign, assignment]
    Path.unlink = lambda path, missing_ok=False: (unlink(path, missing_ok), count())[0]  # type: ignore[method-assign]
    event.listen(Engine, "commit", count)
    os._exit(group.run(["--settings", str(settings_file), "key", "rotate"]))
