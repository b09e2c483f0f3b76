"""Addresses under the former key and the new one beside each other: sent to, compared, erased (R48, R66)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from provisioning.jobs.asked_issuances import soft_token
from provisioning.jobs.erase_addresses import erase_addresses
from provisioning.jobs.issue_soft import IssueSoftCommand
from provisioning.jobs.rotate_key import BATCH
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.address_keys import FIRST
from provisioning.store.address_rows import exchange, under_others
from provisioning.store.addresses import confirm_by_set_up, current_address
from provisioning.store.tables import Customer, CustomerAddress, OutboxMail
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
from tests.fixtures.addresses import deliver, owed, stored_addresses
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import ADDRESS
from tests.fixtures.people import add_customer
from tests.fixtures.services import DUAL
from tests.soft.issuing import MAIL_ADDRESS, issue


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, mail_password=True)}


@sqlite_only
def test_between_two_batches_rows_of_both_keys_are_found(
    two_keys: Services, addressees: list[Customer], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.jobs.rotate_key.BATCH", 1)
    other, at, both = elsewhere(two_keys), [now], []

    def meanwhile(_moved: int) -> None:
        at[0] += timedelta(minutes=1)
        with other.store.read() as tx:
            under = {row.address_key_id: row.customer_id for row in tx.scalars(select(CustomerAddress))}
        both.append(len(under))
        for customer in addressees:
            assert is_known(other, customer, BOTH, at[0])
        if len(both) == 1:
            # what is stored from now on is under the new key, a copy of what was stored before is not
            issued = issue(other, add_customer(other, "123456780999", "dual"), at[0])
            with other.store.read() as tx:
                assert tx.get_one(OutboxMail, issued.mail_id).address_key_id == NEW
            (waiting,) = (one for one in addressees if one.id == under[FIRST])
            tell_everybody(other, waiting, at[0])
            assert sorted(mail.recipient for mail in deliver(other, at[0])) == sorted(
                (ADDRESS, BOTH, MAIL_ADDRESS)
            )

    done = rotate(two_keys, now, meanwhile)
    assert 2 in both
    assert done.moved == 3 * PEOPLE + 2
    assert set(rows(two_keys)) == {NEW}


@sqlite_only
def test_setting_up_an_app_knows_an_address_that_is_under_the_other_key(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    issued = issue(two_keys, addressees[0], now, mail_address=BOTH)
    move(two_keys, CustomerAddress)
    with two_keys.store.write() as tx:
        mail = tx.get_one(OutboxMail, issued.mail_id)
        assert mail.address_key_id == FIRST
        confirm_by_set_up(tx, box_of(two_keys), mail, now)
    with two_keys.store.read() as tx:
        kept = current_address(tx, addressees[0].id, AddressUse.TOKEN)
    assert kept is not None
    assert kept.address_key_id == NEW
    assert len(stored_addresses(two_keys, addressees[0])) == 3


def move(services: Services, table: type[CustomerAddress | OutboxMail]) -> None:
    """What a rotation that was cut off has done: the rows of one table."""
    box = box_of(services)
    with services.store.write() as tx:
        for row in under_others(tx, table, NEW, "", BATCH):
            exchange(tx, row, box.seal_under(NEW, box.open(row), row.institution_id))


@sqlite_only
def test_copies_of_an_address_that_is_stored_outlive_a_rotation(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    tell_everybody(two_keys, addressees[0], now)
    deliver(two_keys, now)
    move(two_keys, CustomerAddress)
    later = now + 2 * DUAL.keep_address
    erase_addresses(two_keys, later)
    assert all(mail.sealed_address for mail in owed(two_keys, addressees[0]))
    rotate(two_keys, later)
    with two_keys.store.write() as tx:
        tx.execute(update(CustomerAddress).values(retired_at=now))
    erase_addresses(two_keys, later)
    assert not any(mail.sealed_address or mail.address_key_id for mail in owed(two_keys, addressees[0]))


@sqlite_only
def test_an_address_that_was_erased_meanwhile_stays_erased(
    two_keys: Services, addressees: list[Customer], now: datetime
) -> None:
    tell_everybody(two_keys, addressees[0], now)
    box = box_of(two_keys)
    with two_keys.store.read() as tx:
        before, *_ = under_others(tx, OutboxMail, NEW, "", BATCH)
    fresh = box.seal_under(NEW, box.open(before), "dual")
    with two_keys.store.write() as tx:
        tx.execute(update(OutboxMail).values(sealed_address=b"", address_hash=b"", address_key_id=None))
    with two_keys.store.write() as tx:
        exchange(tx, before, fresh)
    assert "outbox_mail" not in rows(two_keys).get(NEW, {})


@sqlite_only
def test_what_a_person_was_allowed_stays_allowed(two_keys: Services, addressees: list[Customer]) -> None:
    command = IssueSoftCommand("dual", addressees[0].id, MAIL_ADDRESS, "483926", "ja", SYSTEM)
    with two_keys.store.read() as tx:
        asked = soft_token(tx, two_keys, command)
        box_of(two_keys).keys.put_in_force(NEW)
        assert soft_token(tx, elsewhere(two_keys), command) == asked
