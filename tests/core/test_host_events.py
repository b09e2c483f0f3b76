"""Every end of a token that was in use is an event for the bank's host, in the same transaction (R41)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioning.errors import StoreFault, StoreUnavailable
from provisioning.jobs import tell_of_end
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.host_events import enter_host_event
from provisioning.store.queries.host_events import PAGE, host_events
from provisioning.store.tables import Customer, Fob, HostEvent
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import Token, give_token, read_credential


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One that lowers the limit to 200,000 yen, one that lowers nothing."""
    return {DUAL.id: replace(DUAL, transfer_limit_cap_yen=200_000), OTHER.id: OTHER}


@pytest.fixture
def customer(services: Services) -> Customer:
    return add_customer(services, "999800000077", transfer_limit_yen=1_000_000)


def revoke_it(services: Services, token: Token, now: datetime, how: EndedHow = EndedHow.REVOKED) -> None:
    revoke(services, RevokeCommand(token.institution_id, token.credential_id, how, SYSTEM), now)


@pytest.mark.parametrize("how", [EndedHow.REVOKED, EndedHow.LOST])
def test_revocation_and_loss(services: Services, customer: Customer, now: datetime, how: EndedHow) -> None:
    token = give_token(services, customer, now)
    revoke_it(services, token, now, how)
    (event,) = host_events(services.store, DUAL.id, 0)
    assert (event.number, event.at, event.user_id, event.ended_how) == (1, now, customer.user_id, how)
    assert (event.limit_cap_yen, event.limit_from_yen) == (200_000, 1_000_000)
    assert event.credential_id == token.credential_id


@sqlite_only
def test_release(services: Services, customer: Customer, now: datetime) -> None:
    token = give_token(services, customer, now)
    command = ReleaseCommand(DUAL.id, token.user_id, token.code(now), CONFIRMATION_PASSWORD, SYSTEM)
    release(services, command, now)
    assert [event.ended_how for event in host_events(services.store, DUAL.id, 0)] == [EndedHow.RELEASED]


@sqlite_only
def test_expiry(services: Services, customer: Customer, now: datetime, fob: Fob) -> None:
    give_token(services, customer, now, fob=fob)
    with services.store.write() as tx:
        tx.get_one(Fob, fob.id).expires_at = now
    expire_credentials(services, now)
    assert [event.ended_how for event in host_events(services.store, DUAL.id, 0)] == [EndedHow.EXPIRED]


@sqlite_only
def test_where_the_bank_keeps_the_limit_itself_it_is_told_the_cap(services: Services, now: datetime) -> None:
    revoke_it(services, give_token(services, add_customer(services, "999800000078"), now), now)
    (event,) = host_events(services.store, DUAL.id, 0)
    assert (event.limit_cap_yen, event.limit_from_yen) == (200_000, None)


@sqlite_only
def test_a_token_that_was_never_in_use_is_no_event(services: Services, customer: Customer, now: datetime) -> None:
    give_token(services, customer, now, CredentialState.SET_UP)
    expire_credentials(services, now + timedelta(days=365))
    assert host_events(services.store, DUAL.id, 0) == ()


@sqlite_only
def test_institutions_count_for_themselves(services: Services, customer: Customer, now: datetime) -> None:
    revoke_it(services, give_token(services, customer, now), now)
    stranger = give_token(services, add_customer(services, "B2", OTHER.id), now)
    revoke_it(services, stranger, now)
    (event,) = host_events(services.store, OTHER.id, 0)
    assert (event.number, event.user_id, event.limit_cap_yen) == (1, "B2", None)


@sqlite_only
def test_a_reader_gets_them_in_pages_and_none_twice_unless_it_asks_twice(
    services: Services, customer: Customer, now: datetime
) -> None:
    token = give_token(services, customer, now)
    with services.store.write() as tx:
        for _ in range(PAGE + 2):
            enter_host_event(tx, event_of(token, now))
    first = host_events(services.store, DUAL.id, 0)
    assert [event.number for event in first] == list(range(1, PAGE + 1))
    assert [event.number for event in host_events(services.store, DUAL.id, PAGE)] == [PAGE + 1, PAGE + 2]
    assert host_events(services.store, DUAL.id, 0) == first
    assert host_events(services.store, DUAL.id, 10**30) == ()


def test_who_sees_a_number_sees_every_lower_one(services: Services, customer: Customer, now: datetime) -> None:
    """A second end waits until the first is committed; a reader's cursor never passes one still under way."""
    first, second = (give_token(services, add_customer(services, f"99980000008{n}"), now) for n in range(2))
    with ThreadPoolExecutor(1) as other:
        with services.store.write() as tx:
            enter_host_event(tx, event_of(first, now))
            ended = other.submit(revoke_it, services, second, now)
            with pytest.raises(TimeoutError):
                ended.result(timeout=0.3)
            assert host_events(services.store, DUAL.id, 0) == ()
        ended.result()
    numbers = [(event.number, event.user_id) for event in host_events(services.store, DUAL.id, 0)]
    assert numbers == [(1, first.user_id), (2, second.user_id)]


def test_a_token_does_not_end_without_its_event(
    services: Services, customer: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable(StoreFault.FULL)

    token = give_token(services, customer, now)
    monkeypatch.setattr(tell_of_end, "enter_host_event", fail)
    with pytest.raises(StoreUnavailable):
        revoke_it(services, token, now)
    assert read_credential(services, token).state is CredentialState.ACTIVE


def event_of(token: Token, now: datetime) -> HostEvent:
    return HostEvent(
        institution_id=token.institution_id,
        at=now,
        customer_id=token.customer_id,
        credential_id=token.credential_id,
        ended_how=EndedHow.REVOKED,
    )
