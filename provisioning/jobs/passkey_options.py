"""What a browser is asked for: to make a passkey, or to sign a challenge with one (R53)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn import generate_authentication_options, generate_registration_options
from webauthn.helpers import options_to_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from provisioning.errors import NotFound
from provisioning.jobs.passkey_challenges import draw_challenge
from provisioning.jobs.passkey_site import ALGORITHMS, site_of
from provisioning.rules.passkeys import CHALLENGE_LIFE, ChallengePurpose, ChallengeUse
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import Passkey, Staff

_VERIFIED: Final = UserVerificationRequirement.REQUIRED
_TIMEOUT_MS: Final = int(CHALLENGE_LIFE.total_seconds() * 1000)
_TRANSPORTS: Final = frozenset(transport.value for transport in AuthenticatorTransport)


@dataclass(frozen=True, slots=True)
class PasskeyOptions:
    """`json` is for the browser; `challenge` stays here until the answer is back, with whoever asked."""

    challenge: bytes
    json: str


@retried
def enrolment_options(services: Services, staff_id: str, now: datetime) -> PasskeyOptions:
    """To make a passkey for somebody. Raises NotFound for an unknown or disabled member of staff."""
    site = site_of(services.settings.server)
    with services.store.write() as tx:
        staff = _enabled(tx, staff_id)
        challenge = draw_challenge(tx, ChallengeUse(ChallengePurpose.ENROL, staff.id), now)
        known = _descriptors(tx, staff.id)
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name=services.institution(staff.institution_id).name.ja,
        user_id=bytes.fromhex(staff.id),
        user_name=f"{staff.name} ({staff.branch})",
        user_display_name=staff.name,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        # discoverable: nobody types a name to sign in
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=known,
        supported_pub_key_algs=ALGORITHMS,
    )
    return PasskeyOptions(challenge, options_to_json(options))


@retried
def sign_in_options(services: Services, now: datetime) -> PasskeyOptions:
    """To sign in: the authenticator tells who it is."""
    with services.store.write() as tx:
        challenge = draw_challenge(tx, ChallengeUse(ChallengePurpose.SIGN_IN), now)
    return _to_sign(services, challenge, [])


def step_up_options(services: Services, staff_id: str, now: datetime) -> PasskeyOptions:
    """To show once more who sits there. Raises NotFound."""
    return _for_staff(services, ChallengeUse(ChallengePurpose.STEP_UP, staff_id), now)


def approval_options(services: Services, staff_id: str, payload_hash: bytes, now: datetime) -> PasskeyOptions:
    """To approve the payload with this SHA-256. Raises NotFound."""
    return _for_staff(services, ChallengeUse(ChallengePurpose.APPROVE, staff_id, payload_hash), now)


@retried
def _for_staff(services: Services, use: ChallengeUse, now: datetime) -> PasskeyOptions:
    with services.store.write() as tx:
        staff = _enabled(tx, use.staff_id)
        return _to_sign(services, draw_challenge(tx, use, now), _descriptors(tx, staff.id))


def _to_sign(services: Services, challenge: bytes, allowed: list[PublicKeyCredentialDescriptor]) -> PasskeyOptions:
    options = generate_authentication_options(
        rp_id=site_of(services.settings.server).rp_id,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        allow_credentials=allowed,
        user_verification=_VERIFIED,
    )
    return PasskeyOptions(challenge, options_to_json(options))


def _enabled(tx: Session, staff_id: str | None) -> Staff:
    staff = tx.get(Staff, staff_id) if staff_id else None
    if staff is None or not staff.enabled:
        raise NotFound("staff")
    return staff


def _descriptors(tx: Session, staff_id: str) -> list[PublicKeyCredentialDescriptor]:
    """Those that sign: one that was never confirmed is to be made anew, with the same authenticator, too."""
    own = select(Passkey).where(Passkey.staff_id == staff_id, Passkey.confirmation_code.is_(None))
    return [
        PublicKeyCredentialDescriptor(id=key.credential_id, transports=_transports(key.transports))
        for key in tx.scalars(own.order_by(Passkey.created_at, Passkey.id))
    ]


def _transports(names: Iterable[str]) -> list[AuthenticatorTransport]:
    return [AuthenticatorTransport(name) for name in names if name in _TRANSPORTS]
