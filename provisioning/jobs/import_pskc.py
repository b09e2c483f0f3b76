"""Take fobs into stock with the seeds that their maker put into them, from a PSKC file: all or none (R30)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, BadInput, InputFault
from provisioning.jobs.ask_approval import ask_for
from provisioning.jobs.asked_stock import incoming_seeds
from provisioning.jobs.imported_seeds import context_of_fob
from provisioning.jobs.spend_approval import Sought, spend_approval
from provisioning.pskc.ciphers import FileKey
from provisioning.pskc.keys import PskcKey
from provisioning.pskc.reader import read_pskc
from provisioning.pskc_refusals import PskcFault, PskcRefusal, PskcRefused
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.factory import FACTORY, numbering_of_maker, suits
from provisioning.rules.institution import Institution
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import FobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.custody import enter_new
from provisioning.store.tables import Fob, ImportedSeed, new_id

_LOOKED_FOR_AT_ONCE: Final = 400


@dataclass(frozen=True, slots=True)
class ImportPskcCommand:
    """`data` is the file, `given` its passphrase or key; the fobs are at `branch`."""

    institution_id: str
    branch: str
    data: bytes = field(repr=False)
    given: FileKey = field(repr=False)
    actor: Actor


@dataclass(frozen=True, slots=True)
class ImportView:
    """What a file brings. `keys` counts what is good, by maker and parameters; serials by their characters."""

    count: int
    first: str
    last: str
    keys: tuple[tuple[str, OtpParameters, int], ...]
    refusals: tuple[PskcRefusal, ...]


def look_into_pskc(services: Services, command: ImportPskcCommand, now: datetime) -> ImportView:
    """What importing would do, and everything that is in its way; changes nothing.

    Raises PskcRefused for a file that cannot be read as a whole, BadInput, NotFound.
    """
    keys, refusals = _judged(services, command, now)
    with services.store.read() as session:
        known = _known(session, keys)
    good = [key for key in keys if (key.manufacturer, key.serial) not in known]
    refusals += [_refusal(key, PskcFault.IN_STOCK) for key in keys if (key.manufacturer, key.serial) in known]
    return _view(good, refusals)


@retried
def import_pskc(services: Services, command: ImportPskcCommand, now: datetime) -> ImportView:
    """Every fob of the file IN_STOCK with its seed sealed, in one transaction.

    Raises PskcRefused with every key that is in the way, AlreadyTaken("fob") if somebody was first with one,
    BadInput("branch" or "kind"), NotFound, VaultError, ApprovalNeeded, ApprovalRefused.
    """
    keys, refusals = _judged(services, command, now)
    fobs = [_fob(command, key, now) for key in keys]
    seeds = [_seed(services, command, fob.id, key, now) for fob, key in zip(fobs, keys, strict=True)]
    try:
        with services.store.write() as tx:
            known = _known(tx, keys)
            taken = [key for key in keys if (key.manufacturer, key.serial) in known]
            refusals += [_refusal(key, PskcFault.IN_STOCK) for key in taken]
            if refusals:
                raise PskcRefused(tuple(sorted(refusals, key=lambda refusal: refusal.number)))
            view = _view(keys, [])
            asked = incoming_seeds(command, view)
            sought = Sought(command.institution_id, command.actor, (ApprovedAct.IMPORT_SEEDS,), asked)
            command = dataclasses.replace(command, actor=spend_approval(tx, services, sought, now))
            tx.add_all(fobs)
            tx.flush()
            tx.add_all(seeds)
            enter_new(tx, fobs, command.actor, now)
            record(tx, services.audit_key, _audit(command, view, now))
    except IntegrityError:
        raise AlreadyTaken("fob") from None
    return view


def ask_to_import(services: Services, command: ImportPskcCommand, now: datetime) -> str:
    """Ask a second person for this very file; the request's id.

    Raises as `import_pskc`, and AlreadyTaken("approval").
    """
    view = look_into_pskc(services, command, now)
    if view.refusals:
        raise PskcRefused(view.refusals)
    return ask_for(services, command.institution_id, command.actor, incoming_seeds(command, view), now)


def _judged(
    services: Services, command: ImportPskcCommand, now: datetime
) -> tuple[list[PskcKey], list[PskcRefusal]]:
    """The keys that could be taken, but for the books, and why the others cannot."""
    institution = services.institution(command.institution_id)
    if command.branch not in institution.branches:
        raise BadInput("branch", InputFault.NOT_OFFERED)
    if TokenKind.HARD not in institution.kinds:
        raise BadInput("kind", InputFault.NOT_OFFERED)
    file = read_pskc(command.data, command.given)
    refusals, keys, met = list(file.refusals), [], set()
    for key in file.keys:
        fault = _fault(institution, key, now)
        if (key.manufacturer, key.serial) in met:
            fault = PskcFault.TWICE_IN_FILE
        met.add((key.manufacturer, key.serial))
        if fault is None:
            keys.append(key)
        else:
            refusals.append(_refusal(key, fault))
    return keys, refusals


def _fault(institution: Institution, key: PskcKey, now: datetime) -> PskcFault | None:
    if key.expires_at is not None and key.expires_at <= now:
        return PskcFault.EXPIRED
    if key.starts_at is not None and key.starts_at > now:
        return PskcFault.NOT_YET_VALID
    if not suits(institution, key.otp, 0):
        return PskcFault.NOT_WANTED
    return None if suits(institution, key.otp, key.drift_steps) else PskcFault.DRIFTED


def _refusal(key: PskcKey, fault: PskcFault) -> PskcRefusal:
    return PskcRefusal(fault, number=key.number, serial=key.serial)


def _known(session: Session, keys: Sequence[PskcKey]) -> set[tuple[str, str]]:
    """Maker and serial number of those that some institution has already."""
    makers = {numbering_of_maker(key.manufacturer): key.manufacturer for key in keys}
    pairs = sorted({(numbering_of_maker(key.manufacturer), key.serial) for key in keys})
    found: set[tuple[str, str]] = set()
    for some in _portions(pairs):
        query = select(Fob.numbering, Fob.serial).where(tuple_(Fob.numbering, Fob.serial).in_(some))
        found |= {(makers[numbering], serial) for numbering, serial in session.execute(query)}
    return found


def _portions(pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, len(pairs), _LOOKED_FOR_AT_ONCE):
        yield pairs[start : start + _LOOKED_FOR_AT_ONCE]


def _fob(command: ImportPskcCommand, key: PskcKey, now: datetime) -> Fob:
    return Fob(
        id=new_id(),
        institution_id=command.institution_id,
        branch=command.branch,
        serial=key.serial,
        profile=FACTORY,
        numbering=numbering_of_maker(key.manufacturer),
        model=key.model or key.manufacturer,
        firmware="",
        state=FobState.IN_STOCK,
        expires_at=key.expires_at,
        first_seen_at=now,
        changed_at=now,
    )


def _seed(
    services: Services, command: ImportPskcCommand, fob_id: str, key: PskcKey, now: datetime
) -> ImportedSeed:
    sealed = services.sealer.seal(key.seed, context_of_fob(command.institution_id, fob_id))
    return ImportedSeed(
        fob_id=fob_id,
        institution_id=command.institution_id,
        **dataclasses.asdict(key.otp),
        next_counter=key.next_counter,
        drift_steps=key.drift_steps,
        **{name: getattr(sealed, name) for name in ("sealed_seed", "wrapped_key", "kek_id")},
        imported_at=now,
    )


def _view(keys: Sequence[PskcKey], refusals: Sequence[PskcRefusal]) -> ImportView:
    serials = sorted(key.serial for key in keys) or [""]
    kinds = Counter((key.manufacturer, key.otp) for key in keys)
    return ImportView(
        len(keys),
        serials[0],
        serials[-1],
        tuple((maker, otp, count) for (maker, otp), count in kinds.items()),
        tuple(sorted(refusals, key=lambda refusal: refusal.number)),
    )


def _audit(command: ImportPskcCommand, view: ImportView, now: datetime) -> AuditRecord:
    facts = {
        "count": view.count,
        "first": view.first,
        "last": view.last,
        "makers": sorted({maker for maker, _, _ in view.keys}),
        "branch": command.branch,
        "file_sha256": hashlib.sha256(command.data).hexdigest(),
    }
    return AuditRecord(now, command.actor, "import_pskc", "imported", command.institution_id, facts=facts)
