"""Taking up, changing and ending the mail password (manual 002), and never beside a token (R44)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.jobs import propose_address as propose_address_module
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.confirm_address import ConfirmAddressCommand, confirm_address
from provisioning.jobs.end_mail_password import EndMailPasswordCommand, end_mail_password
from provisioning.jobs.propose_address import ProposeAddressCommand, Proposed, propose_address
from provisioning.jobs.prove_purpose import Proved
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.institution import Institution
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import Customer, CustomerAddress
from tests.fixtures.addresses import deliver, owed, store_address, stored_addresses, text_of
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import ADDRESS, LOGIN, ask, codes_in, read_code, use_mail_password, wrong
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer, customer_actor
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import Token, give_token

NEW = "new@mihon.example"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {DUAL.id: replace(DUAL, mail_password=True), OTHER.id: OTHER}


@pytest.fixture
def customer(services: Services) -> Customer:
    return add_customer(services, "999800000062")


def propose(
    services: Services, customer: Customer, now: datetime, mail_address: str = NEW, mail_password: str = ""
) -> Proposed:
    command = ProposeAddressCommand(
        institution_id=customer.institution_id,
        customer_id=customer.id,
        use=AddressUse.MAIL_PASSWORD,
        mail_address=mail_address,
        mail_address_again=None,
        language="ja",
        login=LOGIN,
        actor=customer_actor(customer),
        mail_password=mail_password,
    )
    return propose_address(services, command, now)


def confirm(
    services: Services,
    customer: Customer,
    now: datetime,
    proposed: Proposed,
    code: str,
    confirmation_password: str | None = CONFIRMATION_PASSWORD,
) -> Proved:
    command = ConfirmAddressCommand(
        institution_id=customer.institution_id,
        customer_id=customer.id,
        address_id=proposed.address_id or "",
        login=LOGIN,
        mail_password=code,
        confirmation_password=confirmation_password,
        actor=customer_actor(customer),
    )
    return confirm_address(services, command, now)


def in_use(services: Services, customer: Customer) -> list[str]:
    """The addresses that passwords by mail are sent to."""
    assert services.addresses is not None
    return [
        services.addresses.open(row)
        for row in stored_addresses(services, customer)
        if row.use is AddressUse.MAIL_PASSWORD and row.confirmed_at and not row.retired_at
    ]


def activated(services: Services, token: Token, now: datetime) -> None:
    result = activate(services, ActivateCommand(DUAL.id, token.user_id, token.code(now), SYSTEM), now)
    assert result.outcome is Outcome.ACCEPTED


def test_it_is_taken_up_with_what_was_sent_to_the_new_address(
    services: Services, customer: Customer, now: datetime
) -> None:
    store_address(services, customer, "phone@mihon.example")
    proposed = propose(services, customer, now)
    (mail,) = deliver(services, now)
    assert mail.recipient == NEW
    (code,) = codes_in([text_of(mail)])
    assert in_use(services, customer) == []
    assert confirm(services, customer, now, proposed, code).outcome is Outcome.ACCEPTED
    assert in_use(services, customer) == [NEW]
    told = [(mail.recipient, text_of(mail)) for mail in deliver(services, now)]
    started = sorted(to for to, words in told if "利用開始のご案内" in words)
    assert started == [NEW, "phone@mihon.example"]
    assert [to for to, words in told if "利用変更完了" in words] == [NEW]
    assert any(f"{customer.name} 様" in words and "利用開始をうけつけましたので" in words for _, words in told)


def test_an_address_is_changed_with_the_current_one_and_the_new_ones(
    services: Services, customer: Customer, now: datetime
) -> None:
    use_mail_password(services, customer)
    current = ask(services, customer, now)
    proposed = propose(services, customer, now, mail_password=current)
    sent = read_code(services, now)
    assert confirm(services, customer, now, proposed, sent).outcome is Outcome.ACCEPTED
    assert in_use(services, customer) == [NEW]
    told = {mail.recipient: text_of(mail) for mail in deliver(services, now)}
    assert set(told) == {NEW, ADDRESS}, "the old one is told, too"
    assert "利用変更完了" in told[NEW]
    assert "メールアドレス変更" in told[ADDRESS]


@sqlite_only
def test_the_one_sent_to_the_new_address_stays_good_in_this_login(
    services: Services, customer: Customer, now: datetime
) -> None:
    proposed = propose(services, customer, now)
    code = read_code(services, now)
    confirm(services, customer, now, proposed, code)
    assert propose(services, customer, now, "third@mihon.example", code).outcome is Outcome.ACCEPTED


@sqlite_only
def test_a_change_needs_the_current_one(services: Services, customer: Customer, now: datetime) -> None:
    use_mail_password(services, customer)
    current = ask(services, customer, now)
    refused = propose(services, customer, now, mail_password=wrong(current))
    assert (refused.address_id, refused.reason) == (None, Reason.MAIL_PASSWORD_WRONG)
    with pytest.raises(BadInput) as missing:
        propose(services, customer, now)
    assert missing.value == BadInput("mail_password", InputFault.MISSING)
    assert deliver(services, now) == []


@sqlite_only
def test_what_was_sent_to_an_address_not_confirmed_is_not_the_current_one(
    services: Services, customer: Customer, now: datetime
) -> None:
    use_mail_password(services, customer)
    current = ask(services, customer, now)
    propose(services, customer, now, mail_password=current)
    sent = read_code(services, now)
    again = propose(services, customer, now, "third@mihon.example", sent)
    assert again.reason is Reason.MAIL_PASSWORD_WRONG


@sqlite_only
@pytest.mark.parametrize(
    ("code", "confirmation_password", "reason"),
    [
        (wrong, CONFIRMATION_PASSWORD, Reason.MAIL_PASSWORD_WRONG),
        (str, "Chigau99", Reason.CONFIRMATION_WRONG),
        (wrong, "Chigau99", Reason.CONFIRMATION_WRONG),
    ],
)
def test_either_password_missing_the_mark_changes_nothing(
    services: Services,
    customer: Customer,
    now: datetime,
    code: Callable[[str], str],
    confirmation_password: str,
    reason: Reason,
) -> None:
    proposed = propose(services, customer, now)
    sent = read_code(services, now)
    refused = confirm(services, customer, now, proposed, code(sent), confirmation_password)
    assert (refused.outcome, refused.reason) == (Outcome.REFUSED, reason)
    assert in_use(services, customer) == []


@sqlite_only
def test_an_address_entered_anew_takes_the_place_of_the_one_before(
    services: Services, customer: Customer, now: datetime
) -> None:
    mistyped = propose(services, customer, now, "stranger@mihon.example")
    code = read_code(services, now)
    propose(services, customer, now)
    with pytest.raises(NotFound):
        confirm(services, customer, now, mistyped, code)
    assert [row.confirmed_at for row in stored_addresses(services, customer)] == [None]


@sqlite_only
def test_another_customers_address_is_not_found(
    services: Services, customer: Customer, customer_a: Customer, now: datetime
) -> None:
    proposed = propose(services, customer, now)
    code = read_code(services, now)
    with pytest.raises(NotFound):
        confirm(services, customer_a, now, proposed, code)


@sqlite_only
def test_the_address_it_is_sent_to_now_is_no_change(services: Services, customer: Customer, now: datetime) -> None:
    use_mail_password(services, customer)
    with pytest.raises(BadInput) as refused:
        propose(services, customer, now, ADDRESS.upper(), ask(services, customer, now))
    assert refused.value == BadInput("mail_address", InputFault.UNCHANGED)


@sqlite_only
def test_an_institution_without_it_offers_none(services: Services, now: datetime) -> None:
    with pytest.raises(BadInput) as refused:
        propose(services, add_customer(services, "B1", OTHER.id), now)
    assert refused.value == BadInput("use", InputFault.NOT_OFFERED)


def test_it_ends_with_the_current_one(services: Services, customer: Customer, now: datetime) -> None:
    use_mail_password(services, customer)
    current = ask(services, customer, now)
    command = EndMailPasswordCommand(DUAL.id, customer.id, LOGIN, current, CONFIRMATION_PASSWORD, SYSTEM)
    refused = end_mail_password(services, replace(command, mail_password=wrong(current)), now)
    assert refused.reason is Reason.MAIL_PASSWORD_WRONG
    assert end_mail_password(services, command, now).outcome is Outcome.ACCEPTED
    assert in_use(services, customer) == []
    (mail,) = deliver(services, now)
    assert (mail.recipient, "利用変更完了" in text_of(mail)) == (ADDRESS, True)
    with pytest.raises(WrongState):
        end_mail_password(services, command, now)


def test_an_address_taken_into_use_meanwhile_is_not_changed_without_its_password(
    services: Services, customer: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed = propose(services, customer, now)
    code = read_code(services, now)
    look = propose_address_module._before

    def and_then_it_is_confirmed(*given: Any) -> CustomerAddress | None:
        before = look(*given)
        if before is None:
            assert confirm(services, customer, now, proposed, code).outcome is Outcome.ACCEPTED
        return before

    monkeypatch.setattr(propose_address_module, "_before", and_then_it_is_confirmed)
    with pytest.raises(BadInput) as refused:
        propose(services, customer, now, "third@mihon.example")
    assert refused.value == BadInput("mail_password", InputFault.MISSING)
    assert len(stored_addresses(services, customer)) == 1


# R44, in both orders


def test_activation_of_a_token_ends_the_mail_password(
    services: Services, customer: Customer, now: datetime
) -> None:
    use_mail_password(services, customer)
    activated(services, give_token(services, customer, now, CredentialState.SET_UP), now)
    assert in_use(services, customer) == []
    (mail,) = deliver(services, now)
    assert mail.recipient == ADDRESS
    assert "メール通知パスワードのご利用を終わりました" in text_of(mail)
    with pytest.raises(WrongState):
        ask(services, customer, now)


@sqlite_only
def test_a_refused_activation_leaves_it(services: Services, customer: Customer, now: datetime) -> None:
    use_mail_password(services, customer)
    token = give_token(services, customer, now, CredentialState.SET_UP)
    activate(services, ActivateCommand(DUAL.id, token.user_id, token.wrong(now), SYSTEM), now)
    assert in_use(services, customer) == [ADDRESS]


@pytest.mark.parametrize(
    "state", [state for state in CredentialState if state is not CredentialState.ENDED], ids=lambda state: state
)
def test_it_is_not_taken_up_beside_a_token(
    services: Services, customer: Customer, now: datetime, state: CredentialState
) -> None:
    proposed = propose(services, customer, now)
    code = read_code(services, now)
    give_token(services, customer, now, state)
    with pytest.raises(WrongState) as refused:
        propose(services, customer, now)
    assert refused.value == WrongState("credential", state.value)
    with pytest.raises(WrongState):
        confirm(services, customer, now, proposed, code)
    assert in_use(services, customer) == []


@sqlite_only
def test_it_may_be_taken_up_again_once_the_token_ended(
    services: Services, customer: Customer, now: datetime
) -> None:
    token = give_token(services, customer, now)
    revoke(services, RevokeCommand(DUAL.id, token.credential_id, EndedHow.REVOKED, SYSTEM), now)
    proposed = propose(services, customer, now)
    code = read_code(services, now)
    assert confirm(services, customer, now, proposed, code).outcome is Outcome.ACCEPTED


def test_activation_and_taking_it_up_at_once_never_leave_both(services: Services, now: datetime) -> None:
    for number in range(4):
        customer = add_customer(services, f"9998000001{number:02d}")
        proposed = propose(services, customer, now)
        code = read_code(services, now)

        def take_up(customer: Customer = customer, proposed: Proposed = proposed, code: str = code) -> None:
            with suppress(WrongState):
                confirm(services, customer, now, proposed, code, None)

        def begin(customer: Customer = customer) -> None:
            activated(services, give_token(services, customer, now, CredentialState.SET_UP), now)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(take_up), pool.submit(begin)]:
                done.result()
        assert in_use(services, customer) == []


@sqlite_only
def test_notices_go_to_the_mail_passwords_address_until_it_is_erased(
    services: Services, customer: Customer, now: datetime
) -> None:
    use_mail_password(services, customer)
    token = give_token(services, customer, now, CredentialState.SET_UP)
    activated(services, token, now)
    revoke(services, RevokeCommand(DUAL.id, token.credential_id, EndedHow.LOST, SYSTEM), now + timedelta(days=1))
    assert [mail.kind for mail in owed(services, customer)] == [MailKind.TOKEN_ACTIVATED, MailKind.TOKEN_LOST]
