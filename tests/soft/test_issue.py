"""Issuing a soft token: credential, ticket, mail and audit row, all or nothing."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, TooEarly, WrongState
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.expire_tickets import expire_tickets
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, MailState, OutboxMail, Ticket, TicketState
from tests.fixtures.people import add_customer, customer_actor
from tests.soft.issuing import (
    ACTIVATION_PASSWORD,
    MAIL_ADDRESS,
    acts,
    credential,
    issue,
    mails,
    ticket,
    tickets,
)


def rows(services: Services) -> tuple[int, ...]:
    """How many credentials, tickets, mails and audit rows there are."""
    with services.store.read() as session:
        tables = (Credential, Ticket, OutboxMail, AuditEntry)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def resend(services: Services, issued_id: str, customer: Customer, now: datetime, **changes: str) -> str:
    command = ResendIssueMailCommand(customer.institution_id, issued_id, "ja", customer_actor(customer), **changes)
    return resend_issue_mail(services, command, now).mail_id


def test_everything_is_there_after_one_transaction(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    assert (issued.service_id, issued.user_id) == ("10112231", "123456780001")
    made = credential(services, issued.credential_id)
    assert (made.state, made.sealed_seed, made.digits, made.period_s) == (CredentialState.ISSUED, None, 8, 60)
    one = ticket(services, issued.credential_id)
    assert (one.state, one.attempts, one.expires_at) == (TicketState.OPEN, 0, now + timedelta(hours=24))
    (mail,) = mails(services, issued.credential_id)
    assert (mail.id, mail.state, mail.ticket_id) == (issued.mail_id, MailState.QUEUED, one.id)
    assert acts(services) == [("open_credential", "issued"), ("issue_soft", "issued")]


def test_what_is_kept_shows_neither_password_nor_address(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    one = ticket(services, issued.credential_id)
    (mail,) = mails(services, issued.credential_id)
    kept = b"".join(
        (one.sealed_password_key or b"", mail.sealed_address, mail.address_hash, repr(mail.facts).encode())
    )
    assert ACTIVATION_PASSWORD.encode() not in kept
    assert b"taro" not in kept
    assert services.addresses is not None
    assert services.addresses.open(mail) == MAIL_ADDRESS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"activation_password": "1111"}, BadInput("activation_password", InputFault.TOO_SIMPLE)),
        ({"activation_password": "1234"}, BadInput("activation_password", InputFault.TOO_SIMPLE)),
        ({"activation_password": "5678000"}, BadInput("activation_password", InputFault.PART_OF_ID)),
        ({"activation_password": "1122"}, BadInput("activation_password", InputFault.PART_OF_ID)),
        ({"activation_password": "48a926"}, BadInput("activation_password", InputFault.NOT_DIGITS)),
        ({"activation_password": "４８３９"}, BadInput("activation_password", InputFault.NOT_DIGITS)),
        ({"activation_password": "483"}, BadInput("activation_password", InputFault.WRONG_LENGTH)),
        ({"mail_address": "taro..@mihon.example"}, BadInput("mail_address", InputFault.BAD_FORM)),
        ({"mail_address": "taro@mihon.example\nBcc: x@y.example"}, BadInput("mail_address", InputFault.BAD_FORM)),
        ({"language": "fr"}, BadInput("language", InputFault.NOT_OFFERED)),
    ],
)
def test_bad_input_names_its_field_and_leaves_nothing(
    services: Services, customer_a: Customer, now: datetime, changes: dict[str, str], expected: BadInput
) -> None:
    with pytest.raises(BadInput) as caught:
        issue(services, customer_a, now, **changes)
    assert caught.value == expected
    assert rows(services) == (0, 0, 0, 0)


def test_an_old_carrier_address_is_taken_where_the_institution_lists_its_domain(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now, mail_address="ta..ro.@carrier.example")
    (mail,) = mails(services, issued.credential_id)
    assert services.addresses is not None
    assert services.addresses.open(mail) == "ta..ro.@carrier.example"


def test_a_customer_of_another_institution_is_not_found(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    with pytest.raises(NotFound):
        issue(services, customer_a, now, institution_id="other")
    assert rows(services) == (0, 0, 0, 0)


def test_two_tellers_at_once_make_one_token(services: Services, customer_a: Customer, now: datetime) -> None:
    results: list[object] = []
    ready = threading.Barrier(2)

    def teller() -> None:
        ready.wait(10)
        try:
            results.append(issue(services, customer_a, now))
        except AlreadyTaken as error:
            results.append(error.what)

    threads = [threading.Thread(target=teller) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results.count("credential") == 1
    assert rows(services)[:3] == (1, 1, 1)


def test_the_waiting_rule_holds_for_soft_tokens_too(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    with services.store.write() as tx:
        row = tx.get_one(Credential, issued.credential_id)
        row.state, row.ended_how, row.ended_at = CredentialState.ENDED, EndedHow.RELEASED, now
    with pytest.raises(TooEarly) as caught:
        issue(services, customer_a, now + timedelta(minutes=1))
    assert caught.value.until.isoformat() == "2026-11-20T15:00:00+00:00"
    issue(services, customer_a, caught.value.until)


def test_a_re_send_makes_a_new_ticket_and_voids_the_old(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    later = now + timedelta(minutes=5)
    mail_id = resend(services, issued.credential_id, customer_a, later)
    old, new = tickets(services, issued.credential_id)
    assert (old.state, old.sealed_password_key, old.closed_at) == (TicketState.VOID, None, later)
    assert (new.state, new.expires_at) == (TicketState.OPEN, later + timedelta(hours=24))
    first, second = mails(services, issued.credential_id)
    assert (first.state, second.state, second.id) == (MailState.CANCELLED, MailState.QUEUED, mail_id)
    assert acts(services)[-1] == ("resend_issue_mail", "issued")


def test_a_re_send_with_the_same_password_keeps_the_count_of_tries(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    with services.store.write() as tx:
        tx.get_one(Ticket, ticket(services, issued.credential_id).id).attempts = 3
    resend(services, issued.credential_id, customer_a, now + timedelta(minutes=1))
    assert tickets(services, issued.credential_id)[-1].attempts == 3
    resend(services, issued.credential_id, customer_a, now + timedelta(minutes=2), activation_password="715304")
    assert tickets(services, issued.credential_id)[-1].attempts == 0


def test_a_re_send_can_mend_the_address(services: Services, customer_a: Customer, now: datetime) -> None:
    issued = issue(services, customer_a, now)
    resend(
        services, issued.credential_id, customer_a, now + timedelta(minutes=1), mail_address="jiro@mihon.example"
    )
    resend(services, issued.credential_id, customer_a, now + timedelta(minutes=2))
    assert services.addresses is not None
    addresses = [services.addresses.open(m) for m in mails(services, issued.credential_id)]
    assert addresses == ["taro@mihon.example", "jiro@mihon.example", "jiro@mihon.example"]


def test_a_re_send_keeps_the_language_unless_another_is_asked_for(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now, language="en")
    for minute, language in ((1, None), (2, "ja"), (3, None)):
        actor = customer_actor(customer_a)
        command = ResendIssueMailCommand("dual", issued.credential_id, language, actor)
        resend_issue_mail(services, command, now + timedelta(minutes=minute))
    assert [mail.language for mail in mails(services, issued.credential_id)] == ["en", "en", "ja", "ja"]


def test_after_expiry_a_re_send_asks_for_a_new_password(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    late = now + timedelta(hours=24)
    with pytest.raises(BadInput) as caught:
        resend(services, issued.credential_id, customer_a, late)
    assert (caught.value.field, caught.value.fault) == ("activation_password", InputFault.MISSING)
    resend(services, issued.credential_id, customer_a, late, activation_password="715304")
    assert [one.state for one in tickets(services, issued.credential_id)] == [TicketState.VOID, TicketState.OPEN]


def test_a_re_send_is_refused_to_strangers_and_after_set_up(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    stranger = add_customer(services, "A1", "other")
    with pytest.raises(NotFound):
        resend(services, issued.credential_id, stranger, now)
    with services.store.write() as tx:
        tx.get_one(Credential, issued.credential_id).state = CredentialState.SET_UP
    with pytest.raises(WrongState):
        resend(services, issued.credential_id, customer_a, now)


def test_cancelling_ends_the_credential_and_everything_that_led_to_it(
    services: Services, customer_a: Customer, now: datetime, teller_actor: Actor
) -> None:
    issued = issue(services, customer_a, now)
    cancel_issuance(services, CancelIssuanceCommand("dual", issued.credential_id, teller_actor), now)
    ended = credential(services, issued.credential_id)
    assert (ended.state, ended.ended_how) == (CredentialState.ENDED, EndedHow.CANCELLED)
    one = ticket(services, issued.credential_id)
    assert (one.state, one.sealed_password_key) == (TicketState.VOID, None)
    assert mails(services, issued.credential_id)[0].state is MailState.CANCELLED
    issue(services, customer_a, now)  # nothing was in force, so nothing has to be waited for


def test_cancelling_stops_at_a_token_in_force(
    services: Services, customer_a: Customer, now: datetime, teller_actor: Actor
) -> None:
    issued = issue(services, customer_a, now)
    with services.store.write() as tx:
        tx.get_one(Credential, issued.credential_id).state = CredentialState.ACTIVE
    with pytest.raises(WrongState):
        cancel_issuance(services, CancelIssuanceCommand("dual", issued.credential_id, teller_actor), now)
    with pytest.raises(NotFound):
        cancel_issuance(services, CancelIssuanceCommand("other", issued.credential_id, teller_actor), now)


def test_tickets_expire_to_the_second_and_forget_the_password(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    over = now + timedelta(hours=24)
    assert expire_tickets(services, over - timedelta(seconds=1)) == 0
    assert expire_tickets(services, over) == 1
    one = ticket(services, issued.credential_id)
    assert (one.state, one.sealed_password_key, one.closed_at) == (TicketState.EXPIRED, None, over)
    assert acts(services)[-1] == ("expire_ticket", "expired")
    assert expire_tickets(services, over) == 0
