"""BOT004: the mail does not arrive; sent again, its address mended, the issuance withdrawn."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from provisioning.jobs.limit_issue_mails import MOST_AN_HOUR
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.actor import Actor
from provisioning.rules.states import EndedHow
from provisioning.services import Services
from provisioning.store.tables import Customer, OutboxMail, Ticket, TicketState
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.test_soft_token import DONE, MENU, MISSING, credentials, issue


def test_the_mail_is_sent_again_with_a_new_ticket(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    browser = issue(sign_in(customer_a)).get(MISSING)
    fields = browser.form(MISSING + "resend")
    browser.post(MISSING + "resend", fields)
    assert browser.path == DONE
    assert "もう一度お送りします" in browser.text
    assert "送信を待っています" in browser.text
    browser.post(MISSING + "resend", fields)
    with services.store.read() as tx:
        states = sorted(ticket.state for ticket in tx.scalars(select(Ticket)))
    assert states == [TicketState.OPEN, TicketState.VOID]


def test_a_wrong_address_is_mended_with_the_confirmation_password(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    browser = issue(sign_in(customer_a)).get(MISSING)
    change = {"mail_address": "jiro@sample.example", "mail_address_again": "jiro@sample.example"}
    browser.submit(MISSING + "change", **change, confirmation_password="wrong1")
    assert browser.path == MISSING
    assert "確認用パスワードが正しくありません" in browser.text
    assert browser.form(MISSING + "change")["mail_address"] == "jiro@sample.example"
    browser.submit(MISSING + "change", **change, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == DONE
    assert "jiro@sample.example" in browser.text


@sqlite_only
def test_nobody_has_a_mailbox_filled_and_the_branch_helps_all_the_same(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock, teller_actor: Actor
) -> None:
    browser = issue(sign_in(customer_a))
    for _ in range(MOST_AN_HOUR - 1):
        assert browser.get(MISSING).submit(MISSING + "resend").path == DONE
        clock.advance(minutes=1)
    browser.get(MISSING).submit(MISSING + "resend")
    assert (browser.path, "送信が続いたため" in browser.text) == (MISSING, True)
    with services.store.read() as tx:
        mails = tx.scalars(select(OutboxMail)).all()
        assert len(mails) == MOST_AN_HOUR
    again = ResendIssueMailCommand("dual", mails[0].credential_id or "", None, teller_actor)
    assert resend_issue_mail(services, again, clock())
    clock.advance(minutes=51)
    assert sign_in(customer_a).get(MISSING).submit(MISSING + "resend").path == DONE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "メールアドレスを入力してください"),
        ({"mail_address": "a@b.example"}, "メールアドレスが確認用と一致していません"),
        ({"activation_password": "1111", "activation_password_again": "1111"}, "同じ数字の繰り返し"),
        ({"activation_password": "482193"}, "利用開始パスワードが確認用と一致していません"),
    ],
)
def test_bad_changes_are_refused(
    sign_in: SignIn, customer_a: Customer, change: dict[str, str], words: str
) -> None:
    browser = issue(sign_in(customer_a)).get(MISSING)
    browser.submit(MISSING + "change", **change, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == MISSING
    assert words in browser.text


def test_after_the_ticket_ran_out_a_new_activation_password_is_asked_for(
    sign_in: SignIn, customer_a: Customer, clock: MovableClock
) -> None:
    issue(sign_in(customer_a))
    clock.advance(hours=25)
    browser = sign_in(customer_a).get(MISSING)
    browser.submit(MISSING + "resend")
    assert browser.path == MISSING
    assert "新しい利用開始パスワードを決めてください" in browser.text
    browser.submit(
        MISSING + "change",
        activation_password="590217",
        activation_password_again="590217",
        confirmation_password=CONFIRMATION_PASSWORD,
    )
    assert browser.path == DONE


def test_after_five_wrong_tries_the_page_does_not_speak_of_time_alone(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    browser = issue(sign_in(customer_a)).get(MISSING)
    with services.store.write() as tx:
        ticket = tx.scalars(select(Ticket)).one()
        ticket.state, ticket.attempts, ticket.sealed_password_key = TicketState.VOID, 5, None
    browser.submit(MISSING + "resend")
    assert "期限が切れたか、間違いが続いたため" in browser.text


def test_an_issuance_is_withdrawn_and_made_again(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    browser = issue(sign_in(customer_a)).get(MISSING)
    browser.submit(MISSING + "withdraw")
    assert browser.path == MENU
    assert "お申込を取り消しました" in browser.text
    assert [one.ended_how for one in credentials(services, customer_a)] == [EndedHow.CANCELLED]
    assert issue(browser).path == DONE
