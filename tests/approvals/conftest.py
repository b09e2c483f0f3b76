"""An institution that demands a second person for everything, and the people of its branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.give_approval import GiveApprovalCommand, Signature, give_approval
from provisioning.jobs.lift_suspension import LiftSuspensionCommand
from provisioning.jobs.passkey_options import approval_options
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.approval import ApprovalRules, ApprovalState, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.tables import ApprovalRequest, Credential, Customer, Staff
from tests.fixtures.people import NOON
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.soft_authenticator import SoftAuthenticator, give_passkey
from tests.fixtures.tokens import Token, give_token
from tests.staff import rows

EVERYTHING = ApprovalRules(tuple(ApprovedAct))


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Both demand it for everything that they do."""
    return {one.id: replace(one, approval=EVERYTHING, reissue_next_day=False) for one in (DUAL, OTHER)}


@dataclass
class Colleague:
    """A member of staff with a passkey in their pocket."""

    services: Services
    row: Staff
    key: SoftAuthenticator

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.STAFF, self.row.id, self.row.institution_id, self.row.branch, "192.0.2.7")

    def command(self, approval_id: str, now: datetime, seen_hash: bytes | None = None) -> GiveApprovalCommand:
        """What their browser sends once they have read the page and touched the key."""
        seen = seen_hash or read_request(self.services, approval_id).payload_hash
        options = approval_options(self.services, self.row.id, seen, now)
        signature = Signature(options.challenge, self.key.sign(options.json))
        return GiveApprovalCommand(self.row.institution_id, approval_id, seen, self.actor, signature)

    def approves(self, approval_id: str, now: datetime) -> ApprovalState:
        return give_approval(self.services, self.command(approval_id, now), now)


Hire = Callable[..., Colleague]


@pytest.fixture
def hire(services: Services) -> Hire:
    """A member of staff of `dual`, 本店, unless told otherwise."""

    def enter(
        role: StaffRole = StaffRole.APPROVER, name: str = "役席 つばさ", branch: str = "本店", at: str = "dual"
    ) -> Colleague:
        row = Staff(institution_id=at, branch=branch, name=name, role=role, created_at=NOON)
        with services.store.write() as tx:
            tx.add(row)
        return Colleague(services, row, give_passkey(services, row.id, NOON))

    return enter


@pytest.fixture
def approver(hire: Hire) -> Colleague:
    """An approver of the teller's branch."""
    return hire()


@pytest.fixture
def suspended(services: Services, customer_a: Customer, now: datetime) -> Token:
    """A token in use, suspended."""
    token = give_token(services, customer_a, now)
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), now)
    return token


@pytest.fixture
def asked(services: Services, suspended: Token, teller_actor: Actor, now: datetime) -> str:
    """The teller asked for the suspension to be lifted."""
    return ask_approval(services, LiftSuspensionCommand("dual", suspended.credential_id, teller_actor), now)


def read_request(services: Services, approval_id: str) -> ApprovalRequest:
    """The request as it stands."""
    with services.store.read() as session:
        return session.get_one(ApprovalRequest, approval_id)
