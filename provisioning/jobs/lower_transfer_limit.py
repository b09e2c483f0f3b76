"""The end of a token lowers the transfer limit: login then needs the password alone (manual 003)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Credential, Customer


def lower_transfer_limit(
    tx: Session, services: Services, ended: Credential, actor: Actor, now: datetime
) -> int | None:
    """Lower it to the institution's cap, if it has one and the limit is higher, in the caller's transaction.

    Answers the limit before, or None where nothing was lowered.
    """
    cap_yen = services.institution(ended.institution_id).transfer_limit_cap_yen
    if cap_yen is None:
        return None
    of_customer = Customer.id == ended.customer_id
    before_yen = tx.scalar(select(Customer.transfer_limit_yen).where(of_customer).with_for_update())
    higher = update(Customer).where(of_customer, Customer.transfer_limit_yen > cap_yen)
    if not changed_rows(tx, higher.values(transfer_limit_yen=cap_yen)):
        return None
    entry = AuditRecord(
        now,
        actor,
        "lower_transfer_limit",
        "lowered",
        ended.institution_id,
        customer_id=ended.customer_id,
        credential_id=ended.id,
        facts={"from_yen": before_yen, "to_yen": cap_yen},
    )
    record(tx, services.audit_key, entry)
    return before_yen
