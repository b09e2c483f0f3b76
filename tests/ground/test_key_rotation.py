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

from provisioning import migrations
from provisioning.cli import group
from provisioning.cli.compose import build_services
from provisioning.rules.roles import Role
from provisioning.settings import VaultSettings
from provisioning.settings_file import load_settings, load_store_settings
from provisioning.store.access_codes import AccessSecret
from provisioning.store.address_keys import AddressKeys
from provisioning.store.key_folder import KeyFolder
from tests.bench.people import enter_bank, enter_people, fresh_codes
from tests.bench.servers import write_settings
from tests.fixtures.addresses import store_address
from tests.fixtures.databases import POSTGRESQL, SQLITE
from tests.fixtures.people import add_customer
from tests.fixtures.softhsm import MODULE, SoftToken
from tests.fixtures.vaults import halves_of
from tests.ground.commands import run_kagiya
from tests.ground.servers import serving
from tests.ground.settings_files import write_settings as write_whole_settings

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


@pytest.mark.parametrize(
    ("database_url", "stride", "named"),
    [(SQLITE, 1, ()), (POSTGRESQL, 3, ("bench-2",))],
    indirect=["database_url"],
)
def test_a_rotation_that_is_killed_at_any_step_ends_and_refuses_nobody(
    settings_file: Path, stride: int, named: tuple[str, ...]
) -> None:
    host = Host(settings_file)
    vault = settings_file.parent / "keys" / "vault"
    code = _access_code(vault)
    with (
        serving(settings_file, "--role", "bank,verifier", "--workers", "1") as server,
        httpx.Client(base_url=server.base_url, timeout=30) as http,
    ):
        killed_at: list[int] = []
        command = ["--settings", str(settings_file), "key", "rotate", *named]
        while _rotate(command, step := 1 + stride * len(killed_at), lambda: host.send(http)):
            killed_at.append(step)
        # three batches, an entry in the audit log, and each file that was written
        assert len(killed_at) * stride >= 10
        shown = json.loads(run_kagiya("--settings", str(settings_file), "key", "status", "--json").stdout)
        assert not shown["rotating"]
        (now,) = (key["kek_id"] for key in shown["keys"] if key["in_force"])
        # without a name, whoever was killed after the very last step begins another rotation
        assert now in {"bench-2", *(named or ["bench-3"])}
        assert {key["kek_id"]: key["rows"] for key in shown["keys"] if key["rows"]} == {
            now: {"access.sealed": 1, "credential": PEOPLE}
        }
        # the server goes on without the old key, which it has never been told about
        for former in {file.stem for file in vault.glob("*.key")} - {now}:
            (vault / f"{former}.key").unlink()
        assert _access_code(vault) == code
        for _ in range(20):
            host.send(http)
    assert host.refused == []
    assert host.sent > 3 * len(killed_at)
    assert {file.suffix for file in vault.iterdir()} == {".key", ".pub", ".sealed", ""}
    assert not [file for file in vault.iterdir() if file.name.startswith(".")]
    assert not (vault / "rotating").exists()


def _access_code(vault: Path) -> bytes:
    """What locks one device, to a process that has just been started."""
    _, opener = halves_of(VaultSettings(vault))
    return AccessSecret(opener.keys).code(opener, "yubikey-5", "12345678")


