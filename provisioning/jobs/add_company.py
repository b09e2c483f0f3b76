"""Enter a company (企業) whose users will be customers of an institution; its master is entered next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.tables import Company

_NAME_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class AddCompanyCommand:
    """A name of one line, and how it is read."""

    institution_id: str
    name: str
    actor: Actor
    name_kana: str = ""


@retried
def add_company(services: Services, command: AddCompanyCommand, now: datetime) -> str:
    """The new row's id. Raises NotFound, BadInput (`name`; `company` where the institution has none)."""
    if not services.institution(command.institution_id).companies:
        raise BadInput("company", InputFault.NOT_OFFERED)
    name, kana = command.name.strip(), command.name_kana.strip()
    if not name:
        raise BadInput("name", InputFault.MISSING)
    if max(len(name), len(kana)) > _NAME_LENGTH:
        raise BadInput("name", InputFault.WRONG_LENGTH)
    if not (name + kana).isprintable():
        raise BadInput("name", InputFault.BAD_FORM)
    company = Company(institution_id=command.institution_id, name=name, name_kana=kana, created_at=now)
    with services.store.write() as tx:
        tx.add(company)
        tx.flush()
        facts = {"company_id": company.id}
        entry = AuditRecord(now, command.actor, "add_company", "added", command.institution_id, facts=facts)
        record(tx, services.audit_key, entry)
    return company.id
