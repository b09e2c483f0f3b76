"""So many issuances, then none until the restriction is lifted: exact at the boundary, whoever asks (R40)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioning.errors import IssueRestricted, WrongState
from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperAct, PaperKind
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob
from tests.core.papers import LIMIT, ON_PAPER, carry_out, hand_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.soft.issuing import issue

MINUTE = timedelta(minutes=1)


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Three issuances and no more."""
    return ON_PAPER


def use_up(services: Services, customer: Customer, now: datetime, times: int = LIMIT) -> None:
    """So many tokens that were set up and ended."""
    for _ in range(times):
        end(services, give_token(services, customer, now, CredentialState.SET_UP).credential_id, now)


def end(services: Services, credential_id: str, now: datetime) -> None:
    revoke(services, RevokeCommand("dual", credential_id, EndedHow.CANCELLED, SYSTEM), now)


def test_the_last_one_is_issued_and_the_next_is_not(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    use_up(services, customer_a, now, LIMIT - 1)
    use_up(services, customer_a, now, 1)
    with pytest.raises(IssueRestricted):
        issue(services, customer_a, now)
    with pytest.raises(IssueRestricted):
        reserve_fob(services, ReserveFobCommand("dual", customer_a.id, fob.id, SYSTEM), now)
    with pytest.raises(IssueRestricted):
        apply(services, ApplyCommand("dual", customer_a.id, TokenKind.HARD, SYSTEM), now)
    with services.store.read() as tx:
        assert tx.query(Credential).filter_by(customer_id=customer_a.id).count() == LIMIT, "nothing is left of it"
        assert tx.get_one(Fob, fob.id).state == "in_stock"
    assert issue(services, customer_b, now), "another's count is another's"


def test_only_what_was_set_up_counts(services: Services, customer_a: Customer, now: datetime) -> None:
    for _ in range(LIMIT + 1):
        end(services, give_token(services, customer_a, now, CredentialState.ISSUED).credential_id, now)
    use_up(services, customer_a, now, LIMIT - 1)
    issued = issue(services, customer_a, now)
    for _ in range(LIMIT):
        resend_issue_mail(services, ResendIssueMailCommand("dual", issued.credential_id, None, SYSTEM), now)
    end(services, issued.credential_id, now)
    assert issue(services, customer_a, now), "mails sent again are no issuances"


def test_a_paper_lifts_it_and_the_count_begins_anew(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    paper_id = hand_in(services, customer_a, PaperKind.ISSUE_RESTRICTION, now)
    use_up(services, customer_a, now, LIMIT - 1)
    with pytest.raises(WrongState):
        carry_out(services, paper_id, PaperAct.LIFT_RESTRICTION, now)
    use_up(services, customer_a, now, 1)
    carry_out(services, paper_id, PaperAct.LIFT_RESTRICTION, now)
    use_up(services, customer_a, now)
    with pytest.raises(IssueRestricted):
        issue(services, customer_a, now + MINUTE)
    again = hand_in(services, customer_a, PaperKind.ISSUE_RESTRICTION, now, form_number="A-0002")
    carry_out(services, again, PaperAct.LIFT_RESTRICTION, now)
    assert issue(services, customer_a, now)


def try_to_open(services: Services, customer: Customer, now: datetime) -> str:
    try:
        with services.store.write() as tx:
            return open_credential(tx, services, customer, TokenKind.SOFT, now, SYSTEM).id
    except IssueRestricted:
        return "restricted"


def test_many_at_once_get_no_more_than_the_limit(services: Services, customer_a: Customer, now: datetime) -> None:
    use_up(services, customer_a, now)
    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: try_to_open(services, customer_a, now), range(16)))
    assert answers == {"restricted"}


@sqlite_only
def test_without_a_limit_nobody_is_restricted(services: Services, customer_a: Customer, now: datetime) -> None:
    unlimited = replace(services, institutions={DUAL.id: DUAL})
    use_up(unlimited, customer_a, now, LIMIT + 2)
    assert issue(unlimited, customer_a, now)
