"""Check that a device computes the codes we expect, before its credential may be used (R29)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.jobs.ask_verifier import question_about, verifier_of
from provisioning.rules.otp import Verdict
from provisioning.rules.parameters import OtpType
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Credential


def check_code(tx: Session, services: Services, credential: Credential, code: str, now: datetime) -> bool:
    """True if `code` (ASCII digits) is right now. A TOTP step is not consumed, an HOTP counter is.

    Raises WrongState if there is no seed, VaultError without a verifier. Counts no failure.
    """
    question = question_about(services, credential, Operation.PROVE, (code,), now)
    found = verifier_of(services).judge(question)
    seen, step = found.counters.highest_seen_step, found.counters.last_step
    this = update(Credential).where(Credential.id == credential.id)
    # whatever it proves, a code that was shown never serves to resynchronise (R07)
    tx.execute(this.where(Credential.highest_seen_step < seen).values(highest_seen_step=seen))
    if found.verdict is not Verdict.FRESH:
        return False
    if credential.otp_type is OtpType.TOTP:
        return True
    return changed_rows(tx, this.where(Credential.last_step < step).values(last_step=step)) == 1
