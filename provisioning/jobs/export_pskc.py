"""Write the seeds of fobs that are not assigned to anybody into a PSKC file, for another system of the bank's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select

from provisioning.errors import BadInput, InputFault, NotFound
from provisioning.jobs.imported_seeds import open_imported, parameters_of
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.writer import write_pskc
from provisioning.rules.factory import maker_of
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.audit import Actor, AuditRecord, record
from provisioning.store.tables import Fob, ImportedSeed

SHORTEST_PASSPHRASE: Final = 16


@dataclass(frozen=True, slots=True)
class ExportPskcCommand:
    """Under a passphrase that goes another way than the file."""

    institution_id: str
    passphrase: Passphrase = field(repr=False)
    actor: Actor


def export_pskc(
    services: Services, command: ExportPskcCommand, keep: Callable[[bytes], None], now: datetime
) -> int:
    """How many seeds went into the file, which `keep` has stored when the audit log says so.

    The fobs stay as they are. Raises BadInput("passphrase") for a short one, NotFound("fob") where there is
    nothing to export, VaultError outside the verifier role, and what `keep` raises.
    """
    institution = services.institution(command.institution_id)
    if len(command.passphrase.text) < SHORTEST_PASSPHRASE:
        raise BadInput("passphrase", InputFault.TOO_SIMPLE)
    free = (Fob.institution_id == institution.id, Fob.state == FobState.IN_STOCK)
    query = select(Fob, ImportedSeed).join(ImportedSeed, ImportedSeed.fob_id == Fob.id).where(*free)
    with services.store.write() as tx:
        rows = tx.execute(query.order_by(Fob.serial, Fob.numbering).with_for_update()).all()
        if not rows:
            raise NotFound("fob")
        keys = [_key(services, number, fob, seed) for number, (fob, seed) in enumerate(rows, 1)]
        facts = {"count": len(keys), "first": keys[0].serial, "last": keys[-1].serial}
        entry = AuditRecord(now, command.actor, "export_pskc", "exported", institution.id, facts=facts)
        record(tx, services.audit_key, entry)
        keep(write_pskc(keys, command.passphrase))
    return len(keys)


def _key(services: Services, number: int, fob: Fob, imported: ImportedSeed) -> PskcKey:
    maker = maker_of(fob.numbering)
    return PskcKey(
        number=number,
        manufacturer=maker,
        serial=fob.serial,
        model="" if fob.model == maker else fob.model,
        otp=parameters_of(imported),
        seed=open_imported(services, imported),
        next_counter=imported.next_counter,
        drift_steps=imported.drift_steps,
        expires_at=fob.expires_at,
    )
