"""`kagiya serve` starts quickly, answers, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from provisioning import migrations
from provisioning.rules.roles import ALL_ROLES
from provisioning.settings_file import load_settings
from tests.fixtures.processes import end
from tests.ground.commands import KAGIYA, run_kagiya
from tests.ground.servers import Served, serving
from tests.ground.settings_files import SETTINGS, write_certificate, write_settings

ALL_SERVED = "staff,customer,bank,station,verifier"
NO_CORE = "Max core file size        0                    0 "


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
    assert httpx.get(f"{server.base_url}/readyz", timeout=30).status_code == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0


def test_every_request_is_logged_once_under_the_id_it_was_answered_with(server: Served) -> None:
    answer = httpx.get(f"{server.base_url}/no-such-page?token=canary-91", timeout=30)
    assert answer.status_code == 404
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == answer.headers["X-Request-Id"]]
    assert (line["path"], line["status"], line["method"]) == ("/no-such-page", 404, "GET")
    assert "canary-91" not in server.log.read_text()


def test_workers_answer_from_two_processes_with_databases_of_their_own(production: Path, server: Served) -> None:
    assert len(workers(server)) == 2
    with httpx.Client(timeout=30) as client:
        assert {client.get(f"{server.base_url}/readyz").status_code for _ in range(20)} == {200}
    # SQLite holds a lock on its shared memory for as long as a database is open
    shared = (production.parent / "kagiya.db-shm").stat().st_ino
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    holders = {int(words[4]) for words in locks if words[1] == "POSIX" and words[5].endswith(f":{shared}")}
    assert holders
    assert holders <= set(workers(server)), "and their parent has none"


def test_no_process_of_it_leaves_a_core_file(server: Served) -> None:
    for pid in (server.process.pid, *workers(server)):
        assert NO_CORE in Path(f"/proc/{pid}/limits").read_text()


def test_it_serves_over_tls_with_a_certificate_of_its_own(production: Path, tmp_path: Path) -> None:
    write_certificate(tmp_path)
    files = 'tls_certificate_file = "chain.pem"\ntls_key_file = "tls.key"'
    production.write_text(production.read_text().replace("[server]", f"[server]\n{files}"))
    trust = ssl.create_default_context(cafile=str(tmp_path / "chain.pem"))
    with serving(production, "--role", ALL_SERVED, scheme="https") as server:
        assert httpx.get(f"{server.base_url}/readyz", timeout=30, verify=trust).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{server.base_url}/readyz".replace("https", "http"), timeout=30)


def test_a_scrape_of_any_worker_tells_of_all(server: Served) -> None:
    for _ in range(40):
        assert httpx.get(f"{server.base_url}/no-such-page", timeout=30).status_code == 404
    counted = 'kagiya_request_seconds_count{endpoint="unknown",status="404"} 40.0'
    for _ in range(10):
        assert counted in httpx.get(f"{server.base_url}/metrics", timeout=30).text.splitlines()


def test_a_process_for_programs_carries_nothing_for_people_and_no_other_database(production: Path) -> None:
    with serving(production, "--role", "bank,verifier,station") as server:
        answer = httpx.get(f"{server.base_url}/no-such-page", headers={"Accept": "text/html"}, timeout=30)
        assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})
    asked = "from web.app import import_parts; from provisioning.rules.roles import Role as R; import sys; "
    asked += "import_parts({R.BANK, R.VERIFIER, R.STATION}); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"babel", "flask_babel", "wtforms", "web.languages", "web.sessions"} & set(loaded)
    # its own comes with the address
    assert not {"sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql"} & set(loaded)


def test_a_desk_is_let_in_and_works_until_it_is_told_to_stop(
    production: Path, server: Served, tmp_path: Path
) -> None:
    desk = tmp_path / "desk.toml"
    desk.write_text('[station]\ndirectory = "desk"\npoll_s = 0.1\n')
    whose = ("--institution", "dual", "--branch", "本店", "--name", "窓口1")
    code = run_kagiya("--settings", str(production), "station", "code", *whose).stdout.strip()
    enrol = ("--settings", str(desk), "station", "enrol", "--server", server.base_url)
    enrolled = run_kagiya(*enrol, code)
    assert enrolled.returncode == 0, enrolled.stderr
    assert enrolled.stdout.startswith("窓口1 (")
    again = run_kagiya(*enrol, code)
    assert (again.returncode, again.stdout) == (1, "")
    assert "the server refused (401)" in again.stderr

    station = subprocess.Popen(
        [KAGIYA, "--settings", str(desk), "station", "run"], stderr=subprocess.PIPE, text=True
    )
    polled = '"path": "/api/station/v1/poll", "status": 200'
    until_s = time.monotonic() + 30
    try:
        while polled not in server.log.read_text():
            assert station.poll() is None, station.communicate()[1]
            assert time.monotonic() < until_s, server.log.read_text()
            time.sleep(0.05)
        assert NO_CORE in Path(f"/proc/{station.pid}/limits").read_text()
    finally:
        end(station)
    assert station.returncode == 0
    assert code not in server.log.read_text()
