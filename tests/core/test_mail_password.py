"""メール通知パスワード (manual 002): sent by mail alone, good until logout or a newer one, counted by itself."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from provisioning.clock import ClockGuard
from provisioning.errors import BadInput, InputFault, TooEarly, WrongState
from provisioning.jobs.ask_mail_password import MOST_AN_HOUR, AskMailPasswordCommand, ask_mail_password
from provisioning.jobs.check_mail_password import CheckMailPasswordCommand, MailPasswordResult, check_mail_password
from provisioning.jobs.passwords import UnlockPasswordsCommand, unlock_passwords
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.jobs.web_sessions import end_session, hash_of, login_name, open_session, purge_sessions
from provisioning.mail.mailer import Mail, MailNotSent
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.mail_code import LONGEST_LIFE
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store import mail_codes
from provisioning.store.queries.customers import customer_card
from provisioning.store.queries.next_act import NextAct
from provisioning.store.tables import AuditEntry, Customer, MailCode, MailState, OutboxMail, SessionKind
from tests.fixtures.addresses import deliver, owed, text_of
from tests.fixtures.databases import postgresql_only, sqlite_only
from tests.fixtures.mail_passwords import ADDRESS, LOGIN, ask, codes_in, read_code, use_mail_password, wrong
from tests.fixtures.mailers import MemoryMailer
from tests.fixtures.people import add_customer, customer_actor
from tests.fixtures.services import DUAL

LIMIT = 3


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, mail_password=True, failure_limit=LIMIT)}


@pytest.fixture
def customer(services: Services) -> Customer:
    """Uses passwords by mail."""
    customer = add_customer(services, "999800000061")
    use_mail_password(services, customer)
    return customer


def try_it(
    services: Services, customer: Customer, typed: str, now: datetime, login: str = LOGIN
) -> MailPasswordResult:
    command = CheckMailPasswordCommand(DUAL.id, customer.id, login, typed, customer_actor(customer))
    return check_mail_password(services, command, now)


def test_it_comes_by_mail_and_is_good_again_and_again(
    services: Services, customer: Customer, now: datetime
) -> None:
    code = ask(services, customer, now)
    for minutes in (0, 1, 600):
        result = try_it(services, customer, code, now + timedelta(minutes=minutes))
        assert result.outcome is Outcome.ACCEPTED


@sqlite_only
def test_the_mail_has_no_link_and_nobodys_name(services: Services, customer: Customer, now: datetime) -> None:
    actor = customer_actor(customer)
    ask_mail_password(services, AskMailPasswordCommand(DUAL.id, customer.id, LOGIN, actor), now)
    (mail,) = deliver(services, now)
    told = text_of(mail)
    assert mail.recipient == ADDRESS
    assert "http" not in told
    assert customer.name not in told
    assert customer.user_id not in told
    assert "ログアウトするか、新しいメール通知パスワードが送られるまで使えます" in told
    assert DUAL.contact_phone in told


@sqlite_only
def test_it_stands_nowhere_but_in_the_mail(services: Services, customer: Customer, now: datetime) -> None:
    code = ask(services, customer, now)
    try_it(services, customer, code, now)
    with services.store.read() as tx:
        tables = tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        rows = [str(row) for table in tables for row in tx.execute(text(f"SELECT * FROM {table}"))]
    assert not any(code in row for row in rows)


@sqlite_only
def test_a_newer_one_ends_the_last_one_as_soon_as_it_is_asked_for(
    services: Services, customer: Customer, now: datetime
) -> None:
    first = ask(services, customer, now)
    actor = customer_actor(customer)
    ask_mail_password(services, AskMailPasswordCommand(DUAL.id, customer.id, LOGIN, actor), now)
    assert try_it(services, customer, first, now).reason is Reason.MAIL_PASSWORD_OVER
    second = read_code(services, now)
    assert try_it(services, customer, first, now).reason is Reason.MAIL_PASSWORD_WRONG
    assert try_it(services, customer, second, now).outcome is Outcome.ACCEPTED


@sqlite_only
def test_two_asked_for_at_once_send_one(services: Services, customer: Customer, now: datetime) -> None:
    command = AskMailPasswordCommand(DUAL.id, customer.id, LOGIN, customer_actor(customer))
    ask_mail_password(services, command, now)
    ask_mail_password(services, command, now + timedelta(seconds=1))
    assert len(deliver(services, now + timedelta(seconds=1))) == 1
    assert [mail.state for mail in owed(services, customer)] == [MailState.CANCELLED, MailState.SENT]


@sqlite_only
def test_a_mail_tried_again_carries_another_one(services: Services, customer: Customer, now: datetime) -> None:
    class Lossy(MemoryMailer):
        """Takes the mail and loses the answer."""

        def send(self, mail: Mail) -> None:
            super().send(mail)
            raise MailNotSent("timeout", permanent=False)

    command = AskMailPasswordCommand(DUAL.id, customer.id, LOGIN, customer_actor(customer))
    ask_mail_password(services, command, now)
    lossy = Lossy()
    send_mails(services, SendMailsCommand(lossy), now)
    later = now + timedelta(minutes=1)
    second = read_code(services, later)
    assert second not in text_of(lossy.sent[0])
    assert try_it(services, customer, second, later).outcome is Outcome.ACCEPTED


@sqlite_only
def test_it_is_good_in_the_login_that_asked_for_it_and_no_longer(
    services: Services, customer: Customer, now: datetime
) -> None:
    raw_id = open_session(services, SessionKind.CUSTOMER, {}, now)
    login = login_name(hash_of(raw_id))
    code = ask(services, customer, now, login)
    assert try_it(services, customer, code, now, "b" * 64).reason is Reason.MAIL_PASSWORD_OVER
    assert try_it(services, customer, code, now, login).outcome is Outcome.ACCEPTED
    end_session(services, raw_id, None, now)
    assert try_it(services, customer, code, now, login).reason is Reason.MAIL_PASSWORD_OVER


@sqlite_only
def test_a_login_that_never_says_it_is_over_has_an_end(
    services: Services, customer: Customer, now: datetime
) -> None:
    code = ask(services, customer, now)
    end = now + LONGEST_LIFE
    assert try_it(services, customer, code, end - timedelta(seconds=1)).outcome is Outcome.ACCEPTED
    assert try_it(services, customer, code, end).reason is Reason.MAIL_PASSWORD_OVER
    purge_sessions(services, end)
    with services.store.read() as tx:
        assert tx.query(MailCode).all() == []


def test_wrong_ones_are_counted_whichever_mail_they_follow(
    services: Services, customer: Customer, now: datetime
) -> None:
    for left in (2, 1):
        code = ask(services, customer, now)
        result = try_it(services, customer, wrong(code), now)
        assert (result.reason, result.tries_left) == (Reason.MAIL_PASSWORD_WRONG, left)
    code = ask(services, customer, now)
    assert try_it(services, customer, wrong(code), now).reason is Reason.MAIL_PASSWORD_LOCKED
    assert try_it(services, customer, code, now).reason is Reason.MAIL_PASSWORD_LOCKED, (
        "the right one comes too late"
    )
    assert customer_card(services, DUAL.id, customer.id, now).next_act is NextAct.UNLOCK_PASSWORDS
    unlock_passwords(services, UnlockPasswordsCommand(DUAL.id, customer.id, SYSTEM), now)
    assert try_it(services, customer, code, now).outcome is Outcome.ACCEPTED


@sqlite_only
def test_the_right_one_sets_the_count_back(services: Services, customer: Customer, now: datetime) -> None:
    code = ask(services, customer, now)
    for _ in range(3):
        try_it(services, customer, wrong(code), now)
        try_it(services, customer, wrong(code), now)
        assert try_it(services, customer, code, now).outcome is Outcome.ACCEPTED


def test_parallel_guesses_get_no_more_tries(services: Services, customer: Customer, now: datetime) -> None:
    code = ask(services, customer, now)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: try_it(services, customer, wrong(code), now), range(16)))
    assert sorted(result.reason or "" for result in results) == (
        [Reason.MAIL_PASSWORD_LOCKED] * 14 + [Reason.MAIL_PASSWORD_WRONG] * 2
    )
    assert try_it(services, customer, code, now).reason is Reason.MAIL_PASSWORD_LOCKED


@sqlite_only
def test_what_has_another_form_is_not_counted(services: Services, customer: Customer, now: datetime) -> None:
    code = ask(services, customer, now)
    for typed, fault in (
        ("", InputFault.MISSING),
        ("１２３４５６７８", InputFault.NOT_DIGITS),
        ("1234567", InputFault.WRONG_LENGTH),
        ("1" * 10_000, InputFault.WRONG_LENGTH),
        ("🔑" * 8, InputFault.NOT_DIGITS),
    ):
        with pytest.raises(BadInput) as refused:
            try_it(services, customer, typed, now)
        assert refused.value == BadInput("mail_password", fault)
    assert try_it(services, customer, code, now).tries_left == LIMIT


@sqlite_only
def test_nobodys_mailbox_is_filled(services: Services, customer: Customer, now: datetime) -> None:
    for minute in range(MOST_AN_HOUR):
        ask(services, customer, now + timedelta(minutes=minute))
    with pytest.raises(TooEarly) as refused:
        ask(services, customer, now + timedelta(minutes=59))
    assert refused.value.until == now + timedelta(hours=1)
    ask(services, customer, now + timedelta(hours=1))


@sqlite_only
def test_who_does_not_use_it_gets_none(services: Services, customer_a: Customer, now: datetime) -> None:
    with pytest.raises(WrongState):
        ask(services, customer_a, now)
    with services.store.read() as tx:
        assert tx.query(OutboxMail).count() == 0


@sqlite_only
def test_each_check_is_on_record_without_the_password(
    services: Services, customer: Customer, now: datetime
) -> None:
    code = ask(services, customer, now)
    try_it(services, customer, wrong(code), now)
    try_it(services, customer, code, now)
    with services.store.read() as tx:
        entries = (
            tx.query(AuditEntry).filter(AuditEntry.act == "check_mail_password").order_by(AuditEntry.id).all()
        )
    assert [(entry.result, entry.facts.get("reason")) for entry in entries] == [
        ("refused", "mail_password_wrong"),
        ("accepted", None),
    ]


@postgresql_only
def test_two_asked_for_at_once_are_sent_one_after_the_other(
    services: Services, customer: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = mail_codes.forget_code
    command = AskMailPasswordCommand(DUAL.id, customer.id, LOGIN, SYSTEM)
    others: list[Future[str]] = []
    with ThreadPoolExecutor(1) as pool:

        def forgotten_twice(tx: Session, address_id: str) -> None:
            forget(tx, address_id)
            if not others:
                others.append(pool.submit(ask_mail_password, services, command, now))
                wait(others, timeout=0.5)

        monkeypatch.setattr(mail_codes, "forget_code", forgotten_twice)
        ask_mail_password(services, command, now)
    others[0].result()
    assert len(codes_in([text_of(mail) for mail in deliver(services, now)])) == 1, "the newer one alone is good"


@sqlite_only
def test_while_the_clock_is_in_doubt_none_is_accepted_and_none_counted(
    services: Services, customer: Customer, now: datetime
) -> None:
    code = ask(services, customer, now)
    doubtful = replace(services, clock=ClockGuard(lambda: False))
    for typed in (code, *[wrong(code)] * LIMIT):
        assert try_it(doubtful, customer, typed, now) == MailPasswordResult(Outcome.REFUSED, Reason.CLOCK)
    assert try_it(services, customer, code, now).outcome is Outcome.ACCEPTED
