"""Whatever befalls a token in use is told to every stored address, in the act's own transaction (R45)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioning.errors import StoreFault, StoreUnavailable
from provisioning.jobs import tell_of_end
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.mail.notice_texts import NOTICES
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.institution import Institution
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import CredentialState, EndedHow, EndReason
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob
from tests.fixtures.addresses import deliver, owed, store_address, text_of
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token, read_credential

Act = Callable[[Services, Token, datetime], object]


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One that lowers the limit and suspends after two wrong codes."""
    return {DUAL.id: replace(DUAL, transfer_limit_cap_yen=200_000, failure_limit=2)}


@pytest.fixture
def customer(services: Services, now: datetime) -> Customer:
    """With a token's address in Japanese, an older one that was replaced, and one in English not confirmed."""
    customer = add_customer(services, "999800000077", transfer_limit_yen=1_000_000)
    store_address(services, customer, "old@mihon.example", retired_at=now, language="en")
    store_address(services, customer, "taro@mihon.example")
    store_address(services, customer, "stranger@mihon.example", AddressUse.NOTICES, confirmed_at=None)
    return customer


def put_into_use(services: Services, token: Token, now: datetime) -> None:
    result = activate(services, ActivateCommand(DUAL.id, token.user_id, token.code(now), SYSTEM), now)
    assert result.outcome is Outcome.ACCEPTED


def release_it(services: Services, token: Token, now: datetime) -> None:
    command = ReleaseCommand(DUAL.id, token.user_id, token.code(now), CONFIRMATION_PASSWORD, SYSTEM)
    assert release(services, command, now).outcome is Outcome.ACCEPTED


def suspend(services: Services, token: Token, now: datetime) -> None:
    for _ in range(2):
        verify(services, VerifyCommand(DUAL.id, token.user_id, token.wrong(now), SYSTEM), now)


def end(how: EndedHow) -> Act:
    return lambda services, token, now: revoke(
        services, RevokeCommand(DUAL.id, token.credential_id, how, SYSTEM), now
    )


def report_broken(services: Services, token: Token, now: datetime) -> None:
    end_token(services, EndTokenCommand(DUAL.id, token.credential_id, EndReason.BROKEN, SYSTEM), now)


SUBJECTS: dict[MailKind, tuple[Act, CredentialState, str, bool]] = {
    MailKind.TOKEN_ACTIVATED: (put_into_use, CredentialState.SET_UP, "利用開始のお知らせ", False),
    MailKind.TOKEN_RELEASED: (release_it, CredentialState.ACTIVE, "利用解除のお知らせ", True),
    MailKind.TOKEN_REVOKED: (report_broken, CredentialState.ACTIVE, "トークン失効のお知らせ", True),
    MailKind.TOKEN_LOST: (end(EndedHow.LOST), CredentialState.ACTIVE, "紛失のお届けのお知らせ", True),
    MailKind.TOKEN_SUSPENDED: (suspend, CredentialState.ACTIVE, "利用停止のお知らせ", False),
}


@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_stored_address_is_told_also_the_one_just_replaced(
    services: Services, customer: Customer, now: datetime, kind: MailKind
) -> None:
    act, state, subject, lowers = SUBJECTS[kind]
    act(services, give_token(services, customer, now, state), now)
    assert {mail.kind for mail in owed(services, customer)} == {kind}
    told = {mail.recipient: text_of(mail) for mail in deliver(services, now)}
    assert set(told) == {"taro@mihon.example", "old@mihon.example"}
    japanese, english = told["taro@mihon.example"], told["old@mihon.example"]
    assert subject in japanese
    assert "2026年11月20日 12:00" in japanese
    assert ("200,000円に引き下げました" in japanese) is lowers
    assert ("lowered to 200,000 yen" in english) is lowers
    assert "お心当たりのない場合は、すぐに下記までご連絡ください" in japanese
    assert "If this was not you, please call us at once." in english
    assert all(DUAL.contact_phone in text for text in told.values())


def test_an_expired_token_is_told_of(services: Services, customer: Customer, now: datetime, fob: Fob) -> None:
    give_token(services, customer, now, fob=fob)
    with services.store.write() as tx:
        tx.get_one(Fob, fob.id).expires_at = now
    expire_credentials(services, now)
    assert {mail.kind for mail in owed(services, customer)} == {MailKind.TOKEN_EXPIRED}


@pytest.mark.parametrize("kind", sorted(NOTICES))
@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_notice_has_a_link_a_password_or_whose_it_is(kind: MailKind, language: str) -> None:
    text = NOTICES[kind]
    told = text.subject.in_language(language) + text.body.in_language(language)
    assert not re.search(r"https?:|www\.|\{code\}|\{user_id\}", told)
    assert ("{name}" in told) is (kind is MailKind.MAIL_PASSWORD_STARTED), "the manual's own mail begins with it"


@sqlite_only
def test_one_wrong_code_is_not_told_of(services: Services, customer: Customer, now: datetime) -> None:
    token = give_token(services, customer, now)
    verify(services, VerifyCommand(DUAL.id, token.user_id, token.wrong(now), SYSTEM), now)
    assert owed(services, customer) == []


@sqlite_only
def test_a_token_that_was_never_in_use_ends_without_a_notice(
    services: Services, customer: Customer, now: datetime
) -> None:
    give_token(services, customer, now, CredentialState.SET_UP)
    expire_credentials(services, now + timedelta(days=365))
    assert owed(services, customer) == []


@sqlite_only
def test_an_address_with_two_uses_is_told_once(services: Services, customer: Customer, now: datetime) -> None:
    store_address(services, customer, "taro@mihon.example", AddressUse.NOTICES)
    end(EndedHow.LOST)(services, give_token(services, customer, now), now)
    assert len(owed(services, customer)) == 2


@sqlite_only
def test_a_notice_says_nothing_about_the_next_tokens_mail(
    services: Services, customer: Customer, now: datetime
) -> None:
    end(EndedHow.LOST)(services, give_token(services, customer, now), now)
    assert all(mail.credential_id is None for mail in owed(services, customer))


def test_a_token_does_not_end_without_its_notice(
    services: Services, customer: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails between the two: neither is there (R62)."""

    def fail(*_: object) -> None:
        raise StoreUnavailable(StoreFault.FULL)

    token = give_token(services, customer, now)
    monkeypatch.setattr(tell_of_end, "owe_notices", fail)
    with pytest.raises(StoreUnavailable):
        end(EndedHow.LOST)(services, token, now)
    assert read_credential(services, token).state is CredentialState.ACTIVE
    with services.store.read() as tx:
        assert tx.get_one(Credential, token.credential_id).sealed_seed is not None
