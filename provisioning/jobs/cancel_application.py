"""An application for a token is withdrawn, by the customer or at the branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from provisioning.errors import NotFound, WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Application, ApplicationState


@dataclass(frozen=True, slots=True)
class CancelApplicationCommand:
    """An open application of the institution; `customer_id` limits it to the customer's own."""

    institution_id: str
    application_id: str
    actor: Actor
    customer_id: str | None = None


@retried
def cancel_application(services: Services, command: CancelApplicationCommand, now: datetime) -> None:
    """OPEN → CANCELLED. Raises NotFound, WrongState if it is closed already."""
    with services.store.write() as tx:
        application = own_row(tx, Application, command.application_id, command.institution_id)
        if command.customer_id not in (None, application.customer_id):
            raise NotFound("application")
        still_open = (Application.id == application.id, Application.state == ApplicationState.OPEN)
        values = {"state": ApplicationState.CANCELLED, "closed_at": now}
        if not changed_rows(tx, update(Application).where(*still_open).values(**values)):
            tx.refresh(application)  # somebody else may have closed it since it was read
            raise WrongState("application", application.state.value)
        entry = AuditRecord(
            now,
            command.actor,
            "cancel_application",
            "cancelled",
            command.institution_id,
            customer_id=application.customer_id,
            facts={"number": application.number},
        )
        record(tx, services.audit_key, entry)
