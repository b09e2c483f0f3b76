"""Check that a device computes the codes we expect, before its credential may be used (R29)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.errors import WrongState
from provisioning.jobs.open_seed import open_seed
from provisioning.rules.otp import Counters, Expected, Tolerance, Verdict, match
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.services import Services
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Credential
from provisioning.store.vault import SealedSeed, SeedContext


def check_code(tx: Session, services: Services, credential: Credential, code: str, now: datetime) -> bool:
    """True if `code` (ASCII digits) is right now. A TOTP step is not consumed, an HOTP counter is.

    Raises WrongState if there is no seed, VaultError outside the verifier role. Counts no failure.
    """
    if credential.sealed_seed is None or credential.wrapped_key is None or credential.kek_id is None:
        raise WrongState("credential", credential.state.value)
    sealed = SealedSeed(credential.sealed_seed, credential.wrapped_key, credential.kek_id)
    context = SeedContext(credential.institution_id, credential.id, credential.seed_version)
    found = match(open_seed(services, sealed, context), _expected(services, credential), code, now)
    if found.verdict is not Verdict.FRESH:
        return False
    if credential.otp_type is OtpType.TOTP:
        return True
    consumed = update(Credential).where(
        Credential.id == credential.id, Credential.last_step < found.counters.last_step
    )
    step = found.counters.last_step
    return changed_rows(tx, consumed.values(last_step=step, highest_seen_step=step)) == 1


def _expected(services: Services, credential: Credential) -> Expected:
    return Expected(
        OtpParameters(credential.otp_type, credential.algorithm, credential.digits, credential.period_s),
        Tolerance.of(services.institution(credential.institution_id), credential.kind),
        Counters(credential.last_step, credential.highest_seen_step, credential.drift_steps),
    )
