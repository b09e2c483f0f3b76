"""Another key of mail addresses, cut off at any step, and the end of the former one (R48, R66)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from provisioning.errors import NotFound, TooEarly, VaultError, WrongState
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, check_mail_password
from provisioning.jobs.retire_key import REST, RetireKeyCommand
from provisioning.jobs.rotate_address_key import retire_address_key
from provisioning.jobs.rotate_key import Rotated
from provisioning.jobs.send_mails import BACKOFF
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.address_keys import FIRST, AddressKeyAway
from provisioning.store.address_rows import MOVED, TABLES
from provisioning.store.mail_codes import forget_old_codes
from provisioning.store.queries.mails import MailFilter, mails
from provisioning.store.tables import AuditEntry, Base, Customer, OutboxMail
from tests.fixtures.address_keys import (
    BOTH,
    NEW,
    PEOPLE,
    box_of,
    elsewhere,
    is_known,
    rotate,
    rows,
    tell_everybody,
)
from tests.fixtures.addresses import deliver, owed, store_address, stored_addresses
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import ADDRESS, LOGIN, ask
from tests.fixtures.people import customer_actor
from tests.fixtures.services import DUAL


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, mail_password=True)}


def test_every_table_that_names_a_key_of_addresses_is_known() -> None:
    naming = {table.name for table in Base.metadata.tables.values() if "address_key_id" in table.columns}
    assert naming == {table.__tablename__ for table in TABLES}
    sealed = {table.name for table in Base.metadata.tables.values() if "sealed_address" in table.columns}
    assert sealed == {table.__tablename__ for table in MOVED}


def test_every_address_is_sealed_and_hashed_anew(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    erased = tell_everybody(two_keys, addressees[0], now)
    with two_keys.store.write() as tx:
        nothing = {"sealed_address": b"", "address_hash": b"", "address_key_id": None}
        tx.execute(update(OutboxMail).values(**nothing))
    tell_everybody(two_keys, addressees[1], now)
    assert rows(two_keys) == {FIRST: {"customer_address": 3 * PEOPLE, "outbox_mail": 2}}
    hashes = {row.address_hash for row in stored_addresses(two_keys, addressees[0])}
    assert rotate(two_keys, now) == Rotated(3 * PEOPLE + 2, ())
    assert rows(two_keys) == {NEW: {"customer_address": 3 * PEOPLE, "outbox_mail": 2}}
    assert not hashes & {row.address_hash for row in stored_addresses(two_keys, addressees[0])}
    # another process, without the former key
    box_of(two_keys).keys.remove(FIRST)
    other = elsewhere(two_keys)
    assert [box_of(other).open(row) for row in stored_addresses(other, addressees[0])].count(BOTH) == 2
    assert sorted(mail.recipient for mail in deliver(other, now)) == sorted((ADDRESS, BOTH))
    assert is_known(other, addressees[2], BOTH, now)
    assert [mail.sealed_address for mail in owed(other, addressees[0])] == [b""] * erased
    with other.store.read() as tx:
        entries = tx.scalars(
            select(AuditEntry).where(AuditEntry.act == "rotate_address_key").order_by(AuditEntry.id)
        )
        told = [(entry.result, entry.facts) for entry in entries]
    moved = {"wrapped": 3 * PEOPLE + 2, "unopened": 0}
    assert told == [("begun", {"address_key_id": NEW}), ("done", {"address_key_id": NEW, **moved})]
    assert rotate(other, now) == Rotated(0, ())


@sqlite_only
def test_a_dump_holds_no_address_before_within_and_after(
    two_keys: Services, addressees: list[Customer], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.jobs.rotate_key.BATCH", 1)
    tell_everybody(two_keys, addressees[0], now)
    dumps: list[str] = []

    def dump(_moved: int) -> None:
        with two_keys.store.read() as tx:
            tables = tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
            dumps.append(str([tx.execute(text(f"SELECT * FROM {table}")).all() for table in tables]))

    dump(0)
    rotate(two_keys, now, dump)
    assert len(dumps) > PEOPLE
    for written in (BOTH, ADDRESS, "mihon", BOTH.encode().hex()):
        assert not any(written in whole for whole in dumps)


class Killed(BaseException):
    """The process is gone: nothing after this line was done."""


@sqlite_only
def test_a_rotation_that_is_cut_off_at_any_step_goes_on_and_hides_nobody(
    two_keys: Services, addressees: list[Customer], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.jobs.rotate_key.BATCH", 1)
    tell_everybody(two_keys, addressees[0], now)
    cut = 0
    while _is_cut(two_keys, now, cut + 1, monkeypatch):
        cut += 1
        other = elsewhere(two_keys)
        for customer in addressees:
            found = sorted(box_of(other).open(row) for row in stored_addresses(other, customer))
            assert found == sorted((BOTH, BOTH, ADDRESS))
            assert is_known(other, customer, BOTH, now)
            # of two uses of one address neither is behind the other: it is told once
            assert tell_everybody(other, customer, now) == 2
        assert {mail.recipient for mail in deliver(other, now)} == {ADDRESS, BOTH}
    # an entry, the file that puts it in force, and each batch
    assert cut > PEOPLE + 2
    assert set(rows(two_keys)) == {NEW}


def _is_cut(services: Services, now: datetime, step: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Rotate until step `step`: whatever is to be on the disk for good, and each commit."""
    left = [step]

    def count(*_: Any, **__: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    replacing = Path.replace

    def replaced(*given: Any) -> None:
        replacing(*given)
        count()

    engine = services.store.engine
    event.listen(engine, "commit", count)
    with monkeypatch.context() as steps:
        steps.setattr(os, "fsync", count)
        steps.setattr(Path, "replace", replaced)
        try:
            rotate(elsewhere(services), now)
        except Killed:
            return True
        finally:
            event.remove(engine, "commit", count)
    return False


@sqlite_only
def test_without_its_key_a_row_stays_closed_and_says_which_is_missing(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    tell_everybody(two_keys, addressees[0], now)
    keys = box_of(two_keys).keys
    keys.put_in_force(NEW)
    store_address(elsewhere(two_keys), addressees[1], "late@mihon.example", retired_at=now)
    away = shutil.move(keys.directory / f"{FIRST}.key", keys.directory / "away")
    other = elsewhere(two_keys)
    row, *_ = stored_addresses(two_keys, addressees[0])
    for ask_of in (box_of(other).open, lambda one: box_of(other).is_of(one, BOTH)):
        with pytest.raises(AddressKeyAway) as refused:
            ask_of(row)
        assert refused.value.key_id == FIRST
    with pytest.raises(AddressKeyAway):
        mails(other, "dual", MailFilter())
    # no mail is lost, and what is under the other key goes on
    assert deliver(other, now) == []
    done = rotate(other, now)
    assert (done.moved, len(done.unopened)) == (0, 3 * PEOPLE + 2)
    assert f"customer_address {row.id} under {FIRST}" in done.unopened
    shutil.move(away, keys.directory / f"{FIRST}.key")
    assert sorted(mail.recipient for mail in deliver(other, now + BACKOFF[0])) == sorted((ADDRESS, BOTH))
    assert rotate(other, now) == Rotated(3 * PEOPLE + 2, ())


@sqlite_only
def test_nothing_is_moved_to_a_key_that_is_not_there(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    box_of(two_keys).keys.remove(NEW)
    with pytest.raises(AddressKeyAway) as refused:
        rotate(two_keys, now)
    assert refused.value.key_id == NEW
    assert box_of(two_keys).keys.current() == FIRST
    nobody = replace(two_keys, addresses=None)
    with pytest.raises(VaultError):
        rotate(nobody, now)
    with pytest.raises(VaultError):
        retire_address_key(nobody, RetireKeyCommand(NEW, SYSTEM), now)


@sqlite_only
def test_a_key_goes_when_no_address_and_no_password_by_mail_is_under_it(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    code, keys, clock = ask(two_keys, addressees[0], now), box_of(two_keys).keys, datetime.now(UTC)

    def retire(key_id: str, at: datetime) -> None:
        retire_address_key(two_keys, RetireKeyCommand(key_id, SYSTEM), at)

    with pytest.raises(WrongState) as in_force:
        retire(FIRST, clock + 2 * REST)
    assert in_force.value.state == "in force"
    keys.put_in_force(NEW)
    with pytest.raises(WrongState) as named:
        retire(FIRST, clock + 2 * REST)
    assert named.value.state == "still used"
    rotate(two_keys, now)
    with pytest.raises(TooEarly):
        retire(FIRST, datetime.now(UTC))
    with pytest.raises(NotFound):
        retire("address-0", clock + 2 * REST)
    # what was mailed before is good until its login ends
    typed = CheckMailPasswordCommand("dual", addressees[0].id, LOGIN, code, customer_actor(addressees[0]))
    assert check_mail_password(elsewhere(two_keys), typed, now).outcome is Outcome.ACCEPTED
    assert rows(two_keys)[FIRST] == {"mail_code": 1}
    with pytest.raises(WrongState) as named:
        retire(FIRST, clock + 2 * REST)
    assert named.value.state == "still used"
    with two_keys.store.write() as tx:
        forget_old_codes(tx, now + timedelta(days=1))
    retire(FIRST, clock + 2 * REST)
    assert sorted(file.name for file in keys.directory.iterdir()) == ["address-2.key", "current"]
    assert ask(elsewhere(two_keys), addressees[0], now + timedelta(days=1))
