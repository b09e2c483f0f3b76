"""A seed that came with its fob, until it is a credential's (R29, R31)."""

from __future__ import annotations

from datetime import datetime

from provisioning.errors import VaultError
from provisioning.jobs.ask_verifier import expected_codes
from provisioning.services import Services
from provisioning.store.tables import Credential, ImportedSeed
from provisioning.store.vault import SealedSeed, SeedContext
from provisioning.verifier.questions import AdoptQuestion


def context_of_fob(institution_id: str, fob_id: str) -> SeedContext:
    """Of a seed that is nobody's yet."""
    return SeedContext(institution_id, f"imported with fob {fob_id}", 0)


def open_imported(services: Services, imported: ImportedSeed) -> bytes:
    """The seed. Raises VaultError outside the verifier role."""
    if services.opener is None:
        raise VaultError
    context = context_of_fob(imported.institution_id, imported.fob_id)
    return bytes(services.opener.open(sealed_import(imported), context))


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
