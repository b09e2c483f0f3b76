"""A passkey's answers as the jobs get them, without pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from provisioning.jobs.passkey_assertion import Assertion, AssertionClaim, verify_assertion
from provisioning.jobs.passkey_registration import Registration, RegistrationClaim, verify_registration
from provisioning.rules.passkeys import ChallengePurpose, ChallengeUse
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Staff
from tests.fixtures.people import NOON

HASH = bytes(range(32))
SIGN_IN = ChallengeUse(ChallengePurpose.SIGN_IN)


def step_up(staff: Staff) -> ChallengeUse:
    """For a step-up of this member of staff."""
    return ChallengeUse(ChallengePurpose.STEP_UP, staff.id)


def approve(staff: Staff, payload_hash: bytes = HASH) -> ChallengeUse:
    """For an approval by this member of staff."""
    return ChallengeUse(ChallengePurpose.APPROVE, staff.id, payload_hash)


def enrol(services: Services, claim: RegistrationClaim, now: datetime = NOON) -> Registration:
    """What the enrolment page does with the browser's answer."""
    with services.store.write() as tx:
        return verify_registration(tx, services, claim, now)


def use(services: Services, claim: AssertionClaim, now: datetime = NOON) -> Assertion:
    """What a page does with the browser's answer."""
    with services.store.write() as tx:
        return verify_assertion(tx, services, claim, now)


def audited(services: Services, act: str) -> list[tuple[str, str | None]]:
    """Result and fault of every entry of an act."""
    query = select(AuditEntry.result, AuditEntry.facts).where(AuditEntry.act == act).order_by(AuditEntry.id)
    with services.store.read() as tx:
        return [(result, facts.get("fault")) for result, facts in tx.execute(query)]
