"""What a passkey signed is checked: at sign-in, at a step-up, and under an approval (WebAuthn §7.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webauthn import verify_authentication_response
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.structs import AuthenticationCredential

from provisioning.errors import PasskeyFault
from provisioning.jobs.acting_staff import acting
from provisioning.jobs.passkey_challenges import take_challenge
from provisioning.jobs.passkey_site import MALFORMED, RESPONSE_CHARACTERS, fault_in, site_of
from provisioning.rules.passkeys import ChallengeUse
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Passkey, Staff


@dataclass(frozen=True, slots=True)
class AssertionClaim:
    """What the browser answered to the options with `challenge`.

    `use.staff_id` is whose session it came from; None at sign-in, where the passkey tells. `use.payload_hash` is
    computed anew from what would happen now, never taken from what was asked.
    """

    use: ChallengeUse
    challenge: bytes = field(repr=False)
    response: str = field(repr=False)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class SignedAssertion:
    """The proof itself. With an approval's `nonce` and payload hash anybody can check it again
    (`rules.passkeys.payload_challenge` is the challenge inside `client_data`)."""

    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    public_key: bytes
    nonce: bytes | None


@dataclass(frozen=True, slots=True)
class Assertion:
    """Who signed, with which passkey; or `fault`, and then nobody did. The caller raises after its transaction,
    so that the spent challenge and the audit entry stay."""

    fault: PasskeyFault | None
    staff_id: str = ""
    passkey_id: str = ""
    signed: SignedAssertion | None = field(default=None, repr=False)


def verify_assertion(tx: Session, services: Services, claim: AssertionClaim, now: datetime) -> Assertion:
    """Spend the challenge, check the answer, note the counter; audited either way as `use_passkey`."""
    taken = take_challenge(tx, claim.challenge, claim.use, now)
    credential = _parsed(claim.response)
    key = None if credential is None else _find(tx, credential.raw_id)
    if taken.fault is not None:
        result = Assertion(taken.fault)
    elif credential is None:
        result = Assertion(PasskeyFault.BAD_FORM)
    elif key is None:
        result = Assertion(PasskeyFault.UNKNOWN)
    else:
        result = _decide(tx, services, claim, _Used(credential, key, taken.nonce), now)
    entry = _entry(tx, claim, key, result, now)
    if entry is not None:
        record(tx, services.audit_key, entry)
    return result


@dataclass(frozen=True, slots=True)
class _Used:
    credential: AuthenticationCredential
    key: Passkey
    nonce: bytes | None


def _parsed(response: str) -> AuthenticationCredential | None:
    if len(response) > RESPONSE_CHARACTERS:
        return None
    try:
        return parse_authentication_credential_json(response)
    except MALFORMED:
        return None


def _find(tx: Session, credential_id: bytes) -> Passkey | None:
    return tx.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


def _decide(tx: Session, services: Services, claim: AssertionClaim, used: _Used, now: datetime) -> Assertion:
    key, answer = used.key, used.credential.response
    staff = tx.get_one(Staff, key.staff_id)
    if claim.use.staff_id not in (None, key.staff_id) or not _names(answer.user_handle, key.staff_id):
        return Assertion(PasskeyFault.NOT_THEIRS)
    if not staff.enabled:
        return Assertion(PasskeyFault.DISABLED)
    verified = _verify(services, claim, used)
    if isinstance(verified, PasskeyFault):
        return Assertion(verified)
    if key.confirmation_code is not None:
        return Assertion(PasskeyFault.UNCONFIRMED)
    if not _count(tx, key.id, verified, now):
        return Assertion(PasskeyFault.COUNTER_BACK)
    signed = SignedAssertion(
        answer.client_data_json, answer.authenticator_data, answer.signature, key.public_key, used.nonce
    )
    return Assertion(None, key.staff_id, key.id, signed)


def _names(user_handle: bytes | None, staff_id: str) -> bool:
    """An authenticator that was asked for a certain passkey need not tell whose it is."""
    return not user_handle or user_handle == bytes.fromhex(staff_id)


def _verify(services: Services, claim: AssertionClaim, used: _Used) -> VerifiedAuthentication | PasskeyFault:
    site, answer = site_of(services.settings.server), used.credential.response
    try:
        return verify_authentication_response(
            credential=used.credential,
            expected_challenge=claim.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=used.key.public_key,
            credential_current_sign_count=0,  # `_count` compares, and writes in the same statement
            require_user_verification=True,
        )
    except MALFORMED:
        return fault_in(site, claim.challenge, answer.client_data_json, answer.authenticator_data)


def _count(tx: Session, passkey_id: str, verified: VerifiedAuthentication, now: datetime) -> bool:
    """A counter that does not rise tells of a copied key; an authenticator that does not count says 0 always."""
    new = verified.new_sign_count
    rises = Passkey.sign_count < new if new > 0 else Passkey.sign_count == 0
    values = {"sign_count": new, "backed_up": verified.credential_backed_up, "last_used_at": now}
    return bool(changed_rows(tx, update(Passkey).where(Passkey.id == passkey_id, rises).values(**values)))


def _entry(
    tx: Session, claim: AssertionClaim, key: Passkey | None, result: Assertion, now: datetime
) -> AuditRecord | None:
    """None for a stranger with a passkey of somewhere else: there is nobody to write down."""
    staff_id = claim.use.staff_id or (key.staff_id if key else None)
    staff = None if staff_id is None else tx.get(Staff, staff_id)
    if staff is None:
        return None
    actor = acting(staff, claim.origin)
    facts = {"purpose": claim.use.purpose.value, "passkey_id": key.id if key else None}
    if result.fault is not None:
        facts["fault"] = result.fault.value
    return AuditRecord(now, actor, "use_passkey", "refused" if result.fault else "accepted", facts=facts)
