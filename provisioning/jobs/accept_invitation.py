"""Somebody makes a passkey on the page of their link, which is spent with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select

from provisioning.errors import NotFound, PasskeyRefused
from provisioning.jobs.invite_staff import invitation_hash
from provisioning.jobs.passkey_options import PasskeyOptions, enrolment_options
from provisioning.jobs.passkey_registration import RegistrationClaim, verify_registration
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import StaffInvitation


@dataclass(frozen=True, slots=True)
class AcceptInvitationCommand:
    """The link's token, what the browser answered to `invitation_options`, and what the passkey is called."""

    token: str = field(repr=False)
    challenge: bytes = field(repr=False)
    response: str = field(repr=False)
    name: str
    origin: str


def invitation_options(services: Services, token: str, now: datetime) -> PasskeyOptions:
    """What the browser is to make. Raises NotFound where the link is not good (any more)."""
    with services.store.read() as tx:
        invited = tx.scalar(select(StaffInvitation).where(StaffInvitation.token_hash == invitation_hash(token)))
    if invited is None or invited.expires_at <= now:
        raise NotFound("invitation")
    return enrolment_options(services, invited.staff_id, now)


@retried
def accept_invitation(services: Services, command: AcceptInvitationCommand, now: datetime) -> str:
    """The id of who is signed in now. Raises NotFound, BadInput; PasskeyRefused, and then the link stays good."""
    own = StaffInvitation.token_hash == invitation_hash(command.token)
    with services.store.write() as tx:
        invited = tx.scalar(select(StaffInvitation).where(own).with_for_update())
        if invited is None or invited.expires_at <= now:
            raise NotFound("invitation")
        claim = RegistrationClaim(
            invited.staff_id, command.challenge, command.response, command.name, command.origin
        )
        made = verify_registration(tx, services, claim, now)
        if made.fault is None:
            tx.execute(delete(StaffInvitation).where(own))
    if made.fault is not None:
        raise PasskeyRefused(made.fault)
    return claim.staff_id
