"""Write the seeds of fobs that are not assigned to anybody into a PSKC file, for another system of the bank's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Row, Select, select

from provisioning.errors import BadInput, InputFault, NotFound
from provisioning.jobs.ask_approval import ask_for
from provisioning.jobs.asked import Asked
from provisioning.jobs.asked_stock import outgoing_seeds
from provisioning.jobs.imported_seeds import open_imported
from provisioning.jobs.rounds import Overtaken, until_settled
from provisioning.jobs.spend_approval import Sought, find_grant, spend_approval
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.writer import write_pskc
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.factory import maker_of
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import Fob, ImportedSeed

SHORTEST_PASSPHRASE: Final = 16
Rows = Sequence[Row[Fob, ImportedSeed]]


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
    nothing to export, VaultError outside the verifier role, ApprovalNeeded, ApprovalRefused, and what `keep`
    raises.
    """
    if len(command.passphrase.text) < SHORTEST_PASSPHRASE:
        raise BadInput("passphrase", InputFault.TOO_SIMPLE)
    return until_settled(lambda: _round(services, command, keep, now))


def _round(services: Services, command: ExportPskcCommand, keep: Callable[[bytes], None], now: datetime) -> int:
    institution = services.institution(command.institution_id)
    with services.store.read() as session:
        rows = session.execute(_free(institution.id)).all()
        find_grant(session, services, _sought(command, rows), now)
    opened = {imported.sealed_seed: open_imported(services, imported) for _, imported in rows}
    keys = _keys(rows, opened)
    _record(services, command, _Outgoing(keys, opened, write_pskc(keys, command.passphrase)), keep, now)
    return len(keys)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A file, what is in it, and every seed by what it is sealed in."""

    keys: list[PskcKey]
    opened: Mapping[bytes, bytes] = field(repr=False)
    file: bytes = field(repr=False)


def _record(
    services: Services,
    command: ExportPskcCommand,
    outgoing: _Outgoing,
    keep: Callable[[bytes], None],
    now: datetime,
) -> None:
    """Only if the same fobs are free, with the same seeds."""
    with services.store.write() as tx:
        rows = tx.execute(_free(command.institution_id).with_for_update()).all()
        if _keys(rows, outgoing.opened) != outgoing.keys:
            raise Overtaken
        actor = spend_approval(tx, services, _sought(command, rows), now)
        keys = outgoing.keys
        facts = {"count": len(keys), "first": keys[0].serial, "last": keys[-1].serial}
        entry = AuditRecord(now, actor, "export_pskc", "exported", command.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
        keep(outgoing.file)


def ask_to_export(services: Services, command: ExportPskcCommand, now: datetime) -> str:
    """Ask a second person for the seeds that are free now; the request's id.

    Raises NotFound("fob") where there are none, AlreadyTaken("approval").
    """
    institution = services.institution(command.institution_id)
    with services.store.read() as session:
        asked = _asked(row for row, _ in session.execute(_free(institution.id)))
    return ask_for(services, institution.id, command.actor, asked, now)


def _free(institution_id: str) -> Select[Fob, ImportedSeed]:
    free = (Fob.institution_id == institution_id, Fob.state == FobState.IN_STOCK)
    query = select(Fob, ImportedSeed).join(ImportedSeed, ImportedSeed.fob_id == Fob.id).where(*free)
    return query.order_by(Fob.serial, Fob.numbering)


def _sought(command: ExportPskcCommand, rows: Rows) -> Sought:
    asked = _asked(fob for fob, _ in rows)
    return Sought(command.institution_id, command.actor, (ApprovedAct.EXPORT_SEEDS,), asked)


def _asked(fobs: Iterable[Fob]) -> Asked:
    serials = [(fob.numbering, fob.serial) for fob in fobs]
    if not serials:
        raise NotFound("fob")
    return outgoing_seeds(serials)


def _keys(rows: Rows, opened: Mapping[bytes, bytes]) -> list[PskcKey]:
    """A seed that is not among those opened is empty: that of no fob."""
    found = enumerate(rows, 1)
    return [_key(number, fob, seed, opened.get(seed.sealed_seed, b"")) for number, (fob, seed) in found]


def _key(number: int, fob: Fob, imported: ImportedSeed, seed: bytes) -> PskcKey:
    maker = maker_of(fob.numbering)
    return PskcKey(
        number=number,
        manufacturer=maker,
        serial=fob.serial,
        model="" if fob.model == maker else fob.model,
        otp=imported.parameters,
        seed=seed,
        next_counter=imported.next_counter,
        drift_steps=imported.drift_steps,
        expires_at=fob.expires_at,
    )
