"""A soft token at the counter: the teller types the address, the customer the activation password."""

from __future__ import annotations

import pytest

from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, MailState, OutboxMail, Ticket
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

PASSWORD = "850417"
MAIL = "hanako@carrier.example"


def at(customer: Customer, path: str = "") -> str:
    """An address of the soft branch."""
    return f"/staff/customers/{customer.id}/soft/{path}"


def give_address(desk: Colleague, customer: Customer, again: str = MAIL) -> None:
    """First page: the address, twice."""
    desk.get(at(customer))
    desk.press(at(customer), mail_address=MAIL, mail_address_again=again)


def choose_password(desk: Colleague, customer: Customer, password: str, again: str | None = None) -> None:
    """Second page: the customer's."""
    both = {"activation_password": password, "activation_password_again": password if again is None else again}
    desk.press(at(customer, "password"), **both)


def credentials(services: Services) -> list[Credential]:
    """Every credential there is."""
    with services.store.read() as session:
        return list(session.query(Credential).all())


def test_from_bot010_to_the_mail(teller_desk: Colleague, services: Services, customer_a: Customer) -> None:
    teller_desk.get(f"/staff/customers/{customer_a.id}/issue/")
    assert teller_desk.says("BOT010", "ソフトウェアトークン", "ハードウェアトークン", "在庫のフォブがありません")
    give_address(teller_desk, customer_a)
    assert teller_desk.path == at(customer_a, "password")
    # turned to the customer: nothing of the console, nobody's data
    assert not any(word in teller_desk.text for word in ("作業一覧", customer_a.name, customer_a.user_id, MAIL))
    choose_password(teller_desk, customer_a, PASSWORD)
    assert (teller_desk.path, teller_desk.says("画面を窓口の担当者にお戻しください")) == (
        at(customer_a, "thanks"),
        True,
    )
    teller_desk.get(next(link for link in teller_desk.links if link.startswith("/staff/acts/")))
    assert teller_desk.says("ソフトウェアトークンを発行しました", "h***@carrier.example", "10112231", "送信待ち")
    assert MAIL not in teller_desk.page.text
    (credential,) = credentials(services)
    assert (credential.kind, credential.state) == (TokenKind.SOFT, CredentialState.ISSUED)
    with services.store.read() as session:
        assert session.query(OutboxMail).one().state is MailState.QUEUED


@sqlite_only
def test_staff_never_see_the_activation_password(
    teller_desk: Colleague, services: Services, customer_a: Customer
) -> None:
    give_address(teller_desk, customer_a)
    seen = [teller_desk.page.text]
    choose_password(teller_desk, customer_a, PASSWORD, "850418")
    seen.append(teller_desk.page.text)
    choose_password(teller_desk, customer_a, PASSWORD)
    seen.append(teller_desk.page.text)
    for path in (f"/staff/customers/{customer_a.id}/", "/staff/mails/"):
        seen.append(teller_desk.get(path).page.text)
    assert not any(PASSWORD in page for page in seen)
    with services.store.read() as session:
        assert PASSWORD not in str([entry.facts for entry in session.query(AuditEntry).all()])


@sqlite_only
def test_addresses_that_differ_are_kept_for_correction(teller_desk: Colleague, customer_a: Customer) -> None:
    give_address(teller_desk, customer_a, "hanaka@carrier.example")
    assert (teller_desk.path, teller_desk.says("確認用と一致していません")) == (at(customer_a), True)
    assert teller_desk.form(at(customer_a))["mail_address_again"] == "hanaka@carrier.example"
    assert teller_desk.get(at(customer_a, "password")).path == at(customer_a)


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("", "", "利用開始パスワード"),
        ("1111", "1111", "同じ数字の繰り返し"),
        ("1234", "1234", "同じ数字の繰り返しや続き番号"),
        ("5678", "5678", "推測されやすい"),
        ("850417", "850418", "確認用と一致していません"),
        ("85a417", "85a417", "半角数字だけ"),
    ],
)
@sqlite_only
def test_passwords_that_cannot_be_used(
    teller_desk: Colleague, services: Services, customer_a: Customer, password: str, again: str, sentence: str
) -> None:
    give_address(teller_desk, customer_a)
    choose_password(teller_desk, customer_a, password, again)
    assert (teller_desk.path, teller_desk.says(sentence)) == (at(customer_a, "password"), True)
    assert credentials(services) == []
    choose_password(teller_desk, customer_a, PASSWORD)
    assert teller_desk.path == at(customer_a, "thanks")


