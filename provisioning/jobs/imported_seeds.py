"""A seed that came with its fob: it becomes a credential's with the first code that proves it (R29, R31)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from provisioning.jobs.expected_codes import expected_codes
from provisioning.jobs.open_seed import open_seed
from provisioning.rules.otp import Verdict, match
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.services import Services
from provisioning.store.tables import Credential, ImportedSeed
from provisioning.store.vault import SealedSeed, SeedContext


def context_of_fob(institution_id: str, fob_id: str) -> SeedContext:
    """Of a seed that is nobody's yet."""
    return SeedContext(institution_id, f"imported with fob {fob_id}", 0)


def parameters_of(imported: ImportedSeed) -> OtpParameters:
    """What its codes are made of."""
    return OtpParameters(imported.otp_type, imported.algorithm, imported.digits, imported.period_s)


def open_imported(services: Services, imported: ImportedSeed) -> bytes:
    """The seed. Raises VaultError outside the verifier role."""
    sealed = SealedSeed(imported.sealed_seed, imported.wrapped_key, imported.kek_id)
    return open_seed(services, sealed, context_of_fob(imported.institution_id, imported.fob_id))


def prove_imported(  # noqa: PLR0917 - part of another job's transaction
    tx: Session, services: Services, imported: ImportedSeed, credential: Credential, code: str, now: datetime
) -> bool:
    """Whether `code` comes from that seed; if so, it is the credential's from now on, and the fob's no more.

    As with `check_code` a TOTP step is not consumed, an HOTP counter is. Raises VaultError.
    """
    seed = open_imported(services, imported)
    found = match(seed, expected_codes(services, credential), code, now)
    seen = max(credential.highest_seen_step, found.counters.highest_seen_step)
    this = update(Credential).where(Credential.id == credential.id)
    # whatever it proves, a code that was shown never serves to resynchronise (R07)
    tx.execute(this.values(highest_seen_step=seen))
    if found.verdict is not Verdict.FRESH:
        return False
    version = credential.seed_version + 1
    sealed = services.sealer.seal(seed, SeedContext(credential.institution_id, credential.id, version))
    step = found.counters.last_step if credential.otp_type is OtpType.HOTP else credential.last_step
    tx.execute(
        this.values(
            seed_version=version,
            sealed_seed=sealed.sealed_seed,
            wrapped_key=sealed.wrapped_key,
            kek_id=sealed.kek_id,
            last_step=step,
        )
    )
    tx.execute(delete(ImportedSeed).where(ImportedSeed.fob_id == imported.fob_id))
    return True
