"""BOT001 → BOT003 → BOT002 and BOT004: bad input, steps out of order, posts made twice (R16, R60, R75)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from provisioning.jobs.passwords import CheckConfirmationCommand, check_confirmation
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, OutboxMail, WebSession
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.fixtures.typed import full_width, in_groups
from tests.portal.conftest import MovableClock, SignIn
from tests.portal.visitor import Visitor

pytestmark = sqlite_only

ENTRY = "/portal/token/soft/"
CHECK = "/portal/token/soft/check"
DONE = "/portal/token/soft/done"
MENU = "/portal/token/"
MISSING = "/portal/token/soft/mail/"
ADDRESS = "taro@sample.example"
GOOD = {
    "mail_address": ADDRESS,
    "mail_address_again": ADDRESS,
    "activation_password": "482193",
    "activation_password_again": "482193",
}
# the user ID of customer A is 123456780001, the service ID 10112231
BAD = [
    ({"mail_address": ""}, "メールアドレスを入力してください"),
    ({"mail_address": "taro"}, "「名前@ドメイン」の形"),
    ({"mail_address": "taro@sample.example\r\nBcc: x@evil.example"}, "「名前@ドメイン」の形"),
    ({"mail_address": "太郎@sample.example"}, "「名前@ドメイン」の形"),
    ({"mail_address": f"{'a' * 250}@sample.example"}, "「名前@ドメイン」の形"),
    ({"mail_address_again": "hanako@sample.example"}, "メールアドレスが確認用と一致していません"),
    ({"mail_address_again": ""}, "メールアドレスが確認用と一致していません"),
    ({"activation_password": ""}, "利用開始パスワードを入力してください"),
    ({"activation_password": "123"}, "4～8桁"),
    ({"activation_password": "482193765"}, "4～8桁"),
    ({"activation_password": "abc123"}, "半角数字だけ"),
    ({"activation_password": "48-2193"}, "半角数字だけ"),
    ({"activation_password": "1111"}, "同じ数字の繰り返しや続き番号"),
    ({"activation_password": "1234"}, "同じ数字の繰り返しや続き番号"),
    ({"activation_password": "87654321"}, "同じ数字の繰り返しや続き番号"),
    ({"activation_password": "0001"}, "サービスIDやユーザIDの一部"),
    ({"activation_password": "11223"}, "サービスIDやユーザIDの一部"),
    ({"activation_password_again": "482194"}, "利用開始パスワードが確認用と一致していません"),
]


def credentials(services: Services, customer: Customer) -> list[Credential]:
    """Every credential the customer ever had."""
    with services.store.read() as tx:
        return list(tx.scalars(select(Credential).where(Credential.customer_id == customer.id)))


def issue(browser: Visitor) -> Visitor:
    """All three screens, without a mistake."""
    browser.get(ENTRY).submit(ENTRY, **GOOD)
    return browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)


def test_three_screens_issue_a_token(sign_in: SignIn, customer_a: Customer, services: Services) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    assert browser.path == CHECK
    assert ADDRESS in browser.text
    assert "482193" not in browser.page.text
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == DONE
    for shown in (ADDRESS, "10112231", "123456780001"):
        assert shown in browser.text
    assert [one.state for one in credentials(services, customer_a)] == [CredentialState.ISSUED]


def test_entries_are_read_as_they_are_meant(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(
        ENTRY, **GOOD | {"mail_address": full_width(ADDRESS), "activation_password": in_groups("482193")}
    )
    assert (browser.path, ADDRESS in browser.text) == (CHECK, True)


@pytest.mark.parametrize(("change", "words"), BAD)
def test_bad_entries_say_what_to_type_and_lose_nothing(
    sign_in: SignIn, customer_a: Customer, services: Services, change: dict[str, str], words: str
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    typed = GOOD | change
    if "activation_password" in change:
        typed["activation_password_again"] = typed["activation_password"]
    browser.submit(ENTRY, **typed)
    assert browser.path == ENTRY
    assert words in browser.text
    kept = browser.form(ENTRY)
    assert kept["mail_address_again"] == typed["mail_address_again"]
    assert kept["activation_password"] == ""
    assert credentials(services, customer_a) == []


@pytest.mark.parametrize(("language", "words"), [("ja", "6桁以上をおすすめします"), ("en", "we advise 6 or more")])
def test_longer_passwords_are_advised(sign_in: SignIn, customer_a: Customer, language: str, words: str) -> None:
    browser = sign_in(customer_a)
    browser.get(f"/language/{language}?next={ENTRY}")
    assert (browser.path, words in browser.text) == (ENTRY, True)


def test_two_mistakes_are_both_told(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **(GOOD | {"mail_address_again": "x", "activation_password": "1111"}))
    assert "メールアドレスが確認用と一致していません" in browser.text
    assert "同じ数字の繰り返しや続き番号" in browser.text


def test_errors_are_shown_again_after_a_reload_and_gone_after_the_next_post(
    sign_in: SignIn, customer_a: Customer
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **(GOOD | {"activation_password": "1111"}))
    assert "同じ数字の繰り返し" in browser.get(ENTRY).text
    browser.submit(ENTRY, **GOOD)
    assert "同じ数字の繰り返し" not in browser.get(ENTRY).text


def test_a_field_the_screen_lacks_is_refused(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD, customer_id="another")
    assert browser.page.status_code == 422
    assert browser.get(CHECK).path == ENTRY


def test_steps_out_of_order_lead_to_the_first(sign_in: SignIn, customer_a: Customer, services: Services) -> None:
    browser = sign_in(customer_a)
    assert browser.get(CHECK).path == ENTRY
    assert browser.get(DONE).path == MENU
    assert browser.get(MISSING).path == MENU
    csrf = browser.get(ENTRY).form(ENTRY)["csrf_token"]
    browser.post(CHECK, {"csrf_token": csrf, "confirmation_password": CONFIRMATION_PASSWORD})
    assert browser.path == ENTRY
    assert credentials(services, customer_a) == []


def test_a_post_without_its_token_is_refused(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.post(ENTRY, GOOD)
    assert browser.page.status_code == 400


def test_going_back_keeps_the_address_and_not_the_password(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    assert ENTRY in browser.links
    kept = browser.get(ENTRY).form(ENTRY)
    assert kept["mail_address"] == ADDRESS
    assert kept["activation_password"] == ""


def test_cancelling_forgets_everything(sign_in: SignIn, customer_a: Customer, services: Services) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    browser.submit("/portal/token/cancel")
    assert browser.path == MENU
    assert "何も変更されていません" in browser.text
    assert browser.get(CHECK).path == ENTRY
    assert browser.form(ENTRY)["mail_address"] == ""
    assert credentials(services, customer_a) == []


def test_reloading_the_check_keeps_it(sign_in: SignIn, customer_a: Customer) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    assert ADDRESS in browser.get(CHECK).get(CHECK).text


def test_a_confirmation_sent_twice_issues_once(sign_in: SignIn, customer_a: Customer, services: Services) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    fields = browser.form(CHECK) | {"confirmation_password": CONFIRMATION_PASSWORD}
    browser.post(CHECK, fields)
    browser.post(CHECK, fields)
    assert browser.path == DONE
    assert len(credentials(services, customer_a)) == 1
    with services.store.read() as tx:
        assert len(tx.scalars(select(OutboxMail)).all()) == 1


def test_back_from_done_leads_to_done(sign_in: SignIn, customer_a: Customer) -> None:
    browser = issue(sign_in(customer_a))
    assert browser.get(CHECK).path == DONE
    assert browser.get(ENTRY).path == DONE
    assert browser.get(DONE).path == DONE


@pytest.mark.parametrize("typed", ["", "wrong1", "kakunin99", "ｋａｋｕｎｉｎ"])
def test_a_wrong_confirmation_password_issues_nothing(
    sign_in: SignIn, customer_a: Customer, services: Services, typed: str
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    browser.submit(CHECK, confirmation_password=typed)
    assert browser.path == CHECK
    assert "確認用パスワード" in browser.text
    assert credentials(services, customer_a) == []
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == DONE


def test_a_locked_confirmation_password_says_so(
    sign_in: SignIn, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **GOOD)
    while not _locked(services, customer_a, clock):
        browser.submit(CHECK, confirmation_password="wrong1")
    browser.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    assert browser.path == CHECK
    assert "ご利用を停止しています" in browser.text


def _locked(services: Services, customer: Customer, clock: MovableClock) -> bool:
    command = CheckConfirmationCommand("dual", customer.id, "wrong2", customer_actor(customer))
    return check_confirmation(services, command, clock()).locked


def test_what_was_typed_does_not_lie_in_the_database(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.submit(ENTRY, **(GOOD | {"mail_address_again": "x"}))
    browser.submit(ENTRY, **GOOD)
    with services.store.read() as tx:
        states = [str(row.state) for row in tx.scalars(select(WebSession))]
    assert any("BOT001" in state for state in states)
    for state in states:
        assert "482193" not in state
        assert ADDRESS not in state


def test_another_customers_session_knows_nothing_of_it(
    sign_in: SignIn, customer_a: Customer, customer_b: Customer
) -> None:
    sign_in(customer_a).get(ENTRY).submit(ENTRY, **GOOD)
    other = sign_in(customer_b)
    assert other.get(CHECK).path == ENTRY
    assert other.form(ENTRY)["mail_address"] == ""


def test_another_sessions_form_is_refused(sign_in: SignIn, customer_a: Customer, customer_b: Customer) -> None:
    fields = sign_in(customer_a).get(ENTRY).form(ENTRY) | GOOD
    other = sign_in(customer_b).get(ENTRY)
    other.post(ENTRY, fields)
    assert other.page.status_code == 400


def test_two_browsers_of_one_customer_get_one_token(
    sign_in: SignIn, customer_a: Customer, services: Services
) -> None:
    first, second = sign_in(customer_a).get(ENTRY), sign_in(customer_a).get(ENTRY)
    for browser in (first, second):
        browser.submit(ENTRY, **GOOD)
    first.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    second.submit(CHECK, confirmation_password=CONFIRMATION_PASSWORD)
    assert first.path == DONE
    assert second.path == MENU
    assert "先にお手続きが行われました" in second.text
    assert len(credentials(services, customer_a)) == 1


def test_done_is_there_after_signing_in_again_with_the_address_masked(
    sign_in: SignIn, customer_a: Customer
) -> None:
    issue(sign_in(customer_a))
    later = sign_in(customer_a).get(DONE)
    assert later.path == DONE
    assert "t***@sample.example" in later.text
    assert ADDRESS not in later.text


def test_english_from_the_switch_on(sign_in: SignIn, customer_a: Customer, services: Services) -> None:
    browser = sign_in(customer_a).get(ENTRY)
    browser.get("/language/en?next=/portal/token/soft/")
    assert browser.path == ENTRY
    browser.submit(ENTRY, **(GOOD | {"activation_password": "1111"}))
    assert "Repeated or consecutive digits are easy to guess" in browser.text
    assert issue(browser).path == DONE
    with services.store.read() as tx:
        assert tx.scalars(select(OutboxMail)).one().language == "en"
