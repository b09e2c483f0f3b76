"""The customer card tells how everything stands and the one next thing to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.errors import NotFound
from provisioning.jobs.end_credential import end_credential
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.queries.customers import CustomerCard, customer_card
from provisioning.store.queries.next_act import NextAct, Standing, next_act
from provisioning.store.tables import Credential, Customer, Fob, MailState
from tests.staff import rows


def card_of(services: Services, customer: Customer, now: datetime) -> CustomerCard:
    """The card as a teller of 本店 sees it."""
    return customer_card(services, "dual", customer.id, now, "本店")


def test_a_new_customer_chooses_a_kind(services: Services, customer_a: Customer, now: datetime) -> None:
    card = card_of(services, customer_a, now)
    assert (card.current, card.last_ended, card.application) == (None, None, None)
    assert (card.next_act, card.user_id) == (NextAct.CHOOSE_KIND, "123456780001")


def test_an_application_waits_to_be_fulfilled(services: Services, customer_a: Customer, now: datetime) -> None:
    rows.add_application(services, customer_a, "H1", now)
    card = card_of(services, customer_a, now)
    assert card.application is not None
    assert (card.application.number, card.next_act) == ("H1", NextAct.FULFIL_APPLICATION)


def test_a_soft_token_from_mail_to_use(services: Services, customer_a: Customer, now: datetime) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    mail = rows.add_mail(services, credential, MailState.QUEUED, now)
    assert card_of(services, customer_a, now).next_act is NextAct.SET_UP_APP
    rows.change(services, type(mail), mail.id, state=MailState.FAILED)
    assert card_of(services, customer_a, now).next_act is NextAct.MEND_MAIL
    rows.change(services, Credential, credential.id, state=CredentialState.SET_UP)
    assert card_of(services, customer_a, now).next_act is NextAct.ACTIVATE
    rows.change(services, Credential, credential.id, state=CredentialState.ACTIVE, failures=2)
    card = card_of(services, customer_a, now)
    assert card.current is not None
    assert (card.next_act, card.current.tries_left, card.current.fob) == (NextAct.NOTHING, 3, None)


def test_a_fob_from_writing_to_hand_over(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob, drift_steps=-2)
    rows.move_fob_row(services, fob, FobState.PROGRAMMING)
    rows.add_job(services, credential, JobState.WRITING, now)
    card = card_of(services, customer_a, now)
    assert card.current is not None
    assert card.current.fob is not None
    assert (card.next_act, card.current.fob.serial, card.current.drift_s) == (
        NextAct.WATCH_WRITING,
        fob.serial,
        -120,
    )
    rows.change(services, Credential, credential.id, state=CredentialState.SET_UP)
    rows.move_fob_row(services, fob, FobState.PROGRAMMED)
    assert card_of(services, customer_a, now).next_act is NextAct.HAND_OVER
    rows.move_fob_row(services, fob, FobState.HANDED_OVER)
    assert card_of(services, customer_a, now).next_act is NextAct.ACTIVATE


def test_a_suspension_and_locked_passwords(services: Services, customer_a: Customer, now: datetime) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    rows.change(services, Customer, customer_a.id, confirmation_failures=5)
    card = card_of(services, customer_a, now)
    assert (card.passwords_locked, card.next_act) == (True, NextAct.UNLOCK_PASSWORDS)
    rows.suspend(services, credential, now)
    assert card_of(services, customer_a, now).next_act is NextAct.LIFT_SUSPENSION


def test_after_release_the_fob_is_outside_and_tomorrow_is_awaited(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob, state=CredentialState.ACTIVE)
    rows.move_fob_row(services, fob, FobState.IN_USE)
    with services.store.write() as tx:
        end_credential(tx, services, tx.get_one(Credential, credential.id), EndedHow.RELEASED, SYSTEM, now)
    card = card_of(services, customer_a, now)
    assert card.fob_outside is not None
    assert card.last_ended is not None
    assert (card.fob_outside.serial, card.fob_outside.state) == (fob.serial, FobState.HANDED_OVER)
    assert (card.current, card.last_ended.ended_how) == (None, EndedHow.RELEASED)
    midnight_in_japan = datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert (card.next_act, card.waiting_until) == (NextAct.WAIT, midnight_in_japan)
    tomorrow = card_of(services, customer_a, midnight_in_japan)
    assert (tomorrow.next_act, tomorrow.waiting_until) == (NextAct.CHOOSE_KIND, None)
    rows.move_fob_row(services, fob, FobState.RETURNED)
    assert card_of(services, customer_a, now).fob_outside is None


def test_a_fob_in_new_hands_is_not_outside(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    old = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob)
    with services.store.write() as tx:
        end_credential(tx, services, tx.get_one(Credential, old.id), EndedHow.REVOKED, SYSTEM, now)
    rows.add_credential(services, customer_b, TokenKind.HARD, now + timedelta(seconds=1), fob)
    rows.move_fob_row(services, fob, FobState.IN_USE)
    assert card_of(services, customer_a, now).fob_outside is None


def test_foreign_customers_are_not_there(services: Services, customer_a: Customer, now: datetime) -> None:
    for institution, branch in (("other", None), ("other", "本店"), ("dual", "駅前支店")):
        with pytest.raises(NotFound):
            customer_card(services, institution, customer_a.id, now, branch)
    with pytest.raises(NotFound):
        customer_card(services, "dual", "0" * 32, now)
    assert customer_card(services, "dual", customer_a.id, now).id == customer_a.id


@pytest.mark.parametrize(
    ("job_state", "expected"),
    [
        (None, NextAct.START_AGAIN),
        (JobState.QUEUED, NextAct.WATCH_WRITING),
        (JobState.WRITING, NextAct.WATCH_WRITING),
        (JobState.WRITTEN, NextAct.PROVE_FOB),
        (JobState.FAILED, NextAct.START_AGAIN),
        (JobState.ABANDONED, NextAct.START_AGAIN),
    ],
)
def test_every_state_of_the_job_leads_on(job_state: JobState | None, expected: NextAct) -> None:
    standing = Standing(kind=TokenKind.HARD, state=CredentialState.ISSUED, job_state=job_state)
    assert next_act(standing) is expected
