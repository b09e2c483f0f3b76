"""Planned replacement: the old token works until the new one is activated; a loss ends the old one first (R43)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import AlreadyTaken, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.institution import Institution, Replacement
from provisioning.rules.states import CredentialState, EndedHow, EndReason, FobState, Slot, TokenKind
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob, HostEvent
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_fob
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token, read_credential

MINUTE = timedelta(minutes=1)
SUCCEEDING: Mapping[str, Institution] = {DUAL.id: replace(DUAL, replacement=Replacement.SUCCESSOR)}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual`, where a second token may stand beside the one in use."""
    return SUCCEEDING


def log_in(services: Services, token: Token, now: datetime) -> Reason | None:
    return verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now).reason


def put_in_force(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return activate(services, ActivateCommand("dual", token.user_id, otp, SYSTEM), now).reason


def slot_of(services: Services, token: Token) -> Slot:
    return read_credential(services, token).slot


@pytest.mark.parametrize(("old_kind", "new_kind"), [("soft", "soft"), ("hard", "hard"), ("soft", "hard")])
def test_the_old_one_works_until_the_new_one_is_activated(
    services: Services, customer_a: Customer, now: datetime, old_kind: str, new_kind: str
) -> None:
    fobs = [
        add_fob(services, serial) if kind == "hard" else None
        for serial, kind in (("KF1", old_kind), ("KF2", new_kind))
    ]
    old = give_token(services, customer_a, now, fob=fobs[0])
    new = give_token(services, customer_a, now, CredentialState.SET_UP, fobs[1])
    assert (slot_of(services, old), slot_of(services, new)) == (Slot.CURRENT, Slot.SUCCESSOR)
    assert log_in(services, old, now) is None
    assert log_in(services, new, now) is Reason.WRONG, "not in force yet: the codes that count are the old one's"
    later = now + MINUTE
    assert put_in_force(services, new, old.code(later), later) is Reason.WRONG
    assert log_in(services, old, later) is None
    assert put_in_force(services, new, new.code(later), later) is None
    row = read_credential(services, old)
    assert (row.state, row.ended_how, row.ended_at, row.sealed_seed) == (
        CredentialState.ENDED,
        EndedHow.REPLACED,
        later,
        None,
    )
    assert (slot_of(services, new), read_credential(services, new).activated_at) == (Slot.CURRENT, later)
    assert log_in(services, old, later + MINUTE) is Reason.WRONG
    assert log_in(services, new, later + MINUTE) is None
    if fobs[0] is not None:
        with services.store.read() as tx:
            assert tx.get_one(Fob, fobs[0].id).state is FobState.HANDED_OVER, "dead, and still in the pocket"


@sqlite_only
def test_what_is_replaced_lowers_no_limit_and_the_host_is_told_how_it_ended(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    capped = replace(
        services, institutions={DUAL.id: replace(SUCCEEDING[DUAL.id], transfer_limit_cap_yen=200_000)}
    )
    with services.store.write() as tx:
        tx.merge(customer_a).transfer_limit_yen = 1_000_000
    old = give_token(capped, customer_a, now)
    new = give_token(capped, customer_a, now, CredentialState.SET_UP)
    assert put_in_force(capped, new, new.code(now), now) is None
    with services.store.read() as tx:
        assert tx.get_one(Customer, customer_a.id).transfer_limit_yen == 1_000_000
        (event,) = tx.scalars(select(HostEvent))
    assert (event.credential_id, event.ended_how) == (old.credential_id, EndedHow.REPLACED)


@pytest.mark.parametrize("begun", [CredentialState.ISSUED, CredentialState.SET_UP])
@pytest.mark.parametrize("how", [EndedHow.LOST, EndedHow.REVOKED])
def test_after_a_loss_the_old_one_ends_first_and_the_new_one_is_the_token(
    services: Services, customer_a: Customer, now: datetime, how: EndedHow, begun: CredentialState
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, begun)
    revoke(services, RevokeCommand("dual", old.credential_id, how, SYSTEM), now)
    assert read_credential(services, old).ended_how is how
    assert slot_of(services, new) is Slot.CURRENT
    assert log_in(services, old, now) is Reason.NOT_ACTIVE
    assert log_in(services, new, now) is Reason.NOT_ACTIVE, "the new one still has to be activated"
    with pytest.raises(AlreadyTaken):
        give_token(services, customer_a, now)
    if begun is CredentialState.SET_UP:
        assert put_in_force(services, new, new.code(now), now) is None
        assert log_in(services, new, now + MINUTE) is None


@sqlite_only
def test_without_a_successor_a_loss_leaves_the_current_slot_free(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    revoke(services, RevokeCommand("dual", old.credential_id, EndedHow.LOST, SYSTEM), now)
    assert slot_of(services, give_token(services, customer_a, now, CredentialState.ISSUED)) is Slot.CURRENT


@sqlite_only
def test_a_release_ends_the_use_of_tokens_and_so_both(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, CredentialState.SET_UP)
    released = release(services, ReleaseCommand("dual", old.user_id, old.code(now), None, SYSTEM), now)
    assert released.outcome is Outcome.ACCEPTED
    assert read_credential(services, old).ended_how is EndedHow.RELEASED
    assert read_credential(services, new).ended_how is EndedHow.CANCELLED
    assert put_in_force(services, new, new.code(now), now) is Reason.NOT_ACTIVE


@sqlite_only
def test_a_suspicion_ends_both_whoever_had_the_new_one_made(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, CredentialState.SET_UP)
    command = EndTokenCommand("dual", old.credential_id, EndReason.SUSPICION, teller_actor)
    assert end_token(services, command, now) is EndedHow.REVOKED
    assert read_credential(services, new).ended_how is EndedHow.REVOKED


@sqlite_only
def test_giving_the_new_one_up_leaves_the_old_one_as_it_was(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, CredentialState.SET_UP)
    cancel_issuance(services, CancelIssuanceCommand("dual", new.credential_id, SYSTEM), now)
    assert log_in(services, old, now) is None
    again = give_token(services, customer_a, now, CredentialState.SET_UP)
    assert expire_credentials(services, now + timedelta(days=30)) == 1
    assert read_credential(services, again).ended_how is EndedHow.EXPIRED
    assert log_in(services, old, now + timedelta(days=31)) is None


@sqlite_only
@pytest.mark.parametrize("state", [CredentialState.ISSUED, CredentialState.SET_UP])
def test_only_a_token_in_use_is_replaced(
    services: Services, customer_a: Customer, now: datetime, state: CredentialState
) -> None:
    give_token(services, customer_a, now, state)
    with pytest.raises(AlreadyTaken):
        give_token(services, customer_a, now)


def guess_wrong(services: Services, token: Token, now: datetime, *, to_activate: bool) -> None:
    for _ in range(5):
        if to_activate:
            put_in_force(services, token, token.wrong(now), now)
        else:
            verify(services, VerifyCommand("dual", token.user_id, token.wrong(now), SYSTEM), now)


def test_a_suspended_token_is_lifted_and_not_got_round_by_a_new_one(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, CredentialState.SET_UP)
    guess_wrong(services, old, now, to_activate=False)
    assert put_in_force(services, new, new.code(now), now) is Reason.SUSPENDED
    assert read_credential(services, new).state is CredentialState.SET_UP
    lift_suspension(services, LiftSuspensionCommand("dual", old.credential_id, SYSTEM), now)
    assert put_in_force(services, new, new.code(now + MINUTE), now + MINUTE) is None


@sqlite_only
def test_while_the_old_one_is_suspended_no_new_one_is_issued(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    guess_wrong(services, old, now, to_activate=False)
    with pytest.raises(AlreadyTaken):
        give_token(services, customer_a, now)


@sqlite_only
def test_wrong_codes_at_activation_suspend_the_new_one_alone(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, CredentialState.SET_UP)
    guess_wrong(services, new, now, to_activate=True)
    assert read_credential(services, new).state is CredentialState.SUSPENDED
    assert put_in_force(services, new, new.code(now), now) is Reason.SUSPENDED
    assert log_in(services, old, now) is None
    lift_suspension(services, LiftSuspensionCommand("dual", new.credential_id, SYSTEM), now)
    assert put_in_force(services, new, new.code(now + MINUTE), now + MINUTE) is None
    assert read_credential(services, old).ended_how is EndedHow.REPLACED


@sqlite_only
def test_where_release_comes_first_no_second_one_is_issued(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    usual = replace(services, institutions={DUAL.id: DUAL})
    give_token(usual, customer_a, now)
    with pytest.raises(AlreadyTaken):
        give_token(usual, customer_a, now)


def open_one(services: Services, customer: Customer, now: datetime) -> str:
    try:
        with services.store.write() as tx:
            return open_credential(tx, services, customer, TokenKind.SOFT, now, SYSTEM).slot
    except AlreadyTaken:
        return "taken"


def test_many_at_once_get_one_successor(services: Services, customer_a: Customer, now: datetime) -> None:
    give_token(services, customer_a, now)
    with ThreadPoolExecutor(8) as threads:
        answers = Counter(threads.map(lambda _: open_one(services, customer_a, now), range(8)))
    assert answers == {"successor": 1, "taken": 7}


def lose_or_activate(services: Services, old: Token, new: Token, number: int, now: datetime) -> str:
    if number % 2:
        try:
            revoke(services, RevokeCommand("dual", old.credential_id, EndedHow.LOST, SYSTEM), now)
        except WrongState:
            return "loss too late"
        return "lost"
    return str(put_in_force(services, new, new.code(now), now))


def test_loss_and_activation_at_once_leave_the_new_one_in_force(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    old = give_token(services, customer_a, now)
    new = give_token(services, customer_a, now, CredentialState.SET_UP)
    with ThreadPoolExecutor(8) as threads:
        answers = Counter(threads.map(lambda number: lose_or_activate(services, old, new, number, now), range(8)))
    assert answers["None"] == 1
    assert read_credential(services, old).ended_how in (EndedHow.LOST, EndedHow.REPLACED)
    row = read_credential(services, new)
    assert (row.state, row.slot) == (CredentialState.ACTIVE, Slot.CURRENT)
    with services.store.read() as tx:
        still_open = select(Credential.id).where(Credential.state != CredentialState.ENDED)
        assert tx.scalars(still_open).all() == [new.credential_id]
