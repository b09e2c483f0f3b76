"""Check that a device computes the codes we expect, before its credential may be used (R29).

What came with the fob is the credential's from its first right code on, and the fob's no more (R31).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from provisioning.jobs.ask_verifier import as_asked, ask, ask_to_adopt, question_about
from provisioning.jobs.imported_seeds import question_of_import
from provisioning.jobs.rounds import Overtaken
from provisioning.rules.otp import Match, Verdict
from provisioning.rules.parameters import OtpType
from provisioning.rules.verifier import Operation
from provisioning.services import Services
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Credential, ImportedSeed
from provisioning.store.vault import SealedSeed


@dataclass(frozen=True, slots=True)
class Checked:
    """What the verifier said of a code for `credential`, as that was read.

    `imported` is the seed that it was compared with if that came with the fob; `sealed` is then the same for the
    credential, if the code fits.
    """

    credential: Credential
    found: Match
    imported: ImportedSeed | None = None
    sealed: SealedSeed | None = None

    @property
    def fits(self) -> bool:
        """The code is right, and a seed that came with the fob could be sealed for the credential."""
        return self.found.verdict is Verdict.FRESH and (self.imported is None) == (self.sealed is None)


def check_code(
    services: Services, credential: Credential, imported: ImportedSeed | None, code: str, now: datetime
) -> Checked:
    """Ask about `code` (ASCII digits); nothing is written. Not inside a transaction that writes.

    Raises WrongState if there is no seed, VaultError without a verifier, ClockUntrusted, Overtaken.
    """
    if imported is None:
        question = question_about(services, credential, Operation.PROVE, (code,), now)
        return Checked(credential, ask(services, question))
    adopted = ask_to_adopt(services, question_of_import(services, imported, credential, code, now))
    return Checked(credential, adopted.match, imported, adopted.sealed)


def store_checked(tx: Session, checked: Checked, **if_it_fits: Any) -> bool:
    """Whether the code fits; then it has proved the seed, and the credential's row gets these values.

    A TOTP step is not consumed, an HOTP counter is. No failure is counted. Raises Overtaken if the row is another.
    """
    counters = checked.found.counters
    # whatever it proves, a code that was shown never serves to resynchronise (R07)
    values: dict[str, Any] = {"highest_seen_step": counters.highest_seen_step}
    if checked.fits:
        values |= if_it_fits | _adopted(checked)
        if checked.credential.otp_type is OtpType.HOTP:
            values["last_step"] = counters.last_step
    if not changed_rows(tx, update(Credential).where(*as_asked(checked.credential)).values(**values)):
        raise Overtaken
    if checked.fits and checked.imported is not None:
        _take_from_fob(tx, checked.imported)
    return checked.fits


def _adopted(checked: Checked) -> dict[str, Any]:
    if checked.sealed is None:
        return {}
    return {
        "seed_version": checked.credential.seed_version + 1,
        "sealed_seed": checked.sealed.sealed_seed,
        "wrapped_key": checked.sealed.wrapped_key,
        "kek_id": checked.sealed.kek_id,
    }


def _take_from_fob(tx: Session, imported: ImportedSeed) -> None:
    """A seed is in one place. One whose key was wrapped anew meanwhile is the same."""
    same = (ImportedSeed.fob_id == imported.fob_id, ImportedSeed.sealed_seed == imported.sealed_seed)
    if not changed_rows(tx, delete(ImportedSeed).where(*same)):
        raise Overtaken
