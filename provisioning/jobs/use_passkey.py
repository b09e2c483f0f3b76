"""A passkey lets a member of staff in, or shows once more that it is they."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from provisioning.errors import PasskeyRefused
from provisioning.jobs.passkey_assertion import AssertionClaim, verify_assertion
from provisioning.rules.passkeys import ChallengePurpose, ChallengeUse
from provisioning.services import Services
from provisioning.store.conflicts import retried


@dataclass(frozen=True, slots=True)
class UsePasskeyCommand:
    """What the browser answered. `staff_id` is who is signed in; None: nobody yet."""

    challenge: bytes = field(repr=False)
    response: str = field(repr=False)
    origin: str
    staff_id: str | None = None


@retried
def use_passkey(services: Services, command: UsePasskeyCommand, now: datetime) -> str:
    """The id of who it is. Raises PasskeyRefused."""
    purpose = ChallengePurpose.SIGN_IN if command.staff_id is None else ChallengePurpose.STEP_UP
    use = ChallengeUse(purpose, command.staff_id)
    with services.store.write() as tx:
        claim = AssertionClaim(use, command.challenge, command.response, command.origin)
        used = verify_assertion(tx, services, claim, now)
    if used.fault is not None:
        raise PasskeyRefused(used.fault)
    return used.staff_id
