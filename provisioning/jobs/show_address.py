"""Show a mail address in full to a member of staff who says why; written down before it is shown (R66)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.rules.actor import Actor
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import OutboxMail


class ShowReason(StrEnum):
    """Why somebody needs the whole address."""

    UNDELIVERED = "undelivered"
    CUSTOMER_ASKS = "customer_asks"
    IDENTITY_CHECK = "identity_check"
    INQUIRY = "inquiry"


@dataclass(frozen=True, slots=True)
class ShowAddressCommand:
    """The address that the mail went to. `reason`: a value of ShowReason, as it was chosen."""

    institution_id: str
    mail_id: str
    reason: str
    actor: Actor


def show_address(services: Services, command: ShowAddressCommand, now: datetime) -> str:
    """The address. Raises BadInput("reason"), NotFound, WrongState where it was erased, StoreUnavailable."""
    if command.reason not in set(ShowReason):
        raise BadInput("reason", InputFault.NOT_OFFERED if command.reason else InputFault.MISSING)
    if services.addresses is None:
        raise NotFound("address")
    return services.addresses.open(_written_down(services, command, now))


@retried
def _written_down(services: Services, command: ShowAddressCommand, now: datetime) -> OutboxMail:
    with services.store.write() as tx:
        mail = own_row(tx, OutboxMail, command.mail_id, command.institution_id)
        if not mail.sealed_address:
            raise WrongState("address", "erased")
        entry = AuditRecord(
            now, command.actor, "show_address", "shown", command.institution_id, mail.customer_id,
            mail.credential_id, facts={"mail": mail.id, "reason": command.reason},
        )  # fmt: skip
        record(tx, services.audit_key, entry)
        return mail
