"""Past its fob's expiry a token fails with its own reason, and it is told 90 and 30 days before (R33)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.jobs.set_expiry import SetExpiryCommand, set_expiry
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.expiry import Expiry, expiry
from provisioning.rules.states import CredentialState, EndedHow, FobState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.queries.work import expiring
from provisioning.store.tables import AuditEntry, Customer, Fob
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_fob
from tests.fixtures.tokens import Token, give_token, read_credential

LAST_DAY = date(2027, 3, 31)
EXPIRES_AT = datetime(2027, 3, 31, 15, 0, 0, tzinfo=UTC)  # midnight in Japan, when 1 April begins
LAST_SECOND = EXPIRES_AT - timedelta(seconds=1)
DAY = timedelta(days=1)


def note_expiry(services: Services, fob: Fob, now: datetime, last_day: date | None = LAST_DAY) -> None:
    set_expiry(services, SetExpiryCommand("dual", fob.id, SYSTEM, last_day), now)


@pytest.fixture
def token(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> Token:
    """Customer A's key fob, in use, good until 31 March 2027."""
    note_expiry(services, fob, now)
    return give_token(services, customer_a, now, fob=fob)


def typed(services: Services, token: Token, now: datetime, otp: str = "") -> Reason | None:
    command = VerifyCommand("dual", token.user_id, otp or token.code(now), SYSTEM)
    return verify(services, command, now).reason


def test_the_last_second_counts_and_the_next_does_not(services: Services, token: Token) -> None:
    assert typed(services, token, LAST_SECOND) is None
    assert typed(services, token, EXPIRES_AT) is Reason.EXPIRED
    # neither counted nor told apart from a wrong one
    assert typed(services, token, EXPIRES_AT, token.wrong(EXPIRES_AT)) is Reason.EXPIRED
    assert read_credential(services, token).failures == 0
    for later in (EXPIRES_AT + DAY, EXPIRES_AT + 400 * DAY):
        assert typed(services, token, later) is Reason.EXPIRED


def test_no_use_of_an_expired_token_is_left(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    note_expiry(services, fob, now)
    token = give_token(services, customer_a, EXPIRES_AT - DAY, CredentialState.SET_UP, fob)
    code = token.code(EXPIRES_AT)
    first = activate(services, ActivateCommand("dual", token.user_id, code, SYSTEM), EXPIRES_AT)
    assert (first.outcome, first.reason) == (Outcome.REFUSED, Reason.EXPIRED)
    command = ReleaseCommand("dual", token.user_id, code, CONFIRMATION_PASSWORD, SYSTEM)
    assert release(services, command, EXPIRES_AT).reason is Reason.EXPIRED


def test_a_suspended_token_expires_as_well(services: Services, token: Token, now: datetime) -> None:
    for _ in range(5):
        typed(services, token, now, token.wrong(now))
    assert typed(services, token, LAST_SECOND) is Reason.SUSPENDED
    assert typed(services, token, EXPIRES_AT) is Reason.EXPIRED


def test_the_worker_ends_it_for_ever(services: Services, token: Token, fob: Fob) -> None:
    assert expire_credentials(services, LAST_SECOND) == 0
    assert expire_credentials(services, EXPIRES_AT) == 1
    assert expire_credentials(services, EXPIRES_AT) == 0
    row = read_credential(services, token)
    assert (row.state, row.ended_how, row.sealed_seed) == (CredentialState.ENDED, EndedHow.EXPIRED, None)
    with services.store.read() as tx:
        assert tx.get_one(Fob, fob.id).state is FobState.HANDED_OVER
    assert typed(services, token, EXPIRES_AT) is Reason.EXPIRED


def test_other_tokens_do_not_expire(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    note_expiry(services, add_fob(services, "KF0000009"), now)
    hard, soft = give_token(services, customer_a, now, fob=fob), give_token(services, customer_b, now)
    assert expire_credentials(services, EXPIRES_AT) == 0
    assert (typed(services, hard, EXPIRES_AT), typed(services, soft, EXPIRES_AT)) == (None, None)


def test_an_expired_fob_is_issued_to_nobody(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    note_expiry(services, fob, now)
    command = ReserveFobCommand("dual", customer_a.id, fob.id, SYSTEM)
    with pytest.raises(WrongState) as refused:
        reserve_fob(services, command, EXPIRES_AT)
    assert refused.value == WrongState("fob", "expired")
    reserve_fob(services, command, LAST_SECOND)


def test_the_day_is_noted_changed_and_taken_away(services: Services, fob: Fob, now: datetime) -> None:
    note_expiry(services, fob, now)
    note_expiry(services, fob, now, date(2026, 11, 20))  # today still counts
    for over in (date(2026, 11, 19), date(2020, 1, 1)):
        with pytest.raises(BadInput) as refused:
            note_expiry(services, fob, now, over)
        assert refused.value == BadInput("last_day", InputFault.NOT_OFFERED)
    note_expiry(services, fob, now, None)
    with services.store.read() as tx:
        assert tx.get_one(Fob, fob.id).expires_at is None
        facts = tx.scalars(select(AuditEntry.facts).where(AuditEntry.act == "set_expiry").order_by(AuditEntry.id))
        assert [one["after"] for one in facts] == [EXPIRES_AT.isoformat(), "2026-11-20T15:00:00+00:00", None]
    with pytest.raises(NotFound):
        set_expiry(services, SetExpiryCommand("other", fob.id, SYSTEM, LAST_DAY), now)


@pytest.mark.parametrize(
    ("before", "near"),
    [
        (90 * DAY + timedelta(seconds=1), Expiry.FAR),
        (90 * DAY, Expiry.WITHIN_90_DAYS),
        (30 * DAY + timedelta(seconds=1), Expiry.WITHIN_90_DAYS),
        (30 * DAY, Expiry.WITHIN_30_DAYS),
        (timedelta(seconds=1), Expiry.WITHIN_30_DAYS),
        (timedelta(0), Expiry.PAST),
    ],
)
def test_reminders_are_exact_to_the_second(before: timedelta, near: Expiry) -> None:
    assert expiry(EXPIRES_AT, EXPIRES_AT - before) is near
    assert expiry(None, EXPIRES_AT - before) is Expiry.FAR


def test_the_branch_is_reminded_of_its_customers(
    services: Services, token: Token, customer_b: Customer, now: datetime
) -> None:
    later = add_fob(services, "KF0000002")
    note_expiry(services, later, now, LAST_DAY + DAY)
    give_token(services, customer_b, now, fob=later)
    first = EXPIRES_AT - 90 * DAY
    assert expiring(services.store, "dual", "本店", first - timedelta(seconds=1)) == ()
    (one,) = expiring(services.store, "dual", "本店", first)
    assert (one.customer_id, one.since) == (token.customer_id, EXPIRES_AT)
    both = expiring(services.store, "dual", None, first + DAY)
    assert [who.customer_id for who in both] == [token.customer_id, customer_b.id]
    for institution, branch in (("dual", "駅前支店"), ("other", "本店")):
        assert expiring(services.store, institution, branch, EXPIRES_AT) == ()
    # past it is not "soon", whether or not the worker was there yet
    assert [who.customer_id for who in expiring(services.store, "dual", None, EXPIRES_AT)] == [customer_b.id]
