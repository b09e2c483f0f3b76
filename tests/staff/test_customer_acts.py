"""Acts on a customer's token at the console: done with a number and words, or refused with the reason."""

from __future__ import annotations

import pytest

from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, EndedHow, FobState, TokenKind
from provisioning.services import Services
from provisioning.store.queries.search import FoundBy, SearchScope, search_customers
from provisioning.store.tables import Credential, Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token
from tests.fixtures.typed import in_groups
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague


def page_of(customer: Customer) -> str:
    """The customer page's address."""
    return f"/staff/customers/{customer.id}/"


def credential_of(services: Services, customer: Customer) -> Credential:
    """The customer's only credential."""
    with services.store.read() as session:
        return session.query(Credential).filter_by(customer_id=customer.id).one()


def test_enter_opens_the_only_hit(teller_desk: Colleague, customer_a: Customer, customer_b: Customer) -> None:
    assert teller_desk.get(f"/staff/search/?q={customer_a.user_id}").path == page_of(customer_a)
    teller_desk.get("/staff/search/?q=見本")
    assert (teller_desk.path, teller_desk.says("2件見つかりました")) == ("/staff/search/", True)
    teller_desk.get("/staff/search/?q=だれもいない")
    assert teller_desk.says("あてはまるお客さまもトークンもありません")


def test_a_serial_that_nobody_had_opens_the_fob(teller_desk: Colleague, fob: Fob) -> None:
    assert teller_desk.get(f"/staff/search/?q={fob.serial.lower()}").path == f"/staff/stock/{fob.id}/"


def test_a_suspension_is_lifted_once(
    at_desk: AtDesk, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), clock())
    first, second = at_desk(name="窓口 一郎"), at_desk(name="窓口 二郎")
    for desk in (first, second):
        desk.get(page_of(customer_a))
        assert desk.says("利用停止", "事情を確かめて、利用停止を解除する")
    clock.advance(seconds=5)
    first.press(page_of(customer_a) + "lift")
    assert first.path.startswith("/staff/acts/")
    assert first.says("利用停止を解除しました", "お客さまへ", "取り消すには", "窓口 一郎", "K-0")
    clock.advance(seconds=1)
    second.press(page_of(customer_a) + "lift")
    assert second.path == page_of(customer_a)
    assert second.says("いまの状態では、この操作はできません", "することはありません")
    assert credential_of(services, customer_a).state is CredentialState.ACTIVE


