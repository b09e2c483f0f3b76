"""Everything that is compared: the ledger, the database, the caught mails and the fobs' flash."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import select

from provisioning.services import Services
from provisioning.store.tables import (
    AuditEntry,
    Credential,
    Customer,
    Fob,
    HostEvent,
    OutboxMail,
    ProgrammingJob,
    Ticket,
)
from tests.faults.storm.customer import flash_seed
from tests.faults.storm.house import FOBS, user_id
from tests.faults.storm.ledger import Act, Attempt, Ledger
from tests.faults.storm.plan import CUSTOMERS
from tests.rig.mail_catcher import CaughtMail, Inbox


@dataclass(frozen=True)
class Evidence:
    """As it was when everything had calmed down. Rows are detached."""

    services: Services
    ledger: Ledger
    entries: list[AuditEntry]
    credentials: list[Credential]
    customers: dict[int, Customer]
    fobs: list[Fob]
    jobs: list[ProgrammingJob]
    tickets: list[Ticket]
    outbox: list[OutboxMail]
    events: list[HostEvent]
    caught: list[CaughtMail]
    seeds_in_fobs: dict[str, bytes]

    @cached_property
    def by_request(self) -> dict[tuple[str, str], list[AuditEntry]]:
        """What was entered for one request: each came under a client of its own."""
        found: dict[tuple[str, str], list[AuditEntry]] = defaultdict(list)
        for entry in self.entries:
            if entry.actor_kind == "bank" and entry.customer_id:
                found[entry.actor_id, entry.customer_id].append(entry)
        return found

    def marks(self, attempt: Attempt) -> list[AuditEntry]:
        """The entries that show that the attempt took place, judged or done."""
        customer_id = self.customers[attempt.customer].id
        if attempt.act is Act.SET_UP:
            of_app = [one for one in self.entries if one.credential_id == attempt.credential_id]
            return [one for one in of_app if one.result == Act.SET_UP]
        entries = self.by_request.get((attempt.client_id, customer_id), [])
        return [one for one in entries if one.act == attempt.act]

    def was_accepted(self, attempt: Attempt) -> bool:
        """By its answer, or by the log where the answer was lost."""
        return attempt.is_accepted or any(one.result == "accepted" for one in self.marks(attempt))

    def of_credential(self, credential_id: str) -> list[AuditEntry]:
        """Its entries in order."""
        return self._by_credential.get(credential_id, [])

    @cached_property
    def _by_credential(self) -> dict[str, list[AuditEntry]]:
        found: dict[str, list[AuditEntry]] = defaultdict(list)
        for entry in self.entries:
            if entry.credential_id:
                found[entry.credential_id].append(entry)
        return found


def gather(services: Services, directory: Path, ledger: Ledger) -> Evidence:
    """Read all of it; `directory` has the mails and the fobs."""
    services.store.close()
    with services.store.read() as tx:
        rows = {user: row for row in tx.scalars(select(Customer)) if (user := row.user_id)}
        return Evidence(
            services=services,
            ledger=ledger,
            entries=list(tx.scalars(select(AuditEntry).order_by(AuditEntry.id))),
            credentials=list(tx.scalars(select(Credential))),
            customers={number: rows[user_id(number)] for number in range(CUSTOMERS)},
            fobs=list(tx.scalars(select(Fob))),
            jobs=list(tx.scalars(select(ProgrammingJob))),
            tickets=list(tx.scalars(select(Ticket))),
            outbox=list(tx.scalars(select(OutboxMail))),
            events=list(tx.scalars(select(HostEvent))),
            caught=Inbox(directory / "mails.sqlite").mails(),
            seeds_in_fobs={serial: flash_seed(directory, serial) for serial in FOBS},
        )
