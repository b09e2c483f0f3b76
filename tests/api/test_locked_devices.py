"""A device that our stations lock, at a counter over real HTTP: its own code, known to nobody, found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devices.driver import AccessCode
from devices.drivers.access_codes import FORMS
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.take_back import take_back
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import FobState, JobState
from provisioning.services import Services
from provisioning.store.queries import fobs
from provisioning.store.tables import Customer, Fob
from tests.api.test_bought_devices import Counter, counter_with, now
from tests.api.test_counter import until
from tests.devices.subject import seed
from tests.devices.yubikey_otp.subject import TOTP, YubiKeySubject
from tests.fixtures.databases import sqlite_only
from tests.fixtures.vaults import device_code

FIRST_SLOT = replace(TOTP, slot=1)


@pytest.fixture
def key() -> YubiKeySubject:
    return YubiKeySubject(form=FIRST_SLOT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "station"


def issue(counter: Counter) -> None:
    """The bank asks for the key; the station writes it, and its code proves it."""
    status, answer = counter.bank.ask("/credentials", kind="hard", fob_serial=counter.subject.serial)
    assert status == 201, answer
    until(lambda: counter.job().closed_at is not None, "the job is over")


def row(counter: Counter) -> Fob:
    with counter.services.store.read() as session:
        fob = fobs.fob_by_serial(counter.services.store, "dual", counter.subject.serial)
        return session.get_one(Fob, fob.id)


def code_on(key: YubiKeySubject) -> str:
    """The slot's access code in the key's own memory, hexadecimal."""
    record = key.key.application.slots[1]
    assert record is not None
    return record.access.hex()


def ours(counter: Counter) -> str:
    """As `kagiya key access-code` would tell it."""
    return FORMS["yubikey-otp"](device_code(counter.services, "yubikey-5", counter.subject.serial))


def test_a_key_is_locked_with_its_own_code_and_erased_with_it(
    services: Services, customer_a: Customer, key: YubiKeySubject, folder: Path
) -> None:
    with counter_with(key, services, customer_a, folder) as counter:
        issue(counter)
        assert counter.job().state is JobState.PROVED
        assert code_on(key) == ours(counter) != "00" * 6
        assert row(counter).access_code_set
        assert counter.bank.decide("/activate", otp=key.code()) == ("accepted", None)

        assert counter.bank.post("/revoke").status_code == 200
        of_key = FobCommand("dual", row(counter).id, SYSTEM)
        take_back(services, of_key, now())
        erase_fob(services, of_key, now())
        until(lambda: counter.state() is FobState.IN_STOCK, "the key is erased")
        assert key.held() is None
        assert not row(counter).access_code_set


@sqlite_only
def test_a_key_that_somebody_else_locked_is_left_as_it_is(
    services: Services, customer_a: Customer, key: YubiKeySubject, folder: Path
) -> None:
    key.write(seed(1), access=AccessCode(seed(2, 32), in_force=False))
    secret, code = key.held(), code_on(key)
    with counter_with(key, services, customer_a, folder) as counter:
        issue(counter)
        job = counter.job()
        assert job.failure is not None
        assert job.failure.code == "wrong_access_code"
        assert (key.held(), code_on(key)) == (secret, code)
        assert counter.state() is FobState.RETURNED
        assert not row(counter).access_code_set
