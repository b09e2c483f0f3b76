"""Access codes: one per device, never stored, sealed to the station, made anew without a database (demand 15)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import text, update

from devices.contract import FailureCode, JobResult, Problem
from devices.profiles import Ability
from provisioning.errors import VaultError, WrongState
from provisioning.jobs.claim_job import ClaimJobCommand, claim_job
from provisioning.jobs.erase_fob import erase_fob
from provisioning.rules.states import JobState
from provisioning.store.access_codes import access_code
from provisioning.store.tables import Base, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.slow_verifier import asking_slowly
from tests.fixtures.vaults import device_code
from tests.fobs.case import Case
from tests.fobs.kinds import KAGIYA, LOCKS, NAME, as_kind

KEY = bytes(range(32))


def is_set(case: Case) -> bool:
    with case.services.store.read() as session:
        return session.get_one(Fob, case.fob.id).access_code_set


@pytest.fixture
def locked(case: Case) -> Case:
    return as_kind(case, LOCKS)


def test_a_code_follows_from_secret_profile_and_serial_alone() -> None:
    info = b"kagiya access code 1\nyubikey-5\n12345678"
    code = access_code(bytearray(KEY), "yubikey-5", "12345678")
    assert code == HKDF(SHA256(), 32, salt=None, info=info).derive(KEY)
    assert code.hex() == "41cc100556cee314ae754c9ac6e76fe5bdca2b8a231490d69d5bb75c57491dae"
    others = {
        access_code(KEY, "yubikey-5", "12345679"),
        access_code(KEY, "yubikey-4", "12345678"),
        access_code(KEY[::-1], "yubikey-5", "12345678"),
    }
    assert code not in others
    assert len(others) == 3


def test_the_code_crosses_sealed_for_this_job_only(locked: Case) -> None:
    locked.reserve()
    locked.desk.plug(locked.fob)
    (job,) = locked.desk.poll()
    assert locked.desk.open_access_code(job) == device_code(locked.services, NAME, locked.fob.serial)
    assert not job.access_code_in_force
    with pytest.raises(InvalidTag):
        locked.desk.open_access_code(replace(job, job_id="another"))
    with pytest.raises(InvalidTag):
        locked.desk.open_seed(replace(job, sealed_seed=job.sealed_access_code))
    assert job.sealed_access_code not in repr(job)


@sqlite_only
def test_a_fob_that_is_not_locked_gets_none(case: Case) -> None:
    case = as_kind(case, KAGIYA)
    case.reserve()
    case.desk.plug(case.fob)
    (job,) = case.desk.poll()
    assert job.sealed_access_code == ""


@pytest.mark.parametrize(("told", "kept"), [(None, True), (True, True), (False, False)])
@sqlite_only
def test_what_the_station_tells_of_the_lock_is_remembered(locked: Case, told: bool | None, kept: bool) -> None:
    locked.reserve()
    locked.desk.plug(locked.fob).locked = told
    assert locked.desk.work() == [JobState.PROVED]
    assert is_set(locked) is kept


def test_a_write_that_failed_says_nothing_of_the_lock(locked: Case) -> None:
    locked.reserve()
    locked.desk.plug(locked.fob)
    (job,) = locked.desk.poll()
    locked.desk.fail(job.job_id, FailureCode.LINK_LOST)
    assert not is_set(locked)
    (again,) = locked.desk.poll()
    assert not again.access_code_in_force
    assert locked.desk.open_access_code(again) == locked.desk.open_access_code(job)


def test_what_a_station_was_told_of_the_tries_goes_with_every_later_job(locked: Case) -> None:
    """Another station, or the same one started again, must not spend the last try unasked."""
    locked.reserve()
    plain = locked.desk.plug(locked.fob)
    (job,) = locked.desk.poll()
    assert job.access_tries_left is None
    for code in (FailureCode.WRONG_ACCESS_CODE, FailureCode.LAST_TRY):
        locked.desk.report(job.job_id, JobResult(problem=Problem(code, {"tries_left": "1"})))
        erase_fob(locked.services, locked.of_fob(), locked.now)
        (job,) = locked.desk.poll()
        assert job.access_tries_left == 1
    locked.desk.fail(job.job_id, FailureCode.LINK_LOST)
    (job,) = locked.desk.poll()
    assert job.access_tries_left == 1, "a pulled cable says nothing of tries"
    plain.locked = False
    locked.desk.report(job.job_id, locked.desk.write(job))
    locked.reserve()
    (job,) = locked.desk.poll()
    assert job.access_tries_left is None, "the right code has set the device's count back"


@sqlite_only
def test_a_device_that_counts_no_tries_tells_none(locked: Case) -> None:
    locked.reserve()
    locked.desk.plug(locked.fob)
    (job,) = locked.desk.poll()
    locked.desk.fail(job.job_id, FailureCode.WRONG_ACCESS_CODE)
    erase_fob(locked.services, locked.of_fob(), locked.now)
    (job,) = locked.desk.poll()
    assert job.access_tries_left is None


def test_an_erasure_has_the_same_code_and_may_take_the_lock_off(locked: Case) -> None:
    reserved = locked.reserve()
    plain = locked.desk.plug(locked.fob)
    (first,) = locked.desk.poll()
    code = locked.desk.open_access_code(first)
    locked.desk.report(first.job_id, locked.desk.write(first))
    locked.end(reserved.credential_id)
    erase_fob(locked.services, locked.of_fob(), locked.now)
    (job,) = locked.desk.poll()
    assert job.access_code_in_force
    assert locked.desk.open_access_code(job) == code
    plain.locked = False
    locked.desk.report(job.job_id, locked.desk.write(job))
    assert not is_set(locked)


def test_no_access_code_lies_in_the_database(locked: Case) -> None:
    locked.reserve()
    locked.desk.plug(locked.fob)
    (job,) = locked.desk.poll()
    code = locked.desk.open_access_code(job)
    locked.desk.report(job.job_id, locked.desk.write(job))
    with locked.services.store.read() as session:
        for table in Base.metadata.tables:
            for row in session.execute(text(f"SELECT * FROM {table}")):
                for value in row:
                    shown = bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
                    assert code.hex() not in shown
                    assert job.sealed_access_code not in shown


@sqlite_only
def test_without_a_verifier_nothing_is_given_out(locked: Case) -> None:
    assert Ability.LOCKS_WITH_CODE in LOCKS.abilities
    locked.reserve()
    locked.desk.plug(locked.fob)
    desk = replace(locked.desk, services=replace(locked.services, opener=None))
    with pytest.raises(VaultError):
        desk.poll()
    assert locked.open_job().state is JobState.QUEUED


def test_a_fob_that_is_another_by_the_time_of_the_answer_is_asked_about_anew(locked: Case) -> None:
    reserved = locked.reserve()

    def renamed() -> None:
        with locked.services.store.write() as tx:
            tx.execute(update(Fob).where(Fob.id == locked.fob.id).values(serial="KF0000009"))

    services, verifier = asking_slowly(locked.services, renamed)
    command = ClaimJobCommand(reserved.job_id, locked.desk.station_id, locked.desk.actor)
    job = claim_job(services, command, locked.now)
    assert (job.serial, verifier.asked) == ("KF0000009", 2)
    assert locked.desk.open_access_code(job) == device_code(locked.services, NAME, "KF0000009")


@sqlite_only
def test_a_job_that_somebody_else_has_is_not_asked_about(locked: Case) -> None:
    reserved = locked.reserve()
    locked.desk.plug(locked.fob)
    assert locked.desk.poll()
    services, verifier = asking_slowly(locked.services)
    with pytest.raises(WrongState):
        claim_job(
            services, ClaimJobCommand(reserved.job_id, locked.desk.station_id, locked.desk.actor), locked.now
        )
    assert verifier.asked == 0
