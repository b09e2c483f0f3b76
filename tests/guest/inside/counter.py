"""A counter in the guest: server and station agent as processes of their own, on devices of the kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from devices.server_client import enrol
from provisioning import institutions, migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, prove_typed_code
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.roles import ALL_ROLES
from provisioning.settings_file import load_settings
from provisioning.store.queries import jobs, stations
from provisioning.store.queries.jobs import JobFilter, JobView
from provisioning.store.tables import Customer
from tests.fixtures.people import quick_hash
from tests.fixtures.ports import free_port
from tests.fixtures.processes import end
from tests.ground.settings_files import SETTINGS, write_settings
from tests.guest.inside.desk_file import write_desk_file

INSTITUTION: Final = "dual"
WITHIN_S: Final = 240.0
"""Nothing here takes so long, but the machine under the guest may be busy with other things."""
_KAGIYA: Final = (sys.executable, "-m", "provisioning", "--settings")
T = TypeVar("T")


def until(found: Callable[[], T | None], what: str, limit_s: float = WITHIN_S) -> T:
    """What `found` gives, once it is something."""
    deadline_s = time.monotonic() + limit_s
    while not (value := found()):
        assert time.monotonic() < deadline_s, f"this did not happen in time: {what}"
        time.sleep(0.02)
    return value


class Counter:
    """Server, station, and the books behind them.

    `rig`: the emulators' folder, whose maker the station trusts. `wanted`: digits and seconds of the institution.
    """

    def __init__(self, folder: Path, rig: Path, wanted: tuple[int, int]) -> None:
        self.folder = folder
        self.wanted = wanted
        _write_institution(folder / "institutions", *wanted)
        text = SETTINGS.replace(
            "[server]", '[institutions]\ndirectory = "institutions"\n\n[server]\nclock = "host"'
        )
        self._settings = write_settings(folder, text)
        settings = load_settings(self._settings, ALL_ROLES)
        migrations.upgrade(settings.store.url)
        self.services = build_services(settings, ALL_ROLES)
        self._people = 0
        self._desk = write_desk_file(folder, rig)
        self._port = free_port()
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=WITHIN_S)
        client = AddBankClientCommand(INSTITUTION, "host", OPERATOR, checks_confirmation=False)
        self._bank_key = add_bank_client(self.services, client, self.now()).key
        self.server = self._start(self._settings, "serve", *self._serve_words())
        try:
            until(self._answers, "the server answers")
            self.station_id = self._enrol()
        except BaseException:
            end(self.server)
            raise
        self.station = self.start_station()

    def close(self) -> None:
        """End both."""
        end(self.station)
        end(self.server)
        self._http.close()
        self.services.store.close()

    @staticmethod
    def now() -> datetime:
        """The guest's clock is everybody's."""
        return datetime.now(UTC)

    def start_station(self) -> subprocess.Popen[bytes]:
        """`kagiya station run`."""
        return self._start(self._desk, "station", "run")

    def devices(self) -> list[dict[str, Any]]:
        """What the station last reported."""
        view = stations.station(self.services.store, INSTITUTION, self.station_id, self.now())
        told = ("serial", "profile", "problem", "path")
        return [{name: getattr(device, name) for name in told} for device in view.devices]

    def seen(self, profile: str, serial: str) -> bool:
        """Whether the station reports exactly this device as usable."""
        wanted = (serial, profile, None)
        return [(one["serial"], one["profile"], one["problem"]) for one in self.devices()].count(wanted) == 1

    def stock(self, profile: str, serial: str) -> None:
        """Take a device that the station sees into stock; `serial` is what its label says."""
        command = TakeIntoStockCommand(INSTITUTION, self.station_id, profile, serial, OPERATOR)
        take_into_stock(self.services, command, self.now())

    def customer(self) -> str:
        """A new customer's user ID."""
        self._people += 1
        user_id = f"{990_000_000_000 + self._people}"
        with self.services.store.write() as tx:
            tx.add(
                Customer(
                    institution_id=INSTITUTION,
                    branch="本店",
                    login_id=f"guest{self._people}",
                    user_id=user_id,
                    name=f"見本 {self._people}",
                    name_kana="ミホン",
                    password_hash=quick_hash("Sakura2026"),
                    confirmation_hash=quick_hash("Kakunin99"),
                    created_at=self.now(),
                )
            )
        return user_id

    def issue(self, user_id: str, serial: str) -> None:
        """The bank issues a fob to a customer; the station writes it by itself."""
        self._bank("/credentials", user_id, 201, kind="hard", fob_serial=serial)

    def activate(self, user_id: str, code: str) -> str:
        """The customer's first code; the outcome."""
        return str(self._bank("/activate", user_id, 200, otp=code)["outcome"])

    def type_code(self, job_id: str, code: str) -> None:
        """The teller types what the device shows."""
        command = ProveTypedCodeCommand(INSTITUTION, job_id, code, OPERATOR)
        assert prove_typed_code(self.services, command, self.now()).proved

    def jobs(self, fob_id: str) -> list[JobView]:
        """All its jobs, the newest first."""
        return list(jobs.jobs(self.services.store, INSTITUTION, self.now(), JobFilter(fob_id=fob_id)))

    def log(self) -> str:
        """What station and server said."""
        return "".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("*.log")))

    def _bank(self, path: str, user_id: str, status: int, **members: Any) -> dict[str, Any]:
        service_id = self.services.institution(INSTITUTION).service_id
        sent = {"service_id": service_id, "user_id": user_id, **members}
        headers = {"Authorization": f"Bearer {self._bank_key}"}
        answer = self._http.post(f"/api/v1{path}", json=sent, headers=headers)
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = json.loads(answer.text)
        return told

    def _serve_words(self) -> tuple[str, ...]:
        return ("--bind", f"127.0.0.1:{self._port}", "--role", "bank,station,verifier", "--workers", "1")

    def _answers(self) -> bool:
        assert self.server.poll() is None, self.log()
        try:
            return self._http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def _enrol(self) -> str:
        invitation = InviteStationCommand(INSTITUTION, "本店", "窓口1", OPERATOR)
        code = invite_station(self.services, invitation, self.now()).code
        enrol(f"http://127.0.0.1:{self._port}", code, self.folder / "desk")
        (station,) = stations.stations(self.services.store, INSTITUTION, self.now())
        return station.id

    def _start(self, settings: Path, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [*_KAGIYA, str(settings), *words], stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ)
            )


def _write_institution(folder: Path, digits: int, period_s: int) -> None:
    """The shipped institution with codes of another form."""
    folder.mkdir()
    text = (institutions.SHIPPED / f"{INSTITUTION}.toml").read_text(encoding="utf-8")
    text = text.replace("digits = 8", f"digits = {digits}").replace("period_s = 60", f"period_s = {period_s}")
    (folder / f"{INSTITUTION}.toml").write_text(text, encoding="utf-8")
