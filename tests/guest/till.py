"""One institution of the bank: its server as a process, and what people do with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from provisioning import institutions, migrations
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.prove_typed_code import ProveTypedCodeCommand, prove_typed_code
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import JobState
from provisioning.settings_file import load_settings
from provisioning.store.queries import fobs, jobs, stations
from provisioning.store.queries.jobs import JobFilter, JobView
from provisioning.store.queries.stations import DeviceView
from provisioning.store.tables import Customer
from tests.fixtures.people import quick_hash
from tests.fixtures.ports import free_port
from tests.fixtures.processes import end
from tests.ground.settings_files import SETTINGS, write_settings

INSTITUTION: Final = "dual"
_ANSWERS_WITHIN_S: Final = 60.0
_KAGIYA: Final = (sys.executable, "-m", "provisioning", "--settings")


class Till:
    """Whatever it answers can be written as JSON. `digits`, `period_s`: the form of the institution's codes."""

    def __init__(self, folder: Path, digits: int, period_s: int) -> None:
        self._log = folder / "serve.log"
        _write_institution(folder / "institutions", digits, period_s)
        text = SETTINGS.replace(
            "[server]", '[institutions]\ndirectory = "institutions"\n\n[server]\nclock = "host"'
        )
        file = write_settings(folder, text)
        settings = load_settings(file, ALL_ROLES)
        migrations.upgrade(settings.store.url)
        self.services = build_services(settings, ALL_ROLES)
        self.port = free_port()
        self._people = 0
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=_ANSWERS_WITHIN_S)
        client = AddBankClientCommand(INSTITUTION, "host", OPERATOR, checks_confirmation=False)
        self._bank_key = add_bank_client(self.services, client, _now()).key
        self._server = self._serve(file)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the server."""
        end(self._server)
        self._http.close()
        self.services.store.close()

    def invite_station(self) -> str:
        """A place for a desk; its one-time code."""
        invitation = InviteStationCommand(INSTITUTION, "本店", "窓口1", OPERATOR)
        return invite_station(self.services, invitation, _now()).code

    def devices(self) -> list[dict[str, Any]]:
        """What the station last reported."""
        (view,) = stations.stations(self.services.store, INSTITUTION, _now())
        return [_seen(device) for device in view.devices]

    def stock(self, profile: str, serial: str) -> None:
        """Take a device that the station sees into stock; `serial` is what its label says."""
        (station,) = stations.stations(self.services.store, INSTITUTION, _now())
        command = TakeIntoStockCommand(INSTITUTION, station.id, profile, serial, OPERATOR)
        take_into_stock(self.services, command, _now())

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
                    created_at=_now(),
                )
            )
        return user_id

    def issue(self, user_id: str, serial: str) -> None:
        """The bank issues a fob to a customer; the station writes it by itself."""
        self._bank("/credentials", user_id, 201, kind="hard", fob_serial=serial)

    def activate(self, user_id: str, code: str) -> str:
        """The customer's first code; the outcome."""
        return str(self._bank("/activate", user_id, 200, otp=code)["outcome"])

    def type_code(self, job_id: str, code: str) -> bool:
        """The teller types what the device shows; whether that proved it."""
        command = ProveTypedCodeCommand(INSTITUTION, job_id, code, OPERATOR)
        return prove_typed_code(self.services, command, _now()).proved

    def attempts(self, serials: list[str]) -> list[list[dict[str, Any]]]:
        """The jobs of each of these devices, the newest first."""
        store = self.services.store
        named = [fobs.fob_by_serial(store, INSTITUTION, serial).id for serial in serials]
        return [[_told(view) for view in self._jobs(JobFilter(fob_id=fob_id))] for fob_id in named]

    def busy(self) -> int:
        """How many jobs wait or are written now."""
        return len([job for job in self._jobs(JobFilter()) if job.state in (JobState.WRITING, JobState.QUEUED)])

    def log(self) -> str:
        """What the server said."""
        return self._log.read_text(errors="replace")

    def _jobs(self, which: JobFilter) -> list[JobView]:
        return list(jobs.jobs(self.services.store, INSTITUTION, _now(), which))

    def _bank(self, path: str, user_id: str, status: int, **members: Any) -> dict[str, Any]:
        service_id = self.services.institution(INSTITUTION).service_id
        sent = {"service_id": service_id, "user_id": user_id, **members}
        headers = {"Authorization": f"Bearer {self._bank_key}"}
        answer = self._http.post(f"/api/v1{path}", json=sent, headers=headers)
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = json.loads(answer.text)
        return told

    def _serve(self, settings: Path) -> subprocess.Popen[bytes]:
        words = ("--bind", f"127.0.0.1:{self.port}", "--role", "bank,station,verifier", "--workers", "1")
        with self._log.open("ab") as log:
            command = [*_KAGIYA, str(settings), "serve", *words]
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ))

    def _wait_until_it_answers(self) -> None:
        until_s = time.monotonic() + _ANSWERS_WITHIN_S
        while not self._answers():
            assert time.monotonic() < until_s, self.log()
            time.sleep(0.05)

    def _answers(self) -> bool:
        assert self._server.poll() is None, self.log()
        try:
            return self._http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False


def _now() -> datetime:
    return datetime.now(UTC)


def _seen(device: DeviceView) -> dict[str, Any]:
    problem = device.problem.code if device.problem else None
    return {"serial": device.serial, "profile": device.profile, "problem": problem, "path": device.path}


def _told(view: JobView) -> dict[str, Any]:
    return {
        "id": view.id,
        "state": view.state.value,
        "failure": view.failure.code if view.failure else None,
        "next_step": view.next_step.value,
        "serial": view.receipt.get("serial"),
        "user_id": view.user_id,
    }


def _write_institution(folder: Path, digits: int, period_s: int) -> None:
    """The shipped institution with codes of another form."""
    folder.mkdir()
    text = (institutions.SHIPPED / f"{INSTITUTION}.toml").read_text(encoding="utf-8")
    text = text.replace("digits = 8", f"digits = {digits}").replace("period_s = 60", f"period_s = {period_s}")
    (folder / f"{INSTITUTION}.toml").write_text(text, encoding="utf-8")
