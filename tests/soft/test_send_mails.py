"""The worker's step that sends mail, over real SMTP: what it does when the server is up, down, slow or refuses."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pytest_mock import MockerFixture

from provisioning.clock import ClockGuard
from provisioning.errors import VaultError
from provisioning.jobs import send_mails as send_mails_module
from provisioning.jobs.app_begin import AppBeginCommand, app_begin
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.send_mails import BACKOFF, SendMailsCommand, SentMails, send_mails
from provisioning.mail.mailer import Mail, Mailer, MailNotSent
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.line import JoinedLine
from provisioning.store.notices import Notice, owe_notices
from provisioning.store.tables import Customer, MailState, OutboxMail, Ticket, TicketState
from tests.fixtures.addresses import store_address
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mailers import MemoryMailer
from tests.fixtures.people import add_customer, customer_actor
from tests.fixtures.ports import free_port
from tests.soft.issuing import acts, credential, issue, mails, ticket
from tests.soft.smtp_servers import Behaviour, smtp_server, trickling_server


def mailer(port: int, timeout_s: float = 5.0) -> SmtpMailer:
    return SmtpMailer(SmtpServer("127.0.0.1", port, starttls=False, timeout_s=timeout_s))


def step(services: Services, with_: Mailer, now: datetime) -> SentMails:
    return send_mails(services, SendMailsCommand(with_), now)


def fate(services: Services, credential_id: str) -> tuple[MailState, int, str | None]:
    (mail,) = mails(services, credential_id)
    return mail.state, mail.attempts, mail.last_reply


def test_what_is_owed_is_sent_once(services: Services, customer_a: Customer, now: datetime) -> None:
    issued = issue(services, customer_a, now)
    behaviour = Behaviour()
    with smtp_server(behaviour) as port:
        assert step(services, mailer(port), now) == SentMails(sent=1)
        assert step(services, mailer(port), now) == SentMails()
    (kept,) = behaviour.kept
    assert kept.recipient == "taro@mihon.example"
    assert f"ユーザID: {issued.user_id}" in kept.text
    assert "https://otp.example/app/" in kept.text
    assert "2026年11月21日 12:00" in kept.text
    (mail,) = mails(services, issued.credential_id)
    assert (mail.state, mail.sent_at, mail.last_reply) == (MailState.SENT, now, None)
    assert acts(services)[-1] == ("send_mail", "sent")


def test_english_customers_get_english_mail(services: Services, customer_a: Customer, now: datetime) -> None:
    issue(services, customer_a, now, language="en")
    memory = MemoryMailer()
    step(services, memory, now)
    assert memory.sent[0].message["Subject"] == "[Sample First Bank] Your token has been issued"


def test_a_dead_server_delays_the_mail_and_nothing_else(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    port = free_port()
    begun = time.monotonic()
    issued = issue(services, customer_a, now)
    assert time.monotonic() - begun < 2
    assert step(services, mailer(port), now) == SentMails(deferred=1)
    assert fate(services, issued.credential_id) == (MailState.QUEUED, 1, "connection")
    assert credential(services, issued.credential_id).state is CredentialState.ISSUED
    behaviour = Behaviour()
    with smtp_server(behaviour) as up:
        assert step(services, mailer(up), now + timedelta(seconds=59)) == SentMails()
        assert step(services, mailer(up), now + timedelta(seconds=60)) == SentMails(sent=1)
    assert len(behaviour.kept) == 1


def test_a_refusal_for_now_is_tried_with_growing_patience_then_given_up(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    behaviour = Behaviour(at_rcpt="451 4.7.1 greylisted")
    with smtp_server(behaviour) as port:
        at = now
        for number, wait in enumerate(BACKOFF, 1):
            assert step(services, mailer(port), at) == SentMails(deferred=1)
            assert fate(services, issued.credential_id) == (MailState.QUEUED, number, "451 4.7.1")
            assert step(services, mailer(port), at + wait - timedelta(seconds=1)) == SentMails()
            at += wait
        assert step(services, mailer(port), at) == SentMails(failed=1)
    assert fate(services, issued.credential_id)[0] is MailState.FAILED
    assert credential(services, issued.credential_id).state is CredentialState.ISSUED
    assert acts(services)[-1] == ("send_mail", "failed")


def test_a_refusal_for_good_is_not_repeated_and_changes_no_credential(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    behaviour = Behaviour(at_rcpt="550 5.1.1 no such user: taro@mihon.example")
    with smtp_server(behaviour) as port:
        assert step(services, mailer(port), now) == SentMails(failed=1)
        assert step(services, mailer(port), now + timedelta(days=2)) == SentMails()
    assert fate(services, issued.credential_id) == (MailState.FAILED, 1, "550 5.1.1")
    assert credential(services, issued.credential_id).state is CredentialState.ISSUED
    assert ticket(services, issued.credential_id).state is TicketState.OPEN
    app_begin(services, AppBeginCommand(issued.service_id, issued.user_id), now)


@sqlite_only
def test_a_hanging_server_holds_up_the_worker_for_its_timeout_only(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    with trickling_server(b"", b"", 60) as port:
        begun = time.monotonic()
        assert step(services, mailer(port, timeout_s=0.3), now) == SentMails(deferred=1)
        assert time.monotonic() - begun < 2
    assert fate(services, issued.credential_id) == (MailState.QUEUED, 1, "timeout")


def test_while_a_mail_is_on_its_way_nothing_is_locked(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    issue(services, customer_a, now)

    class Slow:
        def __init__(self) -> None:
            self.begun, self.go_on = threading.Event(), threading.Event()

        def send(self, mail: Mail) -> None:
            self.begun.set()
            assert self.go_on.wait(20)

    slow = Slow()
    worker = threading.Thread(target=step, args=(services, slow, now))
    worker.start()
    assert slow.begun.wait(10)
    issue(services, customer_b, now)
    slow.go_on.set()
    worker.join(20)
    assert not worker.is_alive()


def test_workers_share_the_mails_without_sending_any_twice(services: Services, now: datetime) -> None:
    for number in range(12):
        issue(services, add_customer(services, f"12345678{number:04}"), now)
    mailers = [MemoryMailer() for _ in range(4)]
    workers = [threading.Thread(target=step, args=(services, one, now)) for one in mailers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    numbers = [mail.message["Message-ID"] for one in mailers for mail in one.sent]
    assert len(numbers) == len(set(numbers)) == 12


def test_a_mail_whose_worker_died_is_taken_over(services: Services, customer_a: Customer, now: datetime) -> None:
    issued = issue(services, customer_a, now)

    class Dies:
        def send(self, mail: Mail) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        step(services, Dies(), now)
    assert fate(services, issued.credential_id) == (MailState.SENDING, 1, None)
    memory = MemoryMailer()
    assert step(services, memory, now + timedelta(minutes=9)) == SentMails()
    assert step(services, memory, now + timedelta(minutes=10)) == SentMails(sent=1)


def test_a_late_worker_does_not_overwrite_what_became_of_the_mail(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    other = MemoryMailer()

    class Late:
        def send(self, mail: Mail) -> None:
            assert step(services, other, now + timedelta(minutes=10)) == SentMails(sent=1)

    step(services, Late(), now)
    assert fate(services, issued.credential_id) == (MailState.SENT, 2, None)


def test_a_cancelled_mail_is_not_sent(services: Services, customer_a: Customer, now: datetime) -> None:
    issued = issue(services, customer_a, now)
    with services.store.write() as tx:
        tx.get_one(OutboxMail, issued.mail_id).state = MailState.CANCELLED
    assert step(services, MemoryMailer(), now) == SentMails()


def test_a_mail_that_was_replaced_while_it_was_on_its_way_is_not_tried_again(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)

    class Overtaken:
        def send(self, mail: Mail) -> None:
            command = ResendIssueMailCommand("dual", issued.credential_id, None, customer_actor(customer_a))
            resend_issue_mail(services, command, now + timedelta(seconds=1))
            raise MailNotSent("451 4.3.0", permanent=False)

    send_mails(services, SendMailsCommand(Overtaken(), limit=1), now)
    memory = MemoryMailer()
    assert step(services, memory, now + timedelta(minutes=1)) == SentMails(sent=1)
    first, second = mails(services, issued.credential_id)
    assert (first.state, second.state) == (MailState.CANCELLED, MailState.SENT)
    assert [mail.message["Message-ID"] for mail in memory.sent] == [f"<{second.id}@dual.example>"]


def test_a_mail_that_did_its_work_is_not_tried_again(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    assert step(services, mailer(free_port()), now) == SentMails(deferred=1)
    with services.store.write() as tx:
        tx.get_one(Ticket, ticket(services, issued.credential_id).id).state = TicketState.SPENT
    assert step(services, MemoryMailer(), now + timedelta(minutes=1)) == SentMails()
    assert fate(services, issued.credential_id)[0] is MailState.CANCELLED


def test_a_mail_too_late_for_its_ticket_is_not_sent(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    memory = MemoryMailer()
    assert step(services, memory, now + timedelta(hours=24)) == SentMails(failed=1)
    assert fate(services, issued.credential_id) == (MailState.FAILED, 1, "too late")
    assert memory.sent == []


def test_a_mail_that_cannot_be_composed_waits_and_holds_up_no_other(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    first, second = issue(services, customer_a, now), issue(services, customer_b, now)
    with services.store.write() as tx:
        tx.get_one(OutboxMail, first.mail_id).sealed_address = bytes(60)
    assert step(services, MemoryMailer(), now) == SentMails(sent=1, deferred=1)
    assert fate(services, first.credential_id) == (MailState.QUEUED, 1, "not composed")
    assert fate(services, second.credential_id)[0] is MailState.SENT


def test_whoever_lacks_the_key_of_the_addresses_claims_nothing(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    with pytest.raises(VaultError):
        step(replace(services, addresses=None), MemoryMailer(), now)
    assert fate(services, issued.credential_id) == (MailState.QUEUED, 0, None)


def test_while_the_clock_is_in_doubt_only_notices_go(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    """By a clock that ran ahead every other mail would be too late for good."""
    issued = issue(services, customer_a, now)
    store_address(services, customer_b, "jiro@mihon.example")
    lost = Notice(MailKind.TOKEN_LOST, customer_b.institution_id, customer_b.id, now)
    with services.store.write_connection() as connection:
        owe_notices(JoinedLine(connection), lost)
    doubtful, memory = replace(services, clock=ClockGuard(lambda: False)), MemoryMailer()
    assert step(doubtful, memory, now + timedelta(days=400)) == SentMails(sent=1)
    assert memory.sent[0].recipient == "jiro@mihon.example"
    assert fate(services, issued.credential_id) == (MailState.QUEUED, 0, None)
    assert step(services, memory, now) == SentMails(sent=1)


def test_a_slow_server_gets_no_mail_whose_turn_another_worker_may_have_by_then(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime, mocker: MockerFixture
) -> None:
    for one in (customer_a, customer_b):
        issue(services, one, now)
    mocker.patch.object(send_mails_module, "monotonic", side_effect=[0.0, 40.0, 80.0])
    assert step(services, MemoryMailer(), now) == SentMails(sent=1)


def test_it_is_sent_again_where_it_went_last_though_the_clock_was_set_back(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now + timedelta(hours=1))
    actor = customer_actor(customer_a)
    for address in ("jiro@mihon.example", None):
        command = ResendIssueMailCommand("dual", issued.credential_id, None, actor, address)
        resend_issue_mail(services, command, now)
        now += timedelta(minutes=5)
    memory = MemoryMailer()
    step(services, memory, now)
    assert [mail.recipient for mail in memory.sent] == ["jiro@mihon.example"]
