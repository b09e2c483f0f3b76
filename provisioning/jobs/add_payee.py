"""Register a payee (登録済振込先): transfers to it ask for no mail password (manual 002)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioning.rules.actor import Actor
from provisioning.rules.money_transfer import Account, read_account
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Customer, Payee


@dataclass(frozen=True, slots=True)
class AddPayeeCommand:
    """By the institution, after a paper request."""

    institution_id: str
    customer_id: str
    account: Account
    actor: Actor


@retried
def add_payee(services: Services, command: AddPayeeCommand, now: datetime) -> str:
    """The new row's id. Raises BadInput, NotFound."""
    typed = command.account
    account, faults = read_account(typed.bank, typed.branch, typed.account_number, typed.holder)
    if faults:
        raise faults[0]
    with services.store.write() as tx:
        customer = own_row(tx, Customer, command.customer_id, command.institution_id)
        payee = Payee(
            institution_id=command.institution_id,
            customer_id=customer.id,
            bank=account.bank,
            branch=account.branch,
            account_number=account.account_number,
            holder=account.holder,
            registered_at=now,
        )
        tx.add(payee)
        tx.flush()
        entry = AuditRecord(
            now,
            command.actor,
            "register_payee",
            "registered",
            command.institution_id,
            customer_id=customer.id,
            facts={"payee": payee.id},
        )
        record(tx, services.audit_key, entry)
        return payee.id
