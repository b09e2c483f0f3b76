"""What several tests of approvals ask for, and how they look at what was asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.close_paper import CarryOutPaperCommand
from provisioning.jobs.issue_soft import IssueSoftCommand
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovalPayload
from provisioning.rules.papers import PaperKind
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.approvals.conftest import EVERYTHING, read_request
from tests.core.papers import ON_PAPER, hand_in
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import Token

EVERY_PAPER: Final = {DUAL.id: replace(ON_PAPER[DUAL.id], approval=EVERYTHING), OTHER.id: OTHER}
"""Everything on paper and with a second person."""


def soft(customer: Customer, actor: Actor, address: str = "hanako@carrier.example") -> IssueSoftCommand:
    return IssueSoftCommand("dual", customer.id, address, "48210937", "ja", actor)


def customer_of(services: Services, token: Token) -> Customer:
    with services.store.read() as session:
        return session.get_one(Customer, token.customer_id)


def facts_of(services: Services, approval_id: str) -> dict[str, Any]:
    return dict(ApprovalPayload.decode(read_request(services, approval_id).payload).facts)


def ask_about_paper(services: Services, token: Token, actor: Actor, now: datetime) -> str:
    paper = hand_in(services, customer_of(services, token), PaperKind.SUSPENSION, now)
    command = CarryOutPaperCommand("dual", paper, "lift_suspension", token.credential_id, actor)
    return ask_approval(services, command, now)