def test_of_two_tellers_one_wins_and_the_other_is_told(
    at_desk: AtDesk, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    first, second = at_desk(name="窓口 一郎"), at_desk(name="窓口 二郎")
    for desk in (first, second):
        give_address(desk, customer_a)
    choose_password(first, customer_a, PASSWORD)
    assert first.path == at(customer_a, "thanks")
    clock.advance(seconds=1)
    choose_password(second, customer_a, "294618")
    assert second.path == f"/staff/customers/{customer_a.id}/"
    assert second.says("ほかの担当者が先に手続きしました", "初期設定待ち")
    assert len(credentials(services)) == 1


@sqlite_only
def test_the_customers_page_tells_which_mail_it_was(teller_desk: Colleague, customer_a: Customer) -> None:
    give_address(teller_desk, customer_a)
    choose_password(teller_desk, customer_a, PASSWORD)
    assert teller_desk.get(f"/staff/customers/{customer_a.id}/").says("送信待ち トークン発行のご案内")


@sqlite_only
def test_what_was_typed_for_one_customer_is_not_there_for_another(
    teller_desk: Colleague, customer_a: Customer, customer_b: Customer
) -> None:
    give_address(teller_desk, customer_a)
    assert teller_desk.get(at(customer_b, "password")).path == at(customer_b)
    assert MAIL not in teller_desk.page.text
    give_address(teller_desk, customer_a, "wrong@carrier.example")
    assert "wrong@carrier.example" not in teller_desk.get(at(customer_b)).page.text


def mails_of(services: Services) -> list[OutboxMail]:
    """Every mail, oldest first."""
    with services.store.read() as session:
        return list(session.query(OutboxMail).order_by(OutboxMail.queued_at).all())


@sqlite_only
def test_a_failed_mail_goes_to_a_corrected_address(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    give_address(teller_desk, customer_a)
    choose_password(teller_desk, customer_a, PASSWORD)
    (mail,) = mails_of(services)
    rows.change(services, OutboxMail, mail.id, state=MailState.QUEUED, last_reply="timeout", attempts=1)
    teller_desk.get("/staff/mails/")
    assert teller_desk.says("送信待ち", "応答がありません")
    rows.change(services, OutboxMail, mail.id, state=MailState.FAILED, last_reply="550 5.1.1", attempts=1)
    clock.advance(minutes=1)
    teller_desk.get("/staff/?")
    assert teller_desk.says("550 5.1.1", "h***@carrier.example")
    teller_desk.get(f"/staff/customers/{customer_a.id}/")
    assert teller_desk.says("届かなかったメールを直す")
    again = f"/staff/mails/{mail.id}/again"
    teller_desk.get(again)
    teller_desk.press(again, mail_address="a..b@carrier.example", mail_address_again="a..c@carrier.example")
    assert teller_desk.says("確認用と一致していません")
    teller_desk.press(again, mail_address="a..b@carrier.example", mail_address_again="a..b@carrier.example")
    assert teller_desk.says("案内メールをもう一度送ります", "a***@carrier.example")
    old, new = mails_of(services)
    assert (old.state, new.state) == (MailState.FAILED, MailState.QUEUED)
    assert teller_desk.get(again).path == f"/staff/customers/{customer_a.id}/"


@sqlite_only
def test_a_ticket_that_ran_out_needs_a_new_password(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    give_address(teller_desk, customer_a)
    choose_password(teller_desk, customer_a, PASSWORD)
    (mail,) = mails_of(services)
    with services.store.read() as session:
        ticket = session.query(Ticket).one()
    rows.change(services, Ticket, ticket.id, expires_at=clock())
    clock.advance(minutes=1)
    again = f"/staff/mails/{mail.id}/again"
    teller_desk.get(again)
    assert teller_desk.says("お客さまに決め直していただきます")
    teller_desk.press(again)
    password = f"/staff/mails/{mail.id}/password"
    assert teller_desk.path == password
    teller_desk.press(password, activation_password="1111", activation_password_again="1111")
    assert (teller_desk.path, teller_desk.says("推測されやすい")) == (password, True)
    teller_desk.press(password, activation_password="294618", activation_password_again="294618")
    assert teller_desk.path == at(customer_a, "thanks")
    teller_desk.get(next(link for link in teller_desk.links if link.startswith("/staff/acts/")))
    assert teller_desk.says("案内メールをもう一度送ります")
