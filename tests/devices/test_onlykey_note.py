"""Every exchange of onlykey.md, in its order: the driver's reports, and the emulated key's answers."""

from __future__ import annotations

import re
import time

import pytest

from devices.drivers.onlykey import messages
from devices.drivers.onlykey.messages import Connected, Field
from devices.profile_files import SHIPPED
from devices.profiles import Version
from tests.devices.vectors import hexed, vectors
from tests.rig.onlykey.device import EmulatedOnlyKey

NOW = 1_795_158_000
SEED = b"12345678901234567890"
REQUESTS = {
    "connect": messages.connect(NOW),
    "set_seed": messages.set_slot(1, Field.TOTP_SEED, SEED),
    "set_label": messages.set_slot(1, Field.LABEL, b"KAGIYA"),
    "get_labels": messages.get_labels(),
    "wipe_slot": messages.wipe_slot(3),
}
ANSWERS = {"get_labels": 12, "wipe_slot": messages.WIPED_ANSWERS}
SLOTS_NOTED = (1, 2, 9, 10, 12)


def answers_of(key: EmulatedOnlyKey, request: bytes, count: int) -> list[bytes]:
    """Without the zeros behind them."""
    key.take_report(request)
    found: list[bytes] = []
    until_s = time.monotonic() + 5
    while len(found) < count and time.monotonic() < until_s:
        report = key.next_report()
        if report is not None:
            found.append(report.rstrip(b"\0"))
    return found


def test_the_note_has_these_exchanges_in_this_order() -> None:
    text = (SHIPPED / "onlykey.md").read_text(encoding="utf-8")
    assert re.findall(r"```vectors (\w+)", text) == list(REQUESTS)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_driver_sends_these_reports(name: str) -> None:
    assert REQUESTS[name] == hexed(name, "request", "onlykey").ljust(64, b"\0")


def test_the_emulated_key_has_this_conversation() -> None:
    key = EmulatedOnlyKey(lambda: float(NOW))
    key.enter_pin()
    key.next_report()
    for name, request in REQUESTS.items():
        noted = vectors(name, "onlykey")
        found = answers_of(key, request, ANSWERS.get(name, 1))
        if name == "get_labels":
            assert [found[slot - 1].hex() for slot in SLOTS_NOTED] == [noted[f"label{n}"] for n in SLOTS_NOTED]
        else:
            assert found[0].decode() == noted["answer"]
            assert found[-1].decode() == noted.get("last", noted["answer"])


def test_the_driver_reads_these_answers() -> None:
    assert messages.connected(vectors("connect", "onlykey")["answer"]) == Connected("OnlyKey", Version(2, 1, 2))
    assert messages.DONE[Field.TOTP_SEED] == vectors("set_seed", "onlykey")["answer"]
    assert messages.DONE[Field.LABEL] == vectors("set_label", "onlykey")["answer"]
    assert vectors("wipe_slot", "onlykey")["last"] == messages.WIPED_LAST
    read = [
        messages.label(hexed("get_labels", f"label{slot}", "onlykey").ljust(64, b"\0")) for slot in SLOTS_NOTED
    ]
    assert read == [(slot, b"KAGIYA" if slot == 1 else b"") for slot in SLOTS_NOTED]
