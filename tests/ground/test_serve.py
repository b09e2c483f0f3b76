"""`kagiya serve` starts quickly, answers, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from provisioning import migrations
from provisioning.rules.roles import ALL_ROLES
from provisioning.settings_file import load_settings
from tests.ground.servers import Served, serving
from tests.ground.settings_files import SETTINGS, write_settings

ALL_SERVED = "staff,customer,bank,station,verifier"


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """A settings file that production accepts, beside an upgraded, empty database."""
    file = write_settings(tmp_path, SETTINGS.replace("[server]", '[server]\nclock = "host"\nlog_level = "debug"'))
    migrations.upgrade(load_settings(file, ALL_ROLES).store.url)
    return file


@pytest.fixture
def server(production: Path) -> Iterator[Served]:
    with serving(production, "--role", ALL_SERVED, "--workers", "2") as server:
        yield server


def workers(server: Served) -> list[int]:
    """Process ids of the server's children."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def worked_s(pid: int) -> float:
    """Processor seconds of a process so far (proc(5): utime and stime)."""
    behind_the_name = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(behind_the_name[11]) + int(behind_the_name[12])) / os.sysconf("SC_CLK_TCK")


def test_it_is_ready_in_time_and_ends_quietly(server: Served) -> None:
    # in the workers' own processor time, so that other work on this machine does not matter
    assert all(worked_s(worker) < 1 for worker in workers(server))
    assert httpx.get(f"{server.base_url}/readyz").status_code == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0


def test_every_request_is_logged_once_under_the_id_it_was_answered_with(server: Served) -> None:
    answer = httpx.get(f"{server.base_url}/no-such-page?token=canary-91")
    assert answer.status_code == 404
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == answer.headers["X-Request-Id"]]
    assert (line["path"], line["status"], line["method"]) == ("/no-such-page", 404, "GET")
    assert "canary-91" not in server.log.read_text()


def test_workers_answer_from_two_processes_with_databases_of_their_own(server: Served) -> None:
    assert len(workers(server)) == 2
    with httpx.Client() as client:
        assert {client.get(f"{server.base_url}/readyz").status_code for _ in range(20)} == {200}
    parent_files = {
        link.readlink() for link in Path(f"/proc/{server.process.pid}/fd").iterdir() if link.is_symlink()
    }
    assert not [file for file in parent_files if "kagiya.db" in str(file)]
