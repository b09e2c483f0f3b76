"""A counter for tests of death: a server process, stations beside it, and questions to what they leave behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from sqlalchemy import select

from devices.server_client import enrol
from provisioning.cli.compose import OPERATOR, utc_now
from provisioning.cli.demo_house import BRANCH, INSTITUTION
from provisioning.errors import NotFound
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.states import CredentialState, EndedHow, JobState
from provisioning.rules.verdict import Outcome
from provisioning.store.tables import Credential, Customer, ProgrammingJob
from provisioning.store.vault import SealedSeed, SeedContext
from tests.fixtures.people import add_customer
from tests.rig.drawer import PROFILE
from tests.rig_tests.server_process import house

ROOT = Path(__file__).parents[2]
PATIENCE_S = 40.0


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what other threads and processes bring about."""
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s, f"{what} did not come"
        time.sleep(0.01)


class Counter:
    """One server over one SQLite database; the test holds the same services to ask and to act."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.base_url = f"http://localhost:{self._port}"
        directory.mkdir()
        self.services = house(directory, self._port).services
        self.server = self._start()
        until(self._answers, "the server")

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.rig_tests.server_process", str(self._directory), str(self._port)]
        return subprocess.Popen(command, cwd=ROOT)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.base_url}/healthz", timeout=PATIENCE_S).status_code == 200
        except httpx.TransportError:
            return False

    def server_is_dead(self) -> bool:
        """Whether the server's process has ended."""
        return self.server.poll() is not None

    def restart_server(self) -> None:
        """Another process on the same port and database."""
        self.server.wait()
        self.server = self._start()
        until(self._answers, "the server")

    def close(self) -> None:
        """End the server."""
        self.server.kill()
        self.server.wait()
        self.services.store.close()

    def enrol(self, name: str, directory: Path) -> str:
        """A new station, enrolled over HTTP; its id."""
        command = InviteStationCommand(INSTITUTION, BRANCH, name, OPERATOR)
        return enrol(self.base_url, invite_station(self.services, command, utc_now()).code, directory).station_id

    def stock(self, station_id: str, serial: str) -> str:
        """Take the fob into stock as soon as the station has told of it; the fob's id."""
        found: list[str] = []

        def seen() -> bool:
            command = TakeIntoStockCommand(INSTITUTION, station_id, PROFILE, serial, OPERATOR)
            try:
                found.append(take_into_stock(self.services, command, utc_now()).fob_id)
            except NotFound:
                return False
            return True

        until(seen, f"fob {serial}")
        return found[0]

    def reserve(self, fob_id: str, user_id: str) -> Customer:
        """A new customer who is to get this fob."""
        customer = add_customer(self.services, user_id, INSTITUTION)
        reserve_fob(self.services, ReserveFobCommand(INSTITUTION, customer.id, fob_id, OPERATOR), utc_now())
        return customer

    def credentials(self, customer: Customer) -> list[Credential]:
        """All that were ever made for the customer, oldest first."""
        query = select(Credential).where(Credential.customer_id == customer.id).order_by(Credential.issued_at)
        with self.services.store.read() as session:
            return list(session.scalars(query))

    def is_set_up(self, customer: Customer) -> bool:
        """Whether the customer has a token that only waits for activation."""
        return any(one.state is CredentialState.SET_UP for one in self.credentials(customer))

    def check(self, customer: Customer, seed_in_fob: bytes, code: str) -> None:
        """The customer is bound to exactly the seed in the fob; whatever came before is dead; nothing is stuck."""
        *ended, bound = self.credentials(customer)
        assert bound.state is CredentialState.SET_UP
        assert all(one.ended_how is EndedHow.CANCELLED and one.sealed_seed is None for one in ended)
        assert self._seed(bound) == seed_in_fob
        with self.services.store.read() as session:
            query = select(ProgrammingJob).where(ProgrammingJob.fob_id == bound.fob_id)
            jobs = sorted(session.scalars(query), key=lambda job: job.attempt)
        assert [job.state for job in jobs[-1:]] == [JobState.PROVED]
        assert all(job.state in (JobState.FAILED, JobState.ABANDONED) and job.closed_at for job in jobs[:-1])
        assert len(jobs) == len(ended) + 1 <= 2
        command = ActivateCommand(INSTITUTION, customer.user_id, code, OPERATOR)
        assert activate(self.services, command, utc_now()).outcome is Outcome.ACCEPTED

    def _seed(self, credential: Credential) -> bytes:
        assert self.services.opener is not None
        assert credential.sealed_seed is not None
        assert credential.wrapped_key is not None
        assert credential.kek_id is not None
        sealed = SealedSeed(credential.sealed_seed, credential.wrapped_key, credential.kek_id)
        context = SeedContext(credential.institution_id, credential.id, credential.seed_version)
        return self.services.opener.open(sealed, context)
