"""A passkey that a browser made is checked and kept (WebAuthn §7.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webauthn import verify_registration_response
from webauthn.helpers import parse_cbor, parse_registration_credential_json
from webauthn.helpers.structs import RegistrationCredential
from webauthn.registration.verify_registration_response import VerifiedRegistration

from provisioning.errors import BadInput, InputFault, PasskeyFault
from provisioning.jobs.acting_staff import acting
from provisioning.jobs.passkey_challenges import take_challenge
from provisioning.jobs.passkey_site import ALGORITHMS, MALFORMED, RESPONSE_CHARACTERS, fault_in, site_of
from provisioning.rules.passkeys import NAME_LENGTH, PASSKEYS_A_PERSON, ChallengePurpose, ChallengeUse
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import Passkey, Staff


@dataclass(frozen=True, slots=True)
class RegistrationClaim:
    """What the browser answered to `enrolment_options` for `staff_id`, and what they call this passkey."""

    staff_id: str
    challenge: bytes = field(repr=False)
    response: str = field(repr=False)
    name: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """Kept as `passkey_id`, or refused because of `fault`. The caller raises after its transaction."""

    fault: PasskeyFault | None
    passkey_id: str | None = None


def verify_registration(tx: Session, services: Services, claim: RegistrationClaim, now: datetime) -> Registration:
    """Spend the challenge and keep the passkey; audited either way. Raises BadInput for the name."""
    name = claim.name.strip()
    if not name:
        raise BadInput("name", InputFault.MISSING)
    if len(name) > NAME_LENGTH or not name.isprintable():
        raise BadInput("name", InputFault.BAD_FORM)
    taken = take_challenge(tx, claim.challenge, ChallengeUse(ChallengePurpose.ENROL, claim.staff_id), now)
    made = taken.fault or _read(services, claim)
    result = Registration(made) if isinstance(made, PasskeyFault) else _keep(tx, claim, made, name, now)
    _record(tx, services, claim, result, now)
    return result


@dataclass(frozen=True, slots=True)
class _Made:
    credential: RegistrationCredential
    verified: VerifiedRegistration


def _read(services: Services, claim: RegistrationClaim) -> _Made | PasskeyFault:
    site = site_of(services.settings.server)
    if len(claim.response) > RESPONSE_CHARACTERS:
        return PasskeyFault.BAD_FORM
    try:
        credential = parse_registration_credential_json(claim.response)
        authenticator_data = parse_cbor(credential.response.attestation_object)["authData"]
    except MALFORMED:
        return PasskeyFault.BAD_FORM
    if not isinstance(authenticator_data, bytes):
        return PasskeyFault.BAD_FORM
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=claim.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except MALFORMED:
        return fault_in(site, claim.challenge, credential.response.client_data_json, authenticator_data)
    return _Made(credential, verified)


def _keep(tx: Session, claim: RegistrationClaim, made: _Made, name: str, now: datetime) -> Registration:
    staff = tx.get(Staff, claim.staff_id, with_for_update=True)
    if staff is None or not staff.enabled:
        return Registration(PasskeyFault.DISABLED)
    if tx.scalar(select(Passkey.id).where(Passkey.credential_id == made.verified.credential_id)) is not None:
        return Registration(PasskeyFault.KNOWN)
    if (tx.scalar(select(func.count()).where(Passkey.staff_id == staff.id)) or 0) >= PASSKEYS_A_PERSON:
        return Registration(PasskeyFault.TOO_MANY)
    kept = Passkey(
        staff_id=staff.id,
        credential_id=made.verified.credential_id,
        public_key=made.verified.credential_public_key,
        sign_count=made.verified.sign_count,
        transports=[transport.value for transport in made.credential.response.transports or ()],
        backed_up=made.verified.credential_backed_up,
        name=name,
        created_at=now,
    )
    tx.add(kept)
    tx.flush()
    return Registration(None, kept.id)


def _record(
    tx: Session, services: Services, claim: RegistrationClaim, result: Registration, now: datetime
) -> None:
    staff = tx.get_one(Staff, claim.staff_id)
    actor = acting(staff, claim.origin)
    facts = {"passkey_id": result.passkey_id} if result.fault is None else {"fault": result.fault.value}
    told = "refused" if result.fault else "enrolled"
    record(tx, services.audit_key, AuditRecord(now, actor, "enrol_passkey", told, facts=facts))
