"""An audit log to seal and to tamper with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import text

from provisioning.rules.actor import Actor, ActorKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, audit_row, record

TELLER = Actor(ActorKind.STAFF, "窓口 花子", "dual", "本店", "192.0.2.7")


def entry(number: int, at: datetime) -> AuditRecord:
    """The `number`-th of a log, a second after the one before."""
    act = ("verify", "issue_soft", "lift_suspension")[number % 3]
    facts = {"try": number, "name": "縦\r\n\u202e書き"}
    return AuditRecord(at + timedelta(seconds=number), TELLER, act, "done", customer_id=f"c{number}", facts=facts)


def write_entries(services: Services, numbers: Iterable[int], at: datetime) -> None:
    """Commit them in one transaction."""
    with services.store.write() as tx:
        for number in numbers:
            record(tx, services.audit_key, entry(number, at))


def write_many(services: Services, count: int, at: datetime) -> None:
    """The same for many, without the unit of work."""
    rows = [audit_row(services.audit_key, entry(number, at)) for number in range(count)]
    columns, marks = ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0])
    with services.store.write_connection() as connection:
        connection.execute(text(f"INSERT INTO audit_entry ({columns}) VALUES ({marks})"), rows)
