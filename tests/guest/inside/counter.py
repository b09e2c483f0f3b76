"""A counter in the guest: the station agent as a process, on devices of the kernel, and its bank outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from devices.server_client import enrol
from provisioning.rules.states import JobState
from provisioning.store.queries.next_step import NextStep
from tests.fixtures.processes import end
from tests.guest.inside.desk_file import write_desk_file
from tests.guest.inside.figures import RESULTS

WITHIN_S: Final = 240.0
"""Nothing here takes so long, but the machine under the guest may be busy with other things."""
_BANK: Final = "localhost"
"""In the guest that is the machine outside (start.sh): an address at which a station may go without TLS."""
_PORT: Final = RESULTS / "bank"
_KAGIYA: Final = (sys.executable, "-m", "provisioning", "--settings")
T = TypeVar("T")


def until(found: Callable[[], T | None], what: str, limit_s: float = WITHIN_S, every_s: float = 0.02) -> T:
    """What `found` gives, once it is something."""
    deadline_s = time.monotonic() + limit_s
    while not (value := found()):
        assert time.monotonic() < deadline_s, f"this did not happen in time: {what}"
        time.sleep(every_s)
    return value


@dataclass(frozen=True, slots=True)
class Attempt:
    """One job as the teller's page shows it; `serial` is what the device said when it was written."""

    id: str
    state: JobState
    failure: str | None
    next_step: NextStep
    serial: str | None
    user_id: str | None


class Bank:
    """The bank outside the guest (tests/guest/bank.py). Safe between threads."""

    def __init__(self) -> None:
        self._socket = socket.create_connection((_BANK, int(_PORT.read_text())), timeout=WITHIN_S)
        self._lines = self._socket.makefile("rw", encoding="utf-8")
        self._lock = threading.Lock()

    def do(self, act: str, **facts: Any) -> Any:
        """One order, and what came of it."""
        with self._lock:
            self._lines.write(json.dumps({"act": act, "with": facts}) + "\n")
            self._lines.flush()
            line = self._lines.readline()
        assert line, "the bank has hung up"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def close(self) -> None:
        """Hang up: its server ends."""
        self._lines.close()
        self._socket.close()


class Counter:
    """A station, and the bank behind it.

    `rig`: the emulators' folder, whose maker the station trusts. `wanted`: digits and seconds of the institution.
    """

    def __init__(self, folder: Path, rig: Path, wanted: tuple[int, int]) -> None:
        self.folder = folder
        self.wanted = wanted
        self.bank = Bank()
        try:
            digits, period_s = wanted
            self._enrol(rig, **self.bank.do("open", digits=digits, period_s=period_s))
        except BaseException:
            self.bank.close()
            raise
        self.station = self.start_station()

    def close(self) -> None:
        """End both."""
        end(self.station)
        self.bank.close()

    def start_station(self) -> subprocess.Popen[bytes]:
        """`kagiya station run`."""
        command = [*_KAGIYA, str(self.folder / "desk.toml"), "station", "run"]
        with (self.folder / "station.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ))

    def devices(self) -> list[dict[str, Any]]:
        """What the station last reported."""
        told: list[dict[str, Any]] = self.bank.do("devices")
        return told

    def seen(self, profile: str, serial: str) -> bool:
        """Whether the station reports exactly this device as usable."""
        wanted = (serial, profile, None)
        return [(one["serial"], one["profile"], one["problem"]) for one in self.devices()].count(wanted) == 1

    def stock(self, profile: str, serial: str) -> None:
        """Take a device that the station sees into stock; `serial` is what its label says."""
        self.bank.do("stock", profile=profile, serial=serial)

    def customer(self) -> str:
        """A new customer's user ID."""
        return str(self.bank.do("customer"))

    def issue(self, user_id: str, serial: str) -> None:
        """The bank issues a fob to a customer; the station writes it by itself."""
        self.bank.do("issue", user_id=user_id, serial=serial)

    def activate(self, user_id: str, code: str) -> str:
        """The customer's first code; the outcome."""
        return str(self.bank.do("activate", user_id=user_id, code=code))

    def type_code(self, job_id: str, code: str) -> None:
        """The teller types what the device shows."""
        assert self.bank.do("type_code", job_id=job_id, code=code), f"{code} was not believed"

    def attempts(self, *serials: str) -> list[list[Attempt]]:
        """The jobs of each of these devices, the newest first."""
        return [[_attempt(**job) for job in told] for told in self.bank.do("attempts", serials=serials)]

    def busy(self) -> int:
        """How many jobs wait or are written now."""
        return int(self.bank.do("busy"))

    def check_books(self) -> None:
        """What must hold at every moment."""
        self.bank.do("check_books")

    def log(self) -> str:
        """What server and station said."""
        station = self.folder / "station.log"
        return str(self.bank.do("log")) + station.read_text(errors="replace")

    def _enrol(self, rig: Path, port: int, code: str) -> None:
        write_desk_file(self.folder, rig)
        enrol(f"http://{_BANK}:{port}", code, self.folder / "desk")


def _attempt(state: str, next_step: str, **others: Any) -> Attempt:
    return Attempt(state=JobState(state), next_step=NextStep(next_step), **others)
