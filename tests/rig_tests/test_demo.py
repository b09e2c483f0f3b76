"""`kagiya demo` as somebody from outside meets it: started, asked over HTTP, ended, started again."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from provisioning.cli.demo_facts import lines
from tests.fixtures.ports import free_port

ROOT = Path(__file__).parents[2]
KAGIYA = (sys.executable, "-m", "provisioning", "demo")
FIRST_PAGE_WITHIN_S = 3.0
"""Counted in the process's own processor time, so that other work on the machine does not matter."""
READY_WITHIN_S = 60.0
SHIPPED = {"counter", "dual", "mail-password", "limit-lowering", "corporate"}


@dataclass
class Demo:
    """A demonstration that runs. `first_page_cpu_s`: what it had worked when its first page came."""

    process: subprocess.Popen[str]
    first_page_cpu_s: float
    facts: dict[str, Any]

    def bank(self, path: str, **body: str) -> dict[str, Any]:
        """One call of the bank API about the first customer."""
        who = self.facts["customers"][0]
        service_id = self.facts["institutions"][0]["service_id"]
        answer = httpx.post(
            f"{self.facts['base_url']}/api/v1/{path}",
            json={"service_id": service_id, "user_id": who["user_id"], **body},
            headers={"Authorization": f"Bearer {self.facts['bank_api_key']}"},
            timeout=20,
        )
        assert answer.is_success, answer.text
        return {"status": answer.status_code, **answer.json()}

    def state(self) -> str:
        """State of the first customer's token."""
        service_id, user_id = self.facts["institutions"][0]["service_id"], self.facts["customers"][0]["user_id"]
        headers = {"Authorization": f"Bearer {self.facts['bank_api_key']}"}
        url = f"{self.facts['base_url']}/api/v1/customers/{service_id}/{user_id}"
        return str(httpx.get(url, headers=headers, timeout=20).json()["state"])

    def display(self, serial: str) -> str:
        """What the fob's screen shows."""
        (fob,) = (fob for fob in self.facts["fobs"] if fob["serial"] == serial)
        return str(httpx.get(fob["display_url"], timeout=20).json()["display"])

    def code(self, serial: str) -> str:
        """The code on the fob's screen, which is dark as long as the station talks to it."""
        _until(lambda: self.display(serial) != "")
        return self.display(serial)

    def rig(self, path: str, **body: Any) -> dict[str, Any]:
        """Post to the rig."""
        answer = httpx.post(f"{self.facts['rig_url']}/{path}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def _start(data: Path, port: int) -> subprocess.Popen[str]:
    command = [*KAGIYA, "--port", str(port), "--data", str(data)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def demo(data: Path, ended_by: signal.Signals = signal.SIGINT) -> Iterator[Demo]:
    """Start, wait until it is ready, and end it the way Ctrl-C does, or as asked."""
    port = free_port()
    process = _start(data, port)
    try:
        _wait(process, lambda: _answers(f"http://localhost:{port}/"))
        first_page_cpu_s = _worked_s(process.pid)
        _wait(process, (data / "demo.json").exists)
        yield Demo(process, first_page_cpu_s, json.loads((data / "demo.json").read_bytes()))
        process.send_signal(ended_by)
        _, errors = process.communicate(timeout=60)
        assert errors == ""
        assert process.returncode == (-ended_by if ended_by is signal.SIGKILL else 0)
    finally:
        process.kill()
        process.communicate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=READY_WITHIN_S).status_code == 200
    except httpx.TransportError:
        return False


def _worked_s(pid: int) -> float:
    """Processor seconds of a process so far (proc(5): utime and stime)."""
    behind_the_name = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(behind_the_name[11]) + int(behind_the_name[12])) / os.sysconf("SC_CLK_TCK")


def _wait(process: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + READY_WITHIN_S
    while not holds():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until_s
        time.sleep(0.02)


def _until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + READY_WITHIN_S
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.05)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def running(data: Path) -> Iterator[Demo]:
    """One demonstration for the tests that only look."""
    with demo(data) as running:
        yield running


def test_people_find_whom_the_readme_names(running: Demo) -> None:
    """By the name of their institution and their own, not by an id that no page shows."""
    printed = lines(running.facts, Path("demo.json"))
    for one in running.facts["institutions"]:
        assert f"{one['name']} ({one['id']})" in printed
    for who in running.facts["staff"]:
        (line,) = (line for line in printed.splitlines() if who["sign_in_url"] in line)
        assert who["name"] in line
    for customer in running.facts["customers"]:
        assert customer["login_id"] in printed


