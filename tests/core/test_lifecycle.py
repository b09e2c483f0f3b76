"""From issuance to the end and again: release, revocation, lifting, expiry, reissue (R12, R32, R35, R37, R38)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, TooEarly, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.release import ReleaseCommand, ReleaseResult, release
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobState, Slot, TokenKind
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import (
    AuditEntry,
    Credential,
    Customer,
    Fob,
    MailState,
    OutboxMail,
    ProgrammingJob,
    Ticket,
    TicketState,
)
from tests.core.what_is_open import add_job_ticket_mail
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_fob
from tests.fixtures.tokens import Token, give_token, read_credential

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def let_go(
    services: Services, token: Token, otp: str, now: datetime, password: str | None = CONFIRMATION_PASSWORD
) -> ReleaseResult:
    command = ReleaseCommand(token.institution_id, token.user_id, otp, password, SYSTEM)
    return release(services, command, now)


def fob_state(services: Services, fob: Fob) -> FobState:
    with services.store.read() as tx:
        return tx.get_one(Fob, fob.id).state


def open_for(services: Services, customer: Customer, now: datetime, fob: Fob | None = None) -> str:
    kind = TokenKind.SOFT if fob is None else TokenKind.HARD
    with services.store.write() as tx:
        return open_credential(tx, services, customer, kind, now, SYSTEM, fob.id if fob else None).id


def seed_columns(services: Services, credential_id: str) -> tuple[object, ...]:
    columns = select(Credential.sealed_seed, Credential.wrapped_key, Credential.kek_id)
    with services.store.read() as tx:
        return tuple(tx.execute(columns.where(Credential.id == credential_id)).one())


def test_release_ends_for_ever_and_destroys_the_seed(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    assert None not in seed_columns(services, token.credential_id)
    released = let_go(services, token, token.code(now), now)
    assert (released.outcome, released.reason) == (Outcome.ACCEPTED, None)
    row = read_credential(services, token)
    assert (row.state, row.ended_how, row.ended_at) == (CredentialState.ENDED, EndedHow.RELEASED, now)
    assert seed_columns(services, token.credential_id) == (None, None, None)
    assert fob_state(services, fob) is FobState.HANDED_OVER
    for later in (now, now + MINUTE, now + 400 * DAY):
        code = token.code(later)
        assert verify(services, VerifyCommand("dual", token.user_id, code, SYSTEM), later).reason is (
            Reason.NOT_ACTIVE
        )
        again = activate(services, ActivateCommand("dual", token.user_id, code, SYSTEM), later)
        assert again.reason is Reason.NOT_ACTIVE


def test_the_released_tokens_codes_do_not_fit_its_successor(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    old = give_token(services, customer_a, now, fob=fob)
    let_go(services, old, old.code(now), now)
    tomorrow = now + DAY
    new = give_token(services, customer_a, tomorrow, CredentialState.SET_UP, fob)
    refused = activate(services, ActivateCommand("dual", old.user_id, old.code(tomorrow), SYSTEM), tomorrow)
    assert refused.reason is Reason.WRONG
    accepted = activate(services, ActivateCommand("dual", new.user_id, new.code(tomorrow), SYSTEM), tomorrow)
    assert accepted.outcome is Outcome.ACCEPTED


def test_release_needs_the_right_confirmation_password_first(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    refused = let_go(services, token, token.wrong(now), now, "Chigau99")
    assert (refused.reason, refused.tries_left) == (Reason.CONFIRMATION_WRONG, 4)
    assert read_credential(services, token).failures == 0
    with pytest.raises(BadInput) as missing:
        let_go(services, token, token.code(now), now, "")
    assert missing.value == BadInput("confirmation_password", InputFault.MISSING)
    for _ in range(4):
        refused = let_go(services, token, token.code(now), now, "Chigau99")
    assert refused.reason is Reason.CONFIRMATION_LOCKED
    assert let_go(services, token, token.code(now), now).reason is Reason.CONFIRMATION_LOCKED
    assert read_credential(services, token).state is CredentialState.ACTIVE


def test_release_needs_a_fresh_code(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    with pytest.raises(BadInput):
        let_go(services, token, "", now)
    code = token.code(now)
    verify(services, VerifyCommand("dual", token.user_id, code, SYSTEM), now)
    assert let_go(services, token, code, now).reason is Reason.USED
    assert let_go(services, token, token.wrong(now), now).reason is Reason.WRONG
    assert read_credential(services, token).failures == 1
    assert read_credential(services, token).state is CredentialState.ACTIVE


def test_the_bank_may_have_checked_the_confirmation_itself(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    assert let_go(services, token, token.code(now), now, None).outcome is Outcome.ACCEPTED


def test_only_an_active_token_is_released(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP)
    assert let_go(services, token, token.code(now), now).reason is Reason.NOT_ACTIVE
    stranger = ReleaseCommand("dual", "999999999999", "12345678", CONFIRMATION_PASSWORD, SYSTEM)
    assert release(services, stranger, now).reason is Reason.UNKNOWN


@pytest.mark.parametrize(
    ("released_at", "too_early", "may_from"),
    [  # UTC; Japan is nine hours ahead
        ("2026-11-20T14:59:59+00:00", "2026-11-20T14:59:59+00:00", "2026-11-20T15:00:00+00:00"),
        ("2026-11-20T15:00:00+00:00", "2026-11-21T14:59:59+00:00", "2026-11-21T15:00:00+00:00"),
        ("2026-12-31T14:00:00+00:00", "2026-12-31T14:59:59+00:00", "2026-12-31T15:00:00+00:00"),
    ],
)
def test_reissue_from_the_next_day_in_japan(
    services: Services, customer_a: Customer, now: datetime, released_at: str, too_early: str, may_from: str
) -> None:
    token = give_token(services, customer_a, now)
    at = datetime.fromisoformat(released_at)
    assert let_go(services, token, token.code(at), at).outcome is Outcome.ACCEPTED
    with pytest.raises(TooEarly) as waiting:
        open_for(services, customer_a, datetime.fromisoformat(too_early))
    assert waiting.value.until == datetime.fromisoformat(may_from)
    assert open_for(services, customer_a, datetime.fromisoformat(may_from))


def test_no_waiting_after_a_cancelled_issuance(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now, CredentialState.ISSUED)
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.CANCELLED, SYSTEM), now)
    assert open_for(services, customer_a, now)


def test_one_open_credential_per_customer_and_per_fob(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    give_token(services, customer_a, now, fob=fob)
    with pytest.raises(AlreadyTaken) as slot:
        open_for(services, customer_a, now)
    assert slot.value.what == "credential"
    with pytest.raises(AlreadyTaken) as taken:
        open_for(services, customer_b, now, fob)
    assert taken.value.what == "fob"


def test_a_successor_has_a_place_beside_the_current_token_and_only_one(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    give_token(services, customer_a, now)
    _add_successor(services, customer_a, now)
    with pytest.raises(IntegrityError):
        _add_successor(services, customer_a, now)


def test_a_successor_is_not_asked_while_the_current_token_is_open_and_not_in_force_after_it(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    _add_successor(services, customer_a, now)
    accepted = verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now)
    assert (accepted.reason, accepted.credential_id) == (None, token.credential_id)
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), now)
    refused = verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now)
    assert (refused.reason, refused.credential_id == token.credential_id) == (Reason.NOT_ACTIVE, False)


def _add_successor(services: Services, customer: Customer, now: datetime) -> None:
    successor = Credential(
        institution_id="dual",
        customer_id=customer.id,
        slot=Slot.SUCCESSOR,
        kind=TokenKind.SOFT,
        state=CredentialState.ISSUED,
        **asdict(OtpParameters()),
        issued_at=now,
        activate_by=now + DAY,
    )
    with services.store.write() as tx:
        tx.add(successor)


def test_lifting_leads_back_to_where_it_was(
    services: Services, customer_a: Customer, customer_b: Customer, teller_actor: Actor, now: datetime
) -> None:
    for customer, state in ((customer_a, CredentialState.ACTIVE), (customer_b, CredentialState.SET_UP)):
        token = give_token(services, customer, now, state)
        lift = LiftSuspensionCommand("dual", token.credential_id, teller_actor)
        with pytest.raises(WrongState):
            lift_suspension(services, lift, now)
        act = activate if state is CredentialState.SET_UP else verify
        command = ActivateCommand if state is CredentialState.SET_UP else VerifyCommand
        for _ in range(5):
            act(services, command("dual", token.user_id, token.wrong(now), SYSTEM), now)  # type: ignore[arg-type]
        assert read_credential(services, token).state is CredentialState.SUSPENDED
        with pytest.raises(NotFound):
            lift_suspension(services, LiftSuspensionCommand("other", token.credential_id, SYSTEM), now)
        assert lift_suspension(services, lift, now) is state
        row = read_credential(services, token)
        assert (row.failures, row.resume_state, row.suspended_at) == (0, None, None)
        accepted = act(services, command("dual", token.user_id, token.code(now), SYSTEM), now)  # type: ignore[arg-type]
        assert accepted.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("before", "how", "after"),
    [
        (FobState.RESERVED, EndedHow.CANCELLED, FobState.IN_STOCK),
        (FobState.PROGRAMMING, EndedHow.CANCELLED, FobState.RETURNED),
        (FobState.PROGRAMMED, EndedHow.REVOKED, FobState.RETURNED),
        (FobState.HANDED_OVER, EndedHow.REVOKED, FobState.HANDED_OVER),
        (FobState.IN_USE, EndedHow.REVOKED, FobState.HANDED_OVER),
        (FobState.IN_USE, EndedHow.LOST, FobState.LOST),
        (FobState.RETURNED, EndedHow.REVOKED, FobState.RETURNED),
    ],
)
def test_where_the_fob_goes_when_its_credential_ends(
    services: Services,
    customer_a: Customer,
    fob: Fob,
    now: datetime,
    before: FobState,
    how: EndedHow,
    after: FobState,
) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP, fob)
    with services.store.write() as tx:
        tx.execute(update(Fob).where(Fob.id == fob.id).values(state=before))
    revoke(services, RevokeCommand("dual", token.credential_id, how, SYSTEM), now)
    assert fob_state(services, fob) is after


def test_the_end_closes_everything_that_led_to_the_seed(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    fob = add_fob(services, "KF0000009")
    token = give_token(services, customer_a, now, CredentialState.ISSUED, fob)
    ids = add_job_ticket_mail(services, token, fob, now)
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), now)
    with services.store.read() as tx:
        job, ticket = tx.get_one(ProgrammingJob, ids[0]), tx.get_one(Ticket, ids[1])
        assert (job.state, job.closed_at) == (JobState.ABANDONED, now)
        assert (ticket.state, ticket.closed_at) == (TicketState.VOID, now)
        assert (ticket.sealed_password_key, ticket.answer, ticket.app_key_thumbprint) == (None, None, None)
        assert tx.get_one(OutboxMail, ids[2]).state is MailState.CANCELLED
    with pytest.raises(WrongState):
        revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.LOST, SYSTEM), now)


def test_every_act_leaves_its_row_and_nothing_is_deleted(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, teller_actor), now)
    with services.store.read() as tx:
        rows = tx.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(row.act, row.result) for row in rows] == [
        ("open_credential", "issued"),
        ("end_credential", "revoked"),
    ]
    last = rows[-1]
    assert (last.actor_kind, last.branch, last.origin) == ("staff", "本店", "127.0.0.1")
    assert (last.customer_id, last.credential_id, last.at) == (customer_a.id, token.credential_id, now)
    assert read_credential(services, token).ended_how is EndedHow.REVOKED


def test_never_activated_expires(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    forgotten = give_token(services, customer_a, now, CredentialState.SET_UP)
    used = give_token(services, customer_b, now)
    assert expire_credentials(services, now + 30 * DAY - timedelta(seconds=1)) == 0
    assert expire_credentials(services, now + 30 * DAY) == 1
    assert read_credential(services, forgotten).ended_how is EndedHow.EXPIRED
    assert read_credential(services, used).state is CredentialState.ACTIVE
    later = now + 31 * DAY
    refused = verify(services, VerifyCommand("dual", forgotten.user_id, forgotten.code(later), SYSTEM), later)
    assert refused.reason is Reason.EXPIRED
