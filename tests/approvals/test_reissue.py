"""A token without release at the counter takes a second person; what a customer released is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import (
    ApprovalFault,
    ApprovalNeeded,
    ApprovalRefused,
)
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.end_approval import (
    expire_approvals,
)
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.issue_soft import issue_soft, refuse_without_grant
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovalRules, ApprovalState, ApprovedAct
from provisioning.rules.states import EndedHow, EndReason
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob
from tests.approvals.conftest import Colleague, read_request
from tests.approvals.steps import facts_of, soft
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token, read_credential

pytestmark = sqlite_only


REISSUE = ApprovalRules((ApprovedAct.REISSUE,))


@pytest.fixture
def careful(services: Services) -> Services:
    """Only a token without release takes a second person."""
    return replace(services, institutions={DUAL.id: replace(DUAL, approval=REISSUE, reissue_next_day=False)})


def end(services: Services, token: Token, reason: EndReason, actor: Actor, now: datetime) -> None:
    end_token(services, EndTokenCommand("dual", token.credential_id, reason, actor), now)


def test_a_soft_token_without_release_is_issued_on_a_grant(
    careful: Services, customer_a: Customer, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    assert issue_soft(careful, soft(customer_a, teller_actor), now), "the first one takes nobody"
    cancel_first(careful, now, teller_actor)
    end(careful, give_token(careful, customer_a, now), EndReason.LOST, teller_actor, now)
    command = soft(customer_a, teller_actor)
    for refused in (refuse_without_grant, issue_soft):
        with pytest.raises(ApprovalNeeded) as needed:
            refused(careful, command, now)
        assert needed.value.acts == ("reissue_without_release",)
    asked = ask_approval(careful, command, now)
    words = read_request(careful, asked).payload
    assert b"48210937" not in words, "the password is the customer's alone"
    assert b"hanako@" not in words
    assert facts_of(careful, asked)["unreleased"] == "lost"
    approver.services = careful
    assert approver.approves(asked, now) is ApprovalState.GRANTED
    with pytest.raises(ApprovalRefused) as changed:
        issue_soft(careful, soft(customer_a, teller_actor, "other@carrier.example"), now)
    assert changed.value.fault is ApprovalFault.MOVED_ON
    with pytest.raises(ApprovalNeeded):
        issue_soft(careful, soft(customer_a, approver.actor), now)
    refuse_without_grant(careful, command, now)
    issued = issue_soft(careful, command, now)
    assert read_request(careful, asked).state is ApprovalState.DONE
    with careful.store.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.act == "issue_soft").order_by(AuditEntry.id.desc())
        )
        assert entry.first().facts["approver"] == approver.row.id  # type: ignore[union-attr]
    again = ResendIssueMailCommand("dual", issued.credential_id, None, teller_actor)
    with pytest.raises(ApprovalNeeded):
        resend_issue_mail(careful, replace(again, mail_address="other@carrier.example"), now)
    for allowed in (again, replace(again, mail_address="hanako@carrier.example")):
        assert resend_issue_mail(careful, allowed, now)
    end_token(careful, EndTokenCommand("dual", issued.credential_id, EndReason.WRONGLY_ISSUED, teller_actor), now)
    with pytest.raises(ApprovalNeeded):
        issue_soft(careful, command, now)


def cancel_first(services: Services, now: datetime, actor: Actor) -> None:
    with services.store.read() as session:
        first = session.scalars(select(Credential.id)).one()
    end_token(services, EndTokenCommand("dual", first, EndReason.WRONGLY_ISSUED, actor), now)


def test_a_grant_expires_unspent(
    careful: Services, customer_a: Customer, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    end(careful, give_token(careful, customer_a, now), EndReason.STOLEN, teller_actor, now)
    asked = ask_approval(careful, soft(customer_a, teller_actor), now)
    approver.services = careful
    approver.approves(asked, now)
    later = now + timedelta(hours=8)
    with pytest.raises(ApprovalNeeded):
        issue_soft(careful, soft(customer_a, teller_actor), later)
    assert expire_approvals(careful, later) == 1


@pytest.mark.parametrize(
    ("reason", "acts"),
    [
        (EndReason.LOST, ("reissue_without_release",)),
        (EndReason.SUSPICION, ("reissue_without_release",)),
        (EndReason.CUSTOMERS_WISH, ("reissue_without_release",)),
        (EndReason.WRONGLY_ISSUED, ("reissue_without_release",)),
    ],
)
def test_what_staff_ended_is_no_release(
    careful: Services,
    customer_a: Customer,
    fob: Fob,
    teller_actor: Actor,
    now: datetime,
    reason: EndReason,
    acts: tuple[str, ...],
) -> None:
    end(careful, give_token(careful, customer_a, now), reason, teller_actor, now)
    assert needed(careful, customer_a, fob, teller_actor, now) == acts


def test_what_the_customer_released_is_one(
    careful: Services, customer_a: Customer, fob: Fob, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(careful, customer_a, now)
    command = ReleaseCommand(
        "dual", customer_a.user_id, token.code(now), CONFIRMATION_PASSWORD, customer_actor(customer_a)
    )
    release(careful, command, now)
    assert read_credential(careful, token).ended_how is EndedHow.RELEASED
    assert needed(careful, customer_a, fob, teller_actor, now) == ()


def needed(services: Services, customer: Customer, fob: Fob, actor: Actor, now: datetime) -> tuple[str, ...]:
    try:
        reserve_fob(services, ReserveFobCommand("dual", customer.id, fob.id, actor), now)
    except ApprovalNeeded as refused:
        return refused.acts
    return ()