def test_demo_json_has_what_the_contract_names(running: Demo) -> None:
    facts = running.facts
    assert set(facts) == {
        "base_url",
        "rig_url",
        "bank_api_key",
        "institutions",
        "customers",
        "staff",
        "fobs",
    }
    assert facts["base_url"].startswith("http://localhost:")
    assert all(set(one) == {"id", "service_id", "name"} for one in facts["institutions"])
    assert [one["id"] for one in facts["institutions"]] == ["dual", *sorted(SHIPPED - {"dual"})]
    assert len([one for one in facts["customers"] if one["institution"] == "dual"]) >= 4
    for told_of in ("customers", "staff"):
        assert {one["institution"] for one in facts[told_of]} == SHIPPED
    told = {"institution", "login_id", "password", "confirmation_password", "user_id"}
    assert all(set(one) == told for one in facts["customers"])
    assert {one["role"] for one in facts["staff"]} >= {"teller", "approver", "administrator"}
    assert all(set(one) == {"name", "role", "institution", "sign_in_url"} for one in facts["staff"])
    assert sorted(one["transport"] for one in facts["fobs"]) == ["hid", "hid", "hid", "serial", "serial"]
    assert all(set(one) == {"serial", "profile", "transport", "display_url"} for one in facts["fobs"])


def test_every_fob_has_a_display_and_the_pages_answer(running: Demo) -> None:
    assert [running.display(fob["serial"]) for fob in running.facts["fobs"]] == [""] * 5
    for path in ("/", "/portal/", "/app/", "/rig/", "/healthz", "/readyz"):
        answer = httpx.get(running.facts["base_url"] + path, timeout=20, follow_redirects=True)
        assert answer.status_code == 200, path


def test_keys_and_passwords_are_for_the_owner_alone(running: Demo, data: Path) -> None:
    vault = data / "keys/vault"
    files = [*(data / "keys").glob("*.*"), *vault.iterdir(), *(data / "station").iterdir()]
    public = {vault / "demo.pub", vault / "current", data / "keys/checkpoint.pub"}
    secret = [file for file in files if file not in public]
    secret += [data / name for name in ("demo.json", "accounts.json", "kagiya.db", "rig/manufacturer.json")]
    assert len(secret) >= 10
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in secret} == {0}
    assert {stat.S_IMODE(file.stat().st_mode) for file in public} == {0o644}


def test_a_sign_in_link_is_good_more_than_once(running: Demo) -> None:
    for _ in range(2):
        for one in running.facts["staff"]:
            answer = httpx.get(one["sign_in_url"], timeout=20)
            assert answer.status_code in (200, 302, 303), one["role"]


def test_the_apps_clock_is_the_rigs(running: Demo) -> None:
    files = running.facts["base_url"] + "/app/"
    module = httpx.get(files + "clock.js", timeout=20).content
    assert b"/rig/clock" in module
    # the service worker keeps just this one for offline use
    assert b64encode(sha256(module).digest()).decode() in httpx.get(files + "sw.js", timeout=20).text


def test_a_busy_port_is_told_in_one_line(running: Demo, tmp_path: Path) -> None:
    port = running.facts["base_url"].rpartition(":")[2]
    ended = subprocess.run(
        [*KAGIYA, "--port", port, "--data", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert port in ended.stderr


def test_without_the_rig_it_says_so(tmp_path: Path) -> None:
    program = "import sys; sys.modules['tests.rig.rig'] = None; from provisioning.cli.group import run; "
    program += f"sys.exit(run(['demo', '--port', '0', '--data', {str(tmp_path / 'data')!r}]))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "test rig" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_the_first_page_comes_soon_and_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    data, serial = tmp_path / "data", "KF-000125"
    with demo(data) as first:
        assert first.bank("credentials", kind="hard", fob_serial=serial)["status"] == 201
        _until(lambda: first.state() == "set_up")
        assert first.bank("activate", otp=first.code(serial))["outcome"] == "accepted"
        first.rig("clock", advance_s=86_400)
        first.rig("fobs/KF-000124/unplug")
        links = [one["sign_in_url"].rpartition("/")[2] for one in first.facts["staff"]]
    with demo(data) as second:
        assert first.first_page_cpu_s < FIRST_PAGE_WITHIN_S
        assert second.first_page_cpu_s < FIRST_PAGE_WITHIN_S
        assert second.state() == "active"
        assert second.bank("verify", otp=second.code(serial))["outcome"] == "accepted"
        assert second.rig("clock", advance_s=0)["offset_s"] == 86_400
        assert second.rig("fobs/KF-000124/plug")["plugged"] is True
        assert [one["sign_in_url"].rpartition("/")[2] for one in second.facts["staff"]] == links


def test_a_killed_demo_comes_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with demo(data, ended_by=signal.SIGKILL):
        pass
    with demo(data) as second:
        assert second.bank("credentials", kind="hard", fob_serial="KF-000123")["status"] == 201
        assert len(second.code("KF-000123")) == 8


def test_a_demo_killed_while_it_was_made_is_made_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = _start(data, free_port())
    _until((data / "kagiya.db").exists)
    process.kill()
    process.communicate()
    assert not (data / "accounts.json").exists()
    with demo(data) as second:
        assert second.state() == "none"
