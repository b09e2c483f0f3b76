"""Somebody makes a passkey on the page of their link, which is spent with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound, PasskeyRefused
from provisioning.jobs.acting_staff import acting
from provisioning.jobs.ask_approval import ask_in
from provisioning.jobs.asked_staff import new_passkey
from provisioning.jobs.confirm_passkey import ConfirmPasskeyCommand, draw_confirmation_code
from provisioning.jobs.invite_staff import invitation_hash
from provisioning.jobs.passkey_options import PasskeyOptions, enrolment_options
from provisioning.jobs.passkey_registration import RegistrationClaim, verify_registration
from provisioning.rules.approval import ApprovedAct
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import Passkey, Staff, StaffInvitation


@dataclass(frozen=True, slots=True)
class AcceptInvitationCommand:
    """The link's token, what the browser answered to `invitation_options`, and what the passkey is called."""

    token: str = field(repr=False)
    challenge: bytes = field(repr=False)
    response: str = field(repr=False)
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whose passkey it is. `confirmation_code`: what their screen shows until an approver has seen it; None: the
    passkey is good at once.
    """

    staff_id: str
    confirmation_code: str | None


def invitation_options(services: Services, token: str, now: datetime) -> PasskeyOptions:
    """What the browser is to make. Raises NotFound where the link is not good (any more)."""
    with services.store.read() as tx:
        invited = tx.scalar(select(StaffInvitation).where(StaffInvitation.token_hash == invitation_hash(token)))
    if invited is None or invited.expires_at <= now:
        raise NotFound("invitation")
    return enrolment_options(services, invited.staff_id, now)


@retried
def accept_invitation(services: Services, command: AcceptInvitationCommand, now: datetime) -> Accepted:
    """The passkey is made. Raises NotFound, BadInput; PasskeyRefused, and then the link stays good."""
    own = StaffInvitation.token_hash == invitation_hash(command.token)
    code = None
    with services.store.write() as tx:
        invited = tx.scalar(select(StaffInvitation).where(own).with_for_update())
        if invited is None or invited.expires_at <= now:
            raise NotFound("invitation")
        claim = RegistrationClaim(
            invited.staff_id, command.challenge, command.response, command.name, command.origin
        )
        made = verify_registration(tx, services, claim, now)
        if made.passkey_id is not None:
            code = _wait(tx, services, invited, tx.get_one(Passkey, made.passkey_id), command.origin, now)
            tx.execute(delete(StaffInvitation).where(own))
    if made.fault is not None:
        raise PasskeyRefused(made.fault)
    return Accepted(claim.staff_id, code)


def _wait(  # noqa: PLR0917 - one transaction's
    tx: Session, services: Services, invited: StaffInvitation, key: Passkey, origin: str, now: datetime
) -> str | None:
    """The number that an approver is to see; None where a passkey needs nobody. One made before it is void.

    What an operator at the command line has made needs nobody: that is how the first ones come in.
    """
    waiting = (Passkey.confirmation_code.is_not(None), Passkey.id != key.id)
    tx.execute(delete(Passkey).where(Passkey.staff_id == key.staff_id, *waiting))
    maker, staff = tx.get(Staff, invited.invited_by), tx.get_one(Staff, key.staff_id)
    institution = services.institution(staff.institution_id)
    if maker is None or not institution.approval.needs(ApprovedAct.ENROL_STAFF):
        return None
    key.confirmation_code = draw_confirmation_code()
    actor = acting(maker, origin)
    asked = new_passkey(tx, services, ConfirmPasskeyCommand(institution.id, staff.id, key.id, actor))
    ask_in(tx, services, institution.id, actor, asked, now)
    return key.confirmation_code