def _rotate(command: list[str], step: int, meanwhile: Callable[[], None]) -> bool:
    """In a process of its own: whether it was killed, at its step `step`; otherwise it did what it was to do."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(command, step))
    process.start()
    sent = 0
    while process.is_alive() and sent < 8:
        meanwhile()
        sent += 1
    process.join()
    meanwhile()
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def _run(command: list[str], step: int) -> None:
    """`kagiya key rotate`, whose steps are counted: whatever is to be on the disk for good, and each commit."""
    left = [step]

    def count(*_: Any, **__: Any) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    steps = pytest.MonkeyPatch()
    steps.setattr(os, "fsync", _both(count, os.fsync))
    for owner, name in ((os, "link"), (Path, "replace"), (Path, "unlink")):
        act = getattr(owner, name)
        steps.setattr(owner, name, _both(act, count))
    event.listen(Engine, "commit", count)
    os._exit(group.run(command))


def _both(first: Callable[..., object], then: Callable[..., object]) -> Callable[..., None]:
    def both(*given: Any, **more: Any) -> None:
        first(*given, **more)
        then(*given, **more)

    return both


def test_the_commands_of_an_operator(
    tmp_path: Path, soft_token: SoftToken, capsys: pytest.CaptureFixture[str]
) -> None:
    hsm = f'module = "{MODULE}"\ntoken = "kagiya"\npin_file = "{soft_token.hsm.pin_file}"\nsoftware = true'
    file = write_settings(tmp_path / "server", "sqlite:///kagiya.db")
    file.write_text(file.read_text().replace("[keys]", f"[vault.hsm]\n{hsm}\n[keys]"))
    migrations.upgrade(load_store_settings(file).url)
    keys = KeyFolder(file.parent / "keys" / "vault")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = group.run(["--settings", str(file), "key", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    assert run("status") == (0, "bench\tfile\t1 access.sealed\tin force\n", "")
    recovered = _recovered(run, tmp_path / "before")
    # prepared for other machines, and not used yet
    assert run("rotate", "--prepare")[0] == 2
    assert run("rotate", "by-name", "--in", "file", "--prepare") == (0, f"{keys.directory / 'by-name.pub'}\n", "")
    assert keys.current() == "bench"
    assert keys.holds_private("by-name")
    # where the settings name a token, a new key is inside
    assert run("rotate") == (0, "every row is under bench-2; 0 were wrapped now\n", "")
    assert run("status")[1].splitlines()[1:] == [
        "bench-2\ttoken\t1 access.sealed\tin force",
        "by-name\tfile\tno rows",
    ]
    assert _recovered(run, tmp_path / "after") == recovered
    code, _, err = run("retire", "bench")
    assert (code, "this is possible from" in err) == (1, True)
    long_ago = keys.in_force_since() - 2 * 3600
    os.utime(keys.directory / "current", (long_ago, long_ago))
    assert run("retire", "bench") == (0, "", "")
    code, _, err = run("retire", "bench-2")
    assert (code, "is in force" in err) == (1, True)
    assert keys.ids() == ["bench-2", "by-name"]
    soft_token.write_pin("0000")
    assert "refused the PIN" in run("rotate", "another")[2]
    assert keys.current() == "bench-2"


def _recovered(run: Callable[..., tuple[int, str, str]], file: Path) -> str:
    """A device's access code, as an operator gets it out of the vault."""
    assert run("access-code", "yubikey-5", "12345678", str(file)) == (0, f"{file}\n", "")
    return file.read_text()


def test_the_same_commands_for_keys_of_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_whole_settings(tmp_path)
    migrations.upgrade(load_store_settings(file).url)
    services = build_services(load_settings(file, {Role.WORKER}), {Role.WORKER})
    customer = add_customer(services, "123456780001")
    store_address(services, customer, "taro@mihon.example")
    keys = AddressKeys(tmp_path / "keys" / "address")

    def run(command: str, *arguments: str) -> tuple[int, str, str]:
        code = group.run(["--settings", str(file), "key", command, "--of", "addresses", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    assert run("status") == (0, "address-1\tfile\t1 customer_address\tin force\n", "")
    assert run("rotate", "--in", "token")[0] == 2
    assert run("rotate", "by-name", "--prepare") == (0, f"{keys.directory / 'by-name.key'}\n", "")
    assert keys.current() == "address-1"
    # one that was ended before it began goes on without a name
    keys.set_target("by-name")
    assert run("rotate") == (0, "every row is under by-name; 1 were wrapped now\n", "1 wrapped\n")
    assert run("rotate")[1] == "every row is under by-name-2; 1 were wrapped now\n"
    shown = json.loads(run("status", "--json")[1])
    assert not shown["rotating"]
    assert {key["address_key_id"]: key["rows"] for key in shown["keys"] if key["in_force"] or key["rows"]} == {
        "by-name-2": {"customer_address": 1}
    }
    assert "this is possible from" in run("retire", "by-name")[2]
    long_ago = keys.in_force_since() - 2 * 3600
    os.utime(keys.directory / "current", (long_ago, long_ago))
    assert run("retire", "by-name") == (0, "", "")
    assert "is in force" in run("retire", "by-name-2")[2]
    assert keys.ids() == ["address-1", "by-name-2"]
    # a row whose key is gone is named, and left
    (keys.directory / "by-name-2.key").rename(keys.directory / "away")
    keys.put_in_force("address-1")
    code, _, told = run("rotate", "address-1")
    assert (code, "1 rows cannot be opened and stay as they are: customer_address" in told) == (1, True)
    assert "under by-name-2" in told
    assert run("status")[1].splitlines()[1] == "by-name-2\tunknown here\t1 customer_address"
    services.store.close()
