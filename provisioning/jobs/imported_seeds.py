"""A seed that came with its fob: it becomes a credential's with the first code that proves it (R29, R31)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from provisioning.errors import VaultError
from provisioning.jobs.ask_verifier import expected_codes, verifier_of
from provisioning.rules.otp import Verdict
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.services import Services
from provisioning.store.tables import Credential, ImportedSeed
from provisioning.store.vault import SealedSeed, SeedContext
from provisioning.verifier.questions import AdoptQuestion


def context_of_fob(institution_id: str, fob_id: str) -> SeedContext:
    """Of a seed that is nobody's yet."""
    return SeedContext(institution_id, f"imported with fob {fob_id}", 0)


def parameters_of(imported: ImportedSeed) -> OtpParameters:
    """What its codes are made of."""
    return OtpParameters(imported.otp_type, imported.algorithm, imported.digits, imported.period_s)


def open_imported(services: Services, imported: ImportedSeed) -> bytes:
    """The seed. Raises VaultError outside the verifier role."""
    if services.opener is None:
        raise VaultError
    return services.opener.open(sealed_import(imported), context_of_fob(imported.institution_id, imported.fob_id))


def sealed_import(imported: ImportedSeed) -> SealedSeed:
    """The seed as it is stored."""
    return SealedSeed(imported.sealed_seed, imported.wrapped_key, imported.kek_id)


def question_of_import(
    services: Services, imported: ImportedSeed, credential: Credential, code: str, now: datetime
) -> AdoptQuestion:
    """Does `code` prove that seed, which would then be the credential's next one?"""
    return AdoptQuestion(
        fob_id=imported.fob_id,
        sealed=sealed_import(imported),
        context=context_of_fob(imported.institution_id, imported.fob_id),
        to=SeedContext(credential.institution_id, credential.id, credential.seed_version + 1),
        expected=expected_codes(services, credential),
        code=code,
        now=now,
    )


def prove_imported(  # noqa: PLR0917 - part of another job's transaction
    tx: Session, services: Services, imported: ImportedSeed, credential: Credential, code: str, now: datetime
) -> bool:
    """Whether `code` comes from that seed; if so, it is the credential's from now on, and the fob's no more.

    As with `check_code` a TOTP step is not consumed, an HOTP counter is. Raises VaultError.
    """
    question = question_of_import(services, imported, credential, code, now)
    adopted = verifier_of(services).adopt(question)
    found, sealed = adopted.match, adopted.sealed
    seen = max(credential.highest_seen_step, found.counters.highest_seen_step)
    this = update(Credential).where(Credential.id == credential.id)
    # whatever it proves, a code that was shown never serves to resynchronise (R07)
    tx.execute(this.values(highest_seen_step=seen))
    if found.verdict is not Verdict.FRESH or sealed is None:
        return False
    step = found.counters.last_step if credential.otp_type is OtpType.HOTP else credential.last_step
    tx.execute(
        this.values(
            seed_version=question.to.seed_version,
            sealed_seed=sealed.sealed_seed,
            wrapped_key=sealed.wrapped_key,
            kek_id=sealed.kek_id,
            last_step=step,
        )
    )
    tx.execute(delete(ImportedSeed).where(ImportedSeed.fob_id == imported.fob_id))
    return True
