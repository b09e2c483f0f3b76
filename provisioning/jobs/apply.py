"""An application for a token (利用申込): for a key fob, which the branch fulfils, or for a soft token, which is
issued at the customer's next login.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, BadInput, InputFault, IssueRestricted, WrongState
from provisioning.jobs.receipt_number import draw_receipt_number
from provisioning.rules.actor import Actor
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.issuances import is_restricted
from provisioning.store.own_rows import own_row
from provisioning.store.slots import open_in, slot_for_new
from provisioning.store.tables import Application, ApplicationState, Customer

_TAIL_DIGITS: Final = 6
_DRAWS: Final = 5


@dataclass(frozen=True, slots=True)
class ApplyCommand:
    """The customer wants a token of `kind`."""

    institution_id: str
    customer_id: str
    kind: TokenKind
    actor: Actor


@dataclass(frozen=True, slots=True)
class Applied:
    """`number` (受付番号) is what customer and teller call it: day in Japan, hyphen, six random digits."""

    application_id: str
    number: str


@retried
def apply(services: Services, command: ApplyCommand, now: datetime) -> Applied:
    """Open an application.

    Raises WrongState if the customer holds a token, AlreadyTaken("application") if one is open already,
    BadInput if the institution has none of that kind, IssueRestricted, NotFound.
    """
    if not services.institution(command.institution_id).issues(command.kind):
        raise BadInput("kind", InputFault.NOT_OFFERED)
    for _ in range(_DRAWS):
        number = draw_receipt_number(now, _TAIL_DIGITS)
        try:
            with services.store.write() as tx:
                return _apply(tx, services, command, number, now)
        except IntegrityError:
            continue  # the number is taken, or the customer applied in another window: the next try tells
    raise AlreadyTaken("application")


def _apply(tx: Session, services: Services, command: ApplyCommand, number: str, now: datetime) -> Applied:
    customer = own_row(tx, Customer, command.customer_id, command.institution_id)
    institution = services.institution(customer.institution_id)
    taken = open_in(tx, customer.id, slot_for_new(tx, institution, customer.id))
    if taken is not None:
        raise WrongState("credential", taken.state.value)
    if is_restricted(tx, institution, customer.id):
        raise IssueRestricted
    waiting = (Application.customer_id == customer.id, Application.state == ApplicationState.OPEN)
    if tx.scalar(select(Application.id).where(*waiting)) is not None:
        raise AlreadyTaken("application")
    application = Application(
        number=number,
        institution_id=customer.institution_id,
        customer_id=customer.id,
        kind=command.kind,
        state=ApplicationState.OPEN,
        made_at=now,
    )
    tx.add(application)
    tx.flush()
    facts = {"number": number, "kind": command.kind.value}
    entry = AuditRecord(
        now, command.actor, "apply", "open", command.institution_id, customer_id=customer.id, facts=facts
    )
    record(tx, services.audit_key, entry)
    return Applied(application.id, number)
