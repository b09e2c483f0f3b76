"""OnlyKey's own program, unmodified, with our emulated key behind the hidapi that it imports."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, Listener
from pathlib import Path

import pytest

from tests.rig.onlykey.device import EmulatedOnlyKey, Model
from tests.vendors import oath
from tests.vendors.shown import Program, shows

FAMILY = "onlykey"
ROOT = Path(__file__).parents[2]
SECRET = b"12345678901234567890"
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = 1_111_111_109
Run = Callable[..., str]


MODELS = {"onlykey": Model.COLOR, "onlykey-duo": Model.DUO}
PROFILES = tuple(MODELS)


@pytest.fixture(params=MODELS.values(), ids=PROFILES)
def key(request: pytest.FixtureRequest) -> EmulatedOnlyKey:
    return EmulatedOnlyKey(time.time, model=request.param)


@pytest.fixture
def run(key: EmulatedOnlyKey, tmp_path: Path) -> Iterator[Run]:
    """Runs the program with some words; what it said."""
    with Listener(str(tmp_path / "hid"), "AF_UNIX") as listener:

        def program(*words: str, typed: str = "") -> str:
            paths = (ROOT / ".venv/vendors/onlykey", ROOT)
            environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
            begin = [sys.executable, "-m", "tests.vendors.onlykey_program", str(listener.address)]
            running = subprocess.Popen(
                [*begin, *words], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            serving = threading.Thread(target=_serve, args=(key, listener), daemon=True)
            serving.start()
            said, _ = running.communicate(typed, timeout=120)
            serving.join(60)
            assert not serving.is_alive()
            return said

        yield program


def _serve(key: EmulatedOnlyKey, listener: Listener) -> None:
    with listener.accept() as connection:
        # what it said while nobody had it open is lost, as on the bus
        while key.next_report() is not None:
            pass
        try:
            while True:
                _answer(key, connection)
        except EOFError:
            return


def _answer(key: EmulatedOnlyKey, connection: Connection) -> None:
    act, data, timeout_ms = connection.recv()
    if act == "write":
        key.take_report(data)
        connection.send(len(data))
        return
    until_s = time.monotonic() + timeout_ms / 1000
    while (report := key.next_report()) is None and time.monotonic() < until_s:
        time.sleep(0.005)
    connection.send(report or b"")


def codes_from(began: float) -> set[str]:
    """What is right from `began` until now, for a clock that was set to the nearest second and on the way."""
    return {oath.totp(SECRET, int(at), digits=6, period_s=30) for at in (began - 3, began, time.time() + 1)}


@shows(FAMILY, Program.ONLYKEY, "set time", "seed", "label", "wipe")
def test_a_slot_is_set_and_wiped(key: EmulatedOnlyKey, run: Run) -> None:
    slot = "green1a" if key.model.is_duo else "1a"
    key.enter_pin()
    assert "UNLOCKED" in run("settime")
    assert "Successfully set Label" in run("setslot", slot, "label", "ACME")
    assert "Successfully set 2FA Key" in run("setslot", slot, "gkey", typed=f"{BASE32}\n")
    assert key.slots[1].seed == SECRET
    began = time.time()
    assert key.press(1) in codes_from(began)
    assert "1a: ACME" in run("getlabels")
    assert "Successfully wiped Label" in run("wipeslot", slot)
    assert "ACME" not in run("getlabels")
    assert key.press(1) == ""


@shows(FAMILY, Program.ONLYKEY, "locked")
def test_a_locked_key_tells_nothing(run: Run) -> None:
    said = run("getlabels")
    assert "OnlyKey is locked" in said