def test_the_number_of_an_act_finds_the_customer_again(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    rows.change(services, Customer, customer_a.id, password_failures=5)
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("本人確認をして、パスワードのロックを解除する")
    teller_desk.press(page_of(customer_a) + "unlock")
    assert teller_desk.says("パスワードのロックを解除しました")
    number = int(teller_desk.path.rpartition("/")[2])
    (found,) = search_customers(services.store, SearchScope("dual", "本店"), f"K-{number:07d}")
    assert (found.id, found.found_by) == (customer_a.id, FoundBy.REFERENCE)
    assert teller_desk.get(f"/staff/search/?q=k-{number:07d}").path == page_of(customer_a)
    assert teller_desk.says("トークンの種類をお客さまと選ぶ")


@pytest.mark.parametrize(
    ("reason", "how", "fob_state", "sentence"),
    [
        (
            "customers_wish",
            EndedHow.RELEASED,
            FobState.HANDED_OVER,
            "新しいトークンは 2026年11月21日 00:00 から発行できます",
        ),
        ("lost", EndedHow.LOST, FobState.LOST, "このトークンの番号は、いまから使えません"),
        ("suspicion", EndedHow.REVOKED, FobState.HANDED_OVER, "を返していただき、返却として記録してください"),
    ],
)
@sqlite_only
def test_a_token_is_ended_for_a_reason(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock,
    reason: str, how: EndedHow, fob_state: FobState, sentence: str,
) -> None:  # fmt: skip
    give_token(services, customer_a, clock(), fob=fob)
    form = page_of(customer_a) + "end"
    teller_desk.get(form)
    assert "機種変更" not in teller_desk.text
    teller_desk.press(form, reason=reason, note="窓口で受付")
    assert teller_desk.says("トークンを終了しました", "窓口で受付", sentence)
    ended = credential_of(services, customer_a)
    assert (ended.state, ended.ended_how, ended.sealed_seed) == (CredentialState.ENDED, how, None)
    with services.store.read() as session:
        assert session.get_one(Fob, fob.id).state is fob_state


@sqlite_only
def test_an_end_without_a_reason_keeps_the_note(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock())
    form = page_of(customer_a) + "end"
    teller_desk.get(form)
    fields = {name: value for name, value in teller_desk.form(form).items() if name != "reason"}
    teller_desk.post(form, fields | {"note": "電話あり"})
    assert (teller_desk.path, teller_desk.says("理由を選んでください。")) == (form, True)
    assert teller_desk.form(form)["note"] == "電話あり"
    teller_desk.get(form)
    assert teller_desk.form(form)["note"] == "電話あり"
    assert credential_of(services, customer_a).state is CredentialState.ACTIVE


@sqlite_only
def test_an_old_page_cannot_end_a_new_token(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock())
    form = page_of(customer_a) + "end"
    teller_desk.get(form)
    teller_desk.press(form, credential_id="f" * 32, reason="suspicion")
    assert (teller_desk.path, teller_desk.says("画面を開いたあとで状態が変わりました")) == (
        page_of(customer_a),
        True,
    )
    assert credential_of(services, customer_a).state is CredentialState.ACTIVE


@sqlite_only
def test_codes_are_resynchronised_by_two_in_a_row(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock(), fob=fob)
    token.clock_offset_s = 5 * 60
    form = page_of(customer_a) + "resync"
    teller_desk.get(form)
    for first, second, sentence in (
        ("", "12345678", "1回目の番号を入力してください。"),
        ("12345678", "1234", "2回目の番号は表示されている桁数のとおりに入力してください。"),
        ("123456789", "12345678", "1回目の番号は表示されている桁数のとおりに入力してください。"),
        ("12345678", "1234-5678", "2回目の番号は数字だけで入力してください。"),
        ("1234567a", "12345678", "1回目の番号は数字だけで入力してください。"),
        (token.wrong(clock()), token.wrong(clock()), "2つの番号が続いていないか"),
    ):
        teller_desk.press(form, first=first, second=second)
        assert teller_desk.says(sentence), sentence
        assert not first or first not in teller_desk.page.text
    first, second = token.code(clock()), token.code(clock(), 1)
    clock.advance(seconds=70)
    teller_desk.get(form)
    teller_desk.press(form, first=in_groups(first), second=f"{second[:4]} {second[4:]}")
    assert teller_desk.says("番号の同期が終わりました", "学習したずれ")
    learned = credential_of(services, customer_a).drift_steps
    assert learned > 0
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says(f"+{learned * 60} 秒")
    clock.advance(seconds=1)
    teller_desk.press(page_of(customer_a) + "reset-drift")
    assert teller_desk.says("時計のずれを0に戻しました")
    assert credential_of(services, customer_a).drift_steps == 0


@sqlite_only
def test_a_soft_issuance_is_cancelled(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    rows.add_credential(services, customer_a, TokenKind.SOFT, clock())
    clock.advance(seconds=1)
    teller_desk.get(page_of(customer_a))
    teller_desk.press(page_of(customer_a) + "cancel-issuance")
    assert teller_desk.says("発行を取り消しました")
    assert credential_of(services, customer_a).ended_how is EndedHow.CANCELLED


@sqlite_only
def test_an_application_is_withdrawn_once(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    rows.add_application(services, customer_a, "261120-000001", clock())
    teller_desk.get("/staff/")
    assert teller_desk.says("261120-000001")
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("261120-000001", "申込のフォブを書き込んでお渡しする")
    action = page_of(customer_a) + "cancel-application"
    fields = teller_desk.form(action)
    teller_desk.press(action)
    assert teller_desk.says("申込を取り消しました")
    clock.advance(seconds=1)
    teller_desk.post(action, fields)
    assert teller_desk.says("いまの状態では、この操作はできません")


@sqlite_only
def test_the_page_tells_of_waiting_and_of_the_life_before(
    teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock(), fob=fob)
    form = page_of(customer_a) + "end"
    teller_desk.get(form)
    teller_desk.press(form, reason="customers_wish")
    clock.advance(minutes=1)
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says(
        "2026年11月21日 00:00 まで待つ", "使えなくなったフォブがお客さまのお手元にあります",
        "利用解除", fob.serial,
        "窓口でトークンを終了",
    )  # fmt: skip
    assert teller_desk.get(page_of(customer_a) + "issue/").path == page_of(customer_a)
    assert teller_desk.says("まだ発行できません")


@sqlite_only
def test_the_help_desk_sees_how_a_clock_went_and_sets_it_back_from_the_fobs_page(
    at_desk: AtDesk, teller_desk: Colleague, services: Services, customer_a: Customer, fob: Fob,
    clock: MovableClock,
) -> None:  # fmt: skip
    token = give_token(services, customer_a, clock(), fob=fob)
    page = f"/staff/stock/{fob.id}/"
    assert "時計のずれの記録" not in teller_desk.get(page).text
    token.clock_offset_s = 60
    verify(services, VerifyCommand("dual", token.user_id, token.code(clock()), SYSTEM), clock())
    reset = page_of(customer_a) + "reset-drift"
    assert reset not in at_desk(role=StaffRole.AUDITOR, name="監査 三郎").get(page).page.text
    teller_desk.get(page)
    assert teller_desk.says("時計のずれの記録", "+60 秒", "ワンタイムパスワードの確認")
    clock.advance(seconds=1)
    teller_desk.press(reset)
    assert teller_desk.says("時計のずれを0に戻しました")
    assert teller_desk.get(page).says("時計のずれの記録", "+60 秒", "時計のずれを初期化", "窓口 花子")
    assert reset not in teller_desk.page.text
